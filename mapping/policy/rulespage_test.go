package policy_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

const rulesPage = "../../docs/rules.md"

// shown is a policy case and the rules that fire in it.
type shown struct {
	policy.Case
	fired []string
}

func allShown(t *testing.T, rules *mapping.Rules) []shown {
	t.Helper()
	files, err := policy.Files(cases)
	if err != nil {
		t.Fatal(err)
	}
	var out []shown
	for _, file := range files {
		c, err := policy.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Play(rules)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, shown{c, got.Fired})
	}
	return out
}

// owns tells whether a case was written for a rule: its name begins with the rule's id.
func (s shown) owns(id string) bool {
	return strings.HasPrefix(s.Name, strings.ToLower(strings.ReplaceAll(id, "-", ""))+"_")
}

func TestEveryRuleHasSourceCodeAndCases(t *testing.T) {
	rules := mapping.New()
	code, all := codeOf(t), allShown(t, rules)
	if len(code["CAT-99"]) > 0 {
		t.Error("a rule that isn't there has code")
	}
	for _, r := range rules.Catalogue() {
		if r.Source == "" || r.Dutch == "" || r.English == "" {
			t.Errorf("rule %s lacks its source or a sentence", r.ID)
		}
		if len(code[r.ID]) == 0 {
			t.Errorf("rule %s stands in no function of mapping", r.ID)
		}
		if !slices.ContainsFunc(all, func(s shown) bool { return s.owns(r.ID) && slices.Contains(s.fired, r.ID) }) {
			t.Errorf("rule %s fires in no policy case of its own (testdata/%s_*.txtar)", r.ID, strings.ToLower(strings.ReplaceAll(r.ID, "-", "")))
		}
	}
}

func TestEveryCaseIsAboutARule(t *testing.T) {
	rules := mapping.New()
	catalogue := rules.Catalogue()
	for _, s := range allShown(t, rules) {
		if !slices.ContainsFunc(catalogue, func(r mapping.Rule) bool { return s.owns(r.ID) }) {
			t.Errorf("policy case %s is named after no rule", s.Name)
		}
		if s.About == "" {
			t.Errorf("policy case %s does not say what it is about", s.Name)
		}
	}
}

func TestLimitsAreNamedByRules(t *testing.T) {
	rules := mapping.New()
	named := map[string]bool{}
	for _, r := range rules.Catalogue() {
		for _, id := range r.Parameters {
			named[id] = true
			if !slices.ContainsFunc(rules.Parameters(), func(p mapping.Parameter) bool { return p.ID == id }) {
				t.Errorf("rule %s names limit %s, which isn't there", r.ID, id)
			}
		}
	}
	for _, p := range rules.Parameters() {
		if !named[p.ID] || p.Source == "" {
			t.Errorf("limit %s has no source, or no rule names it", p.ID)
		}
	}
}

func TestRulesPageIsFresh(t *testing.T) {
	rules := mapping.New()
	want := makePage(rules, codeOf(t), allShown(t, rules))
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	held, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := policy.Compare(want, string(held)); diff != "" {
		t.Errorf("docs/rules.md is stale: go test ./mapping/policy -update (-code +page)\n%s", diff)
	}
}

// rulesDoc is docs/rules.md in the making.
type rulesDoc struct {
	strings.Builder
	rules *mapping.Rules
	code  map[string][]place
	cases []shown
}

func makePage(rules *mapping.Rules, code map[string][]place, all []shown) string {
	d := &rulesDoc{rules: rules, code: code, cases: all}
	d.line("# Rules · Regels")
	d.line("<!-- Generated from the catalogue in mapping: go test ./mapping/policy -update -->")
	d.line("Every rule that `mlpsync` decides by: what it says in English and in Dutch (the sentence that a caseworker reads), its source,\n" +
		"since when it holds, the limits that it reads, and what we assume where the sources are silent. Then the limits, what may be\n" +
		"written over what, the versions of the playbook and the forms of placement,\n" +
		"and the way from each rule to its source, its code and its policy cases, and back.\n" +
		"There is no public MLP API: how these rules reach MLP is this project's own design. `mlpsync rules` prints the same catalogue;\n" +
		"[policy-cases.md](policy-cases.md) tells how to write cases of your own.")
	d.documents()
	d.catalogue()
	d.limits()
	d.overwrites()
	d.playbooks()
	d.instruments()
	d.fromRules()
	d.fromCases()
	return d.String()
}

