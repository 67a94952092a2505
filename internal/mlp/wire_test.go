package mlp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	schema "github.com/mlpsync/mlpsync/schemas/mlp"
)

func bodies(t testing.TB) map[string]casefile.Change {
	put := func(b casefile.Body) casefile.Change {
		return casefile.Change{Op: casefile.OpPut, Kind: b.Kind(), ID: categoryID, New: b, Caseworker: "mw-014"}
	}
	patch := func(b casefile.Body) casefile.Change {
		return casefile.Change{Op: casefile.OpPatch, Kind: b.Kind(), New: b, Caseworker: "mw-014"}
	}
	return map[string]casefile.Change{
		"create":       createOf(t),
		"patchAddress": patch(casefile.Person{Street: "Teststraat 2", PostalCode: "9000"}),
		"patchName":    patch(casefile.Person{LastName: "Peeters"}),
		"patchProfile": patch(casefile.Profile{JobTarget: "Groenarbeider", EntryNeed: "generic", DevelopmentPlanOn: "2026-01-12"}),
		"category":     put(casefile.Category{Code: "90", From: "2026-02-02", SetBy: casefile.PartyOCMW, EmploymentID: employmentID}),
		"weo":          put(casefile.WEO{Start: "2026-01-12", End: "2027-01-11", EndReason: "job", Counsellor: "tb-03"}),
		"employment": put(casefile.Art60{
			Start: "2026-02-02", WEOID: weoID, EmployerKBO: "0212214917", SocialEconomy: casefile.No,
			Regimes: []casefile.RegimePeriod{{From: "2026-02-02", Regime: "partTime", HoursPerWeek: "19.50"}, {From: "2026-06-01", Regime: "fullTime"}},
		}),
		"evaluation": put(casefile.EvaluationDone{
			Date: "2026-07-10", Evaluation: "interim", WEOID: weoID, CompetencesScored: casefile.Yes, PlanUpdated: casefile.No, ReportUploaded: casefile.No,
		}),
		"placement": put(casefile.WorkPlacement{
			Placement: "BVS", Start: "2026-01-19", End: "2026-01-30", EmployerKBO: "0212214917", InternshipPlan: casefile.Yes,
			HoursPerMonth: "40.50", CommunityService: casefile.No, WEOID: weoID,
		}),
		"document": put(casefile.Document{
			Document: casefile.DocInterimReport, Date: "2026-07-10", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(pdf))), Size: int64(len(pdf)),
			WEOID: weoID, File: "in/huis/verslag.pdf",
		}),
		"competence": put(casefile.Competence{Competence: "Op tijd komen", Level: "developing", AssessedOn: "2026-07-10"}),
		"note":       put(casefile.Note{Note: casefile.NoteTraining, Date: "2026-09-01", Text: "Opleiding groenarbeider", WEOID: weoID}),
		"handover": put(casefile.Handover{
			Handover: casefile.HandoverGLOW, ChoiceDate: "2026-01-20", Motivation: "guidedTrack", Grounds: []string{"2", "4"},
			Exclusions: []casefile.ExclusionAnswer{{Question: casefile.ExclNeedsTraining, Answer: casefile.No}}, JobTarget: "Winkelmedewerker",
			ContactLanguage: "nl", InformedOn: "2026-01-21", OCMWKBO: "0212214917", OCMWNIS: "44021", CurrentCategory: "05",
			WEOStart: "2025-01-20", Art60Start: "2025-02-20", Art60End: "2026-01-19", Status: "sent",
		}),
	}
}

var update = flag.Bool("update", false, "rewrite the golden bodies")

