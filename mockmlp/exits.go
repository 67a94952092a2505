package mockmlp

import (
	"slices"
	"strings"
	"time"
)

// Modes in which VDAB's automatic 78 comes (TWE 5 says that it does; CAT-06 that it may come before, at or after the OCMW's own 90 or 93).
const (
	// ExitBefore: right behind the commit of the employment, or on its first day where that lies ahead.
	ExitBefore = "before"
	// ExitAt: just before the OCMW's 90 or 93 for that contract is judged, so that its If-Match is stale.
	ExitAt = "at"
	// ExitAfter: a delay after the OCMW's 90 or 93, so that it has effect later and holds.
	ExitAfter = "after"
	// ExitNever: not at all.
	ExitNever = "never"
)

// exit is VDAB's 78 for one contract, which comes once.
type exit struct {
	EmploymentID string        `json:"employmentId"`
	DossierID    string        `json:"dossierId"`
	ValidFrom    string        `json:"validFrom"`
	Mode         string        `json:"mode"`
	Delay        time.Duration `json:"delay,omitempty"`
	// Due is nil while it waits for the OCMW's 90 or 93.
	Due  *time.Time `json:"due,omitempty"`
	Done bool       `json:"done,omitempty"`
}

func (e exit) key() string { return e.DossierID + "/" + e.EmploymentID }

// PendingExit is a 78 that VDAB still has to set.
type PendingExit struct {
	DossierID    string `json:"dossierId"`
	EmploymentID string `json:"employmentId"`
	ValidFrom    string `json:"validFrom"`
	Mode         string `json:"mode"`
	// Due is nil for one that waits for the client's 90 or 93.
	Due *time.Time `json:"due,omitempty"`
}

// PendingExits lists the 78s to come, the ones with an instant first, in order.
func (m *Mock) PendingExits() []PendingExit {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pendingExits()
}

func (m *Mock) pendingExits() []PendingExit {
	var out []PendingExit
	for _, e := range m.state.open {
		out = append(out, PendingExit{e.DossierID, e.EmploymentID, e.ValidFrom, e.Mode, e.Due})
	}
	slices.SortFunc(out, func(a, b PendingExit) int {
		switch {
		case a.Due != nil && b.Due == nil:
			return -1
		case a.Due == nil && b.Due != nil:
			return 1
		case a.Due != nil && !a.Due.Equal(*b.Due):
			return a.Due.Compare(*b.Due)
		}
		return strings.Compare(a.EmploymentID, b.EmploymentID)
	})
	return out
}

// NextPending is the instant, on the virtual clock, of the first 78 to come; false when none has an instant.
func (m *Mock) NextPending() (time.Time, bool) {
	list := m.PendingExits()
	if len(list) == 0 || list[0].Due == nil {
		return time.Time{}, false
	}
	return *list[0].Due, true
}

// exitsAfter says which exits a registration plans or moves; they are committed with it.
func (m *Mock) exitsAfter(d *dossier, k kind, r registration, now time.Time) []exit {
	switch k.name {
	case "employment":
		return m.planExit(d, r, now)
	case "category":
		var due []exit
		for _, e := range m.waiting(d, r.Content, ExitAfter) {
			at := now.Add(e.Delay)
			e.Due = &at
			due = append(due, e)
		}
		return due
	}
	return nil
}

func (m *Mock) planExit(d *dossier, r registration, now time.Time) []exit {
	e, planned := m.state.Exits[exit{DossierID: d.ID, EmploymentID: r.ID}.key()]
	if e.Done {
		return nil
	}
	if !planned {
		rule := m.exitRule(d)
		if rule.Mode == ExitNever {
			return nil
		}
		e = exit{EmploymentID: r.ID, DossierID: d.ID, Mode: rule.Mode, Delay: time.Duration(rule.Delay)}
	}
	e.ValidFrom = r.text("startDate")
	if e.Mode == ExitBefore {
		due := m.startOfDay(e.ValidFrom)
		if due.Before(now) {
			due = now
		}
		e.Due = &due
	}
	return []exit{e}
}

// startOfDay is the first instant of a civil day in Brussels. The day was judged by the schema.
func (m *Mock) startOfDay(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, m.brussels)
	if err != nil {
		return m.clock.now()
	}
	return t.UTC()
}

// waiting finds the exits of a mode that the OCMW's category entry sets off: those of its contract, or without one those that began by its date.
func (m *Mock) waiting(d *dossier, content map[string]any, mode string) []exit {
	if content["code"] != "90" && content["code"] != "93" {
		return nil
	}
	named, _ := content["employmentId"].(string)
	from, _ := content["validFrom"].(string)
	var out []exit
	for _, e := range m.state.open {
		if e.DossierID != d.ID || e.Mode != mode || e.Due != nil {
			continue
		}
		if strings.EqualFold(named, e.EmploymentID) || (named == "" && e.ValidFrom <= from) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b exit) int { return strings.Compare(a.EmploymentID, b.EmploymentID) })
	return out
}

// exitsAt commits the exits that come together with this write, before it is judged, and returns the dossier as it then is.
func (m *Mock) exitsAt(d *dossier, k kind, content map[string]any) (*dossier, error) {
	if k.name != "category" {
		return d, nil
	}
	for _, e := range m.waiting(d, content, ExitAt) {
		if err := m.runExit(e, m.clock.now()); err != nil {
			return d, err
		}
	}
	return m.state.Dossiers[d.ID], nil
}

// runDueExits commits what is due by now. It runs before each request, and whenever the clock is moved, so no timer is needed.
func (m *Mock) runDueExits() error {
	now := m.clock.now()
	var due []exit
	for _, e := range m.state.open {
		if e.Due != nil && !e.Due.After(now) {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b exit) int {
		if c := a.Due.Compare(*b.Due); c != 0 {
			return c
		}
		return strings.Compare(a.EmploymentID, b.EmploymentID)
	})
	for _, e := range due {
		if err := m.runExit(e, *e.Due); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mock) runExit(e exit, at time.Time) error {
	// An instant never lies before that of the change it follows.
	if n := len(m.state.Effects); n > 0 && at.Before(m.state.Effects[n-1].At) {
		at = m.state.Effects[n-1].At
	}
	content := map[string]any{"code": "78", "validFrom": e.ValidFrom, "employmentId": e.EmploymentID}
	r := registration{ID: m.derive("exit", e.EmploymentID), Content: content, Added: map[string]any{"setBy": "vdab"}, RegisteredAt: at}
	next := m.state.Dossiers[e.DossierID].edit()
	next.put("category", r)
	e.Done = true
	_, err := m.commit(change{dossier: next, kind: "category", id: r.ID, create: true, code: "78", content: content, exits: []exit{e}, at: at})
	return err
}
