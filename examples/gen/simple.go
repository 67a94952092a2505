package main

import "fmt"

// An archetype makes clients of one sort: their rows, what MLP holds of them, and
// what it is to hold in the end. The comment of each function quotes the rule of the
// domain that its expectations follow from.
type archetype struct {
	name  string
	count int
	rules string
	about string // for the README
	make  func(w *world, name string, i int)
}

func archetypes() []archetype {
	var all []archetype
	simple := simpleArchetypes()
	all = append(all, simple[0])
	all = append(all, instrumentArchetypes()...)
	all = append(all, simple[1:]...)
	all = append(all, dossierArchetypes()...)
	all = append(all, tweArchetypes()...)
	all = append(all, exitArchetypes()...)
	all = append(all, personArchetypes()...)
	all = append(all, handoverArchetypes()...)
	return append(all, badArchetypes()...)
}

func simpleArchetypes() []archetype {
	return []archetype{
		{"notReady", 34, "CAT-01", "not ready for a track, unknown to VDAB", notReady},
		{"notReadyKnown", 14, "CAT-01", "not ready, has a dossier (03) that stays as it is", notReadyKnown},
		{"readyNew", 56, "CAT-02", "ready, no dossier: a new one with 05", readyNew},
		{"readyOver03", 20, "CAT-02, CAT-03", "ready, dossier with 03 that gives way to 05", readyOver03},
		{"ready05", 22, "CAT-02", "ready, stands as 05 already", ready05},
		{"readyOver78", 5, "CAT-02, CAT-03", "ready, 78 of an earlier job gives way to 05", readyOver78},
		{"readyLater", 3, "CAT-02", "ready from a day ahead: planned", readyLater},
		{"selfRegistered", 3, "CAT-02", "the client registers, and has", selfRegistered},
		{"selfRegisters", 2, "CAT-02", "the client registers, and hasn't yet: watched", selfRegisters},
		{"earlierContract", 2, "CAT-02, CAT-03", "ready again after an art. 60§7 contract of years ago: 05 over 90", earlierContract},
	}
}

// readySince spreads days of readiness over the months before today; never a day
// that a rule's limit turns on.
func readySince(i int) day { return today.plus(-20 - i*11%400) }

// CAT-01: "Client not ready for a track to work: nothing is registered at VDAB."
func notReady(w *world, name string, i int) {
	c := w.newClient(name).notReady()
	c.intake = i%4 == 0
	c.none("CAT-01")
}

// CAT-01: nothing is registered. The 03 that stands in the dossier is nobody's
// business here; domain.md has no rule that changes it.
func notReadyKnown(w *world, name string, i int) {
	c := w.newClient(name).notReady()
	since := readySince(i).plus(-200)
	c.dossier("none").had("03", since, "client")
	c.holds("03", since, "client", "CAT-03")
	c.none("CAT-01")
}

// CAT-02: "Client ready: registered as 05; a new dossier when none exists".
func readyNew(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name)
	if i%3 == 0 {
		c.intake = true
		since = today.plus(-i % 15) // some on the day itself
	}
	c.readyFrom(since)
	c.holds("05", since, "ocmw", "CAT-02")
}

// CAT-02: "else category and data of the existing one are updated". CAT-03: "05 over
// none, 03, ...". The 03 stays in the dossier's history: nothing is ever removed.
func readyOver03(w *world, name string, i int) {
	since := readySince(i)
	before := since.plus(-150 - i)
	c := w.newClient(name).readyFrom(since)
	setBy := []string{"client", "vdab"}[i%2]
	c.dossier([]string{"none", "ocmw", "vdab"}[i%3]).had("03", before, setBy)
	c.holds("03", before, setBy, "CAT-03")
	c.holds("05", since, "ocmw", "CAT-02")
}

// CAT-02: registered as 05. It stands there from the right day: no difference.
func ready05(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	s := c.dossier("ocmw")
	if i%4 == 0 {
		s.had("03", since.plus(-90), "client")
		c.holds("03", since.plus(-90), "client", "CAT-03")
	}
	s.had("05", since, "ocmw")
	c.holds("05", since, "ocmw", "CAT-02")
}

