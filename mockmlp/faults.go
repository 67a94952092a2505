package mockmlp

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

// Kinds of broken connection. The names are WireMock's, limit_data is Toxiproxy's.
const (
	// FaultReset closes the connection with a TCP reset.
	FaultReset = "CONNECTION_RESET_BY_PEER"
	// FaultEmpty closes the connection without an answer.
	FaultEmpty = "EMPTY_RESPONSE"
	// FaultChunk sends status 200, then bytes that are no chunk, and closes.
	FaultChunk = "MALFORMED_RESPONSE_CHUNK"
	// FaultRandom sends bytes that are no HTTP, and closes.
	FaultRandom = "RANDOM_DATA_THEN_CLOSE"
	// FaultLimitData sends half of the body that Content-Length announces.
	FaultLimitData = "LIMIT_DATA"
	// FaultMalformedBody sends half of the body with a Content-Length that fits: whole as HTTP, and no JSON. The name is our own.
	FaultMalformedBody = "MALFORMED_BODY"
)

// What becomes of a token.
const (
	// TokenExpired: the token counts as expired; one that is handed out has expired already.
	TokenExpired = "expired"
	// TokenWrong: the token counts as none that the mock gave; one that is handed out isn't.
	TokenWrong = "wrong"
)

// When a fault strikes.
const (
	// BeforeCommit: the request isn't carried out.
	BeforeCommit = "before"
	// AfterCommit: the request is carried out, and its answer lost or replaced.
	AfterCommit = "after"
)

const (
	maxDelay  = 5 * time.Minute
	maxChunks = 10_000
)

// Fault is something that goes wrong, for the requests that match.
type Fault struct {
	// ID is given by the mock.
	ID    string     `json:"id"`
	Match FaultMatch `json:"match"`
	// Toxicity is the probability (0 to 1) that a matching call is hit; 1 when absent. It is drawn from the seed, per person and operation.
	Toxicity *float64 `json:"toxicity,omitempty"`
	// Times is how often it strikes; 0 for always.
	Times int `json:"times,omitempty"`
	// Duration is how long it lasts on the mock's clock, such as 10m; empty for always. EndsAt is the instant that comes of it.
	Duration string     `json:"duration,omitempty"`
	EndsAt   *time.Time `json:"endsAt,omitempty"`
	// When is before (default) or after the commit; LIMIT_DATA and MALFORMED_BODY without a response are always after.
	When string `json:"when,omitempty"`
	// FixedDelayMilliseconds delays the handling, in real time, at most five minutes. Delays of several faults add up.
	FixedDelayMilliseconds int `json:"fixedDelayMilliseconds,omitempty"`
	// DelayDistribution delays the handling by a time that is drawn.
	DelayDistribution *DelayDistribution `json:"delayDistribution,omitempty"`
	// ChunkedDribbleDelay sends the answer slowly.
	ChunkedDribbleDelay *ChunkedDribble `json:"chunkedDribbleDelay,omitempty"`
	// Fault is one of the Fault constants; empty for none.
	Fault string `json:"fault,omitempty"`
	// Token is one of the Token constants; empty for none.
	Token string `json:"token,omitempty"`
	// StaleRead shows dossiers, and the feed, as they were before their last change: a replica that lags.
	StaleRead bool `json:"staleRead,omitempty"`
	// Response replaces the answer when its status is set.
	Response FaultResponse `json:"response,omitzero"`
	// Struck counts how often it has struck.
	Struck int `json:"struck"`

	seen  int
	draws map[string]uint64
}

// DelayDistribution is a delay that is drawn from the seed, per person and operation.
type DelayDistribution struct {
	// Type is uniform (lower to upper), lognormal (median, sigma, at most maxValue) or fixed (milliseconds).
	Type         string  `json:"type"`
	Lower        float64 `json:"lower,omitempty"`
	Upper        float64 `json:"upper,omitempty"`
	Median       float64 `json:"median,omitempty"`
	Sigma        float64 `json:"sigma,omitempty"`
	MaxValue     float64 `json:"maxValue,omitempty"`
	Milliseconds float64 `json:"milliseconds,omitempty"`
}

// ChunkedDribble cuts an answer's body into pieces that go out evenly over a time in milliseconds.
type ChunkedDribble struct {
	NumberOfChunks int `json:"numberOfChunks"`
	TotalDuration  int `json:"totalDuration"`
}

// FaultMatch says which calls a fault is for; what is empty matches all.
type FaultMatch struct {
	OperationID string `json:"operationId,omitempty"`
	// NotOperationID is an operation that is spared.
	NotOperationID string `json:"notOperationId,omitempty"`
	Method         string `json:"method,omitempty"`
	// Route is a path template of the document, such as /mlp/v1/dossiers/{dossierId}; * stands for one part of it, at the end for all that follows.
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
	if !slices.Contains([]string{"", FaultReset, FaultEmpty, FaultChunk, FaultRandom, FaultLimitData, FaultMalformedBody}, f.Fault) {
		complain("fault: one of %s, %s, %s, %s, %s, %s", FaultReset, FaultEmpty, FaultChunk, FaultRandom, FaultLimitData, FaultMalformedBody)
	}
	if !slices.Contains([]string{"", TokenExpired, TokenWrong}, f.Token) {
		complain("token: %s or %s", TokenExpired, TokenWrong)
	}
	if f.Toxicity != nil && !(*f.Toxicity >= 0 && *f.Toxicity <= 1) {
		complain("toxicity: from 0 to 1")
	}
	if f.Times < 0 || f.Match.Nth < 0 || f.Response.RetryAfter < 0 {
		complain("times, match.nth and response.retryAfter: not negative")
	}
	if d, err := time.ParseDuration(cmp.Or(f.Duration, "1s")); err != nil || d <= 0 {
		complain("duration: a time such as 10m")
	}
	if f.Fault == "" && f.Response.Status == 0 && !f.delays() && f.Token == "" && !f.StaleRead {
		complain("it does nothing: give fault, response.status, fixedDelayMilliseconds, delayDistribution, chunkedDribbleDelay, token or staleRead")
	}
	errs = append(errs, f.checkDelays(), f.Response.check(), f.completeWhen())
	return errors.Join(errs...)
}

