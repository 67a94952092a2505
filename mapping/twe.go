package mapping

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// twe works out what MLP holds of a TWE: WEO, contracts, evaluations, job target
// and POP (TWE 3 to 10).
func (w *work) twe() {
	w.startOfTWE()
	for i, t := range w.facts.weos {
		if gone(t.Header) {
			w.trackGone(t)
		}
		if !w.clk.reached(t.WEOStart) {
			continue
		}
		w.entry(t)
		w.weo(t)
		if i == len(w.facts.weos)-1 {
			w.profile(t)
		}
		w.duration(t)
		w.art60Start(t)
		w.socialEconomy(t)
		w.endOfTWE(t)
	}
	w.placements()
	for _, c := range w.facts.contracts {
		w.employment(c)
	}
	w.trainings()
	w.evaluations()
	w.documents()
	w.competences()
	w.partnerOwned()
}

// weoID: key of a WEO is the track's own key, as the profile names it.
func (w *work) weoID(t *casefile.Track) string { return w.id(casefile.RegWEO, t.Key()) }

// weoRef is the id by which MLP knows the WEO.
func (w *work) weoRef(t *casefile.Track) string {
	return w.mlpID(w.weoID(t), casefile.WEO{Start: t.WEOStart})
}

// startOfTWE is TWE-01: nothing of TWE before the dossier is there with the right
// category.
func (w *work) startOfTWE() {
	started := slices.IndexFunc(w.facts.weos, func(t *casefile.Track) bool { return w.clk.reached(t.WEOStart) })
	if started < 0 {
		return
	}
	t := w.facts.weos[started]
	for i := 1; i < len(w.facts.weos); i++ {
		a, b := w.facts.weos[i-1], w.facts.weos[i]
		if w.clk.reached(b.WEOStart) && (a.WEOEnd.IsZero() || b.WEOStart <= a.WEOEnd) {
			w.manual(blockTWE, casefile.Manual{Rule: "TWE-01", Reason: "Twee WEO's van deze cliënt overlappen.",
				Next: "Verbeter de begin- of einddatum van de WEO's.", Cells: cells(b, "weoStart", "weoEnd")})
			return
		}
	}
	switch {
	case w.blocked&blockTWE != 0:
		w.notFired("TWE-01", "De categorie moet eerst beslist worden.", cells(t, "weoStart"))
	case !w.willHaveDossier():
		w.manual(blockTWE|blockProfile, casefile.Manual{Rule: "TWE-01", Cells: cells(t, "weoStart"),
			Reason: "De WEO is gestart, maar VDAB heeft nog geen dossier van deze cliënt.",
			Next:   "Laat de cliënt inschrijven bij VDAB; daarna wordt de WEO geregistreerd."})
	case w.openTWE() != nil && w.standing() == standsReady && !w.clk.reached(w.c.Client.ReadySince) && !w.agreesWithTWE():
		w.manual(blockTWE, casefile.Manual{Rule: "TWE-01", Cells: append(cells(t, "weoStart"), cells(w.c.Client, "readySince")...),
			Reason: "De WEO is gestart, maar de cliënt is pas klaar vanaf " + w.c.Client.ReadySince.Dutch() + ": de categorie is nog niet juist.",
			Next:   "Kijk na sinds wanneer de cliënt klaar is, of de startdatum van de WEO."})
	case w.facts.awaits05:
		w.choose(blockTWE, casefile.Manual{Rule: "TWE-01", Proposal: casefile.Code05, Cells: append(cells(t, "weoStart"), cells(w.c.Client, "registeredBy")...),
			Reason: "De WEO is gestart, maar de cliënt heeft zich nog niet als 05 ingeschreven.",
			Next:   "Help de cliënt zich in te schrijven; daarna wordt de WEO geregistreerd."}, about("awaits 05"))
	}
}

