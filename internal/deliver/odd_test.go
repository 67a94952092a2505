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

// A version that MLP refuses and shows all the same is tried as often as what it can't take now, and then a person looks. So is what it
// says to be gone.
func TestWhatIsRefusedAndShownForEverIsParked(t *testing.T) {
	for status, kind := range map[int]string{412: "versionConflict", 404: "resourceNotFound"} {
		t.Run(kind, func(t *testing.T) {
			refusedForEver(t, &mlp.Error{Verdict: mlp.VerdictConflict, Status: status, Type: kind})
		})
	}
}

func refusedForEver(t *testing.T, why *mlp.Error) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(mlp.Write) (mlp.Answer, error) { return mlp.Answer{}, why }
		s := &script{send: refused, dossier: func(string) (casefile.Dossier, error) { return dossierAt(4), nil }}
		q, d := rig(t, s)
		for range outbox.MaxAttempts {
			if e := q.entry("e1"); e.State != outbox.Waiting {
				t.Fatalf("%s after %d attempts", e.State, len(s.sent))
			}
			mustRun(t, d)
			<-time.After(outbox.MaxDelay)
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

// MLP may shorten a text, or round a number. What it makes of a write is known from then on, and a person asked; the same again would
// be sent for ever. An answer that another request got says nothing of what MLP holds.
func TestWhatMLPKeepsOtherwise(t *testing.T) {
	other := category("c1")
	other.New = casefile.Category{Code: casefile.Code78, From: "2026-03-16"}
	wrote := map[string]casefile.Body{"c1": category("c1").New}
	const anew = "kept otherwise again, in another dossier than before"
	for _, tt := range []struct {
		name    string
		version int64 // that the answer names
		present casefile.Dossier
		wrote   map[string]casefile.Body
		state   outbox.State
	}{
		{"kept otherwise", 5, dossierAt(5, other), nil, outbox.Settled},
		{"kept otherwise again", 5, dossierAt(5, other), wrote, outbox.Parked},
		{anew, 5, dossierAt(5, other), wrote, outbox.Settled},
		{"kept otherwise, after something else", 5, dossierAt(5, other), map[string]casefile.Body{"c1": other.New}, outbox.Settled},
		{"not there: an answer of a cache", 4, dossierAt(4), nil, outbox.Waiting},
		{"not there, in a newer one's words", 5, dossierAt(4), nil, outbox.Waiting},
		{"as it was: an answer of a cache", 4, dossierAt(4, other), nil, outbox.Waiting},
		{"kept otherwise again, as it was", 4, dossierAt(4, other), wrote, outbox.Parked},
		{"there, answered with what was", 5, dossierAt(5, category("c1")), wrote, outbox.Settled},
		{"changed by somebody else", 5, dossierAt(6, other), wrote, outbox.Settled},
	} {
		s := &script{dossier: func(string) (casefile.Dossier, error) { return tt.present, nil }}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			reg := casefile.Registration{ID: w.Change.ID, Body: other.New, From: other.From}
			return mlp.Answer{DossierID: w.DossierID, Version: tt.version, Registration: &reg}, nil
		}
		q, d := rig(t, s)
		known := q.known[1]
		known.Written = tt.wrote
		if tt.wrote != nil && tt.name != anew {
			held := dossierAt(4, other)
			known.Dossier = &held
		}
		q.known[1] = known
		mustRun(t, d)
		holdQueue(t, q)
		if e := q.entry("e1"); e.State != tt.state || s.reads != 1 || e.State != outbox.Settled && e.Problem.Next == "" {
			t.Errorf("%s: %s after %d readings, %+v", tt.name, e.State, s.reads, e.Problem)
		}
	}
}

// So it is with the dossier's own data, of which MLP answers the whole dossier.
func TestOwnDataThatMLPKeepsOtherwise(t *testing.T) {
	city := func(name string) casefile.Person { return casefile.Person{City: name} }
	for want, wrote := range map[outbox.State]string{outbox.Parked: "Gent", outbox.Settled: "Gand"} {
		kept := dossierAt(5)
		kept.Person = city("GENT")
		s := &script{dossier: func(string) (casefile.Dossier, error) { return kept, nil }}
		s.send = func(mlp.Write) (mlp.Answer, error) {
			return mlp.Answer{DossierID: kept.ID, Version: 5, Dossier: &kept}, nil
		}
		q, d := rig(t, s)
		known := q.known[1]
		known.Written = map[string]casefile.Body{string(casefile.RegPerson): city(wrote)}
		q.known[1], q.entries = known, nil
		q.add(t, 1, casefile.Change{Op: casefile.OpPatch, Kind: casefile.RegPerson, New: city("Gent")})
		mustRun(t, d)
		holdQueue(t, q)
		if got := q.entries[0].State; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// MLP that writes in its own form, and holds that already, changes nothing and says so with the version that was sent. That is no answer of
// a cache for ever: a person is asked, and what is behind it goes out.
func TestWhatMLPHoldsInItsOwnFormHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := dossierAt(4)
		kept.Person = casefile.Person{City: "GENT"}
		s := &script{dossier: func(string) (casefile.Dossier, error) { return kept, nil }}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			if w.Change.Op != casefile.OpPatch {
				return accept(w)
			}
			return mlp.Answer{DossierID: kept.ID, Version: 4, Dossier: &kept}, nil
		}
		q, d := rig(t, s)
		q.entries = nil
		q.add(t, 1, casefile.Change{Op: casefile.OpPatch, Kind: casefile.RegPerson, New: casefile.Person{City: "Gent"}}, category("c1"))
		for range keptTries {
			mustRun(t, d)
			<-time.After(outbox.MaxDelay)
		}
		holdQueue(t, q)
		if diff := cmp.Diff([]outbox.State{outbox.Settled, outbox.Settled}, q.lane()); diff != "" || len(s.sent) != keptTries+1 {
			t.Errorf("%d sent (-want +have)\n%s", len(s.sent), diff)
		}
	})
}

