package app

import (
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mapping"
)

// corrected is an installation with one client, c1, who is known in the dossier of another number than the export has now. The rules ask
// about it.
func corrected(t *testing.T) *App {
	t.Helper()
	a := asking(t, casefile.Decision{})
	a.foresee = a.decideNow
	a.renumber(t, "83660634135")
	return a
}

// renumber has the export give c1 a number, and decides on it by the rules.
func (a *App) renumber(t *testing.T, digits string) {
	t.Helper()
	reading, err := ident.ParseINSZ(digits)
	ok(t, err)
	takeInNumber(t, a, reading.INSZ)
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	d := mapping.New().Decide(casefile.Assemble(casefile.OCMW{KBO: orderKBO}, view.Records), view.Known, a.today())
	decideAs(t, a, d)
}

var anew = Reply{Accept: true}

// claimedOf has an entry of c1 on its way.
func claimedOf(t *testing.T, a *App) outbox.Entry {
	t.Helper()
	_, err := a.store.ApplyRequests(t.Context(), a.now())
	ok(t, err)
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	change := casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "weo", New: casefile.WEO{Start: "2026-03-02"}}
	payload, err := casefile.MarshalChange(change)
	ok(t, err)
	ok(t, a.store.Decide(t.Context(), "run", []ledger.Outcome{{
		Subject: view.Subject, Kind: ledger.OutcomeManual, Decision: view.Decision, Version: "v1", Entries: []outbox.Entry{{
			ID: "e1", OCMW: orderKBO, Person: view.Person, Op: "put", Kind: "weo", Registration: "weo", Version: view.Known.Dossier.Version,
			State: outbox.Waiting, Payload: payload, ContentHash: "h"}},
	}}, a.now()))
	ok(t, a.store.Approve(t.Context(), orderKBO, orderer, a.now()))
	stretches, _, err := a.store.Claim(t.Context(), outbox.Claim{Token: "t", Limit: 1, Stretch: 1}, a.now())
	ok(t, err)
	if len(stretches) != 1 {
		t.Fatal("nothing was claimed")
	}
	return stretches[0][0]
}

func TestBeginAnewIsOrdered(t *testing.T) {
	a := corrected(t)
	answered, err := a.Decide(t.Context(), "c1", anew, orderer)
	ok(t, err)
	if !answered.Anew || !strings.Contains(answered.Means, "begin opnieuw in het dossier van dat nummer") {
		t.Errorf("ordered %+v", answered)
	}
	_, err = a.Decide(t.Context(), "c1", anew, orderer) // by a second person, before the first was carried out
	ok(t, err)
	applied := carryOut(t, a)
	if len(applied) != 2 || !applied[0].Done || applied[1].Done {
		t.Fatalf("carried out: %+v", applied)
	}
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	if view.Known.LookedUp || view.Known.Dossier != nil {
		t.Errorf("still known: %+v", view.Known)
	}
	_, err = a.Decide(t.Context(), "c1", anew, orderer) // MLP was not read yet, and the last decision still asks
	refused(t, err, "begins anew already", "next round")
	a.toldOf(t, AnswerPending)
	a.look(t)
	decideAs(t, a, casefile.Decision{})
	a.toldOf(t, AnswerHolds)
	_, err = a.Decide(t.Context(), "c1", Reply{Rule: "DATA-03", Accept: true}, orderer)
	refused(t, err, "nothing is asked of this client", "explain")
}

// look answers that MLP has no dossier.
func (a *App) look(t *testing.T) {
	t.Helper()
	lookups, err := a.store.NeedLookup(t.Context(), orderKBO, 0, 2)
	ok(t, err)
	ok(t, a.store.SaveLookups(t.Context(), "run", orderKBO, []ledger.LookupResult{{Person: lookups[0].Person}}, a.now()))
}

// toldOf holds what explain tells of the only answer against a status.
func (a *App) toldOf(t *testing.T, want AnswerStatus) {
	t.Helper()
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	if told := explainAnswers(view, a.today(), unasked); len(told) != 1 || told[0].Status != want || told[0].Reason != orderer.Reason {
		t.Errorf("told %+v, want %s", told, want)
	}
}

func TestBeginAnewIsRefusedAtOnceWhereItDoesNotApply(t *testing.T) {
	t.Run("nothing is asked", func(t *testing.T) {
		a := asking(t, casefile.Decision{})
		_, err := a.Decide(t.Context(), "c1", Reply{Rule: "DATA-03", Accept: true}, orderer)
		refused(t, err, "nothing is asked of this client", "explain")
	})
	t.Run("another number by now", func(t *testing.T) {
		a := corrected(t)
		reading, err := ident.ParseINSZ("67722499797")
		ok(t, err)
		takeInNumber(t, a, reading.INSZ) // the export is as it was, and that is not decided on yet
		_, err = a.Decide(t.Context(), "c1", anew, orderer)
		refused(t, err, "another one since DATA-03 asked this", "next round")
	})
	t.Run("an entry in flight", func(t *testing.T) {
		a := corrected(t)
		a.renumber(t, "83660634135")
		e := claimedOf(t, a)
		_, err := a.Decide(t.Context(), "c1", anew, orderer)
		refused(t, err, "on its way to MLP, or in doubt", "next round")
		ok(t, a.store.Doubt(t.Context(), e, time.Time{}, outbox.Problem{}, a.now()))
		_, err = a.Decide(t.Context(), "c1", anew, orderer)
		refused(t, err, "on its way to MLP, or in doubt", "next round")
	})
	t.Run("another answer", func(t *testing.T) {
		_, err := corrected(t).Decide(t.Context(), "c1", Reply{Category: "05"}, orderer)
		refused(t, err, "--category does not answer", "--accept")
	})
	t.Run("no reason", func(t *testing.T) {
		_, err := corrected(t).Decide(t.Context(), "c1", anew, Actor{Name: "els"})
		refused(t, err, "a reason is required", "--reason")
	})
}
