package dropfolder

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// inForce is a folder of which a set was taken: clients "clients 1" and tracks "tracks".
func inForce(t *testing.T) *bench {
	t.Helper()
	b := open(t)
	b.Deliver("clients_20240201.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks"))
	b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
	return b
}

// work counts what is done with files, by operation and by place, and how often content was checked. Nothing counts behind a poll.
func (b *bench) work() map[string]int {
	counts := map[string]int{}
	var mu sync.Mutex // a check runs beside the copying
	b.files.fail = func(op, path string) error {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case strings.HasPrefix(path, b.opt.Folder) && op == "open":
			counts["read"]++
		case strings.Contains(path, contentDir(b.opt.State)) && op == "write":
			counts["sealed"]++
		case strings.Contains(path, contentDir(b.opt.State)) && op == "sync":
			counts["flushed"]++
		}
		return nil
	}
	b.opt.Check = func(context.Context, *adapters.Feed, adapters.Input) error {
		mu.Lock()
		defer mu.Unlock()
		counts["checked"]++
		return nil
	}
	b.Restart()
	return counts
}

func (b *bench) claimed(hash string) int {
	n := 0
	for _, c := range b.folder.store.claims {
		if c.Hash == hash {
			n++
		}
	}
	return n
}

func TestSameContentCostsOneHash(t *testing.T) {
	for _, tc := range []struct {
		name    string
		file    string
		content string
		version string
		want    map[string]int
		seen    int
		sets    int
	}{
		{"the same", "clients_20240202.csv", "clients 1", "v1", map[string]int{"read": 1}, 1, 0},
		{"of the same size", "clients_20240202.csv", "clients 2", "v1", map[string]int{"read": 2, "sealed": 2, "flushed": 1, "checked": 1}, 0, 1},
		{"of another size", "clients_20240202.csv", "clients 10", "v1", map[string]int{"read": 1, "sealed": 2, "flushed": 1, "checked": 1}, 0, 1},
		{"the same, in another feed", "tracks.csv", "clients 1", "v1", map[string]int{"read": 1, "checked": 1}, 0, 1},
		{"the same, read otherwise now", "clients_20240202.csv", "clients 1", "v2", map[string]int{"read": 1, "checked": 1}, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := inForce(t)
			b.opt.Version = tc.version
			counts := b.work()
			b.Deliver(tc.file, []byte(tc.content))
			res := adaptertest.Settle(t, b)
			if len(res.Seen) != tc.seen || len(res.Sets) != tc.sets || len(b.names()) != 0 {
				t.Errorf("%d seen, %d sets, left %v", len(res.Seen), len(res.Sets), b.names())
			}
			if diff := cmp.Diff(tc.want, counts); diff != "" {
				t.Errorf("work (-want +got):\n%s", diff)
			}
			for _, set := range res.Sets {
				for _, f := range set.Files {
					if f.Feed == feedOf(tc.file) && adaptertest.Content(t, f) != tc.content {
						t.Errorf("%s holds other content", f.Feed)
					}
				}
			}
		})
	}
}

func feedOf(file string) string {
	if strings.HasPrefix(file, "clients") {
		return "clients"
	}
	return "tracks"
}

// Of a delivery of several files one is new: the set has it beside the one that is in force, which is seen.
func TestSetOfSameAndNew(t *testing.T) {
	b := inForce(t)
	counts := b.work()
	b.Deliver("clients_20240202.csv", []byte("clients 1"))
	b.Deliver("tracks.csv", []byte("tracks of the next day"))
	res := adaptertest.Settle(t, b)
	set := adaptertest.One(t, res)
	if diff := cmp.Diff([]string{"tracks"}, set.New); diff != "" || len(res.Seen) != 1 {
		t.Errorf("%d seen, new (-want +got):\n%s", len(res.Seen), diff)
	}
	if a, c := adaptertest.Content(t, set.Files[0]), adaptertest.Content(t, set.Files[1]); a != "clients 1" || c != "tracks of the next day" {
		t.Errorf("the set holds %q and %q", a, c)
	}
	if counts["flushed"] != 1 || counts["checked"] != 1 {
		t.Errorf("more was copied or checked than the new file: %v", counts)
	}
	b.done(set)
	if err := b.folder.Quarantine(context.Background(), set.Files[0], adapters.FileProblem{}); !errors.Is(err, adapters.ErrInForce) {
		t.Errorf("the file in force can be quarantined: %v", err)
	}
}

// What was refused and comes again is refused again, and looked at again, out of the copy that is kept.
func TestRefusedContentAgain(t *testing.T) {
	b := inForce(t)
	counts := b.work()
	check := b.opt.Check
	b.opt.Check = func(ctx context.Context, feed *adapters.Feed, in adapters.Input) error {
		_ = check(ctx, feed, in)
		r, err := in.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if strings.HasPrefix(string(text), "bad") {
			return &adapters.FileProblem{Rule: adapters.RuleFileHeader}
		}
		return nil
	}
	b.Restart()
	for i, name := range []string{"clients_20240202.csv", "clients_20240203.csv"} {
		b.Deliver(name, []byte("bad content"))
		res := adaptertest.Settle(t, b)
		if len(res.Quarantined) != 1 || len(res.Standing) != i+1 || len(res.Sets)+len(res.Seen) != 0 || len(b.names()) != 0 {
			t.Errorf("%s: %d quarantined, %d standing, %d sets, left %v", name, len(res.Quarantined), len(res.Standing), len(res.Sets), b.names())
		}
	}
	if counts["flushed"] != 1 || counts["checked"] != 2 {
		t.Errorf("copied %d times, checked %d times", counts["flushed"], counts["checked"])
	}
}

