package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/failpoint"
)

type crashCmd struct {
	Rounds int    `default:"3" placeholder:"N" help:"How many times to start over. A round kills at each failpoint, and at random moments in between; but of work that is done once it kills at one of 3 points, so that all of them take 3 rounds."`
	Seed   uint64 `default:"1" placeholder:"S" help:"Draws which passage of a failpoint kills, and the random moments."`
	Only   string `placeholder:"PREFIX" help:"Kill only at failpoints whose name begins so."`
	JSON   bool   `name:"json" help:"Print the report as JSON."`
}

// errNotAtRest means that a daemon still had something to do when patience ended.
var errNotAtRest = errors.New("the daemon does not come to rest")

// crashReport is what selftest crash found.
type crashReport struct {
	Seed     uint64 `json:"seed"`
	Rounds   int    `json:"rounds"`
	Points   int    `json:"failpoints"` // that the work passes
	Kills    int    `json:"kills"`
	UnderWay int    `json:"killsWithEntriesUnderWay"`
	verdict
	// Again is how many more installations it took for the failpoints that the rounds missed.
	Again int `json:"roundsAgain"`
	// Never are the failpoints that never came by. At Missed it was never killed though it was tried, and Left are
	// those whose turn (onlyOnce) takes more rounds.
	Never   []string       `json:"neverPassed"`
	Missed  []string       `json:"neverKilledAt"`
	Left    []string       `json:"notTried"`
	Moments []momentReport `json:"moments"`
	// FirstChange is from the start of a process until MLP changed again.
	FirstChange delays  `json:"firstChange"`
	Changes     int     `json:"changesInARound"`
	Seconds     float64 `json:"seconds"`
}

// momentReport is what came of the kills at one failpoint, or at random moments.
type momentReport struct {
	Name   string `json:"name"`
	Kills  int    `json:"kills"`
	Missed int    `json:"notReached"` // rounds that aimed at it in vain
	// Of the rounds in which it was killed here.
	verdict
	// Recover is from the start of the next process until it is ready: what was under way is known,
	// and the work goes on. Where that one was killed before, it is the next that came so far.
	Recover delays `json:"recover"`
}

// delays are how long something took, each time.
type delays struct {
	MedianMs int64 `json:"medianMs"`
	MaxMs    int64 `json:"maxMs"`
	Times    int   `json:"times"`
}

func delaysOf(all []time.Duration) delays {
	if len(all) == 0 {
		return delays{}
	}
	all = slices.Sorted(slices.Values(all))
	return delays{all[len(all)/2].Milliseconds(), all[len(all)-1].Milliseconds(), len(all)}
}

func (d delays) String() string {
	if d.Times == 0 {
		return "-"
	}
	return fmt.Sprintf("%d ms, at most %d", d.MedianMs, d.MaxMs)
}

const (
	randomMoment = "random moment"
	firstWrite   = "write.before-send"
	shutdown     = "shutdown."
	newState     = "migrate."
	// spent is the number of changes in MLP after which an aim is given up, so that work is
	// left for the others: the daemon is killed all the same, and from then on the point's next passage kills.
	spent = 30
	// again is how often what the rounds missed is tried once more, in an installation of its own.
	again = 3
	// randomEvery is after how many failpoints a random moment comes.
	randomEvery = 4
	// patience is how long a daemon may take to come to its end; a round takes seconds.
	patience = 5 * time.Minute
)

// Run prints the report, and fails when anything was lost, done twice or out of order, or a failpoint missed.
func (c crashCmd) Run(s *session) error { return unlessStopped(s, c.run(s)) }

