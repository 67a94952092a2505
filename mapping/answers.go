package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// A caseworker's answer is bound to what it was about. One that lets the data stand names
// the question (asked.go). One that chooses a category names the facts of the course. With other
// facts neither counts.

func digest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:10]) }

// content is a record as it is kept: encoded, and field by field.
type content struct {
	kind   casefile.RecordKind
	whole  string
	fields map[string]json.RawMessage
}

// contentOf encodes a record once for all questions of a decision: there are many, and
// encoding costs more than all else that is decided.
func (w *work) contentOf(r casefile.Record) content {
	if known, ok := w.contents[r]; ok {
		return known
	}
	c := content{kind: r.Kind()}
	if whole, err := casefile.MarshalContent(r); err == nil && json.Unmarshal(whole, &c.fields) == nil {
		c.whole = string(whole)
	}
	w.contents[r] = c
	return c
}

// field is the value of a field by its name in the export's schema; all of the record
// where the two names differ by more than case.
func (c content) field(field string) string {
	if field == "kind" { // named after the record: Track, Employment, ...
		field = string(c.kind)
	}
	for name, value := range c.fields {
		if strings.EqualFold(name, field) {
			return string(value)
		}
	}
	return c.whole
}

// accepted tells whether a caseworker let the data of the question stand.
func (w *work) accepted(question string) bool {
	a, ok := w.answerTo(question)
	return ok && !a.Adopt
}

func (w *work) answerTo(question string) (casefile.Answer, bool) {
	for _, a := range slices.Backward(w.c.Answers) {
		if question != "" && a.Question == question && a.Category == "" && w.clk.reached(a.On) {
			return a, true
		}
	}
	return casefile.Answer{}, false
}

// courseFacts is a digest of what the export says of the client's course of categories.
func (w *work) courseFacts() string {
	h := sha256.New()
	if cl := w.c.Client; cl != nil {
		fmt.Fprint(h, cl.Readiness, "|", cl.ReadySince, "|", cl.ReadinessWithdrawnOn, "|", cl.RegisteredBy, "|", cl.UnemploymentBenefit, "|",
			cl.BenefitAppliedOn, "|", cl.BenefitDecision, "|", cl.BenefitEntitledFrom, "|", cl.BenefitDecisionOn, "|", cl.Leefloon, "|", cl.SupportEndedOn, "|", gone(cl.Header))
	}
	for _, e := range w.c.Employments {
		fmt.Fprint(h, "\n", e.ContractNumber, "|", e.Employment, "|", e.Start, "|", e.End, "|", e.Regime, "|", e.RegimeFrom, "|", gone(e.Header))
	}
	for _, t := range w.c.Tracks {
		fmt.Fprint(h, "\n", t.Track, "|", t.ChoiceDate, "|", t.WEOStart, "|", t.WEOEnd, "|", t.WEOEndReason, "|", gone(t.Header))
	}
	return digest(h)
}

// answer is the category that a caseworker chose: through the export, or with "mlpsync decide".
type answer struct {
	code  casefile.Code
	on    casefile.Date
	bound bool // to the facts: given with "mlpsync decide"
	cells []casefile.Cell
}

// chosen is the answer that counts: the one of the latest day, among equal ones that given
// with "mlpsync decide". A day that lies ahead is none yet.
func (w *work) chosen() (answer, bool) {
	cl := w.c.Client
	best, found := answer{}, false
	if cl.DecidedCategory != "" && cl.DecisionReason != "" && w.clk.reached(cl.DecidedOn) {
		best, found = answer{code: cl.DecidedCategory, on: cl.DecidedOn, cells: cells(cl, "decidedCategory", "decidedOn")}, true
	}
	for _, a := range w.c.Answers {
		if a.Category == "" || a.Facts != w.d.Facts || !w.clk.reached(a.On) {
			continue
		}
		if !found || a.On >= best.on {
			best, found = answer{code: a.Category, on: a.On, bound: true, cells: cells(cl, "clientNumber")}, true
		}
	}
	return best, found
}

// lapsed says of the last category chosen with "mlpsync decide" that it counts no more.
func (w *work) lapsed() {
	for _, a := range slices.Backward(w.c.Answers) {
		if a.Category == "" {
			continue
		}
		if a.Facts != w.d.Facts {
			w.notFired("CAT-10", "De beslissing van "+a.On.Dutch()+" voor "+string(a.Category)+" geldt niet meer: de gegevens zijn sindsdien veranderd.",
				cells(w.c.Client, "clientNumber"))
		}
		return
	}
}

// ask puts a question that a person can settle by letting the data stand: accept says in
// Dutch what that means. It tells whether somebody did.
func (w *work) ask(s scope, m casefile.Manual, a asking, accept string) bool {
	m.Accept = accept
	m.Question = w.question(m.Rule, a, m.Cells)
	if w.accepted(m.Question) {
		w.fired(m.Rule, "Een medewerker heeft beslist: "+accept+".", m.Cells)
		return true
	}
	w.manual(s, m)
	return false
}

