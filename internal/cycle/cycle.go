// Package cycle knows the order of the stages and nothing of how they work:
// fetch, decode, ingest, decide, plan, commit, deliver, observe.
//
// It guarantees that a set of files becomes visible to deciding in one step,
// that a client is decided only when something of it changed, that nothing is
// delivered past the guard, and that one bad row, file, client or OCMW never
// stops its neighbours. It does not talk to MLP itself: delivering and
// observing come in as interfaces. internal/app builds it; RunOnce and Loop
// drive it.
package cycle

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// Deliverer sends what the outbox holds until nothing more can go now, or its turn is over.
type Deliverer interface {
	Deliver(ctx context.Context, run string) (Delivered, error)
}

// Delivered counts what a delivery did.
type Delivered struct {
	Settled, GivenBack, Parked, Conflicts, Doubts int // conflicts are clients who are decided again
	// Found are those of Settled that were in doubt and that MLP was read to have (deliver.Found).
	Found map[[2]string]int
	// Requests counts HTTP requests, retries and tokens included.
	Requests int
	// Turn tells that it ended as its turn was over: there may be more to send.
	Turn bool
	// Until is when delivering makes sense again, where the way to MLP is shut; else zero.
	Until time.Time
}

// Moved tells whether the delivery changed anything that deciding or another
// delivery could act on, or has more to do.
func (d Delivered) Moved() bool { return d.Settled+d.Parked+d.Conflicts > 0 || d.Turn }

// Observer learns what MLP holds.
type Observer interface {
	// FirstContact looks up the clients of whom MLP was not asked yet, and says
	// how many there were.
	FirstContact(ctx context.Context, run, ocmw string) (int, error)
	// Follow reads the change feed and says how many dossiers changed without us.
	Follow(ctx context.Context, ocmw string) (int, error)
	// Unread tells of whom what MLP answered can't be used, by Person, and why; everybody is why all are looked up again, nil where they
	// are not.
	Unread(ocmw string) (people map[int64]error, everybody error)
}

// Reporter writes the caseworkers' files of one OCMW.
type Reporter interface {
	Report(ctx context.Context, ocmw string, day casefile.Date) error
}

// OCMW is one OCMW that the cycle serves.
type OCMW struct {
	KBO     string
	Name    string
	Source  adapters.Source
	Profile *adapters.Profile
	// On gives what deciding needs to know of the OCMW on a day (municipality
	// codes change with mergers).
	On func(day casefile.Date) casefile.OCMW
}

// Options are the parts that a cycle is made of. Store, Rules, Decoder,
// Observer, Deliverer and OCMWs are required.
type Options struct {
	Store     ledger.Store
	Rules     *mapping.Rules
	Decoder   *ocmw.Decoder
	Formats   map[string]adapters.Format // by the profile's name of the format
	Observer  Observer
	Deliverer Deliverer
	Reporter  Reporter // nil: no files are written
	OCMWs     []OCMW
	Guard     plan.Limits
	// Release lets everything past the guard, said in the log (environment
	// test only; configuration sees to that).
	Release bool
	// Inspect says what stands under a path in an OCMW's documents folder. Default:
	// there is no such folder.
	Inspect func(ctx context.Context, ocmw, path string) casefile.FileState
	// TestNumbers: INSZ of test persons are taken, and only those.
	TestNumbers bool
	Zone        *time.Location // Europe/Brussels
	Now         func() time.Time
	NewID       func() string
	Log         zerolog.Logger
	// Heartbeat is called at the begin and end of each run: health looks for
	// it. Default: nothing.
	Heartbeat func(ctx context.Context) error
	// Progress is called each time that a run came a step further: a stage is done, or a batch of it. It must not block, and
	// several goroutines call it. Default: nothing.
	Progress func()
	// Finished is told of each run that did something; nil for nothing.
	Finished func(ctx context.Context, run *Run)
	// Hold keeps every new entry waiting for approval: apply compares first.
	Hold bool
	// Build identifies the program: another one reads every row anew.
	Build string
	// Peek reads settled files where they lie and takes none: plan.
	Peek bool
}

// Cycle runs the stages. One goroutine at a time uses it.
type Cycle struct {
	Options
	said    map[string]string  // what was logged, by key: failures log on change
	noted   map[string]bool    // topics of notes that this process wrote
	refused map[string]bool    // sets whose balance did not hold, by id
	heldUp  map[string]*heldUp // sets that can't be read with the present profile, by id
	peeked  map[string]bool    // OCMWs whose drop folder a plan has seen
	// settling are the files, by OCMW, that may be whole at the next poll.
	settling  map[string][]adapters.Waiting
	standing  map[string][]ledger.Note // of the drop folders, by OCMW
	unread    map[string][]ledger.Note // of whom MLP's answer can't be used, by OCMW
	shutUntil time.Time                // the way to MLP is shut until then
	way       way                      // to MLP, as reading found it
	// debts are the OCMWs whose caseworkers' files are behind; nil before the ledger was asked.
	debts map[string]*debt
}

