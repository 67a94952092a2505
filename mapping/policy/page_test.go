package policy

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
)

const page = "../../docs/policy-cases.md"

// block is what a page holds between the markers of that name; with -update it becomes want.
func block(t *testing.T, name string, want func(held string) string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(data), "<!-- "+name+":begin -->\n")
	held, after, closed := strings.Cut(rest, "<!-- "+name+":end -->")
	if !opened || !closed {
		t.Fatalf("%s lacks the markers of %s", page, name)
	}
	text := want(held)
	if flag.Lookup("update").Value.String() == "true" {
		text = before + "<!-- " + name + ":begin -->\n" + text + "<!-- " + name + ":end -->" + after
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := Compare(text, held); diff != "" {
		t.Errorf("%s is stale: go test ./mapping/policy -update (-code +page)\n%s", page, diff)
	}
}

// The example of the page is a case that can be read, and decides what it says.
func TestExampleOfThePage(t *testing.T) {
	const fence = "```"
	block(t, "example", func(held string) string {
		before, rest, _ := strings.Cut(held, fence+"text\n")
		text, after, found := strings.Cut(rest, fence)
		if !found {
			t.Fatal("the page has no example")
		}
		c, err := Parse("inschrijving.txtar", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Play(mapping.New())
		if err != nil {
			t.Fatal(err)
		}
		return before + fence + "text\n" + string(c.With(got.Text)) + fence + after
	})
}

func TestFieldsOfThePage(t *testing.T) {
	block(t, "fields", func(string) string {
		var b strings.Builder
		row := func(where string, of any) {
			names := slices.DeleteFunc(sortedKeys(fieldsOf(reflect.ValueOf(of).Elem())), func(n string) bool { return n == "missing" || n == "deleted" })
			fmt.Fprintf(&b, "| %s | `%s` |\n", where, strings.Join(names, "`, `"))
		}
		b.WriteString("\n| a row of the export | fields |\n|---|---|\n")
		row("`client`", &casefile.Client{})
		row("`tracks`", &casefile.Track{})
		row("`contracts`", &casefile.Employment{})
		row("`placements`", &casefile.Placement{})
		row("`trainings`", &casefile.Training{})
		row("`evaluations`", &casefile.Evaluation{})
		row("`handovers`", &casefile.HandoverRecord{})
		row("`competences`", &casefile.CompetenceRecord{})
		row("`documents`", &casefile.DocumentRecord{})
		b.WriteString("\n| in MLP | fields |\n|---|---|\n")
		row("`person`, and `edit` of kind `dossier`", &casefile.Person{})
		row("`profile`, and `edit` of that kind", &casefile.Profile{})
		row("`edit` of kind `category`", &casefile.Category{})
		row("`weos`, and `edit` of kind `weo`", &casefile.WEO{})
		row("`employments`, and `edit` of kind `employment`; `regimes` is a list of the next", &casefile.Art60{})
		row("a period of `regimes`", &casefile.RegimePeriod{})
		row("`placements`, and `edit` of kind `placement`", &casefile.WorkPlacement{})
		row("`evaluations`, and `edit` of kind `evaluation`", &casefile.EvaluationDone{})
		row("`competences`, and `edit` of kind `competence`", &casefile.Competence{})
		row("`documents`, and `edit` of kind `document`", &casefile.Document{})
		row("`notes`, and `edit` of kind `note`", &casefile.Note{})
		row("`handovers`, and `edit` of kind `handover`", &casefile.Handover{})
		return b.String() + "\n"
	})
}

// Every key of a case is on the page.
func TestPageNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []any{script{}, dossierScript{}, held{}, event{}, answer{}, ownerScript{}, vdabAnswer{}, fileFound{}} {
		s := reflect.TypeOf(of)
		for i := range s.NumField() {
			key := s.Field(i).Tag.Get("yaml")
			if !strings.Contains(string(data), "`"+key) && !strings.Contains(string(data), "{"+key+":") && !strings.Contains(string(data), ", "+key+":") {
				t.Errorf("%s does not name %q of %s", page, key, s.Name())
			}
		}
	}
}
