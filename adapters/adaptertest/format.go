package adaptertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/adapters"
)

// Encode writes a table in the format under test.
type Encode func(rows [][]string) []byte

// Collect reads a file and checks what holds for every reading: the report agrees
// with the rows that came out, and nothing leaks.
func Collect(t testing.TB, f adapters.Format, in adapters.Input, feed *adapters.Feed) ([]adapters.Row, adapters.FileReport, error) {
	t.Helper()
	var rows []adapters.Row
	report, err := f.Read(context.Background(), in, feed, func(r adapters.Row) error {
		rows = append(rows, r)
		return nil
	})
	rejected, skipped := 0, 0
	for _, r := range rows {
		switch {
		case len(r.Problems) > 0:
			rejected++
		case r.Skipped:
			skipped++
		}
		for _, p := range r.Problems {
			if p.Rule == "" || p.ReasonNL == "" || p.ReasonEN == "" || p.Prov.File != in.Name || p.Prov.Row != r.Number {
				t.Errorf("row problem is incomplete: rule %q, row %d", p.Rule, p.Prov.Row)
			}
			NoCanary(t, p.ReasonNL, p.ReasonEN, p.HintNL, p.HintEN, p.Expected)
		}
	}
	if len(rows) != report.Rows || rejected != report.Rejected || skipped != report.Skipped {
		t.Errorf("counted rows/rejected/skipped %d/%d/%d, handed out %d/%d/%d",
			report.Rows, report.Rejected, report.Skipped, len(rows), rejected, skipped)
	}
	text, jsonErr := json.Marshal(report)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	NoCanary(t, string(text))
	if err != nil {
		NoCanary(t, err.Error())
	}
	return rows, report, err
}

// Refused expects a *FileProblem of a rule, with a hint in both languages.
func Refused(t testing.TB, err error, rule string) *adapters.FileProblem {
	t.Helper()
	var p *adapters.FileProblem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a file problem %s", err, rule)
	}
	if p.Rule != rule {
		t.Errorf("rule %s, want %s", p.Rule, rule)
	}
	if p.ReasonNL == "" || p.HintNL == "" || p.HintEN == "" {
		t.Errorf("%s lacks a reason or hint", p.Rule)
	}
	NoCanary(t, p.ReasonNL, p.ReasonEN, p.HintNL, p.HintEN)
	return p
}

// Format runs the suite on a format.
func Format(t *testing.T, f adapters.Format, encode Encode) {
	t.Run("good file", func(t *testing.T) { goodFile(t, f, encode) })
	t.Run("refused files", func(t *testing.T) { refusedFiles(t, f, encode) })
	t.Run("rows", func(t *testing.T) { badRows(t, f, encode) })
	t.Run("zeros", func(t *testing.T) { zeros(t, f) })
	t.Run("failures", func(t *testing.T) { failures(t, f, encode) })
	t.Run("every truncation", func(t *testing.T) { truncations(t, f, encode) })
	t.Run("balance", func(t *testing.T) { balance(t, f, encode) })
}

