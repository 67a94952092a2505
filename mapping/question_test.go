package mapping

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// What a person is asked of a record that is gone stays the same question, whatever stands in its row now.
func TestAQuestionIsOfItsRecord(t *testing.T) {
	ask := func(start casefile.Date, row int) string {
		contract := func(key string, start casefile.Date, row int) *casefile.Employment {
			return &casefile.Employment{Header: casefile.Header{
				Client: "K1", RecordKey: key, Missing: key == "gone", Prov: casefile.Provenance{File: "contracts.csv", Row: row},
			}, Start: start}
		}
		old := contract("gone", start, 2)
		w := &work{c: casefile.Assemble(testOCMW(false), []casefile.Record{old, contract("other", "2026-02-01", row)}), contents: map[casefile.Record]content{}}
		return w.question("DATA-01", about("it is gone"), cells(old, "start"))
	}
	if ask("2026-01-01", 2) != ask("2026-01-01", 3) {
		t.Error("another record made it another question")
	}
	if ask("2026-01-01", 2) == ask("2026-01-02", 2) {
		t.Error("another value left it the same question")
	}
}

// A caseworker may read another sentence tomorrow: the question stays the same, and what was answered to it holds.
func TestAQuestionReworded(t *testing.T) {
	cl := &casefile.Client{Header: casefile.Header{Client: "K1", RecordKey: "K1"}, Readiness: casefile.Ready}
	answers := []casefile.Answer{}
	put := func(choose bool, a asking, reason string) (name string, settled bool) {
		w := &work{rules: New(), c: casefile.Assemble(testOCMW(false), []casefile.Record{cl}), contents: map[casefile.Record]content{}, clk: &clock{day: "2026-03-16"}}
		w.c.Answers = answers
		m := casefile.Manual{Rule: "TWE-08", Reason: reason, Next: reason, Cells: cells(cl, "readiness")}
		if choose {
			m.Proposal = casefile.Code05
			w.choose(blockAll, m, a)
		} else if w.ask(blockAll, m, a, reason) {
			return "", true
		}
		return w.d.Manual[0].Question, false
	}
	for _, word := range []string{"technical", "a word without a sentence"} { // before questions had words, and since
		for _, choose := range []bool{false, true} {
			name, _ := put(choose, about(word, casefile.Date("2026-03-16")), "Zo staat het er.")
			again, _ := put(choose, about(word, casefile.Date("2026-03-16")), "Zo staat het er nu.")
			other, _ := put(choose, about(word, casefile.Date("2026-03-17")), "Zo staat het er.")
			another, _ := put(choose, about(word+" more", casefile.Date("2026-03-16")), "Zo staat het er.")
			if name == "" || name != again || name == other || name == another {
				t.Errorf("%s: %q, reworded %q, with another fact %q, another question %q", word, name, again, other, another)
			}
		}
		name, _ := put(false, about(word), "Zo staat het er.")
		answers = []casefile.Answer{{Rule: "TWE-08", Question: name, On: "2026-03-16"}}
		_, reworded := put(false, about(word), "Zo staat het er nu.")
		if _, other := put(false, about(word, 2), "Zo staat het er."); !reworded || other {
			t.Errorf("%s: the answer holds for the question reworded: %t, for another: %t", word, reworded, other)
		}
	}
}

// The questions of one rule about the same cells are told apart, and so are two of their facts.
func TestNoTwoQuestionsShareAName(t *testing.T) {
	w := &work{c: casefile.Assemble(testOCMW(false), nil)}
	of := map[string]string{}
	for key, first := range firstAsked {
		rule, word, _ := strings.Cut(key, " ")
		facts := []any{"a", "b", "c", "d"}[:strings.Count(first, "%s")]
		for i := range facts {
			other := slices.Clone(facts)
			other[i] = "x"
			if name := w.question(rule, about(word, other...), nil); of[name] != "" {
				t.Errorf("%s with fact %d otherwise has the name of %s", key, i, of[name])
			} else {
				of[name] = key
			}
		}
		all := []asking{about(word, facts...), about(word, append(facts, "more")...), about(word+" ", facts...)}
		if len(facts) > 0 {
			all = append(all, about(word)) // a fact that is lacking is no fact, and stops nothing
		}
		for _, a := range all {
			name := w.question(rule, a, nil)
			if of[name] != "" {
				t.Errorf("%s with %v has the name of %s", key, a, of[name])
			}
			of[name] = key
		}
	}
}