// A copy that is missing, cut off, of a lost key or damaged is made anew when its content comes again.
func TestArchiveMends(t *testing.T) {
	damage := map[string]func(path string, sealed []byte) error{
		"missing": func(path string, _ []byte) error { return os.Remove(path) },
		"empty":   func(path string, _ []byte) error { return os.Truncate(path, 0) },
		"cut off": func(path string, sealed []byte) error { return os.Truncate(path, int64(len(sealed)/2)) },
		"damaged": func(path string, sealed []byte) error {
			sealed[len(sealed)-1] ^= 1
			return os.WriteFile(path, sealed, 0o600)
		},
	}
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			b := inForce(t)
			path := contentPath(b.opt.State, b.history["clients"].Hash)
			sealed, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := do(path, sealed); err != nil {
				t.Fatal(err)
			}
			b.Deliver("clients_20240202.csv", []byte("clients 1"))
			if res := adaptertest.Settle(t, b); len(res.Seen) != 1 {
				t.Errorf("%d seen", len(res.Seen))
			}
			b.Deliver("tracks.csv", []byte("tracks 2"))
			if got := adaptertest.Content(t, adaptertest.One(t, adaptertest.Settle(t, b)).Files[0]); got != "clients 1" {
				t.Errorf("kept is %q", got)
			}
		})
	}
}

// Damage behind the first chunk shows where the content is read; from then on it is doubted.
func TestDoubtedContentIsCopiedAnew(t *testing.T) {
	b := open(t)
	long := strings.Repeat("clients ", 20_000)
	b.Deliver("clients_20240201.csv", []byte(long))
	b.Deliver("tracks.csv", []byte("tracks"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	b.done(set)
	path := contentPath(b.opt.State, set.Files[0].Hash)
	sealed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-1] ^= 1
	if err := os.WriteFile(path, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := set.Files[0].Input.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err == nil {
		t.Fatal("damaged content was read")
	}
	_ = r.Close()
	b.Deliver("clients_20240202.csv", []byte(long))
	adaptertest.Settle(t, b)
	if got := adaptertest.Content(t, set.Files[0]); got != long {
		t.Error("the copy was not made anew")
	}
	counts := b.work()
	b.Deliver("clients_20240203.csv", []byte(long))
	if adaptertest.Settle(t, b); counts["sealed"] != 0 {
		t.Error("it is doubted still")
	}
}

// A file that is replaced while it is hashed is not taken for what it was.
func TestFileReplacedWhileItIsHashed(t *testing.T) {
	b := inForce(t)
	b.Deliver("clients_20240202.csv", []byte("clients 1"))
	replaced := false
	b.files.fail = func(op, path string) error {
		if op == "open" && strings.HasSuffix(path, sealedOf(b, "clients")) && !replaced {
			replaced = true
			other := filepath.Join(b.opt.Folder, "clients.tmp")
			if err := os.WriteFile(other, []byte("clients 2"), 0o600); err != nil {
				return err
			}
			return os.Rename(other, filepath.Join(b.opt.Folder, "clients_20240202.csv"))
		}
		return nil
	}
	adaptertest.Settle(t, b)
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if got := adaptertest.Content(t, set.Files[0]); !replaced || got != "clients 2" {
		t.Errorf("taken: %q", got)
	}
}

func sealedOf(b *bench, feed string) string {
	return filepath.Base(contentPath(b.opt.State, b.history[feed].Hash))
}

// TestCrashAnywhereWithSameContent stops the program at every operation on a file while a set with one new file and one that
// is in force is taken: afterwards the new file is taken once, and the other is seen, at least once.
func TestCrashAnywhereWithSameContent(t *testing.T) {
	for at := 1; ; at++ {
		b := inForce(t)
		hash := b.history["clients"].Hash
		before := maps.Clone(b.history)
		b.Deliver("clients_20240202.csv", []byte("clients 1"))
		b.Deliver("tracks.csv", []byte("tracks 2"))
		seen := 0
		crashed := b.crashAt(at, func() {
			for range 3 {
				res := b.poll()
				seen += len(res.Seen) // told, whatever comes after
				for _, set := range res.Sets {
					b.done(set)
				}
			}
		})
		b.Restart()
		res := adaptertest.Settle(t, b)
		seen += len(res.Seen)
		for _, set := range res.Sets {
			if got := adaptertest.Content(t, set.Files[0]) + ", " + adaptertest.Content(t, set.Files[1]); got != "clients 1, tracks 2" {
				t.Fatalf("crash at operation %d: %s", at, got)
			}
			b.done(set)
		}
		if seen == 0 || len(res.Quarantined) != 0 || b.history["clients"].Hash != hash || b.history["tracks"].Hash == before["tracks"].Hash {
			t.Fatalf("crash at operation %d: %d seen, %d sets, %d quarantined", at, seen, len(res.Sets), len(res.Quarantined))
		}
		if left := b.names(); len(left) != 0 {
			t.Fatalf("crash at operation %d: left %v", at, left)
		}
		if n := b.claimed(hash); n != 2 {
			t.Fatalf("crash at operation %d: %d claims of the same content", at, n)
		}
		contents, err := os.ReadDir(contentDir(b.opt.State))
		if err != nil || len(contents) != 3 {
			t.Fatalf("crash at operation %d: %d contents, %v", at, len(contents), err)
		}
		if !crashed {
			return
		}
	}
}

// crashAt ends the work at the n-th operation on a file, and says whether it came to it.
func (b *bench) crashAt(n int, work func()) (crashed bool) {
	var count atomic.Int64
	b.files.fail = func(string, string) error {
		if count.Add(1) == int64(n) {
			panic(crash{})
		}
		return nil
	}
	defer func() {
		b.files.fail = nil
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			crashed = true
		}
	}()
	work()
	return false
}
