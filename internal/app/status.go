package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Status is how things stand now.
type Status struct {
	Day          casefile.Date            `json:"day"`
	Environment  string                   `json:"environment"`
	LastCycle    time.Time                `json:"lastCycle,omitzero"` // by the machine's own clock
	Health       Health                   `json:"health"`
	DiskFull     *DiskFull                `json:"diskFull,omitempty"`
	OCMWs        []OCMWStatus             `json:"ocmws"`
	Entries      map[outbox.State]int     `json:"entries"`
	Unapproved   int                      `json:"waitingForApproval"`
	NextDue      time.Time                `json:"nextDue,omitzero"`
	InDoubtSince time.Time                `json:"inDoubtSince,omitzero"`
	Categories   map[string]CategoryCount `json:"categories"`
	Channel      []ledger.Note            `json:"channel"`
	Way          Way                      `json:"way"`
	Waits        []WaitCount              `json:"waits"` // what is not at MLP yet, by what it waits for
	Parked       []QueueEntry             `json:"parked"`
	InDoubt      []QueueEntry             `json:"inDoubt"`
	LastRun      *LastRun                 `json:"lastRun,omitempty"`
	Quiet        *Quiet                   `json:"quietHours,omitempty"`
	// RatePerMinute is how many requests go out in a minute at most for as long as there are some (pace).
	RatePerMinute int `json:"ratePerMinute"`
}

// Sending is how long it takes at least to send all that waits, however fast MLP answers.
func (s Status) Sending() time.Duration {
	return time.Minute * time.Duration(s.Entries[outbox.Waiting]+s.Entries[outbox.Claimed]) / time.Duration(max(s.RatePerMinute, 1))
}

// Quiet are the configured quiet hours; Ends is set inside them.
type Quiet struct {
	From  string    `json:"from"`
	Until string    `json:"until"`
	Ends  time.Time `json:"ends,omitzero"`
}

func (a *App) quiet() *Quiet {
	hours := a.config.MLP.QuietHours
	if hours == (config.QuietHours{}) {
		return nil
	}
	return &Quiet{From: hours.From, Until: hours.Until, Ends: a.quietHours().End(a.now())}
}

// OCMWStatus is how things stand for one OCMW.
type OCMWStatus struct {
	Name      string               `json:"name"`
	KBO       string               `json:"kbo"`
	Files     []ledger.FileBalance `json:"files"`
	Clients   ClientCounts         `json:"clients"`
	Undecided int                  `json:"undecided"`
	Guard     *GuardStop           `json:"guard,omitempty"`
	Paused    *Pause               `json:"paused,omitempty"`
	Notes     []ledger.Note        `json:"notes"`
}

// Brief is the notes for a person to read.
func (s OCMWStatus) Brief() []ledger.Note { return ledger.Brief(s.Notes) }

// Status reads how things stand.
func (a *App) Status(ctx context.Context) (Status, error) {
	s := Status{Day: a.today(), Environment: string(a.config.Environment), Quiet: a.quiet()}
	_, s.RatePerMinute = pace(a.config.MLP.RatePerMinute)
	beat, err := a.store.Meta(ctx, metaHeartbeat)
	if err != nil {
		return s, fmt.Errorf("read heartbeat: %w", err)
	}
	s.LastCycle, _ = time.Parse(time.RFC3339, beat)
	s.Health, s.DiskFull = a.healthAt(beat), a.diskFull()
	totals, err := a.store.Totals(ctx, "", "")
	if err != nil {
		return s, fmt.Errorf("count totals: %w", err)
	}
	var counted Summary
	counted.addTotals(totals)
	s.Categories, s.Entries, s.Unapproved, s.InDoubtSince = counted.Categories, totals.Entries, totals.Unapproved, totals.InDoubtSince
	if s.NextDue, err = a.store.NextDue(ctx); err != nil {
		return s, fmt.Errorf("look for due entries: %w", err)
	}
	if err := a.queueStatus(ctx, &s); err != nil {
		return s, err
	}
	for _, o := range a.config.OCMWs {
		status, err := a.ocmwStatus(ctx, o)
		if err != nil {
			return s, err
		}
		s.OCMWs = append(s.OCMWs, status)
	}
	s.Channel, err = a.store.Notes(ctx, "")
	s.Channel = slices.DeleteFunc(s.Channel, func(n ledger.Note) bool { return n.OCMW != "" })
	return s, err
}

