package sqlite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
)

// A copy lies beside the ledger for as long as it is open, for nobody else to read; what a killed process left goes after a day.
func TestACopyLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "ledger.db"), Keys: newKeys(t)})
	check(t, err)
	defer s.Close()
	before := names(t, dir)
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "old-journal": 25 * time.Hour, "new": time.Hour} {
		path := filepath.Join(dir, ".mlpsync-scratch-"+name)
		check(t, os.WriteFile(path, []byte("x"), 0o600))
		check(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	scratch, err := s.Scratch(t.Context())
	check(t, err)
	check(t, scratch.SetMeta(t.Context(), "k", "v"))
	copies, err := filepath.Glob(filepath.Join(dir, ".mlpsync-scratch-[0-9]*"))
	check(t, err)
	if len(copies) == 0 {
		t.Fatal("no copy beside the ledger")
	}
	for _, path := range copies {
		info, err := os.Stat(path)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("others may read it: %s", info.Mode())
		}
	}
	check(t, scratch.Close())
	check(t, os.Remove(filepath.Join(dir, ".mlpsync-scratch-new")))
	if diff := cmp.Diff(before, names(t, dir)); diff != "" {
		t.Errorf("left: %s", diff)
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	}))
	return all
}
