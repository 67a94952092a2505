package sqlite

import (
	"fmt"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// readsViews fills in a part of clients.
type readsViews func(*tx, []int64, map[int64]*ledger.ClientView) error

// What clients can be read with, beside the person: what a decision is made of, and the last decision itself.
func madeOf() []readsViews {
	records := recordInputs{} // noted while the records are read
	return []readsViews{records.readRecords, readShared, readHeld, readHolds, readAnswers, records.readInputs}
}
func decided() []readsViews { return []readsViews{readHeld, readHolds, readDecisions, readNoted} }
func whole() []readsViews   { return append(madeOf(), readDecisions, readNoted) }

// clientViews reads clients in the order of ids.
func clientViews(t *tx, ids []int64, parts []readsViews) ([]ledger.ClientView, error) {
	views := make(map[int64]*ledger.ClientView, len(ids))
	for _, read := range append([]readsViews{readPersons}, parts...) {
		if err := read(t, ids, views); err != nil {
			return nil, err
		}
	}
	ordered := make([]ledger.ClientView, 0, len(ids))
	for _, id := range ids {
		if v := views[id]; v != nil {
			ordered = append(ordered, *v)
		}
	}
	return ordered, nil
}

func readPersons(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT p.id, p.ocmw, p.pseudonym, p.client_ix, p.client, p.caseworker, p.looked_up, p.outside_area,
			p.dirty, COALESCE(p.outcome, ''), p.decided_at, k.payload, p.dossier_ix IS NOT NULL
		FROM json_each(?) j JOIN person p ON p.id = j.value LEFT JOIN known k ON k.person = p.id`, list(ids)) {
		if err != nil {
			return err
		}
		v := &ledger.ClientView{}
		var ix, client, worker, known []byte
		var lookedUp, outside, dossier bool
		var decidedAt int64
		if err := rs.Scan(&v.Person, &v.OCMW, &v.Pseudonym, &ix, &client, &worker, &lookedUp, &outside,
			&v.Dirty, &v.Kind, &decidedAt, &known, &dossier); err != nil {
			return err
		}
		if err := t.openPerson(v, place(ix), client, worker); err != nil {
			return err
		}
		if err := t.openKnownOf(v, known, dossier); err != nil {
			return err
		}
		v.DecidedAt = instant(decidedAt)
		v.Known.LookedUp, v.Known.OutsideArea = lookedUp, outside
		views[v.Person] = v
	}
	return nil
}

// openPerson opens what stands sealed in a person's row. One whose client number is damaged goes by the pseudonym.
func (t *tx) openPerson(v *ledger.ClientView, row string, client, worker []byte) error {
	plain, err := t.s.open("person", v.OCMW, row, "client", client)
	if v.Client = string(plain); err != nil {
		v.Client = v.Pseudonym
		if err := t.spoiled(v, client, err); err != nil {
			return err
		}
	}
	v.Caseworker, err = t.nameOf(v.OCMW, row, "caseworker", worker)
	return err
}

// openKnownOf opens what is known of a person, who has a dossier or not.
func (t *tx) openKnownOf(v *ledger.ClientView, known []byte, dossier bool) (err error) {
	switch {
	case known != nil:
		v.Known, err = t.s.openKnown(v.OCMW, v.Person, known)
	case dossier:
		err = errKnownGone
	}
	if err != nil {
		v.KnownLost = true
		return t.spoiled(v, known, err)
	}
	return nil
}

// spoiled notes of a client that something is damaged; it is an error where a key is wrong.
func (t *tx) spoiled(v *ledger.ClientView, sealed []byte, unread error) error {
	if v.Damaged == "" {
		v.Damaged = unread.Error()
	}
	return t.alone(sealed, unread)
}

// readRecords reads the records in force; they are opened while the next ones are read.
func (r recordInputs) readRecords(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	open := openRecords(t.s)
	reading := r.readSealed(t, ids, views, open.add)
	for _, u := range open.end() {
		if err := t.spoiled(u.of, u.payload, u.why); err != nil {
			return err
		}
	}
	return reading
}

// sealedQuery reads a person's records in the order of their keys, in which they lie: sorted, those of all persons would be written down first.
const sealedQuery = `SELECT r.kind, r.key_ix, r.digest, r.deleted, r.missing_since IS NOT NULL, x.columns, x.payload,
		COALESCE(f.name, x.last_file, ''), COALESCE(w.number, x.last_number, 0)
	FROM record r JOIN row_record x ON x.id = r.source LEFT JOIN export_row w ON w.id = x.row LEFT JOIN export_file f ON f.id = w.file
	WHERE r.person = ? ORDER BY r.kind, r.key_ix`

// readSealed gives each record in force as the ledger holds it. What add is given is its own.
func (r recordInputs) readSealed(t *tx, ids []int64, views map[int64]*ledger.ClientView, add func(sealedRecord)) error {
	columns := readColumns{}
	var key, digest, payload raw
	for _, person := range ids {
		for rs, err := range t.rows(sealedQuery, person) {
			if err != nil {
				return err
			}
			var deleted bool
			var apart *int64
			o := sealedRecord{of: views[person]}
			if err := rs.Scan(&o.kind, &key, &digest, &deleted, &o.missing, &apart, &payload, &o.file, &o.row); err != nil {
				return err
			}
			r.add(person, o.kind, deleted, o.missing, key, digest)
			if apart != nil {
				if o.columns, err = columns.read(t, o.of.OCMW, *apart); err != nil {
					return err
				}
			}
			o.place, o.payload = place(key, digest), slices.Clone(payload)
			add(o)
		}
	}
	return nil
}

// sealedRecord is a record in force as the ledger holds it.
type sealedRecord struct {
	of      *ledger.ClientView
	kind    casefile.RecordKind
	place   string // of the payload, which is bound to it
	payload []byte
	missing bool
	columns map[string]string // nil: in the payload
	file    string            // none: the row was gone before rows were kept, and the record is where it was read
	row     int
}

// unopened is a record that could not be opened.
type unopened struct {
	sealedRecord
	why error
}

// opening opens records and gives them to their clients, in the order in which they are added, on a goroutine of its own: reading and
// opening take about the same time.
type opening struct {
	batch []sealedRecord
	read  chan []sealedRecord
	over  chan []unopened
}

// openAtOnce is how many records are handed on together.
const openAtOnce = 64

func openRecords(s *Store) *opening {
	o := &opening{read: make(chan []sealedRecord, 1), over: make(chan []unopened, 1)}
	go func() { o.over <- o.all(s) }()
	return o
}

func (o *opening) add(r sealedRecord) {
	if o.batch = append(o.batch, r); len(o.batch) == openAtOnce {
		o.pass()
	}
}

func (o *opening) pass() {
	o.read <- o.batch
	o.batch = make([]sealedRecord, 0, openAtOnce)
}

// end waits until all that was added is open, and gives what could not be.
func (o *opening) end() []unopened {
	o.pass()
	close(o.read)
	return <-o.over
}

func (o *opening) all(s *Store) (failed []unopened) {
	var records casefile.RecordReader
	var text []byte // nothing of it is in a record
	for batch := range o.read {
		for _, r := range batch {
			var err error
			if text, err = r.open(s, &records, text); err != nil {
				failed = append(failed, unopened{r, err})
			}
		}
	}
	return failed
}

// open decrypts and decodes a record, and adds it to its client's. It uses and gives back room for text.
func (r *sealedRecord) open(s *Store, records *casefile.RecordReader, text []byte) ([]byte, error) {
	text, err := s.appendOpen(text[:0], "record", r.of.OCMW, r.place, "payload", r.payload)
	if err != nil {
		return text, err
	}
	record, err := records.Read(r.kind, text)
	if err != nil {
		return text, fmt.Errorf("read record: %w", err)
	}
	h := header(record)
	h.Missing = r.missing
	if r.columns != nil {
		h.Prov.Columns = r.columns
	}
	if r.file != "" {
		h.Prov.File, h.Prov.Row = r.file, r.row
	}
	r.of.Records = append(r.of.Records, record)
	return text, nil
}

// header is the record's own, to be written.
func header(r casefile.Record) *casefile.Header {
	switch r := r.(type) {
	case *casefile.Client:
		return &r.Header
	case *casefile.Track:
		return &r.Header
	case *casefile.Employment:
		return &r.Header
	case *casefile.Placement:
		return &r.Header
	case *casefile.Training:
		return &r.Header
	case *casefile.Evaluation:
		return &r.Header
	case *casefile.HandoverRecord:
		return &r.Header
	case *casefile.CompetenceRecord:
		return &r.Header
	case *casefile.DocumentRecord:
		return &r.Header
	}
	return &casefile.Header{} // there are no others
}

func readShared(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT p.id, `+sharedINSZ+` FROM json_each(?) j JOIN person p ON p.id = j.value`, list(ids)) {
		if err != nil {
			return err
		}
		var person int64
		var shared bool
		if err := rs.Scan(&person, &shared); err != nil {
			return err
		}
		views[person].SharedINSZ = shared
	}
	return nil
}

