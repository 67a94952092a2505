package mockmlp

import (
	"encoding/json"
	"errors"
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
	_ = m.runDueExits()
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
	mux.HandleFunc("GET /control/effects", func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, map[string]any{"items": append([]Effect{}, m.Effects()...)})
	})
	mux.HandleFunc("GET /control/journal", func(w http.ResponseWriter, _ *http.Request) {
		entries, total := m.Journal()
		reply200(w, map[string]any{"items": entries, "total": total})
	})
	mux.HandleFunc("POST /control/reset", m.controlReset)
	mux.HandleFunc("POST /control/scenarios", m.controlScenario)
	mux.HandleFunc("GET /control/clock", func(w http.ResponseWriter, _ *http.Request) { m.replyClock(w) })
	mux.HandleFunc("POST /control/clock", m.controlClock)
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { reply200(w, map[string]any{"items": m.Faults()}) })
	mux.HandleFunc("POST /control/faults", m.controlAddFault)
	mux.HandleFunc("DELETE /control/faults", m.controlRemoveFaults)
	mux.HandleFunc("DELETE /control/faults/{id}", m.controlRemoveFaults)
	return mux
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
