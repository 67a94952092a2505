package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// The pools are small, so that what is held and what is desired often meet.

func drawDay(t *rapid.T, label string) casefile.Date {
	return casefile.Date("2025-01-01").AddMonths(rapid.IntRange(0, 14).Draw(t, label))
}

func drawEnd(t *rapid.T, start casefile.Date) casefile.Date {
	if rapid.Bool().Draw(t, "ended") {
		return start.AddMonths(rapid.IntRange(0, 3).Draw(t, "months")).AddDays(-1)
	}
	return ""
}

func pick[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawBody(t *rapid.T) casefile.Body {
	start := drawDay(t, "start")
	switch pick(t, "kind", casefile.RegCategory, casefile.RegWEO, casefile.RegEmployment, casefile.RegEvaluation, casefile.RegHandover,
		casefile.RegPlacement, casefile.RegDocument, casefile.RegCompetence, casefile.RegNote) {
	case casefile.RegCategory:
		return casefile.Category{
			Code: pick[casefile.Code](t, "code", "05", "90", "93", "00", "78"), From: start,
			EmploymentID: pick(t, "employment", "", "employment-1", "employment-2"),
		}
	case casefile.RegWEO:
		return casefile.WEO{
			Start: start, End: drawEnd(t, start), EndReason: pick[casefile.EndReason](t, "reason", "", "job"),
			Counsellor: pick(t, "counsellor", "", "tb-1", "tb-2"),
		}
	case casefile.RegEmployment:
		c := casefile.Art60{Start: start, End: drawEnd(t, start), WEOID: pick(t, "weo", "", "weo-3")}
		for i := range rapid.IntRange(0, 3).Draw(t, "regimes") {
			c.Regimes = append(c.Regimes, casefile.RegimePeriod{
				From: start.AddMonths(i + rapid.IntRange(-1, 1).Draw(t, "shift")), Regime: pick(t, "regime", casefile.FullTime, casefile.PartTime),
				HoursPerWeek: pick(t, "hours", "", "19", "38"),
			})
		}
		return c
	case casefile.RegEvaluation:
		return casefile.EvaluationDone{Date: start, Evaluation: pick(t, "sort", "interim", "final"), WEOID: pick(t, "weo", "", "weo-3")}
	case casefile.RegPlacement:
		return casefile.WorkPlacement{Placement: pick(t, "placement", "BVS", "WES"), Start: start, End: drawEnd(t, start), WEOID: pick(t, "weo", "", "weo-3")}
	case casefile.RegDocument:
		return casefile.Document{Document: pick(t, "document", casefile.DocInterimReport, casefile.DocFinalReport), Date: start, SHA256: pick(t, "hash", "aa", "bb"), File: pick(t, "file", "a.pdf", "b.pdf")}
	case casefile.RegCompetence:
		return casefile.Competence{Competence: pick(t, "competence", "a", "b"), Level: pick(t, "level", casefile.LevelDeveloping, casefile.LevelAcquired), AssessedOn: start}
	case casefile.RegNote:
		return casefile.Note{Note: pick(t, "noteKind", casefile.NoteTraining, casefile.NoteFinalAdvice), Date: start, Text: pick(t, "text", "a", "b"), WEOID: pick(t, "weo", "", "weo-3")}
	}
	return casefile.Handover{
		ChoiceDate: start, Handover: pick(t, "handover", casefile.HandoverGLOW, casefile.HandoverWarmOther),
		Grounds: pick(t, "grounds", nil, []string{"2"}, []string{"2", "3"}), Note: pick(t, "note", "", "a", "b"),
	}
}

// drawRegistrations gives up to seven, whose ids name their kind as ours do.
func drawRegistrations(t *rapid.T, label string) []casefile.Registration {
	var out []casefile.Registration
	for _, n := range rapid.Permutation([]string{"0", "1", "2", "3", "4", "5", "6"}).Draw(t, label)[:rapid.IntRange(0, 7).Draw(t, label+" count")] {
		b := drawBody(t)
		out = append(out, casefile.Registration{ID: string(b.Kind()) + "-" + n, Body: b, From: casefile.StartOf(b)})
	}
	return out
}

func drawPerson(t *rapid.T) casefile.Person {
	return casefile.Person{LastName: pick(t, "name", "", "A", "B"), City: pick(t, "city", "", "Gent")}
}

func drawProfile(t *rapid.T) casefile.Profile {
	return casefile.Profile{JobTarget: pick(t, "target", "", "kok", "poetser")}
}

func drawKnown(t *rapid.T) casefile.Known {
	k := casefile.Known{LookedUp: true}
	if rapid.IntRange(0, 4).Draw(t, "dossier") == 0 {
		return k
	}
	k.Dossier = &casefile.Dossier{ID: "d", Version: 7, Person: drawPerson(t), Profile: drawProfile(t)}
	for _, r := range drawRegistrations(t, "held") {
		if rapid.Bool().Draw(t, "theirs") {
			r.ID = "their-" + r.ID
		}
		r.RegisteredAt = time.Unix(int64(rapid.IntRange(1, 5).Draw(t, "registered")), 0).UTC()
		k.Dossier.Registrations = append(k.Dossier.Registrations, r)
		if rapid.IntRange(0, 5).Draw(t, "aliased") == 0 {
			if k.Aliases == nil {
				k.Aliases = map[string]string{}
			}
			k.Aliases[string(r.Body.Kind())+pick(t, "alias", "-0", "-1", "-2")] = r.ID
		}
	}
	return k
}

func drawDecision(t *rapid.T) casefile.Decision {
	d := casefile.Decision{Day: "2026-12-31", Registrations: drawRegistrations(t, "desired")}
	if rapid.Bool().Draw(t, "person") {
		d.Registrations = append(d.Registrations, casefile.Registration{Body: drawPerson(t)})
	}
	if rapid.Bool().Draw(t, "profile") {
		d.Registrations = append(d.Registrations, casefile.Registration{Body: drawProfile(t)})
	}
	return d
}

func TestASecondDiffIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, d := drawKnown(t), drawDecision(t)
		first := Diff(k, d)
		second := Diff(first.After(k), d)
		if len(second.Changes) > 0 || len(second.Adopted) > 0 {
			t.Fatalf("first %q\nsecond %q, adopted %v", sentences(first.Changes), sentences(second.Changes), second.Adopted)
		}
	})
}

