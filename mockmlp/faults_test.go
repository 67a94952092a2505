package mockmlp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func (h *harness) fault(text string) string {
	h.t.Helper()
	var f Fault
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		h.t.Fatal(err)
	}
	id, err := h.mock.AddFault(f)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestFaultAnswers(t *testing.T) {
	cases := []struct {
		name, fault string
		status      int
		contentType string
		problem     string
		header      map[string]string
	}{
		{"problem", `{"response":{"status":503,"retryAfter":7}}`, 503, "application/problem+json", "serviceUnavailable", map[string]string{"Retry-After": "7"}},
		{"expired token", `{"response":{"status":401,"problem":"expiredAccessToken"}}`, 401, "application/problem+json", "expiredAccessToken", nil},
		{"body only", `{"response":{"status":429,"retryAfter":7,"retryAfterForm":"body"}}`, 429, "application/problem+json", "tooManyRequests", map[string]string{"Retry-After": ""}},
		{"unusual", `{"response":{"status":418}}`, 418, "application/problem+json", "blank", nil},
		{"html", `{"response":{"status":502,"body":"html"}}`, 502, "text/html; charset=utf-8", "", nil},
		{"gateway", `{"response":{"status":401,"body":"gateway"}}`, 401, "application/json", "", nil},
		{"empty", `{"response":{"status":200,"body":"empty"}}`, 200, "", "", nil},
	}
	for _, c := range cases {
		h := start(t, Options{Frozen: true})
		h.fault(c.fault)
		r := h.do("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k")
		if r.status != c.status || r.header.Get("Content-Type") != c.contentType || r.problem() != c.problem {
			t.Errorf("%s: %d %v %v", c.name, r.status, r.header, r.body)
		}
		for name, want := range c.header {
			if r.header.Get(name) != want {
				t.Errorf("%s: %s is %q", c.name, name, r.header.Get(name))
			}
		}
		h.wantEffects()
	}
}

func TestRetryAfterDate(t *testing.T) {
	wall := time.Date(2026, 1, 15, 7, 0, 0, 0, time.UTC)
	h := start(t, Options{Frozen: true, Now: func() time.Time { return wall }})
	h.fault(`{"response":{"status":503,"retryAfter":60,"retryAfterForm":"date"}}`)
	if got := h.do("GET", "/changes", "").header.Get("Retry-After"); got != "Thu, 15 Jan 2026 07:01:00 GMT" {
		t.Error(got)
	}
}

