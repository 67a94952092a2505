package cycle

import (
	"context"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// batchRows is how many rows go to the ledger in one transaction.
const batchRows = 500

// adder gives rows to the ledger in batches: while one is added, the next is read. Batches are added one after the
// other, in the order of their rows.
type adder struct {
	ctx     context.Context
	staging ledger.Staging
	batch   []ledger.Row // being read
	other   []ledger.Row // being added, or to be used next
	added   chan error   // nil when nothing is being added
}

func newAdder(ctx context.Context, staging ledger.Staging) *adder {
	return &adder{ctx: ctx, staging: staging, batch: make([]ledger.Row, 0, batchRows), other: make([]ledger.Row, 0, batchRows)}
}

// add takes a row. An error is of a batch before: no row after it is added.
func (a *adder) add(row ledger.Row) error {
	a.batch = append(a.batch, row)
	if len(a.batch) < batchRows {
		return nil
	}
	return a.begin()
}

// begin adds the batch as soon as the one before it stands.
func (a *adder) begin() error {
	if err := a.wait(); err != nil {
		return err
	}
	added := make(chan error, 1)
	go func(rows []ledger.Row) { added <- a.staging.Add(a.ctx, rows) }(a.batch)
	a.added, a.batch, a.other = added, a.other[:0], a.batch
	return nil
}

func (a *adder) wait() error {
	if a.added == nil {
		return nil
	}
	err := <-a.added
	if err == nil {
		a.added = nil
		clear(a.other) // what is read next has its room
	} else {
		a.added <- err // it stays over, however often one asks
	}
	return err
}

// end adds what is left, where reading ended well, and waits in any case: nothing is added after it. What failed first is told, and
// adding is behind reading.
func (a *adder) end(reading error) error {
	if err := a.wait(); err != nil || reading != nil {
		if err == nil {
			err = reading
		}
		return err
	}
	if len(a.batch) == 0 {
		return nil
	}
	return a.staging.Add(a.ctx, a.batch)
}
