package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// Totals implements ledger.Reading.
func (s *Store) Totals(ctx context.Context, ocmw, run string) (ledger.Totals, error) {
	totals := ledger.Totals{
		Clients: map[ledger.OutcomeKind]int{}, Categories: map[casefile.Code]ledger.CategoryTotal{},
		Entries: map[outbox.State]int{}, Settled: map[casefile.RegistrationKind]int{}, Handovers: map[casefile.HandoverKind]int{},
	}
	err := s.read(ctx, "count", func(t *tx) error {
		for _, count := range []func(*tx, *ledger.Totals, string, string) error{
			totalFiles, totalClients, totalCategories, totalEntries, totalSettled,
		} {
			if err := count(t, &totals, ocmw, run); err != nil {
				return err
			}
		}
		return nil
	})
	return totals, err
}

func totalFiles(t *tx, into *ledger.Totals, ocmw, run string) (err error) {
	where := `s.state = 'active' AND s.run = ?2`
	if run == "" {
		where = `s.id IN (SELECT MAX(id) FROM export_set WHERE state = 'active' GROUP BY ocmw) AND ?2 = ''`
	}
	const of = ` AND (?1 = '' OR s.ocmw = ?1)`
	if into.Files, err = balances(t, where+of, ocmw, run); err != nil || run != "" {
		return err
	}
	into.Last, err = balances(t, `(f.feed, f.export_set) IN (SELECT x.feed, MAX(x.export_set) FROM export_file x JOIN export_set xs ON xs.id = x.export_set
		WHERE xs.state = 'active' GROUP BY x.feed)`+of, ocmw)
	return err
}

// counts reads a query of a word and a number.
func counts(t *tx, each func(word string, n int), query string, args ...any) error {
	for rs, err := range t.rows(query, args...) {
		if err != nil {
			return err
		}
		var word string
		var n int
		if err := rs.Scan(&word, &n); err != nil {
			return err
		}
		each(word, n)
	}
	return nil
}

func totalClients(t *tx, into *ledger.Totals, ocmw, _ string) error {
	err := counts(t, func(word string, n int) { into.Clients[ledger.OutcomeKind(word)] = n },
		`SELECT outcome, COUNT(*) FROM person WHERE outcome IS NOT NULL AND (?1 = '' OR ocmw = ?1) GROUP BY outcome`, ocmw)
	if err != nil {
		return err
	}
	return t.row(`SELECT COUNT(*) FILTER (WHERE outcome IS NULL), COUNT(*) FILTER (WHERE outcome IS NOT NULL) FROM person p
		WHERE (outcome IS NULL OR looked_up = 0 AND insz_ix IS NOT NULL) AND (?1 = '' OR ocmw = ?1)
			AND (held = 1 OR EXISTS (SELECT 1 FROM record r WHERE r.person = p.id AND r.missing_since IS NULL))`,
		[]any{ocmw}, &into.Undecided, &into.ToLookUp)
}

func totalCategories(t *tx, into *ledger.Totals, ocmw, _ string) error {
	for column, add := range map[string]func(c *ledger.CategoryTotal, n int){
		"before_category": func(c *ledger.CategoryTotal, n int) { c.Before = n },
		"category":        func(c *ledger.CategoryTotal, n int) { c.After = n },
	} {
		err := counts(t, func(word string, n int) {
			total := into.Categories[casefile.Code(word)]
			add(&total, n)
			into.Categories[casefile.Code(word)] = total
		}, `SELECT IIF(contacted = 1, `+column+`, '`+string(ledger.NotLookedUp)+`'), COUNT(*) FROM person WHERE ?1 = '' OR ocmw = ?1 GROUP BY 1`, ocmw)
		if err != nil {
			return err
		}
	}
	return nil
}

