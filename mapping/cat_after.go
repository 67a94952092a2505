package mapping

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// after is what follows art. 60§7: 00 (CAT-07, CAT-08) and a regular job (CAT-09).
func (w *work) after() []step {
	c := w.lastStarted()
	if c != nil && c.problem != nil {
		return nil
	}
	var out []step
	if c != nil && w.clk.passed(c.end) {
		out = w.benefitSteps(c)
	}
	for _, job := range w.facts.jobs {
		if s, ok := w.jobStep(job); ok {
			out = append(out, s)
		}
	}
	return out
}

func (w *work) lastStarted() *contract {
	var last *contract
	for _, c := range w.facts.contracts {
		if w.clk.reached(c.start) && !c.history {
			last = c
		}
	}
	return last
}

// benefitFirst: CAT-07 or CAT-08 applies to the last contract, so that 05 doesn't
// take the place of its 90 or 93.
func (w *work) benefitFirst() bool {
	c := w.lastStarted()
	return c != nil && w.clk.passed(c.end) && w.c.Client.BenefitDecision != "" && !w.oldRefusal(c)
}

// oldRefusal: RVA refused before the contract began, which says nothing of what follows it.
func (w *work) oldRefusal(c *contract) bool {
	cl := w.c.Client
	return cl.BenefitDecision == casefile.DecisionNotEntitled && !cl.BenefitDecisionOn.IsZero() && cl.BenefitDecisionOn < c.start
}

func (w *work) benefitSteps(c *contract) []step {
	cl := w.c.Client
	switch cl.BenefitDecision {
	case casefile.DecisionEntitled:
		w.notFired("CAT-08", "De RVA heeft beslist.", cells(cl, "benefitDecision"))
		return w.entitled(c)
	case casefile.DecisionPending:
		w.notFired("CAT-07", "De RVA heeft nog niet beslist.", cells(cl, "benefitDecision"))
		return w.pending(c)
	case casefile.DecisionNotEntitled:
		w.notFired("CAT-07", "De cliënt heeft geen recht op een werkloosheidsuitkering.", cells(cl, "benefitDecision"))
		w.notEntitled(c)
	default:
		w.undecided(c)
	}
	return nil
}

// has00 tells whether MLP holds a 00 from after the contract, whoever set it: the
// OCMW or the client (TWE 8).
func (w *work) has00(c *contract) bool {
	return w.has00By(c, "")
}

// has00By tells the same of one that holds on the day; zero is any day.
func (w *work) has00By(c *contract, day casefile.Date) bool {
	return slices.ContainsFunc(w.k.Dossier.Categories(), func(h casefile.HeldCategory) bool {
		return h.Code == casefile.Code00 && h.From >= c.end && (day.IsZero() || h.From <= day)
	})
}

func (w *work) entitled(c *contract) []step {
	cl := w.c.Client
	from := cl.BenefitEntitledFrom
	if asks, reason, next := w.entitlementGap(c); reason != "" {
		if !w.has00(c) && !w.answeredSince(c.end) {
			w.choose(blockOutcome, casefile.Manual{Rule: "CAT-07", Reason: reason, Next: next, Proposal: casefile.Code00,
				Cells: cells(cl, "benefitEntitledFrom", "leefloon")}, asks)
		}
		return nil
	}
	due := from.AddDays(w.rules.limit(paramBenefitDays, from))
	holds, _ := w.k.Dossier.CategoryOn(min(due, w.clk.day)) // from before the end, where that was corrected
	w.deadline("CAT-07", due, w.has00By(c, due) || holds.Code == casefile.Code00, "De categorie moet op 00 staan na art. 60§7.", cells(cl, "benefitEntitledFrom"))
	if cl.BenefitDecisionOn > due && !w.has00(c) {
		w.finding("CAT-07", "De RVA besliste pas op "+cl.BenefitDecisionOn.Dutch()+", na de termijn voor 00 ("+due.Dutch()+").",
			"Niets: de 00 wordt zo snel mogelijk gezet; de termijn was bij aankomst al voorbij.", cells(cl, "benefitDecisionOn"))
	}
	return []step{w.benefitStep(c, from, "CAT-07", "De cliënt heeft na art. 60§7 recht op een werkloosheidsuitkering.")}
}

