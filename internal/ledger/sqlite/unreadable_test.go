package sqlite_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
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
		if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon); err != nil || len(claimed) > 0 {
			t.Errorf("claimed %d of what can't be read: %v", len(claimed), err)
		}
		if e := must(s.Entry(t.Context(), "entry-1")); e.State != outbox.Superseded {
			t.Errorf("what can't be read is %s", e.State)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// lane tells of each of a person's entries how it stands.
func lane(t *testing.T, s ledger.Store, person int64) string {
	t.Helper()
	var states []string
	for _, e := range must(s.Entries(t.Context(), ledger.EntryFilter{Person: person})) {
		states = append(states, string(e.State))
	}
	return strings.Join(states, " ")
}

// One whose dossier or entry can't be read stops nobody else. Of what was not sent the client is decided again.
func TestWhatCannotBeReadStopsNobodyElse(t *testing.T) {
	for what, statement := range map[string]string{
		"dossier": `UPDATE known SET payload = zeroblob(100) WHERE person = 1`, "entry": `UPDATE entry SET payload = zeroblob(100) WHERE person = 1`,
		"a part of the entry":  `UPDATE entry SET payload = CAST(substr(payload, 1, length(payload) - 1) || x'00' AS BLOB) WHERE person = 1`,
		"the key of the entry": `UPDATE entry SET payload = CAST(x'0109' || 'kffffffff' || substr(payload, 12) AS BLOB) WHERE person = 1`,
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 3, 1)
			check(t, s.Close())
			spoil(t, path, statement)
			var told []ledger.Damage
			s = must(sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, Damaged: func(d ledger.Damage) { told = append(told, d) }}))
			defer s.Close()
			for range 2 { // one at a time, as before MLP has answered
				claimed, known, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
				if err != nil || len(claimed) != 1 || len(known) != 1 || claimed[0][0].Person == 1 {
					t.Fatalf("claimed %d: %v", len(claimed), err)
				}
			}
			if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon); err != nil || len(claimed) > 0 {
				t.Errorf("claimed %d of what can't be read: %v", len(claimed), err)
			}
			dirty := must(s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10))
			if len(dirty) != 1 || dirty[0].Person != 1 || (dirty[0].Damaged != "") != (what == "dossier") {
				t.Fatalf("%d clients are decided again: %+v", len(dirty), dirty)
			}
			if what == "dossier" {
				return
			}
			if got := lane(t, s, 1); got != "superseded" {
				t.Errorf("the lane: %s", got)
			}
			e := must(s.Entry(t.Context(), "e1"))
			if e.Problem.Type != "unreadable" || e.Damaged != "" || len(told) != 1 || told[0].Entry != "e1" {
				t.Errorf("it is not told: %+v, %+v", e.Problem, told)
			}
			if notes := must(s.Notes(t.Context(), kbo)); len(notes) != 1 || !strings.Contains(notes[0].EN, "entry e1") {
				t.Errorf("notes: %+v", notes)
			}
			var audited []string
			check(t, s.Audit(t.Context(), dirty[0].Pseudonym, func(r audit.Record) error { audited = append(audited, r.Action+" "+r.Entry); return nil }))
			if !slices.Contains(audited, "unreadable e1") {
				t.Errorf("the audit has %v", audited)
			}
			check(t, s.Check(t.Context()))
		})
	}
}

// Nobody knows whether MLP took it, and what it said is lost: MLP is read before the client is decided again.
func TestWhatCannotBeReadInDoubtIsLookedUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, newKeys(t))
	_, e := fill(t, s)
	check(t, s.Doubt(t.Context(), e, noon, outbox.Problem{}, noon))
	spoil(t, path, `UPDATE entry SET payload = zeroblob(100) WHERE id = 'entry-0'`)
	if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon); err != nil || len(claimed) > 0 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	if got, asked := lane(t, s, e.Person), must(s.NeedLookup(t.Context(), kbo, 0, 10)); got != "superseded superseded" || len(asked) != 1 {
		t.Errorf("the lane is %s, %d are looked up", got, len(asked))
	}
}

