package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/mockmlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ocmw = "0212214917"

// store is a ledger's Observing in memory: people by id, and what MLP is known to hold. A batch is listed while the last is saved.
type store struct {
	mu     sync.Mutex
	people map[int64]ident.INSZ
	looked map[int64]bool
	known  map[int64]casefile.Dossier
	dirty  map[int64]bool
	// canceled are those whose number MLP knows as cancelled.
	canceled map[int64]bool
	cursor   string
	calls    []string
	fail     string
}

func newStore() *store {
	return &store{people: map[int64]ident.INSZ{}, looked: map[int64]bool{}, known: map[int64]casefile.Dossier{}, dirty: map[int64]bool{}, canceled: map[int64]bool{}}
}

func (s *store) call(name string) error {
	s.calls = append(s.calls, name)
	if s.fail == name {
		return errors.New("the store is gone")
	}
	return nil
}

func (s *store) NeedLookup(_ context.Context, _ string, after int64, limit int) ([]mlp.Lookup, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []mlp.Lookup
	for id := after + 1; id <= int64(len(s.people)) && len(out) < limit; id++ {
		if !s.looked[id] {
			out = append(out, mlp.Lookup{Person: id, INSZ: s.people[id]})
		}
	}
	return out, s.call("NeedLookup")
}

func (s *store) SaveLookups(_ context.Context, _, _ string, asked []mlp.Lookup, found mlp.Found, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range asked {
		s.looked[p.Person] = true
		if d, there := found.Dossiers[p.Person]; there {
			s.known[p.Person] = d
		}
		s.canceled[p.Person] = found.Canceled[p.Person]
	}
	return s.call("SaveLookups")
}

func (s *store) Cursor(context.Context, string) (string, error) { return s.cursor, s.call("Cursor") }

func (s *store) SaveFeed(_ context.Context, _, cursor string, dossiers []casefile.Dossier, _ time.Time) (int, error) {
	if err := s.call("SaveFeed"); err != nil {
		return 0, err
	}
	s.cursor = cursor
	n := 0
	for _, d := range dossiers {
		for id, insz := range s.people {
			if insz == d.Person.INSZ && s.known[id].Version != d.Version {
				s.known[id], s.dirty[id] = d, true
				n++
			}
		}
	}
	return n, nil
}

func (s *store) LookUpAgain(_ context.Context, _ string, unread []mlp.Unread) (people, lost int, err error) {
	for _, u := range unread {
		found := false
		for id, insz := range s.people {
			if insz == u.INSZ || u.DossierID != "" && s.known[id].ID == u.DossierID {
				if found = true; s.looked[id] {
					people++
				}
				s.looked[id] = false
			}
		}
		if !found {
			lost++
		}
	}
	return people, lost, s.call("LookUpAgain")
}

func (s *store) ForgetCursor(context.Context, string) error {
	s.cursor, s.looked = "", map[int64]bool{}
	return s.call("ForgetCursor")
}

// pages is a feed with what it says at each cursor.
type pages struct {
	t       *testing.T
	feed    map[string]mlp.Page
	err     map[string]error
	asked   []string
	found   map[int64]casefile.Dossier
	queries int
}

func (p *pages) Changes(_ context.Context, cursor string, _ int) (mlp.Page, error) {
	p.asked = append(p.asked, "changes "+cursor)
	if err := p.err[cursor]; err != nil {
		delete(p.err, cursor)
		return mlp.Page{}, err
	}
	page, ok := p.feed[cursor]
	if !ok {
		p.t.Errorf("asked for %q", cursor)
	}
	return page, nil
}

func (p *pages) Query(_ context.Context, people []mlp.Lookup) (mlp.Found, error) {
	p.asked = append(p.asked, fmt.Sprintf("query %d", len(people)))
	p.queries++
	return mlp.Found{Dossiers: p.found}, nil
}

func insz(t *testing.T, s string) ident.INSZ {
	t.Helper()
	r, err := ident.ParseINSZ(s)
	if err != nil {
		t.Fatal(err)
	}
	return r.INSZ
}

func observer(s Store, c Client) *Observer {
	return New(Options{Store: s, Clients: map[string]Client{ocmw: c}})
}

