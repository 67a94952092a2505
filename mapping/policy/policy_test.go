package policy_test

import (
	"flag"
	"os"
	"testing"

	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

var update = flag.Bool("update", false, "rewrite the wanted outcome of the policy cases, and docs/rules.md")

const cases = "../testdata"

func TestPolicies(t *testing.T) {
	files, err := policy.Files(cases)
	if err != nil || len(files) == 0 {
		t.Fatalf("no policy cases: %v", err)
	}
	rules := mapping.New()
	fired := map[string]bool{}
	for _, file := range files {
		c, err := policy.Load(file)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			for _, id := range play(t, rules, c) {
				fired[id] = true
			}
		})
	}
	for _, rule := range rules.Catalogue() {
		if !fired[rule.ID] {
			t.Errorf("rule %s never fires in a policy case", rule.ID)
		}
	}
}

func play(t *testing.T, rules *mapping.Rules, c policy.Case) []string {
	got, err := c.Play(rules)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case *update:
		if err := os.WriteFile(c.File, c.With(got.Text), 0o644); err != nil {
			t.Fatal(err)
		}
	case !c.HasWant:
		t.Error("no wanted outcome: run with -update and read what it writes")
	default:
		if diff := policy.Compare(c.Want, got.Text); diff != "" {
			t.Error(diff)
		}
	}
	return got.Fired
}
