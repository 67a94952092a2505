package app

import (
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// ExplainedBlock is a change that does not get on by itself, and for which others of the client wait.
type ExplainedBlock struct {
	Entry   string       `json:"entry"`
	State   outbox.State `json:"state"`
	Waiting int          `json:"waiting"` // how many others wait
	Text    string       `json:"text"`    // Dutch
	Next    string       `json:"next"`    // Dutch
}

// blocker is the change that keeps another from MLP: the one whose turn it is, where that is parked or in doubt; or one that
// was discarded, without which MLP does not take the other.
func (c *course) blocker(o openChange) (openChange, bool) {
	if o.state != outbox.Waiting && o.state != outbox.Parked {
		return openChange{}, false
	}
	i := slices.IndexFunc(c.open, func(b openChange) bool {
		return b.id != o.id && (o.state == outbox.Waiting && b.stops() || b.state == outbox.Discarded && c.needs(o.Change, b.Change))
	})
	if i < 0 {
		return openChange{}, false
	}
	return c.open[i], true
}

// stops tells whether it is this one's turn and it does not go out by itself.
func (o openChange) stops() bool {
	return o.turn && (o.state == outbox.Parked || o.state == outbox.InDoubt)
}

// needs tells whether a change is about something that MLP has only through another one: the dossier, or the agreement or
// contract to which it belongs.
func (c *course) needs(change, other casefile.Change) bool {
	d := c.view.Known.Dossier
	if other.Op == casefile.OpCreate {
		return d == nil && change.Op != casefile.OpCreate
	}
	id := partOf(change.New)
	if id == "" || id != other.ID {
		return false
	}
	_, there := d.Find(id)
	return !there
}

// partOf is the id of the registration to which another belongs.
func partOf(b casefile.Body) string {
	switch b := b.(type) {
	case casefile.Category:
		return b.EmploymentID
	case casefile.Art60:
		return b.WEOID
	case casefile.WorkPlacement:
		return b.WEOID
	case casefile.EvaluationDone:
		return b.WEOID
	case casefile.Document:
		return b.WEOID
	case casefile.Note:
		return b.WEOID
	}
	return ""
}

// waitedFor says of what waits for this change that it does.
func (o openChange) waitedFor() string {
	name := "“" + o.Sentence + "”"
	switch o.state {
	case outbox.Parked:
		return "wacht op " + name + ", niet aanvaard"
	case outbox.Discarded:
		return "kan niet zonder " + name + ", geschrapt uit de wachtrij"
	}
	return "wacht op " + name + ", antwoord van MLP nog onzeker"
}

// tellBlocks tells once of each change for which others wait what to do about it.
func tellBlocks(view ledger.ClientView, open []openChange) []ExplainedBlock {
	c, waiting := newCourse(view, open, ""), map[string]int{}
	for _, o := range open {
		if b, found := c.blocker(o); found {
			waiting[b.id]++
		}
	}
	var out []ExplainedBlock
	for _, o := range open {
		if n := waiting[o.id]; n > 0 {
			out = append(out, o.block(n))
		}
	}
	return out
}

func (o openChange) block(waiting int) ExplainedBlock {
	name, others := "“"+o.Sentence+"”", plural(waiting, "andere wijziging wacht", "andere wijzigingen wachten")+" daarop."
	b := ExplainedBlock{Entry: o.id, State: o.state, Waiting: waiting}
	switch o.state {
	case outbox.Parked:
		b.Text = name + " is niet aanvaard; " + others
		b.Next = "Verbeter het in het cliëntsysteem: de volgende export vervangt het. Of laat IT het nakijken, en opnieuw versturen of schrappen: mlpsync queue show -c BESTAND " + o.id
	case outbox.Discarded:
		b.Text = name + " is geschrapt uit de wachtrij; " + plural(waiting, "andere wijziging kan", "andere wijzigingen kunnen") + " niet zonder."
		b.Next = "Laat IT het alsnog versturen: mlpsync queue retry -c BESTAND " + o.id + " --reason \"...\""
		if o.Op != casefile.OpCreate {
			b.Next += ", en hetzelfde voor wat daarzonder niet aanvaard werd"
		}
	default:
		b.Text = "Van " + name + " is nog niet zeker of MLP het heeft; " + others
		b.Next = "Niets: MLP wordt gelezen, en dan gaat het verder. Blijft het zo, laat dan IT kijken: mlpsync queue show -c BESTAND " + o.id
	}
	return b
}
