package app

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// ExplainedAnswer is what a caseworker answered, and whether it still holds.
type ExplainedAnswer struct {
	Rule     string        `json:"rule,omitempty"`
	Category casefile.Code `json:"category,omitempty"` // empty: the data stand
	On       casefile.Date `json:"on"`
	By       string        `json:"by,omitempty"`     // empty: through the export
	Adopt    bool          `json:"adopt,omitempty"`  // what somebody changed in MLP stands
	Means    string        `json:"means"`            // Dutch
	Reason   string        `json:"reason,omitempty"` // as typed with decide; that of an export is not shown
	Status   AnswerStatus  `json:"status"`
	Text     string        `json:"text"` // Dutch
}

// AnswerStatus is whether an answer holds.
type AnswerStatus string

// The statuses of an answer.
const (
	AnswerHolds    AnswerStatus = "holds"
	AnswerPending  AnswerStatus = "pending"  // not decided again yet
	AnswerReplaced AnswerStatus = "replaced" // by a later one
	AnswerOutdated AnswerStatus = "outdated" // the rule asks another question now: the facts changed
	AnswerNotTaken AnswerStatus = "notTaken" // the same question is still asked
)

// explainAnswers tells of each answer whether it holds: a category does as long as the facts of the
// course are those that it was chosen on; another answer until the facts change that its question was
// about, and then the rule asks again under another question. A rule can ask several things of a client: silences tells whether
// the answer's own would be asked without it.
func explainAnswers(view ledger.ClientView, today casefile.Date, silences func(casefile.Answer) bool) []ExplainedAnswer {
	var out []ExplainedAnswer
	exported, inExport := exportedAnswer(view)
	if inExport {
		e := explained(exported)
		e.Status, e.Text = AnswerHolds, "staat in de export; of het geldt, zegt de tijdlijn"
		for _, g := range view.Answers {
			if g.Category != "" && g.Facts == view.Decision.Facts && exported.On <= g.On && g.On <= today {
				e.Status, e.Text = AnswerReplaced, replacedBy(g)
			}
		}
		out = append(out, e)
	}
	for i, a := range view.Answers {
		e := explained(a)
		// Categories are one course: the last one that was chosen counts.
		later := slices.IndexFunc(view.Answers[i+1:], func(b casefile.Answer) bool {
			return a.Category != "" && b.Category != "" || b.Rule == a.Rule && b.Question == a.Question
		})
		switch {
		case later >= 0:
			e.Status, e.Text = AnswerReplaced, replacedBy(view.Answers[i+1+later])
		case a.Category != "" && inExport && a.On < exported.On && exported.On <= today:
			e.Status, e.Text = AnswerReplaced, "vervangen door het antwoord in de export: "+meansNL(exported)
		default:
			e.Status, e.Text = answerStatus(view, a, silences)
		}
		out = append(out, e)
	}
	return out
}

// exportedAnswer is the category that the export says a caseworker chose; without a reason it doesn't count.
func exportedAnswer(view ledger.ClientView) (casefile.Answer, bool) {
	for _, r := range view.Records {
		if c, ok := r.(*casefile.Client); ok && c.DecidedCategory != "" && c.DecisionReason != "" {
			return casefile.Answer{Category: c.DecidedCategory, On: c.DecidedOn}, true
		}
	}
	return casefile.Answer{}, false
}

func explained(a casefile.Answer) ExplainedAnswer {
	return ExplainedAnswer{Rule: a.Rule, Category: a.Category, On: a.On, By: a.By, Adopt: a.Adopt, Means: meansNL(a), Reason: a.Reason}
}

func replacedBy(a casefile.Answer) string {
	return "vervangen door het antwoord van " + casefile.DateOf(a.At, Zone()).Dutch() + ": " + meansNL(a)
}

func answerStatus(view ledger.ClientView, a casefile.Answer, silences func(casefile.Answer) bool) (AnswerStatus, string) {
	same, other := asked(view.Decision, a)
	switch {
	case view.Dirty: // its answers make a client dirty; instants of two processes say nothing sure
		return AnswerPending, "wordt bij de volgende ronde in rekening gebracht"
	case a.Anew && same:
		return AnswerOutdated, "uitgevoerd, maar het INSZ werd sindsdien opnieuw gewijzigd en de regel vraagt het opnieuw"
	case a.Anew:
		return AnswerHolds, "uitgevoerd: de cliënt begon opnieuw in het dossier van het INSZ in de export"
	case a.Category != "" && a.Facts != view.Decision.Facts:
		return AnswerOutdated, "geldt niet meer: de gegevens zijn sindsdien gewijzigd"
	case same:
		return AnswerNotTaken, "volstaat niet: de vraag staat nog open"
	case other && !silences(a):
		return AnswerOutdated, "geldt niet meer: de gegevens zijn sindsdien gewijzigd en de regel vraagt het opnieuw"
	}
	return AnswerHolds, "geldt zolang de gegevens niet wijzigen"
}

// asked tells whether the answer's question is still asked, and whether its rule asks another one.
func asked(d casefile.Decision, a casefile.Answer) (same, other bool) {
	note := func(rule, question string) {
		if rule == a.Rule && question != "" {
			same, other = same || question == a.Question, other || question != a.Question
		}
	}
	for _, m := range d.Manual {
		note(m.Rule, m.Question)
	}
	for _, f := range d.Findings {
		note(f.Rule, f.Question)
	}
	return same, other
}
