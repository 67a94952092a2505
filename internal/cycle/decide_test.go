package cycle

import (
	"context"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/mapping"
)

const decidedOn = casefile.Date("2026-03-16")

// aSubject is a client who is ready for work and stands as 92 in MLP: CAT-03 asks a person.
func aSubject(t *testing.T) ledger.Subject {
	t.Helper()
	reading, err := ident.ParseINSZ("67722499797") // a TST number
	if err != nil {
		t.Fatal(err)
	}
	client := &casefile.Client{
		Header: casefile.Header{Client: "K1", RecordKey: "K1"}, INSZ: reading.INSZ, LastName: "Testpersoon", FirstName: "An", BirthDate: "1967-12-24",
		Caseworker: "mw-001", NIS: "99991", Readiness: casefile.Ready, ReadySince: "2026-01-05", RegisteredBy: casefile.PartyOCMW,
		UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonFull,
	}
	held := &casefile.Dossier{
		ID: "d", Version: 3, Owner: casefile.Owner{Kind: casefile.PartyOCMW},
		Person: casefile.Person{INSZ: client.INSZ, LastName: client.LastName, FirstName: client.FirstName, BirthDate: client.BirthDate, NIS: client.NIS},
		Registrations: []casefile.Registration{
			{ID: "x", From: "2025-11-14", Body: casefile.Category{Code: "92", From: "2025-11-14", SetBy: casefile.PartyOther}},
		},
	}
	return ledger.Subject{OCMW: "0999999922", Person: 1, Client: "K1", Records: []casefile.Record{client}, Known: casefile.Known{LookedUp: true, Dossier: held}}
}

func decided(t *testing.T, s ledger.Subject) ledger.Outcome {
	t.Helper()
	c := New(Options{Rules: mapping.New(), NewID: func() string { return "entry" }})
	o := OCMW{KBO: s.OCMW, On: func(casefile.Date) casefile.OCMW {
		return casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000"}
	}}
	outcome, err := c.Decide(context.Background(), o, s, decidedOn, "v1")
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// What is left of a client says nothing of the rest: it is held, and looked at again the day after.
func TestADamagedClientIsHeld(t *testing.T) {
	s := aSubject(t)
	s.Damaged = "decrypt known.payload: cut short"
	o := decided(t, s)
	if o.Kind != ledger.OutcomeHeld || len(o.Entries) > 0 || o.Decision.NextReview != "2026-03-17" {
		t.Errorf("%s, %d entries, again on %s", o.Kind, len(o.Entries), o.Decision.NextReview)
	}
}

func TestAnswersAreDecidedWith(t *testing.T) {
	s := aSubject(t)
	open := decided(t, s)
	if open.Kind != ledger.OutcomeManual || len(open.Decision.Manual) != 1 || !open.Decision.Manual[0].Category {
		t.Fatalf("without an answer the client is %s: %+v", open.Kind, open.Decision.Manual)
	}
	asked := open.Decision.Manual[0]
	s.Answers = []casefile.Answer{{Rule: asked.Rule, Question: asked.Question, Facts: open.Decision.Facts, Category: casefile.Code05,
		On: decidedOn, At: time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC), By: "els", Reason: "gebeld"}}
	answered := decided(t, s)
	if answered.Kind != ledger.OutcomePlanned || len(answered.Entries) != 1 || answered.Entries[0].Kind != string(casefile.RegCategory) {
		t.Errorf("with the answer the client is %s with %d entries", answered.Kind, len(answered.Entries))
	}
}

func TestHeldByAPersonIsNotDecided(t *testing.T) {
	s := aSubject(t)
	s.Hold = &ledger.Hold{By: "els", Reason: "gebeld"}
	if o := decided(t, s); o.Kind != ledger.OutcomeHeld || len(o.Entries) > 0 || len(o.Decision.Trace) > 0 {
		t.Errorf("a held client is %s with %d entries", o.Kind, len(o.Entries))
	}
}

// What MLP holds already as we would write it is kept, so that a later change is seen as
// somebody else's.
func TestAgreementIsKept(t *testing.T) {
	s := aSubject(t)
	agreed := decided(t, s).Agreed
	if _, ok := agreed[string(casefile.RegPerson)]; !ok {
		t.Fatalf("agreed on %v", agreed)
	}
	s.Known.Written = agreed
	if again := decided(t, s).Agreed; len(again) > 0 {
		t.Errorf("agreed once more on %v", again)
	}
}
