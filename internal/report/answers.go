package report

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Question is what a decision asks and a caseworker can answer with "mlpsync decide".
type Question struct {
	Rule   string
	ID     string // the Manual's or Finding's own
	Reason string // Dutch
	// Number names the question among those of its client, and stays as long as it is asked: a line that was printed
	// answers no other question once some are answered.
	Number int
	// Shared tells that its rule asks something else too, so that the rule doesn't name it.
	Shared bool
	// Anew tells that the answer has the client begin anew in another dossier.
	Anew bool
	// Category tells that a category answers it; Proposal is the rule's.
	Category bool
	Proposal casefile.Code
	// Accept says in Dutch what an answer without a category means; empty where there is none.
	Accept string
	// NoAdopt says in Dutch why what a person set in MLP can't stay; empty where it can.
	NoAdopt string
}

// Questions are those that a decision asks, in its order. Where only the export or MLP answers, none is.
func Questions(d casefile.Decision) []Question {
	var all []Question
	for _, m := range d.Manual {
		if m.Question != "" && (m.Category || m.Accept != "") {
			all = append(all, Question{Rule: m.Rule, ID: m.Question, Reason: m.Reason,
				Anew: m.Anew, Category: m.Category, Proposal: m.Proposal, Accept: m.Accept, NoAdopt: m.NoAdopt})
		}
	}
	for _, f := range d.Findings {
		if f.Question != "" && f.Accept != "" {
			all = append(all, Question{Rule: f.Rule, ID: f.Question, Reason: f.Reason, Accept: f.Accept})
		}
	}
	number(all)
	return all
}

// number gives each question a number of its own, by what it asks. It is short, to be typed, and tells nothing of the data behind it.
func number(all []Question) {
	const first, many = 100, 900
	rules, taken := map[string]int{}, map[int]bool{}
	for i := range all {
		rules[all[i].Rule]++
		h := fnv.New32a()
		h.Write([]byte(all[i].Rule + " " + all[i].ID))
		at := int(h.Sum32() % many)
		for taken[at] {
			at = (at + 1) % many
		}
		taken[at], all[i].Number = true, first+at
	}
	for i := range all {
		all[i].Shared = rules[all[i].Rule] > 1
	}
}

// The rules that report what a person changed in MLP: a category, or another field.
const (
	ruleCategoryDrift = "CAT-10"
	ruleFieldDrift    = "DATA-04"
)

// CategoryDrift tells that a person changed a category in MLP: it can be adopted, or
// overruled with the proposal.
func (q Question) CategoryDrift() bool { return q.Rule == ruleCategoryDrift && q.Category }

// FieldDrift tells that a person changed something else in MLP: it stands, and is
// reported until it is adopted or overruled.
func (q Question) FieldDrift() bool { return q.Rule == ruleFieldDrift && q.Accept != "" }

// Way is one way to answer a question: a flag of "mlpsync decide", with its value where
// it takes one, and what it means in Dutch.
type Way struct{ Flag, Value, Means string }

// Ways are all the ways to answer the question.
func (q Question) Ways() []Way {
	var ways []Way
	if q.Category {
		proposal := ""
		if q.Proposal != "" {
			proposal = " (voorstel " + string(q.Proposal) + ")"
		}
		ways = append(ways, Way{"--category", "CODE", "de categorie die geldt" + proposal + ", met --from DATUM als ze niet vandaag begint"})
	}
	adopt := Way{Flag: "--adopt", Means: "wat in MLP staat, blijft"}
	if q.CategoryDrift() {
		if q.NoAdopt == "" {
			ways = append(ways, adopt)
		}
		if q.Proposal != "" {
			ways = append(ways, Way{Flag: "--overrule", Means: "de categorie wordt " + string(q.Proposal)})
		}
	}
	switch {
	case q.FieldDrift():
		ways = append(ways, adopt, Way{Flag: "--overrule", Means: q.Accept})
	case q.Accept != "":
		ways = append(ways, Way{Flag: "--accept", Means: q.Accept})
	}
	return ways
}

// commands are the ways as a caseworker types them.
func (q Question) commands(client string) []string {
	var all []string
	name := q.Rule
	if q.Shared {
		name += fmt.Sprintf(" --question %d", q.Number)
	}
	for _, way := range q.Ways() {
		answer, means := way.Flag, " betekent: "+way.Means
		if way.Value != "" { // the value says it
			answer, means = way.Flag+" "+cmp.Or(string(q.Proposal), way.Value), ""
		}
		all = append(all, fmt.Sprintf("mlpsync decide -c BESTAND %s --rule %s %s --reason \"...\"", client, name, answer)+means)
	}
	return all
}

// inTheExport is the answer that every question about data takes.
const inTheExport = "in de export, via het cliëntsysteem"

// HowToDecide says in Dutch how a manual decision, one of d, is answered.
func HowToDecide(client string, d casefile.Decision, m casefile.Manual) []string {
	var ways []string
	if exportAnswers(m) {
		ways = append(ways, inTheExport)
	}
	return append(ways, howToAnswer(client, d, m.Rule, m.Question)...)
}

// HowToAnswer says in Dutch how a finding, one of d, is answered, where an answer is taken.
func HowToAnswer(client string, d casefile.Decision, f casefile.Finding) []string {
	return howToAnswer(client, d, f.Rule, f.Question)
}

func howToAnswer(client string, d casefile.Decision, rule, question string) []string {
	for _, q := range Questions(d) {
		if q.Rule == rule && q.ID == question {
			return q.commands(client)
		}
	}
	return nil
}

// exportAnswers tells whether another export could answer. Cells that only say who and which thing a
// decision is about are nothing to fill in.
func exportAnswers(m casefile.Manual) bool {
	mute := []string{"clientNumber", "kind", "choiceDate"}
	switch m.Rule {
	case "GLOW-05": // the other choice can be taken out
		mute = mute[:1]
	case "HND-02": // ground 1 stays true: the handover is done in MLP, or IT notes the agreement
		mute = append(mute, "grounds")
	case "CAT-02": // the dossier is in another municipality: VDAB moves it
		mute = append(mute, "nisCode")
	}
	return slices.ContainsFunc(m.Cells, func(c casefile.Cell) bool { return !slices.Contains(mute, c.Field) })
}
