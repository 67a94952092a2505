package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// table is `;`-separated UTF-8 with a BOM, as Excel in Belgium opens it, written a row at a time.
type table struct {
	to  *bufio.Writer
	csv *csv.Writer
}

func newTable(to io.Writer) *table {
	t := rowsOnly(to)
	_, _ = t.to.WriteString("\uFEFF") // end tells of errors
	return t
}

// rowsOnly is a table without its beginning.
func rowsOnly(to io.Writer) *table {
	out := bufio.NewWriter(to)
	t := &table{to: out, csv: csv.NewWriter(out)}
	t.csv.Comma, t.csv.UseCRLF = ';', true
	return t
}

func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	_ = t.csv.Write(cells) // failed and end tell
}

// failed is the first error in writing.
func (t *table) failed() error { return t.csv.Error() }

func (t *table) end() error {
	t.csv.Flush()
	return errors.Join(t.csv.Error(), t.to.Flush())
}

// replace writes the file kind-DAY.csv of a folder in place of the one that is there, in one step. What a process that was killed left of it is
// written over by the next.
func replace(folder, kind string, day casefile.Date, write func(*os.File) error) error {
	name, tmp := kind+"-"+string(day)+".csv", filepath.Join(folder, kind+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp, filepath.Join(folder, name)); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("replace %s (is it open in a spreadsheet?): %w", name, err)
	}
	return nil
}

// pile puts rows in order without holding them: each is written to a file, and what is kept is its rank and where it stands there.
type pile struct {
	f      *os.File
	to     *bufio.Writer
	line   bytes.Buffer
	row    *table // of one row at a time, into line
	end    int64  // of what is written
	places []place
	ranks  map[rank]*rank // one of each
}

// place is where a row stands in the file.
type place struct {
	rank *rank
	at   int64
	size int32
}

func newPile(path string) (*pile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	p := &pile{f: f, to: bufio.NewWriter(f), ranks: map[rank]*rank{}}
	p.row = rowsOnly(&p.line)
	return p, nil
}

func (p *pile) add(r rank, cells []string) error {
	p.line.Reset()
	p.row.row(cells...)
	if err := p.row.end(); err != nil {
		return err
	}
	if p.ranks[r] == nil {
		r = rank{strings.Clone(r.caseworker), r.urgency, casefile.Date(strings.Clone(string(r.due)))} // apart from the text that it was read from
		p.ranks[r] = &r
	}
	p.places = append(p.places, place{rank: p.ranks[r], at: p.end, size: int32(p.line.Len())})
	p.end += int64(p.line.Len())
	_, err := p.to.Write(p.line.Bytes())
	return err
}

// writeTo writes the rows in the order of their ranks, those of one rank in the order in which they came.
func (p *pile) writeTo(to io.Writer) error {
	if err := p.to.Flush(); err != nil {
		return err
	}
	slices.SortFunc(p.places, func(a, b place) int { return cmp.Or(a.rank.compare(*b.rank), cmp.Compare(a.at, b.at)) })
	out := bufio.NewWriter(to)
	var line []byte
	for _, at := range p.places {
		line = slices.Grow(line[:0], int(at.size))[:at.size]
		if _, err := p.f.ReadAt(line, at.at); err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// remove ends the pile.
func (p *pile) remove() {
	_ = p.f.Close()
	_ = os.Remove(p.f.Name())
}
