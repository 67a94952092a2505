package mockmlp

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const mockPage = "../docs/mock.md"

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks are a page's code blocks of a language.
func blocks(page, language string) []string {
	var out []string
	for _, part := range strings.Split(page, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		out = append(out, block+"\n")
	}
	return out
}

// The page's own scenario file makes a mock, whose control API takes every call that the page shows, as it shows it.
func TestRecipesOfThePage(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("no %s", tool)
		}
	}
	page := readText(t, mockPage)
	_, scenario, _ := strings.Cut(page, "\n## Scenario file\n")
	m, err := New(Options{Frozen: true, Scenario: scenarioOf(t, blocks(scenario, "yaml")[0])})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(m.Control())
	defer srv.Close()
	tried := 0
	for _, block := range blocks(page, "sh") {
		if !strings.Contains(block, "8082/control") {
			continue
		}
		if err := m.Reset(); err != nil {
			t.Fatal(err)
		}
		script := "curl() { command curl --fail-with-body \"$@\"; }\n" + strings.ReplaceAll(block, "http://127.0.0.1:8082", srv.URL)
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, block, out)
		}
		tried++
	}
	if tried < 5 {
		t.Errorf("only %d blocks call the control API", tried)
	}
}

// The page's Go is that of an example which runs.
func TestGoOfThePage(t *testing.T) {
	example := readText(t, "control_example_test.go")
	_, recipes, _ := strings.Cut(readText(t, mockPage), "\n## Recipes\n")
	for line := range strings.Lines(blocks(recipes, "go")[0]) {
		if line = strings.TrimSpace(line); !strings.Contains(example, line) {
			t.Errorf("no example has: %s", line)
		}
	}
}

// What a filter, a fault or a scenario is called stands on the page.
func TestPageNamesAll(t *testing.T) {
	page := readText(t, mockPage)
	names := append(JournalFilters(), EffectFilters()...)
	for _, s := range Scenarios() {
		names = append(append(append(names, s.Name), s.Needs...), s.Takes...)
	}
	names = append(names, FaultReset, FaultEmpty, FaultChunk, FaultRandom, FaultLimitData, FaultMalformedBody, TokenExpired, TokenWrong)
	for _, name := range names {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the page has no %s", name)
		}
	}
}
