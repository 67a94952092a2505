package cycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// fetch takes what lies in the OCMW's drop folder and makes each complete set
// the export in force, oldest first.
func (c *Cycle) fetch(ctx context.Context, run *Run, o OCMW) (bool, error) {
	poll := o.Source.Poll
	if c.Peek {
		// Once: what was read is nowhere marked as read, so a second look would
		// offer it again, or what came before it.
		if c.peeked[o.KBO] {
			return false, nil
		}
		poll, c.peeked[o.KBO] = o.Source.Peek, true
	}
	found, err := poll(ctx)
	if err != nil && ctx.Err() == nil && !errors.Is(err, adapters.ErrHistory) {
		return false, c.standStill(ctx, run, o, unkept(o, err))
	}
	if err != nil {
		return false, fmt.Errorf("poll drop folder: %w", err)
	}
	if err := c.sayFound(ctx, run, o, found); err != nil {
		return false, err
	}
	// A peek leaves these where they lie, and finds them again in each pass.
	moved := !c.Peek && len(found.Seen)+len(found.Quarantined) > 0
	for _, set := range found.Sets {
		if c.refused[set.ID] {
			continue
		}
		why := c.heldUp[set.ID]
		if why == nil {
			if run.tried(set) {
				return moved, nil // nor what comes behind it: of deltas each builds on the one before
			}
			if err := c.ingest(ctx, run, o, set); err != nil && !errors.As(err, &why) {
				return moved, err
			}
		}
		if why != nil {
			return moved, c.standStill(ctx, run, o, why)
		}
		moved = true
	}
	return moved, c.standStill(ctx, run, o, nil)
}

// ingest reads a set into a staging generation and makes it current.
func (c *Cycle) ingest(ctx context.Context, run *Run, o OCMW, set adapters.Set) error {
	files := c.ledgerFiles(o, set)
	staging, err := c.Store.StageSet(ctx, run.ID, o.KBO, files)
	if err != nil {
		return fmt.Errorf("open staging generation: %w", err)
	}
	defer func() { _ = staging.Discard(context.WithoutCancel(ctx)) }()
	counted := make([]ledger.FileCount, len(files))
	for i, file := range set.Files {
		counted[i], err = c.readFile(ctx, run, o, staging, i, file)
		var problem *adapters.FileProblem
		if errors.As(err, &problem) {
			return c.quarantine(ctx, run, o, set, file, *problem)
		}
		var kept *adapters.KeptError
		if errors.As(err, &kept) && ctx.Err() == nil {
			return lost(file, err)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file.Input.Name, err)
		}
	}
	if err := c.owe(ctx, o); err != nil {
		return err
	}
	result, err := staging.Activate(ctx, counted, c.Now())
	if err != nil {
		return fmt.Errorf("make the set current: %w", err)
	}
	markSeen(result.Files, set)
	run.Files = append(run.Files, result.Files...)
	if !result.Activated {
		c.refuseSet(run, o, set, result)
		return nil
	}
	c.sayIngested(run, o, result)
	if c.Peek {
		return nil
	}
	if err := o.Source.Done(ctx, set); err != nil && ctx.Err() == nil {
		return unkept(o, err) // the next poll sees that it is in force
	} else if err != nil {
		return fmt.Errorf("archive the set: %w", err)
	}
	return nil
}

func (c *Cycle) ledgerFiles(o OCMW, set adapters.Set) []ledger.File {
	files := make([]ledger.File, len(set.Files))
	for i, f := range set.Files {
		feed, _ := o.Profile.Feed(f.Feed)
		files[i] = ledger.File{
			Feed: f.Feed, Name: f.Input.Name, Hash: f.Hash, Size: f.Input.Size, SnapshotOn: f.Snapshot,
			Interpretation: c.interpretation(o), Reader: fmt.Sprintf("%s %t", c.Build, c.TestNumbers), Delta: feed != nil && feed.Delta,
		}
	}
	return files
}

