// Command gen writes the sample export of a fictional OCMW, what the mock of MLP
// holds before it arrives, and what MLP is to hold after it, into examples/.
//
// It guarantees the same bytes on every run, on every machine (fixed seed, own
// random numbers, no clock). All people are synthetic: their INSZ are TST numbers
// (month digits 61-72), which no register gives out; the OCMW, its KBO and its
// NIS code don't exist.
//
// The expectations are written by hand beside the rows they follow from, each with
// the rule of the domain that it follows from. So this program imports nothing of
// mapping: a test that compares the two would prove nothing otherwise.
//
// No vendor publishes its export: files, headings and code lists are assumptions,
// made to hold the traits that such files are known to have.
//
//	go run ./examples/gen            # rewrites examples/
//	go run ./examples/gen -check     # says whether examples/ is fresh
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	dir := flag.String("dir", "examples", "folder to write to")
	check := flag.Bool("check", false, "write nothing; fail when a file differs")
	flag.Parse()
	if err := run(*dir, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool, out io.Writer) error {
	files, err := generate()
	if err != nil {
		return err
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return fmt.Errorf("read the README whose table is rewritten: %w", err)
	}
	if files["README.md"], err = withTable(readme); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := write(filepath.Join(dir, filepath.FromSlash(name)), files[name], check); err != nil {
			return err
		}
	}
	if !check {
		fmt.Fprintf(out, "wrote %d files to %s\n", len(files), dir)
	}
	return nil
}

func write(path string, content []byte, check bool) error {
	if check {
		old, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the committed file: %w", err)
		}
		if !bytes.Equal(old, content) {
			return fmt.Errorf("%s is not fresh: run go run ./examples/gen", path)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	return os.WriteFile(path, content, 0o644)
}

// generate makes every file, by its path below examples/, but the README.
func generate() (map[string][]byte, error) {
	w, err := build()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"today":                  []byte(string(today) + "\n"),
		"expected.csv":           w.expectedCSV(),
		"expected-handovers.csv": w.expectedHandoversCSV(),

		"expected-registrations.csv": w.expectedRegistrationsCSV(),
		"scenario.yaml":              w.scenarioYAML(),
	}
	for name, content := range w.documents {
		files["documents/"+name] = content
	}
	for _, t := range w.tables.all() {
		content, err := t.encode()
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", t.name, err)
		}
		files["export/"+t.name] = content
	}
	return files, nil
}

// build runs every archetype, in order.
func build() (*world, error) {
	w := newWorld()
	for _, a := range archetypes() {
		for i := range a.count {
			a.make(w, a.name, i)
		}
	}
	if len(w.numbers) > 0 {
		return nil, fmt.Errorf("population is %d, archetypes make %d clients", population, population-len(w.numbers))
	}
	w.finish()
	return w, nil
}
