package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/report"
	"github.com/mlpsync/mlpsync/mapping"
)

// shelf is a ledger that only reads.
type shelf struct {
	ledger.Store
	clients  []ledger.ClientView
	rejected []ledger.RejectedRow
	err      error
}

func (s shelf) Decisions(_ context.Context, _ string, each func(ledger.ClientView) error) error {
	for _, v := range s.clients {
		if err := each(v); err != nil {
			return err
		}
	}
	return s.err
}

func (s shelf) Paused(context.Context, string) (*ledger.Hold, error) { return nil, nil }

func (s shelf) Lanes(context.Context, []outbox.State, func([]outbox.Entry) error) error { return nil }
func (s shelf) Notes(context.Context, string) ([]ledger.Note, error)                    { return nil, nil }

func (s shelf) Rejected(_ context.Context, _ string, each func(ledger.RejectedRow) error) error {
	for _, r := range s.rejected {
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

func appOn(s shelf) *App {
	return &App{store: s, rules: mapping.New(), clock: clock{base: firstInstant(string(day)), started: time.Now()},
		config: &config.Config{OCMWs: []config.OCMW{{Name: "OCMW Voorbeeld", KBO: "0999999922", DefaultCaseworker: "mw-000"}}}}
}

func withDeadlines(client, caseworker string, deadlines ...casefile.Deadline) ledger.ClientView {
	return ledger.ClientView{Kind: ledger.OutcomeNoChange, Caseworker: caseworker, Decision: casefile.Decision{Day: day, Deadlines: deadlines},
		Subject: ledger.Subject{OCMW: "0999999922", Client: client, Pseudonym: "p-" + client}}
}

func someDeadlines() shelf {
	return shelf{clients: []ledger.ClientView{
		withDeadlines("Z2", "mw-2", casefile.Deadline{Rule: "TWE-07", Due: "2026-04-01", State: casefile.DeadlineDue, What: "Evaluatie; met 1, 2 en 3."},
			casefile.Deadline{Rule: "TWE-07", Due: "2026-04-01", State: casefile.DeadlineDue, What: "Nog een evaluatie."},
			casefile.Deadline{Rule: "TWE-03", Due: "2026-03-01", State: casefile.DeadlineOverdue, What: "Art. 60§7."}),
		withDeadlines("Z1", "", casefile.Deadline{Rule: "CAT-07", Due: "2026-03-15", State: casefile.DeadlineDue, What: "00 zetten."},
			casefile.Deadline{Rule: "TWE-18", Due: "2026-02-28", State: casefile.DeadlineMet, What: "Aanvaard."}),
		{Kind: ledger.OutcomeHeld, Caseworker: "mw-2"}, {},
	}}
}

func TestDeadlinesAreFilteredAndCounted(t *testing.T) {
	cases := []struct {
		name   string
		filter DeadlineFilter
		want   string
		held   int
		all    int // in the totals
	}{
		{"all, in order of date", DeadlineFilter{}, "TWE-18 met|TWE-03 overdue|CAT-07 overdue|TWE-07 due|TWE-07 due", 1, 5},
		{"those that are not met", DeadlineFilter{Open: true}, "TWE-03 overdue|CAT-07 overdue|TWE-07 due|TWE-07 due", 1, 5},
		{"those that have passed", DeadlineFilter{State: casefile.DeadlineOverdue}, "TWE-03 overdue|CAT-07 overdue", 1, 5},
		{"of the default caseworker", DeadlineFilter{Caseworker: "mw-000"}, "TWE-18 met|CAT-07 overdue", 0, 2},
		{"the last day counts", DeadlineFilter{Until: "2026-03-01"}, "TWE-18 met|TWE-03 overdue", 1, 2},
		{"the day before does not", DeadlineFilter{Until: "2026-02-27"}, "", 1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list, err := appOn(someDeadlines()).Deadlines(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			sum := 0
			for _, d := range list.Deadlines {
				got = append(got, d.Rule+" "+string(d.State))
				if d.Source == "" {
					t.Errorf("%s has no source", d.Rule)
				}
			}
			for _, n := range list.Totals {
				sum += n
			}
			if strings.Join(got, "|") != c.want || sum != c.all || list.Held != c.held {
				t.Errorf("%v, totals %v, %d held", got, list.Totals, list.Held)
			}
		})
	}
	_, err := appOn(someDeadlines()).Deadlines(t.Context(), DeadlineFilter{Caseworker: "mw-404"})
	refused(t, err, `no client of the exports in force has a caseworker "mw-404"`, "personnel code")
	_, err = appOn(someDeadlines()).Worklist(t.Context(), "mw-404")
	refused(t, err, `a caseworker "mw-404"`, "personnel code")
	broken := errors.New("broken")
	if _, err := appOn(shelf{err: broken}).Deadlines(t.Context(), DeadlineFilter{}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestCalendarIsReadBack(t *testing.T) {
	a := appOn(someDeadlines())
	list, err := a.Deadlines(t.Context(), DeadlineFilter{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "termijnen.ics")
	first := writeCalendar(t, a, path, list, 4) // the one that is met is left out
	if bytes.Contains(bytes.ReplaceAll(first, []byte("\r\n"), nil), []byte("\n")) {
		t.Error("a line does not end in CRLF")
	}
	for _, line := range bytes.Split(first, []byte("\r\n")) {
		if len(line) > 75 {
			t.Errorf("%d octets in a line", len(line))
		}
	}
	events := readCalendar(t, first)
	want := [][]string{
		{"Z2: Art. 60§7.", "20260301", "20260302", "TWE-03"}, {"Z1: 00 zetten.", "20260315", "20260316", "CAT-07"},
		{"Z2: Evaluatie; met 1, 2 en 3.", "20260401", "20260402", "TWE-07"}, {"Z2: Nog een evaluatie.", "20260401", "20260402", "TWE-07"},
	}
	var got [][]string
	ids := map[string]bool{}
	for _, e := range events {
		got = append(got, []string{value(e, ics.ComponentPropertySummary), value(e, ics.ComponentPropertyDtStart),
			value(e, ics.ComponentPropertyDtEnd), value(e, ics.ComponentPropertyCategories)})
		ids[e.Id()] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(ids) != len(events) {
		t.Error("two deadlines share an id: a calendar would show one")
	}
	for _, e := range readCalendar(t, writeCalendar(t, a, path, list, 4)) {
		if !ids[e.Id()] {
			t.Error("an id changed: a calendar would show the deadline twice")
		}
	}
}

func value(e *ics.VEvent, p ics.ComponentProperty) string {
	if found := e.GetProperty(p); found != nil {
		return found.Value
	}
	return ""
}

func writeCalendar(t *testing.T, a *App, path string, list DeadlineList, want int) []byte {
	t.Helper()
	n, err := a.WriteCalendar(path, list)
	if err != nil || n != want {
		t.Fatalf("%d events, %v; want %d", n, err, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func readCalendar(t *testing.T, content []byte) []*ics.VEvent {
	t.Helper()
	c, err := ics.ParseCalendar(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return c.Events()
}

func TestCalendarThatCantBeWrittenLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "is-a-folder")
	if err := os.MkdirAll(filepath.Join(path, "with-something"), 0o700); err != nil {
		t.Fatal(err)
	}
	var hinted *Hinted
	if _, err := appOn(shelf{}).WriteCalendar(path, DeadlineList{}); !errors.As(err, &hinted) {
		t.Errorf("%v has no hint", err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("a half file is left: %v", left)
	}
}

func TestWorklistAddsUp(t *testing.T) {
	manual := func(client, caseworker string, rules ...string) ledger.ClientView {
		v := withDeadlines(client, caseworker, casefile.Deadline{Rule: "TWE-07", Due: "2026-04-01", State: casefile.DeadlineDue})
		for _, rule := range rules {
			v.Decision.Manual = append(v.Decision.Manual, casefile.Manual{Rule: rule})
		}
		return v
	}
	store := shelf{
		clients:  []ledger.ClientView{manual("1", "mw-2", "A"), manual("2", "", "B"), manual("3", "mw-000", "C"), manual("4", "mw-2", "D", "E")},
		rejected: []ledger.RejectedRow{{Client: ""}, {Client: "2"}},
	}
	list, err := appOn(store).Worklist(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	totals, items := map[report.Sort]int{}, 0
	for _, c := range list.Caseworkers {
		var rules []string
		for _, i := range c.Items {
			rules = append(rules, i.Rule)
		}
		sum := 0
		for sort, n := range c.Totals {
			totals[sort] += n
			sum += n
		}
		if sum != len(c.Items) {
			t.Errorf("%s: %d items, totals %v", c.Worker.Dutch(), len(c.Items), c.Totals)
		}
		items += sum
		got = append(got, c.Worker.Dutch()+": "+strings.Join(rules, " "))
	}
	want := []string{"mw-000: C TWE-07", "mw-000 (standaard): B TWE-07", "mw-2: A D E TWE-07 TWE-07"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(list.Totals, totals); diff != "" || items != list.Items || list.NobodysRows != 1 {
		t.Errorf("%s; %d of %d items; %d rows of nobody", diff, items, list.Items, list.NobodysRows)
	}
	mine, err := appOn(store).Worklist(t.Context(), "mw-2")
	if err != nil || len(mine.Caseworkers) != 1 || mine.Items != 5 || mine.NobodysRows != 0 {
		t.Errorf("%+v, %v", mine, err)
	}
}
