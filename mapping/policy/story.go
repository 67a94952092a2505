package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/internal/strictyaml"
	"github.com/mlpsync/mlpsync/mapping"
)

// Outcome is what the rules made of a case.
type Outcome struct {
	// Text is what a case has as its outcome.
	Text string
	// Fired are the ids of the rules that fired on some day, sorted.
	Fired []string
	// Days are the decisions, in the order of the events.
	Days []casefile.Decision
}

// Play tells the case's story to the rules. An event that can't be, such as an answer
// to a question that nobody asked, is an *Error.
func (c Case) Play(rules *mapping.Rules) (Outcome, error) {
	s := newStory(c, rules)
	for i, e := range c.script.Events {
		s.happen(e, fmt.Sprintf("events[%d]", i))
		if len(s.fill.issues) > 0 {
			return Outcome{}, c.wrong(s.fill.issues...)
		}
	}
	if len(s.days) == 0 {
		return Outcome{}, c.wrong(strictyaml.Issue{Line: s.fill.lineOf("events"), Path: "events", Text: "no event is a day or a look: nothing is decided"})
	}
	fired := map[string]bool{}
	for _, d := range s.days {
		for _, id := range firedRules(d) {
			fired[id] = true
		}
	}
	return Outcome{Text: s.out.String(), Fired: slices.Sorted(maps.Keys(fired)), Days: s.days}, nil
}

// story is a case that is being played.
type story struct {
	c     Case
	fill  *filler
	rules *mapping.Rules
	kase  casefile.Case
	k     casefile.Known
	at    time.Time
	day   casefile.Date // the last one looked at
	days  []casefile.Decision
	out   strings.Builder
}

func newStory(c Case, rules *mapping.Rules) *story {
	s := &story{c: c, rules: rules, fill: &filler{lines: c.lines}, at: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.kase = casefile.Assemble(s.ocmw(), s.records())
	s.kase.SharedINSZ = c.script.SharedINSZ
	s.kase.Files = s.files()
	s.k = casefile.Known{LookedUp: true, OutsideArea: c.script.OutsideArea, INSZCanceled: c.script.INSZCanceled, Aliases: map[string]string{}}
	if c.script.Dossier != nil {
		s.dossier(c.script.Dossier)
	}
	if trace := c.script.Trace; trace != "" {
		s.fill.oneOfList([]string{traceFull}, trace, "trace")
	}
	return s
}

const traceFull = "full"

func (s *story) happen(e event, path string) {
	if n := e.count(); n != 1 {
		s.fill.wrong(path, "an event is exactly one of day, look, export, add, answer, mlp, edit, owner, handover", "")
		return
	}
	if s.k.Dossier == nil && (e.MLP != nil || e.Edit != nil || e.Owner != nil || e.Handover != nil) {
		s.fill.wrong(path, "MLP holds no dossier at that moment", "")
		return
	}
	switch {
	case e.MLP != nil:
		s.hold(*e.MLP, path+".mlp")
	case e.Export != nil:
		s.export(e.Export, path+".export")
	case e.Add != nil:
		s.addRecords(*e.Add, path+".add.")
	case e.Answer != nil:
		s.answer(*e.Answer, path+".answer")
	case e.Edit != nil:
		s.edit(e.Edit, path+".edit")
	case e.Owner != nil:
		s.setOwner(*e.Owner, path+".owner")
	case e.Handover != nil:
		s.vdab(*e.Handover, path+".handover")
	default:
		s.decide(e, path)
	}
}

func (e event) count() int {
	n := 0
	for _, there := range []bool{e.Day != "", e.Look != "", e.MLP != nil, e.Export != nil, e.Add != nil,
		e.Answer != nil, e.Edit != nil, e.Owner != nil, e.Handover != nil} {
		if there {
			n++
		}
	}
	return n
}

func (s *story) decide(e event, path string) {
	s.day = s.fill.date(e.Day+e.Look, path)
	if len(s.fill.issues) > 0 {
		return
	}
	s.at = later(s.at, s.day)
	d := s.rules.Decide(s.kase, s.k, s.day)
	s.days = append(s.days, d)
	s.show(d)
	if e.Day != "" {
		s.k = plan.Diff(s.k, d).After(s.k)
	}
}

// tick is the next moment of registration: noon of the last day, and onwards.
func (s *story) tick() time.Time { s.at = s.at.Add(time.Second); return s.at }

func later(at time.Time, day casefile.Date) time.Time {
	if noon := day.Time().Add(12 * time.Hour); noon.After(at) {
		return noon
	}
	return at
}

func (s *story) export(fields map[string]any, path string) {
	if s.kase.Client == nil {
		s.fill.wrong(path, "the case has no client", "")
		return
	}
	changed := *s.kase.Client
	s.record(&changed, fields, path)
	s.kase.Client = &changed
}

// addRecords are what a later export brings.
func (s *story) addRecords(a added, path string) {
	news := s.listed(a, path)
	records := slices.DeleteFunc(s.kase.Records(), func(old casefile.Record) bool {
		return slices.ContainsFunc(news, func(r casefile.Record) bool { return r.Kind() == old.Kind() && r.Key() == old.Key() })
	})
	was := s.kase
	s.kase = casefile.Assemble(was.OCMW, append(records, news...))
	s.kase.SharedINSZ, s.kase.Answers = was.SharedINSZ, was.Answers
	s.kase.Files = s.files()
}

// answer binds a caseworker's answer to the question that its day's decision asks. Where it has the client begin anew, MLP holds no
// dossier under the number in the export.
func (s *story) answer(a answer, path string) {
	on := s.day
	if a.On != "" {
		on = s.fill.date(a.On, path+".on")
	}
	if on.IsZero() || (a.Accept || a.Adopt) == (a.Category != "") || a.Accept && a.Adopt {
		s.fill.wrong(path, "an answer has a day, and one of a category, accept: true or adopt: true", "")
		return
	}
	d := s.rules.Decide(s.kase, s.k, on)
	question, err := asked(d, a)
	if err != nil {
		s.fill.wrong(path, err.Error(), "")
		return
	}
	s.at = later(s.at, on)
	if slices.ContainsFunc(d.Manual, func(m casefile.Manual) bool { return m.Anew && m.Question == question }) {
		s.k = casefile.Known{LookedUp: true, Aliases: map[string]string{}}
	}
	s.kase.Answers = append(slices.Clone(s.kase.Answers), casefile.Answer{Rule: a.Rule, Category: s.fill.code(a.Category, path+".category"),
		Question: question, Facts: d.Facts, Adopt: a.Adopt, On: on, At: s.tick(), By: "mw-001", Reason: a.Reason})
}

// asked is the question of a decision that an answer is about.
func asked(d casefile.Decision, a answer) (string, error) {
	questions := map[string]bool{}
	for _, m := range d.Manual {
		if m.Rule == a.Rule && (m.Category && a.Category != "" || m.Accept != "" && a.Accept) {
			questions[m.Question] = true
		}
	}
	for _, f := range d.Findings {
		if f.Rule == a.Rule && f.Accept != "" && (a.Accept || a.Adopt) {
			questions[f.Question] = true
		}
	}
	delete(questions, "")
	switch len(questions) {
	case 0:
		return "", fmt.Errorf("on %s rule %s asks nothing that takes this answer", d.Day, a.Rule)
	case 1:
		return sortedKeys(questions)[0], nil
	}
	return "", fmt.Errorf("the rule asks more than one such question on that day: let the case have one")
}
