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
	// Of names the record while it is decided on: in a place can stand one record today where another stood yesterday.
	Of string `json:"-"`
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
	KindCompetence RecordKind = "competence"
	KindDocument   RecordKind = "document"
)

// RecordKinds lists them in the order in which a case reads.
func RecordKinds() []RecordKind {
	return []RecordKind{KindClient, KindTrack, KindEmployment, KindPlacement, KindTraining, KindEvaluation, KindHandover, KindCompetence, KindDocument}
}

// Record is a decoded record of an export: one of *Client, *Track,
// *Employment, *Placement, *Training, *Evaluation, *HandoverRecord,
// *CompetenceRecord, *DocumentRecord.
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
	// IsMissing tells that the snapshot in force doesn't have it, and an earlier one had: a
	// finding too.
	IsMissing() bool
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

// IsMissing implements Record.
func (h Header) IsMissing() bool { return h.Missing }

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
	BenefitSince        Date // since when the client draws it without a break (GLOW-07)
	BenefitAppliedOn    Date
	BenefitDecision     BenefitDecision // RVA's
	BenefitEntitledFrom Date
	BenefitDecisionOn   Date
	Leefloon            Leefloon
	SupportEndedOn      Date
	Confirmed93On       Date // last confirmation of a 93 (CAT-11)

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
	// SocialEconomyHighestOn is the day on which social economy was found to be the
	// highest reachable (TWE-16); IndicationRequestedOn that of the indication procedure.
	SocialEconomyHighestOn Date
	IndicationRequestedOn  Date
	// FinalAdvice is registered at the end of a TWE without a job (TWE-13).
	FinalAdvice   string
	FinalAdviceOn Date
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
	// The increased allowance of social economy, as asked for (TWE-05); first and last day.
	IncreasedAllowanceFrom  Date
	IncreasedAllowanceUntil Date
}

// Kind implements Record.
func (*Employment) Kind() RecordKind { return KindEmployment }

// The kinds of placement (TWE 4, 9).
const (
	PlacementBVS = "BVS"
	PlacementWES = "WES"
	PlacementIBO = "IBO"
)

// HostKind is where a placement takes place (GLOW-07); empty is unknown.
type HostKind string

// The kinds of host.
const (
	HostLocalAuthority HostKind = "localAuthority"
	HostNonProfit      HostKind = "nonProfit"
	HostSchool         HostKind = "school"
	HostCompany        HostKind = "company"
)

// Placement is a BVS, WES or IBO.
type Placement struct {
	Header
	TrackNumber      string
	Placement        string // BVS, WES, IBO
	Start            Date
	End              Date
	EmployerKBO      ident.KBO
	InternshipPlan   Tri
	Host             HostKind
	HoursPerMonth    string // decimal with a point; empty is unknown
	CommunityService Tri    // whether the OCMW calls it gemeenschapsdienst
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
	Regime          Regime // on its first day
	FullTimeFrom    Date   // from when a part-time one goes on full time (OPL 3, situation 1)
	InternshipStart Date   // the training internship in it, which does not count (OPL 2)
	InternshipEnd   Date
	NeedKnownOn     Date // when the need for it became clear (OPL 3, situation 2)
	GuidedHalfTime  Tri  // whether the OCMW keeps guiding at least half time (OPL 4)
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

// The levels of a competence, in order (assumption: no source has a scale).
const (
	LevelNotAcquired = "notAcquired"
	LevelDeveloping  = "developing"
	LevelAcquired    = "acquired"
)

// CompetenceRecord is a competence as scored on a day (TWE 7, 10).
type CompetenceRecord struct {
	Header
	Competence string // its name or code
	Level      string // notAcquired, developing, acquired
	AssessedOn Date
}

// Kind implements Record.
func (*CompetenceRecord) Kind() RecordKind { return KindCompetence }

// DocumentKind is what a document of a dossier is.
type DocumentKind string

// The kinds of document (TWE 4, 7, 10).
const (
	DocDevelopmentPlan DocumentKind = "developmentPlan"
	DocInternshipPlan  DocumentKind = "internshipPlan"
	DocInterimReport   DocumentKind = "interimReport"
	DocFinalReport     DocumentKind = "finalReport"
)

// DocumentRecord names a PDF that belongs in the dossier.
type DocumentRecord struct {
	Header
	TrackNumber string
	Document    DocumentKind
	Date        Date
	File        string // path below the OCMW's documents folder, with slashes
}

// Kind implements Record.
func (*DocumentRecord) Kind() RecordKind { return KindDocument }

// FileState is what was found under a document's path on the day of deciding.
type FileState struct {
	SHA256  string // hex, in lower case; empty when there is a problem
	Size    int64
	Problem FileProblem
}

// FileProblem is why a document can't be sent; empty is none.
type FileProblem string

// The problems of a document's file.
const (
	FileMissing   FileProblem = "missing"
	FileTooLarge  FileProblem = "tooLarge"
	FileNotPDF    FileProblem = "notPdf"
	FileOutside   FileProblem = "outside"  // the path leaves the documents folder
	FileUnread    FileProblem = "unread"   // there, and not to be read
	FilesNowhere  FileProblem = "noFolder" // the OCMW's configuration names no documents folder
	FilesUnlooked FileProblem = "unlooked" // nobody looked yet
)
