package e2e_test

import (
	"fmt"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// What the power that is cut can leave in doubt is what the configuration allows.
func TestTheConfigurationBoundsWhatIsInDoubt(t *testing.T) {
	t.Parallel()
	const workers = 2
	for _, c := range []struct{ unsettled, atLeast int }{{1, 1}, {5, workers + 2}} {
		w := newWorld(t)
		w.configure("mlp: {", fmt.Sprintf("mlp: {workers: %d, unsettled: %d, ", workers, c.unsettled))
		files, err := sample()
		if err != nil {
			t.Fatal(err)
		}
		w.drop(files)
		w.killedAt("settle-entries.before-commit:9")
		status := decode[app.Status](t, w.run("status", "--json"))
		if n := status.Entries[outbox.Claimed] + status.Entries[outbox.InDoubt]; n < c.atLeast || n > workers+c.unsettled {
			t.Errorf("with room for %d answers %d are in doubt", c.unsettled, n)
		} else if r := w.run("plan", "--json"); r.code != 1 || decode[app.PlanFile](t, r).Count().InDoubt != n {
			t.Errorf("exit %d, and the plan does not say that %d are in doubt: %s", r.code, n, clipped(r.String()))
		}
	}
}

// What a crash left in doubt, and MLP turns out to have, is told apart from what was sent after it.
func TestWhatACrashLeftInDoubtIsNotToldAsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.drop(only(t, few()...))
	w.killedAt("settle-entries.before-commit:2")
	before := len(w.mock.Effects())
	s := decode[app.Summary](t, w.run("once", "--json"))
	sent := 0
	for _, n := range s.Sent {
		sent += n
	}
	for _, n := range s.Handovers {
		sent += n
	}
	if after := len(w.mock.Effects()); s.Entries.Found == 0 || s.Entries.Settled > after-before || sent != s.Entries.Settled {
		t.Errorf("%d effects, then %d: told of as %+v, by kind %v %v", before, after, s.Entries, s.Sent, s.Handovers)
	}
}
