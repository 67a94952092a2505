package adapters

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// dateTokens are the parts of a date format, longest first. mm is the month, MM the
// minute.
func dateTokens() []struct{ text, expr string } {
	return []struct{ text, expr string }{
		{"yyyy", `(\d{4})`}, {"mm", `(\d{2})`}, {"dd", `(\d{2})`}, {"HH", `(\d{2})`}, {"MM", `(\d{2})`},
		{"SS", `(\d{2})`}, {"m", `(\d{1,2})`}, {"d", `(\d{1,2})`},
	}
}

// dateFormat reads dates written as "dd/mm/yyyy" and the like.
type dateFormat struct {
	text  string
	expr  string // regular expression, one group a token
	parts []string
	match *regexp.Regexp
	fixed bool // every part has one length, so that text tells what stands where
}

func parseDateFormat(text string) (dateFormat, error) {
	f := dateFormat{text: text}
	seen := map[byte]bool{}
	f.fixed = true
	for rest := text; rest != ""; {
		token, expr := nextToken(rest)
		if expr == "" {
			f.expr += regexp.QuoteMeta(rest[:1])
			rest = rest[1:]
			continue
		}
		if seen[token[0]] {
			return f, fmt.Errorf("%q names a part twice", text)
		}
		seen[token[0]] = true
		f.fixed = f.fixed && len(token) > 1
		f.expr += expr
		f.parts = append(f.parts, token)
		rest = rest[len(token):]
	}
	if !seen['y'] || !seen['m'] || !seen['d'] {
		return f, fmt.Errorf("%q lacks yyyy, mm or dd", text)
	}
	var err error
	f.match, err = regexp.Compile(`^` + f.expr + `$`)
	return f, err
}

func nextToken(rest string) (token, expr string) {
	for _, t := range dateTokens() {
		if strings.HasPrefix(rest, t.text) {
			return t.text, t.expr
		}
	}
	return "", ""
}

// parse reads a whole text; false when it doesn't have this form or names a day
// that there isn't.
func (f dateFormat) parse(s string) (time.Time, bool) {
	if f.fixed {
		return f.parseFixed(s)
	}
	return f.parseAny(s)
}

// parseFixed is parseAny where the length of each part is given: exports have a date in each row.
func (f dateFormat) parseFixed(s string) (time.Time, bool) {
	if len(s) != len(f.text) {
		return time.Time{}, false
	}
	var v parts
	part := 0
	for at := 0; at < len(s); {
		if part == len(f.parts) || !strings.HasPrefix(f.text[at:], f.parts[part]) {
			if s[at] != f.text[at] {
				return time.Time{}, false
			}
			at++
			continue
		}
		for range f.parts[part] {
			if s[at] < '0' || s[at] > '9' {
				return time.Time{}, false
			}
			v[f.text[at]] = 10*v[f.text[at]] + int(s[at]-'0')
			at++
		}
		part++
	}
	return v.time()
}

func (f dateFormat) parseAny(s string) (time.Time, bool) {
	groups := f.match.FindStringSubmatch(s)
	if groups == nil {
		return time.Time{}, false
	}
	return f.time(groups[1:])
}

func (f dateFormat) time(groups []string) (time.Time, bool) {
	var v parts
	for i, part := range f.parts {
		n, err := strconv.Atoi(groups[i])
		if err != nil {
			return time.Time{}, false
		}
		v[part[0]] = n
	}
	return v.time()
}

// parts are a date's, by the letter of their token.
type parts ['z']int

func (v *parts) time() (time.Time, bool) {
	t := time.Date(v['y'], time.Month(v['m']), v['d'], v['H'], v['M'], v['S'], 0, time.UTC)
	real := t.Year() == v['y'] && int(t.Month()) == v['m'] && t.Day() == v['d'] &&
		t.Hour() == v['H'] && t.Minute() == v['M'] && t.Second() == v['S']
	return t, real && t.Year() >= 1900 && t.Year() < 2200
}

// namePattern matches file names; case doesn't matter, nor whether an accent is a character of its own, as Apple's systems write it.
type namePattern struct {
	text  string
	match *regexp.Regexp
	date  *dateFormat
}

func parsePattern(text string) (namePattern, error) {
	p := namePattern{text: text}
	if text == "" || strings.ContainsAny(text, `/\`) {
		return p, fmt.Errorf("a pattern is a file name, without folder")
	}
	var expr strings.Builder
	for rest := norm.NFC.String(text); rest != ""; {
		switch {
		case rest[0] == '*':
			expr.WriteString(`.*`)
		case rest[0] == '?':
			expr.WriteString(`.`)
		case rest[0] == '{':
			inner, after, closed := strings.Cut(rest[1:], "}")
			format, isDate := strings.CutPrefix(inner, "date:")
			if !closed || !isDate || p.date != nil {
				return p, fmt.Errorf("braces hold one date, such as {date:yyyymmdd}")
			}
			date, err := parseDateFormat(format)
			if err != nil {
				return p, err
			}
			p.date = &date
			expr.WriteString(date.expr)
			rest = after
			continue
		default:
			end := strings.IndexAny(rest, "*?{")
			if end < 0 {
				end = len(rest)
			}
			expr.WriteString(regexp.QuoteMeta(rest[:end]))
			rest = rest[end:]
			continue
		}
		rest = rest[1:]
	}
	match, err := regexp.Compile(`(?is)^` + expr.String() + `$`)
	p.match = match
	return p, err
}

// matches says whether a name has this form; with a date in the pattern only when
// the date is one.
func (p namePattern) matches(name string) (date time.Time, dated, ok bool) {
	groups := p.match.FindStringSubmatch(norm.NFC.String(name))
	if groups == nil {
		return time.Time{}, false, false
	}
	if p.date == nil {
		return time.Time{}, false, true
	}
	date, ok = p.date.time(groups[1:])
	return date, ok, ok
}
