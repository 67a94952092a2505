package plan

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// sentence says a change to a caseworker: what, from what, to what, by which rule.
// It goes into reports and plan files, and names fields instead of their content
// wherever that is personal. before is the dossier as it is when the change is
// sent; nil when there is none.
func sentence(c casefile.Change, before *casefile.Dossier) string {
	text := kindName(c.Kind)
	switch b := c.New.(type) {
	case casefile.Person:
		text = personSentence(c, b)
	case casefile.Profile:
		text = "Dossier aangevuld: " + named(profileFields(b))
	case casefile.Category:
		text = categorySentence(c, b, before)
	case casefile.WEO:
		text = weoSentence(c, b)
	case casefile.Art60:
		text = contractSentence(c, b)
	case casefile.EvaluationDone:
		text = evaluationSentence(c, b)
	case casefile.Handover:
		text = handoverSentence(c, b)
	case casefile.WorkPlacement:
		text = placementSentence(c, b)
	case casefile.Document:
		text = capital(cmp.Or(b.Document.Dutch(), "document")) + " van " + b.Date.Dutch() + " opgeladen"
	case casefile.Competence:
		text = "Competentie gescoord op " + b.AssessedOn.Dutch()
	case casefile.Note:
		text = noteSentence(b)
	}
	if c.Rule == "" {
		return text
	}
	return text + " (" + c.Rule + ")"
}

func kindName(kind casefile.RegistrationKind) string {
	switch kind {
	case casefile.RegPerson:
		return "gegevens van de persoon"
	case casefile.RegProfile:
		return "jobdoelwit en POP"
	case casefile.RegCategory:
		return "categorie"
	case casefile.RegWEO:
		return "WEO"
	case casefile.RegEmployment:
		return "contract art. 60§7"
	case casefile.RegEvaluation:
		return "evaluatie"
	case casefile.RegHandover:
		return "overdracht aan VDAB"
	case casefile.RegPlacement:
		return "stage of IBO"
	case casefile.RegDocument:
		return "document"
	case casefile.RegCompetence:
		return "competentie"
	case casefile.RegNote:
		return "nota"
	}
	return "registratie"
}

// field is a field's Dutch name, and whether the change is about it.
type field struct {
	name    string
	changed bool
}

