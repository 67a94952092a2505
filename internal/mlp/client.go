package mlp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"
	fast "github.com/segmentio/encoding/json"

	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

const (
	headerTrace = "BelGov-Trace-Id"
	userAgent   = "mlpsync"
	// Short retries: the long ones are the outbox's (design decision 16).
	maxRepeats = 2
	minWait    = 250 * time.Millisecond
	maxWait    = 5 * time.Second
)

// Options configure a Client.
type Options struct {
	// BaseURL is where the API stands, version included: https://host/mlp/v1. TokenURL is the
	// token endpoint.
	BaseURL, TokenURL string
	// PlainHTTP allows http:// off loopback: environment test only (design decision 23).
	PlainHTTP bool

	// ClientID and ClientSecret are the OAuth2 client's; the secret is asked for at each
	// fetch of a token, so that it can be changed meanwhile. SecretInForm sends both in the form
	// in place of HTTP Basic.
	ClientID     string
	ClientSecret func() (string, error)
	SecretInForm bool
	Scopes       []string
	// APIKey is sent as X-IBM-Client-Id.
	APIKey func() (string, error)
	// Authenticator takes the place of client credentials with a secret; nil for those.
	Authenticator Authenticator

	// CAFile is a PEM file of authorities beside the system's. Proxy is a URL; empty for none, the
	// environment's variables are not read.
	CAFile, Proxy     string
	ClientCertificate *tls.Certificate
	// Transport takes the place of all of the above about connections; for tests.
	Transport http.RoundTripper

	// Timeout limits one request, its answer read; 30 s by default.
	Timeout time.Duration
	// Gate is shared by the clients of one endpoint; nil for one of its own.
	Gate *Gate
	// API is the compiled document; nil to compile it.
	API *schema.API

	// Now dates Retry-After; time.Now by default. NewID makes trace ids. Rand, in [0, 1), spreads
	// the waits between short retries.
	Now   func() time.Time
	NewID func() string
	Rand  func() float64
	// OnRequest is told of each request; it must not block.
	OnRequest func(RequestEvent)
	// Reached is told of each point around a request, for the self-test that kills there; nil in
	// the program that ships.
	Reached func(point string)
}

// Client speaks with MLP for one OCMW.
type Client struct {
	base   string
	apiKey func() (string, error)
	auth   Authenticator
	gate   *Gate
	api    *schema.API
	retry  *retryablehttp.Client
	idle   http.RoundTripper
	newID  func() string
	rand   func() float64
}

// New makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	base, err := checkURL("baseUrl", o.BaseURL, o.PlainHTTP)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	tripper := &attempts{gate: o.Gate, base: transport, timeout: o.Timeout, now: o.Now, hook: o.OnRequest, reached: o.Reached}
	c := &Client{
		base: strings.TrimSuffix(base.String(), "/"), apiKey: o.APIKey, auth: o.Authenticator,
		gate: o.Gate, api: o.API, idle: transport, newID: o.NewID, rand: o.Rand,
	}
	c.retry = &retryablehttp.Client{
		HTTPClient: &http.Client{Transport: tripper, CheckRedirect: noRedirect}, RetryMax: maxRepeats, RetryWaitMin: minWait, RetryWaitMax: maxWait,
		CheckRetry: checkRetry, Backoff: c.wait, ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if c.auth != nil {
		return c, nil
	}
	tokenURL, err := checkURL("tokenUrl", o.TokenURL, o.PlainHTTP)
	if err != nil {
		return nil, err
	}
	c.auth = &clientCredentials{
		tokenURL: tokenURL.String(), clientID: o.ClientID, secret: o.ClientSecret, scopes: o.Scopes, inForm: o.SecretInForm,
		http: &http.Client{Transport: headers{tripper}, CheckRedirect: noRedirect}, newID: o.NewID, slot: make(chan struct{}, 1),
	}
	return c, nil
}

