package e2e_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// A client was registered under an INSZ that was wrong in the export, and the export is corrected: DATA-03, until a person says that the
// number is right now. Then all stands in the client's own dossier, once, and people are told what to put right in the other.

// wrongNumber is that of the victim's twin, whom MLP knows and the sample does not, as the export writes it, and rightNumber the victim's own.
const wrongNumber, rightNumber = "07.69.21-543.68", "07.69.21-545.66"

const twin = `  - ssin: "07692154368"
    nisCode: "99991"
    owner: {kind: ocmw, name: OCMW Zonnedorp, kboNumber: "0999999031"}
    person: {lastName: "Guðmundsson", firstName: "Einar", birthDate: "2007-09-21"}
    address: {street: "Hoge Weg 7", postalCode: "9999", city: "Zonnedorp", nisCode: "99991"}
    contactLanguage: "nl"
    categories:
      - {categoryId: "c6312046-4b09-5bff-90ec-77d4d8836175", code: "03", validFrom: "2026-01-12", setBy: vdab, registeredAt: "2026-01-13T09:00:00Z"}
`

// mistaken is an installation that registered the victim, and the others, under the wrong number. It gives the dossier in which the
// victim was, and what was done to which. The export is corrected, and not taken yet.
func mistaken(t *testing.T) (w *world, wrong string, before map[string]map[deed]int) {
	t.Helper()
	const first = `  - ssin: "07692154566"` // in the scenario
	scenario, err := mockmlp.ParseScenario([]byte(strings.Replace(string(examples.Scenario()), first, twin+first, 1)))
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockOf(scenario)
	if err != nil {
		t.Fatal(err)
	}
	w = worldOf(t, mock)
	files := only(t, few()...)
	clients := files["clienten"+tonight]
	files["clienten"+tonight] = bytes.Replace(clients, []byte(rightNumber), []byte(wrongNumber), 1)
	w.drop(files)
	w.calmly()
	if wrong = w.dossier(); len(deedsByDossier(w.mock.Effects())[wrong]) < 5 {
		t.Fatalf("too little was registered in dossier %q", wrong)
	}
	w.drop(map[string][]byte{"clienten" + tomorrow: clients})
	return w, wrong, deedsByDossier(w.mock.Effects())
}

// calmly runs the daemon until nothing is left to do, VDAB's late 78 too, and gives its log.
func (w *world) calmly() []byte {
	w.t.Helper()
	d := &daemon{world: w}
	stop := d.start()
	d.calm("", 0)
	stop()
	return d.log.bytes()
}

// dossier is the victim's, as far as is known; empty for none.
func (w *world) dossier() string {
	w.t.Helper()
	e := decode[app.Explanation](w.t, w.run("explain", victim, "--json"))
	if e.Dossier == nil {
		return ""
	}
	return e.Dossier.ID
}

// work are the victim's items of a rule on the worklist.
func (w *world) work(rule string) (items []app.WorkItem) {
	w.t.Helper()
	for _, list := range decode[app.Worklist](w.t, w.run("worklist", "--json")).Caseworkers {
		for _, i := range list.Items {
			if i.Client == victim && i.Rule == rule {
				items = append(items, i)
			}
		}
	}
	return items
}

// asked takes the corrected export in, and wants the question on the worklist and nothing sent.
func (w *world) asked() {
	w.t.Helper()
	sent := len(w.mock.Effects())
	for range 2 {
		if r := w.run("once"); r.code != 0 {
			w.t.Fatal(clipped(r.String()))
		}
	}
	items := w.work("DATA-03")
	if len(items) != 1 || len(w.mock.Effects()) != sent {
		w.t.Fatalf("%d changes were sent, and this is asked: %+v", len(w.mock.Effects())-sent, items)
	}
	if answers := strings.Join(items[0].Answers, "\n"); !strings.Contains(answers, "mlpsync decide -c BESTAND "+victim+" --rule DATA-03 --accept") {
		w.t.Fatalf("how it is answered: %s", answers)
	}
}

func (w *world) beginAnew() {
	w.t.Helper()
	if r := w.run("decide", victim, "--rule", "DATA-03", "--accept", "--reason", "nagekeken op de identiteitskaart"); r.code != 0 ||
		!strings.Contains(r.stdout, "begin opnieuw in het dossier van dat nummer") {
		w.t.Fatal(r)
	}
}

