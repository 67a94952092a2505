package policy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

const namesOfQuestions = "testdata/questions.txt"

// What caseworkers answered is kept under the names of the questions, in the states of all who run this: a question that gets another name
// is asked again of everybody who answered it, and what it blocks waits. The file was first written by a program that made the names of the
// sentences that caseworkers read (docs/adr/0008).
func TestQuestionsKeepTheirNames(t *testing.T) {
	text, err := os.ReadFile(namesOfQuestions)
	if err != nil {
		t.Fatal(err)
	}
	held, now := strings.Split(strings.TrimSpace(string(text)), "\n"), allNames(t)
	for _, line := range held {
		if !slices.Contains(now, line) {
			t.Errorf("%s: this question has another name now, so that whoever answered it is asked again. Was only its sentence changed, "+
				"mend the name (mapping/asked.go). Did the case change, or is the question another one, take the line out by hand", line)
		}
	}
	news := slices.DeleteFunc(now, func(line string) bool { return slices.Contains(held, line) })
	switch {
	case len(news) > 0 && *update:
		all := strings.Join(slices.Sorted(slices.Values(append(held, news...))), "\n") + "\n"
		if err := os.WriteFile(namesOfQuestions, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	case len(news) > 0:
		t.Errorf("not in %s (-update adds them):\n%s", namesOfQuestions, strings.Join(news, "\n"))
	}
}

// allNames are lines of a case, a rule and the name of what it asks.
func allNames(t *testing.T) []string {
	var all []policy.Case
	for _, s := range allShown(t, mapping.New()) {
		all = append(all, s.Case)
	}
	for name, text := range rarelyAsked() {
		c, err := policy.Parse(name+".txtar", []byte(start+text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	var lines []string
	for _, c := range all {
		got, err := c.Play(mapping.New())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range got.Days {
			for _, name := range namesIn(d) {
				lines = append(lines, c.Name+": "+name)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func namesIn(d casefile.Decision) []string {
	var out []string
	for _, m := range d.Manual {
		out = append(out, m.Rule+" "+m.Question)
	}
	for _, f := range d.Findings {
		out = append(out, f.Rule+" "+f.Question)
	}
	return slices.DeleteFunc(out, func(name string) bool { return strings.HasSuffix(name, " ") })
}

// rarelyAsked are clients of whom is asked what no policy case has.
func rarelyAsked() map[string]string {
	const (
		client   = "client: {readiness: ready, readySince: 2025-12-01, registeredBy: ocmw, unemploymentBenefit: none, leefloon: full, contactLanguage: nl}\n"
		twe      = "trackNumber: T1, kind: TWE, choiceDate: 2026-01-05, weoStart: 2026-01-05, jobTarget: kok, developmentPlanOn: 2026-01-05, entryNeed: generic"
		track    = "tracks: [{" + twe + ", regularEconomyWithinTwoYears: true}]\n"
		inTWE    = client + track
		art60    = "contractNumber: C1, kind: art60, start: 2026-02-02, regime: fullTime"
		contract = inTWE + "contracts: [{" + art60 + "}]\n"
		ended    = track + "contracts: [{" + art60 + ", end: 2026-03-01}]\n"
		held     = "dossier: {categories: [{code: \"05\", from: 2025-12-01, setBy: ocmw}"
		worked   = held + ", {code: \"78\", from: 2026-02-02, setBy: vdab}, {code: \"90\", from: 2026-02-02, setBy: ocmw}]}\n"
		look     = "events: [{look: 2026-03-16}]\n"
		choice   = "choiceDate: 2026-03-10, motivation: m, jobTarget: kok, informedOn: 2026-03-10"
	)
	training := func(fields string) string {
		return inTWE + "contracts: [{" + art60 + ", end: 2026-06-30}]\ntrainings: [{title: Lassen, recognised: true, servesJobTarget: true, " + fields + "}]\n" + worked + look
	}
	return map[string]string{
		"twe08 out of reach":         client + "tracks: [{" + twe + ", regularEconomyWithinTwoYears: false}]\n" + held + "]}\n" + look,
		"twe13 no end":               inTWE + held + "], weos: [{start: 2026-01-05, end: 2026-03-01, endReason: job}]}\n" + look,
		"twe13 another end":          client + "tracks: [{" + twe + ", weoEnd: 2026-06-30, regularEconomyWithinTwoYears: true}]\n" + held + "], weos: [{start: 2026-01-05, end: 2026-03-01}]}\n" + look,
		"twe05 no end":               contract + strings.Replace(worked, "]}\n", "], employments: [{start: 2026-02-02, end: 2026-03-01}]}\n", 1) + look,
		"twe10 full time during":     training("start: 2026-03-02, end: 2026-12-31, regime: fullTime"),
		"twe10 not joining":          training("start: 2026-03-02, end: 2027-03-31, regime: partTime, fullTimeFrom: 2026-09-01"),
		"hnd01 contract runs":        contract + "handovers: [{kind: WARM_OTHER, " + choice + "}]\n" + worked + look,
		"hnd01 ended with a job":     client + "tracks: [{" + twe + ", weoEnd: 2026-03-01, weoEndReason: job, regularEconomyWithinTwoYears: true}]\nhandovers: [{kind: WARM_OTHER, " + choice + "}]\n" + held + "]}\n" + look,
		"glow05 by GLOW23":           client + "tracks: [{" + twe + ", regularEconomyWithinTwoYears: true}, {trackNumber: G1, kind: GLOW, choiceDate: 2023-06-01}]\n" + held + "]}\n" + look,
		"data03 other names":         client + held + "], person: {lastName: Ander, firstName: Jan, birthDate: 1980-01-01}}\nevents: [{export: {birthDate: 1967-12-24}}, {look: 2026-03-16}]\n",
		"cat03 no category":          strings.Replace(contract, "readiness: ready, readySince: 2025-12-01, ", "", 1) + "dossier: {categories: []}\n" + look,
		"cat07 entitled before":      strings.Replace(client, "leefloon: full", "leefloon: none, benefitDecision: entitled, benefitEntitledFrom: 2026-02-20", 1) + ended + worked + look,
		"cat07 leefloon unknown":     strings.Replace(client, "leefloon: full", "benefitDecision: entitled, benefitEntitledFrom: 2026-03-02", 1) + ended + worked + look,
		"cat13 not ready":            strings.Replace(client, "readiness: ready, readySince: 2025-12-01", "readiness: notReady", 1) + held + "]}\n" + look,
		"glow05 in front of art. 60": contract + "handovers: [{kind: GLOW, choiceDate: 2026-01-20, motivation: m, jobTarget: kok, informedOn: 2026-01-20, grounds: \"2\"}]\n" + worked + look,
		"data04 of the profile":      inTWE + held + "]}\nevents: [{day: 2026-03-02}, {edit: {kind: profile, jobTarget: bakker, entryNeed: technical, developmentPlanOn: 2026-01-06}}, {look: 2026-03-03}]\n",
		"data04 of all":              everythingEdited,
	}
}

// everythingEdited has a registration of each kind, and somebody who changes each in MLP.
const everythingEdited = `client: {readiness: ready, readySince: 2025-12-01, registeredBy: ocmw, unemploymentBenefit: none, leefloon: full, contactLanguage: nl, birthDate: 1967-12-24, street: Kerkstraat 1, postalCode: "9999", city: Zonnedorp}
tracks: [{trackNumber: T1, kind: TWE, choiceDate: 2026-01-05, weoStart: 2026-01-05, weoEnd: 2026-03-05, weoEndReason: job, jobTarget: kok, developmentPlanOn: 2026-01-05, entryNeed: generic, regularEconomyWithinTwoYears: true}]
contracts: [{contractNumber: C1, kind: art60, start: 2026-02-02, end: 2026-03-01, regime: fullTime, hoursPerWeek: "38", employerKbo: "0999999922", socialEconomy: false}]
placements: [{kind: WES, start: 2026-03-02, end: 2026-03-04, host: nonProfit, hoursPerMonth: "40", internshipPlan: true, communityService: false, employerKbo: "0999999922"}]
trainings: [{title: Heftruck, start: 2026-03-03, end: 2026-03-30, regime: fullTime, recognised: true, servesJobTarget: true}]
evaluations: [{date: 2026-03-02, kind: interim, competencesScored: true, planUpdated: true, reportUploaded: true}]
competences: [{competence: plannen, level: "3", assessedOn: 2026-03-02}]
documents: [{kind: internshipPlan, date: 2026-03-02, file: a.pdf}]
handovers: [{kind: WARM_OTHER, choiceDate: 2026-03-02, motivation: m, jobTarget: kok, informedOn: 2026-03-02, note: n, contactLanguage: nl}]
dossier: {categories: [{code: "05", from: 2025-12-01, setBy: ocmw}, {code: "78", from: 2026-02-02, setBy: vdab}, {code: "90", from: 2026-02-02, setBy: ocmw}]}
events:
  - look: 2026-03-05
  - answer: {rule: HND-01, accept: true, reason: toch}
  - day: 2026-03-06
  - edit: {kind: dossier, lastName: A, firstName: B, street: C, postalCode: "1", city: D, contactLanguage: fr}
  - edit: {kind: profile, jobTarget: bakker, entryNeed: technical, developmentPlanOn: 2026-01-06}
  - edit: {kind: weo, start: 2026-01-05, end: 2026-03-04, endReason: noJob, counsellor: tb-09}
  - edit: {kind: employment, start: 2026-02-02, end: 2026-02-28, employerKbo: "0999999031", socialEconomy: true}
  - edit: {kind: placement, start: 2026-03-02, end: 2026-03-03, hoursPerMonth: "41", internshipPlan: false, communityService: true}
  - edit: {kind: evaluation, start: 2026-03-02, competencesScored: false, planUpdated: false, reportUploaded: false}
  - edit: {kind: competence, start: 2026-03-02, level: "4"}
  - edit: {kind: document, start: 2026-03-02, sha256: ff, size: 1}
  - edit: {kind: note, start: 2026-03-03, text: x}
  - edit: {kind: handover, start: 2026-03-02, motivation: w, jobTarget: x, informedOn: 2026-03-03, note: y, contactLanguage: fr}
  - look: 2026-03-07
  - edit: {kind: dossier, lastName: Testpersoon, birthDate: 1960-01-01, nisCode: "99992"}
  - look: 2026-03-08
`
