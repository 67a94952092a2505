package mapping

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
)

// Dates come from a short span, so that records meet, touch and contradict each other.
func genDate(t *rapid.T, name string) casefile.Date {
	return casefile.NewDate(2025, 1, 1).AddDays(rapid.IntRange(0, 60).Draw(t, name) * 10)
}

func genMaybeDate(t *rapid.T, name string) casefile.Date {
	if rapid.IntRange(0, 2).Draw(t, name+"?") == 0 {
		return ""
	}
	return genDate(t, name)
}

func pick[T any](t *rapid.T, name string, of ...T) T { return rapid.SampledFrom(of).Draw(t, name) }

func genTri(t *rapid.T, name string) casefile.Tri {
	return pick(t, name, casefile.Yes, casefile.Yes, casefile.No, casefile.Unknown)
}

func genHeader(t *rapid.T, key string) casefile.Header {
	return casefile.Header{Client: "K1", RecordKey: key, Missing: rapid.IntRange(0, 30).Draw(t, "missing") == 0,
		Prov: casefile.Provenance{File: "x.csv", Row: 2}}
}

func genClient(t *rapid.T) *casefile.Client {
	return &casefile.Client{
		Header: genHeader(t, "K1"), LastName: "Test", FirstName: "An", Caseworker: "mw-001", ContactLanguage: pick(t, "lang", "nl", "tr", ""),
		Readiness:  pick(t, "readiness", casefile.Ready, casefile.Ready, casefile.Ready, casefile.NotReady, ""),
		ReadySince: genMaybeDate(t, "readySince"), ReadinessWithdrawnOn: pick(t, "withdrawn", "", "", "", genDate(t, "withdrawnOn")),
		RegisteredBy:        pick(t, "registeredBy", casefile.PartyOCMW, casefile.PartyOCMW, casefile.PartyClient, ""),
		UnemploymentBenefit: pick(t, "benefit", casefile.BenefitNone, casefile.BenefitNone, casefile.BenefitFull, casefile.BenefitPartTime, ""),
		BenefitAppliedOn:    genMaybeDate(t, "applied"), BenefitEntitledFrom: genMaybeDate(t, "entitled"), BenefitDecisionOn: genMaybeDate(t, "decision"),
		BenefitDecision: pick(t, "rva", casefile.DecisionEntitled, casefile.DecisionPending, casefile.DecisionNotEntitled, ""),
		Leefloon:        pick(t, "leefloon", casefile.LeefloonNone, casefile.LeefloonFull, ""),
		SupportEndedOn:  pick(t, "ended", "", "", "", genDate(t, "endedOn")),
		DecidedCategory: pick(t, "decided", casefile.Code(""), "", "05", "90", "00", "78"), DecidedOn: genMaybeDate(t, "decidedOn"), DecisionReason: pick(t, "why", "omdat", ""),
	}
}

func genRecords(t *rapid.T) []casefile.Record {
	var out []casefile.Record
	if rapid.IntRange(0, 20).Draw(t, "client") > 0 {
		out = append(out, genClient(t))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "tracks") {
		out = append(out, &casefile.Track{Header: genHeader(t, fmt.Sprint("T", i)), TrackNumber: fmt.Sprint("T", i),
			Track: pick(t, "track", casefile.TrackTWE, casefile.TrackTWE, casefile.TrackTWE, casefile.TrackGLOW), ChoiceDate: genDate(t, "choice"),
			EntryNeed: pick(t, "need", "generic", "generic", "technical", ""), RegularEconomyWithinTwoYears: genTri(t, "economy"), JobTarget: pick(t, "target", "kok", ""),
			DevelopmentPlanOn: genMaybeDate(t, "pop"), WEOStart: genMaybeDate(t, "weoStart"), WEOEnd: genMaybeDate(t, "weoEnd"),
			WEOEndReason: pick(t, "reason", casefile.EndJob, casefile.EndNoJob, ""), Counsellor: pick(t, "counsellor", "tb-1", "tb-2")})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "contracts") {
		start := genDate(t, "start")
		e := &casefile.Employment{Header: genHeader(t, fmt.Sprint("E", i)), ContractNumber: pick(t, "number", "", "C1", "C2"),
			Employment: pick(t, "kind", casefile.Art60Job, casefile.Art60Job, casefile.Art60Job, casefile.RegularJob), Start: start, End: genMaybeDate(t, "end"),
			Regime: pick(t, "regime", casefile.FullTime, casefile.PartTime), RegimeFrom: start, SocialEconomy: genTri(t, "social")}
		if rapid.IntRange(0, 3).Draw(t, "change") == 0 {
			e.RegimeFrom = genDate(t, "regimeFrom")
			if len(out) > 0 && i > 0 {
				if before, ok := out[len(out)-1].(*casefile.Employment); ok {
					e.Start, e.ContractNumber, e.End, e.Employment = before.Start, before.ContractNumber, before.End, before.Employment
				}
			}
		}
		out = append(out, e)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "evaluations") {
		out = append(out, &casefile.Evaluation{Header: genHeader(t, fmt.Sprint("V", i)), TrackNumber: pick(t, "of", "", "T0", "T1"), Date: genDate(t, "evaluated"),
			Evaluation: pick(t, "evaluation", "interim", "final"), CompetencesScored: genTri(t, "scored"), PlanUpdated: genTri(t, "plan"), ReportUploaded: genTri(t, "report")})
	}
	if rapid.Bool().Draw(t, "handover") {
		out = append(out, genHandover(t))
	}
	return append(out, genInstruments(t)...)
}

