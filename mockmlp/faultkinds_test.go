package mockmlp

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Garbage and cut bodies: over a real connection and in process, neither gives a client anything that it could take for an answer.
func TestGarbledAnswers(t *testing.T) {
	for _, c := range []struct {
		fault, why string
	}{
		{FaultChunk, "invalid byte in chunk length"},
		{FaultRandom, "malformed HTTP"},
		{FaultMalformedBody, "no JSON"},
		{FaultLimitData, "unexpected EOF"},
	} {
		for _, real := range []bool{false, true} {
			h := start(t, Options{Frozen: true})
			h.fault(`{"times":1,"when":"after","fault":"` + c.fault + `"}`)
			if err := h.garbled(real); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s (real %v): %v", c.fault, real, err)
			}
			h.wantEffects("client create dossier")
			if list, err := h.mock.FindJournal(Filter{"fault": {c.fault}}); err != nil || len(list) != 1 {
				t.Errorf("%s: journal %v %v", c.fault, list, err)
			}
		}
	}
}

// garbled creates a dossier, and says what is wrong with the answer.
func (h *harness) garbled(real bool) error {
	req := h.request("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k")
	client := h.http
	if real {
		srv := httptest.NewServer(h.mock.API())
		defer srv.Close()
		client = srv.Client()
		req.URL.Host = strings.TrimPrefix(srv.URL, "http://")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.ContentLength == int64(len(body)) && body[len(body)-1] != '}' {
		return errors.New("no JSON")
	}
	return err
}

func TestDelayDistributions(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		low, high   time.Duration
		spread      bool
	}{
		{"fixed", `{"delayDistribution":{"type":"fixed","milliseconds":250}}`, 250 * time.Millisecond, 250 * time.Millisecond, false},
		{"uniform", `{"delayDistribution":{"type":"uniform","lower":100,"upper":200}}`, 100 * time.Millisecond, 200 * time.Millisecond, true},
		{"lognormal", `{"delayDistribution":{"type":"lognormal","median":80,"sigma":0.4}}`, 10 * time.Millisecond, time.Second, true},
		{"bounded", `{"delayDistribution":{"type":"lognormal","median":80,"sigma":5,"maxValue":90}}`, 0, 90 * time.Millisecond, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, Options{Frozen: true, RatePerMinute: -1})
			h.fault(c.fault)
			var took []time.Duration
			for range 50 {
				began := time.Now()
				h.do("GET", "/health", "")
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			if took[0] < c.low || took[49] > c.high || (took[0] != took[49]) != c.spread {
				t.Errorf("%s: %v", c.name, took)
			}
			if c.name == "lognormal" && (took[25] < 60*time.Millisecond || took[25] > 105*time.Millisecond) {
				t.Errorf("the median is %v", took[25])
			}
		})
	}
}

func TestSlowBody(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.fault(`{"chunkedDribbleDelay":{"numberOfChunks":4,"totalDuration":40}}`)
	srv := httptest.NewServer(h.mock.API())
	defer srv.Close()
	began := time.Now()
	resp, err := srv.Client().Get(srv.URL + "/mlp/v1/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || string(b) != `{"status":"UP"}` || resp.ContentLength != int64(len(b)) {
		t.Errorf("%q %v", b, err)
	}
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("all of it after %v", took)
	}
}

func TestTokenFaults(t *testing.T) {
	h := start(t, Options{Frozen: true})
	for token, problem := range map[string]string{TokenExpired: "expiredAccessToken", TokenWrong: "invalidAccessToken"} {
		id := h.fault(`{"match":{"operationId":"listChanges"},"token":"` + token + `"}`)
		h.want(h.do("GET", "/changes", ""), 401, problem)
		h.mock.RemoveFault(id)
		// What is handed out is of no use, and doesn't say so.
		id = h.fault(`{"match":{"operationId":"createToken"},"token":"` + token + `"}`)
		good := h.token
		h.token = h.login("gent", "")
		h.mock.RemoveFault(id)
		h.want(h.do("GET", "/changes", ""), 401, problem)
		h.token = good
		h.want(h.do("GET", "/changes", ""), 200, "")
	}
}

