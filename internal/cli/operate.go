package cli

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
)

type queueCmd struct {
	List    queueListCmd    `cmd:"" help:"List what is not settled yet."`
	Show    queueShowCmd    `cmd:"" help:"Show one entry."`
	Retry   queueRetryCmd   `cmd:"" help:"Send a parked or discarded entry again."`
	Discard queueDiscardCmd `cmd:"" help:"Decide that an entry is not sent."`
}

type queueListCmd struct {
	configFlag
	State []string `placeholder:"STATE" enum:"waiting,suspended,claimed,inDoubt,parked,discarded,superseded,settled" help:"Only these states."`
	JSON  bool     `name:"json" help:"Print as JSON."`
}

func (c queueListCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) ([]app.QueueEntry, error) { return a.Queue(s.ctx, c.State) }, c.print)
	return err
}

func (c queueListCmd) print(w io.Writer, entries []app.QueueEntry) {
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{
			e.ID, string(e.State), e.Pseudonym, e.Kind, e.Rule, strconv.Itoa(e.Attempts), e.Age, waits(e.Waits), aboutProblem(e),
		})
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, c.nothing())
		return
	}
	table(w, []string{"entry", "state", "person", "kind", "rule", "attempts", "for", "waits for", "problem"}, rows)
}

// nothing says that the list is empty. Where it was asked of some states, entries may wait in others.
func (c queueListCmd) nothing() string {
	if len(c.State) > 0 {
		return "no entry is " + strings.Join(c.State, " or ")
	}
	return "nothing waits"
}

// waits says what an entry waits for, and until when.
func waits(w *app.Wait) string {
	switch {
	case w == nil:
		return ""
	case w.Until.IsZero():
		return w.For
	}
	return w.For + " (" + w.Until.In(app.Zone()).Format(time.DateTime) + ")"
}

// aboutProblem is a problem's title, cut where it is long, with the column of the OCMW's export that it is about.
func aboutProblem(e app.QueueEntry) string {
	title := clip(e.Problem.Title, 100)
	if len(e.Cells) == 0 || title == "" {
		return title
	}
	return fmt.Sprintf("%s [%s]", title, app.CellsNL(e.Cells))
}

type queueShowCmd struct {
	configFlag
	Entry string `arg:"" help:"Id of the entry."`
	JSON  bool   `name:"json" help:"Print as JSON."`
}

func (c queueShowCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.QueueEntry, error) { return a.QueueShow(s.ctx, c.Entry) }, printEntry)
	return err
}

func printEntry(w io.Writer, e app.QueueEntry) {
	rows := [][]string{
		{"entry", e.ID}, {"person", e.Pseudonym}, {"OCMW", e.OCMW}, {"what", e.Sentence}, {"rule", e.Rule},
		{"state", string(e.State)}, {"attempts", strconv.Itoa(e.Attempts)}, {"trace id", e.TraceID},
	}
	if !e.NotBefore.IsZero() {
		rows = append(rows, []string{"not before", e.NotBefore.In(app.Zone()).Format(time.DateTime)})
	}
	if w := waits(e.Waits); w != "" {
		rows = append(rows, []string{"waits for", w})
		if e.Waits.Behind != "" {
			rows = append(rows, []string{"behind", e.Waits.Behind})
		}
	}
	if !e.InDoubtSince.IsZero() {
		rows = append(rows, []string{"in doubt since", e.InDoubtSince.In(app.Zone()).Format(time.DateTime) + " (" + e.Age + ")"})
	}
	if len(e.Cells) > 0 {
		rows = append(rows, []string{"in the export", app.CellsNL(e.Cells)})
	}
	if e.Problem.Title != "" || e.Problem.Type != "" {
		rows = append(rows, []string{"problem", strings.TrimSpace(fmt.Sprintf("%d %s (%s) %s", e.Problem.Status, e.Problem.Title, e.Problem.Type, e.Problem.Pointer))},
			[]string{"what now", e.Problem.Next})
	}
	table(w, nil, rows)
}

type (
	queueRetryCmd   struct{ queueOrder }
	queueDiscardCmd struct{ queueOrder }
)

func (c queueRetryCmd) Run(s *session) error   { return c.order(s, "retry") }
func (c queueDiscardCmd) Run(s *session) error { return c.order(s, "discard") }

// queueOrder is what retry and discard share.
type queueOrder struct {
	configFlag
	Entry  string `arg:"" help:"Id of the entry."`
	Reason string `required:"" help:"Why; kept in the audit as written: name nobody."`
}

func (c queueOrder) order(s *session, kind string) error {
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Order(s.ctx, kind, c.Entry, s.actor(c.Reason)); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "ordered: %s of entry %s; the daemon carries it out at its next poll\n", kind, c.Entry)
	return nil
}

type guardCmd struct {
	Show    guardShowCmd    `cmd:"" help:"Show how the guard stands."`
	Release guardReleaseCmd `cmd:"" help:"Let what waits go, after a person looked at it."`
}

type guardShowCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c guardShowCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) ([]app.GuardView, error) { return a.GuardShow(s.ctx) }, printGuards)
	return err
}

func guardState(v app.GuardView) string {
	switch {
	case v.Stopped:
		return "STOPPED: " + v.Reason
	case v.FirstRun:
		return "nothing waits yet; the first run is still to come"
	}
	return "lets everything go"
}

func printGuards(w io.Writer, views []app.GuardView) {
	for _, v := range views {
		fmt.Fprintf(w, "%s (%s): %s\n", v.Name, v.OCMW, guardState(v))
		if would := fmt.Sprintf("%d of the %d clients with an accepted row of their own would change", v.Changing, v.Clients); !v.Stopped || !strings.Contains(v.Reason, would) {
			fmt.Fprintf(w, "  %s\n", would)
		}
		for _, f := range v.Shrunk {
			name := f.Feed
			if name != "" {
				name = "feed " + name
			}
			fmt.Fprintf(w, "  %s: %d rows, where %d stood\n", cmp.Or(name, "all feeds together"), f.RowsAfter, f.RowsBefore)
		}
		if r := v.Refused; r != nil {
			fmt.Fprintf(w, "  the release that %s ordered at %s was refused: %s\n", r.By, clock(r.Asked), r.Why)
		}
		if v.Stopped {
			fmt.Fprintf(w, "  look with \"mlpsync plan\", then \"mlpsync guard release %s --reason ...\"; the number stands for what is shown here\n", v.Number)
		}
	}
}

type guardReleaseCmd struct {
	configFlag
	Number string `arg:"" optional:"" help:"As \"guard show\" gave it: only what was shown then. Without it: what is held back now."`
	OCMW   string `placeholder:"KBO" help:"Only this OCMW; else all that are stopped."`
	Reason string `required:"" help:"Why; kept in the audit as written: name nobody."`
}

func (c guardReleaseCmd) Run(s *session) error {
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer a.Close()
	released, err := a.GuardRelease(s.ctx, c.OCMW, c.Number, s.actor(c.Reason))
	for _, v := range released {
		fmt.Fprintf(s.stdout, "ordered: release of OCMW %s, changes of %d clients (%s); the daemon carries it out at its next poll, unless something else is held back by then\n",
			v.OCMW, v.Changing, v.Number)
	}
	return err
}