// genInstruments are placements, trainings, competences and documents.
func genInstruments(t *rapid.T) []casefile.Record {
	var out []casefile.Record
	for i := range rapid.IntRange(0, 2).Draw(t, "placements") {
		out = append(out, &casefile.Placement{Header: genHeader(t, fmt.Sprint("P", i)), TrackNumber: pick(t, "placedIn", "", "", "T0", "T9"),
			Placement: pick(t, "instrument", casefile.PlacementBVS, casefile.PlacementWES, casefile.PlacementIBO), Start: genDate(t, "placed"), End: genMaybeDate(t, "placedUntil"),
			InternshipPlan: genTri(t, "internshipPlan"), Host: pick(t, "host", casefile.HostNonProfit, casefile.HostCompany, ""), HoursPerMonth: pick(t, "hours", "32", "65", ""),
			CommunityService: genTri(t, "community")})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "trainings") {
		out = append(out, &casefile.Training{Header: genHeader(t, fmt.Sprint("O", i)), Title: "kok", Start: genDate(t, "trained"), End: genMaybeDate(t, "trainedUntil"),
			Recognised: genTri(t, "recognised"), ServesJobTarget: genTri(t, "serves"), Regime: pick(t, "trainingRegime", casefile.FullTime, casefile.PartTime, ""),
			FullTimeFrom: pick(t, "later", "", "", genDate(t, "fullTimeFrom")), NeedKnownOn: genMaybeDate(t, "known"), GuidedHalfTime: genTri(t, "guided"),
			InternshipStart: pick(t, "intern", "", "", genDate(t, "internFrom")), InternshipEnd: pick(t, "internEnd", "", genDate(t, "internUntil"))})
	}
	if rapid.Bool().Draw(t, "competence") {
		out = append(out, &casefile.CompetenceRecord{Header: genHeader(t, "S1"), Competence: "koken", Level: casefile.LevelAcquired, AssessedOn: genDate(t, "assessed")})
	}
	if rapid.Bool().Draw(t, "document") {
		out = append(out, &casefile.DocumentRecord{Header: genHeader(t, "D1"), TrackNumber: pick(t, "documentOf", "", "T0"), Date: genDate(t, "written"), File: "a.pdf",
			Document: pick(t, "documentKind", casefile.DocFinalReport, casefile.DocInterimReport, casefile.DocInternshipPlan, casefile.DocDevelopmentPlan)})
	}
	return out
}

// answered lets a caseworker answer what a decision asks, some of it.
func answered(t *rapid.T, c casefile.Case, d casefile.Decision, on casefile.Date) casefile.Case {
	add := func(rule, question string, category casefile.Code, adopt bool) {
		c.Answers = append(c.Answers, casefile.Answer{Rule: rule, Question: question, Category: category, Adopt: adopt, Facts: d.Facts, On: on, Reason: "omdat"})
	}
	for _, m := range d.Manual {
		switch {
		case rapid.IntRange(0, 2).Draw(t, "answer") == 0:
		case m.Accept != "":
			add(m.Rule, m.Question, "", false)
		case m.Category:
			add(m.Rule, m.Question, pick(t, "chosen", casefile.Code("05"), "90", "00", "78", "03"), false)
		}
	}
	for _, f := range d.Findings {
		if f.Accept != "" && rapid.Bool().Draw(t, "answerFinding") {
			add(f.Rule, f.Question, "", rapid.Bool().Draw(t, "adopt"))
		}
	}
	return c
}

