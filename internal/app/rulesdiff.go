package app

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/mapping"
)

// RulesDiff is who would be decided otherwise by the rules of another day.
type RulesDiff struct {
	Day     casefile.Date    `json:"day"`  // on which both decide
	AsOf    [2]casefile.Date `json:"asOf"` // whose rules they decide by
	Changed []RuleChange     `json:"changed"`
	Clients []ClientDiff     `json:"clients"`
	Counts  DiffCounts       `json:"counts"`
}

// RuleChange is a limit or a playbook that is another one on the second day; empty is none.
type RuleChange struct {
	Name   string `json:"name"`
	First  string `json:"first"`
	Second string `json:"second"`
}

// DiffCounts are the clients of the export in force, each counted once.
type DiffCounts struct {
	LookedAt    int `json:"lookedAt"`
	Differ      int `json:"differ"`
	Equal       int `json:"equal"`
	ContentOnly int `json:"contentOnly"` // of those that differ: the same outcome with another content
	Held        int `json:"held"`        // for data, or by a person: nothing is decided of them
	NotLookedUp int `json:"notLookedUp"` // MLP was not asked yet what it holds of them
}

// Holds tells whether the counts add up.
func (c DiffCounts) Holds() bool { return c.LookedAt == c.Differ+c.Equal+c.Held+c.NotLookedUp }

// ClientDiff is what would be otherwise for one client: what only the rules of the first
// day give, and what only those of the second.
type ClientDiff struct {
	OCMW       string     `json:"ocmw"`
	Client     string     `json:"client"`
	Caseworker string     `json:"caseworker"`
	First      []DiffLine `json:"first"`
	Second     []DiffLine `json:"second"`
	// ContentOnly tells that the same things are registered and asked of the client, and only what is
	// in a registration differs.
	ContentOnly bool `json:"contentOnly,omitempty"`
}

// DiffLine is one thing that a decision has.
type DiffLine struct {
	What   string `json:"what"` // category, registration, manual, finding, deadline
	Rule   string `json:"rule"`
	Source string `json:"source"`
	Text   string `json:"text"` // Dutch; no names, numbers or free text of the person

	// thing is what a line is about, whatever its content; empty where a line is nothing but its text.
	thing string
	// same tells lines apart that read alike: a registration's content.
	same any
}

// RulesDiff decides every client of the ledger twice on the present day, on the same facts:
// by the rules of the first day and by those of the second. Nothing is written or sent.
func (a *App) RulesDiff(ctx context.Context, first, second casefile.Date) (RulesDiff, error) {
	out := RulesDiff{Day: a.today(), AsOf: [2]casefile.Date{first, second}, Clients: []ClientDiff{}}
	var judges [2]*judge
	for i, day := range out.AsOf {
		j, err := a.judge(day)
		if err != nil {
			return out, err
		}
		judges[i] = j
	}
	out.Changed = changed(a.rules.Dated(first), a.rules.Dated(second))
	for i, o := range judges[0].cycle.OCMWs {
		err := a.store.Clients(ctx, o.KBO, func(view ledger.ClientView) error {
			return out.add(ctx, view, judges, i)
		})
		if err != nil {
			return out, fmt.Errorf("decide the clients of OCMW %s: %w", o.KBO, err)
		}
	}
	return out, nil
}

func changed(first, second map[string]string) []RuleChange {
	out := []RuleChange{}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		if first[name] != second[name] {
			out = append(out, RuleChange{name, first[name], second[name]})
		}
	}
	return out
}

// judge decides as the cycle does, by the rules of one day.
type judge struct {
	cycle *cycle.Cycle
	rules *mapping.Rules
}

func (a *App) judge(asOf casefile.Date) (*judge, error) {
	parts, err := a.cycleOptions(a.store)
	if err != nil {
		return nil, err
	}
	parts.Rules = a.rules.AsOf(asOf)
	return &judge{cycle: cycle.New(parts), rules: parts.Rules}, nil
}

func (d *RulesDiff) add(ctx context.Context, view ledger.ClientView, judges [2]*judge, ocmw int) error {
	d.Counts.LookedAt++
	var lines [2][]DiffLine
	for i, j := range judges {
		outcome, err := j.cycle.Decide(ctx, j.cycle.OCMWs[ocmw], view.Subject, d.Day, "")
		if err != nil {
			return err
		}
		switch {
		case outcome.Kind == ledger.OutcomeHeld:
			d.Counts.Held++
			return nil
		case !view.Known.LookedUp && len(outcome.Decision.Manual) == 0:
			d.Counts.NotLookedUp++
			return nil
		}
		lines[i] = j.lines(outcome.Decision)
	}
	first, second := without(lines[0], lines[1]), without(lines[1], lines[0])
	sayContent(first, second)
	if len(first)+len(second) == 0 {
		d.Counts.Equal++
		return nil
	}
	d.Counts.Differ++
	alike := sameThings(first, second)
	if alike {
		d.Counts.ContentOnly++
	}
	d.Clients = append(d.Clients, ClientDiff{OCMW: view.OCMW, Client: view.Client, Caseworker: view.Caseworker,
		First: first, Second: second, ContentOnly: alike})
	return nil
}

