package ocmw

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

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
	case casefile.KindTraining:
		c.insideTraining("fullTimeFrom", "internshipStart", "internshipEnd")
	case casefile.KindDocument:
		c.documentFile()
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
	case casefile.KindEmployment:
		return []pair{{"start", "end"}, {"increasedAllowanceFrom", "increasedAllowanceUntil"}}
	case casefile.KindPlacement:
		return []pair{{"start", "end"}}
	case casefile.KindTraining:
		return []pair{{"start", "end"}, {"internshipStart", "internshipEnd"}}
	case casefile.KindHandover:
		return []pair{{"trainingStart", "trainingEnd"}}
	}
	return nil
}

func (c *check) plausible() {
	for _, field := range c.kind.dates {
		day := c.date(field)
		future := !c.in.Today.IsZero() && day > c.in.Today
		switch {
		case day.IsZero():
		case day < oldest, future && (field == "birthDate" || day > c.in.Today.AddMonths(ahead)):
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
	if c.outside("regimeFrom") {
		c.refuse("regimeFrom", RuleRegimeOutside, regimeTexts(c.title("regimeFrom")))
	}
}

// insideTraining: the need for a training may be known before it begins; these days are
// days of it.
func (c *check) insideTraining(fields ...string) {
	for _, field := range fields {
		if c.outside(field) {
			c.refuse(field, RuleTrainingOutside, trainingTexts(c.title(field)))
		}
	}
}

// outside tells whether a day lies before the record's start or after its end.
func (c *check) outside(field string) bool {
	day, start, end := c.date(field), c.date("start"), c.date("end")
	return !day.IsZero() && (!start.IsZero() && day < start || !end.IsZero() && day > end)
}

// documentFile refuses what can't be the path of a PDF below a folder, on any system: the
// export is written elsewhere than where it is read. What the path leads to is looked at
// when the file is.
func (c *check) documentFile() {
	file, given := c.good("file")
	if given && !pdfPath(file) {
		c.refuse("file", RuleDocumentFile, documentFileTexts(c.title("file")))
	}
}

// pdfPath: a colon is Windows' sign of a drive or a stream.
func pdfPath(file string) bool {
	name := path.Base(file)
	return fs.ValidPath(file) && !strings.ContainsAny(file, `\:`) && !strings.ContainsFunc(file, unicode.IsControl) &&
		len(name) > len(".pdf") && strings.EqualFold(path.Ext(name), ".pdf")
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
