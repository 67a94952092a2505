package e2e_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// Orders of people come at any moment: while a client is decided, on its way to MLP, or in doubt. Nothing is
// lost by that, and nothing is done twice.

// struck adds a fault for one person.
func (w *world) struck(f mockmlp.Fault, person string) {
	w.t.Helper()
	f.Match.Person = person
	if _, err := w.mock.AddFault(f); err != nil {
		w.t.Fatal(err)
	}
}

// did tells whether MLP has a registration of this kind of the victim.
func (w *world) did(dossier, kind string) bool {
	for _, e := range w.mock.Effects() {
		if e.Actor == "client" && e.DossierID == dossier && e.Kind == kind {
			return true
		}
	}
	return false
}

// A hold while a write is in doubt, for an MLP that has it: nothing goes out behind it while the client is held. After
// the release it is found out what became of it, and the rest goes out, once.
func TestHoldWhileInDoubt(t *testing.T) {
	want := theSmallReference(t)
	w := newWorld(t)
	person := persons(t)[victim]
	// The answer to the WEO is lost after the commit, and nothing can be read.
	w.struck(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: "putWeo"}, Fault: mockmlp.FaultReset, When: mockmlp.AfterCommit, Times: 1}, person)
	w.struck(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: "getWeo"}, Response: mockmlp.FaultResponse{Status: 500}}, person)
	d := &daemon{world: w}
	stop := d.start()
	w.drop(only(t, few()...))
	d.told(`"event":"deliver.inDoubt"`, 1)
	if r := w.run("hold", victim, "--reason", "even wachten"); r.code != 0 {
		t.Fatal(r)
	}
	d.told(`"event":"request.applied","kind":"hold"`, 1)
	w.mock.RemoveFault("")
	if r := w.run("hold", "Z10773", "--reason", "een ronde verder"); r.code != 0 {
		t.Fatal(r)
	}
	d.told(`"event":"request.applied","kind":"hold"`, 2)
	if !w.did(want.dossier, "weo") || w.did(want.dossier, "employment") || w.did(want.dossier, "category") {
		t.Errorf("in MLP while the client is held: %v", deedsByDossier(w.mock.Effects())[want.dossier])
	}
	for _, client := range []string{victim, "Z10773"} {
		if r := w.run("release", client, "--reason", "besproken"); r.code != 0 {
			t.Fatal(r)
		}
	}
	d.calm(`"event":"request.applied","kind":"unhold"`, 2)
	stop()
	if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
		t.Errorf("effects: -without the hold +with it\n%s", diff)
	}
}

// Holds, releases and the same answer from two people at once, while the daemon delivers slowly.
func TestOrdersWhileDelivering(t *testing.T) {
	want := theSmallReference(t)
	w := newWorld(t)
	if _, err := w.mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{Method: "PUT"}, FixedDelayMilliseconds: 50}); err != nil {
		t.Fatal(err)
	}
	d := &daemon{world: w}
	stop := d.start()
	w.drop(only(t, few()...))
	d.told(`"event":"client.manual"`, 1)
	var all sync.WaitGroup
	var ordered atomic.Int64
	for _, orders := range [][]string{
		{"hold " + victim, "release " + victim, "hold " + victim, "release " + victim},
		{"hold Z10773", "release Z10773", "hold Z10773", "release Z10773"},
		{"decide Z10230 --category 05", "decide Z10230 --category 05"}, {"decide Z10230 --category 05"},
	} {
		all.Go(func() {
			for _, order := range orders {
				words := strings.Fields(order)
				// Refused while the one before has not been applied yet: that is told, and is no loss.
				switch r := w.run(words[0], append(words[1:], "--reason", "door elkaar")...); r.code {
				case 0:
					ordered.Add(1)
				case 2, 3:
				default:
					t.Errorf("%s: %s", order, r)
				}
			}
		})
	}
	all.Wait()
	d.told(`"event":"request.applied"`, int(ordered.Load()))
	for _, client := range []string{victim, "Z10773"} {
		if !soon(commandTime, func() bool { return w.run("release", client, "--reason", "klaar").code != 0 }) {
			t.Errorf("%s is held for ever", client)
		}
	}
	d.calm("", 0)
	stop()
	got := deedsByDossier(w.mock.Effects())
	answered := 0
	for id, deeds := range got {
		for deed, n := range deeds {
			if want.deeds[id][deed] == n {
				continue
			}
			if deed.Kind != "category" || n != 1 {
				t.Errorf("%+v %d times, without orders %d", deed, n, want.deeds[id][deed])
			}
			answered++
		}
	}
	if answered != 1 || len(got) != len(want.deeds) {
		t.Errorf("%d answers arrived, and %d dossiers changed", answered, len(got))
	}
}

// The world moves between a caseworker's answer and the daemon's next round: the answer does not go over a
// category that must stay (CAT-03).
func TestAnswerToAQuestionThatVanished(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	for range 2 { // the second before the first was carried out
		if r := w.run("decide", "Z10230", "--category", "05", "--reason", "niet meer tijdelijk werkloos"); r.code != 0 {
			t.Fatal(r)
		}
	}
	if _, err := w.mock.CategorySet(persons(t)["Z10230"], "02", "2026-03-16", "vdab"); err != nil {
		t.Fatal(err)
	}
	before := len(w.mock.Effects())
	if r := w.run("once"); r.code != 0 {
		t.Error(clipped(r.String()))
	}
	if now := w.mock.Effects(); len(now) != before {
		t.Errorf("written over 02: %+v", now[before:])
	}
	if explained := w.run("explain", "Z10230").stdout; !strings.Contains(explained, "geldt niet meer") {
		t.Errorf("nobody is told that the answer lapsed:\n%s", explained)
	}
}

// A WEO was refused and discarded, so that what belongs to it is refused too. When IT has all of it sent after all, it goes out in the
// order in which MLP takes it, in whatever order it was asked for.
func TestWhatWasDiscardedIsSentAfterAll(t *testing.T) {
	want := theSmallReference(t)
	w := newWorld(t)
	w.struck(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: "putWeo"}, Response: mockmlp.FaultResponse{Status: 400}, Times: 1}, persons(t)[victim])
	w.drop(only(t, few()...))
	w.run("once")
	weo := w.refused(1)[0]
	if r := w.run("queue discard", weo.ID, "--reason", "toch niet"); r.code != 0 {
		t.Fatal(r)
	}
	w.run("once")
	entries := append(w.refused(1), weo)
	for _, e := range entries {
		if r := w.run("queue retry", e.ID, "--reason", "toch wel"); r.code != 0 {
			t.Fatal(r)
		}
	}
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
		t.Errorf("effects: -without the discard +with it\n%s", diff)
	}
}

// refused are the entries that MLP refused for good.
func (w *world) refused(n int) []app.QueueEntry {
	w.t.Helper()
	parked := decode[[]app.QueueEntry](w.t, w.run("queue list", "--state", "parked", "--json"))
	if len(parked) != n {
		w.t.Fatalf("%d entries were refused, not %d", len(parked), n)
	}
	return parked
}
