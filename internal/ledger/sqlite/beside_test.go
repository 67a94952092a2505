package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// A number that can't be read back keeps nobody else from being looked up.
func TestADamagedNumberKeepsNobodyElseFromBeingLookedUp(t *testing.T) {
	for what, tt := range map[string]struct {
		statement string
		asked     int
	}{
		"of one":                             {`UPDATE person SET insz = zeroblob(40) WHERE id = 1`, 3}, // it stands with the record too
		"of one, and the record has another": {`UPDATE person SET insz = zeroblob(40), insz_ix = zeroblob(32) WHERE id = 1`, 2},
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 3, 1)
			check(t, s.ForgetCursor(t.Context(), kbo))
			spoil(t, path, tt.statement)
			check(t, s.Close())
			told := 0
			s = must(sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, Damaged: func(ledger.Damage) { told++ }}))
			defer s.Close()
			for range 2 {
				asked, err := s.NeedLookup(t.Context(), kbo, 0, 10)
				if err != nil || len(asked) != tt.asked {
					t.Errorf("%d are asked about: %v", len(asked), err)
				}
			}
			if notes := must(s.Notes(t.Context(), kbo)); told != 3-tt.asked || len(notes) != told {
				t.Errorf("told %d times, %d notes", told, len(notes))
			}
		})
	}
}

// A position of the feed that can't be read back is a lost one.
func TestADamagedCursor(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 3, 1)
	must(s.SaveFeed(t.Context(), kbo, "here", nil, noon))
	spoil(t, path, `UPDATE ocmw SET cursor = zeroblob(40)`)
	if c, err := s.Cursor(t.Context(), kbo); c != "" || err != nil {
		t.Errorf("cursor %q: %v", c, err)
	}
	if asked := must(s.NeedLookup(t.Context(), kbo, 0, 10)); len(asked) != 3 {
		t.Errorf("%d are looked up", len(asked))
	}
}

// An item of the feed that can't be read is of somebody of whom what is known is damaged.
func TestAnUnreadItemOfADamagedClient(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 3, 1)
	check(t, s.Close())
	spoil(t, path, `UPDATE known SET payload = zeroblob(100) WHERE person = 1`)
	s = open(t, path, keys)
	people, lost, err := s.LookUpAgain(t.Context(), kbo, []ledger.Unread{{Dossier: "d1", Version: 7}, {Dossier: "d2", Version: 7}})
	if people != 2 || lost != 0 || err != nil {
		t.Errorf("%d people, %d lost: %v", people, lost, err)
	}
}

// Columns that are damaged are shared by the records of a file, and say only from where those are.
func TestDamagedColumns(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	check(t, s.StartRun(t.Context(), "run", noon))
	rows := []ledger.Row{clientRow(t, "c0", 2), clientRow(t, "c1", 3)}
	for i := range rows {
		rows[i].Records[0].INSZ = ""
	}
	rows[0].Records[0].Columns = []byte(`{"lastName":"NAAM"}`)
	activate(t, stage(t, s, "a.csv", rows...), 2)
	spoil(t, path, `UPDATE record_columns SET payload = zeroblob(100)`)
	dirty, err := s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)
	if err != nil || len(dirty) != 2 {
		t.Fatalf("%d are decided: %v", len(dirty), err)
	}
	for _, x := range dirty {
		if x.Damaged != "" || len(x.Records) != 1 {
			t.Errorf("%s: %d records, damaged: %s", x.Client, len(x.Records), x.Damaged)
		}
	}
	if err := s.Check(t.Context()); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("the state check finds %v", err)
	}
	rows[0].Records[0].Hash = "new"
	activate(t, stage(t, s, "b.csv", rows...), 2)
	check(t, s.Check(t.Context()))
}

// What the program opens the state check opens too: else it finds nothing where the log says to run it.
func TestTheStateCheckOpensAll(t *testing.T) {
	for what, statement := range map[string]string{
		"number":   `UPDATE person SET insz = zeroblob(40) WHERE id = 1`,
		"copy":     `UPDATE row_record SET insz = zeroblob(40) WHERE id = (SELECT source FROM record WHERE person = 1)`,
		"position": `UPDATE ocmw SET cursor = zeroblob(40)`,
		"order":    `UPDATE request SET reason = zeroblob(40)`,
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			s := open(t, path, newKeys(t))
			crowd(t, s, 3, 1)
			must(s.SaveFeed(t.Context(), kbo, "here", nil, noon))
			check(t, s.Request(t.Context(), ledger.Request{Kind: "pause", OCMW: kbo, By: ledger.Actor{Name: "els", Reason: "even"}, At: noon}))
			check(t, s.Check(t.Context()))
			spoil(t, path, statement)
			if err := s.Check(t.Context()); err == nil {
				t.Error("the state check finds nothing")
			}
		})
	}
}

// A person's order does not send for a client who is held for damage.
func TestARetrySendsNothingOfADamagedClient(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 1, 1)
	claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
	check(t, err)
	check(t, s.Park(t.Context(), claimed[0][0], outbox.Problem{Type: "badRequest"}, noon))
	spoil(t, path, `UPDATE row_record SET payload = zeroblob(100) WHERE id = (SELECT source FROM record WHERE person = 1)`)
	spoil(t, path, `UPDATE person SET dirty = 1`)
	if got := hold(t, s, "2026-03-16"); len(got) != 1 {
		t.Fatalf("held: %v", got)
	}
	by := ledger.Actor{Name: "els", Reason: "opnieuw"}
	check(t, s.Request(t.Context(), ledger.Request{Kind: "retry", OCMW: kbo, Entry: claimed[0][0].ID, By: by, At: noon}))
	if done := must(s.ApplyRequests(t.Context(), noon)); !done[0].Done {
		t.Fatalf("%+v", done)
	}
	for range 2 {
		if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "again", Limit: 1}, noon); err != nil || len(claimed) > 0 {
			t.Fatalf("%d are sent of a client of whom a record is damaged: %v", len(claimed), err)
		}
		hold(t, s, "2026-03-16")
	}
	if got := lane(t, s, 1); got != "suspended" {
		t.Errorf("the lane: %s", got)
	}
}

// A number that is lost on both sides is there again with the next export, though that has the row as it was.
func TestADamagedNumberIsReadAnew(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	check(t, s.StartRun(t.Context(), "run", noon))
	row := clientRow(t, "c0", 2)
	row.Line = []byte("c0")
	activate(t, stage(t, s, "a.csv", row), 1)
	spoil(t, path, `UPDATE person SET insz = zeroblob(60)`)
	spoil(t, path, `UPDATE row_record SET insz = zeroblob(60)`)
	if asked := must(s.NeedLookup(t.Context(), kbo, 0, 10)); len(asked) != 0 {
		t.Fatalf("%d are looked up", len(asked))
	}
	staging := stage(t, s, "b.csv")
	if must(staging.Keep(t.Context(), 0, row.Number, row.Line)) {
		t.Fatal("the row is not read again")
	}
	check(t, staging.Add(t.Context(), []ledger.Row{row}))
	activate(t, staging, 1)
	if asked := must(s.NeedLookup(t.Context(), kbo, 0, 10)); len(asked) != 1 || asked[0].INSZ != tst {
		t.Errorf("%d are looked up", len(asked))
	}
}
