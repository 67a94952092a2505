package app

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// damagedStore is a ledger whose file is damaged.
type damagedStore struct {
	ledger.Store
	looks   int
	damage  []ledger.Finding
	failure error
}

func (d *damagedStore) Damage(context.Context) ([]ledger.Finding, error) {
	d.looks++
	return d.damage, d.failure
}

// The database is read whole now and again while the daemon runs: what is damaged is said, each time, and stands in the status.
func TestTheDaemonLooksAtItsDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		a := asking(t, casefile.Decision{})
		a.Log = zerolog.New(&log)
		store := &damagedStore{Store: a.store, damage: []ledger.Finding{{What: "pages are damaged", Where: "table known (page 38)", Next: "restore"}}}
		a.store = store
		const first, every = 10 * time.Second, time.Minute
		stop := a.keepLooking(first, every)
		defer stop()
		after := func(wait time.Duration, looks, said, stands int) {
			t.Helper()
			<-time.After(wait)
			synctest.Wait()
			s, err := a.Status(t.Context())
			ok(t, err)
			if n := strings.Count(log.String(), `"event":"state.damaged","where":"table known (page 38)","hint":"restore"`); store.looks != looks || n != said || len(s.Channel) != stands {
				t.Errorf("looked %d times, of %d; said %d times, of %d; stands %d times, of %d:\n%s", store.looks, looks, n, said, len(s.Channel), stands, log.String())
			}
		}
		after(first/2, 0, 0, 0) // a start is not slowed down
		after(first, 1, 1, 1)
		after(every, 2, 2, 1)
		store.damage = nil
		after(every, 3, 2, 0)
		store.failure = errors.New("no more connections")
		after(every, 4, 2, 0)
		if !strings.Contains(log.String(), "no more connections") {
			t.Errorf("a look that failed is not said:\n%s", log.String())
		}
	})
}
