package arch

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	maxFunctionLines = 80
	maxFileLines     = 700
	maxMainLines     = 30
	p90FunctionLines = 45
)

// longFunctions may exceed the limit, each for its reason. Tables need no entry:
// lines within a literal of five lines or more don't count.
func longFunctions() map[string]string {
	return map[string]string{}
}

// longFiles may exceed the limit, each for its reason.
func longFiles() map[string]string {
	return map[string]string{}
}

func functionName(p *pkg, fn *ast.FuncDecl) string {
	name := fn.Name.Name
	if fn.Recv != nil && len(fn.Recv.List) == 1 {
		t := fn.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		name = typeName(t) + "." + name
	}
	return p.dir + "." + name
}

// functionLines counts from func to the closing brace, without the inside of tables.
func functionLines(m *module, fn *ast.FuncDecl) int {
	total := m.line(fn.End()) - m.line(fn.Pos()) + 1
	ast.Inspect(fn, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if span := m.line(lit.End()) - m.line(lit.Pos()) + 1; span >= 5 {
			total -= span - 2
			return false
		}
		return true
	})
	return total
}

func eachFunction(m *module, visit func(p *pkg, f *file, fn *ast.FuncDecl)) {
	m.eachFile(func(p *pkg, f *file) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !ast.IsGenerated(f.ast) {
				visit(p, f, fn)
			}
		}
	})
}

func longFunctionProblems(m *module) []string {
	var out []string
	eachFunction(m, func(p *pkg, f *file, fn *ast.FuncDecl) {
		lines := functionLines(m, fn)
		if name := functionName(p, fn); lines > maxFunctionLines && longFunctions()[name] == "" {
			out = append(out, fmt.Sprintf("%s:%d: %s has %d lines, more than %d: split it by what it does; list it in longFunctions only with a reason",
				f.path, m.line(fn.Pos()), name, lines, maxFunctionLines))
		}
	})
	return out
}

func ninetiethPercentileProblems(m *module) []string {
	var lengths []int
	eachFunction(m, func(_ *pkg, f *file, fn *ast.FuncDecl) {
		if !f.test {
			lengths = append(lengths, functionLines(m, fn))
		}
	})
	if len(lengths) == 0 {
		return []string{"no function was found"}
	}
	slices.Sort(lengths)
	if p90 := lengths[len(lengths)*9/10]; p90 >= p90FunctionLines {
		return []string{fmt.Sprintf("a tenth of the functions has %d lines or more, the aim is under %d: split the longest ones", p90, p90FunctionLines)}
	}
	return nil
}

func longFileProblems(m *module) []string {
	var out []string
	m.eachFile(func(p *pkg, f *file) {
		n := len(f.lines)
		if n > maxFileLines && longFiles()[f.path] == "" && !ast.IsGenerated(f.ast) {
			out = append(out, fmt.Sprintf("%s has %d lines, more than %d: split it by concern", f.path, n, maxFileLines))
		}
		if path.Dir(p.dir) == "cmd" && !f.test && codeLines(f) > maxMainLines {
			out = append(out, fmt.Sprintf("%s has %d lines of code, more than %d: move it to the package that main calls", f.path, codeLines(f), maxMainLines))
		}
	})
	return out
}

func codeLines(f *file) int {
	n := 0
	for _, line := range f.lines {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// calls visits the calls of pkg.name in a file, with the calls around each.
func calls(f *file, importPath, name string, visit func(at *ast.CallExpr, around []string)) {
	imports := f.imports()
	var stack []ast.Node
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != name || imports[typeName(sel.X)] != importPath {
			return true
		}
		var around []string
		for _, outer := range stack[:len(stack)-1] {
			if c, ok := outer.(*ast.CallExpr); ok {
				around = append(around, typeName(c.Fun))
			}
		}
		visit(call, around)
		return true
	})
}

// sleepProblems lets a test sleep in a synctest bubble, where time is virtual.
func sleepProblems(m *module) []string {
	var out []string
	m.eachFile(func(_ *pkg, f *file) {
		if !f.test {
			return
		}
		calls(f, "time", "Sleep", func(at *ast.CallExpr, around []string) {
			if !slices.Contains(around, "synctest.Test") {
				out = append(out, fmt.Sprintf("%s:%d: time.Sleep in a test: use testing/synctest or a virtual clock", f.path, m.line(at.Pos())))
			}
		})
	})
	return out
}

// pure packages are functions of their arguments (design decision 1).
func pure() []string {
	return []string{"internal/ident", "internal/casefile", "internal/outbox", "internal/audit", "internal/plan", "mapping"}
}

