package casefile

// What caseworkers call the codes that several stages tell them of, in lower case. A code
// that has no word gives an empty text: what an unknown one is called depends on the sentence.

// Dutch is the regime as a caseworker reads it.
func (r Regime) Dutch() string {
	switch r {
	case FullTime:
		return "voltijds"
	case PartTime:
		return "deeltijds"
	}
	return ""
}

// Dutch is the reason as a caseworker reads it.
func (r EndReason) Dutch() string {
	switch r {
	case EndJob:
		return "job"
	case EndTraining:
		return "opleiding"
	case EndNoJob:
		return "geen job"
	case EndOther:
		return "andere"
	}
	return ""
}

// DutchEvaluation is a kind of evaluation as a caseworker reads it.
func DutchEvaluation(kind string) string {
	switch kind {
	case "interim":
		return "tussentijdse evaluatie"
	case "phase":
		return "evaluatie na een fase"
	case "final":
		return "eindevaluatie"
	}
	return ""
}

// Dutch is the kind of document as a caseworker reads it.
func (k DocumentKind) Dutch() string {
	switch k {
	case DocDevelopmentPlan:
		return "POP"
	case DocInternshipPlan:
		return "stageplan"
	case DocInterimReport:
		return "tussentijds verslag"
	case DocFinalReport:
		return "eindverslag"
	}
	return ""
}

// Dutch is the kind of note as a caseworker reads it.
func (k NoteKind) Dutch() string {
	switch k {
	case NoteTraining:
		return "verwijzing naar een opleiding"
	case NoteFinalAdvice:
		return "eindadvies"
	}
	return ""
}

// Dutch is the kind of handover as a caseworker reads it.
func (k HandoverKind) Dutch() string {
	switch k {
	case HandoverGLOW:
		return "GLOW"
	case HandoverWarmTraining:
		return "warme overdracht voor een opleiding"
	case HandoverWarmOther:
		return "warme overdracht"
	}
	return ""
}

// Dutch is VDAB's reason as a caseworker reads it; the full text stands in MLP.
func (r HandoverReason) Dutch() string {
	switch r {
	case ReasonNotTargetGroup:
		return "de cliënt hoort niet tot de doelgroep"
	case ReasonOtherTrack:
		return "een ander traject past beter"
	case ReasonClientDeclined:
		return "de cliënt wil niet"
	case ReasonClientUnreachable:
		return "de cliënt is niet te bereiken"
	case ReasonIncomplete:
		return "de aanvraag is onvolledig"
	case ReasonTrackEnded:
		return "het traject is beëindigd"
	}
	return ""
}

// Dutch is the state as a caseworker reads it.
func (s DeadlineState) Dutch() string {
	switch s {
	case DeadlineDue:
		return "loopt"
	case DeadlineMet:
		return "in orde"
	case DeadlineOverdue:
		return "verstreken"
	}
	return ""
}
