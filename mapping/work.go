package mapping

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// scope says which registrations a manual decision blocks.
type scope uint

const (
	blockPerson   scope = 1 << iota // the dossier's own data
	blockProfile                    // job target and POP
	blockCategory                   // the course up to and inside art. 60§7
	blockAfter                      // the category that follows art. 60§7
	blockTWE                        // WEO, contracts, placements, evaluations, documents, notes
	blockHandover
)

const (
	// blockCourse: TWE-01, the category must be right first; a handover names it.
	blockCourse = blockCategory | blockAfter | blockTWE | blockHandover
	// blockOutcome: what follows art. 60§7 is open; its facts still go to MLP.
	blockOutcome = blockAfter | blockHandover
	blockAll     = blockPerson | blockProfile | blockCourse
)

// work is one decision in the making.
type work struct {
	rules *Rules
	c     casefile.Case
	k     casefile.Known
	clk   *clock
	facts facts

	sim      []casefile.HeldCategory     // the dossier's categories and those that this decision writes
	own      map[string]bool             // ids of category entries that these rules may have written
	contents map[casefile.Record]content // of records that a question shows
	adopted  map[string]string           // MLP's id of an entry -> our id of the step that it stands for
	entries  []entry
	wishes   []wish
	blocked  scope
	kept     []assertion // categories that contradict their contract as it stays in MLP
	outside  []*contract // contracts outside of their WEO as that stays in MLP
	d        casefile.Decision
}

// entry is a timeline entry; one that is not in MLP yet is shown only when
// nothing blocks it.
type entry struct {
	casefile.TimelineEntry
	pending bool
	needs   scope
}

// wish is a registration that is sent unless a manual decision blocks it.
type wish struct {
	casefile.Registration
	needs scope
}

func (r *Rules) begin(c casefile.Case, k casefile.Known, day casefile.Date) *work {
	given := c
	c = casefile.Assemble(c.OCMW, c.Records()) // the order of records never decides
	c.SharedINSZ, c.Files, c.Answers = given.SharedINSZ, given.Files, given.Answers
	w := &work{rules: r, c: c, k: k, clk: &clock{day: day}, own: map[string]bool{}, adopted: map[string]string{}, contents: map[casefile.Record]content{}}
	w.d = casefile.Decision{Day: day, RulesVersion: r.version}
	w.d.Facts = w.courseFacts()
	w.sim = k.Dossier.Categories()
	for _, h := range w.sim {
		w.clk.reached(h.From)
	}
	for id, body := range k.Written {
		if body != nil && body.Kind() == casefile.RegCategory {
			w.own[id] = true
		}
	}
	w.facts = w.read()
	return w
}

// guard answers the cases in which nothing else is decided.
func (w *work) guard() bool {
	switch {
	case w.c.Client == nil && len(w.c.Records()) == 0:
		return false
	case w.c.Client == nil: // nobody can be looked up in MLP
		w.manual(blockAll, casefile.Manual{Rule: "DATA-02", Cells: w.anyCell(),
			Reason: "Andere bestanden noemen deze cliënt, maar het cliëntenbestand niet.",
			Next:   "Neem de cliënt op in het cliëntenbestand of verbeter het cliëntnummer in de andere bestanden."})
		return false
	case !w.k.LookedUp:
		return false
	case gone(w.c.Client.Header):
		w.clientGone()
		return false
	case w.otherPerson(), w.elsewhere():
		return false
	case w.k.OutsideArea && w.k.Dossier == nil:
		w.manual(blockAll, casefile.Manual{Rule: "CAT-02", Cells: cells(w.c.Client, "nisCode"),
			Reason: "De cliënt heeft een dossier in een andere gemeente; het OCMW kan er niet in schrijven.",
			Next:   "Kijk de woonplaats na en vraag VDAB om het dossier over te zetten."})
		return false
	}
	return true
}

func (w *work) anyCell() []casefile.Cell { return cells(w.c.Records()[0], "clientNumber") }

