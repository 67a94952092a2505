package mockmlp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenLife is what is public of VDAB's gateway.
const tokenLife = 900 * time.Second

const (
	scopeRead  = "mlp:dossier:read"
	scopeWrite = "mlp:dossier:write"
)

// grant is what a token says. The token carries it, signed, so that a restart of the mock doesn't end sessions.
type grant struct {
	ClientID string   `json:"c"`
	Scopes   []string `json:"s"`
	Expires  int64    `json:"e"`
	Number   string   `json:"n"`
}

// createToken answers POST /oauth2/token as RFC 6749 section 4.4 and 5 say.
func (m *Mock) createToken(c *call) answer {
	form, _ := c.value.(map[string]any)
	id, secret, code := credentials(c.r, form)
	if code != "" {
		return tokenError(http.StatusBadRequest, code)
	}
	client := m.scenario.clientByID(id)
	if client == nil || subtle.ConstantTimeCompare([]byte(client.ClientSecret), []byte(secret)) != 1 {
		a := tokenError(http.StatusUnauthorized, "invalid_client")
		a.header.Set("WWW-Authenticate", `Basic realm="mlp"`)
		return a
	}
	c.client = client
	switch form["grant_type"] {
	case "client_credentials":
	case nil:
		return tokenError(http.StatusBadRequest, "invalid_request")
	default:
		return tokenError(http.StatusBadRequest, "unsupported_grant_type")
	}
	scopes := client.Scopes
	if asked, _ := form["scope"].(string); asked != "" {
		if scopes = strings.Fields(asked); len(scopes) == 0 {
			return tokenError(http.StatusBadRequest, "invalid_scope")
		}
		for _, s := range scopes {
			if !slices.Contains(client.Scopes, s) {
				return tokenError(http.StatusBadRequest, "invalid_scope")
			}
		}
	}
	token := m.sign(grant{ClientID: id, Scopes: scopes, Expires: m.clock.now().Add(tokenLife).UnixMilli(), Number: c.number})
	a := ok(http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int64(tokenLife / time.Second), "scope": strings.Join(scopes, " "),
	})
	a.header.Set("Cache-Control", "no-store")
	return a
}

func tokenError(status int, code string) answer {
	a := ok(status, map[string]any{"error": code})
	a.problem = code
	return a
}

// credentials come by HTTP Basic (form-encoded inside, RFC 6749 section 2.3.1) or in the form, not both.
func credentials(r *http.Request, form map[string]any) (id, secret, code string) {
	if user, pass, basic := r.BasicAuth(); basic {
		if _, both := form["client_secret"]; both {
			return "", "", "invalid_request"
		}
		return formDecoded(user), formDecoded(pass), ""
	}
	id, _ = form["client_id"].(string)
	secret, _ = form["client_secret"].(string)
	return id, secret, ""
}

func formDecoded(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

func (m *Mock) sign(g grant) string {
	payload, err := json.Marshal(g)
	if err != nil {
		return ""
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(m.mac(text))
}

func (m *Mock) mac(text string) []byte {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], m.opts.Seed)
	h := hmac.New(sha256.New, append([]byte("mockmlp token "), key[:]...))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// verify reads a token. One that was genuine before is so again: the seed, and so the key, never changes. It is called with the lock held.
func (m *Mock) verify(token string) (grant, bool) {
	if g, known := m.genuine[token]; known {
		return g, true
	}
	g, genuine := m.readToken(token)
	if genuine && len(m.genuine) < 1000 {
		m.genuine[token] = g
	}
	return g, genuine
}

func (m *Mock) readToken(token string) (grant, bool) {
	text, sig, found := strings.Cut(token, ".")
	mac, err := base64.RawURLEncoding.DecodeString(sig)
	if !found || err != nil || !hmac.Equal(mac, m.mac(text)) {
		return grant{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return grant{}, false
	}
	var g grant
	return g, json.Unmarshal(payload, &g) == nil
}

// authenticate finds the client of a request, or the problem that it gets.
func (m *Mock) authenticate(c *call) (answer, bool) {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return m.unauthorized("noAccessToken"), false
	}
	g, genuine := m.verify(strings.TrimSpace(token))
	client := m.scenario.clientByID(g.ClientID)
	if !genuine || client == nil {
		return m.unauthorized("invalidAccessToken"), false
	}
	if !m.clock.now().Before(time.UnixMilli(g.Expires)) {
		return m.unauthorized("expiredAccessToken"), false
	}
	if key := c.r.Header.Get("X-IBM-Client-Id"); subtle.ConstantTimeCompare([]byte(key), []byte(client.APIKey)) != 1 {
		return m.unauthorized("invalidClientId"), false
	}
	c.client = client
	for _, scope := range c.op.Scopes {
		if !slices.Contains(g.Scopes, scope) {
			return m.problem("missingScope", ""), false
		}
	}
	return answer{}, true
}

func (m *Mock) unauthorized(name string) answer {
	a := m.problem(name, "")
	a.header.Set("WWW-Authenticate", `Bearer realm="mlp"`)
	return a
}

// rateWindow counts the calls of a client to an operation in one minute of the wall clock.
type rateWindow struct {
	start time.Time
	calls int
}

// overRate counts the call, and says how many whole seconds are left when it is one too many.
func (m *Mock) overRate(c *call) (wait int, over bool) {
	if m.opts.RatePerMinute < 0 {
		return 0, false
	}
	key, now := c.clientID()+"|"+c.op.ID, m.opts.Now()
	w := m.rates[key]
	if now.Sub(w.start) >= time.Minute || now.Before(w.start) {
		w = rateWindow{start: now}
	}
	w.calls++
	m.rates[key] = w
	if w.calls <= m.opts.RatePerMinute {
		return 0, false
	}
	return int((w.start.Add(time.Minute).Sub(now) + time.Second - 1) / time.Second), true
}
