package cycle_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// noAnswer is how a question ends that MLP took and let run out of its time.
type noAnswer struct{}

func (noAnswer) Error() string { return "no answer in time" }
func (noAnswer) Remote() bool  { return true }
func (noAnswer) Timeout() bool { return true }

// shutNow is how a question ends that did not leave.
type shutNow struct{ noAnswer }

func (shutNow) Timeout() bool { return false }

const questionTime = 30 * time.Second

// hanging is an MLP that takes every question and answers none, while it hangs.
type hanging struct {
	quiet
	err   error
	asked func()
}

func (h *hanging) Follow(context.Context, string) (int, error) {
	if h.asked != nil {
		h.asked()
	}
	if _, waits := h.err.(noAnswer); waits {
		<-time.After(questionTime)
	}
	return 0, h.err
}

// silentCycle is a cycle of three OCMWs, with one client, who is to be decided again from midnight on.
func silentCycle(t *testing.T, h *hanging, now func() time.Time) *cycle.Cycle {
	c := newCycle(t, "2026-01-16", now)
	c.Observer = h
	for _, kbo := range []string{"0999999922", "0999999823"} {
		other := c.OCMWs[0]
		other.KBO = kbo
		c.OCMWs = append(c.OCMWs, other)
	}
	return c
}

// TestAPassWaitsForOneQuestion: files and decisions of other OCMWs, and those of the next pass, don't wait for more.
func TestAPassWaitsForOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := silentCycle(t, &hanging{err: noAnswer{}}, time.Now)
		for range 3 {
			start := time.Now()
			pass(t, c)
			if took := time.Since(start); took != questionTime {
				t.Errorf("a pass took %s", took)
			}
		}
	})
}

// TestDecidingDoesNotWaitForAnMLPThatHangs: once MLP let a question run out of its time, it is read behind deciding, until it can be
// read again, also while the breaker lets nothing out; after that it is read first again.
func TestDecidingDoesNotWaitForAnMLPThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		midnight := time.Date(2026, 1, 15, 23, 0, 0, 0, time.UTC)
		now := midnight.Add(-3 * time.Hour)
		h := &hanging{err: noAnswer{}}
		c := silentCycle(t, h, func() time.Time { return now })
		pass(t, c)
		h.err = shutNow{}
		pass(t, c)
		h.err, now = noAnswer{}, midnight
		h.asked = func() {
			view := must[ledger.ClientView](t, "find")(c.Store.Find(t.Context(), c.OCMWs[0].KBO, client))
			if view.Decision.Day != "2026-01-16" {
				t.Errorf("MLP is asked while the client is still as decided for %s", view.Decision.Day)
			}
		}
		if n := pass(t, c); n != 1 {
			t.Errorf("%d decided", n)
		}
		h.err = nil
		pass(t, c)
		asked := 0
		now = midnight.AddDate(0, 1, 0) // nothing to decide: what matters is who comes first
		h.asked = func() { asked++ }
		pass(t, c)
		if want := 2 * len(c.OCMWs); asked != want { // before deciding, and after sending
			t.Errorf("asked %d times, want %d", asked, want)
		}
	})
}

// TestAStepIsToldWhileAPassGoesOn: what health looks for comes from the stages that go on.
func TestAStepIsToldWhileAPassGoesOn(t *testing.T) {
	steps := 0
	c := newCycle(t, "2026-01-16", func() time.Time { return time.Date(2026, 1, 16, 12, 0, 0, 0, time.UTC) })
	c.Progress = func() { steps++ }
	if pass(t, c); steps < 3 { // taking files, deciding a batch, the OCMW
		t.Errorf("%d steps", steps)
	}
}
