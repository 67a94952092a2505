package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// Who stops a self-test is told so, and nothing of what broke off by it.
func TestAStoppedSelftestSaysSo(t *testing.T) {
	for _, command := range []string{"crash", "outage"} {
		t.Setenv("TMPDIR", t.TempDir())
		ctx, stop := context.WithCancel(t.Context())
		stop()
		var stdout, stderr bytes.Buffer
		code := Run(ctx, []string{"selftest", command}, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr)
		if want := "mlpsync: the self-test was stopped before its end, and proves nothing\n"; code != exitCouldNot || stderr.String() != want {
			t.Errorf("%s: exit status %d, said %q", command, code, stderr.String())
		}
		if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", command, left, err)
		}
	}
}

// A daemon that does not get there tells what is wrong with it, a full disk for one.
func TestTheDaemonOfAnOutageTellsItsTrouble(t *testing.T) {
	var d daemon
	for _, line := range []string{"info", "error", "debug"} {
		fmt.Fprintf(&d, `{"level":%q,"event":"cycle.failed"}`+"\n", line)
	}
	if err := d.failed("not there"); err.Error() != `not there; its last error: {"level":"error","event":"cycle.failed"}` {
		t.Error(err)
	}
}

// A process that is killed before it is ready leaves it to the next to show how long it takes.
func TestRecoverIsToldOfEachPoint(t *testing.T) {
	h := newTorture(nil)
	h.note("", "migrate.before-commit", spans{})
	h.note("migrate.before-commit", "migrate.after-commit", spans{})
	h.note("migrate.after-commit", "start-run.before-commit", spans{ready: time.Second})
	h.note("start-run.before-commit", "", spans{ready: 2 * time.Second})
	for point, want := range map[string]time.Duration{"migrate.before-commit": time.Second, "migrate.after-commit": time.Second, "start-run.before-commit": 2 * time.Second} {
		if got := h.at(point).ready; !slices.Equal(got, []time.Duration{want}) {
			t.Errorf("%s: %v, want %s", point, got, want)
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

// passes are all failpoints as a run may pass them: those of onlyOnce and half of the others before anything is sent.
func passes() []failpoint.Passed {
	passed := []failpoint.Passed{{Name: "often.before-send", Times: 50}, {Name: firstWrite, Times: 50}}
	for i, name := range app.Points() {
		if name == firstWrite {
			continue
		}
		p := failpoint.Passed{Name: name, Times: 1 + i%3}
		if rowOf(name) >= 0 || i%2 == 0 {
			passed = slices.Insert(passed, 1, p) // before anything is sent
		} else {
			passed = append(passed, p)
		}
	}
	return passed
}

func newTorture(passed []failpoint.Passed) *torture {
	const changes = 100
	return &torture{seed: 7, passed: passed, want: outcome{effects: make([]mockmlp.Effect, changes)}, moments: map[string]*moment{}, seen: map[string]bool{}, tried: map[string]bool{}}
}

// In as many rounds as there are by default the daemon is aimed at at every failpoint, in one at all that is not done once; in the
// right part of a round, and also at those that an undisturbed run does not pass.
func TestAimsCoverEveryFailpoint(t *testing.T) {
	rounds, _ := reflect.TypeFor[crashCmd]().FieldByName("Rounds")
	byDefault, err := strconv.Atoi(rounds.Tag.Get("default"))
	if err != nil {
		t.Fatal(err)
	}
	if help := rounds.Tag.Get("help"); byDefault < allTurns() || !strings.Contains(help, "take "+strconv.Itoa(allTurns())+" rounds") {
		t.Errorf("it takes %d rounds, not %d; the help says %s", allTurns(), byDefault, help)
	}
	for _, passed := range [][]failpoint.Passed{passes(), passes()[:20]} {
		tt := newTorture(passed)
		aimedAt := map[string]bool{}
		for round := range byDefault {
			plan := tt.aims(uint64(round))
			for _, a := range slices.Concat(plan.empty, plan.early, plan.sending) {
				aimedAt[a.point] = true
				if strings.HasPrefix(a.point, newState) != slices.Contains(plan.empty, a) {
					t.Errorf("%s is aimed at in the wrong part of a round", a.point)
				}
			}
			for _, point := range plan.open {
				aimedAt[point] = true
			}
			for _, name := range app.Points() {
				if !aimedAt[name] && (rowOf(name) < 0 || round == byDefault-1) {
					t.Errorf("nothing is aimed at %s in %d rounds", name, round+1)
				}
			}
		}
	}
}

// What excuses that a failpoint is not killed at is fixed: failpoints that there are, each in one row of three.
func TestOnlyOnce(t *testing.T) {
	in := map[string]int{}
	for _, row := range onlyOnce() {
		if len(row) != allTurns() {
			t.Errorf("the report says that a round kills at one of %d, and not of %v", allTurns(), row)
		}
		for _, point := range row {
			if in[point]++; in[point] > 1 || !slices.Contains(app.Points(), point) {
				t.Errorf("%s is no failpoint, or stands there twice", point)
			}
		}
	}
}

// An aim is no deeper than what comes by before it is given up: one too deep kills nowhere, and takes work away from the others.
func TestDepth(t *testing.T) {
	tt := newTorture(nil)
	for times, want := range map[int]int{1: 0, 3: 0, 4: 1, 10: 3, 1000: 8} {
		if got := tt.depth(failpoint.Passed{Times: times}); got != want {
			t.Errorf("what comes by %d times in %d changes is waited for until passage %d, want %d", times, len(tt.want.effects), got, want)
		}
	}
}

// The same seed and the same undisturbed run give the same aims.
func TestAimsAreDrawnBySeed(t *testing.T) {
	a, b, other := newTorture(passes()), newTorture(passes()), newTorture(passes())
	other.seed = 8
	show := func(t *torture) string { return fmt.Sprint(t.aims(0), t.aims(1)) }
	if show(a) != show(b) {
		t.Error("one seed, two plans")
	}
	if show(a) == show(other) {
		t.Error("two seeds, one plan")
	}
}

// work is a daemon for a hunt: it passes the points of left, one each, and is cut off after as many as stamina.
type work struct {
	left    []string
	stamina int
	lives   []string
}

func (w *work) life(_ context.Context, a aim, open []string, _ string) (string, error) {
	killed, passed := "", map[string]int{}
	for n := 0; len(w.left) > 0 && killed == ""; n++ {
		if a != (aim{}) && n == w.stamina {
			killed = randomMoment
			break
		}
		point := w.left[0]
		w.left = w.left[1:]
		passed[point]++
		switch {
		case point == a.point && passed[point] == a.nth, point != a.point && slices.Contains(open, point):
			killed = point
		}
	}
	w.lives = append(w.lives, a.name()+"="+killed)
	return killed, nil
}

func TestHunt(t *testing.T) {
	for _, tt := range []struct {
		name, work string
		open       string
		aims       []aim
		want       string
		missed     string
	}{
		{"an open point does not cost an aim its turn", "a p a w q w w", "p q", []aim{{point: "w", nth: 2}}, "w=p w=q w=w nothing=", ""},
		{"what is given up is open from then on", "a a a a w w w", "", []aim{{point: "w", nth: 2}, {point: "b", nth: 1}}, "w=random moment b=w b= nothing=", "b"},
		{"an open point is waited for to the end", "a a a a a a a p a", "p", []aim{{point: "a", nth: 1}}, "a=a nothing=p nothing=", ""},
		{"a random moment comes when its turn is", "p a a a a a", "p", []aim{{after: 1}}, "random moment=p random moment=random moment nothing=", ""},
		{"what does not come by is missed", "a a", "p", []aim{{point: "a", nth: 3}}, "a= nothing=", "a p"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &work{left: strings.Fields(tt.work), stamina: 4}
			h := &hunt{torture: newTorture(nil), life: w.life, open: strings.Fields(tt.open), aimedAt: map[string]bool{}, killedAt: map[string]bool{}}
			if err := errors.Join(h.armed(t.Context(), tt.aims), h.finish(t.Context())); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(w.lives, " ")); diff != "" {
				t.Error(diff)
			}
			var missed []string
			for name := range h.aimedAt {
				if !h.killedAt[name] {
					missed = append(missed, name)
				}
			}
			slices.Sort(missed)
			if diff := cmp.Diff(tt.missed, strings.Join(missed, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is open kills before anything is sent too, and early points do in whatever order they come: a stop by the guard does not
// come again.
func TestOpenFromTheDelivery(t *testing.T) {
	w := &work{left: strings.Fields("p b a w"), stamina: 4}
	h := &hunt{torture: newTorture(nil), life: w.life, aimedAt: map[string]bool{}, killedAt: map[string]bool{}}
	plan := targets{early: []aim{{point: "a", nth: 1}, {point: "b", nth: 1}}, sending: []aim{{point: "w", nth: 1}}, open: []string{"p"}}
	if err := h.work(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("a=p a=b a=a w=w", strings.Join(w.lives, " ")); diff != "" {
		t.Error(diff)
	}
}

// A failpoint that is not killed at is said and fails the self-test, unless its turn is in a later round: then the report says that.
func TestMissedIsNotWell(t *testing.T) {
	const missed = "approve.before-commit"
	for _, tt := range []struct {
		name          string
		spared, tried []string
		well          bool
		says, not     string
	}{
		{"none", nil, nil, true, "lost 0", "tried"},
		{"in vain", []string{missed}, []string{missed}, false, "never killed at, though it was tried in 4 installations: " + missed + "\n", "not tried"},
		{"never even aimed at", []string{missed}, nil, false, "never killed at", "not tried"},
		{"its turn comes later", []string{"acknowledge.before", "acknowledge.after"}, nil, true, "all of them take 3 rounds: acknowledge.before, acknowledge.after\n", "never killed at"},
		{"its turn was in vain", []string{"acknowledge.before"}, []string{"acknowledge.before"}, false, "never killed at", "not tried"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tor := newTorture(passes())
			tor.again = 3
			for _, name := range app.Points() {
				tor.seen[name] = true
				if !slices.Contains(tt.spared, name) {
					tor.at(name).kills++
				}
			}
			for _, name := range tt.tried {
				tor.tried[name] = true
			}
			r := tor.report(1, time.Second)
			if r.well() != tt.well {
				t.Errorf("well is %v", r.well())
			}
			var out bytes.Buffer
			printCrash(&out, r)
			if !strings.Contains(out.String(), tt.says) || strings.Contains(out.String(), tt.not) {
				t.Errorf("it says\n%s", out.String())
			}
		})
	}
}

// What was missed is aimed at once more, each in its part of a round and of a row of onlyOnce one.
func TestAimsAgain(t *testing.T) {
	tor := newTorture(passes())
	for _, name := range app.Points() {
		tor.tried[name] = true
	}
	plan := tor.aimsAgain()
	points := slices.Clone(plan.open)
	for _, a := range slices.Concat(plan.empty, plan.early, plan.sending) {
		points = append(points, a.point)
	}
	if want := len(app.Points()) - len(onlyOnce())*(allTurns()-1); len(points) != want {
		t.Errorf("%d points are aimed at, want %d", len(points), want)
	}
	for _, a := range slices.Concat(plan.empty, plan.sending) {
		if strings.HasPrefix(a.point, newState) != slices.Contains(plan.empty, a) || strings.HasPrefix(a.point, shutdown) != slices.Contains(plan.sending, a) {
			t.Errorf("%s is aimed at in the wrong part of a round", a.point)
		}
	}
	for _, row := range onlyOnce() {
		of := slices.DeleteFunc(slices.Clone(plan.open), func(point string) bool { return !slices.Contains(row, point) })
		if len(of) != 1 {
			t.Errorf("of %v it aims at %v", row, of)
		}
	}
}
