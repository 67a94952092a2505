package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/wholefile"
)

// ErrBackupExists means that the file to make is there already.
var ErrBackupExists = errors.New("the file is there already, and a backup never takes the place of another")

// Backup implements ledger.Store. SQLite copies in one read transaction, so a daemon
// goes on beside it; the file appears under its name only when it is proven and on disk.
func (s *Store) Backup(ctx context.Context, path string) (audit.Head, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return audit.Head{}, fmt.Errorf("back up ledger: find the file: %w", err)
	}
	if _, err := os.Lstat(path); err == nil {
		return audit.Head{}, fmt.Errorf("back up ledger: %w", ErrBackupExists)
	}
	tmp, err := wholefile.Aside(filepath.Dir(path), "backup")
	if err != nil {
		return audit.Head{}, fmt.Errorf("back up ledger: %w", err)
	}
	defer removeLedger(tmp.Name())
	// SQLite takes an empty file for a new one, and leaves it its mode. A store in memory would copy into memory
	// if it were not told otherwise.
	err = s.copyInto(ctx, fileURI(tmp.Name())+"?vfs="+diskVFS())
	if damaged(err) {
		err = diskTrouble(err)
	} else if err != nil && ctx.Err() == nil { // not the state's disk
		err = &hinted{err, "make room on the disk on which the backup is made, or name a file on another one"}
	}
	if err := errors.Join(err, wholefile.Finish(tmp)); err != nil {
		return audit.Head{}, fmt.Errorf("back up ledger: %w", err)
	}
	head, err := s.proveCopy(ctx, tmp.Name())
	if err == nil {
		err = wholefile.Name(tmp.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = ErrBackupExists
	}
	return head, wrap("back up ledger", err)
}

// diskVFS is SQLite's name for the file system of this machine.
func diskVFS() string {
	if runtime.GOOS == "windows" {
		return "win32"
	}
	return "unix"
}

// proveCopy reads the copy back, without making anything beside it.
func (s *Store) proveCopy(ctx context.Context, path string) (head audit.Head, err error) {
	db, err := connections(fileURI(path)+"?mode=ro&immutable=1", toRead, 1, nil)
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = s.transact(ctx, db, "read the copy back", func(t *tx) error {
		problems, err := column[string](t, `PRAGMA integrity_check(1)`)
		if err == nil && (len(problems) != 1 || problems[0] != "ok") {
			err = fmt.Errorf("SQLite says: %s", strings.Join(problems, "; "))
		}
		if err == nil {
			head, err = auditHead(t)
		}
		return err
	})
	return head, err
}

// Restored is what came of a restore.
type Restored struct {
	Aside string // folder of the state as it was before; empty when there was none
	Head  audit.Head
}

