package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// model drives the outbox of three clients at random beside a tiny model of it, and
// compares after each step. What must never differ: the order of a lane, how many are
// in flight, what settled, and that nothing is claimed on a version that moved.
func model(t *testing.T, e Engine) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, e)
		defer w.Close()
		m := newMachine(w)
		rt.Repeat(map[string]func(*rapid.T){
			"plan":     m.plan,
			"claim":    m.claim,
			"settle":   m.settle,
			"giveBack": m.giveBack,
			"doubt":    m.doubt,
			"park":     m.park,
			"conflict": m.conflict,
			"restart":  m.restart,
			"feed":     m.feed,
			"":         m.compare,
		})
	})
}

// modelLane is what the model knows of a client: the codes of its open entries.
type modelLane struct {
	number  string
	n       int
	person  int64
	open    []modelEntry
	version int64
	dirty   bool
	settled int
}

type modelEntry struct {
	place   int // in the lane; what is done with leaves a gap
	code    casefile.Code
	state   outbox.State
	version int64
	claim   *outbox.Entry
}

type machine struct {
	w      *world
	lanes  []*modelLane
	change int
}

func newMachine(w *world) *machine {
	m := &machine{w: w}
	var rows []ledger.Row
	held := map[string]*casefile.Dossier{}
	for i := 1; i <= 3; i++ {
		number := fmt.Sprintf("c%d", i)
		rows = append(rows, row(0, i+1, client(number, i, "A")))
		held[insz(i).Reveal()] = dossier(i, 1)
		m.lanes = append(m.lanes, &modelLane{number: number, n: i, version: 1, dirty: true})
	}
	w.ingest(kbo, w.feeds("clients"), rows...)
	w.look(kbo, held)
	for i, s := range w.dirty(kbo) {
		m.lanes[i].person = s.Person
	}
	return m
}

// pick draws a lane for which the step makes sense.
func (m *machine) pick(rt *rapid.T, fits func(*modelLane) bool) *modelLane {
	var lanes []*modelLane
	for _, l := range m.lanes {
		if fits(l) {
			lanes = append(lanes, l)
		}
	}
	if len(lanes) == 0 {
		rt.Skip("no client for this step")
	}
	return rapid.SampledFrom(lanes).Draw(rt, "client")
}

func (l *modelLane) inFlight() bool {
	return slices.ContainsFunc(l.open, func(e modelEntry) bool { return e.state.InFlight() })
}

// held are the places of what is under a claim.
func (l *modelLane) held() []int {
	var all []int
	for i, e := range l.open {
		if e.claim != nil {
			all = append(all, i)
		}
	}
	return all
}

func (l *modelLane) isHeld() bool { return len(l.held()) > 0 }

// next are the places of what may be claimed together: one that is in doubt behind nothing in flight, or the first and those that
// wait behind it.
func (l *modelLane) next(stretch int) []int {
	for i, e := range l.open {
		if e.state == outbox.InDoubt && e.claim == nil {
			return []int{i}
		}
		if e.state.InFlight() {
			return nil
		}
	}
	var all []int
	for i, e := range l.open {
		if l.dirty || e.place >= l.open[0].place+stretch || e.state != outbox.Waiting || e.version != l.version {
			break
		}
		all = append(all, i)
	}
	return all
}

// plan decides a dirty client: parked entries of the same code stay parked in their
// new place, all else is replaced.
func (m *machine) plan(rt *rapid.T) {
	l := m.pick(rt, func(l *modelLane) bool { return l.dirty && !l.inFlight() })
	codes := rapid.SliceOfNDistinct(rapid.SampledFrom([]casefile.Code{"05", "90", "93", "00"}), 0, 3, rapid.ID).Draw(rt, "codes")
	var open []modelEntry
	for _, code := range codes {
		e := modelEntry{place: len(open), code: code, state: outbox.Waiting, version: l.version}
		for _, old := range l.open {
			if old.code == code && old.state == outbox.Parked {
				e.state = outbox.Parked
			}
		}
		open = append(open, e)
	}
	m.w.queue(l.number, codes...)
	l.open, l.dirty = open, false
}

