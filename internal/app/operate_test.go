package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/report"
)

const orderKBO = "0999999922"

var orderer = Actor{Name: "els", Reason: "gebeld met de cliënt"}

// asked is an installation with one client, c1, whose decision is d and who stands as
// 90 in MLP.
func asking(t *testing.T, d casefile.Decision) *App {
	t.Helper()
	dir := t.TempDir()
	if err := MakeKey(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte(`environment: test
today: 2026-03-16
stateDir: `+dir+`/state
keyFile: `+dir+`/keys
mlp: {baseUrl: "http://127.0.0.1:1"}
ocmws:
  - name: OCMW Voorbeeld
    kbo: "`+orderKBO+`"
    nis: [{code: "99991"}]
    inbox: `+dir+`/in
    reports: `+dir+`/reports
    profile: `+filepath.Join("..", "..", "examples", "profile.yaml")+`
    defaultCaseworker: mw-000
    credentials: {clientId: a, clientSecret: {env: S}, apiKey: {env: K}}
`), ".")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), Options{Config: c, Mode: Daemon, Getenv: os.Getenv, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	a.foresee = foreseeing(d)
	takeIn(t, a)
	decideAs(t, a, d)
	return a
}

// foreseeing stands for rules that ask what d asks, until it is answered.
func foreseeing(d casefile.Decision) func(context.Context, ledger.ClientView) (casefile.Decision, error) {
	return func(_ context.Context, view ledger.ClientView) (casefile.Decision, error) {
		return unanswered(d, view.Answers), nil
	}
}

