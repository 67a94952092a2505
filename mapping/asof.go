package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// AsOf are these rules as they are in force on that day, whatever the date of the fact that they
// judge: for comparing the rules of two days over the same facts. What a rule says itself about the
// order of dates (no GLOW before GLOW) it goes on saying.
func (r *Rules) AsOf(day casefile.Date) *Rules {
	if day.IsZero() {
		return r
	}
	dated := *r
	dated.asOf = day
	dated.version = r.version + "@" + string(day)
	dated.sources = map[string]string{}
	for rule, source := range r.sources {
		dated.sources[rule] = dated.sourceInForce(source)
	}
	return &dated
}

// sourceInForce leaves out of a source the playbooks that another one has replaced, or will.
func (r *Rules) sourceInForce(source string) string {
	parts := strings.Split(source, "; ")
	kept := slices.DeleteFunc(slices.Clone(parts), func(part string) bool {
		document, _, _ := strings.Cut(part, " ")
		return slices.ContainsFunc(r.playbooks, func(p playbook) bool {
			return p.ID == document && !r.inForce(p.ValidFrom, p.ValidUntil, r.asOf)
		})
	})
	if len(kept) == 0 {
		return source
	}
	return strings.Join(kept, "; ")
}

// Dated is what of these rules has a validity, by name, as it counts for a fact of that day: limits with
// their values, the forms of placement, and the playbook of GLOW. Empty is none in force.
func (r *Rules) Dated(day casefile.Date) map[string]string {
	out := map[string]string{"GLOW": ""}
	for _, i := range r.instruments {
		out[i.Kind] = ""
		if r.hasInstrument(i.Kind, day) {
			out[i.Kind] = "in force (" + i.Source + ")"
		}
	}
	for _, p := range r.parameters {
		out[p.ID] = fmt.Sprintf("%d %s (%s)", r.limit(p.ID, day), p.Unit, p.Source)
	}
	if book, ok := r.playbookOn(day); ok {
		out["GLOW"] = book.ID + " (" + book.Source + ")"
	}
	return out
}

// SourceOf is the document and section of a rule; empty for a rule that isn't one of these.
func (r *Rules) SourceOf(rule string) string { return r.sources[rule] }

// inForce is the one place that asks whether something with a validity holds for a fact of that day:
// every look-up by date goes through it, so that AsOf reaches them all.
func (r *Rules) inForce(from, until, on casefile.Date) bool {
	if !r.asOf.IsZero() {
		on = r.asOf
	}
	return from <= on && (until.IsZero() || on <= until)
}
