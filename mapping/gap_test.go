package mapping_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
)

// The gap-and-overlap proof: what a decision depends on and is discrete is
// enumerated, and each combination has one outcome (a category that one rule
// explains, or nothing that one rule explains) or a question to a person.
//
// The whole product has some 10^16 combinations. Which factors are multiplied in full
// is argued at products; all others meet each of their values with each value of every
// other factor (pairs), and the products are run over those too.

// proof judges the decisions of one part and remembers which rules fired.
type proof struct {
	t      *testing.T
	space  *space
	rules  *mapping.Rules
	fired  map[string]bool
	sent   map[casefile.RegistrationKind]bool
	told   map[string]int      // how often a complaint was made
	texts  map[string][]string // what is wrong with a Dutch text: the same few come back
	asked  map[string]string   // what is asked under a name, and what an answer would mean
	looked int
}

func TestNoGapAndNoOverlap(t *testing.T) {
	sp, rules := newSpace(t), mapping.New()
	var proofs []*proof
	t.Run("combinations", func(t *testing.T) { // ends when all of its parts have
		for _, part := range sp.parts(oneIn) {
			p := &proof{space: sp, rules: rules, fired: map[string]bool{}, sent: map[casefile.RegistrationKind]bool{}, told: map[string]int{}, texts: map[string][]string{}, asked: map[string]string{}}
			proofs = append(proofs, p)
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				p.t = t
				for c := range part.combos {
					p.judge(c)
				}
			})
		}
	})
	noDeadRule(t, rules, proofs)
	everyKindIsSent(t, proofs)
}

func (p *proof) judge(c combo) {
	p.looked++
	kase, k := p.space.build(p.rules, c)
	d := p.rules.Decide(kase, k, gapDay)
	for _, tr := range d.Trace {
		p.fired[tr.Rule] = p.fired[tr.Rule] || tr.Fired
	}
	v := &verdict{texts: p.texts, kase: kase, d: d, before: k, after: written(k, d), diff: plan.Diff(k, d)}
	for _, change := range v.diff.Changes {
		p.sent[change.Kind] = true
	}
	for _, complaint := range slices.Concat(p.names(d), v.outcome(), v.timeline(), v.questions(), v.answers(), v.protection(), v.blocked(), v.competences(), v.tracks()) {
		p.complain(complaint, c, d)
	}
}

// names: under one name one thing is asked, of whichever client; what an answer lets stand for the one it would for the other.
func (p *proof) names(d casefile.Decision) []string {
	var out []string
	note := func(rule, question, asked string) {
		if before, ok := p.asked[rule+question]; ok && before != asked && question != "" {
			out = append(out, fmt.Sprintf("under one name %s asks %q and %q", rule, before, asked))
		}
		p.asked[rule+question] = asked
	}
	for _, m := range d.Manual {
		note(m.Rule, m.Question, m.Reason+" "+m.Accept)
	}
	for _, f := range d.Findings {
		note(f.Rule, f.Question, f.Reason+" "+f.Accept)
	}
	return out
}

// complain shows each kind of complaint once, with the first combination.
func (p *proof) complain(what string, c combo, d casefile.Decision) {
	kind := dates.ReplaceAllString(what, "DATE")
	if p.told[kind]++; p.told[kind] > 1 {
		return
	}
	p.t.Errorf("%s\n  with %s\n  timeline %+v\n  manual %+v", what, p.space.describe(c), brief(d.Timeline), d.Manual)
}

func brief(timeline []casefile.TimelineEntry) string {
	var out []string
	for _, e := range timeline {
		out = append(out, fmt.Sprintf("%s from %s by %s (%s, expected %t)", e.Code, e.From, e.SetBy, e.Rule, e.Expected))
	}
	return strings.Join(out, "; ")
}

// verdict judges one decision.
type verdict struct {
	texts  map[string][]string
	kase   casefile.Case
	d      casefile.Decision
	before casefile.Known // what MLP held
	after  casefile.Known // what MLP holds once it took all
	diff   plan.Result
}

// outcome: there is exactly one. A question; or a category that MLP holds after the
// changes, by the rule of a timeline entry; or nothing, for a reason that a rule gives.
func (v *verdict) outcome() []string {
	says, ok := v.d.On(gapDay)
	held, holds := v.after.Dossier.CategoryOn(gapDay)
	readyOn := v.kase.Client.ReadySince
	switch {
	case len(v.diff.Manual) > 0:
		return []string{"the plan asks what the rules didn't: " + v.diff.Manual[0].Rule}
	case len(v.d.Manual) > 0:
		return nil
	case ok && says.Expected:
		return nil // watched
	case ok && !slices.ContainsFunc(v.d.Trace, func(t casefile.Trace) bool { return t.Fired && t.Rule == says.Rule }):
		return []string{"the timeline cites " + says.Rule + ", which did not fire"}
	case ok && (!holds || held.Code != says.Code):
		return []string{fmt.Sprintf("overlap: the timeline says %s, MLP holds %q", says.Code, held.Code)}
	case ok:
		return nil
	case readyOn > gapDay && v.d.NextReview <= readyOn && v.d.NextReview > gapDay:
		return nil // not yet: the client is decided again on the day of readiness
	case !slices.ContainsFunc(v.d.Trace, asksNothing):
		return []string{"gap: no category, no question, and no rule that says why"}
	}
	return nil
}

