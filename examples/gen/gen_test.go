package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// What is committed is what the generator makes.
func TestCommittedFilesAreFresh(t *testing.T) {
	if err := run("..", true, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestEveryPersonIsATestPersonAndTheirOwn(t *testing.T) {
	w := mustBuild(t)
	insz, number := map[string]bool{}, map[string]bool{}
	for _, c := range w.clients {
		reading, err := ident.ParseINSZ(c.insz)
		if err != nil || !reading.INSZ.IsTest() || reading.Doubtful != "" {
			t.Errorf("client %s has no sound TST number: %v, %q", c.number, err, reading.Doubtful)
		}
		if insz[c.insz] || number[c.number] {
			t.Errorf("client %s shares a number with another", c.number)
		}
		insz[c.insz], number[c.number] = true, true
		if c.seed != nil && c.seed.insz != "" {
			if reading, err := ident.ParseINSZ(c.seed.insz); err != nil || !reading.INSZ.IsTest() || insz[c.seed.insz] {
				t.Errorf("client %s: the number that replaced the old one is not sound: %v", c.number, err)
			}
			insz[c.seed.insz] = true
		}
	}
	if len(number) != population {
		t.Errorf("%d clients, want %d", len(number), population)
	}
}

// The TST numbers of MAGDA's documentation, as vectors for testINSZ.
func TestTestINSZ(t *testing.T) {
	for _, v := range []struct {
		born    day
		counter int
		want    string
	}{
		{"1967-12-24", 997, "67722499797"}, {"1983-06-06", 341, "83660634135"}, {"1991-01-01", 1, "91610100176"},
		{"2000-08-30", 421, "00683042157"}, {"2001-09-01", 295, "01690129514"},
	} {
		if got := testINSZ(v.born, v.counter); got != v.want {
			t.Errorf("testINSZ(%s, %d) = %s, want %s", v.born, v.counter, got, v.want)
		}
	}
}

func TestTheEnterprisesPassTheirCheckDigits(t *testing.T) {
	numbers := []string{ocmwKBO, otherKBO, "0999.999.724"}
	for _, e := range employers() {
		numbers = append(numbers, e.kbo)
	}
	for _, e := range hosts() {
		numbers = append(numbers, e.kbo)
	}
	for _, n := range numbers {
		if _, err := ident.ParseKBO(n); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
}

// A spoilt number must not be somebody's.
func TestSpoiltNumbersAreNobodys(t *testing.T) {
	for _, c := range mustBuild(t).clients {
		if _, err := ident.ParseINSZ(spoiltCheck(c)); err == nil {
			t.Errorf("client %s: the spoilt number is valid", c.number)
		}
	}
}

// expected.csv: lines of one client are about one course, and say nothing twice.
func TestExpectationsAreSound(t *testing.T) {
	for _, c := range mustBuild(t).clients {
		seen := map[string]bool{}
		var last day
		held := false
		for _, e := range c.expected {
			switch e.outcome {
			case "holds", "planned":
				if seen[e.code+string(e.from)] || e.from < last || e.code == "" || e.setBy == "" {
					t.Errorf("%s of %s: %+v stands twice, or out of order, or is incomplete", c.number, c.archetype, e)
				}
				if (e.outcome == "holds") != (e.from <= today) {
					t.Errorf("%s of %s: %+v has the outcome of another day", c.number, c.archetype, e)
				}
				seen[e.code+string(e.from)], last = true, e.from
			case "held":
				held = true
			}
		}
		for _, e := range c.expected {
			if held && e.rule != "" {
				t.Errorf("%s of %s is held for data, yet rule %s decides", c.number, c.archetype, e.rule)
			}
		}
		if (len(c.expected) == 0) != (c.archetype == "otherService") {
			t.Errorf("%s of %s: %d expectations", c.number, c.archetype, len(c.expected))
		}
	}
}

// Whatever MLP holds already is still there in the end: nothing is ever removed.
func TestNothingOfTheScenarioIsLost(t *testing.T) {
	for _, c := range mustBuild(t).clients {
		if c.seed == nil || c.seed.elsewhere {
			continue
		}
		for _, k := range c.seed.categories {
			found := false
			for _, e := range c.expected {
				found = found || e.outcome == "holds" && e.code == k.code && e.from == k.from && e.setBy == k.setBy
			}
			if !found {
				t.Errorf("%s of %s: MLP has %s from %s, expected.csv doesn't", c.number, c.archetype, k.code, k.from)
			}
		}
	}
}

func TestReadmeNeedsItsMarkers(t *testing.T) {
	if _, err := withTable([]byte("no markers")); err == nil {
		t.Error("a README without markers is taken")
	}
	got, err := withTable([]byte("a\n" + tableBegin + "STALE\n" + tableEnd + "z\n"))
	if err != nil || strings.Contains(string(got), "STALE") || !strings.HasSuffix(string(got), tableEnd+"z\n") {
		t.Errorf("the table isn't replaced: %v", err)
	}
}

func mustBuild(t *testing.T) *world {
	t.Helper()
	w, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return w
}
