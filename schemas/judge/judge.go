// Package judge asks the JSON Schema library whether values meet a schema, and spares it what it has said before.
//
// The library writes down at each step where it is, so that it can say what is wrong: most values are right, and most codes, days and
// numbers of an export come again and again. So objects and lists are walked here, as far as their schemas say nothing but what that
// walk knows, and every single value is judged by the library, once as long as it is remembered. What is not accepted is judged by the
// library as a whole, which alone says why.
package judge

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const (
	// most is how many values of one schema are remembered; then it begins anew.
	most = 1024
	// longest is the length in bytes of the longest text that is remembered.
	longest = 40
	// references is how many are followed in a row: they can lead in a circle.
	references = 8
)

// Judge holds values against one schema. It is safe for concurrent use.
type Judge struct {
	schema *jsonschema.Schema
	// walked tells that the schema says nothing of objects and lists but what walk knows.
	walked     bool
	properties map[string]*Judge
	items      *Judge
	memory     *memory // nil: nothing is remembered
	// texts tells that the schema says nothing of text but what text knows, and format is what it must look like; nil for anything.
	texts  bool
	format func(any) bool
}

// Judges are the judges of schemas that refer to one another, perhaps in a circle: there is one of each. The zero value has none.
type Judges struct {
	// Personal tells schemas of what is one person's, such as a number of persons, which is not remembered; nil where there are none.
	Personal func(*jsonschema.Schema) bool
	made     map[*jsonschema.Schema]*Judge
}

// Accepts tells whether a value, as encoding/json decodes it or with json.Number, meets the schema: what the library's Validate tells by
// the lack of an error.
func (j *Judge) Accepts(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if j.walked {
			return j.object(v)
		}
	case []any:
		if j.walked {
			return j.list(v)
		}
	case string:
		if j.memory != nil && len(v) <= longest {
			return j.remembered(v)
		}
		if j.texts {
			return j.text(v)
		}
	case json.Number:
		if j.memory != nil && len(v) <= longest {
			return j.remembered(v)
		}
	case float64, bool:
		if j.memory != nil {
			return j.remembered(v)
		}
	}
	return j.schema.Validate(v) == nil
}

func (j *Judge) object(v map[string]any) bool {
	if !allows(j.schema.Types, "object") {
		return false
	}
	for _, name := range j.schema.Required {
		if _, given := v[name]; !given {
			return false
		}
	}
	for name, value := range v {
		property := j.properties[name]
		switch {
		case property != nil:
			if !property.Accepts(value) {
				return false
			}
		case j.schema.AdditionalProperties == false:
			return false
		}
	}
	return true
}

func (j *Judge) list(v []any) bool {
	s := j.schema
	if !allows(s.Types, "array") || s.MinItems >= 0 && len(v) < s.MinItems || s.MaxItems >= 0 && len(v) > s.MaxItems {
		return false
	}
	if j.items != nil {
		for _, item := range v {
			if !j.items.Accepts(item) {
				return false
			}
		}
	}
	return true
}

func (j *Judge) text(v string) bool {
	s := j.schema
	if !allows(s.Types, "string") || s.Pattern != nil && !s.Pattern.MatchString(v) || j.format != nil && !j.format(v) {
		return false
	}
	if s.MinLength < 0 && s.MaxLength < 0 {
		return true
	}
	n := utf8.RuneCountInString(v)
	return n >= s.MinLength && (s.MaxLength < 0 || n <= s.MaxLength)
}

func allows(types []string, t string) bool { return len(types) == 0 || slices.Contains(types, t) }

// remembered asks the library about a value that it was not asked about lately.
func (j *Judge) remembered(v any) bool {
	if j.memory.has(v) {
		return true
	}
	if j.schema.Validate(v) != nil {
		return false
	}
	j.memory.add(v)
	return true
}

// memory holds values that were accepted.
type memory struct {
	mu     sync.RWMutex
	values map[any]struct{}
}

func (m *memory) has(v any) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, has := m.values[v]
	return has
}

func (m *memory) add(v any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.values) >= most {
		clear(m.values)
	}
	m.values[apart(v)] = struct{}{}
}

