package contract

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/helpers"
)

// exchange is a line of a recording, as the mock writes it.
type exchange struct {
	OperationID    string      `json:"operationId"`
	Method         string      `json:"method"`
	URL            string      `json:"url"`
	Header         http.Header `json:"header"`
	Body           string      `json:"body"`
	Garbled        bool        `json:"garbled"`
	Status         int         `json:"status"`
	ResponseHeader http.Header `json:"responseHeader"`
	ResponseBody   string      `json:"responseBody"`
}

func (e exchange) request() (*http.Request, error) {
	req, err := http.NewRequest(e.Method, "http://mlp"+e.URL, strings.NewReader(e.Body))
	if err != nil {
		return nil, err
	}
	req.Header = e.Header.Clone()
	return req, nil
}

func (e exchange) response(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode: e.Status, Header: e.ResponseHeader.Clone(), Body: io.NopCloser(strings.NewReader(e.ResponseBody)),
		ContentLength: int64(len(e.ResponseBody)), Request: req,
	}
}

func newValidator(t *testing.T) validator.Validator {
	t.Helper()
	text, err := os.ReadFile("../../schemas/mlp/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, config.WithStrictMode(), config.WithFormatAssertions(), config.WithURLEncodedBodyValidation(),
		config.WithoutSecurityValidation())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	t.Cleanup(v.Release)
	return v
}

// recordings are where exchanges are: made now by the mock's own tests, where nobody made them before.
func recordings(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("MOCKMLP_RECORDINGS"); dir != "" {
		return dir
	}
	dir := t.TempDir()
	cmd := exec.Command("go", "test", "-count=1", "./mockmlp")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "MOCKMLP_RECORD="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("record: %v\n%s", err, out)
	}
	return dir
}

// eachLine sends the lines of the recordings, and reads one at a time: those of a whole run are large.
func eachLine(dir string, to chan<- []byte) error {
	defer close(to)
	files, err := filepath.Glob(filepath.Join(dir, "exchanges-*.jsonl"))
	if err != nil {
		return err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		lines := bufio.NewReader(f)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				break // a last line without its end was cut off with its process
			}
			to <- bytes.TrimSpace(line)
		}
		_ = f.Close()
	}
	return nil
}

// findings count exchanges by what they were, and what was wrong with them.
type findings struct{ counts, wrong map[string]int }

func noFindings() findings { return findings{map[string]int{}, map[string]int{}} }

func (f findings) add(others findings) {
	for what, n := range others.counts {
		f.counts[what] += n
	}
	for what, n := range others.wrong {
		f.wrong[what] += n
	}
}