// unanswered is what a decision asks of which there is no answer.
func unanswered(d casefile.Decision, answers []casefile.Answer) casefile.Decision {
	given := func(rule, question string) bool {
		return slices.ContainsFunc(answers, func(a casefile.Answer) bool { return a.Rule == rule && a.Question == question })
	}
	d.Manual = slices.DeleteFunc(slices.Clone(d.Manual), func(m casefile.Manual) bool { return given(m.Rule, m.Question) })
	d.Findings = slices.DeleteFunc(slices.Clone(d.Findings), func(f casefile.Finding) bool { return given(f.Rule, f.Question) })
	return d
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func takeIn(t *testing.T, a *App) {
	t.Helper()
	reading, err := ident.ParseINSZ("67722499797") // a TST number
	ok(t, err)
	takeInNumber(t, a, reading.INSZ)
	lookups, err := a.store.NeedLookup(t.Context(), orderKBO, 0, 1)
	ok(t, err)
	held := &casefile.Dossier{ID: "d", Version: 1, Person: casefile.Person{INSZ: reading.INSZ}, Registrations: []casefile.Registration{
		{ID: "x", Body: casefile.Category{Code: casefile.Code90, From: "2026-03-02"}, From: "2026-03-02"},
	}}
	ok(t, a.store.SaveLookups(t.Context(), "run", orderKBO, []ledger.LookupResult{{Person: lookups[0].Person, Dossier: held}}, a.now()))
}

// takeInNumber makes an export the one in force that has c1 under a number.
func takeInNumber(t *testing.T, a *App, number ident.INSZ) {
	t.Helper()
	payload, err := casefile.MarshalRecord(&casefile.Client{Header: casefile.Header{Client: "c1", RecordKey: "c1"}, INSZ: number})
	ok(t, err)
	staging, err := a.store.StageSet(t.Context(), "run", orderKBO, []ledger.File{{Feed: "clients", Name: "a.csv", Hash: number.Reveal(), Interpretation: "1"}})
	ok(t, err)
	ok(t, staging.Add(t.Context(), []ledger.Row{{Number: 2, Client: "c1", Records: []ledger.StoredRecord{{
		Kind: casefile.KindClient, Client: "c1", Key: "c1", INSZ: number.Reveal(), Hash: number.Reveal(), Payload: payload,
	}}}}))
	_, err = staging.Activate(t.Context(), []ledger.FileCount{{Rows: 1}}, a.now())
	ok(t, err)
}

// decideAs commits d for every client that is to be decided.
func decideAs(t *testing.T, a *App, d casefile.Decision) {
	t.Helper()
	subjects, err := a.store.Dirty(t.Context(), orderKBO, a.today(), "v1", 10)
	ok(t, err)
	d.Day = a.today()
	var outcomes []ledger.Outcome
	for _, s := range subjects {
		o := ledger.Outcome{Subject: s, Kind: ledger.OutcomeManual, Decision: d, Version: "v1"}
		if s.Hold != nil {
			o.Kind, o.Decision = ledger.OutcomeHeld, casefile.Decision{}
		}
		outcomes = append(outcomes, o)
	}
	ok(t, a.store.Decide(t.Context(), "run", outcomes, a.now()))
}

// carryOut does the daemon's part.
func carryOut(t *testing.T, a *App) []ledger.Applied {
	t.Helper()
	applied, err := a.store.ApplyRequests(t.Context(), a.now())
	ok(t, err)
	return applied
}

func fourQuestions() casefile.Decision {
	return casefile.Decision{
		Facts: "facts-1",
		Manual: []casefile.Manual{
			{Rule: "CAT-03", Reason: "Wie weet?", Question: "q-cat", Category: true, Proposal: casefile.Code05},
			{Rule: "TWE-01", Reason: "Vul in.", Next: "in de export"}, // only the export answers
			{Rule: "CAT-10", Reason: "Veranderd.", Question: "q-drift", Category: true, Proposal: casefile.Code05},
		},
		Findings: []casefile.Finding{
			{Rule: "TWE-02", Reason: "Te kort.", Question: "q-short", Accept: "de duur klopt"},
			{Rule: "DATA-04", Reason: "Adres veranderd.", Question: "q-field", Accept: "ons adres wordt opnieuw verstuurd"},
			{Rule: "TWE-03", Reason: "Alleen om te weten."},
		},
	}
}

func TestDecideAnswersTheQuestion(t *testing.T) {
	cases := map[string]struct {
		reply Reply
		want  casefile.Answer
	}{
		"category":              {Reply{Rule: "CAT-03", Category: "00"}, casefile.Answer{Rule: "CAT-03", Question: "q-cat", Category: "00", On: "2026-03-16", Means: "categorie 00 vanaf 16/03/2026"}},
		"category from a day":   {Reply{Rule: "CAT-03", Category: "05", From: "2026-03-01"}, casefile.Answer{Rule: "CAT-03", Question: "q-cat", Category: "05", On: "2026-03-01", Means: "categorie 05 vanaf 01/03/2026, of vanaf de dag die de regel vraagt"}},
		"by number":             {Reply{Number: report.Questions(fourQuestions())[1].Number, Category: "00"}, casefile.Answer{Rule: "CAT-10", Question: "q-drift", Category: "00", On: "2026-03-16", Means: "categorie 00 vanaf 16/03/2026"}},
		"accept":                {Reply{Rule: "TWE-02", Accept: true}, casefile.Answer{Rule: "TWE-02", Question: "q-short", On: "2026-03-16", Means: "de duur klopt"}},
		"adopt a category":      {Reply{Rule: "CAT-10", Adopt: true}, casefile.Answer{Rule: "CAT-10", Question: "q-drift", Category: "90", On: "2026-03-16", Means: "wat in MLP staat, blijft: categorie 90"}},
		"overrule a category":   {Reply{Rule: "CAT-10", Overrule: true}, casefile.Answer{Rule: "CAT-10", Question: "q-drift", Category: "05", On: "2026-03-16", Means: "de categorie wordt 05 vanaf 16/03/2026, of vanaf de dag die de regel vraagt"}},
		"overrule other fields": {Reply{Rule: "DATA-04", Overrule: true}, casefile.Answer{Rule: "DATA-04", Question: "q-field", On: "2026-03-16", Means: "ons adres wordt opnieuw verstuurd"}},
		"adopt other fields":    {Reply{Rule: "DATA-04", Adopt: true}, casefile.Answer{Rule: "DATA-04", Question: "q-field", Adopt: true, On: "2026-03-16", Means: "wat in MLP staat, blijft"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := asking(t, fourQuestions())
			ordered, err := a.Decide(t.Context(), "c1", c.reply, orderer)
			ok(t, err)
			applied := carryOut(t, a)
			if len(applied) != 1 || !applied[0].Done {
				t.Fatalf("carried out: %+v", applied)
			}
			view, err := a.find(t.Context(), "c1")
			ok(t, err)
			c.want.Facts, c.want.By, c.want.Reason = "facts-1", orderer.Name, orderer.Reason
			if diff := cmp.Diff([]casefile.Answer{c.want}, view.Answers, cmpopts.IgnoreFields(casefile.Answer{}, "At")); diff != "" {
				t.Errorf("answers (-want +have):\n%s", diff)
			}
			if diff := cmp.Diff(view.Answers[0], ordered.Answer); diff != "" || !view.Dirty {
				t.Errorf("to be decided again: %t; ordered (-kept +told):\n%s", view.Dirty, diff)
			}
		})
	}
}

func TestDecideRefusesWhatDoesNotFit(t *testing.T) {
	a := asking(t, fourQuestions())
	cases := map[string]struct {
		client string
		reply  Reply
		by     Actor
		error  string
		hint   string
	}{
		"no reason":           {"c1", Reply{Rule: "CAT-03", Category: "05"}, Actor{Name: "els", Reason: " "}, "a reason is required", "--reason"},
		"no such client":      {"c2", Reply{Rule: "CAT-03", Category: "05"}, orderer, "no such client", "client number"},
		"several":             {"c1", Reply{Category: "05"}, orderer, "open for this client: 4", "--rule"},
		"a rule that is mute": {"c1", Reply{Rule: "TWE-03", Accept: true}, orderer, "TWE-03 asks nothing of this client that can be answered here; open for this client: 4", "--rule"},
		"the export answers":  {"c1", Reply{Rule: "TWE-01", Accept: true}, orderer, "open for this client: 4", "--rule"},
		"accept a category":   {"c1", Reply{Rule: "CAT-03", Accept: true}, orderer, "--accept does not answer", "answered with --category"},
		"category to a fact":  {"c1", Reply{Rule: "TWE-02", Category: "05"}, orderer, "--category does not answer", "answered with --accept"},
		"adopt no drift":      {"c1", Reply{Rule: "CAT-03", Adopt: true}, orderer, "--adopt does not answer", "answered with --category"},
		"overrule no drift":   {"c1", Reply{Rule: "TWE-02", Overrule: true}, orderer, "--overrule does not answer", "answered with --accept"},
		"accept fields":       {"c1", Reply{Rule: "DATA-04", Accept: true}, orderer, "--accept does not answer", "answered with --adopt or --overrule"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := a.Decide(t.Context(), c.client, c.reply, c.by)
			refused(t, err, c.error, c.hint)
		})
	}
	if applied := carryOut(t, a); len(applied) > 0 {
		t.Errorf("refused, and ordered all the same: %+v", applied)
	}
}

