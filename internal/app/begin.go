package app

import (
	"fmt"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// fits refuses a day from which a category can't hold: before the fact that it is about, before
// something else that MLP holds, or ahead. Zero is today, which always fits.
func (a *App) fits(view ledger.ClientView, from casefile.Date) error {
	today := a.today()
	first := firstDay(view, today)
	if from.IsZero() || first <= from && from <= today {
		return nil
	}
	why := "a category is registered on its day or later, not ahead"
	if from < first {
		why = "the client's readiness, last contract or another category in MLP is of a later day"
	}
	days := string(first) + " to " + string(today)
	if first.IsZero() {
		days = "any up to " + string(today)
	}
	return misuse(fmt.Errorf("--from %s does not fit: %s", from, why), "days that fit: "+days+"; without --from it is today")
}

// firstDay is the first from which an answer can have a category hold: the latest of the day since
// which the client is ready, the start of the last contract or job, and the categories in MLP but for
// the one that holds today, which the answer may take the place of. Only what has come by today counts.
func firstDay(view ledger.ClientView, today casefile.Date) casefile.Date {
	first := casefile.Date("")
	note := func(day casefile.Date) {
		if day <= today {
			first = casefile.Latest(first, day)
		}
	}
	for _, r := range view.Records {
		if r.IsDeleted() || r.IsMissing() {
			continue
		}
		switch r := r.(type) {
		case *casefile.Client:
			note(r.ReadySince)
		case *casefile.Employment:
			note(r.Start)
		}
	}
	holds, _ := view.Known.Dossier.CategoryOn(today)
	for _, c := range view.Known.Dossier.Categories() {
		if c.ID != holds.ID {
			note(c.From)
		}
	}
	return first
}
