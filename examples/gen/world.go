package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// population is the number of people of the export; archetypes must add up to it.
const population = 351

// A world is everything that is being made.
type world struct {
	random  *random
	numbers []person // not given to a client yet
	clients []*client
	used    map[string]bool // INSZ that somebody has

	tables
	handovers     []handoverOutcome
	registrations []registrationOutcome
	documents     map[string][]byte // PDFs by their path below the documents folder
}

func newWorld() *world {
	w := &world{random: &random{state: 20260316}, tables: newTables(), used: map[string]bool{}, documents: map[string][]byte{}}
	for i := range population {
		w.numbers = append(w.numbers, newPerson(w.random, i, w.used))
	}
	// Client numbers say nothing of a client's course.
	for i := len(w.numbers) - 1; i > 0; i-- {
		j := w.random.below(i + 1)
		w.numbers[i], w.numbers[j] = w.numbers[j], w.numbers[i]
	}
	return w
}

// Words of the export's code lists.
const (
	yes, no        = "J", "N"
	fullTime       = "Voltijds"
	partTime       = "Deeltijds"
	art60          = "Art. 60§7"
	regularJob     = "Regulier"
	benefitNone    = "geen"
	benefitFull    = "volledig"
	benefitPart    = "deeltijds"
	decisionOpen   = "in behandeling"
	decisionYes    = "gerechtigd"
	decisionNo     = "niet gerechtigd"
	byOCMW         = "OCMW"
	byClient       = "cliënt"
	activation     = "Activering"
	leefloonNone   = "geen"
	leefloonFull   = "volledig"
	reasonJob      = "werk"
	reasonTraining = "opleiding"
	reasonNoJob    = "zonder werk"
	reasonOther    = "andere"
)

// A client is one person's rows, dossier in MLP and expectations.
type client struct {
	person
	w         *world
	archetype string
	intake    bool // stands in the report of new intakes

	ready, readySince, withdrawnOn                 string
	registeredBy, benefit, appliedOn, decision     string
	benefitSince, confirmed93                      string
	entitledFrom, decisionOn, leefloon, supportEnd string
	decided, decidedOn, decisionReason             string
	kind                                           string
	noRow                                          bool // the clients' files don't name the client
	nis, city                                      string

	seed     *seed
	expected []expectation
	track    *row
	weo      day
	contract *contract
	trackNo  string
	target   string
}

// newClient takes the next person; it is ready or not by what the archetype says
// afterwards.
func (w *world) newClient(archetype string) *client {
	if len(w.numbers) == 0 {
		panic("population is too small: archetype " + archetype + " finds nobody")
	}
	c := &client{person: w.numbers[0], w: w, archetype: archetype, kind: activation,
		nis: ocmwNIS, city: city, registeredBy: byOCMW, benefit: benefitNone, leefloon: leefloonFull}
	w.numbers = w.numbers[1:]
	w.clients = append(w.clients, c)
	return c
}

func (c *client) readyFrom(d day) *client {
	c.ready, c.readySince = yes, d.dutch()
	return c
}

func (c *client) notReady() *client {
	c.ready = no
	return c
}

// An expectation is one line of expected.csv.
type expectation struct {
	code    string
	from    day
	setBy   string
	rule    string
	outcome string
}

// The outcomes of expected.csv; the README says what each means.
func (c *client) holds(code string, from day, setBy, rule string) {
	c.expected = append(c.expected, expectation{code, from, setBy, rule, "holds"})
}

func (c *client) planned(code string, from day, setBy, rule string) {
	c.expected = append(c.expected, expectation{code, from, setBy, rule, "planned"})
}

func (c *client) watched(code string, from day, setBy, rule string) {
	c.expected = append(c.expected, expectation{code, from, setBy, rule, "watched"})
}

func (c *client) manual(rule string) {
	c.expected = append(c.expected, expectation{rule: rule, outcome: "manual"})
}

func (c *client) none(rule string) {
	c.expected = append(c.expected, expectation{rule: rule, outcome: "none"})
}

func (c *client) held() {
	c.expected = append(c.expected, expectation{outcome: "held"})
}

