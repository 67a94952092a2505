package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// asBefore is the dossier as it was before anything was sent.
func asBefore(string) (casefile.Dossier, error) { return dossierAt(4), nil }

const requestTime = 30 * time.Second

// hang takes a write and does not answer.
func hang(mlp.Write) (mlp.Answer, error) {
	<-time.After(requestTime)
	return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictInDoubt, Type: mlp.TypeTimeout}
}

// Nobody waits for one request after the other that MLP lets run out of its time: the run ends with those that are out, and what was
// not sent is as it was.
func TestARunWithoutAnAnswerTakesOneRequestsTime(t *testing.T) {
	for name, tt := range map[string]struct {
		workers int
		proven  bool
		sent    int
	}{
		"nothing was answered yet": {8, false, 1},
		"one worker":               {1, true, 1},
		"two workers":              {2, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{dossier: asBefore}
				s.send = func(w mlp.Write) (mlp.Answer, error) {
					if s.sends() > 5 { // the breaker
						return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictNotSent, Type: "breakerOpen", RetryAfter: time.Second}
					}
					return hang(w)
				}
				q := many(t, 30)
				d := newDeliverer(q, s)
				d.o.Workers, d.proven = tt.workers, tt.proven
				start := time.Now()
				r := mustRun(t, d)
				holdQueue(t, q)
				if took := time.Since(start).Round(time.Second); took != requestTime || len(s.sent) != tt.sent || r.Stopped != StopSilent || !r.Until.IsZero() {
					t.Errorf("%s, %d sent, %+v", took, len(s.sent), r)
				}
				for id := range q.states() {
					if e := q.entry(id); e.State != outbox.InDoubt && (e.State != outbox.Waiting || e.Attempts != 0) {
						t.Errorf("%s is %s after %d attempts", id, e.State, e.Attempts)
					}
				}
				s.send = accept
				<-time.After(time.Minute) // what is in doubt may be read
				if r := mustRun(t, d); r.Settled != 30 || r.Stopped != StopIdle {
					t.Errorf("MLP answers again: %+v", r)
				}
			})
		})
	}
}

// One change that MLP is slow with stops nothing while others are answered.
func TestOneRequestWithoutAnAnswerStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, slow := many(t, 30), true
		s := &script{dossier: asBefore}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			s.mu.Lock()
			first := slow && len(s.sent) > 1
			slow = slow && !first
			s.mu.Unlock()
			if first {
				return hang(w)
			}
			return accept(w)
		}
		r := mustRun(t, newDeliverer(q, s))
		if r.Settled != 29 || r.Doubts != 1 || r.Stopped != StopIdle {
			t.Errorf("%+v", r)
		}
	})
}
