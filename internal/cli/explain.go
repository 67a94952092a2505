package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

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
	fmt.Fprintf(w, "Cliënt %s van OCMW %s (in logs: %s), dossierbeheerder %s\n", e.Client, e.OCMW, e.Pseudonym, e.Worker.Dutch())
	outcome := outcomeNL(string(e.Outcome))
	if e.Hold != nil {
		outcome = "tegengehouden door een medewerker"
	}
	fmt.Fprintf(w, "Uitkomst: %s", outcome)
	if !e.DecidedOn.IsZero() {
		fmt.Fprintf(w, ", beslist op %s", e.DecidedOn.Dutch())
	}
	if !e.NextReview.IsZero() {
		fmt.Fprintf(w, "; wordt opnieuw bekeken op %s", e.NextReview.Dutch())
	}
	fmt.Fprintln(w)
	printStanding(w, e)
	printCourse(w, e.Course)
	printAsked(w, "TE BESLISSEN", e.Manual)
	printAsked(w, "VASTSTELLINGEN", e.Findings)
	printClientDeadlines(w, e.Deadlines)
	printDrift(w, e.Drift)
	printAnswers(w, e.Answers)
	printExplainedRules(w, "REGELS DIE VAN TOEPASSING ZIJN", e.Fired)
	printExplainedRules(w, "REGELS DIE NIET VAN TOEPASSING ZIJN, EN WAAROM", e.NotFired)
	printDossier(w, e)
	printSendings(w, e.Sent)
}

// printStanding says what stands in the way of everything.
func printStanding(w io.Writer, e app.Explanation) {
	if h := e.Hold; h != nil {
		paragraph(w, 2, "TEGENGEHOUDEN ", fmt.Sprintf("sinds %s door %s: %s. Er wordt niets beslist of verstuurd tot: mlpsync release -c BESTAND %s --reason \"...\"",
			h.Since.Dutch(), h.By, strings.TrimSuffix(h.Reason, "."), e.Client))
	}
	if e.Damaged != "" {
		paragraph(w, 2, "wacht op IT: ", e.Damaged)
	}
	for _, h := range e.Held {
		where := app.CellsNL([]casefile.Cell{{File: h.File, Row: h.Row, Column: h.Column}})
		paragraph(w, 2, "wacht op gegevens: ", fmt.Sprintf("%s: %s %s", where, h.Reason, h.Next))
	}
	if e.Unread != "" {
		paragraph(w, 2, "wacht op MLP: ", e.Unread)
	}
	if e.Guard != "" {
		paragraph(w, 2, "de bewaking houdt het OCMW tegen: ", e.Guard)
	}
	if p := e.Paused; p != nil {
		paragraph(w, 2, "op pauze: ", fmt.Sprintf("voor het OCMW wordt niets verstuurd sinds %s (%s: %s)", p.Since.In(app.Zone()).Format("02/01/2006 15:04"), p.By, p.Reason))
	}
	for _, b := range e.Blocks {
		paragraph(w, 2, "wacht: ", b.Text+" Wat nu: "+b.Next)
	}
	if e.INSZReplaced {
		fmt.Fprintln(w, "  Het INSZ is vervangen.")
	}
	if e.INSZCanceled {
		fmt.Fprintln(w, "  Het INSZ is geannuleerd: kijk het na in het Rijksregister of de KSZ-registers.")
	}
}

func printCourse(w io.Writer, steps []app.ExplainedStep) {
	titles := map[app.Part]string{
		app.PartCategories: "CATEGORIEËN", app.PartTrack: "TRAJECT", app.PartHandover: "OVERDRACHT AAN VDAB", app.PartDossier: "DOSSIER",
	}
	var part app.Part
	for _, s := range steps {
		if s.Part != part {
			part = s.Part
			section(w, "%s", titles[part])
		}
		printStep(w, s)
	}
}

func printStep(w io.Writer, s app.ExplainedStep) {
	mark := map[app.When]string{app.WhenNow: "nu", app.WhenPlanned: "gepland"}[s.When]
	if s.Part == app.PartCategories {
		columns(w, []int{7, 10, 24, 24}, mark, s.From.Dutch(), s.What, s.Standing, cited(s.Rule, s.Source))
		return
	}
	columns(w, []int{7, 23, 31}, mark, period(s.From, s.Until), s.What, s.Standing)
	for _, m := range s.Missing {
		paragraph(w, 11, "ontbreekt: ", m)
	}
}

// cited names a rule with its document.
func cited(rule, source string) string {
	if rule == "" || source == "" {
		return rule
	}
	return "[" + rule + ", " + source + "]"
}

func period(from, until casefile.Date) string {
	switch {
	case until.IsZero() && !from.IsZero():
		return from.Dutch() + " -"
	case from == until:
		return from.Dutch()
	}
	return from.Dutch() + " - " + until.Dutch()
}

func printAsked(w io.Writer, title string, questions []app.ExplainedQuestion) {
	if len(questions) == 0 {
		return
	}
	section(w, "%s", title)
	for _, q := range questions {
		columns(w, []int{15}, q.Rule, q.Reason)
		paragraph(w, 19, "bron: ", q.Source)
		if q.Proposal != "" {
			paragraph(w, 19, "voorstel: ", string(q.Proposal))
		}
		paragraph(w, 19, "wat nu: ", q.Next)
		for _, answer := range q.Answers {
			paragraph(w, 19, "antwoord: ", answer)
		}
		paragraph(w, 19, "cellen: ", app.CellsNL(q.Cells))
	}
}

