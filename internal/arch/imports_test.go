package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// row says what a package may import of this module, and why no more. Folders may
// end in "/*", which stands for what lies directly below.
type row struct {
	dir string
	may []string
	why string
}

// anything allows all packages; but takes some away.
const anything = "anything"

const but = "but "

func table() []row {
	return slices.Concat(pureRows(), edgeRows(), wiringRows(), testRows())
}

func pureRows() []row {
	return []row{
		{"internal/ident", nil, "everybody reads identifiers, so it can depend on nobody"},
		{"internal/seal", nil, "keys and ciphers know nothing of what they seal"},
		{"internal/outbox", nil, "the rules of the queue are pure, and hold for every store"},
		{"internal/audit", nil, "a chain that depends on nothing can be checked by anybody"},
		{"internal/failpoint", nil, "it ends the process, whatever the process was doing"},
		{"internal/version", nil, "it reads what the build left in the program"},
		{"internal/wholefile", nil, "it writes files, whatever is in them"},
		{"internal/livelog", nil, "it carries lines of log, whatever they say"},
		{"internal/strictyaml", nil, "it decodes for everybody, and knows no document"},
		{"internal/casefile", []string{"internal/ident"}, "it is what non-adjacent stages share: no stage comes in"},
		{"mapping", []string{"internal/casefile"}, "decisions are pure: they see a case and a day"},
		{"mapping/policy", []string{"mapping", "internal/casefile", "internal/ident", "internal/plan", "internal/strictyaml"}, "it plays a client's story: decide, and MLP takes what is asked"},
		{"internal/plan", []string{"internal/casefile"}, "a difference is pure: it sees what is known and what is desired"},
		{"schemas/ocmw", []string{"schemas/judge", "internal/casefile", "internal/ident"}, "it turns raw records into typed ones, wherever they came from"},
		{"schemas/mlp", []string{"schemas/judge"}, "client and mock share the document, and no Go types"},
		{"schemas/judge", nil, "it knows schemas, and not what they are about"},
	}
}

func edgeRows() []row {
	return []row{
		{"internal/config", []string{"internal/ident", "internal/strictyaml"}, "configuration is data; app gives it meaning"},
		{"adapters", []string{"internal/ident", "internal/strictyaml"}, "the contract of sources knows no format and no store"},
		{"adapters/*", []string{"adapters", "internal/ident", "internal/seal"}, "one format each; stages don't import each other"},
		{"internal/ledger", []string{"internal/casefile", "internal/outbox", "internal/audit"}, "the storage contract speaks of these three"},
		{"internal/ledger/*", []string{"internal/ledger", "internal/casefile", "internal/outbox", "internal/audit", "internal/seal", "internal/wholefile"}, "an engine implements the contract, and seals what it stores"},
		{"internal/mlp", []string{"internal/casefile", "internal/ident", "schemas/mlp"}, "the client of the API knows no queue"},
		{"internal/deliver", []string{"internal/casefile", "internal/outbox", "internal/mlp"}, "it declares the interfaces of the queue that it needs"},
		{"internal/observe", []string{"internal/casefile", "internal/mlp"}, "it declares the interfaces of the store that it needs"},
		{"internal/cycle", []string{"adapters", "schemas/ocmw", "mapping", "internal/plan", "internal/outbox", "internal/ledger", "internal/casefile"}, "only cycle knows the order of the stages; deliver and observe come in as interfaces that it declares"},
		{"internal/report", []string{"internal/casefile", "internal/ledger", "internal/outbox"}, "it reads the store and writes files, and decides nothing"},
		{"internal/dashboard", []string{"internal/casefile", "internal/outbox", "internal/livelog"}, "it shows, and reads through interfaces of its own"},
		{"mockmlp", []string{"schemas/mlp", "internal/ident", "internal/strictyaml"}, "client and mock share data, never the API's Go types: a mistake in one must show against the other"},
	}
}

