package mockmlp

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryOperationHasAHandler(t *testing.T) {
	h := start(t, Options{Frozen: true})
	for _, op := range h.mock.api.Operations() {
		if h.mock.handlers[op.ID] == nil {
			t.Errorf("no handler for %s", op.ID)
		}
	}
	if len(h.mock.handlers) != len(h.mock.api.Operations()) {
		t.Error("a handler without an operation")
	}
}

func TestQuery(t *testing.T) {
	h := start(t, Options{Frozen: true})
	r := h.do("POST", "/dossiers/query", `{"ssins":["`+strings.Join([]string{ssinB, ssinOld, ssinA, ssinA, ssinElsewere, ssinPartner, ssinCanceled}, `","`)+`"]}`)
	h.want(r, 200, "")
	var got [][2]any
	for _, v := range r.body["items"].([]any) {
		item := v.(map[string]any)
		got = append(got, [2]any{item["ssin"], item["replacedBy"]})
	}
	want := [][2]any{{ssinOld, ssinA}, {ssinA, nil}, {ssinPartner, nil}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{ssinCanceled}, r.body["canceledSsins"]); diff != "" {
		t.Error(diff)
	}
	first := r.body["items"].([]any)[0].(map[string]any)["dossier"].(map[string]any)
	if cur := first["currentCategory"].(map[string]any); cur["code"] != "00" {
		t.Errorf("current category %v", cur)
	}
	h.want(h.do("POST", "/dossiers/query", `{"ssins":["67722499798"]}`), 400, "badRequest")
	h.want(h.do("POST", "/dossiers/query", `{"ssins":[]}`), 400, "badRequest")
	h.wantEffects()
}

// What a server of JSON in UTF-8 can't read is refused, and never taken for something like it.
func TestBodiesThatCantBeRead(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD) + "/competences/" + otherID
	body := `{"description":"Op tijd komen","level":"acquired","assessedOn":"2026-01-12","caseworker":{"id":"MW-1"}}`
	h.want(h.do("PUT", d, strings.Replace(body, "komen", "k\xffmen", 1), ifMatch(2)), 400, "badRequest")
	h.want(h.do("PUT", d, body, ifMatch(2), "Content-Encoding: gzip"), 415, "unsupportedMediaType")
	h.want(h.do("PUT", d, body, ifMatch(2), "Content-Encoding: identity"), 201, "")
	for _, limit := range []string{"NaN", "inf", "%2B5", "05"} {
		h.want(h.do("GET", "/changes?limit="+limit, ""), 400, "badRequest")
	}
}

func TestCreate(t *testing.T) {
	h := start(t, Options{Frozen: true})
	key := "Idempotency-Key: k1"
	first := h.do("POST", "/dossiers", creation(ssinB), key)
	h.want(first, 201, "")
	if first.header.Get("ETag") != `"1"` || !strings.HasPrefix(first.header.Get("Location"), "/mlp/v1/dossiers/") {
		t.Errorf("headers %v", first.header)
	}
	again := h.do("POST", "/dossiers", creation(ssinB), key)
	if diff := cmp.Diff(first.body, again.body); again.status != 201 || diff != "" {
		t.Errorf("replay: %d %s", again.status, diff)
	}
	h.want(h.do("POST", "/dossiers", creation(ssinC), key), 409, "idempotencyKeyReused")
	h.want(h.do("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k2"), 409, "dossierExists")
	cases := []struct{ body, problem, issue string }{
		{creation(ssinOld), "badRequest", "replacedSsin"},
		{creation(ssinCanceled), "badRequest", "canceledSsin"},
		{creation("67722499798"), "badRequest", "invalidSsin"},
		{creation(ssinElsewere), "missingPermission", "dossierOutsideArea"},
		{strings.Replace(creation(ssinC), "44021", "11002", 1), "missingPermission", "nisCodeOutsideArea"},
		{strings.Replace(creation(ssinC), `"ssin"`, `"extra":1,"ssin"`, 1), "badRequest", "unknownInput"},
		{`{`, "badRequest", "schemaViolation"},
	}
	for _, c := range cases {
		r := h.do("POST", "/dossiers", c.body, "Idempotency-Key: k3")
		if r.problem() != c.problem || r.issue() != c.issue {
			t.Errorf("%s/%s: %d %v", c.problem, c.issue, r.status, r.body)
		}
	}
	h.want(h.do("POST", "/dossiers", creation(ssinC)), 400, "badRequest")
	h.wantEffects("client create dossier")
	if e := h.mock.Effects()[0]; e.Entry != "k1" || e.ClientID != "gent" || e.TraceID != first.header.Get("BelGov-Trace-Id") {
		t.Errorf("effect %+v", e)
	}
}

