// Package plan works out what is to be sent: the difference between what MLP is
// known to hold of a person and what a decision wants it to hold, in the order in
// which it is to be delivered, each change with a sentence for a caseworker. It
// also holds the guard against mass changes and the fingerprint of a plan's inputs.
//
// Guaranteed: it is pure, and the same for any order of the desired
// registrations. Nothing is ever removed, and nothing that a decision doesn't ask
// for changes. Nothing is planned before its valid-from day (design decision 8).
// A second diff, after the changes, is empty. Sentences, reasons and fingerprints
// hold codes, dates and rule ids: no names, numbers of persons or free text.
//
// Not guaranteed: that MLP accepts it; and that it is right to ask for it, which
// is for mapping to say.
//
// Callers: the cycle, for plan, apply and run alike.
package plan

import (
	"maps"
	"reflect"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Result is the difference for one person.
type Result struct {
	// Changes in the order of delivery.
	Changes []casefile.Change
	// Adopted maps an id of ours to the id under which MLP holds the same
	// registration already, where this diff found that out: to be kept in
	// Known.Aliases (design decision 12).
	Adopted map[string]string
	// Agreed is what MLP holds already as it is desired, field by field, by MLP's id ("dossier" and "profile" for the
	// dossier's own data), where Known.Written doesn't say so yet: to be kept there, so that
	// what somebody changes later is seen as theirs.
	Agreed map[string]casefile.Body
	// Manual says what can't be sent until a person has acted.
	Manual []casefile.Manual
}

// The rules of the manual decisions that come from here.
const (
	RuleNoDossier   = "plan.noDossier"
	RuleOutsideArea = "plan.outsideArea"
	RuleConflict    = "plan.conflict"
)

// Diff is what has to be sent so that MLP holds what the decision wants.
//
// A desired registration is the one that MLP holds under the same id, else under
// the alias that is known for it, else one of the same kind and start that no
// other desired registration is: that one is adopted. What is held and satisfies
// gives no change; what differs is PUT under MLP's id with the held body merged,
// so that the rest of it stays. References to a WEO or contract that was adopted
// are given MLP's id.
//
// The dossier itself is created only where the decision asks for RegPerson; a
// person without a dossier for whom other things are desired gets a manual
// decision and nothing else. Before MLP was asked, nothing is planned.
func Diff(known casefile.Known, d casefile.Decision) Result {
	desired, conflicts := settle(d)
	if !known.LookedUp {
		return Result{}
	}
	if len(desired) > 0 && known.Dossier == nil {
		if m, stop := withoutDossier(known, desired); stop {
			return Result{Manual: append(conflicts, m)}
		}
	}
	ids := match(known, desired)
	p := planner{known: known, ids: ids}
	for _, s := range order(steps(desired)) {
		if d.Day.IsZero() || s.due <= d.Day {
			p.take(s)
		}
	}
	return Result{Changes: p.changes, Adopted: ids.adopted, Agreed: agreed(known, ids, desired), Manual: conflicts}
}

// After is what is known once MLP took all the changes and what was adopted and agreed on is
// kept: what the ledger comes to where nothing goes wrong.
func (r Result) After(known casefile.Known) casefile.Known {
	known.Written = maps.Clone(known.Written)
	if known.Written == nil {
		known.Written = map[string]casefile.Body{}
	}
	maps.Copy(known.Written, r.Agreed)
	out := casefile.Apply(known, r.Changes)
	out.Aliases = maps.Clone(known.Aliases)
	if out.Aliases == nil {
		out.Aliases = map[string]string{}
	}
	maps.Copy(out.Aliases, r.Adopted)
	return out
}

// agreed finds what needs no change, field by field: of what is yet to be sent, or was discarded, the rest is agreed on all the same. Where
// something gave way, what was not agreed before may be a person's. Categories are left out: each is an entry of its own.
func agreed(known casefile.Known, ids identities, desired []casefile.Registration) map[string]casefile.Body {
	var out map[string]casefile.Body
	for _, r := range desired {
		if known.Dossier == nil || r.Yielded || r.Body.Kind() == casefile.RegCategory {
			continue
		}
		want, id, kind := ids.inMLP(r.Body), ids.of(r.ID), r.Body.Kind()
		if kind == casefile.RegPerson || kind == casefile.RegProfile {
			id = string(kind)
		}
		held := known.Dossier.Held(kind, id)
		written := known.Written[id]
		whole := kind != casefile.RegProfile && casefile.Satisfies(held, want)
		switch {
		case !whole && written == nil && id == r.ID: // we made it, and what we wrote is not known any more (casefile.Presumed)
			continue
		case !whole:
			want = casefile.Agreed(held, want)
		}
		if want == nil || (written != nil && casefile.Satisfies(written, want)) {
			continue
		}
		if out == nil {
			out = map[string]casefile.Body{}
		}
		out[id] = casefile.Merge(written, want)
	}
	return out
}

// settle sorts the desired registrations that are due, so that their order in the
// decision doesn't matter. Two of one id that say different things can't both
// be; neither is sent.
func settle(d casefile.Decision) ([]casefile.Registration, []casefile.Manual) {
	byID := map[string][]casefile.Registration{}
	for _, r := range d.Registrations {
		if r.Body != nil && (d.Day.IsZero() || r.From <= d.Day) {
			key := string(r.Body.Kind()) + " " + r.ID
			byID[key] = append(byID[key], r)
		}
	}
	var desired []casefile.Registration
	var conflicts []casefile.Manual
	for _, key := range slices.Sorted(maps.Keys(byID)) {
		same := byID[key]
		if slices.ContainsFunc(same, func(r casefile.Registration) bool { return !reflect.DeepEqual(r, same[0]) }) {
			conflicts = append(conflicts, conflict(same[0].Body.Kind()))
			continue
		}
		desired = append(desired, same[0])
	}
	return desired, conflicts
}

func conflict(kind casefile.RegistrationKind) casefile.Manual {
	return casefile.Manual{
		Rule:   RuleConflict,
		Reason: "Voor dezelfde registratie (" + kindName(kind) + ") zijn er twee verschillende inhouden. Geen van beide wordt verstuurd.",
		Next:   "Kijk na of het contract, het traject of de aanvraag niet twee keer in de export staat, en verbeter dat in het bronsysteem.",
	}
}

func withoutDossier(known casefile.Known, desired []casefile.Registration) (casefile.Manual, bool) {
	if known.OutsideArea {
		return casefile.Manual{
			Rule:   RuleOutsideArea,
			Reason: "Deze cliënt heeft al een dossier in MLP bij een andere gemeente. Er wordt niets verstuurd.",
			Next:   "Neem contact op met VDAB om het dossier naar deze gemeente over te zetten.",
		}, true
	}
	for _, r := range desired {
		if r.Body.Kind() == casefile.RegPerson {
			return casefile.Manual{}, false
		}
	}
	return casefile.Manual{
		Rule:   RuleNoDossier,
		Reason: "Deze cliënt heeft nog geen dossier in MLP, en het OCMW hoeft er geen aan te maken. Zonder dossier kan er niets geregistreerd worden.",
		Next:   "Laat de cliënt zich inschrijven bij VDAB, of geef in het bronsysteem aan dat het OCMW de inschrijving doet.",
	}, true
}

// planner takes the steps one by one, keeping what MLP will hold by then.
type planner struct {
	known   casefile.Known
	ids     identities
	changes []casefile.Change
}

func (p *planner) take(s step) {
	c, needed := p.change(s)
	if !needed {
		return
	}
	c.Kind, c.From, c.Rule, c.Caseworker = s.reg.Body.Kind(), s.due, s.reg.Rule, s.reg.Caseworker
	c.Sentence = sentence(c, p.known.Dossier)
	p.changes = append(p.changes, c)
	p.known = casefile.Apply(p.known, []casefile.Change{c})
}

func (p *planner) change(s step) (casefile.Change, bool) {
	dossier := p.known.Dossier
	switch s.want.(type) {
	case casefile.Person:
		if dossier == nil {
			return casefile.Change{Op: casefile.OpCreate, New: s.want}, true
		}
		return patch(dossier.Person, s.want)
	case casefile.Profile:
		if dossier == nil {
			return casefile.Change{}, false
		}
		return patch(dossier.Profile, s.want)
	}
	want := p.ids.inMLP(s.want)
	id := p.ids.of(s.reg.ID)
	var old casefile.Body
	if held, found := dossier.Find(id); found {
		old = held.Body
	}
	if casefile.Satisfies(old, want) {
		return casefile.Change{}, false
	}
	return casefile.Change{Op: casefile.OpPut, ID: id, Old: old, New: casefile.Merge(old, want)}, true
}

// patch sends what differs, and keeps beside it what stood in those fields: no
// more of the person than the change is about.
func patch(held, want casefile.Body) (casefile.Change, bool) {
	if casefile.Satisfies(held, want) {
		return casefile.Change{}, false
	}
	changed := casefile.Delta(held, want)
	return casefile.Change{Op: casefile.OpPatch, Old: within(held, changed), New: changed}, true
}

// within is held with only the fields that changed names.
func within(held, changed casefile.Body) casefile.Body {
	switch h := held.(type) {
	case casefile.Person:
		c := changed.(casefile.Person)
		return casefile.Person{
			LastName:        where(c.LastName, h.LastName),
			FirstName:       where(c.FirstName, h.FirstName),
			BirthDate:       where(c.BirthDate, h.BirthDate),
			Street:          where(c.Street, h.Street),
			PostalCode:      where(c.PostalCode, h.PostalCode),
			City:            where(c.City, h.City),
			NIS:             where(c.NIS, h.NIS),
			ContactLanguage: where(c.ContactLanguage, h.ContactLanguage),
		}
	case casefile.Profile:
		c := changed.(casefile.Profile)
		return casefile.Profile{
			JobTarget:         where(c.JobTarget, h.JobTarget),
			EntryNeed:         where(c.EntryNeed, h.EntryNeed),
			DevelopmentPlanOn: where(c.DevelopmentPlanOn, h.DevelopmentPlanOn),
		}
	}
	return held
}

func where[T comparable](named, value T) T {
	var nothing T
	if named == nothing {
		return nothing
	}
	return value
}
