package sqlite_test

import (
	"database/sql"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
)

// A new ledger has large pages. One with SQLite's own keeps them, and works; its backup, what is restored of that and a plan's copy have large ones.
func TestPages(t *testing.T) {
	dir, keys := t.TempDir(), newKeys(t)
	fresh, old := filepath.Join(dir, "new.db"), filepath.Join(dir, "old.db")
	db, err := sql.Open("sqlite", old)
	check(t, err)
	for _, statement := range []string{`PRAGMA page_size = 4096`, `PRAGMA journal_mode = WAL`, `CREATE TABLE made (at INTEGER)`, `DROP TABLE made`} {
		_, err := db.Exec(statement)
		check(t, err)
	}
	check(t, db.Close())
	for path, want := range map[string]int{fresh: 8192, old: 4096} {
		s := open(t, path, keys)
		fill(t, s)
		check(t, s.Check(t.Context()))
		backUp(t, s, path+".backup")
		scratch, err := s.Scratch(t.Context())
		check(t, err)
		copies, err := filepath.Glob(filepath.Join(dir, ".mlpsync-scratch-*[0-9]"))
		check(t, err)
		if len(copies) != 1 {
			t.Fatalf("copies: %v", copies)
		}
		wantPages(t, copies[0], 8192)
		check(t, scratch.Close())
		check(t, s.Close())
		wantPages(t, path, want)
		wantPages(t, path+".backup", 8192)
		_, err = sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, path+".backup", ledger.Actor{Name: "els", Reason: "x"})
		check(t, err)
		wantPages(t, path, 8192)
	}
}

// wantPages reads the size of a database's pages from its head, as a copy is locked.
func wantPages(t *testing.T, path string, want int) {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	if got := int(binary.BigEndian.Uint16(content[16:])); got != want {
		t.Errorf("%s has pages of %d, not %d", filepath.Base(path), got, want)
	}
}
