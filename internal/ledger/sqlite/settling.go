package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Settle implements ledger.Outbox.
func (s *Store) Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error {
	_, _, err := s.SettleMany(ctx, run, outbox.Claim{}, []outbox.Entry{e}, []casefile.Dossier{known}, now)
	return err
}

// SettleMany implements ledger.Outbox.
func (s *Store) SettleMany(ctx context.Context, run string, onward outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	if len(entries) != len(known) {
		return nil, nil, fmt.Errorf("settle entries: %d entries and %d dossiers", len(entries), len(known))
	}
	var next claims
	err := s.write(ctx, "settle entries", func(t *tx) error {
		lanes, err := settlingLanes(t, run, entries, known, now)
		if err != nil {
			return err
		}
		if err := settleLanes(t, lanes); err != nil {
			return err
		}
		if next = (claims{by: onward, now: now}); onward.Token == "" {
			return nil
		}
		return next.due(t)
	})
	if err != nil {
		return nil, nil, err
	}
	return next.stretches, next.known, nil
}

// settling is a lane of which MLP accepted some entries: answers are the dossiers after each. They are looked at where they are.
type settling struct {
	lane
	who     *person
	entries []*outbox.Entry
	answers []*casefile.Dossier
	ours    bool // they alone made the dossier what it is
}

// settlingLanes sorts entries by lane, as they come.
func settlingLanes(t *tx, run string, entries []outbox.Entry, answers []casefile.Dossier, now time.Time) ([]*settling, error) {
	var lanes []*settling
	var persons []int64
	byPerson := map[int64]*settling{}
	for i := range entries {
		e := &entries[i]
		l := byPerson[e.Person]
		if l == nil {
			l = &settling{lane: lane{t: t, run: run, ocmw: e.OCMW, person: e.Person, now: now}}
			byPerson[e.Person], lanes, persons = l, append(lanes, l), append(persons, e.Person)
		}
		l.entries, l.answers = append(l.entries, e), append(l.answers, &answers[i])
	}
	people, err := loadPeople(t, persons)
	for _, l := range lanes {
		l.who = people[l.person]
	}
	return lanes, err
}

// settleLanes ends the entries of lanes, stores what is known after them, and then looks once at what is left of all.
func settleLanes(t *tx, lanes []*settling) error {
	if err := end(t, lanes); err != nil {
		return err
	}
	all := newSaving(t)
	for _, l := range lanes {
		if err := l.takeAll(); err != nil {
			return err
		}
		if err := all.add(l.who, ""); err != nil {
			return err
		}
	}
	if err := all.run(); err != nil {
		return err
	}
	return goOn(t, lanes)
}

// goOn carries what is left of lanes, where there is more of them, to the version of the dossier. Where the version moved by more than
// the entries' own writes, somebody else wrote in between: then the rest was decided on what is not true any more, and the client is decided
// again (design decision 13). So it is when the lane is empty: on what MLP holds now, nothing may be left to send, and the decision that
// people see says so.
func goOn(t *tx, lanes []*settling) error {
	persons := make([]int64, len(lanes))
	for i, l := range lanes {
		persons[i] = l.person
	}
	left, err := standingIn(t, persons)
	if err != nil {
		return err
	}
	var again []int64
	for _, l := range lanes {
		if err := l.advanceTo(l.who.known.Dossier.Version, left[l.person]); err != nil {
			return err
		}
		if !l.ours || len(left[l.person]) == 0 {
			again = append(again, l.person)
		}
	}
	return setDirty(t, again...)
}

