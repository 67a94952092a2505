package mlp

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const opToken = "createToken"

// AuthenticationRetry is how long a client that MLP does not admit is left alone: one token is tried every 5 minutes (design decision 17).
const AuthenticationRetry = 5 * time.Minute

// Authenticator gives the access token that requests carry. Another one than client
// credentials with a secret (private_key_jwt, as ACM has it) takes its place in Options.
type Authenticator interface {
	// Token is the token to use now. Its error is an *Error.
	Token(ctx context.Context) (string, error)
	// Renew forgets a token that was refused, so that the next Token is another one.
	Renew(refused string)
}

// clientCredentials is OAuth2's client credentials grant (RFC 6749 section 4.4) with a
// secret. A token serves until shortly before it expires; one fetch at a time.
type clientCredentials struct {
	tokenURL string
	clientID string
	secret   func() (string, error)
	scopes   []string
	inForm   bool
	http     *http.Client
	newID    func() string

	slot  chan struct{} // holds the right to fetch; a mutex that a context can leave
	mu    sync.Mutex
	token *oauth2.Token
}

// Token implements Authenticator.
func (c *clientCredentials) Token(ctx context.Context) (string, error) {
	if t := c.current(); t != "" {
		return t, nil
	}
	select {
	case c.slot <- struct{}{}:
		defer func() { <-c.slot }()
	case <-ctx.Done():
		return "", tokenError(&exchange{last: outcome{failure: failCancelled}})
	}
	if t := c.current(); t != "" {
		return t, nil
	}
	return c.fetch(ctx)
}

// Renew implements Authenticator.
func (c *clientCredentials) Renew(refused string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != nil && c.token.AccessToken == refused {
		c.token = nil
	}
}

func (c *clientCredentials) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.token.Valid() {
		return ""
	}
	return c.token.AccessToken
}

func (c *clientCredentials) fetch(ctx context.Context) (string, error) {
	secret, err := c.secret()
	if err != nil {
		e := &Error{Operation: opToken, Verdict: VerdictAuthentication, Type: "secretUnreadable"}
		e.Title, e.Next = "the client's secret can't be read", "check where the configuration says that the secret is"
		return "", e
	}
	x := &exchange{op: operation{id: opToken}, traceID: c.newID()}
	config := clientcredentials.Config{
		ClientID: c.clientID, ClientSecret: secret, TokenURL: c.tokenURL, Scopes: c.scopes,
		// Said, as the library else finds out by trying: a wrong secret would count twice.
		AuthStyle: oauth2.AuthStyleInHeader,
	}
	if c.inForm {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	t, err := config.Token(context.WithValue(withExchange(ctx, x), oauth2.HTTPClient, c.http))
	if err != nil {
		// The library's text holds URL and body: what happened is in the exchange.
		return "", tokenError(x)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = t
	return t.AccessToken, nil
}

// tokenError judges what the token endpoint answered. Only its own refusal (RFC 6749 section
// 5.2) speaks of the client; anything else is a channel that does not work now, for as long as
// the endpoint, or the open breaker, says.
func tokenError(x *exchange) *Error {
	o := x.last
	e := &Error{Operation: opToken, Status: o.status, TraceID: x.traceID, Verdict: VerdictNotSent, Type: string(o.failure)}
	if x.verdict != nil {
		e.RetryAfter = x.verdict.RetryAfter
	}
	refused := o.status == 400 || o.status == 401 || o.status == 403
	switch {
	case o.failure == failCancelled:
		e.cancelled = true
	case o.failure == failNone && refused && o.form != formOther && o.form != formEmpty:
		e.Verdict, e.Type = VerdictAuthentication, "clientRefused"
	case o.failure == failNone:
		e.Type = string(failToken)
	}
	e.Type = cmp.Or(e.Type, string(failToken))
	e.Title, e.Next = words(e)
	return e
}

// headers adds to a request for a token what every other carries too, on its way out: a library makes it.
type headers struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (h headers) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	if x := exchangeOf(req.Context()); x != nil {
		out.Header.Set(headerTrace, x.traceID)
	}
	out.Header.Set("User-Agent", userAgent)
	return h.base.RoundTrip(out)
}
