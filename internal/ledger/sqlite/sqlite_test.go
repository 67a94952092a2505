package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

const (
	kbo  = "0999999922"
	tst  = "67722499797" // a TST number
	name = "Vanschoonwinkel"
)

var noon = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func inszOf(t testing.TB, digits string) ident.INSZ {
	t.Helper()
	reading, err := ident.ParseINSZ(digits)
	check(t, err)
	return reading.INSZ
}

func clientRow(t testing.TB, number string, n int) ledger.Row {
	t.Helper()
	c := &casefile.Client{
		Header: casefile.Header{Client: number, RecordKey: number}, INSZ: inszOf(t, tst), LastName: name, FirstName: "Zoë",
		Caseworker: "mw-geheim",
	}
	payload, err := casefile.MarshalRecord(c)
	check(t, err)
	return ledger.Row{Number: n, Client: number, Records: []ledger.StoredRecord{{
		Kind: casefile.KindClient, Client: number, Key: number, INSZ: tst, Caseworker: c.Caseworker, Hash: fmt.Sprint(name, n), Payload: payload,
	}}}
}

func stage(t testing.TB, s ledger.Store, file string, rows ...ledger.Row) ledger.Staging {
	t.Helper()
	staging, err := s.StageSet(t.Context(), "run", kbo, []ledger.File{{Feed: "clients", Name: file, Hash: file, Interpretation: "1"}})
	check(t, err)
	check(t, staging.Add(t.Context(), rows))
	return staging
}

func activate(t testing.TB, staging ledger.Staging, rows int) {
	t.Helper()
	result, err := staging.Activate(t.Context(), []ledger.FileCount{{Rows: rows}}, noon)
	check(t, err)
	if !result.Activated {
		t.Fatalf("the balance does not hold: %+v", result.Files)
	}
}

func change(t testing.TB, code casefile.Code) []byte {
	t.Helper()
	payload, err := casefile.MarshalChange(casefile.Change{
		Op: casefile.OpPut, Kind: casefile.RegCategory, ID: "reg", New: casefile.Category{Code: code, From: "2026-03-16"}, Sentence: "geheime zin",
	})
	check(t, err)
	return payload
}

// fill brings a store to where a client is in force, known, decided and has one entry
// claimed of two.
func fill(t testing.TB, s ledger.Store) (ledger.Subject, outbox.Entry) {
	t.Helper()
	ctx := t.Context()
	check(t, s.StartRun(ctx, "run", noon))
	bad := ledger.Row{Number: 3, Client: "nummer-4711", Rejections: []ledger.Rejection{{Row: 3, Rule: "insz.check", ReasonNL: "geheime reden"}}}
	activate(t, stage(t, s, "a.csv", clientRow(t, "nummer-1234", 2), bad), 2)
	asked, err := s.NeedLookup(ctx, kbo, 0, 10)
	check(t, err)
	if len(asked) != 1 || asked[0].INSZ != tst {
		t.Fatalf("asked for %d look-ups", len(asked))
	}
	dossier := casefile.Dossier{ID: "dossier-geheim", Version: 4, Person: casefile.Person{INSZ: inszOf(t, tst), LastName: name}}
	check(t, s.SaveLookups(ctx, "run", kbo, []ledger.LookupResult{{Person: asked[0].Person, Dossier: &dossier}}, noon))
	_, err = s.SaveFeed(ctx, kbo, "cursor-geheim", nil, noon)
	check(t, err)
	subjects, err := s.Dirty(ctx, kbo, "2026-03-16", "v1", 10)
	check(t, err)
	subject := subjects[0]
	if subject.Client != "nummer-1234" {
		subject = subjects[1]
	}
	var entries []outbox.Entry
	for i, code := range []casefile.Code{"05", "90"} {
		entries = append(entries, outbox.Entry{
			ID: fmt.Sprintf("entry-%d", i), Op: "put", Kind: "category", Rule: "CAT-02", Version: 4, ContentHash: "inhoud-" + string(code),
			Payload: change(t, code),
		})
	}
	decision := casefile.Decision{Day: "2026-03-16", Manual: []casefile.Manual{{Rule: "CAT-03", Reason: "geheime vraag"}}}
	check(t, s.Decide(ctx, "run", []ledger.Outcome{{
		Subject: subject, Kind: ledger.OutcomeManual, Decision: decision, Version: "v1", Entries: entries,
	}}, noon))
	check(t, s.Approve(ctx, kbo, ledger.Actor{Name: "els", Reason: "geheime uitleg"}, noon))
	check(t, s.SaveNotes(ctx, "files", []ledger.Note{{OCMW: kbo, Key: "k", Level: "warn", NL: "geheime nota"}}))
	check(t, s.Request(ctx, ledger.Request{Kind: "release", OCMW: kbo, Shown: "0", By: ledger.Actor{Name: "els", Reason: "geheim verzoek"}, At: noon}))
	claimed, _, err := s.Claim(ctx, outbox.Claim{Token: "token", Limit: 5}, noon)
	check(t, err)
	if len(claimed) != 1 {
		t.Fatalf("claimed %d entries", len(claimed))
	}
	return subject, claimed[0][0]
}

func TestNothingPersonalOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "ledger.db"), newKeys(t))
	_, e := fill(t, s)
	check(t, s.GiveBack(t.Context(), e, noon, true, outbox.Problem{Title: "geheim probleem"}, noon))
	by := ledger.Actor{Name: "els", Reason: "geheim waarom"}
	answer := casefile.Answer{Rule: "CAT-03", Question: "geheime kwestie", Category: "05", On: "2026-03-16", At: noon, By: "els", Reason: by.Reason}
	for range 2 { // the second time they are left lying
		_, err := s.ApplyRequests(t.Context(), noon)
		check(t, err)
		check(t, s.Request(t.Context(), ledger.Request{Kind: "hold", OCMW: kbo, Client: "nummer-1234", By: by, At: noon}))
		check(t, s.Request(t.Context(), ledger.Request{Kind: "decide", OCMW: kbo, Client: "nummer-1234", Answer: answer, By: by, At: noon}))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	check(t, err)
	size := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		check(t, err)
		size += len(content)
		for _, secret := range []string{tst, name, "Zoë", "nummer-1234", "nummer-4711", "mw-geheim", "geheim", "inhoud-05"} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q in clear", filepath.Base(file), secret)
			}
		}
		if !bytes.Contains(content, []byte(kbo)) && filepath.Ext(file) == ".db-wal" {
			t.Errorf("%s does not hold the OCMW: is this where the rows are?", filepath.Base(file))
		}
		if info, err := os.Stat(file); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o077 != 0) {
			t.Errorf("%s can be read by others", filepath.Base(file))
		}
	}
	if size < 100_000 {
		t.Fatalf("only %d bytes were looked at", size)
	}
}

func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "state")
	open(t, filepath.Join(dir, "ledger.db"), newKeys(t))
	info, err := os.Stat(dir)
	check(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Fatalf("mode of the state directory is %v", info.Mode())
	}
}

// copyState is what a kill leaves: the files as they are at this instant. cut bytes
// at the end of the log never reached the disk.
func copyState(t testing.TB, path string, cut int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		check(t, err)
		if suffix == "-wal" {
			content = content[:max(0, int64(len(content))-cut)]
		}
		check(t, os.WriteFile(to+suffix, content, 0o600))
	}
	return to
}

func TestKilledBetweenStagingAndActivation(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	fill(t, s)
	staging := stage(t, s, "b.csv", clientRow(t, "nummer-1234", 9), clientRow(t, "nummer-5", 10))
	after := open(t, copyState(t, path, 0), keys)
	last, err := after.LastIngested(t.Context(), kbo, "clients")
	check(t, err)
	if last.Name != "a.csv" {
		t.Fatalf("%s is in force", last.Name)
	}
	if _, err := after.Find(t.Context(), kbo, "nummer-5"); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("a client of the set that was not activated: %v", err)
	}
	activate(t, stage(t, after, "b.csv", clientRow(t, "nummer-1234", 9), clientRow(t, "nummer-5", 10)), 2)
	check(t, after.Check(t.Context()))
	activate(t, staging, 2) // the first process was never killed
}

