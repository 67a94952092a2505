package dropfolder

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

const bindProfile = `
profile: bind
set: {bind: date}
feeds:
  - name: a
    files: ["a_{date:yyyymmdd}*"]
    records: [{kind: client, key: [clientNumber], fields: {clientNumber: {column: Nr}}}]
  - name: b
    files: ["b_{date:yyyymmdd}*"]
    DELIVERY
    records: [{kind: track, key: [clientNumber], fields: {clientNumber: {column: Nr}}}]
`

// drop delivers files named like a_01, with their own name as content.
func (b *bench) drop(names ...string) adapters.PollResult {
	for _, name := range names {
		feed, day, _ := strings.Cut(name, "_")
		b.Deliver(feed+"_202402"+day+".csv", []byte(name))
	}
	return adaptertest.Settle(b.t, b)
}

func contents(t *testing.T, sets []adapters.Set) [][]string {
	all := [][]string{}
	for _, s := range sets {
		var one []string
		for _, f := range s.Files {
			one = append(one, adaptertest.Content(t, f))
		}
		all = append(all, one)
	}
	return all
}

func TestBindByDate(t *testing.T) {
	for _, tc := range []struct {
		name, delivery string
		drop           []string
		want           [][]string
		incomplete     int
	}{
		{"one day", "", []string{"a_01", "b_01"}, [][]string{{"a_01", "b_01"}}, 0},
		{"days don't mix", "", []string{"a_01", "b_02"}, [][]string{}, 2},
		{"newest complete day", "", []string{"a_01", "b_01", "a_02", "b_02", "a_03"}, [][]string{{"a_02", "b_02"}}, 1},
		{"deltas need every day", "delivery: delta", []string{"a_01", "b_01", "a_02", "b_02"}, [][]string{{"a_01", "b_01"}, {"a_02", "b_02"}}, 0},
		{"a gap holds deltas up", "delivery: delta", []string{"a_01", "a_02", "b_02"}, [][]string{}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, t.TempDir(), strings.ReplaceAll(bindProfile, "DELIVERY", tc.delivery))
			res := b.drop(tc.drop...)
			if diff := cmp.Diff(tc.want, contents(t, res.Sets)); diff != "" {
				t.Errorf("sets (-want +got):\n%s", diff)
			}
			if len(res.Incomplete) != tc.incomplete {
				t.Errorf("incomplete %+v", res.Incomplete)
			}
		})
	}
}

func TestDeltasComeInTurn(t *testing.T) {
	profile := strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", "bind: latest"), "DELIVERY", "delivery: delta")
	b := newBench(t, t.TempDir(), profile)
	res := b.drop("a_01", "a_02", "b_01", "b_02", "b_03")
	want := [][]string{{"a_02", "b_01"}, {"a_02", "b_02"}, {"a_02", "b_03"}}
	if diff := cmp.Diff(want, contents(t, res.Sets)); diff != "" {
		t.Fatalf("sets (-want +got):\n%s", diff)
	}
	for _, set := range res.Sets {
		b.Ingested(set)
		if err := b.folder.Done(context.Background(), set); err != nil {
			t.Fatal(err)
		}
	}
	if res := adaptertest.Settle(t, b); len(res.Sets) != 0 {
		t.Errorf("offered again: %v", contents(t, res.Sets))
	}
}

func TestBindByWindow(t *testing.T) {
	profile := strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", "bind: window, window: 1h"), "DELIVERY", "")
	b := newBench(t, t.TempDir(), profile)
	b.drop("a_01")
	b.Advance(3 * time.Hour)
	if res := b.drop("b_01"); len(res.Sets) != 0 || len(res.Incomplete) != 1 || res.Incomplete[0].Missing[0] != "a" {
		t.Fatalf("files three hours apart: %d sets, %+v", len(res.Sets), res.Incomplete)
	}
	res := b.drop("a_02")
	if diff := cmp.Diff([][]string{{"a_02", "b_01"}}, contents(t, res.Sets)); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
}

// A file dated far ahead must not make every later one "older".
func TestDateAhead(t *testing.T) {
	b := newBench(t, t.TempDir(), strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", "bind: latest"), "DELIVERY", "optional: true"))
	res := b.drop("a_28")
	if len(res.Sets) != 0 || len(res.Standing) != 1 || res.Standing[0].Problem.Rule != adapters.RuleFileFuture {
		t.Fatalf("%d sets, standing %+v", len(res.Sets), res.Standing)
	}
	res = b.drop("a_11")
	if diff := cmp.Diff([][]string{{"a_11"}}, contents(t, res.Sets)); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
	if len(res.Standing) != 0 {
		t.Errorf("a later file came, and %d still stand", len(res.Standing))
	}
}

// Property: in any order of deliveries, restarts and ingests, what is ingested of a
// snapshot feed never goes back in time, every file delivered has one fate, and in
// the end the newest is in force.
func TestLatestProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "run")
		if err != nil {
			rt.Fatal(err)
		}
		b := newBench(t, root, strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", "bind: latest"), "DELIVERY", "optional: true"))
		newest, before := "", time.Time{}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			day := fmt.Sprintf("%02d", rapid.IntRange(1, 9).Draw(rt, "day"))
			res := b.drop("a_" + day)
			newest = max(newest, day)
			if rapid.Bool().Draw(rt, "restart") {
				b.Restart()
				res = adaptertest.Settle(t, b)
			}
			if rapid.Bool().Draw(rt, "ingest") {
				for _, set := range res.Sets {
					if set.Snapshot.Before(before) {
						rt.Fatal("ingested an older snapshot")
					}
					before = set.Snapshot
					b.Ingested(set)
					if err := b.folder.Done(context.Background(), set); err != nil {
						rt.Fatal(err)
					}
				}
			}
		}
		for _, set := range adaptertest.Settle(t, b).Sets {
			b.Ingested(set)
		}
		if got := b.history["a"].Snapshot.Format("02"); got != newest {
			rt.Fatalf("in force is day %s, want %s", got, newest)
		}
		if left := b.names(); len(left) != 0 {
			rt.Fatalf("left in the folder: %d", len(left))
		}
	})
}
