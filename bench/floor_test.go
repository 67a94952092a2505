package main

import (
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// BenchmarkFloor is what the least costs that a durable answer needs in the database that the ledger is kept in: a row of a
// table without any index or condition, marked as claimed and then as settled, and a record of an audit behind the last one; thirty
// answers a commit, each commit flushed. What the ledger takes on top is the price of what can be asked of it, and of what it proves.
func BenchmarkFloor(b *testing.B) {
	f := floorTables(b, b.N)
	mark := f.conn.Prep(`UPDATE entry SET state = 'claimed', claim = ? WHERE id = ?`)
	settle := f.conn.Prep(`UPDATE entry SET state = 'settled', claim = NULL, run = ?, at = ? WHERE id = ?`)
	record := f.conn.Prep(`INSERT INTO audit (record) VALUES (?)`)
	begin, commit := f.conn.Prep(`BEGIN IMMEDIATE`), f.conn.Prep(`COMMIT`)
	const together = 30
	said := make([]byte, 400)
	b.ResetTimer()
	before := cpuTime()
	for first := 1; first <= b.N; first += together {
		f.run(begin)
		for id := first; id < min(first+together, b.N+1); id++ {
			mark.BindText(1, "claim")
			mark.BindInt64(2, int64(id))
			f.run(mark)
			settle.BindText(1, "run")
			settle.BindInt64(2, int64(id))
			settle.BindInt64(3, int64(id))
			f.run(settle)
			record.BindBytes(1, said)
			f.run(record)
		}
		f.run(commit)
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(time.Microsecond)/float64(b.N), "cpu-µs/answer")
}

// floor is a database with next to nothing in it.
type floor struct {
	b    *testing.B
	conn *sqlite.Conn
}

// floorTables has n entries that wait.
func floorTables(b *testing.B, n int) floor {
	b.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(b.TempDir(), "floor.db")) // with a write-ahead log
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	f := floor{b, conn}
	f.run(conn.Prep(`PRAGMA synchronous = FULL`))
	f.run(conn.Prep(`CREATE TABLE entry (id INTEGER PRIMARY KEY, state TEXT, claim TEXT, run TEXT, at INTEGER, payload BLOB)`))
	f.run(conn.Prep(`CREATE TABLE audit (seq INTEGER PRIMARY KEY, record BLOB)`))
	fill := conn.Prep(`INSERT INTO entry (state, payload) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT 'waiting', zeroblob(600) FROM n`)
	fill.BindInt64(1, int64(n))
	f.run(fill)
	return f
}

// run runs a statement to its end, so that it can be run again.
func (f floor) run(statement *sqlite.Stmt) {
	f.b.Helper()
	for more := true; more; {
		var err error
		if more, err = statement.Step(); err != nil {
			f.b.Fatal(err)
		}
	}
	if err := statement.Reset(); err != nil {
		f.b.Fatal(err)
	}
}
