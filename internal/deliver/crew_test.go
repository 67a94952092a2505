package deliver

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/mlp"
)

// While no more answers may wait, fewer lanes are taken at a time, and more again when commits keep up.
func TestTheCrewFollowsTheCommits(t *testing.T) {
	for _, tt := range []struct {
		name         string
		most, fewest int
		room         int   // for answers that wait while a commit is made
		waiting      []int // of them, after each commit
		want         []int // lanes at a time, after each
	}{
		{"halved down to the fewest", 64, 8, 32, []int{32, 32, 32, 32}, []int{32, 16, 8, 8}},
		{"as they are where some room was left", 64, 8, 32, []int{32, 31, 8}, []int{32, 32, 32}},
		{"doubled up to the most", 24, 8, 32, []int{32, 7, 0}, []int{12, 24, 24}},
		{"never more than there are", 4, 8, 32, []int{32, 0}, []int{4, 4}},
		{"doubled where but one may wait", 8, 1, 1, []int{1, 1, 1, 0, 0}, []int{4, 2, 1, 2, 4}},
	} {
		c := newCrew(tt.most, tt.fewest)
		c.wanted.Store(int64(tt.most))
		for i, waiting := range tt.waiting {
			if c.pace(waiting, tt.room); c.width() != tt.want[i] {
				t.Errorf("%s: %d after %v, want %d", tt.name, c.width(), tt.waiting[:i+1], tt.want[i])
			}
		}
	}
}

// At first it is not known what takes the time: not all of many workers have a lane.
func TestFewLanesAreTakenAtFirst(t *testing.T) {
	for _, tt := range []struct{ most, fewest, want int }{{64, 4, 8}, {64, 16, 32}, {8, 4, 8}, {2, 1, 2}, {1, 4, 1}} {
		if c := newCrew(tt.most, tt.fewest); c.width() != tt.want {
			t.Errorf("%+v: %d", tt, c.width())
		}
	}
}

// Workers who are too many leave, each once, and no more than those.
func TestWorkersLeaveUntilTheWantedAreLeft(t *testing.T) {
	c := newCrew(64, 8)
	c.wanted.Store(64)
	c.there.Store(64)
	for range 3 {
		c.pace(32, 32)
	}
	var left atomic.Int64
	var asked sync.WaitGroup
	for range 200 {
		asked.Go(func() {
			if c.leaves() {
				left.Add(1)
			}
		})
	}
	asked.Wait()
	if left.Load() != 56 || c.there.Load() != 8 {
		t.Errorf("%d left, %d are there", left.Load(), c.there.Load())
	}
}

// Where commits are what takes the time few requests are out at a time, and all workers are back when commits no longer are.
func TestFewRequestsAreOutWhileCommitsLagBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, each = 400, 6
		q, s, _ := crowd(t, people, each)
		q.slow = time.Second
		var mu sync.Mutex
		var out, lagging, keeping, sent int
		taken := s.send
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			mu.Lock()
			out, sent = out+1, sent+1
			switch {
			case sent == people*each/2: // from here on MLP is slow, and the disk is not
				q.mu.Lock()
				q.slow = 0
				q.mu.Unlock()
			case sent > people*each/2:
				keeping = max(keeping, out)
			case sent > people*each/4:
				lagging = max(lagging, out)
			}
			slow := sent >= people*each/2
			mu.Unlock()
			if slow {
				<-time.After(time.Second)
			}
			<-time.After(time.Millisecond)
			mu.Lock()
			out--
			mu.Unlock()
			return taken(w)
		}
		d := newDeliverer(q, s)
		d.o.Workers, d.o.Unsettled = 64, 64
		if r := mustRun(t, d); r.Settled != people*each {
			t.Errorf("%+v", r)
		}
		holdQueue(t, q)
		if lagging > 8 || keeping < 64 {
			t.Errorf("%d requests at a time while commits lagged behind, %d when they did not", lagging, keeping)
		}
	})
}
