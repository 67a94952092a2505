package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// target is one server under measurement, and the requests that it gets.
type target struct {
	client *http.Client
	base   string
	token  string
	// versions are the ETags last answered, by dossier.
	versions sync.Map
}

// weoBody is what both servers decode; both answer what the mock answers to it.
func weoBody(startDate string) string {
	return `{"startDate": "` + startDate + `", "counsellor": {"id": "TB-03"}, "caseworker": {"id": "MW-014"}}`
}

// bare answers as the least that a server in Go can do: decode the body, encode an answer.
func bare(answer map[string]any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if r.Method == http.MethodPut {
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func newTarget(h http.Handler) (*target, func()) {
	server := httptest.NewServer(h)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return &target{client: client, base: server.URL}, func() {
		client.CloseIdleConnections()
		server.Close()
	}
}

// call sends one request and reads its answer to the end.
func (t *target) call(method, path, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, t.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	req.Header.Set("X-IBM-Client-Id", "demo-key")
	req.Header.Set("BelGov-Trace-Id", "bench")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		version, _ := t.versions.LoadOrStore(dossierOf(path), `"1"`)
		req.Header.Set("If-Match", version.(string))
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if version := resp.Header.Get("ETag"); version != "" {
		t.versions.Store(dossierOf(path), version)
	}
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// dossierOf is the path of the dossier to which a path belongs.
func dossierOf(path string) string {
	const depth = len("/mlp/v1/dossiers/00000000-0000-5000-8000-000000000000")
	return path[:min(len(path), depth)]
}

// kept is a mock as a developer runs it, the rate limit aside: state in memory, every request and answer judged, the journal on.
func kept(tb testing.TB, dossiers int) *mockmlp.Mock {
	tb.Helper()
	scenario := &mockmlp.Scenario{}
	for i := range dossiers {
		scenario.Dossiers = append(scenario.Dossiers, seedDossier(i))
	}
	m, err := mockmlp.New(mockmlp.Options{Scenario: scenario, RatePerMinute: -1, Clock: time.Date(2026, 3, 16, 8, 0, 0, 0, time.UTC)})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// seedDossier is a client in a TWE, as most dossiers with something in them are.
func seedDossier(i int) mockmlp.SeedDossier {
	id := func(kind int) string { return fmt.Sprintf("00000000-0000-5000-8%03d-%012d", kind, i) }
	day := func(month string) string { return fmt.Sprintf("%s-%02d", month, i%28+1) }
	return mockmlp.SeedDossier{
		SSIN: testNumber(i), NISCode: "44021", ContactLanguage: "nl",
		Owner:      map[string]any{"kind": "ocmw", "name": "OCMW Voorbeeld", "kboNumber": "0212214917"},
		Person:     map[string]any{"lastName": "Testpersoon", "firstName": fmt.Sprintf("Nummer%d", i)},
		Categories: []map[string]any{{"code": "05", "validFrom": day("2025-11")}, {"code": "90", "validFrom": day("2026-02")}},
		WEOs:       []map[string]any{{"weoId": id(1), "startDate": day("2026-01"), "counsellor": map[string]any{"id": "TB-03"}}},
		Employments: []map[string]any{{
			"employmentId": id(2), "weoId": id(1), "startDate": day("2026-02"), "endDate": day("2027-01"), "socialEconomy": false,
			"workRegimes": []any{map[string]any{"validFrom": day("2026-02"), "regime": "fullTime"}},
		}},
	}
}

// askToken gets a token as any client does.
func (t *target) askToken(tb testing.TB) {
	tb.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"mlpsync-demo"}, "client_secret": {"demo-secret"}}
	resp, err := t.client.PostForm(t.base+"/oauth2/token", form)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token.AccessToken == "" {
		tb.Fatalf("token: %v", err)
	}
	t.token = token.AccessToken
}

// round sends n requests, from as many clients as there are processors, and returns how many a second.
func (t *target) round(tb testing.TB, n int, send func(worker, i int) (method, path, body string)) float64 {
	tb.Helper()
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	begun := time.Now()
	for w := range workers {
		wg.Go(func() {
			for i := range n / workers {
				method, path, body := send(w, i)
				if status, answer, err := t.call(method, path, body); err != nil || status >= 300 {
					tb.Errorf("%s %s: %d %v %s", method, path, status, err, answer)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(begun).Seconds()
}

// BenchmarkMock compares the mock with the bare handler, in rounds that take turns, so that what else the machine does weighs on both. The
// median of the ratios is what counts between two versions.
func BenchmarkMock(b *testing.B) {
	for _, work := range []struct {
		name string
		send func(dossiers []string, worker, i int) (method, path, body string)
	}{
		{"read", func(dossiers []string, worker, i int) (string, string, string) {
			return http.MethodGet, "/mlp/v1/dossiers/" + dossiers[(worker*31+i)%len(dossiers)], ""
		}},
		{"repeat", func(dossiers []string, worker, i int) (string, string, string) { return putWEO(dossiers, worker, i, 0) }},
		{"change", func(dossiers []string, worker, i int) (string, string, string) {
			return putWEO(dossiers, worker, i, 28)
		}},
	} {
		b.Run(work.name, func(b *testing.B) {
			mock := kept(b, 64)
			var dossiers []string
			for _, d := range mock.State().Dossiers {
				dossiers = append(dossiers, d["dossierId"].(string))
			}
			send := func(worker, i int) (string, string, string) { return work.send(dossiers, worker, i) }
			real, stop := newTarget(mock.API())
			defer stop()
			real.askToken(b)
			var answer map[string]any
			method, path, body := send(0, 0)
			_, sample, err := real.call(method, path, body)
			if err != nil || json.Unmarshal(sample, &answer) != nil {
				b.Fatalf("%v: %s", err, sample)
			}
			plain, stopPlain := newTarget(bare(answer))
			defer stopPlain()
			compare(b, real, plain, send)
		})
	}
}

// putWEO registers the same WEO in each of a worker's own dossiers in turn, from one turn to the next with another of so many dates; with one
// date all but the first are equal to what is stored, and answered in full.
func putWEO(dossiers []string, worker, i, dates int) (method, path, body string) {
	share := len(dossiers) / runtime.GOMAXPROCS(0)
	path = "/mlp/v1/dossiers/" + dossiers[worker*share+i%share] + "/weos/" + fixedWEO
	return http.MethodPut, path, weoBody(fmt.Sprintf("2026-01-%02d", 1+i/share%max(dates, 1)))
}

const fixedWEO = "00000000-0000-5000-8fff-000000000001"

func compare(b *testing.B, mock, plain *target, send func(worker, i int) (string, string, string)) {
	const rounds, requests = 15, 1000
	mock.round(b, requests, send)
	plain.round(b, requests, send)
	var ratios, rates []float64
	for b.Loop() {
		ratios, rates = ratios[:0], rates[:0]
		for range rounds {
			theirs := plain.round(b, requests, send)
			ours := mock.round(b, requests, send)
			ratios, rates = append(ratios, ours/theirs), append(rates, ours)
		}
	}
	b.ReportMetric(middle(ratios), "mock/bare")
	b.ReportMetric(middle(rates), "requests/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMock60000 loads as many dossiers as a service shared by all of Flanders has, and reports what they keep of the heap; no test, since each of them is
// judged by the document, which takes minutes under the race detector.
func BenchmarkMock60000(b *testing.B) {
	for b.Loop() {
		before := reachable()
		mock := kept(b, 60_000)
		b.ReportMetric(float64(reachable()-before)/1e6, "MB")
		w := httptest.NewRecorder()
		mock.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/dossiers?page=600", nil))
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte("bladzijde 600 van 600")) {
			b.Errorf("the last page of the list: %d", w.Code)
		}
		runtime.KeepAlive(mock)
	}
	b.ReportMetric(0, "ns/op")
}

// reachable is the heap, once what isn't has been collected.
func reachable() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
