package e2e_test

import (
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
)

// What the worklist tells a caseworker to type is taken, for every question of the sample. The state
// is the test's own: nothing is carried out.
func TestSuggestedCommandsAreTaken(t *testing.T) {
	w := newWorld(t)
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	w.drop(files)
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	taken := map[string]int{}
	for _, list := range decode[app.Worklist](t, w.run("worklist", "--json")).Caseworkers {
		for _, item := range list.Items {
			for _, answer := range item.Answers {
				command, _, _ := strings.Cut(answer, " betekent: ")
				words := strings.Fields(strings.NewReplacer("BESTAND", w.path("mlpsync.yaml"), `"..."`, "nagekeken").Replace(command))
				if words[0] != "mlpsync" {
					continue // in the export
				}
				if r := mlpsync(t, words[1:]...); r.code != 0 {
					t.Errorf("%s: exit status %d\n%s", command, r.code, clipped(r.String()))
				}
				taken[item.Rule]++
			}
		}
	}
	for _, rule := range []string{"CAT-03", "CAT-08", "CAT-09", "CAT-10", "CAT-13", "TWE-16"} {
		if taken[rule] == 0 {
			t.Errorf("the sample asks nothing of %s: %v", rule, taken)
		}
	}
}
