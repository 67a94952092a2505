package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/cli"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Pages that repeat what the code says go stale unnoticed. Blocks between markers are
// written from the code's own tables with -update; what people write by hand (commands, events,
// keys) is held against the code.

const docsRoot = "../.."

// An init, as another file of this package may have the flag as well, and flags can't
// be defined twice.
func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "write what the tests generate")
	}
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func readPage(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(docsRoot, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestGeneratedBlocks(t *testing.T) {
	for _, block := range []struct {
		page, name string
		make       func(*testing.T) string
	}{
		{"docs/delivery.md", "transitions", transitionTable},
		{"docs/delivery.md", "verdicts", verdictTable},
		{"docs/delivery.md", "answers", answerTable},
		{"docs/profile.md", "fields", recordFields},
		{"docs/personal-data.md", "requests", requestFields},
		{"docs/manual.md", "actions", actionTable},
	} {
		t.Run(block.name, func(t *testing.T) {
			begin, end := "<!-- "+block.name+":begin -->\n", "<!-- "+block.name+":end -->"
			text := readPage(t, block.page)
			before, rest, opened := strings.Cut(text, begin)
			held, after, closed := strings.Cut(rest, end)
			if !opened || !closed || strings.Contains(after, strings.TrimSpace(begin)) {
				t.Fatalf("%s must hold the markers of block %s once", block.page, block.name)
			}
			want := "\n" + block.make(t) + "\n"
			if updating() {
				if err := os.WriteFile(filepath.Join(docsRoot, block.page), []byte(before+begin+want+end+after), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := gocmp.Diff(strings.Split(want, "\n"), strings.Split(held, "\n")); d != "" {
				t.Errorf("%s is stale: go test ./internal/e2e -run GeneratedBlocks -update (-code +page)\n%s", block.page, d)
			}
		})
	}
}

// ---- The blocks

func transitionTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> waiting\n")
	table := [][]string{{"from", "to", "when"}}
	for _, row := range outbox.Transitions() {
		fmt.Fprintf(&b, "    %s --> %s\n", row.From, row.To)
		table = append(table, []string{ticked(row.From), ticked(row.To), row.Why})
	}
	final := 0
	for _, s := range outbox.States() {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
			final++
		}
	}
	if len(table) < 10 || final == 0 {
		t.Fatalf("%d transitions and %d final states", len(table)-1, final)
	}
	b.WriteString("```\n\n")
	return b.String() + markdownTable(table)
}

func verdictTable(*testing.T) string {
	table := [][]string{{"verdict", "means", "then", "after sending", "after reading in doubt", "counts as an attempt"}}
	for _, row := range outbox.Verdicts() {
		reading := ticked(row.ToInDoubt)
		if row.Verdict == outbox.VerdictSettled {
			reading = "see below" // a reading that succeeds is judged by what it found
		}
		table = append(table, []string{ticked(row.Verdict), row.Meaning, row.Next, ticked(row.To), reading, yesNo(row.Counts)})
	}
	return markdownTable(table)
}

func answerTable(*testing.T) string {
	table := [][]string{{"what came back", "a read", "a write", "repeated at once", "why"}}
	for _, row := range mlp.Classification() {
		table = append(table, []string{row.Answer, tickedVerdict(row.Read), tickedVerdict(row.Write), repeatedWhich(row), row.Why})
	}
	return markdownTable(table)
}

func actionTable(*testing.T) string {
	table := [][]string{{"action", "means"}}
	for _, a := range audit.Actions() {
		table = append(table, []string{ticked(a.Word), a.Meaning})
	}
	return markdownTable(table)
}

func tickedVerdict(v mlp.Verdict) string {
	if v == "" {
		return "-"
	}
	return ticked(v)
}

func repeatedWhich(row mlp.Row) string {
	switch {
	case row.ReadRepeated && row.WriteRepeated:
		return "both"
	case row.ReadRepeated:
		return "the read"
	case row.WriteRepeated:
		return "the write"
	}
	return "no"
}

// jsonSchema is what the pages tell of a JSON Schema.
type jsonSchema struct {
	Ref        string                `json:"$ref" yaml:"$ref"`
	Title      string                `json:"title" yaml:"title"`
	Type       string                `json:"type" yaml:"type"`
	Enum       []string              `json:"enum" yaml:"enum"`
	Required   []string              `json:"required" yaml:"required"`
	Properties map[string]jsonSchema `json:"properties" yaml:"properties"`
	Items      *jsonSchema           `json:"items" yaml:"items"`
	ReadOnly   bool                  `json:"-" yaml:"readOnly"`
}

// recordFields lists the fields that a profile can fill, per record kind.
func recordFields(t *testing.T) string {
	var b strings.Builder
	for _, kind := range adapters.Kinds() {
		var s jsonSchema
		if err := json.Unmarshal([]byte(readPage(t, "schemas/ocmw/"+kind+".schema.json")), &s); err != nil {
			t.Fatal(err)
		}
		types := adapters.Fields(kind)
		table := [][]string{{"field", "type", "codes", "in Dutch reports"}}
		for _, name := range slices.Sorted(maps.Keys(types)) {
			p, known := s.Properties[name]
			if !known {
				t.Fatalf("%s.%s is in the vocabulary of profiles and not in the schema", kind, name)
			}
			label := ticked(name)
			if slices.Contains(s.Required, name) {
				label += " *"
			}
			codes := p.Enum
			if p.Items != nil {
				codes = p.Items.Enum
			}
			if got := adapters.Codes(kind, name); !slices.Equal(got, codes) {
				t.Errorf("%s.%s: a profile may map to %v, the schema takes %v", kind, name, got, codes)
			}
			table = append(table, []string{label, types[name], tickedAll(codes), p.Title})
		}
		fmt.Fprintf(&b, "**%s** (%s)\n\n%s\n", kind, s.Title, markdownTable(table))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

type apiDocument struct {
	Paths      map[string]map[string]apiOperation `yaml:"paths"`
	Components struct {
		Schemas map[string]jsonSchema `yaml:"schemas"`
	} `yaml:"components"`
}

type apiOperation struct {
	OperationID string `yaml:"operationId"`
	RequestBody struct {
		Content map[string]struct {
			Schema jsonSchema `yaml:"schema"`
		} `yaml:"content"`
	} `yaml:"requestBody"`
}

// UnmarshalYAML lets what else a path can have (servers, parameters: lists) be no operation.
func (o *apiOperation) UnmarshalYAML(data []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(data)), "-") {
		return nil
	}
	type plain apiOperation
	return yaml.Unmarshal(data, (*plain)(o))
}

// requestFields lists what a request can hold: a request that doesn't fit the
// document is not sent.
func requestFields(t *testing.T) string {
	var d apiDocument
	if err := yaml.Unmarshal([]byte(readPage(t, "schemas/mlp/openapi.yaml")), &d); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, op := range d.Paths[path] {
			for _, content := range op.RequestBody.Content {
				fields := d.flatten(content.Schema, "")
				if len(fields) == 0 {
					t.Fatalf("%s has a body without properties", op.OperationID)
				}
				rows = append(rows, []string{ticked(strings.ToUpper(method) + " " + path), tickedAll(fields)})
			}
		}
	}
	if len(rows) < 5 {
		t.Fatalf("only %d requests found", len(rows))
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	rows = slices.CompactFunc(rows, func(a, b []string) bool { return slices.Equal(a, b) })
	return markdownTable(append([][]string{{"request", "what its body can hold"}}, rows...))
}

func (d apiDocument) flatten(s jsonSchema, prefix string) []string {
	for s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	if s.Items != nil {
		return d.flatten(*s.Items, prefix+"[]")
	}
	if len(s.Properties) == 0 {
		return []string{prefix}
	}
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if p.Ref != "" {
			p.ReadOnly = p.ReadOnly || d.Components.Schemas[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]].ReadOnly
		}
		if p.ReadOnly {
			continue
		}
		fields = append(fields, d.flatten(p, strings.TrimPrefix(prefix+"."+name, "."))...)
	}
	return fields
}

