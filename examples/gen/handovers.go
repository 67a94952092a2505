package main

func handoverArchetypes() []archetype {
	return []archetype{
		{"glow", 3, "CAT-02, HND-01", "GLOW, complete: sent", glowComplete},
		{"glow2024", 1, "GLOW-04, HND-01", "chosen the day before GLOW24 holds; its new question isn't asked: sent", glowOlder},
		{"glowUnanswered", 1, "GLOW-04, HND-02", "an exclusion isn't answered: a person decides", glowUnanswered},
		{"glowExcluded", 1, "GLOW-04", "an exclusion is answered with yes: not sent", glowExcluded},
		{"glowGroundOne", 1, "HND-02", "ground 1 is health data, and no agreement stands: not sent", glowGroundOne},
		{"glowNoGround", 1, "GLOW-02", "no ground is named: a person decides", glowNoGround},
		{"glowCategory80", 1, "CAT-03, GLOW-04", "category 80 is excluded from GLOW since GLOW24", glowCategory80},
		{"glowAndTWE", 1, "GLOW-05", "GLOW and TWE are both chosen: a person decides", glowAndTWE},
		{"warmTraining", 2, "CAT-07, HND-01, TWE-10", "TWE stops for a long training: warm handover", warmTraining},
		{"warmOther", 1, "CAT-07, HND-01", "TWE ends without a job, the record asks for a warm handover", warmOther},
	}
}

// glowClient stands as 05 and has chosen GLOW.
func glowClient(w *world, name string, i int, choice day) *client {
	ready := choice.plus(-90 - i)
	c := w.newClient(name).readyFrom(ready)
	c.glow(choice)
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	return c
}

// GLOW-02 to GLOW-04: a ground, all conditions, every exclusion answered with no.
// GLOW-03: contact in Dutch, French or English.
func glowComplete(w *world, name string, i int) {
	choice := day("2026-02-16").plus(7 * i)
	c := glowClient(w, name, i, choice)
	c.handover(glowRequest(choice, []string{"nl", "fr", "en"}[i]), "")
}

// "A handover is judged by the rules of the date of its choice": the question about an
// appeal is "New in GLOW24", which holds for choices from 01/11/2024 on. In GLOW23 it
// needs no answer.
func glowOlder(w *world, name string, i int) {
	choice := day("2024-10-31")
	c := glowClient(w, name, i, choice)
	q := glowRequest(choice, "nl")
	q.answers[5] = ""
	c.handover(q, "")
}

// HND-02: "exclusion answers (each answered, none assumed)".
func glowUnanswered(w *world, name string, i int) {
	choice := day("2026-03-02")
	c := glowClient(w, name, i, choice)
	q := glowRequest(choice, "nl")
	q.answers[4] = ""
	c.handover(q, "GLOW-04")
	c.manual("GLOW-04")
}

// GLOW-04: "needs (re)training or language training". design.md decision 22: "an
// exclusion answered "yes" stops the handover and is never sent".
func glowExcluded(w *world, name string, i int) {
	choice := day("2026-02-23")
	c := glowClient(w, name, i, choice)
	q := glowRequest(choice, "fr")
	q.answers[3] = yes
	c.handover(q, "GLOW-04")
	c.manual("GLOW-04")
}

// HND-02: "No health data, except ground 1 as a code where the OCMW's data protection
// officer agreed"; this OCMW's didn't. The ground itself is bridgeable (GLOW-02).
func glowGroundOne(w *world, name string, i int) {
	choice := day("2026-03-09")
	c := glowClient(w, name, i, choice)
	q := glowRequest(choice, "nl")
	q.grounds, q.bridgeable = "1,4", yes
	c.handover(q, "HND-02")
	c.manual("HND-02")
}

// GLOW-02: "none named: manual decision".
func glowNoGround(w *world, name string, i int) {
	choice := day("2026-02-09")
	c := glowClient(w, name, i, choice)
	q := glowRequest(choice, "en")
	q.grounds = ""
	c.handover(q, "GLOW-02")
	c.manual("GLOW-02")
}

// CAT-03: 80 is protected. GLOW-04: "New in GLOW24: categories 80 and 93".
func glowCategory80(w *world, name string, i int) {
	choice, since := day("2026-02-02").plus(i), day("2025-06-02")
	c := w.newClient(name).readyFrom(choice.plus(-30))
	c.benefit = benefitPart
	c.glow(choice)
	c.dossier("vdab").had("80", since, "other")
	c.holds("80", since, "other", "CAT-03")
	c.handover(glowRequest(choice, "nl"), "GLOW-04")
	c.manual("GLOW-04")
}

// GLOW-05: "GLOW and TWE exclude each other; the choice, once made, stays."
func glowAndTWE(w *world, name string, i int) {
	choice := day("2026-03-04").plus(i)
	c := glowClient(w, name, i, choice)
	c.twe(day("2026-02-02"), day("2026-02-09"))
	c.seed.registered(c)
	c.handover(glowRequest(choice, "nl"), "GLOW-05")
	c.manual("GLOW-05")
}

// TWE-10, situation 1: "TWE stops when art. 60 ends ... with a warm handover, sent
// when the training is known." CAT-07: entitled the day after.
func warmTraining(w *world, name string, i int) {
	end := day("2026-03-08")
	c := worked(w, name, i, end)
	c.weoEnded(end, reasonTraining)
	c.decidedByRVA("2026-03-09", "2026-03-13")
	q := warmRequest("WARM_TRAINING", day("2026-03-02").plus(i))
	q.trainingStart, q.trainingEnd = "2026-03-16", "2026-11-27"
	c.handover(q, "")
	c.holds("00", "2026-03-09", "ocmw", "CAT-07")
}

// HND-01: "WARM_OTHER (... TWE ends without a job: derived ...; sent only when the
// record asks for it)".
func warmOther(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-08")
	c.weoEnded("2026-03-15", reasonNoJob)
	c.evaluated("2026-03-13", "eind")
	c.decidedByRVA("2026-03-09", "2026-03-12")
	c.handover(warmRequest("WARM_OTHER", "2026-03-12"), "")
	c.holds("00", "2026-03-09", "ocmw", "CAT-07")
}
