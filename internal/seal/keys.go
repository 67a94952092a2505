package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
)

const keySize = 32

// Keys are the encryption keys and the index key of one state directory.
type Keys struct {
	use   *encryptionKey
	byID  map[string]*encryptionKey
	index []byte
	// macs holds *indexMAC: preparing the key takes longer than most values.
	macs *sync.Pool
	// bounds holds *[]byte: room for what a sealed value is bound to.
	bounds *sync.Pool
}

type encryptionKey struct {
	id     string
	master []byte
	values cipher.AEAD
}

// Format keeps keys out of any printed text.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[keys]") }

// InUse is the id of the key that new data is sealed with. It is no secret.
func (k *Keys) InUse() string { return k.use.id }

// KeyIDs returns how many encryption keys can be read with.
func (k *Keys) KeyIDs() int { return len(k.byID) }

var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)

const header = `# mlpsync keys. Without this file the state can't be read: keep a copy apart from it.
# Lines: "key ID BASE64" (32 bytes; the first is in use, others only read older data)
# and one "index BASE64" (32 bytes; changing it means that every look-up is rebuilt).
`

// Generate returns a new key file with one encryption key and the index key. Pass
// crypto/rand.Reader. The caller writes it with mode 0600, outside the state
// directory's backups.
func Generate(rand io.Reader) ([]byte, error) {
	buf := make([]byte, 4+2*keySize)
	if _, err := io.ReadFull(rand, buf); err != nil {
		return nil, fmt.Errorf("draw keys: %w", err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "%skey k%s %s\nindex %s\n", header,
		hex.EncodeToString(buf[:4]), b64(buf[4:4+keySize]), b64(buf[4+keySize:])), nil
}

// ParseKeyFile reads a key file: lines of "key ID BASE64" and exactly one "index
// BASE64", 32 bytes each in standard base64; empty lines and lines that begin with #
// are skipped. An ID is 1 to 32 letters, digits, dots, dashes or underscores. The
// error joins all problems, each with its line, and never holds key material.
func ParseKeyFile(file []byte) (*Keys, error) {
	k := &Keys{byID: map[string]*encryptionKey{}}
	k.macs = &sync.Pool{New: func() any { return &indexMAC{Hash: hmac.New(sha256.New, k.index)} }}
	k.bounds = &sync.Pool{New: func() any { return new([]byte) }}
	p := keyFile{keys: k}
	for i, line := range strings.Split(string(file), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := p.take(strings.Fields(line)); err != nil {
			p.problems = append(p.problems, fmt.Errorf("key file line %d: %w", i+1, err))
		}
	}
	if len(p.problems) == 0 && p.keys.use == nil {
		p.problems = append(p.problems, errors.New(`key file: no line "key ID BASE64"`))
	}
	if len(p.problems) == 0 && p.keys.index == nil {
		p.problems = append(p.problems, errors.New(`key file: no line "index BASE64"`))
	}
	if len(p.problems) > 0 {
		return nil, errors.Join(p.problems...)
	}
	return p.keys, nil
}

type keyFile struct {
	keys     *Keys
	raw      [][]byte
	problems []error
}

func (p *keyFile) take(fields []string) error {
	switch {
	case fields[0] == "key" && len(fields) == 3:
		return p.takeKey(fields[1], fields[2])
	case fields[0] == "index" && len(fields) == 2:
		if p.keys.index != nil {
			return errors.New("a second index key; there can be one")
		}
		raw, err := p.decode(fields[1])
		if err != nil {
			return err
		}
		p.keys.index, err = subkey(raw, nil, "mlpsync index v1")
		return err
	default:
		return errors.New(`expected "key ID BASE64" or "index BASE64"`)
	}
}

func (p *keyFile) takeKey(id, text string) error {
	if !keyID.MatchString(id) {
		return errors.New("a key id is 1 to 32 letters, digits, dots, dashes or underscores")
	}
	if p.keys.byID[id] != nil {
		return errors.New("a key id that an earlier line has")
	}
	raw, err := p.decode(text)
	if err != nil {
		return err
	}
	key, err := newEncryptionKey(id, raw)
	if err != nil {
		return err
	}
	p.keys.byID[id] = key
	if p.keys.use == nil {
		p.keys.use = key
	}
	return nil
}

// decode refuses what is no key: a wrong length, a placeholder of equal bytes, and
// the same key in two roles. Base64 errors are replaced: they may quote the input.
func (p *keyFile) decode(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("the key is not standard base64")
	}
	if len(raw) != keySize {
		return nil, fmt.Errorf("the key has %d bytes instead of %d", len(raw), keySize)
	}
	if bytes.Count(raw, raw[:1]) == keySize {
		return nil, errors.New("the key is a placeholder, not random bytes")
	}
	for _, other := range p.raw {
		if bytes.Equal(other, raw) {
			return nil, errors.New("the same key as on an earlier line")
		}
	}
	p.raw = append(p.raw, raw)
	return raw, nil
}

func newEncryptionKey(id string, master []byte) (*encryptionKey, error) {
	k, err := subkey(master, nil, "mlpsync value v1")
	if err != nil {
		return nil, err
	}
	values, err := newGCM(k)
	if err != nil {
		return nil, err
	}
	return &encryptionKey{id: id, master: master, values: values}, nil
}

// subkey gives each use its own key, so that no two uses share a nonce space.
func subkey(master, salt []byte, use string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, master, salt, use, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return k, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher mode: %w", err)
	}
	return aead, nil
}
