package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// sharedColumns are columns that records came from, kept once for all that came from the same.
type sharedColumns struct {
	id     int64
	sealed []byte
}

// mostColumns is how many are known by their text at once: there is one for each kind and file.
const mostColumns = 64

// shareColumns makes sure that columns are kept, and gives what a record names them by; nil where there are none.
func (g *staging) shareColumns(p *stagedPart, text []byte) any {
	if len(text) == 0 {
		return nil
	}
	if id, known := g.columns[string(text)]; known {
		return id
	}
	if len(g.columns) >= mostColumns {
		clear(g.columns)
	}
	// The same columns have the same id in every set.
	id := int64(binary.BigEndian.Uint64(g.s.ix("columns", g.ocmw, string(text))) >> 1)
	g.columns[string(text)] = id
	p.columns = append(p.columns, sharedColumns{id, g.s.seal("record_columns", g.ocmw, number(id), "payload", text)})
	return id
}

// addColumns writes those that are there too: they may have become damaged.
func addColumns(t *tx, columns []sharedColumns) error {
	for _, c := range columns {
		if _, err := t.exec(`INSERT INTO record_columns (id, payload) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET payload = excluded.payload`, c.id, c.sealed); err != nil {
			return err
		}
	}
	return nil
}

// readColumns are columns by their id. Records share them: nobody changes them. They say to people where a record came from, and nothing is
// decided by them: where they are damaged there are none, and it is said.
type readColumns map[int64]map[string]string

func (c readColumns) read(t *tx, ocmw string, id int64) (map[string]string, error) {
	if known, is := c[id]; is {
		return known, nil
	}
	var sealed []byte
	if err := t.row(`SELECT payload FROM record_columns WHERE id = ?`, []any{id}, &sealed); err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	text, err := t.s.open("record_columns", ocmw, number(id), "payload", sealed)
	if err == nil {
		c[id], err = casefile.UnmarshalColumns(text)
	}
	if err == nil {
		return c[id], nil
	}
	c[id] = map[string]string{}
	if t.s.told.first("columns/" + number(id)) {
		t.damages = append(t.damages, ledger.Damage{
			OCMW: ocmw, What: err.Error(), Done: "for some records the names of the export's columns are not shown any more, until a file brings them again",
		})
	}
	return c[id], t.alone(sealed, err)
}
