package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// lineDigest is what is stored of a row's line: keyed, as it holds personal data.
type lineDigest [16]byte

// Rows are looked for among those that the last file had near the place where the last one was found.
const (
	keepPage    = 2048 // rows that are read at once
	keepAhead   = 1024 // rows behind the last one found that are always at hand
	keepLost    = 256  // rows in a row that are not found: they are looked for in the rest of the file
	keepSighted = 16   // of them on one page: there it goes on
	keepRuns    = 4096 // runs that are held before they are written
)

// keeper walks through the last file of a feed beside the new one. It holds a few pages, however long they are. What it does
// not find is read in full, so that it may miss rows of a file that was sorted anew, and takes none wrongly.
type keeper struct {
	file   int64 // the last file's; 0 keeps nothing
	rows   int   // of it
	digest func(line []byte) []byte

	number int // of the last row that was kept
	window []oldRow
	base   int                // place of the window's first row in the file
	places map[lineDigest]int // of the rows in the window
	at     int                // place at which the next row is expected
	ended  bool               // the window holds the last row

	missed []lineDigest // the last of those not found since the last one that was
	misses int          // how many there were
	search int          // how many it takes to look for them in the rest of the file
	failed int          // rows looked at in vain

	runs []keptRun
	last int // place of the last row that was kept

	ahead chan linePage // the page behind the last one that was read; nil when nobody reads it
}

// linePage is a page of the last file's rows: those behind a number.
type linePage struct {
	after int
	rows  []oldRow
	err   error
}

// oldRow is a row of the last file.
type oldRow struct {
	number int
	line   lineDigest
	kept   bool
}

// keptRun are rows that follow each other in both files.
type keptRun struct{ first, last, shift int }

// lineDigester makes the digests of a file's lines, for one goroutine.
func lineDigester(s *Store, ocmw string, f ledger.File) func(line []byte) []byte {
	return s.keys.Indexer(string(seal.AAD("line", ocmw, f.Feed, f.Interpretation, f.Reader)))
}

// newKeeper prepares what a staged file may keep: rows that were read by the same interpretation, of a snapshot for a
// snapshot. No clock may have gone back meanwhile, as a day that lies too far ahead is refused.
func newKeeper(t *tx, ocmw string, feed int64, f ledger.File) (*keeper, error) {
	k := &keeper{digest: lineDigester(t.s, ocmw, f), places: map[lineDigest]int{}, search: keepLost, last: -2}
	var interpretation string
	var delta bool
	var staged int64
	err := t.row(`SELECT f.id, f.data_rows, f.interpretation, f.delta, s.staged_at FROM export_file f JOIN export_set s ON s.id = f.export_set
		WHERE f.feed = ? AND s.state = 'active' ORDER BY f.export_set DESC, f.position DESC LIMIT 1`, []any{feed},
		&k.file, &k.rows, &interpretation, &delta, &staged)
	if errors.Is(err, errNoRows) {
		return k, nil
	}
	if interpretation != f.Interpretation || delta || f.Delta || staged > stored(t.s.now()) {
		k.file = 0
	}
	return k, err
}

// Keep implements ledger.Staging.
func (g *staging) Keep(ctx context.Context, file, number int, line []byte) (bool, error) {
	if file < 0 || file >= len(g.files) {
		return false, fmt.Errorf("row names file %d of a set of %d", file, len(g.files))
	}
	k := g.files[file].keeper
	if k.file == 0 || len(line) == 0 || number <= k.number {
		return false, nil
	}
	load := func(after int) ([]oldRow, error) { return k.lines(ctx, g.s, after) }
	found, err := k.keep(number, lineDigest(k.digest(line)), load)
	if err != nil || len(k.runs) < keepRuns {
		return found, err
	}
	written := len(k.runs) - 1 // the last may become longer
	err = g.s.write(ctx, "stage rows", func(t *tx) error {
		if err := g.open(t); err != nil {
			return err
		}
		return g.files[file].writeRuns(t, written)
	})
	if err == nil {
		k.runs = append(k.runs[:0], k.runs[written:]...)
	}
	return found, err
}

// lines gives a page of the last file's rows, and has the next one read meanwhile.
func (k *keeper) lines(ctx context.Context, s *Store, after int) ([]oldRow, error) {
	page := k.wait()
	if page == nil || page.after != after || page.err != nil {
		rows, err := s.linesAfter(ctx, k.file, after)
		page = &linePage{after, rows, err}
	}
	if page.err == nil && len(page.rows) == keepPage {
		ahead, next := make(chan linePage, 1), page.rows[keepPage-1].number
		go func() {
			rows, err := s.linesAfter(ctx, k.file, next)
			ahead <- linePage{next, rows, err}
		}()
		k.ahead = ahead
	}
	return page.rows, page.err
}

// wait gives the page that is being read; nil when there is none. Nothing reads the ledger behind it.
func (k *keeper) wait() *linePage {
	if k.ahead == nil {
		return nil
	}
	page := <-k.ahead
	k.ahead = nil
	return &page
}

