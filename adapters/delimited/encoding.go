package delimited

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/mlpsync/mlpsync/adapters"
)

type encoding int

const (
	encodingUTF8 encoding = iota
	encodingWindows1252
	encodingUTF16LE
	encodingUTF16BE
)

func (e encoding) String() string {
	return [...]string{"utf-8", "windows-1252", "utf-16le", "utf-16be"}[e]
}

func (e encoding) wide() bool { return e == encodingUTF16LE || e == encodingUTF16BE }

const bomUTF8 = "\xef\xbb\xbf"

// byMark reads a byte order mark: unambiguous, so it overrules the profile.
func byMark(head []byte) (encoding, bool) {
	switch {
	case bytes.HasPrefix(head, []byte(bomUTF8)):
		return encodingUTF8, true
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return encodingUTF16LE, true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return encodingUTF16BE, true
	}
	return 0, false
}

// byZeros recognizes UTF-16 without a mark: Latin text has a zero in every other
// byte, and hardly one in the others.
func byZeros(head []byte) (encoding, bool) {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half < 2:
		return 0, false
	case zeros[1]*10 > half*7 && zeros[0]*20 < half:
		return encodingUTF16LE, true
	case zeros[0]*10 > half*7 && zeros[1]*20 < half:
		return encodingUTF16BE, true
	}
	return 0, false
}

// body is a file as bytes in which ASCII stands for itself.
type body struct {
	io.Reader
	io.Closer
}

// open starts on a file: UTF-16 comes out as UTF-8 (a broken unit as U+FFFD),
// everything else as it is; a byte order mark is left out.
func open(in adapters.Input, e encoding) (*body, error) {
	raw, err := in.Open()
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	var r io.Reader = raw
	if e.wide() {
		endian := unicode.LittleEndian
		if e == encodingUTF16BE {
			endian = unicode.BigEndian
		}
		r = transform.NewReader(raw, unicode.UTF16(endian, unicode.IgnoreBOM).NewDecoder())
	}
	br := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := br.Peek(len(bomUTF8)); string(mark) == bomUTF8 {
		_, _ = br.Discard(len(bomUTF8))
	}
	return &body{Reader: br, Closer: raw}, nil
}

// decode makes text of a cell; what is no character becomes U+FFFD.
func (e encoding) decode(cell []byte) string {
	if e != encodingWindows1252 {
		return strings.ToValidUTF8(string(cell), string(utf8.RuneError))
	}
	plain := true
	for _, b := range cell {
		plain = plain && b < utf8.RuneSelf
	}
	if plain {
		return string(cell)
	}
	var text strings.Builder
	for _, b := range cell {
		text.WriteRune(rune1252(b))
	}
	return text.String()
}

// rune1252 gives U+FFFD for the five bytes that Windows-1252 leaves undefined.
func rune1252(b byte) rune {
	switch b {
	case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
		return utf8.RuneError
	}
	return charmap.Windows1252.DecodeByte(b)
}