// asksNothing: a rule says why the client has no category of ours: not ready, support
// that ended with nothing left in MLP, or a record that is gone.
func asksNothing(t casefile.Trace) bool {
	return t.Why != "" && (t.Rule == "CAT-13" || t.Fired && (t.Rule == "CAT-01" || t.Rule == "DATA-01"))
}

// timeline: one entry of one rule a day, others' expected ones aside.
func (v *verdict) timeline() []string {
	var out []string
	begins := map[casefile.Date]casefile.Code{}
	for _, e := range v.d.Timeline {
		if e.Rule == "" || e.Source == "" || e.SetBy == "" {
			out = append(out, fmt.Sprintf("entry %s cites nothing", e.Code))
		}
		if e.Expected {
			continue
		}
		if other, twice := begins[e.From]; twice {
			out = append(out, fmt.Sprintf("overlap: %s and %s both begin on %s", other, e.Code, e.From))
		}
		begins[e.From] = e.Code
	}
	return out
}

var dates = regexp.MustCompile(`\d\d/\d\d/\d{4}`)

// questions: each question and finding says what, why and what now, in Dutch, once.
func (v *verdict) questions() []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range v.d.Manual {
		out = append(out, v.told(m.Rule, m.Reason, m.Next, m.Cells)...)
		if seen[m.Rule+m.Reason] {
			out = append(out, "asked twice: "+m.Reason)
		}
		seen[m.Rule+m.Reason] = true
	}
	for _, f := range v.d.Findings {
		out = append(out, v.told(f.Rule, f.Reason, f.Next, f.Cells)...)
	}
	return out
}

func (v *verdict) told(rule, reason, next string, cells []casefile.Cell) []string {
	var out []string
	if rule == "" || reason == "" || next == "" || len(cells) == 0 {
		out = append(out, fmt.Sprintf("question of %q without a reason, next step or cell", rule))
	}
	for _, text := range []string{reason, next} {
		wrong, known := v.texts[text]
		if !known {
			wrong = foretold(text)
			if !dutch(text) {
				wrong = append(wrong, "not a Dutch sentence: "+text)
			}
			v.texts[text] = wrong
		}
		out = append(out, wrong...)
	}
	return out
}

// answers: what a person let stand is not asked again. To begin anew is an order that the ledger carries out: until then it is asked.
func (v *verdict) answers() []string {
	var out []string
	for _, m := range v.d.Manual {
		if m.Accept != "" && !m.Anew && slices.ContainsFunc(v.kase.Answers, func(a casefile.Answer) bool { return a.Question == m.Question }) {
			out = append(out, "asked again, though answered: "+m.Reason)
		}
	}
	return out
}

// dutch: a sentence with words that only Dutch has.
func dutch(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !('a' <= r && r <= 'z') })
	has := slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"de", "het", "een", "van", "niet", "na", "die", "vul", "kijk", "dit", "nog", "met", "geen", "wordt"}, word)
	})
	return has && (strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?"))
}

// foretold: a question speaks of a day to come as past.
func foretold(text string) []string {
	for _, at := range dates.FindAllStringIndex(text, -1) {
		day := casefile.Date(text[at[0]+6:at[1]] + "-" + text[at[0]+3:at[0]+5] + "-" + text[at[0]:at[0]+2])
		before := strings.ToLower(text[:at[0]])
		if day > gapDay && (strings.HasSuffix(before, "gestart op ") || strings.HasSuffix(before, "beëindigd op ") || strings.Contains(before, "was ")) {
			return []string{"a day to come is told as past: " + text}
		}
	}
	return nil
}

// protection is CAT-03: 05 never over these.
func (v *verdict) protection() []string {
	held, _ := v.before.Dossier.CategoryOn(gapDay)
	now, _ := v.after.Dossier.CategoryOn(gapDay)
	if now.Code == casefile.Code05 && slices.Contains([]casefile.Code{"00", "02", "11", "14", "80", "82"}, held.Code) {
		return []string{"protected " + string(held.Code) + " became 05"}
	}
	return nil
}