// linesAfter reads a page of a file's rows, in its order.
func (s *Store) linesAfter(ctx context.Context, file int64, after int) ([]oldRow, error) {
	page := make([]oldRow, 0, keepPage)
	err := s.read(ctx, "read lines", func(t *tx) error {
		for rs, err := range t.rows(`SELECT number, line FROM export_row WHERE file = ? AND number > ? AND line IS NOT NULL
			ORDER BY number LIMIT ?`, file, after, keepPage) {
			if err != nil {
				return err
			}
			var r oldRow
			var line raw
			if err := rs.Scan(&r.number, &line); err != nil {
				return err
			}
			copy(r.line[:], line)
			page = append(page, r)
		}
		return nil
	})
	return page, err
}

// writeRuns writes the first n runs. They are still held, as the transaction may fail and be tried again.
func (f *stagedFile) writeRuns(t *tx, n int) error {
	for _, r := range f.keeper.runs[:n] {
		_, err := t.exec(`INSERT INTO staged_run (file, first, last, shift) VALUES (?, ?, ?, ?)`, f.id, r.first, r.last, r.shift)
		if err != nil {
			return err
		}
	}
	return nil
}

// keep looks for a line and, where it is found, keeps its row under a number.
func (k *keeper) keep(number int, line lineDigest, load func(after int) ([]oldRow, error)) (bool, error) {
	if err := k.advance(load); err != nil {
		return false, err
	}
	if place, known := k.places[line]; known && !k.window[place-k.base].kept {
		k.take(place, number)
		return true, nil
	}
	return false, k.miss(line, load)
}

func (k *keeper) miss(line lineDigest, load func(after int) ([]oldRow, error)) error {
	if len(k.missed) < keepLost {
		k.missed = append(k.missed, line)
	} else {
		k.missed[k.misses%keepLost] = line
	}
	k.misses++
	if k.misses < k.search || k.ended || len(k.window) == 0 || k.failed > k.rows {
		return nil
	}
	k.search *= 4
	return k.find(load)
}

func (k *keeper) take(place, number int) {
	row := &k.window[place-k.base]
	row.kept = true
	shift := number - row.number
	if n := len(k.runs); n > 0 && place == k.last+1 && k.runs[n-1].shift == shift {
		k.runs[n-1].last = row.number
	} else {
		k.runs = append(k.runs, keptRun{row.number, row.number, shift})
	}
	k.last, k.at, k.number = place, place+1, number
	k.missed, k.misses, k.search = k.missed[:0], 0, keepLost
}

// advance reads on when the window's end comes near, and lets go what lies far behind.
func (k *keeper) advance(load func(after int) ([]oldRow, error)) error {
	for !k.ended && k.at+keepAhead > k.base+len(k.window) {
		after := -1
		if n := len(k.window); n > 0 {
			after = k.window[n-1].number
		}
		page, err := load(after)
		if err != nil {
			return err
		}
		k.ended = len(page) < keepPage
		if far := k.at - k.base - keepPage; far > 0 {
			k.forget(far)
		}
		k.add(page)
	}
	return nil
}

func (k *keeper) add(page []oldRow) {
	for i, r := range page {
		k.places[r.line] = k.base + len(k.window) + i
	}
	k.window = append(k.window, page...)
}

// forget lets the window's first n rows go.
func (k *keeper) forget(n int) {
	for i, r := range k.window[:n] {
		if k.places[r.line] == k.base+i {
			delete(k.places, r.line)
		}
	}
	k.window = append(k.window[:0], k.window[n:]...)
	k.base += n
}

// find looks for the rows that were missed last in the rest of the file: a long piece of it may be gone. It looks in vain at
// hardly more rows than the file has, and seldomer each time.
func (k *keeper) find(load func(after int) ([]oldRow, error)) error {
	missed := make(map[lineDigest]bool, keepLost)
	for _, line := range k.missed {
		missed[line] = true
	}
	base, looked, after := k.base+len(k.window), 0, k.window[len(k.window)-1].number
	for {
		page, err := load(after)
		if err != nil {
			return err
		}
		if last := sighted(page, missed); last >= 0 {
			k.window, k.base, k.at, k.ended = k.window[:0], base, base+last+1, len(page) < keepPage
			clear(k.places)
			k.add(page)
			return nil
		}
		base, looked = base+len(page), looked+len(page)
		if len(page) < keepPage {
			k.failed += looked
			return nil
		}
		after = page[len(page)-1].number
	}
}

// sighted is the index of the last row that was missed, where a page has many of them; else -1.
func sighted(page []oldRow, missed map[lineDigest]bool) int {
	hits, last := 0, -1
	for i, r := range page {
		if missed[r.line] {
			hits, last = hits+1, i
		}
	}
	if hits < keepSighted {
		return -1
	}
	return last
}