// edited lets a colleague change what MLP holds.
func edited(t *rapid.T, k casefile.Known) casefile.Known {
	k.Dossier = k.Dossier.Clone()
	k.Dossier.Person.Street = pick(t, "movedTo", k.Dossier.Person.Street, "Veldweg 2")
	for i, r := range k.Dossier.Registrations {
		if b, ok := r.Body.(casefile.WEO); ok && rapid.Bool().Draw(t, "counsellorOf") {
			b.Counsellor = "tb-9"
			k.Dossier.Registrations[i].Body = b
		}
	}
	return k
}

// shuffled is the same case with its records in another order.
func shuffled(t *rapid.T, c casefile.Case) casefile.Case {
	out := casefile.Assemble(c.OCMW, rapid.Permutation(c.Records()).Draw(t, "order"))
	out.SharedINSZ, out.Files, out.Answers = c.SharedINSZ, c.Files, c.Answers
	return out
}

func genHandover(t *rapid.T) casefile.Record {
	h := &casefile.HandoverRecord{Header: genHeader(t, "H1"), Handover: pick(t, "handoverKind", casefile.HandoverGLOW, casefile.HandoverWarmTraining, casefile.HandoverWarmOther),
		ChoiceDate: genDate(t, "choice"), Motivation: pick(t, "motivation", "m", "m", ""), Grounds: pick(t, "grounds", []string{"2"}, []string{"1"}, []string{"1", "3"}, nil),
		GroundOneBridgeable: genTri(t, "bridge"), RealisticOrientation: genTri(t, "orientation"), SelfInsight: casefile.Yes, NeedsWorkExperience: casefile.Yes,
		ReadyForAction: casefile.Yes, ContactLanguage: pick(t, "contact", "nl", "tr", ""), JobTarget: pick(t, "wish", "kok", ""), InformedOn: genMaybeDate(t, "informed"),
		TrainingStart: genMaybeDate(t, "training"), Exclusions: map[casefile.Exclusion]casefile.Tri{}}
	for _, q := range playbooks()[1].Questions {
		h.Exclusions[q.Code] = pick(t, "answer", casefile.No, casefile.No, casefile.No, casefile.No, casefile.No, casefile.Yes, casefile.Unknown)
	}
	return h
}

func genKnown(t *rapid.T, c casefile.Case) casefile.Known {
	k := casefile.Known{LookedUp: rapid.IntRange(0, 40).Draw(t, "lookedUp") > 0, Aliases: map[string]string{}, OutsideArea: rapid.IntRange(0, 30).Draw(t, "outside") == 0}
	if rapid.IntRange(0, 5).Draw(t, "dossier") == 0 {
		return k
	}
	k.Dossier = &casefile.Dossier{ID: "d1", Owner: casefile.Owner{Kind: pick(t, "owner", casefile.PartyOCMW, casefile.PartyOCMW, casefile.PartyPartner)}}
	for i := range rapid.IntRange(0, 3).Draw(t, "held") {
		h := casefile.Category{Code: pick(t, "code", casefile.Code("05"), "05", "78", "90", "93", "00", "02", "03", "06", "55"), From: genDate(t, "from"),
			SetBy: pick(t, "setBy", casefile.PartyOCMW, casefile.PartyVDAB, casefile.PartyClient)}
		if len(c.Employments) > 0 && rapid.IntRange(0, 2).Draw(t, "link") == 0 {
			e := c.Employments[0]
			h.EmploymentID = casefile.RegistrationID(c.OCMW, casefile.RegEmployment, "K1", e.ContractNumber, string(e.Start))
		}
		k.Dossier.Registrations = append(k.Dossier.Registrations, casefile.Registration{ID: fmt.Sprint("mlp-", i), Body: h, From: h.From, RegisteredAt: genAt(t)})
	}
	return k
}

// genAt lies before every day that is drawn: what is held first was there first.
func genAt(t *rapid.T) time.Time {
	return time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "at")).Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "second")) * time.Second)
}