func TestKilledWhileClaimed(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	_, e := fill(t, s)
	after := open(t, copyState(t, path, 0), keys)
	n, err := after.Recover(t.Context(), noon)
	check(t, err)
	doubtful, _, err := after.Claim(t.Context(), outbox.Claim{Token: "token-2", Limit: 5}, noon)
	check(t, err)
	if n != 1 || len(doubtful) != 1 || doubtful[0][0].ID != e.ID || doubtful[0][0].State != outbox.InDoubt {
		t.Fatalf("recovered %d, then claimed %d", n, len(doubtful))
	}
	check(t, after.Check(t.Context()))
}

// TestTornLog cuts the log at many places: whatever reached the disk, the ledger opens
// as it was after one of its transactions.
func TestTornLog(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	fill(t, s)
	info, err := os.Stat(path + "-wal")
	check(t, err)
	states := map[string]bool{}
	for cut := int64(0); cut < info.Size(); cut += info.Size()/40 + 13 {
		after, err := sqlite.Open(t.Context(), sqlite.Options{Path: copyState(t, path, cut), Keys: keys})
		if err != nil {
			t.Fatalf("%d bytes from the end: %v", cut, err)
		}
		check(t, after.Check(t.Context()))
		entries, err := after.Entries(t.Context(), ledger.EntryFilter{})
		check(t, err)
		word := fmt.Sprint(len(entries))
		for _, e := range entries {
			word += " " + string(e.State)
		}
		states[word] = true
		check(t, after.Close())
	}
	for word := range states {
		switch word {
		case "0", "2 waiting waiting", "2 claimed waiting":
		default:
			t.Errorf("half a transaction: %s", word)
		}
	}
	if len(states) < 2 {
		t.Fatalf("the cuts met only %v", states)
	}
}

func TestOpenRefuses(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	fill(t, open(t, path, keys))
	tryOpen := func(o sqlite.Options) error {
		s, err := sqlite.Open(t.Context(), o)
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	if err := tryOpen(sqlite.Options{Path: path, Keys: newKeys(t)}); !errors.Is(err, sqlite.ErrWrongKeys) {
		t.Errorf("other keys: %v", err)
	}
	if err := sqlite.RefuseNetworkPath(`\\server\share`); !errors.Is(err, sqlite.ErrNetworkPath) {
		t.Errorf("a UNC path: %v", err)
	}
	if err := tryOpen(sqlite.Options{Path: path}); err == nil {
		t.Error("opened without keys")
	}
	raw(t, path, `PRAGMA user_version = 99`)
	for _, readOnly := range []bool{false, true} {
		if err := tryOpen(sqlite.Options{Path: path, Keys: keys, ReadOnly: readOnly}); err == nil || !strings.Contains(err.Error(), "newer mlpsync") {
			t.Errorf("a newer schema: %v", err)
		}
	}
	raw(t, path, `PRAGMA user_version = 1`)
	if err := tryOpen(sqlite.Options{Path: path, Keys: keys, ReadOnly: true}); !strings.Contains(hint(err), "start the daemon of this version") {
		t.Errorf("an older schema: %v", err)
	}
}

// A young ledger stands wholly in the log: without that, or with another database in its place, none of it is there, and that is said.
func TestALedgerWithoutItsLogIsNotBegunAnew(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	fill(t, open(t, path, keys))
	for what, lose := range map[string]func(copied string){
		"the log is gone":   func(copied string) { check(t, os.Remove(copied+"-wal")) },
		"the log is broken": func(copied string) { check(t, os.WriteFile(copied+"-wal", make([]byte, 40_000), 0o600)) },
		"another database": func(copied string) {
			check(t, errors.Join(os.Remove(copied), os.Remove(copied+"-wal")))
			raw(t, copied, `CREATE TABLE other (a)`)
		},
	} {
		copied := copyState(t, path, 0)
		check(t, os.WriteFile(copied+".made", nil, 0o600))
		lose(copied)
		for _, readOnly := range []bool{true, false, false} {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Path: copied, Keys: keys, ReadOnly: readOnly})
			if !errors.Is(err, sqlite.ErrGone) {
				t.Errorf("%s: %v", what, err)
			}
			if err == nil {
				check(t, s.Close())
			}
		}
	}
}

