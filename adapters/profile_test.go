package adapters

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const smallProfile = `
profile: small # a comment
feeds:
  - name: clients
    files: ["clients.csv"]
    records:
      - kind: client
        key: [clientNumber]
        fields:
          clientNumber: {column: Nr}
`

func TestProfileDefaults(t *testing.T) {
	p, err := LoadProfile([]byte(smallProfile))
	if err != nil {
		t.Fatal(err)
	}
	f := p.Feeds[0]
	if p.Bind != BindLatest || p.Wait != 2*time.Hour || f.Format != "delimited" || !f.Required || f.Delta ||
		f.Encoding != "auto" || f.Separator != "auto" || f.ExpectEvery != 0 {
		t.Errorf("defaults are %+v, %+v", p, f)
	}
}

func TestVersionIsOfTheContent(t *testing.T) {
	version := func(text string) string {
		p, err := LoadProfile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p.Version()
	}
	base := version(smallProfile)
	if version(strings.ReplaceAll(smallProfile, "# a comment", "")) != base {
		t.Error("a comment changes the version")
	}
	if version(strings.ReplaceAll(smallProfile, "column: Nr", "column: Nummer")) == base {
		t.Error("another column doesn't change the version")
	}
}

func TestProfileSaysAllThatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"unknown keys, all of them", `
profile: x
sett: {}
feeds:
  - name: a
    files: [a]
    seperator: ";"
    records:
      - kind: client
        key: [clientNumber]
        fields:
          clientNumber: {colum: Nr}
`, []string{
			`line 3: sett: unknown key (did you mean "set"?)`,
			`line 7: feeds[0].seperator: unknown key (did you mean "separator"?)`,
			`line 12: feeds[0].records[0].fields.clientNumber.colum: unknown key (did you mean "column"?)`,
		}},
		{"values, all of them", `
set: {bind: lates, wait: soon}
feeds:
  - name: a
    files: ["in/{date:yyyymmdd}"]
    delivery: full
    records:
      - kind: clent
        key: [clientNumber]
        fields: {clientNumber: {column: Nr}}
      - kind: employment
        key: [strat]
        fields:
          clientNumber: {column: Nr}
          start: {column: S, dates: ["dd/mm"], codes: {a: b}}
          strt: {column: S}
          socialEconomy: {const: ja}
          regime: {}
`, []string{
			"profile: the profile needs a name",
			`line 2: set.bind: must be one of latest, date, window (did you mean "latest"?)`,
			"line 2: set.wait: must be a duration such as 30m or 2h",
			"line 6: feeds[0].delivery: must be one of snapshot, delta",
			"line 5: feeds[0].files[0]: a pattern is a file name, without folder",
			`line 8: feeds[0].records[0].kind: must be one of client, track, employment, placement, training, evaluation, handover, competence, document (did you mean "client"?)`,
			`line 12: feeds[0].records[1].key[0]: is not among the fields (did you mean "strt"?)`,
			`line 18: feeds[0].records[1].fields.regime: needs one of column, const, flags`,
			`line 17: feeds[0].records[1].fields.socialEconomy.const: is no value of type boolean`,
			"line 15: feeds[0].records[1].fields.start.codes: has no meaning for a field of type date",
			`line 15: feeds[0].records[1].fields.start.dates[0]: "dd/mm" lacks yyyy, mm or dd`,
			`line 16: feeds[0].records[1].fields.strt: no field of employment (did you mean "start"?)`,
		}},
		{"date binding without date", strings.ReplaceAll(smallProfile, "feeds:", "set: {bind: date}\nfeeds:"), []string{
			"line 6: feeds[0].files[0]: bind: date needs the date in the name, such as {date:yyyymmdd}",
		}},
		{"a client that is not its number", strings.Replace(smallProfile, "key: [clientNumber]", "key: [clientNumber, clientNumber]", 1), []string{
			"line 8: feeds[0].records[0].key: must be [clientNumber]: a client is its number, and two records of one contradict each other",
		}},
		{"a feed's date format, once and where it stands", strings.Replace(smallProfile, "    records:", "    dates: [DD/MM/YYYY]\n    records:", 1) +
			"          readySince: {column: A}\n          birthDate: {column: B}\n", []string{
			`line 6: feeds[0].dates[0]: "DD/MM/YYYY" lacks yyyy, mm or dd`,
		}},
		{"a code of ours that there isn't", smallProfile + `          readiness: {column: R, codes: {J: redy, N: notReady, "?": ""}}
          leefloon: {const: yes please}
          unemploymentBenefit: {column: U, whenEmpty: nothing}
      - kind: handover
        key: [clientNumber]
        fields: {clientNumber: {column: Nr}, grounds: {flags: {"1": A, "7": B}}, contactLanguage: {const: nl}}
`, []string{
			`line 12: feeds[0].records[0].fields.leefloon.const: must be one of none, full, supplementary`,
			`line 11: feeds[0].records[0].fields.readiness.codes.J: must be one of ready, notReady`,
			`line 13: feeds[0].records[0].fields.unemploymentBenefit.whenEmpty: must be one of none, full, partTime`,
			`line 16: feeds[0].records[1].fields.grounds.flags.7: must be one of 1, 2, 3, 4, 5`,
		}},
		{"not YAML", "a: [", []string{"line 1: sequence end token ']' not found"}},
		{"empty", "", []string{"the file is empty"}},
		{"wrong shape", "profile: [x]\nfeeds: 3", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := LoadProfile([]byte(tc.text))
			var refused *ProfileError
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, issue := range refused.Issues {
				got = append(got, issue.String())
			}
			if diff := cmp.Diff(tc.want, got); tc.want != nil && diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	p, err := parsePattern("clienten_{date:yyyymmdd}*.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		want string
	}{
		{"clienten_20240131.csv", "2024-01-31"},
		{"CLIENTEN_20240131 (2).CSV", "2024-01-31"},
		{"clienten_20240231.csv", ""}, // no such day
		{"clienten_2024013.csv", ""},
		{"xclienten_20240131.csv", ""},
		{"clienten_20240131.csv.tmp", ""},
	} {
		date, _, ok := p.matches(tc.name)
		if got := date.Format(time.DateOnly); ok != (tc.want != "") || ok && got != tc.want {
			t.Errorf("%s: %v, %s", tc.name, ok, got)
		}
	}
}

