package cycle_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/plan"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// TestMain keeps the property below short: each of its steps takes two sets in. -rapid.checks asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		_ = flag.Set("rapid.checks", "20")
	}
	os.Exit(m.Run())
}

// profileOfKept has two feeds of which one key can stand in both, rows of two records, a filter and a totals line.
const profileOfKept = `
profile: kept
set: {bind: latest, wait: 2h}
feeds:
  - name: people
    files: ["people*"]
    totals: {startsWith: Totaal}
    skip: [{column: Soort, in: [archief]}]
    deleted: {column: Weg, in: [J]}
    records:
      - kind: client
        key: [clientNumber]
        fields:
          clientNumber: {column: Nr}
          insz: {column: INSZ}
          lastName: {column: Naam}
          firstName: {column: Voornaam, aliases: [Roepnaam]}
          birthDate: {column: Geboren}
          nisCode: {const: "99991"}
          caseworker: {const: mw-001}
      - kind: employment
        key: [clientNumber, start]
        when: [{column: Begin, filled: true}]
        fields:
          clientNumber: {column: Nr}
          kind: {const: regular}
          start: {column: Begin}
          regime: {const: fullTime}
  - name: jobs
    files: ["jobs*"]
    %s
    records:
      - kind: employment
        key: [clientNumber, start]
        fields:
          clientNumber: {column: Nr}
          kind: {const: regular}
          start: {column: Begin}
          regime: {const: fullTime}
          contractNumber: {column: Werkgever}
`

// folder is a source of one set at a time.
type folder struct {
	quiet
	sets *[]adapters.Set
}

func (f folder) Poll(context.Context) (adapters.PollResult, error) {
	found := adapters.PollResult{Sets: *f.sets}
	*f.sets = nil
	return found, nil
}

// inFull is a format whose rows are not known again.
type inFull struct{ adapters.Format }

// side is one of two ledgers that are to stay the same.
type side struct {
	cycle *cycle.Cycle
	store *sqlite.Store
	sets  *[]adapters.Set
	log   *bytes.Buffer
	asked *int // rows that were read
}

// counted counts the rows that are read.
type counted struct {
	adapters.Rereader
	rows *int
}

func (c counted) Reread(ctx context.Context, in adapters.Input, feed *adapters.Feed, known adapters.Known, emit func(adapters.Row) error) (adapters.FileReport, error) {
	return c.Rereader.Reread(ctx, in, feed, known, func(r adapters.Row) error { *c.rows++; return emit(r) })
}