// world is an arbitrary client: sometimes one that mlpsync has met before, with
// somebody else's change since.
func world(t *rapid.T) (casefile.Case, casefile.Known, casefile.Date) {
	c := casefile.Assemble(testOCMW(rapid.Bool().Draw(t, "agreed")), genRecords(t))
	c.Files = map[string]casefile.FileState{"a.pdf": {SHA256: "ab", Size: 10, Problem: pick(t, "file", casefile.FileProblem(""), "", casefile.FileMissing)}}
	k, day := genKnown(t, c), genDate(t, "day").AddDays(rapid.IntRange(0, 9).Draw(t, "days"))
	if rapid.Bool().Draw(t, "met") {
		before := day.AddDays(-rapid.IntRange(0, 100).Draw(t, "before"))
		first := New().Decide(c, k, before)
		k, c = applied(k, first), answered(t, c, first, before)
		if k.Dossier != nil && rapid.Bool().Draw(t, "edited") {
			k = edited(t, k)
		}
		if k.Dossier != nil && rapid.Bool().Draw(t, "changed") {
			h := casefile.Category{Code: pick(t, "newCode", casefile.Code("78"), "78", "03", "02", "00"), From: genDate(t, "newFrom"), SetBy: casefile.PartyVDAB}
			k.Dossier.Registrations = append(k.Dossier.Registrations, casefile.Registration{ID: "mlp-new", Body: h, From: h.From, RegisteredAt: before.Time().Add(20 * time.Hour)})
		}
	}
	return c, k, day
}

func TestDecideIsDeterministicInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		first := New().Decide(c, k, day)
		again := New().Decide(shuffled(t, c), k, day)
		if diff := cmp.Diff(first, again, cmpopts.EquateComparable()); diff != "" {
			t.Fatalf("another order, another decision:\n%s", diff)
		}
	})
}

func TestNothingChangesBeforeTheNextReview(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		first := New().Decide(c, k, day)
		last := day.AddDays(400)
		if first.NextReview != "" {
			last = first.NextReview.AddDays(-1)
		}
		if first.NextReview != "" && first.NextReview <= day {
			t.Fatalf("review on %s is not ahead of %s", first.NextReview, day)
		}
		then := day.AddDays(rapid.IntRange(0, day.DaysUntil(last)).Draw(t, "then"))
		again := New().Decide(c, k, then)
		if diff := cmp.Diff(first, again, cmpopts.EquateComparable(), cmpopts.IgnoreFields(casefile.Decision{}, "Day")); diff != "" {
			t.Fatalf("on %s the decision of %s has changed before its review on %q:\n%s", then, day, first.NextReview, diff)
		}
	})
}

func TestASecondDecisionAsksForNothingNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		first := New().Decide(c, k, day)
		if k.Dossier == nil && len(first.Registrations) > 0 && !slices.ContainsFunc(first.Registrations, isPerson) {
			t.Fatalf("registrations without a dossier: %+v", first.Registrations)
		}
		settled := applied(k, first)
		// What is registered can answer a question, so that more follows: once, and not for ever.
		for round := 2; ; round++ {
			next := New().Decide(c, settled, day)
			again := plan.Diff(settled, next)
			if len(again.Changes) == 0 {
				break
			}
			if len(first.Manual) == 0 || round > 3 {
				t.Fatalf("decision %d asks for %+v\nfirst: %+v", round, again.Changes, first.Registrations)
			}
			settled = applied(settled, next)
		}
		w := &work{k: settled}
		for _, r := range New().Decide(c, settled, day).Registrations {
			if !holds(w, r) {
				t.Fatalf("after applying, %s of rule %s is asked for: %+v\nfirst: %+v", r.Body.Kind(), r.Rule, r, first.Registrations)
			}
		}
		category(t, New().Decide(c, settled, day), settled, day)
	})
}

func isPerson(r casefile.Registration) bool { return r.Body.Kind() == casefile.RegPerson }

func holds(w *work, r casefile.Registration) bool {
	switch r.Body.(type) {
	case casefile.Person:
		return casefile.Satisfies(w.k.Dossier.Person, r.Body)
	case casefile.Profile:
		return casefile.Satisfies(w.k.Dossier.Profile, r.Body)
	}
	held, ok := w.byID(r.ID)
	return ok && casefile.Satisfies(held.Body, r.Body)
}

// category: where nobody is asked, MLP ends up with what the timeline says holds.
func category(t *rapid.T, d casefile.Decision, k casefile.Known, day casefile.Date) {
	says, ok := d.On(day)
	if len(d.Manual) > 0 || !ok || says.Expected {
		return
	}
	held, ok := k.Dossier.CategoryOn(day)
	if !ok || held.Code != says.Code {
		t.Fatalf("timeline says %s, MLP has %q\n%+v", says.Code, held.Code, d.Timeline)
	}
}

