package mockmlp

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// Scenario is how a mock begins: its day, who may call, and what MLP holds already. docs/mock.md describes the file.
type Scenario struct {
	// Clock is an instant in RFC 3339.
	Clock         string `yaml:"clock"`
	RatePerMinute int    `yaml:"ratePerMinute"`
	// Clients default to one: mlpsync-demo, demo-secret, key demo-key, every municipality.
	Clients []Client `yaml:"clients"`
	Exits   Exits    `yaml:"exits"`
	// CanceledSSINs are numbers that stand for nobody.
	CanceledSSINs []string      `yaml:"canceledSsins"`
	Dossiers      []SeedDossier `yaml:"dossiers"`
	// Script is what happens at VDAB's side, when.
	Script []SeedStep `yaml:"script"`

	start time.Time
	// lines are where keys stand in the file, by their path.
	lines map[string]int
}

// SeedStep lets something happen: a scenario or a single happening (see [Scenarios]), at an instant, after a time counted from the clock's start, or after
// an operation's nth change.
type SeedStep struct {
	Name        string       `yaml:"name"`
	SSIN        string       `yaml:"ssin"`
	At          string       `yaml:"at"`
	After       string       `yaml:"after"`
	AfterEffect *StepTrigger `yaml:"afterEffect"`
	// With are the scenario's own properties.
	With map[string]any `yaml:"with"`
}

func (s SeedStep) start() (ScenarioStart, error) {
	out := ScenarioStart{Name: s.Name, Person: s.SSIN, With: s.With, After: s.After, AfterEffect: s.AfterEffect}
	if s.At != "" {
		at, err := time.Parse(time.RFC3339, s.At)
		if err != nil {
			return out, errors.New("at: expected an instant such as 2026-01-15T08:00:00+01:00")
		}
		out.At = &at
	}
	if s.SSIN != "" && !validSSIN(s.SSIN) {
		return out, errors.New("ssin is not valid")
	}
	_, err := partsOf(out)
	return out, err
}

// Client is a machine client of an OCMW.
type Client struct {
	ClientID     string `yaml:"clientId"`
	ClientSecret string `yaml:"clientSecret"`
	// APIKey is what X-IBM-Client-Id must be.
	APIKey    string `yaml:"apiKey"`
	Name      string `yaml:"name"`
	KBONumber string `yaml:"kboNumber"`
	// NISCodes are the client's area; none means everywhere.
	NISCodes []string `yaml:"nisCodes"`
	// Scopes default to both.
	Scopes []string `yaml:"scopes"`
}

// Exits say how VDAB's automatic 78 comes.
type Exits struct {
	Default ExitRule     `yaml:"default"`
	Persons []PersonExit `yaml:"persons"`
}

// ExitRule is a mode (before, at, after, never; before when empty), with a delay for after, on the virtual clock.
type ExitRule struct {
	Mode  string   `yaml:"mode"`
	Delay Duration `yaml:"delay"`
}

// PersonExit is the rule of one person.
type PersonExit struct {
	SSIN  string   `yaml:"ssin"`
	Mode  string   `yaml:"mode"`
	Delay Duration `yaml:"delay"`
}

// Duration is written as 2s or 24h.
type Duration = strictyaml.Duration

// SeedDossier is a dossier that MLP holds from the start. Registrations are written as in the API, each with its id where something refers to it.
type SeedDossier struct {
	SSIN        string   `yaml:"ssin"`
	SSINHistory []string `yaml:"ssinHistory"`
	// SSINStatus is active when left out, or canceled.
	SSINStatus string `yaml:"ssinStatus"`
	// NISCode may lie in an area where no client may look: another municipality's dossier.
	NISCode string         `yaml:"nisCode"`
	Owner   map[string]any `yaml:"owner"`
	Person  map[string]any `yaml:"person"`
	// Address defaults to the dossier's NIS code and postal code 1000.
	Address         map[string]any   `yaml:"address"`
	ContactLanguage string           `yaml:"contactLanguage"`
	JobTarget       map[string]any   `yaml:"jobTarget"`
	EntryReason     string           `yaml:"entryReason"`
	DevelopmentPlan map[string]any   `yaml:"developmentPlan"`
	Categories      []map[string]any `yaml:"categories"`
	WEOs            []map[string]any `yaml:"weos"`
	Employments     []map[string]any `yaml:"employments"`
	Placements      []map[string]any `yaml:"placements"`
	Evaluations     []map[string]any `yaml:"evaluations"`
	// Documents are written without their content: MLP gives none back.
	Documents    []map[string]any `yaml:"documents"`
	Competences  []map[string]any `yaml:"competences"`
	Notes        []map[string]any `yaml:"notes"`
	Appointments []map[string]any `yaml:"appointments"`
	// Handovers may have their status, statusSince, statusReason and assignedTo.
	Handovers []map[string]any `yaml:"handovers"`
	Trainings []map[string]any `yaml:"trainings"`
}

// LoadScenario reads a scenario file.
func LoadScenario(path string) (*Scenario, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	return ParseScenario(b)
}

