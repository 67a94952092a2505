package sqlite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// dirtyQuery finds at most so many clients to decide, by each ground in the order of its index: what a batch costs does not
// depend on how many clients there are. Who was never decided is dirty.
const (
	dirtyQuery = `SELECT id FROM (SELECT p.id FROM person p INDEXED BY person_dirty
			WHERE p.ocmw = ?1 AND p.dirty = 1` + mayDecide + ` ORDER BY p.id LIMIT ?4)
		UNION SELECT id FROM (SELECT p.id FROM person p INDEXED BY person_review
			WHERE p.ocmw = ?1 AND p.review_on <> '' AND p.review_on <= ?2` + mayDecide + ` ORDER BY p.review_on, p.id LIMIT ?4)
		UNION SELECT id FROM (SELECT p.id FROM person p INDEXED BY person_version
			WHERE p.ocmw = ?1 AND p.decided_version > '' AND p.decided_version < ?3` + mayDecide + ` ORDER BY p.decided_version, p.id LIMIT ?4)
		UNION SELECT id FROM (SELECT p.id FROM person p INDEXED BY person_version
			WHERE p.ocmw = ?1 AND p.decided_version > ?3` + mayDecide + ` ORDER BY p.decided_version, p.id LIMIT ?4)
		ORDER BY id LIMIT ?4`
	mayDecide = ` AND p.id NOT IN (SELECT value FROM json_each(?5)) AND (p.looked_up = 1 OR p.insz_ix IS NULL)
		AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.person = p.id AND e.` + inFlight + `)`
)

// Dirty implements ledger.Deciding.
func (s *Store) Dirty(ctx context.Context, ocmw string, day casefile.Date, version string, limit int, except ...int64) ([]ledger.Subject, error) {
	var ids []int64
	at := s.moves.at() // before they are read: what is written meanwhile counts as written since
	err := s.read(ctx, "list clients to decide", func(t *tx) (err error) {
		ids, err = column[int64](t, dirtyQuery, ocmw, string(day), version, limit, list(except))
		return err
	})
	if err != nil {
		return nil, err
	}
	views, err := s.viewsOf(ctx, ids)
	subjects := make([]ledger.Subject, 0, len(views))
	for _, v := range views {
		v.Read = at
		subjects = append(subjects, v.Subject)
	}
	return subjects, err
}

// viewsOf reads clients by two connections, each of them half.
func (s *Store) viewsOf(ctx context.Context, ids []int64) ([]ledger.ClientView, error) {
	var halves [2][]ledger.ClientView
	var errs [2]error
	var reading sync.WaitGroup
	for i, half := range [][]int64{ids[:len(ids)/2], ids[len(ids)/2:]} {
		reading.Go(func() {
			errs[i] = s.read(ctx, "read clients to decide", func(t *tx) (err error) {
				halves[i], err = clientViews(t, half, madeOf())
				return err
			})
		})
	}
	reading.Wait()
	return append(halves[0], halves[1]...), cmp.Or(errs[0], errs[1])
}

// recordInputs are what the digests of inputs are made of where the records in force are concerned, by person.
type recordInputs map[int64][]byte

func (r recordInputs) add(person int64, kind casefile.RecordKind, deleted, missing bool, key, digest []byte) {
	out := append(binary.AppendUvarint(r[person], uint64(len(kind)+len(" 0 0"))), kind...)
	out = append(out, ' ', '0'+byte(bit(deleted)), ' ', '0'+byte(bit(missing)))
	r[person] = appendInHex(appendInHex(out, key), digest)
}

