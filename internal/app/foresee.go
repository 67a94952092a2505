package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Whether an answer will hold can be told at once: deciding is pure, so that a client can be decided with the answer before
// it is ordered, on the records that are in force and on what is known of MLP. Only what comes later can change it (docs/adr/0008).

// Asked is something that a decision leaves to people, in Dutch.
type Asked struct{ Rule, Reason, Next string }

// NotTaken is the error of an answer with which its question would be asked again, the same.
type NotTaken struct {
	Client, Rule string
	Why          []Asked // what the rules say to the answer
}

func (n *NotTaken) Error() string {
	return fmt.Sprintf("this answer would not be taken: with it %s asks the same again; nothing was ordered", n.Rule)
}

// Hint is what the user can do.
func (n *NotTaken) Hint() string {
	return "answer otherwise, or correct the data; \"mlpsync explain\" shows what the question is about"
}

// decideNow decides a client as the daemon will at its next round, if nothing else comes in.
func (a *App) decideNow(ctx context.Context, view ledger.ClientView) (casefile.Decision, error) {
	parts, err := a.cycleOptions(a.store)
	if err != nil {
		return casefile.Decision{}, err
	}
	c := cycle.New(parts)
	i := slices.IndexFunc(c.OCMWs, func(o cycle.OCMW) bool { return o.KBO == view.OCMW })
	if i < 0 {
		return casefile.Decision{}, errors.New("its OCMW is not in the configuration any more")
	}
	outcome, err := c.Decide(ctx, c.OCMWs[i], view.Subject, a.today(), "")
	return outcome.Decision, err
}

// willHold refuses an answer that will not be taken or carried out, and tells what it leads to.
func (a *App) willHold(ctx context.Context, view ledger.ClientView, q Question, answer casefile.Answer) ([]Asked, error) {
	if q.Anew {
		return nil, a.mayBeginAnew(ctx, view, answer)
	}
	return a.holds(ctx, view, q, answer)
}

// mayBeginAnew refuses an order to begin in another dossier where the question is not that of the client's number and dossier as they
// are now, and while it is not known what becomes of what was sent for the one that is left. What the order leads to, only the look-up
// under the number tells.
func (a *App) mayBeginAnew(ctx context.Context, view ledger.ClientView, answer casefile.Answer) error {
	const next = "answer after the daemon's next round, or run \"mlpsync once\"; \"mlpsync explain\" shows what is asked then"
	d, number := view.Known.Dossier, numberOf(view)
	if !d.Another(number) || d.AnewQuestion(number.Reveal()) != answer.Question {
		return misuse(fmt.Errorf("the client's INSZ or dossier is another one since %s asked this, or the client begins anew already", answer.Rule), next)
	}
	flying, err := a.store.Entries(ctx, ledger.EntryFilter{OCMW: view.OCMW, Person: view.Person, States: []outbox.State{outbox.Claimed, outbox.InDoubt}})
	if err != nil {
		return fmt.Errorf("see what is on its way: %w", err)
	}
	if len(flying) > 0 {
		return misuse(errors.New("something of this client is on its way to MLP, or in doubt: what became of it must be known first"), next)
	}
	return nil
}

// numberOf is the client's INSZ in the export in force.
func numberOf(view ledger.ClientView) ident.INSZ {
	for _, r := range view.Records {
		if c, is := r.(*casefile.Client); is {
			return c.INSZ
		}
	}
	return ident.INSZ{}
}

// holds refuses an answer to a question that is not asked any more, or with which it would still be asked. It tells what the answer
// leads to.
func (a *App) holds(ctx context.Context, view ledger.ClientView, q Question, answer casefile.Answer) ([]Asked, error) {
	if !view.Known.LookedUp { // nothing is decided before MLP is read
		return nil, nil
	}
	without := withoutAnswer(view, answer)
	before, err := a.foresee(ctx, without)
	if err != nil {
		return nil, fmt.Errorf("see whether the question still stands: %w", err)
	}
	if same, _ := asked(before, answer); !same || q.Category && before.Facts != view.Decision.Facts {
		return nil, misuse(fmt.Errorf("the client's data have changed since %s asked this, and are not decided on yet", q.Rule),
			"answer after the daemon's next round, or run \"mlpsync once\"; \"mlpsync explain\" shows what is asked then")
	}
	with := without
	with.Answers = append(slices.Clone(without.Answers), answer)
	after, err := a.foresee(ctx, with)
	if err != nil {
		return nil, fmt.Errorf("see whether the answer will hold: %w", err)
	}
	added := newlyAsked(before, after)
	if same, _ := asked(after, answer); same {
		return nil, &NotTaken{Client: view.Client, Rule: q.Rule, Why: added}
	}
	return added, nil
}

// newlyAsked is what the second decision leaves to people and the first does not.
func newlyAsked(before, after casefile.Decision) []Asked {
	had := map[Asked]bool{}
	for _, x := range leftToPeople(before) {
		had[x] = true
	}
	return slices.DeleteFunc(leftToPeople(after), func(x Asked) bool { return had[x] })
}

func leftToPeople(d casefile.Decision) []Asked {
	var all []Asked
	for _, m := range d.Manual {
		all = append(all, Asked{m.Rule, m.Reason, m.Next})
	}
	for _, f := range d.Findings {
		all = append(all, Asked{f.Rule, f.Reason, f.Next})
	}
	return all
}

// withoutAnswer is a client whose question is not answered.
func withoutAnswer(view ledger.ClientView, answer casefile.Answer) ledger.ClientView {
	view.Answers = slices.DeleteFunc(slices.Clone(view.Answers), func(g casefile.Answer) bool { return g.Rule == answer.Rule && g.Question == answer.Question })
	return view
}

// tellAnswers tells of each answer whether it holds.
func (a *App) tellAnswers(ctx context.Context, view ledger.ClientView) ([]ExplainedAnswer, error) {
	var failed error
	silences := func(answer casefile.Answer) bool {
		d, err := a.foresee(ctx, withoutAnswer(view, answer))
		failed = errors.Join(failed, err)
		same, _ := asked(d, answer)
		return same
	}
	told := explainAnswers(view, a.today(), silences)
	if failed != nil {
		return nil, fmt.Errorf("see which answers hold: %w", failed)
	}
	return told, nil
}
