package mapping

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
)

var update = flag.Bool("update", false, "rewrite the wanted outcome in testdata")

// A policy case (testdata/*.txtar) tells a client's story in the words of the
// export and the days on which mlpsync looks at it. What mlpsync asks for on a day
// is in MLP from then on; other people's entries come in as "mlp" lines.
type policy struct {
	Client      map[string]any   `yaml:"client"`
	Tracks      []map[string]any `yaml:"tracks"`
	Contracts   []map[string]any `yaml:"contracts"`
	Evaluations []map[string]any `yaml:"evaluations"`
	Handovers   []map[string]any `yaml:"handovers"`
	Dossier     *policyDossier   `yaml:"dossier"`
	OutsideArea bool             `yaml:"outsideArea"`
	HealthData  bool             `yaml:"healthDataAgreed"`
	Events      []event          `yaml:"events"`
}

type policyDossier struct {
	Owner      string       `yaml:"owner"`
	OwnerName  string       `yaml:"ownerName"`
	Categories []policyHeld `yaml:"categories"`
	WEOs       []policyWEO  `yaml:"weos"`
	Handovers  []policyHand `yaml:"handovers"`
}

type policyHeld struct {
	Code     string `yaml:"code"`
	From     string `yaml:"from"`
	SetBy    string `yaml:"setBy"`
	Contract bool   `yaml:"contract"` // names the client's first contract
}

type policyWEO struct {
	Start      string `yaml:"start"`
	Counsellor string `yaml:"counsellor"`
}

type policyHand struct {
	Kind   string `yaml:"kind"`
	Choice string `yaml:"choice"`
	Status string `yaml:"status"`
}

type event struct {
	Day    string         `yaml:"day"`    // mlpsync decides, and MLP takes what it asks
	Look   string         `yaml:"look"`   // mlpsync decides, nothing is sent
	MLP    *policyHeld    `yaml:"mlp"`    // somebody else sets a category in MLP
	Export map[string]any `yaml:"export"` // the client's row changes
}

func TestPolicies(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no policy cases: %v", err)
	}
	fired := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runPolicy(t, file, fired) })
	}
	for _, rule := range New().Catalogue() {
		if !fired[rule.ID] {
			t.Errorf("rule %s never fires in testdata", rule.ID)
		}
	}
}

