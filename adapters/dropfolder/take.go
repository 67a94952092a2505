package dropfolder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/readahead"

	"github.com/mlpsync/mlpsync/adapters"
)

// takenPrefix marks an original between the claim and its removal:
// ".mlpsync-taken-SEQUENCE~NAME", without NAME where that would be too long for a file
// system (255 bytes or characters on all that matter here): then the claim knows it.
const (
	takenPrefix = ".mlpsync-taken-"
	longestName = 200
)

func hiddenName(made *claim) string {
	name := made.Name
	if len(name) > longestName {
		name = ""
	}
	return fmt.Sprintf("%s%010d~%s", takenPrefix, made.Seq, name)
}

// begin makes the state directory at the first poll and reads it; at later ones, what could not be read.
func (f *Folder) begin(now time.Time) error {
	if f.store != nil {
		f.store.readAgain()
		return nil
	}
	for _, dir := range []string{claimsDir(f.opt.State), contentDir(f.opt.State)} {
		if err := f.opt.Files.MkdirAll(dir); err != nil {
			return fmt.Errorf("make the folder for claimed files: %w", err)
		}
	}
	st, err := openStore(f.opt)
	if err != nil {
		return err
	}
	f.store, f.started = st, now
	f.clearContent()
	return nil
}

// clearContent removes copies that never became a claim. What can't be removed is
// tried again at the next start.
func (f *Folder) clearContent() {
	entries, err := f.opt.Files.ReadDir(contentDir(f.opt.State))
	if err != nil || len(f.store.unread) > 0 {
		return
	}
	used := map[string]bool{}
	for _, c := range f.store.claims {
		used[c.Hash+contentSuffix] = true
	}
	for _, e := range entries {
		if !used[e.Name()] {
			_ = f.opt.Files.Remove(filepath.Join(contentDir(f.opt.State), e.Name()))
		}
	}
}

// recoverTaken finishes removals that a crash or a failure cut off, at each poll until none is left. A claim
// whose original isn't there any more is removed too.
func (f *Folder) recoverTaken(ctx context.Context, res *adapters.PollResult) {
	if f.recovered {
		return
	}
	entries, err := f.opt.Files.ReadDir(f.opt.Folder)
	if err != nil {
		return // look says so
	}
	f.recovered = true
	present := map[string]bool{}
	for _, e := range entries {
		present[e.Name()] = true
		if rest, ok := strings.CutPrefix(e.Name(), takenPrefix); ok {
			err := f.finishRemoval(ctx, e.Name(), rest)
			if ctx.Err() != nil {
				f.recovered = false
				return
			}
			if err != nil {
				f.leaveBehind(err, res)
			}
		}
	}
	for _, c := range f.store.all() {
		if !c.Removed && !present[c.Name] {
			f.saveRemoved(c, res)
		}
	}
}

// markOverwritten: an original that could not be removed is gone where another file has its name.
func (f *Folder) markOverwritten(res *adapters.PollResult) {
	for _, c := range f.store.all() {
		if c.Removed {
			continue
		}
		info, err := f.opt.Files.Lstat(filepath.Join(f.opt.Folder, c.Name))
		if err == nil && !c.isOf(c.Name, info.Size(), info.ModTime()) {
			f.saveRemoved(c, res)
		}
	}
}

// markReplaced: so is one of which the file that was taken now has the name, and the size and time too.
func (f *Folder) markReplaced(made *claim, res *adapters.PollResult) {
	for _, c := range f.store.all() {
		if !c.Removed && c.Name == made.Name && c.Seq < made.Seq {
			f.saveRemoved(c, res)
		}
	}
}

func (f *Folder) saveRemoved(c *claim, res *adapters.PollResult) {
	next := *c
	next.Removed = true
	if err := f.store.save(&next); err != nil {
		res.Notes = append(res.Notes, stateFailure(c.Feed, err))
	}
}

