package mlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// KeywordUnknown is the keyword of a violation by a property or query parameter that the document doesn't have.
const KeywordUnknown = "unknown"

// KeywordRequired is the keyword of a violation by something that is missing.
const KeywordRequired = "required"

// Violation is one way in which a message differs from the document. It never holds a value of the message.
type Violation struct {
	// In is body, header, path or query.
	In string
	// Name is a JSON pointer for a body (empty for the whole of it), else the parameter's name.
	Name string
	// Keyword is the schema's keyword that failed, or [KeywordUnknown], or "json" for what is no JSON.
	Keyword string
	// Message says what was expected, in English.
	Message string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s %s: %s: %s", v.In, v.Name, v.Keyword, v.Message)
}

// DecodeJSON reads exactly one JSON value. A key that stands twice in an object is refused, as the two sides could pick different ones. Numbers are
// float64: the document has none that needs more.
func DecodeJSON(body []byte) (any, error) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, notOneValue(body)
	}
	scan := keyScan{text: body}
	if err := scan.value(0); err != nil {
		return nil, err
	}
	return v, nil
}

// notOneValue says what is wrong with a text that is not exactly one value. The library's text quotes the input.
func notOneValue(body []byte) error {
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(new(any)); err != nil {
		return errors.New("not valid JSON")
	}
	return errors.New("more than one JSON value")
}

// maxDepth bounds nesting; the document needs five levels.
const maxDepth = 64

// ValidateRequest judges a request against the document: path parameters as [API.Match] gave them, the query, the headers, and the body as
// [DecodeJSON] (or a form turned into an object) gave it. A body of an operation that takes none is not looked at. Unknown properties and query
// parameters are violations, unknown headers are not. The order is stable.
func (o *Operation) ValidateRequest(path map[string]string, query url.Values, header http.Header, body any) []Violation {
	var vs []Violation
	for _, p := range o.parameters {
		switch p.in {
		case "path":
			vs = append(vs, p.judge([]string{path[p.name]})...)
		case "header":
			vs = append(vs, p.judge(header.Values(p.name))...)
		case "query":
			vs = append(vs, p.judge(query[p.name])...)
		}
	}
	for _, name := range sortedKeys(query) {
		if !slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.in == "query" && p.name == name }) {
			vs = append(vs, Violation{In: "query", Name: mask(name), Keyword: KeywordUnknown, Message: "no such parameter"})
		}
	}
	if o.request != nil {
		vs = append(vs, o.request.judge("body", body)...)
		vs = append(vs, o.request.unknown(body)...)
	}
	return vs
}

// ValidateResponse judges an answer as a client should: properties that the document doesn't have are fine. header gives the content type; nil skips
// everything about headers.
func (o *Operation) ValidateResponse(status int, header http.Header, body []byte) []Violation {
	return o.validateResponse(status, header, body, false)
}

// ValidateResponseStrict is [Operation.ValidateResponse] for who makes the answer: unknown properties are violations too.
func (o *Operation) ValidateResponseStrict(status int, header http.Header, body []byte) []Violation {
	return o.validateResponse(status, header, body, true)
}

func (o *Operation) validateResponse(status int, header http.Header, body []byte, strict bool) []Violation {
	listed, ok := o.ResponseStatus(status)
	if !ok {
		return []Violation{{In: "body", Keyword: "status", Message: "the document doesn't list this status"}}
	}
	r := o.responses[listed]
	var vs []Violation
	if header != nil {
		vs = append(vs, r.judgeHeaders(header)...)
	}
	if r.body == nil || r.isPage(header) {
		return vs
	}
	v, err := DecodeJSON(body)
	if err != nil {
		return append(vs, Violation{In: "body", Keyword: "json", Message: err.Error()})
	}
	vs = append(vs, r.body.judge("body", v)...)
	if strict {
		vs = append(vs, r.body.unknown(v)...)
	}
	return vs
}

// isPage tells that the answer came in one of the document's content types that is no JSON.
func (r *response) isPage(header http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && !isJSON(mediaType) && slices.Contains(r.contentTypes, mediaType)
}

func (r *response) judgeHeaders(header http.Header) []Violation {
	var vs []Violation
	for _, name := range r.requiredHeaders {
		if header.Get(name) == "" {
			vs = append(vs, Violation{In: "header", Name: name, Keyword: KeywordRequired, Message: "missing"})
		}
	}
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if len(r.contentTypes) > 0 && (err != nil || !slices.Contains(r.contentTypes, mediaType)) {
		vs = append(vs, Violation{In: "header", Name: "Content-Type", Keyword: "contentType", Message: "expected " + strings.Join(r.contentTypes, " or ")})
	}
	return vs
}