// entitlementGap says what CAT-07 lacks, in Dutch.
func (w *work) entitlementGap(c *contract) (asks asking, reason, next string) {
	cl := w.c.Client
	switch {
	case cl.BenefitEntitledFrom.IsZero():
		return about("day unknown"), "De RVA kende de uitkering toe, maar de ingangsdatum ontbreekt.", "Vul in vanaf wanneer de cliënt recht heeft op een werkloosheidsuitkering."
	case cl.BenefitEntitledFrom <= c.end:
		return about("before the end"), "Het recht op een werkloosheidsuitkering gaat in voor het einde van art. 60§7.", "Kijk de datum van het recht en de einddatum van het contract na."
	case w.come(cl.ReadySince) > cl.BenefitEntitledFrom && !w.has00(c):
		return about("ready again", cl.BenefitEntitledFrom), "Het recht op een werkloosheidsuitkering gaat in op " + cl.BenefitEntitledFrom.Dutch() + ", maar daarna werd de cliënt opnieuw klaar voor een traject (05).",
			"Kijk na wat geldt: 00, of 05 omdat het recht voorbij is."
	case cl.Leefloon == "":
		return about("leefloon unknown"), "Niet bekend is of de cliënt na art. 60§7 nog leefloon krijgt.", "Vul in of de cliënt nog (aanvullend) leefloon krijgt."
	case cl.Leefloon != casefile.LeefloonNone:
		return about("leefloon goes on"), "De cliënt heeft recht op een werkloosheidsuitkering maar krijgt nog leefloon.", "Kijk na of het leefloon stopt; 00 kan pas als de cliënt er geen recht meer op heeft."
	}
	return asking{}, "", ""
}

func (w *work) benefitStep(c *contract, from casefile.Date, rule, why string) step {
	// Key of a 00: the contract that it follows, so that RVA's decision after an
	// application is the same registration; and the contract's end, where the 00 of
	// an end that was corrected since lies inside it.
	key := []string{"00", c.number, string(c.start)}
	if h, ok := w.heldByID(w.id(casefile.RegCategory, key...)); ok && h.From <= c.end {
		key = append(key, string(c.end))
	}
	return step{kind: stepBenefit, code: casefile.Code00, from: from, rule: rule, why: why, key: key,
		cells: cells(w.c.Client, "benefitDecision", "benefitEntitledFrom", "benefitAppliedOn")}
}

func (w *work) pending(c *contract) []step {
	cl := w.c.Client
	w.watch(c)
	switch {
	case cl.BenefitAppliedOn.IsZero():
		w.fired("CAT-08", "De RVA heeft nog niet beslist en de aanvraagdatum is niet bekend: er verandert niets.", cells(cl, "benefitDecision", "benefitAppliedOn"))
		return nil
	case cl.BenefitAppliedOn < c.start:
		w.finding("CAT-08", "De aanvraag van de werkloosheidsuitkering is ouder dan het contract art. 60§7.",
			"Vul de datum van de nieuwe aanvraag in.", cells(cl, "benefitAppliedOn"))
		return nil
	}
	from := casefile.Latest(cl.BenefitAppliedOn, c.end.AddDays(1))
	return []step{w.benefitStep(c, from, "CAT-08", "De cliënt vroeg na art. 60§7 een werkloosheidsuitkering aan; de RVA beslist nog.")}
}

// watch is CAT-08's deadline: from the day after the contract, the first on which
// the client can be entitled (TWE 8), as many days as CAT-07 gives.
func (w *work) watch(c *contract) {
	first := c.end.AddDays(1)
	w.deadline("CAT-08", first.AddDays(w.rules.limit(paramBenefitDays, first)), w.has00(c),
		"Volg de beslissing van de RVA op: is er recht, dan moet de categorie op 00.", cells(w.c.Client, "benefitDecision", "benefitAppliedOn"))
}

