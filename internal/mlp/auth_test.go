package mlp

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

// authServer is a token endpoint and an API that takes the last token given.
type authServer struct {
	mu      sync.Mutex
	fetched int
	calls   int
	secret  string
}

func (s *authServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/oauth2/token" {
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		}
		if id != "c" || secret != s.secret {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s"}`, testINSZ)
			return
		}
		s.fetched++
		writeJSON(w, 200, nil, map[string]any{"access_token": fmt.Sprintf("t%d", s.fetched), "token_type": "Bearer", "expires_in": 900})
		return
	}
	s.calls++
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", s.fetched) || r.Header.Get("X-IBM-Client-Id") != "key" {
		problemOf(401, "urn:problem-type:belgif:invalidAccessToken", nil)(w, r)
		return
	}
	working(w, r)
}

func (s *authServer) client(t *testing.T, api *schema.API, secret func() (string, error), inForm bool) *Client {
	return newClient(t, Options{
		API: api, Transport: handlerTripper(s), TokenURL: "https://mlp.invalid/oauth2/token",
		ClientID: "c", ClientSecret: secret, SecretInForm: inForm, APIKey: func() (string, error) { return "key", nil },
	})
}

func TestATokenIsReusedUntilItEnds(t *testing.T) {
	api := compiled(t)
	for _, inForm := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &authServer{secret: "s"}
			c := s.client(t, api, func() (string, error) { return "s", nil }, inForm)
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := c.Dossier(t.Context(), dossierID); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if s.fetched != 1 || s.calls != 20 {
				t.Errorf("%d tokens, %d calls", s.fetched, s.calls)
			}
			pass(895 * time.Second)
			if _, err := c.Dossier(t.Context(), dossierID); err != nil || s.fetched != 2 {
				t.Errorf("%v, %d tokens: one that is about to end is not used", err, s.fetched)
			}
		})
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	s := &authServer{secret: "s"}
	c := s.client(t, compiled(t), func() (string, error) { return "s", nil }, false)
	if err := c.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.fetched++ // the server forgot the token
	if _, err := c.Send(t.Context(), putCategory()); err != nil {
		t.Fatal(err)
	}
	if s.calls != 2 {
		t.Errorf("%d calls, want the refused one and the repeated one", s.calls)
	}
}

func TestAWrongSecretIsSaidAndCanBeChanged(t *testing.T) {
	s := &authServer{secret: "new"}
	secret := "old"
	c := s.client(t, compiled(t), func() (string, error) { return secret, nil }, false)
	_, err := c.Dossier(t.Context(), dossierID)
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrAuthentication) || s.calls != 0 {
		t.Fatalf("%v, %d calls", err, s.calls)
	}
	holdSilence(t, e)
	secret = "new"
	if _, err := c.Dossier(t.Context(), dossierID); err != nil {
		t.Error(err)
	}
}

func TestAnUnreadableSecretIsAuthentication(t *testing.T) {
	s := &authServer{secret: "s"}
	c := s.client(t, compiled(t), func() (string, error) { return "", errors.New("open /etc/Peeters: denied") }, false)
	err := c.Authenticate(t.Context())
	if !errors.Is(err, ErrAuthentication) || strings.Contains(err.Error(), "Peeters") {
		t.Errorf("got %v", err)
	}
}

func TestEveryRequestCarriesATraceID(t *testing.T) {
	var missing, seen atomic.Int64
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.Header.Get("BelGov-Trace-Id") == "" {
			missing.Add(1)
		}
		if r.URL.Path == "/oauth2/token" {
			writeJSON(w, 200, nil, map[string]any{"access_token": "t", "token_type": "Bearer", "expires_in": 900})
			return
		}
		working(w, r)
	})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	var events atomic.Int64
	c := newClient(t, Options{
		BaseURL: s.URL + "/mlp/v1", TokenURL: s.URL + "/oauth2/token", ClientID: "c",
		ClientSecret: func() (string, error) { return "s", nil }, OnRequest: func(RequestEvent) { events.Add(1) },
	})
	var n atomic.Int64
	a, err := c.Send(WithRequestCount(t.Context(), &n), putCategory())
	if err != nil || a.TraceID == "" || missing.Load() != 0 || seen.Load() != 2 {
		t.Errorf("%v, %+v, %d of %d without", err, a, missing.Load(), seen.Load())
	}
	if n.Load() != 2 || events.Load() != 2 {
		t.Errorf("%d counted, %d told", n.Load(), events.Load())
	}
}

func TestURLsOfTheConfiguration(t *testing.T) {
	for _, tt := range []struct {
		url   string
		plain bool
		ok    bool
	}{
		{"https://host/mlp/v1", false, true},
		{"http://127.0.0.1:8380/mlp/v1", false, true},
		{"http://localhost/mlp/v1", false, true},
		{"http://host/mlp/v1", false, false},
		{"http://host/mlp/v1", true, true},
		{"ftp://host/x", true, false},
		{"https://user:pw@host/x", false, false},
		{"https://host/x?key=1", false, false},
		{"", false, false},
	} {
		if _, err := checkURL("baseUrl", tt.url, tt.plain); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.url, err)
		}
	}
}

// What failed for want of a token waits as long as the breaker is open, not for nothing.
func TestWithoutATokenTheWaitIsTheChannels(t *testing.T) {
	api := compiled(t)
	synctest.Test(t, func(t *testing.T) {
		gate := NewGate(GateOptions{Failures: 2, PerSecond: 1e6, Burst: 100})
		busy := status(503, "application/json", `{"error":"temporarily_unavailable"}`)
		c := newClient(t, Options{
			API: api, Gate: gate, TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "c",
			ClientSecret: func() (string, error) { return "s", nil },
			Transport: handlerTripper(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", "120")
				busy(w, r)
			})),
		})
		wait := func() time.Duration {
			var e *Error
			if _, err := c.Dossier(t.Context(), dossierID); !errors.As(err, &e) || e.Operation != opToken || e.Verdict != VerdictNotSent {
				t.Fatalf("got %v", err)
			}
			return e.RetryAfter
		}
		for range 2 {
			if got := wait(); got != 120*time.Second {
				t.Errorf("the token endpoint asks to wait 2 minutes, got %s", got)
			}
		}
		if got := wait(); got < 29*time.Second || got > 31*time.Second {
			t.Errorf("the breaker is open for 30 s, got %s", got)
		}
	})
}

// A token endpoint that works and gives none is told from one that fails, which is the breaker's, and from one that refuses the client.
func TestWhatATokenEndpointWithoutATokenSays(t *testing.T) {
	api := compiled(t)
	for _, tt := range []struct {
		status     int
		body       string
		none, auth bool
	}{
		{429, `{"error":"slow_down"}`, true, false},
		{404, `{"error":"not_found"}`, true, false},
		{200, `{"login":"required"}`, true, false},
		{200, `{"access_token":"t","token_type":"Bearer","expires_in":"soon"}`, true, false},
		{503, `{"error":"temporarily_unavailable"}`, false, false},
		{401, `{"error":"invalid_client"}`, false, true},
	} {
		c := newClient(t, Options{
			API: api, TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "c", ClientSecret: func() (string, error) { return "s", nil },
			Transport: handlerTripper(status(tt.status, "application/json", tt.body)),
		})
		err := c.Authenticate(t.Context())
		if errors.Is(err, ErrNoToken) != tt.none || errors.Is(err, ErrAuthentication) != tt.auth || err == nil {
			t.Errorf("%d %s: %v", tt.status, tt.body, err)
		}
	}
}