func goodFile(t *testing.T, f adapters.Format, encode Encode) {
	in := Input("clients.x", encode(Table(3)))
	if err := f.Check(context.Background(), in, Clients(t)); err != nil {
		t.Errorf("Check refuses a good file: %v", err)
	}
	rows, report, err := Collect(t, f, in, Clients(t))
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != 3 || report.HeaderRows != 1 || report.TotalsLines != 1 || report.TotalsCount == nil || *report.TotalsCount != 3 {
		t.Errorf("counts %+v", report)
	}
	if diff := cmp.Diff([]string{"Opmerking"}, report.UnknownColumns); diff != "" {
		t.Errorf("unknown columns (-want +got):\n%s", diff)
	}
	got := rows[1]
	want := []map[string]any{
		{"clientNumber": "C0002", "insz": CanaryINSZ, "lastName": CanaryName, "birthDate": "1967-02-01", "readiness": "ready"},
		{"clientNumber": "C0002", "kind": "art60", "start": "2024-01-15", "hoursPerWeek": json.Number("38"), "socialEconomy": false},
	}
	for i, r := range got.Records {
		if diff := cmp.Diff(want[i], r.Fields); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
	if got.Number != 3 || got.Client != "C0002" || got.Records[0].Prov.Columns["insz"] != "INSZ" {
		t.Errorf("row %d of client %q has the wrong provenance", got.Number, got.Client)
	}
	if diff := cmp.Diff([]string{"C0002", "2024-01-15"}, got.Records[1].Key); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
}

func refusedFiles(t *testing.T, f adapters.Format, encode Encode) {
	without := func(column string) [][]string {
		var rows [][]string
		for _, row := range Table(2) {
			var kept []string
			for i, c := range row {
				if Header()[i] != column {
					kept = append(kept, c)
				}
			}
			rows = append(rows, kept)
		}
		return rows
	}
	doubled := Table(2)
	doubled[0] = append(append([]string{}, doubled[0][:10]...), " insz ")
	wrongTotals := Table(3)
	wrongTotals[4] = Totals(4)
	for _, tc := range []struct {
		name string
		rule string
		data []byte
	}{
		{"empty", adapters.RuleFileEmpty, nil},
		{"missing column", adapters.RuleFileColumn, encode(without("INSZ"))},
		{"no header", adapters.RuleFileColumn, encode(Table(2)[1:])},
		{"doubled header", adapters.RuleFileHeaderDoubled, encode(doubled)},
		{"no totals line", adapters.RuleFileTruncated, encode(Table(2)[:3])},
		{"totals disagree", adapters.RuleFileTotals, encode(wrongTotals)},
		{"binary", adapters.RuleFileBinary, bytes.Repeat([]byte{0, 1, 2, 0xff, 'a', 0, 0, 0xfe}, 1000)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := Input("clients.x", tc.data)
			_, _, err := Collect(t, f, in, Clients(t))
			Refused(t, err, tc.rule)
			Refused(t, f.Check(context.Background(), in, Clients(t)), tc.rule)
		})
	}
}

func badRows(t *testing.T, f adapters.Format, encode Encode) {
	with := func(column int, value string) []string {
		row := Client(2)
		row[column] = value
		return row
	}
	for _, tc := range []struct {
		name, rule, column string
		row                []string
	}{
		{"too many fields", adapters.RuleRowFields, "", append(Client(2), "erbij")},
		{"date that there isn't", adapters.RuleCellDate, "Geboren", with(3, "31/04/1967")},
		{"code not in the list", adapters.RuleCellCode, "Klaar", with(4, CanaryName)},
		{"no number", adapters.RuleCellDecimal, "Uren", with(8, "38,5 u")},
		{"neither yes nor no", adapters.RuleCellBoolean, "SE", with(9, "misschien")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			table := Table(3)
			table[2] = tc.row
			rows, report, err := Collect(t, f, Input("clients.x", encode(table)), Clients(t))
			if err != nil {
				t.Fatal(err)
			}
			if report.Rejected != 1 || len(rows) != 3 || len(rows[0].Problems)+len(rows[2].Problems) != 0 {
				t.Fatalf("a bad row stopped its neighbours: %+v", report)
			}
			p := rows[1].Problems[0]
			if p.Rule != tc.rule || p.Column != tc.column || rows[1].Client != "C0002" || p.Prov.Row != 3 {
				t.Errorf("got rule %s, column %q, row %d, client %q", p.Rule, p.Column, p.Prov.Row, rows[1].Client)
			}
		})
	}
	t.Run("skipped, deleted, blank", func(t *testing.T) {
		table := [][]string{Header(), with(5, "Archief"), with(6, "j"), {"", " "}, Client(3), Totals(3)}
		rows, report, err := Collect(t, f, Input("clients.x", encode(table)), Clients(t))
		if err != nil {
			t.Fatal(err)
		}
		if !rows[0].Skipped || !rows[1].Records[0].Deleted || rows[2].Records[0].Deleted || report.BlankRows != 1 || rows[2].Number != 5 {
			t.Errorf("rows are treated wrongly: %+v", report)
		}
	})
}