// A stale read is what a replica has that lags by one change; writes go where the truth is.
func TestStaleRead(t *testing.T) {
	h := start(t, Options{Frozen: true})
	begin := h.do("GET", "/changes", "").text("nextCursor")
	d := h.create(ssinB)
	id := h.fault(`{"staleRead":true}`)
	h.want(h.do("GET", d, ""), 404, "resourceNotFound")
	if items := h.do("POST", "/dossiers/query", `{"ssins":["`+ssinB+`"]}`).body["items"].([]any); len(items) != 0 {
		t.Errorf("query %v", items)
	}
	h.want(h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(1)), 201, "")
	r := h.do("GET", d, "")
	if r.status != 200 || r.header.Get("ETag") != `"1"` || len(r.body["weos"].([]any)) != 0 {
		t.Errorf("%d %v", r.status, r.body)
	}
	feed := h.do("GET", "/changes?cursor="+begin, "")
	if items := feed.body["items"].([]any); len(items) != 1 {
		t.Errorf("feed %v", items)
	}
	h.mock.RemoveFault(id)
	if got := h.do("GET", d, "").header.Get("ETag"); got != `"2"` {
		t.Errorf("afterwards %s", got)
	}
	next := h.do("GET", "/changes?cursor="+feed.text("nextCursor"), "")
	if items := next.body["items"].([]any); len(items) != 1 {
		t.Errorf("what the replica kept back: %v", next.body)
	}
}

func TestFaultEnds(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.fault(`{"match":{"operationId":"getHealth"},"duration":"10m","response":{"status":503}}`)
	if err := h.mock.Advance(9 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := h.do("GET", "/health", "").status; got != 503 {
		t.Errorf("before its end: %d", got)
	}
	if err := h.mock.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := h.do("GET", "/health", "").status; got != 200 {
		t.Errorf("after its end: %d", got)
	}
}

func TestRoutePatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, template string
		want              bool
	}{
		{"/mlp/v1/changes", "/mlp/v1/changes", true},
		{"/mlp/v1/refData/*", "/mlp/v1/refData/categories", true},
		{"/mlp/v1/dossiers/*/weos/*", "/mlp/v1/dossiers/{dossierId}/weos/{weoId}", true},
		{"/mlp/v1/dossiers/*/weos/*", "/mlp/v1/dossiers/{dossierId}/notes/{noteId}", false},
		{"/mlp/v1/*/query", "/mlp/v1/dossiers/query", true},
		{"/mlp/v1/*/query", "/mlp/v1/dossiers", false},
		{"/mlp/v1/dossiers/*", "/mlp/v1/dossiers", false},
		{"/*/v1/*", "/mlp/v1/dossiers/query", true},
	} {
		if got := routeMatches(c.pattern, c.template); got != c.want {
			t.Errorf("%s %s: %v", c.pattern, c.template, got)
		}
	}
}

func TestNewFaultsAreChecked(t *testing.T) {
	h := start(t, Options{Frozen: true})
	for _, bad := range []Fault{
		{Token: "lost"}, {StaleRead: true, Duration: "soon"}, {StaleRead: true, Duration: "-1s"}, {Fault: FaultMalformedBody, When: BeforeCommit},
		{DelayDistribution: &DelayDistribution{Type: "normal"}}, {DelayDistribution: &DelayDistribution{Type: "uniform", Lower: 2, Upper: 1}},
		{DelayDistribution: &DelayDistribution{Type: "lognormal", Sigma: 1}}, {DelayDistribution: &DelayDistribution{Type: "fixed", Median: 1}},
		{ChunkedDribbleDelay: &ChunkedDribble{}}, {ChunkedDribbleDelay: &ChunkedDribble{NumberOfChunks: 2, TotalDuration: 400_000}},
		{StaleRead: true, Match: FaultMatch{Route: "/mlp/v2/*"}}, {StaleRead: true, Match: FaultMatch{NotOperationID: "x"}},
	} {
		if _, err := h.mock.AddFault(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// A hostile mock makes the share of calls go wrong that it was told, health checks aside, and the same ones for the same seed.
func TestHostile(t *testing.T) {
	session := func(share float64, calls int) string {
		h := startQuietly(t, Options{Frozen: true, RatePerMinute: -1, Hostile: share, Seed: 3})
		var out strings.Builder
		for range calls {
			resp, err := h.http.Do(h.request("GET", "/refData/categories", ""))
			switch {
			case err != nil:
				out.WriteByte('!')
			case resp.StatusCode != http.StatusOK:
				out.WriteByte('x')
			case resp.ContentLength < 0 || !whole(resp):
				out.WriteByte('~')
			default:
				out.WriteByte('.')
			}
			if got := h.do("GET", "/health", "").status; got != 200 {
				t.Fatalf("health %d", got)
			}
		}
		return out.String()
	}
	a, b := session(DefaultHostile, 600), session(DefaultHostile, 600)
	bad := len(a) - strings.Count(a, ".")
	if a != b || bad < 15 || bad > 45 || !strings.ContainsAny(a, "!") || !strings.Contains(a, "x") {
		t.Errorf("%d of %d went wrong, the same twice: %v", bad, len(a), a == b)
	}
	if all := session(1, 20); strings.Contains(all, ".") {
		t.Errorf("all: %s", all)
	}
	if _, err := New(Options{Hostile: 1.5}); err == nil {
		t.Error("a share over 1 was accepted")
	}
}

func whole(resp *http.Response) bool {
	_, err := io.ReadAll(resp.Body)
	return err == nil
}
