package dropfolder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/adapters"
)

// planner makes sets of claims. It is pure: poll and peek share it.
type planner struct {
	profile *adapters.Profile
	version string
	last    map[string]Ingested
	now     time.Time
	claims  []*claim
	file    func(*claim) adapters.File

	// passed are pending claims that no set will use.
	passed []*claim
}

// pick is one choice of a claim for each feed that has one.
type pick map[string]*claim

// bySnapshot: a comes before b.
func bySnapshot(a, b *claim) bool {
	if !a.Snapshot.Equal(b.Snapshot) {
		return a.Snapshot.Before(b.Snapshot)
	}
	return a.Seq < b.Seq
}

func (p *planner) run(res *adapters.PollResult) {
	if p.profile.Bind == adapters.BindDate {
		p.byDate(res)
		return
	}
	p.byLatest(res)
}

// live lists a feed's claims that can be in a set, in their order. One that was seen is what is in force, as it stands in a later delivery: with the
// others of that delivery it makes a set, and what is older than it is older.
func live(claims []*claim, feed string) []*claim {
	var list []*claim
	for _, c := range claims {
		if c.Feed == feed && (c.State == statePending || c.State == stateDone || c.State == stateSeen) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *claim) int {
		if bySnapshot(a, b) {
			return -1
		}
		return 1
	})
	return list
}

// group is the files out of which sets are made: by feed, older first.
type group struct {
	date   time.Time
	files  map[string][]*claim
	newest pick
}

func (g *group) add(c *claim) {
	if g.files == nil {
		g.files, g.newest = map[string][]*claim{}, pick{}
	}
	g.files[c.Feed] = append(g.files[c.Feed], c)
	g.newest[c.Feed] = c
}

func (g *group) pending(feed string) []*claim {
	var list []*claim
	for _, c := range g.files[feed] {
		if c.State == statePending {
			list = append(list, c)
		}
	}
	return list
}

func (g *group) anyPending() bool {
	for feed := range g.files {
		if len(g.pending(feed)) > 0 {
			return true
		}
	}
	return false
}

// byLatest takes the last file of each feed.
func (p *planner) byLatest(res *adapters.PollResult) {
	var g group
	for _, feed := range p.profile.Feeds {
		for _, c := range live(p.claims, feed.Name) {
			g.add(c)
		}
	}
	p.passOlder(&g)
	lacking := p.missing(g.newest)
	if len(lacking) == 0 {
		lacking = p.outsideWindow(g.newest)
	}
	if len(lacking) > 0 {
		p.incomplete(g.newest, lacking, time.Time{}, res)
		return
	}
	p.offerRounds(&g, true, res)
}

// passOlder passes over all pending snapshots but the newest of each feed.
func (p *planner) passOlder(g *group) {
	for _, feed := range p.profile.Feeds {
		for _, c := range g.pending(feed.Name) {
			if !feed.Delta && c != g.newest[feed.Name] {
				p.passed = append(p.passed, c)
			}
		}
	}
}

// offerRounds offers one set, or, where deltas have piled up, a set for each of
// them in turn: every delta holds what the others don't.
func (p *planner) offerRounds(g *group, inForce bool, res *adapters.PollResult) {
	rounds := 1
	for _, feed := range p.profile.Feeds {
		if feed.Delta {
			rounds = max(rounds, len(g.pending(feed.Name)))
		}
	}
	for i := range rounds {
		choice := pick{}
		for _, feed := range p.profile.Feeds {
			if c := g.newest[feed.Name]; c != nil {
				choice[feed.Name] = c
			}
			if list := g.pending(feed.Name); feed.Delta && len(list) > 0 {
				choice[feed.Name] = list[min(i, len(list)-1)]
			}
		}
		p.offer(choice, inForce && i == rounds-1, res)
	}
}

// missing names the required feeds that have no file.
func (p *planner) missing(choice pick) []string {
	var names []string
	for _, feed := range p.profile.Feeds {
		if feed.Required && choice[feed.Name] == nil {
			names = append(names, feed.Name)
		}
	}
	return names
}

// outsideWindow names the feeds whose last file is too old to belong to the newest.
func (p *planner) outsideWindow(choice pick) []string {
	if p.profile.Bind != adapters.BindWindow {
		return nil
	}
	var newest time.Time
	for _, c := range choice {
		if c.written().After(newest) {
			newest = c.written()
		}
	}
	var names []string
	for _, feed := range p.profile.Feeds {
		c := choice[feed.Name]
		if c != nil && feed.Required && newest.Sub(c.written()) > p.profile.Window {
			names = append(names, feed.Name)
		}
	}
	return names
}

