package ident

// Code says what is wrong with an identifier. Codes are stable: reports, rules and
// tests rely on them.
type Code string

// The codes of Error.
const (
	CodeEmpty  Code = "empty"  // nothing but separators
	CodeDigits Code = "digits" // a character that is neither digit nor separator
	CodeLayout Code = "layout" // separators where the written form has none
	CodeLength Code = "length" // too few or too many digits
	CodeZeros  Code = "zeros"  // too short, and leading zeros can't be restored with certainty
	CodeCheck  Code = "check"  // the two check digits don't agree with the rest
	CodeMonth  Code = "month"  // month digits that no kind of INSZ has
	CodePrefix Code = "prefix" // a first digit that this kind of number can't have
)

// Kind names the kind of identifier that was read.
type Kind string

// The kinds of identifier.
const (
	KindINSZ Kind = "INSZ"
	KindKBO  Kind = "KBO"
	KindNIS  Kind = "NIS"
)

// Error says why a text isn't an identifier of its kind. It never holds the text.
type Error struct {
	Kind Kind
	Code Code
}

// Error is one short English sentence, safe to log.
func (e *Error) Error() string {
	return string(e.Kind) + ": " + e.Code.message()
}

// Hint says what to do next, in English; Dutch texts for caseworkers are made from
// Kind and Code where the row is reported.
func (e *Error) Hint() string {
	switch e.Code {
	case CodeEmpty:
		return "fill in the number, or leave the row out of the export"
	case CodeDigits:
		return "export the column as text; a spreadsheet may have turned it into a formula or a number like 8.5E+10"
	case CodeLayout:
		return "write it without separators, or in its usual form"
	case CodeZeros:
		return "export the column as text, so that leading zeros stay"
	}
	switch e.Kind {
	case KindKBO:
		return "look the number up in the Crossroads Bank for Enterprises, and correct it in the source system"
	case KindNIS:
		return "look up the NIS code of the municipality (a postal code is none), and correct it in the source system or in the export"
	default:
		return "compare it with the identity document or the register, and correct it in the source system"
	}
}

func (c Code) message() string {
	switch c {
	case CodeEmpty:
		return "is empty"
	case CodeDigits:
		return "holds something other than digits and separators"
	case CodeLayout:
		return "has separators in unexpected places"
	case CodeLength:
		return "has the wrong number of digits"
	case CodeZeros:
		return "is too short, and lost leading zeros can't be restored with certainty"
	case CodeCheck:
		return "check digits do not agree"
	case CodeMonth:
		return "has impossible month digits"
	case CodePrefix:
		return "begins with a digit that it can't have"
	default:
		return "is not valid"
	}
}
