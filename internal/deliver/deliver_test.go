package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ocmw = "0212214917"

// script is an MLP that answers as told.
type script struct {
	mu       sync.Mutex
	send     func(w mlp.Write) (mlp.Answer, error)
	dossier  func(id string) (casefile.Dossier, error)
	query    func() (map[int64]casefile.Dossier, error)
	unread   map[int64]error // whose dossier comes and can't be read
	auth     func() error
	sent     []mlp.Write
	reads    int
	tokens   int
	now, top int // requests at a time, and the most there were
}

func (s *script) Send(ctx context.Context, w mlp.Write) (mlp.Answer, error) {
	s.mu.Lock()
	s.sent = append(s.sent, w)
	s.now++
	s.top = max(s.top, s.now)
	send := s.send
	s.mu.Unlock()
	<-time.After(time.Millisecond)
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	return send(w)
}

// sends is how many changes were sent so far.
func (s *script) sends() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

func (s *script) Dossier(_ context.Context, id string) (casefile.Dossier, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.dossier(id)
}

func (s *script) Query(context.Context, []mlp.Lookup) (mlp.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	found, err := s.query()
	return mlp.Found{Dossiers: found, Unread: s.unread}, err
}

func (s *script) Authenticate(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	return s.auth()
}

// accept is MLP taking a put.
func accept(w mlp.Write) (mlp.Answer, error) {
	reg := casefile.Registration{ID: w.Change.ID, Body: w.Change.New, From: w.Change.From}
	return mlp.Answer{DossierID: w.DossierID, Version: w.Version + 1, Registration: &reg, TraceID: "trace-1"}, nil
}

func refuse(v mlp.Verdict) func(mlp.Write) (mlp.Answer, error) {
	return func(mlp.Write) (mlp.Answer, error) {
		return mlp.Answer{}, &mlp.Error{Verdict: v, Type: string(v), TraceID: "trace-x"}
	}
}

func category(id string) casefile.Change {
	return casefile.Change{
		Op: casefile.OpPut, Kind: casefile.RegCategory, ID: id, From: "2026-03-16",
		New: casefile.Category{Code: casefile.Code05, From: "2026-03-16"}, Caseworker: "mw-014",
	}
}

func dossierAt(version int64, held ...casefile.Change) casefile.Dossier {
	d := casefile.Dossier{ID: "d1", Version: version}
	for _, c := range held {
		d.Registrations = append(d.Registrations, casefile.Registration{ID: c.ID, Body: c.New, From: c.From})
	}
	return d
}

// rig is a queue with one person's dossier at version 4 and one entry, e1.
func rig(t *testing.T, s *script) (*memQueue, *Deliverer) {
	t.Helper()
	q := newQueue()
	d := dossierAt(4)
	q.known[1] = casefile.Known{LookedUp: true, Dossier: &d}
	q.add(t, 1, category("c1"))
	return q, newDeliverer(q, s)
}

func newDeliverer(q Queue, c Client) *Deliverer {
	return New(Options{Queue: q, Clients: map[string]Client{ocmw: c}, Rand: func() float64 { return 0 }, Document: pdf.read})
}

