package dropfolder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// state of a claimed file. Only pending ones change.
type state string

const (
	statePending     state = "pending"     // to be ingested
	stateDone        state = "done"        // ingested, archived
	stateSeen        state = "seen"        // equal to one that was or will be ingested
	statePassed      state = "passed"      // a newer one took its place first
	stateQuarantined state = "quarantined" // refused
)

// claim is one file that was taken.
type claim struct {
	Seq      int       `json:"seq"`
	Feed     string    `json:"feed"`
	Name     string    `json:"name"`
	Hash     string    `json:"hash"`
	Size     int64     `json:"size"`
	Changed  time.Time `json:"changed"`
	Snapshot time.Time `json:"snapshot"`
	Dated    bool      `json:"dated"`
	Claimed  time.Time `json:"claimed"`
	State    state     `json:"state"`
	// Since is when the state was entered; retention counts from it.
	Since   time.Time             `json:"since"`
	Problem *adapters.FileProblem `json:"problem,omitempty"`
	// Removed: the original is gone from the drop folder. Said: a seen or
	// quarantined file was reported.
	Removed bool `json:"removed"`
	Said    bool `json:"said"`

	inPlace string // path in the drop folder, for what Peek found
}

func (c *claim) id() string {
	if c.inPlace != "" {
		return ""
	}
	return fmt.Sprintf("%010d-%.12s", c.Seq, c.Hash)
}

// isOf says whether the claim was made of this very file, as far as name, size and
// time tell.
func (c *claim) isOf(name string, size int64, changed time.Time) bool {
	return c.Name == name && c.Size == size && c.Changed.Equal(storable(changed))
}

// storable keeps a time within the years that a claim and the ledger can hold: a share without a time says 1601, others say anything.
func storable(at time.Time) time.Time {
	first, last := time.Date(1700, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return at
}

// written is when the file was last changed: when it was taken, where a clock gave it a time behind that.
func (c *claim) written() time.Time {
	if c.Changed.After(c.Claimed) {
		return c.Claimed
	}
	return c.Changed
}

// store keeps the claims of one OCMW.
type store struct {
	opt    Options
	claims map[int]*claim
	// unread are claims that can't be read, by their number, and why: what looks unused may not be.
	unread  map[string]error
	highest int // sequence number given out, damaged and purged claims included
	// lost is why what is noted of the highest number can't be read.
	lost error
}

const (
	claimSuffix   = ".claim"
	highestName   = "highest" // of the file with the highest number, once its claim is purged
	contentSuffix = ".sealed"
	incoming      = ".incoming"
)

func claimsDir(root string) string  { return filepath.Join(root, "claims") }
func contentDir(root string) string { return filepath.Join(root, "content") }
func contentPath(root, hash string) string {
	return filepath.Join(contentDir(root), hash+contentSuffix)
}

// openStore reads all claims; a state directory that isn't there yet has none.
func openStore(opt Options) (*store, error) {
	s := &store{opt: opt, claims: map[int]*claim{}, unread: map[string]error{}}
	entries, err := opt.Files.ReadDir(claimsDir(opt.State))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the claims of the drop folder: %w", err)
	}
	s.findHighest()
	for _, e := range entries {
		number, isClaim := strings.CutSuffix(e.Name(), claimSuffix)
		if !isClaim {
			continue
		}
		if seq, err := strconv.Atoi(number); err == nil {
			s.highest = max(s.highest, seq)
		}
		s.readIn(number)
	}
	return s, nil
}

// readIn reads a claim, or keeps why it can't be read.
func (s *store) readIn(number string) {
	delete(s.unread, number)
	c, err := s.read(number)
	switch {
	case errors.Is(err, fs.ErrNotExist): // purged by the daemon while Peek looks, or deleted by somebody
	case err != nil:
		s.unread[number] = err
	default:
		s.claims[c.Seq] = c
	}
}

// readAgain looks whether what could not be read was mended since.
func (s *store) readAgain() {
	for _, number := range sortedKeys(s.unread) {
		s.readIn(number)
	}
	if s.lost != nil {
		s.findHighest()
	}
}

// notes say what can't be read, as long as it is so.
func (s *store) notes() (notes []adapters.Note) {
	if s.lost != nil {
		notes = append(notes, lostNumber(s.lost))
	}
	for _, number := range sortedKeys(s.unread) {
		notes = append(notes, damagedClaim(number, s.unread[number]))
	}
	return notes
}

