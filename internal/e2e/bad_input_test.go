package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// badFile is what lies in the drop folder as tomorrow's clients file, beside intakes that
// are as they should be.
type badFile struct {
	name string
	// put makes the file of the good content.
	put  func(t *testing.T, path string, good []byte)
	says []string // in the log
	// hides is what no log, summary or status may say.
	hides string
	// works: the file is taken; rejected is how many of its rows are not.
	works    bool
	rejected int
}

func content(change func(good []byte) []byte) func(*testing.T, string, []byte) {
	return func(t *testing.T, path string, good []byte) {
		t.Helper()
		if err := os.WriteFile(path, change(good), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// replace changes the first one only, and must find it.
func replace(old, by string) func(good []byte) []byte {
	return func(good []byte) []byte {
		if !bytes.Contains(good, windows1252(old)) {
			return nil
		}
		return bytes.Replace(good, windows1252(old), windows1252(by), 1)
	}
}

// skip leaves a case out where the machine can't have it; in CI nothing is left out.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func sparse(t *testing.T, path string, _ []byte) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2<<30); err != nil {
		skip(t, "the file system takes no file of 2 GB: %v", err)
	}
}

func unreadable(t *testing.T, path string, good []byte) {
	t.Helper()
	if err := os.WriteFile(path, good, 0o000); err != nil {
		t.Fatal(err)
	}
}

func badFiles() []badFile {
	utf16 := func(good []byte) []byte {
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(fromWindows1252(good)))
		if err != nil {
			return nil
		}
		return out
	}
	directory := func(t *testing.T, path string, _ []byte) {
		t.Helper()
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, path string, _ []byte) {
		t.Helper()
		if err := os.Symlink("/nowhere", path); err != nil {
			skip(t, "no symbolic links here: %v", err)
		}
	}
	zeros := func([]byte) []byte { return make([]byte, 1<<20) }
	picture := func([]byte) []byte {
		return append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 5000)...)
	}
	return []badFile{
		{name: "empty", put: content(func([]byte) []byte { return nil }), says: []string{"file.unsettled", "clienten_20260316.csv", "empty"}},
		{name: "a directory", put: directory, says: []string{"is a directory", "Put the file itself into the drop folder"}},
		{name: "a link", put: link, says: []string{"is a symbolic link"}},
		{name: "2 GB of zeros", put: sparse, says: []string{"larger than", "Check that this is the right file"}},
		{name: "zeros", put: content(zeros), says: []string{"file.unsettled", "file.binary"}},
		{name: "binary", put: content(picture), says: []string{"file.unsettled", "file.binary"}},
		{name: "a missing column", put: content(replace(";INSZ;", ";Iets anders;")), says: []string{"file.quarantined", "file.column", "INSZ"}},
		{
			name: "no header line, and a first name that is near a column's", put: content(headless), hides: "Liam",
			says: []string{"file.quarantined", "file.column", "does not look like a header line"},
		},
		{name: "a doubled header", put: content(replace(";Burgerlijke staat;", ";Naam;")), says: []string{"file.quarantined", "file.header.doubled", "Naam"}},
		{name: "a totals line that counts other rows", put: content(replace("Totaal aantal rijen;5", "Totaal aantal rijen;6")), says: []string{"file.quarantined", "file.totals"}},
		{name: "unreadable", put: unreadable, says: []string{"permission denied", "right to read the file"}},
		{name: "a row with too many fields", put: content(replace(";Beekkant 66;", ";Beek;kant 66;")), works: true, rejected: 1},
		{name: "UTF-16", put: content(utf16), works: true},
	}
}

// headless is the file from its first row on, of a person with another first name.
func headless(good []byte) []byte {
	_, data := rows(good)
	return append([]byte("Z10999;67.69.21-545.66;Steen;Liam;01/02/1967;Beekkant 6\r\n"), bytes.Join(data, nil)...)
}

func TestBadFiles(t *testing.T) {
	for _, tt := range badFiles() {
		if tt.name == "unreadable" && os.Geteuid() == 0 {
			continue // the superuser may read everything: TestProcesses tries it as nobody
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it often waits
			testBadFile(t, tt)
		})
	}
}