// line writes a paragraph.
func (d *rulesDoc) line(format string, args ...any) { fmt.Fprintf(d, format+"\n\n", args...) }

func (d *rulesDoc) table(header ...string) {
	d.row(header...)
	fmt.Fprintf(d, "|%s\n", strings.Repeat("---|", len(header)))
}

func (d *rulesDoc) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	fmt.Fprintf(d, "| %s |\n", strings.Join(cells, " | "))
}

func (d *rulesDoc) documents() {
	d.line("## Documents")
	d.table("tag", "document")
	d.row("TWE", "VDAB, *Tijdelijke werkervaring (TWE): VDAB & OCMW samen sterk voor werk* (step plan, circles 1-10), about 04/2017")
	d.row("OPL", "VDAB, *Draaiboek TWE-OCMW: begeleiding na de periode art. 60§7, deel 2: opleidingen in TWE*, 2017-2019")
	d.row("GLOW23", "VDAB, *Draaiboek GLOW & Gemeenschapsdienst voor lokale besturen*, 2nd version, 28/02/2023")
	d.row("GLOW24", "VDAB, the same playbook, later revision, autumn 2024 or later")
	d.row("PUB", "public pages, named at the rule (arvastat.vdab.be, vdab.be draaiboek TWE-OCMW, extranet.vdab.be, vvsg.be, prato.be, MAGDA)")
	d.line("\nA number behind a tag is the circle, section or page of that document. *Afgeleid* (derived): no document says it in so many words.")
}

func family(id string) string {
	name, _, _ := strings.Cut(id, "-")
	titles := map[string]string{
		"CAT": "Categories · Categorieën", "TWE": "Temporary work experience · Tijdelijke werkervaring (TWE)", "GLOW": "GLOW",
		"HND": "Handovers · Overdrachten", "DATA": "The data themselves · De gegevens zelf",
	}
	return cmp.Or(titles[name], name)
}

func (d *rulesDoc) catalogue() {
	d.line("## The catalogue")
	last := ""
	for _, r := range d.rules.Catalogue() {
		if f := family(r.ID); f != last {
			d.line("### %s", f)
			last = f
		}
		d.line("#### %s %s", r.ID, r.Title)
		d.line("%s", r.English)
		d.line("> %s", r.Dutch)
		fmt.Fprintf(d, "- Source: %s\n- In force: %s\n", r.Source, inForce(r.ValidFrom, r.ValidUntil))
		if len(r.Parameters) > 0 {
			fmt.Fprintf(d, "- Limits: `%s`\n", strings.Join(r.Parameters, "`, `"))
		}
		if r.Assumption != "" {
			fmt.Fprintf(d, "- Assumption: %s\n", r.Assumption)
		}
		d.WriteString("\n")
	}
}

func inForce(from, until casefile.Date) string {
	switch {
	case from.IsZero() && until.IsZero():
		return "always (open start)"
	case until.IsZero():
		return "from " + from.Dutch()
	case from.IsZero():
		return "until " + until.Dutch()
	}
	return from.Dutch() + " to " + until.Dutch()
}

