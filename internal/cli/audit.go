package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/casefile"
)

type auditCmd struct {
	List  auditListCmd  `cmd:"" default:"withargs" help:"List the last records, newest last; \"list\" may be left out, its flags are in \"audit list --help\"."`
	Show  auditShowCmd  `cmd:"" help:"Show one record with all that it holds."`
	Check auditCheckCmd `cmd:"" help:"Walk the whole chain: does it hold, and what is its last hash."`
}

type auditListCmd struct {
	configFlag
	Since  string   `placeholder:"WHEN" help:"Only from then on: YYYY-MM-DD, \"YYYY-MM-DD HH:MM[:SS]\", or an instant of RFC 3339."`
	Until  string   `placeholder:"WHEN" help:"Only until then, with that day, minute or second."`
	People bool     `xor:"who" help:"Only what people ordered, not what mlpsync did by itself."`
	By     string   `placeholder:"USER" xor:"who" help:"Only what this user of the operating system ordered."`
	Action []string `placeholder:"ACTION" help:"Only these actions, such as approved or discarded; a wrong one lists all there are."`
	Client string   `placeholder:"CLIENT" help:"Only this client: client number of the OCMW, KBO/number, or a pseudonym from a log."`
	OCMW   string   `placeholder:"KBO" help:"Only this OCMW."`
	Entry  string   `placeholder:"ENTRY" help:"Only this entry of the queue."`
	OfRun  string   `name:"run" placeholder:"RUN" help:"Only this run, by its id in a log line."`
	Limit  int      `placeholder:"N" default:"50" help:"At most so many, the newest; 0 lists all."`
	JSON   bool     `name:"json" help:"Print as JSON, one record on each line."`
}

func (c auditListCmd) Run(s *session) (err error) {
	query, err := c.query()
	if err != nil {
		return err
	}
	a, err := s.open(c.configFlag, app.Beside)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.NeedState(); err != nil {
		return err
	}
	out := bufio.NewWriter(s.stdout)
	notes, each := io.Writer(out), auditTable(out)
	if c.JSON {
		notes, each = s.stderr, auditLines(out)
	}
	totals, err := a.Audit(s.ctx, query, each)
	if err == nil {
		auditTail(notes, c.chooses(), totals)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if totals.Wrong > 0 {
		return errLeft
	}
	return nil
}

// query reads the flags.
func (c auditListCmd) query() (app.AuditQuery, error) {
	q := app.AuditQuery{
		OCMW: c.OCMW, Client: c.Client, Entry: c.Entry, Run: c.OfRun, Actions: c.Action, By: c.By, People: c.People, Limit: c.Limit,
	}
	var err error
	if q.Since, _, err = when("--since", c.Since); err == nil {
		_, q.Until, err = when("--until", c.Until)
	}
	return q, err
}

// chooses tells whether some records are asked for only.
func (c auditListCmd) chooses() bool {
	return c.Since+c.Until+c.By+c.Client+c.OCMW+c.Entry+c.OfRun != "" || c.People || len(c.Action) > 0
}

// when reads a day, minute, second or instant: when it begins, and when the next one does.
func when(flag, text string) (begins, ends time.Time, err error) {
	if text == "" {
		return begins, ends, nil
	}
	if day, err := casefile.ParseDate(text); err == nil {
		text, next := string(day), string(day.AddDays(1))
		begins, err = time.ParseInLocation(time.DateOnly, text, app.Zone())
		if err == nil {
			ends, err = time.ParseInLocation(time.DateOnly, next, app.Zone())
		}
		return begins, ends, err
	}
	for _, form := range []struct {
		layout string
		length time.Duration
	}{
		{time.DateTime, time.Second}, {"2006-01-02 15:04", time.Minute}, {"2006-01-02T15:04:05", time.Second}, {time.RFC3339, time.Second},
	} {
		if begins, err = time.ParseInLocation(form.layout, text, app.Zone()); err == nil {
			if begins.Nanosecond() > 0 {
				form.length = time.Millisecond
			}
			return begins, begins.Add(form.length), nil
		}
	}
	return begins, ends, &usageError{&app.Hinted{Err: fmt.Errorf("%s %q is not a day or an instant", flag, text),
		Next: "write it as 2026-03-16, \"2026-03-16 14:30\" or 2026-03-16T14:30:00+01:00"}}
}

// auditLines prints a record on each line, as JSON.
func auditLines(w io.Writer) func(app.AuditRecord) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(r app.AuditRecord) error { return encoder.Encode(r) }
}

