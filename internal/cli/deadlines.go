package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

type deadlinesCmd struct {
	configFlag
	State      string `enum:"open,met,due,overdue,all" default:"open" help:"Only deadlines in this state: met, due or overdue; open is due and overdue (the default), all is every one."`
	All        bool   `help:"Those that are met too: the same as --state all."`
	Caseworker string `placeholder:"CODE" help:"Only those of this caseworker (personnel code)."`
	Until      string `placeholder:"YYYY-MM-DD" help:"Only those due on this day or before."`
	ICS        string `name:"ics" placeholder:"FILE" help:"Write them as a calendar (iCalendar) instead of the table."`
	JSON       bool   `name:"json" help:"Print as JSON; with --ics both are done."`
}

func (c deadlinesCmd) Run(s *session) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	written := 0
	ask := func(a *app.App) (app.DeadlineList, error) {
		list, err := a.Deadlines(s.ctx, filter)
		if err == nil && c.ICS != "" {
			written, err = a.WriteCalendar(c.ICS, list)
		}
		return list, err
	}
	show := printDeadlineList
	if c.ICS != "" {
		show = func(w io.Writer, _ app.DeadlineList) {
			fmt.Fprintf(w, "%d termijnen geschreven in %s\n", written, c.ICS)
		}
	}
	_, err = look(s, c.configFlag, c.JSON, ask, show)
	return err
}

func (c deadlinesCmd) filter() (app.DeadlineFilter, error) {
	filter := app.DeadlineFilter{Caseworker: c.Caseworker}
	switch {
	case c.All || c.State == "all":
	case c.State == "open":
		filter.Open = true
	default:
		filter.State = casefile.DeadlineState(c.State)
	}
	if c.Until == "" {
		return filter, nil
	}
	until, err := casefile.ParseDate(c.Until)
	if err != nil {
		return filter, &usageError{&app.Hinted{Err: errors.New("--until is not a day"), Next: "write it as YYYY-MM-DD, for instance 2026-12-31"}}
	}
	filter.Until = until
	return filter, nil
}

func printDeadlineList(w io.Writer, l app.DeadlineList) {
	fmt.Fprintf(w, "Termijnen op %s\n", l.Day.Dutch())
	var rows [][]string
	for _, d := range l.Deadlines {
		rows = append(rows, []string{d.Due.Dutch(), d.Standing(), d.Client, d.Worker.Dutch(), d.Rule, d.What})
	}
	if len(rows) > 0 {
		table(w, []string{"uiterlijk", "stand", "cliënt", "dossierbeheerder", "regel", "wat"}, rows)
	}
	overdue, due, met := l.Totals[casefile.DeadlineOverdue], l.Totals[casefile.DeadlineDue], l.Totals[casefile.DeadlineMet]
	section(w, "%d termijnen = %d verstreken + %d lopend + %d in orde of voorbij; getoond: %d", overdue+due+met, overdue, due, met, len(l.Deadlines))
	if l.Held+l.Undecided > 0 {
		fmt.Fprintf(w, "  zonder gekende termijnen: %d cliënten die wachten op gegevens of vrijgave, %d nog niet beslist\n", l.Held, l.Undecided)
	}
}
