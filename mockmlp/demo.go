package mockmlp

import (
	_ "embed"
	"slices"
)

//go:embed page/demo.yaml
var demo []byte

// DemoScenario is a small beginning for who tries the mock by hand: a few test persons, each at another point of the course. It's a scenario file, as
// docs/mock.md describes it.
func DemoScenario() (*Scenario, error) { return ParseScenario(demo) }

// Clients are the machine clients that may call, with what they authenticate with: the mock keeps no secrets.
func (m *Mock) Clients() []Client { return slices.Clone(m.scenario.Clients) }
