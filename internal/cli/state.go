package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/mlpsync/mlpsync/internal/app"
)

type stateCmd struct {
	Check   stateCheckCmd   `cmd:"" help:"Look for damage and contradictions; changes nothing, works beside the daemon."`
	Backup  stateBackupCmd  `cmd:"" help:"Copy the state into a new file; works beside the daemon."`
	Restore stateRestoreCmd `cmd:"" help:"Put a backup in the place of the state, which is kept aside; the daemon must be stopped."`
}

type stateCheckCmd struct {
	configFlag
	Deep bool `help:"Read MLP too, and compare every known dossier with it."`
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c stateCheckCmd) Run(s *session) error {
	o, err := s.stateOptions(c.configFlag)
	if err != nil {
		return err
	}
	report, err := app.CheckState(s.ctx, o, c.Deep)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(s.stdout, report)
	} else {
		printState(s.stdout, report)
	}
	if err == nil && report.Findings() > 0 {
		return errLeft
	}
	return err
}

// stateOptions are those of commands that open the state in their own way.
func (s *session) stateOptions(f configFlag) (app.Options, error) {
	c, err := f.load()
	if err != nil {
		return app.Options{}, err
	}
	return app.Options{Config: c, Mode: app.Beside, Getenv: s.getenv, Log: s.logger(c, app.Beside, "")}, nil
}

func printState(w io.Writer, report app.StateReport) {
	var rows [][]string
	for _, c := range report.Checks {
		rows = append(rows, []string{judged(len(c.Findings), c.Unfinished), c.Check, c.Looked})
	}
	table(w, nil, rows)
	for _, c := range report.Checks {
		for _, f := range c.Findings {
			section(w, "%s: %s", c.Check, f.What)
			if f.Where != "" {
				fmt.Fprintf(w, "  where: %s\n", f.Where)
			}
			fmt.Fprintf(w, "  now:   %s\n", f.Next)
		}
	}
	if n := report.Findings(); n > 0 {
		section(w, "findings: %d", n)
		return
	}
	section(w, "nothing is wrong; note the audit's last hash elsewhere: a chain that is cut short shows by it only (\"mlpsync audit check --noted HASH\")")
}

// judged is the outcome of a check. One that damage kept from looking at all is not sound.
func judged(findings int, unfinished bool) string {
	switch {
	case findings > 0:
		return "WRONG"
	case unfinished:
		return "CUT SHORT"
	}
	return "ok"
}

type stateBackupCmd struct {
	configFlag
	File string `arg:"" help:"File to make; an existing one is never overwritten."`
	JSON bool   `name:"json" help:"Print as JSON."`
}

func (c stateBackupCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.BackupReport, error) { return a.BackUp(s.ctx, c.File) }, printBackup)
	return err
}

func printBackup(w io.Writer, b app.BackupReport) {
	fmt.Fprintf(w, "wrote %s, %d KiB; its audit has %d records, the last with hash %s\n", b.File, b.Bytes/1024, b.Audit.Records, b.Audit.Hash)
	fmt.Fprintln(w, "  it can be read with the key file only, which is not in it: keep both, apart from each other")
}

type stateRestoreCmd struct {
	configFlag
	File   string `arg:"" help:"A backup that \"mlpsync state backup\" made."`
	Reason string `required:"" help:"Why; kept in the audit as written: name nobody."`
	JSON   bool   `name:"json" help:"Print as JSON."`
}

func (c stateRestoreCmd) Run(s *session) error {
	o, err := s.stateOptions(c.configFlag)
	if err != nil {
		return err
	}
	report, err := app.RestoreState(s.ctx, o, c.File, s.actor(c.Reason))
	if err != nil {
		if report.Aside != "" {
			err = errors.Join(err, fmt.Errorf("the state of before is in %s", report.Aside))
		}
		return err
	}
	if c.JSON {
		return printJSON(s.stdout, report)
	}
	fmt.Fprintf(s.stdout, "restored; its audit has %d records now, the last with hash %s\n", report.Audit.Records, report.Audit.Hash)
	if report.Aside != "" {
		fmt.Fprintf(s.stdout, "  the state of before is kept in %s: delete it when you are sure\n", report.Aside)
	}
	fmt.Fprintln(s.stdout, "  at its start the daemon reads everything from MLP before it sends anything")
	return nil
}
