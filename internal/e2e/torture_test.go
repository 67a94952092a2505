package e2e_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// crashReport is what the test reads of the report of selftest crash.
type crashReport struct {
	Failpoints, Kills                                             int
	Lost, EffectsTwice, OutOfOrder, Unexpected, DifferentDossiers int
	StateFindings                                                 int
	NeverPassed, NeverKilledAt                                    []string
}

// The program kills itself around its writes to MLP and finishes all the same. The whole of it is
// the step torture of .ci/run, and make torture.
func TestSelftestCrash(t *testing.T) {
	t.Parallel() // it mostly waits
	program := filepath.Join(thePrograms(t), "mlpsync")
	out, err := exec.CommandContext(t.Context(), program, "selftest", "crash", "--only", "write.", "--rounds", "1", "--seed", "3", "--json").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, clipped(string(out)))
	}
	var r crashReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Failpoints < 60 || len(r.NeverPassed) > 0 {
		t.Errorf("%d failpoints are passed, and never %q", r.Failpoints, r.NeverPassed)
	}
	if r.Kills < 3 || len(r.NeverKilledAt) > 0 {
		t.Errorf("killed %d times, and never at %q", r.Kills, r.NeverKilledAt)
	}
	if r.Lost+r.EffectsTwice+r.OutOfOrder+r.Unexpected+r.DifferentDossiers+r.StateFindings != 0 {
		t.Errorf("%+v", r)
	}
}

// What arms a failpoint is read by the self-test's own child and by no other command.
func TestFailpointsAreTheSelftestsOnly(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, "Z10200"))
	cmd := exec.CommandContext(t.Context(), filepath.Join(thePrograms(t), "mlpsync"), "once", "-c", w.path("mlpsync.yaml"), "--wait", "5s")
	cmd.Env = append(cmd.Environ(), "MLPSYNC_SELFTEST_FAILPOINT=migrate.before-commit:1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, clipped(string(out)))
	}
	if len(w.mock.Effects()) == 0 {
		t.Error("nothing was sent")
	}
}
