// Package cli is the command line of mlpsync: it parses, calls internal/app, and
// prints.
//
// It guarantees the exit codes of design section 7 (0 done, 1 something is
// left, 2 usage or configuration, 3 could not run), that what a person asked
// for goes to standard output and everything else to standard error, and that
// nobody sees a stack trace. Nothing is decided here.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/alecthomas/kong"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
)

// Exit codes (design section 7).
const (
	exitDone     = 0
	exitLeft     = 1
	exitUsage    = 2
	exitCouldNot = 3
)

// grammar is the whole command line.
type grammar struct {
	Demo      demoCmd      `cmd:"" help:"Run the whole job on a bundled sample export against the bundled mock, and report."`
	Run       runCmd       `cmd:"" help:"Run as the daemon: poll, decide, send, until stopped."`
	Once      onceCmd      `cmd:"" help:"Run one cycle until everything has settled, and report."`
	Plan      planCmd      `cmd:"" help:"Show what would be sent, for each person; send and write nothing."`
	Apply     applyCmd     `cmd:"" help:"Send exactly what a plan file holds; refuse when the world has moved."`
	Validate  validateCmd  `cmd:"" help:"Check export files without touching anything."`
	Explain   explainCmd   `cmd:"" help:"Tell the story of one client: what holds, why, and what was sent."`
	Worklist  worklistCmd  `cmd:"" help:"List what caseworkers have to decide, correct and know, with the cells concerned."`
	Deadlines deadlinesCmd `cmd:"" help:"List what must happen by when; --ics writes a calendar."`
	Decide    decideCmd    `cmd:"" help:"Answer what a client's decision asks of a person; kept in the audit."`
	Hold      holdCmd      `cmd:"" help:"Leave a client alone: nothing is decided or sent until it is released."`
	Release   releaseCmd   `cmd:"" help:"Let a client go on whom a person holds."`
	Status    statusCmd    `cmd:"" help:"Show how things stand."`
	Health    healthCmd    `cmd:"" help:"Exit 0 when the daemon does its work, else 1 (for container and service checks)."`
	Queue     queueCmd     `cmd:"" help:"Look at what waits to be sent, and retry or discard what is parked."`
	Files     filesCmd     `cmd:"" help:"List the export files that were taken and are kept, and why one was refused; get one back."`
	Guard     guardCmd     `cmd:"" help:"Show or release the stop on a run that would change too much."`
	Pause     pauseCmd     `cmd:"" help:"Stop sending, for one OCMW or all, until resume; reading and deciding go on."`
	Resume    resumeCmd    `cmd:"" help:"Let sending go on after a pause."`
	Lookup    lookupCmd    `cmd:"" help:"Have everybody of one OCMW or all looked up in MLP again, as after MLP was put back to a backup."`
	Audit     auditCmd     `cmd:"" help:"Show who did what, when and why; check the chain of what was recorded."`
	Config    configCmd    `cmd:"" help:"Check the configuration, print an example, make a key file."`
	State     stateCmd     `cmd:"" help:"Check, back up and restore the state directory's database."`
	Rules     rulesCmd     `cmd:"" help:"Print the rules with their sources; test policy cases; compare the rules of two days."`
	Selftest  selftestCmd  `cmd:"" help:"Prove on this machine, against the bundled mock, that nothing is lost and nothing done twice."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// session is what a command has to work with.
type session struct {
	ctx            context.Context
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	release        func()       // what app.SaveMemory holds
	logLevel       string       // of the command line; empty for the usual one
	said           *atomic.Bool // something was logged in words
}

// exitRequest is how kong's own exits (help) leave Parse.
type exitRequest int

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	out := &output{Writer: stdout}
	s := &session{ctx: ctx, getenv: getenv, stdin: stdin, stdout: out, stderr: stderr, release: func() {}, said: new(atomic.Bool)}
	defer func() { s.release() }()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exitRequest:
			code = int(r)
		default:
			// A defect of ours: a person gets a sentence, never a stack trace.
			fmt.Fprintf(stderr, "mlpsync: this should not happen (%s); report it to the makers of mlpsync\n", defectSite(debug.Stack()))
			code = exitCouldNot
		}
	}()
	parser, err := kong.New(&grammar{}, kong.Name("mlpsync"),
		kong.Description("Brings OCMW exports to an MLP-compatible API of VDAB, once and in order. There is no public MLP API: the contract is this project's own, and so is the bundled mock."),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exitRequest(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.ValueFormatter(valueHelp),
		kong.ExplicitGroups([]kong.Group{{Key: "answer", Title: "The answer, one of:"}}))
	if err != nil {
		return s.fail(err)
	}
	parsed, err := parser.Parse(helpFlag(args))
	if err != nil {
		fmt.Fprintf(stderr, "mlpsync: %s\n  hint: %s\n", err, usageHint(parser, args))
		return exitUsage
	}
	if err := refuseEmpty(parsed); err != nil {
		return s.fail(err)
	}
	err = parsed.Run(s)
	if failed := out.failed(); failed != nil && (err == nil || errors.Is(err, errLeft) || errors.Is(err, failed)) {
		err = &app.Hinted{Err: fmt.Errorf("the command did its work, but not all that it says could be written: %w", app.Plain(failed)),
			Next: "make room where standard output goes, and ask again what you miss"}
	}
	if err != nil {
		return s.fail(err)
	}
	return exitDone
}

// helpFlag turns "help COMMAND", which people try first, into "COMMAND --help".
func helpFlag(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}
	return append(slices.Clone(args[1:]), "--help")
}

// usageHint says what to do about a command line that doesn't parse. Of a command that has others
// below it people write the flags too early.
func usageHint(parser *kong.Kong, args []string) string {
	for _, command := range parser.Model.Children {
		if len(args) < 2 || command.Name != args[0] || len(command.Children) == 0 || command.DefaultCmd != nil || !strings.HasPrefix(args[1], "-") {
			continue
		}
		var names []string
		for _, below := range command.Children {
			names = append(names, below.Name)
		}
		return fmt.Sprintf("flags stand after the whole command: mlpsync %s %s ... [flags]", command.Name, strings.Join(names, "|"))
	}
	return "mlpsync " + strings.Join(append(commandOf(parser.Model.Node, args), "--help"), " ")
}

// commandOf is the command that a command line begins with, as far as there is one.
func commandOf(at *kong.Node, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	for _, below := range at.Children {
		if below.Name == args[0] && !below.Hidden {
			return append([]string{below.Name}, commandOf(below, args[1:])...)
		}
	}
	return nil
}

// left is the error of a command that did its work and leaves something to do.
var errLeft = errors.New("something is left to do")

// fail prints what went wrong and what to do, and gives the exit code.
func (s *session) fail(err error) int {
	if errors.Is(err, errLeft) {
		return exitLeft
	}
	if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprint(s.stderr, "mlpsync: stopped before it was done\n  hint: nothing is lost; the same command goes on from there\n")
		return exitCouldNot
	}
	var refused *config.Error
	if errors.As(err, &refused) {
		fmt.Fprintln(s.stderr, "mlpsync: the configuration is refused:")
		for _, issue := range refused.Issues {
			fmt.Fprintf(s.stderr, "  %s\n", issue)
		}
		fmt.Fprintln(s.stderr, "  hint: \"mlpsync config example\" prints every key with its meaning")
		return exitUsage
	}
	fmt.Fprintf(s.stderr, "mlpsync: %s\n", err)
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		fmt.Fprintf(s.stderr, "  hint: %s\n", hinted.Hint())
	}
	return exitCode(err)
}

// exitCode is that of an error which was printed.
func exitCode(err error) int {
	var usage *usageError
	var told *app.Hinted
	switch {
	case errors.As(err, &usage), errors.As(err, &told) && told.Misuse:
		return exitUsage
	case told != nil && told.Finding:
		return exitLeft
	}
	return exitCouldNot
}

// usageError is a mistake on the command line or in the configuration.
type usageError struct{ error }

func (u *usageError) Unwrap() error { return u.error }

// configFlag is -c.
type configFlag struct {
	Config string `short:"c" env:"MLPSYNC_CONFIG" placeholder:"FILE" help:"Configuration file; needed here or in the environment."`
	Today  string `placeholder:"YYYY-MM-DD" help:"Where the clock starts (environment test only)."`
}

func (f configFlag) load() (*config.Config, error) {
	if f.Config == "" {
		return nil, &usageError{&app.Hinted{Err: errors.New("no configuration file is named"),
			Next: "name it with -c FILE, or in the environment variable MLPSYNC_CONFIG; \"mlpsync config example\" prints one to start from"}}
	}
	c, err := config.Load(f.Config)
	if err != nil {
		var refused *config.Error
		if errors.As(err, &refused) {
			return nil, err
		}
		return nil, &usageError{&app.Hinted{Err: fmt.Errorf("the configuration file %s can't be read: %w", f.Config, app.Plain(err)),
			Next: "check the path given with -c or MLPSYNC_CONFIG, and its rights; \"mlpsync config example\" prints one to start from"}}
	}
	if f.Today != "" {
		c.Today = f.Today
		if issues := c.Validate(); len(issues) > 0 {
			return nil, &config.Error{Issues: issues}
		}
	}
	return c, nil
}

// open loads the configuration and opens the application.
func (s *session) open(f configFlag, mode app.Mode) (*app.App, error) {
	c, err := f.load()
	if err != nil {
		return nil, err
	}
	if mode != app.Beside {
		s.release = app.SaveMemory(s.getenv)
	}
	return app.Open(s.ctx, app.Options{Config: c, Mode: mode, Getenv: s.getenv, Log: s.logger(c, mode, s.logLevel)})
}

// actor is who gives an order: the user of the operating system, or whom sudo names.
func (s *session) actor(reason string) app.Actor {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return app.Orderer(name, s.getenv("SUDO_USER"), reason)
}