// ---- What people wrote

// eventName finds an event where it is a field, a message, a value of a struct, or a constant of a type of that
// name; a plus sign behind it means that the rest is put together.
var eventName = regexp.MustCompile(`(?:Str\("event", |Msg\(|\bevent\s*[=:] )"([a-z]+\.[A-Za-z]*|[a-z]+)"(\+?)`)

// Operators search their logs for these words.
func TestManualsNameEveryEvent(t *testing.T) {
	events := map[string]bool{}
	eachSource(t, "internal", func(text string) {
		for _, m := range eventName.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[0], "Msg(") && !strings.Contains(m[1], ".") {
				continue // a sentence of one word
			}
			if m[2] == "+" { // files.info, files.warn
				m[1] += "*"
			}
			events[m[1]] = true
		}
	})
	if len(events) < 10 {
		t.Fatalf("only %d events found", len(events))
	}
	for _, name := range []string{"docs/manual.md", "docs/handleiding.md"} {
		text := readPage(t, name)
		for _, event := range slices.Sorted(maps.Keys(events)) {
			if !strings.Contains(text, ticked(event)) {
				t.Errorf("%s does not name event %s", name, event)
			}
		}
		for _, m := range tableHead.FindAllStringSubmatch(pageSection(text, "## 4"), -1) {
			if !events[m[1]] {
				t.Errorf("%s names event %s, which nothing logs", name, m[1])
			}
		}
	}
}

