// Package delimited reads text exports: comma, semicolon, tab or bar separated.
//
// It guarantees: encoding and separator are detected and said; every line of the
// file is in exactly one row, title, blank or totals line; a broken quote costs its
// own line and not the lines behind it; memory stays bounded by the limits whatever
// the file holds. Undecodable bytes reject the row that uses them. It doesn't judge
// values: the profile's conversions in package adapters do, and after them the
// schemas.
//
// What the quotes leave open is settled so that loss shows: a quoted cell over
// several lines that does not end in a row of the header's width, or that
// swallows a whole row, is taken for an unclosed quote.
//
// The composition root makes one Reader and gives it to internal/cycle and
// adapters/dropfolder.
package delimited

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mlpsync/mlpsync/adapters"
)

// Reader is the adapters.Format of delimited text.
type Reader struct{ limits adapters.Limits }

// New makes a reader; limits that are zero take their defaults.
func New(limits adapters.Limits) *Reader { return &Reader{limits: limits.OrDefault()} }

// Check reads the whole file, so that a file that was cut off in the middle of a row or
// lacks its totals line is seen before it is taken.
func (r *Reader) Check(ctx context.Context, in adapters.Input, feed *adapters.Feed) error {
	_, err := r.Reread(ctx, in, feed, nil, nil)
	return err
}

// Read implements adapters.Format.
func (r *Reader) Read(ctx context.Context, in adapters.Input, feed *adapters.Feed, emit func(adapters.Row) error) (adapters.FileReport, error) {
	return r.Reread(ctx, in, feed, nil, emit)
}

// Reread implements adapters.Rereader. Without known rows have no Text.
func (r *Reader) Reread(ctx context.Context, in adapters.Input, feed *adapters.Feed, known adapters.Known, emit func(adapters.Row) error) (adapters.FileReport, error) {
	table := adapters.NewTable(feed, in.Name, "", r.limits, emit)
	form, err := r.probe(ctx, in, feed)
	if err != nil {
		return table.Report(), err
	}
	table.Detected(form.encoding.String(), separatorName(form.separator))
	if form.invalid > 0 && form.encoding == encodingUTF8 {
		table.Remark("encoding.mixed", fmt.Sprintf("the file is UTF-8 but for %d bytes; the rows that use them are rejected", form.invalid), "Have the export write one encoding.")
	}
	body, err := open(in, form.encoding)
	if err != nil {
		return table.Report(), err
	}
	defer func() { _ = body.Close() }()
	s := newSplitter(body, form, r.limits)
	if emit == nil {
		s.counts = table.Counts
	}
	return r.rows(ctx, s, table, known)
}

func (r *Reader) rows(ctx context.Context, s *splitter, table *adapters.Table, known adapters.Known) (adapters.FileReport, error) {
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return table.Report(), context.Cause(ctx)
		}
		rec, err := s.next(table.Fits)
		if errors.Is(err, io.EOF) {
			return table.Finish()
		}
		if err != nil {
			return table.Report(), fmt.Errorf("read the file: %w", err)
		}
		if rec.cutOff && n > 0 && !rec.known && (rec.problem != nil || !table.Fits(rec.cells)) {
			return table.Report(), cutOff()
		}
		if err := take(table, rec); err != nil {
			return table.Report(), maybePassing(err, rec.cutOff)
		}
		if known != nil && s.memory == nil && table.Header() != "" {
			s.memory = newMemory(s, table.Header(), known)
		}
	}
}

func take(table *adapters.Table, rec record) error {
	switch {
	case rec.counted:
		return table.Count()
	case rec.known:
		return table.Known()
	}
	return table.Line(adapters.Line{Row: rec.row, Line: rec.line, Cells: rec.cells, Text: rec.text, Problem: rec.problem})
}

// maybePassing: a header that misses columns at the very end of the file is still
// being written.
func maybePassing(err error, last bool) error {
	var problem *adapters.FileProblem
	if last && errors.As(err, &problem) {
		problem.Passing = true
	}
	return err
}

func cutOff() *adapters.FileProblem {
	return &adapters.FileProblem{Rule: adapters.RuleFileTruncated, Passing: true, Message: adapters.Message{
		ReasonNL: "De laatste regel van het bestand is onvolledig: het bestand is wellicht afgekapt.",
		ReasonEN: "the last line is incomplete: the file is half written or truncated",
		HintNL:   "Exporteer het bestand opnieuw.",
		HintEN:   "Export the file again; a closing line that is no data belongs under totals in the profile.",
	}}
}
