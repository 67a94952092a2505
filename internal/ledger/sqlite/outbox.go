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
		if _, err := t.exec(`UPDATE entry SET claim = NULL WHERE ` + inFlight + ` AND state = 'inDoubt' AND claim IS NOT NULL`); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE entry SET state = 'inDoubt', claim = NULL, not_before = 0, doubt_since = ?1,
			updated_at = ?1 WHERE `+inFlight+` AND state = 'claimed'`, stored(now))
		recovered = int(n)
		return err
	})
	return recovered, err
}

// inFlight finds, by the index that says the same, what is being sent or in doubt (outbox.State.InFlight).
const inFlight = `state IN ('claimed', 'inDoubt')`

// mayGo are the conditions that a lane's head must meet beside being due. What is in doubt is only read, which
// nobody's order forbids: an entry that MLP turns out not to have waits from then on, under maySend.
const mayGo = `e.head = 1 AND e.approved = 1 AND e.claim IS NULL AND (e.state = 'inDoubt' OR ` + maySend + `)`

// maySend are the conditions for sending: a client whose dossier is known and whom neither data nor a person
// holds, of an OCMW that is not stopped or paused (an order to pause counts before it is carried out: a delivery can
// take long).
const maySend = freeClient + ` AND ` + freeOCMW

const (
	freeClient = `p.held = 0 AND p.looked_up = 1 AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.person = e.person)`
	freeOCMW   = `NOT EXISTS (SELECT 1 FROM ocmw o WHERE o.kbo = e.ocmw AND o.stopped_at IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM meta m WHERE m.key = 'fact/` + ledger.PausePrefix + `' || e.ocmw AND m.value <> '')
	AND NOT EXISTS (SELECT 1 FROM request r WHERE r.ocmw = e.ocmw AND r.kind = 'pause' AND r.applied_at IS NULL)`
)

// claimed gathers entries as Claim gives them, and what it can't give.
type claimed struct {
	entries    []outbox.Entry
	known      []casefile.Known
	unreadable []string // ids of entries that can't be opened, or whose person's dossier can't
	err        error    // of the first of them
}

func (c *claimed) add(e outbox.Entry, k casefile.Known) {
	c.entries, c.known = append(c.entries, e), append(c.known, k)
}

// Claim implements ledger.Outbox.
func (s *Store) Claim(ctx context.Context, token string, limit int, skip []string, now time.Time) ([]outbox.Entry, []casefile.Known, error) {
	if token == "" {
		return nil, nil, errors.New("claim entries: it takes a token")
	}
	var all claimed
	err := s.write(ctx, "claim entries", func(t *tx) error {
		all = claimed{}
		for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
			if err := claimFrom(t, state, token, limit, skip, now, &all); err != nil {
				return err
			}
		}
		if len(all.entries) == 0 {
			return all.err // said when nobody else waits: one that can't be read stops no other
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return all.entries, all.known, nil
}

// claimFrom claims heads in one state until the limit is reached or none is left. A
// round can find entries whose version is out of date, or that can't be read; they don't count.
func claimFrom(t *tx, state outbox.State, token string, limit int, skip []string, now time.Time, all *claimed) error {
	for len(all.entries) < limit {
		due, err := dueEntries(t, entryColumns+knownColumns+entryTables+knownTable+`
			WHERE e.state = ?1 AND e.not_before <= ?2 AND `+mayGo+`
				AND (e.state = 'inDoubt' OR p.dirty = 0 OR p.version <> e.version)
				AND e.ocmw NOT IN (SELECT value FROM json_each(?3)) AND e.id NOT IN (SELECT value FROM json_each(?4))
			ORDER BY e.not_before, e.id LIMIT ?5`, string(state), stored(now), list(skip), list(all.unreadable), limit-len(all.entries))
		if err != nil || len(due) == 0 {
			return err
		}
		if err := claimAll(t, due, token, now, all); err != nil {
			return err
		}
	}
	return nil
}

// dueEntry is the head of a lane, and the person with the version of the dossier.
type dueEntry struct {
	outbox.Entry
	version    int64
	who        *person
	unreadable error
}

func dueEntries(t *tx, query string, args ...any) ([]dueEntry, error) {
	var all []dueEntry
	for rs, err := range t.rows(query, args...) {
		if err != nil {
			return nil, err
		}
		var d dueEntry
		var k knownScan
		sealed, err := scanEntry(rs, k.into()...)
		if err != nil {
			return nil, err
		}
		d.version = k.version
		if d.Entry, d.unreadable = t.s.openEntry(sealed); d.unreadable == nil {
			d.who, d.unreadable = k.person(t.s, d.OCMW, d.Person)
		}
		d.unreadable = wrap("open entry "+d.ID, d.unreadable)
		all = append(all, d)
	}
	return all, nil
}

// claimAll claims entries of one state, and supersedes the lanes whose dossier's version is not
// the one that their decision saw (design decision 13).
func claimAll(t *tx, due []dueEntry, token string, now time.Time, into *claimed) error {
	var waiting, doubtful []string
	for _, d := range due {
		switch {
		case d.unreadable != nil:
			if into.unreadable = append(into.unreadable, d.ID); into.err == nil {
				into.err = d.unreadable
			}
			continue
		case d.State == outbox.InDoubt:
			doubtful = append(doubtful, d.ID)
		case d.version != d.Version:
			l := lane{t: t, ocmw: d.OCMW, person: d.Person, now: now}
			if err := l.abandon(); err != nil {
				return err
			}
			continue
		default:
			if err := outbox.Transition(d.State, outbox.Claimed); err != nil {
				return err
			}
			waiting = append(waiting, d.ID)
			d.State, d.UpdatedAt = outbox.Claimed, now.UTC()
		}
		d.Claim = token
		into.add(d.Entry, d.who.known)
	}
	if len(doubtful) > 0 {
		err := exactly(len(doubtful))(t.exec(`UPDATE entry SET claim = ?1 WHERE id IN (SELECT value FROM json_each(?2)) AND state = 'inDoubt' AND claim IS NULL`,
			token, list(doubtful)))
		if err != nil {
			return err
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return exactly(len(waiting))(t.exec(`UPDATE entry SET state = 'claimed', claim = ?1, updated_at = ?2
		WHERE id IN (SELECT value FROM json_each(?3)) AND state = 'waiting' AND claim IS NULL`, token, stored(now), list(waiting)))
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
// its WHERE (design decision 18). The lane's next entry is its head
// afterwards, where this one is done with; else this one stays it.
func give(t *tx, e outbox.Entry, r release, now time.Time) error {
	if err := letGo(t, e, r, now); err != nil || isOpen(r.to) {
		return err
	}
	l := lane{t: t, ocmw: e.OCMW, person: e.Person, now: now}
	_, err := l.advance()
	return err
}

// letGo is give without the lane's next entry.
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
	var settledRun any
	if r.to == outbox.Settled {
		settledRun = r.run
	}
	return one(t.exec(`UPDATE entry SET state = ?1, claim = NULL, head = head AND ?2, not_before = ?3, attempts = attempts + ?4,
			trace_id = CASE WHEN ?5 = '' THEN trace_id ELSE ?5 END, problem = ?6, settled_run = ?7,
			doubt_since = CASE WHEN ?1 = 'inDoubt' THEN COALESCE(doubt_since, ?8) END, updated_at = ?8
		WHERE id = ?9 AND person = ?10 AND state = ?11 AND claim = ?12`,
		string(r.to), bit(isOpen(r.to)), stored(r.notBefore), bit(r.counted || r.sent && e.State == outbox.Claimed), e.TraceID, problem, settledRun, stored(now),
		e.ID, e.Person, string(e.State), e.Claim))
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
	_, _, err := s.SettleMany(ctx, run, "", []outbox.Entry{e}, []casefile.Dossier{known}, now)
	return err
}

// SettleMany implements ledger.Outbox.
func (s *Store) SettleMany(ctx context.Context, run, token string, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([]outbox.Entry, []casefile.Known, error) {
	if len(entries) != len(known) {
		return nil, nil, fmt.Errorf("settle entries: %d entries and %d dossiers", len(entries), len(known))
	}
	var next claimed
	err := s.write(ctx, "settle entries", func(t *tx) error {
		next = claimed{}
		people, err := loadPeople(t, lanesOf(entries))
		if err != nil {
			return err
		}
		tokens := map[string]string{} // by OCMW: empty where it may not go on
		for i, e := range entries {
			if _, asked := tokens[e.OCMW]; !asked && token != "" {
				if tokens[e.OCMW], err = tokenIfFree(t, e.OCMW, token); err != nil {
					return err
				}
			}
			l := settling{lane: lane{t: t, run: run, ocmw: e.OCMW, person: e.Person, now: now}, entry: e, who: people[e.Person], token: tokens[e.OCMW]}
			if err := l.settle(known[i], &next); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return next.entries, next.known, nil
}

// tokenIfFree gives the token back where nobody holds the OCMW's sending.
func tokenIfFree(t *tx, ocmw, token string) (string, error) {
	var free bool
	err := t.row(`SELECT `+freeOCMW+` FROM (SELECT ? AS ocmw) e`, []any{ocmw}, &free)
	if !free {
		token = ""
	}
	return token, err
}

func lanesOf(entries []outbox.Entry) []int64 {
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.Person
	}
	return ids
}

// settling is a lane whose entry MLP accepted.
type settling struct {
	lane
	entry outbox.Entry
	who   *person
	token string // under which the next entry is claimed; empty when it is not
}

// settle ends the entry, stores the dossier after it and carries the rest of the lane, where there is more of it, to
// its version. Where the version moved by more than the entry's own write, somebody
// else wrote in between: then the rest was decided on what is not true any more, and
// the client is decided again (design decision 13). So it is when the lane is empty: on what MLP holds
// now, nothing may be left to send, and the decision that people see says so.
func (l *settling) settle(d casefile.Dossier, next *claimed) error {
	if err := letGo(l.t, l.entry, release{to: outbox.Settled, sent: true, run: l.run}, l.now); err != nil {
		return err
	}
	if l.who == nil {
		return ledger.ErrNotFound
	}
	before := l.who.category
	ours, err := l.learn(d)
	if err != nil {
		return err
	}
	more, err := l.advanceTo(d.Version, ours, next)
	if err != nil {
		return err
	}
	if !ours || !more {
		if err := setDirty(l.t, l.person); err != nil {
			return err
		}
	}
	return l.t.auditEntry(l.entry, audit.Record{At: l.now, Run: l.run, Action: "settled", Before: before, After: l.who.category})
}

// learn saves what MLP holds now, unless the feed was ahead of the answer. It tells whether the entry alone made it so.
func (l *settling) learn(d casefile.Dossier) (ours bool, err error) {
	change, err := casefile.UnmarshalChange(l.entry.Payload)
	if err != nil {
		return false, fmt.Errorf("read change of entry: %w", err)
	}
	k := &l.who.known
	k.Written = casefile.Wrote(k.Written, change)
	if held := k.Dossier; held != nil && held.ID == d.ID && held.Version > d.Version {
		return false, l.who.save(l.t, "")
	}
	learnDossier(k, &d)
	version := l.entry.Version
	return version == 0 || d.Version == version || d.Version == version+1, l.who.save(l.t, l.t.s.day(l.now))
}

// advanceTo makes the lane's next entry its head, and claims it where it may go on at once; it tells whether there is one. Where
// the settled entry alone moved the dossier, the lane is carried to its version.
func (l *settling) advanceTo(version int64, ours bool, next *claimed) (bool, error) {
	sealed, may, later, err := l.first()
	if err != nil || sealed.ID == "" {
		return false, err
	}
	e, behind := sealed.Entry, l.entry.Version
	if ours && e.Version == behind {
		e.Version = version
		if may {
			e = l.goOn(sealed, version, next)
		}
	}
	err = one(l.t.exec(`UPDATE entry SET head = 1, version = ?1, state = ?2, claim = NULLIF(?3, ''), updated_at = ?4 WHERE id = ?5 AND state = ?6 AND claim IS NULL`,
		e.Version, string(e.State), e.Claim, stored(e.UpdatedAt), e.ID, string(sealed.State)))
	if err != nil || !later || !ours {
		return true, err
	}
	_, err = l.t.exec(`UPDATE entry SET version = ?1 WHERE person = ?2 AND seq > ?3 AND version = ?4 AND state IN ('waiting', 'suspended', 'parked')`,
		version, l.person, e.Seq, behind)
	return true, err
}

// goOn is an entry at a version, claimed where its state and the token let it be. One that can't be opened stays as it is, for Claim to
// tell: what MLP took is settled in any case.
func (l *settling) goOn(sealed sealedEntry, version int64, next *claimed) outbox.Entry {
	sealed.Version = version
	if l.token == "" || outbox.Transition(sealed.State, outbox.Claimed) != nil {
		return sealed.Entry
	}
	e, err := l.t.s.openEntry(sealed)
	if err != nil {
		return sealed.Entry
	}
	e.State, e.Claim, e.UpdatedAt = outbox.Claimed, l.token, l.now.UTC()
	next.add(e, l.who.known)
	return e
}

// first reads the lane's first open entry, whose id is empty where there is none; whether it may be sent as far as it and its client
// go; and whether there are later ones.
func (l *settling) first() (e sealedEntry, may, later bool, err error) {
	for rs, err := range l.t.rows(entryColumns+`, e.approved = 1 AND e.not_before <= ?2 AND p.dirty = 0 AND `+freeClient+`,
			EXISTS (SELECT 1 FROM entry f WHERE f.person = e.person AND f.seq > e.seq AND f.state IN `+openStates+`)`+entryTables+`
			WHERE e.person = ?1 AND e.state IN `+openStates+` ORDER BY e.seq LIMIT 1`, l.person, stored(l.now)) {
		if err != nil {
			return e, false, false, err
		}
		e, err = scanEntry(rs, &may, &later)
		return e, may, later, err
	}
	return e, false, false, nil
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

const (
	entryColumns = `SELECT e.id, e.ocmw, e.person, p.pseudonym, e.seq, e.op, e.kind, e.registration, e.rule, e.state, e.version,
		e.attempts, e.not_before, e.payload, COALESCE(e.claim, ''), e.created_at, e.updated_at, e.trace_id, e.problem,
		e.approved, COALESCE(e.doubt_since, 0)`
	entryTables = ` FROM entry e JOIN person p ON p.id = e.person `
)

func entryByID(t *tx, id string) (outbox.Entry, error) {
	for rs, err := range t.rows(entryColumns+entryTables+`WHERE e.id = ?`, id) {
		if err != nil {
			return outbox.Entry{}, err
		}
		return t.s.readEntry(rs)
	}
	return outbox.Entry{}, ledger.ErrNotFound
}

// readEntry reads a row of an entry's columns.
func (s *Store) readEntry(rs *sql.Rows) (outbox.Entry, error) {
	sealed, err := scanEntry(rs)
	if err != nil {
		return sealed.Entry, err
	}
	return s.openEntry(sealed)
}

// sealedEntry is one with what can be read of it without its key.
type sealedEntry struct {
	outbox.Entry
	payload, problem []byte
}

// scanEntry reads a row that begins with an entry's columns; more is where those behind them go.
func scanEntry(rs *sql.Rows, more ...any) (e sealedEntry, err error) {
	var notBefore, created, updated, doubt int64
	err = rs.Scan(append([]any{&e.ID, &e.OCMW, &e.Person, &e.Pseudonym, &e.Seq, &e.Op, &e.Kind, &e.Registration, &e.Rule, &e.State, &e.Version,
		&e.Attempts, &notBefore, &e.payload, &e.Claim, &created, &updated, &e.TraceID, &e.problem, &e.Approved, &doubt}, more...)...)
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
	return e, wrap("read problem of entry", json.Unmarshal(problem, &e.Problem))
}
