package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// status reads a counter of the connection that writes.
func status(t *testing.T, s *Store, op driver.DBStatusOp) (n int) {
	t.Helper()
	conn, err := s.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) (err error) { n, _, err = c.(driver.DBStatus).Status(op, false); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestComparingKeepsWhatItUses: it reads a page or two for each row, not the root of each table that a row refers to.
func TestComparingKeepsWhatItUses(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "ledger.db"))
	const clients, jobs = 1000, 15
	files := []ledger.File{{Feed: "clients", Name: "a", Hash: "1", Interpretation: "1"}, {Feed: "jobs", Name: "b", Hash: "2", Interpretation: "1"}}
	g, err := s.StageSet(t.Context(), "run", "0999999922", files)
	if err != nil {
		t.Fatal(err)
	}
	var people, work []ledger.Row
	record := func(client, key string, kind casefile.RecordKind) []ledger.StoredRecord {
		return []ledger.StoredRecord{{Kind: kind, Client: client, Key: key, Hash: key, Payload: make([]byte, 600)}}
	}
	for n := range clients {
		client := fmt.Sprint("c", n)
		people = append(people, ledger.Row{File: 0, Number: n, Client: client, Records: record(client, client, casefile.KindClient)})
		for job := range jobs {
			key := fmt.Sprint(client, "/", job)
			work = append(work, ledger.Row{File: 1, Number: n*jobs + job, Client: client, Records: record(client, key, casefile.KindEmployment)})
		}
	}
	for _, rows := range [][]ledger.Row{people, work} {
		if err := g.Add(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	before := status(t, s, driver.DBStatusCacheMiss)
	if _, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: clients}, {Rows: clients * jobs}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if rows, read := clients*(1+jobs), status(t, s, driver.DBStatusCacheMiss)-before; read > 3*rows {
		t.Errorf("%d pages were read for %d rows", read, rows)
	}
}
