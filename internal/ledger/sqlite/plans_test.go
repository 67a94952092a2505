package sqlite

import (
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	lib "modernc.org/sqlite/lib"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// plan is how SQLite goes about a query.
func plan(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	return strings.Join(explained(t, s, `EXPLAIN QUERY PLAN `+query, 3, args), "\n")
}

// explained is a column of what SQLite says of a statement.
func explained(t *testing.T, s *Store, query string, column int, args []any) (all []string) {
	t.Helper()
	err := s.writer.with(t.Context(), func(c *conn) error {
		st, _, err := c.PrepareTransient(query)
		if err != nil {
			return err
		}
		err = bind(st, args[:min(len(args), st.BindParamCount())]) // a value may stand there twice
		for more := true; more && err == nil; {
			if more, err = st.Step(); more {
				all = append(all, st.ColumnText(column))
			}
		}
		return errors.Join(err, st.Finalize())
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Who shares an INSZ is found by the INSZ: by OCMW it would be a walk over all clients for each client.
func TestASharedINSZIsFoundByIndex(t *testing.T) {
	if got := plan(t, memory(t), `SELECT `+sharedINSZ+` FROM person p WHERE p.id = 1`); !strings.Contains(got, "SEARCH o USING INDEX person_insz") {
		t.Errorf("the plan is\n%s", got)
	}
}

// All rows of an export can be rejected: sorted, they would take a gigabyte.
func TestRejectedRowsAreReadInOrder(t *testing.T) {
	got := plan(t, memory(t), rejectedQuery, "")
	_, walk, found := strings.Cut(got, "SCAN o")
	if !found || strings.Contains(walk, "TEMP B-TREE") || strings.Contains(walk, "SCAN") {
		t.Errorf("the plan is\n%s", got)
	}
}

// A restart looks at what was in flight, not at all that ever was sent.
func TestWhatWasInFlightIsFoundByIndex(t *testing.T) {
	if got := plan(t, memory(t), `SELECT id FROM entry WHERE `+inFlight+` AND state = 'claimed'`); !strings.Contains(got, "USING INDEX entry_in_flight") {
		t.Errorf("the plan is\n%s", got)
	}
}

// Entries are counted, listed and released by their states without a look at all that ever was sent.
func TestEntriesAreFoundByTheirStates(t *testing.T) {
	const resting, flying, settled = "COVERING INDEX entry_state", "INDEX entry_in_flight", "COVERING INDEX entry_settled"
	s := memory(t)
	listed := func(states ...outbox.State) string {
		condition, _ := inStates(states)
		return entryColumns + entryTables + `WHERE ` + condition
	}
	for _, tt := range []struct {
		query string
		by    []string // and by no other
	}{
		{countStates, []string{resting, flying, settled}},
		{listed(outbox.Parked, outbox.Waiting), []string{resting}},
		{listed(outbox.Claimed), []string{flying}},
		{listed(outbox.Claimed, outbox.InDoubt), []string{flying, resting}},
		{listed(outbox.Settled, outbox.Discarded), []string{settled, resting}},
	} {
		got := plan(t, s, tt.query, "[]")
		for _, index := range []string{resting, flying, settled} {
			if strings.Contains(got, index) != slices.Contains(tt.by, index) {
				t.Errorf("%s is in the plan: %t; %s\n%s", index, strings.Contains(got, index), tt.query, got)
			}
		}
	}
	for _, query := range []string{approveEntries, unapprovedEntries} {
		if got := plan(t, s, query, "0999999031"); !strings.Contains(got, "USING INDEX entry_state (ocmw=? AND state=?)") {
			t.Errorf("the plan of releasing is\n%s", got)
		}
	}
}

// An answer's entry is found by its place in the lane.
func TestAnEntryToSettleIsFoundByItsPlace(t *testing.T) {
	for _, query := range []string{letGoUpdate, endUpdate} {
		got := plan(t, memory(t), query, make([]any, strings.Count(query, "?"))...)
		if !strings.Contains(got, "(person=? AND seq=?)") {
			t.Errorf("the plan is\n%s", got)
		}
	}
}

// What is due is found in its order, however much waits, and planned once.
func TestWhatIsDueIsFoundByIndex(t *testing.T) {
	for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
		got := plan(t, memory(t), dueQuery(state), 1, "[]", 8)
		if !strings.Contains(got, "USING INDEX entry_due (state=? AND not_before<?)") || !strings.Contains(got, "SEARCH e USING INDEX sqlite_autoindex_entry_2 (person=? AND seq>? AND seq<?)") ||
			strings.Contains(got, "ORDER BY") {
			t.Errorf("the plan is\n%s", got)
		}
	}
}

// Each poll begins a run, and must not walk over all that waits for it.
func TestWhatIsDueFarAheadIsFoundByIndex(t *testing.T) {
	for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
		if got := plan(t, memory(t), farAhead(state), 1, 2); !strings.Contains(got, "USING INDEX entry_due (state=? AND not_before>?)") {
			t.Errorf("the plan is\n%s", got)
		}
	}
}

// A batch to decide is cut off within each of its reasons, so that it doesn't look at all who wait.
func TestABatchToDecideIsFoundByIndex(t *testing.T) {
	got := plan(t, memory(t), dirtyQuery, "0999999031", "2026-03-16", "v", 200, "[]")
	for _, want := range []string{"USING INDEX person_dirty (ocmw=?)", "USING INDEX person_review (ocmw=? AND review_on<?)", "USING INDEX person_version (ocmw=? AND decided_version>? AND decided_version<?)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the plan:\n%s", want, got)
		}
	}
}

