package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/mockmlp"
)

type outageCmd struct {
	For  time.Duration `default:"20s" placeholder:"TIME" help:"How long each outage lasts."`
	JSON bool          `name:"json" help:"Print the report as JSON."`
}

// outageReport is what selftest outage found.
type outageReport struct {
	LastedMs int64          `json:"lastedMs"`
	Outages  []outageResult `json:"outages"`
	Seconds  float64        `json:"seconds"`
}

// outageResult is what came of one kind of outage.
type outageResult struct {
	Name     string `json:"name"`
	What     string `json:"what"`
	Requests int64  `json:"requestsDuring"`
	// Most is how many requests are few for it; 0 where the API works all the time.
	Most int64 `json:"requestsMost"`
	// Open is how many entries were left when it began.
	Open int `json:"openAtBegin"`
	// DeliveredMs is from its end until everything was delivered, VDAB's late 78s answered included.
	DeliveredMs int64 `json:"deliveredMs"`
	Parked      int   `json:"parked"`
	verdict
}

func (r outageResult) clean() bool {
	return r.verdict.clean() && r.Parked == 0 && (r.Most == 0 || r.Requests <= r.Most)
}

// outage is a way to fail: begin makes it so, end puts it right.
type outage struct {
	name, what string
	// works: MLP takes what is asked all the time, so it may be asked as usual.
	works      bool
	begin, end func(ctx context.Context, b *bench) error
}

// fewRequests is what is few: those under way when it begins with their short retries (8 workers, 3
// times at most), the breaker's five, and a probe or two.
const fewRequests = 40

// together is how many outages are suffered at the same time: mostly they wait, but what comes after
// them is measured on the same machine.
const together = 3

func faulty(f mockmlp.Fault) func(context.Context, *bench) error {
	return func(_ context.Context, b *bench) error {
		_, err := b.mock.AddFault(f)
		return err
	}
}

func mended(_ context.Context, b *bench) error {
	b.mock.RemoveFault("")
	return nil
}

func answers(status int, body string, retryAfter int) func(context.Context, *bench) error {
	return faulty(mockmlp.Fault{Response: mockmlp.FaultResponse{Status: status, Body: body, RetryAfter: retryAfter}})
}

func outages() []outage {
	expire := func(_ context.Context, b *bench) error { return b.mock.Advance(20 * time.Minute) }
	return []outage{
		{"unavailable", "503 as a problem document", false, answers(503, "problem", 0), mended},
		{"maintenance", "503 with a page of HTML", false, answers(503, "html", 0), mended},
		{"login page", "200 with a page of HTML", false, answers(200, "html", 0), mended},
		{"throttled", "429, wait 5 s", false, answers(429, "problem", 5), mended},
		{"reset before commit", "connections break before the request is carried out", false, faulty(mockmlp.Fault{Fault: mockmlp.FaultReset}), mended},
		{"reset after commit", "connections break after the request was carried out", false, faulty(mockmlp.Fault{Fault: mockmlp.FaultReset, When: mockmlp.AfterCommit}), mended},
		{"tokens expire", "MLP's clock runs ahead of the token's 900 s, twice", true, expire, expire},
		{"disappears", "nothing listens", false,
			func(_ context.Context, b *bench) error { return b.server.Close() },
			func(ctx context.Context, b *bench) error { return b.listen(ctx) }},
	}
}

// Run prints the report, and fails when anything was lost, done twice or asked too often.
func (c outageCmd) Run(s *session) error { return unlessStopped(s, c.run(s)) }