// blocked: what a question stops is not sent, nor anything before its day.
func (v *verdict) blocked() []string {
	var out []string
	for _, change := range v.diff.Changes {
		if change.From > gapDay {
			out = append(out, string(change.Kind)+" is sent before its day")
		}
		for _, m := range v.d.Manual {
			if stops(m, change) {
				out = append(out, fmt.Sprintf("%s stops %s, yet it is sent", m.Rule, describe(change)))
			}
		}
	}
	return out
}

func describe(c casefile.Change) string {
	if body, ok := c.New.(casefile.Category); ok {
		return "category " + string(body.Code)
	}
	return string(c.Kind)
}

// stops is what doc.go of mapping promises: the least that a question of the rule
// stops, whatever else it does.
func stops(m casefile.Manual, c casefile.Change) bool {
	body, isCategory := c.New.(casefile.Category)
	after := isCategory && (body.Code == casefile.Code00 || body.Code == casefile.Code78)
	line := lineOfTWE(c.Kind)
	handover := c.Kind == casefile.RegHandover
	switch m.Rule {
	case "CAT-13", "DATA-02", "DATA-05", "DATA-06":
		return true
	case "DATA-03": // of two people, else of a contract
		return isCategory || line || handover || m.Cells[0].Field == "insz"
	case "CAT-01", "CAT-02", "CAT-06":
		return isCategory || line || handover
	case "CAT-03", "CAT-10":
		outcome := m.Proposal == casefile.Code00 || m.Proposal == casefile.Code78
		return after || handover || (!outcome && (isCategory || line))
	case "CAT-07", "CAT-08", "CAT-09":
		return after || (handover && m.Rule != "CAT-08")
	case "TWE-01":
		return line
	case "TWE-08", "TWE-16", "TWE-17", "GLOW-08": // nobody's TWE, or a partner's dossier: no job target either
		return line || c.Kind == casefile.RegProfile
	case "GLOW-05":
		return handover
	}
	return stopsOne(m, c)
}

// lineOfTWE tells of a kind whether it stands in the TWE's line of the dossier (TWE-17).
func lineOfTWE(kind casefile.RegistrationKind) bool {
	return slices.Contains([]casefile.RegistrationKind{casefile.RegWEO, casefile.RegEmployment, casefile.RegEvaluation, casefile.RegPlacement,
		casefile.RegDocument, casefile.RegNote}, kind)
}

// stopsOne are the questions about a placement or a training, of which a scene with such
// a question has one.
func stopsOne(m casefile.Manual, c casefile.Change) bool {
	switch m.Rule {
	case "TWE-04", "GLOW-07":
		return c.Kind == casefile.RegPlacement
	case "TWE-09", "TWE-10", "TWE-11", "GLOW-09":
		note, is := c.New.(casefile.Note)
		return is && note.Note == casefile.NoteTraining
	}
	return false
}

// competences: what is asked about TWE doesn't stop them, nor does a partner who has the
// dossier (TWE-17).
func (v *verdict) competences() []string {
	other := func(m casefile.Manual) bool {
		return !slices.Contains([]string{"TWE-01", "TWE-08", "TWE-16", "TWE-17", "GLOW-08"}, m.Rule)
	}
	notReady := func(t casefile.Trace) bool { return t.Rule == "TWE-12" && !t.Fired } // CAT-01: nothing is registered
	if len(v.kase.Competences) == 0 || slices.ContainsFunc(v.d.Trace, notReady) || len(v.d.Manual) == 0 || slices.ContainsFunc(v.d.Manual, other) || v.after.Dossier == nil {
		return nil
	}
	if len(v.after.Dossier.OfKind(casefile.RegCompetence)) == 0 {
		return []string{v.d.Manual[0].Rule + " stops a competence"}
	}
	return nil
}

// tracks: TWE and GLOW are never begun together, nor the one while the other runs (GLOW-05).
// A TWE that is over is only told of. Once a person has said which of the two counts, no WEO
// is begun beside GLOW; what MLP has of the TWE stays there until its end is filled in.
func (v *verdict) tracks() []string {
	glow := slices.ContainsFunc(v.diff.Changes, func(c casefile.Change) bool {
		h, is := c.New.(casefile.Handover)
		return is && h.Handover == casefile.HandoverGLOW
	})
	begins, works := v.begins(casefile.RegWEO), v.begins(casefile.RegEmployment)
	running := slices.ContainsFunc(v.after.Dossier.OfKind(casefile.RegWEO), func(r casefile.Registration) bool { return runs(r.Body) })
	answered := len(v.kase.Answers) > 0
	switch {
	case glow && (begins || !answered && (works || running)):
		return []string{"GLOW is sent while a TWE runs or begins"}
	case !answered && v.heldGLOW() && (begins || works):
		return []string{"a TWE begins while VDAB has a request for GLOW"}
	}
	return nil
}

