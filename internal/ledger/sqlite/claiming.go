package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// inFlight finds, by the index that says the same, what is being sent or in doubt (outbox.State.InFlight).
const inFlight = `state IN ('claimed', 'inDoubt')`

// mayGo are the conditions that an entry h must meet beside being due: a lane's head is sent when nothing of the lane is in
// flight. What is in doubt is only read, which nobody's order forbids, head or not, once nothing ahead of it is in flight: an entry
// that MLP turns out not to have waits from then on, under maySend.
const mayGo = `(h.head = 1 OR h.state = 'inDoubt') AND h.approved = 1 AND h.claim IS NULL
	AND NOT EXISTS (SELECT 1 FROM entry f WHERE f.person = h.person AND f.` + inFlight + ` AND (f.seq < h.seq OR h.state = 'waiting'))
	AND (h.state = 'inDoubt' OR ` + maySend + `)`

// turn is mayGo for one state. It is said in the text: SQLite would plan a query anew for each other value that is bound to
// what a partial index names.
func turn(state outbox.State) string { return `h.state = '` + string(state) + `' AND ` + mayGo }

// maySend are the conditions for sending: a client of whom MLP was asked and whom neither data nor a person
// holds, with a dossier to write in unless it is to be made, of an OCMW that is not stopped or paused (an order to pause counts before it is carried out: a delivery can
// take long).
const maySend = freeClient + ` AND ` + hasDossier + ` AND ` + freeOCMW

const (
	freeClient = `p.held = 0 AND p.looked_up = 1 AND NOT EXISTS (SELECT 1 FROM hold x WHERE x.person = h.person)`
	hasDossier = `(p.version > 0 OR h.op = '` + string(casefile.OpCreate) + `')`
	freeOCMW   = `NOT EXISTS (SELECT 1 FROM ocmw o WHERE o.kbo = h.ocmw AND o.stopped_at IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM meta m WHERE m.key = 'fact/` + ledger.PausePrefix + `' || h.ocmw AND m.value <> '')
	AND NOT EXISTS (SELECT 1 FROM request r WHERE r.ocmw = h.ocmw AND r.kind = 'pause' AND r.applied_at IS NULL)`
)

// claims gathers entries as Claim gives them.
type claims struct {
	by        outbox.Claim
	now       time.Time
	n         int // entries in all
	stretches [][]outbox.Entry
	known     []casefile.Known
}

// full tells that no more may be claimed.
func (c *claims) full() bool { return c.n >= c.by.Limit }

// begin claims the first entry of a lane.
func (c *claims) begin(e outbox.Entry, k casefile.Known) {
	c.n++
	stretch := append(make([]outbox.Entry, 0, max(c.by.Stretch, 1)), c.claim(e))
	c.stretches, c.known = append(c.stretches, stretch), append(c.known, k)
}

// lane is the stretch that was begun last.
func (c *claims) lane() *[]outbox.Entry { return &c.stretches[len(c.stretches)-1] }

// goOn claims the next one of that lane.
func (c *claims) goOn(e outbox.Entry) {
	c.n++
	*c.lane() = append(*c.lane(), c.claim(e))
}

// claim is an entry as it is held from now on.
func (c *claims) claim(e outbox.Entry) outbox.Entry {
	if e.State == outbox.Waiting {
		e.State, e.UpdatedAt = outbox.Claimed, c.now.UTC()
	}
	e.Claim = c.by.Token
	return e
}

// Claim implements ledger.Outbox.
func (s *Store) Claim(ctx context.Context, by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known, error) {
	if by.Token == "" {
		return nil, nil, errors.New("claim entries: it takes a token")
	}
	var all claims
	err := s.write(ctx, "claim entries", func(t *tx) error {
		all = claims{by: by, now: now}
		return all.due(t)
	})
	if err != nil {
		return nil, nil, err
	}
	return all.stretches, all.known, nil
}

// due claims what is due in any lane.
func (c *claims) due(t *tx) error {
	for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
		if err := c.from(t, state); err != nil {
			return err
		}
	}
	return nil
}

// from claims lanes whose turn is an entry in one state until the limit is reached or none is left. What
// is damaged, or was decided on a version that is out of date, does not count. There is no LIMIT: SQLite plans anew for each that is bound.
func (c *claims) from(t *tx, state outbox.State) error {
	if c.full() {
		return nil
	}
	found := round{claims: c, t: t}
	for rs, err := range t.rows(dueQuery(state), stored(c.now), list(c.by.Skip), max(c.by.Stretch, 1)) {
		if err == nil {
			err = found.look(rs)
		}
		if err != nil {
			return err
		}
		if c.full() {
			break
		}
	}
	return found.write()
}

