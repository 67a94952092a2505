package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the zone in which a person's answer has its day, wherever this runs

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Rule is a rule of the domain as a value: what a caseworker is told, where it
// comes from, and when it holds.
type Rule struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`                // Dutch
	ValidFrom  casefile.Date `json:"validFrom,omitempty"`  // zero: no known start
	ValidUntil casefile.Date `json:"validUntil,omitempty"` // last day; zero is open
	Source     string        `json:"source"`               // document and section
	Dutch      string        `json:"dutch"`                // one sentence for the caseworker
	English    string        `json:"english"`              // summary
	Parameters []string      `json:"parameters,omitempty"` // ids of the Parameters that it reads
	Assumption string        `json:"assumption,omitempty"` // what the sources don't say; empty when they do
}

// Validity says in Dutch when the rule holds.
func (r Rule) Validity() string {
	switch {
	case r.ValidFrom.IsZero() && r.ValidUntil.IsZero():
		return "altijd"
	case r.ValidUntil.IsZero():
		return "vanaf " + r.ValidFrom.Dutch()
	case r.ValidFrom.IsZero():
		return "tot en met " + r.ValidUntil.Dutch()
	}
	return r.ValidFrom.Dutch() + " tot en met " + r.ValidUntil.Dutch()
}

// Rules is a compiled catalogue with its parameters. It is immutable and may be
// used by many goroutines.
type Rules struct {
	catalogue  []Rule
	sources    map[string]string
	parameters []Parameter
	table      []overwrite
	playbooks  []playbook
	// instruments with their validity (TWE-04).
	instruments []Instrument
	zone        *time.Location
	version     string
	asOf        casefile.Date // zero: each fact is judged by what was in force on its own date
}

// New compiles the rules that are in this program.
func New() *Rules {
	r := &Rules{
		catalogue: catalogue(), parameters: parameters(), table: overwrites(), playbooks: playbooks(), instruments: instruments(),
		sources: map[string]string{}, zone: brussels(),
	}
	for _, rule := range r.catalogue {
		r.sources[rule.ID] = rule.Source
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%+v|%+v|%+v|%+v|%+v", logicVersion, r.catalogue, r.parameters, r.table, r.playbooks, r.instruments))
	r.version = hex.EncodeToString(sum[:8])
	return r
}

// logicVersion is raised when conditions or effects change and no text or
// parameter does, so that every client is decided again.
const logicVersion = 6

// brussels can't fail, as the zone data is linked in; a civil day in UTC is at
// most an hour or two off.
func brussels() *time.Location {
	if zone, err := time.LoadLocation("Europe/Brussels"); err == nil {
		return zone
	}
	return time.UTC
}

// Version names the rules and parameters: two decisions with one version, day and
// input are equal.
func (r *Rules) Version() string { return r.version }

// Catalogue lists the rules in the order of the domain page.
func (r *Rules) Catalogue() []Rule { return slices.Clone(r.catalogue) }

// Parameters lists the limits that the rules read.
func (r *Rules) Parameters() []Parameter { return slices.Clone(r.parameters) }

// Playbook is a version of the GLOW playbook.
type Playbook struct {
	ID         string
	ValidFrom  casefile.Date
	ValidUntil casefile.Date // last day; zero is open
	Source     string
	Assumption string
	Questions  []string        // Dutch: each answered with no, or the handover isn't sent (GLOW-04)
	Categories []casefile.Code // that are excluded
}

// Playbooks lists the versions of the GLOW playbook.
func (r *Rules) Playbooks() []Playbook {
	var out []Playbook
	for _, p := range r.playbooks {
		book := Playbook{ID: p.ID, ValidFrom: p.ValidFrom, ValidUntil: p.ValidUntil, Source: p.Source, Assumption: p.Assumption,
			Categories: slices.Clone(p.Categories)}
		for _, q := range p.Questions {
			book.Questions = append(book.Questions, q.Dutch)
		}
		out = append(out, book)
	}
	return out
}

// Instruments lists the forms of placement with their validity (TWE-04).
func (r *Rules) Instruments() []Instrument { return slices.Clone(r.instruments) }

// Overwrite is a row of CAT-03's table: what may be written over what, and when.
type Overwrite struct {
	To   []casefile.Code
	Over []casefile.Code // the empty code is a dossier without category
	When string          // the name of a condition
}

// Overwrites lists CAT-03's table; every pair that no row allows is left alone or asked about.
func (r *Rules) Overwrites() []Overwrite {
	var out []Overwrite
	for _, row := range r.table {
		out = append(out, Overwrite{slices.Clone(row.To), slices.Clone(row.Over), string(row.When)})
	}
	return out
}

// Decide maps one client on one day. Known must have been looked up in MLP: where
// it wasn't, nothing is asked for.
func (r *Rules) Decide(c casefile.Case, k casefile.Known, day casefile.Date) casefile.Decision {
	w := r.begin(c, k, day)
	w.leftBehind()
	if w.guard() {
		w.person()
		w.goneRecords()
		w.settleChoice()
		w.course()
		w.twe()
		w.glow()
		w.handovers()
		w.keptBack()
		w.subsidyMonth()
		w.homeless()
	}
	return w.finish()
}
