// Package report writes the caseworkers' files: rejected rows and worklist, in
// Dutch, as CSV that a spreadsheet opens (design decision 26).
//
// The files are the municipality's own: they name client numbers, never an
// INSZ or a name, and no value of a rejected cell. Each run replaces the files
// of its day in one step, so a reader never sees half a file. internal/app
// wires it into the cycle.
package report

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// Writer writes the files of several OCMWs.
type Writer struct {
	store   ledger.Reading
	folders map[string]string
}

// New writes from store into one folder an OCMW (by KBO number).
func New(store ledger.Reading, folders map[string]string) *Writer {
	return &Writer{store: store, folders: folders}
}

// Report writes afgekeurd-DATE.csv and werklijst-DATE.csv of one OCMW.
func (w *Writer) Report(ctx context.Context, ocmw string, day casefile.Date) error {
	folder := w.folders[ocmw]
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
	worklist, err := w.worklist(ctx, ocmw)
	if err != nil {
		return err
	}
	return writeCSV(filepath.Join(folder, "werklijst-"+string(day)+".csv"), worklist)
}

func (w *Writer) rejected(ctx context.Context, ocmw string) ([][]string, error) {
	rows, err := w.store.Rejected(ctx, ocmw)
	if err != nil {
		return nil, fmt.Errorf("list rejected rows: %w", err)
	}
	table := [][]string{{"Cliëntnummer", "Dossierbeheerder", "Bestand", "Rij", "Kolom", "Regel", "Reden", "Wat nu"}}
	for _, r := range rows {
		table = append(table, []string{
			r.Client, r.Caseworker, r.File, strconv.Itoa(r.Row), r.Column, r.Rule, r.ReasonNL, r.HintNL,
		})
	}
	return table, nil
}

// worklist lists, by caseworker, what a person must decide, what a person should know,
// and the deadlines that are due or overdue.
func (w *Writer) worklist(ctx context.Context, ocmw string) ([][]string, error) {
	parked, err := w.parked(ctx, ocmw)
	if err != nil {
		return nil, err
	}
	var lines [][]string
	err = w.store.Decisions(ctx, ocmw, func(v ledger.ClientView) error {
		lines = append(lines, clientLines(v, parked[v.Person])...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	slices.SortStableFunc(lines, func(a, b []string) int {
		return cmp.Or(strings.Compare(a[1], b[1]), cmp.Compare(urgency(a[2]), urgency(b[2])))
	})
	header := []string{"Cliëntnummer", "Dossierbeheerder", "Soort", "Regel", "Uiterlijk", "Reden", "Wat nu", "Bestand", "Rij", "Kolom"}
	return append([][]string{header}, lines...), nil
}

// The sorts of lines, in the order in which a caseworker wants them.
const (
	lineOverdue  = "termijn verstreken"
	lineParked   = "niet aanvaard door MLP"
	lineManual   = "te beslissen"
	lineHeld     = "wacht op gegevens"
	lineDeadline = "termijn"
	lineFinding  = "vaststelling"
)

func urgency(kind string) int {
	return slices.Index([]string{lineOverdue, lineParked, lineManual, lineHeld, lineDeadline, lineFinding}, kind)
}

// parked counts, by person, what MLP refused for good: caseworkers see that something is not
// registered, IT sees what.
func (w *Writer) parked(ctx context.Context, ocmw string) (map[int64]int, error) {
	entries, err := w.store.Entries(ctx, ledger.EntryFilter{OCMW: ocmw, States: []outbox.State{outbox.Parked}})
	if err != nil {
		return nil, fmt.Errorf("list parked entries: %w", err)
	}
	count := map[int64]int{}
	for _, e := range entries {
		count[e.Person]++
	}
	return count, nil
}

// horizonDays is how far ahead the worklist looks: a limit that lies further
// away is not work yet.
const horizonDays = 62

func clientLines(v ledger.ClientView, parked int) [][]string {
	var lines [][]string
	add := func(kind, rule string, due casefile.Date, reason, next string, cells []casefile.Cell) {
		var cell casefile.Cell
		row := ""
		if len(cells) > 0 {
			cell = cells[0]
			row = strconv.Itoa(cell.Row)
		}
		lines = append(lines, []string{v.Client, v.Caseworker, kind, rule, due.Dutch(), reason, next, cell.File, row, cell.Column})
	}
	if parked > 0 {
		add(lineParked, "", "", fmt.Sprintf("MLP aanvaardde %d registratie(s) van deze cliënt niet; wat erna komt, wacht.", parked),
			"Vraag IT om na te kijken wat er geweigerd is.", nil)
	}
	if v.Kind == ledger.OutcomeHeld {
		add(lineHeld, "", "", "Een rij van deze cliënt werd afgekeurd; er wordt niets verstuurd.",
			"Wat er verkeerd is, staat in het bestand afgekeurd. Verbeter het in het cliëntsysteem.", nil)
		return lines
	}
	for _, m := range v.Decision.Manual {
		add(lineManual, m.Rule, "", m.Reason, m.Next, m.Cells)
	}
	for _, f := range v.Decision.Findings {
		add(lineFinding, f.Rule, "", f.Reason, f.Next, f.Cells)
	}
	for _, d := range v.Decision.Deadlines {
		switch d.State {
		case casefile.DeadlineDue:
			if d.Due <= v.Decision.Day.AddDays(horizonDays) {
				add(lineDeadline, d.Rule, d.Due, d.What, "", d.Cells)
			}
		case casefile.DeadlineOverdue:
			add(lineOverdue, d.Rule, d.Due, d.What, "", d.Cells)
		}
	}
	return lines
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
