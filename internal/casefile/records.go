package casefile

import "github.com/mlpsync/mlpsync/internal/ident"

// Tri is a yes, a no, or nothing said. A missing answer is never taken for
// "no" (design decision 3).
type Tri string

// The answers of a Tri.
const (
	Unknown Tri = ""
	Yes     Tri = "yes"
	No      Tri = "no"
)

// Provenance says where a record stands in the export. It holds no values.
type Provenance struct {
	File    string            `json:"file"`
	Sheet   string            `json:"sheet,omitempty"`
	Row     int               `json:"row"`
	Columns map[string]string `json:"columns,omitempty"` // field -> export column
}

// Cell is one cell of the export that a rule read: enough to find it, never
// its value.
type Cell struct {
	File   string `json:"file"`
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row"`
	Column string `json:"column"` // the export's own column name; the field's name where the profile sets a constant
	Field  string `json:"field"`
}

// Cell is the cell that field came from, or would have come from.
func (p Provenance) Cell(field string) Cell {
	column := p.Columns[field]
	if column == "" {
		column = field
	}
	return Cell{File: p.File, Sheet: p.Sheet, Row: p.Row, Column: column, Field: field}
}

// RecordKind names a kind of record of an export.
type RecordKind string

// The record kinds of schemas/ocmw.
const (
	KindClient     RecordKind = "client"
	KindTrack      RecordKind = "track"
	KindEmployment RecordKind = "employment"
	KindPlacement  RecordKind = "placement"
	KindTraining   RecordKind = "training"
	KindEvaluation RecordKind = "evaluation"
	KindHandover   RecordKind = "handover"
)

// RecordKinds lists them in the order in which a case reads.
func RecordKinds() []RecordKind {
	return []RecordKind{KindClient, KindTrack, KindEmployment, KindPlacement, KindTraining, KindEvaluation, KindHandover}
}

// Record is a decoded record of an export: one of *Client, *Track,
// *Employment, *Placement, *Training, *Evaluation, *HandoverRecord.
type Record interface {
	Kind() RecordKind
	// ClientNumber is the OCMW's own number of the client it is about.
	ClientNumber() string
	// Key is what makes the record one of its kind within the client, as the
	// profile's key fields say; empty parts are kept so that keys of
	// different shapes never meet.
	Key() string
	// Origin is where it stands in the export.
	Origin() Provenance
	// IsDeleted tells that the export marks it as deleted: a finding, never an
	// end (design decision 5).
	IsDeleted() bool
}

// Header is what all records share.
type Header struct {
	Client    string     `json:"clientNumber"`
	RecordKey string     `json:"key"`
	Deleted   bool       `json:"deleted,omitempty"`
	Missing   bool       `json:"missing,omitempty"` // was in an earlier snapshot, is not in the one in force
	Prov      Provenance `json:"prov"`
}

// ClientNumber implements Record.
func (h Header) ClientNumber() string { return h.Client }

// Key implements Record.
func (h Header) Key() string { return h.RecordKey }

// Origin implements Record.
func (h Header) Origin() Provenance { return h.Prov }

// IsDeleted implements Record.
func (h Header) IsDeleted() bool { return h.Deleted }

// Client is the person as the OCMW knows it.
type Client struct {
	Header
	INSZ            ident.INSZ
	LastName        string
	FirstName       string
	BirthDate       Date
	Street          string
	PostalCode      string
	City            string
	NIS             ident.NIS
	ContactLanguage string // ISO 639-1
	Caseworker      string // personnel code, not a name

	Readiness            Readiness
	ReadySince           Date
	ReadinessWithdrawnOn Date
	RegisteredBy         Party // who registers at VDAB: PartyOCMW or PartyClient (CAT-02)

	UnemploymentBenefit Benefit
	BenefitAppliedOn    Date
	BenefitDecision     BenefitDecision // RVA's
	BenefitEntitledFrom Date
	BenefitDecisionOn   Date
	Leefloon            Leefloon
	SupportEndedOn      Date

	// A caseworker's answer to a manual decision, through the export.
	DecidedCategory Code
	DecidedOn       Date
	DecisionReason  string
}

// Kind implements Record.
func (*Client) Kind() RecordKind { return KindClient }

// Readiness says whether the client can begin a track to work (TWE p.1).
type Readiness string

// The values of Readiness; empty is unknown.
const (
	Ready    Readiness = "ready"
	NotReady Readiness = "notReady"
)

// Benefit is unemployment benefit that the client draws; empty is unknown.
type Benefit string

// The values of Benefit.
const (
	BenefitNone     Benefit = "none"
	BenefitFull     Benefit = "full"
	BenefitPartTime Benefit = "partTime"
)

// BenefitDecision is RVA's decision after art. 60§7; empty is unknown.
type BenefitDecision string

// The values of BenefitDecision.
const (
	DecisionPending     BenefitDecision = "pending"
	DecisionEntitled    BenefitDecision = "entitled"
	DecisionNotEntitled BenefitDecision = "notEntitled"
)