func TestRegistrations(t *testing.T) {
	cases := []struct{ collection, body, changed string }{
		{"categories", categoryBody, `"validFrom":"2026-01-13"`},
		{"weos", weoBody, `"startDate":"2026-01-11"`},
		{"employments", employmentBody, `"socialEconomy":true,"startDate":"2026-01-12"`},
		{"evaluations", evaluationBody, `"date":"2026-01-15"`},
		{"placements", placementBody, `"startDate":"2026-01-13"`},
		{"documents", documentBody(pdf), `"date":"2026-01-15"`},
		{"competences", competenceBody, `"assessedOn":"2026-01-15"`},
		{"notes", noteBody, `"date":"2026-01-15"`},
		{"appointments", appointmentBody, `"startsAt":"2026-01-15T`},
		{"handovers", strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1), `"choiceDate":"2026-01-15"`},
	}
	for _, c := range cases {
		t.Run(c.collection, func(t *testing.T) {
			h := start(t, Options{Frozen: true})
			d := h.track(ssinD)
			version := 2
			if c.collection == "categories" {
				h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
				version = 3
			}
			path := d + "/" + c.collection + "/" + otherID
			h.want(h.do("GET", path, ""), 404, "resourceNotFound")
			h.want(h.do("PUT", path, c.body), 428, "preconditionRequired")
			stale := h.do("PUT", path, c.body, ifMatch(version-1))
			h.want(stale, 412, "versionConflict")
			if stale.body["currentVersion"] != float64(version) {
				t.Errorf("currentVersion %v", stale.body["currentVersion"])
			}
			made := h.do("PUT", path, c.body, ifMatch(version))
			h.want(made, 201, "")
			if made.header.Get("ETag") == "" || made.body["dossierVersion"] != float64(version+1) || made.text("registeredAt") == "" {
				t.Errorf("answer %v %v", made.header, made.body)
			}
			effects := len(h.mock.Effects())
			// Equal: 200 with the current version, whatever If-Match and caseworker.
			equal := strings.Replace(c.body, `"caseworker":{"id":"MW-1"}`, `"caseworker":{"id":"MW-2"}`, 1)
			for _, header := range []string{"If-Match: ", ifMatch(1), ifMatch(version + 1)} {
				r := h.do("PUT", path, equal, header)
				h.want(r, 200, "")
				if diff := cmp.Diff(made.body, r.body); diff != "" {
					t.Errorf("equal PUT: %s", diff)
				}
			}
			h.want(h.do("GET", path, ""), 200, "")
			if len(h.mock.Effects()) != effects {
				t.Error("an equal PUT had an effect")
			}
			name, _, _ := strings.Cut(c.changed, ":")
			if i := strings.Index(c.changed, `,"startDate`); i >= 0 {
				name = `"startDate"`
			}
			changed := strings.Replace(c.body, name+c.body[strings.Index(c.body, name)+len(name):][:13], c.changed, 1)
			h.want(h.do("PUT", path, changed, ifMatch(version)), 412, "versionConflict")
			h.want(h.do("PUT", path, changed, ifMatch(version+1)), 200, "")
		})
	}
}

func TestPartnerOwnsTheDossier(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.seeded(ssinPartner)
	for path, body := range map[string]string{"weos": weoBody, "employments": employmentBody, "evaluations": evaluationBody, "handovers": handoverBody,
		"placements": placementBody, "documents": documentBody(pdf), "notes": noteBody, "appointments": appointmentBody} {
		h.want(h.do("PUT", d+"/"+path+"/"+otherID, body, ifMatch(1)), 409, "dossierOwnedByPartner")
	}
	h.want(h.do("PATCH", d, `{"caseworker":{"id":"x"},"entryReason":"r"}`, ifMatch(1)), 409, "dossierOwnedByPartner")
	h.want(h.do("PUT", d+"/categories/"+categoryID, `{"code":"05","validFrom":"2026-01-12","caseworker":{"id":"x"}}`, ifMatch(1)), 201, "")
	h.want(h.do("PATCH", d, `{"caseworker":{"id":"x"},"jobTarget":{"description":"j"},"address":{"street":"S 1"}}`, ifMatch(2)), 200, "")
	h.want(h.do("PUT", d+"/competences/"+otherID, competenceBody, ifMatch(3)), 201, "")
}

