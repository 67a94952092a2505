package mlp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestDecodeJSONKeys(t *testing.T) {
	many := func(last string) string {
		var b strings.Builder
		for i := range 50 {
			fmt.Fprintf(&b, `"k%d": [], `, i)
		}
		return "{" + b.String() + last + "}"
	}
	for _, c := range []struct{ name, body, want string }{
		{"plain", ` {"a": 1, "b": [true, null, {"a": "}"}], "c": {"a": -1.5e3}} `, ""},
		{"empty ones", `{"a": {}, "b": [ ], "c": ""}`, ""},
		{"scalar", `12`, ""},
		{"quote in a string", `{"a": "\"a\": 1", "b": "\\"}`, ""},
		{"twice", `{"a": 1, "a": 2}`, "twice"},
		{"twice, one spelled out", `{"a": 1, "\u0061": 2}`, "twice"},
		{"twice, deep down", `[{"x": [{"a": [], "a": {}}]}]`, "twice"},
		{"the same in two objects", `[{"a": 1}, {"a": 2}]`, ""},
		{"many", many(`"k50": 1`), ""},
		{"many, the first again", many(`"k0": 1`), "twice"},
		{"many, a late one again", many(`"k49": 1`), "twice"},
		{"deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), ""},
		{"too deep", strings.Repeat("[", 66) + strings.Repeat("]", 66), "deeper"},
		{"two values", `{} {}`, "more than one"},
		{"no JSON", `{"a"}`, "not valid"},
		{"nothing", ``, "not valid"},
	} {
		_, err := DecodeJSON([]byte(c.body))
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzDecodeJSON: whatever the bytes, what is accepted is JSON, and nothing makes the walk leave the text.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, {"b": "\u0041\\"}], "c": null}`, `[[[`, "\"\xff\"", `{"\\": 1, "\"": 2}`, ` 1 `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := DecodeJSON(body); err == nil && !json.Valid(body) {
			t.Errorf("accepted what is no JSON: %q", body)
		}
	})
}
