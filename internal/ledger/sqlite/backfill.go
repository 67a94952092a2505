package sqlite

import (
	"context"
	"sync"
)

// backfill writes the log back into the database by a connection of its own, so that who commits need not wait for it. It may fall behind,
// or fail: the connection that writes then does it itself, once the log has grown to logMost.
type backfill struct {
	by   *pool
	wake chan struct{}
	ends func() // once
	all  sync.WaitGroup
	seen int64 // rows that had been changed when it was last woken; of the connection that writes
}

const (
	// logMost are the pages in the log at which the connection that writes waits until they are written back. More is left to it than SQLite's
	// own 1000, as it is for when the other does not keep up.
	logMost = "wal_autocheckpoint(2000)"
	// backfillAt are the changed rows after which the log is worth writing back: of 300 to 600 pages.
	backfillAt = 1500
)

func startBackfill(uri string) (*backfill, error) {
	by, err := connections(uri, toRead, 1, append(common(), inMemory, readingCache))
	if err != nil {
		return nil, err
	}
	b := &backfill{by: by, wake: make(chan struct{}, 1)}
	b.ends = sync.OnceFunc(func() { close(b.wake) })
	b.all.Go(func() {
		for range b.wake {
			_ = by.with(context.Background(), func(c *conn) error { return c.exec(`PRAGMA wal_checkpoint(PASSIVE)`) })
		}
	})
	return b, nil
}

// committed hears of a commit by the connection that writes.
func (b *backfill) committed(c *conn) {
	var changed int64
	if err := c.row(`SELECT total_changes()`, nil, &changed); err != nil || changed-b.seen < backfillAt {
		return
	}
	b.seen = changed
	select {
	case b.wake <- struct{}{}:
	default: // it is at it
	}
}

// Close waits until it is done. Nothing may be committed any more.
func (b *backfill) Close() error {
	b.ends()
	b.all.Wait()
	return b.by.Close()
}