// After the changes all that is desired is there, and nothing else has changed.
func TestAfterTheChangesAllIsThereAndNothingElseChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, d := drawKnown(t), drawDecision(t)
		result := Diff(k, d)
		if len(result.Manual) > 0 {
			if len(result.Changes) > 0 {
				t.Fatalf("sent %q though a person must act first", sentences(result.Changes))
			}
			return
		}
		now := result.After(k)
		if now.Dossier == nil {
			if len(d.Registrations) > 0 {
				t.Fatal("no dossier, no changes and no manual decision")
			}
			return
		}
		desired, _ := settle(d)
		ids := match(now, desired)
		for _, r := range d.Registrations {
			checkThere(t, now.Dossier, ids, r)
		}
		checkRestUntouched(t, k.Dossier, now.Dossier, d, ids)
	})
}

func checkThere(t *rapid.T, d *casefile.Dossier, ids identities, r casefile.Registration) {
	var have casefile.Body
	switch r.Body.(type) {
	case casefile.Person:
		have = d.Person
	case casefile.Profile:
		have = d.Profile
	default:
		found, _ := d.Find(ids.of(r.ID))
		have = found.Body
	}
	if !casefile.Satisfies(have, ids.inMLP(r.Body)) {
		t.Fatalf("%s is not there:\nwant %+v\nhave %+v", r.ID, r.Body, have)
	}
}

func checkRestUntouched(t *rapid.T, before, now *casefile.Dossier, d casefile.Decision, ids identities) {
	wanted := map[string]casefile.Body{}
	for _, r := range d.Registrations {
		wanted[ids.of(r.ID)] = r.Body
	}
	for _, r := range now.Registrations {
		old, existed := before.Find(r.ID)
		want, touched := wanted[r.ID]
		switch {
		case !existed && !touched:
			t.Fatalf("%s was made, and nobody asked for it", r.ID)
		case !existed:
		case !touched:
			if diff := cmp.Diff(old, r); diff != "" {
				t.Fatalf("%s changed, and nobody asked for it:\n%s", r.ID, diff)
			}
		case !casefile.Satisfies(r.Body, casefile.Merge(old.Body, ids.inMLP(want))) || !r.RegisteredAt.Equal(old.RegisteredAt):
			t.Fatalf("%s lost something:\nold  %+v\nwant %+v\nnow  %+v", r.ID, old.Body, want, r.Body)
		}
	}
	if before != nil {
		for _, r := range before.Registrations {
			if _, still := now.Find(r.ID); !still {
				t.Fatalf("%s was removed", r.ID)
			}
		}
	}
}

func TestOrderDoesNotDependOnTheOrderOfWhatIsDesired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, d := drawKnown(t), drawDecision(t)
		want := Diff(k, d)
		if len(d.Registrations) > 0 {
			d.Registrations = rapid.Permutation(d.Registrations).Draw(t, "permuted")
		}
		if diff := cmp.Diff(want, Diff(k, d)); diff != "" {
			t.Fatalf("another plan (-first +permuted):\n%s", diff)
		}
	})
}

func TestEachPersonsChangesReadInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, d := drawKnown(t), drawDecision(t)
		var last casefile.Date
		begun := map[string]bool{}
		for i, c := range Diff(k, d).Changes {
			if c.Kind == casefile.RegPerson && i != 0 {
				t.Fatalf("the dossier comes at place %d", i)
			}
			if b, is := c.New.(casefile.Category); is {
				if b.From < last {
					t.Fatalf("category from %s after one from %s", b.From, last)
				}
				last = b.From
			}
			if weo, is := c.New.(casefile.WEO); is && c.Old == nil && !weo.End.IsZero() && weo.End >= weo.Start {
				t.Fatalf("WEO %s begins with its end", c.ID)
			}
			if c.Old == nil && c.Op == casefile.OpPut && begun[c.ID] {
				t.Fatalf("%s begins twice", c.ID)
			}
			begun[c.ID] = true
			if c.From > d.Day {
				t.Fatalf("%s is planned for %s, after %s", c.ID, c.From, d.Day)
			}
			if c.Sentence == "" || slices.Contains([]string{" ", ":"}, c.Sentence[len(c.Sentence)-1:]) {
				t.Fatalf("a sentence that says nothing: %q", c.Sentence)
			}
		}
	})
}
