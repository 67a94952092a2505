package app

import (
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Where a thing of a record stands: it is found back in the decision, in MLP and in the outbox
// by what it is (its kind, its first day and its sort), so that explaining depends on no
// rule's way of making ids.

// notSent begins every reason why something is not sent.
const notSent = "wordt niet verstuurd: "

// whole adds a thing that is sent in one piece.
func (c *course) whole(r casefile.Record, want casefile.Body, s ExplainedStep) {
	s.Part = PartTrack
	if s.Kind == "" {
		s.Kind = string(want.Kind())
	}
	s.Status, s.Standing = c.standing(r, want, s.From)
	c.add(s)
}

// begin adds the begin of something that has its end on a line of its own.
func (c *course) begin(r casefile.Record, want casefile.Body, s ExplainedStep) {
	s.Part, s.Kind = PartTrack, string(want.Kind())
	desired, _ := c.desired(want, "")
	if held, found := c.held(want, desired.ID); found {
		c.claimed[held.ID] = true
		s.Status, s.Standing = c.there(held.ID, !s.Until.IsZero())
		if entry, waits := c.waiting(want, func(ch casefile.Change) bool { return !endsOnly(ch) }); waits {
			s.Status, s.Standing = c.change(entry)
		}
	} else {
		s.Status, s.Standing = c.standing(r, want, s.From)
	}
	c.add(s)
}

func (c *course) end(r casefile.Record, want casefile.Body, end casefile.Date, what string) {
	s := ExplainedStep{Part: PartTrack, Kind: string(want.Kind()), From: end, Until: end, What: what}
	desired, _ := c.desired(want, "")
	held, found := c.held(want, desired.ID)
	entry, waits := c.waiting(want, func(ch casefile.Change) bool {
		return casefile.EndOf(ch.New) == end && (ch.Old == nil || casefile.EndOf(ch.Old) != end)
	})
	switch {
	case waits:
		s.Status, s.Standing = c.fate(entry)
	case found && casefile.EndOf(held.Body) == end:
		s.Status, s.Standing = InMLP, "in MLP"
	case found && c.drift(held.ID, isEnd) != "":
		s.Status, s.Standing = Drifted, c.drift(held.ID, isEnd)
	case end > c.day:
		s.Status, s.Standing = Planned, "gepland op "+end.Dutch()
	default:
		s.Status, s.Standing = NotSent, notSent+c.reason(r, nil)
	}
	c.add(s)
}

// standing says where a record's registration stands that is sent from a day on.
func (c *course) standing(r casefile.Record, want casefile.Body, from casefile.Date) (Standing, string) {
	desired, asked := c.desired(want, "")
	held, found := c.held(want, desired.ID)
	entry, waits := c.waiting(want, nil)
	if found {
		c.claimed[held.ID] = true
	}
	switch {
	case found && waits:
		return c.change(entry)
	case found && c.drift(held.ID, anyField) != "":
		return Drifted, c.drift(held.ID, anyField)
	case found && (!asked || casefile.Satisfies(held.Body, desired.Body)):
		return InMLP, "in MLP"
	case found:
		return InMLP, "in MLP, met andere gegevens"
	case waits:
		return c.fate(entry)
	case from > c.day:
		return Planned, "gepland op " + from.Dutch()
	}
	return NotSent, notSent + c.reason(r, nil)
}

// fate says what becomes of an entry that is open.
func (c *course) fate(e openChange) (Standing, string) {
	if b, found := c.blocker(e); found {
		return Behind, b.waitedFor()
	}
	switch e.state {
	case outbox.Claimed:
		return Sending, "wordt nu verstuurd"
	case outbox.InDoubt:
		return Sending, "verstuurd, antwoord van MLP nog onzeker"
	case outbox.Suspended:
		return NotSent, notSent + c.reason(nil, nil)
	case outbox.Parked:
		return NotSent, notSent + "MLP aanvaardde het niet, IT kijkt na waarom"
	case outbox.Discarded:
		return NotSent, notSent + "geschrapt uit de wachtrij"
	}
	if at := casefile.DateOf(e.due, Zone()); !e.due.IsZero() && at > c.day {
		return Sending, "wordt verstuurd op " + at.Dutch()
	}
	return Sending, "wordt verstuurd"
}

// change is the fate of a change of what MLP holds already.
func (c *course) change(e openChange) (Standing, string) {
	status, text := c.fate(e)
	if status == Sending {
		return Changing, "in MLP; een wijziging " + text
	}
	return InMLP, "in MLP; een wijziging " + text
}

// reason says why nothing is sent of a record, or of what was read from cells.
func (c *course) reason(r casefile.Record, read []casefile.Cell) string {
	switch {
	case c.view.Hold != nil:
		return "de cliënt is tegengehouden door een medewerker"
	case c.view.Damaged != "":
		return "iets wat over de cliënt bewaard is, kan niet gelezen worden"
	case c.view.Kind == ledger.OutcomeHeld:
		return "een rij van deze cliënt is afgekeurd"
	case c.view.Kind == "" || !c.view.Known.LookedUp:
		return "er is nog niet beslist"
	}
	if r != nil {
		if r.IsDeleted() {
			return "in de export als verwijderd aangeduid"
		}
		if r.IsMissing() {
			return "staat niet meer in de export"
		}
	}
	if rule := c.ruleAbout(r, read); rule != "" {
		return rule
	}
	if c.view.Known.Dossier == nil {
		return "er is nog geen dossier"
	}
	return "geen regel vraagt het"
}

// ruleAbout names the rule that keeps a thing back: a decision about its own row, else the first
// that is to be taken; else a rule or a finding that read the row (a finding stops nothing by itself).
func (c *course) ruleAbout(r casefile.Record, read []casefile.Cell) string {
	manual := c.view.Decision.Manual
	if i := slices.IndexFunc(manual, func(m casefile.Manual) bool { return onRow(r, m.Cells) || sameRow(read, m.Cells) }); i >= 0 {
		return "eerst te beslissen, zie " + manual[i].Rule
	}
	if len(manual) > 0 {
		return "eerst te beslissen, zie " + manual[0].Rule
	}
	for _, t := range c.view.Decision.Trace {
		if !t.Fired && onRow(r, t.Cells) {
			return "zie " + t.Rule
		}
	}
	for _, f := range c.view.Decision.Findings {
		if onRow(r, f.Cells) {
			return "zie " + f.Rule
		}
	}
	return ""
}

// onRow tells whether one of the cells is on the record's own row.
func onRow(r casefile.Record, cells []casefile.Cell) bool {
	if r == nil {
		return false
	}
	p := r.Origin()
	return sameRow([]casefile.Cell{{File: p.File, Sheet: p.Sheet, Row: p.Row}}, cells)
}

func sameRow(a, b []casefile.Cell) bool {
	return slices.ContainsFunc(a, func(x casefile.Cell) bool {
		return x.File != "" && slices.ContainsFunc(b, func(y casefile.Cell) bool { return x.File == y.File && x.Sheet == y.Sheet && x.Row == y.Row })
	})
}

// desired is the registration that the decision asks for.
func (c *course) desired(want casefile.Body, id string) (casefile.Registration, bool) {
	return find(c.view.Decision.Registrations, want, id)
}

// held is the registration as MLP holds it: under our id, its alias, or as the same thing.
func (c *course) held(want casefile.Body, id string) (casefile.Registration, bool) {
	if r, found := c.view.Known.Dossier.Find(id); found {
		return r, true
	}
	if r, found := c.view.Known.Dossier.Find(c.view.Known.Aliases[id]); found {
		return r, true
	}
	if r, found := c.writtenAs(want); found {
		return r, true
	}
	return find(c.view.Known.Dossier.OfKind(want.Kind()), want, "")
}

// writtenAs is the registration that was this thing when we wrote it: somebody may have changed in
// MLP by what it is known (its first day).
func (c *course) writtenAs(want casefile.Body) (casefile.Registration, bool) {
	for _, id := range slices.Sorted(maps.Keys(c.view.Known.Written)) {
		if written := c.view.Known.Written[id]; written != nil && casefile.SameThing(written, want) {
			return c.view.Known.Dossier.Find(id)
		}
	}
	return casefile.Registration{}, false
}

// there says of a registration in MLP whether somebody changed it; its end has a line of its own
// where the record has one.
func (c *course) there(id string, ownEnd bool) (Standing, string) {
	counts := anyField
	if ownEnd {
		counts = notEnd
	}
	if drift := c.drift(id, counts); drift != "" {
		return Drifted, drift
	}
	return InMLP, "in MLP"
}

func find(all []casefile.Registration, want casefile.Body, id string) (casefile.Registration, bool) {
	i := slices.IndexFunc(all, func(r casefile.Registration) bool {
		return (id != "" && r.ID == id) || casefile.SameThing(r.Body, want)
	})
	if i < 0 {
		return casefile.Registration{}, false
	}
	return all[i], true
}

// waiting is the first open entry about a thing; only narrows it down, nil for any.
func (c *course) waiting(want casefile.Body, only func(casefile.Change) bool) (openChange, bool) {
	i := slices.IndexFunc(c.open, func(o openChange) bool {
		return o.New != nil && casefile.SameThing(o.New, want) && (only == nil || only(o.Change))
	})
	if i < 0 {
		return openChange{}, false
	}
	return c.open[i], true
}

// endsOnly tells of a change that it sets an end on what MLP holds.
func endsOnly(ch casefile.Change) bool {
	return ch.Old != nil && casefile.EndOf(ch.Old) != casefile.EndOf(ch.New)
}

// openChanges reads what the entries send that are neither settled nor superseded.
func openChanges(entries []outbox.Entry) ([]openChange, error) {
	var open []openChange
	turn := turns(entries)
	for _, e := range entries {
		if e.State.Final() {
			continue
		}
		change, err := changeOf(e)
		if err != nil {
			return nil, err
		}
		open = append(open, openChange{id: e.ID, state: e.State, due: e.NotBefore, turn: turn[e.Person].ID == e.ID, Change: change})
	}
	return open, nil
}
