package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

const day = casefile.Date("2026-03-16")

func row(n int) casefile.Header {
	return casefile.Header{Client: "Z1", Prov: casefile.Provenance{File: "f.csv", Row: n}}
}

func cellOf(n int) []casefile.Cell { return []casefile.Cell{{File: "f.csv", Row: n, Column: "Kolom"}} }

func reg(id string, b casefile.Body) casefile.Registration {
	return casefile.Registration{ID: id, Body: b}
}

// told lists the steps of a part as "when from what: standing".
func told(steps []ExplainedStep, part Part) []string {
	var out []string
	for _, s := range steps {
		if s.Part == part {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", s.When, s.From.Dutch(), s.What, s.Standing)))
		}
	}
	return out
}

func decided(d casefile.Decision, dossier *casefile.Dossier, records ...casefile.Record) ledger.ClientView {
	return ledger.ClientView{Kind: ledger.OutcomeNoChange, Decision: d, Subject: ledger.Subject{
		Client: "Z1", Records: records, Known: casefile.Known{LookedUp: true, Dossier: dossier},
	}}
}

func TestCategoriesOfACourse(t *testing.T) {
	held := func(id string, code casefile.Code, from casefile.Date, by casefile.Party) casefile.Registration {
		return reg(id, casefile.Category{Code: code, From: from, SetBy: by})
	}
	timeline := []casefile.TimelineEntry{
		{Code: "05", From: "2026-01-05", SetBy: casefile.PartyOCMW, Rule: "CAT-02"},
		{Code: "78", From: "2026-03-16", SetBy: casefile.PartyVDAB, Rule: "CAT-04", Expected: true},
		{Code: "90", From: "2026-03-16", SetBy: casefile.PartyOCMW, Rule: "CAT-05"},
		{Code: "93", From: "2026-06-01", SetBy: casefile.PartyOCMW, Rule: "CAT-12"},
	}
	send := openChange{state: outbox.Waiting, Change: casefile.Change{Kind: casefile.RegCategory, New: casefile.Category{Code: "90", From: "2026-03-16"}}}
	dossier := &casefile.Dossier{Registrations: []casefile.Registration{
		held("a", "03", "2025-11-01", casefile.PartyClient), held("b", "05", "2026-01-05", casefile.PartyOCMW),
	}}
	cases := []struct {
		name    string
		dossier *casefile.Dossier
		open    []openChange
		want    []string
	}{
		{"in MLP, on its way, expected and planned", dossier, []openChange{send}, []string{
			"past 01/11/2025 03, door de cliënt: in MLP",
			"now 05/01/2026 05, door het OCMW: in MLP",
			"16/03/2026 78, door VDAB: verwacht, wordt niet verstuurd",
			"16/03/2026 90, door het OCMW: wordt verstuurd",
			"planned 01/06/2026 93, door het OCMW: gepland op 01/06/2026",
		}},
		{"nothing in MLP", nil, nil, []string{
			"05/01/2026 05, door het OCMW: wordt niet verstuurd: er is nog geen dossier",
			"16/03/2026 78, door VDAB: verwacht, wordt niet verstuurd",
			"now 16/03/2026 90, door het OCMW: wordt niet verstuurd: er is nog geen dossier",
			"planned 01/06/2026 93, door het OCMW: gepland op 01/06/2026",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			steps := tellCourse(decided(casefile.Decision{Day: day, Timeline: timeline}, c.dossier), c.open, day)
			if diff := cmp.Diff(c.want, told(steps, PartCategories)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// aTWE is a client with one of everything that a TWE can hold.
func aTWE() []casefile.Record {
	return []casefile.Record{
		&casefile.Client{Header: row(1)},
		&casefile.Track{Header: row(2), Track: casefile.TrackTWE, ChoiceDate: "2024-12-01", JobTarget: "geheim doelwit", EntryNeed: "generic",
			WEOStart: "2025-01-06", WEOEnd: "2026-02-27", WEOEndReason: casefile.EndNoJob, FinalAdvice: "geheim advies", FinalAdviceOn: "2026-02-27"},
		&casefile.Placement{Header: row(3), Placement: "BVS", Start: "2025-01-13", End: "2025-01-31"},
		&casefile.Employment{Header: row(4), ContractNumber: "c", Employment: casefile.Art60Job, Start: "2025-02-03", Regime: casefile.FullTime, RegimeFrom: "2025-02-03"},
		&casefile.Employment{Header: row(5), ContractNumber: "c", Employment: casefile.Art60Job, Start: "2025-02-03", Regime: casefile.PartTime, RegimeFrom: "2025-09-01",
			End: "2026-01-30"},
		&casefile.Employment{Header: row(6), Employment: casefile.RegularJob, Start: "2026-03-02", Regime: casefile.FullTime, RegimeFrom: "2026-03-02"},
		&casefile.Training{Header: row(7), Title: "geheime opleiding", Start: "2026-04-01", Recognised: casefile.Yes, Regime: casefile.PartTime},
		&casefile.Evaluation{Header: row(8), Date: "2025-06-30", Evaluation: "interim"},
		&casefile.CompetenceRecord{Header: row(9), Competence: "geheime competentie", AssessedOn: "2025-06-30"},
		&casefile.CompetenceRecord{Header: row(10), Competence: "een andere", AssessedOn: "2025-06-30"},
		&casefile.DocumentRecord{Header: row(11), Document: casefile.DocFinalReport, Date: "2026-02-27", File: "geheim.pdf"},
	}
}

func TestTWEOfACourse(t *testing.T) {
	dossier := &casefile.Dossier{
		Profile: casefile.Profile{JobTarget: "geheim doelwit", EntryNeed: "generic"},
		Registrations: []casefile.Registration{
			reg("w", casefile.WEO{Start: "2025-01-06"}), reg("c", casefile.Art60{Start: "2025-02-03", End: "2026-01-30"}),
			reg("p", casefile.WorkPlacement{Placement: "BVS", Start: "2025-01-13", End: "2025-01-24"}),
			reg("k", casefile.Competence{Competence: "geheime competentie", AssessedOn: "2025-06-30"}),
			reg("e", casefile.EvaluationDone{Date: "2025-12-15", Evaluation: "phase"}),
		},
	}
	decision := casefile.Decision{Day: day,
		Registrations: []casefile.Registration{reg("p", casefile.WorkPlacement{Placement: "BVS", Start: "2025-01-13", End: "2025-01-31"})},
		Manual:        []casefile.Manual{{Rule: "TWE-99", Cells: cellOf(8)}},
	}
	open := []openChange{
		{state: outbox.Waiting, Change: casefile.Change{Old: casefile.WEO{Start: "2025-01-06"}, New: casefile.WEO{Start: "2025-01-06", End: "2026-02-27"}}},
		{state: outbox.Parked, Change: casefile.Change{New: casefile.Document{Document: casefile.DocFinalReport, Date: "2026-02-27"}}},
		{state: outbox.InDoubt, Change: casefile.Change{New: casefile.Note{Note: casefile.NoteFinalAdvice, Date: "2026-02-27"}}},
	}
	want := []string{
		"past 06/01/2025 WEO: begin van het TWE: in MLP",
		"past 06/01/2025 jobdoelwit, reden van instroom: in MLP",
		"past 13/01/2025 BVS: in MLP, met andere gegevens",
		"past 03/02/2025 contract art. 60§7, voltijds, deeltijds vanaf 01/09/2025: in MLP",
		"past 30/06/2025 tussentijdse evaluatie: wordt niet verstuurd: eerst te beslissen, zie TWE-99",
		"past 30/06/2025 1 competentie gescoord: in MLP",
		"past 30/06/2025 1 competentie gescoord: wordt niet verstuurd: eerst te beslissen, zie TWE-99",
		"past 15/12/2025 evaluatie na een fase: in MLP, niet in de export",
		"past 30/01/2026 einde van het contract art. 60§7: in MLP",
		"past 27/02/2026 einde van de WEO, reden: geen job: wordt verstuurd",
		"past 27/02/2026 eindadvies: verstuurd, antwoord van MLP nog onzeker",
		"past 27/02/2026 eindverslag (document): wordt niet verstuurd: MLP aanvaardde het niet, IT kijkt na waarom",
		"now 02/03/2026 gewone job, voltijds: wordt niet verstuurd: een gewone job staat niet in MLP, de categorie volgt eruit",
		"planned 01/04/2026 opleiding, erkend, deeltijds: de opleidingsverstrekker registreert ze in MLP (begint op 01/04/2026)",
	}
	steps := tellCourse(decided(decision, dossier, aTWE()...), open, day)
	if diff := cmp.Diff(want, told(steps, PartTrack)); diff != "" {
		t.Error(diff)
	}
	if text := fmt.Sprintf("%+v", steps); strings.Contains(text, "gehei") {
		t.Error("free text of a record is told")
	}
}

func TestEveryKindOfRegistrationIsTold(t *testing.T) {
	bodies := []casefile.Body{
		casefile.Category{Code: "05", From: "2026-01-01"}, casefile.WEO{Start: "2026-01-01"}, casefile.Art60{Start: "2026-01-01"},
		casefile.WorkPlacement{Placement: "WES", Start: "2026-01-01"}, casefile.EvaluationDone{Date: "2026-01-01"},
		casefile.Document{Date: "2026-01-01"}, casefile.Competence{AssessedOn: "2026-01-01"}, casefile.Note{Date: "2026-01-01"},
		casefile.Handover{ChoiceDate: "2026-01-01"},
	}
	dossier := &casefile.Dossier{}
	for i, b := range bodies {
		dossier.Registrations = append(dossier.Registrations, reg(fmt.Sprint(i), b))
	}
	kinds := map[string]bool{}
	for _, s := range tellCourse(decided(casefile.Decision{Day: day}, dossier), nil, day) {
		kinds[s.Kind] = true
	}
	for _, kind := range casefile.RegistrationKinds() {
		if kind != casefile.RegProfile && !kinds[string(kind)] {
			t.Errorf("%s in MLP is not told", kind)
		}
	}
}

func TestTrainingWithAReference(t *testing.T) {
	training := &casefile.Training{Header: row(7), Start: "2026-04-01", NeedKnownOn: "2026-03-02", Recognised: casefile.Yes, Regime: casefile.FullTime}
	dossier := &casefile.Dossier{Registrations: []casefile.Registration{reg("n", casefile.Note{Note: casefile.NoteTraining, Date: "2026-03-02", Text: "geheim"})}}
	got := told(tellCourse(decided(casefile.Decision{}, dossier, training), nil, day), PartTrack)
	want := []string{"planned 01/04/2026 opleiding, erkend, voltijds (verwijzing in het dossier, met als datum 02/03/2026): in MLP"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A reference is written when the need is known: what is asked for and not under way by then is not planned for the training's first day.
func TestReferenceIsDueWhenTheNeedIsKnown(t *testing.T) {
	training := &casefile.Training{Header: row(7), Start: "2026-04-01", NeedKnownOn: "2026-03-02", Recognised: casefile.Yes, Regime: casefile.FullTime}
	asked := casefile.Decision{Registrations: []casefile.Registration{reg("n", casefile.Note{Note: casefile.NoteTraining, Date: "2026-03-02"})}}
	view := decided(asked, &casefile.Dossier{}, training)
	view.Hold = &ledger.Hold{By: "els"}
	want := []string{"planned 01/04/2026 opleiding, erkend, voltijds (verwijzing in het dossier, met als datum 02/03/2026): " +
		"wordt niet verstuurd: de cliënt is tegengehouden door een medewerker"}
	if diff := cmp.Diff(want, told(tellCourse(view, nil, day), PartTrack)); diff != "" {
		t.Error(diff)
	}
}

func TestReasonsWhyNothingIsSent(t *testing.T) {
	evaluation := func(change func(*casefile.Header)) *casefile.Evaluation {
		e := &casefile.Evaluation{Header: row(8), Date: "2026-03-02", Evaluation: "phase"}
		change(&e.Header)
		return e
	}
	same := func(*casefile.Header) {}
	held := decided(casefile.Decision{}, nil, evaluation(same))
	held.Kind = ledger.OutcomeHeld
	hold := held
	hold.Hold = &ledger.Hold{By: "els"}
	undecided := decided(casefile.Decision{}, nil, evaluation(same))
	undecided.Kind = ""
	cases := map[string]ledger.ClientView{
		"een rij van deze cliënt is afgekeurd":           held,
		"de cliënt is tegengehouden door een medewerker": hold,
		"er is nog niet beslist":                         undecided,
		"staat niet meer in de export":                   decided(casefile.Decision{}, &casefile.Dossier{}, evaluation(func(h *casefile.Header) { h.Missing = true })),
		"in de export als verwijderd aangeduid":          decided(casefile.Decision{}, &casefile.Dossier{}, evaluation(func(h *casefile.Header) { h.Deleted = true })),
		"zie TWE-07":                                     decided(casefile.Decision{Findings: []casefile.Finding{{Rule: "TWE-07", Cells: cellOf(8)}}}, &casefile.Dossier{}, evaluation(same)),
		"zie TWE-01":                                     decided(casefile.Decision{Trace: []casefile.Trace{{Rule: "TWE-01", Cells: cellOf(8)}}}, &casefile.Dossier{}, evaluation(same)),
		"eerst te beslissen, zie CAT-03":                 decided(casefile.Decision{Manual: []casefile.Manual{{Rule: "CAT-03"}}}, &casefile.Dossier{}, evaluation(same)),
		"er is nog geen dossier":                         decided(casefile.Decision{}, nil, evaluation(same)),
		"geen regel vraagt het":                          decided(casefile.Decision{}, &casefile.Dossier{}, evaluation(same)),
	}
	for want, view := range cases {
		steps := tellCourse(view, nil, day)
		if diff := cmp.Diff([]string{"past 02/03/2026 evaluatie na een fase: wordt niet verstuurd: " + want}, told(steps, PartTrack)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHandoversOfACourse(t *testing.T) {
	record := &casefile.HandoverRecord{Header: row(9), Handover: casefile.HandoverGLOW, ChoiceDate: "2026-03-10", Motivation: "geheim"}
	incomplete := casefile.Decision{Manual: []casefile.Manual{{Rule: "HND-02", Reason: "Er ontbreekt iets.", Next: "Vul aan.", Cells: cellOf(9)}, {Rule: "CAT-03"}}}
	atVDAB := &casefile.Dossier{Registrations: []casefile.Registration{
		reg("h", casefile.Handover{Handover: casefile.HandoverGLOW, ChoiceDate: "2026-03-10", Status: casefile.HandoverRejected,
			StatusSince: "2026-03-12", StatusReason: casefile.ReasonClientDeclined}),
		reg("x", casefile.Handover{Handover: casefile.HandoverWarmOther, ChoiceDate: "2026-03-11", Status: casefile.HandoverAssigned, AssignedTo: "Partner A"}),
	}}
	draft := tellCourse(decided(incomplete, &casefile.Dossier{}, record), nil, day)
	if diff := cmp.Diff([]string{"now 10/03/2026 overdracht aan VDAB: GLOW: ontwerp: wordt niet verstuurd: eerst te beslissen, zie HND-02"}, told(draft, PartHandover)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"HND-02: Er ontbreekt iets. Vul aan."}, draft[0].Missing); diff != "" {
		t.Error(diff)
	}
	answered := told(tellCourse(decided(casefile.Decision{}, atVDAB, record), nil, day), PartHandover)
	want := []string{
		"now 10/03/2026 overdracht aan VDAB: GLOW: geweigerd door VDAB op 12/03/2026, reden: de cliënt wil niet",
		"now 11/03/2026 overdracht aan VDAB: warme overdracht: toegewezen aan Partner A (niet uit de export)",
	}
	if diff := cmp.Diff(want, answered); diff != "" {
		t.Error(diff)
	}
}

// What somebody changed in MLP is found back by what we wrote, and told once, with days and no other values.
func TestChangedRegistrationIsToldOnce(t *testing.T) {
	track := &casefile.Track{Header: row(2), Track: casefile.TrackTWE, WEOStart: "2025-01-06", WEOEnd: "2026-02-27", JobTarget: "geheim doelwit"}
	evaluation := &casefile.Evaluation{Header: row(8), Date: "2025-06-30", Evaluation: "phase"}
	view := decided(casefile.Decision{Day: day, Registrations: []casefile.Registration{reg("w", casefile.WEO{Start: "2025-01-09", End: "2026-01-30"})}},
		&casefile.Dossier{Profile: casefile.Profile{JobTarget: "een ander geheim"}, Registrations: []casefile.Registration{
			reg("w", casefile.WEO{Start: "2025-01-09", End: "2026-01-30"}), reg("e", casefile.EvaluationDone{Date: "2025-07-01", Evaluation: "final"}),
		}}, track, evaluation)
	view.Known.Written = map[string]casefile.Body{
		"w": casefile.WEO{Start: "2025-01-06", End: "2026-02-27"}, "e": casefile.EvaluationDone{Date: "2025-06-30", Evaluation: "phase"},
		"profile": casefile.Profile{JobTarget: "geheim doelwit"},
	}
	want := []string{
		"past 06/01/2025 WEO: begin van het TWE: anders in MLP: begin 09/01/2025, zie DATA-04",
		"past 06/01/2025 jobdoelwit: anders in MLP: jobdoelwit, zie DATA-04",
		"past 30/06/2025 evaluatie na een fase: anders in MLP: datum 01/07/2025, soort evaluatie, zie DATA-04",
		"past 27/02/2026 einde van de WEO: anders in MLP: einde 30/01/2026, zie DATA-04",
	}
	if diff := cmp.Diff(want, told(tellCourse(view, nil, day), PartTrack)); diff != "" {
		t.Error(diff)
	}
	resend := openChange{state: outbox.Waiting, Change: casefile.Change{Old: casefile.EvaluationDone{Date: "2025-07-01"}, New: casefile.EvaluationDone{Date: "2025-06-30", Evaluation: "phase"}}}
	want[2] = "past 30/06/2025 evaluatie na een fase: in MLP; een wijziging wordt verstuurd"
	if diff := cmp.Diff(want, told(tellCourse(view, []openChange{resend}, day), PartTrack)); diff != "" {
		t.Errorf("overruled: %s", diff)
	}
}

func TestDriftNamesFieldsAndNoValues(t *testing.T) {
	known := casefile.Known{
		Dossier: &casefile.Dossier{Person: casefile.Person{Street: "Andere straat"}, Registrations: []casefile.Registration{
			reg("w", casefile.WEO{Start: "2025-01-06", End: "2026-01-31"}), reg("e", casefile.EvaluationDone{Date: "2025-06-30", ReportUploaded: casefile.Yes})}},
		Written: map[string]casefile.Body{
			"dossier": casefile.Person{Street: "Oude straat"}, "w": casefile.WEO{Start: "2025-01-06", End: "2026-02-28"},
			"e": casefile.EvaluationDone{Date: "2025-06-30"}, "gone": casefile.Art60{Start: "2025-02-03"},
		},
	}
	want := []ExplainedDrift{
		{Kind: casefile.RegPerson, What: "gegevens van de persoon", Fields: []string{"straat"}},
		{Kind: casefile.RegWEO, From: "2025-01-06", What: "WEO", Fields: []string{"einde"}},
		{Kind: casefile.RegEmployment, From: "2025-02-03", What: "contract art. 60§7", Gone: true},
	}
	if diff := cmp.Diff(want, explainDrift(known)); diff != "" {
		t.Error(diff)
	}
	if drift := explainDrift(casefile.Known{Written: known.Written}); drift != nil {
		t.Errorf("without a dossier nobody changed anything: %v", drift)
	}
}

func TestWhetherAnAnswerHolds(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	answer := func(question string) casefile.Answer {
		return casefile.Answer{Rule: "CAT-03", Category: "05", Question: question, At: at}
	}
	view := func(asked string, answers ...casefile.Answer) ledger.ClientView {
		v := decided(casefile.Decision{}, nil)
		v.DecidedAt, v.Answers = at.Add(-time.Hour), answers // by a clock that was behind
		if asked != "" {
			v.Decision.Manual = []casefile.Manual{{Rule: "CAT-03", Question: asked}, {Rule: "TWE-09", Question: "other"}}
		}
		return v
	}
	fresh := view("q", answer("q"))
	fresh.Dirty = true
	setBack := view("", answer("q"))
	setBack.DecidedAt = at.Add(-time.Hour)
	moved := view("", answer("q"))
	moved.Decision.Facts = "other"
	accepted := answer("q")
	accepted.Category = ""
	here := answer("q")
	here.On = "2026-03-10"
	exported := func(on casefile.Date, answers ...casefile.Answer) ledger.ClientView {
		v := decided(casefile.Decision{}, nil, &casefile.Client{DecidedCategory: "05", DecidedOn: on, DecisionReason: "gesprek"})
		v.Answers = answers
		return v
	}
	cases := []struct {
		name string
		view ledger.ClientView
		want []AnswerStatus
	}{
		{"settled it", view("", answer("q")), []AnswerStatus{AnswerHolds}},
		{"the facts changed", view("q2", answer("q")), []AnswerStatus{AnswerOutdated}},
		{"still asked", view("q", answer("q")), []AnswerStatus{AnswerNotTaken}},
		{"not looked at yet", fresh, []AnswerStatus{AnswerPending}},
		{"decided by a clock that was set back", setBack, []AnswerStatus{AnswerHolds}},
		{"the course changed", moved, []AnswerStatus{AnswerOutdated}},
		{"another category chosen for another question", view("", answer("q"), answer("q2")), []AnswerStatus{AnswerReplaced, AnswerHolds}},
		{"a category and a question settled otherwise", view("", accepted, answer("q2")), []AnswerStatus{AnswerHolds, AnswerHolds}},
		{"answered twice", view("", answer("q"), answer("q")), []AnswerStatus{AnswerReplaced, AnswerHolds}},
		{"through the export", exported("2026-03-01"), []AnswerStatus{AnswerHolds}},
		{"through the export, and on a later day here", exported("2026-03-01", here), []AnswerStatus{AnswerReplaced, AnswerHolds}},
		{"through the export on a later day", exported("2026-03-12", here), []AnswerStatus{AnswerHolds, AnswerReplaced}},
	}
	for _, c := range cases {
		var got []AnswerStatus
		for _, a := range explainAnswers(c.view, day, unasked) {
			got = append(got, a.Status)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func mustINSZ(t *testing.T, text string) ident.INSZ {
	t.Helper()
	reading, err := ident.ParseINSZ(text)
	if err != nil {
		t.Fatal(err)
	}
	return reading.INSZ
}

func TestReplacedNumberIsToldWithoutTheNumber(t *testing.T) {
	old, now := mustINSZ(t, "67722499797"), mustINSZ(t, "83660634135")
	with := func(exported, held ident.INSZ, history ...ident.INSZ) ledger.ClientView {
		return decided(casefile.Decision{}, &casefile.Dossier{Person: casefile.Person{INSZ: held}, INSZHistory: history}, &casefile.Client{INSZ: exported})
	}
	canceled := with(now, now)
	canceled.Known.INSZCanceled = true
	cases := []struct {
		name               string
		view               ledger.ClientView
		replaced, canceled bool
	}{
		{"the same", with(now, now), false, false},
		{"MLP knows a newer one", with(old, now), true, false},
		{"the export has followed", with(now, now, old), true, false},
		{"cancelled", canceled, false, true},
		{"no dossier", decided(casefile.Decision{}, nil, &casefile.Client{INSZ: now}), false, false},
	}
	for _, c := range cases {
		if replaced, canceled := inszStanding(c.view); replaced != c.replaced || canceled != c.canceled {
			t.Errorf("%s: replaced %t, cancelled %t", c.name, replaced, canceled)
		}
	}
}