// yield is DATA-04: what somebody changed in MLP after us stays, as long as the export says
// what it said then. An answer can overrule it, or settle it.
func (w *work) yield(id string, body casefile.Body) (_ casefile.Body, yielded bool) {
	y := w.yielding(id, body)
	if len(y.fields) == 0 {
		return body, false
	}
	reason := "In MLP veranderde iemand na ons: " + dutchKind(body) + " (" + dutchFields(y.fields) + "). Die wijziging blijft staan."
	switch {
	case y.overruled():
		w.fired("DATA-04", "Een medewerker heeft beslist: de export geldt, ze wordt opnieuw gestuurd.", y.cells)
		return body, false
	case y.answered:
		w.fired("DATA-04", "Een medewerker heeft beslist: de wijziging in MLP blijft staan.", y.cells)
	default:
		w.d.Findings = append(w.d.Findings, casefile.Finding{Rule: "DATA-04", Reason: reason, Cells: y.cells, Question: y.question,
			Next:   "Neem de wijziging over in het cliëntsysteem, of beslis dat de export geldt.",
			Accept: "stuur opnieuw wat de export zegt"})
		w.fired("DATA-04", reason, y.cells)
	}
	return y.kept, true
}

// yielding is a registration of which something gives way (DATA-04), and what a person said of it.
type yielding struct {
	held     casefile.Body
	kept     casefile.Body // as desired, with what gives way as it is held
	fields   []string      // that give way, as Go names them
	question string
	cells    []casefile.Cell
	answer   casefile.Answer
	answered bool
}

func (y yielding) overruled() bool { return y.answered && !y.answer.Adopt }

func (w *work) yielding(id string, body casefile.Body) yielding {
	held, written := w.heldAndWritten(id, body)
	y := yielding{held: held}
	if y.kept, y.fields = casefile.Yield(held, written, body); len(y.fields) == 0 {
		return y
	}
	y.cells = w.cellsOf(body)
	y.question = w.question("DATA-04", changedInMLP(held, body, y.fields), y.cells)
	y.answer, y.answered = w.answerTo(y.question)
	return y
}

// willHold is a registration as MLP holds it once what this decision asks of it is written.
func (w *work) willHold(id string, body casefile.Body) casefile.Body {
	y := w.yielding(id, body)
	if y.overruled() {
		y.kept = body
	}
	return casefile.Merge(y.held, y.kept)
}

func (w *work) heldAndWritten(id string, body casefile.Body) (held, written casefile.Body) {
	if w.k.Dossier == nil {
		return nil, nil
	}
	switch body.Kind() {
	case casefile.RegCategory:
		return nil, nil // CAT-10
	case casefile.RegPerson:
		return w.k.Dossier.Person, w.k.Written[string(casefile.RegPerson)]
	case casefile.RegProfile:
		return w.k.Dossier.Profile, w.k.Written[string(casefile.RegProfile)]
	}
	r, ok := w.inMLP(id, body)
	if !ok {
		return nil, nil
	}
	written = w.k.Written[r.ID]
	if written == nil && r.ID == id {
		// Only we make our ids: what was written was lost, with an answer or by a restore. What differs now can be a person's.
		written = casefile.Presumed(r.Body, body)
	}
	return r.Body, written
}

// cellsOf is where the export says what a registration holds: its own record is not at hand,
// so the client's row stands for it where it is not the client's own data.
func (w *work) cellsOf(body casefile.Body) []casefile.Cell {
	if body.Kind() == casefile.RegPerson {
		return cells(w.c.Client, "lastName", "firstName", "birthDate", "street", "postalCode", "city", "nisCode", "contactLanguage")
	}
	return cells(w.c.Client, "clientNumber")
}

func dutchKind(b casefile.Body) string {
	on := ""
	if start := casefile.StartOf(b); !start.IsZero() {
		on = " van " + start.Dutch()
	}
	return kindNL(b.Kind()) + on
}

func kindNL(k casefile.RegistrationKind) string {
	return map[casefile.RegistrationKind]string{
		casefile.RegPerson: "de gegevens van de persoon", casefile.RegProfile: "jobdoelwit en POP", casefile.RegWEO: "de WEO",
		casefile.RegEmployment: "het contract art. 60§7", casefile.RegEvaluation: "de evaluatie", casefile.RegHandover: "de overdracht",
		casefile.RegPlacement: "de stage of IBO", casefile.RegDocument: "het document", casefile.RegCompetence: "de competentie", casefile.RegNote: "de nota",
	}[k]
}

func dutchFields(fields []string) string {
	words := map[string]string{
		"LastName": "naam", "FirstName": "voornaam", "BirthDate": "geboortedatum", "Street": "straat", "PostalCode": "postcode", "City": "gemeente",
		"NIS": "NIS-code", "ContactLanguage": "contacttaal", "JobTarget": "jobdoelwit", "EntryNeed": "reden van instroom", "DevelopmentPlanOn": "datum van het POP",
		"Start": "begin", "End": "einde", "EndReason": "reden van het einde", "Counsellor": "trajectbegeleider", "Regimes": "arbeidsregime",
		"EmployerKBO": "werkgever", "SocialEconomy": "sociale economie", "WEOID": "koppeling met de WEO", "Date": "datum", "Evaluation": "soort",
		"CompetencesScored": "competenties gescoord", "PlanUpdated": "POP aangevuld", "ReportUploaded": "verslag opgeladen", "Handover": "soort",
		"ChoiceDate": "datum van de keuze", "Motivation": "motivering", "Grounds": "gronden", "Exclusions": "uitsluitingen", "InformedOn": "ingelicht op",
		"Note": "nota", "TrainingStart": "begin van de opleiding", "OCMWKBO": "OCMW", "OCMWNIS": "gemeente", "Placement": "soort", "InternshipPlan": "stageplan",
		"HoursPerMonth": "uren per maand", "CommunityService": "gemeenschapsdienst", "Document": "soort", "SHA256": "inhoud", "Size": "grootte",
		"Competence": "naam", "Level": "score", "AssessedOn": "gescoord op", "Text": "tekst",
	}
	var out []string
	for _, f := range fields {
		if word := words[f]; word != "" {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}
