package mlp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// rig is a client and what it speaks to, for one row.
type rig struct {
	client *Client
	count  *atomic.Int64 // requests that arrived, or were tried
}

// over puts a handler behind a real socket.
func over(h http.HandlerFunc) func(*testing.T) rig {
	return func(t *testing.T) rig {
		var n atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			h(w, r)
		}))
		s.Start()
		t.Cleanup(s.Close)
		return rig{newClient(t, Options{BaseURL: s.URL + "/mlp/v1"}), &n}
	}
}

func through(o Options, rt func(*http.Request) (*http.Response, error)) func(*testing.T) rig {
	return func(t *testing.T) rig {
		var n atomic.Int64
		o.Transport = tripper(func(r *http.Request) (*http.Response, error) {
			n.Add(1)
			return rt(r)
		})
		return rig{newClient(t, o), &n}
	}
}

func status(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// hangUp takes the request in whole and closes the connection.
func hangUp(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"5"`)
	w.Header().Set("Content-Length", "4000")
	w.WriteHeader(200)
	_, _ = w.Write([]byte(`{"dossierId":`))
}

func tokenEndpoint(h http.HandlerFunc) func(*testing.T) rig {
	return func(t *testing.T) rig {
		var n atomic.Int64
		mux := http.NewServeMux()
		mux.HandleFunc("/oauth2/token", h)
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { n.Add(1); working(w, r) })
		s := httptest.NewServer(mux)
		t.Cleanup(s.Close)
		return rig{newClient(t, Options{
			BaseURL: s.URL + "/mlp/v1", TokenURL: s.URL + "/oauth2/token", ClientID: "c",
			ClientSecret: func() (string, error) { return "s", nil },
		}), &n}
	}
}

func refusedOnce() func(*testing.T) rig {
	var once sync.Map
	return over(func(w http.ResponseWriter, r *http.Request) {
		if _, seen := once.LoadOrStore(r.Method, true); !seen {
			problemOf(401, "urn:problem-type:belgif:expiredAccessToken", nil)(w, r)
			return
		}
		working(w, r)
	})
}

func untrusted(t *testing.T) rig {
	s := httptest.NewUnstartedServer(http.HandlerFunc(working))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return rig{newClient(t, Options{BaseURL: s.URL + "/mlp/v1"}), new(atomic.Int64)}
}

func closedPort(t *testing.T) rig {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	return rig{newClient(t, Options{BaseURL: "http://" + addr + "/mlp/v1"}), nil}
}

func openBreaker(t *testing.T) rig {
	g := NewGate(GateOptions{Failures: 1, PerSecond: 1e6, Burst: 10})
	done, _ := g.enter(context.Background())
	done(healthBad)
	return rig{newClient(t, Options{Gate: g, Transport: tripper(nil)}), new(atomic.Int64)}
}

func situations() map[string]func(*testing.T) rig {
	const html, js = "text/html", "application/json"
	problem := func(code int, kind string) func(*testing.T) rig { return over(problemOf(code, kind, nil)) }
	return map[string]func(*testing.T) rig{
		"no connection made (DNS, refused, proxy)":          closedPort,
		"certificate not trusted":                           untrusted,
		"breaker open":                                      openBreaker,
		"token endpoint fails (429, 5xx, HTML, network)":    tokenEndpoint(status(502, html, "<html>")),
		"token endpoint refuses the client (400, 401, 403)": tokenEndpoint(status(401, js, `{"error":"invalid_client"}`)),
		"connection lost after sending":                     over(hangUp),
		"time-out after sending":                            through(Options{Timeout: 5 * time.Millisecond}, func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }),
		"answer breaks off":                                 over(breakOff),
		"answer over 8 MiB":                                 over(status(200, js, `{"a":"`+strings.Repeat("x", maxBody)+`"}`)),
		"empty answer":                                      over(status(200, js, "")),
		"200 with HTML":                                     over(status(200, html, "<html>log in</html>")),
		"502 with HTML":                                     over(status(502, html, "<html>")),
		"redirect": over(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login", http.StatusTemporaryRedirect)
		}),
		"gateway JSON (httpCode 500)":                   over(status(500, js, `{"httpCode":"500","httpMessage":"x","moreInformation":"y"}`)),
		"gateway JSON (httpCode 429)":                   over(status(429, js, `{"httpCode":"429","httpMessage":"x"}`)),
		"400 badRequest":                                problem(400, "urn:problem-type:belgif:badRequest"),
		"400 dateAhead":                                 over(problemOf(400, "urn:problem-type:belgif:badRequest", issueOf(issueAhead))),
		"400 replacedSsin or canceledSsin, of a create": over(problemOf(400, "urn:problem-type:belgif:badRequest", issueOf(issueCanceled))),
		"401 once":                                      refusedOnce(),
		"401 again, in any form":                        over(status(401, html, "<html>")),
		"403 missingScope":                              problem(403, typeMissingScope),
		"403 missingPermission":                         problem(403, typeMissingPerm),
		"404 of a dossier":                              problem(404, "urn:problem-type:belgif:resourceNotFound"),
		"409 dossierOwnedByPartner":                     problem(409, "urn:problem-type:mlpsync:dossierOwnedByPartner"),
		"409 handoverDecided":                           problem(409, "urn:problem-type:mlpsync:handoverDecided"),
		"409 idempotencyKeyReused":                      problem(409, "urn:problem-type:mlpsync:idempotencyKeyReused"),
		"412 versionConflict":                           problem(412, "urn:problem-type:mlpsync:versionConflict"),
		"428 preconditionRequired":                      problem(428, "urn:problem-type:mlpsync:preconditionRequired"),
		"429 problem":                                   problem(429, "urn:problem-type:belgif:tooManyRequests"),
		"500 problem":                                   problem(500, "urn:problem-type:belgif:internalServerError"),
		"502 problem":                                   problem(502, "urn:problem-type:belgif:badGateway"),
		"503 problem":                                   problem(503, "urn:problem-type:belgif:serviceUnavailable"),
		"503 without a problem document":                over(status(503, html, "<html>")),
		"504 problem":                                   problem(504, "urn:problem-type:mlpsync:gatewayTimeout"),
		"404 resourceNotFound, of a create":             problem(404, "urn:problem-type:belgif:resourceNotFound"),
		"405 methodNotAllowed":                          problem(405, "urn:problem-type:mlpsync:methodNotAllowed"),
		"408 problem":                                   problem(408, "urn:problem-type:belgif:requestTimeout"),
		"409 registrationMissing":                       problem(409, "urn:problem-type:mlpsync:registrationMissing"),
		"409 categoryRefused":                           problem(409, "urn:problem-type:mlpsync:categoryRefused"),
		"409 outsideTwe":                                problem(409, "urn:problem-type:mlpsync:outsideTwe"),
		"409 tweRunning":                                problem(409, "urn:problem-type:mlpsync:tweRunning"),
		"409 glowRunning":                               problem(409, "urn:problem-type:mlpsync:glowRunning"),
		"413 payloadTooLarge":                           problem(413, "urn:problem-type:belgif:payloadTooLarge"),
		"415 unsupportedMediaType":                      problem(415, "urn:problem-type:mlpsync:unsupportedMediaType"),
		"409 dossierExists, of a create":                problem(409, typeDossierExists),
		"the request does not fit the document":         nil,
	}
}

func TestClassification(t *testing.T) {
	rigs := situations()
	for _, row := range Classification() {
		make, known := rigs[row.Answer]
		delete(rigs, row.Answer)
		switch {
		case !known:
			t.Errorf("%q has no situation in this test", row.Answer)
		case make != nil:
			t.Run(row.Answer, func(t *testing.T) { holdToRow(t, make, row) })
		}
	}
	for name := range rigs {
		t.Errorf("%q is not in the table", name)
	}
}

// Each type of problem that the API's document names stands in the table, by itself or by its status.
func TestClassificationNamesEveryProblem(t *testing.T) {
	document, err := os.ReadFile("../../schemas/mlp/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	types := regexp.MustCompile(`(?m)^  - type: urn:problem-type:[a-z]+:(\w+)\n(?:    .*\n)*?    status: (\d+)$`).FindAllStringSubmatch(string(document), -1)
	if len(types) < 20 {
		t.Fatalf("only %d types", len(types))
	}
	for _, found := range types {
		name, status := found[1], found[2]
		if name == "cursorLost" { // of the feed alone: TestCursorLost
			continue
		}
		if !slices.ContainsFunc(Classification(), func(r Row) bool {
			return strings.HasPrefix(r.Answer, status+" "+name) || strings.HasPrefix(r.Answer, status+" problem") || status == "401" && strings.HasPrefix(r.Answer, status)
		}) {
			t.Errorf("%s %s is not in the table", status, name)
		}
	}
}

// A day that MLP finds ahead is told as the clock's fault, and by how much; beside another fault it is not what matters.
func TestAheadOfMLPsClock(t *testing.T) {
	now := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
	ahead, other := issue{issueAhead, "body", "/validFrom"}, issue{urnBelgif + "invalid", "body", "/code"}
	for name, c := range map[string]struct {
		date   string
		issues []issue
		want   Verdict
		next   string
	}{
		"days":        {"Tue, 17 Mar 2026 12:00:09 GMT", []issue{ahead}, VerdictTransient, "this machine's clock is 3 days ahead of the answer's date: set right which of the two is wrong; what waits then goes by itself, what is parked with \"mlpsync queue retry\""},
		"hours":       {"Thu, 19 Mar 2026 11:00:00 GMT", []issue{ahead}, VerdictTransient, "this machine's clock is 25 h ahead"},
		"no date":     {"", []issue{ahead}, VerdictTransient, "compare this machine's clock with MLP's and set right which is wrong"},
		"not ahead":   {"Fri, 20 Mar 2026 12:10:00 GMT", []issue{ahead}, VerdictTransient, "this machine's clock is not ahead"},
		"other fault": {"", []issue{ahead, other}, VerdictPermanent, "correct in the source system"},
	} {
		e := classify(outcome{
			op: operation{id: "putCategory", write: true}, sent: true, status: 400, header: http.Header{"Date": {c.date}}, form: formProblem,
			problem: problem{Type: urnBelgif + "badRequest", Status: 400, Issues: c.issues},
		}, now)
		if e.Verdict != c.want || !strings.HasPrefix(e.Next, c.next) || (len(e.Pointers) > 0) != (c.want == VerdictPermanent) {
			t.Errorf("%s: %v, %q, %v", name, e, e.Next, e.Pointers)
		}
	}
}

// issueOf is a problem's one issue, about a create's number.
func issueOf(kind string) map[string]any {
	return map[string]any{"issues": []any{map[string]any{"type": kind, "in": "body", "name": "/ssin"}}}
}

func holdToRow(t *testing.T, make func(*testing.T) rig, row Row) {
	t.Parallel()
	write := putCategory()
	if strings.HasSuffix(row.Answer, "of a create") {
		write = Write{IdempotencyKey: "k", Change: createOf(t)}
	}
	for _, tt := range []struct {
		name     string
		verdict  Verdict
		repeated bool
		do       func(*Client) error
	}{
		{"read", row.Read, row.ReadRepeated, func(c *Client) error { _, err := c.Dossier(t.Context(), dossierID); return err }},
		{"write", row.Write, row.WriteRepeated, func(c *Client) error { _, err := c.Send(t.Context(), write); return err }},
	} {
		r := make(t)
		err := tt.do(r.client)
		if tt.verdict == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: no *Error: %v", tt.name, err)
		}
		if e.Verdict != tt.verdict {
			t.Errorf("%s: %v, want %s", tt.name, e, tt.verdict)
		}
		if e.Title == "" || e.Next == "" || e.Type == "" || e.Operation == "" || (e.TraceID == "" && e.Type != "clientRefused") {
			t.Errorf("%s: incomplete: %+v", tt.name, e)
		}
		holdSilence(t, e)
		holdCount(t, tt.name, r, e, tt.repeated)
	}
}

// holdCount: one request, or three where it is repeated. A token that is refused is tried twice;
// what never arrived can't be counted there.
func holdCount(t *testing.T, name string, r rig, e *Error, repeated bool) {
	t.Helper()
	if r.count == nil || e.Operation == opToken || e.Type == typeBreaker || e.Type == string(failCertificate) {
		return
	}
	want := int64(1)
	if repeated {
		want = 1 + maxRepeats
	}
	if e.Status == 401 {
		want = 2
	}
	if got := r.count.Load(); got != want {
		t.Errorf("%s: %d requests, want %d", name, got, want)
	}
}

// holdSilence: nothing personal, and no address, in what an error says.
func holdSilence(t *testing.T, e *Error) {
	t.Helper()
	text := strings.Join(append([]string{e.Error(), e.Title, e.Next, e.Type}, e.Pointers...), " ")
	for _, secret := range []string{testINSZ, "Peeters", "127.0.0.1", "http", dossierID, "mw-014"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
}

func TestARequestThatTheDocumentRefusesIsNotSent(t *testing.T) {
	r := through(Options{}, func(*http.Request) (*http.Response, error) { return nil, errors.New("sent") })(t)
	w := putCategory()
	w.Change.New = casefileCategoryWithoutCode()
	_, err := r.client.Send(t.Context(), w)
	var e *Error
	if !errors.As(err, &e) || e.Verdict != VerdictPermanent || e.Type != typeInvalidLocal {
		t.Fatalf("got %v", err)
	}
	if len(e.Pointers) == 0 || r.count.Load() != 0 {
		t.Errorf("pointers %v, %d requests", e.Pointers, r.count.Load())
	}
	w = putCategory()
	w.Change.Caseworker = ""
	if _, err := r.client.Send(t.Context(), w); VerdictOf(err) != VerdictPermanent || r.count.Load() != 0 {
		t.Errorf("a write that names no caseworker: %v", err)
	}
}

func TestPointersAndTypesAreRepeatedOnlyWhenPlain(t *testing.T) {
	issues := []any{
		map[string]any{"type": "urn:x", "in": "body", "name": "/validFrom"},
		map[string]any{"type": "urn:x", "in": "body", "name": "/persons/67722499797/x"},
		map[string]any{"type": "urn:x", "in": "body", "name": "Zoë Peeters"},
		map[string]any{"type": "urn:x", "in": "query", "name": "/limit"},
	}
	r := over(problemOf(400, "urn:problem-type:x:67722499797", map[string]any{"issues": issues}))(t)
	_, err := r.client.Dossier(t.Context(), dossierID)
	var e *Error
	if !errors.As(err, &e) || e.Type != "problem" || len(e.Pointers) != 1 || e.Pointers[0] != "/validFrom" {
		t.Fatalf("got %+v", e)
	}
	holdSilence(t, e)
}

func TestCreateRefused(t *testing.T) {
	const bad = "urn:problem-type:belgif:badRequest"
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    Verdict
	}{
		{"dossier elsewhere", problemOf(403, typeMissingPerm, issueOf("urn:problem-type:mlpsync:dossierOutsideArea")), VerdictOutsideArea},
		{"no issue named", problemOf(403, typeMissingPerm, nil), VerdictOutsideArea},
		{"address elsewhere", problemOf(403, typeMissingPerm, issueOf(issueNISOutside)), VerdictPermanent},
		{"exists", problemOf(409, typeDossierExists, nil), VerdictConflict},
		{"wrong base URL", problemOf(404, "urn:problem-type:belgif:resourceNotFound", nil), VerdictTransient},
		{"replaced number", problemOf(400, bad, issueOf(issueReplaced)), VerdictConflict},
		{"cancelled number", problemOf(400, bad, issueOf(issueCanceled)), VerdictConflict},
		{"no number at all", problemOf(400, bad, issueOf("urn:problem-type:mlpsync:invalidSsin")), VerdictPermanent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := over(tt.handler)(t)
			w := Write{IdempotencyKey: "k", Change: createOf(t)}
			_, err := r.client.Send(t.Context(), w)
			if VerdictOf(err) != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if told := errors.Is(err, ErrNumberChanged); told != (tt.name == "replaced number" || tt.name == "cancelled number") {
				t.Errorf("the number changed: %v", told)
			}
		})
	}
}

func TestCursorLost(t *testing.T) {
	r := over(problemOf(410, "urn:problem-type:mlpsync:cursorLost", nil))(t)
	if _, err := r.client.Changes(t.Context(), "e1-1", 10); !errors.Is(err, ErrCursorLost) {
		t.Errorf("got %v", err)
	}
}

func TestASuccessThatCannotBeReadIsInDoubt(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no ETag": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 200, nil, map[string]any{"categoryId": categoryID, "validFrom": "2026-03-16"})
		},
		"another registration": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 200, map[string]string{"ETag": `"5"`}, map[string]any{"categoryId": weoID, "validFrom": "2026-03-16"})
		},
		"versions differ": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 200, map[string]string{"ETag": `"5"`}, map[string]any{"categoryId": categoryID, "validFrom": "2026-03-16", "dossierVersion": 9})
		},
	} {
		r := over(h)(t)
		if _, err := r.client.Send(t.Context(), putCategory()); VerdictOf(err) != VerdictInDoubt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Else each write would end in doubt, and be read, for as long as a gateway on the way compresses.
func TestAWeakETagIsAVersion(t *testing.T) {
	r := over(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]string{"ETag": `W/"5"`}, map[string]any{"categoryId": categoryID, "code": "05", "validFrom": "2026-03-16"})
	})(t)
	if a, err := r.client.Send(t.Context(), putCategory()); err != nil || a.Version != 5 {
		t.Errorf("%+v, %v", a, err)
	}
}

// A cache on the way can give the answer to another request. Taken for this one's, everything behind it in the lane would be
// written in another person's dossier.
func TestAnAnswerOfAnotherDossierIsInDoubt(t *testing.T) {
	answered := func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 201, map[string]string{"ETag": `"4"`}, dossierJSON(4))
	}
	create := func(number string) Write {
		who := person(t)
		who.INSZ = insz(t, number)
		return Write{IdempotencyKey: weoID, Change: casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: who, Caseworker: "mw-014"}}
	}
	patch := func(dossier string) Write {
		return Write{DossierID: dossier, Version: 3, Change: casefile.Change{
			Op: casefile.OpPatch, Kind: casefile.RegPerson, New: casefile.Person{City: "Gent"}, Caseworker: "mw-014",
		}}
	}
	for _, tt := range []struct {
		name  string
		write Write
		want  Verdict
	}{
		{"a create, of the person", create(testINSZ), ""},
		{"a create, of another person", create(otherINSZ), VerdictInDoubt},
		{"a patch, of the dossier", patch(dossierID), ""},
		{"a patch, of another dossier", patch(weoID), VerdictInDoubt},
	} {
		r := over(answered)(t)
		if _, err := r.client.Send(t.Context(), tt.write); err == nil && tt.want != "" || err != nil && VerdictOf(err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// JSON that is not MLP's, or is the answer to another question, would say that nobody has a dossier.
func TestAQueryIsAnsweredByWhatWasAsked(t *testing.T) {
	for name, body := range map[string]any{
		"a login page in JSON":      map[string]any{"login": "required"},
		"of people not asked about": map[string]any{"items": []any{map[string]any{"ssin": otherINSZ, "dossier": dossierJSON(4)}}, "canceledSsins": []any{}},
	} {
		r := over(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, nil, body) })(t)
		if found, err := r.client.Query(t.Context(), []Lookup{{1, insz(t, testINSZ)}}); VerdictOf(err) != VerdictTransient || err == nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestTLSAtLeast12(t *testing.T) {
	rt, err := newTransport(Options{})
	if err != nil || rt.(*http.Transport).TLSClientConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("%v", err)
	}
}

// A gateway's answer is known by a name in it, however that is written: a success that a gateway made is none.
func TestAGatewayNamesItself(t *testing.T) {
	for body, want := range map[string]form{
		`{"httpCode":"200"}`:                  formGateway,
		`{"HTTPCode":"200"}`:                  formGateway,
		"{\"http\\u0043ode\":\"200\"}":        formGateway,
		`{"httpCode":null}`:                   formJSON,
		`{"note":{"httpCode":"200"}}`:         formJSON,
		`{"note":"the httpCode was \"200\""}`: formJSON,
		`["httpCode"]`:                        formJSON,
		`{"httpCode":"200"`:                   formOther,
	} {
		if got, _ := formOf(200, "application/json", []byte(body)); got != want {
			t.Errorf("%s is told as %v, want %v", body, got, want)
		}
	}
}
