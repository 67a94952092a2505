package sqlite

import "fmt"

// A file's kept rows stay where they are: not they move to the new file, but the new file and the few rows that were read
// of it move to them, once all is compared. Until then they belong to the old file, and staged_run tells which they are. A kept
// row has its own records in force, each of a key that stands in no other row of the export in force; findUnsure and
// meetAgain see to that.
//
// CROSS JOIN keeps SQLite to the order of the tables, few rows first: it can't know how few they are.

// kept is when the row w is one that the file of kept_file k keeps, in its run x.
const kept = `k.old = w.file AND w.line IS NOT NULL AND x.file = k.file AND x.last >= w.number
	AND x.first = (SELECT MAX(y.first) FROM staged_run y WHERE y.file = k.file AND y.first <= w.number)`

// keepRows settles which rows are kept, and counts them.
func (g *staging) keepRows(t *tx) error {
	found := false
	for i := range g.files {
		f := &g.files[i]
		if err := f.writeRuns(t, len(f.keeper.runs)); err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO kept_file (file, old) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM staged_run WHERE file = ?1)`, f.id, f.keeper.file)
		if err != nil {
			return err
		}
		found = found || n > 0
	}
	if !found {
		return nil
	}
	if err := g.meetAgain(t); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE kept_file AS k SET row_count = (SELECT COUNT(*) FROM staged_run x
		CROSS JOIN export_row r ON r.file = k.old AND r.number BETWEEN x.first AND x.last AND r.line IS NOT NULL WHERE x.file = k.file)`)
	return err
}

// meetAgain stages kept rows anew, from what is stored of them, whose keys stand in rows that were read too: whether they are
// duplicates, or contradict each other, is found out as for all others.
func (g *staging) meetAgain(t *tx) error {
	_, err := t.exec(`INSERT INTO met_again SELECT w.id, k.file, w.number + x.shift
		FROM export_file f CROSS JOIN export_row r ON r.file = f.id CROSS JOIN row_record rr ON rr.row = r.id
			CROSS JOIN person p ON p.ocmw = ?2 AND p.client_ix = rr.client_ix
			CROSS JOIN record cur ON cur.person = p.id AND cur.kind = rr.kind AND cur.key_ix = rr.key_ix
			CROSS JOIN row_record o ON o.id = cur.source CROSS JOIN export_row w ON w.id = o.row
			CROSS JOIN kept_file k CROSS JOIN staged_run x ON `+kept+`
		WHERE f.export_set = ?1 ON CONFLICT DO NOTHING`, g.set, g.ocmw)
	if err != nil {
		return err
	}
	met, err := column[int64](t, `SELECT row FROM met_again ORDER BY file, number`)
	if err != nil {
		return err
	}
	for _, old := range met {
		if err := g.stageAgain(t, old); err != nil {
			return err
		}
	}
	return nil
}

func (g *staging) stageAgain(t *tx, old int64) error {
	row, err := t.insert(`INSERT INTO export_row (file, number, skipped, rejected, line, outcome)
		SELECT m.file, m.number, 0, 0, r.line, 'new' FROM met_again m JOIN export_row r ON r.id = m.row WHERE m.row = ?`, old)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		`INSERT INTO row_record (row, kind, client_ix, key_ix, digest, deleted, columns, payload, insz_ix, insz, caseworker_ix, caseworker)
			SELECT ?2, kind, client_ix, key_ix, digest, deleted, columns, payload, insz_ix, insz, caseworker_ix, caseworker
			FROM row_record WHERE row = ?1 ORDER BY id`,
		`INSERT INTO staged_client (client_ix, ocmw, client, pseudonym)
			SELECT p.client_ix, p.ocmw, p.client, p.pseudonym FROM row_record x JOIN record r ON r.source = x.id JOIN person p ON p.id = r.person
			WHERE x.row = ?1 AND ?2 = ?2 ON CONFLICT DO NOTHING`,
		`UPDATE export_row SET line = NULL WHERE id = ?1 AND ?2 = ?2`, // no longer kept
	} {
		if _, err := t.exec(statement, old, row); err != nil {
			return err
		}
	}
	return nil
}