func (c outageCmd) run(s *session) error {
	if c.For < time.Second || c.For > time.Hour {
		return &usageError{errors.New("--for takes 1s to 1h")}
	}
	began := time.Now()
	if !c.JSON {
		fmt.Fprintln(s.stdout, "There is no public MLP API: this runs against the bundled mock, with test persons.")
		fmt.Fprintf(s.stdout, "%d outages of %s, %d at a time, each in an installation of its own; breaker and waits are as they ship ...\n", len(outages()), c.For, together)
	}
	_, want, err := c.suffer(s, outage{}, outcome{})
	if err != nil {
		return fmt.Errorf("run without an outage: %w", err)
	}
	r := outageReport{LastedMs: c.For.Milliseconds(), Outages: make([]outageResult, len(outages()))}
	errs := make([]error, len(outages()))
	places := make(chan struct{}, together)
	var all sync.WaitGroup
	for i, o := range outages() {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			var err error
			if r.Outages[i], _, err = c.suffer(s, o, want); err != nil {
				errs[i] = fmt.Errorf("outage %q: %w", o.name, err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	return c.conclude(s, r)
}

func (c outageCmd) conclude(s *session, r outageReport) error {
	if c.JSON {
		if err := printJSON(s.stdout, r); err != nil {
			return err
		}
	} else {
		printOutages(s.stdout, r)
	}
	for _, o := range r.Outages {
		if !o.clean() {
			return errLeft
		}
	}
	return nil
}

// suffer takes an installation through an outage in the middle of its first delivery.
func (c outageCmd) suffer(s *session, o outage, want outcome) (r outageResult, got outcome, err error) {
	b, err := newBench(s.ctx, 1)
	if err != nil {
		return r, got, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if _, err := b.mock.AddFault(mockmlp.Fault{Match: mockmlp.FaultMatch{Method: http.MethodPut}, FixedDelayMilliseconds: 20}); err != nil {
		return r, got, err
	}
	d, err := startDaemon(s, b)
	if err != nil {
		return r, got, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	const first = 500 // changes before the outage
	if err := d.until(func(standing) bool { return len(b.mock.Effects()) >= first }); err != nil {
		return r, got, err
	}
	r = outageResult{Name: o.name, What: o.what, Open: d.last.Open}
	if !o.works {
		r.Most = fewRequests
	}
	if err := c.last(s.ctx, b, d, o, &r); err != nil {
		return r, got, err
	}
	ended, rest := time.Now(), calm{bench: b}
	if err := d.until(rest.reached); err != nil {
		return r, got, err
	}
	got = outcomeOf(b.mock)
	r.DeliveredMs, r.Parked, r.verdict = max(rest.since.Sub(ended), 0).Milliseconds(), d.last.Parked, compareOutcomes(want, got)
	return r, got, nil
}

// last is the outage itself.
func (c outageCmd) last(ctx context.Context, b *bench, d *daemon, o outage, r *outageResult) error {
	if o.begin == nil {
		return nil // the run without an outage
	}
	before := d.requests.Load()
	if err := o.begin(ctx, b); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	over := time.NewTimer(c.For)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-over.C:
	}
	r.Requests = d.requests.Load() - before
	if err := o.end(ctx, b); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

// daemon is one in this process.
type daemon struct {
	app      *app.App
	stopped  chan error
	cancel   context.CancelFunc
	ctx      context.Context
	last     standing
	requests atomic.Int64
	trouble  atomic.Pointer[string] // the last error in its log
}

func startDaemon(s *session, b *bench) (*daemon, error) {
	conf, err := config.Load(b.config())
	if err != nil {
		return nil, err
	}
	d := &daemon{stopped: make(chan error, 1)}
	d.ctx, d.cancel = context.WithCancel(s.ctx)
	d.app, err = app.Open(d.ctx, app.Options{Config: conf, Mode: app.Daemon, Getenv: s.getenv, Log: zerolog.New(d).Level(zerolog.DebugLevel)})
	if err != nil {
		d.cancel()
		return nil, err
	}
	go func() { d.stopped <- d.app.Run(d.ctx) }()
	return d, nil
}

// Write counts the requests in the log: each that left, or tried to, is one line.
func (d *daemon) Write(line []byte) (int, error) {
	switch {
	case bytes.Contains(line, []byte(`"event":"mlp.request"`)):
		d.requests.Add(1)
	case bytes.Contains(line, []byte(`"level":"error"`)):
		said := string(bytes.TrimSpace(line))
		d.trouble.Store(&said)
	}
	return len(line), nil
}

// failed is an error with what the daemon said last of its own trouble.
func (d *daemon) failed(what string) error {
	if said := d.trouble.Load(); said != nil {
		what += "; its last error: " + *said
	}
	return errors.New(what)
}

// until waits for the daemon to stand as asked.
func (d *daemon) until(ok func(standing) bool) error {
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		var err error
		if d.last, err = standingOf(d.ctx, d.app); err != nil {
			return err
		}
		if ok(d.last) {
			return nil
		}
		select {
		case err := <-d.stopped:
			d.stopped <- err
			return errors.Join(d.failed("the daemon stopped by itself"), err)
		case <-late.C:
			return d.failed(fmt.Sprintf("not there after %s: it stands at %+v", patience, d.last))
		case <-ticks.C:
		}
	}
}

func (d *daemon) stop() error {
	d.cancel()
	return errors.Join(<-d.stopped, d.app.Close())
}

func printOutages(w io.Writer, r outageReport) {
	section(w, "WHAT CAME OF EACH OUTAGE")
	var lines [][]string
	for _, o := range r.Outages {
		lines = append(lines, []string{
			o.Name, o.What, fmt.Sprint(o.Open), fmt.Sprint(o.Requests), fmt.Sprintf("%.1f s", float64(o.DeliveredMs)/1000),
			fmt.Sprint(o.Lost), fmt.Sprint(o.Twice), fmt.Sprint(o.OutOfOrder), fmt.Sprint(o.Unexpected + o.Different + o.Parked),
		})
	}
	table(w, []string{"outage", "", "open when it began", "requests meanwhile", "all delivered after", "lost", "effects twice", "out of order", "otherwise"}, lines)
	fmt.Fprintf(w, "\nEach lasted %d s. Few requests are at most %d; where tokens expire MLP works, and is asked as usual.\n", r.LastedMs/1000, fewRequests)
}
