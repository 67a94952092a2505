package mockmlp

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// Kinds of broken connection. The names are WireMock's, limit_data is Toxiproxy's.
const (
	// FaultReset closes the connection with a TCP reset.
	FaultReset = "CONNECTION_RESET_BY_PEER"
	// FaultEmpty closes the connection without an answer.
	FaultEmpty = "EMPTY_RESPONSE"
	// FaultLimitData sends half of the body that Content-Length announces.
	FaultLimitData = "LIMIT_DATA"
)

// When a fault strikes.
const (
	// BeforeCommit: the request isn't carried out.
	BeforeCommit = "before"
	// AfterCommit: the request is carried out, and its answer lost or replaced.
	AfterCommit = "after"
)

const maxDelay = 5 * time.Minute

// Fault is something that goes wrong, for the requests that match.
type Fault struct {
	// ID is given by the mock.
	ID    string     `json:"id"`
	Match FaultMatch `json:"match"`
	// Toxicity is the probability (0 to 1) that a matching call is hit; 1 when absent. It is drawn from the seed, per person and operation.
	Toxicity *float64 `json:"toxicity,omitempty"`
	// Times is how often it strikes; 0 for always.
	Times int `json:"times,omitempty"`
	// When is before (default) or after the commit; LIMIT_DATA without a response is always after.
	When string `json:"when,omitempty"`
	// FixedDelayMilliseconds delays the handling, at most five minutes. Delays of several faults add up.
	FixedDelayMilliseconds int `json:"fixedDelayMilliseconds,omitempty"`
	// Fault is one of the Fault constants; empty for none.
	Fault string `json:"fault,omitempty"`
	// Response replaces the answer when its status is set.
	Response FaultResponse `json:"response,omitzero"`
	// Struck counts how often it has struck.
	Struck int `json:"struck"`

	seen  int
	draws map[string]uint64
}

// FaultMatch says which calls a fault is for; what is empty matches all.
type FaultMatch struct {
	OperationID string `json:"operationId,omitempty"`
	Method      string `json:"method,omitempty"`
	// Route is a path template of the document, such as /mlp/v1/dossiers/{dossierId}, or a prefix of one that ends in *.
	Route string `json:"route,omitempty"`
	// Person is a dossierId or a social security number.
	Person string `json:"person,omitempty"`
	// Nth is the one matching call that is hit, counted from 1.
	Nth int `json:"nth,omitempty"`
}

// FaultResponse is the answer that a fault gives.
type FaultResponse struct {
	Status int `json:"status,omitempty"`
	// Body is problem (default), html, gateway (IBM API Connect's own JSON) or empty.
	Body string `json:"body,omitempty"`
	// Problem is the type of a problem body, by name or URN; by default the one that fits the status.
	Problem string `json:"problem,omitempty"`
	// RetryAfter is in seconds; RetryAfterForm is seconds (default), date, or body (retryAfterSec in the problem alone).
	RetryAfter     int    `json:"retryAfter,omitempty"`
	RetryAfterForm string `json:"retryAfterForm,omitempty"`
}

type faultSet struct {
	list   []*Fault
	number int
}

