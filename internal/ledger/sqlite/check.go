package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	engine "zombiezen.com/go/sqlite"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// What a person does about a finding.
const (
	nextDamaged = `stop the daemon, keep the files as they are, and put back the last backup that checks: "mlpsync state restore FILE"`
	nextAltered = `somebody or something wrote past mlpsync: find out who, keep the state as it is, and put back the last backup that checks`
	nextDefect  = `report it to the makers of mlpsync; until then put back the last backup that checks`
)

// mostFindings of one check are told: a damaged file has them by the thousand.
const mostFindings = 10

// inspection is one check under way.
type inspection struct {
	ledger.Inspected
	next string
	met  []string // where it met pages that SQLite can't read
	hurt error    // what SQLite says of the first of these
}

// find takes what is wrong. Of pages that can't be read it only takes note: they are told once, of all checks together.
func (i *inspection) find(where string, err error) {
	if damaged(err) {
		i.hurt = cmp.Or(i.hurt, err)
		if where != "" {
			i.met = append(i.met, where)
		}
		return
	}
	if len(i.Findings) < mostFindings {
		i.Findings = append(i.Findings, ledger.Finding{What: err.Error(), Where: where, Next: i.next, Err: err})
	}
}

// full tells that enough was found.
func (i *inspection) full() bool { return max(len(i.Findings), len(i.met)) >= mostFindings }

// conclude tells of damage that was met, unless another check told of it: then this one could not look at all, and what it found
// may come of that. It reports whether damage is told by now.
func (i *inspection) conclude(told bool) bool {
	switch {
	case told:
		i.Unfinished = i.hurt != nil
		if len(i.met) > 0 {
			i.Looked += "; the damage is in the way of " + i.inTheWayOf()
		}
		for f := range i.Findings {
			i.Findings[f].Next = nextDamaged
		}
	case i.hurt != nil && !i.tellsOfDamage():
		i.Findings = append(i.Findings, ledger.Finding{
			What: "SQLite can't read a part of its file: " + i.hurt.Error(), Where: i.inTheWayOf(), Next: nextDamaged, Err: i.hurt,
		})
	}
	return told || i.tellsOfDamage()
}

// inTheWayOf names some of what can't be read.
func (i *inspection) inTheWayOf() string {
	const some = 3
	if len(i.met) <= some {
		return strings.Join(i.met, ", ")
	}
	return strings.Join(i.met[:some], ", ") + " and others"
}

func (i *inspection) tellsOfDamage() bool {
	return slices.ContainsFunc(i.Findings, func(f ledger.Finding) bool { return f.Next == nextDamaged })
}

// Check implements ledger.Store.
func (s *Store) Check(ctx context.Context) error {
	looked, err := s.Inspect(ctx)
	errs := []error{err}
	for _, i := range looked {
		for _, f := range i.Findings {
			errs = append(errs, f.Err)
		}
	}
	return errors.Join(errs...)
}

// Inspect implements ledger.Store. A check that can't read what it looks at has found
// something; the others go on.
func (s *Store) Inspect(ctx context.Context) ([]ledger.Inspected, error) {
	checks := []struct {
		name, next string
		look       func(context.Context, *inspection) error
	}{
		{"file", nextDamaged, s.inTransaction(inspectFile)},
		{"references", nextDefect, s.inTransaction(inspectReferences)},
		{"lanes", nextDefect, s.inTransaction(inspectLanes)},
		{"balance", nextDefect, s.inTransaction(inspectBalance)},
		{"sealed", nextAltered, s.inspectSealed},
		{"audit", nextAltered, s.inspectAudit},
	}
	var all []ledger.Inspected
	told := false
	for _, c := range checks {
		i := inspection{Inspected: ledger.Inspected{Check: c.name}, next: c.next}
		err := c.look(ctx, &i)
		if ctx.Err() != nil {
			return all, fmt.Errorf("inspect ledger: %w", ctx.Err())
		}
		if err != nil {
			i.find("", err)
		}
		told = i.conclude(told)
		all = append(all, i.Inspected)
	}
	return all, nil
}

// Damage implements ledger.Store. SQLite does not compare indexes with their tables here, which takes three times as long.
func (s *Store) Damage(ctx context.Context) ([]ledger.Finding, error) {
	i := inspection{Inspected: ledger.Inspected{Check: "file"}, next: nextDamaged}
	err := s.read(ctx, "look for damage", func(t *tx) error { return inspectPages(t, &i, "quick_check") })
	if ctx.Err() != nil {
		return nil, fmt.Errorf("look for damage: %w", ctx.Err())
	}
	if err != nil && !damaged(err) {
		return nil, err
	}
	if err != nil {
		i.find("", err)
	}
	i.conclude(false)
	return i.Findings, nil
}

