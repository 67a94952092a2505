package main

func tweArchetypes() []archetype {
	return []archetype{
		{"running", 14, "CAT-04, CAT-05, CAT-11", "art. 60§7 runs, all typed into MLP by hand before", running},
		{"fullBefore", 8, "CAT-04, CAT-05", "full time, MLP has 05 only; 78 comes before the 90", fresh(fullTime, exitBefore, 0)},
		{"fullAt", 6, "CAT-04, CAT-05", "full time; 78 comes together with the 90", fresh(fullTime, exitAt, 6)},
		{"fullAfter", 4, "CAT-04, CAT-05, CAT-06", "full time; 78 comes after the 90, which is asserted again", fresh(fullTime, exitAfter, 12)},
		{"partBefore", 5, "CAT-04, CAT-05, CAT-11", "part time, MLP has 05 only; 78 comes before the 93", fresh(partTime, exitBefore, 0)},
		{"partAt", 4, "CAT-04, CAT-05, CAT-11", "part time; 78 comes together with the 93", fresh(partTime, exitAt, 4)},
		{"partAfter", 3, "CAT-04, CAT-05, CAT-06, CAT-11", "part time; 78 comes after the 93, which is asserted again", fresh(partTime, exitAfter, 8)},
		{"startOver03", 3, "CAT-02, CAT-05", "MLP has 03: 05 from the readiness, then 90 or 93", startOver03},
		{"startOverOther", 4, "CAT-03, CAT-05", "MLP has 02, 11, 06 or 10: no 05, but 90 or 93", startOverOther},
		{"weoOnly", 5, "CAT-02, TWE-03", "WEO, no contract yet, within the two months", weoOnly},
		{"weoWithoutContract", 2, "CAT-02, TWE-03", "WEO, no contract after two months: a finding", weoWithoutContract},
		{"contractAhead", 4, "CAT-04, CAT-05", "the contract starts on a day ahead: planned", contractAhead},
		{"regimeChanged", 3, "CAT-05, CAT-12", "regime changed halfway, nothing registered yet", regimeChanged},
		{"regimeChangedLate", 1, "CAT-12", "regime changed, MLP has the first one only", regimeChangedLate},
		{"regimeChanges", 1, "CAT-12", "the regime changes on a day ahead: planned", regimeChanges},
		{"vdabLate", 2, "CAT-06", "VDAB's 78 stands over the 90 from a later day", vdabLate},
		{"withoutWEO", 1, "CAT-03", "art. 60§7 without a WEO: a person decides", withoutWEO},
		{"withoutDossier", 1, "CAT-03", "art. 60§7 without a dossier: a person decides", withoutDossier},
		{"insideGLOW", 1, "CAT-03, TWE-06", "art. 60§7 inside GLOW: a person decides", insideGLOW},
		{"overlapping", 1, "CAT-03", "two overlapping art. 60§7 contracts: a person decides", overlapping},
	}
}

// course gives the days of the i-th TWE: ready, WEO, and a start of art. 60§7 at
// most two months later (TWE-03), the first of them today.
func course(i int) (ready, weo, start day) {
	start = today.plus(-17 * i).workday().early()
	weo = start.plus(-14 - i*3%40).early()
	return weo.plus(-30 - i), weo, start
}

// confirmed adds what CAT-11 asks: "93 must be confirmed every 4 months: a deadline
// on the worklist; nothing is sent." Said only where the first four months still
// run: what counts after them, the domain doesn't settle.
func (c *client) confirmed(code string, from day) {
	if due := from.months(4); code == "93" && due >= today {
		c.deadline("CAT-11", due)
	}
}

// CAT-04: "Art. 60§7 starts: VDAB turns the category to 78 by itself." CAT-05: "From
// the start of art. 60§7 the OCMW sets 90 (full time) or 93 (part time)."
func (c *client) startOfWork(code string, start day) {
	c.holds("78", start, "vdab", "CAT-04")
	c.holds(code, start, "ocmw", "CAT-05")
	c.confirmed(code, start)
}

