package ledgertest

import (
	"fmt"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// lined gives rows the lines that they were read from: number and content make them.
func lined(rows ...ledger.Row) []ledger.Row {
	for i, r := range rows {
		if len(r.Rejections) == 0 && !r.Skipped {
			for _, rec := range r.Records {
				rows[i].Line = fmt.Appendf(rows[i].Line, "%s %s %s;", rec.Client, rec.Key, rec.Hash)
			}
		}
	}
	return rows
}

// again takes a set as a reader does that asks before it reads: it tells which rows were kept, as "file row".
func (w *world) again(files []ledger.File, rows ...ledger.Row) (ledger.SetResult, []string) {
	w.Helper()
	staging := must(w.StageSet(w.ctx, "run-1", kbo, files))
	kept, counted := []string{}, make([]ledger.FileCount, len(files))
	for _, r := range rows {
		counted[r.File].Rows++
		if must(staging.Keep(w.ctx, r.File, r.Number, r.Line)) {
			kept = append(kept, fmt.Sprintf("%d %d", r.File, r.Number))
			continue
		}
		w.ok(staging.Add(w.ctx, []ledger.Row{r}))
	}
	result, err := staging.Activate(w.ctx, counted, w.later(time.Minute))
	w.ok(err)
	w.ok(w.Check(w.ctx))
	return result, kept
}

// places are where a client's records stand, the client's own first.
func (w *world) places(number string) []string {
	w.Helper()
	var all []string
	for _, r := range must(w.Find(w.ctx, kbo, number)).Records {
		all = append(all, fmt.Sprintf("%s %d", r.Origin().File, r.Origin().Row))
	}
	return all
}

var kept = map[string]func(*world){
	"a row with the line of before is kept": func(w *world) {
		w.again(w.feeds("clients", "tracks"), lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), bad(0, 4, "c3"),
			row(1, 2, track("c1", "t1", "kok")))...)
		w.look(kbo, nil)
		w.settleAll(kbo)
		files := w.feeds("clients", "tracks")
		result, kept := w.again(files, lined(row(0, 2, client("c9", 9, "Z")), row(0, 3, client("c1", 1, "A")), row(0, 4, client("c2", 2, "BB")), bad(0, 6, "c3"),
			row(1, 2, track("c1", "t1", "kok")))...)
		w.same([]string{"0 3", "1 2"}, kept, "kept rows")
		w.same(ledger.SetResult{Activated: true, Files: []ledger.FileBalance{
			{Name: files[0].Name, Feed: "clients", Rows: 4, New: 1, Changed: 1, Unchanged: 1, Rejected: 1},
			{Name: files[1].Name, Feed: "tracks", Rows: 1, Unchanged: 1},
		}}, result, "result")
		w.same([]string{files[0].Name + " 3", files[1].Name + " 2"}, w.places("c1"), "places of what was kept")
		w.look(kbo, nil)
		w.same([]string{"c2", "c9"}, numbers(w.dirty(kbo)), "dirty clients")
		w.same(files[0].Name, must(w.LastIngested(w.ctx, kbo, "clients")).Name, "last file")
	},

	"kept rows are kept over many files, and stand in the last": func(w *world) {
		rows := lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))
		w.again(w.feeds("clients"), rows...)
		for i := range 3 {
			for j := range rows {
				rows[j].Number += 1 + i
			}
			_, kept := w.again(w.feeds("clients"), rows...)
			w.same(3, len(kept), "kept rows")
		}
		files := w.feeds("clients")
		result, _ := w.again(files, rows[:2]...)
		w.same([]int{1, 2}, []int{result.Missing, result.Files[0].Unchanged}, "missing, unchanged")
		w.same([]string{files[0].Name + " 8"}, w.places("c1"), "place of what is there")
		w.same([]string{"clients_4.csv 10"}, w.places("c3"), "place where the missing one last stood")
		result, kept := w.again(w.feeds("clients"), rows...)
		w.same([]string{"0 8", "0 9"}, kept, "kept rows when it is back")
		w.same([]int{0, 3}, []int{result.Missing, result.Files[0].Unchanged}, "missing, unchanged when it is back")
		w.same([]bool{false}, w.missing("c3"), "missing flag")
	},

	"a line is kept as often as it stood there": func(w *world) {
		w.again(w.feeds("clients"), lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))...)
		result, kept := w.again(w.feeds("clients"), lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c1", 1, "A")), row(0, 4, client("c2", 2, "B")))...)
		w.same([]string{"0 2", "0 4"}, kept, "kept rows")
		w.same([]int{2, 1}, []int{result.Files[0].Unchanged, result.Files[0].Duplicate}, "unchanged, duplicate")
		_, kept = w.again(w.feeds("clients"), lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c1", 1, "A")), row(0, 4, client("c2", 2, "B")))...)
		w.same([]string{"0 4"}, kept, "kept rows where one was doubled")
	},

	"a kept row whose key stands in another row is no better than that": func(w *world) {
		w.again(w.feeds("clients", "intake"), lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")))...)
		same := row(1, 5, client("c2", 2, "B"))
		same.Line = []byte("written otherwise")
		result, kept := w.again(w.feeds("clients", "intake"), append(lined(row(0, 3, client("c1", 1, "A")), row(0, 4, client("c2", 2, "B")),
			row(0, 5, client("c3", 3, "C")), row(1, 2, client("c1", 1, "AA"))), same)...)
		w.same([]string{"0 3", "0 4", "0 5"}, kept, "kept rows")
		w.same([]int{1, 2, 1, 1}, []int{result.Files[0].Rejected, result.Files[0].Unchanged, result.Files[1].Rejected, result.Files[1].Duplicate},
			"rejected, unchanged, and rejected, duplicate in the other file")
		w.same(0, result.Missing, "missing")
		rejected := w.rejected(kbo)
		w.same([]int{2, 3, 2}, []int{len(rejected), rejected[0].Row, rejected[1].Row}, "rejected rows, and their numbers")
	},

	"what was read otherwise is not kept": func(w *world) {
		rows := lined(row(0, 2, client("c1", 1, "A")))
		w.again(w.feeds("clients"), rows...)
		for what, change := range map[string]func(*ledger.File){
			"interpretation": func(f *ledger.File) { f.Interpretation = "profile-2/schema-1" },
			"reader":         func(f *ledger.File) { f.Reader = "another build" },
			"delta":          func(f *ledger.File) { f.Delta = true },
			"after a delta":  func(*ledger.File) {},
		} {
			if what == "after a delta" {
				files := w.feeds("clients")
				files[0].Delta = true
				w.again(files, rows...)
			} else {
				w.again(w.feeds("clients"), rows...)
			}
			files := w.feeds("clients")
			change(&files[0])
			_, kept := w.again(files, rows...)
			w.same([]string{}, kept, "kept rows of another "+what)
		}
	},

	"rows are kept while others are added": func(w *world) {
		var before []ledger.Row
		for n := range 60 {
			before = append(before, row(0, n+2, client(fmt.Sprint("c", n), n+1, "A")))
		}
		w.again(w.feeds("clients"), lined(before...)...)
		files := w.feeds("clients")
		staging := must(w.StageSet(w.ctx, "run-1", kbo, files))
		added := make(chan error, 1)
		added <- nil
		for n := range 60 {
			w.ok(<-added)
			go func() {
				added <- staging.Add(w.ctx, lined(row(0, 3*n+2, client(fmt.Sprint("n", n), n+100, "B"))))
			}()
			w.same(true, must(staging.Keep(w.ctx, 0, 3*n+3, before[n].Line)), fmt.Sprintf("row %d was kept", n))
		}
		w.ok(<-added)
		result := must(staging.Activate(w.ctx, []ledger.FileCount{{Rows: 120}}, w.later(time.Minute)))
		w.same([]ledger.FileBalance{{Name: files[0].Name, Feed: "clients", Rows: 120, New: 60, Unchanged: 60}}, result.Files, "balance")
		w.ok(w.Check(w.ctx))
		w.same([]string{files[0].Name + " 30"}, w.places("c9"), "place of a row that was kept")
		w.same([]string{files[0].Name + " 29"}, w.places("n9"), "place of one that was added")
	},

	"a staging that does not become current keeps nothing": func(w *world) {
		first := w.feeds("clients")
		rows := lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")))
		w.again(first, rows...)
		lost := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.same(true, must(lost.Keep(w.ctx, 0, 7, rows[0].Line)), "kept")
		unbalanced := must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients")))
		w.same(true, must(unbalanced.Keep(w.ctx, 0, 8, rows[0].Line)), "kept by the next one")
		if r := must(unbalanced.Activate(w.ctx, []ledger.FileCount{{Rows: 2}}, w.now)); r.Activated || r.Files[0].Unchanged != 1 {
			w.Fatalf("a row vanished from the balance: %+v", r)
		}
		w.ok(unbalanced.Discard(w.ctx))
		w.ok(w.Check(w.ctx))
		w.same([]string{first[0].Name + " 2"}, w.places("c1"), "place")
		if must(must(w.StageSet(w.ctx, "run-1", kbo, w.feeds("clients"))).Keep(w.ctx, 0, 2, nil)) {
			w.Fatal("a row without a line was kept")
		}
	},

	"a rejected row of a delta stays until its own feed names the client": func(w *world) {
		held := func(named string, rows ...ledger.Row) {
			files := w.feeds("clients", "jobs")
			files[1].Delta = true
			w.again(files, append(lined(row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B"))), rows...)...)
			var clients []string
			for _, r := range w.rejected(kbo) {
				clients = append(clients, r.Client)
			}
			w.same(named, strings.Join(clients, " "), "clients with a rejected row")
		}
		held("c1", bad(1, 2, "c1"))
		held("c1")
		held("c1", row(1, 2, track("c2", "t2", "bakker")))
		held("", row(1, 2, track("c1", "t1", "kok")))
	},

	"a record that another feed brought meanwhile is not kept with the row": func(w *world) {
		rows := lined(row(0, 2, client("c1", 1, "A"), track("c1", "t1", "kok")))
		w.again(w.feeds("clients"), rows...)
		w.again(w.feeds("tracks"), lined(row(0, 2, track("c1", "t1", "bakker")))...)
		result, kept := w.again(w.feeds("clients"), rows...)
		w.same([]string{}, kept, "kept rows")
		w.same(1, result.Files[0].Changed, "changed")
		for _, r := range must(w.Find(w.ctx, kbo, "c1")).Records {
			if t, is := r.(*casefile.Track); is {
				w.same("kok", t.JobTarget, "what the last file says")
			}
		}
	},
}
