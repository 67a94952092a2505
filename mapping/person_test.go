package mapping

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/plan"
)

func insz(t *testing.T, digits string) ident.INSZ {
	t.Helper()
	reading, err := ident.ParseINSZ(digits)
	if err != nil {
		t.Fatal(err)
	}
	return reading.INSZ
}

// readyClient asks for 05 and an update of the person, where nothing stops that.
func readyClient(t *testing.T) *casefile.Client {
	return &casefile.Client{
		Header: casefile.Header{Client: "K1"}, INSZ: insz(t, "67722499797"), LastName: "Testpersoon", FirstName: "An", BirthDate: "1967-12-24",
		Caseworker: "mw-001", NIS: "99991", Readiness: casefile.Ready, ReadySince: "2026-01-05", RegisteredBy: casefile.PartyOCMW,
		UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonFull,
	}
}

// DATA-03: nothing is sent where export and dossier may be about two people.
func TestOtherPersonIsAskedAbout(t *testing.T) {
	own := insz(t, "67722499797")
	cases := []struct {
		name   string
		shared bool
		held   casefile.Person
		asked  string // part of the reason; empty: nothing is asked
	}{
		{"the same person", false, casefile.Person{INSZ: own, LastName: "Testpersoon", FirstName: "An", BirthDate: "1967-12-24"}, ""},
		{"written otherwise", false, casefile.Person{INSZ: own, LastName: "TESTPERSOON ", FirstName: "an", BirthDate: "1967-12-25"}, ""},
		{"married name", false, casefile.Person{INSZ: own, LastName: "Anders", FirstName: "An", BirthDate: "1967-12-24"}, ""},
		{"nothing known of the name", false, casefile.Person{INSZ: own}, ""},
		{"another number", false, casefile.Person{INSZ: insz(t, "83660634135")}, "niet dat van het dossier"},
		{"all three differ", false, casefile.Person{INSZ: own, LastName: "Anders", FirstName: "Bert", BirthDate: "1983-06-06"}, "alle drie anders"},
		{"two clients, one number", true, casefile.Person{INSZ: own}, "hetzelfde INSZ"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			known := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}, Person: c.held}}
			kase := casefile.Assemble(testOCMW(false), []casefile.Record{readyClient(t)})
			kase.SharedINSZ = c.shared
			d := New().Decide(kase, known, "2026-03-16")
			if c.asked == "" {
				if len(d.Manual) != 0 || len(d.Registrations) == 0 {
					t.Errorf("asked %v, %d registrations", d.Manual, len(d.Registrations))
				}
				return
			}
			if len(d.Manual) != 1 || d.Manual[0].Rule != "DATA-03" || !strings.Contains(d.Manual[0].Reason, c.asked) || len(d.Registrations) != 0 {
				t.Errorf("asked %v, %d registrations", d.Manual, len(d.Registrations))
			}
		})
	}
}

// Without a dossier two clients with one INSZ must not make two.
func TestSharedINSZMakesNoDossier(t *testing.T) {
	kase := casefile.Assemble(testOCMW(false), []casefile.Record{readyClient(t)})
	kase.SharedINSZ = true
	d := New().Decide(kase, casefile.Known{LookedUp: true}, "2026-03-16")
	if len(d.Manual) != 1 || len(d.Registrations) != 0 {
		t.Errorf("asked %v, %d registrations", d.Manual, len(d.Registrations))
	}
}

