package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// keptModel takes the same sets into two stores, of which one is asked to keep rows and the other never is, and compares all that
// they show. The sets are of any feeds, as snapshots and deltas, of two OCMWs; rows have records of more than one client, and go from
// feed to feed; sets are cut short, unbalanced, discarded, and taken again, also by a restored store.
func keptModel(t *testing.T, e Engine) {
	kept := 0
	model := func(rt *rapid.T) {
		m := &again{asked: newWorld(t, e), full: newWorld(t, e), last: map[string][]ledger.Row{}, reader: "r1"}
		defer func() { m.asked.Close(); m.full.Close() }()
		for range rapid.IntRange(2, 8).Draw(rt, "sets") {
			m.turn(rt)
			m.set(rt)
		}
		kept += m.kept
	}
	for range 10 { // a few runs can draw nothing that can be kept
		if rapid.Check(t, model); kept > 0 {
			return
		}
	}
	t.Error("nothing was ever kept")
}

// again are the two stores, and the rows that each feed's last file had.
type again struct {
	asked, full *world
	last        map[string][]ledger.Row // by OCMW and feed
	names       int
	reader      string
	kept        int
}

// turn is what can come between two sets.
func (m *again) turn(t *rapid.T) {
	switch rapid.IntRange(0, 9).Draw(t, "turn") {
	case 0:
		m.reader = rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "reader")
	case 1: // both go on from a backup
		for _, w := range []**world{&m.asked, &m.full} {
			_, restore := (*w).backUp()
			old := *w
			*w = restore()
			old.Close()
		}
	}
}

var (
	feedNames = []string{"a", "b", "c"}
	anyClient = rapid.SampledFrom([]string{"c1", "c2", "c3", "c4", "c5"})
	anyRecord = rapid.Custom(func(t *rapid.T) ledger.StoredRecord {
		number := anyClient.Draw(t, "client")
		n := int(number[1] - '0')
		var r ledger.StoredRecord
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0, 1:
			shared := rapid.SampledFrom([]int{n, n, n, 1}).Draw(t, "number")
			r = client(number, shared, rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name"))
			r.Caseworker = rapid.SampledFrom([]string{"mw-1", "mw-2"}).Draw(t, "caseworker")
			r.Hash += r.Caseworker
		default:
			r = track(number, rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "track"), rapid.SampledFrom([]string{"kok", "bakker"}).Draw(t, "target"))
		}
		r.Deleted = rapid.IntRange(0, 9).Draw(t, "deleted") == 0
		return r
	})
	anyRow = rapid.Custom(func(t *rapid.T) ledger.Row {
		switch rapid.IntRange(0, 9).Draw(t, "row") {
		case 0:
			return bad(0, 0, anyClient.Draw(t, "client"))
		case 1:
			return ledger.Row{Skipped: true}
		}
		r := ledger.Row{Records: rapid.SliceOfN(anyRecord, 1, 2).Draw(t, "records")}
		r.Client = r.Records[0].Client
		if rapid.IntRange(0, 7).Draw(t, "warned") > 0 {
			r.Line = fmt.Appendf(nil, "%d;", rapid.IntRange(0, 1).Draw(t, "remark"))
			for _, rec := range r.Records {
				r.Line = fmt.Appendf(r.Line, "%s %s %s %t;", rec.Client, rec.Key, rec.Hash, rec.Deleted)
			}
		}
		return r
	})
)

// next is a feed's rows after some were changed, moved and taken from other feeds.
func (m *again) next(t *rapid.T, ocmw, feed string) []ledger.Row {
	rows := slices.Clone(m.last[ocmw+feed])
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		at := rapid.IntRange(0, len(rows)).Draw(t, "place")
		other := m.last[ocmw+rapid.SampledFrom(feedNames).Draw(t, "from")]
		switch kind := rapid.IntRange(0, 4).Draw(t, "change"); {
		case kind == 0 && len(other) > 0:
			rows = slices.Insert(rows, at, other[rapid.IntRange(0, len(other)-1).Draw(t, "which")])
		case kind < 3 || at == len(rows):
			rows = slices.Insert(rows, at, anyRow.Draw(t, "new row"))
		case kind == 3:
			rows = slices.Delete(rows, at, at+1)
		default:
			rows[at] = anyRow.Draw(t, "other row")
		}
	}
	return rows
}

