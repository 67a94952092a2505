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

// FuzzDecodeAsTheStandardLibrary: of a text that encoding/json finds valid, decode takes and refuses what it does, and reads the same.
func FuzzDecodeAsTheStandardLibrary(f *testing.F) {
	for _, text := range []string{
		`{"employmentId":"e","startDate":"2025-02-03","workRegimes":[{"validFrom":"2025-02-03","regime":"fullTime","hoursPerWeek":38.50}],"socialEconomy":false}`,
		`{"DOSSIERID":"d","version":3,"ssin":"67722499797","owner":{"kind":"ocmw"},"categories":[{"categoryId":"c","code":"05","validFrom":"2026-03-16"}],"x":[1,{}]}`,
		`{"version":1e2,"size":2.0,"content":"eA==","grounds":null,"exclusionAnswers":[null],"hoursPerMonth":"12","registeredAt":"2026-03-16T09:00:00Z"}`,
		`{"items":[{"ssin":"1","dossier":{"dossierId":"d"}}],"canceledSsins":["\ud800\u0041\n"],"nextCursor":"c","hasMore":true}`,
		`{"code":"05","code":"78","CODE":"90","validFrom":"nonsense"}`, `[]`, `null`, `"x"`, `12`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		for _, into := range []func() any{
			func() any { return new(wireRegistration) }, func() any { return new(wireDossier) }, func() any { return new(any) },
			func() any { return new(queryAnswer) }, func() any { return new(changesAnswer) },
		} {
			have, want := into(), into()
			err, standard := decode(text, have), json.Unmarshal(text, want)
			if (err == nil) != (standard == nil) {
				t.Fatalf("%T: %v, where encoding/json says %v", have, err, standard)
			}
			if err == nil && !reflect.DeepEqual(have, want) {
				t.Fatalf("read %+v, where encoding/json reads %+v", have, want)
			}
		}
	})
}

// FuzzGateway: an answer of the gateway is known by its httpCode whatever its status, however that name is written.
func FuzzGateway(f *testing.F) {
	for _, text := range []string{
		`{"httpCode":"500"}`, `{"HTTPCODE":500}`, `{"httpcode":{}}`, `{"http\u0043ode":1}`, `{"httpCod\u0065":1}`, `{"\u0068ttpCode":1}`, `{ "a":"\"", "HttpCode" :[]}`,
		`{"httpCode":null}`, `{"httpCode":1,"HTTPCODE":null}`, `{"a":{"httpCode":1}}`, `[{"httpCode":1}]`, `"httpCode"`, `{"httpCodes":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		refused, _ := formOf(http.StatusBadRequest, "application/json", text)
		taken, _ := formOf(http.StatusOK, "application/json", text)
		if (refused == formGateway) != (taken == formGateway) {
			t.Errorf("%s is %v where it refuses, and %v where it does not", text, refused, taken)
		}
	})
}
