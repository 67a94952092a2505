package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/examples"
)

// What colleagues change in MLP, by hand, of what was sent stays and is told (ADR 7, DATA-04).

// A colleague who corrects in MLP what we made there a moment ago is heard (ADR 7), also where our write's answer was lost and MLP is read to find
// out: the registration has our own id, so it was made by us and changed by somebody else after us.
func TestAColleagueCorrectsWhatIsInDoubt(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(map[bool]string{false: "answered", true: "in doubt"}[lost], func(t *testing.T) {
			w := newWorld(t)
			var edited, id, dossier, last string
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				weo := r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/weos/")
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if !weo || id != "" {
					if weo && strings.HasSuffix(r.URL.Path, id) {
						last = string(body)
					}
					w.mock.API().ServeHTTP(out, r)
					return
				}
				parts := strings.Split(r.URL.Path, "/")
				dossier, id = parts[len(parts)-3], parts[len(parts)-1]
				if !lost {
					w.mock.API().ServeHTTP(out, r)
					return
				}
				w.mock.API().ServeHTTP(httptest.NewRecorder(), r)
				edited = correct(t, w, dossier, id)
				hangUp(t, out)
			}))
			defer server.Close()
			if err := examples.Install(w.dir, server.URL); err != nil {
				t.Fatal(err)
			}
			w.drop(only(t, few()...))
			r := w.run("once", "--json", "--wait", "3s")
			if id == "" {
				t.Fatalf("no WEO was sent: %s", clipped(r.String()))
			}
			if !lost {
				edited = correct(t, w, dossier, id)
			}
			r = w.run("once", "--json", "--wait", map[bool]string{false: "2s", true: "15s"}[lost])
			if last != "" {
				t.Errorf("the colleague's %s was overwritten with %s", edited, last)
			}
			if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
				t.Errorf("nobody is told:\n%s\n%s", clipped(list), clipped(r.String()))
			}
		})
	}
}

// hangUp ends the connection in the place of an answer.
func hangUp(t *testing.T, out http.ResponseWriter) {
	t.Helper()
	conn, _, err := out.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_ = conn.Close()
}

// correct has a colleague name another counsellor of a WEO.
func correct(t *testing.T, w *world, dossier, id string) string {
	t.Helper()
	patch := map[string]any{"counsellor": map[string]any{"id": "collega"}}
	e, err := w.mock.DossierEdited(dossier, "weo", id, patch)
	if err != nil {
		t.Errorf("edit: %v", err)
	}
	text, _ := json.Marshal(e)
	return string(text)
}

// A colleague corrects in MLP the address that was sent a moment ago. It stays and is told (ADR 7), also where our answer was lost.
func TestAColleagueCorrectsAnAddressInDoubt(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(map[bool]string{false: "answered", true: "in doubt"}[lost], func(t *testing.T) {
			w := newWorld(t)
			var patches []string
			var dossier string
			correct := func() {
				if _, err := w.mock.DossierEdited(dossier, "", "", map[string]any{"address": map[string]any{"street": "Dorp 1"}}); err != nil {
					t.Error(err)
				}
			}
			server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if r.Method == http.MethodPatch && bytes.Contains(body, []byte("Kerkstraat 7")) {
					if patches = append(patches, string(body)); len(patches) == 1 && lost {
						dossier = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
						w.mock.API().ServeHTTP(httptest.NewRecorder(), r)
						correct()
						hangUp(t, out)
						return
					}
					dossier = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
				}
				w.mock.API().ServeHTTP(out, r)
			}))
			defer server.Close()
			if err := examples.Install(w.dir, server.URL); err != nil {
				t.Fatal(err)
			}
			files := only(t, few()...)
			w.drop(files)
			if r := w.run("once"); r.code != 0 {
				t.Fatal(clipped(r.String()))
			}
			changed := strings.Replace(string(files["clienten"+tonight]), "Lindelaan 12", "Kerkstraat 7", 1)
			w.drop(map[string][]byte{"clienten" + tomorrow: []byte(changed)})
			w.run("once", "--wait", "3s")
			if len(patches) == 0 {
				t.Fatal("no address was sent")
			}
			if !lost {
				correct()
			}
			r := w.run("once", "--wait", map[bool]string{false: "2s", true: "15s"}[lost])
			if len(patches) != 1 {
				t.Errorf("the colleague's Dorp 1 was overwritten: %q", patches)
			}
			if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
				t.Errorf("nobody is told: %s", clipped(r.String()))
			}
		})
	}
}

