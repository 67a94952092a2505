package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// lane is a queue with one person's lane of six, at version 4.
func lane(t *testing.T) *memQueue {
	q := newQueue()
	d := dossierAt(4)
	q.known[1] = casefile.Known{LookedUp: true, Dossier: &d}
	q.add(t, 1, category("c1"), category("c2"), category("c3"), category("c4"), category("c5"), category("c6"))
	return q
}

func (q *memQueue) lane() []outbox.State {
	var all []outbox.State
	for _, e := range q.entries {
		all = append(all, e.State)
	}
	return all
}

// A stretch is sent one after another, each on the version that the answer to the one before it told, and is settled together.
func TestAStretchGoesOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := lane(t), &script{send: accept}
		r := mustRun(t, newDeliverer(q, s))
		holdQueue(t, q)
		var versions []int64
		for _, w := range s.sent {
			versions = append(versions, w.Version)
		}
		if diff := cmp.Diff([]int64{4, 5, 6, 7, 8, 9}, versions); diff != "" || s.top != 1 || r.Settled != 6 {
			t.Errorf("%+v, %d at a time, versions (-want +have):\n%s", r, s.top, diff)
		}
		// The first alone, as nothing had shown that MLP works; and then what came within the patience of a commit.
		if diff := cmp.Diff([]int{1, 5}, q.batches); diff != "" {
			t.Errorf("commits (-want +have):\n%s", diff)
		}
	})
}

// What stands behind an entry that MLP does not take is not sent, and waits as it did; what MLP took before is settled.
func TestAStretchEndsAtWhatIsNotTaken(t *testing.T) {
	for _, tt := range []struct {
		verdict     mlp.Verdict
		itself, all outbox.State
	}{
		{mlp.VerdictThrottled, outbox.Waiting, outbox.Waiting},
		{mlp.VerdictTransient, outbox.Waiting, outbox.Waiting},
		{mlp.VerdictNotSent, outbox.Waiting, outbox.Waiting},
		{mlp.VerdictAuthentication, outbox.Waiting, outbox.Waiting},
		{mlp.VerdictPermanent, outbox.Parked, outbox.Waiting},
		{mlp.VerdictInDoubt, outbox.InDoubt, outbox.Waiting},
		{mlp.VerdictOutsideArea, outbox.Superseded, outbox.Superseded},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := lane(t)
			s := &script{send: func(w mlp.Write) (mlp.Answer, error) {
				if w.Change.ID == "c4" {
					return refuse(tt.verdict)(w)
				}
				return accept(w)
			}}
			r := mustRun(t, newDeliverer(q, s))
			holdQueue(t, q)
			want := []outbox.State{outbox.Settled, outbox.Settled, outbox.Settled, tt.itself, tt.all, tt.all}
			if diff := cmp.Diff(want, q.lane()); diff != "" || len(s.sent) != 4 || r.Settled != 3 {
				t.Errorf("%s: %+v, %d sent, states (-want +have):\n%s", tt.verdict, r, len(s.sent), diff)
			}
			if diff := cmp.Diff([]string{"e1 settled", "e2 settled", "e3 settled", "e4 " + string(tt.itself)}, q.recorded[:4]); diff != "" {
				t.Errorf("%s: recorded (-want +have):\n%s", tt.verdict, diff)
			}
			if e := q.entry("e5"); e.Attempts != 0 || !e.NotBefore.IsZero() || e.Problem != (outbox.Problem{}) {
				t.Errorf("%s: what was not sent is not as it was: %+v", tt.verdict, e)
			}
		})
	}
}

// Where somebody else wrote in between, the rest of the stretch was decided on what is not true any more.
func TestAStretchEndsAtAnothersWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := lane(t)
		moved := dossierAt(9)
		s := &script{send: func(w mlp.Write) (mlp.Answer, error) {
			a, err := accept(w)
			if w.Change.ID == "c3" {
				a.Version = 9
			}
			return a, err
		}, dossier: func(string) (casefile.Dossier, error) { return moved, nil }}
		r := mustRun(t, newDeliverer(q, s))
		holdQueue(t, q)
		want := []outbox.State{outbox.Settled, outbox.Settled, outbox.Settled, outbox.Superseded, outbox.Superseded, outbox.Superseded}
		if diff := cmp.Diff(want, q.lane()); diff != "" || len(s.sent) != 3 || !q.dirty[1] || r.GivenBack != 1 || r.Conflicts != 0 {
			t.Errorf("%+v, %d sent, to decide again: %t, states (-want +have):\n%s", r, len(s.sent), q.dirty[1], diff)
		}
	})
}

