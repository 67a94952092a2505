package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// firstVersion writes what a ledger holds into one of the first version, made by that
// version's own script.
func firstVersion(t *testing.T, from string) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("schema", "001.sql"))
	check(t, err)
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1) // ATTACH is the connection's
	_, err = db.Exec(string(script) + `; PRAGMA user_version = 1;`)
	check(t, err)
	_, err = db.Exec(`ATTACH ? AS now`, from)
	check(t, err)
	for _, table := range texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`) {
		columns := strings.Join(texts(t, db, `SELECT name FROM pragma_table_info('`+table+`')`), ", ")
		_, err := db.Exec(fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) SELECT %[2]s FROM now.%[1]s`, table, columns))
		check(t, err)
	}
	return path
}

func texts(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	check(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		check(t, rows.Scan(&s))
		all = append(all, s)
	}
	check(t, rows.Err())
	if len(all) == 0 {
		t.Fatalf("nothing for %s", query)
	}
	return all
}

// holdings are all that can be read of a ledger.
type holdings struct {
	Client  ledger.ClientView
	Totals  ledger.Totals
	Lane    []string
	Due     time.Time
	Lookups int
	Dirty   int
	Audit   []string
}

func readAll(t *testing.T, s ledger.Store) holdings {
	t.Helper()
	var h holdings
	var err error
	h.Client, err = s.Find(t.Context(), kbo, "nummer-1234")
	check(t, err)
	h.Totals, err = s.Totals(t.Context(), "", "")
	check(t, err)
	entries, err := s.Entries(t.Context(), ledger.EntryFilter{})
	check(t, err)
	for _, e := range entries {
		h.Lane = append(h.Lane, fmt.Sprint(e.ID, e.Seq, e.State, e.Version, e.Attempts, e.ContentHash, e.NotBefore))
	}
	h.Due, err = s.NextDue(t.Context())
	check(t, err)
	asked, err := s.NeedLookup(t.Context(), kbo, 0, 10)
	check(t, err)
	dirty, err := s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)
	check(t, err)
	h.Lookups, h.Dirty = len(asked), len(dirty)
	check(t, s.Audit(t.Context(), "", func(r audit.Record) error {
		h.Audit = append(h.Audit, r.Hash.String())
		return nil
	}))
	return h
}

func TestFirstVersionIsBroughtForward(t *testing.T) {
	keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, keys)
	_, e := fill(t, s)
	check(t, s.Park(t.Context(), e, outbox.Problem{Type: "refused", Title: "geheim probleem"}, noon))
	by := ledger.Actor{Name: "els", Reason: "geheim waarom"}
	check(t, s.Request(t.Context(), ledger.Request{Kind: "retry", Entry: e.ID, By: by, At: noon}))
	want := readAll(t, s)
	check(t, s.Close())

	old := firstVersion(t, path)
	s = open(t, old, keys)
	people := cmp.Comparer(func(a, b ident.INSZ) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, readAll(t, s), people); diff != "" {
		t.Fatalf("after the migration (-want +have):\n%s", diff)
	}
	if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon); err != nil || len(claimed) > 0 {
		t.Fatalf("the migration sends %d entries: %v", len(claimed), err)
	}
	check(t, s.Check(t.Context()))
	applied, err := s.ApplyRequests(t.Context(), noon)
	check(t, err)
	if len(applied) != 2 || !applied[1].Done || applied[1].By != by || applied[1].Entry != e.ID {
		t.Fatalf("the order of before the migration: %+v", applied)
	}
	check(t, s.Request(t.Context(), ledger.Request{Kind: "hold", OCMW: kbo, Client: "nummer-1234", By: by, At: noon}))
	applied, err = s.ApplyRequests(t.Context(), noon)
	check(t, err)
	if len(applied) != 1 || !applied[0].Done {
		t.Fatalf("an order of the new kind: %+v", applied)
	}
	check(t, s.Check(t.Context()))
}

// What people say of a client outlives the process, ordered or carried out.
func TestAnswersAndHoldsOutliveARestart(t *testing.T) {
	keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, keys)
	fill(t, s)
	by := ledger.Actor{Name: "els", Reason: "geheim waarom"}
	answer := casefile.Answer{Rule: "CAT-03", Question: "geheime-vraag", Category: "05", On: "2026-03-16", At: noon, By: "els", Reason: by.Reason}
	orders := []ledger.Request{
		{Kind: "decide", OCMW: kbo, Client: "nummer-1234", Answer: answer, By: by, At: noon},
		{Kind: "hold", OCMW: kbo, Client: "nummer-1234", By: by, At: noon},
	}
	check(t, s.Request(t.Context(), orders[0]))
	check(t, s.Request(t.Context(), orders[1]))
	check(t, s.Close())

	s = open(t, path, keys) // the orders wait for it
	applied, err := s.ApplyRequests(t.Context(), noon)
	check(t, err)
	for i, a := range applied[1:] { // behind fill's own
		if diff := cmp.Diff(orders[i], a.Request); diff != "" || !a.Done {
			t.Errorf("done %t, order (-want +have):\n%s", a.Done, diff)
		}
	}
	check(t, s.Close())

	s = open(t, path, keys)
	view, err := s.Find(t.Context(), kbo, "nummer-1234")
	check(t, err)
	if diff := cmp.Diff([]casefile.Answer{answer}, view.Answers); diff != "" {
		t.Errorf("answers (-want +have):\n%s", diff)
	}
	if diff := cmp.Diff(&ledger.Hold{Since: noon, By: "els", Reason: by.Reason}, view.Hold); diff != "" {
		t.Errorf("hold (-want +have):\n%s", diff)
	}
}

