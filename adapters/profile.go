package adapters

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// How the files of a set belong together (design decision 4).
const (
	BindLatest = "latest" // the last file of each feed
	BindDate   = "date"   // the same date in the name
	BindWindow = "window" // the last of each feed, changed within one window
)

// What a file of a feed holds.
const (
	Snapshot = "snapshot" // every record there is
	Delta    = "delta"    // only what changed
)

// readerVersion is part of a profile's version: it goes up when the code here or in a
// format reads the same cells differently, so that every client is decided again.
const readerVersion = 2

// profileFile is the YAML of a profile. Unknown keys are refused.
type profileFile struct {
	// Profile names it in logs.
	Profile string     `yaml:"profile" json:"profile"`
	Set     setFile    `yaml:"set" json:"set"`
	Feeds   []feedFile `yaml:"feeds" json:"feeds"`
}

type setFile struct {
	// Bind: latest (default), date, window.
	Bind string `yaml:"bind" json:"bind,omitempty"`
	// Wait is how long a set may stay incomplete before that is a finding
	// (a Go duration, default 2h).
	Wait string `yaml:"wait" json:"wait,omitempty"`
	// Window is how far apart the files of a set may have been changed; only,
	// and always, with bind: window.
	Window string `yaml:"window" json:"window,omitempty"`
}

type feedFile struct {
	Name string `yaml:"name" json:"name"`
	// Files are name patterns: * and ?, {date:yyyymmdd}; case doesn't matter.
	Files []string `yaml:"files" json:"files"`
	// Format names the adapter; default delimited.
	Format string `yaml:"format" json:"format,omitempty"`
	// Delivery: snapshot (default) or delta.
	Delivery string `yaml:"delivery" json:"delivery,omitempty"`
	// Optional: a set is complete without this feed.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
	// ExpectEvery is how often a file comes (a Go duration; default: not
	// watched).
	ExpectEvery string `yaml:"expectEvery" json:"expectEvery,omitempty"`
	// Done: a file is whole only once NAME.done lies beside it.
	Done bool `yaml:"done" json:"done,omitempty"`
	// Encoding: auto (default), utf-8, windows-1252, utf-16le, utf-16be.
	Encoding string `yaml:"encoding" json:"encoding,omitempty"`
	// Separator: auto (default), ";", ",", "|", tab.
	Separator string `yaml:"separator" json:"separator,omitempty"`
	// HeaderRow is the spreadsheet's row number of the header; default the
	// first row that isn't blank.
	HeaderRow int `yaml:"headerRow" json:"headerRow,omitempty"`
	// Decimal: comma, point or auto (default) for all numbers of the feed.
	Decimal string `yaml:"decimal" json:"decimal,omitempty"`
	// Dates are the formats of the feed's dates; default the usual ones.
	Dates []string `yaml:"dates" json:"dates,omitempty"`
	// Empty lists cell texts that mean "nothing", such as "-" or "NULL".
	Empty []string `yaml:"empty" json:"empty,omitempty"`
	// Totals describes the line at the bottom that counts the rows.
	Totals *totalsFile `yaml:"totals" json:"totals,omitempty"`
	// Skip leaves out rows of which any condition holds; Keep leaves out rows
	// of which not all hold.
	Skip []conditionFile `yaml:"skip" json:"skip,omitempty"`
	Keep []conditionFile `yaml:"keep" json:"keep,omitempty"`
	// Deleted marks a row's records as deleted by the export.
	Deleted *conditionFile `yaml:"deleted" json:"deleted,omitempty"`
	Records []recordFile   `yaml:"records" json:"records"`
}

type totalsFile struct {
	// StartsWith is how the first filled cell of the line begins; accents and
	// case don't matter.
	StartsWith string `yaml:"startsWith" json:"startsWith"`
	// Column holds the count; default the first whole number in the line.
	Column string `yaml:"column" json:"column,omitempty"`
	// Optional: a file without the line is accepted; otherwise it counts as
	// truncated.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
}

type conditionFile struct {
	Column string `yaml:"column" json:"column"`
	// In: the cell is one of these. Filled: it is filled (true) or empty
	// (false). Exactly one of the two.
	In     []string `yaml:"in" json:"in,omitempty"`
	Filled *bool    `yaml:"filled" json:"filled,omitempty"`
}

