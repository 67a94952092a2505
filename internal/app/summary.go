package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Summary is what a run did, as once and demo print it and as --json gives it.
type Summary struct {
	Day         casefile.Date                 `json:"day"`
	Environment config.Environment            `json:"environment"`
	Files       []ledger.FileBalance          `json:"files"`
	Clients     ClientCounts                  `json:"clients"`
	Categories  map[string]CategoryCount      `json:"categories"`
	Sent        map[string]int                `json:"registrations"`
	Handovers   map[casefile.HandoverKind]int `json:"handovers"`
	Entries     EntryCounts                   `json:"entries"`
	Requests    int                           `json:"requests"`
	Rejected    []RejectedRow                 `json:"rejectedRows"`
	Warnings    []cycle.FileWarning           `json:"fileWarnings"`
	Manual      []ManualDecision              `json:"manualDecisions"`
	Findings    []ManualDecision              `json:"findings"`
	Deadlines   []Deadline                    `json:"deadlines"`
	// Undecided clients wait: MLP could not be asked what it holds of them.
	Undecided int `json:"undecided"`
	// ToLookUp clients were decided before and wait: MLP is to be asked again what it holds of them.
	ToLookUp int `json:"toLookUp,omitempty"`
	// Unread clients wait: what MLP answers about them can't be used. Those of them who were never decided are among Undecided.
	Unread int `json:"unread,omitempty"`
	// Restless: clients were still to be decided again when the run ended.
	Restless bool `json:"restless,omitempty"`
	// Stops are OCMWs that the guard holds back, with the reason.
	Stops []GuardStop `json:"stops,omitempty"`
	// Quiet is set inside the quiet hours.
	Quiet *Quiet `json:"quietHours,omitempty"`
	// Paused are OCMWs for which a person stopped sending.
	Paused []Pause `json:"paused,omitempty"`
	// Unbalanced names files whose balance did not hold: their set was not taken.
	Unbalanced []string `json:"unbalanced,omitempty"`
	// Lost names files that were taken, and can't be read any more: their set was not taken.
	Lost []string `json:"lost,omitempty"`
	// Notes are standing remarks about files and the channel.
	Notes []ledger.Note `json:"notes,omitempty"`
	// Lacking tells, in English, what deliveries wait for that are not whole yet: none of their files was taken.
	Lacking []string `json:"lacking,omitempty"`
	// Unsettled files were left lying, as they may not be whole yet.
	Unsettled  []UnsettledFile `json:"unsettled,omitempty"`
	DurationMS int64           `json:"durationMs"`
}

// UnsettledFile is a file that was left lying, and why: it may still be written to (file.young), or does not look whole. No values.
type UnsettledFile struct {
	Name   string `json:"name"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"` // English
}

// unsound tells that it was looked at and does not look whole; another one is there for the next run.
func (f UnsettledFile) unsound() bool { return f.Rule != adapters.RuleFileYoung }

func unsettledFiles(files []adapters.Waiting) (list []UnsettledFile) {
	for _, w := range files {
		list = append(list, UnsettledFile{Name: w.Name, Rule: w.Problem.Rule, Reason: w.Problem.ReasonEN})
	}
	return list
}

// ClientCounts is the balance of the clients looked at: Decided = Held + Manual +
// Planned + NoChange.
type ClientCounts struct {
	Decided  int `json:"decided"`
	Held     int `json:"held"`
	Manual   int `json:"manual"`
	Planned  int `json:"planned"`
	NoChange int `json:"noChange"`
}

// Holds tells whether the balance holds.
func (c ClientCounts) Holds() bool { return c.Decided == c.Held+c.Manual+c.Planned+c.NoChange }

// CategoryCount counts clients by their category in MLP at the start of the
// run, or at first contact, and at its end.
type CategoryCount struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// EntryCounts are the run's settled entries, and what is left open.
type EntryCounts struct {
	Settled   int `json:"settled"`         // sent, and MLP has it
	Found     int `json:"found,omitempty"` // in doubt, and MLP was read to have it: it was sent before
	Waiting   int `json:"waiting"`
	Suspended int `json:"suspended"`
	Parked    int `json:"parked"`
	InDoubt   int `json:"inDoubt"`
}

// RejectedRow is a row that was not taken, and why. No values.
type RejectedRow struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column string `json:"column"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"` // Dutch
	Next   string `json:"next"`   // Dutch
	Client string `json:"client,omitempty"`
}

// kind is what is the same of all rows in which the same is wrong.
func (r RejectedRow) kind() RejectedRow {
	r.Row, r.Client = 0, ""
	return r
}

// RejectedKind counts the rejected rows of a file in which the same is wrong.
type RejectedKind struct {
	RejectedRow // the first
	Rows        int
}

