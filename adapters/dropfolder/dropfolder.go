// Package dropfolder takes export files out of a folder into which a municipality
// drops them, whatever their format, and makes sets of them.
//
// It guarantees: a file is taken only when it is whole as far as can be seen (same
// size and time in two polls, old enough, structurally complete); its content is
// frozen under its SHA-256 at that moment and lies encrypted in the state directory
// before the original is removed (content that lies there already is hashed and not copied
// again); a crash at any point neither loses a file nor
// doubles it; a claimed file is offered again until its set is Done or the file
// quarantined. Nothing is dropped silently: files passed over, seen before, older,
// late or refused are all in the result.
//
// It doesn't read records (formats do), doesn't decide what is ingested (the cycle
// does, and tells with Done) and logs nothing. It polls: shares send no change
// events. What fails (a scanner that holds a file on Windows, a full disk) is tried
// again at the next poll, so there are no waits in here.
//
// The state directory holds claims/SEQUENCE.claim, one small sealed file a claimed
// file, replaced in one step at each change of state, claims/highest, the last number where its claim is purged, and content/HASH.sealed. One
// daemon owns it (a lock of the ledger's); Peek may run beside it.
//
// The composition root makes one Folder an OCMW; internal/cycle calls it as
// adapters.Source.
package dropfolder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// Ingested is what the ledger took last from a feed.
type Ingested struct {
	// Hash and Snapshot are those of the file.
	Hash     string
	Snapshot time.Time
	// Version is what it was read with, as in Options.
	Version string
}

// History says what was ingested last; the ledger implements it.
type History interface {
	LastIngested(ctx context.Context, ocmw, feed string) (last Ingested, ok bool, err error)
}

// Options configure a Folder. Folder, State, OCMW, Profile, Keys and History are
// required.
type Options struct {
	// OCMW is the enterprise number; what is sealed is bound to it.
	OCMW string
	// Folder is where files are dropped, State where claims are kept: absolute
	// paths, State not shared with another OCMW and not below Folder.
	Folder, State string
	Profile       *adapters.Profile
	// Version identifies what records are read with: profile and schemas. A
	// set that was ingested with another version is offered again.
	Version string
	Keys    *seal.Keys
	History History
	// Check looks whether a file is structurally whole; nil looks at nothing. A
	// *adapters.FileProblem refuses the file.
	Check func(ctx context.Context, feed *adapters.Feed, in adapters.Input) error
	// MinAge is how long a file has to be unchanged (default 10 s; negative: no
	// minimum). GiveUp is how long a file that seems half written is waited
	// for before it is quarantined (default 15 min).
	MinAge, GiveUp time.Duration
	// Retention is how long files are kept that are no longer needed (default
	// 30 days, design decision 22).
	Retention time.Duration
	// MaxBytes is the largest file that is taken (default 512 MiB).
	MaxBytes int64
	// Now is the clock; it should be the one that stamps the files. Default
	// time.Now.
	Now func() time.Time
	// Files is the file system; default the operating system's.
	Files FileSystem
}

// Folder is an adapters.Source over a drop folder.
type Folder struct {
	opt     Options
	store   *store
	sights  map[string]sight
	started time.Time
	// elapsed is the time between two readings of the clock, however it was set in between: Time.Sub, which goes by what doesn't move with
	// the clock where the readings hold it. polled is the last poll; setAhead the one that noticed last that the clock was set ahead.
	elapsed          func(later, earlier time.Time) time.Duration
	polled, setAhead time.Time
	// offered are claims whose fate was in the last result: they are marked as
	// said at the next poll, when the caller has surely handled it.
	offered []int
	// undeleted are .done files, by path, that stayed when their file was taken, and why.
	undeleted map[string]error
	// doubted are hashes of kept content that could not be read.
	doubted map[string]bool
	// recovered: nothing that was taken lies in the folder any more, as far as is known.
	recovered bool
}

