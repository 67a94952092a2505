package dropfolder

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// kept are a folder's kept files as a second process beside its owner lists them.
func kept(t *testing.T, b *bench) []Kept {
	t.Helper()
	beside, err := New(b.opt)
	if err != nil {
		t.Fatal(err)
	}
	files, notes, err := beside.Kept()
	if err != nil || len(notes) != 0 {
		t.Fatalf("%v, notes %v", err, notes)
	}
	return files
}

func TestKept(t *testing.T) {
	b := open(t)
	if files := kept(t, b); len(files) != 0 {
		t.Fatalf("before the first poll: %+v", files)
	}
	b = inForce(t)
	b.Deliver("clients_20240131.csv", []byte("older"))
	adaptertest.Settle(t, b)
	files := kept(t, b)
	states := map[string]string{}
	for _, k := range files {
		states[k.File.Input.Name] = k.State
	}
	want := map[string]string{"clients_20240201.csv": "done", "tracks.csv": "done", "clients_20240131.csv": "quarantined"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	newest := files[0]
	if newest.Problem == nil || newest.Problem.Rule != adapters.RuleFileOlder || !newest.Until.Equal(newest.Since.Add(30*24*time.Hour)) {
		t.Errorf("the newest: %+v", newest)
	}
	if !files[1].Until.IsZero() || files[1].Problem != nil {
		t.Errorf("what is in force: %+v", files[1])
	}
	if got := adaptertest.Content(t, newest.File); got != "older" {
		t.Errorf("content %q", got)
	}
}

func TestKeptThatIsDamagedOrGone(t *testing.T) {
	b := inForce(t)
	file := kept(t, b)[0].File
	path := contentPath(b.opt.State, file.Hash)
	sealed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-1] ^= 1
	if err := os.WriteFile(path, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := file.Input.Open()
	if err == nil {
		_, err = io.ReadAll(r)
		_ = r.Close()
	}
	if err == nil {
		t.Error("damaged content is read")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Input.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone content: %v", err)
	}
}
