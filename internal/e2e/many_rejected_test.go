package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A value that the vendor writes otherwise all through an export holds everybody of whom a row is rejected. That is said to IT in one line, and to
// caseworkers in as many as there are rows, and nothing is ended.
func TestAValueThatIsWrongAllThrough(t *testing.T) {
	w := newWorld(t)
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	w.drop(files)
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	// VDAB's 78 come a moment after what they follow from, and are answered: not while effects are counted.
	if err := w.mock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if r := w.run("once"); r.code != 0 {
		t.Fatal(clipped(r.String()))
	}
	before := len(w.mock.Effects())
	w.drop(map[string][]byte{"contracten" + tomorrow: bytes.ReplaceAll(files["contracten"+tonight], []byte(";Voltijds;"), []byte(";VT;"))})
	r := w.run("once")
	said := strings.Join(strings.Fields(r.stdout), " ")
	for _, want := range []string{"file column rows first reason", "contracten" + tomorrow + " Regime", "NOTE contracten" + tomorrow, "compare the export with the column profile"} {
		if !strings.Contains(said, want) {
			t.Errorf("once does not say %q:\n%s", want, clipped(r.stdout))
		}
	}
	if !strings.Contains(r.stderr, "file.manyRejected") {
		t.Errorf("the log does not say it:\n%s", clipped(r.stderr))
	}
	if status := w.run("status"); !strings.Contains(status.stdout, "warn: contracten"+tomorrow) {
		t.Errorf("status does not say it:\n%s", clipped(status.stdout))
	}
	reports, err := filepath.Glob(filepath.Join(w.path("reports"), "afgekeurd-*.csv"))
	if err != nil || len(reports) == 0 {
		t.Fatal(reports, err)
	}
	text, err := os.ReadFile(reports[len(reports)-1])
	if err != nil {
		t.Fatal(err)
	}
	if wrong, listed := bytes.Count(files["contracten"+tonight], []byte(";Voltijds;")), bytes.Count(text, []byte("contracten"+tomorrow)); listed < wrong {
		t.Errorf("%d rows are listed of %d", listed, wrong)
	}
	if more := w.mock.Effects()[before:]; len(more) > 0 {
		t.Errorf("%d effects more: %+v\n%s", len(more), more, clipped(r.String()))
	}
}
