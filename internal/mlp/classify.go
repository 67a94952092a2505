package mlp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// failure is why a request ended without an answer that could be read.
type failure string

const (
	failNone         failure = ""
	failCancelled    failure = "cancelled"        // by the caller
	failBreaker      failure = "breakerOpen"      // never left: the breaker
	failToken        failure = "tokenUnavailable" // never left: no token to be had now
	failNoConnection failure = "noConnection"     // never left: no connection was made
	failCertificate  failure = "certificate"      // never left: the server's certificate is not trusted
	failTimeout      failure = "timeout"
	failReset        failure = "connectionLost"
	failTruncated    failure = "truncated"
	failTooLarge     failure = "tooLarge"
)

const (
	typeBreaker       = string(failBreaker)
	typeUnexpected    = "unexpectedAnswer"
	typeInvalidLocal  = "invalidRequest"
	urnBelgif         = "urn:problem-type:belgif:"
	urnProject        = "urn:problem-type:mlpsync:"
	urnNumbers        = "urn:problem-type:cbss:input-validation:"
	typeMissingScope  = urnBelgif + "missingScope"
	typeMissingPerm   = urnBelgif + "missingPermission"
	typeDossierExists = urnProject + "dossierExists"
	issueNISOutside   = urnProject + "nisCodeOutsideArea"
	issueAhead        = urnProject + "dateAhead"
	issueReplaced     = urnNumbers + "replacedSsin"
	issueCanceled     = urnNumbers + "canceledSsin"
)

// form is what the body of an answer is.
type form int

const (
	formEmpty   form = iota
	formProblem      // a problem document
	formGateway      // JSON of the gateway in front: httpCode, httpMessage, moreInformation
	formJSON         // any other JSON
	formOther        // HTML, text, broken JSON
)

// operation is what judging needs to know of an operation.
type operation struct {
	id    string
	write bool
	// dossier tells that a 404 means that the dossier is not there.
	dossier bool
}

// outcome is what came of one request, before it is judged.
type outcome struct {
	op      operation
	failure failure
	// sent is false only when certainly no byte of the request left.
	sent    bool
	status  int
	header  http.Header
	body    []byte
	form    form
	problem problem
}

// problem is what is read of a problem document (RFC 9457, Belgif).
type problem struct {
	Type          string  `json:"type"`
	Status        int     `json:"status"`
	RetryAfterSec float64 `json:"retryAfterSec"`
	Issues        []issue `json:"issues"`
}

type issue struct {
	Type string `json:"type"`
	In   string `json:"in"`
	Name string `json:"name"`
}

// formOf tells what a body is. A problem document is known by what is in it as well as by
// its content type: gateways are known to rewrite the latter.
func formOf(status int, contentType string, body []byte) (form, problem) {
	var p problem
	if len(bytes.TrimSpace(body)) == 0 {
		return formEmpty, p
	}
	if !strings.Contains(strings.ToLower(contentType), "json") {
		return formOther, p
	}
	switch {
	case !json.Valid(body):
		return formOther, p
	case mayName(body, "httpcode") && ofGateway(body):
		return formGateway, p
	}
	if status >= 400 && json.Unmarshal(body, &p) == nil && p.Type != "" && p.Status == status {
		return formProblem, p
	}
	return formJSON, problem{}
}

// mayName tells whether a property can be called so, in letters of any size as the JSON library reads names, or in escapes.
func mayName(body []byte, name string) bool {
	return bytes.IndexByte(body, '\\') >= 0 || bytes.Contains(bytes.ToLower(body), []byte(name))
}

// ofGateway tells that a gateway made the answer: its object says so itself, and not one within it.
func ofGateway(body []byte) bool {
	var said struct {
		HTTPCode any `json:"httpCode"`
	}
	return json.Unmarshal(body, &said) == nil && said.HTTPCode != nil
}

