package mockmlp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is what a dossier's registrations and version should be.
type model struct {
	version int
	// stored is the variant of each registration, by collection and id.
	stored  map[string]string
	effects int
}

// written is what the model writes of each kind: a body, a date in it that varies, and the property with the id.
func written() map[string]struct{ body, date, id string } {
	return map[string]struct{ body, date, id string }{
		"weos":        {weoBody, "2026-01-10", "weoId"},
		"placements":  {placementBody, "2026-01-12", "placementId"},
		"evaluations": {evaluationBody, "2026-01-14", "evaluationId"},
		"documents":   {documentBody(pdf), "2026-01-14", "documentId"},
		"competences": {competenceBody, "2026-01-14", "competenceId"},
		"notes":       {noteBody, "2026-01-14", "noteId"},
	}
}

// Random sequences of conditional writes against the mock and against a model agree: what is stored, which version, what is refused, and that
// each accepted change has one effect.
func TestConditionalWritesAgainstModel(t *testing.T) {
	kinds := written()
	rapid.Check(t, func(rt *rapid.T) {
		h := start(t, Options{Frozen: true, RatePerMinute: -1})
		d := h.track(ssinD)
		m := model{version: 2, stored: map[string]string{"weos/" + weoID: "2026-01-10"}, effects: 2}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			collection := rapid.SampledFrom(slices.Sorted(maps.Keys(kinds))).Draw(rt, "collection")
			kind := kinds[collection]
			path := collection + "/" + rapid.SampledFrom([]string{weoID, otherID}).Draw(rt, "id")
			date := rapid.SampledFrom([]string{kind.date, "2026-01-16"}).Draw(rt, "date")
			// 0 is no If-Match at all.
			seen := rapid.SampledFrom([]int{0, m.version, m.version, m.version, m.version - 1, m.version + 1}).Draw(rt, "seen")
			header := "If-Match: "
			if seen > 0 {
				header = ifMatch(seen)
			}
			got := h.do("PUT", d+"/"+path, strings.Replace(kind.body, kind.date, date, 1), header)
			if want := m.put(path, date, seen); got.status != want {
				rt.Fatalf("PUT %s %s seen %d at %d: %d, want %d", path, date, seen, m.version, got.status, want)
			}
			if got.status < 300 && got.header.Get("ETag") != fmt.Sprintf(`"%d"`, m.version) {
				rt.Fatalf("ETag %s, want %d", got.header.Get("ETag"), m.version)
			}
		}
		now := h.do("GET", d, "")
		stored := map[string]string{}
		for collection, kind := range kinds {
			for _, v := range now.body[collection].([]any) {
				w := v.(map[string]any)
				from, _ := cmp.Or(w["startDate"], w["date"], w["assessedOn"]).(string)
				stored[collection+"/"+w[kind.id].(string)] = from
			}
		}
		if !maps.Equal(stored, m.stored) || now.body["version"] != float64(m.version) || len(h.mock.Effects()) != m.effects {
			rt.Fatalf("mock %v at %v, model %+v", stored, now.body["version"], m)
		}
	})
}

func (m *model) put(path, date string, seen int) int {
	stored, exists := m.stored[path]
	switch {
	case exists && stored == date:
		return 200
	case seen == 0:
		return 428
	case seen != m.version:
		return 412
	}
	m.stored[path] = date
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
	f.Add("PUT", h.seeded(ssinA)+"/documents/"+otherID, documentBody(pdf), `"1"`)
	f.Add("PUT", h.seeded(ssinA)+"/placements/"+otherID, placementBody, `"1"`)
	f.Add("PUT", h.seeded(ssinA)+"/competences/"+otherID, competenceBody, `"1"`)
	f.Add("PUT", h.seeded(ssinA)+"/notes/"+otherID, noteBody, `"1"`)
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
