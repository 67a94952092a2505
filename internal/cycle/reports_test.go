package cycle_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// desk is where caseworkers' files go. It counts the tries.
type desk struct {
	fails          error
	takes          time.Duration
	tried, written int
}

func (d *desk) Report(context.Context, string, casefile.Date) error {
	d.tried++
	<-time.After(d.takes)
	if d.fails == nil {
		d.written++
	}
	return d.fails
}

// standing are the notes about the caseworkers' files, as "level: text".
func standing(t *testing.T, c *cycle.Cycle) (all []string) {
	t.Helper()
	for _, n := range must[[]ledger.Note](t, "read notes")(c.Store.Notes(t.Context(), c.OCMWs[0].KBO)) {
		if n.Key == "reports" {
			all = append(all, n.Level+": "+n.EN)
		}
	}
	return all
}

// run is one wake-up of the daemon.
func run(t *testing.T, c *cycle.Cycle) {
	t.Helper()
	r := must[*cycle.Run](t, "begin")(c.Begin(t.Context()))
	must[bool](t, "pass")(c.RunOnce(t.Context(), r))
	check(t, c.Finish(t.Context(), r))
}

// desked is a cycle with one client to decide, whose files go to the desk.
func desked(t *testing.T, d *desk) (*cycle.Cycle, *bytes.Buffer) {
	c := newCycle(t, "2026-01-16", time.Now)
	log := &bytes.Buffer{}
	c.Reporter, c.Log = d, zerolog.New(log)
	return c, log
}

// TestFilesThatCouldNotBeWrittenAreTriedAgain in each run, with nothing else to do, also by the next process; each trouble is said
// once, and stands where status finds it until the files are written.
func TestFilesThatCouldNotBeWrittenAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{fails: errors.New("no rights")}
		c, log := desked(t, d)
		for range 3 {
			run(t, c)
		}
		d.fails = errors.New("disk full")
		run(t, c)
		if said := strings.Count(log.String(), "report.failed"); d.tried != 4 || said != 2 {
			t.Errorf("tried %d times, said %d times", d.tried, said)
		}
		if notes := standing(t, c); len(notes) != 1 || !strings.HasPrefix(notes[0], "warn: ") || !strings.Contains(notes[0], "disk full") {
			t.Errorf("status: %q", notes)
		}
		c = cycle.New(c.Options)
		run(t, c)
		d.fails = nil
		c = cycle.New(c.Options)
		run(t, c)
		if notes := standing(t, c); d.written != 1 || len(notes) != 0 || strings.Count(log.String(), `"recovered"`) != 1 {
			t.Errorf("written %d times, status: %q, log:\n%s", d.written, notes, log)
		}
		for range 3 {
			run(t, c)
		}
		if d.tried != 6 {
			t.Errorf("tried %d times: an idle run writes nothing", d.tried)
		}
	})
}

// TestFilesOfARunThatWasCutOffAreWritten by the next process, which has nothing to decide.
func TestFilesOfARunThatWasCutOffAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c, log := desked(t, d)
		if pass(t, c) != 1 || d.tried != 0 {
			t.Fatal("the client is not decided")
		}
		if notes := standing(t, c); len(notes) != 1 || !strings.HasPrefix(notes[0], "info: ") {
			t.Errorf("status: %q", notes)
		}
		c = cycle.New(c.Options)
		run(t, c)
		if notes := standing(t, c); d.written != 1 || len(notes) != 0 || strings.Contains(log.String(), "report") {
			t.Errorf("written %d times, status: %q, log:\n%s", d.written, notes, log)
		}
	})
}

// stuck can't deliver: the key file lacks a key. What waits stays due.
type stuck struct {
	ledger.Store
	tried, until int // nothing is delivered until that try; 0: ever
}

func (*stuck) NextDue(context.Context) (time.Time, error) { return time.Now(), nil }

func (s *stuck) Deliver(context.Context, string) (cycle.Delivered, error) {
	if s.tried++; s.until > 0 && s.tried > s.until {
		return cycle.Delivered{}, nil
	}
	return cycle.Delivered{}, errors.New("a key is missing")
}

// TestFilesAreWrittenThoughNothingCanBeDelivered: without a key no run comes to its end. It is tried again at the next
// poll, as is said, and not at once for ever.
func TestFilesAreWrittenThoughNothingCanBeDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c, log := desked(t, d)
		stays := &stuck{Store: c.Store}
		c.Deliverer, c.Store = stays, stays
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		check(t, c.Loop(ctx, 2*time.Second))
		if d.written != 1 || stays.tried > 31 || strings.Count(log.String(), "cycle.failed") != 1 {
			t.Errorf("written %d times, tried %d times, log:\n%s", d.written, stays.tried, log)
		}
	})
}

// TestTheEndOfATroubleIsLogged once, of a cycle that could not finish and of a folder that could not be read.
func TestTheEndOfATroubleIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := desked(t, &desk{})
		stays := &stuck{Store: c.Store, until: 3}
		c.Deliverer, c.Store, c.OCMWs[0].Source = stays, stays, &unmounted{until: 5}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		check(t, c.Loop(ctx, 2*time.Second))
		for text, want := range map[string]int{
			`"cycle.failed"`: 1, `"files.warn"`: 1, `"recovered","message":"cycles come to their end again"`: 1,
			`"recovered","ocmw":"` + examples.KBO + `","message":"over: the drop folder can't be read"`: 1, `"recovered"`: 2,
		} {
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%d times %s, not %d, in:\n%s", got, text, want, log)
			}
		}
	})
}

// unmounted is a drop folder that can't be read until so many polls.
type unmounted struct {
	quiet
	polls, until int
}

func (u *unmounted) Poll(context.Context) (adapters.PollResult, error) {
	if u.polls++; u.polls > u.until {
		return adapters.PollResult{}, nil
	}
	return adapters.PollResult{Notes: []adapters.Note{{Key: "dropfolder.folder", Failure: true, Text: "the drop folder can't be read"}}}, nil
}

// TestTryingAgainTakesATenthOfTheTime: what fails after a walk over all clients does not do so at each short poll.
func TestTryingAgainTakesATenthOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{fails: errors.New("open in a spreadsheet"), takes: time.Second}
		c, _ := desked(t, d)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		check(t, c.Loop(ctx, 2*time.Second))
		if d.tried < 20 || d.tried > 30 {
			t.Errorf("tried %d times in 5 minutes", d.tried)
		}
	})
}

// TestAFolderThatFailsDoesNotStopTheOthers, and those are not written again.
func TestAFolderThatFailsDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c, _ := desked(t, d)
		other := c.OCMWs[0]
		other.KBO = "0999999922"
		c.OCMWs = append(c.OCMWs, other)
		c.Reporter = halfDesk{d, c.OCMWs[0].KBO}
		run(t, c)
		run(t, c)
		if d.written != 1 {
			t.Errorf("the other OCMW's files are written %d times", d.written)
		}
		c.Reporter = d
		run(t, c)
		if d.written != 2 {
			t.Errorf("written %d times", d.written)
		}
	})
}

// halfDesk fails for one OCMW.
type halfDesk struct {
	*desk
	fails string
}

func (h halfDesk) Report(ctx context.Context, ocmw string, day casefile.Date) error {
	if ocmw == h.fails {
		return errors.New("no rights")
	}
	return h.desk.Report(ctx, ocmw, day)
}
