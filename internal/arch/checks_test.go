package arch

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// Each check is shown source that breaks its rule and source that keeps it.

func source(t *testing.T, files map[string]string) *module {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func importing(name string, dirs ...string) string {
	var b strings.Builder
	b.WriteString("package " + name + "\n")
	for _, d := range dirs {
		fmt.Fprintf(&b, "import _ %q\n", modulePath+"/"+d)
	}
	return b.String()
}

// expect compares the number of problems, and that each want is in one of them.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
		return
	}
	all := strings.Join(got, "\n")
	for _, w := range want {
		if !strings.Contains(all, w) {
			t.Errorf("no problem says %q:\n%s", w, all)
		}
	}
}

func TestCheckImports(t *testing.T) {
	expect(t, importProblems(source(t, map[string]string{
		"internal/ident/a.go":          importing("ident"),
		"internal/plan/a.go":           importing("plan", "internal/casefile"),
		"adapters/delimited/a.go":      importing("delimited", "adapters", "internal/ident", "internal/seal"),
		"adapters/delimited/a_test.go": importing("delimited_test", "adapters/adaptertest", "mapping"),
		"internal/app/a.go":            importing("app", "internal/ledger/sqlite", "internal/config"),
		"internal/e2e/a.go":            importing("e2e", "mockmlp", "internal/ledger/ledgertest"),
	})))
	expect(t, importProblems(source(t, map[string]string{
		"internal/ident/a.go":     importing("ident", "internal/casefile"),
		"internal/plan/a.go":      importing("plan", "internal/ledger"),
		"internal/seal/a.go":      importing("seal", "internal/ident"),
		"adapters/delimited/a.go": importing("delimited", "adapters/dropfolder"),
		"internal/app/a.go":       importing("app", "mockmlp"),
		"internal/app/b.go":       importing("app", "internal/ledger/ledgertest"),
		"internal/cli/a.go":       importing("cli", "internal/ledger"),
		"internal/novel/a.go":     importing("novel"),
		"adapters/a/deep/a.go":    importing("deep"),
	})),
		"internal/ident imports internal/casefile", "internal/plan imports internal/ledger", "internal/seal imports internal/ident",
		"adapters/delimited imports adapters/dropfolder", "internal/app imports mockmlp", "internal/app imports internal/ledger/ledgertest",
		"internal/cli imports internal/ledger", "package internal/novel has no row", "package adapters/a/deep has no row")
}

func TestCheckIndependence(t *testing.T) {
	expect(t, independenceProblems(source(t, map[string]string{
		"examples/gen/a.go":        importing("main", "internal/ident"),
		"internal/ident/a.go":      importing("ident"),
		"internal/ident/a_test.go": importing("ident_test", "mapping"), // tests of others don't count
	})))
	expect(t, independenceProblems(source(t, map[string]string{
		"examples/gen/a_test.go":       importing("main", "mapping"),
		"mockmlp/conformance/a.go":     importing("conformance", "internal/cycle"),
		"internal/cycle/a.go":          importing("cycle", "mapping", "internal/plan"),
		"internal/plan/a.go":           importing("plan", "internal/cycle"),
		"mockmlp/conformance/sub/a.go": importing("sub"),
	})), "examples/gen imports mapping", "mockmlp/conformance imports mapping")
}

func TestCheckState(t *testing.T) {
	expect(t, stateProblems(source(t, map[string]string{"p/a.go": `package p
import ("embed"; "errors"; "regexp"; "sync")
var expr = regexp.MustCompile("x")
var ErrX = errors.New("x")
var table = map[string]int{"a": 1}
var once = sync.OnceValue(func() int { return 1 })
var content embed.FS
var _ error = (*E)(nil)
type E struct{}
func (*E) Error() string { return "" }
func use(errs []error) int { n := table["a"]; n++; _ = n; x := []int{1}; x[0] = 2; return n }
func shadow() { table := map[string]int{}; table["a"] = 2; delete(table, "a") }
`})))
	expect(t, stateProblems(source(t, map[string]string{
		"p/a.go": `package p
import ("net/http"; "sync"; "sync/atomic")
var table = map[string]int{"a": 1}
var names = []string{"a"}
var config struct{ Deep struct{ N int } }
var mu sync.Mutex
var calls atomic.Int64
var seen = make(map[string]bool)
var byID map[string]int
func f() { table["b"] = 2 }
func g() { names = append(names, "b") }
func h() *[]string { return &names }
func i() { http.DefaultClient = nil }
func j() { config.Deep.N++ }
func k() { delete(table, "a") }
`,
		"p/b.go":      "package p\nfunc l() { (names)[0] = \"c\" }\n",
		"p/b_test.go": "package p\nfunc m() { table = nil }\nfunc n() { _ = &names }\n",
		"q/a.go":      "package q\nimport \"" + modulePath + "/p\"\nfunc f() { p.Limit = 3 }\n",
	})),
		"variable mu is a sync.Mutex", "variable calls is a atomic.Int64", "variable seen is made by make", "variable byID is empty",
		"a.go:10: package-level variable table is assigned", "a.go:11: package-level variable names is assigned",
		"a.go:12: package-level variable names is handed out", "variable http.DefaultClient is assigned",
		"variable config is changed", "a.go:15: package-level variable table is changed",
		"b.go:2: package-level variable names is assigned", "b_test.go:2: package-level variable table", "variable p.Limit is assigned")
}

