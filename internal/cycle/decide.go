package cycle

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/plan"
)

// batchClients is how many clients are decided in one transaction: with all their records, they and as many of the next
// batch are the most that is in memory at a time. Of the first batch there are firstClients, which nothing is done beside.
const (
	batchClients = 50
	firstClients = 10
)

// decide decides every dirty client of the OCMW and commits decisions with
// their entries. It says how many were decided.
func (c *Cycle) decide(ctx context.Context, run *Run, o OCMW) (int, error) {
	day := c.today()
	version := c.Version(o, day)
	batches := lookAhead{list: func(ctx context.Context, except []int64) ([]ledger.Subject, error) {
		size := batchClients
		if len(except) == 0 {
			size = firstClients
		}
		return c.Store.Dirty(ctx, o.KBO, day, version, size, except...)
	}}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); batches.wait() }()
	var seen marks
	for {
		subjects, err := batches.take(ctx)
		if err != nil {
			return seen.count, fmt.Errorf("list clients: %w", err)
		}
		outcomes, err := c.decideNew(ctx, o, subjects, &seen, day, version)
		if err != nil || len(outcomes) == 0 {
			return seen.count, err
		}
		if err := c.owe(ctx, o); err != nil {
			return seen.count, err
		}
		if err := c.Store.Decide(ctx, run.ID, outcomes, c.Now()); err != nil {
			return seen.count, err // names itself
		}
		c.Progress()
		for _, outcome := range outcomes {
			run.note(outcome)
			c.sayDecided(run, outcome)
		}
	}
}

