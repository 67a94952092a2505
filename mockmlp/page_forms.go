package mockmlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Forms make the JSON that the control API takes and go through the same door, so that page and control API can't come to differ.

// ready is one of the common faults, as the control API's JSON.
type ready struct{ Name, Dutch, English, JSON string }

func readyFaults() []ready {
	return []ready{
		{"unavailable", "503 niet beschikbaar, met Retry-After", "service unavailable", `{"response": {"status": 503, "retryAfter": 5}}`},
		{"tooMany", "429 te veel vragen, met Retry-After", "too many requests", `{"response": {"status": 429, "retryAfter": 5}}`},
		{"internal", "500 fout op de server", "internal server error", `{"response": {"status": 500}}`},
		{"html", "502 met HTML van een gateway", "HTML of a gateway", `{"response": {"status": 502, "body": "html"}}`},
		{"gateway", "502 met JSON van de IBM-gateway", "gateway's own JSON", `{"response": {"status": 502, "body": "gateway"}}`},
		{"expired", "401 token verlopen", "expired token", `{"response": {"status": 401, "problem": "expiredAccessToken"}}`},
		{"conflict", "412 dossier intussen gewijzigd", "version conflict", `{"response": {"status": 412}}`},
		{"resetBefore", "verbinding verbroken vóór de wijziging", "reset before commit", `{"fault": "CONNECTION_RESET_BY_PEER", "when": "before"}`},
		{"resetAfter", "verbinding verbroken ná de wijziging", "reset after commit", `{"fault": "CONNECTION_RESET_BY_PEER", "when": "after"}`},
		{"empty", "verbinding gesloten zonder antwoord", "empty response", `{"fault": "EMPTY_RESPONSE"}`},
		{"truncated", "half antwoord, ná de wijziging", "truncated body", `{"fault": "LIMIT_DATA"}`},
		{"delay", "traag: twee seconden wachten", "delay of two seconds", `{"fixedDelayMilliseconds": 2000}`},
	}
}

// faultsBody is the list of faults and the forms; Form is what was sent, where it was refused.
type faultsBody struct {
	Rows       []faultRow
	Ready      []ready
	Operations []string
	Form       url.Values
}

type faultRow struct {
	ID, Match, What string
	Struck          int
}

func (m *Mock) pageFaults(w http.ResponseWriter, _ *http.Request) {
	m.showFaults(w, http.StatusOK, nil, nil)
}

func (m *Mock) showFaults(w http.ResponseWriter, status int, form url.Values, problem error) {
	data := pageData{Title: "Fouten", English: "faults", Active: "faults"}
	body := faultsBody{Ready: readyFaults(), Operations: m.operationIDs(), Form: form}
	for _, f := range m.Faults() {
		body.Rows = append(body.Rows, newFaultRow(f))
	}
	if problem != nil {
		data.Error = problem.Error()
	}
	data.Body = body
	m.show(w, status, "faults", data)
}

// newFaultRow writes a fault in two lines. A person's number is masked.
func newFaultRow(f Fault) faultRow {
	row := faultRow{ID: f.ID, Struck: f.Struck}
	if len(digitsOf(f.Match.Person)) == len(f.Match.Person) && f.Match.Person != "" {
		f.Match.Person = maskSSIN(f.Match.Person)
	}
	row.Match = words(f.Match)
	f.ID, f.Match, f.Struck = "", FaultMatch{}, 0
	row.What = words(f)
	return row
}

// words writes the JSON of a value in a line, in Dutch, without what is empty.
func words(v any) string {
	b, err := json.Marshal(v)
	var object map[string]any
	if err != nil || json.Unmarshal(b, &object) != nil {
		return ""
	}
	flat := map[string]string{}
	flatten(flat, "", object)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		if value := flat[name]; name == "when" && value != "" {
			parts = append(parts, value+" de wijziging")
		} else if value != "" && (value != "0" || name == "toxicity") {
			parts = append(parts, faultWord(name[strings.LastIndexByte(name, '.')+1:])+" "+value)
		}
	}
	return strings.Join(parts, ", ")
}

func (m *Mock) addPageFault(w http.ResponseWriter, r *http.Request) {
	err := parseForm(w, r)
	var body []byte
	if err == nil {
		body, err = faultJSON(r.PostForm)
	}
	if err == nil {
		err = m.throughControl(http.MethodPost, "/control/faults", body)
	}
	if err != nil {
		m.showFaults(w, http.StatusBadRequest, r.PostForm, err)
		return
	}
	http.Redirect(w, r, "/faults", http.StatusSeeOther)
}