// CAT-03: "05 over ... 78 (older than the client's readiness)".
func readyOver78(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	left := since.plus(-300)
	c.dossier("none").had("03", left.plus(-100), "client").had("78", left, "vdab")
	c.holds("03", left.plus(-100), "client", "CAT-03")
	c.holds("78", left, "vdab", "CAT-03")
	c.holds("05", since, "ocmw", "CAT-02")
}

// "Registrations are sent on their valid-from day or later, never before": ready
// from a day ahead, so 05 is planned.
func readyLater(w *world, name string, i int) {
	since := today.plus(1 + i*8)
	c := w.newClient(name).readyFrom(since)
	if i > 0 {
		c.dossier("none").had("03", today.plus(-100), "client")
		c.holds("03", today.plus(-100), "client", "CAT-03")
	}
	c.planned("05", since, "ocmw", "CAT-02")
}

// CAT-02: "the record says who does it; where the client does, 05 is expected and
// watched, not sent."
func selfRegistered(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	c.registeredBy = byClient
	c.dossier("ocmw").had("05", since, "client")
	c.holds("05", since, "client", "CAT-02")
}

// CAT-02, as above; the client hasn't done it yet, so MLP holds no 05.
func selfRegisters(w *world, name string, i int) {
	since := today.plus(-6 - i)
	c := w.newClient(name).readyFrom(since)
	c.registeredBy = byClient
	if i > 0 {
		c.dossier("none").had("03", today.plus(-70), "client")
		c.holds("03", today.plus(-70), "client", "CAT-03")
	}
	c.watched("05", since, "client", "CAT-02")
}

// CAT-03: 05 "over a 90 or 93 whose contract at this OCMW ended before the client's
// readiness, unless CAT-07 or CAT-08 applies". The contract was too short for a
// benefit: nobody asked the RVA for anything, so neither applies.
func earlierContract(w *world, name string, i int) {
	code, reg := "90", fullTime
	if i%2 == 1 {
		code, reg = "93", partTime
	}
	first, start, end, again := day("2023-01-09"), day("2023-03-06"), day("2023-08-31"), today.plus(-30-i)
	c := w.newClient(name).readyFrom(again)
	c.twe(day("2023-02-01"), day("2023-02-06"))
	c.weoEnded(day("2023-08-31"), reasonOther)
	c.art60(start, end, reg)
	c.dossier("ocmw").had("05", first, "ocmw").hadWork("78", start, "vdab").hadWork(code, start, "ocmw").
		registered(c).registeredEnd(day("2023-08-31"), reasonOther)
	c.holds("05", first, "ocmw", "CAT-03") // of a readiness that the export no longer tells of
	c.holds("78", start, "vdab", "CAT-04")
	c.holds(code, start, "ocmw", "CAT-05")
	c.holds("05", again, "ocmw", "CAT-02")
}

func dossierArchetypes() []archetype {
	return []archetype{
		{"protected", 9, "CAT-03", "ready, but 00, 02, 11, 14, 80 or 82: stays", protected},
		{"benefitConflict", 2, "CAT-02", "draws a benefit, dossier says 03 or 05: a person decides", benefitConflict},
		{"unsettledCategory", 4, "CAT-03", "ready, dossier with 06, 10, 92 or an unknown code: a person decides", unsettledCategory},
		{"foreign90", 1, "CAT-03", "90 in MLP without any contract at this OCMW: a person decides", foreign90},
		{"partnerOwned", 2, "CAT-02, TWE-17", "ready, a tender partner owns the dossier: 05 is accepted", partnerOwned},
		{"partnerOwnedTWE", 2, "TWE-17", "a TWE in a partner's dossier: a person decides", partnerOwnedTWE},
		{"elsewhere", 2, "CAT-02", "the dossier lies in another municipality's area: a person decides", elsewhere},
		{"readinessUnknown", 1, "CAT-02", "the export doesn't say whether the client is ready", readinessUnknown},
		{"benefitUnknown", 1, "CAT-02", "ready and new, but the export doesn't say whether a benefit is drawn", benefitUnknown},
	}
}

