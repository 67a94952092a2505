package cycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// maxPasses bounds how often the daemon goes through the stages before it
// waits for the next poll, whatever moves: a client that never comes to rest
// must not keep the machine busy.
const maxPasses = 50

// Loop runs until the context ends: a run at each poll, or sooner when an
// entry becomes due. Failures of the ledger are said and tried again at the
// next poll. It returns nil when the context ended it.
func (c *Cycle) Loop(ctx context.Context, poll time.Duration) error {
	for {
		err := c.wakeUp(ctx)
		if ctx.Err() != nil {
			return nil
		}
		rest := poll // behind a failure what is due is due for ever
		if err != nil {
			c.sayOnce("loop", err.Error(), func() {
				c.Log.Error().Str("event", "cycle.failed").Err(err).Str("hint", hintOf(err)).
					Msg("this cycle could not finish; it is tried again at the next poll")
			})
		} else {
			c.recovered("loop", OCMW{}, "cycles come to their end again")
			rest = c.untilDue(ctx, poll)
		}
		if !sleep(ctx, rest) {
			return nil
		}
	}
}

func (c *Cycle) wakeUp(ctx context.Context) error {
	run, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	moved := true
	for passes := 0; moved && passes < maxPasses; passes++ {
		moved, err = c.RunOnce(ctx, run)
		switch {
		case err != nil && run.undelivered: // what was decided is told all the same
			return errors.Join(err, c.report(ctx, false))
		case err != nil:
			return err
		}
		if moved && run.turn {
			passes = 0 // it comes to rest, but has much to send
			if err := c.interim(ctx, run); err != nil {
				return err
			}
		}
	}
	run.Restless = moved
	c.sayRestless(run)
	return c.Finish(ctx, run)
}

// interim is for a run that goes on sending: caseworkers need not wait for its end to hear what was decided. A tenth of the time may go
// to their files.
func (c *Cycle) interim(ctx context.Context, run *Run) error {
	if err := c.Heartbeat(ctx); err != nil {
		return fmt.Errorf("leave heartbeat: %w", err)
	}
	began := time.Now()
	if !run.news || began.Before(run.tell) {
		return nil
	}
	err := c.report(ctx, true)
	run.news, run.tell = false, time.Now().Add(10*time.Since(began))
	return err
}

// Finish leaves the heartbeat that health looks for, says what the run did, and writes the
// caseworkers' files where it did something or they are behind from before.
func (c *Cycle) Finish(ctx context.Context, run *Run) error {
	if err := c.Heartbeat(ctx); err != nil {
		return fmt.Errorf("leave heartbeat: %w", err)
	}
	did := run.Decided() > 0 || len(run.Files) > 0
	if did {
		c.sayFinished(run)
	}
	err := c.report(ctx, did)
	if did && c.Finished != nil {
		c.Finished(ctx, run)
	}
	return err
}

func (c *Cycle) sayFinished(run *Run) {
	counts := run.Clients()
	c.Log.Info().Str("event", "run.finished").Str("run", run.ID).Str("day", string(run.Day)).
		Int("decided", run.Decided()).Int("held", counts[ledger.OutcomeHeld]).Int("manual", counts[ledger.OutcomeManual]).
		Int("planned", counts[ledger.OutcomePlanned]).Int("noChange", counts[ledger.OutcomeNoChange]).
		Int("requests", run.Requests).Msg("run finished")
}

// Decided is how many clients the run decided.
func (r *Run) Decided() int { return r.outcomes.count }

// Clients counts the run's clients by outcome.
func (r *Run) Clients() map[ledger.OutcomeKind]int {
	counts := map[ledger.OutcomeKind]int{}
	for rank, n := range r.outcomes.counts() {
		counts[ranked()[rank-1]] = n
	}
	return counts
}

// wait sleeps until the next poll or the next due entry; false when the context
// ended.
func (c *Cycle) wait(ctx context.Context, poll time.Duration) bool {
	return sleep(ctx, c.untilDue(ctx, poll))
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// untilDue is the time to wait: until the first entry is due and the way to MLP
// is open, at least 100 ms and at most a poll.
func (c *Cycle) untilDue(ctx context.Context, poll time.Duration) time.Duration {
	due, err := c.Store.NextDue(ctx)
	if err != nil || due.IsZero() {
		return poll
	}
	if due.Before(c.shutUntil) {
		due = c.shutUntil
	}
	return min(poll, max(due.Sub(c.Now()), 100*time.Millisecond))
}

// Settle is Rest and Finish: a whole run.
func (c *Cycle) Settle(ctx context.Context, run *Run, poll, patience time.Duration, more func() time.Duration) error {
	if err := c.Rest(ctx, run, poll, patience, more); err != nil {
		return err
	}
	c.sayUnsettled(run)
	return c.Finish(ctx, run)
}

// Rest runs passes until everything has settled, or nothing has moved for
// patience. more, when not nil, says until when something is still expected
// from outside (the demo's mock); zero when nothing is.
func (c *Cycle) Rest(ctx context.Context, run *Run, poll, patience time.Duration, more func() time.Duration) error {
	idle := c.Now()
	fruitless := 0 // passes in a row that moved something and settled nothing
	for {
		settled := run.settled
		moved, err := c.RunOnce(ctx, run)
		if err != nil {
			return err
		}
		expected := time.Duration(0)
		if more != nil {
			expected = more()
		}
		if fruitless++; !moved || run.settled > settled {
			fruitless = 0
		}
		run.Restless = moved && fruitless >= maxPasses
		if moved && !run.Restless {
			idle = c.Now()
			continue
		}
		due, err := c.Store.NextDue(ctx)
		if err != nil {
			return fmt.Errorf("look for due entries: %w", err)
		}
		atRest := due.IsZero() && len(c.settling) == 0 && !moved
		if expected == 0 && (atRest || c.Now().Sub(idle) >= patience) {
			return nil
		}
		if !c.wait(ctx, pause(poll, expected)) {
			return ctx.Err()
		}
	}
}

// pause is how long to wait until something may have moved: a poll, as each pass reads
// MLP's feed, or until what is expected.
func pause(poll, expected time.Duration) time.Duration {
	if expected == 0 {
		return poll
	}
	return min(poll, max(expected, 50*time.Millisecond))
}

// fatal tells the errors that end a pass: the ledger's and the context's. MLP's
// are not.
func fatal(err error) bool {
	var remote interface{ Remote() bool }
	return !errors.As(err, &remote)
}

// hintOf is the next step that an error names, if any.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