func totalEntries(t *tx, into *ledger.Totals, ocmw, _ string) error {
	err := counts(t, func(word string, n int) { into.Entries[outbox.State(word)] = n },
		countStates, ocmw)
	if err != nil {
		return err
	}
	var doubt *int64
	err = t.row(`SELECT MIN(doubt_since) FROM entry WHERE `+inFlight+` AND state = 'inDoubt' AND (?1 = '' OR ocmw = ?1)`, []any{ocmw}, &doubt)
	if err != nil {
		return err
	}
	into.InDoubtSince = instantOf(doubt)
	return t.row(`SELECT COUNT(*) FROM entry WHERE state = 'waiting' AND approved = 0 AND (?1 = '' OR ocmw = ?1)`, []any{ocmw}, &into.Unapproved)
}

func totalSettled(t *tx, into *ledger.Totals, ocmw, run string) error {
	const where = ` FROM entry WHERE settled_run IS NOT NULL AND (?1 = '' OR settled_run = ?1) AND (?2 = '' OR ocmw = ?2)`
	err := counts(t, func(word string, n int) { into.Settled[casefile.RegistrationKind(word)] = n },
		`SELECT kind, COUNT(*)`+where+` GROUP BY kind`, run, ocmw)
	if err != nil {
		return err
	}
	return counts(t, func(word string, n int) { into.Handovers[casefile.HandoverKind(word)] = n },
		`SELECT detail, COUNT(*)`+where+` AND kind = ?3 GROUP BY detail`, run, ocmw, string(casefile.RegHandover))
}

// resting are the states that entry_state has: what is being sent and what is settled have indexes of their own.
const resting = `state NOT IN ('claimed', 'settled')`

// inStates finds entries in some states, each by the index that it stands in, and by nothing else.
func inStates(states []outbox.State) (condition string, args []any) {
	var parts []string
	var rest []outbox.State
	for _, state := range states {
		switch state {
		case outbox.Claimed:
			parts = append(parts, inFlight+` AND state = 'claimed'`)
		case outbox.Settled:
			parts = append(parts, `settled_run IS NOT NULL`)
		default:
			rest = append(rest, state)
		}
	}
	if len(rest) > 0 {
		parts, args = append(parts, resting+` AND state IN (SELECT value FROM json_each(?))`), append(args, list(rest))
	}
	const each = `SELECT rowid FROM entry WHERE `
	return `e.rowid IN (` + each + strings.Join(parts, ` UNION ALL `+each) + `)`, args
}

// countStates counts the entries in each state, by the same indexes.
const countStates = `SELECT state, COUNT(*) FROM entry WHERE ` + resting + ` AND (?1 = '' OR ocmw = ?1) GROUP BY state
	UNION ALL SELECT 'claimed', COUNT(*) FROM entry WHERE ` + inFlight + ` AND state = 'claimed' AND (?1 = '' OR ocmw = ?1) HAVING COUNT(*) > 0
	UNION ALL SELECT 'settled', COUNT(*) FROM entry WHERE settled_run IS NOT NULL AND (?1 = '' OR ocmw = ?1) HAVING COUNT(*) > 0`

