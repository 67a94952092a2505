package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// spoilTable overwrites the first page of a table or an index.
func spoilTable(t *testing.T, path, name string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	var page int64
	err = db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = ?`, name).Scan(&page)
	check(t, err)
	_, err = db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	check(t, err)
	check(t, db.Close())
	scribble(t, path, page-1)
}

// One damaged page stops every check that comes by: it is told once, with where it is, and the others say that they saw less.
func TestDamageIsToldOnce(t *testing.T) {
	for _, tt := range []struct{ name, where, cut string }{
		{"known", "table known (page ", "sealed"}, {"audit", "table audit (page ", "audit"}, {"entry", "table entry (page ", "lanes"},
		{"person", "table person (page ", "sealed"}, {"export_row", "table export_row (page ", "balance"}, {"entry_state", "index entry_state (page ", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			fill(t, s)
			check(t, s.Close())
			spoilTable(t, path, tt.name)
			looked, err := open(t, path, keys).Inspect(t.Context())
			check(t, err)
			var findings []ledger.Finding
			for _, i := range looked {
				findings = append(findings, i.Findings...)
				if i.Looked == "" || i.Check == tt.cut && !i.Unfinished {
					t.Errorf("%s does not say what it could look at: %+v", i.Check, i)
				}
			}
			if len(findings) != 1 || !strings.HasPrefix(findings[0].Where, tt.where) || !strings.Contains(findings[0].Next, "state restore") || findings[0].Err == nil {
				t.Errorf("found %+v", findings)
			}
		})
	}
}

func TestDamageOfTheFileAlone(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	fill(t, s)
	found, err := s.Damage(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("of a sound file: %+v, %v", found, err)
	}
	check(t, s.Close())
	spoilTable(t, path, "known")
	s = open(t, path, keys)
	found, err = s.Damage(t.Context())
	if err != nil || len(found) != 1 || !strings.HasPrefix(found[0].Where, "table known (page ") || !strings.Contains(found[0].Next, "state restore") {
		t.Errorf("of a damaged file: %+v, %v", found, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if found, err = s.Damage(ended); !errors.Is(err, context.Canceled) || len(found) > 0 {
		t.Errorf("of a look that was broken off: %+v, %v", found, err)
	}
}
