package sqlite

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every transaction of a daemon that writes is in the list that the self-test goes by.
func TestPointsAreAllTransactions(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\b(?:write|transact|commit)\((?:ctx, )?(?:s\.writer, )?"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			// A restore has a store of its own, which passes no points, and its command ends where a daemon begins. Requests are left beside a daemon.
			if m[1] != "forget what MLP held" && m[1] != "leave request" {
				before, after := pointsOf(m[1])
				want = append(want, before, after)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), Points()); diff != "" {
		t.Errorf("-in the code +in the list\n%s", diff)
	}
}
