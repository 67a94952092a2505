package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// A version that MLP refuses and shows all the same is tried as often as what it can't take now, and then a person looks.
func TestAVersionThatIsRefusedForEverIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(mlp.Write) (mlp.Answer, error) {
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 412, Type: "versionConflict"}
		}
		s := &script{send: refused, dossier: func(string) (casefile.Dossier, error) { return dossierAt(4), nil }}
		q, d := rig(t, s)
		for range outbox.MaxAttempts {
			if e := q.entry("e1"); e.State != outbox.Waiting {
				t.Fatalf("%s after %d attempts", e.State, len(s.sent))
			}
			mustRun(t, d)
			time.Sleep(outbox.MaxDelay)
		}
		holdQueue(t, q)
		if e := q.entry("e1"); e.State != outbox.Parked || len(s.sent) != outbox.MaxAttempts || e.Problem.Next == "" {
			t.Errorf("%s after %d attempts: %+v", e.State, len(s.sent), e.Problem)
		}
	})
}

// A create that is answered with a dossier that was there already made none. What is behind it was decided without what that holds.
func TestACreateAnsweredWithWhatWasThere(t *testing.T) {
	there := dossierAt(7, category("theirs"))
	s := &script{send: func(mlp.Write) (mlp.Answer, error) {
		return mlp.Answer{DossierID: there.ID, Version: there.Version, Dossier: &there}, nil
	}}
	q := newQueue()
	q.add(t, 1, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: casefile.Person{LastName: "x"}}, category("c1"))
	mustRun(t, newDeliverer(q, s))
	holdQueue(t, q)
	if diff := cmp.Diff([]outbox.State{outbox.Superseded, outbox.Superseded}, q.lane()); diff != "" || len(s.sent) != 1 || !q.dirty[1] {
		t.Errorf("%d sent, decided again: %v (-want +have)\n%s", len(s.sent), q.dirty[1], diff)
	}
}

// A token endpoint that answers and gives none is not asked again for each lane, however many there are, and nobody else's trouble: another
// OCMW goes on with the token that it has.
func TestOneTokenIsAskedForWhereThereIsNone(t *testing.T) {
	for _, tt := range []struct {
		asked, rest time.Duration
	}{{0, 5 * time.Second}, {2 * time.Minute, 2 * time.Minute}, {24 * time.Hour, 10 * time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			none := &mlp.Error{Verdict: mlp.VerdictNotSent, Status: 429, Type: "tokenUnavailable", RetryAfter: tt.asked}
			s := &script{send: func(mlp.Write) (mlp.Answer, error) { return mlp.Answer{}, none }, auth: func() error { return none }}
			neighbour := &script{send: accept}
			q := many(t, 30)
			for _, e := range q.entries[15:] {
				e.OCMW = "0999999922"
			}
			d := New(Options{Queue: q, Clients: map[string]Client{ocmw: s, "0999999922": neighbour}, Rand: func() float64 { return 0 }})
			start := time.Now()
			r := mustRun(t, d)
			holdQueue(t, q)
			if len(s.sent) != 1 || r.Settled != 15 || r.Stopped != StopPaused || r.Until.Sub(start).Round(time.Second) != tt.rest {
				t.Errorf("%d asked for a token, %+v", len(s.sent), r)
			}
			<-time.After(tt.rest)
			if r := mustRun(t, d); s.tokens != 1 || len(s.sent) != 1 {
				t.Errorf("%d tokens, %+v", s.tokens, r)
			}
			<-time.After(tt.rest)
			s.auth, s.send = func() error { return nil }, accept
			if r := mustRun(t, d); r.Settled != 15 || r.Stopped != StopIdle {
				t.Errorf("%+v", r)
			}
		})
	}
}
