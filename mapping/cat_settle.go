package mapping

import (
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// walk holds the course against the dossier, step by step in order of day. Each
// step is judged by the category that holds on the last day of its own period, so
// that a course is written the same whether MLP is first met early or late. Only
// the last step that has come asks a person: the past is left as it is.
func (w *work) walk(steps []step) {
	asked := w.blocked&blockCategory != 0 // a contract is in doubt: one question at a time
	steps = w.authorise(w.remembered(steps))
	for i, s := range steps {
		if !w.clk.reached(s.from) {
			if i+1 == len(steps) || steps[i+1].from != s.from { // else another step of that day takes its place
				w.planned(s)
			}
			continue
		}
		check, last := w.window(steps, i)
		w.settle(s, check, last && !asked)
	}
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	switch {
	case ok && asked:
		w.timeline(w.stays(held, "CAT-03"), false, 0) // left as it is until a person answers
	case ok:
		w.changedAfter(steps, held)
	}
}

// changedAfter: a contract has ended, nothing asks for another category, and
// somebody set one. It stays (CAT-10).
func (w *work) changedAfter(steps []step, held casefile.HeldCategory) {
	var last *contract
	for _, s := range steps {
		if w.clk.reached(s.from) {
			last = s.contract
		}
	}
	if last == nil || last.end.IsZero() || held.From <= last.end {
		return
	}
	if w.isOwn(held) {
		w.ungrounded(held)
		return
	}
	w.timeline(w.stays(held, "CAT-10"), false, 0)
	w.finding("CAT-10", "Na het einde van art. 60§7 is in MLP "+string(held.Code)+" gezet; die blijft staan.",
		"Kijk na of dat klopt en vul de beslissing van de RVA in.", cells(w.c.Client, "benefitDecision"))
}

// ungrounded: the 00 that we set stands in MLP, and the export no longer says why. It is not
// taken back by itself.
func (w *work) ungrounded(held casefile.HeldCategory) {
	if held.Code != casefile.Code00 || w.c.Client.BenefitDecision != "" || w.standing() == standsEnded {
		return
	}
	w.timeline(w.stays(held, "CAT-08"), false, 0)
	w.finding("CAT-08", "In MLP staat 00 (vanaf "+held.From.Dutch()+"), maar de export noemt geen aanvraag of beslissing van de RVA meer.",
		"Vul ze opnieuw in, of verbeter de categorie in MLP.", cells(w.c.Client, "benefitDecision"))
}

// remembered leaves out the steps that aren't written any more, but for what MLP
// holds of them before a step that still counts.
func (w *work) remembered(steps []step) []step {
	var out []step
	for i, s := range steps {
		counts := slices.ContainsFunc(steps[i:], func(later step) bool { return !later.historic && w.clk.reached(later.from) })
		held, ok := w.on(s.from)
		if !s.historic || (counts && (len(w.assertions(s)) > 0 || (ok && w.suits(held, s)))) {
			out = append(out, s)
		}
	}
	return out
}

// authorise lets a caseworker's answer speak for the step that it answers: the
// step is then written under its own id and day.
func (w *work) authorise(steps []step) []step {
	at := slices.IndexFunc(steps, func(s step) bool { return s.kind == stepAnswer })
	if at < 1 || (at+1 < len(steps) && w.clk.reached(steps[at+1].from)) {
		return steps
	}
	before := &steps[at-1]
	if before.code != steps[at].code || before.historic || len(w.assertions(*before)) > 0 {
		return steps
	}
	before.authorised = true
	return slices.Delete(steps, at, at+1)
}

// window is the last day of the step's period that has come, and whether no later
// step has.
func (w *work) window(steps []step, i int) (casefile.Date, bool) {
	check, last := w.clk.day, !steps[i].historic
	for _, next := range steps[i+1:] {
		if !next.historic && w.clk.reached(next.from) { // a historic one asks for nothing
			check, last = next.from.AddDays(-1), false
			break
		}
	}
	if c := steps[i].contract; c != nil && w.clk.passed(c.end) && c.end < check {
		check = c.end
	}
	return check, last
}

func (w *work) planned(s step) {
	if s.historic || s.kind == stepAnswer || (s.kind == stepReady && w.drawsBenefit()) {
		return
	}
	e := casefile.TimelineEntry{Code: s.code, From: s.from, SetBy: casefile.PartyOCMW, Rule: s.rule, Cells: s.cells}
	if s.kind == stepReady && w.c.Client.RegisteredBy == casefile.PartyClient {
		e.SetBy, e.Expected = casefile.PartyClient, true
	}
	w.timeline(e, true, s.needs())
}

// on is the category that holds on a day, with what this decision writes.
func (w *work) on(day casefile.Date) (casefile.HeldCategory, bool) {
	var held casefile.HeldCategory
	found := false
	for _, h := range w.sim {
		if h.From <= day {
			held, found = h, true
		}
	}
	return held, found
}

func (w *work) settle(s step, check casefile.Date, last bool) {
	held, ok := w.on(check)
	if real, is := w.protectedNow(); is && last && s.code == casefile.Code05 {
		held, ok = real, true
	}
	got := w.assertions(s)
	switch {
	case last && s.code == casefile.Code05 && !s.historic && w.drawsBenefit() && !w.agreesWithBenefit(held):
		w.benefitDisagrees(held, ok)
	case len(got) > 0:
		w.keep(s, got, held, last)
	case check < s.from:
		// Another step of the same day takes its place.
	case ok && w.suits(held, s):
		w.satisfied(s, held)
	case !s.historic:
		w.write(s, held, ok, last)
	}
}

// protectedNow is a protected category of somebody else that MLP holds today. What
// this decision writes before 05 (the 90 of a contract that has ended) must not
// open the way for it.
func (w *work) protectedNow() (casefile.HeldCategory, bool) {
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	return held, ok && !w.isOwn(held) && slices.Contains(protectedCodes(), held.Code)
}

// drawsBenefit: the client draws unemployment benefit, full or in part.
func (w *work) drawsBenefit() bool {
	b := w.c.Client.UnemploymentBenefit
	return b == casefile.BenefitFull || b == casefile.BenefitPartTime
}

func (w *work) agreesWithBenefit(h casefile.HeldCategory) bool {
	return slices.Contains(benefitCodes(), h.Code)
}

// benefitDisagrees is CAT-02: a client who draws benefit is not made 05, whatever
// the dossier says.
func (w *work) benefitDisagrees(held casefile.HeldCategory, ok bool) {
	found := "geen categorie"
	if ok {
		found = "categorie " + string(held.Code)
		w.timeline(w.stays(held, "CAT-03"), false, 0)
	}
	w.manual(blockCourse|blockPerson, casefile.Manual{Rule: "CAT-02", Cells: cells(w.c.Client, "unemploymentBenefit"),
		Reason: "De cliënt krijgt een werkloosheidsuitkering, maar in MLP staat " + found + ".",
		Next:   "Kijk na of de uitkering klopt; verbeter de export of de categorie in MLP."})
}

// suits tells whether a category that is there already is what the step asks for.
func (w *work) suits(h casefile.HeldCategory, s step) bool {
	if h.Code != s.code {
		return false
	}
	return s.kind != stepContract || (s.contract.covers(h.From) && w.fits(h, s))
}

func (w *work) satisfied(s step, h casefile.HeldCategory) {
	w.timeline(w.stays(h, s.rule), false, 0)
	w.fired(s.rule, s.why+" De categorie staat al in MLP.", s.cells)
	if s.kind == stepContract && h.From > s.from && !w.isOwn(h) {
		w.finding(s.rule, "In MLP geldt "+string(s.code)+" pas vanaf "+h.From.Dutch()+", het contract vraagt "+s.from.Dutch()+".",
			"Verbeter de datum in MLP als dat nodig is.", s.cells)
	}
	if s.kind == stepBenefit && h.From != s.from {
		w.finding(s.rule, "In MLP geldt 00 vanaf "+h.From.Dutch()+", de gegevens zeggen "+s.from.Dutch()+".",
			"Verbeter de datum in MLP als dat nodig is.", s.cells)
	}
}

// keep goes on asking for what MLP holds of the step, as it stands there, and
// answers what was put over it.
func (w *work) keep(s step, got []casefile.HeldCategory, held casefile.HeldCategory, last bool) {
	from := casefile.Date("")
	for i, h := range got {
		rule := s.rule
		if i > 0 {
			rule = "CAT-06"
		}
		if h.From != from {
			e := w.stays(h, rule)
			e.Cells = s.cells
			w.timeline(e, false, 0)
		}
		from = h.From
		w.desire(s.needs(), rule, s.why, h.From, w.stepID(s, i+1), casefile.Category{Code: h.Code, From: h.From, EmploymentID: h.EmploymentID})
	}
	w.fired(s.rule, s.why, s.cells)
	mine := got[len(got)-1]
	switch {
	case held.ID == mine.ID && held.Code != s.code && s.kind != stepAnswer:
		w.drift(s, held) // somebody edited our entry
	case held.ID == mine.ID, held.Code == s.code, mine.From > held.From:
		if s.kind == stepBenefit && mine.From != s.from {
			w.satisfied(s, mine)
		}
	case s.contract != nil && (w.isExit(held, s.contract) || (w.isOwn(held) && last)):
		w.reassert(s, len(got), held)
	case last:
		w.drift(s, held)
	}
}

// drift is CAT-10: what a person changed after our entry wins. A protected category
// over 05 needs no answer: CAT-03 leaves it alone in any case.
func (w *work) drift(s step, held casefile.HeldCategory) {
	reason := "In MLP is de categorie na onze registratie veranderd in " + string(held.Code) + " (vanaf " + held.From.Dutch() + "); de gegevens vragen " + string(s.code) + "."
	w.timeline(w.stays(held, "CAT-10"), false, 0)
	if s.code == casefile.Code05 && slices.Contains(protectedCodes(), held.Code) {
		w.finding("CAT-10", reason, "De categorie is beschermd en blijft staan; kijk na of de gegevens in de export nog kloppen.", s.cells)
		return
	}
	next, noAdopt := "Neem de wijziging over of draai ze terug: vul de beslissing met datum en reden in de export in.", w.adoptedInVain()
	if noAdopt != "" {
		next = "Draai de wijziging terug of verbeter de gegevens; wat in MLP staat, kan niet blijven: " + noAdopt + "."
	}
	w.choose(s.blocks(), casefile.Manual{Rule: "CAT-10", Reason: reason, Proposal: s.code, Cells: s.cells, NoAdopt: noAdopt, Next: next},
		about("changed after us", held.Code, held.From, s.code))
}

// reassert is CAT-06: VDAB's own 78 came over 90 or 93, which is then set again
// under a next number, from the 78's day. So it is where an entry of our own came over it and
// the contract was corrected since: its end (00), or its regime and back.
func (w *work) reassert(s step, n int, held casefile.HeldCategory) {
	why, next := "VDAB zette 78 over de "+string(s.code)+": die wordt opnieuw gezet.", "Vraag VDAB waarom de categorie terugspringt en zet ze in MLP."
	if w.isOwn(held) {
		why = "De gegevens van het contract zijn verbeterd: de " + string(s.code) + " wordt opnieuw gezet over de " + string(held.Code) + " die wij registreerden."
		next = "Kijk na waarom het contract telkens verandert en zet de categorie in MLP."
	}
	if n >= w.maxAssertions(s) || w.reassertionsLeft(s.contract) <= 0 {
		w.timeline(w.stays(held, "CAT-06"), false, 0)
		w.choose(blockCourse, casefile.Manual{Rule: "CAT-06", Proposal: s.code, Cells: s.cells,
			Reason: "De " + string(s.code) + " is voor dit contract al zo vaak opnieuw gezet als toegelaten, en toch staat er weer " + string(held.Code) + ".",
			Next:   next}, about("too often", s.code, held.Code))
		return
	}
	w.put(s, n+1, casefile.Latest(s.from, held.From), "CAT-06", why)
}

// put writes a category, or keeps it for later (keptBack) where it contradicts its contract as that stays in MLP, which would
// refuse it. What a person chose was chosen beside the contract, and goes without it.
func (w *work) put(s step, n int, from casefile.Date, rule, why string) {
	a := assertion{s, n, casefile.Category{Code: s.code, From: from}, rule, why}
	switch {
	case s.contract == nil:
	case w.restsOn(s.contract, a.body):
		a.body.EmploymentID = w.employmentID(s.contract)
	case !s.authorised && s.kind != stepAnswer:
		w.kept = append(w.kept, a)
		return
	}
	w.enter(a)
}

// assertion is a category that a step asks for, and that is to be written.
type assertion struct {
	step      step
	n         int // which of the step's, from 1
	body      casefile.Category
	rule, why string
}

// keptBack tells what waits with what gave way in MLP. Where no contract is sent, a category goes without one.
func (w *work) keptBack() {
	const next = "Kijk na wat juist is: verbeter het in het cliëntsysteem of in MLP, of beslis dat de export geldt waar dat gevraagd wordt."
	if w.blocked&blockTWE != 0 {
		for _, a := range w.kept {
			w.enter(a)
		}
		return
	}
	for _, a := range w.kept {
		why := "in MLP heeft het contract art. 60§7 die dag een ander arbeidsregime of een andere periode"
		if slices.Contains(w.outside, a.step.contract) {
			why = "het contract art. 60§7 waar ze bij hoort, wordt dat ook niet"
		}
		w.finding(a.rule, "De "+string(a.body.Code)+" vanaf "+a.body.From.Dutch()+" wordt niet gestuurd: "+why+".", next, a.step.cells)
	}
	for _, c := range w.outside {
		w.finding("TWE-06", "Het contract art. 60§7 vanaf "+c.start.Dutch()+" wordt niet gestuurd: het begint buiten de WEO zoals die in MLP staat.",
			next, c.cells("start"))
	}
}

// enter writes a category: in the timeline, in the dossier as it will be, and as a registration.
func (w *work) enter(a assertion) {
	s, from, id := a.step, a.body.From, w.stepID(a.step, a.n)
	entry := casefile.HeldCategory{ID: id, Category: a.body}
	entry.SetBy = casefile.PartyOCMW
	at := slices.IndexFunc(w.sim, func(h casefile.HeldCategory) bool { return h.From > from })
	if at < 0 {
		at = len(w.sim)
	}
	w.sim = slices.Insert(w.sim, at, entry)
	if a.n == 1 || from != s.from {
		w.timeline(casefile.TimelineEntry{Code: s.code, From: from, SetBy: casefile.PartyOCMW, Rule: a.rule, Cells: s.cells}, true, s.needs())
	}
	w.fired(a.rule, a.why, s.cells)
	w.desire(s.needs(), a.rule, a.why, from, id, a.body)
}

// write sets a step's category for the first time, where CAT-03 allows.
func (w *work) write(s step, held casefile.HeldCategory, ok, last bool) {
	switch verdict := w.verdict(s, held, ok); {
	case s.kind == stepReady && w.benefitFirst() && w.endedContract(held, s.from):
		w.notFired("CAT-02", "Na art. 60§7 gaat de regeling van de werkloosheidsuitkering voor.", cells(w.c.Client, "benefitDecision"))
	case verdict == leave:
		w.timeline(w.stays(held, "CAT-03"), false, 0)
		w.fired("CAT-03", "De categorie "+string(held.Code)+" is beschermd en blijft staan.", s.cells)
	case verdict == refuse && !last:
		w.notFired(s.rule, "De categorie van die periode blijft zoals ze in MLP staat.", s.cells)
	case verdict == refuse:
		w.refused(s, held, ok)
	case s.kind == stepReady:
		w.register(s, held, last)
	default:
		w.set(s, held, ok)
	}
}

func (w *work) set(s step, held casefile.HeldCategory, ok bool) {
	from := s.from
	exit := ok && s.contract != nil && w.isExit(held, s.contract)
	if s.authorised || s.kind == stepAnswer {
		if ok && !exit {
			from = casefile.Latest(from, held.From)
		}
	}
	w.put(s, 1, from, s.rule, s.why)
	if exit && held.From > from {
		w.reassert(s, 1, held)
	}
}

// register is CAT-02: 05, by the OCMW or by the client.
func (w *work) register(s step, held casefile.HeldCategory, last bool) {
	cl := w.c.Client
	by := cl.RegisteredBy
	switch {
	case !last && (by != casefile.PartyOCMW || cl.UnemploymentBenefit != casefile.BenefitNone):
		w.notFired("CAT-02", "De 05 van die periode wordt niet achteraf geschreven.", s.cells)
	case cl.UnemploymentBenefit == casefile.BenefitNone && by == casefile.PartyOCMW:
		// A 03 that is younger than the readiness must give way too.
		w.put(s, 1, casefile.Latest(s.from, held.From), s.rule, s.why)
	case cl.UnemploymentBenefit != casefile.BenefitNone && !s.authorised:
		w.choose(blockCourse|blockPerson, casefile.Manual{Rule: "CAT-02", Cells: cells(cl, "unemploymentBenefit"), Proposal: s.code,
			Reason: "Niet bekend is of de cliënt een werkloosheidsuitkering krijgt.",
			Next:   "Vul in of de cliënt een werkloosheidsuitkering krijgt (geen, volledig of deeltijds)."}, about("benefit unknown"))
	case by == casefile.PartyClient:
		w.timeline(casefile.TimelineEntry{Code: s.code, From: s.from, SetBy: casefile.PartyClient, Rule: s.rule, Expected: true, Cells: s.cells}, true, blockCategory)
		w.finding("CAT-02", "De cliënt schrijft zich zelf in als 05, maar dat staat nog niet in MLP.",
			"Volg op of de cliënt zich inschrijft en help waar nodig.", s.cells)
		w.facts.awaits05 = true
	case s.authorised:
		w.put(s, 1, casefile.Latest(s.from, held.From), s.rule, s.why)
	default:
		w.choose(blockCourse|blockPerson, casefile.Manual{Rule: "CAT-02", Cells: cells(cl, "registeredBy"), Proposal: s.code,
			Reason: "Niet bekend is wie de cliënt bij VDAB inschrijft.",
			Next:   "Vul in of het OCMW of de cliënt zelf de inschrijving doet."}, about("registrar unknown"))
	}
}

// refused is CAT-03's "every other pair", or CAT-10 where the held category came
// after something that we wrote.
func (w *work) refused(s step, held casefile.HeldCategory, ok bool) {
	rule, found, asks := "CAT-03", "heeft het dossier geen categorie", about("no category", s.code, s.from)
	if ok {
		found, asks = "staat in MLP "+string(held.Code)+" (vanaf "+held.From.Dutch()+")", about("another category", s.code, s.from, held.Code, held.From)
		if w.changedAfterUs(s, held) {
			rule = "CAT-10"
		}
		w.timeline(w.stays(held, rule), false, 0)
	}
	w.choose(s.blocks(), casefile.Manual{Rule: rule, Proposal: s.code, Cells: s.cells, NoAdopt: w.adoptedInVain(),
		Reason: "De gegevens vragen categorie " + string(s.code) + " vanaf " + s.from.Dutch() + ", maar nu " + found + ".",
		Next:   "Kijk na welke categorie juist is en vul de beslissing met datum en reden in de export in, of pas MLP aan."}, asks)
}

// changedAfterUs: somebody else's entry, made after one of ours, and not older than
// the fact that asks for another category. Only a fact of a later day is new (CAT-10).
func (w *work) changedAfterUs(s step, held casefile.HeldCategory) bool {
	if w.isOwn(held) || s.from > held.From {
		return false
	}
	return slices.ContainsFunc(w.k.Dossier.Categories(), func(h casefile.HeldCategory) bool {
		return w.isOwn(h) && h.RegisteredAt.Before(held.RegisteredAt)
	})
}

// verdict of CAT-03's table.
type verdict int

const (
	refuse verdict = iota
	allow
	leave
)

func (w *work) verdict(s step, held casefile.HeldCategory, ok bool) verdict {
	code := noCategory
	if ok {
		code = held.Code
	}
	protected := slices.Contains(protectedCodes(), code) && !w.isOwn(held)
	answered := s.authorised || s.kind == stepAnswer
	switch {
	case protected && s.code == casefile.Code05 && s.kind == stepReady && !s.authorised:
		return leave
	case protected && (s.code == casefile.Code05 || (answered && s.contract == nil)):
		return refuse // an answer doesn't lift the protection either
	case answered:
		return w.answerCovers(held, ok)
	case ok && w.changedAfterUs(s, held) && s.kind == stepReady:
		return refuse // what a person changed wins, however the day of readiness is corrected (CAT-10)
	case w.needs00or78(s) && ok && !w.isOwn(held) && held.From > s.from:
		return refuse // a category younger than the fact contradicts it
	}
	for _, row := range w.rules.table {
		if slices.Contains(row.To, s.code) && slices.Contains(row.Over, code) && w.meets(row.When, s, held) {
			return allow
		}
	}
	return refuse
}

func (w *work) needs00or78(s step) bool { return s.kind == stepBenefit || s.kind == stepJob }

// answerCovers: an answer speaks of what its author could see.
func (w *work) answerCovers(held casefile.HeldCategory, ok bool) verdict {
	if a, _ := w.chosen(); ok && !w.isOwn(held) && casefile.DateOf(held.RegisteredAt, w.rules.zone) > a.on && !held.RegisteredAt.IsZero() {
		return refuse
	}
	return allow
}

func (w *work) meets(when condition, s step, held casefile.HeldCategory) bool {
	switch when {
	case always:
		return true
	case heldBefore:
		return held.From < w.factDay(s)
	case ownContractEnded:
		return w.endedContract(held, s.from)
	case contractExit:
		return s.contract != nil && w.isExit(held, s.contract)
	case regimeChange:
		return s.contract != nil && (w.isOwn(held) || (s.rule == "CAT-12" && held.From < s.from && s.contract.covers(held.From)))
	}
	return false
}

func (w *work) factDay(s step) casefile.Date {
	if s.contract != nil {
		return s.contract.start
	}
	return s.from
}

// endedContract: a 90 or 93 of a contract of this OCMW that ended before the day.
func (w *work) endedContract(held casefile.HeldCategory, day casefile.Date) bool {
	if held.Code != casefile.Code90 && held.Code != casefile.Code93 {
		return false
	}
	c := w.contractOf(held.From)
	return c != nil && !c.end.IsZero() && c.end < day
}

// strange is the last item of CAT-03: 90 or 93 where this OCMW has no contract and
// nothing asks for another category.
func (w *work) strange(steps []step) {
	if slices.ContainsFunc(steps, func(s step) bool { return w.clk.reached(s.from) && !s.historic }) || w.blocked&blockCategory != 0 {
		return
	}
	held, ok := w.on(w.clk.day)
	if !ok || (held.Code != casefile.Code90 && held.Code != casefile.Code93) || w.contractOf(held.From) != nil {
		return
	}
	w.timeline(w.stays(held, "CAT-03"), false, 0)
	w.choose(blockCourse, casefile.Manual{Rule: "CAT-03", Category: true, Cells: cells(w.c.Client, "clientNumber"),
		Reason: "In MLP staat " + string(held.Code) + ", maar dit OCMW heeft geen contract art. 60§7 voor de cliënt.",
		Next:   "Kijk na bij welk OCMW of welke werkgever de cliënt werkt."}, about("no contract", held.Code))
}

// confirm93 is CAT-11: the next confirmation; whether one took place, nobody tells us.
func (w *work) confirm93() {
	held, ok := w.on(w.clk.day)
	if !ok || held.Code != casefile.Code93 || w.blocked&blockCategory != 0 {
		return
	}
	every := w.rules.limit(paramConfirm93, held.From)
	due := held.From.AddMonths(every)
	done := w.come(w.c.Client.Confirmed93On)
	confirmed := done >= held.From // else it was of an earlier 93
	if last := held.From.AddMonths(every); !confirmed && w.clk.passed(last) {
		for n := 2 * every; w.clk.passed(held.From.AddMonths(n)); n += every {
			last = held.From.AddMonths(n)
		}
		w.deadline("CAT-11", last, false, "De inschrijving als 93 moest bevestigd worden; in de export staat niet of dat gebeurd is.", cells(w.c.Client, "confirmed93On"))
	}
	if confirmed {
		w.deadline("CAT-11", done, true, "De inschrijving als 93 is bevestigd.", cells(w.c.Client, "confirmed93On"))
		w.deadline("CAT-11", done.AddMonths(every), false, "De inschrijving als 93 moet opnieuw bevestigd worden.", cells(w.c.Client, "confirmed93On"))
		return
	}
	for n := 2 * every; w.clk.passed(due); n += every {
		due = held.From.AddMonths(n)
	}
	w.deadline("CAT-11", due, false, "De inschrijving als 93 moet bevestigd worden: doe het, of help de cliënt daarbij.", w.cells93(held))
}

func (w *work) cells93(held casefile.HeldCategory) []casefile.Cell {
	if c := w.contractOf(held.From); c != nil {
		return c.cells("regime", "regimeFrom")
	}
	return cells(w.c.Client, "clientNumber")
}

// answerStep is the caseworker's answer to a manual decision, as the export has it
// (CAT-10). It holds until a fact of a later day asks for something else.
func (w *work) answerStep() (step, bool) {
	cl := w.c.Client
	w.completeAnswer()
	w.lapsed()
	a, found := w.chosen()
	if !found {
		return step{}, false
	}
	if why, next := w.unfounded(a); why != "" {
		w.finding("CAT-10", "De beslissing voor "+string(a.code)+" van "+a.on.Dutch()+" geldt niet: "+why+".", next, a.cells)
		return step{}, false
	}
	s := step{kind: stepAnswer, code: a.code, from: a.on, rule: "CAT-10",
		why: "Een medewerker heeft de categorie beslist.",
		// Key of an answer: its code and day.
		key: []string{"decided", string(a.code), string(a.on)}, cells: a.cells}
	if s.code == casefile.Code90 || s.code == casefile.Code93 {
		s.contract = w.contractOf(s.from)
	}
	if s.code == casefile.Code05 && cl.BenefitDecision == casefile.DecisionNotEntitled {
		s.rule = "CAT-08" // which asked, and proposed 05
	}
	return s, true
}

// unfounded says, in Dutch, what an answer goes against that no answer changes.
func (w *work) unfounded(a answer) (why, next string) {
	const orRemove = ", of verwijder de beslissing."
	c := w.contractOf(a.on)
	switch a.code {
	case casefile.Code05:
		if w.standing() != standsReady {
			return "de cliënt is niet klaar voor een traject, en wordt dus niet ingeschreven (CAT-01)", "Verbeter de gegevens van de cliënt" + orRemove
		}
		if c != nil && c.followed() {
			return "die dag loopt een contract art. 60§7, en de categorie van het contract geldt", "Kijk de datums van het contract na" + orRemove
		}
	case casefile.Code90:
		if c == nil {
			return "die dag loopt geen contract art. 60§7, waar 90 bij hoort (CAT-05)", "Voer het contract in" + orRemove
		}
	case casefile.Code93:
		if c == nil && !w.partTimeJobOn(a.on) {
			return "die dag loopt geen deeltijds contract art. 60§7 en geen deeltijdse job, waar 93 bij hoort (CAT-05, CAT-09)", "Voer het contract of de job in" + orRemove
		}
	}
	return "", ""
}

// adoptedInVain says, in Dutch, why the category that stands in MLP is none that an answer can choose.
func (w *work) adoptedInVain() string {
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	if !ok {
		return ""
	}
	why, _ := w.unfounded(answer{code: held.Code, on: w.clk.day})
	return why
}

// partTimeJobOn tells whether a regular job was part time on that day, whatever it became since.
func (w *work) partTimeJobOn(day casefile.Date) bool {
	regimes := map[string]casefile.Regime{} // of each job: the last that had begun, as rows stand in that order
	for _, j := range w.c.Employments {
		if j.Employment == casefile.RegularJob && !gone(j.Header) && max(j.Start, j.RegimeFrom) <= day && (j.End.IsZero() || day <= j.End) {
			regimes[j.ContractNumber+" "+string(j.Start)] = j.Regime
		}
	}
	return slices.Contains(slices.Collect(maps.Values(regimes)), casefile.PartTime)
}

func (w *work) completeAnswer() {
	cl := w.c.Client
	if cl.DecidedCategory == "" || (!cl.DecidedOn.IsZero() && cl.DecisionReason != "") {
		return
	}
	w.finding("CAT-10", "De beslissing van een medewerker is onvolledig.", "Vul categorie, datum en reden van de beslissing in.",
		cells(cl, "decidedCategory", "decidedOn", "decisionReason"))
}

// answeredSince tells whether a complete answer of that day or later is there, and holds.
func (w *work) answeredSince(day casefile.Date) bool {
	a, found := w.chosen()
	if why, _ := w.unfounded(a); found && why != "" {
		return false
	}
	if day.IsZero() {
		return found && a.bound // an answer in the export may be older than what it would silence
	}
	return found && a.on >= day
}
