package main

import (
	"fmt"
	"strings"
)

// A contract is one art. 60§7 contract with its regimes.
type contract struct {
	number     string
	start, end day
	regimes    []regime
	employer   employer
	social     string
	nova       string
}

type regime struct {
	from  day
	name  string // fullTime, partTime
	hours string
}

func hoursOf(name string) string {
	if name == fullTime {
		return "38,00"
	}
	return "19,50"
}

func motivations() []string {
	return []string{
		"Weinig recente werkervaring; wil graag buiten werken.",
		"Generieke competenties versterken\n(op tijd komen, samenwerken) en ervaring opdoen.",
		"Zegt zelf: \"ik wil vooruit\".",
		"Nood aan recente werkervaring – haalbaar binnen 2 jaar.",
		"Eerste werkervaring in België, vlotte leerder.",
	}
}

func jobTargets() []string {
	return []string{"Groenarbeider", "Keukenhulp", "Logistiek medewerker", "Schoonmaker", "Winkelmedewerker",
		"Onthaalmedewerker", "Magazijnier", "Zorgkundige (hulp)", "Kassamedewerker", "Fietsenhersteller"}
}

// twe adds a TWE track with its WEO; weo "" is a choice without WEO.
func (c *client) twe(choice, weo day) {
	c.weo = weo
	c.addTrack("TWE", choice, weo)
}

// glow adds the choice for GLOW.
func (c *client) glow(choice day) { c.addTrack("GLOW", choice, "") }

func (c *client) addTrack(kind string, choice, weo day) {
	c.trackNo = fmt.Sprintf("%s-%s", kind[:1], string(choice)[:4])
	need, within, subsidy, pop := "generiek", yes, "245,83", weo.dutch()
	if kind == "GLOW" {
		need, within, subsidy, pop = "", "", "", ""
	}
	c.target = pick(c.w.random, jobTargets())
	c.track = c.w.trackTable.add(c.number, c.number, c.trackNo, kind, choice.dutch(), pick(c.w.random, motivations()), need, within,
		c.target, pop, weo.dutch(), "", "", c.counsellor, subsidy, "", "", "", "")
}

// weoEnded fills in the end of the WEO.
func (c *client) weoEnded(d day, reason string) {
	c.w.trackTable.set(c.track, "Einde WEO", d.dutch())
	c.w.trackTable.set(c.track, "Reden einde WEO", reason)
}

// art60 adds a contract art. 60§7 with one regime; end "" is open. In social
// economy the contract has a reference of Nova Prima (TWE-05).
func (c *client) art60(start, end day, name string) *contract {
	e := pick(c.w.random, employers())
	k := &contract{number: "C" + strings.ReplaceAll(string(start), "-", "")[2:], start: start, end: end, employer: e,
		regimes: []regime{{start, name, hoursOf(name)}}, social: no, nova: "NP-" + c.number[1:] + "-" + string(start)[2:4]}
	if strings.Contains(e.name, "vzw") || strings.Contains(e.name, "Sociaal") {
		k.social = yes
	}
	c.contract = k
	c.contractRow(k, k.regimes[0])
	return k
}

// changes adds a regime to the client's contract: a row of its own in the export.
func (c *client) changes(from day, name string) {
	r := regime{from, name, hoursOf(name)}
	c.contract.regimes = append(c.contract.regimes, r)
	c.contractRow(c.contract, r)
}

func (c *client) contractRow(k *contract, r regime) *row {
	return c.w.contractTable.add(c.number+string(k.start)+string(r.from), c.number, k.number, art60, k.start.dutch(), k.end.dutch(),
		r.name, r.from.dutch(), r.hours, k.employer.kbo, k.employer.name, k.social, k.nova, "", "")
}

// job adds a job in the regular economy.
func (c *client) job(start day, name string) {
	e := employer{"0999.999.724", "Zonnedorp Logistiek nv"}
	c.w.contractTable.add(c.number+string(start), c.number, "J"+string(start)[2:4], regularJob, start.dutch(), "", name, "", hoursOf(name),
		e.kbo, e.name, no, "", "", "")
}

// evaluated adds an evaluation.
func (c *client) evaluated(d day, kind string) *row {
	return c.w.evaluationTable.add(c.number+string(d), c.number, c.trackNo, d.dutch(), kind, yes, yes, no, c.counsellor,
		"Gesprek met cliënt en werkvloer", "")
}

// evaluatedRegularly adds an evaluation every five months from the WEO on, so that
// the six months of TWE-07 are never passed.
func (c *client) evaluatedRegularly(until day) {
	for n := 5; ; n += 5 {
		d := c.weo.months(n).workday()
		if d > until || d > today {
			return
		}
		c.evaluated(d, "tussentijds")
	}
}

// A request is what the export says of a handover; answers stand in the order of
// the table's exclusions.
type request struct {
	kind, motivation, grounds, bridgeable        string
	choice                                       day
	orientation, insight, needsWork, readyAction string
	language                                     string
	answers                                      [6]string
	target                                       string
	informed                                     day
	note                                         string
	trainingStart, trainingEnd                   day
}

// glowRequest is a complete request: every condition met, every exclusion answered
// with no.
func glowRequest(choice day, language string) request {
	return request{kind: "GLOW", motivation: "Nood aan intensieve begeleiding met werkplekleren.", grounds: "2,4", choice: choice,
		orientation: yes, insight: yes, needsWork: yes, readyAction: yes, language: language,
		answers: [6]string{no, no, no, no, no, no}, target: "Winkelmedewerker", informed: choice,
		note: "Bereikbaar in de voormiddag; vraagt uitleg op papier."}
}

func warmRequest(kind string, choice day) request {
	return request{kind: kind, motivation: "Begeleiding door het OCMW loopt af.", choice: choice, language: "nl",
		target: "Zorgkundige (hulp)", informed: choice, note: "Kent de dienstverlening van VDAB nog niet."}
}

// handover adds the request, and what is to come of it: rule is the rule that asks
// a person, or "" when the request is sent.
func (c *client) handover(q request, rule string) *row {
	outcome := "sent"
	if rule != "" {
		outcome = "manual"
	}
	c.w.handovers = append(c.w.handovers, handoverOutcome{c.number, q.kind, q.choice, rule, outcome})
	return c.handoverRow(q)
}

func (c *client) handoverRow(q request) *row {
	cells := []string{c.number, "O-" + c.number[1:], map[string]string{"GLOW": "GLOW", "WARM_TRAINING": "Warm - opleiding",
		"WARM_OTHER": "Warm - andere"}[q.kind], q.choice.dutch(), q.motivation, q.grounds, q.bridgeable,
		q.orientation, q.insight, q.needsWork, q.readyAction, q.language}
	cells = append(cells, q.answers[:]...)
	cells = append(cells, q.target, q.informed.dutch(), q.note, q.trainingStart.dutch(), q.trainingEnd.dutch())
	return c.w.handoverTable.add(c.number, cells...)
}
