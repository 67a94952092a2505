package app

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/wholefile"
)

// WriteCalendar writes deadlines as an iCalendar file (RFC 5545) that replaces the one that is
// there in one step, and says how many are in it.
func (a *App) WriteCalendar(path string, list DeadlineList) (int, error) {
	content := calendar(list, a.now())
	if err := wholefile.Write(path, "calendar", content, 0o640, wholefile.Replace); err != nil {
		return 0, &Hinted{Err: fmt.Errorf("write the calendar: %w", err), Next: "check the folder of --ics and your rights there"}
	}
	return len(list.Deadlines), nil
}

func calendar(list DeadlineList, now time.Time) []byte {
	c := ics.NewCalendar()
	c.SetProductId("-//mlpsync//mlpsync//NL")
	c.SetMethod(ics.MethodPublish)
	c.SetXWRCalName("Termijnen OCMW")
	seen := map[string]int{}
	for _, d := range list.Deadlines {
		key := d.OCMW + "|" + d.Pseudonym + "|" + d.Rule + "|" + string(d.Due)
		seen[key]++
		addDeadline(c, d, eventID(key, seen[key]), now)
	}
	return []byte(c.Serialize(ics.WithNewLineWindows)) // RFC 5545 asks for CRLF everywhere
}

// eventID is the same for the same deadline in each export, so that a calendar replaces it; nth
// tells apart those of one client, rule and day.
func eventID(key string, nth int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d", key, nth))
	return hex.EncodeToString(sum[:16]) + "@mlpsync"
}

func addDeadline(c *ics.Calendar, d ClientDeadline, id string, now time.Time) {
	e := c.AddEvent(id)
	e.SetDtStampTime(now)
	e.SetAllDayStartAt(d.Due.Time())
	e.SetAllDayEndAt(d.Due.AddDays(1).Time()) // the first day after it
	e.SetSummary(d.Client + ": " + d.What)
	e.SetDescription(fmt.Sprintf("%s (%s). Stand op %s: %s. Dossierbeheerder: %s.",
		d.Rule, d.Source, casefile.DateOf(now, Zone()).Dutch(), d.Standing(), d.Worker.Dutch()))
	e.AddCategory(d.Rule)
	e.SetTimeTransparency(ics.TransparencyTransparent) // nobody is busy with it all day
}
