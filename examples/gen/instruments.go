package main

import "strconv"

// instrumentArchetypes are about what a TWE uses beside art. 60§7, and about whose
// dossier it is. They draw random numbers of their own: the clients after them stay
// as they are when one is added here.
func instrumentArchetypes() []archetype {
	all := append(placementArchetypes(), trainingArchetypes()...)
	all = append(all, dossierContentArchetypes()...)
	all = append(all, identityArchetypes()...)
	for i, a := range all {
		all[i].make = func(w *world, name string, n int) {
			shared := w.random
			w.random = &random{state: uint64(len(name)*1000 + n)}
			a.make(w, name, n)
			w.random = shared
		}
	}
	return all
}

func placementArchetypes() []archetype {
	return []archetype{
		{"bvs", 1, "TWE-04, TWE-13", "a BVS with a plan between WEO and art. 60§7, until 31/12/2022: sent, with stageplan and final report", bvs},
		{"bvsWithoutPlan", 1, "TWE-04", "the same without a plan: not sent", bvsWithoutPlan},
		{"bvsAfter2022", 1, "TWE-04", "a BVS that begins in 2023, on which the sources disagree: not sent", bvsAfter2022},
		{"wes", 1, "CAT-08, TWE-04", "a WES after art. 60§7: sent", placedAfterArt60("WES", "2026-03-09", "2026-05-29", atNonProfit, "76,00")},
		{"ibo", 1, "CAT-08, TWE-04", "an IBO after art. 60§7: sent", placedAfterArt60("IBO", "2026-03-16", "2026-09-11", atCompany, "164,66")},
		{"communityService", 1, "CAT-07, GLOW-07, TWE-04", "a WES that is rightly called gemeenschapsdienst: sent as such", communityService},
		{"communityServiceWrongly", 1, "CAT-08, GLOW-07, TWE-04", "70 hours a month and no benefit: sent as a WES, and no gemeenschapsdienst", communityServiceWrongly},
	}
}

// earlierTWE is a TWE of 2022 to 2024 that ended with a job, all in MLP but what the
// archetype adds. TWE-03: art. 60§7 within two months; CAT-09: 78 for the job.
func earlierTWE(w *world, name string) *client {
	ready, weo, start, end, job := day("2022-09-05"), day("2022-11-21"), day("2023-01-09"), day("2024-06-28"), day("2024-07-01")
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.weoEnded(end, reasonJob)
	c.art60(start, end, fullTime)
	c.evaluatedRegularly(end)
	c.evaluated("2024-06-27", "eind")
	c.job(job, fullTime)
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").had("78", job, "ocmw").
		registered(c).registeredEnd(end, reasonJob)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("78", job, "ocmw", "CAT-09")
	return c
}

// TWE-04: "BVS only between WEO and art. 60 start; each BVS needs an internship plan
// ... instruments have validity periods": this one ends on the last day on which nobody
// doubts it. TWE-13: "End of TWE with a job: WEO end date registered and final report
// uploaded."
func bvs(w *world, name string, _ int) {
	c := earlierTWE(w, name)
	c.placed(placement{kind: "BVS", start: "2022-12-05", end: "2022-12-31", plan: yes, host: atCompany, hours: "152,00", community: no})
	c.documented("stageplan", "2022-12-01")
	c.documented("eindverslag", "2024-06-28")
	c.sends("placement", "BVS", "2022-12-05", "TWE-04")
	c.sends("document", "internshipPlan", "2022-12-01", "TWE-04")
	c.sends("document", "finalReport", "2024-06-28", "TWE-13")
}

// TWE-04: "each BVS needs an internship plan".
func bvsWithoutPlan(w *world, name string, _ int) {
	c := earlierTWE(w, name)
	c.placed(placement{kind: "BVS", start: "2022-12-05", end: "2022-12-30", plan: no, host: atNonProfit, hours: "76,00", community: no})
	c.stops("placement", "BVS", "2022-12-05", "TWE-04")
	c.manual("TWE-04")
}