// With the dossier that is known the reading of MLP is lost too: it stays in doubt, said and out of the way.
func TestWhatIsInDoubtWaitsForItsDossier(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	_, e := fill(t, s)
	check(t, s.Doubt(t.Context(), e, noon, outbox.Problem{}, noon))
	check(t, s.Close())
	spoil(t, path, `UPDATE known SET payload = zeroblob(100)`)
	s = open(t, path, keys)
	if claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon); err != nil || len(claimed) > 0 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	kept := must(s.Entry(t.Context(), e.ID))
	if kept.State != outbox.InDoubt || !kept.NotBefore.After(noon) || !strings.Contains(kept.Problem.Next, "state restore") {
		t.Errorf("%s, due %s: %+v", kept.State, kept.NotBefore, kept.Problem)
	}
}

// hold decides all that is to be decided as the cycle does where nothing else is to be done, and tells who is damaged.
func hold(t *testing.T, s ledger.Store, day casefile.Date) (damaged []string) {
	t.Helper()
	var outcomes []ledger.Outcome
	for _, x := range must(s.Dirty(t.Context(), kbo, day, "v1", 10)) {
		o := ledger.Outcome{Subject: x, Kind: ledger.OutcomeNoChange, Version: "v1", Decision: casefile.Decision{Day: day}}
		if x.Damaged != "" {
			o.Kind, o.Decision.NextReview, damaged = ledger.OutcomeHeld, day.AddDays(1), append(damaged, x.Client)
		}
		outcomes = append(outcomes, o)
	}
	check(t, s.Decide(t.Context(), "run", outcomes, noon))
	return damaged
}

// walked has the reports' walks, status and the daily reading go over all clients.
func walked(t *testing.T, s ledger.Store) (damaged []string) {
	t.Helper()
	for _, walk := range []func(func(ledger.ClientView) error) error{
		func(each func(ledger.ClientView) error) error { return s.Clients(t.Context(), kbo, each) },
		func(each func(ledger.ClientView) error) error { return s.Decisions(t.Context(), kbo, each) },
	} {
		check(t, walk(func(v ledger.ClientView) error {
			if v.Damaged != "" {
				damaged = append(damaged, v.Client)
			}
			return nil
		}))
	}
	return damaged
}

// Of a client of whom something is damaged nothing is decided or sent. All others go on, and everybody can be shown and looked up.
func TestADamagedClientIsHeldAlone(t *testing.T) {
	for what, statement := range map[string]string{
		"record":       `UPDATE row_record SET payload = zeroblob(100) WHERE id = (SELECT source FROM record WHERE person = 1)`,
		"dossier":      `UPDATE known SET payload = zeroblob(100) WHERE person = 1`,
		"dossier gone": `DELETE FROM known WHERE person = 1`,
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 3, 1)
			check(t, s.Close())
			spoil(t, path, statement)
			db := must(sql.Open("sqlite", path))
			must(db.Exec(`UPDATE person SET dirty = 1, category_next = '2026-03-01'`))
			check(t, db.Close())
			s = open(t, path, keys)
			check(t, s.StartRun(t.Context(), "next", noon))
			if got := hold(t, s, "2026-03-16"); !slices.Equal(got, []string{"c0"}) {
				t.Fatalf("held: %v", got)
			}
			if got := []string{lane(t, s, 1), lane(t, s, 2)}; !slices.Equal(got, []string{"suspended", "superseded"}) {
				t.Errorf("lanes of the damaged client and of another: %v", got)
			}
			if got := walked(t, s); !slices.Equal(got, []string{"c0", "c0"}) {
				t.Errorf("shown as damaged: %v", got)
			}
			notes := must(s.Notes(t.Context(), kbo))
			if len(notes) != 1 || !strings.Contains(notes[0].EN, "is held") || strings.Contains(notes[0].EN, " c0") { // a pseudonym may have these letters
				t.Errorf("notes: %+v", notes)
			}
			if err := s.Check(t.Context()); !errors.Is(err, seal.ErrTampered) && (err == nil || !strings.Contains(err.Error(), "was known of its dossier is gone")) {
				t.Errorf("the state check finds %v", err)
			}
			check(t, s.ForgetCursor(t.Context(), kbo))
			var answers []ledger.LookupResult
			var feed []casefile.Dossier
			for _, l := range must(s.NeedLookup(t.Context(), kbo, 0, 10)) {
				answers = append(answers, ledger.LookupResult{Person: l.Person, Dossier: &casefile.Dossier{ID: fmt.Sprint("d", l.Person), Version: 7}})
				feed = append(feed, casefile.Dossier{ID: fmt.Sprint("d", l.Person), Version: 8})
			}
			check(t, s.SaveLookups(t.Context(), "next", kbo, answers, noon))
			if left := must(s.NeedLookup(t.Context(), kbo, 0, 10)); len(left) > 0 {
				t.Errorf("%d are looked up for ever", len(left))
			}
			must(s.SaveFeed(t.Context(), kbo, "cursor", feed, noon))
			if k := must(s.Known(t.Context(), 2)); k.Dossier.Version != 8 {
				t.Errorf("of another client version %d is known", k.Dossier.Version)
			}
		})
	}
}

