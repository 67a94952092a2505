package mockmlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// option is a choice in a form.
type option struct{ Value, Label string }

// input is a property of a happening; its name is the path in the control API's JSON.
type input struct {
	Name, Label, English, Type string
	Options                    []option
	Value                      string
	Required                   bool
}

// happeningForm is one of the happenings as the page offers it.
type happeningForm struct {
	Name, Dutch, English string
	Inputs               []input
}

func choices(first string, values ...string) []option {
	var out []option
	if first != "" {
		out = append(out, option{"", first})
	}
	for _, v := range values {
		out = append(out, option{v, word(v)})
	}
	return out
}

// when is how long on the mock's clock something waits.
func when(name, label, english, now string) input {
	return input{Name: name, Label: label, English: english, Options: []option{{"", now}, {"1h", "na 1 uur"}, {"24h", "na 1 dag"}, {"168h", "na 1 week"}}}
}

// happeningForms are the forms in the order of the choice; each can happen later.
func (m *Mock) happeningForms() []happeningForm {
	forms := append(m.singleForms(), answerForms()...)
	for i := range forms {
		forms[i].Inputs = append(forms[i].Inputs, when("after", "wanneer", "when", "meteen"))
	}
	return forms
}

// answerForms are VDAB's answers to a handover that come one after the other.
func answerForms() []happeningForm {
	pace := when("interval", "tussen twee stappen", "between steps", "geen tijd")
	return []happeningForm{
		{"handover-assigned", "VDAB ontvangt, aanvaardt en wijst toe", "in steps: received, accepted, assigned", []input{{Name: "assignedTo", Label: "toegewezen aan", English: "assigned to"}, pace}},
		{"handover-questioned", "VDAB ontvangt en vraagt informatie", "in steps: received, needs information", []input{pace}},
		{"handover-rejected", "VDAB ontvangt en weigert", "in steps: received, rejected", []input{{Name: "reason", Label: "reden", English: "reason", Options: statusReasons("een ander traject past beter")}, pace}},
	}
}

func statusReasons(none string) []option {
	return choices(none, "notTargetGroup", "otherTrack", "clientDeclined", "clientUnreachable", "incomplete", "trackEnded", "other")
}

func (m *Mock) singleForms() []happeningForm {
	today := m.dayOf(m.Now())
	var codes []option
	for _, t := range categoryTypes() {
		codes = append(codes, option{t.code, t.code + " " + t.label})
	}
	return []happeningForm{
		{"handoverAnswered", "VDAB antwoordt op een overdracht", "handover answered", []input{
			{Name: "status", Label: "stand", English: "status", Options: choices("", handoverStatuses()[1:]...)},
			{Name: "reason", Label: "reden, bij een weigering", English: "reason", Options: statusReasons("geen")},
			{Name: "assignedTo", Label: "toegewezen aan", English: "assigned to"},
		}},
		{"ownerChanged", "Het dossier krijgt een andere eigenaar", "owner changed", []input{
			{Name: "owner.kind", Label: "wie", English: "kind", Options: choices("", "partner", "vdab", "ocmw", "none")},
			{Name: "owner.name", Label: "naam", English: "name"},
			{Name: "owner.program", Label: "programma, bij een partner", English: "program"},
		}},
		{"categorySet", "Iemand anders zet een categorie", "category set", []input{
			{Name: "code", Label: "categorie", English: "code", Options: codes, Value: "78"},
			{Name: "from", Label: "geldig vanaf", English: "valid from", Type: "date", Value: today, Required: true},
			{Name: "by", Label: "door wie", English: "by", Options: choices("", "vdab", "client", "partner", "ocmw", "other")},
		}},
		{"dossierEdited", "Een collega wijzigt het jobdoelwit", "edited by a colleague", []input{
			{Name: "patch.jobTarget.description", Label: "jobdoelwit", English: "job target", Required: true},
		}},
		{"trainingRegistered", "Een aanbieder registreert een opleiding", "training registered", []input{
			{Name: "training.title", Label: "titel", English: "title", Required: true},
			{Name: "training.provider", Label: "aanbieder", English: "provider"},
			{Name: "training.startDate", Label: "begin", English: "start", Type: "date", Value: today, Required: true},
			{Name: "training.endDate", Label: "einde", English: "end", Type: "date"},
			{Name: "training.recognized", Label: "erkend", English: "recognized", Type: "bool", Options: []option{{"true", "ja"}, {"false", "nee"}}},
		}},
		{"exitRule", "Wanneer de volgende 78 komt", "the next 78", []input{
			{Name: "mode", Label: "wanneer VDAB 78 zet", English: "against the OCMW's own 90 or 93", Options: []option{
				{ExitBefore, "vóór de 90 of 93 van het OCMW"}, {ExitAt, "tegelijk met de 90 of 93"}, {ExitAfter, "ná de 90 of 93"}, {ExitNever, "nooit"}}},
			{Name: "delay", Label: "hoe lang erna", English: "a time such as 48h"},
		}},
		{"ssinReplaced", "De persoon krijgt een ander INSZ", "INSZ replaced", []input{{Name: "newSsin", Label: "nieuw testnummer; leeg voor een vrij nummer", English: "new INSZ"}}},
		{"ssinCanceled", "Het INSZ wordt geannuleerd", "INSZ cancelled", nil},
	}
}

