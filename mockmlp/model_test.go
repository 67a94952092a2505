package mockmlp

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is what a dossier's WEOs and version should be.
type model struct {
	version int
	weos    map[string]string
	effects int
}

// Random sequences of conditional writes against the mock and against a model agree: what is stored, which version, what is refused, and that
// each accepted change has one effect.
func TestConditionalWritesAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := start(t, Options{Frozen: true, RatePerMinute: -1})
		d := h.create(ssinD)
		m := model{version: 1, weos: map[string]string{}, effects: 1}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			id := rapid.SampledFrom([]string{weoID, otherID, employmentID}).Draw(rt, "id")
			start := rapid.SampledFrom([]string{"2026-01-10", "2026-01-11"}).Draw(rt, "start")
			// 0 is no If-Match at all.
			seen := rapid.SampledFrom([]int{0, m.version, m.version, m.version, m.version - 1, m.version + 1}).Draw(rt, "seen")
			header := "If-Match: "
			if seen > 0 {
				header = ifMatch(seen)
			}
			got := h.do("PUT", d+"/weos/"+id, strings.Replace(weoBody, "2026-01-10", start, 1), header)
			if want := m.put(id, start, seen); got.status != want {
				rt.Fatalf("PUT %s %s seen %d at %d: %d, want %d", id, start, seen, m.version, got.status, want)
			}
			if got.status < 300 && got.header.Get("ETag") != fmt.Sprintf(`"%d"`, m.version) {
				rt.Fatalf("ETag %s, want %d", got.header.Get("ETag"), m.version)
			}
		}
		now := h.do("GET", d, "")
		stored := map[string]string{}
		for _, v := range now.body["weos"].([]any) {
			w := v.(map[string]any)
			stored[w["weoId"].(string)] = w["startDate"].(string)
		}
		if !maps.Equal(stored, m.weos) || now.body["version"] != float64(m.version) || len(h.mock.Effects()) != m.effects {
			rt.Fatalf("mock %v at %v, model %+v", stored, now.body["version"], m)
		}
	})
}

func (m *model) put(id, start string, seen int) int {
	stored, exists := m.weos[id]
	switch {
	case exists && stored == start:
		return 200
	case seen == 0:
		return 428
	case seen != m.version:
		return 412
	}
	m.weos[id] = start
	m.version++
	m.effects++
	if exists {
		return 200
	}
	return 201
}

// No body, header or path makes the mock panic or answer outside its document.
func FuzzRequest(f *testing.F) {
	h := start(f, Options{Frozen: true, RatePerMinute: -1})
	f.Add("PUT", "/dossiers/x/weos/"+weoID, weoBody, `"1"`)
	f.Add("PATCH", h.seeded(ssinA), `{"caseworker":{"id":"x"},"address":{"street":null}}`, `"1"`)
	f.Add("POST", "/dossiers", creation(ssinC), "")
	f.Add("PUT", h.seeded(ssinA)+"/employments/"+employmentID, `{"workRegimes":[{"hoursPerWeek":1e999}]}`, "")
	f.Add("PUT", h.seeded(ssinA)+"/handovers/"+otherID, handoverBody, `"1"`)
	f.Add("POST", "/dossiers/query", `{"ssins":["67722499797"]}`, "")
	f.Add("GET", "/changes?cursor=e1-0&limit=1", ``, "")
	f.Fuzz(func(t *testing.T, method, path, body, match string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(method+path+match, "\r\n\x00 ") || method == "" {
			return
		}
		defer func() {
			if p := recover(); p != nil {
				t.Fatalf("panic: %v", p)
			}
		}()
		h.t = t
		req, err := tryRequest(h, method, path, body, match)
		if err != nil {
			return
		}
		resp, err := h.http.Do(req)
		if err != nil {
			return
		}
		_ = resp.Body.Close()
		if bad := h.mock.InvalidAnswers(); len(bad) > 0 {
			t.Fatalf("invalid answer %+v", bad)
		}
		if resp.StatusCode >= 500 {
			t.Fatalf("status %d", resp.StatusCode)
		}
	})
}
