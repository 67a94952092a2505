package mockmlp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// States of a step.
const (
	stepWaiting = "waiting"
	stepDone    = "done"
	stepFailed  = "failed"
)

// Step is a happening to come: at an instant of the virtual clock, or after something that a client does. It survives a restart, as part of the state.
type Step struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Person is whom it befalls: a dossier id or social security number; empty for whoever's effect it comes after.
	Person string         `json:"person,omitempty"`
	With   map[string]any `json:"with,omitempty"`
	// Due is nil while it waits for an effect.
	Due         *time.Time   `json:"due,omitempty"`
	AfterEffect *StepTrigger `json:"afterEffect,omitempty"`
	// Seen counts the effects of AfterEffect so far.
	Seen int `json:"seen,omitempty"`
	// State is waiting, done or failed, for a Reason.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// StepTrigger is the nth change that an operation commits, counted from when the step was planned: for the step's person, or for anybody where it names none.
type StepTrigger struct {
	OperationID string `json:"operationId" yaml:"operationId"`
	// Nth is 1 when left out.
	Nth int `json:"nth,omitempty" yaml:"nth"`
	// Delay is on the virtual clock, such as 48h.
	Delay string `json:"delay,omitempty" yaml:"delay"`
}

// ScenarioStart starts a scenario or a single happening: now, At an instant, After a time, or AfterEffect.
type ScenarioStart struct {
	Name        string
	Person      string
	With        map[string]any
	At          *time.Time
	After       string
	AfterEffect *StepTrigger
}

// StartScenario plans the steps of a scenario and runs those that are due. The first that fails is an error too.
func (m *Mock) StartScenario(in ScenarioStart) ([]Step, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.runDue(); err != nil {
		return nil, err
	}
	steps, err := m.plan(in)
	if err != nil {
		return nil, err
	}
	number := len(m.state.Steps)
	for i := range steps {
		steps[i].ID = stepID(number + i)
	}
	if err := m.note(record{Steps: steps}); err != nil {
		return nil, err
	}
	if err := m.runDue(); err != nil {
		return nil, err
	}
	steps = slices.Clone(m.state.Steps[number : number+len(steps)])
	for _, s := range steps {
		if s.State == stepFailed {
			return steps, fmt.Errorf("%s: %w", s.Name, m.whyFailed(s))
		}
	}
	return steps, nil
}

// whyFailed tells the one failure apart that the caller can do something about.
func (m *Mock) whyFailed(s Step) error {
	if m.state.Dossiers[m.known(s.Person)] == nil {
		return ErrNobody
	}
	return errors.New(s.Reason)
}

func stepID(number int) string { return "s" + strconv.Itoa(number+1) }

// Steps lists what is planned, and what has become of it.
func (m *Mock) Steps() []Step {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Step{}, m.state.Steps...)
}

// planScript plans what the scenario's script says, in a state that begins.
func (m *Mock) planScript() error {
	for i, seed := range m.scenario.Script {
		in, err := seed.start()
		var steps []Step
		if err == nil {
			steps, err = m.plan(in)
		}
		if err != nil {
			return m.scenario.wrong(fmt.Sprintf("script[%d]", i), err)
		}
		for _, s := range steps {
			s.ID = stepID(len(m.state.Steps))
			m.state.Steps = append(m.state.Steps, s)
		}
	}
	return nil
}

