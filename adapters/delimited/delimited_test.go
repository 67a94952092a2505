package delimited

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

func encode(rows [][]string) []byte { return encodeWith(';', rows) }

func encodeWith(separator rune, rows [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, true
	for _, row := range rows {
		if len(row) == 1 && row[0] == "" {
			row = []string{" "}
		}
		_ = w.Write(row)
	}
	w.Flush()
	return b.Bytes()
}

func TestConformance(t *testing.T) {
	adaptertest.Format(t, New(adapters.Limits{}), encode)
}

func read(t *testing.T, data []byte) ([]adapters.Row, adapters.FileReport, error) {
	t.Helper()
	return adaptertest.Collect(t, New(adapters.Limits{}), adaptertest.Input("clients.csv", data), adaptertest.Clients(t))
}

// names reads the field lastName of every record, "!" for rejected rows.
func names(rows []adapters.Row) []string {
	var all []string
	for _, r := range rows {
		if len(r.Problems) > 0 {
			all = append(all, "!"+r.Problems[0].Rule)
			continue
		}
		name, _ := r.Records[0].Fields["lastName"].(string)
		all = append(all, name)
	}
	return all
}

func TestEncodingsAndSeparators(t *testing.T) {
	table := adaptertest.Table(2)
	table[1][2], table[2][2] = "Désirée", "Ça €"
	win, err := charmap.Windows1252.NewEncoder().Bytes(encodeWith(';', table))
	if err != nil {
		t.Fatal(err)
	}
	utf16 := func(e unicode.Endianness, b unicode.BOMPolicy) []byte {
		out, err := unicode.UTF16(e, b).NewEncoder().Bytes(encodeWith('\t', table))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, tc := range []struct {
		name, encoding, separator string
		data                      []byte
	}{
		{"utf-8", "utf-8", ";", encode(table)},
		{"utf-8 with mark", "utf-8", ",", append([]byte(bomUTF8), encodeWith(',', table)...)},
		{"windows-1252", "windows-1252", ";", win},
		{"bars", "utf-8", "|", encodeWith('|', table)},
		{"utf-16le with mark", "utf-16le", "tab", utf16(unicode.LittleEndian, unicode.UseBOM)},
		{"utf-16be with mark", "utf-16be", "tab", utf16(unicode.BigEndian, unicode.UseBOM)},
		{"utf-16le without mark", "utf-16le", "tab", utf16(unicode.LittleEndian, unicode.IgnoreBOM)},
		{"utf-16be without mark", "utf-16be", "tab", utf16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"LF only", "utf-8", ";", bytes.ReplaceAll(encode(table), []byte("\r\n"), []byte("\n"))},
		{"CR only", "utf-8", ";", bytes.ReplaceAll(encode(table), []byte("\r\n"), []byte("\r"))},
		{"declared", "utf-8", ",", append([]byte("sep=,\r\n"), encodeWith(',', table)...)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, report, err := read(t, tc.data)
			if err != nil {
				t.Fatal(err)
			}
			if report.Encoding != tc.encoding || report.Separator != tc.separator {
				t.Errorf("detected %s and %q", report.Encoding, report.Separator)
			}
			if diff := cmp.Diff([]string{"Désirée", "Ça €"}, names(rows)); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if rows[0].Number != 2 {
				t.Errorf("first row has number %d", rows[0].Number)
			}
		})
	}
}

func TestUndecodableBytesRejectTheRowThatUsesThem(t *testing.T) {
	table := adaptertest.Table(4)
	for i, name := range []string{"An\x81", "An\xe9", "An", "An"} {
		table[i+1][2] = name
	}
	table[4][10] = "opm\x8d" // a column that nobody uses
	data := bytes.ReplaceAll(encode(table), []byte("Cliëntnr"), []byte("Cli\xebntnr"))
	rows, report, err := read(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"!cell.encoding", "Ané", "An", "An"}, names(rows)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if report.Encoding != "windows-1252" || len(rows[3].Warnings) != 1 || len(rows[2].Warnings) != 0 {
		t.Errorf("encoding %s, warnings %d and %d", report.Encoding, len(rows[3].Warnings), len(rows[2].Warnings))
	}
}

// An export glued together of both: as Windows-1252 the first would go on as "DÃ©sirÃ©e".
func TestMoreBrokenBytesThanLettersDoNotTurnUTF8IntoWindows(t *testing.T) {
	table := adaptertest.Table(4)
	table[1][2], table[2][2], table[3][2], table[4][2] = "Désirée", "Zo\xeb", "Ren\xe9", "An\xefs \xe9\xe9\xe9"
	rows, report, err := read(t, encode(table))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Désirée", "!cell.encoding", "!cell.encoding", "!cell.encoding"}, names(rows)); diff != "" || report.Encoding != "utf-8" {
		t.Errorf("%s, outcomes (-want +got):\n%s", report.Encoding, diff)
	}
}