// decideNew decides those of a batch who were not decided in this pass.
func (c *Cycle) decideNew(ctx context.Context, o OCMW, subjects []ledger.Subject, seen *marks, day casefile.Date, version string) ([]ledger.Outcome, error) {
	outcomes := make([]ledger.Outcome, 0, len(subjects))
	for _, s := range subjects {
		if seen.get(s.Person) != 0 {
			continue // its inputs moved meanwhile: the next pass decides it
		}
		seen.set(s.Person, 1)
		outcome, err := c.Decide(ctx, o, s, day, version)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// lookAhead lists clients a batch at a time, the next one while its caller decides and commits the last. Who is in that is
// left out by name, as the ledger holds them as undecided until then; one whose inputs move before it is committed stays so, and comes again.
type lookAhead struct {
	list func(ctx context.Context, except []int64) ([]ledger.Subject, error)
	next chan listed // nil before the first batch and behind the last
}

type listed struct {
	subjects []ledger.Subject
	err      error
}

// take gives the next batch and begins with the one behind it.
func (l *lookAhead) take(ctx context.Context) ([]ledger.Subject, error) {
	if l.next == nil {
		l.begin(ctx, nil)
	}
	batch := l.wait()
	if batch.err != nil || len(batch.subjects) == 0 {
		return nil, batch.err
	}
	persons := make([]int64, len(batch.subjects))
	for i, s := range batch.subjects {
		persons[i] = s.Person
	}
	l.begin(ctx, persons)
	return batch.subjects, nil
}

func (l *lookAhead) begin(ctx context.Context, except []int64) {
	next := make(chan listed, 1)
	go func() {
		subjects, err := l.list(ctx, except)
		next <- listed{subjects, err}
	}()
	l.next = next
}

// wait waits for what was begun: nothing reads the ledger behind it.
func (l *lookAhead) wait() (batch listed) {
	if l.next != nil {
		batch, l.next = <-l.next, nil
	}
	return batch
}

// Version is the version of everything that a decision depends on besides its
// inputs and the day.
func (c *Cycle) Version(o OCMW, day casefile.Date) string {
	on := o.On(day)
	return c.Rules.Version() + "/" + c.interpretation(o) + "/" + strconv.FormatBool(on.HealthDataAgreed) + "/" + fmt.Sprint(on.Area)
}

// Decide maps one client and works out what to send: pure but for the ids of
// new entries and a look at the client's documents.
func (c *Cycle) Decide(ctx context.Context, o OCMW, s ledger.Subject, day casefile.Date, version string) (ledger.Outcome, error) {
	if s.Damaged != "" { // looked at again each day: what was damaged may be there again by then
		return ledger.Outcome{Subject: s, Kind: ledger.OutcomeHeld, Version: version, Decision: casefile.Decision{Day: day, NextReview: day.AddDays(1)}}, nil
	}
	if len(s.Held) > 0 || s.Hold != nil {
		return ledger.Outcome{Subject: s, Kind: ledger.OutcomeHeld, Version: version}, nil
	}
	client := casefile.Assemble(o.On(day), s.Records)
	client.SharedINSZ, client.Answers = s.SharedINSZ, s.Answers
	c.inspect(ctx, o.KBO, &client)
	decision := c.Rules.Decide(client, s.Known, day)
	diff := plan.Diff(s.Known, decision)
	decision.Manual = append(decision.Manual, diff.Manual...)
	entries, err := c.entries(s, diff.Changes)
	if err != nil {
		return ledger.Outcome{}, err
	}
	return ledger.Outcome{
		Subject: s, Kind: outcomeOf(decision, entries), Decision: decision, Version: version,
		Entries: entries, Adopted: diff.Adopted, Agreed: diff.Agreed,
	}, nil
}

func outcomeOf(d casefile.Decision, entries []outbox.Entry) ledger.OutcomeKind {
	switch {
	case len(d.Manual) > 0:
		return ledger.OutcomeManual
	case len(entries) > 0:
		return ledger.OutcomePlanned
	}
	return ledger.OutcomeNoChange
}

// entries turns changes into entries of the client's lane.
func (c *Cycle) entries(s ledger.Subject, changes []casefile.Change) ([]outbox.Entry, error) {
	var version int64
	if s.Known.Dossier != nil {
		version = s.Known.Dossier.Version
	}
	entries := make([]outbox.Entry, 0, len(changes))
	for _, change := range changes {
		payload, err := casefile.MarshalChange(change)
		if err != nil {
			return nil, fmt.Errorf("encode change: %w", err)
		}
		hash, err := contentHash(change)
		if err != nil {
			return nil, err
		}
		entries = append(entries, outbox.Entry{
			ID: c.NewID(), OCMW: s.OCMW, Person: s.Person, Pseudonym: s.Pseudonym,
			Op: string(change.Op), Kind: string(change.Kind), Registration: change.ID, Rule: change.Rule,
			State: outbox.Waiting, Version: version, Payload: payload,
			ContentHash: hash,
		})
	}
	return entries, nil
}

// contentHash is of what would be sent: the reason and the rule may be worded
// anew without making it another change.
func contentHash(change casefile.Change) (string, error) {
	change.Sentence, change.Rule, change.Old = "", "", nil
	payload, err := casefile.MarshalChange(change)
	if err != nil {
		return "", fmt.Errorf("encode what would be sent: %w", err)
	}
	return outbox.ContentHash(string(change.Op), string(change.Kind)+"/"+change.ID, string(payload)), nil
}

// note keeps, per client of the run, the first outcome that fits (design
// decision 7): a client whose changes have settled and who is then decided
// again without change was planned.
func (r *Run) note(o ledger.Outcome) {
	rank := byte(slices.Index(ranked(), o.Kind) + 1)
	if before := r.outcomes.get(o.Subject.Person); before == 0 || rank < before {
		r.outcomes.set(o.Subject.Person, rank)
	}
}

// ranked are the outcomes, the one that counts first in front.
func ranked() []ledger.OutcomeKind {
	return []ledger.OutcomeKind{ledger.OutcomeHeld, ledger.OutcomeManual, ledger.OutcomePlanned, ledger.OutcomeNoChange}
}

func (c *Cycle) sayDecided(run *Run, o ledger.Outcome) {
	c.Log.Debug().Str("event", "client.decided").Str("run", run.ID).Str("ocmw", o.Subject.OCMW).
		Str("client", o.Subject.Pseudonym).Str("outcome", string(o.Kind)).Int("entries", len(o.Entries)).
		Str("nextReview", string(o.Decision.NextReview)).Msg("client decided")
	if o.Subject.Damaged != "" {
		c.Log.Error().Str("event", "client.unreadable").Str("run", run.ID).Str("ocmw", o.Subject.OCMW).Str("client", o.Subject.Pseudonym).
			Str("what", o.Subject.Damaged).Str("hint", "look at the disk, run \"mlpsync state check\", and export again; where that does not help, restore a backup").
			Msg("something kept of the client can't be read back: it is held")
	}
	for _, m := range o.Decision.Manual {
		c.Log.Info().Str("event", "client.manual").Str("run", run.ID).Str("ocmw", o.Subject.OCMW).
			Str("client", o.Subject.Pseudonym).Str("rule", m.Rule).Msg("a person must decide; see the worklist")
	}
}

// guard stops an OCMW whose run would change too much, until a person
// releases it (design decision 10).
func (c *Cycle) guard(ctx context.Context, run *Run, o OCMW) error {
	if c.Hold {
		return nil
	}
	state, stop, err := c.guardState(ctx, o)
	if err != nil || state == nil {
		return err
	}
	stopped := stop != plan.Stop{}
	if stopped && !c.Release {
		return c.hold(ctx, run, o, *state, stop)
	}
	reason := "within the limits"
	if stopped {
		reason = "released by the configuration (guard.release)"
		c.Log.Warn().Str("event", "guard.released").Str("run", run.ID).Str("ocmw", o.KBO).Int("clients", state.Changing).Str("reason", stop.ReasonEN).
			Msg("the guard would have stopped here; the configuration releases it")
	}
	if err := c.Store.Approve(ctx, o.KBO, ledger.Actor{Name: "mlpsync", Reason: reason}, c.Now()); err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	return nil
}

// guardState tells how the guard stands for an OCMW, and the stop where there is one. The state is nil when there is nothing to judge.
func (c *Cycle) guardState(ctx context.Context, o OCMW) (*ledger.GuardState, plan.Stop, error) {
	state, err := c.Store.Pending(ctx, o.KBO)
	if err != nil {
		return nil, plan.Stop{}, fmt.Errorf("see what waits for the guard: %w", err)
	}
	if state.Changing == 0 && len(state.Shrunk) == 0 && (!state.Stopped || state.FirstRun) {
		return nil, plan.Stop{}, nil // a first run waits for a person even when nothing is to be sent yet
	}
	if state, err = c.Store.Guard(ctx, o.KBO); err != nil {
		return nil, plan.Stop{}, fmt.Errorf("read guard: %w", err)
	}
	stop, _ := plan.Guard(plan.GuardInput{
		Clients: state.Clients, Changing: state.Changing, Feeds: feedRows(state.Shrunk), FirstRun: state.FirstRun, Limits: c.Guard,
	})
	return &state, stop, nil
}

// WouldStop tells how the guard of a run would stop an OCMW, as the ledger stands: for a plan, whose own cycle lets nothing go.
func (c *Cycle) WouldStop(ctx context.Context, o OCMW) (state ledger.GuardState, stop plan.Stop, stopped bool, err error) {
	judged, stop, err := c.guardState(ctx, o)
	if err != nil || judged == nil || c.Release {
		return ledger.GuardState{}, plan.Stop{}, false, err
	}
	return *judged, stop, stop != plan.Stop{}, nil
}

func feedRows(shrunk []ledger.FeedRows) []plan.FeedRows {
	feeds := make([]plan.FeedRows, len(shrunk))
	for i, f := range shrunk {
		feeds[i] = plan.FeedRows(f)
	}
	return feeds
}

func (c *Cycle) hold(ctx context.Context, run *Run, o OCMW, state ledger.GuardState, stop plan.Stop) error {
	if state.Stopped && state.ReasonEN == stop.ReasonEN {
		return nil
	}
	c.Log.Warn().Str("event", "guard.stopped").Str("run", run.ID).Str("ocmw", o.KBO).Int("clients", state.Changing).
		Str("hint", "look with \"mlpsync guard show\", then \"mlpsync guard release NUMBER --reason ...\"").Msg(stop.ReasonEN)
	if err := c.Store.Stop(ctx, o.KBO, stop.ReasonNL, stop.ReasonEN, c.Now()); err != nil {
		return fmt.Errorf("stop by the guard: %w", err)
	}
	return nil
}