// CAT-02, CAT-04, CAT-05: the course is in MLP as it should be; nothing changes.
func running(w *world, name string, i int) {
	ready, weo, start := course(5 + i)
	reg := fullTime
	if i%3 == 2 {
		reg = partTime
	}
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo.plus(-7), weo)
	c.art60(start, start.months(18).plus(-1), reg)
	c.evaluatedRegularly(today)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork(codeOf(reg), start, "ocmw").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.startOfWork(codeOf(reg), start)
}

// fresh: MLP has 05 only, and the export brings the WEO and the contract. CAT-06:
// "VDAB's automatic 78 may come before, at, or after the OCMW's 90/93. If it comes
// after, 90/93 is asserted again": from the same day, so the timeline reads the same.
func fresh(reg, exit string, offset int) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		ready, weo, start := course(offset + i)
		c := w.newClient(name).readyFrom(ready)
		c.leefloon = leefloonNone
		c.twe(weo.plus(-5), weo)
		c.art60(start, start.months(15).plus(-1), reg)
		c.evaluatedRegularly(today)
		c.dossier("ocmw").had("05", ready, "ocmw").exit = exit
		c.holds("05", ready, "ocmw", "CAT-02")
		c.startOfWork(codeOf(reg), start)
	}
}

// CAT-02: ready, so 05 from the day of readiness, over 03 (CAT-03); then as above.
func startOver03(w *world, name string, i int) {
	ready, weo, start := course(2 + 3*i)
	reg := []string{fullTime, partTime, fullTime}[i]
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(12).plus(-1), reg)
	c.dossier("ocmw").had("03", ready.plus(-200), "client").exit = exitBefore
	c.evaluatedRegularly(today)
	c.holds("03", ready.plus(-200), "client", "CAT-03")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.startOfWork(codeOf(reg), start)
}

// CAT-03: 05 overwrites neither 02 nor 11 (protected), nor 06 nor 10; but "90 and 93
// at the start of art. 60§7 over any category of the table above whose valid-from
// lies before the contract's start".
func startOverOther(w *world, name string, i int) {
	ready, weo, start := course(1 + 3*i)
	code := []string{"02", "11", "06", "10"}[i]
	reg := []string{fullTime, partTime}[i%2]
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(12).plus(-1), reg)
	c.evaluatedRegularly(today)
	c.dossier("ocmw").had(code, ready.plus(-100), "other").exit = []string{exitBefore, exitAt}[i%2]
	c.holds(code, ready.plus(-100), "other", "CAT-03")
	c.startOfWork(codeOf(reg), start)
}

// TWE-03: "Art. 60§7 starts at most 2 months after the WEO start. Deadline watch
// before". The category stays 05 until then.
func weoOnly(w *world, name string, i int) {
	weo := today.plus(-4 - 9*i).early() // the last one: 09/02, due 09/04
	c := w.newClient(name).readyFrom(weo.plus(-45))
	c.twe(weo.plus(-10), weo)
	c.dossier("ocmw").had("05", weo.plus(-45), "ocmw")
	c.holds("05", weo.plus(-45), "ocmw", "CAT-02")
	c.deadline("TWE-03", weo.months(2))
}

// TWE-03: "finding after".
func weoWithoutContract(w *world, name string, i int) {
	weo := day("2025-12-08").plus(21 * i) // due 08/02 and 28/02
	weo = weo.early()
	c := w.newClient(name).readyFrom(weo.plus(-60))
	c.twe(weo, weo)
	c.dossier("ocmw").had("05", weo.plus(-60), "ocmw")
	c.holds("05", weo.plus(-60), "ocmw", "CAT-02")
	c.deadline("TWE-03", weo.months(2))
}

