package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/deliver"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// delivery has deliver work on the engine's outbox beside an MLP that refuses, answers too late and is written by others, and a store
// that fails and dies. In the end MLP has each registration, written once, in its order, and no more was claimed than may be.
func delivery(t *testing.T, e Engine) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, e)
		defer w.Close()
		f := newFarm(rt, w)
		if !f.live() {
			var lanes [][]string
			for p := int64(1); p <= int64(f.people); p++ {
				lanes = append(lanes, w.lane(p))
			}
			f.fault("not done: %v, dirty %v", lanes, numbers(w.dirty(kbo)))
		}
		if len(f.faults) > 0 {
			rt.Fatalf("%v", f.faults)
		}
	})
}

const (
	farmWorkers   = 2
	farmUnsettled = 4
	farmLane      = 7
	maxFails      = 3
)

// farm is MLP and the store between which deliver stands.
type farm struct {
	ledger.Outbox
	w      *world
	people int

	mu       sync.Mutex
	dossiers map[string]*casefile.Dossier // by INSZ
	fates    []string
	busy     map[string]bool
	faults   []string

	fails  []int // calls of the store that fail
	deaths []death
	calls  int
	dead   bool
	runs   int
	pages  int
}

type death struct {
	call  int
	after bool
}

var errGone = errors.New("the store is gone")

func newFarm(rt *rapid.T, w *world) *farm {
	f := &farm{Outbox: w.Store, w: w, people: 3, dossiers: map[string]*casefile.Dossier{}, busy: map[string]bool{}}
	f.fates = rapid.SliceOfN(rapid.SampledFrom([]string{
		"taken", "taken", "taken", "slow", "refused", "transient", "throttled", "notSent", "unadmitted", "lost", "lostAfter", "foreign", "foreignAfter",
	}), 0, 40).Draw(rt, "fates")
	f.fails = rapid.SliceOfN(rapid.IntRange(1, 40), 0, maxFails).Draw(rt, "fails")
	for range rapid.IntRange(0, 4).Draw(rt, "deaths") {
		f.deaths = append(f.deaths, death{rapid.IntRange(1, 8).Draw(rt, "call"), rapid.Bool().Draw(rt, "after")})
	}
	var rows []ledger.Row
	for i := 1; i <= f.people; i++ {
		rows = append(rows, row(0, i+1, client(fmt.Sprintf("c%d", i), i, "A")))
		if rapid.Bool().Draw(rt, "known") {
			f.dossiers[insz(i).Reveal()] = dossier(i, 5)
		}
	}
	w.ingest(kbo, w.feeds("clients"), rows...)
	return f
}

func (f *farm) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

func (f *farm) deliverer() *deliver.Deliverer {
	return deliver.New(deliver.Options{
		Queue: f, Clients: map[string]deliver.Client{kbo: f}, Workers: farmWorkers, Unsettled: farmUnsettled, Log: zerolog.Nop(),
		Now: func() time.Time { return f.w.now }, Rand: func() float64 { return 0 },
	})
}

// live is true when all is done.
func (f *farm) live() bool {
	w, d := f.w, f.deliverer()
	for range 150 {
		f.decide()
		f.runs++
		_, err := d.Run(w.ctx, fmt.Sprint(f.runs))
		if f.dead {
			f.dead, f.calls = false, 0
			f.deaths = f.deaths[1:]
			must(w.Recover(w.ctx, w.later(time.Second)))
			d = f.deliverer()
		} else if err == nil && f.done() {
			return true
		}
		w.ok(w.Check(w.ctx))
		w.later(20 * time.Minute)
		if len(f.faults) > 0 {
			return true
		}
	}
	return false
}

func (f *farm) done() bool {
	w := f.w
	open := must(w.Entries(w.ctx, ledger.EntryFilter{States: []outbox.State{outbox.Waiting, outbox.Suspended, outbox.Claimed, outbox.InDoubt, outbox.Parked}}))
	if len(open) > 0 || len(w.dirty(kbo)) > 0 || len(must(w.NeedLookup(w.ctx, kbo, 0, 10))) > 0 {
		return false
	}
	for i := 1; i <= f.people; i++ {
		for _, c := range f.want(i) {
			if d := f.dossiers[insz(i).Reveal()]; d == nil || c.Op != casefile.OpCreate && !mlp.Holds(*d, c) {
				f.fault("client %d: MLP has not %s %s", i, c.Op, c.ID)
			}
		}
	}
	return true
}