func (d *rulesDoc) limits() {
	d.line("## Limits · Termijnen en grenzen")
	d.table("limit", "value", "in force", "source", "assumption", "read by")
	for _, p := range d.rules.Parameters() {
		var by []string
		for _, r := range d.rules.Catalogue() {
			if slices.Contains(r.Parameters, p.ID) {
				by = append(by, r.ID)
			}
		}
		d.row("`"+p.ID+"`", fmt.Sprintf("%d %s", p.Value, p.Unit), inForce(p.ValidFrom, p.ValidUntil), p.Source, p.Assumption, strings.Join(by, ", "))
	}
	d.WriteString("\n")
}

func (d *rulesDoc) overwrites() {
	when := map[string]string{
		"always":           "always",
		"heldBefore":       "the held category's valid-from lies before the fact (the client's readiness, the contract's start)",
		"ownContractEnded": "it belongs to a contract of this OCMW that ended before the client's readiness",
		"contractExit":     "the 78 is VDAB's for this contract (CAT-06)",
		"regimeChange":     "it is of the same contract (CAT-12)",
	}
	d.line("## What may be written over what (CAT-03)")
	d.table("category", "over", "when")
	for _, row := range d.rules.Overwrites() {
		d.row(codes(row.To), codes(row.Over), cmp.Or(when[row.When], row.When))
	}
	d.line("\nEvery other pair is left alone (05 over a protected category) or is a manual decision.")
}

func codes(list []casefile.Code) string {
	var out []string
	for _, c := range list {
		out = append(out, cmp.Or(string(c), "none"))
	}
	return strings.Join(out, ", ")
}

func (d *rulesDoc) playbooks() {
	d.line("## Versions of the GLOW playbook")
	d.table("version", "for choices", "source", "excluded when one of these holds (GLOW-04)", "excluded categories", "assumption")
	for _, p := range d.rules.Playbooks() {
		d.row(p.ID, inForce(p.ValidFrom, p.ValidUntil), p.Source, strings.Join(p.Questions, "; "), cmp.Or(codes(p.Categories), "-"), p.Assumption)
	}
	d.WriteString("\n")
}

func (d *rulesDoc) instruments() {
	d.line("## Forms of placement (TWE-04)")
	d.table("form", "for a placement that begins", "source", "assumption")
	for _, i := range d.rules.Instruments() {
		d.row(i.Kind, inForce(i.ValidFrom, i.ValidUntil), i.Source, i.Assumption)
	}
	d.WriteString("\n")
}

func (d *rulesDoc) fromRules() {
	d.line("## From rule to source, code and cases")
	d.line("A rule's own cases were written for it; it fires in the others as well.")
	d.table("rule", "source", "code (file: functions)", "own cases", "also fires in")
	for _, r := range d.rules.Catalogue() {
		var own, also []string
		for _, s := range d.cases {
			switch {
			case s.owns(r.ID):
				own = append(own, d.caseLink(s.Name))
			case slices.Contains(s.fired, r.ID):
				also = append(also, s.Name)
			}
		}
		d.row(r.ID, r.Source, d.places(r.ID), strings.Join(own, ", "), fewOf(also))
	}
	d.WriteString("\n")
}

// fewOf names some, and counts the rest: the way back has them all.
func fewOf(names []string) string {
	const most = 6
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (d *rulesDoc) caseLink(name string) string {
	return fmt.Sprintf("[%s](../mapping/testdata/%s%s)", name, name, policy.Extension)
}

// places are the functions by file.
func (d *rulesDoc) places(id string) string {
	var out []string
	last := ""
	for _, p := range d.code[id] {
		if p.file == last {
			out[len(out)-1] += ", `" + p.function + "`"
			continue
		}
		last = p.file
		out = append(out, fmt.Sprintf("[%s](../%s): `%s`", strings.TrimPrefix(p.file, "mapping/"), p.file, p.function))
	}
	return strings.Join(out, "; ")
}

func (d *rulesDoc) fromCases() {
	d.line("## From case to rules")
	d.table("policy case", "what it says", "rules that fire")
	for _, s := range d.cases {
		d.row(d.caseLink(s.Name), s.About, strings.Join(s.fired, ", "))
	}
}
