package cycle

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// undecided is a store with clients to decide. Those of stays are skipped by Decide, as if their inputs had moved.
type undecided struct {
	ledger.Store
	dirty    []int64
	stays    map[int64]bool
	listed   chan struct{} // one for each list that was made
	decided  [][]int64
	failWith error
}

func (s *undecided) Dirty(ctx context.Context, _ string, _ casefile.Date, _ string, limit int, except ...int64) ([]ledger.Subject, error) {
	var subjects []ledger.Subject
	for _, id := range s.dirty {
		if len(subjects) < limit && !slices.Contains(except, id) {
			subjects = append(subjects, ledger.Subject{Person: id, Hold: &ledger.Hold{By: "els"}})
		}
	}
	s.listed <- struct{}{}
	return subjects, ctx.Err()
}

// Decide waits until the next batch was listed: what it commits then is not in that.
func (s *undecided) Decide(_ context.Context, _ string, outcomes []ledger.Outcome, _ time.Time) error {
	synctest.Wait()
	batch := []int64{}
	for _, o := range outcomes {
		batch = append(batch, o.Subject.Person)
	}
	s.decided = append(s.decided, batch)
	s.dirty = slices.DeleteFunc(s.dirty, func(id int64) bool { return slices.Contains(batch, id) && !s.stays[id] })
	return s.failWith
}

func deciding(t *testing.T, s *undecided) (int, error) {
	t.Helper()
	decoder, err := ocmw.New()
	if err != nil {
		t.Fatal(err)
	}
	s.listed = make(chan struct{}, 100)
	c := New(Options{Store: s, Rules: mapping.New(), Decoder: decoder, Zone: time.UTC, Log: zerolog.Nop()})
	o := OCMW{KBO: "0999999922", Profile: new(adapters.Profile), On: func(casefile.Date) casefile.OCMW { return casefile.OCMW{} }}
	return c.decide(t.Context(), &Run{ID: "run"}, o)
}

func numbered(from, until int64) (ids []int64) {
	for id := from; id <= until; id++ {
		ids = append(ids, id)
	}
	return ids
}

func TestTheNextBatchIsListedBeforeTheLastIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &undecided{dirty: numbered(1, 2*batchClients+1)}
		n, err := deciding(t, s)
		if err != nil || n != 2*batchClients+1 {
			t.Fatalf("%d decided, error %v", n, err)
		}
		want := [][]int64{numbered(1, firstClients), numbered(firstClients+1, firstClients+batchClients), numbered(firstClients+batchClients+1, 2*batchClients+1)}
		if !slices.EqualFunc(s.decided, want, slices.Equal) {
			t.Errorf("decided %v, want %v", s.decided, want)
		}
		if len(s.listed) != 4 {
			t.Errorf("%d lists for 3 batches and the end", len(s.listed))
		}
	})
}

func TestWhoseInputsMovedIsDecidedOnceInAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &undecided{dirty: numbered(1, 3*batchClients), stays: map[int64]bool{3: true, batchClients + 7: true}}
		if n, err := deciding(t, s); err != nil || n != 3*batchClients {
			t.Fatalf("%d decided, error %v", n, err)
		}
		if all := slices.Concat(s.decided...); len(all) != 3*batchClients {
			t.Errorf("%d outcomes for %d clients", len(all), 3*batchClients)
		}
		if !slices.Equal(s.dirty, []int64{3, batchClients + 7}) {
			t.Errorf("still to be decided: %v", s.dirty)
		}
	})
}

// synctest fails where a list goes on behind the end.
func TestNothingIsListedBehindAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		s := &undecided{dirty: numbered(1, 3*batchClients), failWith: full}
		if n, err := deciding(t, s); !errors.Is(err, full) || n != firstClients {
			t.Errorf("%d decided, error %v", n, err)
		}
	})
}
