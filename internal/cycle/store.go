package cycle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/segmentio/encoding/json"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// recordStore makes of records what the ledger keeps of them. One goroutine at a time uses it.
type recordStore struct{ content []byte }

func (s *recordStore) store(record casefile.Record, raw adapters.Record) (ledger.StoredRecord, error) {
	payload, err := casefile.MarshalRecord(record)
	if err != nil {
		return ledger.StoredRecord{}, fmt.Errorf("encode record: %w", err)
	}
	hash, err := s.hash(raw)
	if err != nil {
		return ledger.StoredRecord{}, fmt.Errorf("encode fields: %w", err)
	}
	stored := ledger.StoredRecord{
		Kind: record.Kind(), Client: record.ClientNumber(), Key: record.Key(), Hash: hash,
		Deleted: record.IsDeleted(), Payload: payload,
	}
	if client, ok := record.(*casefile.Client); ok {
		stored.INSZ, stored.Caseworker = client.INSZ.Reveal(), client.Caseworker
	}
	return stored, nil
}

// hash is of what a record says: of the JSON list of kind, key, deleted and fields, as encoding/json writes it. It is in
// every ledger: written otherwise, all that is in force would count as changed.
func (s *recordStore) hash(raw adapters.Record) (string, error) {
	var err error
	s.content, err = json.Append(s.content[:0], []any{raw.Kind, raw.Key, raw.Deleted, raw.Fields}, json.EscapeHTML|json.SortMapKeys)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(s.content)
	return hex.EncodeToString(sum[:]), nil
}