// ParseScenario reads a scenario strictly: an unknown key is an error with its line. Dossiers are judged by the API's document when a mock is made of it.
func ParseScenario(text []byte) (*Scenario, error) {
	var s Scenario
	lines, issues := strictyaml.Decode(text, &s)
	if len(issues) > 0 {
		errs := make([]error, len(issues))
		for i, issue := range issues {
			errs[i] = fmt.Errorf("scenario: %s", issue)
		}
		return nil, errors.Join(errs...)
	}
	s.lines = lines
	if s.Clock != "" {
		t, err := time.Parse(time.RFC3339, s.Clock)
		if err != nil {
			return nil, s.wrong("clock", errors.New("expected an instant such as 2026-01-15T08:00:00+01:00"))
		}
		s.start = t
	}
	return &s, s.check()
}

// wrong says where in the file something is wrong.
func (s *Scenario) wrong(path string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrScenario, s.place(path), err)
}

func (s *Scenario) place(path string) string {
	if line := s.lines[path]; line > 0 {
		return fmt.Sprintf("line %d: %s", line, path)
	}
	return path
}

func (s *Scenario) check() error {
	errs := append(s.checkClients(), s.checkExits()...)
	errs = append(errs, s.checkDossiers()...)
	for i, step := range s.Script {
		if _, err := step.start(); err != nil {
			errs = append(errs, s.wrong(fmt.Sprintf("script[%d]", i), err))
		}
	}
	return errors.Join(errs...)
}

func (s *Scenario) checkClients() []error {
	var errs []error
	seen := map[string]bool{}
	for i, c := range s.Clients {
		path := fmt.Sprintf("clients[%d]", i)
		if c.ClientID == "" || c.ClientSecret == "" || c.APIKey == "" {
			errs = append(errs, s.wrong(path, errors.New("clientId, clientSecret and apiKey are needed")))
		}
		if seen[c.ClientID] {
			errs = append(errs, s.wrong(path, errors.New("clientId stands twice")))
		}
		seen[c.ClientID] = true
		if _, err := ident.ParseKBO(c.KBONumber); c.KBONumber != "" && err != nil {
			errs = append(errs, s.wrong(path, errors.New("kboNumber is not valid")))
		}
	}
	return errs
}

func (s *Scenario) checkExits() []error {
	var errs []error
	if !knownMode(s.Exits.Default.Mode) {
		errs = append(errs, s.wrong("exits.default.mode", errors.New("one of before, at, after, never")))
	}
	for i, p := range s.Exits.Persons {
		if !knownMode(p.Mode) || p.Mode == "" || !validSSIN(p.SSIN) {
			errs = append(errs, s.wrong(fmt.Sprintf("exits.persons[%d]", i), errors.New("a valid ssin, and a mode: one of before, at, after, never")))
		}
	}
	return errs
}

func (s *Scenario) checkDossiers() []error {
	var errs []error
	persons := map[string]int{}
	for i, d := range s.Dossiers {
		path := fmt.Sprintf("dossiers[%d]", i)
		if !slices.Contains([]string{"", "active", "canceled"}, d.SSINStatus) {
			errs = append(errs, s.wrong(path, errors.New("ssinStatus: one of active, canceled")))
		}
		for _, ssin := range append([]string{d.SSIN}, d.SSINHistory...) {
			if !validSSIN(ssin) {
				errs = append(errs, s.wrong(path, errors.New("ssin is not valid")))
			}
			if first, twice := persons[ssin]; twice {
				errs = append(errs, s.wrong(path, fmt.Errorf("dossiers[%d] has this ssin already", first)))
			}
			persons[ssin] = i
		}
	}
	return errs
}

func knownMode(mode string) bool {
	return slices.Contains([]string{"", ExitBefore, ExitAt, ExitAfter, ExitNever}, mode)
}

func (s *Scenario) withDefaults() *Scenario {
	out := *s
	out.Clients = slices.Clone(s.Clients)
	if len(out.Clients) == 0 {
		out.Clients = []Client{{ClientID: "mlpsync-demo", ClientSecret: "demo-secret", APIKey: "demo-key", Name: "OCMW Voorbeeld", KBONumber: "0212214917"}}
	}
	for i := range out.Clients {
		if len(out.Clients[i].Scopes) == 0 {
			out.Clients[i].Scopes = []string{scopeRead, scopeWrite}
		}
	}
	if out.Exits.Default.Mode == "" {
		out.Exits.Default.Mode = ExitBefore
	}
	return &out
}

func (s *Scenario) clientByID(id string) *Client {
	for i := range s.Clients {
		if s.Clients[i].ClientID == id {
			return &s.Clients[i]
		}
	}
	return nil
}

func (s *Scenario) exitRule(d *dossier) ExitRule {
	for _, p := range s.Exits.Persons {
		if p.SSIN == d.SSIN || slices.Contains(d.History, p.SSIN) {
			return ExitRule{Mode: p.Mode, Delay: p.Delay}
		}
	}
	return s.Exits.Default
}
