package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/failpoint"
)

// aim is where a process is to die: at the n-th passage of a failpoint, or after a while. None: at nothing that it is not armed with
// besides.
type aim struct {
	point string
	nth   int
	after time.Duration
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

// spec arms a point, and the first passage of each open one.
func (a aim) spec(open []string) string {
	var armed []string
	if a.point != "" {
		armed = append(armed, fmt.Sprintf("%s:%d", a.point, a.nth))
	}
	for _, point := range open {
		if point != a.point {
			armed = append(armed, point+":1")
		}
	}
	return strings.Join(armed, ",")
}

// onlyOnce are points of work that is done once: after a kill at one of a row, the others don't come again. A set is taken and
// acknowledged once, and a file is set apart once.
func onlyOnce() [][]string {
	return [][]string{
		{"activate-set.after-commit", "acknowledge.before", "acknowledge.after"},
		{"quarantine.after", "discard-staged-set.before-commit", "discard-staged-set.after-commit"},
	}
}

// rowOf is the row of onlyOnce in which a point stands, -1 for none.
func rowOf(point string) int {
	return slices.IndexFunc(onlyOnce(), func(row []string) bool { return slices.Contains(row, point) })
}

// turn tells whether a point is killed at in a round: of each row of onlyOnce one is.
func turn(point string, round uint64) bool {
	if i := rowOf(point); i >= 0 {
		row := onlyOnce()[i]
		return uint64(slices.Index(row, point)) == round%uint64(len(row))
	}
	return true
}

// allTurns is how many rounds it takes until each point had its turn.
func allTurns() (rounds int) {
	for _, row := range onlyOnce() {
		rounds = max(rounds, len(row))
	}
	return rounds
}

// targets are the kills that a round aims at.
type targets struct {
	empty   []aim // while there is nothing to do yet: those of a new state
	early   []aim // before something is sent, in the order in which the work comes by, as an earlier point may not be passed again
	sending []aim // in the middle of sending, in any order
	// open are points that come by when they like. From the delivery on every process is armed with all of them, and one that
	// killed is open no more: to wait for one after another takes more work than there is, and what comes by once in an undisturbed
	// run after something is sent (a stop by the guard) may come before that in another.
	open []string
}

// aims are the targets of a round. Early: the first passage of each failpoint. In the middle of sending: a passage of those that come by
// often, a stop, random moments, and what comes by seldom or, undisturbed, not at all.
func (t *torture) aims(round uint64) (p targets) {
	const often = 20
	draw := rand.New(rand.NewPCG(t.seed, round))
	start := slices.IndexFunc(t.passed, func(p failpoint.Passed) bool { return p.Name == firstWrite })
	for i, point := range t.passed {
		first := aim{point: point.Name, nth: 1}
		depth := t.depth(point)
		switch {
		case strings.HasPrefix(point.Name, newState):
			p.empty = append(p.empty, first)
			continue
		case i < start && turn(point.Name, round):
			p.early = append(p.early, first)
		}
		switch {
		case strings.HasPrefix(point.Name, shutdown):
			p.sending = append(p.sending, first)
		case i < start && point.Times >= often, i >= start && depth > 1:
			p.sending = append(p.sending, aim{point: point.Name, nth: 1 + draw.IntN(max(depth, 2))})
		case i >= start:
			p.open = append(p.open, point.Name)
		}
	}
	for _, name := range app.Points() {
		if !slices.ContainsFunc(t.passed, func(p failpoint.Passed) bool { return p.Name == name }) && turn(name, round) {
			p.open = append(p.open, name)
		}
	}
	draw.Shuffle(len(p.sending), func(i, j int) { p.sending[i], p.sending[j] = p.sending[j], p.sending[i] })
	for i := randomEvery; i < len(p.sending); i += randomEvery + 1 {
		p.sending = slices.Insert(p.sending, i, aim{after: 300*time.Millisecond + time.Duration(draw.Int64N(int64(time.Second)))})
	}
	for _, aims := range []*[]aim{&p.empty, &p.early, &p.sending} {
		*aims = slices.DeleteFunc(*aims, func(a aim) bool { return !strings.HasPrefix(a.point, t.only) })
	}
	p.open = slices.DeleteFunc(p.open, func(point string) bool { return !strings.HasPrefix(point, t.only) })
	return p
}

// depth is the deepest passage of a point that can be waited for before its aim is given up.
func (t *torture) depth(p failpoint.Passed) int {
	const deepest = 8
	return min(p.Times*spent/max(len(t.want.effects), 1), deepest)
}

// aimsAgain are the targets of an installation for what was missed: of each row of onlyOnce one.
func (t *torture) aimsAgain() (p targets) {
	begun := map[int]bool{} // rows
	for _, point := range t.missed() {
		first := aim{point: point, nth: 1}
		row := rowOf(point)
		switch {
		case strings.HasPrefix(point, newState):
			p.empty = append(p.empty, first)
		case strings.HasPrefix(point, shutdown):
			p.sending = append(p.sending, first)
		case row < 0 || !begun[row]:
			p.open = append(p.open, point)
			begun[row] = row >= 0
		}
	}
	return p
}

// hunt is a round while it goes on: the kills of one installation.
type hunt struct {
	*torture
	bench *bench
	// life is torture.process on the bench.
	life     func(ctx context.Context, a aim, open []string, before string) (killed string, err error)
	open     []string // see targets
	aimedAt  map[string]bool
	killedAt map[string]bool
	last     string // where the process before was killed
	kills    int
}

// shoot lets a process live until it dies at a, at an open point, or comes to its end, and tells where it died.
func (h *hunt) shoot(ctx context.Context, a aim, open []string) (killed string, err error) {
	h.aim(a.point)
	if killed, err = h.life(ctx, a, open, h.last); err != nil {
		return "", err
	}
	if h.last = killed; killed != "" {
		h.kills++
		h.killedAt[killed] = true
	}
	return killed, nil
}

func (h *hunt) aim(points ...string) {
	for _, point := range points {
		if point != "" {
			h.aimedAt[point], h.tried[point] = true, true
		}
	}
}

// singly kills at one aim after another, and at nothing else.
func (h *hunt) singly(ctx context.Context, aims []aim) error {
	for _, a := range aims {
		if _, err := h.shoot(ctx, a, nil); err != nil {
			return err
		}
	}
	return nil
}

// reopen has what was not reached be open from then on.
func (h *hunt) reopen(a aim, killed string) {
	if a.point != "" && killed != a.point && !slices.Contains(h.open, a.point) {
		h.open = append(h.open, a.point)
	}
}

// closed tells whether a point was open, and is no more.
func (h *hunt) closed(point string) bool {
	i := slices.Index(h.open, point)
	if i >= 0 {
		h.open = slices.Delete(h.open, i, i+1)
	}
	return i >= 0
}

// armed kills while there is work: each aim has its turn, however many open points come before it.
func (h *hunt) armed(ctx context.Context, aims []aim) error {
	h.aim(h.open...)
	for _, a := range aims {
		for {
			killed, err := h.shoot(ctx, a, h.open)
			if err != nil {
				return err
			}
			if h.closed(killed) && killed != a.point {
				continue
			}
			h.reopen(a, killed)
			break
		}
	}
	return nil
}

// finish lets the daemon come to rest, and has what is still open kill on the way.
func (h *hunt) finish(ctx context.Context) error {
	for {
		killed, err := h.shoot(ctx, aim{}, h.open)
		if err != nil || killed == "" {
			return err
		}
		h.closed(killed)
	}
}

// kill is what a round does to an installation, up to the end of its work.
func (h *hunt) kill(ctx context.Context, plan targets) error {
	if err := errors.Join(h.bench.harden(), h.bench.withhold()); err != nil {
		return err
	}
	if err := h.singly(ctx, plan.empty); err != nil {
		return err
	}
	if _, err := h.bench.outdate(ctx); err != nil {
		return err
	}
	if err := h.bench.deliver(); err != nil {
		return err
	}
	return h.work(ctx, plan)
}

// work is what a round does from the delivery on. All early points are open: one that the undisturbed run happened to pass early (a
// feed position that MLP forgot) is not to let those after it come by unarmed.
func (h *hunt) work(ctx context.Context, plan targets) error {
	h.open = slices.Clone(plan.open)
	for _, a := range plan.early {
		h.open = append(h.open, a.point)
	}
	for _, a := range plan.early {
		if !slices.Contains(h.open, a.point) {
			continue // it came by before its turn
		}
		if err := h.armed(ctx, []aim{a}); err != nil {
			return err
		}
	}
	return h.armed(ctx, plan.sending)
}
