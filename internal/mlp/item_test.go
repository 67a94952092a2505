package mlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// answering is a client that gets one answer.
func answering(t *testing.T, status int, body string) *Client {
	t.Helper()
	return newClient(t, Options{Transport: handlerTripper(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))})
}

func dossierText(t *testing.T, version int, change func(map[string]any)) string {
	t.Helper()
	d := dossierJSON(version)
	if change != nil {
		change(d)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// broken are dossiers that can't be read, each in its own way.
func broken(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"without a version":          dossierText(t, 4, func(d map[string]any) { delete(d, "version") }),
		"a list that is a text":      dossierText(t, 4, func(d map[string]any) { d["categories"] = "geheim" }),
		"a number that is a text":    dossierText(t, 4, func(d map[string]any) { d["version"] = "geheim" }),
		"a registration that is nil": dossierText(t, 4, func(d map[string]any) { d["weos"] = []any{nil} }),
		"a category without a date":  dossierText(t, 4, func(d map[string]any) { d["categories"] = []any{map[string]any{"categoryId": categoryID}} }),
	}
}

// One dossier that can't be read is its person's alone, and the error says nothing of what stands in it.
func TestOneUnreadableDossierOfAQuery(t *testing.T) {
	for name, bad := range broken(t) {
		good := dossierText(t, 4, nil)
		c := answering(t, 200, fmt.Sprintf(`{"items":[{"ssin":%q,"dossier":%s},{"ssin":%q,"dossier":%s}],"canceledSsins":[]}`, testINSZ, bad, otherINSZ, good))
		found, err := c.Query(t.Context(), []Lookup{{1, insz(t, testINSZ)}, {2, insz(t, otherINSZ)}})
		if err != nil || len(found.Dossiers) != 1 || found.Dossiers[2].Version != 4 || len(found.Unread) != 1 {
			t.Errorf("%s: %v, %+v", name, err, found)
			continue
		}
		why := found.Unread[1]
		if !errors.Is(why, ErrItem) || VerdictOf(why) != VerdictTransient || strings.Contains(why.Error(), "geheim") || strings.Contains(why.Error(), testINSZ) {
			t.Errorf("%s: %v", name, why)
		}
	}
}

// Whether one person can be all that is wrong is told by what MLP itself answers, and never by what stands before it.
func TestWhetherOnePersonCanBeWhy(t *testing.T) {
	problem := `{"type":"urn:problem-type:belgif:badRequest","status":400}`
	for name, tt := range map[string]struct {
		status int
		body   string
		want   bool
	}{
		"refused":               {400, problem, true},
		"somebody else's":       {200, fmt.Sprintf(`{"items":[{"ssin":%q,"dossier":%s}]}`, otherINSZ, dossierText(t, 4, nil)), true},
		"nobody's":              {200, `{"items":[null]}`, true},
		"of a number of digits": {200, `{"items":[{"ssin":67722499797,"dossier":{}}]}`, true},
		"no list":               {200, `{"items":{}}`, false},
		"no items":              {200, `{}`, false},
		"the gateway's":         {400, `{"httpCode":"400"}`, false},
		"not allowed":           {403, `{"type":"urn:problem-type:belgif:missingPermission","status":403}`, false},
		"failed":                {500, `{"type":"urn:problem-type:belgif:internalServerError","status":500}`, false},
	} {
		_, err := answering(t, tt.status, tt.body).Query(t.Context(), []Lookup{{1, insz(t, testINSZ)}})
		if err == nil || errors.Is(err, ErrItem) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := answering(t, 400, problem).Dossier(t.Context(), dossierID); errors.Is(err, ErrItem) {
		t.Errorf("of one dossier: %v", err)
	}
}

// Of a page of the feed the rest is read, and what can be read of the others tells which they are.
func TestUnreadableDossiersOfAPage(t *testing.T) {
	item := func(dossier string) string {
		return fmt.Sprintf(`{"changedAt":"2026-03-16T09:00:00Z","clientId":"c","traceId":"t","dossier":%s}`, dossier)
	}
	items := []string{
		item(dossierText(t, 4, nil)),
		item(dossierText(t, 7, func(d map[string]any) { d["categories"] = "x" })),
		item(dossierText(t, 0, func(d map[string]any) { d["ssin"] = 7; d["version"] = nil })),
		item(dossierText(t, 8, func(d map[string]any) { d["dossierId"] = nil; d["notes"] = []any{map[string]any{}} })),
		`null`, `"x"`, item(`[]`),
	}
	page, err := answering(t, 200, fmt.Sprintf(`{"items":[%s],"nextCursor":"n","hasMore":true}`, strings.Join(items, ","))).Changes(t.Context(), "c", 10)
	if err != nil || len(page.Items) != 1 || page.Items[0].Dossier.Version != 4 || page.Next != "n" || !page.More {
		t.Fatalf("%v, %+v", err, page)
	}
	var have []Unread
	for _, u := range page.Unread {
		if !errors.Is(u.Why, ErrItem) {
			t.Errorf("%v", u.Why)
		}
		u.Why = nil
		have = append(have, u)
	}
	who := insz(t, testINSZ)
	want := []Unread{{DossierID: dossierID, INSZ: who, Version: 7}, {DossierID: dossierID}, {INSZ: who, Version: 8}, {}, {}, {}}
	if diff := cmp.Diff(want, have, cmp.Comparer(func(a, b ident.INSZ) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// A dossier that is read by its id is told from what another answers in its place.
func TestADossierThatCannotBeRead(t *testing.T) {
	for name, bad := range broken(t) {
		if d, err := answering(t, 200, bad).Dossier(t.Context(), dossierID); !errors.Is(err, ErrItem) || d.ID != "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := answering(t, 200, bad).Dossier(t.Context(), weoID); err == nil || errors.Is(err, ErrItem) {
			t.Errorf("%s, of another: %v", name, err)
		}
	}
	var none casefile.Dossier
	if d, err := answering(t, 200, `{"login":"required"}`).Dossier(t.Context(), dossierID); errors.Is(err, ErrItem) || !cmp.Equal(d.ID, none.ID) {
		t.Errorf("a login page: %v", err)
	}
}
