package conformance

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// reading are the statements that change nothing.
func reading() []statement {
	return slices.Concat(admission(), requests(), dossiers(), feed(), referenceData())
}

func admission() []statement {
	return []statement{
		{"health", "GET /health needs no token, and says UP or DEGRADED", func(t *testing.T, s *session) {
			a := s.do(t, call{method: "GET", path: "/health", headers: []string{"Authorization: ", "X-IBM-Client-Id: "}})
			if status := a.text("status"); a.status != http.StatusOK || status != "UP" && status != "DEGRADED" {
				t.Errorf("answer %d %q", a.status, status)
			}
		}},
		{"token", "a token is a Bearer token and lives 900 seconds", func(t *testing.T, s *session) {
			a := s.login(t, s.Secret, "")
			if a.status != http.StatusOK || !strings.EqualFold(a.text("token_type"), "Bearer") || a.body["expires_in"] != 900.0 {
				t.Errorf("answer %d, type %q, expires_in %v", a.status, a.text("token_type"), a.body["expires_in"])
			}
		}},
		{"token/refused", "a wrong secret is RFC 6749's invalid_client", func(t *testing.T, s *session) {
			if a := s.login(t, "not-"+s.Secret, ""); a.status != http.StatusUnauthorized || a.text("error") != "invalid_client" {
				t.Errorf("answer %d %q", a.status, a.text("error"))
			}
		}},
		{"noAccessToken", "a request without a token is a 401 noAccessToken", refusal(call{method: "GET", path: "/changes", headers: []string{"Authorization: "}}, 401, "noAccessToken")},
		{"invalidAccessToken", "a token that the server didn't give is a 401 invalidAccessToken", refusal(call{method: "GET", path: "/changes", headers: []string{"Authorization: Bearer not-a-token"}}, 401, "invalidAccessToken")},
		{"invalidClientId", "a request without the right X-IBM-Client-Id is a 401 invalidClientId", refusal(call{method: "GET", path: "/changes", headers: []string{"X-IBM-Client-Id: not-a-key"}}, 401, "invalidClientId")},
		{"missingScope", "a token without the operation's scope is a 403 missingScope", func(t *testing.T, s *session) {
			limited := s.login(t, s.Secret, "mlp:dossier:write").text("access_token")
			refused(t, s.do(t, call{method: "GET", path: "/changes", headers: []string{"Authorization: Bearer " + limited}}), 403, "missingScope")
		}},
		{"area", "a dossier outside the client's area is a 403 missingPermission", func(t *testing.T, s *session) {
			if s.ForeignDossierID == "" {
				t.Skip("needs the id of a dossier outside the area")
			}
			refused(t, s.do(t, call{method: "GET", path: "/dossiers/" + s.ForeignDossierID}), 403, "missingPermission")
		}},
	}
}

// refusal is a check that a request gets a problem.
func refusal(c call, status int, problem string) func(*testing.T, *session) {
	return func(t *testing.T, s *session) {
		t.Helper()
		refused(t, s.do(t, c), status, problem)
	}
}

// refusedFor is a check that a request gets a 400 with an issue.
func refusedFor(c call, issue string) func(*testing.T, *session) {
	return func(t *testing.T, s *session) {
		t.Helper()
		a := s.do(t, c)
		refused(t, a, 400, "badRequest")
		if !slices.Contains(a.issues(), issue) {
			t.Errorf("issues %v, want %s", a.issues(), issue)
		}
	}
}

