package mockmlp

import (
	"fmt"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// play is what one person's sequence of requests is answered, to the byte: headers, ids and problems included.
func (h *harness) play(ssin string) string {
	var out strings.Builder
	d := h.seeded(ssin)
	for i, r := range []struct{ method, path, body, match string }{
		{"POST", "/dossiers", creation(ssin), "Idempotency-Key: k-" + ssin},
		{"GET", d, "", ""},
		{"PUT", d + "/weos/" + weoID, weoBody, ifMatch(1)},
		{"PUT", d + "/weos/" + weoID, `{"startDate":"never"}`, ifMatch(1)},
		{"PUT", d + "/employments/" + employmentID, employmentBody, ifMatch(2)},
		{"PUT", d + "/categories/" + categoryID, categoryBody, ifMatch(3)},
		{"PUT", d + "/notes/" + otherID, noteBody, ""},
		{"PUT", d + "/handovers/" + otherID, handoverBody, ifMatch(1)},
		{"POST", "/dossiers/query", `{"ssins":["` + ssin + `"]}`, ""},
		{"GET", d + "/weos/" + otherID, "", ""},
		{"GET", d, "", ""},
	} {
		for range 3 { // what goes wrong once may go right the next time
			fmt.Fprintf(&out, "%d %s\n", i, h.transcript(r.method, r.path, r.body, r.match))
		}
	}
	return out.String()
}

func (h *harness) transcript(method, path, body, header string) string {
	var headers []string
	if header != "" {
		headers = append(headers, header)
	}
	resp, err := h.http.Do(h.request(method, path, body, headers...))
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := httputil.DumpResponse(resp, true)
	if err != nil {
		return string(b) + err.Error()
	}
	return string(b)
}

func repeatable(t *testing.T, seed uint64) *harness {
	h := startQuietly(t, Options{Frozen: true, Seed: seed, RatePerMinute: -1, Hostile: 0.3})
	h.fault(`{"toxicity":0.2,"staleRead":true}`)
	return h
}

func persons() []string { return []string{ssinB, ssinC, ssinD} }

// The same seed and the same sequence give the same bytes, from tokens to the ids of problems, whatever goes wrong on the way.
func TestSequenceIsRepeatable(t *testing.T) {
	whole := func(seed uint64) string {
		h := repeatable(t, seed)
		var out strings.Builder
		out.WriteString(h.transcript("POST", "/oauth2/token", "", ""))
		for _, ssin := range persons() {
			out.WriteString(h.play(ssin))
		}
		out.WriteString(h.transcript("GET", "/changes", "", "") + h.transcript("GET", "/changes?cursor=e1-0", "", "") + h.transcript("GET", "/nowhere", "", ""))
		for _, e := range h.mock.Effects() {
			fmt.Fprintf(&out, "%+v\n", e)
		}
		entries, _ := h.mock.Journal()
		fmt.Fprintf(&out, "%+v\n", entries)
		return out.String()
	}
	first := whole(7)
	if diff := cmp.Diff(first, whole(7)); diff != "" {
		t.Errorf("the second time: %s", diff)
	}
	if first == whole(8) {
		t.Error("another seed changes nothing")
	}
}

// What a person's requests are answered doesn't depend on what other persons' requests come in between.
func TestPersonsDontMeet(t *testing.T) {
	alone := repeatable(t, 7)
	want := map[string]string{}
	for _, ssin := range persons() {
		want[ssin] = alone.play(ssin)
	}
	together := repeatable(t, 7)
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[string]string{}
	for _, ssin := range persons() {
		all.Go(func() {
			text := together.play(ssin)
			mu.Lock()
			defer mu.Unlock()
			got[ssin] = text
		})
	}
	all.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A reset begins the same run again.
func TestResetRepeats(t *testing.T) {
	h := repeatable(t, 7)
	h.mock.RemoveFault("f11")
	first := h.play(ssinB)
	if err := h.mock.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := h.mock.Reset(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, h.play(ssinB)); diff != "" {
		t.Error(diff)
	}
}
