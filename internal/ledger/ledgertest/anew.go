package ledgertest

import (
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// wrongly is a client who was registered under the number 1 in d-1, by entries of ours beside what stood there, and has the number 2 in the
// export now. What waits, was discarded and was answered is of d-1.
func (w *world) wrongly() ledger.Subject {
	w.Helper()
	s := w.one("05")
	d := dossier(1, 6, "03")
	d.Registrations = append(d.Registrations, casefile.Registration{ID: "reg-05", Body: casefile.Category{Code: "05", From: day}})
	w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *d, w.later(time.Second)))
	w.queue("c1", "90", "00")
	w.order(ledger.Request{Kind: "discard", Entry: must(w.Entries(w.ctx, ledger.EntryFilter{Person: s.Person}))[1].ID})
	w.answered("CAT-10", "of d-1", "90")
	w.number(2)
	return s
}

// number has the export give the client that number.
func (w *world) number(n int) {
	w.Helper()
	w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", n, "Peeters")))
}

// anew is an answer that has the client leave a dossier for that of a number.
func (w *world) anew(d *casefile.Dossier, n int) casefile.Answer {
	return casefile.Answer{Rule: "DATA-03", Question: d.AnewQuestion(insz(n).Reveal()), Anew: true, On: day, At: w.now, By: els.Name, Reason: els.Reason}
}

func (w *world) beginAnew(d *casefile.Dossier, n int) ledger.Applied {
	w.Helper()
	return w.order(ledger.Request{Kind: "decide", Answer: w.anew(d, n)})
}

