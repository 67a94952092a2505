package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/report"
)

// Explanation is everything that can be said of one client without naming the
// person: the whole course, what holds and why, what was sent and answered.
type Explanation struct {
	OCMW      string `json:"ocmw"`
	Client    string `json:"client"`
	Pseudonym string `json:"pseudonym"`
	report.Worker
	Outcome    ledger.OutcomeKind  `json:"outcome"`
	DecidedOn  casefile.Date       `json:"decidedOn,omitempty"`
	NextReview casefile.Date       `json:"nextReview,omitempty"`
	Course     []ExplainedStep     `json:"course"`
	Timeline   []ExplainedEntry    `json:"timeline"`
	Fired      []ExplainedRule     `json:"rulesFired"`
	NotFired   []ExplainedRule     `json:"rulesNotFired"`
	Manual     []ExplainedQuestion `json:"manualDecisions"`
	Findings   []ExplainedQuestion `json:"findings"`
	Deadlines  []ClientDeadline    `json:"deadlines"`
	Held       []RejectedRow       `json:"heldFor"`
	Damaged    string              `json:"damaged,omitempty"` // Dutch: something kept of the client can't be read back
	Hold       *ExplainedHold      `json:"hold,omitempty"`
	Answers    []ExplainedAnswer   `json:"answers"`
	Drift      []ExplainedDrift    `json:"changedInMLP"`
	// INSZReplaced and INSZCanceled tell of the person's number that MLP knows another one, or none
	// that is valid; the numbers themselves are told nowhere.
	INSZReplaced bool               `json:"inszReplaced,omitempty"`
	INSZCanceled bool               `json:"inszCanceled,omitempty"`
	Guard        string             `json:"guard,omitempty"` // Dutch: why nothing new is sent for this OCMW
	Blocks       []ExplainedBlock   `json:"blocks,omitempty"`
	Paused       *Pause             `json:"paused,omitempty"`
	Dossier      *ExplainedDossier  `json:"dossier"` // absent: MLP holds none in the OCMW's area
	LookedUp     bool               `json:"lookedUp"`
	Unread       string             `json:"unread,omitempty"` // Dutch: what MLP answers about the client can't be used
	Sent         []ExplainedSending `json:"sent"`
}

// ExplainedEntry is an entry of the category timeline.
type ExplainedEntry struct {
	Code     casefile.Code   `json:"code"`
	From     casefile.Date   `json:"from"`
	SetBy    casefile.Party  `json:"setBy"`
	Rule     string          `json:"rule"`
	Source   string          `json:"source"`
	Expected bool            `json:"expected,omitempty"`
	Cells    []casefile.Cell `json:"cells,omitempty"`
}

// ExplainedRule is a rule that was looked at.
type ExplainedRule struct {
	Rule   string          `json:"rule"`
	Source string          `json:"source"`
	Why    string          `json:"why"` // Dutch
	Cells  []casefile.Cell `json:"cells,omitempty"`
}

// ExplainedQuestion is a decision that a person must take, or a finding, with the cells that it
// is about and how it is answered.
type ExplainedQuestion struct {
	ManualDecision
	Source  string          `json:"source,omitempty"`
	Answers []string        `json:"answers,omitempty"` // Dutch
	Cells   []casefile.Cell `json:"cells,omitempty"`
}

// ExplainedHold is a person's order to leave the client alone.
type ExplainedHold struct {
	Since  casefile.Date `json:"since"`
	By     string        `json:"by"`
	Reason string        `json:"reason"`
}

// ExplainedDossier is what is known of the dossier.
type ExplainedDossier struct {
	ID         string           `json:"id"`
	Version    int64            `json:"version"`
	Owner      string           `json:"owner"`
	Program    string           `json:"program,omitempty"`
	OwnerSince casefile.Date    `json:"ownerSince,omitempty"`
	Categories []ExplainedEntry `json:"categories"`
	Holds      map[string]int   `json:"holds"` // registrations by kind
}

// ExplainedSending is something that was sent, or waits.
type ExplainedSending struct {
	Entry    string         `json:"entry"`
	Kind     string         `json:"kind"`
	Rule     string         `json:"rule"`
	State    outbox.State   `json:"state"`
	At       time.Time      `json:"at"`
	Attempts int            `json:"attempts"` // that count (outbox.Entry)
	TraceID  string         `json:"traceId,omitempty"`
	Sentence string         `json:"sentence"`
	Problem  outbox.Problem `json:"problem,omitzero"`
	Behind   string         `json:"behind,omitempty"`   // the entry that it waits for, or belongs to
	WaitsFor string         `json:"waitsFor,omitempty"` // Dutch: the same
}

