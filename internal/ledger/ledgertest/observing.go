package ledgertest

import (
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

var observing = map[string]func(*world){
	"who is to be looked up is listed in order, a batch behind the other": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.ingest(other, w.feeds("clients"), row(0, 2, client("c4", 4, "D")))
		one := must(w.NeedLookup(w.ctx, kbo, 0, 1))
		two := must(w.NeedLookup(w.ctx, kbo, one[0].Person, 1))
		rest := must(w.NeedLookup(w.ctx, kbo, two[0].Person, 10))
		w.same(must(w.NeedLookup(w.ctx, kbo, 0, 10)), slices.Concat(one, two, rest), "listed in batches")
		w.same(0, len(must(w.NeedLookup(w.ctx, kbo, rest[0].Person, 10))), "behind the last")
		w.ok(w.SaveLookups(w.ctx, "run-1", kbo, []ledger.LookupResult{{Person: one[0].Person}}, w.now))
		w.same(rest, must(w.NeedLookup(w.ctx, kbo, two[0].Person, 10)), "behind the second, with the first looked up")
	},

	"the feed marks whom it concerns": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05"), insz(2).Reveal(): dossier(2, 1, "03")})
		w.settleAll(kbo)
		w.same("", must(w.Cursor(w.ctx, kbo)), "position before the first")
		changed := must(w.SaveFeed(w.ctx, kbo, "cursor-1", []casefile.Dossier{
			*dossier(1, 4, "05", "78"), *dossier(2, 1, "03"), *dossier(3, 1, "05"), *dossier(99, 1),
		}, w.now))
		w.same(2, changed, "changed dossiers")
		w.same("cursor-1", must(w.Cursor(w.ctx, kbo)), "position")
		w.same("", must(w.Cursor(w.ctx, other)), "another OCMW's position")
		w.same([]string{"c1", "c3"}, numbers(w.dirty(kbo)), "dirty clients")
		w.same(0, must(w.SaveFeed(w.ctx, kbo, "cursor-2", []casefile.Dossier{*dossier(1, 3, "05")}, w.now)), "an old item")
		w.same(int64(4), must(w.Find(w.ctx, kbo, "c1")).Known.Dossier.Version, "version")
	},

	"a dossier is found again under another INSZ": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05")})
		w.settleAll(kbo)
		replaced := dossier(1, 4, "05")
		replaced.Person.INSZ = insz(50)
		w.same(1, must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*replaced}, w.now)), "changed dossiers")
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"a look-up under another number does not take the known dossier's place": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		held := map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05")}
		w.look(kbo, held)
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 2, "A")))
		for _, found := range []*casefile.Dossier{nil, dossier(2, 1, "03")} {
			held[insz(2).Reveal()] = found
			w.ok(w.ForgetCursor(w.ctx, kbo))
			w.same(1, w.look(kbo, held), "look-ups")
			w.same("d-1", must(w.Find(w.ctx, kbo, "c1")).Known.Dossier.ID, "the dossier that was written in")
		}
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		delete(held, insz(1).Reveal())
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.same(1, w.look(kbo, held), "look-ups")
		if d := must(w.Find(w.ctx, kbo, "c1")).Known.Dossier; d != nil {
			w.Fatalf("MLP has no dossier under its own number any more, and %s is known", d.ID)
		}
	},

	"a number that was replaced leads to its dossier's successor": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")))
		replaced := dossier(1, 3, "05")
		replaced.Person.INSZ, replaced.INSZHistory = insz(50), []ident.INSZ{insz(1)}
		held := map[string]*casefile.Dossier{insz(1).Reveal(): replaced}
		w.look(kbo, held)
		held[insz(1).Reveal()] = dossier(9, 1)
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.same(1, w.look(kbo, held), "look-ups")
		w.same("d-9", must(w.Find(w.ctx, kbo, "c1")).Known.Dossier.ID, "dossier")
	},

	"a lost position means a full look-up, and news only where there is some": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		held := map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05")}
		w.look(kbo, held)
		w.settleAll(kbo)
		must(w.SaveFeed(w.ctx, kbo, "cursor-1", nil, w.now))
		w.ok(w.ForgetCursor(w.ctx, kbo))
		w.same("", must(w.Cursor(w.ctx, kbo)), "position")
		held[insz(2).Reveal()] = dossier(2, 1, "03")
		w.same(2, w.look(kbo, held), "look-ups")
		w.same([]string{"c2"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"whose dossier changed and can't be read is looked up again": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05"), insz(2).Reveal(): dossier(2, 4, "03")})
		w.settleAll(kbo)
		for _, u := range []struct {
			what         string
			unread       ledger.Unread
			people, lost int
		}{
			{"of a version that is known", ledger.Unread{Dossier: "d-1", INSZ: insz(1).Reveal(), Version: 3}, 0, 0},
			{"of a newer version", ledger.Unread{Dossier: "d-1", INSZ: insz(1).Reveal(), Version: 4}, 1, 0},
			{"by its id alone", ledger.Unread{Dossier: "d-2"}, 1, 0},
			{"by the number alone", ledger.Unread{INSZ: insz(3).Reveal(), Version: 1}, 1, 0},
			{"of nobody here", ledger.Unread{Dossier: "d-99", INSZ: insz(99).Reveal()}, 0, 0},
			{"of anybody, by its id", ledger.Unread{Dossier: "d-99"}, 0, 1},
			{"of anybody, by the number", ledger.Unread{INSZ: insz(99).Reveal()}, 0, 1},
			{"of anybody", ledger.Unread{}, 0, 1},
		} {
			people, lost, err := w.LookUpAgain(w.ctx, kbo, []ledger.Unread{u.unread})
			w.ok(err)
			w.same([]int{u.people, u.lost}, []int{people, lost}, u.what)
			w.same(u.people, w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 3, "05"), insz(2).Reveal(): dossier(2, 4, "03")}), "look-ups "+u.what)
		}
		people, _, err := w.LookUpAgain(w.ctx, other, []ledger.Unread{{Dossier: "d-1"}})
		w.ok(err)
		w.same(0, people, "people of another OCMW")
		one := must(w.Find(w.ctx, kbo, "c1"))
		w.same(map[int64]string{one.Person: one.Pseudonym}, must(w.Pseudonyms(w.ctx, []int64{one.Person, 99})), "pseudonyms")
	},

	"categories before and after a run": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		ahead := dossier(2, 1, "05")
		ahead.Registrations = append(ahead.Registrations, casefile.Registration{ID: "x", Body: casefile.Category{Code: "90", From: day.AddDays(1)}})
		w.same(map[casefile.Code]ledger.CategoryTotal{ledger.NotLookedUp: {Before: 2, After: 2}},
			must(w.Totals(w.ctx, kbo, "")).Categories, "categories before MLP was asked")
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): ahead})
		w.same(map[casefile.Code]ledger.CategoryTotal{"": {Before: 1, After: 1}, "05": {Before: 1, After: 1}},
			must(w.Totals(w.ctx, kbo, "")).Categories, "at first contact")
		must(w.SaveFeed(w.ctx, kbo, "c", []casefile.Dossier{*dossier(1, 1, "05")}, w.now))
		w.same(map[casefile.Code]ledger.CategoryTotal{"": {Before: 1}, "05": {Before: 1, After: 2}},
			must(w.Totals(w.ctx, kbo, "")).Categories, "after a change")
		w.ok(w.StartRun(w.ctx, "run-2", w.later(24*time.Hour)))
		w.same(map[casefile.Code]ledger.CategoryTotal{"05": {Before: 1, After: 1}, "90": {Before: 1, After: 1}},
			must(w.Totals(w.ctx, kbo, "")).Categories, "in the next run, a day later")
	},
}