func mustRun(t *testing.T, d *Deliverer) Report {
	t.Helper()
	r, err := d.Run(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func holdQueue(t *testing.T, q *memQueue) {
	t.Helper()
	for _, f := range q.faults {
		t.Error(f)
	}
}

// Every verdict on a write, and what becomes of the entry.
func TestVerdicts(t *testing.T) {
	throttled := func(mlp.Write) (mlp.Answer, error) {
		return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictThrottled, RetryAfter: 24 * time.Hour}
	}
	for _, tt := range []struct {
		name     string
		send     func(mlp.Write) (mlp.Answer, error)
		state    outbox.State
		attempts int
		stopped  Stop
		until    time.Duration // how far the channel is shut
		due      time.Duration
	}{
		{"taken", accept, outbox.Settled, 0, StopIdle, 0, 0},
		{"permanent", refuse(mlp.VerdictPermanent), outbox.Parked, 0, StopIdle, 0, 0},
		{"transient", refuse(mlp.VerdictTransient), outbox.Waiting, 1, StopIdle, 0, 5 * time.Second},
		{"in doubt", refuse(mlp.VerdictInDoubt), outbox.InDoubt, 1, StopIdle, 0, 5 * time.Second},
		{"not sent", refuse(mlp.VerdictNotSent), outbox.Waiting, 0, StopIdle, 0, 5 * time.Second},
		{"throttled for a day", throttled, outbox.Waiting, 0, StopThrottled, 10 * time.Minute, 10 * time.Minute},
		{"authentication", refuse(mlp.VerdictAuthentication), outbox.Waiting, 0, StopPaused, 5 * time.Minute, 0},
		{"outside the area", refuse(mlp.VerdictOutsideArea), outbox.Superseded, 0, StopIdle, 0, 0},
		{"not an error of mlp", func(mlp.Write) (mlp.Answer, error) { return mlp.Answer{}, errors.New("x") }, outbox.Waiting, 0, StopIdle, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, d := rig(t, &script{send: tt.send})
				start := time.Now()
				r := mustRun(t, d)
				holdQueue(t, q)
				e := q.entry("e1")
				if e.State != tt.state || e.Attempts != tt.attempts || r.Stopped != tt.stopped {
					t.Errorf("%s, %d attempts, stopped: %s", e.State, e.Attempts, r.Stopped)
				}
				if tt.until > 0 && r.Until.Sub(start).Round(time.Second) != tt.until {
					t.Errorf("shut for %s", r.Until.Sub(start))
				}
				if tt.due > 0 && e.NotBefore.Sub(start).Round(time.Second) != tt.due {
					t.Errorf("due after %s", e.NotBefore.Sub(start))
				}
				if tt.state != outbox.Settled && tt.name != "not an error of mlp" && tt.name != "throttled for a day" && e.TraceID != "trace-x" {
					t.Errorf("trace id %q", e.TraceID)
				}
			})
		})
	}
}

func TestSettlingKeepsTheDossierAsMLPHasIt(t *testing.T) {
	q, d := rig(t, &script{send: accept})
	q.add(t, 1, category("c2"))
	r := mustRun(t, d)
	holdQueue(t, q)
	want := dossierAt(6, category("c1"), category("c2"))
	if diff := cmp.Diff(&want, q.known[1].Dossier); diff != "" || r.Settled != 2 {
		t.Errorf("%+v (-want +got):\n%s", r, diff)
	}
	if e := q.entry("e1"); e.TraceID != "trace-1" {
		t.Errorf("trace id %q", e.TraceID)
	}
}

// The version that an answer names says who else wrote.
func TestVersionsAfterAWrite(t *testing.T) {
	for _, tt := range []struct {
		name     string
		version  int64
		present  casefile.Dossier
		e1, e2   outbox.State
		conflict bool
	}{
		{"the next one", 5, dossierAt(5, category("c1")), outbox.Settled, outbox.Settled, false},
		{"nothing changed: MLP had it", 4, dossierAt(4, category("c1")), outbox.Settled, outbox.Settled, false},
		{"it went back: MLP had it", 3, dossierAt(3, category("c1")), outbox.Superseded, outbox.Superseded, true},
		{"somebody else wrote", 7, dossierAt(7, category("c1"), category("other")), outbox.Settled, outbox.Superseded, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := true
			s := &script{dossier: func(string) (casefile.Dossier, error) { return tt.present, nil }}
			s.send = func(w mlp.Write) (mlp.Answer, error) {
				a, err := accept(w)
				if first {
					a.Version, first = tt.version, false
				}
				return a, err
			}
			q, d := rig(t, s)
			q.add(t, 1, category("c2"))
			mustRun(t, d)
			holdQueue(t, q)
			if q.entry("e1").State != tt.e1 || q.entry("e2").State != tt.e2 || q.dirty[1] != tt.conflict {
				t.Errorf("%v, dirty %v", q.states(), q.dirty)
			}
			if tt.conflict && q.known[1].LookedUp && q.known[1].Dossier.Version != tt.version {
				t.Errorf("known at version %d", q.known[1].Dossier.Version)
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	const decidedAgain = "nothing: the dossier is read and the client decided again"
	failing := func(status int, kind string) func(mlp.Write) (mlp.Answer, error) {
		return func(mlp.Write) (mlp.Answer, error) {
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: status, Type: kind, Next: decidedAgain}
		}
	}
	is := func(d casefile.Dossier) func(string) (casefile.Dossier, error) {
		return func(string) (casefile.Dossier, error) { return d, nil }
	}
	unread := func(string) (casefile.Dossier, error) {
		return casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictTransient}
	}
	absent := func(string) (casefile.Dossier, error) {
		return casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 404}
	}
	for _, tt := range []struct {
		name    string
		send    func(mlp.Write) (mlp.Answer, error)
		dossier func(string) (casefile.Dossier, error)
		state   outbox.State
		looked  bool
	}{
		{"moved", failing(412, "versionConflict"), is(dossierAt(6)), outbox.Superseded, true},
		{"refused version is the present one", failing(412, "versionConflict"), is(dossierAt(4)), outbox.Waiting, true},
		{"went back", failing(412, "versionConflict"), is(dossierAt(3)), outbox.Superseded, false},
		{"refused for another reason, and went back", failing(409, "registrationMissing"), is(dossierAt(3)), outbox.Superseded, false},
		{"the dossier is gone", failing(404, "resourceNotFound"), absent, outbox.Superseded, false},
		{"said to be gone, and there as it was", failing(404, "resourceNotFound"), is(dossierAt(4)), outbox.Waiting, true},
		{"a partner took it", failing(409, "dossierOwnedByPartner"), is(dossierAt(5)), outbox.Superseded, true},
		{"refused, and nothing moved", failing(409, "registrationMissing"), is(dossierAt(4)), outbox.Parked, true},
		{"can't be read now", failing(412, "versionConflict"), unread, outbox.Superseded, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, d := rig(t, &script{send: tt.send, dossier: tt.dossier})
			mustRun(t, d)
			holdQueue(t, q)
			e := q.entry("e1")
			if e.State != tt.state || q.known[1].LookedUp != tt.looked {
				t.Errorf("%s, looked up %v", e.State, q.known[1].LookedUp)
			}
			if parked := e.State == outbox.Parked; parked == (e.Problem.Next == decidedAgain) {
				t.Errorf("%s, and what to do is %q", e.State, e.Problem.Next)
			}
		})
	}
}

