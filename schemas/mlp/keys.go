package mlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// keyScan walks JSON that is known to be valid, byte by byte, for what json.Unmarshal lets pass: a key that stands twice, and deep nesting. It makes no
// values, since each message is decoded already; the decoder's own tokens cost several times as much as decoding itself.
type keyScan struct {
	text []byte
	at   int
}

func (s *keyScan) value(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	s.space()
	switch s.text[s.at] {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		s.quoted()
	default:
		for s.at < len(s.text) && !ends(s.text[s.at]) {
			s.at++
		}
	}
	return nil
}

func ends(c byte) bool { return c == ',' || c == ']' || c == '}' || c <= ' ' }

func (s *keyScan) space() {
	for s.text[s.at] <= ' ' {
		s.at++
	}
}

// quoted passes a string and returns it, quotes included.
func (s *keyScan) quoted() []byte {
	from := s.at
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.text[from:s.at]
}

// follows passes a comma, or the end mark of an object or list.
func (s *keyScan) follows() bool {
	s.space()
	s.at++
	return s.text[s.at-1] == ','
}

func (s *keyScan) object(depth int) error {
	seen := keySet{}
	s.at++
	if s.space(); s.text[s.at] == '}' {
		s.at++
		return nil
	}
	for more := true; more; more = s.follows() {
		s.space()
		if seen.add(plainKey(s.quoted())) {
			return errTwice
		}
		s.space()
		s.at++ // the colon
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *keyScan) array(depth int) error {
	s.at++
	if s.space(); s.text[s.at] == ']' {
		s.at++
		return nil
	}
	for more := true; more; more = s.follows() {
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// keySet is a set for the few keys of an object, and becomes a map for the many of a hostile one.
type keySet struct {
	few  []string
	many map[string]bool
}

// add says whether the key was there.
func (k *keySet) add(key string) bool {
	if k.many != nil {
		had := k.many[key]
		k.many[key] = true
		return had
	}
	if slices.Contains(k.few, key) {
		return true
	}
	if k.few = append(k.few, key); len(k.few) > 32 {
		k.many = make(map[string]bool, 2*len(k.few))
		for _, f := range k.few {
			k.many[f] = true
		}
	}
	return false
}

// plainKey resolves escapes: two spellings of a key are one key.
func plainKey(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	if err := json.Unmarshal(quoted, &key); err != nil {
		return string(quoted)
	}
	return key
}

var (
	errTooDeep = errors.New("nested deeper than 64 levels")
	errTwice   = errors.New("a property stands twice in an object")
)