func (r recordInputs) readInputs(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	digests, err := inputs(t, ids, r)
	if err != nil {
		return err
	}
	for id, v := range views {
		v.Inputs = digests[id]
	}
	return nil
}

func readHeld(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT p.id, r.id, x.ordinal, x.payload, f.name
		FROM json_each(?) j JOIN person p ON p.id = j.value JOIN export_row r ON r.client_ix = p.client_ix AND r.rejected = 1
			JOIN export_file f ON f.id = r.file JOIN export_set s ON s.id = f.export_set AND s.state = 'active'
			JOIN row_rejection x ON x.row = r.id
		ORDER BY p.id, f.position, f.name, r.number, r.id, x.ordinal`, list(ids)) {
		if err != nil {
			return err
		}
		var person, row int64
		var ordinal int
		var payload []byte
		var held ledger.HeldRow
		if err := rs.Scan(&person, &row, &ordinal, &payload, &held.File); err != nil {
			return err
		}
		v := views[person]
		if held.Rejection, err = t.rejectionOf(v.OCMW, row, ordinal, payload); err != nil {
			return err
		}
		v.Held = append(v.Held, held)
	}
	return nil
}

func readDecisions(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT d.person, d.payload FROM json_each(?) j JOIN decision d ON d.person = j.value`, list(ids)) {
		if err != nil {
			return err
		}
		var person int64
		var payload []byte
		if err := rs.Scan(&person, &payload); err != nil {
			return err
		}
		v := views[person]
		plain, err := t.s.open("decision", v.OCMW, number(person), "payload", payload)
		if err == nil {
			v.Decision, err = casefile.UnmarshalDecision(plain)
			err = wrap("read decision", err)
		}
		if err != nil {
			t.undecided = append(t.undecided, person)
			if err := t.spoiled(v, payload, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// readNoted reads for what damage a client was held when it was decided, where that is not met again in what is read of it here.
func readNoted(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT p.id FROM json_each(?) j JOIN person p ON p.id = j.value
		JOIN note n ON n.topic = '`+unreadableTopic+`' AND n.ocmw = p.ocmw AND n.key = p.pseudonym WHERE p.outcome = 'held'`, list(ids)) {
		if err != nil {
			return err
		}
		var person int64
		if err := rs.Scan(&person); err != nil {
			return err
		}
		if v := views[person]; v.Damaged == "" {
			v.Damaged = "something of it could not be read back when it was last decided"
		}
	}
	return nil
}

// sharedINSZ tells of person p whether another client in force of the OCMW has the
// same INSZ. A client who left the export shares it with nobody: a new number for the same
// person is no contradiction.
const sharedINSZ = `EXISTS (SELECT 1 FROM person o INDEXED BY person_insz JOIN record r ON r.person = o.id AND r.kind = 'client' AND r.missing_since IS NULL
	WHERE o.insz_ix = p.insz_ix AND o.ocmw = p.ocmw AND o.id <> p.id)`
