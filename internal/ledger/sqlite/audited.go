package sqlite

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// Audited implements ledger.Reading. The numbers are walked twice, backwards to find where the newest begin, and from there
// on: so little is held at a time, whatever is asked for.
func (s *Store) Audited(ctx context.Context, f ledger.AuditFilter, each func(ledger.Audited) error) (left int, err error) {
	chosen := chooseAudit(f)
	span, err := s.auditSpan(ctx, chosen, f.Newest)
	if err != nil || span.last == 0 {
		return 0, err
	}
	var before audit.Record
	for span.first <= span.last {
		batch, err := s.auditIn(ctx, chosen, span)
		if err != nil {
			return 0, err
		}
		for _, r := range batch {
			if err := each(s.openAudit(before, r, len(chosen.conditions) == 0)); err != nil {
				return 0, err
			}
			before = r
		}
		if len(batch) < auditBatch {
			break
		}
		span.first = before.Seq + 1
	}
	return span.left, nil
}

// auditChoice is a filter as conditions.
type auditChoice struct {
	conditions []string
	args       []any
}

func (c *auditChoice) where(condition string, args ...any) {
	c.conditions, c.args = append(c.conditions, condition), append(c.args, args...)
}

// chooseAudit says a filter in SQL. No index helps: only the number has one.
func chooseAudit(f ledger.AuditFilter) auditChoice {
	var c auditChoice
	if f.Seq != 0 {
		c.where(`seq = ?`, f.Seq)
	}
	for _, is := range [][2]string{{`ocmw = ?`, f.OCMW}, {`client = ?`, f.Client}, {`entry = ?`, f.Entry}, {`run = ?`, f.Run}} {
		if is[1] != "" {
			c.where(is[0], is[1])
		}
	}
	if len(f.Actions) > 0 {
		c.where(`action IN (SELECT value FROM json_each(?))`, list(f.Actions))
	}
	if f.By != "" {
		c.where(`actor IN (?, ?)`, f.By, f.By+ledger.ThroughSudo)
	}
	if f.Ordered {
		// A user of the program's own name could not be told from it once, but by what was ordered.
		c.where(`(actor <> ? OR action IN (SELECT value FROM json_each(?)))`, ledger.ActorSelf, list(orderedActions()))
	}
	if !f.Since.IsZero() {
		c.where(`at >= ?`, ceilMilli(f.Since))
	}
	if !f.Until.IsZero() {
		c.where(`at < ?`, ceilMilli(f.Until))
	}
	return c
}

// ceilMilli is the first millisecond that is not before an instant: records have whole ones.
func ceilMilli(at time.Time) int64 { return at.Add(time.Millisecond - time.Nanosecond).UnixMilli() }

func orderedActions() []string {
	var words []string
	for _, a := range audit.Actions() {
		if a.Ordered {
			words = append(words, a.Word)
		}
	}
	return words
}

// auditSpan are the numbers between which the chosen records are, and how many older chosen ones are left off.
type auditSpan struct {
	first, last int64
	left        int
}

// auditSpan finds where to begin. What others add meanwhile is above its end.
func (s *Store) auditSpan(ctx context.Context, c auditChoice, newest int) (auditSpan, error) {
	span := auditSpan{first: 1}
	err := s.read(ctx, "look through the audit", func(t *tx) error {
		t.interruptible()
		err := t.row(`SELECT seq FROM audit ORDER BY seq DESC LIMIT 1`, nil, &span.last)
		if errors.Is(err, errNoRows) || err != nil || newest <= 0 {
			return unless(errNoRows, err)
		}
		found := 0
		for rs, err := range t.rows(`SELECT seq FROM audit`+c.text()+` ORDER BY seq DESC LIMIT ?`, append(c.args[:len(c.args):len(c.args)], newest)...) {
			if err == nil {
				err = rs.Scan(&span.first)
			}
			if err != nil {
				return err
			}
			found++
		}
		switch {
		case found == 0:
			span.last = 0
		case found < newest:
		case len(c.conditions) == 0:
			span.left = int(span.first) - 1 // the numbers have no gaps
		default:
			older := c
			older.conditions = append([]string{`seq < ?`}, c.conditions...)
			return t.row(`SELECT COUNT(*) FROM audit`+older.text(), append([]any{span.first}, c.args...), &span.left)
		}
		return nil
	})
	return span, err
}

// unless is nil for an error that is expected.
func unless(expected, err error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func (c auditChoice) text() string {
	if len(c.conditions) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c.conditions, ` AND `)
}

func (s *Store) auditIn(ctx context.Context, c auditChoice, span auditSpan) ([]audit.Record, error) {
	within := auditChoice{conditions: append([]string{`seq BETWEEN ? AND ?`}, c.conditions...), args: append([]any{span.first, span.last}, c.args...)}
	query := `SELECT ` + auditColumns + ` FROM audit` + within.text() + ` ORDER BY seq LIMIT ?`
	return s.readAudit(ctx, query, append(within.args, auditBatch)...)
}

// openAudit looks at a record by itself, and with the one before it where that is its neighbour: of all, as it must be.
func (s *Store) openAudit(before, r audit.Record, ofAll bool) ledger.Audited {
	a := ledger.Audited{Record: r}
	head := audit.Head{Seq: r.Seq - 1, Hash: r.Prev}
	if before.Seq > 0 && (ofAll || before.Seq == head.Seq) || head.Seq == 0 {
		head = audit.Head{Seq: before.Seq, Hash: before.Hash}
	}
	var broken *audit.BrokenError
	if _, err := head.Follow(r); errors.As(err, &broken) {
		a.Problem = broken.Problem
	}
	if len(r.Payload) == 0 {
		return a
	}
	words, err := s.open("audit", r.OCMW, strconv.FormatInt(r.Seq, 10), "payload", r.Payload)
	if err != nil && a.Problem == "" {
		a.Problem = "its words can't be read"
	}
	a.Words = string(words)
	return a
}