// sameThings tells whether the two sides differ only in the content of registrations.
func sameThings(first, second []DiffLine) bool {
	about := func(lines []DiffLine) []string {
		var things []string
		for _, l := range lines {
			things = append(things, l.thing)
		}
		slices.Sort(things)
		return things
	}
	things := about(first)
	return !slices.Contains(things, "") && slices.Equal(things, about(second))
}

// without are the lines that the others lack, each as often as it is lacking.
func without(lines, others []DiffLine) []DiffLine {
	out := []DiffLine{}
	left := slices.Clone(others)
	for _, line := range lines {
		i := slices.IndexFunc(left, line.equal)
		if i < 0 {
			out = append(out, line)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// sayContent tells apart, for the reader, lines that read alike and are not the same.
func sayContent(first, second []DiffLine) {
	for i := range first {
		for j := range second {
			if first[i].What == second[j].What && first[i].Text == second[j].Text {
				first[i].Text += " (andere inhoud of stand)"
				second[j].Text = first[i].Text
			}
		}
	}
}

// equal leaves the source out: the same outcome from another document is the same outcome.
func (l DiffLine) equal(other DiffLine) bool {
	return l.What == other.What && l.Rule == other.Rule && l.Text == other.Text && reflect.DeepEqual(l.same, other.same)
}

// lines is what a decision has, one thing a line; its trace and version are not compared.
func (j *judge) lines(d casefile.Decision) []DiffLine {
	var out []DiffLine
	add := func(what, rule, text string, same any) {
		out = append(out, DiffLine{What: what, Rule: rule, Source: j.rules.SourceOf(rule), Text: text, same: same})
	}
	for _, e := range d.Timeline {
		text := fmt.Sprintf("categorie %s vanaf %s", e.Code, e.From.Dutch())
		if e.Expected {
			text += " (wordt verwacht, niet verstuurd)"
		}
		add("category", e.Rule, text, e.SetBy)
	}
	for _, r := range d.Registrations {
		add("registration", r.Rule, "in MLP komt of blijft: "+registrationNL(r), r.Body)
		out[len(out)-1].thing = thingOf(r)
	}
	for _, m := range d.Manual {
		text := "te beslissen: " + m.Reason
		if m.Proposal != "" {
			text += " Voorstel: " + string(m.Proposal) + "."
		}
		add("manual", m.Rule, text, nil)
	}
	for _, f := range d.Findings {
		add("finding", f.Rule, "vaststelling: "+f.Reason, nil)
	}
	for _, l := range d.Deadlines {
		add("deadline", l.Rule, fmt.Sprintf("termijn %s: %s", l.Due.Dutch(), l.What), l.State)
	}
	return out
}

// thingOf names a registration by its kind, sort and first day; a category by its code too.
func thingOf(r casefile.Registration) string {
	text := r.Rule + "|" + string(r.Body.Kind()) + "|" + string(casefile.StartOf(r.Body))
	switch b := r.Body.(type) {
	case casefile.Category:
		text += "|" + string(b.Code)
	case casefile.Handover:
		text += "|" + string(b.Handover)
	case casefile.WorkPlacement:
		text += "|" + b.Placement
	}
	return text
}

// registrationNL says what a registration is by kind, code and day.
func registrationNL(r casefile.Registration) string {
	words := map[casefile.RegistrationKind]string{
		casefile.RegPerson: "de gegevens van de cliënt", casefile.RegProfile: "jobdoelwit, reden van instroom en POP",
		casefile.RegCategory: "categorie", casefile.RegWEO: "WEO", casefile.RegEmployment: "contract art. 60§7",
		casefile.RegPlacement: "werkplekleren", casefile.RegEvaluation: "evaluatie", casefile.RegDocument: "document",
		casefile.RegCompetence: "competentie", casefile.RegNote: "notitie", casefile.RegHandover: "overdracht",
	}
	text := words[r.Body.Kind()]
	switch b := r.Body.(type) {
	case casefile.Category:
		text += " " + string(b.Code)
	case casefile.Handover:
		text += " " + string(b.Handover)
		if n := len(b.Exclusions); n > 0 {
			text += fmt.Sprintf(" met %d beantwoorde uitsluitingen", n)
		}
	case casefile.WorkPlacement:
		text = b.Placement
	}
	if from := casefile.StartOf(r.Body); !from.IsZero() {
		text += ", " + from.Dutch()
	}
	return text
}

// Rules lists the rules that make the difference for a client, sorted.
func (c ClientDiff) Rules() []string {
	seen := map[string]bool{}
	for _, line := range slices.Concat(c.First, c.Second) {
		seen[line.Rule] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