type recordFile struct {
	Kind string `yaml:"kind" json:"kind"`
	// Key names the fields that tell two records of this kind apart.
	Key []string `yaml:"key" json:"key"`
	// When: the row holds such a record only if all of these hold.
	When   []conditionFile      `yaml:"when" json:"when,omitempty"`
	Fields map[string]fieldFile `yaml:"fields" json:"fields"`
}

type fieldFile struct {
	// Column is the header; Aliases are other names that it had or has.
	Column  string   `yaml:"column" json:"column,omitempty"`
	Aliases []string `yaml:"aliases" json:"aliases,omitempty"`
	// Optional: the file may lack the column. (Whether a cell may be empty is
	// the schema's business.)
	Optional bool `yaml:"optional" json:"optional,omitempty"`
	// Type may be repeated for the reader's sake; the field decides it.
	Type string `yaml:"type" json:"-"`
	// Dates, Decimal, Empty: as for the feed, for this field only.
	Dates   []string `yaml:"dates" json:"dates,omitempty"`
	Decimal string   `yaml:"decimal" json:"decimal,omitempty"`
	Empty   []string `yaml:"empty" json:"empty,omitempty"`
	// Codes maps the export's codes to ours; a code that isn't in it rejects
	// the row. Without it the cell is taken as it is.
	Codes map[string]string `yaml:"codes" json:"codes,omitempty"`
	// True and False are the texts for yes and no; default the usual ones.
	True  []string `yaml:"true" json:"true,omitempty"`
	False []string `yaml:"false" json:"false,omitempty"`
	// Separator splits a list in one cell; default ",".
	Separator string `yaml:"separator" json:"separator,omitempty"`
	// Flags makes a list out of columns of yes and no: our code -> header.
	Flags map[string]string `yaml:"flags" json:"flags,omitempty"`
	// WhenEmpty is the value of an empty cell, where the municipality vouches
	// for it; Const the value for every row, without a column.
	WhenEmpty any `yaml:"whenEmpty" json:"whenEmpty,omitempty"`
	Const     any `yaml:"const" json:"const,omitempty"`
}

// Profile is a compiled column profile: how one OCMW's exports become records. It never
// changes after loading and may be shared.
type Profile struct {
	// Name is the profile's own.
	Name string
	// Bind is one of the Bind constants, Window its span.
	Bind   string
	Window time.Duration
	// Wait is how long a set may stay incomplete.
	Wait time.Duration
	// Feeds are in the profile's order.
	Feeds   []*Feed
	version string
}

// Version identifies what the profile says (a hash of its content, comments and
// layout left out) and how this program reads it.
func (p *Profile) Version() string { return p.version }

// Feed finds a feed by name.
func (p *Profile) Feed(name string) (*Feed, bool) {
	for _, f := range p.Feeds {
		if f.Name == name {
			return f, true
		}
	}
	return nil, false
}

// FeedOf finds the feed whose files have such names.
func (p *Profile) FeedOf(file string) (*Feed, bool) {
	for _, f := range p.Feeds {
		if _, _, ok := f.Match(file); ok {
			return f, true
		}
	}
	return nil, false
}

// LoadProfile compiles the YAML of a profile. A refused profile gives a
// *ProfileError that lists all that is wrong with it.
func LoadProfile(data []byte) (*Profile, error) {
	var raw profileFile
	lines, issues := strictyaml.Decode(data, &raw)
	if len(issues) > 0 {
		return nil, &ProfileError{Issues: issues}
	}
	c := compiler{lines: lines}
	p := c.profile(raw)
	if len(c.issues) > 0 {
		return nil, &ProfileError{Issues: c.issues}
	}
	version, err := versionOf(raw)
	if err != nil {
		return nil, err
	}
	p.version = version
	return p, nil
}

// versionOf hashes the decoded profile: encoding/json sorts maps, so equal
// profiles have equal versions.
func versionOf(raw profileFile) (string, error) {
	canonical, err := json.Marshal(raw)
	if err != nil {
		return "", fmt.Errorf("hash the profile: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s", readerVersion, canonical))
	return hex.EncodeToString(sum[:8]), nil
}
