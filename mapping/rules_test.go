package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// TestOverwriteTable is CAT-03's table, each pair tried: what becomes of a category
// that MLP holds since long before the fact. "=" it stands already, "+" it is
// written, "." it is left alone, "?" a person decides.
func TestOverwriteTable(t *testing.T) {
	held := []casefile.Code{"", "05", "00", "78", "90", "93", "02", "11", "14", "80", "82", "92", "03", "06", "10", "55"}
	want := strings.TrimSpace(`
held  05 90 93 00 78
 -    +  ?  ?  ?  ?
05    =  +  +  +  +
00    .  +  +  =  ?
78    +  +  +  +  =
90    ?  +  +  +  +
93    ?  +  +  +  +
02    .  +  +  ?  ?
11    .  +  +  ?  ?
14    .  +  +  ?  ?
80    .  +  +  ?  ?
82    .  +  +  ?  ?
92    ?  +  +  ?  ?
03    +  +  +  ?  ?
06    ?  +  +  ?  ?
10    ?  +  +  ?  ?
55    ?  ?  ?  ?  ?`)
	var got strings.Builder
	got.WriteString("held  05 90 93 00 78")
	for _, code := range held {
		name := string(code)
		if name == "" {
			name = " -"
		}
		fmt.Fprintf(&got, "\n%-5s", name)
		for _, wanted := range []casefile.Code{"05", "90", "93", "00", "78"} {
			fmt.Fprintf(&got, " %s ", tryPair(wanted, code))
		}
	}
	lines := strings.Split(got.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if diff := cmp.Diff(want, strings.TrimSpace(strings.Join(lines, "\n"))); diff != "" {
		t.Errorf("table of CAT-03 (-want +got):\n%s", diff)
	}
}

// tryPair asks one step of a dossier that holds one category.
func tryPair(wanted, held casefile.Code) string {
	r := New()
	k := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1"}}
	if held != "" {
		k.Dossier.Registrations = []casefile.Registration{{ID: "mlp", Body: casefile.Category{Code: held, From: "2020-01-01", SetBy: casefile.PartyOther}}}
	}
	client := &casefile.Client{Header: casefile.Header{Client: "K1"}, RegisteredBy: casefile.PartyOCMW, UnemploymentBenefit: casefile.BenefitNone}
	w := r.begin(casefile.Assemble(testOCMW(false), []casefile.Record{client}), k, "2026-03-16")
	s := step{code: wanted, from: "2026-03-01", rule: "CAT-02", key: []string{"x"}}
	switch wanted {
	case "90", "93":
		s.kind, s.rule, s.contract = stepContract, "CAT-05", &contract{start: "2026-03-01", rows: []*casefile.Employment{{}}}
	case "00":
		s.kind, s.rule = stepBenefit, "CAT-07"
	case "78":
		s.kind, s.rule = stepJob, "CAT-09"
	}
	w.walk([]step{s})
	d := w.finish()
	switch {
	case len(d.Manual) > 0:
		return "?"
	case len(d.Registrations) > 0:
		return "+"
	case len(d.Timeline) == 1 && d.Timeline[0].Rule == "CAT-03":
		return "."
	}
	return "="
}

func TestParametersAreReadAndNamed(t *testing.T) {
	r := New()
	named := map[string]bool{}
	for _, rule := range r.Catalogue() {
		for _, p := range rule.Parameters {
			named[p] = true
			if r.limit(p, "2026-03-16") == 0 {
				t.Errorf("%s reads parameter %s, which has no value", rule.ID, p)
			}
		}
		if rule.Validity() == "" {
			t.Errorf("%s has no validity", rule.ID)
		}
	}
	for _, p := range r.Parameters() {
		if !named[p.ID] || p.Source == "" || p.Unit == "" {
			t.Errorf("parameter %s is read by no rule, or incomplete", p.ID)
		}
	}
}

// TestPlaybooksFollowEachOther: a gap or an overlap would leave a date of choice
// without rules, or with two.
func TestPlaybooksFollowEachOther(t *testing.T) {
	books := playbooks()
	for i, b := range books[1:] {
		if books[i].ValidUntil.AddDays(1) != b.ValidFrom {
			t.Errorf("%s ends on %s, %s begins on %s", books[i].ID, books[i].ValidUntil, b.ID, b.ValidFrom)
		}
	}
}

func TestVersionIsThatOfTheRules(t *testing.T) {
	if a, b := New().Version(), New().Version(); a != b || a == "" {
		t.Errorf("versions %q and %q of the same rules", a, b)
	}
}

func TestNothingBeforeMLPWasAsked(t *testing.T) {
	c := casefile.Assemble(testOCMW(false), []casefile.Record{&casefile.Client{Header: casefile.Header{Client: "K1"}, Readiness: casefile.Ready, ReadySince: "2026-01-01"}})
	d := New().Decide(c, casefile.Known{}, "2026-03-16")
	if len(d.Registrations)+len(d.Manual)+len(d.Timeline) != 0 {
		t.Errorf("decided without knowing MLP: %+v", d)
	}
	if d := New().Decide(casefile.Case{}, casefile.Known{LookedUp: true}, "2026-03-16"); len(d.Manual) != 0 {
		t.Errorf("an empty case asks for something: %+v", d)
	}
}

// TestIDsStayWhenOtherDataChange: a correction elsewhere must not make MLP hold a
// registration twice.
func TestIDsStayWhenOtherDataChange(t *testing.T) {
	records := func(counsellor, name string, end casefile.Date) []casefile.Record {
		h := func(key string) casefile.Header { return casefile.Header{Client: "K1", RecordKey: key} }
		return []casefile.Record{
			&casefile.Client{Header: h("K1"), LastName: name, Readiness: casefile.Ready, ReadySince: "2025-12-01", RegisteredBy: casefile.PartyOCMW,
				UnemploymentBenefit: casefile.BenefitNone, Caseworker: counsellor},
			&casefile.Track{Header: h("T1"), Track: casefile.TrackTWE, WEOStart: "2026-01-05", ChoiceDate: "2026-01-05", Counsellor: counsellor, EntryNeed: "generic"},
			&casefile.Employment{Header: h("C1"), ContractNumber: "C1", Employment: casefile.Art60Job, Start: "2026-02-02", RegimeFrom: "2026-02-02", End: end, Regime: casefile.FullTime},
			&casefile.Evaluation{Header: h("V1"), Date: "2026-03-01", Evaluation: "interim", CompetencesScored: casefile.Yes, PlanUpdated: casefile.Yes, ReportUploaded: casefile.No},
		}
	}
	ids := func(rs []casefile.Record) []string {
		k := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Registrations: []casefile.Registration{
			{ID: "mlp", Body: casefile.Category{Code: "03", From: "2020-01-01", SetBy: casefile.PartyClient}}}}}
		var out []string
		for _, r := range New().Decide(casefile.Assemble(testOCMW(false), rs), k, "2026-03-16").Registrations {
			out = append(out, string(r.Body.Kind())+" "+r.ID)
		}
		slices.Sort(out)
		return out
	}
	before := ids(records("tb-1", "Janssens", ""))
	if len(before) < 6 {
		t.Fatalf("too few registrations to compare: %v", before)
	}
	if diff := cmp.Diff(before, ids(records("tb-2", "Peeters", "2026-12-31"))); diff != "" {
		t.Errorf("ids changed with unrelated data:\n%s", diff)
	}
}

