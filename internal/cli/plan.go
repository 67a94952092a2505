package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/mlpsync/mlpsync/internal/app"
)

type planCmd struct {
	configFlag
	logFlag
	JSON bool `name:"json" help:"Print the plan file that apply takes."`
}

func (c planCmd) Run(s *session) (err error) {
	s.logLevel = c.LogLevel
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	plan, err := a.Plan(s.ctx)
	if err != nil {
		return err
	}
	s.apart()
	if c.JSON {
		err = printJSON(s.stdout, plan)
	} else {
		printPlan(s.stdout, plan)
	}
	if err == nil && plan.Left() {
		return errLeft
	}
	return err
}

func printPlan(w io.Writer, plan app.PlanFile) {
	for _, p := range plan.People {
		fmt.Fprintf(w, "client %s (%s)%s\n", p.Client, p.Pseudonym, waitsFor(p.Waits, ""))
		for _, change := range p.Changes {
			fmt.Fprintf(w, "  %-8s %-6s %s%s\n", change.Rule, change.Op, change.Sentence, waitsFor(change.Waits, change.Behind))
		}
	}
	for _, name := range plan.Unread {
		fmt.Fprintf(w, "not read: %s is too young, or not whole yet; plan again in a moment\n", name)
	}
	for _, name := range plan.Unbalanced {
		fmt.Fprintf(w, "not read: the balance of %s does not hold, so a run would not take it: report it to the makers of mlpsync\n", name)
	}
	for _, n := range plan.Notes {
		fmt.Fprintf(w, "%s: OCMW %s: %s\n", noteWord(n), n.OCMW, n.EN)
	}
	printPlanUnknown(w, plan)
	printPlanStops(w, plan)
	printPlanCounts(w, plan)
	if plan.Empty {
		fmt.Fprintln(w, "no client is known yet: no delivery was complete, and none lies ready in a drop folder; \"mlpsync config check\" looks at the folders")
	}
}

// waitsFor says why what a client's plan lists would not be sent, or not yet.
func waitsFor(why app.PlanWait, behind string) string {
	switch why {
	case "":
		return ""
	case app.WaitsForAnswer:
		return "   IN DOUBT: sent, or being sent, and not answered: MLP is read first, and it is sent again only if MLP does not hold it"
	case app.WaitsForLookUp:
		return "   WAITS: not sent before MLP can be asked what it holds of the client"
	case app.WaitsForRepair:
		return "   WAITS: held, as what is known of the dossier can't be read back"
	case app.WaitsForDoubt:
		return "   WAITS: for entry " + behind + ", which is in doubt: then it is sent, or the client is decided again"
	case app.WaitsForParked:
		return "   WAITS: behind entry " + behind + ", which is parked: retry or discard that with \"mlpsync queue\", or correct the source"
	case app.WaitsForDossier:
		return "   WAITS: for the client's dossier: the entry that makes it was discarded, \"mlpsync queue list --state discarded\" and retry it"
	}
	return "   WAITS: " + string(why)
}

// printPlanUnknown says what of MLP could not be read.
func printPlanUnknown(w io.Writer, plan app.PlanFile) {
	why := ""
	if plan.Undecided > 0 {
		why = ", as MLP could not be asked what it holds of them: standard error says why"
	}
	fmt.Fprintf(w, "not decided: %s%s\n", counted(plan.Undecided, "client", "clients"), why)
	if n := plan.NotLookedUp; n > 0 {
		fmt.Fprintf(w, "MLP could not say what it holds of %s: nothing is sent of them before it can\n", counted(n, "client", "clients"))
	}
	if plan.Stale {
		of := ""
		if plan.Undecided > 0 {
			of = "for all others "
		}
		fmt.Fprintf(w, "MLP could not be read: %s%s\n", of, "the plan rests on what MLP held when it was read last")
	}
}

// printPlanStops says what keeps all of an OCMW's changes back, and what to do about it.
func printPlanStops(w io.Writer, plan app.PlanFile) {
	for _, stop := range plan.Stops {
		what, next := "STOPPED BY THE GUARD", ""
		if stop.Ahead {
			what, next = "THE GUARD WOULD STOP", "after a run: "
		}
		fmt.Fprintf(w, "%s   OCMW %s: %s\n  %s%s; applying the plan releases it too\n", what, stop.OCMW, stop.Reason, next, guardNext)
	}
	for _, p := range plan.Paused {
		fmt.Fprintf(w, "PAUSED   OCMW %s since %s by %s: %s\n  %s\n", p.OCMW, clock(p.Since), p.By, p.Reason, pauseNext)
	}
	if q := plan.Quiet; q != nil {
		fmt.Fprintln(w, quietHours(q))
	}
}

// printPlanCounts says how much would be sent, and what is listed beside that.
func printPlanCounts(w io.Writer, plan app.PlanFile) {
	n, c := plan.Count(), plan.Clients
	fmt.Fprintf(w, "\n%s for %s on %s. Nothing was sent.\n", counted(n.Sent, "change", "changes"), counted(n.People, "person", "people"), plan.Day)
	if n.InDoubt > 0 {
		fmt.Fprintf(w, "not counted: %s in doubt, sent again only if MLP does not hold it\n", counted(n.InDoubt, "change", "changes"))
	}
	if n.Waits > 0 {
		fmt.Fprintf(w, "not counted: %s that must wait, as said there\n", counted(n.Waits, "change", "changes"))
	}
	if n := plan.NotRead(); n > 0 {
		fmt.Fprintf(w, "THIS PLAN IS NOT WHOLE: %s not read, and what that changes is not in it.\n", counted(n, "file or folder was", "files or folders were"))
	}
	fmt.Fprintf(w, "clients looked at now: %d = %d held + %d manual + %d planned + %d no change (%s)\n",
		c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()))
}
