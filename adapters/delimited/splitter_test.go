package delimited

import (
	"slices"
	"testing"
)

// FuzzSplit: a line without a quote is split into what reading it byte by byte makes of it.
func FuzzSplit(f *testing.F) {
	for _, line := range []string{"", ";", "a;b", " a ; b", ";;;", "é;\xe9;\x81\xff;b", "a,b;c", "a;b;c;d;e;f;g;h;i"} {
		f.Add([]byte(line), true)
		f.Add([]byte(line), false)
	}
	f.Fuzz(func(t *testing.T, line []byte, windows bool) {
		form := encodingUTF8
		if windows {
			form = encodingWindows1252
		}
		fast := parser{separator: ';', encoding: form, limit: 8}
		slow := fast
		fast.feed(line)
		slow.fed = true // which is what keeps it from splitting
		slow.feed(line)
		if slices.Contains(line, '"') {
			return
		}
		if !slices.Equal(fast.cells, slow.cells) || fast.open != slow.open || fast.broken != slow.broken || fast.tooMany != slow.tooMany {
			t.Errorf("%q is split into %q, where reading has %q", line, fast.cells, slow.cells)
		}
	})
}
