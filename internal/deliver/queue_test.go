package deliver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// memQueue is a ledger's outbox in memory. It holds every transition to outbox's table and every
// caller to its claim.
type memQueue struct {
	mu      sync.Mutex
	entries []*outbox.Entry
	known   map[int64]casefile.Known
	dirty   map[int64]bool
	faults  []string // what a caller did that it must not
	// die makes every method fail from the n-th record on, as if the process were killed: the
	// record itself is made or not, by dieAfter.
	die      int
	dieAfter bool
	dead     bool
	seq      int64
	batches  []int    // how many were offered to settle together
	longest  int      // stretch that was claimed
	recorded []string // what became of entries, in the order in which that was recorded
	// slow is how long a commit of answers takes; unsettleable is an entry that none takes.
	slow         time.Duration
	unsettleable string
}

var errDead = errors.New("the store is gone")

func newQueue() *memQueue {
	return &memQueue{known: map[int64]casefile.Known{}, dirty: map[int64]bool{}}
}

// add queues changes of a person, decided on the known dossier.
func (q *memQueue) add(t testing.TB, person int64, changes ...casefile.Change) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	var version int64
	if d := q.known[person].Dossier; d != nil {
		version = d.Version
	}
	for _, c := range changes {
		payload, err := casefile.MarshalChange(c)
		if err != nil {
			t.Fatal(err)
		}
		q.seq++
		q.entries = append(q.entries, &outbox.Entry{
			ID: fmt.Sprintf("e%d", q.seq), OCMW: ocmw, Person: person, Pseudonym: fmt.Sprintf("p-%d", person), Seq: q.seq,
			Op: string(c.Op), Kind: string(c.Kind), Registration: c.ID, State: outbox.Waiting, Version: version, Payload: payload,
		})
	}
}

func (q *memQueue) states() map[string]outbox.State {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := map[string]outbox.State{}
	for _, e := range q.entries {
		m[e.ID] = e.State
	}
	return m
}

func (q *memQueue) entry(id string) outbox.Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.entries, func(e *outbox.Entry) bool { return e.ID == id })
	return *q.entries[i]
}

func open(e *outbox.Entry) bool {
	return !e.State.Final() && e.State != outbox.Discarded
}

func (q *memQueue) Claim(_ context.Context, by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead {
		return nil, nil, errDead
	}
	got, known := q.claim(by, now)
	return got, known, nil
}

func (q *memQueue) claim(by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known) {
	var got [][]outbox.Entry
	var known []casefile.Known
	seen := map[int64]bool{}
	for _, e := range q.entries {
		if !open(e) || seen[e.Person] && (e.State != outbox.InDoubt || q.flies(e.Person, e.Seq)) {
			continue
		}
		head := !seen[e.Person]
		seen[e.Person] = true
		if by.Limit == 0 || slices.Contains(by.Skip, e.OCMW) || e.Claim != "" || e.NotBefore.After(now) ||
			(e.State != outbox.InDoubt && (e.State != outbox.Waiting || !head || q.flies(e.Person, math.MaxInt64))) {
			continue
		}
		if d := q.known[e.Person].Dossier; e.State == outbox.Waiting && d != nil && d.Version != e.Version {
			q.supersede(e.Person, now)
			continue
		}
		stretch := q.stretch(e, by, now)
		by.Limit -= len(stretch)
		got, known = append(got, stretch), append(known, q.knows(e.Person))
	}
	return got, known
}

// flies tells that something of a person's ahead of a place is claimed or in doubt.
func (q *memQueue) flies(person, before int64) bool {
	return slices.ContainsFunc(q.entries, func(e *outbox.Entry) bool { return e.Person == person && e.Seq < before && e.State.InFlight() })
}

// stretch takes an entry, and with one that waits those behind it that may go too.
func (q *memQueue) stretch(first *outbox.Entry, by outbox.Claim, now time.Time) []outbox.Entry {
	var all []outbox.Entry
	length := min(max(by.Stretch, 1), by.Limit)
	if first.State == outbox.InDoubt {
		length = 1
	}
	for _, e := range q.entries {
		if e.Person != first.Person || e.Seq < first.Seq || !open(e) {
			continue
		}
		if len(all) == length || e != first && (e.State != outbox.Waiting || e.NotBefore.After(now) || e.Version != first.Version) {
			break
		}
		all = append(all, q.take(e, by.Token))
	}
	q.longest = max(q.longest, len(all))
	return all
}

func (q *memQueue) take(e *outbox.Entry, token string) outbox.Entry {
	if e.State == outbox.Waiting {
		e.State = outbox.Claimed
	}
	e.Claim = token
	return *e
}

func (q *memQueue) knows(person int64) casefile.Known {
	k := q.known[person]
	k.Dossier = k.Dossier.Clone()
	return k
}

// move is the compare-and-swap that every transition is.
func (q *memQueue) move(e outbox.Entry, to outbox.State, do func(*outbox.Entry)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.begin(); err != nil {
		return err
	}
	if err := q.change(e, to, do); err != nil {
		return err
	}
	return q.commit()
}

// begin is where the process dies before a transaction.
func (q *memQueue) begin() error {
	if q.dead {
		return errDead
	}
	if q.die > 0 {
		if q.die--; q.die == 0 {
			q.dead = true
			if !q.dieAfter {
				return errDead
			}
		}
	}
	return nil
}