func newSide(t *rapid.T, keys *seal.Keys, profile *adapters.Profile, decoder *ocmw.Decoder, now func() time.Time, keeping bool) side {
	store, err := sqlite.Open(context.Background(), sqlite.Options{Path: sqlite.Memory, Keys: keys, Now: now, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	s := side{store: store, sets: new([]adapters.Set), log: new(bytes.Buffer), asked: new(int)}
	var format adapters.Format = counted{delimited.New(adapters.Limits{}), s.asked}
	if !keeping {
		format = inFull{format}
	}
	ids := 0
	s.cycle = cycle.New(cycle.Options{
		Store: store, Rules: mapping.New(), Decoder: decoder, Formats: map[string]adapters.Format{"delimited": format}, Observer: quiet{}, Deliverer: quiet{},
		OCMWs: []cycle.OCMW{{
			KBO: examples.KBO, Name: examples.Name, Source: folder{sets: s.sets}, Profile: profile,
			On: func(casefile.Date) casefile.OCMW {
				return casefile.OCMW{KBO: examples.KBO, NIS: examples.NIS, DefaultCaseworker: "mw-000"}
			},
		}},
		Guard: plan.DefaultLimits(), TestNumbers: true, Zone: time.UTC, Now: now, NewID: func() string { ids++; return fmt.Sprint("id-", ids) }, Log: zerolog.New(s.log),
	})
	return s
}

// holding is all that a ledger shows after a set.
type holding struct {
	Files    []ledger.FileBalance
	Warnings []cycle.FileWarning
	Totals   ledger.Totals
	Guard    ledger.GuardState
	Rejected []ledger.RejectedRow
	Clients  []ledger.ClientView
	Audit    []audit.Record
	Log      string
}

// take makes a set current, looks everybody up, and decides.
func (s side) take(t *rapid.T, set adapters.Set, at time.Time) holding {
	ctx := context.Background()
	*s.sets = []adapters.Set{set}
	run, err := s.cycle.Begin(ctx)
	noError(t, err)
	_, err = s.cycle.RunOnce(ctx, run)
	noError(t, err)
	people, err := s.store.NeedLookup(ctx, examples.KBO, 0, 1000)
	noError(t, err)
	found := make([]ledger.LookupResult, len(people))
	for i, p := range people {
		found[i].Person = p.Person
	}
	noError(t, s.store.SaveLookups(ctx, run.ID, examples.KBO, found, at))
	_, err = s.cycle.RunOnce(ctx, run)
	noError(t, err)
	noError(t, s.store.Check(ctx))
	h := holding{Files: run.Files, Warnings: run.Warnings, Log: s.log.String()}
	s.log.Reset()
	h.Totals, err = s.store.Totals(ctx, "", "")
	noError(t, err)
	h.Guard, err = s.store.Guard(ctx, examples.KBO)
	noError(t, err)
	noError(t, s.store.Rejected(ctx, examples.KBO, func(r ledger.RejectedRow) error {
		h.Rejected = append(h.Rejected, r)
		return nil
	}))
	noError(t, s.store.Decisions(ctx, examples.KBO, func(v ledger.ClientView) error {
		whole, err := s.store.Find(ctx, examples.KBO, v.Client)
		h.Clients = append(h.Clients, whole)
		return err
	}))
	noError(t, s.store.Audit(ctx, "", func(r audit.Record) error {
		// Sealed with a nonce of its own each time.
		r.Hash, r.Prev, r.Payload, r.PayloadDigest = audit.Hash{}, audit.Hash{}, nil, audit.Hash{}
		h.Audit = append(h.Audit, r)
		return nil
	}))
	return h
}

func noError(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// export is one generation of the two files, as lines.
type export struct {
	people, jobs      []string
	header, lineBreak string
	encoding          string
}

func (e export) set(generation int, day time.Time) adapters.Set {
	people := append([]string{e.header}, e.people...)
	people = append(people, fmt.Sprintf("Totaal;%d", len(e.people)-blank(e.people)))
	jobs := append([]string{"Nr;Begin;Werkgever"}, e.jobs...)
	files := []adapters.File{
		inMemory("people", fmt.Sprintf("people_%d.csv", generation), e.bytes(people), day),
		inMemory("jobs", fmt.Sprintf("jobs_%d.csv", generation), e.bytes(jobs), day),
	}
	return adapters.Set{ID: fmt.Sprint(generation), Files: files, New: []string{"people", "jobs"}, Snapshot: day}
}

func blank(lines []string) (n int) {
	for _, l := range lines {
		if l == "" {
			n++
		}
	}
	return n
}

func (e export) bytes(lines []string) []byte {
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\n", e.lineBreak)
	if e.encoding != "windows-1252" {
		return []byte(text)
	}
	var latin []byte
	for _, r := range text {
		latin = append(latin, byte(r))
	}
	return latin
}

func inMemory(feed, name string, content []byte, day time.Time) adapters.File {
	sum := sha256.Sum256(content)
	return adapters.File{ID: name, Feed: feed, Hash: hex.EncodeToString(sum[:]), Snapshot: day, Input: adapters.Input{
		Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}}
}

// number is a TST number of a day and a counter; counter 0 is a doubtful one.
func number(day, counter int) string {
	n := 806100000 + day*1000 + counter
	return fmt.Sprintf("%09d%02d", n, 97-n%97)
}

var (
	personLine = rapid.Custom(func(t *rapid.T) string {
		nr := rapid.IntRange(1, 9).Draw(t, "client")
		insz := number(nr, nr)
		switch rapid.IntRange(0, 11).Draw(t, "number") {
		case 0:
			insz = "12345678901" // wrong
		case 1:
			insz = number(1+nr%3, 1) // shared
		case 2:
			insz = number(nr, 0)
		}
		name := rapid.SampledFrom([]string{"Peeters", "Claes", `"Van ""den"" Berg"`, "\"De\nSmet\"", "Müller", "Bad\xff", `"open`}).Draw(t, "name")
		return fmt.Sprintf("C%d;%s;%s;%s;%s;%s;%s;%s;%s", nr, insz, name, rapid.SampledFrom([]string{"An", "Zoë"}).Draw(t, "first name"),
			rapid.SampledFrom([]string{"", "", "", "1/2/1961"}).Draw(t, "born"),
			rapid.SampledFrom([]string{"", "", "", "archief"}).Draw(t, "sort"), rapid.SampledFrom([]string{"", "", "", "J"}).Draw(t, "gone"),
			rapid.SampledFrom([]string{"", "", "1/3/2020", "x"}).Draw(t, "start"), rapid.SampledFrom([]string{"", "", "vrij", "vr\xff"}).Draw(t, "remark"))
	})
	jobLine = rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("C%d;%s;%s", rapid.IntRange(1, 9).Draw(t, "client"),
			rapid.SampledFrom([]string{"1/3/2020", "1/4/2020", "1/5/2020", "1/6/2036"}).Draw(t, "start"), rapid.SampledFrom([]string{"", "Winkel"}).Draw(t, "employer"))
	})
)

// next changes some lines, and leaves most.
func next(t *rapid.T, lines []string, line *rapid.Generator[string]) []string {
	lines = slices.Clone(lines)
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		at := rapid.IntRange(0, len(lines)).Draw(t, "place")
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if at == len(lines) {
			kind = 0
		}
		switch kind {
		case 0, 1:
			lines = slices.Insert(lines, at, line.Draw(t, "line"))
		case 2:
			lines = slices.Delete(lines, at, at+1)
		case 3:
			lines[at] = line.Draw(t, "line")
		case 4: // doubled, or moved
			other := rapid.IntRange(0, len(lines)-1).Draw(t, "other")
			lines = slices.Insert(lines, other, lines[at])
		case 5:
			lines = slices.Insert(lines, at, "")
		}
	}
	return lines
}

