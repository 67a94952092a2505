package cycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// everybodyKey is the key of the note that everybody of an OCMW is looked up again.
const everybodyKey = "lookedUpAgain"

// sayUnread says of whom MLP's answer can't be used, on change, and keeps it where status and explain find it. What the last process noted
// stands until MLP was asked.
func (c *Cycle) sayUnread(ctx context.Context, o OCMW, asked bool) error {
	people, everybody := c.Observer.Unread(o.KBO)
	if !asked && len(people) == 0 && everybody == nil {
		return nil
	}
	names, err := c.Store.Pseudonyms(ctx, slices.Sorted(maps.Keys(people)))
	if err != nil {
		return fmt.Errorf("name clients: %w", err)
	}
	notes := c.unreadNotes(o, people, names)
	if everybody != nil {
		notes = append(notes, c.everybodyNote(o, everybody))
	}
	return c.keepUnread(ctx, o, notes)
}

func (c *Cycle) unreadNotes(o OCMW, people map[int64]error, names map[int64]string) (notes []ledger.Note) {
	for _, person := range slices.Sorted(maps.Keys(people)) {
		name, why := names[person], people[person]
		if name == "" { // gone since
			continue
		}
		notes = append(notes, ledger.Note{
			OCMW: o.KBO, Key: ledger.UnreadKey + name, Level: "warn", Since: c.Now(),
			NL: "Wat MLP over deze cliënt antwoordt, kan niet gebruikt worden. Er wordt niets beslist of verstuurd; MLP wordt om de 10 minuten opnieuw gevraagd. " +
				"IT ziet de reden met: mlpsync status.",
			EN: "what MLP answers about client " + name + " can't be used: " + withTrace(why) +
				"; nothing is decided or sent of this client, MLP is asked again every 10 minutes; " + hintOf(why),
		})
	}
	return notes
}

func (c *Cycle) everybodyNote(o OCMW, why error) ledger.Note {
	return ledger.Note{
		OCMW: o.KBO, Key: everybodyKey, Level: "warn", Since: c.Now(),
		NL: "Alle cliënten worden opnieuw opgezocht in MLP.",
		EN: "everybody is looked up again, as changes in MLP can't be told: " + withTrace(why) + "; " + hintOf(why),
	}
}

// keepUnread logs the notes that are new and those that are gone, and keeps them all.
func (c *Cycle) keepUnread(ctx context.Context, o OCMW, notes []ledger.Note) error {
	topic := "unread." + o.KBO
	c.unread[o.KBO] = notes
	brief := ledger.Brief(notes) // of many not each is said in the log
	stand, text := map[string]bool{}, ""
	for _, n := range slices.Concat(notes, brief) {
		stand[topic+"/"+n.Key] = true
		text += n.Key + n.EN
	}
	for _, n := range brief {
		c.sayOnce(topic+"/"+n.Key, n.EN, func() {
			c.Log.Warn().Str("event", "observe.unread").Str("ocmw", o.KBO).Str("client", n.UnreadClient()).Msg(n.EN)
		})
	}
	for key := range c.said {
		if !stand[key] && strings.HasPrefix(key, topic+"/") {
			c.recovered(key, o, goneBy(strings.TrimPrefix(key, topic+"/")))
		}
	}
	if c.noted[topic] && c.said[topic] == text {
		return nil
	}
	c.said[topic] = text
	return c.noteChannel(ctx, topic, notes)
}

// goneBy says that a note with a key stands no longer.
func goneBy(key string) string {
	if name := (ledger.Note{Key: key}).UnreadClient(); name != "" {
		return "what MLP answers about client " + name + " keeps nothing back any more"
	}
	if key == ledger.ManyUnreadKey {
		return "what MLP answers keeps back no more clients than are named"
	}
	return "everybody was looked up again"
}

// withTrace is an error with the trace id of its request, by which those who run MLP find it.
func withTrace(err error) string {
	var traced interface{ Trace() string }
	if errors.As(err, &traced) && traced.Trace() != "" {
		return err.Error() + ", trace id " + traced.Trace()
	}
	return err.Error()
}
