package ocmw

import (
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// The checks that a JSON Schema can't say: those over more than one field, and
// those that need a day.

// oldest and ahead bound the dates that can be meant. Outside them a date is a
// slip of the pen, or a vendor's sign for "no end" such as 31/12/9999
// (assumption: change it here).
const (
	oldest casefile.Date = "1900-01-01"
	ahead                = 10 * 12 // months
)

func (c *check) together() {
	c.plausible()
	for _, p := range periods(casefile.RecordKind(c.in.Kind)) {
		c.inOrder(p.start, p.end)
	}
	switch casefile.RecordKind(c.in.Kind) {
	case casefile.KindClient:
		c.readySince()
		c.decision()
	case casefile.KindEmployment:
		c.regimeWithin()
	}
}

type pair struct{ start, end string }

// periods are the fields of which one can't lie before the other. Pairs of which
// either order happens in real life (a choice and a start, an application and a
// decision about an earlier one) are not among them.
func periods(kind casefile.RecordKind) []pair {
	switch kind {
	case casefile.KindClient:
		return []pair{{"readySince", "readinessWithdrawnOn"}}
	case casefile.KindTrack:
		return []pair{{"weoStart", "weoEnd"}}
	case casefile.KindEmployment, casefile.KindPlacement, casefile.KindTraining:
		return []pair{{"start", "end"}}
	case casefile.KindHandover:
		return []pair{{"trainingStart", "trainingEnd"}}
	}
	return nil
}

func (c *check) plausible() {
	for _, field := range slices.Sorted(maps.Keys(c.fields)) {
		day := c.date(field)
		switch {
		case day.IsZero():
		case day < oldest,
			!c.in.Today.IsZero() && day > c.in.Today.AddMonths(ahead),
			field == "birthDate" && !c.in.Today.IsZero() && day > c.in.Today:
			c.refuse(field, RuleDatesImplausible, implausibleTexts(c.title(field), field == "birthDate"))
		}
	}
}

func (c *check) inOrder(start, end string) {
	from, until := c.date(start), c.date(end)
	if !from.IsZero() && !until.IsZero() && until < from {
		c.refuse(end, RuleDatesOrder, orderTexts(c.title(end), c.title(start), c.column(start)))
	}
}

func (c *check) column(field string) string { return c.in.Prov.Cell(field).Column }

func (c *check) regimeWithin() {
	from, start, end := c.date("regimeFrom"), c.date("start"), c.date("end")
	outside := !start.IsZero() && from < start || !end.IsZero() && from > end
	if !from.IsZero() && outside {
		c.refuse("regimeFrom", RuleRegimeOutside, regimeTexts(c.title("regimeFrom")))
	}
}

// readySince: who is ready, is ready since a day; that day is the valid-from of
// 05 (CAT-02).
func (c *check) readySince() {
	readiness, _ := c.good("readiness")
	if readiness == string(casefile.Ready) && !c.given("readySince") {
		c.refuse("readySince", RuleReadySince, readySinceTexts())
	}
}

// decision: an answer to a manual decision says what, when and why, or nothing.
func (c *check) decision() {
	parts := []string{"decidedCategory", "decidedOn", "decisionReason"}
	if !slices.ContainsFunc(parts, c.given) {
		return
	}
	for _, field := range parts {
		if !c.given(field) {
			c.refuse(field, RuleDecision, decisionTexts(c.title(field)))
		}
	}
}

// given tells whether the export has a value for the field, be it a wrong one.
func (c *check) given(field string) bool {
	value, there := c.in.Fields[field]
	return there && value != nil
}
