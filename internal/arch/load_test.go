package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const modulePath = "github.com/mlpsync/mlpsync"

// module is the parsed source of a module; folders that are modules of their own are
// no part of it.
type module struct {
	fset     *token.FileSet
	packages map[string]*pkg   // by folder, "." for the root
	texts    map[string]string // other text files, by path
}

type pkg struct {
	dir   string
	files []*file // by name
}

type file struct {
	path  string
	test  bool
	ast   *ast.File
	lines []string
}

// imports maps the name under which a file knows a package to its path.
func (f *file) imports() map[string]string {
	out := map[string]string{}
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		} else if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p)) // the last part is a major version
		}
		out[name] = p
	}
	return out
}

// paths lists what a file imports; in a map by name, blank imports would hide each
// other.
func (f *file) paths() []string {
	var out []string
	for _, spec := range f.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// ours is the folder of an import path within the module.
func ours(importPath string) (dir string, ok bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// ourImports lists the folders that a package's files import, without or with tests.
func (p *pkg) ourImports(tests bool) []string {
	var out []string
	for _, f := range p.files {
		if f.test && !tests {
			continue
		}
		for _, imported := range f.paths() {
			if dir, ok := ours(imported); ok && dir != p.dir {
				out = append(out, dir)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func load(root fs.FS) (*module, error) {
	m := &module{fset: token.NewFileSet(), packages: map[string]*pkg{}, texts: map[string]string{}}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, name)
		}
		return m.read(root, name)
	})
	return m, err
}

// enter skips what the go command skips, and nested modules.
func enter(root fs.FS, dir string) error {
	base := path.Base(dir)
	if dir == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (m *module) read(root fs.FS, name string) error {
	ext := path.Ext(name)
	if ext != ".go" && ext != ".md" && ext != ".yaml" && ext != ".yml" {
		return nil
	}
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return fmt.Errorf("read source: %w", err)
	}
	if ext != ".go" {
		m.texts[name] = string(text)
		return nil
	}
	parsed, err := parser.ParseFile(m.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse source: %w", err)
	}
	dir := path.Dir(name)
	if m.packages[dir] == nil {
		m.packages[dir] = &pkg{dir: dir}
	}
	m.packages[dir].files = append(m.packages[dir].files, &file{
		path: name, test: strings.HasSuffix(name, "_test.go"), ast: parsed,
		lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"),
	})
	return nil
}

// dirs lists the folders of packages in order.
func (m *module) dirs() []string {
	var out []string
	for dir := range m.packages {
		out = append(out, dir)
	}
	slices.Sort(out)
	return out
}

// eachFile visits all Go files in order.
func (m *module) eachFile(visit func(p *pkg, f *file)) {
	for _, dir := range m.dirs() {
		for _, f := range m.packages[dir].files {
			visit(m.packages[dir], f)
		}
	}
}

func (m *module) line(at token.Pos) int { return m.fset.Position(at).Line }

var wholeModule = sync.OnceValues(func() (*module, error) { return load(os.DirFS("../..")) })

// check runs one check on this module.
func check(t *testing.T, problems func(*module) []string) {
	t.Helper()
	m, err := wholeModule()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.packages) < 5 {
		t.Fatalf("only %d packages were found: is this the module's root?", len(m.packages))
	}
	for _, p := range problems(m) {
		t.Error(p)
	}
}
