package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// QueueEntry is an entry as people see it.
type QueueEntry struct {
	ID        string         `json:"id"`
	OCMW      string         `json:"ocmw"`
	Pseudonym string         `json:"pseudonym"`
	Kind      string         `json:"kind"`
	Rule      string         `json:"rule"`
	State     outbox.State   `json:"state"`
	Attempts  int            `json:"attempts"`
	NotBefore time.Time      `json:"notBefore,omitzero"`
	UpdatedAt time.Time      `json:"updatedAt"`
	TraceID   string         `json:"traceId,omitempty"`
	Problem   outbox.Problem `json:"problem,omitzero"`
	Sentence  string         `json:"sentence"`
	// InDoubtSince is set while nobody knows whether MLP has it.
	InDoubtSince time.Time `json:"inDoubtSince,omitzero"`
	Age          string    `json:"age"` // in this state
	Waits        *Wait     `json:"waits,omitempty"`
	// Cells are what the problem is about in the OCMW's own export, where that can be told.
	Cells []casefile.Cell `json:"cells,omitempty"`
}

// Wait is what an entry waits for, and until when where that is known.
type Wait struct {
	For   string    `json:"for"`
	Until time.Time `json:"until,omitzero"`
	// Behind is the entry of its lane whose turn it is, where it waits for that.
	Behind string `json:"behind,omitempty"`
}

// WaitCount is how many entries wait for one thing, and the first of their instants.
type WaitCount struct {
	For     string    `json:"for"`
	Entries int       `json:"entries"`
	Until   time.Time `json:"until,omitzero"`
}