// A restore that was killed between the two has kept the state, and the hint says where.
func TestARestoreThatWasCutShortIsSaid(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	check(t, open(t, path, keys).Close())
	aside := filepath.Join(filepath.Dir(path), "before-restore-20260316T080000.000Z")
	check(t, errors.Join(os.Mkdir(aside, 0o700), os.Rename(path, filepath.Join(aside, "ledger.db"))))
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys})
	if !errors.Is(err, sqlite.ErrGone) || !strings.Contains(hint(err), filepath.Base(aside)) || strings.Contains(hint(err), "empty the state") {
		t.Errorf("%v, hint %q", err, hint(err))
	}
}

// raw writes behind the store's back.
func raw(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	check(t, err)
}

func TestBesideTheDaemon(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "a # b?c %20", "ledger.db"), newKeys(t)
	daemon := open(t, path, keys)
	_, e := fill(t, daemon)
	beside, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, ReadOnly: true})
	check(t, err)
	defer beside.Close()
	view, err := beside.Find(t.Context(), kbo, "nummer-1234")
	check(t, err)
	if view.Kind != ledger.OutcomeManual || view.Decision.Manual[0].Reason != "geheime vraag" {
		t.Fatalf("read %+v", view.Decision)
	}
	for what, err := range map[string]error{
		"settle": beside.Settle(t.Context(), "run", e, casefile.Dossier{}, noon),
		"meta":   beside.SetMeta(t.Context(), "k", "v"),
		"stage":  func() error { _, err := beside.StageSet(t.Context(), "run", kbo, nil); return err }(),
		"apply":  func() error { _, err := beside.ApplyRequests(t.Context(), noon); return err }(),
	} {
		if !errors.Is(err, sqlite.ErrReadOnly) {
			t.Errorf("%s beside the daemon: %v", what, err)
		}
	}
	check(t, beside.Request(t.Context(), ledger.Request{Kind: "discard", Entry: "entry-1", By: ledger.Actor{Name: "els", Reason: "dubbel"}, At: noon}))
	applied, err := daemon.ApplyRequests(t.Context(), noon)
	check(t, err)
	if last := applied[len(applied)-1]; !last.Done || last.By.Reason != "dubbel" || last.OCMW != kbo {
		t.Fatalf("applied %+v", applied)
	}
	scratch, err := beside.Scratch(t.Context())
	check(t, err)
	check(t, scratch.SetMeta(t.Context(), "k", "v"))
	check(t, scratch.Close())
}

func TestBesideNoDaemon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Keys: newKeys(t), ReadOnly: true})
	check(t, err)
	defer s.Close()
	if _, err := s.Find(t.Context(), kbo, "1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("in an empty ledger: %v", err)
	}
	if err := s.Request(t.Context(), ledger.Request{Kind: "release", OCMW: kbo, Shown: "0"}); err == nil {
		t.Error("a request went nowhere")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading made the state directory: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	release, err := sqlite.Lock(dir)
	check(t, err)
	if _, err := sqlite.Lock(dir); !errors.Is(err, ledger.ErrInUse) {
		t.Fatalf("a second daemon: %v", err)
	}
	check(t, release())
	release, err = sqlite.Lock(dir)
	check(t, err)
	check(t, release())
}

