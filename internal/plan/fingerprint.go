package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Inputs is what one person's plan follows from.
type Inputs struct {
	// Records are the hashes of the person's records, in any order. They come
	// from personal data, and the fingerprint goes into a file in clear: they
	// must be keyed (HMAC).
	Records []string
	// DossierID and KnownVersion are those of the dossier known; empty and 0
	// where there is none.
	DossierID    string
	KnownVersion int64
	RulesVersion string
	Day          casefile.Date
}

// Fingerprint is a hash of the inputs. A plan file holds it for each person, and
// is applied only when all are still the same (design decision 11).
func Fingerprint(in Inputs) string {
	h := sha256.New()
	field := func(s string) {
		// The length goes before, so that parts can't run into each other.
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		_, _ = h.Write([]byte(s))
	}
	field(in.DossierID)
	field(strconv.FormatInt(in.KnownVersion, 10))
	field(in.RulesVersion)
	field(string(in.Day))
	for _, record := range slices.Sorted(slices.Values(in.Records)) {
		field(record)
	}
	return hex.EncodeToString(h.Sum(nil))
}
