package mapping

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// trainings is TWE-09 to TWE-11 and GLOW-09. The provider registers a training; the OCMW leaves a
// reference to it in the dossier (OPL, "Hoe opleidingsacties registreren").
func (w *work) trainings() {
	short := map[*casefile.Track]bool{} // a short training was used in that TWE
	for _, tr := range w.c.Trainings {
		if gone(tr.Header) {
			w.finding("DATA-01", "Een opleiding staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat in MLP staat, blijft staan.", cells(tr, "title", "start"))
			continue
		}
		t := w.facts.weoOn(tr.Start)
		switch {
		case t == nil && w.facts.glow != nil && w.facts.glowOn <= tr.Start && !w.endedGLOW():
			w.trainingInGLOW(tr)
		case t == nil && w.longAfterTWE(tr) == nil:
			w.notFired("TWE-09", "Een opleiding valt in geen enkel TWE.", cells(tr, "start"))
		default:
			w.trainingInTWE(tr, t, short)
		}
	}
}

// longAfterTWE is the WEO that was stopped for the training: it ended before the training began, and
// the need was known while it ran (OPL 3, situation 2).
func (w *work) longAfterTWE(tr *casefile.Training) *casefile.Track {
	if t := w.facts.weoOn(tr.NeedKnownOn); t != nil && !tr.NeedKnownOn.IsZero() && tr.Start > t.WEOEnd {
		return t
	}
	return nil
}

// trainingKind is what the sources make of a training in a TWE.
type trainingKind int

const (
	notInTWE  trainingKind = iota // said already
	shortKind                     // OPL 2
	partTime                      // OPL 4
	longFromContract
	longAfterContract
)

func (w *work) trainingInTWE(tr *casefile.Training, t *casefile.Track, short map[*casefile.Track]bool) {
	if t == nil {
		t = w.longAfterTWE(tr)
	}
	if !w.recognised(tr) {
		return
	}
	kind := w.kindOf(tr, t)
	switch kind {
	case notInTWE:
		return
	case shortKind:
		if short[t] {
			w.finding("TWE-09", "Een korte opleiding kan maar één keer in een TWE; die vanaf "+tr.Start.Dutch()+" komt er niet bij.",
				"Kijk na welke opleiding in het TWE hoort.", cells(tr, "start", "end"))
			return
		}
		short[t] = true
		w.fired("TWE-09", "Een korte erkende opleiding past in het TWE.", cells(tr, "start", "end"))
	case longFromContract, longAfterContract:
		w.stopForTraining(tr, t, kind)
	}
	w.reference(tr, t)
}

// recognised is what OPL 2 and 5 ask of each training: recognised, and for the job target.
func (w *work) recognised(tr *casefile.Training) bool {
	cs := cells(tr, "recognised", "servesJobTarget", "end", "regime")
	missing := listOf(missingItem{tr.Recognised == casefile.Unknown, "of ze erkend is"},
		missingItem{tr.ServesJobTarget == casefile.Unknown, "of ze bij het jobdoelwit past"},
		missingItem{tr.Regime == "", "of ze voltijds of deeltijds is"}, missingItem{tr.End.IsZero(), "de einddatum"},
		missingItem{!tr.InternshipStart.IsZero() && tr.InternshipEnd.IsZero(), "het einde van de opleidingsstage"})
	switch {
	case tr.Recognised == casefile.No:
		w.finding("TWE-11", "Een niet-erkende opleiding (vanaf "+tr.Start.Dutch()+") kan geen deel zijn van een TWE.",
			"Kijk na of er een erkende opleiding is; in het dossier komt geen verwijzing.", cs)
	case tr.ServesJobTarget == casefile.No:
		w.finding("TWE-09", "Een opleiding (vanaf "+tr.Start.Dutch()+") die niet bij het jobdoelwit past, kan geen deel zijn van een TWE.",
			"Kijk het jobdoelwit of de opleiding na; in het dossier komt geen verwijzing.", cs)
	case missing != "":
		w.manual(0, casefile.Manual{Rule: "TWE-09", Reason: "Bij een opleiding (vanaf " + tr.Start.Dutch() + ") is niet ingevuld: " + missing + ".",
			Next: "Vul dit in; zonder deze gegevens is niet te zeggen of ze in het TWE past.", Cells: cs})
	default:
		return true
	}
	return false
}

// fullTimeFrom is the first day on which the training is full time; zero when it never is.
func fullTimeFrom(tr *casefile.Training) casefile.Date {
	if tr.Regime == casefile.FullTime {
		return tr.Start
	}
	return tr.FullTimeFrom
}

// short tells whether the part of a training from a day on lasts no longer than a TWE takes; its
// internship does not count (OPL 2).
func (w *work) short(tr *casefile.Training, from casefile.Date) bool {
	last := from.LastOfDuration(w.rules.limit(paramShortTraining, from))
	if start := max(tr.InternshipStart, from); !tr.InternshipStart.IsZero() {
		if end := casefile.Earliest(tr.InternshipEnd, tr.End); start <= end {
			last = last.AddDays(start.DaysUntil(end) + 1)
		}
	}
	return tr.End <= last
}