// Leefloon is the social integration income that the client has a right to;
// empty is unknown.
type Leefloon string

// The values of Leefloon.
const (
	LeefloonNone          Leefloon = "none"
	LeefloonFull          Leefloon = "full"
	LeefloonSupplementary Leefloon = "supplementary"
)

// TrackKind is TWE or GLOW.
type TrackKind string

// The kinds of track.
const (
	TrackTWE  TrackKind = "TWE"
	TrackGLOW TrackKind = "GLOW"
)

// EndReason is why a WEO ended; empty is unknown.
type EndReason string

// The values of EndReason.
const (
	EndJob      EndReason = "job"
	EndTraining EndReason = "training"
	EndNoJob    EndReason = "noJob"
	EndOther    EndReason = "other"
)

// Track is a choice of track, and for TWE its WEO.
type Track struct {
	Header
	TrackNumber                  string
	Track                        TrackKind
	ChoiceDate                   Date
	Motivation                   string
	EntryNeed                    string // generic, technical
	RegularEconomyWithinTwoYears Tri
	JobTarget                    string
	DevelopmentPlanOn            Date
	WEOStart                     Date
	WEOEnd                       Date
	WEOEndReason                 EndReason
	Counsellor                   string
}

// Kind implements Record.
func (*Track) Kind() RecordKind { return KindTrack }

// EmploymentKind is art. 60§7 or a job in the regular economy.
type EmploymentKind string

// The kinds of employment.
const (
	Art60Job   EmploymentKind = "art60"
	RegularJob EmploymentKind = "regular"
)

// Regime is full time or part time.
type Regime string

// The regimes.
const (
	FullTime Regime = "fullTime"
	PartTime Regime = "partTime"
)

// Employment is one regime period of a contract: rows of one contract share
// start and contract number, and differ in RegimeFrom.
type Employment struct {
	Header
	ContractNumber     string
	Employment         EmploymentKind
	Start              Date
	End                Date
	Regime             Regime
	RegimeFrom         Date   // never zero: the start where the export has none
	HoursPerWeek       string // decimal with a point, 0 < h <= 40; empty is unknown
	EmployerKBO        ident.KBO
	SocialEconomy      Tri
	NovaPrimaReference string
}

// Kind implements Record.
func (*Employment) Kind() RecordKind { return KindEmployment }

// Placement is a BVS, WES or IBO. Decoded and kept; registered by later work.
type Placement struct {
	Header
	Placement      string // BVS, WES, IBO
	Start          Date
	End            Date
	EmployerKBO    ident.KBO
	InternshipPlan Tri
}

// Kind implements Record.
func (*Placement) Kind() RecordKind { return KindPlacement }

// Training is a training of the client; its provider registers it in MLP.
type Training struct {
	Header
	Title           string
	Start           Date
	End             Date
	Recognised      Tri
	Regime          Regime
	ServesJobTarget Tri
}

// Kind implements Record.
func (*Training) Kind() RecordKind { return KindTraining }

// Evaluation is a moment of evaluation in a TWE (TWE 6, 7).
type Evaluation struct {
	Header
	TrackNumber       string
	Date              Date
	Evaluation        string // interim, phase, final
	CompetencesScored Tri
	PlanUpdated       Tri
	ReportUploaded    Tri
	Evaluator         string
}

// Kind implements Record.
func (*Evaluation) Kind() RecordKind { return KindEvaluation }

// HandoverKind is a kind of handover request (HND-01).
type HandoverKind string

// The kinds of handover request.
const (
	HandoverGLOW         HandoverKind = "GLOW"
	HandoverWarmTraining HandoverKind = "WARM_TRAINING"
	HandoverWarmOther    HandoverKind = "WARM_OTHER"
)

// Exclusion is a question of GLOW-04 by its code.
type Exclusion string

// The questions, as they travel.
const (
	ExclNonLabourProblems     Exclusion = "nonLabourProblems"
	ExclSocialEconomyHighest  Exclusion = "socialEconomyHighest"
	ExclNeedsTraining         Exclusion = "needsTraining"
	ExclNeedsLanguageTraining Exclusion = "needsLanguageTraining"
	ExclOtherTrack            Exclusion = "otherTrack"
	ExclHealthInsuranceAppeal Exclusion = "healthInsuranceAppeal"
)

// HandoverRecord is the OCMW's wish to hand the client over to VDAB.
type HandoverRecord struct {
	Header
	RequestNumber        string
	Handover             HandoverKind
	ChoiceDate           Date
	Motivation           string
	Grounds              []string // "1" to "5" (GLOW 1.3)
	GroundOneBridgeable  Tri
	RealisticOrientation Tri
	SelfInsight          Tri
	NeedsWorkExperience  Tri
	ReadyForAction       Tri
	ContactLanguage      string
	Exclusions           map[Exclusion]Tri
	JobTarget            string
	InformedOn           Date
	Note                 string
	TrainingStart        Date
	TrainingEnd          Date
}

// Kind implements Record.
func (*HandoverRecord) Kind() RecordKind { return KindHandover }