func (m *again) set(t *rapid.T) {
	ocmw := rapid.SampledFrom([]string{kbo, kbo, kbo, other}).Draw(t, "OCMW")
	var files []ledger.File
	var rows []ledger.Row
	first := rapid.IntRange(0, 2).Draw(t, "first feed")
	for i := range rapid.IntRange(1, 3).Draw(t, "feeds") {
		feed := feedNames[(first+i)%3]
		m.names++
		files = append(files, ledger.File{
			Feed: feed, Name: fmt.Sprintf("%s_%d.csv", feed, m.names), Hash: fmt.Sprintf("%064d", m.names), SnapshotOn: m.full.now,
			Interpretation: "p1", Reader: m.reader, Delta: rapid.IntRange(0, 5).Draw(t, "delta") == 0,
		})
		m.last[ocmw+feed] = m.next(t, ocmw, feed)
		number := 1
		for _, r := range m.last[ocmw+feed] {
			number += rapid.SampledFrom([]int{1, 1, 1, 1, 2}).Draw(t, "blank")
			r.File, r.Number, r.Rejections = i, number, slices.Clone(r.Rejections)
			for j := range r.Rejections {
				r.Rejections[j].Row = number
			}
			rows = append(rows, r)
		}
	}
	m.cutShort(t, ocmw, files, rows)
	m.asked.later(time.Minute)
	m.full.later(time.Minute)
	full, short := m.full.taken(ocmw, files, rows, nil), m.asked.taken(ocmw, files, rows, &m.kept)
	same := cmp.Comparer(func(a, b ident.INSZ) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(full, short, same); diff != "" {
		t.Fatalf("set %d (-read in full +kept):\n%s", m.names, diff)
	}
}

// cutShort begins a set and doesn't end it, in one of the ways in which that goes.
func (m *again) cutShort(t *rapid.T, ocmw string, files []ledger.File, rows []ledger.Row) {
	how := rapid.IntRange(0, 9).Draw(t, "cut short")
	if how > 2 {
		return
	}
	for _, w := range []*world{m.asked, m.full} {
		var kept int
		staging, counted := w.staged(ocmw, files, rows[:rapid.IntRange(0, len(rows)).Draw(t, "rows")], &kept)
		switch how {
		case 0:
			w.ok(staging.Discard(w.ctx))
		case 1:
			counted[0].Rows++
			if must(staging.Activate(w.ctx, counted, w.now)).Activated {
				t.Fatal("an unbalanced set became current")
			}
		}
	}
}

// staged opens a set with rows; where kept is not nil it is asked for each.
func (w *world) staged(ocmw string, files []ledger.File, rows []ledger.Row, kept *int) (ledger.Staging, []ledger.FileCount) {
	w.Helper()
	staging := must(w.StageSet(w.ctx, "run-1", ocmw, files))
	counted := make([]ledger.FileCount, len(files))
	var read []ledger.Row
	for _, r := range rows {
		counted[r.File].Rows++
		if kept != nil && must(staging.Keep(w.ctx, r.File, r.Number, r.Line)) {
			*kept++
			continue
		}
		read = append(read, r)
	}
	w.ok(staging.Add(w.ctx, read))
	return staging, counted
}

// shown is all that a store shows after a set.
type shown struct {
	Result   ledger.SetResult
	Dirty    []string
	Clients  []ledger.ClientView
	Totals   ledger.Totals
	Guard    [2]ledger.GuardState
	Rejected [2][]ledger.RejectedRow
	Last     []ledger.File
	Audit    []audit.Record
}

// taken makes a set current, looks everybody up and decides.
func (w *world) taken(ocmw string, files []ledger.File, rows []ledger.Row, kept *int) shown {
	w.Helper()
	staging, counted := w.staged(ocmw, files, rows, kept)
	s := shown{Result: must(staging.Activate(w.ctx, counted, w.now))}
	w.ok(w.Check(w.ctx))
	for i, o := range []string{kbo, other} {
		w.look(o, map[string]*casefile.Dossier{insz(2).Reveal(): dossier(2, 5)})
		s.Dirty = append(s.Dirty, w.settleAll(o)...)
		s.Guard[i] = must(w.Guard(w.ctx, o))
		s.Rejected[i] = w.rejected(o)
		w.ok(w.Clients(w.ctx, o, func(v ledger.ClientView) error {
			s.Clients = append(s.Clients, v)
			return nil
		}))
		for _, feed := range feedNames {
			if f, err := w.LastIngested(w.ctx, o, feed); err == nil {
				s.Last = append(s.Last, f)
			}
		}
	}
	s.Totals = must(w.Totals(w.ctx, "", ""))
	w.ok(w.Audit(w.ctx, "", func(r audit.Record) error {
		r.Hash, r.Prev, r.Payload, r.PayloadDigest = audit.Hash{}, audit.Hash{}, nil, audit.Hash{} // sealed with a nonce of its own each time
		if r.Actor != "mlpsync" {
			r.At = time.Time{} // a restore's, by the store's own clock
		}
		s.Audit = append(s.Audit, r)
		return nil
	}))
	return s
}
