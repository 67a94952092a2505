package ident

import "strings"

// KBO is a checked enterprise number in its canonical form: ten digits without dots.
// It is public, and may be shown and logged. Made by ParseKBO; "" is "none".
type KBO string

// String is the ten digits.
func (k KBO) String() string { return string(k) }

// ParseKBO reads an enterprise number: ten digits, the first 0 or 1, check = 97 -
// (first eight mod 97). Dots, spaces and dashes, and the prefix BE of a VAT number,
// are taken away; nine digits are taken to have lost a leading 0 in a spreadsheet
// when the check digits agree with that. Errors are *Error.
func ParseKBO(s string) (KBO, error) {
	text := strings.TrimSpace(s)
	if len(text) > 2 && strings.EqualFold(text[:2], "BE") {
		text = text[2:]
	}
	digits, _, code := stripSeparators(text)
	if code != "" {
		return "", &Error{Kind: KindKBO, Code: code}
	}
	restored := len(digits) == 9 && digits[0] != '0'
	if restored {
		digits = "0" + digits
	}
	code = checkKBO(digits)
	if code == CodeCheck && restored {
		code = CodeZeros
	}
	if code != "" {
		return "", &Error{Kind: KindKBO, Code: code}
	}
	return KBO(digits), nil
}

func checkKBO(digits string) Code {
	switch {
	case len(digits) != 10:
		return CodeLength
	case digits[0] > '1':
		return CodePrefix
	case 97-number(digits[:8])%97 != number(digits[8:]):
		return CodeCheck
	default:
		return ""
	}
}

// NIS is a municipality code of five digits. It is public. Which codes exist on
// which day (municipalities merged in 2019 and 2025) is configuration, not checked
// here. Made by ParseNIS; "" is "none".
type NIS string

// String is the five digits.
func (n NIS) String() string { return string(n) }

// ParseNIS reads a municipality code: five digits, the first of them, the province,
// not 0. Errors are *Error.
func ParseNIS(s string) (NIS, error) {
	digits, cuts, code := stripSeparators(strings.TrimSpace(s))
	switch {
	case code != "":
	case len(cuts) > 0:
		code = CodeLayout
	case len(digits) != 5:
		code = CodeLength
	case digits[0] == '0':
		code = CodePrefix
	}
	if code != "" {
		return "", &Error{Kind: KindNIS, Code: code}
	}
	return NIS(digits), nil
}
