package conformance

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// writing are the statements that change the person's dossier. What they register is a competence: every dossier takes one, a partner's too (TWE-17).
func writing() []statement {
	return []statement{
		{"write/preconditionRequired", "a write without If-Match is a 428, and changes nothing", func(t *testing.T, s *session) {
			s.unchanged(t, func(d map[string]any) {
				refused(t, s.competence(t, d, newID(), "acquired", ""), 428, "preconditionRequired")
			})
		}},
		{"write/versionConflict", "a write with a stale If-Match is a 412 with the current version, and changes nothing", func(t *testing.T, s *session) {
			s.unchanged(t, func(d map[string]any) {
				a := s.competence(t, d, newID(), "acquired", `"999999999"`)
				refused(t, a, 412, "versionConflict")
				if a.body["currentVersion"] != d["version"] {
					t.Errorf("currentVersion %v, the dossier has %v", a.body["currentVersion"], d["version"])
				}
			})
		}},
		{"write/caseworker", "a write that names no caseworker is a 400, and changes nothing", func(t *testing.T, s *session) {
			s.unchanged(t, func(d map[string]any) {
				body := `{"description":"Op tijd komen","level":"acquired","assessedOn":"2026-01-05"}`
				refused(t, s.do(t, call{"PUT", pathTo(d) + "/competences/" + newID(), body, []string{ifMatch(etagOf(d))}}), 400, "badRequest")
			})
		}},
		{"write/unknownCategory", "a category that the reference data doesn't have is a 400, and changes nothing", func(t *testing.T, s *session) {
			s.unchanged(t, func(d map[string]any) {
				body := `{"code":"77","validFrom":"2026-01-05","caseworker":` + s.caseworker() + `}`
				refused(t, s.do(t, call{"PUT", pathTo(d) + "/categories/" + newID(), body, []string{ifMatch(etagOf(d))}}), 400, "badRequest")
			})
		}},
		{"write/scope", "a token without the write scope is a 403 missingScope, and changes nothing", func(t *testing.T, s *session) {
			limited := s.login(t, s.Secret, "mlp:dossier:read").text("access_token")
			s.unchanged(t, func(d map[string]any) {
				c := call{"PUT", pathTo(d) + "/competences/" + newID(), s.competenceBody("acquired"), []string{ifMatch(etagOf(d)), "Authorization: Bearer " + limited}}
				refused(t, s.do(t, c), 403, "missingScope")
			})
		}},
		{"write/registration", "a PUT registers with 201, changes with 200, raises the version by one each time and answers with the new ETag", registration},
		{"write/equal", "a PUT equal to what is stored is 200 with the current ETag and changes nothing, whatever its If-Match and caseworker", equalPut},
		{"write/feed", "a change stands in the feed with the client and the trace id that made it, and the dossier as it left it", changeInFeed},
		{"write/patch", "a merge-patch sets and removes, and one that changes nothing leaves the version", mergePatch},
		{"create", "a creation is repeated by its Idempotency-Key, which another body can't reuse, and a person has one dossier", creation},
	}
}

func (s *session) caseworker() string {
	b, err := json.Marshal(map[string]string{"id": s.Caseworker})
	if err != nil {
		return "{}"
	}
	return string(b)
}

func (s *session) competenceBody(level string) string {
	return `{"description":"Op tijd komen","level":"` + level + `","assessedOn":"2026-01-05","caseworker":` + s.caseworker() + `}`
}

// competence registers one; without an ETag it sends no If-Match.
func (s *session) competence(t *testing.T, dossier map[string]any, id, level, etag string) answer {
	t.Helper()
	return s.do(t, call{"PUT", pathTo(dossier) + "/competences/" + id, s.competenceBody(level), []string{ifMatch(etag)}})
}

// unchanged holds that what is tried leaves the dossier as it was.
func (s *session) unchanged(t *testing.T, try func(map[string]any)) {
	t.Helper()
	before := s.dossier(t)
	try(before)
	if after := s.dossier(t); !reflect.DeepEqual(before, after) {
		t.Error("the dossier has changed")
	}
}

// next is the ETag after one more change.
func next(dossier map[string]any) string {
	version, _ := dossier["version"].(float64)
	return etagOf(map[string]any{"version": version + 1})
}

func registration(t *testing.T, s *session) {
	d, id := s.dossier(t), newID()
	made := s.competence(t, d, id, "developing", etagOf(d))
	if made.status != http.StatusCreated || made.header.Get("ETag") != next(d) {
		t.Fatalf("registered: %d, ETag %s, want %s", made.status, made.header.Get("ETag"), next(d))
	}
	read := s.do(t, call{method: "GET", path: pathTo(d) + "/competences/" + id})
	if read.status != http.StatusOK || !reflect.DeepEqual(read.body, made.body) {
		t.Errorf("read back: %d, another content", read.status)
	}
	d = s.dossier(t)
	changed := s.competence(t, d, id, "acquired", etagOf(d))
	if changed.status != http.StatusOK || changed.header.Get("ETag") != next(d) || changed.text("level") != "acquired" {
		t.Errorf("changed: %d, ETag %s, level %q", changed.status, changed.header.Get("ETag"), changed.text("level"))
	}
}