// kindOf sorts a training by OPL 2 to 4. What they don't settle a person does.
func (w *work) kindOf(tr *casefile.Training, t *casefile.Track) trainingKind {
	full := fullTimeFrom(tr)
	during := w.contractOf(tr.Start)
	switch {
	case full.IsZero():
		return w.partTimeKind(tr, during)
	case w.short(tr, full) && tr.Regime == casefile.FullTime:
		return shortKind
	case tr.Regime == casefile.PartTime && during != nil && follows(during, full) && !w.short(tr, full):
		return longFromContract
	case tr.Regime == casefile.PartTime && w.short(tr, full):
		return w.partTimeKind(tr, during)
	}
	if known := w.contractOf(tr.NeedKnownOn); known != nil && !tr.NeedKnownOn.IsZero() && known.weo == t && tr.Start > known.end {
		return longAfterContract
	}
	word, why := "need unknown", "de gegevens zeggen niet dat de nood eraan tijdens art. 60§7 bleek"
	switch {
	case during != nil && tr.Regime == casefile.FullTime:
		word, why = "full time during", "begint voltijds terwijl art. 60§7 loopt"
	case during != nil:
		word, why = "not joining", "gaat niet aansluitend op art. 60§7 voltijds verder"
	}
	most := w.rules.limit(paramShortTraining, full)
	long := casefile.Manual{Rule: "TWE-10", Cells: cells(tr, "start", "end", "needKnownOn", "regime", "fullTimeFrom"),
		Reason: "Een opleiding (vanaf " + tr.Start.Dutch() + ") duurt voltijds langer dan " + months(most) + ", en " + why + ".",
		Next:   "Vul in sinds wanneer de nood bekend is, of kijk na of de opleiding in het TWE hoort."}
	if w.ask(0, long, about(word, tr.Start, most), "het TWE stopt wanneer de opleiding begint") {
		return longAfterContract
	}
	return notInTWE
}

// joiningDays are the days between art. 60§7 and what goes on "aansluitend" (OPL 3): a weekend and a
// holiday (assumption).
const joiningDays = 7

// follows tells whether the full-time part joins the contract's end.
func follows(c *contract, full casefile.Date) bool {
	return c.end.IsZero() || (full > c.end && joins(c, full))
}

// joins tells whether nothing part time is left after the contract: what follows is full time.
func joins(c *contract, full casefile.Date) bool {
	return !full.IsZero() && full <= c.end.AddDays(joiningDays)
}

// partTimeKind is OPL 4: beside art. 60§7, and part time after it as long as the OCMW guides at least
// half time.
func (w *work) partTimeKind(tr *casefile.Training, during *contract) trainingKind {
	cs := cells(tr, "start", "end", "regime", "guidedHalfTime")
	switch {
	case during == nil && w.short(tr, tr.Start):
		return shortKind
	case during == nil:
		most := w.rules.limit(paramShortTraining, tr.Start)
		if w.ask(0, casefile.Manual{Rule: "TWE-11", Cells: cs,
			Reason: "Een deeltijdse opleiding (vanaf " + tr.Start.Dutch() + ") begon niet tijdens art. 60§7 en duurt langer dan " + months(most) + ": de bronnen zeggen niet of dat kan.",
			Next:   "Kijk met VDAB na of de opleiding in het TWE past."}, about("outside art. 60", tr.Start, most), "de opleiding past in het TWE") {
			return partTime
		}
		return notInTWE
	case during.end.IsZero() || tr.End <= during.end || joins(during, fullTimeFrom(tr)) || !w.clk.passed(during.end):
		w.fired("TWE-11", "Een deeltijdse opleiding gaat samen met art. 60§7.", cs)
	case tr.GuidedHalfTime == casefile.Unknown:
		w.manual(0, casefile.Manual{Rule: "TWE-11", Cells: cs, Next: "Vul dit in.",
			Reason: "Een deeltijdse opleiding loopt na art. 60§7 verder, maar niet ingevuld is of het OCMW minstens halftijds blijft begeleiden."})
		return notInTWE
	case tr.GuidedHalfTime == casefile.No:
		w.finding("TWE-11", "Een deeltijdse opleiding loopt na art. 60§7 verder zonder minstens halftijdse begeleiding: ze is dan geen deel meer van het TWE.",
			"Kijk na of de begeleiding doorgaat, of beëindig het TWE.", cs)
	default:
		w.fired("TWE-11", "De deeltijdse opleiding loopt na art. 60§7 verder, met minstens halftijdse begeleiding.", cs)
	}
	return partTime
}

