// Package ledger is the contract of the store in which everything that mlpsync
// knows stands: the export in force, the decisions, the outbox, what MLP is
// known to hold, and the audit.
//
// It guarantees that each exported method is one transaction: after a crash
// either all of it is there or none. It does not decide anything: states and
// their legal transitions are package outbox's, what is sent is plan's.
// internal/cycle drives it; deliver, observe and the command line reach it
// through interfaces of their own that a Store satisfies. Every engine passes
// the suite in ledger/ledgertest.
//
// Personal data (payloads, INSZ, client numbers, file names are not) is sealed
// before it reaches the disk; lookups go through keyed digests.
package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrNotFound: no such client, entry or file.
	ErrNotFound = errors.New("not found in the ledger")
	// ErrLostClaim: the entry is no longer held under the claim that was named.
	ErrLostClaim = errors.New("the entry is no longer held under this claim")
	// ErrInUse: another daemon holds the state directory.
	ErrInUse = errors.New("another mlpsync uses this state directory")
)

// PausePrefix and an OCMW's KBO number make the Meta key that pauses it: while its
// value is not empty, Claim leaves the OCMW out.
const PausePrefix = "paused/"

// Store is the whole contract, by room.
type Store interface {
	Ingest
	Deciding
	Observing
	Outbox
	Operating
	Reading

	// Scratch is a copy in memory, for a plan that writes nowhere. The copy
	// reads and writes like the original and vanishes on Close.
	Scratch(ctx context.Context) (Store, error)
	// Inspect looks at everything that can be wrong with the store itself: the engine's
	// file, references, order of the lanes, balance, sealed values, chain of audit. What it finds
	// is told, not returned as an error. It writes nothing.
	Inspect(ctx context.Context) ([]Inspected, error)
	// Damage looks at the engine's file alone, and quickly: what of it can't be read. It writes nothing.
	Damage(ctx context.Context) ([]Finding, error)
	// Check is nil when Inspect finds nothing, else what it found.
	Check(ctx context.Context) error
	// Backup makes a whole copy in a new file, as the store was at one instant; others go on
	// meanwhile. Sealed values stay sealed. A file that is there already is refused. It
	// tells where the copy's audit ends.
	Backup(ctx context.Context, path string) (audit.Head, error)
	Close() error
}

// Inspected is one thing that an inspection looked at.
type Inspected struct {
	Check    string    `json:"check"`  // file, references, lanes, balance, sealed, audit; archive, mlp
	Looked   string    `json:"looked"` // at what
	Findings []Finding `json:"findings,omitempty"`
	// Unfinished: damage that another check tells of kept it from looking at all.
	Unfinished bool `json:"unfinished,omitempty"`
}

// Finding is something that is wrong: what, where, what now. No personal data.
type Finding struct {
	What  string `json:"what"`
	Where string `json:"where,omitempty"`
	Next  string `json:"next"`
	Err   error  `json:"-"`
}

// Damage is something, mostly of one client, that could not be read back, and what was done so that nobody else waits for it. No personal data.
type Damage struct {
	OCMW, Pseudonym string
	Entry           string // empty where it is of the client
	What            string // could not be read, and why
	Done            string
	Again           bool // the client is decided again
}

// ---- Ingest: a set of files becomes the export in force in one step.

// Ingest takes sets of files.
type Ingest interface {
	// StageSet opens a staging generation for an OCMW and throws away what an
	// interrupted one left. Only one is open at a time. A set has at most one file of a feed: the next
	// file of the feed takes its place.
	StageSet(ctx context.Context, run string, ocmw string, files []File) (Staging, error)
	// LastIngested is the last file of a feed that became part of a set in
	// force; ErrNotFound when there is none.
	LastIngested(ctx context.Context, ocmw, feed string) (File, error)
}

// File is a claimed file of a set.
type File struct {
	Feed string
	Name string // as the municipality named it; holds no personal data
	Hash string // SHA-256 of the content, hex
	Size int64
	// SnapshotOn is the instant that orders snapshots: the date in the name,
	// else the modification time.
	SnapshotOn time.Time
	// Interpretation is the version of profile and schemas that read it.
	Interpretation string
	// Reader is what the reading of a row depends on besides: the program's build, and its settings. It is no reason to
	// read a file again, but its rows are then not kept.
	Reader string
	// Delta tells that the file holds changes only: what it does not name is
	// not missing.
	Delta bool
}