func (s *store) aad(parts ...string) []byte {
	return seal.AAD(append([]string{"dropfolder", s.opt.OCMW}, parts...)...)
}

func (s *store) read(number string) (*claim, error) {
	file, err := s.opt.Files.Open(filepath.Join(claimsDir(s.opt.State), number+claimSuffix))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	sealed, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return nil, err
	}
	plain, err := s.opt.Keys.Open(sealed, s.aad("claim", number))
	if err != nil {
		return nil, err
	}
	var c claim
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, errors.New("the claim is not readable")
	}
	if seq, err := strconv.Atoi(number); err != nil || seq != c.Seq {
		return nil, errors.New("the claim carries another number")
	}
	return &c, nil
}

// save replaces a claim in one step.
func (s *store) save(c *claim) error {
	plain, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write a claim: %w", err)
	}
	number := fmt.Sprintf("%010d", c.Seq)
	if err := s.replace(number, claimSuffix, s.opt.Keys.Seal(plain, s.aad("claim", number))); err != nil {
		return fmt.Errorf("write a claim: %w", err)
	}
	s.claims[c.Seq] = c
	return s.opt.Files.SyncDir(claimsDir(s.opt.State))
}

// replace writes a file aside, and gives the whole one its name.
func (s *store) replace(name, suffix string, data []byte) error {
	path := filepath.Join(claimsDir(s.opt.State), name)
	if err := s.write(path+incoming, data); err != nil {
		_ = s.opt.Files.Remove(path + incoming)
		return err
	}
	return s.opt.Files.Rename(path+incoming, path+suffix)
}

// saveHighest sees to it that the highest number is not given again when its claim is gone: people know files by it.
func (s *store) saveHighest() error {
	if err := s.replace(highestName, "", []byte(strconv.Itoa(s.highest))); err != nil {
		return fmt.Errorf("write the highest number: %w", err)
	}
	return s.opt.Files.SyncDir(claimsDir(s.opt.State))
}

func (s *store) findHighest() {
	var noted int
	noted, s.lost = s.readHighest()
	s.highest = max(s.highest, noted)
}

// readHighest gives what saveHighest wrote; 0 when it never did. The claims tell the number where they have a higher one.
func (s *store) readHighest() (int, error) {
	file, err := s.opt.Files.Open(filepath.Join(claimsDir(s.opt.State), highestName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, plain(err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0, plain(err)
	}
	highest, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, errors.New("it is no number")
	}
	return highest, nil
}

func (s *store) write(path string, data []byte) error {
	w, err := s.opt.Files.Create(path)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return errors.Join(err, w.Sync(), w.Close())
}

// move changes a claim's state; memory follows the disk, never the other way round.
func (s *store) move(c *claim, to state, now time.Time, why *adapters.FileProblem) error {
	next := *c
	next.State, next.Since, next.Problem = to, now, why
	if err := s.save(&next); err != nil {
		return err
	}
	*c = next
	s.claims[c.Seq] = c
	return nil
}

// nextSeq never gives a number twice.
func (s *store) nextSeq() int {
	s.highest++
	return s.highest
}

// all lists the claims in the order in which they were made.
func (s *store) all() []*claim {
	list := make([]*claim, 0, len(s.claims))
	for _, c := range s.claims {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *claim) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}

func (s *store) byID(id string) *claim {
	for _, c := range s.claims {
		if c.id() == id {
			return c
		}
	}
	return nil
}

// purge deletes what retention no longer keeps and the set in force doesn't need.
// The claim goes first: content without claim is cleared away at the next start.
func (f *Folder) purge(now time.Time) (int, error) {
	needed := f.store.needed()
	purged := 0
	for _, c := range f.store.all() {
		if needed[c.Seq] || !c.Removed || now.Sub(c.Since) < f.opt.Retention {
			continue
		}
		if err := f.delete(c); err != nil {
			return purged, fmt.Errorf("purge the archive: %w", err)
		}
		purged++
	}
	return purged, nil
}

func (f *Folder) delete(c *claim) error {
	if c.Seq == f.store.highest {
		if err := f.store.saveHighest(); err != nil {
			return err
		}
	}
	path := filepath.Join(claimsDir(f.opt.State), fmt.Sprintf("%010d%s", c.Seq, claimSuffix))
	if err := f.opt.Files.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(f.store.claims, c.Seq)
	for _, other := range f.store.claims {
		if other.Hash == c.Hash || len(f.store.unread) > 0 {
			return nil
		}
	}
	err := f.opt.Files.Remove(contentPath(f.opt.State, c.Hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
