package mockmlp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/mockmlp"
)

func pageMock(t *testing.T, scenario string) *mockmlp.Mock {
	t.Helper()
	parsed, err := mockmlp.ParseScenario([]byte(scenario))
	if scenario == "" {
		parsed, err = mockmlp.DemoScenario()
	}
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockmlp.New(mockmlp.Options{Scenario: parsed, Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	return mock
}

func visit(mock *mockmlp.Mock, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	mock.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func submit(mock *mockmlp.Mock, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mock.Control().ServeHTTP(w, r)
	return w
}

func TestPagesKeepNumbersAndScriptsOut(t *testing.T) {
	mock := pageMock(t, `
clock: 2026-03-16T08:00:00+01:00
dossiers:
  - ssin: "67722499797"
    ssinHistory: ["01690129514"]
    nisCode: "44021"
    owner: {kind: partner, name: "<script>alert(1)</script>", program: WIJ}
    person: {firstName: An, lastName: "<img src=x onerror=alert(1)>"}
`)
	if _, err := mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{Person: "67722499797"}, Response: mockmlp.FaultResponse{Status: 503}}); err != nil {
		t.Fatal(err)
	}
	id := mock.State().Dossiers[0]["dossierId"].(string)
	for _, path := range []string{"/", "/dossiers", "/dossiers/" + id, "/handovers", "/journal", "/faults", "/clock", "/scenarios", "/scenarios?dossier=" + id} {
		w := visit(mock, path)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, "Er is geen publieke MLP-API") {
			t.Errorf("%s: %d", path, w.Code)
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, bad := range []string{"67722499797", "01690129514", "<script>alert", "<img src=x"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

func TestPageRefusesAnotherSite(t *testing.T) {
	mock := pageMock(t, "")
	form := url.Values{"ready": {"internal"}}
	if w := submit(mock, "/faults", form, "Sec-Fetch-Site", "cross-site", "Origin", "https://example.org"); w.Code != http.StatusForbidden {
		t.Errorf("another site's form: %d", w.Code)
	}
	if w := submit(mock, "/control/reset", nil, "Origin", "https://example.org"); w.Code != http.StatusForbidden {
		t.Errorf("another site's call of the control API: %d", w.Code)
	}
	if n := len(mock.Faults()); n != 0 {
		t.Errorf("%d faults", n)
	}
	if w := submit(mock, "/faults", form, "Sec-Fetch-Site", "same-origin"); w.Code != http.StatusSeeOther || len(mock.Faults()) != 1 {
		t.Errorf("its own form: %d", w.Code)
	}
}

func TestPageFindsByNumberWithoutShowingIt(t *testing.T) {
	mock := pageMock(t, "")
	w := submit(mock, "/find", url.Values{"ssin": {"67.72.24-997.97"}})
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/dossiers/") || strings.Contains(to, "67722499797") {
		t.Errorf("%d to %q", w.Code, to)
	}
	if w := submit(mock, "/find", url.Values{"ssin": {"83660634135"}}); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "83660634135") {
		t.Errorf("a number without dossier: %d", w.Code)
	}
	if w := visit(mock, "/dossiers?q=wij"); !strings.Contains(w.Body.String(), "1 dossier<") {
		t.Errorf("search by owner: %s", w.Body)
	}
	if w := visit(mock, "/dossiers?q=90&page=7"); !strings.Contains(w.Body.String(), "1 dossier<") {
		t.Errorf("search by category, a page too far: %s", w.Body)
	}
}

func TestPageForms(t *testing.T) {
	mock := pageMock(t, "")
	id := dossierOf(t, mock, "handovers")
	for _, c := range []struct {
		name, path string
		form       url.Values
		status     int
		says       string
	}{
		{"no fault chosen", "/faults", url.Values{}, 400, "kies een fout"},
		{"no number", "/faults", url.Values{"ready": {"delay"}, "times": {"vaak"}}, 400, "times: een geheel getal"},
		{"the control API refuses", "/faults", url.Values{"ready": {"delay"}, "percent": {"300"}}, 400, "toxicity"},
		{"JSON with an unknown key", "/faults", url.Values{"json": {`{"mtach": {}}`}}, 400, "mtach"},
		{"a fault for one person in two", "/faults", url.Values{"ready": {"html"}, "operationId": {"putWeo"}, "person": {"67.72.24-997.97"}, "percent": {"12,5"}}, 303, ""},
		{"remove one that is gone", "/faults/remove", url.Values{"id": {"f99"}}, 303, ""},
		{"back in time", "/clock", url.Values{"instant": {"2020-01-01T00:00"}}, 400, "alleen vooruit"},
		{"no instant", "/clock", url.Values{"instant": {"straks"}}, 400, "geef een tijdstip"},
		{"a month", "/clock", url.Values{"by": {"month"}}, 303, ""},
		{"to an instant", "/clock", url.Values{"instant": {"2026-07-01T09:30"}}, 303, ""},
		{"nobody named", "/scenarios", url.Values{"name": {"ssinCanceled"}}, 400, "zeg over wie het gaat"},
		{"nothing chosen", "/scenarios", url.Values{"dossier": {id}}, 400, "kies wat er gebeurt"},
		{"a reason is lacking", "/scenarios", url.Values{"name": {"handoverAnswered"}, "dossier": {id}, "status": {"rejected"}}, 400, "reason"},
		{"a date is lacking", "/scenarios", url.Values{"name": {"categorySet"}, "dossier": {id}, "code": {"78"}, "by": {"vdab"}}, 400, "geldig vanaf: vul dit in"},
		{"a partner", "/scenarios", url.Values{"name": {"ownerChanged"}, "dossier": {id}, "owner.kind": {"partner"}, "owner.name": {"WIJ Gent"}, "owner.program": {"WIJ"}}, 303, ""},
		{"a training", "/scenarios", url.Values{"name": {"trainingRegistered"}, "dossier": {id}, "training.title": {"Heftruck"}, "training.provider": {"VDAB"}, "training.startDate": {"2026-08-01"}, "training.recognized": {"true"}}, 303, ""},
		{"78 a day after", "/scenarios", url.Values{"name": {"exitRule"}, "dossier": {id}, "mode": {"after"}, "delay": {"24h"}}, 303, ""},
		{"answers a day apart, in a week", "/scenarios", url.Values{"name": {"handover-assigned"}, "dossier": {id}, "interval": {"24h"}, "after": {"168h"}}, 303, ""},
		{"a number cancelled, as JSON", "/scenarios", url.Values{"json": {`{"name": "ssinCanceled", "dossierId": "` + id + `"}`}}, 303, ""},
	} {
		w := submit(mock, c.path, c.form)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d, want %d and %q\n%s", c.name, w.Code, c.status, c.says, w.Body)
		}
	}
	if now := mock.Now().Format("2006-01-02T15:04Z"); now != "2026-07-01T07:30Z" {
		t.Errorf("the clock says %s", now)
	}
	body := visit(mock, "/dossiers/"+id).Body.String()
	for _, want := range []string{"WIJ Gent", "Heftruck", "(geannuleerd)", "Opleidingen"} {
		if !strings.Contains(body, want) {
			t.Errorf("the dossier doesn't show %q", want)
		}
	}
	steps := visit(mock, "/scenarios").Body.String()
	for _, want := range []string{"Wanneer de volgende 78 komt", "gebeurd", "wacht", "2026-07-08 09:30:00", "2026-07-10 09:30:00"} {
		if !strings.Contains(steps, want) {
			t.Errorf("the scenarios' page doesn't show %q", want)
		}
	}
	if f := mock.Faults(); len(f) != 1 || f[0].Match.Person != "67722499797" || *f[0].Toxicity != 0.125 {
		t.Errorf("faults %+v", f)
	}
}

// TestLive: the stream begins with what is, and tells what changes.
func TestPageSaysCodesInDutch(t *testing.T) {
	mock := pageMock(t, "")
	id := dossierOf(t, mock, "handovers")
	if body := visit(mock, "/dossiers/"+id).Body.String(); !strings.Contains(body, "grond 2") || strings.Contains(body, "ground2") {
		t.Error("the dossier shows a ground as a code")
	}
	if _, err := mock.StartScenario(mockmlp.ScenarioStart{Name: "handover-assigned", Person: id}); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{"ontvangen", "aanvaard", "toegewezen"} {
		if body := visit(mock, "/scenarios").Body.String(); !strings.Contains(body, "VDAB antwoordt op een overdracht: "+answer) {
			t.Errorf("no step says %q", answer)
		}
	}
}

func TestLive(t *testing.T) {
	mock := pageMock(t, "")
	server := httptest.NewServer(mock.Control())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (head struct {
		Dossiers, Effects int
		Revision          string
	}) {
		for lines.Scan() {
			if text, isData := strings.CutPrefix(lines.Text(), "data: "); isData {
				if err := json.Unmarshal([]byte(text), &head); err != nil {
					t.Fatal(err)
				}
				return head
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return head
	}
	first := next()
	if first.Dossiers != 5 || first.Effects != 0 {
		t.Errorf("at first %+v", first)
	}
	if _, err := mock.CategorySet("67722499797", "78", "2026-05-04", "vdab"); err != nil {
		t.Fatal(err)
	}
	if second := next(); second.Effects != 1 || second.Revision == first.Revision {
		t.Errorf("then %+v", second)
	}
}

func TestDoc(t *testing.T) {
	mock := pageMock(t, "")
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mock.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	page := get("/doc").Body.String()
	if i := strings.Index(page, "There is no public MLP API."); i < 0 || i > strings.Index(page, "<h1>") {
		t.Error("/doc doesn't begin with there being no public MLP API")
	}
	var document struct {
		OpenAPI string `json:"openapi"`
	}
	asJSON := get("/doc/openapi.json")
	if err := json.Unmarshal(asJSON.Body.Bytes(), &document); err != nil || document.OpenAPI != "3.0.3" {
		t.Errorf("openapi.json: %v, version %q", err, document.OpenAPI)
	}
	if text := get("/doc/openapi.yaml").Body.String(); !strings.HasPrefix(text, "openapi: 3.0.3") {
		t.Errorf("openapi.yaml begins with %.40q", text)
	}
	for _, op := range operations(t, asJSON.Body.Bytes()) {
		if !strings.Contains(page, `id="op-`+op+`"`) {
			t.Errorf("/doc doesn't have operation %s", op)
		}
	}
	for _, href := range strings.Split(page, `href="#`)[1:] {
		if anchor, _, _ := strings.Cut(href, `"`); !strings.Contains(page, `id="`+anchor+`"`) {
			t.Errorf("/doc leads to %q, which isn't there", anchor)
		}
	}
	if w := get("/doc/../etc"); w.Code != http.StatusNotFound {
		t.Errorf("a path beside the documentation: %d", w.Code)
	}
}

func operations(t *testing.T, document []byte) []string {
	t.Helper()
	var d struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, item := range d.Paths {
		for _, raw := range item {
			var op struct {
				OperationID string `json:"operationId"`
			}
			if json.Unmarshal(raw, &op) == nil && op.OperationID != "" {
				ids = append(ids, op.OperationID)
			}
		}
	}
	if len(ids) == 0 {
		t.Fatal("the document has no operations")
	}
	return ids
}

// The faults table speaks to a person: no key of the JSON stands in it, and a heading is not said twice.
func TestPagesSpeakInWords(t *testing.T) {
	mock := pageMock(t, "")
	form := url.Values{"json": {`{"match": {"operationId": "putWeo", "method": "PUT", "nth": 2}, "toxicity": 0.5, "times": 3, "duration": "10m",
		"staleRead": true, "fixedDelayMilliseconds": 5, "delayDistribution": {"type": "uniform", "lower": 1, "upper": 2},
		"chunkedDribbleDelay": {"numberOfChunks": 2, "totalDuration": 3}, "response": {"status": 503, "retryAfter": 5, "retryAfterForm": "date"}}`}}
	if w := submit(mock, "/faults", form, "Sec-Fetch-Site", "same-origin"); w.Code != http.StatusSeeOther {
		t.Fatalf("not added: %d %s", w.Code, w.Body)
	}
	_, table, _ := strings.Cut(visit(mock, "/faults").Body.String(), "<tbody>")
	table, _, _ = strings.Cut(table, "</tbody>")
	for _, key := range strings.Fields("operationId method nth toxicity times duration endsAt staleRead fixedDelay lower upper numberOfChunks totalDuration status retryAfter when") {
		if strings.Contains(table, key+" ") {
			t.Errorf("the table says %q:\n%s", key, table)
		}
	}
	for _, want := range []string{"antwoord 503", "operatie putWeo", "methode PUT", "aantal keer 3", "vóór de wijziging", "kans 0.5"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q:\n%s", want, table)
		}
	}
	if body := visit(mock, "/dossiers").Body.String(); !strings.Contains(body, "<h1>Dossiers</h1>") {
		t.Error("the heading of the dossiers is said twice")
	}
	if body := visit(mock, "/faults").Body.String(); !strings.Contains(body, `<h1>Fouten <span lang="en" class="en">faults</span></h1>`) {
		t.Error("the faults' heading lacks its English")
	}
}

// Who opens the API's address is led to its documentation, in the API's own form of an error.
func TestTheRootLeadsToTheDocument(t *testing.T) {
	mock := pageMock(t, "")
	w := httptest.NewRecorder()
	mock.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "/doc documents it") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