func inDoubt(q *memQueue) {
	q.entries[0].State, q.entries[0].Attempts = outbox.InDoubt, 1
}

func TestDoubtIsReadBeforeItIsSent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		present casefile.Dossier
		err     error
		state   outbox.State
		sent    int
	}{
		{"there", dossierAt(5, category("c1")), nil, outbox.Settled, 0},
		{"not there, same version", dossierAt(4), nil, outbox.Settled, 1},
		{"not there, version moved", dossierAt(5), nil, outbox.Superseded, 0},
		{"there, in a dossier that went back", dossierAt(3, category("c1")), nil, outbox.Superseded, 0},
		{"not there, in a dossier that went back", dossierAt(3), nil, outbox.Superseded, 0},
		{"there, and more", dossierAt(6, category("c1")), nil, outbox.Settled, 0},
		{"unreadable now", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictTransient}, outbox.InDoubt, 0},
		{"throttled", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictThrottled}, outbox.InDoubt, 0},
		{"not admitted", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictAuthentication}, outbox.InDoubt, 0},
		{"breaker", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictNotSent, Type: "breakerOpen", RetryAfter: time.Second}, outbox.InDoubt, 0},
		{"refused", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictPermanent}, outbox.Parked, 0},
		{"gone", casefile.Dossier{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 404}, outbox.Superseded, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{send: accept, dossier: func(string) (casefile.Dossier, error) { return tt.present, tt.err }}
			q, d := rig(t, s)
			inDoubt(q)
			r := mustRun(t, d)
			holdQueue(t, q)
			found := Found{}
			if tt.state == outbox.Settled && tt.sent == 0 {
				found[[2]string{"category"}] = 1
			}
			if !maps.Equal(r.Found, found) {
				t.Errorf("found %v, want %v", r.Found, found)
			}
			if got := q.entry("e1").State; got != tt.state || len(s.sent) != tt.sent {
				t.Errorf("%s after %d sent", got, len(s.sent))
			}
		})
	}
}