// agreesWithTWE tells whether the category of the day is one with which a TWE can run: 05, 90, 93,
// or one that must stay (TWE p.1, 5).
func (w *work) agreesWithTWE() bool {
	held, ok := w.on(w.clk.day)
	return ok && (slices.Contains(protectedCodes(), held.Code) ||
		slices.Contains([]casefile.Code{casefile.Code05, casefile.Code90, casefile.Code93}, held.Code))
}

func (w *work) trackGone(t *casefile.Track) {
	const reason = "Het TWE staat niet meer in de export of is er als verwijderd in aangeduid."
	held, ok := w.inMLP(w.weoID(t), casefile.WEO{Start: t.WEOStart})
	switch {
	case !ok && !w.clk.reached(t.WEOStart), ok && !t.WEOEnd.IsZero() && held.Body.(casefile.WEO).End == t.WEOEnd:
		w.finding("DATA-01", reason, "Kijk na of dat klopt; er verandert niets.", cells(t, "trackNumber"))
	default:
		w.manual(blockTWE, casefile.Manual{Rule: "DATA-01", Reason: reason, Cells: cells(t, "trackNumber"),
			Next: "Neem het TWE opnieuw op, met een einddatum van de WEO als het beëindigd is."})
	}
}

// weoBody is the WEO's registration; its end only once it has come.
func (w *work) weoBody(t *casefile.Track) casefile.WEO {
	body := casefile.WEO{Start: t.WEOStart, Counsellor: t.Counsellor}
	if w.clk.reached(t.WEOEnd) {
		body.End, body.EndReason = t.WEOEnd, t.WEOEndReason
	}
	return body
}

// weo asks for the WEO: its start and, once it has come, its end.
func (w *work) weo(t *casefile.Track) {
	body := w.weoBody(t)
	rule, why := "TWE-01", "Het TWE is gestart met de WEO."
	if !body.End.IsZero() {
		rule, why = "TWE-13", "Het TWE is beëindigd."
	}
	id := w.weoID(t)
	if held, ok := w.inMLP(id, body); ok {
		if was := held.Body.(casefile.WEO).Counsellor; was != "" && t.Counsellor != "" && was != t.Counsellor {
			w.finding("TWE-15", "De trajectbegeleider van het TWE is veranderd.", "Een cliënt houdt best één trajectbegeleider; kijk na of de wissel klopt.", cells(t, "counsellor"))
		}
	}
	if other := w.otherInMLP(casefile.RegWEO, id, t.WEOStart, t.WEOEnd); other != "" {
		w.manual(blockTWE, casefile.Manual{Rule: "TWE-01", Cells: cells(t, "weoStart"),
			Reason: "In MLP staat al een WEO vanaf " + other.Dutch() + ", die met deze WEO overlapt.",
			Next:   "Kijk na of het dezelfde is: maak de startdatums gelijk, of sluit de andere in MLP af."})
	}
	w.endStands(id, body, t.WEOEnd, "TWE-13", "de WEO", cells(t, "weoEnd"))
	w.fired("TWE-01", "De WEO is gestart.", cells(t, "weoStart"))
	w.fired("TWE-15", "De WEO noemt één trajectbegeleider.", cells(t, "counsellor"))
	w.desire(blockTWE, rule, why, t.WEOStart, id, body)
}

// endStands asks a person where MLP holds an end that the export no longer has: an end is
// never taken back by itself, and the subsidy stops with it (TWE 10).
func (w *work) endStands(id string, body casefile.Body, end casefile.Date, rule, what string, cs []casefile.Cell) {
	held, ok := w.inMLP(id, body)
	if !ok {
		return
	}
	was := casefile.EndOf(held.Body)
	if was.IsZero() || was == end || (w.clk.reached(end) && !end.IsZero()) {
		return
	}
	now, asks := "geen einddatum", about("no end", was)
	if !end.IsZero() {
		now, asks = "einddatum "+end.Dutch(), about("later end", was, end)
	}
	w.ask(0, casefile.Manual{Rule: rule, Cells: cs,
		Reason: "In MLP is " + what + " beëindigd op " + was.Dutch() + ", maar de export heeft " + now + ".",
		Next:   "Loopt het verder, verwijder of verbeter dan de einddatum in MLP; anders vul ze in de export in."},
		asks, "de einddatum in MLP klopt")
}

