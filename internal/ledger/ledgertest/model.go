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

func (l *modelLane) inFlight() bool { return len(l.open) > 0 && l.open[0].state.InFlight() }

func (l *modelLane) held() bool { return l.inFlight() && l.open[0].claim != nil }

// plan decides a dirty client: parked entries of the same code stay parked in their
// new place, all else is replaced.
func (m *machine) plan(rt *rapid.T) {
	l := m.pick(rt, func(l *modelLane) bool { return l.dirty && !l.inFlight() })
	codes := rapid.SliceOfNDistinct(rapid.SampledFrom([]casefile.Code{"05", "90", "93", "00"}), 0, 3, rapid.ID).Draw(rt, "codes")
	var open []modelEntry
	for _, code := range codes {
		e := modelEntry{code: code, state: outbox.Waiting, version: l.version}
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
	for _, e := range m.w.claim(rapid.IntRange(1, 4).Draw(rt, "limit")) {
		for _, l := range m.lanes {
			if l.person != e.Person {
				continue
			}
			if len(l.open) == 0 || l.held() || "reg-"+string(l.open[0].code) != e.Registration {
				rt.Fatalf("claimed %s of %s out of order", e.Registration, l.number)
			}
			head := &l.open[0]
			if head.state == outbox.Parked || head.state == outbox.Waiting && (l.dirty || head.version != l.version) {
				rt.Fatalf("claimed %s of %s, which may not go", e.Registration, l.number)
			}
			if head.state == outbox.Waiting {
				head.state = outbox.Claimed
			}
			head.claim = &e
		}
	}
	m.catchUp()
}

// catchUp follows the lanes that a claim superseded, as their version had moved.
func (m *machine) catchUp() {
	for _, l := range m.lanes {
		if len(l.open) == 0 || l.open[0].state != outbox.Waiting || l.open[0].version == l.version {
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

func (m *machine) settle(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).held)
	foreign := rapid.Bool().Draw(rt, "written by another in between")
	head := l.open[0]
	next := head.version + 1
	if foreign {
		next++
	}
	if next < l.version {
		next = l.version // the reading that settles it shows what the feed brought
	}
	onward := rapid.Bool().Draw(rt, "the lane goes on")
	went := m.w.settle(*head.claim, *dossier(l.n, next), onward)
	l.open, l.settled = l.open[1:], l.settled+1
	if next != head.version && next != head.version+1 || len(l.open) == 0 {
		l.dirty = true
	} else {
		for i := range l.open {
			if l.open[i].version == head.version {
				l.open[i].version = next
			}
		}
	}
	l.version = next
	may := onward && !l.dirty && l.open[0].state == outbox.Waiting && l.open[0].version == next
	if may != (len(went) == 1) {
		rt.Fatalf("%s goes on: %t, and may: %t", l.number, len(went) == 1, may)
	}
	if may {
		l.open[0].state, l.open[0].claim = outbox.Claimed, &went[0]
	}
}

func (m *machine) giveBack(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).held)
	m.w.ok(m.w.GiveBack(m.w.ctx, *l.open[0].claim, m.w.now, true, outbox.Problem{Type: "network"}, m.w.now))
	l.open[0].state, l.open[0].claim = outbox.Waiting, nil
}

func (m *machine) doubt(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).held)
	m.w.ok(m.w.Doubt(m.w.ctx, *l.open[0].claim, m.w.now, outbox.Problem{Type: "network"}, m.w.now))
	l.open[0].state, l.open[0].claim = outbox.InDoubt, nil
}

func (m *machine) park(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).held)
	m.w.ok(m.w.Park(m.w.ctx, *l.open[0].claim, outbox.Problem{Type: "refused"}, m.w.now))
	l.open[0].state, l.open[0].claim = outbox.Parked, nil
	m.touch(l) // so that it can be planned again
}

func (m *machine) conflict(rt *rapid.T) {
	l := m.pick(rt, (*modelLane).held)
	l.version += 2
	m.w.ok(m.w.Conflict(m.w.ctx, *l.open[0].claim, dossier(l.n, l.version), outbox.Problem{Type: "version"}, m.w.now))
	l.open = l.open[1:]
	l.abandon()
}

func (m *machine) restart(rt *rapid.T) {
	m.w.ok(m.w.Check(m.w.ctx))
	must(m.w.Recover(m.w.ctx, m.w.later(time.Second)))
	for _, l := range m.lanes {
		if l.inFlight() {
			l.open[0].state, l.open[0].claim = outbox.InDoubt, nil
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