func TestACreateInDoubtIsLookedFor(t *testing.T) {
	person := casefile.Person{LastName: "Peeters", NIS: "44021"}
	fresh := casefile.Dossier{ID: "d1", Version: 1, Person: person}
	used := fresh
	used.Registrations = dossierAt(1, category("c9")).Registrations
	for _, tt := range []struct {
		name  string
		found map[int64]casefile.Dossier
		state outbox.State
		sent  int
	}{
		{"as created", map[int64]casefile.Dossier{1: fresh}, outbox.Settled, 0},
		{"another's", map[int64]casefile.Dossier{1: used}, outbox.Superseded, 0},
		{"none", nil, outbox.Settled, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{query: func() (map[int64]casefile.Dossier, error) { return tt.found, nil }}
			s.send = func(w mlp.Write) (mlp.Answer, error) {
				if w.IdempotencyKey == "" {
					t.Error("a create without a key")
				}
				return mlp.Answer{DossierID: "d1", Version: 1, Dossier: &fresh}, nil
			}
			q := newQueue()
			q.add(t, 1, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: person})
			inDoubt(q)
			mustRun(t, newDeliverer(q, s))
			holdQueue(t, q)
			if got := q.entry("e1").State; got != tt.state || len(s.sent) != tt.sent {
				t.Errorf("%s after %d sent", got, len(s.sent))
			}
		})
	}
}

func TestACreateThatExists(t *testing.T) {
	refused := func(mlp.Write) (mlp.Answer, error) {
		return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 409, Type: "dossierExists"}
	}
	for want, found := range map[outbox.State]map[int64]casefile.Dossier{
		outbox.Superseded: {1: dossierAt(3)},
		outbox.Parked:     nil,
	} {
		q := newQueue()
		q.add(t, 1, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: casefile.Person{LastName: "x"}})
		mustRun(t, newDeliverer(q, &script{send: refused, query: func() (map[int64]casefile.Dossier, error) { return found, nil }}))
		holdQueue(t, q)
		if got := q.entry("e1").State; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A number that MLP knows as replaced or cancelled is looked up again, and never parked.
func TestACreateWithANumberThatChanged(t *testing.T) {
	for _, kind := range []string{"replacedSsin", "canceledSsin"} {
		refused := func(mlp.Write) (mlp.Answer, error) {
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictConflict, Status: 400, Type: "urn:problem-type:cbss:input-validation:" + kind}
		}
		q := newQueue()
		q.known[1] = casefile.Known{LookedUp: true}
		q.add(t, 1, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: casefile.Person{LastName: "x"}})
		s := &script{send: refused}
		mustRun(t, newDeliverer(q, s))
		holdQueue(t, q)
		if got := q.entry("e1").State; got != outbox.Superseded || !q.dirty[1] || q.known[1].LookedUp || s.reads != 0 {
			t.Errorf("%s: %s, dirty %v, looked up %v", kind, got, q.dirty, q.known[1].LookedUp)
		}
	}
}

// many is a queue with one entry for each of n people.
func many(t *testing.T, n int64) *memQueue {
	q := newQueue()
	for p := int64(1); p <= n; p++ {
		d := dossierAt(4)
		q.known[p] = casefile.Known{LookedUp: true, Dossier: &d}
		q.add(t, p, category("c1"))
	}
	return q
}

// After a start one request at a time goes out until the first succeeds.
func TestOneAtATimeUntilTheFirstSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{send: refuse(mlp.VerdictNotSent)}
		q := many(t, 20)
		d := newDeliverer(q, s)
		mustRun(t, d)
		if s.top != 1 || len(s.sent) != 20 {
			t.Errorf("%d at a time, %d sent, before any success", s.top, len(s.sent))
		}
		s.send = accept
		<-time.After(time.Minute)
		r := mustRun(t, d)
		if s.top != defaultWorkers || r.Settled != 20 {
			t.Errorf("%d at a time, %+v", s.top, r)
		}
		holdQueue(t, q)
	})
}

func TestAnOpenBreakerStopsAndCostsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail bool
		s := &script{}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			if fail {
				return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictNotSent, Type: "breakerOpen", RetryAfter: 30 * time.Second}
			}
			fail = true
			return accept(w)
		}
		q := many(t, 30)
		d := newDeliverer(q, s)
		start := time.Now()
		r := mustRun(t, d)
		if r.Stopped != StopBreaker || r.Settled != 1 || r.Until.Sub(start).Round(time.Second) != 30*time.Second || len(s.sent) > 1+defaultWorkers {
			t.Fatalf("%+v after %d requests", r, len(s.sent))
		}
		sent := len(s.sent)
		if r := mustRun(t, d); r.Stopped != StopBreaker || len(s.sent) != sent {
			t.Errorf("%+v: it goes on before its time", r)
		}
		<-time.After(31 * time.Second)
		fail, s.top = false, 0
		s.send = accept
		if r := mustRun(t, d); r.Settled != 29 || r.Stopped != StopIdle {
			t.Errorf("%+v", r)
		}
		for id := range q.states() {
			if e := q.entry(id); e.Attempts != 0 {
				t.Errorf("%s has %d attempts", id, e.Attempts)
			}
		}
		holdQueue(t, q)
	})
}

func TestAuthenticationPausesAndIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &script{send: refuse(mlp.VerdictAuthentication), auth: func() error { return &mlp.Error{Verdict: mlp.VerdictAuthentication} }}
		q := many(t, 5)
		d := newDeliverer(q, s)
		d.o.Log = zerolog.New(&log)
		for range 10 {
			if r := mustRun(t, d); r.Stopped != StopPaused || len(r.Paused) != 1 || r.Paused[0] != ocmw {
				t.Fatalf("%+v", r)
			}
			<-time.After(time.Minute)
		}
		if len(s.sent) != 1 || s.tokens != 1 {
			t.Errorf("%d requests and %d tokens in 9 minutes", len(s.sent), s.tokens)
		}
		s.auth = func() error { return nil }
		<-time.After(5 * time.Minute)
		if r := mustRun(t, d); r.Stopped != StopPaused || len(s.sent) != 2 {
			t.Errorf("a token that does not serve: %+v, %d requests", r, len(s.sent))
		}
		s.send = accept
		<-time.After(5 * time.Minute)
		if r := mustRun(t, d); r.Settled != 5 || r.Stopped != StopIdle || len(r.Paused) != 0 {
			t.Errorf("%+v", r)
		}
		if n := strings.Count(log.String(), "deliver.channelPaused"); n != 1 {
			t.Errorf("said %d times", n)
		}
		if n := strings.Count(log.String(), "deliver.channelResumed"); n != 1 {
			t.Errorf("resumption said %d times", n)
		}
	})
}

// A poison entry is parked after its attempts, an outage parks nothing.
func TestOnlyAnEntryThatFailsAloneIsParked(t *testing.T) {
	for _, alone := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{}
			s.send = func(w mlp.Write) (mlp.Answer, error) {
				if w.Change.ID == "c1" || !alone {
					return refuse(mlp.VerdictTransient)(w)
				}
				return accept(w)
			}
			q, d := rig(t, s)
			for i := range 60 {
				p := int64(i + 2)
				known := dossierAt(4)
				q.known[p] = casefile.Known{LookedUp: true, Dossier: &known}
				q.add(t, p, category("c2"))
				mustRun(t, d)
				<-time.After(outbox.MaxDelay / 2) // whoever goes first, another write was taken within MaxDelay
			}
			holdQueue(t, q)
			want := outbox.Waiting
			if alone {
				want = outbox.Parked
			}
			if e := q.entry("e1"); e.State != want || e.Attempts < outbox.MaxAttempts-1 {
				t.Errorf("alone %v: %s after %d attempts", alone, e.State, e.Attempts)
			}
		})
	}
}

func TestStoppingWaitsForWhatIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{}
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			cancel()
			<-time.After(2 * time.Second)
			return accept(w)
		}
		q := many(t, 3)
		r, err := newDeliverer(q, s).Run(ctx, "r1")
		holdQueue(t, q)
		if err != nil || r.Stopped != StopCancelled || r.Settled != 1 || len(s.sent) != 1 {
			t.Errorf("%v, %+v, %d sent", err, r, len(s.sent))
		}
	})
}

func TestStoppingHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q, d := rig(t, nil)
		d.o.Clients[ocmw] = hanging{cancel: cancel}
		start := time.Now()
		r, err := d.Run(ctx, "r1")
		if err != nil || r.Doubts != 1 || q.entry("e1").State != outbox.InDoubt || time.Since(start) != defaultGrace {
			t.Errorf("%v, %+v after %s", err, r, time.Since(start))
		}
	})
}

// hanging never answers.
type hanging struct {
	Client
	cancel func()
}

func (h hanging) Send(ctx context.Context, _ mlp.Write) (mlp.Answer, error) {
	h.cancel()
	<-ctx.Done()
	return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictInDoubt, Type: "cancelled"}
}