// An accent is one character, or two: a file's name looks the same.
func TestMatchAccents(t *testing.T) {
	for _, pattern := range []string{"cli\u00ebnten.csv", "clie\u0308nten.csv"} {
		p, err := parsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"cli\u00ebnten.csv", "clie\u0308nten.csv", "CLI\u00cbNTEN.CSV"} {
			if _, _, ok := p.matches(name); !ok {
				t.Errorf("%+q does not match %+q", name, pattern)
			}
		}
	}
}

func TestConvert(t *testing.T) {
	dates := (&compiler{}).dates("", nil, nil)
	yes, no := (&compiler{}).yesNo("", fieldFile{})
	codes, list := (&compiler{}).codes("", map[string]string{"Voltijds": "fullTime", "-": ""})
	for _, tc := range []struct {
		typ, decimal, cell string
		want               any // rule for refused cells
	}{
		{TypeDate, "", "31/12/2024", "2024-12-31"},
		{TypeDate, "", "1/2/2024", "2024-02-01"},
		{TypeDate, "", "2024-02-01", "2024-02-01"},
		{TypeDate, "", "01-02-2024", "2024-02-01"},
		{TypeDate, "", "01/02/2024 00:00:00", "2024-02-01"},
		{TypeDate, "", "01/02/2024 13:00:00", RuleCellDate},
		{TypeDate, "", "29/02/2023", RuleCellDate},
		{TypeDate, "", "1/2/24", RuleCellDate},
		{TypeDate, "", "01/02/0024", RuleCellDate},
		{TypeDecimal, "auto", "1.234,5", json.Number("1234.5")},
		{TypeDecimal, "auto", "1,234.50", json.Number("1234.5")},
		{TypeDecimal, "auto", "38,00", json.Number("38")},
		{TypeDecimal, "auto", "1.234", RuleCellDecimal}, // two readings
		{TypeDecimal, "comma", "1.234", json.Number("1234")},
		{TypeDecimal, "point", "1.234", json.Number("1.234")},
		{TypeDecimal, "comma", "1\u00a0234,5", json.Number("1234.5")},
		{TypeDecimal, "comma", "12.34,5", RuleCellDecimal},
		{TypeDecimal, "comma", "-0,0", json.Number("0")},
		{TypeDecimal, "comma", "1e5", RuleCellDecimal},
		{TypeInteger, "auto", "1.234", json.Number("1234")},
		{TypeInteger, "auto", "3,00", json.Number("3")},
		{TypeInteger, "auto", "3,5", RuleCellInteger},
		{TypeBoolean, "", "JA", true},
		{TypeBoolean, "", "neen", false},
		{TypeBoolean, "", "?", RuleCellBoolean},
		{TypeCode, "", " VOLTIJDS ", "fullTime"},
		{TypeCode, "", "-", nil},
		{TypeCode, "", "half", RuleCellCode},
		{TypeList, "", "Voltijds, voltijds,", []any{"fullTime"}},
		{TypeText, "", "  ", nil},
		{TypeText, "", "n/a", nil},
		{TypeText, "", "An\ufffd", RuleCellText},
	} {
		f := fieldRule{typ: tc.typ, decimal: tc.decimal, dates: dates, yes: yes, no: no, separator: ",", empty: foldSet([]string{"N/A"})}
		if tc.typ == TypeCode || tc.typ == TypeList {
			f.codes, f.codeList = codes, list
		}
		got, wrong := f.convert(tc.cell)
		if wrong != nil {
			got = wrong.rule
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tc.typ, tc.cell, diff)
		}
	}
}

