package mockmlp

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// variant is one body that the model writes, and what of it matters to other registrations.
type variant struct {
	body string
	// start is the day from which it holds; end its last day, if any.
	start, end string
	// code is a category's, or a handover's kind; of names the registration that it refers to.
	code, of string
}

// variants are what the model writes, by collection. Two variants of a collection differ.
func variants() map[string][]variant {
	const first, second = "2026-01-12", "2026-01-16"
	ended := strings.Replace(weoBody, `"counsellor"`, `"endDate":"2026-01-14","counsellor"`, 1)
	all := map[string][]variant{
		"weos": {
			{body: weoBody, start: "2026-01-10"}, {body: strings.Replace(weoBody, "2026-01-10", second, 1), start: second},
			{body: ended, start: "2026-01-10", end: "2026-01-14"},
		},
		"employments": {
			{body: employmentBody, start: first, of: weoID}, {body: strings.ReplaceAll(employmentBody, first, second), start: second, of: weoID},
		},
		"categories": {
			{body: category("05", first, ""), start: first, code: "05"}, {body: category("78", first, ""), start: first, code: "78"},
			{body: category("90", first, employmentID), start: first, code: "90", of: employmentID},
			{body: category("90", second, employmentID), start: second, code: "90", of: employmentID},
			{body: category("93", second, employmentID), start: second, code: "93", of: employmentID},
		},
		"handovers": {
			{body: handoverBody, code: "GLOW"}, {body: strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1), code: "WARM_OTHER"},
		},
		"competences": {{body: competenceBody}, {body: strings.Replace(competenceBody, "developing", "acquired", 1)}},
	}
	for collection, body := range map[string]string{
		"placements": placementBody, "evaluations": evaluationBody, "documents": documentBody(pdf), "notes": noteBody, "appointments": appointmentBody,
	} {
		all[collection] = []variant{{body: body, of: weoID}, {body: strings.Replace(body, "2026-01-1", "2026-01-2", 1), of: weoID}}
	}
	return all
}

// model is what a dossier should hold and refuse.
type model struct {
	version, effects int
	// stored is the variant of each registration, by collection and id.
	stored map[string]variant
	// order is that of the categories' registration, the last one last.
	order []string
	// decided are the handovers that VDAB has answered, with whether GLOW is off the table.
	decided map[string]bool
}

// put is the status that the model expects of a PUT.
func (m *model) put(collection, id string, v variant, seen int) int {
	key := collection + "/" + id
	old, exists := m.stored[key]
	switch {
	case exists && old == v:
		return 200
	case seen == 0:
		return 428
	case seen != m.version:
		return 412
	case m.isDecided(key) || !m.refers(v) || !m.fits(collection, key, v):
		return 409
	}
	m.store(key, v)
	if exists {
		return 200
	}
	return 201
}

func (m *model) store(key string, v variant) {
	m.stored[key] = v
	m.order = append(slices.DeleteFunc(m.order, func(k string) bool { return k == key }), key)
	m.version++
	m.effects++
}

func (m *model) isDecided(key string) bool {
	_, answered := m.decided[key]
	return answered
}

func (m *model) refers(v variant) bool {
	_, weo := m.stored["weos/"+v.of]
	_, employment := m.stored["employments/"+v.of]
	return v.of == "" || weo || employment
}

func (m *model) fits(collection, key string, v variant) bool {
	old, exists := m.stored[key]
	switch collection {
	case "categories":
		held := m.held(v.start, key)
		contract, named := m.stored["employments/"+v.of]
		return (v.code != "05" || held != "00") && v.code != "93" && (!named || contract.start <= v.start)
	case "employments":
		return m.stored["weos/"+v.of].covers(v.start)
	case "weos":
		return (!m.glowRuns() || (exists && (v.end != "" || old.end == ""))) && m.coversItsEmployments(key, v)
	case "handovers":
		return old.code == "GLOW" || v.code != "GLOW" || !m.tweRuns()
	}
	return true
}

// held is the code of the category that holds on a day, one of them left out.
func (m *model) held(day, without string) string {
	best := variant{}
	for _, key := range m.order {
		if v := m.stored[key]; strings.HasPrefix(key, "categories/") && key != without && v.start <= day && v.start >= best.start {
			best = v
		}
	}
	return best.code
}

func (v variant) covers(day string) bool { return v.start <= day && (v.end == "" || day <= v.end) }

func (m *model) coversItsEmployments(key string, weo variant) bool {
	for other, v := range m.stored {
		if strings.HasPrefix(other, "employments/") && key == "weos/"+v.of && !weo.covers(v.start) {
			return false
		}
	}
	return true
}

func (m *model) tweRuns() bool {
	for key, v := range m.stored {
		if strings.HasPrefix(key, "weos/") && v.end == "" {
			return true
		}
	}
	return false
}

func (m *model) glowRuns() bool {
	for key, v := range m.stored {
		if strings.HasPrefix(key, "handovers/") && v.code == "GLOW" && !m.decided[key] {
			return true
		}
	}
	return false
}

