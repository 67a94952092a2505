package cycle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// IncompleteKey begins the keys of notes about deliveries that are not whole yet.
const IncompleteKey = "incomplete."

// waitingKey begins those of notes about files that are not taken yet.
const waitingKey = "waiting."

// sayFound logs what a poll found, failures on change, and keeps what status
// shows.
func (c *Cycle) sayFound(ctx context.Context, run *Run, o OCMW, found adapters.PollResult) error {
	delete(c.settling, o.KBO)
	for _, q := range found.Quarantined {
		c.sayFileProblem(run, o, q.File.Input.Name, q.Problem)
	}
	for _, f := range found.Seen {
		c.Log.Info().Str("event", "file.alreadySeen").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", f.Input.Name).
			Str("feed", f.Feed).Msg("this file equals the last one ingested of its feed; nothing to do")
	}
	notes := c.standingNotes(o, found)
	notes = append(notes, c.outOfSight(o, found, notes)...)
	current := map[string]bool{}
	for _, n := range notes {
		key := "files." + o.KBO + "." + n.Key
		current[key] = true
		c.sayOnce(key, n.EN, func() {
			event := c.Log.Info()
			if n.Level != "info" {
				event = c.Log.Warn()
			}
			event.Str("event", "files."+n.Level).Str("run", run.ID).Str("ocmw", o.KBO).Msg(n.EN)
		})
	}
	for _, n := range c.standing[o.KBO] {
		switch key := "files." + o.KBO + "." + n.Key; {
		case current[key]:
		case n.Level == "info":
			delete(c.said, key)
		default:
			c.recovered(key, o, "over: "+n.EN)
		}
	}
	c.standing[o.KBO] = notes
	if c.Peek {
		return nil
	}
	if err := c.Store.SaveNotes(ctx, "files."+o.KBO, notes); err != nil {
		return fmt.Errorf("keep notes: %w", err)
	}
	return nil
}

// settlingTime is how long a file may wait to be whole before people are told.
const settlingTime = 2 * time.Minute

// standingNotes are the remarks that hold as long as the drop folder looks as
// it does.
func (c *Cycle) standingNotes(o OCMW, found adapters.PollResult) []ledger.Note {
	var notes []ledger.Note
	add := func(key, level, nl, en string) {
		notes = append(notes, ledger.Note{OCMW: o.KBO, Key: key, Level: level, NL: nl, EN: en, Since: c.Now()})
	}
	for _, q := range found.Standing {
		notes = append(notes, c.refusedNote(o, q.File, q.Problem))
	}
	for _, w := range found.Waiting {
		if w.Problem.Passing {
			// Said only when it lasts: every file waits for a poll or two.
			if time.Since(w.Since) < settlingTime {
				c.settling[o.KBO] = append(c.settling[o.KBO], w)
				continue
			}
		}
		key := waitingKey + w.Name
		if w.Problem.Rule != adapters.RuleFileYoung {
			key = ledger.NotReadKey + key
		}
		add(key, "warn", w.Name+": "+w.Problem.ReasonNL+" "+w.Problem.HintNL, w.Name+": "+w.Problem.ReasonEN+"; "+w.Problem.HintEN)
	}
	for _, i := range found.Incomplete {
		missing := strings.Join(i.Missing, ", ")
		level, nl, en := "info", "Nog te ontvangen: ", "this delivery still lacks: "
		if i.Overdue {
			level, nl, en = "warn", "Levering te lang onvolledig; ontbreekt: ", "this delivery is incomplete for too long, the last complete one stays in force; lacks: "
		}
		add(IncompleteKey+i.Date.Format("2006-01-02"), level, nl+missing, en+missing)
	}
	for _, l := range found.Late {
		add("late."+l.Feed, "warn", "Geen nieuw bestand ontvangen voor "+l.Feed, "no new file came in time for feed "+l.Feed+"; check the vendor's scheduled report")
	}
	for _, n := range found.Notes {
		level := "info"
		if n.Failure {
			level = "warn"
		}
		text := n.Text
		if n.Hint != "" {
			text += ". " + n.Hint
		}
		key := n.Key
		if n.Unread {
			key = ledger.NotReadKey + key
		}
		add(key, level, text, text)
	}
	return notes
}

// outOfSight are the warnings of before about files in a folder that can't be read now: nobody knows whether they are over.
func (c *Cycle) outOfSight(o OCMW, found adapters.PollResult, now []ledger.Note) (notes []ledger.Note) {
	if !slices.ContainsFunc(found.Notes, func(n adapters.Note) bool { return n.Key == adapters.FolderKey }) {
		return nil
	}
	for _, n := range c.standing[o.KBO] {
		key := strings.TrimPrefix(n.Key, ledger.NotReadKey)
		ofFiles := strings.HasPrefix(key, "dropfolder.") || strings.HasPrefix(key, waitingKey)
		if ofFiles && n.Level != "info" && !slices.ContainsFunc(now, func(other ledger.Note) bool { return other.Key == n.Key }) {
			notes = append(notes, n)
		}
	}
	return notes
}

