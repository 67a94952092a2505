package mapping_test

import (
	"fmt"
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/mapping"
)

// The gap-and-overlap proof: what a decision depends on and is discrete is
// enumerated, and each combination has one outcome (a category that one rule
// explains, or nothing that one rule explains) or a question to a person.
//
// The whole product has some 10^13 combinations. Which factors are multiplied in full
// is argued at products; all others meet each of their values with each value of every
// other factor (pairs), and the products are run over those too.

// proof judges the decisions and remembers which rules fired.
type proof struct {
	t      *testing.T
	rules  *mapping.Rules
	fired  map[string]bool
	told   map[string]int // how often a complaint was made
	looked int
}

func TestNoGapAndNoOverlap(t *testing.T) {
	p := &proof{t: t, rules: mapping.New(), fired: map[string]bool{}, told: map[string]int{}}
	for c := range combinations() {
		p.judge(c)
	}
	t.Logf("%d combinations", p.looked)
	p.noDeadRule()
}

// combinations are the pairs, and each product with the other factors on quiet and then
// on the levels of a pair.
func combinations() iter.Seq[combo] {
	return func(yield func(combo) bool) {
		others := pairs()
		for _, c := range others {
			if !yield(c) {
				return
			}
		}
		for _, product := range products() {
			for i, c := range product.combos() {
				if !yield(c) || !yield(product.among(c, others[i%len(others)])) {
					return
				}
			}
		}
	}
}

// among gives the factors that the product leaves on quiet the levels of other.
func (p product) among(c, other combo) combo {
	for f := range c {
		if !slices.Contains(p.factors, f) {
			c[f] = other[f]
		}
	}
	return c
}

func (p *proof) judge(c combo) {
	p.looked++
	kase, k := build(p.rules, c)
	d := p.rules.Decide(kase, k, gapDay)
	for _, tr := range d.Trace {
		p.fired[tr.Rule] = p.fired[tr.Rule] || tr.Fired
	}
	v := &verdict{d: d, readyOn: kase.Client.ReadySince, before: k, after: written(k, d), diff: plan.Diff(k, d)}
	for _, complaint := range slices.Concat(v.outcome(), v.timeline(), v.questions(), v.protection(), v.blocked(), v.tracks()) {
		p.complain(complaint, c, d)
	}
}

// complain shows each kind of complaint once, with the first combination.
func (p *proof) complain(what string, c combo, d casefile.Decision) {
	kind := dates.ReplaceAllString(what, "DATE")
	if p.told[kind]++; p.told[kind] > 1 {
		return
	}
	p.t.Errorf("%s\n  with %s\n  timeline %+v\n  manual %+v", what, c, brief(d.Timeline), d.Manual)
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
	d       casefile.Decision
	before  casefile.Known // what MLP held
	after   casefile.Known // what MLP holds once it took all
	diff    plan.Result
	readyOn casefile.Date
}

// outcome: there is exactly one. A question; or a category that MLP holds after the
// changes, by the rule of a timeline entry; or nothing, for a reason that a rule gives.
func (v *verdict) outcome() []string {
	says, ok := v.d.On(gapDay)
	held, holds := v.after.Dossier.CategoryOn(gapDay)
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
	case v.readyOn > gapDay && v.d.NextReview <= v.readyOn && v.d.NextReview > gapDay:
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
		out = append(out, told(m.Rule, m.Reason, m.Next, m.Cells)...)
		if seen[m.Rule+m.Reason] {
			out = append(out, "asked twice: "+m.Reason)
		}
		seen[m.Rule+m.Reason] = true
	}
	for _, f := range v.d.Findings {
		out = append(out, told(f.Rule, f.Reason, f.Next, f.Cells)...)
	}
	return out
}