// Staging takes the rows of a set. Rows are added in batches; nothing is
// visible to deciding before Activate. But for Keep and Prepare, one goroutine at a time uses it.
type Staging interface {
	Add(ctx context.Context, rows []Row) error
	// Prepare does the part of Add that needs no transaction, and gives the rest: what was prepared is added in that order, each once.
	// Of several goroutines one at a time may prepare, while another adds what was prepared before.
	Prepare(rows []Row) (add func(ctx context.Context) error, err error)
	// Keep tells that a row of the file has this line (Row.Line), and whether that is enough: then a row of the feed's last
	// file had the same line, was accepted and read by the same interpretation. It goes over with its records, under the new
	// number, counts as unchanged at Activate, and must not be added; all comes out as if it had been. It may say no although
	// the row was there. Rows are asked for in order, their numbers rise, and none is a number of another row of the file. It may be
	// called while Add runs, from another goroutine.
	Keep(ctx context.Context, file, number int, line []byte) (bool, error)
	// Activate compares the rows with the export in force, counts the outcomes
	// in SQL, checks each file's balance against counted, and in the same
	// transaction makes the set current, marks what is missing, and marks the
	// clients concerned dirty. When a balance does not hold nothing becomes
	// current and the result says so. Counted has the kept rows too.
	Activate(ctx context.Context, counted []FileCount, now time.Time) (SetResult, error)
	// Discard drops the staging generation. After Activate it does nothing.
	Discard(ctx context.Context) error
}

// Row is one data row of a file.
type Row struct {
	File    int // index into the files of the set
	Number  int // as a spreadsheet shows it
	Skipped bool
	// Rejections is not empty when any of the row's records was rejected.
	Rejections []Rejection
	// Client is the client number that the row names, where it could be read,
	// a rejected row's included.
	Client  string
	Records []StoredRecord
	// Line is all that the row was read from: by it a later file's row is known to be the same (Keep). Empty where the
	// reading had anything to say of it. It is stored as a keyed digest.
	Line []byte
}

// Rejection is one reason why a row was rejected. No values.
type Rejection struct {
	Row      int    `json:"row"`
	Column   string `json:"column"`
	Field    string `json:"field,omitempty"`
	Rule     string `json:"rule"`
	ReasonNL string `json:"reasonNl"`
	ReasonEN string `json:"reasonEn"`
	HintNL   string `json:"hintNl"`
	HintEN   string `json:"hintEn"`
}

// StoredRecord is a decoded record as it is kept.
type StoredRecord struct {
	Kind   casefile.RecordKind
	Client string
	Key    string
	// INSZ is set on client records only.
	INSZ       string
	Caseworker string // on client records
	// Hash is of the content without its provenance: equal hashes are
	// "unchanged".
	Hash    string
	Deleted bool
	// Payload is the record in the stored form of package casefile.
	Payload []byte
	// Columns are those that it came from, in their stored form, where Payload lacks them: they are kept once for all records of the
	// OCMW that have the same. Nobody changes them.
	Columns []byte
}

// FileCount is what the reader counted in a file.
type FileCount struct {
	Rows        int // data rows
	TotalsLines int
	BlankLines  int
}

// FileBalance is a file's balance: Rows = New + Changed + Unchanged +
// Duplicate + Rejected + Skipped (design decision 7).
type FileBalance struct {
	Name        string `json:"name"`
	Feed        string `json:"feed"`
	Rows        int    `json:"rows"`
	New         int    `json:"new"`
	Changed     int    `json:"changed"`
	Unchanged   int    `json:"unchanged"`
	Duplicate   int    `json:"duplicate"`
	Rejected    int    `json:"rejected"`
	Skipped     int    `json:"skipped"`
	TotalsLines int    `json:"totalsLines"`
	// AlreadySeen tells that the file equals the last one ingested from its
	// feed, and was read again because another feed brought a new one.
	AlreadySeen bool `json:"alreadySeen,omitempty"`
}

