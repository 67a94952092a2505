package mapping

import (
	"cmp"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// standing is where the client stands with the OCMW on the day (CAT-01, 02, 13).
type standing string

const (
	standsReady     standing = "ready"
	standsNotReady  standing = "notReady"
	standsUnknown   standing = "unknown"
	standsWithdrawn standing = "withdrawn"
	standsEnded     standing = "supportEnded"
)

// stepKind orders steps of one day: the later one holds.
type stepKind int

const (
	stepReady stepKind = iota
	stepContract
	stepBenefit
	stepJob
	stepAnswer
)

// step is a category that the facts ask for from a day on. The steps in order of
// day are the client's course; the dossier is held against them one by one.
type step struct {
	kind     stepKind
	code     casefile.Code
	from     casefile.Date
	rule     string
	why      string // Dutch
	contract *contract
	key      []string // key of the registration: what makes it this one
	cells    []casefile.Cell
	// historic: the step may be in MLP but is not written any more.
	historic bool
	// authorised: a caseworker's answer asks for it, whatever the table says.
	authorised bool
}

// needs is what must not be blocked for the step to be sent.
func (s step) needs() scope {
	if s.kind == stepBenefit || s.kind == stepJob {
		return blockAfter
	}
	return blockCategory
}

// blocks is what a manual decision about the step blocks.
func (s step) blocks() scope {
	if s.needs() == blockAfter {
		return blockOutcome
	}
	return blockCourse
}

// course works out the categories: timeline, registrations, manual decisions.
func (w *work) course() {
	st := w.standing()
	w.checkContracts()
	steps := w.steps(st)
	w.claim(steps)
	if w.stopped(st, steps) {
		return
	}
	w.walk(steps)
	w.strange(steps)
	w.confirm93()
}

// standing reads readiness and support. A later readiness begins a new course
// once it has come (assumption, CAT-02).
func (w *work) standing() standing {
	cl := w.c.Client
	stopped := func(on casefile.Date) bool {
		return w.clk.reached(on) && (cl.ReadySince <= on || !w.clk.reached(cl.ReadySince))
	}
	ended, withdrawn := stopped(cl.SupportEndedOn), stopped(cl.ReadinessWithdrawnOn)
	switch {
	case ended:
		return standsEnded
	case withdrawn:
		return standsWithdrawn
	case cl.Readiness == casefile.NotReady:
		return standsNotReady
	case cl.Readiness == casefile.Ready && !cl.ReadySince.IsZero():
		return standsReady
	}
	return standsUnknown
}

// steps are the course that the facts ask for, past and planned, in order.
func (w *work) steps(st standing) []step {
	var all []step
	after := w.after()
	if s, ok := w.readyStep(st); ok {
		all = append(all, s)
	}
	for _, c := range w.facts.contracts {
		if c.followed() {
			all = append(all, w.contractSteps(c)...)
		}
	}
	all = append(all, after...)
	if s, ok := w.answerStep(); ok {
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b step) int {
		return cmp.Or(compareDates(a.from, b.from), cmp.Compare(a.kind, b.kind))
	})
	return all
}

// readyStep is 05 from the day of readiness; inside a contract 90 or 93 holds.
func (w *work) readyStep(st standing) (step, bool) {
	cl := w.c.Client
	if st == standsUnknown {
		w.unknownReadiness()
		return step{}, false
	}
	if cl.ReadySince.IsZero() {
		return step{}, false
	}
	for _, c := range w.facts.contracts {
		if c.covers(cl.ReadySince) {
			w.notFired("CAT-02", "De cliënt is klaar sinds een dag waarop een contract art. 60§7 loopt.", cells(cl, "readySince"))
			return step{}, false
		}
	}
	return step{kind: stepReady, code: casefile.Code05, from: cl.ReadySince, rule: "CAT-02",
		why: "De cliënt is klaar voor een traject naar werk.", historic: st != standsReady && (cl.Readiness != casefile.Ready || w.clk.reached(cl.ReadySince)),
		// Key of a 05: the day of readiness.
		key: []string{"05", string(cl.ReadySince)}, cells: cells(cl, "readiness", "readySince", "registeredBy")}, true
}

func (w *work) unknownReadiness() {
	for _, c := range w.facts.contracts {
		if w.clk.reached(c.start) {
			return // the contract decides, readiness is not needed
		}
	}
	next := "Vul in of de cliënt klaar is voor een traject naar werk, en sinds wanneer."
	if w.c.Client.Readiness == casefile.Ready {
		next = "Vul in sinds wanneer de cliënt klaar is."
	}
	w.manual(blockCourse|blockPerson|blockProfile, casefile.Manual{Rule: "CAT-02", Cells: cells(w.c.Client, "readiness", "readySince"),
		Reason: "Niet bekend is of en sinds wanneer de cliënt klaar is voor een traject naar werk.", Next: next})
}

