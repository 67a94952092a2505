package cycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMarksAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m marks
		want := map[int64]byte{}
		person := rapid.OneOf(rapid.Int64Range(0, 600), rapid.Int64Range(0, 1<<62))
		for range rapid.IntRange(0, 60).Draw(t, "times") {
			id, mark := person.Draw(t, "person"), rapid.Byte().Draw(t, "mark")|1
			m.set(id, mark)
			want[id] = mark
			other := person.Draw(t, "other")
			if m.get(id) != mark || m.get(other) != want[other] || m.count != len(want) {
				t.Fatalf("%d and %d have %d and %d, of %d", id, other, m.get(id), m.get(other), m.count)
			}
		}
		counts := map[byte]int{}
		for _, mark := range want {
			counts[mark]++
		}
		if diff := cmp.Diff(counts, m.counts()); diff != "" {
			t.Fatalf("counts (-want +got):\n%s", diff)
		}
	})
}
