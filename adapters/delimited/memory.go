package delimited

import (
	"crypto/sha256"
	"fmt"

	"github.com/mlpsync/mlpsync/adapters"
)

// reading is the version of how this package makes records of lines; a change of it makes every text another one.
const reading = 1

// memory asks whether records were read before. A nil memory knows none.
type memory struct {
	known adapters.Known
	form  [sha256.Size]byte // all but the lines themselves that the cells of a record depend on
}

func newMemory(s *splitter, header string, known adapters.Known) *memory {
	return &memory{known: known, form: sha256.Sum256(fmt.Appendf(nil, "%d %s %c %s", reading, s.encoding, s.separator, header))}
}

// recall gives a record its text and asks for it. Lines are those of the record, without their ends: those are the same to
// the parser however they are written.
func (m *memory) recall(rec *record, lines ...physical) (err error) {
	if m == nil || rec.problem != nil {
		return nil
	}
	size := len(m.form)
	for _, l := range lines {
		size += len(l.text) + 1
	}
	rec.text = append(make([]byte, 0, size), m.form[:]...)
	for i, l := range lines {
		if i > 0 {
			rec.text = append(rec.text, '\n')
		}
		rec.text = append(rec.text, l.text...)
	}
	rec.known, err = m.known(rec.row, rec.text)
	return err
}
