package mapping

import "github.com/mlpsync/mlpsync/internal/casefile"

// clock is the only way in which a rule compares a date with the day of the
// decision: each comparison that comes out otherwise on a later day leaves that
// day behind, so that NextReview can't forget one.
type clock struct {
	day  casefile.Date
	next casefile.Date
}

// reached tells whether d has come: d itself counts.
func (c *clock) reached(d casefile.Date) bool {
	if d.IsZero() {
		return false
	}
	if d <= c.day {
		return true
	}
	c.next = casefile.Earliest(c.next, d)
	return false
}

// passed tells whether d lies behind: on d itself not yet.
func (c *clock) passed(d casefile.Date) bool {
	if d.IsZero() {
		return false
	}
	return c.reached(d.AddDays(1))
}

// state of a deadline that is not met: the due day itself is in time.
func (c *clock) state(due casefile.Date, met bool) casefile.DeadlineState {
	switch {
	case met:
		return casefile.DeadlineMet
	case c.passed(due):
		return casefile.DeadlineOverdue
	}
	return casefile.DeadlineDue
}
