// Package report says what caseworkers have to do and to know, and writes their files:
// rejected rows and worklist, in Dutch, as CSV that a spreadsheet opens (design
// decision 26).
//
// The files are the municipality's own: they name client numbers, never an
// INSZ or a name, and no value of a rejected cell; the reason of a hold stands
// there as somebody typed it. Each run replaces the files
// of its day in one step, so a reader never sees half a file. internal/app
// wires it into the cycle.
package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// OCMW is where an OCMW's files go, and whose work it is where the export names nobody.
type OCMW struct {
	Folder            string
	DefaultCaseworker string
}

// Writer writes the files of several OCMWs.
type Writer struct {
	store ledger.Reading
	ocmws map[string]OCMW // by KBO number
	zone  *time.Location
}

// New writes from store; instants are told as days in zone.
func New(store ledger.Reading, zone *time.Location, ocmws map[string]OCMW) *Writer {
	return &Writer{store: store, ocmws: ocmws, zone: zone}
}

// Report writes afgekeurd-DATE.csv and werklijst-DATE.csv of one OCMW.
func (w *Writer) Report(ctx context.Context, ocmw string, day casefile.Date) error {
	folder := w.ocmws[ocmw].Folder
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("make reports folder: %w", err)
	}
	rejected, err := w.rejected(ctx, ocmw)
	if err != nil {
		return err
	}
	if err := writeCSV(filepath.Join(folder, "afgekeurd-"+string(day)+".csv"), rejected); err != nil {
		return err
	}
	items, err := Items(ctx, w.store, Options{OCMW: ocmw, DefaultCaseworker: w.ocmws[ocmw].DefaultCaseworker, Day: day, Zone: w.zone})
	if err != nil {
		return err
	}
	return writeCSV(filepath.Join(folder, "werklijst-"+string(day)+".csv"), worklist(items))
}

func (w *Writer) rejected(ctx context.Context, ocmw string) ([][]string, error) {
	rows, err := w.store.Rejected(ctx, ocmw)
	if err != nil {
		return nil, fmt.Errorf("list rejected rows: %w", err)
	}
	table := [][]string{{"Cliëntnummer", "Dossierbeheerder", "Bestand", "Rij", "Kolom", "Regel", "Reden", "Wat nu"}}
	for _, r := range rows {
		table = append(table, []string{
			r.Client, WorkerOf(r.Caseworker, w.ocmws[ocmw].DefaultCaseworker).Dutch(), r.File, strconv.Itoa(r.Row), r.Column, r.Rule, r.ReasonNL, r.HintNL,
		})
	}
	return table, nil
}

// worklist lays items out as a table. A cell of several values lists them in one order, so that
// the second file goes with the second row and the second column.
func worklist(items []Item) [][]string {
	table := [][]string{{"Cliëntnummer", "Dossierbeheerder", "Soort", "Regel", "Uiterlijk", "Reden", "Wat nu", "Bestand", "Rij", "Kolom", "Antwoorden"}}
	for _, i := range items {
		var files, rows, columns []string
		for _, c := range i.Cells {
			if c.File != "" {
				files, rows, columns = append(files, strings.TrimSuffix(c.File+" blad "+c.Sheet, " blad ")), append(rows, strconv.Itoa(c.Row)), append(columns, c.Column)
			}
		}
		table = append(table, []string{
			i.Client, i.Worker.Dutch(), i.Sort.Dutch(), i.Rule, i.Due.Dutch(), i.Reason, i.Next,
			joined(files), joined(rows), joined(columns), strings.Join(i.Answers, " | "),
		})
	}
	return table
}

// joined lists values; one that all share stands once.
func joined(values []string) string {
	if len(slices.Compact(slices.Clone(values))) == 1 {
		return values[0]
	}
	return strings.Join(values, ", ")
}

// writeCSV writes a table as `;`-separated UTF-8 with BOM, as Excel in Belgium
// opens it, and replaces the file in one step.
func writeCSV(path string, table [][]string) error {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	out.Comma, out.UseCRLF = ';', true
	for _, line := range table {
		for i := range line {
			line[i] = harmless(line[i])
		}
		if err := out.Write(line); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	out.Flush()
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b.Bytes(), 0o640); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(tmp, path); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("replace %s (is it open in a spreadsheet?): %w", filepath.Base(path), err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