func BenchmarkDecide(b *testing.B) {
	r := New()
	client := &casefile.Client{Header: casefile.Header{Client: "K1"}, Readiness: casefile.Ready, ReadySince: "2025-12-01", RegisteredBy: casefile.PartyOCMW, UnemploymentBenefit: casefile.BenefitNone}
	weo := &casefile.Track{Header: casefile.Header{Client: "K1", RecordKey: "T1"}, Track: casefile.TrackTWE, WEOStart: "2026-01-05", Counsellor: "tb-1"}
	job := &casefile.Employment{Header: casefile.Header{Client: "K1", RecordKey: "C1"}, Employment: casefile.Art60Job, Start: "2026-02-02", RegimeFrom: "2026-02-02", Regime: casefile.FullTime}
	c := casefile.Assemble(testOCMW(false), []casefile.Record{client, weo, job})
	k := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Registrations: []casefile.Registration{{ID: "mlp", Body: casefile.Category{Code: "03", From: "2020-01-01"}}}}}
	for b.Loop() {
		r.Decide(c, k, "2026-03-16")
	}
}

// What is set again is said for what it is: over VDAB's 78, or over our own entry once the contract was corrected.
func TestWhatIsSetAgainIsSaidForWhatItIs(t *testing.T) {
	decide := func(end casefile.Date, k casefile.Known, day casefile.Date) casefile.Decision {
		return New().Decide(casefile.Assemble(testOCMW(false), []casefile.Record{
			&casefile.Client{Header: casefile.Header{Client: "K1"}, Readiness: casefile.Ready, ReadySince: "2025-01-02", RegisteredBy: casefile.PartyOCMW,
				UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonNone, BenefitDecision: casefile.DecisionEntitled, BenefitEntitledFrom: "2026-03-01"},
			&casefile.Track{Header: casefile.Header{Client: "K1", RecordKey: "t"}, Track: casefile.TrackTWE, ChoiceDate: "2025-02-03", WEOStart: "2025-02-03"},
			&casefile.Employment{Header: casefile.Header{Client: "K1", RecordKey: "e"}, ContractNumber: "1", Employment: casefile.Art60Job, Start: "2025-03-03",
				End: end, Regime: casefile.FullTime, RegimeFrom: "2025-03-03"},
		}), k, day)
	}
	why := func(d casefile.Decision) string {
		i := slices.IndexFunc(d.Trace, func(t casefile.Trace) bool { return t.Rule == "CAT-06" && t.Fired })
		if i < 0 {
			return "nothing is set again"
		}
		return d.Trace[i].Why
	}
	known := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}}, Written: map[string]casefile.Body{}}
	for _, day := range []casefile.Date{"2025-01-02", "2025-03-03", "2026-03-02"} { // 05, 90, and 00 after the end
		known = applied(known, decide("2026-02-28", known, day))
	}
	// MLP takes no 90 outside of its contract: a person has to take the end back there.
	waits := func(f casefile.Finding) bool {
		return strings.Contains(f.Reason, "De 90 vanaf 01/03/2026 wordt niet gestuurd")
	}
	d := decide("2026-06-30", known, "2026-03-03")
	if held, _ := applied(known, d).Dossier.CategoryOn("2026-03-03"); held.Code != casefile.Code00 || !slices.ContainsFunc(d.Findings, waits) {
		t.Errorf("the contract has ended in MLP, and %s is sent: %+v", held.Code, d.Findings)
	}
	i := slices.IndexFunc(known.Dossier.Registrations, func(r casefile.Registration) bool { return r.Body.Kind() == casefile.RegEmployment })
	contract := known.Dossier.Registrations[i].Body.(casefile.Art60)
	contract.End = ""
	known.Dossier.Registrations[i].Body = contract
	if got, want := why(decide("2026-06-30", known, "2026-03-03")), "De gegevens van het contract zijn verbeterd: de 90 wordt opnieuw gezet over de 00 die wij registreerden."; got != want {
		t.Errorf("the end was corrected: %q, want %q", got, want)
	}
	dossier := *known.Dossier
	dossier.Registrations = append(slices.Clone(dossier.Registrations), casefile.Registration{ID: "theirs", From: "2025-03-03", RegisteredAt: time.Date(2025, 3, 5, 8, 0, 0, 0, time.UTC),
		Body: casefile.Category{Code: casefile.Code78, From: "2025-03-03", SetBy: casefile.PartyVDAB}})
	known.Dossier = &dossier
	if got, want := why(decide("2026-02-28", known, "2025-03-06")), "VDAB zette 78 over de 90: die wordt opnieuw gezet."; got != want {
		t.Errorf("VDAB set 78: %q, want %q", got, want)
	}
}
