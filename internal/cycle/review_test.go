package cycle_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/seal"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

const client = "K1"

// quiet is a source without files, and an MLP in which nothing happens and that takes nothing.
type quiet struct{}

func (quiet) Poll(context.Context) (adapters.PollResult, error) { return adapters.PollResult{}, nil }
func (quiet) Peek(context.Context) (adapters.PollResult, error) { return adapters.PollResult{}, nil }
func (quiet) Done(context.Context, adapters.Set) error          { return nil }

func (quiet) Quarantine(context.Context, adapters.File, adapters.FileProblem) error { return nil }

func (quiet) FirstContact(context.Context, string, string) (int, error) { return 0, nil }
func (quiet) Follow(context.Context, string) (int, error)               { return 0, nil }
func (quiet) Unread(string) (map[int64]error, error)                    { return nil, nil }

// Deliver says that the way to MLP stays shut, so that the loop waits a whole poll.
func (quiet) Deliver(context.Context, string) (cycle.Delivered, error) {
	return cycle.Delivered{Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

func must[T any](t *testing.T, what string) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return v
	}
}

// newCycle is a cycle over a ledger that holds one client, ready for a track
// from the day on, and the dossier that MLP has of the client.
func newCycle(t *testing.T, ready casefile.Date, now func() time.Time) *cycle.Cycle {
	t.Helper()
	zone := must[*time.Location](t, "load zone")(time.LoadLocation("Europe/Brussels"))
	keys := must[*seal.Keys](t, "read keys")(seal.ParseKeyFile(must[[]byte](t, "make keys")(seal.Generate(rand.Reader))))
	store := must[*sqlite.Store](t, "open ledger")(sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Keys: keys, Now: now, Zone: zone}))
	t.Cleanup(func() { _ = store.Close() })
	c := cycle.New(cycle.Options{
		Store: store, Rules: mapping.New(), Decoder: must[*ocmw.Decoder](t, "compile schemas")(ocmw.New()), Observer: quiet{}, Deliverer: quiet{},
		OCMWs: []cycle.OCMW{{
			KBO: examples.KBO, Name: examples.Name, Source: quiet{}, Profile: must[*adapters.Profile](t, "load profile")(adapters.LoadProfile(examples.Profile())),
			On: func(casefile.Date) casefile.OCMW {
				return casefile.OCMW{KBO: examples.KBO, NIS: examples.NIS, DefaultCaseworker: "mw-000"}
			},
		}},
		Release: true, TestNumbers: true, Zone: zone, Now: now, Log: zerolog.Nop(),
	})
	fill(t, store, ready, now())
	return c
}

