package judge

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const start = `{"$schema": "https://json-schema.org/draft/2020-12/schema", `

// compile makes a schema; nil where the text is none. Nothing is fetched.
func compile(text string) *jsonschema.Schema {
	return compileWith(text, func(*jsonschema.Compiler) {})
}

func compileWith(text string, how func(*jsonschema.Compiler)) *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	how(c)
	c.LoadURL = func(string) (io.ReadCloser, error) { return nil, fmt.Errorf("nothing is fetched") }
	if c.AddResource("mem:///schema.json", strings.NewReader(text)) != nil {
		return nil
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		return nil
	}
	return s
}

func mustCompile(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	s := compile(text)
	if s == nil {
		t.Fatalf("%s is no schema", text)
	}
	return s
}

// person is a schema with all that is walked.
const person = start + `"type": "object", "required": ["name", "since"], "additionalProperties": false, "properties": {
	"name": {"type": "string", "maxLength": 5}, "since": {"$ref": "#/$defs/day"}, "code": {"enum": ["a", "b"]}, "hours": {"type": "number", "maximum": 38},
	"ready": {"type": "boolean"}, "none": {"type": "null"}, "never": false, "parts": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/$defs/part"}},
	"any": {}, "title": {"type": "string", "pattern": "x", "maxLength": 9}, "twice": {"type": "array", "uniqueItems": true}},
	"$defs": {"day": {"$ref": "#/$defs/date", "title": "a day"}, "date": {"type": "string", "format": "date"},
		"part": {"type": "object", "properties": {"part": {"$ref": "#/$defs/part"}, "id": {"type": "string", "pattern": "^[a-z]+$"}}}}}`

func cases() map[string][]string {
	return map[string][]string{
		person: {
			`{"name": "An", "since": "2026-03-16"}`, `{"name": "Antoon", "since": "2026-03-16"}`, `{"name": "An", "since": "2026-02-30"}`, `{"name": "An"}`,
			`{"name": "An", "since": "2026-03-16", "code": "a", "hours": 38, "ready": true, "none": null, "any": [{}]}`,
			`{"name": "An", "since": "2026-03-16", "code": "c"}`, `{"name": "An", "since": "2026-03-16", "hours": 38.5}`,
			`{"name": "An", "since": "2026-03-16", "ready": "true"}`, `{"name": "An", "since": "2026-03-16", "none": 0}`,
			`{"name": "An", "since": "2026-03-16", "never": 1}`, `{"name": "An", "since": "2026-03-16", "more": 1}`,
			`{"name": "An", "since": "2026-03-16", "parts": []}`, `{"name": "An", "since": "2026-03-16", "parts": [{}, {"part": {"id": "x"}}]}`,
			`{"name": "An", "since": "2026-03-16", "parts": [{}, {"part": {"id": "X"}}]}`, `{"name": "An", "since": "2026-03-16", "parts": [{}, {}, {}]}`,
			`{"name": "An", "since": "2026-03-16", "parts": ["x"]}`, `{"name": "An", "since": "2026-03-16", "parts": {}}`,
			`{"name": "An", "since": "2026-03-16", "twice": [1, 1]}`, `{"name": "An", "since": "2026-03-16", "twice": [1, 2]}`,
			`[]`, `"An"`, `null`, `1`, `true`,
		},
		start + `"type": ["object", "null"], "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}`: {
			`null`, `{"a": 1}`, `{"a": 1.0}`, `{"a": 1.5}`, `{"b": "x"}`, `{"b": 1}`,
		},
		start + `"properties": {"a": true}, "minProperties": 1}`:                                                 {`{}`, `{"a": 1}`, `[]`, `"x"`},
		start + `"properties": {"a": {}}, "dependentRequired": {"a": ["b"]}}`:                                    {`{}`, `{"a": 1}`, `{"a": 1, "b": 1}`},
		start + `"prefixItems": [{"type": "string"}], "items": {"type": "number"}}`:                              {`["x", 1]`, `[1]`, `["x", "x"]`},
		start + `"contains": {"const": 1}, "minContains": 0}`:                                                    {`[]`, `[1]`},
		start + `"if": {"required": ["a"]}, "then": {"required": ["b"]}}`:                                        {`{}`, `{"a": 1}`, `{"a": 1, "b": 1}`},
		start + `"not": {"type": "object"}}`:                                                                     {`{}`, `[]`},
		start + `"const": {"a": 1}}`:                                                                             {`{"a": 1}`, `{}`},
		start + `"$ref": "#/$defs/a", "required": ["x"], "$defs": {"a": {"type": "object"}}}`:                    {`{}`, `{"x": 1}`, `[]`},
		start + `"contentEncoding": "base64", "type": "string"}`:                                                 {`"x"`, `"eA=="`},
		`{"$schema": "http://json-schema.org/draft-04/schema#", "type": "array", "items": [{"type": "string"}]}`: {`[1]`, `["x", 1]`},
		`{"$schema": "http://json-schema.org/draft-04/schema#", "type": "array", "items": {"maximum": 5, "exclusiveMaximum": true}}`: {
			`[4.9]`, `[5]`, `["x"]`, `[5, 4]`,
		},
		start + `"type": "string", "minLength": 2, "maxLength": 3}`:          {`"x"`, `"éé"`, `"ééé"`, `"éééé"`, `null`, `12`, `["xx"]`},
		start + `"minLength": 2}`:                                            {`"x"`, `"xx"`, `1`, `[]`},
		start + `"type": ["string", "null"], "format": "uuid"}`:              {`"1b4e28ba-2fa1-11d2-883f-0016d3cca427"`, `"1b4e28ba"`, `null`, `1`},
		start + `"type": "string", "format": "uuid", "maxLength": 40}`:       {`"1b4e28ba-2fa1-11d2-883f-0016d3cca427"`, `"1b4e28ba"`},
		start + `"type": "string", "format": "unheard-of", "maxLength": 40}`: {`"x"`},
		start + `"type": "string", "pattern": "^[a-z]+$", "maxLength": 2}`:   {`"x"`, `"X"`, `"xxx"`},
		start + `"type": "integer", "maxLength": 3}`:                         {`"x"`, `1`},
		start + `"enum": ["x", "yyyy"], "maxLength": 3}`:                     {`"x"`, `"y"`, `"yyyy"`},
		start + `"unevaluatedProperties": false, "properties": {"a": {}}}`:   {`{"a": 1}`, `{"b": 1}`},
		start + `"propertyNames": {"maxLength": 1}}`:                         {`{"a": 1}`, `{"bb": 1}`},
		start + `"patternProperties": {"^x": {"type": "string"}}}`:           {`{"x": 1}`, `{"x": "y"}`, `{"a": 1}`},
	}
}

