package plan

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// usual is with the limits that hold where the configuration names none.
func usual(in GuardInput) GuardInput {
	in.Limits = DefaultLimits()
	return in
}

// Design decision 10: the limits themselves still pass.
func TestGuard(t *testing.T) {
	tests := map[string]struct {
		in   GuardInput
		stop bool
	}{
		"nothing happens":                 {usual(GuardInput{Clients: 100, RowsBefore: 100, RowsAfter: 100}), false},
		"25 % of many":                    {usual(GuardInput{Clients: 400, Changing: 100}), false},
		"over 25 % of many":               {usual(GuardInput{Clients: 400, Changing: 101}), true},
		"20 clients of few":               {usual(GuardInput{Clients: 21, Changing: 20}), false},
		"21 clients of few":               {usual(GuardInput{Clients: 21, Changing: 21}), true},
		"21 clients are less than 25 %":   {usual(GuardInput{Clients: 84, Changing: 21}), false},
		"21 clients are more than 25 %":   {usual(GuardInput{Clients: 83, Changing: 21}), true},
		"10 % of the rows":                {usual(GuardInput{RowsBefore: 300, RowsAfter: 270}), false},
		"over 10 % of the rows":           {usual(GuardInput{RowsBefore: 300, RowsAfter: 269}), true},
		"20 rows of few":                  {usual(GuardInput{RowsBefore: 30, RowsAfter: 10}), false},
		"21 rows of few":                  {usual(GuardInput{RowsBefore: 30, RowsAfter: 9}), true},
		"an export that grew":             {usual(GuardInput{RowsBefore: 10, RowsAfter: 1000}), false},
		"an empty export":                 {usual(GuardInput{RowsBefore: 500}), true},
		"the first run":                   {usual(GuardInput{Clients: 3, FirstRun: true}), true},
		"the first run, released":         {usual(GuardInput{Clients: 300, Changing: 300, FirstRun: true, Released: true}), false},
		"limits of the OCMW's own":        {GuardInput{Clients: 100, Changing: 3, Limits: Limits{ChangePercent: 1, ChangeClients: 2}}, true},
		"a city at the end of the month":  {usual(GuardInput{Clients: 60000, Changing: 12000}), false},
		"limits of zero":                  {GuardInput{Clients: 100, Changing: 1}, true},
		"limits of zero, one row less":    {GuardInput{Clients: 100, RowsBefore: 300, RowsAfter: 299}, true},
		"limits of zero, nothing happens": {GuardInput{Clients: 100, RowsBefore: 300, RowsAfter: 300}, false},
	}
	for name, tc := range tests {
		got, stop := Guard(tc.in)
		if stop != tc.stop {
			t.Errorf("%s: stop = %v (%s)", name, stop, got.ReasonEN)
		}
		if stop != (got.ReasonNL != "") || stop != (got.ReasonEN != "") {
			t.Errorf("%s: stop = %v with reasons %+v", name, stop, got)
		}
	}
}

func TestAStopSaysAllItsReasons(t *testing.T) {
	got, _ := Guard(usual(GuardInput{Clients: 50, Changing: 40, RowsBefore: 90, RowsAfter: 50, FirstRun: true}))
	for _, part := range []string{"eerste keer", "40 van de 50 cliënten", "nog 50 rijen, waar het er 90 waren"} {
		if !strings.Contains(got.ReasonNL, part) {
			t.Errorf("%q doesn't say %q", got.ReasonNL, part)
		}
	}
	for _, part := range []string{"first run", "40 of 50 clients", "50 rows, where it had 90"} {
		if !strings.Contains(got.ReasonEN, part) {
			t.Errorf("%q doesn't say %q", got.ReasonEN, part)
		}
	}
}

func TestGuardNeverStopsASmallChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := usual(GuardInput{Clients: rapid.IntRange(0, 1e6).Draw(t, "clients"), RowsBefore: rapid.IntRange(0, 1e6).Draw(t, "rows")})
		in.Changing = rapid.IntRange(0, 20).Draw(t, "changing")
		in.RowsAfter = max(0, in.RowsBefore-rapid.IntRange(0, 20).Draw(t, "lost"))
		if stop, stopped := Guard(in); stopped {
			t.Fatal(fmt.Sprint(stop.ReasonEN, in))
		}
	})
}
