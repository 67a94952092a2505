package deliver

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// registry is an MLP that keeps what it takes, by dossier.
type registry struct {
	mu       sync.Mutex
	dossiers map[string]casefile.Dossier
	writes   map[string]int
	onWrite  func(taken int)
}

func (r *registry) send(w mlp.Write) (mlp.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := accept(w)
	r.dossiers[w.DossierID] = withRegistration(r.dossiers[w.DossierID], *a.Registration, a.Version)
	r.writes[w.DossierID+" "+w.Change.ID]++
	if r.onWrite != nil {
		r.onWrite(len(r.writes))
	}
	return a, err
}

func (r *registry) read(id string) (casefile.Dossier, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.dossiers[id]
	return *d.Clone(), nil
}

// crowd is n people with a lane of some entries each, and an MLP that takes them.
func crowd(t *testing.T, n int64, length int) (*memQueue, *script, *registry) {
	q := newQueue()
	r := &registry{dossiers: map[string]casefile.Dossier{}, writes: map[string]int{}}
	for p := int64(1); p <= n; p++ {
		d := casefile.Dossier{ID: fmt.Sprintf("d%d", p), Version: 4}
		r.dossiers[d.ID] = d
		q.known[p] = casefile.Known{LookedUp: true, Dossier: &d}
		for i := range length {
			q.add(t, p, category(fmt.Sprint("c", i+1)))
		}
	}
	return q, &script{send: r.send, dossier: r.read}, r
}

func count(q *memQueue, states ...outbox.State) int {
	n := 0
	for _, s := range q.states() {
		if slices.Contains(states, s) {
			n++
		}
	}
	return n
}

// While a commit lasts, workers go on, until as many answers wait as may: then they don't.
func TestAnswersShareCommitsAndFewWait(t *testing.T) {
	const people, workers, unsettled = 60, 4, 8
	synctest.Test(t, func(t *testing.T) {
		q, s, r := crowd(t, people, 2)
		q.slow = time.Second
		d := newDeliverer(q, s)
		d.o.Workers, d.o.Unsettled = workers, unsettled
		most := 0
		r.onWrite = func(taken int) { most = max(most, taken-count(q, outbox.Settled)) }
		report := mustRun(t, d)
		holdQueue(t, q)
		if report.Settled != 2*people || count(q, outbox.Settled) != 2*people {
			t.Fatalf("%+v", report)
		}
		if most <= workers || most > workers+unsettled {
			t.Errorf("%d answers at MLP that were not settled, with %d workers and %d that may wait", most, workers, unsettled)
		}
		if top := slices.Max(q.batches); top < unsettled/2 || top > unsettled || len(q.batches) > people {
			t.Errorf("%d commits, the largest of %d", len(q.batches), top)
		}
	})
}

// An answer does not wait for company that does not come.
func TestALoneAnswerIsSettledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 1, 2)
		start := time.Now()
		if r := mustRun(t, newDeliverer(q, s)); r.Settled != 2 || time.Since(start) != 2*time.Millisecond {
			t.Errorf("%+v after %s, with answers of a millisecond each", r, time.Since(start))
		}
	})
}

// The process is killed with answers that no commit holds yet: they are in doubt, no more than may be;
// reading settles them, and nothing is sent twice.
func TestAKillBetweenAnswerAndCommit(t *testing.T) {
	const people, each, workers, unsettled = 30, 5, 4, 8
	for _, tt := range []struct {
		name  string
		after bool // the commit was made
	}{{"before the commit", false}, {"behind the commit", true}} {
		for kill := 1; kill <= 12; kill++ {
			synctest.Test(t, func(t *testing.T) {
				q, s, r := crowd(t, people, each)
				q.die, q.dieAfter = kill, tt.after
				q.slow = 10 * time.Millisecond
				d := newDeliverer(q, s)
				d.o.Workers, d.o.Unsettled = workers, unsettled
				if _, err := d.Run(t.Context(), "r1"); !errors.Is(err, errDead) {
					t.Fatalf("it lives on: %v", err)
				}
				q.recover()
				doubts := count(q, outbox.InDoubt)
				if doubts == 0 && !tt.after || doubts > workers+unsettled {
					t.Errorf("%s %d: %d in doubt", tt.name, kill, doubts)
				}
				d = newDeliverer(q, s)
				for range 20 {
					mustRun(t, d)
					<-time.After(time.Minute)
				}
				holdQueue(t, q)
				if s.reads < doubts {
					t.Errorf("%s %d: %d readings of %d in doubt", tt.name, kill, s.reads, doubts)
				}
				for _, e := range q.entries {
					sent := r.writes[fmt.Sprintf("d%d %s", e.Person, e.Registration)] > 0
					// Where a reading showed more than one write of the lane, the rest is decided again.
					if again := e.State == outbox.Superseded && q.dirty[e.Person]; sent != (e.State == outbox.Settled) || !sent && !again {
						t.Errorf("%s %d: %s is %s, at MLP: %t", tt.name, kill, e.ID, e.State, sent)
					}
				}
				for what, n := range r.writes {
					if n != 1 {
						t.Errorf("%s %d: %s was sent %d times", tt.name, kill, what, n)
					}
				}
			})
		}
	}
}

