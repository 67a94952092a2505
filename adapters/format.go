package adapters

import (
	"context"
	"io"
)

// Input is one file as a [Format] gets it.
type Input struct {
	// Name is the export's file name, without folder.
	Name string
	// Size is the length in bytes, -1 when unknown.
	Size int64
	// Open starts reading at the first byte. A format may call it more than
	// once (to see the encoding before it reads); each reader is closed by
	// the caller of Open.
	Open func() (io.ReadCloser, error)
}

// Format reads one kind of file. Implementations hold no state between calls
// and may be used by several goroutines.
type Format interface {
	// Check looks whether the file can be a whole file of this feed: it reads
	// the header and the end. It returns nil or a *FileProblem; other errors
	// are failures of reading (I/O, cancellation).
	Check(ctx context.Context, in Input, feed *Feed) error
	// Read hands every data row to emit, in order, and counts. An error of
	// emit ends the reading and is returned as it is. A *FileProblem, also one
	// found only at the end (a totals line that disagrees), means that nothing
	// of this file may be used; the report says what was counted until then.
	Read(ctx context.Context, in Input, feed *Feed, emit func(Row) error) (FileReport, error)
}

// Rereader is a Format that leaves out rows that its caller has read before, in an earlier file of the feed.
type Rereader interface {
	Format
	// Reread is Read, and gives rows their Text. It asks known about each row that may be a data row, by its number and
	// Text, in order: one that known takes is counted, and neither read nor emitted. Known must take only what was a row's Text
	// before, and must not hold on to it. Its error ends the reading.
	Reread(ctx context.Context, in Input, feed *Feed, known Known, emit func(Row) error) (FileReport, error)
}

// Known tells whether a row was read before.
type Known func(number int, text []byte) (bool, error)

// FileReport is what a reader counted and decided. Rows = rejected by the reader
// + skipped + handed on; Lines of other sorts are counted apart (design
// decision 7).
type FileReport struct {
	// Name, Feed: the file and the feed it was read for.
	Name, Feed string
	// Rows counts the data rows, Skipped those that the profile's filter left
	// out and Rejected those with a problem of reading.
	Rows, Skipped, Rejected int
	// HeaderRows, BlankRows, TotalsLines are no data rows.
	HeaderRows, BlankRows, TotalsLines int
	// TotalsCount is what the last totals line says, nil without one.
	TotalsCount *int
	// Encoding and Separator are what was detected or set.
	Encoding, Separator string
	// UnknownColumns are headers that the profile doesn't use: dropped. Empty while no row has as many fields as the header.
	UnknownColumns []string
	// MissingColumns are headers of optional fields that the file lacks.
	MissingColumns []string
	// Notes are decisions that are said aloud, in English.
	Notes []Note
}

// Note is something to say once. Key is stable: the caller logs a note when
// its key is new or its text changed.
type Note struct {
	Key  string
	Text string
	// Hint is the next step; empty when there is nothing to do.
	Hint string
	// Failure: work could not be done (unreadable, disk full), as against a
	// remark.
	Failure bool
	// Unread: what the note is about was not read, and so is missing from what the source gives.
	Unread bool
}

// Limits bound what a hostile or broken file can cost (design decision 25).
type Limits struct {
	FileBytes   int64 // of one file, decompressed
	RecordBytes int   // of one row
	RecordLines int   // that a quoted cell may span
	Cells       int   // in one row
	Rows        int   // in one file
}

// DefaultLimits are far above the largest export known (60,000 clients).
func DefaultLimits() Limits {
	return Limits{FileBytes: 512 << 20, RecordBytes: 1 << 20, RecordLines: 200, Cells: 500, Rows: 2_000_000}
}

// OrDefault replaces each limit that is zero or negative.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	if l.FileBytes <= 0 {
		l.FileBytes = d.FileBytes
	}
	if l.RecordBytes <= 0 {
		l.RecordBytes = d.RecordBytes
	}
	if l.RecordLines <= 0 {
		l.RecordLines = d.RecordLines
	}
	if l.Cells <= 0 {
		l.Cells = d.Cells
	}
	if l.Rows <= 0 {
		l.Rows = d.Rows
	}
	return l
}