// Holds tells whether the balance holds.
func (b FileBalance) Holds() bool {
	return b.Rows == b.New+b.Changed+b.Unchanged+b.Duplicate+b.Rejected+b.Skipped
}

// ManyRejected tells that so many of the file's rows were rejected that the export itself, or its column profile, is more likely to be
// wrong than the rows are: a tenth of them, and more than a few (assumption).
func (b FileBalance) ManyRejected() bool {
	const share, few = 10, 10
	return b.Rejected > few && b.Rejected*share >= b.Rows
}

// SetResult is what became of a set.
type SetResult struct {
	Files     []FileBalance
	Activated bool
	// Missing counts records that were in force and are not in this snapshot.
	Missing int
}

// ---- Deciding

// Deciding is what turns records into decisions.
type Deciding interface {
	// Dirty lists clients to decide: marked dirty, due for review on or before
	// day, or decided by another version (of rules, parameters, profile,
	// schemas). Clients with an entry claimed or in doubt are left out until it
	// settles (decision 15), and so are clients not looked up in MLP yet; a client
	// whose INSZ is not known (its client row was rejected or is not in the export)
	// can't be looked up and is not left out. At most limit, in a stable order; call
	// again until none is left. The persons of except, who are being decided, are left out.
	Dirty(ctx context.Context, ocmw string, day casefile.Date, version string, limit int, except ...int64) ([]Subject, error)
	// Decide commits decisions with their entries and audit, many clients in
	// one transaction. For each: unsent entries (waiting, suspended) are
	// superseded by the new ones, but one of equal content on the same version, which
	// stays under its own id with its attempts and approval; a new entry whose content
	// equals a parked or discarded one of the client is not queued again (the parked
	// one stays, at its place in the new order); a parked one that is no longer asked
	// for is superseded, and a discarded one when another change of the same is asked for in its place. What was adopted or agreed on is kept, and makes nobody dirty. A subject whose inputs moved since Dirty gave it, or with an
	// entry in flight, is skipped and stays dirty.
	Decide(ctx context.Context, run string, outcomes []Outcome, now time.Time) error
}

// Subject is a client to decide.
type Subject struct {
	OCMW       string
	Person     int64
	Client     string // the OCMW's client number
	Pseudonym  string
	Records    []casefile.Record // Header.Missing set where it applies
	Known      casefile.Known
	SharedINSZ bool // another client of this OCMW has the same INSZ
	// Held are the rejected rows that hold the client back (decision 5).
	Held []HeldRow
	// Hold is set while a person holds the client back ("mlpsync hold"): nothing is decided or
	// sent of it.
	Hold *Hold
	// Answers are the caseworkers' answers that were given outside the export, oldest first.
	Answers []casefile.Answer
	// Inputs identifies what was read: a digest of records, known version, answers and hold.
	Inputs string
	// Damaged says what of the client can't be read back, which is left out here; empty where all can. Nothing is decided on the rest.
	Damaged string
	// Read is the ledger's own: when it was read, as the ledger counts. 0 where that is not known.
	Read int64
}

// Hold is a person's order to leave a client alone, or an OCMW's sending.
type Hold struct {
	Since  time.Time
	By     string // user of the operating system
	Reason string
}

// HeldRow is a rejected row in the set in force.
type HeldRow struct {
	File string
	Rejection
}

// OutcomeKind is the balance's word for what came of deciding a client: the
// first that fits.
type OutcomeKind string

// The outcomes, in their order.
const (
	OutcomeHeld     OutcomeKind = "held"
	OutcomeManual   OutcomeKind = "manual"
	OutcomePlanned  OutcomeKind = "planned"
	OutcomeNoChange OutcomeKind = "noChange"
)

// Outcome is a decided client.
type Outcome struct {
	Subject Subject
	Kind    OutcomeKind
	// Decision is empty for a held client (by data or by a person): its unsent entries are suspended.
	Decision casefile.Decision
	Version  string // of rules, parameters, profile and schemas together
	// Entries are the client's new entries in lane order; ID, Op, Kind,
	// Registration, Rule, Version, NotBefore, ContentHash and Payload are set.
	Entries []outbox.Entry
	Adopted map[string]string // our id -> MLP's
	// Agreed is what MLP holds as it is desired (plan.Result.Agreed): kept in Known.Written.
	Agreed map[string]casefile.Body
}

