package mockmlp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func scripted(t *testing.T, script string) *harness {
	t.Helper()
	return start(t, Options{Frozen: true, Scenario: scenarioOf(t, scenarioText+"script:\n"+script)})
}

func (h *harness) advance(d time.Duration) {
	h.t.Helper()
	if err := h.mock.Advance(d); err != nil {
		h.t.Fatal(err)
	}
	h.token = h.login("gent", "")
}

// steps are what has become of the script.
func (h *harness) steps() []string {
	var out []string
	for _, s := range h.mock.Steps() {
		out = append(out, s.ID+" "+s.Name+" "+s.State)
	}
	return out
}

func (h *harness) wantSteps(want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.steps()); diff != "" {
		h.t.Fatalf("steps: %s %+v", diff, h.mock.Steps())
	}
}

// Happenings come at their own instants, in their order, however far the clock jumps.
func TestScriptByTheClock(t *testing.T) {
	h := scripted(t, `
  - {after: 48h, name: owner-changes, ssin: "67722499797"}
  - {at: 2026-01-16T08:00:00+01:00, name: categorySet, ssin: "67722499797", with: {code: "06", from: "2026-01-16", by: vdab}}
  - {after: 1h, name: colleague-edits, ssin: "01690129514", with: {patch: {contactLanguage: de}}}
  - {after: 30m, name: colleague-edits, ssin: "83660634135"}
`)
	h.wantSteps("s1 ownerChanged waiting", "s2 categorySet waiting", "s3 dossierEdited waiting", "s4 dossierEdited waiting")
	h.wantEffects()
	h.advance(20 * day)
	h.wantSteps("s1 ownerChanged done", "s2 categorySet done", "s3 dossierEdited done", "s4 dossierEdited failed")
	h.wantEffects("colleague update dossier", "vdab create category 06", "partner update dossier")
	var at []string
	for _, e := range h.mock.Effects() {
		at = append(at, e.At.Format(time.RFC3339))
	}
	if diff := cmp.Diff([]string{"2026-01-15T08:00:00Z", "2026-01-16T07:00:00Z", "2026-01-17T07:00:00Z"}, at); diff != "" {
		t.Error(diff)
	}
	d := h.do("GET", h.seeded(ssinA), "")
	if owner := d.body["owner"].(map[string]any); owner["since"] != "2026-01-17" || d.text("contactLanguage") != "de" {
		t.Errorf("%v", d.body)
	}
	if s := h.mock.Steps()[3]; !strings.Contains(s.Reason, "no dossier") {
		t.Errorf("why it failed: %+v", s)
	}
}

// After the nth change of an operation: of the person, or of anybody.
func TestScriptAfterEffects(t *testing.T) {
	h := scripted(t, `
  - {afterEffect: {operationId: putHandover}, name: handover-received, ssin: "00683042157"}
  - {afterEffect: {operationId: createDossier, nth: 2, delay: 24h}, name: colleague-edits}
  - {afterEffect: {operationId: putHandover, delay: 1h}, name: handover-rejected, ssin: "00683042157", with: {reason: clientDeclined, interval: 24h}}
`)
	d := h.handed(ssinD)
	if got := h.handover(d)["status"]; got != "received" {
		t.Errorf("at once: %v", got)
	}
	h.handed(ssinB)
	h.wantSteps("s1 handoverAnswered done", "s2 dossierEdited waiting", "s3 handoverAnswered waiting", "s4 handoverAnswered waiting")
	if s := h.mock.Steps()[1]; s.Seen != 2 || s.Due == nil || s.Person == "" {
		t.Errorf("whose change it was: %+v", s)
	}
	h.advance(2 * day)
	h.wantSteps("s1 handoverAnswered done", "s2 dossierEdited done", "s3 handoverAnswered done", "s4 handoverAnswered done")
	got := h.handover(d)
	if got["status"] != "rejected" || got["statusReason"] != "clientDeclined" || got["statusSince"] != "2026-01-16" {
		t.Errorf("%v", got)
	}
	if r := h.do("GET", h.seeded(ssinB), ""); r.text("contactLanguage") != "fr" {
		t.Errorf("the second dossier: %v", r.body)
	}
}

