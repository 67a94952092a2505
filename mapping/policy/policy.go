// Package policy plays policy cases: files in which a municipality writes down what
// the rules are to do for one client, readable by somebody who doesn't program
// (docs/policy-cases.md). A case tells the client's story in the words of the export
// and the days on which mlpsync looks at it. What mlpsync asks for on a day is in MLP
// from then on; what other people do in MLP comes in as events.
//
// It guarantees that nothing in a file is passed over: an unknown key, field or value
// is an error with its line. It does not guarantee that MLP itself would take what a
// case says: nothing is sent, and there is no public MLP API to try it on.
//
// The commands "rules test" and the tests of mapping use it.
package policy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// Extension is how the name of a policy case ends.
const Extension = ".txtar"

// The parts of a policy case, which is a txtar archive of two files. What stands
// above the first says in a sentence what the case is about.
const (
	caseMark = "-- klant --\n"
	wantMark = "-- uitkomst --\n"
)

// Case is a policy case as read.
type Case struct {
	// Name is that of the file, without folder and extension; File its path.
	Name string
	File string
	// About is the statement above the case.
	About string
	// Want is the outcome that the file has; HasWant is false for a new case.
	Want    string
	HasWant bool

	head   string // up to the outcome, as it stands
	script script
	lines  map[string]int // key path -> line of the file
}

// Error is a file that is no policy case, with everything that is wrong with it.
type Error struct {
	File   string
	Issues []strictyaml.Issue
}

func (e *Error) Error() string {
	var b strings.Builder
	for i, issue := range e.Issues {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := ""
		if issue.Line > 0 {
			line = fmt.Sprintf("%d:", issue.Line)
			issue.Line = 0
		}
		fmt.Fprintf(&b, "%s:%s %s", e.File, line, issue)
	}
	return b.String()
}

// Files lists the policy cases of a folder, by name.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read folder of policy cases: %w", err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), Extension) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// Load reads a policy case from a file. What is wrong with its text is an *Error.
func Load(file string) (Case, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Case{}, fmt.Errorf("read policy case: %w", err)
	}
	return Parse(file, data)
}

// Parse reads a policy case. Windows' line ends and byte order mark are as good.
func Parse(file string, data []byte) (Case, error) {
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n" // an editor needn't end the last line
	}
	base := filepath.Base(file)
	c := Case{File: file, Name: strings.TrimSuffix(base, filepath.Ext(base))}
	c.head, c.Want, c.HasWant = cutMark(text, wantMark)
	about, body, found := cutMark(c.head, caseMark)
	if !found {
		return Case{}, c.wrong(strictyaml.Issue{Line: 1, Text: fmt.Sprintf("there is no line %q", strings.TrimSpace(caseMark))})
	}
	c.About = strings.TrimSpace(about)
	above := strings.Count(about+caseMark, "\n")
	lines, issues := strictyaml.Decode([]byte(body), &c.script)
	c.lines = shifted(lines, above)
	for i := range issues {
		issues[i].Line = max(issues[i].Line, 1) + above
	}
	if len(issues) == 0 {
		issues = newStory(c, nil).fill.issues
	}
	if len(issues) > 0 {
		return Case{}, c.wrong(issues...)
	}
	return c, nil
}

// cutMark cuts text around a line that is the mark.
func cutMark(text, mark string) (before, after string, found bool) {
	if after, found = strings.CutPrefix(text, mark); found {
		return "", after, true
	}
	before, after, found = strings.Cut(text, "\n"+mark)
	if found {
		before += "\n"
	}
	return before, after, found
}

func shifted(lines map[string]int, by int) map[string]int {
	out := map[string]int{}
	for path, line := range lines {
		out[path] = line + by
	}
	return out
}

func (c Case) wrong(issues ...strictyaml.Issue) error { return &Error{File: c.File, Issues: issues} }

// With is the file's text with another outcome.
func (c Case) With(outcome string) []byte { return []byte(c.head + wantMark + outcome) }

// Compare is empty where two outcomes are equal, and else shows the lines that differ:
// "-" before what the case wants, "+" before what the rules gave, and some lines around.
func Compare(want, got string) string {
	if want == got {
		return ""
	}
	var b strings.Builder
	n := 0
	for line := range strings.Lines(string(diff.Diff("", []byte(want), "", []byte(got)))) {
		switch n++; {
		case n <= diffHead:
		case strings.HasPrefix(line, "@@"):
			b.WriteString("...\n")
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// diffHead is how many lines a diff begins with that name files.
const diffHead = 3