// A process that is told to stop sends no more of a stretch.
func TestAStretchEndsWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := lane(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{send: func(w mlp.Write) (mlp.Answer, error) {
			if w.Change.ID == "c3" {
				cancel()
			}
			return accept(w)
		}}
		r, err := newDeliverer(q, s).Run(ctx, "r1")
		holdQueue(t, q)
		want := []outbox.State{outbox.Settled, outbox.Settled, outbox.Settled, outbox.Waiting, outbox.Waiting, outbox.Waiting}
		if diff := cmp.Diff(want, q.lane()); diff != "" || err != nil || r.Stopped != StopCancelled {
			t.Errorf("%v, %+v, states (-want +have):\n%s", err, r, diff)
		}
	})
}

// Long lanes share the workers, and no lane has two of its entries out at a time.
func TestLanesOfStretchesShareTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, workers = 30, 8
		q, s, r := crowd(t, people, 7)
		var mu sync.Mutex
		out := map[string]int{}
		taken := s.send
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			mu.Lock()
			if out[w.DossierID]++; out[w.DossierID] > 1 {
				t.Errorf("two of %s are out", w.DossierID)
			}
			mu.Unlock()
			<-time.After(time.Millisecond)
			defer func() { mu.Lock(); out[w.DossierID]--; mu.Unlock() }()
			return taken(w)
		}
		d := newDeliverer(q, s)
		d.o.Workers = workers
		if report := mustRun(t, d); report.Settled != 7*people || s.top != workers {
			t.Errorf("%+v, %d at a time", report, s.top)
		}
		holdQueue(t, q)
		for p := 1; p <= people; p++ {
			var ids []string
			for _, w := range s.sent {
				if w.DossierID == fmt.Sprintf("d%d", p) {
					ids = append(ids, w.Change.ID)
				}
			}
			if !slices.IsSorted(ids) || len(ids) != 7 {
				t.Errorf("d%d: %v", p, ids)
			}
		}
		for what, n := range r.writes {
			if n != 1 {
				t.Errorf("%s was sent %d times", what, n)
			}
		}
	})
}

// Where MLP is what takes the time, each of many workers has a lane of its own; where commits are, long stretches share them.
func TestAStretchIsAWorkersShareUnlessCommitsLagBehind(t *testing.T) {
	for _, tt := range []struct {
		name           string
		answer, commit time.Duration
		longest, top   int
	}{{"slow answers", time.Second, 0, 2, 64}, {"slow commits", 0, time.Second, 6, 0}} {
		synctest.Test(t, func(t *testing.T) {
			q, s, _ := crowd(t, 200, 6)
			taken := s.send
			var n atomic.Int64
			s.send = func(w mlp.Write) (mlp.Answer, error) {
				was := n.Add(1)
				if was == 300 { // by then it is known what takes the time
					q.mu.Lock()
					q.longest = 0
					q.mu.Unlock()
				}
				<-time.After(tt.answer + tt.answer*time.Duration(was%64)/64) // not all at once
				return taken(w)
			}
			q.slow = tt.commit
			d := newDeliverer(q, s)
			d.o.Workers = 64
			r := mustRun(t, d)
			holdQueue(t, q)
			if r.Settled != 1200 || q.longest != tt.longest || s.top < tt.top {
				t.Errorf("%s: %d settled, stretches of %d, %d at a time", tt.name, r.Settled, q.longest, s.top)
			}
		})
	}
}

// An entry in doubt of an OCMW that is no longer configured can't be read: it stays in doubt.
func TestADoubtOfAnUnknownOCMWStays(t *testing.T) {
	q, d := rig(t, &script{send: accept})
	q.entries[0].OCMW, q.entries[0].State, q.entries[0].DoubtSince = "0884303369", outbox.InDoubt, time.Now()
	if r := mustRun(t, d); q.entry("e1").State != outbox.InDoubt || r.Doubts != 1 {
		t.Errorf("%+v, %s", r, q.entry("e1").State)
	}
}