// TWE-04: "BVS was folded into WES on 1/1/2023 according to one public source while
// GLOW24 still lists it". "What a source does not settle is never guessed".
func bvsAfter2022(w *world, name string, _ int) {
	c := earlierTWE(w, name)
	c.placed(placement{kind: "BVS", start: "2023-01-02", end: "2023-01-06", plan: yes, host: atNonProfit, hours: "38,00", community: no})
	c.stops("placement", "BVS", "2023-01-02", "TWE-04")
	c.manual("TWE-04")
}

// TWE-04: "WES, IBO and short training with internship are the instruments after
// art. 60." CAT-08: the RVA decides, so no category changes.
func placedAfterArt60(kind string, start, end day, host, hours string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		c := worked(w, name, i, "2026-03-06")
		c.decision = decisionOpen
		c.placed(placement{kind: kind, start: start, end: end, host: host, hours: hours, community: no})
		c.none("CAT-08")
		c.sends("placement", kind, start, "TWE-04")
	}
}

// GLOW-07: "a WES is called that only when it takes place at a local authority,
// non-profit or school, takes 32 to 64 hours a month, and the client has drawn
// unemployment benefit for more than 2 years." Outside GLOW, whose partner registers, that
// is a TWE that goes on beyond its 24 months: "a warning, not an error" (TWE-02).
func communityService(w *world, name string, _ int) {
	ready, weo, start, end, benefit := day("2023-01-09"), day("2023-03-06"), day("2023-04-03"), day("2023-12-29"), day("2023-12-30")
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, end, fullTime)
	c.evaluatedRegularly(today)
	c.decidedByRVA(benefit, "2024-01-08")
	c.benefitSince = benefit.dutch()
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork("90", start, "ocmw").had("00", benefit, "ocmw").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds("90", start, "ocmw", "CAT-05")
	c.holds("00", benefit, "ocmw", "CAT-07")
	c.placed(placement{kind: "WES", start: "2026-02-02", end: "2026-06-12", host: atLocalAuthority, hours: "40,50", community: yes})
	c.sends("placement", "WES gemeenschapsdienst", "2026-02-02", "TWE-04")
}

// GLOW-07, as above: too many hours, and no benefit. "Zo niet, dan zijn het
// WES-stageplaatsen" (GLOW24 1.2): it is sent without the name, and the worklist says so.
func communityServiceWrongly(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-06")
	c.decision = decisionOpen
	c.placed(placement{kind: "WES", start: "2026-03-09", end: "2026-06-12", host: atSchool, hours: "70,00", community: yes})
	c.none("CAT-08")
	c.sends("placement", "WES", "2026-03-09", "TWE-04")
	c.finding("GLOW-07")
}

func trainingArchetypes() []archetype {
	return []archetype{
		{"trainingShort", 1, "CAT-08, TWE-09", "a recognised training of two months after art. 60§7: a reference is sent", trained("2026-03-09", "2026-05-08", yes, "")},
		{"trainingLong", 1, "CAT-08, TWE-10", "full time for six months, and nobody says since when the need is known: a person decides", trainingLong},
		{"trainingUnrecognised", 1, "CAT-08, TWE-11", "a training that isn't recognised, inside a TWE", trained("2026-03-09", "2026-04-03", no, "TWE-11")},
		{"trainingPartTime", 1, "CAT-08, TWE-11", "part time, goes on after art. 60§7 with half-time guidance: a reference is sent", trainedOn(yes, "")},
		{"trainingUnguided", 1, "CAT-08, TWE-11", "the same without that guidance", trainedOn(no, "TWE-11")},
		{"warmSituationOne", 1, "CAT-07, HND-01, TWE-10", "part time during art. 60§7, then full time for over three months: warm handover", warmSituationOne},
		{"warmSituationTwo", 1, "CAT-07, HND-01, TWE-10", "the need for a long training appears during art. 60§7: warm handover", warmSituationTwo},
		{"competencesUpdated", 1, "CAT-07, TWE-12", "competences scored after a training: sent", competencesUpdated},
		{"competencesMissing", 1, "CAT-07, TWE-12", "a training has ended, and no competence was scored", competencesMissing},
	}
}