// Explain tells the story of one client, named by client number, KBO/number or
// pseudonym.
func (a *App) Explain(ctx context.Context, client string) (Explanation, error) {
	view, err := a.find(ctx, client)
	if err != nil {
		return Explanation{}, err
	}
	entries, err := a.store.Entries(ctx, ledger.EntryFilter{OCMW: view.OCMW, Person: view.Person})
	if err != nil {
		return Explanation{}, fmt.Errorf("list entries: %w", err)
	}
	slices.SortFunc(entries, func(x, y outbox.Entry) int { return int(x.Seq - y.Seq) })
	open, err := openChanges(entries)
	if err != nil {
		return Explanation{}, fmt.Errorf("read entries: %w", err)
	}
	e := a.explainDecision(view)
	e.Course, e.Blocks = tellCourse(view, open, a.today()), tellBlocks(view, open)
	e.Drift = explainDrift(view.Known)
	e.Answers, err = a.tellAnswers(ctx, view)
	if err != nil {
		return e, err
	}
	e.INSZReplaced, e.INSZCanceled = inszStanding(view)
	e.Dossier = explainDossier(view.Known.Dossier)
	if e.Sent, err = sendings(entries, newCourse(view, open, a.today())); err != nil {
		return e, err
	}
	guard, err := a.store.Guard(ctx, view.OCMW)
	if err != nil {
		return e, fmt.Errorf("read guard: %w", err)
	}
	if guard.Stopped {
		e.Guard = guard.ReasonNL
	}
	if e.Unread, err = a.unread(ctx, view); err != nil {
		return e, err
	}
	e.Paused, err = a.paused(ctx, view.OCMW)
	return e, err
}

// unread says, in Dutch, that what MLP answers about a client can't be used; nothing where it can.
func (a *App) unread(ctx context.Context, view ledger.ClientView) (string, error) {
	notes, err := a.store.Notes(ctx, view.OCMW)
	if err != nil {
		return "", fmt.Errorf("read notes: %w", err)
	}
	i := slices.IndexFunc(notes, func(n ledger.Note) bool { return n.UnreadClient() == view.Pseudonym })
	if i < 0 {
		return "", nil
	}
	return notes[i].NL, nil
}

// explainDecision tells what was decided, and what people have to do.
func (a *App) explainDecision(view ledger.ClientView) Explanation {
	d, options := view.Decision, a.reportOptions(a.ocmw(view.OCMW))
	e := Explanation{
		OCMW: view.OCMW, Client: view.Client, Pseudonym: view.Pseudonym, Worker: report.WorkerOf(view.Caseworker, options.DefaultCaseworker),
		Outcome: view.Kind, DecidedOn: d.Day, NextReview: d.NextReview, LookedUp: view.Known.LookedUp,
	}
	for _, t := range d.Timeline {
		e.Timeline = append(e.Timeline, ExplainedEntry(t))
	}
	for _, t := range d.Trace {
		rule := ExplainedRule{Rule: t.Rule, Source: t.Source, Why: t.Why, Cells: t.Cells}
		if t.Fired {
			e.Fired = append(e.Fired, rule)
		} else {
			e.NotFired = append(e.NotFired, rule)
		}
	}
	for _, m := range d.Manual {
		e.Manual = append(e.Manual, ExplainedQuestion{ManualDecision{view.Client, e.Caseworker, m.Rule, m.Reason, m.Next, m.Proposal},
			a.rules.SourceOf(m.Rule), report.HowToDecide(view.Client, d, m), m.Cells})
	}
	for _, f := range d.Findings {
		e.Findings = append(e.Findings, ExplainedQuestion{ManualDecision{view.Client, e.Caseworker, f.Rule, f.Reason, f.Next, ""},
			a.rules.SourceOf(f.Rule), report.HowToAnswer(view.Client, d, f), f.Cells})
	}
	var deadlines DeadlineList
	deadlines.Totals = map[casefile.DeadlineState]int{}
	deadlines.add(view, options, a.rules.SourceOf, DeadlineFilter{}) // those that are met too
	deadlines.sort()
	e.Deadlines = deadlines.Deadlines
	for _, h := range view.Held {
		e.Held = append(e.Held, RejectedRow{File: h.File, Row: h.Row, Column: h.Column, Rule: h.Rule, Reason: h.ReasonNL, Next: h.HintNL})
	}
	if view.Damaged != "" {
		e.Damaged = report.DamagedNL
	}
	if h := view.Hold; h != nil {
		e.Hold = &ExplainedHold{Since: casefile.DateOf(h.Since, Zone()), By: h.By, Reason: h.Reason}
	}
	return e
}

