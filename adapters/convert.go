package adapters

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// fault says why a cell was refused; the table makes a RowProblem of it.
type fault struct {
	rule     string
	expected string
	Message
}

func cellFault(rule, expected, reasonNL, reasonEN string) *fault {
	f := &fault{rule: rule, expected: expected}
	f.ReasonNL, f.ReasonEN = reasonNL, reasonEN
	if expected != "" {
		f.HintNL, f.HintEN = "Verbeter dit in het bronsysteem of in de export; verwacht: "+strings.ReplaceAll(expected, "yyyy", "jjjj")+".", "Mend it in the source or the export; expected: "+expected+"."
	}
	return f
}

// undecodable is the fault of a cell in which a character was lost: what stands
// there is not what the person's name or number is.
func undecodable() *fault {
	f := cellFault(RuleCellText, "",
		"De cel bevat tekens die niet leesbaar zijn.", "the cell holds bytes that are no character")
	f.HintNL = "Laat het bestand opnieuw exporteren, bij voorkeur als UTF-8."
	f.HintEN = "Export the file again, as UTF-8 if possible, or set encoding in the profile."
	return f
}

// convert turns a cell into the field's value; nil means empty.
func (f *fieldRule) convert(cell string) (any, *fault) {
	if strings.ContainsRune(cell, utf8.RuneError) {
		return nil, undecodable()
	}
	text := clean(cell)
	if text == "" {
		return f.whenEmpty, nil
	}
	if len(f.empty) > 0 && f.empty[fold(text)] {
		return f.whenEmpty, nil
	}
	switch f.typ {
	case TypeDate:
		return f.date(text)
	case TypeDecimal:
		return f.number(text)
	case TypeInteger:
		return f.integer(text)
	case TypeBoolean:
		return f.boolean(text)
	case TypeList:
		return f.list(text)
	}
	return f.text(text)
}

func (f *fieldRule) text(text string) (any, *fault) {
	if f.codes == nil {
		return text, nil
	}
	code, ok := f.codes[fold(text)]
	if !ok {
		return nil, cellFault(RuleCellCode, f.codeList,
			"Deze waarde is niet gekend.", "the code is not in the profile's list")
	}
	if code == "" {
		return f.whenEmpty, nil
	}
	return code, nil
}

// date tries each format; midnight behind a date, as databases print it, is
// no part of it.
func (f *fieldRule) date(text string) (any, *fault) {
	bare := text
	for _, midnight := range []string{" 00:00:00.000", " 00:00:00", " 00:00", " 0:00:00", " 0:00", "T00:00:00"} {
		if cut, found := strings.CutSuffix(text, midnight); found {
			bare = cut
			break
		}
	}
	for _, format := range f.dates {
		for _, candidate := range []string{bare, text} {
			if t, ok := format.parse(candidate); ok {
				return t.Format(time.DateOnly), nil
			}
		}
	}
	texts := make([]string, len(f.dates))
	for i, format := range f.dates {
		texts[i] = format.text
	}
	return nil, cellFault(RuleCellDate, strings.Join(texts, ", "),
		"Deze datum bestaat niet, of is anders geschreven dan verwacht.", "no existing date in a known format")
}

var (
	commaNumber = regexp.MustCompile(`^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$`)
	pointNumber = regexp.MustCompile(`^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$`)
)

// number reads a decimal. "1.234" is 1234 to one house and 1.234 to another:
// without a setting it is refused, not guessed.
func (f *fieldRule) number(text string) (any, *fault) {
	text = withoutSpaces(text)
	var readings []json.Number
	if f.decimal != "point" && commaNumber.MatchString(text) {
		readings = append(readings, canonical(strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", ".")))
	}
	if f.decimal != "comma" && pointNumber.MatchString(text) {
		readings = append(readings, canonical(strings.ReplaceAll(text, ",", "")))
	}
	readings = slices.Compact(readings)
	switch {
	case len(text) > 40 || len(readings) == 0:
		return nil, cellFault(RuleCellDecimal, "1234,5",
			"Dit is geen getal.", "not a number")
	case len(readings) > 1:
		wrong := cellFault(RuleCellDecimal, "1234,5",
			"Dit getal kan op twee manieren gelezen worden.", "the number can be read in two ways")
		wrong.HintEN = "Set decimal: comma or decimal: point in the profile."
		return nil, wrong
	}
	return readings[0], nil
}

// integer reads a whole number; its groups may be separated by dots or commas and
// ",00" is no fraction.
func (f *fieldRule) integer(text string) (any, *fault) {
	plain := fieldRule{decimal: f.decimal}
	if f.decimal == "auto" {
		plain.decimal = "comma"
	}
	v, wrong := plain.number(text)
	if wrong != nil || strings.Contains(string(v.(json.Number)), ".") {
		return nil, cellFault(RuleCellInteger, "1234", "Dit is geen geheel getal.", "not a whole number")
	}
	return v, nil
}

// withoutSpaces drops the spaces that group digits.
func withoutSpaces(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, text)
}

// canonical writes equal numbers alike, so that 38 and 38,00 are no change. It
// takes digits with at most one point and a sign.
func canonical(text string) json.Number {
	digits, negative := strings.CutPrefix(strings.TrimPrefix(text, "+"), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return json.Number(out)
}

func (f *fieldRule) boolean(text string) (any, *fault) {
	switch folded := fold(text); {
	case f.yes[folded]:
		return true, nil
	case f.no[folded]:
		return false, nil
	}
	return nil, cellFault(RuleCellBoolean, "ja, nee",
		"Dit is geen ja of nee.", "neither a yes nor a no of the profile")
}

func (f *fieldRule) list(text string) (any, *fault) {
	items := []any{}
	for part := range strings.SplitSeq(text, f.separator) {
		if part = clean(part); part == "" {
			continue
		}
		v, wrong := f.text(part)
		if wrong != nil {
			return nil, wrong
		}
		if v != nil && !slices.Contains(items, v) {
			items = append(items, v)
		}
	}
	return items, nil
}
