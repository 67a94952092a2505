package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The self-test proves on the user's own machine, against the bundled mock, that nothing is lost
// and nothing done twice. What it proves says nothing of VDAB: there is no public MLP API.

type selftestCmd struct {
	Crash  crashCmd  `cmd:"" help:"Kill the daemon at every failpoint and at random moments, start it again, and count what was lost or done twice."`
	Outage outageCmd `cmd:"" help:"Let the mock fail in every way it can, and measure what is sent meanwhile and how soon all is delivered after it."`
	Soak   soakCmd   `cmd:"" hidden:"" help:"Run for long on changing exports, with faults and kills, and look at the memory."`
	Child  childCmd  `cmd:"" hidden:"" help:"The daemon as the self-test starts it."`
}

// refuseUnknownPoints refuses a self-test that would kill nowhere.
func refuseUnknownPoints(prefix string) error {
	var names []string
	for _, point := range app.Points() {
		if strings.HasPrefix(point, prefix) {
			return nil
		}
		name, _, _ := strings.Cut(point, ".")
		names = append(names, name+".")
	}
	slices.Sort(names)
	return &usageError{&app.Hinted{
		Err:  fmt.Errorf("--only %q: no failpoint's name begins so", prefix),
		Next: "their names begin with " + strings.Join(slices.Compact(names), ", "),
	}}
}

// unlessStopped is the error of a self-test, unless a person stopped it: what breaks off by that is no finding.
func unlessStopped(s *session, err error) error {
	if err == nil || s.ctx.Err() == nil || errors.Is(err, errLeft) {
		return err
	}
	return errors.New("the self-test was stopped before its end, and proves nothing")
}

// bench is a temporary installation with the sample export dropped, and the mock that it
// talks to, over a socket.
type bench struct {
	dir    string
	mock   *mockmlp.Mock
	server *http.Server
	addr   string

	attended time.Time // when the person looked last; zero: nobody does
	trouble  error     // that the person had last
}

func newBench(ctx context.Context, seed uint64) (*bench, error) {
	b := &bench{addr: "127.0.0.1:0"}
	err := b.prepare(ctx, seed)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the self-test: %w", err), b.close())
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context, seed uint64) (err error) {
	if b.dir, err = os.MkdirTemp("", "mlpsync-selftest-"); err != nil {
		return err
	}
	scenario, err := mockmlp.ParseScenario(examples.Scenario())
	if err != nil {
		return err
	}
	b.mock, err = mockmlp.New(mockmlp.Options{
		Clock: examples.Start(), Seed: seed, Scenario: scenario, RatePerMinute: -1, JournalSize: journalSize, Logger: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	if err := b.listen(ctx); err != nil {
		return err
	}
	return b.fill()
}

// listen serves the mock, after a while without it at the same address as before.
func (b *bench) listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", b.addr)
	if err != nil {
		return err
	}
	b.addr = listener.Addr().String()
	b.server = &http.Server{Handler: b.mock.API(), ReadHeaderTimeout: 10 * time.Second}
	go func(s *http.Server) { _ = s.Serve(listener) }(b.server) // ends with its Close
	return nil
}

// fill installs mlpsync with the sample's export. Breaker, retries and backoff are as they ship.
func (b *bench) fill() error {
	return errors.Join(
		examples.Install(b.dir, "http://"+b.addr),
		examples.Copy(filepath.Join(b.dir, "in"), examples.Export()),
		// Not whole and never will be: it has to end up set apart.
		os.WriteFile(filepath.Join(b.dir, "in", "contracten_20260314.csv"), []byte("geen;kolom;die;klopt\r\n"), 0o600),
	)
}

// drop puts a file into the drop folder, in one step.
func (b *bench) drop(name string, content []byte) error {
	to := filepath.Join(b.dir, "in", name)
	if err := os.WriteFile(to+".tmp", content, 0o600); err != nil {
		return err
	}
	return os.Rename(to+".tmp", to)
}

func (b *bench) config() string { return filepath.Join(b.dir, "mlpsync.yaml") }

// left is what somebody still has to do: the daemon, or the person where there is one.
func (b *bench) left(s standing) int {
	n := s.Open + s.Undecided
	if !b.attended.IsZero() {
		n += s.Parked + s.Stopped + s.Lacking
	}
	return n
}

// pending tells whether VDAB still has a 78 to set within the hour; contracts that start on a later day
// are not waited for.
func (b *bench) pending() bool {
	at, some := b.mock.NextPending()
	return some && at.Sub(b.mock.Now()) <= time.Hour
}

func (b *bench) close() error {
	var errs []error
	if b.server != nil {
		errs = append(errs, b.server.Close())
	}
	if b.mock != nil {
		errs = append(errs, b.mock.Close())
	}
	if b.dir != "" {
		errs = append(errs, os.RemoveAll(b.dir))
	}
	return errors.Join(errs...)
}

// calm tells when nothing more happens: the daemon says that it has nothing open, VDAB has
// nothing to set, and since MLP changed last the daemon has read its feed a few times and found nothing
// to do in it.
type calm struct {
	bench   *bench
	effects int
	asked   int64 // requests when it began
	since   time.Time
}

const (
	calmFor = 1500 * time.Millisecond
	// calmReads are more than two cycles: each reads the feed before it decides and after it delivered.
	calmReads   = 6
	readsFeed   = "listChanges"
	journalSize = 64
)

func (c *calm) reached(s standing) bool {
	n := len(c.bench.mock.Effects())
	journal, total := c.bench.mock.Journal()
	if n != c.effects || c.since.IsZero() || s.Decided == 0 || c.bench.left(s) > 0 || c.bench.pending() {
		c.effects, c.asked, c.since = n, total, time.Now()
	}
	reads := 0
	for _, e := range journal {
		if e.Seq > c.asked && e.OperationID == readsFeed && e.Status == http.StatusOK && len(e.Faults) == 0 {
			reads++
		}
	}
	return reads >= calmReads && time.Since(c.since) > calmFor
}

// standing is what the self-test asks of a daemon while it works.
type standing struct {
	Open       int `json:"open"` // entries that wait, are being sent, or are in doubt
	Parked     int `json:"parked"`
	Stopped    int `json:"stopped"` // OCMWs that the guard stops
	Lacking    int `json:"lacking"` // OCMWs of whose delivery only the file lacks that was set apart (outdate)
	Undecided  int `json:"undecided"`
	Decided    int `json:"decided"`
	Goroutines int `json:"goroutines"`
	MemoryKiB  int `json:"memoryKiB"`
}

func standingOf(ctx context.Context, a *app.App) (standing, error) {
	status, err := a.Status(ctx)
	if err != nil {
		return standing{}, err
	}
	s := standing{Parked: status.Entries["parked"]}
	for state, n := range status.Entries {
		if state == "waiting" || state == "claimed" || state == "inDoubt" {
			s.Open += n
		}
	}
	for _, o := range status.OCMWs {
		s.Undecided += o.Undecided
		s.Decided += o.Clients.Decided
		if o.Guard != nil {
			s.Stopped++
		}
		for _, note := range o.Notes {
			if strings.HasSuffix(note.EN, lacks) {
				s.Lacking++
			}
		}
	}
	return s, nil
}
