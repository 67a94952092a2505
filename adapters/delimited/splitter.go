package delimited

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mlpsync/mlpsync/adapters"
)

// record is one row as the splitter found it.
type record struct {
	row, line int
	cells     []string
	problem   *adapters.RowProblem
	cutOff    bool   // the file ends in it without a line break
	text      []byte // Row.Text
	known     bool   // by its text; cells are empty then
	counted   bool   // as a data row, without its cells
}

// physical is one line of the file.
type physical struct {
	text    []byte
	number  int
	tooLong bool
	last    bool // no line break behind it
}

// splitter makes records of lines. A record that turns out to be broken gives its
// lines but the first back, so that they are read for themselves.
type splitter struct {
	r         *bufio.Reader
	end       byte
	separator byte
	encoding  encoding
	limits    adapters.Limits
	queue     []physical
	lines     int // physical lines read
	rows      int
	memory    *memory // nil: nobody knows rows
	// counts says that a line without a quote is a data row by its first cell; nil: cells are asked for.
	counts func(first []byte) bool
	spare  []byte // of a line that was read, for the next
}

func newSplitter(r io.Reader, f form, limits adapters.Limits) *splitter {
	s := &splitter{
		r: bufio.NewReaderSize(r, 64<<10), end: '\n',
		separator: f.separator, encoding: f.encoding, limits: limits,
	}
	if f.oldMac {
		s.end = '\r'
	}
	if f.declared {
		_, _ = s.read()
	}
	return s
}

// read takes the next line of the file. Beyond the limit it is skipped, not kept.
func (s *splitter) read() (physical, error) {
	p := physical{number: s.lines + 1, text: s.spare[:0]}
	s.spare = nil
	for {
		part, err := s.r.ReadSlice(s.end)
		if len(p.text)+len(part) > s.limits.RecordBytes+2 {
			p.tooLong = true
		}
		if !p.tooLong {
			p.text = append(p.text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return p, err
		}
		if err != nil && len(p.text) == 0 && !p.tooLong {
			return p, io.EOF
		}
		p.last = err != nil
		break
	}
	s.lines++
	p.text = bytes.TrimSuffix(p.text, []byte{s.end})
	p.text = bytes.TrimSuffix(p.text, []byte{'\r'})
	return p, nil
}

func (s *splitter) pop() (physical, error) {
	if len(s.queue) > 0 {
		p := s.queue[0]
		s.queue = s.queue[1:]
		return p, nil
	}
	return s.read()
}

// next gives the next record, io.EOF behind the last. Fits tells whether cells can
// be a row; nil accepts all.
func (s *splitter) next(fits func([]string) bool) (record, error) {
	first, err := s.pop()
	if err != nil {
		return record{}, err
	}
	s.rows++
	rec := record{row: s.rows, line: first.number, cutOff: first.last}
	if first.tooLong {
		rec.problem = tooLong(s.limits.RecordBytes)
		return rec, nil
	}
	// Without a quote the line is a record, whatever comes behind it.
	if whole := !bytes.ContainsRune(first.text, '"'); whole {
		s.spare = first.text // all that is made of it is a copy
		if rec.counted = s.counts != nil && !first.last && s.counts(s.firstCell(first.text)); rec.counted {
			return rec, nil
		}
		if err := s.memory.recall(&rec, first); rec.known || err != nil {
			return rec, err
		}
	}
	p := parser{separator: s.separator, encoding: s.encoding, limit: s.limits.Cells}
	p.feed(first.text)
	if p.open {
		return s.multiline(rec, p, first, fits)
	}
	rec.cells, rec.problem = p.cells, p.problem()
	if rec.text == nil {
		return rec, s.memory.recall(&rec, first)
	}
	return rec, nil
}

func (s *splitter) firstCell(line []byte) []byte {
	first, _, _ := bytes.Cut(line, []byte{s.separator})
	return first
}

// multiline reads on in a quoted cell.
func (s *splitter) multiline(rec record, p parser, first physical, fits func([]string) bool) (record, error) {
	var taken []physical
	size := len(first.text)
	for p.open && len(taken) < s.limits.RecordLines && size <= s.limits.RecordBytes {
		line, err := s.pop()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rec, err
		}
		taken = append(taken, line)
		if line.tooLong {
			break
		}
		size += len(line.text)
		p.feed(line.text)
	}
	if !p.open && !p.broken && (fits == nil || fits(p.cells)) && !s.swallowed(taken, fits) {
		rec.cells, rec.problem = p.cells, p.problem()
		rec.cutOff = len(taken) > 0 && taken[len(taken)-1].last
		return rec, s.memory.recall(&rec, append([]physical{first}, taken...)...)
	}
	s.queue = append(taken, s.queue...)
	rec.cells, rec.problem = p.firstCells(), unclosed()
	return rec, nil
}

