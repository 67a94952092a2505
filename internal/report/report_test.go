package report_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/report"
)

// shelf is a ledger that only reads what the files show.
type shelf struct {
	ledger.Reading
	rejected []ledger.RejectedRow
	clients  []ledger.ClientView
	err      error
}

func (s shelf) Rejected(_ context.Context, _ string, each func(ledger.RejectedRow) error) error {
	for _, r := range s.rejected {
		if err := each(r); err != nil {
			return err
		}
	}
	return s.err
}

func (s shelf) Decisions(_ context.Context, _ string, each func(ledger.ClientView) error) error {
	for _, v := range s.clients {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

// Notes has one that is about nobody, and one that what MLP answers about p-2 can't be used.
func (s shelf) Notes(context.Context, string) ([]ledger.Note, error) {
	return []ledger.Note{{Key: "late.clients"}, {Key: ledger.UnreadKey + "p-2"}}, nil
}

func (s shelf) Lanes(_ context.Context, _ []outbox.State, each func([]outbox.Entry) error) error {
	return errors.Join(each([]outbox.Entry{{Person: 7, State: outbox.Parked, OCMW: "k"}, {Person: 7, State: outbox.Parked, OCMW: "k"}}),
		each([]outbox.Entry{{Person: 8, State: outbox.Parked, OCMW: "other"}}))
}

func client(number, caseworker string, kind ledger.OutcomeKind, d casefile.Decision) ledger.ClientView {
	return ledger.ClientView{Subject: ledger.Subject{Client: number}, Caseworker: caseworker, Kind: kind, Decision: d}
}

func writer(store ledger.Reading, folder string) *report.Writer {
	return report.New(store, time.UTC, map[string]report.OCMW{"k": {Folder: folder, DefaultCaseworker: "mw-000"}})
}

func TestFilesForCaseworkers(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "reports")
	cell := casefile.Cell{File: "c.csv", Row: 7, Column: "Klaar"}
	store := shelf{
		rejected: []ledger.RejectedRow{{File: "c.csv", Client: "=A1", Caseworker: "mw-2", Rejection: ledger.Rejection{
			Row: 3, Column: "INSZ", Rule: "insz.check", ReasonNL: "Het controlegetal klopt niet; zie \"INSZ\".", HintNL: "Verbeter het.",
		}}},
		clients: []ledger.ClientView{
			{Subject: ledger.Subject{Client: "2", Person: 7, Pseudonym: "p-2"}, Caseworker: "mw-2", Kind: ledger.OutcomeHeld},
			client("1", "mw-1", ledger.OutcomeManual, casefile.Decision{
				Day:      "2026-03-16",
				Manual:   []casefile.Manual{{Rule: "CAT-03", Reason: "Reden.", Next: "Kies.", Cells: []casefile.Cell{cell}}},
				Findings: []casefile.Finding{{Rule: "TWE-05", Reason: "Geen referentie.", Next: "Vul in."}},
				Deadlines: []casefile.Deadline{
					{Rule: "CAT-07", Due: "2026-03-20", State: casefile.DeadlineDue, What: "00 zetten."},
					{Rule: "TWE-03", Due: "2026-03-01", State: casefile.DeadlineOverdue, What: "Art. 60 starten."},
					{Rule: "TWE-02", Due: "2027-03-01", State: casefile.DeadlineDue, What: "Einde WEO."},
					{Rule: "TWE-07", Due: "2026-02-01", State: casefile.DeadlineMet, What: "Evaluatie."},
				},
			}),
		},
	}
	if err := writer(store, folder).Report(t.Context(), "k", "2026-03-16"); err != nil {
		t.Fatal(err)
	}
	wantRejected := [][]string{
		{"Cliëntnummer", "Dossierbeheerder", "Bestand", "Rij", "Kolom", "Regel", "Reden", "Wat nu"},
		{"'=A1", "mw-2", "c.csv", "3", "INSZ", "insz.check", "Het controlegetal klopt niet; zie \"INSZ\".", "Verbeter het."},
	}
	if diff := cmp.Diff(wantRejected, read(t, filepath.Join(folder, "afgekeurd-2026-03-16.csv"))); diff != "" {
		t.Error(diff)
	}
	var kinds []string
	for _, line := range read(t, filepath.Join(folder, "werklijst-2026-03-16.csv"))[1:] {
		kinds = append(kinds, strings.Join([]string{line[0], line[2], line[3], line[4], line[8]}, "|"))
	}
	want := []string{
		"1|termijn verstreken|TWE-03|01/03/2026|", "1|te beslissen|CAT-03||7", "1|termijn|CAT-07|20/03/2026|",
		"1|vaststelling|TWE-05||", "2|niet aanvaard door MLP|||", "2|wacht op MLP|||", "2|wacht op gegevens|||",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

// The file is in the order of the screen, whatever comes first.
func TestTheFileIsInOrder(t *testing.T) {
	folder := t.TempDir()
	var store shelf
	for i := range 300 {
		at := casefile.NewDate(2026, 3, 1+i*7%30)
		store.clients = append(store.clients, client(strconv.Itoa(i), fmt.Sprint("mw-", i*13%7), ledger.OutcomeNoChange, casefile.Decision{Day: "2026-03-16",
			Findings:  []casefile.Finding{{Rule: "TWE-05", Reason: "Geen \"referentie\";\nniets."}},
			Deadlines: []casefile.Deadline{{Rule: "TWE-03", Due: at, State: casefile.DeadlineDue}}}))
	}
	options := report.Options{OCMW: "k", DefaultCaseworker: "mw-000", Day: "2026-03-16", Zone: time.UTC}
	items, err := report.Items(t.Context(), store, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := writer(store, folder).Report(t.Context(), "k", "2026-03-16"); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, i := range items {
		want = append(want, strings.Join([]string{i.Client, i.Worker.Dutch(), i.Sort.Dutch(), i.Due.Dutch(), i.Reason}, "|"))
	}
	for _, line := range read(t, filepath.Join(folder, "werklijst-2026-03-16.csv"))[1:] {
		got = append(got, strings.Join([]string{line[0], line[1], line[2], line[4], line[5]}, "|"))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 600 {
		t.Error(len(got), diff)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func TestFailuresAreSaid(t *testing.T) {
	broken := errors.New("broken")
	err := writer(shelf{err: broken}, t.TempDir()).Report(t.Context(), "k", "2026-03-16")
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writer(shelf{}, file).Report(t.Context(), "k", "2026-03-16"); err == nil {
		t.Error("a folder that is a file was taken")
	}
}

// read reads a file as a spreadsheet would: with its byte order mark.
func read(t *testing.T, path string) [][]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(string(content), "\uFEFF")
	if !marked {
		t.Error("no byte order mark: a spreadsheet would garble accents")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
