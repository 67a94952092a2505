package ident

// stripSeparators returns the digits of text and, for each separator, how many
// digits stand before it. Text is cut short when it can't be an identifier: input
// is hostile, and may be long.
func stripSeparators(text string) (digits string, cuts []int, code Code) {
	const longest = 64
	if len(text) > longest {
		return "", nil, CodeLength
	}
	buf := make([]byte, 0, 16)
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			buf = append(buf, byte(r))
		case isSeparator(r):
			cuts = append(cuts, len(buf))
		default:
			return "", nil, CodeDigits
		}
	}
	if len(buf) == 0 {
		return "", nil, CodeEmpty
	}
	return string(buf), cuts, ""
}

// isSeparator takes what people and word processors write between groups: dot,
// slash, dashes, and breaking, no-break and narrow spaces.
func isSeparator(r rune) bool {
	switch r {
	case '.', '/', '-', ' ', '\u2010', '\u2011', '\u2013', '\u00a0', '\u202f':
		return true
	}
	return false
}

// number is the value of at most nine ASCII digits.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