func (f *Fault) delays() bool {
	return f.FixedDelayMilliseconds != 0 || f.DelayDistribution != nil || f.ChunkedDribbleDelay != nil
}

func (f *Fault) checkDelays() error {
	most := float64(maxDelay.Milliseconds())
	within := func(ms float64) bool { return ms >= 0 && ms <= most }
	var errs []error
	if !within(float64(f.FixedDelayMilliseconds)) {
		errs = append(errs, fmt.Errorf("fixedDelayMilliseconds: from 0 to %.0f", most))
	}
	if d := f.ChunkedDribbleDelay; d != nil && (d.NumberOfChunks < 1 || d.NumberOfChunks > maxChunks || !within(float64(d.TotalDuration))) {
		errs = append(errs, fmt.Errorf("chunkedDribbleDelay: numberOfChunks from 1 to %d, totalDuration from 0 to %.0f", maxChunks, most))
	}
	d := f.DelayDistribution
	if d == nil {
		return errors.Join(errs...)
	}
	fits := map[string]bool{
		"fixed":     within(d.Milliseconds) && *d == DelayDistribution{Type: d.Type, Milliseconds: d.Milliseconds},
		"uniform":   within(d.Lower) && within(d.Upper) && d.Lower <= d.Upper && *d == DelayDistribution{Type: d.Type, Lower: d.Lower, Upper: d.Upper},
		"lognormal": d.Median > 0 && within(d.Median) && d.Sigma >= 0 && d.Sigma <= 10 && within(d.MaxValue) && d.Lower+d.Upper+d.Milliseconds == 0,
	}
	if !fits[d.Type] {
		errs = append(errs, errors.New("delayDistribution: a type with its own properties, in milliseconds of at most five minutes: "+
			"fixed (milliseconds), uniform (lower, upper) or lognormal (median, sigma up to 10, maxValue)"))
	}
	return errors.Join(errs...)
}

func (r FaultResponse) check() error {
	var errs []error
	if s := r.Status; s != 0 && (s < 200 || s > 599) {
		errs = append(errs, errors.New("response.status: from 200 to 599"))
	}
	if !slices.Contains([]string{"", "problem", "html", "gateway", "empty"}, r.Body) {
		errs = append(errs, errors.New("response.body: one of problem, html, gateway, empty"))
	}
	if !slices.Contains([]string{"", "seconds", "date", "body"}, r.RetryAfterForm) {
		errs = append(errs, errors.New("response.retryAfterForm: one of seconds, date, body"))
	}
	if r.RetryAfterForm == "body" && r.Body != "" && r.Body != "problem" {
		errs = append(errs, errors.New("response.retryAfterForm: only a problem has it in the body"))
	}
	if r.Problem != "" && problemTypeOf(r.Problem).status == 0 {
		errs = append(errs, errors.New("response.problem: not a problem type of the API"))
	}
	return errors.Join(errs...)
}

// completeWhen says when a fault strikes that doesn't say it itself. What cuts a body needs one: the mock's own, or the response's.
func (f *Fault) completeWhen() error {
	needsBody := (f.Fault == FaultLimitData || f.Fault == FaultMalformedBody) && f.Response.Status == 0
	switch {
	case f.When == "" && needsBody:
		f.When = AfterCommit
	case f.When == "":
		f.When = BeforeCommit
	case f.When == BeforeCommit && needsBody:
		return fmt.Errorf("when: %s has nothing to cut before the request is carried out", f.Fault)
	case f.When != BeforeCommit && f.When != AfterCommit:
		return errors.New("when: before or after")
	}
	return nil
}

// AddFault puts a fault behind the others and returns its id.
func (m *Mock) AddFault(f Fault) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addFault(f)
}

func (m *Mock) addFault(f Fault) (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	for _, op := range []string{f.Match.OperationID, f.Match.NotOperationID} {
		if op != "" && m.handlers[op] == nil {
			return "", errors.New("match.operationId, match.notOperationId: the document has no such operation")
		}
	}
	if method := f.Match.Method; method != "" && !slices.ContainsFunc(m.api.Operations(), func(op *mlp.Operation) bool { return strings.EqualFold(method, op.Method) }) {
		return "", errors.New("match.method: the document has no such method")
	}
	if r := f.Match.Route; r != "" && !slices.ContainsFunc(m.api.Operations(), func(op *mlp.Operation) bool { return routeMatches(r, op.Path) }) {
		return "", errors.New("match.route: the document has no such path")
	}
	f.EndsAt = nil
	if d, err := time.ParseDuration(f.Duration); err == nil {
		end := m.clock.now().Add(d)
		f.EndsAt = &end
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

// validUUID is for scenario files.
func validUUID(s string) bool { return uuid.Validate(s) == nil && len(s) == 36 }
