package seal

import (
	"bufio"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	streamMagic = "MLPSEAL1"
	saltSize    = 32
	chunkSize   = 64 << 10
)

var errClosed = errors.New("write to a closed sealed stream")

// SealStream returns a writer that seals what is written to it into w. Only Close
// makes the stream whole: it writes the marked last chunk, and does not close w. A
// stream that isn't closed is refused by OpenStream.
//
// Layout: "MLPSEAL1", length of the key id, key id, 32 bytes salt, then chunks of up
// to 64 KiB, each with its tag. The chunk key is HKDF of master key and salt; the
// nonce is the chunk's number and a byte that is 1 for the last chunk.
func (k *Keys) SealStream(w io.Writer, aad []byte) (io.WriteCloser, error) {
	head := append([]byte(streamMagic), byte(len(k.use.id)))
	head = append(head, k.use.id...)
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // documented never to fail
	head = append(head, salt...)
	aead, err := k.use.stream(salt)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(head); err != nil {
		return nil, fmt.Errorf("write sealed stream: %w", err)
	}
	return &sealWriter{w: w, chunks: chunks{aead: aead, aad: bind(head, aad)}, buf: make([]byte, 0, chunkSize)}, nil
}

// OpenStream returns a reader of what was sealed. It hands out only bytes of chunks
// that were authenticated, and io.EOF only after the marked last chunk: until then a
// caller must not take what it read for the whole. Other errors wrap ErrTampered,
// ErrUnknownKey, or what r returned.
func (k *Keys) OpenStream(r io.Reader, aad []byte) (io.Reader, error) {
	br := bufio.NewReaderSize(r, chunkSize+tagSize+1)
	head, key, err := k.streamHead(br)
	if err != nil {
		return nil, err
	}
	aead, err := key.stream(head[len(head)-saltSize:])
	if err != nil {
		return nil, err
	}
	return &openReader{r: br, chunks: chunks{aead: aead, aad: bind(head, aad)}}, nil
}

func (k *Keys) streamHead(r io.Reader) ([]byte, *encryptionKey, error) {
	head := make([]byte, len(streamMagic)+1, len(streamMagic)+1+255+saltSize)
	if err := readHead(r, head); err != nil {
		return nil, nil, err
	}
	if string(head[:len(streamMagic)]) != streamMagic {
		return nil, nil, ErrTampered
	}
	fixed, idLen := len(head), int(head[len(streamMagic)])
	head = head[:fixed+idLen+saltSize]
	if err := readHead(r, head[fixed:]); err != nil {
		return nil, nil, err
	}
	id := string(head[fixed : fixed+idLen])
	if !keyID.MatchString(id) {
		return nil, nil, ErrTampered
	}
	key := k.byID[id]
	if key == nil {
		return nil, nil, fmt.Errorf("key id %s: %w", id, ErrUnknownKey)
	}
	return head, key, nil
}

func readHead(r io.Reader, into []byte) error {
	_, err := io.ReadFull(r, into)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTampered
	}
	if err != nil {
		return fmt.Errorf("read sealed stream: %w", err)
	}
	return nil
}

func (k *encryptionKey) stream(salt []byte) (cipher.AEAD, error) {
	key, err := subkey(k.master, salt, "mlpsync stream v1")
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

// chunks numbers the chunks of one stream.
type chunks struct {
	aead cipher.AEAD
	aad  []byte
	next uint64
}

func (c *chunks) nonce(last bool) []byte {
	n := make([]byte, nonceSize)
	binary.BigEndian.PutUint64(n[3:11], c.next)
	if last {
		n[11] = 1
	}
	c.next++
	return n
}

type sealWriter struct {
	chunks
	w   io.Writer
	buf []byte // at most one chunk, held back until it is known not to be the last
	out []byte
	err error
}

func (s *sealWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	done := 0
	for len(p) > 0 {
		if len(s.buf) == chunkSize {
			if s.flush(false); s.err != nil {
				return done, s.err
			}
		}
		n := min(len(p), chunkSize-len(s.buf))
		s.buf = append(s.buf, p[:n]...)
		p, done = p[n:], done+n
	}
	return done, nil
}

// Close writes the last chunk. A second Close does nothing.
func (s *sealWriter) Close() error {
	if errors.Is(s.err, errClosed) {
		return nil
	}
	if s.err != nil {
		return s.err
	}
	s.flush(true)
	err := s.err
	if err == nil {
		s.err = errClosed
	}
	return err
}

func (s *sealWriter) flush(last bool) {
	s.out = s.aead.Seal(s.out[:0], s.nonce(last), s.buf, s.aad)
	s.buf = s.buf[:0]
	if _, err := s.w.Write(s.out); err != nil {
		s.err = fmt.Errorf("write sealed stream: %w", err)
	}
}

type openReader struct {
	chunks
	r     *bufio.Reader
	buf   [chunkSize + tagSize]byte
	plain []byte // authenticated, not yet handed out; lies in buf
	err   error
}

func (o *openReader) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		o.plain, o.err = o.chunk()
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// chunk opens the next chunk. The one after which nothing follows has to carry the
// mark of the last: a stream cut at a border, or one with bytes added, fails.
func (o *openReader) chunk() ([]byte, error) {
	n, err := io.ReadFull(o.r, o.buf[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read sealed stream: %w", err)
	}
	_, peekErr := o.r.Peek(1)
	if peekErr != nil && !errors.Is(peekErr, io.EOF) {
		return nil, fmt.Errorf("read sealed stream: %w", peekErr)
	}
	last := peekErr != nil
	plain, err := o.aead.Open(o.buf[:0], o.nonce(last), o.buf[:n], o.aad)
	if err != nil {
		return nil, ErrTampered
	}
	if last {
		return plain, io.EOF
	}
	return plain, nil
}
