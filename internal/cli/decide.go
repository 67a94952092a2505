package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

// nextRound says when an order counts: with the daemon, or with the run that takes its place.
const nextRound = "De daemon voert dit uit bij de volgende ronde; draait er geen, dan doet \"mlpsync run\" of \"mlpsync once\" het."

// clientOrder is what decide, hold and release share.
type clientOrder struct {
	configFlag
	Client string `arg:"" help:"Client number of the OCMW, KBO/number, or a pseudonym from a log."`
	Reason string `required:"" help:"Why; kept in the audit as written: name nobody."`
}

// order opens the state beside the daemon and leaves an order there.
func (c clientOrder) order(s *session, give func(*app.App, app.Actor) error) (err error) {
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return give(a, s.actor(c.Reason))
}

type holdCmd struct{ clientOrder }

func (c holdCmd) Run(s *session) error {
	return c.order(s, func(a *app.App, by app.Actor) error {
		client, err := a.Hold(s.ctx, c.Client, by)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stdout, "Cliënt %s wordt tegengehouden: er wordt niets beslist of verstuurd tot \"mlpsync release\".\n%s\n", client, nextRound)
		return nil
	})
}

type releaseCmd struct{ clientOrder }

func (c releaseCmd) Run(s *session) error {
	return c.order(s, func(a *app.App, by app.Actor) error {
		client, err := a.Release(s.ctx, c.Client, by)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stdout, "Cliënt %s wordt vrijgegeven en opnieuw beslist.\n%s\n", client, nextRound)
		return nil
	})
}

type decideCmd struct {
	clientOrder
	Rule     string `placeholder:"ID" help:"The rule that asks; needed where several questions are open."`
	Question int    `placeholder:"N" help:"The question's number, where one rule asks several."`
	Category string `placeholder:"CODE" xor:"how" group:"answer" help:"This category holds: 00, 03, 05, 78, 90 or 93."`
	Accept   bool   `xor:"how" group:"answer" help:"The data stand as they are, or what the question says that it means."`
	Adopt    bool   `xor:"how" group:"answer" help:"What a person set in MLP stands."`
	Overrule bool   `xor:"how" group:"answer" help:"What a person set in MLP gives way to what the data ask."`
	From     string `placeholder:"YYYY-MM-DD" help:"From which day the category holds (default: today)."`
}

func (c decideCmd) Run(s *session) error {
	reply, err := c.reply()
	if err != nil {
		return err
	}
	return c.order(s, func(a *app.App, by app.Actor) error {
		answered, err := a.Decide(s.ctx, c.Client, reply, by)
		var several *app.OpenQuestions
		if errors.As(err, &several) {
			printOpenQuestions(s.stdout, several)
			return &usageError{err}
		}
		var refused *app.NotTaken
		if errors.As(err, &refused) {
			fmt.Fprintf(s.stdout, "Dit antwoord op %s volstaat niet voor cliënt %s: de vraag blijft open.\n", refused.Rule, refused.Client)
			printAskedThen(s.stdout, refused.Why)
			return &usageError{err}
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stdout, "Antwoord op %s voor cliënt %s: %s.\n%s\n", answered.Rule, answered.Client, answered.Means, nextRound)
		if len(answered.Then) > 0 {
			fmt.Fprintln(s.stdout, "Daarmee is er nog dit:")
			printAskedThen(s.stdout, answered.Then)
		}
		return nil
	})
}

// printAskedThen lists what an answer leads to.
func printAskedThen(w io.Writer, asked []app.Asked) {
	for _, x := range asked {
		columns(w, []int{8}, x.Rule, x.Reason)
		paragraph(w, 12, "wat nu: ", x.Next)
	}
}

// reply reads the flags; what does not go together is a mistake on the command line.
func (c decideCmd) reply() (app.Reply, error) {
	r := app.Reply{
		Rule: strings.ToUpper(c.Rule), Number: c.Question, Category: casefile.Code(c.Category),
		Accept: c.Accept, Adopt: c.Adopt, Overrule: c.Overrule,
	}
	if r.Category == "" && !r.Accept && !r.Adopt && !r.Overrule {
		return r, &usageError{&app.Hinted{Err: errors.New("there is no answer"), Next: "give one of --category, --accept, --adopt and --overrule"}}
	}
	var err error
	if r.From, err = casefile.ParseDate(c.From); err != nil {
		return r, &usageError{&app.Hinted{Err: fmt.Errorf("--from %q is not a date", c.From), Next: "write it as 2026-03-16"}}
	}
	if err := r.Check(); err != nil {
		return r, &usageError{err}
	}
	return r, nil
}

// printOpenQuestions lists what is asked, and how each can be answered.
func printOpenQuestions(w io.Writer, o *app.OpenQuestions) {
	if o.Mute != "" {
		fmt.Fprintf(w, "%s vraagt niets van deze cliënt dat u hier kunt beantwoorden; open is:\n", o.Mute)
	} else {
		fmt.Fprintf(w, "Open vragen voor cliënt %s:\n", o.Client)
	}
	for _, q := range o.Questions {
		fmt.Fprintf(w, "  %d. %s  %s\n", q.Number, q.Rule, q.Reason)
		for _, way := range q.Ways() {
			fmt.Fprintf(w, "       %-19s %s\n", strings.TrimSpace(way.Flag+" "+way.Value), way.Means)
		}
	}
}
