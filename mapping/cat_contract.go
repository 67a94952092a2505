package mapping

import (
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// checkContracts finds the contracts that can't be followed: CAT-03's closed list,
// TWE-06, and records that are gone or contradict themselves. One that has begun is
// a manual decision; one that lies ahead, or was closed before the client became
// ready again, a finding.
func (w *work) checkContracts() {
	for i, c := range w.facts.contracts {
		closed := w.clk.passed(c.end) && c.end < w.come(w.c.Client.ReadySince)
		if c.history = closed && !w.known(c); c.history {
			w.notFired("CAT-05", "Dit contract was voorbij voor de cliënt opnieuw klaar was, en MLP kent het niet.", c.cells("end"))
			continue
		}
		if c.problem == nil {
			c.problem = w.contractProblem(i, c)
		}
		if c.problem == nil {
			continue
		}
		p := c.problem
		if w.clk.reached(c.start) && !closed {
			m := casefile.Manual{Rule: p.rule, Reason: p.reason, Next: p.next, Cells: p.cells}
			if p.accept == "" {
				w.manual(blockCourse, m)
			} else if w.ask(blockCourse, m, p.asks, p.accept) {
				c.problem, w.facts.glowLapsed = nil, true
			}
			continue
		}
		w.finding(p.rule, p.reason, p.next, p.cells)
	}
}

// known tells whether MLP holds the contract, or a 90, 93 or 78 of it.
func (w *work) known(c *contract) bool {
	if _, ok := w.inMLP(c.id, casefile.Art60{Start: c.start}); ok {
		return true
	}
	return slices.ContainsFunc(w.sim, func(h casefile.HeldCategory) bool {
		ours := h.Code == casefile.Code90 || h.Code == casefile.Code93 || h.Code == casefile.Code78
		return ours && (c.covers(h.From) || h.EmploymentID == c.id)
	})
}

func (w *work) contractProblem(i int, c *contract) *contractProblem {
	started := w.clk.reached(c.start)
	switch {
	case c.gone():
		return w.contractGone(c)
	case w.overlapped(i, c):
		return &contractProblem{rule: "CAT-03", reason: "Contracten art. 60§7 van deze cliënt overlappen.",
			next: "Verbeter start- of einddatum van de contracten.", cells: c.cells("start", "end")}
	case w.inGLOW(c):
		return &contractProblem{rule: "CAT-03", reason: "Er is een contract art. 60§7 terwijl voor GLOW gekozen is.",
			next:  "Art. 60§7 kan alleen in een TWE: kijk de keuze en het contract na.",
			cells: append(c.cells("start"), cells(w.facts.glow, "choiceDate")...), accept: w.glowCanLapse(c), asks: about("after GLOW")}
	case c.weo == nil:
		return &contractProblem{rule: "CAT-03", reason: "Er is een contract art. 60§7 zonder WEO die op de startdatum loopt.",
			next: "Registreer de WEO of verbeter de datums van WEO en contract.", cells: c.cells("start")}
	case w.otherInMLP(casefile.RegEmployment, c.id, c.start, c.end) != "":
		return &contractProblem{rule: "CAT-03", reason: "In MLP staat al een contract art. 60§7 vanaf " + w.otherInMLP(casefile.RegEmployment, c.id, c.start, c.end).Dutch() + ", dat met dit contract overlapt.",
			next: "Kijk na of het hetzelfde contract is: maak de startdatums gelijk, of sluit het andere in MLP af.", cells: c.cells("start")}
	case started && w.k.Dossier == nil:
		return &contractProblem{rule: "CAT-03", reason: "Er is een contract art. 60§7, maar VDAB heeft geen dossier van deze cliënt.",
			next: "Kijk na of de cliënt ingeschreven is en laat het dossier aanmaken.", cells: c.cells("start")}
	}
	w.fired("TWE-06", "Het contract art. 60§7 begint binnen een TWE.", c.cells("start"))
	return nil
}

// otherInMLP is the start of a WEO or contract that MLP holds, that overlaps with this one, and
// that no record of the export stands for; zero when there is none. Sending ours beside
// it would make two of one.
func (w *work) otherInMLP(kind casefile.RegistrationKind, id string, start, end casefile.Date) casefile.Date {
	for _, held := range w.k.Dossier.OfKind(kind) {
		from, until := casefile.StartOf(held.Body), casefile.EndOf(held.Body)
		if from == start || held.ID == id || held.ID == w.k.Aliases[id] || w.claimed(kind, held.ID, from) {
			continue
		}
		if (until.IsZero() || start <= until) && (end.IsZero() || from <= end) {
			return from
		}
	}
	return ""
}

// claimed tells whether a record of the export stands for what MLP holds.
func (w *work) claimed(kind casefile.RegistrationKind, held string, start casefile.Date) bool {
	ours := func(id string, on casefile.Date) bool { return held == id || held == w.k.Aliases[id] || start == on }
	if kind == casefile.RegWEO {
		return slices.ContainsFunc(w.c.Tracks, func(t *casefile.Track) bool { return !t.WEOStart.IsZero() && ours(w.weoID(t), t.WEOStart) })
	}
	return slices.ContainsFunc(w.facts.contracts, func(c *contract) bool { return ours(c.id, c.start) })
}

// contractGone: a contract that has ended in MLP too may leave the export.
func (w *work) contractGone(c *contract) *contractProblem {
	const reason = "Een rij van een contract art. 60§7 staat niet meer in de export of is er als verwijderd in aangeduid."
	held, ok := w.inMLP(c.id, casefile.Art60{Start: c.start})
	if ok && w.clk.passed(c.end) && held.Body.(casefile.Art60).End == c.end {
		w.finding("DATA-01", reason, "Het contract was al afgesloten; er verandert niets.", c.cells("end"))
		return nil
	}
	return &contractProblem{rule: "DATA-01", reason: reason,
		next: "Neem de rij opnieuw op, met een einddatum als het contract beëindigd is.", cells: c.cells("start", "end")}
}

// glowCanLapse says what a person may decide about a contract that follows a choice of GLOW: only
// where it lies inside a TWE of its own (TWE-06).
func (w *work) glowCanLapse(c *contract) string {
	if c.weo == nil || w.liveGLOW() {
		return ""
	}
	return "de keuze voor GLOW vervalt, het TWE gaat door"
}

// overlapped counts two contracts once the later one has begun, and before that
// blames the later.
func (w *work) overlapped(i int, c *contract) bool {
	for j, o := range w.facts.contracts {
		if i == j || !c.overlaps(o) {
			continue
		}
		if w.clk.reached(max(c.start, o.start)) || i > j {
			return true
		}
	}
	return false
}

// inGLOW: GLOW was chosen before the contract began.
func (w *work) inGLOW(c *contract) bool {
	return w.facts.glow != nil && !w.facts.glowLapsed && w.facts.glowOn <= c.start
}

// contractSteps are 90 or 93 from the start and at each change of regime; VDAB's
// 78 is expected at the start.
func (w *work) contractSteps(c *contract) []step {
	exit := casefile.TimelineEntry{Code: casefile.Code78, From: c.start, SetBy: casefile.PartyVDAB, Rule: "CAT-04",
		Expected: true, Cells: c.cells("start")}
	at := slices.IndexFunc(w.sim, func(h casefile.HeldCategory) bool { return w.isExit(h, c) })
	if at >= 0 {
		exit.From = w.sim[at].From
	}
	w.timeline(exit, at < 0, blockCategory)
	w.fired("CAT-04", "VDAB zet bij de start van art. 60§7 zelf 78.", c.cells("start"))
	var out []step
	for i, r := range c.regimes {
		s := step{kind: stepContract, code: r.code, from: r.from, rule: "CAT-05", contract: c,
			why:   "Art. 60§7 is gestart: " + string(r.code) + " (" + dutchRegime(r.code) + ").",
			cells: cells(r.row, "start", "regime", "regimeFrom")}
		if i > 0 {
			s.rule = "CAT-12"
			s.why = "Het arbeidsregime is veranderd: " + string(r.code) + " (" + dutchRegime(r.code) + ")."
		}
		// Key of a 90 or 93: contract, regime's first day, code; the assertion
		// number is added when it is written.
		s.key = assertionKey(c, r.from, r.code)
		out = append(out, s)
	}
	return out
}

func dutchRegime(code casefile.Code) string {
	if code == casefile.Code90 {
		return "voltijds"
	}
	return "deeltijds"
}

func assertionKey(c *contract, from casefile.Date, code casefile.Code) []string {
	return []string{"art60", c.number, string(c.start), string(from), string(code)}
}

// isExit tells whether a held 78 is VDAB's own for the contract (CAT-04, CAT-06).
func (w *work) isExit(h casefile.HeldCategory, c *contract) bool {
	if h.Code != casefile.Code78 || w.own[h.ID] {
		return false
	}
	if h.EmploymentID != "" {
		return h.EmploymentID == c.id || h.EmploymentID == w.employmentID(c)
	}
	jobBegan := slices.ContainsFunc(w.facts.jobs, func(j *casefile.Employment) bool { return j.Start == h.From })
	return h.SetBy == casefile.PartyVDAB && c.covers(h.From) && !jobBegan // else it is the exit for that job (CAT-09)
}

func (w *work) employmentID(c *contract) string {
	return w.mlpID(c.id, casefile.Art60{Start: c.start})
}

// assertions is the number of the last assertion of a step that MLP holds, and
// the entries in order. The first may be one that a person made: same code, same
// day.
func (w *work) assertions(s step) []casefile.HeldCategory {
	var out []casefile.HeldCategory
	for n := 1; n <= w.maxAssertions(s); n++ {
		h, ok := w.heldByID(w.stepID(s, n))
		if !ok && n == 1 {
			h, ok = w.adoptable(s)
		}
		if !ok {
			break
		}
		out = append(out, h)
	}
	return out
}

// maxAssertions is how many entries a step can have: the first, and for a contract
// as many re-assertions as CAT-06 allows.
func (w *work) maxAssertions(s step) int {
	if s.kind != stepContract {
		return 1
	}
	return 1 + w.rules.limit(paramReassertions, s.contract.start)
}

// stepID is the id of the step's entry. Only contracts have assertions after the
// first.
func (w *work) stepID(s step, n int) string {
	key := s.key
	if s.kind == stepContract {
		key = append(slices.Clone(key), strconv.Itoa(n))
	}
	return w.id(casefile.RegCategory, key...)
}

func (w *work) heldByID(id string) (casefile.HeldCategory, bool) {
	r, ok := w.byID(id)
	if !ok {
		return casefile.HeldCategory{}, false
	}
	body, ok := r.Body.(casefile.Category)
	return casefile.HeldCategory{ID: r.ID, RegisteredAt: r.RegisteredAt, Category: body}, ok
}

// adoptable is an entry that somebody made with the step's code and day. It stands
// for one step only, and one that another of its day came over stands for none
// (plan.Diff adopts by the same rule).
func (w *work) adoptable(s step) (casefile.HeldCategory, bool) {
	id := w.stepID(s, 1)
	held := w.k.Dossier.Categories()
	for i, h := range held {
		if i+1 < len(held) && held[i+1].From == h.From {
			continue
		}
		if by := w.adopted[h.ID]; by != "" && by != id {
			continue
		}
		if h.Code == s.code && h.From == s.from && !w.isOwn(h) && w.fits(h, s) {
			w.adopted[h.ID] = id
			return h, true
		}
	}
	return casefile.HeldCategory{}, false
}

// fits: an entry that names a contract fits only that contract's step.
func (w *work) fits(h casefile.HeldCategory, s step) bool {
	if h.EmploymentID == "" {
		return true
	}
	return s.contract != nil && (h.EmploymentID == s.contract.id || h.EmploymentID == w.employmentID(s.contract))
}

// reassertionsLeft counts over all regimes of the contract.
func (w *work) reassertionsLeft(c *contract) int {
	left := w.rules.limit(paramReassertions, c.start)
	for _, row := range c.rows {
		for _, code := range []casefile.Code{casefile.Code90, casefile.Code93} {
			s := step{kind: stepContract, contract: c, code: code, from: row.RegimeFrom, key: assertionKey(c, row.RegimeFrom, code)}
			for n := 2; n <= w.maxAssertions(s); n++ {
				if w.isWritten(w.stepID(s, n)) {
					left--
				}
			}
		}
	}
	return left
}

// isWritten tells whether MLP holds the entry or this decision writes it.
func (w *work) isWritten(id string) bool {
	if _, ok := w.heldByID(id); ok {
		return true
	}
	return slices.ContainsFunc(w.sim, func(h casefile.HeldCategory) bool { return h.ID == id })
}

// claim notes every id that these rules may have written for the facts, so that
// our own entries are not taken for a person's. A correction of the regime keeps
// its day, hence both codes.
func (w *work) claim(steps []step) {
	for _, s := range steps {
		w.claimStep(s)
	}
	for _, c := range w.facts.contracts {
		for _, row := range c.rows {
			for _, code := range []casefile.Code{casefile.Code90, casefile.Code93} {
				w.claimStep(step{kind: stepContract, contract: c, key: assertionKey(c, row.RegimeFrom, code)})
			}
		}
	}
}

func (w *work) claimStep(s step) {
	for n := 1; n <= w.maxAssertions(s); n++ {
		id := w.stepID(s, n)
		w.own[id] = true
		if theirs := w.k.Aliases[id]; theirs != "" {
			w.own[theirs] = true
		}
	}
}

func (w *work) isOwn(h casefile.HeldCategory) bool { return w.own[h.ID] }

// restsOn tells whether the category fits its contract as MLP will hold it: somebody may have
// changed that, and what rests on what gives way (DATA-04) gives way with it.
func (w *work) restsOn(c *contract, category casefile.Category) bool {
	if c.weo == nil || w.blocked&blockTWE != 0 {
		return true // the contract is not sent: unlinked
	}
	body := c.body(w.clk, w.weoRef(c.weo))
	held, ok := w.inMLP(c.id, body)
	switch {
	case w.insideWEO(c):
		return fitsContract(w.willHold(c.id, body), category)
	case ok:
		return fitsContract(held.Body, category)
	}
	return false
}

// insideWEO is TWE-06 of the WEO as MLP will hold it.
func (w *work) insideWEO(c *contract) bool {
	weo := w.willHold(w.weoID(c.weo), w.weoBody(c.weo)).(casefile.WEO)
	return weo.Start <= c.start && (weo.End.IsZero() || c.start <= weo.End)
}

// fitsContract: 90 is full time and 93 part time, on a day of the contract (TWE 5).
func fitsContract(held casefile.Body, category casefile.Category) bool {
	contract, ok := held.(casefile.Art60)
	return ok && regimeCode(contract.RegimeOn(category.From)) == category.Code
}
