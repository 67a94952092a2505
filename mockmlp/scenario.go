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

	start time.Time
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
	if _, issues := strictyaml.Decode(text, &s); len(issues) > 0 {
		errs := make([]error, len(issues))
		for i, issue := range issues {
			errs[i] = fmt.Errorf("scenario: %s", issue)
		}
		return nil, errors.Join(errs...)
	}
	if s.Clock != "" {
		t, err := time.Parse(time.RFC3339, s.Clock)
		if err != nil {
			return nil, errors.New("scenario: clock: expected an instant such as 2026-01-15T08:00:00+01:00")
		}
		s.start = t
	}
	return &s, s.check()
}

func (s *Scenario) check() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf("scenario: "+format, args...)) }
	seen := map[string]bool{}
	for i, c := range s.Clients {
		if c.ClientID == "" || c.ClientSecret == "" || c.APIKey == "" {
			complain("clients[%d]: clientId, clientSecret and apiKey are needed", i)
		}
		if seen[c.ClientID] {
			complain("clients[%d]: clientId stands twice", i)
		}
		seen[c.ClientID] = true
		if _, err := ident.ParseKBO(c.KBONumber); c.KBONumber != "" && err != nil {
			complain("clients[%d]: kboNumber is not valid", i)
		}
	}
	if !knownMode(s.Exits.Default.Mode) {
		complain("exits.default.mode: one of before, at, after, never")
	}
	for i, p := range s.Exits.Persons {
		if !knownMode(p.Mode) || p.Mode == "" || !validSSIN(p.SSIN) {
			complain("exits.persons[%d]: a valid ssin, and a mode: one of before, at, after, never", i)
		}
	}
	persons := map[string]int{}
	for i, d := range s.Dossiers {
		if !slices.Contains([]string{"", "active", "canceled"}, d.SSINStatus) {
			complain("dossiers[%d]: ssinStatus: one of active, canceled", i)
		}
		for _, ssin := range append([]string{d.SSIN}, d.SSINHistory...) {
			if !validSSIN(ssin) {
				complain("dossiers[%d]: ssin is not valid", i)
			}
			if first, twice := persons[ssin]; twice {
				complain("dossiers[%d]: dossiers[%d] has this ssin already", i, first)
			}
			persons[ssin] = i
		}
	}
	return errors.Join(errs...)
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
