package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	draw "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/deliver"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/observe"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mockmlp"
	schema "github.com/mlpsync/mlpsync/schemas/mlp"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// Exports that change, orders of people, an MLP that misbehaves and is written in by others, kills, clocks that jump, and two OCMWs who
// share some people: whatever comes after what, in the end MLP holds what the last export asks for, and each change was made once. A seed
// gives the same events each time; the workers' order is the scheduler's. STORM_SEED and STORM_COUNT ask for others than the first few.
func TestStorm(t *testing.T) {
	ground := newGround(t)
	first, count := fromEnv("STORM_SEED", 1), fromEnv("STORM_COUNT", 8)
	for seed := first; seed < first+count; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newStorm(t, ground, seed).blow() })
		})
	}
}

func fromEnv(name string, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

const stormSteps = 60

// stormClients are people with much to be registered; the last three are also clients of another OCMW.
func stormClients() []string {
	return []string{"Z10200", "Z10206", "Z10362", "Z10779", "Z10278", "Z10392", "Z10656", "Z10203", "Z10323", "Z10734"}
}

func stormOCMWs() []string { return []string{examples.KBO, "0999999922"} }

// reports are the sample's files, by feed.
func reports() map[string]string {
	return map[string]string{
		"clients": "clienten", "intakes": "instroom", "tracks": "trajecten", "contracts": "contracten", "placements": "plaatsingen", "trainings": "opleidingen",
		"evaluations": "evaluaties", "handovers": "overdrachten", "competences": "competenties", "documents": "documenten",
	}
}

// ground is what all storms share.
type ground struct {
	keys    *seal.Keys
	profile *adapters.Profile
	decoder *ocmw.Decoder
	api     *schema.API
	zone    *time.Location
	rows    map[string][][]string // of a feed, the header first
}

func newGround(t *testing.T) *ground {
	g := &ground{rows: map[string][][]string{}}
	var err error
	must := func(failed error) {
		t.Helper()
		if failed != nil {
			t.Fatal(failed)
		}
	}
	file, err := seal.Generate(rand.Reader)
	must(err)
	g.keys, err = seal.ParseKeyFile(file)
	must(err)
	g.profile, err = adapters.LoadProfile(examples.Profile())
	must(err)
	g.decoder, err = ocmw.New()
	must(err)
	g.api, err = schema.Load()
	must(err)
	g.zone, err = time.LoadLocation("Europe/Brussels")
	must(err)
	files, err := sample()
	must(err)
	for _, feed := range g.profile.Feeds {
		r := csv.NewReader(strings.NewReader(fromWindows1252(files[reports()[feed.Name]+tonight])))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
		rows, err := r.ReadAll()
		must(err)
		g.rows[feed.Name] = slices.DeleteFunc(rows, func(row []string) bool { return strings.HasPrefix(row[0], "Totaal") })
	}
	return g
}

// of are a feed's rows of some clients.
func (g *ground) of(feed string, clients []string) [][]string {
	kept := g.rows[feed][:1:1]
	for _, row := range g.rows[feed][1:] {
		if slices.Contains(clients, row[0]) {
			kept = append(kept, row)
		}
	}
	return kept
}

// storm is an installation on a bad day.
type storm struct {
	*ground
	t         *testing.T
	draw      *draw.Rand
	dir, path string
	began     time.Time
	skew      time.Duration // of our clock
	mock      *mockmlp.Mock
	boxes     map[string]*box // by KBO number
	store     *sqlite.Store
	cycle     *cycle.Cycle
	story     []string
	ids       int

	mu    sync.Mutex
	fuse  int    // requests until the kill; 0 for none
	after bool   // MLP carries that one out
	wreck string // what the disk held when it came; empty while we live
}

// box is an OCMW's drop folder, and the export that goes into it.
type box struct {
	rows map[string][][]string
	sets []adapters.Set
	n    int
}

func newStorm(t *testing.T, g *ground, seed uint64) *storm {
	s := &storm{
		ground: g, t: t, draw: draw.New(draw.NewPCG(seed, 1)), dir: t.TempDir(), began: time.Now(), boxes: map[string]*box{},
	}
	scenario, err := mockmlp.ParseScenario(examples.Scenario())
	if err != nil {
		t.Fatal(err)
	}
	other := scenario.Clients[0]
	other.ClientID, other.KBONumber = "other", stormOCMWs()[1]
	scenario.Clients = append(scenario.Clients, other)
	var known []string // the others are new to MLP
	for i := range stormClients() {
		if i%2 == 0 {
			known = append(known, s.number(i))
		}
	}
	scenario.Dossiers = slices.DeleteFunc(scenario.Dossiers, func(d mockmlp.SeedDossier) bool { return !slices.Contains(known, d.SSIN) })
	s.mock, err = mockmlp.New(mockmlp.Options{Clock: examples.Start(), Seed: seed, Scenario: scenario, RatePerMinute: -1, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	for i, kbo := range stormOCMWs() {
		b := &box{rows: map[string][][]string{}}
		for feed := range g.rows {
			b.rows[feed] = g.of(feed, stormClients()[i*7:])
		}
		s.boxes[kbo] = b
		s.drop(kbo)
	}
	s.open(filepath.Join(s.dir, "ledger.db"))
	return s
}

func (s *storm) now() time.Time { return examples.Start().Add(time.Since(s.began) + s.skew) }

// number is the INSZ of one of the people.
func (s *storm) number(who int) string {
	for _, row := range s.rows["clients"] {
		if row[0] == stormClients()[who] {
			return strings.NewReplacer(".", "", "-", "").Replace(row[s.column("clients", "INSZ")])
		}
	}
	return ""
}

func (s *storm) column(feed, name string) int { return slices.Index(s.rows[feed][0], name) }

// open begins a process on what a disk holds.
func (s *storm) open(path string) {
	var err error
	if s.store, err = sqlite.Open(s.t.Context(), sqlite.Options{Path: path, Keys: s.keys, Now: s.now, Zone: s.zone}); err == nil {
		_, err = s.store.Recover(s.t.Context(), s.now())
	}
	if err == nil {
		err = s.store.Check(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.path, s.fuse, s.wreck = path, 0, ""
	observers, senders := map[string]observe.Client{}, map[string]deliver.Client{}
	gate := mlp.NewGate(mlp.GateOptions{PerSecond: 1000, Burst: 1000})
	for kbo, id := range map[string]string{stormOCMWs()[0]: "mlpsync-demo", stormOCMWs()[1]: "other"} {
		c, err := mlp.New(mlp.Options{
			BaseURL: "https://mlp.invalid/mlp/v1", TokenURL: "https://mlp.invalid/oauth2/token", ClientID: id,
			ClientSecret: func() (string, error) { return examples.ClientSecret, nil }, APIKey: func() (string, error) { return examples.APIKey, nil },
			Transport: wire{s, mockmlp.Transport(s.mock.API())}, API: s.api, Gate: gate,
		})
		if err != nil {
			s.t.Fatal(err)
		}
		observers[kbo], senders[kbo] = c, c
	}
	s.cycle = cycle.New(s.parts(observers, senders))
}

func (s *storm) parts(observers map[string]observe.Client, senders map[string]deliver.Client) cycle.Options {
	o := cycle.Options{
		Store: s.store, Rules: mapping.New(), Decoder: s.decoder, Formats: map[string]adapters.Format{"delimited": delimited.New(adapters.DefaultLimits())},
		Observer: observe.New(observe.Options{Store: lookups{s.store}, Clients: observers, Now: s.now}),
		Deliverer: sender{deliver.New(deliver.Options{
			Queue: s.store, Clients: senders, Workers: 2, Unsettled: 8, Now: s.now, Log: zerolog.Nop(),
			Document: func(_ context.Context, _, path string) ([]byte, error) {
				return fs.ReadFile(examples.Documents(), path)
			},
		})},
		Inspect: func(_ context.Context, _, path string) casefile.FileState {
			file, err := fs.ReadFile(examples.Documents(), path)
			if err != nil {
				return casefile.FileState{Problem: casefile.FileMissing}
			}
			sum := sha256.Sum256(file)
			return casefile.FileState{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(file))}
		},
		Guard: plan.Limits{ChangePercent: 50, ChangeClients: 3, ShrinkPercent: 30, ShrinkRows: 3}, TestNumbers: true, Zone: s.zone, Now: s.now, Log: zerolog.Nop(),
		NewID: func() string { s.ids++; return fmt.Sprintf("id-%05d", s.ids) },
	}
	for _, kbo := range stormOCMWs() {
		o.OCMWs = append(o.OCMWs, cycle.OCMW{KBO: kbo, Name: kbo, Source: source{s.boxes[kbo]}, Profile: s.profile, On: func(casefile.Date) casefile.OCMW {
			return casefile.OCMW{KBO: ident.KBO(kbo), NIS: examples.NIS, DefaultCaseworker: "mw-000"}
		}})
	}
	return o
}

// pass is one wake-up of the daemon; with a kill in it the next process goes on from what the disk held.
func (s *storm) pass() (moved bool) {
	run, err := s.cycle.Begin(s.t.Context())
	if err == nil {
		moved, err = s.cycle.RunOnce(s.t.Context(), run)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if s.wreck != "" {
		s.restart(s.wreck)
		return true
	}
	return moved
}

func (s *storm) restart(path string) {
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
	s.open(path)
}

// wire is the way to the mock, at which kills strike.
type wire struct {
	s    *storm
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper. A process that is dead learns nothing more.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.s.struckDown(false) {
		return nil, io.ErrUnexpectedEOF
	}
	answer, err := w.base.RoundTrip(r)
	if w.s.struckDown(true) {
		return nil, io.ErrUnexpectedEOF
	}
	return answer, err
}

// struckDown counts requests to the kill, before or after MLP has them, and keeps what the disk holds then.
func (s *storm) struckDown(after bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wreck != "" {
		return true
	}
	if s.fuse == 0 || s.after != after {
		return false
	}
	if s.fuse--; s.fuse > 0 {
		return false
	}
	s.wreck = filepath.Join(s.dir, fmt.Sprintf("wreck-%d.db", len(s.story)))
	if _, err := s.store.Backup(context.Background(), s.wreck); err != nil {
		s.t.Error(err)
	}
	return true
}

// source is a drop folder.
type source struct{ *box }

func (b source) Poll(context.Context) (adapters.PollResult, error) {
	return adapters.PollResult{Sets: slices.Clone(b.sets)}, nil
}
func (b source) Peek(ctx context.Context) (adapters.PollResult, error) { return b.Poll(ctx) }
func (b source) Done(_ context.Context, set adapters.Set) error {
	b.sets = slices.DeleteFunc(b.sets, func(x adapters.Set) bool { return x.ID == set.ID })
	return nil
}
func (source) Quarantine(_ context.Context, _ adapters.File, why adapters.FileProblem) error {
	return fmt.Errorf("quarantined: %v", why)
}

// drop exports what an OCMW has.
func (s *storm) drop(kbo string) {
	b := s.boxes[kbo]
	b.n++
	set := adapters.Set{ID: fmt.Sprint(kbo, " ", b.n), Snapshot: s.now()}
	for _, feed := range s.profile.Feeds {
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma = ';'
		if err := w.WriteAll(b.rows[feed.Name]); err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&text, "Totaal aantal rijen;%d\n", len(b.rows[feed.Name])-1)
		content := windows1252(text.String())
		sum := sha256.Sum256(content)
		name := fmt.Sprintf("%s_%d.csv", feed.Name, b.n)
		set.New = append(set.New, feed.Name)
		set.Files = append(set.Files, adapters.File{ID: name, Feed: feed.Name, Hash: hex.EncodeToString(sum[:]), Snapshot: s.now(), Input: adapters.Input{
			Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		}})
	}
	b.sets = append(b.sets, set)
}

// lookups and sender are the parts as the program wires them.
type lookups struct{ ledger.Store }

func (o lookups) NeedLookup(ctx context.Context, kbo string, after int64, limit int) ([]mlp.Lookup, error) {
	people, err := o.Store.NeedLookup(ctx, kbo, after, limit)
	all := make([]mlp.Lookup, len(people))
	for i, p := range people {
		reading, unread := ident.ParseINSZ(p.INSZ)
		if unread != nil {
			return nil, unread
		}
		all[i] = mlp.Lookup{Person: p.Person, INSZ: reading.INSZ}
	}
	return all, err
}

func (o lookups) SaveLookups(ctx context.Context, run, kbo string, asked []mlp.Lookup, found mlp.Found, now time.Time) error {
	results := make([]ledger.LookupResult, len(asked))
	for i, p := range asked {
		results[i] = ledger.LookupResult{Person: p.Person, Canceled: found.Canceled[p.Person]}
		if d, there := found.Dossiers[p.Person]; there {
			results[i].Dossier = &d
		}
	}
	return o.Store.SaveLookups(ctx, run, kbo, results, now)
}

func (o lookups) LookUpAgain(ctx context.Context, kbo string, unread []mlp.Unread) (people, lost int, err error) {
	of := make([]ledger.Unread, len(unread))
	for i, u := range unread {
		of[i] = ledger.Unread{Dossier: u.DossierID, Version: u.Version}
	}
	return o.Store.LookUpAgain(ctx, kbo, of)
}

type sender struct{ *deliver.Deliverer }

func (d sender) Deliver(ctx context.Context, run string) (cycle.Delivered, error) {
	r, err := d.Run(ctx, run)
	return cycle.Delivered{Settled: r.Settled, GivenBack: r.GivenBack, Parked: r.Parked, Conflicts: r.Conflicts, Doubts: r.Doubts, Until: r.Until}, err
}
