package cycle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// recordStore makes of records what the ledger keeps of them. One goroutine at a time uses it.
type recordStore struct {
	writer  casefile.RecordWriter
	content []byte
	names   []string
}

func (s *recordStore) store(record casefile.Record, raw adapters.Record) (ledger.StoredRecord, error) {
	payload, err := s.writer.Write(record)
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
	out := casefile.AppendText(append(s.content[:0], '['), raw.Kind)
	out = casefile.AppendTexts(append(out, ','), raw.Key)
	out = strconv.AppendBool(append(out, ','), raw.Deleted)
	out, err := s.appendFields(append(out, ','), raw.Fields)
	if err != nil {
		return "", err
	}
	s.content = append(out, ']')
	sum := sha256.Sum256(s.content)
	return hex.EncodeToString(sum[:]), nil
}

func (s *recordStore) appendFields(out []byte, fields map[string]any) ([]byte, error) {
	if fields == nil {
		return append(out, "null"...), nil
	}
	s.names = slices.AppendSeq(s.names[:0], maps.Keys(fields))
	slices.Sort(s.names)
	out = append(out, '{')
	for i, name := range s.names {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(append(casefile.AppendText(out, name), ':'), fields[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendValue(out []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return casefile.AppendText(out, v), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	}
	text, err := json.Marshal(value)
	return append(out, text...), err
}
