// Package observe learns what MLP holds: it looks up people at first contact and
// follows the change feed.
//
// It guarantees that nothing slips between looking up and following: the feed's
// cursor is taken before anybody is looked up, and moves only together with the
// dossiers that it brought. It doesn't tell our own changes from others': the
// store does, by the version it knows already. Where MLP does not admit an OCMW's client,
// or asks to wait, nothing is asked for that OCMW for a while. A person of whom the answer
// can't be used stays to be looked up, and keeps nobody else from it. internal/cycle calls
// it through an interface of its own.
package observe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// Store keeps what was learnt. Each method is one transaction.
type Store interface {
	// NeedLookup lists people of whom MLP was not asked yet, by number: those behind after, at most limit.
	NeedLookup(ctx context.Context, ocmw string, after int64, limit int) ([]mlp.Lookup, error)
	// SaveLookups stores for each of asked the dossier found, or that there is none, and whether the number is cancelled.
	SaveLookups(ctx context.Context, run, ocmw string, asked []mlp.Lookup, found mlp.Found, now time.Time) error
	Cursor(ctx context.Context, ocmw string) (string, error)
	// SaveFeed stores the dossiers and the cursor, and says how many were news.
	SaveFeed(ctx context.Context, ocmw, cursor string, dossiers []casefile.Dossier, now time.Time) (int, error)
	// LookUpAgain has those looked up again whom unreadable dossiers are about, and says how many people that are; of lost dossiers nobody
	// can tell whose they are.
	LookUpAgain(ctx context.Context, ocmw string, unread []mlp.Unread) (people, lost int, err error)
	// ForgetCursor drops the cursor and asks for everybody to be looked up again.
	ForgetCursor(ctx context.Context, ocmw string) error
}

// Client reads MLP for one OCMW; *mlp.Client is one.
type Client interface {
	Query(ctx context.Context, people []mlp.Lookup) (mlp.Found, error)
	Changes(ctx context.Context, cursor string, limit int) (mlp.Page, error)
}

const (
	// pageSize is how many changes one call to the feed asks for.
	pageSize = 200
	// maxRetryAfter is the longest wait that an answer can ask for.
	maxRetryAfter = 10 * time.Minute
	// maxPages is how much of the feed is read at a time: files, decisions and deliveries wait for it.
	maxPages = 500
	// lookUpAgain is how long a feed that loses its cursors again and again lets everybody be: nothing is sent for who is to be looked up.
	lookUpAgain = 10 * time.Minute
)

// Options are the parts of an Observer; all are required but Now. Store and Now are used by two goroutines at a time.
type Options struct {
	Store   Store
	Clients map[string]Client // by KBO number
	Now     func() time.Time
}

// Observer learns what MLP holds of the clients of several OCMWs. One goroutine may use it.
type Observer struct {
	Options
	paused map[string]pause     // by KBO number
	lost   map[string]lostPlace // by KBO number
	unread map[string]unread    // by KBO number
	// patience is with answers of no use, by KBO number.
	patience map[string]patience
	stuck    map[string]stuckPage // by KBO number
}

// stuckPage is a page that the feed did not get past, and how many of its items that can't be read were seen to.
type stuckPage struct {
	cursor string
	seen   int
}

// lostPlace is when a feed lost its place, so that everybody is looked up again. It is over when they all were, and the feed has been read to
// its end since.
type lostPlace struct {
	happened
	lookedUp, over bool
}

// happened is when something did, and why.
type happened struct {
	at  time.Time
	why error
}

// lately tells that it was less than lookUpAgain ago. What a clock that was set back shows in the future was not.
func (h happened) lately(now time.Time) bool {
	return h.why != nil && !now.Before(h.at) && now.Before(h.at.Add(lookUpAgain))
}

// pause is an OCMW for which nothing is asked for a while, and why.
type pause struct {
	until time.Time
	why   error
}

// New makes an Observer.
func New(o Options) *Observer {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Observer{
		Options: o, paused: map[string]pause{}, lost: map[string]lostPlace{}, unread: map[string]unread{},
		patience: map[string]patience{}, stuck: map[string]stuckPage{},
	}
}

// ask asks MLP for an OCMW, unless that is no use yet: then the answer is the last one.
func (o *Observer) ask(ocmw string, question func(Client) error) error {
	if p := o.paused[ocmw]; o.Now().Before(p.until) {
		return p.why
	}
	err := question(o.Clients[ocmw])
	o.paused[ocmw] = pause{o.Now().Add(restAfter(err)), err}
	return err
}

// restAfter is how long an answer asks to leave MLP alone, zero for not at all.
func restAfter(err error) time.Duration {
	var e *mlp.Error
	if !errors.As(err, &e) {
		return 0
	}
	switch {
	case e.Verdict == mlp.VerdictAuthentication:
		return mlp.AuthenticationRetry
	case e.Verdict == mlp.VerdictThrottled, errors.Is(err, mlp.ErrNoToken):
		return min(e.RetryAfter, maxRetryAfter)
	default:
		return 0
	}
}

