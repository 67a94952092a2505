package deliver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

type anyToken struct{}

func (anyToken) Token(context.Context) (string, error) { return "t", nil }
func (anyToken) Renew(string)                          {}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What waits for the rate when the quiet hours begin is not out yet, and is given back: it does not go once the rate has room for it.
func TestWhatWaitsForTheRateIsNotSentInQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		evening := time.Date(2026, 3, 16, 21, 59, 0, 0, time.UTC)
		clock := func() time.Time { return evening.Add(time.Since(began)) }
		ten := evening.Add(time.Minute)
		var mu sync.Mutex
		var inside []time.Duration
		sent := 0
		client, err := mlp.New(mlp.Options{
			BaseURL: "https://mlp.test/mlp/v1", Authenticator: anyToken{}, Now: clock,
			Gate: mlp.NewGate(mlp.GateOptions{PerSecond: 18. / 60, Burst: 12}), // mlp.ratePerMinute: 30
			Transport: tripper(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				if sent++; clock().After(ten) {
					inside = append(inside, clock().Sub(ten))
				}
				return &http.Response{StatusCode: 400, Header: http.Header{"Content-Type": {"application/problem+json"}}, Request: r,
					Body: io.NopCloser(strings.NewReader(`{"type":"urn:problem-type:belgif:badRequest","status":400}`))}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		q := newQueue()
		for p := int64(1); p <= 60; p++ {
			d := casefile.Dossier{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", p), Version: 4}
			q.known[p] = casefile.Known{LookedUp: true, Dossier: &d}
			q.add(t, p, category(fmt.Sprintf("00000000-0000-4000-8000-%012d", 1000+p)))
		}
		d := newDeliverer(q, nil)
		d.o.Clients = map[string]Client{ocmw: client}
		d.o.Now, d.o.Quiet = clock, outbox.QuietHours{From: 22 * 60, Until: 6 * 60, Zone: time.UTC}
		r := mustRun(t, d)
		if r.Stopped != StopQuiet || sent == 0 {
			t.Fatalf("%+v", r)
		}
		for _, e := range q.entries {
			if e.State == outbox.Waiting && e.Problem.Type != "" {
				t.Errorf("what waits for the morning is told as trouble: %+v", e.Problem)
			}
		}
		if len(inside) > 0 {
			t.Errorf("%d of %d requests went out in the quiet hours, so long after they began: %v", len(inside), sent, inside)
		}
	})
}
