package casefile

// Decision is the outcome of mapping one client on one day. It holds no
// personal data but dates and codes; Dutch sentences name rules, not people.
type Decision struct {
	Day          Date
	RulesVersion string
	// Timeline is the client's course of categories, past and planned, in order
	// of date. At most one entry holds on a day.
	Timeline []TimelineEntry
	// Registrations are what MLP is to hold as of Day: nothing whose valid-from
	// lies ahead, nothing that a manual decision blocks, nothing that others
	// register.
	Registrations []Registration
	Deadlines     []Deadline
	Findings      []Finding
	Manual        []Manual
	Trace         []Trace
	// Facts is a digest of what the export says of the client's course of categories: an
	// answer that chose a category holds as long as it stays.
	Facts string `json:",omitempty"`
	// NextReview is the next day on which the outcome can differ with the same
	// facts; zero when none.
	NextReview Date
}

// TimelineEntry is a category from a day on.
type TimelineEntry struct {
	Code   Code
	From   Date
	SetBy  Party
	Rule   string
	Source string // document and section
	// Expected tells that somebody else sets it: it is watched, not sent.
	Expected bool
	Cells    []Cell
}

// On is the timeline's entry that holds on a day.
func (d Decision) On(day Date) (TimelineEntry, bool) {
	var held TimelineEntry
	found := false
	for _, e := range d.Timeline {
		if e.From <= day {
			held, found = e, true
		}
	}
	return held, found
}

// DeadlineState says how a deadline stands on the day of the decision.
type DeadlineState string

// The states of a deadline.
const (
	DeadlineDue     DeadlineState = "due"
	DeadlineMet     DeadlineState = "met"
	DeadlineOverdue DeadlineState = "overdue"
)

// Deadline is something that must happen by a day; that day is still in time.
type Deadline struct {
	Rule  string
	Due   Date
	State DeadlineState
	What  string // Dutch
	Cells []Cell
}

// Finding is something that a caseworker should know; it stops nothing.
type Finding struct {
	Rule   string
	Reason string // Dutch
	Next   string // Dutch: what to do
	Cells  []Cell
	// Question names the finding for an answer; empty when none is taken. Accept says in Dutch
	// what an answer would mean.
	Question string `json:",omitempty"`
	Accept   string `json:",omitempty"`
}

// Manual is a decision that a person must take; until then what it blocks is
// not sent for this client.
type Manual struct {
	Rule     string
	Reason   string // Dutch
	Next     string // Dutch: what to do or fill in
	Proposal Code   // the category that the rule proposes, if any
	Cells    []Cell
	// Question names the question for an answer: with other facts it is another one.
	Question string `json:",omitempty"`
	// Accept says in Dutch what an answer that lets the data stand means; empty where only the
	// export, MLP, or a category answers.
	Accept string `json:",omitempty"`
	// Anew tells that to accept is to leave the dossier that is known, and to begin anew in that of the number in the export.
	Anew bool `json:",omitempty"`
	// Category tells that a category answers the question.
	Category bool `json:",omitempty"`
	// NoAdopt says in Dutch why the category that stands in MLP can't be adopted, where that is so.
	NoAdopt string `json:",omitempty"`
}

// Trace tells of one rule whether it fired, and why or why not.
type Trace struct {
	Rule   string
	Fired  bool
	Why    string // Dutch
	Source string
	Cells  []Cell
}

// ChangeOp is how a change reaches MLP.
type ChangeOp string

// The operations.
const (
	OpCreate ChangeOp = "create" // POST of a new dossier
	OpPut    ChangeOp = "put"    // PUT of a registration under its id
	OpPatch  ChangeOp = "patch"  // merge-patch of the dossier's own data
)

// Change is one thing to send: the difference between what MLP holds and what
// it is to hold. A person's changes are ordered (design decision 9).
type Change struct {
	Op   ChangeOp
	Kind RegistrationKind
	ID   string // registration id, MLP's own where it held it before us
	Old  Body   // nil when MLP holds nothing of it
	New  Body   // complete for OpPut and OpCreate; only what changes for OpPatch
	From Date
	Rule string
	// Caseworker is the personnel code of the person in whose name it is sent.
	Caseworker string
	// Sentence says it to a person, in Dutch: what, from what, to what, why.
	Sentence string
}
