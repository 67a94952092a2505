package e2e_test

import (
	"context"
	"errors"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// A few clients of the sample for tests that run many times: a new dossier (from the intakes),
// a contract that starts today, a handover, a person's decision, one that is watched,
// one that is planned.
const (
	newcomer = "Z10740"
	starter  = "Z10728"
	victim   = starter // in whose lane the faults are
)

func few() []string { return []string{newcomer, starter, "Z10773", "Z10230", "Z10905", "Z10233"} }

// smallReference is what comes of the few without any fault: deeds by dossier.
type smallReference struct {
	deeds   map[string]map[deed]int
	dossier string // the victim's
	err     error
}

var runSmallReference = sync.OnceValue(func() smallReference {
	var r smallReference
	r.err = r.run()
	return r
})

func (r *smallReference) run() error {
	dir, err := os.MkdirTemp("", "mlpsync-e2e-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mock, err := newMock()
	if err != nil {
		return err
	}
	defer mock.Close()
	server := httptest.NewServer(mock.API())
	defer server.Close()
	files, err := cutDown(few())
	if err != nil {
		return err
	}
	if err := errors.Join(examples.Install(dir, server.URL), dropInto(filepath.Join(dir, "in"), files)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	err = session(ctx, dir, func(a *app.App) error {
		if _, err := a.Once(ctx, 20*time.Second, pendingOf(mock)); err != nil {
			return err
		}
		e, err := a.Explain(ctx, victim)
		if err != nil || e.Dossier == nil {
			return errors.Join(err, errors.New("the victim has no dossier"))
		}
		r.dossier = e.Dossier.ID
		return nil
	})
	r.deeds = deedsByDossier(mock.Effects())
	return err
}

func deedsByDossier(effects []mockmlp.Effect) map[string]map[deed]int {
	byDossier := map[string][]mockmlp.Effect{}
	for _, e := range effects {
		byDossier[e.DossierID] = append(byDossier[e.DossierID], e)
	}
	out := map[string]map[deed]int{}
	for id, list := range byDossier {
		out[id] = deeds(list)
	}
	return out
}

func theSmallReference(t *testing.T) smallReference {
	t.Helper()
	r := runSmallReference()
	if r.err != nil {
		t.Fatal(r.err)
	}
	if len(r.deeds) < 3 || len(r.deeds[r.dossier]) < 4 {
		t.Fatalf("too little is sent for the few: %v", r.deeds)
	}
	return r
}

// badMLP is a way in which MLP misbehaves, and what a person then sees.
type badMLP struct {
	name  string
	fault mockmlp.Fault
	// everybody: the fault is not the victim's alone, so that nothing is sent.
	everybody bool
	code      int
	state     outbox.State // of the victim's entry at the end; empty: all has settled
	says      []string     // in the log
}

// onVictim is a fault of the victim's 90.
func onVictim(times int, f mockmlp.Fault) mockmlp.Fault {
	f.Match.OperationID, f.Times = "putCategory", times
	return f
}

func answer(status int, body, problem string) mockmlp.Fault {
	return mockmlp.Fault{Response: mockmlp.FaultResponse{Status: status, Body: body, Problem: problem}}
}

func badMLPs() []badMLP {
	throttle := answer(429, "", "")
	throttle.Response.RetryAfter = 1
	lost := mockmlp.Fault{Fault: mockmlp.FaultReset, When: mockmlp.AfterCommit}
	return []badMLP{
		{name: "HTML instead of an answer", fault: onVictim(0, answer(200, "html", "")), code: 1, state: outbox.InDoubt, says: []string{"deliver.inDoubt", "check the base URL"}},
		{name: "HTML of a gateway", fault: onVictim(0, answer(502, "html", "")), code: 1, state: outbox.InDoubt, says: []string{"deliver.inDoubt"}},
		{name: "HTML once", fault: onVictim(1, answer(502, "html", "")), code: 0, says: []string{"deliver.inDoubt"}},
		{name: "answer lost after the commit", fault: onVictim(1, lost), code: 0, says: []string{"deliver.inDoubt"}},
		{name: "401 for everything", fault: answer(401, "", ""), everybody: true, code: 1, says: []string{"check client id, secret and API key"}},
		{name: "403", fault: onVictim(0, answer(403, "", "missingPermission")), code: 1, state: outbox.Parked, says: []string{"deliver.parked"}},
		{name: "404 once", fault: onVictim(1, answer(404, "", "")), code: 0},
		{name: "409", fault: onVictim(0, answer(409, "", "dossierOwnedByPartner")), code: 1, state: outbox.Parked, says: []string{"deliver.parked", "TWE-17"}},
		{name: "412", fault: onVictim(0, answer(412, "", "versionConflict")), code: 1, state: outbox.Waiting, says: []string{"deliver.givenBack"}},
		{name: "429", fault: onVictim(2, throttle), code: 0},
		{name: "500", fault: onVictim(0, answer(500, "", "")), code: 1, state: outbox.InDoubt, says: []string{"deliver.inDoubt"}},
		{name: "500 for everything", fault: answer(500, "", ""), everybody: true, code: 1, says: []string{"observe.failed", "MLP can't be read"}},
		{name: "nothing", fault: mockmlp.Fault{Fault: mockmlp.FaultEmpty}, everybody: true, code: 1, says: []string{"observe.failed", "MLP can't be read"}},
	}
}

func TestBadMLP(t *testing.T) {
	want := theSmallReference(t)
	for _, tt := range badMLPs() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			testBadMLP(t, tt, want)
		})
	}
}

