package casefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// Known is what is known of a person in MLP.
type Known struct {
	// LookedUp tells that MLP was asked. Before that nothing is decided.
	LookedUp bool
	// Dossier is nil when MLP holds none in the OCMW's area.
	Dossier *Dossier
	// OutsideArea tells that creating a dossier was refused because the person
	// has one in another municipality (design decision 19).
	OutsideArea bool
	// INSZCanceled tells that MLP knows the client's number as cancelled: it stands for nobody.
	INSZCanceled bool
	// Written is what MLP held after our last write of a registration, by the id under which
	// MLP holds it; "dossier" and "profile" for the dossier's own data. What differs
	// from it now, somebody else changed. Of categories it says only which entries are ours.
	Written map[string]Body
	// Aliases maps an id of ours to the id under which MLP held the same
	// registration before us (design decision 12).
	Aliases map[string]string
}

// Dossier is a job-seeker's file as MLP holds it.
type Dossier struct {
	ID      string
	Version int64 // grows with every change; its ETag
	Owner   Owner
	Person  Person
	// INSZHistory are earlier numbers of the person, oldest first; INSZCanceled tells that the
	// present one is cancelled.
	INSZHistory   []ident.INSZ
	INSZCanceled  bool
	Profile       Profile
	Registrations []Registration // in the order in which MLP gave them
}

// Owner is who has the dossier in guidance.
type Owner struct {
	Kind Party
	Name string // a partner's name, as a caseworker is told it
	// Program is under which a partner guides (GLOW, TIBB, TIW, WIJ, ...: names change); empty is
	// unknown. Since is the day on which the owner became it; zero is unknown.
	Program string
	Since   Date
}

// Another tells that a number is not the dossier's and never was: it may be another person's. False where MLP gave none.
func (d *Dossier) Another(number ident.INSZ) bool {
	return d != nil && !d.Person.INSZ.IsZero() && d.Person.INSZ != number && !slices.Contains(d.INSZHistory, number)
}

// AnewQuestion names the question whether a client leaves the dossier, and begins anew in that of a number. With another number,
// or another dossier, it is another question.
func (d *Dossier) AnewQuestion(number string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "begin anew: %q %q", d.ID, number))
	return hex.EncodeToString(sum[:10])
}

// Find is the registration with that id.
func (d *Dossier) Find(id string) (Registration, bool) {
	if d == nil || id == "" {
		return Registration{}, false
	}
	for _, r := range d.Registrations {
		if r.ID == id {
			return r, true
		}
	}
	return Registration{}, false
}

// Held is what the dossier holds of a registration: of the person and the profile by their kind, of any other by its id. It is nil where there
// is nothing.
func (d *Dossier) Held(kind RegistrationKind, id string) Body {
	switch {
	case d == nil:
		return nil
	case kind == RegPerson:
		return d.Person
	case kind == RegProfile:
		return d.Profile
	}
	r, _ := d.Find(id)
	return r.Body
}

// OfKind lists the registrations of one kind.
func (d *Dossier) OfKind(kind RegistrationKind) []Registration {
	if d == nil {
		return nil
	}
	var out []Registration
	for _, r := range d.Registrations {
		if r.Body.Kind() == kind {
			out = append(out, r)
		}
	}
	return out
}

// HeldCategory is a category entry of a dossier.
type HeldCategory struct {
	ID           string
	RegisteredAt time.Time
	Category
}

// Categories lists the category entries in the order in which they take hold:
// by valid-from, ties by moment of registration.
func (d *Dossier) Categories() []HeldCategory {
	var out []HeldCategory
	for _, r := range d.OfKind(RegCategory) {
		out = append(out, HeldCategory{ID: r.ID, RegisteredAt: r.RegisteredAt, Category: r.Body.(Category)})
	}
	slices.SortStableFunc(out, func(a, b HeldCategory) int {
		if a.From != b.From {
			if a.From < b.From {
				return -1
			}
			return 1
		}
		return a.RegisteredAt.Compare(b.RegisteredAt)
	})
	return out
}

// CategoryOn is the category that holds on a day: the entry with the latest
// valid-from not after it, ties by the later registered. False when none does.
func (d *Dossier) CategoryOn(day Date) (HeldCategory, bool) {
	var held HeldCategory
	found := false
	for _, c := range d.Categories() {
		if c.From <= day {
			held, found = c, true
		}
	}
	return held, found
}

// Clone is a deep copy.
func (d *Dossier) Clone() *Dossier {
	if d == nil {
		return nil
	}
	c := *d
	c.Registrations = slices.Clone(d.Registrations)
	return &c
}
