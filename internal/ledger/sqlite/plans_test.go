package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

// plan is how SQLite goes about a query.
func plan(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.readers.Query(`EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		all = append(all, detail)
	}
	return strings.Join(all, "\n")
}

// Who shares an INSZ is found by the INSZ: by OCMW it would be a walk over all clients for each client.
func TestASharedINSZIsFoundByIndex(t *testing.T) {
	if got := plan(t, memory(t), `SELECT `+sharedINSZ+` FROM person p WHERE p.id = 1`); !strings.Contains(got, "SEARCH o USING INDEX person_insz") {
		t.Errorf("the plan is\n%s", got)
	}
}

// A batch to decide is cut off within each of its reasons, so that it doesn't look at all who wait.
func TestABatchToDecideIsFoundByIndex(t *testing.T) {
	got := plan(t, memory(t), dirtyQuery, "0999999031", "2026-03-16", "v", 200)
	for _, want := range []string{"USING INDEX person_dirty (ocmw=?)", "USING INDEX person_review (ocmw=? AND review_on<?)", "USING INDEX person_version (ocmw=? AND decided_version>? AND decided_version<?)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the plan:\n%s", want, got)
		}
	}
}

// What comparing a large set needs goes into files in the state directory, which may be the only place that can be written.
func TestTemporaryFilesGoBesideTheLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a state")
	s := openTest(t, filepath.Join(dir, "ledger.db"))
	var store int
	var folder string
	if err := s.writer.QueryRow(`PRAGMA temp_store`).Scan(&store); err != nil || store != 1 {
		t.Errorf("temp_store is %d, %v", store, err)
	}
	if err := s.writer.QueryRow(`PRAGMA temp_store_directory`).Scan(&folder); err != nil || folder != dir {
		t.Errorf("temporary files go to %s, %v", folder, err)
	}
}
