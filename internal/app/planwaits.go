package app

import (
	"context"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// PlanWait is why a change, or all those of a person, would not be sent, or not yet.
type PlanWait string

// Why they wait: the first two hold for all changes of a person.
const (
	WaitsForLookUp  PlanWait = "notLookedUp"   // MLP is asked first what it holds of the client
	WaitsForRepair  PlanWait = "damaged"       // what is known of the client's dossier can't be read back, so the client is held
	WaitsForAnswer  PlanWait = "inDoubt"       // sent, or being sent now, and not answered: MLP is read first, and it is sent again only where MLP does not hold it
	WaitsForDoubt   PlanWait = "behindInDoubt" // another one of the client is in doubt; then this one goes, or the client is decided again
	WaitsForParked  PlanWait = "behindParked"  // the one ahead of it is parked: a person retries or discards that, or the source is corrected
	WaitsForDossier PlanWait = "noDossier"     // the one that makes the client's dossier was discarded
)

// planWait tells why an entry would not be sent, and behind which one it waits; turn is the entry of its lane whose turn it is.
func planWait(e, turn outbox.Entry) (why PlanWait, behind string) {
	switch {
	case e.State.InFlight():
		return WaitsForAnswer, ""
	case turn.State.InFlight():
		return WaitsForDoubt, turn.ID
	case turn.State == outbox.Parked:
		return WaitsForParked, turn.ID
	case turn.Version == 0 && turn.Op != string(casefile.OpCreate):
		return WaitsForDossier, ""
	}
	return "", ""
}

// waits tells whether run would not send all changes of the person.
func (p PlanPerson) waits() bool {
	return p.Waits != "" || slices.ContainsFunc(p.Changes, func(c PlanChange) bool { return c.Waits != "" })
}

// PlanCounts are the changes of a plan by what becomes of them, when nothing stops or pauses their OCMW.
type PlanCounts struct {
	Sent, People   int // would be sent, and of how many people
	InDoubt, Waits int
}

// Count counts the changes.
func (p PlanFile) Count() (n PlanCounts) {
	for _, person := range p.People {
		before := n.Sent
		for _, c := range person.Changes {
			switch {
			case c.Waits == WaitsForAnswer:
				n.InDoubt++
			case person.Waits+c.Waits != "":
				n.Waits++
			default:
				n.Sent++
			}
		}
		if n.Sent > before {
			n.People++
		}
	}
	return n
}

// PlanPause is a pause in force.
type PlanPause struct {
	OCMW  string    `json:"ocmw"`
	Since time.Time `json:"since"`

	// By and Reason are a person's name and words: shown, never written to the file.
	By     string `json:"-"`
	Reason string `json:"-"`
}

func (a *App) planPauses(ctx context.Context) (pauses []PlanPause, err error) {
	for _, o := range a.config.OCMWs {
		p, err := a.paused(ctx, string(o.KBONumber()))
		if err != nil {
			return nil, err
		}
		if p != nil {
			pauses = append(pauses, PlanPause{OCMW: p.OCMW, Since: p.Since, By: p.By, Reason: p.Reason})
		}
	}
	return pauses, nil
}

func (p PlanFile) paused(kbo string) bool {
	return slices.ContainsFunc(p.Paused, func(pause PlanPause) bool { return pause.OCMW == kbo })
}
