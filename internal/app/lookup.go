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
	chosen, err := a.chosen(kbo)
	if err != nil {
		return nil, err
	}
	var ordered []LookUpOrder
	for _, number := range chosen {
		clients, err := a.store.LookedUp(ctx, number)
		if err != nil {
			return ordered, fmt.Errorf("count who was looked up: %w", err)
		}
		if clients == 0 {
			continue
		}
		if err := a.leave(ctx, ledger.Request{Kind: "retry", OCMW: number, By: by, At: a.now().UTC()}); err != nil {
			return ordered, err
		}
		ordered = append(ordered, LookUpOrder{number, clients})
	}
	if len(ordered) == 0 {
		return nil, misuse(errors.New("everybody is to be looked up already"), "\"mlpsync run\" and \"mlpsync once\" do it; \"mlpsync status\" says what keeps MLP from being read")
	}
	return ordered, nil
}

// chosen are the KBO numbers of the OCMW that an order names, or of all where it names none.
func (a *App) chosen(kbo string) ([]string, error) {
	var numbers []string
	for _, o := range a.config.OCMWs {
		if number := string(o.KBONumber()); kbo == "" || number == digits(kbo) {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) == 0 {
		return nil, noSuchOCMW()
	}
	return numbers, nil
}
