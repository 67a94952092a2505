package dropfolder

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// announcing is the suite's profile, with done for its feed tracks.
func announcing(t *testing.T) *bench {
	return newBench(t, t.TempDir(), strings.ReplaceAll(adaptertest.ProfileYAML, "  - name: tracks\n", "  - name: tracks\n    done: true\n"))
}

// looksWhole refuses for the moment what doesn't begin with "whole".
func looksWhole(_ context.Context, _ *adapters.Feed, in adapters.Input) error {
	r, err := in.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	head := make([]byte, 5)
	if n, _ := r.Read(head); string(head[:n]) != "whole" {
		return &adapters.FileProblem{Rule: adapters.RuleFileTruncated, Passing: true}
	}
	return nil
}

// A .done file that was left over says nothing of a file that came after it.
func TestCompanionOfAnEarlierFile(t *testing.T) {
	b := announcing(t)
	b.Deliver("tracks.csv.done", nil)
	b.poll()
	b.Deliver("tracks.csv", []byte("half"))
	const says = "waits for a new tracks.csv.done: the one beside it is older than the file"
	for _, look := range []func(context.Context) (adapters.PollResult, error){b.folder.Poll, b.folder.Poll, b.folder.Peek} {
		res, err := look(context.Background())
		if err != nil || len(res.Waiting) != 1 || res.Waiting[0].Problem.ReasonEN != says || len(b.names()) != 2 {
			t.Fatalf("waiting %+v, left %v, %v", res.Waiting, b.names(), err)
		}
		b.Advance(time.Minute)
	}
	b.Deliver("tracks.csv", []byte("half and the rest"))
	b.Deliver("tracks.csv.done", nil) // at the same moment, as far as the clock of the disk tells
	b.poll()
	if left := b.names(); len(left) != 0 || b.folder.store.all()[0].Size != int64(len("half and the rest")) {
		t.Errorf("left %v", left)
	}
}

// Where the profile asks for no .done file, one that lies there makes no file older.
func TestCompanionThatNobodyAskedFor(t *testing.T) {
	b := open(t)
	b.Deliver("tracks.csv", []byte("half"))
	b.Deliver("tracks.csv.done", nil)
	peeked, err := b.folder.Peek(context.Background())
	if res := b.poll(); err != nil || len(peeked.Waiting) != 1 || len(res.Waiting) != 1 || len(b.names()) != 2 {
		t.Fatalf("taken at first sight: %+v, %v", res.Waiting, err)
	}
	b.poll()
	if left := b.names(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// What looks half written is named as long as it waits, with a .done file too.
func TestAnnouncedAndHalfWritten(t *testing.T) {
	b := announcing(t)
	b.opt.Check = looksWhole
	b.Restart()
	b.Deliver("tracks.csv", []byte("half"))
	b.Deliver("tracks.csv.done", nil)
	for i := range 15 {
		if res := b.poll(); len(res.Waiting) != 1 || res.Waiting[0].Problem.Rule != adapters.RuleFileTruncated {
			t.Fatalf("after %d minutes: waiting %+v", i, res.Waiting)
		}
	}
	if res := b.poll(); len(res.Quarantined) != 1 || len(b.names()) != 0 {
		t.Errorf("quarantined %+v", res.Quarantined)
	}
}

// A .done file that can't be removed is said until it is gone.
func TestCompanionThatCantBeRemoved(t *testing.T) {
	b := announcing(t)
	b.Deliver("tracks.csv", []byte("whole"))
	b.Deliver("tracks.csv.done", nil)
	b.files.fail = func(op, path string) error {
		if op == "remove" && filepath.Base(path) == "tracks.csv.done" {
			return fs.ErrPermission
		}
		return nil
	}
	b.poll()
	for range 2 {
		if diff := cmp.Diff([]string{"dropfolder.remove.tracks.csv.done"}, keys(b.poll().Notes)); diff != "" {
			t.Fatalf("notes (-want +got):\n%s", diff)
		}
	}
	b.Deliver("tracks.csv", []byte("whole, of the next day"))
	if res := b.poll(); len(res.Waiting) != 1 || len(res.Notes) != 0 {
		t.Errorf("waiting %+v, notes %v", res.Waiting, keys(res.Notes))
	}
}

// A clock that is set ahead makes no file older: neither one that was seen before, nor one that came since the last look.
func TestClockSetAhead(t *testing.T) {
	for name, early := range map[string]bool{"seen before": true, "not seen yet": false} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.opt.Check = looksWhole
			b.Restart()
			if early {
				b.Deliver("tracks.csv", []byte("half"))
			}
			b.poll()
			b.Deliver("tracks.csv", []byte("half"))
			b.setAhead(time.Hour)
			for i := range 15 {
				if res := b.poll(); len(res.Waiting) != 1 || len(b.names()) != 1 {
					t.Fatalf("quarantined %d minutes after the clock was set", i)
				}
			}
			if res := b.poll(); len(res.Quarantined) != 1 {
				t.Errorf("waiting %+v", res.Waiting)
			}
			// What is stamped by the clock as it stands now ages by its stamp.
			b.Deliver("tracks.csv", []byte("half again"))
			b.Advance(time.Hour)
			b.poll()
			if res := b.poll(); len(res.Quarantined) != 1 {
				t.Errorf("waiting %+v", res.Waiting)
			}
		})
	}
}