func TestDomainRefuses(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinD)
	cases := []struct{ name, path, body, problem, issue string }{
		{"employment without WEO", "employments", employmentBody, "registrationMissing", "referencedResourceNotFound"},
		{"evaluation without WEO", "evaluations", evaluationBody, "registrationMissing", "referencedResourceNotFound"},
		{"category without employment", "categories", categoryBody, "registrationMissing", "referencedResourceNotFound"},
		{"unknown category", "categories", `{"code":"77","validFrom":"2026-01-12","caseworker":{"id":"x"}}`, "badRequest", "unknownCategory"},
		{"WEO ends before it starts", "weos", strings.Replace(weoBody, `"counsellor"`, `"endDate":"2026-01-09","counsellor"`, 1), "badRequest", "invalidPeriod"},
		{"reason without end", "weos", strings.Replace(weoBody, `"counsellor"`, `"endReason":"job","counsellor"`, 1), "badRequest", "invalidPeriod"},
		{"regime before start", "employments", strings.Replace(employmentBody, `"validFrom":"2026-01-12"`, `"validFrom":"2026-01-11"`, 1), "badRequest", "invalidPeriod"},
		{"KBO of employer", "employments", strings.Replace(employmentBody, "0212214917", "0212214918", 1), "badRequest", "invalidKboNumber"},
		{"KBO of OCMW", "handovers", strings.Replace(handoverBody, "0212214917", "0212214918", 1), "badRequest", "invalidKboNumber"},
		{"placement without WEO", "placements", placementBody, "registrationMissing", "referencedResourceNotFound"},
		{"document without WEO", "documents", documentBody(pdf), "registrationMissing", "referencedResourceNotFound"},
		{"appointment without WEO", "appointments", appointmentBody, "registrationMissing", "referencedResourceNotFound"},
		{"note without WEO", "notes", noteBody, "registrationMissing", "referencedResourceNotFound"},
		{"BVS without internship plan", "placements", strings.Replace(placementBody, `"internshipPlan":true,`, "", 1), "badRequest", "internshipPlanMissing"},
		{"BVS with none", "placements", strings.Replace(placementBody, `"internshipPlan":true`, `"internshipPlan":false`, 1), "badRequest", "internshipPlanMissing"},
		{"placement ends before it starts", "placements", strings.Replace(placementBody, `"employer"`, `"endDate":"2026-01-11","employer"`, 1), "badRequest", "invalidPeriod"},
		{"KBO of a placement", "placements", strings.Replace(placementBody, "0212214917", "0212214918", 1), "badRequest", "invalidKboNumber"},
		{"level", "competences", strings.Replace(competenceBody, "developing", "good", 1), "badRequest", "schemaViolation"},
		{"another file", "documents", strings.Replace(documentBody(pdf), base64.StdEncoding.EncodeToString([]byte(pdf)), base64.StdEncoding.EncodeToString([]byte("%PDF-1.6\n%%EOF\n")), 1), "badRequest", "contentMismatch"},
		{"size", "documents", strings.Replace(documentBody(pdf), `"size":15`, `"size":16`, 1), "badRequest", "contentMismatch"},
		{"no PDF", "documents", documentBody("PK\x03\x04"), "badRequest", "contentNotPdf"},
		{"no base64", "documents", strings.Replace(documentBody(pdf), `"content":"`, `"content":"?`, 1), "badRequest", "schemaViolation"},
		{"base64 cut off", "documents", strings.Replace(documentBody(pdf), `"content":"`, `"content":"A`, 1), "badRequest", "schemaViolation"},
		{"no file", "documents", strings.Replace(documentBody(pdf), `"content"`, `"contents"`, 1), "badRequest", "schemaViolation"},
		{"GLOW without grounds", "handovers", strings.Replace(handoverBody, `"grounds":["ground2"],`, "", 1), "badRequest", "groundsMissing"},
		{"exclusion applies", "handovers", strings.Replace(handoverBody, `"no"`, `"yes"`, 1), "badRequest", "exclusionApplies"},
	}
	for _, c := range cases {
		r := h.do("PUT", d+"/"+c.path+"/"+otherID, c.body, ifMatch(1))
		if r.problem() != c.problem || r.issue() != c.issue {
			t.Errorf("%s: %d %v", c.name, r.status, r.body)
		}
	}
	h.wantEffects("client create dossier")
}

