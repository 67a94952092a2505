package mlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

// The API's JSON, both ways. Properties of an answer that are not named here are ignored.
// An absent property is a value that is not there.

type wireRef struct {
	ID string `json:"id"`
}

type wireText struct {
	Description string `json:"description"`
}

type wirePlan struct {
	Summary string `json:"summary,omitempty"`
}

type wirePerson struct {
	LastName  string        `json:"lastName,omitempty"`
	FirstName string        `json:"firstName,omitempty"`
	BirthDate casefile.Date `json:"birthDate,omitempty"`
}

type wireAddress struct {
	Street     string    `json:"street,omitempty"`
	PostalCode string    `json:"postalCode,omitempty"`
	City       string    `json:"city,omitempty"`
	NIS        ident.NIS `json:"nisCode,omitempty"`
}

// wireOwn is the dossier's own data, as created and patched.
type wireOwn struct {
	SSIN            string       `json:"ssin,omitempty"`
	Person          *wirePerson  `json:"person,omitempty"`
	Address         *wireAddress `json:"address,omitempty"`
	ContactLanguage string       `json:"contactLanguage,omitempty"`
	JobTarget       *wireText    `json:"jobTarget,omitempty"`
	EntryReason     string       `json:"entryReason,omitempty"`
	DevelopmentPlan *wirePlan    `json:"developmentPlan,omitempty"`
	Caseworker      *wireRef     `json:"caseworker,omitempty"`
}

type wireDossier struct {
	wireOwn
	DossierID   string   `json:"dossierId"`
	Version     int64    `json:"version"`
	SSINStatus  string   `json:"ssinStatus"`
	SSINHistory []string `json:"ssinHistory"`
	Owner       struct {
		Kind    casefile.Party `json:"kind"`
		Name    string         `json:"name"`
		Program string         `json:"program"`
		Since   casefile.Date  `json:"since"`
	} `json:"owner"`
	// By reference: the decoder makes room for four at a time, 3 KB.
	Categories  []*wireRegistration `json:"categories"`
	WEOs        []*wireRegistration `json:"weos"`
	Employments []*wireRegistration `json:"employments"`
	Placements  []*wireRegistration `json:"placements"`
	Evaluations []*wireRegistration `json:"evaluations"`
	Documents   []*wireRegistration `json:"documents"`
	Competences []*wireRegistration `json:"competences"`
	Notes       []*wireRegistration `json:"notes"`
	Handovers   []*wireRegistration `json:"handovers"`
}

// ssinCanceled is the status of a number that stands for nobody any more.
const ssinCanceled = "canceled"