// refused says that an error and its hint hold these words.
func refused(t *testing.T, err error, words, hint string) {
	t.Helper()
	var hinted interface{ Hint() string }
	if err == nil || !strings.Contains(err.Error(), words) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), hint) {
		t.Fatalf("the refusal is %v, not %q with the hint %q", err, words, hint)
	}
}

func TestSeveralQuestionsAreListed(t *testing.T) {
	_, err := asking(t, fourQuestions()).Decide(t.Context(), "c1", Reply{Category: "05"}, orderer)
	var several *OpenQuestions
	if !errors.As(err, &several) {
		t.Fatal(err)
	}
	var list []string
	for _, q := range several.Questions {
		list = append(list, q.Rule+" "+strings.Join(q.Flags(), " "))
	}
	want := []string{"CAT-03 --category", "CAT-10 --category --adopt --overrule", "TWE-02 --accept", "DATA-04 --adopt --overrule"}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("questions (-want +have):\n%s", diff)
	}
}

func TestOnlyQuestionNeedsNoRule(t *testing.T) {
	a := asking(t, casefile.Decision{Manual: fourQuestions().Manual[:2]})
	answered, err := a.Decide(t.Context(), "c1", Reply{Category: "00"}, orderer)
	ok(t, err)
	if answered.Rule != "CAT-03" {
		t.Errorf("answered %s", answered.Rule)
	}
}

