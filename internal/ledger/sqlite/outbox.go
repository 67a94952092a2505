package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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
		if _, err := t.exec(`UPDATE entry SET claim = NULL WHERE state = 'inDoubt' AND claim IS NOT NULL`); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE entry SET state = 'inDoubt', claim = NULL, not_before = 0, doubt_since = ?1,
			updated_at = ?1 WHERE state = 'claimed' AND claim IS NOT NULL`, stored(now))
		recovered = int(n)
		return err
	})
	return recovered, err
}

// mayGo are the conditions that a lane's head must meet beside being due. What is in doubt is only read, which
// nobody's order forbids: an entry that MLP turns out not to have waits from then on, under maySend.
const mayGo = `e.head = 1 AND e.approved = 1 AND e.claim IS NULL AND (e.state = 'inDoubt' OR ` + maySend + `)`

// maySend are the conditions for sending: a client whose dossier is known and whom neither data nor a person
// holds, of an OCMW that is not stopped or paused (an order to pause counts before it is carried out: a delivery can
// take long).
const maySend = `p.held = 0 AND p.looked_up = 1
	AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.person = e.person)
	AND NOT EXISTS (SELECT 1 FROM ocmw o WHERE o.kbo = e.ocmw AND o.stopped_at IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM meta m WHERE m.key = 'fact/` + ledger.PausePrefix + `' || e.ocmw AND m.value <> '')
	AND NOT EXISTS (SELECT 1 FROM request r WHERE r.ocmw = e.ocmw AND r.kind = 'pause' AND r.applied_at IS NULL)`

// Claim implements ledger.Outbox.
func (s *Store) Claim(ctx context.Context, token string, limit int, skip []string, now time.Time) ([]outbox.Entry, error) {
	if token == "" {
		return nil, errors.New("claim entries: it takes a token")
	}
	var claimed []outbox.Entry
	err := s.write(ctx, "claim entries", func(t *tx) error {
		claimed = nil
		for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
			if err := claimFrom(t, state, token, limit, skip, now, &claimed); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// claimFrom claims heads in one state until the limit is reached or none is left. A
// round can find entries whose version is out of date; they don't count.
func claimFrom(t *tx, state outbox.State, token string, limit int, skip []string, now time.Time, claimed *[]outbox.Entry) error {
	for len(*claimed) < limit {
		due, err := dueEntries(t, `SELECT e.id, p.version FROM entry e JOIN person p ON p.id = e.person
			WHERE e.state = ?1 AND e.not_before <= ?2 AND `+mayGo+`
				AND (e.state = 'inDoubt' OR p.dirty = 0 OR p.version <> e.version)
				AND e.ocmw NOT IN (SELECT value FROM json_each(?3))
			ORDER BY e.not_before, e.id LIMIT ?4`, string(state), stored(now), list(skip), limit-len(*claimed))
		if err != nil || len(due) == 0 {
			return err
		}
		for _, d := range due {
			e, err := claimOne(t, d, token, now)
			if err != nil {
				return err
			}
			if e != nil {
				*claimed = append(*claimed, *e)
			}
		}
	}
	return nil
}

// dueEntry is the head of a lane, and the version of its person's known dossier.
type dueEntry struct {
	id    string
	known int64
}

func dueEntries(t *tx, query string, args ...any) ([]dueEntry, error) {
	var all []dueEntry
	for rs, err := range t.rows(query, args...) {
		if err != nil {
			return nil, err
		}
		var d dueEntry
		if err := rs.Scan(&d.id, &d.known); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// claimOne claims an entry, or supersedes its lane when the dossier's version is not
// the one that its decision saw (design decision 13).
func claimOne(t *tx, due dueEntry, token string, now time.Time) (*outbox.Entry, error) {
	id := due.id
	e, err := entryByID(t, id)
	if err != nil {
		return nil, err
	}
	if e.State == outbox.InDoubt {
		err := one(t.exec(`UPDATE entry SET claim = ? WHERE id = ? AND state = 'inDoubt' AND claim IS NULL`, token, id))
		e.Claim = token
		return &e, err
	}
	if due.known != e.Version {
		l := lane{t: t, ocmw: e.OCMW, person: e.Person, now: now}
		return nil, l.abandon()
	}
	if err := outbox.Transition(e.State, outbox.Claimed); err != nil {
		return nil, err
	}
	err = one(t.exec(`UPDATE entry SET state = 'claimed', claim = ?, updated_at = ? WHERE id = ? AND state = ? AND claim IS NULL`,
		token, stored(now), id, string(e.State)))
	e.State, e.Claim, e.UpdatedAt = outbox.Claimed, token, now.UTC()
	return &e, err
}

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
	run       string // that settled it
}

// give lets go of a claimed entry: one UPDATE with the old state and the claim in
// its WHERE (design decision 18). It returns the entry as it was held. The lane's next entry is its head
// afterwards, where this one is done with; else this one stays it.
func give(t *tx, e outbox.Entry, r release, now time.Time) (outbox.Entry, error) {
	held, err := letGo(t, e, r, now)
	if err != nil || isOpen(r.to) {
		return held, err
	}
	l := lane{t: t, ocmw: held.OCMW, person: held.Person, now: now}
	_, err = l.advance()
	return held, err
}

// letGo is give without the lane's next entry.
func letGo(t *tx, e outbox.Entry, r release, now time.Time) (outbox.Entry, error) {
	held, err := entryByID(t, e.ID)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (held.Claim == "" || held.Claim != e.Claim) {
		return held, ledger.ErrLostClaim
	}
	if err != nil {
		return held, err
	}
	if held.State != r.to {
		if err := outbox.Transition(held.State, r.to); err != nil {
			return held, err
		}
	}
	problem, err := t.s.sealProblem(held, r.why)
	if err != nil {
		return held, err
	}
	var settledRun any
	if r.to == outbox.Settled {
		settledRun = r.run
	}
	err = one(t.exec(`UPDATE entry SET state = ?1, claim = NULL, head = head AND ?2, not_before = ?3, attempts = attempts + ?4,
			trace_id = CASE WHEN ?5 = '' THEN trace_id ELSE ?5 END, problem = ?6, settled_run = ?7,
			doubt_since = CASE WHEN ?1 = 'inDoubt' THEN COALESCE(doubt_since, ?8) END, updated_at = ?8
		WHERE id = ?9 AND state = ?10 AND claim = ?11`,
		string(r.to), bit(isOpen(r.to)), stored(r.notBefore), bit(r.counted || r.sent && held.State == outbox.Claimed), e.TraceID, problem, settledRun, stored(now),
		e.ID, string(held.State), e.Claim))
	return held, err
}

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

// Settle implements ledger.Outbox.
func (s *Store) Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error {
	return s.SettleMany(ctx, run, []outbox.Entry{e}, []casefile.Dossier{known}, now)
}

// SettleMany implements ledger.Outbox.
func (s *Store) SettleMany(ctx context.Context, run string, entries []outbox.Entry, known []casefile.Dossier, now time.Time) error {
	if len(entries) != len(known) {
		return fmt.Errorf("settle entries: %d entries and %d dossiers", len(entries), len(known))
	}
	return s.write(ctx, "settle entries", func(t *tx) error {
		for i, e := range entries {
			if err := settle(t, run, e, known[i], now); err != nil {
				return err
			}
		}
		return nil
	})
}

func settle(t *tx, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error {
	held, err := letGo(t, e, release{to: outbox.Settled, sent: true, run: run}, now)
	if err != nil {
		return err
	}
	l := lane{t: t, ocmw: held.OCMW, person: held.Person, now: now}
	more, err := l.advance()
	if err != nil {
		return err
	}
	before, after, err := settleKnown(t, held, known, more, t.s.day(now))
	if err != nil {
		return err
	}
	return t.auditEntry(held, e.TraceID, audit.Record{At: now, Run: run, Action: "settled", Before: before, After: after})
}

// settleKnown stores the dossier after an entry and carries the rest of the lane, where there is more of it, to
// its version. Where the version moved by more than the entry's own write, somebody
// else wrote in between: then the rest was decided on what is not true any more, and
// the client is decided again (design decision 13). So it is when the lane is empty: on what MLP holds
// now, nothing may be left to send, and the decision that people see says so. It gives the category before and after.
func settleKnown(t *tx, e outbox.Entry, d casefile.Dossier, more bool, day casefile.Date) (before, after string, err error) {
	p, err := loadPerson(t, e.Person)
	if err != nil {
		return "", "", err
	}
	before = p.category
	change, err := casefile.UnmarshalChange(e.Payload)
	if err != nil {
		return "", "", fmt.Errorf("read change of entry: %w", err)
	}
	p.known.Written = casefile.Wrote(p.known.Written, change)
	if held := p.known.Dossier; held != nil && held.ID == d.ID && held.Version > d.Version {
		if err := p.save(t, ""); err != nil {
			return "", "", err
		}
		return before, p.category, setDirty(t, e.Person) // the feed was ahead of the answer
	}
	learnDossier(&p.known, &d)
	if err := p.save(t, day); err != nil {
		return "", "", err
	}
	ours := e.Version == 0 || d.Version == e.Version || d.Version == e.Version+1
	if !ours || !more {
		return before, p.category, setDirty(t, e.Person)
	}
	_, err = t.exec(`UPDATE entry SET version = ?1 WHERE person = ?2 AND seq > ?3 AND version = ?4 AND state IN ('waiting', 'suspended', 'parked')`,
		d.Version, e.Person, e.Seq, e.Version)
	return before, p.category, err
}

// auditEntry adds a record about an entry; the last trace id is the request's.
func (t *tx) auditEntry(e outbox.Entry, trace string, r audit.Record) error {
	r.OCMW, r.Client, r.Entry, r.Rule, r.RemoteID = e.OCMW, e.Pseudonym, e.ID, e.Rule, trace
	if trace == "" {
		r.RemoteID = e.TraceID
	}
	if r.Source == "" {
		r.Source = e.Op + " " + e.Kind
	}
	return t.audit(r, "")
}

// GiveBack implements ledger.Outbox.
func (s *Store) GiveBack(ctx context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "give entry back", func(t *tx) error {
		_, err := give(t, e, release{to: outbox.Waiting, notBefore: notBefore, counted: counted, why: why}, now)
		return err
	})
}

// Doubt implements ledger.Outbox.
func (s *Store) Doubt(ctx context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "leave entry in doubt", func(t *tx) error {
		_, err := give(t, e, release{to: outbox.InDoubt, notBefore: notBefore, sent: true, why: why}, now)
		return err
	})
}

// Park implements ledger.Outbox.
func (s *Store) Park(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error {
	return s.write(ctx, "park entry", func(t *tx) error {
		held, err := give(t, e, release{to: outbox.Parked, sent: true, why: why}, now)
		if err != nil {
			return err
		}
		return t.auditEntry(held, e.TraceID, audit.Record{At: now, Run: t.run(), Action: "parked", Reason: why.Type})
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
			learnDossier(k, known)
		})
	})
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
	held, err := give(t, e, release{to: outbox.Superseded, sent: true, why: why}, now)
	if err != nil {
		return err
	}
	k, err := loadKnown(t, held.Person)
	if err != nil {
		return err
	}
	learned(&k)
	if err := saveKnown(t, held.Person, k, t.s.day(now)); err != nil {
		return err
	}
	l := lane{t: t, ocmw: held.OCMW, person: held.Person, now: now}
	if err := l.abandon(); err != nil {
		return err
	}
	return t.auditEntry(held, e.TraceID, audit.Record{At: now, Run: t.run(), Action: action, Reason: why.Type})
}

// NextDue implements ledger.Outbox. A client that is to be decided again counts: its
// entries go, or others in their place.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	err := s.read(ctx, "find next due entry", func(t *tx) error {
		for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
			var at int64
			err := t.row(`SELECT MAX(e.not_before, e.created_at) FROM entry e JOIN person p ON p.id = e.person
				WHERE e.state = ? AND `+mayGo+` ORDER BY e.not_before, e.id LIMIT 1`, []any{string(state)}, &at)
			if errors.Is(err, sql.ErrNoRows) {
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

const entryColumns = `SELECT e.id, e.ocmw, e.person, p.pseudonym, e.seq, e.op, e.kind, e.registration, e.rule, e.state, e.version,
	e.attempts, e.not_before, e.payload, COALESCE(e.claim, ''), e.created_at, e.updated_at, e.trace_id, e.problem,
	e.approved, COALESCE(e.doubt_since, 0)
	FROM entry e JOIN person p ON p.id = e.person `

func entryByID(t *tx, id string) (outbox.Entry, error) {
	for rs, err := range t.rows(entryColumns+`WHERE e.id = ?`, id) {
		if err != nil {
			return outbox.Entry{}, err
		}
		return t.s.scanEntry(rs)
	}
	return outbox.Entry{}, ledger.ErrNotFound
}

func (s *Store) scanEntry(rs *sql.Rows) (outbox.Entry, error) {
	var e outbox.Entry
	var notBefore, created, updated, doubt int64
	var payload, problem []byte
	err := rs.Scan(&e.ID, &e.OCMW, &e.Person, &e.Pseudonym, &e.Seq, &e.Op, &e.Kind, &e.Registration, &e.Rule, &e.State, &e.Version,
		&e.Attempts, &notBefore, &payload, &e.Claim, &created, &updated, &e.TraceID, &problem, &e.Approved, &doubt)
	if err != nil {
		return e, err
	}
	e.NotBefore, e.CreatedAt, e.UpdatedAt, e.DoubtSince = instant(notBefore), instant(created), instant(updated), instant(doubt)
	plain, err := s.open("entry", e.OCMW, e.ID, "payload", payload)
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
	return e, wrap("read problem of entry", json.Unmarshal(problem, &e.Problem))
}
