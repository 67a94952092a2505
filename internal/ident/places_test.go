package ident_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/ident"
)

func codeOf(err error) ident.Code {
	var e *ident.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestParseKBO(t *testing.T) {
	tests := []struct {
		in   string
		want ident.KBO
		code ident.Code
	}{
		{"0212214917", "0212214917", ""},
		{"0212.214.917", "0212214917", ""},
		{"BE 0212.214.917", "0212214917", ""},
		{"be0212214917", "0212214917", ""},
		{"212214917", "0212214917", ""},
		{"212.214.917", "0212214917", ""},
		{"0884303369", "0884303369", ""},
		{"884303369", "0884303369", ""},
		{"0884303370", "", ident.CodeCheck},
		{"884303370", "", ident.CodeZeros},
		{"021221491", "", ident.CodeLength},
		{"2212214917", "", ident.CodePrefix},
		{"0000000000", "", ident.CodeCheck},
		{"02122149170", "", ident.CodeLength},
		{"BE", "", ident.CodeDigits},
		{"", "", ident.CodeEmpty},
		{"0212214917a", "", ident.CodeDigits},
	}
	for _, tt := range tests {
		got, err := ident.ParseKBO(tt.in)
		if got != tt.want || codeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("ParseKBO(%q) = %q, %v; want %q, code %q", tt.in, got, err, tt.want, tt.code)
		}
	}
}

func TestKBOFindsAWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.IntRange(0, 19_999_999).Draw(t, "body")
		digits := []byte(fmt.Sprintf("%08d%02d", body, 97-body%97))
		if _, err := ident.ParseKBO(string(digits)); err != nil {
			t.Fatalf("sound number refused: %v", err)
		}
		i := rapid.IntRange(0, 9).Draw(t, "position")
		digits[i] = '0' + (digits[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if got, err := ident.ParseKBO(string(digits)); err == nil {
			t.Fatalf("one wrong digit was accepted as %s", got)
		}
	})
}

func FuzzParseKBO(f *testing.F) {
	for _, s := range []string{"", "BE 0212.214.917", "212214917", "BE", "0000000000", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ident.ParseKBO(s)
		if err != nil {
			if k != "" || codeOf(err) == "" {
				t.Fatalf("ParseKBO(%q) = %q, %v", s, k, err)
			}
			return
		}
		if again, err := ident.ParseKBO(k.String()); err != nil || again != k || len(k) != 10 {
			t.Fatalf("canonical form %q is not stable: %v", k, err)
		}
	})
}

func TestParseNIS(t *testing.T) {
	tests := []struct {
		in   string
		want ident.NIS
		code ident.Code
	}{
		{"11002", "11002", ""},
		{" 44021 ", "44021", ""},
		{"1100", "", ident.CodeLength},
		{"110021", "", ident.CodeLength},
		{"01002", "", ident.CodePrefix},
		{"11.002", "", ident.CodeLayout},
		{"1100a", "", ident.CodeDigits},
		{"", "", ident.CodeEmpty},
	}
	for _, tt := range tests {
		got, err := ident.ParseNIS(tt.in)
		if got != tt.want || codeOf(err) != tt.code || (err == nil) != (tt.code == "") {
			t.Errorf("ParseNIS(%q) = %q, %v; want %q, code %q", tt.in, got, err, tt.want, tt.code)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	codes := []ident.Code{ident.CodeEmpty, ident.CodeDigits, ident.CodeLayout, ident.CodeLength, ident.CodeZeros, ident.CodeCheck, ident.CodeMonth, ident.CodePrefix}
	seen := map[string]bool{}
	for _, c := range codes {
		e := &ident.Error{Kind: ident.KindINSZ, Code: c}
		if seen[e.Error()] || !strings.HasPrefix(e.Error(), "INSZ: ") || e.Hint() == "" {
			t.Errorf("code %s: message %q, hint %q", c, e.Error(), e.Hint())
		}
		seen[e.Error()] = true
	}
}

// The ids are pinned: another value means that registrations made before are made a
// second time.
func TestRegistrationIDIsPinned(t *testing.T) {
	got := ident.RegistrationID("0212214917", "weo", "C-1001", "2025-01-15")
	if want := "9a54e741-8299-5381-822a-f339c819fa64"; got != want {
		t.Errorf("RegistrationID = %s, want %s", got, want)
	}
}

func TestRegistrationIDPartsDoNotCollide(t *testing.T) {
	part := rapid.StringMatching(`[0-9:a]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(part, 0, 4).Draw(t, "a")
		b := rapid.SliceOfN(part, 0, 4).Draw(t, "b")
		same := fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b)
		if same != (ident.RegistrationID("1", "k", a...) == ident.RegistrationID("1", "k", b...)) {
			t.Fatalf("%q and %q: same parts %v", a, b, same)
		}
	})
	if ident.RegistrationID("1", "ab", "c") == ident.RegistrationID("1", "a", "bc") ||
		ident.RegistrationID("12", "a") == ident.RegistrationID("1", "2a") {
		t.Error("OCMW, kind and parts run into each other")
	}
}
