package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/mapping"
)

// look opens the state beside the daemon, asks, and prints as JSON or for a person.
func look[T any](s *session, f configFlag, asJSON bool, ask func(*app.App) (T, error), show func(io.Writer, T)) (answer T, err error) {
	a, err := s.open(f, app.Beside)
	if err != nil {
		return answer, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if answer, err = ask(a); err != nil {
		return answer, err
	}
	if asJSON {
		return answer, printJSON(s.stdout, answer)
	}
	show(s.stdout, answer)
	return answer, nil
}

type explainCmd struct {
	configFlag
	Client string `arg:"" help:"Client number of the OCMW, KBO/number, or a pseudonym from a log."`
	JSON   bool   `name:"json" help:"Print as JSON."`
}

func (c explainCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Explanation, error) { return a.Explain(s.ctx, c.Client) }, printExplanation)
	return err
}

func printExplanation(w io.Writer, e app.Explanation) {
	fmt.Fprintf(w, "Cliënt %s van OCMW %s (in logs: %s), dossierbeheerder %s\n", e.Client, e.OCMW, e.Pseudonym, or(e.Caseworker, "onbekend"))
	fmt.Fprintf(w, "Uitkomst: %s", outcomeNL(string(e.Outcome)))
	if !e.DecidedOn.IsZero() {
		fmt.Fprintf(w, ", beslist op %s", e.DecidedOn.Dutch())
	}
	if !e.NextReview.IsZero() {
		fmt.Fprintf(w, "; wordt opnieuw bekeken op %s", e.NextReview.Dutch())
	}
	fmt.Fprintln(w)
	for _, h := range e.Held {
		fmt.Fprintf(w, "  wacht op gegevens: %s rij %d, kolom %q: %s %s\n", h.File, h.Row, h.Column, h.Reason, h.Next)
	}
	section(w, "TIJDLIJN VAN DE CATEGORIE")
	for _, t := range e.Timeline {
		how := "door " + partyNL(t.SetBy)
		if t.Expected {
			how += " (verwacht, wordt niet verstuurd)"
		}
		fmt.Fprintf(w, "  %s vanaf %s  %s  [%s, %s]\n", t.Code, t.From.Dutch(), how, t.Rule, t.Source)
		printCells(w, t.Cells)
	}
	printExplainedRules(w, "REGELS DIE VAN TOEPASSING ZIJN", e.Fired)
	printExplainedRules(w, "REGELS DIE NIET VAN TOEPASSING ZIJN, EN WAAROM", e.NotFired)
	printToDo(w, e)
	printDossier(w, e)
	section(w, "VERSTUURD EN GEANTWOORD")
	for _, x := range e.Sent {
		fmt.Fprintf(w, "  %s  %-14s %s\n", x.At.In(app.Zone()).Format("02/01/2006 15:04:05"), entryNL(x.State), x.Sentence)
		if x.TraceID != "" {
			fmt.Fprintf(w, "      spoor (trace id) %s, poging %d\n", x.TraceID, x.Attempts)
		}
		if x.Problem.Title != "" && x.State != "superseded" {
			fmt.Fprintf(w, "      MLP heeft dit niet aanvaard (antwoord %d). Voor IT: mlpsync queue show %s\n", x.Problem.Status, x.Entry)
		}
	}
}

func printExplainedRules(w io.Writer, title string, rules []app.ExplainedRule) {
	section(w, "%s", title)
	for _, r := range rules {
		fmt.Fprintf(w, "  %-7s %s [%s]\n", r.Rule, r.Why, r.Source)
		printCells(w, r.Cells)
	}
}