// ocmw is the configuration of an OCMW; that of none for a number that is not in it any more.
func (a *App) ocmw(kbo string) config.OCMW {
	i := slices.IndexFunc(a.config.OCMWs, func(o config.OCMW) bool { return string(o.KBONumber()) == kbo })
	if i < 0 {
		return config.OCMW{KBO: kbo}
	}
	return a.config.OCMWs[i]
}

// inszStanding tells whether MLP knows another number of the person than the export, and whether
// the export's was cancelled.
func inszStanding(view ledger.ClientView) (replaced, canceled bool) {
	d := view.Known.Dossier
	if d == nil {
		return false, view.Known.INSZCanceled
	}
	replaced = len(d.INSZHistory) > 0
	for _, r := range view.Records {
		if c, ok := r.(*casefile.Client); ok && c.INSZ != d.Person.INSZ && !c.INSZ.IsZero() && !d.Person.INSZ.IsZero() {
			replaced = true
		}
	}
	return replaced, view.Known.INSZCanceled || d.INSZCanceled
}

func explainDossier(d *casefile.Dossier) *ExplainedDossier {
	if d == nil {
		return nil
	}
	out := &ExplainedDossier{ID: d.ID, Version: d.Version, Owner: cmp.Or(d.Owner.Name, partyNL(d.Owner.Kind)), Program: d.Owner.Program,
		OwnerSince: d.Owner.Since, Holds: map[string]int{}}
	for _, c := range d.Categories() {
		out.Categories = append(out.Categories, ExplainedEntry{Code: c.Code, From: c.From, SetBy: c.SetBy})
	}
	for _, r := range d.Registrations {
		out.Holds[string(r.Body.Kind())]++
	}
	return out
}

func sendings(entries []outbox.Entry, c *course) ([]ExplainedSending, error) {
	sent := make([]ExplainedSending, 0, len(entries))
	for _, entry := range entries {
		change, err := changeOf(entry)
		if err != nil {
			return nil, err
		}
		s := ExplainedSending{
			Entry: entry.ID, Kind: entry.Kind, Rule: entry.Rule, State: entry.State, At: entry.UpdatedAt,
			Attempts: entry.Attempts, TraceID: entry.TraceID, Sentence: change.Sentence, Problem: entry.Problem,
		}
		if b, found := c.blocker(openChange{id: entry.ID, state: entry.State, Change: change}); found {
			s.Behind, s.WaitsFor = b.id, b.waitedFor()
		}
		sent = append(sent, s)
	}
	return sent, nil
}

// find looks a client up as the command line names it: a client number,
// KBO/number, or a pseudonym from a log.
func (a *App) find(ctx context.Context, client string) (ledger.ClientView, error) {
	candidates := a.config.OCMWs
	number := client
	if kbo, rest, ok := strings.Cut(client, "/"); ok {
		i := slices.IndexFunc(candidates, func(o config.OCMW) bool { return string(o.KBONumber()) == digits(kbo) })
		if i >= 0 {
			candidates, number = candidates[i:i+1], rest
		}
	}
	var found []ledger.ClientView
	for _, o := range candidates {
		view, err := a.store.Find(ctx, string(o.KBONumber()), number)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return view, fmt.Errorf("look up client: %w", err)
		}
		found = append(found, view)
	}
	switch len(found) {
	case 0:
		return ledger.ClientView{}, misuse(errors.New("no such client in the export in force"),
			"name it by the OCMW's client number, by KBO/number, or by the pseudonym in a log line")
	case 1:
		return found[0], nil
	}
	return ledger.ClientView{}, misuse(errors.New("several OCMWs have a client of that number"), "name it as KBO/number")
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Hinted is an error with the next step.
type Hinted struct {
	Err  error
	Next string
	// Misuse tells that a person asks for what doesn't fit how things stand, or wrote a profile that is refused: nothing failed.
	Misuse bool
	// Finding tells that it is what was found: the state is not there, say.
	Finding bool
}

// misuse is the error of what a person has to ask or write otherwise.
func misuse(err error, next string) *Hinted { return &Hinted{Err: err, Next: next, Misuse: true} }

func (h *Hinted) Error() string { return h.Err.Error() }

// Unwrap gives the cause.
func (h *Hinted) Unwrap() error { return h.Err }

// Hint is what the user can do.
func (h *Hinted) Hint() string { return h.Next }