func wiringRows() []row {
	return []row{
		{"internal/app", []string{anything, but + "internal/cli", but + "mockmlp", but + "mockmlp/command"}, "the composition root; the mock is no part of the product that it wires"},
		{"internal/cli", []string{"internal/app", "internal/casefile", "internal/config", "internal/failpoint", "internal/version", "mapping", "mapping/policy", "mockmlp", "examples"}, "commands call app; the mock, the sample and the failpoints are for demo and selftest"},
		{"mockmlp/command", []string{"mockmlp", "internal/version"}, "flags of the mock, nothing else; both programs are stamped in one place"},
		{"cmd/mlpsync", []string{"internal/cli"}, "main only"},
		{"cmd/mockmlp", []string{"mockmlp/command"}, "main only"},
		{"examples", nil, "embedded data"},
	}
}

// testRows are packages that only tests and tools use; no row above may import them.
func testRows() []row {
	free := []string{anything}
	return []row{
		{"adapters/adaptertest", free, "a suite needs what it needs"},
		{"internal/ledger/ledgertest", free, "a suite needs what it needs"},
		{"internal/e2e", free, "tests only"},
		{"internal/arch", nil, "it reads source, and imports none of it"},
		{"bench", free, "measures what it needs to"},
		{"examples/gen", free, "what it must not import is in independent"},
		{"mockmlp/conformance", free, "what it must not import is in independent"},
	}
}

// independent packages judge the mapping: they never import it, in tests or through
// others, lest its mistakes become the expectation.
func independent() []string { return []string{"examples/gen", "mockmlp/conformance"} }

// rowOf is the row of a folder: its own before one with "/*".
func rowOf(dir string) (row, bool) {
	for _, r := range table() {
		if r.dir == dir {
			return r, true
		}
	}
	for _, r := range table() {
		if below(r.dir, dir) {
			return r, true
		}
	}
	return row{}, false
}

func below(pattern, dir string) bool {
	parent, ok := strings.CutSuffix(pattern, "/*")
	rest, inside := strings.CutPrefix(dir, parent+"/")
	return ok && inside && !strings.Contains(rest, "/")
}

func (r row) allows(dir string) bool {
	if slices.Contains(r.may, but+dir) {
		return false
	}
	if slices.Contains(r.may, dir) {
		return true
	}
	return slices.Contains(r.may, anything)
}

func isTestSupport(dir string) bool {
	return slices.ContainsFunc(testRows(), func(r row) bool { return r.dir == dir })
}

func importProblems(m *module) []string {
	var out []string
	for _, dir := range m.dirs() {
		r, ok := rowOf(dir)
		if !ok {
			out = append(out, fmt.Sprintf("package %s has no row in the import table: add one here and in the design, with its reason", dir))
			continue
		}
		for _, imported := range m.packages[dir].ourImports(false) {
			if !r.allows(imported) || isTestSupport(imported) && !isTestSupport(dir) {
				out = append(out, fmt.Sprintf("%s imports %s, but it may import %s (%s): declare a small interface where it is needed, or move what both need to internal/casefile",
					dir, imported, may(r), r.why))
			}
		}
	}
	return out
}

func may(r row) string {
	if len(r.may) == 0 {
		return "nothing of this module"
	}
	return "only " + strings.Join(r.may, ", ")
}

func independenceProblems(m *module) []string {
	var out []string
	for _, dir := range independent() {
		if m.packages[dir] == nil {
			continue
		}
		seen := map[string]bool{dir: true}
		todo := m.packages[dir].ourImports(true)
		for len(todo) > 0 {
			next := todo[0]
			todo = todo[1:]
			if next == "mapping" || strings.HasPrefix(next, "mapping/") {
				out = append(out, fmt.Sprintf("%s imports %s, itself, in its tests or through another package: work the expectation out by hand", dir, next))
			}
			if p := m.packages[next]; p != nil && !seen[next] {
				todo = append(todo, p.ourImports(false)...)
			}
			seen[next] = true
		}
	}
	return out
}

func TestImportTable(t *testing.T) { check(t, importProblems) }

func TestIndependentOfMapping(t *testing.T) { check(t, independenceProblems) }

func TestTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range table() {
		if seen[r.dir] || r.why == "" {
			t.Errorf("row %s is doubled or has no reason", r.dir)
		}
		seen[r.dir] = true
		for _, allowed := range r.may {
			allowed = strings.TrimPrefix(allowed, but)
			if _, ok := rowOf(allowed); !ok && allowed != anything {
				t.Errorf("row %s speaks of %s, which has no row", r.dir, allowed)
			}
		}
	}
}
