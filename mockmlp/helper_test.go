package mockmlp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// Synthetic persons: TST numbers.
const (
	ssinA   = "67722499797"
	ssinB   = "83660634135"
	ssinC   = "91610100176"
	ssinD   = "00683042157"
	ssinOld = "01690129514"
)

const scenarioText = `
clock: 2026-01-15T08:00:00+01:00
clients:
  - {clientId: gent, clientSecret: s3cret, apiKey: key-gent, name: OCMW Gent, kboNumber: "0212214917", nisCodes: ["44021"]}
  - {clientId: reader, clientSecret: s3cret, apiKey: key-reader, nisCodes: ["44021"], scopes: ["mlp:dossier:read"]}
canceledSsins: ["75460898095"]
exits:
  default: {mode: before}
  persons:
    - {ssin: "83660634135", mode: at}
    - {ssin: "91610100176", mode: after, delay: 2s}
    - {ssin: "00683042157", mode: never}
dossiers:
  - ssin: "67722499797"
    ssinHistory: ["01690129514"]
    nisCode: "44021"
    owner: {kind: ocmw, name: OCMW Gent, kboNumber: "0212214917"}
    categories: [{code: "00", validFrom: "2025-01-01", setBy: client}]
  - {ssin: "98472899765", nisCode: "44021", owner: {kind: partner, name: WIJ}}
  - {ssin: "75260898052", nisCode: "11002"}
`

const (
	ssinPartner  = "98472899765"
	ssinElsewere = "75260898052"
	ssinCanceled = "75460898095"
)

type harness struct {
	t     testing.TB
	mock  *Mock
	http  *http.Client
	token string
	key   string
}