// What MLP answered is not lost to a ledger that fails for a moment.
func TestWhatCouldNotBeRecordedIsRecordedLater(t *testing.T) {
	s := &script{send: accept}
	q, d := rig(t, s)
	q.add(t, 1, category("c2"))
	q.die = 1
	r, err := d.Run(t.Context(), "r1")
	if !errors.Is(err, errDead) || r.Stopped != StopStore || len(s.sent) != 1 {
		t.Fatalf("%v, %+v, %d sent", err, r, len(s.sent))
	}
	if r, err := d.Run(t.Context(), "r2"); !errors.Is(err, errDead) || len(s.sent) != 1 {
		t.Fatalf("%v, %+v: it sends what it can't record", err, r)
	}
	q.dead = false
	mustRun(t, d)
	holdQueue(t, q)
	if q.entry("e1").State != outbox.Settled || q.entry("e2").State != outbox.Settled || len(s.sent) != 2 {
		t.Errorf("%v, %d sent", q.states(), len(s.sent))
	}
}

func TestAnEntryOnAnUnseenVersionIsNotSent(t *testing.T) {
	s := &script{send: accept}
	q, d := rig(t, s)
	r := d.session(t.Context(), "r1")
	defer r.close()
	entries, _, err := q.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	moved := dossierAt(5)
	r.out, r.lanes = 1, 1
	got := r.work(entries[0][0], casefile.Known{LookedUp: true, Dossier: &moved}, true)
	if r.take(&got); got.event != conflict || len(s.sent) != 0 || q.entry("e1").State != outbox.Superseded {
		t.Errorf("%+v, %d sent", got.event, len(s.sent))
	}
}

func TestUnusableEntries(t *testing.T) {
	s := &script{send: accept}
	q, d := rig(t, s)
	q.entries[0].Payload = []byte("{")
	q.add(t, 2, category("c1"))
	q.entries[1].OCMW = "0884303369"
	mustRun(t, d)
	holdQueue(t, q)
	if q.entry("e1").State != outbox.Parked || q.entry("e2").State != outbox.Waiting || len(s.sent) != 0 {
		t.Errorf("%v", q.states())
	}
}

func TestLogLines(t *testing.T) {
	var log bytes.Buffer
	q, d := rig(t, &script{send: accept})
	d.o.Log = zerolog.New(&log)
	mustRun(t, d)
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"level": "info", "event": "deliver.settled", "message": "MLP has it", "run": "r1", "ocmw": ocmw, "client": "p-1", "entry": "e1",
		"op": "put", "kind": "category", "rule": "", "traceId": "trace-1",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
	_ = q
}

// What MLP refuses for good is said with its place in the export, where that can be told.
func TestARefusalIsLoggedWithItsCell(t *testing.T) {
	for _, told := range []bool{true, false} {
		var log bytes.Buffer
		_, d := rig(t, &script{send: func(mlp.Write) (mlp.Answer, error) {
			return mlp.Answer{}, &mlp.Error{Verdict: mlp.VerdictPermanent, Status: 400, Type: "badRequest", Title: "no", Pointers: []string{"/endDate"}}
		}})
		d.o.Log = zerolog.New(&log)
		d.o.Cell = func(_ context.Context, e outbox.Entry) (casefile.Cell, bool) {
			if e.ID != "e1" || e.Problem.Pointer != "/endDate" {
				t.Errorf("asked about %s of %s", e.Problem.Pointer, e.ID)
			}
			return casefile.Cell{File: "contracten.csv", Row: 7, Column: "Einde"}, told
		}
		mustRun(t, d)
		if said := strings.Contains(log.String(), `"file":"contracten.csv","row":7,"column":"Einde"`); said != told || !strings.Contains(log.String(), `"pointer":"/endDate"`) {
			t.Errorf("told %t: %s", told, log.String())
		}
	}
}

// The words of the two packages that must not know each other.
func TestVerdictsAreTheOutboxs(t *testing.T) {
	for mine, theirs := range map[mlp.Verdict]outbox.Verdict{
		mlp.VerdictPermanent: outbox.VerdictPermanent, mlp.VerdictAuthentication: outbox.VerdictAuthentication,
		mlp.VerdictThrottled: outbox.VerdictThrottled, mlp.VerdictTransient: outbox.VerdictTransient,
		mlp.VerdictConflict: outbox.VerdictConflict, mlp.VerdictInDoubt: outbox.VerdictInDoubt, mlp.VerdictNotSent: outbox.VerdictNotSent,
	} {
		if string(mine) != string(theirs) {
			t.Errorf("%s is %s", mine, theirs)
		}
	}
}
