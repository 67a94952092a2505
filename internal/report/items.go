package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Sort is what a caseworker has to do with an item.
type Sort string

// The sorts of items.
const (
	Overdue      Sort = "overdue"      // a limit has passed
	Parked       Sort = "parked"       // MLP refused it for good
	Unread       Sort = "unread"       // what MLP answers can't be used
	Manual       Sort = "manual"       // a person must decide
	HeldData     Sort = "heldForData"  // a rejected row holds the client back
	HeldByPerson Sort = "heldByPerson" // a person holds the client back
	Handover     Sort = "handover"     // VDAB answered a handover
	Due          Sort = "due"          // a limit comes near
	Finding      Sort = "finding"      // good to know
)

// Sorts lists them in the order in which a caseworker wants them.
func Sorts() []Sort {
	return []Sort{Overdue, Parked, Unread, Manual, HeldData, HeldByPerson, Handover, Due, Finding}
}

// Dutch is the sort as a caseworker reads it.
func (s Sort) Dutch() string {
	return map[Sort]string{
		Overdue: "termijn verstreken", Parked: "niet aanvaard door MLP", Unread: "wacht op MLP", Manual: "te beslissen", HeldData: "wacht op gegevens",
		HeldByPerson: "tegengehouden", Handover: "antwoord van VDAB", Due: "termijn", Finding: "vaststelling",
	}[s]
}

// Item is one thing that a caseworker has to do or to know. Its texts are Dutch and hold
// no personal data; the reason of a hold is what its author typed.
type Item struct {
	OCMW   string `json:"ocmw"`
	Client string `json:"client"`
	Worker
	Sort     Sort            `json:"kind"`
	Rule     string          `json:"rule,omitempty"`
	Due      casefile.Date   `json:"due,omitempty"`
	Since    casefile.Date   `json:"since,omitempty"`
	By       string          `json:"by,omitempty"`
	Reason   string          `json:"reason"`
	Next     string          `json:"next,omitempty"`
	Answers  []string        `json:"answers,omitempty"` // how it can be answered
	Proposal casefile.Code   `json:"proposal,omitempty"`
	Cells    []casefile.Cell `json:"cells,omitempty"`
}

// Worker is whose work something is.
type Worker struct {
	Caseworker string `json:"caseworker"` // personnel code
	// Default tells that the export names nobody, so that it is the OCMW's default caseworker.
	Default bool `json:"caseworkerIsDefault,omitempty"`
}

// Dutch names the worker, with a mark where the export doesn't.
func (w Worker) Dutch() string {
	switch {
	case w.Caseworker == "":
		return "onbekend"
	case w.Default:
		return w.Caseworker + " (standaard)"
	}
	return w.Caseworker
}

// WorkerOf is the caseworker that the export names, else the OCMW's default: a client
// whose row was rejected at first sight is somebody's work too.
func WorkerOf(named, standard string) Worker {
	return Worker{Caseworker: cmp.Or(named, standard), Default: named == ""}
}

// Options are what items are made with.
type Options struct {
	OCMW              string // KBO number
	DefaultCaseworker string
	Day               casefile.Date // today
	Zone              *time.Location
}

// Items lists what people have to do or to know of an OCMW's clients: by caseworker, most urgent first.
func Items(ctx context.Context, store ledger.Reading, o Options) ([]Item, error) {
	var items []Item
	if err := walkItems(ctx, store, o, func(i Item) error { items = append(items, i); return nil }); err != nil {
		return nil, err
	}
	slices.SortStableFunc(items, func(a, b Item) int { return rankOf(a).compare(rankOf(b)) })
	return items, nil
}

