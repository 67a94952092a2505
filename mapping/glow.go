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
	b, both := w.bothChosen()
	switch {
	case !both || w.facts.glowLapsed:
	case w.ask(b.blocks, b.question, b.accept):
		// The last choice is that of GLOW: never both.
		if !w.clk.passed(b.twe.WEOEnd) {
			w.blocked |= blockTWE
		}
	}
}

// choices are a TWE and a GLOW of one client.
type choices struct {
	twe      *casefile.Track
	question casefile.Manual
	accept   string
	blocks   scope
}

// bothChosen finds the TWE that stands beside the choice of GLOW.
func (w *work) bothChosen() (choices, bool) {
	if w.facts.glow == nil {
		return choices{}, false
	}
	for _, t := range w.facts.twe {
		chosen := casefile.Earliest(t.ChoiceDate, t.WEOStart)
		if !w.clk.reached(max(chosen, w.facts.glowOn)) {
			continue
		}
		b := choices{twe: t, blocks: blockTWE | blockHandover, accept: "de laatste keuze (GLOW) geldt, het TWE stopt"}
		if !t.WEOEnd.IsZero() && t.WEOEnd < w.facts.glowOn && w.clk.passed(t.WEOEnd) {
			b.blocks = blockHandover // the TWE is over: only the new choice waits
		}
		reason := "Eerst is voor TWE gekozen en daarna voor GLOW; die gaan niet samen en de keuze blijft."
		if w.facts.glowOn < chosen {
			reason = "Eerst is voor GLOW gekozen en daarna voor TWE; die gaan niet samen en GLOW is geen voortraject voor TWE."
			b.accept = "de laatste keuze (TWE) geldt, de keuze voor GLOW vervalt"
		}
		b.question = casefile.Manual{Rule: "GLOW-05", Reason: reason, Next: "Kijk na welke keuze geldt en haal de andere uit de export.",
			Cells: append(cells(t, "kind", "choiceDate"), cells(w.facts.glow, "choiceDate")...)}
		return b, true
	}
	return choices{}, false
}

// settleChoice takes a person's word that a later TWE took the place of GLOW, before contracts are
// looked at.
func (w *work) settleChoice() {
	b, both := w.bothChosen()
	if !both || w.facts.glowOn >= casefile.Earliest(b.twe.ChoiceDate, b.twe.WEOStart) {
		return
	}
	q := b.question
	w.facts.glowLapsed = w.accepted(w.question(q.Rule, q.Reason, q.Cells))
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
		m.Question = w.question(m.Rule, m.Reason, m.Cells)
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
