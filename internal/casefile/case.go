// Package casefile holds what two stages that are not neighbours need: typed
// records, the case of one client, the known dossier, desired registrations,
// decisions and changes.
//
// It guarantees that values say what they are (dates are civil dates, an INSZ
// never prints) and that everything stored comes back equal. It decides
// nothing, sends nothing and reads no clock. Every stage but the adapters uses
// it.
package casefile

import (
	"cmp"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// OCMW is what deciding needs to know of one OCMW.
type OCMW struct {
	KBO               ident.KBO
	NIS               ident.NIS
	DefaultCaseworker string // personnel code used where a record names none
	// HealthDataAgreed says that the OCMW's data protection officer agreed that
	// ground 1 of GLOW, which is health data, travels (design decision 22).
	HealthDataAgreed bool
	// Area are all municipality codes that are or were the OCMW's (mergers); empty: not
	// looked at. A client with another one has moved.
	Area []ident.NIS
}

// Case is everything the export in force says of one client.
type Case struct {
	OCMW   OCMW
	Client *Client // nil when only other records name the client
	// SharedINSZ tells that another client of this OCMW has the same INSZ: a
	// person decides, nothing is sent.
	SharedINSZ  bool
	Tracks      []*Track
	Employments []*Employment
	Placements  []*Placement
	Trainings   []*Training
	Evaluations []*Evaluation
	Handovers   []*HandoverRecord
	Competences []*CompetenceRecord
	Documents   []*DocumentRecord
	// Files says of each document's path what was found there.
	Files map[string]FileState
	// Answers are what caseworkers answered with "mlpsync decide", oldest first.
	Answers []Answer
}

// Answer is a caseworker's answer to a question, given outside the export. It holds
// until the facts that the question was about change.
type Answer struct {
	// Rule is the rule that asked.
	Rule string
	// Category is the category that the caseworker chose; empty for an answer that lets
	// the data stand as they are.
	Category Code
	// Question is that of the Manual or Finding that is answered: with other facts it is another
	// question.
	Question string
	// Facts are those of the decision that was answered (Decision.Facts): a category holds as long
	// as they do.
	Facts string
	// Adopt tells, of a Finding about what somebody changed in MLP, that the change stands; else the
	// answer overrules it.
	Adopt bool
	// Means says in Dutch what the answer means, as the question put it: for people to read, and where GLOW-05 had one
	// name for two questions, to tell which was answered.
	Means string `json:",omitempty"`
	// Anew is the Manual's: the answer is no word about the data but an order, which the ledger carries out once. Left is what it found then.
	Anew   bool  `json:",omitempty"`
	Left   *Left `json:",omitempty"`
	On     Date
	At     time.Time
	By     string // user of the operating system
	Reason string
}

// Left is a dossier that a client left to begin anew in that of another number. Nothing is written in it any more.
type Left struct {
	Dossier string // MLP's id of it
	// Behind is what stands in it by this software, to be ended or taken back by hand.
	Behind []LeftBehind
}

// LeftBehind is a registration in a dossier that was left, or the dossier's own data: of what sort, and from when to when. It holds
// nothing else of anybody.
type LeftBehind struct {
	Kind     RegistrationKind
	Code     Code `json:",omitempty"` // of a category
	From, To Date
	// Changed tells that it stood there before us, and was only changed. Of the dossier's own data it is so where the dossier did.
	Changed bool `json:",omitempty"`
}

// Assemble puts the records of one client together. The order of records does
// not matter: each kind is sorted by date and key. A second client record of
// the same number cannot occur: the ledger holds one record a key.
func Assemble(ocmw OCMW, records []Record) Case {
	c := Case{OCMW: ocmw}
	for _, r := range records {
		c.add(r)
	}
	sortBy(c.Tracks, func(t *Track) string { return string(Earliest(t.WEOStart, t.ChoiceDate)) })
	slices.SortFunc(c.Employments, func(a, b *Employment) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.RegimeFrom, b.RegimeFrom), cmp.Compare(a.Key(), b.Key()))
	})
	sortBy(c.Placements, func(p *Placement) string { return string(p.Start) })
	sortBy(c.Trainings, func(t *Training) string { return string(t.Start) })
	sortBy(c.Evaluations, func(e *Evaluation) string { return string(e.Date) })
	sortBy(c.Handovers, func(h *HandoverRecord) string { return string(h.ChoiceDate) })
	sortBy(c.Competences, func(r *CompetenceRecord) string { return string(r.AssessedOn) })
	sortBy(c.Documents, func(r *DocumentRecord) string { return string(r.Date) })
	return c
}

func (c *Case) add(r Record) {
	switch r := r.(type) {
	case *Client:
		c.Client = r
	case *Track:
		c.Tracks = append(c.Tracks, r)
	case *Employment:
		c.Employments = append(c.Employments, r)
	case *Placement:
		c.Placements = append(c.Placements, r)
	case *Training:
		c.Trainings = append(c.Trainings, r)
	case *Evaluation:
		c.Evaluations = append(c.Evaluations, r)
	case *HandoverRecord:
		c.Handovers = append(c.Handovers, r)
	case *CompetenceRecord:
		c.Competences = append(c.Competences, r)
	case *DocumentRecord:
		c.Documents = append(c.Documents, r)
	}
}

func sortBy[R Record](rs []R, date func(R) string) {
	slices.SortFunc(rs, func(a, b R) int {
		return cmp.Or(cmp.Compare(date(a), date(b)), cmp.Compare(a.Key(), b.Key()))
	})
}

// ClientNumber is the OCMW's number of the client; empty for an empty case.
func (c Case) ClientNumber() string {
	if c.Client != nil { // asked for each id: no need to list a long course
		return c.Client.ClientNumber()
	}
	for _, r := range c.Records() {
		return r.ClientNumber()
	}
	return ""
}

// Records lists the case's records, client first.
func (c Case) Records() []Record {
	var all []Record
	if c.Client != nil {
		all = append(all, c.Client)
	}
	all = appendAll(all, c.Tracks)
	all = appendAll(all, c.Employments)
	all = appendAll(all, c.Placements)
	all = appendAll(all, c.Trainings)
	all = appendAll(all, c.Evaluations)
	all = appendAll(all, c.Handovers)
	all = appendAll(all, c.Competences)
	return appendAll(all, c.Documents)
}

func appendAll[R Record](all []Record, rs []R) []Record {
	for _, r := range rs {
		all = append(all, r)
	}
	return all
}

// Caseworker is who acts for the client in MLP: the client's own caseworker,
// else the OCMW's default.
func (c Case) Caseworker() string {
	if c.Client != nil && c.Client.Caseworker != "" {
		return c.Client.Caseworker
	}
	return c.OCMW.DefaultCaseworker
}
