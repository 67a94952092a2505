package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// PlanFile is exactly what run would send: pseudonyms, our ids, codes and
// dates, and a digest of what each person's part rests on (design decision 11).
type PlanFile struct {
	Format      string        `json:"format"` // "mlpsync-plan/1"
	Day         casefile.Date `json:"day"`
	Environment string        `json:"environment"`
	Version     string        `json:"version"` // of rules, parameters, profiles and schemas
	People      []PlanPerson  `json:"people"`
	Clients     ClientCounts  `json:"clients"`
	// Stops are OCMWs of which run would send nothing before a person releases them.
	Stops []GuardStop `json:"stops,omitempty"`
	// Paused are OCMWs of which nothing is sent before a person resumes it.
	Paused []PlanPause `json:"paused,omitempty"`
	// Quiet is set inside the quiet hours: run sends nothing before they end.
	Quiet *Quiet `json:"quietHours,omitempty"`
	// Unread names files that are too young, or not whole yet, to be part of the plan.
	Unread []string `json:"unread,omitempty"`
	// Lost names files that were taken, and can't be read any more.
	Lost []string `json:"lost,omitempty"`
	// Unbalanced names files whose balance did not hold: run would not take their set.
	Unbalanced []string `json:"unbalanced,omitempty"`
	// Notes say what stands in the way of a delivery, such as a file that it lacks, that was refused or can't be read.
	Notes []ledger.Note `json:"notes,omitempty"`
	// Empty tells that no client is known, so that there is nothing to plan: shown, never written to the file.
	Empty bool `json:"-"`
	// NotLookedUp counts clients of whom MLP's answer can't be used, or was not asked for yet: nothing is sent of them before it can. Those
	// of them who were never decided are among Undecided.
	NotLookedUp int `json:"clientsNotLookedUp,omitempty"`
	// Undecided counts clients of whom MLP could not be asked what it holds.
	Undecided int `json:"undecided,omitempty"`
	// Stale tells that MLP could not be read: the plan rests on what it held when it was read last.
	Stale bool `json:"mlpNotRead,omitempty"`
}

// Left tells whether something could not be planned, or not on what MLP holds now, or without a file that lies there, or would not be sent.
func (p PlanFile) Left() bool {
	waits := func(person PlanPerson) bool { return person.waits() || p.paused(person.OCMW) }
	return p.Undecided+p.NotLookedUp > 0 || p.Stale || p.NotRead() > 0 || slices.ContainsFunc(p.People, waits)
}

// NotRead counts what lies in the drop folders, or was taken, and is not in the plan: files, and a folder that can't be read.
func (p PlanFile) NotRead() int {
	n := len(p.Unread) + len(p.Lost) + len(p.Unbalanced)
	for _, note := range p.Notes {
		if note.NotRead() {
			n++
		}
	}
	return n
}

const planFormat = "mlpsync-plan/1"

// PlanPerson is one person's part of a plan.
type PlanPerson struct {
	OCMW      string       `json:"ocmw"`
	Pseudonym string       `json:"person"`
	Inputs    string       `json:"inputs"`
	Changes   []PlanChange `json:"changes"`
	// Waits is why run would send none of the changes yet; empty where it would. They are listed all the same: applying the plan releases them.
	Waits PlanWait `json:"waits,omitempty"`

	// Client is the OCMW's own number: shown, never written to the file.
	Client string `json:"-"`
}

// PlanChange is one thing that would be sent, or may be.
type PlanChange struct {
	Op           string        `json:"op"`
	Kind         string        `json:"kind"`
	Registration string        `json:"registration,omitempty"`
	Rule         string        `json:"rule"`
	From         casefile.Date `json:"from"`
	Content      string        `json:"content"` // digest of what would be sent
	Sentence     string        `json:"sentence"`
	// Waits is why run would not send it, or not yet; empty where it would. Behind is the entry that it then waits for, if any.
	Waits  PlanWait `json:"waits,omitempty"`
	Behind string   `json:"behind,omitempty"`
}

