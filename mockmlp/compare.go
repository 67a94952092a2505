package mockmlp

import (
	"bytes"
	"encoding/json"
	"slices"
)

// ByPerson are the dossiers by social security number, as [Comparable] makes them: two runs that did the same for the same people are equal in it.
func (s State) ByPerson() map[string]any {
	out := map[string]any{}
	for _, d := range s.Dossiers {
		ssin, _ := d["ssin"].(string)
		out[ssin] = Comparable(d)
	}
	return out
}

// Comparable copies a part of the state without what differs between runs: versions, instants of registration, the dossier's own id, and the order of
// lists, whose items carry dates of their own. Numbers become float64, as JSON's are.
func Comparable(v any) any {
	text, err := json.Marshal(v)
	var plain any
	if err != nil || json.Unmarshal(text, &plain) != nil {
		return v // no part of a state: that came out of JSON
	}
	return timeless(plain)
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"version", "registeredAt", "dossierId"} {
			delete(v, key)
		}
		for key, value := range v {
			v[key] = timeless(value)
		}
	case []any:
		for i, value := range v {
			v[i] = timeless(value)
		}
		slices.SortFunc(v, func(a, b any) int { return bytes.Compare(text(a), text(b)) })
	}
	return v
}

func text(v any) []byte {
	b, _ := json.Marshal(v) // it came out of JSON
	return b
}