func (o *Observer) changes(ctx context.Context, ocmw, cursor string, limit int) (page mlp.Page, err error) {
	err = o.ask(ocmw, func(c Client) error {
		page, err = c.Changes(ctx, cursor, limit)
		return err
	})
	return page, err
}

func (o *Observer) query(ctx context.Context, ocmw string, people []mlp.Lookup) (found mlp.Found, err error) {
	err = o.ask(ocmw, func(c Client) error {
		found, err = c.Query(ctx, people)
		return err
	})
	return found, err
}

// FirstContact looks up everybody of whom MLP was not asked yet, in batches, and says how many that were. While one is stored
// MLP is asked about the next, so two of them are the most that is in memory at a time. What was looked up before an error is kept. Of
// whom the answer can't be used is not counted: Unread tells who that is.
func (o *Observer) FirstContact(ctx context.Context, run, ocmw string) (looked int, err error) {
	if o.unread[ocmw] == nil {
		o.unread[ocmw] = unread{}
	}
	o.patience[ocmw] = o.patience[ocmw].renewed(o.Now())
	looked, last, before, err := o.contact(ctx, run, ocmw)
	if err == nil {
		var again int
		again, err = o.askAgain(ctx, run, ocmw, before)
		looked += again
	}
	if err != nil {
		return looked, err
	}
	if err := o.proveStored(ctx, ocmw, last); err != nil {
		return looked, err
	}
	place := o.lost[ocmw]
	place.lookedUp = true
	o.lost[ocmw] = place
	return looked, nil
}

// contact looks up those of whom MLP's answer was not of no use before. It tells who the others are, and the last of all.
func (o *Observer) contact(ctx context.Context, run, ocmw string) (looked int, last int64, before []mlp.Lookup, err error) {
	ctx, cancel := context.WithCancel(ctx)
	next := o.begin(ctx, ocmw, 0)
	defer func() { cancel(); <-next }() // nothing is asked behind it
	for {
		b := <-next
		if b.last == 0 && b.err == nil {
			return looked, last, before, nil
		}
		before = append(before, b.before...)
		if last = b.last; b.err == nil {
			next = o.begin(ctx, ocmw, last)
		}
		n, err := o.save(ctx, run, ocmw, b.answered)
		if looked += n; err != nil {
			return looked, last, before, err
		}
		if b.err != nil {
			return looked, last, before, b.err
		}
	}
}

func (o *Observer) save(ctx context.Context, run, ocmw string, a answered) (int, error) {
	if len(a.people) == 0 {
		return 0, nil
	}
	if err := o.Store.SaveLookups(ctx, run, ocmw, a.people, a.found, o.Now()); err != nil {
		return 0, fmt.Errorf("keep what was looked up: %w", err)
	}
	return len(a.people), nil
}

// batch is people who were looked up together, up to the last in number; none when there are no more.
type batch struct {
	answered
	before []mlp.Lookup // of whom the answer was of no use before: not asked about
	last   int64
	err    error
}

// begin begins to look up the people behind one.
func (o *Observer) begin(ctx context.Context, ocmw string, after int64) <-chan batch {
	next := make(chan batch, 1)
	go func() {
		defer close(next)
		next <- o.lookUp(ctx, ocmw, after)
	}()
	return next
}

func (o *Observer) lookUp(ctx context.Context, ocmw string, after int64) (b batch) {
	people, err := o.Store.NeedLookup(ctx, ocmw, after, mlp.MaxQuery)
	if err != nil {
		b.err = fmt.Errorf("list people to look up: %w", err)
		return b
	}
	if len(people) == 0 {
		return b
	}
	if after == 0 {
		if b.err = o.takeCursor(ctx, ocmw); b.err != nil {
			return b
		}
	}
	b.last = people[len(people)-1].Person
	var fresh []mlp.Lookup
	if b.before, fresh = o.unread[ocmw].part(people); len(fresh) == 0 {
		return b
	}
	if b.answered, err = o.askFirst(ctx, ocmw, fresh); err != nil {
		b.err = fmt.Errorf("look up people: %w", err)
	}
	return b
}

// proveStored sees that nobody up to the last who was looked up is asked for again, but who is unread: else MLP would be asked the same for
// ever. Who is asked for no more is unread no more.
func (o *Observer) proveStored(ctx context.Context, ocmw string, last int64) error {
	left := o.unread[ocmw]
	if last == 0 {
		clear(left)
		return nil
	}
	listed, err := o.Store.NeedLookup(ctx, ocmw, 0, 1+len(left))
	if err != nil {
		return fmt.Errorf("list people to look up: %w", err)
	}
	still := map[int64]bool{}
	for _, p := range listed {
		if _, there := left[p.Person]; p.Person <= last && !there {
			return errors.New("a person who was looked up is asked for again")
		}
		still[p.Person] = true
	}
	maps.DeleteFunc(left, func(person int64, _ unreadPerson) bool { return !still[person] })
	return nil
}