func (m *machine) claim(rt *rapid.T) {
	by := m.terms(rt)
	claimed, known, err := m.w.Claim(m.w.ctx, by, m.w.now)
	m.w.ok(err)
	m.w.claimed(claimed, known)
	m.took(rt, by, claimed)
}

func (m *machine) terms(rt *rapid.T) outbox.Claim {
	return m.w.terms(rapid.IntRange(1, 6).Draw(rt, "limit"), rapid.IntRange(1, 3).Draw(rt, "stretch"))
}

// took follows a claim, which must have given what may go, all of it unless there was too much.
func (m *machine) took(rt *rapid.T, by outbox.Claim, claimed [][]outbox.Entry) {
	for _, stretch := range claimed {
		i := slices.IndexFunc(m.lanes, func(l *modelLane) bool { return l.person == stretch[0].Person })
		l := m.lanes[i]
		places := l.next(min(by.Stretch, by.Limit))
		if len(places) != len(stretch) {
			rt.Fatalf("claimed %d of %s, where %d may go", len(stretch), l.number, len(places))
		}
		by.Limit -= len(stretch)
		for j, e := range stretch {
			x := &l.open[places[j]]
			if "reg-"+string(x.code) != e.Registration {
				rt.Fatalf("claimed %s of %s out of order", e.Registration, l.number)
			}
			if x.version == l.version && e.Version != l.version {
				rt.Fatalf("%s of %s was not carried: it is at %d, not %d", e.Registration, l.number, e.Version, l.version)
			}
			if x.claim, x.version = &e, e.Version; x.state == outbox.Waiting {
				x.state = outbox.Claimed
			}
		}
	}
	m.catchUp()
	for _, l := range m.lanes {
		if by.Limit > 0 && len(l.next(1)) > 0 {
			rt.Fatalf("%s may go, and was not claimed", l.number)
		}
	}
}

// catchUp follows the lanes that a claim superseded, as their version had moved.
func (m *machine) catchUp() {
	for _, l := range m.lanes {
		if l.inFlight() || len(l.open) == 0 || l.open[0].state != outbox.Waiting || l.open[0].version == l.version {
			continue
		}
		entries := must(m.w.Entries(m.w.ctx, ledger.EntryFilter{Person: l.person, States: []outbox.State{outbox.Waiting}}))
		if len(entries) == 0 {
			l.abandon()
		}
	}
}

func (l *modelLane) abandon() {
	l.open = slices.DeleteFunc(l.open, func(e modelEntry) bool { return e.state == outbox.Waiting })
	l.dirty = true
}

// settle has MLP take the first few of what is held in a lane, and the ledger told.
func (m *machine) settle(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).isHeld)
	held := l.held()
	held = held[:rapid.IntRange(1, len(held)).Draw(rt, "entries")]
	foreign := rapid.Bool().Draw(rt, "written by another in between")
	ours := true
	version := l.open[held[0]].version
	behind := version
	var entries []outbox.Entry
	var after []casefile.Dossier
	for i, place := range held {
		e := *l.open[place].claim
		e.Version = version
		version++
		if foreign && i == len(held)-1 {
			version++
		}
		version = max(version, l.version) // the reading that settles it shows what the feed brought
		ours = ours && (version == e.Version || version == e.Version+1)
		entries, after = append(entries, e), append(after, *dossier(l.n, version))
	}
	var by outbox.Claim
	if rapid.Bool().Draw(rt, "the lane goes on") {
		by = m.terms(rt)
	}
	went := m.w.settleMany(by, entries, after...)
	for _, place := range slices.Backward(held) {
		l.open = slices.Delete(l.open, place, place+1)
	}
	l.settled, l.version = l.settled+len(held), version
	if !ours || len(l.open) == 0 {
		l.dirty = true
	}
	for i := range l.open {
		if ours && (l.open[i].version == behind || l.open[i].claim != nil) {
			l.open[i].version = version
		}
	}
	m.took(rt, by, went)
}

