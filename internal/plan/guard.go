package plan

import (
	"fmt"
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
	Clients  int // clients of the OCMW in the set in force
	Changing int // those with at least one change to send
	// RowsBefore and RowsAfter are the data rows of one feed's snapshot and of
	// the one before it. With several feeds: those of the feed that lost the
	// largest share, so that a large feed doesn't hide a small one that was
	// cut off.
	RowsBefore, RowsAfter int
	FirstRun              bool // nothing was ever sent for this OCMW
	Released              bool // a person, or the demo's configuration, released this run
	Limits                Limits
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
		stop(fmt.Sprintf("er zou iets veranderen voor %d van de %d cliënten", in.Changing, in.Clients),
			fmt.Sprintf("%d of %d clients would change", in.Changing, in.Clients))
	}
	if exceeds(in.RowsBefore-in.RowsAfter, in.RowsBefore, in.Limits.ShrinkRows, in.Limits.ShrinkPercent) {
		stop(fmt.Sprintf("de export telt nog %d rijen, waar het er %d waren", in.RowsAfter, in.RowsBefore),
			fmt.Sprintf("the export has %d rows, where it had %d", in.RowsAfter, in.RowsBefore))
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