// Plan works out what run would send, on a copy of the ledger. It
// reads settled files where they lie and asks MLP what it holds; it writes
// nowhere.
func (a *App) Plan(ctx context.Context) (PlanFile, error) {
	scratch, err := a.store.Scratch(ctx)
	if err != nil {
		return PlanFile{}, fmt.Errorf("copy the ledger: %w", err)
	}
	defer scratch.Close()
	parts, err := a.cycleOptions(scratch)
	if err != nil {
		return PlanFile{}, err
	}
	parts.Deliverer, parts.Reporter, parts.Peek, parts.Hold = nothing{}, nil, true, true
	mlp := &noticing{Observer: parts.Observer}
	parts.Observer = mlp
	c := cycle.New(parts)
	run, err := c.Begin(ctx)
	if err != nil {
		return PlanFile{}, err
	}
	if err := passes(ctx, c, run); err != nil {
		return PlanFile{}, err
	}
	plan, err := a.planOf(ctx, c, scratch)
	if err != nil {
		return PlanFile{}, err
	}
	plan.Clients, plan.Lost, plan.Unbalanced, plan.Stale = clientCounts(run), run.Lost(), run.Unbalanced, mlp.failed
	for _, w := range c.Unsettled() {
		plan.Unread = append(plan.Unread, w.Name)
	}
	totals, err := scratch.Totals(ctx, "", "")
	if err != nil {
		return PlanFile{}, fmt.Errorf("count clients: %w", err)
	}
	plan.Undecided, plan.Empty = totals.Undecided, len(totals.Clients) == 0 && totals.Undecided == 0
	plan.NotLookedUp = plan.notLookedUp(c.Standing())
	plan.Notes = ledger.Brief(c.Standing())
	return plan, nil
}

// notLookedUp counts the clients who are noted as unread or wait to be looked up.
func (p PlanFile) notLookedUp(notes []ledger.Note) int {
	clients := map[string]bool{}
	for _, n := range notes {
		if name := n.UnreadClient(); name != "" {
			clients[name] = true
		}
	}
	for _, person := range p.People {
		if person.Waits == WaitsForLookUp {
			clients[person.Pseudonym] = true
		}
	}
	return len(clients)
}

// noticing is an Observer that remembers whether MLP could not be read: the cycle goes on without.
type noticing struct {
	cycle.Observer
	failed bool
}

func (n *noticing) FirstContact(ctx context.Context, run, ocmw string) (int, error) {
	looked, err := n.Observer.FirstContact(ctx, run, ocmw)
	n.failed = n.failed || err != nil
	return looked, err
}

func (n *noticing) Follow(ctx context.Context, ocmw string) (int, error) {
	changed, err := n.Observer.Follow(ctx, ocmw)
	n.failed = n.failed || err != nil
	return changed, err
}

// nothing delivers nothing.
type nothing struct{}

func (nothing) Deliver(context.Context, string) (cycle.Delivered, error) {
	return cycle.Delivered{}, nil
}

// passes runs the stages of a peek until nothing moves.
func passes(ctx context.Context, c *cycle.Cycle, run *cycle.Run) error {
	const most = 20
	for range most {
		moved, err := c.RunOnce(ctx, run)
		if err != nil {
			return err
		}
		if !moved {
			return nil
		}
	}
	return errors.New("the clients do not come to rest; report this to the makers of mlpsync")
}

// planOf lists what waits in a ledger, by person, in the order of the lanes.
func (a *App) planOf(ctx context.Context, c *cycle.Cycle, store ledger.Store) (PlanFile, error) {
	plan := PlanFile{Format: planFormat, Day: a.today(), Environment: string(a.config.Environment), People: []PlanPerson{}}
	for _, o := range c.OCMWs {
		plan.Version += o.KBO + ":" + c.Version(o, plan.Day) + ";"
	}
	entries, err := store.Entries(ctx, ledger.EntryFilter{States: openStates()})
	if err != nil {
		return plan, fmt.Errorf("list entries: %w", err)
	}
	slices.SortStableFunc(entries, func(x, y outbox.Entry) int {
		if x.Pseudonym != y.Pseudonym {
			return strings.Compare(x.OCMW+x.Pseudonym, y.OCMW+y.Pseudonym)
		}
		return int(x.Seq - y.Seq)
	})
	turn := turns(entries)
	for _, e := range entries {
		if e.State != outbox.Waiting && !e.State.InFlight() {
			continue
		}
		if n := len(plan.People); n == 0 || plan.People[n-1].Pseudonym != e.Pseudonym {
			person, err := planPerson(ctx, store, e)
			if err != nil {
				return plan, err
			}
			plan.People = append(plan.People, person)
		}
		change, err := planChange(e, turn[e.Person])
		if err != nil {
			return plan, err
		}
		last := &plan.People[len(plan.People)-1]
		last.Changes = append(last.Changes, change)
	}
	if plan.Stops, err = planStops(ctx, c); err != nil {
		return plan, err
	}
	plan.Paused, err = a.planPauses(ctx)
	if q := a.quiet(); q != nil && !q.Ends.IsZero() {
		plan.Quiet = q
	}
	return plan, err
}

