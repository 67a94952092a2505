package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
)

// spoiler is an MLP that gives one person's dossier in another form than the document's, or refuses to be asked about it.
type spoiler struct {
	mu      sync.Mutex
	api     http.Handler
	person  string // nobody when empty
	refuses bool   // a query about him, in place of spoiling the dossier
	unnamed bool   // the change feed does not tell whose dossier it is
	asked   int    // queries
}

func (s *spoiler) set(change func(*spoiler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *spoiler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	query := strings.HasSuffix(r.URL.Path, "/dossiers/query")
	if query {
		s.asked++
	}
	if query && s.refuses && s.person != "" && bytes.Contains(body, []byte(s.person)) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"type":"urn:problem-type:belgif:badRequest","title":"Bad Request","status":400}`))
		return
	}
	rec := httptest.NewRecorder()
	s.api.ServeHTTP(rec, r)
	answer := rec.Body.Bytes()
	if s.person != "" && !s.refuses && (query || r.Method == http.MethodGet) {
		answer = s.spoil(answer)
	}
	maps.Copy(w.Header(), rec.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	_, _ = w.Write(answer)
}

// spoil gives the person's dossier, wherever it stands in an answer, categories that are a text.
func (s *spoiler) spoil(answer []byte) []byte {
	var all map[string]any
	if json.Unmarshal(answer, &all) != nil {
		return answer
	}
	items, _ := all["items"].([]any)
	for _, item := range items {
		item, _ := item.(map[string]any)
		s.spoilDossier(item["dossier"], s.unnamed && item["changedAt"] != nil)
	}
	s.spoilDossier(all, false)
	text, _ := json.Marshal(all)
	return text
}

func (s *spoiler) spoilDossier(dossier any, unnamed bool) {
	d, _ := dossier.(map[string]any)
	if d["ssin"] != s.person {
		return
	}
	d["categories"] = "?"
	if unnamed {
		delete(d, "ssin")
		delete(d, "dossierId")
	}
}

// spoiled is a world with a few clients whose MLP spoils what it answers about the victim.
func spoiled(t *testing.T, s *spoiler) *world {
	t.Helper()
	w := newWorld(t)
	s.api, s.person = w.mock.API(), persons(t)[victim]
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	if err := examples.Install(w.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	w.drop(only(t, few()...))
	return w
}

// victimWaits looks at a world in which the victim waits, and nobody else.
func victimWaits(t *testing.T, w *world, r result, says string) {
	t.Helper()
	if s := decode[app.Summary](t, r); r.code != 1 || s.Unread != 1 {
		t.Errorf("%d clients wait for what MLP answers: %s", s.Unread, clipped(r.String()))
	}
	status := w.run("status").stdout
	if !strings.Contains(status, "can't be used: mlp queryDossiers: "+says) || !strings.Contains(status, "MLP is asked again every 10 minutes") || !strings.Contains(status, "trace id") {
		t.Errorf("status does not say who waits, and why:\n%s", clipped(status))
	}
	if !strings.Contains(r.stderr, "observe.unread") {
		t.Errorf("the log does not say it:\n%s", clipped(r.stderr))
	}
	if e := w.run("explain", victim).stdout; !strings.Contains(e, "wacht op MLP: Wat MLP over deze cliënt antwoordt, kan niet gebruikt worden.") {
		t.Errorf("explain does not say it:\n%s", clipped(e))
	}
	if list := w.run("worklist").stdout; !strings.Contains(list, victim+"    wacht op MLP") {
		t.Errorf("the worklist does not say it:\n%s", clipped(list))
	}
	if plan := w.run("plan").stdout; !strings.Contains(plan, "can't be used: mlp queryDossiers: "+says) {
		t.Errorf("plan does not say it:\n%s", clipped(plan))
	}
	if text := status + r.stdout + r.stderr; strings.Contains(text, persons(t)[victim]) {
		t.Error("the number of the person is told")
	}
}

// Whoever MLP refuses to be asked about, or whose dossier can't be read, waits, and it is said; everybody else is served. He goes on by himself.
func TestOneBadPersonHoldsUpOnlyHimself(t *testing.T) {
	want := theSmallReference(t)
	for name, tt := range map[string]struct {
		refuses bool
		says    string
	}{
		"refused":    {true, "400 badRequest"},
		"unreadable": {false, "200 dossierUnreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mlp := &spoiler{refuses: tt.refuses}
			w := spoiled(t, mlp)
			victimWaits(t, w, w.run("once", "--json", "--wait", "1s"), tt.says)
			mlp.set(func(s *spoiler) {
				if s.asked > 10 {
					t.Errorf("asked %d times about %d people", s.asked, len(few()))
				}
				s.person = ""
			})
			others := maps.Clone(want.deeds)
			delete(others, want.dossier)
			if diff := cmp.Diff(others, deedsByDossier(w.mock.Effects())); diff != "" {
				t.Errorf("everybody else: -without the fault +with it\n%s", diff)
			}
			if r := w.run("once", "--json"); r.code != 0 || decode[app.Summary](t, r).Unread != 0 {
				t.Errorf("after MLP was mended: %s", clipped(r.String()))
			}
			if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
				t.Errorf("-without the fault +with it\n%s", diff)
			}
			if status := w.run("status").stdout; strings.Contains(status, "can't be used") {
				t.Errorf("status still says it:\n%s", clipped(status))
			}
		})
	}
}

// A change in MLP that can't be read has its person looked up, or everybody where it does not tell whose it is; the feed goes on, and
// what others change is seen.
func TestOneBadChangeHoldsUpOnlyItsPerson(t *testing.T) {
	for name, unnamed := range map[string]bool{"it tells whose it is": false, "it tells of nobody": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s spoiler
			w := spoiled(t, &s)
			s.set(func(s *spoiler) { s.person = "" })
			if r := w.run("once", "--json"); r.code != 0 {
				t.Fatal(clipped(r.String()))
			}
			for client, code := range map[string]string{victim: "02", "Z10230": "02"} {
				if _, err := w.mock.CategorySet(persons(t)[client], code, "2026-03-16", "vdab"); err != nil {
					t.Fatal(err)
				}
			}
			s.set(func(s *spoiler) { s.person, s.unnamed = persons(t)[victim], unnamed })
			r := w.run("once", "--json", "--wait", "1s")
			victimWaits(t, w, r, "200 dossierUnreadable")
			if said := strings.Contains(r.stderr, "everybody is looked up again"); said != unnamed {
				t.Errorf("everybody is looked up: %v\n%s", said, clipped(r.stderr))
			}
			version := decode[app.Explanation](t, w.run("explain", victim, "--json")).Dossier.Version
			if e := decode[app.Explanation](t, w.run("explain", "Z10230", "--json")); e.Dossier.Categories[len(e.Dossier.Categories)-1].Code != "02" {
				t.Errorf("another's change is not seen: %+v", e.Dossier)
			}
			s.set(func(s *spoiler) { s.person = "" })
			if r := w.run("once", "--json"); r.code != 0 {
				t.Error(clipped(r.String()))
			}
			if e := decode[app.Explanation](t, w.run("explain", victim, "--json")); e.Dossier.Version <= version || e.Unread != "" {
				t.Errorf("the victim's change is not seen: %+v", e.Dossier)
			}
		})
	}
}

// Of a client who can't be looked up, or of whom what is known is damaged, nothing is sent, and a plan says so: the changes are listed, so that
// nobody releases them unseen, with what they wait for. Apply sends the rest, and ends with something left.
func TestAPlanSaysWhoseChangesWait(t *testing.T) {
	want := theSmallReference(t)
	for name, tt := range map[string]struct {
		waits app.PlanWait
		says  string
		do    func(t *testing.T, w *world, s *spoiler)
	}{
		"what MLP answers can't be used": {app.WaitsForLookUp, "WAITS: not sent before MLP can be asked", func(t *testing.T, w *world, s *spoiler) {
			if _, err := w.mock.CategorySet(persons(t)[victim], "02", "2026-03-16", "vdab"); err != nil {
				t.Fatal(err)
			}
			s.set(func(s *spoiler) { s.person = persons(t)[victim] })
		}},
		"what is known is damaged": {app.WaitsForRepair, "WAITS: held, as what is known", func(_ *testing.T, w *world, _ *spoiler) {
			name := decode[app.Explanation](w.t, w.run("explain", victim, "--json")).Pseudonym
			w.spoil(`UPDATE known SET payload = zeroblob(90) WHERE person = (SELECT id FROM person WHERE pseudonym = '` + name + `')`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s spoiler
			w := spoiled(t, &s)
			s.set(func(s *spoiler) { s.person = "" })
			w.configure("release: true", "release: false")
			w.run("once") // waits for its release
			tt.do(t, w, &s)
			r := w.run("plan")
			if line := lineOf(r.stdout, "client "+victim); r.code != 1 || !strings.Contains(line, tt.says) || strings.Count(r.stdout, "WAITS") != 1 {
				t.Errorf("the plan says %q: %s", line, clipped(r.String()))
			}
			r = w.run("plan", "--json")
			plan, waiting := decode[app.PlanFile](t, r), app.PlanPerson{}
			for _, p := range plan.People {
				if p.Waits != "" {
					waiting = p
				}
			}
			if r.code != 1 || waiting.Waits != tt.waits || len(waiting.Changes) == 0 || (plan.NotLookedUp == 1) != (tt.waits == app.WaitsForLookUp) {
				t.Errorf("exit %d, %d not looked up, waits: %+v", r.code, plan.NotLookedUp, waiting)
			}
			w.write("plan.json", []byte(r.stdout))
			if r := w.run("apply", "--plan", w.path("plan.json"), "--reason", "nagekeken"); r.code != 1 || strings.Contains(r.stdout, "REFUSED") {
				t.Errorf("apply: %s", clipped(r.String()))
			}
			others := 0
			for id, have := range deedsByDossier(w.mock.Effects()) {
				for deed := range have {
					switch {
					case deed.Actor == "client" && id == want.dossier:
						t.Errorf("sent of the client who waits: %v", deed)
					case deed.Actor == "client":
						others++
					}
				}
			}
			if others == 0 {
				t.Error("nothing was sent of the others")
			}
			// Once it can, the plan is of other changes, and what was planned is not applied.
			s.set(func(s *spoiler) { s.person = "" })
			if tt.waits == app.WaitsForLookUp {
				if r := w.run("apply", "--plan", w.path("plan.json"), "--reason", "nog eens"); r.code != 1 || !strings.Contains(r.stdout, "REFUSED") {
					t.Errorf("when MLP is mended: %s", clipped(r.String()))
				}
			}
		})
	}
}

// Of a client who has no dossier, and of whom a record was damaged since it was decided, what was decided goes out: a plan does not say that it waits.
func TestAPlanSaysOfNobodyElseThatChangesWait(t *testing.T) {
	var s spoiler
	w := spoiled(t, &s)
	w.configure("release: true", "release: false")
	w.run("once") // waits for its release
	before := decode[app.PlanFile](t, w.run("plan", "--json"))
	i := slices.IndexFunc(before.People, func(p app.PlanPerson) bool { return p.Changes[0].Op == "create" })
	if i < 0 {
		t.Fatalf("the plan creates no dossier: %+v", before.People)
	}
	name := before.People[i].Pseudonym
	w.spoil(`UPDATE row_record SET payload = zeroblob(90) WHERE id = (SELECT MIN(source) FROM record WHERE person =
		(SELECT id FROM person WHERE pseudonym = '` + name + `'))`)
	r := w.run("plan", "--json")
	for _, p := range decode[app.PlanFile](t, r).People {
		if p.Waits != "" {
			t.Errorf("%s waits: %s", p.Pseudonym, p.Waits)
		}
	}
	w.write("plan.json", []byte(r.stdout))
	w.run("apply", "--plan", w.path("plan.json"), "--reason", "nagekeken")
	if settled := w.run("queue list --state settled"); !strings.Contains(settled.stdout, name) {
		t.Errorf("nothing was sent of the client: %s", clipped(settled.String()))
	}
}

// Clients of before who can't be looked up again are not decided: "once" says that something is left, also where nothing waits to be sent.
func TestOnceSaysWhoIsToBeLookedUp(t *testing.T) {
	var s spoiler
	w := spoiled(t, &s)
	s.set(func(s *spoiler) { s.person = "" })
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	if r := w.run("lookup", "--reason", "back-up van MLP"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	api := s.api
	s.set(func(s *spoiler) {
		s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/dossiers/query") {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	if r := w.run("once"); r.code != 1 || !strings.Contains(r.stdout, "clients of before wait") {
		t.Errorf("exit %d: %s", r.code, clipped(r.String()))
	}
	s.set(func(s *spoiler) { s.api = api })
	if r := w.run("once"); r.code != 0 {
		t.Errorf("when MLP answers, exit %d: %s", r.code, clipped(r.String()))
	}
}

func lineOf(text, start string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	return ""
}
