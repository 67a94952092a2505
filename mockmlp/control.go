package mockmlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// State is everything that the mock holds, for tests. It stands for what VDAB holds: in clear.
type State struct {
	Epoch    int64            `json:"epoch"`
	Sequence int64            `json:"sequence"`
	Clock    time.Time        `json:"clock"`
	Dossiers []map[string]any `json:"dossiers"`
	// PendingExits are the 78s that VDAB still has to set.
	PendingExits   []PendingExit   `json:"pendingExits"`
	InvalidAnswers []InvalidAnswer `json:"invalidAnswers"`
}

// State copies the state. Dossiers are as the API shows them, in order of their id.
func (m *Mock) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	// When a due 78 can't be written it stays pending, and is shown as such.
	_ = m.runDue()
	s := State{
		Epoch: m.state.Epoch, Sequence: m.state.Seq, Clock: m.clock.now(), Dossiers: []map[string]any{},
		PendingExits: m.pendingExits(), InvalidAnswers: append([]InvalidAnswer{}, m.invalid...),
	}
	day := m.today()
	for _, d := range m.state.Dossiers {
		s.Dossiers = append(s.Dossiers, copyJSON(d.render(day)))
	}
	slices.SortFunc(s.Dossiers, func(a, b map[string]any) int {
		x, _ := a["dossierId"].(string)
		y, _ := b["dossierId"].(string)
		return strings.Compare(x, y)
	})
	return s
}

func (m *Mock) controlMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/state", func(w http.ResponseWriter, _ *http.Request) { reply200(w, m.State()) })
	mux.HandleFunc("GET /control/effects", m.controlEffects)
	mux.HandleFunc("GET /control/journal", m.controlJournal)
	mux.HandleFunc("POST /control/reset", m.controlReset)
	mux.HandleFunc("GET /control/scenarios", func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, map[string]any{"items": Scenarios(), "steps": m.Steps()})
	})
	mux.HandleFunc("POST /control/scenarios", m.controlScenario)
	mux.HandleFunc("GET /control/clock", func(w http.ResponseWriter, _ *http.Request) { m.replyClock(w) })
	mux.HandleFunc("POST /control/clock", m.controlClock)
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { reply200(w, map[string]any{"items": m.Faults()}) })
	mux.HandleFunc("POST /control/faults", m.controlAddFault)
	mux.HandleFunc("DELETE /control/faults", m.controlRemoveFaults)
	mux.HandleFunc("DELETE /control/faults/{id}", m.controlRemoveFaults)
	mux.HandleFunc("/control/", noSuchCall)
	return mux
}

// noSuchCall says in the form of every other error that a path, or a method on it, is no call.
func noSuchCall(w http.ResponseWriter, r *http.Request) {
	complain(w, http.StatusNotFound, fmt.Errorf("%s %s is no call of the control API; docs/mock.md lists them", r.Method, r.URL.Path))
}

func (m *Mock) replyClock(w http.ResponseWriter) {
	body := map[string]any{"now": m.Now(), "frozen": m.opts.Frozen}
	if due, pending := m.NextPending(); pending {
		body["nextPending"] = due
	}
	reply200(w, body)
}

func (m *Mock) controlReset(w http.ResponseWriter, _ *http.Request) {
	if err := m.Reset(); err != nil {
		complain(w, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (m *Mock) controlClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Now     *time.Time `json:"now"`
		Advance string     `json:"advance"`
	}
	if err := decodeStrict(r, &in); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	err := errors.New(`give one of {"now": "2026-01-15T08:00:00Z"} and {"advance": "24h"}`)
	switch {
	case in.Now != nil && in.Advance == "":
		err = m.SetClock(*in.Now)
	case in.Now == nil && in.Advance != "":
		var d time.Duration
		if d, err = time.ParseDuration(in.Advance); err == nil {
			err = m.Advance(d)
		}
	}
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	m.replyClock(w)
}

func (m *Mock) controlAddFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := decodeStrict(r, &f); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	id, err := m.AddFault(f)
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	replyJSON(w, http.StatusCreated, map[string]any{"id": id})
}

func (m *Mock) controlRemoveFaults(w http.ResponseWriter, r *http.Request) {
	if !m.RemoveFault(r.PathValue("id")) {
		complain(w, http.StatusNotFound, errors.New("there is no such fault"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func decodeStrict(r *http.Request, into any) error {
	return readStrict(io.LimitReader(r.Body, maxBody), into)
}

func readStrict(r io.Reader, into any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

func reply200(w http.ResponseWriter, body any) { replyJSON(w, http.StatusOK, body) }

func replyJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(body)
}

func complain(w http.ResponseWriter, status int, err error) {
	replyJSON(w, status, map[string]string{"error": err.Error()})
}

// controlScenario lets something happen. A single happening that comes at once is answered with its effect, all else with the steps that are planned.
func (m *Mock) controlScenario(w http.ResponseWriter, r *http.Request) {
	body := map[string]any{}
	if err := decodeStrict(r, &body); err != nil {
		complain(w, http.StatusBadRequest, errors.New("not valid JSON"))
		return
	}
	in, err := readStart(body)
	if err == nil && in.Person != "" && in.At == nil && in.After == "" && in.AfterEffect == nil {
		if k, kerr := scenarioKindOf(in.Name); kerr == nil && k.parts == nil && in.Name != "exitRule" {
			m.replyHappening(w, in)
			return
		}
	}
	var steps []Step
	if err == nil {
		steps, err = m.StartScenario(in)
	}
	if err != nil {
		complainHappening(w, err)
		return
	}
	replyJSON(w, http.StatusCreated, map[string]any{"steps": steps})
}

func (m *Mock) replyHappening(w http.ResponseWriter, in ScenarioStart) {
	run, err := readHappening(in.Name, in.Person, in.With)
	var e Effect
	if err == nil {
		e, err = run(side{Mock: m})
	}
	if err != nil {
		complainHappening(w, err)
		return
	}
	replyJSON(w, http.StatusCreated, e)
}

func complainHappening(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNobody) {
		complain(w, http.StatusNotFound, err)
		return
	}
	complain(w, http.StatusBadRequest, err)
}

// readStart takes what a scenario is, whom and when it befalls, out of a body; the rest are its own properties.
func readStart(body map[string]any) (ScenarioStart, error) {
	var when struct {
		Name        string       `json:"name"`
		SSIN        string       `json:"ssin"`
		DossierID   string       `json:"dossierId"`
		At          *time.Time   `json:"at"`
		After       string       `json:"after"`
		AfterEffect *StepTrigger `json:"afterEffect"`
	}
	own, general := map[string]any{}, map[string]any{}
	for key, value := range body {
		if slices.Contains([]string{"name", "ssin", "dossierId", "at", "after", "afterEffect"}, key) {
			general[key] = value
		} else {
			own[key] = value
		}
	}
	text, err := json.Marshal(general)
	if err == nil {
		err = readStrict(bytes.NewReader(text), &when)
	}
	if err != nil {
		return ScenarioStart{}, fmt.Errorf("name, ssin, dossierId, at, after, afterEffect: %w", err)
	}
	if when.SSIN != "" && when.DossierID != "" {
		return ScenarioStart{}, errors.New("name the person: give one of ssin and dossierId")
	}
	return ScenarioStart{
		Name: when.Name, Person: when.SSIN + when.DossierID, With: own, At: when.At, After: when.After, AfterEffect: when.AfterEffect,
	}, nil
}
