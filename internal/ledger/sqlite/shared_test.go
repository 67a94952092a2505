package sqlite_test

import (
	"maps"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// What is known is shared, and not copied: whoever reads it while others settle, adopt, observe and fail reads what he was given, which
// the race detector holds them to, and what was given stays as it was.
func TestWhatIsKnownIsReadWhileOthersWrite(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 2, 1)
	lanesOfThree(t, s, path)
	done := make(chan struct{})
	var readers sync.WaitGroup
	defer readers.Wait()
	defer close(done)
	for range 3 {
		readers.Go(func() { readKnown(t, s, done) })
	}
	for range 6 {
		claimed, known, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
		check(t, err)
		if len(claimed) == 0 {
			t.Fatal("nothing is left to settle")
		}
		e := claimed[0][0]
		after := *known[0].Dossier.Clone()
		after.Version++
		lost := e
		lost.Claim = "another"
		_, _, err = s.SettleMany(t.Context(), "run", outbox.Claim{}, []outbox.Entry{e, lost}, []casefile.Dossier{after, after}, noon)
		if err == nil {
			t.Fatal("settled what others hold")
		}
		check(t, s.Settle(t.Context(), "run", e, after, noon))
		after.Version++
		_, err = s.SaveFeed(t.Context(), kbo, "cursor", []casefile.Dossier{after}, noon)
		check(t, err)
		adoptAll(t, s, path)
	}
}

// adoptAll has everybody's decision adopt something, and asks for the same entries again.
func adoptAll(t *testing.T, s ledger.Store, path string) {
	t.Helper()
	raw(t, path, `UPDATE person SET dirty = 1`)
	subjects, err := s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)
	check(t, err)
	for _, x := range subjects {
		known, err := s.Known(t.Context(), x.Person)
		check(t, err)
		o := ledger.Outcome{
			Subject: x, Kind: ledger.OutcomePlanned, Version: "v1", Decision: casefile.Decision{Day: "2026-03-16"},
			Adopted: map[string]string{known.Dossier.ID: "theirs"}, Agreed: map[string]casefile.Body{"agreed": casefile.Category{Code: "05", From: "2026-03-16"}},
		}
		o.Entries = []outbox.Entry{{
			ID: "again-" + x.Inputs, Op: "put", Kind: "category", Rule: "CAT-02", Version: known.Dossier.Version, ContentHash: x.Inputs, Payload: change(t, "93"),
		}}
		check(t, s.Decide(t.Context(), "run", []ledger.Outcome{o}, noon))
	}
	check(t, s.Approve(t.Context(), kbo, ledger.Actor{Name: "els"}, noon))
}

// readKnown reads what is known of two people again and again, and holds what it was given against a copy.
func readKnown(t *testing.T, s ledger.Store, done <-chan struct{}) {
	type given struct {
		known, copied casefile.Known
	}
	var all []given
	for {
		for person := range int64(2) {
			k, err := s.Known(t.Context(), person+1)
			if err != nil {
				t.Error(err)
				return
			}
			if len(all) < 500 {
				c := k
				c.Written, c.Aliases = maps.Clone(k.Written), maps.Clone(k.Aliases)
				all = append(all, given{k, c})
			}
		}
		select {
		case <-done:
			for _, g := range all {
				if !maps.Equal(g.known.Written, g.copied.Written) || !maps.Equal(g.known.Aliases, g.copied.Aliases) {
					t.Errorf("given %v and %v, which others made %v and %v", g.copied.Written, g.copied.Aliases, g.known.Written, g.known.Aliases)
				}
			}
			return
		default:
		}
	}
}
