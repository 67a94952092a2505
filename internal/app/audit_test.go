package app

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// kept is a ledger with an audit, and the clients that it knows by OCMW and number.
type kept struct {
	ledger.Store
	clients map[string]string // pseudonyms
	records []ledger.Audited
	asked   *ledger.AuditFilter
	err     error
}

func (k kept) Find(_ context.Context, ocmw, client string) (ledger.ClientView, error) {
	pseudonym, known := k.clients[ocmw+"/"+client]
	if !known {
		return ledger.ClientView{}, ledger.ErrNotFound
	}
	return ledger.ClientView{Subject: ledger.Subject{OCMW: ocmw, Client: client, Pseudonym: pseudonym}}, nil
}

func (k kept) Audited(_ context.Context, f ledger.AuditFilter, each func(ledger.Audited) error) (int, error) {
	*k.asked = f
	for _, r := range k.records {
		if err := each(r); err != nil {
			return 0, err
		}
	}
	return 7, k.err
}

func (k kept) Audit(_ context.Context, _ string, each func(audit.Record) error) error {
	for _, r := range k.records {
		if err := each(r.Record); err != nil {
			return err
		}
	}
	return k.err
}

const firstOCMW, secondOCMW = "0999999922", "0999999823"

func auditedBy(k kept) (*App, *ledger.AuditFilter) {
	k.asked = &ledger.AuditFilter{}
	return &App{store: k, config: &config.Config{OCMWs: []config.OCMW{{KBO: firstOCMW}, {KBO: secondOCMW}}}}, k.asked
}

// The last of them has a payload that is erased.
func someRecords() []ledger.Audited {
	var all []ledger.Audited
	var head audit.Head
	for i, r := range []audit.Record{
		{Actor: ledger.ActorSelf, Action: "setActivated", OCMW: firstOCMW, Source: "set 1", After: "3 rows, 0 missing"},
		{
			Run: "run-1", Actor: ledger.ActorSelf, Action: "settled", OCMW: firstOCMW, Client: "p-18pvkk7qfy", Entry: "e", Rule: "CAT-05",
			RulesVersion: "v", Before: "05", After: "90", Source: "put category", RemoteID: "trace", Reason: "code",
		},
		{Actor: "els", Action: "held", OCMW: firstOCMW, Client: "p-18pvkk7qfy", Payload: []byte("sealed")},
	} {
		r.Seq, r.At = int64(i+1), time.Date(2026, 3, 16, 9, 0, i, 120_000_000, time.UTC)
		r = audit.Next(head.Hash, r)
		head = audit.Head{Seq: r.Seq, Hash: r.Hash}
		all = append(all, ledger.Audited{Record: r})
	}
	all[2].Payload = nil
	return all
}

func TestAnAuditIsAskedInTheLedgersWords(t *testing.T) {
	since := time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		what string
		q    AuditQuery
		want ledger.AuditFilter
		err  bool // also where there are records
	}{
		{"all", AuditQuery{}, ledger.AuditFilter{}, false},
		{"much", AuditQuery{Entry: "e", Run: "r", Actions: []string{"held"}, By: "els", Since: since, Until: since.Add(1), Limit: 5},
			ledger.AuditFilter{Entry: "e", Run: "r", Actions: []string{"held"}, By: "els", Since: since, Until: since.Add(1), Newest: 5}, false},
		{"people", AuditQuery{People: true}, ledger.AuditFilter{Ordered: true}, false},
		{"an OCMW", AuditQuery{OCMW: "0999.999.922"}, ledger.AuditFilter{OCMW: firstOCMW}, false},
		{"an OCMW that is served no more", AuditQuery{OCMW: "0999999031"}, ledger.AuditFilter{OCMW: "0999999031"}, false},
		{"no number at all", AuditQuery{OCMW: "x"}, ledger.AuditFilter{}, true},
		{"a client", AuditQuery{Client: "c1"}, ledger.AuditFilter{Client: "p-one"}, false},
		{"a client of each OCMW", AuditQuery{Client: "c2"}, ledger.AuditFilter{}, true},
		{"one of them", AuditQuery{Client: "c2", OCMW: secondOCMW}, ledger.AuditFilter{OCMW: secondOCMW, Client: "p-two"}, false},
		{"by OCMW and number", AuditQuery{Client: secondOCMW + "/c2"}, ledger.AuditFilter{Client: "p-two"}, false},
		{"a pseudonym that nobody has any more", AuditQuery{Client: "P-18PVKK7QFY"}, ledger.AuditFilter{Client: "p-18pvkk7qfy"}, false},
		{"no client", AuditQuery{Client: "c3"}, ledger.AuditFilter{}, true},
		{"no action", AuditQuery{Actions: []string{"held", "hold"}}, ledger.AuditFilter{}, true},
		{"no time", AuditQuery{Since: since, Until: since}, ledger.AuditFilter{}, true},
		{"less than nothing", AuditQuery{Limit: -1}, ledger.AuditFilter{}, true},
	} {
		k := kept{clients: map[string]string{firstOCMW + "/c1": "p-one", firstOCMW + "/c2": "p-other", secondOCMW + "/c2": "p-two"}, records: someRecords()}
		a, asked := auditedBy(k)
		totals, err := a.Audit(t.Context(), tt.q, func(AuditRecord) error { return nil })
		if tt.err {
			var refused *Hinted
			if !errors.As(err, &refused) || !refused.Misuse || refused.Next == "" || totals.Shown > 0 {
				t.Errorf("%s: %+v, %v", tt.what, totals, err)
			}
			continue
		}
		if err != nil || totals != (AuditTotals{Shown: 3, Left: 7}) {
			t.Errorf("%s: %+v, %v", tt.what, totals, err)
		}
		if diff := cmp.Diff(tt.want, *asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.what, diff)
		}
	}
}

