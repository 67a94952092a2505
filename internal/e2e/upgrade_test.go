package e2e_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// olderSchema is an installation whose state an mlpsync of an older schema version left, beside the mock that it had talked
// to; make.sh in its folder made both.
func olderSchema(t *testing.T, folder string) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", folder))); err != nil {
		t.Fatal(err)
	}
	mock, err := mockmlp.New(mockmlp.Options{StateDir: filepath.Join(dir, "mock"), Seed: 1, RatePerMinute: -1, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mock.API())
	t.Cleanup(func() {
		server.Close()
		_ = mock.Close()
	})
	if err := examples.Install(dir, server.URL); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, mock: mock, server: server}
	profile, err := os.ReadFile(filepath.Join("testdata", folder, "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("profile.yaml", profile)
	return w
}

// An upgrade brings the state forward, keeps what people left, and sends nothing.
func TestUpgrade(t *testing.T) {
	for _, folder := range []string{"schema1", "schema3", "schema4", "schema5", "schema6", "schema7", "schema8"} {
		t.Run(folder, func(t *testing.T) { upgrade(t, olderSchema(t, folder)) })
	}
}

func upgrade(t *testing.T, w *world) {
	sent := len(w.mock.Effects())
	if sent == 0 {
		t.Fatal("the fixture's mock holds nothing that was sent")
	}
	for command, code := range map[string]int{"status": 3, "state check": 1} {
		if r := w.run(command); r.code != code || !strings.Contains(r.stdout+r.stderr, "start the daemon of this version once") {
			t.Errorf("%s before the upgrade: %s", command, r)
		}
	}
	w.upgraded(sent)
}

// upgraded lets the installation of olderSchema come to rest, and holds it against what it was: nothing lost, nothing
// sent twice, and it goes on.
func (w *world) upgraded(sent int) {
	t := w.t
	t.Helper()
	r := w.run("once", "--json")
	s := decode[app.Summary](t, r)
	if r.code != 0 || len(w.mock.Effects()) != sent || s.Entries.Waiting+s.Entries.InDoubt > 0 {
		t.Fatalf("the upgrade sent %d changes\n%s", len(w.mock.Effects())-sent, clipped(r.String()))
	}
	status := decode[app.Status](t, w.run("status", "--json"))
	if o := status.OCMWs[0]; o.Clients.Decided == 0 || o.Undecided > 0 || !o.Clients.Holds() {
		t.Errorf("after the upgrade %d are not decided, and of the others %+v", o.Undecided, o.Clients)
	}
	queue := decode[[]app.QueueEntry](t, w.run("queue list", "--json"))
	if len(queue) != 1 || queue[0].State != outbox.Discarded || queue[0].Problem.Status != 400 {
		t.Errorf("what was refused, and the order to discard it: %+v", queue)
	}
	if r := w.run("explain", starter); r.code != 0 || !strings.Contains(r.stdout, "2026-03-16") && !strings.Contains(r.stdout, "16/03/2026") {
		t.Errorf("what was known of a client: %s", clipped(r.String()))
	}
	if r := w.run("state check", "--deep"); r.code != 0 {
		t.Error(clipped(r.String()))
	}
	w.drop(map[string][]byte{"instroom" + tomorrow: only(t, newcomer, lateComer)["instroom"+tonight]})
	if r := w.run("once"); r.code != 0 || len(w.mock.Effects()) != sent+2 {
		t.Errorf("the next export brought %d changes: %s", len(w.mock.Effects())-sent, clipped(r.String()))
	}
}

// An OCMW that waits because its export shrank waits on after an upgrade, though only all feeds together were weighed before it.
func TestUpgradeGoesOnWaiting(t *testing.T) {
	w := olderSchema(t, "schema7")
	w.configure("release: true", "release: false") // the guard waits for a person
	db, err := sql.Open("sqlite", w.path("state/ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`UPDATE ocmw SET rows_before = 300, rows_after = 264`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	const reason = "the export has 264 rows, where it had 300"
	for range 2 {
		if r := w.run("once"); r.code != 1 || !strings.Contains(r.stdout, reason) {
			t.Fatalf("it waits no longer: %s", clipped(r.String()))
		}
	}
	if r := w.run("guard show"); !strings.Contains(r.stdout, "all feeds together: 264 rows, where 300 stood") {
		t.Errorf("shown: %s", r)
	}
	if r := w.run("guard release", "--reason", "nagekeken"); r.code != 0 {
		t.Fatal(r)
	}
	if r := w.run("once"); r.code != 0 || strings.Contains(r.stdout, reason) {
		t.Errorf("after the release: %s", clipped(r.String()))
	}
}

// killedAt starts the daemon as the self-test does, and wants it to die at a passage of a failpoint.
func (w *world) killedAt(point string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(thePrograms(w.t), "mlpsync"), "selftest", "child", "-c", w.path("mlpsync.yaml"))
	cmd.Env = append(cmd.Environ(), "MLPSYNC_SELFTEST_FAILPOINT="+point)
	stdin, err := cmd.StdinPipe() // when it is closed the daemon stops by itself
	if err != nil {
		w.t.Fatal(err)
	}
	defer stdin.Close()
	if out, err := cmd.Output(); err == nil || cmd.ProcessState.Exited() || ctx.Err() != nil {
		w.t.Fatalf("not killed at %s: %v, %s\n%s", point, err, cmd.ProcessState, clipped(string(out)))
	}
}

// The power is cut while the state is brought forward, once or again and again, and on the first steps after it.
func TestUpgradeCutShort(t *testing.T) {
	var steps []string
	for _, version := range []int{1, 3, 7} { // the first, one that makes a table anew, and the last from schema 1 to 8
		steps = append(steps, fmt.Sprint("migrate.before-commit:", version), fmt.Sprint("migrate.after-commit:", version))
	}
	rounds := map[string][]string{
		// The first step stands after a kill behind it: the second is then the process's first.
		"again and again": {
			"migrate.before-commit:1", "migrate.before-commit:1", "migrate.after-commit:1", "migrate.before-commit:1", "migrate.after-commit:1",
			"migrate.before-commit:1", "migrate.after-commit:1",
			"recover-claims.before-commit:1", "recover-claims.after-commit:1", "start-run.after-commit:1", "commit-decisions.before-commit:1", "commit-decisions.after-commit:1",
		},
	}
	for _, step := range steps {
		rounds[step] = []string{step}
	}
	for name, points := range rounds {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			w := olderSchema(t, "schema1")
			sent := len(w.mock.Effects())
			for _, point := range points {
				w.killedAt(point)
				if n := len(w.mock.Effects()); n != sent {
					t.Fatalf("%d changes were sent before a kill at %s", n-sent, point)
				}
			}
			w.upgraded(sent)
		})
	}
}
