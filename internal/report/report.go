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
	"context"
	"errors"
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

// Report writes afgekeurd-DATE.csv and werklijst-DATE.csv of one OCMW. However long they are, it holds no more of them than what some clients have,
// and for the worklist a few bytes of each line that tell its place.
func (w *Writer) Report(ctx context.Context, ocmw string, day casefile.Date) error {
	folder := w.ocmws[ocmw].Folder
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("make reports folder: %w", err)
	}
	if err := w.rejected(ctx, ocmw, folder, day); err != nil {
		return err
	}
	return w.worklist(ctx, folder, Options{OCMW: ocmw, DefaultCaseworker: w.ocmws[ocmw].DefaultCaseworker, Day: day, Zone: w.zone})
}

func (w *Writer) rejected(ctx context.Context, ocmw, folder string, day casefile.Date) error {
	return replace(folder, "afgekeurd", day, func(out *os.File) error {
		t := newTable(out)
		t.row("Cliëntnummer", "Dossierbeheerder", "Bestand", "Rij", "Kolom", "Regel", "Reden", "Wat nu")
		err := w.store.Rejected(ctx, ocmw, func(r ledger.RejectedRow) error {
			t.row(r.Client, WorkerOf(r.Caseworker, w.ocmws[ocmw].DefaultCaseworker).Dutch(), r.File, strconv.Itoa(r.Row), r.Column, r.Rule, r.ReasonNL, r.HintNL)
			return t.failed()
		})
		if err != nil {
			return fmt.Errorf("list rejected rows: %w", err)
		}
		return t.end()
	})
}

func (w *Writer) worklist(ctx context.Context, folder string, o Options) error {
	lines, err := newPile(filepath.Join(folder, "werklijst.lines.tmp"))
	if err != nil {
		return err
	}
	defer lines.remove()
	err = walkItems(ctx, w.store, o, func(i Item) error { return lines.add(rankOf(i), worklistRow(i)) })
	if err != nil {
		return err
	}
	return replace(folder, "werklijst", o.Day, func(out *os.File) error {
		t := newTable(out)
		t.row("Cliëntnummer", "Dossierbeheerder", "Soort", "Regel", "Uiterlijk", "Reden", "Wat nu", "Bestand", "Rij", "Kolom", "Antwoorden")
		return errors.Join(t.end(), lines.writeTo(out))
	})
}

// worklistRow lays an item out. A cell of several values lists them in one order, so that
// the second file goes with the second row and the second column.
func worklistRow(i Item) []string {
	var files, rows, columns []string
	for _, c := range i.Cells {
		if c.File != "" {
			files, rows, columns = append(files, strings.TrimSuffix(c.File+" blad "+c.Sheet, " blad ")), append(rows, strconv.Itoa(c.Row)), append(columns, c.Column)
		}
	}
	return []string{
		i.Client, i.Worker.Dutch(), i.Sort.Dutch(), i.Rule, i.Due.Dutch(), i.Reason, i.Next,
		joined(files), joined(rows), joined(columns), strings.Join(i.Answers, " | "),
	}
}

// joined lists values; one that all share stands once.
func joined(values []string) string {
	if len(slices.Compact(slices.Clone(values))) == 1 {
		return values[0]
	}
	return strings.Join(values, ", ")
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
