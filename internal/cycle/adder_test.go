package cycle

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// adds is a staging generation that takes rows once it is let go on.
type adds struct {
	ledger.Staging
	goOn chan error
	rows []int
	now  int // how many add at once
	most int
	// unprepared is why no rows can be prepared.
	unprepared error
}

func (s *adds) Prepare(rows []ledger.Row) (func(context.Context) error, error) {
	return func(context.Context) error { return s.add(rows) }, s.unprepared
}

func (s *adds) add(rows []ledger.Row) error {
	s.now++
	s.most = max(s.most, s.now)
	err := <-s.goOn
	s.now--
	if err == nil {
		for _, r := range rows {
			s.rows = append(s.rows, r.Number)
		}
	}
	return err
}

// decoded is a row that keeps its number.
func decoded(row adapters.Row) ledger.Row { return ledger.Row{Number: row.Number} }

// readInto adds so many rows and tells how far it came.
func readInto(a *adder, rows int) (last int, err error) {
	for n := range rows {
		if err := a.add(adapters.Row{Number: n}); err != nil {
			return n, err
		}
	}
	return rows, nil
}

func TestABatchIsReadWhileThoseBeforeAreDecodedAndAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &adds{goOn: make(chan error)}
		a := newAdder(t.Context(), s, decoded)
		if _, err := readInto(a, 7*firstRows-1); err != nil { // three batches, each twice the last; nothing stands yet
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- a.end(nil) }()
		for range 3 {
			synctest.Wait()
			s.goOn <- nil
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if s.most != 1 {
			t.Errorf("%d batches were added at once", s.most)
		}
		if len(s.rows) != 7*firstRows-1 || !slices.IsSorted(s.rows) {
			t.Errorf("%d rows were added, in order: %t", len(s.rows), slices.IsSorted(s.rows))
		}
	})
}

func TestBatchesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &adds{goOn: make(chan error, 9)}
		var sizes []int
		a := newAdder(t.Context(), &sized{adds: s, sizes: &sizes}, decoded)
		for range 9 {
			s.goOn <- nil
		}
		if _, err := readInto(a, 31*firstRows-12+2*batchRows+1); err != nil {
			t.Fatal(err)
		}
		if err := a.end(nil); err != nil {
			t.Fatal(err)
		}
		if want := []int{32, 64, 128, 256, 500, 500, 500, 1}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v rows, want %v", sizes, want)
		}
	})
}

// sized notes how many rows come together.
type sized struct {
	*adds
	sizes *[]int
}

func (s *sized) Prepare(rows []ledger.Row) (func(context.Context) error, error) {
	*s.sizes = append(*s.sizes, len(rows))
	return s.adds.Prepare(rows)
}

func TestNothingIsAddedAfterAFailure(t *testing.T) {
	full, broken := errors.New("disk full"), errors.New("the file breaks off")
	for name, reading := range map[string]error{"reading goes on": nil, "reading fails too": broken} {
		t.Run(name, func(t *testing.T) {
			s := &adds{goOn: make(chan error, 1)}
			s.goOn <- full
			a := newAdder(t.Context(), s, decoded)
			last, err := readInto(a, 9*batchRows)
			if !errors.Is(err, full) || last >= 5*batchRows {
				t.Errorf("after %d rows: error %v, want that a batch soon after says it", last, err)
			}
			if err := a.end(reading); !errors.Is(err, full) || len(s.rows) > 0 {
				t.Errorf("at the end: error %v, %d rows added; want what failed first, and none", err, len(s.rows))
			}
		})
	}
}

func TestNothingIsAddedThatWasNotPrepared(t *testing.T) {
	s := &adds{unprepared: errors.New("no such file")}
	a := newAdder(t.Context(), s, decoded)
	last, err := readInto(a, 9*batchRows)
	if !errors.Is(err, s.unprepared) || last >= 5*batchRows {
		t.Errorf("after %d rows: error %v, want that a batch soon after says it", last, err)
	}
	if err := a.end(nil); !errors.Is(err, s.unprepared) || len(s.rows) > 0 {
		t.Errorf("at the end: error %v, %d rows added; want why they were not prepared, and none", err, len(s.rows))
	}
}

func TestWhatWasReadLastIsNotAddedWhenReadingFails(t *testing.T) {
	broken := errors.New("the file breaks off")
	s := &adds{goOn: make(chan error, 1)}
	s.goOn <- nil
	a := newAdder(t.Context(), s, decoded)
	if _, err := readInto(a, firstRows+1); err != nil {
		t.Fatal(err)
	}
	if err := a.end(broken); !errors.Is(err, broken) || len(s.rows) != firstRows {
		t.Errorf("error %v, %d rows added; want the reader's, and the rows of the whole batch", err, len(s.rows))
	}
}
