package e2e_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// registrationsOf is what was made in MLP, by dossier: changes of a dossier's own data left out.
func registrationsOf(effects []mockmlp.Effect) map[string]map[deed]int {
	made := deedsByDossier(effects)
	for id, deeds := range made {
		maps.DeleteFunc(deeds, func(d deed, _ int) bool { return d.Action == "update" && d.Kind == "dossier" })
		if len(deeds) == 0 {
			delete(made, id)
		}
	}
	return made
}

// An MLP that was put back to a backup and does not say so: nothing tells, until a person has everybody looked up again. Then what MLP lost is
// sent again, once.
func TestEverybodyIsLookedUpAgainByOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, err := newMock() // MLP as it was before anything was sent
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = before.Close() })
	var present atomic.Pointer[mockmlp.Mock]
	present.Store(w.mock)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		cursor := r.URL.Query().Get("cursor")
		if mock := present.Load(); mock != before || cursor == "" {
			mock.API().ServeHTTP(out, r)
			return
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write([]byte(`{"items":[],"nextCursor":"` + cursor + `","hasMore":false}`)) // it forgot, and does not say so
	}))
	t.Cleanup(server.Close)
	if err := examples.Install(w.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	if r := w.run("lookup", "--reason", "x"); r.code != 2 || !strings.Contains(r.stderr, "everybody is to be looked up already") {
		t.Errorf("before the first run: %s", r)
	}
	w.drop(only(t, few()...))
	if r := w.run("once", "--json"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	present.Store(before)
	if r := w.run("once", "--json"); r.code != 0 || len(before.Effects()) != 0 {
		t.Errorf("it is noticed without an order: %s", clipped(r.String()))
	}
	for _, args := range [][]string{{}, {"--reason", " "}, {"0212214917", "--reason", "x"}} {
		if r := w.run("lookup", args...); r.code != 2 {
			t.Errorf("lookup %q: %s", args, r)
		}
	}
	r := w.run("lookup", "0999.999.031", "--reason", "VDAB zette een back-up terug")
	if r.code != 0 || !strings.Contains(r.stdout, "ordered: OCMW 0999999031; 6 clients are looked up again in MLP") {
		t.Errorf("%s", r)
	}
	w.run("lookup", "--reason", "and again") // before the first was carried out
	r = w.run("once", "--json")
	if s := decode[app.Summary](t, r); s.Unread+s.Undecided != 0 || s.Entries.Settled == 0 {
		t.Errorf("after the order: %s", clipped(r.String()))
	}
	if diff := cmp.Diff(registrationsOf(w.mock.Effects()), registrationsOf(before.Effects())); diff != "" {
		t.Errorf("-sent before MLP was put back +after\n%s", diff)
	}
	if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
		t.Errorf("the dossier's own data, which MLP lost too, are not for a person:\n%s", clipped(list))
	}
	audit := w.run("audit", "--people").stdout
	if n := strings.Count(audit, "lookUpOrdered"); n != 1 || !strings.Contains(audit, "VDAB zette een back-up terug") {
		t.Errorf("%d times in the audit:\n%s", n, audit)
	}
	sent := len(before.Effects())
	if r := w.run("once", "--json"); r.code != 0 || len(before.Effects()) != sent {
		t.Errorf("and once more: %s", clipped(r.String()))
	}
}