// begins tells whether a registration of the kind is new to MLP and not yet over.
func (v *verdict) begins(kind casefile.RegistrationKind) bool {
	return slices.ContainsFunc(v.diff.Changes, func(c casefile.Change) bool {
		held, _ := v.after.Dossier.Find(c.ID)
		return c.Kind == kind && c.Old == nil && runs(held.Body)
	})
}

// runs tells of a WEO or contract whether it lasts until the day or longer.
func runs(b casefile.Body) bool {
	switch b := b.(type) {
	case casefile.WEO:
		return b.End.IsZero() || b.End >= gapDay
	case casefile.Art60:
		return b.End.IsZero() || b.End >= gapDay
	}
	return false
}

func (v *verdict) heldGLOW() bool {
	return slices.ContainsFunc(v.before.Dossier.OfKind(casefile.RegHandover), func(r casefile.Registration) bool {
		return r.Body.(casefile.Handover).Handover == casefile.HandoverGLOW
	})
}

// TestEveryLevelMatters: two levels that always lead to the same decision would make the
// proof look wider than it is.
func TestEveryLevelMatters(t *testing.T) {
	sp, rules := newSpace(t), mapping.New()
	open := levelPairs(sp)
	few := sp.parts(53)[1:] // of each product: they tell the rarest apart
	for _, part := range append(few, sp.parts(1)...) {
		for c := range part.combos {
			sp.tellApart(rules, c, open)
		}
	}
	for pair := range open {
		factor := sp.factors[pair[0]]
		t.Errorf("%s: %s and %s are always decided alike", factor.name, factor.levels[pair[1]], factor.levels[pair[2]])
	}
}

// tellApart closes what is open between the levels of the combination and others.
func (sp *space) tellApart(rules *mapping.Rules, c combo, open map[[3]int]bool) {
	if len(open) == 0 {
		return
	}
	decided := sync.OnceValue(func() casefile.Decision { return sp.outcome(rules, c) })
	for f := range c {
		for level := range sp.factors[f].levels {
			pair, other := [3]int{f, min(level, c[f]), max(level, c[f])}, c
			other[f] = level
			if open[pair] && !reflect.DeepEqual(decided(), sp.outcome(rules, other)) {
				delete(open, pair)
			}
		}
	}
}

// levelPairs are all two levels of a factor that are to be told apart.
func levelPairs(sp *space) map[[3]int]bool {
	out := map[[3]int]bool{}
	for f, factor := range sp.factors {
		for b := range factor.levels {
			for a := range b {
				out[[3]int{f, a, b}] = alike()[[2]string{factor.levels[a], factor.levels[b]}] == ""
			}
		}
	}
	maps.DeleteFunc(out, func(_ [3]int, open bool) bool { return !open })
	return out
}

// alike are the levels that the sources treat alike, and why both are there.
func alike() map[[2]string]string {
	return map[[2]string]string{
		{"full", "supplementary"}: "CAT-07: no 00 with either leefloon; a rule that forgot one of the two would be found",
	}
}

// outcome is the decision but for the names of the facts that it was taken on: that they
// are others is no other decision.
func (sp *space) outcome(rules *mapping.Rules, c combo) casefile.Decision {
	kase, k := sp.build(rules, c)
	d := rules.Decide(kase, k, gapDay)
	d.Facts = ""
	for i := range d.Manual {
		d.Manual[i].Question = ""
	}
	for i := range d.Findings {
		d.Findings[i].Question = ""
	}
	return d
}

// elsewhere are the rules that no level here brings about, and why.
func elsewhere() map[string]string {
	return map[string]string{
		"DATA-02": "a case without a client has no factors",
	}
}

// noDeadRule: a rule fires here, or is named in elsewhere and has a policy case.
func noDeadRule(t *testing.T, rules *mapping.Rules, proofs []*proof) {
	for _, rule := range rules.Catalogue() {
		if slices.ContainsFunc(proofs, func(p *proof) bool { return p.fired[rule.ID] }) {
			continue
		}
		cases, err := filepath.Glob(filepath.Join("testdata", strings.ToLower(strings.ReplaceAll(rule.ID, "-", ""))+"_*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if elsewhere()[rule.ID] == "" || len(cases) == 0 {
			t.Errorf("rule %s never fires: it is dead, or names no reason in elsewhere and a policy case", rule.ID)
		}
	}
}

// everyKindIsSent: what is said of a kind that is never sent would be said of nothing.
func everyKindIsSent(t *testing.T, proofs []*proof) {
	looked := 0
	for _, p := range proofs {
		looked += p.looked
	}
	t.Logf("%d combinations", looked)
	for _, kind := range casefile.RegistrationKinds() {
		if !slices.ContainsFunc(proofs, func(p *proof) bool { return p.sent[kind] }) {
			t.Errorf("no combination sends a registration of kind %s", kind)
		}
	}
}
