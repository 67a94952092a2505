package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// What most rows and records consist of: each value that is bound costs, an empty one too.
const (
	rowColumns    = "id, file, number, skipped, rejected, line, outcome"
	recordColumns = "row, kind, client_ix, key_ix, digest, deleted, columns, payload"
)

// StageSet implements ledger.Ingest.
func (s *Store) StageSet(ctx context.Context, run, ocmw string, files []ledger.File) (ledger.Staging, error) {
	for i, f := range files {
		if slices.ContainsFunc(files[:i], func(other ledger.File) bool { return other.Feed == f.Feed }) {
			return nil, fmt.Errorf("stage set: two of its files are of feed %s", f.Feed)
		}
	}
	g := &staging{
		s: s, ocmw: ocmw, run: run,
		clients: newInsertion("staged_client", `client_ix, ocmw, client, pseudonym`, ` ON CONFLICT DO NOTHING`),
		rows:    newInsertion("export_row", rowColumns, ""),
		held:    newInsertion("export_row", rowColumns+", client_ix, client", ""),
		records: newInsertion("row_record", recordColumns, ""),
		people:  newInsertion("row_record", recordColumns+", insz_ix, insz, caseworker_ix, caseworker", ""),
	}
	err := s.write(ctx, "stage set", func(t *tx) error {
		if err := dropStaging(t); err != nil {
			return err
		}
		var err error
		g.set, err = t.insert(`INSERT INTO export_set (ocmw, run, state, staged_at) VALUES (?, ?, 'staging', ?)`,
			ocmw, run, stored(s.now()))
		if err != nil {
			return err
		}
		for i, f := range files {
			staged, err := stageFile(t, g.set, ocmw, i, f)
			if err != nil {
				return err
			}
			g.files = append(g.files, staged)
		}
		return t.row(`SELECT COALESCE(MAX(id), 0) + 1 FROM export_row`, nil, &g.next)
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// dropStaging throws away what an interrupted staging left.
func dropStaging(t *tx) error {
	defer t.interruptible()()
	for {
		ids, err := column[int64](t, `SELECT r.id FROM export_set s CROSS JOIN export_file f ON f.export_set = s.id CROSS JOIN export_row r ON r.file = f.id
			WHERE s.state = 'staging' LIMIT ?`, rowsAtATime)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for _, statement := range []string{`DELETE FROM row_record WHERE row`, `DELETE FROM export_row WHERE id`} {
			if _, err := t.exec(statement+` IN (SELECT value FROM json_each(?))`, list(ids)); err != nil {
				return err
			}
		}
	}
	for _, statement := range []string{
		`DELETE FROM export_set WHERE state = 'staging'`, // its files and kept runs go with it
		`DELETE FROM staged_client`,
	} {
		if _, err := t.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func stageFile(t *tx, set int64, ocmw string, position int, f ledger.File) (stagedFile, error) {
	staged := stagedFile{name: f.Name, digest: lineDigester(t.s, ocmw, f)}
	var feed int64
	err := t.row(`INSERT INTO feed (ocmw, name) VALUES (?, ?)
		ON CONFLICT (ocmw, name) DO UPDATE SET name = excluded.name RETURNING id`, []any{ocmw, f.Feed}, &feed)
	if err != nil {
		return staged, err
	}
	last, err := lastIngested(t, ocmw, f.Feed)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return staged, err
	}
	seen := err == nil && last.Hash == f.Hash && last.Interpretation == f.Interpretation
	if staged.keeper, err = newKeeper(t, ocmw, feed, f); err != nil {
		return staged, err
	}
	staged.id, err = t.insert(`INSERT INTO export_file
		(export_set, position, feed, name, hash, size, snapshot_on, interpretation, delta, seen, first_row)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(id), 0) + 1 FROM export_row))`,
		set, position, feed, f.Name, f.Hash, f.Size, stored(f.SnapshotOn), f.Interpretation, bit(f.Delta), bit(seen))
	return staged, err
}

// LastIngested implements ledger.Ingest.
func (s *Store) LastIngested(ctx context.Context, ocmw, feed string) (ledger.File, error) {
	var f ledger.File
	err := s.read(ctx, "find last file", func(t *tx) (err error) {
		f, err = lastIngested(t, ocmw, feed)
		return err
	})
	return f, err
}

func lastIngested(t *tx, ocmw, feed string) (ledger.File, error) {
	f := ledger.File{Feed: feed}
	var on int64
	err := t.row(`SELECT f.name, f.hash, f.size, f.snapshot_on, f.interpretation, f.delta
		FROM feed d JOIN export_file f ON f.feed = d.id JOIN export_set s ON s.id = f.export_set
		WHERE d.ocmw = ? AND d.name = ? AND s.state = 'active' ORDER BY f.export_set DESC, f.position DESC LIMIT 1`,
		[]any{ocmw, feed}, &f.Name, &f.Hash, &f.Size, &on, &f.Interpretation, &f.Delta)
	if err != nil {
		return ledger.File{}, found(err)
	}
	f.SnapshotOn = instant(on)
	return f, nil
}

// staging is a ledger.Staging. Keep has the keepers to itself while Prepare and Add run, up to Activate, and Prepare all that is not for its
// parts alone.
type staging struct {
	s     *Store
	set   int64
	ocmw  string
	run   string
	files []stagedFile
	first bool // nobody of the OCMW was known before Activate
	done  bool

	next int64 // row's id; Prepare's
	// Of the records before, in the same transaction; Prepare's.
	last    stagedClient
	columns map[string]int64 // by their text
	// for its parts: clients, rows and records, and of these those that name a client, and say more of one
	clients, rows, held, records, people *bulk
}

// stagedClient is a client who stands among the staged ones.
type stagedClient struct {
	number    string
	ix        []byte
	sealed    []byte
	pseudonym string
}

type stagedFile struct {
	id     int64
	name   string
	number int // of the last row that was added
	digest func(line []byte) []byte
	keeper *keeper
}

// errStagingOver: another StageSet or Discard came in between.
var errStagingOver = errors.New("this staging generation is over")

// Add implements ledger.Staging.
func (g *staging) Add(ctx context.Context, rows []ledger.Row) error {
	add, err := g.Prepare(rows)
	if err != nil {
		return err
	}
	return add(ctx)
}

// Prepare implements ledger.Staging: it seals, without a transaction. Nobody else adds rows, so it knows the numbers that they get.
func (g *staging) Prepare(rows []ledger.Row) (add func(ctx context.Context) error, err error) {
	g.last, g.columns = stagedClient{}, map[string]int64{}
	parts := make([]*stagedPart, 0, (len(rows)+manyRows-1)/manyRows)
	for some := range slices.Chunk(rows, manyRows) {
		part, err := g.sealPart(g.next, some)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		g.next += int64(len(some))
	}
	return func(ctx context.Context) error { return g.insert(ctx, parts) }, nil
}

func (g *staging) insert(ctx context.Context, parts []*stagedPart) error {
	if len(parts) == 0 {
		return nil
	}
	return g.s.write(ctx, "stage rows", func(t *tx) error {
		if err := g.open(t); err != nil {
			return err
		}
		for _, part := range parts {
			if err := part.insert(t); err != nil {
				return err
			}
		}
		return nil
	})
}

// stagedPart is some rows with all that refers to them, ready to be inserted.
type stagedPart struct {
	ocmw    string
	clients []*bulk // who are not of the part before
	columns []sharedColumns
	first   int64
	given   []ledger.Row
	rows    []*bulk // in their order, as are records
	records []*bulk
}

// inOrder is the last of some insertions, where that is like the one that is wanted, else another behind them.
func inOrder(all *[]*bulk, like *bulk) *bulk {
	if n := len(*all); n > 0 && (*all)[n-1].before == like.before {
		return (*all)[n-1]
	}
	in := like.another()
	*all = append(*all, in)
	return in
}

func (g *staging) sealPart(first int64, rows []ledger.Row) (*stagedPart, error) {
	p := &stagedPart{ocmw: g.ocmw, first: first, given: rows}
	for i, r := range rows {
		if err := g.add(p, first+int64(i), r); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// insert stages clients in the order of the rows, and what refers to a row behind it.
func (p *stagedPart) insert(t *tx) error {
	if err := addColumns(t, p.columns); err != nil {
		return err
	}
	if err := runAll(t, append(p.clients, p.rows...)...); err != nil {
		return err
	}
	for i, r := range p.given {
		if err := addRejections(t, p.ocmw, p.first+int64(i), r.Rejections); err != nil {
			return err
		}
	}
	return runAll(t, p.records...)
}

func (g *staging) open(t *tx) error {
	var state string
	err := t.row(`SELECT state FROM export_set WHERE id = ?`, []any{g.set}, &state)
	if errors.Is(err, errNoRows) || err == nil && state != "staging" {
		return errStagingOver
	}
	return err
}

func (g *staging) add(p *stagedPart, id int64, r ledger.Row) error {
	if r.File < 0 || r.File >= len(g.files) {
		return fmt.Errorf("row names file %d of a set of %d", r.File, len(g.files))
	}
	rejected := len(r.Rejections) > 0
	f := &g.files[r.File]
	var line []byte
	if len(r.Line) > 0 && !rejected && !r.Skipped && r.Number > f.number {
		digest := lineDigest(f.digest(r.Line))
		line = digest[:]
	}
	f.number = max(f.number, r.Number)
	row := []any{id, f.id, r.Number, bit(r.Skipped && !rejected), bit(rejected), line, firstOutcome(r)}
	if rejected && r.Client != "" {
		client := g.stageClient(p, r.Client)
		inOrder(&p.rows, g.held).add(append(row, client.ix, client.sealed)...)
	} else {
		inOrder(&p.rows, g.rows).add(row...)
	}
	if rejected || r.Skipped {
		return nil
	}
	for _, rec := range r.Records {
		g.addRecord(p, id, rec)
	}
	return nil
}

// firstOutcome is what a row comes to as far as can be said before it is compared: most rows of a set that is read in full are new, or all
// of its rows are written once more. nil for one without a record, of which the balance tells.
func firstOutcome(r ledger.Row) any {
	switch {
	case len(r.Rejections) > 0:
		return "rejected"
	case r.Skipped:
		return "skipped"
	case len(r.Records) > 0:
		return "new"
	}
	return nil
}

// stageClient makes sure that the client stands among the staged ones. Exports have the rows of a client together.
func (g *staging) stageClient(p *stagedPart, number string) stagedClient {
	if number == g.last.number && g.last.ix != nil {
		return g.last
	}
	c := stagedClient{number: number, ix: g.s.ix("client", g.ocmw, number), pseudonym: g.s.keys.Pseudonym(g.ocmw, number)}
	c.sealed = g.s.seal("person", g.ocmw, place(c.ix), "client", []byte(number))
	inOrder(&p.clients, g.clients).add(c.ix, g.ocmw, c.sealed, c.pseudonym)
	g.last = c
	return c
}

func addRejections(t *tx, ocmw string, row int64, rejections []ledger.Rejection) error {
	for i, r := range rejections {
		if err := addRejection(t, ocmw, row, i, r); err != nil {
			return err
		}
	}
	return nil
}

func addRejection(t *tx, ocmw string, row int64, ordinal int, r ledger.Rejection) error {
	payload, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode rejection: %w", err)
	}
	_, err = t.exec(`INSERT INTO row_rejection (row, ordinal, digest, payload) VALUES (?, ?, ?, ?)`,
		row, ordinal, t.s.ix("rejection", string(payload)),
		t.s.seal("row_rejection", ocmw, rejectionPlace(row, ordinal), "payload", payload))
	return err
}

func rejectionPlace(row int64, ordinal int) string { return fmt.Sprintf("%d/%d", row, ordinal) }

func (g *staging) addRecord(p *stagedPart, row int64, r ledger.StoredRecord) {
	s := g.s
	client := g.stageClient(p, r.Client).ix
	key := s.ix("key", g.ocmw, string(r.Kind), r.Client, r.Key)
	digest := s.ix("content", string(r.Kind), r.Hash, strconv.FormatBool(r.Deleted))
	sealed := s.seal("record", g.ocmw, place(key, digest), "payload", r.Payload)
	record := []any{row, string(r.Kind), client, key, digest, bit(r.Deleted), g.shareColumns(p, r.Columns), sealed}
	if r.Kind == casefile.KindClient {
		inOrder(&p.records, g.people).add(append(record, g.ofPerson(client, r)...)...)
	} else {
		inOrder(&p.records, g.records).add(record...)
	}
}

// ofPerson are a client's INSZ and caseworker, to be found by and to be read.
func (g *staging) ofPerson(client []byte, r ledger.StoredRecord) []any {
	var inszIx, insz, workerIx, worker []byte
	if r.INSZ != "" {
		inszIx = g.s.ix("insz", g.ocmw, r.INSZ)
		insz = g.s.seal("person", g.ocmw, place(client), "insz", []byte(r.INSZ))
	}
	if r.Caseworker != "" {
		workerIx = g.s.ix("caseworker", g.ocmw, r.Caseworker)
		worker = g.s.seal("person", g.ocmw, place(client), "caseworker", []byte(r.Caseworker))
	}
	return []any{inszIx, insz, workerIx, worker}
}

// rest ends what reads ahead.
func (g *staging) rest() {
	for _, f := range g.files {
		f.keeper.wait()
	}
}

func (g *staging) Discard(ctx context.Context) error {
	g.rest()
	if g.done {
		return nil
	}
	g.done = true
	return g.s.write(ctx, "discard staged set", func(t *tx) error {
		err := g.open(t)
		if errors.Is(err, errStagingOver) {
			return nil
		}
		if err != nil {
			return err
		}
		return dropStaging(t)
	})
}
