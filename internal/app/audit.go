package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// AuditQuery says which records of the audit are asked for; zero fields ask for all.
type AuditQuery struct {
	OCMW         string // KBO number
	Client       string // as explain names one
	Entry, Run   string
	Actions      []string
	By           string    // user of the operating system; "mlpsync" for what no person ordered
	People       bool      // what people ordered
	Since, Until time.Time // then or later, before then
	Limit        int       // at most so many, the newest; 0 is all
}

// AuditRecord is a record of the audit as people see it. Whoever has all of them can compute the chain anew.
type AuditRecord struct {
	Record    int64     `json:"record"`
	At        time.Time `json:"at"`
	Run       string    `json:"run,omitempty"`
	By        string    `json:"by"`
	Action    string    `json:"action"`
	OCMW      string    `json:"ocmw,omitempty"`
	Pseudonym string    `json:"pseudonym,omitempty"`
	Entry     string    `json:"entry,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	Version   string    `json:"rulesVersion,omitempty"`
	Before    string    `json:"before,omitempty"`
	After     string    `json:"after,omitempty"`
	Source    string    `json:"source,omitempty"`
	TraceID   string    `json:"traceId,omitempty"`
	Reason    string    `json:"reason,omitempty"` // a code
	// Words are what a person typed as the reason, or the guard said.
	Words  string `json:"words,omitempty"`
	Erased bool   `json:"erased,omitempty"` // there were words, and they are gone
	// Problem says what is wrong with the record itself.
	Problem       string     `json:"problem,omitempty"`
	PayloadDigest audit.Hash `json:"payloadDigest"`
	Prev          audit.Hash `json:"prev"`
	Hash          audit.Hash `json:"hash"`
}

func auditRecord(r ledger.Audited) AuditRecord {
	return AuditRecord{
		Record: r.Seq, At: r.At, Run: r.Run, By: r.Actor, Action: r.Action, OCMW: r.OCMW, Pseudonym: r.Client, Entry: r.Entry, Rule: r.Rule,
		Version: r.RulesVersion, Before: r.Before, After: r.After, Source: r.Source, TraceID: r.RemoteID, Reason: r.Record.Reason,
		Words: r.Words, Erased: r.Erased(), Problem: r.Problem, PayloadDigest: r.PayloadDigest, Prev: r.Prev, Hash: r.Hash,
	}
}

// ByPerson tells whether a person ordered it.
func (r AuditRecord) ByPerson() bool {
	return r.By != ledger.ActorSelf || slices.ContainsFunc(audit.Actions(), func(a audit.Action) bool { return a.Word == r.Action && a.Ordered })
}

// About is whom it concerns: the client, else the OCMW.
func (r AuditRecord) About() string { return cmp.Or(r.Pseudonym, r.OCMW) }

// Meaning is what the action means.
func (r AuditRecord) Meaning() string {
	for _, a := range audit.Actions() {
		if a.Word == r.Action {
			return a.Meaning
		}
	}
	return ""
}

// What says what happened, shortly.
func (r AuditRecord) What() string {
	switch r.Action {
	case "setActivated":
		return r.Source + ": " + r.After
	case "decided":
		return strings.ReplaceAll(r.Reason, "noChange", "no change") + "," + r.category() + r.rule()
	case "approved":
		if r.After == "1 entries" {
			return "1 entry may go"
		}
		return r.After + " may go"
	case "notReleased":
		return "nothing went: " + r.After + " waited, " + cmp.Or(r.Before, "something of an earlier version") + " was shown"
	case "stopped":
		return "nothing new is sent"
	case "settled":
		if r.Before == r.After {
			return r.Source + r.rule()
		}
		if what, isCategory := strings.CutSuffix(r.Source, " category"); isCategory {
			return what + r.category() + r.rule()
		}
		return r.Source + r.rule() + "," + r.category()
	case "parked", "conflict", "outsideArea":
		return r.Source + r.rule() + ": " + r.Reason[strings.LastIndexByte(r.Reason, ':')+1:]
	case "unreadable":
		if strings.HasPrefix(r.Source, "order ") {
			return r.Source + ": not carried out"
		}
		return r.Source + r.rule() + ": was " + r.Before + ", its client is decided again"
	case "answered":
		if r.Before != "" {
			return r.Rule + ": " + r.After + "; before: " + r.Before
		}
		return r.Rule + ": " + r.After
	case "begunAnew":
		return "what was known of a dossier is forgotten, the client is looked up again" + r.rule()
	case "retried", "discarded":
		return "was " + r.Before + r.rule() + ", entry " + r.Entry
	case "held":
		return "nothing is decided or sent"
	case "released":
		return "decided again"
	case "paused":
		return "nothing is sent"
	case "resumed":
		return "sending goes on"
	case "lookUpOrdered":
		return r.After + " are looked up again in MLP"
	case "restored":
		return "a backup took the state's place"
	}
	return ""
}

func (r AuditRecord) rule() string {
	if r.Rule == "" {
		return ""
	}
	return " (" + r.Rule + ")"
}

// category says what the category in MLP became, or is to become.
func (r AuditRecord) category() string {
	switch {
	case r.Before == "" && r.After == "":
		return " no category"
	case r.Before == r.After || r.After == "":
		return " category " + r.Before
	}
	return " category " + cmp.Or(r.Before, "none") + " → " + r.After
}

// AuditTotals are how many records of the audit were given, and how many older ones that match were not, by the limit.
type AuditTotals struct {
	Shown, Left int
	Wrong       int // of those that were given
}

// Audit gives the records that are asked for, oldest first.
func (a *App) Audit(ctx context.Context, q AuditQuery, each func(AuditRecord) error) (AuditTotals, error) {
	var totals AuditTotals
	filter, unknown, err := a.auditFilter(ctx, q)
	if err != nil {
		return totals, err
	}
	totals.Left, err = a.store.Audited(ctx, filter, func(r ledger.Audited) error {
		totals.Shown++
		if r.Problem != "" {
			totals.Wrong++
		}
		return each(auditRecord(r))
	})
	if err == nil && totals.Shown == 0 {
		err = unknown
	}
	return totals, err
}

// auditFilter says what is asked for in the ledger's words. What is not known now can still have records: unknown is the
// error where it has none.
func (a *App) auditFilter(ctx context.Context, q AuditQuery) (f ledger.AuditFilter, unknown, err error) {
	if err := q.check(); err != nil {
		return f, nil, err
	}
	f = ledger.AuditFilter{
		OCMW: digits(q.OCMW), Entry: q.Entry, Run: q.Run, Actions: q.Actions, By: q.By, Ordered: q.People, Since: q.Since, Until: q.Until, Newest: q.Limit,
	}
	served := slices.ContainsFunc(a.config.OCMWs, func(o config.OCMW) bool { return string(o.KBONumber()) == f.OCMW })
	if q.OCMW != "" && !served {
		unknown = noSuchOCMW()
	}
	if q.OCMW != "" && f.OCMW == "" {
		return f, nil, unknown
	}
	if q.Client == "" {
		return f, unknown, nil
	}
	name := q.Client
	if served && !strings.Contains(name, "/") {
		name = f.OCMW + "/" + name
	}
	view, err := a.find(ctx, name)
	pseudonym, typed := seal.NormalizePseudonym(q.Client)
	var missing *Hinted
	if typed && errors.As(err, &missing) {
		f.Client = pseudonym
		return f, cmp.Or(unknown, err), nil
	}
	f.Client = view.Pseudonym
	return f, unknown, err
}

// check refuses what nothing can match.
func (q AuditQuery) check() error {
	if q.Limit < 0 {
		return misuse(errors.New("there is no limit below 0"), "0 lists all")
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return misuse(errors.New("it ends before it begins"), "give an --until that is not before --since")
	}
	for _, word := range q.Actions {
		if !slices.Contains(actionWords(), word) {
			return misuse(fmt.Errorf("the audit has no action %q", word), "there are: "+strings.Join(actionWords(), ", "))
		}
	}
	return nil
}

func actionWords() []string {
	var words []string
	for _, a := range audit.Actions() {
		words = append(words, a.Word)
	}
	return words
}

// AuditShow is one record of the audit, by its number.
func (a *App) AuditShow(ctx context.Context, record int64) (found AuditRecord, err error) {
	if record > 0 {
		_, err = a.store.Audited(ctx, ledger.AuditFilter{Seq: record}, func(r ledger.Audited) error {
			found = auditRecord(r)
			return nil
		})
	}
	if err == nil && found.Record == 0 {
		err = misuse(fmt.Errorf("the audit has no record %d", record), "\"mlpsync audit\" lists the last ones, with their numbers")
	}
	return found, err
}

// AuditCheck is what a walk along the whole chain of the audit found.
type AuditCheck struct {
	AuditHead           // how far it holds
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	// Noted is the record whose hash was noted elsewhere, and NotedAt when that was written.
	Noted   int64     `json:"noted,omitempty"`
	NotedAt time.Time `json:"notedAt,omitzero"`
	Problem string    `json:"problem,omitempty"` // empty where all is well
	Next    string    `json:"next,omitempty"`
}

// AuditCheck walks the whole chain. noted is a hash of it that somebody kept elsewhere, empty for none.
func (a *App) AuditCheck(ctx context.Context, noted string) (AuditCheck, error) {
	var c AuditCheck
	var want audit.Hash
	if noted != "" {
		if err := want.UnmarshalText([]byte(strings.ToLower(strings.TrimSpace(noted)))); err != nil {
			return c, misuse(err, "give the last hash as \"mlpsync audit check\" printed it")
		}
	}
	var head audit.Head
	err := a.store.Audit(ctx, "", func(r audit.Record) error {
		head, c.Last = audit.Head{Seq: r.Seq, Hash: r.Hash}, r.At
		if r.Seq == 1 {
			c.First = r.At
		}
		if noted != "" && r.Hash == want {
			c.Noted, c.NotedAt = r.Seq, r.At
		}
		return nil
	})
	c.AuditHead = auditHead(head)
	var broken *audit.BrokenError
	switch {
	case errors.As(err, &broken):
		c.Problem, err = broken.Error(), nil
		c.Next = "somebody or something wrote past mlpsync: find out who, and keep the state as it is; \"mlpsync state check\" looks at all the rest"
	case err == nil && noted != "" && c.Noted == 0:
		c.Problem = "no record has the hash that was noted: the records of then were cut off, or written anew"
		c.Next = "was a backup of before put back since, as a record \"restored\" says (mlpsync audit --action restored)? If not, find out who wrote past mlpsync"
	}
	return c, err
}