// What is not known and has no records is a mistake; what is known and has none is not.
func TestAnAuditWithoutRecords(t *testing.T) {
	for _, tt := range []struct {
		q      AuditQuery
		misuse bool
	}{
		{AuditQuery{}, false}, {AuditQuery{OCMW: firstOCMW}, false}, {AuditQuery{Client: "c1"}, false}, {AuditQuery{Run: "x"}, false},
		{AuditQuery{OCMW: "0999999031"}, true}, {AuditQuery{Client: "p-18pvkk7qfy"}, true}, {AuditQuery{OCMW: "0999999031", Client: "p-18pvkk7qfy"}, true},
	} {
		a, _ := auditedBy(kept{clients: map[string]string{firstOCMW + "/c1": "p-one"}})
		_, err := a.Audit(t.Context(), tt.q, nil)
		var refused *Hinted
		if errors.As(err, &refused) != tt.misuse || err != nil && !tt.misuse {
			t.Errorf("%+v: %v", tt.q, err)
		}
	}
}

// Whoever has the records as JSON can compute the chain, without the keys.
func TestTheChainCanBeComputedFromTheJSON(t *testing.T) {
	a, _ := auditedBy(kept{records: someRecords()})
	var head audit.Head
	_, err := a.Audit(t.Context(), AuditQuery{}, func(r AuditRecord) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		var back AuditRecord
		if err := json.Unmarshal(text, &back); err != nil {
			return err
		}
		head, err = head.Follow(audit.Record{
			Seq: back.Record, At: back.At, Run: back.Run, Actor: back.By, Action: back.Action, OCMW: back.OCMW, Client: back.Pseudonym, Entry: back.Entry,
			Rule: back.Rule, RulesVersion: back.Version, Before: back.Before, After: back.After, Source: back.Source, RemoteID: back.TraceID,
			Reason: back.Reason, PayloadDigest: back.PayloadDigest, Prev: back.Prev, Hash: back.Hash,
		})
		return err
	})
	if err != nil || head.Seq != 3 {
		t.Errorf("%+v, %v", head, err)
	}
}

func TestAuditCheck(t *testing.T) {
	records := someRecords()
	first, last := records[0].At, records[2].At
	broken := someRecords()[:2]
	hash := func(i int) string { return records[i].Hash.String() }
	for _, tt := range []struct {
		what, noted string
		k           kept
		want        AuditCheck // without Next
	}{
		{"holds", "", kept{records: records}, AuditCheck{AuditHead: AuditHead{3, hash(2)}, First: first, Last: last}},
		{"empty", "", kept{}, AuditCheck{AuditHead: AuditHead{0, audit.Hash{}.String()}}},
		{"noted", hash(1), kept{records: records}, AuditCheck{AuditHead: AuditHead{3, hash(2)}, First: first, Last: last, Noted: 2, NotedAt: records[1].At}},
		{"cut off", hash(2), kept{records: records[:2]}, AuditCheck{
			AuditHead: AuditHead{2, hash(1)}, First: first, Last: records[1].At, Problem: "no record has the hash that was noted: the records of then were cut off, or written anew",
		}},
		{"broken", hash(2), kept{records: broken, err: &audit.BrokenError{Seq: 3, Problem: "it was changed"}}, AuditCheck{
			AuditHead: AuditHead{2, hash(1)}, First: first, Last: records[1].At, Problem: "the audit chain breaks at record 3: it was changed",
		}},
	} {
		a, _ := auditedBy(tt.k)
		got, err := a.AuditCheck(t.Context(), tt.noted)
		if err != nil || got.Next == "" != (got.Problem == "") {
			t.Errorf("%s: %+v, %v", tt.what, got, err)
		}
		got.Next = ""
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.what, diff)
		}
	}
	a, _ := auditedBy(kept{records: records, err: errors.New("disk")})
	if _, err := a.AuditCheck(t.Context(), ""); err == nil {
		t.Error("a failing disk is no finding")
	}
}

// Every action that there is has words for people.
func TestEveryActionHasWords(t *testing.T) {
	for _, action := range audit.Actions() {
		r := AuditRecord{Action: action.Word, By: "els", Before: "05", After: "90", Source: "put category", Reason: "code", Rule: "CAT-05", Entry: "e"}
		if r.What() == "" || r.Meaning() == "" {
			t.Errorf("%s: %q, %q", action.Word, r.What(), r.Meaning())
		}
		r.By = ledger.ActorSelf
		if r.ByPerson() != action.Ordered {
			t.Errorf("%s by mlpsync is a person's: %t", action.Word, r.ByPerson())
		}
	}
}
