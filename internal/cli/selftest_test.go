package cli

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/failpoint"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// story is an outcome of the effects that a string names: c1, w1, e1 of the person with dossier d1; v1 is
// VDAB's own.
func story(effects, street string) outcome {
	o := outcome{state: mockmlp.State{Dossiers: []map[string]any{{"dossierId": "d1", "ssin": "1", "version": len(effects), "street": street}}}}
	for _, name := range strings.Fields(effects) {
		actor := "client"
		if name[0] == 'v' {
			actor = "vdab"
		}
		o.effects = append(o.effects, mockmlp.Effect{DossierID: "d1", Actor: actor, Action: "create", Kind: "category", ID: name, ContentHash: name})
	}
	return o
}

// The oracle of the self-test sees what it is there to see.
func TestCompareOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name, want, got, street string
		verdict                 verdict
	}{
		{"the same", "c1 w1 e1", "c1 w1 e1", "a", verdict{}},
		{"lost", "c1 w1 e1", "c1 e1", "a", verdict{Lost: 1}},
		{"twice", "c1 w1", "c1 w1 w1", "a", verdict{Twice: 1}},
		{"out of order", "c1 w1 e1", "c1 e1 w1", "a", verdict{OutOfOrder: 1}},
		{"unexpected", "c1", "c1 x1", "a", verdict{Unexpected: 1}},
		{"another end", "c1", "c1", "b", verdict{Different: 1}},
		{"VDAB comes when it likes", "c1 v1 w1 e1", "c1 w1 v1 e1", "a", verdict{}},
		{"and what answers it too", "c1 w1 v1 e1", "c1 w1 v1 e1", "a", verdict{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.verdict, compareOutcomes(story(tt.want, "a"), story(tt.got, tt.street))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestTrend(t *testing.T) {
	for _, tt := range []struct {
		name string
		all  []int
		flat bool
	}{
		{"too few", []int{1, 2}, true},
		{"flat", []int{100, 110, 105, 90, 300, 100, 104, 102, 101}, true},
		{"grows", []int{100, 110, 120, 150, 180, 200, 220, 250, 280}, false},
	} {
		if got := trendOf(tt.all).flat(0); got != tt.flat {
			t.Errorf("%s: flat is %v (%+v)", tt.name, got, trendOf(tt.all))
		}
	}
}

// Of what moved, the number is the export's, and nothing else in the row changes.
func TestMoved(t *testing.T) {
	row := "Z10200;Popescu;Ana;07/12/2006;06.72.07-126.32;;Veldstraat 97;9999;Zonnedorp;99991\r\n"
	for who := range uint32(16) {
		switch got := string(moved([]byte(row), 7, who)); got {
		case strings.Replace(row, "Veldstraat 97;", "Veldstraat 1007;", 1):
			return
		case row:
		default:
			t.Fatalf("became %q", got)
		}
	}
	t.Error("never moves")
}

// In as many rounds as there are by default the daemon is killed at every failpoint.
func TestAimsCoverEveryFailpoint(t *testing.T) {
	passed := []failpoint.Passed{{Name: "often.before-send", Times: 50}, {Name: firstWrite, Times: 50}}
	for i, name := range app.Points() {
		if name == firstWrite {
			continue
		}
		p := failpoint.Passed{Name: name, Times: 1 + i%3}
		if slices.ContainsFunc(onlyOnce(), func(row []string) bool { return slices.Contains(row, name) }) || i%2 == 0 {
			passed = slices.Insert(passed, 1, p) // before anything is sent
		} else {
			passed = append(passed, p)
		}
	}
	rounds, _ := reflect.TypeFor[crashCmd]().FieldByName("Rounds")
	byDefault, err := strconv.ParseUint(rounds.Tag.Get("default"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	tt := &torture{seed: 7, passed: passed}
	aimedAt := map[string]bool{}
	for round := range byDefault {
		plan := tt.aims(round)
		for _, a := range slices.Concat(plan.empty, plan.early, plan.sending) {
			aimedAt[a.point] = true
			if strings.HasPrefix(a.point, newState) != slices.Contains(plan.empty, a) {
				t.Errorf("%s is aimed at in the wrong part of a round", a.point)
			}
		}
	}
	for _, p := range passed {
		if !aimedAt[p.Name] {
			t.Errorf("nothing is aimed at %s", p.Name)
		}
	}
}
