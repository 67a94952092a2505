package app

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/config"
)

// What a start needs the right to write is looked at, and secrets that anyone reads are warned of. The superuser may do
// everything, so as that one the test runs itself as nobody.
func TestCheckLooksAtRights(t *testing.T) {
	if os.Getuid() == 0 {
		asNobody(t)
		return
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"in", "reports"} {
		if err := os.Mkdir(at(name), 0o500); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(at("profile.yaml"), examples.Profile(), 0o600), MakeKey(at("keys")), os.Chmod(at("keys"), 0o644), os.WriteFile(at("open"), []byte("x"), 0o600), os.Chmod(at("open"), 0o604),
		os.WriteFile(at("closed"), []byte("x"), 0o600), os.Chmod(at("closed"), 0o640)); err != nil {
		t.Fatal(err)
	}
	c := &config.Config{KeyFile: at("keys"), StateDir: at("state"), OCMWs: []config.OCMW{{
		Inbox: at("in"), Reports: at("reports/new"), Profile: at("profile.yaml"),
		Credentials: config.Credentials{ClientSecret: config.Secret{File: at("closed")}, APIKey: config.Secret{File: at("open")}},
	}}}
	got := map[string]bool{} // whether it is a warning
	for _, item := range Check(c, os.Getenv) {
		if !item.OK || item.Warning {
			got[item.What] = item.Warning
		}
		if !item.OK && !strings.Contains(item.Text, "permission denied") {
			t.Errorf("%s: %s", item.What, item.Text)
		}
	}
	want := map[string]bool{"keyFile": true, "ocmws[0].inbox": false, "ocmws[0].reports": false, "ocmws[0].credentials.apiKey": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// asNobody runs the calling test once more, as a user without rights, from a copy that this user can reach.
func asNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mlpsync-rights-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program, tmp := filepath.Join(dir, "test"), filepath.Join(dir, "tmp")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(program, content, 0o755), os.Mkdir(tmp, 0o700), os.Chown(tmp, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	again.Dir, again.Env = "/", append(os.Environ(), "TMPDIR="+tmp)
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if said, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// nobody is the unprivileged user of every Linux.
const nobody = 65534
