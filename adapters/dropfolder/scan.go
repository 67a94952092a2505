package dropfolder

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
)

// candidate is a file in the drop folder that belongs to a feed.
type candidate struct {
	feed      *adapters.Feed
	name      string
	path      string
	info      fs.FileInfo
	snapshot  time.Time
	dated     bool
	companion string // path of its .done file, "" without one
	announced bool   // the feed has done, and the companion is not older than the file
}

// sight is how a file looked at the last poll.
type sight struct {
	size    int64
	changed time.Time
	since   time.Time
	// first is when it was first seen, however often it changed since, without a rest of GiveUp in between: what comes behind one is another file.
	first time.Time
	polls int
	// passing is what the structural check said of a file that seems half
	// written: not looked at again before it changes or GiveUp has passed.
	passing *adapters.FileProblem
	stuck   int // claim made of it whose original can't be removed; 0 none
}

const doneSuffix = ".done"

// look lists the candidates and says what else lies in the folder, without the names of what is no export of the
// municipality's: those may be anything.
func (f *Folder) look(res *adapters.PollResult) []candidate {
	entries, err := f.opt.Files.ReadDir(f.opt.Folder)
	if err != nil {
		res.Notes = append(res.Notes, folderFailure(err))
		return nil
	}
	var found []candidate
	companions := map[string]string{}
	others, temporary, words := map[string]strangers{}, 0, patternWords(f.opt.Profile)
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, takenPrefix):
			f.recovered = false // the folder was another one when it was looked at, as before a share is mounted
		case isTemporary(name):
			temporary++
		case strings.HasSuffix(strings.ToLower(name), doneSuffix):
			companions[strings.ToLower(name)] = filepath.Join(f.opt.Folder, name)
		default:
			switch c, what := f.candidate(e, res); what {
			case anExport:
				found = append(found, c)
			case aStranger:
				s := others[kindOf(name)]
				s.add(name, words)
				others[kindOf(name)] = s
			}
		}
	}
	for i := range found {
		f.pair(&found[i], companions, res)
	}
	noteTemporary(temporary, res)
	for _, kind := range sortedKeys(others) {
		res.Notes = append(res.Notes, unmatched(kind, others[kind], f.opt.Profile))
	}
	f.noteLonely(companions, res)
	// Older first: of two days of the same feed the later is then seen as newer.
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(a.snapshot.Compare(b.snapshot), cmp.Compare(a.name, b.name))
	})
	return found
}

// entryKind is what an entry of the folder turns out to be.
type entryKind int

const (
	anExport entryKind = iota
	aStranger
	saidAlready
)

// candidate matches an entry to a feed.
func (f *Folder) candidate(e fs.DirEntry, res *adapters.PollResult) (c candidate, what entryKind) {
	c = candidate{name: e.Name(), path: filepath.Join(f.opt.Folder, e.Name())}
	for _, feed := range f.opt.Profile.Feeds {
		snapshot, dated, ok := feed.Match(c.name)
		if !ok {
			continue
		}
		if c.feed != nil {
			res.Notes = append(res.Notes, ambiguous(c.name, c.feed.Name, feed.Name))
			return c, saidAlready
		}
		c.feed, c.snapshot, c.dated = feed, snapshot, dated
	}
	if c.feed == nil {
		return c, aStranger
	}
	info, err := f.opt.Files.Lstat(c.path)
	if errors.Is(err, fs.ErrNotExist) { // taken away since the folder was read
		return c, saidAlready
	}
	if err != nil {
		res.Notes = append(res.Notes, fileFailure(c, "read", err))
		return c, saidAlready
	}
	if !info.Mode().IsRegular() {
		res.Notes = append(res.Notes, notAFile(c.name, info.Mode()))
		return c, saidAlready
	}
	c.info = info
	if !c.dated {
		c.snapshot = info.ModTime()
	}
	return c, anExport
}

// isTemporary: names that programs give to files which they are writing, and
// hidden ones.
func isTemporary(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, ".") || strings.HasPrefix(lower, "~") {
		return true
	}
	switch filepath.Ext(lower) {
	case ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp":
		return true
	}
	return lower == "thumbs.db" || lower == "desktop.ini"
}

// companionOf takes x.csv.done or x.done out of the list.
func companionOf(name string, companions map[string]string) string {
	lower := strings.ToLower(name)
	for _, form := range []string{lower + doneSuffix, strings.TrimSuffix(lower, filepath.Ext(lower)) + doneSuffix} {
		if path, ok := companions[form]; ok {
			delete(companions, form)
			return path
		}
	}
	return ""
}

// pair looks for the companion of a file. One that is older than its file was left over from the file before, or written too early: it says nothing
// of this one.
func (f *Folder) pair(c *candidate, companions map[string]string, res *adapters.PollResult) {
	c.companion = companionOf(c.name, companions)
	if c.companion == "" || !c.feed.Done {
		return
	}
	info, err := f.opt.Files.Lstat(c.companion)
	if err == nil {
		c.announced = !info.ModTime().Before(c.info.ModTime())
		return
	}
	c.companion = ""
	if !errors.Is(err, fs.ErrNotExist) { // else taken away since the folder was read
		res.Notes = append(res.Notes, fileFailure(*c, "read", err))
	}
}

// observe remembers how a file looks.
func (f *Folder) observe(c candidate, now time.Time) sight {
	s, known := f.sights[c.name]
	if !known || s.size != c.info.Size() || !s.changed.Equal(c.info.ModTime()) {
		s = f.changed(c, now)
		s.size, s.changed = c.info.Size(), c.info.ModTime()
	}
	if now.Before(s.since) { // the clock was set back: what was seen later than now would wait that much longer
		s.since = now
	}
	if now.Before(s.first) {
		s.first = now
	}
	s.polls++
	f.sights[c.name] = s
	return s
}