// A colleague's counsellor of a WEO stays (DATA-04), also when the export then says something new of the same WEO: that it ended.
func TestWhatGaveWayStaysWhenAnotherFieldIsSent(t *testing.T) {
	w := newWorld(t)
	files := only(t, "Z10245")
	whole := string(files["trajecten"+tonight])
	open := strings.Replace(whole, ";27/02/2026;werk;", ";;;", 1)
	if open == whole {
		t.Fatal(fromWindows1252([]byte(whole)))
	}
	files["trajecten"+tonight] = []byte(open)
	w.drop(files)
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	weo := func() (dossier, id, text string) {
		for _, d := range w.mock.State().Dossiers {
			for _, e := range w.mock.Effects() {
				if d["dossierId"] == e.DossierID {
					weos, _ := d["weos"].([]any)
					first, _ := weos[0].(map[string]any)
					return e.DossierID, fmt.Sprint(first["weoId"]), fmt.Sprint(first)
				}
			}
		}
		return "", "", ""
	}
	dossier, id, _ := weo()
	correct(t, w, dossier, id)
	w.run("once")
	if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
		t.Fatalf("not told: %s", clipped(list))
	}
	if _, _, text := weo(); !strings.Contains(text, "collega") {
		t.Fatalf("overwritten before: %s", text)
	}
	w.drop(map[string][]byte{"trajecten" + tomorrow: []byte(whole)})
	before := len(w.mock.Effects())
	w.run("once")
	for _, e := range w.mock.Effects()[before:] {
		t.Logf("%s %s by %s", e.Action, e.Kind, e.Actor)
	}
	if _, _, text := weo(); !strings.Contains(text, "collega") || !strings.Contains(text, "2026-02-27") {
		t.Errorf("the WEO is %s", text)
	}
	if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
		t.Errorf("not told any more: %s", clipped(list))
	}
}

// A colleague corrects in MLP what was sent after the backup was made. When the backup is put back, the correction stays and is told (ADR 7).
func TestRestoreKeepsWhatAColleagueCorrected(t *testing.T) {
	w := newWorld(t)
	for _, command := range []string{"once", "state backup " + w.path("before")} {
		if r := w.run(command); r.code != 0 {
			t.Fatal(clipped(r.String()))
		}
	}
	w.drop(only(t, few()...))
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	var dossier, id string
	for _, e := range w.mock.Effects() {
		if e.Kind == "weo" {
			dossier, id = e.DossierID, e.ID
		}
	}
	correct(t, w, dossier, id)
	before := len(w.mock.Effects())
	w.restore("before")
	r := w.run("once")
	for _, e := range w.mock.Effects()[before:] {
		t.Errorf("sent after the restore: %s %s by %s", e.Action, e.Kind, e.Actor)
	}
	if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
		t.Errorf("nobody is told: %s", clipped(r.String()))
	}
}

// Another program made the dossier. What we have to change there waits, while a colleague corrects a field on which export and MLP agreed.
// It is not put back (ADR 7).
func TestAColleagueCorrectsWhatWasAgreedBeforeAnythingWasSent(t *testing.T) {
	before := newWorld(t)
	files := only(t, few()...)
	before.drop(files)
	if r := before.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	w := &world{t: t, dir: t.TempDir(), mock: before.mock, server: before.server}
	if err := examples.Install(w.dir, w.server.URL); err != nil {
		t.Fatal(err)
	}
	w.run("once")
	w.run("pause", "0999999031", "--reason", "eerst nakijken")
	files["clienten"+tonight] = bytes.Replace(files["clienten"+tonight], []byte("Lindelaan 12"), []byte("Kerkstraat 7"), 1)
	w.drop(files)
	w.run("once", "--wait", "2s")
	dossier := w.addressed("Lindelaan 12")
	if _, err := w.mock.DossierEdited(dossier, "", "", map[string]any{"contactLanguage": "fr"}); err != nil {
		t.Fatal(err)
	}
	w.run("resume", "0999999031", "--reason", "nagekeken")
	r := w.run("once")
	if w.addressed("Kerkstraat 7") != dossier {
		t.Fatalf("the address was not sent: %s", clipped(r.String()))
	}
	for _, d := range w.mock.State().Dossiers {
		if d["dossierId"] == dossier && d["contactLanguage"] != "fr" {
			t.Errorf("the colleague's fr became %v", d["contactLanguage"])
		}
	}
	if list := w.run("worklist").stdout; !strings.Contains(list, "DATA-04") {
		t.Errorf("nobody is told: %s", clipped(r.String()))
	}
}

// addressed is the dossier in MLP that has this address.
func (w *world) addressed(street string) string {
	w.t.Helper()
	for _, d := range w.mock.State().Dossiers {
		if strings.Contains(fmt.Sprint(d["address"]), street) {
			return fmt.Sprint(d["dossierId"])
		}
	}
	w.t.Fatalf("no dossier has %s", street)
	return ""
}