// What was claimed behind a create, of somebody of whom MLP turns out to have nothing, waits behind it again.
func TestAStretchOfANewPersonInDoubtWaitsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.known[1] = casefile.Known{LookedUp: true}
		q.add(t, 1, course(t, 1, numbers()[0])[:3]...)
		for _, e := range q.entries {
			e.State, e.DoubtSince = outbox.InDoubt, time.Now()
		}
		s := &script{query: func() (map[int64]casefile.Dossier, error) { return nil, nil }, send: refuse(mlp.VerdictThrottled)}
		mustRun(t, newDeliverer(q, s))
		holdQueue(t, q)
		if diff := cmp.Diff([]outbox.State{outbox.Waiting, outbox.Waiting, outbox.Waiting}, q.lane()); diff != "" || q.dirty[1] || !q.known[1].LookedUp {
			t.Errorf("to decide again: %t, states (-want +have):\n%s", q.dirty[1], diff)
		}
		if len(s.sent) != 1 || s.sent[0].Change.Op != casefile.OpCreate {
			t.Errorf("sent: %+v", s.sent)
		}
	})
}

// What is given back is under its claim until that is recorded: no more is claimed beside it than may be.
func TestNoMoreIsClaimedThanMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers, unsettled = 2, 6
		q, s, _ := crowd(t, 20, 4)
		taken := s.send
		var n atomic.Int64
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			if n.Add(1)%5 == 0 {
				return refuse(mlp.VerdictPermanent)(w)
			}
			return taken(w)
		}
		d := newDeliverer(&bounded{memQueue: q, t: t, most: workers + unsettled}, s)
		d.o.Workers, d.o.Unsettled = workers, unsettled
		mustRun(t, d)
		holdQueue(t, q)
	})
}

// bounded is a queue in which only so many entries may be claimed.
type bounded struct {
	*memQueue
	t    *testing.T
	most int
}

func (b *bounded) SettleMany(ctx context.Context, run string, by outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	next, nextKnown, err := b.memQueue.SettleMany(ctx, run, by, entries, known, now)
	if n := count(b.memQueue, outbox.Claimed); n > b.most {
		b.t.Errorf("%d are claimed, where %d may be", n, b.most)
	}
	return next, nextKnown, err
}

// What reading gives back is claimed again at once, though somebody else's answer is long in coming.
func TestWhatIsGivenBackIsClaimedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const doubted, slow, first = "d1", "d2", "d3"
		q, s, r := crowd(t, 4, 1)
		q.slow = time.Second
		q.entries[0].State, q.entries[0].DoubtSince = outbox.InDoubt, time.Now()
		began := time.Now()
		var again time.Duration
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			switch w.DossierID {
			case doubted:
				again = time.Since(began)
			case slow:
				<-time.After(30 * time.Second)
			case first:
			default: // while the first is committed
				<-time.After(400 * time.Millisecond)
			}
			return r.send(w)
		}
		d := newDeliverer(q, &slowReader{s})
		d.o.Workers, d.proven = 4, true
		mustRun(t, d)
		if holdQueue(t, q); again == 0 || again > 10*time.Second {
			t.Errorf("it went out after %s", again)
		}
	})
}

// slowReader takes half a second to read a dossier.
type slowReader struct{ *script }

func (s *slowReader) Dossier(ctx context.Context, id string) (casefile.Dossier, error) {
	<-time.After(500 * time.Millisecond)
	return s.script.Dossier(ctx, id)
}