// "Registrations are sent on their valid-from day or later, never before": VDAB's 78
// and the OCMW's 90 or 93 lie ahead with the contract.
func contractAhead(w *world, name string, i int) {
	start := []day{"2026-03-17", "2026-03-23", "2026-04-01", "2026-04-07"}[i]
	reg := []string{fullTime, partTime}[i%2]
	ready, weo := day("2025-11-03").plus(i), day("2026-02-16").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.twe(weo.plus(-3), weo)
	c.art60(start, start.months(12).plus(-1), reg)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.planned("78", start, "vdab", "CAT-04")
	c.planned(codeOf(reg), start, "ocmw", "CAT-05")
}

// CAT-12: "Art. 60§7 regime changed halfway (full time to part time or back): new
// timeline entry 90/93 from that date."
func regimeChanged(w *world, name string, i int) {
	ready, weo, start := course(8 + 2*i)
	first, then := fullTime, partTime
	if i == 1 {
		first, then = partTime, fullTime
	}
	change := day("2026-02-02").plus(7 * i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), first)
	c.changes(change, then)
	c.evaluatedRegularly(today)
	c.dossier("ocmw").had("05", ready, "ocmw").exit = exitBefore
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds(codeOf(first), start, "ocmw", "CAT-05")
	c.holds(codeOf(then), change, "ocmw", "CAT-12")
	c.confirmed(codeOf(then), change)
}

// CAT-12, for a course whose first regime is in MLP.
func regimeChangedLate(w *world, name string, i int) {
	ready, weo, start := course(12 + i)
	change := day("2026-03-02")
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	k := c.art60(start, start.months(15).plus(-1), fullTime)
	c.evaluatedRegularly(today)
	asKnown := *k
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").registered(c).contract = &asKnown
	c.changes(change, partTime)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("93", change, "ocmw", "CAT-12")
	c.confirmed("93", change)
}

// CAT-12, on a day ahead.
func regimeChanges(w *world, name string, i int) {
	ready, weo, start := course(7 + i)
	change := day("2026-04-13")
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	k := c.art60(start, start.months(15).plus(-1), fullTime)
	c.evaluatedRegularly(today)
	asKnown := *k
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").registered(c).contract = &asKnown
	c.changes(change, partTime)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.planned("93", change, "ocmw", "CAT-12")
}

// CAT-06: the 78 came after the 90 and is asserted over. CAT-03: 90/93 "over VDAB's
// 78 for that contract whatever its date". This 78 is valid from a week after the
// start, so the 90 has to hold again from the 78's own day: from an earlier day it
// would not hold today.
func vdabLate(w *world, name string, i int) {
	ready, weo, start := course(3 + i)
	late := start.plus(7)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), fullTime)
	c.evaluatedRegularly(today)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("90", start, "ocmw").hadWork("78", late, "vdab").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("78", late, "vdab", "CAT-04")
	c.holds("90", late, "ocmw", "CAT-06")
}

// CAT-03: "... a manual decision, and so are art. 60§7 without a WEO": the choice for
// TWE is there, its WEO isn't.
func withoutWEO(w *world, name string, i int) {
	ready, weo, start := course(2 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, "")
	c.art60(start, start.months(12).plus(-1), fullTime)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-03")
}

// CAT-03: "... or without a dossier". Nothing is made up after the fact: the person
// who decides also says whether a dossier is to be made.
func withoutDossier(w *world, name string, i int) {
	ready, weo, start := course(4 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(12).plus(-1), fullTime)
	c.manual("CAT-03")
}

// CAT-03: "... inside GLOW"; TWE-06 says why.
func insideGLOW(w *world, name string, i int) {
	ready := day("2025-05-05").plus(i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.glow(day("2025-06-16"))
	c.art60(day("2025-11-03"), day("2026-11-02"), partTime)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-03")
}

// CAT-03: "... or in overlapping contracts".
func overlapping(w *world, name string, i int) {
	ready, weo, start := course(6 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(12).plus(-1), partTime)
	c.art60(start.plus(30), start.months(14), fullTime)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("CAT-03")
}
