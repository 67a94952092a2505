package policy_test

import (
	"errors"
	"os"
	"testing"

	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/mapping/policy"
)

// Whatever a file holds, it is a case that can be played, or an *Error that says why not.
func FuzzCase(f *testing.F) {
	files, err := policy.Files(cases)
	if err != nil || len(files) == 0 {
		f.Fatalf("no policy cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(start + ready + "events: [{add: {contracts: [{contractNumber: C1, kind: art60, start: 2026-03-16}]}}, {edit: {kind: category, start: 2026-01-05, code: \"00\"}}, " +
		"{owner: {kind: partner, name: X}}, {handover: {status: closed}}, {answer: {rule: CAT-10, accept: true, on: 2026-03-16}}]\n"))
	rules := mapping.New()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := policy.Parse("geval.txtar", data)
		if err == nil {
			_, err = c.Play(rules)
		}
		var refused *policy.Error
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%T: %v", err, err)
		}
	})
}