// A create is the lane's own write whatever version it brings, and so is one that changes nothing.
func TestAStretchGoesOnBehindACreateAndWhatChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.known[1] = casefile.Known{LookedUp: true}
		q.add(t, 1, append(course(t, 1, numbers()[0])[:1], category("c1"), category("c2"), category("c3"))...)
		s := &script{send: func(w mlp.Write) (mlp.Answer, error) {
			a, err := accept(w)
			switch w.Change.ID {
			case "":
				d := dossierAt(3)
				a = mlp.Answer{DossierID: d.ID, Version: 3, Dossier: &d}
			case "c2":
				a.Version = w.Version
			}
			return a, err
		}, dossier: func(string) (casefile.Dossier, error) { return dossierAt(4, category("c1"), category("c2")), nil }}
		d := newDeliverer(q, s)
		d.proven = true
		r := mustRun(t, d)
		holdQueue(t, q)
		var versions []int64
		for _, w := range s.sent {
			versions = append(versions, w.Version)
		}
		if diff := cmp.Diff([]int64{0, 3, 4, 4}, versions); diff != "" || r.Settled != 4 || r.GivenBack != 0 {
			t.Errorf("%+v, versions (-want +have):\n%s", r, diff)
		}
	})
}

// watched is a queue that notes how it is asked, and when.
type watched struct {
	*memQueue
	began   time.Time
	claims  []outbox.Claim
	settled []time.Duration
}

func (w *watched) Claim(ctx context.Context, by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	w.claims = append(w.claims, by)
	return w.memQueue.Claim(ctx, by, now)
}

func (w *watched) SettleMany(ctx context.Context, run string, by outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	w.settled = append(w.settled, time.Since(w.began))
	return w.memQueue.SettleMany(ctx, run, by, entries, known, now)
}

// No lane takes so much of what may be claimed that a worker has none, nor keeps its worker for long.
func TestAStretchIsNoLongerThanItsShare(t *testing.T) {
	for _, tt := range []struct{ workers, unsettled, want int }{{2, 4, 3}, {8, 1, 1}, {1, 63, maxStretch}} {
		synctest.Test(t, func(t *testing.T) {
			q, s, _ := crowd(t, 2, 1)
			w := &watched{memQueue: q}
			d := newDeliverer(w, s)
			d.o.Workers, d.o.Unsettled = tt.workers, tt.unsettled
			mustRun(t, d)
			if w.claims[0].Stretch != 1 || w.claims[0].Limit != 1 {
				t.Errorf("before MLP has answered: %+v", w.claims[0])
			}
			if last := w.claims[len(w.claims)-1]; last.Stretch != tt.want || last.Limit != tt.workers+tt.unsettled {
				t.Errorf("%+v: %+v", tt, last)
			}
		})
	}
}

// No answer waits for others when a worker has nobody to go on with.
func TestAnAnswerDoesNotWaitWhileAWorkerIdles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 2, 1)
		w, taken := &watched{memQueue: q, began: time.Now()}, s.send
		s.send = func(x mlp.Write) (mlp.Answer, error) {
			if x.DossierID == "d2" {
				<-time.After(time.Second)
			}
			return taken(x)
		}
		d := newDeliverer(w, s)
		d.o.Workers, d.proven = 2, true
		mustRun(t, d)
		if w.settled[0] != time.Millisecond {
			t.Errorf("settled after %v", w.settled)
		}
	})
}

// What is written once a lane is written once: while commits are what takes the time, each takes lanes to their end.
func TestAStretchesAnswersShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, each = 60, 5
		q, s, _ := crowd(t, people, each)
		q.slow = time.Second
		w := &shared{memQueue: q, commits: map[int64]int{}}
		d := newDeliverer(w, s)
		d.o.Workers, d.proven = 8, true
		if r := mustRun(t, d); r.Settled != people*each {
			t.Errorf("%+v", r)
		}
		holdQueue(t, q)
		apart := 0
		for _, n := range w.commits {
			if n > 1 {
				apart++
			}
		}
		if len(w.commits) != people || apart > 8 { // those with whom each of the workers began, or ended
			t.Errorf("%d lanes of %d were settled in more than one commit", apart, len(w.commits))
		}
	})
}

// Nobody's answer waits for the end of a slow stretch while others are committed again and again.
func TestAnAnswerIsLeftForOneCommitAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, r := crowd(t, 400, 3)
		q.slow = 50 * time.Millisecond
		w := &shared{memQueue: q, commits: map[int64]int{}}
		taken, waited := s.send, -1
		s.send = func(x mlp.Write) (mlp.Answer, error) {
			if x.DossierID == "d50" && r.written("d50") == 1 {
				began := w.made()
				for q.entry("e148").State != outbox.Settled {
					<-time.After(time.Millisecond)
				}
				waited = w.made() - began
			}
			return taken(x)
		}
		d := newDeliverer(w, s)
		d.o.Workers, d.proven = 4, true
		if report := mustRun(t, d); report.Settled != 1200 || waited < 0 || waited > 5 {
			t.Errorf("%+v; %d commits were made before it was settled", report, waited)
		}
		holdQueue(t, q)
	})
}

