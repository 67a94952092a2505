package observe

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// choosy is an MLP that does not answer about some people as it should.
type choosy struct {
	*pages
	refuses map[int64]error // whoever asks about them, and others
	unread  map[int64]error // whose dossier can't be read
	sizes   []int           // of the queries
	failing func(query int) error
}

func (c *choosy) Query(ctx context.Context, people []mlp.Lookup) (mlp.Found, error) {
	c.sizes = append(c.sizes, len(people))
	if c.failing != nil {
		if err := c.failing(len(c.sizes)); err != nil {
			return mlp.Found{}, err
		}
	}
	for _, p := range people {
		if err := c.refuses[p.Person]; err != nil {
			return mlp.Found{}, err
		}
	}
	found, err := c.pages.Query(ctx, people)
	found.Unread = map[int64]error{}
	for _, p := range people {
		if why := c.unread[p.Person]; why != nil {
			found.Unread[p.Person] = why
		}
	}
	return found, err
}

func refusal() *mlp.Error {
	return &mlp.Error{Operation: "queryDossiers", Verdict: mlp.VerdictPermanent, Status: 400, Type: "badRequest"}
}

func unreadable() *mlp.Error {
	return &mlp.Error{Operation: "queryDossiers", Verdict: mlp.VerdictTransient, Status: 200, Type: "dossierUnreadable"}
}

// watch is an observer of a choosy MLP with a clock of its own.
func watch(t *testing.T, s *store, c *choosy) (o *Observer, now *time.Time) {
	t.Helper()
	at := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	c.pages = &pages{t: t, feed: map[string]mlp.Page{"": {Next: "now"}, "now": {Next: "now"}}}
	return New(Options{Store: s, Clients: map[string]Client{ocmw: c}, Now: func() time.Time { return at }}), &at
}

func (c *choosy) contact(t *testing.T, o *Observer, looked int) (asked []int, err error) {
	t.Helper()
	c.sizes = nil
	n, err := o.FirstContact(t.Context(), "r", ocmw)
	if n != looked {
		t.Errorf("%d looked up, want %d", n, looked)
	}
	return c.sizes, err
}

func waiting(o *Observer) []int64 {
	people, _ := o.Unread(ocmw)
	return slices.Sorted(maps.Keys(people))
}

// Whoever MLP refuses to be asked about is found, and waits; nobody else does. Those are asked about together after a while, and go on when MLP answers.
func TestOneWhomMLPRefusesHoldsUpNobodyElse(t *testing.T) {
	s := crowd(t, 450)
	c := &choosy{refuses: map[int64]error{7: refusal(), 350: refusal()}}
	o, now := watch(t, s, c)
	asked, err := c.contact(t, o, 448)
	if err != nil || len(asked) > 3+2*2*8 || s.looked[7] || s.looked[350] || len(s.looked) != 448 {
		t.Fatalf("%v, %d queries, %d looked up", err, len(asked), len(s.looked))
	}
	if diff := cmp.Diff([]int64{7, 350}, waiting(o)); diff != "" {
		t.Error(diff)
	}
	if asked, err := c.contact(t, o, 0); err != nil || len(asked) != 0 || len(waiting(o)) != 2 {
		t.Errorf("a moment later: %v, %v, %v", err, asked, waiting(o))
	}
	delete(c.refuses, 7)
	*now = now.Add(lookUpAgain)
	if asked, err := c.contact(t, o, 1); err != nil || !slices.Equal(asked, []int{2, 1, 1}) || !slices.Equal(waiting(o), []int64{350}) || !s.looked[7] {
		t.Errorf("after a while: %v, %v, %v", err, asked, waiting(o))
	}
}

