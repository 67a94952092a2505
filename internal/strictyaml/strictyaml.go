// Package strictyaml decodes YAML into structs and forgives nothing: an unknown
// key is an issue with its line and the key that was probably meant, and all
// of them are reported at once.
//
// Source lines are never part of an issue: they can hold secrets. Profiles,
// configuration and scenarios are read with it.
package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// Issue is one thing that is wrong with a document.
type Issue struct {
	// Line in the YAML, counted from 1; 0 when unknown.
	Line int
	// Path of the key, such as feeds[0].records[1].fields.start.
	Path string
	// Text says what is wrong, Suggestion what was probably meant.
	Text       string
	Suggestion string
}

func (i Issue) String() string {
	var b strings.Builder
	if i.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", i.Line)
	}
	if i.Path != "" {
		b.WriteString(i.Path + ": ")
	}
	b.WriteString(i.Text)
	if i.Suggestion != "" {
		fmt.Fprintf(&b, " (did you mean %q?)", i.Suggestion)
	}
	return b.String()
}

// Decode decodes YAML into out, a pointer to a struct, and reports all unknown
// keys, not only the first. The lines by path let later checks point into the
// file.
func Decode(data []byte, out any) (lines map[string]int, issues []Issue) {
	// The YAML library panics on some malformed files (found by fuzzing, goccy/go-yaml
	// 1.19.2); to the user such a file is unreadable like any other.
	defer func() {
		if recover() != nil {
			lines, issues = nil, []Issue{{Text: "not readable as YAML"}}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if issue := tooDeep(tokens); issue != nil {
		return nil, []Issue{*issue}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, []Issue{issueOf(err)}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, []Issue{{Text: "the file is empty"}}
	}
	if issue := unfit(file); issue != nil {
		return nil, []Issue{*issue}
	}
	w := walk(file.Docs[0].Body, out, shape)
	if len(w.issues) > 0 {
		return w.lines, w.issues
	}
	if err := yaml.UnmarshalWithOptions(data, out, yaml.Strict()); err != nil {
		return w.lines, blame(file.Docs[0].Body, out, err)
	}
	return w.lines, nil
}

// blame finds the values that a decoding failed at, as the library's error names no key.
func blame(body ast.Node, out any, err error) []Issue {
	if found := walk(body, out, value).issues; len(found) > 0 {
		return found
	}
	return []Issue{issueOf(err)}
}

// issueOf keeps line and message of a YAML error, not the source lines that
// the library prints with it.
func issueOf(err error) Issue {
	var e yaml.Error
	var value ValueError
	if errors.As(err, &value) {
		return Issue{Text: value.Error()}
	}
	if !errors.As(err, &e) {
		return Issue{Text: "not readable as YAML"}
	}
	// The library's "at [line:column]" counts from where the YAML begins, which need not be
	// the file's first line.
	message, _, _ := strings.Cut(e.GetMessage(), " at [")
	issue := Issue{Text: message}
	if tk := e.GetToken(); tk != nil && tk.Position != nil {
		issue.Line = tk.Position.Line
	}
	return issue
}

// keyWalk goes through a document beside the type that it is decoded into.
type keyWalk struct {
	lines   map[string]int
	issues  []Issue
	wrong   func(ast.Node, reflect.Type) string // what is wrong with a node; empty for nothing
	anchors map[string]ast.Node
	inside  map[string]bool // aliases that are being followed: one can stand in what it stands for
}

func walk(body ast.Node, out any, wrong func(ast.Node, reflect.Type) string) *keyWalk {
	w := &keyWalk{lines: map[string]int{}, wrong: wrong, anchors: map[string]ast.Node{}, inside: map[string]bool{}}
	w.node(body, reflect.TypeOf(out).Elem(), "")
	return w
}

func (w *keyWalk) node(n ast.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil && path != "" {
		if _, known := w.lines[path]; !known {
			w.lines[path] = tk.Position.Line
		}
	}
	if text := w.wrong(n, t); text != "" && path != "" && !isWrapped(n) {
		w.issues = append(w.issues, Issue{Line: w.lines[path], Path: path, Text: text})
		return
	}
	w.below(n, t, path)
}

// isWrapped tells a node that another one stands in, or for.
func isWrapped(n ast.Node) bool {
	switch n.(type) {
	case *ast.AnchorNode, *ast.TagNode, *ast.AliasNode:
		return true
	}
	return false
}

func (w *keyWalk) below(n ast.Node, t reflect.Type, path string) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			w.pair(pair, t, path)
		}
	case *ast.MappingValueNode:
		w.pair(n, t, path)
	case *ast.SequenceNode:
		if t.Kind() == reflect.Slice {
			for i, item := range n.Values {
				w.node(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case *ast.AnchorNode:
		w.anchors[n.Name.GetToken().Value] = n.Value
		w.node(n.Value, t, path)
	case *ast.TagNode:
		w.node(n.Value, t, path)
	case *ast.AliasNode:
		w.alias(n.Value.GetToken().Value, t, path)
	}
}

func (w *keyWalk) alias(name string, t reflect.Type, path string) {
	n, known := w.anchors[name]
	if !known || w.inside[name] {
		return
	}
	w.inside[name] = true
	w.node(n, t, path)
	delete(w.inside, name)
}

func (w *keyWalk) pair(pair *ast.MappingValueNode, t reflect.Type, path string) {
	tk := pair.Key.GetToken()
	name := tk.Value
	below := name
	if path != "" {
		below = path + "." + name
	}
	w.lines[below] = tk.Position.Line
	switch t.Kind() {
	case reflect.Struct:
		field, known := yamlField(t, name)
		if !known {
			w.issues = append(w.issues, Issue{
				Line: tk.Position.Line, Path: below, Text: "unknown key", Suggestion: Nearest(name, yamlKeys(t)),
			})
			return
		}
		w.node(pair.Value, field, below)
	case reflect.Map:
		w.node(pair.Value, t.Elem(), below)
	}
}

func yamlField(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

func yamlKeys(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}