// pendingShrink writes into a ledger what a version before schema 8 noted of a shrinking.
func pendingShrink(t *testing.T, path string, before, after int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	_, err = db.Exec(`INSERT INTO ocmw (kbo, rows_before, rows_after) VALUES (?1, ?2, ?3)
		ON CONFLICT (kbo) DO UPDATE SET rows_before = ?2, rows_after = ?3`, kbo, before, after)
	check(t, err)
}

// What shrank before it was known by feed goes on waiting until it is released or the rows are back.
func TestAShrinkingOfBeforeGoesOnWaiting(t *testing.T) {
	numbers := func(n int) (rows []ledger.Row) {
		for i := range n {
			rows = append(rows, clientRow(t, fmt.Sprint("nummer-", i), 2+i))
		}
		return rows
	}
	upgraded := func(t *testing.T) ledger.Store {
		keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
		s := open(t, path, keys)
		activate(t, stage(t, s, "a.csv", numbers(5)...), 5)
		check(t, s.Close())
		old := firstVersion(t, path)
		pendingShrink(t, old, 990, 840)
		return open(t, old, keys)
	}
	same := func(t *testing.T, s ledger.Store, want ...ledger.FeedRows) {
		t.Helper()
		g, err := s.Pending(t.Context(), kbo)
		check(t, err)
		if diff := cmp.Diff(want, g.Shrunk); diff != "" {
			t.Fatalf("what shrank (-want +have):\n%s", diff)
		}
	}
	t.Run("until it is released", func(t *testing.T) {
		s := upgraded(t)
		same(t, s, ledger.FeedRows{RowsBefore: 990, RowsAfter: 840})
		activate(t, stage(t, s, "b.csv", numbers(2)...), 2) // from what stood before the upgrade
		same(t, s, ledger.FeedRows{RowsBefore: 990, RowsAfter: 837}, ledger.FeedRows{Feed: "clients", RowsBefore: 5, RowsAfter: 2})
		check(t, s.Approve(t.Context(), kbo, ledger.Actor{Name: "els"}, noon))
		same(t, s)
		activate(t, stage(t, s, "c.csv", numbers(1)...), 1)
		same(t, s, ledger.FeedRows{Feed: "clients", RowsBefore: 2, RowsAfter: 1})
	})
	t.Run("until the rows are back", func(t *testing.T) {
		s := upgraded(t)
		activate(t, stage(t, s, "b.csv", numbers(154)...), 154)
		same(t, s, ledger.FeedRows{RowsBefore: 990, RowsAfter: 989})
		activate(t, stage(t, s, "c.csv", numbers(155)...), 155)
		same(t, s)
		activate(t, stage(t, s, "d.csv", numbers(150)...), 150)
		same(t, s, ledger.FeedRows{Feed: "clients", RowsBefore: 155, RowsAfter: 150})
	})
}

// Rows that were read before lines were known are read again, once.
func TestRowsOfBeforeAreReadAgain(t *testing.T) {
	keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
	line := []byte("nummer-1234;geheim")
	take := func(s ledger.Store, file string) bool {
		staging, err := s.StageSet(t.Context(), "run", kbo, []ledger.File{{Feed: "clients", Name: file, Hash: file, Interpretation: "1"}})
		check(t, err)
		kept, err := staging.Keep(t.Context(), 0, 2, line)
		check(t, err)
		if !kept {
			r := clientRow(t, "nummer-1234", 2)
			r.Line = line
			check(t, staging.Add(t.Context(), []ledger.Row{r}))
		}
		activate(t, staging, 1)
		check(t, s.Check(t.Context()))
		return kept
	}
	s := open(t, path, keys)
	check(t, s.StartRun(t.Context(), "run", noon))
	take(s, "a.csv")
	if !take(s, "b.csv") {
		t.Fatal("the row was not kept before the migration: this test shows nothing")
	}
	check(t, s.Close())

	s = open(t, firstVersion(t, path), keys)
	if take(s, "c.csv") {
		t.Error("a row whose line is not known was kept")
	}
	if !take(s, "d.csv") {
		t.Error("the row was not kept after it was read again")
	}
}

// A state of any age has, when it was brought forward, the very tables of a new one: also those whose texts alone were changed.
func TestOlderStatesGetTheTablesOfANewOne(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "ledger.db")
	open(t, fresh, newKeys(t))
	want := schemaOf(t, fresh)
	older, err := filepath.Glob(filepath.Join("..", "..", "e2e", "testdata", "schema*"))
	if err != nil || len(older) == 0 {
		t.Fatalf("no older states: %v", err)
	}
	for _, folder := range older {
		file, err := os.ReadFile(filepath.Join(folder, "keys"))
		check(t, err)
		keys, err := seal.ParseKeyFile(bytes.TrimSpace(file))
		check(t, err)
		state := t.TempDir()
		check(t, os.CopyFS(state, os.DirFS(filepath.Join(folder, "state"))))
		path := filepath.Join(state, "ledger.db")
		check(t, open(t, path, keys).Check(t.Context()))
		if diff := cmp.Diff(want, schemaOf(t, path)); diff != "" {
			t.Errorf("%s (-new +brought forward):\n%s", filepath.Base(folder), diff)
		}
	}
}

func schemaOf(t *testing.T, path string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	return texts(t, db, `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`)
}