func (f *farm) want(n int) []casefile.Change {
	all := []casefile.Change{{
		Op: casefile.OpCreate, Kind: casefile.RegPerson, Caseworker: "mw-014",
		New: casefile.Person{INSZ: insz(n), LastName: "Peeters", FirstName: "Zoë", PostalCode: "9000", NIS: "44021"},
	}}
	for i := range farmLane {
		from := day.AddDays(i)
		all = append(all, casefile.Change{
			Op: casefile.OpPut, Kind: casefile.RegCategory, ID: fmt.Sprintf("r%d", i), From: from, New: casefile.Category{Code: "05", From: from},
			Rule: "CAT-02", Caseworker: "mw-014",
		})
	}
	return all
}

// decide does what the cycle does between two deliveries.
func (f *farm) decide() {
	w := f.w
	for _, e := range must(w.Entries(w.ctx, ledger.EntryFilter{States: []outbox.State{outbox.Parked}})) {
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "retry", Entry: e.ID, OCMW: kbo, At: w.now}))
	}
	must(w.ApplyRequests(w.ctx, w.now))
	if f.runs%3 == 2 {
		f.pages++
		var all []casefile.Dossier
		for i := 1; i <= f.people; i++ {
			if d := f.dossiers[insz(i).Reveal()]; d != nil {
				all = append(all, *d.Clone())
			}
		}
		must(w.SaveFeed(w.ctx, kbo, fmt.Sprint(f.pages), all, w.now))
	}
	held := map[string]*casefile.Dossier{}
	for n, d := range f.dossiers {
		held[n] = d.Clone()
	}
	w.look(kbo, held)
	for _, s := range w.dirty(kbo) {
		var entries []outbox.Entry
		for _, c := range f.want(int(s.Client[1] - '0')) {
			if s.Known.Dossier == nil || c.Op != casefile.OpCreate && !mlp.Holds(*s.Known.Dossier, c) {
				entries = append(entries, w.entryOf(s, c))
			}
		}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, entries...)}, w.now))
	}
	w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
}

// ---- MLP

func (f *farm) Authenticate(context.Context) error { return nil }

func (f *farm) Dossier(_ context.Context, id string) (casefile.Dossier, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.dossiers {
		if d.ID == id {
			return *d.Clone(), nil
		}
	}
	return casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 404, Type: "notFound"}
}

func (f *farm) Query(_ context.Context, people []mlp.Lookup) (mlp.Found, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := mlp.Found{Dossiers: map[int64]casefile.Dossier{}}
	for _, p := range people {
		if d := f.dossiers[p.INSZ.Reveal()]; d != nil {
			found.Dossiers[p.Person] = *d.Clone()
		}
	}
	return found, nil
}