// A document's file is judged and not kept; a WES needs no internship plan.
func TestDocuments(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD)
	path := d + "/documents/" + otherID
	made := h.do("PUT", path, documentBody(pdf), ifMatch(2))
	h.want(made, 201, "")
	if _, there := made.body["content"]; there || made.body["size"] != float64(len(pdf)) {
		t.Errorf("answer %v", made.body)
	}
	// Equal is judged without the file: the same metadata with another file changes nothing.
	equal := strings.Replace(documentBody(pdf), base64.StdEncoding.EncodeToString([]byte(pdf)), "AAAA", 1)
	h.want(h.do("PUT", path, equal), 200, "")
	dossier := h.do("GET", d, "")
	if list := dossier.body["documents"].([]any); len(list) != 1 || list[0].(map[string]any)["content"] != nil {
		t.Errorf("documents %v", list)
	}
	h.wantEffects("client create dossier", "client create weo", "client create document")
	// 5 MiB is the most; more of a body than 8 MiB is not read.
	largest := pdf + strings.Repeat(" ", 5<<20-len(pdf))
	h.want(h.do("PUT", d+"/documents/"+employmentID, documentBody(largest), ifMatch(3)), 201, "")
	h.want(h.do("PUT", d+"/documents/"+categoryID, documentBody(largest+" "), ifMatch(4)), 400, "badRequest")
	h.want(h.do("PUT", d+"/documents/"+categoryID, strings.Repeat(" ", 8<<20)+documentBody(pdf), ifMatch(4)), 413, "payloadTooLarge")
	h.want(h.do("PUT", d+"/notes/"+categoryID, strings.Repeat(" ", 1<<20)+noteBody, ifMatch(4)), 413, "payloadTooLarge")
	wes := strings.Replace(strings.Replace(placementBody, "BVS", "WES", 1), `"internshipPlan":true,`, "", 1)
	h.want(h.do("PUT", d+"/placements/"+categoryID, wes, ifMatch(4)), 201, "")
}

func TestPatch(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinB)
	patch := `{"caseworker":{"id":"MW-2"},"jobTarget":{"description":"Groenarbeider"},"developmentPlan":{},"entryReason":"r","address":{"street":"Straat 1","city":"Gent"}}`
	h.want(h.do("PATCH", d, patch), 428, "preconditionRequired")
	r := h.do("PATCH", d, patch, ifMatch(1))
	h.want(r, 200, "")
	if r.header.Get("ETag") != `"2"` || r.body["address"].(map[string]any)["postalCode"] != "9000" || r.body["developmentPlan"] == nil {
		t.Errorf("patched: %v", r.body)
	}
	h.want(h.do("PATCH", d, patch, ifMatch(1)), 412, "versionConflict")
	same := h.do("PATCH", d, patch, ifMatch(2))
	h.want(same, 200, "")
	gone := h.do("PATCH", d, `{"caseworker":{"id":"MW-2"},"entryReason":null,"address":{"city":null}}`, ifMatch(2))
	h.want(gone, 200, "")
	if gone.body["entryReason"] != nil || gone.body["address"].(map[string]any)["city"] != nil {
		t.Errorf("null must remove: %v", gone.body)
	}
	away := h.do("PATCH", d, `{"caseworker":{"id":"x"},"address":{"nisCode":"11002"}}`, ifMatch(3))
	h.want(away, 403, "missingPermission")
	h.want(h.do("PATCH", d, `{"caseworker":{"id":"x"}}`, ifMatch(3)), 400, "badRequest")
	h.want(h.do("PATCH", d, patch, ifMatch(3), "Content-Type: application/json"), 415, "unsupportedMediaType")
	h.wantEffects("client create dossier", "client update dossier", "client update dossier")
}

