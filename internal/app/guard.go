package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// GuardView is how the guard stands for an OCMW.
type GuardView struct {
	OCMW     string     `json:"ocmw"`
	Name     string     `json:"name"`
	Stopped  bool       `json:"stopped"`
	Clients  int        `json:"clients"`
	Changing int        `json:"changing"`
	Shrunk   []FeedRows `json:"shrunk,omitempty"` // by feed, also within the limits
	FirstRun bool       `json:"firstRun"`
	Reason   string     `json:"reason,omitempty"`
	ReasonNL string     `json:"reasonNl,omitempty"`
	Since    time.Time  `json:"since,omitzero"`
	// Number identifies what is held back, as it stood when it was shown; a release takes it. Empty where nothing is stopped.
	Number  string          `json:"number,omitempty"`
	Refused *RefusedRelease `json:"refused,omitempty"`
}

// RefusedRelease is the last release of what is stopped, where it was not carried out.
type RefusedRelease struct {
	By    string    `json:"by"`
	Asked time.Time `json:"asked"`
	Why   string    `json:"why"`
}

// FeedRows are the rows of a feed's last snapshot, and those that stood before it shrank.
type FeedRows struct {
	Feed       string `json:"feed,omitempty"` // empty: all feeds together, noted before they were known apart
	RowsBefore int    `json:"rowsBefore"`
	RowsAfter  int    `json:"rowsAfter"`
}

// GuardShow tells how the guard stands for every OCMW.
func (a *App) GuardShow(ctx context.Context) ([]GuardView, error) {
	var views []GuardView
	for _, o := range a.config.OCMWs {
		view, err := a.guardView(ctx, o)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

func (a *App) guardView(ctx context.Context, o config.OCMW) (GuardView, error) {
	kbo := string(o.KBONumber())
	// The number first: what comes to wait between the two readings is shown and not released, never the other way round.
	unreleased, err := a.store.Unreleased(ctx, kbo)
	if err != nil {
		return GuardView{}, fmt.Errorf("read what is held back: %w", err)
	}
	g, err := a.store.Guard(ctx, kbo)
	if err != nil {
		return GuardView{}, fmt.Errorf("read guard: %w", err)
	}
	view := GuardView{
		OCMW: kbo, Name: o.Name, Stopped: g.Stopped, Clients: g.Clients, Changing: g.Changing, FirstRun: g.FirstRun,
		Reason: g.ReasonEN, ReasonNL: g.ReasonNL, Since: g.Since,
	}
	for _, f := range g.Shrunk {
		view.Shrunk = append(view.Shrunk, FeedRows(f))
	}
	if !g.Stopped {
		return view, nil
	}
	view.Number = unreleased.Fingerprint
	if r := unreleased.Refused; r != nil && !r.Asked.Before(g.Since) {
		view.Refused = &RefusedRelease{By: r.By, Asked: r.Asked, Why: r.Why}
	}
	return view, nil
}

// ErrNotStopped is the error of a release where the guard stops nothing.
var ErrNotStopped = errors.New("nothing to release")

// GuardRelease orders the release of what stands under a number that GuardShow gave, or, where the number is empty, of what stands now;
// of one OCMW, or of all that are stopped when kbo is empty. It says of which. The daemon lets nothing go where something else waits
// by then.
func (a *App) GuardRelease(ctx context.Context, kbo, number string, by ledger.Actor) ([]GuardView, error) {
	views, err := a.GuardShow(ctx)
	if err != nil {
		return nil, err
	}
	if err := NeedReason(by); err != nil {
		return nil, err
	}
	if kbo != "" && !slices.ContainsFunc(views, func(v GuardView) bool { return v.OCMW == digits(kbo) }) {
		return nil, noSuchOCMW()
	}
	meant := slices.DeleteFunc(views, func(v GuardView) bool { return !v.Stopped || kbo != "" && v.OCMW != digits(kbo) })
	if len(meant) == 0 {
		return nil, notReleased(kbo)
	}
	if number != "" {
		meant = slices.DeleteFunc(meant, func(v GuardView) bool { return v.Number != number })
	}
	if len(meant) == 0 {
		return nil, misuse(fmt.Errorf("what is held back is not what was shown under %q any more: nothing is released", number),
			"look again with \"mlpsync guard show\", and give the number that it shows now")
	}
	for i, v := range meant {
		if err := a.leave(ctx, ledger.Request{Kind: "release", OCMW: v.OCMW, Shown: v.Number, By: by, At: a.now()}); err != nil {
			return meant[:i], err
		}
	}
	return meant, nil
}

func notReleased(kbo string) error {
	if kbo != "" {
		return misuse(fmt.Errorf("the guard does not stop this OCMW: %w", ErrNotStopped), "\"mlpsync guard show\" tells how it stands for each")
	}
	return misuse(fmt.Errorf("the guard stops no OCMW: %w", ErrNotStopped), "\"mlpsync status\" says what else holds sending back")
}
