package ident

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unique"
)

// INSZ is a checked social security identification number: a national register
// number, a BIS number, or a TST number of a test person. The zero value is "none".
//
// The digits lie behind a handle instead of in a string: fmt can't call methods on
// unexported fields, and would print a string there.
type INSZ struct {
	digits unique.Handle[string]
}

const masked = "[insz]"

// ErrNoMarshal is what encoding an INSZ by accident ends in.
var ErrNoMarshal = errors.New("an INSZ is not encoded by itself: put Reveal() in a wire struct on purpose")

// Reveal returns the eleven digits, or "" for the zero value. Only for the wire to
// MLP, for payloads that are encrypted, and as input of an HMAC; never for a log, an
// error, a URL, a file name or a column in clear.
func (n INSZ) Reveal() string {
	if n.IsZero() {
		return ""
	}
	return n.digits.Value()
}

// IsZero reports whether there is no number.
func (n INSZ) IsZero() bool { return n == INSZ{} }

// Equal is ==; it lets go-cmp compare values that hold an INSZ.
func (n INSZ) Equal(other INSZ) bool { return n == other }

// String is always the same mask.
func (n INSZ) String() string { return masked }

// GoString is always the same mask.
func (n INSZ) GoString() string { return masked }

// Format writes the mask for every verb, %d and %x included.
func (n INSZ) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// MarshalJSON always fails with ErrNoMarshal.
func (n INSZ) MarshalJSON() ([]byte, error) { return nil, ErrNoMarshal }

// MarshalText always fails with ErrNoMarshal; it also stops YAML, XML and map keys.
func (n INSZ) MarshalText() ([]byte, error) { return nil, ErrNoMarshal }

// IsTest reports a TST number of a synthetic test person (month digits 61-72).
func (n INSZ) IsTest() bool { return n.form() == formTest }

// IsBIS reports a BIS number (month digits 20-32, sex unknown at issue, or 40-52).
func (n INSZ) IsBIS() bool { f := n.form(); return f == formBIS20 || f == formBIS40 }

func (n INSZ) form() monthForm {
	if n.IsZero() {
		return formNone
	}
	f, _ := splitMonth(number(n.Reveal()[2:4]))
	return f
}

// What INSZReading.Doubtful can say.
const (
	DoubtDay     = "day"     // day above 31
	DoubtDate    = "date"    // a date that isn't in the calendar, such as 29 February 1981
	DoubtCounter = "counter" // counter 000 or 999, which is never issued
)

// INSZReading is what ParseINSZ read, and how sure it is.
type INSZReading struct {
	INSZ          INSZ
	RestoredZeros int    // leading zeros put back, 0-4; above 0 is worth a warning
	Doubtful      string // "" or one of the Doubt constants: accepted, worth a warning
}

// maxRestored is how many leading zeros may be put back.
const maxRestored = 4

const inszLen = 11

// A spreadsheet that shows a number with thousands separators.
var thousands = regexp.MustCompile(`^[0-9]{1,3}(?:[. \x{00A0}\x{202F}][0-9]{3})+$`)