// faultJSON is the fault that a form asks for: as JSON of its own, or one of the common ones with for whom and how often.
func faultJSON(form url.Values) ([]byte, error) {
	if text := strings.TrimSpace(form.Get("json")); text != "" {
		return []byte(text), nil
	}
	i := slices.IndexFunc(readyFaults(), func(f ready) bool { return f.Name == form.Get("ready") })
	if i < 0 {
		return nil, errors.New("kies een fout")
	}
	var fault map[string]any
	if err := json.Unmarshal([]byte(readyFaults()[i].JSON), &fault); err != nil {
		return nil, fmt.Errorf("read the fault: %w", err)
	}
	match := map[string]any{}
	for _, name := range []string{"operationId", "person"} {
		if text := strings.TrimSpace(form.Get(name)); text != "" {
			match[name] = text
		}
	}
	if ssin := digitsOf(form.Get("person")); validSSIN(ssin) {
		match["person"] = ssin
	}
	if err := takeNumbers(form, map[string]map[string]any{"nth": match, "times": fault}); err != nil {
		return nil, err
	}
	if text := strings.TrimSpace(form.Get("percent")); text != "" {
		percent, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		if err != nil {
			return nil, errors.New("kans: een getal van 0 tot 100")
		}
		fault["toxicity"] = percent / 100
	}
	fault["match"] = match
	return json.Marshal(fault)
}

func takeNumbers(form url.Values, into map[string]map[string]any) error {
	for name, object := range into {
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s: een geheel getal", name)
		}
		object[name] = n
	}
	return nil
}

func (m *Mock) removePageFault(w http.ResponseWriter, r *http.Request) {
	if err := parseForm(w, r); err != nil {
		m.showFaults(w, http.StatusBadRequest, nil, err)
		return
	}
	// One that is gone already is gone: a second click is no mistake.
	m.RemoveFault(r.PostForm.Get("id"))
	http.Redirect(w, r, "/faults", http.StatusSeeOther)
}

// throughControl calls the control API in process; its complaint is the error.
func (m *Mock) throughControl(method, path string, body []byte) error {
	_, err := m.callControl(method, path, body)
	return err
}

func (m *Mock) callControl(method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(method, path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	x := &exchange{header: http.Header{}}
	x.serve(m.controlMux(), req)
	if x.status < 300 {
		return x.body.Bytes(), nil
	}
	var complaint struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(x.body.Bytes(), &complaint); err != nil || complaint.Error == "" {
		return nil, errors.New(http.StatusText(x.status))
	}
	return nil, errors.New(complaint.Error)
}

// clockBody is the clock and what waits for it.
type clockBody struct {
	Pending []pendingRow
	Next    string
	// Instant is what was typed, or else the clock's, as the form takes it.
	Instant string
}

type pendingRow struct{ Dossier, From, Mode, Due string }

const formTime = "2006-01-02T15:04"

func (m *Mock) pageClock(w http.ResponseWriter, _ *http.Request) {
	m.showClock(w, http.StatusOK, m.Now().In(m.brussels).Format(formTime), nil)
}

func (m *Mock) showClock(w http.ResponseWriter, status int, instant string, problem error) {
	body := clockBody{Instant: instant}
	pending := m.PendingExits()
	for _, e := range pending[:min(len(pending), journalOnPage)] {
		row := pendingRow{Dossier: e.DossierID, From: e.ValidFrom, Mode: word(e.Mode)}
		if e.Due != nil {
			row.Due = belgianTime(*e.Due)
		}
		body.Pending = append(body.Pending, row)
	}
	if len(body.Pending) > 0 {
		body.Next = body.Pending[0].Due
	}
	data := pageData{Title: "Klok", English: "clock", Active: "clock", Body: body}
	if problem != nil {
		data.Error = problem.Error()
	}
	m.show(w, status, "clock", data)
}

func (m *Mock) movePageClock(w http.ResponseWriter, r *http.Request) {
	err := parseForm(w, r)
	if err == nil {
		err = m.moveAsAsked(r.PostForm)
	}
	if err != nil {
		m.showClock(w, http.StatusBadRequest, r.PostForm.Get("instant"), err)
		return
	}
	http.Redirect(w, r, "/clock", http.StatusSeeOther)
}

func (m *Mock) moveAsAsked(form url.Values) error {
	switch by := form.Get("by"); by {
	case "hour":
		return m.Advance(time.Hour)
	case "day", "week", "month":
		now := m.Now().In(m.brussels)
		return m.SetClock(now.AddDate(0, map[string]int{"month": 1}[by], map[string]int{"day": 1, "week": 7}[by]))
	case "pending":
		due, pending := m.NextPending()
		if !pending {
			return errors.New("er komt geen 78 met een vast tijdstip")
		}
		return m.SetClock(due)
	}
	t, err := time.ParseInLocation(formTime, form.Get("instant"), m.brussels)
	if err != nil {
		return errors.New("geef een tijdstip, zoals 2026-03-16T08:00")
	}
	if t.Before(m.Now()) {
		return errors.New("de klok gaat alleen vooruit; opnieuw beginnen kan met POST /control/reset")
	}
	return m.SetClock(t)
}