func requests() []statement {
	return []statement{
		{"trace/echoed", "an answer carries the request's BelGov-Trace-Id", func(t *testing.T, s *session) {
			id := newID()
			if a := s.do(t, call{method: "GET", path: "/changes", headers: []string{"BelGov-Trace-Id: " + id}}); a.header.Get("BelGov-Trace-Id") != id {
				t.Error("another trace id came back")
			}
		}},
		{"trace/made", "a server makes a BelGov-Trace-Id where the request has none, another for each", func(t *testing.T, s *session) {
			first, second := s.do(t, call{method: "GET", path: "/changes"}), s.do(t, call{method: "GET", path: "/changes"})
			if one, other := first.header.Get("BelGov-Trace-Id"), second.header.Get("BelGov-Trace-Id"); one == "" || one == other {
				t.Error("no trace id, or twice the same")
			}
		}},
		{"unknownInput/query", "a query parameter that the document doesn't have is a 400 unknownInput", refusedFor(call{method: "GET", path: "/changes?since=1"}, "unknownInput")},
		{"unknownInput/body", "a property that the document doesn't have is a 400 unknownInput", func(t *testing.T, s *session) {
			refusedFor(call{method: "POST", path: "/dossiers/query", body: `{"ssins":["` + s.SSIN + `"],"exact":true}`}, "unknownInput")(t, s)
		}},
		{"unknownHeader", "a header that the document doesn't have is accepted", func(t *testing.T, s *session) {
			if a := s.do(t, call{method: "GET", path: "/changes", headers: []string{"X-Unheard-Of: x"}}); a.status != http.StatusOK {
				t.Errorf("answer %d", a.status)
			}
		}},
		{"schemaViolation", "a body that isn't as the schema says is a 400 schemaViolation", refusedFor(call{method: "POST", path: "/dossiers/query", body: `{"ssins":[]}`}, "schemaViolation")},
		{"noJSON", "a body that is no JSON is a 400 schemaViolation", refusedFor(call{method: "POST", path: "/dossiers/query", body: `{`}, "schemaViolation")},
		{"mediaType", "another content type is a 415 unsupportedMediaType", refusal(call{method: "POST", path: "/dossiers/query", body: `{}`, headers: []string{"Content-Type: text/plain"}}, 415, "unsupportedMediaType")},
		{"size", "a body over 1 MiB is a 413 payloadTooLarge", refusal(call{method: "POST", path: "/dossiers/query", body: strings.Repeat(" ", 1<<20) + `{}`}, 413, "payloadTooLarge")},
		{"method", "a method that a path doesn't have is a 405 methodNotAllowed, and Allow names those it has", func(t *testing.T, s *session) {
			a := s.do(t, call{method: "DELETE", path: "/changes"})
			refused(t, a, 405, "methodNotAllowed")
			if a.header.Get("Allow") != "GET" {
				t.Errorf("Allow %q", a.header.Get("Allow"))
			}
		}},
		{"problem", "a problem is application/problem+json with type, title, status and an instance of its own, and its href leads to the type", problemShape},
	}
}

func problemShape(t *testing.T, s *session) {
	a, again := s.do(t, call{method: "GET", path: "/dossiers/nobody"}), s.do(t, call{method: "GET", path: "/dossiers/nobody"})
	refused(t, a, 404, "resourceNotFound")
	if a.header.Get("Content-Type") != "application/problem+json" || a.text("title") == "" || a.body["status"] != 404.0 {
		t.Errorf("content type %q, title %q, status %v", a.header.Get("Content-Type"), a.text("title"), a.body["status"])
	}
	if a.text("instance") == "" || a.text("instance") == again.text("instance") {
		t.Error("no instance, or twice the same")
	}
	_, path, found := strings.Cut(a.text("href"), prefix)
	if !found {
		t.Fatal("no href under " + prefix)
	}
	if described := s.do(t, call{method: "GET", path: path}); described.text("type") != a.text("type") {
		t.Errorf("href leads to %q (%d)", described.text("type"), described.status)
	}
}

func dossiers() []statement {
	return []statement{
		{"query", "a query finds a person's dossier, once however often it is asked for", func(t *testing.T, s *session) {
			a := s.do(t, call{method: "POST", path: "/dossiers/query", body: `{"ssins":["` + s.SSIN + `","` + s.SSIN + `"]}`})
			if a.status != http.StatusOK || len(a.items()) != 1 || a.items()[0]["ssin"] != s.SSIN {
				t.Errorf("answer %d with %d items", a.status, len(a.items()))
			}
		}},
		{"query/invalidSsin", "a number with wrong check digits is a 400 invalidSsin", refusedFor(call{method: "POST", path: "/dossiers/query", body: `{"ssins":["67722499798"]}`}, "invalidSsin")},
		{"query/size", "a query takes at most 200 numbers", func(t *testing.T, s *session) {
			refusedFor(call{method: "POST", path: "/dossiers/query", body: `{"ssins":[` + strings.Repeat(`"`+s.SSIN+`",`, 200) + `"` + s.SSIN + `"]}`}, "schemaViolation")(t, s)
		}},
		{"etag", "a dossier's ETag is its version in quotes, and reading doesn't change it", func(t *testing.T, s *session) {
			d := s.dossier(t)
			a := s.do(t, call{method: "GET", path: pathTo(d)})
			if a.status != http.StatusOK || a.header.Get("ETag") != etagOf(a.body) || etagOf(a.body) != etagOf(d) {
				t.Errorf("answer %d: ETag %s, version %s, in the query %s", a.status, a.header.Get("ETag"), etagOf(a.body), etagOf(d))
			}
		}},
		{"notFound/dossier", "a dossier that isn't there is a 404", refusal(call{method: "GET", path: "/dossiers/00000000-0000-5000-8000-000000000000"}, 404, "resourceNotFound")},
		{"notFound/registration", "a registration that isn't there is a 404, of each kind", func(t *testing.T, s *session) {
			d := pathTo(s.dossier(t))
			for _, kind := range []string{"categories", "weos", "employments", "placements", "evaluations", "documents", "competences", "notes", "appointments", "handovers", "trainings"} {
				refused(t, s.do(t, call{method: "GET", path: d + "/" + kind + "/" + newID()}), 404, "resourceNotFound")
			}
		}},
		{"idIsUUID", "a registration's id is a UUID", func(t *testing.T, s *session) {
			refusedFor(call{method: "GET", path: pathTo(s.dossier(t)) + "/weos/1"}, "schemaViolation")(t, s)
		}},
	}
}