// commit is where it dies with the transaction made.
func (q *memQueue) commit() error {
	if q.dead {
		return errDead
	}
	return nil
}

func (q *memQueue) change(e outbox.Entry, to outbox.State, do func(*outbox.Entry)) error {
	i := slices.IndexFunc(q.entries, func(x *outbox.Entry) bool { return x.ID == e.ID })
	x := q.entries[i]
	if x.Claim != e.Claim || x.Claim == "" || x.State != e.State {
		q.faults = append(q.faults, fmt.Sprintf("%s is moved to %s under a lost claim", x.ID, to))
		return errors.New("lost claim")
	}
	if x.State != to {
		if err := outbox.Transition(x.State, to); err != nil {
			q.faults = append(q.faults, err.Error())
		}
	}
	q.recorded = append(q.recorded, x.ID+" "+string(to))
	x.State, x.Claim, x.TraceID, x.Version = to, "", e.TraceID, e.Version
	for _, later := range q.entries {
		if to != outbox.Settled && later.Person == x.Person && later.Seq > x.Seq && later.Claim == e.Claim {
			later.State, later.Claim = outbox.Waiting, ""
		}
	}
	do(x)
	return nil
}

func (q *memQueue) Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error {
	_, _, err := q.SettleMany(ctx, run, outbox.Claim{}, []outbox.Entry{e}, []casefile.Dossier{known}, now)
	return err
}

func (q *memQueue) SettleMany(_ context.Context, _ string, by outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	q.mu.Lock()
	slow := q.slow
	q.mu.Unlock()
	<-time.After(slow)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.batches = append(q.batches, len(entries))
	if slices.ContainsFunc(entries, func(e outbox.Entry) bool { return e.ID == q.unsettleable }) {
		return nil, nil, errors.New("this one can't be settled")
	}
	if err := q.begin(); err != nil {
		return nil, nil, err
	}
	for i, e := range entries {
		if err := q.settle(e, known[i]); err != nil {
			return nil, nil, err
		}
	}
	var next [][]outbox.Entry
	var nextKnown []casefile.Known
	if by.Token != "" {
		next, nextKnown = q.claim(by, now)
	}
	return next, nextKnown, q.commit()
}

func (q *memQueue) settle(e outbox.Entry, known casefile.Dossier) error {
	return q.change(e, outbox.Settled, func(x *outbox.Entry) {
		if held := q.known[x.Person].Dossier; held == nil || held.ID != known.ID || held.Version <= known.Version {
			q.known[x.Person] = casefile.Known{LookedUp: true, Dossier: known.Clone()}
		} else {
			q.dirty[x.Person] = true
			return
		}
		if e.Version != 0 && known.Version != e.Version && known.Version != e.Version+1 {
			q.dirty[x.Person] = true
			return
		}
		for _, later := range q.entries {
			if later.Person == x.Person && open(later) {
				later.Version = known.Version
			}
		}
	})
}

func (q *memQueue) GiveBack(_ context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, _ time.Time) error {
	return q.move(e, outbox.Waiting, func(x *outbox.Entry) {
		x.NotBefore, x.Problem = notBefore, why
		if counted {
			x.Attempts++
		}
	})
}

func (q *memQueue) Doubt(_ context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, _ time.Time) error {
	return q.move(e, outbox.InDoubt, func(x *outbox.Entry) {
		x.NotBefore, x.Problem = notBefore, why
		if e.State == outbox.Claimed {
			x.Attempts++
		}
	})
}

func (q *memQueue) Park(_ context.Context, e outbox.Entry, why outbox.Problem, _ time.Time) error {
	return q.move(e, outbox.Parked, func(x *outbox.Entry) { x.Problem = why })
}

func (q *memQueue) Conflict(_ context.Context, e outbox.Entry, known *casefile.Dossier, why outbox.Problem, now time.Time) error {
	return q.move(e, outbox.Superseded, func(x *outbox.Entry) {
		x.Problem = why
		k := q.known[x.Person]
		k.LookedUp = known != nil
		if known != nil {
			k.Dossier = known.Clone()
		}
		q.known[x.Person] = k
		q.supersede(x.Person, now)
	})
}

func (q *memQueue) OutsideArea(_ context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return q.move(e, outbox.Superseded, func(x *outbox.Entry) {
		x.Problem = why
		q.known[x.Person] = casefile.Known{LookedUp: true, OutsideArea: true}
		q.supersede(x.Person, now)
	})
}

func (q *memQueue) supersede(person int64, _ time.Time) {
	q.dirty[person] = true
	for _, e := range q.entries {
		if e.Person == person && e.State.Unsent() {
			e.State = outbox.Superseded
		}
	}
}

// recover is what a restart does.
func (q *memQueue) recover() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dead, q.die = false, 0
	for _, e := range q.entries {
		if e.State == outbox.Claimed {
			e.State = outbox.InDoubt
			e.Attempts++
		}
		e.Claim = ""
	}
}

// nextDue is when something waits for.
func (q *memQueue) nextDue() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var next time.Time
	found := false
	for _, e := range q.entries {
		if (e.State == outbox.Waiting || e.State == outbox.InDoubt) && (!found || e.NotBefore.Before(next)) {
			next, found = e.NotBefore, true
		}
	}
	return next, found
}