// notEntitled is for a person. A 05 set after the contract, or an answer, settles it.
func (w *work) notEntitled(c *contract) {
	cl := w.c.Client
	if w.oldRefusal(c) {
		w.finding("CAT-08", "De weigering van de RVA is ouder dan het contract art. 60§7.",
			"Vul de nieuwe aanvraag of beslissing in.", cells(cl, "benefitDecision", "benefitDecisionOn"))
		w.undecided(c)
		return
	}
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	if w.answeredSince(c.end.AddDays(1)) || (ok && held.Code == casefile.Code05 && held.From > c.end) {
		w.fired("CAT-08", "De RVA weigerde de uitkering; de categorie is daarna al beslist.", cells(cl, "benefitDecision"))
		return
	}
	m := casefile.Manual{Rule: "CAT-08", Cells: cells(cl, "benefitDecision", "leefloon"),
		Reason: "De RVA weigerde de werkloosheidsuitkering na art. 60§7.",
		Next:   "Beslis welke categorie de cliënt krijgt en vul de beslissing met datum en reden in de export in."}
	switch cl.Leefloon {
	case casefile.LeefloonFull, casefile.LeefloonSupplementary:
		m.Proposal = casefile.Code05
		m.Next = "Voorstel: 05, want het leefloon loopt weer. Vul de beslissing met datum en reden in de export in."
	case "":
		m.Next = "Vul in of de cliënt weer leefloon krijgt, en beslis daarna welke categorie past."
	}
	w.choose(blockOutcome, m, about("refused"))
}

// undecided: the contract has ended and nothing is known of the benefit. Whatever
// says otherwise how the client goes on is enough.
func (w *work) undecided(c *contract) {
	cl := w.c.Client
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	st := w.standing()
	switch {
	case w.currentJob() != nil, w.come(cl.ReadySince) > c.end, st == standsEnded, st == standsWithdrawn, st == standsNotReady, w.answeredSince(c.end):
		w.notFired("CAT-08", "Andere gegevens zeggen hoe het na art. 60§7 verder gaat.", cells(cl, "benefitDecision"))
	case ok && held.From > c.end:
		w.notFired("CAT-08", "Na het einde van art. 60§7 is in MLP al een categorie gezet.", cells(cl, "benefitDecision")) // see changedAfter
	default:
		w.watch(c)
		w.manual(blockAfter, casefile.Manual{Rule: "CAT-08", Cells: cells(cl, "benefitDecision", "benefitAppliedOn", "leefloon"),
			Reason: "Art. 60§7 is gestopt, maar niet bekend is of de cliënt een werkloosheidsuitkering vroeg of kreeg.",
			Next:   "Vul de aanvraag en de beslissing van de RVA in, of de nieuwe job, of het einde van de steun."})
	}
}

// currentJob is the regular job of the day, the last begun.
func (w *work) currentJob() *casefile.Employment {
	var current *casefile.Employment
	for _, job := range w.facts.jobs {
		if w.clk.reached(job.Start) && !w.clk.passed(job.End) {
			current = job
		}
	}
	return current
}

// jobStep is CAT-09. A job that has ended is shown where MLP holds its 78; it is
// not written any more.
func (w *work) jobStep(job *casefile.Employment) (step, bool) {
	ended := w.clk.passed(job.End)
	asks, reason, next := w.jobDoubt(job)
	switch {
	case reason == "":
		from, why := w.regimeSince(job), "De cliënt begon na TWE voltijds in een gewone job."
		if from > job.Start {
			why = "De gewone job van de cliënt na TWE werd voltijds op " + from.Dutch() + "."
		}
		return step{kind: stepJob, code: casefile.Code78, from: from, rule: "CAT-09", historic: ended, why: why,
			// Key of a 78 for a job: contract number (may be empty) and start.
			key: []string{"78", job.ContractNumber, string(job.Start)}, cells: cells(job, "kind", "start", "regime", "regimeFrom")}, true
	case w.clk.reached(job.Start) && !ended && !w.jobSettled(job):
		s := blockOutcome
		if len(w.facts.weos) == 0 {
			s = blockCourse
		}
		w.choose(s, casefile.Manual{Rule: "CAT-09", Reason: reason, Next: next, Proposal: jobProposal(job), Cells: cells(job, "kind", "start", "regime")}, asks)
	}
	return step{}, false
}