// check completes a fault, and says everything that is wrong with it.
func (f *Fault) check() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains([]string{"", FaultReset, FaultEmpty, FaultLimitData}, f.Fault) {
		complain("fault: one of %s, %s, %s", FaultReset, FaultEmpty, FaultLimitData)
	}
	if f.Toxicity != nil && !(*f.Toxicity >= 0 && *f.Toxicity <= 1) {
		complain("toxicity: from 0 to 1")
	}
	if d := f.FixedDelayMilliseconds; d < 0 || int64(d) > maxDelay.Milliseconds() {
		complain("fixedDelayMilliseconds: from 0 to %d", maxDelay.Milliseconds())
	}
	if s := f.Response.Status; s != 0 && (s < 200 || s > 599) {
		complain("response.status: from 200 to 599")
	}
	if !slices.Contains([]string{"", "problem", "html", "gateway", "empty"}, f.Response.Body) {
		complain("response.body: one of problem, html, gateway, empty")
	}
	if !slices.Contains([]string{"", "seconds", "date", "body"}, f.Response.RetryAfterForm) {
		complain("response.retryAfterForm: one of seconds, date, body")
	}
	if p := f.Response.Problem; p != "" && problemTypeOf(p).status == 0 {
		complain("response.problem: not a problem type of the API")
	}
	if f.Times < 0 || f.Match.Nth < 0 || f.Response.RetryAfter < 0 {
		complain("times, match.nth and response.retryAfter: not negative")
	}
	if f.Fault == "" && f.Response.Status == 0 && f.FixedDelayMilliseconds == 0 {
		complain("it does nothing: give fault, response.status or fixedDelayMilliseconds")
	}
	switch {
	case f.When == "" && f.Fault == FaultLimitData && f.Response.Status == 0:
		f.When = AfterCommit
	case f.When == "":
		f.When = BeforeCommit
	case f.When == BeforeCommit && f.Fault == FaultLimitData && f.Response.Status == 0:
		complain("when: %s has nothing to cut before the request is carried out", FaultLimitData)
	case f.When != BeforeCommit && f.When != AfterCommit:
		complain("when: before or after")
	}
	return errors.Join(errs...)
}

// AddFault puts a fault behind the others and returns its id.
func (m *Mock) AddFault(f Fault) (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if op := f.Match.OperationID; op != "" && m.handlers[op] == nil {
		return "", fmt.Errorf("match.operationId: the document has no such operation")
	}
	m.faults.number++
	f.ID, f.Struck, f.seen, f.draws = "f"+strconv.Itoa(m.faults.number), 0, 0, map[string]uint64{}
	m.faults.list = append(m.faults.list, &f)
	return f.ID, nil
}

// Faults lists the faults, in the order in which they are tried.
func (m *Mock) Faults() []Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []Fault{}
	for _, f := range m.faults.list {
		c := *f
		c.draws = nil
		out = append(out, c)
	}
	return out
}

// RemoveFault takes a fault away, all of them for an empty id; it says whether there was one.
func (m *Mock) RemoveFault(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.faults.list)
	m.faults.list = slices.DeleteFunc(m.faults.list, func(f *Fault) bool { return id == "" || f.ID == id })
	return id == "" || len(m.faults.list) < before
}

// faultPlan is what befalls one request: the delays of all faults that strike, and the first that decides the answer.
type faultPlan struct {
	delay   time.Duration
	decides *Fault
	ids     []string
}

func (p faultPlan) before() *Fault {
	if p.decides != nil && p.decides.When == BeforeCommit {
		return p.decides
	}
	return nil
}

