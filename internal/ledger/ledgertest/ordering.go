package ledgertest

import (
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

var els = ledger.Actor{Name: "els", Reason: "gebeld met de cliënt"}

// order leaves a request about an entry, or about c1, and has it carried out.
func (w *world) order(r ledger.Request) ledger.Applied {
	w.Helper()
	if r.Client == "" && r.Entry == "" {
		r.Client = "c1"
	}
	r.OCMW, r.By, r.At = kbo, els, w.now
	w.ok(w.Request(w.ctx, r))
	applied := must(w.ApplyRequests(w.ctx, w.later(time.Minute)))
	if len(applied) != 1 {
		w.Fatalf("%d requests were carried out, not 1", len(applied))
	}
	w.same(r, applied[0].Request, "the request as it was left")
	return applied[0]
}

func (w *world) answered(rule, question string, category casefile.Code) ledger.Applied {
	w.Helper()
	a := casefile.Answer{Rule: rule, Question: question, Category: category, On: day, At: w.now, By: els.Name, Reason: els.Reason}
	return w.order(ledger.Request{Kind: "decide", Answer: a})
}

// answers shows what a client's subject carries.
func (w *world) answers() []string {
	w.Helper()
	out := []string{}
	for _, a := range must(w.Find(w.ctx, kbo, "c1")).Answers {
		out = append(out, a.Rule+" "+a.Question+" "+string(a.Category))
	}
	return out
}

// last is the newest record of the audit.
func (w *world) last() audit.Record {
	w.Helper()
	var newest audit.Record
	w.ok(w.Audit(w.ctx, "", func(r audit.Record) error {
		newest = r
		return nil
	}))
	return newest
}

var ordering = map[string]func(*world){
	"a person holds a client: nothing goes, and after the release it is decided anew": func(w *world) {
		s := w.one("05", "90")
		asked := w.now
		if a := w.order(ledger.Request{Kind: "hold"}); !a.Done || a.Result == "" {
			w.Fatalf("hold: %+v", a)
		}
		w.same(0, len(w.claim(10)), "claimed for a held client")
		if due := must(w.NextDue(w.ctx)); !due.IsZero() {
			w.Fatalf("an entry of a held client is due at %v", due)
		}
		held := w.subject("c1")
		w.same(&ledger.Hold{Since: asked, By: "els", Reason: els.Reason}, held.Hold, "hold")
		w.same(held.Hold, must(w.Find(w.ctx, kbo, "c1")).Hold, "hold as explain sees it")
		w.settleAll(kbo)
		w.same([]string{"reg-05 suspended", "reg-90 suspended"}, w.lane(s.Person), "lane while held")
		w.same(1, must(w.Totals(w.ctx, kbo, "")).Clients[ledger.OutcomeHeld], "held clients")
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty while held")
		if a := w.order(ledger.Request{Kind: "unhold"}); !a.Done || a.Result == "" {
			w.Fatalf("unhold: %+v", a)
		}
		if w.queue("c1", "05", "93").Hold != nil {
			w.Fatal("the client is held after the release")
		}
		w.same([]string{"reg-90 superseded", "reg-05 waiting", "reg-93 waiting"}, w.lane(s.Person), "lane afterwards")
		w.same("reg-05", w.claimOne().Registration, "what goes")
		w.ok(w.Check(w.ctx))
	},

	"a hold outlasts an export": func(w *world) {
		w.one("05")
		w.order(ledger.Request{Kind: "hold"})
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), bad(0, 2, "c1"))
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		if w.subject("c1").Hold == nil {
			w.Fatal("an export released the client")
		}
		w.same(0, len(w.claim(10)), "claimed for a held client")
	},

	"an entry in flight when a person holds the client still settles": func(w *world) {
		s := w.one("05", "90")
		e := w.claimOne()
		w.order(ledger.Request{Kind: "hold"})
		w.same([]string{}, numbers(w.dirty(kbo)), "to decide while an entry is in flight")
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.later(time.Second)))
		w.same(0, len(w.claim(10)), "claimed after the hold")
		w.settleAll(kbo)
		w.same([]string{"reg-05 settled", "reg-90 suspended"}, w.lane(s.Person), "lane")
	},

	"orders that do not fit are told, and change nothing": func(w *world) {
		w.one()
		w.settleAll(kbo)
		answer := casefile.Answer{Rule: "CAT-03", At: w.now}
		for _, r := range []ledger.Request{
			{Kind: "unhold"}, {Kind: "hold", Client: "nobody"}, {Kind: "decide", Client: "nobody", Answer: answer},
		} {
			if a := w.order(r); a.Done || a.Result == "" {
				w.Fatalf("%s: %+v", r.Kind, a)
			}
		}
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty clients")
		w.order(ledger.Request{Kind: "hold"})
		since := must(w.Find(w.ctx, kbo, "c1")).Hold.Since
		if w.order(ledger.Request{Kind: "hold"}).Done {
			w.Fatal("held twice")
		}
		w.same(since, must(w.Find(w.ctx, kbo, "c1")).Hold.Since, "since")
		for _, r := range []ledger.Request{
			{Kind: "hold", OCMW: kbo}, {Kind: "unhold", Client: "c1"}, {Kind: "decide", OCMW: kbo, Client: "c1"},
			{Kind: "decide", OCMW: kbo, Client: "c1", Answer: casefile.Answer{Rule: "CAT-03"}},
		} {
			if err := w.Request(w.ctx, r); err == nil {
				w.Fatalf("a %s that lacks something was taken", r.Kind)
			}
		}
	},

	"inputs change with an answer and with a hold": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.look(kbo, nil)
		seen := map[string]bool{}
		stale := w.subject("c1")
		answer := casefile.Answer{Rule: "CAT-03", Question: "q1", Category: "05", On: day, At: w.now}
		for _, change := range []func(){
			func() {},
			func() { w.order(ledger.Request{Kind: "decide", Answer: answer}) },
			func() { answer.Category = "00"; w.order(ledger.Request{Kind: "decide", Answer: answer}) },
			func() { answer.At = w.now; w.order(ledger.Request{Kind: "decide", Answer: answer}) },
			func() { w.order(ledger.Request{Kind: "hold"}) },
			func() { w.order(ledger.Request{Kind: "unhold"}); w.order(ledger.Request{Kind: "hold"}) },
		} {
			change()
			inputs := w.subject("c1").Inputs
			if seen[inputs] {
				w.Fatalf("the inputs are those of before after %d changes", len(seen))
			}
			seen[inputs] = true
		}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(stale, w.entry(stale, "05"))}, w.now))
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "decided on what was before")
		w.same([]string{}, w.lane(stale.Person), "lane")
	},

	"an answer has the client decided with it, audited": func(w *world) {
		w.one()
		w.settleAll(kbo)
		given := w.now
		if a := w.answered("CAT-03", "q1", "05"); !a.Done || a.Result == "" {
			w.Fatalf("decide: %+v", a)
		}
		s := w.subject("c1")
		w.same([]casefile.Answer{{Rule: "CAT-03", Question: "q1", Category: "05", On: day, At: given, By: "els", Reason: els.Reason}},
			s.Answers, "answers")
		r := w.last()
		w.same([]string{"answered", "els", "CAT-03", "", "05 from " + string(day), s.Pseudonym, kbo},
			[]string{r.Action, r.Actor, r.Rule, r.Before, r.After, r.Client, r.OCMW}, "audit")
		if len(r.Payload) == 0 {
			w.Fatal("the audit lacks the reason")
		}
		w.order(ledger.Request{Kind: "hold"})
		w.same("held", w.last().Action, "audit of a hold")
		w.order(ledger.Request{Kind: "unhold"})
		w.same("released", w.last().Action, "audit of a release")
		w.ok(w.Check(w.ctx))
	},

	"a new answer takes the place of the older": func(w *world) {
		w.one()
		w.answered("TWE-02", "q1", "")
		w.answered("CAT-03", "q2", "05")
		w.answered("CAT-03", "q2", "00")
		w.same([]string{"TWE-02 q1 ", "CAT-03 q2 00"}, w.answers(), "the same question")
		r := w.last()
		w.same([]string{"05", "00 from " + string(day)}, []string{r.Before, r.After}, "audit of the answer before and after")
		w.answered("CAT-10", "q3", "90")
		w.same([]string{"TWE-02 q1 ", "CAT-10 q3 90"}, w.answers(), "another category")
		w.answered("CAT-10", "q3", "")
		r = w.last()
		w.same([]string{"90", "accepted"}, []string{r.Before, r.After}, "audit of an answer without a category")
		w.answered("TWE-02", "q4", "")
		w.same([]string{"TWE-02 q1 ", "CAT-10 q3 ", "TWE-02 q4 "}, w.answers(), "answers without a category stand side by side")
	},

	"an answer comes back whole": func(w *world) {
		w.one()
		a := casefile.Answer{Rule: "DATA-04", Question: "q", Facts: "f", Adopt: true, On: day, At: w.now, By: els.Name, Reason: els.Reason}
		w.order(ledger.Request{Kind: "decide", Answer: a})
		w.same("adopted", w.last().After, "audit")
		w.same([]casefile.Answer{a}, w.subject("c1").Answers, "answers")
	},

	"a copy holds answers and hold": func(w *world) {
		w.one()
		w.answered("CAT-03", "q1", "05")
		w.order(ledger.Request{Kind: "hold"})
		want := w.subject("c1")
		scratch := must(w.Scratch(w.ctx))
		have := must(scratch.Find(w.ctx, kbo, "c1")).Subject
		w.same([]any{want.Inputs, want.Answers, want.Hold}, []any{have.Inputs, have.Answers, have.Hold}, "in the copy")
		w.ok(scratch.Close())
	},

	"what was written is kept, and what was agreed on": func(w *world) {
		w.one("05")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		weo := casefile.WEO{Start: "2026-03-01"}
		profile := casefile.Profile{JobTarget: "kok"}
		s := w.subject("c1")
		o := outcome(s, w.entryOf(s, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "weo-1", New: weo}))
		o.Agreed = map[string]casefile.Body{"profile": profile}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty after agreeing")
		w.same(map[string]casefile.Body{"profile": profile}, must(w.Known(w.ctx, s.Person)).Written, "agreed")
		w.ok(w.Approve(w.ctx, kbo, els, w.now))
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 6, "03"), w.now))
		want := map[string]casefile.Body{"profile": profile, "weo-1": weo}
		w.same(want, must(w.Known(w.ctx, s.Person)).Written, "written")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 7, "03")}, w.now))
		w.same(want, must(w.Known(w.ctx, s.Person)).Written, "after somebody's change")
	},

	"what was written is kept when the feed was ahead": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		weo := casefile.WEO{Start: "2026-03-01"}
		e := w.entryOf(s, casefile.Change{Op: casefile.OpPut, Kind: casefile.RegWEO, ID: "weo-1", New: weo})
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, e)}, w.now))
		w.ok(w.Approve(w.ctx, kbo, els, w.now))
		claimed := w.claimOne()
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 7, "03")}, w.now))
		w.ok(w.Settle(w.ctx, "run-1", claimed, *dossier(1, 6, "03"), w.now))
		known := must(w.Known(w.ctx, s.Person))
		w.same(map[string]casefile.Body{"weo-1": weo}, known.Written, "written")
		w.same(int64(7), known.Dossier.Version, "version")
	},

	"another dossier was not written in": func(w *world) {
		s := w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		o := outcome(w.subject("c1"))
		o.Agreed = map[string]casefile.Body{"profile": casefile.Profile{JobTarget: "kok"}}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(2, 1, "03")})
		w.same(0, len(must(w.Known(w.ctx, s.Person)).Written), "written in another dossier")
	},

	"a cancelled number is known until a dossier is found": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		asked := must(w.NeedLookup(w.ctx, kbo, 0, 10))
		w.ok(w.SaveLookups(w.ctx, "run-1", kbo, []ledger.LookupResult{{Person: asked[0].Person, Canceled: true}}, w.now))
		s := w.subject("c1")
		w.same(casefile.Known{LookedUp: true, INSZCanceled: true}, s.Known, "known")
		w.settleAll(kbo)
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.ok(w.SaveLookups(w.ctx, "run-1", kbo, []ledger.LookupResult{{Person: s.Person, Canceled: true}}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "no news")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 1, "05")}, w.now))
		if w.subject("c1").Known.INSZCanceled {
			w.Fatal("a dossier was found, and the number is cancelled still")
		}
	},

	"an entry in doubt of a held client is read, and settles": func(w *world) {
		s := w.one("05", "90")
		e := w.claimOne()
		w.order(ledger.Request{Kind: "hold"})
		w.ok(w.Doubt(w.ctx, e, time.Time{}, outbox.Problem{}, w.now))
		if must(w.NextDue(w.ctx)).IsZero() {
			w.Fatal("nothing is due, and an entry is in doubt")
		}
		e = w.claimOne()
		w.same(outbox.InDoubt, e.State, "state that tells to read")
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.later(time.Second)))
		w.same(0, len(w.claim(10)), "claimed behind it while held")
		w.settleAll(kbo)
		w.same([]string{"reg-05 settled", "reg-90 suspended"}, w.lane(s.Person), "lane")
	},

	"in doubt and not taken, it waits for a person's release": notTaken(
		func(w *world) { w.order(ledger.Request{Kind: "hold"}) },
		func(w *world) { w.order(ledger.Request{Kind: "unhold"}); w.queue("c1", "05") }),
	"in doubt and not taken, it waits for data that are right": notTaken(
		func(w *world) { w.ingest(kbo, w.feeds("clients"), bad(0, 2, "c1")) },
		func(w *world) {
			w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
			w.queue("c1", "05")
		}),
	"in doubt and not taken, it waits for the guard's release": notTaken(
		func(w *world) { w.ok(w.Stop(w.ctx, kbo, "te veel", "too much", w.now)) },
		func(w *world) { w.ok(w.Approve(w.ctx, kbo, els, w.now)) }),
	"in doubt and not taken, it waits for the end of a pause": notTaken(
		func(w *world) { w.ok(w.Request(w.ctx, ledger.Request{Kind: "pause", OCMW: kbo, By: els, At: w.now})) },
		func(w *world) {
			w.ok(w.Request(w.ctx, ledger.Request{Kind: "resume", OCMW: kbo, By: els, At: w.now}))
			must(w.ApplyRequests(w.ctx, w.now))
		}),
}

// notTaken tries that what is in doubt is read while sending is forbidden, and that when MLP has it not it is not sent before
// that is allowed.
func notTaken(forbid, allow func(*world)) func(*world) {
	return func(w *world) {
		w.one("05")
		w.ok(w.Doubt(w.ctx, w.claimOne(), time.Time{}, outbox.Problem{}, w.now))
		forbid(w)
		e := w.claimOne()
		w.same(outbox.InDoubt, e.State, "state that tells to read")
		w.same([]string{}, numbers(w.dirty(kbo)), "to decide before it is read")
		w.ok(w.GiveBack(w.ctx, e, time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.same(0, len(w.claim(10)), "claimed before the client is decided again")
		w.settleAll(kbo)
		w.same(0, len(w.claim(10)), "claimed although it is forbidden")
		w.same(time.Time{}, must(w.NextDue(w.ctx)), "next due")
		must(w.ApplyRequests(w.ctx, w.now))
		w.same(0, len(w.claim(10)), "claimed after the order was carried out")
		allow(w)
		w.same([]any{"reg-05", outbox.Claimed}, []any{e.Registration, w.claimOne().State}, "what goes afterwards")
		w.ok(w.Check(w.ctx))
	}
}