// interpretation is the version of what reads files: profile and schemas.
func (c *Cycle) interpretation(o OCMW) string { return o.Profile.Version() + "/" + c.Decoder.Version() }

// readFile streams one file through profile and schemas into the staging
// generation. Rows that the feed's last file had too are kept as they are.
func (c *Cycle) readFile(ctx context.Context, run *Run, o OCMW, staging ledger.Staging, index int, file adapters.File) (ledger.FileCount, error) {
	feed, ok := o.Profile.Feed(file.Feed)
	if !ok {
		return ledger.FileCount{}, fmt.Errorf("profile has no feed %q", file.Feed)
	}
	format, ok := c.Formats[feed.Format]
	if !ok {
		return ledger.FileCount{}, fmt.Errorf("no reader for format %q", feed.Format)
	}
	rows := rowReader{c: c, file: index, warned: warnings{}}
	adding := newAdder(ctx, staging, rows.decode)
	known := func(number int, text []byte) (bool, error) { return staging.Keep(ctx, index, number, text) }
	report, err := read(ctx, format, file.Input, feed, known, adding.add)
	if err := adding.end(err); err != nil {
		return ledger.FileCount{}, err
	}
	c.Progress()
	c.sayRead(run, o, report, rows.warned)
	return ledger.FileCount{Rows: report.Rows, TotalsLines: report.TotalsLines, BlankLines: report.BlankRows}, nil
}

// read has a format that can do so leave out the rows that are known.
func read(ctx context.Context, f adapters.Format, in adapters.Input, feed *adapters.Feed, known adapters.Known, emit func(adapters.Row) error) (adapters.FileReport, error) {
	if again, can := f.(adapters.Rereader); can {
		return again.Reread(ctx, in, feed, known, emit)
	}
	return f.Read(ctx, in, feed, emit)
}

// rowReader decodes the rows of one file, in its order.
type rowReader struct {
	c       *Cycle
	file    int
	warned  warnings
	records recordStore
}

// decode turns a row into typed records, or all its rejections.
func (r *rowReader) decode(row adapters.Row) ledger.Row {
	out := ledger.Row{File: r.file, Number: row.Number, Skipped: row.Skipped, Client: row.Client, Line: row.Text}
	for _, w := range row.Warnings {
		r.warned.add(w.Rule, w.ReasonEN)
	}
	for _, p := range row.Problems {
		out.Rejections = append(out.Rejections, ledger.Rejection{
			Row: row.Number, Column: p.Column, Field: p.Field, Rule: p.Rule,
			ReasonNL: p.ReasonNL, ReasonEN: p.ReasonEN, HintNL: p.HintNL, HintEN: p.HintEN,
		})
	}
	for _, raw := range row.Records {
		r.decodeRecord(&out, row, raw)
	}
	if len(out.Rejections) > 0 {
		out.Records = nil
	}
	return out
}

func (r *rowReader) decodeRecord(out *ledger.Row, row adapters.Row, raw adapters.Record) {
	record, doubts, violations := r.c.Decoder.Decode(DecoderInput(raw, r.c.TestNumbers, r.c.today()))
	for _, d := range doubts {
		r.warned.add(d.Rule, d.ReasonEN)
		out.Line = nil // said of every file that has the row
	}
	for _, v := range violations {
		out.Rejections = appendRejection(out.Rejections, ledger.Rejection{
			Row: row.Number, Column: v.Column, Field: v.Field, Rule: v.Rule,
			ReasonNL: v.ReasonNL, ReasonEN: v.ReasonEN, HintNL: v.HintNL, HintEN: v.HintEN,
		})
	}
	if len(violations) > 0 || len(row.Problems) > 0 {
		return
	}
	stored, err := r.records.store(record, raw)
	if err != nil {
		out.Rejections = append(out.Rejections, unstorable(row.Number))
		return
	}
	out.Records = append(out.Records, stored)
}

