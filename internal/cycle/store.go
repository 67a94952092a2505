package cycle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/segmentio/encoding/json"

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
	payload, columns, err := s.writer.Write(record)
	if err != nil {
		return ledger.StoredRecord{}, fmt.Errorf("encode record: %w", err)
	}
	hash, err := s.hash(raw)
	if err != nil {
		return ledger.StoredRecord{}, fmt.Errorf("encode fields: %w", err)
	}
	stored := ledger.StoredRecord{
		Kind: record.Kind(), Client: record.ClientNumber(), Key: record.Key(), Hash: hash,
		Deleted: record.IsDeleted(), Payload: payload, Columns: columns,
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
	s.content = append(json.AppendEscape(append(s.content[:0], '['), raw.Kind, json.EscapeHTML), ',')
	if s.content, err = json.Append(s.content, raw.Key, json.EscapeHTML); err == nil {
		s.content, err = s.appendFields(append(strconv.AppendBool(append(s.content, ','), raw.Deleted), ','), raw.Fields)
	}
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(s.content, ']'))
	return hex.EncodeToString(sum[:]), nil
}

// appendFields writes them in the order of their names. Most are texts, which the encoder would put into boxes to sort them.
func (s *recordStore) appendFields(to []byte, fields map[string]any) (_ []byte, err error) {
	if fields == nil {
		return append(to, "null"...), nil
	}
	s.names = slices.AppendSeq(s.names[:0], maps.Keys(fields))
	slices.Sort(s.names)
	to = append(to, '{')
	for i, name := range s.names {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(json.AppendEscape(to, name, json.EscapeHTML), ':')
		if text, is := fields[name].(string); is {
			to = json.AppendEscape(to, text, json.EscapeHTML)
		} else if to, err = json.Append(to, fields[name], json.EscapeHTML|json.SortMapKeys); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}
