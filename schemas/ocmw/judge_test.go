package ocmw

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// A judge that remembers says of each record what the library says of it by the whole document: of records of all kinds, with values that
// fit, that do not, and that fit another field, and fields that are missing or unknown.
func TestAJudgeSaysWhatTheLibrarySays(t *testing.T) {
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	values := []any{
		"", " ", "a", "Z1", "2026-03-16", "2026-02-30", "regular", "art60", "fullTime", "partTime", "0999999328", "0999.999.328", "nl", "ready", "TWE", "client",
		"none", "05", "tussentijds", "acquired", "finalReport", "59001", "67722499797", "67722499798", "38", true, false, json.Number("38"),
		json.Number("0"), json.Number("40.5"), json.Number("-1"), []any{}, []any{"1", "2"}, []any{"1", "1"}, fmt.Sprint(make([]int, 3000)),
	}
	valid := 0
	for _, kind := range casefile.RecordKinds() {
		k := d.kinds[kind]
		names := append(slices.Collect(maps.Keys(k.order)), "unknown")
		slices.Sort(names)
		// What fits each field, as the library has it, so that records are often valid.
		fits := map[string][]any{}
		for name, property := range k.schema.Properties {
			for _, v := range values {
				if property.Validate(v) == nil {
					fits[name] = append(fits[name], v)
				}
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			fields := map[string]any{}
			for _, name := range names {
				switch n := rapid.IntRange(0, 40).Draw(rt, name); {
				case n == 0:
					fields[name] = rapid.SampledFrom(values).Draw(rt, name+" is")
				case len(fits[name]) > 0 && (n < 20 || n < 40 && slices.Contains(k.schema.Required, name)):
					fields[name] = rapid.SampledFrom(fits[name]).Draw(rt, name+" fits")
				}
			}
			err := k.schema.Validate(fields)
			if k.quick.Accepts(fields) != (err == nil) {
				rt.Fatalf("%s: the judge says otherwise than the library: %v", kind, err)
			}
			if err == nil {
				valid++
			}
		})
	}
	if valid < 100 {
		t.Errorf("%d records were valid", valid)
	}
}