// Each poll begins a run, and must not walk over all clients for it.
func TestWhoseCategoryChangedIsFoundByIndex(t *testing.T) {
	if got := plan(t, memory(t), categoriesBefore); !strings.Contains(got, "USING INDEX person_category_before") {
		t.Errorf("the plan is\n%s", got)
	}
}

// What is changed row by row is changed as it is found, and SQLite makes no table of anything on the way: not of a million rows to change,
// which takes memory, nor of the words that a CHECK names, which takes longer than the row.
func TestRowsAreChangedAsTheyAreFound(t *testing.T) {
	s := memory(t)
	run(t, s.writer, `CREATE TEMP TABLE staged_record (row INTEGER, outcome TEXT)`)
	for _, query := range []string{noteOutcomes, letGoUpdate,
		newInsertion("export_row", rowColumns, "").text(1),
		`UPDATE person SET outcome = ? WHERE id = ?`, `UPDATE entry SET state = ?, head = ? WHERE id = ?`} {
		if lists := tablesMade(t, s, query); lists != 0 {
			t.Errorf("%d tables are made for %s", lists, query)
		}
	}
}

// tablesMade counts the tables that SQLite makes for itself on the way.
func tablesMade(t *testing.T, s *Store, query string) int {
	t.Helper()
	made := 0
	for _, op := range explained(t, s, `EXPLAIN `+query, 1, make([]any, strings.Count(query, "?"))) {
		if op == "OpenEphemeral" {
			made++
		}
	}
	return made
}

// The words that a column may hold are said one by one since schema 8, and no others are taken.
func TestColumnsTakeTheirWordsAlone(t *testing.T) {
	s := memory(t)
	ofWords := regexp.MustCompile(`CHECK constraint failed: (head = 0 OR )?(outcome|state) = '`)
	for _, tt := range []struct{ words, query string }{
		{"new changed unchanged duplicate rejected skipped", `INSERT INTO export_row (file, number, skipped, rejected, outcome) VALUES (1, 1, 0, 0, ?)`},
		{"held manual planned noChange", `INSERT INTO person (ocmw, client_ix, client, pseudonym, outcome) VALUES ('', x'', x'', '', ?)`},
		{"waiting suspended claimed inDoubt parked", `INSERT INTO entry (id, ocmw, person, seq, op, kind,
			registration, rule, detail, version, not_before, digest, payload, run, created_at, updated_at, head, state)
			VALUES ('', '', 1, 1, '', '', '', '', '', 0, 0, x'', x'', '', 0, 0, 1, ?)`},
		{"waiting suspended claimed inDoubt parked discarded superseded settled", `INSERT INTO entry (id, ocmw, person, seq, op, kind,
			registration, rule, detail, version, not_before, digest, payload, run, created_at, updated_at, state)
			VALUES ('', '', 1, 1, '', '', '', '', '', 0, 0, x'', x'', '', 0, 0, ?)`},
	} {
		for _, word := range append(strings.Fields(tt.words), "other", "") {
			err := s.writer.with(t.Context(), func(c *conn) error { return c.exec(tt.query, word) })
			refused := err != nil && ofWords.MatchString(err.Error())
			if refused == slices.Contains(strings.Fields(tt.words), word) {
				t.Errorf("%q: %v; %s", word, err, tt.query)
			}
		}
	}
}

