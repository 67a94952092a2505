package adapters

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Line is one row of a table as a format found it.
type Line struct {
	// Row and Line are those of Provenance.
	Row, Line int
	// Cells are decoded; what could not be decoded stands as U+FFFD.
	Cells []string
	// Text becomes Row.Text where that has one.
	Text []byte
	// Problem is set when the row's structure is broken; Cells are then at best
	// a hint.
	Problem *RowProblem
}

// Table turns the lines of one file into rows. Formats feed it: Line for each
// line from the first, then Finish.
type Table struct {
	feed   *Feed
	prov   Provenance
	limits Limits
	emit   func(Row) error
	report FileReport
	header *header
	noisy  bool // the undecodable-bytes warning of an unused column was given
	fitted bool // a data row has as many fields as the header
}

// NewTable starts on a file. Emit gets every data row, in order. Without emit no rows are made: lines are counted, and rows
// are neither rejected nor skipped.
func NewTable(feed *Feed, file, sheet string, limits Limits, emit func(Row) error) *Table {
	return &Table{
		feed: feed, limits: limits.OrDefault(), emit: emit,
		prov:   Provenance{File: file, Sheet: sheet},
		report: FileReport{Name: file, Feed: feed.Name},
	}
}

// Width is the number of fields that a row must have; 0 before the header.
func (t *Table) Width() int {
	if t.header == nil {
		return 0
	}
	return t.header.width
}

// Fits says whether a row has as many fields as the header, or can't be judged
// yet. A totals line always fits.
func (t *Table) Fits(cells []string) bool {
	return t.header == nil || t.header.misfit(cells) == nil || t.isTotals(cells) >= 0
}

// Line takes the next line. It returns a *FileProblem when the header is not that
// of the feed, or the error of emit.
func (t *Table) Line(l Line) error {
	if l.Problem == nil && blank(l.Cells) {
		t.report.BlankRows++
		return nil
	}
	if t.header == nil {
		return t.headerLine(l)
	}
	if l.Problem == nil && t.header.repeats(l.Cells) {
		t.report.HeaderRows++
		return nil
	}
	if l.Problem == nil && t.totalsLine(l.Cells) {
		return nil
	}
	t.fitted = t.fitted || l.Problem == nil && t.header.misfit(l.Cells) == nil
	if err := t.Count(); err != nil || t.emit == nil {
		return err
	}
	row := t.row(l)
	switch {
	case len(row.Problems) > 0:
		t.report.Rejected++
	case row.Skipped:
		t.report.Skipped++
	}
	return t.emit(row)
}

// Known counts a data row that need not be read.
func (t *Table) Known() error {
	t.fitted = true // it did when it was read
	return t.Count()
}

// Counts says that a line is a data row by its first cell, decoded or not and whatever stands behind it: no blank one, no header
// and no totals line. Where it says no, the cells tell. It is for who makes no rows.
func (t *Table) Counts(first []byte) bool {
	if t.header == nil || len(first) == 0 || string(first) == t.header.texts[0] {
		return false
	}
	for _, b := range first {
		if !isGraphic(b) {
			return false
		}
	}
	return t.feed.totals == nil || !bytes.EqualFold(first[:min(len(first), len(t.feed.totals.startsWith))], []byte(t.feed.totals.startsWith))
}

// Count counts a data row of which nothing is made.
func (t *Table) Count() error {
	t.report.Rows++
	if t.report.Rows > t.limits.Rows {
		return tooManyRows(t.limits.Rows)
	}
	return nil
}

// Header identifies what the header line says: equal lines are equal rows under equal headers. It is empty before the header.
func (t *Table) Header() string {
	if t.header == nil {
		return ""
	}
	return fmt.Sprintf("%d %q", t.header.raw, t.header.texts)
}

func (t *Table) headerLine(l Line) error {
	t.report.HeaderRows++
	if t.feed.HeaderRow > l.Row {
		return nil // a title above the header
	}
	if l.Problem != nil {
		return &FileProblem{Rule: RuleFileHeader, Passing: true, Message: Message{
			ReasonNL: "De kopregel van het bestand is niet leesbaar.",
			ReasonEN: "the header line can't be read",
			HintNL:   "Controleer of het bestand volledig geëxporteerd is.",
			HintEN:   "Check that the export is complete, and headerRow in the profile.",
		}}
	}
	h, problem := bindHeader(t.feed, l.Cells)
	if problem != nil {
		return problem
	}
	t.header = h
	t.prov.Columns = h.columns
	t.report.UnknownColumns, t.report.MissingColumns = h.unknown, h.missing
	return nil
}

// totalsLine recognizes the line at the bottom and takes its count.
func (t *Table) totalsLine(cells []string) bool {
	at := t.isTotals(cells)
	if at < 0 {
		return false
	}
	spec := t.feed.totals
	t.report.TotalsLines++
	t.report.TotalsCount = nil
	candidates := cells[at:]
	if spec.column != "" {
		candidates = nil
		if i, ok := t.header.index[spec.columnKey]; ok && i < len(cells) {
			candidates = cells[i : i+1]
		}
	}
	for _, c := range candidates {
		if n, ok := countIn(c); ok {
			t.report.TotalsCount = &n
			break
		}
	}
	return true
}

