package mlp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/schemas/judge"
)

// direction says on which side of an exchange a schema is used: readOnly properties stand in answers alone, writeOnly ones in requests.
type direction string

const (
	inRequest  direction = "request"
	inResponse direction = "response"
)

// bodySchema is a schema that judges once it is compiled.
type bodySchema struct {
	schema *jsonschema.Schema
	quick  *judge.Judge
}

type parameter struct {
	name, in string
	required bool
	numeric  bool
	schema   *bodySchema
}

type response struct {
	contentTypes []string
	// requiredHeaders are headers that the document calls required.
	requiredHeaders []string
	// body judges JSON; nil where no content type is JSON. Of a page for people nothing is judged but its content type.
	body *bodySchema
}

// compiler turns OpenAPI 3.0 nodes into Draft 4 schemas. The schemas of each direction make one document, whose definitions are the
// components; a schema that stands in an operation is added to it under a name of its own before anything is compiled.
type compiler struct {
	raw         map[string]any
	definitions map[direction]map[string]any
	pending     []pendingSchema
}

type pendingSchema struct {
	name      string
	direction direction
	into      *bodySchema
}

func newCompiler(raw map[string]any) (*compiler, error) {
	c := &compiler{raw: raw, definitions: map[direction]map[string]any{}}
	schemas := obj(obj(raw["components"])["schemas"])
	for _, d := range []direction{inRequest, inResponse} {
		defs := map[string]any{}
		for _, name := range sortedKeys(schemas) {
			node, err := transform(obj(schemas[name]), d, "components/schemas/"+name, schemas)
			if err != nil {
				return nil, err
			}
			defs[name] = node
		}
		c.definitions[d] = defs
	}
	return c, nil
}