// Random sequences of writes of every kind, with VDAB and others in between, against the mock and against a model agree: what is stored, which version, what is
// refused, which category holds, and that each accepted change has one effect and one place in the feed.
func TestWritesAgainstModel(t *testing.T) {
	all := variants()
	// The kinds that constrain each other come more often, so that their rules are met.
	collections := append(slices.Sorted(maps.Keys(all)), slices.Repeat([]string{"weos", "employments", "categories", "handovers"}, 4)...)
	rapid.Check(t, func(rt *rapid.T) {
		h := start(t, Options{Frozen: true, RatePerMinute: -1})
		cursor := h.do("GET", "/changes", "").text("nextCursor")
		d := h.create(ssinD)
		m := &model{version: 1, effects: 1, stored: map[string]variant{}, decided: map[string]bool{}}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "who") == 0 {
				othersAct(rt, h, m)
				continue
			}
			collection := rapid.SampledFrom(collections).Draw(rt, "collection")
			id := rapid.SampledFrom([]string{idIn(collection), categoryID}).Draw(rt, "id")
			v := rapid.SampledFrom(all[collection]).Draw(rt, "variant")
			// 0 is no If-Match at all.
			seen := rapid.SampledFrom([]int{m.version, m.version, m.version, m.version, m.version, m.version, 0, m.version - 1, m.version + 1}).Draw(rt, "seen")
			header := "If-Match: "
			if seen > 0 {
				header = ifMatch(seen)
			}
			got := h.do("PUT", d+"/"+collection+"/"+id, v.body, header)
			if want := m.put(collection, id, v, seen); got.status != want {
				rt.Fatalf("PUT %s/%s %+v seen %d at %d: %d %s, want %d; model %+v", collection, id, v, seen, m.version, got.status, got.problem(), want, m)
			}
			if got.status < 300 && got.header.Get("ETag") != fmt.Sprintf(`"%d"`, m.version) {
				rt.Fatalf("ETag %s, want %d", got.header.Get("ETag"), m.version)
			}
		}
		compare(rt, h, m, d, cursor)
	})
}

// othersAct lets the job-seeker draw benefit, or VDAB answer a handover.
func othersAct(rt *rapid.T, h *harness, m *model) {
	key := "handovers/" + otherID
	_, there := m.stored[key]
	if !there || m.isDecided(key) {
		if _, err := h.mock.CategorySet(ssinD, "00", "2026-01-11", "client"); err != nil {
			rt.Fatal(err)
		}
		m.store(fmt.Sprintf("categories/of others %d", m.version), variant{start: "2026-01-11", code: "00"})
		return
	}
	rejects := rapid.Bool().Draw(rt, "rejects")
	status, reason := "accepted", ""
	if rejects {
		status, reason = "rejected", "otherTrack"
	}
	if _, err := h.mock.HandoverAnswered(ssinD, otherID, status, reason, ""); err != nil {
		rt.Fatal(err)
	}
	m.decided[key] = rejects
	m.version++
	m.effects++
}

// compare holds the dossier, the effects and the feed against the model.
func compare(rt *rapid.T, h *harness, m *model, d, cursor string) {
	now := h.do("GET", d, "").body
	counts, want := map[string]int{}, map[string]int{}
	for collection := range variants() {
		list, _ := now[collection].([]any)
		counts[collection] = len(list)
		want[collection] = 0
	}
	for key := range m.stored {
		collection, _, _ := strings.Cut(key, "/")
		want[collection]++
	}
	current, _ := now["currentCategory"].(map[string]any)
	code, _ := current["code"].(string)
	if !maps.Equal(counts, want) || now["version"] != float64(m.version) || code != m.held("2026-01-15", "") || len(h.mock.Effects()) != m.effects {
		rt.Fatalf("mock %v at %v with %q held, model %+v", counts, now["version"], code, m)
	}
	feed := h.do("GET", "/changes?limit=500&cursor="+cursor, "")
	items, _ := feed.body["items"].([]any)
	if len(items) != m.effects {
		rt.Fatalf("%d items in the feed, %d effects", len(items), m.effects)
	}
	last, _ := items[len(items)-1].(map[string]any)
	left, _ := last["dossier"].(map[string]any)
	if left["version"] != now["version"] {
		rt.Fatalf("the feed ends with version %v", left["version"])
	}
}

// No body, header or path makes the mock panic or answer outside its document.
func FuzzRequest(f *testing.F) {
	h := start(f, Options{Frozen: true, RatePerMinute: -1})
	for _, g := range goodBodies() {
		f.Add("PUT", h.seeded(ssinA)+"/"+g.collection+"/"+idIn(g.collection), g.body, `"1"`, "Idempotency-Key", "k")
		f.Add("GET", h.seeded(ssinA)+"/"+g.collection+"/"+idIn(g.collection), "", "", "BelGov-Trace-Id", "t")
	}
	f.Add("PATCH", h.seeded(ssinA), `{"caseworker":{"id":"x"},"address":{"street":null}}`, `"1"`, "Content-Type", "application/merge-patch+json; charset=latin1")
	f.Add("POST", "/dossiers", creation(ssinC), "", "Idempotency-Key", "")
	f.Add("PUT", h.seeded(ssinA)+"/employments/"+employmentID, `{"workRegimes":[{"hoursPerWeek":1e999}]}`, "", "Authorization", "Basic Zm9v")
	f.Add("POST", "/dossiers/query", `{"ssins":["67722499797"]}`, "", "X-IBM-Client-Id", "")
	f.Add("GET", "/changes?cursor=e1-0&limit=1", ``, "", "Accept", "text/html")
	f.Add("GET", "/changes?cursor=e1-0&limit=NaN", ``, "", "Content-Encoding", "gzip")
	f.Add("GET", "/refData/problemTypes/urn:problem-type:belgif:badRequest", "", "", "If-None-Match", "*")
	f.Add("GET", h.seeded(ssinA)+"/trainings/%2e%2e", "", "", "Authorization", "Bearer e30.e30")
	f.Fuzz(func(t *testing.T, method, path, body, match, name, value string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(method+path+match+name+value, "\r\n\x00") || strings.ContainsAny(method+path, " ") || method == "" {
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
		// Any header, in the place of what the request has of it.
		req.Header[http.CanonicalHeaderKey(name)] = []string{value}
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
