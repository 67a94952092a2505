package e2e_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/cli"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// demoEffects are the effects in the state that a demo's mock left in its folder.
func demoEffects(t *testing.T, dir string) []mockmlp.Effect {
	t.Helper()
	scenario, err := sampleScenario()
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockmlp.New(mockmlp.Options{StateDir: filepath.Join(dir, "mock"), Scenario: scenario, Seed: 1, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	effects := mock.Effects()
	if err := mock.Close(); err != nil {
		t.Fatal(err)
	}
	return effects
}

// interrupting cancels once a line comes by, as a person presses Ctrl-C.
type interrupting struct {
	bytes.Buffer
	at     string
	cancel context.CancelFunc
}

func (w *interrupting) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.at) {
		w.cancel()
	}
	return n, err
}

// After Ctrl-C a demo in a folder that it keeps says where everything is and how to go on; so it does when it had not settled yet.
func TestDemoThatIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	again := "go run ./cmd/mlpsync demo --dir " + dir
	for _, tc := range []struct {
		at   string
		code int
		want []string
	}{
		{"working ...", 3, []string{"mlpsync: interrupted before everything had settled", "hint: everything so far stays in " + dir + "; go on from there: " + again}},
		{"Ctrl-C stops.", 0, []string{"Stopped. Everything stays in " + dir + ":", again + "\n", "status -c " + filepath.Join(dir, "mlpsync.yaml") + "\n"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), commandTime)
		out := &interrupting{at: tc.at, cancel: cancel}
		var errs bytes.Buffer
		code := cli.Run(ctx, []string{"demo", "--dir", dir, "--log-level", "error"}, func(string) string { return "" }, strings.NewReader(""), out, &errs)
		if code != tc.code || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("%q: exit %d, want %d (%v)", tc.at, code, tc.code, ctx.Err())
		}
		for _, want := range tc.want {
			if text := out.String() + errs.String(); !strings.Contains(text, want) {
				t.Errorf("%q: does not say %q:\n%s", tc.at, want, text[max(0, len(text)-600):])
			}
		}
		cancel()
	}
}

// summaryKeys are those of design section 7; further ones may be added.
const summaryKeys = `day environment files clients categories registrations handovers entries requests rejectedRows manualDecisions deadlines durationMs`

// The demo, with its summary as JSON; started again on the same folder, it sends nothing
// and reports in words. All of it at trace level: the canary has a look at what was said and
// at what lies on the disk.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	first := mlpsync(t, "demo", "--once", "--json", "--dir", dir, "--log-level", "trace")
	if first.code != 0 {
		t.Errorf("the demo left something to do: %s", clipped(first.String()))
	}
	keys := decode[map[string]json.RawMessage](t, first)
	for _, key := range strings.Fields(summaryKeys) {
		if _, there := keys[key]; !there {
			t.Errorf("the summary lacks %q", key)
		}
	}
	checkDemo(t, decode[app.Summary](t, first))
	if !strings.Contains(first.stderr, `"level":"debug"`) || strings.Count(first.stderr, "\n") < 1000 {
		t.Errorf("the log at trace level has %d lines: the canary has nothing to sing of", strings.Count(first.stderr, "\n"))
	}

	before := demoEffects(t, dir)
	if len(before) < 100 {
		t.Fatalf("only %d effects", len(before))
	}
	second := mlpsync(t, "demo", "--once", "--dir", dir, "--log-level", "trace")
	if second.code != 0 {
		t.Errorf("started again on the same folder: %s", clipped(second.String()))
	}
	if after := demoEffects(t, dir); len(after) != len(before) {
		t.Errorf("%d effects became %d when the demo was started again", len(before), len(after))
	}
	checkReport(t, second.stdout, dir)

	c := newCanary(t)
	c.proveEyesight(dir)
	for where, text := range map[string]string{
		"the summary": first.stdout, "the log": first.stderr, "the report": second.stdout, "the second log": second.stderr,
	} {
		c.search(where, []byte(text), 5)
	}
	c.searchFolder(dir)
}

