package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

type inner struct {
	Colour string              `yaml:"colour"`
	Wait   strictyaml.Duration `yaml:"wait"`
	Many   int                 `yaml:"many"`
	Sure   bool                `yaml:"sure"`
}

type outer struct {
	Name  string           `yaml:"name"`
	List  []inner          `yaml:"list"`
	Named map[string]inner `yaml:"named"`
	Any   any              `yaml:"any"`
}

func TestDecode(t *testing.T) {
	cases := []struct {
		name, text string
		want       []string
	}{
		{"fine", "name: a\nlist:\n  - {colour: red, wait: 2s}\nnamed: {x: {colour: blue}}\n", nil},
		{"unknown at the top and below", "nam: a\nlist:\n  - {color: red}\nnamed: {x: {colr: blue}}\n", []string{
			`line 1: nam: unknown key (did you mean "name"?)`, `line 3: list[0].color: unknown key (did you mean "colour"?)`,
			`line 4: named.x.colr: unknown key (did you mean "colour"?)`,
		}},
		{"value of a type of ours", "list: [{wait: soon}]\n", []string{"line 1: list[0].wait: expected a duration such as 30s, 5m or 2h"}},
		{"negative duration", "list: [{wait: -2s}]\n", []string{"line 1: list[0].wait: expected a duration such as 30s, 5m or 2h"}},
		{"duration without a unit, and more", "name: a\nlist:\n  - wait: 2\n  - {many: x, sure: often}\n", []string{
			"line 3: list[0].wait: expected a duration such as 30s, 5m or 2h", "line 4: list[1].many: expected a whole number", "line 4: list[1].sure: expected true or false",
		}},
		{"a list for a duration", "list:\n  - wait: [2s]\n", []string{"line 2: list[0].wait: expected a single value"}},
		{"a text for keys", "named:\n  x: text\n", []string{"line 2: named.x: expected keys below it: colour, wait, many, sure"}},
		{"a text for a list", "list: text\nnamed: text\n", []string{"line 1: list: expected a list", "line 2: named: expected keys below it"}},
		{"keys for a list", "list: {colour: red}\n", []string{"line 1: list: expected a list"}},
		{"keys and a list for a text", "name: {a: b}\nlist: [{colour: [red]}]\n", []string{"line 1: name: expected a single value", "line 2: list[0].colour: expected a single value"}},
		{"a number and nothing for a text", "name: 0999\nlist: [{colour: 2.5}, {colour: }, ]\nnamed:\n", nil},
		{"a text at the top", "text\n", []string{"line 1: string was used where mapping is expected"}},
		{"a wrong value behind an alias", "any: &w soon\nlist:\n  - wait: *w\n", []string{"line 3: list[0].wait: expected a duration such as 30s, 5m or 2h"}},
		{"a wrong value with a name or tag", "list:\n  - wait: &w soon\n  - many: !!str x\n", []string{
			"line 2: list[0].wait: expected a duration such as 30s, 5m or 2h", "line 3: list[1].many: expected a whole number"}},
		{"unknown behind a name", "named: {x: &x {color: red}}\n", []string{`line 1: named.x.color: unknown key (did you mean "colour"?)`}},
		{"twice the same key", "name: a\nlist: []\nname: b\n", []string{`line 3: mapping key "name" already defined`}},
		{"one document in marks", "---\nname: a\n---\n# the end\n", nil},
		{"a second document", "name: a\n---\nname: b\n", []string{"line 3: a second document begins here: only one is read"}},
		{"an alias", "named: {x: &x {colour: red}, y: *x}\n", nil},
		{"aliases that swell", swelling(), []string{"line 6: the aliases stand for too much: write it out"}},
		{"an alias of what it stands in", "any: &a [*a]\n", nil},
		{"deep", "any: " + strings.Repeat("[", 200_000), []string{"line 1: nested too deep"}},
		{"empty", "", []string{"the file is empty"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out outer
			_, issues := strictyaml.Decode([]byte(c.text), &out)
			var got []string
			for _, issue := range issues {
				got = append(got, issue.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// swelling stands for a thousand million words.
func swelling() string {
	var b strings.Builder
	b.WriteString("any:\n  a: &a [x]\n")
	for c := 'b'; c <= 'j'; c++ {
		fmt.Fprintf(&b, "  %c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	return b.String()
}

func TestNearest(t *testing.T) {
	words := []string{"environment", "stateDir", "poll"}
	for word, want := range map[string]string{"enviroment": "environment", "STATEDIR": "stateDir", "pol": "poll", "zzzz": "", "": ""} {
		if got := strictyaml.Nearest(word, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name: a\nlist: [{colour: b}]\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var out outer
		strictyaml.Decode(data, &out) // must not panic
	})
}
