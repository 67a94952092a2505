package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

var deciding = map[string]func(*world){
	"a client is dirty for a reason, and only then": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty before MLP was asked")
		w.look(kbo, nil)
		subjects := w.dirty(kbo)
		w.same([]string{"c1", "c2"}, numbers(subjects), "dirty at first")
		review := outcome(subjects[0])
		review.Decision.NextReview = day.AddDays(3)
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{review, outcome(subjects[1])}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty after deciding")
		w.same([]string{}, numbers(must(w.Dirty(w.ctx, kbo, day.AddDays(2), version, 10))), "before the day of review")
		w.same([]string{"c1"}, numbers(must(w.Dirty(w.ctx, kbo, day.AddDays(3), version, 10))), "on the day of review")
		w.same([]string{"c1", "c2"}, numbers(must(w.Dirty(w.ctx, kbo, day, "rules-2", 10))), "with other rules")
		w.same([]string{"c1"}, numbers(must(w.Dirty(w.ctx, kbo, day, "rules-2", 1))), "at most as many as asked")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "BB")))
		w.same([]string{"c2"}, numbers(w.dirty(kbo)), "after a changed record")
	},

	"who is being decided is not listed again": func(w *world) {
		rows := []ledger.Row{}
		for n := range 6 {
			rows = append(rows, row(0, n+2, client(fmt.Sprint("c", n), n+1, "A")))
		}
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.look(kbo, nil)
		due := map[string]ledger.Outcome{}
		for _, s := range w.dirty(kbo) {
			due[s.Client] = outcome(s)
		}
		review, before := due["c0"], due["c1"]
		review.Decision.NextReview, before.Version = day.AddDays(1), "rules-0"
		after := due["c2"]
		after.Version = "rules-9"
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{review, before, after}, w.now))
		list := func(limit int, except ...int64) []ledger.Subject {
			return must(w.Dirty(w.ctx, kbo, day.AddDays(1), version, limit, except...))
		}
		w.same([]string{"c0", "c1", "c2", "c3", "c4", "c5"}, numbers(list(10)), "for each reason")
		first := list(4)
		w.same([]string{"c4", "c5"}, numbers(list(4, persons(first)...)), "the rest")
		w.same(numbers(list(10)), numbers(list(10, 1000)), "when nobody of them is among those")
		w.same([]string{}, numbers(list(4, persons(list(10))...)), "when all are being decided")
		w.same(numbers(first), numbers(list(4)), "when they were not decided")
	},

	"a review on the day itself does not turn in a circle": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		o := outcome(w.subject("c1"))
		o.Decision.NextReview = day
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty on the same day")
	},

	"a subject holds all that deciding reads": func(w *world) {
		w.ingest(kbo, w.feeds("clients", "tracks"), row(0, 2, client("c1", 1, "Peeters")), row(1, 2, track("c1", "t1", "kok")))
		want := dossier(1, 7, "03")
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): want})
		s := w.subject("c1")
		w.same(casefile.Known{LookedUp: true, Dossier: want}, s.Known, "known")
		c := casefile.Assemble(casefile.OCMW{}, s.Records)
		w.same([]string{"Peeters", "kok"}, []string{c.Client.LastName, c.Tracks[0].JobTarget}, "records")
		w.same(insz(1).Reveal(), c.Client.INSZ.Reveal(), "INSZ")
		view := must(w.Find(w.ctx, kbo, s.Pseudonym))
		w.same([]string{"c1", "mw-014", s.Inputs}, []string{view.Client, view.Caseworker, view.Inputs}, "found by pseudonym")
		w.ok(w.Clients(w.ctx, kbo, func(v ledger.ClientView) error { w.same(view, v, "the same among all"); return nil }))
		w.ok(w.Decisions(w.ctx, kbo, func(v ledger.ClientView) error {
			w.same(0, len(v.Records), "records without what the decision was made of")
			w.same(want, v.Known.Dossier, "known")
			return nil
		}))
		if _, err := w.Find(w.ctx, other, "c1"); !errors.Is(err, ledger.ErrNotFound) {
			w.Fatalf("found at another OCMW: %v", err)
		}
	},

	"the decision is kept, and audited with before and after": func(w *world) {
		w.one("05")
		var views []ledger.ClientView
		w.ok(w.Decisions(w.ctx, kbo, func(v ledger.ClientView) error {
			views = append(views, v)
			return nil
		}))
		w.same(1, len(views), "clients")
		w.same(ledger.OutcomePlanned, views[0].Kind, "outcome")
		w.same("CAT-02", views[0].Decision.Timeline[0].Rule, "rule")
		if !views[0].DecidedAt.Equal(w.now) || views[0].Dirty {
			w.Fatalf("decided at %v, dirty %v", views[0].DecidedAt, views[0].Dirty)
		}
		var decided audit.Record
		w.ok(w.Audit(w.ctx, views[0].Pseudonym, func(r audit.Record) error {
			decided = r
			return nil
		}))
		w.same([]string{"decided", "03", "05", "CAT-02", version, "run-1"},
			[]string{decided.Action, decided.Before, decided.After, decided.Rule, decided.RulesVersion, decided.Run}, "audit")
	},

	"decisions come in order of client number": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c3", 3, "A")), row(0, 3, client("c1", 1, "B")), row(0, 4, client("c2", 2, "C")))
		var order []string
		w.ok(w.Decisions(w.ctx, kbo, func(v ledger.ClientView) error {
			order = append(order, v.Client)
			return nil
		}))
		w.same([]string{"c1", "c2", "c3"}, order, "order")
	},

	"inputs that moved are not decided on": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		w.look(kbo, nil)
		s := w.subject("c1")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "AA")))
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"))}, w.now))
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "still dirty")
		w.same([]string{}, w.lane(s.Person), "lane")
	},

	"a new plan replaces what is not sent": func(w *world) {
		s := w.one("05", "90")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "90", "00")
		w.same([]string{"reg-05 superseded", "reg-90 waiting", "reg-00 waiting"}, w.lane(s.Person), "lane")
		w.same("reg-90", w.claimOne().Registration, "first to go")
		w.ok(w.Check(w.ctx))
	},

	"a change that is parked or discarded is not queued again": func(w *world) {
		s := w.one("05", "90")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Status: 400, Type: "urn:problem-type:belgif:badRequest"}, w.later(time.Second)))
		w.same(0, len(w.claim(10)), "claimed behind a parked entry")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "93", "05", "90")
		w.same([]string{"reg-93 waiting", "reg-05 parked", "reg-90 waiting"}, w.lane(s.Person), "lane with a parked entry in its place")
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: w.entryIn(s, outbox.Parked).ID, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Claes")))
		w.queue("c1", "05", "90")
		w.same([]string{"reg-93 superseded", "reg-05 discarded", "reg-90 waiting"}, w.lane(s.Person), "lane with a discarded entry")
		w.same("reg-90", w.claimOne().Registration, "a discarded entry holds nobody up")
	},

	"a discarded entry that is sent after all goes where the decision has it": func(w *world) {
		s := w.one("05", "90", "93")
		first := w.firstWaiting(s)
		w.order(ledger.Request{Kind: "discard", Entry: first.ID})
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 6, "05"), w.now))
		w.order(ledger.Request{Kind: "retry", Entry: first.ID})
		w.same(0, len(w.claim(10)), "claimed before it is decided again")
		w.queue("c1", "00", "05", "93")
		w.same([]string{"reg-90 settled", "reg-00 waiting", "reg-05 waiting", "reg-93 waiting"}, w.lane(s.Person), "lane in the order of the decision")
		claimed := w.claimStretches(10, 3)[0]
		w.same([]any{first.ID, int64(6)}, []any{claimed[1].ID, claimed[1].Version}, "the one that was ordered, on the version of now")
	},

	"a discarded entry that is sent after all is superseded where nobody asks for it": func(w *world) {
		s := w.one("05")
		discarded := w.firstWaiting(s)
		w.order(ledger.Request{Kind: "discard", Entry: discarded.ID})
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "90")
		w.order(ledger.Request{Kind: "retry", Entry: discarded.ID})
		w.queue("c1", "90")
		w.same([]string{"reg-05 superseded", "reg-90 waiting"}, w.lane(s.Person), "lane")
	},

	"a discarded change lapses when something else is asked for of the same": func(w *world) {
		s := w.one("05")
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: w.entryIn(s, outbox.Waiting).ID, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		ask := func(name string, entries ...func(*outbox.Entry)) {
			w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, name)))
			s := w.subject("c1")
			var asked []outbox.Entry
			for _, change := range entries {
				e := w.entry(s, "05")
				change(&e)
				asked = append(asked, e)
			}
			w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, asked...)}, w.now))
		}
		same := func(*outbox.Entry) {}
		other := func(e *outbox.Entry) { e.ContentHash = "of other content" }
		ask("Maes")
		ask("Claes", other, same)
		w.same([]string{"reg-05 discarded", "reg-05 waiting"}, w.lane(s.Person), "asked for beside something else")
		ask("Maes", other)
		w.same([]string{"reg-05 superseded", "reg-05 waiting"}, w.lane(s.Person), "something else in its place")
		ask("Claes", same)
		w.same([]string{"reg-05 superseded", "reg-05 superseded", "reg-05 waiting"}, w.lane(s.Person), "asked for anew")
	},

	"a discarded change of what MLP holds stays so when another field is changed there": func(w *world) {
		s := w.one("05")
		ask := func(name string, end casefile.Date, counsellor string) {
			w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, name)))
			s := w.subject("c1")
			old := casefile.WEO{Start: day, End: end, Counsellor: "tb-9"}
			sent := old
			sent.Counsellor = counsellor
			e := w.entryOf(s, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "weo", Old: old, New: sent, Rule: "TWE-01"})
			e.ContentHash = "hash of " + string(end) + counsellor
			w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, e)}, w.now))
		}
		ask("Maes", "", "tb-1")
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: w.entryIn(s, outbox.Waiting).ID, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		ask("Claes", "2026-06-30", "tb-1")
		w.same([]string{"reg-05 superseded", "weo discarded"}, w.lane(s.Person), "somebody ended the WEO in MLP")
		ask("Maes", "2026-06-30", "tb-2")
		w.same([]string{"reg-05 superseded", "weo superseded", "weo waiting"}, w.lane(s.Person), "the facts name another counsellor")
	},

	"what was decided on a day that is still to come is decided again": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, nil)
		w.ok(w.StartRun(w.ctx, "run-2", w.now))
		first := w.subject("c1")
		w.ok(w.Decide(w.ctx, "run-2", []ledger.Outcome{outcome(first)}, w.now))
		w.ok(w.StartRun(w.ctx, "run-3", w.later(365*24*time.Hour))) // wrong
		w.same([]string{"c2"}, w.settleAll(kbo), "decided by a clock that is ahead")
		w.ok(w.StartRun(w.ctx, "run-4", w.later(time.Minute)))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty by the same clock")
		w.ok(w.StartRun(w.ctx, "run-5", w.later(-364*24*time.Hour)))
		w.same([]string{"c2"}, w.settleAll(kbo), "dirty by the right clock")
		w.ok(w.StartRun(w.ctx, "run-6", w.later(time.Minute)))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty afterwards")
	},

	"a parked entry that nobody asks for is superseded": func(w *world) {
		s := w.one("05")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Type: "x"}, w.later(time.Second)))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "90")
		w.same([]string{"reg-05 superseded", "reg-90 waiting"}, w.lane(s.Person), "lane")
	},

	"a client with an entry in flight is not planned": func(w *world) {
		s := w.one("05")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		stale := w.subject("c1")
		w.queue("c1", "05")
		e := w.claimOne()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Claes")))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty while claimed")
		stale.Inputs = must(w.Find(w.ctx, kbo, "c1")).Inputs
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(stale, w.entry(stale, "90"))}, w.now))
		w.same([]string{"reg-05 claimed"}, w.lane(s.Person), "lane while claimed")
		w.ok(w.Doubt(w.ctx, e, w.now, outbox.Problem{Type: "network"}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty while in doubt")
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 6, "05"), w.now))
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty when it has settled")
	},

	"a held client's entries are suspended, and go on when it is right": func(w *world) {
		s := w.one("05", "90")
		w.ingest(kbo, w.feeds("clients"), bad(0, 2, "c1"))
		w.same(0, len(w.claim(10)), "claimed for a held client")
		if due := must(w.NextDue(w.ctx)); !due.IsZero() {
			w.Fatalf("an entry of a held client is due at %v", due)
		}
		w.settleAll(kbo)
		w.same([]string{"reg-05 suspended", "reg-90 suspended"}, w.lane(s.Person), "lane while held")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.queue("c1", "05", "93")
		w.same([]string{"reg-90 superseded", "reg-05 waiting", "reg-93 waiting"}, w.lane(s.Person), "lane afterwards")
	},

	"adopted ids are kept": func(w *world) {
		s := w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		o := outcome(w.subject("c1"))
		o.Adopted = map[string]string{"ours": "theirs"}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		known := must(w.Known(w.ctx, s.Person))
		w.same(map[string]string{"ours": "theirs"}, known.Aliases, "aliases")
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty clients")
	},
}

// entryIn is the person's entry in a state.
func (w *world) entryIn(s ledger.Subject, state outbox.State) outbox.Entry {
	w.Helper()
	entries := must(w.Entries(w.ctx, ledger.EntryFilter{Person: s.Person, States: []outbox.State{state}}))
	if len(entries) != 1 {
		w.Fatalf("%d entries are %s, not 1", len(entries), state)
	}
	return entries[0]
}