// damaged tells whether SQLite can't read its file as a database.
func damaged(err error) bool {
	code := codeOf(err)
	return code == engine.ResultCorrupt || code == engine.ResultNotADB
}

func (s *Store) inTransaction(look func(*tx, *inspection) error) func(context.Context, *inspection) error {
	return func(ctx context.Context, i *inspection) error {
		return s.read(ctx, "inspect "+i.Check, func(t *tx) error { return look(t, i) })
	}
}

func inspectFile(t *tx, i *inspection) error {
	var pages, size int64
	if err := t.row(`SELECT page_count, page_size FROM pragma_page_count, pragma_page_size`, nil, &pages, &size); err != nil {
		return err
	}
	i.Looked = fmt.Sprintf("the database: %d pages, %d KiB", pages, pages*size/1024)
	return inspectPages(t, i, "integrity_check")
}

// inspectPages has SQLite read its whole file. What it said before it met a page that it can't read counts.
func inspectPages(t *tx, i *inspection, pragma string) error {
	said, err := map[string]bool{}, error(nil)
	pages := placesOf{t: t, pages: map[string][]string{}}
	for rs, broken := range t.rows(`PRAGMA ` + pragma + `(` + fmt.Sprint(mostFindings) + `)`) {
		var text string
		if err = broken; err == nil {
			err = rs.Scan(&text)
		}
		if err != nil {
			break
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "ok" || strings.HasPrefix(line, "***") || said[line] || pages.take(line) {
				continue
			}
			said[line] = true
			i.find("", fmt.Errorf("SQLite says: %s", line))
		}
	}
	if len(pages.names) == 0 {
		return err
	}
	const what = "pages of the database file are damaged: SQLite can't read them"
	// What else SQLite says, such as of an index that lacks rows, or of pages that nothing leads to, comes of this.
	i.Findings = []ledger.Finding{{What: what, Where: pages.where(), Next: nextDamaged, Err: errors.New(what)}}
	return nil
}

// placesOf gathers damaged pages by the table or index to which they belong.
type placesOf struct {
	t     *tx
	names []string
	pages map[string][]string
}

// take takes a line of SQLite's that names a page: "Tree 38 page 541: ..." or "Tree 38 page 541 cell 3: ...".
func (p *placesOf) take(line string) bool {
	var tree, page int
	if n, _ := fmt.Sscanf(line, "Tree %d page %d", &tree, &page); n < 2 {
		return false
	}
	name := fmt.Sprintf("tree %d", tree)
	_ = p.t.row(`SELECT type || ' ' || name FROM sqlite_schema WHERE rootpage = ?`, []any{tree}, &name) // the schema may be damaged too
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	if number := fmt.Sprint(page); !slices.Contains(p.pages[name], number) {
		p.pages[name] = append(p.pages[name], number)
	}
	return true
}

// where names them. SQLite is asked for the first only.
func (p *placesOf) where() string {
	var parts []string
	for _, name := range p.names {
		parts = append(parts, name+" (page "+strings.Join(p.pages[name], ", ")+")")
	}
	return strings.Join(parts, "; ") + "; there can be more"
}

func inspectReferences(t *tx, i *inspection) error {
	i.Looked = "rows that refer to others"
	for rs, err := range t.rows(`SELECT "table", parent, COUNT(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2`) {
		if err != nil {
			return err
		}
		var table, parent string
		var n int
		if err := rs.Scan(&table, &parent, &n); err != nil {
			return err
		}
		i.find("table "+table, fmt.Errorf("%d rows refer to rows of %s that are not there", n, parent))
	}
	var n int
	err := t.row(`SELECT COUNT(*) FROM row_record WHERE columns IS NOT NULL AND columns NOT IN (SELECT id FROM record_columns)`, nil, &n)
	if err != nil {
		return err
	}
	if n > 0 {
		i.find("table row_record", fmt.Errorf("%d rows refer to columns that are not there", n))
	}
	return inspectKept(t, i)
}

// inspectKept proves that of each row that a later file may keep all records are in force: they go over with it, and are not
// compared.
func inspectKept(t *tx, i *inspection) error {
	for rs, err := range t.rows(`SELECT f.name, COUNT(DISTINCT r.id)
		FROM export_set s CROSS JOIN export_file f ON f.export_set = s.id CROSS JOIN export_row r ON r.file = f.id AND r.line IS NOT NULL
			CROSS JOIN row_record x ON x.row = r.id
		WHERE s.state = 'active' AND NOT EXISTS (SELECT 1 FROM record c WHERE c.source = x.id AND c.missing_since IS NULL)
		GROUP BY f.id ORDER BY f.id`) {
		if err != nil {
			return err
		}
		var name string
		var n int
		if err := rs.Scan(&name, &n); err != nil {
			return err
		}
		i.find("file "+name, fmt.Errorf("%d rows have records that are not in force, and would be kept", n))
	}
	return nil
}