// New makes a cycle of its parts.
func New(o Options) *Cycle {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Inspect == nil {
		o.Inspect = nowhere
	}
	if o.Heartbeat == nil {
		o.Heartbeat = func(context.Context) error { return nil }
	}
	if o.Progress == nil {
		o.Progress = func() {}
	}
	return &Cycle{
		Options: o, said: map[string]string{}, noted: map[string]bool{}, refused: map[string]bool{}, heldUp: map[string]*heldUp{}, peeked: map[string]bool{},
		settling: map[string][]adapters.Waiting{}, standing: map[string][]ledger.Note{},
		unread: map[string][]ledger.Note{},
	}
}

// Run is one run as its summary counts it: an invocation of once or demo, or
// one wake-up of the daemon.
type Run struct {
	ID       string
	Day      casefile.Date // on which it began
	Began    time.Time     // by the machine's own clock
	Files    []ledger.FileBalance
	Warnings []FileWarning
	Requests int
	// Found are entries that settled as MLP was read to have them, by kind: they were in doubt, and sent before (deliver.Found).
	Found map[[2]string]int
	// Unbalanced names sets that were stopped because a sum did not hold.
	Unbalanced []string
	// Restless tells that clients were still to be decided again when the run ended.
	Restless bool
	// lostIDs are the files that this run found lost, lostNames those that it still lacks, by OCMW.
	lostIDs   []string
	lostNames map[string]string
	settled   int  // entries
	turn      bool // the last delivery ended as its turn was over
	// undelivered tells that the ledger failed when the rest of a pass was done.
	undelivered bool
	// news is what the caseworkers' files do not tell yet, and tell is when they may be written before the run is over.
	news     bool
	tell     time.Time
	outcomes marks // by person, the first that fits: its place in ranked, from 1 on
}

// FileWarning counts rows of a file in which something was put right or
// doubted, and the row was taken.
type FileWarning struct {
	File string `json:"file"`
	Rule string `json:"rule"`
	Rows int    `json:"rows"`
	Text string `json:"text"` // English, no values
}

// Count adds a delivery.
func (r *Run) Count(d Delivered) {
	r.Requests += d.Requests
	r.settled += d.Settled
	for kind, n := range d.Found {
		if r.Found == nil {
			r.Found = map[[2]string]int{}
		}
		r.Found[kind] += n
	}
}

func (r *Run) warn(w FileWarning) { r.Warnings = append(r.Warnings, w) }

// Begin starts a run.
func (c *Cycle) Begin(ctx context.Context) (*Run, error) {
	now := c.Now()
	run := &Run{ID: c.NewID(), Day: c.today(), Began: time.Now(), lostNames: map[string]string{}}
	if err := c.Store.StartRun(ctx, run.ID, now); err != nil {
		return nil, fmt.Errorf("start run: %w", err)
	}
	if err := c.Heartbeat(ctx); err != nil {
		return nil, fmt.Errorf("leave heartbeat: %w", err)
	}
	return run, nil
}

func (c *Cycle) today() casefile.Date { return casefile.DateOf(c.Now(), c.Zone) }

// RunOnce goes through the stages once and tells whether anything moved: while
// it does, another pass may find more to do. An error means that the ledger
// or the context failed; everything else is logged, shown and passed over.
func (c *Cycle) RunOnce(ctx context.Context, run *Run) (moved bool, err error) {
	if err := c.applyRequests(ctx); err != nil {
		return false, err
	}
	if moved, err = c.takeIn(ctx, run); err != nil {
		return moved, err
	}
	run.news = run.news || moved
	// Each person's entries go out in order, nobody waits for anybody else.
	delivered, err := c.Deliverer.Deliver(ctx, run.ID)
	run.Count(delivered)
	run.turn, c.shutUntil = delivered.Turn, delivered.Until
	if err != nil {
		run.undelivered = true
		return moved, fmt.Errorf("deliver: %w", err)
	}
	moved = moved || delivered.Moved()
	// The change feed brings what VDAB and others did meanwhile.
	for _, o := range c.OCMWs {
		followed, err := c.follow(ctx, run, o)
		if err != nil {
			return moved, fmt.Errorf("follow: %w", err)
		}
		moved = moved || followed
	}
	return moved, nil
}

// takeIn takes files, reads MLP and decides, one OCMW after the other. Files and decisions don't wait for an MLP that let a question
// run out of its time: until it can be read again it is read behind them. What that brings is decided in the next pass, and a client of
// whom it brings something has nothing sent before.
func (c *Cycle) takeIn(ctx context.Context, run *Run) (moved bool, err error) {
	c.way.begin()
	late := c.way.silent
	for _, o := range c.OCMWs {
		// Files become raw records, records are decoded, and the set becomes
		// the export in force.
		fetched, err := c.fetch(ctx, run, o)
		if err != nil {
			return moved, fmt.Errorf("fetch: %w", err)
		}
		c.Progress()
		// What MLP holds is read before anything is decided about it.
		observed := false
		if !late {
			if observed, err = c.observe(ctx, run, o); err != nil {
				return moved, fmt.Errorf("observe: %w", err)
			}
		}
		decided, err := c.judge(ctx, run, o)
		if err != nil {
			return moved, err
		}
		moved = moved || fetched || observed || decided > 0
	}
	if late {
		observed, err := c.observeAll(ctx, run)
		return moved || observed, err
	}
	c.way.end()
	return moved, nil
}

