package e2e_test

import (
	"bytes"
	"context"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mlpsync/mlpsync/examples"
)

// nobody is the unprivileged user of every Linux.
const nobody = 65534

// testUnreadable is TestBadFiles' unreadable file for a test that runs as the superuser, who
// may read everything: the program runs as nobody.
func testUnreadable(t *testing.T, bin string) {
	mock, err := newMock()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mock.API())
	defer server.Close()
	dir, err := os.MkdirTemp("", "mlpsync-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := examples.Install(dir, server.URL); err != nil {
		t.Fatal(err)
	}
	if err := dropInto(filepath.Join(dir, "in"), only(t, few()...)); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "mlpsync")
	content, err := os.ReadFile(filepath.Join(bin, "mlpsync"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	giveAway(t, dir)
	secret := filepath.Join(dir, "in", "clienten"+tomorrow)
	if err := os.WriteFile(secret, only(t, few()...)["clienten"+tonight], 0o000); err != nil {
		t.Fatal(err)
	}
	r := asNobody(t, program, "once", "-c", filepath.Join(dir, "mlpsync.yaml"), "--wait", "2s")
	if r.code != 1 || !strings.Contains(r.stderr, "permission denied") || !strings.Contains(r.stderr, "the right to read the file") {
		t.Errorf("an unreadable file: %s", clipped(r.String()))
	}
	if _, err := os.Stat(secret); err != nil || len(mock.Effects()) == 0 {
		t.Errorf("the file is gone (%v), or nothing else was done: %d effects", err, len(mock.Effects()))
	}
}

// giveAway makes nobody the owner of everything below dir.
func giveAway(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		skip(t, "files can't be given away here: %v", err)
	}
}

func asNobody(t *testing.T, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &stdout, &stderr, filepath.Dir(program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		skip(t, "nothing can be run as another user here: %v", err)
	}
	noStackTrace(t, stdout.String()+stderr.String())
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