func zeros(t *testing.T, f adapters.Format) {
	for _, sizeKnown := range []bool{true, false} {
		z := &Zeros{Size: 2 << 30}
		_, _, err := Collect(t, f, z.Input("clients.x", sizeKnown), Clients(t))
		var p *adapters.FileProblem
		if !errors.As(err, &p) {
			t.Fatalf("2 GB of zeros give %v", err)
		}
		if z.Read > 1<<20 {
			t.Errorf("read %d bytes of zeros before refusing them", z.Read)
		}
	}
}

func failures(t *testing.T, f adapters.Format, encode Encode) {
	refused := errors.New("permission denied")
	_, _, err := Collect(t, f, Failing("clients.x", refused), Clients(t))
	if !errors.Is(err, refused) {
		t.Errorf("a file that can't be opened gives %v", err)
	}
	data := encode(Table(200))
	broken := Input("clients.x", data)
	broken.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(&brokenReader{r: bytes.NewReader(data), left: len(data) / 2}), nil
	}
	if _, _, err := Collect(t, f, broken, Clients(t)); !errors.Is(err, errBroken) {
		t.Errorf("a read error gives %v", err)
	}
	stop := errors.New("stop")
	seen := 0
	_, err = f.Read(context.Background(), Input("clients.x", data), Clients(t), func(adapters.Row) error {
		seen++
		return stop
	})
	if !errors.Is(err, stop) || seen != 1 {
		t.Errorf("an error of emit gives %v after %d rows", err, seen)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = f.Read(ctx, Input("clients.x", data), Clients(t), func(adapters.Row) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read gives %v", err)
	}
}

// truncations cuts a file at every byte: only the whole file, or one that lacks
// nothing but line ends, may pass.
func truncations(t *testing.T, f adapters.Format, encode Encode) {
	data := encode(Table(12))
	for cut := range len(data) {
		in := Input("clients.x", data[:cut])
		err := f.Check(context.Background(), in, Clients(t))
		var p *adapters.FileProblem
		switch {
		case err == nil && len(data)-cut > 12:
			t.Fatalf("a file cut at byte %d of %d passes", cut, len(data))
		case err != nil && !errors.As(err, &p):
			t.Fatalf("a file cut at byte %d gives %v", cut, err)
		}
	}
}

// balance: whatever stands in the cells, every line of the table is counted once.
func balance(t *testing.T, f adapters.Format, encode Encode) {
	feed := Clients(t)
	cell := rapid.SampledFrom([]string{"", " ", "x", "1", "J", "31/12/2024", "1.234,5", "a\nb", `"`, `a"b`, ";", "\t,", "é", "Totaal", "\u00a0", "archief"})
	rapid.Check(t, func(rt *rapid.T) {
		table := [][]string{Header()}
		for range rapid.IntRange(0, 6).Draw(rt, "rows") {
			row := make([]string, len(Header()))
			for i := range row {
				row[i] = cell.Draw(rt, "cell")
			}
			table = append(table, row)
		}
		rows, report, err := Collect(t, f, Input("clients.x", encode(table)), feed)
		var p *adapters.FileProblem
		if err != nil && !errors.As(err, &p) {
			rt.Fatalf("got %v", err)
		}
		if got := report.Rows + report.BlankRows + report.HeaderRows + report.TotalsLines; err == nil && got != len(table) {
			rt.Fatalf("%d lines in, %d counted", len(table), got)
		}
		for _, r := range rows {
			if len(r.Problems) == 0 && !r.Skipped && len(r.Records) == 0 {
				rt.Fatal(fmt.Sprint("row ", r.Number, " has no outcome"))
			}
		}
	})
}