// regimeSince is the first day on which the job has the regime that it has now; other hours in
// the same regime change nothing.
func (w *work) regimeSince(job *casefile.Employment) casefile.Date {
	var since casefile.Date
	for _, e := range w.c.Employments { // in order of regime
		switch {
		case gone(e.Header) || e.Employment != job.Employment || e.ContractNumber != job.ContractNumber || e.Start != job.Start || e.RegimeFrom > job.RegimeFrom:
		case e.Regime != job.Regime:
			since = ""
		case since.IsZero():
			since = e.RegimeFrom
		}
	}
	return casefile.Latest(job.Start, since)
}

// jobProposal: an assumption, as the sources name no category for a job. None where the regime
// isn't known.
func jobProposal(job *casefile.Employment) casefile.Code {
	switch job.Regime {
	case casefile.PartTime:
		return casefile.Code93
	case casefile.FullTime:
		return casefile.Code78
	}
	return ""
}

// jobAgrees tells whether a category is one of somebody in that job.
func jobAgrees(job *casefile.Employment, code casefile.Code) bool {
	if proposal := jobProposal(job); proposal != "" {
		return code == proposal
	}
	return code == casefile.Code78 || code == casefile.Code93
}

// jobSettled: a category that agrees holds in MLP since the job took its regime, or a person answered since.
func (w *work) jobSettled(job *casefile.Employment) bool {
	held, ok := w.k.Dossier.CategoryOn(w.clk.day)
	since := w.regimeSince(job)
	return w.answeredSince(since) || (ok && jobAgrees(job, held.Code) && held.From >= since && w.contractOf(held.From) == nil)
}

// jobDoubt says, in Dutch, why a job doesn't simply give 78.
func (w *work) jobDoubt(job *casefile.Employment) (asks asking, reason, next string) {
	const decide = "Vul de beslissing met datum en reden in de export in, of pas MLP aan."
	var weo *casefile.Track
	for _, t := range w.facts.weos {
		if t.WEOStart <= job.Start {
			weo = t
		}
	}
	switch {
	case w.contractOf(job.Start) != nil:
		return about("during art. 60"), "De cliënt begon in een gewone job terwijl een contract art. 60§7 loopt.", "Beëindig het contract of verbeter de gegevens. " + decide
	case weo == nil:
		return about("no TWE"), "De cliënt begon in een gewone job zonder dat er een TWE was.", "Kijk na of de cliënt nog begeleid wordt. " + decide
	case job.Regime == "":
		return asking{}, "Niet ingevuld is of de gewone job van de cliënt voltijds of deeltijds is.", "Vul het arbeidsregime van de job in."
	case job.Regime != casefile.FullTime && w.regimeSince(job) > job.Start:
		return about("now part time", w.regimeSince(job)), "De gewone job van de cliënt werd deeltijds op " + w.regimeSince(job).Dutch() + ".", "Kijk na welke categorie past. " + decide
	case job.Regime != casefile.FullTime:
		return about("part time"), "De cliënt begon in een deeltijdse gewone job.", "Kijk na welke categorie past. " + decide
	case weo.WEOEnd.IsZero() || job.Start < weo.WEOEnd:
		return about("TWE goes on"), "De cliënt begon in een gewone job terwijl het TWE nog niet beëindigd is.", "Vul de einddatum van de WEO in. " + decide
	}
	return asking{}, "", ""
}