// leaveBehind says once a poll that a taken file lies in the folder, and has it tried again at the next one.
func (f *Folder) leaveBehind(err error, res *adapters.PollResult) {
	f.recovered = false
	n := leftBehind(err)
	if !slices.ContainsFunc(res.Notes, func(other adapters.Note) bool { return other.Key == n.Key }) {
		res.Notes = append(res.Notes, n)
	}
}

func (f *Folder) finishRemoval(ctx context.Context, hidden, rest string) error {
	number, name, _ := strings.Cut(rest, "~")
	path := filepath.Join(f.opt.Folder, hidden)
	info, err := f.opt.Files.Lstat(path)
	if err != nil {
		return err
	}
	for _, c := range f.store.claims {
		if fmt.Sprintf("%010d", c.Seq) != number {
			continue
		}
		if name == "" {
			name = c.Name
		}
		if !c.isOf(name, info.Size(), info.ModTime()) {
			continue
		}
		switch same, err := f.holds(ctx, path, info, c); {
		case err != nil:
			return err
		case same:
			return f.opt.Files.Remove(path)
		}
	}
	return f.putBack(path, name)
}

// holds says whether a file has the content of a claim: time went by since that was made, and somebody may have put another file in its
// place, with the same time.
func (f *Folder) holds(ctx context.Context, path string, info fs.FileInfo, made *claim) (bool, error) {
	sum, err := f.hashInPlace(ctx, candidate{path: path, info: info})
	return sum == made.Hash, err
}

// putBack gives a file its own name again unless another one has it by now.
func (f *Folder) putBack(path, name string) error {
	original := filepath.Join(f.opt.Folder, name)
	if _, err := f.opt.Files.Lstat(original); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("a newer file has its name")
	}
	return f.opt.Files.Rename(path, original)
}

// take claims one settled file: copy and hash, be sure that it didn't change, judge,
// write the claim, and only then remove the original. Content that is kept already is only
// hashed (see secure); a copy is checked while it is made.
func (f *Folder) take(ctx context.Context, c candidate, last map[string]Ingested, now time.Time, res *adapters.PollResult) {
	if stuck := f.stuckClaim(c); stuck != nil {
		f.removeOriginal(ctx, c, stuck, res)
		return
	}
	got, err := f.secure(ctx, c)
	if err == nil {
		err = f.unchanged(c)
	}
	if err != nil {
		f.drop(got)
		f.noteTaking(c, now, err, res)
		return
	}
	made := newClaim(c, got.hash, f.store.all(), last, now)
	if before := cutOffClaim(f.store.all(), made); before != nil {
		f.drop(got)
		f.removeOriginal(ctx, c, before, res)
		return
	}
	if err := f.judge(ctx, c, made, got, last, now); err != nil {
		f.drop(got)
		f.noteTaking(c, now, err, res)
		return
	}
	if err := f.commit(made, got); err != nil {
		f.drop(got)
		res.Notes = append(res.Notes, stateFailure(c.feed.Name, err))
		return
	}
	f.markReplaced(made, res)
	f.removeOriginal(ctx, c, made, res)
}

// newClaim is what a file is before it is judged.
func newClaim(c candidate, hash string, claims []*claim, last map[string]Ingested, now time.Time) *claim {
	made := &claim{
		Feed: c.feed.Name, Name: c.name, Hash: hash, Size: c.info.Size(), Changed: storable(c.info.ModTime()),
		Snapshot: c.snapshot, Dated: c.dated, Claimed: now, Since: now, State: statePending,
	}
	if !c.dated {
		made.Snapshot = describes(made, claims, last, now)
	}
	return made
}

// describes is the moment that a file without a date in its name stands for: its last change, or now where a clock stamped it with
// a time to come. What the same feed brought earlier may lie ahead all the same, as clocks are set back: the file stands beside that, and comes behind
// it as it was taken later. Otherwise it would be refused as older until that time has come.
func describes(made *claim, claims []*claim, last map[string]Ingested, now time.Time) time.Time {
	at := made.Changed
	if at.After(now) {
		at = now
	}
	before := last[made.Feed].Snapshot
	for _, c := range live(claims, made.Feed) {
		if c.Snapshot.After(before) {
			before = c.Snapshot
		}
	}
	if before.After(now) {
		return before
	}
	return at
}

