package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/deliver"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The processes that are measured: the mock, mlpsync's delivery, the bare client, and a whole run.

// premade is one request as mlpsync made it. Those of one dossier go out in their order.
type premade struct {
	Method, Path string
	Header       map[string]string
	Body         []byte
}

// headersKept are those that change what the mock does.
func headersKept() []string { return []string{"Content-Type", "If-Match", "Idempotency-Key", "Accept"} }

// recorder keeps the requests that change something.
type recorder struct {
	mu   sync.Mutex
	made map[string][]premade
}

func (r *recorder) observe(e mockmlp.Exchange) {
	if e.Method == http.MethodGet || !strings.Contains(e.URL, "/dossiers/") || strings.HasSuffix(e.URL, "/query") {
		return
	}
	p := premade{Method: e.Method, Path: e.URL, Header: map[string]string{}, Body: bytes.Clone(e.RequestBody)}
	for _, name := range headersKept() {
		if value := e.RequestHeader.Get(name); value != "" {
			p.Header[name] = value
		}
	}
	_, rest, _ := strings.Cut(e.URL, "/dossiers/")
	dossier, _, _ := strings.Cut(rest, "/")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[dossier] = append(r.made[dossier], p)
}

func (r *recorder) write(file string) error {
	var lanes [][]premade
	for _, lane := range r.made {
		lanes = append(lanes, lane)
	}
	text, err := json.Marshal(lanes)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// childMock serves a mock that holds the clients' dossiers until it is told to end.
func childMock(_ context.Context, t task, io childIO) (outcome, error) {
	var o outcome
	s, err := scenario(t.Clients)
	if err != nil {
		return o, err
	}
	made := recorder{made: map[string][]premade{}}
	options := mockmlp.Options{Clock: examples.Start(), Seed: 1, Scenario: s, RatePerMinute: -1, JournalSize: 64, Logger: zerolog.Nop()}
	if t.Record != "" {
		options.Observe = made.observe
	}
	mock, err := mockmlp.New(options)
	if err != nil {
		return o, err
	}
	defer mock.Close()
	var busy busyTime
	server := &http.Server{Handler: busy.handler(mock.API()), ReadHeaderTimeout: 10 * time.Second}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return o, err
	}
	go func() { _ = server.Serve(listener) }() // ends with its Close
	watch := startWatch()
	if err := io.out.Encode(outcome{Addr: "http://" + listener.Addr().String()}); err != nil {
		return o, err
	}
	for io.told() {
		if err := io.out.Encode(outcome{Seconds: busy.seconds()}); err != nil {
			return o, err
		}
	}
	watch.read(&o)
	o.Seconds, o.Effects = busy.seconds(), len(mock.Effects())
	err = server.Close()
	if t.Record != "" {
		err = errors.Join(err, made.write(t.Record))
	}
	return o, err
}

// busyTime adds up the time in which at least one request was being answered: the endpoint's own.
type busyTime struct {
	mu    sync.Mutex
	open  int
	since time.Time
	total time.Duration
}

func (b *busyTime) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.step(1)
		defer b.step(-1)
		h.ServeHTTP(w, r)
	})
}

func (b *busyTime) step(by int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.open > 0 {
		b.total += now.Sub(b.since)
	}
	b.open, b.since = b.open+by, now
}

func (b *busyTime) seconds() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total.Seconds()
}

// childBare sends premade requests as plainly as Go can: net/http, as many workers, each dossier's in their order.
func childBare(ctx context.Context, t task, _ childIO) (outcome, error) {
	var o outcome
	text, err := os.ReadFile(t.Requests)
	if err != nil {
		return o, err
	}
	var lanes [][]premade
	if err := json.Unmarshal(text, &lanes); err != nil {
		return o, err
	}
	c := bareClient{base: t.Base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: t.Workers, MaxIdleConns: t.Workers}}}
	if err := c.authenticate(ctx); err != nil {
		return o, err
	}
	work := make(chan []premade, len(lanes))
	for _, lane := range lanes {
		work <- lane
		o.Count += len(lane)
	}
	close(work)
	watch := startWatch()
	failed := make([]error, t.Workers)
	var workers sync.WaitGroup
	for w := range t.Workers {
		workers.Go(func() {
			for lane := range work {
				for _, p := range lane {
					failed[w] = errors.Join(failed[w], c.send(ctx, p))
				}
			}
		})
	}
	workers.Wait()
	watch.read(&o)
	return o, errors.Join(failed...)
}

type bareClient struct {
	base, token string
	http        *http.Client
}

func (c *bareClient) authenticate(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"mlpsync-demo"}, "client_secret": {"demo-secret"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(resp.Body).Decode(&token)
	c.token = token.AccessToken
	return err
}

func (c *bareClient) send(ctx context.Context, p premade) error {
	req, err := http.NewRequestWithContext(ctx, p.Method, c.base+p.Path, bytes.NewReader(p.Body))
	if err != nil {
		return err
	}
	for name, value := range p.Header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("X-IBM-Client-Id", "demo-key")
	req.Header.Set("BelGov-Trace-Id", "bench")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s answered %d: %s", p.Method, resp.StatusCode, answer)
	}
	return err
}