// An answer that turns out wrong can be given anew, by its rule; the same one again is
// told as such.
func TestAnsweredQuestionIsAnsweredOtherwise(t *testing.T) {
	a := asking(t, casefile.Decision{Manual: fourQuestions().Manual[:1]})
	reply := Reply{Rule: "CAT-03", Category: "05"}
	for range 2 { // while the question stands, and when it is asked no more
		_, err := a.Decide(t.Context(), "c1", reply, orderer)
		ok(t, err)
		carryOut(t, a)
		_, err = a.Decide(t.Context(), "c1", reply, orderer)
		refused(t, err, "answered so already, on 16/03/2026 by els", "until the facts change")
		decideAs(t, a, casefile.Decision{})
		_, err = a.Decide(t.Context(), "c1", Reply{Category: "00"}, orderer)
		refused(t, err, "nothing is asked", "To correct an answer, name its rule")
		_, err = a.Decide(t.Context(), "c1", Reply{Rule: "CAT-03", Accept: true}, orderer)
		refused(t, err, "--accept does not answer", "--category")
		reply.Category = "00"
	}
}

// Corrected by its rule, an answer about what somebody changed in MLP still has both its ways.
func TestSettledFieldDriftIsAnsweredOtherwise(t *testing.T) {
	a := asking(t, casefile.Decision{Findings: fourQuestions().Findings[1:2]})
	for _, step := range []struct {
		reply Reply
		means string
	}{
		{Reply{Adopt: true}, "wat in MLP staat, blijft"},
		{Reply{Rule: "DATA-04", Overrule: true}, "stuur opnieuw wat de export zegt"},
		{Reply{Rule: "DATA-04", Adopt: true}, "wat in MLP staat, blijft"},
	} {
		answered, err := a.Decide(t.Context(), "c1", step.reply, orderer)
		ok(t, err)
		carryOut(t, a)
		decideAs(t, a, casefile.Decision{})
		view, err := a.find(t.Context(), "c1")
		ok(t, err)
		told := explainAnswers(view, a.today(), unasked)
		if answered.Means != step.means || len(told) != 1 || told[0].Means != step.means || told[0].Status != AnswerHolds {
			t.Errorf("ordered %q, told %+v; want %q", answered.Means, told, step.means)
		}
	}
}

// A category was chosen on facts: with others the same one is another answer.
func TestSameCategoryOnOtherFacts(t *testing.T) {
	a := asking(t, fourQuestions())
	reply := Reply{Rule: "CAT-03", Category: "05"}
	_, err := a.Decide(t.Context(), "c1", reply, orderer)
	ok(t, err)
	carryOut(t, a)
	moved := fourQuestions()
	moved.Facts = "facts-2"
	_, err = a.Decide(t.Context(), "c1", reply, orderer)
	refused(t, err, "answered so already", "until the facts change")
	a.foresee = foreseeing(moved)
	_, err = a.Decide(t.Context(), "c1", Reply{Rule: "CAT-03", Category: "00"}, orderer)
	refused(t, err, "the client's data have changed since CAT-03 asked this", "next round")
	decideAs(t, a, moved)
	answered, err := a.Decide(t.Context(), "c1", reply, orderer)
	ok(t, err)
	if answered.Facts != "facts-2" {
		t.Errorf("answered on %s", answered.Facts)
	}
}