// pickHeld draws one that is under a claim. It is not taken by MLP: what was claimed behind it waits again.
func (m *machine) pickHeld(rt *rapid.T) (*modelLane, int, outbox.Entry) {
	l := m.pick(rt, (*modelLane).isHeld)
	place := rapid.SampledFrom(l.held()).Draw(rt, "place")
	e := *l.open[place].claim
	e.Version = l.open[place].version
	for i := range l.open[place+1:] {
		if x := &l.open[place+1+i]; x.claim != nil && x.claim.Claim == e.Claim {
			x.state, x.claim, x.version = outbox.Waiting, nil, e.Version
		}
	}
	l.open[place].claim = nil
	return l, place, e
}

func (m *machine) giveBack(rt *rapid.T) {
	l, place, e := m.pickHeld(rt)
	m.w.ok(m.w.GiveBack(m.w.ctx, e, m.w.now, true, outbox.Problem{Type: "network"}, m.w.now))
	l.open[place].state = outbox.Waiting
}

func (m *machine) doubt(rt *rapid.T) {
	l, place, e := m.pickHeld(rt)
	m.w.ok(m.w.Doubt(m.w.ctx, e, m.w.now, outbox.Problem{Type: "network"}, m.w.now))
	l.open[place].state = outbox.InDoubt
}

func (m *machine) park(rt *rapid.T) {
	l, place, e := m.pickHeld(rt)
	m.w.ok(m.w.Park(m.w.ctx, e, outbox.Problem{Type: "refused"}, m.w.now))
	l.open[place].state = outbox.Parked
	m.touch(l) // so that it can be planned again
}

func (m *machine) conflict(rt *rapid.T) {
	l, place, e := m.pickHeld(rt)
	l.version += 2
	m.w.ok(m.w.Conflict(m.w.ctx, e, dossier(l.n, l.version), outbox.Problem{Type: "version"}, m.w.now))
	l.open = slices.Delete(l.open, place, place+1)
	l.abandon()
}

func (m *machine) restart(rt *rapid.T) {
	m.w.ok(m.w.Check(m.w.ctx))
	must(m.w.Recover(m.w.ctx, m.w.later(time.Second)))
	for _, l := range m.lanes {
		for i := range l.open {
			if l.open[i].state.InFlight() {
				l.open[i].state, l.open[i].claim = outbox.InDoubt, nil
			}
		}
	}
}

func (m *machine) feed(rt *rapid.T) { m.touch(m.pick(rt, func(*modelLane) bool { return true })) }

// touch has somebody else change the dossier.
func (m *machine) touch(l *modelLane) {
	l.version += 2
	l.dirty = true
	m.change++
	must(m.w.SaveFeed(m.w.ctx, kbo, fmt.Sprint(m.change), []casefile.Dossier{*dossier(l.n, l.version)}, m.w.now))
}

func (m *machine) compare(rt *rapid.T) {
	have, settled := map[int64][]string{}, map[int64]int{}
	for _, e := range must(m.w.Entries(m.w.ctx, ledger.EntryFilter{OCMW: kbo})) {
		switch {
		case e.State == outbox.Settled:
			settled[e.Person]++
		case !e.State.Final():
			have[e.Person] = append(have[e.Person], e.Registration+" "+string(e.State))
		}
	}
	dirty := map[int64]bool{}
	m.w.ok(m.w.Decisions(m.w.ctx, kbo, func(v ledger.ClientView) error {
		dirty[v.Person] = v.Dirty
		return nil
	}))
	for _, l := range m.lanes {
		var want []string
		for _, e := range l.open {
			want = append(want, fmt.Sprintf("reg-%s %s", e.code, e.state))
		}
		if !slices.Equal(want, have[l.person]) {
			rt.Fatalf("lane of %s: want %q, have %q", l.number, want, have[l.person])
		}
		if settled[l.person] != l.settled || dirty[l.person] != l.dirty {
			rt.Fatalf("client %s: %d settled, not %d; dirty is %v", l.number, settled[l.person], l.settled, dirty[l.person])
		}
	}
}
