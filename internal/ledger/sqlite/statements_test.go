package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// A statement on a table that is gone with its transaction is not kept, and each transaction compiles its own.
func TestStatementsOfTemporaryTables(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	for range 2 {
		err := s.write(t.Context(), "use a temporary table", func(t *tx) error {
			if _, err := t.ExecContext(t.ctx, `CREATE TEMP TABLE gone (n INTEGER)`); err != nil {
				return err
			}
			if _, err := t.exec(`INSERT INTO gone VALUES (1)`); err != nil {
				return err
			}
			_, err := t.ExecContext(t.ctx, `DROP TABLE temp.gone`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.writing.find(`INSERT INTO gone VALUES (1)`) != nil {
		t.Error("a statement on a table that is gone is kept")
	}
}

func TestStatementsAreKept(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	const query = `SELECT COUNT(*) FROM person WHERE id > ?`
	for range 2 {
		var n int
		if err := s.read(t.Context(), "count", func(t *tx) error { return t.row(query, []any{0}, &n) }); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	}
	if s.reading.find(query) == nil || s.writing.find(query) != nil {
		t.Error("the statement is not kept where it was used")
	}
}

// A context that has ended ends the transaction between two statements.
func TestAnEndedContextEndsATransaction(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "be interrupted", func(t *tx) error {
		if _, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('x')`); err != nil {
			return err
		}
		cancel()
		_, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('y')`)
		return err
	})
	if err == nil {
		t.Error("the transaction went on")
	}
	var n int
	if err := s.read(t.Context(), "count", func(t *tx) error { return t.row(`SELECT COUNT(*) FROM ocmw`, nil, &n) }); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// A transaction that was rolled back because its context ended says that it ended, and not what database/sql makes of it.
func TestAnEndedContextIsTold(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "be interrupted", func(t *tx) error {
		for cancel(); ; { // until it is rolled back
			if _, err := t.ExecContext(context.WithoutCancel(ctx), `SELECT 1`); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it is told as %v", err)
	}
}