// What is damaged of a record is replaced by the next export, though that has the row as it was.
func TestADamagedRecordIsReadAnew(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	check(t, s.StartRun(t.Context(), "run", noon))
	rows := []ledger.Row{clientRow(t, "c0", 2), clientRow(t, "c1", 3)}
	for i := range rows {
		rows[i].Line, rows[i].Records[0].INSZ, rows[i].Records[0].Hash = []byte(rows[i].Client), "", "same"
	}
	activate(t, stage(t, s, "a.csv", rows...), 2)
	spoil(t, path, `UPDATE row_record SET payload = zeroblob(100) WHERE id = (SELECT source FROM record WHERE person = 1)`)
	if got := hold(t, s, "2026-03-16"); !slices.Equal(got, []string{"c0"}) {
		t.Fatalf("held: %v", got)
	}
	staging := stage(t, s, "b.csv")
	for _, r := range rows {
		kept := must(staging.Keep(t.Context(), 0, r.Number, r.Line))
		if kept == (r.Client == "c0") {
			t.Fatalf("the row of %s is kept: %t", r.Client, kept)
		}
		if !kept {
			check(t, staging.Add(t.Context(), []ledger.Row{r}))
		}
	}
	activate(t, staging, 2)
	if got := hold(t, s, "2026-03-16"); len(got) > 0 {
		t.Errorf("with the file, held: %v", got)
	}
	if notes := must(s.Notes(t.Context(), kbo)); len(notes) > 0 {
		t.Errorf("it is still told: %+v", notes)
	}
	if damaged := walked(t, s); len(damaged) > 0 {
		t.Errorf("still shown as damaged: %v", damaged)
	}
	check(t, s.Check(t.Context()))
}

// A number that is damaged is read from the export's row; a caseworker's name is left out. Nobody is held for them, and the state check tells.
func TestADamagedNumberIsReadFromTheExport(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	check(t, s.StartRun(t.Context(), "run", noon))
	activate(t, stage(t, s, "a.csv", clientRow(t, "c0", 2)), 1)
	spoil(t, path, `UPDATE person SET insz = zeroblob(60), caseworker = zeroblob(60)`)
	if asked := must(s.NeedLookup(t.Context(), kbo, 0, 10)); len(asked) != 1 || asked[0].INSZ != tst {
		t.Errorf("%d are looked up", len(asked))
	}
	check(t, s.SaveLookups(t.Context(), "run", kbo, []ledger.LookupResult{{Person: 1}}, noon))
	if got := hold(t, s, "2026-03-16"); len(got) > 0 {
		t.Errorf("held: %v", got)
	}
	if err := s.Check(t.Context()); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("the state check finds %v", err)
	}
}

