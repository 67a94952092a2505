package mlp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustLoad(t testing.TB) *API {
	t.Helper()
	api, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func mustOperation(t testing.TB, api *API, id string) *Operation {
	t.Helper()
	op, ok := api.Operation(id)
	if !ok {
		t.Fatalf("no operation %s", id)
	}
	return op
}

func TestMatch(t *testing.T) {
	api := mustLoad(t)
	cases := []struct {
		method, path, id string
		params           map[string]string
	}{
		{"POST", "/oauth2/token", "createToken", map[string]string{}},
		{"GET", "/mlp/v1/health", "getHealth", map[string]string{}},
		{"POST", "/mlp/v1/dossiers/query", "queryDossiers", map[string]string{}},
		{"POST", "/mlp/v1/dossiers", "createDossier", map[string]string{}},
		{"GET", "/mlp/v1/dossiers/a%2Fb", "getDossier", map[string]string{"dossierId": "a/b"}},
		{"GET", "/mlp/v1/dossiers/query", "getDossier", map[string]string{"dossierId": "query"}},
		{"PUT", "/mlp/v1/dossiers/d1/weos/w1", "putWeo", map[string]string{"dossierId": "d1", "weoId": "w1"}},
		{"PUT", "/mlp/v1/dossiers/d1/documents/w1", "putDocument", map[string]string{"dossierId": "d1", "documentId": "w1"}},
		{"GET", "/mlp/v1/changes", "listChanges", map[string]string{}},
		{"DELETE", "/mlp/v1/dossiers/d1", "", nil},
		{"GET", "/mlp/v1/dossiers/", "", nil},
		{"GET", "/mlp/v1/nothing", "", nil},
		{"GET", "/mlp/v1/dossiers/%zz", "", nil},
	}
	for _, c := range cases {
		op, params, ok := api.Match(c.method, c.path)
		id := ""
		if ok {
			id = op.ID
		}
		if id != c.id || !cmp.Equal(params, c.params) {
			t.Errorf("Match(%s %s) = %q %v, want %q %v", c.method, c.path, id, params, c.id, c.params)
		}
	}
	if got := api.Methods("/mlp/v1/dossiers/d1"); !cmp.Equal(got, []string{"GET", "PATCH"}) {
		t.Errorf("Methods = %v", got)
	}
}

const goodCategory = `{"code":"05","validFrom":"2026-01-05","caseworker":{"id":"MW-1"}}`

func TestValidateRequestBody(t *testing.T) {
	op := mustOperation(t, mustLoad(t), "putCategory")
	path := map[string]string{"dossierId": "d1", "categoryId": "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b01"}
	cases := []struct {
		name, body string
		want       []string
	}{
		{"good", goodCategory, nil},
		{"missing", `{"code":"05"}`, []string{"body : required"}},
		{"bad date", `{"code":"05","validFrom":"2026-02-30","caseworker":{"id":"x"}}`, []string{"body /validFrom: format"}},
		{"null", `{"code":"05","validFrom":null,"caseworker":{"id":"x"}}`, []string{"body /validFrom: type"}},
		{"read only", `{"code":"05","validFrom":"2026-01-05","caseworker":{"id":"x"},"setBy":"vdab"}`, []string{"body /setBy: unknown"}},
		{"unknown nested", `{"code":"05","validFrom":"2026-01-05","caseworker":{"id":"x","67722499797":1}}`, []string{"body /caseworker/?: unknown"}},
		{"two faults", `{"code":"5","validFrom":"x","caseworker":{"id":"x"}}`, []string{"body /code: pattern", "body /validFrom: format"}},
		{"array", `[]`, []string{"body : type"}},
	}
	for _, c := range cases {
		body, err := DecodeJSON([]byte(c.body))
		if err != nil {
			t.Fatal(c.name, err)
		}
		got := op.ValidateRequest(path, nil, http.Header{"If-Match": {`"1"`}}, body)
		if diff := cmp.Diff(c.want, brief(got)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// A document's file is base64, travels one way, and is never in an answer.
func TestDocumentContent(t *testing.T) {
	op := mustOperation(t, mustLoad(t), "putDocument")
	path := map[string]string{"dossierId": "d1", "documentId": "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b01"}
	rest := `"kind":"finalReport","date":"2026-01-05","mediaType":"application/pdf","sha256":"` + strings.Repeat("0", 64) + `","size":5,"caseworker":{"id":"x"}`
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"good", `{"content":"JVBERi0=",` + rest + `}`, nil},
		{"none", `{` + rest + `}`, []string{"body : required"}},
		{"no base64", `{"content":"JVBER-0=",` + rest + `}`, []string{"body /content: pattern"}},
		{"in lines", `{"content":"JVBE\nRi0=",` + rest + `}`, []string{"body /content: pattern"}},
		{"too long", `{"content":"` + strings.Repeat("A", 6990512) + `",` + rest + `}`, []string{"body /content: maxLength"}},
		{"not our type", strings.Replace(`{"content":"JVBERi0=",`+rest+`}`, "application/pdf", "image/png", 1), []string{"body /mediaType: enum"}},
		{"too large", strings.Replace(`{"content":"JVBERi0=",`+rest+`}`, `"size":5`, `"size":5242881`, 1), []string{"body /size: maximum"}},
	} {
		body, err := DecodeJSON([]byte(c.body))
		if err != nil {
			t.Fatal(c.name, err)
		}
		if diff := cmp.Diff(c.want, brief(op.ValidateRequest(path, nil, http.Header{"If-Match": {`"1"`}}, body))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	answer := `{"documentId":"7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b01","registeredAt":"2026-01-05T09:00:00Z",` + rest
	if vs := op.ValidateResponseStrict(200, nil, []byte(answer+`}`)); vs != nil {
		t.Error(vs)
	}
	if got := brief(op.ValidateResponseStrict(200, nil, []byte(answer+`,"content":"JVBERi0="}`))); !cmp.Equal(got, []string{"body /content: unknown"}) {
		t.Error(got)
	}
}

func TestValidateRequestParameters(t *testing.T) {
	api := mustLoad(t)
	changes := mustOperation(t, api, "listChanges")
	create := mustOperation(t, api, "createDossier")
	put := mustOperation(t, api, "putWeo")
	body, _ := DecodeJSON([]byte(`{"startDate":"2026-01-12","counsellor":{"id":"c"},"caseworker":{"id":"x"}}`))
	cases := []struct {
		name   string
		op     *Operation
		path   map[string]string
		query  string
		header http.Header
		want   []string
	}{
		{"none", changes, nil, "", nil, nil},
		{"limit", changes, nil, "limit=500&cursor=e1-4", nil, nil},
		{"limit too large", changes, nil, "limit=501", nil, []string{"query limit: maximum"}},
		{"limit huge", changes, nil, "limit=1e300", nil, []string{"query limit: maximum"}},
		{"limit fraction", changes, nil, "limit=1.5", nil, []string{"query limit: type"}},
		{"limit not a number", changes, nil, "limit=NaN", nil, []string{"query limit: type"}},
		{"limit infinite", changes, nil, "limit=inf", nil, []string{"query limit: type"}},
		{"limit with a sign", changes, nil, "limit=%2B5", nil, []string{"query limit: type"}},
		{"limit with a zero before", changes, nil, "limit=05", nil, []string{"query limit: type"}},
		{"limit no number", changes, nil, "limit=x", nil, []string{"query limit: type"}},
		{"twice", changes, nil, "limit=1&limit=2", nil, []string{"query limit: maxItems"}},
		{"unknown", changes, nil, "since=1", nil, []string{"query since: unknown"}},
		{"trace id", changes, nil, "", http.Header{"Belgov-Trace-Id": {"a b"}}, []string{"header BelGov-Trace-Id: pattern"}},
		{"no key", create, nil, "", nil, []string{"header Idempotency-Key: required"}},
		{"no uuid, no If-Match", put, map[string]string{"dossierId": "d", "weoId": "w"}, "", nil, []string{"path weoId: format", "header If-Match: required"}},
		{"weak", put, map[string]string{"dossierId": "d", "weoId": "7d0f7c0e-52f4-5a53-8a0e-1a2c3f7f0b01"}, "", http.Header{"If-Match": {`W/"1"`}}, []string{"header If-Match: pattern"}},
	}
	for _, c := range cases {
		q, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		b := body
		if c.op == create {
			b, _ = DecodeJSON([]byte(`{"ssin":"67722499797","person":{"lastName":"P","firstName":"Z"},"address":{"postalCode":"9000","nisCode":"44021"},"caseworker":{"id":"x"}}`))
		}
		if diff := cmp.Diff(c.want, brief(c.op.ValidateRequest(c.path, q, c.header, b))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func brief(vs []Violation) []string {
	var out []string
	for _, v := range vs {
		out = append(out, fmt.Sprintf("%s %s: %s", v.In, v.Name, v.Keyword))
	}
	return out
}

func TestValidateResponse(t *testing.T) {
	api := mustLoad(t)
	health := mustOperation(t, api, "getHealth")
	header := http.Header{"Content-Type": {"application/json"}, "Belgov-Trace-Id": {"t"}}
	if vs := health.ValidateResponseStrict(200, header, []byte(`{"status":"UP"}`)); vs != nil {
		t.Error(vs)
	}
	if vs := health.ValidateResponse(200, header, []byte(`{"status":"UP","more":1}`)); vs != nil {
		t.Errorf("a client must take unknown properties: %v", vs)
	}
	got := brief(health.ValidateResponseStrict(200, http.Header{"Content-Type": {"text/html"}}, []byte(`{"status":"up","more":1}`)))
	want := []string{"header BelGov-Trace-Id: required", "header Content-Type: contentType", "body /status: enum", "body /more: unknown"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := brief(health.ValidateResponse(200, nil, []byte(`<html>`))); !cmp.Equal(got, []string{"body : json"}) {
		t.Error(got)
	}
	if listed, ok := health.ResponseStatus(418); listed != 0 || !ok {
		t.Error("418 is described by default")
	}
}

func TestDecodeJSON(t *testing.T) {
	bad := []string{``, `{`, `{"a":1,"a":2}`, `{"a":{"b":1,"b":1}}`, `1 2`, `{"a":1e999}`, `nul`, strings.Repeat("[", 100) + strings.Repeat("]", 100), "\xff"}
	for _, s := range bad {
		if v, err := DecodeJSON([]byte(s)); err == nil && s != "\xff" {
			t.Errorf("DecodeJSON(%q) = %v, want an error", s, v)
		}
	}
	if _, err := DecodeJSON([]byte(`{"a":1e-999999999}`)); err != nil {
		t.Error(err)
	}
}

// Every example is valid in the direction that it is meant for.
func TestExamples(t *testing.T) {
	api := mustLoad(t)
	c, err := newCompiler(api.raw)
	if err != nil {
		t.Fatal(err)
	}
	schemas := obj(obj(api.raw["components"])["schemas"])
	count := 0
	for _, name := range sortedKeys(schemas) {
		example, ok := obj(schemas[name])["example"]
		if !ok {
			continue
		}
		count++
		var faults []string
		for _, d := range []direction{inRequest, inResponse} {
			b, err := c.compile("example."+name, obj(schemas[name]), d)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.finish(); err != nil {
				t.Fatal(err)
			}
			vs := append(b.judge("body", example), b.unknown(example)...)
			if len(vs) == 0 {
				faults = nil
				break
			}
			faults = append(faults, fmt.Sprintf("as %s: %v", d, vs))
		}
		if faults != nil {
			t.Errorf("%s: %v", name, faults)
		}
	}
	if count < 15 {
		t.Errorf("%d examples", count)
	}
}

func TestLoadRefuses(t *testing.T) {
	cases := map[string]string{
		"keyword":   `allOf: []`,
		"format":    `format: insz`,
		"reference": `$ref: '#/components/schemas/Nowhere'`,
		"required":  "required: [a]\n      properties: {}",
	}
	for name, schema := range cases {
		doc := "openapi: 3.0.3\ncomponents:\n  schemas:\n    A:\n      " + schema + "\n"
		if _, err := load([]byte(doc)); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func FuzzValidateRequest(f *testing.F) {
	api := mustLoad(f)
	f.Add("putCategory", []byte(goodCategory))
	f.Add("patchDossier", []byte(`{"caseworker":{"id":"x"},"jobTarget":null}`))
	f.Add("queryDossiers", []byte(`{"ssins":["67722499797"]}`))
	f.Add("putDocument", []byte(`{"content":"JVBERi0=","size":5}`))
	f.Add("putEmployment", []byte(`{"workRegimes":[{"hoursPerWeek":1e308}]}`))
	f.Fuzz(func(t *testing.T, id string, text []byte) {
		op, ok := api.Operation(id)
		if !ok {
			return
		}
		body, err := DecodeJSON(text)
		if err != nil {
			return
		}
		for _, v := range op.ValidateRequest(nil, nil, nil, body) {
			if _, err := json.Marshal(v); err != nil || regexp.MustCompile(`[0-9]{11}`).MatchString(v.String()) {
				t.Errorf("violation %v", v)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := load(Document()); err != nil {
			b.Fatal(err)
		}
	}
}
