package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// inFlight finds, by the index that says the same, what is being sent or in doubt (outbox.State.InFlight).
const inFlight = `state IN ('claimed', 'inDoubt')`

// mayGo are the conditions that an entry must meet beside being due: a lane's head is sent when nothing of the lane is in
// flight. What is in doubt is only read, which nobody's order forbids, head or not, once nothing ahead of it is in flight: an entry
// that MLP turns out not to have waits from then on, under maySend.
const mayGo = `(e.head = 1 OR e.state = 'inDoubt') AND e.approved = 1 AND e.claim IS NULL
	AND NOT EXISTS (SELECT 1 FROM entry f WHERE f.person = e.person AND f.` + inFlight + ` AND (f.seq < e.seq OR e.state = 'waiting'))
	AND (e.state = 'inDoubt' OR ` + maySend + `)`

// turn is mayGo for one state. It is said in the text: SQLite would plan a query anew for each other value that is bound to
// what a partial index names.
func turn(state outbox.State) string { return `e.state = '` + string(state) + `' AND ` + mayGo }

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

// claims gathers entries as Claim gives them, and what it can't give.
type claims struct {
	by         outbox.Claim
	now        time.Time
	n          int // entries in all
	stretches  [][]outbox.Entry
	known      []casefile.Known
	unreadable error // of the first entry that can't be opened, or whose person's dossier can't
}

// room is how many entries of one lane may be claimed now.
func (c *claims) room() int { return min(max(c.by.Stretch, 1), max(c.by.Limit-c.n, 0)) }

func (c *claims) add(stretch []outbox.Entry, k casefile.Known) {
	c.n += len(stretch)
	c.stretches, c.known = append(c.stretches, stretch), append(c.known, k)
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
		if err := all.due(t); err != nil {
			return err
		}
		if all.n == 0 {
			return all.unreadable // said when nobody else waits: one that can't be read stops no other
		}
		return nil
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
// can't be read, or was decided on a version that is out of date, does not count. There is no LIMIT: SQLite plans anew for each that is bound.
func (c *claims) from(t *tx, state outbox.State) error {
	if c.room() == 0 {
		return nil
	}
	found := round{claims: c, t: t}
	for rs, err := range t.rows(dueQuery(state), stored(c.now), list(c.by.Skip)) {
		if err == nil {
			err = found.look(rs)
		}
		if err != nil {
			return err
		}
		if c.room() == 0 {
			break
		}
	}
	return found.write()
}

// dueQuery finds entries in a state whose turn it is, with what is known of their persons, those that are due longest first, and of
// those the ones that were planned first.
func dueQuery(state outbox.State) string {
	return entryColumns + knownColumns + entryTables + knownTable + `WHERE ` + turn(state) + ` AND e.not_before <= ?1
			AND (e.state = 'inDoubt' OR p.dirty = 0 OR p.version <> e.version) AND e.ocmw NOT IN (SELECT value FROM json_each(?2))
		ORDER BY e.not_before, e.rowid`
}

// round is what one look at who is due finds. It is written when the look is over.
type round struct {
	*claims
	t                 *tx
	waiting, doubtful []int64 // rows to be claimed
	overtaken         []lane  // decided on a version that is out of date
}

// look takes an entry whose turn it is, with its stretch.
func (r *round) look(rs *sql.Rows) error {
	var k knownScan
	sealed, err := scanEntry(rs, k.into()...)
	if err != nil {
		return err
	}
	if sealed.State == outbox.Waiting && k.version != sealed.Version {
		r.overtaken = append(r.overtaken, lane{t: r.t, ocmw: sealed.OCMW, person: sealed.Person, now: r.now})
		return nil
	}
	head, err := r.t.s.openEntry(sealed)
	var who *person
	if err == nil {
		who, err = k.person(r.t.s, head.OCMW, head.Person)
	}
	if err != nil {
		if r.unreadable == nil {
			r.unreadable = wrap("open entry "+sealed.ID, err)
		}
		return nil
	}
	if head.State == outbox.InDoubt {
		r.doubtful = append(r.doubtful, sealed.row)
		r.add([]outbox.Entry{r.claim(head)}, who.known)
		return nil
	}
	r.waiting = append(r.waiting, sealed.row)
	stretch, err := r.stretch(head)
	r.add(stretch, who.known)
	return err
}

// write claims what was found, and supersedes the lanes whose dossier's version is not the one that their decision saw (design
// decision 13).
func (r *round) write() error {
	for _, l := range r.overtaken {
		if err := l.abandon(); err != nil {
			return err
		}
	}
	return r.mark()
}

// stretch is a lane's head with what goes right behind it.
func (r *round) stretch(head outbox.Entry) ([]outbox.Entry, error) {
	all := []outbox.Entry{r.claim(head)}
	if r.room() == 1 {
		return all, nil
	}
	for rs, err := range r.t.rows(entryColumns+entryTables+`WHERE e.person = ?1 AND e.seq > ?2 AND e.state IN `+openStates+` ORDER BY e.seq`,
		head.Person, head.Seq) {
		if err != nil {
			return nil, err
		}
		sealed, err := scanEntry(rs)
		if err != nil {
			return nil, err
		}
		e, follows := r.follows(sealed, head.Version)
		if !follows {
			break
		}
		r.waiting = append(r.waiting, sealed.row)
		if all = append(all, e); len(all) == r.room() {
			break
		}
	}
	return all, nil
}

// follows claims an entry that goes behind one of a version. One that can't be opened does not: it is told when it is its turn.
func (r *round) follows(sealed sealedEntry, version int64) (outbox.Entry, bool) {
	if sealed.State != outbox.Waiting || !sealed.Approved || sealed.NotBefore.After(r.now) || sealed.Version != version {
		return outbox.Entry{}, false
	}
	e, err := r.t.s.openEntry(sealed)
	return r.claim(e), err == nil
}

// mark writes who holds what was claimed.
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
	return exactly(len(r.waiting))(r.t.exec(`UPDATE entry SET state = 'claimed', claim = ?1, updated_at = ?2
		WHERE rowid IN (SELECT value FROM json_each(?3)) AND state = 'waiting' AND claim IS NULL`, r.by.Token, stored(r.now), list(r.waiting)))
}