// stuckClaim is the claim of this file when only its removal failed before.
func (f *Folder) stuckClaim(c candidate) *claim {
	made := f.store.claims[f.sights[c.name].stuck]
	if made != nil && !made.Removed && made.isOf(c.name, c.info.Size(), c.info.ModTime()) {
		return made
	}
	return nil
}

// cutOffClaim is a claim of the same file whose original a crash left in place, or could not be removed.
func cutOffClaim(claims []*claim, made *claim) *claim {
	for _, c := range claims {
		if !c.Removed && c.Hash == made.Hash && c.Feed == made.Feed && c.isOf(made.Name, made.Size, made.Changed) {
			return c
		}
	}
	return nil
}

// failed reading and writing are told apart: one is the municipality's to mend, the
// other the machine's.
type stateError struct{ error }

func (e stateError) Unwrap() error { return e.error }

var errChanging = errors.New("the file changed while it was read")

// copyIn seals the content into temp, durably, and begins with its check, which is over where this fails.
func (f *Folder) copyIn(ctx context.Context, c candidate, temp string) (got secured, err error) {
	got.path = temp
	in, err := f.openSame(c)
	if err != nil {
		return got, err
	}
	defer func() { _ = in.Close() }()
	out, err := f.opt.Files.Create(temp)
	if err != nil {
		return got, stateError{err}
	}
	copied, whole, sum := newCopying(out), false, sha256.New()
	got.look = f.checkBeside(ctx, c, temp, copied)
	defer func() {
		if !whole {
			got.look.stop()
		}
	}()
	err = f.sealInto(copied, io.TeeReader(&boundedReader{ctx: ctx, r: in, left: f.opt.MaxBytes}, sum))
	if err != nil {
		_ = out.Close()
		return got, err
	}
	copied.finish(io.EOF) // the check goes on while the disk is waited for
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return got, stateError{err}
	}
	got.hash, whole = hex.EncodeToString(sum.Sum(nil)), true
	return got, nil
}

// openSame opens the very file that was looked at.
func (f *Folder) openSame(c candidate) (fs.File, error) {
	in, info, err := f.openRegular(c.path)
	if err != nil {
		return nil, err
	}
	if !os.SameFile(info, c.info) {
		_ = in.Close()
		return nil, errChanging
	}
	return in, nil
}

func (f *Folder) sealInto(out io.Writer, in io.Reader) error {
	sealed, err := f.opt.Keys.SealStream(stateWriter{out}, f.contentAAD())
	if err != nil {
		return err
	}
	from, err := readahead.NewReaderSize(in, aheadPieces, aheadSize)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // waits for the reading
	if _, err := io.Copy(sealed, from); err != nil {
		return err
	}
	return sealed.Close()
}

func (f *Folder) contentAAD() []byte {
	s := store{opt: f.opt}
	return s.aad("content")
}

// stateWriter marks the errors of the state directory.
type stateWriter struct{ w io.Writer }

func (s stateWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		err = stateError{err}
	}
	return n, err
}

// boundedReader stops at the limit, for a file that grows while it is read, and when
// the context ends.
type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errChanging
	}
	return n, err
}

func (f *Folder) unchanged(c candidate) error {
	info, err := f.opt.Files.Lstat(c.path)
	if err != nil {
		return err
	}
	if !sameAs(c.info, info) {
		return errChanging
	}
	return nil
}