// TWE-09: "Training inside a TWE: recognised, serves the job target, at most 3 months
// full time". TWE-11: "Unrecognised training never." Where the limits are kept "the OCMW
// leaves a reference to it in the dossier".
func trained(start, end day, recognised, rule string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		c := worked(w, name, i, "2026-03-06")
		c.decision = decisionOpen
		c.trained(training{title: "Heftruckchauffeur", start: start, end: end, recognised: recognised, regime: fullTime, serves: yes})
		c.none("CAT-08")
		if rule != "" {
			c.finding(rule)
			c.stops("note", "trainingReference", "", rule)
			return
		}
		c.sends("note", "trainingReference", "", "TWE-09")
	}
}

// TWE-10: TWE stops for a long training where "the need for a long training appears during
// art. 60"; the export doesn't say when it did. "What a source does not settle is never
// guessed".
func trainingLong(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-06")
	c.decision = decisionOpen
	c.trained(training{title: "Heftruckchauffeur", start: "2026-03-09", end: "2026-09-04", recognised: yes, regime: fullTime, serves: yes})
	c.none("CAT-08")
	c.stops("note", "trainingReference", "", "TWE-10")
	c.manual("TWE-10")
}

// TWE-11: "Part-time training may run on after art. 60 if the OCMW keeps guiding at
// least half time." It began beside art. 60, where it was in its place: the reference is
// left in either case.
func trainedOn(guided, rule string) func(w *world, name string, i int) {
	return func(w *world, name string, i int) {
		c := worked(w, name, i, "2026-03-06")
		c.decision = decisionOpen
		c.trained(training{title: "Polyvalent verzorgende", start: "2026-01-12", end: "2026-05-29", recognised: yes, regime: partTime, guided: guided, serves: yes})
		c.none("CAT-08")
		c.sends("note", "trainingReference", "", "TWE-11")
		if rule != "" {
			c.finding(rule)
		}
	}
}

// TWE-10, situation 1: "a recognised training for the job target, begun part time
// during art. 60, goes on full time for more than 3 months after it: TWE stops when
// art. 60 ends ... with a warm handover".
func warmSituationOne(w *world, name string, i int) {
	end := day("2026-03-08")
	c := worked(w, name, i, end)
	c.weoEnded(end, reasonTraining)
	c.decidedByRVA("2026-03-09", "2026-03-13")
	c.trained(training{title: "Zorgkundige", start: "2025-11-03", end: "2026-11-27", recognised: yes, regime: partTime, fullTimeFrom: "2026-03-09",
		internshipStart: "2026-10-05", internshipEnd: "2026-11-27", guided: yes, serves: yes})
	c.warmTrainingFrom("2026-02-23", "2026-03-09", "2026-11-27")
}

// TWE-10, situation 2: "the need for a long training appears during art. 60: the OCMW
// guides until the end of TWE or the start of the training, and TWE stops when it
// starts."
func warmSituationTwo(w *world, name string, i int) {
	c := worked(w, name, i, "2026-03-08")
	c.weoEnded("2026-03-15", reasonTraining)
	c.decidedByRVA("2026-03-09", "2026-03-13")
	c.trained(training{title: "Elektricien", start: "2026-03-16", end: "2026-12-18", recognised: yes, regime: fullTime, needKnown: "2025-12-01", serves: yes})
	c.warmTrainingFrom("2026-03-02", "2026-03-16", "2026-12-18")
}

// warmTrainingFrom: the request is sent; CAT-07: entitled the day after art. 60§7. The
// training is to be found from the TWE line: a reference.
func (c *client) warmTrainingFrom(choice, start, end day) {
	q := warmRequest("WARM_TRAINING", choice)
	q.trainingStart, q.trainingEnd = start, end
	c.handover(q, "")
	c.holds("00", "2026-03-09", "ocmw", "CAT-07")
	c.sends("note", "trainingReference", "", "TWE-10")
}

