package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/version"
)

// look is answer for what only a state can answer: where there is none, it says so and answers nothing.
func look[T any](s *session, f configFlag, asJSON bool, ask func(*app.App) (T, error), show func(io.Writer, T)) (T, error) {
	return answer(s, f, asJSON, func(a *app.App) (none T, err error) {
		if err := a.NeedState(); err != nil {
			return none, err
		}
		return ask(a)
	}, show)
}

// answer opens the state beside the daemon, asks, and prints as JSON or for a person.
func answer[T any](s *session, f configFlag, asJSON bool, ask func(*app.App) (T, error), show func(io.Writer, T)) (given T, err error) {
	a, err := s.open(f, app.Beside)
	if err != nil {
		return given, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if given, err = ask(a); err != nil {
		return given, err
	}
	if asJSON {
		return given, printJSON(s.stdout, given)
	}
	show(s.stdout, given)
	return given, nil
}

type statusCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c statusCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Status, error) { return a.Status(s.ctx) }, printStatus)
	return err
}

func printStatus(w io.Writer, s app.Status) {
	last := "never"
	if !s.LastCycle.IsZero() {
		last = clock(s.LastCycle)
	}
	fmt.Fprintf(w, "mlpsync · %s · environment %s · last cycle %s\n", s.Day, s.Environment, last)
	if h := s.Health; !h.Ready && !s.LastCycle.IsZero() {
		fmt.Fprintf(w, "note: %s; %s\n", h.Reason, h.Next)
	}
	if d := s.DiskFull; d != nil {
		fmt.Fprintf(w, "THE DISK OF THE STATE DIRECTORY IS FULL: %d KiB left, last written to %s\n"+
			"  what can't be recorded is not sent, and files wait; make room: it goes on at the next poll\n", d.FreeKiB, last)
	}
	if r := s.LastRun; r != nil {
		c := r.Clients
		fmt.Fprintf(w, "last run that did something: %s, %d files, %d rows; clients looked at: %d = %d held + %d manual + %d planned + %d no change (%s)\n",
			clock(r.Began), r.Files, r.Rows, c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(r.Balanced()))
	}
	for _, o := range s.OCMWs {
		printOCMW(w, o)
	}
	printOutbox(w, s)
	printWay(w, s)
}

func printOCMW(w io.Writer, o app.OCMWStatus) {
	section(w, "%s (%s)", o.Name, o.KBO)
	c := o.Clients
	fmt.Fprintf(w, "  clients: %d = %d held + %d manual + %d planned + %d no change (%s); %d not decided yet\n",
		c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()), o.Undecided)
	if len(o.Files) > 0 {
		fmt.Fprintln(w, "  files in force: rows = new + changed + unchanged + duplicate + rejected + skipped")
	}
	var rows [][]string
	for _, f := range o.Files {
		sum := fmt.Sprintf("%d = %d + %d + %d + %d + %d + %d", f.Rows, f.New, f.Changed, f.Unchanged, f.Duplicate, f.Rejected, f.Skipped)
		rows = append(rows, []string{f.Feed, f.Name, sum, check(f.Holds())})
	}
	table(w, nil, rows)
	if o.Guard != nil {
		fmt.Fprintf(w, "  STOPPED BY THE GUARD: %s\n  look with \"mlpsync guard show\" and \"mlpsync plan\", then \"mlpsync guard release NUMBER --reason ...\"\n", o.Guard.Reason)
	}
	if p := o.Paused; p != nil {
		fmt.Fprintf(w, "  PAUSED since %s by %s: %s\n  nothing is sent until \"mlpsync resume --reason ...\"; reading and deciding go on\n",
			clock(p.Since), p.By, p.Reason)
	}
	for _, n := range o.Brief() {
		fmt.Fprintf(w, "  %s: %s\n", n.Level, n.EN)
	}
}

func printOutbox(w io.Writer, s app.Status) {
	section(w, "OUTBOX")
	var rows [][]string
	for _, state := range slices.Sorted(maps.Keys(s.Entries)) {
		rows = append(rows, []string{string(state), strconv.Itoa(s.Entries[state])})
	}
	table(w, nil, rows)
	for _, c := range s.Waits {
		until := ""
		if !c.Until.IsZero() {
			until = ", the first until " + clock(c.Until)
		}
		fmt.Fprintf(w, "  %d wait for %s%s\n", c.Entries, c.For, until)
	}
	if minutes := int(s.Sending().Round(time.Minute).Minutes()); minutes > 0 {
		fmt.Fprintf(w, "  sending all that waits takes %d:%02d hours at least, at %d requests a minute\n", minutes/60, minutes%60, s.RatePerMinute)
	}
	if s.Unapproved > 0 {
		fmt.Fprintf(w, "  %d of these wait for the guard to be released\n", s.Unapproved)
	}
	if !s.InDoubtSince.IsZero() {
		fmt.Fprintf(w, "  in doubt since %s\n", clock(s.InDoubtSince))
	}
	printAside(w, "IN DOUBT   sent, and nobody knows whether MLP has it: it is read first", s.InDoubt)
	printAside(w, "PARKED   retry or discard with \"mlpsync queue\", or correct the source", s.Parked)
}

