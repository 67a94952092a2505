package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// audit adds a record to the chain; it is written with the others of the transaction, at its end. words are a person's own, and sealed.
func (t *tx) audit(r audit.Record, words string) error {
	if t.head == nil {
		head, err := auditHead(t)
		if err != nil {
			return wrap("read the audit's end", err)
		}
		t.head = &head
	}
	if r.Actor == "" {
		r.Actor = ledger.ActorSelf
	}
	r.Seq = t.head.Seq + 1
	if words != "" {
		r.Payload = t.s.seal("audit", r.OCMW, strconv.FormatInt(r.Seq, 10), "payload", []byte(words))
	}
	r = audit.Next(t.head.Hash, r)
	if t.audits == nil {
		t.audits = newInsertion("audit", auditColumns, "")
	}
	t.audits.add(r.Seq, r.At.UnixMilli(), r.Run, r.Actor, r.Action, r.OCMW, r.Client, r.Entry, r.Rule, r.RulesVersion, r.Before, r.After,
		r.Source, r.RemoteID, r.Reason, r.Payload, r.PayloadDigest[:], r.Prev[:], r.Hash[:])
	t.head = &audit.Head{Seq: r.Seq, Hash: r.Hash}
	if t.audits.full() {
		return t.writeAudits()
	}
	return nil
}

const auditColumns = `seq, at, run, actor, action, ocmw, client, entry, rule, rules_version, before, after, source, remote_id, reason,
	payload, payload_digest, prev, hash`

func (t *tx) writeAudits() error {
	if t.audits == nil {
		return nil
	}
	return wrap("add to the audit", t.audits.run(t))
}

func auditHead(t *tx) (audit.Head, error) {
	var head audit.Head
	var hash []byte
	err := t.row(`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`, nil, &head.Seq, &hash)
	if errors.Is(err, errNoRows) {
		return head, nil
	}
	if err == nil && copy(head.Hash[:], hash) != len(head.Hash) {
		err = &audit.BrokenError{Seq: head.Seq, Problem: "its hash was changed"}
	}
	return head, err
}

// auditBatch is how many records a walk holds at a time: no transaction stays open
// while a caller looks at them.
const auditBatch = 1000

// Audit implements ledger.Reading. A walk over all verifies the chain as it goes; of
// one client it verifies each record, as the ones between are others'.
func (s *Store) Audit(ctx context.Context, pseudonym string, each func(audit.Record) error) error {
	var head audit.Head
	for last := int64(0); ; {
		batch, err := s.auditAfter(ctx, pseudonym, last)
		if err != nil {
			return err
		}
		for _, r := range batch {
			if pseudonym != "" {
				head = audit.Head{Seq: r.Seq - 1, Hash: r.Prev}
			}
			if head, err = head.Follow(r); err != nil {
				return fmt.Errorf("walk audit: %w", err)
			}
			if err := each(r); err != nil {
				return err
			}
			last = r.Seq
		}
		if len(batch) < auditBatch {
			return nil
		}
	}
}

func (s *Store) auditAfter(ctx context.Context, pseudonym string, after int64) ([]audit.Record, error) {
	const columns = `SELECT ` + auditColumns + ` FROM audit WHERE `
	if pseudonym != "" {
		return s.readAudit(ctx, columns+`client = ? AND client <> '' AND seq > ? ORDER BY seq LIMIT ?`, pseudonym, after, auditBatch)
	}
	return s.readAudit(ctx, columns+`seq > ? ORDER BY seq LIMIT ?`, after, auditBatch)
}

// readAudit reads the records of a query, in one transaction.
func (s *Store) readAudit(ctx context.Context, query string, args ...any) ([]audit.Record, error) {
	var batch []audit.Record
	err := s.read(ctx, "walk audit", func(t *tx) error {
		t.interruptible()
		for rs, err := range t.rows(query, args...) {
			if err != nil {
				return err
			}
			r, err := scanAudit(rs)
			if err != nil {
				return err
			}
			batch = append(batch, r)
		}
		return nil
	})
	return batch, err
}

func scanAudit(rs *rows) (audit.Record, error) {
	var r audit.Record
	var at int64
	var payloadDigest, prev, hash []byte
	err := rs.Scan(&r.Seq, &at, &r.Run, &r.Actor, &r.Action, &r.OCMW, &r.Client, &r.Entry, &r.Rule, &r.RulesVersion, &r.Before,
		&r.After, &r.Source, &r.RemoteID, &r.Reason, &r.Payload, &payloadDigest, &prev, &hash)
	if err != nil {
		return r, err
	}
	r.At = unixMilli(at)
	copy(r.PayloadDigest[:], payloadDigest)
	copy(r.Prev[:], prev)
	copy(r.Hash[:], hash)
	return r, nil
}
