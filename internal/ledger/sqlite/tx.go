package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	engine "zombiezen.com/go/sqlite"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// tx is one transaction of the store. Whether its context has ended is looked at before each statement and each row.
type tx struct {
	*conn
	ctx     context.Context
	s       *Store
	head    *audit.Head // of the audit chain, read at the first record
	audits  *bulk       // records that are to be written
	damages []ledger.Damage
	unread  []error // of what was found damaged
	// undecided are persons whose last decision can't be read back.
	undecided []int64
}

// write runs do in a transaction that can write; what is the verb phrase of its
// errors. Rows must be closed before do asks the next thing of another transaction:
// in memory there is one connection.
func (s *Store) write(ctx context.Context, what string, do func(*tx) error) error {
	begun := false
	defer func() {
		if begun {
			s.moves.ended.Add(1)
		}
	}()
	return s.writeUnmoved(ctx, what, func(t *tx) error {
		begun = true
		s.moves.begun.Add(1)
		return do(t)
	})
}

// moves counts the transactions that may change what deciding reads. The one connection that writes has begun one after the other, so
// that in a transaction all before it are counted; whoever reads while one has not ended can't tell on which side of it he is.
type moves struct {
	begun, ended atomic.Int64
	others       atomic.Int64 // what SQLite counted of other connections' commits when that was last looked at
}

// at is the count for what is read from now on; 0 while something is being written.
func (m *moves) at() int64 {
	ended := m.ended.Load()
	if begun := m.begun.Load(); begun == ended {
		return begun
	}
	return 0
}

// now is the count in a transaction that writes, with what other connections wrote.
func (m *moves) now(t *tx) (int64, error) {
	var version int64
	if err := t.row(`PRAGMA data_version`, nil, &version); err != nil {
		return 0, err
	}
	if m.others.Swap(version) != version {
		m.begun.Add(1)
		m.ended.Add(1)
	}
	return m.begun.Load(), nil
}

// writeUnmoved is write for what leaves all that deciding reads of others as it was.
func (s *Store) writeUnmoved(ctx context.Context, what string, do func(*tx) error) error {
	if s.readOnly {
		return fmt.Errorf("%s: %w", what, ErrReadOnly)
	}
	return s.transact(ctx, s.writer, what, do)
}

// read runs do on a snapshot.
func (s *Store) read(ctx context.Context, what string, do func(*tx) error) error {
	return s.transact(ctx, s.readers, what, do)
}

// transact runs do in a transaction. Where it writes, the self-test kills right before and right after it is committed: when all is
// written and nothing stands, and when it stands and nobody knows.
func (s *Store) transact(ctx context.Context, db *pool, what string, do func(*tx) error) error {
	before, after := "", ""
	if db == s.writer && s.reached != nil {
		before, after = pointsOf(what)
	}
	t := &tx{ctx: ctx, s: s}
	err := db.with(ctx, func(c *conn) error {
		t.conn = c
		err := ended(ctx, t.whole(db.begin, before, do))
		if err == nil && db == s.writer && s.backfill != nil {
			s.backfill.committed(c)
		}
		return err
	})
	if err != nil {
		return wrap(what, diskTrouble(err))
	}
	if after != "" {
		s.reached(after)
	}
	if s.damaged != nil {
		for _, d := range t.damages {
			s.damaged(d)
		}
	}
	return nil
}

// whole runs the transaction from its beginning until it is committed, or undone.
func (t *tx) whole(begin, before string, do func(*tx) error) error {
	if err := t.begin(t.ctx, begin); err != nil {
		return err
	}
	defer t.rollBack()
	if err := do(t); err != nil {
		return err
	}
	if err := errors.Join(t.writeAudits(), t.ctx.Err()); err != nil {
		return err
	}
	if before != "" {
		t.s.reached(before)
	}
	return t.conn.exec("COMMIT")
}

// ended adds to an error that the context has ended: a statement that was interrupted says only that.
func ended(ctx context.Context, err error) error {
	if over := ctx.Err(); err != nil && over != nil && !errors.Is(err, over) {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}

// diskTrouble gives the errors of a full or failing disk a next step.
func diskTrouble(err error) error {
	switch codeOf(err) {
	case engine.ResultFull:
		return &hinted{err, "make room on the disk of the state directory; nothing is lost, and it goes on from where it was"}
	case engine.ResultIOErr, engine.ResultCantOpen: // also of a disk that is so full that nothing can be begun
		return &hinted{err, "make room on the disk of the state directory, and look at the rights of its files; if that is not it, check the disk itself"}
	case engine.ResultCorrupt, engine.ResultNotADB:
		return &hinted{err, "stop mlpsync, keep the state directory as it is, check its disk, and put back the last backup with \"mlpsync state restore FILE\""}
	}
	return err
}

// codeOf is SQLite's own code of an error.
func codeOf(err error) engine.ResultCode { return engine.ErrCode(err).ToPrimary() }

// hinted is an error with the next step.
type hinted struct {
	error
	next string
}

func (h *hinted) Unwrap() error { return h.error }

// Hint is what a person can do.
func (h *hinted) Hint() string { return h.next }

// interruptible has statements end with the context from now on; the returned func has them run to their end again. It is for long ones:
// watching costs as much as a short one does.
func (t *tx) interruptible() func() {
	t.SetInterrupt(t.ctx.Done())
	return func() { t.SetInterrupt(nil) }
}

// exec runs a statement and gives the number of rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	err := t.conn.exec(query, args...)
	return int64(t.Changes()), err
}