// printAside lists entries that stand out, with their age and why.
func printAside(w io.Writer, title string, entries []app.QueueEntry) {
	if len(entries) == 0 {
		return
	}
	section(w, "%s", title)
	var rows [][]string
	for _, e := range entries[:min(len(entries), reportLines)] {
		rows = append(rows, []string{e.ID, e.Pseudonym, e.Kind, e.Rule, "for " + e.Age, aboutProblem(e)})
	}
	table(w, []string{"entry", "person", "kind", "rule", "age", "why"}, rows)
	more(w, len(entries), reportLines, "\"mlpsync queue list\"")
}

// printWay says how the way to MLP stands.
func printWay(w io.Writer, s app.Status) {
	section(w, "THE WAY TO MLP")
	breaker := "not known before the first delivery"
	if s.Way.Breaker != "" {
		breaker = s.Way.Breaker + " since " + clock(s.Way.Since)
	}
	fmt.Fprintf(w, "  breaker: %s\n", breaker)
	if s.Way.Stopped != "" {
		fmt.Fprintf(w, "  after the last delivery: stopped (%s) until %s\n", s.Way.Stopped, clock(s.Way.Until))
	}
	if len(s.Way.NotAdmitted) > 0 {
		fmt.Fprintf(w, "  NOT ADMITTED by MLP: OCMW %s; check the credentials, and the token endpoint\n", strings.Join(s.Way.NotAdmitted, ", "))
	}
	if q := s.Quiet; q != nil {
		now := "not now"
		if !q.Ends.IsZero() {
			now = "NOTHING IS SENT until " + clock(q.Ends)
		}
		fmt.Fprintf(w, "  quiet hours %s to %s: %s\n", q.From, q.Until, now)
	}
	for _, n := range s.Channel {
		fmt.Fprintf(w, "  %s: %s (since %s)\n", n.Level, n.EN, clock(n.Since))
	}
}

// clock is an instant as people read it.
func clock(at time.Time) string { return at.In(app.Zone()).Format(time.DateTime) }

type healthCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c healthCmd) Run(s *session) error {
	health, err := answer(s, c.configFlag, c.JSON, func(a *app.App) (app.Health, error) { return a.Health(s.ctx) },
		func(w io.Writer, h app.Health) { fmt.Fprintln(w, strings.TrimSuffix(h.Reason+"; "+h.Next, "; ")) })
	if err == nil && !health.Ready {
		return errLeft
	}
	return err
}

type versionCmd struct{}

// Run prints the version that the build knows.
func (versionCmd) Run(s *session) error {
	_, err := fmt.Fprintf(s.stdout, "mlpsync %s, %s %s/%s\n", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type configCmd struct {
	Check   configCheckCmd   `cmd:"" help:"Check the configuration and everything that it names."`
	Example configExampleCmd `cmd:"" help:"Print a configuration with every key, its meaning and default."`
	Key     configKeyCmd     `cmd:"" help:"Make a key file for the data at rest."`
}

type configExampleCmd struct{}

func (configExampleCmd) Run(s *session) error {
	_, err := s.stdout.Write(config.Example())
	return err
}

type configKeyCmd struct {
	File string `arg:"" help:"File to make; an existing one is never overwritten."`
}

func (c configKeyCmd) Run(s *session) error {
	if err := app.MakeKey(c.File); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "wrote %s; keep a copy with your other secrets: without it the ledger can't be read\n", c.File)
	return nil
}

type configCheckCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func checked(i app.CheckItem) string {
	switch {
	case i.Warning:
		return "warn"
	case i.OK:
		return "ok"
	}
	return "BAD"
}

func (c configCheckCmd) Run(s *session) error {
	conf, err := c.load()
	if err != nil {
		return err
	}
	items := app.Check(conf, s.getenv)
	bad := slices.ContainsFunc(items, func(i app.CheckItem) bool { return !i.OK })
	if c.JSON {
		err = printJSON(s.stdout, items)
	} else {
		for _, i := range items {
			fmt.Fprintf(s.stdout, "%-4s %s: %s\n", checked(i), i.What, i.Text)
			if i.Hint != "" {
				fmt.Fprintf(s.stdout, "       hint: %s\n", i.Hint)
			}
		}
	}
	if err == nil && bad {
		return &usageError{errors.New("the configuration can't be used as it is")}
	}
	return err
}
