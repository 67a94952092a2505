package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/audit"
)

// chain makes n records, every field of which is set; every third has no payload.
func chain(n int) []audit.Record {
	var out []audit.Record
	var head audit.Head
	at := time.Date(2026, 3, 16, 9, 30, 0, 123_456_789, time.FixedZone("", 3600))
	for i := range n {
		word := func(name string) string { return fmt.Sprint(name, i) }
		r := audit.Record{
			Seq: head.Seq + 1, At: at.Add(time.Duration(i) * time.Second), Run: word("run"), Actor: word("actor"),
			Action: word("action"), OCMW: word("ocmw"), Client: word("p-"), Entry: word("entry"), Rule: word("CAT-"),
			RulesVersion: word("v"), Before: word("before"), After: word("after"), Source: word("file"),
			RemoteID: word("trace"), Reason: word("reason"),
		}
		if i%3 != 2 {
			r.Payload = []byte(word("sealed"))
		}
		r = audit.Next(head.Hash, r)
		head = audit.Head{Seq: r.Seq, Hash: r.Hash}
		out = append(out, r)
	}
	return out
}

func walk(records []audit.Record) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// brokenAt is the sequence number at which verification stops, 0 for nowhere.
func brokenAt(t testing.TB, records []audit.Record) int64 {
	t.Helper()
	head, err := audit.Verify(audit.Head{}, walk(records))
	if err == nil {
		return 0
	}
	var broken *audit.BrokenError
	if !errors.As(err, &broken) || !strings.Contains(err.Error(), fmt.Sprintf("record %d:", broken.Seq)) {
		t.Fatalf("error is %v", err)
	}
	if head.Seq != broken.Seq-1 {
		t.Fatalf("broken at %d, but the head is %d", broken.Seq, head.Seq)
	}
	return broken.Seq
}

func TestSoundChain(t *testing.T) {
	records := chain(7)
	head, err := audit.Verify(audit.Head{}, walk(records))
	if err != nil {
		t.Fatal(err)
	}
	if want := (audit.Head{Seq: 7, Hash: records[6].Hash}); head != want {
		t.Errorf("head %+v, want %+v", head, want)
	}
	middle := audit.Head{Seq: 3, Hash: records[2].Hash}
	if got, err := audit.Verify(middle, walk(records[3:])); err != nil || got != head {
		t.Errorf("from the middle: %+v, %v", got, err)
	}
	if got, err := audit.Verify(audit.Head{}, walk(nil)); err != nil || got != (audit.Head{}) {
		t.Errorf("empty chain: %+v, %v", got, err)
	}
}

// Every field counts, those too that somebody adds later: the fields are found by
// reflection, and one that isn't chained makes this test fail.
func TestEveryFieldOfEveryRecordCounts(t *testing.T) {
	const n = 6
	fields := reflect.TypeFor[audit.Record]()
	for i := range n {
		for f := range fields.NumField() {
			records := chain(n)
			if fields.Field(f).Name == "Payload" && records[i].Payload == nil {
				continue
			}
			change(t, reflect.ValueOf(&records[i]).Elem().Field(f))
			if got := brokenAt(t, records); got != int64(i+1) {
				t.Errorf("%s of record %d changed: broken at %d", fields.Field(f).Name, i+1, got)
			}
		}
	}
}

func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch x := v.Addr().Interface().(type) {
	case *int64:
		*x += 1
	case *string:
		*x += "x"
	case *time.Time:
		*x = x.Add(time.Millisecond)
	case *[]byte:
		*x = append(slices.Clone(*x), 0)
	case *audit.Hash:
		x[31] ^= 1
	default:
		t.Fatalf("a field of type %T: teach this test to change it", x)
	}
}

// Whoever changes a record and computes its hash again breaks the next one.
func TestARehashedRecordBreaksTheNext(t *testing.T) {
	records := chain(5)
	records[2].After = "00"
	records[2] = audit.Next(records[2].Prev, records[2])
	if got := brokenAt(t, records); got != 4 {
		t.Errorf("broken at %d, want 4", got)
	}
}