// Of whom the answer can't be read nothing is known, and the answer holds for all others: nobody is asked about twice.
func TestOneWhoseDossierCannotBeReadHoldsUpNobodyElse(t *testing.T) {
	s := crowd(t, 300)
	c := &choosy{unread: map[int64]error{7: unreadable(), 250: unreadable()}}
	o, now := watch(t, s, c)
	if asked, err := c.contact(t, o, 298); err != nil || !slices.Equal(asked, []int{200, 100}) || !slices.Equal(waiting(o), []int64{7, 250}) {
		t.Fatalf("%v, %v, %v", err, asked, waiting(o))
	}
	// Under a corrected number there may be another answer.
	s.people[7], c.unread = insz(t, "83660634135"), nil
	if asked, err := c.contact(t, o, 1); err != nil || !slices.Equal(asked, []int{1}) || !slices.Equal(waiting(o), []int64{250}) {
		t.Errorf("with another number: %v, %v, %v", err, asked, waiting(o))
	}
	*now = now.Add(lookUpAgain)
	if asked, err := c.contact(t, o, 1); err != nil || !slices.Equal(asked, []int{1}) || len(waiting(o)) != 0 {
		t.Errorf("after a while: %v, %v, %v", err, asked, waiting(o))
	}
}

// An MLP that answers about nobody as it should is asked little: its answers are halved for a while, then no more is asked than one
// question a round about those who were not asked about yet, until patience is there again.
func TestAnAnswerThatIsBadAsAWhole(t *testing.T) {
	for name, c := range map[string]*choosy{
		"refused":    {failing: func(int) error { return refusal() }},
		"unreadable": {unread: everybody(4000, unreadable())},
	} {
		s := crowd(t, 4000)
		o, now := watch(t, s, c)
		asked, err := c.contact(t, o, 0)
		if name == "refused" && (!errors.Is(err, mlp.ErrItem) || len(asked) != maxPatience) || len(asked) > maxPatience || len(s.looked) != 0 {
			t.Errorf("%s: %v, %d queries", name, err, len(asked))
		}
		for range 3 {
			if asked, _ := c.contact(t, o, 0); len(asked) > 1 {
				t.Errorf("%s, a moment later: %v", name, asked)
			}
		}
		*now = now.Add(lookUpAgain)
		if asked, _ := c.contact(t, o, 0); len(asked) == 0 || len(asked) > maxPatience {
			t.Errorf("%s, after a while: %d queries", name, len(asked))
		}
		*now = now.Add(lookUpAgain)
		c.failing, c.unread = nil, nil
		if asked, err := c.contact(t, o, 4000); err != nil || len(asked) > maxPatience || len(waiting(o)) != 0 {
			t.Errorf("%s, when all is well: %v, %d queries, %d wait", name, err, len(asked), len(waiting(o)))
		}
	}
}

// In the worst case the first batches are asked in halves for a while, and those behind are asked about once.
func TestAThousandBadPeople(t *testing.T) {
	s, c := crowd(t, 1000), &choosy{failing: func(int) error { return refusal() }}
	o, _ := watch(t, s, c)
	asked, err := c.contact(t, o, 0)
	if diff := cmp.Diff([]int{200, 200, 200}, asked[len(asked)-3:]); err != nil || len(asked) != 33 || len(waiting(o)) != 1000 || diff != "" {
		t.Errorf("%v, %v, %d wait", err, asked, len(waiting(o)))
	}
}

// However long it takes to find out who of many is at fault, who is known to be at none of that has his turn meanwhile.
func TestManyAtFaultKeepNobodyFromHisTurn(t *testing.T) {
	s, c := crowd(t, 1000), &choosy{refuses: map[int64]error{}, unread: map[int64]error{}}
	for i := range int64(1000) {
		if i < 800 {
			c.refuses[i+1] = refusal()
		} else {
			c.unread[i+1] = unreadable()
		}
	}
	o, now := watch(t, s, c)
	if _, err := c.contact(t, o, 0); err != nil {
		t.Fatal(err)
	}
	c.unread = nil
	for range 6 {
		*now = now.Add(lookUpAgain)
		if _, err := o.FirstContact(t.Context(), "r", ocmw); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.looked) != 200 {
		t.Errorf("%d of 200 were looked up", len(s.looked))
	}
}