// An answer that will not hold is refused when it is given, with what the rules say to it; what else it leads to is told.
func TestAnswerIsTriedFirst(t *testing.T) {
	a := asking(t, fourQuestions())
	a.foresee = func(_ context.Context, view ledger.ClientView) (casefile.Decision, error) {
		d := unanswered(fourQuestions(), view.Answers)
		for _, g := range view.Answers {
			switch g.Category {
			case "90":
				d = fourQuestions()
				d.Findings = append(d.Findings, casefile.Finding{Rule: "CAT-10", Reason: "90 geldt niet.", Next: "Voer het contract in."})
			case "00":
				d.Manual = append(d.Manual, casefile.Manual{Rule: "CAT-03", Reason: "00 is beschermd.", Question: "q-other", Category: true})
			}
		}
		return d, nil
	}
	_, err := a.Decide(t.Context(), "c1", Reply{Rule: "CAT-03", Category: "90"}, orderer)
	refused(t, err, "this answer would not be taken: with it CAT-03 asks the same again; nothing was ordered", "answer otherwise")
	var why *NotTaken
	if !errors.As(err, &why) || !slices.Equal(why.Why, []Asked{{"CAT-10", "90 geldt niet.", "Voer het contract in."}}) {
		t.Errorf("why not: %+v", why)
	}
	if applied := carryOut(t, a); len(applied) > 0 {
		t.Errorf("refused, and ordered all the same: %+v", applied)
	}
	answered, err := a.Decide(t.Context(), "c1", Reply{Rule: "CAT-03", Category: "00"}, orderer)
	ok(t, err)
	if !slices.Equal(answered.Then, []Asked{{Rule: "CAT-03", Reason: "00 is beschermd."}}) {
		t.Errorf("it leads to %+v", answered.Then)
	}
	a.foresee = foreseeing(casefile.Decision{Facts: "facts-1"})
	_, err = a.Decide(t.Context(), "c1", Reply{Rule: "TWE-02", Accept: true}, orderer)
	refused(t, err, "the client's data have changed since TWE-02 asked this", "mlpsync once")
}

// unasked stands for rules that ask nothing again without an answer.
func unasked(casefile.Answer) bool { return false }

// A rule can ask several things: an answer to one of them is not outdated because another is open.
func TestAnAnswerHoldsBesideAnOpenQuestionOfItsRule(t *testing.T) {
	d := casefile.Decision{Findings: []casefile.Finding{
		{Rule: "DATA-04", Reason: "Adres veranderd.", Question: "q-address", Accept: "opnieuw sturen"},
		{Rule: "DATA-04", Reason: "POP veranderd.", Question: "q-plan", Accept: "opnieuw sturen"},
	}}
	a := asking(t, d)
	_, err := a.Decide(t.Context(), "c1", Reply{Number: report.Questions(d)[0].Number, Adopt: true}, orderer)
	ok(t, err)
	carryOut(t, a)
	status := func(when string, want AnswerStatus) {
		t.Helper()
		e, err := a.Explain(t.Context(), "c1")
		ok(t, err)
		if len(e.Answers) != 1 || e.Answers[0].Status != want {
			t.Errorf("%s: %+v", when, e.Answers)
		}
	}
	status("before the next round", AnswerPending)
	decideAs(t, a, casefile.Decision{Findings: d.Findings[1:]})
	status("the other is open", AnswerHolds)
	d.Findings[0].Question = "q-other-address"
	a.foresee = foreseeing(d)
	decideAs(t, a, d)
	status("the address changed again", AnswerOutdated)
}