// byDate takes files of one day. With snapshots only, the newest complete day
// counts and what is pending of earlier days is passed over. With a delta feed every
// day counts: days come in order, and one that lacks a file holds up the later ones.
func (p *planner) byDate(res *adapters.PollResult) {
	days := p.days()
	if slices.ContainsFunc(p.profile.Feeds, func(f *adapters.Feed) bool { return f.Delta }) {
		p.everyDay(days, res)
		return
	}
	chosen := -1
	for i, day := range days {
		if len(p.missing(day.newest)) == 0 {
			chosen = i
		}
	}
	for i, day := range days {
		switch {
		case i < chosen:
			for _, feed := range p.profile.Feeds {
				p.passed = append(p.passed, day.pending(feed.Name)...)
			}
		case i == chosen:
			p.passOlder(day)
			p.offerRounds(day, true, res)
		default:
			p.incomplete(day.newest, p.missing(day.newest), day.date, res)
		}
	}
}

func (p *planner) everyDay(days []*group, res *adapters.PollResult) {
	newest := len(days) - 1
	for newest > 0 && !days[newest].anyPending() && len(p.missing(days[newest].newest)) > 0 {
		newest-- // nothing of it is new: the day before is in force
	}
	days = days[:newest+1]
	for i, day := range days {
		if i < newest && !day.anyPending() {
			continue
		}
		if missing := p.missing(day.newest); len(missing) > 0 {
			p.incomplete(day.newest, missing, day.date, res)
			return
		}
		p.passOlder(day)
		p.offerRounds(day, i == newest, res)
	}
}

// days groups the files by the day in their names, older first.
func (p *planner) days() []*group {
	byDay := map[string]*group{}
	for _, feed := range p.profile.Feeds {
		for _, c := range live(p.claims, feed.Name) {
			day := c.Snapshot.UTC().Truncate(24 * time.Hour)
			key := day.Format(time.DateOnly)
			if byDay[key] == nil {
				byDay[key] = &group{date: day}
			}
			byDay[key].add(c)
		}
	}
	var days []*group
	for _, key := range sortedKeys(byDay) {
		days = append(days, byDay[key])
	}
	return days
}

// stale: the ledger didn't take this file, or took it with another version of
// profile or schemas.
func (p *planner) stale(c *claim) bool {
	one, ok := p.last[c.Feed]
	return c.State == statePending || !ok || one.Hash != c.Hash || one.Version != p.version
}

// offer makes a set of the choice when there is anything to ingest in it. Files that
// are done count only in the set in force: an earlier round only brings its news.
func (p *planner) offer(choice pick, inForce bool, res *adapters.PollResult) {
	set := adapters.Set{}
	stale := false
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n", p.version)
	for _, feed := range p.profile.Feeds {
		c := choice[feed.Name]
		if c == nil {
			continue
		}
		stale = stale || c.State == statePending || inForce && p.stale(c)
		if c.State == statePending && !offered(res.Sets, c) {
			set.New = append(set.New, feed.Name)
		}
		if c.Snapshot.After(set.Snapshot) {
			set.Snapshot = c.Snapshot
		}
		set.Files = append(set.Files, p.file(c))
		_, _ = fmt.Fprintf(sum, "%s=%s\n", feed.Name, c.Hash)
	}
	if !stale {
		return
	}
	set.ID = hex.EncodeToString(sum.Sum(nil)[:16])
	res.Sets = append(res.Sets, set)
}

// offered: an earlier set of the same poll brings this file already.
func offered(sets []adapters.Set, c *claim) bool {
	for _, s := range sets {
		for _, f := range s.Files {
			if f.Feed == c.Feed && f.Hash == c.Hash {
				return true
			}
		}
	}
	return false
}

// incomplete reports a set that lacks files, if there is something new in it: an OCMW
// that never sent anything has no incomplete set.
func (p *planner) incomplete(choice pick, missing []string, date time.Time, res *adapters.PollResult) {
	in := adapters.Incomplete{Date: date, Missing: missing}
	for _, feed := range p.profile.Feeds {
		c := choice[feed.Name]
		if c == nil || slices.Contains(missing, feed.Name) {
			continue
		}
		in.Have = append(in.Have, feed.Name)
		if c.State == statePending && (in.Since.IsZero() || c.Claimed.Before(in.Since)) {
			in.Since = c.Claimed
		}
	}
	if in.Since.IsZero() {
		return
	}
	in.Overdue = p.now.Sub(in.Since) >= p.profile.Wait
	res.Incomplete = append(res.Incomplete, in)
}