// Each answer is one that the document allows, and each request that the mock took is too. A request that it refused needn't be.
func TestRecordings(t *testing.T) {
	dir, lines, found := recordings(t), make(chan []byte, 100), make(chan findings)
	judges := runtime.GOMAXPROCS(0)
	for range judges {
		v := newValidator(t) // each has its own: nothing says that one serves many at a time
		go func() { found <- judgeLines(t, v, lines) }()
	}
	err := eachLine(dir, lines)
	all := noFindings()
	for range judges {
		all.add(<-found)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("exchanges: %d judged, of which %d for no operation of the document; %d garbled by a fault", all.counts["judged"], all.counts["outside"], all.counts["garbled"])
	if all.counts["judged"] < 1000 {
		t.Errorf("only %d exchanges: there must be recordings", all.counts["judged"])
	}
	for _, what := range sortedKeys(all.wrong) {
		t.Errorf("%d times: %s", all.wrong[what], what)
	}
}

func judgeLines(t *testing.T, v validator.Validator, lines <-chan []byte) findings {
	out := noFindings()
	for line := range lines {
		var e exchange
		err := json.Unmarshal(line, &e)
		switch {
		case err != nil:
			out.wrong["not an exchange: "+err.Error()]++
			continue
		case e.Garbled:
			out.counts["garbled"]++
			continue
		case e.OperationID == "":
			out.counts["outside"]++
			e = asAnyProblem(e)
		}
		out.counts["judged"]++
		for _, complaint := range judge(t, v, e) {
			out.wrong[fmt.Sprintf("%s %d: %s", e.OperationID, e.Status, complaint)]++
		}
	}
	return out
}

// asAnyProblem is an answer to a path or method that the document doesn't have, as if for an operation that lists no more than the problems of all. Allow is
// what HTTP asks of a 405.
func asAnyProblem(e exchange) exchange {
	e.Method, e.URL = http.MethodGet, "/mlp/v1/health"
	e.ResponseHeader = e.ResponseHeader.Clone()
	if e.Status == http.StatusMethodNotAllowed {
		e.ResponseHeader.Del("Allow")
	}
	return e
}

func judge(t *testing.T, v validator.Validator, e exchange) []string {
	t.Helper()
	req, err := e.request()
	if err != nil {
		return []string{"a request that can't be made again: " + err.Error()}
	}
	var out []string
	if e.Status < 300 {
		_, errs := v.ValidateHttpRequestSync(req)
		errs = slices.DeleteFunc(errs, func(ve *errors.ValidationError) bool { return allowed(e, ve) })
		out = append(out, complaints("request", errs)...)
		if req, err = e.request(); err != nil {
			return append(out, err.Error())
		}
	}
	_, errs := v.ValidateHttpResponse(req, e.response(req))
	return append(out, complaints("answer", errs)...)
}

// allowed is what the document's words allow in a request, and its schemas can't say.
func allowed(e exchange, ve *errors.ValidationError) bool {
	strict := ve.ValidationType == errors.StrictValidationType
	switch {
	case strict && ve.ValidationSubType == errors.StrictSubTypeHeader:
		return true // unknown headers are accepted
	case strict && e.OperationID == "createToken":
		return true // parameters that aren't described are ignored, as RFC 6749 asks
	case ve.ValidationType == helpers.URLEncodedValidation && ve.ValidationSubType == helpers.ReservedValues:
		return true // the validator (0.16.2) looks at a form's values after it has decoded them, so that it refuses ":" however it was escaped
	case e.Method == http.MethodPut && ve.ParameterName == "If-Match":
		return e.Header.Get("If-Match") == "" && e.Status == http.StatusOK // a PUT equal to what is stored goes without
	}
	return false
}

// What this test relies on: the validator sees an answer that differs from the document.
func TestValidatorIsStrict(t *testing.T) {
	v := newValidator(t)
	const trace = "t-1"
	good := exchange{
		OperationID: "getHealth", Method: "GET", URL: "/mlp/v1/health", Status: 200, ResponseBody: `{"status":"UP"}`,
		ResponseHeader: http.Header{"Content-Type": {"application/json"}, "Belgov-Trace-Id": {trace}},
	}
	if wrong := judge(t, v, good); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for name, spoil := range map[string]func(*exchange){
		"unknown property": func(e *exchange) { e.ResponseBody = `{"status":"UP","mood":"fine"}` },
		"enumeration":      func(e *exchange) { e.ResponseBody = `{"status":"SLEEPY"}` },
		"missing property": func(e *exchange) { e.ResponseBody = `{}` },
		"no JSON":          func(e *exchange) { e.ResponseBody = `{"status":` },
		"content type":     func(e *exchange) { e.ResponseHeader.Set("Content-Type", "text/html") },
		"unknown header":   func(e *exchange) { e.ResponseHeader.Set("X-Mood", "fine") },
		"missing header":   func(e *exchange) { e.ResponseHeader.Del("BelGov-Trace-Id") },
		"query parameter":  func(e *exchange) { e.URL += "?mood=fine" },
		"format": func(e *exchange) {
			e.OperationID, e.Method, e.URL = "listChanges", "GET", "/mlp/v1/changes"
			e.ResponseBody = `{"items":[{"sequence":1,"cursor":"e1-1","changedAt":"yesterday"}],"nextCursor":"e1-1","hasMore":false}`
		},
	} {
		e := good
		e.ResponseHeader = good.ResponseHeader.Clone()
		spoil(&e)
		if len(judge(t, v, e)) == 0 {
			t.Errorf("%s: nothing was said", name)
		}
	}
}

func complaints(what string, errs []*errors.ValidationError) []string {
	var out []string
	for _, e := range errs {
		text := what + ": " + e.Message + ": " + e.Reason
		for _, s := range e.SchemaValidationErrors {
			text += "; " + s.FieldPath + " " + s.Reason
		}
		out = append(out, text)
	}
	return out
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
