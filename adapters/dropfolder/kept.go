package dropfolder

import (
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
)

// Kept is a file that was taken, and whose content lies encrypted in the state directory.
type Kept struct {
	// Number names it within the OCMW.
	Number int
	File   adapters.File
	// Changed is when the file was last written, before it was taken.
	Changed time.Time
	// State is pending, done, seen, passed or quarantined; Since when.
	State string
	Since time.Time
	// Until is when retention ends; zero while the file is needed.
	Until time.Time
	// Problem says why a file is quarantined; nil for others.
	Problem *adapters.FileProblem
}

// Kept lists the files that are kept, newest first, and notes of what can't be read. It
// writes nothing, and may run beside the daemon that owns the state directory: a file that it
// lists can be gone when it is opened (fs.ErrNotExist). The error is for a state directory that can't be read.
func (f *Folder) Kept() ([]Kept, []adapters.Note, error) {
	st, err := openStore(f.opt)
	if err != nil {
		return nil, nil, fmt.Errorf("read the claims of the drop folder: %w", plain(err))
	}
	needed := st.needed()
	var kept []Kept
	for _, c := range slices.Backward(st.all()) {
		k := Kept{Number: c.Seq, File: f.file(c), State: string(c.State), Since: c.Since, Changed: c.Changed, Problem: c.Problem}
		if !needed[c.Seq] && c.Removed {
			k.Until = c.Since.Add(f.opt.Retention)
		}
		kept = append(kept, k)
	}
	return kept, st.notes(), nil
}

// needed are the claims that are kept however old they are: what waits, the last file
// ingested of each feed, and what was seen since: the delivery of the latter may lack a file as yet.
func (s *store) needed() map[int]bool {
	needed := map[int]bool{}
	done, last := map[string]*claim{}, map[string]*claim{}
	for _, c := range s.all() {
		switch c.State {
		case statePending:
			needed[c.Seq] = true
		case stateDone:
			done[c.Feed], last[c.Feed] = newer(done[c.Feed], c), newer(last[c.Feed], c)
		case stateSeen:
			last[c.Feed] = newer(last[c.Feed], c)
		}
	}
	for feed, c := range last {
		needed[c.Seq] = true
		if done[feed] != nil {
			needed[done[feed].Seq] = true
		}
	}
	return needed
}

// newer is the one that comes last; before may be nil.
func newer(before, c *claim) *claim {
	if before == nil || !bySnapshot(c, before) {
		return c
	}
	return before
}
