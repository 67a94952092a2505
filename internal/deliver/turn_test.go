package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// A long delivery is made in turns: what was claimed in one is sent to its end, and nothing is given back.
func TestALongDeliveryIsMadeInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const turn, answer = time.Second, 50 * time.Millisecond
		q, s, _ := crowd(t, 300, 2)
		taken := s.send
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			<-time.After(answer)
			return taken(w)
		}
		d := newDeliverer(q, s)
		d.o.Turn = turn
		settled, ended := 0, false
		for !ended {
			began := time.Now()
			r := mustRun(t, d)
			settled, ended = settled+r.Settled, r.Stopped == StopIdle
			if r.Stopped != StopTurn && !ended || r.GivenBack > 0 || !ended && r.Settled == 0 || !r.Until.IsZero() {
				t.Fatalf("%d settled: %+v", settled, r)
			}
			if open := count(q, outbox.Claimed) + count(q, outbox.InDoubt); open > 0 {
				t.Fatalf("%d are left under way", open)
			}
			most := turn + time.Duration(d.reach()/defaultWorkers+maxStretch)*answer
			if took := time.Since(began); took > most {
				t.Errorf("a turn took %s, more than %s", took, most)
			}
		}
		if settled != 600 {
			t.Errorf("%d settled", settled)
		}
		holdQueue(t, q)
	})
}

// Where requests go out one now and then, what was claimed does not keep others waiting: it goes back as it was.
func TestATurnEndsWhereMLPIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const turn, answer = 10 * time.Second, 4 * time.Second
		q, s, _ := crowd(t, 100, 1)
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			<-time.After(answer)
			return accept(w)
		}
		d := newDeliverer(q, s)
		d.o.Turn = turn
		began := time.Now()
		r := mustRun(t, d)
		if took := time.Since(began); r.Stopped != StopTurn || r.Settled == 0 || r.GivenBack == 0 || took > 2*turn+2*answer {
			t.Errorf("after %s: %+v", took, r)
		}
		if waits := count(q, outbox.Waiting); waits != 100-r.Settled {
			t.Errorf("%d wait, %d settled", waits, r.Settled)
		}
		holdQueue(t, q)
	})
}

// What shuts the way while a turn ends is told as what it is.
func TestAWayThatShutsAtTheEndOfATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 30, 1)
		s.send = func(mlp.Write) (mlp.Answer, error) {
			<-time.After(time.Minute)
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictThrottled, Status: 429, RetryAfter: time.Minute}
		}
		d := newDeliverer(q, s)
		d.o.Turn = time.Second
		if r := mustRun(t, d); r.Stopped != StopThrottled || r.Until.IsZero() {
			t.Errorf("%+v", r)
		}
		holdQueue(t, q)
	})
}