// auditTable prints records as rows, with who ordered it and why below.
func auditTable(w io.Writer) func(app.AuditRecord) error {
	row := func(cells ...string) { columns(w, []int{7, 19, 12, 12}, cells...) }
	const indent = 11
	head := func() { row(" record", "at", "action", "about", "what") }
	return func(r app.AuditRecord) error {
		head()
		head = func() {}
		row(fmt.Sprintf("%7d", r.Record), clock(r.At), visible(r.Action), visible(r.About()), visible(r.What()))
		words := visible(r.Words)
		if r.Erased {
			words = "(what was typed is erased)"
		}
		if r.ByPerson() {
			paragraph(w, indent, "by ", strings.TrimSuffix(visible(r.By)+": "+words, ": "))
		} else {
			paragraph(w, indent, "why: ", words)
		}
		paragraph(w, indent, "WRONG: ", r.Problem)
		return nil
	}
}

// visible is a text without what moves a terminal's cursor or hides in it: what people typed is shown, and shows nothing else.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || unicode.IsSpace(r) {
			return r
		}
		return '�'
	}, text)
}

// auditTail says what is not listed, and what is wrong.
func auditTail(w io.Writer, chosen bool, t app.AuditTotals) {
	switch {
	case t.Shown == 0 && chosen:
		fmt.Fprintln(w, "nothing in the audit matches")
	case t.Shown == 0:
		fmt.Fprintln(w, "the audit is empty")
	}
	if t.Left > 0 {
		fmt.Fprintf(w, "%s left off; --limit 0 lists all\n", counted(t.Left, "older record that matches is", "older records that match are"))
	}
	if t.Wrong > 0 {
		fmt.Fprintf(w, "%s not as written; see \"mlpsync audit check\"\n", counted(t.Wrong, "RECORD IS", "RECORDS ARE"))
	}
}

type auditShowCmd struct {
	configFlag
	Record int64 `arg:"" help:"Number of the record."`
	JSON   bool  `name:"json" help:"Print as JSON."`
}

func (c auditShowCmd) Run(s *session) error {
	r, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.AuditRecord, error) { return a.AuditShow(s.ctx, c.Record) }, printAuditRecord)
	if err == nil && r.Problem != "" {
		return errLeft
	}
	return err
}

func printAuditRecord(w io.Writer, r app.AuditRecord) {
	words := r.Words
	if r.Erased {
		words = "(erased)"
	}
	typed := "why"
	if r.ByPerson() {
		typed = "reason typed"
	}
	for _, field := range [][2]string{
		{"record", strconv.FormatInt(r.Record, 10)}, {"at", clock(r.At)}, {"action", r.Action}, {"means", r.Meaning()}, {"what", r.What()},
		{"by", r.By}, {typed, words}, {"OCMW", r.OCMW}, {"person", r.Pseudonym}, {"entry", r.Entry}, {"rule", r.Rule}, {"rules version", r.Version},
		{"before", r.Before}, {"after", r.After}, {"source", r.Source}, {"trace id", r.TraceID}, {"code", r.Reason}, {"run", r.Run},
		{"hash", r.Hash.String()}, {"hash before it", r.Prev.String()}, {"WRONG", r.Problem},
	} {
		if field[1] != "" {
			paragraph(w, 2, fmt.Sprintf("%-16s", field[0]), visible(field[1]))
		}
	}
}

type auditCheckCmd struct {
	configFlag
	Noted string `placeholder:"HASH" help:"A last hash that was noted elsewhere: is it in the chain still?"`
	JSON  bool   `name:"json" help:"Print as JSON."`
}

func (c auditCheckCmd) Run(s *session) error {
	check, err := look(s, c.configFlag, c.JSON, func(a *app.App) (app.AuditCheck, error) { return a.AuditCheck(s.ctx, c.Noted) }, printAuditCheck)
	if err == nil && check.Problem != "" {
		return errLeft
	}
	return err
}

func printAuditCheck(w io.Writer, c app.AuditCheck) {
	holds := "the whole chain holds"
	if c.Problem != "" {
		fmt.Fprintf(w, "WRONG: %s\n", c.Problem)
		paragraph(w, 2, "now: ", c.Next)
		holds = "the chain holds so far"
	}
	if c.Records == 0 {
		fmt.Fprintln(w, "the audit is empty")
		return
	}
	fmt.Fprintf(w, "%s: %s, %s to %s\n  last hash: %s\n", holds, counted(int(c.Records), "record", "records"), clock(c.First), clock(c.Last), c.Hash)
	switch {
	case c.Noted > 0:
		fmt.Fprintf(w, "the noted hash is that of record %d (%s); %s after it\n", c.Noted, clock(c.NotedAt),
			counted(int(c.Records-c.Noted), "record came", "records came"))
	case c.Problem == "":
		fmt.Fprintln(w, "note it elsewhere, with the day: a chain that is cut short shows by it only; see --noted")
	}
}