func feed() []statement {
	return []statement{
		{"feed/start", "the change feed without a cursor has no items, and the present cursor", func(t *testing.T, s *session) {
			a := s.do(t, call{method: "GET", path: "/changes"})
			if a.status != http.StatusOK || len(a.items()) != 0 || a.text("nextCursor") == "" || a.body["hasMore"] != false {
				t.Errorf("answer %d with %d items, more: %v", a.status, len(a.items()), a.body["hasMore"])
			}
			after := s.do(t, call{method: "GET", path: "/changes?cursor=" + a.text("nextCursor")})
			if after.status != http.StatusOK || after.text("nextCursor") == "" {
				t.Errorf("the cursor doesn't continue: %d", after.status)
			}
		}},
		{"feed/lost", "a cursor that the server doesn't know is a 410 cursorLost", refusal(call{method: "GET", path: "/changes?cursor=unheard-of"}, 410, "cursorLost")},
		{"feed/limit", "the limit is from 1 to 500", func(t *testing.T, s *session) {
			for _, limit := range []string{"0", "501", "1.5", "x"} {
				refusedFor(call{method: "GET", path: "/changes?limit=" + limit}, "schemaViolation")(t, s)
			}
		}},
	}
}

func referenceData() []statement {
	var list []statement
	for _, name := range []string{"categories", "instruments", "partners", "problemTypes"} {
		list = append(list, statement{"refData/" + name, "the reference data has a list of " + name, func(t *testing.T, s *session) {
			if a := s.do(t, call{method: "GET", path: "/refData/" + name}); a.status != http.StatusOK || len(a.items()) == 0 {
				t.Errorf("answer %d with %d items", a.status, len(a.items()))
			}
		}})
	}
	return append(list, statement{"refData/codes", "among the categories that an OCMW sets are 00, 05, 78, 90 and 93", func(t *testing.T, s *session) {
		var ours []string
		for _, item := range s.do(t, call{method: "GET", path: "/refData/categories"}).items() {
			setBy, _ := item["setBy"].([]any)
			if code, _ := item["code"].(string); slices.Contains(setBy, any("ocmw")) {
				ours = append(ours, code)
			}
		}
		for _, code := range []string{"00", "05", "78", "90", "93"} {
			if !slices.Contains(ours, code) {
				t.Errorf("%s is not among %v", code, ours)
			}
		}
	}})
}

// last are the statements that use something up.
func last() []statement {
	return []statement{{"rate", "one call too many in a minute is a 429 with Retry-After in seconds or as a date, and retryAfterSec", func(t *testing.T, s *session) {
		if s.RatePerMinute == 0 {
			t.Skip("needs the server's limit")
		}
		var a answer
		for range s.RatePerMinute + 1 {
			if a = s.do(t, call{method: "GET", path: "/refData/partners"}); a.status != http.StatusOK {
				break
			}
		}
		refused(t, a, 429, "tooManyRequests")
		if _, there := a.body["retryAfterSec"]; !there || a.header.Get("Retry-After") == "" {
			t.Errorf("Retry-After %q, retryAfterSec %v", a.header.Get("Retry-After"), a.body["retryAfterSec"])
		}
	}}}
}
