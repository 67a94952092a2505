package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// damagedStore is a ledger whose file is damaged, and the log of who looks.
type damagedStore struct {
	ledger.Store
	mu      sync.Mutex
	looks   int
	damage  []ledger.Finding
	failure error
	log     strings.Builder
}

func (d *damagedStore) Damage(context.Context) ([]ledger.Finding, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks++
	return d.damage, d.failure
}

func (d *damagedStore) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

// seen tells how often somebody looked, and what was logged.
func (d *damagedStore) seen() (int, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.looks, d.log.String()
}

func (d *damagedStore) becomes(damage []ledger.Finding, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.damage, d.failure = damage, failure
}

// The database is read whole now and again while the daemon runs: what is damaged is said, each time, and stands in the status.
func TestTheDaemonLooksAtItsDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := asking(t, casefile.Decision{})
		store := &damagedStore{Store: a.store, damage: []ledger.Finding{{What: "pages are damaged", Where: "table known (page 38)", Next: "restore"}}}
		looking := &App{Options: Options{Log: zerolog.New(store)}, config: a.config, clock: a.clock, store: store}
		const first, every = 10 * time.Second, time.Minute
		stop := looking.keepLooking(first, every)
		defer stop()
		after := func(wait time.Duration, looks, said, stands int) {
			t.Helper()
			<-time.After(wait)
			synctest.Wait()
			s, err := a.Status(t.Context())
			ok(t, err)
			looked, log := store.seen()
			if n := strings.Count(log, `"event":"state.damaged","where":"table known (page 38)","hint":"restore"`); looked != looks || n != said || len(s.Channel) != stands {
				t.Errorf("looked %d times, of %d; said %d times, of %d; stands %d times, of %d:\n%s", looked, looks, n, said, len(s.Channel), stands, log)
			}
		}
		after(first/2, 0, 0, 0) // a start is not slowed down
		after(first, 1, 1, 1)
		after(every, 2, 2, 1)
		store.becomes(nil, nil)
		after(every, 3, 2, 0)
		store.becomes(nil, errors.New("no more connections"))
		after(every, 4, 2, 0)
		if _, log := store.seen(); !strings.Contains(log, "no more connections") {
			t.Errorf("a look that failed is not said:\n%s", log)
		}
	})
}
