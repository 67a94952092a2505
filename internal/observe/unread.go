package observe

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
)

// maxUnread is of how many of a batch the answer may be of no use before it is taken as bad as a whole: then MLP speaks another language,
// or somebody else speaks in its place, and to ask about each by himself tells nothing more (assumption: a twentieth).
const maxUnread = mlp.MaxQuery / 20

// unread are people of whom MLP's answer can't be used, by number.
type unread map[int64]unreadPerson

type unreadPerson struct {
	happened
	asked mlp.Lookup // under another number there may be another answer
}

// of tells whether the answer about a person was of no use when it was last asked for.
func (u unread) of(p mlp.Lookup) (unreadPerson, bool) {
	last, there := u[p.Person]
	return last, there && last.asked == p
}

// Unread tells of whom MLP's answer can't be used, and why: they stay to be looked up, and MLP is asked about each again after a while.
// everybody is why all are looked up again; nil where that was not lately.
func (o *Observer) Unread(ocmw string) (people map[int64]error, everybody error) {
	people = map[int64]error{}
	for person, u := range o.unread[ocmw] {
		people[person] = u.why
	}
	if h := o.lost[ocmw]; h.lately(o.Now()) {
		everybody = h.why
	}
	return people, everybody
}

// answered is what MLP said of people who were asked about in one go.
type answered struct {
	people []mlp.Lookup // whose answer can be used
	found  mlp.Found
	unread unread // the others
	bad    int    // of them, found in this go
}

// askApart asks about people. Of whom the answer was of no use before is asked each by himself, and not at all a moment later.
func (o *Observer) askApart(ctx context.Context, ocmw string, people []mlp.Lookup) (answered, error) {
	a := answered{found: mlp.Found{Dossiers: map[int64]casefile.Dossier{}, Canceled: map[int64]bool{}}, unread: unread{}}
	before := o.unread[ocmw]
	known := func(p mlp.Lookup) bool { _, bad := before.of(p); return bad }
	if err := o.sift(ctx, ocmw, slices.DeleteFunc(slices.Clone(people), known), &a); err != nil {
		return a, err
	}
	for _, p := range people {
		switch last, bad := before.of(p); {
		case bad && last.lately(o.Now()):
			a.unread[p.Person] = last
		case bad:
			a.bad = 0 // by himself he says nothing of the others
			if err := o.sift(ctx, ocmw, []mlp.Lookup{p}, &a); err != nil {
				return a, err
			}
		}
	}
	return a, nil
}

// sift asks about people, and about each half of them where the answer says that one can be at fault, until it is known who. Who is not is
// taken in. An error is of the answer as a whole; that it is, is believed for a while.
func (o *Observer) sift(ctx context.Context, ocmw string, people []mlp.Lookup, into *answered) error {
	if len(people) == 0 {
		return nil
	}
	found, err := o.query(ctx, ocmw, people)
	switch {
	case err == nil:
		return o.takeIn(ocmw, people, found, into)
	case !errors.Is(err, mlp.ErrItem):
		return err
	case len(people) == 1:
		return o.takeIn(ocmw, people, mlp.Found{Unread: map[int64]error{people[0].Person: err}}, into)
	case o.refused[ocmw].lately(o.Now()):
		return err
	}
	half := len(people) / 2
	if err := o.sift(ctx, ocmw, people[:half], into); err != nil {
		return err
	}
	return o.sift(ctx, ocmw, people[half:], into)
}

// takeIn takes an answer, but for those of whom it can't be used. Where they are too many it is of no use at all.
func (o *Observer) takeIn(ocmw string, people []mlp.Lookup, found mlp.Found, into *answered) error {
	into.bad += len(found.Unread)
	for _, p := range people {
		why, bad := found.Unread[p.Person]
		switch {
		case bad && into.bad > maxUnread:
			o.refused[ocmw] = happened{o.Now(), why}
			clear(into.unread)
			return why
		case bad:
			into.unread[p.Person] = unreadPerson{happened{o.Now(), why}, p}
		}
	}
	into.people = append(into.people, slices.DeleteFunc(slices.Clone(people), func(p mlp.Lookup) bool { return found.Unread[p.Person] != nil })...)
	maps.Copy(into.found.Dossiers, found.Dossiers)
	maps.Copy(into.found.Canceled, found.Canceled)
	return nil
}