// fill makes the client's record the export in force, and MLP's answer known.
func fill(t *testing.T, store ledger.Store, ready casefile.Date, now time.Time) {
	t.Helper()
	number := must[ident.INSZReading](t, "read number")(ident.ParseINSZ("67722499797")).INSZ
	record := &casefile.Client{Header: casefile.Header{Client: client, RecordKey: client}, INSZ: number, LastName: "Testpersoon", FirstName: "An", NIS: examples.NIS,
		Caseworker: "mw-001", Readiness: casefile.Ready, ReadySince: ready, RegisteredBy: casefile.PartyOCMW, UnemploymentBenefit: casefile.BenefitNone}
	sum := sha256.Sum256(must[[]byte](t, "encode content")(casefile.MarshalContent(record)))
	row := ledger.Row{Number: 2, Client: client, Records: []ledger.StoredRecord{{Kind: record.Kind(), Client: client, Key: client, INSZ: number.Reveal(),
		Caseworker: record.Caseworker, Hash: hex.EncodeToString(sum[:]), Payload: must[[]byte](t, "encode record")(casefile.MarshalRecord(record))}}}
	check(t, store.StartRun(t.Context(), "run-0", now))
	file := ledger.File{Feed: "clients", Name: "clienten.csv", Hash: hex.EncodeToString(sum[:]), Size: 1, SnapshotOn: now, Interpretation: "1"}
	staging := must[ledger.Staging](t, "open staging")(store.StageSet(t.Context(), "run-0", examples.KBO, []ledger.File{file}))
	check(t, staging.Add(t.Context(), []ledger.Row{row}))
	must[ledger.SetResult](t, "activate")(staging.Activate(t.Context(), []ledger.FileCount{{Rows: 1}}, now))
	asked := must[[]ledger.Lookup](t, "list look-ups")(store.NeedLookup(t.Context(), examples.KBO, 0, 10))
	if len(asked) != 1 {
		t.Fatalf("%d people to look up", len(asked))
	}
	dossier := &casefile.Dossier{ID: "d1", Version: 1, Owner: casefile.Owner{Kind: casefile.PartyOCMW}, Person: casefile.Person{INSZ: number}}
	check(t, store.SaveLookups(t.Context(), "run-0", examples.KBO, []ledger.LookupResult{{Person: asked[0].Person, Dossier: dossier}}, now))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pass is one pass through the stages, and how many clients it decided.
func pass(t *testing.T, c *cycle.Cycle) int {
	t.Helper()
	run := must[*cycle.Run](t, "begin")(c.Begin(t.Context()))
	must[bool](t, "pass")(c.RunOnce(t.Context(), run))
	return run.Decided()
}

// TestTheNextReviewComesAtMidnightInBrussels: without a new file a client is decided
// again on the day of the next review, which begins in Brussels: at 23:00 UTC in winter,
// at 22:00 UTC in summer, and on the days on which the hour changes at the one or the other.
func TestTheNextReviewComesAtMidnightInBrussels(t *testing.T) {
	for ready, begins := range map[casefile.Date]string{
		"2026-01-16": "2026-01-15T23:00:00Z",
		"2026-07-16": "2026-07-15T22:00:00Z",
		"2026-03-29": "2026-03-28T23:00:00Z", // summer time from 02:00
		"2026-03-30": "2026-03-29T22:00:00Z",
		"2026-10-25": "2026-10-24T22:00:00Z", // winter time from 03:00
		"2026-10-26": "2026-10-25T23:00:00Z",
		"2028-02-29": "2028-02-28T23:00:00Z",
		"2028-03-01": "2028-02-29T23:00:00Z",
	} {
		t.Run(string(ready), func(t *testing.T) {
			midnight := must[time.Time](t, "read instant")(time.Parse(time.RFC3339, begins))
			now := midnight.Add(-3 * time.Hour)
			c := newCycle(t, ready, func() time.Time { return now })
			if n := pass(t, c); n != 1 {
				t.Fatalf("the new client: %d decided", n)
			}
			seen := must[ledger.ClientView](t, "find")(c.Store.Find(t.Context(), examples.KBO, client))
			if seen.Decision.NextReview != ready || len(seen.Decision.Registrations) != 0 {
				t.Fatalf("to be reviewed on %s, %d registrations", seen.Decision.NextReview, len(seen.Decision.Registrations))
			}
			if now = midnight.Add(-time.Second); pass(t, c) != 0 {
				t.Error("decided again while it is still the day before")
			}
			if now = midnight; pass(t, c) != 1 {
				t.Error("not decided again on the day of the review")
			}
			seen = must[ledger.ClientView](t, "find")(c.Store.Find(t.Context(), examples.KBO, client))
			if seen.Decision.Day != ready || seen.Kind != ledger.OutcomePlanned {
				t.Errorf("on the day of the review: decided for %s, outcome %q", seen.Decision.Day, seen.Kind)
			}
			if now = midnight.Add(30 * time.Minute); pass(t, c) != 0 {
				t.Error("decided twice on one day")
			}
		})
	}
}

// TestTheLoopSeesTheNewDayWithinAPoll: the daemon doesn't wake up for a review, it polls.
func TestTheLoopSeesTheNewDayWithinAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const poll = 20 * time.Minute
		began := time.Now()
		evening := time.Date(2026, 3, 28, 20, 7, 0, 0, time.UTC)
		now := func() time.Time { return evening.Add(time.Since(began)) }
		c := newCycle(t, "2026-03-29", now)
		var decided []time.Time
		c.Finished = func(_ context.Context, run *cycle.Run) {
			if run.Decided() > 0 {
				decided = append(decided, now())
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Hour)
		defer cancel()
		check(t, c.Loop(ctx, poll))
		midnight := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
		if len(decided) != 2 || decided[1].Before(midnight) || decided[1].Sub(midnight) > poll {
			t.Errorf("decided at %v, want at once and within %s of %s", decided, poll, midnight)
		}
	})
}