// A list that comes back in another order is what was sent: it is read no second time, and not parked when it goes out again.
func TestAListInAnotherOrderIsWhatWasSent(t *testing.T) {
	sent := casefile.Handover{Handover: "gtb", Grounds: []string{"3", "2"}}
	back := sent
	back.Grounds = []string{"2", "3"}
	s := &script{send: func(w mlp.Write) (mlp.Answer, error) {
		reg := casefile.Registration{ID: w.Change.ID, Body: back}
		return mlp.Answer{DossierID: w.DossierID, Version: w.Version + 1, Registration: &reg}, nil
	}}
	q, d := rig(t, s)
	known := q.known[1]
	known.Written = map[string]casefile.Body{"h1": sent}
	q.known[1], q.entries = known, nil
	q.add(t, 1, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegHandover, ID: "h1", New: sent})
	mustRun(t, d)
	holdQueue(t, q)
	if q.entries[0].State != outbox.Settled || s.reads != 0 {
		t.Errorf("%s after %d readings", q.entries[0].State, s.reads)
	}
}

// A dossier that MLP gives and that can't be read keeps its own lane in doubt and nobody else's: it is read again, no more often than what
// failed longest, and goes on when it can be read.
func TestADossierThatCannotBeReadHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unreadable := &mlp.Error{Operation: "getDossier", Verdict: mlp.VerdictTransient, Status: 200, Type: "dossierUnreadable", TraceID: "trace-u"}
		s := &script{dossier: func(string) (casefile.Dossier, error) { return casefile.Dossier{}, unreadable }}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			if w.DossierID == "bad" {
				return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictInDoubt, Type: "connectionLost"}
			}
			return accept(w)
		}
		q := many(t, 12)
		bad := dossierAt(4)
		bad.ID = "bad"
		q.known[1] = casefile.Known{LookedUp: true, Dossier: &bad}
		d := newDeliverer(q, s)
		if r := mustRun(t, d); r.Settled != 11 || r.Doubts != 1 {
			t.Errorf("%+v", r)
		}
		const runs = 60
		for range runs { // an hour
			<-time.After(time.Minute)
			mustRun(t, d)
		}
		holdQueue(t, q)
		if e := q.entry("e1"); e.State != outbox.InDoubt || e.Problem.Type != "dossierUnreadable" || s.reads < 2 || s.reads > 5 {
			t.Errorf("%s after %d readings, %+v", e.State, s.reads, e.Problem)
		}
		s.dossier = func(string) (casefile.Dossier, error) {
			good := dossierAt(5, category("c1"))
			good.ID = "bad"
			return good, nil
		}
		<-time.After(outbox.MaxDelay)
		if r := mustRun(t, d); r.Settled != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// So it is where a person is looked up by number.
func TestACreateWhoseDossierCannotBeReadStaysInDoubt(t *testing.T) {
	unreadable := &mlp.Error{Operation: "queryDossiers", Verdict: mlp.VerdictTransient, Status: 200, Type: "dossierUnreadable"}
	s := &script{send: refuse(mlp.VerdictInDoubt), unread: map[int64]error{1: unreadable}}
	s.query = func() (map[int64]casefile.Dossier, error) { return nil, nil }
	q := newQueue()
	q.add(t, 1, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: casefile.Person{LastName: "x"}})
	q.known[1] = casefile.Known{LookedUp: true}
	now := time.Now()
	d := newDeliverer(q, s)
	d.o.Now = func() time.Time { return now }
	for range 3 {
		mustRun(t, d)
		now = now.Add(outbox.MaxDelay)
	}
	holdQueue(t, q)
	if e := q.entries[0]; e.State != outbox.InDoubt || len(s.sent) != 1 || s.reads == 0 || e.Problem.Type != "dossierUnreadable" {
		t.Errorf("%s, %d sent, %d readings, %+v", e.State, len(s.sent), s.reads, e.Problem)
	}
}
