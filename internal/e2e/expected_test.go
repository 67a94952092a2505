package e2e_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// examples/expected.csv was worked out from the rules of the domain, by hand and not by the
// program. Here the program is held against it, for every client: examples/README.md
// says what each outcome means.

// expectation is a line of expected.csv.
type expectation struct{ client, code, from, setBy, rule, outcome string }

func readExpected(name string) ([][]string, error) {
	f, err := os.Open(filepath.Join("..", "..", "examples", name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = ';'
	lines, err := r.ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("read %s: %d lines, %w", name, len(lines), err)
	}
	return lines[1:], nil
}

func expectations() ([]expectation, error) {
	lines, err := readExpected("expected.csv")
	if err != nil {
		return nil, err
	}
	var all []expectation
	for _, l := range lines {
		all = append(all, expectation{l[0], l[1], l[2], l[3], l[4], l[5]})
	}
	return all, nil
}

// clientNumbers are the clients of expected.csv, in its order: all that the export
// names.
func clientNumbers() ([]string, error) {
	all, err := expectations()
	if err != nil {
		return nil, err
	}
	var numbers []string
	for _, e := range all {
		if len(numbers) == 0 || numbers[len(numbers)-1] != e.client {
			numbers = append(numbers, e.client)
		}
	}
	return numbers, nil
}

// persons reads the clients' social security numbers from the export's two client
// files.
func persons(t *testing.T) map[string]string {
	t.Helper()
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for file, column := range map[string]string{"clienten": "INSZ", "instroom": "Rijksregisternr"} {
		header, data := rows(files[file+tonight])
		at := slices.Index(strings.Split(strings.TrimSpace(fromWindows1252(header)), ";"), column)
		if at < 0 {
			t.Fatalf("%s has no column %s", file, column)
		}
		for _, row := range data {
			r := csv.NewReader(strings.NewReader(fromWindows1252(row)))
			r.Comma, r.LazyQuotes = ';', true
			cells, err := r.Read()
			if err != nil || len(cells) <= at {
				continue // a bad row, held for data
			}
			digits := strings.NewReplacer(".", "", "-", "").Replace(cells[at])
			out[cells[0]] = strings.Repeat("0", max(0, 11-len(digits))) + digits
		}
	}
	return out
}

// difference is a line of the table that a failing test prints.
type difference struct{ client, what, want, got string }

func table(all []difference) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "client\twhat\texpected\tfound")
	for _, d := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.client, d.what, d.want, d.got)
	}
	_ = w.Flush()
	return b.String()
}

// judge compares one client with its lines.
type judge struct {
	client      string
	lines       []expectation
	told        app.Explanation
	entries     []string // code, from and setBy of what MLP holds, each once
	differences []difference
	checked     map[string]int // by outcome: a test that checked nothing must not pass
}

func (j *judge) differ(what, want, got string) {
	j.differences = append(j.differences, difference{j.client, what, want, got})
}

func (j *judge) of(outcome string) []expectation {
	var out []expectation
	for _, l := range j.lines {
		if l.outcome == outcome {
			out = append(out, l)
			j.checked[outcome]++
		}
	}
	return out
}

func (j *judge) run() {
	j.holds()
	j.timeline()
	j.manual()
	j.findings()
	j.held()
	j.none()
	j.deadlines()
}

func entryText(code, from, setBy string) string {
	return strings.Join([]string{code, "from", from, "by", setBy}, " ")
}

// holds: MLP holds all of these, and nothing else.
func (j *judge) holds() {
	var want []string
	for _, l := range j.of("holds") {
		want = append(want, entryText(l.code, l.from, l.setBy))
	}
	slices.Sort(want)
	for _, w := range want {
		if !slices.Contains(j.entries, w) {
			j.differ("category in MLP", w, "not there")
		}
	}
	for _, e := range j.entries {
		if !slices.Contains(want, e) {
			j.differ("category in MLP", "not there", e)
		}
	}
}

