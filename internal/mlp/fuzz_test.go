package mlp

import (
	"encoding/json"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	fast "github.com/segmentio/encoding/json"
)

// FuzzRetryAfter: whatever an answer asks for, the wait is never negative, and never shorter than
// a plain number of seconds that it names.
func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "", 0.0)
	f.Add("Mon, 16 Mar 2026 09:02:00 GMT", "Mon, 16 Mar 2026 09:00:00 GMT", 12.5)
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", -3.0)
	f.Add("4294967296", "Fri, 31 Dec 9999 23:59:59 GMT", math.Inf(1))
	f.Add(" -1", "\x00", math.NaN())
	f.Fuzz(func(t *testing.T, header, date string, seconds float64) {
		o := outcome{op: operation{id: "x", write: true}, sent: true, status: 429, form: formProblem, header: http.Header{}}
		o.header.Set("Retry-After", header)
		o.header.Set("Date", date)
		o.problem = problem{Type: "urn:problem-type:belgif:tooManyRequests", Status: 429, RetryAfterSec: seconds}
		e := classify(o, epoch())
		if e == nil || e.Verdict != VerdictThrottled || e.RetryAfter < 0 {
			t.Fatalf("%+v", e)
		}
		n, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31)
		if err == nil && e.RetryAfter < time.Duration(n)*time.Second {
			t.Errorf("asked to wait %d s, waits %s", n, e.RetryAfter)
		}
		if seconds >= 1 && e.RetryAfter < time.Second {
			t.Errorf("asked to wait %g s in the body, waits %s", seconds, e.RetryAfter)
		}
	})
}

// FuzzProblem: any answer gives one verdict, and nothing of what it says beyond a plain type
// and plain pointers is repeated.
func FuzzProblem(f *testing.F) {
	f.Add(400, "application/problem+json", `{"type":"urn:problem-type:belgif:badRequest","status":400,"title":"67722499797","issues":[{"in":"body","name":"/ssin","type":"urn:problem-type:cbss:input-validation:replacedSsin"}]}`)
	f.Add(412, "application/problem+json;charset=utf-8", `{"type":"urn:problem-type:mlpsync:versionConflict","status":412}`)
	f.Add(502, "text/html", "<html>67722499797</html>")
	f.Add(429, "application/json", `{"httpCode":"429","httpMessage":"Too Many Requests"}`)
	f.Add(400, "application/json", `{"type":"urn:problem-type:a:67722499797","status":400,"issues":[{"in":"body","name":"/67722499797"},null]}`)
	f.Add(201, "application/json", `[`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		for _, write := range []bool{true, false} {
			o := outcome{op: operation{id: "x", write: write}, sent: true, status: status, header: http.Header{}, body: []byte(body)}
			o.form, o.problem = formOf(status, contentType, []byte(body))
			if o.succeeded() != (classify(o, epoch()) == nil) {
				t.Fatalf("%d: success and verdict disagree", status)
			}
			e := classify(o, epoch())
			if e == nil {
				continue
			}
			if e.Title == "" || e.Next == "" || e.Verdict == "" {
				t.Errorf("%d says nothing: %+v", status, e)
			}
			if status >= 0 && status < 1000 {
				said := e.Error() + e.Type + e.Title + e.Next + strings.Join(e.Pointers, "")
				if digitRun.MatchString(said) {
					t.Errorf("a run of digits is repeated: %s", said)
				}
			}
		}
	})
}

// FuzzRequestAsWritten: a request that is judged before it is sent is the one that encoding/json writes, whichever library reads it.
func FuzzRequestAsWritten(f *testing.F) {
	f.Add("Zoë <&>", "\xff\u2028", 38.5, true, int64(1<<53))
	f.Add("", `"\\"`, 1e-7, false, int64(-1))
	f.Fuzz(func(t *testing.T, key, text string, number float64, yes bool, whole int64) {
		body, err := json.Marshal(map[string]any{key: text, "n": number, "list": []any{yes, whole, nil, map[string]any{text: key}}})
		if err != nil {
			return // no number of JSON
		}
		var have, want any
		if err := fast.Unmarshal(body, &have); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("read %#v, where encoding/json reads %#v", have, want)
		}
	})
}
