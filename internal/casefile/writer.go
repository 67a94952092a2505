package casefile

import (
	"fmt"
	"reflect"

	"github.com/segmentio/encoding/json"
)

// RecordWriter writes records in the stored form. The columns that they came from are the same for all rows of a file, and most of what
// is written: they are put into words once for all records that share them, and nobody changes them meanwhile. One goroutine at a time
// uses it.
type RecordWriter struct {
	columns map[string]string // the last ones
	text    json.RawMessage   // as they are stored
	buffer  []byte
}

// provText is Provenance as it is written.
type provText struct {
	Prov struct {
		File    string          `json:"file"`
		Sheet   string          `json:"sheet,omitempty"`
		Row     int             `json:"row"`
		Columns json.RawMessage `json:"columns,omitempty"`
	} `json:"prov"`
}

// Write writes a record: what is read of it is what is read of MarshalRecord's.
func (w *RecordWriter) Write(r Record) ([]byte, error) {
	if r == nil || reflect.ValueOf(r).IsNil() {
		return nil, fmt.Errorf("write record: %w", ErrUnknownKind)
	}
	prov, err := w.prov(r.Origin())
	if err != nil {
		return nil, err
	}
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
	// What is a text already is taken as it is, which escaping for web pages would go through.
	w.buffer, err = json.Append(w.buffer[:0], wire, json.SortMapKeys|json.TrustRawMessage)
	if err != nil {
		return nil, fmt.Errorf("write %s record: %w", r.Kind(), withoutValue(err))
	}
	return append(make([]byte, 0, len(w.buffer)), w.buffer...), nil
}

func (w *RecordWriter) prov(p Provenance) (out provText, err error) {
	if len(p.Columns) > 0 && reflect.ValueOf(p.Columns).Pointer() != reflect.ValueOf(w.columns).Pointer() {
		if w.text, err = json.Marshal(p.Columns); err != nil {
			return out, fmt.Errorf("write columns: %w", withoutValue(err))
		}
		w.columns = p.Columns // held, so that no others can come to lie in its place
	}
	out.Prov.File, out.Prov.Sheet, out.Prov.Row = p.File, p.Sheet, p.Row
	if len(p.Columns) > 0 {
		out.Prov.Columns = w.text
	}
	return out, nil
}
