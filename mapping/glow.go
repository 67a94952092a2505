package mapping

import (
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// glow is GLOW-05: GLOW and TWE exclude each other, and the choice stays.
func (w *work) glow() {
	if w.facts.glow == nil {
		if len(w.facts.twe) > 0 {
			w.fired("GLOW-05", "Er is voor TWE gekozen, niet voor GLOW.", cells(w.facts.twe[0], "kind"))
		}
		return
	}
	w.fired("GLOW-05", "Er is voor GLOW gekozen.", cells(w.facts.glow, "choiceDate"))
	if w.facts.glowOn < glowStart {
		w.finding("GLOW-01", "De keuze voor GLOW is ouder dan GLOW zelf ("+glowStart.Dutch()+").", "Verbeter de datum van de keuze.", cells(w.facts.glow, "choiceDate"))
	}
	b, both := w.bothChosen()
	if !both || w.facts.glowLapsed || !w.settled05(b) {
		return
	}
	// The last choice is that of GLOW: the TWE's ends still go to MLP, and only after them
	// the handover. Never both.
	if w.running(b.twe) {
		w.blocked |= blockHandover
		w.finding("GLOW-05", "GLOW is gekozen, maar het TWE of art. 60§7 loopt nog: de overdracht wacht tot ze beëindigd zijn.",
			"Vul de einddatum van de WEO en van het contract in.", cells(b.twe, "weoEnd"))
	}
}

// settled05 asks GLOW-05's question, and tells whether a person let the choice of GLOW stand.
func (w *work) settled05(b choices) bool {
	if b.accept == "" {
		w.manual(b.blocks, b.question)
		return false
	}
	return w.ask(b.blocks, b.question, b.asks, b.accept) && !b.lapses
}

// choices are a TWE and a GLOW of one client.
type choices struct {
	twe      *casefile.Track
	question casefile.Manual
	asks     asking
	accept   string // what a person may decide; empty when only MLP or the export can settle it
	lapses   bool   // accepting means that the choice of GLOW lapses
	blocks   scope
}

// running tells whether a TWE goes on, or a contract of it.
func (w *work) running(t *casefile.Track) bool {
	return !w.clk.passed(t.WEOEnd) || slices.ContainsFunc(w.facts.contracts, func(c *contract) bool {
		return w.clk.reached(c.start) && !w.clk.passed(c.end)
	})
}

// bothChosen finds the TWE that stands beside the choice of GLOW: one that goes on before one
// that is over.
func (w *work) bothChosen() (choices, bool) {
	if w.facts.glow == nil {
		return choices{}, false
	}
	var found *casefile.Track
	for _, t := range w.facts.twe {
		if w.clk.reached(max(casefile.Earliest(t.ChoiceDate, t.WEOStart), w.facts.glowOn)) && (found == nil || !w.running(found)) {
			found = t
		}
	}
	if found == nil {
		return choices{}, false
	}
	return w.choicesOf(found), true
}

func (w *work) choicesOf(t *casefile.Track) choices {
	chosen := casefile.Earliest(t.ChoiceDate, t.WEOStart)
	b := choices{twe: t, asks: about("TWE first"), blocks: blockTWE | blockHandover, accept: "de laatste keuze (GLOW) geldt; de overdracht gaat wanneer het TWE beëindigd is"}
	if !t.WEOEnd.IsZero() && t.WEOEnd < w.facts.glowOn && !w.running(t) {
		b.blocks = blockHandover // the TWE is over: only the new choice waits
	}
	gone, reason, next := false, "Eerst is voor TWE gekozen en daarna voor GLOW; die gaan niet samen en de keuze blijft.", "Kijk na welke keuze geldt en haal de andere uit de export."
	switch {
	case w.facts.glowOn == chosen:
		b.asks, reason = about("same day"), "Op dezelfde dag is voor TWE en voor GLOW gekozen; die gaan niet samen."
		b.accept = "de keuze voor GLOW geldt; de overdracht gaat wanneer het TWE beëindigd is"
	case w.facts.glowOn < chosen:
		b.asks, reason = about("GLOW first"), "Eerst is voor GLOW gekozen en daarna voor TWE; die gaan niet samen en de keuze blijft."
		if book, _ := w.rules.playbookOn(w.facts.glowOn); book.NoPreliminary {
			b.asks, reason = about("preliminary"), "Eerst is voor GLOW gekozen en daarna voor TWE; die gaan niet samen en GLOW is geen voortraject voor TWE."
		}
		b.accept, b.lapses = "de laatste keuze (TWE) geldt, de keuze voor GLOW vervalt", true
	}
	switch {
	case w.liveGLOW() && (b.lapses || w.glowGone()):
		b.accept, next = "", "VDAB heeft de overdracht voor GLOW: laat VDAB die eerst afsluiten."
	case w.glowGone():
		gone, next = !b.lapses, "Staat de keuze voor GLOW terecht niet meer in de export, beslis dat dan; neem ze anders opnieuw op."
	}
	b.question = casefile.Manual{Rule: "GLOW-05", Reason: reason, Next: next,
		Cells: append(cells(t, "kind", "choiceDate"), cells(w.facts.glow, "choiceDate")...)}
	w.apart(&b, gone)
	return b
}

// apart keeps two questions from each other: whether the choice of GLOW holds, and, once it is gone from the export, whether it was a mistake.
// Whoever said the one did not say the other. The two had one name once: an answer under it counts for what it meant.
func (w *work) apart(b *choices, gone bool) {
	a, ok := w.answerTo(w.question(b.question.Rule, b.asks, b.question.Cells))
	switch said := ok && a.Means == firstMistaken; {
	case gone:
		b.accept, b.lapses = "de keuze voor GLOW was een vergissing en vervalt", true
		if !said {
			b.asks = about(b.asks.word + ", GLOW gone")
		}
	case said && !b.lapses:
		b.asks = about(b.asks.word + ", GLOW back")
	}
}

// firstMistaken is what Answer.Means held of a choice of GLOW that was a mistake while both questions had one name. It stays as it is,
// however that is worded now.
const firstMistaken = "de keuze voor GLOW was een vergissing en vervalt"

// glowGone tells whether the record of the choice has left the export.
func (w *work) glowGone() bool {
	switch r := w.facts.glow.(type) {
	case *casefile.Track:
		return gone(r.Header)
	case *casefile.HandoverRecord:
		return gone(r.Header)
	}
	return false
}

// liveGLOW tells whether VDAB has a request for GLOW that it neither rejected nor closed.
func (w *work) liveGLOW() bool {
	return slices.ContainsFunc(w.k.Dossier.OfKind(casefile.RegHandover), func(r casefile.Registration) bool {
		h := r.Body.(casefile.Handover)
		return h.Handover == casefile.HandoverGLOW && h.Status != casefile.HandoverRejected && h.Status != casefile.HandoverClosed
	})
}

// endedGLOW tells whether VDAB has rejected or closed all there was of GLOW.
func (w *work) endedGLOW() bool {
	return !w.liveGLOW() && slices.ContainsFunc(w.k.Dossier.OfKind(casefile.RegHandover), func(r casefile.Registration) bool {
		return r.Body.(casefile.Handover).Handover == casefile.HandoverGLOW
	})
}

// settleChoice takes a person's word that the choice of GLOW lapsed, before contracts are
// looked at.
func (w *work) settleChoice() {
	if b, both := w.bothChosen(); both && b.lapses && b.accept != "" {
		w.facts.glowLapsed = w.accepted(w.question(b.question.Rule, b.asks, b.question.Cells))
	}
}

// playbookOn is the version of the playbook by which a choice is judged.
func (r *Rules) playbookOn(on casefile.Date) (playbook, bool) {
	for _, p := range r.playbooks {
		if r.inForce(p.ValidFrom, p.ValidUntil, on) {
			return p, true
		}
	}
	return playbook{}, false
}

// glowDoubts are the reasons for which a request for GLOW waits for a person.
func (w *work) glowDoubts(h *casefile.HandoverRecord) []casefile.Manual {
	book, ok := w.rules.playbookOn(h.ChoiceDate)
	if !ok {
		reason := "Voor de datum van de keuze is geen draaiboek van GLOW bekend."
		if h.ChoiceDate < glowStart {
			reason = "De keuze voor GLOW is ouder dan GLOW zelf (" + glowStart.Dutch() + ")."
		}
		return []casefile.Manual{{Rule: "GLOW-01", Reason: reason, Next: "Verbeter de datum van de keuze.", Cells: cells(h, "choiceDate")}}
	}
	w.fired("GLOW-01", "De cliënt wordt overgedragen aan VDAB, niet aan een GLOW-partner.", cells(h, "kind", "choiceDate"))
	return slices.Concat(w.groundDoubts(h, book), w.conditionDoubts(h, book), w.exclusionDoubts(h, book))
}

// groundDoubts is GLOW-02.
func (w *work) groundDoubts(h *casefile.HandoverRecord, book playbook) []casefile.Manual {
	cs := cells(h, "grounds", "groundOneBridgeable")
	doubt := func(reason, next string) []casefile.Manual {
		return []casefile.Manual{{Rule: "GLOW-02", Reason: reason, Next: next, Cells: cs}}
	}
	counted := 0
	for _, g := range h.Grounds {
		if !slices.Contains([]string{"1", "2", "3", "4", "5"}, g) {
			return doubt("Een grond voor GLOW is geen van de vijf.", "Vul de gronden in als 1 tot 5.")
		}
		if g != "1" || !book.GroundOneBridged || h.GroundOneBridgeable == casefile.Yes {
			counted++
		}
	}
	switch {
	case len(h.Grounds) == 0:
		return doubt("Er is geen grond voor GLOW ingevuld.", "Vul in welke van de vijf gronden gelden.")
	case counted == 0 && h.GroundOneBridgeable == casefile.Unknown:
		return doubt("Niet bekend is of BTOM's of advies van het IMW bij grond 1 helpen.", "Vul dit in.")
	case counted == 0:
		return doubt("Grond 1 telt alleen als BTOM's of advies van het IMW helpen, en een andere grond is er niet.", "Kijk na of GLOW past.")
	}
	w.fired("GLOW-02", "Er is minstens één grond voor GLOW ("+book.ID+").", cs)
	return nil
}

// condition03 is a condition of GLOW-03 with its answer.
type condition03 struct {
	answer casefile.Tri
	words  string
}

// conditionDoubts is GLOW-03.
func (w *work) conditionDoubts(h *casefile.HandoverRecord, book playbook) []casefile.Manual {
	answers := []condition03{
		{h.RealisticOrientation, "een realistische joboriëntatie"}, {h.SelfInsight, "een basis aan zelfinzicht"},
		{h.NeedsWorkExperience, "nood aan werkervaring"},
	}
	if book.ReadyAtIntake {
		answers = append(answers, condition03{h.ReadyForAction, "klaar voor actie, met enige voorbereiding"})
	}
	var missing, failed []string
	for _, a := range answers {
		switch a.answer {
		case casefile.Unknown:
			missing = append(missing, a.words)
		case casefile.No:
			failed = append(failed, a.words)
		}
	}
	language := w.contactLanguage(h)
	var out []casefile.Manual
	add := func(reason, next string) {
		out = append(out, casefile.Manual{Rule: "GLOW-03", Reason: reason, Next: next,
			Cells: cells(h, "realisticOrientation", "selfInsight", "needsWorkExperience", "readyForAction", "contactLanguage")})
	}
	if len(missing) > 0 {
		add("Niet ingevuld bij de voorwaarden voor GLOW: "+strings.Join(missing, "; ")+".", "Beantwoord elke voorwaarde met ja of nee.")
	}
	if len(failed) > 0 {
		add("De cliënt voldoet niet aan: "+strings.Join(failed, "; ")+".", "Kijk na of GLOW past.")
	}
	if language != "" && len(book.Languages) > 0 && !slices.Contains(book.Languages, language) {
		m := casefile.Manual{Rule: "GLOW-03", Cells: cells(h, "contactLanguage"),
			Reason: "De contacttaal is geen Nederlands, Frans of Engels.", Next: "Kijk met VDAB na of GLOW in die taal kan."}
		m.Accept = "VDAB aanvaardt deze contacttaal"
		m.Question = w.question(m.Rule, about("language"), m.Cells)
		if !w.accepted(m.Question) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		w.fired("GLOW-03", "De voorwaarden voor GLOW zijn vervuld.", cells(h, "realisticOrientation"))
	}
	return out
}

// exclusionDoubts is GLOW-04: each question answered, each with no.
func (w *work) exclusionDoubts(h *casefile.HandoverRecord, book playbook) []casefile.Manual {
	var missing, excluded []string
	fields := []string{"kind"}
	for _, q := range book.Questions {
		switch h.Exclusions[q.Code] {
		case casefile.Yes:
			excluded = append(excluded, q.Dutch)
		case casefile.No:
			continue
		default:
			missing = append(missing, q.Dutch)
		}
		fields = append(fields, q.Field)
	}
	if held, ok := w.on(w.clk.day); ok && slices.Contains(book.Categories, held.Code) {
		excluded = append(excluded, "categorie "+string(held.Code))
	}
	var out []casefile.Manual
	if len(missing) > 0 {
		out = append(out, casefile.Manual{Rule: "GLOW-04", Reason: "Niet beantwoord bij de uitsluitingen van GLOW: " + strings.Join(missing, "; ") + ".",
			Next: "Beantwoord elke uitsluiting met ja of nee.", Cells: cells(h, fields...)})
	}
	if len(excluded) > 0 {
		out = append(out, casefile.Manual{Rule: "GLOW-04", Reason: "De cliënt is uitgesloten van GLOW: " + strings.Join(excluded, "; ") + ".",
			Next: "Zoek een ander traject of verbeter het antwoord.", Cells: cells(h, fields...)})
	}
	if len(out) == 0 {
		w.fired("GLOW-04", "Geen enkele uitsluiting van GLOW geldt ("+book.ID+").", cells(h, "kind"))
	}
	return out
}

// glowEnd is GLOW-06, once VDAB has the request.
func (w *work) glowEnd(h *casefile.HandoverRecord, held casefile.Handover) {
	if h.Handover != casefile.HandoverGLOW || held.Status == casefile.HandoverRejected || held.Status == casefile.HandoverClosed {
		return
	}
	longest := w.rules.limit(paramGLOWMax, h.ChoiceDate)
	due := h.ChoiceDate.LastOfDuration(longest)
	w.deadline("GLOW-06", due, false, "GLOW duurt hoogstens "+months(longest)+".", cells(h, "choiceDate"))
}
