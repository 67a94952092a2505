package cycle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// unusable is an MLP of which some answers can't be used.
type unusable struct {
	quiet
	people    map[int64]error
	everybody error
	down      error
}

func (u *unusable) Unread(string) (map[int64]error, error) { return u.people, u.everybody }
func (u *unusable) FirstContact(context.Context, string, string) (int, error) {
	return 0, u.down
}

// badAnswer is why.
type badAnswer struct{ error }

func (badAnswer) Remote() bool  { return true }
func (badAnswer) Hint() string  { return "ask VDAB" }
func (badAnswer) Trace() string { return "trace-9" }

// TestWhomMLPAnswersBadlyIsSaid: once, by a pseudonym, and for as long as it is so, over restarts too.
func TestWhomMLPAnswersBadlyIsSaid(t *testing.T) {
	now := time.Date(2026, 1, 16, 9, 0, 0, 0, time.UTC)
	c := newCycle(t, "2026-01-16", func() time.Time { return now })
	view := must[ledger.ClientView](t, "find")(c.Store.Find(t.Context(), examples.KBO, client))
	why := badAnswer{errors.New("it can't be read")}
	mlp := &unusable{people: map[int64]error{view.Person: why, 99: why}, everybody: why}
	var log bytes.Buffer
	c.Observer, c.Log = mlp, zerolog.New(&log)
	notes := func() string {
		var all []string
		for _, n := range must[[]ledger.Note](t, "list notes")(c.Store.Notes(t.Context(), examples.KBO)) {
			all = append(all, n.Key+": "+n.EN)
		}
		return strings.Join(all, "\n")
	}
	pass(t, c)
	pass(t, c)
	have := notes()
	for _, want := range []string{
		"lookedUpAgain: everybody is looked up again", ledger.UnreadKey + view.Pseudonym + ": what MLP answers about client " + view.Pseudonym + " can't be used: it can't be read, trace id trace-9", "ask VDAB",
	} {
		if !strings.Contains(have, want) {
			t.Errorf("the notes lack %q:\n%s", want, have)
		}
	}
	if n := strings.Count(log.String(), "observe.unread"); n != 2 || strings.Contains(have, client+" ") {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
	// The next process can't ask: what stands is still so.
	c = cycle.New(c.Options)
	c.Observer = &unusable{down: noAnswer{}}
	pass(t, c)
	if !strings.Contains(notes(), view.Pseudonym) {
		t.Errorf("forgotten while MLP could not be asked:\n%s", notes())
	}
	c.Observer = mlp
	pass(t, c)
	mlp.people, mlp.everybody = nil, nil
	pass(t, c)
	if have := notes(); strings.Contains(have, view.Pseudonym) || strings.Contains(have, "everybody") {
		t.Errorf("still said:\n%s", have)
	}
	if !strings.Contains(log.String(), "what MLP answers about client "+view.Pseudonym+" keeps nothing back any more") {
		t.Errorf("the end is not said:\n%s", log.String())
	}
}

// Of many clients some are named in the log, and the others counted; each is noted.
func TestManyOfWhomMLPAnswersBadlyAreCounted(t *testing.T) {
	now := time.Date(2026, 1, 16, 9, 0, 0, 0, time.UTC)
	c := newCycle(t, "2026-01-16", func() time.Time { return now })
	why := badAnswer{errors.New("it can't be read")}
	mlp := &unusable{people: map[int64]error{}}
	for i := range int64(200) {
		mlp.people[i+1] = why
	}
	var log bytes.Buffer
	c.Store, c.Observer, c.Log = names{c.Store}, mlp, zerolog.New(&log)
	pass(t, c)
	pass(t, c)
	notes := must[[]ledger.Note](t, "list notes")(c.Store.Notes(t.Context(), examples.KBO))
	brief := ledger.Brief(notes)
	if len(notes) != 200 || len(brief) != 11 || !strings.Contains(brief[10].EN, "about 190 more, 200 clients in all") {
		t.Errorf("%d notes, in short %d: %v", len(notes), len(brief), brief[len(brief)-1])
	}
	if n := strings.Count(log.String(), "observe.unread"); n != 11 {
		t.Errorf("said %d times", n)
	}
	for i := range int64(195) {
		delete(mlp.people, i+1)
	}
	pass(t, c)
	if !strings.Contains(log.String(), "no more clients than are named") {
		t.Errorf("the end is not said:\n%s", log.String())
	}
}

// names is a store that knows everybody by name.
type names struct{ ledger.Store }

func (names) Pseudonyms(_ context.Context, people []int64) (map[int64]string, error) {
	all := map[int64]string{}
	for _, p := range people {
		all[p] = fmt.Sprintf("p-%03d", p)
	}
	return all, nil
}
