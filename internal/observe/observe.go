// Package observe learns what MLP holds: it looks up people at first contact and
// follows the change feed.
//
// It guarantees that nothing slips between looking up and following: the feed's
// cursor is taken before anybody is looked up, and moves only together with the
// dossiers that it brought. It doesn't tell our own changes from others': the
// store does, by the version it knows already. Where MLP does not admit an OCMW's client,
// or asks to wait, nothing is asked for that OCMW for a while. internal/cycle calls it
// through an interface of its own.
package observe

import (
	"context"
	"errors"
	"fmt"
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
	lost   map[string]time.Time // when the feed last lost its cursor, by KBO number
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
	return &Observer{Options: o, paused: map[string]pause{}, lost: map[string]time.Time{}}
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
// MLP is asked about the next, so two of them are the most that is in memory at a time. What was looked up before an error is kept.
func (o *Observer) FirstContact(ctx context.Context, run, ocmw string) (looked int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	next, last := o.begin(ctx, ocmw, 0), int64(0)
	defer func() { cancel(); <-next }() // nothing is asked behind it
	for {
		b := <-next
		if b.err != nil {
			return looked, b.err
		}
		if len(b.people) == 0 {
			return looked, o.proveStored(ctx, ocmw, last)
		}
		last = b.people[len(b.people)-1].Person
		next = o.begin(ctx, ocmw, last)
		if err := o.Store.SaveLookups(ctx, run, ocmw, b.people, b.found, o.Now()); err != nil {
			return looked, fmt.Errorf("keep what was looked up: %w", err)
		}
		looked += len(b.people)
	}
}

// batch is people who were looked up together; nobody when there are no more.
type batch struct {
	people []mlp.Lookup
	found  mlp.Found
	err    error
}

// begin begins to look up the people behind one.
func (o *Observer) begin(ctx context.Context, ocmw string, after int64) <-chan batch {
	next := make(chan batch, 1)
	go func() {
		defer close(next)
		people, found, err := o.lookUp(ctx, ocmw, after)
		next <- batch{people, found, err}
	}()
	return next
}

func (o *Observer) lookUp(ctx context.Context, ocmw string, after int64) (people []mlp.Lookup, found mlp.Found, err error) {
	if people, err = o.Store.NeedLookup(ctx, ocmw, after, mlp.MaxQuery); err != nil {
		return nil, found, fmt.Errorf("list people to look up: %w", err)
	}
	if len(people) == 0 {
		return nil, found, nil
	}
	if after == 0 {
		if err = o.takeCursor(ctx, ocmw); err != nil {
			return nil, found, err
		}
	}
	if found, err = o.query(ctx, ocmw, people); err != nil {
		return nil, found, fmt.Errorf("look up people: %w", err)
	}
	return people, found, nil
}

// proveStored sees that nobody up to the last who was looked up is asked for again: else MLP would be asked the same for ever.
func (o *Observer) proveStored(ctx context.Context, ocmw string, last int64) error {
	if last == 0 {
		return nil
	}
	left, err := o.Store.NeedLookup(ctx, ocmw, 0, 1)
	if err != nil {
		return fmt.Errorf("list people to look up: %w", err)
	}
	if len(left) > 0 && left[0].Person <= last {
		return errors.New("a person who was looked up is asked for again")
	}
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
// us. Before the first contact there is nothing to follow. A cursor that the
// feed lost means that everybody is looked up again at the next first contact.
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
			return changed, nil
		}
		news, err := o.Store.SaveFeed(ctx, ocmw, page.Next, latest(page.Items), o.Now())
		if err != nil {
			return changed, fmt.Errorf("keep changes: %w", err)
		}
		changed += news
		if !page.More {
			return changed, nil
		}
		if been[page.Next] {
			return changed, circles()
		}
		cursor = page.Next
	}
	return changed, nil
}

// circles is a feed that says that there is more and leads to where it was: it would be read for ever, and what is behind never seen.
func circles() error {
	return &mlp.Error{
		Operation: "listChanges", Verdict: mlp.VerdictTransient, Type: "feedCircles", Title: "the change feed leads back to where it was",
		Next: "report this to VDAB: what others change in MLP is not seen until the feed goes on",
	}
}

// forget has everybody looked up again, unless that was of no use a moment ago.
func (o *Observer) forget(ctx context.Context, ocmw string, lost error) error {
	now := o.Now()
	if last, again := o.lost[ocmw]; again && !now.Before(last) && now.Before(last.Add(lookUpAgain)) {
		return fmt.Errorf("read the change feed: %w", lost)
	}
	if err := o.Store.ForgetCursor(ctx, ocmw); err != nil {
		return fmt.Errorf("forget cursor: %w", err)
	}
	o.lost[ocmw] = now
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
