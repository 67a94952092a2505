package dropfolder

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// done takes a set to its end, as the cycle does.
func (b *bench) done(set adapters.Set) {
	b.t.Helper()
	b.Ingested(set)
	if err := b.folder.Done(context.Background(), set); err != nil {
		b.t.Fatal(err)
	}
}

func TestFileThatGrowsForAnHour(t *testing.T) {
	b := open(t)
	b.Deliver("tracks.csv", []byte("t"))
	content := []byte("begin")
	for minute := range 60 {
		content = append(content, "\nnog een rij"...)
		b.Deliver("clients.csv", content)
		if res := b.poll(); len(res.Sets) != 0 || len(res.Quarantined) != 0 {
			t.Fatalf("taken after %d minutes", minute)
		}
	}
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[0]); got != string(content) {
		t.Errorf("%d of %d bytes were taken", len(got), len(content))
	}
}

func TestClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{"back": -time.Hour, "ahead": time.Hour} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.opt.MinAge = 5 * time.Minute
			b.Restart()
			b.Deliver("clients.csv", []byte("half"))
			b.Deliver("tracks.csv", []byte("2"))
			b.poll()
			b.Advance(jump)
			b.Deliver("clients.csv", []byte("whole")) // still being written when the clock jumps
			if res := b.poll(); len(res.Sets) != 0 {
				t.Fatal("a file that changed since the last poll was taken")
			}
			var set adapters.Set
			for range 7 {
				if res := b.poll(); len(res.Sets) > 0 {
					set = adaptertest.One(t, res)
				}
			}
			if len(set.Files) != 2 || adaptertest.Content(t, set.Files[0]) != "whole" {
				t.Fatalf("not taken within minutes after the jump: %d files", len(set.Files))
			}
			b.done(set)
			b.Deliver("clients.csv", []byte("next"))
			b.Advance(-jump)
			b.Advance(2 * time.Hour)
			if got := adaptertest.Content(t, adaptertest.One(t, adaptertest.Settle(t, b)).Files[0]); got != "next" {
				t.Errorf("after the clock was put right: %q", got)
			}
		})
	}
}

// A file that goes away, at whatever moment, is no failure; one that comes back is taken.
func TestFileMovedAway(t *testing.T) {
	for name, at := range map[string]func(op, path string) bool{
		"before it is opened":   func(op, path string) bool { return op == "open" && strings.HasSuffix(path, "clients.csv") },
		"while it is read":      func(op, path string) bool { return op == "sync" && strings.Contains(path, "content") },
		"before its own taking": func(op, path string) bool { return op == "rename" && strings.HasSuffix(path, "clients.csv") },
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.Deliver("clients.csv", []byte("1"))
			path, gone := filepath.Join(b.opt.Folder, "clients.csv"), false
			b.files.fail = func(op, p string) error {
				if !gone && at(op, p) {
					gone = true
					return os.Rename(path, filepath.Join(t.TempDir(), "elsewhere"))
				}
				return nil
			}
			for _, res := range []adapters.PollResult{b.poll(), b.poll(), b.poll()} {
				if len(res.Notes) != 0 {
					t.Errorf("said: %+v", res.Notes)
				}
			}
			if !gone {
				t.Fatal("it never went away")
			}
			b.Deliver("tracks.csv", []byte("2"))
			b.Deliver("clients.csv", []byte("back"))
			if got := adaptertest.Content(t, adaptertest.One(t, adaptertest.Settle(t, b)).Files[0]); got != "back" {
				t.Errorf("taken: %q", got)
			}
		})
	}
}

// A file that is replaced while it is copied is not taken as a mixture.
func TestFileReplacedWhileItIsRead(t *testing.T) {
	b := open(t)
	b.Deliver("clients.csv", []byte("old"))
	b.Deliver("tracks.csv", []byte("2"))
	replaced := false
	b.files.fail = func(op, path string) error {
		if op == "sync" && strings.Contains(path, "content") && !replaced {
			replaced = true
			other := filepath.Join(b.opt.Folder, "clients.tmp")
			if err := os.WriteFile(other, []byte("new"), 0o600); err != nil {
				return err
			}
			return os.Rename(other, filepath.Join(b.opt.Folder, "clients.csv"))
		}
		return nil
	}
	adaptertest.Settle(t, b)
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[0]); !replaced || got != "new" {
		t.Errorf("taken: %q", got)
	}
}