func TestScriptIsStrict(t *testing.T) {
	for _, c := range []struct{ step, want string }{
		{`{after: 1h, name: earthquake, ssin: "67722499797"}`, "line 22: script[0]: name: one of 78-before"},
		{`{after: soon, name: owner-changes, ssin: "67722499797"}`, "line 22: script[0]: after"},
		{`{at: noon, name: owner-changes, ssin: "67722499797"}`, "line 22: script[0]: at"},
		{`{at: 2026-02-01T08:00:00Z, after: 1h, name: owner-changes, ssin: "67722499797"}`, "one of them"},
		{`{after: 1h, name: owner-changes}`, "name the person"},
		{`{after: 1h, name: owner-changes, ssin: "67722499798"}`, "ssin is not valid"},
		{`{after: 1h, name: owner-changes, ssin: "67722499797", with: {colour: red}}`, "colour"},
		{`{after: 1h, name: ownerChanged, ssin: "67722499797", with: {colour: red}}`, "colour"},
		{`{after: 1h, name: handover-rejected, ssin: "67722499797", with: {interval: weekly}}`, "interval"},
		{`{afterEffect: {operationId: getDossier}, name: owner-changes}`, "afterEffect.operationId"},
		{`{afterEffect: {operationId: putWeo, nth: -1}, name: owner-changes}`, "afterEffect.nth"},
		{`{afterEffect: {operationId: putWeo, delay: x}, name: owner-changes}`, "afterEffect.delay"},
		{`{afterEffect: {operation: putWeo}, name: owner-changes}`, "line 22"},
		{`{when: 1h, name: owner-changes}`, "line 22"},
	} {
		s, err := ParseScenario([]byte(scenarioText + "script:\n  - " + c.step + "\n"))
		if err == nil {
			_, err = New(Options{Scenario: s, Logger: zerolog.Nop()})
			if !errors.Is(err, ErrScenario) {
				t.Errorf("%s: %v is no error of the scenario", c.step, err)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "6772249979") {
			t.Errorf("%s: %v", c.step, err)
		}
	}
}

// The scenarios that a client has to live with, by name, through the control API.
func TestReadyMadeScenarios(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.handed(ssinD)
	for _, c := range []struct{ body, status string }{
		{`{"name":"handover-received","ssin":"` + ssinD + `"}`, "received"},
		{`{"name":"handover-questioned","ssin":"` + ssinD + `"}`, "needsInformation"},
		{`{"name":"handover-assigned","ssin":"` + ssinD + `","assignedTo":"Groep Zonnedorp"}`, "assigned"},
		{`{"name":"handover-rejected","ssin":"` + ssinD + `"}`, "rejected"},
	} {
		status, out, text := h.control("scenarios", c.body)
		if got := h.handover(d); status != 201 || out["steps"] == nil || got["status"] != c.status {
			t.Errorf("%s: %d %s, %v", c.body, status, text, got)
		}
	}
	for _, name := range []string{"colleague-edits", "insz-replaced", "owner-changes"} {
		if status, _, text := h.control("scenarios", `{"name":"`+name+`","ssin":"`+ssinD+`"}`); status != 201 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	r := h.do("GET", d, "")
	if r.text("contactLanguage") != "fr" || r.text("ssin") == ssinD || !validSSIN(r.text("ssin")) || r.body["owner"].(map[string]any)["kind"] != "partner" {
		t.Errorf("%v", r.body)
	}
	for body, want := range map[string]int{
		`{"name":"owner-changes","ssin":"` + ssinC + `"}`:                                      404,
		`{"name":"handover-received","ssin":"` + ssinA + `"}`:                                  400,
		`{"name":"owner-changes"}`:                                                             400,
		`{"name":"owner-changes","ssin":"` + ssinA + `","dossierId":"x"}`:                      400,
		`{"name":"owner-changes","ssin":"` + ssinA + `","after":"soon"}`:                       400,
		`{"name":"owner-changes","ssin":"` + ssinA + `","afterEffect":{"operation":"putWeo"}}`: 400,
		`{"name":"owner-changes","ssin":"` + ssinA + `","after":"24h"}`:                        201,
		`{"name":"ownerChanged","ssin":"` + ssinA + `","after":"24h","owner":{"kind":"vdab"}}`: 201,
		`{"name":"exitRule","ssin":"` + ssinA + `","mode":"sometimes"}`:                        400,
		`{"name":"colleague-edits","afterEffect":{"operationId":"putWeo"}}`:                    201,
	} {
		if status, out, text := h.control("scenarios", body); status != want || (status >= 400 && strings.Contains(text, ssinA)) {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
	_, out, _ := h.control("scenarios", "")
	if len(out["items"].([]any)) != len(Scenarios()) || len(out["steps"].([]any)) != len(h.mock.Steps()) {
		t.Errorf("%v", out)
	}
}

// When 78 comes can be told while the mock runs, also for a contract that has its 78 still to come.
func TestExitScenarios(t *testing.T) {
	for _, c := range []struct{ name, afterEmployment, afterCategory, later string }{
		{"78-before", "78 2026-01-12 vdab", "90 2026-01-12 ocmw", "90 2026-01-12 ocmw"},
		{"78-at", "", "90 2026-01-12 ocmw", "90 2026-01-12 ocmw"},
		{"78-after", "", "90 2026-01-12 ocmw", "78 2026-01-12 vdab"},
	} {
		for _, told := range []string{"before the contract", "after it"} {
			h := start(t, Options{Frozen: true})
			tell := func() {
				if status, _, text := h.control("scenarios", `{"name":"`+c.name+`","ssin":"`+ssinB+`"}`); status != 201 {
					t.Fatalf("%s: %d %s", c.name, status, text)
				}
			}
			if told != "after it" {
				tell()
			}
			d := h.track(ssinB)
			h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
			if told == "after it" {
				tell()
			}
			h.wantHeld(d, c.afterEmployment)
			for version := 3; version < 5; version++ {
				if h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(version)).status == 201 {
					break
				}
			}
			h.wantHeld(d, c.afterCategory)
			h.advance(day)
			h.wantHeld(d, c.later)
		}
	}
}

// What is planned survives a restart, and is done once.
func TestScriptSurvivesRestart(t *testing.T) {
	opts := Options{Frozen: true, StateDir: t.TempDir(), Scenario: scenarioOf(t, scenarioText+`script:
  - {after: 1h, name: owner-changes, ssin: "67722499797"}
  - {after: 48h, name: colleague-edits, ssin: "67722499797"}
  - {afterEffect: {operationId: putHandover, nth: 2}, name: handover-received}
`)}
	h := start(t, opts)
	h.handed(ssinD)
	h.advance(2 * time.Hour)
	if status, _, text := h.control("scenarios", `{"name":"78-after","ssin":"`+ssinB+`","delay":"2h"}`); status != 201 {
		t.Fatal(text)
	}
	before, effects := h.mock.Steps(), h.mock.Effects()
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}
	h = start(t, opts)
	if diff := cmp.Diff(before, h.mock.Steps()); diff != "" {
		t.Errorf("steps: %s", diff)
	}
	if diff := cmp.Diff(effects, h.mock.Effects()); diff != "" {
		t.Errorf("effects: %s", diff)
	}
	h.handed(ssinB)
	h.advance(3 * day)
	h.wantSteps("s1 ownerChanged done", "s2 dossierEdited done", "s3 handoverAnswered done", "s4 exitRule done")
	if rule := h.mock.exitRule(h.mock.state.Dossiers[h.mock.known(ssinB)]); rule.Mode != ExitAfter || time.Duration(rule.Delay) != 2*time.Hour {
		t.Errorf("%+v", rule)
	}
	if err := h.mock.Reset(); err != nil {
		t.Fatal(err)
	}
	h.wantSteps("s1 ownerChanged waiting", "s2 dossierEdited waiting", "s3 handoverAnswered waiting")
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}
}

// A crash between the new snapshot and the emptying of the log leaves lines that are older than the snapshot: what was done stays done.
func TestOldLogLeavesStepsAlone(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Frozen: true, StateDir: dir, Scenario: scenarioOf(t, scenarioText)}
	h := start(t, opts)
	for _, body := range []string{
		`{"name":"colleague-edits","ssin":"` + ssinA + `","after":"1h"}`,
		`{"name":"78-after","ssin":"` + ssinA + `"}`,
		`{"name":"78-at","ssin":"` + ssinA + `"}`,
	} {
		if status, _, text := h.control("scenarios", body); status != 201 {
			t.Fatal(text)
		}
	}
	h.advance(2 * time.Hour)
	want, rule := h.mock.Steps(), h.mock.state.ExitRules
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(dir, logName))
	if err != nil {
		t.Fatal(err)
	}
	if err := start(t, opts).mock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, logName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	h = start(t, opts)
	if diff := cmp.Diff(want, h.mock.Steps()) + cmp.Diff(rule, h.mock.state.ExitRules); diff != "" {
		t.Error(diff)
	}
	if n := len(h.mock.Effects()); n != 1 {
		t.Errorf("%d effects", n)
	}
	if err := h.mock.Close(); err != nil {
		t.Fatal(err)
	}
}
