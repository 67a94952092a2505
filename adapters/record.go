package adapters

// The record kinds that a profile can make (design: schemas/ocmw).
const (
	KindClient     = "client"
	KindTrack      = "track"
	KindEmployment = "employment"
	KindPlacement  = "placement"
	KindTraining   = "training"
	KindEvaluation = "evaluation"
	KindHandover   = "handover"
	KindCompetence = "competence"
	KindDocument   = "document"
)

// ClientNumber is the field that joins the records of one client. Every record
// of a profile maps it.
const ClientNumber = "clientNumber"

// Provenance says where a record's cells stand.
type Provenance struct {
	// File is the export's file name, without folder.
	File string
	// Sheet names the worksheet; empty for formats that have none.
	Sheet string
	// Row is the number that a spreadsheet shows for the row, counted from 1:
	// a quoted line break doesn't start a new row, a blank line is one.
	Row int
	// Line is the line of a text file on which the row starts, as an editor
	// shows it, counted from 1; 0 for formats without lines.
	Line int
	// Columns gives the export's own header text for each field that came from a
	// cell. It is shared by all rows of a file: never write to it.
	Columns map[string]string
}

// Record is what a profile made of one row, not yet validated.
type Record struct {
	// Kind is one of the Kind constants.
	Kind string
	// Fields holds normalized values: dates as yyyy-MM-dd, numbers as
	// json.Number, booleans as bool, lists as []any of strings, mapped codes
	// and everything else as string. An empty cell is absent: unknown, never
	// "no".
	Fields map[string]any
	// Key holds the values of the profile's key fields, in the profile's
	// order; an absent field is "".
	Key []string
	// Deleted says that the export marks the record as deleted: a finding,
	// never an end (design decision 5).
	Deleted bool
	// Prov says where the cells stand.
	Prov Provenance
}

// Message is a sentence and a next step, in the language of the caseworker and in
// that of the log. It never holds a cell's content.
type Message struct {
	ReasonNL, ReasonEN string
	HintNL, HintEN     string
}

// RowProblem says why a row, or one of its cells, could not be read.
type RowProblem struct {
	Prov Provenance
	// Rule is a stable id, one of the Rule constants that start with row or
	// cell.
	Rule string
	// Column is the export's header text and Field the field it was for; both
	// empty when the whole row is meant.
	Column, Field string
	// Expected names what would have been accepted (a format, the list of
	// codes); it comes from the profile, never from the file.
	Expected string
	Message
	// Value is the cell as it stands in the export. It is for the
	// municipality's own report only: never log it.
	Value string
}

// Row is the outcome of reading one data row: records, problems, or skipped.
type Row struct {
	// Number and Line are those of Provenance.
	Number, Line int
	// Client is the client number in the row, empty when there is none to be
	// seen. On a RuleRowFields problem it is what stands at that column's
	// place: good enough to hold a client for data, never to decide on.
	Client string
	// Records are complete only when Problems is empty; otherwise they show
	// what could be read, and must not be used for deciding.
	Records []Record
	// Problems reject the row.
	Problems []RowProblem
	// Warnings are said and don't reject.
	Warnings []RowProblem
	// Skipped: the profile's own filter left the row out.
	Skipped bool
	// Text is the row as the file has it, with all that reading it depends on: a row of equal Text of the same feed, read by
	// the same profile, has equal records. Only a Rereader sets it, and only for rows that gave records without
	// problem or warning. It holds personal data.
	Text []byte
}

// The rules by which rows and cells are refused.
const (
	RuleRowFields   = "row.fields"    // more or fewer fields than the header
	RuleRowQuote    = "row.quote"     // a quote that isn't closed, or closed in the middle
	RuleRowLength   = "row.length"    // longer than the limit
	RuleCells       = "row.cells"     // more cells than the limit
	RuleCellText    = "cell.encoding" // bytes that are no character
	RuleCellDate    = "cell.date"
	RuleCellDecimal = "cell.decimal"
	RuleCellInteger = "cell.integer"
	RuleCellBoolean = "cell.boolean"
	RuleCellCode    = "cell.code"
)

// FileProblem says why a whole file can't be used. It is the error that
// [Format] returns for it; its text is English and free of content.
type FileProblem struct {
	// Rule is a stable id, one of the Rule constants that start with file.
	Rule string
	Message
	// Passing is set when the file may only be half written: a file that still
	// lies in the drop folder deserves another look before it is refused.
	Passing bool
}

func (p *FileProblem) Error() string { return p.ReasonEN }

// Hint is the next step, in English.
func (p *FileProblem) Hint() string { return p.HintEN }

// The rules by which files are refused.
const (
	RuleFileEmpty         = "file.empty"
	RuleFileBinary        = "file.binary"
	RuleFileSize          = "file.size"
	RuleFileRows          = "file.rows"
	RuleFileHeader        = "file.header"         // the header line can't be read
	RuleFileColumn        = "file.column"         // a column is missing
	RuleFileHeaderDoubled = "file.header.doubled" // a column stands in it twice
	RuleFileTruncated     = "file.truncated"
	RuleFileYoung         = "file.young"  // it may still be written to; nothing is known to be wrong with it
	RuleFileTotals        = "file.totals" // the totals line counts other rows
	RuleFileEncoding      = "file.encoding"
	RuleFileUnreadable    = "file.unreadable"
	RuleFileOlder         = "file.older"  // older than the last ingested
	RuleFileFuture        = "file.future" // the date in its name lies ahead
	RuleFileNotAFile      = "file.notAFile"
)
