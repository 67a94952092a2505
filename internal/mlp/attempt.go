package mlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxBody is the largest answer that is read. A page of 100 dossiers stays far below.
const maxBody = 8 << 20

// usualBody is how much of an answer is made room for because it says that it has so much.
const usualBody = 16 << 10

// exchange is one call: one or more requests, one after the other, of which the last counts.
type exchange struct {
	op      operation
	traceID string
	tried   bool
	at      time.Time
	last    outcome
	verdict *Error
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// RequestEvent is one request that left, or tried to.
type RequestEvent struct {
	Operation string
	Status    int
	Failure   string // empty when an answer came
	TraceID   string
	Duration  time.Duration
}

type counterKey struct{}

// WithRequestCount counts every request that leaves under the context, repeated ones and
// those for a token included.
func WithRequestCount(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, counterKey{}, n)
}

// attempts is the http.RoundTripper under the retries. Each request passes the gate, gets its
// own time limit, and is read to its end here, so that breaker and retries judge by
// the whole answer.
type attempts struct {
	gate    *Gate
	base    http.RoundTripper
	timeout time.Duration
	now     func() time.Time
	hook    func(RequestEvent)
	reached func(point string) // nil except in the self-test
}

// errNoAnswer stands for every failure: what it was is in the exchange, and the text of
// net/http's errors holds the URL.
var errNoAnswer = errors.New("mlp: no answer")

// RoundTrip implements http.RoundTripper.
func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	if x == nil {
		closeBody(req)
		return nil, errors.New("mlp: request without an exchange")
	}
	done, refused := a.gate.enter(req.Context())
	if refused != failNone {
		closeBody(req)
		return a.conclude(x, req, outcome{op: x.op, failure: refused})
	}
	if n, ok := req.Context().Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	start := time.Now()
	o := a.exchange(x.op, req)
	done(healthOf(o))
	if a.hook != nil {
		a.hook(RequestEvent{Operation: x.op.id, Status: o.status, Failure: string(o.failure), TraceID: x.traceID, Duration: time.Since(start)})
	}
	return a.conclude(x, req, o)
}

func healthOf(o outcome) health {
	switch {
	case o.failure == failCancelled:
		return healthUnknown
	case o.healthy():
		return healthGood
	}
	return healthBad
}

// conclude judges the outcome and hands it on in the form that net/http wants.
func (a *attempts) conclude(x *exchange, req *http.Request, o outcome) (*http.Response, error) {
	x.tried, x.at, x.last = true, a.now(), o
	x.verdict = classify(o, x.at)
	if x.verdict != nil {
		x.verdict.TraceID = x.traceID
		if o.failure == failBreaker {
			x.verdict.RetryAfter = a.gate.shutFor()
		}
	}
	if o.failure != failNone {
		return nil, errNoAnswer
	}
	return &http.Response{
		Status: http.StatusText(o.status), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: o.header, Body: io.NopCloser(bytes.NewReader(o.body)), ContentLength: int64(len(o.body)), Request: req,
	}, nil
}

// exchange sends one request and reads its answer.
func (a *attempts) exchange(op operation, req *http.Request) outcome {
	parent := req.Context()
	ctx, cancel := context.WithTimeout(parent, a.timeout)
	defer cancel()
	var line connection
	a.pass(op, beforeSend)
	out := req.WithContext(httptrace.WithClientTrace(ctx, line.trace(func() { a.pass(op, afterSend) })))
	if op.write {
		// Without it net/http can't send the body a second time by itself, which it does
		// for a request with an Idempotency-Key on a connection that broke.
		out.GetBody = nil
	}
	o := outcome{op: op, sent: true}
	resp, err := a.base.RoundTrip(out)
	if err != nil {
		o.failure = failureOf(parent, ctx, err)
		if line.neverMade(err) {
			o.sent = false
			o.failure = unmade(o.failure, err)
		}
		return o
	}
	o.status, o.header = resp.StatusCode, resp.Header
	o.body, o.failure = readBody(parent, ctx, resp)
	a.pass(op, answered)
	if o.failure == failNone {
		o.form, o.problem = formOf(o.status, resp.Header.Get("Content-Type"), o.body)
	}
	return o
}

// Points are the failpoints around a request.
func Points() []string {
	var points []string
	for _, kind := range []string{readPoints, writePoints} {
		points = append(points, kind+beforeSend, kind+afterSend, kind+answered)
	}
	return points
}

const (
	readPoints, writePoints         = "read.", "write."
	beforeSend, afterSend, answered = "before-send", "after-send", "answered"
)

// pass tells the self-test, where there is one, how far a request has come.
func (a *attempts) pass(op operation, point string) {
	if a.reached == nil {
		return
	}
	kind := readPoints
	if op.write {
		kind = writePoints
	}
	a.reached(kind + point)
}

func readBody(parent, ctx context.Context, resp *http.Response) ([]byte, failure) {
	defer resp.Body.Close()
	var text bytes.Buffer
	if resp.ContentLength > 0 {
		text.Grow(int(min(resp.ContentLength, usualBody)) + bytes.MinRead) // it looks for the end with that much of room
	}
	_, err := text.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	body := text.Bytes()
	switch {
	case err != nil:
		if f := failureOf(parent, ctx, err); f != failReset {
			return nil, f
		}
		return nil, failTruncated
	case len(body) > maxBody:
		return nil, failTooLarge
	}
	return body, failNone
}

// failureOf tells a request that its caller gave up from one that took too long and from one that
// broke.
func failureOf(parent, ctx context.Context, err error) failure {
	var netErr net.Error
	switch {
	case parent.Err() != nil:
		return failCancelled
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		return failTimeout
	}
	return failReset
}

// unmade names the failure of a request whose connection was never made.
func unmade(f failure, err error) failure {
	if f == failCancelled {
		return f
	}
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &cert) || errors.As(err, &authority) {
		return failCertificate
	}
	return failNoConnection
}

// connection follows whether a request got a connection. The hooks run on net/http's
// goroutines.
type connection struct{ asked, got atomic.Bool }

func (c *connection) trace(sent func()) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { c.asked.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { c.got.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { sent() },
	}
}

// neverMade tells that certainly no byte left. A RoundTripper that knows no traces proves it
// by its error only; anything less may have been sent.
func (c *connection) neverMade(err error) bool {
	if c.asked.Load() {
		return !c.got.Load()
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
