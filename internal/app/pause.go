package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// Pause is a person's order that nothing is sent for an OCMW.
type Pause struct {
	OCMW   string    `json:"ocmw"`
	Name   string    `json:"name"`
	Since  time.Time `json:"since"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// paused tells of an OCMW's pause, ordered or carried out; nil where sending goes on.
func (a *App) paused(ctx context.Context, kbo string) (*Pause, error) {
	hold, err := a.store.Paused(ctx, kbo)
	if err != nil {
		return nil, fmt.Errorf("read pause: %w", err)
	}
	if hold == nil {
		return nil, nil
	}
	p := &Pause{OCMW: kbo, Since: hold.Since, By: hold.By, Reason: hold.Reason}
	for _, o := range a.config.OCMWs {
		if string(o.KBONumber()) == kbo {
			p.Name = o.Name
		}
	}
	return p, nil
}

// PauseSending orders that nothing is sent for an OCMW, or for any when kbo is empty, and says for which. A
// daemon takes nothing new in hand from then on.
func (a *App) PauseSending(ctx context.Context, kbo string, by ledger.Actor) ([]string, error) {
	return a.orderSending(ctx, "pause", kbo, by)
}

// ResumeSending orders that sending goes on, and says for which OCMWs.
func (a *App) ResumeSending(ctx context.Context, kbo string, by ledger.Actor) ([]string, error) {
	return a.orderSending(ctx, "resume", kbo, by)
}

// orderSending leaves the order for those OCMWs for which it changes anything.
func (a *App) orderSending(ctx context.Context, kind, kbo string, by ledger.Actor) ([]string, error) {
	if err := NeedReason(by); err != nil {
		return nil, err
	}
	chosen, err := a.chosen(kbo)
	if err != nil {
		return nil, err
	}
	var ordered []string
	for _, number := range chosen {
		p, err := a.paused(ctx, number)
		if err != nil {
			return ordered, err
		}
		if (p != nil) == (kind == "pause") {
			continue
		}
		if err := a.leave(ctx, ledger.Request{Kind: kind, OCMW: number, By: by, At: a.now().UTC()}); err != nil {
			return ordered, err
		}
		ordered = append(ordered, number)
	}
	switch {
	case len(ordered) == 0 && kind == "pause":
		return nil, misuse(errors.New("it is paused already"), "\"mlpsync status\" says since when and why; \"mlpsync resume\" ends it")
	case len(ordered) == 0:
		return nil, misuse(errors.New("nothing is paused"), "\"mlpsync status\" says what else holds sending back")
	}
	return ordered, nil
}

func noSuchOCMW() error {
	return misuse(errors.New("the configuration has no such OCMW"), "give its KBO number, or none for all")
}
