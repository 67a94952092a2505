package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Limits says when a run is stopped until a person releases it (design decision
// 10). A share and a number go together: both must be exceeded. Zeros are taken as they are, and stop at every change.
type Limits struct {
	ChangePercent int // share of the OCMW's clients that may change in one run
	ChangeClients int // number of clients that may change whatever their share
	ShrinkPercent int // share of its rows that a snapshot may lose
	ShrinkRows    int // number of rows that it may lose whatever their share
}

// DefaultLimits are those of design decision 10.
func DefaultLimits() Limits {
	return Limits{ChangePercent: 25, ChangeClients: 20, ShrinkPercent: 10, ShrinkRows: 20}
}

// GuardInput is what the guard looks at, for one OCMW and one run.
type GuardInput struct {
	Clients  int // clients of the OCMW in the set in force: those whose own row was accepted, which leaves out who is known by other rows only
	Changing int // those with at least one change to send
	// Feeds are weighed one by one, so that a large feed doesn't hide a small
	// one that was cut off. Those that lost nothing may be left out.
	Feeds    []FeedRows
	FirstRun bool // nothing was ever sent for this OCMW
	Released bool // a person, or the demo's configuration, released this run
	Limits   Limits
}

// FeedRows are the data rows of a feed's snapshot, and those that stood before it.
type FeedRows struct {
	Feed       string // empty: all feeds together, of a ledger that did not know them apart
	RowsBefore int
	RowsAfter  int
}

func (f FeedRows) lost() int { return f.RowsBefore - f.RowsAfter }

// lostMore sorts the feed in front that lost the larger share.
func lostMore(a, b FeedRows) int {
	x, y := int64(a.lost())*int64(b.RowsBefore), int64(b.lost())*int64(a.RowsBefore)
	return cmp.Or(cmp.Compare(y, x), strings.Compare(a.Feed, b.Feed))
}

// Shrunk are the feeds whose snapshots lost more than the limits allow, the one that lost the largest share in front.
func Shrunk(feeds []FeedRows, limits Limits) []FeedRows {
	var shrunk []FeedRows
	for _, f := range feeds {
		if exceeds(f.lost(), f.RowsBefore, limits.ShrinkRows, limits.ShrinkPercent) {
			shrunk = append(shrunk, f)
		}
	}
	slices.SortFunc(shrunk, lostMore)
	return shrunk
}

// say tells in Dutch and in English what a feed lost.
func (f FeedRows) say() (nl, en string) {
	of, feed := "de export", "the export"
	if f.Feed != "" {
		of, feed = "het bestand van "+f.Feed, "the file of feed "+f.Feed
	}
	return fmt.Sprintf("%s telt nog %d rijen, waar het er %d waren", of, f.RowsAfter, f.RowsBefore),
		fmt.Sprintf("%s has %d rows, where it had %d", feed, f.RowsAfter, f.RowsBefore)
}

// Stop says why a run waits.
type Stop struct {
	ReasonNL string
	ReasonEN string
}

// Guard tells whether a run must wait for a person, and why.
func Guard(in GuardInput) (Stop, bool) {
	if in.Released {
		return Stop{}, false
	}
	var nl, en []string
	stop := func(dutch, english string) { nl, en = append(nl, dutch), append(en, english) }
	if in.FirstRun {
		stop("dit is de eerste keer dat er voor dit OCMW iets verstuurd wordt", "this is the first run for this OCMW")
	}
	if exceeds(in.Changing, in.Clients, in.Limits.ChangeClients, in.Limits.ChangePercent) {
		stop(fmt.Sprintf("er zou iets veranderen voor %d van de %d cliënten met een aanvaarde eigen rij", in.Changing, in.Clients),
			fmt.Sprintf("%d of the %d clients with an accepted row of their own would change", in.Changing, in.Clients))
	}
	for _, f := range Shrunk(in.Feeds, in.Limits) {
		stop(f.say())
	}
	if len(nl) == 0 {
		return Stop{}, false
	}
	return Stop{
		ReasonNL: "Er wordt niets verstuurd tot iemand dit vrijgeeft: " + strings.Join(nl, "; ") + ".",
		ReasonEN: "waiting for release: " + strings.Join(en, "; "),
	}, true
}

func exceeds(n, of, limit, percent int) bool {
	return n > limit && int64(n)*100 > int64(of)*int64(percent)
}