// appendRejection leaves out what an earlier reason says of the same cell: a date
// that could not be read is not also a date that is missing.
func appendRejection(all []ledger.Rejection, r ledger.Rejection) []ledger.Rejection {
	for _, other := range all {
		if r.Field != "" && other.Field == r.Field {
			return all
		}
	}
	return append(all, r)
}

func unstorable(row int) ledger.Rejection {
	return ledger.Rejection{
		Row: row, Rule: "record.unstorable",
		ReasonNL: "Deze rij kon niet bewaard worden.", HintNL: "Meld dit aan de leverancier van mlpsync.",
		ReasonEN: "this row could not be stored", HintEN: "report it to the makers of mlpsync",
	}
}

// DecoderInput is a raw record as the schema decoder takes it.
func DecoderInput(raw adapters.Record, testNumbers bool, today casefile.Date) ocmw.Input {
	return ocmw.Input{
		Kind: raw.Kind, Fields: raw.Fields, Key: joinKey(raw.Key), Deleted: raw.Deleted,
		Prov: casefile.Provenance{
			File: raw.Prov.File, Sheet: raw.Prov.Sheet, Row: raw.Prov.Row, Columns: raw.Prov.Columns,
		},
		AllowTestNumbers: testNumbers, OnlyTestNumbers: testNumbers, Today: today,
	}
}

// joinKey makes one key of its parts; lengths go in front, so that different
// parts never make the same key.
func joinKey(parts []string) string {
	var key []byte
	for _, p := range parts {
		key = append(strconv.AppendInt(key, int64(len(p)), 10), ':')
		key = append(append(key, p...), ';')
	}
	return string(key)
}

// quarantine sets a file apart that can't be read as a whole; the set in force
// stays. One that is in force itself stays too: then the profile is at fault, and the set is held up.
func (c *Cycle) quarantine(ctx context.Context, run *Run, o OCMW, set adapters.Set, file adapters.File, why adapters.FileProblem) error {
	inForce := c.Peek && !slices.Contains(set.New, file.Feed)
	if !c.Peek {
		err := o.Source.Quarantine(ctx, file, why)
		if inForce = errors.Is(err, adapters.ErrInForce); err != nil && !inForce {
			return fmt.Errorf("quarantine %s: %w", file.Input.Name, err)
		}
	}
	if inForce {
		c.heldUp[set.ID] = unreadableNow(file, why)
		return c.heldUp[set.ID]
	}
	c.refused[set.ID] = true
	c.standing[o.KBO] = append(c.standing[o.KBO], c.refusedNote(o, file, why)) // the next poll says so itself, but a plan has none
	c.sayFileProblem(run, o, file.Input.Name, why)
	return nil
}

// refuseSet says that a sum does not hold: the set in force stays, and this one
// is not tried again before a restart.
func (c *Cycle) refuseSet(run *Run, o OCMW, set adapters.Set, result ledger.SetResult) {
	c.refused[set.ID] = true
	for _, f := range result.Files {
		if f.Holds() {
			continue
		}
		run.Unbalanced = append(run.Unbalanced, f.Name)
		c.Log.Error().Str("event", "set.unbalanced").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", f.Name).
			Int("rows", f.Rows).Int("new", f.New).Int("changed", f.Changed).Int("unchanged", f.Unchanged).
			Int("duplicate", f.Duplicate).Int("rejected", f.Rejected).Int("skipped", f.Skipped).
			Str("hint", "report this to the makers of mlpsync with this line; the set in force stays").
			Msg("the balance of this file does not hold, so the set was not taken")
	}
}

// markSeen tells which files of the set were ingested before: their rows were
// read again only because another feed brought a new file.
func markSeen(balances []ledger.FileBalance, set adapters.Set) {
	for i := range balances {
		balances[i].AlreadySeen = len(set.New) > 0 && !slices.Contains(set.New, balances[i].Feed)
	}
}
