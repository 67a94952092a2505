package cycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// reportsKey is under which an OCMW's note says that its caseworkers' files are behind.
const reportsKey = "reports"

// debt is what is owed to the caseworkers of an OCMW: files that say what is in the ledger now.
type debt struct {
	noted bool      // in the ledger: status shows it, and the next process finds it
	next  time.Time // not tried again before
}

// owe notes, before anything is committed that the caseworkers' files would say, that they are to be written: a process that ends
// before it has done so leaves that to the next one.
func (c *Cycle) owe(ctx context.Context, o OCMW) error {
	if c.Reporter == nil {
		return nil
	}
	if err := c.readDebts(ctx); err != nil {
		return err
	}
	if d := c.debts[o.KBO]; d != nil && d.noted {
		return nil
	}
	return c.noteDebt(ctx, o, ledger.Note{
		Level: "info", NL: "De bestanden voor de maatschappelijk werkers worden geschreven als deze ronde klaar is.",
		EN: "the caseworkers' files are written when this run is done",
	})
}

// readDebts finds, once a process, what the last one did not come to.
func (c *Cycle) readDebts(ctx context.Context) error {
	if c.debts != nil {
		return nil
	}
	debts := map[string]*debt{}
	for _, o := range c.OCMWs {
		notes, err := c.Store.Notes(ctx, o.KBO)
		if err != nil {
			return fmt.Errorf("see whether the caseworkers' files are behind: %w", err)
		}
		for _, n := range notes {
			if n.OCMW != o.KBO || n.Key != reportsKey {
				continue
			}
			debts[o.KBO] = &debt{noted: true}
			if n.Level != "info" {
				c.said[reportTopic(o)] = "by the last process"
			}
		}
	}
	c.debts = debts
	return nil
}

func reportTopic(o OCMW) string { return "report." + o.KBO }

func (c *Cycle) noteDebt(ctx context.Context, o OCMW, n ledger.Note) error {
	n.OCMW, n.Key, n.Since = o.KBO, reportsKey, c.Now()
	if err := c.Store.SaveNotes(ctx, reportTopic(o), []ledger.Note{n}); err != nil {
		return fmt.Errorf("keep that the caseworkers' files are behind: %w", err)
	}
	if c.debts[o.KBO] == nil {
		c.debts[o.KBO] = &debt{}
	}
	c.debts[o.KBO].noted = true
	return nil
}

// report writes the caseworkers' files that are behind; those of all OCMWs where the run did something. One whose folder can't be
// written does not stop the others, and is tried again in the next run, be there something else to do or not.
func (c *Cycle) report(ctx context.Context, did bool) error {
	if c.Reporter == nil {
		return nil
	}
	if err := c.readDebts(ctx); err != nil {
		return err
	}
	var failed error
	for _, o := range c.OCMWs {
		if did && c.debts[o.KBO] == nil {
			c.debts[o.KBO] = &debt{}
		}
		d := c.debts[o.KBO]
		if d == nil || !did && time.Now().Before(d.next) {
			continue
		}
		failed = errors.Join(failed, c.pay(ctx, o, d))
	}
	return failed
}

// pay tries to write an OCMW's files. Its error is the ledger's, or the context's.
func (c *Cycle) pay(ctx context.Context, o OCMW, d *debt) error {
	began := time.Now()
	err := c.Reporter.Report(ctx, o.KBO, c.today())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		// Trying takes a walk over all clients at worst: a tenth of the time may go to it.
		d.next = time.Now().Add(10 * time.Since(began))
		return c.sayBehind(ctx, o, d, err)
	}
	if d.noted {
		if err := c.Store.SaveNotes(ctx, reportTopic(o), nil); err != nil {
			return fmt.Errorf("keep that the caseworkers' files are written: %w", err)
		}
	}
	delete(c.debts, o.KBO)
	c.recovered(reportTopic(o), o, "the caseworkers' files are written again")
	return nil
}

// sayBehind says once per trouble why the files could not be written, and keeps it where status finds it.
func (c *Cycle) sayBehind(ctx context.Context, o OCMW, d *debt, why error) error {
	if d.noted && c.said[reportTopic(o)] == why.Error() {
		return nil
	}
	c.sayOnce(reportTopic(o), why.Error(), func() {
		c.Log.Error().Str("event", "report.failed").Str("ocmw", o.KBO).Err(why).
			Str("hint", "check the reports folder of this OCMW: its rights, its space, a file that is open in a spreadsheet").
			Msg("the caseworkers' files could not be written and are behind; it is tried again at each poll")
	})
	return c.noteDebt(ctx, o, ledger.Note{
		Level: "warn",
		NL: "De bestanden voor de maatschappelijk werkers konden niet geschreven worden en lopen achter; kijk de map na: rechten, plaats, " +
			"of een bestand dat openstaat in een rekenblad. Er wordt telkens opnieuw geprobeerd.",
		EN: "the caseworkers' files could not be written and are behind: " + why.Error() +
			"; check the reports folder: its rights, its space, a file that is open in a spreadsheet; it is tried again at each poll",
	})
}
