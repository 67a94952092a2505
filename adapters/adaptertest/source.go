package adaptertest

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
)

// Bench is a source under test with the world around it.
type Bench interface {
	// Source gives the source; after Restart another one over the same state.
	Source() adapters.Source
	Restart()
	// Deliver brings a whole file, changed at the bench's present time.
	Deliver(name string, content []byte)
	// Advance moves the clock.
	Advance(d time.Duration)
	// Ingested makes the history say that a set was ingested.
	Ingested(set adapters.Set)
	// Fingerprint is a digest of everything that the source could write to.
	Fingerprint() string
}

// Settle polls until a delivered file had every chance to be taken, and gives the
// last result.
func Settle(t testing.TB, b Bench) adapters.PollResult {
	t.Helper()
	var merged adapters.PollResult
	for range 3 {
		res, err := b.Source().Poll(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		res.Seen = append(merged.Seen, res.Seen...)
		res.Quarantined = append(merged.Quarantined, res.Quarantined...)
		merged = res
		b.Advance(time.Minute)
	}
	return merged
}

// Content reads a file to its end.
func Content(t testing.TB, f adapters.File) string {
	t.Helper()
	r, err := f.Input.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// One expects exactly one ready set.
func One(t testing.TB, res adapters.PollResult) adapters.Set {
	t.Helper()
	if len(res.Sets) != 1 {
		t.Fatalf("%d sets, want one; waiting %d, notes %v", len(res.Sets), len(res.Waiting), res.Notes)
	}
	return res.Sets[0]
}

// Source runs the suite; open makes an empty bench with the suite's profile. The files
// clients_YYYYMMDD.csv and tracks.csv belong to its feeds.
func Source(t *testing.T, open func(t *testing.T) Bench) {
	for name, test := range map[string]func(*testing.T, Bench){
		"offered until done":    offeredUntilDone,
		"done by the ledger":    doneByTheLedger,
		"incomplete, then late": incompleteThenLate,
		"already seen":          alreadySeen,
		"older is set apart":    olderIsSetApart,
		"quarantine falls back": quarantineFallsBack,
		"peek changes nothing":  peekChangesNothing,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func deliverBoth(t *testing.T, b Bench) adapters.Set {
	t.Helper()
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks 1"))
	return One(t, Settle(t, b))
}

func finish(t *testing.T, b Bench, set adapters.Set) {
	t.Helper()
	b.Ingested(set)
	if err := b.Source().Done(context.Background(), set); err != nil {
		t.Fatal(err)
	}
}

func offeredUntilDone(t *testing.T, b Bench) {
	set := deliverBoth(t, b)
	if diff := cmp.Diff([]string{"clients", "tracks"}, set.New); diff != "" {
		t.Errorf("new feeds (-want +got):\n%s", diff)
	}
	b.Restart()
	again := One(t, Settle(t, b))
	if again.ID != set.ID || Content(t, again.Files[0]) != "clients 1" || Content(t, again.Files[1]) != "tracks 1" {
		t.Error("after a restart another set is offered")
	}
	finish(t, b, again)
	finish(t, b, again)
	if res := Settle(t, b); len(res.Sets) != 0 {
		t.Error("a set that is done is offered again")
	}
	b.Deliver("tracks.csv", []byte("tracks 2"))
	next := One(t, Settle(t, b))
	if diff := cmp.Diff([]string{"tracks"}, next.New); diff != "" || Content(t, next.Files[0]) != "clients 1" {
		t.Errorf("one new file doesn't make a set with the last of the others: new %v", next.New)
	}
}

func doneByTheLedger(t *testing.T, b Bench) {
	set := deliverBoth(t, b)
	b.Ingested(set) // and a crash before Done
	b.Restart()
	if res := Settle(t, b); len(res.Sets)+len(res.Seen) != 0 {
		t.Errorf("%d sets and %d seen after a crash between ingesting and Done", len(res.Sets), len(res.Seen))
	}
}

func incompleteThenLate(t *testing.T, b Bench) {
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	res := Settle(t, b)
	if len(res.Sets) != 0 || len(res.Incomplete) != 1 || res.Incomplete[0].Overdue {
		t.Fatalf("half a set: %+v", res.Incomplete)
	}
	if diff := cmp.Diff([]string{"tracks"}, res.Incomplete[0].Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	b.Advance(2 * time.Hour)
	if res = Settle(t, b); !res.Incomplete[0].Overdue || len(res.Late) != 0 {
		t.Errorf("after two hours: %+v, late %v", res.Incomplete, res.Late)
	}
	b.Advance(24 * time.Hour)
	if res = Settle(t, b); len(res.Late) != 1 || res.Late[0].Feed != "clients" {
		t.Errorf("after a day late is %v", res.Late)
	}
}

func alreadySeen(t *testing.T, b Bench) {
	finish(t, b, deliverBoth(t, b))
	b.Deliver("clients_20240202.csv", []byte("clients 1"))
	res := Settle(t, b)
	if len(res.Seen) != 1 || len(res.Sets) != 0 || res.Seen[0].Input.Name != "clients_20240202.csv" {
		t.Errorf("the same content again: seen %d, sets %d", len(res.Seen), len(res.Sets))
	}
	if res = Settle(t, b); len(res.Seen) != 0 {
		t.Error("a seen file is told again and again")
	}
}

func olderIsSetApart(t *testing.T, b Bench) {
	finish(t, b, deliverBoth(t, b))
	b.Deliver("clients_20240131.csv", []byte("clients 0"))
	res := Settle(t, b)
	if len(res.Quarantined) != 1 || len(res.Sets) != 0 {
		t.Fatalf("an older file: quarantined %d, sets %d", len(res.Quarantined), len(res.Sets))
	}
	Refused(t, &res.Quarantined[0].Problem, adapters.RuleFileOlder)
}

func quarantineFallsBack(t *testing.T, b Bench) {
	finish(t, b, deliverBoth(t, b))
	b.Deliver("clients_20240202.csv", []byte("clients 2"))
	set := One(t, Settle(t, b))
	why := adapters.FileProblem{Rule: adapters.RuleFileTotals}
	if err := b.Source().Quarantine(context.Background(), set.Files[0], why); err != nil {
		t.Fatal(err)
	}
	if res := Settle(t, b); len(res.Sets) != 0 || len(res.Quarantined) != 0 {
		t.Errorf("after a quarantine: sets %d, told again %d", len(res.Sets), len(res.Quarantined))
	}
	b.Deliver("tracks.csv", []byte("tracks 2"))
	set = One(t, Settle(t, b))
	if Content(t, set.Files[0]) != "clients 1" {
		t.Error("the set doesn't fall back to the file before the quarantined one")
	}
}

func peekChangesNothing(t *testing.T, b Bench) {
	peek := func() adapters.PollResult {
		t.Helper()
		before := b.Fingerprint()
		res, err := b.Source().Peek(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if b.Fingerprint() != before {
			t.Fatal("Peek wrote something")
		}
		return res
	}
	peek()
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks 1"))
	b.Advance(time.Hour)
	peeked := One(t, peek())
	if Content(t, peeked.Files[0]) != "clients 1" {
		t.Error("Peek reads something else")
	}
	polled := One(t, Settle(t, b))
	if polled.ID != peeked.ID {
		t.Error("Peek and Poll make different sets")
	}
	if again := One(t, peek()); again.ID != polled.ID {
		t.Error("Peek doesn't see what was claimed")
	}
	finish(t, b, polled)
	b.Deliver("tracks.csv", []byte("tracks 2"))
	b.Advance(time.Hour)
	next := One(t, peek())
	if diff := cmp.Diff([]string{"tracks"}, next.New); diff != "" || Content(t, next.Files[0]) != "clients 1" {
		t.Errorf("Peek doesn't join what lies there with the archive: %v", next.New)
	}
}