// timeline: what the program decided names the same rule for what is held, and plans and
// watches what is to come; nothing of that is in MLP.
func (j *judge) timeline() {
	planned := map[string]bool{}
	for _, l := range slices.Concat(j.of("planned"), j.of("watched")) {
		text := entryText(l.code, l.from, l.setBy)
		planned[text] = true
		e, found := j.entry(l.code, l.from)
		switch {
		case !found:
			j.differ(l.outcome, text+" "+l.rule, "not in the timeline")
		case string(e.SetBy) != l.setBy || e.Rule != l.rule || l.outcome == "watched" && !e.Expected:
			j.differ(l.outcome, text+" "+l.rule, fmt.Sprintf("by %s, %s, expected of others: %t", e.SetBy, e.Rule, e.Expected))
		}
		if slices.Contains(j.entries, text) {
			j.differ(l.outcome, text+" not sent yet", "in MLP")
		}
	}
	for _, e := range j.told.Timeline {
		text := entryText(string(e.Code), string(e.From), string(e.SetBy))
		if string(e.From) > examples.Today() && !planned[text] {
			j.differ("planned", "nothing", text+" "+e.Rule)
		}
	}
	for _, l := range j.lines {
		if e, found := j.entry(l.code, l.from); l.outcome == "holds" && l.rule != "" && found {
			j.checked["holds with a rule"]++
			if e.Rule != l.rule || string(e.SetBy) != l.setBy {
				j.differ("rule", entryText(l.code, l.from, l.setBy)+" "+l.rule, fmt.Sprintf("by %s %s", e.SetBy, e.Rule))
			}
		}
	}
}

func (j *judge) entry(code, from string) (app.ExplainedEntry, bool) {
	for _, e := range j.told.Timeline {
		if string(e.Code) == code && string(e.From) == from {
			return e, true
		}
	}
	return app.ExplainedEntry{}, false
}