// end lets go of the entries of all lanes, each found by its place in the lane, under the claim that it was sent under (letGo does so for
// one that MLP did not take).
func end(t *tx, lanes []*settling) error {
	for _, l := range lanes {
		for _, e := range l.entries {
			if err := outbox.Transition(e.State, outbox.Settled); err != nil {
				return fmt.Errorf("%w: %w", ledger.ErrLostClaim, err)
			}
			err := one(t.exec(endUpdate, e.Version, bit(e.State == outbox.Claimed), e.TraceID, l.run, stored(l.now),
				e.Person, e.Seq, e.ID, e.State, e.Claim))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const endUpdate = `UPDATE OR FAIL entry SET state = 'settled', claim = NULL, head = 0, version = ?1, not_before = 0, attempts = attempts + ?2,
		trace_id = IIF(?3 = '', trace_id, ?3), problem = NULL, settled_run = ?4, doubt_since = NULL, updated_at = ?5
	WHERE person = ?6 AND seq = ?7 AND +id = ?8 AND state = ?9 AND claim = ?10`

// takeAll learns what MLP holds after the lane's entries, in their order.
func (l *settling) takeAll() error {
	l.ours = true
	if l.who != nil {
		l.who.known.Written = maps.Clone(l.who.known.Written)
	}
	for i, e := range l.entries {
		alone, err := l.take(e, l.answers[i])
		if err != nil {
			return err
		}
		l.ours = l.ours && alone
	}
	if l.who != nil && l.who.known.Dossier != nil {
		last := *l.who.known.Dossier // by itself: it is kept, and the other answers of the commit are not
		l.who.known.Dossier = &last
	}
	return nil
}

// take learns what MLP holds after an entry, unless the feed was ahead of the answer. It tells whether the entry alone made
// it so.
func (l *settling) take(e *outbox.Entry, d *casefile.Dossier) (alone bool, err error) {
	if l.who == nil {
		return false, ledger.ErrNotFound
	}
	change, err := casefile.UnmarshalChange(e.Payload)
	if err != nil {
		return false, fmt.Errorf("read change of entry: %w", err)
	}
	k, before := &l.who.known, l.who.category
	k.Written = casefile.Wrote(k.Written, change)
	if !isOld(*k, *d) {
		learnDossier(k, d)
		l.who.category, l.who.categoryTo = categoryOn(d, l.t.s.day(l.now))
		alone = e.Alone(d.Version)
	}
	return alone, l.t.auditEntry(*e, audit.Record{At: l.now, Run: l.run, Action: "settled", Before: before, After: l.who.category})
}

// standing is an entry that still stands in its lane.
type standing struct {
	seq   int64
	state outbox.State
}

// standingIn are the entries that still stand in persons' lanes, in their order.
func standingIn(t *tx, persons []int64) (map[int64][]standing, error) {
	lanes := make(map[int64][]standing, len(persons))
	for rs, err := range t.rows(`SELECT e.person, e.seq, e.state FROM json_each(?) j CROSS JOIN entry e ON e.person = j.value
		WHERE `+inLane+` ORDER BY e.person, e.seq`, list(persons)) {
		if err != nil {
			return nil, err
		}
		var person int64
		var e standing
		if err := rs.Scan(&person, &e.seq, &e.state); err != nil {
			return nil, err
		}
		lanes[person] = append(lanes[person], e)
	}
	return lanes, nil
}

// advanceTo makes the first of what is left of the lane its head. Where the settled entries alone moved the
// dossier, what is not being sent is carried to its version. What is being sent was claimed
// with the settled ones: who sends it knows the version, and after a crash Recover does.
func (l *settling) advanceTo(version int64, left []standing) error {
	if len(left) == 0 {
		return nil
	}
	waits := func(e standing) bool { return e.state != outbox.Claimed }
	if !l.ours || !slices.ContainsFunc(left, waits) {
		_, err := l.t.exec(`UPDATE entry SET head = 1 WHERE person = ?1 AND seq = ?2 AND head = 0`, l.person, left[0].seq)
		return err
	}
	const notOut = inLane + ` AND e.state <> 'claimed'`
	_, err := l.t.exec(`UPDATE entry AS e SET head = (seq = ?1), version = IIF(version = ?2 AND `+notOut+`, ?3, version)
		WHERE person = ?4 AND (seq = ?1 OR version = ?2 AND `+notOut+`)`, left[0].seq, l.entries[0].Version, version, l.person)
	return err
}
