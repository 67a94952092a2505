package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// run runs a statement past the ledger.
func run(t *testing.T, p *pool, query string, args ...any) {
	t.Helper()
	if err := p.with(t.Context(), func(c *conn) error { return c.exec(query, args...) }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// ask reads a row past the ledger.
func ask(t *testing.T, p *pool, query string, into ...any) {
	t.Helper()
	if err := p.with(t.Context(), func(c *conn) error { return c.row(query, nil, into...) }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// fileStore is a store in a file, in which two things can be asked at once.
func fileStore(t *testing.T) *Store { return openTest(t, filepath.Join(t.TempDir(), "ledger.db")) }

// A statement outlives its tables: on a temporary table it is used in the next transaction that makes such a one.
func TestStatementsOfTemporaryTables(t *testing.T) {
	s := fileStore(t)
	for _, column := range []string{"n INTEGER", "m TEXT"} {
		err := s.write(t.Context(), "use a temporary table", func(t *tx) error {
			if err := t.once(`CREATE TEMP TABLE gone (` + column + `)`); err != nil {
				return err
			}
			if n, err := t.exec(`INSERT INTO gone VALUES (1)`); err != nil || n != 1 {
				return fmt.Errorf("%d rows, %w", n, err)
			}
			return t.once(`DROP TABLE temp.gone`)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := s.write(t.Context(), "use none", func(t *tx) error {
		_, err := t.exec(`INSERT INTO gone VALUES (1)`)
		return err
	})
	if err == nil {
		t.Error("a table was used that is gone")
	}
}

func TestStatementsAreCompiledOnce(t *testing.T) {
	s := fileStore(t)
	var first *statement
	const query = `SELECT COUNT(*) FROM person WHERE id > ?`
	for range 2 {
		err := s.write(t.Context(), "count", func(x *tx) error {
			var n int
			if err := x.row(query, []any{0}, &n); err != nil || n != 0 {
				return fmt.Errorf("%d, %w", n, err)
			}
			if st := x.compiled[query]; first == nil {
				first = st
			} else if st != first {
				t.Error("it was compiled again")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A query may be asked again while it is walked, also by itself; and what is left in the midst holds nothing up.
func TestAQueryWithinItself(t *testing.T) {
	s := fileStore(t)
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n`
	var got []string
	err := s.read(t.Context(), "walk", func(x *tx) error {
		for range 2 {
			for outer, err := range x.rows(numbers, 3) {
				var o int
				if err := errors.Join(err, outer.Scan(&o)); err != nil {
					return err
				}
				for inner, err := range x.rows(numbers, 9) {
					var i int
					if err := errors.Join(err, inner.Scan(&i)); err != nil {
						return err
					}
					if got = append(got, fmt.Sprint(o, i)); i == o {
						break
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	once := []string{"1 1", "2 1", "2 2", "3 1", "3 2", "3 3"}
	if diff := cmp.Diff(append(once, once...), got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

type (
	word    string
	number8 int8
	truth   bool
	octets  []byte
)

// What is stored comes back as it was, also of named types; and a value is never taken for another.
func TestValuesComeBack(t *testing.T) {
	s := fileStore(t)
	const query = `SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`
	args := []any{int64(-1) << 63, 7, "a\x00ë", "", true, []byte{0, 1}, []byte{}, []byte(nil), word("w"), number8(-8), octets{2}}
	var (
		least       int64
		seven       int
		text, empty string
		yes         truth
		some, none  []byte
		reused      = raw("longer than what comes")
		nothing     = new(int64)
		w           word
		n           number8
		last        []byte
	)
	reused8 := reused[:0:cap(reused)]
	err := s.read(t.Context(), "look", func(x *tx) error {
		if err := x.row(query, args, &least, &seven, &text, &empty, (*bool)(&yes), &some, &none, &nothing, &w, &n, &last); err != nil {
			return err
		}
		return x.row(`SELECT x'0304'`, nil, &reused8)
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{least, seven, text, empty, bool(yes), some, none, nothing, w, n, last, []byte(reused8)}
	want := []any{int64(-1) << 63, 7, "a\x00ë", "", true, []byte{0, 1}, []byte{}, (*int64)(nil), word("w"), number8(-8), []byte{2}, []byte{3, 4}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if &reused8[:1][0] != &reused[:1][0] {
		t.Error("room was not used again")
	}
	for what, into := range map[string]any{
		`SELECT NULL`: new(string), `SELECT NULL -- `: new(int), `SELECT 'x'`: new(int64), `SELECT x'00'`: new(bool), `SELECT 1`: new([]byte),
		`SELECT 1.5`: new(int), `SELECT 1 -- `: new(struct{}),
	} {
		err := s.read(t.Context(), "look", func(x *tx) error { return x.row(what, nil, into) })
		if err == nil {
			t.Errorf("%s was read into a %T", what, into)
		}
	}
	for _, bad := range [][]any{nil, {1, 2}, {struct{}{}}} {
		err := s.read(t.Context(), "look", func(x *tx) error { return x.row(`SELECT ?`, bad, new(int)) })
		if err == nil {
			t.Errorf("%v were taken", bad)
		}
	}
}

// A ledger is closed when nobody uses it any more, and not used after.
func TestAPoolThatIsClosed(t *testing.T) {
	p, err := connections(fileURI(filepath.Join(t.TempDir(), "some.db")), toRead, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var closing sync.WaitGroup
	closing.Go(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	<-p.closed
	if err := c.exec(`SELECT 1`); err != nil {
		t.Error(err)
	}
	p.give(c)
	closing.Wait()
	if err := errors.Join(p.Close(), p.with(t.Context(), func(*conn) error { return nil })); !errors.Is(err, errClosed) {
		t.Errorf("a closed ledger: %v", err)
	}
}

// A context that has ended ends the transaction between two statements.
func TestAnEndedContextEndsATransaction(t *testing.T) {
	s := fileStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "be interrupted", func(t *tx) error {
		if _, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('x')`); err != nil {
			return err
		}
		cancel()
		_, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('y')`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it is told as %v", err)
	}
	none(t, s)
}

// One that ends behind the last statement too: nothing is committed.
func TestAnEndedContextCommitsNothing(t *testing.T) {
	s := fileStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "be interrupted", func(t *tx) error {
		defer cancel()
		_, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('x')`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it is told as %v", err)
	}
	none(t, s)
}

// A long statement is interrupted where that was asked for, is told as the context that ended, and the connection goes on.
func TestALongStatementIsInterrupted(t *testing.T) {
	s := fileStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "be interrupted", func(t *tx) error {
		t.interruptible()
		if _, err := t.exec(`INSERT INTO ocmw (kbo) VALUES ('x')`); err != nil {
			return err
		}
		for rs, err := range t.rows(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i = 1 OR i < 0`) {
			if err != nil {
				return err
			}
			if err := rs.Scan(new(int)); err != nil {
				return err
			}
			go cancel() // the second row never comes
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it is told as %v", err)
	}
	none(t, s)
}

// none looks that nothing was committed.
func none(t *testing.T, s *Store) {
	t.Helper()
	var n int
	ask(t, s.writer, `SELECT COUNT(*) FROM ocmw`, &n)
	if n != 0 {
		t.Errorf("%d rows stand", n)
	}
}

// Reads one after the other use one connection: each has pages and compiled statements of its own.
func TestFewConnectionsAreOpened(t *testing.T) {
	s := fileStore(t)
	var once bool
	for range 8 {
		if err := s.read(t.Context(), "look", func(x *tx) error { return x.row(`SELECT 1`, nil, &once) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.readers.free); n != 1 {
		t.Errorf("%d connections are open", n)
	}
}

// A large value is let go of with its statement.
func TestLargeValuesAreLetGo(t *testing.T) {
	s := fileStore(t)
	const query = `SELECT ?`
	for _, size := range []int{10, 1 << 20} {
		err := s.read(t.Context(), "look", func(x *tx) error {
			if err := x.row(query, []any{make([]byte, size)}, &[]byte{}); err != nil {
				return err
			}
			st := x.compiled[query]
			if _, err := st.Step(); err != nil {
				return err
			}
			if kept := !st.ColumnIsNull(0); kept != (size == 10) {
				t.Errorf("of %d bytes it is %t that they are kept", size, kept)
			}
			return st.Reset()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Who waits for another process to end its transaction waits no longer than the context lasts.
func TestWaitingForAWriterEndsWithTheContext(t *testing.T) {
	s := fileStore(t)
	other, err := connections(fileURI(s.path), toWrite, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := s.writer.with(t.Context(), func(c *conn) error { c.patience = 1000 * time.Hour; return nil }); err != nil {
		t.Fatal(err)
	}
	err = other.with(t.Context(), func(c *conn) error {
		if err := c.exec(toWrite); err != nil {
			return err
		}
		defer c.rollBack()
		ctx, cancel := context.WithTimeout(t.Context(), busyLook/2)
		defer cancel()
		err := s.write(ctx, "wait", func(*tx) error { return errors.New("it did not wait") })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(t.Context(), "after", "it"); err != nil {
		t.Error(err)
	}
}

// Behind the last statement of a schema nothing stands: a script takes it for one more.
func TestSchemasEndInAStatement(t *testing.T) {
	for v := 1; v <= schemaVersion; v++ {
		text, err := schemas.ReadFile(fmt.Sprintf("schema/%03d.sql", v))
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(text)), ";") {
			t.Errorf("version %d: %v", v, err)
		}
	}
}