func (c *compiler) pathItem(base, template string, item map[string]any) ([]*Operation, error) {
	if u := serverURL(item); u != "" || item["servers"] != nil {
		base = u
	}
	shared, _ := item["parameters"].([]any)
	var ops []*Operation
	for _, method := range sortedKeys(item) {
		switch method {
		case "get", "put", "post", "patch", "delete":
		default:
			continue
		}
		op, err := c.operation(strings.ToUpper(method), base+template, obj(item[method]), shared)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func (c *compiler) operation(method, path string, node map[string]any, shared []any) (*Operation, error) {
	op := &Operation{ID: str(node["operationId"]), Method: method, Path: path, segments: strings.Split(path, "/"), responses: map[int]*response{}}
	op.Secured, op.Scopes = c.security(node)
	own, _ := node["parameters"].([]any)
	for _, p := range append(append([]any{}, shared...), own...) {
		compiled, err := c.parameter(op.ID, c.deref(obj(p)))
		if err != nil {
			return nil, err
		}
		op.parameters = append(op.parameters, compiled)
	}
	if err := c.requestBody(op, c.deref(obj(node["requestBody"]))); err != nil {
		return nil, err
	}
	return op, c.allResponses(op, obj(node["responses"]))
}

func (c *compiler) security(node map[string]any) (bool, []string) {
	list, ok := node["security"].([]any)
	if !ok {
		list, _ = c.raw["security"].([]any)
	}
	if len(list) == 0 {
		return false, nil
	}
	var scopes []string
	names, _ := obj(list[0])["oauth2"].([]any)
	for _, s := range names {
		scopes = append(scopes, str(s))
	}
	return true, scopes
}

func (c *compiler) parameter(opID string, node map[string]any) (parameter, error) {
	p := parameter{name: str(node["name"]), in: str(node["in"])}
	p.required, _ = node["required"].(bool)
	schema := obj(node["schema"])
	body, err := c.compile(opID+".parameter."+p.name, schema, inRequest)
	if err != nil {
		return p, err
	}
	p.schema = body
	t := str(c.deref(schema)["type"])
	p.numeric = t == "integer" || t == "number"
	return p, nil
}

func (c *compiler) requestBody(op *Operation, node map[string]any) error {
	content := obj(node["content"])
	for _, mediaType := range sortedKeys(content) {
		body, err := c.compile(op.ID+".request", obj(obj(content[mediaType])["schema"]), inRequest)
		if err != nil {
			return err
		}
		op.RequestContentType, op.request = mediaType, body
	}
	return nil
}

func (c *compiler) allResponses(op *Operation, nodes map[string]any) error {
	for _, key := range sortedKeys(nodes) {
		status := 0
		if key != "default" {
			n, err := strconv.Atoi(key)
			if err != nil {
				return fmt.Errorf("operation %s: response %q is neither a status nor default", op.ID, key)
			}
			status = n
		}
		r, err := c.response(op.ID+".response."+key, c.deref(obj(nodes[key])))
		if err != nil {
			return err
		}
		op.responses[status] = r
		op.Statuses = append(op.Statuses, status)
	}
	sort.Ints(op.Statuses)
	return nil
}

func (c *compiler) response(name string, node map[string]any) (*response, error) {
	r := &response{}
	headers := obj(node["headers"])
	for _, h := range sortedKeys(headers) {
		if required, _ := c.deref(obj(headers[h]))["required"].(bool); required {
			r.requiredHeaders = append(r.requiredHeaders, h)
		}
	}
	content := obj(node["content"])
	for _, mediaType := range sortedKeys(content) {
		r.contentTypes = append(r.contentTypes, mediaType)
		if !isJSON(mediaType) {
			continue
		}
		body, err := c.compile(name, obj(obj(content[mediaType])["schema"]), inResponse)
		if err != nil {
			return nil, err
		}
		r.body = body
	}
	return r, nil
}

// isJSON tells JSON and what is built on it (RFC 6839) from other content.
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// deref follows one reference into the components; a node without one is itself.
func (c *compiler) deref(node map[string]any) map[string]any {
	ref := str(node["$ref"])
	if ref == "" {
		return node
	}
	cur := c.raw
	for _, key := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		cur = obj(cur[key])
	}
	return cur
}

// compile registers a schema; it can judge once [compiler.finish] has run.
func (c *compiler) compile(name string, node map[string]any, d direction) (*bodySchema, error) {
	if node == nil {
		return nil, fmt.Errorf("%s: no schema", name)
	}
	schema, err := transform(node, d, name, obj(obj(c.raw["components"])["schemas"]))
	if err != nil {
		return nil, err
	}
	b := &bodySchema{}
	c.definitions[d][name] = schema
	c.pending = append(c.pending, pendingSchema{name: name, direction: d, into: b})
	return b, nil
}

// finish compiles what was registered: one Draft 4 document a direction, as each document costs a pass of the meta-schema.
func (c *compiler) finish() error {
	for _, d := range []direction{inRequest, inResponse} {
		text, err := json.Marshal(map[string]any{"definitions": c.definitions[d]})
		if err != nil {
			return fmt.Errorf("encode schemas: %w", err)
		}
		jc := jsonschema.NewCompiler()
		jc.Draft = jsonschema.Draft4
		jc.LoadURL = func(string) (io.ReadCloser, error) {
			return nil, fmt.Errorf("the document refers to something outside itself")
		}
		seen := map[*jsonschema.Schema]bool{}
		location := "mlp:///" + string(d)
		if err := jc.AddResource(location, bytes.NewReader(text)); err != nil {
			return fmt.Errorf("add schemas: %w", err)
		}
		for _, p := range c.pending {
			if p.direction != d {
				continue
			}
			schema, err := jc.Compile(location + "#/definitions/" + p.name)
			if err != nil {
				return fmt.Errorf("compile schema %s: %w", p.name, err)
			}
			p.into.schema = direct(schema, seen)
		}
	}
	judges := judge.Judges{Personal: isOfOne} // when all references are out
	for _, p := range c.pending {
		p.into.quick = judges.Judge(p.into.schema)
	}
	c.pending = nil
	return nil
}

// isOfOne tells schemas of what names one person, dossier, registration or request: it is kept nowhere that it need not be, and does not
// come again and again as codes do.
func isOfOne(s *jsonschema.Schema) bool {
	if s.Format == "uuid" {
		return true
	}
	for _, name := range [...]string{"/Ssin", "/DossierId", ".parameter.BelGov-Trace-Id", ".parameter.Idempotency-Key"} {
		if strings.HasSuffix(s.Location, name) {
			return true
		}
	}
	return false
}

// direct takes the references out of a compiled schema: each one costs a judgement of its own, with a map of all
// properties. In Draft 4 a schema with a reference has nothing else. seen holds the schemas that are done: they can
// refer to one another in a circle.
func direct(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) *jsonschema.Schema {
	for s.Ref != nil {
		s = s.Ref
	}
	if seen[s] {
		return s
	}
	seen[s] = true
	for name, property := range s.Properties {
		s.Properties[name] = direct(property, seen)
	}
	if items, ok := s.Items.(*jsonschema.Schema); ok {
		s.Items = direct(items, seen)
	}
	if rest, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		s.AdditionalProperties = direct(rest, seen)
	}
	return s
}

