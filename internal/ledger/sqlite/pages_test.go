package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// A new ledger has large pages. One with SQLite's own keeps them, and works; its backup, and what is restored of it, has large ones.
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
		copied, err := s.Scratch(t.Context())
		check(t, err)
		check(t, copied.Close())
		check(t, s.Close())
		if got := sizeOfPages(t, path); got != want {
			t.Errorf("%s has pages of %d, not %d", filepath.Base(path), got, want)
		}
		if got := sizeOfPages(t, path+".backup"); got != 8192 {
			t.Errorf("the backup of %s has pages of %d", filepath.Base(path), got)
		}
	}
}

func sizeOfPages(t *testing.T, path string) (size int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	check(t, err)
	check(t, db.QueryRow(`PRAGMA page_size`).Scan(&size))
	check(t, db.Close())
	return size
}