// Over a real connection, and in process: the client sees the same.
func TestBrokenConnections(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		effects     []string
		check       func(error) bool
	}{
		{"reset before", `{"fault":"CONNECTION_RESET_BY_PEER"}`, nil, isReset},
		{"reset after", `{"fault":"CONNECTION_RESET_BY_PEER","when":"after"}`, []string{"client create dossier"}, isReset},
		{"empty", `{"fault":"EMPTY_RESPONSE","when":"after"}`, []string{"client create dossier"}, func(err error) bool { return errors.Is(err, io.EOF) }},
		{"truncated", `{"fault":"LIMIT_DATA"}`, []string{"client create dossier"}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
	} {
		for _, real := range []bool{false, true} {
			h := start(t, Options{Frozen: true})
			h.fault(`{"times":1,` + c.fault[1:])
			req := h.request("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k")
			client := h.http
			if real {
				srv := httptest.NewServer(h.mock.API())
				defer srv.Close()
				client = srv.Client()
				req.URL.Host = strings.TrimPrefix(srv.URL, "http://")
			}
			resp, err := client.Do(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
			}
			if err == nil || !c.check(err) {
				t.Errorf("%s (real %v): %v", c.name, real, err)
			}
			h.wantEffects(c.effects...)
			// The repeated request is carried out once all the same.
			h.want(h.do("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k"), 201, "")
			h.wantEffects("client create dossier")
			entries, _ := h.mock.Journal()
			if e := entries[1]; e.Broken == "" || len(e.Faults) != 1 || len(e.Effects) != len(c.effects) {
				t.Errorf("%s: journal %+v", c.name, e)
			}
		}
	}
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// A problem that a fault gives leads to its type, as any other.
func TestProblemOfAFaultLeadsToItsType(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.fault(`{"match":{"operationId":"getHealth"},"response":{"status":429}}`)
	r := h.do("GET", "/health", "")
	h.want(r, 429, "tooManyRequests")
	if r.text("href") != problemPath+r.text("type") {
		t.Errorf("href %q", r.text("href"))
	}
}

func TestAnswerReplacedAfterCommit(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.fault(`{"match":{"operationId":"createDossier"},"when":"after","response":{"status":504,"body":"html"}}`)
	if r := h.do("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k"); r.status != 504 {
		t.Error(r.status)
	}
	h.wantEffects("client create dossier")
}

func TestFaultMatching(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.fault(`{"match":{"operationId":"listChanges","nth":2},"response":{"status":500}}`)
	h.fault(`{"match":{"route":"/mlp/v1/refData/*"},"times":1,"response":{"status":502}}`)
	h.fault(`{"match":{"method":"get","person":"` + ssinOld + `"},"response":{"status":503}}`)
	for i, want := range []int{200, 500, 200} {
		if got := h.do("GET", "/changes", "").status; got != want {
			t.Errorf("call %d: %d", i+1, got)
		}
	}
	if a, b := h.do("GET", "/refData/categories", "").status, h.do("GET", "/refData/categories", "").status; a != 502 || b != 200 {
		t.Errorf("times: %d %d", a, b)
	}
	if got := h.do("GET", h.seeded(ssinA), "").status; got != 503 {
		t.Errorf("person: %d", got)
	}
	if got := h.do("GET", h.seeded(ssinPartner), "").status; got != 200 {
		t.Errorf("other person: %d", got)
	}
	if !h.mock.RemoveFault("f3") || h.mock.RemoveFault("f3") || h.do("GET", h.seeded(ssinA), "").status != 200 {
		t.Error("remove")
	}
	h.mock.RemoveFault("")
	if len(h.mock.Faults()) != 0 {
		t.Error("remove all")
	}
}

// A probability is drawn per person and operation: other requests in between change nothing.
func TestToxicityIsRepeatable(t *testing.T) {
	draw := func(noise bool) string {
		h := start(t, Options{Frozen: true, Seed: 7})
		h.fault(`{"match":{"operationId":"getDossier"},"toxicity":0.5,"response":{"status":500}}`)
		var out strings.Builder
		for range 40 {
			if noise {
				h.do("GET", h.seeded(ssinPartner), "")
			}
			if h.do("GET", h.seeded(ssinA), "").status == 500 {
				out.WriteByte('x')
			} else {
				out.WriteByte('.')
			}
		}
		return out.String()
	}
	a, b := draw(false), draw(true)
	if hits := strings.Count(a, "x"); a != b || hits < 8 || hits > 32 {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestFaultsAreChecked(t *testing.T) {
	h := start(t, Options{Frozen: true})
	for _, bad := range []string{
		`{}`, `{"fault":"x"}`, `{"toxicity":2,"response":{"status":500}}`, `{"response":{"status":99}}`, `{"response":{"status":500,"body":"x"}}`,
		`{"response":{"status":500,"problem":"x"}}`, `{"when":"later","response":{"status":500}}`, `{"when":"before","fault":"LIMIT_DATA"}`,
		`{"fixedDelayMilliseconds":-1}`, `{"times":-1,"response":{"status":500}}`, `{"match":{"operationId":"x"},"response":{"status":500}}`,
		`{"response":{"status":500,"retryAfterForm":"x"}}`, `{"response":{"status":502,"body":"html","retryAfter":5,"retryAfterForm":"body"}}`,
		`{"match":{"method":"BREW"},"response":{"status":500}}`,
	} {
		var f Fault
		if err := json.Unmarshal([]byte(bad), &f); err != nil {
			t.Fatal(err)
		}
		if _, err := h.mock.AddFault(f); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{})
		h.fault(`{"match":{"operationId":"createDossier"},"fixedDelayMilliseconds":1500}`)
		began := time.Now()
		h.create(ssinB)
		if took := time.Since(began); took != 1500*time.Millisecond {
			t.Errorf("took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req := h.request("POST", "/dossiers", creation(ssinC), "Idempotency-Key: c").WithContext(ctx)
		if _, err := h.http.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		h.wantEffects("client create dossier")
	})
}

// The virtual clock runs along with the wall clock.
func TestClockRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{})
		began := h.mock.Now()
		<-time.After(90 * time.Second)
		if got := h.mock.Now().Sub(began); got != 90*time.Second {
			t.Errorf("ran %v", got)
		}
	})
}
