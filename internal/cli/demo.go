package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/mockmlp"
)

type demoCmd struct {
	Once     bool          `help:"Stop when everything has settled; else go on and watch the drop folder."`
	JSON     bool          `name:"json" help:"Print the summary as JSON."`
	Dir      string        `placeholder:"DIR" help:"Keep everything here, so that the demo can be stopped and started again. Default: a folder that is removed at the end."`
	Wait     time.Duration `default:"60s" help:"Give up when nothing has moved for this long."`
	LogLevel string        `default:"warn" enum:"trace,debug,info,warn,error" help:"Level of the log on standard error."`
}

// Run implements the demo: the mock in this process, the sample in a drop folder, the
// daemon on an embedded ledger.
func (c demoCmd) Run(s *session) (err error) {
	d, err := c.prepare(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := app.Open(s.ctx, app.Options{Config: d.config, Mode: app.Daemon, Getenv: d.getenv, Log: d.log, Locked: true, Settled: d.printDifference})
	if err != nil {
		return d.interrupted(s.ctx, err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	summary, err := a.Once(s.ctx, c.Wait, d.pending)
	if err != nil {
		return d.interrupted(s.ctx, err)
	}
	if err := d.report(summary); err != nil {
		return err
	}
	if summary.Left() {
		return errLeft
	}
	if c.Once {
		return nil
	}
	d.watching = true
	if err := s.unlessStopped(a.Run(s.ctx)); err != nil {
		return err
	}
	if !c.JSON { // there standard output holds summaries only
		d.farewell()
	}
	return nil
}

// farewell says, after Ctrl-C, what is left and how to go on with it.
func (d *demo) farewell() {
	if d.Dir == "" {
		fmt.Fprintln(d.stdout, "\nStopped. The demo's folder is removed; --dir ./demo keeps it.")
		return
	}
	fmt.Fprintf(d.stdout, "\nStopped. Everything stays in %s: state, drop folder, reports, the mock's dossiers.\n", d.dir)
	fmt.Fprintf(d.stdout, "Go on from here, and send nothing again: %s\n", d.again())
	fmt.Fprintf(d.stdout, "Look at it meanwhile: go run ./cmd/mlpsync status -c %s\n", quoted(filepath.Join(d.dir, "mlpsync.yaml")))
}

// again is the command that goes on with the demo's folder.
func (d *demo) again() string { return "go run ./cmd/mlpsync demo --dir " + quoted(d.dir) }

// quoted is a path as a shell takes it for one.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t") {
		return `"` + path + `"`
	}
	return path
}

// interrupted puts words to a Ctrl-C before the report: the error of a context means nothing to a person.
func (d *demo) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	next := "the demo's folder is removed; keep it with --dir ./demo"
	if d.Dir != "" {
		next = "everything so far stays in " + d.dir + "; go on from there: " + d.again()
	}
	return &app.Hinted{Err: errors.New("interrupted before everything had settled"), Next: next}
}

// demo is what the demo runs on.
type demo struct {
	demoCmd
	dir, url string
	control  string // URL of the mock's control API
	config   *config.Config
	mock     *mockmlp.Mock
	servers  []*http.Server
	release  func() error // of the lock
	log      zerolog.Logger
	stdout   io.Writer
	watching bool
}

func (d *demo) getenv(name string) string {
	return map[string]string{"DEMO_CLIENT_SECRET": examples.ClientSecret, "DEMO_API_KEY": examples.APIKey}[name]
}

func (c demoCmd) prepare(s *session) (*demo, error) {
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return nil, &usageError{err}
	}
	d := &demo{demoCmd: c, stdout: s.stdout, log: zerolog.New(zerolog.SyncWriter(s.logOfCommand(""))).Level(level).With().Timestamp().Logger()}
	if err := d.makeFolder(); err != nil {
		return nil, &app.Hinted{Err: fmt.Errorf("make the demo's folder: %w", err), Next: "choose another with --dir DIR"}
	}
	// Before the mock opens its own state: a second demo must not touch what the first works on.
	if d.release, err = app.Lock(filepath.Join(d.dir, "state")); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := d.startMock(s.ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := d.fill(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if !c.JSON {
		fmt.Fprintf(s.stdout, "mlpsync demo · %s (fictional) · the sample's day is %s\n", examples.Name, examples.Today())
		fmt.Fprintf(s.stdout, "There is no public MLP API: this runs against the bundled mock, at %s\n", d.url)
		fmt.Fprintln(s.stdout, "working ...")
	}
	return d, nil
}

func (d *demo) makeFolder() (err error) {
	if d.Dir == "" {
		d.dir, err = os.MkdirTemp("", "mlpsync-demo-")
	} else if d.dir, err = filepath.Abs(d.Dir); err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	return err
}

// startMock serves the mock and its control API on free loopback ports; its state lives in
// the demo's folder.
func (d *demo) startMock(ctx context.Context) error {
	scenario, err := mockmlp.ParseScenario(examples.Scenario())
	if err != nil {
		return fmt.Errorf("read the demo's scenario: %w", err)
	}
	d.mock, err = mockmlp.New(mockmlp.Options{
		Clock: examples.Start(), Seed: 1, StateDir: filepath.Join(d.dir, "mock"), Scenario: scenario, Logger: zerolog.Nop(),
	})
	if err != nil {
		return fmt.Errorf("start the mock: %w", err)
	}
	if d.url, err = d.serve(ctx, d.mock.API()); err != nil {
		return err
	}
	d.control, err = d.serve(ctx, d.mock.Control())
	return err
}

// serve serves on a free loopback port until close, and tells the URL.
func (d *demo) serve(ctx context.Context, handler http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the mock: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }() // ends with close
	return "http://" + listener.Addr().String(), nil
}

