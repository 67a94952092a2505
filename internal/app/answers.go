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
// about, and then the rule asks again under another question.
func explainAnswers(view ledger.ClientView) []ExplainedAnswer {
	var out []ExplainedAnswer
	for _, r := range view.Records {
		if c, ok := r.(*casefile.Client); ok && c.DecidedCategory != "" {
			out = append(out, ExplainedAnswer{Category: c.DecidedCategory, On: c.DecidedOn, Status: AnswerHolds,
				Text: "staat in de export; of het geldt, zegt de tijdlijn"})
		}
	}
	for i, a := range view.Answers {
		// Categories are one course: the last one that was chosen counts.
		later := slices.ContainsFunc(view.Answers[i+1:], func(b casefile.Answer) bool {
			return a.Category != "" && b.Category != "" || b.Rule == a.Rule && b.Question == a.Question
		})
		e := ExplainedAnswer{Rule: a.Rule, Category: a.Category, On: a.On, By: a.By, Adopt: a.Adopt, Reason: a.Reason}
		e.Status, e.Text = answerStatus(view, a, later)
		out = append(out, e)
	}
	return out
}

func answerStatus(view ledger.ClientView, a casefile.Answer, later bool) (AnswerStatus, string) {
	same, other := asked(view.Decision, a)
	switch {
	case later:
		return AnswerReplaced, "vervangen door een later antwoord"
	case view.Dirty: // its answers make a client dirty; instants of two processes say nothing sure
		return AnswerPending, "wordt bij de volgende ronde in rekening gebracht"
	case a.Category != "" && a.Facts != view.Decision.Facts:
		return AnswerOutdated, "geldt niet meer: de gegevens zijn sindsdien gewijzigd"
	case same:
		return AnswerNotTaken, "volstaat niet: de vraag staat nog open"
	case other:
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
