package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// chained gives a ledger with so many records, every third of them a person's.
func chained(t *testing.T, n int) *Store {
	t.Helper()
	s := memory(t)
	err := s.write(t.Context(), "fill", func(t *tx) error {
		for i := range n {
			r := audit.Record{At: time.Unix(int64(i), 0), Action: "settled", Client: "p-1", After: fmt.Sprint(i)}
			words := ""
			if i%3 == 0 {
				r.Actor, r.Action, words = "els", "retried", fmt.Sprint("word ", i)
			}
			if err := t.audit(r, words); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheAuditIsReadInPieces(t *testing.T) {
	const n = 2*auditBatch + 500
	s := chained(t, n)
	for _, tt := range []struct {
		f           ledger.AuditFilter
		first, step int
		found, left int
	}{
		{ledger.AuditFilter{}, 0, 1, n, 0},
		{ledger.AuditFilter{Newest: auditBatch}, n - auditBatch, 1, auditBatch, n - auditBatch},
		{ledger.AuditFilter{Newest: auditBatch + 1}, n - auditBatch - 1, 1, auditBatch + 1, n - auditBatch - 1},
		{ledger.AuditFilter{Ordered: true}, 0, 3, 834, 0},
		{ledger.AuditFilter{Ordered: true, Newest: 10}, 2472, 3, 10, 824},
		{ledger.AuditFilter{By: "els", Until: time.Unix(30, 0), Newest: 4}, 18, 3, 4, 6},
	} {
		next, found := tt.first, 0
		left, err := s.Audited(t.Context(), tt.f, func(a ledger.Audited) error {
			if a.After != fmt.Sprint(next) || a.Problem != "" || a.Words != "" != (next%3 == 0) {
				return fmt.Errorf("record %d holds %s and %q, want %d: %s", a.Seq, a.After, a.Words, next, a.Problem)
			}
			next, found = next+tt.step, found+1
			return nil
		})
		if err != nil || found != tt.found || left != tt.left {
			t.Errorf("%+v: %d records, %d left off, %v; want %d and %d", tt.f, found, left, err, tt.found, tt.left)
		}
	}
}

// What the daemon adds while somebody reads is not part of what was asked.
func TestWhatIsAddedMeanwhileIsNotRead(t *testing.T) {
	const n = auditBatch + 1 // the last is read after one was added
	s := chained(t, n)
	found := 0
	_, err := s.Audited(t.Context(), ledger.AuditFilter{}, func(ledger.Audited) error {
		if found++; found > 1 {
			return nil
		}
		return s.write(t.Context(), "add", func(t *tx) error { return t.audit(audit.Record{At: time.Unix(0, 0), Action: "settled"}, "") })
	})
	if err != nil || found != n {
		t.Errorf("%d records, %v", found, err)
	}
}

// A record that was tampered with is shown, with what is wrong with it, and so are all others.
func TestAChangedRecordIsToldAndTheOthersShown(t *testing.T) {
	for what, tt := range map[string]struct {
		change string
		f      ledger.AuditFilter
		want   map[int64]string
	}{
		"changed":             {`UPDATE audit SET after = '00' WHERE seq = 2`, ledger.AuditFilter{}, map[int64]string{2: "it was changed"}},
		"changed, one client": {`UPDATE audit SET after = '00' WHERE seq = 2`, ledger.AuditFilter{Client: "p-1"}, map[int64]string{2: "it was changed"}},
		"another's words":     {`UPDATE audit SET payload = (SELECT payload FROM audit WHERE seq = 1) WHERE seq = 4`, ledger.AuditFilter{Ordered: true}, map[int64]string{4: "its payload was changed"}},
		"left out":            {`DELETE FROM audit WHERE seq = 3`, ledger.AuditFilter{}, map[int64]string{4: "a record is missing"}},
		"the first left out":  {`DELETE FROM audit WHERE seq = 1`, ledger.AuditFilter{}, nil}, // TestCheck of the whole chain finds it
		"not asked for":       {`DELETE FROM audit WHERE seq = 3`, ledger.AuditFilter{Ordered: true}, nil},
		"erased":              {`UPDATE audit SET payload = NULL WHERE seq = 4`, ledger.AuditFilter{}, nil},
		"a forged beginning":  {`UPDATE audit SET prev = hash WHERE seq = 1`, ledger.AuditFilter{}, map[int64]string{1: "it does not follow"}},
	} {
		t.Run(what, func(t *testing.T) {
			s := chained(t, 6)
			run(t, s.writer, tt.change)
			shown := 0
			_, err := s.Audited(t.Context(), tt.f, func(a ledger.Audited) error {
				shown++
				if want := tt.want[a.Seq]; want == "" != (a.Problem == "") || !strings.HasPrefix(a.Problem, want) {
					t.Errorf("record %d: %q, want %q", a.Seq, a.Problem, want)
				}
				return nil
			})
			if err != nil || shown < 2 {
				t.Errorf("%d shown, %v", shown, err)
			}
		})
	}
}

// The newest are found by their number, from the end; nothing is sorted.
func TestTheNewestOfTheAuditAreFoundByNumber(t *testing.T) {
	c := chooseAudit(ledger.AuditFilter{OCMW: "0999999922"})
	for query, args := range map[string][]any{
		`SELECT seq FROM audit` + c.text() + ` ORDER BY seq DESC LIMIT ?`: append(c.args, 50),
		`SELECT seq FROM audit ORDER BY seq DESC LIMIT ?`:                 {50},
	} {
		if got := plan(t, memory(t), query, args...); strings.Contains(got, "ORDER BY") || !strings.Contains(got, "SCAN audit") {
			t.Errorf("the plan is\n%s", got)
		}
	}
	if got := plan(t, memory(t), `SELECT COUNT(*) FROM audit WHERE seq < ? AND ocmw = ?`, 9, ""); !strings.Contains(got, "INTEGER PRIMARY KEY (rowid<?)") {
		t.Errorf("the plan is\n%s", got)
	}
}
