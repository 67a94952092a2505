package app

import (
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // a container from scratch and a Windows server have none

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// The ledger's small facts that outlive a restart.
const (
	metaHeartbeat = "heartbeat" // when the daemon last came a step further, by the machine's own clock
	metaClock     = "clock"     // where the test clock was
	metaWay       = "way"       // how the way to MLP stands (Way)
	metaLastRun   = "lastRun"   // the last run that did something (LastRun)
)

// startHour is the hour of the day at which a test clock starts its first day.
const startHour = 8

// Zone is Europe/Brussels, in which civil dates are told.
func Zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		return time.UTC // unreachable: tzdata is in the binary
	}
	return zone
}

// clock tells the time: the machine's own, or in environment test one that
// started elsewhere and runs at the same pace.
type clock struct {
	base    time.Time // zero: the machine's own clock
	started time.Time
}

func (c clock) now() time.Time {
	if c.base.IsZero() {
		return time.Now()
	}
	return c.base.Add(time.Since(c.started))
}

// at is what the clock showed when the machine's own showed that.
func (c clock) at(machine time.Time) time.Time {
	if c.base.IsZero() {
		return machine
	}
	return c.base.Add(machine.Sub(c.started))
}

// openClock starts the configured clock, or goes on from where it was.
func openClock(ctx context.Context, c *config.Config, store ledger.Store) (clock, error) {
	if c.Today == "" {
		return clock{}, nil
	}
	started := clock{base: firstInstant(c.Today), started: time.Now()}
	kept, err := store.Meta(ctx, metaClock)
	if err != nil {
		return clock{}, fmt.Errorf("read the clock: %w", err)
	}
	if at, err := time.Parse(time.RFC3339Nano, kept); err == nil && at.After(started.base) {
		started.base = at
	}
	return started, nil
}

// firstInstant is when a test clock's first day begins.
func firstInstant(day string) time.Time {
	y, m, d := casefile.Date(day).Time().Date()
	return time.Date(y, m, d, startHour, 0, 0, 0, Zone())
}

// Today is the civil date on which commands that open no ledger work.
func Today(c *config.Config) casefile.Date {
	if c.Today != "" {
		return casefile.Date(c.Today)
	}
	return casefile.DateOf(time.Now(), Zone())
}

// heartbeat leaves the instants that health and the next start look for.
func (a *App) heartbeat(ctx context.Context) error {
	a.pulse.mark()
	if err := a.leaveBeat(ctx, a.pulse.last()); err != nil {
		return err
	}
	if a.clock.base.IsZero() {
		return nil
	}
	return a.store.SetMeta(ctx, metaClock, a.now().UTC().Format(time.RFC3339Nano))
}

// keepClock notes every second where a test clock is, so that after a kill it goes on
// from there: were it set back, entries that wait until an instant would wait that much
// longer. It returns what stops it.
func (a *App) keepClock() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				// What can't be noted now is noted in a second, or by the next heartbeat, which says why not.
				_ = a.store.SetMeta(ctx, metaClock, a.now().UTC().Format(time.RFC3339Nano))
			}
		}
	}()
	return func() error { cancel(); <-done; return nil }
}

func (a *App) now() time.Time { return a.clock.now() }

func (a *App) today() casefile.Date { return casefile.DateOf(a.now(), Zone()) }