// lifted is a configuration without mlpsync's own limit of the rate.
func lifted(file string, workers int) (*config.Config, error) {
	conf, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	conf.MLP.RatePerMinute = 60_000_000
	if workers > 0 {
		conf.MLP.Workers = workers
	}
	return conf, nil
}

// childDeliver delivers what the ledger holds, with the parts that app wires.
func childDeliver(ctx context.Context, t task, _ childIO) (o outcome, err error) {
	defer app.SaveMemory(os.Getenv)()
	conf, err := lifted(t.Config, t.Workers)
	if err != nil {
		return o, err
	}
	text, err := os.ReadFile(conf.KeyFile)
	if err != nil {
		return o, err
	}
	keys, err := seal.ParseKeyFile(text)
	if err != nil {
		return o, err
	}
	began, start := time.Now(), examples.Start().Add(time.Hour)
	now := func() time.Time { return start.Add(time.Since(began)) }
	store, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(conf.StateDir, "ledger.db"), Keys: keys, Now: now, Zone: app.Zone()})
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Approve(ctx, examples.KBO, ledger.Actor{Name: "bench", Reason: "measure"}, now()); err != nil {
		return o, err
	}
	client, err := mlp.New(mlp.Options{
		BaseURL: t.Base + "/mlp/v1", TokenURL: t.Base + "/oauth2/token", PlainHTTP: true, ClientID: "mlpsync-demo",
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
		Gate: mlp.NewGate(mlp.GateOptions{PerSecond: 1e6, Burst: 1e6}),
	})
	if err != nil {
		return o, err
	}
	defer client.Close()
	if err := client.Authenticate(ctx); err != nil {
		return o, err
	}
	log, err := os.Create(filepath.Join(conf.StateDir, "log"))
	if err != nil {
		return o, err
	}
	defer log.Close()
	d := deliver.New(deliver.Options{
		Queue: store, Clients: map[string]deliver.Client{examples.KBO: client}, Workers: t.Workers, Unsettled: t.Unsettled, Now: now, Log: zerolog.New(log).Level(zerolog.InfoLevel),
	})
	watch := startWatch()
	report, err := d.Run(ctx, "bench")
	watch.read(&o)
	o.Count = report.Settled
	if left := report.Parked + report.Conflicts + report.Doubts + report.GivenBack; left > 0 {
		return o, errors.Join(err, fmt.Errorf("not everything was delivered: %+v", report))
	}
	return o, err
}

// milestone hears from the log when the work stood in the ledger: a run that did something was concluded, or all files were found
// to be known already. What comes after it are the caseworkers' files and the summary.
type milestone struct {
	watch stopwatch
	o     outcome
	seen  int // files that are to be known already; 0: they are to be taken in
	then  func()
}

// Write implements io.Writer; zerolog writes a line at a time.
func (m *milestone) Write(line []byte) (int, error) {
	reached := m.seen == 0 && bytes.Contains(line, []byte(`"run.finished"`))
	if m.seen > 0 && bytes.Contains(line, []byte(`"file.alreadySeen"`)) {
		m.seen--
		reached = m.seen == 0
	}
	if reached {
		m.watch.read(&m.o)
		m.then()
	}
	return len(line), nil
}

// childOnce drops files and runs until everything has settled, as mlpsync once does. Seconds are until all stood in the
// ledger, WholeSeconds until the end.
func childOnce(ctx context.Context, t task, _ childIO) (o outcome, err error) {
	defer app.SaveMemory(os.Getenv)()
	conf, err := lifted(t.Config, t.Workers)
	if err != nil {
		return o, err
	}
	stood := milestone{then: func() {}}
	if t.Seen {
		stood.seen = len(t.Drop)
	}
	if t.Stop {
		ctx, stood.then = context.WithCancel(ctx)
		defer stood.then()
	}
	a, err := app.Open(ctx, app.Options{Config: conf, Mode: app.Once, Getenv: os.Getenv, Log: zerolog.New(&stood).Level(zerolog.InfoLevel)})
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var hashing float64
	for _, d := range t.Drop {
		seconds, err := hashFile(d.From)
		if err != nil {
			return o, err
		}
		hashing += seconds
		if err := os.Rename(d.From, d.To); err != nil {
			return o, err
		}
	}
	stood.watch = startWatch()
	summary, err := a.Once(ctx, time.Minute, nil)
	if t.Stop {
		err = nil // it was told to
		if stood.o.Seconds == 0 {
			return o, errors.New("the run ended otherwise than it should")
		}
	}
	stood.watch.read(&o)
	o.WholeSeconds = o.Seconds
	if stood.o.Seconds > 0 {
		o.Seconds, o.CPUSeconds = stood.o.Seconds, stood.o.CPUSeconds
	}
	o.Before = hashing
	for _, f := range summary.Files {
		o.Count += f.Rows
	}
	o.Entries = summary.Entries.Waiting
	return o, err
}
