package app

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// keptName is what mlpsync called TWE-08's question of takeInTrack's client when its names were made of sentences: answers stand
// in ledgers under it (docs/adr/0008).
const keptName = "733ea54c854167ca4b5c"

// takeInTrack makes an export the one in force in which c1 begins a TWE, and needs technical training.
func takeInTrack(t *testing.T, a *App) {
	t.Helper()
	reading, err := ident.ParseINSZ("67722499797") // a TST number
	ok(t, err)
	header := casefile.Header{Client: "c1", RecordKey: "c1"}
	records := []casefile.Record{
		&casefile.Client{Header: header, INSZ: reading.INSZ, NIS: "99991", Readiness: casefile.Ready, ReadySince: "2026-03-02", RegisteredBy: casefile.PartyOCMW,
			UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonFull},
		&casefile.Track{Header: header, TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: "2026-03-02", WEOStart: "2026-03-02",
			EntryNeed: "technical", RegularEconomyWithinTwoYears: casefile.Yes},
	}
	row := ledger.Row{Number: 2, Client: "c1"}
	for _, r := range records {
		payload, err := casefile.MarshalRecord(r)
		ok(t, err)
		stored := ledger.StoredRecord{Kind: r.Kind(), Client: "c1", Key: r.Key(), Hash: string(r.Kind()), Payload: payload}
		if r.Kind() == casefile.KindClient {
			stored.INSZ = reading.INSZ.Reveal()
		}
		row.Records = append(row.Records, stored)
	}
	staging, err := a.store.StageSet(t.Context(), "run", orderKBO, []ledger.File{{Feed: "clients", Name: "b.csv", Hash: "b", Interpretation: "1"}})
	ok(t, err)
	ok(t, staging.Add(t.Context(), []ledger.Row{row}))
	_, err = staging.Activate(t.Context(), []ledger.FileCount{{Rows: 1}}, a.now())
	ok(t, err)
}

// decideReally decides c1 by the rules.
func decideReally(t *testing.T, a *App) (ledger.ClientView, casefile.Decision) {
	t.Helper()
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	d, err := a.decideNow(t.Context(), view)
	ok(t, err)
	decideAs(t, a, d)
	view, err = a.find(t.Context(), "c1")
	ok(t, err)
	return view, d
}

// What a caseworker answered before names were apart from sentences holds on, is told so, and gives way to a new answer.
func TestAnAnswerFromBeforeHolds(t *testing.T) {
	a := asking(t, casefile.Decision{})
	a.foresee = a.decideNow
	takeInTrack(t, a)
	view, open := decideReally(t, a)
	given := casefile.Answer{Rule: "TWE-08", Question: keptName, Facts: open.Facts, On: a.today(), At: a.now(), By: orderer.Name, Reason: orderer.Reason}
	if same, _ := asked(open, given); !same {
		t.Fatalf("asked under another name: %+v", open.Manual)
	}
	ok(t, a.store.Request(t.Context(), ledger.Request{Kind: "decide", OCMW: view.OCMW, Client: view.Client, Answer: given, By: orderer, At: a.now()}))
	carryOut(t, a)
	view, d := decideReally(t, a)
	if same, other := asked(d, given); same || other || len(view.Answers) != 1 {
		t.Fatalf("answered, and asked %+v; %d answers", d.Manual, len(view.Answers))
	}
	told, err := a.tellAnswers(t.Context(), view)
	ok(t, err)
	if len(told) != 1 || told[0].Status != AnswerHolds || told[0].Text != "geldt zolang de gegevens niet wijzigen" {
		t.Errorf("told %+v", told)
	}
	_, err = a.Decide(t.Context(), "c1", Reply{Rule: "TWE-08", Accept: true}, orderer)
	refused(t, err, "answered so already", "until the facts change")
	again := given
	again.Adopt = true
	ok(t, a.store.Request(t.Context(), ledger.Request{Kind: "decide", OCMW: view.OCMW, Client: view.Client, Answer: again, By: orderer, At: a.now()}))
	carryOut(t, a)
	if view, err = a.find(t.Context(), "c1"); err != nil || len(view.Answers) != 1 || !view.Answers[0].Adopt {
		t.Errorf("answered otherwise: %v, %+v", err, view.Answers)
	}
}
