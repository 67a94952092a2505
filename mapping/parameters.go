package mapping

import (
	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Parameter is a limit that a rule reads: data with a validity, so that a later
// document changes a row here and no code.
type Parameter struct {
	ID         string        `json:"id"`
	Value      int           `json:"value"`
	Unit       string        `json:"unit"` // months, calendar days, times
	ValidFrom  casefile.Date `json:"validFrom,omitempty"`
	ValidUntil casefile.Date `json:"validUntil,omitempty"` // last day; zero is open
	Source     string        `json:"source"`
	Assumption string        `json:"assumption,omitempty"` // what the sources don't say; empty when they do
}

// The names of the parameters.
const (
	paramArt60Within  = "twe.art60StartWithin"
	paramWEOMin       = "twe.minimum"
	paramWEOMax       = "twe.maximum"
	paramEvaluation   = "twe.evaluationEvery"
	paramBenefitDays  = "cat.benefitWithin"
	paramOutflow      = "twe.secondOutflowAfter"
	paramAllowance    = "twe.increasedAllowance"
	paramConfirm93    = "cat.confirm93Every"
	paramReassertions = "cat.reassertions"
	paramGLOWMax      = "glow.maximum"

	paramShortTraining    = "twe.shortTraining"
	paramCommunityLeast   = "glow.communityHoursLeast"
	paramCommunityMost    = "glow.communityHoursMost"
	paramCommunityBenefit = "glow.communityBenefitOver"
	paramGLOWTrainingFits = "glow.trainingFits"
	paramGLOWTrainingEnds = "glow.trainingEnds"
)

func parameters() []Parameter {
	return []Parameter{
		{ID: paramArt60Within, Value: 2, Unit: "months", Source: "TWE 5"},
		{ID: paramWEOMin, Value: 12, Unit: "months", Source: "TWE 6"},
		{ID: paramWEOMax, Value: 24, Unit: "months", Source: "TWE 6, 9"},
		{ID: paramEvaluation, Value: 6, Unit: "months", Source: "TWE 6, 7"},
		{ID: paramBenefitDays, Value: 8, Unit: "calendar days", Source: "TWE 8"},
		{ID: paramOutflow, Value: 3, Unit: "months", Source: "TWE 10"},
		{ID: paramAllowance, Value: 12, Unit: "months", Source: "TWE 5"},
		{ID: paramConfirm93, Value: 4, Unit: "months", Source: "PUB arvastat.vdab.be, werkenden"},
		{ID: paramReassertions, Value: 3, Unit: "times", Source: "derived from TWE 5",
			Assumption: "after the third re-assertion for one contract a person is asked"},
		{ID: paramGLOWMax, Value: 24, Unit: "months", ValidFrom: "2023-01-01", Source: "GLOW23 1.1; GLOW24 1.1",
			Assumption: "counted from the choice, as the OCMW doesn't know the day on which the GLOW partner began"},
		{ID: paramShortTraining, Value: 3, Unit: "months full time", Source: "OPL 2"},
		{ID: paramCommunityLeast, Value: 32, Unit: "hours a month", ValidFrom: "2023-01-01", Source: "GLOW23 1.2; GLOW24 1.2"},
		{ID: paramCommunityMost, Value: 64, Unit: "hours a month", ValidFrom: "2023-01-01", Source: "GLOW23 1.2; GLOW24 1.2"},
		{ID: paramCommunityBenefit, Value: 24, Unit: "months, exceeded", ValidFrom: "2023-01-01", Source: "GLOW23 1.2; GLOW24 1.2"},
		{ID: paramGLOWTrainingFits, Value: 2, Unit: "months", ValidFrom: "2023-01-01", Source: "GLOW23 1.3.2; GLOW24 1.4.2"},
		{ID: paramGLOWTrainingEnds, Value: 9, Unit: "months", ValidFrom: "2023-01-01", Source: "GLOW23 1.3.2; GLOW24 1.4.2"},
	}
}

// Instrument is a form of placement with its validity: one that begins outside of it is a
// question to a person.
type Instrument struct {
	Kind       string // BVS, WES, IBO
	ValidFrom  casefile.Date
	ValidUntil casefile.Date // last day; zero is open
	Source     string
	Assumption string
}

func instruments() []Instrument {
	return []Instrument{
		{Kind: casefile.PlacementBVS, ValidUntil: "2022-12-31", Source: "TWE 4; PUB prato.be",
			Assumption: "folded into WES on 01/01/2023 according to one public source, while GLOW24 1.4.2 still lists it: a later one is a question to a person"},
		{Kind: casefile.PlacementWES, Source: "TWE 9"},
		{Kind: casefile.PlacementIBO, Source: "TWE 9"},
	}
}

// hasInstrument tells whether a placement of the kind could begin on the day.
func (r *Rules) hasInstrument(kind string, on casefile.Date) bool {
	for _, i := range r.instruments {
		if i.Kind == kind && r.inForce(i.ValidFrom, i.ValidUntil, on) {
			return true
		}
	}
	return false
}

// limit is the parameter's value in force on the day of the fact that it limits.
// Before the first validity the first value counts: a fact that old was judged by
// nothing else.
func (r *Rules) limit(id string, on casefile.Date) int {
	value := 0
	for i, p := range r.parameters {
		if p.ID == id && (value == 0 || r.inForce(p.ValidFrom, p.ValidUntil, on)) {
			value = r.parameters[i].Value
		}
	}
	return value
}

// condition under which a category may be written over another.
type condition string

const (
	always condition = "always"
	// heldBefore: the held category's valid-from lies before the fact (the
	// client's readiness, the contract's start).
	heldBefore condition = "heldBefore"
	// ownContractEnded: the held 90 or 93 belongs to a contract of this OCMW that
	// ended before the client's readiness.
	ownContractEnded condition = "ownContractEnded"
	// contractExit: the held 78 is VDAB's for this contract (CAT-06).
	contractExit condition = "contractExit"
	// regimeChange: the held 90 or 93 is of the same contract (CAT-12).
	regimeChange condition = "regimeChange"
)

// noCategory stands for a dossier without a category.
const noCategory casefile.Code = ""

// overwrite is a row of the table of CAT-03: what may be written over what.
// Every pair that no row allows is left alone (05 over a protected category) or
// is a manual decision.
type overwrite struct {
	To   []casefile.Code
	Over []casefile.Code
	When condition
}

// overwrites is CAT-03's table. Sources: TWE p.1 (05), TWE 5 (90, 93), TWE 8 (00);
// an assumption where they are silent.
func overwrites() []overwrite {
	to := func(codes ...casefile.Code) []casefile.Code { return codes }
	return []overwrite{
		{To: to("05"), Over: to(noCategory, "03"), When: always},
		{To: to("05"), Over: to("78"), When: heldBefore},
		{To: to("05"), Over: to("90", "93"), When: ownContractEnded},
		{To: to("90", "93"), Over: to("05", "00", "78", "90", "93", "02", "11", "14", "80", "82", "92", "03", "06", "10"), When: heldBefore},
		{To: to("90", "93"), Over: to("78"), When: contractExit},
		{To: to("90", "93"), Over: to("90", "93"), When: regimeChange},
		{To: to("00"), Over: to("05", "78", "90", "93"), When: always},
		{To: to("78"), Over: to("05", "90", "93"), When: always},
	}
}

// protectedCodes are the categories that 05 never overwrites (TWE p.1).
func protectedCodes() []casefile.Code {
	return []casefile.Code{"00", "02", "11", "14", "80", "82"}
}

// benefitCodes are the protected ones that agree with drawing unemployment
// benefit (TWE p.1: 00 "werkloosheidsuitkeringen", 80 "inkomensgarantie-uitkering").
func benefitCodes() []casefile.Code { return []casefile.Code{"00", "80"} }

// question is an exclusion of GLOW-04 with the words that a caseworker knows.
type question struct {
	Code  casefile.Exclusion
	Field string // of the handover record
	Dutch string
}

// playbook is a version of the GLOW playbook: a handover is judged by the one in
// force on the date of its choice.
type playbook struct {
	ID         string
	ValidFrom  casefile.Date
	ValidUntil casefile.Date
	Source     string
	Assumption string
	// ReadyAtIntake: the client must be ready for action when handed over; else that
	// is judged later, after the preparatory phase with the partner (GLOW24 1.3).
	ReadyAtIntake bool
	// GroundOneBridged: ground 1 counts only when aids or measures can bridge it.
	GroundOneBridged bool
	// NoPreliminary: GLOW is no preliminary track for TWE (GLOW24 1.6.3).
	NoPreliminary bool
	// Languages accepted as contact language; empty: any that the client names.
	Languages []string
	Questions []question
	// Categories that are excluded.
	Categories []casefile.Code
}

func playbooks() []playbook {
	questions := func(economy, training, track string, more ...question) []question {
		return append([]question{
			{casefile.ExclNonLabourProblems, "exclNonLabourProblems", "door ernstige problemen buiten de arbeidsmarkt (nog) niet inzetbaar"},
			{casefile.ExclSocialEconomyHighest, "exclSocialEconomyHighest", "sociale economie (" + economy + ") is het hoogst haalbare"},
			{casefile.ExclNeedsLanguageTraining, "exclNeedsLanguageTraining", "eerst een taalopleiding nodig om werk te vinden binnen de joboriëntatie"},
			{casefile.ExclOtherTrack, "exclOtherTrack", "een ander traject past beter (" + track + ")"},
			{casefile.ExclNeedsTraining, "exclNeedsTraining", training},
		}, more...)
	}
	return []playbook{
		{ID: "GLOW23", ValidFrom: "2023-02-17", ValidUntil: "2024-10-31", Source: "GLOW23 1.3",
			Assumption:    "the second version (28/02/2023) is taken to hold from the date of the first (17/02/2023)",
			ReadyAtIntake: true,
			Questions: questions("collectief maatwerk, LDE", "nood aan beroepsgerichte competentieversterking buiten werkplekleren",
				"TIBB, AT, zelfstandig ondernemen")},
		{ID: "GLOW24", ValidFrom: "2024-11-01", Source: "GLOW24 1.3",
			Assumption:       "taken to hold for choices made on or after 01/11/2024",
			GroundOneBridged: true, NoPreliminary: true, Languages: []string{"nl", "fr", "en"},
			Questions: questions("collectief maatwerk", "nood aan scholing, herscholing of bijscholing om werk te vinden binnen de joboriëntatie",
				"IBB, ZIBB, AT, zelfstandig ondernemen",
				question{casefile.ExclHealthInsuranceAppeal, "exclHealthInsuranceAppeal", "in beroep tegen het ziekenfonds"}),
			Categories: []casefile.Code{"80", "92", "93"}},
	}
}

// glowStart is the day on which GLOW began (GLOW23, foreword).
const glowStart casefile.Date = "2023-01-01"
