package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// aboutSending tells of the kinds of request that stop an OCMW's sending, or let it go on.
func aboutSending(kind string) bool { return kind == "pause" || kind == "resume" }

// orderSending carries out pause and resume. What is so already is said, and no error.
func orderSending(t *tx, r ledger.Request, now time.Time) (bool, string, error) {
	paused, err := pausedFact(t, r.OCMW)
	if err != nil {
		return false, "", err
	}
	action, word, value := "paused", "nothing is sent for this OCMW until it is resumed", r.At.UTC().Format(time.RFC3339)
	if r.Kind == "resume" {
		action, word, value = "resumed", "sending goes on", ""
	}
	switch {
	case paused && r.Kind == "pause":
		return false, "it is paused already", nil
	case !paused && r.Kind == "resume":
		return false, "it is not paused", nil
	}
	if err := setMeta(t, "fact/"+ledger.PausePrefix+r.OCMW, value); err != nil {
		return false, "", err
	}
	return true, word, t.audit(audit.Record{At: now, Run: t.run(), Actor: r.By.Name, Action: action, OCMW: r.OCMW}, r.By.Reason)
}

func pausedFact(t *tx, ocmw string) (bool, error) {
	var n int
	err := t.row(`SELECT COUNT(*) FROM meta WHERE key = ? AND value <> ''`, []any{"fact/" + ledger.PausePrefix + ocmw}, &n)
	return n > 0, err
}

// Paused implements ledger.Operating. The last order that was not turned down tells.
func (s *Store) Paused(ctx context.Context, ocmw string) (*ledger.Hold, error) {
	var hold *ledger.Hold
	err := s.read(ctx, "read pause", func(t *tx) error {
		var id int64
		err := t.row(`SELECT id FROM request WHERE ocmw = ? AND kind IN ('pause', 'resume') AND done IS NOT 0 ORDER BY id DESC LIMIT 1`,
			[]any{ocmw}, &id)
		if errors.Is(err, errNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		r, _, err := readRequest(t, id)
		if err == nil && r.Kind == "pause" {
			hold = &ledger.Hold{Since: r.At, By: r.By.Name, Reason: r.By.Reason}
		}
		return err
	})
	return hold, err
}
