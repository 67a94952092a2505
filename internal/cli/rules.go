package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

type rulesCmd struct {
	Show rulesShowCmd `cmd:"" default:"withargs" help:"Print the rules and their limits, with sources and validity."`
	Test rulesTestCmd `cmd:"" help:"Play the policy cases of a folder, and show where the rules decide otherwise than they say."`
	Diff rulesDiffCmd `cmd:"" help:"Show which clients would be decided otherwise by the rules of another day, with the same facts."`
}

type rulesShowCmd struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

// catalogue is what "rules --json" prints.
type catalogue struct {
	Version    string              `json:"version"`
	Rules      []mapping.Rule      `json:"rules"`
	Parameters []mapping.Parameter `json:"parameters"`
}

func (c rulesShowCmd) Run(s *session) error {
	rules := mapping.New()
	all := catalogue{Version: rules.Version(), Rules: rules.Catalogue(), Parameters: rules.Parameters()}
	if c.JSON {
		return printJSON(s.stdout, all)
	}
	printCatalogue(s.stdout, all)
	return nil
}

func printCatalogue(w io.Writer, c catalogue) {
	for _, r := range c.Rules {
		fmt.Fprintf(w, "%-7s %s\n        %s\n        source: %s; in force %s\n", r.ID, r.Title, r.Dutch, r.Source, validity(string(r.ValidFrom), string(r.ValidUntil)))
		if len(r.Parameters) > 0 {
			fmt.Fprintf(w, "        limits: %s\n", strings.Join(r.Parameters, ", "))
		}
		if r.Assumption != "" {
			fmt.Fprintf(w, "        assumption: %s\n", r.Assumption)
		}
	}
	section(w, "LIMITS")
	var rows [][]string
	for _, p := range c.Parameters {
		rows = append(rows, []string{p.ID, fmt.Sprintf("%d %s", p.Value, p.Unit), "in force " + validity(string(p.ValidFrom), string(p.ValidUntil)),
			"source: " + p.Source, strings.TrimSuffix("assumption: "+p.Assumption, "assumption: ")})
	}
	table(w, nil, rows)
	fmt.Fprintf(w, "\nversion %s of rules and limits\n", c.Version)
}

func validity(from, until string) string {
	return or(from, "(open start)") + " to " + or(until, "now")
}

type rulesDiffCmd struct {
	configFlag
	AsOf []string `required:"" placeholder:"YYYY-MM-DD" help:"Day whose rules apply, whatever the dates of the facts; give it twice."`
	All  bool     `help:"List also the clients for whom only the content of a registration differs."`
	JSON bool     `name:"json" help:"Print as JSON, always with all clients."`
}

func (c rulesDiffCmd) Run(s *session) error {
	days, err := twoDays(c.AsOf)
	if err != nil {
		return &usageError{&app.Hinted{Err: err, Next: "for example: --as-of 2024-01-15 --as-of 2026-01-15"}}
	}
	_, err = look(s, c.configFlag, c.JSON, func(a *app.App) (app.RulesDiff, error) { return a.RulesDiff(s.ctx, days[0], days[1]) },
		func(w io.Writer, d app.RulesDiff) { printRulesDiff(w, d, c.All) })
	return err
}

func twoDays(texts []string) ([2]casefile.Date, error) {
	var days [2]casefile.Date
	if len(texts) != len(days) {
		return days, fmt.Errorf("--as-of must be given twice, and is given %s", times(len(texts)))
	}
	for i, text := range texts {
		day, err := casefile.ParseDate(text)
		if err != nil || day.IsZero() {
			return days, errors.New("--as-of is not a day of the form yyyy-MM-dd")
		}
		days[i] = day
	}
	return days, nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func printRulesDiff(w io.Writer, d app.RulesDiff, all bool) {
	fmt.Fprintf(w, "Beslist op %s met dezelfde gegevens: regels van %s tegenover regels van %s\n", d.Day.Dutch(), d.AsOf[0].Dutch(), d.AsOf[1].Dutch())
	for _, c := range d.Changed {
		fmt.Fprintf(w, "  %s: %s tegenover %s\n", c.Name, or(c.First, "niets"), or(c.Second, "niets"))
	}
	for _, c := range d.Clients {
		if c.ContentOnly && !all {
			continue
		}
		section(w, "Cliënt %s van OCMW %s, dossierbeheerder %s: anders door %s", c.Client, c.OCMW, or(c.Caseworker, "onbekend"), strings.Join(c.Rules(), ", "))
		printDiffLines(w, d.AsOf[0], c.First)
		printDiffLines(w, d.AsOf[1], c.Second)
	}
	n := d.Counts
	if n.ContentOnly > 0 && !all {
		section(w, "%s: zelfde uitkomst, andere inhoud van een registratie (--all toont ze)", clientsNL(n.ContentOnly))
	}
	sum := "klopt"
	if !n.Holds() {
		sum = "KLOPT NIET"
	}
	fmt.Fprintf(w, "\ncliënten bekeken: %d = %d anders + %d gelijk + %d wacht op gegevens of op een persoon + %d nog niet opgezocht in MLP (%s)\n",
		n.LookedAt, n.Differ, n.Equal, n.Held, n.NotLookedUp, sum)
}

func clientsNL(n int) string {
	if n == 1 {
		return "1 cliënt"
	}
	return fmt.Sprintf("%d cliënten", n)
}

func printDiffLines(w io.Writer, asOf casefile.Date, lines []app.DiffLine) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "  alleen met de regels van %s:\n", asOf.Dutch())
	for _, l := range lines {
		fmt.Fprintf(w, "    %s [%s]\n", l.Text, strings.TrimSuffix(l.Rule+", "+l.Source, ", "))
	}
}