// A decision that is damaged is made again; nobody's worklist waits for it.
func TestADamagedDecisionIsMadeAgain(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 3, 1)
	spoil(t, path, `UPDATE decision SET payload = zeroblob(100) WHERE person = 2`)
	walked(t, s)
	check(t, s.StartRun(t.Context(), "next", noon))
	if again := must(s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)); len(again) != 1 || again[0].Person != 2 || again[0].Damaged != "" {
		t.Errorf("decided again: %+v", again)
	}
}

// An order that can't be read back is told as not carried out, and keeps no other waiting. One that stops something stops it
// though its reason is lost.
func TestAnUnreadableOrderKeepsNoOtherWaiting(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 4, 1)
	by := ledger.Actor{Name: "els", Reason: "zo gevraagd"}
	for _, r := range []ledger.Request{
		{Kind: "discard", Entry: "e1"}, {Kind: "hold", Client: "c1"}, {Kind: "hold", Client: "c2"}, {Kind: "pause"}, {Kind: "discard", Entry: "e4"},
	} {
		r.OCMW, r.By, r.At = kbo, by, noon
		check(t, s.Request(t.Context(), r))
	}
	for id, column := range map[int]string{1: "reason", 2: "client", 3: "reason", 4: "reason"} {
		spoil(t, path, `UPDATE request SET `+column+` = zeroblob(60) WHERE id = ?`, id)
	}
	if p := must(s.Paused(t.Context(), kbo)); p == nil || p.By != "els" {
		t.Errorf("the pause that is ordered: %+v", p)
	}
	var done []bool
	for _, a := range must(s.ApplyRequests(t.Context(), noon)) {
		done = append(done, a.Done)
		if !a.Done && !strings.Contains(a.Result, "order it again") {
			t.Errorf("%s: %s", a.Kind, a.Result)
		}
	}
	if !slices.Equal(done, []bool{false, false, true, true, true}) {
		t.Fatalf("done: %v", done)
	}
	if got := []string{lane(t, s, 1), lane(t, s, 4)}; !slices.Equal(got, []string{"waiting", "discarded"}) {
		t.Errorf("lanes: %v", got)
	}
	if again := must(s.ApplyRequests(t.Context(), noon)); len(again) > 0 {
		t.Errorf("%d are tried again", len(again))
	}
	if p := must(s.Paused(t.Context(), kbo)); p == nil || p.By != "els" {
		t.Errorf("the pause that was carried out: %+v", p)
	}
	var audited []string
	check(t, s.Audit(t.Context(), "", func(r audit.Record) error {
		if r.Action == "unreadable" {
			audited = append(audited, r.Actor+" "+r.Source)
		}
		return nil
	}))
	notes := must(s.Notes(t.Context(), kbo))
	if !slices.Equal(audited, []string{"els order discard", "els order hold"}) || len(notes) != 2 || !strings.Contains(notes[0].EN, "order 1 (discard) of els on 2026-03-16 was not carried out") {
		t.Errorf("audited: %v, told: %+v", audited, notes)
	}
}

