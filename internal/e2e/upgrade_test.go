package e2e_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// firstSchema is an installation whose state an mlpsync of schema version 1 left, beside the mock that it had talked to;
// testdata/schema1/make.sh made both.
func firstSchema(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "schema1"))); err != nil {
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
	if err := install(dir, server.URL); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, mock: mock, server: server}
	profile, err := os.ReadFile(filepath.Join("testdata", "schema1", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("profile.yaml", profile)
	return w
}

// An upgrade brings the state forward, keeps what people left, and sends nothing.
func TestUpgradeFromTheFirstSchema(t *testing.T) {
	w := firstSchema(t)
	sent := len(w.mock.Effects())
	if sent == 0 {
		t.Fatal("the fixture's mock holds nothing that was sent")
	}
	for command, code := range map[string]int{"status": 3, "state check": 1} {
		if r := w.run(command); r.code != code || !strings.Contains(r.stdout+r.stderr, "start the daemon of this version once") {
			t.Errorf("%s before the upgrade: %s", command, r)
		}
	}
	r := w.run("once", "--json")
	s := decode[app.Summary](t, r)
	if r.code != 0 || len(w.mock.Effects()) != sent || s.Entries.Waiting+s.Entries.InDoubt > 0 || s.Clients.Decided == 0 {
		t.Fatalf("the upgrade sent %d changes\n%s", len(w.mock.Effects())-sent, clipped(r.String()))
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