// TWE-12: "After a competence-building action the competences in the dossier are
// updated." TWE-09: the internship doesn't count, so this one isn't too long.
func competencesUpdated(w *world, name string, i int) {
	c := afterTraining(w, name, i)
	for n, level := range []string{"verworven", "in ontwikkeling", "niet verworven"} {
		competence := []string{"Op tijd komen", "Samenwerken", "Zelfstandig werken"}[n]
		c.scored(competence, level, "2026-03-11")
		c.sends("competence", competence, "2026-03-11", "TWE-12")
	}
}

// TWE-12, as above: nothing was updated.
func competencesMissing(w *world, name string, i int) {
	afterTraining(w, name, i).finding("TWE-12")
}

// afterTraining: art. 60§7 ended in November, 00 since, and a training with its
// internship has ended too.
func afterTraining(w *world, name string, i int) *client {
	c := worked(w, name, i, "2025-11-28")
	c.evaluated("2026-01-12", "fase")
	c.decidedByRVA("2025-11-29", "2025-12-03")
	c.seed.had("00", "2025-11-29", "ocmw")
	c.holds("00", "2025-11-29", "ocmw", "CAT-07")
	c.trained(training{title: "Keukenmedewerker", start: "2025-12-01", end: "2026-03-06", recognised: yes, regime: fullTime,
		internshipStart: "2026-02-09", internshipEnd: "2026-03-06", serves: yes})
	c.sends("note", "trainingReference", "", "TWE-09")
	return c
}

func dossierContentArchetypes() []archetype {
	return []archetype{
		{"documents", 1, "TWE-07, TWE-08", "POP and interim report as PDFs: sent", documents},
		{"documentMissing", 1, "TWE-07", "an interim report whose file isn't there: not sent", documentMissing},
		{"finalAdvice", 1, "CAT-07, TWE-13", "TWE ended without a job: competences, final advice and report are sent", finalAdvice},
		{"socialEconomyDuring", 1, "TWE-16", "social economy turns out the highest during art. 60§7, indication asked for: it goes on", socialEconomyDuring},
		{"socialEconomyNotAsked", 1, "TWE-16", "the same, and no indication was asked for", socialEconomyNotAsked},
		{"socialEconomyBefore", 1, "TWE-16", "it was known before the start: no TWE, a person decides", socialEconomyBefore},
		{"increasedAllowance", 1, "TWE-05", "increased allowance in social economy, for twelve months", increasedAllowance},
		{"increasedAllowanceLong", 1, "TWE-05", "the same, asked for longer than twelve months", increasedAllowanceLong},
		{"confirmed93", 1, "CAT-11", "93 was confirmed in January: again four months later", confirmed93},
	}
}

// workingInTWE is in art. 60§7 since four months, all of it in MLP.
func workingInTWE(w *world, name, reg string) *client {
	ready, weo, start := day("2025-09-01"), day("2025-10-06"), day("2025-11-10")
	c := w.newClient(name).readyFrom(ready)
	c.leefloon = leefloonNone
	c.twe(weo, weo)
	c.art60(start, start.months(18).plus(-1), reg)
	c.evaluatedRegularly(today)
	c.evaluated("2026-02-27", "tussentijds")
	c.dossier("ocmw").had("05", ready, "ocmw").hadWork("78", start, "vdab").hadWork(codeOf(reg), start, "ocmw").registered(c)
	c.holds("05", ready, "ocmw", "CAT-02")
	c.holds("78", start, "vdab", "CAT-04")
	c.holds(codeOf(reg), start, "ocmw", "CAT-05")
	return c
}

// TWE-08: "From the start the dossier holds ... a POP"; TWE-07: "the POP is
// supplemented or an interim report uploaded".
func documents(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.documented("POP", "2025-10-06")
	c.documented("tussentijds verslag", "2026-02-27")
	c.sends("document", "developmentPlan", "2025-10-06", "TWE-08")
	c.sends("document", "interimReport", "2026-02-27", "TWE-07")
}