// entry is TWE-08's first half. A WEO that MLP holds was decided already.
func (w *work) entry(t *casefile.Track) {
	_, held := w.inMLP(w.weoID(t), casefile.WEO{Start: t.WEOStart})
	reason, asks := "", asking{}
	switch {
	case t.EntryNeed == "technical":
		asks, reason = about("technical"), "De cliënt heeft vooral een technische opleiding nodig; die gaat voor op TWE."
	case t.RegularEconomyWithinTwoYears == casefile.No:
		asks, reason = about("out of reach"), "De gewone economie is voor de cliënt niet haalbaar binnen 2 jaar; dan is er geen TWE."
	}
	cs := cells(t, "entryNeed", "regularEconomyWithinTwoYears")
	switch {
	case reason != "" && held:
		if !w.accepted(w.question("TWE-08", asks, cs)) {
			w.finding("TWE-08", reason, "De WEO staat al in MLP; kijk na of het TWE moet doorgaan.", cs)
		}
	case reason != "":
		w.ask(blockTWE|blockProfile, casefile.Manual{Rule: "TWE-08", Reason: reason, Cells: cs,
			Next: "Kijk de instroom na; verbeter de gegevens of beëindig het TWE."}, asks, "het TWE gaat toch door")
	case !w.clk.passed(t.WEOEnd):
		w.entryGaps(t)
	}
}

func (w *work) entryGaps(t *casefile.Track) {
	missing := listOf(
		missingItem{t.EntryNeed == "", "de reden van instroom"},
		missingItem{t.RegularEconomyWithinTwoYears == casefile.Unknown, "of de gewone economie binnen 2 jaar haalbaar is"},
		missingItem{t.JobTarget == "", "het jobdoelwit"},
		missingItem{!w.clk.reached(t.DevelopmentPlanOn), "de datum van het POP"})
	cs := cells(t, "entryNeed", "regularEconomyWithinTwoYears", "jobTarget", "developmentPlanOn")
	if missing != "" {
		w.finding("TWE-08", "In het TWE ontbreekt: "+missing+".", "Vul dit aan in de export.", cs)
		return
	}
	w.fired("TWE-08", "Reden van instroom, jobdoelwit en POP zijn bekend.", cs)
}

// profile is what TWE-08 wants in the dossier from the start of TWE.
func (w *work) profile(t *casefile.Track) {
	p := casefile.Profile{JobTarget: t.JobTarget, EntryNeed: t.EntryNeed}
	if w.clk.reached(t.DevelopmentPlanOn) {
		p.DevelopmentPlanOn = t.DevelopmentPlanOn
	}
	if w.clk.passed(t.WEOEnd) || gone(t.Header) || p == (casefile.Profile{}) || !w.willHaveDossier() {
		return
	}
	needs := blockProfile
	switch {
	case w.k.Dossier == nil:
		needs |= blockPerson | blockCategory
	case w.k.Dossier.Owner.Kind == casefile.PartyPartner:
		needs |= blockTWE // not among what a partner's dossier takes (TWE-17)
	}
	w.desire(needs, "TWE-08", "Jobdoelwit, reden van instroom en POP horen van bij de start in het dossier.", t.WEOStart, "", p)
}

