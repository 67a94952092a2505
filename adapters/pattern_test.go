package adapters

import "testing"

// FuzzDatesOfFixedLength: they are read as the regular expression of their format has them.
func FuzzDatesOfFixedLength(f *testing.F) {
	formats := []string{"dd/mm/yyyy", "yyyy-mm-dd", "yyyymmdd", "dd.mm.yyyy HH:MM:SS", "yyyy-mm-ddTHH:MM", "(dd)mm*yyyy", "dd é mm yyyy", "yyyyydd.mm"}
	for i := range formats {
		for _, text := range []string{"", "07/12/1986", "29/02/2023", "29-02-2024", "2024-02-30", "20260313", "1.2.2026", "01.02.2026 23:59:60", "2026-03-13T24:00", "(07)12*1986", "07 é 12 1986", "1986y07.12", "٠٧/12/1986", "07/12/1899"} {
			f.Add(text, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		format, err := parseDateFormat(formats[int(which)%len(formats)])
		if err != nil || !format.fixed {
			t.Fatal(format.fixed, err)
		}
		have, is := format.parse(text)
		want, should := format.parseAny(text)
		if is != should || is && !have.Equal(want) {
			t.Errorf("%q in %s is %v, %v, where the expression has %v, %v", text, format.text, have, is, want, should)
		}
	})
}

// A part of one or two digits is no matter of places.
func TestDatesOfAnyLength(t *testing.T) {
	format, err := parseDateFormat("d/m/yyyy")
	if err != nil || format.fixed {
		t.Fatal(format.fixed, err)
	}
	for _, text := range []string{"7/12/1986", "07/12/1986", "17/1/1986"} {
		if _, is := format.parse(text); !is {
			t.Errorf("%s is no date", text)
		}
	}
}

// FuzzClean: what needs no cleaning is told at its ends.
func FuzzClean(f *testing.F) {
	for _, text := range []string{"", "a", " a", "a\u00a0", "\ufeffa", "a\rb", "a\r\n", "é", "a\u200b", "\u0085a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if have, want := clean(text), clean(" "+text); have != want {
			t.Errorf("%q is cleaned to %q, where the long way has %q", text, have, want)
		}
	})
}