// begun wants all in the victim's own dossier as if the number had never been wrong, and nothing more in the wrong one.
func (w *world) begun(wrong string, before map[string]map[deed]int) {
	w.t.Helper()
	want := theSmallReference(w.t.(*testing.T))
	if now := w.dossier(); now != want.dossier || now == wrong {
		w.t.Errorf("the dossier is %q, not %q", now, want.dossier)
	}
	got := deedsByDossier(w.mock.Effects())
	if diff := cmp.Diff(before[wrong], got[wrong]); diff != "" {
		w.t.Errorf("in the wrong dossier: -before the answer +after it\n%s", diff)
	}
	delete(got, wrong)
	if diff := cmp.Diff(want.deeds, got); diff != "" {
		w.t.Errorf("effects: -with the right number at once +with the answer\n%s", diff)
	}
	if r := w.run("state check", "--deep"); r.code != 0 {
		w.t.Error(clipped(r.String()))
	}
	sent := len(w.mock.Effects())
	if r := w.run("once", "--json"); r.code != 0 || len(w.mock.Effects()) != sent {
		w.t.Errorf("a second run sent %d changes: %s", len(w.mock.Effects())-sent, clipped(r.String()))
	}
}

func TestBeginAnewInTheOwnDossier(t *testing.T) {
	w, wrong, before := mistaken(t)
	w.asked()
	w.beginAnew()
	w.beginAnew() // by a second person, before the first order was carried out
	log := w.calmly()
	for _, done := range []string{"true", "false"} {
		if n := bytes.Count(log, []byte(`"done":`+done)); n != 1 {
			t.Errorf("%d orders of two have done: %s", n, done)
		}
	}
	w.begun(wrong, before)
	left := w.work("DATA-03")
	if len(left) != 1 || len(left[0].Answers) != 1 {
		t.Fatalf("on the worklist: %+v", left)
	}
	for _, word := range []string{wrong, "de gegevens van de persoon (stond er al, en is gewijzigd)", "categorie 05 vanaf 31/01/2026", "de WEO vanaf ", "het contract art. 60§7 v", "categorie 90 vanaf 16/03/2026"} {
		if !strings.Contains(left[0].Reason, word) {
			t.Errorf("what was left behind lacks %q: %s", word, left[0].Reason)
		}
	}
	audited := w.run("audit", "--people").stdout
	if !strings.Contains(audited, "begunAnew") || !strings.Contains(audited, "nagekeken op de identiteitskaart") {
		t.Errorf("audited: %s", audited)
	}
	if explained := strings.Join(strings.Fields(w.run("explain", victim).stdout), " "); !strings.Contains(explained, "uitgevoerd: de cliënt begon opnieuw") {
		t.Errorf("explained: %s", explained)
	}
	if r := w.run("decide", victim, "--rule", "DATA-03", "--accept", "--reason", "VDAB heeft het geschrapt"); r.code != 0 {
		t.Fatal(r)
	}
	if r := w.run("once"); r.code != 0 || len(w.work("DATA-03")) > 0 {
		t.Errorf("it was put right, and stays on the worklist: %+v\n%s", w.work("DATA-03"), clipped(r.String()))
	}
	if r := w.run("decide", victim, "--rule", "DATA-03", "--accept", "--reason", "nog eens"); r.code != 2 {
		t.Errorf("answered once more: %s", r)
	}
	clients := only(t, few()...)["clienten"+tonight]
	w.drop(map[string][]byte{"clienten_20260317.csv": bytes.Replace(clients, []byte(rightNumber), []byte("07.69.21-547.64"), 1)})
	w.asked() // of another number again
}

// The power is cut behind the answer, at each step of what follows from it.
func TestBeginAnewCutShort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process that was killed can't be told there from one that ended")
	}
	w, wrong, before := mistaken(t)
	w.asked()
	w.beginAnew()
	for _, point := range []string{
		"apply-requests.before-commit:1", "apply-requests.after-commit:1", "save-look-ups.before-commit:1", "save-look-ups.after-commit:1",
		"commit-decisions.before-commit:1", "commit-decisions.after-commit:1", "claim-entries.after-commit:1", "settle-entries.before-commit:1",
		"settle-entries.after-commit:1", "settle-entries.before-commit:1",
	} {
		w.killedAt(point)
	}
	w.calmly()
	w.begun(wrong, before)
	if left := w.work("DATA-03"); len(left) != 1 {
		t.Errorf("on the worklist: %+v", left)
	}
}