func TestTextCannotMoveBetweenFields(t *testing.T) {
	a := audit.Next(audit.Hash{}, audit.Record{Seq: 1, Before: "05", After: "90"})
	b := audit.Next(audit.Hash{}, audit.Record{Seq: 1, Before: "059", After: "0"})
	if a.Hash == b.Hash {
		t.Error("two different records have one hash")
	}
}

func TestDroppedDoubledReordered(t *testing.T) {
	for i := range 5 {
		without := slices.Delete(chain(6), i, i+1)
		if got := brokenAt(t, without); got != int64(i+1) {
			t.Errorf("record %d dropped: broken at %d", i+1, got)
		}
		doubled := slices.Insert(chain(6), i, chain(6)[i])
		if got := brokenAt(t, doubled); got != int64(i+2) {
			t.Errorf("record %d doubled: broken at %d", i+1, got)
		}
		swapped := chain(6)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		if got := brokenAt(t, swapped); got != int64(i+1) {
			t.Errorf("records %d and %d swapped: broken at %d", i+1, i+2, got)
		}
		renumbered := slices.Delete(chain(6), i, i+1)
		for j := i; j < len(renumbered); j++ {
			renumbered[j].Seq--
		}
		if got := brokenAt(t, renumbered); got != int64(i+1) {
			t.Errorf("record %d dropped, the rest renumbered: broken at %d", i+1, got)
		}
	}
}

func TestACutTailShowsInTheHead(t *testing.T) {
	whole, _ := audit.Verify(audit.Head{}, walk(chain(6)))
	cut, err := audit.Verify(audit.Head{}, walk(chain(6)[:4]))
	if err != nil || cut == whole || cut.Seq != 4 {
		t.Errorf("head after a cut %+v, %v", cut, err)
	}
}

func TestErasingKeepsTheChain(t *testing.T) {
	records := chain(6)
	for i := range records {
		if records[i].Erased() {
			t.Errorf("record %d counts as erased from the start", i+1)
		}
		had := records[i].Payload != nil
		records[i].Payload = nil
		if records[i].Erased() != had {
			t.Errorf("record %d: erased %v, had a payload %v", i+1, records[i].Erased(), had)
		}
	}
	if got := brokenAt(t, records); got != 0 {
		t.Errorf("after erasing, broken at %d", got)
	}
}

func TestWalkErrorIsPassedOn(t *testing.T) {
	lost := errors.New("disk went away")
	records := chain(2)
	head, err := audit.Verify(audit.Head{}, func(yield func(audit.Record, error) bool) {
		_ = yield(records[0], nil) && yield(audit.Record{}, lost)
	})
	var broken *audit.BrokenError
	if !errors.Is(err, lost) || errors.As(err, &broken) || head.Seq != 1 {
		t.Errorf("head %+v, error %v", head, err)
	}
}

func TestRecordSurvivesStorage(t *testing.T) {
	for _, r := range chain(3) {
		stored := r
		stored.At = time.UnixMilli(r.At.UnixMilli())
		text, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		var back audit.Record
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", r.Seq, diff)
		}
		if again := audit.Next(back.Prev, back); again.Hash != r.Hash {
			t.Errorf("record %d has another hash after storage", r.Seq)
		}
	}
	for _, bad := range []string{"", "zz", strings.Repeat("z", 64), strings.Repeat("a", 65)} {
		var h audit.Hash
		if h.UnmarshalText([]byte(bad)) == nil || !h.IsZero() {
			t.Errorf("hash text %q was taken", bad)
		}
	}
}

// The hash of a known record is pinned: another value means that chains that exist
// no longer verify.
func TestHashIsPinned(t *testing.T) {
	if got, want := chain(2)[1].Hash.String(), "843b2414561964e0918edb6795a318b83e47f54a46adf02fa90d8404c897a5a9"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

func TestAnyChangeIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "records")
		i := rapid.IntRange(0, n-1).Draw(t, "changed")
		records := chain(n)
		old := records[i].Source
		records[i].Source = rapid.String().Draw(t, "source")
		_, err := audit.Verify(audit.Head{}, walk(records))
		if (err == nil) != (records[i].Source == old) {
			t.Fatalf("source %q: %v", records[i].Source, err)
		}
	})
}
