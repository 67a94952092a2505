package sqlite

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Recover implements ledger.Outbox. A crash counts as no attempt: most of what was claimed was not
// sent yet, and a machine that falls over ten times is no fault of the entry's.
func (s *Store) Recover(ctx context.Context, now time.Time) (recovered int, err error) {
	err = s.write(ctx, "recover claims", func(t *tx) error {
		if err := outbox.Transition(outbox.Claimed, outbox.InDoubt); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE entry SET claim = NULL WHERE ` + inFlight + ` AND state = 'inDoubt' AND claim IS NOT NULL`); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE entry SET state = 'inDoubt', claim = NULL, not_before = 0, doubt_since = ?1,
			updated_at = ?1 WHERE `+inFlight+` AND state = 'claimed'`, stored(now))
		if err != nil {
			return err
		}
		recovered = int(n)
		_, err = t.exec(carryDoubts)
		return err
	})
	return recovered, err
}

// carryDoubts brings what is in doubt to the version that its lane has come to, where the last entry settled ahead of it, and in the same
// dossier, was the last to move it. It was claimed with that one, and sent, if it was, at the version that the answer told.
const carryDoubts = `UPDATE entry AS e SET version = p.version FROM person p
	WHERE e.` + inFlight + ` AND e.state = 'inDoubt' AND p.id = e.person AND p.version - 1 IN (
		SELECT s.version FROM entry s WHERE s.person = e.person AND s.seq < e.seq AND s.version >= e.version AND s.state = 'settled'
			AND NOT EXISTS (SELECT 1 FROM left_dossier l WHERE l.person = e.person AND l.seq >= s.seq AND l.seq < e.seq) ORDER BY s.seq DESC LIMIT 1)`

// abandon supersedes what the lane has not sent, and has the client decided again.
func (l *lane) abandon() error {
	old, err := l.queued()
	if err != nil {
		return err
	}
	for _, q := range old {
		if !q.state.Unsent() {
			continue
		}
		if err := l.move(q.id, q.state, outbox.Superseded); err != nil {
			return err
		}
	}
	if err := l.relane(); err != nil {
		return err
	}
	return setDirty(l.t, l.person)
}

// Known implements ledger.Outbox.
func (s *Store) Known(ctx context.Context, person int64) (casefile.Known, error) {
	var k casefile.Known
	err := s.read(ctx, "read known dossier", func(t *tx) (err error) {
		k, err = loadKnown(t, person)
		return err
	})
	return k, err
}

// release is what becomes of an entry that was held under a claim.
type release struct {
	to        outbox.State
	notBefore time.Time
	counted   bool // the attempt counts
	sent      bool // it counts when the entry was being sent, not when MLP was only read
	why       outbox.Problem
}

// give lets go of a claimed entry: one UPDATE with the old state and the claim in
// its WHERE (design decision 18). What was claimed behind it waits again, and the lane's next entry is its head
// afterwards, where this one is done with; else this one stays it.
func give(t *tx, e outbox.Entry, r release, now time.Time) error {
	if err := letGo(t, e, r, now); err != nil {
		return err
	}
	if err := keepBack(t, e, now); err != nil || isOpen(r.to) {
		return err
	}
	l := lane{t: t, ocmw: e.OCMW, person: e.Person, now: now}
	_, err := l.advance()
	return err
}