func (o *Options) complete() error {
	if o.Authenticator == nil && (o.ClientID == "" || o.ClientSecret == nil) {
		return errors.New("client id and secret are needed to get a token")
	}
	if o.APIKey == nil {
		o.APIKey = func() (string, error) { return "", nil }
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Gate == nil {
		o.Gate = NewGate(GateOptions{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.API != nil {
		return nil
	}
	api, err := schema.Load()
	if err != nil {
		return fmt.Errorf("compile the API's document: %w", err)
	}
	o.API = api
	return nil
}

// Close closes idle connections.
func (c *Client) Close() {
	if t, ok := c.idle.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Breaker is the state of the circuit breaker and since when.
func (c *Client) Breaker() (state string, since time.Time) { return c.gate.State() }

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checkRetry goes by the verdict that stands already. A wait that is longer than a short
// retry's is left to the caller: a worker must not sleep for ten minutes.
func checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	x := exchangeOf(ctx)
	if ctx.Err() != nil || x == nil || x.verdict == nil {
		return false, nil
	}
	return x.verdict.retry && x.verdict.RetryAfter <= maxWait, nil
}

// wait is the pause before a short retry: what the answer asks for, else exponential with
// full jitter.
func (c *Client) wait(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil && resp.Request != nil {
		if x := exchangeOf(resp.Request.Context()); x != nil && x.verdict != nil && x.verdict.RetryAfter > 0 {
			return min(x.verdict.RetryAfter, longest)
		}
	}
	ceiling := min(shortest<<min(attempt+1, 8), longest)
	return shortest + time.Duration(c.rand()*float64(ceiling-shortest))
}

// request is a call before it is sent.
type request struct {
	op     operation
	method string
	path   string // below the base, escaped
	query  url.Values
	header http.Header
	body   []byte
	// media is the body's content type; application/json by default.
	media string
}

// call sends a request, with a token, repeated where that is safe, and returns the answer that
// is to be read. Its error is an *Error.
func (c *Client) call(ctx context.Context, r request) (*exchange, error) {
	traceID := c.newID()
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(headerTrace, traceID)
	if err := c.validate(r, traceID); err != nil {
		return nil, err
	}
	x, token, err := c.try(ctx, r, traceID)
	if err == nil && x.verdict != nil && x.verdict.Verdict == VerdictAuthentication && x.last.status == http.StatusUnauthorized {
		// A token can end before its time: renewed once.
		c.auth.Renew(token)
		x, _, err = c.try(ctx, r, traceID)
	}
	switch {
	case err != nil:
		return nil, err
	case x.verdict != nil:
		return nil, x.verdict
	}
	return x, nil
}

// try sends a request under one token.
func (c *Client) try(ctx context.Context, r request, traceID string) (*exchange, string, error) {
	if ctx.Err() != nil {
		return nil, "", c.unsent(r, traceID, failCancelled)
	}
	token, err := c.auth.Token(ctx)
	if err != nil {
		return nil, "", err
	}
	key, err := c.apiKey()
	if err != nil {
		e := &Error{Operation: r.op.id, Verdict: VerdictAuthentication, Type: "secretUnreadable", TraceID: traceID}
		e.Title, e.Next = "the API key can't be read", "check where the configuration says that the API key is"
		return nil, "", e
	}
	x := &exchange{op: r.op, traceID: traceID}
	req, err := c.httpRequest(withExchange(ctx, x), r)
	if err != nil {
		return nil, "", c.unsent(r, traceID, failNoConnection)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		req.Header.Set("X-IBM-Client-Id", key)
	}
	resp, err := c.retry.Do(req)
	if err == nil {
		_ = resp.Body.Close() // in memory already
	}
	if !x.tried {
		return nil, "", c.unsent(r, traceID, failNoConnection)
	}
	return x, token, nil
}

func (c *Client) httpRequest(ctx context.Context, r request) (*retryablehttp.Request, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body any
	if r.body != nil {
		body = r.body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.body != nil {
		req.Header.Set("Content-Type", r.contentType())
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

func (r request) contentType() string {
	if r.media != "" {
		return r.media
	}
	return "application/json"
}

func (c *Client) unsent(r request, traceID string, f failure) *Error {
	e := classify(outcome{op: r.op, failure: f}, time.Time{})
	e.TraceID = traceID
	return e
}

// validate holds a request against the document before it leaves: what the document
// refuses is parked with its pointers, and never sent.
func (c *Client) validate(r request, traceID string) error {
	op, known := c.api.Operation(r.op.id)
	if !known {
		return fmt.Errorf("operation %s is not in the API's document", r.op.id)
	}
	params, _ := op.Match(documentPath(op.Path) + r.path)
	var body any
	if r.body != nil {
		if err := fast.Unmarshal(r.body, &body); err != nil { // encoding/json wrote it a moment ago
			return c.invalid(r, traceID, nil)
		}
	}
	violations := op.ValidateRequest(params, r.query, r.header, body)
	if len(violations) == 0 {
		return nil
	}
	return c.invalid(r, traceID, violations)
}

// documentPath is the base under which the document has its paths, up to and including the
// version.
func documentPath(template string) string {
	parts := strings.SplitN(template, "/", 4)
	if len(parts) < 4 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

func (c *Client) invalid(r request, traceID string, violations []schema.Violation) *Error {
	e := &Error{Operation: r.op.id, Verdict: VerdictPermanent, Type: typeInvalidLocal, TraceID: traceID}
	for _, v := range violations {
		e.Pointers = append(e.Pointers, v.Name)
	}
	e.Title, e.Next = words(e)
	return e
}