func TestAuthentication(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.want(h.do("GET", "/changes", "", "Authorization: "), 401, "noAccessToken")
	h.want(h.do("GET", "/changes", "", "Authorization: Bearer x.y"), 401, "invalidAccessToken")
	h.want(h.do("GET", "/changes", "", "Authorization: Bearer "+h.token+"x"), 401, "invalidAccessToken")
	h.want(h.do("GET", "/changes", "", "X-IBM-Client-Id: "), 401, "invalidClientId")
	h.want(h.do("GET", "/changes", "", "X-IBM-Client-Id: key-reader"), 401, "invalidClientId")
	h.want(h.do("POST", "/dossiers/query", `{`, "Authorization: "), 401, "noAccessToken")
	reader := "Authorization: Bearer " + h.login("reader", "")
	h.want(h.do("GET", "/changes", "", reader, "X-IBM-Client-Id: key-reader"), 200, "")
	h.want(h.do("POST", "/dossiers", creation(ssinB), reader, "X-IBM-Client-Id: key-reader", "Idempotency-Key: k"), 403, "missingScope")
	h.want(h.do("GET", "/health", "", "Authorization: ", "X-IBM-Client-Id: "), 200, "")
	if err := h.mock.Advance(tokenLife - time.Second); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("GET", "/changes", ""), 200, "")
	if err := h.mock.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("GET", "/changes", ""), 401, "expiredAccessToken")
}

func TestTokenErrors(t *testing.T) {
	h := start(t, Options{Frozen: true})
	cases := []struct {
		name, form, user string
		status           int
		code             string
	}{
		{"form", "grant_type=client_credentials&client_id=gent&client_secret=s3cret", "", 200, ""},
		{"unknown parameter", "grant_type=client_credentials&client_id=gent&client_secret=s3cret&resource=x", "", 200, ""},
		{"no grant", "client_id=gent&client_secret=s3cret", "", 400, "invalid_request"},
		{"grant", "grant_type=password&client_id=gent&client_secret=s3cret", "", 400, "unsupported_grant_type"},
		{"no scope in scope", "grant_type=client_credentials&scope=+&client_id=gent&client_secret=s3cret", "", 400, "invalid_scope"},
		{"scope", "grant_type=client_credentials&scope=all&client_id=gent&client_secret=s3cret", "", 400, "invalid_scope"},
		{"secret", "grant_type=client_credentials&client_id=gent&client_secret=no", "", 401, "invalid_client"},
		{"nobody", "grant_type=client_credentials", "", 401, "invalid_client"},
		{"both ways", "grant_type=client_credentials&client_id=gent&client_secret=s3cret", "gent", 400, "invalid_request"},
		{"twice", "grant_type=client_credentials&grant_type=client_credentials", "gent", 400, "invalid_request"},
		{"no form", "%zz", "gent", 400, "invalid_request"},
	}
	for _, c := range cases {
		req := h.request("POST", "/oauth2/token", c.form, "Authorization: ", "Content-Type: application/x-www-form-urlencoded")
		if c.user != "" {
			req.SetBasicAuth(c.user, "s3cret")
		}
		r := h.send(req)
		if r.status != c.status || r.text("error") != c.code {
			t.Errorf("%s: %d %v", c.name, r.status, r.body)
		}
	}
	h.want(h.do("POST", "/oauth2/token", `{}`), 415, "unsupportedMediaType")
}

func TestRoutesAndLimits(t *testing.T) {
	h := start(t, Options{Frozen: true})
	h.want(h.do("GET", "/nothing", ""), 404, "resourceNotFound")
	wrong := h.do("DELETE", "/dossiers/x", "")
	h.want(wrong, 405, "methodNotAllowed")
	if wrong.header.Get("Allow") != "GET, PATCH" {
		t.Errorf("Allow %q", wrong.header.Get("Allow"))
	}
	h.want(h.do("GET", "/dossiers/nobody", ""), 404, "resourceNotFound")
	h.want(h.do("GET", h.seeded(ssinElsewere), ""), 403, "missingPermission")
	h.want(h.do("GET", "/changes?since=1", ""), 400, "badRequest")
	h.want(h.do("POST", "/dossiers/query", `{"ssins":["`+strings.Repeat("1", maxBody)+`"]}`), 413, "payloadTooLarge")
	echoed := h.do("GET", "/refData/categories", "", "BelGov-Trace-Id: trace-1")
	h.want(echoed, 200, "")
	if echoed.header.Get("BelGov-Trace-Id") != "trace-1" {
		t.Error("the trace id is not echoed")
	}
	h.want(h.do("GET", "/refData/problemTypes", ""), 200, "")
	h.want(h.do("GET", "/changes", "", "BelGov-Trace-Id: a b"), 400, "badRequest")
}

