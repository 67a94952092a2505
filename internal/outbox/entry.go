package outbox

import "time"

// Entry is one thing to send for one person. Entries of a person form a lane:
// they go out in the order of Seq, one at a time (design decision 15).
type Entry struct {
	ID     string // ours; also the base of its idempotency key
	OCMW   string // KBO number
	Person int64  // the ledger's id of the person: the lane
	// Pseudonym stands for the client in logs.
	Pseudonym string
	Seq       int64
	// Op, Kind and Registration say in clear what it is: no personal data.
	Op           string
	Kind         string
	Registration string
	Rule         string
	State        State
	// Version is the dossier version that its decision saw, or that an earlier
	// entry of its lane brought about; 0 where there was no dossier.
	Version int64
	// Attempts are those that count towards MaxAttempts (VerdictRow.Counts): not what was given back
	// unsent, throttled or not admitted, and not what a crash cut short.
	Attempts  int
	NotBefore time.Time
	// ContentHash tells equal changes from different ones.
	ContentHash string
	// Payload is the change as casefile.MarshalChange writes it. Personal data:
	// sealed at rest.
	Payload []byte
	// Claim is the token of who holds it; every transition names it.
	Claim     string
	CreatedAt time.Time
	UpdatedAt time.Time
	// Approved tells that the guard, or a person, let it go.
	Approved bool
	// DoubtSince is set while it is in doubt.
	DoubtSince time.Time
	// TraceID is that of the last request sent for it.
	TraceID string
	Problem Problem
	// LookUpFirst tells that MLP is asked again what it holds of the client before anything of it is decided or sent, and DecideFirst that
	// the client is decided again before what waits is sent.
	LookUpFirst, DecideFirst bool
	// Damaged says what of it can't be read back from the store, which is empty then: Payload or Problem. Empty where all can.
	Damaged string
}

// Alone tells, of the version that a dossier has after the entry, that no other write moved it: it is the next one, or the entry
// changed nothing, or there was no dossier.
func (e Entry) Alone(after int64) bool {
	return e.Version == 0 || after == e.Version || after == e.Version+1
}

// Problem is why an entry waits, is in doubt or is parked, in words that hold
// no personal data.
type Problem struct {
	Status  int    `json:"status,omitempty"` // HTTP status; 0 where no answer came
	Type    string `json:"type,omitempty"`   // problem type URN, or a word of ours such as "network"
	Title   string `json:"title,omitempty"`
	Pointer string `json:"pointer,omitempty"` // JSON pointer of the offending input, if named
	Next    string `json:"next,omitempty"`    // what a person can do
}