type rulesTestCmd struct {
	Dir    string `arg:"" placeholder:"DIR" help:"Folder with policy cases (*.txtar; docs/policy-cases.md)."`
	Update bool   `help:"Write into the cases what the rules decide; read it afterwards."`
	JSON   bool   `name:"json" help:"Print as JSON."`
}

// played is a policy case that was played.
type played struct {
	Name   string   `json:"name"`
	File   string   `json:"file"`
	About  string   `json:"about"`
	Result string   `json:"result"` // ok, FAIL, updated
	Rules  []string `json:"rules"`  // that fired
	Diff   string   `json:"diff,omitempty"`
}

const (
	caseOK      = "ok"
	caseFailed  = "FAIL"
	caseUpdated = "updated"
)

func (c rulesTestCmd) Run(s *session) error {
	files, err := policy.Files(c.Dir)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("the folder has no policy cases (*%s)", policy.Extension)
	}
	if err != nil {
		return &usageError{&app.Hinted{Err: err, Next: "name a folder with policy cases; docs/policy-cases.md shows how to write one"}}
	}
	results, err := c.play(files)
	if err != nil {
		return &usageError{&app.Hinted{Err: fmt.Errorf("some policy cases can't be read:\n%w", err), Next: "mend these lines; docs/policy-cases.md names every key"}}
	}
	return c.report(s, results)
}

// play plays all the cases; what can't be read is told of all of them at once, and then
// nothing is written.
func (c rulesTestCmd) play(files []string) ([]played, error) {
	rules := mapping.New()
	var results []played
	var writes []policy.Case
	var texts []string
	var errs []error
	for _, file := range files {
		read, err := policy.Load(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		outcome, err := read.Play(rules)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		result := judge(read, outcome)
		if c.Update && result.Result == caseFailed {
			result.Result = caseUpdated
			writes, texts = append(writes, read), append(texts, outcome.Text)
		}
		results = append(results, result)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for i, read := range writes {
		if err := os.WriteFile(read.File, read.With(texts[i]), 0o644); err != nil {
			return nil, fmt.Errorf("write policy case: %w", err)
		}
	}
	return results, nil
}

func judge(read policy.Case, outcome policy.Outcome) played {
	p := played{Name: read.Name, File: read.File, About: read.About, Result: caseOK, Rules: append([]string{}, outcome.Fired...)}
	if diff := policy.Compare(read.Want, outcome.Text); diff != "" || !read.HasWant {
		p.Result, p.Diff = caseFailed, diff
	}
	return p
}

func (c rulesTestCmd) report(s *session, results []played) error {
	count := map[string]int{}
	for _, p := range results {
		count[p.Result]++
	}
	if c.JSON {
		if err := printJSON(s.stdout, testReport{results, len(results) - count[caseFailed], count[caseFailed]}); err != nil {
			return err
		}
	} else {
		for _, p := range results {
			printPlayed(s.stdout, p)
		}
		fmt.Fprintf(s.stdout, "%d passed, %d failed\n", len(results)-count[caseFailed], count[caseFailed])
	}
	if count[caseFailed] > 0 {
		return errLeft
	}
	return nil
}

// testReport is what "rules test --json" prints.
type testReport struct {
	Cases  []played `json:"cases"`
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
}

func printPlayed(w io.Writer, p played) {
	fmt.Fprintf(w, "%-7s %s\n", p.Result, p.Name)
	if p.Result != caseFailed {
		return
	}
	fmt.Fprintf(w, "        %s\n", p.About)
	for line := range strings.Lines(p.Diff) {
		fmt.Fprintf(w, "        %s", line)
	}
}