// stopped answers CAT-01 and CAT-13: a client who isn't ready, or whose support
// ended, gets nothing new; where MLP or the records say otherwise a person decides.
func (w *work) stopped(st standing, steps []step) bool {
	if st == standsReady || st == standsUnknown {
		w.notFired("CAT-01", "De cliënt is klaar, of dat is niet bekend.", cells(w.c.Client, "readiness"))
		return false
	}
	if st != standsEnded {
		w.fired("CAT-01", "De cliënt is niet klaar voor een traject naar werk.", cells(w.c.Client, "readiness", "readinessWithdrawnOn"))
	}
	since := casefile.Latest(w.c.Client.SupportEndedOn, w.c.Client.ReadinessWithdrawnOn)
	if (w.leavesOtherwise(steps) && !w.goesOn()) || w.answeredSince(since) {
		w.notFired("CAT-13", "Een uitkering, een job of een beslissing zegt hoe het verder gaat.", cells(w.c.Client, "readinessWithdrawnOn", "supportEndedOn"))
		return false
	}
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	switch {
	case ok && w.isCourse(held.Category):
		w.supportStopped(st, held)
		return true
	case w.goesOn():
		rule := "CAT-13"
		if st == standsNotReady {
			rule = "CAT-01"
		}
		w.manual(blockAll, casefile.Manual{Rule: rule, Cells: cells(w.c.Client, "readiness", "readinessWithdrawnOn", "supportEndedOn"),
			Reason: w.whyStopped(st) + ", maar er loopt nog: " + w.goingOn() + ".",
			Next:   "Verbeter de gegevens van de cliënt, of sluit het TWE, het contract of de overdracht af."})
		return true
	case st == standsEnded:
		w.notFired("CAT-13", "De steun is gestopt, en MLP heeft geen categorie die dit OCMW bijhoudt.", cells(w.c.Client, "supportEndedOn"))
	}
	return false
}

// leavesOtherwise: a 00 or a job explains why the support stopped.
func (w *work) leavesOtherwise(steps []step) bool {
	ready := w.come(w.c.Client.ReadySince)
	return w.currentJob() != nil || slices.ContainsFunc(steps, func(s step) bool {
		return (s.kind == stepBenefit || s.kind == stepJob) && !s.historic && w.clk.reached(s.from) && s.from > ready
	})
}

// isCourse tells whether the held category is one that this OCMW keeps: 05, or 90
// or 93 of one of its contracts.
func (w *work) isCourse(held casefile.Category) bool {
	switch held.Code {
	case casefile.Code05:
		return true
	case casefile.Code90, casefile.Code93:
		return w.contractOf(held.From) != nil
	}
	return false
}

func (w *work) contractOf(day casefile.Date) *contract {
	for _, c := range w.facts.contracts {
		if c.covers(day) {
			return c
		}
	}
	return nil
}

// supportStopped is CAT-13. The proposal is an assumption: the sources name none.
func (w *work) supportStopped(st standing, held casefile.HeldCategory) {
	proposal := casefile.Code("03")
	next := "Voorstel: 03 (vrij werkzoekende). Zet de categorie in MLP, of geef in de export de beslissing met datum en reden."
	if c := w.contractOf(held.From); held.Code != casefile.Code05 && c != nil && !w.clk.passed(c.end) {
		proposal = held.Code
		next = "Voorstel: " + string(held.Code) + " laten staan zolang het contract loopt. Geef in de export de beslissing met datum en reden."
	}
	asks := about(string(st), held.Code)
	if on := w.stoppedOn(st); !on.IsZero() {
		asks = about(string(st), on, held.Code)
	}
	w.choose(blockAll, casefile.Manual{Rule: "CAT-13", Proposal: proposal, Next: next,
		Reason: w.whyStopped(st) + ", maar in MLP staat nog " + string(held.Code) + ".",
		Cells:  cells(w.c.Client, "readiness", "readinessWithdrawnOn", "supportEndedOn")}, asks)
	w.timeline(w.stays(held, ruleOf(held.Code)), false, 0)
}

// whyStopped says in Dutch why nothing is registered of the client (CAT-01, CAT-13).
func (w *work) whyStopped(st standing) string {
	switch on := w.stoppedOn(st).Dutch(); st {
	case standsEnded:
		return "De steun stopte op " + on
	case standsWithdrawn:
		return "De cliënt is niet meer klaar sinds " + on
	}
	return "De cliënt is niet klaar voor een traject"
}

