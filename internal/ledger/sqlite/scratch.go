package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/wholefile"
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
	f, err := wholefile.Aside(filepath.Dir(s.path), "scratch")
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
