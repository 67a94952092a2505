package sqlite_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// lanesOfThree decides the clients of a crowd anew, with three entries each.
func lanesOfThree(t *testing.T, s ledger.Store, path string) {
	t.Helper()
	raw(t, path, `UPDATE person SET dirty = 1`)
	subjects, err := s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)
	check(t, err)
	for _, x := range subjects {
		o := ledger.Outcome{Subject: x, Kind: ledger.OutcomePlanned, Version: "v1", Decision: casefile.Decision{Day: "2026-03-16"}}
		for i, code := range []casefile.Code{"05", "90", "93"} {
			o.Entries = append(o.Entries, outbox.Entry{
				ID: fmt.Sprintf("three-%d-%d", x.Person, i), Op: "put", Kind: "category", Rule: "CAT-02", Version: 1,
				ContentHash: fmt.Sprint("three ", code), Payload: change(t, code),
			})
		}
		check(t, s.Decide(t.Context(), "run", []ledger.Outcome{o}, noon))
	}
	check(t, s.Approve(t.Context(), kbo, ledger.Actor{Name: "els"}, noon))
}

// What can't be read ends its own lane's stretch: nothing goes past it, and nothing of its lane goes with another.
func TestAStretchEndsAtWhatCannotBeRead(t *testing.T) {
	for what, c := range map[string]struct {
		statement string
		want      string
	}{
		"second of the first lane": {`UPDATE entry SET payload = zeroblob(100) WHERE person = 1 AND seq = (SELECT seq + 1 FROM entry WHERE person = 1 AND head = 1)`, "[1 3]"},
		"first of the second lane": {`UPDATE entry SET payload = zeroblob(100) WHERE person = 2 AND head = 1`, "[3]"},
		"dossier of the second":    {`UPDATE known SET payload = zeroblob(100) WHERE person = 2`, "[3]"},
		"overtaken":                {`UPDATE person SET version = version + 2 WHERE id = 2`, "[3]"},
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 2, 1)
			lanesOfThree(t, s, path)
			check(t, s.Close())
			spoil(t, path, c.statement)
			s = open(t, path, keys)
			claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10, Stretch: 8}, noon)
			check(t, err)
			var got []int
			for _, stretch := range claimed {
				got = append(got, len(stretch))
				for i, e := range stretch {
					if e.Person != stretch[0].Person || e.Seq != stretch[0].Seq+int64(i) {
						t.Errorf("%s of %d goes with %d", e.ID, e.Person, stretch[0].Person)
					}
				}
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("claimed %v, want %s", got, c.want)
			}
		})
	}
}

// What is known is kept opened, and shared: settling changes its own, so that who was given it reads on what it was, and what is rolled
// back leaves no trace.
func TestSettlingLeavesAloneWhatOthersRead(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	crowd(t, s, 1, 1)
	lanesOfThree(t, s, path)
	claim := func() (outbox.Entry, casefile.Known) {
		t.Helper()
		claimed, known, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 1}, noon)
		check(t, err)
		return claimed[0][0], known[0]
	}
	first, given := claim()
	after := *given.Dossier.Clone()
	after.Version++
	check(t, s.Settle(t.Context(), "run", first, after, noon))
	first, given = claim()
	before := maps.Clone(given.Written)
	after.Version++
	lost := first
	lost.Claim = "another"
	_, _, err := s.SettleMany(t.Context(), "run", outbox.Claim{}, []outbox.Entry{first, lost}, []casefile.Dossier{after, after}, noon)
	if !errors.Is(err, ledger.ErrLostClaim) {
		t.Fatalf("settled what others hold: %v", err)
	}
	check(t, s.GiveBack(t.Context(), first, noon, false, outbox.Problem{}, noon))
	again, given2 := claim()
	if !maps.Equal(given.Written, before) || !maps.Equal(given2.Written, before) {
		t.Errorf("what was rolled back is known: %v and %v, before %v", given.Written, given2.Written, before)
	}
	check(t, s.Settle(t.Context(), "run", again, after, noon))
	_, given3 := claim()
	if len(before) == 0 || !maps.Equal(given2.Written, before) || maps.Equal(given3.Written, before) || given2.Dossier.Version == given3.Dossier.Version {
		t.Errorf("known when it was claimed: %v, then %v; before %v", given2.Written, given3.Written, before)
	}
}
