package sqlite

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

func memory(t *testing.T) *Store {
	t.Helper()
	return openTest(t, Memory)
}

func openTest(t *testing.T, path string) *Store {
	t.Helper()
	file, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeyFile(bytes.TrimSpace(file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Path: path, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestClaimingIsIndexed: a claim must not look at every entry that ever was.
func TestClaimingIsIndexed(t *testing.T) {
	err := memory(t).read(t.Context(), "explain", func(tx *tx) error {
		var plan []string
		for rs, err := range tx.rows(`EXPLAIN QUERY PLAN SELECT h.id FROM entry h JOIN person p ON p.id = h.person
			WHERE h.state = 'waiting' AND h.not_before <= 5 AND ` + mayGo + ` ORDER BY h.not_before, h.rowid LIMIT 1`) {
			if err != nil {
				return err
			}
			var id, parent, unused int
			var detail string
			if err := rs.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			plan = append(plan, detail)
		}
		text := strings.Join(plan, "\n")
		if !strings.Contains(text, "entry_due") || strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN h") {
			t.Errorf("the plan is\n%s", text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVersionNumber(t *testing.T) {
	for version, want := range map[string]int{"3.51.3": 3051003, "3.54.1": 3054001, "": 0, "new": 0} {
		if have := versionNumber(version); have != want {
			t.Errorf("%q is %d, not %d", version, have, want)
		}
	}
}

func TestIndexesAreKeyedByPlace(t *testing.T) {
	s := memory(t)
	if bytes.Equal(s.ix("insz", "a", "bc"), s.ix("insz", "ab", "c")) || bytes.Equal(s.ix("insz", "a"), s.ix("client", "a")) {
		t.Error("two values meet under one digest")
	}
	if !bytes.Equal(s.ix("insz", "a"), s.ix("insz", "a")) {
		t.Error("one value has two digests")
	}
}

// A full disk is said with the next step, and what was committed before stays.
func TestFullDiskHasANextStep(t *testing.T) {
	s := memory(t)
	if err := s.SetMeta(t.Context(), "before", "kept"); err != nil {
		t.Fatal(err)
	}
	err := s.write(t.Context(), "fill", func(tx *tx) error {
		if err := tx.once(`PRAGMA max_page_count = 1`); err != nil { // SQLite takes the present size for the least
			return err
		}
		_, err := tx.exec(`INSERT INTO meta (key, value) VALUES ('big', ?)`, strings.Repeat("x", 1<<20))
		return err
	})
	var next interface{ Hint() string }
	if !errors.As(err, &next) || !strings.Contains(next.Hint(), "make room") {
		t.Fatalf("a full disk: %v", err)
	}
	if got, err := s.Meta(t.Context(), "before"); got != "kept" || err != nil {
		t.Errorf("after a full disk: %q, %v", got, err)
	}
}

func TestNumberedSortsByOCMWAndClientNumber(t *testing.T) {
	var n numbered
	for i, p := range [][2]string{{"b", "1"}, {"a", "20"}, {"a", "3"}, {"b", ""}, {"a", "2"}, {"a", "10"}} {
		n.add(int64(i+1), p[0], p[1])
	}
	if diff := cmp.Diff([]int64{6, 5, 2, 3, 4, 1}, n.sorted()); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestCachesAreSmall(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	for _, c := range []struct {
		db     *pool
		pragma string
		want   int
	}{{s.writer, "cache_size", -1000}, {s.writer, "temp_store", 1}, {s.readers, "cache_size", -256}} {
		var got int
		if ask(t, c.db, "PRAGMA "+c.pragma, &got); got != c.want {
			t.Errorf("%s is %d; want %d", c.pragma, got, c.want)
		}
	}
}

// Rows are let go some thousands at a time: those of a set that is replaced, and those of a staging that was cut off.
func TestMoreRowsGoThanAtATime(t *testing.T) {
	s := memory(t)
	const rows = 2*rowsAtATime + 10
	stage := func(interpretation string, rows int) (ledger.Staging, error) {
		g, err := s.StageSet(t.Context(), "run", "0999999031", []ledger.File{{Feed: "clients", Name: interpretation + ".csv", Hash: interpretation, Interpretation: interpretation}})
		var batch []ledger.Row
		for i := range rows {
			client := fmt.Sprint("c", i)
			batch = append(batch, ledger.Row{Number: 2 + i, Client: client, Records: []ledger.StoredRecord{{Kind: "client", Client: client, Key: client, Hash: "1"}}})
		}
		return g, errors.Join(err, g.Add(t.Context(), batch))
	}
	for _, step := range []struct {
		interpretation         string
		rows, records, missing int
	}{{"1", rows, rows, 0}, {"2", rows - 1, rows, 1}} { // what is missing stays
		if _, err := stage("cut off", rows); err != nil {
			t.Fatal(err)
		}
		g, err := stage(step.interpretation, step.rows)
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: step.rows}}, s.now())
		if err != nil || !r.Activated || r.Missing != step.missing {
			t.Fatalf("%+v, %v", r, err)
		}
		for table, want := range map[string]int{"export_row": step.rows, "row_record": step.records, "record": step.records, "staged_client": 0} {
			var have int
			if ask(t, s.writer, `SELECT COUNT(*) FROM `+table, &have); have != want {
				t.Errorf("%s has %d rows; want %d", table, have, want)
			}
		}
	}
	var file string
	var number int
	ask(t, s.writer, `SELECT last_file, last_number FROM row_record WHERE row IS NULL`, &file, &number)
	if file != "1.csv" || number != 1+rows {
		t.Errorf("the missing record stood in row %d of %q", number, file)
	}
}
