package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

var operating = map[string]func(*world){
	"a first run is told": func(w *world) {
		if !must(w.Guard(w.ctx, kbo)).FirstRun {
			w.Fatal("nothing was approved, and it is no first run")
		}
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
		if must(w.Guard(w.ctx, kbo)).FirstRun {
			w.Fatal("it stays the first run")
		}
	},

	"requests are carried out once, and told": func(w *world) {
		s := w.one("05", "90")
		parked := w.claimOne()
		w.ok(w.GiveBack(w.ctx, parked, time.Time{}, true, outbox.Problem{}, w.now))
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Status: 400, Type: "x", Title: "no"}, w.now))
		by := ledger.Actor{Name: "els", Reason: "the source is corrected"}
		for _, r := range []ledger.Request{
			{Kind: "retry", Entry: parked.ID, OCMW: kbo, By: by, At: w.now},
			{Kind: "discard", Entry: w.entryIn(s, outbox.Waiting).ID, By: by, At: w.now},
			{Kind: "retry", Entry: "nothing", OCMW: kbo, By: by, At: w.now},
			{Kind: "release", OCMW: kbo, Shown: must(w.Unreleased(w.ctx, kbo)).Fingerprint, By: by, At: w.now},
		} {
			w.ok(w.Request(w.ctx, r))
		}
		applied := must(w.ApplyRequests(w.ctx, w.later(time.Second)))
		var done []bool
		for _, a := range applied {
			done = append(done, a.Done)
			w.same(by, a.By, "by whom")
		}
		w.same([]bool{true, true, false, true}, done, "done")
		w.same([]string{"reg-05 waiting", "reg-90 discarded"}, w.lane(s.Person), "lane")
		w.same(0, w.claimOne().Attempts, "attempts of a retried entry")
		w.same(0, len(must(w.ApplyRequests(w.ctx, w.now))), "requests left")
	},

	"a release lets go what was shown, and nothing that came to wait since": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5), insz(2).Reveal(): dossier(2, 5)})
		one, two := w.subject("c1"), w.subject("c2")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(one, w.entry(one, "05"))}, w.now))
		w.ok(w.Stop(w.ctx, kbo, "te veel", "too much", w.now))
		shown := must(w.Unreleased(w.ctx, kbo))
		release := func(shown string) ledger.Applied {
			w.ok(w.Request(w.ctx, ledger.Request{Kind: "release", OCMW: kbo, Shown: shown, By: ledger.Actor{Name: "els", Reason: "seen"}, At: w.later(time.Minute)}))
			return must(w.ApplyRequests(w.ctx, w.later(time.Second)))[0]
		}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(two, w.entry(two, "90"))}, w.now))
		refused := release(shown.Fingerprint)
		w.same(false, refused.Done, "released what nobody saw")
		w.same([]int{1, 2}, []int{must(w.Totals(w.ctx, other, "")).Unapproved + 1, must(w.Totals(w.ctx, kbo, "")).Unapproved}, "not approved, of the other OCMW and of this one")
		w.same(true, must(w.Guard(w.ctx, kbo)).Stopped, "stopped")
		now := must(w.Unreleased(w.ctx, kbo))
		w.same(&ledger.Refused{By: "els", Asked: refused.At, Why: refused.Result}, now.Refused, "refusal that is told")
		w.same("notReleased", w.actions()[len(w.actions())-1], "last action")
		// Decided anew on a later version of the dossier, it asks for the same.
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 6)}, w.now))
		one = w.subject("c1")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(one, w.entry(one, "05"))}, w.now))
		w.same(true, release(now.Fingerprint).Done, "released what was shown")
		w.same(2, len(w.claim(10)), "claimed")
		w.same((*ledger.Refused)(nil), must(w.Unreleased(w.ctx, kbo)).Refused, "refusal behind a release")
		if err := w.Request(w.ctx, ledger.Request{Kind: "release", OCMW: kbo, At: w.now}); err == nil {
			w.Fatal("a release of nothing that was shown was taken")
		}
	},

	"what has no dossier to be written in waits until there is one": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		w.look(kbo, nil)
		s := w.subject("c1")
		create, put := w.entry(s, "05"), w.entry(s, "90")
		put.Op = string(casefile.OpPut)
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, create, put)}, w.now))
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: create.ID, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		w.same(0, len(w.claim(10)), "claimed without a dossier")
		w.same(time.Time{}, must(w.NextDue(w.ctx)), "due without a dossier")
		w.same([]string{"reg-05 discarded", "reg-90 waiting"}, w.lane(s.Person), "lane")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 1)}, w.now))
		w.queue("c1", "90")
		w.same("reg-90", w.claimOne().Registration, "what goes when there is one")
	},

	"what a state does not allow is told, and changes nothing": func(w *world) {
		s := w.one("05")
		e := w.claimOne()
		for _, kind := range []string{"retry", "discard"} {
			w.ok(w.Request(w.ctx, ledger.Request{Kind: kind, Entry: e.ID, OCMW: kbo, At: w.now}))
		}
		for _, a := range must(w.ApplyRequests(w.ctx, w.now)) {
			if a.Done || a.Result == "" {
				w.Fatalf("%s of a claimed entry: %+v", a.Kind, a)
			}
		}
		w.same([]string{"reg-05 claimed"}, w.lane(s.Person), "lane")
		if err := w.Request(w.ctx, ledger.Request{Kind: "explode", OCMW: kbo}); err == nil {
			w.Fatal("an unknown request was taken")
		}
	},

	"a discarded entry can come back": func(w *world) {
		s := w.one("05", "90")
		e := w.firstWaiting(s)
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: e.ID, OCMW: kbo, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		claimed := w.claimOne()
		w.same("reg-90", claimed.Registration, "the lane goes on")
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "retry", Entry: e.ID, OCMW: kbo, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		w.same([]string{"reg-05 waiting", "reg-90 claimed"}, w.lane(s.Person), "lane")
		w.ok(w.Check(w.ctx))
		w.same(0, len(w.claim(10)), "claimed beside what is being sent")
		w.same(0, len(w.settle(claimed, *dossier(1, 6, "90"), true)), "claimed before it is decided again")
	},

	"a pause stops from the order on, and is told and audited": func(w *world) {
		s := w.one("05")
		if p := must(w.Paused(w.ctx, kbo)); p != nil {
			w.Fatalf("paused by nobody: %+v", p)
		}
		stop := ledger.Actor{Name: "els", Reason: "VDAB calls"}
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "pause", OCMW: kbo, By: stop, At: w.now}))
		w.same(&ledger.Hold{Since: w.now, By: "els", Reason: "VDAB calls"}, must(w.Paused(w.ctx, kbo)), "pause that is ordered")
		w.same(0, len(w.claim(10)), "claimed before the order is carried out")
		if p := must(w.Paused(w.ctx, other)); p != nil {
			w.Fatalf("another OCMW is paused too: %+v", p)
		}
		w.same(true, must(w.ApplyRequests(w.ctx, w.later(time.Second)))[0].Done, "pause carried out")
		w.same(0, len(w.claim(10)), "claimed while paused")
		w.same(time.Time{}, must(w.NextDue(w.ctx)), "next due while paused")
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "pause", OCMW: kbo, By: ledger.Actor{Name: "jan", Reason: "again"}, At: w.now}))
		w.same(false, must(w.ApplyRequests(w.ctx, w.now))[0].Done, "pause of what is paused")
		w.same("els", must(w.Paused(w.ctx, kbo)).By, "who paused it")

		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "05")
		w.same([]string{"reg-05 waiting"}, w.lane(s.Person), "lane that was decided meanwhile")

		w.ok(w.Request(w.ctx, ledger.Request{Kind: "resume", OCMW: kbo, By: stop, At: w.now}))
		w.same(0, len(w.claim(10)), "claimed before the order to resume is carried out")
		w.same(true, must(w.ApplyRequests(w.ctx, w.now))[0].Done, "resume carried out")
		if p := must(w.Paused(w.ctx, kbo)); p != nil {
			w.Fatalf("still paused: %+v", p)
		}
		w.claimOne()
		w.same([]string{"paused", "resumed"}, slices.DeleteFunc(w.actions(), func(a string) bool { return a != "paused" && a != "resumed" }), "actions")
		if err := w.Request(w.ctx, ledger.Request{Kind: "pause", By: stop}); err == nil {
			w.Fatal("a pause of no OCMW was taken")
		}
	},

	"everybody is looked up again when a person orders it, once": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.ingest(other, w.feeds("clients"), row(0, 2, client("c3", 3, "C")))
		held := map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 9, "05", "78")}
		w.look(kbo, held)
		w.look(other, nil)
		w.settleAll(kbo)
		must(w.SaveFeed(w.ctx, kbo, "cursor-1", nil, w.now))
		w.same(2, must(w.LookedUp(w.ctx, kbo)), "clients whom it concerns")
		order := ledger.Request{Kind: "retry", OCMW: kbo, By: ledger.Actor{Name: "els", Reason: "MLP was put back"}, At: w.now}
		w.ok(w.Request(w.ctx, order))
		w.ok(w.Request(w.ctx, order))
		applied := must(w.ApplyRequests(w.ctx, w.now))
		w.same([]bool{true, false}, []bool{applied[0].Done, applied[1].Done}, "what was carried out")
		w.same("", must(w.Cursor(w.ctx, kbo)), "position")
		w.same(0, must(w.LookedUp(w.ctx, kbo)), "clients who were looked up since")
		w.same(1, must(w.LookedUp(w.ctx, other)), "clients of another OCMW")
		w.same([]string{"lookUpOrdered"}, slices.DeleteFunc(w.actions(), func(a string) bool { return a != "lookUpOrdered" }), "actions")
		// MLP was put back to a backup: its older version is what is known from then on.
		held[insz(1).Reveal()] = dossier(1, 3, "05")
		w.same(2, w.look(kbo, held), "look-ups")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "clients to be decided again")
		w.same(int64(3), must(w.Find(w.ctx, kbo, "c1")).Known.Dossier.Version, "version")
		if err := w.Request(w.ctx, ledger.Request{Kind: "retry", By: order.By}); err == nil {
			w.Fatal("a retry of nothing was taken")
		}
	},

	"facts and notes": func(w *world) {
		w.same("", must(w.Meta(w.ctx, "clock")), "a fact that is not there")
		w.ok(w.SetMeta(w.ctx, "clock", "2026-03-16"))
		w.same("2026-03-16", must(w.Meta(w.ctx, "clock")), "fact")
		first := ledger.Note{OCMW: kbo, Key: "late", Level: "warn", NL: "laat", EN: "late", Since: w.now}
		w.ok(w.SaveNotes(w.ctx, "files", []ledger.Note{first, {Key: "all", Level: "info", NL: "a", EN: "b", Since: w.now}}))
		w.ok(w.SaveNotes(w.ctx, "channel", []ledger.Note{{OCMW: other, Key: "down", Level: "error", NL: "c", EN: "d", Since: w.now}}))
		again := first
		again.Since, again.EN = w.later(time.Hour), "later still"
		w.ok(w.SaveNotes(w.ctx, "files", []ledger.Note{again}))
		again.Since = first.Since
		w.same([]ledger.Note{again}, must(w.Notes(w.ctx, kbo)), "notes")
		w.same(2, len(must(w.Notes(w.ctx, ""))), "all notes")
	},

	"lanes are walked one after the other, without what entries say": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.look(kbo, nil)
		for i, codes := range [][]casefile.Code{{"05", "90"}, {"05"}, {"93", "00", "78"}} {
			w.queue(fmt.Sprint("c", i+1), codes...)
		}
		w.ok(w.Park(w.ctx, w.claim(1)[0], outbox.Problem{Status: 400, Type: "x"}, w.now))
		walk := func(states ...outbox.State) (lanes [][]string) {
			var all []outbox.Entry
			w.ok(w.Lanes(w.ctx, states, func(lane []outbox.Entry) error {
				var names []string
				for _, e := range lane {
					names = append(names, e.Registration+" "+string(e.State))
				}
				lanes, all = append(lanes, names), append(all, lane...)
				return nil
			}))
			for _, e := range all {
				whole := must(w.Entry(w.ctx, e.ID))
				whole.Payload, whole.ContentHash, whole.Problem = nil, "", outbox.Problem{}
				w.same(whole, e, "an entry of a lane")
			}
			return lanes
		}
		w.same([][]string{{"reg-05 parked", "reg-90 waiting"}, {"reg-05 waiting"}, {"reg-93 waiting", "reg-00 waiting", "reg-78 waiting"}},
			walk(outbox.Waiting, outbox.Parked), "lanes")
		w.same([][]string{{"reg-05 parked"}}, walk(outbox.Parked), "lanes of what is parked")
		w.same([][]string(nil), walk(outbox.Settled), "lanes of what is settled")
		stop := errors.New("enough")
		if err := w.Lanes(w.ctx, outbox.States(), func([]outbox.Entry) error { return stop }); !errors.Is(err, stop) {
			w.Fatalf("it goes on: %v", err)
		}
	},

	"a scratch copy is on its own": func(w *world) {
		s := w.one("05")
		scratch := must(w.Scratch(w.ctx))
		copied := &world{TB: w.TB, Store: scratch, ctx: w.ctx, now: w.now, counter: 100}
		w.same(must(w.Find(w.ctx, kbo, "c1")).Inputs, must(scratch.Find(w.ctx, kbo, "c1")).Inputs, "inputs in the copy")
		copied.ok(scratch.StartRun(w.ctx, "plan", w.now))
		copied.ingest(kbo, copied.feeds("clients"), row(0, 2, client("c1", 1, "Maes")), row(0, 3, client("c2", 2, "Nieuw")))
		copied.look(kbo, nil)
		copied.queue("c1", "90")
		copied.same([]string{"reg-05 superseded", "reg-90 waiting"}, copied.lane(s.Person), "lane in the copy")
		w.same([]string{"reg-05 waiting"}, w.lane(s.Person), "lane in the original")
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty in the original")
		w.ok(scratch.Check(w.ctx))
		w.ok(scratch.Close())
		w.claimOne()
	},

	"the audit tells what was done, in a chain": func(w *world) {
		s := w.one("05", "90")
		e := w.claimOne()
		e.TraceID = "trace-1"
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.later(time.Second)))
		w.ok(w.Conflict(w.ctx, w.claimOne(), dossier(1, 9, "05"), outbox.Problem{Type: "version"}, w.now))
		w.queue("c1", "90")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Type: "refused"}, w.now))
		w.same([]string{"setActivated", "decided", "approved", "settled", "conflict", "decided", "approved", "parked"}, w.actions(), "actions")
		var mine []audit.Record
		w.ok(w.Audit(w.ctx, s.Pseudonym, func(r audit.Record) error {
			mine = append(mine, r)
			return nil
		}))
		w.same(5, len(mine), "records of one client")
		settled := mine[1]
		w.same([]string{"settled", e.ID, "trace-1", "03", "05", "CAT-02", "run-1", kbo},
			[]string{settled.Action, settled.Entry, settled.RemoteID, settled.Before, settled.After, settled.Rule, settled.Run, settled.OCMW}, "settled")
		w.ok(w.Check(w.ctx))
	},

	"totals of an empty ledger are empty": func(w *world) {
		totals := must(w.Totals(w.ctx, "", ""))
		w.same(ledger.Totals{
			Clients: map[ledger.OutcomeKind]int{}, Categories: map[casefile.Code]ledger.CategoryTotal{}, Entries: map[outbox.State]int{},
			Settled: map[casefile.RegistrationKind]int{}, Handovers: map[casefile.HandoverKind]int{},
		}, totals, "totals")
		w.same(time.Time{}, must(w.NextDue(w.ctx)), "next due")
		w.ok(w.Check(w.ctx))
	},

	"totals count clients by outcome": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")), bad(0, 5, "c4"))
		w.look(kbo, nil)
		w.queue("c1", "05")
		s := w.subject("c2")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s)}, w.now))
		s = w.subject("c4")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{{Subject: s, Kind: ledger.OutcomeHeld, Version: version}}, w.now))
		totals := must(w.Totals(w.ctx, kbo, ""))
		w.same(map[ledger.OutcomeKind]int{ledger.OutcomePlanned: 1, ledger.OutcomeNoChange: 1, ledger.OutcomeHeld: 1}, totals.Clients, "clients")
		w.same(1, totals.Undecided, "undecided")
		w.same(map[outbox.State]int{outbox.Waiting: 1}, totals.Entries, "entries")
	},
}

// firstWaiting is the first of the person's entries that wait.
func (w *world) firstWaiting(s ledger.Subject) outbox.Entry {
	w.Helper()
	return must(w.Entries(w.ctx, ledger.EntryFilter{Person: s.Person, States: []outbox.State{outbox.Waiting}, Limit: 1}))[0]
}