func (a *App) ocmwStatus(ctx context.Context, o config.OCMW) (OCMWStatus, error) {
	kbo := string(o.KBONumber())
	totals, err := a.store.Totals(ctx, kbo, "")
	if err != nil {
		return OCMWStatus{}, fmt.Errorf("count totals: %w", err)
	}
	status := OCMWStatus{
		Name: o.Name, KBO: kbo, Files: totals.Files, Undecided: totals.Undecided,
		Clients: ClientCounts{
			Held: totals.Clients[ledger.OutcomeHeld], Manual: totals.Clients[ledger.OutcomeManual],
			Planned: totals.Clients[ledger.OutcomePlanned], NoChange: totals.Clients[ledger.OutcomeNoChange],
		},
	}
	for _, n := range totals.Clients {
		status.Clients.Decided += n
	}
	guard, err := a.store.Guard(ctx, kbo)
	if err != nil {
		return status, fmt.Errorf("read guard: %w", err)
	}
	if guard.Stopped {
		status.Guard = &GuardStop{OCMW: kbo, Clients: guard.Clients, Changing: guard.Changing, Reason: guard.ReasonEN, ReasonNL: guard.ReasonNL}
	}
	if status.Paused, err = a.paused(ctx, kbo); err != nil {
		return status, err
	}
	notes, err := a.store.Notes(ctx, kbo)
	if err != nil {
		return status, fmt.Errorf("read notes: %w", err)
	}
	status.Notes = append(notes, rejections(kbo, totals.Last)...)
	return status, nil
}

// Health is whether the daemon does its work.
type Health struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason"`
	Next   string `json:"next,omitempty"`
}

// lateBeats is after how many polls without a step the daemon counts as stuck.
const lateBeats = 4

// beatLimit is how old the daemon's last step may be. Between two steps it waits for a poll at most, or for one request, which has a
// limit of its own.
func (a *App) beatLimit() time.Duration {
	return max(lateBeats*a.config.Poll.Std(), 2*time.Minute, a.config.MLP.Timeout.Std()+time.Minute)
}

// Health looks for the daemon's last step (pulse). It proves that the daemon's work moved on not long ago: a cycle began or ended, a
// file was read, clients were decided, or a request to MLP was over, answered or not. A daemon that is gone, or stands still within
// itself, its ledger or a folder, is found; an MLP that is down, or takes every request and answers none, does not make it unhealthy.
// It does not prove that a cycle ended well, or that anything reached MLP: see Status.
func (a *App) Health(ctx context.Context) (Health, error) {
	beat, err := a.store.Meta(ctx, metaHeartbeat)
	if err != nil {
		return Health{}, fmt.Errorf("read heartbeat: %w", err)
	}
	return a.healthAt(beat), nil
}

// healthAt judges the last step by this machine's clock.
func (a *App) healthAt(beat string) Health {
	at, err := time.Parse(time.RFC3339, beat)
	if err != nil {
		return Health{Reason: "no cycle has run yet", Next: "start the daemon with \"mlpsync run\""}
	}
	age := time.Since(at)
	if age < -a.beatLimit() {
		return Health{
			Reason: "the last cycle lies ahead of this machine's clock, which was set back",
			Next:   "set the clock right; whether \"mlpsync run\" runs shows once it has ended a cycle since",
		}
	}
	if age > a.beatLimit() {
		return Health{
			Reason: fmt.Sprintf("the last cycle was %s ago", age.Round(time.Second)),
			Next:   "look whether \"mlpsync run\" runs, and at its log",
		}
	}
	return Health{Ready: true, Reason: "the last cycle was in time"}
}

// Order leaves an order for the daemon: "retry" or "discard" of an entry. The daemon carries it out within a poll.
func (a *App) Order(ctx context.Context, kind, id string, by ledger.Actor) error {
	if err := NeedReason(by); err != nil {
		return err
	}
	entry, err := a.QueueShow(ctx, id)
	if err != nil {
		return err
	}
	if entry.State != outbox.Parked && !(kind == "retry" && entry.State == outbox.Discarded) && !(kind == "discard" && entry.State.Unsent()) {
		return misuse(fmt.Errorf("the entry is %s, so there is nothing to %s", entry.State, kind), "see \"mlpsync queue show\"")
	}
	return a.leave(ctx, ledger.Request{Kind: kind, OCMW: entry.OCMW, Entry: entry.ID, By: by, At: a.now()})
}

func (a *App) leave(ctx context.Context, r ledger.Request) error {
	if err := a.store.Request(ctx, r); err != nil {
		return fmt.Errorf("leave the order: %w", err)
	}
	return nil
}
