package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

// Lists in a report are shortened to this many lines; the files and --json
// hold them all.
const reportLines = 12

// printSummary prints a run so that it reads like a report.
func printSummary(w io.Writer, s app.Summary) {
	printFiles(w, s)
	printClients(w, s)
	printSent(w, s)
	printRejected(w, s)
	printManual(w, s)
	printDeadlines(w, s)
	printStops(w, s)
}

func printFiles(w io.Writer, s app.Summary) {
	section(w, "FILES   rows = new + changed + unchanged + duplicate + rejected + skipped")
	if len(s.Files) == 0 {
		fmt.Fprintln(w, "  "+noFiles(s))
		for _, text := range s.Lacking {
			fmt.Fprintf(w, "  none of the files that wait was taken: %s\n", text)
		}
		return
	}
	var rows [][]string
	for _, f := range s.Files {
		seen := ""
		if f.AlreadySeen {
			seen = "(seen before, read again with its set)"
		}
		rows = append(rows, []string{
			f.Name, fmt.Sprintf("%d = %d + %d + %d + %d + %d + %d", f.Rows, f.New, f.Changed, f.Unchanged, f.Duplicate, f.Rejected, f.Skipped),
			check(f.Holds()), seen,
		})
	}
	table(w, nil, rows)
	for _, warned := range s.Warnings {
		fmt.Fprintf(w, "  note: %s, %d rows: %s\n", warned.File, warned.Rows, warned.Text)
	}
}

// noFiles says why no file was taken.
func noFiles(s app.Summary) string {
	if s.AllRead() && len(s.Unsettled) == 0 {
		return "no new files"
	}
	return "no file was taken; what was not read is told at the end"
}

func printClients(w io.Writer, s app.Summary) {
	c := s.Clients
	section(w, "CLIENTS LOOKED AT IN THIS RUN   = held + manual + planned + no change")
	fmt.Fprintf(w, "  %d = %d + %d + %d + %d   %s\n", c.Decided, c.Held, c.Manual, c.Planned, c.NoChange, check(c.Holds()))
	if s.Undecided > 0 {
		fmt.Fprintf(w, "  %d more wait: MLP could not be asked what it holds of them\n", s.Undecided)
	}
	if s.ToLookUp > 0 {
		fmt.Fprintf(w, "  %s of before wait: MLP is to be asked again what it holds of them\n", counted(s.ToLookUp, "client", "clients"))
	}
	if s.Unread > 0 {
		fmt.Fprintf(w, "  of %s what MLP answers can't be used, and they wait: see \"mlpsync status\"\n", counted(s.Unread, "client", "clients"))
	}
	section(w, "CATEGORIES IN MLP")
	rows := [][]string{}
	before, after := 0, 0
	for _, code := range slices.Sorted(maps.Keys(s.Categories)) {
		n := s.Categories[code]
		before, after = before+n.Before, after+n.After
		if code == app.NotLookedUp {
			code = "not asked"
		}
		rows = append(rows, []string{code, strconv.Itoa(n.Before), strconv.Itoa(n.After), categoryLabel(code)})
	}
	rows = append(rows, []string{"total", strconv.Itoa(before), strconv.Itoa(after), ""})
	table(w, []string{"code", "before", "after", ""}, rows)
}

// categoryLabel is VDAB's own name of a category (domain.md section 1).
func categoryLabel(code string) string {
	labels := map[string]string{
		"05": "werkzoekende ten laste van het OCMW", "00": "uitkeringsgerechtigd werkzoekende",
		"78": "uitschrijving wegens werk", "90": "voltijds werkende vrij ingeschreven werkzoekende",
		"93": "vrij ingeschreven deeltijdse werknemer", "none": "no dossier, or no category", "not asked": "MLP could not be asked yet, or no valid INSZ is known",
		"02": "beroepsinschakelingstijd", "03": "vrij ingeschreven werkzoekende", "06": "erkende handicap",
		"10": "in opzegtermijn", "11": "deeltijds onderwijs", "14": "van het recht op uitkering uitgesloten",
		"80": "deeltijdse met inkomensgarantie-uitkering", "82": "deeltijds werkend tijdens wachttijd", "92": "tijdelijk werkloze",
	}
	if label, known := labels[code]; known {
		return label
	}
	return "unknown category: never overwritten without a person"
}

func printSent(w io.Writer, s app.Summary) {
	section(w, "SENT TO MLP   %s settled in %s%s", counted(s.Entries.Settled, "entry", "entries"), counted(s.Requests, "request", "requests"), foundThere(s.Entries.Found))
	var rows [][]string
	for _, kind := range slices.Sorted(maps.Keys(s.Sent)) {
		rows = append(rows, []string{kind, strconv.Itoa(s.Sent[kind])})
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Handovers)) {
		rows = append(rows, []string{"handover " + string(kind), strconv.Itoa(s.Handovers[kind])})
	}
	table(w, nil, rows)
	e := s.Entries
	fmt.Fprintf(w, "  left: %d waiting, %d suspended (client held), %d parked, %d in doubt\n", e.Waiting, e.Suspended, e.Parked, e.InDoubt)
	if e.Waiting+e.Parked+e.InDoubt > 0 {
		fmt.Fprintln(w, "  what each waits for: \"mlpsync queue list\"; but for what is parked, the daemon or the next \"mlpsync once\" goes on with them")
	}
}

