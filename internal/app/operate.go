package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/report"
)

// Question is something that the client's last decision asks and a caseworker can
// answer outside the export.
type Question struct {
	report.Question
	given *casefile.Answer
}

// OpenQuestions is the error of an answer that does not say which question it is to.
type OpenQuestions struct {
	Client    string
	Questions []Question
	// Mute is the rule that was named and asks nothing; empty when none was, or it asks several things.
	Mute string
}

func (o *OpenQuestions) Error() string {
	if o.Mute != "" {
		return fmt.Sprintf("%s asks nothing of this client that can be answered here; open for this client: %d", o.Mute, len(o.Questions))
	}
	return fmt.Sprintf("it is not clear which question is answered; open for this client: %d", len(o.Questions))
}

// Hint is what the user can do.
func (o *OpenQuestions) Hint() string {
	return "say which one is answered with --question and its number in the list; --rule ID does where the rule asks one thing"
}

// Reply is a caseworker's answer as it is given: exactly one of Category, Accept, Adopt
// and Overrule, to the question with this rule or number, or to the only one.
type Reply struct {
	Rule     string
	Number   int
	Category casefile.Code
	From     casefile.Date // of the category; zero is today
	Accept   bool          // the data stand as they are
	Adopt    bool          // what a person set in MLP stands
	Overrule bool          // what a person set in MLP gives way
}

// Check refuses what fits no question at all.
func (r Reply) Check() error {
	// The categories that an OCMW registers (TWE p.1, 5 and 8; CAT-09 for 78), and 03, which CAT-13
	// proposes where the OCMW's support ends.
	registered := []casefile.Code{casefile.Code00, "03", casefile.Code05, casefile.Code78, casefile.Code90, casefile.Code93}
	switch {
	case r.Category != "" && !slices.Contains(registered, r.Category):
		return misuse(fmt.Errorf("category %q is not one that an OCMW registers", string(r.Category)), "take 00, 03, 05, 78, 90 or 93")
	case r.Category == "" && !r.From.IsZero():
		return misuse(errors.New("a begin goes with a category only"), "the other answers hold from today")
	}
	return nil
}

// Answered is what was ordered.
type Answered struct {
	Client string
	casefile.Answer
	Then []Asked // what is left to people because of it
}

// Decide leaves a caseworker's answer, checked, for the daemon. It holds until the facts
// that the question was about change.
func (a *App) Decide(ctx context.Context, client string, r Reply, by ledger.Actor) (Answered, error) {
	view, err := a.orderable(ctx, client, by)
	if err != nil {
		return Answered{}, err
	}
	q, err := choose(view, r)
	if err != nil {
		return Answered{}, err
	}
	if err := a.fits(view, r.From); err != nil {
		return Answered{}, err
	}
	answer, err := q.answer(r, view.Known.Dossier, a.today())
	if err != nil {
		return Answered{}, err
	}
	answer.Facts, answer.Means = view.Decision.Facts, q.means(r, answer)
	if g := q.given; g != nil && !q.Anew && sameAnswer(*g, answer) {
		return Answered{}, misuse(fmt.Errorf("this question of %s was answered so already, on %s by %s", q.Rule, dutchDay(g.At), g.By),
			"the answer holds until the facts change; see \"mlpsync explain\"")
	}
	then, err := a.willHold(ctx, view, q, answer)
	if err != nil {
		return Answered{}, err
	}
	answer.At, answer.By, answer.Reason = a.now().UTC(), by.Name, by.Reason
	err = a.store.Request(ctx, ledger.Request{Kind: "decide", OCMW: view.OCMW, Client: view.Client, Answer: answer, By: by, At: answer.At})
	if err != nil {
		return Answered{}, fmt.Errorf("leave the answer: %w", err)
	}
	return Answered{Client: view.Client, Answer: answer, Then: then}, nil
}

// sameAnswer tells whether an answer says what was said already. One that chose a category
// lapses with the facts that it was chosen on.
func sameAnswer(given, answer casefile.Answer) bool {
	if given.Category != answer.Category || given.Adopt != answer.Adopt {
		return false
	}
	return answer.Category == "" || given.On == answer.On && given.Facts == answer.Facts
}

