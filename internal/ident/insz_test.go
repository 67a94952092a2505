package ident_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// plain is INSZReading with the digits in the open, so that a test can show them.
type plain struct {
	Digits   string
	Restored int
	Doubtful string
	Code     ident.Code
}

func read(t testing.TB, s string) plain {
	t.Helper()
	r, err := ident.ParseINSZ(s)
	p := plain{Digits: r.INSZ.Reveal(), Restored: r.RestoredZeros, Doubtful: r.Doubtful}
	if err != nil {
		var e *ident.Error
		if !errors.As(err, &e) {
			t.Fatalf("ParseINSZ(%q) error is %T, want *ident.Error", s, err)
		}
		p.Code = e.Code
	}
	return p
}

func TestParseINSZ(t *testing.T) {
	tests := map[string]plain{
		// Valid vectors: national register, BIS and unknown birth dates.
		"85073003328": {Digits: "85073003328"},
		"17073003384": {Digits: "17073003384"},
		"98472899765": {Digits: "98472899765"},
		"01490700185": {Digits: "01490700185"},
		"75460898095": {Digits: "75460898095"},
		"75260898052": {Digits: "75260898052"},
		"00000100166": {Digits: "00000100166"},
		"00000000128": {Digits: "00000000128"},
		"00010000135": {Digits: "00010000135"},
		"00400100155": {Digits: "00400100155"},
		"00200100112": {Digits: "00200100112"},
		"93051822361": {Digits: "93051822361"},
		// TST test persons.
		"67722499797": {Digits: "67722499797"},
		"83660634135": {Digits: "83660634135"},
		"91610100176": {Digits: "91610100176"},
		"00683042157": {Digits: "00683042157"},
		"01690129514": {Digits: "01690129514"},
		// Invalid vectors.
		"12345678901": {Code: ident.CodeCheck},
		"85133000105": {Code: ident.CodeMonth},
		"81043103522": {Code: ident.CodeCheck},
		"81050103521": {Code: ident.CodeCheck},
		"00000000000": {Code: ident.CodeCheck},
		// Accepted with a doubt.
		"85073500107": {Digits: "85073500107", Doubtful: ident.DoubtDay},
		"81022903534": {Digits: "81022903534", Doubtful: ident.DoubtDate},
		"47060200096": {Digits: "47060200096", Doubtful: ident.DoubtCounter},
		"99020299964": {Digits: "99020299964", Doubtful: ident.DoubtCounter},
		// Written forms.
		"85.07.30-033.28":              {Digits: "85073003328"},
		" 850730-033-28\t":             {Digits: "85073003328"},
		"850730/033/28":                {Digits: "85073003328"},
		"85 07 30 033 28":              {Digits: "85073003328"},
		"850730 03328":                 {Digits: "85073003328"},
		"85.07.30 - 033.28":            {Digits: "85073003328"},
		"85.07.30\u2013033.28\u00a0":   {Digits: "85073003328"},
		"85.073.003.328":               {Digits: "85073003328"},
		"8507300.3328":                 {Code: ident.CodeLayout},
		"85073003328.":                 {Code: ident.CodeLayout},
		"1490700185.0":                 {Code: ident.CodeLayout},
		"8.5073003328E10":              {Code: ident.CodeDigits},
		"1490700185,00":                {Code: ident.CodeDigits},
		"\u0668\u0665073003328":        {Code: ident.CodeDigits},
		"":                             {Code: ident.CodeEmpty},
		" - ":                          {Code: ident.CodeEmpty},
		"850730033281":                 {Code: ident.CodeLength},
		strings.Repeat("8", 1<<20):     {Code: ident.CodeLength},
		"85.07.30-033.2":               {Code: ident.CodeLength},
		strings.Repeat("-", 60) + "8.": {Code: ident.CodeLength},
		// Lost leading zeros.
		"1490700185":    {Digits: "01490700185", Restored: 1},
		"1.490.700.185": {Digits: "01490700185", Restored: 1},
		"683042157":     {Digits: "00683042157", Restored: 2},
		"400100155":     {Digits: "00400100155", Restored: 2},
		"10000135":      {Digits: "00010000135", Restored: 3},
		"100166":        {Code: ident.CodeLength}, // five zeros: one too many
		"1490700186":    {Code: ident.CodeZeros},
		"0683042157":    {Code: ident.CodeZeros}, // a number shows no leading zero
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, read(t, in)); diff != "" {
			t.Errorf("ParseINSZ(%.80q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestRestoredAndDoubtfulIsRefused(t *testing.T) {
	digits := withCheck(5, 7, 35, 1, 2000)
	if got := read(t, digits); got.Doubtful != ident.DoubtDay {
		t.Fatalf("written in full: %+v, want doubt about the day", got)
	}
	if got := read(t, digits[1:]); got.Code != ident.CodeZeros {
		t.Errorf("with a lost zero: %+v, want code zeros", got)
	}
}

func TestMonthForms(t *testing.T) {
	for month := range 100 {
		bis := month >= 20 && month <= 32 || month >= 40 && month <= 52
		test := month >= 61 && month <= 72
		ok := month <= 12 || bis || test
		got := read(t, withCheck(85, month, 1, 1, 1900))
		if (got.Code == "") != ok || !ok && got.Code != ident.CodeMonth {
			t.Errorf("month digits %02d: code %q, want valid %v", month, got.Code, ok)
			continue
		}
		if r, err := ident.ParseINSZ(withCheck(85, month, 1, 1, 1900)); err == nil {
			if r.INSZ.IsBIS() != bis || r.INSZ.IsTest() != test {
				t.Errorf("month digits %02d: BIS %v test %v", month, r.INSZ.IsBIS(), r.INSZ.IsTest())
			}
		}
	}
}

func TestDoubtfulDates(t *testing.T) {
	tests := []struct {
		year, month, day, counter, century int
		want                               string
	}{
		{81, 4, 31, 35, 1900, ident.DoubtDate}, // 31 April with sound check digits
		{0, 2, 29, 1, 2000, ""},                // 2000 was a leap year
		{0, 2, 29, 1, 1900, ident.DoubtDate},   // 1900 was not
		{84, 62, 29, 1, 1900, ""},
		{84, 62, 30, 1, 1900, ident.DoubtDate},
		{85, 0, 31, 1, 1900, ""},
		{85, 0, 32, 1, 1900, ident.DoubtDay},
		{85, 7, 0, 1, 1900, ""},
		{85, 47, 30, 0, 1900, ident.DoubtCounter},
		{85, 7, 30, 998, 1900, ""},
	}
	for _, tt := range tests {
		digits := withCheck(tt.year, tt.month, tt.day, tt.counter, tt.century)
		if got := read(t, digits); got.Doubtful != tt.want || got.Digits != digits {
			t.Errorf("%+v: got %+v", tt, got)
		}
	}
}

func TestINSZNeverShows(t *testing.T) {
	const digits = "67722499797"
	r, err := ident.ParseINSZ(digits)
	if err != nil {
		t.Fatal(err)
	}
	type nested struct {
		hidden ident.INSZ
		Open   *ident.INSZ
		list   []ident.INSZ
		m      map[ident.INSZ]int
	}
	for _, value := range []any{r, r.INSZ, &r.INSZ, nested{r.INSZ, &r.INSZ, []ident.INSZ{r.INSZ}, map[ident.INSZ]int{r.INSZ: 1}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T"} {
			out := fmt.Sprintf(verb, value)
			if strings.Contains(out, digits) || strings.Contains(out, fmt.Sprintf("%x", digits)) {
				t.Errorf("Sprintf(%s, %T) shows the digits", verb, value)
			}
		}
	}
	if got := r.INSZ.String() + r.INSZ.GoString() + fmt.Sprint(ident.INSZ{}); got != "[insz][insz][insz]" {
		t.Errorf("masks are %s", got)
	}
}

func TestINSZRefusesEncoding(t *testing.T) {
	r, err := ident.ParseINSZ("67722499797")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(r); !errors.Is(err, ident.ErrNoMarshal) {
		t.Errorf("json.Marshal: %s, %v", out, err)
	}
	if out, err := json.Marshal(map[ident.INSZ]int{r.INSZ: 1}); err == nil {
		t.Errorf("json.Marshal of a map key: %s, %v", out, err)
	}
	if out, err := xml.Marshal(r); !errors.Is(err, ident.ErrNoMarshal) {
		t.Errorf("xml.Marshal: %s, %v", out, err)
	}
}

func TestINSZCompares(t *testing.T) {
	dotted, _ := ident.ParseINSZ("85.07.30-033.28")
	bare, _ := ident.ParseINSZ("85073003328")
	other, _ := ident.ParseINSZ("17073003384")
	if dotted.INSZ != bare.INSZ || !dotted.INSZ.Equal(bare.INSZ) || bare.INSZ == other.INSZ {
		t.Error("equality does not follow the number")
	}
	var none ident.INSZ
	if !none.IsZero() || bare.INSZ.IsZero() || none.Reveal() != "" || none.IsBIS() || none.IsTest() {
		t.Error("the zero value is not an empty one")
	}
}

// withCheck builds eleven digits with the right check digits for a century.
func withCheck(year, month, day, counter, century int) string {
	body := fmt.Sprintf("%02d%02d%02d%03d", year, month, day, counter)
	var n int64
	for _, c := range body {
		n = n*10 + int64(c-'0')
	}
	if century == 2000 {
		n += 2_000_000_000
	}
	return fmt.Sprintf("%s%02d", body, 97-n%97)
}

func drawINSZ(t *rapid.T) string {
	month := rapid.IntRange(0, 12).Draw(t, "month") + rapid.SampledFrom([]int{0, 20, 40}).Draw(t, "form")
	return withCheck(rapid.IntRange(0, 99).Draw(t, "year"), month, rapid.IntRange(0, 99).Draw(t, "day"),
		rapid.IntRange(0, 999).Draw(t, "counter"), rapid.SampledFrom([]int{1900, 2000}).Draw(t, "century"))
}

// A wrong digit is found, unless it happens to make the number of the other century.
func TestWrongCheckDigitIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := drawINSZ(t)
		if _, err := ident.ParseINSZ(digits); err != nil {
			t.Fatalf("sound number refused: %v", err)
		}
		wrong := fmt.Sprintf("%s%02d", digits[:9], rapid.IntRange(0, 99).Draw(t, "check"))
		part := func(from, to int) int { v, _ := strconv.Atoi(digits[from:to]); return v }
		sound := false
		for _, century := range []int{1900, 2000} {
			sound = sound || wrong == withCheck(part(0, 2), part(2, 4), part(4, 6), part(6, 9), century)
		}
		if _, err := ident.ParseINSZ(wrong); (err == nil) != sound {
			t.Fatalf("other check digits: sound %v, error %v", sound, err)
		}
	})
}

func TestWrittenFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawINSZ(t)
		sep := rapid.SampledFrom([]string{"", ".", "-", " ", "/", " - "})
		dotted := d[:2] + sep.Draw(t, "a") + d[2:4] + sep.Draw(t, "b") + d[4:6] + sep.Draw(t, "c") + d[6:9] + sep.Draw(t, "d") + d[9:]
		want, err1 := ident.ParseINSZ(d)
		got, err2 := ident.ParseINSZ(dotted)
		if err1 != nil || err2 != nil || want != got {
			t.Fatalf("%q and its plain form differ: %v %v", dotted, err1, err2)
		}
	})
}

func TestLostZerosComeBackOrAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawINSZ(t)
		short := strings.TrimLeft(d, "0")
		full, err := ident.ParseINSZ(d)
		if err != nil {
			t.Fatalf("sound number refused: %v", err)
		}
		got, err := ident.ParseINSZ(short)
		lost := len(d) - len(short)
		mustCome := lost <= 4 && (lost == 0 || full.Doubtful == "")
		if mustCome != (err == nil) {
			t.Fatalf("%d zeros lost, doubt %q: error %v", lost, full.Doubtful, err)
		}
		if err == nil && (got.INSZ != full.INSZ || got.RestoredZeros != lost) {
			t.Fatalf("%d zeros lost: read something else", lost)
		}
	})
}

func FuzzParseINSZ(f *testing.F) {
	for _, s := range []string{"", "85.07.30-033.28", "1490700185", "00000000000", "1.490.700.185", "8,5E+10", "\u202f\xff", "81043103522"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ident.ParseINSZ(s)
		if err != nil {
			if r != (ident.INSZReading{}) {
				t.Fatal("an error came with a reading")
			}
			if trimmed := strings.TrimSpace(s); len(trimmed) > 2 && strings.ContainsAny(trimmed, "0123456789") && strings.Contains(err.Error(), trimmed) {
				t.Fatalf("the error holds the value: %v", err)
			}
			return
		}
		digits := r.INSZ.Reveal()
		again, err := ident.ParseINSZ(digits)
		if len(digits) != 11 || err != nil || again.INSZ != r.INSZ || again.RestoredZeros != 0 {
			t.Fatalf("canonical form is not stable: %v", err)
		}
	})
}