func checkReport(t *testing.T, report, dir string) {
	t.Helper()
	for _, heading := range []string{
		"There is no public MLP API", "FILES", "no new files", "CLIENTS", "CATEGORIES IN MLP", "SENT TO MLP   0 entries settled", "REJECTED ROWS",
		"MANUAL DECISIONS", "DEADLINES", "WHERE TO LOOK NEXT", "werkzoekende ten laste van het OCMW", "clienten_20260315.csv",
		filepath.Join(dir, "reports"),
	} {
		if !strings.Contains(report, heading) {
			t.Errorf("the report lacks %q:\n%s", heading, clipped(report))
		}
	}
	if strings.Contains(report, "DOES NOT HOLD") {
		t.Error("the report speaks of a balance that does not hold")
	}
}

func checkDemo(t *testing.T, s app.Summary) {
	t.Helper()
	if string(s.Day) != examples.Today() || s.Environment != "test" {
		t.Errorf("day %s, environment %s", s.Day, s.Environment)
	}
	rows := 0
	for _, f := range s.Files {
		rows += f.Rows
		if !f.Holds() {
			t.Errorf("the balance of %s does not hold: %+v", f.Name, f)
		}
	}
	if len(s.Files) != 10 || rows < 600 {
		t.Errorf("%d files with %d rows", len(s.Files), rows)
	}
	numbers, err := clientNumbers()
	if err != nil {
		t.Fatal(err)
	}
	if !s.Clients.Holds() || s.Clients.Decided != len(numbers) || s.Clients.Held != 17 || s.Clients.Planned == 0 || s.Clients.Manual == 0 {
		t.Errorf("clients %+v, want %d with 17 held", s.Clients, len(numbers))
	}
	for _, code := range []string{"05", "00", "78", "90", "93"} {
		if s.Categories[code].After == 0 {
			t.Errorf("nobody has category %s afterwards: %+v", code, s.Categories)
		}
	}
	if e := s.Entries; e.Settled == 0 || e.Waiting+e.Parked+e.InDoubt > 0 {
		t.Errorf("entries %+v: all should have settled", e)
	}
	if len(s.Sent) < 5 || s.Handovers["GLOW"] == 0 || s.Requests == 0 || s.DurationMS == 0 {
		t.Errorf("sent %v and %v in %d requests, %d ms", s.Sent, s.Handovers, s.Requests, s.DurationMS)
	}
	rejected := map[string]bool{}
	for _, r := range s.Rejected {
		rejected[r.File+canonical(r.Row)] = true
		if r.File == "" || r.Row == 0 || r.Reason == "" || r.Next == "" {
			t.Errorf("a rejected row says too little: %+v", r)
		}
	}
	if len(rejected) != 19 {
		t.Errorf("%d rows rejected, want 19", len(rejected))
	}
	for _, m := range s.Manual {
		if m.Client == "" || m.Reason == "" {
			t.Errorf("a manual decision says too little: %+v", m)
		}
	}
	if len(s.Manual) < 30 || len(s.Deadlines) == 0 {
		t.Errorf("%d manual decisions, %d deadlines", len(s.Manual), len(s.Deadlines))
	}
}

// canary looks for personal data.
type canary struct {
	t       *testing.T
	needles map[string]string // text -> what it is
}

// newCanary collects what is personal in the sample: social security numbers as exported and
// in plain digits, names, addresses, free text.
func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{t: t, needles: map[string]string{}}
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{
		"INSZ": "INSZ", "Rijksregisternr": "INSZ", "Naam": "name", "Familienaam": "name", "Voornaam": "name", "Roepnaam": "name",
		"Straat en nummer": "address", "Adres": "address", "Motivatie": "free text", "Nota": "free text", "Commentaar": "free text",
		"Reden beslissing": "free text", "Eindadvies": "free text", "Opleiding": "free text", "Bestand": "document",
	}
	for name, content := range files {
		header, data := rows(content)
		heads := strings.Split(strings.TrimSpace(fromWindows1252(header)), ";")
		for _, row := range data {
			r := csv.NewReader(strings.NewReader(fromWindows1252(row)))
			r.Comma, r.LazyQuotes, r.FieldsPerRecord = ';', true, -1
			cells, err := r.Read()
			if err != nil {
				continue
			}
			for i, cell := range cells {
				if i < len(heads) && columns[heads[i]] != "" {
					c.add(columns[heads[i]], cell)
				}
			}
		}
		if len(data) == 0 {
			t.Fatalf("%s has no rows", name)
		}
	}
	kinds := map[string]int{}
	for _, kind := range c.needles {
		kinds[kind]++
	}
	if kinds["INSZ"] < 500 || kinds["name"] < 50 || kinds["address"] < 100 || kinds["free text"] < 5 {
		t.Fatalf("too little to look for: %v", kinds)
	}
	return c
}