// Restore puts a backup in the place of the ledger that Options names. The caller
// holds the lock of its directory. The backup is proven on a copy first: keys, schema and
// everything that Inspect looks at; one of an older schema is brought forward. What was
// in its place is kept in a folder beside it. In the restored ledger nobody counts as
// looked up, so that everything is read from MLP before anything is sent (design decision 20).
func Restore(ctx context.Context, o Options, backup string, by ledger.Actor) (Restored, error) {
	var done Restored
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return done, fmt.Errorf("restore ledger: find its path: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return done, fmt.Errorf("restore ledger: %w", err)
	}
	fresh := path + ".restoring"
	defer removeLedger(fresh)
	if err := errors.Join(removeLedger(fresh), copyBackup(backup, fresh)); err != nil {
		return done, fmt.Errorf("restore ledger: %w", err)
	}
	o.Path, o.ReadOnly = fresh, false
	if done.Head, err = prepareRestored(ctx, o, by); err != nil {
		return done, fmt.Errorf("restore ledger: %w", err)
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	if done.Aside, err = keepAside(ctx, path, now()); err != nil {
		return done, fmt.Errorf("restore ledger: keep the present state: %w", err)
	}
	err = wholefile.Replace(fresh, path)
	return done, wrap("restore ledger: put the backup in place", err)
}

// copyBackup copies a backup; of a state directory that was copied whole, also the log beside
// the database.
func copyBackup(from, to string) error {
	if info, err := os.Stat(from); err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		return &hinted{fmt.Errorf("the backup can't be read: %s is no file", from), "name the file that \"mlpsync state backup\" made"}
	}
	err := copyFile(from, to)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return &hinted{fmt.Errorf("the backup can't be read: %w", err), "check its path and rights"}
	}
	if err != nil {
		return err
	}
	if info, err := os.Stat(to); err != nil || info.Size() == 0 {
		return errors.Join(err, &hinted{errors.New("the backup is empty"), "take another backup"})
	}
	if err := copyFile(from+"-wal", to+"-wal"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// prepareRestored proves the copy, and marks that nothing in it is known to hold now.
func prepareRestored(ctx context.Context, o Options, by ledger.Actor) (head audit.Head, err error) {
	if err := isLedger(ctx, o.Path); err != nil {
		return head, err
	}
	s, err := Open(ctx, o)
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Check(ctx); err != nil {
		return head, &hinted{fmt.Errorf("the backup is damaged: %w", err), "take another backup"}
	}
	err = s.write(ctx, "forget what MLP held", func(t *tx) error {
		for _, statement := range []string{`UPDATE ocmw SET cursor = NULL`, `UPDATE person SET looked_up = 0 WHERE looked_up = 1`} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		if err := t.audit(audit.Record{At: s.now(), Actor: by.Name, Action: "restored"}, by.Reason); err != nil {
			return err
		}
		head = *t.head
		return nil
	})
	return head, err
}

// isLedger refuses a database that never was a ledger: opening it would make it one.
func isLedger(ctx context.Context, path string) error {
	probe := &Store{}
	err := probe.connect(path)
	var version int
	if err == nil {
		version, err = probe.userVersion(ctx)
	}
	if err := errors.Join(err, probe.Close()); err != nil {
		return &hinted{fmt.Errorf("the backup is damaged: %w", err), "take another backup"}
	}
	if version == 0 {
		return &hinted{errors.New("the file is no backup of mlpsync"), `take one that "mlpsync state backup" made`}
	}
	return nil
}

// keptAside is how the name of a folder begins in which a restore keeps what was there.
const keptAside = "before-restore-"

// keepAside moves the present ledger into a folder of its own, and tells which. Its log
// goes first: left beside another database it would be taken for that one's.
func keepAside(ctx context.Context, path string, now time.Time) (string, error) {
	var present []string
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if _, err := os.Lstat(path + suffix); err == nil {
			present = append(present, path+suffix)
		}
	}
	if len(present) == 0 {
		return "", nil
	}
	aside := filepath.Join(filepath.Dir(path), keptAside+now.UTC().Format("20060102T150405.000Z"))
	if err := os.Mkdir(aside, 0o700); err != nil {
		return "", err
	}
	writeBack(ctx, path)
	for _, file := range present {
		err := os.Rename(file, filepath.Join(aside, filepath.Base(file)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // the log may be written back by now
			return aside, err
		}
	}
	wholefile.SyncFolder(aside)
	wholefile.SyncFolder(filepath.Dir(path))
	return aside, nil
}

// writeBack brings the log into the database, so that the kept state is one file. A
// damaged one stays as it is: file and log are kept together.
func writeBack(ctx context.Context, path string) {
	s := &Store{}
	if s.connect(path) == nil {
		_ = s.writer.with(ctx, func(c *conn) error { return c.script(`PRAGMA wal_checkpoint(TRUNCATE)`) })
	}
	_ = s.Close()
}

// removeLedger removes a database that isn't wanted, and what SQLite leaves beside it when the disk is full or the process
// is killed: a journal that stayed would be played back into the next database of that name.
func removeLedger(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", madeSuffix} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
