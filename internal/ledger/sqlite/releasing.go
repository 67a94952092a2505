package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

const (
	// unapproved are the entries that a release approves.
	unapproved = `ocmw = ? AND approved = 0 AND state IN ('waiting', 'suspended', 'parked') AND ` + resting

	approveEntries    = `UPDATE entry SET approved = 1 WHERE ` + unapproved
	unapprovedEntries = `SELECT person, digest FROM entry WHERE ` + unapproved + ` ORDER BY person, digest`
)

// fingerprintBytes is how much of a digest a person has to copy: it tells two states apart, and keeps nobody out.
const fingerprintBytes = 4

// Unreleased implements ledger.Operating.
func (s *Store) Unreleased(ctx context.Context, ocmw string) (u ledger.Unreleased, err error) {
	err = s.read(ctx, "read what a release would let go", func(t *tx) error {
		if u.Fingerprint, err = fingerprint(t, ocmw); err != nil {
			return err
		}
		u.Refused, err = refusedRelease(t, ocmw)
		return err
	})
	return u, err
}

// fingerprint is of the keyed digests of what would be sent: an entry that is decided anew and asks for the same changes nothing.
func fingerprint(t *tx, ocmw string) (string, error) {
	g, err := pending(t, ocmw)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(seal.AAD(ocmw, strconv.FormatBool(g.FirstRun)))
	for _, f := range g.Shrunk {
		h.Write(seal.AAD("feed", f.Feed, strconv.Itoa(f.RowsBefore), strconv.Itoa(f.RowsAfter)))
	}
	for rs, err := range t.rows(unapprovedEntries, ocmw) {
		if err != nil {
			return "", err
		}
		var person int64
		var digest raw
		if err := rs.Scan(&person, &digest); err != nil {
			return "", err
		}
		h.Write(seal.AAD("entry", number(person), string(digest)))
	}
	return hex.EncodeToString(h.Sum(nil)[:fingerprintBytes]), nil
}

// refusedRelease is the OCMW's last order to release, where it was not carried out.
func refusedRelease(t *tx, ocmw string) (*ledger.Refused, error) {
	var r ledger.Refused
	var done bool
	var asked int64
	err := t.row(`SELECT actor, asked_at, done, result FROM request WHERE ocmw = ? AND kind = 'release' AND applied_at IS NOT NULL
		ORDER BY id DESC LIMIT 1`, []any{ocmw}, &r.By, &asked, &done, &r.Why)
	if errors.Is(err, errNoRows) || err == nil && done {
		return nil, nil
	}
	r.Asked = instant(asked)
	return &r, err
}

// orderRelease carries out a release of what was shown, and of nothing else: what came to wait since then was seen by nobody.
func orderRelease(t *tx, r ledger.Request, now time.Time) (bool, string, error) {
	stands, err := fingerprint(t, r.OCMW)
	if err != nil {
		return false, "", err
	}
	if r.Shown == stands {
		return true, "everything that waited for approval may go", approve(t, r.OCMW, r.By, now)
	}
	return false, "nothing is released: what waits is not what was shown any more; look again with \"mlpsync guard show\"", t.audit(audit.Record{
		At: now, Run: t.run(), Actor: r.By.Name, Action: "notReleased", OCMW: r.OCMW, Before: r.Shown, After: stands,
	}, r.By.Reason)
}