// isTotals gives the first filled cell of a totals line, -1 for other lines.
func (t *Table) isTotals(cells []string) int {
	if t.feed.totals == nil {
		return -1
	}
	at := slices.IndexFunc(cells, func(c string) bool { return clean(c) != "" })
	if at < 0 || !strings.HasPrefix(fold(cells[at]), t.feed.totals.startsWith) {
		return -1
	}
	return at
}

var wholeNumber = regexp.MustCompile(`\d{1,3}(?:[. \x{a0}\x{202f}]\d{3})+|\d+`)

// countIn finds the first whole number of a text, its groups parted by dots or
// spaces.
func countIn(cell string) (int, bool) {
	found := wholeNumber.FindString(cell)
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, found)
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// Finish closes the count. The report is complete also when it returns a
// *FileProblem.
func (t *Table) Finish() (FileReport, error) {
	if t.header == nil {
		return t.Report(), emptyFile()
	}
	if t.report.HeaderRows > max(1, t.feed.HeaderRow) {
		t.note("header.repeated", "the header line stands in the file more than once; the repeats were left out", "")
	}
	if t.report.Rows == 0 {
		t.note("rows.none", "the file holds a header and no data rows", "Check the export when this feed should not be empty.")
	}
	if problem := t.checkTotals(); problem != nil {
		return t.Report(), problem
	}
	return t.Report(), nil
}

// Report is what was counted so far, for formats that have to stop. Unknown columns are named once a row was as wide as the
// header: where the header's line lost its end, a person's data stand behind the columns.
func (t *Table) Report() FileReport {
	r := t.report
	if !t.fitted {
		r.UnknownColumns = nil
	}
	return r
}

// Detected records how the format reads the file.
func (t *Table) Detected(encoding, separator string) {
	t.report.Encoding, t.report.Separator = encoding, separator
}

// Note adds a remark to the report.
func (t *Table) note(key, text, hint string) {
	t.report.Notes = append(t.report.Notes, Note{Key: t.report.Feed + "." + key, Text: text, Hint: hint})
}

// Remark adds a remark of the format to the report; text must be free of content.
func (t *Table) Remark(key, text, hint string) { t.note(key, text, hint) }

func (t *Table) checkTotals() *FileProblem {
	spec := t.feed.totals
	switch {
	case spec == nil || spec.optional && t.report.TotalsLines == 0:
		return nil
	case t.report.TotalsLines == 0:
		return &FileProblem{Rule: RuleFileTruncated, Passing: true, Message: Message{
			ReasonNL: "De totaalregel onderaan ontbreekt: het bestand is wellicht afgekapt.",
			ReasonEN: "the totals line at the bottom is missing: the file is probably truncated",
			HintNL:   "Exporteer het bestand opnieuw.",
			HintEN:   "Export the file again; if it never has such a line, take totals out of the profile.",
		}}
	case t.report.TotalsCount == nil:
		return totalsProblem("de totaalregel bevat geen aantal", "the totals line holds no count")
	case *t.report.TotalsCount != t.report.Rows:
		return totalsProblem(
			fmt.Sprintf("de totaalregel telt %d rijen, het bestand heeft er %d", *t.report.TotalsCount, t.report.Rows),
			fmt.Sprintf("the totals line counts %d rows, the file holds %d", *t.report.TotalsCount, t.report.Rows))
	}
	return nil
}

func totalsProblem(nl, en string) *FileProblem {
	return &FileProblem{Rule: RuleFileTotals, Message: Message{
		ReasonNL: strings.ToUpper(nl[:1]) + nl[1:] + ".", ReasonEN: en,
		HintNL: "Exporteer het bestand opnieuw: er ontbreken rijen of er zijn er te veel.",
		HintEN: "Export the file again; nothing of it was used.",
	}}
}

func emptyFile() *FileProblem {
	return &FileProblem{Rule: RuleFileEmpty, Passing: true, Message: Message{
		ReasonNL: "Het bestand is leeg.", ReasonEN: "the file is empty",
		HintNL: "Exporteer het bestand opnieuw.", HintEN: "Export the file again.",
	}}
}

func tooManyRows(limit int) *FileProblem {
	return &FileProblem{Rule: RuleFileRows, Message: Message{
		ReasonNL: fmt.Sprintf("Het bestand heeft meer dan %d rijen.", limit),
		ReasonEN: fmt.Sprintf("the file holds more than %d rows", limit),
		HintNL:   "Controleer of dit het juiste bestand is.",
		HintEN:   "Check that this is the right file.",
	}}
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return clean(c) != "" })
}