// The judge says what the library says: when it is asked first, and when it remembers.
func TestSaysWhatTheLibrarySays(t *testing.T) {
	for text, values := range cases() {
		s := mustCompile(t, text)
		var js Judges
		j := js.Judge(s)
		for range 2 {
			for _, value := range values {
				same(t, s, j, value)
			}
		}
	}
}

func same(t *testing.T, s *jsonschema.Schema, j *Judge, value string) {
	t.Helper()
	for _, v := range decoded(value) {
		if want := s.Validate(v) == nil; j.Accepts(v) != want {
			t.Errorf("accepts %s: %t, the library: %t", value, !want, want)
		}
	}
}

// decoded is a text as both ways of reading numbers give it; nothing when it is no JSON.
func decoded(text string) []any {
	var plain, exact any
	if json.Unmarshal([]byte(text), &plain) != nil {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&exact) != nil {
		return nil
	}
	return []any{plain, exact}
}

func TestObjectsAndListsAreWalked(t *testing.T) {
	var js Judges
	j := js.Judge(mustCompile(t, person))
	parts := j.properties["parts"]
	if !j.walked || !parts.walked || !parts.items.walked || parts.items != parts.items.properties["part"] {
		t.Error("what could be walked is left to the library")
	}
	if j.properties["twice"].walked {
		t.Error("a list whose items must differ is walked")
	}
}

func TestCodesAreRememberedAndWordsAreNot(t *testing.T) {
	var js Judges
	j := js.Judge(mustCompile(t, person))
	for name, remembered := range map[string]bool{"since": true, "code": true, "hours": true, "ready": true, "name": false, "title": false, "any": false} {
		if got := j.properties[name].memory != nil; got != remembered {
			t.Errorf("%s is remembered: %t", name, got)
		}
	}
	day := j.properties["since"]
	for range 2 {
		if !day.Accepts("2026-03-16") || day.Accepts("2026-02-30") {
			t.Error("a day is judged otherwise than it is")
		}
	}
	if len(day.memory.values) != 1 {
		t.Errorf("remembers %v: what is not accepted too", day.memory.values)
	}
	if day.Accepts("2026-03-16" + strings.Repeat(" ", longest)); len(day.memory.values) != 1 {
		t.Error("a long text is remembered")
	}
}

func TestNumbersOfPersonsAreNotRemembered(t *testing.T) {
	s := mustCompile(t, person)
	js := Judges{Personal: func(x *jsonschema.Schema) bool { return x.Format == "date" }}
	j := js.Judge(s)
	if j.properties["since"].memory != nil || j.properties["code"].memory == nil {
		t.Error("what is remembered is not what may be")
	}
	same(t, s, j, `{"name": "An", "since": "2026-03-16"}`)
}

// A format that only describes is not asked, as the library does not ask it; of one that is not the library's own it is asked itself.
func TestFormatsAreTheOnesThatTheLibraryTook(t *testing.T) {
	id := start + `"type": "string", "format": "uuid", "maxLength": 40}`
	var js Judges
	if j := js.Judge(mustCompile(t, id)); !j.texts || j.format == nil || !j.Accepts("1b4e28ba-2fa1-11d2-883f-0016d3cca427") || j.Accepts("x") {
		t.Error("a format of the library's is not judged here")
	}
	described := compileWith(id, func(c *jsonschema.Compiler) { c.AssertFormat = false })
	if j := js.Judge(described); !j.texts || j.format != nil || !j.Accepts("x") {
		t.Error("a format that only describes is asked")
	}
	own := compileWith(id, func(c *jsonschema.Compiler) {
		c.Formats = map[string]func(any) bool{"uuid": func(v any) bool { return v == "x" }}
	})
	if j := js.Judge(own); j.texts || !j.Accepts("x") || j.Accepts("y") {
		t.Error("a format of somebody's own is judged here")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var js Judges
	j := js.Judge(mustCompile(t, start+`"type": "number"}`))
	for n := range 3 * most {
		if !j.Accepts(float64(n)) {
			t.Fatalf("%d is no number", n)
		}
		if len(j.memory.values) > most {
			t.Fatalf("%d values are remembered", len(j.memory.values))
		}
	}
}

func FuzzJudge(f *testing.F) {
	for text, values := range cases() {
		for _, value := range values {
			f.Add(text, value)
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if strings.Contains(text, "dynamic") || strings.Contains(text, "recursive") || strings.Contains(text, `\u`) {
			t.Skip("dynamic references are not for it")
		}
		s := compile(text)
		if s == nil {
			return
		}
		var js Judges
		j := js.Judge(s)
		same(t, s, j, value)
		same(t, s, j, value)
	})
}