// inspectLanes proves that head marks exactly the first open entry of each lane, and that one claim at most holds what is sent of it.
func inspectLanes(t *tx, i *inspection) error {
	i.Looked = "the outbox"
	var all int
	if err := t.row(`SELECT COUNT(*) FROM entry e WHERE `+inLane, nil, &all); err != nil {
		return err
	}
	i.Looked = fmt.Sprintf("the outbox: %d open entries", all)
	wrong, err := column[string](t, `SELECT e.id FROM entry e WHERE e.head <> (`+inLane+` AND NOT EXISTS (
		SELECT 1 FROM entry x WHERE x.person = e.person AND x.seq < e.seq AND `+strings.ReplaceAll(inLane, "e.", "x.")+`)) ORDER BY e.id`)
	if err != nil {
		return err
	}
	for _, id := range wrong {
		i.find("entry "+id, errors.New("it is out of order in its person's lane"))
	}
	wrong, err = column[string](t, `SELECT e.id FROM entry e WHERE e.state = 'claimed' AND EXISTS (
		SELECT 1 FROM entry x WHERE x.person = e.person AND x.state = 'claimed' AND x.claim <> e.claim) ORDER BY e.id`)
	for _, id := range wrong {
		i.find("entry "+id, errors.New("another claim holds a part of its person's lane"))
	}
	return err
}

// inspectBalance counts anew what a balance says: of every set that is kept the sums,
// and of the last file of each feed the rows themselves. The rows of a delta are not all
// kept, and its sum is.
func inspectBalance(t *tx, i *inspection) error {
	i.Looked = "files of exports"
	files, unequal := 0, `f.data_rows <> f.new + f.changed + f.unchanged + f.duplicate + f.rejected + f.skipped`
	if err := t.row(`SELECT COUNT(*) FROM export_file`, nil, &files); err != nil {
		return err
	}
	i.Looked = fmt.Sprintf("%d files of exports", files)
	const active = `FROM export_file f JOIN export_set s ON s.id = f.export_set AND s.state = 'active' `
	names, err := column[string](t, `SELECT f.name `+active+`WHERE `+unequal+` ORDER BY f.id`)
	if err != nil {
		return err
	}
	for _, name := range names {
		i.find("file "+name, errors.New("its outcomes do not add up to its rows"))
	}
	names, err = column[string](t, `SELECT f.name `+active+`WHERE f.delta = 0 AND f.id = (
			SELECT x.id FROM export_file x JOIN export_set xs ON xs.id = x.export_set AND xs.state = 'active'
			WHERE x.feed = f.feed ORDER BY x.export_set DESC, x.position DESC LIMIT 1)
		AND (f.data_rows, f.new, f.changed, f.unchanged, f.duplicate, f.rejected, f.skipped) <> (SELECT COUNT(*),
			COUNT(*) FILTER (WHERE outcome = 'new' AND id >= f.first_row), COUNT(*) FILTER (WHERE outcome = 'changed' AND id >= f.first_row),
			COUNT(*) FILTER (WHERE outcome = 'unchanged' OR id < f.first_row), COUNT(*) FILTER (WHERE outcome = 'duplicate'), COUNT(*) FILTER (WHERE outcome = 'rejected'),
			COUNT(*) FILTER (WHERE outcome = 'skipped') FROM export_row WHERE file = f.id) ORDER BY f.id`)
	for _, name := range names {
		i.find("file "+name, errors.New("the rows that are kept are not those that its balance counts"))
	}
	return err
}

// inspectSealed opens all that is sealed of clients, entries, rejected rows, notes and orders, and the positions in MLP's feed.
func (s *Store) inspectSealed(ctx context.Context, i *inspection) error {
	i.Looked = "what is encrypted"
	clients, err := s.inspectClients(ctx, i)
	if err != nil {
		return err
	}
	entries, err := s.inspectEntries(ctx, i)
	if err != nil {
		return err
	}
	i.Looked = fmt.Sprintf("what is encrypted of %d clients and %d entries", clients, entries)
	var ocmws []string
	err = s.read(ctx, "list OCMWs", func(t *tx) (err error) {
		ocmws, err = column[string](t, `SELECT DISTINCT ocmw FROM export_set ORDER BY ocmw`)
		return err
	})
	if err != nil {
		return err
	}
	for _, kbo := range ocmws {
		err := s.readWhole(ctx, "list rejected rows", func(t *tx) error {
			return rejected(t, kbo, func(ledger.RejectedRow) error { return nil })
		})
		if err != nil {
			i.find("rejected rows of OCMW "+kbo, err)
		}
	}
	err = s.readWhole(ctx, "list notes", func(t *tx) error {
		_, err := notes(t, "")
		return err
	})
	if err != nil {
		i.find("notes", err)
	}
	for _, kbo := range ocmws {
		err := s.read(ctx, "read feed position", func(t *tx) error {
			_, _, unread, err := feedPosition(t, kbo)
			return cmp.Or(err, unread)
		})
		if err != nil {
			i.find("position in MLP's feed of OCMW "+kbo, err)
		}
	}
	return s.inspectOrders(ctx, i)
}