// succeeded tells that the answer is one to be read.
func (o outcome) succeeded() bool {
	return o.failure == failNone && o.form == formJSON && (o.status == http.StatusOK || o.status == http.StatusCreated)
}

// healthy tells the breaker whether the service answered as one that works: transport
// errors, 500, 502, 503, 504 and what is not JSON say that it doesn't (design decision 16).
func (o outcome) healthy() bool {
	switch {
	case o.failure != failNone:
		return false
	case o.status == 500, o.status == 502, o.status == 503, o.status == 504:
		return false
	}
	return o.form == formJSON || o.form == formProblem || o.form == formGateway
}

// classify is the one place that decides what an answer means. It returns nil for an answer
// that is to be read.
func classify(o outcome, now time.Time) *Error {
	if o.succeeded() {
		return nil
	}
	e := &Error{Operation: o.op.id, Status: o.status}
	switch {
	case o.failure != failNone:
		judgeFailure(o, e)
	case o.status == http.StatusUnauthorized:
		// In any form: who is not admitted was not served.
		e.Verdict, e.Type = VerdictAuthentication, cmp.Or(plainURN(o.problem.Type), "unauthorized")
	case o.form == formProblem:
		judgeProblem(o, e)
	default:
		judgeUnexpected(o, e)
	}
	if o.failure == failNone && (o.status == http.StatusTooManyRequests || o.status == http.StatusServiceUnavailable) {
		e.RetryAfter = retryAfter(o, now)
	}
	e.Pointers = pointers(o.problem.Issues)
	e.Title, e.Next = words(e)
	if e.Type == issueAhead { // of a clock, not of what the export says
		e.Pointers, e.Next = nil, setClock(o.header.Get("Date"), now)
	}
	e.retry = mayRepeat(o, e)
	return e
}

func judgeFailure(o outcome, e *Error) {
	e.Type = string(o.failure)
	e.cancelled = o.failure == failCancelled
	switch {
	case !o.sent:
		e.Verdict = VerdictNotSent
	case o.op.write:
		e.Verdict = VerdictInDoubt
	default:
		e.Verdict = VerdictTransient
	}
}

// judgeProblem reads a refusal that the API itself made.
func judgeProblem(o outcome, e *Error) {
	e.Type = cmp.Or(plainURN(o.problem.Type), "problem")
	switch o.status {
	case http.StatusBadRequest:
		judgeBadRequest(o, e)
	case http.StatusForbidden:
		e.Verdict = judgeForbidden(o)
	case http.StatusNotFound:
		// Where no dossier is named, the base URL is wrong: no entry's fault.
		e.Verdict = VerdictTransient
		if o.op.dossier {
			e.Verdict = VerdictConflict
		}
	case http.StatusConflict:
		e.Verdict = VerdictConflict
		if shortType(e.Type) == "idempotencyKeyReused" {
			e.Verdict = VerdictPermanent
		}
	case http.StatusGone:
		e.Verdict = VerdictCursorLost
	case http.StatusPreconditionFailed:
		e.Verdict = VerdictConflict
	case http.StatusTooManyRequests:
		e.Verdict = VerdictThrottled
	case http.StatusServiceUnavailable:
		e.Verdict = VerdictTransient
	case http.StatusRequestTimeout:
		e.Verdict = unclear(o)
	default:
		e.Verdict = VerdictPermanent
		if o.status >= 500 {
			e.Verdict = unclear(o)
		}
	}
}

// judgeBadRequest: a create with a number that was replaced or cancelled is no fault of its content. MLP knows more of
// the person than we do, so the person is looked up again. Nor is a day ahead: nothing is sent before its day by this machine's
// clock (design decision 8), so the two clocks differ, and the same can be taken later.
func judgeBadRequest(o outcome, e *Error) {
	e.Verdict = VerdictPermanent
	other := func(i issue) bool { return i.Type != issueAhead }
	if o.op.write && len(o.problem.Issues) > 0 && !slices.ContainsFunc(o.problem.Issues, other) {
		e.Verdict, e.Type = VerdictTransient, issueAhead
		return
	}
	i := slices.IndexFunc(o.problem.Issues, func(i issue) bool { return i.Type == issueReplaced || i.Type == issueCanceled })
	if o.op.id == opCreate && i >= 0 {
		e.Verdict, e.Type = VerdictConflict, o.problem.Issues[i].Type
	}
}