// changed is a file that is not as it was: it waits as a new one does.
func (f *Folder) changed(c candidate, now time.Time) sight {
	s, known := f.sights[c.name]
	if !known || f.elapsed(now, s.since) >= f.opt.GiveUp {
		s.first = now
	}
	return sight{since: now, first: s.first}
}

// clockSlack is how far ahead of the time that went by a clock may get in one poll, as one that is a little off is put right.
const clockSlack = time.Minute

// watchClock notices that the clock was set ahead since the last poll.
func (f *Folder) watchClock(now time.Time) {
	if shown := now.Round(0).Sub(f.polled.Round(0)); !f.polled.IsZero() && shown-f.elapsed(now, f.polled) > clockSlack {
		f.setAhead = now
	}
	f.polled = now
}

// age is how long a file has been as it is. Where the clock was set ahead since, its stamp makes it look older: then
// it is as old as this program saw it.
func (f *Folder) age(s sight, now time.Time) time.Duration {
	seen := f.elapsed(now, s.since)
	if s.changed.Before(f.setAhead) {
		return seen
	}
	return max(seen, now.Sub(s.changed))
}

// forget drops what is no longer there.
func (f *Folder) forget(present []candidate) {
	names := map[string]bool{}
	for _, c := range present {
		names[c.name] = true
	}
	for name := range f.sights {
		if !names[name] {
			delete(f.sights, name)
		}
	}
}

// settled says whether a file is ready to be taken, and if not, why.
func (f *Folder) settled(c candidate, now time.Time, res *adapters.PollResult) bool {
	s := f.observe(c, now)
	age := f.age(s, now)
	switch {
	case c.info.Size() > f.opt.MaxBytes:
		f.wait(c, s.since, tooLarge(f.opt.MaxBytes), res)
	case c.feed.Done && !c.announced:
		since := s.since
		if f.restless(s, now) {
			since = s.first
		}
		f.wait(c, since, unannounced(c), res)
	case !c.feed.Done && (s.polls < 2 || age < f.opt.MinAge):
		f.waitSeen(c, now, stillYoung(), res)
	case s.passing != nil && age < f.opt.GiveUp:
		f.waitSeen(c, now, *s.passing, res)
	default:
		return true
	}
	return false
}

// peekable is settled for a single look: the file's own age has to do. One that a clock stamped with a time far ahead has none.
func (f *Folder) peekable(c candidate, now time.Time, res *adapters.PollResult) bool {
	age := now.Sub(c.info.ModTime())
	switch {
	case c.info.Size() > f.opt.MaxBytes:
		f.wait(c, now, tooLarge(f.opt.MaxBytes), res)
	case c.feed.Done && !c.announced:
		f.wait(c, now, unannounced(c), res)
	case !c.feed.Done && age < f.opt.MinAge && age > -f.opt.GiveUp:
		f.wait(c, now, stillYoung(), res)
	default:
		return true
	}
	return false
}

// restingTime is how long a file has to be the same for its reader to say why it waits.
const restingTime = 2 * time.Minute

// restless is of a file that has been changing for so long that somebody should know.
func (f *Folder) restless(s sight, now time.Time) bool {
	return f.elapsed(now, s.first) >= f.opt.GiveUp && f.elapsed(now, s.since) < restingTime
}

// waitSeen is wait for a file that was seen at earlier polls: each change makes it young again, so that one which keeps changing would
// wait unsaid for ever.
func (f *Folder) waitSeen(c candidate, now time.Time, why adapters.FileProblem, res *adapters.PollResult) {
	s := f.sights[c.name]
	if f.restless(s, now) {
		s.since, why = s.first, keepsChanging(s.first)
	}
	f.wait(c, s.since, why, res)
}

func (f *Folder) wait(c candidate, since time.Time, why adapters.FileProblem, res *adapters.PollResult) {
	res.Waiting = append(res.Waiting, adapters.Waiting{
		Name: adapters.SafeName(c.name), Feed: c.feed.Name, Since: since, Problem: why,
	})
}

func noteTemporary(count int, res *adapters.PollResult) {
	if count == 0 {
		return
	}
	text := fmt.Sprintf("%d hidden or temporary files in the drop folder are left alone", count)
	if count == 1 {
		text = "1 hidden or temporary file in the drop folder is left alone"
	}
	res.Notes = append(res.Notes, adapters.Note{Key: "dropfolder.temporary", Text: text})
}

// removeCompanion goes on where it can't: what stays is said, and makes no later file whole.
func (f *Folder) removeCompanion(path string) {
	if err := f.opt.Files.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.undeleted[path] = err
	}
}

// noteLonely tells of .done files without a file: of those whose file was taken, why they stayed.
func (f *Folder) noteLonely(companions map[string]string, res *adapters.PollResult) {
	lonely, stayed := 0, map[string]error{}
	for _, form := range sortedKeys(companions) {
		path := companions[form]
		if err := f.undeleted[path]; err != nil {
			stayed[path] = err
			res.Notes = append(res.Notes, companionStays(filepath.Base(path), err))
			continue
		}
		lonely++
	}
	f.undeleted = stayed
	if lonely == 0 {
		return
	}
	text := fmt.Sprintf("%d .done files in the drop folder have no file beside them", lonely)
	if lonely == 1 {
		text = "1 .done file in the drop folder has no file beside it"
	}
	res.Notes = append(res.Notes, adapters.Note{
		Key: "dropfolder.done", Text: text, Hint: "Write the .done file after the file that it announces.",
	})
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