// appendInHex appends a digest as seal.AAD would its hex in capitals.
func appendInHex(out, digest []byte) []byte {
	const digits = "0123456789ABCDEF"
	out = binary.AppendUvarint(out, uint64(2*len(digest)))
	for _, b := range digest {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return out
}

func readRecordInputs(t *tx, ids []int64) (recordInputs, error) {
	records := make(recordInputs, len(ids))
	var kind casefile.RecordKind
	var deleted, missing bool
	var key, digest raw
	for _, person := range ids {
		for rs, err := range t.rows(`SELECT kind, deleted, missing_since IS NOT NULL, key_ix, digest FROM record WHERE person = ? ORDER BY kind, key_ix`, person) {
			if err != nil {
				return nil, err
			}
			if err := rs.Scan(&kind, &deleted, &missing, &key, &digest); err != nil {
				return nil, err
			}
			records.add(person, kind, deleted, missing, key, digest)
		}
	}
	return records, nil
}

// inputs are digests of all that deciding a person reads: the records in force, the
// rejected rows or the person that hold it, what caseworkers answered, and what is known of MLP. They are made of keyed
// digests, so that nobody can guess a record from one. They stand in plans, which are compared with them later.
func inputs(t *tx, ids []int64, records recordInputs) (map[int64]string, error) {
	hashes := make(map[int64]hash.Hash, len(ids))
	for _, query := range []string{
		// What is known comes first; there is a row for each person.
		`SELECT p.id, 'known', p.looked_up || ' ' || p.outside_area || ' ' || p.version || ' ' || p.held || ' ' || ` + sharedINSZ + `, COALESCE(hex(k.digest), '')
			FROM json_each(?) j JOIN person p ON p.id = j.value LEFT JOIN known k ON k.person = p.id`,
		`SELECT p.id, f.name, CAST(r.number AS TEXT), hex(x.digest)
			FROM json_each(?) j JOIN person p ON p.id = j.value JOIN export_row r ON r.client_ix = p.client_ix AND r.rejected = 1
				JOIN export_file f ON f.id = r.file JOIN export_set s ON s.id = f.export_set AND s.state = 'active'
				JOIN row_rejection x ON x.row = r.id
			ORDER BY p.id, f.name, r.number, x.ordinal`,
		`SELECT h.person, 'hold', CAST(h.since AS TEXT), h.actor FROM json_each(?) j JOIN hold h ON h.person = j.value`,
		`SELECT a.person, 'answer', CAST(a.given_at AS TEXT), hex(a.digest)
			FROM json_each(?) j JOIN answer a ON a.person = j.value ORDER BY a.person, a.given_at, a.id`,
	} {
		for rs, err := range t.rows(query, list(ids)) {
			if err != nil {
				return nil, err
			}
			var id int64
			var a, b, c string
			if err := rs.Scan(&id, &a, &b, &c); err != nil {
				return nil, err
			}
			h, begun := hashes[id]
			if !begun {
				h = sha256.New()
				hashes[id] = h
			}
			h.Write(seal.AAD(a, b, c))
			if !begun {
				h.Write(records[id])
			}
		}
	}
	digests := make(map[int64]string, len(hashes))
	for id, h := range hashes {
		digests[id] = hex.EncodeToString(h.Sum(nil))
	}
	return digests, nil
}

// Decide implements ledger.Deciding.
func (s *Store) Decide(ctx context.Context, run string, outcomes []ledger.Outcome, now time.Time) error {
	commit := s.writeUnmoved
	if slices.ContainsFunc(outcomes, adopts) {
		commit = s.write
	}
	return commit(ctx, "commit decisions", func(t *tx) error {
		grounds, err := s.grounds(t, outcomes)
		if err != nil {
			return err
		}
		d := decisions{
			t: t, run: run, now: now,
			payloads: newInsertion("decision", `person, payload`, ` ON CONFLICT (person) DO UPDATE SET payload = excluded.payload`),
		}
		for _, o := range outcomes {
			g := grounds[o.Subject.Person]
			if g == nil {
				continue // decided on what is not true any more: it stays dirty
			}
			delete(grounds, o.Subject.Person) // a second outcome of the same person has no ground
			if err := d.add(g, o); err != nil {
				return err
			}
			d.damage(g, o.Subject)
		}
		if err := d.tellDamage(); err != nil {
			return err
		}
		return d.conclude()
	})
}

// ground is a person whose decision can be committed.
type ground struct {
	ocmw, pseudonym, category string
	bare                      bool // nothing was ever planned of it
}

// grounds are the persons, by id, of whom what a decision read is still so, and nothing is being sent.
func (s *Store) grounds(t *tx, outcomes []ledger.Outcome) (map[int64]*ground, error) {
	ids := make([]int64, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.Subject.Person
	}
	grounds := make(map[int64]*ground, len(ids))
	for rs, err := range t.rows(`SELECT p.id, p.ocmw, p.pseudonym, p.category, NOT EXISTS (SELECT 1 FROM entry e WHERE e.person = p.id)
			FROM json_each(?) j CROSS JOIN person p ON p.id = j.value
			WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.person = p.id AND e.`+inFlight+`)`, list(ids)) {
		if err != nil {
			return nil, err
		}
		var id int64
		var g ground
		if err := rs.Scan(&id, &g.ocmw, &g.pseudonym, &g.category, &g.bare); err != nil {
			return nil, err
		}
		grounds[id] = &g
	}
	return grounds, s.dropMoved(t, grounds, outcomes)
}

// dropMoved leaves out those of whom what was read is not so any more. Where nothing was written since it was read but other decisions,
// of which each concerns its own person alone, it is not read again.
func (s *Store) dropMoved(t *tx, grounds map[int64]*ground, outcomes []ledger.Outcome) error {
	now, err := s.moves.now(t)
	if err != nil {
		return err
	}
	var doubtful []ledger.Outcome
	var ids []int64
	for _, o := range outcomes {
		if o.Subject.Read != now {
			doubtful, ids = append(doubtful, o), append(ids, o.Subject.Person)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	records, err := readRecordInputs(t, ids)
	if err != nil {
		return err
	}
	current, err := inputs(t, ids, records)
	if err != nil {
		return err
	}
	for _, o := range doubtful {
		if o.Subject.Inputs == "" || current[o.Subject.Person] != o.Subject.Inputs {
			delete(grounds, o.Subject.Person)
		}
	}
	return nil
}

// decisions gathers what is written of each decision.
type decisions struct {
	t        *tx
	run      string
	now      time.Time
	payloads *bulk
	made     []ledger.Outcome
	damaged  []ledger.Subject // held for that
	sound    []string         // pseudonyms of the others
}

// conclude stores the decisions: nobody of whom one was made is dirty then.
func (d *decisions) conclude() error {
	for _, o := range d.made {
		_, err := d.t.exec(`UPDATE person SET outcome = ?, decided_version = ?, decided_at = ?, review_on = ?, dirty = 0 WHERE id = ?`,
			o.Kind, o.Version, stored(d.now), reviewOn(o.Decision), o.Subject.Person)
		if err != nil {
			return err
		}
	}
	return d.payloads.run(d.t)
}

// add keeps a decision with all that follows from it.
func (d *decisions) add(g *ground, o ledger.Outcome) error {
	person, t := o.Subject.Person, d.t
	payload, err := casefile.MarshalDecision(o.Decision)
	if err != nil {
		return fmt.Errorf("encode decision: %w", err)
	}
	d.payloads.add(person, t.s.seal("decision", g.ocmw, number(person), "payload", payload))
	d.made = append(d.made, o)
	if err := adopt(t, person, o); err != nil {
		return err
	}
	if !g.bare || len(o.Entries) > 0 {
		lane := lane{t: t, run: d.run, ocmw: g.ocmw, person: person, now: d.now}
		if err := lane.plan(o); err != nil {
			return err
		}
	}
	rule, after := decidedRule(o.Decision, o.Decision.Day)
	return t.audit(audit.Record{
		At: d.now, Run: d.run, Action: "decided", OCMW: g.ocmw, Client: g.pseudonym, Rule: rule, RulesVersion: o.Version,
		Before: g.category, After: after, Reason: string(o.Kind),
	}, "")
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// reviewOn is a day after the decision's: one on or before it would ask for the same
// decision again and again.
func reviewOn(d casefile.Decision) casefile.Date {
	if !d.NextReview.IsZero() && d.NextReview <= d.Day {
		return d.Day.AddDays(1)
	}
	return d.NextReview
}

// decidedRule is the rule to name in the audit: of the category that holds, else of
// the first question to a person.
func decidedRule(d casefile.Decision, day casefile.Date) (rule, code string) {
	if e, ok := d.On(day); ok {
		return e.Rule, string(e.Code)
	}
	if len(d.Manual) > 0 {
		return d.Manual[0].Rule, ""
	}
	return "", ""
}

func adopts(o ledger.Outcome) bool { return len(o.Adopted)+len(o.Agreed) > 0 }

// adopt keeps what deciding found in MLP: under which id it held a registration of ours
// before us, and what it holds as we would write it. Neither is news to decide on.
func adopt(t *tx, person int64, o ledger.Outcome) error {
	if !adopts(o) {
		return nil
	}
	k, err := loadKnown(t, person)
	if err != nil {
		return err
	}
	k.Aliases, k.Written = maps.Clone(k.Aliases), maps.Clone(k.Written)
	if k.Aliases == nil {
		k.Aliases = map[string]string{}
	}
	maps.Copy(k.Aliases, o.Adopted)
	if k.Written == nil {
		k.Written = map[string]casefile.Body{}
	}
	maps.Copy(k.Written, o.Agreed)
	return saveKnown(t, person, k, casefile.Date(""))
}

// lane is one person's entries within a transaction.
type lane struct {
	t      *tx
	run    string
	ocmw   string
	person int64
	now    time.Time
	seq    int64 // of the last entry
}

// queued is an entry that a new decision finds.
type queued struct {
	id      string
	state   outbox.State
	version int64
	digest  string
	about   string // what it is a change of
	kept    bool
}

// about is what an entry is a change of: a registration, or a part of the dossier's own data.
func about(e outbox.Entry) string { return e.Kind + " " + e.Registration }

// plan replaces what is not sent by what was decided now.
func (l *lane) plan(o ledger.Outcome) error {
	old, err := l.queued()
	if err != nil {
		return err
	}
	if o.Kind == ledger.OutcomeHeld {
		return l.suspend(old)
	}
	if err := l.t.row(`SELECT COALESCE(MAX(seq), 0) FROM entry WHERE person = ?`, []any{l.person}, &l.seq); err != nil {
		return err
	}
	keep := make([]*queued, len(o.Entries))
	for i, e := range o.Entries {
		keep[i] = l.match(old, e)
	}
	for _, q := range old {
		if q.kept || q.state == outbox.Discarded && !q.otherwise(o.Entries) {
			continue
		}
		if err := l.move(q.id, q.state, outbox.Superseded); err != nil {
			return err
		}
	}
	for i, e := range o.Entries {
		if err := l.put(keep[i], e); err != nil {
			return err
		}
	}
	return l.relane()
}

// otherwise tells of a change that is not asked for that another one of the same is: what a person said of it holds no longer.
func (q *queued) otherwise(asked []outbox.Entry) bool {
	return slices.ContainsFunc(asked, func(e outbox.Entry) bool { return about(e) == q.about })
}

func (l *lane) queued() ([]*queued, error) {
	var all []*queued
	for rs, err := range l.t.rows(`SELECT id, state, version, digest, kind || ' ' || registration FROM entry WHERE person = ?
		AND state IN ('waiting', 'suspended', 'parked', 'discarded') ORDER BY seq`, l.person) {
		if err != nil {
			return nil, err
		}
		var q queued
		var digest []byte
		if err := rs.Scan(&q.id, &q.state, &q.version, &digest, &q.about); err != nil {
			return nil, err
		}
		q.digest = string(digest)
		all = append(all, &q)
	}
	return all, nil
}

func (l *lane) suspend(old []*queued) error {
	for _, q := range old {
		if q.state != outbox.Waiting {
			continue
		}
		if err := l.move(q.id, q.state, outbox.Suspended); err != nil {
			return err
		}
	}
	return nil
}

// match finds the entry that already asks for the same: a parked one, which stays
// parked; a discarded one, which stays discarded (also where only what it carries along is another); or one that waits on the same
// version, which keeps its place among attempts and approvals.
func (l *lane) match(old []*queued, e outbox.Entry) *queued {
	if e.ContentHash == "" {
		return nil
	}
	digest := string(l.digest(e))
	for _, state := range []outbox.State{outbox.Parked, outbox.Discarded, outbox.Waiting, outbox.Suspended} {
		for _, q := range old {
			same := q.digest == digest || state == outbox.Discarded && l.alike(q, e)
			if q.kept || q.state != state || !same || state.Unsent() && q.version != e.Version {
				continue
			}
			q.kept = true
			return q
		}
	}
	return nil
}

// alike tells of a discarded entry whether the other one alters the same: a PUT of it has other content once somebody changed another field of
// the registration in MLP, and what a person said of it holds still.
func (l *lane) alike(q *queued, e outbox.Entry) bool {
	if q.about != about(e) {
		return false
	}
	discarded, err := entryByID(l.t, q.id)
	if err != nil {
		return false
	}
	was, err := casefile.UnmarshalChange(discarded.Payload)
	if err != nil {
		return false
	}
	now, err := casefile.UnmarshalChange(e.Payload)
	return err == nil && casefile.Alike(was, now)
}

func (l *lane) digest(e outbox.Entry) []byte { return l.t.s.ix("entry", l.ocmw, e.ContentHash) }

// put gives an entry its place at the end of the lane: the old one that asks for the
// same, or the new one.
func (l *lane) put(q *queued, e outbox.Entry) error {
	l.seq++
	if q == nil {
		return l.insert(e)
	}
	if q.state == outbox.Discarded {
		return nil
	}
	if q.state == outbox.Suspended {
		if err := l.move(q.id, q.state, outbox.Waiting); err != nil {
			return err
		}
	}
	_, err := l.t.exec(`UPDATE entry SET seq = ?, version = ?, rule = ?, payload = ? WHERE id = ?`,
		l.seq, e.Version, e.Rule, l.sealed(q.id, e), q.id)
	return err
}

func (l *lane) insert(e outbox.Entry) error {
	detail, err := detailOf(e)
	if err != nil {
		return err
	}
	_, err = l.t.exec(`INSERT INTO entry (id, ocmw, person, seq, op, kind, registration, rule, detail, state, version, not_before,
			digest, payload, run, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, l.ocmw, l.person, l.seq, e.Op, e.Kind, e.Registration, e.Rule, detail, string(outbox.Waiting), e.Version, stored(e.NotBefore),
		l.digest(e), l.sealed(e.ID, e), l.run, stored(l.now), stored(l.now))
	return wrap("queue entry", err)
}

func (l *lane) sealed(id string, e outbox.Entry) []byte {
	return l.t.s.seal("entry", l.ocmw, id, "payload", append(seal.AAD(e.ContentHash), e.Payload...))
}

// detailOf is what totals count an entry by, besides its kind.
func detailOf(e outbox.Entry) (string, error) {
	change, err := casefile.UnmarshalChange(e.Payload)
	if err != nil {
		return "", fmt.Errorf("read change of entry: %w", err)
	}
	switch body := change.New.(type) {
	case casefile.Handover:
		return string(body.Handover), nil
	case casefile.Category:
		return string(body.Code), nil
	}
	return "", nil
}

// move takes an unclaimed entry from one state to another.
func (l *lane) move(id string, from, to outbox.State) error {
	if err := outbox.Transition(from, to); err != nil {
		return err
	}
	return one(l.t.exec(`UPDATE entry SET state = ?, head = head AND ? , updated_at = ? WHERE id = ? AND state = ? AND claim IS NULL`,
		string(to), bit(isOpen(to)), stored(l.now), id, string(from)))
}

// inLane finds what still stands in its lane (isOpen). SQLite makes a table of a list of words, at each use.
const inLane = `(e.state <> 'settled' AND e.state <> 'superseded' AND e.state <> 'discarded')`

func isOpen(s outbox.State) bool { return !s.Final() && s != outbox.Discarded }

// relane marks the lane's first open entry, with which alone a stretch begins. Each change
// of a lane ends with it.
func (l *lane) relane() error {
	const first = `(SELECT e.id FROM entry e WHERE e.person = ?1 AND ` + inLane + ` ORDER BY e.seq LIMIT 1)`
	if _, err := l.t.exec(`UPDATE entry SET head = 0 WHERE person = ?1 AND head = 1 AND id IS NOT `+first, l.person); err != nil {
		return err
	}
	_, err := l.advance()
	return err
}

// advance makes the first open entry of a lane without a head its head, and tells whether there is one.
func (l *lane) advance() (bool, error) {
	n, err := l.t.exec(`UPDATE entry SET head = 1 WHERE id = (SELECT e.id FROM entry e WHERE e.person = ?1 AND `+inLane+` ORDER BY e.seq LIMIT 1)
		AND head = 0`, l.person)
	return n > 0, err
}
