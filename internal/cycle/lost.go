package cycle

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// heldUp is why a set is not taken although all its files are there: one that was taken before can't be read any more. Or why none is.
type heldUp struct {
	file   adapters.File // of none, only what stands for its name
	err    error
	event  string // in the log
	nl, en string // what is so, and what now
	hint   string // the latter alone
}

func (h *heldUp) Error() string { return fmt.Sprintf("read %s: %v", h.file.Input.Name, h.err) }
func (h *heldUp) Unwrap() error { return h.err }

// lost is for what is kept of a file: it is gone, or not what it was.
func lost(file adapters.File, err error) *heldUp {
	name, hint := file.Input.Name, "drop the same file again, or a newer export of feed "+file.Feed
	return &heldUp{
		file: file, err: err, event: "file.lost", hint: hint,
		nl: "De levering met " + name + " is niet verwerkt: wat van dit bestand bewaard is, kan niet meer gelezen worden. Zet hetzelfde bestand opnieuw klaar, of een nieuwere export.",
		en: fmt.Sprintf("the delivery with %s was not taken: what is kept of this file can't be read: %v; %s", name, err, hint),
	}
}

// unreadableNow is for a file in force that the present profile refuses.
func unreadableNow(file adapters.File, why adapters.FileProblem) *heldUp {
	name, hint := file.Input.Name, "mend the profile and start again, or drop a newer export of feed "+file.Feed
	return &heldUp{
		file: file, err: &why, event: "file.unreadableNow", hint: hint,
		nl: "De levering met " + name + " is niet verwerkt: met het huidige profiel kan dit bestand niet meer gelezen worden. " + why.ReasonNL + " Verbeter het profiel, of zet een nieuwere export klaar; wat eerder gelezen werd, blijft gelden.",
		en: fmt.Sprintf("the delivery with %s was not taken: this file in force can't be read with the present profile: %s; what was read before stays; %s", name, why.ReasonEN, hint),
	}
}

// unkept is for a source that can't read or write what it keeps.
func unkept(o OCMW, err error) *heldUp {
	const hint = "look at the rights and the disk of the folder \"files\" in the state directory"
	h := &heldUp{
		err: err, event: "files.notTaken", hint: hint,
		nl: "Er kunnen geen bestanden ingelezen worden: wat van genomen bestanden bewaard is, kan niet gelezen of geschreven worden. Kijk de rechten en de schijf van de statusmap na.",
		en: fmt.Sprintf("no files are taken: what is kept of files can't be read or written: %v; %s", err, hint),
	}
	h.file.Input.Name = "files/" + o.KBO
	return h
}

// tried tells whether a file of the set was found lost in this run: once is enough, unless it comes again.
func (r *Run) tried(set adapters.Set) bool {
	return slices.ContainsFunc(set.Files, func(f adapters.File) bool { return slices.Contains(r.lostIDs, f.ID) })
}

// Lost names files that were taken and can't be read any more, or the folder of them: their sets were not taken.
func (r *Run) Lost() []string { return slices.Sorted(maps.Values(r.lostNames)) }

// standStill goes on without a set that is held up (nil: none is any more). The set in force stays, everything else is done: files of other
// sets, and other OCMWs, don't wait for somebody to mend it.
func (c *Cycle) standStill(ctx context.Context, run *Run, o OCMW, why *heldUp) error {
	key := "kept." + o.KBO
	if why == nil {
		delete(run.lostNames, o.KBO)
		return c.goOn(ctx, o, key)
	}
	name := why.file.Input.Name
	run.lostNames[o.KBO] = name
	if why.file.ID != "" {
		run.lostIDs = append(run.lostIDs, why.file.ID)
	}
	n := ledger.Note{OCMW: o.KBO, Key: key, Level: "warn", Since: c.Now(), NL: why.nl, EN: why.en}
	c.sayOnce(key, n.EN, func() {
		c.Log.Error().Str("event", why.event).Str("run", run.ID).Str("ocmw", o.KBO).Str("file", name).Str("hint", why.hint).Msg(n.EN)
	})
	c.standing[o.KBO] = append(slices.DeleteFunc(c.standing[o.KBO], func(other ledger.Note) bool { return other.Key == key }), n)
	if c.Peek {
		return nil
	}
	return c.noteStanding(ctx, key, []ledger.Note{n})
}

func (c *Cycle) goOn(ctx context.Context, o OCMW, key string) error {
	if _, failed := c.said[key]; c.Peek || !failed && c.noted[key] {
		return nil
	}
	c.recovered(key, o, "no delivery is held up by a file that can't be read any more")
	return c.noteStanding(ctx, key, nil) // the last process may have left one
}

func (c *Cycle) noteStanding(ctx context.Context, topic string, notes []ledger.Note) error {
	c.noted[topic] = true
	if err := c.Store.SaveNotes(ctx, topic, notes); err != nil {
		return fmt.Errorf("keep that a delivery is held up: %w", err)
	}
	return nil
}