// An order to begin anew is the ledger's to carry out: while the wrong dossier is the known one nothing goes into it, whatever was
// answered, and with another number or dossier it is another question.
func TestBeginAnewIsAskedUntilItIsDone(t *testing.T) {
	other := insz(t, "83660634135")
	look := func(dossier string, held ident.INSZ, answers ...casefile.Answer) casefile.Manual {
		kase := casefile.Assemble(testOCMW(false), []casefile.Record{readyClient(t)})
		kase.Answers = answers
		d := New().Decide(kase, casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: dossier, Version: 1, Person: casefile.Person{INSZ: held}}}, "2026-03-16")
		if len(d.Manual) != 1 || len(d.Registrations) != 0 || !d.Manual[0].Anew || d.Manual[0].Accept == "" {
			t.Fatalf("asked %+v, %d registrations", d.Manual, len(d.Registrations))
		}
		return d.Manual[0]
	}
	first := look("d1", other)
	answer := casefile.Answer{Rule: first.Rule, Question: first.Question, Anew: true, On: "2026-03-16"}
	if again := look("d1", other, answer); again.Question != first.Question {
		t.Errorf("another question, though nothing changed: %+v", again)
	}
	if look("d2", other).Question == first.Question {
		t.Error("of another dossier it is the same question")
	}
	d := &casefile.Dossier{ID: "d1"}
	if d.AnewQuestion(readyClient(t).INSZ.Reveal()) != first.Question || d.AnewQuestion(other.Reveal()) == first.Question {
		t.Error("the question is not that of the number in the export")
	}
}

// What was left behind stays on the worklist until it was put right, or the client is back in that dossier.
func TestLeftBehindIsTold(t *testing.T) {
	left := casefile.Answer{Rule: "DATA-03", Question: "q", Anew: true, On: "2026-03-15", Left: &casefile.Left{Dossier: "d1", Behind: []casefile.LeftBehind{
		{Kind: casefile.RegPerson}, {Kind: casefile.RegProfile}, {Kind: casefile.RegCategory, Code: "05", From: "2026-01-05"},
		{Kind: casefile.RegWEO, From: "2026-01-05", To: "2026-12-31"}, {Kind: casefile.RegEmployment, From: "2026-02-02", Changed: true},
		{Kind: casefile.RegEvaluation, From: "2026-03-02"},
	}}}
	look := func(dossier string, answers ...casefile.Answer) []casefile.Finding {
		client := readyClient(t)
		kase := casefile.Assemble(testOCMW(false), []casefile.Record{client})
		kase.Answers = answers
		d := New().Decide(kase, casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: dossier, Version: 1, Person: casefile.Person{INSZ: client.INSZ}}}, "2026-03-16")
		if len(d.Manual) != 0 || len(d.Registrations) == 0 {
			t.Errorf("it stops something: %+v, %d registrations", d.Manual, len(d.Registrations))
		}
		return d.Findings
	}
	told := look("d2", left)
	if len(told) != 1 || told[0].Rule != "DATA-03" || told[0].Accept == "" {
		t.Fatalf("found %+v", told)
	}
	const want = "In dossier d1 in MLP, dat van een ander INSZ is, staat nog wat deze software er voor deze cliënt registreerde: het dossier zelf, dat zij aanmaakte; " +
		"jobdoelwit en POP; categorie 05 vanaf 05/01/2026; de WEO van 05/01/2026 tot en met 31/12/2026; " +
		"het contract art. 60§7 vanaf 02/02/2026 (stond er al, en is gewijzigd); de evaluatie van 02/03/2026."
	if told[0].Reason != want {
		t.Errorf("told %q\nwant %q", told[0].Reason, want)
	}
	if again := look("d2", left, casefile.Answer{Rule: "DATA-03", Question: told[0].Question, On: "2026-03-16"}); len(again) != 0 {
		t.Errorf("put right, and told: %+v", again)
	}
	later := left
	later.Question, later.At = "q2", left.At.Add(time.Hour)
	if again := look("d2", left, later); len(again) != 1 {
		t.Errorf("left twice: %+v", again)
	}
	if back := look("d1", left); len(back) != 0 {
		t.Errorf("back in the dossier, and told: %+v", back)
	}
	left.Left.Behind = nil
	if nothing := look("d2", left); len(nothing) != 0 {
		t.Errorf("nothing was left, and told: %+v", nothing)
	}
}