// RejectedKinds counts the rejected rows by what is wrong with them: those of a kind that comes first stand first.
func (s Summary) RejectedKinds() []RejectedKind {
	var kinds []RejectedKind
	at := map[RejectedRow]int{}
	for _, r := range s.Rejected {
		i, known := at[r.kind()]
		if !known {
			i = len(kinds)
			at[r.kind()], kinds = i, append(kinds, RejectedKind{RejectedRow: r})
		}
		kinds[i].Rows++
	}
	return kinds
}

// ManualDecision is a decision that a person must take, or a finding.
type ManualDecision struct {
	Client     string        `json:"client"`
	Caseworker string        `json:"caseworker,omitempty"`
	Rule       string        `json:"rule"`
	Reason     string        `json:"reason"` // Dutch
	Next       string        `json:"next"`   // Dutch
	Proposal   casefile.Code `json:"proposal,omitempty"`
}

// Deadline is a limit of one client.
type Deadline struct {
	Client     string                 `json:"client"`
	Caseworker string                 `json:"caseworker,omitempty"`
	Rule       string                 `json:"rule"`
	Due        casefile.Date          `json:"due"`
	State      casefile.DeadlineState `json:"state"`
	What       string                 `json:"what"` // Dutch
}

// GuardStop is an OCMW that waits for a person.
type GuardStop struct {
	OCMW     string `json:"ocmw"`
	Clients  int    `json:"clients"`
	Changing int    `json:"changing"`
	Reason   string `json:"reason"`
	ReasonNL string `json:"reasonNl"`
	// Ahead tells, in a plan, that the guard stops nothing yet: the next run would be stopped.
	Ahead bool `json:"ahead,omitempty"`
}

func (s GuardStop) same(other GuardStop) bool {
	return s.OCMW == other.OCMW && s.Reason == other.Reason
}

// Left tells whether something is left: the exit status 1 of design section 7.
func (s Summary) Left() bool {
	return s.Entries.Waiting+s.Entries.Parked+s.Entries.InDoubt+s.Undecided+s.ToLookUp+s.Unread > 0 || len(s.Stops)+len(s.Lost) > 0 || s.Restless || !s.Balanced() || !s.AllRead()
}

// AllRead tells whether all that lay in the drop folders was read, or is still being written.
func (s Summary) AllRead() bool {
	return !slices.ContainsFunc(s.Notes, ledger.Note.NotRead) && !slices.ContainsFunc(s.Unsettled, UnsettledFile.unsound)
}

// Brief is the notes for a person to read.
func (s Summary) Brief() []ledger.Note { return ledger.Brief(s.Notes) }

// Balanced tells whether every sum holds.
func (s Summary) Balanced() bool {
	for _, f := range s.Files {
		if !f.Holds() {
			return false
		}
	}
	return s.Clients.Holds() && len(s.Unbalanced) == 0
}

// Unfinished tells whether people have something to look at: with --strict
// that is exit status 1 too.
func (s Summary) Unfinished() bool {
	return len(s.Rejected)+len(s.Manual)+s.Clients.Held+len(s.Notes)+len(s.Unsettled) > 0
}

// summarize counts what a run did.
func (a *App) summarize(ctx context.Context, run *cycle.Run) (Summary, error) {
	s := Summary{
		Day: run.Day, Environment: a.config.Environment,
		// Empty lists, not null: scripts count them.
		Files: append([]ledger.FileBalance{}, run.Files...), Rejected: []RejectedRow{}, Manual: []ManualDecision{},
		Findings: []ManualDecision{}, Deadlines: []Deadline{},
		Clients:  clientCounts(run),
		Warnings: append([]cycle.FileWarning{}, run.Warnings...), Requests: run.Requests, Unbalanced: run.Unbalanced, Lost: run.Lost(), Restless: run.Restless, DurationMS: time.Since(run.Began).Milliseconds(),
	}
	totals, err := a.store.Totals(ctx, "", run.ID)
	if err != nil {
		return s, fmt.Errorf("count totals: %w", err)
	}
	s.addTotals(totals)
	s.setFoundApart(run.Found)
	if q := a.quiet(); q != nil && !q.Ends.IsZero() {
		s.Quiet = q
	}
	for _, o := range a.config.OCMWs {
		if err := a.addClients(ctx, &s, string(o.KBONumber())); err != nil {
			return s, err
		}
	}
	s.Notes = append(s.Notes, rejections("", s.Files)...)
	s.sort()
	return s, nil
}

// NotLookedUp stands among the categories for those of whom MLP was not asked yet what it holds.
const NotLookedUp = "notLookedUp"

