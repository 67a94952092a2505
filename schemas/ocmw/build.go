package ocmw

import (
	"encoding/json"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// build makes the typed record. It runs only when nothing was refused, so that
// each value there is has its type.
func (c *check) build() casefile.Record {
	switch casefile.RecordKind(c.in.Kind) {
	case casefile.KindClient:
		return c.client()
	case casefile.KindTrack:
		return c.track()
	case casefile.KindEmployment:
		return c.employment()
	case casefile.KindPlacement:
		return &casefile.Placement{
			Header: c.header(), TrackNumber: c.text("trackNumber"), Placement: c.text("kind"), Start: c.date("start"), End: c.date("end"),
			EmployerKBO: c.ids.kbo, InternshipPlan: c.tri("internshipPlan"), Host: casefile.HostKind(c.text("host")),
			HoursPerMonth: c.decimal("hoursPerMonth"), CommunityService: c.tri("communityService"),
		}
	case casefile.KindTraining:
		return &casefile.Training{
			Header: c.header(), Title: c.text("title"), Start: c.date("start"), End: c.date("end"),
			Recognised: c.tri("recognised"), Regime: casefile.Regime(c.text("regime")), FullTimeFrom: c.date("fullTimeFrom"),
			InternshipStart: c.date("internshipStart"), InternshipEnd: c.date("internshipEnd"), NeedKnownOn: c.date("needKnownOn"),
			GuidedHalfTime: c.tri("guidedHalfTime"), ServesJobTarget: c.tri("servesJobTarget"),
		}
	case casefile.KindEvaluation:
		return &casefile.Evaluation{
			Header: c.header(), TrackNumber: c.text("trackNumber"), Date: c.date("date"), Evaluation: c.text("kind"),
			CompetencesScored: c.tri("competencesScored"), PlanUpdated: c.tri("planUpdated"),
			ReportUploaded: c.tri("reportUploaded"), Evaluator: c.text("evaluator"),
		}
	case casefile.KindCompetence:
		return &casefile.CompetenceRecord{
			Header: c.header(), Competence: c.text("competence"), Level: c.text("level"), AssessedOn: c.date("assessedOn"),
		}
	case casefile.KindDocument:
		return &casefile.DocumentRecord{
			Header: c.header(), TrackNumber: c.text("trackNumber"), Document: casefile.DocumentKind(c.text("kind")),
			Date: c.date("date"), File: c.text("file"),
		}
	}
	return c.handover()
}

func (c *check) header() casefile.Header {
	return casefile.Header{Client: c.text("clientNumber"), RecordKey: c.in.Key, Deleted: c.in.Deleted, Prov: c.in.Prov}
}

func (c *check) client() *casefile.Client {
	return &casefile.Client{
		Header:    c.header(),
		INSZ:      c.ids.insz,
		LastName:  c.text("lastName"),
		FirstName: c.text("firstName"),
		BirthDate: c.date("birthDate"),

		Street:          c.text("street"),
		PostalCode:      c.text("postalCode"),
		City:            c.text("city"),
		NIS:             c.ids.nis,
		ContactLanguage: c.text("contactLanguage"),
		Caseworker:      c.text("caseworker"),

		Readiness:            casefile.Readiness(c.text("readiness")),
		ReadySince:           c.date("readySince"),
		ReadinessWithdrawnOn: c.date("readinessWithdrawnOn"),
		RegisteredBy:         casefile.Party(c.text("registeredBy")),

		UnemploymentBenefit: casefile.Benefit(c.text("unemploymentBenefit")),
		BenefitSince:        c.date("benefitSince"),
		BenefitAppliedOn:    c.date("benefitAppliedOn"),
		BenefitDecision:     casefile.BenefitDecision(c.text("benefitDecision")),
		BenefitEntitledFrom: c.date("benefitEntitledFrom"),
		BenefitDecisionOn:   c.date("benefitDecisionOn"),
		Leefloon:            casefile.Leefloon(c.text("leefloon")),
		SupportEndedOn:      c.date("supportEndedOn"),
		Confirmed93On:       c.date("confirmed93On"),

		DecidedCategory: casefile.Code(c.text("decidedCategory")),
		DecidedOn:       c.date("decidedOn"),
		DecisionReason:  c.text("decisionReason"),
	}
}

func (c *check) track() *casefile.Track {
	return &casefile.Track{
		Header:                       c.header(),
		TrackNumber:                  c.text("trackNumber"),
		Track:                        casefile.TrackKind(c.text("kind")),
		ChoiceDate:                   c.date("choiceDate"),
		Motivation:                   c.text("motivation"),
		EntryNeed:                    c.text("entryNeed"),
		RegularEconomyWithinTwoYears: c.tri("regularEconomyWithinTwoYears"),
		JobTarget:                    c.text("jobTarget"),
		DevelopmentPlanOn:            c.date("developmentPlanOn"),
		WEOStart:                     c.date("weoStart"),
		WEOEnd:                       c.date("weoEnd"),
		WEOEndReason:                 casefile.EndReason(c.text("weoEndReason")),
		Counsellor:                   c.text("counsellor"),
		SocialEconomyHighestOn:       c.date("socialEconomyHighestOn"),
		IndicationRequestedOn:        c.date("indicationRequestedOn"),
		FinalAdvice:                  c.text("finalAdvice"),
		FinalAdviceOn:                c.date("finalAdviceOn"),
	}
}

func (c *check) employment() *casefile.Employment {
	start, from := c.date("start"), c.date("regimeFrom")
	if from.IsZero() {
		from = start
	}
	return &casefile.Employment{
		Header:             c.header(),
		ContractNumber:     c.text("contractNumber"),
		Employment:         casefile.EmploymentKind(c.text("kind")),
		Start:              start,
		End:                c.date("end"),
		Regime:             casefile.Regime(c.text("regime")),
		RegimeFrom:         from,
		HoursPerWeek:       c.decimal("hoursPerWeek"),
		EmployerKBO:        c.ids.kbo,
		SocialEconomy:      c.tri("socialEconomy"),
		NovaPrimaReference: c.text("novaPrimaReference"),

		IncreasedAllowanceFrom:  c.date("increasedAllowanceFrom"),
		IncreasedAllowanceUntil: c.date("increasedAllowanceUntil"),
	}
}

func (c *check) handover() *casefile.HandoverRecord {
	return &casefile.HandoverRecord{
		Header:               c.header(),
		RequestNumber:        c.text("requestNumber"),
		Handover:             casefile.HandoverKind(c.text("kind")),
		ChoiceDate:           c.date("choiceDate"),
		Motivation:           c.text("motivation"),
		Grounds:              c.list("grounds"),
		GroundOneBridgeable:  c.tri("groundOneBridgeable"),
		RealisticOrientation: c.tri("realisticOrientation"),
		SelfInsight:          c.tri("selfInsight"),
		NeedsWorkExperience:  c.tri("needsWorkExperience"),
		ReadyForAction:       c.tri("readyForAction"),
		ContactLanguage:      c.text("contactLanguage"),
		Exclusions:           c.exclusions(),
		JobTarget:            c.text("jobTarget"),
		InformedOn:           c.date("informedOn"),
		Note:                 c.text("note"),
		TrainingStart:        c.date("trainingStart"),
		TrainingEnd:          c.date("trainingEnd"),
	}
}

// exclusionFields are the questions of GLOW-04 by their field.
func exclusionFields() map[string]casefile.Exclusion {
	return map[string]casefile.Exclusion{
		"exclNonLabourProblems":     casefile.ExclNonLabourProblems,
		"exclSocialEconomyHighest":  casefile.ExclSocialEconomyHighest,
		"exclNeedsTraining":         casefile.ExclNeedsTraining,
		"exclNeedsLanguageTraining": casefile.ExclNeedsLanguageTraining,
		"exclOtherTrack":            casefile.ExclOtherTrack,
		"exclHealthInsuranceAppeal": casefile.ExclHealthInsuranceAppeal,
	}
}

// exclusions holds the questions that were answered; nil when none was.
func (c *check) exclusions() map[casefile.Exclusion]casefile.Tri {
	var answers map[casefile.Exclusion]casefile.Tri
	for field, question := range exclusionFields() {
		if answer := c.tri(field); answer != casefile.Unknown {
			if answers == nil {
				answers = map[casefile.Exclusion]casefile.Tri{}
			}
			answers[question] = answer
		}
	}
	return answers
}

func (c *check) text(field string) string {
	text, _ := c.fields[field].(string)
	return text
}

// tri: what was not said is unknown, never "no".
func (c *check) tri(field string) casefile.Tri {
	switch c.fields[field] {
	case true:
		return casefile.Yes
	case false:
		return casefile.No
	}
	return casefile.Unknown
}

// decimal is a number with a point and without zeros that say nothing: 38,00 and
// 38 are the same hours.
func (c *check) decimal(field string) string {
	n, _ := c.fields[field].(json.Number)
	text := string(n)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if whole := strings.TrimLeft(text, "0"); whole != text && whole != "" {
		if strings.HasPrefix(whole, ".") {
			return "0" + whole
		}
		return whole
	}
	return text
}

func (c *check) list(field string) []string {
	items, _ := c.fields[field].([]any)
	var list []string
	for _, item := range items {
		if text, isText := item.(string); isText {
			list = append(list, text)
		}
	}
	return list
}
