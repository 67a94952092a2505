package conformance_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// A server that differs is found, by the statement that it breaks; one that doesn't passes, and is left as it was. The suite runs as a person would run it: over a
// socket, with flags.
func TestFindsWhatDiffers(t *testing.T) {
	for _, c := range []struct {
		name, fails string
		args        []string
		spoil       func(*http.Request, *httptest.ResponseRecorder)
	}{
		{"a server as the document says", "", nil, func(*http.Request, *httptest.ResponseRecorder) {}},
		{"a trace id of its own", "trace/echoed", nil, func(_ *http.Request, r *httptest.ResponseRecorder) { r.Header().Set("BelGov-Trace-Id", "t-1") }},
		{"another ETag", "etag", nil, func(r *http.Request, w *httptest.ResponseRecorder) { w.Header().Set("ETag", `"0"`) }},
		{"problems as JSON", "noAccessToken", nil, func(_ *http.Request, r *httptest.ResponseRecorder) {
			if r.Code >= 400 {
				r.Header().Set("Content-Type", "application/json")
			}
		}},
		{"lenient about If-Match", "write/preconditionRequired", []string{"-write", "-caseworker", "MW-1"}, func(_ *http.Request, r *httptest.ResponseRecorder) {
			if r.Code == http.StatusPreconditionRequired {
				r.Code = http.StatusBadRequest
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, server := spoiled(t, c.spoil)
			out, err := judge(t, server.URL, c.args...)
			if found := strings.Contains(out, "--- FAIL: TestConformance/"+c.fails+" "); (err == nil) != (c.fails == "") || c.fails != "" && !found {
				t.Errorf("%v\n%s", err, out)
			}
			if changes := len(m.Effects()); c.args == nil && changes != 0 {
				t.Errorf("%d changes without -write", changes)
			}
			if strings.Contains(out, "67722499797") || strings.Contains(out, "s3cret") {
				t.Errorf("the output names the person or the secret:\n%s", out)
			}
		})
	}
}

// spoiled serves a mock whose answers are spoiled on the way.
func spoiled(t *testing.T, spoil func(*http.Request, *httptest.ResponseRecorder)) (*mockmlp.Mock, *httptest.Server) {
	t.Helper()
	s, err := mockmlp.ParseScenario([]byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mockmlp.New(mockmlp.Options{Scenario: s, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		m.API().ServeHTTP(rec, r)
		spoil(r, rec)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	return m, server
}

// judge runs this test program against a server.
func judge(t *testing.T, url string, args ...string) (string, error) {
	t.Helper()
	all := append([]string{
		"-test.run=^TestConformance$", "-base-url", url, "-client-id", "gent", "-secret-env", "CONFORMANCE_SECRET", "-api-key-env", "CONFORMANCE_KEY", "-ssin", "67722499797",
	}, args...)
	program := exec.CommandContext(t.Context(), os.Args[0], all...)
	program.Env = append(os.Environ(), "CONFORMANCE_SECRET=s3cret", "CONFORMANCE_KEY=key-gent")
	out, err := program.CombinedOutput()
	return string(out), err
}
