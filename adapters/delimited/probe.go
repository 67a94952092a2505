package delimited

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mlpsync/mlpsync/adapters"
)

const (
	headSize   = 4 << 10
	sampleSize = 64 << 10
)

// form is what a first pass over the file found out.
type form struct {
	encoding  encoding
	separator byte
	declared  bool // the separator stands in a first line "sep=;"
	oldMac    bool // lines end in CR alone
	invalid   int  // bytes that are no UTF-8, in a file that is
	sample    []byte
}

// probe reads the file once to the end: whether it is UTF-8 shows only there, and a
// wrong guess would turn every accent behind it into two characters. What is no
// text is refused at the first byte that shows it.
func (r *Reader) probe(ctx context.Context, in adapters.Input, feed *adapters.Feed) (form, error) {
	var f form
	if in.Size > r.limits.FileBytes {
		return f, tooLarge(r.limits.FileBytes)
	}
	head, err := readHead(in)
	if err != nil {
		return f, err
	}
	if len(head) == 0 {
		return f, empty()
	}
	if problem := otherKind(head); problem != nil {
		return f, problem
	}
	marked := f.guess(head, feed.Encoding)
	text, err := open(in, f.encoding)
	if err != nil {
		return f, err
	}
	defer func() { _ = text.Close() }()
	var scan scanner
	if err := scan.run(ctx, text, r.limits.FileBytes); err != nil {
		return f, err
	}
	f.sample, f.oldMac = scan.sample, scan.cr > 0 && scan.lf == 0
	if !marked && feed.Encoding == "auto" && scan.isWindows() {
		f.encoding = encodingWindows1252
	}
	if f.encoding == encodingUTF8 {
		f.invalid = scan.invalid
	}
	f.separator, f.declared = pickSeparator(f, feed)
	return f, nil
}

func readHead(in adapters.Input) ([]byte, error) {
	raw, err := in.Open()
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = raw.Close() }()
	head := make([]byte, headSize)
	n, err := io.ReadFull(raw, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return head[:n], nil
}

// guess settles what the head can tell and says whether that is final.
func (f *form) guess(head []byte, setting string) bool {
	if e, ok := byMark(head); ok {
		f.encoding = e
		return true
	}
	for _, e := range []encoding{encodingUTF8, encodingWindows1252, encodingUTF16LE, encodingUTF16BE} {
		if e.String() == setting {
			f.encoding = e
			return true
		}
	}
	if e, ok := byZeros(head); ok {
		f.encoding = e
		return true
	}
	return false
}

// scanner looks at every byte of the text once.
type scanner struct {
	size    int64
	lf, cr  int
	multi   int // sequences of UTF-8 beyond ASCII
	invalid int // bytes that are no UTF-8
	sample  []byte
	carry   []byte
}

// isWindows tells that the text is no UTF-8. In Windows-1252 letters only come together by accident in a way that UTF-8 would have them.
// Where more do, it is UTF-8 with broken bytes, whose rows are rejected: read as Windows-1252, names would go to MLP mangled.
func (s *scanner) isWindows() bool {
	const accidents = 10
	return s.invalid > s.multi*accidents
}

func (s *scanner) run(ctx context.Context, r io.Reader, limit int64) error {
	buf := make([]byte, 64<<10)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.Read(buf)
		s.size += int64(n)
		if s.size > limit {
			return tooLarge(limit)
		}
		if at := bytes.IndexByte(buf[:n], 0); at >= 0 {
			return zeroByte(s.size - int64(n) + int64(at))
		}
		if room := sampleSize - len(s.sample); room > 0 {
			s.sample = append(s.sample, buf[:min(n, room)]...)
		}
		s.chunk(buf[:n], err != nil)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
	}
}

// chunk counts; a sequence cut by the chunk's end is carried over.
func (s *scanner) chunk(p []byte, last bool) {
	if len(s.carry) > 0 {
		p = append(s.carry, p...)
		s.carry = nil
	}
	for len(p) > 0 {
		n := plain(p)
		s.lf += bytes.Count(p[:n], []byte{'\n'})
		s.cr += bytes.Count(p[:n], []byte{'\r'})
		if p = p[n:]; len(p) == 0 {
			return
		}
		if !last && !utf8.FullRune(p) {
			s.carry = bytes.Clone(p)
			return
		}
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 {
			s.invalid++
		} else {
			s.multi++
		}
		p = p[size:]
	}
}