// tweClient is in a TWE with a contract, all of it in MLP already but for what edit changes there.
func tweClient(t *testing.T, edit func(c *casefile.Case, d *casefile.Dossier)) (casefile.Decision, casefile.Known) {
	track := &casefile.Track{
		Header: casefile.Header{Client: "K1", RecordKey: "T1"}, TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: "2026-01-05",
		EntryNeed: casefile.EntryGeneric, RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: "2026-01-05",
		WEOStart: "2026-01-05", Counsellor: "tb-01",
	}
	contract := &casefile.Employment{
		Header: casefile.Header{Client: "K1", RecordKey: "C1"}, ContractNumber: "C1", Employment: casefile.Art60Job, Start: "2026-02-02",
		Regime: casefile.FullTime, RegimeFrom: "2026-02-02", NovaPrimaReference: "NP",
	}
	kase := casefile.Assemble(testOCMW(false), []casefile.Record{readyClient(t), track, contract})
	dossier := &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}, Registrations: []casefile.Registration{
		{ID: "m1", Body: casefile.Category{Code: "05", From: "2026-01-05", SetBy: casefile.PartyOCMW}},
		{ID: "m2", Body: casefile.WEO{Start: "2026-01-05", Counsellor: "tb-01"}},
		{ID: "m3", Body: casefile.Art60{Start: "2026-02-02", WEOID: "m2", Regimes: []casefile.RegimePeriod{{From: "2026-02-02", Regime: casefile.FullTime}}}},
		{ID: "m4", Body: casefile.Category{Code: "90", From: "2026-02-02", SetBy: casefile.PartyOCMW, EmploymentID: "m3"}},
	}}
	edit(&kase, dossier)
	known := casefile.Known{LookedUp: true, Dossier: dossier}
	return New().Decide(kase, known, "2026-03-16"), known
}

func asks(d casefile.Decision, rule, words string) bool {
	for _, m := range d.Manual {
		if m.Rule == rule && strings.Contains(m.Reason, words) {
			return true
		}
	}
	return false
}

func wants(d casefile.Decision, kind casefile.RegistrationKind) bool {
	for _, r := range d.Registrations {
		if r.Body.Kind() == kind {
			return true
		}
	}
	return false
}

// TestWhatEndsWithTheSupportEndsInTime: the TWE and its contract end on the support's last day, into a job. Nobody is asked, on that day neither,
// and both ends go to MLP on it. One that goes on is asked about.
func TestWhatEndsWithTheSupportEndsInTime(t *testing.T) {
	for end, asked := range map[casefile.Date]bool{"2026-03-16": false, "2026-03-15": false, "2026-03-17": true} {
		d, known := tweClient(t, func(c *casefile.Case, _ *casefile.Dossier) {
			c.Client.SupportEndedOn = "2026-03-16"
			c.Tracks[0].WEOEnd, c.Tracks[0].WEOEndReason, c.Employments[0].End = end, casefile.EndJob, end
			c.Employments = append(c.Employments, &casefile.Employment{Header: casefile.Header{Client: "K1", RecordKey: "J1"}, ContractNumber: "J1",
				Employment: casefile.RegularJob, Start: "2026-03-16", Regime: casefile.FullTime, RegimeFrom: "2026-03-16"})
		})
		if got := asks(d, "CAT-13", "De steun stopte op"); got != asked {
			t.Errorf("with the end on %s, asked is %t: %+v", end, got, d.Manual)
		}
		sent := plan.Diff(known, d).Changes
		ends := slices.ContainsFunc(sent, func(c casefile.Change) bool { return c.Kind == casefile.RegWEO })
		if ends == asked {
			t.Errorf("with the end on %s, sent is %+v and asked %+v", end, sent, d.Manual)
		}
	}
}