func (c *Cycle) observeAll(ctx context.Context, run *Run) (moved bool, err error) {
	for _, o := range c.OCMWs {
		observed, err := c.observe(ctx, run, o)
		if err != nil {
			return moved, fmt.Errorf("observe: %w", err)
		}
		moved = moved || observed
	}
	c.way.end()
	return moved, nil
}

// judge decides each client that something happened to; the difference with what MLP holds becomes entries, in one transaction.
// Too much at once waits for a person.
func (c *Cycle) judge(ctx context.Context, run *Run, o OCMW) (decided int, err error) {
	if decided, err = c.decide(ctx, run, o); err != nil {
		return decided, fmt.Errorf("decide: %w", err)
	}
	if err := c.guard(ctx, run, o); err != nil {
		return decided, fmt.Errorf("guard: %w", err)
	}
	c.Progress()
	return decided, nil
}

// applyRequests carries out what people asked from the command line.
func (c *Cycle) applyRequests(ctx context.Context) error {
	applied, err := c.Store.ApplyRequests(ctx, c.Now())
	if err != nil {
		return fmt.Errorf("apply requests: %w", err)
	}
	for _, a := range applied {
		level := zerolog.InfoLevel
		if !a.Done {
			level = zerolog.WarnLevel // who ordered it has gone by now, and thinks that it was done
		}
		c.Log.WithLevel(level).Str("event", "request.applied").Str("kind", a.Kind).Str("ocmw", a.OCMW).Str("entry", a.Entry).
			Bool("done", a.Done).Msg(a.Result)
	}
	return nil
}

// observe reads the feed and looks up new clients, and all of them where the feed lost its place: who is to be looked up is not decided,
// and a run that ended so would say that nothing is left. MLP being out of reach stops
// nothing: those who were never looked up wait.
func (c *Cycle) observe(ctx context.Context, run *Run, o OCMW) (bool, error) {
	followed, err := c.follow(ctx, run, o)
	if err != nil || c.way.missed {
		return followed, err
	}
	looked, failed := c.Observer.FirstContact(ctx, run.ID, o.KBO)
	if err := c.channelTrouble(ctx, o, "firstContact", failed); err != nil {
		return false, err
	}
	return looked > 0 || followed, c.sayUnread(ctx, o, failed == nil)
}

func (c *Cycle) follow(ctx context.Context, run *Run, o OCMW) (bool, error) {
	if c.way.missed {
		return false, nil
	}
	changed, err := c.Observer.Follow(ctx, o.KBO)
	if err := c.channelTrouble(ctx, o, "follow", err); err != nil {
		return false, err
	}
	if changed > 0 {
		c.Log.Info().Str("event", "observe.changed").Str("run", run.ID).Str("ocmw", o.KBO).Int("dossiers", changed).
			Msg("dossiers changed in MLP")
	}
	return changed > 0, nil
}

// channelTrouble says once that MLP can't be read, keeps it where status finds it, and
// returns only what must stop the pass.
func (c *Cycle) channelTrouble(ctx context.Context, o OCMW, stage string, err error) error {
	key := "channel." + stage + "." + o.KBO
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		if _, failed := c.said[key]; !failed && c.noted[key] {
			return nil
		}
		c.recovered(key, o, "MLP can be read again")
		return c.noteChannel(ctx, key, nil) // the last process may have left one
	}
	if fatal(err) {
		return err
	}
	c.way.hear(err)
	if c.said[key] == err.Error() {
		return nil
	}
	c.said[key] = err.Error()
	c.Log.Warn().Str("event", "observe.failed").Str("ocmw", o.KBO).Str("stage", stage).Err(err).
		Str("hint", hintOf(err)).Msg("MLP can't be read; clients already known go on, new ones wait")
	return c.noteChannel(ctx, key, []ledger.Note{{
		OCMW: o.KBO, Key: key, Level: "warn", Since: c.Now(),
		NL: "MLP kan niet gelezen worden; nieuwe cliënten wachten.", EN: "MLP can't be read: " + err.Error() + "; " + hintOf(err),
	}})
}

func (c *Cycle) noteChannel(ctx context.Context, topic string, notes []ledger.Note) error {
	c.noted[topic] = true
	if err := c.Store.SaveNotes(ctx, topic, notes); err != nil {
		return fmt.Errorf("keep the state of the channel: %w", err)
	}
	return nil
}

// sayOnce runs say when the text under key is new: repeated identical failures
// log on change.
func (c *Cycle) sayOnce(key, text string, say func()) {
	if c.said[key] == text {
		return
	}
	c.said[key] = text
	say()
}

// recovered says that what was logged under key is over; o is none where it was of all.
func (c *Cycle) recovered(key string, o OCMW, text string) {
	if _, failed := c.said[key]; !failed {
		return
	}
	delete(c.said, key)
	line := c.Log.Info().Str("event", "recovered")
	if o.KBO != "" {
		line = line.Str("ocmw", o.KBO)
	}
	line.Msg(text)
}