func TestRateLimit(t *testing.T) {
	wall := time.Date(2026, 1, 15, 7, 0, 0, 0, time.UTC)
	h := start(t, Options{Frozen: true, RatePerMinute: 3, Now: func() time.Time { return wall }})
	for range 3 {
		h.want(h.do("GET", "/changes", ""), 200, "")
	}
	wall = wall.Add(20 * time.Second)
	r := h.do("GET", "/changes", "")
	h.want(r, 429, "tooManyRequests")
	if r.header.Get("Retry-After") != "40" || r.body["retryAfterSec"] != 40.0 {
		t.Errorf("wait %v %v", r.header.Get("Retry-After"), r.body)
	}
	h.want(h.do("GET", "/refData/categories", ""), 200, "")
	wall = wall.Add(40 * time.Second)
	h.want(h.do("GET", "/changes", ""), 200, "")
}

func TestChanges(t *testing.T) {
	h := start(t, Options{Frozen: true, FeedSize: 4})
	begin := h.do("GET", "/changes", "")
	h.want(begin, 200, "")
	cursor := begin.text("nextCursor")
	d := h.track(ssinD)
	h.want(h.do("PATCH", d, `{"caseworker":{"id":"x"},"entryReason":"r"}`, ifMatch(2), "BelGov-Trace-Id: mine"), 200, "")
	page := h.do("GET", "/changes?limit=2&cursor="+cursor, "")
	h.want(page, 200, "")
	if items := page.body["items"].([]any); len(items) != 2 || page.body["hasMore"] != true {
		t.Fatalf("page %v", page.body)
	}
	rest := h.do("GET", "/changes?cursor="+page.text("nextCursor"), "")
	items := rest.body["items"].([]any)
	if len(items) != 1 || rest.body["hasMore"] != false {
		t.Fatalf("rest %v", rest.body)
	}
	last := items[0].(map[string]any)
	if last["clientId"] != "gent" || last["traceId"] != "mine" || last["dossier"].(map[string]any)["version"] != 3.0 || last["cursor"] != rest.text("nextCursor") {
		t.Errorf("item %v", last)
	}
	for _, lost := range []string{"e1-999", "e9-1", "x", "e1-"} {
		h.want(h.do("GET", "/changes?cursor="+lost, ""), 410, "cursorLost")
	}
	// The feed keeps a bounded number of changes; who is too late looks everything up.
	for i := range 10 {
		body := `{"caseworker":{"id":"x"},"entryReason":"` + strings.Repeat("r", i+2) + `"}`
		h.want(h.do("PATCH", d, body, ifMatch(3+i)), 200, "")
	}
	h.want(h.do("GET", "/changes?cursor="+cursor, ""), 410, "cursorLost")
}

func TestJournalAndControl(t *testing.T) {
	h := start(t, Options{Frozen: true, JournalSize: 3})
	h.create(ssinB)
	for range 3 {
		h.do("GET", "/nothing", "")
	}
	h.do("GET", h.seeded(ssinA), "")
	entries, total := h.mock.Journal()
	if total != 6 || len(entries) != 3 || entries[2].OperationID != "getDossier" || entries[0].Seq != 4 {
		t.Fatalf("journal %d %+v", total, entries)
	}
	if !strings.HasPrefix(entries[2].Person, "p-") {
		t.Errorf("person %q", entries[2].Person)
	}
	control := &http.Client{Transport: Transport(h.mock.Control())}
	for _, path := range []string{"state", "effects", "journal", "clock", "faults"} {
		resp, err := control.Get("http://mlp/control/" + path)
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v %v", path, resp, err)
		}
	}
	post := func(path, body string) int {
		resp, err := control.Post("http://mlp/control/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	before := h.mock.Now()
	if code := post("clock", `{"advance":"24h"}`); code != 200 || !h.mock.Now().Equal(before.Add(day)) {
		t.Errorf("advance: %d %v", code, h.mock.Now())
	}
	if code := post("clock", `{"now":"2026-02-01T00:00:00Z"}`); code != 200 {
		t.Error(code)
	}
	for _, bad := range []string{`{"now":"2026-01-01T00:00:00Z"}`, `{}`, `{"later":1}`, `{"advance":"x"}`, ``} {
		if code := post("clock", bad); code != 400 {
			t.Errorf("%s: %d", bad, code)
		}
	}
	if code := post("reset", ""); code != 204 || len(h.mock.Effects()) != 0 || len(h.mock.State().Dossiers) != 3 || !h.mock.Now().Equal(before) {
		t.Errorf("reset: %d", code)
	}
	h.want(h.do("GET", "/changes?cursor=e1-0", ""), 410, "cursorLost")
}
