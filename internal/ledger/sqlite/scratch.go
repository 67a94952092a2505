package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// Scratch implements ledger.Store: the copy is taken in one read transaction, lies in
// memory with the same sealed columns, and writes nowhere.
func (s *Store) Scratch(ctx context.Context) (ledger.Store, error) {
	name := memoryName()
	c := &Store{keys: s.keys, now: s.now, zone: s.zone}
	if err := c.connectMemory(ctx, name); err != nil {
		return nil, errors.Join(fmt.Errorf("copy ledger: %w", err), c.Close())
	}
	// The writer's connection makes the copy: a reader's may write nothing at all.
	if _, err := s.writer.ExecContext(ctx, `VACUUM INTO ?`, name); err != nil {
		return nil, errors.Join(fmt.Errorf("copy ledger: %w", err), c.Close())
	}
	return c, nil
}
