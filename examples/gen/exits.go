package main

func exitArchetypes() []archetype {
	return []archetype{
		{"entitled", 2, "CAT-07", "art. 60§7 ended, entitled: 00, in time", entitled("2026-03-10", "2026-03-13")},
		{"entitledEighthDay", 1, "CAT-07", "entitled, today is the eighth day", entitled("2026-03-07", "2026-03-13")},
		{"entitledOverdue", 2, "CAT-07", "entitled, the decision came too late to be in time", entitled("2026-02-13", "2026-03-09")},
		{"entitledAhead", 1, "CAT-07", "entitled from a day ahead: planned", entitledAhead},
		{"entitledSelf", 1, "CAT-07", "entitled, the client set 00", entitledSelf},
		{"pendingApplied", 2, "CAT-08", "the RVA decides, the client applied: 00 from that day", pendingApplied},
		{"pending", 2, "CAT-08", "the RVA decides, no date of application: no change", pending},
		{"notEntitled", 2, "CAT-08", "not entitled, leefloon resumes: a person decides", notEntitled},
		{"notEntitledDecided", 1, "CAT-08", "the same, and the export brings the answer: 05", notEntitledDecided},
		{"finished", 2, "CAT-07, TWE-13", "TWE of earlier, ended without a job, all in MLP", finished},
		{"jobFullTime", 2, "CAT-09", "full-time job after TWE: 78", jobFullTime},
		{"jobAhead", 1, "CAT-09", "full-time job after TWE on a day ahead: planned", jobAhead},
		{"jobPartTime", 1, "CAT-09", "part-time job after TWE: a person decides", jobPartTime},
		{"jobDuringArt60", 1, "CAT-09", "a job during art. 60§7: a person decides", jobDuringArt60},
		{"jobWithoutTWE", 1, "CAT-09", "a job without any TWE: a person decides", jobWithoutTWE},
	}
}

// worked makes a client whose art. 60§7 ended, with all of it in MLP.
func worked(w *world, name string, i int, end day) *client {
	ready, weo, start := day("2024-05-06").plus(i), day("2024-06-10").plus(i), day("2024-07-15").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, end, fullTime)
	c.evaluatedRegularly(end)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	return c
}

// decidedByRVA: entitled the day after the contract's end.
func (c *client) decidedByRVA(from, on day) {
	c.benefit, c.decision = benefitFull, decisionYes
	c.appliedOn, c.entitledFrom, c.decisionOn = from.dutch(), from.dutch(), on.dutch()
}

// CAT-07: "Art. 60§7 has ended, the client has worked enough days, is entitled to
// unemployment benefit and no longer to a (supplementary) leefloon: 00, at the
// latest 8 calendar days after the date of entitlement". Entitlement date + 8
// calendar days is in time.
func entitled(end, decided day) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		from := end.plus(1)
		c := worked(w, name, i, end)
		c.decidedByRVA(from, decided)
		c.holds("00", from, "ocmw", "CAT-07")
		c.deadline("CAT-07", from.plus(8))
	}
}

// CAT-07, entitled from a day ahead (holiday pay first); 90 stands until then.
func entitledAhead(w *world, name string, i int) {
	from := day("2026-03-20")
	c := worked(w, name, i, "2026-03-13")
	c.decision, c.entitledFrom, c.decisionOn = decisionYes, from.dutch(), day("2026-03-12").dutch()
	c.planned("00", from, "ocmw", "CAT-07")
}

// TWE 8: "Het OCMW of de klant moet het VDAB werkzoekendendossier handmatig
// aanpassen": the client did.
func entitledSelf(w *world, name string, i int) {
	from := day("2026-02-28")
	c := worked(w, name, i, "2026-02-27")
	c.decidedByRVA(from, "2026-03-04")
	c.seed.had("00", from, "client")
	c.holds("00", from, "client", "CAT-07")
}

// CAT-08: "00 is set when the export gives the date on which the client applied (00
// includes "applies for"), valid from that date".
func pendingApplied(w *world, name string, i int) {
	applied := day("2026-03-09").plus(i)
	c := worked(w, name, i, "2026-03-06")
	c.decision, c.appliedOn = decisionOpen, applied.dutch()
	c.holds("00", applied, "ocmw", "CAT-08")
}

// CAT-08: "otherwise no change, with a deadline watch".
func pending(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-06")
	c.decision = decisionOpen
	c.none("CAT-08")
}

// CAT-08: "Not entitled and leefloon resumes: manual decision, proposal 05."
func notEntitled(w *world, name string, i int) {
	c := worked(w, name, i, "2026-02-20")
	c.decision, c.decisionOn, c.leefloon = decisionNo, day("2026-03-09").dutch(), leefloonFull
	c.manual("CAT-08")
}

// CAT-08, and "a person's answer comes through the export": 05 from the day on which
// it was decided.
func notEntitledDecided(w *world, name string, i int) {
	c := worked(w, name, i, "2026-02-20")
	c.decision, c.decisionOn, c.leefloon = decisionNo, day("2026-03-09").dutch(), leefloonFull
	c.decided, c.decidedOn, c.decisionReason = "05", day("2026-03-11").dutch(), "Leefloon hervat, traject loopt verder"
	c.holds("05", "2026-03-11", "ocmw", "CAT-08")
}