// ---- Observing

// Observing is what MLP is known to hold.
type Observing interface {
	// NeedLookup lists clients of whom MLP was not asked yet, by Person: those behind after, at most limit. One whose number is damaged is
	// left out, and nothing is decided or sent of it.
	NeedLookup(ctx context.Context, ocmw string, after int64, limit int) ([]Lookup, error)
	// SaveLookups stores what MLP answered: a dossier or none, and then whether the number
	// is cancelled. A dossier of another id than the known one forgets what was written in that. Where the known one never had
	// the number that was asked, it stays, whatever was found: a person is asked (DATA-03).
	SaveLookups(ctx context.Context, run, ocmw string, found []LookupResult, now time.Time) error
	// Cursor is the feed's position; empty before the first.
	Cursor(ctx context.Context, ocmw string) (string, error)
	// SaveFeed stores the dossiers that the feed brought, marks their clients
	// dirty (not those whose version is known already), and moves the cursor,
	// in one transaction. Dossiers of people who are no clients are left.
	SaveFeed(ctx context.Context, ocmw, cursor string, dossiers []casefile.Dossier, now time.Time) (changed int, err error)
	// LookUpAgain has those looked up again whom dossiers are about that changed and could not be read, but where the version is known
	// already, and says how many people that are. Of lost dossiers nobody can tell whose they are: anybody's.
	LookUpAgain(ctx context.Context, ocmw string, unread []Unread) (people, lost int, err error)
	// ForgetCursor asks for a full look-up after the feed lost the cursor.
	ForgetCursor(ctx context.Context, ocmw string) error
}

// Unread is a changed dossier that could not be read, as far as it tells which it is.
type Unread struct {
	Dossier string // empty: can't be read
	INSZ    string // empty: can't be read
	Version int64  // 0: can't be read
}

// Lookup is a person to look up; INSZ in clear, for the request only.
type Lookup struct {
	Person int64
	INSZ   string
}

// LookupResult is what MLP said of a person.
type LookupResult struct {
	Person  int64
	Dossier *casefile.Dossier // nil: none in our area
	// Canceled tells that MLP knows the number as cancelled.
	Canceled bool
}

// ---- Outbox