// duration is TWE-02.
func (w *work) duration(t *casefile.Track) {
	cs := cells(t, "weoStart", "weoEnd", "weoEndReason")
	most, least := w.rules.limit(paramWEOMax, t.WEOStart), w.rules.limit(paramWEOMin, t.WEOStart)
	longest, shortest := t.WEOStart.LastOfDuration(most), t.WEOStart.LastOfDuration(least)
	ended := w.clk.reached(t.WEOEnd)
	w.deadline("TWE-02", longest, ended && t.WEOEnd <= longest, "Het TWE mag hoogstens "+months(most)+" duren.", cs)
	switch {
	case ended && t.WEOEnd > longest, !ended && w.clk.passed(longest):
		w.finding("TWE-02", "Het TWE duurt langer dan "+months(most)+"; de subsidie voor de begeleiding stopt op "+longest.Dutch()+".",
			"Kijk na of het TWE beëindigd moet worden.", cs)
	case ended && t.WEOEnd < shortest && t.WEOEndReason != casefile.EndJob && t.WEOEndReason != casefile.EndTraining:
		w.finding("TWE-02", "Het TWE eindigde voor "+months(least)+" om waren, zonder job of lange opleiding als reden.",
			"Kijk de einddatum en de reden na.", cs)
	}
}

// art60Start is TWE-03.
func (w *work) art60Start(t *casefile.Track) {
	within := w.rules.limit(paramArt60Within, t.WEOStart)
	due := t.WEOStart.AddMonths(within)
	first := w.firstContract(t)
	cs := cells(t, "weoStart")
	if first == nil && w.clk.passed(t.WEOEnd) {
		w.notFired("TWE-03", "Het TWE eindigde zonder art. 60§7.", cs)
		return
	}
	started := first != nil && w.clk.reached(first.start)
	w.deadline("TWE-03", due, started && first.start <= due, "Art. 60§7 moet begonnen zijn: start het contract of beëindig het TWE.", cs)
	switch {
	case first != nil && first.start > due:
		w.finding("TWE-03", "Art. 60§7 begint op "+first.start.Dutch()+", later dan "+months(within)+" na de start van de WEO ("+due.Dutch()+").",
			"Kijk de datums na; de termijn was "+due.Dutch()+".", append(cs, first.cells("start")...))
	case first == nil && w.clk.passed(due):
		w.finding("TWE-03", "Art. 60§7 is niet begonnen binnen "+months(within)+" na de start van de WEO ("+due.Dutch()+").",
			"Start het contract art. 60§7 of beëindig het TWE.", cs)
	}
}

func (w *work) firstContract(t *casefile.Track) *contract {
	for _, c := range w.facts.contracts {
		if c.weo == t {
			return c
		}
	}
	return nil
}

// employment is TWE-05: the contract as an instrument of the TWE.
func (w *work) employment(c *contract) {
	if !c.followed() || !w.clk.reached(c.start) {
		return
	}
	w.fired("TWE-05", "Het contract art. 60§7 is gestart.", c.cells("start", "end"))
	rule, why := "TWE-05", "Het contract art. 60§7 is gestart."
	if w.clk.reached(c.end) {
		why = "Het contract art. 60§7 is beëindigd."
	}
	body := c.body(w.clk, w.weoRef(c.weo))
	w.endStands(c.id, body, c.end, "TWE-05", "het contract art. 60§7", c.cells("end"))
	if w.settled(casefile.Registration{ID: c.id, Body: body}) || w.insideWEO(c) {
		w.desire(blockTWE, rule, why, c.start, c.id, body)
	} else {
		w.outside = append(w.outside, c)
	}
	w.allowance(c, body.SocialEconomy)
	if end := c.weo.WEOEnd; w.clk.passed(end) && (c.end.IsZero() || c.end > end) {
		w.finding("TWE-06", "Het contract art. 60§7 loopt verder dan de WEO, die eindigde op "+end.Dutch()+".",
			"Kijk de einddatums na: art. 60§7 kan alleen binnen een TWE.", append(c.cells("end"), cells(c.weo, "weoEnd")...))
	}
	if w.clk.passed(c.end) {
		return
	}
	if !slices.ContainsFunc(c.rows, func(e *casefile.Employment) bool { return e.NovaPrimaReference != "" }) {
		w.finding("TWE-05", "De referentie van Nova Prima ontbreekt bij het contract art. 60§7.",
			"Meld de start bij de POD MI via Nova Prima en vul de referentie in.", c.cells("novaPrimaReference"))
	}
}