func equalPut(t *testing.T, s *session) {
	d, id := s.dossier(t), newID()
	if made := s.competence(t, d, id, "acquired", etagOf(d)); made.status != http.StatusCreated {
		t.Fatalf("registered: %d", made.status)
	}
	colleague := *s
	colleague.Caseworker = s.Caseworker + "-2"
	s.unchanged(t, func(now map[string]any) {
		for _, etag := range []string{"", etagOf(d), etagOf(now), `"999999999"`} {
			if a := colleague.competence(t, now, id, "acquired", etag); a.status != http.StatusOK || a.header.Get("ETag") != etagOf(now) {
				t.Errorf("If-Match %q: %d, ETag %s, want 200 and %s", etag, a.status, a.header.Get("ETag"), etagOf(now))
			}
		}
	})
}

func changeInFeed(t *testing.T, s *session) {
	cursor := s.do(t, call{method: "GET", path: "/changes"}).text("nextCursor")
	d, trace := s.dossier(t), newID()
	c := call{"PUT", pathTo(d) + "/competences/" + newID(), s.competenceBody("acquired"), []string{ifMatch(etagOf(d)), "BelGov-Trace-Id: " + trace}}
	if a := s.do(t, c); a.status != http.StatusCreated {
		t.Fatalf("registered: %d", a.status)
	}
	for {
		page := s.do(t, call{method: "GET", path: "/changes?limit=1&cursor=" + cursor})
		if page.status != http.StatusOK || len(page.items()) > 1 {
			t.Fatalf("page: %d with %d items", page.status, len(page.items()))
		}
		for _, item := range page.items() {
			left, _ := item["dossier"].(map[string]any)
			if item["traceId"] == trace {
				if item["clientId"] != s.ClientID || etagOf(left) != next(d) {
					t.Errorf("the item names another client, or version %s and not %s", etagOf(left), next(d))
				}
				return
			}
		}
		if page.body["hasMore"] != true {
			t.Fatal("the feed ended without the change")
		}
		cursor = page.text("nextCursor")
	}
}

func mergePatch(t *testing.T, s *session) {
	d := s.dossier(t)
	patch := func(body string) answer {
		t.Helper()
		now := s.dossier(t)
		a := s.do(t, call{"PATCH", pathTo(d), body, []string{ifMatch(etagOf(now))}})
		if a.status != http.StatusOK {
			t.Fatalf("patched: %d %s", a.status, a.problem())
		}
		return a
	}
	set := `{"jobTarget":{"description":"Groenarbeider"},"caseworker":` + s.caseworker() + `}`
	first := patch(set)
	if second := patch(set); etagOf(second.body) != etagOf(first.body) {
		t.Errorf("a patch that changes nothing made version %s of %s", etagOf(second.body), etagOf(first.body))
	}
	if gone := patch(`{"jobTarget":null,"caseworker":` + s.caseworker() + `}`); gone.body["jobTarget"] != nil {
		t.Error("null left the value where it was")
	}
}

func creation(t *testing.T, s *session) {
	if s.NewSSIN == "" || s.NISCode == "" {
		t.Skip("needs a person without a dossier, and a municipality of the area")
	}
	body := `{"ssin":"` + s.NewSSIN + `","person":{"lastName":"Testpersoon","firstName":"Test"},"address":{"postalCode":"9000","nisCode":"` + s.NISCode + `"},"caseworker":` + s.caseworker() + `}`
	post := func(body, key string) answer {
		t.Helper()
		return s.do(t, call{"POST", "/dossiers", body, []string{"Idempotency-Key: " + key}})
	}
	key := newID()
	refused(t, s.do(t, call{method: "POST", path: "/dossiers", body: body}), 400, "badRequest")
	made := post(body, key)
	if made.status != http.StatusCreated || !strings.HasSuffix(made.header.Get("Location"), pathTo(made.body)) || made.header.Get("ETag") != etagOf(made.body) {
		t.Fatalf("created: %d %s", made.status, made.problem())
	}
	if again := post(body, key); again.status != http.StatusCreated || !reflect.DeepEqual(again.body, made.body) {
		t.Errorf("repeated: %d %s, or another answer", again.status, again.problem())
	}
	refused(t, post(strings.Replace(body, "9000", "9030", 1), key), 409, "idempotencyKeyReused")
	refused(t, post(body, newID()), 409, "dossierExists")
	if categories, _ := made.body["categories"].([]any); len(categories) != 0 || !slices.Equal([]string{"active"}, []string{made.text("ssinStatus")}) {
		t.Error("a new dossier has no category, and an active number")
	}
}