func TestTheCursorIsTakenBeforeTheFirstLookUp(t *testing.T) {
	s := crowd(t, 450)
	c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}}, found: map[int64]casefile.Dossier{7: {ID: "d7", Version: 3}}}
	n, err := observer(s, c).FirstContact(t.Context(), "r1", ocmw)
	if err != nil || n != 450 || s.cursor != "now" {
		t.Fatalf("%d, %v, cursor %q", n, err, s.cursor)
	}
	if diff := cmp.Diff([]string{"changes ", "query 200", "query 200", "query 50"}, c.asked); diff != "" {
		t.Error(diff)
	}
	if len(s.known) != 1 || s.known[7].ID != "d7" || len(s.looked) != 450 {
		t.Errorf("known %v, looked up %d", s.known, len(s.looked))
	}
	if n, err := observer(s, c).FirstContact(t.Context(), "r2", ocmw); n != 0 || err != nil || len(c.asked) != 4 {
		t.Errorf("a second time: %d, %v, %v", n, err, c.asked)
	}
}

// crowd is a store of so many people.
func crowd(t *testing.T, people int64) *store {
	t.Helper()
	s := newStore()
	for i := range people {
		s.people[i+1] = insz(t, "67722499797")
	}
	return s
}

func TestALookUpThatIsNotStoredEnds(t *testing.T) {
	for people, queries := range map[int64]int{1: 1, 200: 1, 450: 3} {
		forgetful := &forgets{store: crowd(t, people)}
		c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}}}
		if _, err := observer(forgetful, c).FirstContact(t.Context(), "r1", ocmw); err == nil || c.queries != queries {
			t.Errorf("%v after %d queries about %d people", err, c.queries, people)
		}
	}
}

// saves lets its test end what is being saved.
type saves struct {
	*store
	end chan error
}

func (s saves) SaveLookups(ctx context.Context, run, ocmw string, asked []mlp.Lookup, found mlp.Found, now time.Time) error {
	if err := <-s.end; err != nil {
		return err
	}
	return s.store.SaveLookups(ctx, run, ocmw, asked, found, now)
}

// MLP is asked about one batch while the one before it is saved, and about no more.
func TestTheNextBatchIsLookedUpMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := saves{crowd(t, 1000), make(chan error)}
		c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}}}
		var looked int
		go func() { looked, _ = observer(s, c).FirstContact(t.Context(), "r1", ocmw) }()
		for saved := range 5 {
			synctest.Wait()
			if want := min(saved+2, 5); c.queries != want || len(s.looked) != saved*mlp.MaxQuery {
				t.Errorf("asked %d times with %d batches saved, want %d; %d people", c.queries, saved, want, len(s.looked))
			}
			s.end <- nil
		}
		synctest.Wait()
		if looked != 1000 {
			t.Errorf("looked up %d", looked)
		}
	})
}

// fails answers with err from its second query on, or after the end of the context, once its test lets it.
type fails struct {
	*pages
	err    error
	asking bool
	end    chan struct{}
}

func (f *fails) Query(ctx context.Context, people []mlp.Lookup) (mlp.Found, error) {
	found, err := f.pages.Query(ctx, people)
	if f.queries < 2 {
		return found, err
	}
	if f.err == nil {
		f.asking = true
		<-ctx.Done()
		<-f.end
		f.asking = false
		return mlp.Found{}, ctx.Err()
	}
	return mlp.Found{}, f.err
}

// What was looked up before an error stays, and nothing is looked up behind it.
func TestFirstContactEndsAtAnError(t *testing.T) {
	full, refused := errors.New("the disk is full"), &mlp.Error{Verdict: mlp.VerdictTransient}
	for name, tt := range map[string]struct {
		asked, saved error
		canceled     bool
		want         error
		looked       int
	}{
		"of MLP, about the batch behind":        {asked: refused, want: refused, looked: 200},
		"of the store, while MLP is asked":      {saved: full, want: full},
		"of both":                               {asked: refused, saved: full, want: full},
		"as it is canceled, while MLP is asked": {canceled: true, want: context.Canceled, looked: 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := saves{crowd(t, 1000), make(chan error)}
				c := &fails{pages: &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}}}, err: tt.asked, end: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					s.end <- tt.saved
					synctest.Wait()
					if tt.canceled {
						cancel()
					}
					synctest.Wait()
					close(c.end)
				}()
				looked, err := observer(s, c).FirstContact(ctx, "r1", ocmw)
				if !errors.Is(err, tt.want) || looked != tt.looked || len(s.looked) != tt.looked || c.queries != 2 || c.asking {
					t.Errorf("%v with %d looked up, %d stored and %d queries; asking still: %t", err, looked, len(s.looked), c.queries, c.asking)
				}
			})
		})
	}
}

