package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
)

// What a decision was made on is read again when it is committed, but where nothing can have changed it since: a digest that is not what
// stands in the ledger tells which.
func TestWhatWasDecidedOnIsReadAgainWhereItMayHaveChanged(t *testing.T) {
	for what, c := range map[string]struct {
		meanwhile func(t *testing.T, s ledger.Store, path string, of []ledger.Subject)
		believed  bool
	}{
		"nothing was written": {func(*testing.T, ledger.Store, string, []ledger.Subject) {}, true},
		"another was decided": {func(t *testing.T, s ledger.Store, _ string, of []ledger.Subject) {
			t.Helper()
			decideAs(t, s, ledger.Outcome{Subject: of[1]})
		}, true},
		"another adopted": {func(t *testing.T, s ledger.Store, _ string, of []ledger.Subject) {
			t.Helper()
			decideAs(t, s, ledger.Outcome{Subject: of[1], Adopted: map[string]string{"theirs": "ours"}})
		}, false},
		"this ledger wrote": {func(t *testing.T, s ledger.Store, _ string, _ []ledger.Subject) {
			t.Helper()
			check(t, s.StartRun(t.Context(), "another", noon))
		}, false},
		"another program wrote": {func(t *testing.T, _ ledger.Store, path string, _ []ledger.Subject) {
			t.Helper()
			raw(t, path, `UPDATE person SET before_category = '05' WHERE id = 2`)
		}, false},
		"read elsewhere": {func(_ *testing.T, _ ledger.Store, _ string, of []ledger.Subject) { of[0].Read = 0 }, false},
	} {
		t.Run(what, func(t *testing.T) {
			path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
			s := open(t, path, keys)
			crowd(t, s, 3, 1)
			raw(t, path, `DELETE FROM entry`)
			raw(t, path, `UPDATE person SET dirty = 1`)
			decideAs(t, s, ledger.Outcome{Subject: undecided(t, s)[2]}) // notices what was written behind its back
			of := undecided(t, s)
			c.meanwhile(t, s, path, of)
			before := len(undecided(t, s))
			of[0].Inputs = "what does not stand there"
			decideAs(t, s, ledger.Outcome{Subject: of[0]})
			if believed := len(undecided(t, s)) < before; believed != c.believed {
				t.Errorf("it was decided: %v, want %v", believed, c.believed)
			}
		})
	}
}

// What was committed counts before the next transaction can begin: between the two a decision that waits for its turn begins.
func TestADecisionRightBehindACommitIsReadAgain(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	crowd(t, open(t, path, keys), 3, 1)
	raw(t, path, `DELETE FROM entry`)
	raw(t, path, `UPDATE person SET dirty = 1`)
	behind := func() {}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, Reached: func(point string) {
		if point == "start-run.after-commit" {
			behind()
		}
	}})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	decideAs(t, s, ledger.Outcome{Subject: undecided(t, s)[2]}) // notices what was written behind its back
	of := undecided(t, s)
	of[0].Inputs = "what does not stand there"
	behind = func() { decideAs(t, s, ledger.Outcome{Subject: of[0]}) }
	check(t, s.StartRun(t.Context(), "another", noon))
	if left := undecided(t, s); len(left) != len(of) {
		t.Errorf("%d of %d are left: it was decided on what had been changed", len(left), len(of))
	}
}

func undecided(t *testing.T, s ledger.Store) []ledger.Subject {
	t.Helper()
	subjects, err := s.Dirty(t.Context(), kbo, "2026-03-16", "v1", 10)
	check(t, err)
	return subjects
}

func decideAs(t *testing.T, s ledger.Store, o ledger.Outcome) {
	t.Helper()
	o.Kind, o.Version, o.Decision = ledger.OutcomeNoChange, "v1", casefile.Decision{Day: "2026-03-16"}
	check(t, s.Decide(t.Context(), "run", []ledger.Outcome{o}, noon))
}
