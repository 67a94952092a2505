package app

import (
	"context"
	"time"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
)

// The daemon has its database read whole once a day: a page that the disk lost shows then, and not when somebody needs the client on
// it. Not at its start, which would take several times as long for a ledger of many clients.
const (
	firstLook = 10 * time.Minute
	lookEvery = 24 * time.Hour
)

// keepLooking looks at the database beside the cycles, first after a while and then every so often, until stop is called.
func (a *App) keepLooking(first, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for next := time.NewTimer(first); ; next.Reset(every) {
			select {
			case <-ctx.Done():
				next.Stop()
				return
			case <-next.C:
				a.lookAtDatabase(ctx)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// lookAtDatabase says what is damaged, and leaves it for status. Nothing is stopped for it: what is sound goes on.
func (a *App) lookAtDatabase(ctx context.Context) {
	damage, err := a.store.Damage(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.Log.Warn().Str("event", "state.notLookedAt").Err(err).Str("hint", "look with \"mlpsync state check\"").Msg("the database could not be looked at for damage")
		return
	}
	var notes []ledger.Note
	for i, f := range damage {
		a.Log.Error().Str("event", "state.damaged").Str("where", f.Where).Str("hint", f.Next).Msg(f.What)
		if i == 0 {
			notes = append(notes, damageNote(f, a.now()))
		}
	}
	if err := a.store.SaveNotes(ctx, sqlite.StateTopic, notes); err != nil && ctx.Err() == nil {
		a.Log.Warn().Str("event", "state.notLookedAt").Err(err).Msg("what was found of the database can't be kept for \"mlpsync status\"")
	}
}

func damageNote(f ledger.Finding, at time.Time) ledger.Note {
	return ledger.Note{
		Key: "damaged", Level: "error", Since: at,
		EN: "the database is damaged: " + f.Where + "; see \"mlpsync state check\"",
		NL: "de databank is beschadigd: " + f.Where + "; zie \"mlpsync state check\"",
	}
}