// forgets says that it stored, and did not.
type forgets struct{ *store }

func (*forgets) SaveLookups(context.Context, string, string, []mlp.Lookup, mlp.Found, time.Time) error {
	return nil
}

func change(id string, version int64, who ident.INSZ) mlp.Change {
	return mlp.Change{Dossier: casefile.Dossier{ID: id, Version: version, Person: casefile.Person{INSZ: who}}}
}

func TestFollow(t *testing.T) {
	one, two := insz(t, "67722499797"), insz(t, "83660634135")
	s := newStore()
	s.people[1], s.people[2], s.cursor = one, two, "c0"
	s.known[2] = casefile.Dossier{ID: "d2", Version: 5}
	c := &pages{t: t, feed: map[string]mlp.Page{
		"c0": {Items: []mlp.Change{change("d1", 3, one), change("d1", 4, one), change("d2", 5, two)}, Next: "c1", More: true},
		"c1": {Items: []mlp.Change{change("d9", 1, insz(t, "91610100176"))}, Next: "c2"},
	}}
	n, err := observer(s, c).Follow(t.Context(), ocmw)
	if err != nil || n != 1 || s.cursor != "c2" {
		t.Fatalf("%d, %v, cursor %q", n, err, s.cursor)
	}
	if s.known[1].Version != 4 || !s.dirty[1] || s.dirty[2] {
		t.Errorf("known %v, dirty %v: our own write is no drift", s.known, s.dirty)
	}
}

func TestAPageThatIsNotStoredIsReadAgain(t *testing.T) {
	s := newStore()
	s.cursor, s.fail = "c0", "SaveFeed"
	c := &pages{t: t, feed: map[string]mlp.Page{"c0": {Next: "c1"}}}
	if _, err := observer(s, c).Follow(t.Context(), ocmw); err == nil || s.cursor != "c0" {
		t.Fatalf("%v, cursor %q", err, s.cursor)
	}
	s.fail = ""
	if _, err := observer(s, c).Follow(t.Context(), ocmw); err != nil || s.cursor != "c1" {
		t.Errorf("%v, cursor %q", err, s.cursor)
	}
}

// Whoever waits for the end of such a feed waits for ever, and with them every file and delivery. It is said, as what is behind is not seen.
func TestAFeedThatDoesNotMoveOnEnds(t *testing.T) {
	for name, feed := range map[string]map[string]mlp.Page{
		"stands still": {"c0": {Next: "c0", More: true}},
		"goes round":   {"c0": {Next: "c1", More: true}, "c1": {Next: "c2", More: true}, "c2": {Next: "c1", More: true}},
	} {
		s := newStore()
		s.cursor = "c0"
		c := &pages{t: t, feed: feed}
		_, err := observer(s, c).Follow(t.Context(), ocmw)
		var said *mlp.Error
		if !errors.As(err, &said) || said.Hint() == "" || len(c.asked) != len(feed) {
			t.Errorf("%s: %v, %v", name, err, c.asked)
		}
	}
}

// A feed that always has more, under new cursors, is read in pieces.
func TestAFeedWithoutAnEndIsReadInPieces(t *testing.T) {
	s := newStore()
	s.cursor = "c0"
	c := &pages{t: t, feed: map[string]mlp.Page{}}
	for i := range maxPages + 1 {
		c.feed[fmt.Sprintf("c%d", i)] = mlp.Page{Next: fmt.Sprintf("c%d", i+1), More: true}
	}
	if _, err := observer(s, c).Follow(t.Context(), ocmw); err != nil || len(c.asked) != maxPages || s.cursor != fmt.Sprintf("c%d", maxPages) {
		t.Errorf("%v, %d pages, cursor %q", err, len(c.asked), s.cursor)
	}
}

