package outbox

import "time"

// QuietHours is a part of each day in which nothing is sent, by the clock on the wall of a zone. When
// the clock is set back and shows a time twice, they begin at the first and end at the second; a time
// that is skipped is the instant of the skip. The zero value is none.
type QuietHours struct {
	From, Until int // minutes since midnight; Until before From is the next morning
	Zone        *time.Location
}

// End is when the quiet hours end that now lies in; zero outside them. They begin at From and are
// over at Until.
func (q QuietHours) End(now time.Time) time.Time {
	if q.Zone == nil || q.From == q.Until {
		return time.Time{}
	}
	year, month, day := now.In(q.Zone).Date()
	for _, begins := range []int{day, day - 1} {
		ends := begins
		if q.Until < q.From {
			ends++
		}
		from, until := q.instant(year, month, begins, q.From, -time.Hour), q.instant(year, month, ends, q.Until, time.Hour)
		if now.Before(from) || !now.Before(until) {
			continue
		}
		if next := q.End(until); !next.IsZero() {
			return next // in the long night the gap between two of them can be gone
		}
		return until
	}
	return time.Time{}
}

// instant is when the clock shows a time: of two, the one towards the side that twin points to. (Zones of
// Europe move by an hour.)
func (q QuietHours) instant(year int, month time.Month, day, minute int, twin time.Duration) time.Time {
	at := time.Date(year, month, day, 0, minute, 0, 0, q.Zone)
	if shown := at.Hour()*60 + at.Minute(); shown != minute {
		start, end := at.ZoneBounds()
		if shown > minute {
			return start
		}
		return end
	}
	if other := at.Add(twin); other.Hour() == at.Hour() {
		return other
	}
	return at
}