// Outbox is the queue that deliver works on. Transitions are compare-and-swap
// on state and claim: ErrLostClaim when they don't match. What was claimed with an entry and goes behind it waits again, as it
// was, when the entry is not settled but given back, in doubt, parked or superseded: it was not sent.
type Outbox interface {
	// Recover marks entries that were claimed when the last process ended as in
	// doubt: they may have been sent. That counts as no attempt. Called once, at start.
	Recover(ctx context.Context, now time.Time) (int, error)
	// Claim takes at most by.Limit entries, a stretch a lane: its first unsettled one, if approved and due, and those of the
	// same version right behind it that are so too, by.Stretch of them at most. They go one after another, in their order. In doubt
	// comes first, each alone, and also behind one that waits. Lanes with a
	// parked entry ahead and OCMWs in by.Skip are left out, and so are, for what waits to be sent, lanes with another entry in flight,
	// clients held (by data or by a person), OCMWs that are stopped or paused, and clients
	// that are dirty (decided again first) or to be looked up. An
	// entry whose Version is not the known one is superseded with its lane, and
	// its client marked dirty, instead. An entry in doubt stays in doubt under its
	// claim: its State tells deliver to read before it sends. Nobody's order forbids that reading; an
	// entry that is given back after it waits to be sent as any other. With each stretch comes what MLP is known
	// to hold of its person. What is damaged stops no other: an entry that can't be read back is superseded with its lane and its client decided
	// again, who is looked up first where it was in doubt; where what is known of the person can't be read, the client is decided again, and one in
	// doubt stays so. Where a key is wrong, and not a value damaged, it is an error, and nothing changes.
	Claim(ctx context.Context, by outbox.Claim, now time.Time) ([][]outbox.Entry, []casefile.Known, error)
	// Known is what MLP is known to hold of a person.
	Known(ctx context.Context, person int64) (casefile.Known, error)
	// Settle ends an entry that MLP accepted; known is the new known dossier, what
	// was sent is kept in Known.Written,
	// and the lane's later entries are carried to its version. With the lane's
	// last entry the client is decided again, on what MLP holds now. They are not when
	// the version moved by more than this entry's write, or a newer one is known
	// already: then the client is decided again (decision 13).
	Settle(ctx context.Context, run string, e outbox.Entry, known casefile.Dossier, now time.Time) error
	// SettleMany is Settle of several entries in one transaction, those of a lane in its order: known[i] is the dossier after
	// entries[i]. Either all are settled or none is. Then it claims under onward, in the same transaction, what comes next in these
	// lanes where Claim would give it now, and what Claim gives beside that; with an empty onward nothing. It keeps neither list.
	SettleMany(ctx context.Context, run string, onward outbox.Claim, entries []outbox.Entry, known []casefile.Dossier, now time.Time) ([][]outbox.Entry, []casefile.Known, error)
	// GiveBack returns a claimed entry: waiting again at notBefore. counted says
	// whether the attempt counts. For an entry in doubt it says that reading showed
	// that MLP has it not; where reading did not answer, it is Doubt again.
	GiveBack(ctx context.Context, e outbox.Entry, notBefore time.Time, counted bool, why outbox.Problem, now time.Time) error
	// Doubt records that a claimed entry may or may not have been taken. The
	// attempt counts when the entry was sent, not when MLP was only read.
	Doubt(ctx context.Context, e outbox.Entry, notBefore time.Time, why outbox.Problem, now time.Time) error
	// Park sets an entry aside until a person acts.
	Park(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error
	// Conflict supersedes the lane's unsent entries, stores what MLP holds now
	// (nil: not read; then the client is looked up again) and marks the client
	// dirty.
	Conflict(ctx context.Context, e outbox.Entry, known *casefile.Dossier, why outbox.Problem, now time.Time) error
	// OutsideArea records that a create was refused because the person has a
	// dossier elsewhere; supersedes the lane and marks the client dirty.
	OutsideArea(ctx context.Context, e outbox.Entry, why outbox.Problem, now time.Time) error
	// NextDue is the earliest instant at which a waiting or doubtful entry that
	// may go becomes due; zero when nothing waits.
	NextDue(ctx context.Context) (time.Time, error)
}

// ---- Operating

// Operating is what people and the guard do.
type Operating interface {
	// StartRun begins a run: categories as they are now become "before", and
	// the run's id is stored with what it does. What is to wait for longer than outbox.MaxDelay goes at once, and who was
	// decided at an instant that is still to come is dirty: the clock was set back since.
	StartRun(ctx context.Context, run string, now time.Time) error
	// Guard counts what waits for approval.
	Guard(ctx context.Context, ocmw string) (GuardState, error)
	// Pending is Guard without Clients. What it costs does not grow with them, as each pass asks.
	Pending(ctx context.Context, ocmw string) (GuardState, error)
	// Unreleased tells what a release would let go now, and what came of the last one that was ordered. What it costs grows with
	// what waits.
	Unreleased(ctx context.Context, ocmw string) (Unreleased, error)
	// Approve lets everything go that waits for approval, and clears the stop.
	Approve(ctx context.Context, ocmw string, by Actor, now time.Time) error
	// Stop records that the guard holds the OCMW back.
	Stop(ctx context.Context, ocmw, reasonNL, reasonEN string, now time.Time) error
	// Request leaves an order for the daemon: other processes write nothing
	// else. Kinds: "retry", "discard" (Entry), "retry" of all reading, so that everybody is looked up again (OCMW), "release" (OCMW and
	// Shown), "pause", "resume" (OCMW), "hold", "unhold" (OCMW and
	// Client), "decide" (OCMW, Client and Answer).
	Request(ctx context.Context, r Request) error
	// Paused tells who stopped the OCMW's sending, and why, as ordered last; nil when it goes on. Claim
	// stops with the order, and goes on when the order to resume was carried out.
	Paused(ctx context.Context, ocmw string) (*Hold, error)
	// ApplyRequests carries out what was asked, audited, and tells what it did. Orders about
	// a client mark it dirty. An answer takes the place of the one to the same question
	// (Rule and Question), and one with a category that of any other with a category: the older
	// is in the audit only. What can't be done (no such client, held already, not held) is
	// told as not done, and so is an order that can't be read back (one that stops something is carried
	// out where no more than its reason is lost), and a release of what is not what was Shown any more. An answer that is Anew has all forgotten that is known of the client's dossier (entries that are not settled are
	// superseded, with a problem that says why) and what was answered to other rules, has the client looked up under the number in the export, and is kept with what it
	// found left behind. It waits while an entry of the client is in flight, and is not done where the question is not that of the number
	// and dossier that are known then (casefile.Dossier.AnewQuestion).
	ApplyRequests(ctx context.Context, now time.Time) ([]Applied, error)
	// Meta keeps small facts over restarts (the test clock, pauses: PausePrefix);
	// empty when there is none. They are in clear: no personal data.
	Meta(ctx context.Context, key string) (string, error)
	SetMeta(ctx context.Context, key, value string) error
	// SaveNotes replaces the standing notes of one topic ("files", "channel"): what
	// status shows beside the counts. A note that stood keeps its Since.
	SaveNotes(ctx context.Context, topic string, notes []Note) error
}

// Actor is who does something, and why.
type Actor struct {
	Name   string // OS user, or ActorSelf
	Reason string
}

// ActorSelf is who acts when no person ordered it, and ThroughSudo stands behind the name of who gave an order as
// another user.
const (
	ActorSelf   = "mlpsync"
	ThroughSudo = " (sudo)"
)

// GuardState is how the guard stands for an OCMW.
type GuardState struct {
	Clients  int        // clients of the export in force
	Changing int        // clients with entries that wait for approval
	Shrunk   []FeedRows // feeds whose snapshots shrank, until it is approved or the rows are back
	FirstRun bool       // nothing was ever approved
	Stopped  bool
	ReasonNL string
	ReasonEN string
	Since    time.Time
}

// Unreleased is what waits for a person to release the guard.
type Unreleased struct {
	// Fingerprint identifies what would be approved: the changes of each client, what shrank, and whether it is the first run. It
	// says nothing of whom they are.
	Fingerprint string
	Refused     *Refused // nil where the last order to release was carried out, and before the first
}

// Refused is an order that was not carried out.
type Refused struct {
	By    string
	Asked time.Time
	Why   string // English, no personal data
}

// FeedRows are the data rows of a feed's snapshot in force, those that the profile skips left out, and the most that stood
// since a shrinking was last approved. A delta weighs nothing.
type FeedRows struct {
	Feed       string // empty: all feeds together, as a state of before schema 8 noted it
	RowsBefore int
	RowsAfter  int
}

// Request is an order from the command line.
type Request struct {
	Kind  string
	OCMW  string
	Entry string
	// Shown is the fingerprint of what a person saw and releases.
	Shown string
	// Client is the OCMW's client number; Answer what a caseworker answered.
	Client string
	Answer casefile.Answer
	By     Actor
	At     time.Time
}

// Applied is what came of a request.
type Applied struct {
	Request
	Done   bool
	Result string // English, no personal data
}

// ---- Reading

// Reading is what status, reports and explain show.
type Reading interface {
	Totals(ctx context.Context, ocmw string, run string) (Totals, error)
	// Entries gives what is damaged with what is in clear of it, and Damaged set; so does Entry.
	Entries(ctx context.Context, f EntryFilter) ([]outbox.Entry, error)
	// Lanes gives the entries in some states without what they say (payload, content hash and problem), those of a person at a time and in
	// their order: however many wait, it holds no more than one lane. each asks nothing of the store, and keeps no lane.
	Lanes(ctx context.Context, states []outbox.State, each func(lane []outbox.Entry) error) error
	Entry(ctx context.Context, id string) (outbox.Entry, error)
	// LookedUp counts the clients of whom MLP was asked what it holds, and can be asked again.
	LookedUp(ctx context.Context, ocmw string) (int, error)
	// Pseudonyms are those of people; of one who is not there, none.
	Pseudonyms(ctx context.Context, people []int64) (map[int64]string, error)
	// Find is a client by client number or pseudonym; ErrNotFound.
	Find(ctx context.Context, ocmw, client string) (ClientView, error)
	// Rejected walks the rejected rows of the sets in force, by file and row. each asks nothing of the store.
	Rejected(ctx context.Context, ocmw string, each func(RejectedRow) error) error
	// Clients walks every client, in order of client number; those without a decision have an empty Kind.
	Clients(ctx context.Context, ocmw string, each func(ClientView) error) error
	// Decisions is Clients without what decisions were made of: no Records, SharedINSZ, Answers and Inputs. Most of
	// what is kept of a client are the records.
	Decisions(ctx context.Context, ocmw string, each func(ClientView) error) error
	Notes(ctx context.Context, ocmw string) ([]Note, error)
	// Audit walks the chain of one client (pseudonym), or of all when empty. Both look at every record.
	Audit(ctx context.Context, pseudonym string, each func(audit.Record) error) error
	// Audited walks the records that f chooses, oldest first, with what was sealed in them; none that is added meanwhile.
	// Each is verified by itself and with its neighbour; what is wrong is told with it and ends nothing. It
	// tells how many older ones f.Newest left off.
	Audited(ctx context.Context, f AuditFilter, each func(Audited) error) (left int, err error)
}

// AuditFilter chooses records of the audit; zero fields choose all.
type AuditFilter struct {
	Seq          int64  // this one
	OCMW, Client string // KBO number, pseudonym
	Entry, Run   string
	Actions      []string  // any of them (audit.Actions)
	By           string    // who ordered it, through sudo too; "mlpsync" for what nobody did
	Ordered      bool      // what people ordered
	Since, Until time.Time // then or later, before then
	Newest       int       // at most so many, the newest; 0 is all
}

// Audited is a record of the audit, opened.
type Audited struct {
	audit.Record
	Words   string // what a person typed, or the guard said; empty where that was erased
	Problem string // what is wrong with the record; empty for nothing
}

// Totals are the counts of an OCMW; of all when ocmw is empty.
type Totals struct {
	Files        []FileBalance                     // of the run's sets; of each OCMW's last one when run is empty
	Last         []FileBalance                     // the last file of each feed, of whichever run; only when run is empty
	Clients      map[OutcomeKind]int               // of the last decision of each client
	Undecided    int                               // clients in force without a decision yet
	ToLookUp     int                               // clients in force with one, of whom MLP is to be asked again first
	Categories   map[casefile.Code]CategoryTotal   // "" is no category, NotLookedUp those not asked for
	Entries      map[outbox.State]int              // all that is open, and settled and superseded ever
	Settled      map[casefile.RegistrationKind]int // settled in the run
	Handovers    map[casefile.HandoverKind]int     // settled in the run
	Unapproved   int                               // entries that wait for the guard
	InDoubtSince time.Time                         // oldest
}

// NotLookedUp stands in Totals.Categories for clients of whom MLP was not asked: no valid INSZ is known of them yet.
const NotLookedUp casefile.Code = "?"

// CategoryTotal counts clients whose category in MLP it was at the start of
// the run (or at first contact), and is now.
type CategoryTotal struct{ Before, After int }

// EntryFilter chooses entries; zero fields choose all.
type EntryFilter struct {
	OCMW   string
	Person int64
	States []outbox.State
	Run    string
	Limit  int
}

// ClientView is a client as explain and the reports see it.
type ClientView struct {
	Subject
	Caseworker string
	Kind       OutcomeKind // empty: not decided yet
	Decision   casefile.Decision
	DecidedAt  time.Time
	Dirty      bool
	KnownLost  bool // what is damaged is what is known of the dossier
}

// RejectedRow is a rejected row of the set in force.
type RejectedRow struct {
	File       string
	Client     string // where it could be read
	Caseworker string // of the client, where known
	Rejection
}
