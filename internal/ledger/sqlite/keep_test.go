package sqlite

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

func lineOf(n int) (d lineDigest) {
	binary.BigEndian.PutUint64(d[:], uint64(n))
	return d
}

// walked is a keeper's way beside an old file of lines. In both files rows lie two numbers apart, as with blank lines between.
type walked struct {
	keeper
	old  []int
	read int // rows
}

func walk(old []int) *walked {
	return &walked{keeper: keeper{file: 1, rows: len(old), places: map[lineDigest]int{}, search: keepLost, last: -2}, old: old}
}

func (w *walked) load(after int) ([]oldRow, error) {
	var page []oldRow
	for i := max(0, after/2); i < len(w.old) && len(page) < keepPage; i++ {
		if number := 2 * (i + 1); number > after {
			page = append(page, oldRow{number: number, line: lineOf(w.old[i])})
		}
	}
	w.read += len(page)
	return page, nil
}

// all gives the lines that are kept of a new file, and checks that the runs tell the same.
func (w *walked) all(t interface{ Fatalf(string, ...any) }, lines []int) []int {
	var kept []int
	byNumber := map[int]int{}
	for i, line := range lines {
		found, err := w.keep(2*(i+1), lineOf(line), w.load)
		if err != nil {
			t.Fatalf("walk: %v", err)
		}
		if found {
			kept = append(kept, line)
			byNumber[2*(i+1)] = line
		}
		if len(w.window) > 4*keepPage || len(w.places) > len(w.window) || len(w.missed) > keepLost {
			t.Fatalf("%d rows, %d places and %d lines are held", len(w.window), len(w.places), len(w.missed))
		}
	}
	used, count := map[int]bool{}, 0
	for _, r := range w.runs {
		for number := r.first; number <= r.last; number += 2 {
			if used[number] {
				t.Fatalf("row %d is kept twice", number)
			}
			used[number] = true
			if line, is := byNumber[number+r.shift]; !is || line != w.old[number/2-1] {
				t.Fatalf("row %d is kept as row %d, which is another", number, number+r.shift)
			}
			count++
		}
	}
	if count != len(kept) {
		t.Fatalf("the runs tell of %d rows, %d are kept", count, len(kept))
	}
	return kept
}

func upTo(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func TestRowsAreFoundAgain(t *testing.T) {
	const n = 20_000
	file := upTo(0, n)
	changed := slices.Clone(file)
	for i := 0; i < n; i += 100 {
		changed[i] = n + i
	}
	swapped := slices.Clone(file)
	for i := 0; i+1 < n; i += 2 {
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
	}
	for name, c := range map[string]struct {
		lines []int
		least int
	}{
		"the same":                       {file, n},
		"one in hundred changed":         {changed, n - n/100},
		"rows put in front":              {slices.Concat(upTo(n, n+5000), file), n},
		"rows put between":               {slices.Concat(file[:9000], upTo(n, n+9000), file[9000:]), n},
		"a few gone":                     {slices.Concat(file[:9000], file[9900:]), n - 900},
		"a long piece gone":              {slices.Concat(file[:1000], file[15_000:]), 6000 - 2*keepLost},
		"the begin gone":                 {file[8000:], 12_000 - 2*keepLost},
		"the end gone":                   {file[:8000], 8000},
		"neighbours changed places":      {swapped, n},
		"two pieces changed places":      {slices.Concat(file[n/2:], file[:n/2]), n/2 - 2*keepLost},
		"each line twice":                {slices.Concat(file, file), n},
		"another file":                   {upTo(n, 2*n), 0},
		"nothing":                        {nil, 0},
		"one row of before, moved ahead": {slices.Concat([]int{n - 1}, upTo(n, n+300), file[:n-1]), n - 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := walk(file)
			kept := w.all(t, c.lines)
			if len(kept) < c.least {
				t.Errorf("%d rows of %d are kept, not %d", len(kept), len(c.lines), c.least)
			}
			if w.read > 4*n {
				t.Errorf("%d rows were read of %d", w.read, n)
			}
			if name == "one in hundred changed" && len(w.runs) != n/100 {
				t.Errorf("%d runs", len(w.runs))
			}
		})
	}
	if kept := walk(nil).all(t, file); len(kept) > 0 {
		t.Errorf("%d rows are kept of an empty file", len(kept))
	}
}

// Whatever the files are, no row is kept twice, nor as another.
func TestRowsAreKeptOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.Custom(func(t *rapid.T) []int {
			from := rapid.IntRange(0, 12_000).Draw(t, "from")
			return upTo(from, from+rapid.IntRange(0, 4000).Draw(t, "lines"))
		})
		file := slices.Concat(rapid.SliceOfN(piece, 0, 6).Draw(t, "old")...)
		walk(file).all(t, slices.Concat(rapid.SliceOfN(piece, 0, 6).Draw(t, "new")...))
	})
}

// Pages of the last file are read ahead: those that are used are the right ones, where a piece of it is gone too, and nothing is being
// read any more behind a staging that is left.
func TestPagesAreReadAhead(t *testing.T) {
	for name, path := range map[string]string{"file": filepath.Join(t.TempDir(), "ledger.db"), "memory": Memory} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, path)
			stage := func(file string) *staging {
				t.Helper()
				g, err := s.StageSet(t.Context(), "run", "0999999922", []ledger.File{{Feed: "tracks", Name: file, Hash: file, Interpretation: "p"}})
				if err != nil {
					t.Fatal(err)
				}
				return g.(*staging)
			}
			var old []ledger.Row
			for i := range 4*keepPage + 3 {
				old = append(old, trackRow(i+2, fmt.Sprint("c", i), "kok"))
			}
			g := stage("first")
			if err := g.Add(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if r, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: len(old)}}, s.now()); err != nil || !r.Activated {
				t.Fatal(r, err)
			}
			keep := func(g *staging, rows []ledger.Row) (kept int) {
				t.Helper()
				for i, r := range rows {
					found, err := g.Keep(t.Context(), 0, i+2, r.Line)
					if err != nil {
						t.Fatal(err)
					}
					if found {
						kept++
					}
				}
				return kept
			}
			left := stage("left")
			if kept := keep(left, old[:10]); kept != 10 || left.files[0].keeper.ahead == nil {
				t.Errorf("%d of 10 rows are kept, and the next page is read: %t", kept, left.files[0].keeper.ahead != nil)
			}
			if err := left.Discard(t.Context()); err != nil || left.files[0].keeper.ahead != nil {
				t.Errorf("a page is read behind the end: %v", err)
			}
			whole := stage("whole")
			if kept := keep(whole, old); kept != len(old) || whole.files[0].keeper.ahead != nil {
				t.Errorf("%d of %d rows are kept", kept, len(old))
			}
			if err := whole.Discard(t.Context()); err != nil {
				t.Fatal(err)
			}
			rest := append(slices.Clone(old[:10]), old[3*keepPage:]...)
			pieces := stage("pieces")
			if kept := keep(pieces, rest); kept < len(rest)-2*keepLost {
				t.Errorf("%d of %d rows are kept, where a piece is gone", kept, len(rest))
			}
			if err := pieces.Discard(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
