package main

import "slices"

// badRow marks a client whose own row was written, and spoilt, by its archetype.
const badRow = "bad"

func badArchetypes() []archetype {
	return []archetype{
		{"otherService", 3, "", "no client of ours: the profile's filter leaves the row out", otherService},
		{"duplicateRow", 1, "CAT-05", "the same evaluation twice: the second is a duplicate", duplicateRow},
		{"badINSZCheck", 1, "", "`clienten`: check digits of the INSZ", badClient("INSZ", spoiltCheck)},
		{"badINSZMissing", 1, "", "`clienten`: no INSZ", badClient("INSZ", constant(""))},
		{"badDate", 1, "", "`clienten`: 31/02/1988", badClient("Geboortedatum", constant("31/02/1988"))},
		{"badByte", 1, "", "`clienten`: a byte that Windows-1252 lacks", badClient("Voornaam", constant("Ren"+badByte))},
		{"badCaseworker", 1, "", "`clienten`: no caseworker", badClient("Maatschappelijk werker", constant(""))},
		{"badFieldsMany", 1, "", "`clienten`: an unquoted semicolon makes one field too many", badFieldsMany},
		{"badDoubledKey", 1, "", "`clienten`: one client number twice, with different content (two rows)", badDoubledKey},
		{"badINSZNumber", 1, "", "`instroom`: the INSZ became 6,68E+10 in a spreadsheet", badINSZNumber},
		{"badCode", 1, "", "`trajecten`: a kind of track that isn't in the list", badTrack("Soort traject", "Activering+")},
		{"badFieldsFew", 1, "", "`trajecten`: the row breaks off after five fields", badFieldsFew},
		{"badEndBeforeStart", 1, "", "`contracten`: the end lies before the start", badContract("Einddatum", "01/06/2025")},
		{"badHours", 1, "", "`contracten`: 60 hours a week", badContract("Uren per week", "60,00")},
		{"badHoursText", 1, "", "`contracten`: hours that are no number", badContract("Uren per week", "38u00")},
		{"badKBO", 1, "", "`contracten`: check digits of the employer's KBO number", badContract("KBO werkgever", "0999.999.230")},
		{"badQuote", 1, "", "`evaluaties`: a quote that is never closed", badQuote},
		{"badYesNo", 1, "", "`evaluaties`: neither J nor N", badYesNo},
		{"badNobody", 1, "", "`evaluaties`: no client number; it holds up nobody (no client)", badNobody},
		{"badChoiceDate", 1, "", "`overdrachten`: no date of choice", badChoiceDate},
	}
}

// otherService: the department of budget guidance shares the vendor's report.
func otherService(w *world, name string, _ int) {
	c := w.newClient(name)
	c.kind, c.benefit = "Budgetbeheer", ""
}

// "Same key twice in a file: equal content, the later is duplicate" (design.md
// decision 7): no harm done.
func duplicateRow(w *world, name string, i int) {
	running(w, name, 3+i)
	c := w.clients[len(w.clients)-1]
	c.evaluated("2026-02-27", "fase")
	c.evaluated("2026-02-27", "fase")
}

// All that follow are "held for data: shown, counted, not decided" (design.md decision
// 5), whatever else the export says of them; what MLP holds stays.

func constant(value string) func(*client) string { return func(*client) string { return value } }

// spoiltCheck is the number with other check digits: neither century passes.
func spoiltCheck(c *client) string {
	last := c.insz[10]
	return dotted(c.insz[:10] + string('0'+(last-'0'+1)%10))
}

// badClient spoils one cell of a client's own row.
func badClient(heading string, value func(*client) string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		c := w.newClient(name).readyFrom(readySince(i + 5))
		w.clientTable.set(c.clientRow(), heading, value(c))
		c.kind = badRow
		c.held()
	}
}

func badFieldsMany(w *world, name string, i int) {
	c := w.newClient(name).readyFrom(readySince(i + 2))
	r := c.clientRow()
	// "Hoge Weg 3; bus 2", without the quotes.
	street := slices.Index(w.clientTable.heading, "Straat en nummer")
	r.cells = slices.Insert(r.cells, street+1, " bus 2")
	c.kind = badRow
	c.held()
}

func badDoubledKey(w *world, name string, i int) {
	c := w.newClient(name).readyFrom(readySince(i + 3))
	c.clientRow()
	w.clientTable.set(c.clientRow(), "Klaar voor traject", no)
	c.kind = badRow
	c.held()
}

func badINSZNumber(w *world, name string, i int) {
	c := w.newClient(name).readyFrom(readySince(i + 4))
	w.intakeTable.set(c.intakeRow(), "Rijksregisternr", "6,68E+10")
	c.kind = badRow
	c.held()
}

// heldCourse is a client whose course is sound but for the row that is spoilt. The
// rule is empty: nothing was decided.
func heldCourse(w *world, name string, i int) *client {
	ready, weo, start := course(4 + i)
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(15).plus(-1), fullTime)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "")
	c.held()
	return c
}

func badTrack(heading, value string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		w.trackTable.set(heldCourse(w, name, i).track, heading, value)
	}
}

func badFieldsFew(w *world, name string, i int) {
	c := heldCourse(w, name, i)
	w.trackTable.set(c.track, "Motivatie", motivations()[0]) // without a line break: too few fields, nothing else
	c.track.cells = c.track.cells[:5]
}

func badContract(heading, value string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		heldCourse(w, name, i)
		last := w.contractTable.rows[len(w.contractTable.rows)-1]
		w.contractTable.set(last, heading, value)
	}
}

func badQuote(w *world, name string, i int) {
	c := heldCourse(w, name, i)
	r := c.evaluated("2026-03-05", "tussentijds")
	// No other cell of this file holds a quote: what follows must not be swallowed.
	r.raw = c.number + ";" + c.trackNo + ";05/03/2026;tussentijds;J;J;N;" + c.counsellor + ";\"Goed gesprek, vervolg in mei;"
}

func badYesNo(w *world, name string, i int) {
	c := heldCourse(w, name, i)
	w.evaluationTable.set(c.evaluated("2026-03-06", "tussentijds"), "Competenties gescoord", "deels")
}

// badNobody is a row of which nobody can say whose it is.
func badNobody(w *world, _ string, _ int) {
	w.evaluationTable.add("Z10400", "", "T-2025", day("2026-02-11").dutch(), "tussentijds", yes, yes, no, "tb-02", "Gesprek met cliënt", "")
}

func badChoiceDate(w *world, name string, i int) {
	ready := day("2025-11-17").plus(i)
	choice := day("2026-03-03")
	c := w.newClient(name).readyFrom(ready)
	c.glow(choice)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.w.handoverTable.set(c.handoverRow(glowRequest(choice, "nl")), "Datum keuze", "")
	c.holds("05", ready, "ocmw", "")
	c.held()
}
