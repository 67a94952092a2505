package seal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrTampered means that sealed bytes were changed or cut short, or lie in another
// place than where they were sealed for. It is never retried.
var ErrTampered = errors.New("sealed data was changed, cut short, or belongs elsewhere")

// ErrUnknownKey means that the data was sealed with a key that the key file lacks.
var ErrUnknownKey = errors.New("sealed with a key that the key file does not hold")

const (
	valueVersion = 1
	nonceSize    = 12
	tagSize      = 16
)

// AAD joins parts to associated data, each with its length before it, so that two
// lists of parts never give the same bytes. A column's parts are table, OCMW, row id
// and column, in that order: a payload moved to another row doesn't open.
func AAD(parts ...string) []byte {
	size := 0
	for _, p := range parts {
		size += binary.MaxVarintLen16 + len(p)
	}
	return AppendAAD(make([]byte, 0, size), parts...)
}

// AppendAAD appends what AAD gives.
func AppendAAD(out []byte, parts ...string) []byte {
	for _, p := range parts {
		out = append(binary.AppendUvarint(out, uint64(len(p))), p...)
	}
	return out
}

// Seal encrypts plain under the key in use and binds it to aad.
//
// Layout: version 1, length of the key id, key id, 12 bytes nonce, AES-256-GCM
// ciphertext with its tag. What stands before the nonce is authenticated too.
func (k *Keys) Seal(plain, aad []byte) []byte {
	out := make([]byte, 0, 2+len(k.use.id)+nonceSize+len(plain)+tagSize)
	out = append(out, valueVersion, byte(len(k.use.id)))
	out = append(out, k.use.id...)
	bound := k.bound(out, aad)
	defer k.bounds.Put(bound)
	out = out[:len(out)+nonceSize]
	nonce := out[len(out)-nonceSize:]
	_, _ = rand.Read(nonce) // documented never to fail
	return k.use.values.Seal(out, nonce, plain, *bound)
}

// Open returns what Seal was given. Errors wrap ErrTampered or ErrUnknownKey and
// hold nothing of the data.
func (k *Keys) Open(sealed, aad []byte) ([]byte, error) { return k.AppendOpen(nil, sealed, aad) }

// AppendOpen appends what Open gives.
func (k *Keys) AppendOpen(to, sealed, aad []byte) ([]byte, error) {
	key, rest, err := k.pick(sealed)
	if err != nil {
		return nil, err
	}
	if len(rest) < nonceSize+tagSize {
		return nil, ErrTampered
	}
	head := sealed[:len(sealed)-len(rest)]
	bound := k.bound(head, aad)
	defer k.bounds.Put(bound)
	plain, err := key.values.Open(to, rest[:nonceSize], rest[nonceSize:], *bound)
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

// SealedWith is the id of the key that a sealed value names, unchecked: it tells
// which rows a change of keys has still to do.
func SealedWith(sealed []byte) (id string, ok bool) {
	if len(sealed) < 2 || sealed[0] != valueVersion || len(sealed) < 2+int(sealed[1]) {
		return "", false
	}
	id = string(sealed[2 : 2+int(sealed[1])])
	return id, keyID.MatchString(id)
}

func (k *Keys) pick(sealed []byte) (*encryptionKey, []byte, error) {
	id, ok := SealedWith(sealed)
	if !ok {
		return nil, nil, ErrTampered
	}
	key := k.byID[id]
	if key == nil {
		return nil, nil, fmt.Errorf("key id %s: %w", id, ErrUnknownKey)
	}
	return key, sealed[2+len(id):], nil
}

func bind(head, aad []byte) []byte {
	return append(append(make([]byte, 0, len(head)+len(aad)), head...), aad...)
}

// bound is bind in room that goes back to bounds: it holds nothing that is secret.
func (k *Keys) bound(head, aad []byte) *[]byte {
	bound := k.bounds.Get().(*[]byte)
	*bound = append(append((*bound)[:0], head...), aad...)
	return bound
}
