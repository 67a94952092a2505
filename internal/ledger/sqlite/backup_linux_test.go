package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is full in the middle of the copy is left as it was: SQLite's journal too.
func TestBackupToADiskThatFills(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small disk takes the right to mount one: %v", err)
	}
	t.Cleanup(func() { check(t, unix.Unmount(disk, unix.MNT_DETACH)) })
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	check(t, open(t, path, keys).Close())
	raw(t, path, `CREATE TABLE much AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT randomblob(3000) AS page FROM n`)
	_, err := open(t, path, keys).Backup(t.Context(), filepath.Join(disk, "backup"))
	if !strings.Contains(hint(err), "make room") {
		t.Errorf("%v, hint %q", err, hint(err))
	}
	left, err := os.ReadDir(disk)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