// Each "once" begins anew: people who are all refused, and stand together in front, kept all others from their turn in each.
func TestManyBadPeopleInFrontKeepNobodyFromOnce(t *testing.T) {
	for _, front := range []int64{20, 60, 200} {
		s, c := crowd(t, 1000), &choosy{refuses: map[int64]error{}}
		for i := range int64(1000) {
			if i < front || i%200 == 50 {
				c.refuses[i+1] = refusal()
			}
		}
		for day := range 200 {
			o, now := watch(t, s, c)
			*now = now.AddDate(0, 0, day)
			for n := 1; n > 0; {
				var err error
				if n, err = o.FirstContact(t.Context(), "r", ocmw); err != nil {
					t.Fatal(err)
				}
			}
		}
		if good := 1000 - len(c.refuses); len(s.looked) != good {
			t.Errorf("%d in front: %d of %d were looked up", front, len(s.looked), good)
		}
	}
}

// Plan and apply ask each for itself: what the one learns the other learns too, or no plan could be applied.
func TestTwoObserversLearnTheSame(t *testing.T) {
	var looked []map[int64]bool
	for range 2 {
		s, c := crowd(t, 200), &choosy{refuses: map[int64]error{}}
		for i := range int64(200) {
			if i%16 < 14 {
				c.refuses[i+1] = refusal()
			}
		}
		o, _ := watch(t, s, c)
		if n, err := o.FirstContact(t.Context(), "r", ocmw); err != nil || n == 25 {
			t.Fatalf("%d, %v", n, err)
		}
		looked = append(looked, s.looked)
	}
	if diff := cmp.Diff(looked[0], looked[1]); diff != "" {
		t.Error(diff)
	}
}

// Eleven bad people in the first batch held up all others for ever.
func TestManyBadPeopleHoldUpOnlyThemselves(t *testing.T) {
	for name, bad := range map[string]func(i int64) bool{
		"eleven, the first":   func(i int64) bool { return i <= 11 },
		"the first 200":       func(i int64) bool { return i <= 200 },
		"the last 200":        func(i int64) bool { return i > 800 },
		"one of 16":           func(i int64) bool { return i%16 == 0 },
		"every second":        func(i int64) bool { return i%2 == 0 },
		"all but every ninth": func(i int64) bool { return i%9 != 0 },
	} {
		for kind := range 2 {
			s, c := crowd(t, 1000), &choosy{refuses: map[int64]error{}, unread: map[int64]error{}}
			for i := range int64(1000) {
				if bad(i + 1) {
					[]map[int64]error{c.refuses, c.unread}[kind][i+1] = []error{refusal(), unreadable()}[kind]
				}
			}
			o, now := watch(t, s, c)
			rounds := settles(t, s, c, o, now, 1000)
			t.Logf("%s, kind %d: all in %d rounds", name, kind, rounds)
		}
	}
}

// settles runs rounds until all good people are looked up, and says how many it took. No round asks more than it may, and nobody bad
// counts as looked up.
func settles(t rapid.TB, s *store, c *choosy, o *Observer, now *time.Time, people int64) int {
	t.Helper()
	bad := int64(0)
	for i := range people {
		if c.refuses[i+1] != nil || c.unread[i+1] != nil {
			bad++
		}
	}
	most := 3 + bad/8
	for round := range most {
		c.sizes = nil
		looked, err := o.FirstContact(context.Background(), "r", ocmw)
		if err != nil && !errors.Is(err, mlp.ErrItem) {
			t.Fatal(err)
		}
		if limit := maxPatience + (forGood+1)*looked; len(c.sizes) > limit {
			t.Fatalf("round %d: %d queries, %d looked up", round, len(c.sizes), looked)
		}
		for person := range s.looked {
			if c.refuses[person] != nil || c.unread[person] != nil {
				t.Fatalf("round %d: %d counts as looked up", round, person)
			}
		}
		if int64(len(s.looked)) == people-bad {
			if err == nil && int64(len(waiting(o))) != bad {
				t.Fatalf("round %d: %d are said to wait, of %d", round, len(waiting(o)), bad)
			}
			return int(round) + 1
		}
		*now = now.Add(lookUpAgain)
	}
	t.Fatalf("%d of %d good people were looked up in %d rounds", len(s.looked), people-bad, most)
	return 0
}

