package cycle

import (
	"cmp"
	"context"
	"sync"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// batchRows is how many rows go to the ledger in one transaction. Of the first batch there are firstRows, and twice as many each time, so
// that all steps soon have something to do.
const (
	batchRows = 500
	firstRows = 32
)

// adder gives rows to the ledger in batches: while one is read, the one before is decoded, the one before that prepared, and the last added.
// Each step takes batches one after the other, in the order of their rows.
type adder struct {
	batch []adapters.Row // being read
	size  int            // of it
	read  chan []adapters.Row
	over  chan struct{} // closed when nothing is added any more
	err   error         // why, once it is closed; nil at the end of the rows
	steps sync.WaitGroup
}

// newAdder starts the steps, which stop when end is called. decode runs on one goroutine.
func newAdder(ctx context.Context, staging ledger.Staging, decode func(adapters.Row) ledger.Row) *adder {
	a := &adder{size: firstRows, read: make(chan []adapters.Row), over: make(chan struct{})}
	decoded := make(chan []ledger.Row)
	a.steps.Go(func() {
		defer close(decoded)
		for batch := range a.read {
			select {
			case decoded <- decodeAll(batch, decode):
			case <-a.over:
				return
			}
		}
	})
	prepared := make(chan func(context.Context) error)
	a.steps.Go(func() {
		defer close(prepared)
		for batch := range decoded {
			select {
			case prepared <- prepare(staging, batch):
			case <-a.over:
				return
			}
		}
	})
	a.steps.Go(func() {
		defer close(a.over)
		for add := range prepared {
			if a.err = add(ctx); a.err != nil {
				return
			}
		}
	})
	return a
}

func decodeAll(batch []adapters.Row, decode func(adapters.Row) ledger.Row) []ledger.Row {
	rows := make([]ledger.Row, len(batch))
	for i, row := range batch {
		rows[i] = decode(row)
	}
	return rows
}

// prepare gives what adds a batch, or the error.
func prepare(staging ledger.Staging, rows []ledger.Row) func(context.Context) error {
	add, err := staging.Prepare(rows)
	if err != nil {
		return func(context.Context) error { return err }
	}
	return add
}

// add takes a row. An error is of a batch before: no row after that one is added.
func (a *adder) add(row adapters.Row) error {
	if a.batch == nil {
		a.batch = make([]adapters.Row, 0, a.size)
	}
	if a.batch = append(a.batch, row); len(a.batch) < a.size {
		return nil
	}
	return a.pass()
}

// pass hands the batch on as soon as the one before it is decoded.
func (a *adder) pass() error {
	select {
	case a.read <- a.batch:
		a.batch, a.size = nil, min(2*a.size, batchRows)
		return nil
	case <-a.over:
		return a.err
	}
}

// end adds what is left, where reading ended well, and waits in any case: nothing is added after it. What failed first is told, and
// adding is behind reading.
func (a *adder) end(reading error) error {
	if reading == nil && len(a.batch) > 0 {
		reading = a.pass()
	}
	close(a.read)
	a.steps.Wait()
	return cmp.Or(a.err, reading)
}
