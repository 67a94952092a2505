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

// lost is a feed whose snapshot shrank.
func lost(before, after int) []FeedRows {
	return []FeedRows{{Feed: "trajecten", RowsBefore: before, RowsAfter: after}}
}

// Design decision 10: the limits themselves still pass.
func TestGuard(t *testing.T) {
	tests := map[string]struct {
		in   GuardInput
		stop bool
	}{
		"nothing happens":                 {usual(GuardInput{Clients: 100, Feeds: lost(100, 100)}), false},
		"25 % of many":                    {usual(GuardInput{Clients: 400, Changing: 100}), false},
		"over 25 % of many":               {usual(GuardInput{Clients: 400, Changing: 101}), true},
		"20 clients of few":               {usual(GuardInput{Clients: 21, Changing: 20}), false},
		"21 clients of few":               {usual(GuardInput{Clients: 21, Changing: 21}), true},
		"21 clients are less than 25 %":   {usual(GuardInput{Clients: 84, Changing: 21}), false},
		"21 clients are more than 25 %":   {usual(GuardInput{Clients: 83, Changing: 21}), true},
		"10 % of the rows":                {usual(GuardInput{Feeds: lost(300, 270)}), false},
		"over 10 % of the rows":           {usual(GuardInput{Feeds: lost(300, 269)}), true},
		"20 rows of few":                  {usual(GuardInput{Feeds: lost(30, 10)}), false},
		"21 rows of few":                  {usual(GuardInput{Feeds: lost(30, 9)}), true},
		"an export that grew":             {usual(GuardInput{Feeds: lost(10, 1000)}), false},
		"an empty export":                 {usual(GuardInput{Feeds: lost(500, 0)}), true},
		"the first run":                   {usual(GuardInput{Clients: 3, FirstRun: true}), true},
		"the first run, released":         {usual(GuardInput{Clients: 300, Changing: 300, FirstRun: true, Released: true}), false},
		"a small feed beside large ones":  {usual(GuardInput{Feeds: append(lost(100000, 120000), lost(145, 65)...)}), true},
		"many feeds that lost a little":   {usual(GuardInput{Feeds: append(lost(60, 45), lost(60, 45)...)}), false},
		"limits of the OCMW's own":        {GuardInput{Clients: 100, Changing: 3, Limits: Limits{ChangePercent: 1, ChangeClients: 2}}, true},
		"limits of zero":                  {GuardInput{Clients: 100, Changing: 1}, true},
		"limits of zero, one row less":    {GuardInput{Clients: 100, Feeds: lost(300, 299)}, true},
		"limits of zero, nothing happens": {GuardInput{Clients: 100, Feeds: lost(300, 300)}, false},
		"a city at the end of the month":  {usual(GuardInput{Clients: 60000, Changing: 12000}), false},
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
	got, _ := Guard(GuardInput{Clients: 50, Changing: 40, Feeds: lost(90, 50), FirstRun: true})
	for _, part := range []string{"eerste keer", "40 van de 50 cliënten met een aanvaarde eigen rij", "het bestand van trajecten telt nog 50 rijen, waar het er 90 waren"} {
		if !strings.Contains(got.ReasonNL, part) {
			t.Errorf("%q doesn't say %q", got.ReasonNL, part)
		}
	}
	for _, part := range []string{"first run", "40 of the 50 clients with an accepted row of their own", "the file of feed trajecten has 50 rows, where it had 90"} {
		if !strings.Contains(got.ReasonEN, part) {
			t.Errorf("%q doesn't say %q", got.ReasonEN, part)
		}
	}
}

// Every feed that lost too much is named, the worst first, and no other.
func TestAStopNamesTheFeeds(t *testing.T) {
	got, _ := Guard(usual(GuardInput{Feeds: []FeedRows{
		{"clienten", 322, 262}, {"trajecten", 700, 690}, {"evaluaties", 5000, 9000}, {"contracten", 145, 65}, {"", 990, 840},
	}}))
	const nl = "Er wordt niets verstuurd tot iemand dit vrijgeeft: het bestand van contracten telt nog 65 rijen, waar het er 145 waren; " +
		"het bestand van clienten telt nog 262 rijen, waar het er 322 waren; de export telt nog 840 rijen, waar het er 990 waren."
	const en = "waiting for release: the file of feed contracten has 65 rows, where it had 145; " +
		"the file of feed clienten has 262 rows, where it had 322; the export has 840 rows, where it had 990"
	if got.ReasonNL != nl || got.ReasonEN != en {
		t.Errorf("%s\n%s", got.ReasonNL, got.ReasonEN)
	}
}

// A feed that lost too much stops the run whatever the others did, and is named.
func TestNoFeedHidesAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(21, 1e6).Draw(t, "rows")
		cut := FeedRows{"cut", before, rapid.IntRange(0, min(before-21, (before*9-1)/10)).Draw(t, "rest")}
		feeds := []FeedRows{cut}
		for range rapid.IntRange(0, 12).Draw(t, "others") {
			feeds = append(feeds, FeedRows{"other", rapid.IntRange(0, 1e6).Draw(t, "before"), rapid.IntRange(0, 1e6).Draw(t, "after")})
		}
		stop, stopped := Guard(usual(GuardInput{Feeds: rapid.Permutation(feeds).Draw(t, "order")}))
		if !stopped || !strings.Contains(stop.ReasonEN, "feed cut has ") {
			t.Fatal(fmt.Sprint(stop.ReasonEN, feeds))
		}
	})
}

func TestGuardNeverStopsASmallChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := GuardInput{Clients: rapid.IntRange(0, 1e6).Draw(t, "clients"), Changing: rapid.IntRange(0, 20).Draw(t, "changing")}
		for range rapid.IntRange(0, 12).Draw(t, "feeds") {
			before := rapid.IntRange(0, 1e6).Draw(t, "rows")
			in.Feeds = append(in.Feeds, lost(before, max(0, before-rapid.IntRange(0, 20).Draw(t, "lost")))...)
		}
		if stop, stopped := Guard(usual(in)); stopped {
			t.Fatal(fmt.Sprint(stop.ReasonEN, in))
		}
	})
}