func printCells(w io.Writer, cells []casefile.Cell) {
	var names []string
	for _, c := range cells {
		if c.File != "" {
			names = append(names, fmt.Sprintf("%s rij %d kolom %q", c.File, c.Row, c.Column))
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(w, "          gelezen: %s\n", strings.Join(names, "; "))
	}
}

func printToDo(w io.Writer, e app.Explanation) {
	if len(e.Manual)+len(e.Findings)+len(e.Deadlines) == 0 {
		return
	}
	section(w, "TE DOEN EN TERMIJNEN")
	for _, m := range e.Manual {
		fmt.Fprintf(w, "  te beslissen  %-7s %s %s\n", m.Rule, m.Reason, m.Next)
	}
	for _, m := range e.Findings {
		fmt.Fprintf(w, "  vaststelling  %-7s %s %s\n", m.Rule, m.Reason, m.Next)
	}
	for _, d := range e.Deadlines {
		fmt.Fprintf(w, "  uiterlijk %s (%s)  %-7s %s\n", d.Due.Dutch(), stateNL(d.State), d.Rule, d.What)
	}
}

func printDossier(w io.Writer, e app.Explanation) {
	section(w, "WAT MLP HEEFT")
	switch {
	case !e.LookedUp:
		fmt.Fprintln(w, "  nog niet opgezocht")
	case e.Dossier == nil:
		fmt.Fprintln(w, "  geen dossier in het gebied van dit OCMW")
	default:
		fmt.Fprintf(w, "  dossier %s, versie %d, eigenaar: %s\n", e.Dossier.ID, e.Dossier.Version, e.Dossier.Owner)
		for _, c := range e.Dossier.Categories {
			fmt.Fprintf(w, "  categorie %s vanaf %s door %s\n", c.Code, c.From.Dutch(), partyNL(c.SetBy))
		}
		for _, kind := range slices.Sorted(maps.Keys(e.Dossier.Holds)) {
			fmt.Fprintf(w, "  %s: %d\n", kindNL(kind), e.Dossier.Holds[kind])
		}
	}
}

func entryNL(state app.EntryState) string {
	words := map[app.EntryState]string{
		"waiting": "wacht", "suspended": "opgeschort", "claimed": "onderweg", "inDoubt": "onzeker", "settled": "aanvaard",
		"parked": "niet aanvaard", "discarded": "geschrapt", "superseded": "vervangen",
	}
	return words[state]
}

func kindNL(kind string) string {
	words := map[string]string{
		"category": "categorieën", "weo": "werkervaringsovereenkomsten", "employment": "contracten art. 60§7",
		"evaluation": "evaluaties", "handover": "overdrachten",
	}
	return or(words[kind], kind)
}

func stateNL(state casefile.DeadlineState) string {
	words := map[casefile.DeadlineState]string{
		casefile.DeadlineDue: "loopt", casefile.DeadlineMet: "in orde", casefile.DeadlineOverdue: "verstreken",
	}
	return words[state]
}

func outcomeNL(kind string) string {
	words := map[string]string{
		"held": "wacht op gegevens", "manual": "een persoon moet beslissen", "planned": "wijzigingen gepland",
		"noChange": "geen wijziging nodig", "": "nog niet beslist",
	}
	return words[kind]
}

func partyNL(p casefile.Party) string {
	words := map[casefile.Party]string{
		casefile.PartyOCMW: "het OCMW", casefile.PartyVDAB: "VDAB", casefile.PartyClient: "de cliënt",
		casefile.PartyPartner: "een partner", casefile.PartyOther: "een ander", casefile.PartyNone: "niemand",
	}
	return words[p]
}

type statusCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c statusCmd) Run(s *session) error {
	_, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Status, error) { return a.Status(s.ctx) }, printStatus)
	return err
}

