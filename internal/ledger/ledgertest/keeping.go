package ledgertest

import (
	"path/filepath"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// holdings are all that can be read of a store.
type holdings struct {
	Clients  []ledger.ClientView
	Entries  []outbox.Entry
	Totals   ledger.Totals
	Rejected []ledger.RejectedRow
	Notes    []ledger.Note
	Fact     string
	Paused   *ledger.Hold
	Audit    []string // hashes
}

func (w *world) holdings(fact string) holdings {
	w.Helper()
	h := holdings{
		Entries: must(w.Entries(w.ctx, ledger.EntryFilter{})), Totals: must(w.Totals(w.ctx, "", "")), Rejected: w.rejected(kbo),
		Notes: must(w.Notes(w.ctx, "")), Fact: must(w.Meta(w.ctx, fact)), Paused: must(w.Paused(w.ctx, kbo)),
	}
	w.ok(w.Decisions(w.ctx, kbo, func(v ledger.ClientView) error {
		h.Clients = append(h.Clients, v)
		return nil
	}))
	w.ok(w.Audit(w.ctx, "", func(r audit.Record) error {
		h.Audit = append(h.Audit, r.Hash.String())
		return nil
	}))
	return h
}

// backUp makes a backup and gives what restores it into a new store, as often as wanted.
func (w *world) backUp() (audit.Head, func() *world) {
	w.Helper()
	file := filepath.Join(w.TempDir(), "backup")
	head := must(w.Backup(w.ctx, file))
	at := w.now
	return head, func() *world {
		w.Helper()
		restored := &world{TB: w.TB, Store: w.engine.Restore(w.TB, file), engine: w.engine, ctx: w.ctx, now: at, counter: w.counter, written: w.written}
		restored.catalogued()
		return restored
	}
}

var keeping = map[string]func(*world){
	"a backup is the whole store, and a restored one knows that MLP may have gone on": func(w *world) {
		w.ingest(kbo, w.feeds("clients"), row(0, 2, client("c1", 1, "A")), row(0, 3, client("c2", 2, "B")), row(0, 4, client("c3", 3, "C")), bad(0, 5, "c4"))
		w.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): dossier(1, 5), insz(2).Reveal(): dossier(2, 5), insz(3).Reveal(): dossier(3, 5)})
		must(w.SaveFeed(w.ctx, kbo, "position", nil, w.now))
		w.answered("CAT-03", "q1", "05")
		w.queue("c2", "05")
		w.ok(w.Park(w.ctx, w.claimOne(), outbox.Problem{Status: 400, Type: "refused", Title: "no"}, w.now))
		w.queue("c3", "05")
		w.order(ledger.Request{Kind: "hold", Client: "c3"})
		w.queue("c1", "05", "90")
		w.ok(w.Settle(w.ctx, "run-1", w.claimOne(), *dossier(1, 6, "05"), w.later(time.Second)))
		w.settleAll(kbo)
		w.ok(w.SaveNotes(w.ctx, "files", []ledger.Note{{OCMW: kbo, Key: "late", Level: "warn", NL: "laat", EN: "late", Since: w.now}}))
		w.ok(w.SetMeta(w.ctx, "fact", "kept"))
		w.ok(w.Request(w.ctx, ledger.Request{Kind: "pause", OCMW: kbo, By: els, At: w.now}))
		want := w.holdings("fact")
		head, restore := w.backUp()
		w.same(want.Audit[len(want.Audit)-1], head.Hash.String(), "where the audit of the backup ends")
		if _, err := w.Backup(w.ctx, filepath.Join(w.TempDir(), "no such folder", "backup")); err == nil {
			w.Fatal("a backup was made in a folder that is not there")
		}
		must(w.ApplyRequests(w.ctx, w.later(time.Minute))) // the original goes on

		copied := restore()
		w.same("", must(copied.Cursor(w.ctx, kbo)), "position in the feed")
		w.same(3, len(must(copied.NeedLookup(w.ctx, kbo, 0, 10))), "clients to look up")
		have := copied.holdings("fact")
		w.same(len(want.Audit)+1, len(have.Audit), "records of the audit, with the restore's")
		have.Audit = have.Audit[:len(want.Audit)]
		for i := range want.Clients { // what was known is no longer sure, and inputs say so
			want.Clients[i].Known.LookedUp, want.Clients[i].Inputs = false, have.Clients[i].Inputs
		}
		for i := range want.Entries {
			want.Entries[i].LookUpFirst = true
		}
		want.Totals.ToLookUp = 3
		if diff := cmp.Diff(want, have, cmp.Comparer(func(a, b ident.INSZ) bool { return a.Reveal() == b.Reveal() })); diff != "" {
			w.Fatalf("restored (-backed up +restored):\n%s", diff)
		}
		w.ok(copied.Check(w.ctx))
	},

	"what MLP got after the backup is not sent again": func(w *world) {
		w.one("05", "90", "00")
		e := w.claimOne() // under way at the moment of the backup
		_, restore := w.backUp()
		for i, code := range []casefile.Code{"05", "90", "00"} {
			w.ok(w.Settle(w.ctx, "run-1", e, *dossier(1, int64(6+i), code), w.later(time.Second)))
			if code != "00" {
				e = w.claimOne()
			}
		}
		present := dossier(1, 8, "05", "90", "00")

		copied := restore()
		w.same(1, must(copied.Recover(w.ctx, copied.later(time.Hour))), "recovered")
		e = copied.claimOne()
		w.same([]any{outbox.InDoubt, "reg-05"}, []any{e.State, e.Registration}, "what is read before anything is sent")
		w.same(0, len(copied.claim(10)), "claimed before MLP was read")
		w.ok(copied.Settle(w.ctx, "run-2", e, *present, copied.now))
		copied.look(kbo, map[string]*casefile.Dossier{insz(1).Reveal(): present})
		w.same(0, len(copied.claim(10)), "claimed on what MLP held at the backup")
		s := copied.subject("c1")
		w.same(int64(8), s.Known.Dossier.Version, "version to decide on")
		w.ok(copied.Decide(w.ctx, "run-2", []ledger.Outcome{outcome(s)}, copied.now)) // MLP has all of it
		w.same([]string{"reg-05 settled", "reg-90 superseded", "reg-00 superseded"}, copied.lane(s.Person), "lane")
		w.same(0, len(copied.claim(10)), "sent again")
		w.same(time.Time{}, must(copied.NextDue(w.ctx)), "next due")
		w.ok(copied.Check(w.ctx))
	},
}