// TestWhatRestsOnWhatGaveWay: MLP takes no 93 of a contract that somebody made full time there, and no contract outside of the WEO that
// somebody moved: what rests on what gives way (DATA-04) waits with it, and goes once a person says that the export counts.
func TestWhatRestsOnWhatGaveWay(t *testing.T) {
	regime := func(r casefile.Regime) []casefile.RegimePeriod {
		return []casefile.RegimePeriod{{From: "2026-02-02", Regime: r}}
	}
	cases := map[string]struct {
		id      string // of the registration that somebody changed
		written casefile.Body
		edit    func(c *casefile.Case, d *casefile.Dossier)
		waits   []casefile.RegistrationKind
	}{
		"the regime": {"m3", casefile.Art60{Start: "2026-02-02", WEOID: "m2", Regimes: regime(casefile.PartTime)}, func(c *casefile.Case, d *casefile.Dossier) {
			c.Employments[0].Regime = casefile.PartTime
			d.Registrations = d.Registrations[:3]
		}, []casefile.RegistrationKind{casefile.RegCategory}},
		"the contract's end": {"m3", casefile.Art60{Start: "2026-02-02", WEOID: "m2", End: "2026-02-20", Regimes: regime(casefile.FullTime)}, func(c *casefile.Case, d *casefile.Dossier) {
			c.Employments[0].End = "2026-02-20"
			d.Registrations[2].Body = casefile.Art60{Start: "2026-02-02", WEOID: "m2", End: "2026-02-01", Regimes: regime(casefile.FullTime)}
			d.Registrations = d.Registrations[:3]
		}, []casefile.RegistrationKind{casefile.RegCategory}},
		"the WEO's end": {"m2", casefile.WEO{Start: "2026-01-05", End: "2026-03-13", EndReason: casefile.EndJob, Counsellor: "tb-01"}, func(c *casefile.Case, d *casefile.Dossier) {
			c.Tracks[0].WEOEnd, c.Tracks[0].WEOEndReason = "2026-03-13", casefile.EndJob
			c.Employments[0].End = "2026-03-13"
			d.Registrations[1].Body = casefile.WEO{Start: "2026-01-05", End: "2026-01-30", EndReason: casefile.EndJob, Counsellor: "tb-01"}
			d.Registrations = d.Registrations[:2]
		}, []casefile.RegistrationKind{casefile.RegEmployment, casefile.RegCategory}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var kase casefile.Case
			_, known := tweClient(t, func(k *casefile.Case, d *casefile.Dossier) { c.edit(k, d); kase = *k })
			known.Written = map[string]casefile.Body{c.id: c.written}
			decide := func() (sent []casefile.RegistrationKind, d casefile.Decision) {
				d = New().Decide(kase, known, "2026-03-16")
				for _, change := range plan.Diff(known, d).Changes {
					sent = append(sent, change.Kind)
				}
				return sent, d
			}
			sent, d := decide()
			i := slices.IndexFunc(d.Findings, func(f casefile.Finding) bool { return f.Question != "" && f.Rule == "DATA-04" })
			if i < 0 {
				t.Fatalf("nobody is asked: %+v", d.Findings)
			}
			subsidy := func(l casefile.Deadline) bool { return l.Rule == "TWE-18" && l.State == casefile.DeadlineMet }
			if slices.ContainsFunc(d.Deadlines, subsidy) {
				t.Error("the month's subsidy counts as safe")
			}
			for _, kind := range c.waits {
				told := slices.ContainsFunc(d.Findings, func(f casefile.Finding) bool { return strings.Contains(f.Reason, "wordt niet gestuurd") })
				if slices.Contains(sent, kind) || !told {
					t.Errorf("%s is among what is sent, or nobody is told: %v, %+v", kind, sent, d.Findings)
				}
			}
			kase.Answers = []casefile.Answer{{Rule: "DATA-04", Question: d.Findings[i].Question, On: "2026-03-16"}}
			if sent, d = decide(); !slices.Contains(sent, c.waits[0]) || !slices.Contains(sent, casefile.RegCategory) {
				t.Errorf("once the export counts, sent is %v: %+v", sent, d.Findings)
			}
		})
	}
}