// manual: the rules that ask a person are these; an empty rule stands for one that the
// domain has no name for.
func (j *judge) manual() {
	var want, got []string
	unnamed := false
	for _, l := range j.of("manual") {
		unnamed = unnamed || l.rule == ""
		want = append(want, l.rule)
	}
	for _, m := range j.told.Manual {
		if !j.found(m.Rule) {
			got = append(got, m.Rule)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	want, got = slices.Compact(want), slices.Compact(got)
	if unnamed && len(want) == 1 && len(got) > 0 {
		return
	}
	if !slices.Equal(want, got) {
		j.differ("a person decides", strings.Join(want, " "), strings.Join(got, " "))
	}
}

// found: the domain wants the rule on the worklist, and doesn't say whether a person has to
// answer.
func (j *judge) found(rule string) bool {
	return slices.ContainsFunc(j.lines, func(l expectation) bool { return l.outcome == "finding" && (l.rule == "" || l.rule == rule) })
}

// findings: the worklist has the client for these rules, an empty one standing for any.
func (j *judge) findings() {
	var got []string
	for _, f := range j.told.Findings {
		got = append(got, f.Rule)
	}
	for _, m := range j.told.Manual {
		got = append(got, m.Rule)
	}
	for _, l := range j.of("finding") {
		if !slices.Contains(got, l.rule) && (l.rule != "" || len(got) == 0) {
			j.differ("finding", l.rule, strings.Join(got, " "))
		}
	}
}

func (j *judge) held() {
	want := len(j.of("held")) > 0
	if got := j.told.Outcome == ledger.OutcomeHeld; got != want {
		j.differ("held for data", fmt.Sprint(want), fmt.Sprintf("%t (outcome %s)", got, j.told.Outcome))
	}
	if want && len(j.told.Sent) > 0 {
		j.differ("held for data", "nothing sent", fmt.Sprintf("%d entries", len(j.told.Sent)))
	}
}

// none: the rule held, and registered nothing; CAT-01 keeps everything else back too.
func (j *judge) none() {
	for _, l := range j.of("none") {
		fired := slices.ContainsFunc(j.told.Fired, func(r app.ExplainedRule) bool { return r.Rule == l.rule })
		sent := 0
		for _, s := range j.told.Sent {
			if s.Rule == l.rule || l.rule == "CAT-01" {
				sent++
			}
		}
		if !fired || sent > 0 {
			j.differ("nothing registered", l.rule, fmt.Sprintf("rule fired: %t, %d entries sent", fired, sent))
		}
	}
}

func (j *judge) deadlines() {
	for _, l := range j.of("deadline") {
		found := slices.ContainsFunc(j.told.Deadlines, func(d app.ClientDeadline) bool { return d.Rule == l.rule && string(d.Due) == l.from })
		if !found {
			var got []string
			for _, d := range j.told.Deadlines {
				got = append(got, d.Rule+" "+string(d.Due))
			}
			j.differ("deadline", l.rule+" "+l.from, strings.Join(got, ", "))
		}
	}
}

// entriesOf are a dossier's categories, each (code, from) once: a category that is
// asserted again from the same day adds no line.
func entriesOf(dossier map[string]any) []string {
	var out []string
	for _, c := range items(dossier, "categories") {
		out = append(out, entryText(dig(c, "code"), dig(c, "validFrom"), dig(c, "setBy")))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ours are the dossiers in the sample's area, by social security number: by the first one
// where it was replaced, which is the one that the export has.
func ours(s mockmlp.State) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, d := range s.Dossiers {
		if dig(d, "nisCode") != examples.NIS {
			continue
		}
		ssin := dig(d, "ssin")
		if history := items(d, "ssinHistory"); len(history) > 0 {
			ssin, _ = history[0].(string)
		}
		out[ssin] = d
	}
	return out
}

func TestExpected(t *testing.T) {
	r := theReference(t)
	all, err := expectations()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]expectation{}
	for _, e := range all {
		lines[e.client] = append(lines[e.client], e)
	}
	numbers, dossiers, checked := persons(t), ours(r.after), map[string]int{}
	var differences []difference
	clients, _ := clientNumbers()
	for _, c := range clients {
		j := judge{client: c, lines: lines[c], told: r.told[c], entries: entriesOf(dossiers[numbers[c]]), checked: checked}
		j.run()
		differences = append(differences, j.differences...)
		delete(dossiers, numbers[c])
	}
	for _, d := range dossiers {
		differences = append(differences, difference{"nobody's", "dossier in MLP", "not there", strings.Join(entriesOf(d), ", ")})
	}
	if len(differences) > 0 {
		t.Errorf("%d differences with expected.csv:\n%s", len(differences), table(differences))
	}
	counts := map[string]int{"holds": 602, "manual": 41, "planned": 14, "watched": 2, "held": 17, "none": 58, "deadline": 29, "finding": 8}
	for outcome, n := range counts {
		if checked[outcome] != n {
			t.Errorf("%d lines of outcome %s were compared, want %d: when expected.csv changed, change this too", checked[outcome], outcome, n)
		}
	}
	if checked["holds with a rule"] < 200 {
		t.Errorf("only %d rules of held categories were compared", checked["holds with a rule"])
	}
}

// expected-handovers.csv says which requests are sent, and which rule stops the others.
func TestExpectedHandovers(t *testing.T) {
	r := theReference(t)
	lines, err := readExpected("expected-handovers.csv")
	if err != nil {
		t.Fatal(err)
	}
	numbers, before, after := persons(t), ours(r.before), ours(r.after)
	want, sent := map[string]bool{}, 0
	var differences []difference
	differ := func(client, want, got string) {
		differences = append(differences, difference{client, "handover", want, got})
	}
	for _, l := range lines {
		client, kind, date, rule := l[0], l[1], l[2], l[3]
		key := client + " " + kind + " " + date
		if l[4] == "sent" {
			want[key] = true
			sent++
			continue
		}
		asked := slices.ContainsFunc(r.told[client].Manual, func(m app.ExplainedQuestion) bool { return m.Rule == rule })
		if !asked {
			differ(client, kind+" stopped by "+rule, fmt.Sprintf("%d manual decisions, none of that rule", len(r.told[client].Manual)))
		}
	}
	for client, ssin := range numbers {
		for _, h := range added(before[ssin], after[ssin], "handovers") {
			key := client + " " + dig(h, "kind") + " " + dig(h, "choiceDate")
			if !want[key] {
				differ(client, "not sent, or once", key)
			}
			delete(want, key)
		}
	}
	for key := range want {
		differ(strings.Fields(key)[0], key, "not in MLP")
	}
	if len(differences) > 0 {
		t.Errorf("differences with expected-handovers.csv:\n%s", table(differences))
	}
	if sent != 9 || len(lines) != 15 {
		t.Errorf("%d lines, %d of them sent, want 15 and 9", len(lines), sent)
	}
}

// expected-registrations.csv says which placements, documents, competences and notes MLP
// gets, and which it doesn't.
func TestExpectedRegistrations(t *testing.T) {
	r := theReference(t)
	lines, err := readExpected("expected-registrations.csv")
	if err != nil {
		t.Fatal(err)
	}
	numbers, before, after := persons(t), ours(r.before), ours(r.after)
	var differences []difference
	got := map[string]int{}
	for client, ssin := range numbers {
		for _, text := range registered(before[ssin], after[ssin]) {
			got[client+" "+text]++
		}
	}
	sent := 0
	for _, l := range lines {
		key := strings.TrimSpace(strings.Join([]string{l[0], l[1], l[2], l[3]}, " "))
		if l[3] == "" { // the domain leaves the day open
			for full := range got {
				if strings.HasPrefix(full, key+" ") {
					key = full
				}
			}
		}
		if (got[key] == 1) != (l[5] == "sent") {
			differences = append(differences, difference{l[0], strings.Join(l[1:4], " ") + " by " + l[4], l[5], fmt.Sprintf("%d in MLP", got[key])})
		}
		if delete(got, key); l[5] == "sent" {
			sent++
		}
	}
	for key := range got {
		differences = append(differences, difference{strings.Fields(key)[0], "registration", "not there", key})
	}
	if len(differences) > 0 {
		t.Errorf("%d differences with expected-registrations.csv:\n%s", len(differences), table(differences))
	}
	if len(lines) != 27 || sent != 22 {
		t.Errorf("%d lines, %d of them sent, want 27 and 22", len(lines), sent)
	}
}

// registered lists what a dossier got of these kinds: what it is, and its day.
func registered(before, after map[string]any) []string {
	var out []string
	for _, kind := range []struct{ name, list, what, on string }{
		{"placement", "placements", "kind", "startDate"}, {"document", "documents", "kind", "date"},
		{"competence", "competences", "description", "assessedOn"}, {"note", "notes", "kind", "date"},
	} {
		for _, x := range added(before, after, kind.list) {
			what := dig(x, kind.what)
			if m, _ := x.(map[string]any); m["communityService"] == true {
				what += " gemeenschapsdienst"
			}
			out = append(out, strings.Join([]string{kind.name, what, dig(x, kind.on)}, " "))
		}
	}
	return out
}

// added are the items of a list that were not there before.
func added(before, after map[string]any, list string) []any {
	known := map[string]bool{}
	for _, x := range items(before, list) {
		known[canonical(mockmlp.Comparable(x))] = true
	}
	var out []any
	for _, x := range items(after, list) {
		if !known[canonical(mockmlp.Comparable(x))] {
			out = append(out, x)
		}
	}
	return out
}

// Each of the five categories comes out of the sample at somebody's dossier because of
// this run: nobody can pass by finding all in place.
func TestEachCategoryIsMade(t *testing.T) {
	r := theReference(t)
	made := map[string]map[string]int{}
	for _, e := range r.effects {
		if e.Kind == "category" {
			if made[e.Actor] == nil {
				made[e.Actor] = map[string]int{}
			}
			made[e.Actor][e.Code]++
		}
	}
	for _, code := range []casefile.Code{"05", "00", "78", "90", "93"} {
		if made["client"][string(code)] == 0 {
			t.Errorf("no category %s was sent", code)
		}
	}
	if made["vdab"]["78"] == 0 || len(made["vdab"]) != 1 {
		t.Errorf("VDAB set %v, want 78 alone", made["vdab"])
	}
}