func TestOneBrokenByteDoesNotTurnUTF8IntoWindows(t *testing.T) {
	table := adaptertest.Table(3)
	table[1][2], table[2][2], table[3][2] = "Désirée", "An\xc3", "Zoë"
	rows, report, err := read(t, encode(table))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Désirée", "!cell.encoding", "Zoë"}, names(rows)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if report.Encoding != "utf-8" || len(report.Notes) != 1 {
		t.Errorf("encoding %s, notes %v", report.Encoding, report.Notes)
	}
}

// client is a line of the clients with the name as it stands in the text.
func client(number, name string) string {
	return number + ";" + adaptertest.CanaryINSZ + ";" + name + ";1/2/1967;J;actief;;;;;"
}

func TestQuotes(t *testing.T) {
	header := strings.Join(adaptertest.Header(), ";")
	for _, tc := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"line break", []string{client("C1", "\"An\n van\""), client("C2", "Bo")}, []string{"An\n van", "Bo"}},
		{"doubled", []string{client("C1", `"An ""Bo"" C"`)}, []string{`An "Bo" C`}},
		{"separator inside", []string{client("C1", `"An; Bo"`)}, []string{"An; Bo"}},
		{"stray in plain text", []string{client("C1", `An "Bo" C`)}, []string{`An "Bo" C`}},
		{"blanks around", []string{client("C1", ` "An" `)}, []string{"An"}},
		{"excel text", []string{client("C1", `="007"`), client("C2", `"=""008"""`)}, []string{"007", "008"}},
		{"text behind", []string{client("C1", `"An"Bo`), client("C2", "Bo")}, []string{"!row.quote", "Bo"}},
		{"never closed", []string{client("C1", `"An`), client("C2", "Bo"), client("C3", "Cis")}, []string{"!row.quote", "Bo", "Cis"}},
		{"closed by the next row's quote", []string{client("C1", `"An`), client("C2", `"Bo"`), client("C3", "Cis")}, []string{"!row.quote", "Bo", "Cis"}},
		{"swallows whole rows", []string{client("C1", `"An`), client("C2", "Bo"), client("C3", `Cis"`)}, []string{"!row.quote", "Bo", `Cis"`}},
		{"unquoted line break", []string{client("C1", "An\nvan"), client("C2", "Bo")}, []string{"!row.fields", "!row.fields", "Bo"}},
		{"too few fields", []string{"C1;x", client("C2", "Bo")}, []string{"!row.fields", "Bo"}},
		{"empty fields behind", []string{client("C1", "An") + ";;;", client("C2", "Bo")}, []string{"An", "Bo"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := header + "\n" + strings.Join(tc.lines, "\n") + "\nTotaal;" + itoa(len(tc.want)) + "\n"
			rows, _, err := read(t, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, names(rows)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

func TestRowAndLineNumbers(t *testing.T) {
	text := strings.Join(adaptertest.Header(), ";") + "\n\n" +
		client("C1", "\"An\n van\"") + "\n" + client("C2", "Bo") + "\nTotaal;2\n"
	rows, _, err := read(t, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got := [][2]int{{rows[0].Number, rows[0].Line}, {rows[1].Number, rows[1].Line}}
	if diff := cmp.Diff([][2]int{{3, 3}, {4, 5}}, got); diff != "" {
		t.Errorf("row and line (-want +got):\n%s", diff)
	}
}

func TestLimits(t *testing.T) {
	header := strings.Join(adaptertest.Header(), ";") + "\n"
	long := client("C1", strings.Repeat("x", 3000)) + "\n"
	wide := client("C2", "Bo") + strings.Repeat(";y", 60) + "\n"
	data := []byte(header + long + wide + client("C3", "Cis") + "\nTotaal;3\n")
	feed := adaptertest.Clients(t)
	in := adaptertest.Input("clients.csv", data)
	rows, _, err := adaptertest.Collect(t, New(adapters.Limits{RecordBytes: 1000, Cells: 50}), in, feed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"!row.length", "!row.cells", "Cis"}, names(rows)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	_, err = New(adapters.Limits{Rows: 2}).Read(context.Background(), in, feed, func(adapters.Row) error { return nil })
	adaptertest.Refused(t, err, adapters.RuleFileRows)
	unknownSize := in
	unknownSize.Size = -1
	for _, in := range []adapters.Input{in, unknownSize} {
		_, err = New(adapters.Limits{FileBytes: 1000}).Read(context.Background(), in, feed, func(adapters.Row) error { return nil })
		adaptertest.Refused(t, err, adapters.RuleFileSize)
	}
}

func TestOtherKindsOfFile(t *testing.T) {
	for _, magic := range []string{"PK\x03\x04rest", "%PDF-1.7", "\xd0\xcf\x11\xe0\xa1", "<html><body>"} {
		_, _, err := read(t, []byte(magic))
		adaptertest.Refused(t, err, adapters.RuleFileBinary)
	}
}

func TestHalfWrittenIsPassing(t *testing.T) {
	whole := encode(adaptertest.Table(3))
	for name, data := range map[string][]byte{
		"cut in a row":    whole[:len(whole)-60],
		"cut in a header": whole[:20],
		"zeros behind":    append(append([]byte{}, whole[:300]...), make([]byte, 4096)...),
		"empty":           nil,
	} {
		_, _, err := read(t, data)
		var p *adapters.FileProblem
		if !errors.As(err, &p) || !p.Passing {
			t.Errorf("%s: %v isn't passing", name, err)
		}
	}
}

// FuzzRead: whatever the bytes, reading ends, counts what it hands out, and every
// record's text is valid.
func FuzzRead(f *testing.F) {
	f.Add(encode(adaptertest.Table(2)))
	f.Add([]byte("\xff\xfea\x00;\x00\"\x00"))
	f.Add([]byte("Cliëntnr;INSZ\n\"a\nb;\"\"c\"d\n"))
	f.Add([]byte("sep=,\n,,,\"\n\n\r\r"))
	profile, err := adapters.LoadProfile([]byte(adaptertest.ProfileYAML))
	if err != nil {
		f.Fatal(err)
	}
	feed, _ := profile.Feed("tracks")
	reader := New(adapters.Limits{RecordBytes: 300, RecordLines: 5, Cells: 20, FileBytes: 1 << 16})
	f.Fuzz(func(t *testing.T, data []byte) {
		in := adaptertest.Input("tracks.csv", append([]byte("Cliëntnr;Traject;Meer\n"), data...))
		for _, in := range []adapters.Input{in, adaptertest.Input("tracks.csv", data)} {
			rows := 0
			report, err := reader.Read(context.Background(), in, feed, func(r adapters.Row) error {
				rows++
				for _, rec := range r.Records {
					for _, v := range rec.Fields {
						if s, ok := v.(string); ok && !utf8.ValidString(s) {
							t.Fatal("a field isn't valid UTF-8")
						}
					}
				}
				return nil
			})
			var p *adapters.FileProblem
			if err != nil && !errors.As(err, &p) {
				t.Fatal(err)
			}
			if rows != report.Rows {
				t.Fatalf("%d rows handed out, %d counted", rows, report.Rows)
			}
		}
	})
}

// FuzzCheck wants of a check, which leaves the cells of most lines alone, the answer that reading them all gives.
func FuzzCheck(f *testing.F) {
	header := strings.Join(adaptertest.Header(), ";") + "\n"
	insz := strings.Replace(header, "Cliëntnr;INSZ", "INSZ;Cliëntnr", 1)
	for _, text := range []string{
		"C1;\nC2;\nTotaal;2\n", "C1;\nTOTAAL;1\n", "C1;\nTotaal aantal: 1", "C1;\nTo;\nTotaa;\nTotaal;3\n", "Totaal;0\nC1;\n",
		"C1;\n;;;\n ;\n \nTotaal;1\n", ";;Totaal;0\n", " Totaal;0\n", "\"Totaal\";0\n", "C1;x;\"\nC2;\nTotaal;2\n",
		header + "C1;\nTotaal;1\n", insz + "C1;\nTotaal;1\n", "C1;T1;x\nC2;T2;x", "Cliëntnr;\nTotaal;1\n", "C1;\nTotaal;2\n", "C1;\nC2", "C1;\nC2;;;;;;;;;;\nTotaal;2\n", "C1;\r\nTotaal;1\r\n",
		"\xe9;\nTotaal;1\n", "C 1;\nTotaal;1\n", "C1\r;\nTotaal;1\n", strings.Repeat("C;", 30) + "\nTotaal;1\n", "C1;\n" + strings.Repeat("C", 400) + ";\nTotaal;2\n",
		strings.Repeat("C1;\n", 21) + "Totaal;21\n",
	} {
		f.Add([]byte(text))
	}
	clients := adaptertest.Clients(f)
	tracks, _ := adaptertest.Profile(f).Feed("tracks")
	reader := New(adapters.Limits{RecordBytes: 300, RecordLines: 5, Cells: 20, Rows: 20, FileBytes: 1 << 16})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, in := range []struct {
			feed *adapters.Feed
			text []byte
		}{
			{clients, append([]byte(header), data...)},
			{clients, append([]byte(insz), data...)},
			{clients, data},
			{tracks, append([]byte("Cliëntnr;Traject;Meer\n"), data...)},
			{tracks, append([]byte("Traject;Cliëntnr\r"), data...)},
		} {
			file := adaptertest.Input("clients.csv", in.text)
			_, want := reader.Read(context.Background(), file, in.feed, func(adapters.Row) error { return nil })
			if diff := cmp.Diff(asProblem(want), asProblem(reader.Check(context.Background(), file, in.feed))); diff != "" {
				t.Errorf("%s: a check of %q (-reading +check):\n%s", in.feed.Name, in.text, diff)
			}
		}
	})
}

// asProblem is the problem that an error is, or a nameless one with its text.
func asProblem(err error) *adapters.FileProblem {
	var p *adapters.FileProblem
	if err != nil && !errors.As(err, &p) {
		return &adapters.FileProblem{Rule: err.Error()}
	}
	return p
}