// The golden bodies are what an API on the other side sees. Each is held against the document.
func TestBodies(t *testing.T) {
	api := compiled(t)
	for name, change := range bodies(t) {
		t.Run(name, func(t *testing.T) {
			body, err := Body(change)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, append(body, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			w := Write{Change: change, DossierID: dossierID, Version: 4, IdempotencyKey: "k", Content: contentOf(change)}
			r, err := writeRequest(w)
			if err != nil {
				t.Fatal(err)
			}
			c := &Client{api: api}
			if err := c.validate(r, "trace"); err != nil {
				t.Errorf("%+v", err)
			}
		})
	}
}

// The file travels with the document, and only there; its place in the house never does. Without it nothing is sent.
func TestADocumentTravelsWithItsFile(t *testing.T) {
	change := bodies(t)["document"]
	with, err := writeRequest(Write{Change: change, Content: []byte(pdf)})
	if err != nil {
		t.Fatal(err)
	}
	var sent struct{ Content string }
	if err := json.Unmarshal(with.body, &sent); err != nil || sent.Content != base64.StdEncoding.EncodeToString([]byte(pdf)) {
		t.Errorf("%v: %s", err, with.body)
	}
	if strings.Contains(string(with.body), "verslag.pdf") {
		t.Error("the file's place is told")
	}
	c := &Client{api: compiled(t)}
	without, err := writeRequest(Write{Change: change, DossierID: dossierID, Version: 4})
	if err != nil || VerdictOf(c.validate(without, "trace")) != VerdictPermanent {
		t.Errorf("a document without its file: %v", err)
	}
}

// Each kind of registration has a place in the API, and a body that these tests hold against the document.
func TestEveryKindTravels(t *testing.T) {
	tested := map[casefile.RegistrationKind]bool{}
	for _, change := range bodies(t) {
		tested[change.Kind] = true
	}
	for _, kind := range casefile.RegistrationKinds() {
		if !tested[kind] {
			t.Errorf("no body of kind %s is tested", kind)
		}
		at, ok := collectionOf(kind)
		if own := kind == casefile.RegPerson || kind == casefile.RegProfile; ok == own {
			t.Errorf("%s: collection %+v", kind, at)
		}
	}
}

func TestUnknownIsNotSentAsNo(t *testing.T) {
	change := bodies(t)["evaluation"]
	e := change.New.(casefile.EvaluationDone)
	e.PlanUpdated = casefile.Unknown
	change.New = e
	body, err := Body(change)
	if err != nil || strings.Contains(string(body), "planUpdated") {
		t.Errorf("%v: %s", err, body)
	}
}

// What is written is read back as it was, read-only fields aside.
func TestRegistrationsRoundTrip(t *testing.T) {
	day := rapid.Map(rapid.IntRange(0, 9000), func(n int) casefile.Date { return casefile.Date("2010-01-01").AddDays(n) })
	maybeDay := rapid.OneOf(rapid.Just(casefile.Date("")), day)
	text := rapid.StringN(0, 20, -1)
	tri := rapid.SampledFrom([]casefile.Tri{casefile.Unknown, casefile.Yes, casefile.No})
	kbo := rapid.SampledFrom([]ident.KBO{"", "0212214917"})
	id := rapid.SampledFrom([]string{"", weoID})
	body := rapid.Custom(func(t *rapid.T) casefile.Body {
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 4:
			hours := rapid.SampledFrom([]string{"", "40", "40.5"})
			return casefile.WorkPlacement{
				Placement: "WES", Start: day.Draw(t, "start"), End: maybeDay.Draw(t, "end"), EmployerKBO: kbo.Draw(t, "kbo"), WEOID: id.Draw(t, "weo"),
				InternshipPlan: tri.Draw(t, "plan"), HoursPerMonth: hours.Draw(t, "h"), CommunityService: tri.Draw(t, "cs"),
			}
		case 5:
			return casefile.Document{
				Document: casefile.DocFinalReport, Date: day.Draw(t, "date"), SHA256: text.Draw(t, "sum"), Size: rapid.Int64Range(0, 5<<20).Draw(t, "size"), WEOID: id.Draw(t, "weo"),
			}
		case 6:
			return casefile.Competence{Competence: text.Draw(t, "c"), Level: "acquired", AssessedOn: day.Draw(t, "on")}
		case 7:
			return casefile.Note{Note: casefile.NoteFinalAdvice, Date: day.Draw(t, "date"), Text: text.Draw(t, "text"), WEOID: id.Draw(t, "weo")}
		case 0:
			return casefile.Category{Code: "93", From: day.Draw(t, "from"), EmploymentID: id.Draw(t, "employment")}
		case 1:
			return casefile.WEO{Start: day.Draw(t, "start"), End: maybeDay.Draw(t, "end"), Counsellor: text.Draw(t, "counsellor")}
		case 2:
			hours := rapid.SampledFrom([]string{"", "19", "19.5", "38"})
			return casefile.Art60{
				Start: day.Draw(t, "start"), End: maybeDay.Draw(t, "end"), EmployerKBO: kbo.Draw(t, "kbo"), SocialEconomy: tri.Draw(t, "se"), WEOID: weoID,
				Regimes: []casefile.RegimePeriod{{From: day.Draw(t, "rf"), Regime: casefile.PartTime, HoursPerWeek: hours.Draw(t, "h")}},
			}
		case 3:
			return casefile.EvaluationDone{Date: day.Draw(t, "date"), Evaluation: "phase", CompetencesScored: tri.Draw(t, "c"), PlanUpdated: tri.Draw(t, "p"), ReportUploaded: tri.Draw(t, "r"), WEOID: weoID}
		}
		return casefile.Handover{
			Handover: casefile.HandoverWarmOther, ChoiceDate: day.Draw(t, "choice"), Motivation: text.Draw(t, "m"), JobTarget: text.Draw(t, "j"),
			InformedOn: maybeDay.Draw(t, "informed"), Note: text.Draw(t, "note"), WEOStart: maybeDay.Draw(t, "ws"), Grounds: []string{"3"},
			Exclusions: []casefile.ExclusionAnswer{{Question: casefile.ExclOtherTrack, Answer: casefile.No}}, OCMWKBO: "0212214917", OCMWNIS: "44021",
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := body.Draw(t, "body")
		w, err := registrationOf(want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var back wireRegistration
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		got := back.body(want.Kind())
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		held := casefile.Dossier{Registrations: []casefile.Registration{{ID: "x", Body: got}}}
		if !Holds(held, casefile.Change{Op: casefile.OpPut, ID: "x", New: want}) {
			t.Fatal("a dossier that holds it does not hold it")
		}
	})
}

func TestHolds(t *testing.T) {
	put := putCategory().Change
	with := func(id string, b casefile.Body) casefile.Dossier {
		return casefile.Dossier{Person: person(t), Registrations: []casefile.Registration{{ID: id, Body: b}}}
	}
	document := casefile.Change{Op: casefile.OpPut, ID: categoryID, New: casefile.Document{
		Document: "finalReport", Date: "2026-03-16", SHA256: "a", Size: 1, File: "x.pdf",
	}}
	patch := casefile.Change{Op: casefile.OpPatch, New: casefile.Person{PostalCode: "9000"}}
	moved := casefile.Change{Op: casefile.OpPatch, New: casefile.Person{PostalCode: "9050"}}
	for _, tt := range []struct {
		name string
		d    casefile.Dossier
		c    casefile.Change
		want bool
	}{
		{"there", with(categoryID, casefile.Category{Code: "05", From: "2026-03-16", SetBy: casefile.PartyOCMW}), put, true},
		{"under another id", with(weoID, casefile.Category{Code: "05", From: "2026-03-16"}), put, false},
		{"other content", with(categoryID, casefile.Category{Code: "90", From: "2026-03-16"}), put, false},
		{"more than asked", with(categoryID, casefile.Category{Code: "05", From: "2026-03-16", EmploymentID: employmentID}), put, false},
		{"a document that is there", with(categoryID, casefile.Document{Document: "finalReport", Date: "2026-03-16", SHA256: "a", Size: 1}), document, true},
		{"another file", with(categoryID, casefile.Document{Document: "finalReport", Date: "2026-03-16", SHA256: "b", Size: 1}), document, false},
		{"another kind", with(categoryID, casefile.WEO{Start: "2026-03-16"}), put, false},
		{"patched", with("", casefile.Category{}), patch, true},
		{"not patched", with("", casefile.Category{}), moved, false},
	} {
		if got := Holds(tt.d, tt.c); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestADossierIsReadWhole(t *testing.T) {
	body, err := json.Marshal(exampleOf(t, "Dossier"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := decodeDossier(body)
	if err != nil {
		t.Fatal(err)
	}
	if d.Version != 6 || d.Owner.Kind != casefile.PartyOCMW || d.Person.INSZ.Reveal() != testINSZ || d.Profile.JobTarget != "Groenarbeider" || len(d.Registrations) != 4 {
		t.Errorf("got %+v", d)
	}
	if held, ok := d.CategoryOn("2026-02-01"); !ok || held.Code != casefile.Code05 || held.RegisteredAt.IsZero() {
		t.Errorf("category %+v", held)
	}
}

// A value that this version doesn't know is kept as it is, or nothing; it never makes the dossier unreadable.
func TestUnknownValuesAreRead(t *testing.T) {
	body := []byte(`{"dossierId":"x","version":1,"ssin":"67722499797","ssinStatus":"suspended","ssinHistory":["1","83660634135"],
		"owner":{"kind":"cooperative","program":"NEW"},
		"handovers":[{"handoverId":"h","kind":"COLD","choiceDate":"2026-01-02","status":"paused","statusReason":"holiday"}],
		"documents":[{"documentId":"d","kind":"photo","mediaType":"image/png","date":"2026-01-02"}],
		"competences":[{"competenceId":"c","level":"excellent","assessedOn":"2026-01-02"}],
		"notes":[{"noteId":"n","kind":"song","date":"2026-01-02"}],
		"placements":[{"placementId":"p","kind":"BIS","startDate":"2026-01-02"}]}`)
	d, err := decodeDossier(body)
	if err != nil || len(d.Registrations) != 5 || d.INSZCanceled || len(d.INSZHistory) != 1 {
		t.Fatalf("%v: %d registrations", err, len(d.Registrations))
	}
	h := d.OfKind(casefile.RegHandover)[0].Body.(casefile.Handover)
	if h.Status != "paused" || h.StatusReason != "holiday" || d.Owner.Kind != "cooperative" {
		t.Errorf("%+v, owner %+v", h, d.Owner)
	}
}

func TestQueryAnswersUnderTheCallersIds(t *testing.T) {
	var asked [][]string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ SSINs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		asked = append(asked, body.SSINs)
		item := map[string]any{"ssin": otherINSZ, "replacedBy": testINSZ, "dossier": dossierJSON(4)}
		writeJSON(w, 200, nil, map[string]any{"items": []any{item}, "canceledSsins": []any{testINSZ}})
	})
	c := newClient(t, Options{Transport: handlerTripper(h)})
	people := []Lookup{{1, insz(t, testINSZ)}, {2, insz(t, otherINSZ)}, {3, insz(t, otherINSZ)}}
	got, err := c.Query(t.Context(), people)
	if err != nil || len(got.Dossiers) != 2 || got.Dossiers[2].ID != dossierID || got.Dossiers[3].ID != dossierID || len(got.Canceled) != 1 || !got.Canceled[1] {
		t.Errorf("%v: %+v", err, got)
	}
	if diff := cmp.Diff([][]string{{testINSZ, otherINSZ}}, asked); diff != "" {
		t.Error(diff)
	}
	many := make([]Lookup, MaxQuery+1)
	for i := range many {
		many[i] = Lookup{int64(i), insz(t, otherINSZ)}
	}
	asked = nil
	if _, err := c.Query(t.Context(), many); err != nil || len(asked) != 2 {
		t.Errorf("%v, %d calls", err, len(asked))
	}
}

// exampleOf is the document's own example of a schema.
func exampleOf(t *testing.T, name string) any {
	t.Helper()
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Example any }
		}
	}
	if err := yaml.Unmarshal(schema.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	example := doc.Components.Schemas[name].Example
	if example == nil {
		t.Fatalf("the document has no example of %s", name)
	}
	return example
}

func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"dossierId":"x","version":1,"ssin":"67722499797","categories":[{"categoryId":"a","validFrom":"2026-01-01"}]}`))
	f.Add([]byte(`{"dossierId":"x","version":1,"ssin":"67722499797","documents":[{"documentId":"d","size":1e3,"content":"AA=="}],"notes":[{}]}`))
	f.Add([]byte(`{"weos":[{"startDate":"2026-13-01"}],"employments":[null]}`))
	f.Add([]byte(`{"items":[{"ssin":"67722499797","dossier":{"dossierId":7,"version":"x"}},null,{"dossier":{"dossierId":"x","version":1,"ssin":"67722499797"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if list, err := decodeList(body); err == nil {
			for _, item := range list.Items {
				d, err := item.dossier()
				if u := item.unread(err); err == nil && (d.ID == "" || d.Version < 1 || d.Person.INSZ.IsZero()) || u.Version < 0 {
					t.Errorf("half a dossier is read of a list")
				}
			}
		}
		if d, err := decodeDossier(body); err == nil && (d.ID == "" || d.Version < 1 || d.Person.INSZ.IsZero()) {
			t.Errorf("half a dossier is read")
		}
		for _, status := range []int{200, 400, 401, 429, 503} {
			o := outcome{op: operation{id: "x"}, sent: true, status: status, header: http.Header{}}
			o.form, o.problem = formOf(status, "application/json", body)
			if e := classify(o, epoch()); e != nil && (e.RetryAfter < 0 || len(plainURN(e.Type)) > 300) {
				t.Errorf("%+v", e)
			}
		}
	})
}
