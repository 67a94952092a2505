package sqlite

import (
	"database/sql"
	"fmt"

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
func decided() []readsViews { return []readsViews{readHeld, readHolds, readDecisions} }
func whole() []readsViews   { return append(madeOf(), readDecisions) }

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
			p.dirty, COALESCE(p.outcome, ''), p.decided_at, k.payload
		FROM json_each(?) j JOIN person p ON p.id = j.value LEFT JOIN known k ON k.person = p.id`, list(ids)) {
		if err != nil {
			return err
		}
		v := &ledger.ClientView{}
		var ix, client, worker, known []byte
		var lookedUp, outside bool
		var decidedAt int64
		if err := rs.Scan(&v.Person, &v.OCMW, &v.Pseudonym, &ix, &client, &worker, &lookedUp, &outside,
			&v.Dirty, &v.Kind, &decidedAt, &known); err != nil {
			return err
		}
		if client, err = t.s.open("person", v.OCMW, place(ix), "client", client); err != nil {
			return err
		}
		if worker != nil {
			if worker, err = t.s.open("person", v.OCMW, place(ix), "caseworker", worker); err != nil {
				return err
			}
		}
		if known != nil {
			if v.Known, err = t.s.openKnown(v.OCMW, v.Person, known); err != nil {
				return err
			}
		}
		v.Client, v.Caseworker, v.DecidedAt = string(client), string(worker), instant(decidedAt)
		v.Known.LookedUp, v.Known.OutsideArea = lookedUp, outside
		views[v.Person] = v
	}
	return nil
}

func (r recordInputs) readRecords(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	var records casefile.RecordReader
	columns := readColumns{}
	var payload []byte // nothing of it is in a record
	for rs, err := range t.rows(`SELECT r.person, r.kind, r.key_ix, r.digest, r.deleted, r.missing_since IS NOT NULL, x.columns, x.payload,
			COALESCE(f.name, x.last_file, ''), COALESCE(w.number, x.last_number, 0)
		FROM json_each(?) j JOIN record r ON r.person = j.value JOIN row_record x ON x.id = r.source
			LEFT JOIN export_row w ON w.id = x.row LEFT JOIN export_file f ON f.id = w.file
		ORDER BY r.person, r.kind, r.key_ix`, list(ids)) {
		if err != nil {
			return err
		}
		var person int64
		var kind casefile.RecordKind
		var key, digest, sealed sql.RawBytes // not used behind this row
		var deleted, missing bool
		var file string
		var number int
		var apart sql.NullInt64
		if err := rs.Scan(&person, &kind, &key, &digest, &deleted, &missing, &apart, &sealed, &file, &number); err != nil {
			return err
		}
		r.add(person, kind, deleted, missing, key, digest)
		v := views[person]
		if payload, err = t.s.appendOpen(payload[:0], "record", v.OCMW, place(key, digest), "payload", sealed); err != nil {
			return err
		}
		record, err := records.Read(kind, payload)
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		h := header(record)
		h.Missing = missing
		if apart.Valid {
			if h.Prov.Columns, err = columns.read(t, v.OCMW, apart.Int64); err != nil {
				return err
			}
		}
		if file != "" { // else the row was gone already before rows were kept, and is where it was read
			h.Prov.File, h.Prov.Row = file, number
		}
		v.Records = append(v.Records, record)
	}
	return nil
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
		if held.Rejection, err = t.s.openRejection(v.OCMW, row, ordinal, payload); err != nil {
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
		if payload, err = t.s.open("decision", v.OCMW, number(person), "payload", payload); err != nil {
			return err
		}
		if v.Decision, err = casefile.UnmarshalDecision(payload); err != nil {
			return fmt.Errorf("read decision: %w", err)
		}
	}
	return nil
}

// sharedINSZ tells of person p whether another client in force of the OCMW has the
// same INSZ. A client who left the export shares it with nobody: a new number for the same
// person is no contradiction.
const sharedINSZ = `EXISTS (SELECT 1 FROM person o INDEXED BY person_insz JOIN record r ON r.person = o.id AND r.kind = 'client' AND r.missing_since IS NULL
	WHERE o.insz_ix = p.insz_ix AND o.ocmw = p.ocmw AND o.id <> p.id)`
