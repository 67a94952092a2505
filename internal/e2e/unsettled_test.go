package e2e_test

import (
	"bytes"
	"fmt"
	"os"
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
		w.setUnsettled(workers, c.unsettled)
		files, err := sample()
		if err != nil {
			t.Fatal(err)
		}
		w.drop(files)
		w.killedAt("settle-entries.before-commit:9")
		status := decode[app.Status](t, w.run("status", "--json"))
		if n := status.Entries[outbox.Claimed] + status.Entries[outbox.InDoubt]; n < c.atLeast || n > workers+c.unsettled {
			t.Errorf("with room for %d answers %d are in doubt", c.unsettled, n)
		}
	}
}

// setUnsettled writes how many work and how many answers may wait into the configuration.
func (w *world) setUnsettled(workers, unsettled int) {
	w.t.Helper()
	conf, err := os.ReadFile(w.path("mlpsync.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	set := bytes.Replace(conf, []byte("mlp: {"), fmt.Appendf(nil, "mlp: {workers: %d, unsettled: %d, ", workers, unsettled), 1)
	if bytes.Equal(set, conf) {
		w.t.Fatal("the configuration has no mlp: {")
	}
	w.write("mlpsync.yaml", set)
}