// takeCursor notes where the feed stands before the first look-up.
func (o *Observer) takeCursor(ctx context.Context, ocmw string) error {
	cursor, err := o.Store.Cursor(ctx, ocmw)
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	if cursor != "" {
		return nil
	}
	page, err := o.changes(ctx, ocmw, "", 1)
	if err != nil {
		return fmt.Errorf("take the feed's position: %w", err)
	}
	if _, err := o.Store.SaveFeed(ctx, ocmw, page.Next, nil, o.Now()); err != nil {
		return fmt.Errorf("keep cursor: %w", err)
	}
	return nil
}

// Follow reads the feed to its end, or a good piece of it, and says how many dossiers changed without
// us, or are to be looked up as they can't be read. Before the first contact there is nothing to follow. A cursor that the
// feed lost, or an item of which nobody can tell whose it is, means that everybody is looked up again at the next first contact.
func (o *Observer) Follow(ctx context.Context, ocmw string) (int, error) {
	cursor, err := o.Store.Cursor(ctx, ocmw)
	if err != nil {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	changed, been := 0, map[string]bool{}
	for cursor != "" && len(been) < maxPages {
		been[cursor] = true
		page, err := o.changes(ctx, ocmw, cursor, pageSize)
		if errors.Is(err, mlp.ErrCursorLost) {
			return changed, o.forget(ctx, ocmw, err)
		}
		if err != nil {
			return changed, fmt.Errorf("read the change feed: %w", err)
		}
		if page.Next == cursor && len(page.Items) == 0 && !page.More {
			o.atEnd(ocmw)
			return changed, nil
		}
		news, anybody, err := o.take(ctx, ocmw, cursor, page)
		changed += news
		if err != nil {
			return changed, err
		}
		if anybody != nil {
			return changed, o.forget(ctx, ocmw, anybody)
		}
		if !page.More {
			o.atEnd(ocmw)
			return changed, nil
		}
		if been[page.Next] {
			return changed, circles()
		}
		cursor = page.Next
	}
	return changed, nil
}

// atEnd notes that the feed was read to its end.
func (o *Observer) atEnd(ocmw string) {
	place := o.lost[ocmw]
	place.over = place.lookedUp
	o.lost[ocmw] = place
}

// take stores a page that was read from a cursor, and says how many dossiers were news. What can't be read is looked up; where nobody can
// tell of whom it is, anybody is why, and the page is not done with. When it comes again nobody is looked up for what was on it before: each
// pass would find news.
func (o *Observer) take(ctx context.Context, ocmw, cursor string, page mlp.Page) (changed int, anybody, err error) {
	next, fresh := page.Next, page.Unread
	if before := o.stuck[ocmw]; before.cursor == cursor && len(fresh) > 0 {
		next, anybody, fresh = cursor, fresh[0].Why, fresh[min(before.seen, len(fresh)):]
	}
	if len(fresh) > 0 { // first, so that they are not lost behind the cursor
		people, lost, err := o.Store.LookUpAgain(ctx, ocmw, fresh)
		if err != nil {
			return 0, nil, fmt.Errorf("have people looked up again: %w", err)
		}
		changed = people
		if lost > 0 {
			next, anybody = cursor, fresh[0].Why
		}
	}
	news, err := o.Store.SaveFeed(ctx, ocmw, next, latest(page.Items), o.Now())
	if err != nil {
		return changed, nil, fmt.Errorf("keep changes: %w", err)
	}
	if anybody != nil {
		o.stuck[ocmw] = stuckPage{cursor, len(page.Unread)}
	}
	return changed + news, anybody, nil
}

// circles is a feed that says that there is more and leads to where it was: it would be read for ever, and what is behind never seen.
func circles() error {
	return &mlp.Error{
		Operation: "listChanges", Verdict: mlp.VerdictTransient, Type: "feedCircles", Title: "the change feed leads back to where it was",
		Next: "report this to VDAB: what others change in MLP is not seen until the feed goes on",
	}
}

// forget has everybody looked up again, unless that was of no use a moment ago.
func (o *Observer) forget(ctx context.Context, ocmw string, why error) error {
	now := o.Now()
	if o.lost[ocmw].lately(now) {
		return fmt.Errorf("read the change feed: %w", why)
	}
	if err := o.Store.ForgetCursor(ctx, ocmw); err != nil {
		return fmt.Errorf("forget cursor: %w", err)
	}
	o.lost[ocmw] = lostPlace{happened: happened{now, why}}
	return nil
}

// latest keeps the last state of each dossier of a page, the one of the highest version, in order of change.
func latest(items []mlp.Change) []casefile.Dossier {
	last := map[string]int{}
	for i, item := range items {
		if at, there := last[item.Dossier.ID]; !there || item.Dossier.Version >= items[at].Dossier.Version {
			last[item.Dossier.ID] = i
		}
	}
	var dossiers []casefile.Dossier
	for i, item := range items {
		if last[item.Dossier.ID] == i {
			dossiers = append(dossiers, item.Dossier)
		}
	}
	return dossiers
}
