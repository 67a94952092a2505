package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
)

// show prints a decision so that a person who doesn't program can judge it.
func (s *story) show(d casefile.Decision) {
	s.line("== %s", d.Day.Dutch())
	for _, e := range d.Timeline {
		note := ""
		if e.Expected {
			note = ", verwacht"
		}
		if e.From > d.Day {
			note += ", gepland"
		}
		s.line("categorie %s vanaf %s door %s (%s%s)", e.Code, e.From.Dutch(), e.SetBy, e.Rule, note)
	}
	sent := sends(s.k, d)
	for i, r := range d.Registrations {
		word := "staat in MLP"
		if sent[i] {
			word = "sturen"
		}
		s.line("%s: %s (%s)", word, Describe(r.Body), r.Rule)
	}
	s.questions(d)
	for _, l := range d.Deadlines {
		s.line("termijn: %s tegen %s: %s (%s)", l.Rule, l.Due.Dutch(), l.What, l.State.Dutch())
	}
	if d.NextReview != "" {
		s.line("opnieuw bekijken op %s", d.NextReview.Dutch())
	}
	s.trace(d)
}

func (s *story) line(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *story) questions(d casefile.Decision) {
	for _, m := range d.Manual {
		proposal := ""
		if m.Proposal != "" {
			proposal = " [voorstel " + string(m.Proposal) + "]"
		}
		s.line("beslissen: %s: %s%s%s", m.Rule, m.Reason, proposal, orAccept(m.Accept))
	}
	for _, f := range d.Findings {
		s.line("vaststelling: %s: %s%s", f.Rule, f.Reason, orAccept(f.Accept))
	}
}

// orAccept says what a person can decide without changing the data.
func orAccept(accept string) string {
	if accept == "" {
		return ""
	}
	return " [of beslis: " + accept + "]"
}

// trace says which rules fired; with "trace: full" also why the others did not.
func (s *story) trace(d casefile.Decision) {
	fired := firedRules(d)
	if len(fired) == 0 {
		fired = []string{"geen"}
	}
	s.line("regels: %s", strings.Join(fired, " "))
	if s.c.script.Trace != traceFull {
		return
	}
	for _, t := range d.Trace {
		if !t.Fired {
			s.line("niet: %s: %s", t.Rule, t.Why)
		}
	}
}

// firedRules are the rules that fired, in order, once each.
func firedRules(d casefile.Decision) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range d.Trace {
		if t.Fired && !seen[t.Rule] {
			seen[t.Rule] = true
			out = append(out, t.Rule)
		}
	}
	return out
}

// sends tells of each desired registration whether it is still to be sent.
func sends(k casefile.Known, d casefile.Decision) []bool {
	diff := plan.Diff(k, d)
	changed := map[string]bool{}
	for _, c := range diff.Changes {
		changed[string(c.Kind)+c.ID] = true
	}
	out := make([]bool, len(d.Registrations))
	for i, r := range d.Registrations {
		id := r.ID
		for _, aliases := range []map[string]string{k.Aliases, diff.Adopted} {
			if _, held := k.Dossier.Find(aliases[r.ID]); held {
				id = aliases[r.ID]
			}
		}
		out[i] = changed[string(r.Body.Kind())+id] || len(diff.Manual) > 0
	}
	return out
}

// Describe says in Dutch what a registration is. Texts of the case itself are shown,
// names and numbers of persons are not.
func Describe(b casefile.Body) string {
	switch b := b.(type) {
	case casefile.Person:
		return "gegevens van de klant"
	case casefile.Profile:
		return strings.TrimSpace("profiel " + b.JobTarget + " " + b.EntryNeed + " " + b.DevelopmentPlanOn.Dutch())
	case casefile.Category:
		link := ""
		if b.EmploymentID != "" {
			link = ", bij contract"
		}
		return fmt.Sprintf("categorie %s vanaf %s%s", b.Code, b.From.Dutch(), link)
	case casefile.WEO:
		return strings.TrimSpace(fmt.Sprintf("WEO %s-%s %s", b.Start.Dutch(), b.End.Dutch(), b.EndReason))
	case casefile.Art60:
		return describeContract(b)
	case casefile.WorkPlacement:
		return describePlacement(b)
	case casefile.EvaluationDone:
		return fmt.Sprintf("evaluatie %s %s", b.Date.Dutch(), b.Evaluation)
	case casefile.Handover:
		return describeHandover(b)
	}
	return describePaper(b)
}

// describePaper is about what is added to the dossier in the course of a TWE.
func describePaper(b casefile.Body) string {
	switch b := b.(type) {
	case casefile.Document:
		return fmt.Sprintf("document %s van %s", cmp.Or(b.Document.Dutch(), string(b.Document)), b.Date.Dutch())
	case casefile.Competence:
		return fmt.Sprintf("competentie %s op %s: %s", b.Competence, b.AssessedOn.Dutch(), levelWord(b.Level))
	case casefile.Note:
		what := "eindadvies"
		if b.Note == casefile.NoteTraining {
			what = "verwijzing naar opleiding"
		}
		return fmt.Sprintf("notitie %s, %s: %s", what, b.Date.Dutch(), b.Text)
	}
	return "onbekend"
}

func describeContract(b casefile.Art60) string {
	text := fmt.Sprintf("contract art. 60§7 %s-%s", b.Start.Dutch(), b.End.Dutch())
	for _, r := range b.Regimes {
		text += fmt.Sprintf(" %s vanaf %s", r.Regime, r.From.Dutch())
	}
	return text
}

func describePlacement(b casefile.WorkPlacement) string {
	text := fmt.Sprintf("%s %s-%s", b.Placement, b.Start.Dutch(), b.End.Dutch())
	if b.InternshipPlan == casefile.Yes {
		text += ", met stageplan"
	}
	if b.HoursPerMonth != "" {
		text += ", " + b.HoursPerMonth + " uur per maand"
	}
	if b.CommunityService == casefile.Yes {
		text += ", gemeenschapsdienst"
	}
	return text
}

func describeHandover(b casefile.Handover) string {
	text := fmt.Sprintf("overdracht %s, keuze %s, categorie %s", b.Handover, b.ChoiceDate.Dutch(), b.CurrentCategory)
	if len(b.Grounds) > 0 {
		text += fmt.Sprintf(", gronden %s, %d keer nee", strings.Join(b.Grounds, " "), len(b.Exclusions))
	}
	return text
}

func levelWord(level string) string {
	switch level {
	case casefile.LevelNotAcquired:
		return "niet verworven"
	case casefile.LevelDeveloping:
		return "in ontwikkeling"
	case casefile.LevelAcquired:
		return "verworven"
	}
	return "niet gescoord"
}