func TestCheckFindsWhatWasChanged(t *testing.T) {
	for what, statement := range map[string]string{
		"an audit record":        `UPDATE audit SET after = '00' WHERE action = 'decided'`,
		"a lost audit record":    `DELETE FROM audit WHERE seq = 2`,
		"an audit payload":       `UPDATE audit SET payload = x'00' WHERE payload IS NOT NULL`,
		"a lane out of order":    `PRAGMA ignore_check_constraints = 1; UPDATE entry SET head = 0`,
		"a record without a row": `PRAGMA foreign_keys = 0; DELETE FROM row_record`,
		"columns that are gone":  `UPDATE row_record SET columns = 7`,
		"a row that is gone":     `PRAGMA foreign_keys = 1; DELETE FROM export_row WHERE id = (SELECT MAX(id) FROM export_row)`,
		"a row to keep without a record in force": `UPDATE export_row SET line = x'00'; UPDATE record SET missing_since = 1
			WHERE source = (SELECT MAX(source) FROM record)`,
	} {
		path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
		s := open(t, path, keys)
		fill(t, s)
		check(t, s.Check(t.Context()))
		raw(t, path, statement)
		err := s.Check(t.Context())
		if err == nil {
			t.Errorf("%s was not found", what)
		}
		var broken *audit.BrokenError
		if strings.Contains(what, "audit") && !errors.As(err, &broken) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSealedValuesStayInTheirPlace(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	fill(t, s)
	raw(t, path, `UPDATE entry SET payload = (SELECT payload FROM entry WHERE id = 'entry-0') WHERE id = 'entry-1'`)
	if e, err := s.Entry(t.Context(), "entry-1"); err != nil || e.Payload != nil || !strings.Contains(e.Damaged, seal.ErrTampered.Error()) {
		t.Fatalf("a payload of another entry: %q, %v", e.Damaged, err)
	}
}

// TestIllegalStatesAreRefusedByTheSchema writes what no code path should.
func TestIllegalStatesAreRefusedByTheSchema(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	fill(t, open(t, path, keys))
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	for _, set := range []string{
		`state = 'claimed'`, `state = 'gone'`, `claim = 'x'`, `state = 'inDoubt'`, `state = 'settled'`, `settled_run = 'x'`, `doubt_since = 1`,
		`head = 1`, `attempts = -1`, `version = 'five'`,
	} {
		if _, err := db.Exec(`UPDATE entry SET ` + set + ` WHERE id = 'entry-1'`); err == nil {
			t.Errorf("the second of a lane took %s", set)
		}
	}
}

func TestWorkersShareTheQueue(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "ledger.db"), newKeys(t))
	const clients = 40
	crowd(t, s, clients, 1)
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for round := 0; ; round++ {
				claimed, _, err := s.Claim(context.Background(), outbox.Claim{Token: fmt.Sprintf("w%d-%d", worker, round), Limit: 3}, noon)
				if err != nil || len(claimed) == 0 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				for _, e := range slices.Concat(claimed...) {
					mu.Lock()
					seen[e.ID]++
					mu.Unlock()
					if err := s.Settle(context.Background(), "run", e, casefile.Dossier{ID: e.Pseudonym, Version: 2}, noon); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != clients {
		t.Errorf("%d of %d entries went", len(seen), clients)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("entry %s went %d times", id, n)
		}
	}
}

// crowd fills a store with clients that each have one entry approved; it gives the
// time that each stage took.
func crowd(t testing.TB, s ledger.Store, clients, recordsEach int) map[string]time.Duration {
	t.Helper()
	took, began := map[string]time.Duration{}, time.Now()
	lap := func(what string) { took[what] += time.Since(began); began = time.Now() }
	ctx := t.Context()
	check(t, s.StartRun(ctx, "run", noon))
	for round := range 2 {
		staging := stage(t, s, fmt.Sprintf("crowd-%d.csv", round))
		for from := 0; from < clients; from += 500 {
			var rows []ledger.Row
			for i := from; i < min(clients, from+500); i++ {
				rows = append(rows, crowdRows(t, i, recordsEach)...)
			}
			check(t, staging.Add(ctx, rows))
		}
		lap("stage")
		activate(t, staging, clients*recordsEach)
		lap(fmt.Sprintf("activate %d", round+1))
	}
	for {
		asked, err := s.NeedLookup(ctx, kbo, 0, 200)
		check(t, err)
		if len(asked) == 0 {
			break
		}
		found := make([]ledger.LookupResult, len(asked))
		for i, a := range asked {
			found[i] = ledger.LookupResult{Person: a.Person, Dossier: &casefile.Dossier{ID: fmt.Sprint("d", a.Person), Version: 1}}
		}
		check(t, s.SaveLookups(ctx, "run", kbo, found, noon))
	}
	lap("look up")
	for {
		subjects, err := s.Dirty(ctx, kbo, "2026-03-16", "v1", 200)
		check(t, err)
		if len(subjects) == 0 {
			break
		}
		outcomes := make([]ledger.Outcome, len(subjects))
		for i, x := range subjects {
			outcomes[i] = ledger.Outcome{Subject: x, Kind: ledger.OutcomePlanned, Version: "v1", Decision: casefile.Decision{Day: "2026-03-16"},
				Entries: []outbox.Entry{{ID: fmt.Sprint("e", x.Person), Kind: "category", Version: 1, ContentHash: "c", Payload: change(t, "05")}}}
		}
		check(t, s.Decide(ctx, "run", outcomes, noon))
	}
	lap("decide")
	check(t, s.Approve(ctx, kbo, ledger.Actor{Name: "els"}, noon))
	lap("approve")
	return took
}

func crowdRows(t testing.TB, i, recordsEach int) []ledger.Row {
	number := fmt.Sprint("c", i)
	r := clientRow(t, number, i*recordsEach)
	r.Records[0].INSZ, r.Records[0].Hash = fmt.Sprintf("%011d", i), "same"
	rows := []ledger.Row{r}
	for n := 1; n < recordsEach; n++ {
		key := fmt.Sprint("t", n)
		payload, err := casefile.MarshalRecord(&casefile.Track{Header: casefile.Header{Client: number, RecordKey: key}, JobTarget: "kok"})
		check(t, err)
		rows = append(rows, ledger.Row{Number: i*recordsEach + n, Client: number, Records: []ledger.StoredRecord{{
			Kind: casefile.KindTrack, Client: number, Key: key, Hash: "same", Payload: payload,
		}}})
	}
	return rows
}

// BenchmarkSharedService has the stages of an installation, a tenth and then the whole of the largest one that
// domain.md section 5 names: 60,000 clients with 4 records each. The whole takes many minutes: ask for it, once.
//
//	go test ./internal/ledger/sqlite -run - -bench SharedService/6000$ -benchtime 1x
func BenchmarkSharedService(b *testing.B) {
	for _, clients := range []int{6_000, 60_000} {
		b.Run(strconv.Itoa(clients), func(b *testing.B) {
			for b.Loop() {
				sharedService(b, clients)
			}
		})
	}
}

func sharedService(b *testing.B, clients int) {
	path := filepath.Join(b.TempDir(), "ledger.db")
	s := open(b, path, newKeys(b))
	took := crowd(b, s, clients, 4)
	lap := func(what string, do func()) {
		began := time.Now()
		do()
		took[what] = time.Since(began)
	}
	lap("2000 claims and settles", func() {
		for range 2000 {
			claimed, _, err := s.Claim(b.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
			check(b, err)
			check(b, s.Settle(b.Context(), "run", claimed[0][0], casefile.Dossier{ID: fmt.Sprint("d", claimed[0][0].Person), Version: 2}, noon))
		}
	})
	lap("totals", func() {
		_, err := s.Totals(b.Context(), "", "run")
		check(b, err)
	})
	lap("scratch", func() {
		scratch, err := s.Scratch(b.Context())
		check(b, err)
		check(b, scratch.Close())
	})
	for what, d := range took {
		b.ReportMetric(d.Seconds(), strings.ReplaceAll(what, " ", "-")+"-s")
	}
	info, err := os.Stat(path)
	check(b, err)
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
}