func (w *work) clientGone() {
	const reason = "De cliënt staat niet meer in het cliëntenbestand of is er als verwijderd in aangeduid."
	if w.k.Dossier == nil {
		w.finding("DATA-01", reason, "Kijk na of dat klopt; er wordt niets doorgestuurd.", cells(w.c.Client, "clientNumber"))
		return
	}
	w.manual(blockAll, casefile.Manual{Rule: "DATA-01", Reason: reason, Cells: cells(w.c.Client, "clientNumber"),
		Next: "Kijk na of de cliënt nog begeleid wordt: neem de cliënt opnieuw op in de export of sluit het dossier af in MLP."})
}

// goneRecords answers for the records that no other rule looks at: a regular job,
// on which a 78 may depend, and a choice of track without a WEO.
func (w *work) goneRecords() {
	for _, e := range w.c.Employments {
		if e.Employment != casefile.RegularJob || !gone(e.Header) {
			continue
		}
		const reason = "Een gewone job staat niet meer in de export of is er als verwijderd in aangeduid."
		if w.clk.reached(e.Start) && !w.clk.passed(e.End) {
			w.manual(blockOutcome, casefile.Manual{Rule: "DATA-01", Reason: reason, Cells: cells(e, "start", "end"),
				Next: "Neem de job opnieuw op, met een einddatum als ze gestopt is."})
			continue
		}
		w.finding("DATA-01", reason, "Kijk na of dat klopt; er verandert niets.", cells(e, "start", "end"))
	}
	for _, t := range w.c.Tracks {
		if gone(t.Header) && t.WEOStart.IsZero() {
			w.finding("DATA-01", "De keuze van een traject staat niet meer in de export of is er als verwijderd in aangeduid.",
				"Kijk na of dat klopt; de keuze blijft tellen.", cells(t, "kind", "choiceDate"))
		}
	}
}

// choose asks a person for a category, where one is proposed or any will do; else it is manual.
func (w *work) choose(s scope, m casefile.Manual, a asking) {
	if m.Category = m.Category || m.Proposal != ""; m.Category {
		m.Question = w.question(m.Rule, a, m.Cells)
	}
	w.manual(s, m)
}

// manual blocks what it names until a person has answered: in the export, in MLP, or where the question has a name.
func (w *work) manual(s scope, m casefile.Manual) {
	w.blocked |= s
	for i, asked := range w.d.Manual {
		if asked.Rule == m.Rule && asked.Reason == m.Reason {
			w.d.Manual[i].Cells = append(asked.Cells, m.Cells...) // one question, asked of two records
			return
		}
	}
	w.d.Manual = append(w.d.Manual, m)
	w.fired(m.Rule, m.Reason, m.Cells)
}

func (w *work) finding(rule, reason, next string, cs []casefile.Cell) {
	w.d.Findings = append(w.d.Findings, casefile.Finding{Rule: rule, Reason: reason, Next: next, Cells: cs})
	w.fired(rule, reason, cs)
}

func (w *work) deadline(rule string, due casefile.Date, met bool, what string, cs []casefile.Cell) {
	state := w.clk.state(due, met)
	w.d.Deadlines = append(w.d.Deadlines, casefile.Deadline{Rule: rule, Due: due, State: state, What: what, Cells: cs})
	w.fired(rule, what, cs)
}

func (w *work) fired(rule, why string, cs []casefile.Cell) { w.trace(rule, true, why, cs) }

func (w *work) notFired(rule, why string, cs []casefile.Cell) { w.trace(rule, false, why, cs) }

func (w *work) trace(rule string, fired bool, why string, cs []casefile.Cell) {
	for _, t := range w.d.Trace {
		if t.Rule == rule && t.Fired == fired && t.Why == why {
			return
		}
	}
	w.d.Trace = append(w.d.Trace, casefile.Trace{Rule: rule, Fired: fired, Why: why, Source: w.rules.sources[rule], Cells: cs})
}

// timeline adds an entry in the order of deciding: of two of one day the later
// added holds.
func (w *work) timeline(e casefile.TimelineEntry, pending bool, needs scope) {
	e.Source = w.rules.sources[e.Rule]
	w.entries = append(w.entries, entry{TimelineEntry: e, pending: pending, needs: needs})
}

// desire asks for a registration whose valid-from has come (design decision 8).
func (w *work) desire(needs scope, rule, reason string, from casefile.Date, id string, body casefile.Body) {
	if !from.IsZero() && !w.clk.reached(from) {
		return
	}
	body, yielded := w.yield(id, body)
	w.wishes = append(w.wishes, wish{needs: needs, Registration: casefile.Registration{
		ID: id, Body: body, From: from, Rule: rule, Reason: reason, Caseworker: w.c.Caseworker(), Yielded: yielded,
	}})
}