var _ adapters.Source = (*Folder)(nil)

// New checks the options. It touches no file: a read-only command may call it.
func New(opt Options) (*Folder, error) {
	switch {
	case opt.OCMW == "" || opt.Profile == nil || opt.Keys == nil || opt.History == nil:
		return nil, errors.New("drop folder: OCMW, Profile, Keys and History are required")
	case !filepath.IsAbs(opt.Folder) || !filepath.IsAbs(opt.State):
		return nil, errors.New("drop folder: Folder and State must be absolute paths")
	}
	opt.MinAge = orDefault(opt.MinAge, 10*time.Second)
	opt.GiveUp = orDefault(opt.GiveUp, 15*time.Minute)
	opt.Retention = orDefault(opt.Retention, 30*24*time.Hour)
	opt.MaxBytes = orDefault(opt.MaxBytes, adapters.DefaultLimits().FileBytes)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Files == nil {
		opt.Files = OS()
	}
	return &Folder{opt: opt, elapsed: time.Time.Sub, sights: map[string]sight{}, undeleted: map[string]error{}, doubted: map[string]bool{}}, nil
}

func orDefault[T ~int64](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

// Poll implements adapters.Source.
func (f *Folder) Poll(ctx context.Context) (adapters.PollResult, error) {
	var res adapters.PollResult
	now := f.opt.Now()
	if err := f.begin(now); err != nil {
		return res, err
	}
	res.Notes = append(res.Notes, f.store.notes()...)
	f.recoverTaken(ctx, &res)
	f.markOverwritten(&res)
	if err := f.markSaid(); err != nil {
		return res, err
	}
	last, err := f.lastIngested(ctx)
	if err != nil {
		return res, err
	}
	for _, c := range corrections(f.opt, f.store.all(), last) {
		if err := f.store.move(c.claim, c.to, now, nil); err != nil {
			return res, err
		}
	}
	f.watchClock(now)
	look := f.look(&res)
	for _, c := range look {
		if ctx.Err() != nil {
			return res, context.Cause(ctx)
		}
		if f.settled(c, now, &res) {
			f.take(ctx, c, last, now, &res)
		}
	}
	f.forget(look)
	return res, f.conclude(last, now, &res)
}

// conclude says what the claims amount to.
func (f *Folder) conclude(last map[string]Ingested, now time.Time, res *adapters.PollResult) error {
	p := planner{profile: f.opt.Profile, version: f.opt.Version, last: last, now: now, claims: f.store.all(), file: f.file}
	p.run(res)
	for _, c := range p.passed {
		if err := f.store.move(c, statePassed, now, nil); err != nil {
			return err
		}
		res.Notes = append(res.Notes, passedOver(c))
	}
	f.late(f.store.all(), now, res)
	f.standing(f.store.all(), res)
	f.tell(res)
	purged, err := f.purge(now)
	res.Purged = purged
	return err
}

// Peek implements adapters.Source.
func (f *Folder) Peek(ctx context.Context) (adapters.PollResult, error) {
	var res adapters.PollResult
	now := f.opt.Now()
	st, err := openStore(f.opt)
	if err != nil {
		return res, err
	}
	res.Notes = append(res.Notes, st.notes()...)
	last, err := f.lastIngested(ctx)
	if err != nil {
		return res, err
	}
	claims := st.all()
	for _, c := range corrections(f.opt, claims, last) {
		c.claim.State = c.to
	}
	for _, c := range f.look(&res) {
		if ctx.Err() != nil {
			return res, context.Cause(ctx)
		}
		if f.peekable(c, now, &res) {
			if found := f.peekClaim(ctx, c, claims, last, now, &res); found != nil {
				claims = append(claims, found)
			}
		}
	}
	p := planner{profile: f.opt.Profile, version: f.opt.Version, last: last, now: now, claims: claims, file: f.file}
	p.run(&res)
	f.late(claims, now, &res)
	f.standing(claims, &res)
	return res, nil
}

// Done implements adapters.Source.
func (f *Folder) Done(_ context.Context, set adapters.Set) error {
	if f.store == nil {
		return errors.New("drop folder: Done before Poll")
	}
	for _, file := range set.Files {
		c := f.store.byID(file.ID)
		if c == nil {
			return fmt.Errorf("drop folder: no claim %s", file.ID)
		}
		if c.State != statePending {
			continue
		}
		if err := f.store.move(c, stateDone, f.opt.Now(), nil); err != nil {
			return err
		}
	}
	return nil
}

// Quarantine implements adapters.Source.
func (f *Folder) Quarantine(_ context.Context, file adapters.File, why adapters.FileProblem) error {
	if f.store == nil {
		return errors.New("drop folder: Quarantine before Poll")
	}
	c := f.store.byID(file.ID)
	switch {
	case c == nil:
		return fmt.Errorf("drop folder: no claim %s", file.ID)
	case c.State == stateDone, c.State == stateSeen:
		return adapters.ErrInForce
	}
	c.Said = true
	return f.store.move(c, stateQuarantined, f.opt.Now(), &why)
}

// Quarantined lists the files that are set apart and kept, oldest first.
func (f *Folder) Quarantined() ([]adapters.Quarantined, error) {
	st, err := openStore(f.opt)
	if err != nil {
		return nil, err
	}
	var all []adapters.Quarantined
	for _, c := range st.all() {
		if c.State == stateQuarantined {
			all = append(all, f.quarantined(c))
		}
	}
	return all, nil
}

func (f *Folder) lastIngested(ctx context.Context) (map[string]Ingested, error) {
	last := map[string]Ingested{}
	for _, feed := range f.opt.Profile.Feeds {
		one, ok, err := f.opt.History.LastIngested(ctx, f.opt.OCMW, feed.Name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", adapters.ErrHistory, err)
		}
		if ok {
			last[feed.Name] = one
		}
	}
	return last, nil
}

// correction is a state that the ledger knows better.
type correction struct {
	claim *claim
	to    state
}

// corrections are what a crash or a restore has left to be put right: the ledger is what knows.
func corrections(opt Options, claims []*claim, last map[string]Ingested) []correction {
	var all []correction
	for _, feed := range opt.Profile.Feeds {
		one, ok := last[feed.Name]
		all = append(all, cutOffDone(feed, claims, one, ok, opt.Version)...)
		if feed.Delta {
			all = append(all, unknown(feed, claims, one, ok)...)
		}
	}
	return all
}

// cutOffDone completes a Done that a crash cut off. Deltas are ingested in their order: behind one that waits, another one of the same
// content is to be ingested once more.
func cutOffDone(feed *adapters.Feed, claims []*claim, last Ingested, ok bool, version string) (all []correction) {
	for _, c := range live(claims, feed.Name) {
		switch {
		case c.State != statePending:
		case ok && last.Hash == c.Hash && last.Version == version && (!feed.Delta || last.Snapshot.Equal(c.Snapshot)):
			all = append(all, correction{c, stateDone})
		case feed.Delta:
			return all
		}
	}
	return all
}

// unknown takes back what the ledger does not know any more, after an older one was put in
// its place: the deltas that were taken after its last one, each of which holds what the others
// don't. Of snapshots the last one is enough, and the planner offers it by itself.
func unknown(feed *adapters.Feed, claims []*claim, last Ingested, ok bool) (all []correction) {
	known := 0
	if ok {
		if known = lastKnown(feed, claims, last); known == 0 {
			return nil // the ledger's last one is older than what is kept
		}
	}
	for _, c := range claims {
		if c.Feed == feed.Name && c.State == stateDone && c.Seq > known {
			all = append(all, correction{c, statePending})
		}
	}
	return all
}

// lastKnown is the number of the claim that the ledger ingested last. The same content may have come more than once; a file that
// took the place of a lost one is not of the same time.
func lastKnown(feed *adapters.Feed, claims []*claim, last Ingested) int {
	same, exactly := 0, 0
	for _, c := range claims {
		if c.Feed != feed.Name || c.Hash != last.Hash {
			continue
		}
		same = max(same, c.Seq)
		if c.Snapshot.Equal(last.Snapshot) {
			exactly = max(exactly, c.Seq)
		}
	}
	return cmp.Or(exactly, same)
}

func (f *Folder) file(c *claim) adapters.File {
	open := f.contentOpener(contentPath(f.opt.State, c.Hash), c.Hash)
	if c.inPlace != "" {
		open = f.placeOpener(c.inPlace, c.Hash)
	}
	return adapters.File{
		ID: c.id(), Feed: c.Feed, Hash: c.Hash, Snapshot: c.Snapshot, Dated: c.Dated, Claimed: c.Claimed,
		Input: adapters.Input{Name: adapters.SafeName(c.Name), Size: c.Size, Open: open},
	}
}

func (f *Folder) quarantined(c *claim) adapters.Quarantined {
	q := adapters.Quarantined{File: f.file(c)}
	if c.Problem != nil {
		q.Problem = *c.Problem
	}
	return q
}

// tell reports fates that were not reported before.
func (f *Folder) tell(res *adapters.PollResult) {
	f.offered = nil
	for _, c := range f.store.all() {
		if c.Said {
			continue
		}
		switch c.State {
		case stateSeen:
			res.Seen = append(res.Seen, f.file(c))
		case stateQuarantined:
			res.Quarantined = append(res.Quarantined, f.quarantined(c))
		default:
			continue
		}
		f.offered = append(f.offered, c.Seq)
	}
}

func (f *Folder) markSaid() error {
	for _, seq := range f.offered {
		if c := f.store.claims[seq]; c != nil && !c.Said {
			c.Said = true
			if err := f.store.save(c); err != nil {
				return err
			}
		}
	}
	f.offered = nil
	return nil
}

// standing lists the quarantined files that nothing later of their feed made moot.
func (f *Folder) standing(claims []*claim, res *adapters.PollResult) {
	came := map[brought]bool{}
	for _, c := range slices.Backward(claims) {
		all := f.brings(c)
		if c.State == stateQuarantined && !slices.ContainsFunc(all, func(b brought) bool { return came[b] }) {
			res.Standing = append(res.Standing, f.quarantined(c))
			continue
		}
		for _, b := range all { // of a refused one too that is moot: what was put right may have come under a third name
			came[b] = true
		}
	}
	slices.Reverse(res.Standing)
}

// brought is what makes an earlier refusal moot.
type brought struct{ feed, name, hash string }

// brings: a snapshot has all that an earlier one of its feed had. What a delta holds no other one does: only its content, or a file that
// was put right under its name, stands for it.
func (f *Folder) brings(c *claim) []brought {
	if feed, ok := f.opt.Profile.Feed(c.Feed); !ok || !feed.Delta {
		return []brought{{feed: c.Feed}}
	}
	return []brought{{feed: c.Feed, name: c.Name}, {feed: c.Feed, hash: c.Hash}}
}

func (f *Folder) late(claims []*claim, now time.Time, res *adapters.PollResult) {
	if f.started.IsZero() {
		f.started = now
	}
	for _, feed := range f.opt.Profile.Feeds {
		if feed.ExpectEvery == 0 {
			continue
		}
		var last time.Time
		for _, c := range claims {
			if c.Feed == feed.Name && c.State != stateQuarantined && c.Claimed.After(last) {
				last = c.Claimed
			}
		}
		base := last
		if base.IsZero() {
			base = f.started
		}
		if due := base.Add(feed.ExpectEvery); now.After(due) {
			res.Late = append(res.Late, adapters.Late{Feed: feed.Name, Last: last, Due: due})
		}
	}
}
