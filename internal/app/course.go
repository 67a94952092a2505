package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/report"
)

// ExplainedStep is one thing of a client's course, and where it stands. It holds dates,
// codes and Dutch words of ours; no name, number of a person or free text of a record.
type ExplainedStep struct {
	Part     Part          `json:"part"`
	Kind     string        `json:"kind"` // a kind of registration, or track, job, training
	From     casefile.Date `json:"from,omitempty"`
	Until    casefile.Date `json:"until,omitempty"`
	What     string        `json:"what"` // Dutch
	When     When          `json:"when,omitempty"`
	Status   Standing      `json:"status"`
	Standing string        `json:"standing"` // Dutch
	Missing  []string      `json:"missing,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Source   string        `json:"source,omitempty"`
}

// Part is the part of the course that a step is told in.
type Part string

// The parts of a course.
const (
	PartCategories Part = "categories"
	PartTrack      Part = "track"
	PartHandover   Part = "handover"
	PartDossier    Part = "dossier"
)

// Standing is where a thing stands between the export and MLP.
type Standing string

// The standings.
const (
	InMLP     Standing = "inMLP"
	Changing  Standing = "changing"     // in MLP, and a change of it waits
	Drifted   Standing = "changedInMLP" // somebody else changed it there after us
	Sending   Standing = "sending"
	Behind    Standing = "behind" // it waits for another change of the client that does not get on by itself
	Planned   Standing = "planned"
	Expected  Standing = "expected" // somebody else registers it
	NotSent   Standing = "notSent"
	OnlyInMLP Standing = "onlyInMLP" // the export doesn't have it
	Draft     Standing = "draft"     // a handover that is not sent
	WithVDAB  Standing = "withVDAB"  // a handover that VDAB has
)

// When is where a step lies, seen from today.
type When string

// The times of a step.
const (
	WhenPast    When = "past"
	WhenNow     When = "now"
	WhenPlanned When = "planned"
)

// course puts together what the export, the decision, MLP and the outbox say of a client.
type course struct {
	view    ledger.ClientView
	open    []openChange
	day     casefile.Date
	steps   []ExplainedStep
	claimed map[string]bool // registrations in MLP that a record is
}

// openChange is an entry that is not settled or superseded, with what it sends.
type openChange struct {
	id    string
	state outbox.State
	due   time.Time
	turn  bool // it is its turn in the lane
	casefile.Change
}

// tellCourse tells a client's whole course: categories, track, handovers, and what is in the
// dossier beside them, each in order of date.
func tellCourse(view ledger.ClientView, open []openChange, day casefile.Date) []ExplainedStep {
	c := newCourse(view, open, day)
	c.categories()
	client := casefile.Assemble(casefile.OCMW{}, view.Records)
	c.tracks(client)
	c.contracts(client.Employments)
	c.placements(client.Placements)
	c.trainings(client.Trainings)
	c.evaluations(client.Evaluations)
	c.competences(client.Competences)
	c.documents(client.Documents)
	c.handovers(client.Handovers)
	c.rest()
	c.ownData()
	slices.SortStableFunc(c.steps, func(a, b ExplainedStep) int {
		return cmp.Or(cmp.Compare(partOrder(a.Part), partOrder(b.Part)), cmp.Compare(a.From, b.From))
	})
	return c.steps
}

func newCourse(view ledger.ClientView, open []openChange, day casefile.Date) *course {
	return &course{view: view, open: open, day: day, claimed: map[string]bool{}}
}

func partOrder(p Part) int {
	return slices.Index([]Part{PartCategories, PartTrack, PartHandover, PartDossier}, p)
}

func (c *course) add(s ExplainedStep) {
	if s.Until.IsZero() && ofOneDay(s.Kind) {
		s.Until = s.From
	}
	if s.When == "" && s.Part != PartCategories && !s.From.IsZero() {
		s.When = c.when(s.From, s.Until)
	}
	c.steps = append(c.steps, s)
}

// ofOneDay tells of a kind that it takes place on a day, and doesn't last.
func ofOneDay(kind string) bool {
	switch casefile.RegistrationKind(kind) {
	case casefile.RegEvaluation, casefile.RegDocument, casefile.RegCompetence, casefile.RegNote, casefile.RegHandover:
		return true
	}
	return kind == "track"
}

func (c *course) when(from, until casefile.Date) When {
	switch {
	case from > c.day:
		return WhenPlanned
	case !until.IsZero() && until < c.day:
		return WhenPast
	}
	return WhenNow
}

// categories merges what was decided with what MLP holds. "Now" is what MLP holds today; where
// it holds nothing, what was decided.
func (c *course) categories() {
	holds, held := c.view.Known.Dossier.CategoryOn(c.day)
	wanted, decided := c.view.Decision.On(c.day)
	inMLP := c.view.Known.Dossier.Categories()
	for _, t := range c.view.Decision.Timeline {
		i := slices.IndexFunc(inMLP, func(h casefile.HeldCategory) bool { return h.Code == t.Code && h.From == t.From })
		s := ExplainedStep{Part: PartCategories, Kind: string(casefile.RegCategory), From: t.From,
			What: string(t.Code) + ", door " + partyNL(t.SetBy), Rule: t.Rule, Source: t.Source}
		s.Status, s.Standing = c.categoryStanding(t, i >= 0)
		switch {
		case t.From > c.day:
			s.When = WhenPlanned
		case i >= 0 && held && inMLP[i].ID == holds.ID, !held && decided && wanted.Code == t.Code && wanted.From == t.From:
			s.When = WhenNow
		case i >= 0:
			s.When = WhenPast
		}
		if i >= 0 {
			inMLP = slices.Delete(slices.Clone(inMLP), i, i+1)
		}
		c.add(s)
	}
	for _, h := range inMLP { // what the export doesn't tell of
		s := ExplainedStep{Part: PartCategories, Kind: string(casefile.RegCategory), From: h.From,
			What: string(h.Code) + ", door " + partyNL(h.SetBy), When: WhenPast, Status: OnlyInMLP, Standing: "in MLP"}
		switch {
		case h.From > c.day:
			s.When = WhenPlanned
		case h.ID == holds.ID:
			s.When = WhenNow
		}
		c.add(s)
	}
}

func (c *course) categoryStanding(t casefile.TimelineEntry, inMLP bool) (Standing, string) {
	want := casefile.Category{Code: t.Code, From: t.From}
	if entry, found := c.waiting(want, nil); found {
		return c.fate(entry)
	}
	switch {
	case inMLP:
		return InMLP, "in MLP"
	case t.Expected:
		return Expected, "verwacht, wordt niet verstuurd"
	case t.From > c.day:
		return Planned, "gepland op " + t.From.Dutch()
	}
	return NotSent, notSent + c.reason(nil, t.Cells)
}

// tracks tells of TWE (its WEO, what the dossier must hold from the start, its end and final
// advice) and of a choice for GLOW.
func (c *course) tracks(client casefile.Case) {
	for _, t := range client.Tracks {
		if t.Track == casefile.TrackGLOW || t.WEOStart.IsZero() {
			c.add(ExplainedStep{Part: PartTrack, Kind: "track", From: t.ChoiceDate, What: "keuze voor " + string(t.Track),
				Status: NotSent, Standing: "keuze van het OCMW, wordt zelf niet geregistreerd"})
		}
		if t.WEOStart.IsZero() {
			continue
		}
		c.begin(t, casefile.WEO{Start: t.WEOStart}, ExplainedStep{From: t.WEOStart, Until: t.WEOEnd, What: "WEO: begin van het TWE"})
		c.profile(t)
		if !t.WEOEnd.IsZero() {
			c.end(t, casefile.WEO{Start: t.WEOStart}, t.WEOEnd, "einde van de WEO"+endReasonNL(t.WEOEndReason))
		}
		if t.FinalAdvice != "" {
			on := casefile.Latest(t.FinalAdviceOn, t.WEOEnd) // it goes out at the end
			c.whole(t, casefile.Note{Note: casefile.NoteFinalAdvice, Date: on}, ExplainedStep{From: on, What: "eindadvies"})
		}
	}
}

// profile is job target, entry and development plan, which are data of the dossier itself.
func (c *course) profile(t *casefile.Track) {
	has := []string{}
	for _, f := range []struct {
		name  string
		given bool
	}{{"jobdoelwit", t.JobTarget != ""}, {"reden van instroom", t.EntryNeed != ""}, {"POP van " + t.DevelopmentPlanOn.Dutch(), t.DevelopmentPlanOn != ""}} {
		if f.given {
			has = append(has, f.name)
		}
	}
	if len(has) == 0 {
		return
	}
	s := ExplainedStep{Part: PartTrack, Kind: string(casefile.RegProfile), From: t.WEOStart, Until: t.WEOEnd, What: strings.Join(has, ", "), When: c.when(t.WEOStart, t.WEOEnd)}
	want := casefile.Profile{JobTarget: t.JobTarget, EntryNeed: t.EntryNeed, DevelopmentPlanOn: t.DevelopmentPlanOn}
	entry, found := c.waiting(casefile.Profile{}, nil)
	switch d := c.view.Known.Dossier; {
	case found:
		s.Status, s.Standing = c.fate(entry)
	case c.drift(string(casefile.RegProfile), anyField) != "":
		s.Status, s.Standing = Drifted, c.drift(string(casefile.RegProfile), anyField)
	case d != nil && casefile.Satisfies(d.Profile, want):
		s.Status, s.Standing = InMLP, "in MLP"
	case !t.WEOEnd.IsZero() && t.WEOEnd < c.day:
		s.Status, s.Standing = NotSent, notSent+"het TWE is voorbij"
	case t.WEOStart > c.day:
		s.Status, s.Standing = Planned, "gepland op "+t.WEOStart.Dutch()
	default:
		s.Status, s.Standing = NotSent, notSent+c.reason(t, nil)
	}
	c.add(s)
}

// contracts tells of each contract art. 60§7 with its regimes, and of jobs in the regular
// economy. Rows of one contract share its number and start.
func (c *course) contracts(rows []*casefile.Employment) {
	for i, e := range rows {
		if i > 0 && rows[i-1].ContractNumber == e.ContractNumber && rows[i-1].Start == e.Start && rows[i-1].Employment == e.Employment {
			continue
		}
		if e.Employment != casefile.Art60Job {
			c.add(ExplainedStep{Part: PartTrack, Kind: "job", From: e.Start, Until: e.End, What: "gewone job, " + regimeNL(e.Regime),
				Status: NotSent, Standing: notSent + "een gewone job staat niet in MLP, de categorie volgt eruit"})
			continue
		}
		what, last := "contract art. 60§7, "+regimeNL(e.Regime), e
		for _, next := range rows[i+1:] {
			if next.ContractNumber == e.ContractNumber && next.Start == e.Start && next.Employment == e.Employment {
				if next.Regime != last.Regime {
					what += ", " + regimeNL(next.Regime) + " vanaf " + next.RegimeFrom.Dutch()
				}
				last = next
			}
		}
		if e.SocialEconomy == casefile.Yes {
			what += ", sociale economie"
		}
		c.begin(e, casefile.Art60{Start: e.Start}, ExplainedStep{From: e.Start, Until: last.End, What: what})
		if !last.End.IsZero() {
			c.end(last, casefile.Art60{Start: e.Start}, last.End, "einde van het contract art. 60§7")
		}
	}
}

func (c *course) placements(all []*casefile.Placement) {
	for _, p := range all {
		what := p.Placement
		if p.CommunityService == casefile.Yes {
			what += " (gemeenschapsdienst)"
		}
		c.whole(p, casefile.WorkPlacement{Placement: p.Placement, Start: p.Start}, ExplainedStep{From: p.Start, Until: p.End, What: what})
	}
}

// trainings are registered by their provider; the OCMW leaves a reference (OPL, "Hoe
// opleidingsacties registreren"). Their titles are free text and stay out.
func (c *course) trainings(all []*casefile.Training) {
	for _, t := range all {
		s := ExplainedStep{Part: PartTrack, From: t.Start, Until: t.End, Kind: "training", What: "opleiding, " + recognisedNL(t.Recognised) + ", " + regimeNL(t.Regime)}
		want, found := c.reference(t)
		if !found {
			s.Status = Expected
			s.Standing = "de opleidingsverstrekker registreert ze in MLP"
			if t.Start > c.day {
				s.Standing += " (begint op " + t.Start.Dutch() + ")"
			}
			c.add(s)
			continue
		}
		s.What += " (" + referenceNL(want.Date, t.Start) + ")"
		s.Status, s.Standing = c.standing(t, want, want.Date)
		c.add(s)
	}
}

// reference is the note that refers to a training: of its first day, or of the day on which the
// need for it was known within the TWE (OPL 3).
func (c *course) reference(t *casefile.Training) (casefile.Note, bool) {
	days := []casefile.Date{t.Start, t.NeedKnownOn}
	for _, r := range c.view.Records {
		if track, ok := r.(*casefile.Track); ok && t.NeedKnownOn < track.WEOStart && track.WEOStart <= t.Start {
			days = append(days, track.WEOStart)
		}
	}
	for _, day := range days {
		want := casefile.Note{Note: casefile.NoteTraining, Date: day}
		_, asked := c.desired(want, "")
		_, held := c.held(want, "")
		if _, waits := c.waiting(want, nil); !day.IsZero() && (asked || held || waits) {
			return want, true
		}
	}
	return casefile.Note{}, false
}

// referenceNL names the day of a reference where it is not the training's first.
func referenceNL(date, start casefile.Date) string {
	const what = "verwijzing in het dossier"
	if date == start {
		return what
	}
	return what + ", met als datum " + date.Dutch()
}

func (c *course) evaluations(all []*casefile.Evaluation) {
	for _, e := range all {
		c.whole(e, casefile.EvaluationDone{Date: e.Date, Evaluation: e.Evaluation}, ExplainedStep{From: e.Date, What: evaluationNL(e.Evaluation)})
	}
}

// competences are told by day and standing: their names are the OCMW's own words.
func (c *course) competences(all []*casefile.CompetenceRecord) {
	type group struct {
		on       casefile.Date
		status   Standing
		standing string
	}
	count := map[group]int{}
	var order []group
	for _, r := range all {
		status, standing := c.standing(r, casefile.Competence{Competence: r.Competence, AssessedOn: r.AssessedOn}, r.AssessedOn)
		g := group{r.AssessedOn, status, standing}
		if count[g] == 0 {
			order = append(order, g)
		}
		count[g]++
	}
	for _, g := range order {
		c.add(ExplainedStep{Part: PartTrack, Kind: string(casefile.RegCompetence), From: g.on, Status: g.status, Standing: g.standing,
			What: plural(count[g], "competentie gescoord", "competenties gescoord")})
	}
}

func (c *course) documents(all []*casefile.DocumentRecord) {
	for _, d := range all {
		c.whole(d, casefile.Document{Document: d.Document, Date: d.Date}, ExplainedStep{From: d.Date, What: documentNL(d.Document)})
	}
}

// handovers tells how far each request is (HND-03). What is not sent is a draft, with what is missing.
func (c *course) handovers(all []*casefile.HandoverRecord) {
	for _, r := range all {
		want := casefile.Handover{Handover: r.Handover, ChoiceDate: r.ChoiceDate}
		s := ExplainedStep{Part: PartHandover, Kind: string(casefile.RegHandover), From: r.ChoiceDate, When: WhenNow,
			What: "overdracht aan VDAB: " + report.HandoverName(r.Handover)}
		desired, _ := c.desired(want, "")
		held, found := c.held(want, desired.ID)
		if found {
			c.claimed[held.ID] = true
			s.Status, s.Standing = WithVDAB, report.HandoverStanding(held.Body.(casefile.Handover))
		} else {
			s.Status, s.Standing = c.standing(r, want, casefile.Latest(r.ChoiceDate, r.InformedOn))
			if s.Status == NotSent || s.Status == Planned {
				s.Status, s.Standing, s.Missing = Draft, "ontwerp: "+s.Standing, c.missing(r)
			}
		}
		c.add(s)
	}
	for _, held := range c.view.Known.Dossier.OfKind(casefile.RegHandover) {
		if b := held.Body.(casefile.Handover); !c.claimed[held.ID] {
			c.add(ExplainedStep{Part: PartHandover, Kind: string(casefile.RegHandover), From: b.ChoiceDate, When: WhenNow, Status: OnlyInMLP,
				What: "overdracht aan VDAB: " + report.HandoverName(b.Handover), Standing: report.HandoverStanding(b) + " (niet uit de export)"})
		}
	}
}

// missing says what keeps a request from being sent.
func (c *course) missing(r casefile.Record) []string {
	var out []string
	for _, m := range c.view.Decision.Manual {
		if onRow(r, m.Cells) {
			out = append(out, fmt.Sprintf("%s: %s %s", m.Rule, m.Reason, m.Next))
		}
	}
	return out
}

// rest is what MLP holds and the export doesn't tell of.
func (c *course) rest() {
	competences := 0
	for _, kind := range casefile.RegistrationKinds() {
		if kind == casefile.RegCategory || kind == casefile.RegHandover {
			continue
		}
		for _, held := range c.view.Known.Dossier.OfKind(kind) {
			switch {
			case c.claimed[held.ID]:
			case kind == casefile.RegCompetence:
				competences++
			default:
				c.add(ExplainedStep{Part: PartTrack, Kind: string(kind), From: casefile.StartOf(held.Body), Until: casefile.EndOf(held.Body),
					What: bodyNL(held.Body), Status: OnlyInMLP, Standing: "in MLP, niet in de export"})
			}
		}
	}
	if competences > 0 {
		c.add(ExplainedStep{Part: PartTrack, Kind: string(casefile.RegCompetence), What: plural(competences, "competentie", "competenties"),
			Status: OnlyInMLP, Standing: "in MLP, niet in de export"})
	}
}

// ownData is the dossier itself: made, or to be made.
func (c *course) ownData() {
	s := ExplainedStep{Part: PartDossier, Kind: string(casefile.RegPerson), What: "dossier met de gegevens van de persoon"}
	entry, waits := c.waiting(casefile.Person{}, nil)
	switch {
	case c.view.Known.Dossier != nil && !waits:
		s.Status, s.Standing = InMLP, "in MLP"
	case c.view.Known.Dossier != nil:
		s.Status, s.Standing = c.change(entry)
	case waits:
		s.Status, s.Standing = c.fate(entry)
	case c.view.Known.OutsideArea:
		s.Status, s.Standing = NotSent, "in MLP bij een andere gemeente"
	case !c.view.Known.LookedUp:
		s.Status, s.Standing = NotSent, "nog niet opgezocht in MLP"
	default:
		s.Status, s.Standing = NotSent, "nog geen dossier in het gebied van dit OCMW"
	}
	c.add(s)
}
