package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// errUnbalanced rolls the transaction back; the result says where.
var errUnbalanced = errors.New("the balance does not hold")

// Activate implements ledger.Staging. It works on whole tables: a set of 60,000
// clients is compared in a handful of statements.
func (g *staging) Activate(ctx context.Context, counted []ledger.FileCount, now time.Time) (ledger.SetResult, error) {
	g.rest()
	var result ledger.SetResult
	if len(counted) != len(g.files) {
		return result, fmt.Errorf("activate set: %d counts for %d files", len(counted), len(g.files))
	}
	err := g.s.write(ctx, "activate set", func(t *tx) error {
		if err := g.open(t); err != nil {
			return err
		}
		return g.activate(t, counted, now, &result)
	})
	if errors.Is(err, errUnbalanced) {
		return result, nil
	}
	if err != nil {
		return ledger.SetResult{}, err
	}
	g.done = true
	return result, nil
}

func (g *staging) activate(t *tx, counted []ledger.FileCount, now time.Time, result *ledger.SetResult) error {
	t.interruptible()
	steps := []struct {
		what string
		do   func() error
	}{
		{"make room", func() error { return temporaries(t) }},
		{"keep rows", func() error { return g.keepRows(t) }},
		{"add clients", func() error { return g.addPersons(t) }},
		{"compare with the export in force", func() error { return g.compare(t) }},
		{"find double keys", func() error { return g.findDoubles(t) }},
		{"note outcomes", func() error { return g.noteOutcomes(t) }},
		{"count outcomes", func() (err error) { return g.balance(t, counted, result) }},
		{"find the replaced rows", func() error { return g.findReplaced(t) }},
		{"mark what is missing", func() (err error) { result.Missing, err = g.markMissing(t, now); return err }},
		{"find rows not to keep", func() error { return findUnsure(t) }},
		{"take records", func() error { return g.takeRecords(t) }},
		{"take clients' own data", func() error { return g.takePersons(t) }},
		{"weigh the files", func() error { return g.weigh(t) }},
		{"let the replaced rows go", func() error { return g.dropReplaced(t) }},
		{"let the kept rows go over", func() error { return g.moveKept(t) }},
		{"hold clients", func() error { return g.hold(t) }},
		{"mark clients", func() error { return g.markDirty(t) }},
		{"conclude", func() error { return g.conclude(t, result, now) }},
	}
	for _, step := range steps {
		if err := dropUnused(t); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return dropTemporaries(t)
}

// dropUnused gives back the pages that nobody uses. Once all caches of the process together hold more pages than they may, by the few that
// changed pages take beyond their share, SQLite drops each page as soon as it was used, for as long as the transaction lasts, and reads the
// root of a table anew for each row.
func dropUnused(t *tx) error {
	return t.once(`PRAGMA shrink_memory`)
}

// temporaries makes the tables that the comparison works in. They are no part of the ledger, and a rollback
// takes them along.
func temporaries(t *tx) error {
	if err := dropTemporaries(t); err != nil {
		return err
	}
	for _, statement := range []string{
		`CREATE TEMP TABLE staged_double (record INTEGER PRIMARY KEY, row INTEGER, key_ix BLOB, digest BLOB,
			client_ix BLOB, position INTEGER, number INTEGER, name TEXT)`,
		`CREATE TEMP TABLE staged_record (source INTEGER, row INTEGER, person INTEGER, kind TEXT, key_ix BLOB, digest BLOB,
			deleted INTEGER, feed INTEGER, outcome TEXT, back INTEGER, elsewhere INTEGER, double INTEGER, PRIMARY KEY (person, kind, key_ix)) WITHOUT ROWID`,
		`CREATE INDEX temp.staged_record_row ON staged_record (row, outcome) WHERE outcome <> 'new'`,
		`CREATE INDEX temp.staged_record_double ON staged_record (key_ix) WHERE double`,
		`CREATE INDEX temp.staged_record_client ON staged_record (person, source) WHERE kind = 'client'`,
		`CREATE TEMP TABLE concerned (person INTEGER PRIMARY KEY)`,
		`CREATE TEMP TABLE insz_change (person INTEGER PRIMARY KEY, before BLOB, after BLOB)`,
		`CREATE TEMP TABLE replaced (row INTEGER PRIMARY KEY)`,
		`CREATE TEMP TABLE kept_file (file INTEGER PRIMARY KEY, old INTEGER NOT NULL, row_count INTEGER)`,
		`CREATE TEMP TABLE met_again (row INTEGER PRIMARY KEY, file INTEGER, number INTEGER)`,
		`CREATE TEMP TABLE absent (person INTEGER, kind TEXT, key_ix BLOB, PRIMARY KEY (person, kind, key_ix)) WITHOUT ROWID`,
		`PRAGMA ` + temporaryCache,
	} {
		if err := t.once(statement); err != nil {
			return err
		}
	}
	return nil
}

func dropTemporaries(t *tx) error {
	for _, table := range []string{"staged_double", "staged_record", "concerned", "insz_change", "replaced", "kept_file", "met_again", "absent"} {
		if err := t.once(`DROP TABLE IF EXISTS temp.` + table); err != nil {
			return err
		}
	}
	return nil
}

// findDoubles looks for keys that stand more than once in the set, which comparing has met. Of equal content
// the later record is a duplicate; of different content every row is rejected. What is left of them is compared anew.
func (g *staging) findDoubles(t *tx) error {
	n, err := t.exec(`INSERT INTO staged_double
		SELECT rr.id, rr.row, rr.key_ix, rr.digest, rr.client_ix, f.position, r.number, f.name
		FROM export_file f JOIN export_row r ON r.file = f.id JOIN row_record rr ON rr.row = r.id
		WHERE f.export_set = ?1 AND EXISTS (SELECT 1 FROM staged_record WHERE double)
			AND rr.key_ix IN (SELECT key_ix FROM staged_record WHERE double)`, g.set)
	if err != nil || n == 0 {
		return err
	}
	doubles, err := readDoubles(t)
	if err != nil {
		return err
	}
	if err := g.rejectConflicts(t, doubles); err != nil {
		return err
	}
	for _, statement := range []string{
		`UPDATE row_record SET duplicate = 1 WHERE id IN (SELECT record FROM (
				SELECT d.record, ROW_NUMBER() OVER (PARTITION BY d.key_ix ORDER BY d.position, d.number, d.record) AS nth
				FROM staged_double d JOIN export_row r ON r.id = d.row WHERE r.rejected = 0)
			WHERE nth > 1)`,
		`DELETE FROM staged_record WHERE double OR row IN (SELECT d.row FROM staged_double d JOIN export_row r ON r.id = d.row WHERE r.rejected = 1)`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return g.stageRecords(t, `rr.id IN (SELECT record FROM staged_double)`) // each key once: a second would be refused
}

type double struct {
	row         int64
	key, digest string
	client      []byte
	number      int
	file        string
}

func readDoubles(t *tx) ([]double, error) {
	var all []double
	for rs, err := range t.rows(`SELECT row, key_ix, digest, client_ix, number, name FROM staged_double ORDER BY key_ix, position, number, record`) {
		if err != nil {
			return nil, err
		}
		var d double
		var key, digest []byte
		if err := rs.Scan(&d.row, &key, &digest, &d.client, &d.number, &d.file); err != nil {
			return nil, err
		}
		d.key, d.digest = string(key), string(digest)
		all = append(all, d)
	}
	return all, nil
}

// rejectConflicts rejects each row with a record whose key has other content
// elsewhere in the set, and names the first such place.
func (g *staging) rejectConflicts(t *tx, doubles []double) error {
	rejected := map[int64]int{} // reasons by row
	for start := 0; start < len(doubles); {
		end := start
		for end < len(doubles) && doubles[end].key == doubles[start].key {
			end++
		}
		for _, d := range doubles[start:end] {
			other, conflicts := otherContent(doubles[start:end], d)
			if !conflicts {
				continue
			}
			if err := g.rejectConflict(t, d, other, rejected[d.row]); err != nil {
				return err
			}
			rejected[d.row]++
		}
		start = end
	}
	return nil
}

func otherContent(group []double, d double) (double, bool) {
	for _, other := range group {
		if other.digest != d.digest {
			return other, true
		}
	}
	return double{}, false
}

func (g *staging) rejectConflict(t *tx, d, other double, ordinal int) error {
	if ordinal == 0 {
		_, err := t.exec(`UPDATE export_row SET rejected = 1, client_ix = ?1,
			client = (SELECT client FROM staged_client WHERE client_ix = ?1) WHERE id = ?2`, d.client, d.row)
		if err != nil {
			return err
		}
	}
	return addRejection(t, g.ocmw, d.row, ordinal, duplicateKey(d, other))
}

// duplicateKey is the reason that a caseworker reads (design decision 7).
func duplicateKey(d, other double) ledger.Rejection {
	row := strconv.Itoa(other.number)
	return ledger.Rejection{
		Row: d.number, Rule: "row.duplicateKey",
		ReasonNL: "Dezelfde sleutel staat ook in rij " + row + " van " + other.file + ", met andere inhoud: het is niet duidelijk welke rij juist is.",
		ReasonEN: "the same key stands in row " + row + " of " + other.file + " with other content: which of the rows is right is not clear",
		HintNL:   "Laat in de export één van beide rijen staan, of verbeter de sleutelvelden.",
		HintEN:   "leave one of the rows in the export, or correct the key fields",
	}
}

// addPersons gives each client number of the set that is not known yet its person. Where there was nobody, nothing is in force.
func (g *staging) addPersons(t *tx) error {
	if err := t.row(`SELECT NOT EXISTS (SELECT 1 FROM person WHERE ocmw = ?)`, []any{g.ocmw}, &g.first); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO person (ocmw, client_ix, client, pseudonym)
		SELECT ocmw, client_ix, client, pseudonym FROM staged_client WHERE ocmw = ? ORDER BY id
		ON CONFLICT (ocmw, client_ix) DO NOTHING`, g.ocmw)
	return err
}

// compare stages each record of the set beside the one in force, and marks where a key stands more than once.
func (g *staging) compare(t *tx) error {
	if g.first {
		if taken, err := g.takeFirst(t); err != nil || taken {
			return err
		}
	}
	return g.stageRecords(t, `true ON CONFLICT (person, kind, key_ix) DO UPDATE SET double = 1`)
}

// stageRecords goes through what was staged in the order in which it lies: the set's records are the last that were written.
func (g *staging) stageRecords(t *tx, which string) error {
	_, err := t.exec(`INSERT INTO staged_record
		SELECT rr.id, rr.row, p.id, rr.kind, rr.key_ix, rr.digest, rr.deleted, f.feed,
			CASE WHEN cur.person IS NULL THEN 'new' WHEN cur.digest <> rr.digest THEN 'changed' ELSE 'unchanged' END,
			cur.missing_since IS NOT NULL, CASE WHEN cur.feed <> f.feed THEN cur.source END, 0
		`+ofStaged+`
			LEFT JOIN record cur ON cur.person = p.id AND cur.kind = rr.kind AND cur.key_ix = rr.key_ix
		WHERE `+isStaged+` AND `+which, g.set, g.ocmw)
	return err
}

const (
	ofStaged = `FROM row_record rr CROSS JOIN export_row r ON r.id = rr.row CROSS JOIN export_file f ON f.id = r.file
			CROSS JOIN person p ON p.ocmw = ?2 AND p.client_ix = rr.client_ix`
	isStaged = `rr.id >= (SELECT x.id FROM row_record x WHERE x.row >= (SELECT MIN(first_row) FROM export_file WHERE export_set = ?1) ORDER BY x.row, x.id LIMIT 1)
			AND f.export_set = ?1 AND r.rejected = 0 AND rr.duplicate = 0`
)

// takeFirst puts the records of an OCMW's first set in force as they are, as there is nothing to compare them with, and copies INSZ and
// caseworker: all of its clients are new, and so to be decided. Where a key stands more than once it leaves everything to be compared.
func (g *staging) takeFirst(t *tx) (taken bool, err error) {
	n, err := t.exec(`INSERT INTO record (person, kind, key_ix, digest, deleted, feed, source)
		SELECT p.id, rr.kind, rr.key_ix, rr.digest, rr.deleted, f.feed, rr.id `+ofStaged+`
		WHERE `+isStaged+` ON CONFLICT (person, kind, key_ix) DO NOTHING`, g.set, g.ocmw)
	if err != nil {
		return false, err
	}
	var staged int64
	err = t.row(`SELECT COUNT(*) FROM row_record WHERE row >= (SELECT MIN(first_row) FROM export_file WHERE export_set = ?)`, []any{g.set}, &staged)
	if err != nil {
		return false, err
	}
	if n == staged {
		_, err = t.exec(`UPDATE person INDEXED BY person_dirty SET (insz_ix, insz, caseworker_ix, caseworker) =
				(SELECT rr.insz_ix, rr.insz, rr.caseworker_ix, rr.caseworker FROM record s CROSS JOIN row_record rr ON rr.id = s.source
					WHERE s.person = person.id AND s.kind = 'client' ORDER BY s.source LIMIT 1)
			WHERE ocmw = ? AND dirty = 1`, g.ocmw)
		return true, err
	}
	_, err = t.exec(`DELETE FROM record WHERE person IN (SELECT id FROM person WHERE ocmw = ?)`, g.ocmw)
	return false, err
}

func (g *staging) noteOutcomes(t *tx) error {
	var otherwise bool
	err := t.row(`SELECT EXISTS (SELECT 1 FROM staged_record WHERE outcome <> 'new') OR EXISTS (SELECT 1 FROM staged_double)`, nil, &otherwise)
	if err != nil {
		return err
	}
	for _, f := range g.files {
		if !otherwise {
			break
		}
		if _, err := t.exec(noteOutcomes, f.id); err != nil {
			return err
		}
	}
	_, err = t.exec(`INSERT INTO concerned SELECT DISTINCT person FROM staged_record WHERE outcome <> 'unchanged' OR back`)
	return err
}

// noteOutcomes gives each row of a file that was read its outcome. A row is a duplicate when all its records are; one
// without any record has no outcome, so that the balance says it. One file at a time: of several, SQLite would
// list all their rows before it changes the first. What fails rolls the transaction back: SQLite need not keep a journal of the
// statement, a temporary file as large as the rows.
const noteOutcomes = `UPDATE OR FAIL export_row SET outcome = CASE
		WHEN rejected THEN 'rejected'
		WHEN skipped THEN 'skipped'
		ELSE COALESCE(
			(SELECT CASE WHEN MAX(s.outcome = 'changed') THEN 'changed'
				WHEN COUNT(*) < (SELECT COUNT(*) FROM row_record rr WHERE rr.row = export_row.id AND rr.duplicate = 0) THEN 'new'
				WHEN COUNT(*) > 0 THEN 'unchanged' END FROM staged_record s WHERE s.row = export_row.id AND s.outcome <> 'new'),
			(SELECT 'duplicate' FROM row_record rr WHERE rr.row = export_row.id LIMIT 1)) END
	WHERE file = ?`

// balance counts outcomes in SQL, the reader counted rows: they can disagree (design decision 7). A row that says it is new has a record,
// or does not count.
func (g *staging) balance(t *tx, counted []ledger.FileCount, result *ledger.SetResult) error {
	_, err := t.exec(`UPDATE export_file SET (new, changed, unchanged, duplicate, rejected, skipped) = (
			SELECT COUNT(*) FILTER (WHERE outcome = 'new' AND EXISTS (SELECT 1 FROM row_record rr WHERE rr.row = export_row.id)),
				COUNT(*) FILTER (WHERE outcome = 'changed'),
				COUNT(*) FILTER (WHERE outcome = 'unchanged') + COALESCE((SELECT row_count FROM kept_file k WHERE k.file = export_file.id), 0),
				COUNT(*) FILTER (WHERE outcome = 'duplicate'),
				COUNT(*) FILTER (WHERE outcome = 'rejected'), COUNT(*) FILTER (WHERE outcome = 'skipped')
			FROM export_row WHERE file = export_file.id)
		WHERE export_set = ?`, g.set)
	if err != nil {
		return err
	}
	for i, f := range g.files {
		if _, err := t.exec(`UPDATE export_file SET data_rows = ?, totals_lines = ? WHERE id = ?`,
			counted[i].Rows, counted[i].TotalsLines, f.id); err != nil {
			return err
		}
	}
	if err := g.refuseUnread(t); err != nil {
		return err
	}
	result.Files, err = balances(t, `f.export_set = ?`, g.set)
	if err != nil {
		return err
	}
	for _, f := range result.Files {
		if !f.Holds() {
			return errUnbalanced
		}
	}
	return nil
}

// refuseUnread stops a set in which a file that was ingested before was not read
// again: without its rows everything in it would count as missing.
func (g *staging) refuseUnread(t *tx) error {
	unread, err := column[string](t, `SELECT f.name FROM export_file f WHERE f.export_set = ? AND f.seen = 1 AND f.data_rows = 0
		AND EXISTS (SELECT 1 FROM export_file x JOIN export_set s ON s.id = x.export_set
			WHERE x.feed = f.feed AND x.hash = f.hash AND s.state = 'active' AND x.data_rows > 0)`, g.set)
	if err != nil {
		return err
	}
	if len(unread) > 0 {
		return fmt.Errorf("%s was ingested before, and its rows were not read again", unread[0])
	}
	return nil
}

// balances reads the balances of files, in the order of their sets.
func balances(t *tx, where string, args ...any) ([]ledger.FileBalance, error) {
	var all []ledger.FileBalance
	for rs, err := range t.rows(`SELECT f.name, d.name, f.data_rows, f.new, f.changed, f.unchanged, f.duplicate, f.rejected,
			f.skipped, f.totals_lines, f.seen
		FROM export_file f JOIN feed d ON d.id = f.feed JOIN export_set s ON s.id = f.export_set
		WHERE `+where+` ORDER BY f.export_set, f.position`, args...) {
		if err != nil {
			return nil, err
		}
		var b ledger.FileBalance
		if err := rs.Scan(&b.Name, &b.Feed, &b.Rows, &b.New, &b.Changed, &b.Unchanged, &b.Duplicate, &b.Rejected,
			&b.Skipped, &b.TotalsLines, &b.AlreadySeen); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// markMissing marks the records in force of the set's snapshot feeds that the set does
// not have: all that stand in no kept row are looked at. Where a row of the client was rejected in the same feed it may be the
// record's own: that is not missing.
func (g *staging) markMissing(t *tx, now time.Time) (int, error) {
	_, err := t.exec(`INSERT INTO absent SELECT r.person, r.kind, r.key_ix
		FROM (SELECT id FROM row_record WHERE row IS NULL UNION ALL SELECT x.id FROM replaced d CROSS JOIN row_record x ON x.row = d.row) x
			CROSS JOIN record r ON r.source = x.id
		WHERE r.missing_since IS NULL AND r.feed IN (SELECT feed FROM export_file WHERE export_set = ?1 AND delta = 0)
			AND NOT EXISTS (SELECT 1 FROM staged_record s WHERE s.person = r.person AND s.kind = r.kind AND s.key_ix = r.key_ix)
			AND NOT EXISTS (SELECT 1 FROM person p JOIN export_row w ON w.client_ix = p.client_ix JOIN export_file f ON f.id = w.file
				WHERE p.id = r.person AND w.rejected = 1 AND f.export_set = ?1 AND f.feed = r.feed)`, g.set)
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(`INSERT INTO concerned SELECT DISTINCT person FROM absent WHERE true ON CONFLICT DO NOTHING`); err != nil {
		return 0, err
	}
	n, err := t.exec(`UPDATE record SET missing_since = ? WHERE (person, kind, key_ix) IN (SELECT person, kind, key_ix FROM absent)`, stored(now))
	return int(n), err
}

// takeRecords puts the set's records in force, those without change too: they now
// stand in the newest file.
func (g *staging) takeRecords(t *tx) error {
	_, err := t.exec(`INSERT INTO record (person, kind, key_ix, digest, deleted, feed, source)
		SELECT person, kind, key_ix, digest, deleted, feed, source FROM staged_record WHERE true
		ON CONFLICT (person, kind, key_ix) DO UPDATE SET digest = excluded.digest, deleted = excluded.deleted,
			feed = excluded.feed, source = excluded.source, missing_since = NULL`)
	return err
}

// takePersons copies INSZ and caseworker. A person without a dossier whose INSZ
// changed is looked up again; with one, mapping asks a person. Whoever shares the
// old or the new number is concerned too.
func (g *staging) takePersons(t *tx) error {
	const clients = ` FROM staged_record s JOIN row_record rr ON rr.id = s.source WHERE s.kind = 'client' AND s.person = person.id`
	for _, statement := range []string{
		`INSERT INTO insz_change SELECT s.person, p.insz_ix, rr.insz_ix
			FROM staged_record s JOIN row_record rr ON rr.id = s.source JOIN person p ON p.id = s.person
			WHERE s.kind = 'client' AND p.insz_ix IS NOT rr.insz_ix ON CONFLICT DO NOTHING`,
		`UPDATE person SET (insz_ix, insz, caseworker_ix, caseworker) =
				(SELECT rr.insz_ix, rr.insz, rr.caseworker_ix, rr.caseworker` + clients + `)
			WHERE id IN (SELECT person FROM staged_record WHERE kind = 'client' AND outcome <> 'unchanged'
				UNION SELECT person FROM insz_change)`,
		`UPDATE person SET looked_up = 0, outside_area = 0 WHERE dossier_ix IS NULL AND id IN (SELECT person FROM insz_change)`,
		`INSERT INTO concerned SELECT p.id FROM insz_change c JOIN person p ON p.insz_ix IN (c.before, c.after)
			WHERE true ON CONFLICT DO NOTHING`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// weigh compares the data rows of each snapshot of the set with those that it replaces, rows skipped by the profile left out. What
// shrank and is not approved yet stays noted, by feed, until it is approved or the rows are back (design decision 10). What a state of
// before schema 8 noted of all feeds together goes on until then too.
func (g *staging) weigh(t *tx) error {
	const weight = `f.data_rows - f.skipped`
	_, err := t.exec(`UPDATE ocmw SET rows_after = rows_after + COALESCE((SELECT SUM(`+weight+` - d.rows_after)
			FROM export_file f JOIN feed d ON d.id = f.feed WHERE f.export_set = ?1 AND f.delta = 0 AND d.rows_before > 0), 0)
		WHERE kbo = ?2 AND rows_before > rows_after`, g.set, g.ocmw)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE feed SET rows_before = MAX(rows_before, `+weight+`), rows_after = `+weight+`
		FROM export_file f WHERE f.export_set = ? AND f.delta = 0 AND f.feed = feed.id`, g.set)
	return err
}

// needOCMW makes the OCMW's row where it has none.
func needOCMW(t *tx, ocmw string) error {
	_, err := t.exec(`INSERT INTO ocmw (kbo) VALUES (?) ON CONFLICT DO NOTHING`, ocmw)
	return err
}

// findReplaced lists the rows that the set's files replace: all of the feed's earlier files that are not kept. Of a delta's
// predecessors the rejected rows stay until a row of the feed names their client again: neither a delta that is silent about the client nor
// another feed's row says that they are right now. One whose client could not be read goes with the next file. (Of a delta no row is
// kept: all that name somebody were read.)
func (g *staging) findReplaced(t *tx) error {
	_, err := t.exec(`INSERT INTO replaced SELECT r.id FROM export_file f JOIN export_file old ON old.feed = f.feed AND old.export_set <> f.export_set
			JOIN export_row r ON r.file = old.id
		WHERE f.export_set = ?1 AND old.id NOT IN (SELECT old FROM kept_file) AND (f.delta = 0 OR r.rejected = 0 OR r.client_ix IS NULL
			OR (f.id, r.client_ix) IN (SELECT d.id, COALESCE(w.client_ix, o.client_ix) FROM export_file d CROSS JOIN export_row w ON w.file = d.id
				LEFT JOIN row_record o ON o.row = w.id WHERE d.export_set = ?1 AND d.delta = 1))
		ON CONFLICT DO NOTHING`, g.set)
	if err != nil {
		return err
	}
	return findNotKept(t)
}

// rowsAtATime bounds what SQLite keeps in memory of a DELETE: it lists all ids first, 24 bytes each, which for the million rows
// that a new program replaces is more than all else takes.
const rowsAtATime = 2048

// dropReplaced lets the replaced rows go. Records in force keep what they rest on, and know where it stood.
func (g *staging) dropReplaced(t *tx) error {
	for _, statement := range []string{`DELETE FROM row_record WHERE row IS NULL AND ` + notInForce, `DELETE FROM staged_client`} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	for last := int64(0); ; {
		next, err := dropPiece(t, last)
		if err != nil || next == 0 {
			return err
		}
		last = next
	}
}

const notInForce = `NOT EXISTS (SELECT 1 FROM record WHERE record.source = row_record.id)`

// dropPiece lets the first of the replaced rows behind one go, and gives the last of them; 0 when there is none.
func dropPiece(t *tx, after int64) (last int64, err error) {
	err = t.row(`SELECT COALESCE(MAX(row), 0) FROM (SELECT row FROM replaced WHERE row > ? ORDER BY row LIMIT ?)`, []any{after, rowsAtATime}, &last)
	if err != nil || last == 0 {
		return 0, err
	}
	const piece = ` IN (SELECT row FROM replaced WHERE row > ?1 AND row <= ?2)`
	for _, statement := range []string{
		`DELETE FROM row_record WHERE row` + piece + ` AND ` + notInForce,
		`UPDATE row_record SET (last_file, last_number) =
				(SELECT f.name, r.number FROM export_row r JOIN export_file f ON f.id = r.file WHERE r.id = row_record.row)
			WHERE row` + piece,
		`DELETE FROM export_row WHERE id` + piece,
	} {
		if _, err := t.exec(statement, after, last); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// hold marks the clients with a rejected row in force (design decision 5), and those
// who come free.
func (g *staging) hold(t *tx) error {
	const heldNow = `(SELECT p.id FROM export_row r INDEXED BY export_row_rejected CROSS JOIN person p ON p.ocmw = ?1 AND p.client_ix = r.client_ix
		WHERE r.rejected = 1)`
	const turned = `(SELECT id FROM person WHERE id IN ` + heldNow + ` AND held = 0
		UNION ALL SELECT id FROM person WHERE ocmw = ?1 AND held = 1 AND id NOT IN ` + heldNow + `)`
	for _, statement := range []string{
		`INSERT INTO concerned SELECT id FROM ` + turned + ` WHERE true ON CONFLICT DO NOTHING`,
		`UPDATE person SET held = 1 - held WHERE id IN ` + turned,
	} {
		if _, err := t.exec(statement, g.ocmw); err != nil {
			return err
		}
	}
	return nil
}

func (g *staging) markDirty(t *tx) error {
	if _, err := t.exec(heldForDamage, g.ocmw); err != nil {
		return err
	}
	for _, statement := range []string{
		// Who has the INSZ of somebody concerned may have stopped, or begun, to share it.
		`INSERT INTO concerned SELECT o.id FROM concerned c CROSS JOIN person p ON p.id = c.person CROSS JOIN person o ON o.insz_ix = p.insz_ix AND o.id <> p.id
			WHERE true ON CONFLICT DO NOTHING`,
		`UPDATE person SET dirty = 1 WHERE dirty = 0 AND id IN (SELECT person FROM concerned)`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func (g *staging) conclude(t *tx, result *ledger.SetResult, now time.Time) error {
	result.Activated = true
	_, err := t.exec(`UPDATE export_set SET state = 'active', activated_at = ?, missing = ? WHERE id = ?`, stored(now), result.Missing, g.set)
	if err != nil {
		return err
	}
	rows := 0
	for _, f := range result.Files {
		rows += f.Rows
	}
	return t.audit(audit.Record{
		At: now, Run: g.run, Action: "setActivated", OCMW: g.ocmw, Source: fmt.Sprintf("set %d", g.set),
		After: fmt.Sprintf("%d rows, %d missing", rows, result.Missing),
	}, "")
}
