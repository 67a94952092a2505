package app

import (
	"context"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// lookups is a ledger that keeps what it is told of look-ups.
type lookups struct {
	ledger.Store
	saved []ledger.LookupResult
}

func (l *lookups) SaveLookups(_ context.Context, _, _ string, results []ledger.LookupResult, _ time.Time) error {
	l.saved = append(l.saved, results...)
	return nil
}

// Everybody who was asked for is told of: with a dossier, without one, with a number that is cancelled, with both.
func TestLookUpsReachTheLedger(t *testing.T) {
	store := &lookups{}
	found := mlp.Found{
		Dossiers: map[int64]casefile.Dossier{1: {ID: "d1", Version: 3}, 4: {ID: "d4", Version: 7}},
		Canceled: map[int64]bool{3: true, 4: true},
	}
	asked := []mlp.Lookup{{Person: 1}, {Person: 2}, {Person: 3}, {Person: 4}}
	if err := (observing{store}).SaveLookups(t.Context(), "r1", "0212214917", asked, found, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		dossier  string
		canceled bool
	}{{"d1", false}, {"", false}, {"", true}, {"d4", true}}
	if len(store.saved) != len(want) {
		t.Fatalf("%d results", len(store.saved))
	}
	for i, w := range want {
		got, id := store.saved[i], ""
		if got.Dossier != nil {
			id = got.Dossier.ID
		}
		if got.Person != int64(i+1) || id != w.dossier || got.Canceled != w.canceled {
			t.Errorf("person %d: dossier %q, cancelled %v", got.Person, id, got.Canceled)
		}
	}
}

// A restart does not begin with a whole burst: restarts would get past the limit of a minute.
func TestWhatOfTheBurstIsSpentAtAStart(t *testing.T) {
	at := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]int{0: 100, time.Second: 82, 5 * time.Second: 10, time.Minute: 0, -time.Hour: 100} {
		if got := (Way{Spent: 100, SpentAt: at}).spentBy(at.Add(after), 18); got != want {
			t.Errorf("after %s: %d are spent, not %d", after, got, want)
		}
	}
	if got := (Way{}).spentBy(at, 18); got != 0 {
		t.Errorf("before the first delivery %d are spent", got)
	}
}

// No minute has more requests than the limit, after a rest neither, and a long delivery gets three fifths of it.
func TestThePaceKeepsToTheLimit(t *testing.T) {
	for _, limit := range []int{1, 9, 10, 60, 300, 1800, 2000} {
		burst, sustained := pace(limit)
		limiter := rate.NewLimiter(rate.Limit(float64(sustained)/60), burst)
		began := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
		var went []time.Time
		for now := began; now.Before(began.Add(10 * time.Minute)); now = now.Add(10 * time.Millisecond) {
			for limiter.AllowN(now, 1) {
				went = append(went, now)
			}
		}
		for i := range len(went) - limit {
			if in := went[i+limit].Sub(went[i]); in < time.Minute {
				t.Errorf("%d a minute: %d went in %s", limit, limit+1, in)
				break
			}
		}
		if len(went) < 6*limit {
			t.Errorf("%d a minute: %d in 10 minutes", limit, len(went))
		}
	}
}

// How long it takes to send all that waits is counted with what is sustained.
func TestTheEstimateIsOfThePace(t *testing.T) {
	a := asking(t, casefile.Decision{})
	a.config.MLP.RatePerMinute = 300
	s, err := a.Status(t.Context())
	ok(t, err)
	s.Entries = map[outbox.State]int{outbox.Waiting: 10600, outbox.Claimed: 200}
	if got := s.Sending(); s.RatePerMinute != 180 || got != time.Hour {
		t.Errorf("%s at %d a minute", got, s.RatePerMinute)
	}
}