// A key that is wrong is no damage of thousands of entries: everything stops at once, says which key, and changes nothing.
func TestAWrongKeyIsNoDamage(t *testing.T) {
	first, second, other := keyLine(t, "k1"), keyLine(t, "k2"), keyLine(t, "k2")
	index := "index " + strings.Fields(keyLine(t, "x"))[2]
	keys := func(lines ...string) *seal.Keys {
		return must(seal.ParseKeyFile([]byte(strings.Join(append(lines, index), "\n"))))
	}
	for what, wrong := range map[string]*seal.Keys{"missing": keys(first), "another": keys(other, first)} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			check(t, open(t, path, keys(first)).Close()) // proved by the first key
			s := open(t, path, keys(second, first))
			crowd(t, s, 30, 1)
			check(t, s.Request(t.Context(), ledger.Request{Kind: "resume", OCMW: kbo, By: ledger.Actor{Name: "els", Reason: "klaar"}, At: noon}))
			check(t, s.Close())
			s = open(t, path, wrong)
			_, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon)
			if err == nil || !strings.Contains(err.Error(), "k2") || !strings.Contains(hint(err), "put back the key file") {
				t.Errorf("claimed under a wrong key: %v, hint %q", err, hint(err))
			}
			if _, err := s.ApplyRequests(t.Context(), noon); err == nil || !strings.Contains(err.Error(), "k2") {
				t.Errorf("an order of before was carried out, or dropped, under a wrong key: %v", err)
			}
			if _, err := s.Dirty(t.Context(), kbo, "2027-03-16", "v2", 10); err == nil || !strings.Contains(err.Error(), "k2") {
				t.Errorf("decided under a wrong key: %v", err)
			}
			if err := s.Decisions(t.Context(), kbo, func(ledger.ClientView) error { return nil }); err == nil || !strings.Contains(err.Error(), "k2") {
				t.Errorf("read under a wrong key: %v", err)
			}
			if got := must(s.Totals(t.Context(), kbo, "")).Entries; got[outbox.Waiting] != 30 {
				t.Errorf("entries: %v", got)
			}
		})
	}
}

// keyLine is a line of a key file.
func keyLine(t *testing.T, id string) string {
	t.Helper()
	file := must(seal.Generate(rand.Reader))
	for line := range strings.Lines(string(file)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "key" {
			return "key " + id + " " + fields[2]
		}
	}
	t.Fatal("no key was made")
	return ""
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

// What was told of damage goes after a week, and not when somebody looks at the database whole. What such a look found stays until the next.
func TestWhatWasToldOfDamageGoes(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 1, 1)
	check(t, s.Request(t.Context(), ledger.Request{Kind: "unhold", OCMW: kbo, Client: "c0", By: ledger.Actor{Name: "els", Reason: "weer goed"}, At: noon}))
	spoil(t, path, `UPDATE request SET reason = zeroblob(40)`)
	must(s.ApplyRequests(t.Context(), noon))
	found := []ledger.Note{{Key: "damaged", Level: "error", Since: noon, EN: "a page", NL: "een bladzijde"}}
	for _, at := range []struct{ days, want int }{{0, 2}, {6, 2}, {8, 1}} {
		check(t, s.SaveNotes(t.Context(), sqlite.StateTopic, found))
		check(t, s.StartRun(t.Context(), "run", noon.AddDate(0, 0, at.days)))
		if notes := must(s.Notes(t.Context(), kbo)); len(notes) != at.want {
			t.Errorf("%d notes after %d days, want %d", len(notes), at.days, at.want)
		}
	}
}

// That a client can't be looked up for a damaged number is told as long as that is so.
func TestAClientWhoCannotBeLookedUpIsToldOf(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 3, 1)
	check(t, s.ForgetCursor(t.Context(), kbo))
	spoil(t, path, `UPDATE person SET insz = zeroblob(40), insz_ix = zeroblob(32) WHERE id = 1`)
	must(s.NeedLookup(t.Context(), kbo, 0, 10))
	for days, want := range []int{1, 1, 0} {
		if days == 2 {
			spoil(t, path, `UPDATE person SET looked_up = 1 WHERE id = 1`)
		}
		check(t, s.SaveNotes(t.Context(), sqlite.StateTopic, nil))
		check(t, s.StartRun(t.Context(), "run", noon.AddDate(0, 0, 30*days)))
		if notes := must(s.Notes(t.Context(), kbo)); len(notes) != want {
			t.Errorf("%d notes after %d months, want %d", len(notes), days, want)
		}
	}
}