// stoppedOn is the day of the support's end, or on which the readiness was withdrawn; zero for a client who never was ready.
func (w *work) stoppedOn(st standing) casefile.Date {
	switch st {
	case standsEnded:
		return w.c.Client.SupportEndedOn
	case standsWithdrawn:
		return w.c.Client.ReadinessWithdrawnOn
	}
	return ""
}

func (w *work) goesOn() bool { return w.goingOn() != "" }

// goingOn names, in Dutch, the records that contradict a client who isn't ready. What ends with the support ends in time.
func (w *work) goingOn() string {
	stopped := w.stoppedOn(w.standing())
	runs := func(start, end casefile.Date) bool {
		return w.clk.reached(start) && !w.clk.passed(end) && (end.IsZero() || end > stopped)
	}
	return listOf(
		missingItem{slices.ContainsFunc(w.facts.weos, func(t *casefile.Track) bool { return runs(t.WEOStart, t.WEOEnd) }), "een TWE"},
		missingItem{slices.ContainsFunc(w.facts.contracts, func(c *contract) bool { return runs(c.start, c.end) }), "een contract art. 60§7"},
		missingItem{slices.ContainsFunc(w.c.Handovers, func(h *casefile.HandoverRecord) bool {
			_, sent := w.inMLP(w.handoverID(h), casefile.Handover{Handover: h.Handover, ChoiceDate: h.ChoiceDate})
			return !gone(h.Header) && !sent && w.clk.reached(h.ChoiceDate)
		}), "een overdracht die nog niet verstuurd is"})
}

// person is CAT-02's other half: the dossier is made or brought up to date, by the
// OCMW only where the OCMW registers.
func (w *work) person() {
	cl := w.c.Client
	if cl.RegisteredBy != casefile.PartyOCMW || w.standing() != standsReady {
		return
	}
	needs := blockPerson
	if w.k.Dossier == nil {
		needs |= blockCategory // a dossier is made to hold a category
	}
	w.desire(needs, "CAT-02", "De cliënt is klaar voor een traject naar werk: het dossier wordt aangemaakt of bijgewerkt.", cl.ReadySince, "",
		w.personBody())
}

// personBody is the client's own data; without the address of another municipality (DATA-06).
func (w *work) personBody() casefile.Person {
	cl := w.c.Client
	p := casefile.Person{INSZ: cl.INSZ, LastName: cl.LastName, FirstName: cl.FirstName, BirthDate: cl.BirthDate, ContactLanguage: cl.ContactLanguage}
	if !w.movedAway() {
		p.Street, p.PostalCode, p.City, p.NIS = cl.Street, cl.PostalCode, cl.City, cl.NIS
	}
	return p
}

// willHaveDossier tells whether a registration below a dossier has somewhere to go.
func (w *work) willHaveDossier() bool {
	return w.k.Dossier != nil || slices.ContainsFunc(w.wishes, func(r wish) bool {
		return r.Body.Kind() == casefile.RegPerson && r.needs&w.blocked == 0
	})
}

// homeless: something is to be registered, but there is no dossier and none is
// made. What waits for the client to register has said so already.
func (w *work) homeless() {
	if w.willHaveDossier() || !slices.ContainsFunc(w.wishes, func(r wish) bool { return r.needs&w.blocked == 0 }) {
		return
	}
	w.manual(blockAll, casefile.Manual{Rule: "CAT-02", Cells: cells(w.c.Client, "registeredBy", "readiness"),
		Reason: "VDAB heeft nog geen dossier van deze cliënt, en de gegevens vragen niet dat het OCMW er een aanmaakt.",
		Next:   "Vul in dat de cliënt klaar is en wie de inschrijving doet, of laat het dossier aanmaken."})
}

// ruleOf is the rule by which 05, 90 or 93 came to be.
func ruleOf(code casefile.Code) string {
	if code == casefile.Code05 {
		return "CAT-02"
	}
	return "CAT-05"
}

// stays is a timeline entry of what MLP holds already.
func (w *work) stays(h casefile.HeldCategory, rule string) casefile.TimelineEntry {
	by := h.SetBy // an entry that we adopted stays the work of who made it
	if by == "" {
		by = casefile.PartyOther
		if w.isOwn(h) {
			by = casefile.PartyOCMW
		}
	}
	return casefile.TimelineEntry{Code: h.Code, From: h.From, SetBy: by, Rule: rule}
}