func TestSameNameOtherContentAndOtherNameSameContent(t *testing.T) {
	b := open(t)
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks"))
	b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
	b.Deliver("clients_20240201.csv", []byte("clients 2"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[0]); got != "clients 2" {
		t.Errorf("the same name with other content: %q", got)
	}
	b.done(set)
	b.Deliver("clients_20240203.csv", []byte("clients 2"))
	if res := adaptertest.Settle(t, b); len(res.Sets) != 0 || len(res.Seen) != 1 {
		t.Errorf("another name with the same content: %d sets, %d seen", len(res.Sets), len(res.Seen))
	}
}

// The archive can't be written to: nothing is taken, it is said, and it mends.
func TestReadOnlyArchive(t *testing.T) {
	b := open(t)
	adaptertest.Settle(t, b) // the folders are there
	b.Deliver("clients.csv", []byte("1"))
	b.Deliver("tracks.csv", []byte("2"))
	b.files.fail = func(op, path string) error {
		if strings.HasPrefix(path, b.opt.State) && op != "open" {
			return syscall.EROFS
		}
		return nil
	}
	b.poll()
	for range 2 {
		res := b.poll()
		if len(res.Sets) != 0 || len(res.Notes) != 2 || !res.Notes[0].Failure || !strings.Contains(res.Notes[0].Hint, "state directory") {
			t.Fatalf("sets %d, notes %+v", len(res.Sets), res.Notes)
		}
	}
	if diff := cmp.Diff([]string{"clients.csv", "tracks.csv"}, b.names()); diff != "" {
		t.Errorf("left in the folder (-want +got):\n%s", diff)
	}
	b.files.fail = nil
	adaptertest.One(t, adaptertest.Settle(t, b))
}

func TestLongNames(t *testing.T) {
	b := open(t)
	name := "tracks" + strings.Repeat("-lang", 49) + ".csv" // 255 bytes
	b.Deliver("clients.csv", []byte("1"))
	b.Deliver(name, []byte("1"))
	res := adaptertest.Settle(t, b)
	if len(res.Notes) != 0 || len(b.names()) != 0 {
		t.Errorf("left %v, notes %+v", b.names(), res.Notes)
	}
	b.done(adaptertest.One(t, res))

	// And when a crash comes between the claim and the removal.
	cutOff(t, b, name, "2")
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[1]); got != "2" || len(b.names()) != 0 {
		t.Errorf("after a crash: content %q, left %v", got, b.names())
	}
}

// An older ledger was put back: the deltas that it does not know are offered again, in turn.
func TestDeltasAfterARestore(t *testing.T) {
	profile := strings.ReplaceAll(strings.ReplaceAll(bindProfile, "bind: date", "bind: latest"), "DELIVERY", "delivery: delta")
	b := newBench(t, t.TempDir(), profile)
	var backup map[string]Ingested
	for _, names := range [][]string{{"a_01", "b_01"}, {"b_02"}, {"a_03", "b_03"}, {"b_04"}} {
		for _, set := range b.drop(names...).Sets {
			b.done(set)
		}
		if names[0] == "b_02" {
			backup = maps.Clone(b.history)
		}
	}
	b.history = backup
	b.Restart()
	want := [][]string{{"a_03", "b_03"}, {"a_03", "b_04"}}
	if res, err := b.folder.Peek(context.Background()); err != nil || !cmp.Equal(want, contents(t, res.Sets)) {
		t.Errorf("a plan takes %v, %v", contents(t, res.Sets), err)
	}
	res := adaptertest.Settle(t, b)
	if diff := cmp.Diff(want, contents(t, res.Sets)); diff != "" {
		t.Fatalf("after the restore (-want +got):\n%s", diff)
	}
	for _, set := range res.Sets {
		b.done(set)
	}
	if res := adaptertest.Settle(t, b); len(res.Sets) != 0 {
		t.Errorf("offered again: %v", contents(t, res.Sets))
	}
}

// The ledger was restored on a new machine, without the archive: the last export, dropped again, takes its place, and
// a later file finds the others.
func TestArchiveLost(t *testing.T) {
	b := open(t)
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks 1"))
	b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
	if err := os.RemoveAll(b.opt.State); err != nil {
		t.Fatal(err)
	}
	b.Restart()
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks 1"))
	b.Advance(time.Hour)
	if res, err := b.folder.Peek(context.Background()); err != nil || len(res.Sets) != 0 {
		t.Errorf("a plan would take what is in force already: %d sets, %v", len(res.Sets), err)
	}
	if res := adaptertest.Settle(t, b); len(res.Sets)+len(res.Incomplete)+len(res.Quarantined) != 0 || len(b.names()) != 0 {
		t.Errorf("%d sets, %d incomplete, left %v", len(res.Sets), len(res.Incomplete), b.names())
	}
	b.Deliver("tracks.csv", []byte("tracks 2"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if diff := cmp.Diff([]string{"tracks"}, set.New); diff != "" || adaptertest.Content(t, set.Files[0]) != "clients 1" {
		t.Errorf("the next set: new %v", set.New)
	}
	b.done(set)
	b.Deliver("tracks.csv", []byte("tracks 2"))
	if res := adaptertest.Settle(t, b); len(res.Seen) != 1 {
		t.Errorf("the same again: %d seen", len(res.Seen))
	}
}