// refusedNote says of a whole file that it was refused.
func (c *Cycle) refusedNote(o OCMW, file adapters.File, why adapters.FileProblem) ledger.Note {
	name := file.Input.Name
	return ledger.Note{
		OCMW: o.KBO, Key: ledger.NotReadKey + "quarantine." + file.ID, Level: "warn", Since: c.Now(),
		NL: name + " werd niet aanvaard: " + why.ReasonNL + " " + why.HintNL, EN: name + " was refused: " + why.ReasonEN + "; " + why.HintEN,
	}
}

// Standing are the remarks of the last pass: what a delivery lacks, what lies in a drop folder that is no file of it, of whom MLP's answer
// can't be used.
func (c *Cycle) Standing() []ledger.Note {
	var notes []ledger.Note
	for _, o := range c.OCMWs {
		notes = append(append(notes, c.standing[o.KBO]...), c.unread[o.KBO]...)
	}
	return notes
}

// Unsettled are the files that the last pass left lying because they may not be
// whole yet.
func (c *Cycle) Unsettled() []adapters.Waiting {
	var files []adapters.Waiting
	for _, o := range c.OCMWs {
		files = append(files, c.settling[o.KBO]...)
	}
	return files
}

// sayUnsettled tells of what is left because nobody waits longer for it: files that are not
// whole, and clients who don't come to rest.
func (c *Cycle) sayUnsettled(run *Run) {
	c.sayRestless(run)
	for _, o := range c.OCMWs {
		for _, w := range c.settling[o.KBO] {
			c.Log.Warn().Str("event", "file.unsettled").Str("ocmw", o.KBO).Str("file", w.Name).Str("rule", w.Problem.Rule).
				Str("hint", w.Problem.HintEN).Msg("not taken yet: " + w.Problem.ReasonEN)
		}
	}
}

// sayRestless tells of clients who don't come to rest: once, as the daemon goes on with them at each poll.
func (c *Cycle) sayRestless(run *Run) {
	if !run.Restless {
		c.recovered("restless", OCMW{}, "all clients come to rest again")
		return
	}
	c.sayOnce("restless", "restless", func() {
		c.Log.Warn().Str("event", "run.restless").Str("run", run.ID).
			Str("hint", "look at \"mlpsync queue list --state superseded\": MLP keeps refusing what is sent for the last of them; ask VDAB with the trace id").
			Msg("some clients are decided again and again and do not come to rest")
	})
}

func (c *Cycle) sayFileProblem(run *Run, o OCMW, name string, why adapters.FileProblem) {
	c.Log.Warn().Str("event", "file.quarantined").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", name).Str("rule", why.Rule).
		Str("hint", why.HintEN).Msg(why.ReasonEN)
}

// sayRead says once per file what the reader decided.
func (c *Cycle) sayRead(run *Run, o OCMW, r adapters.FileReport, warned warnings) {
	event := c.Log.Info().Str("event", "file.read").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", r.Name).
		Str("feed", r.Feed).Str("encoding", r.Encoding).Str("separator", r.Separator).Int("rows", r.Rows).
		Int("rejected", r.Rejected).Int("skipped", r.Skipped).Int("totalsLines", r.TotalsLines)
	columns := strings.Join(r.UnknownColumns, ";") + "|" + strings.Join(r.MissingColumns, ";")
	c.sayOnce("columns."+o.KBO+"."+r.Feed, columns, func() { // named once, until they change
		event = event.Strs("unknownColumns", r.UnknownColumns).Strs("missingColumns", r.MissingColumns)
	})
	event.Msg("file read")
	for _, n := range r.Notes {
		c.Log.Info().Str("event", "file.note").Str("run", run.ID).Str("file", r.Name).Str("note", n.Key).Msg(n.Text)
	}
	for _, rule := range slices.Sorted(maps.Keys(warned)) {
		run.warn(FileWarning{File: r.Name, Rule: rule, Rows: warned[rule].rows, Text: warned[rule].text})
		c.Log.Info().Str("event", "file.warning").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", r.Name).Str("rule", rule).
			Int("rows", warned[rule].rows).Msg(warned[rule].text)
	}
}

// warnings counts what was put right or doubted in a file, by rule.
type warnings map[string]warning

type warning struct {
	rows int
	text string
}

func (w warnings) add(rule, text string) { w[rule] = warning{rows: w[rule].rows + 1, text: text} }

func (c *Cycle) sayIngested(run *Run, o OCMW, result ledger.SetResult) {
	for _, f := range result.Files {
		c.Log.Info().Str("event", "file.ingested").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", f.Name).
			Int("rows", f.Rows).Int("new", f.New).Int("changed", f.Changed).Int("unchanged", f.Unchanged).
			Int("duplicate", f.Duplicate).Int("rejected", f.Rejected).Int("skipped", f.Skipped).
			Msg("the file's balance holds")
		if f.ManyRejected() {
			c.Log.Warn().Str("event", "file.manyRejected").Str("run", run.ID).Str("ocmw", o.KBO).Str("file", f.Name).Int("rows", f.Rows).Int("rejected", f.Rejected).
				Str("hint", "compare the export with the column profile (mlpsync validate FILE), and see the file afgekeurd in the reports folder").
				Msg("many rows of this file were rejected, and their clients are held")
		}
	}
	if result.Missing > 0 {
		c.Log.Warn().Str("event", "records.missing").Str("run", run.ID).Str("ocmw", o.KBO).Int("records", result.Missing).
			Msg("records of the last export are not in this one; nothing is ended, see the worklist")
	}
}