// scenariosBody is the choice, and the form of the one that was chosen.
type scenariosBody struct {
	Forms  []happeningForm
	Chosen happeningForm
	Person string
	// Link is the person for links to the other forms: never an INSZ, as those are URLs.
	Link string
	// Others are the names that have no form of their own here; JSON starts them.
	Others []string
	JSON   string
	// Steps are what is planned and what came of it, the last first.
	Steps []stepRow
}

// stepRow is a step as people read it. Dossier is empty for a person without one, and where it befalls whoever comes first.
type stepRow struct{ What, Dossier, Due, State, Reason string }

const mostSteps = 30

func (m *Mock) stepRows() []stepRow {
	what := map[string]string{}
	for _, f := range m.singleForms() {
		what[f.Name] = f.Dutch
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []stepRow
	for i := len(m.state.Steps) - 1; i >= 0 && len(rows) < mostSteps; i-- {
		s := m.state.Steps[i]
		row := stepRow{What: what[s.Name], State: word(s.State), Reason: s.Reason}
		if status, ok := s.With["status"].(string); ok { // a handover's: its steps differ in nothing else
			row.What += ": " + word(status)
		}
		if id := m.known(s.Person); validUUID(id) {
			row.Dossier = id
		}
		switch {
		case s.Due != nil:
			row.Due = belgianTime(*s.Due)
		case s.AfterEffect != nil:
			row.Due = "na " + s.AfterEffect.OperationID
		}
		rows = append(rows, row)
	}
	return rows
}

func (m *Mock) pageScenarios(w http.ResponseWriter, r *http.Request) {
	m.showScenarios(w, http.StatusOK, r.URL.Query(), nil)
}

// showScenarios fills the form with what was given; an INSZ comes with a form that was sent only, never in a URL.
func (m *Mock) showScenarios(w http.ResponseWriter, status int, given url.Values, problem error) {
	forms := m.happeningForms()
	body := scenariosBody{Forms: forms, Person: given.Get("dossier"), Chosen: forms[0], JSON: given.Get("json"), Steps: m.stepRows()}
	if validUUID(body.Person) {
		body.Link = body.Person
	}
	for _, f := range forms {
		if f.Name == given.Get("name") {
			body.Chosen = f
		}
	}
	for _, s := range Scenarios() {
		if !slices.ContainsFunc(forms, func(f happeningForm) bool { return f.Name == s.Name }) {
			body.Others = append(body.Others, s.Name)
		}
	}
	for i, in := range body.Chosen.Inputs {
		if typed := given.Get(in.Name); typed != "" {
			body.Chosen.Inputs[i].Value = typed
		}
	}
	data := pageData{Title: "Scenario's", English: "scenarios", Active: "scenarios", Body: body}
	if problem != nil {
		data.Error = problem.Error()
	}
	m.show(w, status, "scenarios", data)
}

func (m *Mock) runPageScenario(w http.ResponseWriter, r *http.Request) {
	err := parseForm(w, r)
	var body []byte
	if err == nil {
		body, err = m.scenarioJSON(r.PostForm)
	}
	if err == nil {
		body, err = m.callControl(http.MethodPost, "/control/scenarios", body)
	}
	if err != nil {
		m.showScenarios(w, http.StatusBadRequest, r.PostForm, err)
		return
	}
	var effect struct {
		DossierID string `json:"dossierId"`
	}
	if json.Unmarshal(body, &effect) != nil || effect.DossierID == "" {
		http.Redirect(w, r, "/scenarios#steps", http.StatusSeeOther) // planned: it stands there
		return
	}
	http.Redirect(w, r, "/dossiers/"+url.PathEscape(effect.DossierID), http.StatusSeeOther)
}

func (m *Mock) scenarioJSON(form url.Values) ([]byte, error) {
	if text := strings.TrimSpace(form.Get("json")); text != "" {
		return []byte(text), nil
	}
	forms := m.happeningForms()
	i := slices.IndexFunc(forms, func(f happeningForm) bool { return f.Name == form.Get("name") })
	if i < 0 {
		return nil, errors.New("kies wat er gebeurt")
	}
	out := map[string]any{"name": form.Get("name")}
	person := strings.TrimSpace(form.Get("dossier"))
	switch ssin := digitsOf(person); {
	case person == "":
		return nil, errors.New("zeg over wie het gaat: dossier-id of INSZ")
	case validSSIN(ssin) && !validUUID(person):
		out["ssin"] = ssin
	default:
		out["dossierId"] = person
	}
	for _, in := range forms[i].Inputs {
		value := strings.TrimSpace(form.Get(in.Name))
		if value == "" && in.Required {
			return nil, fmt.Errorf("%s: vul dit in", in.Label)
		}
		if value != "" {
			setPath(out, in, value)
		}
	}
	return json.Marshal(out)
}

// setPath puts a value where the input's name says: owner.kind in the object owner.
func setPath(object map[string]any, in input, value string) {
	path := strings.Split(in.Name, ".")
	for _, name := range path[:len(path)-1] {
		sub, there := object[name].(map[string]any)
		if !there {
			sub = map[string]any{}
			object[name] = sub
		}
		object = sub
	}
	object[path[len(path)-1]] = value
	if in.Type == "bool" {
		object[path[len(path)-1]] = value == "true"
	}
}
