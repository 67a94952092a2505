package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fullDisk takes some bytes and then no more.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
	}
	return n, nil
}

func runCommand(ctx context.Context, out *fullDisk, args ...string) (code int, said string) {
	var errs strings.Builder
	code = Run(ctx, args, func(string) string { return "" }, strings.NewReader(""), out, &errs)
	return code, errs.String()
}

// An answer of which a part is missing is none, whether it is a table, JSON or the example.
func TestAnswerThatIsCutOffIsAnError(t *testing.T) {
	for _, args := range [][]string{{"rules", "show"}, {"rules", "show", "--json"}, {"config", "example"}} {
		if code, said := runCommand(t.Context(), &fullDisk{room: 1 << 20}, args...); code != exitDone || said != "" {
			t.Errorf("%v: exit %d, %q", args, code, said)
		}
		code, said := runCommand(t.Context(), &fullDisk{room: 100}, args...)
		if code != exitCouldNot || !strings.Contains(said, "could be written: no space left") || !strings.Contains(said, "hint: make room") {
			t.Errorf("%v: exit %d, %q", args, code, said)
		}
	}
}

// Who stops a command reads that it was stopped, not what was on its way.
func TestStoppedCommandSaysSo(t *testing.T) {
	dir := t.TempDir()
	configuration := filepath.Join(dir, "mlpsync.yaml")
	text := `environment: test
stateDir: state
keyFile: keys
mlp: {baseUrl: "http://127.0.0.1:9"}
ocmws:
  - {name: A, kbo: "0999999031", nis: [{code: "99991"}], inbox: in, reports: reports, profile: ` + filepath.ToSlash(mustAbs(t, "../../examples/profile.yaml")) + `, defaultCaseworker: m,
     credentials: {clientId: a, clientSecret: {env: S}, apiKey: {env: K}}}
`
	if err := os.WriteFile(configuration, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	code, said := runCommand(ctx, &fullDisk{room: 1 << 20}, "once", "-c", configuration)
	if code != exitCouldNot || !strings.HasPrefix(said, "mlpsync: stopped before it was done\n  hint: ") || strings.Contains(said, "canceled") {
		t.Errorf("exit %d, %q", code, said)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
