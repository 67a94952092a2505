package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Question is what a decision asks and a caseworker can answer with "mlpsync decide".
type Question struct {
	Rule string
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

// QuestionOf is what a manual decision asks; false where only the export or MLP answers.
func QuestionOf(m casefile.Manual) (Question, bool) {
	return Question{Rule: m.Rule, Anew: m.Anew, Category: m.Category, Proposal: m.Proposal, Accept: m.Accept, NoAdopt: m.NoAdopt}, m.Question != "" && (m.Category || m.Accept != "")
}

// QuestionIn is what a finding asks; false where it asks nothing.
func QuestionIn(f casefile.Finding) (Question, bool) {
	return Question{Rule: f.Rule, Accept: f.Accept}, f.Question != "" && f.Accept != ""
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
	for _, way := range q.Ways() {
		answer, means := way.Flag, " betekent: "+way.Means
		if way.Value != "" { // the value says it
			answer, means = way.Flag+" "+cmp.Or(string(q.Proposal), way.Value), ""
		}
		all = append(all, fmt.Sprintf("mlpsync decide -c BESTAND %s --rule %s %s --reason \"...\"", client, q.Rule, answer)+means)
	}
	return all
}

// inTheExport is the answer that every question about data takes.
const inTheExport = "in de export, via het cliëntsysteem"

// HowToDecide says in Dutch how a manual decision is answered.
func HowToDecide(client string, m casefile.Manual) []string {
	var ways []string
	if exportAnswers(m) {
		ways = append(ways, inTheExport)
	}
	if q, asked := QuestionOf(m); asked {
		ways = append(ways, q.commands(client)...)
	}
	return ways
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

// HowToAnswer says in Dutch how a finding is answered, where an answer is taken.
func HowToAnswer(client string, f casefile.Finding) []string {
	q, asked := QuestionIn(f)
	if !asked {
		return nil
	}
	return q.commands(client)
}
