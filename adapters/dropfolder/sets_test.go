package dropfolder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

// bound is that profile with another binding, and more to say of each feed's delivery.
func bound(bind, delivery string) string {
	return strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", bind), "DELIVERY", delivery)
}

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

// ingest takes sets in, in turn.
func (b *bench) ingest(sets []adapters.Set) {
	b.t.Helper()
	for _, set := range sets {
		b.done(set)
	}
}

// ingested is the content of what was ingested last of a and b, as it is kept.
func (b *bench) ingested() string {
	b.t.Helper()
	var all []string
	for _, feed := range []string{"a", "b"} {
		last, ok := b.history[feed]
		if !ok {
			continue
		}
		r, err := b.folder.contentOpener(contentPath(b.opt.State, last.Hash), last.Hash)()
		if err != nil {
			b.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return strings.Join(all, " ")
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

// A small OCMW's contracts don't change each day: with the other files of its delivery such a file makes a set.
func TestUnchangedFileOfADelivery(t *testing.T) {
	for _, bind := range []string{"bind: latest", "bind: date", "bind: window, window: 1h"} {
		t.Run(bind, func(t *testing.T) {
			b := newBench(t, t.TempDir(), bound(bind, ""))
			b.ingest(b.drop("a_01", "b_01").Sets)
			for day := range 3 {
				b.Advance(24 * time.Hour)
				b.Deliver(fmt.Sprintf("a_2024020%d.csv", day+2), []byte("a_01"))
				res := b.drop(fmt.Sprintf("b_0%d", day+2))
				want := [][]string{{"a_01", fmt.Sprintf("b_0%d", day+2)}}
				if diff := cmp.Diff(want, contents(t, res.Sets)); diff != "" || len(res.Incomplete) != 0 || len(res.Seen) != 1 {
					t.Fatalf("incomplete %+v, %d seen, sets (-want +got):\n%s", res.Incomplete, len(res.Seen), diff)
				}
				b.ingest(res.Sets)
			}
			b.Advance(24 * time.Hour)
			b.Deliver("a_20240205.csv", []byte("a_01"))
			if res := b.drop("a_03"); len(res.Sets) != 0 || b.ingested() != "a_01 b_04" {
				t.Errorf("a file of the day before: %v, in force %s", contents(t, res.Sets), b.ingested())
			}
		})
	}
}

// The last file is the last, also when it is equal to an earlier one and others came in between that are not ingested yet.
func TestContentThatComesBack(t *testing.T) {
	for delivery, want := range map[string][][]string{"": nil, "delivery: delta": {{"a_01", "b_02"}, {"a_01", "b_01"}}} {
		b := newBench(t, t.TempDir(), bound("bind: latest", delivery))
		b.ingest(b.drop("a_01", "b_01").Sets)
		b.Deliver("b_20240203.csv", []byte("b_01"))
		res := b.drop("b_02")
		if diff := cmp.Diff(want, contents(t, res.Sets), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q: sets (-want +got):\n%s", delivery, diff)
		}
		b.ingest(res.Sets)
		b.Restart()
		if res := adaptertest.Settle(t, b); len(res.Sets) != 0 || b.ingested() != "a_01 b_01" {
			t.Errorf("%q: offered again %v, in force %s", delivery, contents(t, res.Sets), b.ingested())
		}
	}
}

// A clock that stamped a file with a time to come, or was ahead itself, must not make every later file "older".
func TestClockAhead(t *testing.T) {
	for _, tc := range []struct {
		name    string
		stamped time.Duration // from now, of the first file
		setBack time.Duration // the clock, before the second
		old     bool          // the state was left by a program that believed the stamp
	}{
		{"of the system that writes", 400 * 24 * time.Hour, 0, false},
		{"of this machine", 0, time.Hour, false},
		{"believed before", 400 * 24 * time.Hour, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, t.TempDir(), strings.ReplaceAll(bound("bind: latest", ""), "_{date:yyyymmdd}", "_"))
			b.drop("a_01")
			b.Deliver("b_20240201.csv", []byte("b_01"))
			stamp := b.now.Add(tc.stamped)
			if err := os.Chtimes(filepath.Join(b.opt.Folder, "b_20240201.csv"), stamp, stamp); err != nil {
				t.Fatal(err)
			}
			if res, err := b.folder.Peek(context.Background()); tc.stamped > 0 && (err != nil || len(res.Waiting) != 0) {
				t.Errorf("a plan waits for it: %+v, %v", res.Waiting, err)
			}
			sets := adaptertest.Settle(t, b).Sets
			if tc.old {
				for _, c := range b.folder.store.all() {
					c.Snapshot = c.Changed
					if err := b.folder.store.save(c); err != nil {
						t.Fatal(err)
					}
				}
				sets = adaptertest.Settle(t, b).Sets
			}
			b.ingest(sets)
			b.Advance(-tc.setBack)
			b.Restart()
			res := b.drop("b_02")
			b.ingest(res.Sets)
			if got := b.ingested(); got != "a_01 b_02" || len(res.Standing) != 0 {
				t.Errorf("the next file: in force %s, standing %+v", got, res.Standing)
			}
			b.Advance(500 * 24 * time.Hour)
			res = b.drop("b_03")
			b.ingest(res.Sets)
			if got := b.ingested(); got != "a_01 b_03" {
				t.Errorf("a year later: in force %s", got)
			}
		})
	}
}

// A file dated far ahead must not make every later one "older".
func TestDateAhead(t *testing.T) {
	b := newBench(t, t.TempDir(), bound("bind: latest", "optional: true"))
	b.Deliver("a_20240228.csv", []byte("a_28"))
	b.Advance(time.Hour)
	if res, err := b.folder.Peek(context.Background()); err != nil || len(res.Sets) != 0 || len(res.Quarantined) != 1 {
		t.Errorf("a plan would take it: %d sets, %d quarantined, %v", len(res.Sets), len(res.Quarantined), err)
	}
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

// Property: in any order of deliveries of little content, restarts and ingests, in the end the newest day that is whole is in force, with what came
// last for it.
func TestDaysProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "run")
		if err != nil {
			rt.Fatal(err)
		}
		b := newBench(t, root, bound("bind: date", ""))
		dropped := map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			feed := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "feed")
			day := rapid.IntRange(1, 4).Draw(rt, "day")
			content := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "content")
			b.Deliver(fmt.Sprintf("%s_2024020%d.csv", feed, day), []byte(content))
			dropped[fmt.Sprint(feed, day)] = content
			res := adaptertest.Settle(t, b)
			if rapid.Bool().Draw(rt, "restart") {
				b.Restart()
				res = adaptertest.Settle(t, b)
			}
			if rapid.Bool().Draw(rt, "ingest") {
				b.ingest(res.Sets)
			}
		}
		res := adaptertest.Settle(t, b)
		b.ingest(res.Sets)
		want := ""
		for day := range 5 {
			x, y := dropped[fmt.Sprint("a", day)], dropped[fmt.Sprint("b", day)]
			if x != "" && y != "" {
				want = x + " " + y
			}
		}
		if got := b.ingested(); got != want {
			rt.Fatalf("in force is %q, want %q", got, want)
		}
		if again := adaptertest.Settle(t, b); len(again.Sets) != 0 {
			rt.Fatalf("offered again: %v", contents(t, again.Sets))
		}
	})
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

// A clock that runs ahead stamped one of two files that came together: it was written when it was taken, at the latest.
func TestWindowWithAStampToCome(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, 400 * 24 * time.Hour} {
		b := newBench(t, t.TempDir(), bound("bind: window, window: 30m", ""))
		for night := range 2 {
			b.Deliver("a_20240201.csv", fmt.Appendf(nil, "a %d", night))
			b.Deliver("b_20240201.csv", fmt.Appendf(nil, "b %d", night))
			stamp := b.now.Add(ahead)
			if err := os.Chtimes(filepath.Join(b.opt.Folder, "b_20240201.csv"), stamp, stamp); err != nil {
				t.Fatal(err)
			}
			b.ingest([]adapters.Set{adaptertest.One(t, adaptertest.Settle(t, b))})
			b.Advance(24 * time.Hour)
		}
		b.Deliver("a_20240201.csv", []byte("a of a later night"))
		if res := adaptertest.Settle(t, b); len(res.Sets) != 0 || !cmp.Equal([]string{"b"}, res.Incomplete[0].Missing) {
			t.Errorf("%v: the file of the night before is in the window: %d sets, %+v", ahead, len(res.Sets), res.Incomplete)
		}
	}
}
