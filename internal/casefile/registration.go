package casefile

import (
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// Code is a VDAB job-seeker category (domain.md section 1).
type Code string

// The categories that the software itself names.
const (
	Code05 Code = "05" // werkzoekende ten laste van het OCMW
	Code00 Code = "00" // uitkeringsgerechtigd werkzoekende
	Code78 Code = "78" // uitschrijving wegens werk
	Code90 Code = "90" // voltijds werkende vrij ingeschreven werkzoekende
	Code93 Code = "93" // vrij ingeschreven deeltijdse werknemer
)

// Party is who sets a category, registers a person or owns a dossier.
type Party string

// The parties.
const (
	PartyOCMW    Party = "ocmw"
	PartyVDAB    Party = "vdab"
	PartyClient  Party = "client"
	PartyPartner Party = "partner"
	PartyOther   Party = "other"
	PartyNone    Party = "none"
)

// RegistrationKind is a kind of thing that MLP holds of a person.
type RegistrationKind string

// The kinds of registration that are sent. RegPerson creates the dossier where
// there is none and else updates the person's own data; RegProfile is job
// target, entry and development plan.
const (
	RegPerson     RegistrationKind = "dossier"
	RegProfile    RegistrationKind = "profile"
	RegCategory   RegistrationKind = "category"
	RegWEO        RegistrationKind = "weo"
	RegEmployment RegistrationKind = "employment"
	RegEvaluation RegistrationKind = "evaluation"
	RegHandover   RegistrationKind = "handover"
	RegPlacement  RegistrationKind = "placement"
	RegDocument   RegistrationKind = "document"
	RegCompetence RegistrationKind = "competence"
	RegNote       RegistrationKind = "note"
)

// RegistrationKinds lists them all.
func RegistrationKinds() []RegistrationKind {
	return []RegistrationKind{RegPerson, RegProfile, RegCategory, RegWEO, RegEmployment, RegPlacement, RegEvaluation,
		RegDocument, RegCompetence, RegNote, RegHandover}
}

// Body is the content of a registration: Person, Profile, Category, WEO,
// Art60, WorkPlacement, EvaluationDone, Document, Competence, Note or Handover, each by value.
type Body interface{ Kind() RegistrationKind }

// Registration is something that MLP holds, or is to hold, of a person.
type Registration struct {
	// ID is the id that we chose (RegistrationID), or MLP's where it was
	// there before us; empty for RegPerson and RegProfile, which are the
	// dossier's own data.
	ID   string
	Body Body
	// From is the day from which it is valid, and the first day on which it
	// may be sent (design decision 8).
	From Date

	// Of a desired registration:
	Rule       string // id of the rule that asks for it
	Caseworker string // personnel code of the person in whose name it is written
	Reason     string // Dutch, one sentence, no personal data
	// Yielded tells that a field stands as somebody else put it in MLP, and not as the facts have it:
	// no ground to take it for agreed.
	Yielded bool `json:",omitempty"`

	// Of a registration that MLP holds:
	RegisteredAt time.Time
}

// RegistrationID is the id of a registration: UUIDv5 of the OCMW, the kind and
// the OCMW's own key of it, so that sending it twice is sending it once
// (design decision 12).
func RegistrationID(ocmw OCMW, kind RegistrationKind, key ...string) string {
	return ident.RegistrationID(ocmw.KBO, string(kind), key...)
}

// Person is the dossier's own data of the person. Empty fields ask for nothing.
type Person struct {
	INSZ            ident.INSZ
	LastName        string
	FirstName       string
	BirthDate       Date
	Street          string
	PostalCode      string
	City            string
	NIS             ident.NIS
	ContactLanguage string
}

// Kind implements Body.
func (Person) Kind() RegistrationKind { return RegPerson }

// Profile is what TWE-08 wants in the dossier from the start of a TWE. Empty
// fields ask for nothing.
type Profile struct {
	JobTarget         string
	EntryNeed         string // generic, technical; as held also what another wrote, which stays
	DevelopmentPlanOn Date
	// PlanOfOthers: MLP holds a plan that is not ours. It is a plan, and it stays.
	PlanOfOthers bool `json:",omitempty"` // read only
}

// entryOfOthers tells of an entry reason as held whether somebody else wrote it.
func (p Profile) entryOfOthers() bool {
	return p.EntryNeed != "" && p.EntryNeed != EntryGeneric && p.EntryNeed != EntryTechnical
}

// The entry needs of a TWE as they travel (TWE 2, OPL 1).
const (
	EntryGeneric   = "generic"
	EntryTechnical = "technical"
)

// Kind implements Body.
func (Profile) Kind() RegistrationKind { return RegProfile }

// Category is an entry of the dossier's category timeline.
type Category struct {
	Code         Code
	From         Date
	SetBy        Party  // read only: who set it
	EmploymentID string // the contract that a 90, 93 or VDAB's 78 belongs to
}

// Kind implements Body.
func (Category) Kind() RegistrationKind { return RegCategory }

// WEO is a werkervaringsovereenkomst; it starts and ends a TWE.
type WEO struct {
	Start      Date
	End        Date
	EndReason  EndReason
	Counsellor string
}

// Kind implements Body.
func (WEO) Kind() RegistrationKind { return RegWEO }

// Art60 is a contract art. 60§7, with its regimes in order of date.
type Art60 struct {
	Start         Date
	End           Date
	Regimes       []RegimePeriod
	EmployerKBO   ident.KBO
	SocialEconomy Tri
	WEOID         string
}

// RegimePeriod is a regime from a day on.
type RegimePeriod struct {
	From         Date
	Regime       Regime
	HoursPerWeek string
}

// Kind implements Body.
func (Art60) Kind() RegistrationKind { return RegEmployment }

// RegimeOn is the regime on a day; empty outside of the contract.
func (a Art60) RegimeOn(day Date) Regime {
	found := Regime("")
	if day < a.Start || (!a.End.IsZero() && day > a.End) {
		return found
	}
	for _, p := range Periods(a.Regimes) {
		if p.From <= day {
			found = p.Regime
		}
	}
	return found
}

// EvaluationDone is an evaluation that took place.
type EvaluationDone struct {
	Date              Date
	Evaluation        string // interim, phase, final
	CompetencesScored Tri
	PlanUpdated       Tri
	ReportUploaded    Tri
	WEOID             string
}

// Kind implements Body.
func (EvaluationDone) Kind() RegistrationKind { return RegEvaluation }

// Handover is a handover request (HND-02). CurrentCategory and the TWE dates
// are facts of the moment it was made: they don't make it another request.
type Handover struct {
	Handover        HandoverKind
	ChoiceDate      Date
	Motivation      string
	Grounds         []string
	Exclusions      []ExclusionAnswer // sorted by question
	JobTarget       string
	ContactLanguage string
	InformedOn      Date
	Note            string
	TrainingStart   Date
	OCMWKBO         ident.KBO
	OCMWNIS         ident.NIS
	CurrentCategory Code
	WEOStart        Date
	WEOEnd          Date
	Art60Start      Date
	Art60End        Date
	// Read only: how far VDAB is, since when, why (a code), and the organisation that the client
	// was assigned to.
	Status       HandoverStatus
	StatusSince  Date
	StatusReason HandoverReason
	AssignedTo   string
}

// HandoverStatus is how far a request is (HND-03). A draft is one that is not sent yet: MLP
// holds none.
type HandoverStatus string

// The states of a request.
const (
	HandoverDraft            HandoverStatus = "draft"
	HandoverSent             HandoverStatus = "sent"
	HandoverReceived         HandoverStatus = "received"
	HandoverNeedsInformation HandoverStatus = "needsInformation"
	HandoverAccepted         HandoverStatus = "accepted"
	HandoverAssigned         HandoverStatus = "assigned"
	HandoverRejected         HandoverStatus = "rejected"
	HandoverClosed           HandoverStatus = "closed"
)

// HandoverReason is VDAB's reason of a status as a code; the words stand in MLP.
type HandoverReason string

// The reasons (assumption: no source lists any).
const (
	ReasonNotTargetGroup    HandoverReason = "notTargetGroup"
	ReasonOtherTrack        HandoverReason = "otherTrack"
	ReasonClientDeclined    HandoverReason = "clientDeclined"
	ReasonClientUnreachable HandoverReason = "clientUnreachable"
	ReasonIncomplete        HandoverReason = "incomplete"
	ReasonTrackEnded        HandoverReason = "trackEnded"
	ReasonOther             HandoverReason = "other"
)

// ExclusionAnswer is an answered question of GLOW-04. Only "no" ever travels:
// a "yes" stops the handover.
type ExclusionAnswer struct {
	Question Exclusion
	Answer   Tri
}

// Kind implements Body.
func (Handover) Kind() RegistrationKind { return RegHandover }

// WorkPlacement is a BVS, WES or IBO of the dossier (TWE 4, 9).
type WorkPlacement struct {
	Placement        string // BVS, WES, IBO
	Start            Date
	End              Date
	EmployerKBO      ident.KBO
	InternshipPlan   Tri
	HoursPerMonth    string
	CommunityService Tri
	WEOID            string
}

// Kind implements Body.
func (WorkPlacement) Kind() RegistrationKind { return RegPlacement }

// Document is a PDF of the dossier: what it is, and which bytes.
type Document struct {
	Document DocumentKind
	Date     Date
	SHA256   string // hex, in lower case
	Size     int64  // bytes
	WEOID    string
	// File is where the bytes are read when it is sent; it never travels, and MLP holds none.
	File string
}

// Kind implements Body.
func (Document) Kind() RegistrationKind { return RegDocument }

// Competence is a competence of the dossier as scored on a day (TWE 7, TWE-12).
type Competence struct {
	Competence string
	Level      string // notAcquired, developing, acquired
	AssessedOn Date
}

// Kind implements Body.
func (Competence) Kind() RegistrationKind { return RegCompetence }

// NoteKind is what a note is about.
type NoteKind string

// The kinds of note.
const (
	NoteTraining    NoteKind = "trainingReference" // OPL, "Hoe opleidingsacties registreren"
	NoteFinalAdvice NoteKind = "finalAdvice"       // TWE 10
)

// Note is a text in the dossier: the reference to a training, or the final advice.
type Note struct {
	Note  NoteKind
	Date  Date
	Text  string
	WEOID string
}

// Kind implements Body.
func (Note) Kind() RegistrationKind { return RegNote }

// StartOf is the day that makes two registrations of one kind the same one to
// MLP's eyes when their ids differ (design decision 12); zero for the
// dossier's own data.
func StartOf(b Body) Date {
	switch b := b.(type) {
	case Category:
		return b.From
	case WEO:
		return b.Start
	case Art60:
		return b.Start
	case EvaluationDone:
		return b.Date
	case Handover:
		return b.ChoiceDate
	case WorkPlacement:
		return b.Start
	case Document:
		return b.Date
	case Competence:
		return b.AssessedOn
	case Note:
		return b.Date
	}
	return ""
}

// EndOf is the last day of what has one; zero while it runs on, and for what is of one day.
func EndOf(b Body) Date {
	switch b := b.(type) {
	case WEO:
		return b.End
	case Art60:
		return b.End
	case WorkPlacement:
		return b.End
	}
	return ""
}

// SameThing tells whether two bodies are about one thing: of one kind, beginning on one day,
// and of one sort where several of a kind may begin together.
func SameThing(a, b Body) bool {
	if a == nil || b == nil || a.Kind() != b.Kind() || StartOf(a) != StartOf(b) {
		return false
	}
	switch a := a.(type) {
	case Category:
		return a.Code == b.(Category).Code
	case WorkPlacement:
		return a.Placement == b.(WorkPlacement).Placement
	case EvaluationDone:
		return a.Evaluation == b.(EvaluationDone).Evaluation
	case Handover:
		return a.Handover == b.(Handover).Handover
	case Document:
		return a.Document == b.(Document).Document
	case Competence:
		return a.Competence == b.(Competence).Competence
	case Note:
		return a.Note == b.(Note).Note
	}
	return true
}