// insert runs an INSERT and gives the row's id.
func (t *tx) insert(query string, args ...any) (int64, error) {
	_, err := t.exec(query, args...)
	return t.LastInsertRowID(), err
}

// once runs statements that are not kept.
func (t *tx) once(script string) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return t.script(script)
}

// row scans the first row of a query; errNoRows when there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return t.conn.row(query, args, into...)
}

// rows walks a query. The body must not change the tables that it walks.
func (t *tx) rows(query string, args ...any) iter.Seq2[*rows, error] {
	return func(yield func(*rows, error) bool) {
		if err := t.walk(query, args, func(r *rows) bool { return yield(r, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// walk gives each row, until more says that it is enough.
func (t *tx) walk(query string, args []any, more func(*rows) bool) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	st, err := t.start(query, args)
	if err != nil {
		return err
	}
	defer func() { _ = st.end() }()
	for {
		there, err := st.Step()
		if err != nil || !there || !more((*rows)(st.Stmt)) {
			return err
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
	}
}

// column reads a query of one column.
func column[T any](t *tx, query string, args ...any) ([]T, error) {
	var all []T
	for rs, err := range t.rows(query, args...) {
		if err != nil {
			return nil, err
		}
		var v T
		if err := rs.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// list is a parameter for json_each, which makes it a set.
func list[T any](values []T) string {
	if len(values) == 0 {
		return "[]"
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "[]" // numbers and strings always marshal
	}
	return string(text)
}

// usualAAD is as long as most associated data, so that it needs no place of its own.
const usualAAD = 192

// ix is the keyed digest under which a value is found or compared. Half of the HMAC
// is kept: 128 bits do not meet by accident, and every index is half as large.
func (s *Store) ix(domain string, parts ...string) []byte {
	var room [usualAAD]byte
	return s.keys.Index(domain, string(seal.AppendAAD(room[:0], parts...)))[:16]
}

// seal encrypts a column's value and binds it to its place.
func (s *Store) seal(table, ocmw, row, column string, plain []byte) []byte {
	var room [usualAAD]byte
	return s.keys.Seal(plain, seal.AppendAAD(room[:0], table, ocmw, row, column))
}

func (s *Store) open(table, ocmw, row, column string, sealed []byte) ([]byte, error) {
	return s.appendOpen(nil, table, ocmw, row, column, sealed)
}

// appendOpen appends what open gives, for many values one after the other.
func (s *Store) appendOpen(to []byte, table, ocmw, row, column string, sealed []byte) ([]byte, error) {
	var room [usualAAD]byte
	plain, err := s.keys.AppendOpen(to, sealed, seal.AppendAAD(room[:0], table, ocmw, row, column))
	if err != nil {
		return nil, fmt.Errorf("decrypt %s.%s: %w", table, column, err)
	}
	return plain, nil
}

// place names a row by digests, where its number is not known before it is written.
func place(ixs ...[]byte) string {
	var room [64]byte
	name := room[:0]
	for _, ix := range ixs {
		name = hex.AppendEncode(name, ix)
	}
	return string(name)
}

// stored is an instant as a column holds it: nanoseconds, 0 for none.
func stored(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// instantOf is the instant of a column that may hold none.
func instantOf(ns *int64) time.Time {
	if ns == nil {
		return time.Time{}
	}
	return instant(*ns)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// found turns "no rows" into what the contract has for it.
func found(err error) error {
	if errors.Is(err, errNoRows) {
		return ledger.ErrNotFound
	}
	return err
}

// one demands that exactly one row was changed: none means that somebody else has
// the entry by now.
func one(changed int64, err error) error { return exactly(1)(changed, err) }

// exactly demands so many rows.
func exactly(n int) func(int64, error) error {
	return func(changed int64, err error) error {
		if err == nil && changed != int64(n) {
			err = ledger.ErrLostClaim
		}
		return err
	}
}
