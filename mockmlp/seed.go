package mockmlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrScenario is what New returns for a scenario whose dossiers the API's document doesn't allow.
var ErrScenario = errors.New("scenario")

// initialState is the state that the scenario describes. What it holds was there before the mock: no effects, nothing in the feed.
func (m *Mock) initialState(epoch int64) (*state, error) {
	s := newState(epoch, m.opts.FeedSize)
	for _, ssin := range m.scenario.CanceledSSINs {
		s.Canceled[ssin] = true
	}
	if m.seeded != nil {
		return m.initialFromSeeded(s), nil
	}
	equal := pool{}
	for i, seed := range m.scenario.Dossiers {
		d, err := m.seedDossier(seed)
		if err != nil {
			return nil, fmt.Errorf("%w: dossiers[%d]: %w", ErrScenario, i, err)
		}
		if err := m.judgeDossier(d); err != nil {
			return nil, fmt.Errorf("%w: dossiers[%d]%w", ErrScenario, i, err)
		}
		equal.dossier(d)
		s.Dossiers[d.ID] = d
		s.index(d)
		m.seedExits(s, d)
	}
	m.seeded, m.scenario.Dossiers, m.opts.Scenario = maps.Clone(s.Dossiers), nil, nil
	return s, nil
}

// judgeDossier holds a dossier that didn't come through the API against the document. Its error begins with a pointer into the dossier.
func (m *Mock) judgeDossier(d *dossier) error {
	op, found := m.api.Operation("getDossier")
	if !found {
		return errors.New(": the document has no getDossier")
	}
	shown := answer{status: http.StatusOK, body: d.render(m.today())}
	payload, err := json.Marshal(shown.body)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	if vs := judgeAnswer(op, &shown, nil, payload); len(vs) > 0 {
		return fmt.Errorf("%s: %s", vs[0].Name, vs[0].Message)
	}
	return nil
}

// seedExits plans the 78 of contracts that still have to begin; of those that have begun VDAB's 78 stands in the scenario, or not.
func (m *Mock) seedExits(s *state, d *dossier) {
	rule := m.scenario.exitRule(d)
	for _, r := range d.Regs["employment"] {
		from := r.text("startDate")
		e := exit{EmploymentID: r.ID, DossierID: d.ID, ValidFrom: from, Mode: rule.Mode, Delay: time.Duration(rule.Delay)}
		switch {
		case from <= m.today():
			e.Done = true
		case rule.Mode == ExitNever:
			continue
		case rule.Mode == ExitBefore:
			due := m.startOfDay(from)
			e.Due = &due
		}
		s.setExit(e)
	}
}

func (m *Mock) seedDossier(seed SeedDossier) (*dossier, error) {
	d := &dossier{
		ID: m.derive("dossier", seed.SSIN), Version: 1, SSIN: seed.SSIN, History: seed.SSINHistory, NIS: seed.NISCode,
		SSINCanceled: seed.SSINStatus == "canceled", Owner: seed.Owner, Own: seed.own(), Regs: map[string][]registration{},
	}
	if d.Owner == nil {
		d.Owner = map[string]any{"kind": "none"}
	}
	d.Owner = normalized(d.Owner)
	for _, t := range seed.Trainings {
		d.Trainings = append(d.Trainings, normalized(t))
	}
	lists := map[string][]map[string]any{
		"category": seed.Categories, "weo": seed.WEOs, "employment": seed.Employments, "placement": seed.Placements, "evaluation": seed.Evaluations,
		"document": seed.Documents, "competence": seed.Competences, "note": seed.Notes,
		"appointment": seed.Appointments, "handover": seed.Handovers,
	}
	for _, k := range kinds() {
		for i, content := range lists[k.name] {
			r, err := m.seedRegistration(d, k, i, normalized(content))
			if err != nil {
				return nil, fmt.Errorf("%s[%d]: %w", k.collection, i, err)
			}
			d.Regs[k.name] = append(d.Regs[k.name], r)
		}
	}
	return d, nil
}

func (seed SeedDossier) own() map[string]any {
	person := seed.Person
	if person == nil {
		person = map[string]any{"lastName": "Testpersoon", "firstName": "Test"}
	}
	address := map[string]any{"postalCode": "1000", "nisCode": seed.NISCode}
	maps.Copy(address, seed.Address)
	out := map[string]any{"person": person, "address": address}
	for name, v := range map[string]string{"contactLanguage": seed.ContactLanguage, "entryReason": seed.EntryReason} {
		if v != "" {
			out[name] = v
		}
	}
	for name, v := range map[string]map[string]any{"jobTarget": seed.JobTarget, "developmentPlan": seed.DevelopmentPlan} {
		if v != nil {
			out[name] = v
		}
	}
	return normalized(out)
}

// seedRegistration takes the read-only properties out of what the file says, or fills them in.
func (m *Mock) seedRegistration(d *dossier, k kind, i int, content map[string]any) (registration, error) {
	r := registration{ID: m.derive("seed", d.SSIN, k.name, strconv.Itoa(i)), Content: content, RegisteredAt: m.clock.now().AddDate(0, 0, -1)}
	if id, given := content[k.idField].(string); given {
		if !validUUID(id) {
			return r, fmt.Errorf("%s is not a UUID", k.idField)
		}
		r.ID = strings.ToLower(id)
	}
	delete(content, k.idField)
	if at, given := content["registeredAt"].(string); given {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return r, fmt.Errorf("registeredAt is not an instant in RFC 3339")
		}
		r.RegisteredAt = t
	}
	delete(content, "registeredAt")
	switch k.name {
	case "category":
		r.Added = take(content, map[string]any{"setBy": "ocmw"})
		return r, nil
	case "handover":
		r.Added = take(content, map[string]any{"status": "sent", "statusSince": m.dayOf(r.RegisteredAt)})
		for _, name := range []string{"statusReason", "assignedTo"} {
			if given, there := content[name]; there {
				r.Added[name] = given
				delete(content, name)
			}
		}
	}
	if content["caseworker"] == nil {
		content["caseworker"] = map[string]any{"id": "unknown"}
	}
	return r, nil
}

// take moves properties out of a content, with defaults.
func take(content, defaults map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range defaults {
		if given, there := content[name]; there {
			v = given
		}
		delete(content, name)
		out[name] = v
	}
	return out
}

// normalized gives YAML values the types that JSON would have, so that they compare with what clients send.
func normalized(v map[string]any) map[string]any { return copyJSON(v) }