// keepBack returns what was claimed with an entry and goes behind it: it was not sent.
func keepBack(t *tx, e outbox.Entry, now time.Time) error {
	if err := outbox.Transition(outbox.Claimed, outbox.Waiting); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE entry SET state = 'waiting', claim = NULL, version = ?1, updated_at = ?2
		WHERE person = ?3 AND seq > ?4 AND state = 'claimed' AND claim = ?5`, e.Version, stored(now), e.Person, e.Seq, e.Claim)
	return err
}

// letGo is give without the rest of the lane. What MLP took goes with others (end).
func letGo(t *tx, e outbox.Entry, r release, now time.Time) error {
	if e.State != r.to {
		if err := outbox.Transition(e.State, r.to); err != nil {
			return fmt.Errorf("%w: %w", ledger.ErrLostClaim, err)
		}
	}
	problem, err := t.s.sealProblem(e, r.why)
	if err != nil {
		return err
	}
	counts := r.counted || r.sent && e.State == outbox.Claimed
	return one(t.exec(letGoUpdate, string(r.to), bit(isOpen(r.to)), stored(r.notBefore), bit(counts), e.TraceID, problem, stored(now),
		e.ID, e.Person, string(e.State), e.Claim, e.Version, e.Seq))
}

// letGoUpdate finds the entry by its place in the lane, where its neighbours are: ids are all over their index.
const letGoUpdate = `UPDATE entry SET state = ?1, claim = NULL, head = head AND ?2, version = ?12, not_before = ?3, attempts = attempts + ?4,
		trace_id = CASE WHEN ?5 = '' THEN trace_id ELSE ?5 END, problem = ?6,
		doubt_since = CASE WHEN ?1 = 'inDoubt' THEN COALESCE(doubt_since, ?7) END, updated_at = ?7
	WHERE +id = ?8 AND person = ?9 AND seq = ?13 AND state = ?10 AND claim = ?11`

func (s *Store) sealProblem(e outbox.Entry, p outbox.Problem) ([]byte, error) {
	if p == (outbox.Problem{}) {
		return nil, nil
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode problem: %w", err)
	}
	return s.seal("entry", e.OCMW, e.ID, "problem", plain), nil
}

// auditEntry adds a record about an entry.
func (t *tx) auditEntry(e outbox.Entry, r audit.Record) error {
	r.OCMW, r.Client, r.Entry, r.Rule, r.RemoteID = e.OCMW, e.Pseudonym, e.ID, e.Rule, e.TraceID
	if r.Source == "" {
		r.Source = e.Op + " " + e.Kind
	}
	return t.audit(r, "")
}

// GiveBack implements ledger.Outbox.
func (s *Store) GiveBack(ctx context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "give entry back", func(t *tx) error {
		return give(t, e, release{to: outbox.Waiting, notBefore: notBefore, counted: counted, why: why}, now)
	})
}

// Doubt implements ledger.Outbox.
func (s *Store) Doubt(ctx context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "leave entry in doubt", func(t *tx) error {
		return give(t, e, release{to: outbox.InDoubt, notBefore: notBefore, sent: true, why: why}, now)
	})
}

// Park implements ledger.Outbox.
func (s *Store) Park(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "park entry", func(t *tx) error {
		if err := give(t, e, release{to: outbox.Parked, sent: true, why: why}, now); err != nil {
			return err
		}
		return t.auditEntry(e, audit.Record{At: now, Run: t.run(), Action: "parked", Reason: why.Type})
	})
}

// Conflict implements ledger.Outbox.
func (s *Store) Conflict(ctx context.Context, e outbox.Entry, known *casefile.Dossier, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "decide again after conflict", func(t *tx) error {
		return overtaken(t, e, why, "conflict", now, func(k *casefile.Known) {
			if known == nil {
				k.LookedUp = false
				return
			}
			if !isOld(*k, *known) {
				learnDossier(k, known)
			}
			if c, err := casefile.UnmarshalChange(e.Payload); err == nil && changedAfter(e, c, *known) {
				k.Written = casefile.Wrote(maps.Clone(k.Written), c)
			}
		})
	})
}

// changedAfter tells that MLP took an entry, of which no answer came, and that somebody changed what it wrote since: what stands in its
// place is neither it nor what stood there before, under an id of ours that was new, or, where it is in doubt, two versions on or more. A change like it
// that was made before ours, which MLP then refused, is taken for one too: a person is asked (DATA-04), and nothing of theirs is overwritten.
func changedAfter(e outbox.Entry, c casefile.Change, d casefile.Dossier) bool {
	held := d.Held(c.Kind, c.ID)
	switch {
	case held == nil || c.Op == casefile.OpCreate || casefile.Satisfies(held, c.New):
		return false
	case c.Op == casefile.OpPut && c.Old == nil:
		return true
	}
	return e.State == outbox.InDoubt && d.Version > e.Version+1 && !casefile.Satisfies(held, c.Old)
}

// OutsideArea implements ledger.Outbox.
func (s *Store) OutsideArea(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "note dossier outside the area", func(t *tx) error {
		return overtaken(t, e, why, "outsideArea", now, func(k *casefile.Known) { k.OutsideArea = true })
	})
}

// overtaken supersedes an entry and its lane, as MLP's state is not the one that the
// decision saw.
func overtaken(t *tx, e outbox.Entry, why outbox.Problem, action string, now time.Time, learned func(*casefile.Known)) error {
	if err := give(t, e, release{to: outbox.Superseded, sent: true, why: why}, now); err != nil {
		return err
	}
	k, err := loadKnown(t, e.Person)
	if err != nil {
		return err
	}
	learned(&k)
	if err := saveKnown(t, e.Person, k, t.s.day(now)); err != nil {
		return err
	}
	l := lane{t: t, ocmw: e.OCMW, person: e.Person, now: now}
	if err := l.abandon(); err != nil {
		return err
	}
	return t.auditEntry(e, audit.Record{At: now, Run: t.run(), Action: action, Reason: why.Type})
}

// NextDue implements ledger.Outbox. A client that is to be decided again counts: its
// entries go, or others in their place.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	err := s.read(ctx, "find next due entry", func(t *tx) error {
		for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
			var at int64
			err := t.row(`SELECT MAX(h.not_before, h.created_at) FROM entry h JOIN person p ON p.id = h.person
				WHERE `+turn(state)+` ORDER BY h.not_before, h.rowid LIMIT 1`, nil, &at)
			if errors.Is(err, errNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if due == 0 || at < due {
				due = at
			}
		}
		return nil
	})
	return instant(due), err
}

const (
	entryStart = `SELECT e.rowid, e.id, e.ocmw, e.person, p.pseudonym, e.seq, e.op, e.kind, e.registration, e.rule, e.state, e.version,
		e.attempts, e.not_before, `
	entryMiddle = `, COALESCE(e.claim, ''), e.created_at, e.updated_at, e.trace_id, `
	entryEnd    = `, e.approved, COALESCE(e.doubt_since, 0), p.looked_up = 0, p.dirty`
	entryTables = ` FROM entry e JOIN person p ON p.id = e.person `

	entryColumns = entryStart + `e.payload` + entryMiddle + `e.problem` + entryEnd
	bareColumns  = entryStart + `x''` + entryMiddle + `NULL` + entryEnd // without what is sealed
)

func entryByID(t *tx, id string) (outbox.Entry, error) {
	for rs, err := range t.rows(entryColumns+entryTables+`WHERE e.id = ?`, id) {
		if err != nil {
			return outbox.Entry{}, err
		}
		return t.readEntry(rs)
	}
	return outbox.Entry{}, ledger.ErrNotFound
}

// readEntry reads a row of an entry's columns.
func (t *tx) readEntry(rs *rows) (outbox.Entry, error) {
	sealed, err := scanEntry(rs)
	if err != nil {
		return sealed.Entry, err
	}
	return t.entryOf(sealed)
}

// entryOf opens an entry. What of it is damaged is told with it, and no error.
func (t *tx) entryOf(sealed sealedEntry) (outbox.Entry, error) {
	e, err := t.s.openEntry(sealed)
	if err == nil {
		return e, nil
	}
	e.Damaged = err.Error()
	doubted := sealed.payload
	if e.Payload != nil {
		doubted = sealed.problem
	}
	return e, t.alone(doubted, err)
}

// sealedEntry is one with what can be read of it without its key.
type sealedEntry struct {
	outbox.Entry
	row              int64 // while the transaction lasts in which it was read
	payload, problem []byte
}

// scanEntry reads a row that begins with an entry's columns; more is where those behind them go.
func scanEntry(rs *rows, more ...any) (e sealedEntry, err error) {
	var notBefore, created, updated, doubt int64
	err = rs.Scan(append([]any{&e.row, &e.ID, &e.OCMW, &e.Person, &e.Pseudonym, &e.Seq, &e.Op, &e.Kind, &e.Registration, &e.Rule, &e.State, &e.Version,
		&e.Attempts, &notBefore, &e.payload, &e.Claim, &created, &updated, &e.TraceID, &e.problem, &e.Approved, &doubt, &e.LookUpFirst, &e.DecideFirst}, more...)...)
	e.NotBefore, e.CreatedAt, e.UpdatedAt, e.DoubtSince = instant(notBefore), instant(created), instant(updated), instant(doubt)
	return e, err
}

// openEntry decrypts an entry. With an error it gives what is in clear.
func (s *Store) openEntry(sealed sealedEntry) (outbox.Entry, error) {
	e, problem := sealed.Entry, sealed.problem
	plain, err := s.open("entry", e.OCMW, e.ID, "payload", sealed.payload)
	if err != nil {
		return e, err
	}
	size, n := binary.Uvarint(plain)
	if n <= 0 || uint64(len(plain)-n) < size {
		return e, errors.New("read entry: its payload is not whole")
	}
	e.ContentHash, e.Payload = string(plain[n:n+int(size)]), slices.Clone(plain[n+int(size):])
	if problem == nil {
		return e, nil
	}
	if problem, err = s.open("entry", e.OCMW, e.ID, "problem", problem); err != nil {
		return e, err
	}
	var said outbox.Problem
	if err := json.Unmarshal(problem, &said); err != nil {
		return e, fmt.Errorf("read problem of entry: %w", err)
	}
	e.Problem = said
	return e, nil
}