func told(rule, reason, next string, cells []casefile.Cell) []string {
	var out []string
	if rule == "" || reason == "" || next == "" || len(cells) == 0 {
		out = append(out, fmt.Sprintf("question of %q without a reason, next step or cell", rule))
	}
	for _, text := range []string{reason, next} {
		if !dutch(text) {
			out = append(out, "not a Dutch sentence: "+text)
		}
		out = append(out, foretold(text)...)
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
	line := slices.Contains([]casefile.RegistrationKind{casefile.RegWEO, casefile.RegEmployment, casefile.RegEvaluation, casefile.RegPlacement}, c.Kind)
	handover := c.Kind == casefile.RegHandover
	switch m.Rule {
	case "CAT-13", "DATA-02", "DATA-05", "DATA-06":
		return true
	case "CAT-01", "CAT-02", "CAT-06":
		return isCategory || line || handover
	case "CAT-03", "CAT-10":
		outcome := m.Proposal == casefile.Code00 || m.Proposal == casefile.Code78
		return after || handover || (!outcome && (isCategory || line))
	case "CAT-07", "CAT-08", "CAT-09":
		return after || (handover && m.Rule != "CAT-08")
	case "TWE-01", "TWE-08", "TWE-16", "TWE-17":
		return line
	case "GLOW-05":
		return handover
	}
	return false
}

// tracks: TWE and GLOW are never begun together (GLOW-05).
func (v *verdict) tracks() []string {
	twe, glow := false, false
	for _, c := range v.diff.Changes {
		h, is := c.New.(casefile.Handover)
		glow = glow || is && h.Handover == casefile.HandoverGLOW
		twe = twe || c.Kind == casefile.RegWEO || c.Kind == casefile.RegEmployment
	}
	for _, r := range v.after.Dossier.OfKind(casefile.RegWEO) {
		weo := r.Body.(casefile.WEO)
		twe = twe || weo.End.IsZero() || weo.End >= gapDay
	}
	if twe && glow {
		return []string{"GLOW is sent while a TWE runs or begins"}
	}
	return nil
}

// TestEveryLevelMatters: a level that never changes a decision would make the proof
// look wider than it is.
func TestEveryLevelMatters(t *testing.T) {
	rules := mapping.New()
	open := map[[2]int]bool{}
	for f, factor := range factors() {
		for level := 1; level < len(factor.levels); level++ {
			open[[2]int{f, level}] = true
		}
	}
	for c := range combinations() {
		for f := range c {
			if open[[2]int{f, c[f]}] && matters(rules, c, f) {
				open[[2]int{f, c[f]}] = false
			}
		}
	}
	for f, factor := range factors() {
		for level, name := range factor.levels {
			if open[[2]int{f, level}] {
				t.Errorf("%s=%s changes no decision", factor.name, name)
			}
		}
	}
}

// matters tells whether the decision is another one with the factor on quiet.
func matters(rules *mapping.Rules, c combo, f int) bool {
	quiet := c
	quiet[f] = 0
	kase, k := build(rules, c)
	other, known := build(rules, quiet)
	return !cmp.Equal(rules.Decide(kase, k, gapDay), rules.Decide(other, known, gapDay), cmpopts.EquateComparable())
}

// elsewhere are the rules that no level here brings about, and why.
func elsewhere() map[string]string {
	return map[string]string{
		"DATA-02": "a case without a client has no factors",
	}
}

// noDeadRule: a rule fires here, or is named in elsewhere and has a policy case.
func (p *proof) noDeadRule() {
	for _, rule := range p.rules.Catalogue() {
		if p.fired[rule.ID] {
			continue
		}
		cases, err := filepath.Glob(filepath.Join("testdata", strings.ToLower(strings.ReplaceAll(rule.ID, "-", ""))+"_*.txtar"))
		if err != nil {
			p.t.Fatal(err)
		}
		if elsewhere()[rule.ID] == "" || len(cases) == 0 {
			p.t.Errorf("rule %s never fires: it is dead, or names no reason in elsewhere and a policy case", rule.ID)
		}
	}
}
