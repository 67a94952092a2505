package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// restore puts a backup back and shows that it was.
func (w *world) restore(file string) {
	w.t.Helper()
	if r := w.run("state restore", w.path(file), "--reason", "schijf vervangen"); r.code != 0 {
		w.t.Fatal(r)
	}
	if r := w.run("state check"); r.code != 0 {
		w.t.Fatal(clipped(r.String()))
	}
}

// A backup is made while the daemon is delivering; it goes on to the end, and then the backup is put back: a state in
// which most is waiting, in doubt or unknown that MLP has long got. Nothing of it is sent a second time.
func TestRestoreInTheMiddleOfADelivery(t *testing.T) {
	want := theReference(t)
	w := newWorld(t)
	if _, err := w.mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{Method: "PUT"}, FixedDelayMilliseconds: 5}); err != nil {
		t.Fatal(err)
	}
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	w.drop(files)
	d := &daemon{world: w}
	stop := d.start()
	if !soon(commandTime, func() bool { return len(w.mock.Effects()) > 50 }) {
		t.Fatal("nothing is delivered")
	}
	if r := w.run("state backup", w.path("middle")); r.code != 0 {
		t.Fatal(r)
	}
	atBackup := len(w.mock.Effects())
	d.calm(`"event":"file.ingested"`, 1)
	stop()
	w.mock.RemoveFault("")
	sent := w.mock.Effects()
	if len(sent) < atBackup+100 {
		t.Fatalf("the backup was made at %d of %d effects: not in the middle", atBackup, len(sent))
	}
	worklist := w.run("worklist").stdout
	w.restore("middle")

	// While MLP can't be read nothing goes out, whatever waits.
	if _, err := w.mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{OperationID: "queryDossiers"}, Response: mockmlp.FaultResponse{Status: 503}}); err != nil {
		t.Fatal(err)
	}
	w.run("once", "--wait", "1s")
	if n := len(w.mock.Effects()); n != len(sent) {
		t.Errorf("%d things were sent before MLP was read", n-len(sent))
	}
	w.mock.RemoveFault("")
	// A plan counts nothing of it as sent, but for those of whom MLP refuses a dossier, as a partner's is there.
	r := w.run("plan")
	if sent := surelySent(r.stdout); len(slices.DeleteFunc(sent, func(client string) bool { return client == "Z10512" || client == "Z11145" })) > 0 {
		t.Errorf("the plan says that something would be sent of %v: %s", sent, clipped(r.String()))
	}
	r = w.run("once", "--json")
	if s := decode[app.Summary](t, r); r.code != 0 || s.Entries.Waiting+s.Entries.InDoubt+s.Entries.Parked > 0 {
		t.Errorf("left after the restore: %+v\n%s", s.Entries, clipped(r.stderr))
	}
	if diff := cmp.Diff(deeds(sent), deeds(w.mock.Effects())); diff != "" {
		t.Errorf("effects: -before the restore +after\n%s", diff)
	}
	if diff := cmp.Diff(want.after.ByPerson(), w.mock.State().ByPerson()); diff != "" {
		t.Errorf("MLP holds something else than without backup and restore:\n%s", clipped(diff))
	}
	if diff := cmp.Diff(worklist, w.run("worklist").stdout); diff != "" {
		t.Errorf("the worklist: -before the restore +after\n%s", diff)
	}
	if r := w.run("state check", "--deep"); r.code != 0 || !strings.Contains(r.stdout, "nothing is wrong") {
		t.Error(clipped(r.String()))
	}
}

// surelySent are the clients of whom a plan says of a change that it would be sent.
func surelySent(plan string) (clients []string) {
	client := ""
	for line := range strings.Lines(plan) {
		if name, found := strings.CutPrefix(line, "client "); found {
			client, _, _ = strings.Cut(name, " ")
		} else if !strings.HasPrefix(line, "  ") {
			client = ""
		} else if client != "" && !strings.Contains(line, "IN DOUBT") && !strings.Contains(line, "WAITS") {
			clients = append(clients, client)
		}
	}
	return clients
}

