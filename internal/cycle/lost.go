package cycle

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// lostFile ends the reading of a set: what is kept of one of its files can't be read any more.
type lostFile struct {
	file adapters.File
	err  error
}

func (e *lostFile) Error() string { return fmt.Sprintf("read %s: %v", e.file.Input.Name, e.err) }
func (e *lostFile) Unwrap() error { return e.err }

// lacks tells whether a file of the set was found lost in this run: once is enough, unless it comes again.
func (r *Run) lacks(set adapters.Set) bool {
	return slices.ContainsFunc(set.Files, func(f adapters.File) bool { return slices.Contains(r.lostIDs, f.ID) })
}

// Lost names files that were taken, and of which what is kept can't be read any more: their sets were not taken.
func (r *Run) Lost() []string { return slices.Sorted(maps.Values(r.lostNames)) }

// keptTrouble goes on without a set of which a file is lost (nil: none is any more). The set in force stays, everything else is done, and it is
// tried again in each run: files of other sets, and other OCMWs, don't wait for somebody to mend it.
func (c *Cycle) keptTrouble(ctx context.Context, run *Run, o OCMW, lost *lostFile) error {
	key := "kept." + o.KBO
	if lost == nil {
		delete(run.lostNames, o.KBO)
		return c.keptAgain(ctx, o, key)
	}
	name := lost.file.Input.Name
	run.lostNames[o.KBO], run.lostIDs = name, append(run.lostIDs, lost.file.ID)
	n := ledger.Note{
		OCMW: o.KBO, Key: key, Level: "warn", Since: c.Now(),
		NL: "Wat bewaard is van " + name + " kan niet meer gelezen worden; de levering met dit bestand is niet verwerkt. Zet hetzelfde bestand opnieuw klaar, of een nieuwere export.",
		EN: fmt.Sprintf("the delivery with %s was not taken: %v; drop the same file again, or a newer export of feed %s", name, lost.err, lost.file.Feed),
	}
	c.sayOnce(key, n.EN, func() {
		c.Log.Error().Str("event", "file.lost").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", name).Err(lost.err).
			Str("hint", "drop the same file again, or a newer export of this feed, and look at the disk of the state directory").
			Msg("what is kept of a file can't be read any more; its delivery was not taken, the set in force stays")
	})
	c.standing[o.KBO] = append(c.standing[o.KBO], n)
	if c.Peek {
		return nil
	}
	return c.noteKept(ctx, key, []ledger.Note{n})
}

func (c *Cycle) keptAgain(ctx context.Context, o OCMW, key string) error {
	if _, failed := c.said[key]; c.Peek || !failed && c.noted[key] {
		return nil
	}
	c.recovered(key, o, "what is kept of the files can be read again")
	return c.noteKept(ctx, key, nil) // the last process may have left one
}

func (c *Cycle) noteKept(ctx context.Context, topic string, notes []ledger.Note) error {
	c.noted[topic] = true
	if err := c.Store.SaveNotes(ctx, topic, notes); err != nil {
		return fmt.Errorf("keep what is known of the kept files: %w", err)
	}
	return nil
}
