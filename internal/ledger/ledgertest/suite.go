// Package ledgertest is the suite that every engine of the ledger passes: what the
// comments of package ledger promise, tried through the contract alone.
//
// It holds no engine's knowledge; crashes of a process are tried in the engine's own
// tests, beside Run. People are synthetic: their INSZ are TST numbers (month digits
// 61-72, valid modulo 97).
package ledgertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Engine is what is tried. Its stores are closed with the test.
type Engine struct {
	// Open gives an empty store.
	Open func(t testing.TB) ledger.Store
	// Restore puts a backup of any of them into a new store.
	Restore func(t testing.TB, backup string) ledger.Store
}

// Run tries an engine.
func Run(t *testing.T, e Engine) {
	written, all, tried := map[string]bool{}, 0, 0
	for _, room := range []map[string]func(*world){ingesting, kept, deciding, observing, sending, operating, ordering, beginning, keeping, auditing} {
		for name, try := range room {
			all++
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, e)
				try(w)
				w.catalogued()
				maps.Copy(written, w.written)
				tried++
			})
		}
	}
	for _, a := range audit.Actions() {
		if tried == all && !written[a.Word] && a.Word != "unreadable" { // which takes damage, and that an engine's own tests do
			t.Errorf("nothing writes an audit record %q", a.Word)
		}
	}
	t.Run("an outbox model", func(t *testing.T) { model(t, e) })
	t.Run("a model of delivery", func(t *testing.T) { delivery(t, e) })
	t.Run("a model of what is kept", func(t *testing.T) { keptModel(t, e) })
}

// The OCMWs of the suite: fictional enterprise numbers.
const (
	kbo   = "0999999922"
	other = "0999999823"
)

const (
	day     = casefile.Date("2026-03-16")
	version = "rules-1"
)

// world is a store with a clock that only the test moves.
type world struct {
	testing.TB
	ledger.Store
	engine  Engine
	ctx     context.Context
	now     time.Time
	counter int
	written map[string]bool // actions in the audit of it, and of what was restored from it
}

func newWorld(t testing.TB, e Engine) *world {
	w := &world{TB: t, Store: e.Open(t), engine: e, ctx: context.Background(), now: time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC), written: map[string]bool{}}
	w.ok(w.StartRun(w.ctx, "run-1", w.now))
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) same(want, have any, what string) {
	w.Helper()
	if diff := cmp.Diff(want, have); diff != "" {
		w.Fatalf("%s (-want +have):\n%s", what, diff)
	}
}

// Guard asks the store's, and has Pending say the same but for the clients.
func (w *world) Guard(ctx context.Context, ocmw string) (ledger.GuardState, error) {
	w.Helper()
	g, err := w.Store.Guard(ctx, ocmw)
	without := g
	without.Clients = 0
	w.same(without, must(w.Pending(ctx, ocmw)), "pending")
	return g, err
}

// rejected are the rejected rows in force.
func (w *world) rejected(ocmw string) (rows []ledger.RejectedRow) {
	w.Helper()
	w.ok(w.Rejected(w.ctx, ocmw, func(r ledger.RejectedRow) error {
		rows = append(rows, r)
		return nil
	}))
	return rows
}

func (w *world) later(d time.Duration) time.Time {
	w.now = w.now.Add(d)
	return w.now
}

// insz is the n-th TST number.
func insz(n int) ident.INSZ {
	front := fmt.Sprintf("8061%02d%03d", 1+n%28, 1+n%997)
	value, err := strconv.Atoi(front)
	if err != nil {
		panic(err)
	}
	reading, err := ident.ParseINSZ(fmt.Sprintf("%s%02d", front, 97-value%97))
	if err != nil {
		panic(err)
	}
	return reading.INSZ
}

// must is for what a test writes itself.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func stored(r casefile.Record, deleted bool) ledger.StoredRecord {
	content := must(casefile.MarshalContent(r))
	sum := sha256.Sum256(content)
	s := ledger.StoredRecord{
		Kind: r.Kind(), Client: r.ClientNumber(), Key: r.Key(), Hash: hex.EncodeToString(sum[:]), Deleted: deleted,
		Payload: must(casefile.MarshalRecord(r)),
	}
	if c, ok := r.(*casefile.Client); ok {
		s.INSZ, s.Caseworker = c.INSZ.Reveal(), c.Caseworker
	}
	return s
}

// client is the client record of a number; n makes the INSZ, name what changes.
func client(number string, n int, name string) ledger.StoredRecord {
	return stored(&casefile.Client{
		Header: casefile.Header{Client: number, RecordKey: number}, INSZ: insz(n), LastName: name, FirstName: "Zoë", NIS: "99991",
		Caseworker: "mw-014",
	}, false)
}

func track(number, key, target string) ledger.StoredRecord {
	return stored(&casefile.Track{
		Header: casefile.Header{Client: number, RecordKey: key}, TrackNumber: key, Track: casefile.TrackTWE, ChoiceDate: "2026-01-05",
		JobTarget: target, Counsellor: "mw-014",
	}, false)
}

