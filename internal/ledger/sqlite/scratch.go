package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

const (
	scratchPrefix = ".mlpsync-scratch-"
	backupPrefix  = ".mlpsync-backup-"
	// forgotten is how old a file must be that a process left behind which was killed while it made it.
	forgotten = 24 * time.Hour
)

// Scratch implements ledger.Store: the copy is taken in one read transaction and has the same sealed columns. It lies in a file beside the
// ledger, until it is closed; that of a ledger in memory in memory.
func (s *Store) Scratch(ctx context.Context) (ledger.Store, error) {
	c := &Store{keys: s.keys, now: s.now, zone: s.zone}
	copied := s.copyToFile
	if s.path == "" {
		copied = s.copyToMemory
	}
	err := copied(ctx, c)
	switch {
	case err == nil:
		return c, nil
	case damaged(err):
		err = diskTrouble(err)
	case ctx.Err() == nil:
		err = &hinted{err, "make room for a copy of the ledger beside it, and run this as the user of the daemon"}
	}
	return nil, errors.Join(fmt.Errorf("copy ledger: %w", err), c.Close())
}

// copyInto makes a copy of the ledger. The writer's connection does: a reader's may write nothing at all.
func (s *Store) copyInto(ctx context.Context, uri string) error {
	return s.writer.with(ctx, func(c *conn) error {
		c.SetInterrupt(ctx.Done())
		defer c.SetInterrupt(nil)
		return ended(ctx, c.exec(`VACUUM INTO ?`, uri))
	})
}

func (s *Store) copyToMemory(ctx context.Context, c *Store) error {
	name := memoryName()
	if err := c.connectMemory(name); err != nil {
		return err
	}
	return s.copyInto(ctx, name)
}

func (s *Store) copyToFile(ctx context.Context, c *Store) error {
	RemoveForgotten(filepath.Dir(s.path), scratchPrefix)
	f, err := os.CreateTemp(filepath.Dir(s.path), scratchPrefix+"*") // mode 0600
	if err != nil {
		return err
	}
	c.scratch = f.Name()
	if err := f.Close(); err != nil {
		return err
	}
	if err := s.copyInto(ctx, fileURI(c.scratch)); err != nil {
		return err
	}
	return c.connectScratch(s.path)
}

// connectScratch opens the copy with one connection, which keeps its locks, and for which nothing need survive a power cut.
func (s *Store) connectScratch(ledgerPath string) error {
	settings := append(common(), besideLedger(ledgerPath)...)
	settings = append(settings, writingCache, "locking_mode(EXCLUSIVE)", "synchronous(0)")
	var err error
	s.writer, err = connections(fileURI(s.scratch)+"?mode=rw", toWrite, 1, settings)
	s.readers = s.writer
	return err
}

// RemoveForgotten removes from a folder the files whose names begin so and that are older than a day: processes have left them that were
// killed while they wrote aside. One that can't be removed is tried next time.
func RemoveForgotten(folder, prefix string) {
	files, _ := os.ReadDir(folder)
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), prefix) {
			continue
		}
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > forgotten {
			_ = os.Remove(filepath.Join(folder, f.Name()))
		}
	}
}
