package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

const today casefile.Date = "2026-03-16"

func desired(id string, body casefile.Body, rule string) casefile.Registration {
	return casefile.Registration{ID: id, Body: body, From: casefile.StartOf(body), Rule: rule, Caseworker: "mw-001"}
}

func held(id string, body casefile.Body) casefile.Registration {
	return casefile.Registration{ID: id, Body: body, From: casefile.StartOf(body)}
}

func dossier(rs ...casefile.Registration) casefile.Known {
	at := time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range rs {
		if rs[i].RegisteredAt.IsZero() {
			rs[i].RegisteredAt = at.Add(time.Duration(i) * time.Hour)
		}
	}
	return casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d", Version: 3, Registrations: rs}}
}

func decision(rs ...casefile.Registration) casefile.Decision {
	return casefile.Decision{Day: today, Registrations: rs}
}

func sentences(changes []casefile.Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, c.Sentence)
	}
	return out
}

func category(code casefile.Code, from casefile.Date) casefile.Category {
	return casefile.Category{Code: code, From: from, SetBy: casefile.PartyOCMW}
}

func contract(start, end casefile.Date, regimes ...casefile.RegimePeriod) casefile.Art60 {
	if len(regimes) == 0 {
		regimes = []casefile.RegimePeriod{{From: start, Regime: casefile.FullTime}}
	}
	return casefile.Art60{Start: start, End: end, Regimes: regimes, WEOID: "weo"}
}

// wholeCourse is a person who comes, works a year and leaves, all of it unknown
// to MLP.
func wholeCourse() []casefile.Registration {
	ofContract := func(c casefile.Category) casefile.Category { c.EmploymentID = "job"; return c }
	return []casefile.Registration{
		desired("00", category(casefile.Code00, "2026-03-15"), "CAT-07"),
		desired("weo", casefile.WEO{Start: "2025-03-01", End: "2026-03-14", EndReason: casefile.EndNoJob, Counsellor: "tb-1"}, "TWE-01"),
		desired("eval", casefile.EvaluationDone{Date: "2025-09-01", Evaluation: "interim", WEOID: "weo"}, "TWE-07"),
		desired("93", ofContract(category(casefile.Code93, "2025-10-01")), "CAT-12"),
		desired("90", ofContract(category(casefile.Code90, "2025-03-15")), "CAT-05"),
		desired("job", contract("2025-03-15", "2026-03-14",
			casefile.RegimePeriod{From: "2025-03-15", Regime: casefile.FullTime},
			casefile.RegimePeriod{From: "2025-10-01", Regime: casefile.PartTime, HoursPerWeek: "19"}), "TWE-05"),
		desired("", casefile.Profile{JobTarget: "kok", DevelopmentPlanOn: "2025-02-20"}, "TWE-08"),
		desired("05", category(casefile.Code05, "2025-02-01"), "CAT-02"),
		desired("", casefile.Person{LastName: "Test", City: "Gent"}, "CAT-02"),
		desired("handover", casefile.Handover{Handover: casefile.HandoverWarmOther, ChoiceDate: "2026-03-10"}, "HND-01"),
	}
}