// A choice of GLOW that left the export was once asked of under the name of the choice itself: an answer of that time counts for what it meant.
func TestAnAnswerCountsForWhatItMeant(t *testing.T) {
	header := func(key string, missing bool) casefile.Header {
		return casefile.Header{Client: "K1", RecordKey: key, Missing: missing}
	}
	look := func(missing bool, answers ...casefile.Answer) (asked casefile.Manual) {
		kase := casefile.Assemble(testOCMW(false), []casefile.Record{readyClient(t),
			&casefile.Track{Header: header("t", false), Track: casefile.TrackTWE, ChoiceDate: "2026-01-05", WEOStart: "2026-01-05"},
			&casefile.Track{Header: header("g", missing), Track: casefile.TrackGLOW, ChoiceDate: "2026-02-10"}})
		kase.Answers = answers
		for _, m := range New().Decide(kase, casefile.Known{LookedUp: true}, "2026-03-16").Manual {
			if m.Rule == "GLOW-05" {
				asked = m
			}
		}
		return asked
	}
	choice, gone := look(false), look(true)
	if choice.Question == "" || gone.Question == "" || choice.Question == gone.Question {
		t.Fatalf("asked %+v, and once it is gone %+v", choice, gone)
	}
	for means, open := range map[string]bool{choice.Accept: true, gone.Accept: false} {
		asked := look(true, casefile.Answer{Rule: "GLOW-05", Question: choice.Question, Means: means, On: "2026-03-16"})
		if (asked.Question != "") != open {
			t.Errorf("answered %q, this is asked: %+v", means, asked)
		}
		asked = look(false, casefile.Answer{Rule: "GLOW-05", Question: choice.Question, Means: means, On: "2026-03-16"})
		if (asked.Question != "") == open || asked.Question == choice.Question {
			t.Errorf("answered %q, this is asked once GLOW is back: %+v", means, asked)
		}
	}
}

// What somebody set in MLP is offered to be adopted only where the rules take that answer.
func TestOnlyWhatCanStayIsOffered(t *testing.T) {
	for _, code := range []casefile.Code{casefile.Code05, "03"} {
		records := []casefile.Record{
			&casefile.Client{Header: casefile.Header{Client: "K1"}, Readiness: casefile.Ready, ReadySince: "2025-12-01", RegisteredBy: casefile.PartyOCMW,
				UnemploymentBenefit: casefile.BenefitNone, Leefloon: casefile.LeefloonFull},
			&casefile.Track{Header: casefile.Header{Client: "K1", RecordKey: "t"}, Track: casefile.TrackTWE, ChoiceDate: "2025-12-01", WEOStart: "2026-01-05"},
			&casefile.Employment{Header: casefile.Header{Client: "K1", RecordKey: "e"}, ContractNumber: "1", Employment: casefile.Art60Job, Start: "2026-02-02",
				Regime: casefile.FullTime, RegimeFrom: "2026-02-02"},
		}
		kase := casefile.Assemble(testOCMW(false), records)
		known := casefile.Known{LookedUp: true, Dossier: &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}}, Written: map[string]casefile.Body{}}
		look := func(day casefile.Date) casefile.Decision { return New().Decide(kase, known, day) }
		at := time.Date(2026, 2, 2, 8, 0, 0, 0, time.UTC)
		for _, r := range look("2026-02-02").Registrations {
			r.RegisteredAt = at
			known.Dossier.Registrations = append(known.Dossier.Registrations, r)
			known.Written[r.ID] = r.Body
		}
		known.Dossier.Registrations = append(known.Dossier.Registrations, casefile.Registration{
			ID: "theirs", From: "2026-02-23", RegisteredAt: at.Add(21 * 24 * time.Hour), Body: casefile.Category{Code: code, From: "2026-02-23", SetBy: casefile.PartyClient},
		})
		asked := look("2026-03-16")
		i := slices.IndexFunc(asked.Manual, func(m casefile.Manual) bool { return m.Rule == "CAT-10" })
		if i < 0 {
			t.Fatalf("%s: nothing is asked: %+v", code, asked.Manual)
		}
		m := asked.Manual[i]
		kase.Answers = []casefile.Answer{{Rule: m.Rule, Question: m.Question, Category: code, Facts: asked.Facts, On: "2026-03-16", Reason: "omdat"}}
		again := slices.ContainsFunc(look("2026-03-16").Manual, func(n casefile.Manual) bool { return n.Question == m.Question })
		if again != (m.NoAdopt != "") || again != strings.Contains(m.Next, "kan niet blijven") || (code == casefile.Code05) != again {
			t.Errorf("%s: adopted, it is asked again: %t; said of it: %q, %q", code, again, m.NoAdopt, m.Next)
		}
	}
}