// Two states of a dossier can be in one page in either order.
func TestTheHighestVersionOfAPageCounts(t *testing.T) {
	who := insz(t, "67722499797")
	got := latest([]mlp.Change{change("d1", 5, who), change("d2", 1, who), change("d1", 4, who)})
	if len(got) != 2 || got[0].Version != 5 || got[1].ID != "d2" {
		t.Errorf("%v", got)
	}
}

func TestALostCursorMeansAFullLookUp(t *testing.T) {
	s := newStore()
	s.people[1], s.looked[1], s.cursor = insz(t, "67722499797"), true, "old"
	c := &pages{
		t: t, feed: map[string]mlp.Page{"": {Next: "now"}, "now": {Next: "now"}}, err: map[string]error{"old": &mlp.Error{Verdict: mlp.VerdictCursorLost}},
		found: map[int64]casefile.Dossier{1: {ID: "d1", Version: 9}},
	}
	o := observer(s, c)
	said := func(when string, want bool) {
		t.Helper()
		if _, everybody := o.Unread(ocmw); (everybody != nil) != want {
			t.Errorf("%s it is told: %v", when, everybody)
		}
	}
	if _, err := o.Follow(t.Context(), ocmw); err != nil || s.cursor != "" {
		t.Fatalf("%v, cursor %q", err, s.cursor)
	}
	if n, err := o.FirstContact(t.Context(), "r1", ocmw); err != nil || n != 1 || s.cursor != "now" || s.known[1].Version != 9 {
		t.Errorf("%d, %v, cursor %q, %v", n, err, s.cursor, s.known)
	}
	said("before the feed was read", true)
	if _, err := o.Follow(t.Context(), ocmw); err != nil {
		t.Error(err)
	}
	said("when all is well", false)
	if diff := cmp.Diff([]string{"changes old", "changes ", "query 1", "changes now"}, c.asked); diff != "" {
		t.Error(diff)
	}
}

// Nothing is sent for somebody who is to be looked up. A feed that loses each cursor that it gives must not have everybody looked up
// in each pass, silently: it is said, and meanwhile clients are decided and sent on what the look-up brought.
func TestAFeedThatLosesEveryCursorStopsNobody(t *testing.T) {
	s, now := newStore(), time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	s.people[1], s.looked[1], s.cursor = insz(t, "67722499797"), true, "now"
	c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}}, err: map[string]error{}}
	o := New(Options{Store: s, Clients: map[string]Client{ocmw: c}, Now: func() time.Time { return now }})
	pass := func() error {
		t.Helper()
		c.err["now"] = &mlp.Error{Verdict: mlp.VerdictCursorLost}
		if _, err := o.FirstContact(t.Context(), "r", ocmw); err != nil {
			t.Fatal(err)
		}
		_, err := o.Follow(t.Context(), ocmw)
		return err
	}
	if err := pass(); err != nil || s.looked[1] {
		t.Errorf("the first time: %v, looked up: %v", err, s.looked[1])
	}
	for range 3 {
		if err := pass(); !errors.Is(err, mlp.ErrCursorLost) || !s.looked[1] {
			t.Errorf("again: %v, looked up: %v", err, s.looked[1])
		}
	}
	now = now.Add(lookUpAgain)
	if err := pass(); err != nil || s.looked[1] || c.queries != 1 {
		t.Errorf("after a while: %v, looked up: %v, %d queries", err, s.looked[1], c.queries)
	}
}

func TestErrorsOfMLPAreHandedOn(t *testing.T) {
	s := newStore()
	s.cursor = "c0"
	c := &pages{t: t, err: map[string]error{"c0": &mlp.Error{Verdict: mlp.VerdictAuthentication}}}
	if _, err := observer(s, c).Follow(t.Context(), ocmw); !errors.Is(err, mlp.ErrAuthentication) {
		t.Errorf("got %v", err)
	}
}