// finding says that the worklist has the client for that rule: as a finding, or as a
// question where the rule can't go on without a person. An empty rule stands for any.
func (c *client) finding(rule string) {
	c.expected = append(c.expected, expectation{rule: rule, outcome: "finding"})
}

// deadline says that the rule has the client on the worklist with that last day.
func (c *client) deadline(rule string, due day) {
	c.expected = append(c.expected, expectation{from: due, rule: rule, outcome: "deadline"})
}

// finish writes the client rows, when everything about them is known.
func (w *world) finish() {
	for _, c := range w.clients {
		switch {
		case c.noRow:
		case c.intake:
			c.intakeRow()
		case c.kind == badRow:
		default:
			c.clientRow()
		}
	}
	slices.SortFunc(w.clients, func(a, b *client) int { return strings.Compare(a.number, b.number) })
}

func (c *client) clientRow() *row {
	street := c.street
	if number, err := strconv.Atoi(c.number[1:]); err == nil && number%11 == 0 {
		street += "\nbus " + strconv.Itoa(1+number%9) // a line break inside quotes
	}
	amount := ""
	if c.leefloon == leefloonFull {
		amount = "1.314,20"
	}
	return c.w.clientTable.add(c.number, c.number, c.last, c.first, c.born.dutch(), dotted(c.insz), c.civil, street, postalCode, c.city,
		c.nis, c.language, c.caseworker, c.kind, c.ready, c.readySince, c.withdrawnOn, c.registeredBy, c.benefit, c.benefitSince, c.appliedOn,
		c.decision, c.entitledFrom, c.decisionOn, c.leefloon, amount, c.supportEnd, c.confirmed93, c.decided, c.decidedOn, c.decisionReason, c.lastSeen)
}

func (c *client) intakeRow() *row {
	return c.w.intakeTable.add(c.number, c.number, c.last, c.first, asNumber(c.insz), c.born.dutch(), c.street, c.language, c.caseworker,
		today.plus(-3-len(c.last)).dutch(), c.ready, c.readySince, c.registeredBy, c.benefit, c.leefloon)
}

// expectedCSV is read by tests and by people: UTF-8, without BOM, one line an
// expectation, clients in order of their number.
func (w *world) expectedCSV() []byte {
	var b strings.Builder
	b.WriteString("client;code;from;setBy;rule;outcome\n")
	for _, c := range w.clients {
		for _, e := range c.expected {
			fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s\n", c.number, e.code, e.from, e.setBy, e.rule, e.outcome)
		}
	}
	return []byte(b.String())
}

// A handoverOutcome is one line of expected-handovers.csv.
type handoverOutcome struct {
	client, kind  string
	choice        day
	rule, outcome string
}

func (w *world) expectedHandoversCSV() []byte {
	slices.SortFunc(w.handovers, func(a, b handoverOutcome) int { return cmp.Compare(a.client, b.client) })
	var b strings.Builder
	b.WriteString("client;kind;choiceDate;rule;outcome\n")
	for _, h := range w.handovers {
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s\n", h.client, h.kind, h.choice, h.rule, h.outcome)
	}
	return []byte(b.String())
}

// A registrationOutcome is one line of expected-registrations.csv: something that MLP
// gets beside categories and handovers, or doesn't.
type registrationOutcome struct {
	client, kind, what string
	on                 day // "" where the domain leaves the day open
	rule, outcome      string
}

// sends says that MLP gets it; stops, that it does not.
func (c *client) sends(kind, what string, on day, rule string) {
	c.w.registrations = append(c.w.registrations, registrationOutcome{c.number, kind, what, on, rule, "sent"})
}

func (c *client) stops(kind, what string, on day, rule string) {
	c.w.registrations = append(c.w.registrations, registrationOutcome{c.number, kind, what, on, rule, "stopped"})
}

func (w *world) expectedRegistrationsCSV() []byte {
	slices.SortStableFunc(w.registrations, func(a, b registrationOutcome) int { return cmp.Compare(a.client, b.client) })
	var b strings.Builder
	b.WriteString("client;kind;what;on;rule;outcome\n")
	for _, r := range w.registrations {
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s\n", r.client, r.kind, r.what, r.on, r.rule, r.outcome)
	}
	return []byte(b.String())
}
