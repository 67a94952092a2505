package policy

import (
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestAnswerBindsToTheQuestion(t *testing.T) {
	d := casefile.Decision{Day: "2026-03-16",
		Manual:   []casefile.Manual{{Rule: "CAT-10", Question: "q1", Category: true}, {Rule: "TWE-17", Question: "q2", Accept: "ja"}, {Rule: "DATA-02"}},
		Findings: []casefile.Finding{{Rule: "TWE-02", Question: "q3", Accept: "ja"}, {Rule: "TWE-02", Question: "q4", Accept: "ja"}},
	}
	cases := []struct {
		a       answer
		want    string
		refused bool
	}{
		{answer{Rule: "CAT-10", Category: "05"}, "q1", false},
		{answer{Rule: "CAT-10", Accept: true}, "", true},
		{answer{Rule: "TWE-17", Accept: true}, "q2", false},
		{answer{Rule: "TWE-17", Category: "05"}, "", true},
		{answer{Rule: "DATA-02", Accept: true}, "", true},
		{answer{Rule: "TWE-02", Accept: true}, "", true}, // which of the two?
	}
	for _, c := range cases {
		got, err := asked(d, c.a)
		if got != c.want || (err != nil) != c.refused {
			t.Errorf("%+v: %q, %v", c.a, got, err)
		}
	}
}

// Every registration and every record that a case can name says what it is.
func TestEveryBodyIsDescribed(t *testing.T) {
	for _, kind := range casefile.RegistrationKinds() {
		body := emptyBody(kind)
		switch kind {
		case casefile.RegPerson:
			body = casefile.Person{}
		case casefile.RegProfile:
			body = casefile.Profile{}
		}
		if body.Kind() != kind || Describe(body) == "onbekend" {
			t.Errorf("%s: %s is described as %q", kind, body.Kind(), Describe(body))
		}
	}
}