func dutchDay(at time.Time) string { return casefile.DateOf(at, Zone()).Dutch() }

// Hold orders that a client is left alone until somebody releases it, and tells its
// client number.
func (a *App) Hold(ctx context.Context, client string, by ledger.Actor) (string, error) {
	view, err := a.orderable(ctx, client, by)
	if err != nil {
		return "", err
	}
	if h := view.Hold; h != nil {
		return "", misuse(fmt.Errorf("%s holds this client since %s", h.By, dutchDay(h.Since)),
			"\"mlpsync release\" ends it")
	}
	return view.Client, a.orderFor(ctx, "hold", view, by)
}

// Release orders that a held client goes on, and tells its client number.
func (a *App) Release(ctx context.Context, client string, by ledger.Actor) (string, error) {
	view, err := a.orderable(ctx, client, by)
	if err != nil {
		return "", err
	}
	if view.Hold == nil {
		return "", misuse(errors.New("no person holds this client"),
			"a hold that was ordered just now counts from the daemon's next round; a client that waits for a rejected row comes free with a right export")
	}
	return view.Client, a.orderFor(ctx, "unhold", view, by)
}

func (a *App) orderFor(ctx context.Context, kind string, view ledger.ClientView, by ledger.Actor) error {
	return a.leave(ctx, ledger.Request{Kind: kind, OCMW: view.OCMW, Client: view.Client, By: by, At: a.now().UTC()})
}

// orderable finds the client of an order that has a reason.
func (a *App) orderable(ctx context.Context, client string, by ledger.Actor) (ledger.ClientView, error) {
	if err := NeedReason(by); err != nil {
		return ledger.ClientView{}, err
	}
	return a.find(ctx, client)
}

// Orderer is who gives an order, as user of the operating system. Commands run as the daemon's user, so that one says little:
// whom sudo names tells more, and says in its name that sudo said so. A user of the program's own name is not taken for it.
func Orderer(user, sudoUser, reason string) Actor {
	switch {
	case sudoUser != "" && sudoUser != user:
		user = sudoUser + ledger.ThroughSudo
	case user == ledger.ActorSelf:
		user = "user " + user
	}
	return Actor{Name: user, Reason: reason}
}

// NeedReason refuses an order without a reason.
func NeedReason(by ledger.Actor) error {
	if strings.TrimSpace(by.Reason) == "" {
		return misuse(errors.New("a reason is required"), "add --reason \"...\"; it is kept in the audit")
	}
	return nil
}

// questions are those that the last decision asks, answered or not.
func questions(view ledger.ClientView) []Question {
	var all []Question
	for _, q := range report.Questions(view.Decision) {
		all = append(all, Question{Question: q})
	}
	for i := range all {
		at := slices.IndexFunc(view.Answers, func(g casefile.Answer) bool { return g.Rule == all[i].Rule && g.Question == all[i].ID })
		if at >= 0 {
			all[i].given = &view.Answers[at]
		}
	}
	return all
}

// settled are questions that were answered and are not asked any more: named by their
// rule they can be answered otherwise.
func settled(view ledger.ClientView, open []Question) []Question {
	var all []Question
	for i, g := range view.Answers {
		asked := slices.ContainsFunc(open, func(q Question) bool { return q.Rule == g.Rule && q.ID == g.Question })
		if asked || g.Anew { // carried out: what is asked then is another question
			continue
		}
		q := Question{Question: report.Question{Rule: g.Rule, ID: g.Question, Category: g.Category != ""}, given: &view.Answers[i]}
		if !q.Category {
			q.Accept = meansNL(g)
		}
		if g.Adopt { // the other way to answer it
			q.Accept = overruledNL
		}
		all = append(all, q)
	}
	return all
}