// wireRegistration has the properties of all kinds of registration: no two of them use one name
// for two things.
type wireRegistration struct {
	CategoryID   string `json:"categoryId,omitempty"`
	EmploymentID string `json:"employmentId,omitempty"` // of a category: the contract it follows from
	WEOID        string `json:"weoId,omitempty"`
	PlacementID  string `json:"placementId,omitempty"`
	EvaluationID string `json:"evaluationId,omitempty"`
	DocumentID   string `json:"documentId,omitempty"`
	CompetenceID string `json:"competenceId,omitempty"`
	NoteID       string `json:"noteId,omitempty"`
	HandoverID   string `json:"handoverId,omitempty"`

	Code      casefile.Code  `json:"code,omitempty"`
	ValidFrom casefile.Date  `json:"validFrom,omitempty"`
	SetBy     casefile.Party `json:"setBy,omitempty"`

	StartDate  casefile.Date      `json:"startDate,omitempty"`
	EndDate    casefile.Date      `json:"endDate,omitempty"`
	EndReason  casefile.EndReason `json:"endReason,omitempty"`
	Counsellor *wireRef           `json:"counsellor,omitempty"`

	WorkRegimes   []wireRegime  `json:"workRegimes,omitempty"`
	Employer      *wireEmployer `json:"employer,omitempty"`
	SocialEconomy *bool         `json:"socialEconomy,omitempty"`

	Date              casefile.Date `json:"date,omitempty"`
	Kind              string        `json:"kind,omitempty"` // of all but a category, WEO, employment or competence
	CompetencesScored *bool         `json:"competencesScored,omitempty"`
	PlanUpdated       *bool         `json:"planUpdated,omitempty"`
	ReportUploaded    *bool         `json:"reportUploaded,omitempty"`

	InternshipPlan   *bool       `json:"internshipPlan,omitempty"`
	HoursPerMonth    json.Number `json:"hoursPerMonth,omitempty"`
	CommunityService *bool       `json:"communityService,omitempty"`

	MediaType string `json:"mediaType,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	Size      int64  `json:"size,omitempty"`
	Content   []byte `json:"content,omitempty"` // in base64; never in an answer

	Description string        `json:"description,omitempty"`
	Level       string        `json:"level,omitempty"`
	AssessedOn  casefile.Date `json:"assessedOn,omitempty"`

	Text string `json:"text,omitempty"`

	ChoiceDate       casefile.Date `json:"choiceDate,omitempty"`
	Motivation       string        `json:"motivation,omitempty"`
	Grounds          []string      `json:"grounds,omitempty"`
	ExclusionAnswers []wireAnswer  `json:"exclusionAnswers,omitempty"`
	JobTarget        *wireText     `json:"jobTarget,omitempty"`
	ContactLanguage  string        `json:"contactLanguage,omitempty"`
	InformedOn       casefile.Date `json:"informedOn,omitempty"`
	Note             string        `json:"note,omitempty"`
	TrainingStart    casefile.Date `json:"trainingStart,omitempty"`
	OCMW             *wireOCMW     `json:"ocmw,omitempty"`
	CurrentCategory  casefile.Code `json:"currentCategory,omitempty"`
	TWEHistory       *wireTWE      `json:"tweHistory,omitempty"`

	// Of a handover, and never written.
	Status       casefile.HandoverStatus `json:"status,omitempty"`
	StatusSince  casefile.Date           `json:"statusSince,omitempty"`
	StatusReason casefile.HandoverReason `json:"statusReason,omitempty"`
	AssignedTo   string                  `json:"assignedTo,omitempty"`

	RegisteredAt   string   `json:"registeredAt,omitempty"`
	DossierVersion int64    `json:"dossierVersion,omitempty"`
	Caseworker     *wireRef `json:"caseworker,omitempty"`
}

type wireRegime struct {
	ValidFrom    casefile.Date   `json:"validFrom"`
	Regime       casefile.Regime `json:"regime"`
	HoursPerWeek json.Number     `json:"hoursPerWeek,omitempty"`
}

type wireEmployer struct {
	KBO ident.KBO `json:"kboNumber"`
}

type wireAnswer struct {
	Question casefile.Exclusion `json:"question"`
	Answer   casefile.Tri       `json:"answer"`
}

type wireOCMW struct {
	KBO ident.KBO `json:"kboNumber"`
	NIS ident.NIS `json:"nisCode"`
}

type wireTWE struct {
	WEOStart   casefile.Date `json:"weoStart,omitempty"`
	WEOEnd     casefile.Date `json:"weoEnd,omitempty"`
	Art60Start casefile.Date `json:"art60Start,omitempty"`
	Art60End   casefile.Date `json:"art60End,omitempty"`
}

// ---- Writing

// ownOf is the dossier's own data that a person or profile asks for.
func ownOf(b casefile.Body) wireOwn {
	switch b := b.(type) {
	case casefile.Person:
		return wireOwn{
			Person:          filled(wirePerson{b.LastName, b.FirstName, b.BirthDate}),
			Address:         filled(wireAddress{b.Street, b.PostalCode, b.City, b.NIS}),
			ContactLanguage: b.ContactLanguage,
		}
	case casefile.Profile:
		return wireOwn{
			JobTarget:       filled(wireText{b.JobTarget}),
			EntryReason:     b.EntryNeed,
			DevelopmentPlan: filled(wirePlan{planSummary(b.DevelopmentPlanOn)}),
		}
	}
	return wireOwn{}
}

// filled is nil for a value that holds nothing: an absent property.
func filled[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

// The API has a summary of the development plan and no date of it; the date is what an
// export gives. So it stands in the summary, in a form that is read back (assumption; the one
// place to change it).
const planPrefix = "POP van "

var planPattern = regexp.MustCompile(`^` + planPrefix + `(\d{4}-\d{2}-\d{2})$`)

func planSummary(on casefile.Date) string {
	if on.IsZero() {
		return ""
	}
	return planPrefix + string(on)
}

func planDate(p *wirePlan) casefile.Date {
	if p == nil {
		return ""
	}
	m := planPattern.FindStringSubmatch(p.Summary)
	if m == nil {
		return ""
	}
	return day(casefile.Date(m[1]))
}

// registrationOf is what a client may write of a registration: no read-only property.
func registrationOf(b casefile.Body) (wireRegistration, error) {
	switch b := b.(type) {
	case casefile.Category:
		return wireRegistration{Code: b.Code, ValidFrom: b.From, EmploymentID: b.EmploymentID}, nil
	case casefile.WEO:
		return wireRegistration{StartDate: b.Start, EndDate: b.End, EndReason: b.EndReason, Counsellor: filled(wireRef{b.Counsellor})}, nil
	case casefile.Art60:
		return employmentOf(b), nil
	case casefile.EvaluationDone:
		return wireRegistration{
			WEOID: b.WEOID, Date: b.Date, Kind: b.Evaluation, CompetencesScored: boolOf(b.CompetencesScored),
			PlanUpdated: boolOf(b.PlanUpdated), ReportUploaded: boolOf(b.ReportUploaded),
		}, nil
	case casefile.WorkPlacement:
		return placementOf(b), nil
	case casefile.Document:
		return wireRegistration{WEOID: b.WEOID, Kind: string(b.Document), Date: b.Date, MediaType: mediaPDF, SHA256: b.SHA256, Size: b.Size}, nil
	case casefile.Competence:
		return wireRegistration{Description: b.Competence, Level: b.Level, AssessedOn: b.AssessedOn}, nil
	case casefile.Note:
		return wireRegistration{WEOID: b.WEOID, Kind: string(b.Note), Date: b.Date, Text: b.Text}, nil
	case casefile.Handover:
		return handoverOf(b), nil
	}
	return wireRegistration{}, errors.New("no registration that the API has")
}

// mediaPDF is the one kind of file that a dossier takes.
const mediaPDF = "application/pdf"

func placementOf(b casefile.WorkPlacement) wireRegistration {
	w := wireRegistration{
		WEOID: b.WEOID, Kind: b.Placement, StartDate: b.Start, EndDate: b.End, Employer: filled(wireEmployer{b.EmployerKBO}),
		InternshipPlan: boolOf(b.InternshipPlan), CommunityService: boolOf(b.CommunityService),
	}
	if b.HoursPerMonth != "" {
		w.HoursPerMonth = number(b.HoursPerMonth)
	}
	return w
}

func employmentOf(b casefile.Art60) wireRegistration {
	w := wireRegistration{
		WEOID: b.WEOID, StartDate: b.Start, EndDate: b.End, Employer: filled(wireEmployer{b.EmployerKBO}),
		SocialEconomy: boolOf(b.SocialEconomy),
	}
	for _, r := range b.Regimes {
		w.WorkRegimes = append(w.WorkRegimes, wireRegime{r.From, r.Regime, number(r.HoursPerWeek)})
	}
	return w
}

func handoverOf(b casefile.Handover) wireRegistration {
	w := wireRegistration{
		Kind: string(b.Handover), ChoiceDate: b.ChoiceDate, Motivation: b.Motivation, JobTarget: filled(wireText{b.JobTarget}),
		ContactLanguage: b.ContactLanguage, InformedOn: b.InformedOn, Note: b.Note, TrainingStart: b.TrainingStart, OCMW: filled(wireOCMW{b.OCMWKBO, b.OCMWNIS}),
		CurrentCategory: b.CurrentCategory, TWEHistory: filled(wireTWE{b.WEOStart, b.WEOEnd, b.Art60Start, b.Art60End}),
	}
	for _, g := range b.Grounds {
		w.Grounds = append(w.Grounds, groundPrefix+g)
	}
	for _, a := range b.Exclusions {
		w.ExclusionAnswers = append(w.ExclusionAnswers, wireAnswer(a))
	}
	return w
}

const groundPrefix = "ground"

// boolOf leaves out what is not known: a missing answer is never taken for "no".
func boolOf(t casefile.Tri) *bool {
	switch t {
	case casefile.Yes:
		return new(true)
	case casefile.No:
		return new(false)
	}
	return nil
}

func triOf(b *bool) casefile.Tri {
	switch {
	case b == nil:
		return casefile.Unknown
	case *b:
		return casefile.Yes
	}
	return casefile.No
}

// number is a decimal in its shortest form, so that 38.00 and 38 are one thing. What is no
// number is left as it is, for the document to refuse.
func number(s string) json.Number {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return json.Number(s)
	}
	return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
}

// ---- Reading

func (w wireDossier) dossier() (casefile.Dossier, error) {
	insz, err := ident.ParseINSZ(w.SSIN)
	if err != nil || w.DossierID == "" || w.Version < 1 {
		return casefile.Dossier{}, errors.New("dossier lacks its id, version or number")
	}
	d := casefile.Dossier{
		ID: w.DossierID, Version: w.Version, Person: w.person(insz.INSZ), Profile: w.profile(),
		Owner:       casefile.Owner{Kind: w.Owner.Kind, Name: w.Owner.Name, Program: w.Owner.Program, Since: day(w.Owner.Since)},
		INSZHistory: numbers(w.SSINHistory), INSZCanceled: w.SSINStatus == ssinCanceled,
	}
	for _, part := range []struct {
		kind casefile.RegistrationKind
		list []*wireRegistration
	}{
		{casefile.RegCategory, w.Categories}, {casefile.RegWEO, w.WEOs}, {casefile.RegEmployment, w.Employments},
		{casefile.RegPlacement, w.Placements}, {casefile.RegEvaluation, w.Evaluations}, {casefile.RegDocument, w.Documents},
		{casefile.RegCompetence, w.Competences}, {casefile.RegNote, w.Notes}, {casefile.RegHandover, w.Handovers},
	} {
		for _, r := range part.list {
			if r == nil {
				return casefile.Dossier{}, fmt.Errorf("%s that is null", part.kind)
			}
			reg, err := r.registration(part.kind)
			if err != nil {
				return casefile.Dossier{}, err
			}
			d.Registrations = append(d.Registrations, reg)
		}
	}
	return d, nil
}

// numbers are the earlier numbers of a person; what is no number finds nobody, and is left out.
func numbers(texts []string) []ident.INSZ {
	var out []ident.INSZ
	for _, text := range texts {
		if reading, err := ident.ParseINSZ(text); err == nil {
			out = append(out, reading.INSZ)
		}
	}
	return out
}

func (w wireDossier) person(insz ident.INSZ) casefile.Person {
	p := casefile.Person{INSZ: insz, ContactLanguage: w.ContactLanguage}
	if w.Person != nil {
		p.LastName, p.FirstName, p.BirthDate = w.Person.LastName, w.Person.FirstName, day(w.Person.BirthDate)
	}
	if w.Address != nil {
		p.Street, p.PostalCode, p.City, p.NIS = w.Address.Street, w.Address.PostalCode, w.Address.City, w.Address.NIS
	}
	return p
}

func (w wireDossier) profile() casefile.Profile {
	p := casefile.Profile{EntryNeed: w.EntryReason, DevelopmentPlanOn: planDate(w.DevelopmentPlan)}
	p.PlanOfOthers = w.DevelopmentPlan != nil && w.DevelopmentPlan.Summary != "" && p.DevelopmentPlanOn.IsZero()
	if w.JobTarget != nil {
		p.JobTarget = w.JobTarget.Description
	}
	return p
}

// registration reads one of the given kind. Without an id, or without the date that
// it stands by, it is none.
func (w wireRegistration) registration(kind casefile.RegistrationKind) (casefile.Registration, error) {
	r := casefile.Registration{Body: w.body(kind), ID: w.id(kind)}
	if r.Body == nil || r.ID == "" {
		return r, fmt.Errorf("%s without an id", kind)
	}
	r.From = casefile.StartOf(r.Body)
	if r.From.IsZero() {
		return r, fmt.Errorf("%s without a date", kind)
	}
	if w.Caseworker != nil {
		r.Caseworker = w.Caseworker.ID
	}
	if at, err := time.Parse(time.RFC3339, w.RegisteredAt); err == nil {
		r.RegisteredAt = at.UTC()
	}
	return r, nil
}

func (w wireRegistration) id(kind casefile.RegistrationKind) string {
	switch kind {
	case casefile.RegCategory:
		return w.CategoryID
	case casefile.RegWEO:
		return w.WEOID
	case casefile.RegEmployment:
		return w.EmploymentID
	case casefile.RegPlacement:
		return w.PlacementID
	case casefile.RegEvaluation:
		return w.EvaluationID
	case casefile.RegDocument:
		return w.DocumentID
	case casefile.RegCompetence:
		return w.CompetenceID
	case casefile.RegNote:
		return w.NoteID
	case casefile.RegHandover:
		return w.HandoverID
	}
	return ""
}

func (w wireRegistration) body(kind casefile.RegistrationKind) casefile.Body {
	switch kind {
	case casefile.RegCategory:
		return casefile.Category{Code: w.Code, From: day(w.ValidFrom), SetBy: w.SetBy, EmploymentID: w.EmploymentID}
	case casefile.RegWEO:
		weo := casefile.WEO{Start: day(w.StartDate), End: day(w.EndDate), EndReason: w.EndReason}
		if w.Counsellor != nil {
			weo.Counsellor = w.Counsellor.ID
		}
		return weo
	case casefile.RegEmployment:
		return w.employment()
	case casefile.RegEvaluation:
		return casefile.EvaluationDone{
			Date: day(w.Date), Evaluation: w.Kind, WEOID: w.WEOID, CompetencesScored: triOf(w.CompetencesScored),
			PlanUpdated: triOf(w.PlanUpdated), ReportUploaded: triOf(w.ReportUploaded),
		}
	case casefile.RegPlacement:
		return w.placement()
	case casefile.RegDocument:
		return casefile.Document{Document: casefile.DocumentKind(w.Kind), Date: day(w.Date), SHA256: w.SHA256, Size: w.Size, WEOID: w.WEOID}
	case casefile.RegCompetence:
		return casefile.Competence{Competence: w.Description, Level: w.Level, AssessedOn: day(w.AssessedOn)}
	case casefile.RegNote:
		return casefile.Note{Note: casefile.NoteKind(w.Kind), Date: day(w.Date), Text: w.Text, WEOID: w.WEOID}
	case casefile.RegHandover:
		return w.handover()
	}
	return nil
}

func (w wireRegistration) placement() casefile.WorkPlacement {
	p := casefile.WorkPlacement{
		Placement: w.Kind, Start: day(w.StartDate), End: day(w.EndDate), InternshipPlan: triOf(w.InternshipPlan),
		HoursPerMonth: string(number(string(w.HoursPerMonth))), CommunityService: triOf(w.CommunityService), WEOID: w.WEOID,
	}
	if w.Employer != nil {
		p.EmployerKBO = w.Employer.KBO
	}
	return p
}

func (w wireRegistration) employment() casefile.Art60 {
	a := casefile.Art60{Start: day(w.StartDate), End: day(w.EndDate), SocialEconomy: triOf(w.SocialEconomy), WEOID: w.WEOID}
	if w.Employer != nil {
		a.EmployerKBO = w.Employer.KBO
	}
	for _, r := range w.WorkRegimes {
		a.Regimes = append(a.Regimes, casefile.RegimePeriod{
			From: day(r.ValidFrom), Regime: r.Regime, HoursPerWeek: string(number(string(r.HoursPerWeek))),
		})
	}
	return a
}

func (w wireRegistration) handover() casefile.Handover {
	h := casefile.Handover{
		Handover: casefile.HandoverKind(w.Kind), ChoiceDate: day(w.ChoiceDate), Motivation: w.Motivation,
		ContactLanguage: w.ContactLanguage, InformedOn: day(w.InformedOn), Note: w.Note, TrainingStart: day(w.TrainingStart), CurrentCategory: w.CurrentCategory,
		Status: w.Status, StatusSince: day(w.StatusSince), StatusReason: w.StatusReason, AssignedTo: w.AssignedTo,
	}
	if w.JobTarget != nil {
		h.JobTarget = w.JobTarget.Description
	}
	if w.OCMW != nil {
		h.OCMWKBO, h.OCMWNIS = w.OCMW.KBO, w.OCMW.NIS
	}
	if t := w.TWEHistory; t != nil {
		h.WEOStart, h.WEOEnd, h.Art60Start, h.Art60End = day(t.WEOStart), day(t.WEOEnd), day(t.Art60Start), day(t.Art60End)
	}
	for _, g := range w.Grounds {
		h.Grounds = append(h.Grounds, strings.TrimPrefix(g, groundPrefix))
	}
	for _, a := range w.ExclusionAnswers {
		h.Exclusions = append(h.Exclusions, casefile.ExclusionAnswer(a))
	}
	return h
}

// day is d when it is a day that exists, else no date: a Date that is not zero always is one.
func day(d casefile.Date) casefile.Date {
	parsed, err := casefile.ParseDate(string(d))
	if err != nil {
		return ""
	}
	return parsed
}
