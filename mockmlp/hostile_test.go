package mockmlp

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// collections are those that take registrations, each with a body that is taken once the dossier has its WEO.
func collections() map[string]string {
	return map[string]string{
		"evaluations": evaluationBody, "placements": placementBody, "documents": documentBody(pdf), "competences": competenceBody,
		"notes": noteBody, "appointments": appointmentBody,
		// Not GLOW: the dossiers here have a TWE that runs.
		"handovers": strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1),
	}
}

// What no document describes is refused by every collection, with a pointer and without what was sent.
func TestHostileBodies(t *testing.T) {
	h := start(t, Options{Frozen: true, RatePerMinute: -1})
	d := h.track(ssinD)
	for collection, body := range collections() {
		path := d + "/" + collection + "/" + otherID
		for name, sent := range map[string]string{
			"unknown property":    `{"unexpected":"kanarie",` + body[1:],
			"property twice":      `{"caseworker":{"id":"kanarie"},` + body[1:],
			"read-only property":  `{"registeredAt":"2026-01-14T08:00:00Z",` + body[1:],
			"a list":              `[` + body + `]`,
			"null":                `null`,
			"a caseworker's name": strings.Replace(body, `{"id":"MW-1"}`, `"kanarie"`, 1),
			"caseworker a number": strings.Replace(body, `"MW-1"`, `7`, 1),
			"no date":             strings.NewReplacer("2026-01-14", "2026-02-30", "2026-01-12", "2026-02-30").Replace(body),
			"two values":          body + body,
			"cut off":             body[:len(body)-1],
			"deep":                `{"caseworker":` + strings.Repeat(`{"id":`, 5000) + `1` + strings.Repeat(`}`, 5000) + `}`,
		} {
			r := h.do("PUT", path, sent, ifMatch(2))
			if r.status != http.StatusBadRequest || r.issue() == "" {
				t.Errorf("%s, %s: %d %v", collection, name, r.status, r.body)
			}
			if strings.Contains(fmt.Sprint(r.body), "kanarie") {
				t.Errorf("%s, %s: the answer holds what was sent: %v", collection, name, r.body)
			}
		}
		for name, id := range map[string]string{"no id": "x", "an id too long": otherID + "0", "an id of letters": strings.Repeat("z", 36)} {
			if r := h.do("PUT", d+"/"+collection+"/"+id, body, ifMatch(2)); r.status < 400 || r.status >= 500 {
				t.Errorf("%s, %s: %d", collection, name, r.status)
			}
		}
	}
	// The WEO of another dossier is none of this one's.
	const foreign = "0f0f0f0f-0000-4000-8000-00000000abcd"
	h.want(h.do("PUT", h.create(ssinB)+"/weos/"+foreign, weoBody, ifMatch(1)), 201, "")
	for collection, body := range collections() {
		if referring := strings.Replace(body, weoID, strings.ToUpper(foreign), 1); referring != body {
			r := h.do("PUT", d+"/"+collection+"/"+otherID, referring, ifMatch(2))
			if r.problem() != "registrationMissing" {
				t.Errorf("%s: %d %v", collection, r.status, r.body)
			}
		}
	}
}

// An id is the same in capitals: nothing is registered twice.
func TestIdsInCapitals(t *testing.T) {
	h := start(t, Options{Frozen: true, RatePerMinute: -1})
	d := h.track(ssinD)
	version := 2
	for collection, body := range collections() {
		id := fmt.Sprintf("abcdefab-0000-4000-8000-0000000000%02d", version)
		h.want(h.do("PUT", d+"/"+collection+"/"+strings.ToUpper(id), strings.Replace(body, weoID, strings.ToUpper(weoID), 1), ifMatch(version)), 201, "")
		version++
		h.want(h.do("PUT", d+"/"+collection+"/"+id, strings.Replace(body, weoID, strings.ToUpper(weoID), 1), ifMatch(1)), 200, "")
		if got := h.do("GET", d+"/"+collection+"/"+id, ""); got.status != 200 {
			t.Errorf("%s: %d", collection, got.status)
		}
	}
}

// Many at once: each version is given once, and what is refused says the version that is.
func TestManyWritersAtOnce(t *testing.T) {
	h := start(t, Options{Frozen: true, RatePerMinute: -1})
	d := h.handed(ssinD)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				body := strings.Replace(competenceBody, "Op tijd komen", fmt.Sprint("Competentie ", i, n), 1)
				path := fmt.Sprintf("%s/competences/abcdefab-0000-4000-8000-00000000%02d%02d", d, i, n)
				for r := h.do("PUT", path, body, ifMatch(1)); r.status == http.StatusPreconditionFailed; {
					seen, _ := r.body["currentVersion"].(float64)
					r = h.do("PUT", path, body, ifMatch(int(seen)))
				}
				status := []string{"received", "needsInformation", "accepted"}[n%3]
				if _, err := h.mock.HandoverAnswered(ssinD, "", status, "", ""); err != nil {
					t.Error(err)
				}
				h.mock.State()
			}
		})
	}
	all.Wait()
	now := h.do("GET", d, "")
	taken, _ := now.body["competences"].([]any)
	if len(taken) != 160 || now.body["version"] != float64(len(h.mock.Effects())) {
		t.Errorf("%d competences at version %v after %d effects", len(taken), now.body["version"], len(h.mock.Effects()))
	}
}