// Property: a number survives being written with a comma, in any grouping.
func TestNumbersProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		whole := rapid.IntRange(0, 9_999_999).Draw(rt, "whole")
		cents := rapid.IntRange(1, 99).Draw(rt, "cents")
		want := canonical(itoa(whole) + "." + pad(cents))
		f := fieldRule{typ: TypeDecimal, decimal: "comma"}
		for _, sep := range []string{"", ".", "\u00a0"} {
			got, wrong := f.convert(group(itoa(whole), sep) + "," + pad(cents))
			if wrong != nil || got != any(want) {
				rt.Fatalf("grouped by %q: %v, %v", sep, got, wrong)
			}
		}
	})
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func pad(n int) string {
	if n < 10 {
		return "0" + itoa(n)
	}
	return itoa(n)
}

func group(digits, sep string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + sep + digits[i:]
	}
	return digits
}

const flagsProfile = `
profile: flags
feeds:
  - name: handovers
    files: ["h.csv"]
    empty: ["-"]
    headerRow: 2
    keep: [{column: Type, in: [GLOW, WARM]}]
    totals: {startsWith: aantal, column: Nr, optional: true}
    records:
      - kind: handover
        key: [clientNumber, kind]
        fields:
          clientNumber: {column: Cliënt, aliases: [Nr]}
          kind: {column: Type, codes: {GLOW: GLOW, WARM: WARM_OTHER}}
          grounds: {flags: {"1": G1, "2": G2}, optional: true}
          note: {column: Nota, optional: true}
          exclOtherTrack: {column: Ander, whenEmpty: false}
`

