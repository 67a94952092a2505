package strictyaml_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

type inner struct {
	Colour string              `yaml:"colour"`
	Wait   strictyaml.Duration `yaml:"wait"`
}

type outer struct {
	Name  string           `yaml:"name"`
	List  []inner          `yaml:"list"`
	Named map[string]inner `yaml:"named"`
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
		{"value of a type of ours", "list: [{wait: soon}]\n", []string{"expected a duration such as 30s, 5m or 2h"}},
		{"negative duration", "list: [{wait: -2s}]\n", []string{"expected a duration such as 30s, 5m or 2h"}},
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
