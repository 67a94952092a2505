package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

var ingesting = map[string]func(*world){
	"a first set is new, and every outcome is counted": func(w *world) {
		files := w.feeds("clients", "tracks")
		w.ingest(kbo, files,
			row(0, 2, client("c1", 1, "Peeters")), row(0, 3, client("c2", 2, "Janssens")), row(1, 2, track("c1", "t1", "kok")))
		files = w.feeds("clients", "tracks")
		skipped := ledger.Row{File: 0, Number: 6, Skipped: true}
		result := w.ingest(kbo, files,
			row(0, 2, client("c1", 1, "Peeters")), row(0, 3, client("c2", 2, "Janssens-Maes")), row(0, 4, client("c3", 3, "Claes")),
			row(0, 5, client("c3", 3, "Claes")), skipped, bad(0, 7, "c4"), row(1, 2, track("c1", "t1", "kok")))
		w.same(ledger.SetResult{
			Activated: true,
			Files: []ledger.FileBalance{
				{Name: files[0].Name, Feed: "clients", Rows: 6, New: 1, Changed: 1, Unchanged: 1, Duplicate: 1, Rejected: 1, Skipped: 1},
				{Name: files[1].Name, Feed: "tracks", Rows: 1, Unchanged: 1},
			},
		}, result, "result")
		totals := must(w.Totals(w.ctx, kbo, ""))
		w.same(result.Files, totals.Files, "files in force")
		w.same(4, len(must(w.Totals(w.ctx, "", "run-1")).Files), "files of the run")
	},

	"a row has the first outcome that fits one of its records": func(w *world) {
		w.ingest(kbo, w.feeds("f"), row(0, 2, client("c1", 1, "A"), track("c1", "t1", "kok")), row(0, 3, client("c2", 2, "B")))
		result := w.ingest(kbo, w.feeds("f"),
			row(0, 2, client("c1", 1, "A"), track("c1", "t1", "bakker")), // unchanged and changed
			row(0, 3, client("c2", 2, "B"), track("c2", "t2", "kok")),    // unchanged and new
			row(0, 4, client("c2", 2, "B"), track("c2", "t3", "kok")))    // duplicate and new
		b := result.Files[0]
		w.same([]int{1, 2, 0, 0}, []int{b.Changed, b.New, b.Unchanged, b.Duplicate}, "changed, new, unchanged, duplicate")
	},

	"a balance that does not hold makes nothing current": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		staging := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.ok(staging.Add(w.ctx, []ledger.Row{row(0, 2, client("c1", 1, "Maes"))}))
		result := must(staging.Activate(w.ctx, []ledger.FileCount{{Rows: 2}}, w.now))
		if result.Activated || result.Files[0].Holds() || result.Files[0].Changed != 1 {
			w.Fatalf("an unbalanced set gave %+v", result)
		}
		w.ok(staging.Discard(w.ctx))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty clients")
		w.same("clients_1.csv", must(w.LastIngested(w.ctx, kbo, "clients")).Name, "last file")
	},

	"two files of one feed are no set": func(w *world) {
		if _, err := w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients", "tracks", "clients")); err == nil {
			w.Fatal("a feed has two last files")
		}
	},

	"a row that brings nothing has no outcome": func(w *world) {
		staging := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.ok(staging.Add(w.ctx, []ledger.Row{{File: 0, Number: 2}}))
		if must(staging.Activate(w.ctx, []ledger.FileCount{{Rows: 1}}, w.now)).Activated {
			w.Fatal("a row vanished from the balance")
		}
	},

	"the same key with other content rejects every row that has it": func(w *world) {
		files := w.feeds("clients", "intake")
		result := w.ingest(kbo, files, row(0, 2, client("c1", 1, "Peeters"), track("c1", "t1", "kok")), row(0, 3, client("c2", 2, "Maes")),
			row(1, 2, client("c1", 1, "Pieters")), row(1, 3, track("c1", "t1", "kok")), row(1, 4, client("c2", 2, "Maes")))
		w.same([]int{1, 1}, []int{result.Files[0].Rejected, result.Files[0].New}, "first file: rejected, new")
		// The track stands in a rejected row too: of what remains it is the first.
		w.same([]int{1, 1, 1}, []int{result.Files[1].Rejected, result.Files[1].New, result.Files[1].Duplicate}, "second file")
		rejected := w.rejected(kbo)
		if len(rejected) != 2 || rejected[0].Rule != "row.duplicateKey" || rejected[0].Client != "c1" || rejected[0].Row != 2 {
			w.Fatalf("rejected rows: %+v", rejected)
		}
		if !strings.Contains(rejected[0].ReasonNL, "rij 2 van "+files[1].Name) || !strings.Contains(rejected[1].ReasonNL, files[0].Name) {
			w.Fatalf("the reasons do not name the other row: %q, %q", rejected[0].ReasonNL, rejected[1].ReasonNL)
		}
		w.look(kbo, nil)
		for _, s := range w.dirty(kbo) {
			if (len(s.Held) > 0) != (s.Client == "c1") {
				w.Fatalf("client %s has %d rows that hold it", s.Client, len(s.Held))
			}
		}
	},

	"nothing of a row with a contradicted key comes into force, and of a doubled key the first place": func(w *world) {
		result := w.ingest(kbo, w.feeds("clients", "intake"),
			row(0, 2, client("c1", 1, "Peeters"), track("c1", "t1", "kok")), row(0, 3, client("c2", 2, "Maes"), track("c2", "t1", "kok")),
			row(1, 2, client("c1", 1, "Pieters"), track("c1", "t2", "kok")), row(1, 3, client("c2", 2, "Maes"), track("c2", "t2", "kok")))
		w.same([]int{1, 1}, []int{result.Files[0].Rejected, result.Files[0].New}, "first file: rejected, new")
		w.same([]int{1, 1}, []int{result.Files[1].Rejected, result.Files[1].New}, "second file: rejected, new")
		w.same(0, len(must(w.Find(w.ctx, kbo, "c1")).Records), "records of who is contradicted")
		at := map[string]string{}
		for _, r := range must(w.Find(w.ctx, kbo, "c2")).Records {
			at[string(r.Kind())+" "+r.Key()] = fmt.Sprint(r.Origin().File, " ", r.Origin().Row)
		}
		w.same(map[string]string{
			"client c2": result.Files[0].Name + " 3", "track t1": result.Files[0].Name + " 3", "track t2": result.Files[1].Name + " 3",
		}, at, "places")
	},

	"a rejected row holds its client until a set has it right": func(w *world) {
		w.ingest(kbo, w.feeds("clients", "tracks"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(1, 2, track("c1", "t1", "kok")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		files := w.feeds("tracks")
		result := w.ingest(kbo, files, bad(0, 2, "c1"))
		w.same(0, result.Missing, "missing: a record whose own row was rejected is not")
		subjects := w.dirty(kbo)
		w.same([]string{"c1"}, numbers(subjects), "dirty clients")
		w.same([]ledger.HeldRow{{File: files[0].Name, Rejection: bad(0, 2, "c1").Rejections[0]}}, subjects[0].Held, "held rows")
		w.same(2, len(subjects[0].Records), "records of the held client")
		w.settleAll(kbo)
		view := must(w.Find(w.ctx, kbo, "c1"))
		w.same(ledger.OutcomeHeld, view.Kind, "outcome")
		rejected := w.rejected(kbo)
		w.same("mw-014", rejected[0].Caseworker, "caseworker of the rejected row")
		// Held as before: nothing to decide.
		w.ingest(kbo, w.feeds("tracks"), bad(0, 5, "c1"))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty while still held")
		w.ingest(kbo, w.feeds("tracks"), row(0, 2, track("c1", "t1", "kok")))
		subjects = w.dirty(kbo)
		w.same([]string{"c1"}, numbers(subjects), "dirty when right again")
		w.same(0, len(subjects[0].Held), "held rows when right again")
	},

	"a held client that was never seen is shown": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), bad(0, 2, "c1"), bad(0, 3, ""))
		w.same(0, w.look(kbo, nil), "look-ups without an INSZ")
		subjects := w.dirty(kbo)
		w.same([]string{"c1"}, numbers(subjects), "dirty clients")
		w.same(1, len(subjects[0].Held), "held rows")
		w.same(2, len(w.rejected(kbo)), "rejected rows")
		w.same(1, must(w.Totals(w.ctx, kbo, "")).Undecided, "undecided clients")
	},

	"the last file of a feed is told though the next set has none of it": func(w *world) {
		w.ingest(kbo, w.feeds("clients", "tracks"), row(0, 2, client("c1", 1, "Peeters")), bad(1, 2, "c1"))
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		w.ingest(other, w.feeds("clients"), row(0, 2, client("c1", 1, "Maes")))
		var last []string
		for _, f := range must(w.Totals(w.ctx, kbo, "")).Last {
			last = append(last, fmt.Sprint(f.Feed, " ", f.Rows, " ", f.Rejected))
		}
		w.same([]string{"tracks 1 1", "clients 1 0"}, last, "the last files of each feed")
	},

	"a record that is not in the snapshot is missing, and not gone": func(w *world) {
		w.ingest(kbo, w.feeds("clients", "tracks"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(1, 2, track("c1", "t1", "kok")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		result := w.ingest(kbo, w.feeds("tracks")) // the other feed is not in the set
		w.same(1, result.Missing, "missing")
		w.same([]ledger.FeedRows{{Feed: "tracks", RowsBefore: 1}}, w.shrunk(kbo), "what shrank")
		w.same([]bool{false, true}, w.missing("c1"), "missing flags of client and track")
		w.settleAll(kbo)
		w.same(0, w.ingest(kbo, w.feeds("tracks")).Missing, "missing a second time")
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty when nothing happened")
		back := w.ingest(kbo, w.feeds("tracks"), row(0, 2, track("c1", "t1", "kok")))
		w.same(1, back.Files[0].Unchanged, "unchanged records that came back")
		w.same([]bool{false, false}, w.missing("c1"), "missing flags after it came back")
		w.same(0, len(w.dirty(kbo)), "left dirty")
	},

	"a delta names changes only": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), bad(0, 4, "c3"), bad(0, 5, "c4"))
		w.look(kbo, nil)
		w.settleAll(kbo)
		files := w.feeds("clients")
		files[0].Delta = true
		result := w.ingest(kbo, files, row(0, 2, client("c2", 2, "BB")), row(0, 3, client("c3", 3, "C")))
		w.same(0, result.Missing, "missing")
		w.same([]ledger.FeedRows(nil), w.shrunk(kbo), "what shrank: a delta weighs nothing")
		w.same([]int{1, 1}, []int{result.Files[0].Changed, result.Files[0].New}, "changed, new")
		w.look(kbo, nil)
		w.same([]string{"c2", "c3"}, numbers(w.dirty(kbo)), "dirty clients")
		rejected := w.rejected(kbo)
		w.same(1, len(rejected), "rejected rows: the delta does not say that c4 is right")
		w.same("c4", rejected[0].Client, "client of the rejected row")
	},

	"what a delta brought or left out can be missing from a snapshot": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		files := w.feeds("clients")
		files[0].Delta = true
		w.ingest(kbo, files, row(0, 2, client("c2", 2, "BB")), row(0, 3, client("c4", 4, "D")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		w.same(3, w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A"))).Missing, "missing")
		w.same([]string{"c2", "c3", "c4"}, numbers(w.dirty(kbo)), "dirty clients")
	},

	"an interrupted staging leaves the export in force": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		lost := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.ok(lost.Add(w.ctx, []ledger.Row{row(0, 2, client("c1", 1, "Maes")), row(0, 3, client("c9", 9, "Nieuw")), bad(0, 4, "c1")}))
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty clients")
		w.same(0, len(w.rejected(kbo)), "rejected rows in force")
		w.same(0, len(must(w.Find(w.ctx, kbo, "c1")).Held), "rows that hold the client")
		result := w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Claes")))
		w.same(1, result.Files[0].Changed, "changed against the export in force")
		if err := lost.Add(w.ctx, []ledger.Row{row(0, 5, client("c8", 8, "Laat"))}); err == nil {
			w.Fatal("rows went to a staging that is over")
		}
		w.ok(lost.Discard(w.ctx))
		if _, err := w.Find(w.ctx, kbo, "c9"); !errors.Is(err, ledger.ErrNotFound) {
			w.Fatalf("the lost staging left a client: %v", err)
		}
		w.ok(w.Check(w.ctx))
	},

	"the same file again changes nothing": func(w *world) {
		if _, err := w.LastIngested(w.ctx, kbo, "clients"); !errors.Is(err, ledger.ErrNotFound) {
			w.Fatalf("before the first file: %v", err)
		}
		files := w.feeds("clients")
		rows := []ledger.Row{row(0, 2, client("c1", 1, "Peeters")), bad(0, 3, "c2")}
		w.ingest(kbo, files, rows...)
		w.look(kbo, nil)
		w.settleAll(kbo)
		result := w.ingest(kbo, files, rows...)
		b := result.Files[0]
		if !b.AlreadySeen || b.Unchanged != 1 || b.Rejected != 1 {
			w.Fatalf("balance of a file that was seen: %+v", b)
		}
		w.same([]string{}, numbers(w.dirty(kbo)), "dirty clients")
		w.same(files[0], must(w.LastIngested(w.ctx, kbo, "clients")), "last file")
		staging := must(w.StageSet(w.ctx, "run-1", kbo, files))
		if _, err := staging.Activate(w.ctx, []ledger.FileCount{{}}, w.now); err == nil {
			w.Fatal("a file that was seen counted as empty")
		}
		w.ok(staging.Discard(w.ctx))
	},

	"OCMWs do not meet": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")))
		w.ingest(other, w.feeds("clients"), row(0, 2, client("c1", 1, "Peeters")), bad(0, 3, "c2"))
		w.look(kbo, nil)
		w.look(other, nil)
		w.same([]string{"c1"}, numbers(w.dirty(kbo)), "dirty clients")
		if w.dirty(kbo)[0].SharedINSZ {
			w.Fatal("another OCMW's client counts as shared")
		}
		w.same(0, len(w.rejected(kbo)), "rejected rows")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c3", 3, "Claes")))
		w.same([]bool{false}, w.missingOf(other, "c1"), "missing flags at the other OCMW")
	},

	"records know the columns that they came from": func(w *world) {
		from := func(r ledger.StoredRecord, columns string) ledger.StoredRecord {
			r.Columns = []byte(columns)
			return r
		}
		const columns, others = `{"lastName":"Naam"}`, `{"lastName":"Familienaam"}`
		rows := lined(row(0, 2, from(client("c1", 1, "A"), columns)), row(0, 3, from(client("c2", 2, "B"), others), from(client("c3", 3, "C"), columns)),
			row(0, 4, client("c4", 4, "D")))
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.ingest(other, w.feeds("clients"), row(0, 2, from(client("c1", 1, "A"), columns)))
		want := []map[string]string{{"lastName": "Naam"}, {"lastName": "Familienaam"}, {"lastName": "Naam"}, nil}
		have := func(ocmw string, clients ...string) (all []map[string]string) {
			for _, number := range clients {
				all = append(all, must(w.Find(w.ctx, ocmw, number)).Records[0].Origin().Columns)
			}
			return all
		}
		w.same(want, have(kbo, "c1", "c2", "c3", "c4"), "columns")
		w.same(want[:1], have(other, "c1"), "columns at the other OCMW")
		rows[0].Records[0], rows[0].Line = from(client("c1", 1, "AA"), others), []byte("other")
		if _, kept := w.again(w.feeds("clients"), rows...); len(kept) == 0 {
			w.Fatal("nothing was kept")
		}
		want[0] = want[1]
		w.same(want, have(kbo, "c1", "c2", "c3", "c4"), "columns after the next set")
		w.same(want[2:3], have(other, "c1"), "columns at the other OCMW")
		w.ok(w.Check(w.ctx))
	},

	"a changed INSZ is looked up again when no dossier is known": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 1, "05")})
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 11, "A")), row(0, 3, client("c2", 12, "B")))
		asked := must(w.NeedLookup(w.ctx, kbo, 0, 10))
		w.same(1, len(asked), "look-ups")
		w.same(insz(11).Reveal(), asked[0].INSZ, "INSZ to look up")
		w.same([]string{"c2"}, numbers(w.dirty(kbo)), "decided with the dossier that is known")
	},

	"clients that share an INSZ are told, and told when they no longer do": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 1, "B")))
		w.look(kbo, nil)
		subjects := w.dirty(kbo)
		w.same([]string{"c1", "c2"}, numbers(subjects), "dirty clients")
		if !subjects[0].SharedINSZ || !subjects[1].SharedINSZ {
			w.Fatal("a shared INSZ was not told")
		}
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.look(kbo, nil)
		subjects = w.dirty(kbo)
		w.same([]string{"c1", "c2"}, numbers(subjects), "dirty clients afterwards")
		if subjects[0].SharedINSZ || subjects[1].SharedINSZ {
			w.Fatal("an INSZ counts as shared that no longer is")
		}
	},

	"a client who left the export shares its INSZ with nobody": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 1, "B")))
		w.look(kbo, nil)
		w.settleAll(kbo)
		w.ingest(kbo, w.feeds("clients"), row(0, 3, client("c2", 1, "B")))
		subjects := w.dirty(kbo)
		w.same([]string{"c1", "c2"}, numbers(subjects), "dirty clients")
		if !subjects[0].SharedINSZ || subjects[1].SharedINSZ {
			w.Fatal("who is left shares with one who isn't there any more, or the other way round")
		}
	},

	"a deleted mark is a change": func(w *world) {
		r := client("c1", 1, "Peeters")
		w.ingest(kbo, w.feeds("clients"), row(0, 2, r))
		r.Deleted = true
		w.same(1, w.ingest(kbo, w.feeds("clients"), row(0, 2, r)).Files[0].Changed, "changed")
	},

	"what shrank stays noted until it is approved or comes back": func(w *world) {
		rows := many(0, 10)
		none := []ledger.FeedRows(nil)
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.same(none, w.shrunk(kbo), "after the first set")
		w.ingest(kbo, w.feeds("clients"), rows[:6]...)
		w.same([]ledger.FeedRows{{Feed: "clients", RowsBefore: 10, RowsAfter: 6}}, w.shrunk(kbo), "after shrinking")
		w.ingest(kbo, w.feeds("clients"), rows[:5]...)
		w.same([]ledger.FeedRows{{Feed: "clients", RowsBefore: 10, RowsAfter: 5}}, w.shrunk(kbo), "after shrinking again")
		w.ingest(kbo, w.feeds("clients"), rows[:8]...)
		w.same([]ledger.FeedRows{{Feed: "clients", RowsBefore: 10, RowsAfter: 8}}, w.shrunk(kbo), "after some rows came back")
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.same(none, w.shrunk(kbo), "after the rows came back")
		w.ingest(kbo, w.feeds("clients"), rows[:6]...)
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.later(time.Minute)))
		w.same(none, w.shrunk(kbo), "after approval")
		w.ingest(kbo, w.feeds("clients"), rows[:5]...)
		w.same([]ledger.FeedRows{{Feed: "clients", RowsBefore: 6, RowsAfter: 5}}, w.shrunk(kbo), "after shrinking from what was approved")
	},

	"a feed that shrank is not hidden by one that grew": func(w *world) {
		w.ingest(kbo, w.feeds("clients", "tracks"), append(many(0, 10), many(1, 5)...)...)
		w.ingest(kbo, w.feeds("clients", "tracks"), append(many(0, 40), many(1, 2)...)...)
		want := []ledger.FeedRows{{Feed: "tracks", RowsBefore: 5, RowsAfter: 2}}
		w.same(want, w.shrunk(kbo), "what shrank")
		w.ingest(kbo, w.feeds("clients"), many(0, 30)...)
		want = append([]ledger.FeedRows{{Feed: "clients", RowsBefore: 40, RowsAfter: 30}}, want...)
		w.same(want, w.shrunk(kbo), "after a set without the first that shrank")
		w.ingest(other, w.feeds("clients", "tracks"), append(many(0, 3), many(1, 9)...)...)
		w.ok(w.Approve(w.ctx, other, ledger.Actor{Name: "tester"}, w.later(time.Minute)))
		w.same(want, w.shrunk(kbo), "after another OCMW's set, and its approval")
		w.ingest(kbo, w.feeds("clients", "tracks"), append(many(0, 30), many(1, 5)...)...)
		w.same(want[:1], w.shrunk(kbo), "after the rows of one came back")
		w.ok(w.Approve(w.ctx, kbo, ledger.Actor{Name: "tester"}, w.later(time.Minute)))
		w.same([]ledger.FeedRows(nil), w.shrunk(kbo), "after approval")
	},

	"a snapshot is weighed against the last snapshot, not against deltas between": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), many(0, 10)...)
		delta := w.feeds("clients")
		delta[0].Delta = true
		w.ingest(kbo, delta, many(0, 2)...)
		w.same([]ledger.FeedRows(nil), w.shrunk(kbo), "after the delta")
		w.ingest(kbo, w.feeds("clients"), many(0, 6)...)
		want := []ledger.FeedRows{{Feed: "clients", RowsBefore: 10, RowsAfter: 6}}
		w.same(want, w.shrunk(kbo), "after the snapshot")
		delta = w.feeds("clients")
		delta[0].Delta = true
		w.ingest(kbo, delta, many(0, 9)...)
		w.same(want, w.shrunk(kbo), "after another delta")
	},

	"rows that the profile skips weigh nothing": func(w *world) {
		rows := many(0, 10)
		w.ingest(kbo, w.feeds("clients"), rows...)
		for i := range rows[6:] {
			rows[6+i] = ledger.Row{Number: rows[6+i].Number, Skipped: true}
		}
		w.ingest(kbo, w.feeds("clients"), rows...)
		w.same([]ledger.FeedRows{{Feed: "clients", RowsBefore: 10, RowsAfter: 6}}, w.shrunk(kbo), "what shrank")
	},

	"an unbalanced set weighs nothing": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), many(0, 10)...)
		staging := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.ok(staging.Add(w.ctx, many(0, 3)))
		if must(staging.Activate(w.ctx, []ledger.FileCount{{Rows: 4}}, w.now)).Activated {
			w.Fatal("an unbalanced set became current")
		}
		w.ok(staging.Discard(w.ctx))
		w.same([]ledger.FeedRows(nil), w.shrunk(kbo), "what shrank")
	},
}

// many are the rows of a file with so many clients; in any but the first file, with a track of each.
func many(file, n int) []ledger.Row {
	rows := make([]ledger.Row, n)
	for i := range rows {
		number := fmt.Sprint("c", i)
		rows[i] = row(file, 2+i, client(number, i, "A"))
		if file > 0 {
			rows[i] = row(file, 2+i, track(number, "t1", "kok"))
		}
	}
	return rows
}

// shrunk is what shrank at an OCMW and is not approved yet.
func (w *world) shrunk(ocmw string) []ledger.FeedRows {
	w.Helper()
	return must(w.Guard(w.ctx, ocmw)).Shrunk
}

// missing are the flags of a client's records, the client's own first; it decides the
// client when it is dirty.
func (w *world) missing(number string) []bool {
	w.Helper()
	w.settleAll(kbo)
	return w.missingOf(kbo, number)
}

func (w *world) missingOf(ocmw, number string) []bool {
	w.Helper()
	var flags []bool
	for _, r := range must(w.Find(w.ctx, ocmw, number)).Records {
		switch r := r.(type) {
		case *casefile.Client:
			flags = append(flags, r.Missing)
		case *casefile.Track:
			flags = append(flags, r.Missing)
		}
	}
	return flags
}