func TestTheDutchManualNamesEveryAction(t *testing.T) {
	section := pageSection(readPage(t, "docs/handleiding.md"), "### Wie deed wat")
	for _, a := range audit.Actions() {
		if !strings.Contains(section, ticked(a.Word)) {
			t.Errorf("action %s is not named", a.Word)
		}
	}
}

var tableHead = regexp.MustCompile("(?m)^\\| `([a-z][A-Za-z]*(?:\\.[A-Za-z*]+)?)` \\|")

// pageSection is the page from a heading to the next of its level.
func pageSection(text, heading string) string {
	_, rest, _ := strings.Cut(text, "\n"+heading)
	level, _, _ := strings.Cut(heading, " ")
	body, _, _ := strings.Cut(rest, "\n"+level+" ")
	return body
}

var yamlKey = regexp.MustCompile("`yaml:\"([A-Za-z]+)\"")

func TestProfileGuideNamesEveryKey(t *testing.T) {
	text := readPage(t, "docs/profile.md")
	keys := yamlKey.FindAllStringSubmatch(readPage(t, "adapters/profile.go"), -1)
	if len(keys) < 30 {
		t.Fatalf("only %d keys found", len(keys))
	}
	for _, m := range keys {
		if !strings.Contains(text, ticked(m[1])) {
			t.Errorf("docs/profile.md does not name key %s", m[1])
		}
	}
}

// The YAML in the guide is a whole profile: it has to load.
func TestProfileGuideExamplesLoad(t *testing.T) {
	loaded := 0
	for _, block := range fencedBlocks(readPage(t, "docs/profile.md"), "yaml") {
		if !strings.HasPrefix(strings.TrimSpace(block), "profile:") {
			continue
		}
		if _, err := adapters.LoadProfile([]byte(block)); err != nil {
			t.Errorf("an example is refused: %v", err)
		}
		loaded++
	}
	if loaded == 0 {
		t.Error("the guide shows no whole profile")
	}
}

