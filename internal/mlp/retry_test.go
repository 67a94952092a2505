package mlp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// net/http repeats a request with an Idempotency-Key by itself when a kept connection breaks
// before an answer. That is a second create that nobody decided on.
func TestACreateIsNotRepeatedByTheTransport(t *testing.T) {
	var creates atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			working(w, r)
			return
		}
		creates.Add(1)
		hangUp(w, r)
	}))
	t.Cleanup(s.Close)
	c := newClient(t, Options{BaseURL: s.URL + "/mlp/v1"})
	if _, err := c.Dossier(t.Context(), dossierID); err != nil {
		t.Fatal(err)
	}
	_, err := c.Send(t.Context(), Write{IdempotencyKey: "k", Change: createOf(t)})
	if VerdictOf(err) != VerdictInDoubt || creates.Load() != 1 {
		t.Errorf("%v after %d creates", err, creates.Load())
	}
}

func TestRetryAfterInItsThreeForms(t *testing.T) {
	now := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		header map[string]string
		sec    float64
		want   time.Duration
	}{
		{"seconds", map[string]string{"Retry-After": "7"}, 0, 7 * time.Second},
		{"date", map[string]string{"Retry-After": "Mon, 16 Mar 2026 09:02:00 GMT"}, 0, 2 * time.Minute},
		{"date by the answer's own clock", map[string]string{"Retry-After": "Tue, 17 Mar 2026 12:00:30 GMT", "Date": "Tue, 17 Mar 2026 12:00:00 GMT"}, 0, 30 * time.Second},
		{"date in the past", map[string]string{"Retry-After": "Mon, 16 Mar 2020 09:02:00 GMT"}, 0, 0},
		{"body", nil, 12, 12 * time.Second},
		{"body and header", map[string]string{"Retry-After": "7"}, 12, 12 * time.Second},
		{"nonsense", map[string]string{"Retry-After": "soon"}, 0, 0},
		{"negative", map[string]string{"Retry-After": "-5"}, -3, 0},
		{"for ever", nil, 1e300, 24 * time.Hour},
		{"seconds beyond counting", map[string]string{"Retry-After": "99999999999999999999"}, 0, (1<<31 - 1) * time.Second},
		{"nothing", nil, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := outcome{op: operation{id: "x", write: true}, sent: true, status: 429, form: formProblem, header: http.Header{}}
			o.problem = problem{Type: "urn:problem-type:belgif:tooManyRequests", Status: 429, RetryAfterSec: tt.sec}
			for k, v := range tt.header {
				o.header.Set(k, v)
			}
			e := classify(o, now)
			if e.Verdict != VerdictThrottled || e.RetryAfter != tt.want {
				t.Errorf("%s, %s; want %s", e.Verdict, e.RetryAfter, tt.want)
			}
		})
	}
}

// throttle answers 429 the first n times.
func throttle(n int64, retryAfter string) (http.Handler, *atomic.Int64) {
	var count atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) <= n {
			w.Header().Set("Retry-After", retryAfter)
			problemOf(429, "urn:problem-type:belgif:tooManyRequests", nil)(w, r)
			return
		}
		working(w, r)
	}), &count
}

func TestAShortWaitIsWaitedAndALongOneLeftToTheOutbox(t *testing.T) {
	api := compiled(t)
	for _, tt := range []struct {
		asked    string
		waited   time.Duration
		requests int64
		verdict  Verdict
	}{
		{"3", 3 * time.Second, 2, ""},
		{"600", 0, 1, VerdictThrottled},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, count := throttle(1, tt.asked)
			c := newClient(t, Options{Transport: handlerTripper(h), API: api})
			start := time.Now()
			_, err := c.Send(t.Context(), putCategory())
			if time.Since(start) != tt.waited || count.Load() != tt.requests {
				t.Errorf("waited %s, %d requests", time.Since(start), count.Load())
			}
			if (tt.verdict == "") != (err == nil) || (err != nil && VerdictOf(err) != tt.verdict) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNoAnswerIsGivenUpInTime(t *testing.T) {
	api := compiled(t)
	synctest.Test(t, func(t *testing.T) {
		silent := tripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		c := newClient(t, Options{Transport: silent, API: api, Timeout: 30 * time.Second})
		start := time.Now()
		_, err := c.Send(t.Context(), putCategory())
		if VerdictOf(err) != VerdictInDoubt || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		var e *Error
		if !errors.As(err, &e) || !e.Timeout() || e.Type != TypeTimeout {
			t.Errorf("%+v does not tell that it was the time", e)
		}
	})
}

func TestCancelling(t *testing.T) {
	api := compiled(t)
	t.Run("before sending", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c := newClient(t, Options{Transport: tripper(nil), API: api})
		_, err := c.Send(ctx, putCategory())
		if VerdictOf(err) != VerdictNotSent || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after sending", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		gate := NewGate(GateOptions{Failures: 1})
		c := newClient(t, Options{API: api, Gate: gate, Transport: tripper(func(r *http.Request) (*http.Response, error) {
			cancel()
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		_, err := c.Send(ctx, putCategory())
		if VerdictOf(err) != VerdictInDoubt || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if state, _ := gate.State(); state != "closed" {
			t.Errorf("a cancelled request counts as a failure: breaker is %s", state)
		}
	})
	t.Run("while waiting to repeat", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			h, count := throttle(1, "4")
			c := newClient(t, Options{Transport: handlerTripper(h), API: api})
			_, err := c.Send(ctx, putCategory())
			if VerdictOf(err) != VerdictThrottled || count.Load() != 1 {
				t.Errorf("%v after %d requests: the refused request was not taken", err, count.Load())
			}
		})
	})
}

func TestWaitsSpreadAndStayBounded(t *testing.T) {
	c := newClient(t, Options{Transport: tripper(nil)})
	for attempt := range 40 {
		for _, rnd := range []float64{0, 0.5, 0.999} {
			c.rand = func() float64 { return rnd }
			if w := c.wait(minWait, maxWait, attempt, nil); w < minWait || w > maxWait {
				t.Errorf("attempt %d, %v: %s", attempt, rnd, w)
			}
		}
	}
}
