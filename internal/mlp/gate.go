package mlp

import (
	"context"
	"sync"
	"time"

	"github.com/sony/gobreaker"
	"golang.org/x/time/rate"
)

// Gate is what all clients of one endpoint share: the circuit breaker and the rate.
type Gate struct {
	breaker *gobreaker.TwoStepCircuitBreaker
	limiter *rate.Limiter
	next    chan struct{} // held by the one that waits for the limiter
	openFor time.Duration

	mu    sync.Mutex
	state string
	since time.Time
}

// GateOptions configure a Gate; zero fields take the defaults.
type GateOptions struct {
	// PerSecond is the number of requests a second, 30 by default: below the 2000 a minute
	// that VDAB's gateway allows (domain.md section 4).
	PerSecond float64
	// Burst is how many may go at once; 10 by default.
	Burst int
	// Spent is how many of those have gone already, in a process before this one.
	Spent int
	// Failures is the number of failures in a row that opens the breaker; 5 by default.
	Failures uint32
	// OpenFor is how long it stays open before one request is tried; 30 s by default.
	OpenFor time.Duration
	// OnChange is told when the breaker's state changes. It is called under the breaker's
	// lock: it must not call back, and must not block.
	OnChange func(BreakerChange)
}

// BreakerChange is a change of the breaker's state: closed, open, half-open.
type BreakerChange struct {
	From, To string
	At       time.Time
	Lasted   time.Duration // how long it was in From
}

// NewGate makes a Gate. The breaker runs on the wall clock, never on a test's virtual
// day: it guards a network.
func NewGate(o GateOptions) *Gate {
	o = o.withDefaults()
	g := &Gate{
		limiter: rate.NewLimiter(rate.Limit(o.PerSecond), o.Burst),
		next:    make(chan struct{}, 1),
		openFor: o.OpenFor,
		state:   gobreaker.StateClosed.String(),
		since:   time.Now(),
	}
	g.limiter.AllowN(time.Now(), min(o.Spent, o.Burst))
	g.breaker = gobreaker.NewTwoStepCircuitBreaker(gobreaker.Settings{
		Name:        "mlp",
		MaxRequests: 1,
		Timeout:     o.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= o.Failures },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			change := g.changed(BreakerChange{From: from.String(), To: to.String(), At: time.Now()})
			if o.OnChange != nil {
				o.OnChange(change)
			}
		},
	})
	return g
}

func (o GateOptions) withDefaults() GateOptions {
	if o.PerSecond <= 0 {
		o.PerSecond = 30
	}
	if o.Burst <= 0 {
		o.Burst = 10
	}
	if o.Failures == 0 {
		o.Failures = 5
	}
	if o.OpenFor <= 0 {
		o.OpenFor = 30 * time.Second
	}
	return o
}

func (g *Gate) changed(c BreakerChange) BreakerChange {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.Lasted = c.At.Sub(g.since)
	g.state, g.since = c.To, c.At
	return c
}

// State is the breaker's state (closed, open, half-open) and since when.
func (g *Gate) State() (state string, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.since
}

// Spent is how many of the requests that may go at once have gone, and are not to be had again yet.
func (g *Gate) Spent() int {
	return max(g.limiter.Burst()-int(g.limiter.Tokens()), 0)
}

// OpenFor is how long the open breaker will let nothing out from now on; zero when it is not open.
func (g *Gate) OpenFor() time.Duration {
	state, since := g.State()
	if state != gobreaker.StateOpen.String() {
		return 0
	}
	return max(time.Until(since.Add(g.openFor)), 0)
}

// shutFor is how long the breaker will let nothing out; a moment at least, as it is asked
// after a refusal.
func (g *Gate) shutFor() time.Duration {
	if state, _ := g.State(); state != gobreaker.StateOpen.String() {
		return time.Second
	}
	// gobreaker opens strictly after its time-out.
	return g.OpenFor() + 10*time.Millisecond
}

type leaveKey struct{}

// WithLeave has what is sent under the context ask whether it still may go once the rate has room for it, which can take minutes. What may
// not is not sent, as if the context had ended.
func WithLeave(ctx context.Context, may func() bool) context.Context {
	return context.WithValue(ctx, leaveKey{}, may)
}

// enter waits for the rate and asks the breaker. done must be called once, with what came
// of the request.
func (g *Gate) enter(ctx context.Context) (done func(verdict health), refused failure) {
	if refused := g.await(ctx); refused != failNone {
		return nil, refused
	}
	report, err := g.breaker.Allow()
	if err != nil {
		return nil, failBreaker
	}
	return func(h health) { g.report(report, h) }, failNone
}

// await waits for the rate. One waits for it at a time: of a row of reservations only the last can be given back, so that all those who
// may not go any more, as a turn ends, would take room that nobody uses.
func (g *Gate) await(ctx context.Context) (refused failure) {
	if refused := g.refuses(ctx); refused != failNone {
		return refused // at once, whoever waits
	}
	select {
	case g.next <- struct{}{}:
		defer func() { <-g.next }()
	case <-ctx.Done():
		return failCancelled
	}
	for {
		if refused := g.refuses(ctx); refused != failNone {
			return refused
		}
		now := time.Now()
		room := g.limiter.ReserveN(now, 1)
		wait := room.DelayFrom(now)
		if wait == 0 {
			return failNone
		}
		room.CancelAt(now) // it is taken once it is there, by who still may go then
		rest(ctx, wait)
	}
}

// refuses tells why nothing may go under the context, whatever the rate.
func (g *Gate) refuses(ctx context.Context) failure {
	may, asked := ctx.Value(leaveKey{}).(func() bool)
	switch {
	case g.breaker.State() == gobreaker.StateOpen:
		return failBreaker
	case ctx.Err() != nil, asked && !may():
		return failCancelled
	}
	return failNone
}

// rest waits so long, or until the context ends.
func rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// health is what a request says about the service.
type health int

const (
	healthUnknown health = iota // cancelled: nothing
	healthGood
	healthBad
)

// report tells the breaker. A cancelled request counts for nothing while the breaker is closed;
// half-open it was the one trial, and the breaker must hear of it or waits for ever: it
// is shut again.
func (g *Gate) report(done func(bool), h health) {
	switch {
	case h == healthGood:
		done(true)
	case h == healthBad, g.breaker.State() == gobreaker.StateHalfOpen:
		done(false)
	}
}