// choose finds the question that a reply is to.
func choose(view ledger.ClientView, r Reply) (Question, error) {
	switch {
	case view.Kind == "":
		return Question{}, misuse(errors.New("this client is not decided yet"),
			"answer after the daemon's next round, or run \"mlpsync once\"")
	case view.Kind == ledger.OutcomeHeld:
		return Question{}, misuse(errors.New("this client is held: nothing is decided, so nothing is asked"),
			"see \"mlpsync explain\" for why; \"mlpsync release\" ends a person's hold")
	}
	open := questions(view)
	meant := slices.DeleteFunc(slices.Clone(open), func(q Question) bool {
		return r.Rule != "" && q.Rule != r.Rule || r.Number != 0 && q.Number != r.Number
	})
	if len(meant) == 0 && r.Rule != "" && r.Number == 0 {
		meant = slices.DeleteFunc(settled(view, open), func(q Question) bool { return q.Rule != r.Rule })
	}
	switch {
	case len(meant) == 1:
		return meant[0], nil
	case len(meant) == 0 && r.Rule != "" && r.Number == 0 && len(open) > 0:
		return Question{}, &OpenQuestions{Client: view.Client, Questions: open, Mute: r.Rule}
	case len(meant) > 1 || len(open) > 0:
		return Question{}, &OpenQuestions{Client: view.Client, Questions: open}
	}
	return Question{}, misuse(errors.New("nothing is asked of this client that can be answered here"),
		"\"mlpsync explain\" shows what is asked; what it says to fill in, the export answers. To correct an answer, name its rule with --rule")
}

// answer is what the reply means to the question; d is what MLP holds.
func (q Question) answer(r Reply, d *casefile.Dossier, today casefile.Date) (casefile.Answer, error) {
	a := casefile.Answer{Rule: q.Rule, Question: q.ID, Anew: q.Anew, On: today}
	switch {
	case r.Category != "":
		return q.withCategory(a, r)
	case r.Accept && q.Accept != "" && !q.FieldDrift():
		return a, nil
	case r.Accept:
		return a, q.refuse("--accept")
	case r.Overrule && q.FieldDrift():
		return a, nil
	case r.Overrule && q.CategoryDrift() && q.Proposal != "":
		a.Category = q.Proposal
		return a, nil
	case r.Overrule:
		return a, q.refuse("--overrule")
	case q.FieldDrift():
		a.Adopt = true
		return a, nil
	}
	held, ok := d.CategoryOn(today)
	if !q.CategoryDrift() || !ok {
		return a, q.refuse("--adopt")
	}
	a.Category = held.Code
	return a, nil
}

func (q Question) withCategory(a casefile.Answer, r Reply) (casefile.Answer, error) {
	if !q.Category {
		return a, q.refuse("--category")
	}
	a.Category = r.Category
	if !r.From.IsZero() {
		a.On = r.From
	}
	return a, nil
}

// Flags are the flags with which the question can be answered.
func (q Question) Flags() []string {
	var flags []string
	for _, way := range q.Ways() {
		flags = append(flags, way.Flag)
	}
	return flags
}

func (q Question) refuse(flag string) error {
	return misuse(fmt.Errorf("%s does not answer this question of %s", flag, q.Rule),
		"it is answered with "+strings.Join(q.Flags(), " or "))
}

// The words of an answer whose question is not at hand.
const (
	adoptedNL   = "wat in MLP staat, blijft"
	overruledNL = "stuur opnieuw wat de export zegt"
	acceptedNL  = "de gegevens blijven zoals ze zijn"
)

// means says what an answer to the question means, as the question put it. A category that the rule
// proposes too is written as the rule asks, on the rule's own day where it has one.
func (q Question) means(r Reply, a casefile.Answer) string {
	const onItsDay = ", of vanaf de dag die de regel vraagt"
	switch {
	case a.Category != "" && r.Adopt:
		return adoptedNL + ": categorie " + string(a.Category)
	case a.Category != "" && r.Overrule:
		return "de categorie wordt " + string(a.Category) + " vanaf " + a.On.Dutch() + onItsDay
	case a.Category != "" && a.Category == q.Proposal:
		return meansNL(a) + onItsDay
	case a.Category != "" || a.Adopt:
		return meansNL(a)
	}
	return q.Accept
}

// meansNL says what an answer means: in its own words where it has some.
func meansNL(a casefile.Answer) string {
	switch {
	case a.Means != "":
		return a.Means
	case a.Category != "":
		return "categorie " + string(a.Category) + " vanaf " + a.On.Dutch()
	case a.Adopt:
		return adoptedNL
	}
	return acceptedNL
}
