package ocmw

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/schemas/judge"
)

//go:embed *.schema.json
var documents embed.FS

// base is where the $id of each schema begins. Nothing is ever fetched from it.
const base = "https://github.com/mlpsync/mlpsync/schemas/ocmw/"

// checks is the number of the checks that stand in Go and not in a schema: raise
// it with each change of what they accept.
const checks = "2"

// Document is the JSON Schema of a record kind, or of "common", to which they
// refer. The error says that there is no such document.
func Document(kind string) ([]byte, error) {
	document, err := documents.ReadFile(kind + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("no schema of that kind of record")
	}
	return document, nil
}

func newCompiler() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.ExtractAnnotations = true
	c.LoadURL = loadEmbedded
	c.RegisterExtension(identifierKeyword, identifierMeta(), identifierCompiler{})
	return c
}

// loadEmbedded keeps the compiler from opening files or the network.
func loadEmbedded(url string) (io.ReadCloser, error) {
	name, ours := strings.CutPrefix(url, base)
	if !ours {
		return nil, fmt.Errorf("schema refers to a document that is not embedded")
	}
	return documents.Open(name)
}

func compileKind(c *jsonschema.Compiler, kind string) (*kindSchema, error) {
	schema, err := c.Compile(base + kind + ".schema.json")
	if err != nil {
		return nil, err
	}
	document, err := Document(kind)
	if err != nil {
		return nil, err
	}
	names, err := propertyNames(document)
	if err != nil {
		return nil, err
	}
	judges := judge.Judges{Personal: isINSZ}
	k := &kindSchema{schema: schema, quick: judges.Judge(schema), order: map[string]int{}}
	for i, name := range names {
		k.order[name] = i
		if k.property(name).Format == "date" {
			k.dates = append(k.dates, name)
		}
	}
	return k, nil
}

// propertyNames are a schema's properties in the order of the document, which a
// decoded map would lose: it is the order in which people read a row.
func propertyNames(document []byte) ([]string, error) {
	var outer struct {
		Properties json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(document, &outer); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(outer.Properties))
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("read properties: %w", err)
	}
	var names []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("read properties: %w", err)
		}
		var property json.RawMessage
		if err := dec.Decode(&property); err != nil {
			return nil, fmt.Errorf("read properties: %w", err)
		}
		names = append(names, fmt.Sprint(name))
	}
	return names, nil
}

func documentsVersion() (string, error) {
	entries, err := documents.ReadDir(".")
	if err != nil {
		return "", fmt.Errorf("list schemas: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "checks %s\n", checks)
	for _, e := range entries { // in order of name
		document, err := documents.ReadFile(e.Name())
		if err != nil {
			return "", fmt.Errorf("read schema: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", e.Name(), len(document), document)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// The vocabulary of our own: "x-identifier": "insz", "kbo" or "nis" asks package
// ident. It comes in as an extension, as the library's formats are a map of the
// whole program.
const identifierKeyword = "x-identifier"

func identifierMeta() *jsonschema.Schema {
	return jsonschema.MustCompileString("urn:mlpsync:identifier.json",
		`{"properties": {"x-identifier": {"enum": ["insz", "kbo", "nis"]}}}`)
}

type identifierCompiler struct{}

// Compile implements jsonschema.ExtCompiler.
func (identifierCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	kind, given := m[identifierKeyword].(string)
	if !given {
		return nil, nil
	}
	return identifier(kind), nil
}

type identifier string

func isINSZ(s *jsonschema.Schema) bool { return s.Extensions[identifierKeyword] == identifier("insz") }

// Validate implements jsonschema.ExtSchema. The keyword's location in the error
// ends in the code of what is wrong; no text is ever parsed.
func (kind identifier) Validate(ctx jsonschema.ValidationContext, v any) error {
	text, isText := v.(string)
	if !isText {
		return nil
	}
	code := identify(string(kind), text)
	if code == "" {
		return nil
	}
	return ctx.Error(identifierKeyword+"/"+string(kind)+"/"+string(code), "is not valid")
}

func identify(kind, text string) ident.Code {
	var err error
	switch kind {
	case "insz":
		_, err = ident.ParseINSZ(text)
	case "kbo":
		_, err = ident.ParseKBO(text)
	case "nis":
		_, err = ident.ParseNIS(text)
	}
	return codeOf(err)
}
