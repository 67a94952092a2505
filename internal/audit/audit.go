// Package audit chains the records of what was decided, written and ordered, so that
// a change made afterwards shows.
//
// Guaranteed: a record that was changed, left out, put in or moved breaks the chain
// at a sequence number that Verify names. The chain holds the digest of a record's
// encrypted payload, not the payload: destroying a person's key, or deleting the
// ciphertext, erases that person's data, and the chain still verifies.
//
// Not guaranteed: that the newest records are all there, unless the head is compared
// with one that was noted elsewhere; and that nobody who holds the database and this
// program rewrote the whole chain. Both are what the noted head is for.
//
// Callers: the ledger, which adds a record in the transaction of what it records,
// and walks the chain. It imports nothing of this project.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Hash is a SHA-256 value; in text it is 64 hexadecimal digits. The zero value
// stands before the first record, and for "no payload".
type Hash [sha256.Size]byte

// IsZero reports the zero value.
func (h Hash) IsZero() bool { return h == Hash{} }

// String is the hexadecimal text.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hexadecimal text.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hexadecimal text.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return errors.New("a hash has 64 hexadecimal digits")
	}
	var read Hash
	if _, err := hex.Decode(read[:], text); err != nil {
		return errors.New("a hash has 64 hexadecimal digits")
	}
	*h = read
	return nil
}

// Record is one thing that happened. All fields but Payload are in clear and chained
// as they are: they hold codes, ids and dates of the categories, never an INSZ, a
// name, or text that a person typed (that goes into Payload).
type Record struct {
	Seq    int64     // 1, 2, 3, ... without gaps
	At     time.Time // UTC, to the millisecond; storage must keep that
	Run    string    // id of the run, if any
	Actor  string    // "mlpsync", or who ordered it
	Action string    // a word of Actions
	OCMW   string    // KBO number
	Client string    // pseudonym
	Entry  string    // id of the outbox entry
	// Rule and RulesVersion say by what it was decided.
	Rule, RulesVersion string
	// Before and After are codes or versions, such as 05 and 90.
	Before, After string
	Source        string // file, sheet and row that it rests on
	RemoteID      string // trace id of the request to MLP
	Reason        string // stable word or code; a person's own words go into Payload

	// Payload is sealed (package seal), and nil where there is none or it was erased.
	Payload []byte
	// PayloadDigest is SHA-256 of Payload; it stays after an erasure.
	PayloadDigest Hash

	Prev, Hash Hash
}

// Erased reports that the record had a payload which is gone.
func (r Record) Erased() bool { return len(r.Payload) == 0 && !r.PayloadDigest.IsZero() }

// Next completes a record that follows prev (zero for the first): it brings At to
// UTC and milliseconds, and sets PayloadDigest, Prev and Hash. The caller sets Seq,
// one above its predecessor's, in the transaction that stores the record.
func Next(prev Hash, r Record) Record {
	r.At = r.At.UTC().Truncate(time.Millisecond)
	r.PayloadDigest = Hash{}
	if len(r.Payload) > 0 {
		r.PayloadDigest = sha256.Sum256(r.Payload)
	}
	r.Prev = prev
	r.Hash = digest(r)
	return r
}

// chainVersion stands first in what is hashed. Another set or order of fields is
// another version; records of older versions keep theirs.
const chainVersion = "mlpsync audit v1"

// digest is SHA-256 over the version, Prev, Seq, At in milliseconds since 1970, each
// clear field with its length before it, and PayloadDigest.
func digest(r Record) Hash {
	buf := make([]byte, 0, 512)
	buf = append(buf, chainVersion...)
	buf = append(buf, r.Prev[:]...)
	buf = binary.BigEndian.AppendUint64(buf, uint64(r.Seq))
	buf = binary.BigEndian.AppendUint64(buf, uint64(r.At.UnixMilli()))
	for _, field := range []string{
		r.Run, r.Actor, r.Action, r.OCMW, r.Client, r.Entry, r.Rule, r.RulesVersion,
		r.Before, r.After, r.Source, r.RemoteID, r.Reason,
	} {
		buf = binary.AppendUvarint(buf, uint64(len(field)))
		buf = append(buf, field...)
	}
	buf = append(buf, r.PayloadDigest[:]...)
	return sha256.Sum256(buf)
}

// Head is the end of a chain: what to note elsewhere, and what to go on from. The
// zero value stands before the first record.
type Head struct {
	Seq  int64
	Hash Hash
}

// BrokenError says where a chain breaks first.
type BrokenError struct {
	Seq     int64 // the sequence number that was expected or is wrong
	Problem string
}

// Error names the sequence number.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the audit chain breaks at record %d: %s", e.Seq, e.Problem)
}

// Follow checks that r is the record after h, and returns the new head. Where it is
// not, the head is h and the error a *BrokenError.
func (h Head) Follow(r Record) (Head, error) {
	problem := ""
	switch {
	case r.Seq != h.Seq+1:
		problem = "a record is missing, doubled, or out of order"
	case r.Prev != h.Hash:
		problem = "it does not follow from the record before it"
	case len(r.Payload) > 0 && sha256.Sum256(r.Payload) != r.PayloadDigest:
		problem = "its payload was changed"
	case digest(r) != r.Hash:
		problem = "it was changed"
	default:
		return Head{Seq: r.Seq, Hash: r.Hash}, nil
	}
	return h, &BrokenError{Seq: h.Seq + 1, Problem: problem}
}

// Verify walks records in order from a head (zero: from the first record on), and
// returns the last head that holds. It stops at the first break (*BrokenError), or
// at the first error of the walk, which it wraps. Records cut off at the end show
// only when the returned head is compared with one that was noted elsewhere.
func Verify(from Head, records iter.Seq2[Record, error]) (Head, error) {
	head := from
	for r, err := range records {
		if err != nil {
			return head, fmt.Errorf("walk the audit after record %d: %w", head.Seq, err)
		}
		if head, err = head.Follow(r); err != nil {
			return head, err
		}
	}
	return head, nil
}