// demoConfig is the demo's configuration, written beside its data so that the other
// commands work on it.
const demoConfig = `# The demo's configuration, rewritten at each start (the mock's port changes).
environment: test
today: %q
stateDir: state
keyFile: keys
poll: 1s
log: {level: warn, format: text}
mlp:
  baseUrl: %s
files: {minimumAge: 1s}
guard: {release: true}
ocmws:
  - name: %s
    kbo: %q
    nis: [{code: %q}]
    inbox: in
    reports: reports
    documents: documents
    profile: profile.yaml
    defaultCaseworker: mw-000
    credentials:
      clientId: mlpsync-demo
      clientSecret: {file: demo-secret.txt}
      apiKey: {file: demo-key.txt}
`

// fill writes configuration and profile, a copy of the sample to edit, and, the
// first time, drops the sample.
func (d *demo) fill() error {
	text := fmt.Sprintf(demoConfig, examples.Today(), d.url, examples.Name, examples.KBO, examples.NIS)
	files := map[string][]byte{
		"mlpsync.yaml": []byte(text), "profile.yaml": examples.Profile(),
		"demo-secret.txt": []byte(examples.ClientSecret + "\n"), "demo-key.txt": []byte(examples.APIKey + "\n"),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write the demo's files: %w", err)
		}
	}
	dropped := filepath.Join(d.dir, "dropped")
	if _, err := os.Stat(dropped); err != nil {
		for _, folder := range []string{"sample", "in"} {
			if err := examples.Copy(filepath.Join(d.dir, folder), examples.Export()); err != nil {
				return fmt.Errorf("copy the sample: %w", err)
			}
		}
		if err := examples.Copy(filepath.Join(d.dir, "documents"), examples.Documents()); err != nil {
			return fmt.Errorf("copy the sample's documents: %w", err)
		}
		if err := os.WriteFile(dropped, []byte("the sample was dropped once\n"), 0o600); err != nil {
			return fmt.Errorf("write the demo's files: %w", err)
		}
	}
	var err error
	d.config, err = config.Load(filepath.Join(d.dir, "mlpsync.yaml"))
	return err
}

// pending is how long the mock needs to do what its scenario lets it do by
// itself: the 78 of VDAB that come late.
func (d *demo) pending() time.Duration {
	at, some := d.mock.NextPending()
	wait := at.Sub(d.mock.Now())
	if !some || wait > time.Hour { // contracts that start on a later day are not waited for
		return 0
	}
	return max(wait, time.Millisecond)
}

func (d *demo) report(summary app.Summary) error {
	if d.JSON {
		return printJSON(d.stdout, summary)
	}
	printSummary(d.stdout, summary)
	section(d.stdout, "WHERE TO LOOK NEXT")
	if d.Dir == "" && d.Once {
		fmt.Fprintln(d.stdout, "  The demo's folder is gone now. Keep it, with reports and worklist, with: --dir ./demo")
		return nil
	}
	places := [][]string{
		{"answers for caseworkers (Dutch)", filepath.Join(d.dir, "reports")},
		{"a copy of the sample, to edit", filepath.Join(d.dir, "sample")},
		{"the drop folder", filepath.Join(d.dir, "in")},
		{"the PDFs that it names", filepath.Join(d.dir, "documents")},
		{"one client's story", "go run ./cmd/mlpsync explain -c " + filepath.Join(d.dir, "mlpsync.yaml") + " Z10200"},
		{"the rules, with sources", "go run ./cmd/mlpsync rules"},
	}
	if !d.Once { // else the mock ends with it
		places = append(places, []string{"the mock's control API (docs/mock.md)", d.control + "/control/state"})
	}
	table(d.stdout, nil, places)
	if d.Once {
		return nil
	}
	fmt.Fprintln(d.stdout, "\nWatching the drop folder: edit a file of the copy, put it in the drop folder, and see what changes.")
	if d.Dir == "" {
		fmt.Fprintln(d.stdout, "When it stops, the folder is removed; --dir ./demo keeps it.")
	}
	fmt.Fprintln(d.stdout, "Ctrl-C stops.")
	return nil
}

// printDifference tells what a later poll brought.
func (d *demo) printDifference(summary app.Summary) {
	if !d.watching {
		return
	}
	if d.JSON {
		_ = printJSON(d.stdout, summary)
		return
	}
	section(d.stdout, "---- %s", time.Now().In(app.Zone()).Format(time.TimeOnly))
	printFiles(d.stdout, summary)
	c := summary.Clients
	fmt.Fprintf(d.stdout, "  clients: %d = %d held + %d manual + %d planned + %d no change (%s)\n", c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()))
	printSent(d.stdout, summary)
}

func (d *demo) close() error {
	var errs []error
	for _, server := range d.servers {
		errs = append(errs, server.Close())
	}
	if d.mock != nil {
		errs = append(errs, d.mock.Close())
	}
	if d.release != nil {
		errs = append(errs, d.release())
	}
	if d.Dir == "" && d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