// A partner's dossier takes no line of TWE, but the category goes (TWE-17): without the contract, whatever that is in MLP.
func TestACategoryGoesWithoutAContractThatDoesNot(t *testing.T) {
	d, known := tweClient(t, func(_ *casefile.Case, d *casefile.Dossier) {
		d.Owner.Kind = casefile.PartyPartner
		d.Registrations[1].Body = casefile.WEO{Start: "2026-01-05", End: "2026-01-30", EndReason: casefile.EndJob, Counsellor: "tb-01"}
		d.Registrations = d.Registrations[:2]
	})
	var sent []casefile.Body
	for _, c := range plan.Diff(known, d).Changes {
		if c.Kind == casefile.RegCategory || c.Kind == casefile.RegEmployment {
			sent = append(sent, c.New)
		}
	}
	if !slices.Equal(sent, []casefile.Body{casefile.Category{Code: casefile.Code90, From: "2026-02-02"}}) {
		t.Errorf("sent is %+v", sent)
	}
	if i := slices.IndexFunc(d.Findings, func(f casefile.Finding) bool { return strings.Contains(f.Reason, "wordt niet gestuurd") }); i >= 0 {
		t.Errorf("told that it waits: %+v", d.Findings[i])
	}
}

func TestWhatMLPHoldsIsNotDoubledOrForgotten(t *testing.T) {
	cases := []struct {
		name        string
		edit        func(c *casefile.Case, d *casefile.Dossier)
		rule, words string
		none        casefile.RegistrationKind // must not be asked for
	}{
		{"all is there", func(*casefile.Case, *casefile.Dossier) {}, "", "", ""},
		{"a WEO of the day before", func(_ *casefile.Case, d *casefile.Dossier) {
			d.Registrations[1].Body = casefile.WEO{Start: "2026-01-04"}
		}, "TWE-01", "al een WEO vanaf 04/01/2026", casefile.RegWEO},
		{"a contract of the day before", func(_ *casefile.Case, d *casefile.Dossier) {
			d.Registrations[2].Body = casefile.Art60{Start: "2026-02-01", WEOID: "m2"}
		}, "CAT-03", "al een contract art. 60§7 vanaf 01/02/2026", casefile.RegEmployment},
		{"an earlier WEO that has ended", func(_ *casefile.Case, d *casefile.Dossier) {
			d.Registrations = append(d.Registrations, casefile.Registration{ID: "m5", Body: casefile.WEO{Start: "2024-01-08", End: "2025-01-07"}})
		}, "", "", ""},
		{"MLP has an end of the WEO that the export hasn't", func(_ *casefile.Case, d *casefile.Dossier) {
			d.Registrations[1].Body = casefile.WEO{Start: "2026-01-05", End: "2026-03-10", EndReason: casefile.EndNoJob}
		}, "TWE-13", "beëindigd op 10/03/2026, maar de export heeft geen einddatum", ""},
		{"MLP has another end of the contract", func(c *casefile.Case, d *casefile.Dossier) {
			c.Employments[0].End = "2026-06-30"
			d.Registrations[2].Body = casefile.Art60{Start: "2026-02-02", End: "2026-03-10", WEOID: "m2"}
		}, "TWE-05", "beëindigd op 10/03/2026, maar de export heeft einddatum 30/06/2026", ""},
		{"the contract's number was corrected", func(c *casefile.Case, _ *casefile.Dossier) {
			old := *c.Employments[0]
			old.Missing = true
			c.Employments[0].ContractNumber, c.Employments[0].RecordKey = "C2", "C2"
			c.Employments = append(c.Employments, &old)
		}, "", "", ""},
		{"a contract that MLP never had was moved", func(c *casefile.Case, _ *casefile.Dossier) {
			old := *c.Employments[0]
			old.Missing, old.Start, old.RegimeFrom, old.ContractNumber = true, "2026-02-20", "2026-02-20", "C9"
			c.Employments = append(c.Employments, &old)
		}, "", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, _ := tweClient(t, c.edit)
			if c.rule == "" {
				if len(d.Manual) != 0 {
					t.Errorf("asked %v", d.Manual)
				}
				return
			}
			if !asks(d, c.rule, c.words) {
				t.Errorf("asked %v", d.Manual)
			}
			if c.none != "" && wants(d, c.none) {
				t.Errorf("a second %s would be sent", c.none)
			}
		})
	}
}