func printStatus(w io.Writer, s app.Status) {
	last := "never"
	if !s.LastCycle.IsZero() {
		last = s.LastCycle.In(app.Zone()).Format(time.DateTime)
	}
	fmt.Fprintf(w, "mlpsync · %s · environment %s · last cycle %s\n", s.Day, s.Environment, last)
	for _, o := range s.OCMWs {
		section(w, "%s (%s)", o.Name, o.KBO)
		c := o.Clients
		fmt.Fprintf(w, "  clients: %d = %d held + %d manual + %d planned + %d no change (%s); %d not decided yet\n",
			c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()), o.Undecided)
		var rows [][]string
		for _, f := range o.Files {
			rows = append(rows, []string{f.Feed, f.Name, fmt.Sprintf("%d rows, %d rejected", f.Rows, f.Rejected), check(f.Holds())})
		}
		table(w, nil, rows)
		if o.Guard != nil {
			fmt.Fprintf(w, "  STOPPED BY THE GUARD: %s\n  look with \"mlpsync plan\", then \"mlpsync guard release --reason ...\"\n", o.Guard.Reason)
		}
		for _, n := range o.Notes {
			fmt.Fprintf(w, "  %s: %s\n", n.Level, n.EN)
		}
	}
	section(w, "OUTBOX")
	var rows [][]string
	for _, state := range slices.Sorted(maps.Keys(s.Entries)) {
		rows = append(rows, []string{string(state), strconv.Itoa(s.Entries[state])})
	}
	table(w, nil, rows)
	if s.Entries["parked"] > 0 {
		fmt.Fprintln(w, "  look at what is parked with \"mlpsync queue list --state parked\", then retry or discard it")
	}
	if s.Unapproved > 0 {
		fmt.Fprintf(w, "  %d of these wait for the guard to be released\n", s.Unapproved)
	}
	if !s.InDoubtSince.IsZero() {
		fmt.Fprintf(w, "  in doubt since %s\n", s.InDoubtSince.In(app.Zone()).Format(time.DateTime))
	}
	for _, n := range s.Channel {
		fmt.Fprintf(w, "  channel: %s (since %s)\n", n.EN, n.Since.In(app.Zone()).Format(time.DateTime))
	}
}

type healthCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c healthCmd) Run(s *session) error {
	health, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.Health, error) { return a.Health(s.ctx) },
		func(w io.Writer, h app.Health) { fmt.Fprintln(w, strings.TrimSuffix(h.Reason+"; "+h.Next, "; ")) })
	if err == nil && !health.Ready {
		return errLeft
	}
	return err
}

type rulesCmd struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c rulesCmd) Run(s *session) error {
	rules := mapping.New()
	if c.JSON {
		return printJSON(s.stdout, rules.Catalogue())
	}
	for _, r := range rules.Catalogue() {
		fmt.Fprintf(s.stdout, "%-7s %s\n        %s\n        source: %s; in force %s\n", r.ID, r.Title, r.Dutch, r.Source, validity(string(r.ValidFrom), string(r.ValidUntil)))
	}
	return nil
}

func validity(from, until string) string {
	return or(from, "(open start)") + " to " + or(until, "now")
}

type versionCmd struct{}

// Run prints the version that the build knows.
func (versionCmd) Run(s *session) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(s.stdout, "mlpsync %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type configCmd struct {
	Check   configCheckCmd   `cmd:"" help:"Check the configuration and everything that it names."`
	Example configExampleCmd `cmd:"" help:"Print a configuration with every key, its meaning and default."`
	Key     configKeyCmd     `cmd:"" help:"Make a key file for the data at rest."`
}

type configExampleCmd struct{}

func (configExampleCmd) Run(s *session) error {
	_, err := s.stdout.Write(config.Example())
	return err
}

type configKeyCmd struct {
	File string `arg:"" help:"File to make; an existing one is never overwritten."`
}

func (c configKeyCmd) Run(s *session) error {
	if err := app.MakeKey(c.File); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "wrote %s; keep a copy with your other secrets: without it the ledger can't be read\n", c.File)
	return nil
}

type configCheckCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print as JSON."`
}

func (c configCheckCmd) Run(s *session) error {
	conf, err := c.load()
	if err != nil {
		return err
	}
	items := app.Check(conf, s.getenv)
	bad := slices.ContainsFunc(items, func(i app.CheckItem) bool { return !i.OK })
	if c.JSON {
		err = printJSON(s.stdout, items)
	} else {
		for _, i := range items {
			fmt.Fprintf(s.stdout, "%-4s %s: %s\n", map[bool]string{true: "ok", false: "BAD"}[i.OK], i.What, i.Text)
		}
	}
	if err == nil && bad {
		return &usageError{errors.New("the configuration can't be used as it is")}
	}
	return err
}