// known are the keywords that the document may use: the validator would ignore any other silently. Composition (allOf, oneOf, anyOf) is left out on
// purpose: unknown properties can't be told apart in it, and generated clients differ about it.
var known = map[string]bool{
	"$ref": true, "type": true, "format": true, "enum": true, "nullable": true, "readOnly": true, "writeOnly": true,
	"description": true, "title": true, "example": true, "default": true, "deprecated": true,
	"properties": true, "required": true, "additionalProperties": true, "minProperties": true, "maxProperties": true,
	"items": true, "minItems": true, "maxItems": true, "uniqueItems": true,
	"minLength": true, "maxLength": true, "pattern": true,
	"minimum": true, "maximum": true, "exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true,
}

// transform makes a Draft 4 schema of an OpenAPI 3.0 one: references point at definitions, nullable becomes a type, properties of the other
// direction go, and what only documents goes.
func transform(node map[string]any, d direction, at string, schemas map[string]any) (map[string]any, error) {
	if ref := str(node["$ref"]); ref != "" {
		name, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if _, exists := schemas[name]; !ok || !exists {
			return nil, fmt.Errorf("%s: reference %q leads nowhere", at, ref)
		}
		return map[string]any{"$ref": "#/definitions/" + name}, nil
	}
	out := map[string]any{}
	for _, key := range sortedKeys(node) {
		if !known[key] {
			return nil, fmt.Errorf("%s: keyword %q is not supported", at, key)
		}
		switch key {
		case "description", "title", "example", "default", "deprecated", "nullable", "readOnly", "writeOnly":
		case "properties", "required":
		case "items":
			items, err := transform(obj(node[key]), d, at+"/items", schemas)
			if err != nil {
				return nil, err
			}
			out[key] = items
		default:
			out[key] = node[key]
		}
	}
	if err := checkFormat(node, at); err != nil {
		return nil, err
	}
	spellOutBase64(node, out)
	makeNullable(node, out)
	return out, transformProperties(node, out, d, at, schemas)
}

// checkFormat refuses a format that the validator doesn't know, and would accept everything for.
func checkFormat(node map[string]any, at string) error {
	format := str(node["format"])
	if _, ok := jsonschema.Formats[format]; format != "" && format != formatBase64 && !ok {
		return fmt.Errorf("%s: format %q is not known", at, format)
	}
	return nil
}

// formatBase64 is OpenAPI's name of base64 text.
const formatBase64 = "byte"

// spellOutBase64 puts a pattern in the place of a format that the validator doesn't know.
func spellOutBase64(node, out map[string]any) {
	if str(node["format"]) == formatBase64 {
		delete(out, "format")
		out["pattern"] = "^[A-Za-z0-9+/]+={0,2}$"
	}
}

func makeNullable(node, out map[string]any) {
	if nullable, _ := node["nullable"].(bool); !nullable {
		return
	}
	out["type"] = []any{node["type"], "null"}
	if enum, ok := node["enum"].([]any); ok {
		out["enum"] = append(append([]any{}, enum...), nil)
	}
}

func transformProperties(node, out map[string]any, d direction, at string, schemas map[string]any) error {
	properties, ok := node["properties"].(map[string]any)
	if !ok {
		return nil
	}
	kept := map[string]any{}
	for _, name := range sortedKeys(properties) {
		p := obj(properties[name])
		if hidden(p, d, schemas) {
			continue
		}
		sub, err := transform(p, d, at+"/"+name, schemas)
		if err != nil {
			return err
		}
		kept[name] = sub
	}
	out["properties"] = kept
	var required []any
	list, _ := node["required"].([]any)
	for _, r := range list {
		if _, declared := properties[str(r)]; !declared {
			return fmt.Errorf("%s: required property %q is not declared", at, str(r))
		}
		if _, ok := kept[str(r)]; ok {
			required = append(required, r)
		}
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return nil
}

// hidden looks through a reference, so that a shared schema can be readOnly.
func hidden(p map[string]any, d direction, schemas map[string]any) bool {
	if name, ok := strings.CutPrefix(str(p["$ref"]), "#/components/schemas/"); ok {
		p = obj(schemas[name])
	}
	flag := "readOnly"
	if d == inResponse {
		flag = "writeOnly"
	}
	v, _ := p[flag].(bool)
	return v
}
