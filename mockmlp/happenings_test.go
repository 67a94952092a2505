package mockmlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// handed is a dossier with a GLOW request: version 2.
func (h *harness) handed(ssin string) string {
	h.t.Helper()
	d := h.create(ssin)
	h.want(h.do("PUT", d+"/handovers/"+otherID, handoverBody, ifMatch(1)), 201, "")
	return d
}

func (h *harness) handover(d string) map[string]any {
	h.t.Helper()
	list, _ := h.do("GET", d, "").body["handovers"].([]any)
	if len(list) != 1 {
		h.t.Fatalf("handovers %v", list)
	}
	return list[0].(map[string]any)
}

// The life of a request (HND-03), on the mock's clock.
func TestHandoverLife(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.handed(ssinD)
	path := d + "/handovers/" + otherID
	answer := func(status, reason, to string) {
		t.Helper()
		if _, err := h.mock.HandoverAnswered(ssinD, "", status, reason, to); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(status, since, reason, to string) {
		t.Helper()
		got := h.handover(d)
		for name, want := range map[string]string{"status": status, "statusSince": since, "statusReason": reason, "assignedTo": to} {
			if s, _ := got[name].(string); s != want {
				t.Errorf("%s %q, want %q", name, s, want)
			}
		}
	}
	wants("sent", "2026-01-15", "", "")
	if err := h.mock.Advance(day); err != nil {
		t.Fatal(err)
	}
	h.token = h.login("gent", "")
	answer("needsInformation", "incomplete", "")
	wants("needsInformation", "2026-01-16", "incomplete", "")
	if err := h.mock.Advance(day); err != nil {
		t.Fatal(err)
	}
	h.token = h.login("gent", "")
	h.want(h.do("PUT", path, handoverBody, ifMatch(3)), 200, "")
	wants("needsInformation", "2026-01-16", "incomplete", "")
	more := strings.Replace(handoverBody, `"motivation":"guidedTrack"`, `"motivation":"guidedTrack, with more"`, 1)
	h.want(h.do("PUT", path, more, ifMatch(3)), 200, "")
	wants("received", "2026-01-17", "", "")
	answer("accepted", "", "")
	h.want(h.do("PUT", path, handoverBody, ifMatch(5)), 409, "handoverDecided")
	h.want(h.do("PUT", path, more, ifMatch(1)), 200, "")
	answer("assigned", "", "Groep Zonnedorp")
	wants("assigned", "2026-01-17", "", "Groep Zonnedorp")
	answer("closed", "trackEnded", "")
	wants("closed", "2026-01-17", "trackEnded", "Groep Zonnedorp")
	h.want(h.do("PUT", path, handoverBody, ifMatch(7)), 409, "handoverDecided")
}

func TestHappenings(t *testing.T) {
	own := func(body map[string]any) map[string]any { return body }
	last := func(collection string) func(map[string]any) map[string]any {
		return func(body map[string]any) map[string]any {
			list, _ := body[collection].([]any)
			if len(list) == 0 {
				return nil
			}
			return list[len(list)-1].(map[string]any)
		}
	}
	of := func(name string) func(map[string]any) map[string]any {
		return func(body map[string]any) map[string]any { v, _ := body[name].(map[string]any); return v }
	}
	for _, tt := range []struct {
		name, in string
		effect   string
		look     func(map[string]any) map[string]any
		want     map[string]any
	}{
		{"ownerChanged", `"owner":{"kind":"partner","name":"WIJ Gent","program":"WIJ"}`, "partner update dossier", of("owner"),
			map[string]any{"kind": "partner", "name": "WIJ Gent", "program": "WIJ", "since": "2026-01-15"}},
		{"ownerChanged", `"owner":{"kind":"vdab","since":"2026-01-01"}`, "vdab update dossier", of("owner"), map[string]any{"kind": "vdab", "since": "2026-01-01"}},
		{"handoverAnswered", `"status":"rejected","reason":"otherTrack"`, "vdab update handover", last("handovers"),
			map[string]any{"status": "rejected", "statusReason": "otherTrack", "statusSince": "2026-01-15"}},
		{"ssinReplaced", `"newSsin":"` + ssinC + `"`, "vdab update dossier", own, map[string]any{"ssin": ssinC, "ssinHistory": []any{ssinD}, "ssinStatus": "active"}},
		{"ssinCanceled", ``, "vdab update dossier", own, map[string]any{"ssin": ssinD, "ssinStatus": "canceled"}},
		{"dossierEdited", `"patch":{"address":{"city":"Gent"}}`, "colleague update dossier", of("address"), map[string]any{"city": "Gent", "postalCode": "9000"}},
		{"dossierEdited", `"kind":"handover","id":"` + otherID + `","patch":{"note":"gebeld","informedOn":"2026-01-15"}`, "colleague update handover", last("handovers"),
			map[string]any{"note": "gebeld", "informedOn": "2026-01-15", "kind": "GLOW"}},
		{"categorySet", `"code":"00","from":"2026-01-14","by":"client"`, "vdab create category 00", last("categories"),
			map[string]any{"code": "00", "validFrom": "2026-01-14", "setBy": "client"}},
		{"categorySet", `"code":"06","from":"2026-01-14","by":"ocmw"`, "colleague create category 06", of("currentCategory"), map[string]any{"code": "06"}},
		{"trainingRegistered", `"training":{"title":"Groenarbeider","startDate":"2026-02-02","recognized":true}`, "partner create training", last("trainings"),
			map[string]any{"title": "Groenarbeider", "startDate": "2026-02-02", "recognized": true}},
	} {
		t.Run(tt.name+" "+tt.in, func(t *testing.T) {
			h := start(t, Options{Frozen: true})
			d := h.handed(ssinD)
			cursor := h.do("GET", "/changes", "").text("nextCursor")
			in := strings.TrimSuffix(`{"name":"`+tt.name+`","ssin":"`+ssinD+`",`+tt.in, ",") + "}"
			status, effect := h.scenario(in)
			if status != 201 || effect["happening"] != tt.name || effect["version"] != 3.0 {
				t.Fatalf("%d %v", status, effect)
			}
			h.wantEffects("client create dossier", "client create handover", tt.effect)
			now := h.do("GET", d, "")
			h.want(now, 200, "")
			got := tt.look(now.body)
			for name, want := range tt.want {
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			// It shows in the feed as a change by nobody of ours.
			items := h.do("GET", "/changes?cursor="+cursor, "").body["items"].([]any)
			if len(items) != 1 || items[0].(map[string]any)["clientId"] != nil {
				t.Fatalf("feed %v", items)
			}
			if diff := cmp.Diff(now.body, items[0].(map[string]any)["dossier"]); diff != "" {
				t.Errorf("feed: %s", diff)
			}
		})
	}
}

// scenario tells the control API what happens.
func (h *harness) scenario(in string) (int, map[string]any) {
	h.t.Helper()
	control := &http.Client{Transport: Transport(h.mock.Control())}
	resp, err := control.Post("http://mlp/control/scenarios", "application/json", strings.NewReader(in))
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, out
}

func TestHappeningsAreStrict(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.handed(ssinD)
	id := strings.TrimPrefix(d, "/dossiers/")
	for _, tt := range []struct {
		in     string
		status int
		want   string
	}{
		{`{`, 400, "JSON"},
		{`{"name":"earthquake"}`, 400, "dossierEdited, categorySet"},
		{`{"name":"ssinCanceled"}`, 400, "one of ssin and dossierId"},
		{`{"name":"ssinCanceled","ssin":"` + ssinD + `","dossierId":"` + id + `"}`, 400, "one of ssin and dossierId"},
		{`{"name":"ssinCanceled","ssin":"` + ssinB + `"}`, 404, "no dossier"},
		{`{"name":"ssinCanceled","ssin":"` + ssinD + `","code":"00"}`, 400, "unknown field"},
		{`{"name":"ssinReplaced","dossierId":"` + id + `","newSsin":"` + ssinA + `"}`, 400, "newSsin"},
		{`{"name":"ssinReplaced","dossierId":"` + id + `","newSsin":"` + ssinOld + `"}`, 400, "newSsin"},
		{`{"name":"ssinReplaced","dossierId":"` + id + `","newSsin":"` + ssinCanceled + `"}`, 400, "newSsin"},
		{`{"name":"ssinReplaced","dossierId":"` + id + `","newSsin":"67722499798"}`, 400, "newSsin"},
		{`{"name":"ownerChanged","dossierId":"` + id + `","owner":{"kind":"friend"}}`, 400, "/owner/kind"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","status":"rejected"}`, 400, "with a reason"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","status":"assigned"}`, 400, "assignedTo"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","status":"sent"}`, 400, "before VDAB"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","status":"draft"}`, 400, "/status"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","status":"closed","reason":"tired"}`, 400, "/statusReason"},
		{`{"name":"handoverAnswered","dossierId":"` + id + `","handoverId":"` + weoID + `","status":"accepted"}`, 400, "no such handover"},
		{`{"name":"handoverAnswered","ssin":"` + ssinA + `","status":"accepted"}`, 400, "no such handover"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","patch":{"version":9}}`, 400, "patch/version"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","patch":{"address":{"postalCode":null}}}`, 400, "/address/postalCode"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","kind":"dream","id":"x","patch":{}}`, 400, "kind"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","kind":"weo","id":"` + weoID + `","patch":{}}`, 400, "no registration"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","kind":"handover","id":"` + otherID + `","patch":{"status":"accepted"}}`, 400, "status: not a property"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","kind":"handover","id":"` + otherID + `","patch":{"choiceDate":null}}`, 400, "missing properties"},
		{`{"name":"dossierEdited","dossierId":"` + id + `","kind":"handover","id":"` + otherID + `","patch":{"grounds":null}}`, 400, "/grounds"},
		{`{"name":"categorySet","dossierId":"` + id + `","code":"05","from":"2026-01-14","by":"me"}`, 400, "/setBy"},
		{`{"name":"trainingRegistered","dossierId":"` + id + `","training":{"title":"x"}}`, 400, "/trainings/0"},
	} {
		status, out := h.scenario(tt.in)
		text, _ := out["error"].(string)
		if status != tt.status || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %d %v", tt.in, status, out)
		}
		if strings.Contains(text, ssinD) || strings.Contains(text, "Peeters") {
			t.Errorf("the error names a person: %s", text)
		}
	}
	h.wantEffects("client create dossier", "client create handover")
}

// A number that was replaced finds the dossier, and can't make another one; a cancelled one is told as such.
func TestNumbersChange(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.create(ssinD)
	if _, err := h.mock.SSINReplaced(ssinD, ssinC); err != nil {
		t.Fatal(err)
	}
	query := func() map[string]any { return h.do("POST", "/dossiers/query", `{"ssins":["`+ssinD+`"]}`).body }
	found := query()["items"].([]any)
	if len(found) != 1 || found[0].(map[string]any)["replacedBy"] != ssinC {
		t.Errorf("query %v", found)
	}
	r := h.do("POST", "/dossiers", creation(ssinD), "Idempotency-Key: again")
	if r.issue() != "replacedSsin" {
		t.Errorf("create: %v", r.body)
	}
	// The old number still names the person.
	if _, err := h.mock.SSINCanceled(ssinD); err != nil {
		t.Fatal(err)
	}
	both := h.do("POST", "/dossiers/query", `{"ssins":["`+ssinC+`","`+ssinD+`","`+ssinC+`"]}`)
	if diff := cmp.Diff([]any{ssinC}, both.body["canceledSsins"]); diff != "" || len(both.body["items"].([]any)) != 2 {
		t.Errorf("query %v: %s", both.body, diff)
	}
	if r := h.do("POST", "/dossiers", creation(ssinC), "Idempotency-Key: third"); r.issue() != "canceledSsin" {
		t.Errorf("create: %v", r.body)
	}
}

// A colleague moves a contract's first day: VDAB's 78 moves with it.
func TestEditMovesTheExit(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinB)
	later := strings.ReplaceAll(employmentBody, "2026-01-12", "2026-02-02")
	h.want(h.do("PUT", d+"/employments/"+employmentID, later, ifMatch(2)), 201, "")
	edit := map[string]any{"startDate": "2026-03-02", "workRegimes": []any{map[string]any{"validFrom": "2026-03-02", "regime": "fullTime"}}}
	if _, err := h.mock.DossierEdited(ssinB, "employment", strings.ToUpper(employmentID), edit); err != nil {
		t.Fatal(err)
	}
	if list := h.mock.PendingExits(); len(list) != 1 || list[0].ValidFrom != "2026-03-02" {
		t.Errorf("pending %+v", list)
	}
	_, err := h.mock.DossierEdited(ssinB, "employment", employmentID, map[string]any{"weoId": otherID})
	if err == nil || !strings.Contains(err.Error(), "no weo") {
		t.Errorf("a contract without its WEO: %v", err)
	}
}

func TestATrainingIsChangedByItsProvider(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinD)
	for i, end := range []string{"2026-03-01", "2026-05-01"} {
		e, err := h.mock.TrainingRegistered(ssinD, map[string]any{"trainingId": "t1", "title": "Groenarbeider", "startDate": "2026-02-01", "endDate": end})
		if want := []string{"create", "update"}[i]; err != nil || e.Action != want {
			t.Errorf("%v %+v", err, e)
		}
	}
	list := h.do("GET", d, "").body["trainings"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["endDate"] != "2026-05-01" {
		t.Errorf("trainings %v", list)
	}
}

// What happened is there after a restart, as everything is.
func TestHappeningsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	open := func() *Mock {
		m, err := New(Options{Scenario: scenarioOf(t, scenarioText), Frozen: true, StateDir: dir, Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := open()
	if _, err := first.SSINCanceled(ssinA); err != nil {
		t.Fatal(err)
	}
	if _, err := first.OwnerChanged(ssinPartner, map[string]any{"kind": "none"}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.SSINCanceled(ssinB); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody: %v", err)
	}
	before := fmt.Sprint(first.State().Dossiers, first.Effects())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open()
	defer again.Close()
	if after := fmt.Sprint(again.State().Dossiers, again.Effects()); after != before || !again.state.Canceled[ssinA] {
		t.Errorf("before %s\nafter %s", before, after)
	}
}