// id is the id of a registration of this client: the OCMW, the kind, the client
// number and the key that the caller documents.
func (w *work) id(kind casefile.RegistrationKind, key ...string) string {
	return casefile.RegistrationID(w.c.OCMW, kind, append([]string{w.c.ClientNumber()}, key...)...)
}

// inMLP is the registration that MLP holds for ours: by our id, by an alias, or
// the same kind and start (design decision 12). Categories are matched by their
// steps instead.
func (w *work) inMLP(id string, body casefile.Body) (casefile.Registration, bool) {
	if r, ok := w.byID(id); ok {
		return r, true
	}
	for _, r := range w.k.Dossier.OfKind(body.Kind()) {
		if same(r.Body, body) {
			return r, true
		}
	}
	return casefile.Registration{}, false
}

func (w *work) byID(id string) (casefile.Registration, bool) {
	if r, ok := w.k.Dossier.Find(id); ok {
		return r, true
	}
	return w.k.Dossier.Find(w.k.Aliases[id])
}

// same: what begins on no day is one thing by its id only, and a note by what it says too.
func same(held, ours casefile.Body) bool {
	if casefile.StartOf(ours).IsZero() || !casefile.SameThing(held, ours) {
		return false
	}
	note, is := ours.(casefile.Note)
	return !is || held.(casefile.Note).Text == note.Text
}

// mlpID is the id under which MLP knows or will know a registration of ours: what
// another registration refers to.
func (w *work) mlpID(id string, body casefile.Body) string {
	if r, ok := w.inMLP(id, body); ok {
		return r.ID
	}
	return id
}

// settled tells whether MLP holds all that is asked for.
func (w *work) settled(r casefile.Registration) bool {
	held, ok := w.inMLP(r.ID, r.Body)
	return ok && casefile.Satisfies(held.Body, r.Body)
}

// finish puts the decision together; what is blocked stays out.
func (w *work) finish() casefile.Decision {
	for _, e := range w.entries {
		if !e.pending || e.needs&w.blocked == 0 {
			w.d.Timeline = append(w.d.Timeline, e.TimelineEntry)
		}
	}
	slices.SortStableFunc(w.d.Timeline, func(a, b casefile.TimelineEntry) int {
		return compareDates(a.From, b.From)
	})
	w.d.Timeline = slices.CompactFunc(w.d.Timeline, func(a, b casefile.TimelineEntry) bool {
		return a.From == b.From && a.Code == b.Code
	})
	slices.SortStableFunc(w.d.Deadlines, func(a, b casefile.Deadline) int { return compareDates(a.Due, b.Due) })
	for _, r := range w.wishes {
		if r.needs&w.blocked == 0 {
			w.d.Registrations = append(w.d.Registrations, w.unlinked(r.Registration))
		}
	}
	w.d.NextReview = w.clk.next
	return w.d
}

// unlinked drops a category's reference to a contract that is not sent with it, and that MLP
// holds otherwise or not at all: MLP refuses it. A dossier at a partner takes
// the category but no TWE line (TWE-17).
func (w *work) unlinked(r casefile.Registration) casefile.Registration {
	body, ok := r.Body.(casefile.Category)
	if !ok || body.EmploymentID == "" || w.blocked&blockTWE == 0 {
		return r
	}
	if held, _ := w.k.Dossier.Find(body.EmploymentID); !fitsContract(held.Body, body) {
		body.EmploymentID = ""
		r.Body = body
	}
	return r
}

func compareDates(a, b casefile.Date) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// cells are the cells that the named fields of a record came from.
func cells(r casefile.Record, fields ...string) []casefile.Cell {
	var out []casefile.Cell
	for _, f := range fields {
		cell := r.Origin().Cell(f)
		cell.Of = nameOf(r)
		out = append(out, cell)
	}
	return out
}

// nameOf tells the records of a client apart.
func nameOf(r casefile.Record) string { return string(r.Kind()) + " " + r.Key() }

func gone(h casefile.Header) bool { return h.Missing || h.Deleted }
