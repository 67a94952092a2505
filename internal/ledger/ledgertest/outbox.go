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

var sending = map[string]func(*world){
	"a clock that was set back keeps nobody waiting until it is there again": func(w *world) {
		for _, doubtful := range []bool{false, true} {
			w := newWorld(w.TB, w.engine)
			w.one("05")
			w.later(365 * 24 * time.Hour) // wrong
			e, due := w.claimOne(), w.now.Add(outbox.MaxDelay)
			if doubtful {
				w.ok(w.Doubt(w.ctx, e, due, outbox.Problem{Type: "network"}, w.now))
			} else {
				w.ok(w.GiveBack(w.ctx, e, due, true, outbox.Problem{Type: "network"}, w.now))
			}
			w.ok(w.StartRun(w.ctx, "run-2", w.now))
			w.same(due, must(w.NextDue(w.ctx)), "due by the same clock")
			w.ok(w.StartRun(w.ctx, "run-3", w.later(-365*24*time.Hour)))
			w.same(e.ID, w.claimOne().ID, "what goes by the right clock")
		}
	},

	"a lane goes in order, one at a time": func(w *world) {
		s := w.one("05", "90", "00")
		for i, code := range []casefile.Code{"05", "90", "00"} {
			e := w.claimOne()
			w.same("reg-"+string(code), e.Registration, "entry")
			w.same(int64(5+i), e.Version, "version")
			w.same(outbox.Claimed, e.State, "state")
			w.same(0, len(w.claim(10)), "claimed behind a claimed entry")
			e.TraceID = "trace-" + string(code)
			w.same([]string{}, numbers(w.dirty(kbo)), "a lane on its way is no news")
			w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, int64(6+i), code), w.later(time.Second)))
		}
		w.same([]string{"reg-05 settled", "reg-90 settled", "reg-00 settled"}, w.lane(s.Person), "lane")
		w.same("trace-90", must(w.Entries(w.ctx, ledger.EntryFilter{Person: s.Person}))[1].TraceID, "trace id")
		totals := must(w.Totals(w.ctx, kbo, "run-1"))
		w.same(map[casefile.RegistrationKind]int{casefile.RegCategory: 3}, totals.Settled, "settled")
		w.same(casefile.Code("00"), must(w.Known(w.ctx, s.Person)).Dossier.Categories()[0].Code, "category")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "decided once more when the lane is empty")
		if due := must(w.NextDue(w.ctx)); !due.IsZero() {
			w.Fatalf("something is due at %v", due)
		}
	},

	"lanes do not wait for each other": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.look(kbo, nil)
		for _, c := range []string{"c1", "c2", "c3"} {
			w.queue(c, "05", "90")
		}
		w.same(2, len(w.claim(2)), "at most as many as asked")
		w.same(1, len(w.claim(10)), "one a lane")
	},

	"an entry keeps all that it was given": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		want := w.entry(s, "05")
		want.NotBefore = w.now.Add(-time.Minute)
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, want)}, w.now))
		want.Seq, want.CreatedAt, want.UpdatedAt = 1, w.now, w.now
		w.same(want, must(w.Entry(w.ctx, want.ID)), "entry")
		if _, err := w.Entry(w.ctx, "nothing"); !errors.Is(err, ledger.ErrNotFound) {
			w.Fatalf("an entry that is not there: %v", err)
		}
	},

	"what is not approved does not go": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"))}, w.now))
		w.same(0, len(w.claim(10)), "claimed without approval")
		g := must(w.Guard(w.ctx, kbo))
		w.same([]int{1, 1}, []int{g.Clients, g.Changing}, "clients, changing")
		w.same(1, must(w.Totals(w.ctx, kbo, "")).Unapproved, "unapproved")
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester", Reason: "looked at it"}, w.now))
		w.claimOne()
	},

	"an OCMW that is stopped, paused or skipped does not go": func(w *world) {
		w.one("05")
		w.same(0, len(w.claim(10, kbo)), "claimed for a skipped OCMW")
		w.ok(w.SetMeta(w.ctx, ledger.PausePrefix+kbo, "by hand"))
		w.same(0, len(w.claim(10)), "claimed for a paused OCMW")
		w.ok(w.SetMeta(w.ctx, ledger.PausePrefix+kbo, ""))
		w.ok(w.Stop(w.ctx, kbo, "te veel", "too much", w.now))
		w.same(0, len(w.claim(10)), "claimed for a stopped OCMW")
		g := must(w.Guard(w.ctx, kbo))
		if !g.Stopped || g.ReasonNL != "te veel" || g.ReasonEN != "too much" || !g.Since.Equal(w.now) || g.FirstRun {
			w.Fatalf("guard: %+v", g)
		}
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
		w.claimOne()
	},

	"another version supersedes the lane": func(w *world) {
		s := w.one("05", "90")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 9, "11")}, w.now))
		w.same(0, len(w.claim(10)), "claimed on an old version")
		w.same([]string{"reg-05 superseded", "reg-90 superseded"}, w.lane(s.Person), "lane")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"somebody else's write in between is not carried": func(w *world) {
		s := w.one("05", "90")
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 7, "05"), w.now)) // ours made 6, another's 7
		w.same(0, len(w.claim(10)), "claimed on what another wrote")
		w.same([]string{"reg-05 settled", "reg-90 superseded"}, w.lane(s.Person), "lane")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"a lane does not go on behind somebody else's write": func(w *world) {
		s := w.one("05", "90")
		w.same(0, len(w.settle(w.claimOne(), *dossier(1, 7, "05"), true)), "claimed on what another wrote")
		w.same([]string{"reg-05 settled", "reg-90 superseded"}, w.lane(s.Person), "lane")
	},

	"an answer older than the feed does not go back": func(w *world) {
		s := w.one("05", "90")
		e := w.claimOne()
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 7, "05", "78")}, w.now))
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.now))
		w.same(int64(7), must(w.Known(w.ctx, s.Person)).Dossier.Version, "version")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
		w.same(0, len(w.claim(10)), "claimed on an old version")
	},

	"answers settle together, or none does": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5), insz(2).Reveal(): dossier(2, 8)})
		first, second := w.queue("c1", "05", "90"), w.queue("c2", "05")
		held := w.claim(10)
		w.same(2, len(held), "claimed")
		slices.SortFunc(held, func(a, b outbox.Entry) int { return int(a.Person - b.Person) })
		after := []casefile.Dossier{*dossier(1, 6, "05"), *dossier(2, 9, "05")}
		lost := slices.Clone(held)
		lost[1].Claim = "another"
		if _, _, err := w.SettleMany(w.ctx, "run-1", outbox.Claim{Token: "token", Limit: 10}, lost, after, w.now); !errors.Is(err, ledger.ErrLostClaim) {
			w.Fatalf("settled under a lost claim: %v", err)
		}
		if _, _, err := w.SettleMany(w.ctx, "run-1", outbox.Claim{Token: "token", Limit: 10}, held, after[:1], w.now); err == nil {
			w.Fatal("settled an entry without its dossier")
		}
		w.same([]string{"reg-05 claimed", "reg-90 waiting"}, w.lane(first.Person), "lane after a commit that failed")
		next, _, err := w.SettleMany(w.ctx, "run-1", outbox.Claim{Limit: 10}, held, after, w.now)
		w.ok(err)
		w.same(0, len(next), "claimed without a token")
		w.same([]string{"reg-05 settled", "reg-90 waiting"}, w.lane(first.Person), "first lane")
		w.same([]string{"reg-05 settled"}, w.lane(second.Person), "second lane")
		w.same(int64(6), w.claimOne().Version, "version that the lane is carried to")
		w.same([]string{"c2"}, numbers(w.dirty(kbo)), "decided once more, as its lane is done")
		w.ok(w.Check(w.ctx))
	},

	"a lane goes on in the commit that settles what was ahead": func(w *world) {
		s := w.one("05", "90", "00")
		e := w.claimOne()
		for i, code := range []casefile.Code{"90", "00"} {
			next := w.settle(e, *dossier(1, int64(6+i), "05"), true)
			w.same(1, len(next), "entries that go on")
			e = next[0]
			w.same([]any{"reg-" + string(code), outbox.Claimed, int64(6 + i), w.now}, []any{e.Registration, e.State, e.Version, e.UpdatedAt}, "what goes on")
			w.same(0, len(w.claim(10)), "claimed beside it")
		}
		w.same(0, len(w.settle(e, *dossier(1, 8, "05"), true)), "behind the last")
		w.same([]string{"reg-05 settled", "reg-90 settled", "reg-00 settled"}, w.lane(s.Person), "lane")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "decided once more when the lane is empty")
		w.same(0, must(w.Recover(w.ctx, w.now)), "left claimed")
		w.ok(w.Check(w.ctx))
	},

	"a lane that was to go on is in doubt after a crash": func(w *world) {
		s := w.one("05", "90")
		w.settle(w.claimOne(), *dossier(1, 6, "05"), true)
		w.same(1, must(w.Recover(w.ctx, w.later(time.Second))), "recovered")
		w.same([]string{"reg-05 settled", "reg-90 inDoubt"}, w.lane(s.Person), "lane")
	},

	"a lane goes on where it might be claimed, and nowhere else": func(w *world) {
		tester := ledger.Actor{Name: "tester", Reason: "to try it"}
		for what, stop := range map[string]func(w *world){
			"nothing":             func(*world) {},
			"the OCMW is stopped": func(w *world) { w.ok(w.Stop(w.ctx, kbo, "te veel", "too much", w.now)) },
			"the OCMW is paused":  func(w *world) { w.ok(w.SetMeta(w.ctx, ledger.PausePrefix+kbo, "by hand")) },
			"a pause is ordered": func(w *world) {
				w.ok(w.Request(w.ctx, ledger.Request{Kind: "pause", OCMW: kbo, By: tester, At: w.now}))
			},
			"a person holds the client": func(w *world) {
				w.order(ledger.Request{Kind: "hold", Client: "c1", OCMW: kbo, By: tester})
			},
			"the client is dirty": func(w *world) {
				w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
			},
			"the client is to be looked up": func(w *world) { w.ok(w.ForgetCursor(w.ctx, kbo)) },
		} {
			w := newWorld(w.TB, w.engine)
			w.one("05", "90")
			e := w.claimOne()
			stop(w)
			behind := must(w.Entries(w.ctx, ledger.EntryFilter{Person: e.Person}))[1]
			w.same(what == "the client is to be looked up", behind.LookUpFirst, "it says that the client is looked up first, where there is "+what)
			w.same(what == "the client is dirty" || what == "a person holds the client", behind.DecideFirst, "it says that the client is decided first, where there is "+what)
			went := w.settle(e, *dossier(1, 6, "05"), true)
			w.same(what == "nothing", len(went) == 1, "goes on where there is "+what)
		}
	},

	"a lane goes on with what may go, and with nothing else": func(w *world) {
		for what, second := range map[string]func(w *world) (ledger.Subject, outbox.Entry){
			"waits": func(w *world) (ledger.Subject, outbox.Entry) {
				s := w.subject("c1")
				return s, w.entry(s, "90")
			},
			"is not due": func(w *world) (ledger.Subject, outbox.Entry) {
				s := w.subject("c1")
				e := w.entry(s, "90")
				e.NotBefore = w.now.Add(time.Hour)
				return s, e
			},
			"is parked": func(w *world) (ledger.Subject, outbox.Entry) {
				w.queue("c1", "90")
				w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Type: "refused"}, w.now))
				w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
				s := w.subject("c1")
				return s, w.entry(s, "90")
			},
			"is not approved": func(w *world) (ledger.Subject, outbox.Entry) {
				w.queue("c1", "05")
				w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
				s := w.subject("c1")
				return s, w.entry(s, "90")
			},
		} {
			w := newWorld(w.TB, w.engine)
			w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
			w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5, "03")})
			s, next := second(w)
			w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"), next)}, w.now))
			if what != "is not approved" {
				w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
			}
			first := w.claimOne()
			w.same("reg-05", first.Registration, "first")
			w.same(what == "waits", len(w.settle(first, *dossier(1, 6, "05"), true)) == 1, "goes on with what "+what)
		}
	},

	"a stretch of a lane is claimed together, and settles together": func(w *world) {
		s := w.one("05", "90", "00", "93")
		stretch := w.claimStretches(10, 3)[0]
		w.same([]string{"reg-05 claimed", "reg-90 claimed", "reg-00 claimed", "reg-93 waiting"}, w.lane(s.Person), "lane")
		w.same(0, len(w.claimStretches(10, 3)), "claimed beside it")
		w.same([]string{}, numbers(w.dirty(kbo)), "to decide meanwhile")
		for i := range stretch {
			stretch[i].Version = int64(5 + i) // which its sender knows from the answer to the one before
		}
		w.same(0, len(w.settleMany(w.terms(10, 3), stretch[:2], *dossier(1, 6, "05"), *dossier(1, 7, "90"))), "claimed before the rest is back")
		w.same([]string{"reg-05 settled", "reg-90 settled", "reg-00 claimed", "reg-93 waiting"}, w.lane(s.Person), "lane half-way")
		w.same(int64(7), must(w.Known(w.ctx, s.Person)).Dossier.Version, "known version")
		next := w.settleMany(w.terms(10, 3), stretch[2:], *dossier(1, 8, "00"))
		w.same([]any{"reg-93", int64(8)}, []any{next[0][0].Registration, next[0][0].Version}, "what goes on")
		w.settleMany(outbox.Claim{}, next[0], *dossier(1, 9, "93"))
		var steps []string
		w.ok(w.Audit(w.ctx, "", func(r audit.Record) error {
			if r.Action == "settled" {
				steps = append(steps, r.Before+" to "+r.After)
			}
			return nil
		}))
		w.same([]string{"03 to 05", "05 to 90", "90 to 00", "00 to 93"}, steps, "categories in the audit")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "decided once more when the lane is empty")
		w.ok(w.Check(w.ctx))
	},

	"a stretch ends where what is behind may not go": func(w *world) {
		for what, c := range map[string]struct {
			limit, stretch, want int
			third                func(*outbox.Entry)
		}{
			"the stretch is long enough": {10, 2, 2, func(*outbox.Entry) {}},
			"the limit is reached":       {2, 10, 2, func(*outbox.Entry) {}},
			"the lane ends":              {10, 10, 4, func(*outbox.Entry) {}},
			"the next is due just now":   {10, 10, 4, func(e *outbox.Entry) { e.NotBefore = w.now }},
			"the next is not due":        {10, 10, 2, func(e *outbox.Entry) { e.NotBefore = w.now.Add(time.Hour) }},
			"the next has a version":     {10, 10, 2, func(e *outbox.Entry) { e.Version = 6 }},
		} {
			w := newWorld(w.TB, w.engine)
			w.one()
			w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
			s := w.subject("c1")
			third := w.entry(s, "00")
			c.third(&third)
			w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"), w.entry(s, "90"), third, w.entry(s, "93"))}, w.now))
			w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
			w.same(c.want, len(w.claimStretches(c.limit, c.stretch)[0]), "entries where "+what)
		}
	},

	"a stretch ends where what is behind is not approved": func(w *world) {
		w.one("05", "90")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"), w.entry(s, "90"), w.entry(s, "00"))}, w.now))
		w.same(2, len(w.claimStretches(10, 10)[0]), "approved entries")
		w.same("reg-00 waiting", w.lane(s.Person)[2], "the other")
	},

	"a stretch ends at a parked entry": func(w *world) {
		s := w.one("90")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Type: "refused"}, w.now))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.queue("c1", "05", "90", "00")
		stretch := w.claimStretches(10, 10)[0]
		w.same([]string{"reg-05 claimed", "reg-90 parked", "reg-00 waiting"}, w.lane(s.Person)[:3], "lane")
		w.same(0, len(w.settleMany(w.terms(10, 10), stretch, *dossier(1, 6, "05"))), "claimed behind it")
	},

	"what was claimed behind an entry that is not taken waits again": func(w *world) {
		for what, act := range map[string]func(*world, outbox.Entry){
			"waiting": func(w *world, e outbox.Entry) {
				w.ok(w.GiveBack(w.ctx, e, w.now.Add(time.Hour), true, outbox.Problem{Type: "network"}, w.now))
			},
			"inDoubt": func(w *world, e outbox.Entry) { w.ok(w.Doubt(w.ctx, e, w.now, outbox.Problem{Type: "network"}, w.now)) },
			"parked":  func(w *world, e outbox.Entry) { w.ok(w.Park(w.ctx, e, outbox.Problem{Type: "refused"}, w.now)) },
			"superseded": func(w *world, e outbox.Entry) {
				w.ok(w.Conflict(w.ctx, e, dossier(1, 9, "11"), outbox.Problem{Type: "version"}, w.now))
			},
		} {
			w := newWorld(w.TB, w.engine)
			s := w.one("05", "90", "00")
			stretch := w.claimStretches(10, 10)[0]
			second := stretch[1]
			second.Version = 6
			w.settleMany(w.terms(10, 10), stretch[:1], *dossier(1, 6, "05"))
			act(w, second)
			behind := map[string]string{"superseded": "superseded"}[what]
			if behind == "" {
				behind = "waiting"
			}
			w.same([]string{"reg-05 settled", "reg-90 " + what, "reg-00 " + behind}, w.lane(s.Person), "lane")
			w.same(int64(6), must(w.Entry(w.ctx, second.ID)).Version, "version with which it was sent, of what is "+what)
			third := must(w.Entry(w.ctx, stretch[2].ID))
			w.same([]any{"", 0, int64(6)}, []any{third.Claim, third.Attempts, third.Version}, "claim, attempts and version of what was not sent, behind what is "+what)
			w.ok(w.Check(w.ctx))
		}
	},

	"what was claimed ahead of an entry that is not taken stays claimed": func(w *world) {
		s := w.one("05", "90", "00")
		stretch := w.claimStretches(10, 10)[0]
		w.ok(w.GiveBack(w.ctx, stretch[1], time.Time{}, false, outbox.Problem{}, w.now))
		w.same([]string{"reg-05 claimed", "reg-90 waiting", "reg-00 waiting"}, w.lane(s.Person), "lane")
		w.same(0, len(w.claimStretches(10, 10)), "claimed before what is ahead is settled")
		w.settleMany(outbox.Claim{}, stretch[:1], *dossier(1, 6, "05"))
		w.same(2, len(w.claimStretches(10, 10)[0]), "claimed afterwards")
	},

	"an answer that is settled later than those behind it has the client decided again": func(w *world) {
		s := w.one("05", "90", "00")
		stretch := w.claimStretches(10, 2)[0]
		stretch[1].Version = 6
		w.same(0, len(w.settleMany(w.terms(10, 2), stretch[1:], *dossier(1, 7, "90"))), "claimed while what is ahead is not settled")
		w.ok(w.Check(w.ctx))
		w.same(0, len(w.settleMany(w.terms(10, 2), stretch[:1], *dossier(1, 6, "05"))), "claimed on what may be out of date")
		w.same([]string{"reg-05 settled", "reg-90 settled", "reg-00 superseded"}, w.lane(s.Person), "lane")
		w.same(int64(7), must(w.Known(w.ctx, s.Person)).Dossier.Version, "known version")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "to decide again")
		w.ok(w.Check(w.ctx))
	},

	"somebody else's write within a stretch has the rest decided again": func(w *world) {
		s := w.one("05", "90", "00")
		stretch := w.claimStretches(10, 2)[0]
		stretch[1].Version = 7
		w.settleMany(outbox.Claim{}, stretch, *dossier(1, 7, "05"), *dossier(1, 8, "90")) // ours made 6 and 8, another's 7
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "to decide again")
		w.same(0, len(w.claim(10)), "claimed on what another wrote")
		w.same([]string{"reg-05 settled", "reg-90 settled", "reg-00 superseded"}, w.lane(s.Person), "lane")
	},

	"what the feed brought of our own write does not stop its lane": func(w *world) {
		w.one("05", "90")
		e := w.claimOne()
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 6, "05")}, w.now))
		w.settle(e, *dossier(1, 6, "05"), true)
		before := w.entryIn(w.subject("c1"), outbox.Waiting)
		w.same(int64(6), before.Version, "version that it is carried to")
		w.queue("c1", "90")
		w.same(before.ID, w.claimOne().ID, "what goes on once the client is decided again")
	},

	"a lane does not go on while something of it is in doubt": func(w *world) {
		s := w.one("05", "90", "00")
		stretch := w.claimStretches(10, 10)[0]
		w.ok(w.Doubt(w.ctx, stretch[2], w.now, outbox.Problem{Type: "network"}, w.now))
		w.ok(w.GiveBack(w.ctx, stretch[1], w.now, false, outbox.Problem{}, w.now))
		next := w.settleMany(w.terms(10, 10), stretch[:1], *dossier(1, 6, "05"))
		w.same([]string{"reg-05 settled", "reg-90 waiting", "reg-00 inDoubt"}, w.lane(s.Person), "lane")
		w.same([]any{1, outbox.InDoubt}, []any{len(next), next[0][0].State}, "what is claimed, to be read")
	},

	"what is parked is carried, and goes on when a person retries it": func(w *world) {
		w.one("90")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Type: "refused"}, w.now))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.queue("c1", "05", "00", "90")
		w.settle(w.claimOne(), *dossier(1, 6, "05"), false)
		w.settle(w.claimOne(), *dossier(1, 7, "00"), false)
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "retry", Entry: w.entryIn(s, outbox.Parked).ID, OCMW: kbo, At: w.now}))
		must(w.ApplyRequests(w.ctx, w.now))
		w.same(int64(7), w.claimOne().Version, "version that it goes out with")
	},

	"what is settled behind an entry in doubt does not carry it": func(w *world) {
		w.one("05", "90")
		stretch := w.claimStretches(10, 2)[0]
		stretch[1].Version = 6
		w.settleMany(outbox.Claim{}, stretch[1:], *dossier(1, 7, "90"))
		must(w.Recover(w.ctx, w.later(time.Second)))
		w.same(int64(5), w.claimOne().Version, "version of what is in doubt")
	},

	"a stretch is in doubt after a crash, and is read in its order": func(w *world) {
		s := w.one("05", "90", "00", "93")
		stretch := w.claimStretches(10, 3)[0]
		w.settleMany(w.terms(10, 3), stretch[:1], *dossier(1, 6, "05"))
		w.same(2, must(w.Recover(w.ctx, w.later(time.Second))), "recovered")
		w.same([]string{"reg-05 settled", "reg-90 inDoubt", "reg-00 inDoubt", "reg-93 waiting"}, w.lane(s.Person), "lane")
		second := w.claimOne()
		w.same([]any{"reg-90", int64(6)}, []any{second.Registration, second.Version}, "what is read first, and its version")
		w.same(0, len(w.claim(10)), "claimed beside it")
		w.ok(w.GiveBack(w.ctx, second, time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		third := w.claimOne()
		w.same([]any{"reg-00", outbox.InDoubt, int64(6)}, []any{third.Registration, third.State, third.Version}, "what is read before anything is sent")
		w.same(0, len(w.claim(10)), "sent while something of the lane is in doubt")
		w.ok(w.GiveBack(w.ctx, third, time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.same([]any{"reg-90", 3}, []any{w.claimStretches(10, 3)[0][0].Registration, 3}, "what goes then")
		w.ok(w.Check(w.ctx))
	},

	"what MLP took of a stretch before a crash is settled, and the rest goes on": func(w *world) {
		s := w.one("05", "90", "00")
		w.claimStretches(10, 10)
		must(w.Recover(w.ctx, w.later(time.Second)))
		second := w.settle(w.claimOne(), *dossier(1, 6, "05"), true)[0]
		w.same([]any{"reg-90", outbox.InDoubt, int64(6)}, []any{second.Registration, second.State, second.Version}, "what is read next, and its version")
		w.ok(w.GiveBack(w.ctx, second, time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.ok(w.GiveBack(w.ctx, w.claimOne(), time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.same(2, len(w.claimStretches(10, 10)[0]), "what goes on")
		w.same([]string{"reg-05 settled", "reg-90 claimed", "reg-00 claimed"}, w.lane(s.Person), "lane")
	},

	"somebody else's write of before a crash is not carried": func(w *world) {
		w.one("05", "90")
		stretch := w.claimStretches(10, 10)[0]
		w.settleMany(outbox.Claim{}, stretch[:1], *dossier(1, 7, "05")) // ours made 6, another's 7
		must(w.Recover(w.ctx, w.later(time.Second)))
		w.same(int64(5), w.claimOne().Version, "version of what is in doubt")
	},

	"what is in doubt behind an entry of a client who is to be decided again is read": func(w *world) {
		s := w.one("05", "90")
		w.claimStretches(10, 10)
		must(w.Recover(w.ctx, w.later(time.Second)))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.ok(w.GiveBack(w.ctx, w.claimOne(), time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "to decide while something is in doubt")
		w.ok(w.GiveBack(w.ctx, w.claimOne(), time.Time{}, false, outbox.Problem{Type: "notTaken"}, w.now))
		w.same(0, len(w.claim(10)), "claimed before the client is decided again")
		w.queue("c1", "00")
		w.same([]string{"reg-05 superseded", "reg-90 superseded", "reg-00 waiting"}, w.lane(s.Person), "lane")
	},

	"what else is due is claimed in the commit that settles": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5), insz(2).Reveal(): dossier(2, 8)})
		w.queue("c1", "05", "90")
		second := w.queue("c2", "05", "90")
		first := w.claim(1)
		skipping := w.terms(10, 2)
		skipping.Skip = []string{kbo}
		w.same(0, len(w.settleMany(skipping, first, *dossier(1, 6, "05"))), "claimed of what is to be skipped")
		first = w.claim(1)
		w.same(0, len(w.settleMany(w.terms(0, 2), first, *dossier(1, 7, "90"))), "claimed beyond the limit")
		w.same([]string{"reg-05 waiting", "reg-90 waiting"}, w.lane(second.Person), "second lane")
	},

	"a parked entry of any kind stops its own lane, and nobody else's": func(w *world) {
		kinds := casefile.RegistrationKinds()
		var rows []ledger.Row
		for i := range len(kinds) + 1 {
			rows = append(rows, row(0, i+2, client(fmt.Sprintf("c%02d", i), i+1, "A")))
		}
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.look(kbo, nil)
		subjects := w.dirty(kbo)
		stopped, free := subjects[:len(kinds)], subjects[len(kinds)]
		for i, kind := range kinds {
			poison := w.entry(stopped[i], "05")
			poison.Kind = string(kind)
			w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(stopped[i], poison, w.entry(stopped[i], "90"))}, w.now))
		}
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
		for _, e := range w.claim(100) {
			w.ok(w.Park(w.ctx, e, outbox.Problem{Type: "refused"}, w.now))
		}
		w.queue(free.Client, "05")
		w.same(free.Person, w.claimOne().Person, "claimed beside parked entries")
		for i, kind := range kinds {
			w.same([]string{"reg-05 parked", "reg-90 waiting"}, w.lane(stopped[i].Person), "lane behind a parked "+string(kind))
			w.ok(w.Request(w.ctx, ledger.Request{Kind: "discard", Entry: w.entryIn(stopped[i], outbox.Parked).ID, OCMW: kbo, At: w.now}))
		}
		must(w.ApplyRequests(w.ctx, w.now))
		w.same(len(kinds), len(w.claim(100)), "claimed when what was parked is discarded")
	},

	"a new dossier carries its lane": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		w.look(kbo, nil)
		w.queue("c1", "05", "90")
		e := w.claimOne()
		w.same(int64(0), e.Version, "version without a dossier")
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 3), w.now))
		w.same(int64(3), w.claimOne().Version, "version of the new dossier")
	},

	"given back, it waits": func(w *world) {
		w.one("05")
		e := w.claimOne()
		until := w.now.Add(time.Minute)
		w.ok(w.GiveBack(w.ctx, e, until, true, outbox.Problem{Status: 503, Type: "network", Title: "down"}, w.now))
		w.same(0, len(w.claim(10)), "claimed before its time")
		if due := must(w.NextDue(w.ctx)); !due.Equal(until) {
			w.Fatalf("due at %v, not %v", due, until)
		}
		w.later(time.Minute)
		e = w.claimOne()
		w.same([]any{1, "down"}, []any{e.Attempts, e.Problem.Title}, "attempts and problem")
		w.ok(w.GiveBack(w.ctx, e, time.Time{}, false, outbox.Problem{}, w.now))
		w.same(1, w.claimOne().Attempts, "attempts when it did not count")
	},

	"a claim is kept by its token alone": func(w *world) {
		w.one("05")
		e := w.claimOne()
		lost := e
		lost.Claim = "another"
		empty := e
		empty.Claim = ""
		for _, held := range []outbox.Entry{lost, empty, {ID: "nothing", Claim: "x"}} {
			for name, err := range map[string]error{
				"settle": w.Settle(w.ctx, "run-1", held, *dossier(1, 6), w.now),
				"give":   w.GiveBack(w.ctx, held, w.now, true, outbox.Problem{}, w.now),
				"doubt":  w.Doubt(w.ctx, held, w.now, outbox.Problem{}, w.now),
				"park":   w.Park(w.ctx, held, outbox.Problem{}, w.now),
				"clash":  w.Conflict(w.ctx, held, nil, outbox.Problem{}, w.now),
				"area":   w.OutsideArea(w.ctx, held, outbox.Problem{}, w.now),
			} {
				if !errors.Is(err, ledger.ErrLostClaim) {
					w.Fatalf("%s under a lost claim: %v", name, err)
				}
			}
		}
		w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.now))
		if err := w.Settle(w.ctx, "run-1", e, *dossier(1, 6, "05"), w.now); !errors.Is(err, ledger.ErrLostClaim) {
			w.Fatalf("settled twice: %v", err)
		}
	},

	"a restart leaves what was claimed in doubt": func(w *world) {
		s := w.one("05", "90")
		w.claimOne()
		w.same(1, must(w.Recover(w.ctx, w.later(time.Second))), "recovered")
		w.same([]string{"reg-05 inDoubt", "reg-90 waiting"}, w.lane(s.Person), "lane")
		totals := must(w.Totals(w.ctx, kbo, ""))
		if !totals.InDoubtSince.Equal(w.now) || totals.Entries[outbox.InDoubt] != 1 {
			w.Fatalf("totals: %+v", totals)
		}
		e := w.claimOne()
		w.same([]any{outbox.InDoubt, "reg-05", 0}, []any{e.State, e.Registration, e.Attempts}, "entry in doubt")
		w.same(0, must(w.Recover(w.ctx, w.now)), "recovered a reading")
		e = w.claimOne() // the claim on the reading is gone too
		w.ok(w.GiveBack(w.ctx, e, time.Time{}, false, outbox.Problem{}, w.now))
		w.same([]string{"reg-05 waiting", "reg-90 waiting"}, w.lane(s.Person), "lane when MLP has it not")
	},

	"in doubt goes before what waits, and reading does not count": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, nil)
		w.queue("c2", "05")
		e := w.claimOne()
		w.ok(w.Doubt(w.ctx, e, w.now, outbox.Problem{Type: "network"}, w.now))
		w.queue("c1", "05")
		e = w.claim(1)[0]
		w.same([]any{outbox.InDoubt, 1}, []any{e.State, e.Attempts}, "state and attempts")
		w.ok(w.Doubt(w.ctx, e, w.now, outbox.Problem{Type: "network"}, w.now))
		w.same(1, w.claim(1)[0].Attempts, "attempts after reading")
	},

	"a conflict has the client decided again": func(w *world) {
		s := w.one("05", "90")
		w.ok(w.Conflict(w.ctx, w.claimOne(), dossier(1, 8, "11"), outbox.Problem{Status: 412, Type: "version"}, w.now))
		w.same([]string{"reg-05 superseded", "reg-90 superseded"}, w.lane(s.Person), "lane")
		again := w.subject("c1")
		w.same(int64(8), again.Known.Dossier.Version, "version")
		w.queue("c1", "05")
		w.ok(w.Conflict(w.ctx, w.claimOne(), nil, outbox.Problem{Status: 404, Type: "gone"}, w.now))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty before it was looked up again")
		w.same(1, w.look(kbo, nil), "look-ups")
		if again = w.subject("c1"); again.Known.Dossier != nil {
			w.Fatal("a dossier is known that MLP does not have")
		}
	},

	"a conflict that was read before the feed does not go back": func(w *world) {
		s := w.one("05")
		e := w.claimOne()
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 9, "11")}, w.now))
		w.ok(w.Conflict(w.ctx, e, dossier(1, 7, "03"), outbox.Problem{Status: 412, Type: "version"}, w.now))
		w.same(int64(9), must(w.Known(w.ctx, s.Person)).Dossier.Version, "version")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"a dossier outside the area is remembered": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		w.look(kbo, nil)
		s := w.queue("c1", "05", "90")
		w.ok(w.OutsideArea(w.ctx, w.claimOne(), outbox.Problem{Status: 403, Type: "missingPermission"}, w.now))
		w.same([]string{"reg-05 superseded", "reg-90 superseded"}, w.lane(s.Person), "lane")
		if !w.subject("c1").Known.OutsideArea {
			w.Fatal("it was forgotten at once")
		}
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.look(kbo, nil)
		if !w.subject("c1").Known.OutsideArea {
			w.Fatal("it was forgotten by a look-up that found nothing")
		}
	},

	"a dirty client is decided before its entries go": func(w *world) {
		s := w.one("05")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.same(0, len(w.claim(10)), "claimed for a dirty client")
		if must(w.NextDue(w.ctx)).IsZero() {
			w.Fatal("nothing is due, and an entry waits")
		}
		w.queue("c1", "05")
		w.same([]string{"reg-05 waiting"}, w.lane(s.Person), "lane")
		w.claimOne()
	},

	"the same change on the same version keeps its id, attempts and approval": func(w *world) {
		w.one("05")
		before := w.claimOne()
		w.ok(w.GiveBack(w.ctx, before, w.now, true, outbox.Problem{Status: 503}, w.now))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, w.entry(s, "05"))}, w.now))
		after := w.claimOne()
		w.same([]any{before.ID, 1}, []any{after.ID, after.Attempts}, "id and attempts")
		w.ok(w.GiveBack(w.ctx, after, w.now, true, outbox.Problem{Status: 503}, w.now))
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 9, "03")}, w.now))
		w.queue("c1", "05")
		if again := w.claimOne(); again.ID == before.ID || again.Attempts != 0 || again.Version != 9 {
			w.Fatalf("on another version: %s with %d attempts at version %d", again.ID, again.Attempts, again.Version)
		}
	},

	"handovers are counted by kind": func(w *world) {
		w.one()
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		s := w.subject("c1")
		e := w.entryOf(s, casefile.Change{
			Op: casefile.OpPut, Kind: casefile.RegHandover, ID: "h1", From: day, Rule: "HND-01", Sentence: "Overdracht",
			New: casefile.Handover{Handover: casefile.HandoverGLOW, ChoiceDate: day},
		})
		w.ok(w.Decide(w.ctx, "run-1", []ledger.Outcome{outcome(s, e)}, w.now))
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.now))
		w.ok(w.Settle(w.ctx, "run-2", w.claimOne(), *dossier(1, 6, "05"), w.now))
		w.same(map[casefile.HandoverKind]int{casefile.HandoverGLOW: 1}, must(w.Totals(w.ctx, kbo, "run-2")).Handovers, "handovers")
		w.same(0, len(must(w.Totals(w.ctx, kbo, "run-1")).Handovers), "handovers of another run")
	},
}