// Nor does it wait while nothing else comes.
func TestAnAnswerThatWasLeftIsSettledThoughNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, r := crowd(t, 33, 2)
		q.slow = 10 * time.Millisecond
		taken, settled := s.send, time.Duration(0)
		s.send = func(x mlp.Write) (mlp.Answer, error) {
			if x.DossierID == "d1" && r.written("d1") == 1 {
				began := time.Now()
				for q.entry("e1").State != outbox.Settled && time.Since(began) < time.Hour {
					<-time.After(time.Millisecond)
				}
				settled = time.Since(began)
			}
			return taken(x)
		}
		d := newDeliverer(q, s)
		d.o.Workers, d.proven = 40, true
		if report := mustRun(t, d); report.Settled != 66 || settled > time.Second {
			t.Errorf("%+v; it was settled after %s", report, settled)
		}
		holdQueue(t, q)
	})
}

// Where no more may wait a commit is made at once, though every stretch goes on.
func TestACommitIsMadeWhenNoMoreMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 6
		q, s, _ := crowd(t, 2, each)
		d := newDeliverer(q, s)
		d.o.Workers, d.o.Unsettled, d.proven = 2, 2, true
		began := time.Now()
		if r := mustRun(t, d); r.Settled != 2*each || time.Since(began) > each*time.Millisecond {
			t.Errorf("%+v after %s, with answers of a millisecond each", r, time.Since(began))
		}
		holdQueue(t, q)
	})
}

// Whatever becomes of the entries, a run ends with every answer recorded and nothing counted that is not there.
func TestNothingIsLeftOverWhenARunEnds(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			q, s, _ := crowd(t, 40, 1+random.IntN(7))
			q.slow = time.Duration(random.IntN(4)) * 5 * time.Millisecond
			if seed%5 == 4 {
				q.die = 2 + random.IntN(6)
			}
			var mu sync.Mutex
			taken := s.send
			s.send = func(w mlp.Write) (mlp.Answer, error) {
				mu.Lock()
				delay, verdict := time.Duration(random.IntN(20))*time.Millisecond, random.IntN(40)
				mu.Unlock()
				<-time.After(delay)
				switch verdict {
				case 0:
					return refuse(mlp.VerdictPermanent)(w)
				case 1:
					return refuse(mlp.VerdictInDoubt)(w)
				}
				return taken(w)
			}
			d := newDeliverer(q, s)
			d.o.Workers, d.o.Unsettled, d.proven = 1+random.IntN(12), 1+random.IntN(65), true
			end := d.session(t.Context(), "r1")
			err := end.loop()
			end.close()
			if (err != nil) != q.dead {
				t.Errorf("seed %d: %v", seed, err)
			}
			if end.out+end.lanes+end.unfinishedSum+len(end.unfinished)+len(end.answered)+len(end.waiting)+len(end.results) > 0 {
				t.Errorf("seed %d: %d out, %d lanes, %d %d unfinished, %d answers, %d waiting, %d results", seed,
					end.out, end.lanes, end.unfinishedSum, len(end.unfinished), len(end.answered), len(end.waiting), len(end.results))
			}
			if err == nil {
				holdQueue(t, q)
			}
		})
	}
}

// shared is a queue that counts the commits that each lane was settled in.
type shared struct {
	*memQueue
	commits map[int64]int
	all     atomic.Int64
}

func (s *shared) made() int { return int(s.all.Load()) }

func (s *shared) SettleMany(ctx context.Context, run string, by outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	lanes := map[int64]bool{}
	for _, e := range entries {
		lanes[e.Person] = true
	}
	for person := range lanes {
		s.commits[person]++
	}
	defer s.all.Add(1)
	return s.memQueue.SettleMany(ctx, run, by, entries, known, now)
}
