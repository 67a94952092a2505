package delimited

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestScanner counts the same however the text comes, and as one who looks at each character.
func TestScanner(t *testing.T) {
	pieces := []string{"nummer;naam", "\n", "\r\n", "\r", "é", "€", "\U0001f600", "\x80", "\xe2\x82", "\xff", "12345678", "a"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 60).Draw(t, "pieces"), "")
		want := countEach(text)
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(text), "halves": iotest.HalfReader(strings.NewReader(text)), "bytes": iotest.OneByteReader(strings.NewReader(text)),
		} {
			var s scanner
			if err := s.run(context.Background(), r, 1<<20); err != nil {
				t.Fatal(err)
			}
			if got := [4]int{s.lf, s.cr, s.multi, s.invalid}; got != want {
				t.Errorf("%q, %s: lines, carriage returns, sequences and broken bytes %v, want %v", text, name, got, want)
			}
		}
	})
}

func countEach(text string) (n [4]int) {
	for i, r := range text {
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == '\n':
			n[0]++
		case r == '\r':
			n[1]++
		case r == utf8.RuneError && size == 1:
			n[3]++
		case r >= utf8.RuneSelf:
			n[2]++
		}
	}
	return n
}