func printClientDeadlines(w io.Writer, deadlines []app.ClientDeadline) {
	if len(deadlines) == 0 {
		return
	}
	section(w, "TERMIJNEN")
	for _, d := range deadlines {
		columns(w, []int{10, 10, 48}, d.Due.Dutch(), d.Standing(), d.What, cited(d.Rule, d.Source))
	}
}

func printDrift(w io.Writer, drift []app.ExplainedDrift) {
	if len(drift) == 0 {
		return
	}
	section(w, "DOOR IEMAND ANDERS GEWIJZIGD IN MLP (die wijziging blijft staan)")
	for _, d := range drift {
		how := "gewijzigd: " + or(strings.Join(d.Fields, ", "), "de inhoud")
		if d.Gone {
			how = "staat er niet meer"
		}
		columns(w, []int{10, 36}, d.From.Dutch(), d.What, how)
	}
}

func printAnswers(w io.Writer, answers []app.ExplainedAnswer) {
	if len(answers) == 0 {
		return
	}
	section(w, "ANTWOORDEN VAN MEDEWERKERS")
	for _, a := range answers {
		columns(w, []int{10, 7, 38}, a.On.Dutch(), a.Rule, a.Means, a.Text)
		paragraph(w, 14, "door ", strings.TrimSuffix(or(a.By, "de export")+": "+a.Reason, ": "))
	}
}

func printExplainedRules(w io.Writer, title string, rules []app.ExplainedRule) {
	if len(rules) == 0 {
		return
	}
	section(w, "%s", title)
	for _, r := range rules {
		columns(w, []int{7}, r.Rule, fmt.Sprintf("%s [%s]", r.Why, r.Source))
		paragraph(w, 11, "gelezen: ", app.CellsNL(r.Cells))
	}
}

func printDossier(w io.Writer, e app.Explanation) {
	section(w, "WAT MLP HEEFT")
	switch {
	case !e.LookedUp:
		fmt.Fprintln(w, "  nog niet opgezocht")
		return
	case e.Dossier == nil:
		fmt.Fprintln(w, "  geen dossier in het gebied van dit OCMW")
		return
	}
	owner := e.Dossier.Owner
	if e.Dossier.Program != "" {
		owner += " (" + e.Dossier.Program + ")"
	}
	if !e.Dossier.OwnerSince.IsZero() {
		owner += " sinds " + e.Dossier.OwnerSince.Dutch()
	}
	fmt.Fprintf(w, "  dossier %s, versie %d\n", e.Dossier.ID, e.Dossier.Version)
	paragraph(w, 2, "in begeleiding bij: ", owner)
	for _, kind := range slices.Sorted(maps.Keys(e.Dossier.Holds)) {
		fmt.Fprintf(w, "  %s: %d\n", kindNL(kind), e.Dossier.Holds[kind])
	}
}

func printSendings(w io.Writer, sent []app.ExplainedSending) {
	section(w, "VERSTUURD EN GEANTWOORD")
	if len(sent) == 0 {
		fmt.Fprintln(w, "  niets")
	}
	for _, x := range sent {
		columns(w, []int{19, 14}, x.At.In(app.Zone()).Format("02/01/2006 15:04:05"), entryNL(x.State), x.Sentence)
		if x.TraceID != "" {
			fmt.Fprintf(w, "      spoor (trace id) %s, getelde pogingen: %d\n", x.TraceID, x.Attempts)
		}
		paragraph(w, 6, "", x.WaitsFor)
		if text := problemNL(x); text != "" {
			fmt.Fprintf(w, "      %s Voor IT: mlpsync queue show -c BESTAND %s\n", text, x.Entry)
		}
	}
}

// problemNL says what came of an entry that MLP did not take, or not yet. MLP's own words are for IT.
func problemNL(x app.ExplainedSending) string {
	if x.Problem.Title == "" {
		return ""
	}
	answer := "zonder antwoord"
	if x.Problem.Status != 0 {
		answer = fmt.Sprintf("antwoord %d", x.Problem.Status)
	}
	return map[app.EntryState]string{
		"parked": "Dit is niet aanvaard (" + answer + ").", "discarded": "Dit was niet aanvaard (" + answer + "), en iemand schrapte het.",
		"inDoubt": "Of MLP dit heeft, is nog niet zeker (" + answer + "): het wordt opgezocht.",
		"waiting": "Dit is nog niet aanvaard (" + answer + "): het wordt opnieuw verstuurd.",
	}[x.State]
}

func entryNL(state app.EntryState) string {
	words := map[app.EntryState]string{
		"waiting": "wacht", "suspended": "opgeschort", "claimed": "onderweg", "inDoubt": "onzeker", "settled": "aanvaard",
		"parked": "niet aanvaard", "discarded": "geschrapt", "superseded": "vervangen",
	}
	return words[state]
}

func kindNL(kind string) string {
	words := map[casefile.RegistrationKind]string{
		casefile.RegCategory: "categorieën", casefile.RegWEO: "werkervaringsovereenkomsten", casefile.RegEmployment: "contracten art. 60§7",
		casefile.RegEvaluation: "evaluaties", casefile.RegHandover: "overdrachten", casefile.RegPlacement: "plaatsingen (BVS, WES, IBO)",
		casefile.RegDocument: "documenten", casefile.RegCompetence: "competenties", casefile.RegNote: "nota's",
		casefile.RegPerson: "gegevens van de persoon", casefile.RegProfile: "jobdoelwit en POP",
	}
	return or(words[casefile.RegistrationKind(kind)], kind)
}

func outcomeNL(kind string) string {
	words := map[string]string{
		"held": "wacht op gegevens", "manual": "een persoon moet beslissen", "planned": "wijzigingen gepland",
		"noChange": "geen wijziging nodig", "": "nog niet beslist",
	}
	return words[kind]
}
