package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/google/uuid"
)

// keyNamespace must not change: a request that is repeated after an update of the
// program would get another key, and be done twice.
func keyNamespace() uuid.UUID {
	return uuid.UUID{0x2a, 0x8d, 0x51, 0xe7, 0x03, 0xbc, 0x46, 0x1f, 0xa5, 0x90, 0x7c, 0xd4, 0x18, 0x6e, 0x32, 0xfb}
}

// IdempotencyKey is the Idempotency-Key of a POST: a UUID (version 8, over SHA-256)
// of the entry's id and of the body that is sent, byte for byte. The same entry with
// other content is another request, which a server would refuse under the old key.
func IdempotencyKey(entryID string, content []byte) string {
	data := join([]byte(entryID), content)
	return uuid.NewHash(sha256.New(), keyNamespace(), data, 8).String()
}

// ContentHash tells equal changes from different ones (hex SHA-256, 64 characters):
// a change equal to a parked or discarded one is not queued again (design decision
// 15). Body is in a canonical form that the caller sees to, without If-Match: the
// version moves while the change stays the same. It is no pseudonym; it is stored
// and compared, never shown.
func ContentHash(method, path, body string) string {
	sum := sha256.Sum256(join([]byte(method), []byte(path), []byte(body)))
	return hex.EncodeToString(sum[:])
}

// join puts each part's length before it, so that parts can't run into each other.
func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