func (c crashCmd) run(s *session) error {
	if c.Rounds < 1 || c.Rounds > 1000 {
		return &usageError{errors.New("--rounds takes 1 to 1000")}
	}
	if err := refuseUnknownPoints(c.Only); err != nil {
		return err
	}
	began := time.Now()
	say := func(format string, args ...any) {
		if !c.JSON {
			fmt.Fprintf(s.stdout, format+"\n", args...)
		}
	}
	say("There is no public MLP API: this runs against the bundled mock, with test persons.")
	say("one run that nobody disturbs ...")
	t := &torture{seed: c.Seed, only: c.Only, moments: map[string]*moment{}, seen: map[string]bool{}, tried: map[string]bool{}}
	if err := t.undisturbed(s.ctx); err != nil {
		return err
	}
	say("%d changes in MLP, %d failpoints; killing ...", len(t.want.effects), len(t.passed))
	for n := range c.Rounds {
		v, kills, err := t.round(s.ctx, t.aims(uint64(n)))
		if err != nil {
			return fmt.Errorf("round %d of seed %d: %w", n+1, c.Seed, err)
		}
		say("round %d: killed %d times, lost %d, effects twice %d, out of order %d", n+1, kills, v.Lost, v.Twice, v.OutOfOrder)
	}
	for ; t.again < again && len(t.missed()) > 0; t.again++ {
		say("once more, for what was missed: %s", strings.Join(t.missed(), ", "))
		v, kills, err := t.round(s.ctx, t.aimsAgain())
		if err != nil {
			return fmt.Errorf("once more for seed %d: %w", c.Seed, err)
		}
		say("once more: killed %d times, lost %d, effects twice %d, out of order %d", kills, v.Lost, v.Twice, v.OutOfOrder)
	}
	r := t.report(c.Rounds, time.Since(began))
	if c.JSON {
		if err := printJSON(s.stdout, r); err != nil {
			return err
		}
	} else {
		printCrash(s.stdout, r)
	}
	if !r.well() {
		return errLeft
	}
	return nil
}

// well tells whether the report proves what it is there to prove.
func (r crashReport) well() bool {
	return r.clean() && r.Kills > 0 && len(r.Never) == 0 && len(r.Missed) == 0
}

// torture kills, and keeps count.
type torture struct {
	seed    uint64
	only    string
	want    outcome
	passed  []failpoint.Passed
	total   verdict
	under   int
	moments map[string]*moment
	seen    map[string]bool // points that came by, as far as processes lived to tell
	tried   map[string]bool // points that were aimed at
	again   int
	order   []string
	unready []string        // where was killed since a process was ready
	changed []time.Duration // from a start to the first change in MLP
}

type moment struct {
	kills, missed int
	verdict
	ready []time.Duration
}

func (t *torture) came(points []failpoint.Passed) {
	for _, p := range points {
		t.seen[p.Name] = true
	}
}

// never are the failpoints that never came by.
func (t *torture) never() []string {
	return slices.DeleteFunc(app.Points(), func(point string) bool { return t.seen[point] })
}

// missed are the failpoints that were aimed at in vain.
func (t *torture) missed() []string {
	return slices.DeleteFunc(t.spared(), t.later)
}

// left are the failpoints that have their turn in a later round.
func (t *torture) left() []string {
	return slices.DeleteFunc(t.spared(), func(point string) bool { return !t.later(point) })
}

// later excuses that nothing was killed at a failpoint: nothing else does.
func (t *torture) later(point string) bool {
	return rowOf(point) >= 0 && !t.tried[point]
}

// spared are the failpoints at which nothing was killed.
func (t *torture) spared() []string {
	return slices.DeleteFunc(app.Points(), func(point string) bool {
		m := t.moments[point]
		return !strings.HasPrefix(point, t.only) || m != nil && m.kills > 0
	})
}

func (t *torture) at(name string) *moment {
	if t.moments[name] == nil {
		t.moments[name] = &moment{}
		t.order = append(t.order, name)
	}
	return t.moments[name]
}

