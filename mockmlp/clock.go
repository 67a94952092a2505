package mockmlp

import "time"

// clock is virtual time: it runs along with the wall clock from a base that can be moved, or stands still.
type clock struct {
	wall   func() time.Time
	base   time.Time
	anchor time.Time
	frozen bool
}

func newClock(wall func() time.Time, base time.Time, frozen bool) clock {
	return clock{wall: wall, base: base, anchor: wall(), frozen: frozen}
}

// now is in UTC and whole milliseconds, as it goes into answers.
func (c clock) now() time.Time {
	t := c.base
	if !c.frozen {
		t = t.Add(c.wall().Sub(c.anchor))
	}
	return t.UTC().Truncate(time.Millisecond)
}