func scenarioOf(t testing.TB, text string) *Scenario {
	t.Helper()
	s, err := ParseScenario([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, opts Options) *harness {
	t.Helper()
	h := startQuietly(t, opts)
	h.token = h.login("gent", "")
	return h
}

// startQuietly sends nothing yet: the token is made without a request.
func startQuietly(t testing.TB, opts Options) *harness {
	t.Helper()
	if opts.Scenario == nil {
		opts.Scenario = scenarioOf(t, scenarioText)
	}
	opts.Logger = zerolog.Nop()
	m, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{t: t, mock: m, http: &http.Client{Transport: Transport(m.API())}, key: "key-gent"}
	h.token = m.sign(grant{ClientID: "gent", Scopes: []string{scopeRead, scopeWrite}, Expires: m.clock.now().Add(tokenLife).UnixMilli()})
	// Whatever a test does, the mock's own answers are as its document says.
	t.Cleanup(func() {
		for _, bad := range m.InvalidAnswers() {
			t.Errorf("the mock's own answer is invalid: %+v", bad)
		}
	})
	return h
}

func (h *harness) login(client, scope string) string {
	h.t.Helper()
	form := "grant_type=client_credentials&scope=" + url.QueryEscape(scope)
	req, err := http.NewRequest("POST", "http://mlp/oauth2/token", strings.NewReader(form))
	if err != nil {
		h.t.Fatal(err)
	}
	req.SetBasicAuth(client, "s3cret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r := h.send(req)
	s, _ := r.body["access_token"].(string)
	if r.status != 200 || s == "" {
		h.t.Fatalf("token: %d %v", r.status, r.body)
	}
	return s
}

type result struct {
	status int
	header http.Header
	body   map[string]any
}

func (r result) text(key string) string { s, _ := r.body[key].(string); return s }

// problem is the last part of the problem's type; issue that of its first issue.
func (r result) problem() string { return lastPart(r.text("type")) }

func (r result) issue() string {
	list, _ := r.body["issues"].([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	s, _ := first["type"].(string)
	return lastPart(s)
}

func lastPart(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

func (h *harness) send(req *http.Request) result {
	h.t.Helper()
	resp, err := h.http.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	r := result{status: resp.StatusCode, header: resp.Header}
	_ = json.Unmarshal(b, &r.body)
	return r
}

// request makes a request; body is JSON text, headers are "Name: value".
func (h *harness) request(method, path, body string, headers ...string) *http.Request {
	h.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = bytes.NewReader([]byte(body))
	}
	if !strings.HasPrefix(path, "/oauth2") {
		path = "/mlp/v1" + path
	}
	req, err := http.NewRequest(method, "http://mlp"+path, reader)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("X-IBM-Client-Id", h.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		if method == "PATCH" {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	return req
}

func (h *harness) do(method, path, body string, headers ...string) result {
	h.t.Helper()
	return h.send(h.request(method, path, body, headers...))
}

func ifMatch(version int) string { return fmt.Sprintf(`If-Match: "%d"`, version) }

func creation(ssin string) string {
	return `{"ssin":"` + ssin + `","person":{"lastName":"Peeters","firstName":"Zoë"},"address":{"postalCode":"9000","nisCode":"44021"},"caseworker":{"id":"MW-1"}}`
}

// create makes a dossier and returns its path.
func (h *harness) create(ssin string) string {
	h.t.Helper()
	r := h.do("POST", "/dossiers", creation(ssin), "Idempotency-Key: k-"+ssin)
	if r.status != 201 {
		h.t.Fatalf("create: %d %v", r.status, r.body)
	}
	return strings.TrimPrefix(r.header.Get("Location"), "/mlp/v1")
}

// seeded is the path of a dossier that the scenario has.
func (h *harness) seeded(ssin string) string {
	return "/dossiers/" + h.mock.derive("dossier", ssin)
}

func (h *harness) want(r result, status int, problem string) {
	h.t.Helper()
	if r.status != status || r.problem() != problem {
		h.t.Fatalf("got %d %s, want %d %s: %v", r.status, r.problem(), status, problem, r.body)
	}
}

func (h *harness) effectKinds() []string {
	var out []string
	for _, e := range h.mock.Effects() {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Actor, e.Action, e.Kind, e.Code)))
	}
	return out
}

func (h *harness) wantEffects(want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.effectKinds()); diff != "" {
		h.t.Fatalf("effects: %s", diff)
	}
}

const (
	weoID        = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b02"
	employmentID = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b03"
	categoryID   = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b04"
	otherID      = "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b05"

	weoBody         = `{"startDate":"2026-01-10","counsellor":{"id":"TB-1"},"caseworker":{"id":"MW-1"}}`
	employmentBody  = `{"weoId":"` + weoID + `","startDate":"2026-01-12","workRegimes":[{"validFrom":"2026-01-12","regime":"fullTime","hoursPerWeek":38}],"employer":{"kboNumber":"0212214917"},"caseworker":{"id":"MW-1"}}`
	categoryBody    = `{"code":"90","validFrom":"2026-01-12","employmentId":"` + employmentID + `","caseworker":{"id":"MW-1"}}`
	evaluationBody  = `{"weoId":"` + weoID + `","date":"2026-01-14","kind":"interim","competencesScored":true,"planUpdated":true,"reportUploaded":false,"caseworker":{"id":"MW-1"}}`
	placementBody   = `{"weoId":"` + weoID + `","kind":"BVS","startDate":"2026-01-12","internshipPlan":true,"employer":{"kboNumber":"0212214917"},"hoursPerMonth":40.5,"communityService":false,"caseworker":{"id":"MW-1"}}`
	competenceBody  = `{"description":"Op tijd komen","level":"developing","assessedOn":"2026-01-14","caseworker":{"id":"MW-1"}}`
	noteBody        = `{"weoId":"` + weoID + `","kind":"trainingReference","date":"2026-01-14","text":"Opleiding groenarbeider","caseworker":{"id":"MW-1"}}`
	appointmentBody = `{"weoId":"` + weoID + `","kind":"followUp","startsAt":"2026-01-14T10:30:00+01:00","durationMinutes":45,"caseworker":{"id":"MW-1"}}`
	handoverBody    = `{"kind":"GLOW","choiceDate":"2026-01-14","motivation":"guidedTrack","grounds":["ground2"],"exclusionAnswers":[{"question":"needsTraining","answer":"no"}],"ocmw":{"kboNumber":"0212214917","nisCode":"44021"},"currentCategory":"05","caseworker":{"id":"MW-1"}}`
)

// pdf is a file that passes for a PDF; documentBody says of it what is true.
const pdf = "%PDF-1.7\n%%EOF\n"

func documentBody(file string) string {
	sum := sha256.Sum256([]byte(file))
	return fmt.Sprintf(`{"weoId":"%s","kind":"interimReport","date":"2026-01-14","mediaType":"application/pdf","sha256":"%x","size":%d,"content":"%s","caseworker":{"id":"MW-1"}}`,
		weoID, sum, len(file), base64.StdEncoding.EncodeToString([]byte(file)))
}

// track makes a dossier with a WEO: version 2.
func (h *harness) track(ssin string) string {
	h.t.Helper()
	d := h.create(ssin)
	if r := h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(1)); r.status != 201 {
		h.t.Fatalf("weo: %d %v", r.status, r.body)
	}
	return d
}

const day = 24 * time.Hour

// tryRequest is request for input that may not make a request at all.
func tryRequest(h *harness, method, path, body, match string) (*http.Request, error) {
	req, err := http.NewRequest(method, "http://mlp/mlp/v1"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + h.token, "X-IBM-Client-Id": h.key, "Content-Type": "application/json", "If-Match": match, "Idempotency-Key": "fuzz",
	} {
		req.Header.Set(name, value)
	}
	if method == "PATCH" {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	return req, nil
}
