package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

func TestRowThatHoldsAClientIsNamedByWhatIsWrong(t *testing.T) {
	var b strings.Builder
	printStanding(&b, app.Explanation{Held: []app.RejectedRow{
		{File: "a.csv", Row: 3, Column: "INSZ", Reason: "Klopt niet.", Next: "Verbeter het."},
		{File: "a.csv", Row: 4, Reason: "Te veel velden.", Next: "Zie de aanhalingstekens."},
	}})
	want := `  wacht op gegevens: a.csv rij 3 kolom "INSZ": Klopt niet. Verbeter het.
  wacht op gegevens: a.csv rij 4: Te veel velden. Zie de aanhalingstekens.
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", &b, want)
	}
}

func TestRowsOfNobodyAreCounted(t *testing.T) {
	for n, want := range map[int]string{
		1: "1 afgekeurde rij zonder leesbaar cliëntnummer staat in geen lijst",
		2: "2 afgekeurde rijen zonder leesbaar cliëntnummer staan in geen lijst",
	} {
		var b strings.Builder
		printWorklist(&b, app.Worklist{NobodysRows: n})
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s\nwant %q", &b, want)
		}
	}
}

// However long a problem's title is, the column that it is about is said whole.
func TestTheColumnOfAProblemIsNotCutOff(t *testing.T) {
	e := app.QueueEntry{Cells: []casefile.Cell{{File: "trajecten_20260315.csv", Row: 2, Column: "POP opgemaakt door een ander bestuur op"}}}
	e.Problem.Title = strings.Repeat("MLP finds the request invalid ", 9)
	for what, print := range map[string]func(io.Writer){
		"queue list": func(w io.Writer) { queueListCmd{}.print(w, []app.QueueEntry{e}) },
		"status":     func(w io.Writer) { printAside(w, "PARKED", []app.QueueEntry{e}) },
	} {
		var b strings.Builder
		print(&b)
		if text := b.String(); !strings.Contains(text, "finds") || !strings.Contains(text, `… [trajecten_20260315.csv rij 2 kolom "POP opgemaakt door een ander bestuur op"]`) {
			t.Errorf("%s: %s", what, text)
		}
	}
}

// A check that damage kept from looking at all is neither sound nor a finding of its own.
func TestStateReportSaysWhatWasCutShort(t *testing.T) {
	var report app.StateReport
	err := json.Unmarshal([]byte(`{"checks": [{"check": "file", "looked": "all", "findings": [{"what": "pages are damaged", "where": "table known (page 38)", "next": "restore"}]},
		{"check": "sealed", "looked": "what is encrypted", "unfinished": true}, {"check": "lanes", "looked": "the outbox"}]}`), &report)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printState(&out, report)
	want := "  WRONG      file    all\n  CUT SHORT  sealed  what is encrypted\n  ok         lanes   the outbox\n\n" +
		"file: pages are damaged\n  where: table known (page 38)\n  now:   restore\n\nfindings: 1\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// What was in doubt and was there already is told apart from what was sent.
func TestWhatWasFoundIsToldApart(t *testing.T) {
	for n, want := range map[int]string{
		0:  "SENT TO MLP   1 entry settled in 2 requests\n",
		1:  "SENT TO MLP   1 entry settled in 2 requests; 1 that was in doubt was there already\n",
		67: "SENT TO MLP   1 entry settled in 2 requests; 67 that were in doubt were there already\n",
	} {
		var b strings.Builder
		printSent(&b, app.Summary{Requests: 2, Entries: app.EntryCounts{Settled: 1, Found: n}})
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s\nwant %q", &b, want)
		}
	}
}
