package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
)

// A day, a minute and a second each hold all of themselves, in Brussels, over the change of the hour too.
func TestWhenIsWholeDaysMinutesAndSeconds(t *testing.T) {
	for text, want := range map[string][2]string{
		"2026-03-16":                {"2026-03-15T23:00:00Z", "2026-03-16T23:00:00Z"},
		"2026-03-29":                {"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours
		"2026-07-01 09:30":          {"2026-07-01T07:30:00Z", "2026-07-01T07:31:00Z"},
		"2026-07-01 09:30:15":       {"2026-07-01T07:30:15Z", "2026-07-01T07:30:16Z"},
		"2026-07-01T09:30:15":       {"2026-07-01T07:30:15Z", "2026-07-01T07:30:16Z"},
		"2026-07-01T09:30:15Z":      {"2026-07-01T09:30:15Z", "2026-07-01T09:30:16Z"},
		"2026-07-01T09:30:15.123Z":  {"2026-07-01T09:30:15.123Z", "2026-07-01T09:30:15.124Z"},
		"2026-07-01T09:30:15+02:00": {"2026-07-01T07:30:15Z", "2026-07-01T07:30:16Z"},
	} {
		begins, ends, err := when("--since", text)
		if got := [2]string{begins.UTC().Format(time.RFC3339Nano), ends.UTC().Format(time.RFC3339Nano)}; got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "16/03/2026", "2026-02-30", "2026-03-16 25:00", "2026"} {
		var usage *usageError
		if _, _, err := when("--until", text); !errors.As(err, &usage) || !strings.Contains(err.Error(), "--until") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if begins, ends, err := when("--since", ""); !begins.IsZero() || !ends.IsZero() || err != nil {
		t.Error(begins, ends, err)
	}
}

func printedAudit(t *testing.T, records ...app.AuditRecord) string {
	t.Helper()
	var b strings.Builder
	each := auditTable(&b)
	for _, r := range records {
		if err := each(r); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// A row says who did what; who ordered it and why stand below, and so does what is wrong.
func TestAuditTable(t *testing.T) {
	at := time.Date(2026, 3, 16, 8, 30, 1, 0, time.UTC)
	const ocmw, client = "0999999031", "p-18pvkk7qfy"
	got := printedAudit(t,
		app.AuditRecord{Record: 1, At: at, By: "mlpsync", Action: "setActivated", OCMW: ocmw, Source: "set 1", After: "918 rows, 0 missing"},
		app.AuditRecord{Record: 2, At: at, By: "mlpsync", Action: "decided", OCMW: ocmw, Pseudonym: client, Rule: "CAT-05", Before: "05", After: "90", Reason: "planned"},
		app.AuditRecord{Record: 3, At: at, By: "mlpsync", Action: "decided", OCMW: ocmw, Pseudonym: client, Reason: "noChange"},
		app.AuditRecord{Record: 4, At: at, By: "mlpsync", Action: "stopped", OCMW: ocmw, Reason: "guard", Words: "first run"},
		app.AuditRecord{Record: 5, At: at, By: "GEMEENTE\\an.janssens", Action: "approved", OCMW: ocmw, After: "11 entries", Words: "plan checked"},
		app.AuditRecord{Record: 6, At: at, By: "mlpsync", Action: "settled", Pseudonym: client, Source: "put category", Rule: "CAT-05", After: "90"},
		app.AuditRecord{Record: 7, At: at, By: "mlpsync", Action: "settled", Pseudonym: client, Source: "put weo", Rule: "TWE-02", Before: "90", After: "90"},
		app.AuditRecord{Record: 8, At: at, By: "mlpsync", Action: "parked", Pseudonym: client, Source: "put note", Rule: "TWE-09", Reason: "urn:problem-type:belgif:badRequest"},
		app.AuditRecord{Record: 9, At: at, By: "an", Action: "discarded", Pseudonym: client, Before: "parked", Rule: "TWE-09", Entry: "01a21933-b25c-761d-9950-f62ccb746acd", Words: "a double\n\x1b[2Jof \u202ethe other"},
		app.AuditRecord{Record: 10, At: at, By: "mlpsync", Action: "retried", Pseudonym: client, Before: "parked", Entry: "e", Erased: true},
		app.AuditRecord{Record: 11, At: at, By: "an", Action: "answered", Pseudonym: client, Rule: "CAT-03", Before: "05", After: "90 from 2026-03-16", Problem: "it was changed"},
		app.AuditRecord{Record: 12, At: at, By: "an", Action: "restored"},
	)
	want := `  record   at                   action        about         what
  1        2026-03-16 09:30:01  setActivated  0999999031    set 1: 918 rows, 0 missing
  2        2026-03-16 09:30:01  decided       p-18pvkk7qfy  planned, category 05 → 90 (CAT-05)
  3        2026-03-16 09:30:01  decided       p-18pvkk7qfy  no change, no category
  4        2026-03-16 09:30:01  stopped       0999999031    nothing new is sent
           why: first run
  5        2026-03-16 09:30:01  approved      0999999031    11 entries may go
           by GEMEENTE\an.janssens: plan checked
  6        2026-03-16 09:30:01  settled       p-18pvkk7qfy  put category none → 90 (CAT-05)
  7        2026-03-16 09:30:01  settled       p-18pvkk7qfy  put weo (TWE-02)
  8        2026-03-16 09:30:01  parked        p-18pvkk7qfy  put note (TWE-09): badRequest
  9        2026-03-16 09:30:01  discarded     p-18pvkk7qfy  was parked (TWE-09), entry
                                                            01a21933-b25c-761d-9950-f62ccb746acd
           by an: a double �[2Jof �the other
  10       2026-03-16 09:30:01  retried       p-18pvkk7qfy  was parked, entry e
           by mlpsync: (what was typed is erased)
  11       2026-03-16 09:30:01  answered      p-18pvkk7qfy  CAT-03: 90 from 2026-03-16; before: 05
           by an
           WRONG: it was changed
  12       2026-03-16 09:30:01  restored                    a backup took the state's place
           by an
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if n := len([]rune(line)) - 1; n > pageWidth {
			t.Errorf("%d characters wide: %s", n, line)
		}
	}
}

func TestSudoSaysWhoGivesAnOrder(t *testing.T) {
	s := &session{getenv: func(name string) string { return map[string]string{"SUDO_USER": "an"}[name] }}
	if got := s.actor("x").Name; got != "an (sudo)" {
		t.Error(got)
	}
}