// CAT-07 and TWE-13, all of it of earlier: nothing to do.
func finished(w *world, name string, i int) {
	ready, weo, start := day("2023-08-07").plus(i), day("2023-10-02").plus(i), day("2023-11-13").plus(i)
	end, from := day("2025-08-29"), day("2025-08-30")
	c := w.newClient(name).readyFrom(ready)
	c.twe(weo, weo)
	c.weoEnded("2025-09-26", reasonNoJob)
	c.art60(start, end, fullTime)
	c.evaluatedRegularly("2025-09-01")
	c.leefloon = leefloonNone
	c.decidedByRVA(from, "2025-09-03")
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").had("00", from, "ocmw").
		registered(c).registeredEnd("2025-09-26", reasonNoJob)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("00", from, "ocmw", "CAT-07")
}

// CAT-09: "Full-time regular job after TWE: 78". It begins the first working day
// after contract and WEO, so no benefit comes between.
func jobFullTime(w *world, name string, i int) {
	c := worked(w, name, i, "2026-02-27")
	c.weoEnded("2026-02-27", reasonJob)
	c.evaluated("2026-02-26", "eind")
	c.job("2026-03-02", fullTime)
	c.holds("78", "2026-03-02", "ocmw", "CAT-09")
}

// CAT-09, on a day ahead: the job follows the contract that still runs.
func jobAhead(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-31")
	c.weoEnded("2026-03-31", reasonJob)
	c.job("2026-04-01", fullTime)
	c.planned("78", "2026-04-01", "ocmw", "CAT-09")
}

// CAT-09: "Part-time job, job during art. 60, job without any TWE: manual decision
// with the proposal."
func jobPartTime(w *world, name string, i int) {
	c := worked(w, name, i, "2026-02-27")
	c.weoEnded("2026-02-27", reasonJob)
	c.job("2026-03-02", partTime)
	c.manual("CAT-09")
}

// CAT-09, as above: during art. 60.
func jobDuringArt60(w *world, name string, i int) {
	ready, weo, start := course(9 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), partTime)
	c.evaluatedRegularly(today)
	c.job("2026-03-02", partTime)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("93", start, "ocmw").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("93", start, "ocmw", "CAT-05")
	c.manual("CAT-09")
}

// CAT-09, as above: without any TWE.
func jobWithoutTWE(w *world, name string, i int) {
	ready := day("2025-10-06").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.job("2026-03-02", fullTime)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-09")
}

func personArchetypes() []archetype {
	return []archetype{
		{"drift", 2, "CAT-10", "somebody changed the category in MLP by hand: it holds", drift},
		{"driftOverruled", 1, "CAT-10", "the same, and the export brings the answer: 90", driftOverruled},
		{"supportEnded", 2, "CAT-13", "support ended, 05 in MLP: a person decides", supportEnded},
		{"readinessWithdrawn", 2, "CAT-13", "no longer ready, 05 in MLP: a person decides", readinessWithdrawn},
		{"unknownClient", 1, "", "a contract of a client who is in no clients file", unknownClient},
		{"deletedEvaluation", 1, "CAT-05, TWE-07", "an evaluation that the export marks as deleted: a finding", deletedEvaluation},
	}
}

// CAT-10: "A category that someone changed in MLP by hand after the daemon's last
// write wins: it is drift, reported, never silently overwritten". The daemon has
// not written here yet; what a person typed in before is respected no less.
func drift(w *world, name string, i int) {
	ready, weo, start := course(10 + i)
	code := []string{"03", "05"}[i]
	since := day("2026-03-02").plus(-7 * i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), fullTime)
	c.evaluatedRegularly(today)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").had(code, since, "other").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds(code, since, "other", "CAT-10")
	c.manual("CAT-10")
}

// CAT-10: "it holds until a person adopts or overrules it": overruled, from the day
// on which that was decided.
func driftOverruled(w *world, name string, i int) {
	ready, weo, start := course(13 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), fullTime)
	c.evaluatedRegularly(today)
	c.decided, c.decidedOn, c.decisionReason = "90", day("2026-03-11").dutch(), "Contract loopt nog; 05 was een vergissing"
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").
		had("05", "2026-03-02", "other").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("05", "2026-03-02", "other", "CAT-10")
	c.holds("90", "2026-03-11", "ocmw", "CAT-10")
}

// CAT-13: "Support by the OCMW ends, or readiness is withdrawn, with 05, 90 or 93 in
// MLP and no 00 or job: nothing is sent; a manual decision with the proposal."
func supportEnded(w *world, name string, i int) {
	ready := day("2025-04-07").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon, c.supportEnd = leefloonNone, day("2026-02-28").plus(i).dutch()
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-13")
}

// CAT-13, as above: readiness is withdrawn.
func readinessWithdrawn(w *world, name string, i int) {
	ready := day("2025-09-01").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.ready, c.withdrawnOn = no, day("2026-02-20").plus(i).dutch()
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-13")
}

// No rule of the domain names it; design.md decision 3: conflicting data is a manual
// decision. The row itself is sound: it isn't rejected.
func unknownClient(w *world, name string, _ int) {
	c := w.newClient(name)
	c.noRow = true
	c.art60("2025-12-01", "2026-11-30", fullTime)
	c.manual("")
}

// design.md decision 5: "marked deleted, is a finding or a manual decision: the
// software never ends or withdraws a registration by itself". An evaluation bears on
// no category.
func deletedEvaluation(w *world, name string, i int) {
	running(w, name, 6+i)
	c := w.clients[len(w.clients)-1]
	w.evaluationTable.set(c.evaluated("2026-01-28", "tussentijds"), "Geschrapt", yes)
}
