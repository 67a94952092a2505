package dropfolder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// What can't be read in the state directory is said in each poll until somebody mended it, and no restart is needed for that.
func TestUnreadableStateIsSaidAsLongAsItIsSo(t *testing.T) {
	b := inForce(t)
	damaged, highest := filepath.Join(claimsDir(b.opt.State), "0000000001.claim"), filepath.Join(claimsDir(b.opt.State), highestName)
	whole, err := os.ReadFile(damaged)
	if err := errors.Join(err, os.Truncate(damaged, 0), os.WriteFile(highest, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	b.Restart()
	for range 3 {
		if diff := cmp.Diff([]string{"dropfolder.highest", "dropfolder.claim.0000000001"}, keys(b.poll().Notes)); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	}
	if err := errors.Join(os.WriteFile(damaged, whole, 0o600), os.Remove(highest)); err != nil {
		t.Fatal(err)
	}
	if res := b.poll(); len(res.Notes) != 0 || len(kept(t, b)) != 2 {
		t.Errorf("mended: %d kept, notes %v", len(kept(t, b)), keys(res.Notes))
	}
	b.Deliver("tracks.csv", []byte("tracks of the next day"))
	if set := adaptertest.One(t, adaptertest.Settle(t, b)); adaptertest.Content(t, set.Files[0]) != "clients 1" {
		t.Error("the next set lacks what could be read again")
	}
}

// So is a claim that was deleted because nobody could mend it.
func TestUnreadableClaimThatWasDeleted(t *testing.T) {
	b := inForce(t)
	damaged := filepath.Join(claimsDir(b.opt.State), "0000000001.claim")
	if err := os.Truncate(damaged, 0); err != nil {
		t.Fatal(err)
	}
	b.Restart()
	b.poll()
	if err := os.Remove(damaged); err != nil {
		t.Fatal(err)
	}
	if res := b.poll(); len(res.Notes) != 0 {
		t.Errorf("notes %v", keys(res.Notes))
	}
}

// cutOff leaves a file taken and not removed, as a crash between the two does.
func cutOff(t *testing.T, b *bench, name string, content string) (hidden string) {
	t.Helper()
	b.Deliver(name, []byte(content))
	b.files.fail = func(op, path string) error {
		if op == "remove" && strings.Contains(path, takenPrefix) {
			hidden = path
			panic(crash{})
		}
		return nil
	}
	func() {
		defer func() { _ = recover() }()
		adaptertest.Settle(t, b)
	}()
	b.files.fail = nil
	if hidden == "" {
		t.Fatal("it was not taken")
	}
	b.Restart()
	return hidden
}

// A file that was taken and can't be removed is said in each poll, and removed once it can be.
func TestTakenFileIsSaidAsLongAsItLies(t *testing.T) {
	b := inForce(t)
	cutOff(t, b, "tracks.csv", "tracks 2")
	b.files.fail = func(op, path string) error {
		if op == "remove" && strings.Contains(path, takenPrefix) {
			return fs.ErrPermission
		}
		return nil
	}
	for range 3 {
		if diff := cmp.Diff([]string{"dropfolder.taken"}, keys(b.poll().Notes)); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	}
	b.files.fail = nil
	if res := b.poll(); len(res.Notes) != 0 || len(b.names()) != 0 {
		t.Errorf("left %v, notes %v", b.names(), keys(res.Notes))
	}
}

// The same of one that somebody changed, and whose name a newer file has: it gets that back, and is taken anew, when the newer one is taken.
func TestTakenFileGetsItsNameBack(t *testing.T) {
	b := inForce(t)
	hidden := cutOff(t, b, "tracks.csv", "tracks 2")
	b.Advance(time.Minute)
	if err := errors.Join(os.WriteFile(hidden, []byte("changed"), 0o600), os.Chtimes(hidden, b.now, b.now)); err != nil {
		t.Fatal(err)
	}
	b.Advance(time.Minute)
	b.Deliver("tracks.csv", []byte("tracks 3"))
	res := b.poll()
	if len(res.Notes) != 1 || !strings.Contains(res.Notes[0].Text, "a newer file has its name") {
		t.Fatalf("notes %+v", res.Notes)
	}
	b.poll()
	res = adaptertest.Settle(t, b)
	if len(res.Notes) != 0 || len(b.names()) != 0 || len(kept(t, b)) != 5 {
		t.Errorf("left %v, kept %d, notes %v", b.names(), len(kept(t, b)), keys(res.Notes))
	}
}

// The folder was not there at the start: what a crash left in it is removed when it is.
func TestTakenFileInAFolderThatComesLater(t *testing.T) {
	b := inForce(t)
	cutOff(t, b, "tracks.csv", "tracks 2")
	away := b.opt.Folder + ".away"
	if err := os.Rename(b.opt.Folder, away); err != nil {
		t.Fatal(err)
	}
	b.poll()
	if err := os.Rename(away, b.opt.Folder); err != nil {
		t.Fatal(err)
	}
	if res := b.poll(); len(res.Notes) != 0 || len(b.names()) != 0 {
		t.Errorf("left %v, notes %v", b.names(), keys(res.Notes))
	}
}

// The original could not be removed, and somebody put another file in its place, of its size and time: that one is read, not deleted.
func TestOtherContentInThePlaceOfATakenFile(t *testing.T) {
	for name, c := range map[string]struct {
		op      string
		restart bool
	}{"held where it is": {"rename", false}, "held aside": {"remove", false}, "after a restart": {"rename", true}} {
		t.Run(name, func(t *testing.T) {
			b := inForce(t)
			b.Deliver("tracks.csv", []byte("tracks 2"))
			written := b.now
			b.files.fail = func(op, path string) error {
				if op == c.op && strings.HasPrefix(path, b.opt.Folder) {
					return fs.ErrPermission
				}
				return nil
			}
			b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
			path := filepath.Join(b.opt.Folder, "tracks.csv")
			if err := errors.Join(os.WriteFile(path, []byte("tracks 3"), 0o600), os.Chtimes(path, written, written)); err != nil {
				t.Fatal(err)
			}
			b.files.fail = nil
			if c.restart {
				b.Restart()
			}
			set := adaptertest.One(t, adaptertest.Settle(t, b))
			if got := adaptertest.Content(t, set.Files[1]); got != "tracks 3" || len(b.names()) != 0 {
				t.Errorf("taken %q, left %v", got, b.names())
			}
		})
	}
}

// The same of a file that lies aside when the daemon starts.
func TestOtherContentInThePlaceOfAHiddenFile(t *testing.T) {
	b := inForce(t)
	hidden := cutOff(t, b, "tracks.csv", "tracks 2")
	info, err := os.Lstat(hidden)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(hidden, []byte("tracks 3"), 0o600), os.Chtimes(hidden, info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[1]); got != "tracks 3" || len(b.names()) != 0 {
		t.Errorf("taken %q, left %v", got, b.names())
	}
}

// An original that could not be removed once and was overwritten is gone: its claim is kept no longer than any other.
func TestOverwrittenOriginalIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		sameAge bool
	}{"by a longer one": {"tracks 3, and more", false}, "by one of its size and time": {"tracks 3", true}} {
		t.Run(name, func(t *testing.T) {
			b := inForce(t)
			b.files.fail = func(op, path string) error {
				if op == "rename" && filepath.Base(path) == "tracks.csv" {
					return fs.ErrPermission
				}
				return nil
			}
			written := b.now
			b.Deliver("tracks.csv", []byte("tracks 2"))
			b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
			if c.sameAge {
				b.Restart()
			} else {
				written = b.now
			}
			path := filepath.Join(b.opt.Folder, "tracks.csv")
			if err := errors.Join(os.WriteFile(path, []byte(c.content), 0o600), os.Chtimes(path, written, written)); err != nil {
				t.Fatal(err)
			}
			b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
			for _, k := range kept(t, b) {
				inForce := k.File.Input.Name == "clients_20240201.csv" || k.Number == 4
				if k.Until.IsZero() != inForce {
					t.Errorf("%d, %s, is kept until %v", k.Number, k.File.Input.Name, k.Until)
				}
			}
			b.Advance(31 * 24 * time.Hour)
			if res := b.poll(); res.Purged != 2 {
				t.Errorf("%d purged, want 2", res.Purged)
			}
		})
	}
}

// The folder that is there at the start is empty, as where a share is mounted is before that: what a crash left is found later.
func TestTakenFileBehindAnEmptyFolder(t *testing.T) {
	b := inForce(t)
	hidden := cutOff(t, b, "tracks.csv", "tracks 2")
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(hidden, away); err != nil {
		t.Fatal(err)
	}
	b.poll()
	if err := os.Rename(away, hidden); err != nil {
		t.Fatal(err)
	}
	b.poll()
	if res := b.poll(); len(res.Notes) != 0 || len(b.names()) != 0 {
		t.Errorf("left %v, notes %v", b.names(), keys(res.Notes))
	}
}
