package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/cli"
)

// together runs a command as a terminal has it: what it prints and what it logs go to one place.
func (w *world) together(args ...string) (code int, text string) {
	w.t.Helper()
	out, err := os.Create(filepath.Join(w.t.TempDir(), "terminal"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), commandTime)
	defer cancel()
	code = cli.Run(ctx, append(args, "-c", w.path("mlpsync.yaml")), func(string) string { return "" }, strings.NewReader(""), out, out)
	shown, err := os.ReadFile(out.Name())
	if err != nil {
		w.t.Fatal(err)
	}
	return code, string(shown)
}

// Where a person reads both at once, log lines are words that say that they are none of the report, which comes behind them in one piece.
func TestLogAndReportOnOneTerminal(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	w.server.Close()
	code, text := w.together("plan")
	if code != 1 {
		t.Errorf("exit status %d:\n%s", code, text)
	}
	said, report, _ := strings.Cut(text, "\n\n")
	if !strings.HasPrefix(said, "mlpsync: warning: MLP can't be read") || !strings.Contains(said, "\n  event=observe.failed ocmw=") || !strings.Contains(said, "\n  hint: check the base URL") {
		t.Errorf("the log reads:\n%s", said)
	}
	if !strings.HasPrefix(report, "not decided: 6 clients") || strings.Contains(report, "mlpsync: ") || strings.Contains(text, `{"`) {
		t.Errorf("the report reads:\n%s\nof\n%s", report, text)
	}
}

// A command says warnings, and more when it is asked to; in one place or apart.
func TestLogLevelOfACommand(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	r := w.run("once", "--log-level", "debug")
	if !strings.Contains(r.stderr, `{"level":"debug","event":"mlp.request"`) {
		t.Errorf("apart, with --log-level debug:\n%s", clipped(r.stderr))
	}
	if r := w.run("plan"); r.stderr != "" {
		t.Errorf("nothing is wrong, and it says:\n%s", clipped(r.stderr))
	}
	if _, text := w.together("plan", "--log-level", "info"); strings.Contains(text, `{"`) {
		t.Errorf("with --log-level info:\n%s", clipped(text))
	}
	w.server.Close()
	if _, text := w.together("plan", "--log-level", "disabled"); strings.Contains(text, "mlpsync: ") {
		t.Errorf("with --log-level disabled:\n%s", clipped(text))
	}
	if r := w.run("plan", "--log-level", "loud"); r.code != 2 || !strings.Contains(r.stderr, "--log-level") {
		t.Errorf("a level that there is not: %s", r)
	}
}

// Where MLP can't be read nobody's INSZ is to blame.
func TestClientsWhomMLPWasNotAskedAbout(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	w.server.Close()
	var r result
	taken := soon(commandTime, func() bool { // a file is taken when it looks the same twice, which a run that ends early may not wait for
		r = w.run("once", "--wait", "500ms", "--log-level", "disabled")
		return !strings.Contains(r.stdout, "total  0 ")
	})
	if !taken || !strings.Contains(r.stdout, "MLP could not be asked yet, or no valid INSZ is known") {
		t.Errorf("it says:\n%s", clipped(r.stdout))
	}
}