// planStops asks the guard what it would say to a run.
func planStops(ctx context.Context, c *cycle.Cycle) ([]GuardStop, error) {
	var stops []GuardStop
	for _, o := range c.OCMWs {
		state, stop, stopped, err := c.WouldStop(ctx, o)
		if err != nil {
			return nil, err // names itself
		}
		if stopped {
			stops = append(stops, GuardStop{OCMW: o.KBO, Clients: state.Clients, Changing: state.Changing, Reason: stop.ReasonEN, ReasonNL: stop.ReasonNL, Ahead: !state.Stopped})
		}
	}
	return stops, nil
}

func planPerson(ctx context.Context, store ledger.Store, e outbox.Entry) (PlanPerson, error) {
	view, err := store.Find(ctx, e.OCMW, e.Pseudonym)
	if err != nil {
		return PlanPerson{}, fmt.Errorf("find client %s: %w", e.Pseudonym, err)
	}
	person := PlanPerson{OCMW: e.OCMW, Pseudonym: e.Pseudonym, Inputs: view.Inputs, Client: view.Client}
	switch {
	case view.KnownLost: // what is known is met when the entry is claimed; a record when it is decided
		person.Waits = WaitsForRepair
	case e.LookUpFirst:
		person.Waits = WaitsForLookUp
	}
	return person, nil
}

func planChange(e, turn outbox.Entry) (PlanChange, error) {
	change, err := changeOf(e)
	if err != nil {
		return PlanChange{}, err
	}
	planned := PlanChange{
		Op: e.Op, Kind: e.Kind, Registration: e.Registration, Rule: e.Rule, From: change.From,
		Content: e.ContentHash, Sentence: change.Sentence,
	}
	planned.Waits, planned.Behind = planWait(e, turn)
	return planned, nil
}

// ReadPlan reads a plan file.
func ReadPlan(r io.Reader) (PlanFile, error) {
	var plan PlanFile
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&plan); err != nil {
		return plan, misuse(errors.New("this is not a plan file"), "make one with \"mlpsync plan --json\"")
	}
	if plan.Format != planFormat {
		return plan, misuse(fmt.Errorf("this plan file has format %q; this version reads %q", plan.Format, planFormat), "make a new one with \"mlpsync plan --json\", and look at it")
	}
	return plan, nil
}

// Refusal says why a plan can't be applied: the world has moved.
type Refusal struct {
	Person string `json:"person,omitempty"` // pseudonym; empty: the whole plan
	Reason string `json:"reason"`
}

// takingFiles is how long apply waits for files beyond their minimum age.
const takingFiles = 5 * time.Second

// Apply sends exactly what the plan holds, or refuses the whole of it when
// anything differs from what would be sent now.
func (a *App) Apply(ctx context.Context, plan PlanFile, by ledger.Actor) (Summary, []Refusal, error) {
	if err := NeedReason(by); err != nil {
		return Summary{}, nil, err
	}
	if err := a.recover(ctx); err != nil {
		return Summary{}, nil, err
	}
	parts, err := a.cycleOptions(a.store)
	if err != nil {
		return Summary{}, nil, err
	}
	deliverer := parts.Deliverer
	parts.Hold, parts.Deliverer, parts.Finished = true, nothing{}, a.keepLastRun
	c := cycle.New(parts)
	now, err := a.Plan(ctx) // on a copy: a refused plan leaves nothing behind
	if err != nil {
		return Summary{}, nil, err
	}
	if refused := comparePlans(plan, now); len(refused) > 0 {
		return Summary{}, refused, nil
	}
	run, err := c.Begin(ctx)
	if err != nil {
		return Summary{}, nil, err
	}
	// A file is taken when two polls saw it the same.
	if err := c.Rest(ctx, run, min(a.config.Poll.Std(), time.Second), a.config.Files.MinimumAge.Std()+takingFiles, nil); err != nil {
		return Summary{}, nil, err
	}
	taken, err := a.planOf(ctx, c, a.store)
	if err != nil {
		return Summary{}, nil, err
	}
	if refused := comparePlans(plan, taken); len(refused) > 0 {
		return Summary{}, refused, nil // nothing was approved, so nothing is sent
	}
	if err := a.approveAll(ctx, by); err != nil {
		return Summary{}, nil, err
	}
	if err := deliverAll(ctx, deliverer, run, a.store); err != nil {
		return Summary{}, nil, err
	}
	if run.Restless {
		a.Log.Warn().Str("event", "plan.overtaken").Str("run", run.ID).Str("hint", "make a new plan, or let the daemon or \"mlpsync once\" go on").
			Msg("some of the plan was not sent: the dossier changed meanwhile (VDAB's own 78, for one)")
	}
	if err := c.Finish(ctx, run); err != nil {
		return Summary{}, nil, err
	}
	summary, err := a.concluded(ctx, c, run)
	return summary, nil, err
}