// stopForTraining is TWE-10: the TWE stops for a long training, with a warm handover.
func (w *work) stopForTraining(tr *casefile.Training, t *casefile.Track, kind trainingKind) {
	due, when := tr.Start, "wanneer de lange opleiding begint"
	if during := w.contractOf(tr.Start); kind == longFromContract {
		if during.end.IsZero() {
			w.fired("TWE-10", "Een deeltijdse opleiding gaat na art. 60§7 voltijds verder: het TWE stopt wanneer het contract eindigt.", cells(tr, "start", "fullTimeFrom"))
			return
		}
		due, when = during.end, "wanneer art. 60§7 eindigt, want de opleiding gaat daarna lang voltijds verder"
	}
	cs := append(cells(t, "weoEnd"), cells(tr, "start", "fullTimeFrom", "end")...)
	stopped := !t.WEOEnd.IsZero() && t.WEOEnd <= due
	w.deadline("TWE-10", due, stopped, "Het TWE stopt "+when+": vul de einddatum van de WEO in.", cs)
	if !stopped && w.clk.passed(due) {
		w.finding("TWE-10", "Het TWE moest stoppen op "+due.Dutch()+", "+when+".", "Vul de einddatum van de WEO in, met opleiding als reden.", cs)
	}
	asked := slices.ContainsFunc(w.c.Handovers, func(h *casefile.HandoverRecord) bool {
		return h.Handover == casefile.HandoverWarmTraining && !gone(h.Header) && h.ChoiceDate >= t.WEOStart
	})
	if !asked {
		w.finding("TWE-10", "Bij een lange opleiding hoort een warme overdracht aan VDAB, en die is nog niet gevraagd.",
			"Maak een overdracht van de soort “warme overdracht, opleiding” in het cliëntsysteem.", cells(tr, "start"))
	}
}

// longTrainingStart is the start of the one long training that a warm handover can be about; zero
// where there is none, or more than one.
func (w *work) longTrainingStart() casefile.Date {
	var found casefile.Date
	for _, tr := range w.c.Trainings {
		full := fullTimeFrom(tr)
		known := w.facts.weoOn(tr.Start) != nil || w.longAfterTWE(tr) != nil
		if gone(tr.Header) || tr.Recognised != casefile.Yes || tr.ServesJobTarget != casefile.Yes || !known || full.IsZero() || tr.End.IsZero() || w.short(tr, full) {
			continue
		}
		if !found.IsZero() {
			return ""
		}
		found = tr.Start
	}
	return found
}

// shortTrainingOn tells whether the export has a short training that begins on the day.
func (w *work) shortTrainingOn(start casefile.Date) bool {
	return slices.ContainsFunc(w.c.Trainings, func(tr *casefile.Training) bool {
		return !gone(tr.Header) && !start.IsZero() && tr.Start == start && tr.Regime == casefile.FullTime && !tr.End.IsZero() && w.short(tr, tr.Start)
	})
}

// reference is the note that tells in the dossier that the next step is a training. It is written when
// the need is known, else on the training's first day.
func (w *work) reference(tr *casefile.Training, t *casefile.Track) {
	on := tr.Start
	if !tr.NeedKnownOn.IsZero() && tr.NeedKnownOn < on {
		on = casefile.Latest(tr.NeedKnownOn, t.WEOStart)
	}
	text := "Volgende stap in het traject: opleiding " + tr.Title + ", van " + tr.Start.Dutch() + " tot en met " + tr.End.Dutch() + "."
	// Key of a reference: the training record's own key.
	w.desire(blockTWE, "TWE-09", "De volgende stap in het TWE is een opleiding: het dossier verwijst ernaar.", on, w.id(casefile.RegNote, "training", tr.Key()),
		casefile.Note{Note: casefile.NoteTraining, Date: on, Text: text, WEOID: w.weoRef(t)})
}

// trainingInGLOW is GLOW-09.
func (w *work) trainingInGLOW(tr *casefile.Training) {
	cs := cells(tr, "start", "end", "recognised")
	fits, ends := w.rules.limit(paramGLOWTrainingFits, tr.Start), w.rules.limit(paramGLOWTrainingEnds, tr.Start)
	what := "Een opleiding tijdens GLOW (vanaf " + tr.Start.Dutch() + ")"
	switch {
	case tr.End.IsZero(), tr.Recognised == casefile.Unknown:
		w.manual(0, casefile.Manual{Rule: "GLOW-09", Cells: cs, Reason: what + " heeft geen einddatum, of niet ingevuld is of ze erkend is.", Next: "Vul dit in."})
	case tr.Recognised == casefile.No:
		w.finding("GLOW-09", what+" is niet door VDAB erkend; ze past niet in GLOW.", "Bespreek met de GLOW-partner en VDAB.", cs)
	case tr.End <= tr.Start.LastOfDuration(fits):
		w.fired("GLOW-09", "Een korte erkende opleiding past in GLOW.", cs)
	case tr.End >= tr.Start.LastOfDuration(ends):
		w.finding("GLOW-09", what+" duurt "+months(ends)+" of langer: GLOW stopt dan.", "Laat het VDAB en de GLOW-partner weten.", cs)
	default:
		w.ask(0, casefile.Manual{Rule: "GLOW-09", Cells: cs, Reason: what + " duurt langer dan " + months(fits) + " en korter dan " + months(ends) + ": of ze past, beslist een mens.",
			Next: "Bespreek met de GLOW-partner en VDAB."}, about("neither", tr.Start, fits, ends), "de opleiding past in GLOW")
	}
}
