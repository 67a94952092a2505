package e2e_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

var poisonRow = regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (wait|go) \\| .+ \\|$")

// The page says of each kind what is behind a parked entry does; that it does so, the suite of the ledgers tries.
func TestPoisonTableIsWhole(t *testing.T) {
	_, rest, _ := strings.Cut(readPage(t, "docs/delivery.md"), "<!-- poison:begin -->")
	table, _, closed := strings.Cut(rest, "<!-- poison:end -->")
	if !closed {
		t.Fatal("docs/delivery.md has no block poison")
	}
	var got []string
	for _, m := range poisonRow.FindAllStringSubmatch(table, -1) {
		if m[2] != "wait" {
			t.Errorf("behind a parked %s later entries are said to %s", m[1], m[2])
		}
		got = append(got, m[1])
	}
	var want []string
	for _, kind := range casefile.RegistrationKinds() {
		want = append(want, string(kind))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the table has %v, the kinds are %v", got, want)
	}
}