// TWE-07, and "an unknown or missing value is never taken for no": the export names a
// file that nobody put there. What MLP holds stays.
func documentMissing(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.documentRow("tussentijds verslag", "2026-02-27")
	c.stops("document", "interimReport", "2026-02-27", "")
	c.finding("")
}

// TWE-13: "Without a job: also competences updated and final advice registered", and
// the final report. CAT-07: 00 stands since art. 60§7 ended.
func finalAdvice(w *world, name string, i int) {
	c := worked(w, name, i, "2026-02-27")
	c.weoEnded("2026-03-13", reasonNoJob)
	c.evaluated("2026-03-12", "eind")
	c.decidedByRVA("2026-02-28", "2026-03-04")
	c.seed.had("00", "2026-02-28", "ocmw")
	c.holds("00", "2026-02-28", "ocmw", "CAT-07")
	c.w.trackTable.set(c.track, "Eindadvies", "Zoekt best verder als groenarbeider;\nbegeleiding op de werkvloer blijft nodig.")
	c.w.trackTable.set(c.track, "Datum eindadvies", day("2026-03-13").dutch())
	c.scored("Samenwerken", "verworven", "2026-03-12")
	c.documented("eindverslag", "2026-03-13")
	c.sends("note", "finalAdvice", "2026-03-13", "TWE-13")
	c.sends("competence", "Samenwerken", "2026-03-12", "TWE-13")
	c.sends("document", "finalReport", "2026-03-13", "TWE-13")
}

// TWE-16: "Social economy turns out to be the highest reachable: indication procedure
// during art. 60, which goes on meanwhile."
func socialEconomyDuring(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.w.trackTable.set(c.track, "Sociale economie hoogst haalbaar op", day("2026-02-09").dutch())
	c.w.trackTable.set(c.track, "Indicering aangevraagd op", day("2026-02-16").dutch())
}

// TWE-16, as above; the procedure wasn't begun.
func socialEconomyNotAsked(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.w.trackTable.set(c.track, "Sociale economie hoogst haalbaar op", day("2026-02-09").dutch())
	c.finding("TWE-16")
}

// TWE-16: "If it is so before the start, no TWE." The 05 stands.
func socialEconomyBefore(w *world, name string, _ int) {
	ready := day("2025-11-03")
	c := w.newClient(name).readyFrom(ready)
	c.twe("2026-02-16", "2026-03-09")
	c.w.trackTable.set(c.track, "Sociale economie hoogst haalbaar op", day("2026-03-02").dutch())
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("TWE-16")
}

// TWE-05: "in social economy an increased allowance can be asked for at most 12
// months": the last day of them is watched.
func increasedAllowance(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.allowance("2025-11-10", "2026-11-09")
	c.deadline("TWE-05", "2026-11-09")
}

// TWE-05, as above: asked for longer.
func increasedAllowanceLong(w *world, name string, _ int) {
	c := workingInTWE(w, name, fullTime)
	c.allowance("2025-11-10", "2027-01-09")
	c.finding("TWE-05")
}

// CAT-11: "93 must be confirmed every 4 months: a deadline on the worklist; nothing is
// sent." The confirmation is a day of the export: four months from there.
func confirmed93(w *world, name string, _ int) {
	c := workingInTWE(w, name, partTime)
	c.confirmed93 = day("2026-01-12").dutch()
	c.deadline("CAT-11", "2026-05-12")
}

func identityArchetypes() []archetype {
	return []archetype{
		{"moved", 1, "", "lives in another municipality now: a person decides", moved},
		{"replacedINSZ", 1, "CAT-02", "MLP knows the client by a newer INSZ: the dossier is found, the worklist says so", replacedINSZ},
		{"canceledINSZ", 1, "", "MLP knows the INSZ as cancelled: a person decides", canceledINSZ},
	}
}

// GLOW24 1.5.1: "An OCMW sees and writes only dossiers of its own area"; no rule of the
// domain says what becomes of a client who moved, so a person does.
func moved(w *world, name string, _ int) {
	ready := day("2025-08-11")
	c := w.newClient(name).readyFrom(ready)
	c.nis, c.city = otherNIS, otherCity
	c.dossier("ocmw").had("05", ready, "ocmw")
	c.holds("05", ready, "ocmw", "CAT-02")
	c.manual("")
}