func runPolicy(t *testing.T, file string, fired map[string]bool) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, want, found := strings.Cut(string(data), wantMark)
	_, text, ok := strings.Cut(head, caseMark)
	if !ok {
		t.Fatalf("no %q in the file", caseMark)
	}
	var p policy
	if err := yaml.UnmarshalWithOptions([]byte(text), &p, yaml.Strict()); err != nil {
		t.Fatalf("decode: %v", err)
	}
	got := newStory(t, p, fired).tell()
	if *update {
		if err := os.WriteFile(file, []byte(head+wantMark+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !found {
		t.Fatal("no wanted outcome: run with -update and read what it writes")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome differs (-want +got):\n%s", diff)
	}
}

// The parts of a policy file, which is a txtar archive of two files.
const (
	caseMark = "-- klant --\n"
	wantMark = "-- uitkomst --\n"
)

// story plays a policy case.
type story struct {
	t     *testing.T
	p     policy
	rules *Rules
	c     casefile.Case
	k     casefile.Known
	at    time.Time
	fired map[string]bool
	out   strings.Builder
}

func newStory(t *testing.T, p policy, fired map[string]bool) *story {
	s := &story{t: t, p: p, rules: New(), fired: fired, at: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.c = casefile.Assemble(testOCMW(p.HealthData), s.records())
	s.k = casefile.Known{LookedUp: true, OutsideArea: p.OutsideArea, Aliases: map[string]string{}}
	if p.Dossier != nil {
		s.k.Dossier = s.dossier()
	}
	return s
}

func testOCMW(agreed bool) casefile.OCMW {
	return casefile.OCMW{KBO: "0999999922", NIS: "99991", DefaultCaseworker: "mw-000", HealthDataAgreed: agreed}
}

func (s *story) tell() string {
	for _, e := range s.p.Events {
		switch {
		case e.MLP != nil:
			s.hold(*e.MLP)
		case e.Export != nil:
			s.set(s.c.Client, casefile.KindClient, e.Export)
		default:
			day := casefile.Date(e.Day + e.Look)
			s.at = later(s.at, day)
			d := s.rules.Decide(s.c, s.k, day)
			s.show(d)
			if e.Day != "" {
				s.k = applied(s.k, d)
			}
		}
	}
	return s.out.String()
}

// tick is the next moment of registration: noon of the last day, and onwards.
func (s *story) tick() time.Time { s.at = s.at.Add(time.Second); return s.at }

func later(at time.Time, day casefile.Date) time.Time {
	if noon := day.Time().Add(12 * time.Hour); noon.After(at) {
		return noon
	}
	return at
}

func (s *story) dossier() *casefile.Dossier {
	d := &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW, Name: s.p.Dossier.OwnerName}}
	if s.p.Dossier.Owner != "" {
		d.Owner.Kind = casefile.Party(s.p.Dossier.Owner)
	}
	s.k.Dossier = d
	for _, h := range s.p.Dossier.Categories {
		s.hold(h)
	}
	for i, h := range s.p.Dossier.WEOs {
		s.add(fmt.Sprintf("weo-%d", i), casefile.WEO{Start: casefile.Date(h.Start), Counsellor: h.Counsellor})
	}
	for i, h := range s.p.Dossier.Handovers {
		s.add(fmt.Sprintf("hnd-%d", i), casefile.Handover{Handover: casefile.HandoverKind(h.Kind), ChoiceDate: casefile.Date(h.Choice), Status: casefile.HandoverStatus(h.Status)})
	}
	return d
}

func (s *story) add(id string, body casefile.Body) {
	s.k.Dossier.Registrations = append(s.k.Dossier.Registrations, casefile.Registration{ID: id, Body: body, From: casefile.StartOf(body), RegisteredAt: s.tick()})
}

func (s *story) hold(h policyHeld) {
	c := casefile.Category{Code: casefile.Code(h.Code), From: casefile.Date(h.From), SetBy: casefile.Party(h.SetBy)}
	if h.Contract {
		e := s.c.Employments[0]
		c.EmploymentID = casefile.RegistrationID(s.c.OCMW, casefile.RegEmployment, s.c.ClientNumber(), e.ContractNumber, string(e.Start))
	}
	s.add(fmt.Sprintf("mlp-%d", len(s.k.Dossier.Registrations)), c)
}

func (s *story) records() []casefile.Record {
	var out []casefile.Record
	if s.p.Client != nil {
		c := &casefile.Client{LastName: "Testpersoon", FirstName: "An", Caseworker: "mw-001", NIS: "99991"}
		s.set(c, casefile.KindClient, s.p.Client)
		out = append(out, c)
	}
	for _, m := range s.p.Tracks {
		r := &casefile.Track{Counsellor: "tb-01"}
		s.set(r, casefile.KindTrack, m)
		r.RecordKey = r.TrackNumber + "|" + string(r.Track)
		out = append(out, r)
	}
	for _, m := range s.p.Contracts {
		r := &casefile.Employment{}
		s.set(r, casefile.KindEmployment, m)
		if r.RegimeFrom == "" {
			r.RegimeFrom = r.Start
		}
		r.RecordKey = r.ContractNumber + "|" + string(r.Start) + "|" + string(r.RegimeFrom)
		out = append(out, r)
	}
	for _, m := range s.p.Evaluations {
		r := &casefile.Evaluation{}
		s.set(r, casefile.KindEvaluation, m)
		r.RecordKey = string(r.Date) + "|" + r.Evaluation
		out = append(out, r)
	}
	for _, m := range s.p.Handovers {
		r := &casefile.HandoverRecord{Exclusions: map[casefile.Exclusion]casefile.Tri{}}
		s.set(r, casefile.KindHandover, m)
		r.RecordKey = string(r.Handover) + "|" + string(r.ChoiceDate)
		out = append(out, r)
	}
	return out
}

// set fills a record from the export's field names.
func (s *story) set(r casefile.Record, kind casefile.RecordKind, fields map[string]any) {
	v := reflect.ValueOf(r).Elem()
	v.FieldByName("Header").FieldByName("Client").SetString("K1")
	v.FieldByName("Header").FieldByName("Prov").Set(reflect.ValueOf(casefile.Provenance{File: string(kind) + ".csv", Row: 2}))
	for name, value := range fields {
		s.setField(v, kind, name, value)
	}
}

func (s *story) setField(v reflect.Value, kind casefile.RecordKind, name string, value any) {
	text := fmt.Sprint(value)
	if b, ok := value.(bool); ok {
		text = map[bool]string{true: "yes", false: "no"}[b]
	}
	h, isHandover := v.Addr().Interface().(*casefile.HandoverRecord)
	switch {
	case name == "missing" || name == "deleted":
		v.FieldByName("Header").FieldByName(strings.ToUpper(name[:1]) + name[1:]).SetBool(value == true)
	case isHandover && strings.HasPrefix(name, "excl"):
		code := strings.ToLower(name[4:5]) + name[5:]
		h.Exclusions[casefile.Exclusion(code)] = casefile.Tri(text)
	case name == "grounds":
		h.Grounds = strings.Fields(text)
	default:
		field := strings.ToUpper(name[:1]) + name[1:]
		switch {
		case name == "kind":
			field = map[casefile.RecordKind]string{casefile.KindTrack: "Track", casefile.KindEmployment: "Employment",
				casefile.KindEvaluation: "Evaluation", casefile.KindHandover: "Handover"}[kind]
		case name == "weoStart", name == "weoEnd", name == "weoEndReason":
			field = "WEO" + name[3:]
		}
		f := v.FieldByName(field)
		if !f.IsValid() || f.Kind() != reflect.String {
			s.t.Fatalf("field %q of %s is unknown", name, kind)
		}
		f.SetString(text)
	}
}

// applied is what MLP holds once all that a decision asks for has been accepted.
func applied(k casefile.Known, d casefile.Decision) casefile.Known {
	diff := plan.Diff(k, d)
	out := casefile.Apply(k, diff.Changes)
	out.Aliases = maps.Clone(k.Aliases)
	maps.Copy(out.Aliases, diff.Adopted)
	if out.Written == nil {
		out.Written = map[string]casefile.Body{}
	}
	maps.Copy(out.Written, diff.Agreed)
	return out
}

// show prints a decision so that a person who doesn't program can judge it.
func (s *story) show(d casefile.Decision) {
	for _, t := range d.Trace {
		if t.Fired {
			s.fired[t.Rule] = true
		}
	}
	p := func(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }
	p("== %s", d.Day.Dutch())
	for _, e := range d.Timeline {
		note := ""
		if e.Expected {
			note = ", verwacht"
		}
		if e.From > d.Day {
			note += ", gepland"
		}
		p("categorie %s vanaf %s door %s (%s%s)", e.Code, e.From.Dutch(), e.SetBy, e.Rule, note)
	}
	for _, r := range d.Registrations {
		p("%s: %s (%s)", s.sendWord(r), describe(r.Body), r.Rule)
	}
	for _, m := range d.Manual {
		proposal := ""
		if m.Proposal != "" {
			proposal = " [voorstel " + string(m.Proposal) + "]"
		}
		p("beslissen: %s: %s%s", m.Rule, m.Reason, proposal)
	}
	for _, f := range d.Findings {
		p("vaststelling: %s: %s", f.Rule, f.Reason)
	}
	for _, l := range d.Deadlines {
		p("termijn: %s tegen %s: %s (%s)", l.Rule, l.Due.Dutch(), l.What, map[casefile.DeadlineState]string{
			casefile.DeadlineDue: "loopt", casefile.DeadlineMet: "in orde", casefile.DeadlineOverdue: "te laat"}[l.State])
	}
	if d.NextReview != "" {
		p("opnieuw bekijken op %s", d.NextReview.Dutch())
	}
}

// sendWord tells whether MLP has it already.
func (s *story) sendWord(r casefile.Registration) string {
	var held casefile.Body
	switch r.Body.Kind() {
	case casefile.RegPerson:
		if s.k.Dossier != nil {
			held = s.k.Dossier.Person
		}
	case casefile.RegProfile:
		if s.k.Dossier != nil {
			held = s.k.Dossier.Profile
		}
	default:
		if h, ok := (&work{k: s.k}).inMLP(r.ID, r.Body); ok {
			held = h.Body
		}
		if _, byID := (&work{k: s.k}).byID(r.ID); !byID && strings.HasPrefix(r.Rule, "CAT-06") {
			held = nil
		}
	}
	if held != nil && casefile.Satisfies(held, r.Body) {
		return "staat in MLP"
	}
	return "sturen"
}

func describe(b casefile.Body) string {
	switch b := b.(type) {
	case casefile.Person:
		return "gegevens van de klant"
	case casefile.Profile:
		return strings.TrimSpace("profiel " + b.JobTarget + " " + b.EntryNeed + " " + b.DevelopmentPlanOn.Dutch())
	case casefile.Category:
		link := ""
		if b.EmploymentID != "" {
			link = ", bij contract"
		}
		return fmt.Sprintf("categorie %s vanaf %s%s", b.Code, b.From.Dutch(), link)
	case casefile.WEO:
		return strings.TrimSpace(fmt.Sprintf("WEO %s-%s %s", b.Start.Dutch(), b.End.Dutch(), b.EndReason))
	case casefile.Art60:
		text := fmt.Sprintf("contract art. 60§7 %s-%s", b.Start.Dutch(), b.End.Dutch())
		for _, r := range b.Regimes {
			text += fmt.Sprintf(" %s vanaf %s", r.Regime, r.From.Dutch())
		}
		return text
	case casefile.EvaluationDone:
		return fmt.Sprintf("evaluatie %s %s", b.Date.Dutch(), b.Evaluation)
	case casefile.Handover:
		text := fmt.Sprintf("overdracht %s, keuze %s, categorie %s", b.Handover, b.ChoiceDate.Dutch(), b.CurrentCategory)
		if len(b.Grounds) > 0 {
			text += fmt.Sprintf(", gronden %s, %d keer nee", strings.Join(b.Grounds, " "), len(b.Exclusions))
		}
		return text
	}
	return "?"
}