func (f *farm) Send(_ context.Context, w mlp.Write) (mlp.Answer, error) {
	f.mu.Lock()
	fate := "taken"
	if len(f.fates) > 0 {
		fate, f.fates = f.fates[0], f.fates[1:]
	}
	who := w.DossierID
	if p, is := w.Change.New.(casefile.Person); is {
		who = "of " + p.INSZ.Reveal()
	}
	if f.busy[who] {
		f.fault("two writes of %s are out", who)
	}
	f.busy[who] = true
	f.mu.Unlock()
	for range map[string]int{"slow": 200}[fate] {
		runtime.Gosched() // others go on meanwhile
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[who] = false
	refuse := func(v mlp.Verdict, status int) (mlp.Answer, error) {
		return mlp.Answer{}, &mlp.Error{Verdict: v, Status: status, Type: fate}
	}
	switch fate {
	case "refused":
		return refuse(mlp.VerdictPermanent, 400)
	case "transient":
		return refuse(mlp.VerdictTransient, 503)
	case "throttled":
		return refuse(mlp.VerdictThrottled, 429)
	case "notSent":
		return refuse(mlp.VerdictNotSent, 0)
	case "unadmitted":
		return refuse(mlp.VerdictAuthentication, 401)
	case "lost":
		return refuse(mlp.VerdictInDoubt, 0)
	}
	a, err := f.commit(w, fate)
	if err == nil && fate == "lostAfter" {
		return refuse(mlp.VerdictInDoubt, 0)
	}
	return a, err
}

func (f *farm) commit(w mlp.Write, fate string) (mlp.Answer, error) {
	if p, is := w.Change.New.(casefile.Person); is {
		n := p.INSZ.Reveal()
		if f.dossiers[n] != nil {
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 409, Type: "exists"}
		}
		d := &casefile.Dossier{ID: "d-of-" + n, Version: 1, Person: p}
		f.dossiers[n] = d
		return mlp.Answer{DossierID: d.ID, Version: 1, Dossier: d.Clone()}, nil
	}
	var d *casefile.Dossier
	for _, x := range f.dossiers {
		if x.ID == w.DossierID {
			d = x
		}
	}
	if fate == "foreign" {
		d.Version++
	}
	reg := casefile.Registration{ID: w.Change.ID, Body: w.Change.New, From: w.Change.From}
	if mlp.Holds(*d, w.Change) {
		return mlp.Answer{DossierID: d.ID, Version: d.Version, Registration: &reg}, nil
	}
	if d.Version != w.Version {
		return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 412, Type: "version"}
	}
	if want := fmt.Sprintf("r%d", len(d.Registrations)); want != w.Change.ID {
		f.fault("%s got %s, not %s", d.ID, w.Change.ID, want)
	}
	d.Registrations = append(slices.Clone(d.Registrations), reg)
	d.Version++
	if fate == "foreignAfter" {
		d.Version++
	}
	return mlp.Answer{DossierID: d.ID, Version: d.Version, Registration: &reg}, nil
}

// ---- The store

func (f *farm) call(do func() error) error {
	if f.dead {
		return errGone
	}
	f.calls++
	if slices.Contains(f.fails, f.calls) {
		f.fails = slices.DeleteFunc(f.fails, func(n int) bool { return n == f.calls })
		return errors.New("the store is busy")
	}
	dies := len(f.deaths) > 0 && f.deaths[0].call == f.calls
	if f.dead = dies; dies && !f.deaths[0].after {
		return errGone
	}
	if err := do(); err != nil {
		f.fault("the store: %v", err)
		return err
	}
	n := 0
	for _, e := range must(f.w.Entries(f.w.ctx, ledger.EntryFilter{States: []outbox.State{outbox.Claimed, outbox.InDoubt}})) {
		if e.Claim != "" {
			n++
		}
	}
	if n > farmWorkers+farmUnsettled {
		f.fault("%d are claimed", n)
	}
	if dies {
		return errGone
	}
	return nil
}

func (f *farm) Claim(ctx context.Context, by outbox.Claim, now time.Time) (got [][]outbox.Entry, known []casefile.Known, err error) {
	err = f.call(func() (err error) { got, known, err = f.Outbox.Claim(ctx, by, now); return err })
	if err != nil {
		return nil, nil, err
	}
	return got, known, nil
}

func (f *farm) SettleMany(ctx context.Context, run string, by outbox.Claim, entries []outbox.Entry, after []casefile.Dossier, now time.Time) (got [][]outbox.Entry, known []casefile.Known, err error) {
	err = f.call(func() (err error) {
		got, known, err = f.Outbox.SettleMany(ctx, run, by, entries, after, now)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return got, known, nil
}

func (f *farm) Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error {
	return f.call(func() error { return f.Outbox.Settle(ctx, run, e, known, now) })
}

func (f *farm) GiveBack(ctx context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, now time.Time) error {
	return f.call(func() error { return f.Outbox.GiveBack(ctx, e, notBefore, counted, why, now) })
}

func (f *farm) Doubt(ctx context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, now time.Time) error {
	return f.call(func() error { return f.Outbox.Doubt(ctx, e, notBefore, why, now) })
}

func (f *farm) Park(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return f.call(func() error { return f.Outbox.Park(ctx, e, why, now) })
}

func (f *farm) Conflict(ctx context.Context, e outbox.Entry, known *casefile.Dossier, why outbox.Problem, now time.Time) error {
	return f.call(func() error { return f.Outbox.Conflict(ctx, e, known, why, now) })
}

func (f *farm) OutsideArea(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return f.call(func() error { return f.Outbox.OutsideArea(ctx, e, why, now) })
}
