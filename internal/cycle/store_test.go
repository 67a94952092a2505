package cycle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/adapters"
)

// The hashes lie in ledgers: with others all that is in force would count as changed. They were made with encoding/json.
func TestContentHashesStay(t *testing.T) {
	for want, raw := range map[string]adapters.Record{
		"85f92bc5063f86c7b50d8a30c35cdacb399b3acd80def14e4a702f98aef4e85a": {},
		"dee34c6f7fc5b003ddab974598d209957a37ef36b36576f6225fedd87a3afa69": {
			Kind: "employment", Key: []string{"K1", "2026-03-16", ""}, Deleted: true, Prov: adapters.Provenance{File: "a.csv", Row: 7},
			Fields: map[string]any{
				"start": "2026-03-16", "hoursPerWeek": json.Number("19.50"), "socialEconomy": true, "remark": "Zoë <vrij> & \"open\"\u2028",
				"grounds": []any{"1", "é"}, "none": []any{}, "share": 0.5, "nothing": nil,
			},
		},
	} {
		var s recordStore
		if got, err := s.hash(raw); err != nil || got != want {
			t.Errorf("hash %s, error %v, want %s", got, err, want)
		}
	}
}

func TestContentIsHashedAsEncodingJSONWritesIt(t *testing.T) {
	var s recordStore // the one of all rows of a file
	rapid.Check(t, func(t *rapid.T) {
		raw := adapters.Record{
			Kind: rapid.String().Draw(t, "kind"), Key: rapid.SliceOf(rapid.String()).Draw(t, "key"), Deleted: rapid.Bool().Draw(t, "deleted"),
			Fields: rapid.MapOf(rapid.String(), rapid.Custom(drawValue)).Draw(t, "fields"),
		}
		if rapid.Bool().Draw(t, "bare") {
			raw.Key, raw.Fields = nil, nil
		}
		content, refused := json.Marshal([]any{raw.Kind, raw.Key, raw.Deleted, raw.Fields})
		sum := sha256.Sum256(content)
		got, err := s.hash(raw)
		if (err == nil) != (refused == nil) {
			t.Fatalf("error %v, of encoding/json %v", err, refused)
		}
		if err == nil && got != hex.EncodeToString(sum[:]) {
			t.Fatalf("hashed %s, want %s", s.content, content)
		}
	})
}

func drawValue(t *rapid.T) any {
	return rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]string{"\xff", "<", "\u2029", "a\\b", "\x01"}), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]string{"38", "38.50", "", "x"}), func(n string) any { return json.Number(n) }),
		rapid.Map(rapid.SliceOf(rapid.String()), func(texts []string) any { return texts }),
		rapid.SampledFrom([]any{nil, math.NaN(), []any{"1", "2"}, []any{}, 7}),
	).Draw(t, "value")
}
