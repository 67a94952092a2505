// Package ocmw holds the JSON Schemas (2020-12) of the records that an OCMW
// exports, and decodes what a column profile made of a row into a typed record.
//
// Guaranteed: a record is returned only when it has no violation, and then it is
// whole: dates exist, codes are of their list, an INSZ, KBO or NIS code has passed
// its check. All violations of a record are returned at once, in the order of
// its fields, with the export's own column names. No violation, warning or error
// holds a value of the export; that goes for counts of restored zeros too.
//
// Not guaranteed: that records agree with each other, which is for mapping to
// judge; that an empty field means "no", which it never does.
//
// Callers: the cycle, and the command that validates files.
package ocmw

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/schemas/judge"
)

// Decoder decodes records. It is safe for concurrent use.
type Decoder struct {
	kinds   map[casefile.RecordKind]*kindSchema
	version string
}

// kindSchema is one kind's schema and what is said of its fields.
type kindSchema struct {
	schema *jsonschema.Schema
	quick  *judge.Judge
	order  map[string]int // field -> its place in the schema
	dates  []string       // the fields that are days, in that order
}

// Input is what a column profile made of one row, for one record kind.
type Input struct {
	// Kind is one of casefile.RecordKinds.
	Kind string
	// Fields holds normalized values: dates as yyyy-MM-dd, decimals as
	// json.Number or float64, booleans as bool, lists as []any of strings, all
	// else as string. An empty cell is absent. Decode doesn't write in it.
	Fields map[string]any
	// Key makes the record one of its kind; the caller builds it from the
	// profile's key fields.
	Key     string
	Deleted bool // the export marks the record as deleted
	Prov    casefile.Provenance
	// AllowTestNumbers accepts TST numbers of synthetic people;
	// OnlyTestNumbers refuses every other one (design decision 23).
	AllowTestNumbers, OnlyTestNumbers bool
	// Today is the day against which dates far ahead are judged; zero judges none.
	Today casefile.Date
}

// Violation is one reason why a record is refused.
type Violation struct {
	Field  string
	Column string // the export's own column; the field's name where the profile has none for it
	Rule   string // stable id, one of the Rule constants or an identifier's kind and code
	// Expected names what would have been accepted, in Dutch, ExpectedEN in English (empty where the reason says it all).
	// It comes from the schema, never from the export.
	Expected, ExpectedEN string
	ReasonNL, ReasonEN   string
	HintNL, HintEN       string
}

// Warning is something that is accepted and said.
type Warning = Violation

// The rules by which records are refused. Beside them stand "insz.", "kbo." and
// "nis." followed by a code of package ident, such as insz.check.
const (
	RuleKind     = "schema.kind"     // no such kind of record
	RuleRequired = "schema.required" // a field that must be there is not
	RuleUnknown  = "schema.unknown"  // a field that this kind doesn't have
	RuleType     = "schema.type"     // text where a number is due, and so on
	RuleEnum     = "schema.enum"     // a code that isn't in the list
	RuleDate     = "schema.date"     // no day of the calendar
	RulePattern  = "schema.pattern"  // text of another form than is due
	RuleLength   = "schema.length"   // text or list that is too long
	RuleRange    = "schema.range"    // a number out of range
	RuleDoubled  = "schema.doubled"  // a list that names something twice

	RuleTestNumber = "insz.testNumber" // a TST number where there are real people
	RuleRealNumber = "insz.realNumber" // a real number where there are only test people

	RuleDatesOrder       = "dates.order"       // an end before its start
	RuleDatesImplausible = "dates.implausible" // before 1900, more than ten years ahead, or born in the future
	RuleRegimeOutside    = "employment.regimeOutside"
	RuleTrainingOutside  = "training.outside"  // a day of a training that lies before or after it
	RuleDocumentFile     = "document.file"     // no path of a PDF below the documents folder
	RuleReadySince       = "client.readySince" // ready, but not since when
	RuleDecision         = "client.decision"   // an answer to a manual decision that isn't whole
)

// The rules of warnings.
const (
	WarnRestoredZeros = "insz.restoredZeros"
	WarnDoubtful      = "insz.doubtful"
	WarnRestoredKBO   = "kbo.restoredZero"
)

// New compiles the schemas.
func New() (*Decoder, error) {
	d := &Decoder{kinds: map[casefile.RecordKind]*kindSchema{}}
	compiler := newCompiler()
	for _, kind := range casefile.RecordKinds() {
		k, err := compileKind(compiler, string(kind))
		if err != nil {
			return nil, fmt.Errorf("compile schema of %s records: %w", kind, err)
		}
		d.kinds[kind] = k
	}
	version, err := documentsVersion()
	if err != nil {
		return nil, err
	}
	d.version = version
	return d, nil
}

// Version is a hash of the schemas and of the number of the checks that are not
// in them: a record that was decoded under another version is decoded again.
func (d *Decoder) Version() string { return d.version }

// Required are the fields that a record of a kind must have, in the order of its schema; the caller owns the list.
func (d *Decoder) Required(kind string) []string {
	if k, found := d.kinds[casefile.RecordKind(kind)]; found {
		return slices.Clone(k.schema.Required)
	}
	return nil
}

// Title is what a caseworker calls a field of a kind; empty when the kind has no such field.
func (d *Decoder) Title(kind, field string) string {
	if k, found := d.kinds[casefile.RecordKind(kind)]; found && k.schema.Properties[field] != nil {
		return k.schema.Properties[field].Title
	}
	return ""
}

// Decode checks a record and builds it. The record is nil when there is any
// violation; warnings are returned in both cases.
func (d *Decoder) Decode(in Input) (casefile.Record, []Warning, []Violation) {
	kind, found := d.kinds[casefile.RecordKind(in.Kind)]
	if !found {
		return nil, nil, []Violation{unknownKind()}
	}
	c := &check{in: in, kind: kind}
	c.plain()
	c.presence()
	c.values()
	c.numbers()
	c.together()
	c.sort()
	if len(c.violations) > 0 {
		return nil, c.warnings, c.violations
	}
	return c.build(), c.warnings, nil
}

// check is one record being decoded.
type check struct {
	in   Input
	kind *kindSchema
	// fields are those of in that the schema can look at; nobody writes in them behind plain.
	fields     map[string]any
	refused    map[string]bool
	violations []Violation
	warnings   []Warning
	ids        identifiers
}

// refuse says a violation of a field, once for each rule.
func (c *check) refuse(field, rule string, t texts) {
	if c.refused == nil {
		c.refused = map[string]bool{}
	}
	c.refused[field] = true
	v := c.say(field, rule, t)
	if !slices.Contains(c.violations, v) {
		c.violations = append(c.violations, v)
	}
}

func (c *check) warn(field, rule string, t texts) {
	c.warnings = append(c.warnings, c.say(field, rule, t))
}

func (c *check) say(field, rule string, t texts) Violation {
	return Violation{
		Field: field, Column: c.in.Prov.Cell(field).Column, Rule: rule, Expected: t.expected, ExpectedEN: t.expectedEN,
		ReasonNL: t.reasonNL, ReasonEN: t.reasonEN, HintNL: t.hintNL, HintEN: t.hintEN,
	}
}

func (c *check) sort() {
	place := func(field string) int {
		if n, known := c.kind.order[field]; known {
			return n
		}
		return len(c.kind.order)
	}
	slices.SortStableFunc(c.violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(place(a.Field), place(b.Field)), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule))
	})
}