func purityProblems(m *module) []string {
	forbidden := map[string]string{
		"log": "logs", "log/slog": "logs", "github.com/rs/zerolog": "logs", "os": "reaches the system",
		"net/http": "reaches the network", "math/rand": "draws", "math/rand/v2": "draws", "crypto/rand": "draws",
	}
	var out []string
	m.eachFile(func(p *pkg, f *file) {
		if f.test || !slices.Contains(pure(), p.dir) {
			return
		}
		for _, imported := range f.paths() {
			if what := forbidden[imported]; what != "" {
				out = append(out, fmt.Sprintf("%s imports %s: %s is pure, and never %s; take the value as an argument", f.path, imported, p.dir, what))
			}
		}
		for _, clock := range []string{"Now", "Since", "Until", "After", "Sleep"} {
			calls(f, "time", clock, func(at *ast.CallExpr, _ []string) {
				out = append(out, fmt.Sprintf("%s:%d: time.%s: %s is pure, and never reads a clock; take the instant as an argument", f.path, m.line(at.Pos()), clock, p.dir))
			})
		}
	})
	slices.Sort(out)
	return out
}

func packageProblems(m *module) []string {
	var out []string
	for _, dir := range m.dirs() {
		p := m.packages[dir]
		switch name := strings.TrimSuffix(p.files[0].ast.Name.Name, "_test"); name {
		case "util", "utils", "types", "mocks", "common", "helper", "helpers", "misc":
			out = append(out, fmt.Sprintf("%s: a package is named after what it provides, not %s", dir, name))
		}
		if !hasPackageComment(p) {
			out = append(out, fmt.Sprintf("%s has no package comment: say what it guarantees, what it doesn't, and who calls it", dir))
		}
	}
	return out
}

func hasPackageComment(p *pkg) bool {
	onlyTests := true
	for _, f := range p.files {
		if f.test {
			continue
		}
		onlyTests = false
		if f.ast.Doc != nil && (strings.HasPrefix(f.ast.Doc.Text(), "Package ") || strings.HasPrefix(f.ast.Doc.Text(), "Command ")) {
			return true
		}
	}
	return onlyTests
}

// leftoverMark is put together so that it doesn't find itself.
var leftoverMark = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// checkoutPath is the path of somebody's own checkout.
var checkoutPath = regexp.MustCompile(`(?:^|[^\w.-])/wo` + `rk/`)

func leftoverProblems(m *module) []string {
	var out []string
	look := func(name string, lines []string) {
		for i, line := range lines {
			if leftoverMark.MatchString(line) {
				out = append(out, fmt.Sprintf("%s:%d: unfinished work is marked in the text: finish it, or open an issue", name, i+1))
			}
			if checkoutPath.MatchString(line) {
				out = append(out, fmt.Sprintf("%s:%d: the path of somebody's checkout: use a relative path", name, i+1))
			}
		}
	}
	m.eachFile(func(_ *pkg, f *file) { look(f.path, f.lines) })
	for name, text := range m.texts {
		look(name, strings.Split(text, "\n"))
	}
	slices.Sort(out)
	return out
}

func TestFunctionsAreShort(t *testing.T)      { check(t, longFunctionProblems) }
func TestMostFunctionsAreShort(t *testing.T)  { check(t, ninetiethPercentileProblems) }
func TestFilesAreShort(t *testing.T)          { check(t, longFileProblems) }
func TestNoSleepInTests(t *testing.T)         { check(t, sleepProblems) }
func TestPurePackages(t *testing.T)           { check(t, purityProblems) }
func TestPackagesSayWhatTheyAre(t *testing.T) { check(t, packageProblems) }
func TestNothingLeftOver(t *testing.T)        { check(t, leftoverProblems) }

// An exception whose function or file is gone, or short again, is taken off.
func TestExceptionsAreNeeded(t *testing.T) {
	check(t, func(m *module) []string {
		long := map[string]bool{}
		eachFunction(m, func(p *pkg, _ *file, fn *ast.FuncDecl) {
			long[functionName(p, fn)] = functionLines(m, fn) > maxFunctionLines
		})
		m.eachFile(func(_ *pkg, f *file) { long[f.path] = len(f.lines) > maxFileLines })
		var out []string
		for _, list := range []map[string]string{longFunctions(), longFiles()} {
			for name := range list {
				if !long[name] {
					out = append(out, fmt.Sprintf("%s needs no exception any more: take it off the list", name))
				}
			}
		}
		slices.Sort(out)
		return out
	})
}