// walkItems walks the items of Items by client. each asks nothing of the store.
func walkItems(ctx context.Context, store ledger.Reading, o Options, each func(Item) error) error {
	parked, err := parkedByPerson(ctx, store, o.OCMW)
	if err != nil {
		return err
	}
	unread, err := unreadClients(ctx, store, o.OCMW)
	if err != nil {
		return err
	}
	err = store.Decisions(ctx, o.OCMW, func(v ledger.ClientView) error {
		for _, i := range ItemsOf(v, Standing{parked[v.Person], unread[v.Pseudonym]}, o) {
			if err := each(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list decisions: %w", err)
	}
	return nil
}

// rank is what an item's place in a worklist goes by.
type rank struct {
	caseworker string
	urgency    int
	due        casefile.Date
}

func rankOf(i Item) rank { return rank{i.Caseworker, urgency(i.Sort), i.Due} }

func (r rank) compare(other rank) int {
	return cmp.Or(strings.Compare(r.caseworker, other.caseworker), cmp.Compare(r.urgency, other.urgency), cmp.Compare(r.due, other.due))
}

func urgency(s Sort) int { return slices.Index(Sorts(), s) }

// parkedByPerson counts what MLP refused for good: caseworkers see that something is not
// registered, IT sees what.
func parkedByPerson(ctx context.Context, store ledger.Reading, ocmw string) (map[int64]int, error) {
	count := map[int64]int{}
	err := store.Lanes(ctx, []outbox.State{outbox.Parked}, func(lane []outbox.Entry) error {
		if lane[0].OCMW == ocmw {
			count[lane[0].Person] = len(lane)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list parked entries: %w", err)
	}
	return count, nil
}

// unreadClients are those of whom what MLP answers can't be used, by pseudonym.
func unreadClients(ctx context.Context, store ledger.Reading, ocmw string) (map[string]bool, error) {
	notes, err := store.Notes(ctx, ocmw)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	clients := map[string]bool{}
	for _, n := range notes {
		if name := n.UnreadClient(); name != "" {
			clients[name] = true
		}
	}
	return clients, nil
}

// horizonDays is how far ahead the worklist looks: a limit that lies further
// away is not work yet.
const horizonDays = 62

// Standing is how a client stands at MLP, beside what was decided.
type Standing struct {
	Parked int  // entries that MLP refused for good
	Unread bool // what MLP answers can't be used
}

// ItemsOf lists what there is to do or to know of one client.
func ItemsOf(v ledger.ClientView, at Standing, o Options) []Item {
	c := collector{view: v, options: o, blank: Item{OCMW: cmp.Or(v.OCMW, o.OCMW), Client: v.Client, Worker: WorkerOf(v.Caseworker, o.DefaultCaseworker)}}
	c.parked(at.Parked)
	c.unread(at.Unread)
	c.heldByPerson()
	c.damaged()
	if v.Kind == ledger.OutcomeHeld {
		// What was decided before is of other data.
		c.heldForData()
		return c.items
	}
	c.manual()
	c.findings()
	c.handovers()
	c.deadlines()
	return c.items
}

type collector struct {
	view    ledger.ClientView
	options Options
	blank   Item
	items   []Item
}

func (c *collector) add(i Item) {
	i.OCMW, i.Client, i.Worker = c.blank.OCMW, c.blank.Client, c.blank.Worker
	c.items = append(c.items, i)
}

func (c *collector) parked(n int) {
	if n > 0 {
		what := "1 registratie"
		if n > 1 {
			what = fmt.Sprintf("%d registraties", n)
		}
		c.add(Item{Sort: Parked, Reason: fmt.Sprintf("MLP aanvaardde %s van deze cliënt niet; wat erna komt, wacht.", what),
			Next: "Vraag IT om na te kijken wat er geweigerd is."})
	}
}

func (c *collector) unread(is bool) {
	if is {
		c.add(Item{Sort: Unread, Reason: "Wat MLP over deze cliënt antwoordt, kan niet gebruikt worden; er wordt niets beslist of verstuurd.",
			Next: "Vraag IT om na te kijken waarom; het gaat vanzelf verder als MLP goed antwoordt."})
	}
}

func (c *collector) heldByPerson() {
	hold := c.view.Hold
	if hold == nil {
		return
	}
	since := casefile.DateOf(hold.Since, cmp.Or(c.options.Zone, time.UTC))
	c.add(Item{Sort: HeldByPerson, Since: since, By: hold.By,
		Reason:  "Tegengehouden door " + hold.By + " sinds " + since.Dutch() + ": " + hold.Reason,
		Next:    "Er wordt niets beslist of verstuurd tot de cliënt vrijgegeven is. Termijnen lopen intussen door.",
		Answers: []string{fmt.Sprintf("mlpsync release -c BESTAND %s --reason \"...\"", c.view.Client)}})
}

// damaged tells of what is no matter of the client's data, but of where they are kept.
func (c *collector) damaged() {
	if c.view.Damaged != "" {
		c.add(Item{Sort: HeldData, Reason: DamagedNL, Next: "Meld dit aan IT: zij zien er in de status en de logs meer over."})
	}
}

// DamagedNL says of a client that something kept of it can't be read back.
const DamagedNL = "Iets wat over deze cliënt bewaard is, kan niet meer gelezen worden (schade aan de databank); tot dat hersteld is, wordt er niets beslist of verstuurd."

// mostCells is how many places an item names in which the same is wrong: a cell of a spreadsheet holds no more than some thousands.
const mostCells = 100

// heldForData tells what is wrong with a client's rows: once for all in which the same is.
func (c *collector) heldForData() {
	type wrong struct{ rule, reason, next string }
	counts, places := map[wrong]int{}, map[wrong]int{}
	for _, h := range c.view.Held {
		about := wrong{h.Rule, h.ReasonNL, h.HintNL}
		if counts[about]++; counts[about] == 1 {
			places[about] = len(c.items)
			c.add(Item{Sort: HeldData, Rule: h.Rule, Reason: h.ReasonNL, Next: h.HintNL, Answers: []string{inTheExport}})
		}
		if i := &c.items[places[about]]; len(i.Cells) < mostCells {
			i.Cells = append(i.Cells, casefile.Cell{File: h.File, Row: h.Row, Column: h.Column, Field: h.Field})
		}
	}
	for about, n := range counts {
		if n > mostCells {
			c.items[places[about]].Reason += fmt.Sprintf(" Zo ook op %d andere plaatsen: zie het bestand afgekeurd.", n-mostCells)
		}
	}
	if len(c.view.Held) == 0 && c.view.Hold == nil && c.view.Damaged == "" {
		c.add(Item{Sort: HeldData, Reason: "Een rij van deze cliënt werd afgekeurd; er wordt niets verstuurd.",
			Next: "Wat er verkeerd is, staat in het bestand afgekeurd. Verbeter het in het cliëntsysteem."})
	}
}

func (c *collector) manual() {
	for _, m := range c.view.Decision.Manual {
		c.add(Item{Sort: Manual, Rule: m.Rule, Reason: m.Reason, Next: m.Next, Proposal: m.Proposal, Cells: m.Cells,
			Answers: HowToDecide(c.view.Client, c.view.Decision, m)})
	}
}

// ruleHandoverAnswer is the rule by which VDAB's answer to a handover comes back.
const ruleHandoverAnswer = "HND-03"

func (c *collector) findings() {
	for _, f := range c.view.Decision.Findings {
		sort := Finding
		if f.Rule == ruleHandoverAnswer {
			sort = Handover
		}
		c.add(Item{Sort: sort, Rule: f.Rule, Reason: f.Reason, Next: f.Next, Cells: f.Cells, Answers: HowToAnswer(c.view.Client, c.view.Decision, f)})
	}
}

// handovers tells where VDAB's answer stands that no finding speaks of, for as long as it is news.
func (c *collector) handovers() {
	said := slices.ContainsFunc(c.items, func(i Item) bool { return i.Rule == ruleHandoverAnswer })
	if said || c.view.Known.Dossier == nil {
		return
	}
	for _, r := range c.view.Known.Dossier.OfKind(casefile.RegHandover) {
		h := r.Body.(casefile.Handover)
		if !answered(h.Status) || h.StatusSince.IsZero() || h.StatusSince.DaysUntil(c.options.Day) > newsDays {
			continue
		}
		c.add(Item{Sort: Handover, Rule: ruleHandoverAnswer, Since: h.StatusSince,
			Reason: "Overdracht aan VDAB (" + HandoverName(h.Handover) + ", keuze van " + h.ChoiceDate.Dutch() + "): " + HandoverStanding(h) + ".",
			Next:   handoverNext(h.Status)})
	}
}

// answered tells of a status that VDAB has judged the request: that it came in is no news.
func answered(s casefile.HandoverStatus) bool {
	switch s {
	case casefile.HandoverNeedsInformation, casefile.HandoverAccepted, casefile.HandoverAssigned, casefile.HandoverRejected, casefile.HandoverClosed:
		return true
	}
	return false
}

// newsDays is how long an answer of VDAB that asks for nothing stays on the worklist (assumption).
const newsDays = 31

func (c *collector) deadlines() {
	for _, d := range c.view.Decision.Deadlines {
		switch StateOn(d, c.options.Day) {
		case casefile.DeadlineDue:
			if d.Due <= c.options.Day.AddDays(horizonDays) {
				c.add(Item{Sort: Due, Rule: d.Rule, Due: d.Due, Reason: d.What, Cells: d.Cells})
			}
		case casefile.DeadlineOverdue:
			c.add(Item{Sort: Overdue, Rule: d.Rule, Due: d.Due, Reason: d.What, Cells: d.Cells})
		}
	}
}

// StateOn is how a deadline stands on a day: one that was running when the client was decided
// may have passed since, when the daemon stands still.
func StateOn(d casefile.Deadline, day casefile.Date) casefile.DeadlineState {
	switch {
	case d.State != casefile.DeadlineDue || d.Due >= day:
		return d.State
	case d.Rule == ruleMeasured:
		return casefile.DeadlineMet
	}
	return casefile.DeadlineOverdue
}

// ruleMeasured is the rule of a day on which VDAB measures by itself (TWE 10): nobody is late for it.
const ruleMeasured = "TWE-14"

// StateNL is how a deadline of a rule stands, as a caseworker reads it.
func StateNL(rule string, s casefile.DeadlineState) string {
	if rule == ruleMeasured && s == casefile.DeadlineMet {
		return "voorbij" // whether the client had a job that day, nobody tells us
	}
	return s.Dutch()
}