// plain is how many bytes of ASCII p begins with: most of an export is nothing else.
func plain(p []byte) int {
	const beyond = 0x8080808080808080
	n := 0
	for n+8 <= len(p) && binary.NativeEndian.Uint64(p[n:])&beyond == 0 {
		n += 8
	}
	for n < len(p) && p[n] < utf8.RuneSelf {
		n++
	}
	return n
}

// pickSeparator takes the separator under which the header line holds most of the
// feed's columns; among equals the one that makes most fields.
func pickSeparator(f form, feed *adapters.Feed) (separator byte, declared bool) {
	if s, ok := declaredSeparator(f.sample); ok {
		return s, true
	}
	if feed.Separator != "auto" {
		return feed.Separator[0], false
	}
	best, bestKnown, bestCells := byte(';'), -1, 0
	for _, s := range []byte(";\t,|") {
		known, cells := headerScore(f, s, feed)
		if known > bestKnown || known == bestKnown && cells > bestCells {
			best, bestKnown, bestCells = s, known, cells
		}
	}
	return best, false
}

func headerScore(f form, separator byte, feed *adapters.Feed) (known, cells int) {
	f.separator = separator
	s := newSplitter(bytes.NewReader(f.sample), f, adapters.DefaultLimits())
	for {
		rec, err := s.next(nil)
		if err != nil {
			return known, cells
		}
		if rec.problem != nil || rec.row < feed.HeaderRow || strings.TrimSpace(strings.Join(rec.cells, "")) == "" {
			continue
		}
		for _, c := range rec.cells {
			if feed.Knows(c) {
				known++
			}
		}
		return known, len(rec.cells)
	}
}

// declaredSeparator reads the line "sep=;" that spreadsheets write and hide.
func declaredSeparator(sample []byte) (byte, bool) {
	line, _, _ := bytes.Cut(sample, []byte("\n"))
	text := strings.ToLower(strings.Trim(string(line), "\" \r"))
	if rest, ok := strings.CutPrefix(text, "sep="); ok && len(rest) == 1 && strings.Contains(";,|\t", rest) {
		return rest[0], true
	}
	return 0, false
}

func separatorName(s byte) string {
	if s == '\t' {
		return "tab"
	}
	return string(rune(s))
}

// otherKind recognizes files that are something else by their first bytes.
func otherKind(head []byte) *adapters.FileProblem {
	for _, kind := range []struct{ magic, nl, en string }{
		{"PK\x03\x04", "een Excel-werkmap of zip-bestand", "an Excel workbook or a zip file"},
		{"\xd0\xcf\x11\xe0", "een oude Excel-werkmap", "an old Excel workbook"},
		{"%PDF", "een pdf-bestand", "a PDF file"},
		{"\x1f\x8b", "een gecomprimeerd bestand", "a compressed file"},
		{"<?xml", "een XML-bestand", "an XML file"},
		{"<html", "een webpagina", "a web page"},
		{"<!DOCTYPE html", "een webpagina", "a web page"},
	} {
		if bytes.HasPrefix(head, []byte(kind.magic)) {
			return notText("Dit is "+kind.nl+", geen tekstbestand.", "this is "+kind.en+", no delimited text")
		}
	}
	return nil
}

func notText(nl, en string) *adapters.FileProblem {
	return &adapters.FileProblem{Rule: adapters.RuleFileBinary, Message: adapters.Message{
		ReasonNL: nl, ReasonEN: en,
		HintNL: "Exporteer als CSV (tekst met scheidingstekens).",
		HintEN: "Export as delimited text (CSV).",
	}}
}

// zeroByte may be a file whose space was reserved and not filled yet.
func zeroByte(at int64) *adapters.FileProblem {
	p := notText("Dit is geen tekstbestand, of het is maar half geschreven.",
		fmt.Sprintf("a zero byte at position %d: no text file, or one that is half written", at))
	p.Passing = true
	return p
}

func empty() *adapters.FileProblem {
	return &adapters.FileProblem{Rule: adapters.RuleFileEmpty, Passing: true, Message: adapters.Message{
		ReasonNL: "Het bestand is leeg.", ReasonEN: "the file is empty",
		HintNL: "Exporteer het bestand opnieuw.", HintEN: "Export the file again.",
	}}
}

func tooLarge(limit int64) *adapters.FileProblem {
	return &adapters.FileProblem{Rule: adapters.RuleFileSize, Message: adapters.Message{
		ReasonNL: fmt.Sprintf("Het bestand is groter dan %d MB.", limit>>20),
		ReasonEN: fmt.Sprintf("the file is larger than %d MiB", limit>>20),
		HintNL:   "Controleer of dit het juiste bestand is.",
		HintEN:   "Check that this is the right file.",
	}}
}