// judgeForbidden: a missing scope is a matter of the client's registration and holds for
// every request. A create that is refused for the person's dossier elsewhere is a fact of the
// case; one refused for the address is content.
func judgeForbidden(o outcome) Verdict {
	aboutAddress := slices.ContainsFunc(o.problem.Issues, func(i issue) bool { return i.Type == issueNISOutside })
	switch {
	case o.problem.Type == typeMissingScope:
		return VerdictAuthentication
	case o.problem.Type == typeMissingPerm && o.op.id == opCreate && !aboutAddress:
		return VerdictOutsideArea
	}
	return VerdictPermanent
}

// judgeUnexpected is for answers that the API did not make, or not to the end: HTML, the
// gateway's JSON, an empty body, a redirect. Who refuses a write so may stand before or
// behind the one that carries it out.
func judgeUnexpected(o outcome, e *Error) {
	e.Type = typeUnexpected
	if o.form == formGateway {
		e.Type = "gateway"
	}
	e.Verdict = unclear(o)
	if !o.op.write && o.status == http.StatusTooManyRequests {
		e.Verdict = VerdictThrottled
	}
}

func unclear(o outcome) Verdict {
	if o.op.write {
		return VerdictInDoubt
	}
	return VerdictTransient
}

// mayRepeat is design decision 14: a read on transport errors, 429 and 5xx; a write only
// when no connection was made, or when 429 or 503 came as a problem document.
func mayRepeat(o outcome, e *Error) bool {
	switch o.failure {
	case failCancelled, failBreaker, failToken, failCertificate:
		return false
	case failNoConnection:
		return true
	}
	if o.op.write {
		return o.form == formProblem && (o.status == 429 || o.status == 503)
	}
	return e.Verdict == VerdictTransient || e.Verdict == VerdictThrottled
}

// retryAfter is the wait that an answer asks for: Retry-After as seconds or date, or the
// body's retryAfterSec; the longest of them. A date is measured by the answer's own Date where it
// has one, so that the two clocks need not agree.
func retryAfter(o outcome, now time.Time) time.Duration {
	var asked time.Duration
	if s := strings.TrimSpace(o.header.Get("Retry-After")); s != "" {
		if n, err := strconv.ParseUint(s, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) { // then n is the largest
			asked = time.Duration(n) * time.Second
		} else if at, err := http.ParseTime(s); err == nil {
			if sent, err := http.ParseTime(o.header.Get("Date")); err == nil {
				now = sent
			}
			asked = at.Sub(now)
		}
	}
	const day = 24 * 60 * 60
	inBody := time.Duration(min(max(o.problem.RetryAfterSec, 0), day) * float64(time.Second))
	return max(asked, inBody, 0)
}

var (
	urnPattern     = regexp.MustCompile(`^urn:problem-type(:[A-Za-z][A-Za-z0-9.-]{0,63}){1,4}$`)
	pointerPattern = regexp.MustCompile(`^(/([A-Za-z_][A-Za-z_-]{0,63}|[0-9]{1,3})){1,8}$`)
	digitRun       = regexp.MustCompile(`[0-9]{5}`)
)

// plainURN is s when it is a plain problem type; else nothing of it is repeated.
func plainURN(s string) string {
	if urnPattern.MatchString(s) && !digitRun.MatchString(s) {
		return s
	}
	return ""
}

func pointers(issues []issue) []string {
	var out []string
	for _, i := range issues {
		if i.In == "body" && pointerPattern.MatchString(i.Name) && !slices.Contains(out, i.Name) {
			out = append(out, i.Name)
		}
	}
	return out
}
