package mlp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A request is what the breaker counts: five failing ones open it, within two calls.
func TestBreakerCountsRequestsAndOpens(t *testing.T) {
	api := compiled(t)
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		var down atomic.Bool
		down.Store(true)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			if down.Load() {
				problemOf(500, "urn:problem-type:belgif:internalServerError", nil)(w, r)
				return
			}
			working(w, r)
		})
		var changes []string
		var open time.Duration
		gate := NewGate(GateOptions{OnChange: func(c BreakerChange) {
			changes = append(changes, c.From+">"+c.To)
			if c.From == "open" {
				open = c.Lasted
			}
		}})
		c := newClient(t, Options{Transport: handlerTripper(h), API: api, Gate: gate})
		read := func() error { _, err := c.Dossier(t.Context(), dossierID); return err }

		if err := read(); VerdictOf(err) != VerdictTransient || count.Load() != 3 {
			t.Fatalf("%v after %d requests", err, count.Load())
		}
		err := read()
		if !errors.Is(err, ErrBreakerOpen) || VerdictOf(err) != VerdictNotSent || count.Load() != 5 {
			t.Fatalf("%v after %d requests", err, count.Load())
		}
		var e *Error
		if errors.As(read(), &e); e.RetryAfter < 29*time.Second || e.RetryAfter > 31*time.Second {
			t.Errorf("asks to wait %s", e.RetryAfter)
		}
		if left := gate.OpenFor(); left < 29*time.Second || left > 30*time.Second {
			t.Errorf("open for %s more", left)
		}
		pass(e.RetryAfter)
		down.Store(false)
		if err := read(); err != nil || count.Load() != 6 {
			t.Errorf("%v after %d requests", err, count.Load())
		}
		if left := gate.OpenFor(); left != 0 {
			t.Errorf("closed, and open for %s more", left)
		}
		if got := len(changes); got != 3 || changes[0] != "closed>open" || changes[2] != "half-open>closed" {
			t.Errorf("changes %v", changes)
		}
		if open < 29*time.Second || open > 31*time.Second {
			t.Errorf("open for %s", open)
		}
	})
}

// A process that begins goes on with the rate where the last one was.
func TestTheBurstIsOneOfAllProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := GateOptions{PerSecond: 2, Burst: 10}
		gate := NewGate(o)
		for range 7 {
			done, _ := gate.enter(t.Context())
			done(healthGood)
		}
		if n := gate.Spent(); n != 7 {
			t.Fatalf("%d are spent", n)
		}
		pass(time.Second)
		o.Spent = gate.Spent()
		next := NewGate(o)
		began := time.Now()
		for range 6 {
			done, _ := next.enter(t.Context())
			done(healthGood)
		}
		if took := time.Since(began); o.Spent != 5 || took != 500*time.Millisecond {
			t.Errorf("%d spent, and 6 requests took %s", o.Spent, took)
		}
	})
}

func TestRefusalsDoNotOpenTheBreaker(t *testing.T) {
	gate := NewGate(GateOptions{Failures: 1, PerSecond: 1e6, Burst: 100})
	api := compiled(t)
	for _, h := range []http.HandlerFunc{
		problemOf(412, "urn:problem-type:mlpsync:versionConflict", nil),
		problemOf(429, "urn:problem-type:belgif:tooManyRequests", nil),
		problemOf(400, "urn:problem-type:belgif:badRequest", nil),
		status(403, "application/json", `{"httpCode":"403","httpMessage":"x"}`),
	} {
		c := newClient(t, Options{Transport: handlerTripper(h), API: api, Gate: gate})
		_, _ = c.Dossier(t.Context(), dossierID)
		if state, _ := gate.State(); state != "closed" {
			t.Fatalf("breaker is %s", state)
		}
	}
	c := newClient(t, Options{Transport: handlerTripper(status(200, "text/html", "<html>")), API: api, Gate: gate})
	_, _ = c.Dossier(t.Context(), dossierID)
	if state, _ := gate.State(); state != "open" {
		t.Errorf("HTML leaves the breaker %s", state)
	}
}

// gobreaker waits for ever for a half-open trial that nobody reports.
func TestACancelledTrialDoesNotLockTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := NewGate(GateOptions{Failures: 1, OpenFor: time.Second})
		done, _ := gate.enter(t.Context())
		done(healthBad)
		for range 3 {
			pass(2 * time.Second)
			done, refused := gate.enter(t.Context())
			if refused != failNone {
				t.Fatalf("refused: %s", refused)
			}
			if _, refused := gate.enter(t.Context()); refused != failBreaker {
				t.Fatal("a second trial is let out")
			}
			done(healthUnknown)
		}
		pass(2 * time.Second)
		done, _ = gate.enter(t.Context())
		done(healthGood)
		if state, _ := gate.State(); state != "closed" {
			t.Errorf("breaker is %s", state)
		}
	})
}

func TestTheRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := NewGate(GateOptions{})
		start := time.Now()
		for range 310 {
			done, refused := gate.enter(context.Background())
			if refused != failNone {
				t.Fatal(refused)
			}
			done(healthGood)
		}
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("310 requests in %s, want 10 at once and 30 a second", took)
		}
	})
}

// Who waits for the rate when a turn ends is not sent, and takes no room that the next turn's could have had.
func TestTheRateIsReachedThoughTurnsEnd(t *testing.T) {
	ends := map[string]func(context.Context, time.Time) (context.Context, context.CancelFunc){
		"leave": func(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
			return WithLeave(ctx, func() bool { return time.Now().Before(end) }), func() {}
		},
		"context": func(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			stop := time.AfterFunc(time.Until(end), cancel)
			return ctx, func() { stop.Stop(); cancel() }
		},
	}
	rates := []struct {
		perSecond float64
		workers   int
	}{{0.05, 8}, {1, 8}, {5, 64}}
	for name, ending := range ends {
		for _, c := range rates {
			t.Run(fmt.Sprintf("%s, %g a second, %d workers", name, c.perSecond, c.workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					gate := NewGate(GateOptions{PerSecond: c.perSecond, Burst: 1})
					start, sent := time.Now(), 0
					for time.Since(start) < 10*time.Minute {
						ctx, done := ending(t.Context(), time.Now().Add(5*time.Second))
						sent += turnOf(ctx, gate, c.workers)
						done()
					}
					if most := 1 + int(time.Since(start).Seconds()*c.perSecond); sent < most-1 || sent > most {
						t.Errorf("%d requests in %s, not %d", sent, time.Since(start), most)
					}
				})
			})
		}
	}
}

// turnOf lets workers send until nothing may go, and says how much went.
func turnOf(ctx context.Context, gate *Gate, workers int) int {
	var sent atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				done, refused := gate.enter(ctx)
				if refused != failNone {
					return
				}
				sent.Add(1)
				done(healthGood)
			}
		})
	}
	all.Wait()
	return int(sent.Load())
}