func testBadMLP(t *testing.T, tt badMLP, want smallReference) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	fault := tt.fault
	if !tt.everybody {
		fault.Match.Person = persons(t)[victim]
	}
	if _, err := w.mock.AddFault(fault); err != nil {
		t.Fatal(err)
	}
	wait := "3s"
	if tt.code == 0 {
		wait = "20s" // the first wait of an entry in doubt is some seconds
	}
	first := w.run("once", "--json", "--wait", wait)
	if first.code != tt.code {
		t.Errorf("exit status %d, want %d: %s", first.code, tt.code, clipped(first.String()))
	}
	if struck := w.mock.Faults()[0].Struck; struck == 0 {
		t.Fatal("the fault struck nobody")
	}
	for _, text := range tt.says {
		if !strings.Contains(first.stderr, text) {
			t.Errorf("the log lacks %q:\n%s", text, clipped(first.stderr))
		}
	}
	w.standsLike(tt, want)

	// When MLP has come to its senses, the rest goes out: each deed once.
	w.mock.RemoveFault("")
	for _, e := range decode[[]app.QueueEntry](t, w.run("queue list", "--json", "--state", "parked")) {
		if r := w.run("queue retry", e.ID, "--reason", "MLP was mended"); r.code != 0 {
			t.Errorf("retry: %s", r)
		}
	}
	second := w.run("once", "--json")
	if second.code != 0 {
		t.Errorf("after MLP was mended: %s", clipped(second.String()))
	}
	if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
		t.Errorf("effects: -without the fault +with it\n%s", diff)
	}
}

// standsLike looks at the queue after the fault: the victim's entry in its state with the next
// step, everybody else done.
func (w *world) standsLike(tt badMLP, want smallReference) {
	w.t.Helper()
	have := deedsByDossier(w.mock.Effects())
	if tt.everybody {
		if len(have) > 0 {
			w.t.Errorf("something was sent all the same: %v", have)
		}
		status := decode[app.Status](w.t, w.run("status", "--json"))
		if len(status.OCMWs) != 1 || status.OCMWs[0].Undecided == 0 {
			w.t.Errorf("status does not show that clients wait: %+v", status)
		}
		return
	}
	others := func(m map[string]map[deed]int) map[string]map[deed]int {
		m = maps.Clone(m)
		delete(m, want.dossier)
		return m
	}
	if diff := cmp.Diff(others(want.deeds), others(have)); diff != "" {
		w.t.Errorf("everybody else: -without the fault +with it\n%s", diff)
	}
	queue := decode[[]app.QueueEntry](w.t, w.run("queue list", "--json"))
	at := slices.IndexFunc(queue, func(e app.QueueEntry) bool { return e.State == tt.state })
	switch {
	case tt.state == "" && len(queue) > 0:
		w.t.Errorf("the queue is not empty: %+v", queue)
	case tt.state != "" && at < 0:
		w.t.Errorf("nothing is %s: %+v", tt.state, queue)
	case tt.state != "" && (queue[at].Problem.Title == "" || queue[at].Problem.Next == "" || queue[at].TraceID == ""):
		w.t.Errorf("the queue says too little: %+v", queue[at])
	}
}

// An MLP that isn't there at all, and one that keeps saying that a dossier isn't there: a
// command ends, says so, and nothing is lost.
func TestMLPIsNotThere(t *testing.T) {
	t.Parallel()
	want := theSmallReference(t)
	w := newWorld(t)
	files := only(t, few()...)
	w.drop(files)
	w.server.Close()
	r := w.run("once", "--json", "--wait", "2s")
	if r.code != 1 || !strings.Contains(r.stderr, "observe.failed") || !strings.Contains(r.stderr, "MLP can't be read") {
		t.Errorf("without MLP: %s", clipped(r.String()))
	}
	if s := decode[app.Summary](t, r); len(s.Files) != len(files) {
		t.Errorf("the files were not taken without MLP: %+v", s.Files)
	}
	server := httptest.NewServer(w.mock.API())
	defer server.Close()
	if err := examples.Install(w.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	if r := w.run("once", "--json"); r.code != 0 {
		t.Errorf("with MLP back: %s", clipped(r.String()))
	}
	if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
		t.Errorf("effects: -with MLP +late\n%s", diff)
	}
}

func TestDossierGoneForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.drop(only(t, few()...))
	fault := onVictim(0, answer(404, "", ""))
	fault.Match.Person = persons(t)[victim]
	if _, err := w.mock.AddFault(fault); err != nil {
		t.Fatal(err)
	}
	r := w.run("once", "--json", "--wait", "3s")
	if r.code != 1 {
		t.Errorf("exit status %d: %s", r.code, clipped(r.String()))
	}
	if struck := w.mock.Faults()[0].Struck; struck == 0 || struck > 200 {
		t.Errorf("the same was sent %d times", struck)
	}
}

// An MLP that begins anew has lost the feed's place, and what was sent. The run that learns so looks everybody up and sends it again: it does
// not end with nothing done and nothing left.
func TestALostFeedIsMadeUpForInTheSameRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.drop(only(t, few()...))
	if r := w.run("once", "--json"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	if err := w.mock.Reset(); err != nil {
		t.Fatal(err)
	}
	r := w.run("once", "--json")
	if s := decode[app.Summary](t, r); r.code != 0 || s.Entries.Settled == 0 || len(w.mock.Effects()) == 0 {
		t.Errorf("%+v: %s", s.Entries, clipped(r.String()))
	}
	if s := decode[app.Summary](t, w.run("once", "--json")); s.Entries.Settled > 0 {
		t.Errorf("and once more: %+v", s.Entries)
	}
}