// swallowed looks for a line inside the cell that is a whole row by itself: text
// of four and more columns hardly looks like that by chance.
func (s *splitter) swallowed(taken []physical, fits func([]string) bool) bool {
	const fewest = 4
	if fits == nil || len(taken) < 2 {
		return false
	}
	for _, line := range taken[:len(taken)-1] {
		p := parser{separator: s.separator, encoding: s.encoding, limit: s.limits.Cells}
		p.feed(line.text)
		if !p.open && !p.broken && len(p.cells) >= fewest && fits(p.cells) {
			return true
		}
	}
	return false
}

type state int

const (
	atStart state = iota // of a field; blanks may have come
	inPlain              // a quote here is a character like any other
	inQuotes
	atQuote // after a quote inside quotes: doubled, or the end
	behind  // blanks after the closing quote
)

// parser takes a record line by line.
type parser struct {
	separator byte
	encoding  encoding
	limit     int

	state    state
	cell     []byte
	cells    []string
	open     bool // the last line ended inside quotes
	broken   bool // text after a closing quote
	tooMany  bool
	complete int // cells that stood complete on the first line
	fed      bool
}

func (p *parser) feed(line []byte) {
	if !p.fed && p.split(line) {
		return
	}
	p.open = false
	for _, b := range line {
		if p.step(b); p.broken || p.tooMany {
			return
		}
	}
	if !p.fed {
		p.fed, p.complete = true, len(p.cells)
	}
	if p.state == inQuotes {
		p.open = true
		p.cell = append(p.cell, '\n')
		return
	}
	p.endCell()
}

// split takes a first line without a quote, in which all that stands between separators is a cell, as one text: that is what step makes
// of it. Encodings leave separators alone.
func (p *parser) split(line []byte) bool {
	n := 1 + bytes.Count(line, []byte{p.separator})
	if n > p.limit || bytes.IndexByte(line, '"') >= 0 {
		return false
	}
	p.cells = make([]string, 0, n)
	for text := range strings.SplitSeq(p.encoding.decode(line), string(rune(p.separator))) {
		p.cells = append(p.cells, text)
	}
	p.fed, p.complete = true, n-1
	return true
}

func (p *parser) step(b byte) {
	if b == p.separator && p.state != inQuotes {
		p.endCell()
		return
	}
	switch p.state {
	case atStart:
		p.begin(b)
	case inPlain:
		p.cell = append(p.cell, b)
	case inQuotes:
		if b == '"' {
			p.state = atQuote
			return
		}
		p.cell = append(p.cell, b)
	case atQuote, behind:
		switch {
		case b == '"' && p.state == atQuote:
			p.cell = append(p.cell, b)
			p.state = inQuotes
		case b == ' ':
			p.state = behind
		default:
			p.broken = true
		}
	}
}

func (p *parser) begin(b byte) {
	switch b {
	case '"':
		p.cell, p.state = p.cell[:0], inQuotes
	case ' ':
		p.cell = append(p.cell, b)
	default:
		p.cell, p.state = append(p.cell, b), inPlain
	}
}

func (p *parser) endCell() {
	if len(p.cells) == p.limit {
		p.tooMany = true
		return
	}
	p.cells = append(p.cells, p.encoding.decode(p.cell))
	p.cell, p.state = p.cell[:0], atStart
}

// firstCells are the cells of the first line in front of the open quote: enough
// to see whose row it may be.
func (p *parser) firstCells() []string { return p.cells[:min(p.complete, len(p.cells))] }

func (p *parser) problem() *adapters.RowProblem {
	switch {
	case p.tooMany:
		return tooManyCells(p.limit)
	case p.broken:
		return unclosed()
	}
	return nil
}

func unclosed() *adapters.RowProblem {
	return &adapters.RowProblem{Rule: adapters.RuleRowQuote, Message: adapters.Message{
		ReasonNL: "Een aanhalingsteken in deze rij wordt niet of verkeerd gesloten.",
		ReasonEN: "a quote in the row is not closed, or closed in the middle of a text",
		HintNL:   `Binnen aanhalingstekens moet een aanhalingsteken dubbel staan ("").`,
		HintEN:   `Inside quotes a quote has to be doubled ("").`,
	}}
}

func tooLong(limit int) *adapters.RowProblem {
	return &adapters.RowProblem{Rule: adapters.RuleRowLength, Message: adapters.Message{
		ReasonNL: fmt.Sprintf("De rij is langer dan %d kB.", limit>>10),
		ReasonEN: fmt.Sprintf("the row is longer than %d KiB", limit>>10),
		HintNL:   "Controleer de rij in de export.",
		HintEN:   "Look at the row in the export: usually a line break is missing.",
	}}
}

func tooManyCells(limit int) *adapters.RowProblem {
	return &adapters.RowProblem{Rule: adapters.RuleCells, Message: adapters.Message{
		ReasonNL: fmt.Sprintf("De rij heeft meer dan %d velden.", limit),
		ReasonEN: fmt.Sprintf("the row has more than %d fields", limit),
		HintNL:   "Controleer de rij in de export.",
		HintEN:   "Look at the row in the export.",
	}}
}