// wait is the delay; false when the client went away meanwhile.
func (p faultPlan) wait(r *http.Request) bool {
	if p.delay <= 0 {
		return true
	}
	t := time.NewTimer(p.delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (m *Mock) planFaults(c *call) faultPlan {
	m.mu.Lock()
	defer m.mu.Unlock()
	var p faultPlan
	for _, f := range m.faults.list {
		decides := f.Fault != "" || f.Response.Status != 0
		if (decides && p.decides != nil) || !m.strikes(f, c) {
			continue
		}
		f.Struck++
		p.ids = append(p.ids, f.ID)
		p.delay += time.Duration(f.FixedDelayMilliseconds) * time.Millisecond
		if decides {
			snapshot := *f
			p.decides = &snapshot
		}
	}
	return p
}

func (m *Mock) strikes(f *Fault, c *call) bool {
	if !m.concerns(f.Match, c) {
		return false
	}
	f.seen++
	if (f.Match.Nth > 0 && f.seen != f.Match.Nth) || (f.Times > 0 && f.Struck >= f.Times) {
		return false
	}
	return f.Toxicity == nil || m.draw(f, c) < *f.Toxicity
}

func (m *Mock) concerns(match FaultMatch, c *call) bool {
	if c.op == nil {
		return false
	}
	if match.OperationID != "" && match.OperationID != c.op.ID {
		return false
	}
	if match.Method != "" && !strings.EqualFold(match.Method, c.op.Method) {
		return false
	}
	if prefix, wild := strings.CutSuffix(match.Route, "*"); match.Route != "" && match.Route != c.op.Path && (!wild || !strings.HasPrefix(c.op.Path, prefix)) {
		return false
	}
	if match.Person == "" {
		return true
	}
	person := match.Person
	if id, known := m.state.bySSIN[person]; known {
		person = id
	}
	return slices.Contains(c.persons, person)
}

// draw gives a number from 0 to 1 that depends on the seed, the fault, the person, the operation and how often those met: not on what other persons'
// requests happened to come in between.
func (m *Mock) draw(f *Fault, c *call) float64 {
	key := c.person() + "|" + c.op.ID
	f.draws[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%s|%s|%d", m.opts.Seed, f.ID, key, f.draws[key]))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// faultAnswer is the answer that a fault gives in place of the mock's own.
func (m *Mock) faultAnswer(f *Fault) answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := f.Response
	a := answer{status: r.Status, header: http.Header{}, raw: []byte{}}
	switch r.Body {
	case "html":
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		a.raw = fmt.Appendf(nil, "<!DOCTYPE html><html><head><title>%d %s</title></head><body><h1>%s</h1></body></html>\n", r.Status, http.StatusText(r.Status), http.StatusText(r.Status))
	case "gateway":
		a.header.Set("Content-Type", "application/json")
		a.raw, _ = json.Marshal(map[string]string{"httpCode": strconv.Itoa(r.Status), "httpMessage": http.StatusText(r.Status), "moreInformation": "fault injected by the mock"})
	case "empty":
	default:
		m.faultProblem(&a, r)
	}
	if r.RetryAfter > 0 {
		switch r.RetryAfterForm {
		case "date":
			// HTTP dates are real time: the client's clock is not the mock's.
			a.header.Set("Retry-After", m.opts.Now().UTC().Add(time.Duration(r.RetryAfter)*time.Second).Format(http.TimeFormat))
		case "body":
		default:
			a.header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
		}
	}
	return a
}

func (m *Mock) faultProblem(a *answer, r FaultResponse) {
	t := problemTypeOf(r.Problem)
	for _, p := range problemTypes() {
		if t.status == 0 && p.status == r.Status {
			t = p
		}
	}
	if t.status == 0 {
		t = problemType{name: "about:blank", urn: "about:blank", title: http.StatusText(r.Status)}
	}
	body := map[string]any{
		"type": t.urn, "title": t.title, "status": r.Status, "detail": "fault injected by the mock",
		"instance": "urn:uuid:" + m.derive("instance", m.next()),
	}
	if r.RetryAfter > 0 {
		body["retryAfterSec"] = r.RetryAfter
	}
	a.problem = t.name
	a.header.Set("Content-Type", "application/problem+json")
	a.raw, _ = json.Marshal(body)
}

// send puts an answer on the wire, or breaks the connection as the fault says.
func send(w http.ResponseWriter, a answer, payload []byte, f *Fault) {
	kind := ""
	if f != nil {
		kind = f.Fault
	}
	switch kind {
	case FaultReset, FaultEmpty:
		cut(w, kind == FaultReset)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	w.WriteHeader(a.status)
	if kind == FaultLimitData {
		_, _ = w.Write(payload[:len(payload)/2])
		if fl, can := w.(http.Flusher); can {
			fl.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(payload)
}

// cut ends the connection without an answer. It never returns: ErrAbortHandler is how net/http is told that no answer follows.
func cut(w http.ResponseWriter, reset bool) {
	if t, inProcess := w.(*exchange); inProcess {
		t.broken = io.EOF
		if reset {
			t.broken = syscall.ECONNRESET
		}
		panic(http.ErrAbortHandler)
	}
	if h, can := w.(http.Hijacker); can {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, isTCP := conn.(*net.TCPConn); isTCP && reset {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

// validUUID is for scenario files.
func validUUID(s string) bool { return uuid.Validate(s) == nil && len(s) == 36 }
