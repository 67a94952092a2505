package ledgertest

import (
	"errors"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

var auditing = map[string]func(*world){
	"an empty audit has nothing to choose from": func(w *world) {
		for _, newest := range []int{0, 3} {
			got, left := w.audited(ledger.AuditFilter{Newest: newest})
			w.same([]string{}, got, "chosen")
			w.same(0, left, "left off")
		}
	},

	"what is asked of the audit is chosen": func(w *world) {
		pseudonym, entry := w.story()
		w.same([]string{"setActivated", "decided", "approved", "parked", "discarded", "held", "paused", "stopped"}, w.actions(), "the story")
		for _, tt := range []struct {
			what string
			f    ledger.AuditFilter
			want []string
		}{
			{"one record", ledger.AuditFilter{Seq: 4}, []string{"parked"}},
			{"an OCMW", ledger.AuditFilter{OCMW: other}, []string{"paused", "stopped"}},
			{"a client", ledger.AuditFilter{Client: pseudonym}, []string{"decided", "parked", "discarded", "held"}},
			{"an entry", ledger.AuditFilter{Entry: entry}, []string{"parked", "discarded"}},
			{"a run", ledger.AuditFilter{Run: "run-2"}, []string{"discarded", "held", "paused", "stopped"}},
			{"actions", ledger.AuditFilter{Actions: []string{"held", "decided"}}, []string{"decided", "held"}},
			{"of a person", ledger.AuditFilter{By: "tester"}, []string{"approved"}},
			{"of a person, through sudo too", ledger.AuditFilter{By: "els"}, []string{"discarded", "held"}},
			{"of people, also of one with the program's name", ledger.AuditFilter{Ordered: true}, []string{"approved", "discarded", "held", "paused"}},
			{"since", ledger.AuditFilter{Since: w.now.Add(time.Hour)}, []string{"discarded", "held", "paused", "stopped"}},
			{"since a nanosecond later", ledger.AuditFilter{Since: w.now.Add(time.Hour + 1)}, []string{"stopped"}},
			{"until", ledger.AuditFilter{Until: w.now.Add(time.Hour)}, []string{"setActivated", "decided", "approved", "parked"}},
			{"until a nanosecond later", ledger.AuditFilter{Until: w.now.Add(time.Hour + 1), Ordered: true}, []string{"approved", "discarded", "held", "paused"}},
			{"several things at once", ledger.AuditFilter{Client: pseudonym, Ordered: true, By: "els", Actions: []string{"held", "paused"}}, []string{"held"}},
			{"nothing", ledger.AuditFilter{Client: "p-nobody"}, []string{}},
		} {
			got, left := w.audited(tt.f)
			w.same(tt.want, got, tt.what)
			w.same(0, left, tt.what+": left off")
		}
	},

	"the newest of the audit are chosen, and the older ones counted": func(w *world) {
		pseudonym, _ := w.story()
		for _, tt := range []struct {
			f    ledger.AuditFilter
			want []string
			left int
		}{
			{ledger.AuditFilter{Newest: 2}, []string{"paused", "stopped"}, 6},
			{ledger.AuditFilter{Newest: 8}, w.actions(), 0},
			{ledger.AuditFilter{Newest: 9}, w.actions(), 0},
			{ledger.AuditFilter{Newest: 1, Client: pseudonym}, []string{"held"}, 3},
			{ledger.AuditFilter{Newest: 4, Client: pseudonym}, []string{"decided", "parked", "discarded", "held"}, 0},
			{ledger.AuditFilter{Newest: 1, Until: w.now.Add(time.Hour)}, []string{"parked"}, 3},
			{ledger.AuditFilter{Newest: 1, Client: "p-nobody"}, []string{}, 0},
		} {
			got, left := w.audited(tt.f)
			w.same(tt.want, got, "chosen")
			w.same(tt.left, left, "left off")
		}
	},

	"the audit is read with what was typed": func(w *world) {
		w.story()
		words := map[string]string{}
		_, err := w.Audited(w.ctx, ledger.AuditFilter{}, func(a ledger.Audited) error {
			if a.Words != "" {
				words[a.Action] = a.Actor + ": " + a.Words
			}
			return nil
		})
		w.ok(err)
		w.same(map[string]string{
			"approved": "tester: to try it", "discarded": "els (sudo): a double", "held": "els: to talk about", "paused": "mlpsync: VDAB asked",
			"stopped": "mlpsync: 3 of 4 clients", // by the guard
		}, words, "words")
	},

	"a walk of the audit ends when it is told to": func(w *world) {
		w.story()
		seen := 0
		_, err := w.Audited(w.ctx, ledger.AuditFilter{}, func(ledger.Audited) error {
			seen++
			return ledger.ErrNotFound
		})
		w.same(true, errors.Is(err, ledger.ErrNotFound), "error")
		w.same(1, seen, "records seen")
	},
}

// story leaves a record of most sorts; what people order comes an hour after the rest, and the stop after that.
func (w *world) story() (pseudonym, entry string) {
	w.Helper()
	s := w.one("05")
	e := w.claimOne()
	w.ok(w.Park(w.ctx, e, outbox.Problem{Type: "refused"}, w.now))
	w.ok(w.StartRun(w.ctx, "run-2", w.now))
	for _, r := range []ledger.Request{
		{Kind: "discard", Entry: e.ID, OCMW: kbo, By: ledger.Actor{Name: "els" + ledger.ThroughSudo, Reason: "a double"}},
		{Kind: "hold", OCMW: kbo, Client: "c1", By: ledger.Actor{Name: "els", Reason: "to talk about"}},
		{Kind: "pause", OCMW: other, By: ledger.Actor{Name: ledger.ActorSelf, Reason: "VDAB asked"}},
	} {
		r.At = w.now
		w.ok(w.Request(w.ctx, r))
	}
	for _, a := range must(w.ApplyRequests(w.ctx, w.now.Add(time.Hour))) {
		w.same(true, a.Done, a.Kind)
	}
	w.ok(w.Stop(w.ctx, other, "3 van 4 cliënten", "3 of 4 clients", w.now.Add(2*time.Hour)))
	return s.Pseudonym, e.ID
}

// audited gives the actions that a filter chooses, none of which may have a problem.
func (w *world) audited(f ledger.AuditFilter) (actions []string, left int) {
	w.Helper()
	actions = []string{}
	last := int64(0)
	left, err := w.Audited(w.ctx, f, func(a ledger.Audited) error {
		if a.Problem != "" || a.Seq <= last {
			w.Errorf("record %d after %d: %s", a.Seq, last, a.Problem)
		}
		actions, last = append(actions, a.Action), a.Seq
		return nil
	})
	w.ok(err)
	return actions, left
}

// catalogued holds that every action that was written is one of those that are known, and notes them.
func (w *world) catalogued() {
	w.Helper()
	for _, word := range w.actions() {
		w.written[word] = true
		if !slices.ContainsFunc(audit.Actions(), func(a audit.Action) bool { return a.Word == word }) {
			w.Errorf("audit.Actions does not know %q", word)
		}
	}
}