// dueQuery finds entries h in a state whose turn it is, those that are due longest first, and of those the ones that were planned
// first. Each comes with what is known of its person, and then, where it waits, with what goes behind it in its lane: within as many
// places of it as a stretch is long, so that a long lane is not read to its end.
func dueQuery(state outbox.State) string {
	return entryColumns + knownColumns + ` FROM entry h CROSS JOIN person p ON p.id = h.person
			CROSS JOIN entry e ON e.person = h.person AND e.seq >= h.seq AND e.seq < h.seq + IIF(h.state = 'inDoubt', 1, ?3) AND ` + inLane + `
			LEFT JOIN known k ON k.person = e.person AND e.seq = h.seq
		WHERE ` + turn(state) + ` AND h.not_before <= ?1
			AND (h.state = 'inDoubt' OR p.dirty = 0 OR p.version <> h.version) AND h.ocmw NOT IN (SELECT value FROM json_each(?2))
		ORDER BY h.not_before, h.rowid, e.seq`
}

// round is what one look at who is due finds. It is written when the look is over.
type round struct {
	*claims
	t                 *tx
	waiting, doubtful []int64 // rows to be claimed
	overtaken         []lane  // decided on a version that is out of date
	damaged           []damagedEntry
	person            int64 // whose lane is looked at
	over              bool  // nothing more of it is claimed
}

// look takes an entry whose turn it is, or what goes behind it.
func (r *round) look(rs *rows) error {
	var k knownScan
	sealed, err := scanEntry(rs, k.into()...)
	if err != nil {
		return err
	}
	goesOn := !r.over
	switch {
	case sealed.Person != r.person:
		r.person = sealed.Person
		goesOn, err = r.head(sealed, k)
	case goesOn:
		goesOn, err = r.behind(sealed)
	}
	r.over = !goesOn
	return err
}

// head takes an entry whose turn it is, and tells whether others may go behind it.
func (r *round) head(sealed sealedEntry, k knownScan) (bool, error) {
	if sealed.State == outbox.Waiting && k.version != sealed.Version {
		r.overtaken = append(r.overtaken, lane{t: r.t, ocmw: sealed.OCMW, person: sealed.Person, now: r.now})
		return false, nil
	}
	who, err := k.person(r.t.s, sealed.OCMW, sealed.Person)
	if err != nil {
		r.damaged = append(r.damaged, damagedEntry{sealed.Entry, err, true})
		return false, r.t.alone(k.payload, err)
	}
	e, err := r.t.entryOf(sealed)
	if err != nil {
		return false, err
	}
	if e.Payload == nil {
		r.damaged = append(r.damaged, damagedEntry{e, errors.New(e.Damaged), false})
		return false, nil
	}
	r.begin(e, who.known)
	if e.State == outbox.InDoubt {
		r.doubtful = append(r.doubtful, sealed.row)
		return false, nil
	}
	r.waiting = append(r.waiting, sealed.row)
	return true, nil
}

// behind takes what goes behind a lane's first entry, decided on the same version. What is damaged does not: it is seen to when it is its turn.
func (r *round) behind(sealed sealedEntry) (bool, error) {
	if sealed.State != outbox.Waiting || !sealed.Approved || sealed.NotBefore.After(r.now) || sealed.Version != (*r.lane())[0].Version {
		return false, nil
	}
	e, err := r.t.entryOf(sealed)
	if err != nil || e.Payload == nil {
		return false, err
	}
	r.goOn(e)
	r.waiting = append(r.waiting, sealed.row)
	return true, nil
}

// write claims what was found, supersedes the lanes whose dossier's version is not the one that their decision saw (design
// decision 13), and sees to what is damaged.
func (r *round) write() error {
	for _, l := range r.overtaken {
		if err := l.abandon(); err != nil {
			return err
		}
	}
	for _, d := range r.damaged {
		if err := d.setAside(r.t, r.now); err != nil {
			return err
		}
	}
	return r.mark()
}

// mark writes who holds what was claimed. What fails rolls the transaction back, so SQLite need not keep a journal of the statement,
// which goes to a temporary file where many pages change.
func (r *round) mark() error {
	if len(r.doubtful) > 0 {
		err := exactly(len(r.doubtful))(r.t.exec(`UPDATE entry SET claim = ?1 WHERE rowid IN (SELECT value FROM json_each(?2)) AND state = 'inDoubt' AND claim IS NULL`,
			r.by.Token, list(r.doubtful)))
		if err != nil {
			return err
		}
	}
	if len(r.waiting) == 0 {
		return nil
	}
	if err := outbox.Transition(outbox.Waiting, outbox.Claimed); err != nil {
		return err
	}
	return exactly(len(r.waiting))(r.t.exec(`UPDATE OR FAIL entry SET state = 'claimed', claim = ?1, updated_at = ?2
		WHERE rowid IN (SELECT value FROM json_each(?3)) AND state = 'waiting' AND claim IS NULL`, r.by.Token, stored(r.now), list(r.waiting)))
}