// apart is a value of its own: one of a row would hold on to the text of the row.
func apart(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case json.Number:
		return json.Number(strings.Clone(string(v)))
	}
	return v
}

// Judge makes the judge of a compiled schema, which must not be changed afterwards, and may not refer to another dynamically
// ($dynamicRef, $recursiveRef): what such a reference means depends on where it is met.
func (js *Judges) Judge(s *jsonschema.Schema) *Judge {
	for range references {
		if s.Ref != nil && says(s, "Ref") {
			s = s.Ref
		}
	}
	if j := js.made[s]; j != nil {
		return j
	}
	j := &Judge{schema: s}
	if js.made == nil {
		js.made = map[*jsonschema.Schema]*Judge{}
	}
	js.made[s] = j
	if ofCodes(s) && (js.Personal == nil || !js.Personal(s)) {
		j.memory = &memory{values: map[any]struct{}{}}
	}
	if says(s, "Types", "MinLength", "MaxLength", "Pattern", "Format") {
		j.format, j.texts = formatOf(s)
	}
	j.walked = says(s, "Types", "Required", "Properties", "AdditionalProperties", "Items", "Items2020", "MinItems", "MaxItems")
	if items, ok := itemsOf(s); !ok {
		j.walked = false
	} else if j.walked && items != nil {
		j.items = js.Judge(items)
	}
	if _, more := s.AdditionalProperties.(*jsonschema.Schema); more {
		j.walked = false
	}
	if j.walked {
		j.properties = make(map[string]*Judge, len(s.Properties))
		for name, property := range s.Properties {
			j.properties[name] = js.Judge(property)
		}
	}
	return j
}

// formatOf is the library's own function for a schema's format; nil where the schema has none, or a format only describes. The library does
// not tell which of them it took: known is false where that can't be seen.
func formatOf(s *jsonschema.Schema) (format func(any) bool, known bool) {
	taken := reflect.ValueOf(s).Elem().FieldByName("format")
	if taken.Kind() != reflect.Func {
		return nil, false
	}
	if taken.IsNil() {
		return nil, true
	}
	format = jsonschema.Formats[s.Format]
	return format, format != nil && reflect.ValueOf(format).Pointer() == taken.Pointer()
}

// itemsOf is the schema of each item of a list, in whichever draft; ok is false where it is not one for all.
func itemsOf(s *jsonschema.Schema) (items *jsonschema.Schema, ok bool) {
	if s.Items == nil {
		return s.Items2020, true
	}
	items, ok = s.Items.(*jsonschema.Schema)
	return items, ok && s.Items2020 == nil
}

// ofCodes tells that values of the schema are codes, days, numbers or yes and no, which come again: it says what they look like. Text of people's
// own has a length.
func ofCodes(s *jsonschema.Schema) bool {
	switch {
	case s.MaxLength >= 0:
		return false
	case s.Format != "", s.Pattern != nil, len(s.Enum) > 0, len(s.Extensions) > 0:
		return true
	}
	return slices.ContainsFunc(s.Types, func(t string) bool { return t == "number" || t == "integer" || t == "boolean" })
}

// says tells that a schema has no keywords but those: fields of jsonschema.Schema. What only describes does not count.
func says(s *jsonschema.Schema, fields ...string) bool {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() || describes(name) || slices.Contains(fields, name) {
			continue
		}
		if !silent(name, v.Field(i)) {
			return false
		}
	}
	return true
}

// describes tells fields that judge nothing.
func describes(field string) bool {
	switch field {
	case "Location", "Draft", "Title", "Description", "Default", "Comment", "ReadOnly", "WriteOnly", "Examples", "Deprecated", "DynamicAnchor",
		"RecursiveAnchor", "ContainsEval":
		return true
	}
	return false
}

// silent tells that a field stands as the library leaves it where the schema does not have the keyword.
func silent(field string, v reflect.Value) bool {
	switch field {
	case "MinProperties", "MaxProperties", "MinItems", "MaxItems", "MaxContains", "MinLength", "MaxLength":
		return v.Int() == -1
	case "MinContains":
		return v.Int() == 1
	}
	return v.IsZero() || (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
}