// What a ledger holds does not depend on whether rows that did not change were read again: whatever the files hold, and
// however one follows on the other.
func TestKeptRowsChangeNothing(t *testing.T) {
	keys := must[*seal.Keys](t, "read keys")(seal.ParseKeyFile(must[[]byte](t, "make keys")(seal.Generate(rand.Reader))))
	decoder := must[*ocmw.Decoder](t, "compile schemas")(ocmw.New())
	snapshot := must[*adapters.Profile](t, "load profile")(adapters.LoadProfile(fmt.Appendf(nil, profileOfKept, "delivery: snapshot")))
	delta := must[*adapters.Profile](t, "load profile")(adapters.LoadProfile(fmt.Appendf(nil, profileOfKept, "delivery: delta")))
	kept := 0
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
		profile := rapid.SampledFrom([]*adapters.Profile{snapshot, snapshot, delta}).Draw(t, "profile")
		a := newSide(t, keys, profile, decoder, func() time.Time { return now }, true)
		b := newSide(t, keys, profile, decoder, func() time.Time { return now }, false)
		defer a.store.Close()
		defer b.store.Close()
		e := export{header: "Nr;INSZ;Naam;Voornaam;Geboren;Soort;Weg;Begin;Opmerking", lineBreak: "\n"}
		e.people = rapid.SliceOfN(personLine, 0, 12).Draw(t, "people")
		e.jobs = rapid.SliceOfN(jobLine, 0, 12).Draw(t, "jobs")
		for generation := range rapid.IntRange(2, 6).Draw(t, "generations") {
			if generation > 0 {
				e.people, e.jobs = next(t, e.people, personLine), next(t, e.jobs, jobLine)
			}
			switch rapid.IntRange(0, 9).Draw(t, "file") {
			case 0:
				e.lineBreak = rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line break")
			case 1:
				e.header = rapid.SampledFrom([]string{"Nr;INSZ;Naam;Voornaam;Geboren;Soort;Weg;Begin;Opmerking", "Nr;INSZ;Naam;Roepnaam;Geboren;Soort;Weg;Begin;Opmerking"}).Draw(t, "header")
			case 2:
				now = now.AddDate(0, 0, rapid.SampledFrom([]int{-400, -1, 1, 400}).Draw(t, "days"))
			}
			now = now.Add(time.Hour)
			set := e.set(generation, now)
			before := *a.asked
			full, short := b.take(t, set, now), a.take(t, set, now)
			kept += len(e.people) + len(e.jobs) - (*a.asked - before)
			people := cmp.Comparer(func(x, y ident.INSZ) bool { return x.Reveal() == y.Reveal() })
			if diff := cmp.Diff(full, short, people); diff != "" {
				t.Fatalf("generation %d (-read in full +kept):\n%s", generation, diff)
			}
		}
	})
	if kept == 0 {
		t.Error("nothing was ever kept")
	}
}