// CAT-03: "Protected categories 00, 02, 11, 14, 80, 82 stay as they are: 05 never
// overwrites them." What the export says of a benefit agrees with each (00: full, 80:
// part time, the others: none), or CAT-02's last sentence would ask a person.
func protected(w *world, name string, i int) {
	code := []string{"00", "02", "11", "14", "80", "82", "00", "02", "11"}[i]
	c := w.newClient(name).readyFrom(readySince(i))
	c.benefit = map[string]string{"00": benefitFull, "80": benefitPart}[code]
	if c.benefit == "" {
		c.benefit = benefitNone
	}
	since := readySince(i).plus(-60)
	setBy := []string{"other", "client", "other"}[i%3]
	c.dossier("vdab").had(code, since, setBy)
	c.holds(code, since, setBy, "CAT-03")
}

// CAT-02: "A client who draws unemployment benefit is not made 05 whatever the
// dossier says: where they disagree, manual decision."
func benefitConflict(w *world, name string, i int) {
	code, setBy := "03", "client"
	if i == 1 {
		code, setBy = "05", "ocmw"
	}
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	c.benefit = []string{benefitFull, benefitPart}[i]
	from := since.plus(-40 * (1 - i))
	c.dossier("ocmw").had(code, from, setBy)
	c.holds(code, from, setBy, "CAT-03") // left alone until a person has decided
	c.manual("CAT-02")
}

// CAT-03: "06, 10, 92 and unknown codes are left to a person".
func unsettledCategory(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	code := []string{"06", "10", "92", "33"}[i]
	c.dossier("vdab").had(code, since.plus(-80), "other")
	c.holds(code, since.plus(-80), "other", "CAT-03")
	c.manual("CAT-03")
}

// CAT-03: "Every other pair is a manual decision, and so are ... 90/93 found where
// this OCMW has no contract."
func foreign90(w *world, name string, i int) {
	since := readySince(i)
	c := w.newClient(name).readyFrom(since)
	c.dossier("none").had("90", since.plus(-120), "other")
	c.holds("90", since.plus(-120), "other", "CAT-03")
	c.manual("CAT-03")
}

// TWE-17: a partner's dossier "accepts address, work situation/category".
func partnerOwned(w *world, name string, i int) {
	since := readySince(i + 3)
	c := w.newClient(name).readyFrom(since)
	c.dossier("partner").had("03", since.plus(-130), "partner")
	c.holds("03", since.plus(-130), "partner", "CAT-03")
	c.holds("05", since, "ocmw", "CAT-02")
}

// TWE-17: "but no TWE line; the OCMW first contacts the partner". The 05 stands.
func partnerOwnedTWE(w *world, name string, i int) {
	since := day("2025-12-01").plus(i)
	c := w.newClient(name).readyFrom(since)
	c.twe(day("2026-02-16"), day("2026-02-23").plus(i))
	c.dossier("partner").had("05", since, "ocmw")
	c.holds("05", since, "ocmw", "CAT-02")
	c.manual("TWE-17")
}

// design.md decision 19: "A create refused because the person has a dossier outside
// our area is a manual decision." The rule that asked for the dossier is CAT-02.
func elsewhere(w *world, name string, i int) {
	c := w.newClient(name).readyFrom(readySince(i))
	c.dossier("ocmw").had("05", day("2024-09-02").plus(i), "other").elsewhere = true
	c.manual("CAT-02")
}

// "What a source does not settle is never guessed": an empty cell is unknown, never
// "not ready". CAT-02 is the rule that would register.
func readinessUnknown(w *world, name string, i int) {
	c := w.newClient(name)
	c.dossier("none").had("03", today.plus(-90-i), "client")
	c.holds("03", today.plus(-90-i), "client", "CAT-03")
	c.manual("CAT-02")
}

// As above: CAT-02 makes nobody 05 who draws a benefit, and that is unknown here.
func benefitUnknown(w *world, name string, i int) {
	c := w.newClient(name).readyFrom(readySince(i))
	c.benefit = ""
	c.manual("CAT-02")
}

func codeOf(name string) string {
	switch name {
	case fullTime:
		return "90"
	case partTime:
		return "93"
	default:
		panic(fmt.Sprintf("no category for regime %q", name))
	}
}