func row(file, number int, records ...ledger.StoredRecord) ledger.Row {
	r := ledger.Row{File: file, Number: number, Records: records}
	if len(records) > 0 {
		r.Client = records[0].Client
	}
	return r
}

func bad(file, number int, client string) ledger.Row {
	return ledger.Row{File: file, Number: number, Client: client, Rejections: []ledger.Rejection{{
		Row: number, Column: "Rijksregisternr", Field: "insz", Rule: "insz.check", ReasonNL: "Het controlegetal klopt niet.",
		ReasonEN: "the check digits are wrong", HintNL: "Kijk het nummer na.", HintEN: "check the number",
	}}}
}

// feeds makes a file for each feed; content, the clock and a counter make it new.
func (w *world) feeds(names ...string) []ledger.File {
	files := make([]ledger.File, len(names))
	for i, name := range names {
		w.counter++
		files[i] = ledger.File{
			Feed: name, Name: fmt.Sprintf("%s_%d.csv", name, w.counter), Hash: fmt.Sprintf("%064d", w.counter), Size: 100,
			SnapshotOn: w.now, Interpretation: "profile-1/schema-1",
		}
	}
	return files
}

// ingest makes a set the export in force.
func (w *world) ingest(ocmw string, files []ledger.File, rows ...ledger.Row) ledger.SetResult {
	w.Helper()
	staging := must(w.StageSet(w.ctx, "run-1", ocmw, files))
	w.ok(staging.Add(w.ctx, rows))
	counted := make([]ledger.FileCount, len(files))
	for _, r := range rows {
		counted[r.File].Rows++
	}
	result, err := staging.Activate(w.ctx, counted, w.later(time.Minute))
	w.ok(err)
	return result
}

func dossier(n int, version int64, codes ...casefile.Code) *casefile.Dossier {
	d := &casefile.Dossier{ID: fmt.Sprintf("d-%d", n), Version: version, Person: casefile.Person{INSZ: insz(n)}}
	for i, code := range codes {
		from := casefile.Date("2026-01-01").AddDays(i)
		d.Registrations = append(d.Registrations, casefile.Registration{
			ID: fmt.Sprintf("cat-%d", i), Body: casefile.Category{Code: code, From: from, SetBy: casefile.PartyOCMW}, From: from,
		})
	}
	return d
}

// look answers all look-ups: by INSZ, nil for none.
func (w *world) look(ocmw string, byINSZ map[string]*casefile.Dossier) int {
	w.Helper()
	asked := must(w.NeedLookup(w.ctx, ocmw, 0, 1000))
	found := make([]ledger.LookupResult, len(asked))
	for i, a := range asked {
		found[i] = ledger.LookupResult{Person: a.Person, Dossier: byINSZ[a.INSZ]}
	}
	w.ok(w.SaveLookups(w.ctx, "run-1", ocmw, found, w.now))
	return len(asked)
}

func (w *world) dirty(ocmw string) []ledger.Subject {
	w.Helper()
	return must(w.Dirty(w.ctx, ocmw, day, version, 1000))
}

func numbers(subjects []ledger.Subject) []string {
	out := []string{}
	for _, s := range subjects {
		out = append(out, s.Client)
	}
	return out
}

func persons(subjects []ledger.Subject) []int64 {
	ids := make([]int64, len(subjects))
	for i, s := range subjects {
		ids[i] = s.Person
	}
	return ids
}

// entry is a change of category for a subject, in the state in which cycle gives it. Of a client without a dossier it says that it makes
// one, so that it may go.
func (w *world) entry(s ledger.Subject, code casefile.Code) outbox.Entry {
	w.counter++
	op := casefile.OpPut
	if s.Known.Dossier == nil {
		op = casefile.OpCreate
	}
	change := casefile.Change{
		Op: op, Kind: casefile.RegCategory, ID: "reg-" + string(code), New: casefile.Category{Code: code, From: day},
		From: day, Rule: "CAT-02", Caseworker: "mw-014", Sentence: "Categorie " + string(code),
	}
	return w.entryOf(s, change)
}

func (w *world) entryOf(s ledger.Subject, change casefile.Change) outbox.Entry {
	w.counter++
	e := outbox.Entry{
		ID: fmt.Sprintf("entry-%04d", w.counter), OCMW: s.OCMW, Person: s.Person, Pseudonym: s.Pseudonym, Op: string(change.Op),
		Kind: string(change.Kind), Registration: change.ID, Rule: change.Rule, State: outbox.Waiting,
		ContentHash: "hash of " + change.ID, Payload: must(casefile.MarshalChange(change)),
	}
	if s.Known.Dossier != nil {
		e.Version = s.Known.Dossier.Version
	}
	return e
}

