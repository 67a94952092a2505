package policy_test

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

const start = "Waarover het gaat.\n-- klant --\n"

// ready is a client who is 05 already.
const ready = "client: {readiness: ready, readySince: 2026-01-05, registeredBy: ocmw, unemploymentBenefit: none, leefloon: full}\n" +
	"dossier: {categories: [{code: \"05\", from: 2026-01-05, setBy: ocmw}]}\n"

func parseAndPlay(text string) (policy.Outcome, error) {
	c, err := policy.Parse("geval.txtar", []byte(text))
	if err != nil {
		return policy.Outcome{}, err
	}
	return c.Play(mapping.New())
}

func TestNothingIsPassedOver(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"no case", "client: {}\n", `geval.txtar:1: there is no line "-- klant --"`},
		{"unknown key", start + "cliet: {}\n", `geval.txtar:3: cliet: unknown key (did you mean "client"?)`},
		{"unknown field of the client", start + "client: {readines: ready}\n", `geval.txtar:3: client.readines: unknown field (did you mean "readiness"?)`},
		{"unknown value", start + "client:\n  readiness: redy\n", `geval.txtar:4: client.readiness: expected one of ready, notReady (did you mean "ready"?)`},
		{"no date", start + "client: {readySince: 5/1/2026}\n", "geval.txtar:3: client.readySince: expected a day such as 2026-03-16"},
		{"a day that isn't there", start + "client: {readySince: 2026-02-30}\n", "client.readySince: expected a day"},
		{"a category without its zero", start + "dossier: {categories: [{code: 5, from: 2026-01-05, setBy: ocmw}]}\n", "geval.txtar:3: dossier.categories[0].code: expected a category of two digits, in quotes"},
		{"the same in the export", start + "client: {decidedCategory: 5}\n", "client.decidedCategory: expected a category of two digits"},
		{"no answer", start + "handovers:\n  - {selfInsight: misschien}\n", "geval.txtar:4: handovers[0].selfInsight: expected true or false"},
		{"a real number", start + "client: {insz: \"85073003328\"}\n", "client.insz: expected the number of a test person (TST), in quotes"},
		{"field of a registration", start + "dossier: {weos: [{begin: 2026-01-05}]}\n", "geval.txtar:3: dossier.weos[0].begin: unknown field"},
		{"an id of mlpsync's own", start + "dossier: {weos: [{start: 2026-01-05}], documents: [{weoID: x}]}\n", "dossier.documents[0].weoID: unknown field"},
		{"file problem", start + "files: {a.pdf: {problem: gone}}\n", "files.a.pdf.problem: expected one of missing, tooLarge"},
		{"trace", start + "trace: ful\n", `geval.txtar:3: trace: expected one of full (did you mean "full"?)`},
		{"nothing is decided", start + ready, "no event is a day or a look: nothing is decided"},
		{"an empty record", start + ready + "tracks:\n  -\nevents: [{look: 2026-03-16}]\n", "geval.txtar:6: tracks[0]: nothing stands here"},
		{"an empty registration", start + "dossier: {weos: [null]}\nevents: [{look: 2026-03-16}]\n", "geval.txtar:3: dossier.weos[0]: nothing stands here"},
		{"two documents", start + ready + "---\nclient: {}\n", "geval.txtar:6: a second document begins here"},
		{"two things at once", start + ready + "events: [{day: 2026-03-16, look: 2026-03-17}]\n", "geval.txtar:5: events[0]: an event is exactly one of"},
		{"unknown event", start + ready + "events: [{dag: 2026-03-16}]\n", `geval.txtar:5: events[0].dag: unknown key (did you mean "day"?)`},
		{"field of an event", start + ready + "events:\n  - {look: 2026-03-16}\n  - export: {leeflon: none}\n",
			`geval.txtar:7: events[1].export.leeflon: unknown field (did you mean "leefloon"?)`},
		{"no dossier", start + "client: {readiness: ready}\nevents: [{owner: {kind: partner}}]\n", "geval.txtar:4: events[0]: MLP holds no dossier at that moment"},
		{"no such registration", start + ready + "events: [{edit: {kind: weo, start: 2026-01-05}}]\n", "events[0].edit: MLP holds no weo from 2026-01-05 at that moment"},
		{"no such kind", start + ready + "events: [{edit: {kind: wio, start: 2026-01-05}}]\n", `events[0].edit.kind: expected one of dossier, profile, category, weo`},
		{"no request", start + ready + "events: [{handover: {status: accepted}}]\n", "events[0].handover: MLP holds no such handover request"},
		{"status", start + ready + "events: [{handover: {status: acepted}}]\n", `events[0].handover.status: expected one of draft`},
		{"a question that nobody asked", start + ready + "events: [{look: 2026-03-16}, {answer: {rule: CAT-10, category: \"05\", reason: nagekeken}}]\n",
			"events[1].answer: on 2026-03-16 rule CAT-10 asks nothing that takes this answer"},
		{"an answer of both kinds", start + ready + "events: [{answer: {rule: CAT-10, category: \"05\", accept: true, on: 2026-03-16}}]\n",
			"events[0].answer: an answer has a day, and one of a category, accept: true or adopt: true"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseAndPlay(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWindowsTextIsTheSameCase(t *testing.T) {
	text := start + ready + "events: [{look: 2026-03-16}]\n-- uitkomst --\n== 16/03/2026\n"
	c, err := policy.Parse("geval.txtar", []byte("\ufeff"+strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if c.About != "Waarover het gaat." || c.Want != "== 16/03/2026\n" || !c.HasWant {
		t.Errorf("about %q, want %q", c.About, c.Want)
	}
	if got := string(c.With("== 17/03/2026\n")); got != strings.Replace(text, "16/03/2026\n", "17/03/2026\n", 1) {
		t.Errorf("written back: %q", got)
	}
}

// What other people do in MLP is in the next decision.
func TestEventsReachTheDecision(t *testing.T) {
	const glow = "handovers: [{kind: GLOW, choiceDate: 2026-03-10, motivation: begeleiding, grounds: \"2\", realisticOrientation: true, " +
		"selfInsight: true, needsWorkExperience: true, jobTarget: kok, informedOn: 2026-03-10, contactLanguage: nl, " +
		"exclNonLabourProblems: false, exclSocialEconomyHighest: false, exclNeedsTraining: false, exclNeedsLanguageTraining: false, " +
		"exclOtherTrack: false, exclHealthInsuranceAppeal: false}]\n"
	cases := []struct{ name, text, want string }{
		{"partner", ready + "events: [{day: 2026-03-16}, {owner: {kind: partner, name: Partner X}}, {add: {tracks: [{trackNumber: T1, kind: TWE, choiceDate: 2026-03-16, weoStart: 2026-03-16}]}}, {look: 2026-03-17}]\n",
			"TWE-17"},
		{"a colleague's change of the dossier", ready + "events: [{day: 2026-03-16}, {edit: {kind: dossier, lastName: Anders, firstName: Bert, birthDate: 1980-01-01}}, {export: {birthDate: 1967-12-24}}, {look: 2026-03-17}]\n",
			"DATA-03"},
		{"VDAB asks for more", ready + glow + "events: [{day: 2026-03-16}, {handover: {status: needsInformation, since: 2026-03-17}}, {look: 2026-03-17}]\n", "VDAB vroeg op 17/03/2026 meer informatie"},
		{"two clients, one number", ready + "sharedInsz: true\nevents: [{look: 2026-03-17}]\n", "DATA-03"},
		{"the contract comes later", ready + "events: [{day: 2026-03-16}, {add: {contracts: [{contractNumber: C1, kind: art60, start: 2026-03-16, regime: fullTime}]}}, {look: 2026-03-17}]\n", "CAT-03"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseAndPlay(start + c.text)
			if err != nil {
				t.Fatal(err)
			}
			if _, last, _ := strings.Cut(got.Text, "== 17/03/2026"); !strings.Contains(last, c.want) {
				t.Errorf("%s is not in\n%s", c.want, got.Text)
			}
		})
	}
}

// What YAML takes for a number is still a code, and a list may be written as one.
func TestNumbersAndLists(t *testing.T) {
	const rest = "handovers: [{kind: GLOW, choiceDate: 2026-03-10, motivation: x, grounds: %s, realisticOrientation: true, selfInsight: true, needsWorkExperience: true, " +
		"jobTarget: kok, informedOn: 2026-03-10, contactLanguage: nl}]\narea: [99991, 99992]\nevents: [{look: 2026-03-16}]\n"
	var outcomes []string
	for _, grounds := range []string{`"2 4"`, "[2, 4]", `["2", "4"]`} {
		got, err := parseAndPlay(start + strings.Replace(ready, "client: {", "client: {nisCode: 99991, postalCode: 9000, ", 1) + strings.Replace(rest, "%s", grounds, 1))
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, got.Text)
	}
	if outcomes[0] != outcomes[1] || outcomes[1] != outcomes[2] || strings.Contains(outcomes[0], "GLOW-02: Een grond") {
		t.Errorf("outcomes differ:\n%s", strings.Join(outcomes, "\n"))
	}
}

func TestFullTraceSaysWhatDidNotFire(t *testing.T) {
	got, err := parseAndPlay(start + ready + "trace: full\nevents: [{look: 2026-03-16}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Text, "\nregels: ") || !strings.Contains(got.Text, "\nniet: ") {
		t.Errorf("no trace:\n%s", got.Text)
	}
}

func TestLastLineNeedNotEnd(t *testing.T) {
	for _, text := range []string{start + ready + "events: [{look: 2026-03-16}]", start + ready + "events: [{look: 2026-03-16}]\n-- uitkomst --"} {
		c, err := policy.Parse("geval.txtar", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(c.With("x\n")), start+ready+"events: [{look: 2026-03-16}]\n-- uitkomst --\nx\n"; got != want {
			t.Errorf("written back: %q", got)
		}
	}
}

func TestCompareShowsOnlyWhatDiffers(t *testing.T) {
	var lines []string
	for _, name := range strings.Split("abcdefghijklmnop", "") {
		lines = append(lines, "regel "+name)
	}
	want := strings.Join(lines, "\n") + "\n"
	got := strings.Replace(want, "regel c", "regel C", 1)
	shown := policy.Compare(want, got)
	if !strings.Contains(shown, "-regel c\n+regel C\n") || strings.Contains(shown, "regel p") || strings.Contains(shown, "@@") {
		t.Errorf("shown:\n%s", shown)
	}
	if policy.Compare(want, want) != "" {
		t.Error("equal outcomes differ")
	}
}
