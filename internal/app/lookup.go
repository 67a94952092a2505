package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// LookUpOrder is a person's order that everybody of an OCMW is looked up in MLP again.
type LookUpOrder struct {
	OCMW    string
	Clients int // of whom MLP was asked before
}

// LookUpAgain orders that everybody of an OCMW, or of all where kbo is empty, is looked up in MLP again before anything more is sent of
// them, and says for which OCMWs. Where nobody was looked up since the last order there is nothing to order.
func (a *App) LookUpAgain(ctx context.Context, kbo string, by ledger.Actor) ([]LookUpOrder, error) {
	if err := NeedReason(by); err != nil {
		return nil, err
	}
	var ordered []LookUpOrder
	known := false
	for _, o := range a.config.OCMWs {
		number := string(o.KBONumber())
		if kbo != "" && number != digits(kbo) {
			continue
		}
		known = true
		clients, err := a.store.LookedUp(ctx, number)
		if err != nil {
			return ordered, fmt.Errorf("count who was looked up: %w", err)
		}
		if clients == 0 {
			continue
		}
		if err := a.store.Request(ctx, ledger.Request{Kind: "retry", OCMW: number, By: by, At: a.now().UTC()}); err != nil {
			return ordered, fmt.Errorf("leave the order: %w", err)
		}
		ordered = append(ordered, LookUpOrder{number, clients})
	}
	switch {
	case !known:
		return nil, noSuchOCMW()
	case len(ordered) == 0:
		return nil, misuse(errors.New("everybody is to be looked up already"), "\"mlpsync run\" and \"mlpsync once\" do it; \"mlpsync status\" says what keeps MLP from being read")
	}
	return ordered, nil
}
