package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
)

// Index is the value under which a personal value is found in a column: HMAC-SHA256
// (32 bytes) of value under the index key. Domain names the column's meaning
// ("insz", "clientNumber", "caseworker"), so that equal values of two domains don't
// show as equal. The caller normalises value first: an INSZ as its eleven digits.
func (k *Keys) Index(domain, value string) []byte {
	return k.mac("index", domain, value)
}

// Indexer gives many values of one domain their Index, without what each would cost to begin with. One goroutine at
// a time uses it.
func (k *Keys) Indexer(domain string) func(value []byte) []byte {
	h, front := hmac.New(sha256.New, k.index), AAD("index", domain)
	var buffer []byte
	return func(value []byte) []byte {
		h.Reset()
		buffer = append(binary.AppendUvarint(append(buffer[:0], front...), uint64(len(value))), value...)
		_, _ = h.Write(buffer)
		return h.Sum(nil)
	}
}

// pseudonymAlphabet is Crockford's base32 in lower case: no i, l, o or u.
const pseudonymAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	pseudonymPrefix = "p-"
	pseudonymChars  = 10 // 50 bits: 60,000 clients collide with a chance below 1 in 500,000
)

// Pseudonym stands for a client of an OCMW (KBO number) in logs, metrics and plan
// files, like p-7f3k2m9q4t: always the same under one index key, and meaningless
// without it.
func (k *Keys) Pseudonym(ocmw, clientNumber string) string {
	bits := binary.BigEndian.Uint64(k.mac("pseudonym", ocmw, clientNumber))
	out := make([]byte, pseudonymChars)
	for i := range out {
		out[i] = pseudonymAlphabet[bits>>59]
		bits <<= 5
	}
	return pseudonymPrefix + string(out)
}

// NormalizePseudonym reads a pseudonym as a person types it: any case, o for 0, i or
// l for 1. It reports false for what can't be one.
func NormalizePseudonym(typed string) (string, bool) {
	s := strings.ToLower(strings.TrimSpace(typed))
	body, ok := strings.CutPrefix(s, pseudonymPrefix)
	if !ok || len(body) != pseudonymChars {
		return "", false
	}
	body = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(body)
	if strings.Trim(body, pseudonymAlphabet) != "" {
		return "", false
	}
	return pseudonymPrefix + body, true
}

// indexMAC is an HMAC under the index key, and room for what goes into it.
type indexMAC struct {
	hash.Hash
	input []byte
}

func (k *Keys) mac(parts ...string) []byte {
	m := k.macs.Get().(*indexMAC)
	defer k.macs.Put(m)
	m.input = AppendAAD(m.input[:0], parts...)
	m.Reset()
	_, _ = m.Write(m.input)
	clear(m.input)
	return m.Sum(make([]byte, 0, sha256.Size))
}