// undisturbed is the oracle: the same work without a kill.
func (t *torture) undisturbed(ctx context.Context) (err error) {
	b, err := newBench(ctx, t.seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := errors.Join(b.harden(), b.withhold()); err != nil {
		return err
	}
	begun, err := b.outdate(ctx)
	if err = errors.Join(err, b.deliver()); err != nil {
		return err
	}
	k, err := startChild(ctx, b.config(), "")
	if err != nil {
		return err
	}
	defer k.kill()
	if _, _, err := await(ctx, k, b, nil); err != nil {
		return err
	}
	k.stop()
	t.came(begun)
	t.came(k.points)
	begun = slices.DeleteFunc(begun, func(p failpoint.Passed) bool { return !strings.HasPrefix(p.Name, newState) })
	t.passed, t.want = append(begun, k.points...), outcomeOf(b.mock)
	if len(t.passed) == 0 || len(t.want.effects) == 0 {
		return k.failed("the undisturbed run did nothing")
	}
	return nil
}

// round kills the daemon of one installation again and again, lets it finish, and judges.
func (t *torture) round(ctx context.Context, plan targets) (v verdict, kills int, err error) {
	b, err := newBench(ctx, t.seed)
	if err != nil {
		return v, 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	h := &hunt{torture: t, bench: b, aimedAt: map[string]bool{}, killedAt: map[string]bool{}}
	h.life = func(ctx context.Context, a aim, open []string, before string) (string, error) {
		return t.process(ctx, b, a, open, before)
	}
	if err := h.kill(ctx, plan); err != nil {
		return v, h.kills, err
	}
	err = h.finish(ctx)
	if err != nil && !errors.Is(err, errNotAtRest) {
		return v, h.kills, err
	}
	v = compareOutcomes(t.want, outcomeOf(b.mock))
	findings, checkErr := b.findings(ctx)
	if v.Findings = findings; checkErr != nil {
		return v, h.kills, checkErr
	}
	// What never comes to rest has lost something, and that is what is asked for.
	if v.clean() && err != nil {
		return v, h.kills, err
	}
	err = nil
	t.total.add(v)
	for name := range h.killedAt {
		t.at(name).add(v)
	}
	for name := range h.aimedAt {
		if !h.killedAt[name] {
			t.at(name).missed++
		}
	}
	return v, h.kills, nil
}

// process is the life of one process: from its start to its death at a or an open point, or, without one, to rest.
// It names where it was killed; empty where it was not.
func (t *torture) process(ctx context.Context, b *bench, a aim, open []string, before string) (string, error) {
	k, err := startChild(ctx, b.config(), a.spec(open))
	if err != nil {
		return "", err
	}
	defer k.kill()
	took, cut, err := await(ctx, k, b, a.due(k, b))
	if err != nil {
		return "", fmt.Errorf("aimed at %s: %w", a.name(), err)
	}
	byItself := k.ended()
	switch {
	case byItself:
	case cut && !strings.HasPrefix(a.point, shutdown):
		k.kill()
	default:
		k.stop() // points of a shutdown are passed here
	}
	t.came(k.points)
	killed := k.fellAt()
	fell := killed != ""
	if !fell && !k.cmd.ProcessState.Success() {
		killed = randomMoment // killed from here, by now or as it held on
	}
	switch {
	case byItself && !fell, a == aim{} && killed == randomMoment:
		return "", k.failed("the daemon ended by itself")
	case killed != "" && (k.said("this should not happen") || k.said("mlpsync: ")):
		return "", k.failed("the daemon ended by itself")
	}
	t.note(before, killed, took)
	if k.said("outbox.recovered") {
		t.under++
	}
	return killed, nil
}

// due tells when the process is to be killed, or stopped, from outside.
func (a aim) due(k *child, b *bench) func() bool {
	before := len(b.mock.Effects())
	changed := func() int { return len(b.mock.Effects()) - before }
	switch {
	case a == aim{}:
		return nil
	case a.after > 0:
		return func() bool { return time.Since(k.started) > a.after }
	case strings.HasPrefix(a.point, shutdown):
		return func() bool { return changed() > 0 }
	}
	return func() bool { return changed() > spent }
}

func (t *torture) note(before, killed string, took spans) {
	if before != "" {
		t.unready = append(t.unready, before)
	}
	if took.ready > 0 {
		for _, point := range t.unready {
			t.at(point).ready = append(t.at(point).ready, took.ready)
		}
		t.unready = nil
	}
	if before != "" && took.changed > 0 {
		t.changed = append(t.changed, took.changed)
	}
	if killed != "" {
		t.seen[killed] = true
		t.at(killed).kills++
	}
}

// spans are how long after its start a process was ready, and changed something in MLP; 0 where
// it came to neither.
type spans struct{ ready, changed time.Duration }

// await waits until the process dies, until all is at rest, or until due: then cut is true.
func await(ctx context.Context, k *child, b *bench, due func() bool) (took spans, cut bool, err error) {
	const tick = 10 * time.Millisecond
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	before := len(b.mock.Effects())
	rest := calm{bench: b}
	for {
		b.attend(ctx, k.standing())
		if took.ready == 0 && k.said("daemon.started") {
			took.ready = time.Since(k.started)
		}
		if took.changed == 0 && len(b.mock.Effects()) > before {
			took.changed = time.Since(k.started)
		}
		switch {
		case k.ended(), rest.reached(k.standing()):
			return took, false, nil
		case due != nil && due():
			return took, true, nil
		case time.Since(k.started) > patience:
			return took, false, errors.Join(errNotAtRest, b.trouble, k.failed(fmt.Sprintf("it runs for %s", patience)))
		}
		select {
		case <-ctx.Done():
			return took, false, ctx.Err()
		case <-k.done:
		case <-ticks.C:
		}
	}
}

func (t *torture) report(rounds int, took time.Duration) crashReport {
	r := crashReport{
		Seed: t.seed, Rounds: rounds, Points: len(t.passed), UnderWay: t.under, verdict: t.total,
		Changes: len(t.want.effects), Seconds: took.Seconds(), FirstChange: delaysOf(t.changed), Never: t.never(),
		Again: t.again, Missed: t.missed(), Left: t.left(),
	}
	for _, name := range t.order {
		m := t.moments[name]
		one := momentReport{Name: name, Kills: m.kills, Missed: m.missed, verdict: m.verdict, Recover: delaysOf(m.ready)}
		r.Kills += m.kills
		r.Moments = append(r.Moments, one)
	}
	return r
}

func printCrash(w io.Writer, r crashReport) {
	section(w, "WHERE THE DAEMON WAS KILLED, AND WHAT CAME OF IT")
	var lines [][]string
	for _, m := range r.Moments {
		lines = append(lines, []string{
			m.Name, fmt.Sprint(m.Kills), fmt.Sprint(m.Lost), fmt.Sprint(m.Twice), fmt.Sprint(m.OutOfOrder),
			fmt.Sprint(m.Unexpected + m.Different + m.Findings), m.Recover.String(),
		})
	}
	table(w, []string{"killed at", "times", "lost", "effects twice", "out of order", "otherwise", "ready again after"}, lines)
	fmt.Fprintf(w, "\n%d kills in %d rounds of %d changes, seed %d, %.0f s; after %d of them an entry was under way, and MLP was read to find out.\n",
		r.Kills, r.Rounds, r.Changes, r.Seed, r.Seconds, r.UnderWay)
	fmt.Fprintf(w, "from a start to the next change in MLP: %s\n", r.FirstChange)
	for _, list := range []struct {
		what   string
		points []string
	}{
		{"never came by", r.Never},
		{fmt.Sprintf("never killed at, though it was tried in %d installations", r.Rounds+r.Again), r.Missed},
		{fmt.Sprintf("not tried, as it is work that is done once, of which a round kills at one point of %[1]d: all of them take %[1]d rounds", allTurns()), r.Left},
	} {
		if len(list.points) > 0 {
			fmt.Fprintf(w, "%s: %s\n", list.what, strings.Join(list.points, ", "))
		}
	}
	fmt.Fprintf(w, "lost %d, effects twice %d, out of order %d, unexpected %d, dossiers that differ %d, findings of state check --deep %d\n",
		r.Lost, r.Twice, r.OutOfOrder, r.Unexpected, r.Different, r.Findings)
}