// Each line that explain prints answers its own question, also when others of its rule were answered meanwhile.
func TestPrintedLineAnswersItsQuestion(t *testing.T) {
	var d casefile.Decision
	for _, q := range []string{"q-address", "q-plan", "q-phone"} {
		d.Findings = append(d.Findings, casefile.Finding{Rule: "DATA-04", Question: q, Accept: "opnieuw sturen"})
	}
	d.Manual = []casefile.Manual{{Rule: "CAT-03", Question: "q-cat", Category: true}}
	a := asking(t, d)
	e, err := a.Explain(t.Context(), "c1")
	ok(t, err)
	if line := e.Manual[0].Answers[0]; strings.Contains(line, "--question") {
		t.Errorf("the rule says it all: %s", line)
	}
	for i, f := range e.Findings {
		var number int
		if _, err := fmt.Sscanf(f.Answers[0], "mlpsync decide -c BESTAND c1 --rule DATA-04 --question %d --adopt", &number); err != nil {
			t.Fatalf("%s: %v", f.Answers[0], err)
		}
		answered, err := a.Decide(t.Context(), "c1", Reply{Rule: "DATA-04", Number: number, Adopt: true}, orderer)
		ok(t, err)
		if answered.Question != d.Findings[i].Question {
			t.Errorf("%s answers %s, not %s", f.Answers[0], answered.Question, d.Findings[i].Question)
		}
		carryOut(t, a)
		decideAs(t, a, casefile.Decision{Manual: d.Manual, Findings: d.Findings[i+1:]})
	}
}

func TestReplyIsChecked(t *testing.T) {
	refused(t, Reply{Category: "02"}.Check(), `category "02"`, "00, 03, 05, 78, 90 or 93")
	refused(t, Reply{Accept: true, From: "2026-03-16"}.Check(), "with a category only", "from today")
	for _, code := range []casefile.Code{"00", "03", "05", "78", "90", "93"} {
		if err := (Reply{Category: code, From: "2026-03-16"}).Check(); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestHoldAndRelease(t *testing.T) {
	a := asking(t, fourQuestions())
	_, err := a.Release(t.Context(), "c1", orderer)
	refused(t, err, "no person holds this client", "next round")
	client, err := a.Hold(t.Context(), orderKBO+"/c1", orderer)
	ok(t, err)
	if client != "c1" {
		t.Errorf("held %s", client)
	}
	carryOut(t, a)
	decideAs(t, a, fourQuestions())
	_, err = a.Hold(t.Context(), "c1", orderer)
	refused(t, err, "els holds this client since 16/03/2026", "mlpsync release")
	_, err = a.Decide(t.Context(), "c1", Reply{Rule: "CAT-03", Category: "05"}, orderer)
	refused(t, err, "this client is held", "mlpsync release")
	status, err := a.Status(t.Context())
	ok(t, err)
	if got := status.OCMWs[0].Clients.Held; got != 1 {
		t.Errorf("status tells of %d held clients", got)
	}
	_, err = a.Release(t.Context(), "c1", orderer)
	ok(t, err)
	carryOut(t, a)
	view, err := a.find(t.Context(), "c1")
	ok(t, err)
	if view.Hold != nil || !view.Dirty {
		t.Errorf("after the release: hold %v, to be decided %t", view.Hold, view.Dirty)
	}
	_, err = a.Hold(t.Context(), "c1", Actor{Name: "els"})
	refused(t, err, "a reason is required", "--reason")
}

// A user of the program's own name is told from it, and whom sudo names from the user that all commands run as.
func TestWhoGivesAnOrder(t *testing.T) {
	for _, tt := range []struct{ user, sudo, want string }{
		{"an", "", "an"}, {"an", "an", "an"}, {"mlpsync", "an", "an (sudo)"}, {"mlpsync", "", "user mlpsync"}, {"mlpsync", "mlpsync", "user mlpsync"},
	} {
		if got := Orderer(tt.user, tt.sudo, "x"); got.Name != tt.want || got.Reason != "x" {
			t.Errorf("%s, sudo %q: %+v", tt.user, tt.sudo, got)
		}
	}
}
