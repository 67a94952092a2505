package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// How many answers of no use are borne with. Where all are, MLP speaks another language, or somebody else speaks in its place, and to ask
// more tells nothing more; where some are good, each of those brings somebody who waits (assumptions: the numbers).
const (
	// maxPatience is with how many in lookUpAgain, and at most at a time.
	maxPatience = 40
	// forBatches of them are kept for those who were not asked about yet: no answer is halved for those.
	forBatches = 10
	// forFirst is how many at most are borne with for people who are asked about for the first time, beyond what good answers lend: where
	// hundreds are refused, others behind them have their turn too.
	forFirst = 15
	// forGood is how many more for each good answer.
	forGood = 4
)

// patience is how many more answers of no use are borne with.
type patience struct {
	since time.Time // when it was whole
	left  int
	why   error // the last of them
}

// renewed is the patience that a round begins with: at least one question is asked.
func (p patience) renewed(now time.Time) patience {
	if age := now.Sub(p.since); age < 0 || age >= lookUpAgain {
		return patience{since: now, left: maxPatience}
	}
	p.left = max(p.left, 1)
	return p
}

// unread are people of whom MLP's answer can't be used, by number.
type unread map[int64]unreadPerson

type unreadPerson struct {
	happened
	asked mlp.Lookup // under another number there may be another answer
	fault fault
}

// fault is what is known of whose an answer of no use is. People are asked about with others of the same.
type fault int

const (
	amongMany  fault = iota // that of him, or of others who were asked about with him
	ownDossier              // his: it came, and can't be read
	ownNumber               // his: MLP does not answer as it should about him alone
)

// part parts people into those of whom the answer was of no use before and those who were not asked about yet, under this number.
func (u unread) part(people []mlp.Lookup) (before, fresh []mlp.Lookup) {
	for _, p := range people {
		if last, there := u[p.Person]; there && last.asked == p {
			before = append(before, p)
		} else {
			fresh = append(fresh, p)
		}
	}
	return before, fresh
}

// Unread tells of whom MLP's answer can't be used, and why: they stay to be looked up, and MLP is asked about them again after a while.
// everybody is why all are looked up again; nil where that is over.
func (o *Observer) Unread(ocmw string) (people map[int64]error, everybody error) {
	people = map[int64]error{}
	for person, u := range o.unread[ocmw] {
		people[person] = u.why
	}
	if place := o.lost[ocmw]; !place.over {
		everybody = place.why
	}
	return people, everybody
}

// answered is what MLP said of people who were asked about in one go, and whose answer can be used.
type answered struct {
	people []mlp.Lookup
	found  mlp.Found
}

// askAgain asks about people of whom the answer was of no use a while ago, together with others of the same fault, who waits longest first.
func (o *Observer) askAgain(ctx context.Context, run, ocmw string, before []mlp.Lookup) (looked int, err error) {
	left, now := o.unread[ocmw], o.Now()
	due := slices.DeleteFunc(before, func(p mlp.Lookup) bool { return left[p.Person].lately(now) })
	left.order(due)
	for len(due) > 0 && o.patience[ocmw].left > forBatches {
		n := 1
		for n < min(len(due), mlp.MaxQuery) && left[due[n].Person].fault == left[due[0].Person].fault {
			n++
		}
		a, failed := o.askAbout(ctx, ocmw, due[:n], forBatches)
		stored, err := o.save(ctx, run, ocmw, a)
		if looked += stored; err != nil {
			return looked, err
		}
		if failed != nil {
			return looked, fmt.Errorf("look up people: %w", failed)
		}
		due = due[n:]
	}
	return looked, nil
}

// order puts those who may be at no fault, and those whose dossier could not be read, in front, whichever of the two waits longest. Who is
// refused by himself comes last: to ask about him with others makes it uncertain again who is at fault, which is to end first.
func (u unread) order(due []mlp.Lookup) {
	since := map[fault]time.Time{}
	for _, p := range due {
		last := u[p.Person]
		if first, there := since[last.fault]; !there || last.at.Before(first) {
			since[last.fault] = last.at
		}
	}
	slices.SortStableFunc(due, func(a, b mlp.Lookup) int {
		x, y := u[a.Person], u[b.Person]
		if x.fault != y.fault && x.fault != ownNumber && y.fault != ownNumber {
			return cmp.Or(since[x.fault].Compare(since[y.fault]), cmp.Compare(x.fault, y.fault))
		}
		return cmp.Or(cmp.Compare(x.fault, y.fault), x.at.Compare(y.at))
	})
}

