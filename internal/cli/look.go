package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
)

// look opens the state beside the daemon, asks, and prints as JSON or for a person.
func look[T any](s *session, f configFlag, asJSON bool, ask func(*app.App) (T, error), show func(io.Writer, T)) (answer T, err error) {
	a, err := s.open(f, app.Beside)
	if err != nil {
		return answer, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if answer, err = ask(a); err != nil {
		return answer, err
	}
	if asJSON {
		return answer, printJSON(s.stdout, answer)
	}
	show(s.stdout, answer)
	return answer, nil
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
		last = s.LastCycle.In(app.Zone()).Format(time.DateTime)
	}
	fmt.Fprintf(w, "mlpsync · %s · environment %s · last cycle %s\n", s.Day, s.Environment, last)
	for _, o := range s.OCMWs {
		section(w, "%s (%s)", o.Name, o.KBO)
		c := o.Clients
		fmt.Fprintf(w, "  clients: %d = %d held + %d manual + %d planned + %d no change (%s); %d not decided yet\n",
			c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()), o.Undecided)
		var rows [][]string
		for _, f := range o.Files {
			rows = append(rows, []string{f.Feed, f.Name, fmt.Sprintf("%d rows, %d rejected", f.Rows, f.Rejected), check(f.Holds())})
		}
		table(w, nil, rows)
		if o.Guard != nil {
			fmt.Fprintf(w, "  STOPPED BY THE GUARD: %s\n  look with \"mlpsync plan\", then \"mlpsync guard release --reason ...\"\n", o.Guard.Reason)
		}
		if p := o.Paused; p != nil {
			fmt.Fprintf(w, "  PAUSED since %s by %s: %s\n  nothing is sent until \"mlpsync resume --reason ...\"; reading and deciding go on\n",
				p.Since.In(app.Zone()).Format(time.DateTime), p.By, p.Reason)
		}
		for _, n := range o.Notes {
			fmt.Fprintf(w, "  %s: %s\n", n.Level, n.EN)
		}
	}
	section(w, "OUTBOX")
	var rows [][]string
	for _, state := range slices.Sorted(maps.Keys(s.Entries)) {
		rows = append(rows, []string{string(state), strconv.Itoa(s.Entries[state])})
	}
	table(w, nil, rows)
	if s.Entries["parked"] > 0 {
		fmt.Fprintln(w, "  look at what is parked with \"mlpsync queue list --state parked\", then retry or discard it")
	}
	if s.Unapproved > 0 {
		fmt.Fprintf(w, "  %d of these wait for the guard to be released\n", s.Unapproved)
	}
	if !s.InDoubtSince.IsZero() {
		fmt.Fprintf(w, "  in doubt since %s\n", s.InDoubtSince.In(app.Zone()).Format(time.DateTime))
	}
	if q := s.Quiet; q != nil {
		now := "not now"
		if !q.Ends.IsZero() {
			now = "NOTHING IS SENT until " + q.Ends.In(app.Zone()).Format(time.DateTime)
		}
		fmt.Fprintf(w, "  quiet hours %s to %s: %s\n", q.From, q.Until, now)
	}
	for _, n := range s.Channel {
		fmt.Fprintf(w, "  channel: %s (since %s)\n", n.EN, n.Since.In(app.Zone()).Format(time.DateTime))
	}
}

type healthCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c healthCmd) Run(s *session) error {
	health, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Health, error) { return a.Health(s.ctx) },
		func(w io.Writer, h app.Health) { fmt.Fprintln(w, strings.TrimSuffix(h.Reason+"; "+h.Next, "; ")) })
	if err == nil && !health.Ready {
		return errLeft
	}
	return err
}

type versionCmd struct{}

// Run prints the version that the build knows.
func (versionCmd) Run(s *session) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(s.stdout, "mlpsync %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
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
			fmt.Fprintf(s.stdout, "%-4s %s: %s\n", map[bool]string{true: "ok", false: "BAD"}[i.OK], i.What, i.Text)
		}
	}
	if err == nil && bad {
		return &usageError{errors.New("the configuration can't be used as it is")}
	}
	return err
}