// One that can't be settled keeps nobody else in doubt, and what is behind it in its lane waits.
func TestAnAnswerThatCannotBeSettledIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 30, 2)
		q.slow, q.unsettleable = 10*time.Millisecond, "e41"
		d := newDeliverer(q, s)
		r, err := d.Run(t.Context(), "r1")
		if err == nil || r.Stopped != StopStore {
			t.Fatalf("%v, %+v", err, r)
		}
		left := []string{"e41", "e42"}
		stays := func(when string) {
			t.Helper()
			for _, id := range left {
				if q.entry(id).State != outbox.Claimed {
					t.Errorf("%s: %s is %s", when, id, q.entry(id).State)
				}
			}
			if claimed := count(q, outbox.Claimed); claimed != len(left) {
				t.Errorf("%s: %d are still claimed", when, claimed)
			}
		}
		stays("at the end")
		if r.Settled != count(q, outbox.Settled) {
			t.Errorf("%d settled, %d said", count(q, outbox.Settled), r.Settled)
		}
		if _, err := d.Run(t.Context(), "r2"); err == nil {
			t.Error("it is not said again")
		}
		stays("offered again")
		q.unsettleable = ""
		mustRun(t, d)
		holdQueue(t, q)
		if n := len(q.recorded); count(q, outbox.Settled) != 60 || slices.Index(q.recorded, "e41 settled") > slices.Index(q.recorded, "e42 settled") {
			t.Errorf("of %d records %d are of what settled", n, count(q, outbox.Settled))
		}
	})
}

// A store that is gone is not asked again for each answer; what it did not take is offered later.
func TestAStoreThatIsGoneIsNotAskedForEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, r := crowd(t, 60, 2)
		q.slow, q.die = 100*time.Millisecond, 3
		d := newDeliverer(q, s)
		if _, err := d.Run(t.Context(), "r1"); !errors.Is(err, errDead) {
			t.Fatalf("%v", err)
		}
		// The commit that failed, two by themselves, and the commit of what was out meanwhile with two of its own.
		if asked := len(q.batches) - 2; asked > 3+3 {
			t.Errorf("asked %d times after it was gone", asked)
		}
		q.dead = false
		for range 3 {
			mustRun(t, d)
		}
		holdQueue(t, q)
		if settled := count(q, outbox.Settled); settled < len(r.writes) {
			t.Errorf("%d settled of %d that MLP has", settled, len(r.writes))
		}
	})
}

// What was claimed ahead is given back as it was when the way is shut, and goes when it is open.
func TestWhatWasClaimedAheadIsKeptBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 50, 2)
		taken := s.send
		var sent atomic.Int64
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			if sent.Add(1) > 20 {
				return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictThrottled, RetryAfter: time.Minute}
			}
			return taken(w)
		}
		d := newDeliverer(q, s)
		r := mustRun(t, d)
		holdQueue(t, q)
		if claimed := count(q, outbox.Claimed, outbox.InDoubt); claimed != 0 || r.Stopped != StopThrottled || len(s.sent) > 20+defaultWorkers {
			t.Errorf("%+v: %d are claimed, %d sent", r, claimed, len(s.sent))
		}
		s.send = taken
		<-time.After(2 * time.Minute)
		mustRun(t, d)
		holdQueue(t, q)
		if n := count(q, outbox.Settled); n != 100 {
			t.Errorf("%d settled", n)
		}
	})
}

func (r *registry) written(dossier string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dossiers[dossier].Registrations)
}
