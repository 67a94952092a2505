package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

const (
	prefix = "/mlp/v1"
	// largest is more than any answer that the document allows.
	largest = 64 << 20
)

// session is a target with an access token.
type session struct {
	Target
	api   *mlp.API
	token string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(key string) string { s, _ := a.body[key].(string); return s }

// problem is the last part of the problem's type.
func (a answer) problem() string { return lastPart(a.text("type")) }

// issues are the last parts of the issues' types.
func (a answer) issues() []string {
	var names []string
	list, _ := a.body["issues"].([]any)
	for _, v := range list {
		i, _ := v.(map[string]any)
		s, _ := i["type"].(string)
		names = append(names, lastPart(s))
	}
	return names
}

func lastPart(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

// items are the objects of a list.
func (a answer) items() []map[string]any {
	var out []map[string]any
	list, _ := a.body["items"].([]any)
	for _, v := range list {
		item, _ := v.(map[string]any)
		out = append(out, item)
	}
	return out
}

// call is a request in the making.
type call struct {
	method, path string
	// body is JSON text.
	body string
	// headers are "Name: value"; an empty value leaves the header out.
	headers []string
}

// do sends a request as the client would, and judges the answer by the document.
func (s *session) do(t *testing.T, c call) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, s.BaseURL+prefix+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("X-IBM-Client-Id", s.APIKey)
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
		if c.method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for _, line := range c.headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Del(name)
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return s.send(t, req)
}

func (s *session) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := s.Client.Do(req)
	if err != nil {
		t.Fatalf("%s: no answer", req.Method) // the client's text holds the URL
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if json.Unmarshal(b, &a.body) != nil {
		t.Fatalf("the answer (%d, %s) is no JSON object", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	path := strings.TrimPrefix(req.URL.EscapedPath(), strings.TrimSuffix(pathOf(s.BaseURL), "/"))
	if op, _, described := s.api.Match(req.Method, path); described {
		for _, v := range op.ValidateResponse(resp.StatusCode, resp.Header, b) {
			t.Errorf("%s %d is not as the document says: %s", op.ID, resp.StatusCode, v)
		}
	}
	return a
}

func pathOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// login asks for a token.
func (s *session) login(t *testing.T, secret, scope string) answer {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.TokenURL, bytes.NewBufferString(form.Encode()))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(secret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-IBM-Client-Id", s.APIKey)
	return s.send(t, req)
}

// refused holds an answer against a problem, by status and the last part of its type.
func refused(t *testing.T, a answer, status int, problem string) {
	t.Helper()
	if a.status != status || a.problem() != problem {
		t.Errorf("answer %d %q, want %d %q", a.status, a.problem(), status, problem)
	}
}

// dossier is the person's, as a query finds it.
func (s *session) dossier(t *testing.T) map[string]any {
	t.Helper()
	a := s.do(t, call{method: "POST", path: "/dossiers/query", body: s.query(s.SSIN)})
	if a.status != http.StatusOK || len(a.items()) != 1 {
		t.Fatalf("the query answers %d with %d items: the person needs a dossier in the client's area", a.status, len(a.items()))
	}
	d, _ := a.items()[0]["dossier"].(map[string]any)
	return d
}

func (s *session) query(ssin string) string { return `{"ssins":["` + ssin + `"]}` }

func pathTo(dossier map[string]any) string {
	id, _ := dossier["dossierId"].(string)
	return "/dossiers/" + url.PathEscape(id)
}

func etagOf(dossier map[string]any) string {
	version, _ := dossier["version"].(float64)
	return fmt.Sprintf(`"%d"`, int64(version))
}

func ifMatch(etag string) string { return "If-Match: " + etag }

func newID() string { return uuid.NewString() }
