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