// plan makes steps of a scenario, judged as far as they can be before they happen.
func (m *Mock) plan(in ScenarioStart) ([]Step, error) {
	parts, err := partsOf(in)
	if err != nil {
		return nil, err
	}
	if in.Person == "" && in.AfterEffect == nil {
		return nil, errors.New("name the person: give one of ssin and dossierId")
	}
	start, err := m.startOf(in)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, p := range parts {
		s := Step{Name: p.name, Person: in.Person, With: normalized(p.with), State: stepWaiting}
		if in.AfterEffect == nil {
			due := start.Add(p.after)
			s.Due = &due
		} else {
			t := *in.AfterEffect
			delay, _ := time.ParseDuration(orZero(t.Delay))
			t.Delay = (delay + p.after).String()
			s.AfterEffect = &t
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// orZero is a time that may be left out.
func orZero(text string) string { return cmp.Or(text, "0s") }

// startOf is when a scenario starts, never before now.
func (m *Mock) startOf(in ScenarioStart) (time.Time, error) {
	now := m.clock.now()
	if t := in.AfterEffect; t != nil {
		if in.At != nil || in.After != "" {
			return now, errors.New("at, after, afterEffect: one of them")
		}
		return now, m.checkTrigger(*t)
	}
	d, err := time.ParseDuration(orZero(in.After))
	switch {
	case err != nil || d < 0:
		return now, errors.New("after: a time such as 48h")
	case in.At != nil && in.After != "":
		return now, errors.New("at, after, afterEffect: one of them")
	case in.At != nil && in.At.After(now):
		return in.At.UTC(), nil
	}
	return now.Add(d), nil
}

func (m *Mock) checkTrigger(t StepTrigger) error {
	op, known := m.api.Operation(t.OperationID)
	if !known || op.Method == "GET" || t.OperationID == "queryDossiers" || t.OperationID == "createToken" {
		return errors.New("afterEffect.operationId: an operation of the document that changes a dossier")
	}
	if t.Nth < 0 {
		return errors.New("afterEffect.nth: counted from 1")
	}
	if d, err := time.ParseDuration(orZero(t.Delay)); err != nil || d < 0 {
		return errors.New("afterEffect.delay: a time such as 48h")
	}
	return nil
}

// partsOf are a scenario's happenings. Their properties are read once, so that what no happening takes is refused before it is due.
func partsOf(in ScenarioStart) ([]part, error) {
	k, err := scenarioKindOf(in.Name)
	if err != nil {
		return nil, err
	}
	parts := []part{{name: in.Name, with: in.With}}
	if k.parts != nil {
		if parts, err = k.parts(in.With); err != nil {
			return nil, err
		}
	}
	for _, p := range parts {
		if _, err := readHappening(p.name, "nobody", p.with); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func readHappening(name, person string, with map[string]any) (func(side) (Effect, error), error) {
	k, err := scenarioKindOf(name)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"name": name}
	maps.Copy(body, with)
	if looksLikeSSIN.MatchString(person) {
		body["ssin"] = person
	} else {
		body["dossierId"] = person
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode happening: %w", err)
	}
	return k.read(text)
}

// note writes what isn't a change to a dossier.
func (m *Mock) note(r record) error {
	r.Epoch, r.Clock, r.Seq = m.state.Epoch, m.clock.now(), m.state.Seq
	if err := m.store.append(r); err != nil {
		return err
	}
	m.state.apply(r)
	m.news.tell()
	return nil
}

// runDue does what VDAB and scripts have to do by now, in the order of its instants. It runs before and after each request, and whenever the clock is moved, so no
// timer is needed.
func (m *Mock) runDue() error {
	for {
		s, due := m.nextStep()
		if !due {
			return m.runDueExits()
		}
		if err := m.runStep(s); err != nil {
			return err
		}
	}
}

// nextStep is the first step that is due, among equal ones the one that was planned first.
func (m *Mock) nextStep() (first Step, due bool) {
	now := m.clock.now()
	for _, s := range m.state.Steps {
		if s.State == stepWaiting && s.Due != nil && !s.Due.After(now) && (!due || s.Due.Before(*first.Due)) {
			first, due = s, true
		}
	}
	return first, due
}

// runStep carries a step out at its own instant, after what was due by then. A step that can't be done is marked as failed, with the reason; an error means that this
// couldn't be written down, and that it stays due.
func (m *Mock) runStep(s Step) error {
	running := m.clock
	m.clock = newClock(running.wall, *s.Due, true)
	defer func() { m.clock = running }()
	if err := m.runDueExits(); err != nil {
		return err
	}
	run, err := readHappening(s.Name, s.Person, s.With)
	if err == nil {
		done := s
		done.State = stepDone
		_, err = run(side{Mock: m, locked: true, steps: []Step{done}})
	}
	if err == nil {
		return nil
	}
	s.State, s.Reason = stepFailed, err.Error()
	m.opts.Logger.Warn().Str("event", "step failed").Str("step", s.ID).Str("name", s.Name).Str("person", m.pseudonym(m.known(s.Person))).Send()
	return m.note(record{Steps: []Step{s}})
}

// triggered are the steps that a commit brings nearer, as they are after it.
func (m *Mock) triggered(c change, at time.Time) []Step {
	var out []Step
	for _, s := range m.state.Steps {
		t := s.AfterEffect
		if c.cause == nil || s.State != stepWaiting || t == nil || s.Due != nil || t.OperationID != c.cause.op.ID {
			continue
		}
		if d := c.dossier; s.Person != "" && s.Person != d.ID && s.Person != d.SSIN && !slices.Contains(d.History, s.Person) {
			continue
		}
		s.Seen++
		if s.Seen == max(t.Nth, 1) {
			delay, _ := time.ParseDuration(t.Delay) // it was made from a duration
			due := at.Add(delay)
			s.Due, s.Person = &due, c.dossier.ID
		}
		out = append(out, s)
	}
	return out
}

// exitRuleSet says how the 78s of a person come from now on, those that are planned included.
func (m side) exitRuleSet(person, mode, delay string) error {
	if !m.locked {
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	d, err := time.ParseDuration(orZero(delay))
	if mode == "" || !knownMode(mode) {
		return errors.New("mode: one of before, at, after, never")
	}
	if err != nil || d < 0 {
		return errors.New("delay: a time such as 24h")
	}
	rule := PersonExit{SSIN: m.known(person), Mode: mode, Delay: Duration(d)}
	return m.note(record{ExitRule: &rule, Exits: m.exitsUnder(rule), Steps: m.steps})
}

// exitsUnder are the 78s still to come of a person, under another rule.
func (m *Mock) exitsUnder(rule PersonExit) []exit {
	var out []exit
	for _, e := range m.state.open {
		if e.DossierID != rule.SSIN {
			continue
		}
		e.Mode, e.Delay, e.Due = rule.Mode, time.Duration(rule.Delay), nil
		if e.Mode == ExitBefore {
			due := m.startOfDay(e.ValidFrom)
			if now := m.clock.now(); due.Before(now) {
				due = now
			}
			e.Due = &due
		}
		e.Done = e.Mode == ExitNever
		out = append(out, e)
	}
	return out
}

// exitRule is what was told of a person while the mock ran, else what the scenario says.
func (m *Mock) exitRule(d *dossier) ExitRule {
	for _, key := range append([]string{d.ID, d.SSIN}, d.History...) {
		if r, told := m.state.ExitRules[key]; told {
			return ExitRule{Mode: r.Mode, Delay: r.Delay}
		}
	}
	return m.scenario.exitRule(d)
}

// freeSSIN is a number of the kind that MAGDA gives to test persons (month digits 61 to 72), which nobody here has.
func (m *Mock) freeSSIN(dossierID string) string {
	for i := 0; ; i++ {
		var n int64
		for _, digit := range m.derive("ssin", dossierID, strconv.FormatInt(m.state.Seq, 10), strconv.Itoa(i)) {
			n = (n*31 + int64(digit)) % 1_000_003
		}
		first := n%100*10_000_000 + (61+n%12)*100_000 + (1+n%28)*1000 + 1 + n%997
		ssin := fmt.Sprintf("%09d%02d", first, 97-first%97)
		if _, taken := m.state.bySSIN[ssin]; !taken && !m.state.Canceled[ssin] && validSSIN(ssin) {
			return ssin
		}
	}
}