func (c *canary) add(kind, cell string) {
	if kind == "INSZ" {
		digits := strings.NewReplacer(".", "", "-", "").Replace(cell)
		if len(digits) < 9 || strings.Trim(digits, "0123456789") != "" {
			return
		}
		c.needles[digits] = kind
		full := strings.Repeat("0", max(0, 11-len(digits))) + digits
		c.needles[full] = kind
		c.needles[full[:2]+"."+full[2:4]+"."+full[4:6]+"-"+full[6:9]+"."+full[9:]] = kind
		return
	}
	for _, line := range strings.Split(cell, "\n") {
		line = strings.TrimSpace(line)
		// Names of four letters and less are words too; free text is told by its length.
		if kind == "name" && len([]rune(line)) > 4 || kind != "name" && len(line) > 7 {
			c.needles[line] = kind
		}
	}
}

// search looks in text for what is at least shortest bytes long, in UTF-8 and as the
// export writes it.
func (c *canary) search(where string, text []byte, shortest int) {
	c.t.Helper()
	for _, kind := range c.found(text, shortest) {
		c.t.Errorf("%s holds personal data (%s)", where, kind)
	}
}

// found names the kinds, with a word of where each stands; a test of synthetic people
// may show what it found.
func (c *canary) found(text []byte, shortest int) []string {
	var out []string
	for needle, kind := range c.needles {
		if len(needle) < shortest {
			continue
		}
		if bytes.Contains(text, []byte(needle)) || bytes.Contains(text, windows1252(needle)) {
			out = append(out, kind+": "+needle)
		}
	}
	slices.Sort(out)
	return out
}

// searchFolder looks at every name below dir, and into every file but the municipality's
// own (drop folder, documents, copy of the sample, reports) and the mock's state.
func (c *canary) searchFolder(dir string) {
	c.t.Helper()
	size, looked := 0, map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		if top == "documents" {
			return nil // the municipality's own names
		}
		c.search("a file name", []byte(name), 5)
		if entry.IsDir() || slices.Contains([]string{"in", "sample", "reports", "mock"}, top) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += len(content)
		looked[filepath.Base(path)] = true
		// Shorter ones stand in megabytes of sealed bytes by chance.
		c.search(name, content, 7)
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	sealed := slices.ContainsFunc(slices.Collect(maps.Keys(looked)), regexp.MustCompile(`\.sealed$`).MatchString)
	if !looked["ledger.db"] || !sealed || size < 500_000 {
		c.t.Errorf("looked at %d bytes in %d files: where are the ledger and the claimed files?", size, len(looked))
	}
}

// proveEyesight finds the needles where they are allowed to be: a canary that can't see
// proves nothing.
func (c *canary) proveEyesight(dir string) {
	c.t.Helper()
	sample, err := os.ReadFile(filepath.Join(dir, "sample", "clienten"+tonight))
	if err != nil {
		c.t.Fatal(err)
	}
	if n := len(c.found(sample, 5)); n < 300 {
		c.t.Errorf("found only %d needles in the sample itself", n)
	}
	var mock []byte
	err = filepath.WalkDir(filepath.Join(dir, "mock"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		mock = append(mock, content...)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if n := len(c.found(mock, 5)); n < 100 {
		c.t.Errorf("found only %d needles in the mock's state", n)
	}
}
