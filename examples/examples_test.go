package examples_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/delimited"
	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/mockmlp"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// fileRows is what the profile makes of one file.
type fileRows struct {
	report adapters.FileReport
	rows   []adapters.Row
}

func readAll(t *testing.T) map[string]fileRows {
	t.Helper()
	profile, err := adapters.LoadProfile(examples.Profile())
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(examples.Export(), "*")
	if err != nil || len(names) != len(profile.Feeds) {
		t.Fatalf("%d files for %d feeds (%v)", len(names), len(profile.Feeds), err)
	}
	read := map[string]fileRows{}
	for _, name := range names {
		i := slices.IndexFunc(profile.Feeds, func(f *adapters.Feed) bool { _, _, ok := f.Match(name); return ok })
		if i < 0 {
			t.Fatalf("%s belongs to no feed", name)
		}
		read[profile.Feeds[i].Name] = readFile(t, name, profile.Feeds[i])
	}
	return read
}

func readFile(t *testing.T, name string, feed *adapters.Feed) fileRows {
	t.Helper()
	var f fileRows
	in := adapters.Input{Name: name, Size: -1, Open: func() (io.ReadCloser, error) { return examples.Export().Open(name) }}
	report, err := delimited.New(adapters.Limits{}).Read(context.Background(), in, feed, func(r adapters.Row) error {
		f.rows = append(f.rows, r)
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	f.report = report
	return f
}

// Each file is read whole, as Windows-1252; its totals line agrees, or reading fails.
func TestTheProfileReadsEveryFile(t *testing.T) {
	type counts struct {
		Encoding, Separator       string
		Rejected, Skipped, Totals int
		Unknown                   []string
	}
	got := map[string]counts{}
	for feed, f := range readAll(t) {
		r := f.report
		got[feed] = counts{r.Encoding, r.Separator, r.Rejected, r.Skipped, r.TotalsLines, r.UnknownColumns}
		if len(r.MissingColumns) > 0 {
			t.Errorf("%s lacks %v", feed, r.MissingColumns)
		}
	}
	want := map[string]counts{
		"clients":     {"windows-1252", ";", 3, 3, 1, []string{"Burgerlijke staat", "Leefloonbedrag", "Laatste contact"}},
		"intakes":     {"windows-1252", ";", 0, 0, 1, []string{"Aangemeld op"}},
		"tracks":      {"windows-1252", ";", 2, 0, 1, []string{"Subsidie per maand"}},
		"contracts":   {"windows-1252", ";", 1, 0, 1, []string{"Werkgever"}},
		"evaluations": {"windows-1252", ";", 2, 0, 1, []string{"Commentaar"}},
		"handovers":   {"windows-1252", ";", 0, 0, 1, nil},
		"placements":  {"windows-1252", ";", 0, 0, 1, []string{"Werkplek"}},
		"trainings":   {"windows-1252", ";", 0, 0, 1, []string{"Verstrekker"}},
		"competences": {"windows-1252", ";", 0, 0, 1, []string{"Gescoord door"}},
		"documents":   {"windows-1252", ";", 0, 0, 1, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The rows that reading alone rejects, each for the reason that it was made for.
func TestBadRowsAreBadInTheirOwnWay(t *testing.T) {
	got := map[string][]string{}
	for feed, f := range readAll(t) {
		for _, r := range f.rows {
			for _, p := range r.Problems {
				got[feed] = append(got[feed], p.Rule+" "+p.Column)
			}
		}
	}
	for _, problems := range got {
		slices.Sort(problems)
	}
	want := map[string][]string{
		"clients":     {"cell.date Geboortedatum", "cell.encoding Voornaam", "row.fields "},
		"tracks":      {"cell.code Soort traject", "row.fields "},
		"contracts":   {"cell.decimal Uren per week"},
		"evaluations": {"cell.boolean Competenties gescoord", "row.quote "},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// INSZ stand with dots in one file and as numbers without their zeros in another; all
// but the spoilt ones are TST numbers of one person each.
func TestINSZ(t *testing.T) {
	var bad, restored int
	owner := map[ident.INSZ]string{}
	files := readAll(t)
	for _, feed := range []string{"clients", "intakes"} {
		for _, row := range files[feed].rows {
			for _, r := range row.Records {
				text, _ := r.Fields["insz"].(string)
				number, _ := r.Fields[adapters.ClientNumber].(string)
				reading, err := ident.ParseINSZ(text)
				if err != nil {
					bad++
					continue
				}
				if (reading.RestoredZeros > 0) && feed == "clients" || strings.Contains(text, ".") == (feed == "intakes") {
					t.Errorf("%s: client %s has an INSZ in the other file's form", feed, number)
				}
				if other, twice := owner[reading.INSZ]; !reading.INSZ.IsTest() || twice && other != number {
					t.Errorf("%s: the INSZ of client %s is no test person's, or another client's too", feed, number)
				}
				owner[reading.INSZ] = number
				if reading.RestoredZeros > 0 {
					restored++
				}
			}
		}
	}
	if bad != 3 || restored < 5 {
		t.Errorf("%d unreadable INSZ, want 3 (check digits, missing, as a float); %d with zeros restored, want 5 or more", bad, restored)
	}
}

func TestEveryTraitIsThere(t *testing.T) {
	raw := func(feed string) []byte {
		b, err := fs.ReadFile(examples.Export(), feed+"_20260315.csv")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for feed, traits := range map[string][]string{
		"clienten":   {`;"[^";\r]*\n[^"]*"`, `\x81`, `\d\.\d{3},\d\d`, `;\d\d\.\d\d\.\d\d-\d{3}\.\d\d;`, `\d\d/\d\d/\d{4}`},
		"trajecten":  {`""ik wil vooruit""`, `\n\(op tijd`, `\x96`},
		"contracten": {`Art\. 60\xa77`, `;19,50;`},
	} {
		text := raw(feed)
		if utf8.Valid(text) {
			t.Errorf("%s is valid UTF-8", feed)
		}
		for _, trait := range traits {
			// One byte a rune, so that a pattern names bytes.
			latin := make([]rune, len(text))
			for i, b := range text {
				latin[i] = rune(b)
			}
			if !regexp.MustCompile(trait).MatchString(string(latin)) {
				t.Errorf("%s lacks %s", feed, trait)
			}
		}
	}
}

func TestEverySecondNameHasAnAccent(t *testing.T) {
	all, accented := 0, 0
	for _, feed := range []string{"clients", "intakes"} {
		for _, row := range readAll(t)[feed].rows {
			for _, r := range row.Records {
				last, _ := r.Fields["lastName"].(string)
				first, _ := r.Fields["firstName"].(string)
				all++
				if name := last + first; len(name) != utf8.RuneCountInString(name) {
					accented++
				}
			}
		}
	}
	if all < 250 || accented*100 < all*45 {
		t.Errorf("%d of %d names have an accent", accented, all)
	}
}

func expected(t *testing.T, name string) [][]string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma = ';'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines[1:]
}

// expected.csv speaks of every client that the export names, and of no other.
func TestExpectedCoversEveryClient(t *testing.T) {
	exported, lines := map[string]bool{}, map[string]bool{}
	for _, f := range readAll(t) {
		for _, r := range f.rows {
			if !r.Skipped && r.Client != "" {
				exported[r.Client] = true
			}
		}
	}
	for _, line := range expected(t, "expected.csv") {
		lines[line[0]] = true
	}
	if diff := cmp.Diff(exported, lines); diff != "" {
		t.Errorf("-in the export +in expected.csv:\n%s", diff)
	}
	if len(lines) < 250 {
		t.Errorf("%d clients, want 250 or more", len(lines))
	}
}

func TestEveryCategoryRuleIsExpected(t *testing.T) {
	seen, outcomes := map[string]bool{}, map[string]int{}
	for _, line := range expected(t, "expected.csv") {
		seen[line[4]] = true
		outcomes[line[5]]++
		if line[5] == "holds" && line[2] > examples.Today() || line[5] == "planned" && line[2] <= examples.Today() {
			t.Errorf("client %s: %s from %s is %s", line[0], line[1], line[2], line[5])
		}
	}
	for _, rule := range strings.Fields("CAT-01 CAT-02 CAT-03 CAT-04 CAT-05 CAT-06 CAT-07 CAT-08 CAT-09 CAT-10 CAT-11 CAT-12 CAT-13") {
		if !seen[rule] {
			t.Errorf("no line has rule %s", rule)
		}
	}
	if outcomes["held"] != 17 {
		t.Errorf("%d clients are held for data, the README says 17", outcomes["held"])
	}
	sent := 0
	for _, line := range expected(t, "expected-handovers.csv") {
		if line[4] == "sent" {
			sent++
		}
	}
	if sent != 9 {
		t.Errorf("%d handovers are sent, want 9", sent)
	}
}

// Every field that the rules read has a column in the profile, and a value somewhere in
// the sample: what nobody fills in, nobody tries.
func TestEveryFieldIsMappedAndFilled(t *testing.T) {
	filled := map[string]bool{}
	for _, f := range readAll(t) {
		for _, row := range f.rows {
			for _, r := range row.Records {
				for field, value := range r.Fields {
					filled[r.Kind+"."+field] = filled[r.Kind+"."+field] || value != nil && value != ""
				}
			}
		}
	}
	for _, kind := range casefile.RecordKinds() {
		document, err := ocmw.Document(string(kind))
		if err != nil {
			t.Fatal(err)
		}
		var schema struct{ Properties map[string]any }
		if err := json.Unmarshal(document, &schema); err != nil || len(schema.Properties) == 0 {
			t.Fatalf("schema of %s: %v", kind, err)
		}
		for field := range schema.Properties {
			if !filled[string(kind)+"."+field] {
				t.Errorf("no row of the sample fills in %s of a %s", field, kind)
			}
		}
	}
}

// Every document that is to be sent lies in the folder, and is a PDF; the one of which
// the file is missing doesn't; and nothing lies there that no row names.
func TestDocuments(t *testing.T) {
	missing, named := 0, map[string]bool{}
	for _, row := range readAll(t)["documents"].rows {
		path, _ := row.Records[0].Fields["file"].(string)
		named[path] = true
		content, err := fs.ReadFile(examples.Documents(), path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case err != nil:
			t.Error(err)
		case !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.HasSuffix(content, []byte("%%EOF\n")):
			t.Errorf("%s is no PDF", path)
		}
	}
	if missing != 1 {
		t.Errorf("%d documents lack their file, want 1", missing)
	}
	err := fs.WalkDir(examples.Documents(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !named[path] {
			t.Errorf("no row names %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Each instrument and limit that the rules of TWE and GLOW know is in the sample.
func TestEveryInstrumentIsExpected(t *testing.T) {
	sent, stopped := map[string]int{}, map[string]int{}
	for _, line := range expected(t, "expected-registrations.csv") {
		if line[5] == "sent" {
			sent[line[1]+" "+line[2]]++
		} else {
			stopped[line[1]+" "+line[4]]++
		}
	}
	for _, want := range []string{"placement BVS", "placement WES", "placement WES gemeenschapsdienst", "placement IBO", "note trainingReference", "note finalAdvice",
		"document developmentPlan", "document internshipPlan", "document interimReport", "document finalReport", "competence Samenwerken"} {
		if sent[want] == 0 {
			t.Errorf("no %s is sent", want)
		}
	}
	if stopped["placement TWE-04"] != 2 || stopped["note TWE-11"] != 1 || stopped["note TWE-10"] != 1 || stopped["document "] != 1 {
		t.Errorf("stopped: %v", stopped)
	}
	rules := map[string]bool{}
	for _, line := range expected(t, "expected.csv") {
		rules[line[4]] = true
	}
	for _, rule := range strings.Fields("TWE-04 TWE-05 TWE-10 TWE-11 TWE-12 TWE-16 TWE-17 GLOW-07") {
		if !rules[rule] {
			t.Errorf("no line has rule %s", rule)
		}
	}
}

// The mock takes the scenario, and the demo's clocks agree with it.
func TestTheMockTakesTheScenario(t *testing.T) {
	scenario, err := mockmlp.ParseScenario(examples.Scenario())
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockmlp.New(mockmlp.Options{Scenario: scenario, Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Close(); err != nil {
		t.Error(err)
	}
	if want, err := time.Parse(time.RFC3339, scenario.Clock); err != nil || !want.Equal(examples.Start()) {
		t.Errorf("the scenario begins at %s, the demo at %s", scenario.Clock, examples.Start())
	}
	if _, err := ident.ParseKBO(examples.KBO); err != nil {
		t.Error(err)
	}
	client := scenario.Clients[0]
	if client.KBONumber != examples.KBO || client.NISCodes[0] != examples.NIS || client.Name != examples.Name {
		t.Errorf("%s of the scenario is another OCMW", path.Join(client.KBONumber, client.NISCodes[0]))
	}
}
