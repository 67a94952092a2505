package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// spoil changes one row of a ledger's file behind its back.
func spoil(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	r, err := db.Exec(statement, args...)
	check(t, err)
	if n, _ := r.RowsAffected(); n != 1 {
		t.Fatalf("%d rows were spoiled", n)
	}
}

// What MLP took is settled, whatever stands behind it in the lane.
func TestASettledEntryDoesNotDependOnTheNext(t *testing.T) {
	for _, token := range []string{"", "another"} {
		path := filepath.Join(t.TempDir(), "ledger.db")
		s := open(t, path, newKeys(t))
		_, e := fill(t, s)
		spoil(t, path, `UPDATE entry SET payload = zeroblob(100) WHERE id = 'entry-1'`)
		next, _, err := s.SettleMany(t.Context(), "run", outbox.Claim{Token: token, Limit: 1}, []outbox.Entry{e}, []casefile.Dossier{{ID: "dossier-geheim", Version: 5}}, noon)
		if err != nil || len(next) > 0 {
			t.Fatalf("settled with %d that go on: %v", len(next), err)
		}
		if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon); !errors.Is(err, seal.ErrTampered) || len(claimed) > 0 {
			t.Errorf("claimed %d of what can't be read: %v", len(claimed), err)
		}
	}
}

// One whose dossier or entry can't be read stops nobody else, and is told when nobody else waits.
func TestWhatCannotBeReadStopsNobodyElse(t *testing.T) {
	for what, statement := range map[string]string{
		"dossier": `UPDATE known SET payload = zeroblob(100) WHERE person = 1`, "entry": `UPDATE entry SET payload = zeroblob(100) WHERE person = 1`,
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 3, 1)
			check(t, s.Close())
			spoil(t, path, statement)
			s = open(t, path, keys) // which has nothing in mind of before
			for range 2 {           // one at a time, as before MLP has answered
				claimed, known, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
				if err != nil || len(claimed) != 1 || len(known) != 1 || claimed[0][0].Person == 1 {
					t.Fatalf("claimed %d: %v", len(claimed), err)
				}
			}
			if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon); !errors.Is(err, seal.ErrTampered) || len(claimed) > 0 {
				t.Errorf("claimed %d of what can't be read: %v", len(claimed), err)
			}
		})
	}
}

// What root restored can't be opened by the daemon: it says what to look at. A folder in its place stands for that, as tests may run as
// root.
func TestADatabaseFileThatCannotBeOpenedIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	check(t, os.Mkdir(path, 0o700))
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: newKeys(t)})
	if !strings.Contains(hint(err), "rights") {
		t.Errorf("%v, hint %q", err, hint(err))
	}
}
