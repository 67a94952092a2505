package mockmlp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"
)

// copyDir copies a state directory as a crash would leave it, the log cut after n bytes.
func copyDir(t *testing.T, from string, n int) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{snapshotName, logName} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == logName {
			b = b[:n]
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func reopen(t *testing.T, dir string) *Mock {
	t.Helper()
	m, err := New(Options{StateDir: dir, Scenario: scenarioOf(t, scenarioText), Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// killed lets go of a mock's directory as the end of its process does.
func killed(t *testing.T, m *Mock) {
	t.Helper()
	if err := m.store.unlock(); err != nil {
		t.Fatal(err)
	}
}

// A kill at any byte of the log leaves exactly the changes whose lines are whole, and a mock that goes on.
func TestKilledAtAnyByte(t *testing.T) {
	dir := t.TempDir()
	h := start(t, Options{Frozen: true, StateDir: dir})
	d := h.track(ssinC)
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 201, "")
	if err := h.mock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, logName))
	if err != nil {
		t.Fatal(err)
	}
	all := h.mock.Effects()
	if len(all) != 5 {
		t.Fatalf("%d effects", len(all))
	}
	step := max(1, len(log)/60)
	cuts := []int{len(log)}
	for n := 0; n < len(log); n += step {
		cuts = append(cuts, n)
	}
	for i, b := range log {
		if b == '\n' {
			cuts = append(cuts, i, i+1)
		}
	}
	for _, n := range cuts {
		m := reopen(t, copyDir(t, dir, n))
		whole := 0
		for _, line := range bytes.SplitAfter(log[:n], []byte("\n")) {
			if bytes.HasSuffix(line, []byte("\n")) && bytes.Contains(line, []byte(`"effect"`)) {
				whole++
			}
		}
		if diff := cmp.Diff(all[:whole], m.Effects(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("cut at %d: %s", n, diff)
		}
	}
}

func TestRestartGoesOn(t *testing.T) {
	dir := t.TempDir()
	h := start(t, Options{Frozen: true, StateDir: dir})
	cursor := h.do("GET", "/changes", "").text("nextCursor")
	d := h.track(ssinC)
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 201, "")
	if err := h.mock.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	before := h.mock.State()
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}

	h.mock = reopen(t, dir)
	h.http.Transport = Transport(h.mock.API())
	if diff := cmp.Diff(before, h.mock.State()); diff != "" {
		t.Errorf("state: %s", diff)
	}
	// Token, key, cursor and the 78 to come have survived.
	h.want(h.do("POST", "/dossiers", creation(ssinC), "Idempotency-Key: k-"+ssinC), 201, "")
	if items := h.do("GET", "/changes?cursor="+cursor, "").body["items"].([]any); len(items) != 4 {
		t.Errorf("%d changes", len(items))
	}
	if err := h.mock.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	h.wantHeld(d, "78 2026-01-12 vdab")
	if err := h.mock.Reset(); err != nil {
		t.Fatal(err)
	}
	if m := reopen(t, copyDir(t, dir, 0)); len(m.Effects()) != 0 || len(m.State().Dossiers) != 3 {
		t.Error("reset is not on disk")
	}
}

// A crash between the new snapshot and the emptying of the log: the log's lines are older than the snapshot.
func TestOldLogBesideNewSnapshot(t *testing.T) {
	dir := t.TempDir()
	h := start(t, Options{Frozen: true, StateDir: dir})
	h.track(ssinC)
	log, err := os.ReadFile(filepath.Join(dir, logName))
	if err != nil {
		t.Fatal(err)
	}
	killed(t, h.mock)
	m := reopen(t, dir)
	if err := os.WriteFile(filepath.Join(dir, logName), log, 0o600); err != nil {
		t.Fatal(err)
	}
	killed(t, m)
	if diff := cmp.Diff(m.Effects(), reopen(t, dir).Effects()); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedState(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"snapshot": func(dir string) error { return os.WriteFile(filepath.Join(dir, snapshotName), []byte("{"), 0o600) },
		"format": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, snapshotName), []byte(`{"format":9,"state":{}}`), 0o600)
		},
		"log": func(dir string) error { return os.WriteFile(filepath.Join(dir, logName), []byte("{\n"), 0o600) },
	} {
		dir := t.TempDir()
		m := reopen(t, dir)
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Options{StateDir: dir}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// A change that can't be written is not answered as done, and is not there.
func TestDiskFails(t *testing.T) {
	h := start(t, Options{Frozen: true, StateDir: t.TempDir()})
	d := h.create(ssinC)
	if err := h.mock.store.log.Close(); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(1)), 503, "serviceUnavailable")
	h.want(h.do("GET", d+"/weos/"+weoID, ""), 404, "resourceNotFound")
	h.wantEffects("client create dossier")
	if r := h.do("GET", "/health", ""); r.status != 503 || r.text("status") != "DOWN" {
		t.Errorf("health %d %v", r.status, r.body)
	}
}

// Two mocks on one directory would write over each other's changes: the second is refused, until the first has gone.
func TestOneMockADirectory(t *testing.T) {
	dir := t.TempDir()
	first := reopen(t, dir)
	if _, err := New(Options{StateDir: dir, Frozen: true, Logger: zerolog.Nop()}); !errors.Is(err, ErrStateInUse) {
		t.Errorf("second: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	reopen(t, dir)
}
