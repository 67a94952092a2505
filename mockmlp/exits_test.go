package mockmlp

import (
	"fmt"
	"testing"
	"time"
)

// held is the category that the API says holds, and who set it.
func (h *harness) held(path string) string {
	h.t.Helper()
	r := h.do("GET", path, "")
	h.want(r, 200, "")
	current, _ := r.body["currentCategory"].(map[string]any)
	for _, v := range r.body["categories"].([]any) {
		if c := v.(map[string]any); c["categoryId"] == current["categoryId"] {
			return fmt.Sprintf("%v %v %v", c["code"], c["validFrom"], c["setBy"])
		}
	}
	return ""
}

func (h *harness) wantHeld(path, want string) {
	h.t.Helper()
	if got := h.held(path); got != want {
		h.t.Fatalf("category %q, want %q", got, want)
	}
}

func TestExitBefore(t *testing.T) {
	h := start(t, Options{Frozen: true, Scenario: scenarioOf(t, scenarioText)})
	h.mock.scenario.Exits.Persons = nil
	d := h.track(ssinB)
	r := h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2))
	h.want(r, 201, "")
	if r.header.Get("ETag") != `"3"` {
		t.Errorf("the answer tells of the client's own change: %s", r.header.Get("ETag"))
	}
	h.wantHeld(d, "78 2026-01-12 vdab")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 412, "versionConflict")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(4)), 201, "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
	// One contract, one 78.
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentWithEnd, ifMatch(5)), 200, "")
	h.wantEffects("client create dossier", "client create weo", "client create employment", "vdab create category 78", "client create category 90", "client update employment")
}

const employmentWithEnd = `{"weoId":"` + weoID + `","startDate":"2026-01-12","endDate":"2026-12-31","workRegimes":[{"validFrom":"2026-01-12","regime":"fullTime"}],"caseworker":{"id":"MW-1"}}`

func TestExitAt(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinB)
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	h.wantHeld(d, "")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 412, "versionConflict")
	h.wantHeld(d, "78 2026-01-12 vdab")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(4)), 201, "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
}

func TestExitAfter(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinC)
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	if _, pending := h.mock.NextPending(); pending || len(h.mock.PendingExits()) != 1 {
		t.Fatal("it waits for the 90 and has no instant yet")
	}
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 201, "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
	if due, pending := h.mock.NextPending(); !pending || !due.Equal(h.mock.Now().Add(2*time.Second)) {
		t.Fatalf("due %v %v", due, pending)
	}
	if err := h.mock.Advance(2 * time.Second); err != nil {
		t.Fatal(err)
	}
	h.wantHeld(d, "78 2026-01-12 vdab")
	// An equal PUT asserts nothing; a new entry does.
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(4)), 200, "")
	h.wantHeld(d, "78 2026-01-12 vdab")
	h.want(h.do("PUT", d+"/categories/"+otherID, categoryBody, ifMatch(5)), 201, "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
	if err := h.mock.Advance(day); err != nil {
		t.Fatal(err)
	}
	h.token = h.login("gent", "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
}

func TestExitNever(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD)
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	h.want(h.do("PUT", d+"/categories/"+categoryID, categoryBody, ifMatch(3)), 201, "")
	if err := h.mock.Advance(100 * day); err != nil {
		t.Fatal(err)
	}
	h.token = h.login("gent", "")
	h.wantHeld(d, "90 2026-01-12 ocmw")
}

// A contract that begins later gets its 78 at the start of that day in Brussels.
func TestExitOnALaterDay(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.mock.scenario.Exits.Persons = nil
	d := h.track(ssinB)
	body := `{"weoId":"` + weoID + `","startDate":"2026-07-01","workRegimes":[{"validFrom":"2026-07-01","regime":"partTime"}],"caseworker":{"id":"MW-1"}}`
	h.want(h.do("PUT", d+"/employments/"+employmentID, body, ifMatch(2)), 201, "")
	due, pending := h.mock.NextPending()
	if want := time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC); !pending || !due.Equal(want) {
		t.Fatalf("due %v, want %v", due, want)
	}
	if err := h.mock.SetClock(due.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := len(h.mock.Effects()); n != 3 {
		t.Fatalf("%d effects", n)
	}
	if err := h.mock.SetClock(due); err != nil {
		t.Fatal(err)
	}
	h.token = h.login("gent", "")
	h.wantHeld(d, "78 2026-07-01 vdab")
}