// row makes the outcome of one data line.
func (t *Table) row(l Line) Row {
	prov := t.prov
	prov.Row, prov.Line = l.Row, l.Line
	row := Row{Number: l.Row, Line: l.Line, Client: t.header.client(l.Cells)}
	if l.Problem != nil {
		problem := *l.Problem
		problem.Prov = prov
		row.Problems = []RowProblem{problem}
		return row
	}
	if problem := t.header.misfit(l.Cells); problem != nil {
		problem.Prov = prov
		row.Problems = []RowProblem{*problem}
		// Only its first cell is known to stand in its column. Another column's, a name or an INSZ, could be taken for the client
		// and somebody else be held back.
		row.Client = t.header.client(l.Cells[:1])
		return row
	}
	if t.filtered(l.Cells) {
		row.Skipped = true
		return row
	}
	deleted := t.feed.deleted != nil && t.header.holds(*t.feed.deleted, l.Cells)
	for i := range t.feed.records {
		rule := &t.feed.records[i]
		if t.header.holdAll(rule.when, l.Cells) {
			row.Records = append(row.Records, t.record(rule, l.Cells, prov, deleted, &row))
		}
	}
	if undecoded(l.Cells) {
		t.warnUnused(l.Cells, prov, &row)
	} else if len(row.Problems)+len(row.Warnings) == 0 {
		row.Text = l.Text
	}
	return row
}

func undecoded(cells []string) bool {
	return slices.ContainsFunc(cells, func(c string) bool { return strings.ContainsRune(c, utf8.RuneError) })
}

func (t *Table) filtered(cells []string) bool {
	for _, c := range t.feed.skip {
		if t.header.holds(c, cells) {
			return true
		}
	}
	return !t.header.holdAll(t.feed.keep, cells)
}

func (t *Table) record(rule *recordRule, cells []string, prov Provenance, deleted bool, row *Row) Record {
	r := Record{Kind: rule.kind, Fields: make(map[string]any, len(rule.fields)), Deleted: deleted, Prov: prov}
	for i := range rule.fields {
		f := &rule.fields[i]
		v := t.value(f, cells, prov, row)
		if v != nil {
			r.Fields[f.name] = v
		}
	}
	r.Key = make([]string, len(rule.key))
	for i, name := range rule.key {
		switch v := r.Fields[name].(type) {
		case nil:
		case string:
			r.Key[i] = v
		default:
			r.Key[i] = fmt.Sprint(v)
		}
	}
	return r
}

// value reads one field; problems go to the row.
func (t *Table) value(f *fieldRule, cells []string, prov Provenance, row *Row) any {
	if f.constant != nil {
		return f.constant
	}
	if f.flags != nil {
		return t.flags(f, cells, prov, row)
	}
	at, ok := t.header.fieldColumn(f)
	if !ok {
		return f.whenEmpty
	}
	v, wrong := f.convert(cell(cells, at))
	if wrong != nil {
		row.refuse(prov, f.name, t.header.texts[at], cell(cells, at), wrong)
		return nil
	}
	return v
}

// flags gathers the codes whose column says yes. Without any filled column the
// list is unknown; with only noes it is known to be empty.
func (t *Table) flags(f *fieldRule, cells []string, prov Provenance, row *Row) any {
	items, filled := []any{}, false
	for _, flag := range f.flags {
		at, ok := t.header.index[flag.key]
		if !ok {
			continue
		}
		one := fieldRule{typ: TypeBoolean, yes: f.yes, no: f.no, empty: f.empty}
		v, wrong := one.convert(cell(cells, at))
		if wrong != nil {
			row.refuse(prov, f.name, t.header.texts[at], cell(cells, at), wrong)
			continue
		}
		filled = filled || v != nil
		if v == true {
			items = append(items, flag.code)
		}
	}
	if !filled {
		return f.whenEmpty
	}
	return items
}

// refuse adds a problem, once for each column: two records of a row may read the
// same cell.
func (r *Row) refuse(prov Provenance, field, column, value string, wrong *fault) {
	known := slices.ContainsFunc(r.Problems, func(p RowProblem) bool {
		return p.Column == column && p.Rule == wrong.rule
	})
	if known {
		return
	}
	r.Problems = append(r.Problems, RowProblem{
		Prov: prov, Rule: wrong.rule, Column: column, Field: field,
		Expected: wrong.expected, Message: wrong.Message, Value: value,
	})
}

// warnUnused says once a file that a column which nobody uses can't be decoded:
// the row is fine, the export isn't.
func (t *Table) warnUnused(cells []string, prov Provenance, row *Row) {
	if t.noisy || len(row.Problems) > 0 {
		return
	}
	for i, c := range cells {
		if strings.ContainsRune(c, utf8.RuneError) && i < len(t.header.texts) {
			t.noisy = true
			wrong := undecodable()
			row.Warnings = append(row.Warnings, RowProblem{
				Prov: prov, Rule: wrong.rule, Column: t.header.texts[i], Message: wrong.Message,
			})
			return
		}
	}
}

func cell(cells []string, at int) string {
	if at >= len(cells) {
		return ""
	}
	return unwrap(cells[at])
}

// unwrap takes the text out of ="0123", which exports write so that a
// spreadsheet keeps the zeros.
func unwrap(c string) string {
	if inner, ok := strings.CutPrefix(c, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok {
			return inner
		}
	}
	return c
}