// allowance is the increased allowance of social economy: at most so many months, from the day for
// which it was asked, else from the contract's start (assumption).
func (w *work) allowance(c *contract, socialEconomy casefile.Tri) {
	var from, until casefile.Date
	for _, row := range c.rows {
		from, until = casefile.Earliest(from, row.IncreasedAllowanceFrom), casefile.Latest(until, row.IncreasedAllowanceUntil)
	}
	cs := c.cells("start", "socialEconomy", "increasedAllowanceFrom", "increasedAllowanceUntil")
	switch {
	case socialEconomy == casefile.Unknown && w.clk.passed(c.end):
		return
	case socialEconomy == casefile.Unknown:
		w.finding("TWE-05", "Niet ingevuld is of het contract in de sociale economie is (verhoogde toelage).", "Vul dit in.", cs)
		return
	case socialEconomy == casefile.No && from.IsZero():
		return
	case socialEconomy == casefile.No:
		w.finding("TWE-05", "Een verhoogde toelage is gevraagd, maar het contract is niet in de sociale economie.", "Kijk de aanvraag in Nova Prima na.", cs)
		return
	}
	asked := cmp.Or(from, c.start)
	longest := w.rules.limit(paramAllowance, asked)
	due := asked.LastOfDuration(longest)
	ended := casefile.Earliest(until, c.end)
	if from.IsZero() && until.IsZero() && (w.clk.passed(due) || w.clk.passed(ended)) {
		return // as far as is known it was never asked for
	}
	w.deadline("TWE-05", due, ended <= due && w.clk.reached(ended), "De verhoogde toelage voor sociale economie stopt na "+months(longest)+".", cs)
	open := until.IsZero() && (c.end.IsZero() || c.end > due) // else it stopped with the contract (TWE 8)
	if until > due || (!from.IsZero() && open && w.clk.passed(due)) {
		w.finding("TWE-05", "De verhoogde toelage kan hoogstens "+months(longest)+" ("+due.Dutch()+"), maar loopt volgens de gegevens langer.",
			"Kijk in Nova Prima na tot wanneer de toelage gevraagd is.", cs)
	}
}

// socialEconomy is TWE-16: found before the start there is no TWE; found later the indication
// procedure runs beside art. 60§7.
func (w *work) socialEconomy(t *casefile.Track) {
	found := t.SocialEconomyHighestOn
	cs := cells(t, "socialEconomyHighestOn", "indicationRequestedOn")
	_, held := w.inMLP(w.weoID(t), casefile.WEO{Start: t.WEOStart})
	asks := about("before the start")
	const before = "Voor de start van het TWE was sociale economie al het hoogst haalbare; dan is er geen TWE."
	switch {
	case !w.clk.reached(found) || w.clk.passed(t.WEOEnd):
	case found < t.WEOStart && held:
		if !w.accepted(w.question("TWE-16", asks, cs)) {
			w.finding("TWE-16", before, "De WEO staat al in MLP; kijk na of het TWE moet doorgaan.", cs)
		}
	case found < t.WEOStart:
		w.ask(blockTWE|blockProfile, casefile.Manual{Rule: "TWE-16", Reason: before, Cells: cs,
			Next: "Kijk de instroom na; verbeter de datum of beëindig het TWE."}, asks, "het TWE gaat toch door")
	case t.IndicationRequestedOn.IsZero():
		w.finding("TWE-16", "Sociale economie is het hoogst haalbare, maar de indicering als doelgroepwerknemer is nog niet aangevraagd.",
			"Vraag de indicering aan en vul de datum in; een contract art. 60§7 loopt intussen gewoon verder.", cs)
	default:
		w.fired("TWE-16", "De indicering als doelgroepwerknemer is aangevraagd; art. 60§7 loopt intussen verder.", cs)
	}
}

