package outbox_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/outbox"
)

func brussels(t *testing.T) *time.Location {
	zone, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestQuietHours(t *testing.T) {
	night, noon := [2]int{22 * 60, 6 * 60}, [2]int{12 * 60, 13*60 + 30}
	change, behind := [2]int{2*60 + 30, 4 * 60}, [2]int{60, 2*60 + 30}
	for _, tt := range []struct {
		hours    [2]int
		now, end string // of UTC; "" is outside
	}{
		{night, "2026-01-15T20:59:59Z", ""},
		{night, "2026-01-15T21:00:00Z", "2026-01-16T05:00:00Z"},
		{night, "2026-01-16T04:59:59Z", "2026-01-16T05:00:00Z"},
		{night, "2026-01-16T05:00:00Z", ""},
		{night, "2026-07-15T20:00:00Z", "2026-07-16T04:00:00Z"},
		{night, "2026-12-31T23:30:00Z", "2027-01-01T05:00:00Z"},
		{noon, "2026-01-15T10:59:59Z", ""},
		{noon, "2026-01-15T11:00:00Z", "2026-01-15T12:30:00Z"},
		{noon, "2026-01-15T12:30:00Z", ""},
		// The night of 29/03/2026 is an hour short, that of 25/10/2026 an hour long.
		{night, "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"},
		{night, "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"},
		// 02:30 is skipped: 03:00 comes at its place.
		{change, "2026-03-29T00:59:59Z", ""},
		{change, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		{behind, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{behind, "2026-03-29T01:00:00Z", ""},
		// 02:30 comes twice: quiet from the first, until the second.
		{change, "2026-10-25T00:29:59Z", ""},
		{change, "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
		{behind, "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z"},
		{behind, "2026-10-25T01:30:00Z", ""},
	} {
		q := outbox.QuietHours{From: tt.hours[0], Until: tt.hours[1], Zone: brussels(t)}
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end := q.End(now); !end.IsZero() {
			got = end.UTC().Format(time.RFC3339)
		}
		if got != tt.end {
			t.Errorf("%v at %s: until %q, want %q", tt.hours, tt.now, got, tt.end)
		}
	}
	if end := (outbox.QuietHours{}).End(time.Now()); !end.IsZero() {
		t.Errorf("no quiet hours end at %s", end)
	}
}

// On every instant of every year: what the clock shows inside the hours is quiet, and an end is
// ahead, about two days off at most, and an instant at which it is over.
func TestQuietHoursEnd(t *testing.T) {
	zone := brussels(t)
	rapid.Check(t, func(t *rapid.T) {
		q := outbox.QuietHours{From: rapid.IntRange(0, 1439).Draw(t, "from"), Until: rapid.IntRange(0, 1439).Draw(t, "until"), Zone: zone}
		now := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "now"), 0).In(zone)
		end := q.End(now)
		shown := now.Hour()*60 + now.Minute()
		inside := q.From <= shown && shown < q.Until
		if q.Until < q.From {
			inside = shown >= q.From || shown < q.Until
		}
		switch {
		case inside && end.IsZero():
			t.Fatalf("%s is not quiet", now)
		case !end.IsZero() && (!end.After(now) || end.Sub(now) > 50*time.Hour || !q.End(end).IsZero()):
			t.Fatalf("at %s until %s", now, end)
		}
	})
}