func TestACourseReadsTrue(t *testing.T) {
	got := Diff(casefile.Known{LookedUp: true}, decision(wholeCourse()...))
	want := []string{
		"Nieuw dossier in MLP (CAT-02)",
		"Categorie 05 vanaf 01/02/2025 (voordien geen) (CAT-02)",
		"Dossier aangevuld: jobdoelwit, POP van 20/02/2025 (TWE-08)",
		"WEO vanaf 01/03/2025 (TWE-01)",
		"Contract art. 60§7 vanaf 15/03/2025, voltijds (TWE-05)",
		"Categorie 05 → 90 vanaf 15/03/2025 (CAT-05)",
		"Contract art. 60§7 van 15/03/2025: voltijds → deeltijds vanaf 01/10/2025 (TWE-05)",
		"Categorie 90 → 93 vanaf 01/10/2025 (CAT-12)",
		"Tussentijdse evaluatie van 01/09/2025 (TWE-07)",
		"Contract art. 60§7 van 15/03/2025 eindigt op 14/03/2026 (TWE-05)",
		"Categorie 93 → 00 vanaf 15/03/2026 (CAT-07)",
		"WEO van 01/03/2025 eindigt op 14/03/2026, reden: geen job (TWE-01)",
		"Overdracht aan VDAB (warme overdracht), keuze van 10/03/2026 (HND-01)",
	}
	if diff := cmp.Diff(want, sentences(got.Changes)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestCoursesFollowEachOther(t *testing.T) {
	tests := map[string]struct {
		desired []casefile.Registration
		want    string
	}{
		"a second TWE after an exit": {
			[]casefile.Registration{
				desired("b05", category("05", "2025-06-01"), ""), desired("b90", category("90", "2025-08-01"), ""),
				desired("bweo", casefile.WEO{Start: "2025-07-01"}, ""), desired("bjob", contract("2025-08-01", ""), ""),
				desired("b93", category("93", "2025-12-01"), ""), desired("beval", casefile.EvaluationDone{Date: "2025-11-01"}, ""),
				desired("a00", category("00", "2025-02-01"), ""), desired("a90", category("90", "2024-02-01"), ""),
				desired("a05", category("05", "2024-01-01"), ""), desired("aeval", casefile.EvaluationDone{Date: "2025-02-10"}, ""),
				desired("aweo", casefile.WEO{Start: "2024-01-10", End: "2025-02-20"}, ""), desired("ajob", contract("2024-02-01", "2025-01-31"), ""),
			},
			"a05 aweo ajob a90 aeval ajob a00 aweo b05 bweo bjob b90 b93 beval",
		},
		"a second contract in the same WEO": {
			[]casefile.Registration{
				desired("weo", casefile.WEO{Start: "2025-01-01", End: "2026-02-28"}, ""),
				desired("1", contract("2025-02-01", "2025-07-31"), ""), desired("2", contract("2025-09-01", "2026-02-28"), ""),
				desired("90a", category("90", "2025-02-01"), ""), desired("90b", category("90", "2025-09-01"), ""),
			},
			"weo 1 90a 1 2 90b 2 weo",
		},
		"05 again after the contract, by a person's decision": {
			[]casefile.Registration{
				desired("90", category("90", "2025-02-01"), ""), desired("05a", category("05", "2025-01-01"), ""),
				desired("05b", category("05", "2025-11-01"), ""), desired("job", contract("2025-02-01", "2025-10-31"), ""),
			},
			"05a job 90 job 05b",
		},
		"05 again with no end of the contract known": {
			[]casefile.Registration{
				desired("05b", category("05", "2025-11-01"), ""), desired("90", category("90", "2025-02-01"), ""),
				desired("05a", category("05", "2025-01-01"), ""), desired("job", contract("2025-02-01", ""), ""),
			},
			"05a job 90 05b",
		},
		"a 05 that is dated after the WEO of its own course": {
			[]casefile.Registration{
				desired("a90", category("90", "2024-02-01"), ""), desired("a00", category("00", "2025-02-01"), ""),
				desired("bweo", casefile.WEO{Start: "2025-07-01"}, ""), desired("b05", category("05", "2025-07-02"), ""),
			},
			"a90 a00 b05 bweo",
		},
		"a contract of one day": {
			[]casefile.Registration{desired("job", contract("2025-02-01", "2025-02-01"), ""), desired("90", category("90", "2025-02-01"), "")},
			"job 90 job",
		},
		"00 after the end of the WEO": {
			[]casefile.Registration{
				desired("weo", casefile.WEO{Start: "2025-01-01", End: "2026-01-31"}, ""), desired("job", contract("2025-02-01", "2026-01-31"), ""),
				desired("00", category("00", "2026-03-01"), ""), desired("final", casefile.EvaluationDone{Date: "2026-02-02", Evaluation: "final"}, ""),
			},
			"weo job final job 00 weo",
		},
		"job target of a second TWE": {
			[]casefile.Registration{
				desired("a90", category("90", "2024-02-01"), ""), desired("a00", category("00", "2025-02-01"), ""),
				{Body: casefile.Profile{JobTarget: "kok"}, From: "2026-01-01"}, desired("b05", category("05", "2026-01-01"), ""),
			},
			"profile a90 a00 b05",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range Diff(dossier(), decision(tc.desired...)).Changes {
				if c.ID == "" {
					c.ID = string(c.Kind)
				}
				got = append(got, c.ID)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBeforeMLPWasAskedNothingIsPlanned(t *testing.T) {
	if diff := cmp.Diff(Result{}, Diff(casefile.Known{}, decision(wholeCourse()...))); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsSentWithoutADossier(t *testing.T) {
	tests := map[string]struct {
		known   casefile.Known
		desired []casefile.Registration
		rule    string
	}{
		"nobody asks for one":       {casefile.Known{LookedUp: true}, []casefile.Registration{desired("05", category("05", "2026-03-01"), "CAT-02")}, RuleNoDossier},
		"it lies elsewhere":         {casefile.Known{LookedUp: true, OutsideArea: true}, wholeCourse(), RuleOutsideArea},
		"nothing is desired either": {casefile.Known{LookedUp: true, OutsideArea: true}, nil, ""},
		"nor as of today": {
			casefile.Known{LookedUp: true}, []casefile.Registration{desired("05", category("05", today.AddDays(1)), "CAT-02")}, "",
		},
	}
	for name, tc := range tests {
		got := Diff(tc.known, decision(tc.desired...))
		if len(got.Changes) > 0 {
			t.Errorf("%s: planned %q", name, sentences(got.Changes))
		}
		rule := ""
		for _, m := range got.Manual {
			rule += m.Rule
			if m.Reason == "" || m.Next == "" {
				t.Errorf("%s: a manual decision without reason or next step", name)
			}
		}
		if rule != tc.rule {
			t.Errorf("%s: manual decisions %q, want %q", name, rule, tc.rule)
		}
	}
}

// Design decision 8.
func TestNothingIsPlannedBeforeItsDay(t *testing.T) {
	tomorrow := today.AddDays(1)
	got := Diff(dossier(), decision(
		desired("05", category("05", tomorrow), ""),
		desired("weo", casefile.WEO{Start: today, End: tomorrow, EndReason: casefile.EndJob}, ""),
		desired("job", contract(today, "2026-12-31",
			casefile.RegimePeriod{From: today, Regime: casefile.FullTime}, casefile.RegimePeriod{From: tomorrow, Regime: casefile.PartTime}), ""),
	))
	want := []casefile.Body{
		casefile.WEO{Start: today},
		casefile.Art60{Start: today, WEOID: "weo", Regimes: []casefile.RegimePeriod{{From: today, Regime: casefile.FullTime}}},
	}
	var bodies []casefile.Body
	for _, c := range got.Changes {
		bodies = append(bodies, c.New)
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
}

func TestAChangeOfWhatIsHeld(t *testing.T) {
	known := dossier(held("weo", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-1"}))
	got := Diff(known, decision(desired("weo", casefile.WEO{Start: "2025-03-01", End: "2026-03-14", EndReason: casefile.EndJob}, "TWE-13")))
	want := []casefile.Change{{
		Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "weo",
		Old:  casefile.WEO{Start: "2025-03-01", Counsellor: "tb-1"},
		New:  casefile.WEO{Start: "2025-03-01", End: "2026-03-14", EndReason: casefile.EndJob, Counsellor: "tb-1"},
		From: "2026-03-14", Rule: "TWE-13", Caseworker: "mw-001",
		Sentence: "WEO van 01/03/2025 eindigt op 14/03/2026, reden: job (TWE-13)",
	}}
	if diff := cmp.Diff(want, got.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// What is to be sent waits, or was discarded: the fields beside it are agreed on all the same, so that what somebody changes there later is theirs.
func TestTheRestOfAChangeIsAgreedOn(t *testing.T) {
	known := dossier(held("theirs", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-9"}))
	known.Dossier.Person = casefile.Person{LastName: "Test", Street: "Kerkstraat 1"}
	weo := desired("weo", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-9", End: "2026-03-14", EndReason: casefile.EndJob}, "TWE-13")
	person := desired("", casefile.Person{LastName: "Test", Street: "Dorp 2"}, "CAT-02")
	want := map[string]casefile.Body{"theirs": casefile.WEO{Start: "2025-03-01", Counsellor: "tb-9"}, "dossier": casefile.Person{LastName: "Test"}}
	got := Diff(known, decision(weo, person))
	if diff := cmp.Diff(want, got.Agreed); diff != "" || len(got.Changes) != 2 {
		t.Errorf("%d changes; agreed (-want +got):\n%s", len(got.Changes), diff)
	}
	if written := got.After(known).Written["theirs"]; written != weo.Body {
		t.Errorf("once it is sent, written is %+v", written)
	}
	known.Written = got.Agreed
	if again := Diff(known, decision(weo, person)); again.Agreed != nil {
		t.Errorf("agreed again: %+v", again.Agreed)
	}
	known.Dossier.Registrations[0].ID, known.Written = "weo", nil
	if ours := Diff(known, decision(weo)); ours.Agreed != nil {
		t.Errorf("of ours of which is not known what was written: %+v", ours.Agreed)
	}
	weo.Yielded = true
	if gave := Diff(dossier(known.Dossier.Registrations...), decision(weo)); gave.Agreed != nil {
		t.Errorf("what gave way is agreed: %+v", gave.Agreed)
	}
}

func TestThePersonIsPatchedWithWhatDiffers(t *testing.T) {
	known := dossier()
	known.Dossier.Person = casefile.Person{LastName: "Test", Street: "Kerkstraat 1", City: "Gent"}
	got := Diff(known, decision(desired("", casefile.Person{LastName: "Test", Street: "Dorp 2", ContactLanguage: "nl"}, "CAT-02")))
	want := []casefile.Change{{
		Op: casefile.OpPatch, Kind: casefile.RegPerson, Rule: "CAT-02", Caseworker: "mw-001",
		Old:      casefile.Person{Street: "Kerkstraat 1"},
		New:      casefile.Person{Street: "Dorp 2", ContactLanguage: "nl"},
		Sentence: "Gegevens in het dossier bijgewerkt: straat, contacttaal (CAT-02)",
	}}
	if diff := cmp.Diff(want, got.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// Design decision 12: adopted, not doubled, and what refers to it follows.
func TestWhatMLPHoldsAlreadyIsAdopted(t *testing.T) {
	known := dossier(
		held("their-weo", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-9"}),
		held("their-05", casefile.Category{Code: "05", From: "2025-02-01", SetBy: casefile.PartyClient}),
	)
	got := Diff(known, decision(
		desired("05", category("05", "2025-02-01"), "CAT-02"),
		desired("weo", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-1"}, "TWE-15"),
		desired("job", contract("2025-03-15", ""), "TWE-05"),
		desired("eval", casefile.EvaluationDone{Date: "2025-09-01", Evaluation: "interim", WEOID: "weo"}, "TWE-07"),
	))
	if diff := cmp.Diff(map[string]string{"05": "their-05", "weo": "their-weo"}, got.Adopted); diff != "" {
		t.Errorf("adopted (-want +got):\n%s", diff)
	}
	type sent struct {
		ID  string
		New casefile.Body
	}
	want := []sent{
		{"their-weo", casefile.WEO{Start: "2025-03-01", Counsellor: "tb-1"}},
		{"job", func() casefile.Art60 { c := contract("2025-03-15", ""); c.WEOID = "their-weo"; return c }()},
		{"eval", casefile.EvaluationDone{Date: "2025-09-01", Evaluation: "interim", WEOID: "their-weo"}},
	}
	var changes []sent
	for _, c := range got.Changes {
		changes = append(changes, sent{c.ID, c.New})
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotAdopted(t *testing.T) {
	later := held("their-78", casefile.Category{Code: "78", From: "2025-03-15", SetBy: casefile.PartyVDAB})
	tests := map[string]struct {
		held    []casefile.Registration
		desired []casefile.Registration
		want    []string // ids sent
	}{
		"another start": {
			[]casefile.Registration{held("x", casefile.WEO{Start: "2025-03-01"})},
			[]casefile.Registration{desired("weo", casefile.WEO{Start: "2025-03-02"}, "")}, []string{"weo"},
		},
		"another code": {
			[]casefile.Registration{held("x", category("03", "2025-03-01"))},
			[]casefile.Registration{desired("05", category("05", "2025-03-01"), "")}, []string{"05"},
		},
		"another sort of evaluation on one day": {
			[]casefile.Registration{held("x", casefile.EvaluationDone{Date: "2025-03-01", Evaluation: "phase"})},
			[]casefile.Registration{desired("e", casefile.EvaluationDone{Date: "2025-03-01", Evaluation: "final"}, "")}, []string{"e"},
		},
		"another sort of handover on one day": {
			[]casefile.Registration{held("x", casefile.Handover{ChoiceDate: "2025-03-01", Handover: casefile.HandoverGLOW})},
			[]casefile.Registration{desired("h", casefile.Handover{ChoiceDate: "2025-03-01", Handover: casefile.HandoverWarmOther}, "")}, []string{"h"},
		},
		"a 90 that VDAB's 78 came over is asserted again (CAT-06)": {
			[]casefile.Registration{held("90-1", category("90", "2025-03-15")), later},
			[]casefile.Registration{desired("90-1", category("90", "2025-03-15"), ""), desired("90-2", category("90", "2025-03-15"), "")},
			[]string{"90-2"},
		},
		"also when the first one is not desired any more": {
			[]casefile.Registration{held("90-1", category("90", "2025-03-15")), later},
			[]casefile.Registration{desired("90-2", category("90", "2025-03-15"), "")}, []string{"90-2"},
		},
		"one is taken once": {
			[]casefile.Registration{held("x", casefile.WEO{Start: "2025-03-01"})},
			[]casefile.Registration{desired("a", casefile.WEO{Start: "2025-03-01"}, ""), desired("b", casefile.WEO{Start: "2025-03-01"}, "")},
			[]string{"b"},
		},
	}
	for name, tc := range tests {
		var ids []string
		for _, c := range Diff(dossier(tc.held...), decision(tc.desired...)).Changes {
			ids = append(ids, c.ID)
		}
		if diff := cmp.Diff(tc.want, ids); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAliases(t *testing.T) {
	known := dossier(held("theirs", casefile.WEO{Start: "2025-03-01"}), held("other", casefile.Profile{}))
	known.Aliases = map[string]string{"weo": "theirs", "gone": "not there", "wrong": "other"}
	moved := desired("weo", casefile.WEO{Start: "2025-03-03"}, "TWE-01")
	got := Diff(known, decision(moved))
	if len(got.Changes) != 1 || got.Changes[0].ID != "theirs" || got.Adopted != nil {
		t.Errorf("under a known alias: %+v", got)
	}
	if want := "WEO begint op 03/03/2025 in plaats van 01/03/2025 (TWE-01)"; got.Changes[0].Sentence != want {
		t.Errorf("sentence %q, want %q", got.Changes[0].Sentence, want)
	}
	job := Diff(known, decision(desired("job", contract("2025-04-01", ""), "")))
	if got := job.Changes[0].New.(casefile.Art60).WEOID; got != "theirs" {
		t.Errorf("a reference to what isn't desired itself became %q", got)
	}
	for _, id := range []string{"gone", "wrong"} {
		got := Diff(known, decision(desired(id, casefile.WEO{Start: "2025-05-01"}, "")))
		if len(got.Changes) != 1 || got.Changes[0].ID != id {
			t.Errorf("alias to what is %s: %+v", id, got.Changes)
		}
	}
}

// A held registration is one desired one, whatever the aliases say.
func TestAliasesToWhatIsTakenAlready(t *testing.T) {
	known := dossier(held("a", casefile.WEO{Start: "2025-03-01"}))
	known.Aliases = map[string]string{"b": "a", "c": "a"}
	weo := func(id string, start casefile.Date) casefile.Registration {
		return desired(id, casefile.WEO{Start: start}, "")
	}
	tests := map[string]struct {
		desired []casefile.Registration
		want    string
	}{
		"by its own id":    {[]casefile.Registration{weo("a", "2025-03-01"), weo("b", "2025-06-01")}, "b"},
		"by another alias": {[]casefile.Registration{weo("b", "2025-03-01"), weo("c", "2025-06-01")}, "c"},
	}
	for name, tc := range tests {
		var ids []string
		for _, c := range Diff(known, decision(tc.desired...)).Changes {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != tc.want {
			t.Errorf("taken %s: sent %q, want %q", name, got, tc.want)
		}
	}
}

func TestOfSeveralTheFirstRegisteredIsAdopted(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	weo := func(id string, at time.Time) casefile.Registration {
		return casefile.Registration{ID: id, Body: casefile.WEO{Start: "2025-03-01"}, RegisteredAt: at}
	}
	known := dossier(weo("late", at.Add(time.Hour)), weo("y", at), weo("x", at))
	got := Diff(known, decision(desired("weo", casefile.WEO{Start: "2025-03-01"}, "")))
	if diff := cmp.Diff(map[string]string{"weo": "x"}, got.Adopted); diff != "" {
		t.Errorf("adopted (-want +got):\n%s", diff)
	}
}

func TestTwoContentsOfOneRegistration(t *testing.T) {
	a, b := desired("weo", casefile.WEO{Start: "2025-03-01"}, ""), desired("weo", casefile.WEO{Start: "2025-04-01"}, "")
	got := Diff(dossier(), decision(a, b))
	if len(got.Changes) > 0 || len(got.Manual) != 1 || got.Manual[0].Rule != RuleConflict {
		t.Errorf("changes %q, manual %+v", sentences(got.Changes), got.Manual)
	}
	if got := Diff(dossier(), decision(a, a)); len(got.Changes) != 1 || len(got.Manual) > 0 {
		t.Errorf("the same one twice: changes %q, manual %+v", sentences(got.Changes), got.Manual)
	}
}

func TestSentences(t *testing.T) {
	d := dossier(held("05", category("05", "2025-01-01"))).Dossier
	regimes := func(hours string) []casefile.RegimePeriod {
		return []casefile.RegimePeriod{{From: "2025-03-01", Regime: casefile.FullTime, HoursPerWeek: hours}}
	}
	tests := map[string]casefile.Change{
		"Categorie 05 → 90 vanaf 16/03/2026 (CAT-05)":                                {New: category("90", today), Rule: "CAT-05"},
		"Categorie 05 opnieuw geregistreerd vanaf 16/03/2026":                        {New: category("05", today)},
		"Categorie 90 vanaf 16/03/2026 aan het contract gekoppeld":                   {Old: category("90", today), New: category("90", today)},
		"Categorie verbeterd: 90 → 93 vanaf 16/03/2026":                              {Old: category("90", today), New: category("93", today)},
		"Categorie 90 verplaatst: vanaf 15/03/2026 → vanaf 16/03/2026":               {Old: category("90", "2026-03-15"), New: category("90", today)},
		"Dossier aangevuld: reden van instroom":                                      {Op: casefile.OpPatch, New: casefile.Profile{EntryNeed: "generic"}},
		"WEO van 01/01/2025 tot en met 31/12/2025":                                   {New: casefile.WEO{Start: "2025-01-01", End: "2025-12-31"}},
		"WEO van 01/01/2025 eindigt op 15/03/2026 in plaats van 31/12/2025":          {Old: casefile.WEO{Start: "2025-01-01", End: "2025-12-31"}, New: casefile.WEO{Start: "2025-01-01", End: "2026-03-15", EndReason: "job"}},
		"WEO van 01/01/2025 bijgewerkt: trajectbegeleider":                           {Old: casefile.WEO{Start: "2025-01-01"}, New: casefile.WEO{Start: "2025-01-01", Counsellor: "tb-1"}},
		"Contract art. 60§7 van 01/03/2025 bijgewerkt: uren per week":                {Old: casefile.Art60{Start: "2025-03-01", Regimes: regimes("38")}, New: casefile.Art60{Start: "2025-03-01", Regimes: regimes("36")}},
		"Contract art. 60§7 van 01/03/2025 bijgewerkt: werkgever":                    {Old: casefile.Art60{Start: "2025-03-01"}, New: casefile.Art60{Start: "2025-03-01", EmployerKBO: "0212214917"}},
		"Verwijzing naar een opleiding genoteerd, met als datum 16/03/2026":          {New: casefile.Note{Note: casefile.NoteTraining, Date: today, Text: "geheim"}},
		"Eindadvies van 16/03/2026 genoteerd":                                        {New: casefile.Note{Note: casefile.NoteFinalAdvice, Date: today, Text: "geheim"}},
		"Eindevaluatie van 16/03/2026 bijgewerkt: POP aangevuld":                     {Old: casefile.EvaluationDone{Date: today, Evaluation: "final"}, New: casefile.EvaluationDone{Date: today, Evaluation: "final", PlanUpdated: casefile.Yes}},
		"Overdracht aan VDAB (GLOW), keuze van 16/03/2026 bijgewerkt: gronden, nota": {Old: casefile.Handover{Handover: "GLOW", ChoiceDate: today}, New: casefile.Handover{Handover: "GLOW", ChoiceDate: today, Grounds: []string{"2"}, Note: "geheim"}},
	}
	for want, c := range tests {
		c.Kind = c.New.Kind()
		if got := sentence(c, d); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// Free text, names and numbers of a body never reach a sentence or a reason.
func TestSentencesHoldNoPersonalData(t *testing.T) {
	const secret = "Verhaegen"
	got := Diff(casefile.Known{LookedUp: true}, decision(
		desired("", casefile.Person{LastName: secret, FirstName: secret, Street: secret, City: secret, PostalCode: secret}, "r"),
		desired("", casefile.Profile{JobTarget: secret}, "r"),
		desired("w", casefile.WEO{Start: today, Counsellor: secret}, "r"),
		desired("h", casefile.Handover{ChoiceDate: today, Motivation: secret, Note: secret, JobTarget: secret, Grounds: []string{secret}}, "r"),
	))
	if len(got.Changes) != 4 {
		t.Fatalf("%d changes, want 4", len(got.Changes))
	}
	for _, s := range sentences(got.Changes) {
		if strings.Contains(s, secret) || !strings.Contains(s, "(r)") {
			t.Errorf("sentence %q", s)
		}
	}
}
