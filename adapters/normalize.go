package adapters

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes names comparable: header texts and codes differ in case, accents, and
// spaces between exports of the same product.
func fold(s string) string {
	if s = clean(s); isPlain(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\ufeff':
		case unicode.IsSpace(r):
			space = true
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// isPlain: ASCII without a double or odd space, the usual case.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < ' ' || s[i] == ' ' && i > 0 && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// clean trims a cell (no-break spaces too) and gives line breaks one form.
func clean(s string) string {
	if s == "" || isGraphic(s[0]) && isGraphic(s[len(s)-1]) && strings.IndexByte(s, '\r') < 0 {
		return s // the usual case
	}
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return s
}

func isGraphic(b byte) bool { return b > ' ' && b < 0x7f }