// Domain, section 4: "An INSZ can be replaced or cancelled; a person has an internal id
// and a history of INSZ." The dossier is the client's; the export has the old number.
func replacedINSZ(w *world, name string, _ int) {
	ready := day("2025-09-22")
	c := w.newClient(name).readyFrom(ready)
	s := c.dossier("ocmw").had("05", ready, "ocmw")
	for n := 1; s.insz == "" || w.used[s.insz]; n++ {
		s.insz = testINSZ(c.born, n)
	}
	w.used[s.insz] = true
	c.holds("05", ready, "ocmw", "CAT-02")
	c.finding("")
}

// As above: a cancelled number stands for nobody, so nothing is made or sent.
func canceledINSZ(w *world, name string, _ int) {
	c := w.newClient(name).readyFrom("2026-01-19")
	c.seed = &seed{canceled: true}
	c.manual("")
}

// allowance fills in the increased allowance of a contract, which makes its employer
// one of social economy.
func (c *client) allowance(from, until day) {
	t := c.w.contractTable
	r := t.rows[len(t.rows)-1]
	e := employers()[1]
	c.contract.employer, c.contract.social = e, yes
	t.set(r, "KBO werkgever", e.kbo)
	t.set(r, "Werkgever", e.name)
	t.set(r, "Sociale economie", yes)
	t.set(r, "Verhoogde toelage vanaf", from.dutch())
	t.set(r, "Verhoogde toelage tot en met", until.dutch())
}

// A placement is a row of plaatsingen.
type placement struct {
	kind                         string
	start, end                   day
	plan, host, hours, community string
}

// Words of the export's list of hosts.
const (
	atLocalAuthority = "lokaal bestuur"
	atNonProfit      = "vzw"
	atSchool         = "school"
	atCompany        = "bedrijf"
)

func hosts() map[string]employer {
	e := employers()
	return map[string]employer{atLocalAuthority: e[0], atNonProfit: e[1], atCompany: e[3], atSchool: {"0999.999.823", "Basisschool De Zonnebloem"}}
}

func (c *client) placed(p placement) {
	e := hosts()[p.host]
	c.w.placementTable.add(c.number+string(p.start), c.number, c.trackNo, p.kind, p.start.dutch(), p.end.dutch(), e.kbo, e.name, p.host,
		p.plan, p.hours, p.community)
}

// A training is a row of opleidingen.
type training struct {
	title                                                   string
	start, end                                              day
	recognised, regime                                      string
	fullTimeFrom, internshipStart, internshipEnd, needKnown day
	guided, serves                                          string
}

func (c *client) trained(t training) {
	c.w.trainingTable.add(c.number+string(t.start), c.number, t.title, "VDAB Opleidingscentrum Zonnedorp", t.start.dutch(), t.end.dutch(), t.recognised,
		t.regime, t.fullTimeFrom.dutch(), t.internshipStart.dutch(), t.internshipEnd.dutch(), t.needKnown.dutch(), t.guided, t.serves)
}

func (c *client) scored(competence, level string, on day) {
	c.w.competenceTable.add(c.number+competence, c.number, competence, level, on.dutch(), c.counsellor)
}

// documented adds a document, row and file.
func (c *client) documented(kind string, on day) {
	c.w.documents[c.documentRow(kind, on)] = pdf(kind, c.number, on)
}

// documentRow names a document; its file's name holds no person's name, only the
// client's number. It returns its path.
func (c *client) documentRow(kind string, on day) string {
	name := map[string]string{"POP": "pop", "stageplan": "stageplan", "tussentijds verslag": "verslag", "eindverslag": "eindverslag"}[kind]
	path := strconv.Itoa(on.time().Year()) + "/" + name + "-" + c.number[1:] + ".pdf"
	c.w.documentTable.add(c.number+string(on), c.number, c.trackNo, kind, on.dutch(), path)
	return path
}