// inspectOrders opens those that wait: of others what became of them stands in clear, and one that could not be read was told.
func (s *Store) inspectOrders(ctx context.Context, i *inspection) error {
	return s.read(ctx, "read orders", func(t *tx) error {
		ids, err := column[int64](t, `SELECT id FROM request WHERE applied_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, unread, err := readRequest(t, id); err != nil || unread != nil {
				i.find("order "+number(id), cmp.Or(err, unread))
			}
			if i.full() || ctx.Err() != nil {
				break
			}
		}
		return nil
	})
}

// openNumbers opens the INSZs of clients, those in the export's rows too.
func openNumbers(t *tx, ids []int64) error {
	for rs, err := range t.rows(`SELECT p.ocmw, p.client_ix, p.insz, x.insz FROM json_each(?) j JOIN person p ON p.id = j.value
		LEFT JOIN record r ON r.person = p.id AND r.kind = 'client' LEFT JOIN row_record x ON x.id = r.source`, list(ids)) {
		if err != nil {
			return err
		}
		var ocmw string
		var client, own, copied []byte
		if err := rs.Scan(&ocmw, &client, &own, &copied); err != nil {
			return err
		}
		for _, sealed := range [][]byte{own, copied} {
			if sealed == nil {
				continue
			}
			if _, err := t.s.open("person", ocmw, place(client), "insz", sealed); err != nil {
				return err
			}
		}
	}
	return nil
}

// readWhole is read where what is damaged is an error too.
func (s *Store) readWhole(ctx context.Context, what string, do func(*tx) error) error {
	return s.read(ctx, what, func(t *tx) error {
		if err := do(t); err != nil || len(t.unread) == 0 {
			return err
		}
		return t.unread[0]
	})
}

// inspectClients reads clients in batches, and those of a batch that fails one by one.
func (s *Store) inspectClients(ctx context.Context, i *inspection) (int, error) {
	var ids []int64
	err := s.read(ctx, "list clients", func(t *tx) (err error) {
		ids, err = column[int64](t, `SELECT id FROM person ORDER BY id`)
		return err
	})
	if err != nil {
		return 0, err
	}
	const batch = 500
	readable := func(part []int64) error {
		return s.readWhole(ctx, "read clients", func(t *tx) error {
			if _, err := clientViews(t, part, whole()); err != nil {
				return err
			}
			return openNumbers(t, part)
		})
	}
	for part := range slices.Chunk(ids, batch) {
		if readable(part) == nil {
			continue
		}
		for one := range slices.Chunk(part, 1) {
			if err := readable(one); err != nil {
				i.find("client "+s.pseudonymOf(ctx, one[0]), err)
			}
			if i.full() || ctx.Err() != nil {
				return len(ids), nil
			}
		}
	}
	return len(ids), nil
}

func (s *Store) pseudonymOf(ctx context.Context, person int64) string {
	name := "?"
	_ = s.read(ctx, "name a client", func(t *tx) error { // it may be the very row that can't be read
		return t.row(`SELECT pseudonym FROM person WHERE id = ?`, []any{person}, &name)
	})
	return name
}

func (s *Store) inspectEntries(ctx context.Context, i *inspection) (int, error) {
	n := 0
	err := s.read(ctx, "read entries", func(t *tx) error {
		for rs, err := range t.rows(entryColumns + entryTables + `ORDER BY e.id`) {
			if err != nil {
				return err
			}
			n++
			sealed, err := scanEntry(rs)
			if err == nil {
				_, err = s.openEntry(sealed)
			}
			if err != nil {
				i.find("entry "+sealed.ID, err)
			}
		}
		return nil
	})
	return n, err
}

// inspectAudit walks the chain. Its end is told, as a chain that was cut short shows only
// by an end that was noted elsewhere.
func (s *Store) inspectAudit(ctx context.Context, i *inspection) error {
	var head audit.Head
	err := s.Audit(ctx, "", func(r audit.Record) error {
		head = audit.Head{Seq: r.Seq, Hash: r.Hash}
		return nil
	})
	i.Looked = fmt.Sprintf("%d records of the audit, the last with hash %s", head.Seq, head.Hash)
	if err != nil {
		i.Looked = fmt.Sprintf("the audit: what comes behind record %d can't be relied on", head.Seq)
	}
	return err
}