// Whoever is bad, however many they are and wherever they stand, all others are looked up, and those too once MLP answers.
func TestAllGoodPeopleAreLookedUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		people := rapid.Int64Range(150, 700).Draw(rt, "people")
		s, c := crowd(t, people), &choosy{refuses: map[int64]error{}, unread: map[int64]error{}}
		for range rapid.IntRange(0, 4).Draw(rt, "runs") {
			from, to := rapid.Int64Range(1, people).Draw(rt, "from"), rapid.Int64Range(1, people).Draw(rt, "to")
			step, refused := rapid.Int64Range(1, 40).Draw(rt, "step"), rapid.Bool().Draw(rt, "refused")
			for i := from; i <= to; i += step {
				if refused {
					c.refuses[i] = refusal()
				} else {
					c.unread[i] = unreadable()
				}
			}
		}
		o, now := watch(t, s, c)
		settles(rt, s, c, o, now, people)
		c.refuses, c.unread = nil, nil
		*now = now.Add(lookUpAgain)
		settles(rt, s, c, o, now, people)
	})
}

func everybody(people int64, why error) map[int64]error {
	all := map[int64]error{}
	for i := range people {
		all[i+1] = why
	}
	return all
}

// What says nothing of any one person is no reason to ask about fewer; what was answered before it is kept.
func TestAFailureOfTheWayIsNotAskedInHalves(t *testing.T) {
	gateway := &mlp.Error{Operation: "queryDossiers", Verdict: mlp.VerdictTransient, Status: 502, Type: "unexpectedAnswer"}
	s := crowd(t, 200)
	c := &choosy{failing: func(int) error { return gateway }}
	o, _ := watch(t, s, c)
	if asked, err := c.contact(t, o, 0); !errors.Is(err, gateway) || len(asked) != 1 {
		t.Errorf("%v, %v", err, asked)
	}
	c.refuses = map[int64]error{150: refusal()}
	c.failing = func(query int) error {
		if query == 3 { // all, one half, and the other one, where the first was the good one
			return gateway
		}
		return nil
	}
	c.sizes = nil
	n, err := o.FirstContact(t.Context(), "r", ocmw)
	good := 0
	if c.sizes[2] == 100 {
		good = 100
	}
	if !errors.Is(err, gateway) || len(c.sizes) != 3 || n != good || len(s.looked) != good {
		t.Errorf("%v, %v, %d looked up, %d kept", err, c.sizes, n, len(s.looked))
	}
}

// Whose dossier changed and can't be read is looked up; the rest of the page is taken, and the feed goes on.
func TestOneOfAPageThatCannotBeReadIsLookedUp(t *testing.T) {
	one, two := insz(t, "67722499797"), insz(t, "83660634135")
	s := newStore()
	s.people[1], s.people[2], s.looked[1], s.looked[2], s.cursor = one, two, true, true, "c0"
	c := &pages{t: t, feed: map[string]mlp.Page{
		"c0": {Items: []mlp.Change{change("d2", 5, two)}, Unread: []mlp.Unread{{DossierID: "d1", INSZ: one, Why: unreadable()}}, Next: "c1"},
	}}
	o := observer(s, c)
	if n, err := o.Follow(t.Context(), ocmw); err != nil || n != 2 || s.cursor != "c1" || s.known[2].Version != 5 || s.looked[1] || !s.looked[2] {
		t.Errorf("%d, %v, cursor %q, known %v, looked up %v", n, err, s.cursor, s.known, s.looked)
	}
	if _, anybody := o.Unread(ocmw); anybody != nil {
		t.Errorf("everybody is looked up: %v", anybody)
	}
}

