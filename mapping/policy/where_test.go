package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// place is a function in which a rule's id stands.
type place struct{ file, function string }

// codeOf finds for each rule where it is worked out: the functions of mapping in which its id stands,
// itself or by the name of a constant. The catalogue itself doesn't count.
func codeOf(t *testing.T) map[string][]place {
	t.Helper()
	paths, err := filepath.Glob("../*.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no source: %v", err)
	}
	var files []*ast.File
	var names []string
	set := token.NewFileSet()
	for _, path := range paths {
		if name := filepath.Base(path); !strings.HasSuffix(name, "_test.go") && name != "catalogue.go" {
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files, names = append(files, file), append(names, "mapping/"+name)
		}
	}
	constants := stringConstants(files)
	out := map[string][]place{}
	for i, file := range files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				for id := range textsIn(fn.Body, constants) {
					out[id] = append(out[id], place{names[i], fn.Name.Name})
				}
			}
		}
	}
	return out
}

func stringConstants(files []*ast.File) map[string]string {
	out := map[string]string{}
	for _, file := range files {
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if i < len(spec.Values) {
						out[name.Name] = textOf(spec.Values[i])
					}
				}
			}
		}
	}
	return out
}

// textOf is the value of a string literal, else empty.
func textOf(e ast.Node) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

func textsIn(body ast.Node, constants map[string]string) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		if text := textOf(n); text != "" {
			out[text] = true
		}
		if name, ok := n.(*ast.Ident); ok && constants[name.Name] != "" {
			out[constants[name.Name]] = true
		}
		return true
	})
	return out
}
