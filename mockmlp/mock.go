// Package mockmlp is a stateful mock of the MLP-compatible API (schemas/mlp/openapi.yaml), for developers, tests and demonstrations.
//
// There is no public MLP API: the contract is this project's own, and so is what the mock enforces of it. Where a source says how VDAB
// behaves, the code cites it; the rest is an assumption.
//
// It guarantees: every request is judged by the document and by the domain (area, owner, WEO before employment); every answer of its own is judged too, and
// one that fails becomes a 500 and is kept in [Mock.InvalidAnswers]; a change is on disk before it is answered, where a state directory is given; each
// change that was committed stands once in [Mock.Effects]; time is a virtual clock; the same sequence of requests gives the same answers for the
// same seed, instants aside. It doesn't guarantee secrecy: it holds test persons and keeps them in clear. It answers faithfully only what the
// document describes.
//
// Callers: mockmlp/command (the program), internal/cli (demo), tests. It is safe for concurrent use.
package mockmlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // Brussels days, on machines without a time zone database too

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

const (
	defaultRate    = 2000
	defaultJournal = 10_000
	defaultFeed    = 20_000
)

// Options configure a mock. The zero value is a mock in memory with the default client.
type Options struct {
	// Now is the wall clock; time.Now when nil.
	Now func() time.Time
	// Clock is where the virtual clock starts; zero for the scenario's, and without that for Now. A state directory's own clock wins.
	Clock time.Time
	// Frozen keeps the virtual clock still except when told.
	Frozen bool
	// Seed makes ids and probabilities repeatable.
	Seed uint64
	// StateDir keeps the state across restarts; empty for memory only.
	StateDir string
	// Scenario seeds the state; nil for an empty one with the default client. See [ParseScenario].
	Scenario *Scenario
	// RatePerMinute limits calls a minute for each client and operation, on the wall clock: 0 for the scenario's or 2000, negative for none.
	RatePerMinute int
	// JournalSize and FeedSize bound what is kept: 0 for 10,000 and 20,000. A cursor older than the feed is lost (410).
	JournalSize, FeedSize int
	// Hostile is the share of all calls, from 0 to 1, that go wrong from the start: see [HostileFaults].
	Hostile float64
	// RecordDir gets a file with each request and its answer, for a validator; by default what MOCKMLP_RECORD says, else none.
	RecordDir string
	// Logger gets one line a request; nothing personal.
	Logger zerolog.Logger
	// Observe, when set, is told of each request and its answer before the answer is sent, from the goroutine that serves it. It holds everything in clear.
	Observe func(Exchange)
}

// Mock is one mock MLP.
type Mock struct {
	opts     Options
	api      *mlp.API
	scenario *Scenario
	seeded   seeded
	brussels *time.Location
	handlers map[string]func(*call) answer

	mu      sync.Mutex
	clock   clock
	state   *state
	store   *store
	journal *journal
	faults  *faultSet
	rates   map[string]rateWindow
	numbers map[uint64]uint64
	genuine map[string]grant
	invalid []InvalidAnswer
	news    news

	recording *recording
}

// InvalidAnswer is an answer of the mock's own that its document doesn't allow: a defect of the mock.
type InvalidAnswer struct {
	OperationID string   `json:"operationId"`
	Status      int      `json:"status"`
	Violations  []string `json:"violations"`
}

// New makes a mock, from its state directory where that holds a state, else from the scenario.
func New(opts Options) (*Mock, error) {
	m, err := prepare(opts)
	if err != nil {
		return nil, err
	}
	lock, err := lockState(opts.StateDir)
	if err != nil {
		return nil, err
	}
	if err = m.begin(lock); err != nil {
		if lock != nil {
			_ = lock.Close()
		}
		return nil, err
	}
	return m, nil
}

// begin opens the state, or makes the scenario's.
func (m *Mock) begin(lock *os.File) error {
	st, saved, err := openStore(m.opts.StateDir, m.opts.FeedSize)
	if err != nil {
		return err
	}
	if st != nil {
		st.lock = lock
	}
	m.store = st
	if saved != nil {
		m.state = saved.State
		m.clock = newClock(m.opts.Now, saved.Clock, m.opts.Frozen)
	} else {
		m.clock = newClock(m.opts.Now, m.startOfClock(), m.opts.Frozen)
		if m.state, err = m.initialState(1); err != nil {
			return err
		}
		if err := m.planScript(); err != nil {
			return err
		}
	}
	m.state.Starts++
	err = m.store.replace(m.snapshot())
	if err == nil {
		m.recording, err = openRecording(m.opts.RecordDir)
	}
	if err != nil {
		_ = m.store.close()
	}
	return err
}