// Entries implements ledger.Reading: in order of OCMW and lane.
func (s *Store) Entries(ctx context.Context, f ledger.EntryFilter) ([]outbox.Entry, error) {
	var conditions []string
	var args []any
	where := func(condition string, with ...any) {
		conditions, args = append(conditions, condition), append(args, with...)
	}
	if f.OCMW != "" {
		where(`e.ocmw = ?`, f.OCMW)
	}
	if f.Person != 0 {
		where(`e.person = ?`, f.Person)
	}
	switch {
	case len(f.States) > 0 && f.Person != 0:
		where(`e.state IN (SELECT value FROM json_each(?))`, list(f.States))
	case len(f.States) > 0:
		condition, with := inStates(f.States)
		where(condition, with...)
	}
	if f.Run != "" {
		where(`? IN (e.run, e.settled_run)`, f.Run)
	}
	query := entryColumns + entryTables
	if len(conditions) > 0 {
		query += `WHERE ` + strings.Join(conditions, ` AND `)
	}
	query += ` ORDER BY e.ocmw, e.person, e.seq`
	if f.Limit > 0 {
		query, args = query+` LIMIT ?`, append(args, f.Limit)
	}
	var all []outbox.Entry
	err := s.read(ctx, "list entries", func(t *tx) error {
		for rs, err := range t.rows(query, args...) {
			if err != nil {
				return err
			}
			e, err := t.readEntry(rs)
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	return all, err
}

// Lanes implements ledger.Reading.
func (s *Store) Lanes(ctx context.Context, states []outbox.State, each func(lane []outbox.Entry) error) error {
	within, args := inStates(states)
	return s.read(ctx, "walk lanes", func(t *tx) error {
		var lane []outbox.Entry
		// Only places are sorted, in memory, and rows read in their order; the LIMIT keeps SQLite from sorting rows all the same.
		for rs, err := range t.rows(bareColumns+` FROM (SELECT e.rowid AS place FROM entry e WHERE `+within+` ORDER BY e.person, e.seq LIMIT -1) o
				CROSS JOIN entry e ON e.rowid = o.place CROSS JOIN person p ON p.id = e.person`, args...) {
			if err != nil {
				return err
			}
			e, err := scanEntry(rs)
			if err != nil {
				return err
			}
			if len(lane) > 0 && lane[0].Person != e.Person {
				if err := each(lane); err != nil {
					return err
				}
				lane = lane[:0]
			}
			lane = append(lane, e.Entry)
		}
		if len(lane) == 0 {
			return nil
		}
		return each(lane)
	})
}

// Entry implements ledger.Reading.
func (s *Store) Entry(ctx context.Context, id string) (outbox.Entry, error) {
	var e outbox.Entry
	err := s.read(ctx, "read entry", func(t *tx) (err error) {
		e, err = entryByID(t, id)
		return err
	})
	return e, err
}

// Pseudonyms implements ledger.Reading.
func (s *Store) Pseudonyms(ctx context.Context, people []int64) (map[int64]string, error) {
	names := make(map[int64]string, len(people))
	err := s.read(ctx, "name clients", func(t *tx) error {
		for rs, err := range t.rows(`SELECT id, pseudonym FROM person WHERE id IN (SELECT value FROM json_each(?))`, list(people)) {
			if err != nil {
				return err
			}
			var person int64
			var name string
			if err := rs.Scan(&person, &name); err != nil {
				return err
			}
			names[person] = name
		}
		return nil
	})
	return names, err
}

// Find implements ledger.Reading.
func (s *Store) Find(ctx context.Context, ocmw, client string) (ledger.ClientView, error) {
	var view ledger.ClientView
	err := s.read(ctx, "find client", func(t *tx) error {
		ids, err := column[int64](t, `SELECT id FROM person WHERE ocmw = ? AND client_ix = ?`, ocmw, s.ix("client", ocmw, client))
		if pseudonym, ok := seal.NormalizePseudonym(client); err == nil && len(ids) == 0 && ok {
			ids, err = column[int64](t, `SELECT id FROM person WHERE pseudonym = ?1 AND (?2 = '' OR ocmw = ?2)`, pseudonym, ocmw)
		}
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return ledger.ErrNotFound
		}
		views, err := clientViews(t, ids[:1], whole())
		if err == nil {
			view = views[0]
		}
		return err
	})
	return view, err
}

// Clients implements ledger.Reading.
func (s *Store) Clients(ctx context.Context, ocmw string, each func(ledger.ClientView) error) error {
	return s.walk(ctx, ocmw, whole(), each)
}

// Decisions implements ledger.Reading.
func (s *Store) Decisions(ctx context.Context, ocmw string, each func(ledger.ClientView) error) error {
	return s.walk(ctx, ocmw, decided(), each)
}

// walk reads all clients, a batch at a time. No transaction is open while each runs.
func (s *Store) walk(ctx context.Context, ocmw string, parts []readsViews, each func(ledger.ClientView) error) error {
	ids, err := s.byClientNumber(ctx, ocmw)
	if err != nil {
		return err
	}
	const batch = 50 // clients with all their records are in memory at a time
	for part := range slices.Chunk(ids, batch) {
		var views []ledger.ClientView
		var undecided []int64
		err := s.read(ctx, "walk clients", func(t *tx) (err error) {
			views, err = clientViews(t, part, parts)
			undecided = t.undecided
			return err
		})
		if err != nil {
			return err
		}
		s.undecided.add(undecided)
		for _, v := range views {
			if err := each(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// byClientNumber orders by what is sealed, so it is read and sorted here.
func (s *Store) byClientNumber(ctx context.Context, ocmw string) ([]int64, error) {
	var list numbered
	err := s.read(ctx, "list clients", func(t *tx) error {
		var n int
		if err := t.row(`SELECT count(*) FROM person WHERE ?1 = '' OR ocmw = ?1`, []any{ocmw}, &n); err != nil {
			return err
		}
		list.keys = make([]numberedKey, 0, n)
		for rs, err := range t.rows(`SELECT id, ocmw, client_ix, client FROM person WHERE ?1 = '' OR ocmw = ?1`, ocmw) {
			if err != nil {
				return err
			}
			var id int64
			var of string
			var ix, sealed []byte
			if err := rs.Scan(&id, &of, &ix, &sealed); err != nil {
				return err
			}
			client, err := t.nameOf(of, place(ix), "client", sealed)
			if err != nil {
				return err
			}
			list.add(id, of, client)
		}
		return nil
	})
	return list.sorted(), err
}

// numbered are persons with their client numbers, which lie behind each other in one text: of a large
// municipality it holds tens of thousands.
type numbered struct {
	ocmws []string
	text  []byte
	keys  []numberedKey
}

// numberedKey: ocmw is a place in the list of them, the client number is text[from:to].
type numberedKey struct {
	id             int64
	ocmw, from, to uint32
}

func (n *numbered) add(id int64, ocmw, client string) {
	of := slices.Index(n.ocmws, ocmw)
	if of < 0 {
		of, n.ocmws = len(n.ocmws), append(n.ocmws, ocmw)
	}
	from := len(n.text)
	n.text = append(n.text, client...)
	n.keys = append(n.keys, numberedKey{id, uint32(of), uint32(from), uint32(len(n.text))})
}

// sorted are the ids, by OCMW and client number.
func (n *numbered) sorted() []int64 {
	slices.SortFunc(n.keys, func(a, b numberedKey) int {
		return cmp.Or(cmp.Compare(n.ocmws[a.ocmw], n.ocmws[b.ocmw]), bytes.Compare(n.text[a.from:a.to], n.text[b.from:b.to]))
	})
	ids := make([]int64, len(n.keys))
	for i, k := range n.keys {
		ids[i] = k.id
	}
	return ids
}

// rejectedQuery sorts places alone, as Lanes does: SQLite would sort the rows themselves in memory, however many they are.
const rejectedQuery = `SELECT r.id, x.ordinal, x.payload, f.name, r.client_ix, r.client, p.caseworker
	FROM (SELECT r.id AS place FROM export_set s JOIN export_file f ON f.export_set = s.id JOIN export_row r ON r.file = f.id
			WHERE r.rejected = 1 AND s.state = 'active' AND s.ocmw = ? ORDER BY f.position, f.name, r.number, r.id LIMIT -1) o
		CROSS JOIN export_row r ON r.id = o.place CROSS JOIN row_rejection x ON x.row = r.id CROSS JOIN export_file f ON f.id = r.file
		LEFT JOIN person p ON p.client_ix = r.client_ix`

// Rejected implements ledger.Reading.
func (s *Store) Rejected(ctx context.Context, ocmw string, each func(ledger.RejectedRow) error) error {
	return s.read(ctx, "list rejected rows", func(t *tx) error { return rejected(t, ocmw, each) })
}

func rejected(t *tx, ocmw string, each func(ledger.RejectedRow) error) error {
	for rs, err := range t.rows(rejectedQuery, ocmw) {
		if err != nil {
			return err
		}
		row, err := t.scanRejected(rs, ocmw)
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) scanRejected(rs *rows, ocmw string) (ledger.RejectedRow, error) {
	var r ledger.RejectedRow
	var row int64
	var ordinal int
	var payload, ix, client, worker []byte
	if err := rs.Scan(&row, &ordinal, &payload, &r.File, &ix, &client, &worker); err != nil {
		return r, err
	}
	var err error
	if r.Rejection, err = t.rejectionOf(ocmw, row, ordinal, payload); err != nil {
		return r, err
	}
	if r.Client, err = t.nameOf(ocmw, place(ix), "client", client); err != nil {
		return r, err
	}
	r.Caseworker, err = t.nameOf(ocmw, place(ix), "caseworker", worker)
	return r, err
}

// nameOf opens what a person goes by; empty where there is none, or it is damaged.
func (t *tx) nameOf(ocmw, row, column string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := t.s.open("person", ocmw, row, column, sealed)
	if err != nil {
		err = t.alone(sealed, err)
	}
	return string(plain), err
}

// rejectionOf opens why a row was rejected. Where that is damaged it says so: the row is rejected all the same.
func (t *tx) rejectionOf(ocmw string, row int64, ordinal int, sealed []byte) (ledger.Rejection, error) {
	r, err := t.s.openRejection(ocmw, row, ordinal, sealed)
	if err == nil {
		return r, nil
	}
	return ledger.Rejection{
		ReasonNL: "waarom deze rij afgekeurd werd, kan niet meer gelezen worden", ReasonEN: "why this row was rejected can't be read back",
		HintNL: "exporteer opnieuw", HintEN: "export again",
	}, t.alone(sealed, err)
}

func (s *Store) openRejection(ocmw string, row int64, ordinal int, sealed []byte) (ledger.Rejection, error) {
	var r ledger.Rejection
	plain, err := s.open("row_rejection", ocmw, rejectionPlace(row, ordinal), "payload", sealed)
	if err != nil {
		return r, err
	}
	return r, wrap("read rejection", json.Unmarshal(plain, &r))
}

// Notes implements ledger.Reading: those of the OCMW and those of all; every note
// when ocmw is empty.
func (s *Store) Notes(ctx context.Context, ocmw string) (all []ledger.Note, err error) {
	err = s.read(ctx, "list notes", func(t *tx) error {
		all, err = notes(t, ocmw)
		return err
	})
	return all, err
}

func notes(t *tx, ocmw string) ([]ledger.Note, error) {
	var all []ledger.Note
	for rs, err := range t.rows(`SELECT topic, ocmw, key, level, since, payload FROM note
		WHERE ?1 = '' OR ocmw IN ('', ?1) ORDER BY ocmw, topic, key`, ocmw) {
		if err != nil {
			return nil, err
		}
		n, err := t.scanNote(rs)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// scanNote reads a note. One that is damaged says so.
func (t *tx) scanNote(rs *rows) (ledger.Note, error) {
	var n ledger.Note
	var topic string
	var since int64
	var payload []byte
	if err := rs.Scan(&topic, &n.OCMW, &n.Key, &n.Level, &since, &payload); err != nil {
		return n, err
	}
	n.Since = instant(since)
	texts := [2]string{"een opmerking die hier stond, kan niet meer gelezen worden", "a note that stood here can't be read back"}
	plain, err := t.s.open("note", n.OCMW, topic+"/"+n.Key, "payload", payload)
	if err == nil {
		err = json.Unmarshal(plain, &texts)
	}
	n.NL, n.EN = texts[0], texts[1]
	if err != nil {
		return n, t.alone(payload, err)
	}
	return n, nil
}

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