func (s *Summary) addTotals(t ledger.Totals) {
	s.Undecided, s.ToLookUp = t.Undecided, t.ToLookUp
	s.Categories = map[string]CategoryCount{}
	for code, count := range t.Categories {
		name := string(code)
		switch code {
		case "":
			name = "none"
		case ledger.NotLookedUp:
			name = NotLookedUp
		}
		s.Categories[name] = CategoryCount(count)
	}
	s.Sent = map[string]int{}
	for kind, n := range t.Settled {
		s.Entries.Settled += n
		if kind != casefile.RegHandover {
			s.Sent[string(kind)] = n
		}
	}
	s.Handovers = t.Handovers
	s.Entries.Waiting = t.Entries[outbox.Waiting] + t.Entries[outbox.Claimed]
	s.Entries.Suspended = t.Entries[outbox.Suspended]
	s.Entries.Parked = t.Entries[outbox.Parked]
	s.Entries.InDoubt = t.Entries[outbox.InDoubt]
}

// setFoundApart takes out of what was sent what had been sent before.
func (s *Summary) setFoundApart(found map[[2]string]int) {
	for key, n := range found {
		s.Entries.Settled -= n
		s.Entries.Found += n
		if kind, handover := key[0], casefile.HandoverKind(key[1]); handover == "" {
			lessen(s.Sent, kind, n)
		} else {
			lessen(s.Handovers, handover, n)
		}
	}
}

func lessen[K comparable](of map[K]int, key K, n int) {
	if of[key] -= n; of[key] <= 0 {
		delete(of, key)
	}
}

func (a *App) addClients(ctx context.Context, s *Summary, kbo string) error {
	if err := a.store.Rejected(ctx, kbo, func(r ledger.RejectedRow) error { s.addRejected(r); return nil }); err != nil {
		return fmt.Errorf("list rejected rows: %w", err)
	}
	if err := a.store.Decisions(ctx, kbo, func(v ledger.ClientView) error { s.addClient(v); return nil }); err != nil {
		return fmt.Errorf("list decisions: %w", err)
	}
	guard, err := a.store.Guard(ctx, kbo)
	if err != nil {
		return fmt.Errorf("read guard: %w", err)
	}
	if guard.Stopped {
		s.Stops = append(s.Stops, GuardStop{OCMW: kbo, Clients: guard.Clients, Changing: guard.Changing, Reason: guard.ReasonEN, ReasonNL: guard.ReasonNL})
	}
	pause, err := a.paused(ctx, kbo)
	if err != nil {
		return err
	}
	if pause != nil {
		s.Paused = append(s.Paused, *pause)
	}
	notes, err := a.store.Notes(ctx, kbo)
	if err != nil {
		return fmt.Errorf("read notes: %w", err)
	}
	for _, n := range notes {
		if n.UnreadClient() != "" {
			s.Unread++
		}
		switch {
		case n.Level != "info":
			s.Notes = append(s.Notes, n)
		case strings.HasPrefix(n.Key, cycle.IncompleteKey):
			s.Lacking = append(s.Lacking, n.EN)
		}
	}
	return nil
}

// addRejected keeps a rejected row. The texts of a row that is like the one before are that one's: where an export has something wrong all
// through, so are most.
func (s *Summary) addRejected(r ledger.RejectedRow) {
	row := RejectedRow{File: r.File, Row: r.Row, Column: r.Column, Rule: r.Rule, Reason: r.ReasonNL, Next: r.HintNL, Client: r.Client}
	if len(s.Rejected) > 0 {
		last := s.Rejected[len(s.Rejected)-1]
		if row.kind() == last.kind() {
			last.Row, last.Client = row.Row, row.Client
			row = last
		}
	}
	s.Rejected = append(s.Rejected, row)
}

func (s *Summary) addClient(v ledger.ClientView) {
	if v.Kind == ledger.OutcomeHeld {
		return
	}
	for _, m := range v.Decision.Manual {
		s.Manual = append(s.Manual, ManualDecision{v.Client, v.Caseworker, m.Rule, m.Reason, m.Next, m.Proposal})
	}
	for _, f := range v.Decision.Findings {
		s.Findings = append(s.Findings, ManualDecision{v.Client, v.Caseworker, f.Rule, f.Reason, f.Next, ""})
	}
	for _, d := range v.Decision.Deadlines {
		if d.State != casefile.DeadlineMet {
			s.Deadlines = append(s.Deadlines, Deadline{v.Client, v.Caseworker, d.Rule, d.Due, d.State, d.What})
		}
	}
}

func (s *Summary) sort() {
	slices.SortStableFunc(s.Deadlines, func(a, b Deadline) int {
		if a.Due != b.Due {
			return strings.Compare(string(a.Due), string(b.Due))
		}
		return strings.Compare(a.Client, b.Client)
	})
}