// The export of the day after the backup was ingested and archived: after the restore it is taken from the archive, and
// the backup's older one does not win from what MLP got since.
func TestRestoreTakesTheLaterExportFromTheArchive(t *testing.T) {
	w := newWorld(t)
	files := only(t, few()...)
	w.drop(files)
	for _, command := range []string{"once", "state backup " + w.path("yesterday")} {
		if r := w.run(command); r.code != 0 {
			t.Fatal(clipped(r.String()))
		}
	}
	before := len(w.mock.Effects())
	w.drop(map[string][]byte{"instroom" + tomorrow: only(t, newcomer, lateComer)["instroom"+tonight]})
	changed := strings.Replace(string(files["clienten"+tonight]), "Lindelaan 12", "Kerkstraat 7", 1)
	w.drop(map[string][]byte{"clienten" + tomorrow: []byte(changed)})
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	sent := len(w.mock.Effects())
	if sent < before+2 {
		t.Fatalf("the second day brought %d changes", sent-before)
	}
	worklist := w.run("worklist").stdout
	w.restore("yesterday")
	r := w.run("once", "--json")
	s := decode[app.Summary](t, r)
	if r.code != 0 || len(s.Files) == 0 || len(w.mock.Effects()) != sent {
		t.Errorf("after the restore %d files were read and %d changes sent\n%s", len(s.Files), len(w.mock.Effects())-sent, clipped(r.String()))
	}
	if diff := cmp.Diff(worklist, w.run("worklist").stdout); diff != "" {
		t.Errorf("the worklist: -before the restore +after\n%s", diff)
	}
}

// tampered answers look-ups with something else than MLP holds.
func (w *world) tampered(tamper func(item map[string]any) (keep bool)) {
	w.t.Helper()
	api := w.mock.API()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/dossiers/query") {
			api.ServeHTTP(out, r)
			return
		}
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		var body map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			w.t.Error(err)
		}
		kept := []any{}
		for _, item := range items(body, "items") {
			if item, is := item.(map[string]any); is && tamper(item) {
				kept = append(kept, item)
			}
		}
		body["items"] = kept
		out.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(out).Encode(body); err != nil {
			w.t.Error(err)
		}
	}))
	w.t.Cleanup(server.Close)
	if err := examples.Install(w.dir, server.URL); err != nil {
		w.t.Fatal(err)
	}
}

// What is known and what MLP holds can part in ways that the change feed does not tell: state check --deep does.
func TestDeepCheckTellsHowMLPDiffers(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	version := func(by float64) func(map[string]any) bool {
		return func(d map[string]any) bool { d["version"] = d["version"].(float64) + by; return true }
	}
	for says, tamper := range map[string]func(dossier map[string]any) bool{
		"holds no dossier of this client":      func(map[string]any) bool { return false },
		"holds another dossier of this client": func(d map[string]any) bool { d["dossierId"] = "5b3937a3-e7a9-5b8b-b514-8792848903a9"; return true },
		"was MLP put back?":                    version(-1),
		"and the change feed does not tell":    version(3),
		"holds other data under the same version": func(d map[string]any) bool {
			d["contactLanguage"] = map[bool]string{true: "fr", false: "nl"}[d["contactLanguage"] == "nl"]
			return true
		},
	} {
		hit := 0
		w.tampered(func(item map[string]any) bool {
			if dossier, is := item["dossier"].(map[string]any); is && hit == 0 {
				hit++
				return tamper(dossier)
			}
			return true
		})
		r := w.run("state check", "--deep")
		if r.code != 1 || strings.Count(r.stdout, says) != 1 || !strings.Contains(r.stdout, "findings: 1") || !strings.Contains(r.stdout, "where: client p-") {
			t.Errorf("%s: %s", says, r)
		}
	}
	w.server.Close()
	if err := examples.Install(w.dir, w.server.URL); err != nil {
		t.Fatal(err)
	}
	if r := w.run("state check", "--deep"); r.code != 1 || !strings.Contains(r.stdout, "MLP can't be read") || !strings.Contains(r.stdout, "not compared") {
		t.Errorf("MLP is not there: %s", r)
	}
}