// A file that keeps changing is said, in the same words each time, though it is young again and again.
func TestKeepsChanging(t *testing.T) {
	const says = "the file has kept changing since 2024-02-10 06:00 UTC and isn't taken yet"
	const done = "waits for tracks.csv.done"
	for name, c := range map[string]struct {
		open    func(*testing.T) *bench
		every   int  // minutes
		changes bool // while it is read
		says    string
	}{
		"at each poll":             {open, 1, false, says},
		"half written in between":  {open, 2, false, says},
		"while it is read":         {open, 3, true, says},
		"without its .done file":   {announcing, 1, false, done},
		"whole, and not announced": {announcing, 100, false, done},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.open(t)
			b.opt.Check = looksWhole
			b.Restart()
			first, text := b.now, "half"
			if c.changes {
				b.files.fail = func(op, _ string) error {
					if op == "syncdir" || op == "write" { // its copy
						text += "."
						b.Deliver("tracks.csv", []byte(text))
					}
					return nil
				}
			}
			for i := range 40 {
				if i%c.every == 0 {
					text += "."
					b.Deliver("tracks.csv", []byte(text))
				}
				res := b.poll()
				if len(res.Waiting) != 1 {
					t.Fatalf("after %d minutes: %+v", i, res)
				}
				w := res.Waiting[0]
				if early := i < 15; !early && (w.Problem.ReasonEN != c.says || !w.Since.Equal(first)) || early && w.Problem.ReasonEN == says {
					t.Fatalf("after %d minutes: %s, since %v", i, w.Problem.ReasonEN, w.Since)
				}
			}
		})
	}
}

// One that rested was another file, and one that rests again is told by what it waits for.
func TestChangedOnce(t *testing.T) {
	b := announcing(t)
	b.Deliver("tracks.csv", []byte("of the day before"))
	for range 20 {
		b.poll()
	}
	second := b.now
	b.Deliver("tracks.csv", []byte("of this day"))
	b.poll()
	if w := b.poll().Waiting[0]; !w.Since.Equal(second) {
		t.Errorf("waits since %v", w.Since)
	}
	b.Advance(14 * time.Minute)
	third := b.now
	b.Deliver("tracks.csv", []byte("of this day, and more"))
	b.poll()
	b.poll()
	if w := b.poll().Waiting[0]; !w.Since.Equal(third) {
		t.Errorf("waits since %v", w.Since)
	}
}

// setAhead moves the clock while no time goes by.
func (b *bench) setAhead(by time.Duration) {
	set := b.now.Add(by)
	b.now = set
	b.folder.elapsed = func(later, earlier time.Time) time.Duration {
		if earlier.Before(set) && !later.Before(set) {
			return later.Sub(earlier) - by
		}
		return later.Sub(earlier)
	}
}
