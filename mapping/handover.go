package mapping

import (
	"cmp"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// handovers is HND-01 to HND-03. What is doubtful about one blocks that one.
func (w *work) handovers() {
	for _, h := range w.c.Handovers {
		if gone(h.Header) {
			w.finding("DATA-01", "Een overdracht staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; wat VDAB al kreeg, blijft staan.", cells(h, "kind"))
			continue
		}
		if !w.clk.reached(h.ChoiceDate) {
			w.notFired("HND-01", "De overdracht begint pas op "+h.ChoiceDate.Dutch()+".", cells(h, "choiceDate"))
			continue
		}
		w.handover(h)
	}
}

// handoverID: key of a handover is the record's own key, as the profile names it.
func (w *work) handoverID(h *casefile.HandoverRecord) string {
	return w.id(casefile.RegHandover, h.Key())
}

func (w *work) handover(h *casefile.HandoverRecord) {
	body := w.request(h)
	id := w.handoverID(h)
	held, sent := w.inMLP(id, body)
	if sent && w.decidedByVDAB(h, held, body) {
		return
	}
	var doubts []casefile.Manual
	if h.Handover == casefile.HandoverGLOW {
		doubts = w.glowDoubts(h)
	} else {
		doubts = w.warmDoubts(h)
	}
	if h.Handover == casefile.HandoverGLOW && w.facts.glowLapsed {
		w.notFired("HND-01", "De keuze voor GLOW verviel door de latere keuze voor TWE.", cells(h, "choiceDate"))
		return
	}
	doubts = append(doubts, w.contentDoubts(h, body)...)
	for _, m := range doubts {
		if sent { // VDAB has it: what changed since is for talking, not for deciding
			w.finding(m.Rule, m.Reason, "De overdracht is al bij VDAB: laat weten wat veranderd is.", m.Cells)
			continue
		}
		w.manual(0, m)
	}
	if len(doubts) > 0 {
		return
	}
	if !w.clk.reached(h.InformedOn) {
		w.notFired("HND-02", "De cliënt wordt pas op "+h.InformedOn.Dutch()+" ingelicht.", cells(h, "informedOn"))
		return
	}
	w.fired("HND-01", "Het OCMW vraagt deze overdracht.", cells(h, "kind", "choiceDate"))
	w.fired("HND-02", "De overdracht is volledig.", cells(h, "motivation", "informedOn"))
	w.desire(blockHandover, "HND-01", "Het OCMW vraagt om de cliënt over te dragen aan VDAB.",
		casefile.Latest(h.ChoiceDate, h.InformedOn), id, body)
}

// request is the content of HND-02. Only answers of the version in force travel,
// and only "no": a "yes" stops the request.
func (w *work) request(h *casefile.HandoverRecord) casefile.Handover {
	b := casefile.Handover{
		Handover: h.Handover, ChoiceDate: h.ChoiceDate, Motivation: h.Motivation, JobTarget: w.jobTarget(h),
		ContactLanguage: w.contactLanguage(h), InformedOn: h.InformedOn, Note: h.Note,
		OCMWKBO: w.c.OCMW.KBO, OCMWNIS: w.c.OCMW.NIS,
	}
	if held, ok := w.on(w.clk.day); ok {
		b.CurrentCategory = held.Code
	}
	if h.Handover == casefile.HandoverWarmTraining {
		b.TrainingStart = cmp.Or(h.TrainingStart, w.longTrainingStart())
	}
	if h.Handover == casefile.HandoverGLOW {
		book, _ := w.rules.playbookOn(h.ChoiceDate)
		b.Grounds = slices.Compact(slices.Sorted(slices.Values(h.Grounds)))
		if book.GroundOneBridged && h.GroundOneBridgeable != casefile.Yes { // then it is no ground, and stays in the house
			b.Grounds = slices.DeleteFunc(b.Grounds, func(g string) bool { return g == "1" })
		}
		b.Exclusions = w.answeredNo(h)
	}
	w.history(&b)
	return b
}

func (w *work) answeredNo(h *casefile.HandoverRecord) []casefile.ExclusionAnswer {
	book, _ := w.rules.playbookOn(h.ChoiceDate)
	var out []casefile.ExclusionAnswer
	for _, q := range book.Questions {
		if h.Exclusions[q.Code] == casefile.No {
			out = append(out, casefile.ExclusionAnswer{Question: q.Code, Answer: casefile.No})
		}
	}
	slices.SortFunc(out, func(a, b casefile.ExclusionAnswer) int { return cmp.Compare(a.Question, b.Question) })
	return out
}

// history is the last TWE with its contract, as far as it has come.
func (w *work) history(b *casefile.Handover) {
	for _, t := range w.facts.weos {
		if w.clk.reached(t.WEOStart) {
			b.WEOStart, b.WEOEnd = t.WEOStart, w.come(t.WEOEnd)
		}
	}
	if c := w.lastStarted(); c != nil {
		b.Art60Start, b.Art60End = c.start, w.come(c.end)
	}
}

// come is the date once it has come, else none.
func (w *work) come(d casefile.Date) casefile.Date {
	if w.clk.reached(d) {
		return d
	}
	return ""
}

func (w *work) jobTarget(h *casefile.HandoverRecord) string {
	target := h.JobTarget
	for _, t := range slices.Backward(w.c.Tracks) { // the latest
		if target == "" && !gone(t.Header) {
			target = t.JobTarget
		}
	}
	return target
}

func (w *work) contactLanguage(h *casefile.HandoverRecord) string {
	return cmp.Or(h.ContactLanguage, w.c.Client.ContactLanguage)
}

// warmDoubts is HND-01 for the warm handovers, which follow a TWE.
func (w *work) warmDoubts(h *casefile.HandoverRecord) []casefile.Manual {
	doubt := func(reason, next, field string) []casefile.Manual {
		return []casefile.Manual{{Rule: "HND-01", Reason: reason, Next: next, Cells: cells(h, field)}}
	}
	switch {
	case h.Handover != casefile.HandoverWarmTraining && h.Handover != casefile.HandoverWarmOther:
		return doubt("De soort overdracht is niet bekend.", "Vul de soort overdracht in.", "kind")
	case !slices.ContainsFunc(w.facts.weos, func(t *casefile.Track) bool { return w.clk.reached(t.WEOStart) }):
		return doubt("Een warme overdracht hoort bij een TWE, maar er is geen WEO.", "Vul de WEO in of kies een andere soort overdracht.", "kind")
	case h.Handover == casefile.HandoverWarmTraining && h.TrainingStart.IsZero() && w.longTrainingStart().IsZero():
		return doubt("De opleiding van de warme overdracht is nog niet bekend.", "Vul de startdatum van de opleiding in.", "trainingStart")
	}
	return w.warmTooEarly(h)
}

// warmTooEarly: art. 60§7 still runs, the TWE ended with a job, or the training is one that fits in the
// TWE. What no source has is asked of a person (HND-01).
func (w *work) warmTooEarly(h *casefile.HandoverRecord) []casefile.Manual {
	c, last := w.lastStarted(), w.facts.weos[len(w.facts.weos)-1]
	reason, word := "", ""
	switch {
	case h.Handover == casefile.HandoverWarmOther && c != nil && !w.clk.passed(c.end):
		word, reason = "contract runs", "De andere warme overdracht volgt op art. 60§7, maar er loopt nog een contract."
	case h.Handover == casefile.HandoverWarmOther && w.clk.reached(last.WEOEnd) && last.WEOEndReason == casefile.EndJob:
		word, reason = "ended with a job", "Het TWE eindigde met een job; een warme overdracht hoort daar niet bij."
	case h.Handover == casefile.HandoverWarmTraining && w.shortTrainingOn(h.TrainingStart):
		word, reason = "short training", "De opleiding van de warme overdracht is kort en past in het TWE; een warme overdracht is er voor een lange."
	}
	if reason == "" {
		return nil
	}
	m := casefile.Manual{Rule: "HND-01", Reason: reason, Next: "Kijk na of de overdracht nodig is.", Cells: cells(h, "kind", "choiceDate", "trainingStart"),
		Accept: "de overdracht gaat toch"}
	m.Question = w.question(m.Rule, about(word), m.Cells)
	if w.accepted(m.Question) {
		return nil
	}
	return []casefile.Manual{m}
}

// contentDoubts is HND-02: nothing is assumed, and health data stay in the house.
func (w *work) contentDoubts(h *casefile.HandoverRecord, b casefile.Handover) []casefile.Manual {
	var out []casefile.Manual
	add := func(rule, reason, next string, fields ...string) {
		out = append(out, casefile.Manual{Rule: rule, Reason: reason, Next: next, Cells: cells(h, fields...)})
	}
	missing := listOf(missingItem{b.Motivation == "", "de motivering"}, missingItem{b.JobTarget == "", "het jobdoelwit"},
		missingItem{b.ContactLanguage == "", "de contacttaal"}, missingItem{b.InformedOn.IsZero(), "de dag waarop de cliënt ingelicht is"})
	if missing != "" {
		add("HND-02", "In de overdracht ontbreekt: "+missing+".", "Vul dit aan in de export.", "motivation", "jobTarget", "contactLanguage", "informedOn")
	}
	if h.Handover == casefile.HandoverGLOW && slices.Contains(b.Grounds, "1") && !w.c.OCMW.HealthDataAgreed {
		add("HND-02", "Grond 1 is een gezondheidsgegeven en mag niet mee zonder akkoord van de functionaris voor gegevensbescherming.",
			"Doe de overdracht zelf in MLP, of vraag het akkoord.", "grounds")
	}
	switch {
	case !w.willHaveDossier():
		add("HND-02", "VDAB heeft nog geen dossier van deze cliënt.", "Laat de cliënt eerst inschrijven.", "kind")
	case b.CurrentCategory == "":
		add("HND-02", "Het dossier heeft nog geen categorie.", "Laat eerst de categorie registreren.", "kind")
	case w.k.Dossier != nil && w.k.Dossier.Owner.Kind == casefile.PartyPartner:
		add("TWE-17", "Het dossier is in begeleiding bij een partner van VDAB.", "Spreek eerst met de partner.", "kind")
	}
	return out
}

// decidedByVDAB is HND-03: what VDAB answered comes back to the worklist. Once VDAB has decided,
// nothing of the request is sent any more, and that is told.
func (w *work) decidedByVDAB(h *casefile.HandoverRecord, held casefile.Registration, now casefile.Handover) bool {
	body := held.Body.(casefile.Handover)
	w.answerOfVDAB(h, body)
	w.glowEnd(h, body)
	switch body.Status {
	case casefile.HandoverAccepted, casefile.HandoverAssigned, casefile.HandoverRejected, casefile.HandoverClosed:
	default:
		return false
	}
	if !casefile.Satisfies(body, now) {
		w.finding("HND-03", "De overdracht is in de export veranderd nadat VDAB besliste; dat wordt niet meer doorgestuurd.",
			"Laat VDAB weten wat veranderd is.", cells(h, "kind", "choiceDate"))
	}
	w.desire(blockHandover, "HND-01", "VDAB heeft over de overdracht beslist.", body.ChoiceDate, w.handoverID(h), body)
	return true
}

// answerOfVDAB says in Dutch where the request stands, and what now.
func (w *work) answerOfVDAB(h *casefile.HandoverRecord, held casefile.Handover) {
	cs := cells(h, "kind", "choiceDate")
	since := ""
	if !held.StatusSince.IsZero() {
		since = " op " + held.StatusSince.Dutch()
	}
	why := ""
	if reason := held.StatusReason.Dutch(); reason != "" {
		why = " (" + reason + ")"
	}
	switch held.Status {
	case casefile.HandoverNeedsInformation:
		w.finding("HND-03", "VDAB vroeg"+since+" meer informatie over de overdracht"+why+".", "Kijk in MLP wat gevraagd wordt en vul het aan in de export.", cs)
	case casefile.HandoverRejected:
		w.finding("HND-03", "VDAB weigerde"+since+" de overdracht"+why+".", "Kijk in MLP waarom en beslis hoe het verder gaat.", cs)
	case casefile.HandoverAssigned:
		w.fired("HND-03", "VDAB wees de cliënt"+since+" toe aan "+cmp.Or(held.AssignedTo, "een partner")+".", cs)
	case casefile.HandoverClosed:
		w.finding("HND-03", "VDAB sloot de overdracht"+since+" af"+why+".", "Kijk na of de cliënt opnieuw begeleid wordt door het OCMW.", cs)
	case casefile.HandoverAccepted:
		w.fired("HND-03", "VDAB aanvaardde"+since+" de overdracht.", cs)
	default:
		w.fired("HND-03", "VDAB heeft de overdracht"+since+"; de stand komt uit MLP.", cs)
	}
}
