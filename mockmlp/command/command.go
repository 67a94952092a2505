// Package command is the mockmlp program: its flags, listeners and shutdown. cmd/mockmlp calls it.
//
// It guarantees that it stops when its context ends, within [stopWithin], and that it listens on loopback unless told otherwise. Without a scenario it
// begins with the demo's test persons, and prints how to call the API and what to open.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/version"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// Exit codes, as of every command of the project.
const (
	exitOK          = 0
	exitNotReady    = 1
	exitUsage       = 2
	exitCouldNotRun = 3
)

const stopWithin = 10 * time.Second

type commands struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve the API, and the page with the control API (the default); its flags are in \"mockmlp serve --help\"."`
	Health  healthCmd  `cmd:"" help:"Say whether a mock is up; for containers. Exit status 1 when not."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type serveCmd struct {
	Listen   string `help:"Address of the API; by default ${default}." default:"127.0.0.1:8081" placeholder:"ADDR"`
	Control  string `help:"Address of the page and the control API, which show and change everything: keep it off networks; by default ${default}." default:"127.0.0.1:8082" placeholder:"ADDR"`
	Seed     uint64 `help:"Makes ids and probabilities repeatable; by default ${default}." default:"1" placeholder:"N"`
	Clock    string `help:"Where the virtual clock starts, RFC 3339; by default the scenario's, else now." placeholder:"INSTANT"`
	Frozen   bool   `help:"The clock moves only when told."`
	Scenario string `help:"YAML file with clients and dossiers to begin with; by default a few test persons." type:"path" placeholder:"FILE" xor:"begin"`
	Empty    bool   `help:"Begin without any dossier." xor:"begin"`
	State    string `help:"Directory that keeps the state across restarts; by default in memory." type:"path" placeholder:"DIR"`
	Rate     int    `help:"Calls a minute for each client and operation; negative for no limit; by default the scenario's, else 2000." placeholder:"N"`

	Hostile      bool    `help:"Let a share of all calls go wrong from the start, in the ways that docs/mock.md lists."`
	HostileShare float64 `help:"The share, from 0 to 1, that --hostile lets go wrong; by default ${default}." default:"0.05" placeholder:"SHARE"`
}

type healthCmd struct {
	URL string `help:"Health resource to ask." default:"http://127.0.0.1:8081/mlp/v1/health"`
}

type versionCmd struct{}

// environment is what a command may use.
type environment struct {
	ctx            context.Context
	stdout, stderr io.Writer
	version        string
}

// status is an exit code with a reason that was already printed.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Run runs the program and returns its exit status: 0 done, 1 not healthy, 2 usage or configuration, 3 could not run. It returns when ctx ends.
func Run(ctx context.Context, args []string, _ func(string) string, stdout, stderr io.Writer) int {
	var cli commands
	left := -1
	parser, err := kong.New(&cli, kong.Name("mockmlp"), kong.Writers(stdout, stderr), kong.Exit(func(code int) { left = code }),
		kong.Description("A mock of the MLP-compatible API. The API is defined by the mlpsync project: there is no public MLP API."))
	if err != nil {
		fmt.Fprintln(stderr, "mockmlp:", err)
		return exitCouldNotRun
	}
	parsed, err := parser.Parse(helpFlag(args))
	if left >= 0 {
		return left // --help
	}
	if err != nil {
		fmt.Fprintf(stderr, "mockmlp: %v\nTry mockmlp --help, or mockmlp serve --help for the flags.\n", err)
		return exitUsage
	}
	err = parsed.Run(&environment{ctx: ctx, stdout: stdout, stderr: stderr, version: version.String()})
	var code status
	if errors.As(err, &code) {
		return int(code)
	}
	if err != nil {
		fmt.Fprintln(stderr, "mockmlp:", err)
		return exitCouldNotRun
	}
	return exitOK
}

// helpFlag turns "help COMMAND", which people try first, into "COMMAND --help".
func helpFlag(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}
	return append(slices.Clone(args[1:]), "--help")
}

// Run implements kong's command.
func (versionCmd) Run(env *environment) error {
	_, err := fmt.Fprintln(env.stdout, "mockmlp", env.version)
	return err
}

// Run implements kong's command.
func (h healthCmd) Run(env *environment) error {
	ctx, cancel := context.WithTimeout(env.ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		fmt.Fprintln(env.stderr, "mockmlp: --url is not a URL")
		return status(exitUsage)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(env.stderr, "mockmlp: not reachable:", err)
		return status(exitNotReady)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		fmt.Fprintln(env.stderr, "mockmlp: not healthy: status", resp.StatusCode)
		return status(exitNotReady)
	}
	fmt.Fprintln(env.stdout, "UP")
	return nil
}

// Run implements kong's command.
func (s serveCmd) Run(env *environment) error {
	opts, err := s.options(env)
	if err != nil {
		fmt.Fprintln(env.stderr, "mockmlp:", err)
		return status(exitUsage)
	}
	mock, err := mockmlp.New(opts)
	if errors.Is(err, mockmlp.ErrScenario) {
		fmt.Fprintln(env.stderr, "mockmlp: --scenario:", err)
		return status(exitUsage)
	}
	if err != nil {
		return err
	}
	err = s.serve(env, mock, opts.Logger)
	if cerr := mock.Close(); err == nil {
		err = cerr
	}
	return err
}

func (s serveCmd) options(env *environment) (mockmlp.Options, error) {
	opts := mockmlp.Options{
		Seed: s.Seed, Frozen: s.Frozen, StateDir: s.State, RatePerMinute: s.Rate,
		Logger: zerolog.New(env.stderr).Level(zerolog.InfoLevel).With().Timestamp().Logger(),
	}
	if s.Hostile {
		if !(s.HostileShare >= 0 && s.HostileShare <= 1) {
			return opts, errors.New("--hostile-share: from 0 to 1")
		}
		opts.Hostile = s.HostileShare
	}
	if s.Clock != "" {
		t, err := time.Parse(time.RFC3339, s.Clock)
		if err != nil {
			return opts, errors.New("--clock: expected an instant such as 2026-01-15T08:00:00+01:00")
		}
		opts.Clock = t
	}
	var err error
	switch {
	case s.Scenario != "":
		if opts.Scenario, err = mockmlp.LoadScenario(s.Scenario); err != nil {
			return opts, fmt.Errorf("--scenario: %w", err)
		}
	case !s.Empty:
		if opts.Scenario, err = mockmlp.DemoScenario(); err != nil {
			return opts, err
		}
	}
	return opts, nil
}