const lateComer = "Z10845" // an intake of tomorrow

func testBadFile(t *testing.T, tt badFile) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	if r := w.run("once", "--json"); r.code != 0 {
		t.Fatalf("the good files: %s", clipped(r.String()))
	}
	before := len(w.mock.Effects())
	good := only(t, few()...)["clienten"+tonight]
	w.drop(map[string][]byte{"instroom" + tomorrow: only(t, newcomer, lateComer)["instroom"+tonight]})
	tt.put(t, filepath.Join(w.path("in"), "clienten"+tomorrow), good)

	r := w.run("once", "--json", "--wait", "2s")
	if (r.code == 0) != tt.works || r.code > 1 {
		t.Errorf("exit status %d: %s", r.code, clipped(r.String()))
	}
	for _, text := range tt.says {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("the log does not say %q:\n%s", text, clipped(r.stderr))
		}
	}
	if said := r.String() + w.run("status").String(); tt.hides != "" && strings.Contains(said, tt.hides) {
		t.Errorf("what only the file may say shows in the log, the summary or status:\n%s", clipped(said))
	}
	s := decode[app.Summary](t, r)
	taken := slices.IndexFunc(s.Files, func(f ledger.FileBalance) bool { return f.Name == "clienten"+tomorrow })
	if (taken >= 0) != tt.works {
		t.Errorf("taken: %t, want %t: %+v", taken >= 0, tt.works, s.Files)
	}
	if tt.works && taken >= 0 {
		f := s.Files[taken]
		if f.Rows != 5 || f.Rejected != tt.rejected || f.Unchanged != 5-tt.rejected || s.Clients.Held != tt.rejected {
			t.Errorf("%+v, %d clients held", f, s.Clients.Held)
		}
	}
	// Every other record was processed: the intake has a dossier with 05 now.
	if after := len(w.mock.Effects()); after != before+2 {
		t.Errorf("%d effects after the late comer, %d before; want a dossier and a category more", after, before)
	}
	numbers, dossiers := persons(t), ours(w.mock.State())
	if e := entriesOf(dossiers[numbers[lateComer]]); len(e) != 1 || !strings.HasPrefix(e[0], "05 ") {
		t.Errorf("the late comer in MLP: %v", e)
	}
	// The others are as they were: nobody was ended because of a bad file.
	if e := entriesOf(dossiers[numbers[starter]]); len(e) != 3 {
		t.Errorf("client %s in MLP: %v", starter, e)
	}
	if s.AllRead() != tt.works || !tt.works && len(s.Notes)+len(s.Unsettled) == 0 {
		t.Errorf("the summary does not speak of the file: %s", clipped(r.stdout))
	}
}

// A configuration whose state directory can't be made, and a drop folder that is gone.
func TestBadFolders(t *testing.T) {
	w := newWorld(t)
	w.drop(only(t, few()...))
	if err := os.Rename(w.path("in"), w.path("elsewhere")); err != nil {
		t.Fatal(err)
	}
	r := w.run("once", "--json", "--wait", "1s")
	if r.code != 1 || !strings.Contains(r.stderr, "the drop folder can't be read") {
		t.Errorf("without a drop folder: %s", r)
	}
	if err := os.Rename(w.path("elsewhere"), w.path("in")); err != nil {
		t.Fatal(err)
	}
	if r := w.run("once", "--json"); r.code != 0 || decode[app.Summary](t, r).Entries.Settled == 0 {
		t.Errorf("with the drop folder back: %s", clipped(r.String()))
	}
	w.write("blocked", []byte("a file, where a folder should be"))
	conf, err := os.ReadFile(w.path("mlpsync.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("mlpsync.yaml", bytes.Replace(conf, []byte("stateDir: state"), []byte("stateDir: blocked"), 1))
	if r := w.run("once"); r.code != 3 || r.stderr == "" {
		t.Errorf("a state directory that can't be made: %s", r)
	}
	if !strings.Contains(fmt.Sprint(string(conf)), "stateDir: state") {
		t.Error("the configuration has no stateDir to break")
	}
}
