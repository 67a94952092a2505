package plan

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// identities says under which id MLP holds, or is to hold, a registration.
type identities struct {
	id      map[string]string // ours -> MLP's
	adopted map[string]string // of id, what was found by kind and start; nil when nothing was
}

func (ids *identities) adopt(ours, theirs string) {
	if ids.adopted == nil {
		ids.adopted = map[string]string{}
	}
	ids.adopted[ours] = theirs
}

// match finds for each desired registration the one that it is in MLP. A held
// registration is at most one desired one: those of equal id choose first, then
// those with an alias, then those that are adopted, in the order of desired.
func match(known casefile.Known, desired []casefile.Registration) identities {
	ids := identities{id: map[string]string{}}
	claimed := map[string]bool{}
	claim := func(r casefile.Registration, theirs string) bool {
		held, found := known.Dossier.Find(theirs)
		if !found || held.Body.Kind() != r.Body.Kind() || claimed[theirs] {
			return false
		}
		ids.id[r.ID], claimed[theirs] = theirs, true
		return true
	}
	left := slices.DeleteFunc(slices.Clone(desired), func(r casefile.Registration) bool { return claim(r, r.ID) })
	left = slices.DeleteFunc(left, func(r casefile.Registration) bool { return claim(r, known.Aliases[r.ID]) })
	for _, r := range left {
		ids.id[r.ID] = r.ID
		if theirs := adoptable(known.Dossier, r, claimed); theirs != "" && claim(r, theirs) {
			ids.adopt(r.ID, theirs)
		}
	}
	for ours, theirs := range known.Aliases {
		// A WEO or contract that isn't desired any more can still be referred to.
		if _, held := known.Dossier.Find(theirs); held && ids.id[ours] == "" {
			ids.id[ours] = theirs
		}
	}
	return ids
}

// of is the id in MLP: our own where MLP holds none.
func (ids identities) of(ours string) string {
	if theirs := ids.id[ours]; theirs != "" {
		return theirs
	}
	return ours
}

// inMLP is the body with its references as MLP knows them.
func (ids identities) inMLP(b casefile.Body) casefile.Body {
	switch b := b.(type) {
	case casefile.Category:
		b.EmploymentID = ids.of(b.EmploymentID)
		return b
	case casefile.Art60:
		b.WEOID = ids.of(b.WEOID)
		return b
	case casefile.EvaluationDone:
		b.WEOID = ids.of(b.WEOID)
		return b
	case casefile.WorkPlacement:
		b.WEOID = ids.of(b.WEOID)
		return b
	case casefile.Document:
		b.WEOID = ids.of(b.WEOID)
		return b
	case casefile.Note:
		b.WEOID = ids.of(b.WEOID)
		return b
	}
	return b
}

// adoptable is the id of the registration in MLP that r is; empty when there is
// none. Of several the one that was registered first, then by id.
func adoptable(d *casefile.Dossier, r casefile.Registration, claimed map[string]bool) string {
	var first casefile.Registration
	for _, held := range d.OfKind(r.Body.Kind()) {
		if claimed[held.ID] || !sameInMLP(d, held, r.Body) {
			continue
		}
		earlier := held.RegisteredAt.Before(first.RegisteredAt) ||
			held.RegisteredAt.Equal(first.RegisteredAt) && held.ID < first.ID
		if first.ID == "" || earlier {
			first = held
		}
	}
	return first.ID
}

// sameInMLP tells whether a held registration of the same kind is the desired one
// under another id: same start (design decision 12), and where several of a kind
// may begin on one day, the same sort of it.
//
// A category that another one of the same day has come over is not: to adopt it
// would leave the other one in force, while 90 or 93 over VDAB's later 78 must be
// sent (CAT-06).
func sameInMLP(d *casefile.Dossier, held casefile.Registration, desired casefile.Body) bool {
	start := casefile.StartOf(desired)
	if start.IsZero() || !casefile.SameThing(held.Body, desired) {
		return false
	}
	switch b := desired.(type) {
	case casefile.Category:
		return lastOfDay(d, held.ID, start)
	case casefile.Note: // several of a kind may be of one day
		return held.Body.(casefile.Note).Text == b.Text
	}
	return true
}

func lastOfDay(d *casefile.Dossier, id string, day casefile.Date) bool {
	last := ""
	for _, c := range d.Categories() {
		if c.From == day {
			last = c.ID
		}
	}
	return last == id
}