// Every command that a page shows must be one that there is: parsed with --help, so that
// it is known, its flags too, and nothing is run.
func TestCommandsExist(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(docsRoot, "docs", "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	tried := 0
	for _, path := range append(pages, filepath.Join(docsRoot, "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range shownCommands(string(text)) {
			var out bytes.Buffer
			if exit := cli.Run(t.Context(), append(args, "--help"), nowhere, strings.NewReader(""), io.Discard, &out); exit != 0 {
				t.Errorf("%s: mlpsync %s: %s", filepath.Base(path), strings.Join(args, " "), firstLine(out.String()))
			}
			tried++
		}
	}
	if tried < 50 {
		t.Errorf("only %d commands found", tried)
	}
}

func nowhere(string) string { return "" }

var (
	inlineCommand = regexp.MustCompile("`(mlpsync [^`|]+)`")
	shellWords    = regexp.MustCompile(`"[^"]*"|\S+`)
)

// shownCommands finds the mlpsync command lines of a page: in blocks of shell and inline.
func shownCommands(text string) [][]string {
	var lines []string
	for _, block := range fencedBlocks(text, "sh") {
		lines = append(lines, strings.Split(strings.ReplaceAll(block, "\\\n", " "), "\n")...)
	}
	for _, m := range inlineCommand.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	var all [][]string
	for _, line := range lines {
		if args, ok := shownArguments(line); ok {
			all = append(all, args)
		}
	}
	return all
}

// shownArguments are those of a line that calls mlpsync, up to what is the shell's.
func shownArguments(line string) ([]string, bool) {
	tokens := shellWords.FindAllString(line, -1)
	if len(tokens) > 3 && tokens[0] == "sudo" && tokens[1] == "-u" {
		tokens = tokens[3:]
	}
	if len(tokens) > 2 && tokens[0] == "go" && tokens[1] == "run" {
		tokens = tokens[2:]
	}
	if len(tokens) > 3 && tokens[0] == "docker" && (tokens[2] == "exec" || tokens[2] == "run") {
		// Of "exec SERVICE mlpsync ..." and "run SERVICE ...": what the program is given.
		at := slices.Index(tokens, "mlpsync")
		if at > 0 && tokens[2] == "exec" {
			at++
		}
		tokens = tokens[max(at, 0):]
	}
	if len(tokens) < 2 || filepath.Base(tokens[0]) != "mlpsync" {
		return nil, false
	}
	args := tokens[1:]
	if end := slices.IndexFunc(args, func(a string) bool { return strings.ContainsAny(a[:1], "#>|&;<") }); end >= 0 {
		args = args[:end]
	}
	optional := func(a string) bool { return a[0] == '[' }
	return slices.DeleteFunc(slices.Clone(args), optional), len(args) > 0
}

// fencedBlocks are the code blocks of a language.
func fencedBlocks(text, language string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		blocks = append(blocks, block)
	}
	return blocks
}

var pageLink = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestLinksLead(t *testing.T) {
	checked := 0
	for _, name := range []string{"manual", "handleiding", "profile", "delivery", "containers", "personal-data"} {
		for _, m := range pageLink.FindAllStringSubmatch(readPage(t, "docs/"+name+".md"), -1) {
			if _, err := os.Stat(filepath.Join(docsRoot, "docs", m[1])); err != nil {
				t.Errorf("docs/%s.md leads to %s, which is not there", name, m[1])
			}
			checked++
		}
	}
	if checked == 0 {
		t.Error("no links found")
	}
}

// ---- Helpers

func eachSource(t *testing.T, folder string, see func(text string)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(docsRoot, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		see(string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func markdownTable(table [][]string) string {
	var b strings.Builder
	for i, row := range table {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
	return b.String()
}

func ticked[S ~string](s S) string { return "`" + string(s) + "`" }

func tickedAll(list []string) string {
	marked := make([]string, len(list))
	for i, s := range list {
		marked[i] = ticked(s)
	}
	return strings.Join(marked, " ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
