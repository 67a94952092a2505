package adapters

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// header binds the columns of one file to those of the feed.
type header struct {
	width   int            // up to the last named column
	raw     int            // as many as the line had
	texts   []string       // cleaned header texts
	index   map[string]int // folded text -> position
	columns map[string]string
	clients []string // columns of the client number, folded
	unknown []string
	missing []string
}

// bindHeader fails with a message that names the profile's columns only: a file
// without header has data in its first line.
func bindHeader(feed *Feed, cells []string) (*header, *FileProblem) {
	h := &header{raw: len(cells), index: map[string]int{}, columns: map[string]string{}}
	doubled := map[string]bool{}
	for i, c := range cells {
		text := clean(c)
		h.texts = append(h.texts, text)
		if text == "" {
			continue
		}
		h.width = i + 1
		if _, twice := h.index[fold(text)]; twice {
			doubled[fold(text)] = true
		} else {
			h.index[fold(text)] = i
		}
	}
	if problem := h.missingColumns(feed); problem != nil {
		return nil, problem
	}
	for _, c := range feed.Columns() {
		if doubled[fold(c)] {
			return nil, doubledHeader(c)
		}
	}
	for i, text := range h.texts {
		if text != "" && !feed.Knows(text) && h.index[fold(text)] == i {
			h.unknown = append(h.unknown, text)
		}
	}
	return h, nil
}

// missingColumns binds each field to its column, and gathers what isn't there.
func (h *header) missingColumns(feed *Feed) *FileProblem {
	absent, lacking := map[string]bool{}, map[string]bool{}
	for i := range feed.records {
		for j := range feed.records[i].fields {
			f := &feed.records[i].fields[j]
			h.bindField(f, absent, lacking)
		}
	}
	for _, c := range feed.conditions() {
		h.need(c.column, false, absent, lacking)
	}
	if feed.totals != nil && feed.totals.column != "" {
		h.need(feed.totals.column, false, absent, lacking)
	}
	h.missing = slices.Sorted(maps.Keys(lacking))
	lacks := len(absent) + len(lacking)
	if len(absent) == 0 && (h.found(feed) > 0 || len(lacking) == 0) {
		return nil
	}
	if len(absent) == 0 {
		absent = lacking // no column is there: what would be taken for unknown columns is data
	}
	p := missingColumn(slices.Sorted(maps.Keys(absent)))
	if h.plausible(feed, lacks) {
		p.hintNear(h.near(absent))
	} else {
		p.hintNoHeader(feed.HeaderRow)
	}
	return p
}

// plausible tells whether the line is a header at all: half of the feed's columns, and more than one, stand in it. Else it
// may be a person's data, of which any cell can happen to look like a column's name.
func (h *header) plausible(feed *Feed, lacks int) bool {
	found := h.found(feed)
	return found > 1 && found >= lacks
}

func (h *header) found(feed *Feed) (n int) {
	for text := range h.index {
		if feed.known[text] {
			n++
		}
	}
	return n
}

func (h *header) bindField(f *fieldRule, absent, lacking map[string]bool) {
	for _, flag := range f.flags {
		h.need(flag.column, f.optional, absent, lacking)
	}
	if len(f.columns) == 0 {
		return
	}
	at, ok := h.fieldColumn(f)
	if !ok {
		h.need(f.columns[0], f.optional, absent, lacking)
		return
	}
	h.columns[f.name] = h.texts[at]
	if f.name == ClientNumber {
		h.clients = append(h.clients, fold(h.texts[at]))
	}
}

func (h *header) need(column string, optional bool, absent, lacking map[string]bool) {
	if _, ok := h.index[fold(column)]; ok {
		return
	}
	if optional {
		lacking[column] = true
		return
	}
	absent[column] = true
}

// near finds for a missing column a header that looks like it, in a plausible header. Only such a near miss is shown: any
// other text of the first line may be a person's data. A short name bears one other letter: Naam is two away from Liam.
func (h *header) near(absent map[string]bool) string {
	for _, missing := range slices.Sorted(maps.Keys(absent)) {
		bears := min(2, utf8.RuneCountInString(missing)/4)
		for _, text := range h.texts {
			if text != "" && strictyaml.Distance(fold(missing), fold(text)) <= bears {
				return text
			}
		}
	}
	return ""
}