// foundThere tells of what was in doubt, and in MLP already.
func foundThere(n int) string {
	if n == 0 {
		return ""
	}
	return "; " + counted(n, "that was in doubt was there already", "that were in doubt were there already")
}

// printRejected lists rejected rows; many of them by what is wrong, so that one error all through an export is one line.
func printRejected(w io.Writer, s app.Summary) {
	if len(s.Rejected) == 0 {
		return
	}
	section(w, "REJECTED ROWS   %d reasons", len(s.Rejected))
	var rows [][]string
	if len(s.Rejected) <= reportLines {
		for _, r := range s.Rejected {
			rows = append(rows, []string{r.File, strconv.Itoa(r.Row), r.Column, r.Reason})
		}
		table(w, []string{"file", "row", "column", "reason"}, rows)
		return
	}
	kinds := s.RejectedKinds()
	for _, k := range firstOf(kinds, 2*reportLines) {
		rows = append(rows, []string{k.File, k.Column, strconv.Itoa(k.Rows), strconv.Itoa(k.Row), k.Reason})
	}
	table(w, []string{"file", "column", "rows", "first", "reason"}, rows)
	more(w, len(kinds), 2*reportLines, "other kinds of error")
	fmt.Fprintln(w, "  each row: the file afgekeurd in the reports folder, or --json")
}

func printManual(w io.Writer, s app.Summary) {
	if len(s.Manual) == 0 {
		return
	}
	section(w, "MANUAL DECISIONS   %d", len(s.Manual))
	var rows [][]string
	for _, m := range firstOf(s.Manual, reportLines) {
		rows = append(rows, []string{m.Client, m.Rule, clip(m.Reason, 140)})
	}
	table(w, []string{"client", "rule", "reason"}, rows)
	more(w, len(s.Manual), reportLines, "see the worklist (werklijst) in the reports folder")
}

func printDeadlines(w io.Writer, s app.Summary) {
	if len(s.Deadlines) == 0 {
		return
	}
	overdue, next := splitDeadlines(s.Deadlines)
	section(w, "DEADLINES   %d overdue, %d to come; those that come first:", len(overdue), len(next))
	var rows [][]string
	for _, d := range append(firstOf(overdue, reportLines/3), firstOf(next, reportLines)...) {
		rows = append(rows, []string{string(d.Due), string(d.State), d.Client, d.Rule, clip(d.What, 110)})
	}
	table(w, []string{"due", "state", "client", "rule", "what"}, rows)
	if left := len(overdue) - reportLines/3; left > 0 {
		fmt.Fprintf(w, "  ... and %d more that are overdue: mlpsync deadlines --state overdue\n", left)
	}
	more(w, len(next), reportLines, "the worklist (werklijst) has those of the next two months, --json all of them")
}

func splitDeadlines(all []app.Deadline) (overdue, next []app.Deadline) {
	for _, d := range all {
		if d.State == casefile.DeadlineOverdue {
			overdue = append(overdue, d)
		} else {
			next = append(next, d)
		}
	}
	return overdue, next
}

// What to do about what keeps all of an OCMW's changes back.
const (
	guardNext = "look with \"mlpsync guard show\", then \"mlpsync guard release NUMBER --reason ...\""
	pauseNext = "nothing is sent for it until \"mlpsync resume --reason ...\""
)

func quietHours(q *app.Quiet) string {
	return fmt.Sprintf("QUIET HOURS   %s to %s: nothing is sent until %s", q.From, q.Until, clock(q.Ends))
}

func printStops(w io.Writer, s app.Summary) {
	for _, stop := range s.Stops {
		section(w, "STOPPED BY THE GUARD   OCMW %s: %s", stop.OCMW, stop.Reason)
		fmt.Fprintln(w, "  "+guardNext)
	}
	if s.Quiet != nil {
		section(w, "%s", quietHours(s.Quiet))
	}
	for _, p := range s.Paused {
		section(w, "PAUSED   OCMW %s since %s by %s: %s", p.OCMW, clock(p.Since), p.By, p.Reason)
		fmt.Fprintln(w, "  "+pauseNext)
	}
	for _, n := range s.Brief() {
		section(w, "%s   %s", strings.ToUpper(noteWord(n)), n.EN)
	}
	for _, f := range s.Unsettled {
		section(w, "NOT READ YET   %s: %s", f.Name, f.Reason)
	}
	for _, name := range s.Unbalanced {
		section(w, "NOT TAKEN   %s: the balance of this file does not hold; the set in force stays", name)
	}
}

// noteWord is the word in front of a note.
func noteWord(n app.Note) string {
	if n.NotRead() {
		return "not read"
	}
	return "note"
}

func firstOf[T any](list []T, n int) []T { return slices.Clone(list[:min(n, len(list))]) }
