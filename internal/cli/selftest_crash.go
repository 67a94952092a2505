package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/failpoint"
)

type crashCmd struct {
	Rounds int    `default:"3" placeholder:"N" help:"How many times to start over; a round kills once at each failpoint, and at random moments in between."`
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
	// Never are the failpoints that never came by, Spared those at which it was never killed.
	Never   []string       `json:"neverPassed"`
	Spared  []string       `json:"neverKilledAt"`
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
	Missed int    `json:"notReached"` // the daemon came to rest before it
	// Of the rounds in which it was killed here.
	verdict
	// Recover is from the start of the next process until it is ready: what was under way is known,
	// and the work goes on.
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
	// spent is the number of changes in MLP after which a failpoint is given up, so that work is
	// left for the others: the daemon is killed all the same.
	spent = 30
	// randomEvery is after how many failpoints a random moment comes.
	randomEvery = 4
	// patience is how long a daemon may take to come to its end; a round takes seconds.
	patience = 5 * time.Minute
)

// Run prints the report, and fails when anything was lost, done twice or out of order.
func (c crashCmd) Run(s *session) error {
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
	t := &torture{seed: c.Seed, only: c.Only, moments: map[string]*moment{}, seen: map[string]bool{}}
	if err := t.undisturbed(s.ctx); err != nil {
		return err
	}
	say("%d changes in MLP, %d failpoints; killing ...", len(t.want.effects), len(t.passed))
	for n := range c.Rounds {
		v, kills, err := t.round(s.ctx, uint64(n))
		if err != nil {
			return fmt.Errorf("round %d of seed %d: %w", n+1, c.Seed, err)
		}
		say("round %d: killed %d times, lost %d, effects twice %d, out of order %d", n+1, kills, v.Lost, v.Twice, v.OutOfOrder)
	}
	r := t.report(c.Rounds, time.Since(began))
	if c.JSON {
		if err := printJSON(s.stdout, r); err != nil {
			return err
		}
	} else {
		printCrash(s.stdout, r)
	}
	if !r.clean() || r.Kills == 0 || len(r.Never) > 0 {
		return errLeft
	}
	return nil
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
	order   []string
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

func (t *torture) spared() []string {
	spared := []string{}
	for _, p := range t.passed {
		if m := t.moments[p.Name]; strings.HasPrefix(p.Name, t.only) && (m == nil || m.kills == 0) {
			spared = append(spared, p.Name)
		}
	}
	return spared
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

// aim is where a process is to die: at the n-th passage of a failpoint, or after a while.
type aim struct {
	point string
	nth   int
	after time.Duration
	// seldom: it is waited for longer. patient: as long as there is anything to do.
	seldom, patient bool
}

func (a aim) name() string {
	switch {
	case a == aim{}:
		return "nothing"
	case a.point == "":
		return randomMoment
	}
	return a.point
}

func (a aim) spec() string {
	if a.point == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", a.point, a.nth)
}

// onlyOnce are points of work that is done once: after a kill at one of a row, the others don't come again. A set is taken and
// acknowledged once, and a file is set apart once.
func onlyOnce() [][]string {
	return [][]string{
		{"activate-set.after-commit", "acknowledge.before", "acknowledge.after"},
		{"quarantine.after", "discard-staged-set.before-commit", "discard-staged-set.after-commit"},
	}
}

// turn tells whether a point is killed at in a round: of each row of onlyOnce one is.
func turn(point string, round uint64) bool {
	for _, row := range onlyOnce() {
		if i := slices.Index(row, point); i >= 0 {
			return uint64(i) == round%uint64(len(row))
		}
	}
	return true
}

// targets are the kills that a round aims at.
type targets struct {
	empty   []aim // while there is nothing to do yet: those of a new state
	early   []aim // before something is sent, in the order in which the work comes by, as an earlier point may not be passed again
	sending []aim // in the middle of sending, in any order
}

// aims are the targets of a round. Early: the first passage of each failpoint. In the middle of sending: a passage of those that come by
// often, a stop, random moments, and half of those that come by seldom, the other half in the next round.
func (t *torture) aims(round uint64) (p targets) {
	const often, deepest = 20, 8
	var sending, seldom []aim
	draw, halves := rand.New(rand.NewPCG(t.seed, round)), rand.New(rand.NewPCG(t.seed, round/2))
	start := slices.IndexFunc(t.passed, func(p failpoint.Passed) bool { return p.Name == firstWrite })
	for i, point := range t.passed {
		first := aim{point: point.Name, nth: 1}
		switch {
		case strings.HasPrefix(point.Name, newState):
			p.empty = append(p.empty, first)
			continue
		case i < start && turn(point.Name, round):
			p.early = append(p.early, first)
		}
		switch {
		case point.Times >= often:
			sending = append(sending, aim{point: point.Name, nth: 1 + draw.IntN(deepest)})
		case strings.HasPrefix(point.Name, shutdown):
			sending = append(sending, first)
		case i > start:
			seldom = append(seldom, aim{point: point.Name, nth: 1, seldom: true})
		}
	}
	halves.Shuffle(len(seldom), func(i, j int) { seldom[i], seldom[j] = seldom[j], seldom[i] })
	draw.Shuffle(len(sending), func(i, j int) { sending[i], sending[j] = sending[j], sending[i] })
	for i := randomEvery; i < len(sending); i += randomEvery + 1 {
		sending = slices.Insert(sending, i, aim{after: 300*time.Millisecond + time.Duration(draw.Int64N(int64(time.Second)))})
	}
	half := (len(seldom) + 1) / 2
	if round%2 == 0 {
		seldom = seldom[:half]
	} else {
		seldom = seldom[half:]
	}
	p.sending = slices.Concat(seldom, sending)
	for _, aims := range []*[]aim{&p.empty, &p.early, &p.sending} {
		*aims = slices.DeleteFunc(*aims, func(a aim) bool { return !strings.HasPrefix(a.point, t.only) })
	}
	return p
}

// missed are a few failpoints that were aimed at and never reached. At the end of a round there is time to wait for them.
func (t *torture) missed() []aim {
	const few = 4
	var aims []aim
	for _, point := range t.spared() {
		if m := t.moments[point]; m != nil && m.missed > 0 && len(aims) < few {
			aims = append(aims, aim{point: point, nth: 1, patient: true})
		}
	}
	return aims
}

// round kills the daemon of one installation again and again, lets it finish, and judges.
func (t *torture) round(ctx context.Context, n uint64) (v verdict, kills int, err error) {
	b, err := newBench(ctx, t.seed)
	if err != nil {
		return v, 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := errors.Join(b.harden(), b.withhold()); err != nil {
		return v, 0, err
	}
	killedAt := map[string]bool{}
	last := "" // where the process before was killed
	kill := func(aims []aim) (missed []aim, err error) {
		for _, a := range aims {
			killed, err := t.process(ctx, b, a, last)
			if err != nil {
				return nil, err
			}
			if killed != a.name() {
				missed = append(missed, a)
			}
			if last = ""; killed != "" {
				kills, last, killedAt[killed] = kills+1, killed, true
			}
		}
		return missed, nil
	}
	plan := t.aims(n)
	if _, err := kill(plan.empty); err != nil {
		return v, kills, err
	}
	_, err = b.outdate(ctx)
	if err = errors.Join(err, b.deliver()); err != nil {
		return v, kills, err
	}
	missed, err := kill(plan.early)
	if err != nil {
		return v, kills, err
	}
	for i := range missed {
		missed[i].seldom = true // what does not come by before something is sent may come later
	}
	if _, err := kill(slices.Concat(missed, plan.sending)); err != nil {
		return v, kills, err
	}
	if _, err := kill(t.missed()); err != nil {
		return v, kills, err
	}
	_, err = t.process(ctx, b, aim{}, last)
	if err != nil && !errors.Is(err, errNotAtRest) {
		return v, kills, err
	}
	v = compareOutcomes(t.want, outcomeOf(b.mock))
	findings, checkErr := b.findings(ctx)
	if v.Findings = findings; checkErr != nil {
		return v, kills, checkErr
	}
	// What never comes to rest has lost something, and that is what is asked for.
	if v.clean() && err != nil {
		return v, kills, err
	}
	err = nil
	t.total.add(v)
	for name := range killedAt {
		t.at(name).add(v)
	}
	return v, kills, nil
}

// process is the life of one process: from its start to its death at a, or, without one, to rest.
// It names where it was killed; empty where it was not.
func (t *torture) process(ctx context.Context, b *bench, a aim, before string) (string, error) {
	k, err := startChild(ctx, b.config(), a.spec())
	if err != nil {
		return "", err
	}
	defer k.kill()
	took, cut, err := await(ctx, k, b, a.due(k, b))
	if err != nil {
		return "", fmt.Errorf("aimed at %s: %w", a.name(), err)
	}
	killed := k.ended()
	if cut && !strings.HasPrefix(a.point, shutdown) {
		k.kill()
		if a.point != "" {
			t.at(a.name()).missed++
		}
		a, killed = aim{after: a.after + 1}, true
	}
	if !killed {
		k.stop() // points of a shutdown are passed here
		killed = !k.cmd.ProcessState.Success()
	}
	t.came(k.points)
	t.note(a, before, killed, took)
	if k.said("outbox.recovered") {
		t.under++
	}
	switch {
	case !killed:
		return "", nil
	case a == aim{}, k.said("this should not happen"), k.said("mlpsync: "):
		return "", k.failed("the daemon ended by itself")
	}
	return a.name(), nil
}

// due tells when the process is to be killed, or stopped, from outside.
func (a aim) due(k *child, b *bench) func() bool {
	before := len(b.mock.Effects())
	changed := func() int { return len(b.mock.Effects()) - before }
	switch {
	case a == aim{}, a.patient:
		return nil
	case a.after > 0:
		return func() bool { return time.Since(k.started) > a.after }
	case strings.HasPrefix(a.point, shutdown):
		return func() bool { return changed() > 0 }
	}
	most := spent
	if a.seldom {
		most *= 3
	}
	return func() bool { return changed() > most }
}

func (t *torture) note(a aim, before string, killed bool, took spans) {
	if before != "" && took.ready > 0 {
		t.at(before).ready = append(t.at(before).ready, took.ready)
	}
	if before != "" && took.changed > 0 {
		t.changed = append(t.changed, took.changed)
	}
	if a == (aim{}) {
		return
	}
	if m := t.at(a.name()); killed {
		t.seen[a.point] = true
		m.kills++
	} else {
		m.missed++
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
		Changes: len(t.want.effects), Seconds: took.Seconds(), FirstChange: delaysOf(t.changed), Never: t.never(), Spared: t.spared(),
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
	for what, points := range map[string][]string{"never came by": r.Never, "never killed at": r.Spared} {
		if len(points) > 0 {
			fmt.Fprintf(w, "%s: %s\n", what, strings.Join(points, ", "))
		}
	}
	fmt.Fprintf(w, "lost %d, effects twice %d, out of order %d, unexpected %d, dossiers that differ %d, findings of state check --deep %d\n",
		r.Lost, r.Twice, r.OutOfOrder, r.Unexpected, r.Different, r.Findings)
}
