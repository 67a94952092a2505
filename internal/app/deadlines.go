package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/report"
)

// DeadlineFilter chooses deadlines; zero fields choose all.
type DeadlineFilter struct {
	State      casefile.DeadlineState
	Open       bool          // those that are due or overdue
	Caseworker string        // personnel code
	Until      casefile.Date // due then or before
}

// DeadlineList is the limits of all clients, in order of date.
type DeadlineList struct {
	Day       casefile.Date                  `json:"day"`
	Deadlines []ClientDeadline               `json:"deadlines"`
	Totals    map[casefile.DeadlineState]int `json:"totals"` // whatever state was chosen
	// Held clients, and those that were not decided yet, have limits that nobody worked out.
	Held      int `json:"clientsHeld"`
	Undecided int `json:"clientsUndecided"`
}

// ClientDeadline is a limit of one client, with the document that sets it.
type ClientDeadline struct {
	OCMW      string `json:"ocmw"`
	Client    string `json:"client"`
	Pseudonym string `json:"pseudonym"`
	report.Worker
	Rule   string                 `json:"rule"`
	Source string                 `json:"source,omitempty"`
	Due    casefile.Date          `json:"due"`
	State  casefile.DeadlineState `json:"state"`
	What   string                 `json:"what"` // Dutch
	Cells  []casefile.Cell        `json:"cells,omitempty"`
}

// Standing is how the limit stands, as a caseworker reads it.
func (d ClientDeadline) Standing() string { return report.StateNL(d.Rule, d.State) }

// Deadlines lists the limits of all clients, those that are met too.
func (a *App) Deadlines(ctx context.Context, f DeadlineFilter) (DeadlineList, error) {
	if err := a.knows(ctx, f.Caseworker); err != nil {
		return DeadlineList{}, err
	}
	list := DeadlineList{Day: a.today(), Deadlines: []ClientDeadline{}, Totals: map[casefile.DeadlineState]int{
		casefile.DeadlineOverdue: 0, casefile.DeadlineDue: 0, casefile.DeadlineMet: 0,
	}}
	for _, o := range a.config.OCMWs {
		options := a.reportOptions(o)
		err := a.store.Decisions(ctx, options.OCMW, func(v ledger.ClientView) error {
			list.add(v, options, a.rules.SourceOf, f)
			return nil
		})
		if err != nil {
			return list, fmt.Errorf("list decisions: %w", err)
		}
	}
	list.sort()
	return list, nil
}

// knows refuses a personnel code that nobody has: an empty list would read as no work.
func (a *App) knows(ctx context.Context, caseworker string) error {
	known := caseworker == ""
	for _, o := range a.config.OCMWs {
		known = known || o.DefaultCaseworker == caseworker
		if known {
			return nil
		}
		err := a.store.Decisions(ctx, string(o.KBONumber()), func(v ledger.ClientView) error {
			known = known || v.Caseworker == caseworker
			return nil
		})
		if err != nil {
			return fmt.Errorf("list decisions: %w", err)
		}
	}
	if known {
		return nil
	}
	return misuse(fmt.Errorf("no client of the exports in force has a caseworker %q", caseworker), "give the personnel code as the export writes it")
}

func (l *DeadlineList) sort() {
	slices.SortStableFunc(l.Deadlines, func(x, y ClientDeadline) int {
		return cmp.Or(cmp.Compare(x.Due, y.Due), cmp.Compare(x.OCMW, y.OCMW), cmp.Compare(x.Client, y.Client), cmp.Compare(x.Rule, y.Rule))
	})
}

func (l *DeadlineList) add(v ledger.ClientView, o report.Options, sourceOf func(rule string) string, f DeadlineFilter) {
	worker := report.WorkerOf(v.Caseworker, o.DefaultCaseworker)
	if f.Caseworker != "" && worker.Caseworker != f.Caseworker {
		return
	}
	switch v.Kind {
	case ledger.OutcomeHeld:
		l.Held++
	case "":
		l.Undecided++
	}
	for _, d := range v.Decision.Deadlines {
		state := report.StateOn(d, o.Day)
		if f.Until != "" && d.Due > f.Until {
			continue
		}
		l.Totals[state]++
		if f.State != "" && state != f.State || f.Open && state == casefile.DeadlineMet {
			continue
		}
		l.Deadlines = append(l.Deadlines, ClientDeadline{
			OCMW: v.OCMW, Client: v.Client, Pseudonym: v.Pseudonym, Worker: worker,
			Rule: d.Rule, Source: sourceOf(d.Rule), Due: d.Due, State: state, What: d.What, Cells: d.Cells,
		})
	}
}