// askFirst asks about people for the first time.
func (o *Observer) askFirst(ctx context.Context, ocmw string, people []mlp.Lookup) (answered, error) {
	return o.askAbout(ctx, ocmw, people, max(forBatches, o.patience[ocmw].left-forFirst))
}

// askAbout asks about people, in halves while more than keep of the patience is left. An error is of the way, or that MLP is asked no more
// for a while.
func (o *Observer) askAbout(ctx context.Context, ocmw string, people []mlp.Lookup, keep int) (answered, error) {
	a := answered{found: mlp.Found{Dossiers: map[int64]casefile.Dossier{}, Canceled: map[int64]bool{}}}
	if p := o.patience[ocmw]; p.left <= 0 {
		return a, p.why
	}
	return a, o.sift(ctx, ocmw, people, keep, &a)
}

// sift asks about people, and about each half of them where the answer says that one can be at fault, until it is known who, or patience
// ends. Who is not is taken in.
func (o *Observer) sift(ctx context.Context, ocmw string, people []mlp.Lookup, keep int, into *answered) error {
	found, err := o.query(ctx, ocmw, people)
	switch {
	case err == nil:
		o.takeIn(ocmw, people, found, into)
		return nil
	case !errors.Is(err, mlp.ErrItem):
		return err
	}
	o.bear(ocmw, err)
	if len(people) == 1 {
		o.leave(ocmw, people[0], ownNumber, err)
		return nil
	}
	for _, part := range halves(people, o.Now()) {
		if o.patience[ocmw].left > keep {
			if err := o.sift(ctx, ocmw, part, keep, into); err != nil {
				return err
			}
			continue
		}
		for _, p := range part {
			o.leave(ocmw, p, amongMany, err)
		}
	}
	return nil
}

// halves are the two halves of people. Which comes first is left to chance, another on another day: "once" remembers nothing, and would end
// each time among the same people who are all refused. On one day it is the same: apply is to learn what plan learnt.
func halves(people []mlp.Lookup, now time.Time) [][]mlp.Lookup {
	const day = 24 * 60 * 60
	half := len(people) / 2
	parts := [][]mlp.Lookup{people[:half], people[half:]}
	if rand.New(rand.NewPCG(uint64(now.Unix()/day), uint64(people[0].Person)<<16|uint64(len(people)))).IntN(2) == 0 {
		slices.Reverse(parts)
	}
	return parts
}

// takeIn takes an answer, but for those of whom it can't be used.
func (o *Observer) takeIn(ocmw string, people []mlp.Lookup, found mlp.Found, into *answered) {
	before := len(into.people)
	for _, p := range people {
		if why := found.Unread[p.Person]; why != nil {
			o.leave(ocmw, p, ownDossier, why)
			continue
		}
		delete(o.unread[ocmw], p.Person)
		into.people = append(into.people, p)
	}
	maps.Copy(into.found.Dossiers, found.Dossiers)
	maps.Copy(into.found.Canceled, found.Canceled)
	if len(into.people) == before { // to ask in halves would tell nothing more, and the next answer may be as bad
		o.bear(ocmw, found.Unread[people[0].Person])
		return
	}
	p := o.patience[ocmw]
	p.left = min(p.left+forGood, maxPatience)
	o.patience[ocmw] = p
}

// bear notes an answer of no use.
func (o *Observer) bear(ocmw string, why error) {
	p := o.patience[ocmw]
	p.left, p.why = p.left-1, why
	o.patience[ocmw] = p
}

// leave leaves a person to be asked about again.
func (o *Observer) leave(ocmw string, p mlp.Lookup, f fault, why error) {
	o.unread[ocmw][p.Person] = unreadPerson{happened{o.Now(), why}, p, f}
}