// partnerOwned is TWE-17.
func (w *work) partnerOwned() {
	if w.k.Dossier == nil || w.k.Dossier.Owner.Kind != casefile.PartyPartner {
		return
	}
	name := w.ownerName()
	rule, next, until := "TWE-17", "Spreek eerst met de partner; zet het dossier niet op eigen naam voor dat gebeurd is.", "Spreek met de partner voor er een TWE begint."
	if p := w.k.Dossier.Owner.Program; p == string(casefile.TrackGLOW) || (p == "" && w.facts.glow != nil) {
		rule, until = "GLOW-08", "De eigenaar verandert alleen met akkoord van de GLOW-partner en de Trusted Advisor."
		next = until
	}
	waits := slices.ContainsFunc(w.wishes, func(r wish) bool { return r.needs&blockTWE != 0 && !w.settled(r.Registration) })
	cs := cells(w.c.Client, "clientNumber")
	if !waits {
		w.finding(rule, "Het dossier is in begeleiding bij "+name+".", until, cs)
		return
	}
	w.manual(blockTWE, casefile.Manual{Rule: rule, Cells: cs, Next: next,
		Reason: "Het dossier is in begeleiding bij " + name + ": er kan geen TWE-lijn in."})
}

// ownerName is the partner as a caseworker knows it, with its program and since when.
func (w *work) ownerName() string {
	o := w.k.Dossier.Owner
	name := cmp.Or(o.Name, "een partner van VDAB")
	if o.Program != "" {
		name += " (" + o.Program + ")"
	}
	if !o.Since.IsZero() {
		name += " sinds " + o.Since.Dutch()
	}
	return name
}

// subsidyMonth is TWE-18: what MLP hasn't accepted on the month's last day.
func (w *work) subsidyMonth() {
	t := w.openTWE()
	if t == nil {
		return
	}
	due := w.clk.day.LastOfMonth()
	w.clk.passed(due)
	if last := w.lastOfSubsidy(t); last < due {
		w.notFired("TWE-18", "Het TWE geeft deze maand geen subsidie meer: het loopt niet tot de laatste dag ervan.", cells(t, "weoStart", "weoEnd"))
		return
	}
	waits := len(w.kept)+len(w.outside) > 0 || w.blocked&(blockTWE|blockCategory) != 0 || slices.ContainsFunc(w.wishes, func(r wish) bool {
		return slices.Contains(subsidyKinds(), r.Body.Kind()) && !w.settled(r.Registration)
	})
	cs := cells(t, "weoStart")
	w.deadline("TWE-18", due, !waits, "WEO, contract en categorie moeten door MLP aanvaard zijn voor de subsidie van deze maand.", cs)
	if waits && w.clk.reached(due) {
		w.finding("TWE-18", "Vandaag is de laatste dag van de maand en MLP heeft nog niet alles van dit TWE aanvaard.",
			"Los de open punten van deze cliënt vandaag op.", cs)
	}
}

// subsidyKinds are the registrations on which a month's subsidy rests.
func subsidyKinds() []casefile.RegistrationKind {
	return []casefile.RegistrationKind{casefile.RegCategory, casefile.RegWEO, casefile.RegEmployment}
}

// openTWE is the TWE of the day that still gives subsidy.
func (w *work) openTWE() *casefile.Track {
	var open *casefile.Track
	for _, t := range w.facts.weos {
		if w.clk.reached(t.WEOStart) && !w.clk.passed(w.lastOfSubsidy(t)) {
			open = t
		}
	}
	return open
}

// lastOfSubsidy is the TWE's last day, or the last for which it gives subsidy (TWE-02).
func (w *work) lastOfSubsidy(t *casefile.Track) casefile.Date {
	return casefile.Earliest(t.WEOEnd, t.WEOStart.LastOfDuration(w.rules.limit(paramWEOMax, t.WEOStart)))
}

func months(n int) string { return strconv.Itoa(n) + " maanden" }

// missingItem is a thing to fill in, by its Dutch words.
type missingItem struct {
	missing bool
	words   string
}

func listOf(items ...missingItem) string {
	list := ""
	for _, i := range items {
		switch {
		case i.missing && list == "":
			list = i.words
		case i.missing:
			list += "; " + i.words
		}
	}
	return list
}
