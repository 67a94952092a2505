package mockmlp

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// FuzzStateDir: any state directory is read, or refused as damaged; never a panic, at the start or
// when it is asked what it holds.
func FuzzStateDir(f *testing.F) {
	dir := f.TempDir()
	m, err := New(Options{StateDir: dir, Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		f.Fatal(err)
	}
	if err := m.Close(); err != nil {
		f.Fatal(err)
	}
	empty, err := os.ReadFile(filepath.Join(dir, snapshotName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(empty), `{"epoch":1,"clock":"2026-03-16T09:00:00Z","dossier":{"id":"d","version":1},"effect":{"seq":1}}`+"\n")
	f.Add(string(empty), "{}\n{\n")
	f.Add(`{"format":1,"state":{"dossiers":{"x":null},"epoch":1}}`, `{"epoch":1,"dossier":{},"effect":{"seq":9},"exits":[{}],"reply":{}}`+"\n")
	f.Add(`{"format":1,"clock":"9999-12-31T23:59:59Z","state":{"exits":{"e":{}},"feed":[{}],"replies":{"r":{}}}}`, "")
	asked, err := prepare(Options{Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		f.Fatal(err)
	}
	control := asked.Control()
	f.Fuzz(func(t *testing.T, snapshot, log string) {
		for name, content := range map[string]string{snapshotName: snapshot, logName: log} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, saved, err := openStore(dir, asked.opts.FeedSize)
		if err != nil || saved == nil {
			return
		}
		asked.state, asked.clock = saved.State, newClock(time.Now, saved.Clock, true)
		for _, path := range []string{"/control/state", "/control/effects"} {
			answer := httptest.NewRecorder()
			control.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
			if answer.Code != 200 {
				t.Errorf("%s is answered with %d", path, answer.Code)
			}
		}
	})
}
