package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// The clock moves into the quiet hours while there is work, and out of them again.
func TestNothingIsSentInQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, _ := crowd(t, 600, 2)
		began := time.Now()
		evening := time.Date(2026, 3, 16, 21, 59, 59, 0, time.UTC)
		clock := func() time.Time { return evening.Add(time.Since(began)) }
		ten := evening.Add(time.Second)
		inside := 0
		taken := s.send
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			// A request that was made a moment before is out while it begins.
			if at := clock(); at.After(ten.Add(10*time.Millisecond)) && at.Before(ten.Add(8*time.Hour)) {
				inside++
			}
			<-time.After(20 * time.Millisecond)
			return taken(w)
		}
		d := newDeliverer(q, s)
		d.o.Now, d.o.Quiet = clock, outbox.QuietHours{From: 22 * 60, Until: 6 * 60, Zone: time.UTC}
		r := mustRun(t, d)
		if r.Stopped != StopQuiet || !r.Until.Equal(ten.Add(8*time.Hour)) || r.Settled == 0 || count(q, outbox.Claimed) != 0 {
			t.Fatalf("%+v, %d claimed", r, count(q, outbox.Claimed))
		}
		for range 15 {
			<-time.After(30 * time.Minute)
			if r := mustRun(t, d); r.Stopped != StopQuiet || r.Settled != 0 {
				t.Fatalf("at %s: %+v", clock(), r)
			}
		}
		<-time.After(30 * time.Minute)
		if r := mustRun(t, d); r.Stopped != StopIdle || count(q, outbox.Settled) != 1200 {
			t.Errorf("in the morning: %+v", r)
		}
		if inside > defaultWorkers {
			t.Errorf("%d requests in the quiet hours", inside)
		}
		holdQueue(t, q)
	})
}

// A lane that is under way when they begin goes no further, though nobody has looked at the clock since.
func TestAStretchEndsWithTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := lane(t), &script{}
		began := time.Now()
		clock := func() time.Time { return time.Date(2026, 3, 16, 21, 58, 30, 0, time.UTC).Add(time.Since(began)) }
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			<-time.After(time.Minute)
			return accept(w)
		}
		d := newDeliverer(q, s)
		d.o.Now, d.o.Quiet, d.proven = clock, outbox.QuietHours{From: 22 * 60, Until: 6 * 60, Zone: time.UTC}, true
		r := mustRun(t, d)
		if r.Stopped != StopQuiet || r.Settled != 2 || len(s.sent) != 2 || count(q, outbox.Waiting) != 4 {
			t.Errorf("%+v, %d sent: %v", r, len(s.sent), q.lane())
		}
		holdQueue(t, q)
	})
}

// A clock that was a year ahead when they began, and is set right, does not keep them for a year.
func TestQuietHoursOfAWrongClockEndWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := lane(t), &script{}
		now := time.Date(2027, 3, 16, 21, 59, 0, 0, time.UTC)
		s.send = func(w mlp.Write) (mlp.Answer, error) {
			now = now.Add(time.Minute)
			return accept(w)
		}
		d := newDeliverer(q, s)
		d.o.Now, d.o.Quiet = func() time.Time { return now }, outbox.QuietHours{From: 22 * 60, Until: 6 * 60, Zone: time.UTC}
		if r := mustRun(t, d); r.Stopped != StopQuiet || r.Settled != 1 {
			t.Fatalf("%+v", r)
		}
		now = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)
		for _, e := range q.entries {
			e.NotBefore = time.Time{} // StartRun brings forward what waits for a wrong clock
		}
		if r := mustRun(t, d); r.Stopped != StopIdle || r.Settled != 5 {
			t.Errorf("%+v", r)
		}
	})
}
