package mockmlp

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// node is an object of the document, in the order in which it was written.
type node = yaml.MapSlice

func get(n any, path ...string) any {
	for _, key := range path {
		object, _ := n.(node)
		n = nil
		for _, item := range object {
			if fmt.Sprint(item.Key) == key {
				n = item.Value
			}
		}
	}
	return n
}

func nodeAt(n any, path ...string) node { o, _ := get(n, path...).(node); return o }

func textAt(n any, path ...string) string {
	v := get(n, path...)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func listAt(n any, path ...string) []any { l, _ := get(n, path...).([]any); return l }

// document is the documentation's page.
type document struct {
	Title, Version, Description string
	Operations                  []docOperation
	Schemas                     []docSchema
	Security                    []docRow
}

// docOperation is one operation, with everything resolved that a reader needs on the spot.
type docOperation struct {
	ID, Method, Path, Summary, Description, Security string
	Parameters                                       []docRow
	Body                                             *docBody
	Answers                                          []docAnswer
}

// docRow is a parameter, a header or a property.
type docRow struct {
	Name, Type, Ref, Where, Description string
	Required                            bool
	Depth                               int
}

// Indent is the class of a property's depth.
func (r docRow) Indent() string { return fmt.Sprintf("d%d", min(r.Depth, 6)) }

type docBody struct {
	MediaType, Ref string
	Rows           []docRow
	Example        string
}

type docAnswer struct {
	Status, Description string
	Headers             []string
	Body                *docBody
	Problem             bool
}

type docSchema struct {
	Name, Type, Description, Example string
	Rows                             []docRow
}

// reader reads the document and follows its references.
type reader struct{ root node }

func newDocument(root node) document {
	r := reader{root}
	d := document{
		Title: textAt(root, "info", "title"), Version: textAt(root, "info", "version"), Description: textAt(root, "info", "description"),
	}
	for _, path := range nodeAt(root, "paths") {
		d.Operations = append(d.Operations, r.operations(fmt.Sprint(path.Key), path.Value)...)
	}
	for _, s := range nodeAt(root, "components", "schemas") {
		d.Schemas = append(d.Schemas, docSchema{
			Name: fmt.Sprint(s.Key), Type: r.typeOf(s.Value), Description: textAt(s.Value, "description"), Example: example(s.Value),
			Rows: r.properties(s.Value, 0, false),
		})
	}
	for _, s := range nodeAt(root, "components", "securitySchemes") {
		d.Security = append(d.Security, docRow{Name: fmt.Sprint(s.Key), Type: textAt(s.Value, "type"), Description: textAt(s.Value, "description")})
	}
	return d
}

// follow gives what a reference points at, and the last part of its name.
func (r reader) follow(n any) (any, string) {
	ref := textAt(n, "$ref")
	if ref == "" {
		return n, ""
	}
	return get(r.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), refName(ref)
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (r reader) operations(path string, item any) []docOperation {
	base := strings.TrimSuffix(textAt(firstOf(listAt(r.root, "servers")), "url"), "/")
	if own := listAt(item, "servers"); own != nil {
		base = strings.TrimSuffix(textAt(firstOf(own), "url"), "/")
	}
	var out []docOperation
	for _, entry := range nodeAt(item) {
		method := fmt.Sprint(entry.Key)
		if textAt(entry.Value, "operationId") == "" {
			continue
		}
		op := docOperation{
			ID: textAt(entry.Value, "operationId"), Method: strings.ToUpper(method), Path: base + path, Summary: textAt(entry.Value, "summary"),
			Description: textAt(entry.Value, "description"), Security: r.security(entry.Value),
		}
		for _, p := range append(append([]any{}, listAt(item, "parameters")...), listAt(entry.Value, "parameters")...) {
			op.Parameters = append(op.Parameters, r.parameter(p))
		}
		body, _ := r.follow(get(entry.Value, "requestBody"))
		op.Body = r.body(nodeAt(body, "content"), true)
		for _, a := range nodeAt(entry.Value, "responses") {
			op.Answers = append(op.Answers, r.answer(fmt.Sprint(a.Key), a.Value))
		}
		out = append(out, op)
	}
	return out
}

func firstOf(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (r reader) security(op any) string {
	list := listAt(op, "security")
	if get(op, "security") == nil {
		list = listAt(r.root, "security")
	}
	var parts []string
	for _, scheme := range nodeListItem(list) {
		part := fmt.Sprint(scheme.Key)
		if scopes, _ := scheme.Value.([]any); len(scopes) > 0 {
			part += fmt.Sprint(" ", scopes)
		}
		parts = append(parts, part)
	}
	if parts == nil {
		return "none: no token, no client id"
	}
	return strings.Join(parts, " and ")
}

func nodeListItem(list []any) node { n, _ := firstOf(list).(node); return n }

func (r reader) parameter(p any) docRow {
	p, _ = r.follow(p)
	row := r.row(textAt(p, "name"), get(p, "schema"), 0)
	row.Where, row.Required = textAt(p, "in"), get(p, "required") == true
	if d := textAt(p, "description"); d != "" {
		row.Description = d
	}
	return row
}

func (r reader) answer(status string, a any) docAnswer {
	a, _ = r.follow(a)
	out := docAnswer{Status: status, Description: textAt(a, "description"), Body: r.body(nodeAt(a, "content"), false)}
	for _, h := range nodeAt(a, "headers") {
		out.Headers = append(out.Headers, fmt.Sprint(h.Key))
	}
	out.Problem = out.Body != nil && strings.Contains(out.Body.MediaType, "problem")
	return out
}

// body is the first media type of a content; a request leaves out what only answers hold.
func (r reader) body(content node, request bool) *docBody {
	if len(content) == 0 {
		return nil
	}
	media := content[0].Value
	b := &docBody{MediaType: fmt.Sprint(content[0].Key), Ref: refName(textAt(media, "schema", "$ref")), Rows: r.properties(get(media, "schema"), 0, request)}
	schema, _ := r.follow(get(media, "schema"))
	if b.Example = example(media); b.Example == "" {
		b.Example = example(schema)
	}
	return b
}

// example is that of a media type or schema, as JSON; of several the first.
func example(n any) string {
	v := get(n, "example")
	if several := nodeAt(n, "examples"); v == nil && len(several) > 0 {
		v = get(several[0].Value, "value")
	}
	if v == nil {
		return ""
	}
	// The library writes an ordered map as JSON in its order, in one line.
	text, err := yaml.MarshalWithOptions(v, yaml.JSON())
	if err != nil {
		return ""
	}
	var pretty strings.Builder
	if err := indentJSON(&pretty, text); err != nil {
		return strings.TrimSpace(string(text))
	}
	return pretty.String()
}

func indentJSON(into *strings.Builder, text []byte) error {
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	b, err := json.MarshalIndent(raw, "", "  ")
	into.Write(b)
	return err
}

// properties are those of a schema and of what is in it, as deep as the document goes; the document has no schema that holds itself.
func (r reader) properties(schema any, depth int, request bool) []docRow {
	schema, _ = r.follow(schema)
	if textAt(schema, "type") == "array" {
		return r.properties(get(schema, "items"), depth, request)
	}
	required := map[string]bool{}
	for _, name := range listAt(schema, "required") {
		required[fmt.Sprint(name)] = true
	}
	var rows []docRow
	for _, p := range nodeAt(schema, "properties") {
		resolved, _ := r.follow(p.Value)
		if request && get(resolved, "readOnly") == true {
			continue
		}
		row := r.row(fmt.Sprint(p.Key), p.Value, depth)
		row.Required = required[row.Name]
		rows = append(rows, row)
		if depth == 0 || row.Ref != "Dossier" { // a dossier within an answer is a page of its own: its name leads there
			rows = append(rows, r.properties(p.Value, depth+1, request)...)
		}
	}
	return rows
}

func (r reader) row(name string, schema any, depth int) docRow {
	resolved, ref := r.follow(schema)
	if _, inner := r.follow(get(resolved, "items")); inner != "" {
		ref = inner
	}
	row := docRow{Name: name, Type: r.typeOf(schema), Ref: ref, Description: textAt(schema, "description"), Depth: depth}
	if row.Description == "" {
		row.Description = textAt(resolved, "description")
	}
	if get(resolved, "readOnly") == true {
		row.Type += ", read only"
	}
	if get(resolved, "writeOnly") == true {
		row.Type += ", write only"
	}
	return row
}

// typeOf says what a value must be, limits included.
func (r reader) typeOf(schema any) string {
	schema, _ = r.follow(schema)
	out := textAt(schema, "type")
	if out == "array" {
		out = "list of " + strings.SplitN(r.typeOf(get(schema, "items")), ",", 2)[0]
	}
	for _, limit := range []string{"format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"} {
		if v := textAt(schema, limit); v != "" {
			out += ", " + limit + " " + v
		}
	}
	if get(schema, "nullable") == true {
		out += ", or null"
	}
	if values := listAt(schema, "enum"); values != nil {
		parts := make([]string, len(values))
		for i, v := range values {
			parts[i] = fmt.Sprint(v)
		}
		out += ": " + strings.Join(parts, ", ")
	}
	return strings.TrimPrefix(out, ", ")
}