func prepare(opts Options) (*Mock, error) {
	api, err := mlp.Load()
	if err != nil {
		return nil, fmt.Errorf("compile the API's document: %w", err)
	}
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.JournalSize <= 0 {
		opts.JournalSize = defaultJournal
	}
	if opts.FeedSize <= 0 {
		opts.FeedSize = defaultFeed
	}
	opts.RecordDir = cmp.Or(opts.RecordDir, os.Getenv(recordVariable))
	scenario := opts.Scenario
	if scenario == nil {
		scenario = &Scenario{}
	}
	if opts.RatePerMinute == 0 {
		opts.RatePerMinute = scenario.RatePerMinute
	}
	if opts.RatePerMinute == 0 {
		opts.RatePerMinute = defaultRate
	}
	m := &Mock{
		opts: opts, api: api, scenario: scenario.withDefaults(), brussels: brussels,
		journal: newJournal(opts.JournalSize), rates: map[string]rateWindow{}, numbers: map[uint64]uint64{},
		genuine: map[string]grant{},
	}
	m.handlers = m.operations()
	return m, m.newFaults()
}

func (m *Mock) startOfClock() time.Time {
	switch {
	case !m.opts.Clock.IsZero():
		return m.opts.Clock
	case !m.scenario.start.IsZero():
		return m.scenario.start
	default:
		return m.opts.Now()
	}
}

// Close saves the clock and closes the state directory. The mock must not be used afterwards.
func (m *Mock) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.store.append(record{Epoch: m.state.Epoch, Clock: m.clock.now()})
	return errors.Join(err, m.store.close(), m.store.unlock(), m.recording.close())
}

// Reset puts state, effects, journal, faults and clock back to where the scenario starts. Cursors from before are lost.
func (m *Mock) Reset() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	previous, running := m.state, m.clock
	m.clock = newClock(m.opts.Now, m.startOfClock(), m.opts.Frozen)
	fresh, err := m.initialState(previous.Epoch + 1)
	if err == nil {
		fresh.Starts = previous.Starts
		m.state = fresh
		err = m.planScript()
	}
	if err == nil {
		err = m.store.replace(m.snapshot())
	}
	if err != nil {
		m.state, m.clock = previous, running
		return err
	}
	m.journal, m.rates, m.numbers, m.invalid = newJournal(m.opts.JournalSize), map[string]rateWindow{}, map[uint64]uint64{}, nil
	m.news.tell()
	return m.newFaults()
}

// Now is the virtual clock's time.
func (m *Mock) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock.now()
}

// Advance moves the virtual clock forward; what VDAB has to do by then is done.
func (m *Mock) Advance(d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moveClock(m.clock.now().Add(d))
}

// SetClock moves the virtual clock to t, which must not lie before its present time.
func (m *Mock) SetClock(t time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moveClock(t)
}

func (m *Mock) moveClock(t time.Time) error {
	if t.Before(m.clock.now()) {
		return fmt.Errorf("the clock moves forward only: reset starts over")
	}
	m.clock = newClock(m.opts.Now, t, m.opts.Frozen)
	if err := m.store.append(record{Epoch: m.state.Epoch, Clock: t}); err != nil {
		return err
	}
	return m.runDue()
}

// Effects lists each change that was committed, once, in order.
func (m *Mock) Effects() []Effect {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Effect(nil), m.state.Effects...)
}

// InvalidAnswers lists answers that the mock's own document forbids; a test expects none.
func (m *Mock) InvalidAnswers() []InvalidAnswer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]InvalidAnswer(nil), m.invalid...)
}

// API is the handler of the API and its token endpoint, and of their documentation under /doc.
func (m *Mock) API() http.Handler { return withDoc(http.HandlerFunc(m.serveAPI)) }

// Control is the handler of the control API, under /control/, and of the page. It shows and changes everything: keep it off networks.
func (m *Mock) Control() http.Handler { return m.controlHandler() }

// derive makes a UUID of the seed and the parts: the same for the same input, opaque to who doesn't know the seed.
func (m *Mock) derive(parts ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d", m.opts.Seed)
	for _, p := range parts {
		fmt.Fprintf(h, "|%d:%s", len(p), p)
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// pseudonym stands for a person in journal and logs.
func (m *Mock) pseudonym(person string) string {
	if person == "" {
		return ""
	}
	return "p-" + m.derive("person", person)[:8]
}

func (m *Mock) today() string { return m.dayOf(m.clock.now()) }

// dayOf is the civil day in Brussels.
func (m *Mock) dayOf(t time.Time) string { return t.In(m.brussels).Format(time.DateOnly) }
