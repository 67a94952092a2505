package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/mapping"
)

func TestDiffCountsEachLineAsOftenAsItIs(t *testing.T) {
	line := func(text string, same any) DiffLine {
		return DiffLine{What: "manual", Rule: "R", Text: text, same: same}
	}
	cases := []struct {
		name          string
		lines, others []DiffLine
		want          []DiffLine
	}{
		{"equal in another order", []DiffLine{line("a", nil), line("b", nil)}, []DiffLine{line("b", nil), line("a", nil)}, []DiffLine{}},
		{"once more", []DiffLine{line("a", nil), line("a", nil)}, []DiffLine{line("a", nil)}, []DiffLine{line("a", nil)}},
		{"reads alike", []DiffLine{line("a", 1)}, []DiffLine{line("a", 2)}, []DiffLine{line("a", 1)}},
		{"another source", []DiffLine{{Rule: "R", Text: "a", Source: "x"}}, []DiffLine{{Rule: "R", Text: "a", Source: "y"}}, []DiffLine{}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, without(c.lines, c.others), cmpopts.IgnoreUnexported(DiffLine{})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	first, second := []DiffLine{line("a", 1)}, []DiffLine{line("a", 2)}
	sayContent(first, second)
	if first[0].Text != "a (andere inhoud of stand)" || second[0].Text != first[0].Text {
		t.Errorf("what reads alike is not told apart: %q, %q", first[0].Text, second[0].Text)
	}
}

func TestOnlyTheContentDiffers(t *testing.T) {
	j := judge{rules: mapping.New()}
	handover := func(kind casefile.HandoverKind, exclusions ...casefile.ExclusionAnswer) casefile.Decision {
		return casefile.Decision{Registrations: []casefile.Registration{
			{Rule: "HND-01", Body: casefile.Handover{Handover: kind, ChoiceDate: "2026-03-02", Exclusions: exclusions}},
		}}
	}
	asked := handover(casefile.HandoverGLOW)
	asked.Manual = []casefile.Manual{{Rule: "GLOW-04", Reason: "Niet beantwoord."}}
	one := casefile.ExclusionAnswer{}
	cases := []struct {
		name          string
		first, second casefile.Decision
		want          bool
	}{
		{"one answer more", handover(casefile.HandoverGLOW, one), handover(casefile.HandoverGLOW, one, one), true},
		{"another kind", handover(casefile.HandoverGLOW, one), handover(casefile.HandoverWarmOther, one, one), false},
		{"a question as well", handover(casefile.HandoverGLOW, one), asked, false},
		{"no handover", handover(casefile.HandoverGLOW), casefile.Decision{}, false},
	}
	for _, c := range cases {
		first, second := j.lines(c.first), j.lines(c.second)
		if got := sameThings(without(first, second), without(second, first)); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// Everything of a decision that a person acts on is compared, and no text of the person's is shown.
func TestDiffLinesOfADecision(t *testing.T) {
	reading, err := ident.ParseINSZ("67722499797")
	if err != nil {
		t.Fatal(err)
	}
	d := casefile.Decision{
		Timeline: []casefile.TimelineEntry{{Code: "05", From: "2026-01-05", Rule: "CAT-02"}, {Code: "78", From: "2026-02-02", Rule: "CAT-04", Expected: true}},
		Registrations: []casefile.Registration{
			{Rule: "CAT-02", Body: casefile.Person{INSZ: reading.INSZ, LastName: "Testpersoon"}},
			{Rule: "TWE-08", Body: casefile.Profile{JobTarget: "kok"}},
			{Rule: "OPL", Body: casefile.Note{Note: casefile.NoteTraining, Date: "2026-03-01", Text: "cursus"}},
			{Rule: "TWE-04", Body: casefile.WorkPlacement{Placement: casefile.PlacementWES, Start: "2026-03-02"}},
		},
		Manual:    []casefile.Manual{{Rule: "CAT-10", Reason: "Wat nu?", Proposal: "05"}},
		Findings:  []casefile.Finding{{Rule: "TWE-02", Reason: "Te lang."}},
		Deadlines: []casefile.Deadline{{Rule: "TWE-07", Due: "2026-07-05", What: "Evalueer.", State: casefile.DeadlineDue}},
	}
	j := judge{rules: mapping.New()}
	var got []string
	for _, line := range j.lines(d) {
		got = append(got, line.What+": "+line.Text)
	}
	want := []string{
		"category: categorie 05 vanaf 05/01/2026", "category: categorie 78 vanaf 02/02/2026 (wordt verwacht, niet verstuurd)",
		"registration: in MLP komt of blijft: de gegevens van de cliënt", "registration: in MLP komt of blijft: jobdoelwit, reden van instroom en POP",
		"registration: in MLP komt of blijft: notitie, 01/03/2026", "registration: in MLP komt of blijft: WES, 02/03/2026",
		"manual: te beslissen: Wat nu? Voorstel: 05.", "finding: vaststelling: Te lang.", "deadline: termijn 05/07/2026: Evalueer.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