func TestCheckFunctionLength(t *testing.T) {
	function := func(name string, lines int) string {
		return "func " + name + "() {\n" + strings.Repeat("\tprintln()\n", lines-2) + "}\n"
	}
	tableOf := func(lines int) string {
		return "func table() []int {\n\treturn []int{\n" + strings.Repeat("\t\t1,\n", lines) + "\t}\n}\n"
	}
	m := source(t, map[string]string{
		"p/a.go": "package p\n" + function("long", 81) + function("fits", 80) + tableOf(200),
		"p/b.go": "// Code generated by hand. DO NOT EDIT.\n\npackage p\n" + function("made", 500),
	})
	expect(t, longFunctionProblems(m), "a.go:2: p.long has 81 lines")
	expect(t, ninetiethPercentileProblems(m), "a tenth of the functions has 81 lines")
	short := strings.Repeat("func _() {}\n", 40)
	expect(t, ninetiethPercentileProblems(source(t, map[string]string{"p/a.go": "package p\n" + short + function("long", 81)})))
}

func TestCheckFileLength(t *testing.T) {
	expect(t, longFileProblems(source(t, map[string]string{
		"p/a.go":          "package p\n" + strings.Repeat("\n", 700),
		"p/b.go":          "package p\n" + strings.Repeat("\n", 699),
		"cmd/x/main.go":   "package main\n" + strings.Repeat("var _ = 1\n", 30),
		"cmd/y/main.go":   "package main\n" + strings.Repeat("// why\n", 60) + strings.Repeat("var _ = 1\n", 29),
		"tools/a.go":      "package tools\n" + strings.Repeat("\n", 900),
		"tools/go.mod":    "module tools\n",
		"p/testdata/x.go": "not Go at all",
	})), "p/a.go has 701 lines", "cmd/x/main.go has 31 lines of code")
}

func TestCheckSleep(t *testing.T) {
	expect(t, sleepProblems(source(t, map[string]string{
		"p/a.go": "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }\n",
		"p/a_test.go": `package p
import ("testing"; "testing/synctest"; clock "time")
func a(t *testing.T) { clock.Sleep(1) }
func b(t *testing.T) { synctest.Test(t, func(t *testing.T) { clock.Sleep(1) }) }
`,
	})), "a_test.go:3: time.Sleep")
}

func TestCheckPurity(t *testing.T) {
	expect(t, purityProblems(source(t, map[string]string{
		"mapping/a.go":      "package mapping\nimport (\"time\"; \"os\")\nfunc f() { _ = time.Now(); _ = time.Unix(0, 0) }\n",
		"mapping/a_test.go": "package mapping\nimport \"os\"\n",
		"internal/app/a.go": "package app\nimport \"log\"\n",
	})), "a.go imports os", "a.go:3: time.Now")
}

func TestCheckPackages(t *testing.T) {
	expect(t, packageProblems(source(t, map[string]string{
		"utils/a.go":       "// Package utils has it all.\npackage utils\n",
		"silent/a.go":      "package silent\n",
		"said/doc.go":      "// Package said says.\npackage said\n",
		"said/a.go":        "package said\n",
		"cmd/x/main.go":    "// Command x runs.\npackage main\n",
		"tested/a_test.go": "package tested_test\n",
	})), "not utils", "silent has no package comment")
}

func TestCheckLeftovers(t *testing.T) {
	mark := "// TO" + "DO later\n"
	home := "see /wo" + "rk/shared\n"
	expect(t, leftoverProblems(source(t, map[string]string{
		"p/a.go":        "package p\n" + mark,
		"docs/a.md":     "fine: homework/a, net/work/b\n" + home,
		"p/c.txt":       home,
		".ci/hidden.md": home,
	})), "p/a.go:2: unfinished", "docs/a.md:2: the path of somebody's checkout")
}