func (p parameter) judge(values []string) []Violation {
	switch {
	case len(values) == 0 && p.required:
		return []Violation{{In: p.in, Name: p.name, Keyword: KeywordRequired, Message: "missing"}}
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return []Violation{{In: p.in, Name: p.name, Keyword: "maxItems", Message: "given more than once"}}
	}
	var v any = values[0]
	if p.numeric {
		n, err := strconv.ParseFloat(values[0], 64)
		// Go reads more as a number than JSON does: +5, 05, Inf, and NaN, which no schema can judge.
		if err != nil || !json.Valid([]byte(values[0])) {
			return []Violation{{In: p.in, Name: p.name, Keyword: "type", Message: "expected a number"}}
		}
		v = n
	}
	vs := p.schema.judge(p.in, v)
	for i := range vs {
		vs[i].Name = p.name
	}
	return vs
}

func (b *bodySchema) judge(in string, v any) []Violation {
	if b.quick.Accepts(v) {
		return nil
	}
	err := b.schema.Validate(v)
	if err == nil {
		return nil
	}
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return []Violation{{In: in, Keyword: "json", Message: "can't be judged"}}
	}
	var vs []Violation
	for _, leaf := range leaves(ve, nil) {
		keyword := leaf.KeywordLocation[strings.LastIndexByte(leaf.KeywordLocation, '/')+1:]
		vs = append(vs, Violation{In: in, Name: leaf.InstanceLocation, Keyword: keyword, Message: message(keyword, leaf.Message)})
	}
	// The validator ranges over maps.
	sort.Slice(vs, func(i, j int) bool {
		if vs[i].Name != vs[j].Name {
			return vs[i].Name < vs[j].Name
		}
		return vs[i].Keyword < vs[j].Keyword
	})
	return vs
}

func leaves(ve *jsonschema.ValidationError, into []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(ve.Causes) == 0 {
		return append(into, ve)
	}
	for _, c := range ve.Causes {
		into = leaves(c, into)
	}
	return into
}

// message keeps the validator's text only for keywords whose text can't hold the value.
func message(keyword, text string) string {
	switch keyword {
	case "type", "enum", "required", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "pattern":
		return text
	case "format":
		if i := strings.LastIndex(text, " is not valid "); i >= 0 {
			return "not a valid " + strings.Trim(text[i+len(" is not valid "):], "'")
		}
		return "not in the right format"
	case "minimum", "exclusiveMinimum":
		return "too small"
	case "maximum", "exclusiveMaximum":
		return "too large"
	case "uniqueItems":
		return "an item stands twice"
	default:
		return "not allowed"
	}
}

// unknown finds properties that the schema doesn't declare. It stands beside the validator, and not in additionalProperties, so that one compiled schema
// serves the strict side and the lenient one, and the property can be named by its pointer.
func (b *bodySchema) unknown(v any) []Violation {
	if declares(b.schema, v) {
		return nil
	}
	return unknownIn(b.schema, v, "")
}

// declares says whether there is nothing unknown: most messages have none, and this needs no pointer and no order.
func declares(s *jsonschema.Schema, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if open(s) {
			return true
		}
		for name, value := range v {
			if sub, known := s.Properties[name]; !known || !declares(sub, value) {
				return false
			}
		}
	case []any:
		if items, ok := s.Items.(*jsonschema.Schema); ok {
			for _, item := range v {
				if !declares(items, item) {
					return false
				}
			}
		}
	}
	return true
}

// open tells that an object may have properties of any name.
func open(s *jsonschema.Schema) bool {
	more, _ := s.AdditionalProperties.(bool)
	return more || s.Properties == nil
}

func unknownIn(s *jsonschema.Schema, v any, at string) []Violation {
	var vs []Violation
	switch v := v.(type) {
	case map[string]any:
		if open(s) {
			return nil
		}
		for _, name := range sortedKeys(v) {
			sub, known := s.Properties[name]
			if !known {
				vs = append(vs, Violation{In: "body", Name: at + "/" + escape(mask(name)), Keyword: KeywordUnknown, Message: "no such property"})
				continue
			}
			vs = append(vs, unknownIn(sub, v[name], at+"/"+escape(name))...)
		}
	case []any:
		if items, ok := s.Items.(*jsonschema.Schema); ok {
			for i, item := range v {
				vs = append(vs, unknownIn(items, item, at+"/"+strconv.Itoa(i))...)
			}
		}
	}
	return vs
}

// escape makes one reference token of a JSON pointer (RFC 6901).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// mask keeps a name that someone else chose from carrying data: what is no plain identifier is not repeated.
func mask(name string) string {
	if name == "" || len(name) > 64 {
		return "?"
	}
	digits := 0
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-':
		default:
			return "?"
		}
	}
	if digits > 3 {
		return "?"
	}
	return name
}
