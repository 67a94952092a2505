package main

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // what the ledger is kept in
)

// BenchmarkFloor is what the least costs that a durable answer needs in the database that the ledger is kept in: a row of a
// table without any index or condition, marked as claimed and then as settled, and a record of an audit behind the last one; thirty
// answers a commit, each commit flushed. What the ledger takes on top is the price of what can be asked of it, and of what it proves.
func BenchmarkFloor(b *testing.B) {
	db := floorTables(b, b.N)
	mark := prepared(b, db, `UPDATE entry SET state = 'claimed', claim = ? WHERE id = ?`)
	settle := prepared(b, db, `UPDATE entry SET state = 'settled', claim = NULL, run = ?, at = ? WHERE id = ?`)
	record := prepared(b, db, `INSERT INTO audit (record) VALUES (?)`)
	const together = 30
	said := make([]byte, 400)
	b.ResetTimer()
	before := cpuTime()
	for first := 1; first <= b.N; first += together {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		mark, settle, record := tx.Stmt(mark), tx.Stmt(settle), tx.Stmt(record)
		for id := first; id < min(first+together, b.N+1); id++ {
			_, err1 := mark.Exec("claim", id)
			_, err2 := settle.Exec("run", id, id)
			_, err3 := record.Exec(said)
			err = errors.Join(err, err1, err2, err3)
		}
		if err := errors.Join(err, tx.Commit()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(time.Microsecond)/float64(b.N), "cpu-µs/answer")
}

// floorTables has n entries that wait.
func floorTables(b *testing.B, n int) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "floor.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		`CREATE TABLE entry (id INTEGER PRIMARY KEY, state TEXT, claim TEXT, run TEXT, at INTEGER, payload BLOB)`,
		`CREATE TABLE audit (seq INTEGER PRIMARY KEY, record BLOB)`,
	} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	_, err = db.Exec(`INSERT INTO entry (state, payload) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT 'waiting', zeroblob(600) FROM n`, n)
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func prepared(b *testing.B, db *sql.DB, query string) *sql.Stmt {
	b.Helper()
	statement, err := db.Prepare(query)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = statement.Close() })
	return statement
}