func named(fields []field) string {
	var names []string
	for _, f := range fields {
		if f.changed {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

func personSentence(c casefile.Change, p casefile.Person) string {
	if c.Op == casefile.OpCreate {
		return "Nieuw dossier in MLP"
	}
	return "Gegevens in het dossier bijgewerkt: " + named([]field{
		{"naam", p.LastName != ""}, {"voornaam", p.FirstName != ""}, {"geboortedatum", p.BirthDate != ""},
		{"straat", p.Street != ""}, {"postcode", p.PostalCode != ""}, {"gemeente", p.City != ""},
		{"NIS-code", p.NIS != ""}, {"contacttaal", p.ContactLanguage != ""},
	})
}

func profileFields(p casefile.Profile) []field {
	return []field{
		{"jobdoelwit", p.JobTarget != ""}, {"reden van instroom", p.EntryNeed != ""},
		{"POP van " + p.DevelopmentPlanOn.Dutch(), p.DevelopmentPlanOn != ""},
	}
}

func categorySentence(c casefile.Change, b casefile.Category, before *casefile.Dossier) string {
	since := " vanaf " + b.From.Dutch()
	if old, held := c.Old.(casefile.Category); held {
		switch {
		case old.Code != b.Code:
			return "Categorie verbeterd: " + string(old.Code) + " → " + string(b.Code) + since
		case old.From != b.From:
			return "Categorie " + string(b.Code) + " verplaatst: vanaf " + old.From.Dutch() + " → vanaf " + b.From.Dutch()
		}
		return "Categorie " + string(b.Code) + since + " aan het contract gekoppeld"
	}
	prior, held := categoryOn(before, b.From)
	switch {
	case !held:
		return "Categorie " + string(b.Code) + since + " (voordien geen)"
	case prior == b.Code:
		return "Categorie " + string(b.Code) + " opnieuw geregistreerd" + since
	}
	return "Categorie " + string(prior) + " → " + string(b.Code) + since
}

func categoryOn(d *casefile.Dossier, day casefile.Date) (casefile.Code, bool) {
	if d == nil {
		return "", false
	}
	held, found := d.CategoryOn(day)
	return held.Code, found
}

func weoSentence(c casefile.Change, b casefile.WEO) string {
	old, held := c.Old.(casefile.WEO)
	if !held {
		return "WEO" + period(b.Start, b.End)
	}
	if text, moved := moved("WEO", old.Start, b.Start, old.End, b.End); moved {
		if old.End.IsZero() && b.EndReason != "" {
			text += ", reden: " + cmp.Or(b.EndReason.Dutch(), "andere")
		}
		return text
	}
	return "WEO van " + b.Start.Dutch() + " bijgewerkt: " + named([]field{
		{"trajectbegeleider", old.Counsellor != b.Counsellor}, {"reden van het einde", old.EndReason != b.EndReason},
	})
}

func contractSentence(c casefile.Change, b casefile.Art60) string {
	const what = "Contract art. 60§7"
	old, held := c.Old.(casefile.Art60)
	if !held {
		text := what + period(b.Start, b.End)
		if len(b.Regimes) > 0 {
			text += ", " + regimeName(b.Regimes[len(b.Regimes)-1].Regime)
		}
		return text
	}
	if text, moved := moved(what, old.Start, b.Start, old.End, b.End); moved {
		return text
	}
	if text, changed := regimeChange(old.Regimes, b.Regimes); changed {
		return what + " van " + b.Start.Dutch() + ": " + text
	}
	return what + " van " + b.Start.Dutch() + " bijgewerkt: " + named([]field{
		{"uren per week", !slices.Equal(old.Regimes, b.Regimes)}, {"werkgever", old.EmployerKBO != b.EmployerKBO},
		{"sociale economie", old.SocialEconomy != b.SocialEconomy}, {"koppeling met de WEO", old.WEOID != b.WEOID},
	})
}

// regimeChange names the first period whose regime is new, and the regime before it.
func regimeChange(old, now []casefile.RegimePeriod) (string, bool) {
	prior := ""
	for _, p := range now {
		name := regimeName(p.Regime)
		same := func(o casefile.RegimePeriod) bool { return o.From == p.From && o.Regime == p.Regime }
		if !slices.ContainsFunc(old, same) {
			if prior == "" || prior == name {
				return name + " vanaf " + p.From.Dutch(), true
			}
			return prior + " → " + name + " vanaf " + p.From.Dutch(), true
		}
		prior = name
	}
	return "", false
}

func evaluationSentence(c casefile.Change, b casefile.EvaluationDone) string {
	what := capital(cmp.Or(casefile.DutchEvaluation(b.Evaluation), "evaluatie")) + " van " + b.Date.Dutch()
	old, held := c.Old.(casefile.EvaluationDone)
	if !held {
		return what
	}
	return what + " bijgewerkt: " + named([]field{
		{"datum", old.Date != b.Date}, {"soort", old.Evaluation != b.Evaluation},
		{"competenties gescoord", old.CompetencesScored != b.CompetencesScored}, {"POP aangevuld", old.PlanUpdated != b.PlanUpdated},
		{"verslag opgeladen", old.ReportUploaded != b.ReportUploaded}, {"koppeling met de WEO", old.WEOID != b.WEOID},
	})
}

func placementSentence(c casefile.Change, b casefile.WorkPlacement) string {
	old, held := c.Old.(casefile.WorkPlacement)
	if !held {
		return b.Placement + period(b.Start, b.End)
	}
	if text, moved := moved(b.Placement, old.Start, b.Start, old.End, b.End); moved {
		return text
	}
	return b.Placement + " van " + b.Start.Dutch() + " bijgewerkt: " + named([]field{
		{"soort", old.Placement != b.Placement}, {"werkgever", old.EmployerKBO != b.EmployerKBO}, {"stageplan", old.InternshipPlan != b.InternshipPlan},
		{"uren per maand", old.HoursPerMonth != b.HoursPerMonth}, {"gemeenschapsdienst", old.CommunityService != b.CommunityService},
		{"koppeling met de WEO", old.WEOID != b.WEOID},
	})
}

func handoverSentence(c casefile.Change, b casefile.Handover) string {
	what := "Overdracht aan VDAB (" + cmp.Or(b.Handover.Dutch(), "soort onbekend") + "), keuze van " + b.ChoiceDate.Dutch()
	old, held := c.Old.(casefile.Handover)
	if !held {
		return what
	}
	return what + " bijgewerkt: " + named([]field{
		{"soort", old.Handover != b.Handover}, {"datum van de keuze", old.ChoiceDate != b.ChoiceDate},
		{"motivatie", old.Motivation != b.Motivation}, {"gronden", !slices.Equal(old.Grounds, b.Grounds)},
		{"antwoorden op de uitsluitingsvragen", !slices.Equal(old.Exclusions, b.Exclusions)},
		{"jobdoelwit", old.JobTarget != b.JobTarget}, {"contacttaal", old.ContactLanguage != b.ContactLanguage},
		{"datum waarop de cliënt ingelicht is", old.InformedOn != b.InformedOn}, {"nota", old.Note != b.Note},
		{"begin van de opleiding", old.TrainingStart != b.TrainingStart},
		{"OCMW", old.OCMWKBO != b.OCMWKBO || old.OCMWNIS != b.OCMWNIS},
	})
}

// noteSentence keeps the day of a note apart from that of the training to which it may refer: the need for a training is known,
// and noted, before it begins.
func noteSentence(b casefile.Note) string {
	what := capital(cmp.Or(b.Note.Dutch(), "nota"))
	if b.Note == casefile.NoteTraining {
		return what + " genoteerd, met als datum " + b.Date.Dutch()
	}
	return what + " van " + b.Date.Dutch() + " genoteerd"
}

func period(start, end casefile.Date) string {
	if end.IsZero() {
		return " vanaf " + start.Dutch()
	}
	return " van " + start.Dutch() + " tot en met " + end.Dutch()
}

// moved says an end that was set, or a start or end that was put elsewhere.
func moved(what string, oldStart, start, oldEnd, end casefile.Date) (string, bool) {
	switch {
	case oldStart != start:
		return what + " begint op " + start.Dutch() + " in plaats van " + oldStart.Dutch(), true
	case oldEnd == end:
		return "", false
	case oldEnd.IsZero():
		return what + " van " + start.Dutch() + " eindigt op " + end.Dutch(), true
	}
	return what + " van " + start.Dutch() + " eindigt op " + end.Dutch() + " in plaats van " + oldEnd.Dutch(), true
}

func regimeName(r casefile.Regime) string { return cmp.Or(r.Dutch(), "onbekend regime") }

// capital begins a sentence.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