// Way is how the way to MLP stands, as the daemon left it after its last delivery.
type Way struct {
	Breaker string    `json:"breaker"` // closed, open, half-open; empty before the first delivery
	Since   time.Time `json:"since,omitzero"`
	// Stopped says why nothing is sent until Until: breaker, throttled, paused (an OCMW's client is not
	// admitted), quiet.
	Stopped string    `json:"stopped,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	// NotAdmitted are the OCMWs whose client MLP does not admit: a token is tried every few minutes.
	NotAdmitted []string `json:"notAdmitted,omitempty"`
	// Spent is how many of the requests that may go at once had gone at SpentAt, by the machine's own clock: a process that begins right
	// after another has no more than that one had left.
	Spent   int       `json:"spent,omitempty"`
	SpentAt time.Time `json:"spentAt,omitzero"`
}

// spentBy is how many are still spent at an instant, where so many come back a second. A clock that was set back counts as no time.
func (w Way) spentBy(now time.Time, perSecond float64) int {
	return max(w.Spent-int(max(now.Sub(w.SpentAt), 0).Seconds()*perSecond), 0)
}

// holdings are what holds back more than one entry.
type holdings struct {
	now     time.Time
	full    bool      // the disk of the state directory
	quiet   time.Time // when the quiet hours end
	way     Way
	paused  map[string]*Pause
	stopped map[string]bool // by the guard
	unread  map[string]bool // pseudonyms of clients of whom MLP's answer can't be used
}

func (a *App) holdings(ctx context.Context) (holdings, error) {
	h := holdings{now: a.now(), full: a.diskFull() != nil, quiet: a.quietHours().End(a.now()), paused: map[string]*Pause{}, stopped: map[string]bool{}, unread: map[string]bool{}}
	var err error
	if h.way, err = a.way(ctx); err != nil {
		return h, err
	}
	for _, o := range a.config.OCMWs {
		kbo := string(o.KBONumber())
		if h.paused[kbo], err = a.paused(ctx, kbo); err != nil {
			return h, err
		}
		guard, err := a.store.Guard(ctx, kbo)
		if err != nil {
			return h, fmt.Errorf("read guard: %w", err)
		}
		h.stopped[kbo] = guard.Stopped
		notes, err := a.store.Notes(ctx, kbo)
		if err != nil {
			return h, fmt.Errorf("read notes: %w", err)
		}
		for _, n := range notes {
			if name := n.UnreadClient(); name != "" {
				h.unread[name] = true
			}
		}
	}
	return h, nil
}

// way reads how the way to MLP stands.
func (a *App) way(ctx context.Context) (Way, error) {
	var w Way
	text, err := a.store.Meta(ctx, metaWay)
	if err != nil {
		return w, fmt.Errorf("read the state of the channel: %w", err)
	}
	if text != "" && json.Unmarshal([]byte(text), &w) != nil {
		return Way{}, nil // of another version of this program; the next delivery writes it anew
	}
	return w, nil
}

// wait tells what an entry waits for; turn is the one of its lane whose turn it is. Nil when it is done with.
func (h holdings) wait(e, turn outbox.Entry) *Wait {
	sends := e.State != outbox.InDoubt // what is in doubt is only read, and that goes on
	switch {
	case e.State.Final() || e.State == outbox.Discarded:
		return nil
	case e.State == outbox.Parked:
		return &Wait{For: "a person: retry or discard it, or correct the source"}
	case e.State == outbox.Suspended:
		return &Wait{For: "its client, who is held: see \"mlpsync explain\""}
	case h.full:
		return &Wait{For: "room on the disk of the state directory, which is full"}
	case e.State == outbox.Claimed:
		return &Wait{For: "MLP's answer"}
	case e.ID != turn.ID && turn.Seq > e.Seq:
		return &Wait{For: "MLP to be read for an entry behind it in its lane, which is " + string(turn.State), Behind: turn.ID}
	case e.ID != turn.ID && turn.ID != "":
		return &Wait{For: "the entry ahead of it in its lane, which is " + string(turn.State), Behind: turn.ID}
	case h.unread[e.Pseudonym] && sends:
		return &Wait{For: "what MLP answers about its client, which can't be used: see \"mlpsync status\""}
	case h.paused[e.OCMW] != nil && sends:
		return &Wait{For: "\"mlpsync resume\" of its OCMW"}
	case (h.stopped[e.OCMW] || !e.Approved) && sends:
		return &Wait{For: "\"mlpsync guard release\""}
	case e.Version == 0 && sends && e.Op != string(casefile.OpCreate):
		return &Wait{For: "a dossier of its client: the entry that makes one was discarded, retry that one"}
	case !h.quiet.IsZero():
		return &Wait{For: "the end of the quiet hours", Until: h.quiet}
	case slices.Contains(h.way.NotAdmitted, e.OCMW):
		return &Wait{For: "MLP to admit its OCMW's client: check the credentials", Until: h.way.Until}
	case h.way.Until.After(h.now) && (h.way.Stopped == "breaker" || h.way.Stopped == "throttled"):
		return &Wait{For: map[string]string{"breaker": "the breaker, then one request is tried", "throttled": "MLP, which asked to wait"}[h.way.Stopped],
			Until: later(h.way.Until, e.NotBefore)}
	}
	return h.turn(e)
}

// turn tells what an entry waits for whose turn it is, with nothing in its way.
func (h holdings) turn(e outbox.Entry) *Wait {
	w := &Wait{}
	if e.NotBefore.After(h.now) {
		w.Until = e.NotBefore
	}
	switch {
	case e.State == outbox.InDoubt:
		w.For = "MLP to be read"
	case e.LookUpFirst: // when it was to go next says nothing any more
		return &Wait{For: "its client to be looked up in MLP"}
	case e.DecideFirst:
		return &Wait{For: "its client to be decided again"}
	case !w.Until.IsZero():
		w.For = "its next attempt"
	default:
		w.For = "its turn"
	}
	return w
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// openStates are those of entries that are not done with.
func openStates() []outbox.State {
	return slices.DeleteFunc(outbox.States(), outbox.State.Final)
}

// Queue lists entries that are not yet settled or superseded, or those in the
// given states.
func (a *App) Queue(ctx context.Context, names []string) ([]QueueEntry, error) {
	asked := openStates()
	if len(names) > 0 {
		asked = nil
		for _, name := range names {
			asked = append(asked, outbox.State(name))
		}
	}
	h, err := a.holdings(ctx)
	if err != nil {
		return nil, err
	}
	return a.listed(ctx, h, asked, func(Wait) {})
}

// listed lists the entries in some states, in the order of their places. Each open one, listed or not, is told to each with what it waits
// for: whose turn it is in a lane says that of the others, and however many wait they are looked at a lane at a time.
func (a *App) listed(ctx context.Context, h holdings, states []outbox.State, each func(Wait)) ([]QueueEntry, error) {
	waits := map[string]*Wait{}
	err := a.store.Lanes(ctx, openStates(), func(lane []outbox.Entry) error {
		turn := turns(lane)[lane[0].Person]
		for _, e := range lane {
			w := h.wait(e, turn)
			if w != nil {
				each(*w)
			}
			if slices.Contains(states, e.State) {
				waits[e.ID] = w
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("see what waits: %w", err)
	}
	entries, err := a.store.Entries(ctx, ledger.EntryFilter{States: states})
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	slices.SortStableFunc(entries, func(x, y outbox.Entry) int { return cmp.Compare(x.Seq, y.Seq) })
	list := make([]QueueEntry, 0, len(entries))
	for _, e := range entries {
		q, err := a.queueEntry(ctx, h.now, e, waits[e.ID])
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, nil
}

// turns are the entries whose turn it is by lane, of entries in order of lane: the first in flight, else the first that is open.
func turns(entries []outbox.Entry) map[int64]outbox.Entry {
	turn := map[int64]outbox.Entry{}
	for _, e := range entries {
		have, there := turn[e.Person]
		if !there && !e.State.Final() && e.State != outbox.Discarded || e.State.InFlight() && !have.State.InFlight() {
			turn[e.Person] = e
		}
	}
	return turn
}

func (a *App) queueEntry(ctx context.Context, now time.Time, e outbox.Entry, waits *Wait) (QueueEntry, error) {
	change, err := changeOf(e)
	if err != nil {
		return QueueEntry{}, err
	}
	if e.Damaged != "" {
		e.Problem = outbox.Problem{Type: "unreadable", Title: e.Damaged, Next: unreadableNext(e.State)}
	}
	since := e.UpdatedAt
	if !e.DoubtSince.IsZero() {
		since = e.DoubtSince
	}
	cells, err := cellsAbout(ctx, a.store, e, change)
	if err != nil {
		return QueueEntry{}, err
	}
	return QueueEntry{
		ID: e.ID, OCMW: e.OCMW, Pseudonym: e.Pseudonym, Kind: e.Kind, Rule: e.Rule, State: e.State, Attempts: e.Attempts,
		NotBefore: e.NotBefore, UpdatedAt: e.UpdatedAt, TraceID: e.TraceID, Problem: e.Problem, Sentence: change.Sentence,
		InDoubtSince: e.DoubtSince, Age: max(now.Sub(since), 0).Round(time.Second).String(), Waits: waits, Cells: cells,
	}, nil
}

// changeOf is what an entry sends. Of one that is damaged, or was, there is nothing but a sentence that says so.
func changeOf(e outbox.Entry) (casefile.Change, error) {
	if len(e.Payload) == 0 {
		return casefile.Change{Sentence: "wat dit verstuurt, kan niet gelezen worden"}, nil
	}
	change, err := casefile.UnmarshalChange(e.Payload)
	if err != nil {
		return change, fmt.Errorf("read entry %s: %w", e.ID, err)
	}
	return change, nil
}

// unreadableNext is what a person does about an entry that is damaged.
func unreadableNext(state outbox.State) string {
	const look = "look at the disk, and run \"mlpsync state check\""
	switch state {
	case outbox.Waiting, outbox.Suspended, outbox.InDoubt, outbox.Claimed:
		return "nothing for the client, who is decided again when it is the entry's turn; " + look
	case outbox.Parked:
		return "retry it: then its client is decided again; " + look
	}
	return look
}

// QueueShow is one entry, by its id.
func (a *App) QueueShow(ctx context.Context, id string) (QueueEntry, error) {
	e, err := a.store.Entry(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return QueueEntry{}, misuse(errors.New("no such entry"), "list them with \"mlpsync queue list\"")
	}
	if err != nil {
		return QueueEntry{}, fmt.Errorf("read entry: %w", err)
	}
	lane, err := a.store.Entries(ctx, ledger.EntryFilter{OCMW: e.OCMW, Person: e.Person, States: openStates()})
	if err != nil {
		return QueueEntry{}, fmt.Errorf("list entries: %w", err)
	}
	h, err := a.holdings(ctx)
	if err != nil {
		return QueueEntry{}, err
	}
	return a.queueEntry(ctx, h.now, e, h.wait(e, turns(lane)[e.Person]))
}

// queueStatus adds to a status what waits for what, what is parked and what is in doubt.
func (a *App) queueStatus(ctx context.Context, s *Status) error {
	var err error
	if s.Way, err = a.way(ctx); err != nil {
		return err
	}
	if s.LastRun, err = a.lastRun(ctx); err != nil {
		return err
	}
	h, err := a.holdings(ctx)
	if err != nil {
		return err
	}
	s.Waits = []WaitCount{}
	shown, err := a.listed(ctx, h, []outbox.State{outbox.Parked, outbox.InDoubt}, func(w Wait) { s.Waits = countWait(s.Waits, w) })
	if err != nil {
		return err
	}
	inDoubt := func(e QueueEntry) bool { return e.State == outbox.InDoubt }
	s.InDoubt = slices.DeleteFunc(slices.Clone(shown), func(e QueueEntry) bool { return !inDoubt(e) })
	s.Parked = slices.DeleteFunc(shown, inDoubt)
	return nil
}

func countWait(counts []WaitCount, w Wait) []WaitCount {
	i := slices.IndexFunc(counts, func(c WaitCount) bool { return c.For == w.For })
	if i < 0 {
		return append(counts, WaitCount{For: w.For, Entries: 1, Until: w.Until})
	}
	counts[i].Entries++
	if u := counts[i].Until; u.IsZero() || !w.Until.IsZero() && w.Until.Before(u) {
		counts[i].Until = w.Until
	}
	return counts
}

// LastRun is the balance of the last run that did something.
type LastRun struct {
	Run        string        `json:"run"`
	Day        casefile.Date `json:"day"`
	Began      time.Time     `json:"began"` // by the machine's own clock
	Files      int           `json:"files"`
	Rows       int           `json:"rows"`
	Clients    ClientCounts  `json:"clients"`
	Requests   int           `json:"requests"`
	Unbalanced []string      `json:"unbalanced,omitempty"` // sets whose sums did not hold: not taken
}

// Balanced tells whether every sum of the run held.
func (r LastRun) Balanced() bool { return r.Clients.Holds() && len(r.Unbalanced) == 0 }

// keepLastRun leaves a run's balance where status finds it. What can't be kept is said, and stops nothing.
func (a *App) keepLastRun(ctx context.Context, run *cycle.Run) {
	last := LastRun{
		Run: run.ID, Day: run.Day, Began: run.Began.UTC(), Files: len(run.Files), Clients: clientCounts(run),
		Requests: run.Requests, Unbalanced: run.Unbalanced,
	}
	for _, f := range run.Files {
		last.Rows += f.Rows
		if !f.Holds() {
			last.Unbalanced = append(last.Unbalanced, f.Name)
		}
	}
	text, err := json.Marshal(last)
	if err == nil {
		err = a.store.SetMeta(ctx, metaLastRun, string(text))
	}
	if err != nil {
		a.Log.Warn().Str("event", "run.balanceNotKept").Err(err).Msg("the balance of this run can't be kept for \"mlpsync status\"")
	}
}

func (a *App) lastRun(ctx context.Context) (*LastRun, error) {
	text, err := a.store.Meta(ctx, metaLastRun)
	if err != nil {
		return nil, fmt.Errorf("read the last run: %w", err)
	}
	var last LastRun
	if text == "" || json.Unmarshal([]byte(text), &last) != nil {
		return nil, nil // none, or of another version of this program
	}
	return &last, nil
}
