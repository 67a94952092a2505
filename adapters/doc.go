// Package adapters turns what a municipality exports into raw records, each
// with its provenance, and declares what every adapter has to keep to.
//
// It holds three things: the contract ([Source] brings sets of files, [Format]
// reads one file), the column profile ([Profile], YAML: which export column
// is which field) and the [Table] with which every format turns cells into
// [Row] values, so that all formats treat blank rows, totals lines, filters and
// bad cells alike.
//
// It guarantees: every data row of a file comes out as exactly one Row, read or
// rejected; blank, header and totals lines are counted apart; no error, note
// or report carries a cell's content (only RowProblem.Value does, for the
// municipality's own report). It doesn't guarantee that a record is valid:
// required fields, INSZ, KBO and NIS are the business of schemas/ocmw. It reads
// no clock and logs nothing.
//
// internal/cycle calls it; adapters/dropfolder and adapters/delimited implement
// it; adapters/adaptertest is the suite that each implementation passes.
//
// No vendor of OCMW software publishes its export format: the defaults here
// (separators, date formats, yes and no) are assumptions, and each is a setting of the
// profile.
package adapters