func missingColumn(names []string) *FileProblem {
	list, nl, en := strings.Join(names, ", "), "ontbreekt: kolom ", "missing column: "
	if len(names) > 1 {
		nl, en = "ontbreken: kolommen ", "missing columns: "
	}
	return &FileProblem{Rule: RuleFileColumn, Message: Message{
		ReasonNL: "In het bestand " + nl + list + ".",
		ReasonEN: en + list,
		HintNL:   "Controleer of de kolom in de export staat, of pas het profiel aan.",
		HintEN:   "Check that the export has the column, or adapt the profile.",
	}}
}

func (p *FileProblem) hintNear(near string) {
	if near == "" {
		return
	}
	p.HintNL += fmt.Sprintf(" Er is wel een kolom %q.", near)
	p.HintEN += fmt.Sprintf(" There is a column %q.", near)
	if strings.ContainsRune(near, utf8.RuneError) {
		p.HintNL += " Het bestand staat in een andere tekencodering dan gelezen is: verbeter encoding in het profiel, of laat het weg."
		p.HintEN += " The file is in another encoding than it was read in: correct encoding in the profile, or leave it out."
	}
}

func (p *FileProblem) hintNoHeader(row int) {
	nl, en := "De eerste regel", "The first line"
	if row > 1 {
		nl, en = fmt.Sprintf("Regel %d", row), fmt.Sprintf("Line %d", row)
	}
	p.HintNL = nl + " lijkt geen kopregel. Exporteer met de kolomnamen erboven, of verbeter headerRow of separator in het profiel."
	p.HintEN = en + " does not look like a header line. Export with the names of the columns on top, or correct headerRow or separator in the profile."
}

func doubledHeader(column string) *FileProblem {
	return &FileProblem{Rule: RuleFileHeaderDoubled, Message: Message{
		ReasonNL: "De kolom " + column + " staat twee keer in de kopregel.",
		ReasonEN: "the header names column " + column + " twice",
		HintNL:   "Laat één van beide uit de export weg of hernoem ze.",
		HintEN:   "Rename or remove one of the two in the export: which one counts can't be guessed.",
	}}
}

// fieldColumn finds the first of a field's column names that the file has.
func (h *header) fieldColumn(f *fieldRule) (int, bool) {
	for _, key := range f.keys {
		if at, ok := h.index[key]; ok {
			return at, true
		}
	}
	return 0, false
}

func (h *header) client(cells []string) string {
	for _, c := range h.clients {
		if text := clean(cell(cells, h.index[c])); text != "" && !strings.ContainsRune(text, utf8.RuneError) {
			return text
		}
	}
	return ""
}

func (h *header) repeats(cells []string) bool {
	if len(cells) != h.raw {
		return false
	}
	for i, c := range cells {
		if clean(c) != h.texts[i] {
			return false
		}
	}
	return true
}

// misfit compares the number of fields with the header. Empty cells behind the
// last column are no field.
func (h *header) misfit(cells []string) *RowProblem {
	n := len(cells)
	for n > h.raw && clean(cells[n-1]) == "" {
		n--
	}
	if n >= h.width && n <= h.raw {
		return nil
	}
	return &RowProblem{Rule: RuleRowFields, Expected: strconv.Itoa(h.width), Message: Message{
		ReasonNL: fmt.Sprintf("De rij heeft %d velden, de kopregel %d.", n, h.width),
		ReasonEN: fmt.Sprintf("the row has %d fields, the header %d", n, h.width),
		HintNL:   "Een scheidingsteken of regeleinde in een tekst moet tussen aanhalingstekens staan.",
		HintEN:   "A separator or line break inside a text must stand between quotes.",
	}}
}

func (h *header) holds(c condition, cells []string) bool {
	text := fold(cell(cells, h.index[c.key]))
	if c.filled != nil {
		return *c.filled == (text != "")
	}
	return c.in[text]
}

func (h *header) holdAll(all []condition, cells []string) bool {
	return !slices.ContainsFunc(all, func(c condition) bool { return !h.holds(c, cells) })
}
