package mapping

import (
	"slices"
	"strings"
	"time"

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
	case d.Another(cl.INSZ):
		w.anotherNumber()
		return true
	case !d.Person.INSZ.IsZero() && d.Person.INSZ != cl.INSZ:
		w.finding("DATA-05", "Het INSZ van de cliënt is vervangen: MLP heeft het dossier onder het nieuwe nummer.",
			"Neem het nieuwe nummer over in het cliëntsysteem; het staat in MLP.", cells(cl, "insz"))
	}
	return w.namesDiffer(d.Person)
}

// anotherNumber: the number was corrected in the export, or became wrong there. An answer is carried out by the ledger, which forgets the
// dossier: as long as it is the known one, nothing goes into it, whatever was answered.
func (w *work) anotherNumber() {
	cl, d := w.c.Client, w.k.Dossier
	m := casefile.Manual{Rule: "DATA-03", Cells: cells(cl, "insz"),
		Reason: "Het INSZ in de export is niet dat van het dossier waarin voor deze cliënt geregistreerd is.",
		Next: "Kijk na welk nummer juist is. Was het vorige juist, verbeter dan het INSZ in het cliëntsysteem. " +
			"Is dat van de export juist, beslis dan dat de cliënt opnieuw begint; de werklijst zegt daarna wat in het vorige dossier recht te zetten is."}
	if !cl.INSZ.IsZero() {
		m.Question, m.Anew = d.AnewQuestion(cl.INSZ.Reveal()), true
		m.Accept = "het INSZ in de export is juist: begin opnieuw in het dossier van dat nummer"
	}
	w.manual(blockAll, m)
}

// leftBehind tells what stands in a dossier that the client left by such an answer, until somebody says that it was put right, or the
// client is back in it.
func (w *work) leftBehind() {
	for _, a := range w.c.Answers {
		left := a.Left
		if left == nil || len(left.Behind) == 0 || w.c.Client == nil || w.k.Dossier != nil && w.k.Dossier.ID == left.Dossier || w.leftAgain(a) {
			continue
		}
		f := casefile.Finding{Rule: "DATA-03", Cells: cells(w.c.Client, "insz"), Accept: "het vorige dossier is rechtgezet",
			Reason: "In dossier " + left.Dossier + " in MLP, dat van een ander INSZ is, staat nog wat deze software er voor deze cliënt registreerde: " + behindNL(left.Behind) + ".",
			Next: "Zet het daar recht in MLP, of vraag het aan VDAB: beëindig of schrap wat er niet hoort, en kijk na of VDAB er door een contract zelf 78 zette. " +
				"Deze software schrijft niet meer in dat dossier. Beslis daarna dat het rechtgezet is."}
		f.Question = w.question(f.Rule, about("left", a.Question, a.At.UTC().Format(time.RFC3339Nano)), nil)
		if w.accepted(f.Question) {
			w.fired(f.Rule, "Een medewerker heeft beslist: "+f.Accept+".", f.Cells)
			continue
		}
		w.d.Findings = append(w.d.Findings, f)
		w.fired(f.Rule, f.Reason, f.Cells)
	}
}

// leftAgain tells that the dossier that was left by an answer was left by a later one too, which says what stood in it then.
func (w *work) leftAgain(a casefile.Answer) bool {
	return slices.ContainsFunc(w.c.Answers, func(b casefile.Answer) bool {
		return b.Left != nil && b.Left.Dossier == a.Left.Dossier && b.At.After(a.At)
	})
}

func behindNL(behind []casefile.LeftBehind) string {
	var all []string
	for _, b := range behind {
		text := kindNL(b.Kind)
		switch {
		case b.Kind == casefile.RegPerson && !b.Changed:
			text = "het dossier zelf, dat zij aanmaakte"
		case b.Code != "":
			text = "categorie " + string(b.Code)
		}
		text += periodNL(b)
		if b.Changed {
			text += " (stond er al, en is gewijzigd)"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// periodNL says from when to when; what has no end is of one day, or runs on.
func periodNL(b casefile.LeftBehind) string {
	switch {
	case b.From.IsZero():
		return ""
	case !b.To.IsZero():
		return " van " + b.From.Dutch() + " tot en met " + b.To.Dutch()
	case b.Kind == casefile.RegCategory, b.Kind == casefile.RegWEO, b.Kind == casefile.RegEmployment, b.Kind == casefile.RegPlacement:
		return " vanaf " + b.From.Dutch()
	}
	return " van " + b.From.Dutch()
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
		about("other names"), "het is dezelfde persoon, ga verder")
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
	return !w.ask(blockAll, m, about("moved"), "dit OCMW blijft bevoegd, ga verder zonder het adres door te sturen")
}
