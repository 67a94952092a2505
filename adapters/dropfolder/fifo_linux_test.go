package dropfolder

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
)

// A file that becomes a pipe between two looks at it holds nobody.
func TestSwappedForAPipe(t *testing.T) {
	for name, c := range map[string]struct {
		at   int  // which time that it is opened
		held bool // somebody has the pipe open to write to, and doesn't
		look func(*bench) func(context.Context) (adapters.PollResult, error)
	}{
		"while it is taken":     {1, false, func(b *bench) func(context.Context) (adapters.PollResult, error) { return b.folder.Poll }},
		"while a plan is made":  {1, false, func(b *bench) func(context.Context) (adapters.PollResult, error) { return b.folder.Peek }},
		"when it was looked at": {2, false, func(b *bench) func(context.Context) (adapters.PollResult, error) { return b.folder.Peek }},
		"and held by a writer":  {2, true, func(b *bench) func(context.Context) (adapters.PollResult, error) { return b.folder.Peek }},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.opt.Check = readToTheEnd
			b.Restart()
			b.Deliver("tracks.csv", []byte("whole"))
			b.poll()
			path, opened := filepath.Join(b.opt.Folder, "tracks.csv"), 0
			b.files.fail = func(op, of string) error {
				if op != "open" || of != path {
					return nil
				}
				if opened++; opened != c.at {
					return nil
				}
				err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600))
				if err == nil && c.held {
					writer, openErr := os.OpenFile(path, os.O_RDWR, 0)
					t.Cleanup(func() { _ = writer.Close() })
					err = openErr
				}
				return err
			}
			over := make(chan error, 1)
			go func() {
				_, err := c.look(b)(context.Background())
				over <- err
			}()
			select {
			case err := <-over:
				if err != nil || opened < c.at {
					t.Fatalf("opened %d times, %v", opened, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("it hangs")
			}
			if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
				t.Fatalf("%v, %v", info, err)
			}
			if notes := keys(b.poll().Notes); len(notes) != 1 || notes[0] != "dropfolder.notAFile.tracks.csv" || len(b.folder.store.all()) != 0 {
				t.Errorf("notes %v, taken %d", notes, len(b.folder.store.all()))
			}
		})
	}
}

func readToTheEnd(_ context.Context, _ *adapters.Feed, in adapters.Input) error {
	r, err := in.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(io.Discard, r)
	return err
}

// A file server that holds a file for a client asks the client to let go; until then it may be written to.
func TestHeldByAFileServer(t *testing.T) {
	b := open(t)
	b.Deliver("tracks.csv", []byte("whole"))
	b.poll()
	b.files.fail = func(op, _ string) error {
		if op == "open" {
			return syscall.EAGAIN
		}
		return nil
	}
	if res := b.poll(); len(res.Waiting) != 1 || !res.Waiting[0].Problem.Passing || len(res.Notes) != 0 {
		t.Errorf("waiting %+v, notes %v", res.Waiting, res.Notes)
	}
	b.files.fail = nil
	b.poll()
	b.poll()
	if left := b.names(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
