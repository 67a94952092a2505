package sqlite

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// status reads a counter of the connection that writes. The package that opens it does not offer them.
func status(t *testing.T, s *Store, op int32) int {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	const size = 4
	at := tls.Alloc(2 * size)
	defer tls.Free(2 * size)
	err := s.writer.with(t.Context(), func(c *conn) error {
		handle := reflect.ValueOf(c.Conn).Elem().FieldByName("conn").Uint()
		if rc := lib.Xsqlite3_db_status(tls, uintptr(handle), op, at, at+size, 0); rc != lib.SQLITE_OK {
			return fmt.Errorf("SQLite says %d", rc)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return int(binary.NativeEndian.Uint32(libc.GoBytes(at, size)))
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
	before := status(t, s, lib.SQLITE_DBSTATUS_CACHE_MISS)
	if _, err := g.Activate(t.Context(), []ledger.FileCount{{Rows: clients}, {Rows: clients * jobs}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if rows, read := clients*(1+jobs), status(t, s, lib.SQLITE_DBSTATUS_CACHE_MISS)-before; read > 3*rows {
		t.Errorf("%d pages were read for %d rows", read, rows)
	}
}
