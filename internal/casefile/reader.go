package casefile

import "fmt"

// RecordReader reads records from the stored form. Those that it reads share the columns that they came from, which are the same
// for all rows of a file and most of what a record takes: nobody changes them. One goroutine at a time uses it.
type RecordReader struct{ columns map[string]map[string]string }

// sharedMost is how many different columns are shared at once: there is one for each kind and file, and no more than a few.
const sharedMost = 64

// UnmarshalRecord reads a record of the given kind from the stored form.
func UnmarshalRecord(kind RecordKind, stored []byte) (Record, error) {
	return new(RecordReader).Read(kind, stored)
}

// UnmarshalColumns reads columns that a RecordWriter wrote apart.
func UnmarshalColumns(stored []byte) (columns map[string]string, err error) {
	err = read(stored, &columns, "columns")
	return columns, err
}

// Read reads a record of the given kind from the stored form.
func (r *RecordReader) Read(kind RecordKind, stored []byte) (Record, error) {
	switch kind {
	case KindClient:
		return r.client(stored)
	case KindTrack:
		var w struct {
			Track
			provWire
		}
		return r.read(stored, &w, &w.Track, &w.provWire)
	case KindEmployment:
		var w struct {
			Employment
			provWire
		}
		return r.read(stored, &w, &w.Employment, &w.provWire)
	case KindPlacement:
		var w struct {
			Placement
			provWire
		}
		return r.read(stored, &w, &w.Placement, &w.provWire)
	case KindTraining:
		var w struct {
			Training
			provWire
		}
		return r.read(stored, &w, &w.Training, &w.provWire)
	case KindEvaluation:
		var w struct {
			Evaluation
			provWire
		}
		return r.read(stored, &w, &w.Evaluation, &w.provWire)
	case KindHandover:
		var w struct {
			HandoverRecord
			provWire
		}
		return r.read(stored, &w, &w.HandoverRecord, &w.provWire)
	case KindCompetence:
		var w struct {
			CompetenceRecord
			provWire
		}
		return r.read(stored, &w, &w.CompetenceRecord, &w.provWire)
	case KindDocument:
		var w struct {
			DocumentRecord
			provWire
		}
		return r.read(stored, &w, &w.DocumentRecord, &w.provWire)
	}
	return nil, fmt.Errorf("read record: %w", ErrUnknownKind)
}

func (r *RecordReader) client(stored []byte) (Record, error) {
	var w struct {
		clientWire
		provWire
	}
	client := &w.Client
	if _, err := r.read(stored, &w, client, &w.provWire); err != nil {
		return nil, err
	}
	n, err := readINSZ(w.clientWire.INSZ)
	if err != nil {
		return nil, fmt.Errorf("read stored client record: %w", err)
	}
	client.INSZ = n
	return client, nil
}

// headed is a record whose header can be written.
type headed interface {
	Record
	header() *Header
}

func (h *Header) header() *Header { return h }

// read reads into a struct that holds the record, and the wire that hides its provenance.
func (r *RecordReader) read(stored []byte, into any, record headed, prov *provWire) (Record, error) {
	prov.Prov.Columns.reader = r
	if err := read(stored, into, string(record.Kind())+" record"); err != nil {
		return nil, err
	}
	p := prov.Prov
	record.header().Prov = Provenance{File: p.File, Sheet: p.Sheet, Row: p.Row, Columns: p.Columns.columns}
	return record, nil
}

// provWire is Provenance as it is read.
type provWire struct {
	Prov struct {
		File    string      `json:"file"`
		Sheet   string      `json:"sheet"`
		Row     int         `json:"row"`
		Columns columnsWire `json:"columns"`
	} `json:"prov"`
}

type columnsWire struct {
	reader  *RecordReader
	columns map[string]string
}

// UnmarshalJSON takes the columns that were read from the same text before.
func (w *columnsWire) UnmarshalJSON(stored []byte) error {
	if known, is := w.reader.columns[string(stored)]; is {
		w.columns = known
		return nil
	}
	var columns map[string]string
	if string(stored) != "null" {
		if err := strict(stored, &columns); err != nil {
			return err
		}
	}
	w.columns = columns
	w.reader.share(string(stored), columns)
	return nil
}

func (r *RecordReader) share(text string, columns map[string]string) {
	if r.columns == nil || len(r.columns) >= sharedMost {
		r.columns = map[string]map[string]string{}
	}
	r.columns[text] = columns
}
