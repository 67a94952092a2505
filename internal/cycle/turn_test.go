package cycle_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlpsync/mlpsync/internal/cycle"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// turns is a delivery that takes so many turns, and calls then before each.
type turns struct {
	quiet
	most, taken int
	then        func(turn int)
}

func (d *turns) Deliver(context.Context, string) (cycle.Delivered, error) {
	if d.taken == d.most {
		return cycle.Delivered{}, nil
	}
	d.taken++
	d.then(d.taken)
	return cycle.Delivered{Settled: 1, Turn: true}, nil
}

// While much is sent, what people order is carried out, and caseworkers have their files, between two turns. It is one run to its end.
func TestAPersonDoesNotWaitForALongDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, sent := &desk{}, &turns{most: 200}
		c, _ := desked(t, d)
		held := func() bool {
			found := must[ledger.ClientView](t, "find client")(c.Store.Find(t.Context(), c.OCMWs[0].KBO, client))
			return found.Hold != nil
		}
		sent.then = func(turn int) {
			switch turn {
			case 2:
				if d.written != 1 {
					t.Errorf("the files were written %d times after a turn", d.written)
				}
				check(t, c.Store.Request(t.Context(), ledger.Request{
					Kind: "hold", OCMW: c.OCMWs[0].KBO, Client: client, By: ledger.Actor{Name: "els", Reason: "besproken"}, At: time.Now(),
				}))
			case 3:
				if !held() {
					t.Error("an order waits for more than a turn")
				}
			}
		}
		c.Deliverer = sent
		runs := 0
		ctx, end := context.WithCancel(t.Context())
		c.Finished = func(context.Context, *cycle.Run) { runs++; end() }
		check(t, c.Loop(ctx, time.Hour))
		if sent.taken != sent.most || runs != 1 || d.written != 3 {
			t.Errorf("%d turns, %d runs, files written %d times", sent.taken, runs, d.written)
		}
	})
}

// restless is a delivery after which somebody is decided again, until a moment.
type restless struct {
	quiet
	until time.Time
}

func (d *restless) Deliver(context.Context, string) (cycle.Delivered, error) {
	if time.Now().After(d.until) {
		return cycle.Delivered{}, nil
	}
	return cycle.Delivered{Conflicts: 1}, nil
}

// The daemon says that clients don't come to rest, once for as long as they don't, and when it is over.
func TestTheDaemonSaysThatClientsDoNotComeToRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := desked(t, &desk{})
		c.Deliverer = &restless{until: time.Now().Add(5 * time.Minute)}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		check(t, c.Loop(ctx, time.Minute))
		said, over := strings.Count(log.String(), `"event":"run.restless"`), strings.Count(log.String(), "come to rest again")
		if said != 1 || over != 1 {
			t.Errorf("said %d times, and %d times that it is over:\n%s", said, over, log)
		}
	})
}
