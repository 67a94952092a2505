package mockmlp

import (
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestScenarioIsStrict(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"unknown key", "clock: 2026-01-15T08:00:00Z\nclokc: x\n", "line 2: clokc"},
		{"unknown key below", "dossiers:\n  - sin: \"67722499797\"\n", "line 2: dossiers[0].sin"},
		{"clock", "clock: tomorrow\n", "clock"},
		{"mode", "exits: {default: {mode: sometimes}}\n", "exits.default.mode"},
		{"delay", "exits: {default: {mode: after, delay: soon}}\n", "duration"},
		{"person", "exits: {persons: [{ssin: \"67722499798\", mode: at}]}\n", "exits.persons[0]"},
		{"client", "clients: [{clientId: a}]\n", "clients[0]"},
		{"ssin", "dossiers: [{ssin: \"67722499798\", nisCode: \"44021\"}]\n", "dossiers[0]"},
		{"ssin status", "dossiers: [{ssin: \"67722499797\", nisCode: \"44021\", ssinStatus: gone}]\n", "dossiers[0]: ssinStatus"},
		{"twice", "dossiers: [{ssin: \"67722499797\", nisCode: \"44021\"}, {ssin: \"67722499797\", nisCode: \"44021\"}]\n", "dossiers[1]"},
	}
	for _, c := range cases {
		_, err := ParseScenario([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		} else if strings.Contains(err.Error(), "6772249979") {
			t.Errorf("%s: the error names a person: %v", c.name, err)
		}
	}
}

func TestScenarioDossiersAreJudged(t *testing.T) {
	for name, dossier := range map[string]string{
		"no NIS code":      `{ssin: "67722499797"}`,
		"owner":            `{ssin: "67722499797", nisCode: "44021", owner: {kind: friend}}`,
		"unknown property": `{ssin: "67722499797", nisCode: "44021", person: {lastName: A, firstName: B, nickName: C}}`,
		"category id":      `{ssin: "67722499797", nisCode: "44021", categories: [{categoryId: x, code: "05", validFrom: "2026-01-01"}]}`,
		"document content": `{ssin: "67722499797", nisCode: "44021", documents: [{kind: finalReport, date: "2026-01-01", mediaType: application/pdf, sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: 9, content: AAAA}]}`,
		"handover status":  `{ssin: "67722499797", nisCode: "44021", handovers: [{kind: WARM_OTHER, choiceDate: "2026-01-02", motivation: m, ocmw: {kboNumber: "0212214917", nisCode: "44021"}, currentCategory: "05", status: draft}]}`,
		"category date":    `{ssin: "67722499797", nisCode: "44021", categories: [{code: "05", validFrom: "2026-13-01"}]}`,
	} {
		s := scenarioOf(t, "dossiers: ["+dossier+"]\n")
		if _, err := New(Options{Scenario: s, Logger: zerolog.Nop()}); !errors.Is(err, ErrScenario) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), ssinA) {
			t.Errorf("%s: the error names a person: %v", name, err)
		}
	}
}

func TestScenarioSeedsEverything(t *testing.T) {
	text := `
clock: 2026-01-15T08:00:00+01:00
exits: {default: {mode: before}}
dossiers:
  - ssin: "67722499797"
    ssinStatus: canceled
    nisCode: "44021"
    owner: {kind: partner, name: WIJ Gent, program: WIJ, since: "2025-05-01"}
    contactLanguage: nl
    jobTarget: {description: Groenarbeider}
    entryReason: r
    developmentPlan: {summary: s}
    categories:
      - {code: "05", validFrom: "2025-06-01"}
      - {code: "78", validFrom: "2025-09-01", setBy: vdab, employmentId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b03}
      - {code: "77", validFrom: "2025-12-01", setBy: other, registeredAt: "2025-12-02T10:00:00Z"}
    weos: [{weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02, startDate: "2025-07-01", counsellor: {id: TB}}]
    employments:
      - {employmentId: 7D0F7C0E-52F4-5A53-8A0E-1A2C3F7F0B03, weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02, startDate: "2025-09-01", workRegimes: [{validFrom: "2025-09-01", regime: partTime, hoursPerWeek: 19}]}
      - {employmentId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b05, weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02, startDate: "2026-02-01", workRegimes: [{validFrom: "2026-02-01", regime: fullTime}]}
    evaluations: [{weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02, date: "2025-12-20", kind: interim, competencesScored: true, planUpdated: true, reportUploaded: true}]
    placements: [{weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02, kind: BVS, startDate: "2025-07-10", endDate: "2025-08-31", internshipPlan: true, hoursPerMonth: 120}]
    documents: [{kind: developmentPlan, date: "2025-07-02", mediaType: application/pdf, sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: 9, weoId: 7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02}]
    competences: [{description: Op tijd komen, level: acquired, assessedOn: "2025-12-20"}]
    notes: [{kind: trainingReference, date: "2025-10-01", text: Hoveniersopleiding}]
    handovers:
      - {kind: WARM_OTHER, choiceDate: "2026-01-02", motivation: m, ocmw: {kboNumber: "0212214917", nisCode: "44021"}, currentCategory: "05", status: assigned, statusReason: other, assignedTo: WIJ Gent, statusSince: "2026-01-09"}
      - {kind: WARM_OTHER, choiceDate: "2026-01-03", motivation: m, ocmw: {kboNumber: "0212214917", nisCode: "44021"}, currentCategory: "05"}
    trainings: [{trainingId: t1, title: Hoveniersopleiding, startDate: "2025-10-01", recognized: true}]
`
	s := scenarioOf(t, text)
	m, err := New(Options{Scenario: s, Frozen: true, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	state := m.State()
	if len(state.Dossiers) != 1 || len(m.Effects()) != 0 {
		t.Fatalf("%+v", state)
	}
	d := state.Dossiers[0]
	handovers := d["handovers"].([]any)
	first, second := handovers[0].(map[string]any), handovers[1].(map[string]any)
	if first["statusSince"] != "2026-01-09" || first["assignedTo"] != "WIJ Gent" || second["status"] != "sent" || second["statusSince"] != "2026-01-14" {
		t.Errorf("handovers %v", handovers)
	}
	if d["ssinStatus"] != "canceled" || !m.state.Canceled[ssinA] || d["owner"].(map[string]any)["program"] != "WIJ" {
		t.Errorf("dossier %v", d)
	}
	for _, collection := range []string{"placements", "documents", "competences", "notes"} {
		if list := d[collection].([]any); len(list) != 1 {
			t.Errorf("%s: %v", collection, list)
		}
	}
	current := d["currentCategory"].(map[string]any)
	if current["code"] != "77" {
		t.Errorf("current %v", current)
	}
	// The contract that has begun gets no 78 any more, the one that begins later does.
	if len(state.PendingExits) != 1 || state.PendingExits[0].EmploymentID != otherID {
		t.Errorf("pending %+v", state.PendingExits)
	}
}

func TestDefaultClient(t *testing.T) {
	m, err := New(Options{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	c := m.scenario.clientByID("mlpsync-demo")
	if c == nil || c.APIKey != "demo-key" || !c.area("11002") {
		t.Errorf("%+v", c)
	}
}
