package sqlite

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
)

// The log comes into the database while the connection that writes has not come to where it would do so itself.
func TestTheLogIsWrittenBackBesideCommits(t *testing.T) {
	s := fileStore(t)
	path := s.path
	before := size(t, path)
	if grow(t, s, backfillAt/2); size(t, path) != before {
		t.Fatal("a few commits are written back already: the test proves nothing")
	}
	grow(t, s, backfillAt)
	if err := s.backfill.Close(); err != nil { // waits until it is done; the other connections are open
		t.Fatal(err)
	}
	if size(t, path) == before {
		t.Error("nothing was written back")
	}
}

// Who reads holds on to the log. It is written back behind him when he is done, and nothing is lost or comes twice.
func TestWhoReadsIsNotOvertaken(t *testing.T) {
	s := fileStore(t)
	path := s.path
	grow(t, s, 10)
	count := func(tx *tx) (n int) {
		if err := tx.row(`SELECT COUNT(*) FROM audit`, nil, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := s.read(t.Context(), "look", func(tx *tx) error {
		seen := count(tx)
		grow(t, s, 3*backfillAt)
		if now := count(tx); now != seen {
			t.Errorf("%d records, and %d a moment later", seen, now)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	grow(t, s, 10)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the log is left behind: %v", err)
	}
	s, err = Open(t.Context(), Options{Path: path, Keys: s.keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.read(t.Context(), "look", func(tx *tx) error {
		if n := count(tx); n < 20+3*backfillAt {
			t.Errorf("%d records are left", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// grow adds records to the audit, a hundred a commit.
func grow(t *testing.T, s *Store, records int) {
	t.Helper()
	for done := 0; done < records; {
		err := s.write(context.Background(), "grow", func(tx *tx) error {
			for range 100 {
				if done++; done > records {
					break
				}
				if err := tx.audit(audit.Record{At: time.Unix(1, 0), Action: "test", Reason: fmt.Sprintf("%0500d", done)}, ""); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