// What nobody can tell whose it is can be anybody's: everybody is looked up, at the pace of a feed that lost its place, and it is never skipped.
func TestAChangeOfNobodyKnowsWhom(t *testing.T) {
	who := insz(t, "67722499797")
	s, now := newStore(), time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	s.people[1], s.looked[1], s.cursor = who, true, "c0"
	bad := mlp.Page{Items: []mlp.Change{change("d1", 5, who)}, Unread: []mlp.Unread{{Why: unreadable()}}, Next: "c1"}
	c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "c0"}, "c0": bad}, found: map[int64]casefile.Dossier{}}
	o := New(Options{Store: s, Clients: map[string]Client{ocmw: c}, Now: func() time.Time { return now }})
	if _, err := o.Follow(t.Context(), ocmw); err != nil || s.cursor != "" || s.looked[1] || s.known[1].Version != 5 {
		t.Errorf("%v, cursor %q, looked up %v, known %v", err, s.cursor, s.looked, s.known)
	}
	if _, anybody := o.Unread(ocmw); !errors.Is(anybody, mlp.ErrItem) {
		t.Errorf("it is not said: %v", anybody)
	}
	if n, err := o.FirstContact(t.Context(), "r", ocmw); err != nil || n != 1 || s.cursor != "c0" {
		t.Errorf("%d, %v, cursor %q", n, err, s.cursor)
	}
	for range 2 { // the feed goes no further, and nobody is looked up again
		if _, err := o.Follow(t.Context(), ocmw); !errors.Is(err, mlp.ErrItem) || s.cursor != "c0" || !s.looked[1] {
			t.Errorf("a moment later: %v, cursor %q, looked up %v", err, s.cursor, s.looked)
		}
	}
	now = now.Add(lookUpAgain)
	if _, err := o.Follow(t.Context(), ocmw); err != nil || s.looked[1] {
		t.Errorf("after a while: %v, looked up %v", err, s.looked)
	}
}

// A page that the feed does not get past has nobody looked up more than once: else each pass would ask for the same again, and find news.
func TestAPageThatIsNotDoneWithHasNobodyLookedUpTwice(t *testing.T) {
	who, another := insz(t, "67722499797"), insz(t, "83660634135")
	s, now := newStore(), time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	s.people[1], s.people[2], s.looked[1], s.looked[2], s.cursor = who, another, true, true, "c0"
	bad := mlp.Page{Unread: []mlp.Unread{{Why: unreadable()}, {INSZ: who, Why: unreadable()}}, Next: "c1"}
	c := &pages{t: t, feed: map[string]mlp.Page{"": {Next: "c0"}, "c0": bad}, found: map[int64]casefile.Dossier{}}
	o := New(Options{Store: s, Clients: map[string]Client{ocmw: c}, Now: func() time.Time { return now }})
	pass := func() (news int) {
		t.Helper()
		news, err := o.Follow(t.Context(), ocmw)
		if err != nil && !errors.Is(err, mlp.ErrItem) {
			t.Fatal(err)
		}
		looked, err := o.FirstContact(t.Context(), "r", ocmw)
		if err != nil {
			t.Fatal(err)
		}
		return news + looked
	}
	for range 3 {
		pass()
	}
	if news := pass(); news != 0 {
		t.Errorf("a pass in which nothing happened has %d news: %v", news, s.calls)
	}
	// What comes to stand on the page is seen to, once.
	bad.Unread = append(bad.Unread, mlp.Unread{INSZ: another, Why: unreadable()})
	c.feed["c0"] = bad
	if news := pass(); news != 2 {
		t.Errorf("of another person: %d news", news)
	}
	if news := pass(); news != 0 {
		t.Errorf("again: %d news", news)
	}
}