func (a *App) approveAll(ctx context.Context, by ledger.Actor) error {
	by.Reason = "plan applied; " + by.Reason
	for _, o := range a.config.OCMWs {
		if err := a.store.Approve(ctx, string(o.KBONumber()), by, a.now()); err != nil {
			return fmt.Errorf("approve the plan: %w", err)
		}
	}
	return nil
}

// deliverAll delivers until nothing more is due or nothing settles.
func deliverAll(ctx context.Context, d cycle.Deliverer, run *cycle.Run, store ledger.Store) error {
	for {
		delivered, err := d.Deliver(ctx, run.ID)
		run.Count(delivered)
		run.Restless = run.Restless || delivered.Conflicts > 0
		if err != nil {
			return fmt.Errorf("deliver: %w", err)
		}
		due, err := store.NextDue(ctx)
		if err != nil {
			return fmt.Errorf("look for due entries: %w", err)
		}
		if due.IsZero() || !delivered.Moved() {
			return nil
		}
	}
}

// comparePlans lists what differs.
func comparePlans(want, have PlanFile) []Refusal {
	var refused []Refusal
	if want.Day != have.Day {
		refused = append(refused, Refusal{Reason: fmt.Sprintf("the plan is of %s, today is %s", want.Day, have.Day)})
	}
	if want.Version != have.Version {
		refused = append(refused, Refusal{Reason: "rules, parameters, profile or schemas changed since the plan was made"})
	}
	if want.Environment != have.Environment {
		refused = append(refused, Refusal{Reason: "the plan is of another environment"})
	}
	for _, stop := range have.Stops {
		if !slices.ContainsFunc(want.Stops, stop.same) {
			refused = append(refused, Refusal{Reason: "the guard says of OCMW " + stop.OCMW + " what it did not say when the plan was made: " + stop.Reason})
		}
	}
	now := map[string]PlanPerson{}
	for _, p := range have.People {
		now[p.OCMW+p.Pseudonym] = p
	}
	for _, p := range want.People {
		current, there := now[p.OCMW+p.Pseudonym]
		delete(now, p.OCMW+p.Pseudonym)
		switch {
		case !there:
			refused = append(refused, Refusal{Person: p.Pseudonym, Reason: "nothing would be sent for this person any more"})
		case p.Inputs != current.Inputs:
			refused = append(refused, Refusal{Person: p.Pseudonym, Reason: "the export or the dossier of this person changed"})
		case p.Waits != current.Waits:
			refused = append(refused, Refusal{Person: p.Pseudonym, Reason: "what this person's changes wait for is another"})
		case !slices.Equal(p.Changes, current.Changes):
			refused = append(refused, Refusal{Person: p.Pseudonym, Reason: "other changes would be sent for this person"})
		}
	}
	for _, p := range have.People {
		if _, extra := now[p.OCMW+p.Pseudonym]; extra {
			refused = append(refused, Refusal{Person: p.Pseudonym, Reason: "this person is not in the plan, and something would be sent"})
		}
	}
	return refused
}

func clientCounts(run *cycle.Run) ClientCounts {
	counts := run.Clients()
	return ClientCounts{
		Decided: run.Decided(), Held: counts[ledger.OutcomeHeld], Manual: counts[ledger.OutcomeManual],
		Planned: counts[ledger.OutcomePlanned], NoChange: counts[ledger.OutcomeNoChange],
	}
}
