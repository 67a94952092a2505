package adapters

// The types that a profile's field can have.
const (
	TypeText    = "text"
	TypeDate    = "date"
	TypeDecimal = "decimal"
	TypeInteger = "integer"
	TypeBoolean = "boolean"
	TypeCode    = "code"
	TypeList    = "list"
	TypeINSZ    = "insz"
	TypeKBO     = "kbo"
	TypeNIS     = "nis"
)

// fieldTypes is the vocabulary: for each record kind its fields and the type
// that the decoder in schemas/ocmw wants. A profile that maps another field, or
// maps one with the wrong type, is refused with a suggestion.
func fieldTypes(kind string) map[string]string {
	const (
		text, date, dec, yes = TypeText, TypeDate, TypeDecimal, TypeBoolean
		code, list           = TypeCode, TypeList
	)
	switch kind {
	case KindClient:
		return map[string]string{
			ClientNumber: text, "insz": TypeINSZ, "lastName": text, "firstName": text, "birthDate": date,
			"street": text, "postalCode": text, "city": text, "nisCode": TypeNIS, "contactLanguage": code,
			"caseworker": text, "readiness": code, "readySince": date, "readinessWithdrawnOn": date,
			"registeredBy": code, "unemploymentBenefit": code, "benefitSince": date, "benefitAppliedOn": date,
			"benefitDecision": code, "benefitEntitledFrom": date, "benefitDecisionOn": date,
			"leefloon": code, "supportEndedOn": date, "confirmed93On": date,
			"decidedCategory": code, "decidedOn": date, "decisionReason": text,
		}
	case KindTrack:
		return map[string]string{
			ClientNumber: text, "trackNumber": text, "kind": code, "choiceDate": date, "motivation": text,
			"entryNeed": code, "regularEconomyWithinTwoYears": yes, "jobTarget": text,
			"developmentPlanOn": date, "weoStart": date, "weoEnd": date, "weoEndReason": code, "counsellor": text,
			"socialEconomyHighestOn": date, "indicationRequestedOn": date, "finalAdvice": text, "finalAdviceOn": date,
		}
	case KindEmployment:
		return map[string]string{
			ClientNumber: text, "contractNumber": text, "kind": code, "start": date, "end": date,
			"regime": code, "regimeFrom": date, "hoursPerWeek": dec, "employerKbo": TypeKBO,
			"socialEconomy": yes, "novaPrimaReference": text,
			"increasedAllowanceFrom": date, "increasedAllowanceUntil": date,
		}
	case KindPlacement:
		return map[string]string{
			ClientNumber: text, "trackNumber": text, "kind": code, "start": date, "end": date,
			"employerKbo": TypeKBO, "internshipPlan": yes, "host": code, "hoursPerMonth": dec, "communityService": yes,
		}
	case KindTraining:
		return map[string]string{
			ClientNumber: text, "title": text, "start": date, "end": date,
			"recognised": yes, "regime": code, "fullTimeFrom": date, "internshipStart": date, "internshipEnd": date,
			"needKnownOn": date, "guidedHalfTime": yes, "servesJobTarget": yes,
		}
	case KindEvaluation:
		return map[string]string{
			ClientNumber: text, "trackNumber": text, "date": date, "kind": code, "competencesScored": yes,
			"planUpdated": yes, "reportUploaded": yes, "evaluator": text,
		}
	case KindHandover:
		return map[string]string{
			ClientNumber: text, "requestNumber": text, "kind": code, "choiceDate": date, "motivation": text,
			"grounds": list, "groundOneBridgeable": yes, "realisticOrientation": yes, "selfInsight": yes,
			"needsWorkExperience": yes, "readyForAction": yes, "contactLanguage": code,
			"exclNonLabourProblems": yes, "exclSocialEconomyHighest": yes, "exclNeedsTraining": yes,
			"exclNeedsLanguageTraining": yes, "exclOtherTrack": yes, "exclHealthInsuranceAppeal": yes,
			"jobTarget": text, "informedOn": date, "note": text, "trainingStart": date, "trainingEnd": date,
		}
	case KindCompetence:
		return map[string]string{ClientNumber: text, "competence": text, "level": code, "assessedOn": date}
	case KindDocument:
		return map[string]string{ClientNumber: text, "trackNumber": text, "kind": code, "date": date, "file": text}
	}
	return nil
}

// Kinds lists the record kinds.
func Kinds() []string {
	return []string{KindClient, KindTrack, KindEmployment, KindPlacement, KindTraining, KindEvaluation, KindHandover, KindCompetence, KindDocument}
}

// Fields lists the fields of a record kind with their types; nil for a kind
// that there isn't. The caller owns the map.
func Fields(kind string) map[string]string { return fieldTypes(kind) }

// Codes lists the only values that a code or a list takes, by kind and field; nil for what is open, such as a language.
// They are the enums of schemas/ocmw: what a profile maps to another one would reject each row. The caller owns the list.
func Codes(kind, field string) []string {
	return map[string][]string{
		KindClient + ".readiness":           {"ready", "notReady"},
		KindClient + ".registeredBy":        {"ocmw", "client"},
		KindClient + ".unemploymentBenefit": {"none", "full", "partTime"},
		KindClient + ".benefitDecision":     {"pending", "entitled", "notEntitled"},
		KindClient + ".leefloon":            {"none", "full", "supplementary"},
		KindClient + ".decidedCategory":     {"00", "03", "05", "78", "90", "93"},
		KindTrack + ".kind":                 {"TWE", "GLOW"},
		KindTrack + ".entryNeed":            {"generic", "technical"},
		KindTrack + ".weoEndReason":         {"job", "training", "noJob", "other"},
		KindEmployment + ".kind":            {"art60", "regular"},
		KindEmployment + ".regime":          {"fullTime", "partTime"},
		KindPlacement + ".kind":             {"BVS", "WES", "IBO"},
		KindPlacement + ".host":             {"localAuthority", "nonProfit", "school", "company"},
		KindTraining + ".regime":            {"fullTime", "partTime"},
		KindEvaluation + ".kind":            {"interim", "phase", "final"},
		KindHandover + ".kind":              {"GLOW", "WARM_TRAINING", "WARM_OTHER"},
		KindHandover + ".grounds":           {"1", "2", "3", "4", "5"},
		KindCompetence + ".level":           {"notAcquired", "developing", "acquired"},
		KindDocument + ".kind":              {"developmentPlan", "internshipPlan", "interimReport", "finalReport"},
	}[kind+"."+field]
}
