package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// Package-level variables may hold what never changes: compiled expressions, errors,
// tables, embedded files, sync.OnceValue. This check works on syntax, without types:
// it finds variables that are mutable by their nature, and assignments to, into, or
// (outside tests) by address of any package-level variable, those of other packages
// included, such as a library's registry map.

type packageVars map[string]map[string]bool // folder -> names

func varsOf(m *module) packageVars {
	out := packageVars{}
	m.eachFile(func(p *pkg, f *file) {
		if out[p.dir] == nil {
			out[p.dir] = map[string]bool{}
		}
		eachVar(f, func(spec *ast.ValueSpec) {
			for _, name := range spec.Names {
				out[p.dir][name.Name] = true
			}
		})
	})
	return out
}

func eachVar(f *file, visit func(*ast.ValueSpec)) {
	for _, d := range f.ast.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.VAR {
			continue
		}
		for _, s := range decl.Specs {
			if spec, ok := s.(*ast.ValueSpec); ok {
				visit(spec)
			}
		}
	}
}

func stateProblems(m *module) []string {
	vars := varsOf(m)
	var out []string
	m.eachFile(func(p *pkg, f *file) {
		eachVar(f, func(spec *ast.ValueSpec) {
			if what := mutableByNature(spec); what != "" {
				out = append(out, fmt.Sprintf("%s:%d: package-level variable %s is %s: make it a field of a value that a constructor returns",
					f.path, m.line(spec.Pos()), spec.Names[0].Name, what))
			}
		})
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				s := mutationScan{m: m, dir: p.dir, file: f, vars: vars, imports: f.imports(), locals: localNames(fn)}
				ast.Inspect(fn.Body, s.visit)
				out = append(out, s.problems...)
			}
		}
	})
	return out
}

// mutableByNature names what a variable holds that is there to change.
func mutableByNature(spec *ast.ValueSpec) string {
	if t := typeName(spec.Type); holdsState(t) {
		return "a " + t
	}
	for _, v := range spec.Values {
		switch v := v.(type) {
		case *ast.CallExpr:
			if name := typeName(v.Fun); name == "make" || name == "new" {
				return "made by " + name
			}
		case *ast.UnaryExpr:
			if v.Op == token.AND {
				return "a pointer to a variable of its own"
			}
		case *ast.CompositeLit:
			if t := typeName(v.Type); holdsState(t) {
				return "a " + t
			}
		}
	}
	if spec.Type != nil && len(spec.Values) == 0 {
		switch spec.Type.(type) {
		case *ast.MapType, *ast.ChanType, *ast.StarExpr, *ast.FuncType:
			return "empty, so that something has to fill it"
		}
	}
	return ""
}

func holdsState(typeName string) bool {
	switch typeName {
	case "sync.Mutex", "sync.RWMutex", "sync.Once", "sync.Map", "sync.Pool", "sync.WaitGroup":
		return true
	}
	return strings.HasPrefix(typeName, "atomic.")
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return typeName(e.X)
	}
	return ""
}

// localNames are all names that a function declares anywhere. A name that is both
// local and a package's counts as local: the check errs on the quiet side.
func localNames(fn *ast.FuncDecl) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				out[name.Name] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				addNames(out, n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				addNames(out, n.Key, n.Value)
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				out[name.Name] = true
			}
		}
		return true
	})
	return out
}

func addNames(to map[string]bool, exprs ...ast.Expr) {
	for _, e := range exprs {
		if id, ok := e.(*ast.Ident); ok {
			to[id.Name] = true
		}
	}
}

type mutationScan struct {
	m        *module
	dir      string
	file     *file
	vars     packageVars
	imports  map[string]string
	locals   map[string]bool
	problems []string
}

func (s *mutationScan) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			for _, e := range n.Lhs {
				s.judge(e, "assigned to")
			}
		}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			s.judge(n.Key, "assigned to")
			s.judge(n.Value, "assigned to")
		}
	case *ast.IncDecStmt:
		s.judge(n.X, "changed")
	case *ast.UnaryExpr:
		if n.Op == token.AND && !s.file.test {
			s.judge(n.X, "handed out by address")
		}
	case *ast.CallExpr:
		if name := typeName(n.Fun); (name == "delete" || name == "clear" || name == "copy") && len(n.Args) > 0 {
			s.judge(n.Args[0], "changed")
		}
	}
	return true
}

func (s *mutationScan) judge(e ast.Expr, how string) {
	name := s.packageVar(e)
	if name == "" {
		return
	}
	s.problems = append(s.problems, fmt.Sprintf("%s:%d: package-level variable %s is %s: keep such state in a value that a constructor returns",
		s.file.path, s.m.line(e.Pos()), name, how))
}

// packageVar names the package-level variable at the root of an expression. Of
// packages outside the module it doesn't know the variables: what is selected from
// one and written to can be nothing else.
func (s *mutationScan) packageVar(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name != "_" && s.vars[s.dir][e.Name] && !s.locals[e.Name] {
			return e.Name
		}
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok && s.imports[id.Name] != "" && !s.locals[id.Name] {
			return id.Name + "." + e.Sel.Name
		}
		return s.packageVar(e.X)
	case *ast.IndexExpr:
		return s.packageVar(e.X)
	case *ast.SliceExpr:
		return s.packageVar(e.X)
	case *ast.StarExpr:
		return s.packageVar(e.X)
	case *ast.ParenExpr:
		return s.packageVar(e.X)
	}
	return ""
}

func TestNoMutablePackageState(t *testing.T) { check(t, stateProblems) }