var beginning = map[string]func(*world){
	"a client begins anew in the dossier of the number in the export": func(w *world) {
		s := w.wrongly()
		given := w.anew(dossier(1, 6), 2)
		if a := w.beginAnew(dossier(1, 6), 2); !a.Done || a.Result == "" {
			w.Fatalf("to begin anew: %+v", a)
		}
		w.same([]string{"reg-05 settled", "reg-90 superseded", "reg-00 superseded"}, w.lane(s.Person), "lane")
		for _, e := range must(w.Entries(w.ctx, ledger.EntryFilter{Person: s.Person, States: []outbox.State{outbox.Superseded}})) {
			if e.Problem.Type != "begunAnew" || e.Problem.Title == "" {
				w.Fatalf("nothing says why %s was superseded: %+v", e.Registration, e.Problem)
			}
		}
		w.same(casefile.Known{}, must(w.Known(w.ctx, s.Person)), "what is known of a dossier")
		view := must(w.Find(w.ctx, kbo, "c1"))
		given.Left = &casefile.Left{Dossier: "d-1", Behind: []casefile.LeftBehind{{Kind: casefile.RegCategory, Code: "05", From: day}}}
		w.same([]casefile.Answer{given}, view.Answers, "answers")
		r := w.last()
		w.same([]string{"begunAnew", "els", "DATA-03", s.Pseudonym, kbo}, []string{r.Action, r.Actor, r.Rule, r.Client, r.OCMW}, "audit")
		if len(r.Payload) == 0 {
			w.Fatal("the audit lacks the reason")
		}
		w.same(0, len(w.dirty(kbo)), "to decide before MLP was asked")
		asked := must(w.NeedLookup(w.ctx, kbo, 0, 10))
		w.same([]ledger.Lookup{{Person: s.Person, INSZ: insz(2).Reveal()}}, asked, "look-ups")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 7, "03")}, w.now))
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 3, "03")})
		w.same("d-2", w.subject("c1").Known.Dossier.ID, "the dossier")
		w.queue("c1", "90")
		e := w.claimOne() // not taken for the one that was discarded
		w.same([]any{"reg-90", int64(3)}, []any{e.Registration, e.Version}, "what goes")
		w.ok(w.Check(w.ctx))
	},

	"who begins anew where nobody has a dossier makes one, and is followed as a new client": func(w *world) {
		w.wrongly()
		w.beginAnew(dossier(1, 6), 2)
		w.look(kbo, nil)
		s := w.queue("c1", "05")
		w.same(casefile.Known{LookedUp: true}, s.Known, "known")
		e := w.claimOne()
		w.same(string(casefile.OpCreate), e.Op, "what goes")
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(2, 1, "05"), w.later(time.Second)))
		w.same("d-2", must(w.Known(w.ctx, s.Person)).Dossier.ID, "the dossier")
	},

	"to begin anew is of one number and one dossier": func(w *world) {
		s := w.wrongly()
		before := must(w.Find(w.ctx, kbo, "c1"))
		refused := func(d *casefile.Dossier, n int, why string) {
			w.Helper()
			if a := w.beginAnew(d, n); a.Done || a.Result == "" {
				w.Fatalf("%s: %+v", why, a)
			}
		}
		refused(dossier(1, 6), 3, "another number was asked about")
		refused(dossier(3, 6), 2, "another dossier was asked about")
		w.number(3)
		refused(dossier(1, 6), 2, "the number is another one by now")
		w.number(1)
		refused(dossier(1, 6), 1, "the number is the dossier's")
		w.number(2)
		replaced := dossier(1, 7, "03")
		replaced.INSZHistory = []ident.INSZ{insz(2)}
		w.same(before.Known, must(w.Known(w.ctx, s.Person)), "known after all that was refused")
		w.same(before.Answers, must(w.Find(w.ctx, kbo, "c1")).Answers, "answers")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*replaced}, w.now))
		refused(dossier(1, 6), 2, "MLP says that it is the same person")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 8, "03")}, w.now))
		w.beginAnew(dossier(1, 6), 2)
		refused(dossier(1, 6), 2, "it was carried out already")
	},

	"to begin anew waits for what is on its way": func(w *world) {
		s := w.one("05", "90")
		e := w.claimOne()
		w.number(2)
		order := ledger.Request{Kind: "decide", OCMW: kbo, Client: "c1", Answer: w.anew(dossier(1, 5), 2), By: els, At: w.now}
		w.ok(w.Request(w.ctx, order))
		waits := func(when string) {
			w.Helper()
			w.same(0, len(must(w.ApplyRequests(w.ctx, w.later(time.Minute)))), "carried out while an entry is "+when)
			w.same("d-1", must(w.Known(w.ctx, s.Person)).Dossier.ID, "the dossier while an entry is "+when)
		}
		waits("claimed")
		w.ok(w.Doubt(w.ctx, e, time.Time{}, outbox.Problem{}, w.now))
		waits("in doubt")
		d := dossier(1, 6, "03")
		d.Registrations = append(d.Registrations, casefile.Registration{ID: "reg-05", Body: casefile.Category{Code: "05", From: day}})
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *d, w.later(time.Second)))
		applied := must(w.ApplyRequests(w.ctx, w.later(time.Minute)))
		if len(applied) != 1 || !applied[0].Done {
			w.Fatalf("carried out afterwards: %+v", applied)
		}
		w.same([]string{"reg-05 settled", "reg-90 superseded"}, w.lane(s.Person), "lane")
		w.same(1, len(must(w.Find(w.ctx, kbo, "c1")).Answers[0].Left.Behind), "left behind, of what was on its way")
	},

	"what was left behind is told by what is ours": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		put := func(id string, b casefile.Body) outbox.Entry {
			return w.entryOf(s, casefile.Change{Op: casefile.OpPut, Kind: b.Kind(), ID: id, New: b})
		}
		weo := casefile.WEO{Start: "2026-01-05", End: "2026-12-31"}
		job := casefile.Art60{Start: "2026-02-02"}
		o := outcome(s, w.entryOf(s, casefile.Change{Op: casefile.OpPatch, Kind: casefile.RegPerson, New: casefile.Person{City: "Gent"}}),
			put("weo-1", weo), put("theirs", job), put("gone", casefile.EvaluationDone{Date: "2026-03-02"}))
		o.Adopted = map[string]string{"ours": "theirs"}
		o.Agreed = map[string]casefile.Body{"profile": casefile.Profile{JobTarget: "kok"}}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.ok(w.Approve(w.ctx, kbo, els, w.now))
		d := dossier(1, 5, "03")
		for _, b := range []casefile.Registration{{}, {ID: "weo-1", Body: weo}, {ID: "theirs", Body: job}, {}} {
			if d.Version++; b.Body != nil {
				d.Registrations = append(d.Registrations, b)
			}
			w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *d.Clone(), w.later(time.Second)))
		}
		w.number(2)
		if a := w.beginAnew(d, 2); !a.Done {
			w.Fatalf("to begin anew: %+v", a)
		}
		w.same(&casefile.Left{Dossier: "d-1", Behind: []casefile.LeftBehind{
			{Kind: casefile.RegPerson, Changed: true},
			{Kind: casefile.RegWEO, From: "2026-01-05", To: "2026-12-31"},
			{Kind: casefile.RegEmployment, From: "2026-02-02", Changed: true},
		}}, must(w.Find(w.ctx, kbo, "c1")).Answers[0].Left, "left behind")
	},

	"who goes back leaves the second dossier as the first": func(w *world) {
		w.wrongly()
		w.beginAnew(dossier(1, 6), 2)
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 3, "03")})
		w.number(1)
		w.beginAnew(dossier(2, 3), 1)
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 7, "03")})
		w.same("d-1", w.subject("c1").Known.Dossier.ID, "the dossier")
		w.number(2)
		if a := w.beginAnew(dossier(1, 7), 2); !a.Done {
			w.Fatalf("the same again: %+v", a)
		}
		var left []string
		for _, a := range must(w.Find(w.ctx, kbo, "c1")).Answers {
			left = append(left, a.Left.Dossier)
		}
		w.same([]string{"d-2", "d-1"}, left, "dossiers that were left, the last answer last")
	},

	"what was sent into a dossier that was left before is not told of the next": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.look(kbo, nil)
		s := w.subject("c1")
		o := outcome(s, w.entryOf(s, casefile.Change{Op: casefile.OpCreate, Kind: casefile.RegPerson, New: casefile.Person{City: "Gent"}}))
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.ok(w.Approve(w.ctx, kbo, els, w.now))
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 1), w.later(time.Second)))
		left := func(d *casefile.Dossier, from, to int) []casefile.LeftBehind {
			w.Helper()
			w.number(to)
			if a := w.beginAnew(d, to); !a.Done {
				w.Fatalf("from %d to %d: %+v", from, to, a)
			}
			answers := must(w.Find(w.ctx, kbo, "c1")).Answers
			return answers[len(answers)-1].Left.Behind
		}
		made := []casefile.LeftBehind{{Kind: casefile.RegPerson}}
		w.same(made, left(dossier(1, 1), 1, 2), "left in the dossier that we made")
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 3, "03")})
		o = outcome(w.subject("c1"))
		o.Agreed = map[string]casefile.Body{"dossier": casefile.Person{City: "Gent"}}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.same([]casefile.LeftBehind(nil), left(dossier(2, 3), 2, 1), "left in one in which nothing was written")
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 1)})
		o = outcome(w.subject("c1"))
		o.Agreed = map[string]casefile.Body{"dossier": casefile.Person{City: "Gent"}}
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{o}, w.now))
		w.same(made, left(dossier(1, 1), 1, 3), "left in the one that we made, for the second time")
	},

	"what is in doubt is not carried by what was settled in a dossier that was left": func(w *world) {
		w.one("05")
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 6, "05"), w.later(time.Second)))
		w.number(2)
		w.beginAnew(dossier(1, 6, "05"), 2)
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 5, "03")})
		w.queue("c1", "90")
		e := w.claimOne()
		w.ok(w.Doubt(w.ctx, e, w.now, outbox.Problem{Type: "network"}, w.now))
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(2, 6, "11")}, w.now))
		must(w.Recover(w.ctx, w.later(time.Second)))
		w.same(int64(5), w.claimOne().Version, "the version at which it was sent")
	},

	"what is ordered of a client waits behind an order that waits": func(w *world) {
		w.one("05")
		e := w.claimOne()
		w.number(2)
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "decide", OCMW: kbo, Client: "c1", Answer: w.anew(dossier(1, 5), 2), By: els, At: w.now}))
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "decide", OCMW: kbo, Client: "c1", Answer: casefile.Answer{Rule: "TWE-05", Question: "later", At: w.later(time.Second)}, By: els, At: w.later(time.Second)}))
		w.same(0, len(must(w.ApplyRequests(w.ctx, w.later(time.Minute)))), "orders carried out while an entry is claimed")
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.later(time.Minute)))
		var rules []string
		for _, a := range must(w.ApplyRequests(w.ctx, w.later(time.Minute))) {
			rules = append(rules, a.Answer.Rule)
		}
		w.same([]string{"DATA-03", "TWE-05"}, rules, "orders carried out afterwards, in their order")
		w.same(2, len(must(w.Find(w.ctx, kbo, "c1")).Answers), "answers")
	},
}
