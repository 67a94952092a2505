// Package mlp holds the OpenAPI document of the MLP-compatible API and validators compiled from it.
//
// The API is defined by this project: there is no public MLP API, and VDAB neither publishes nor endorses this document.
//
// It guarantees that what [API] accepts is what the document says: request and answer schemas are compiled from the
// YAML itself, formats are asserted, and a keyword or format that the compiler would ignore silently fails [Load]. Violations never
// hold a value of the message they judge. It has no Go types of the API: the client (internal/mlp) and the mock (mockmlp)
// each bring their own, so that one can find the other's mistakes.
package mlp

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var document string

// Document returns the OpenAPI document, YAML in UTF-8. The caller owns the slice.
func Document() []byte { return []byte(document) }

// API is the compiled document. It is safe for concurrent use.
type API struct {
	// Version is the document's info.version.
	Version string

	operations []*Operation
	raw        map[string]any
}

// Operation is one method on one path of the document.
type Operation struct {
	// ID is the operationId.
	ID string
	// Method is the HTTP method, in capitals.
	Method string
	// Path is the template with the server's base path, such as /mlp/v1/dossiers/{dossierId}.
	Path string
	// Secured is false for an operation that takes neither token nor client id.
	Secured bool
	// Scopes are the OAuth2 scopes that the token must have, all of them.
	Scopes []string
	// RequestContentType is the media type of the request's body; empty where the operation takes none.
	RequestContentType string
	// Statuses are the statuses listed, ascending; 0 stands for "default".
	Statuses []int

	segments   []string
	parameters []parameter
	request    *bodySchema
	responses  map[int]*response
}

// Load compiles the embedded document, once a process: an API never changes.
func Load() (*API, error) { return loadOnce() }

var loadOnce = sync.OnceValues(func() (*API, error) { return load([]byte(document)) })

func load(text []byte) (*API, error) {
	raw, err := decodeYAML(text)
	if err != nil {
		return nil, err
	}
	c, err := newCompiler(raw)
	if err != nil {
		return nil, err
	}
	api := &API{Version: str(obj(raw["info"])["version"]), raw: raw}
	base := serverURL(raw)
	paths := obj(raw["paths"])
	for _, template := range sortedKeys(paths) {
		ops, err := c.pathItem(base, template, obj(paths[template]))
		if err != nil {
			return nil, err
		}
		api.operations = append(api.operations, ops...)
	}
	return api, c.finish()
}

// decodeYAML goes through JSON, so that numbers and maps have the types that the validator knows.
func decodeYAML(text []byte) (map[string]any, error) {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("parse OpenAPI document: %w", err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("convert OpenAPI document: %w", err)
	}
	var raw map[string]any
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("convert OpenAPI document: %w", err)
	}
	return raw, nil
}

// Operations lists the operations, by path and method.
func (a *API) Operations() []*Operation { return slices.Clone(a.operations) }

// Operation finds an operation by its operationId.
func (a *API) Operation(id string) (*Operation, bool) {
	for _, op := range a.operations {
		if op.ID == id {
			return op, true
		}
	}
	return nil, false
}

// ProblemOperations lists the operationIds that can give a problem type, as the document's x-problemTypes has it.
func (a *API) ProblemOperations(urn string) []string {
	for _, t := range a.problemTypes() {
		if str(t["type"]) != urn {
			continue
		}
		names := []string{}
		list, _ := t["operations"].([]any)
		for _, v := range list {
			names = append(names, str(v))
		}
		return names
	}
	return nil
}

// problemTypes is the extension that lists the problem types, with the operations that give each.
func (a *API) problemTypes() []map[string]any {
	list, _ := a.raw["x-problemTypes"].([]any)
	types := make([]map[string]any, len(list))
	for i, v := range list {
		types[i] = obj(v)
	}
	return types
}

// Match finds the operation for a method and an escaped URL path, with the path's parameters unescaped. A literal segment wins
// over a parameter.
func (a *API) Match(method, path string) (op *Operation, params map[string]string, ok bool) {
	got := strings.Split(path, "/")
	for _, o := range a.operations {
		if o.Method != method {
			continue
		}
		if p, match := o.match(got); match && (op == nil || len(p) < len(params)) {
			op, params = o, p
		}
	}
	return op, params, op != nil
}

// Methods lists the methods that the document has for a path: what an Allow header says. Empty for an unknown path.
func (a *API) Methods(path string) []string {
	var ms []string
	for _, o := range a.operations {
		if _, ok := o.match(strings.Split(path, "/")); ok {
			ms = append(ms, o.Method)
		}
	}
	sort.Strings(ms)
	return slices.Compact(ms)
}

// Match gives the parameters of an escaped URL path, unescaped, where it is one of the operation's.
func (o *Operation) Match(path string) (params map[string]string, ok bool) {
	return o.match(strings.Split(path, "/"))
}

func (o *Operation) match(got []string) (map[string]string, bool) {
	if !o.fits(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, want := range o.segments {
		if name, isParam := pathParam(want); isParam {
			v, err := url.PathUnescape(got[i])
			if err != nil || v == "" {
				return nil, false
			}
			params[name] = v
		}
	}
	return params, true
}

// fits says whether everything but the parameters of a path is there.
func (o *Operation) fits(got []string) bool {
	if len(got) != len(o.segments) {
		return false
	}
	for i, want := range o.segments {
		if _, isParam := pathParam(want); !isParam && got[i] != want {
			return false
		}
	}
	return true
}

// ResponseStatus says which listed status (0 for default) describes an answer's status; ok is false where none does.
func (o *Operation) ResponseStatus(status int) (listed int, ok bool) {
	if _, ok := o.responses[status]; ok {
		return status, true
	}
	_, ok = o.responses[0]
	return 0, ok
}

func pathParam(segment string) (string, bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// serverURL is the path of the first server; "/" counts as none.
func serverURL(node map[string]any) string {
	servers, _ := node["servers"].([]any)
	if len(servers) == 0 {
		return ""
	}
	return strings.TrimSuffix(str(obj(servers[0])["url"]), "/")
}

func obj(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
