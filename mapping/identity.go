package mapping

import (
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// otherPerson is DATA-03 and DATA-05: export and dossier may be about two people, or the number
// is nobody's. Nothing is sent for either before a person looked.
func (w *work) otherPerson() bool {
	cl := w.c.Client
	ask := func(rule, reason, next string, fields ...string) bool {
		w.manual(blockAll, casefile.Manual{Rule: rule, Reason: reason, Next: next, Cells: cells(cl, fields...)})
		return true
	}
	d := w.k.Dossier
	switch {
	case w.c.SharedINSZ:
		return ask("DATA-03", "Een andere cliënt van dit OCMW heeft hetzelfde INSZ.",
			"Kijk na van wie het nummer is, en verbeter of verwijder de andere in het cliëntsysteem.", "insz")
	case d == nil && w.k.INSZCanceled, d != nil && d.INSZCanceled:
		return ask("DATA-05", "Volgens MLP is het INSZ van de cliënt geannuleerd: het hoort bij niemand meer.",
			"Zoek het juiste nummer op en verbeter het in het cliëntsysteem.", "insz")
	case d == nil:
		return false
	case !d.Person.INSZ.IsZero() && d.Person.INSZ != cl.INSZ && !slices.Contains(d.INSZHistory, cl.INSZ):
		return ask("DATA-03", "Het INSZ in de export is niet dat van het dossier waarin voor deze cliënt geregistreerd is.",
			"Kijk na welk nummer juist is. Is het dossier van iemand anders, vraag VDAB om recht te zetten wat er geregistreerd is.", "insz")
	case !d.Person.INSZ.IsZero() && d.Person.INSZ != cl.INSZ:
		w.finding("DATA-05", "Het INSZ van de cliënt is vervangen: MLP heeft het dossier onder het nieuwe nummer.",
			"Neem het nieuwe nummer over in het cliëntsysteem; het staat in MLP.", cells(cl, "insz"))
	}
	return w.namesDiffer(d.Person)
}

// namesDiffer: the number agrees, and nothing else that names a person does.
func (w *work) namesDiffer(held casefile.Person) bool {
	cl := w.c.Client
	if !differ(held.LastName, cl.LastName) || !differ(held.FirstName, cl.FirstName) ||
		held.BirthDate.IsZero() || cl.BirthDate.IsZero() || held.BirthDate == cl.BirthDate {
		return false
	}
	return !w.ask(blockAll, casefile.Manual{Rule: "DATA-03", Cells: cells(cl, "insz", "lastName", "firstName", "birthDate"),
		Reason: "Naam, voornaam en geboortedatum in MLP zijn alle drie anders dan in de export: het INSZ is wellicht van iemand anders.",
		Next:   "Kijk het INSZ na; is het juist, verbeter dan de naam of de geboortedatum in MLP of in het cliëntsysteem."},
		"het is dezelfde persoon, ga verder")
}

// differ tells whether two names that are both known differ by more than case and spaces.
func differ(a, b string) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	return a != "" && b != "" && fold(a) != fold(b)
}

// movedAway tells whether the client lives outside the OCMW's municipalities (GLOW24 1.5.1: an
// OCMW sees dossiers of its own area).
func (w *work) movedAway() bool {
	area, cl := w.c.OCMW.Area, w.c.Client
	return len(area) > 0 && cl.NIS != "" && !slices.Contains(area, cl.NIS)
}

// elsewhere is DATA-06. A person can say that the OCMW stays competent; then all goes on but the
// address, which would take the dossier out of the OCMW's sight.
func (w *work) elsewhere() bool {
	if !w.movedAway() {
		return false
	}
	m := casefile.Manual{Rule: "DATA-06", Cells: cells(w.c.Client, "nisCode", "city"),
		Reason: "De cliënt woont volgens de export in een andere gemeente.",
		Next:   "Sluit de begeleiding af of draag ze over aan het andere OCMW; is de gemeente verkeerd, verbeter ze."}
	if w.k.Dossier == nil { // a dossier needs an address, and there it would not be ours to write in
		w.manual(blockAll, m)
		return true
	}
	return !w.ask(blockAll, m, "dit OCMW blijft bevoegd, ga verder zonder het adres door te sturen")
}
