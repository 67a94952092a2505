package dropfolder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/seal"
)

const ocmw = "0212214917"

// bench is a drop folder on a temporary disk, with a clock and a history.
type bench struct {
	t       testing.TB
	opt     Options
	folder  *Folder
	now     time.Time
	history map[string]Ingested
	files   *faultyFiles
}

func newBench(t testing.TB, root, profile string) *bench {
	t.Helper()
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeyFile(key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := adapters.LoadProfile([]byte(profile))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, now: time.Date(2024, 2, 10, 6, 0, 0, 0, time.UTC), history: map[string]Ingested{}, files: &faultyFiles{FileSystem: OS()}}
	b.opt = Options{
		OCMW: ocmw, Folder: filepath.Join(root, "in"), State: filepath.Join(root, "state"),
		Profile: p, Version: "v1", Keys: keys, History: b, Files: b.files,
		Now: func() time.Time { return b.now },
	}
	if err := os.MkdirAll(b.opt.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	b.Restart()
	return b
}

func (b *bench) LastIngested(_ context.Context, of, feed string) (Ingested, bool, error) {
	if of != ocmw {
		return Ingested{}, false, errors.New("asked about another OCMW")
	}
	last, ok := b.history[feed]
	return last, ok, nil
}

func (b *bench) Source() adapters.Source { return b.folder }

func (b *bench) Restart() {
	folder, err := New(b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.folder = folder
}

func (b *bench) Deliver(name string, content []byte) {
	b.t.Helper()
	path := filepath.Join(b.opt.Folder, name)
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, b.now, b.now)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) Advance(d time.Duration) { b.now = b.now.Add(d) }

func (b *bench) Ingested(set adapters.Set) {
	for _, f := range set.Files {
		b.history[f.Feed] = Ingested{Hash: f.Hash, Snapshot: f.Snapshot, Version: b.opt.Version}
	}
}

func (b *bench) Fingerprint() string {
	sum := sha256.New()
	for _, root := range []string{b.opt.Folder, b.opt.State} {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				data, readErr := os.ReadFile(path)
				info, statErr := e.Info()
				if readErr != nil || statErr != nil {
					b.t.Fatal(readErr, statErr)
				}
				_, _ = fmt.Fprintln(sum, path, info.ModTime(), string(data))
			}
			return nil
		})
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func (b *bench) poll() adapters.PollResult {
	b.t.Helper()
	res, err := b.folder.Poll(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	b.Advance(time.Minute)
	return res
}

func (b *bench) names() []string {
	entries, err := os.ReadDir(b.opt.Folder)
	if err != nil {
		b.t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func keys(notes []adapters.Note) []string {
	all := []string{}
	for _, n := range notes {
		all = append(all, n.Key)
	}
	return all
}

// faultyFiles fails on demand.
type faultyFiles struct {
	FileSystem
	fail func(op, path string) error
	// durable lets syncs through: they are slow, and only what survives a power cut
	// depends on them.
	durable bool
}

func (f *faultyFiles) err(op, path string) error {
	if f.fail == nil {
		return nil
	}
	return f.fail(op, path)
}

func (f *faultyFiles) Open(path string) (fs.File, error) {
	if err := f.err("open", path); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f.FileSystem.Open(path)
}

func (f *faultyFiles) Create(path string) (SyncWriter, error) {
	w, err := f.FileSystem.Create(path)
	return faultyWriter{SyncWriter: w, f: f, path: path}, err
}

func (f *faultyFiles) Rename(from, to string) error {
	if err := f.err("rename", from); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return f.FileSystem.Rename(from, to)
}

func (f *faultyFiles) Remove(path string) error {
	if err := f.err("remove", path); err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return f.FileSystem.Remove(path)
}

func (f *faultyFiles) SyncDir(path string) error {
	if err := f.err("syncdir", path); err != nil {
		return err
	}
	if !f.durable {
		return nil
	}
	return f.FileSystem.SyncDir(path)
}

type faultyWriter struct {
	SyncWriter
	f    *faultyFiles
	path string
}

func (w faultyWriter) Write(p []byte) (int, error) {
	if err := w.f.err("write", w.path); err != nil {
		return 0, &fs.PathError{Op: "write", Path: w.path, Err: err}
	}
	return w.SyncWriter.Write(p)
}

func (w faultyWriter) Sync() error {
	if err := w.f.err("sync", w.path); err != nil {
		return err
	}
	if !w.f.durable {
		return nil
	}
	return w.SyncWriter.Sync()
}
