package adapters

import (
	"context"
	"errors"
	"time"
)

// Source brings the files of one OCMW, in sets. It says what it did in its
// answers and logs nothing. One goroutine at a time uses it.
type Source interface {
	// Poll looks for new files, takes those that are whole, and says which
	// sets are ready. A set is offered again at each poll, after a restart
	// too, until Done or Quarantine. The error is for what stops the source as
	// a whole (its state can't be read or written, the context ended); what
	// goes wrong with one file is in the result, and the others go on.
	Poll(ctx context.Context) (PollResult, error)
	// Peek says what Poll would bring, and takes, moves and writes nothing.
	Peek(ctx context.Context) (PollResult, error)
	// Done says that the set's generation is current: its files are archived.
	// Calling it twice does no harm.
	Done(ctx context.Context, set Set) error
	// Quarantine sets one file apart for a reason; sets are then made with the
	// file before it.
	Quarantine(ctx context.Context, file File, why FileProblem) error
}

// ErrInForce is returned by Quarantine for a file that was ingested already: the
// set in force needs it, and what is wrong is how it is read now.
var ErrInForce = errors.New("the file was ingested before and is in force")

// ErrHistory is of a source that could not learn what was ingested last: the ledger failed, and nothing of what it keeps.
var ErrHistory = errors.New("ask what was ingested last")

// FolderKey is the key of the note that a source can't look into its folder: what lies there is not known.
const FolderKey = "dropfolder.folder"

// KeptError tells that what a source keeps of a file it took can't be read any more: it is gone, is not what it was, or the disk fails.
// Input.Open and the reader that it gives return it. Nothing is wrong with the file: dropped again, it is kept anew.
type KeptError struct{ Err error }

func (e *KeptError) Error() string { return e.Err.Error() }
func (e *KeptError) Unwrap() error { return e.Err }

// File is one export file that the source holds.
type File struct {
	// ID names the claim: stable over restarts, unique within the OCMW; empty
	// for a file that Peek found and nobody claimed.
	ID string
	// Feed is the profile's name for what the file holds.
	Feed string
	// Hash is the SHA-256 of the content, in hex.
	Hash string
	// Snapshot is the moment that the file describes: the date in its name, as
	// midnight UTC of that civil date, else the time of its last change. Dated
	// says which.
	Snapshot time.Time
	Dated    bool
	// Claimed is when the file was taken.
	Claimed time.Time
	// Input gives the name, the size and the content, decrypted.
	Input Input
}

// Set is one delivery: a file of each feed.
type Set struct {
	// ID is a hash over the files and the version they are read with: equal
	// sets have equal ids, over restarts too.
	ID string
	// Files holds at most one file a feed, in the profile's order of feeds.
	Files []File
	// New names the feeds whose file was never ingested; empty when the set is
	// offered only because profile or schema changed.
	New []string
	// Snapshot is the latest snapshot of its files.
	Snapshot time.Time
}

// PollResult is what a poll found.
type PollResult struct {
	// Sets are ready, oldest first. With more than one, ingest each in turn
	// and decide after the last: the earlier ones are history.
	Sets []Set
	// Quarantined and Seen were set apart since the last poll; after a crash
	// one may be told twice, never not at all.
	Quarantined []Quarantined
	Seen        []File
	// Standing are all quarantined files that no later file of their feed made
	// moot: what people still have to look at. Of a delta that is one of its name
	// or its content.
	Standing []Quarantined
	// Waiting lies in the drop folder and isn't whole yet, or can't be taken.
	Waiting []Waiting
	// Incomplete sets lack a feed.
	Incomplete []Incomplete
	// Late feeds had no new file for longer than the profile expects.
	Late []Late
	// Notes are remarks and failures, each with a stable key.
	Notes []Note
	// Purged counts archived files deleted at the end of their retention.
	Purged int
}

// Quarantined is a file set apart, and why.
type Quarantined struct {
	File    File
	Problem FileProblem
}

// Waiting is a file that isn't taken yet, and why.
type Waiting struct {
	Name string
	Feed string
	// Since is when the file was first seen as it is now.
	Since   time.Time
	Problem FileProblem
}

// Incomplete is a set that lacks files.
type Incomplete struct {
	// Date is the set's date when the date in the name binds it, else zero.
	Date time.Time
	// Have and Missing name feeds.
	Have, Missing []string
	// Since is when its first file was claimed; Overdue that this is longer ago
	// than the profile's wait: a finding (design decision 4).
	Since   time.Time
	Overdue bool
}

// Late is a feed without a new file for longer than expectEvery.
type Late struct {
	Feed string
	// Last is when its last file was claimed, zero when there never was one.
	Last time.Time
	// Due is when the next was expected.
	Due time.Time
}