func rowsOf(t *testing.T, profile string, lines [][]string) ([]Row, FileReport, error) {
	t.Helper()
	p, err := LoadProfile([]byte(profile))
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	table := NewTable(p.Feeds[0], "h.csv", "", Limits{}, func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	for i, cells := range lines {
		if err := table.Line(Line{Row: i + 1, Cells: cells}); err != nil {
			return rows, table.Report(), err
		}
	}
	report, err := table.Finish()
	return rows, report, err
}

func TestFlagsFiltersAliases(t *testing.T) {
	rows, report, err := rowsOf(t, flagsProfile, [][]string{
		{"Overzicht van 01/02/2024"},
		{"NR", "type", "G1", "g2", "Ander"},
		{"1", "GLOW", "x", "nee", "ja"},
		{"2", "glow", "-", "", "-"},
		{"3", "warm", "nee", "", ""},
		{"4", "IETS", "zever", "", ""},
		{"NR", "type", "G1", "g2", "Ander"},
		{"5", "GLOW", "zever", "zever", "zever"},
		{"Aantal: 99", "5"},
	})
	var problem *FileProblem
	if !errors.As(err, &problem) || problem.Rule != RuleFileTotals {
		t.Fatalf("99 rows counted as 5: %v", err)
	}
	want := []map[string]any{
		{"clientNumber": "1", "kind": "GLOW", "grounds": []any{"1"}, "exclOtherTrack": true},
		{"clientNumber": "2", "kind": "GLOW", "exclOtherTrack": false},
		{"clientNumber": "3", "kind": "WARM_OTHER", "grounds": []any{}, "exclOtherTrack": false},
	}
	for i, fields := range want {
		if diff := cmp.Diff(fields, rows[i].Records[0].Fields); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
	if !rows[3].Skipped || len(rows[4].Problems) != 3 {
		t.Errorf("filter %v, problems %d", rows[3].Skipped, len(rows[4].Problems))
	}
	if report.HeaderRows != 3 || report.Rows != 5 || report.Skipped != 1 {
		t.Errorf("report %+v", report)
	}
	if diff := cmp.Diff([]string{"Nota"}, report.MissingColumns); diff != "" {
		t.Errorf("missing columns (-want +got):\n%s", diff)
	}
}

func TestMissingColumnNamesNoContent(t *testing.T) {
	_, _, err := rowsOf(t, smallProfile, [][]string{{"67722499797", "Zwartkanarie"}})
	var problem *FileProblem
	if !errors.As(err, &problem) || problem.Rule != RuleFileColumn {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{problem.ReasonNL, problem.ReasonEN, problem.HintNL, problem.HintEN} {
		if strings.Contains(text, "677") || strings.Contains(text, "Zwart") {
			t.Error("the first line of a file without header shows in the message")
		}
	}
}

const headerProfile = `
profile: header
feeds:
  - name: clients
    files: ["clients.csv"]
    records:
      - kind: client
        key: [clientNumber]
        fields:
          clientNumber: {column: Nr}
          insz: {column: INSZ}
          lastName: {column: Naam}
          firstName: {column: Voornaam}
          birthDate: {column: Geboortedatum, optional: true}
`

// Where a name with a separator in it shifts the cells, a name or an INSZ stands in the client number's column.
func TestAShiftedCellIsNoClient(t *testing.T) {
	for name, c := range map[string]struct {
		header, row []string
		want        string
	}{
		"the number first":  {[]string{"Nr", "INSZ", "Naam", "Voornaam"}, []string{"Z1", "67722499797", "De", "Steen", "Liam"}, "Z1"},
		"the number behind": {[]string{"Naam", "Voornaam", "INSZ", "Nr"}, []string{"De", "Steen", "Liam", "67722499797", "Z1"}, ""},
		"cut off":           {[]string{"Naam", "Nr", "INSZ", "Voornaam"}, []string{"Steen", "Z1"}, ""},
	} {
		rows, _, err := rowsOf(t, headerProfile, [][]string{c.header, c.row})
		if err != nil || len(rows) != 1 || len(rows[0].Problems) != 1 || rows[0].Client != c.want {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
}

// A cell of a person may happen to look like a column's name: it is named only of a line that is a header.
func TestNearMissOfAHeaderOnly(t *testing.T) {
	for name, c := range map[string]struct {
		line []string
		says string // of the hint, "" where it names no column and no fault of the line
	}{
		"no header, and a first name near a column": {[]string{"Z1", "67722499797", "Liam", "Steen", "01/02/1967"}, "does not look like a header line"},
		"one column by chance":                      {[]string{"nr", "67722499797", "Naan", "Steen", "01/02/1967"}, "does not look like a header line"},
		"one line unseparated":                      {[]string{"Nr,INSZ,Naam,Voornaam"}, "does not look like a header line"},
		"a near miss":                               {[]string{"Nr", "INSZ", "Naem", "Voornaam", "Geboortedatum"}, `There is a column "Naem".`},
		"a near miss of a long name":                {[]string{"Nr", "INSZ", "Naam", "Vornaame", "Geboortedatum"}, `There is a column "Vornaame".`},
		"a near miss that was read wrongly":         {[]string{"Nr", "INSZ", "Na\ufffdm", "Voornaam", "Geboortedatum"}, "in another encoding"},
		"a header, with data behind it":             {[]string{"Nr", "INSZ", "Voornaam", "Geboortedatum", "Z1", "67722499797", "Liam", "Steen"}, ""},
	} {
		_, _, err := rowsOf(t, headerProfile, [][]string{c.line})
		var problem *FileProblem
		if !errors.As(err, &problem) || problem.Rule != RuleFileColumn {
			t.Fatalf("%s: got %v", name, err)
		}
		if !strings.Contains(problem.HintEN, c.says) {
			t.Errorf("%s: the hint is %q, without %q", name, problem.HintEN, c.says)
		}
		for _, text := range []string{problem.ReasonNL, problem.ReasonEN, problem.HintNL, problem.HintEN} {
			for _, of := range []string{"677", "Liam", "Steen", "Naan", "1967"} {
				if strings.Contains(text, of) {
					t.Errorf("%s: %q of the first line shows in %q", name, of, text)
				}
			}
		}
	}
}

func TestMissingColumnsAreCountedInWords(t *testing.T) {
	for names, want := range map[string]string{"Naam": "In het bestand ontbreekt: kolom Naam.", "Naam, Nr": "In het bestand ontbreken: kolommen Naam, Nr."} {
		if got := missingColumn(strings.Split(names, ", ")).ReasonNL; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Where a file need not have any column, a line without one is still no header.
func TestAHeaderHasAColumn(t *testing.T) {
	profile := strings.ReplaceAll(smallProfile, "{column: Nr}", "{column: Nr, optional: true}")
	_, report, err := rowsOf(t, profile, [][]string{{"Liam", "Steen"}, {"Noor", "Pieters"}})
	var problem *FileProblem
	if !errors.As(err, &problem) || problem.Rule != RuleFileColumn || !strings.Contains(problem.HintEN, "does not look like a header line") {
		t.Errorf("got %v, unknown columns %q", err, report.UnknownColumns)
	}
}

// A header's line that lost its end goes on with the first person's data.
func TestUnknownColumnsAreNoData(t *testing.T) {
	glued := []string{"Nr", "INSZ", "Naam", "Voornaam", "Geboortedatum", "Z1", "67722499797", "Liam", "Steen", "01/02/1967"}
	for name, lines := range map[string][][]string{
		"one row": {glued},
		"several": {glued, {"Z2", "67722499797", "Noor", "Pieters", "01/02/1967"}},
	} {
		_, report, err := rowsOf(t, headerProfile, lines)
		if err != nil || len(report.UnknownColumns) > 0 {
			t.Errorf("%s: unknown columns %q, error %v", name, report.UnknownColumns, err)
		}
	}
	_, report, err := rowsOf(t, headerProfile, [][]string{
		{"Nr", "INSZ", "Naam", "Voornaam", "Geboortedatum", "Bedrag"}, {"Z1", "67722499797", "Liam", "Steen", "", "12"},
	})
	if diff := cmp.Diff([]string{"Bedrag"}, report.UnknownColumns); diff != "" || err != nil {
		t.Errorf("%v; unknown columns of a good file (-want +got):\n%s", err, diff)
	}
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"clienten_20240131.csv":         "clienten_20240131.csv",
		"client 67.72.24-997.97 x.csv":  "client [insz] x.csv",
		"client67722499797.csv":         "client[insz].csv",
		"clienten_20240131103000.csv":   "clienten_20240131103000.csv",
		"tracks-2024-01-31-0600.csv.gz": "tracks-2024-01-31-0600.csv.gz",
		"a-20260315-67722499797.csv":    "a-20[insz].csv", // 26-03-15 677 22 is one too
		"a 2024020167722499797.csv":     "a 20240201[insz].csv",
		"967722499797.csv":              "9[insz].csv",
		"na\xefef 67722499797":          "na\xefef [insz]",
	} {
		if got := SafeName(name); got != want {
			t.Errorf("%s became %s", name, got)
		}
	}
}

func FuzzLoadProfile(f *testing.F) {
	f.Add([]byte(smallProfile))
	f.Add([]byte(flagsProfile))
	f.Add([]byte("feeds: [{name: {}}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := LoadProfile(data)
		var refused *ProfileError
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if err == nil && (p.Version() == "" || len(p.Feeds) == 0) {
			t.Fatal("an empty profile was accepted")
		}
	})
}
