package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
)

// output remembers the first error of what it writes to: a table that is cut off on a full disk is no answer.
type output struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = cmp.Or(o.err, err)
	return n, err
}

func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// printJSON writes a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// table prints rows in columns under a header line.
func table(w io.Writer, header []string, rows [][]string) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(header) > 0 {
		fmt.Fprintln(out, "  "+strings.Join(header, "\t"))
	}
	for _, row := range rows {
		fmt.Fprintln(out, "  "+strings.Join(row, "\t"))
	}
	_ = out.Flush()
}

// section prints a heading.
func section(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "\n"+format+"\n", args...)
}

// more says how many rows a shortened list leaves out.
func more(w io.Writer, all, shown int, where string) {
	if all > shown {
		fmt.Fprintf(w, "  ... and %d more: %s\n", all-shown, where)
	}
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// check marks a sum.
func check(ok bool) string {
	if ok {
		return "holds"
	}
	return "DOES NOT HOLD"
}

// defectSite is the function of ours nearest to a panic, without arguments or
// paths.
func defectSite(stack []byte) string {
	for _, line := range strings.Split(string(stack), "\n") {
		if name, ok := strings.CutPrefix(line, "github.com/mlpsync/mlpsync/"); ok && !strings.HasPrefix(name, "internal/cli.Run") {
			name, _, _ = strings.Cut(name, "(0x")
			return strings.TrimSuffix(name, "(...)")
		}
	}
	return "unknown place"
}
