package deliver

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Queue is what deliver needs of the ledger; each method is one transaction, and says there
// what it does. It relies on three things: Settle carries the lane to the new version only when the entry alone moved the dossier
// (outbox.Entry.Alone), and never puts an older dossier over a newer one; and what was claimed behind an entry waits again, as it
// was, once that one is given back, in doubt, parked or superseded.
type Queue interface {
	// Claim gives stretches of lanes, and with each what MLP is known to hold of its person.
	Claim(ctx context.Context, by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known, error)
	Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error
	// SettleMany settles all of them or none, those of a lane in its order. Then, unless onward is empty, it claims: what comes next in
	// these lanes and may go at once, and other lanes as Claim does. It keeps neither list.
	SettleMany(ctx context.Context, run string, onward outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error)
	GiveBack(ctx context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, now time.Time) error
	Doubt(ctx context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, now time.Time) error
	Park(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error
	Conflict(ctx context.Context, e outbox.Entry, known *casefile.Dossier, why outbox.Problem, now time.Time) error
	OutsideArea(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error
}

// Client is what deliver needs of MLP; *mlp.Client is one.
type Client interface {
	Send(ctx context.Context, w mlp.Write) (mlp.Answer, error)
	Dossier(ctx context.Context, id string) (casefile.Dossier, error)
	Query(ctx context.Context, people []mlp.Lookup) (mlp.Found, error)
	Authenticate(ctx context.Context) error
}

// Options configure a Deliverer.
type Options struct {
	Queue   Queue
	Clients map[string]Client // by the OCMW's KBO number
	// Document gives the bytes of a document when it is sent, by the OCMW's KBO number and the document's File;
	// ErrNoDocuments where that OCMW's configuration names no folder of documents. Nil: none does.
	Document func(ctx context.Context, ocmw, file string) ([]byte, error)
	// Cell finds the cell of the OCMW's export that an entry's problem is about, for the log; ok tells whether
	// that can be told. Nil: it never can.
	Cell func(ctx context.Context, e outbox.Entry) (cell casefile.Cell, ok bool)
	// Workers is how many lanes are worked on at a time; 8 by default.
	Workers int
	// Unsettled is how many answers may wait for the commit that settles them while their workers go on
	// to other people; 64 by default. What a kill leaves in doubt is Workers + Unsettled at most.
	Unsettled int
	// Turn is how long a Run claims, and how long what is claimed by then may take to be sent; the rest waits for the next Run, so that
	// files, decisions and people's orders don't wait for a long delivery. Zero: until nothing is left.
	Turn time.Duration
	// Quiet are hours in which nothing is sent.
	Quiet outbox.QuietHours
	// Grace is how long requests that are out may take to end once Run's context has; 6 s by
	// default, within the daemon's deadline of 10 s. Recording has half of it more.
	Grace time.Duration
	// Now must run: it dates waits as well as records.
	Now   func() time.Time
	NewID func() string
	// Rand, in [0, 1), spreads waits; workers call it at the same time.
	Rand func() float64
	Log  zerolog.Logger
}

// ErrNoDocuments is what Options.Document gives for an OCMW without a folder of documents.
var ErrNoDocuments = errors.New("the configuration names no documents folder")

const (
	defaultWorkers   = 8
	defaultUnsettled = 64
	// maxStretch is how many entries of a lane one worker sends before it sees to another lane.
	maxStretch   = 8
	defaultGrace = 6 * time.Second
	// settleWithin is how long the first answer of a commit waits for others, while workers have people
	// to go on with: long enough to share the disk's flush, too short to be seen.
	settleWithin = 5 * time.Millisecond
	// unsavedTries is how often a record that the store refused is offered again before anything else is done. After that others go on, and it
	// is offered at each Run; the next start reads what became of it.
	unsavedTries = 5
)

// Stop says why Run ended.
type Stop string

// Why Run ended.
const (
	StopIdle      Stop = "idle"      // nothing can be claimed now
	StopBreaker   Stop = "breaker"   // the circuit breaker is open
	StopThrottled Stop = "throttled" // MLP asked to wait
	StopSilent    Stop = "silent"    // MLP answered nobody for as long as a request may take
	StopPaused    Stop = "paused"    // nothing but entries of OCMWs that can't authenticate
	StopQuiet     Stop = "quiet"     // the quiet hours have begun
	StopTurn      Stop = "turn"      // its turn is over, and there may be more to send
	StopCancelled Stop = "cancelled" // the context ended
	StopStore     Stop = "store"     // the ledger failed: nothing is sent that can't be recorded
)

// Found counts entries that were in doubt and that MLP was read to have: they were sent before, by another run as a rule. The key is the kind
// of registration and, of a handover, its kind.
type Found = map[[2]string]int

// Report is what one Run did.
type Report struct {
	Settled   int
	Found     Found // of Settled
	GivenBack int
	Parked    int
	Conflicts int // superseded: the client is decided again
	Doubts    int
	Requests  int64
	Stopped   Stop
	// Until is when it makes sense to run again, where a shut channel is why it ended; else
	// zero: ask the ledger what is due next.
	Until time.Time
	// Paused are the OCMWs whose client MLP does not admit.
	Paused []string
}

// Deliverer delivers. What it learns of the channel (shut, proven, paused) lasts as long as
// it does: one a process.
type Deliverer struct {
	o Options

	mu      sync.Mutex // one Run at a time; guards what follows
	proven  bool       // a request succeeded since the start, or since the channel was shut
	shut    Stop
	until   time.Time
	paused  map[string]*pause
	unsaved []unsaved
	trouble string // what was last said about the channel

	lastSettled atomic.Int64 // unix nanoseconds; 0: never
}

// pause is an OCMW that can't authenticate, or for which there is no token to be had.
type pause struct {
	next   time.Time
	trying bool // a token was to be had: one request shows whether it serves
}

type unsaved struct {
	person int64
	save   func(context.Context) error
	tries  int
}

// New makes a Deliverer. It does nothing yet.
func New(o Options) *Deliverer {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Unsettled <= 0 {
		o.Unsettled = defaultUnsettled
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return &Deliverer{o: o, paused: map[string]*pause{}}
}

// Run works until nothing can be claimed, its turn is over, the channel is shut or ctx ends. Its error is the
// ledger's; what MLP answers is no error.
func (d *Deliverer) Run(ctx context.Context, run string) (Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	if end := d.o.Quiet.End(now); !end.IsZero() {
		return Report{Stopped: StopQuiet, Until: end, Paused: d.skip()}, nil
	}
	if d.shut != StopQuiet && now.Before(d.until) { // the quiet hours are over: by this clock, if not by one that was wrong
		return Report{Stopped: d.shut, Until: d.until, Paused: d.skip()}, nil
	}
	d.shut, d.until = "", time.Time{}
	s := d.session(ctx, run)
	defer s.close()
	err := d.saveAgain(s.record)
	if err == nil {
		d.tryPaused(s.requests)
		err = s.loop()
	}
	return s.finish(err), err
}

// saveAgain offers what the store refused before, each lane's in its order.
func (d *Deliverer) saveAgain(ctx context.Context) error {
	var failed error
	var kept []unsaved
	refused := map[int64]bool{} // by person
	for _, u := range d.unsaved {
		if refused[u.person] {
			kept = append(kept, u)
			continue
		}
		err := u.save(ctx)
		if err == nil {
			if u.tries >= unsavedTries {
				d.o.Log.Info().Str("event", "recovered").Msg("an answer that could not be recorded is")
			}
			continue
		}
		u.tries++
		kept, refused[u.person] = append(kept, u), true
		switch {
		case u.tries < unsavedTries:
			failed = err // others wait for it
		case u.tries == unsavedTries:
			d.o.Log.Error().Str("event", "deliver.notRecorded").Str("hint", "look at the state's disk; it is tried again, and after a restart MLP is read to find out").
				Msg("an answer could not be recorded")
		}
	}
	d.unsaved = kept
	return failed
}

// tryPaused tries one token for each paused OCMW whose time has come.
func (d *Deliverer) tryPaused(ctx context.Context) {
	for _, ocmw := range slices.Sorted(maps.Keys(d.paused)) {
		p := d.paused[ocmw]
		if p.trying || d.o.Now().Before(p.next) {
			continue
		}
		if err := d.o.Clients[ocmw].Authenticate(ctx); err != nil {
			p.next = d.o.Now().Add(d.tokenRest(err))
			continue
		}
		p.trying, d.proven = true, false
	}
}

// tokenRest is how long an OCMW that got no token asks for none: as long as the token endpoint says, where it did not refuse the client.
func (d *Deliverer) tokenRest(err error) time.Duration {
	var e *mlp.Error
	if errors.As(err, &e) && e.Verdict != mlp.VerdictAuthentication {
		return outbox.ThrottleDelay(e.RetryAfter, 1, d.o.Rand())
	}
	return mlp.AuthenticationRetry
}

// pausedUntil is the next instant at which a paused OCMW is tried.
func (d *Deliverer) pausedUntil() time.Time {
	var next time.Time
	for _, p := range d.paused {
		if !p.trying && (next.IsZero() || p.next.Before(next)) {
			next = p.next
		}
	}
	return next
}

func (d *Deliverer) skip() []string {
	var skip []string
	for ocmw, p := range d.paused {
		if !p.trying {
			skip = append(skip, ocmw)
		}
	}
	slices.Sort(skip)
	return skip
}

// takesWrites tells that MLP took a write lately. Only then does a failure that says "not now" speak of
// the entry and not of the channel.
func (d *Deliverer) takesWrites(now time.Time) bool {
	last := d.lastSettled.Load()
	return last != 0 && now.Sub(time.Unix(0, last)) <= outbox.MaxDelay
}

// problemOf is an error of MLP in the words that an entry keeps.
func problemOf(err error) outbox.Problem {
	var e *mlp.Error
	if !errors.As(err, &e) {
		return outbox.Problem{Type: "internal", Title: "the request could not be made", Next: "report this with the entry's id"}
	}
	p := outbox.Problem{Status: e.Status, Type: e.Type, Title: e.Title, Next: e.Next}
	if len(e.Pointers) > 0 {
		p.Pointer = e.Pointers[0]
	}
	return p
}