// A client that is not admitted, or is asked to wait, leaves MLP alone meanwhile, whatever is to be read: each poll would fetch tokens that
// are refused. Other OCMWs go on.
func TestMLPIsLeftAloneForAWhile(t *testing.T) {
	for _, tt := range []struct {
		err  *mlp.Error
		rest time.Duration
	}{
		{&mlp.Error{Verdict: mlp.VerdictAuthentication}, 5 * time.Minute},
		{&mlp.Error{Verdict: mlp.VerdictThrottled, RetryAfter: time.Minute}, time.Minute},
		{&mlp.Error{Verdict: mlp.VerdictThrottled, RetryAfter: 24 * time.Hour}, 10 * time.Minute},
		{&mlp.Error{Verdict: mlp.VerdictThrottled}, 0},
		{&mlp.Error{Verdict: mlp.VerdictNotSent, Status: 429, Type: "tokenUnavailable", RetryAfter: time.Minute}, time.Minute},
		{&mlp.Error{Verdict: mlp.VerdictTransient, RetryAfter: time.Minute}, 0},
	} {
		s, now, neighbour := newStore(), time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC), "0999999922"
		s.cursor = "c0"
		s.people[1] = insz(t, "67722499797")
		c := &pages{t: t, err: map[string]error{"c0": tt.err}, feed: map[string]mlp.Page{"c0": {Next: "c0"}}}
		o := New(Options{Store: s, Clients: map[string]Client{ocmw: c, neighbour: c}, Now: func() time.Time { return now }})
		follow := func(of string, want error) {
			t.Helper()
			if _, err := o.Follow(t.Context(), of); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", tt.err, err, want)
			}
		}
		follow(ocmw, tt.err)
		follow(neighbour, nil)
		if tt.rest > 0 {
			now = now.Add(tt.rest - time.Millisecond)
			follow(ocmw, tt.err)
			if _, err := o.FirstContact(t.Context(), "run", ocmw); !errors.Is(err, tt.err) {
				t.Errorf("%s: people are looked up: %v", tt.err, err)
			}
			now = now.Add(time.Millisecond)
		}
		follow(ocmw, nil)
		if len(c.asked) != 3 {
			t.Errorf("%s: asked %q", tt.err, c.asked)
		}
	}
}

// Against the mock: what others change is seen, and what changed between cursor and look-up too.
func TestAgainstTheMock(t *testing.T) {
	one, two, three := "67722499797", "83660634135", "91610100176"
	mock, err := mockmlp.New(mockmlp.Options{Scenario: &mockmlp.Scenario{
		Dossiers: []mockmlp.SeedDossier{{SSIN: one, NISCode: "44021"}}, CanceledSSINs: []string{three},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := mlp.New(mlp.Options{
		BaseURL: "https://mlp.invalid/mlp/v1", TokenURL: "https://mlp.invalid/oauth2/token", ClientID: "mlpsync-demo",
		ClientSecret: func() (string, error) { return "demo-secret", nil }, APIKey: func() (string, error) { return "demo-key", nil },
		Transport: mockmlp.Transport(mock.API()),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newStore()
	s.people[1], s.people[2], s.people[3] = insz(t, one), insz(t, two), insz(t, three)
	o := observer(s, c)
	if n, err := o.FirstContact(t.Context(), "r1", ocmw); err != nil || n != 3 || len(s.known) != 1 || s.known[1].Version < 1 || !s.canceled[3] || s.canceled[1] {
		t.Fatalf("%d, %v, %v", n, err, s.known)
	}
	create := casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, Caseworker: "mw-014", New: casefile.Person{
		INSZ: s.people[2], LastName: "Peeters", FirstName: "Zoë", PostalCode: "9000", NIS: "44021",
	}}
	if _, err := c.Send(t.Context(), mlp.Write{Change: create, IdempotencyKey: "k"}); err != nil {
		t.Fatal(err)
	}
	if n, err := o.Follow(t.Context(), ocmw); err != nil || n != 1 || !s.dirty[2] {
		t.Errorf("%d, %v, %v", n, err, s.dirty)
	}
	if err := mock.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Follow(t.Context(), ocmw); err != nil || !slices.Contains(s.calls, "ForgetCursor") {
		t.Errorf("%v, %v", err, s.calls)
	}
}
