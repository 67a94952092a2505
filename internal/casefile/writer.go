package casefile

import (
	"fmt"
	"reflect"

	"github.com/segmentio/encoding/json"
)

// RecordWriter writes records in the stored form, and apart from them the columns that they came from: those are the same for all rows
// of a file, and would be most of what is written. They are put into words once for all records that share them, and nobody changes them
// meanwhile. One goroutine at a time uses it.
type RecordWriter struct {
	columns map[string]string // the last ones
	text    []byte            // as they are stored
	buffer  []byte
}

// provText is Provenance as it is written, without columns.
type provText struct {
	Prov struct {
		File  string `json:"file"`
		Sheet string `json:"sheet,omitempty"`
		Row   int    `json:"row"`
	} `json:"prov"`
}

// Write writes a record, and the columns that UnmarshalColumns reads; nil for none. Both together are read as MarshalRecord's is.
func (w *RecordWriter) Write(r Record) (stored, columns []byte, err error) {
	if r == nil || reflect.ValueOf(r).IsNil() {
		return nil, nil, fmt.Errorf("write record: %w", ErrUnknownKind)
	}
	if columns, err = w.columnsOf(r.Origin()); err != nil {
		return nil, nil, err
	}
	stored, err = w.record(r)
	return stored, columns, err
}

func (w *RecordWriter) record(r Record) ([]byte, error) {
	prov := provOf(r.Origin())
	switch r := r.(type) {
	case *Client:
		return w.write(r, &struct {
			clientWire
			provText
		}{clientWire{Client: *r, INSZ: r.INSZ.Reveal()}, prov})
	case *Track:
		return w.write(r, &struct {
			Track
			provText
		}{*r, prov})
	case *Employment:
		return w.write(r, &struct {
			Employment
			provText
		}{*r, prov})
	case *Placement:
		return w.write(r, &struct {
			Placement
			provText
		}{*r, prov})
	case *Training:
		return w.write(r, &struct {
			Training
			provText
		}{*r, prov})
	case *Evaluation:
		return w.write(r, &struct {
			Evaluation
			provText
		}{*r, prov})
	case *HandoverRecord:
		return w.write(r, &struct {
			HandoverRecord
			provText
		}{*r, prov})
	case *CompetenceRecord:
		return w.write(r, &struct {
			CompetenceRecord
			provText
		}{*r, prov})
	case *DocumentRecord:
		return w.write(r, &struct {
			DocumentRecord
			provText
		}{*r, prov})
	}
	return nil, fmt.Errorf("write record: %w", ErrUnknownKind)
}

func (w *RecordWriter) write(r Record, wire any) (stored []byte, err error) {
	w.buffer, err = json.Append(w.buffer[:0], wire, json.SortMapKeys)
	if err != nil {
		return nil, fmt.Errorf("write %s record: %w", r.Kind(), withoutValue(err))
	}
	return append(make([]byte, 0, len(w.buffer)), w.buffer...), nil
}

func provOf(p Provenance) (out provText) {
	out.Prov.File, out.Prov.Sheet, out.Prov.Row = p.File, p.Sheet, p.Row
	return out
}

func (w *RecordWriter) columnsOf(p Provenance) (_ []byte, err error) {
	if len(p.Columns) == 0 {
		return nil, nil
	}
	if reflect.ValueOf(p.Columns).Pointer() != reflect.ValueOf(w.columns).Pointer() {
		if w.text, err = json.Marshal(p.Columns); err != nil {
			return nil, fmt.Errorf("write columns: %w", withoutValue(err))
		}
		w.columns = p.Columns // held, so that no others can come to lie in its place
	}
	return w.text, nil
}