// ParseINSZ reads an INSZ written plainly, in its usual form (85.07.30-033.28, with
// dots, dashes, spaces or slashes between YY, MM, DD, counter and check), or as a
// number that lost up to four leading zeros in a spreadsheet.
//
// What is valid: eleven digits; check digits = 97 - (first nine mod 97), or for who
// was born in 2000 or later the same over "2" followed by the nine; and month digits
// 00-12, 20-32 (BIS, sex unknown), 40-52 (BIS) or 61-72 (TST). Nothing else refuses
// a number. 85133000105 fails by its month; 81043103522 fails by its check digits,
// not by being 31 April: day and counter never refuse. They only raise a doubt
// (85073500107, day 35; 81022903534, 29 February 1981; counters 000 and 999), as the
// register has numbers with fictitious dates: once the days of a month had run out
// of counters, others were used. Month and day 00 mean unknown and are no doubt.
//
// Zeros are put back only where the padded number is valid and not doubtful: modulo
// 97 alone lets 2 in 97 arbitrary numbers pass, and two weak signs are no proof.
// Text with the separators of the usual form lost no zeros to a spreadsheet, and is
// not padded. Errors are *Error.
func ParseINSZ(s string) (INSZReading, error) {
	text := strings.TrimSpace(s)
	digits, cuts, code := stripSeparators(text)
	if code != "" {
		return inszError(code)
	}
	grouped := thousands.MatchString(text)
	if len(digits) == inszLen {
		if !grouped && !usualLayout(cuts) {
			return inszError(CodeLayout)
		}
		return checkINSZ(digits)
	}
	if len(digits) > inszLen || len(digits) < inszLen-maxRestored || (len(cuts) > 0 && !grouped) {
		return inszError(CodeLength)
	}
	return restoreINSZ(digits)
}

// restoreINSZ pads digits that a spreadsheet took for a number. There is one padded
// text, and its two centuries can't both pass (2,000,000,000 is no multiple of 97):
// a reading that passes is the only one.
func restoreINSZ(digits string) (INSZReading, error) {
	missing := inszLen - len(digits)
	if digits[0] == '0' {
		// A number never shows a leading zero: digits were lost elsewhere.
		return inszError(CodeZeros)
	}
	reading, err := checkINSZ(strings.Repeat("0", missing) + digits)
	if err != nil || reading.Doubtful != "" {
		return inszError(CodeZeros)
	}
	reading.RestoredZeros = missing
	return reading, nil
}

func checkINSZ(digits string) (INSZReading, error) {
	century := inszCentury(digits)
	if century == 0 {
		return inszError(CodeCheck)
	}
	form, month := splitMonth(number(digits[2:4]))
	if form == formNone {
		return inszError(CodeMonth)
	}
	return INSZReading{
		INSZ:     INSZ{digits: unique.Make(digits)},
		Doubtful: inszDoubt(century+number(digits[:2]), month, number(digits[4:6]), number(digits[6:9])),
	}, nil
}

// inszCentury is the century under which the check digits agree: 1900, 2000, or 0.
func inszCentury(digits string) int {
	const twoBefore = 2_000_000_000 % 97 // reduced first: the sum has to fit 32 bits
	body, check := number(digits[:9]), number(digits[9:])
	if 97-body%97 == check {
		return 1900
	}
	if 97-(twoBefore+body)%97 == check {
		return 2000
	}
	return 0
}

func inszDoubt(year, month, day, counter int) string {
	switch {
	case day > 31:
		return DoubtDay
	case month > 0 && day > daysIn(year, month):
		return DoubtDate
	case counter == 0 || counter == 999:
		return DoubtCounter
	default:
		return ""
	}
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

type monthForm int

const (
	formNone monthForm = iota
	formRegister
	formBIS20
	formBIS40
	formTest
)

// splitMonth separates what the month digits say of the kind of number from the
// month itself (0 = unknown). TST has no month 60: a test person's month is known.
func splitMonth(digits int) (form monthForm, month int) {
	switch {
	case digits <= 12:
		return formRegister, digits
	case digits >= 20 && digits <= 32:
		return formBIS20, digits - 20
	case digits >= 40 && digits <= 52:
		return formBIS40, digits - 40
	case digits >= 61 && digits <= 72:
		return formTest, digits - 60
	default:
		return formNone, 0
	}
}

// usualLayout reports whether separators stand only between the parts of YYMMDD
// counter check. It refuses 1490700185.0, a number with a decimal, which would
// otherwise count eleven digits.
func usualLayout(cuts []int) bool {
	for _, c := range cuts {
		if c != 2 && c != 4 && c != 6 && c != 9 {
			return false
		}
	}
	return true
}

func inszError(code Code) (INSZReading, error) {
	return INSZReading{}, &Error{Kind: KindINSZ, Code: code}
}