// findNotKept adds to the replaced rows those of the last files that are not kept: without a line, before, between and behind
// the runs.
func findNotKept(t *tx) error {
	for _, statement := range []string{
		`INSERT INTO replaced SELECT r.id FROM kept_file k CROSS JOIN export_row r INDEXED BY export_row_read ON r.file = k.old AND r.line IS NULL
			WHERE true ON CONFLICT DO NOTHING`,
		`INSERT INTO replaced SELECT r.id
			FROM kept_file k CROSS JOIN (
				SELECT file, LAG(last, 1, -1) OVER (PARTITION BY file ORDER BY first) AS before, first AS behind FROM staged_run
				UNION ALL SELECT file, MAX(last), 9223372036854775807 FROM staged_run GROUP BY file) gap ON gap.file = k.file
			CROSS JOIN export_row r ON r.file = k.old AND r.number > gap.before AND r.number < gap.behind
			WHERE true ON CONFLICT DO NOTHING`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// findUnsure takes the lines from rows that a later file must not keep: those whose keys stand twice in the set, and
// those of other feeds whose records rest on this set now.
func findUnsure(t *tx) error {
	for _, statement := range []string{
		`UPDATE export_row SET line = NULL WHERE id IN (SELECT row FROM staged_double)`,
		`UPDATE export_row SET line = NULL WHERE id IN (SELECT x.row FROM staged_record s JOIN row_record x ON x.id = s.elsewhere WHERE s.elsewhere IS NOT NULL)`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// moveKept gives kept rows their new numbers, and joins what was read with them.
func (g *staging) moveKept(t *tx) error {
	files, err := column[int64](t, `SELECT file FROM kept_file ORDER BY file`)
	if err != nil {
		return err
	}
	for _, file := range files {
		var old int64
		if err := t.row(`SELECT old FROM kept_file WHERE file = ?`, []any{file}, &old); err != nil {
			return err
		}
		if err := renumber(t, file, old); err != nil {
			return fmt.Errorf("renumber: %w", err)
		}
		if err := moveFile(t, file, old); err != nil {
			return err
		}
	}
	return nil
}

// renumber goes through the rows by id, so that each is met once while its number changes.
func renumber(t *tx, file, old int64) error {
	var first int
	if err := t.row(`SELECT COALESCE(MIN(first), 0) FROM staged_run WHERE file = ? AND shift <> 0`, []any{file}, &first); err != nil || first == 0 {
		return err
	}
	_, err := t.exec(`UPDATE export_row SET number = number + (SELECT x.shift FROM staged_run x
			WHERE x.file = ?1 AND x.first <= export_row.number ORDER BY x.first DESC LIMIT 1)
		WHERE id BETWEEN (SELECT MIN(id) FROM export_row WHERE file = ?2) AND (SELECT MAX(id) FROM export_row WHERE file = ?2)
			AND +file = ?2 AND number >= ?3`, file, old, first)
	return err
}

// fileColumns are what a file is, without its set and place.
const fileColumns = `feed, name, hash, size, snapshot_on, interpretation, delta, seen, data_rows, new, changed, unchanged, duplicate, rejected,
	skipped, totals_lines, first_row`

// moveFile lets a file take the id of the old one, to which its kept rows belong; the old one, without rows by now, gets
// another.
func moveFile(t *tx, file, old int64) error {
	if _, err := t.exec(`UPDATE export_row SET file = ? WHERE file = ?`, old, file); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM staged_run WHERE file = ?`, file); err != nil {
		return err
	}
	// Two files of a set never have one position, not for a moment: those that move lie apart.
	apart := `export_set, -1 - position, ` + fileColumns + ` FROM export_file WHERE id = `
	before, err := t.insert(`INSERT INTO export_file (export_set, position, `+fileColumns+`) SELECT `+apart+`?`, old)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE export_file SET (export_set, position, `+fileColumns+`) = (SELECT `+apart+`?1) WHERE id = ?2`, file, old); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM export_file WHERE id = ?`, file); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE export_file SET position = -1 - position WHERE id IN (?, ?)`, old, before)
	return err
}