// Of what comparing a large set writes, little stays in memory.
func TestTemporaryTablesKeepFewPages(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	err := s.write(t.Context(), "fill", func(x *tx) error {
		if err := temporaries(x); err != nil {
			return err
		}
		_, err := x.exec(`INSERT INTO staged_double (record, digest) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
			SELECT i, zeroblob(100) FROM n`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if used := status(t, s, lib.SQLITE_DBSTATUS_CACHE_USED); used > 1<<20 {
		t.Errorf("%d KiB of pages are kept", used>>10)
	}
}

// What comparing a large set needs goes into files in the state directory, which may be the only place that can be written.
func TestTemporaryFilesGoBesideTheLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a state")
	s := openTest(t, filepath.Join(dir, "ledger.db"))
	var store int
	var folder string
	if ask(t, s.writer, `PRAGMA temp_store`, &store); store != 1 {
		t.Errorf("temp_store is %d", store)
	}
	if ask(t, s.writer, `PRAGMA temp_store_directory`, &folder); folder != dir {
		t.Errorf("temporary files go to %s", folder)
	}
}

// Making a set current in which little changed looks at what changed: no statement walks over all rows, records or clients.
func TestASetOfFewChangesIsComparedByIndex(t *testing.T) {
	s := memory(t)
	rows := []ledger.Row{{Number: 2, Line: []byte("a"), Client: "c1", Records: []ledger.StoredRecord{{Kind: "client", Client: "c1", Key: "c1", Hash: "1"}}},
		{Number: 3, Line: []byte("b"), Client: "c2", Records: []ledger.StoredRecord{{Kind: "client", Client: "c2", Key: "c2", Hash: "1"}}}}
	take := func(file string) {
		g, err := s.StageSet(t.Context(), "run", "0999999031", []ledger.File{{Feed: "clients", Name: file, Hash: file, Interpretation: "1"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			kept, err := g.Keep(t.Context(), 0, r.Number, r.Line)
			if err == nil && !kept {
				err = g.Add(t.Context(), []ledger.Row{r})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_ = s.writer.with(t.Context(), func(c *conn) error { clear(c.compiled); return nil })
		if r, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: len(rows)}}, s.now()); err != nil || !r.Activated {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	take("a.csv")
	rows[1].Number, rows[1].Line, rows[1].Records[0].Hash = 4, []byte("c"), "2"
	take("b.csv")
	var texts []string
	_ = s.writer.with(t.Context(), func(c *conn) error { texts = slices.Sorted(maps.Keys(c.compiled)); return nil })
	if len(texts) < 20 {
		t.Fatalf("%d statements are known", len(texts))
	}
	parameter := regexp.MustCompile(`\?\d*`)
	// The tables, and the names that statements give them.
	whole := regexp.MustCompile(`^SCAN (record|row_record|export_row|person|cur|rr|w|o|p|r)\b`)
	err := s.write(t.Context(), "explain", func(x *tx) error {
		if err := temporaries(x); err != nil {
			return err
		}
		for _, text := range texts {
			for rs, err := range x.rows(`EXPLAIN QUERY PLAN ` + parameter.ReplaceAllString(text, "1")) {
				if err != nil {
					return err
				}
				var id, parent, unused int
				var detail string
				if err := rs.Scan(&id, &parent, &unused, &detail); err != nil {
					return err
				}
				if whole.MatchString(detail) && !strings.Contains(detail, "export_row_rejected") {
					t.Errorf("%s in\n%s", detail, text)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