func outcome(s ledger.Subject, entries ...outbox.Entry) ledger.Outcome {
	kind := ledger.OutcomeNoChange
	if len(entries) > 0 {
		kind = ledger.OutcomePlanned
	}
	return ledger.Outcome{
		Subject: s, Kind: kind, Version: version, Entries: entries,
		Decision: casefile.Decision{Day: day, RulesVersion: "1", Timeline: []casefile.TimelineEntry{{Code: "05", From: day, SetBy: casefile.PartyOCMW, Rule: "CAT-02"}}},
	}
}

// settleAll decides every dirty client without entries.
func (w *world) settleAll(ocmw string) []string {
	w.Helper()
	subjects := w.dirty(ocmw)
	outcomes := make([]ledger.Outcome, len(subjects))
	for i, s := range subjects {
		outcomes[i] = outcome(s)
		if len(s.Held) > 0 || s.Hold != nil {
			outcomes[i] = ledger.Outcome{Subject: s, Kind: ledger.OutcomeHeld, Version: version}
		}
	}
	w.ok(w.Decide(w.ctx, "run-1", outcomes, w.now))
	return numbers(subjects)
}

// one is a store with one client, known in MLP at version 5, and with entries queued
// and approved.
func (w *world) one(codes ...casefile.Code) ledger.Subject {
	w.Helper()
	w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
	w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5, "03")})
	return w.queue("c1", codes...)
}

// queue decides a client anew, with an entry for each code.
func (w *world) queue(number string, codes ...casefile.Code) ledger.Subject {
	w.Helper()
	s := w.subject(number)
	var entries []outbox.Entry
	for _, code := range codes {
		entries = append(entries, w.entry(s, code))
	}
	w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, entries...)}, w.now))
	w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester", Reason: "to try it"}, w.now))
	return s
}

func (w *world) subject(number string) ledger.Subject {
	w.Helper()
	for _, s := range w.dirty(kbo) {
		if s.Client == number {
			return s
		}
	}
	w.Fatalf("client %s is not dirty", number)
	return ledger.Subject{}
}

// claim claims heads alone.
func (w *world) claim(limit int, skip ...string) []outbox.Entry {
	w.Helper()
	return slices.Concat(w.claimStretches(limit, 1, skip...)...)
}

func (w *world) claimStretches(limit, stretch int, skip ...string) [][]outbox.Entry {
	w.Helper()
	by := w.terms(limit, stretch)
	by.Skip = skip
	claimed, known, err := w.Claim(w.ctx, by, w.now)
	w.ok(err)
	w.claimed(claimed, known)
	return claimed
}

// terms are those of a claim under a token of its own.
func (w *world) terms(limit, stretch int) outbox.Claim {
	w.counter++
	return outbox.Claim{Token: fmt.Sprintf("token-%d", w.counter), Limit: limit, Stretch: stretch}
}

// settle settles an entry a second later, and gives what its lane goes on with, if it shall.
func (w *world) settle(e outbox.Entry, after casefile.Dossier, onward bool) []outbox.Entry {
	w.Helper()
	var by outbox.Claim
	if onward {
		by = w.terms(1, 1)
	}
	return slices.Concat(w.settleMany(by, []outbox.Entry{e}, after)...)
}

// settleMany settles entries a second later.
func (w *world) settleMany(onward outbox.Claim, entries []outbox.Entry, after ...casefile.Dossier) [][]outbox.Entry {
	w.Helper()
	next, known, err := w.SettleMany(w.ctx, "run-1", onward, entries, after, w.later(time.Second))
	w.ok(err)
	w.claimed(next, known)
	return next
}

// claimed holds what was claimed, and what comes with it, against what the ledger says.
func (w *world) claimed(stretches [][]outbox.Entry, known []casefile.Known) {
	w.Helper()
	w.same(len(stretches), len(known), "what is known of the claimed")
	for i, stretch := range stretches {
		for _, e := range stretch {
			w.same(e, must(w.Entry(w.ctx, e.ID)), "claimed entry")
			w.same(stretch[0].Person, e.Person, "person of a stretch")
		}
		w.same(must(w.Known(w.ctx, stretch[0].Person)), known[i], "what is known of a claimed entry's person")
	}
}

// claimOne claims the only entry that can go.
func (w *world) claimOne() outbox.Entry {
	w.Helper()
	claimed := w.claim(10)
	if len(claimed) != 1 {
		w.Fatalf("claimed %d entries, not 1", len(claimed))
	}
	return claimed[0]
}

// lane shows a person's entries as "registration state", in order.
func (w *world) lane(person int64) []string {
	w.Helper()
	out := []string{}
	for _, e := range must(w.Entries(w.ctx, ledger.EntryFilter{Person: person})) {
		out = append(out, e.Registration+" "+string(e.State))
	}
	return out
}

func (w *world) actions() []string {
	w.Helper()
	out := []string{}
	w.ok(w.Audit(w.ctx, "", func(r audit.Record) error {
		out = append(out, r.Action)
		return nil
	}))
	return out
}
