package app

import (
	"context"
	"sync/atomic"
	"time"
)

// beatEvery is how often the daemon's last step is written down while a cycle is under way.
const beatEvery = 10 * time.Second

// pulse is when the daemon last came a step further: a cycle began or ended, a file was read, a batch of clients was decided, or a
// request to MLP was over, be it that nobody answered in its time. Each of these comes from the work itself: nothing marks it for
// the sake of being alive, so that it stands still when the work does.
type pulse struct{ at atomic.Int64 } // unix nanoseconds

func (p *pulse) mark() { p.at.Store(time.Now().UnixNano()) }

func (p *pulse) last() time.Time { return time.Unix(0, p.at.Load()) }

// keepBeating leaves the last step where health finds it, while a cycle takes long, until stop is called. It writes the
// instant of the step and not its own, and nothing where there was no step.
func (a *App) keepBeating() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for written := a.pulse.last(); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if last := a.pulse.last(); last.After(written) && a.leaveBeat(ctx, last) == nil {
				written = last // else in the next round, or by the cycle's own heartbeat, which says why not
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (a *App) leaveBeat(ctx context.Context, at time.Time) error {
	return a.store.SetMeta(ctx, metaHeartbeat, at.UTC().Format(time.RFC3339))
}