func sameAs(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// judge sets the state in which the claim begins. A *FileProblem as error means that
// the file is not whole yet and stays where it is. A check that began is over behind it.
func (f *Folder) judge(ctx context.Context, c candidate, made *claim, got secured, last map[string]Ingested, now time.Time) error {
	defer got.look.stop()
	made.State, made.Problem = f.fate(made, f.store.all(), last, now)
	if made.State != statePending || f.opt.Check == nil {
		return nil
	}
	err := f.check(ctx, c, got)
	var problem *adapters.FileProblem
	if !errors.As(err, &problem) {
		return err
	}
	s := f.sights[c.name]
	if problem.Passing && f.age(s, now) < f.opt.GiveUp {
		s.passing = problem
		f.sights[c.name] = s
		return problem
	}
	made.State, made.Problem = stateQuarantined, problem
	return nil
}

// fate is what becomes of a file by its place among those of its feed, before anybody looks into it. One is seen when it is equal to the
// file that was ingested last, and no other one waits to come in between: that would stay in force.
func (f *Folder) fate(made *claim, claims []*claim, last map[string]Ingested, now time.Time) (state, *adapters.FileProblem) {
	before, ingested := last[made.Feed]
	same := ingested && before.Hash == made.Hash
	switch {
	case same && before.Version == f.opt.Version && !waitsBefore(claims, made):
		if !archived(claims, made) {
			return stateDone, nil
		}
		return stateSeen, nil
	case ingested && !same && made.Snapshot.Before(before.Snapshot):
		if feed, ok := f.opt.Profile.Feed(made.Feed); ok && feed.Delta {
			return stateQuarantined, olderDelta(before.Snapshot, made.Dated)
		}
		return stateQuarantined, older(before.Snapshot, made.Dated)
	case made.Dated && made.Snapshot.After(now.Add(futureSlack)):
		return stateQuarantined, ahead(made.Snapshot)
	}
	return statePending, nil
}

// waitsBefore: a file of the feed that is no later one waits to be ingested.
func waitsBefore(claims []*claim, made *claim) bool {
	return slices.ContainsFunc(claims, func(c *claim) bool {
		return c.State == statePending && c.Feed == made.Feed && !c.Snapshot.After(made.Snapshot)
	})
}

// check looks at content that is kept, or waits for the look at its copy.
func (f *Folder) check(ctx context.Context, c candidate, got secured) error {
	if got.look != nil {
		return got.look.wait()
	}
	return f.opt.Check(ctx, c.feed, adapters.Input{
		Name: adapters.SafeName(c.name), Size: c.info.Size(), Open: f.contentOpener(got.path, got.hash),
	})
}

// futureSlack is how far ahead a file's own date may lie: a report may be named after the
// day on which it will be read. One further ahead would make every later file "older".
const futureSlack = 48 * time.Hour

// archived: the same content was ingested and is kept. Where it is not, as the ledger was restored
// without its archive, the file takes that place: later sets need it.
func archived(claims []*claim, made *claim) bool {
	return slices.ContainsFunc(live(claims, made.Feed), func(c *claim) bool { return c.Hash == made.Hash })
}

// commit makes the copy and the claim durable, in this order.
func (f *Folder) commit(made *claim, got secured) error {
	if !got.kept {
		if err := f.opt.Files.Rename(got.path, contentPath(f.opt.State, made.Hash)); err != nil {
			return err
		}
		if err := f.opt.Files.SyncDir(contentDir(f.opt.State)); err != nil {
			return err
		}
		delete(f.doubted, made.Hash)
	}
	made.Seq = f.store.nextSeq()
	return f.store.save(made)
}

// removeOriginal moves the original aside in one step, looks at it once more, and
// deletes it. A file that was replaced in the meantime gets its name back. When it
// can't be removed the claim stands all the same, and the next poll tries again.
func (f *Folder) removeOriginal(ctx context.Context, c candidate, made *claim, res *adapters.PollResult) {
	hidden := filepath.Join(f.opt.Folder, hiddenName(made))
	err := f.opt.Files.Rename(c.path, hidden)
	if errors.Is(err, fs.ErrNotExist) { // somebody moved it away
		f.markRemoved(c, made, res)
		return
	}
	if err != nil {
		f.markStuck(c, made)
		res.Notes = append(res.Notes, fileFailure(c, "remove", err))
		return
	}
	same, err := f.stillSame(ctx, c, hidden, made)
	if err == nil && !same {
		delete(f.sights, c.name)
		if err := f.putBack(hidden, c.name); err != nil {
			f.leaveBehind(err, res)
		}
		return
	}
	if err == nil {
		err = f.opt.Files.Remove(hidden)
	}
	if err != nil {
		if ctx.Err() == nil {
			res.Notes = append(res.Notes, fileFailure(c, "remove", err))
		}
		if f.putBack(hidden, c.name) == nil {
			f.markStuck(c, made)
		} else {
			f.recovered = false
		}
		return
	}
	if c.companion != "" {
		f.removeCompanion(c.companion)
	}
	f.markRemoved(c, made, res)
}

// stillSame looks at an original that was moved aside. One that waited for its removal is read once more.
func (f *Folder) stillSame(ctx context.Context, c candidate, hidden string, made *claim) (bool, error) {
	info, err := f.opt.Files.Lstat(hidden)
	if err != nil || !sameAs(c.info, info) {
		return false, err
	}
	if f.sights[c.name].stuck != made.Seq {
		return true, nil
	}
	return f.holds(ctx, hidden, info, made)
}

func (f *Folder) markRemoved(c candidate, made *claim, res *adapters.PollResult) {
	delete(f.sights, c.name)
	f.saveRemoved(made, res)
}

func (f *Folder) markStuck(c candidate, made *claim) {
	s := f.sights[c.name]
	s.stuck = made.Seq
	f.sights[c.name] = s
}

// noteTaking says why a file was left where it is.
func (f *Folder) noteTaking(c candidate, now time.Time, err error, res *adapters.PollResult) {
	var problem *adapters.FileProblem
	var state stateError
	switch {
	case errors.As(err, &problem):
		f.waitSeen(c, now, *problem, res)
	case errors.Is(err, errChanging):
		f.sights[c.name] = f.changed(c, now)
		f.waitSeen(c, now, stillYoung(), res)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case errors.As(err, &state):
		res.Notes = append(res.Notes, stateFailure(c.feed.Name, err))
	case errors.Is(err, fs.ErrNotExist): // taken away again: nothing is lost, and nothing is left to say
		delete(f.sights, c.name)
	default:
		res.Notes = append(res.Notes, fileFailure(c, "read", err))
	}
}

// peekClaim is what take would claim, read in place.
func (f *Folder) peekClaim(ctx context.Context, c candidate, claims []*claim, last map[string]Ingested, now time.Time, res *adapters.PollResult) *claim {
	sum, err := f.hashInPlace(ctx, c)
	if err != nil {
		f.noteTaking(c, now, err, res)
		return nil
	}
	made := newClaim(c, sum, claims, last, now)
	if cutOffClaim(claims, made) != nil {
		return nil
	}
	made.inPlace = c.path
	for _, c := range claims { // it would be the last one taken
		made.Seq = max(made.Seq, c.Seq+1)
	}
	switch made.State, made.Problem = f.fate(made, claims, last, now); made.State {
	case statePending:
		return f.peekCheck(ctx, c, made, now, res)
	case stateSeen:
		res.Seen = append(res.Seen, f.file(made))
	case stateQuarantined:
		res.Quarantined = append(res.Quarantined, f.quarantined(made))
	}
	return made
}

func (f *Folder) peekCheck(ctx context.Context, c candidate, made *claim, now time.Time, res *adapters.PollResult) *claim {
	if f.opt.Check == nil {
		return made
	}
	err := f.opt.Check(ctx, c.feed, f.file(made).Input)
	var problem *adapters.FileProblem
	switch {
	case err == nil:
		return made
	case errors.As(err, &problem) && problem.Passing && now.Sub(made.Changed) < f.opt.GiveUp:
		f.wait(c, now, *problem, res)
	case problem != nil:
		made.State, made.Problem = stateQuarantined, problem
		res.Quarantined = append(res.Quarantined, f.quarantined(made))
		return made
	default:
		f.noteTaking(c, now, err, res)
	}
	return nil
}
