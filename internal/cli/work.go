package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
)

type runCmd struct {
	configFlag
}

func (c runCmd) Run(s *session) error {
	a, err := s.open(c.configFlag, app.Daemon)
	if err != nil {
		return s.unlessStopped(err)
	}
	return errors.Join(s.unlessStopped(a.Run(s.ctx)), a.Close())
}

// unlessStopped is nil for what ended because the daemon was asked to stop, while it began too.
func (s *session) unlessStopped(err error) error {
	if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

type onceCmd struct {
	configFlag
	logFlag
	Wait   time.Duration `default:"60s" help:"Give up when nothing has moved for this long."`
	Strict bool          `help:"Exit 1 also for rejected rows, held clients, notes and manual decisions."`
	JSON   bool          `name:"json" help:"Print the summary as JSON."`
}

func (c onceCmd) Run(s *session) (err error) {
	s.logLevel = c.LogLevel
	a, err := s.open(c.configFlag, app.Once)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	summary, err := a.Once(s.ctx, c.Wait, nil)
	if err != nil {
		return err
	}
	return s.conclude(summary, c.JSON, c.Strict)
}

// conclude prints a summary and says by the exit code whether something is left.
func (s *session) conclude(summary app.Summary, asJSON, strict bool) error {
	s.apart()
	if asJSON {
		if err := printJSON(s.stdout, summary); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.stdout, "mlpsync · %s · environment %s\n", summary.Day, summary.Environment)
		printSummary(s.stdout, summary)
	}
	if summary.Left() || strict && summary.Unfinished() {
		return errLeft
	}
	return nil
}

type applyCmd struct {
	configFlag
	logFlag
	Plan   string `required:"" placeholder:"FILE" help:"Plan file, made with: mlpsync plan --json"`
	Reason string `required:"" help:"Why; kept in the audit: applying releases the guard too."`
	JSON   bool   `name:"json" help:"Print the summary as JSON."`
}

func (c applyCmd) Run(s *session) (err error) {
	s.logLevel = c.LogLevel
	by := s.actor(c.Reason)
	if err := app.NeedReason(by); err != nil {
		return err // before the state is opened
	}
	file, err := os.Open(c.Plan)
	if err != nil {
		return &usageError{&app.Hinted{Err: fmt.Errorf("the plan file %s can't be read: %w", c.Plan, app.Plain(err)), Next: "check the path given with --plan"}}
	}
	plan, err := app.ReadPlan(file)
	_ = file.Close()
	if err != nil {
		return &usageError{err}
	}
	a, err := s.open(c.configFlag, app.Once)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	summary, refused, err := a.Apply(s.ctx, plan, by)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		return s.refuse(refused, c.JSON)
	}
	return s.conclude(summary, c.JSON, false)
}

func (s *session) refuse(refused []app.Refusal, asJSON bool) error {
	s.apart()
	if asJSON {
		if err := printJSON(s.stdout, map[string]any{"refused": refused}); err != nil {
			return err
		}
		return errLeft
	}
	fmt.Fprintln(s.stdout, "REFUSED: the world has moved since this plan was made; nothing was sent.")
	for _, r := range refused {
		fmt.Fprintf(s.stdout, "  %-16s %s\n", r.Person, r.Reason)
	}
	fmt.Fprintln(s.stdout, "Make a new plan with \"mlpsync plan --json\", look at it, and apply that.")
	return errLeft
}

type validateCmd struct {
	configFlag
	Files []string `arg:"" name:"file" help:"Export files to check."`
	JSON  bool     `name:"json" help:"Print the result as JSON."`
}

func (c validateCmd) Run(s *session) error {
	conf, err := c.load()
	if err != nil {
		return err
	}
	checks, err := app.Validate(s.ctx, conf, c.Files, app.Today(conf))
	if err != nil {
		return err
	}
	problems := 0
	for _, check := range checks {
		problems += len(check.Problems)
	}
	if c.JSON {
		if err := printJSON(s.stdout, checks); err != nil {
			return err
		}
	} else {
		s.printChecks(checks)
	}
	if problems > 0 {
		return errLeft
	}
	return nil
}

func (s *session) printChecks(checks []app.FileCheck) {
	for _, f := range checks {
		fmt.Fprintf(s.stdout, "%s: feed %s, %s\n", f.File, or(f.Feed, "unknown"), readAs(f))
		for _, name := range f.Unknown {
			fmt.Fprintf(s.stdout, "  column %q is not in the profile and is dropped\n", name)
		}
		s.printProblems("", f.Problems)
		s.printProblems("warning: ", f.Warnings)
	}
}

// readAs is how a file was read and what became of its rows.
func readAs(f app.FileCheck) string {
	if f.Encoding == "" {
		return "not read"
	}
	return fmt.Sprintf("%d rows = %d accepted + %d duplicate + %d rejected + %d skipped; %s, separator %q",
		f.Rows, f.Accepted, f.Duplicate, f.Rejected, f.Skipped, f.Encoding, f.Separator)
}

// likeRows is how many rows of one kind of problem are shown; of an export with one value that is wrong all through there are as many as rows.
const likeRows = 5

func (s *session) printProblems(prefix string, problems []app.CheckProblem) {
	counts := map[app.CheckProblem]int{}
	var left []app.CheckProblem // the first of each kind that is not shown
	for _, p := range problems {
		counts[p.Kind()]++
		switch n := counts[p.Kind()]; {
		case n <= likeRows:
			s.printProblem(prefix, p)
		case n == likeRows+1:
			left = append(left, p)
		}
	}
	for _, p := range left {
		fmt.Fprintf(s.stdout, "  %s... and %s, from row %d on: %s [%s]; --json has each\n",
			prefix, counted(counts[p.Kind()]-likeRows, "more row", "more rows"), p.Row, p.ReasonEN, p.Rule)
	}
}

func (s *session) printProblem(prefix string, p app.CheckProblem) {
	where := "whole file"
	if p.Row > 0 {
		where = fmt.Sprintf("row %d", p.Row)
	}
	if p.Column != "" {
		where += fmt.Sprintf(", column %q", p.Column)
	}
	fmt.Fprintf(s.stdout, "  %s%s: %s [%s]\n", prefix, where, p.ReasonEN, p.Rule)
	if p.HintEN != "" {
		fmt.Fprintf(s.stdout, "      hint: %s\n", hintWithExpected(p))
	}
	if p.Row > 0 && prefix == "" { // a warning is told to no caseworker
		fmt.Fprintf(s.stdout, "      the caseworker reads: %s\n", strings.TrimSpace(p.ReasonNL+" "+p.HintNL)) // as in afgekeurd-DATE.csv
	}
}

// hintWithExpected is what to do, and what was expected where no sentence has it.
func hintWithExpected(p app.CheckProblem) string {
	if strings.Contains(p.ReasonEN+p.HintEN, p.ExpectedEN) {
		return p.HintEN
	}
	return strings.TrimSuffix(p.HintEN, ".") + "; expected: " + p.ExpectedEN
}

// counted is a number with its noun.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