func TestProtectedNeverBecomes05(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		if k.Dossier == nil {
			k.Dossier = &casefile.Dossier{ID: "d1"}
		}
		from := casefile.Earliest(genDate(t, "protectedFrom"), day)
		for _, h := range k.Dossier.Categories() {
			if h.From <= day {
				from = max(from, h.From)
			}
		}
		k.Dossier.Registrations = append(k.Dossier.Registrations, casefile.Registration{ID: "protected", RegisteredAt: day.Time(),
			Body: casefile.Category{Code: pick(t, "protected", protectedCodes()...), From: from, SetBy: casefile.PartyOther}})
		before, _ := k.Dossier.CategoryOn(day)
		if !slices.Contains(protectedCodes(), before.Code) {
			return // another entry of that day came later
		}
		after := applied(k, New().Decide(c, k, day))
		if held, _ := after.Dossier.CategoryOn(day); held.Code == casefile.Code05 {
			t.Fatalf("%s became 05", before.Code)
		}
	})
}

func TestOrderAndOneTrack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		d := New().Decide(c, k, day)
		ids := map[string]bool{}
		weo, glow := false, false
		for _, r := range d.Registrations {
			if r.ID != "" && ids[r.ID] {
				t.Fatalf("two registrations with one id: %+v", r)
			}
			ids[r.ID] = true
			if r.From > day {
				t.Fatalf("%s is asked for before its day %s", r.Body.Kind(), r.From)
			}
			h, isHandover := r.Body.(casefile.Handover)
			glow = glow || (isHandover && h.Handover == casefile.HandoverGLOW)
			weo = weo || r.Body.Kind() == casefile.RegWEO
		}
		if weo && glow {
			t.Fatal("TWE and GLOW together")
		}
		if !slices.IsSortedFunc(d.Timeline, func(a, b casefile.TimelineEntry) int { return compareDates(a.From, b.From) }) {
			t.Fatalf("timeline is not in order: %+v", d.Timeline)
		}
	})
}

// TestAnswersSettle: what a person accepts is not asked again on that day.
func TestAnswersSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		asked := New().Decide(c, k, day)
		settled := map[string]bool{}
		for _, m := range asked.Manual {
			if m.Accept != "" {
				c.Answers = append(c.Answers, casefile.Answer{Rule: m.Rule, Question: m.Question, On: day, Reason: "omdat"})
				settled[m.Question] = true
			}
		}
		for _, m := range New().Decide(c, k, day).Manual {
			if settled[m.Question] && m.Question != "" {
				t.Fatalf("asked again: %+v", m)
			}
		}
	})
}

// TestOneCategoryADay: at most one entry of the timeline begins on a day and is to hold; VDAB's expected 78
// gives way to the OCMW's own.
func TestOneCategoryADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		d := New().Decide(c, k, day)
		for i := 1; i < len(d.Timeline); i++ {
			a, b := d.Timeline[i-1], d.Timeline[i]
			if a.From == b.From && a.Code == b.Code {
				t.Fatalf("one category twice from %s: %+v", a.From, d.Timeline)
			}
		}
		held, ok := d.On(day)
		if again, ok2 := d.On(day); ok != ok2 || held.Code != again.Code {
			t.Fatal("two categories hold on one day")
		}
	})
}

func TestEverythingCitesALiveRule(t *testing.T) {
	rules := map[string]bool{}
	for _, r := range New().Catalogue() {
		if rules[r.ID] || r.Source == "" || r.Dutch == "" || r.English == "" || r.Title == "" {
			t.Errorf("rule %s is double or incomplete", r.ID)
		}
		rules[r.ID] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		c, k, day := world(t)
		d := New().Decide(c, k, day)
		for _, tr := range d.Trace {
			if !rules[tr.Rule] || tr.Source == "" || tr.Why == "" {
				t.Fatalf("trace cites %+v", tr)
			}
		}
		for _, e := range d.Timeline {
			if !rules[e.Rule] || e.Source == "" || e.SetBy == "" {
				t.Fatalf("timeline cites %+v", e)
			}
		}
		for _, r := range d.Registrations {
			if !rules[r.Rule] || r.Caseworker == "" || r.Reason == "" {
				t.Fatalf("registration cites %+v", r)
			}
		}
		for _, m := range d.Manual {
			if !rules[m.Rule] || m.Reason == "" || m.Next == "" || len(m.Cells) == 0 || (m.Question == "") == (m.Category || m.Accept != "") {
				t.Fatalf("manual decision without a rule, next step or cell: %+v", m)
			}
		}
	})
}
