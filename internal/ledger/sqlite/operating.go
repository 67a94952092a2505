package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// runKey is where the present run's id stands, for what is done without naming one, and beganKey when it began.
const (
	runKey   = "run"
	beganKey = "runBegan"
)

// run is the present run's id; empty before the first.
func (t *tx) run() string {
	var run string
	if err := t.row(`SELECT value FROM meta WHERE key = ?`, []any{runKey}, &run); err != nil {
		return ""
	}
	return run
}

// StartRun implements ledger.Operating.
func (s *Store) StartRun(ctx context.Context, run string, now time.Time) error {
	return s.write(ctx, "start run", func(t *tx) error {
		if err := refreshCategories(t, s.day(now)); err != nil {
			return err
		}
		if err := setMeta(t, runKey, run); err != nil {
			return err
		}
		if err := comeForward(t, now); err != nil {
			return err
		}
		if err := decideAnew(t, now); err != nil {
			return err
		}
		if err := forgetTold(t, now); err != nil {
			return err
		}
		if err := setDirty(t, s.undecided.take()...); err != nil {
			return err
		}
		_, err := t.exec(categoriesBefore)
		return err
	})
}

// comeForward lets go what waits longer than anything is made to wait: the clock was set back since. It can have been wrong by a year, and
// the client would wait until that is over.
func comeForward(t *tx, now time.Time) error {
	for _, state := range []outbox.State{outbox.InDoubt, outbox.Waiting} {
		if _, err := t.exec(farAhead(state), stored(now), stored(now.Add(outbox.MaxDelay))); err != nil {
			return err
		}
	}
	return nil
}

// farAhead has each entry in a state go at ?1 that is due behind ?2, by the index of what is due.
func farAhead(state outbox.State) string {
	return `UPDATE entry SET not_before = ?1
		WHERE state = '` + string(state) + `' AND (head = 1 OR state = 'inDoubt') AND approved = 1 AND claim IS NULL AND not_before > ?2`
}

// decideAnew has those decided again who were decided at an instant that is still to come, where the clock was set back since the last run
// began: their next review was counted from a wrong day, and can be a year away. It walks over all clients, and only then.
func decideAnew(t *tx, now time.Time) error {
	var began int64
	err := t.row(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?`, []any{beganKey}, &began)
	if err != nil && !errors.Is(err, errNoRows) {
		return err
	}
	if stored(now) < began {
		if _, err := t.exec(`UPDATE person SET dirty = 1 WHERE dirty = 0 AND decided_at > ?`, stored(now)); err != nil {
			return err
		}
	}
	return setMeta(t, beganKey, number(stored(now)))
}

const categoriesBefore = `UPDATE person SET before_category = category WHERE before_category <> category`

// refreshCategories brings clients to the category that a dossier held already with a
// later valid-from, now that its day has come.
func refreshCategories(t *tx, day casefile.Date) error {
	ids, err := column[int64](t, `SELECT id FROM person WHERE category_next <> '' AND category_next <= ?`, string(day))
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, 50) { // on the first of January they can be all
		people, _, err := loadSound(t, part) // a dossier that is damaged says nothing of a category
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(people)) {
			code, next := categoryOn(people[id].known.Dossier, day)
			if _, err := t.exec(`UPDATE person SET category = ?, category_next = ? WHERE id = ?`, code, next, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Guard implements ledger.Operating.
func (s *Store) Guard(ctx context.Context, ocmw string) (g ledger.GuardState, err error) {
	err = s.read(ctx, "read guard", func(t *tx) error {
		if g, err = pending(t, ocmw); err != nil {
			return err
		}
		return t.row(`SELECT COUNT(DISTINCT r.person) FROM feed f CROSS JOIN record r INDEXED BY record_client ON r.feed = f.id
			WHERE f.ocmw = ? AND r.kind = 'client' AND r.missing_since IS NULL`, []any{ocmw}, &g.Clients)
	})
	return g, err
}

// Pending implements ledger.Operating.
func (s *Store) Pending(ctx context.Context, ocmw string) (g ledger.GuardState, err error) {
	err = s.read(ctx, "read what waits for the guard", func(t *tx) error {
		g, err = pending(t, ocmw)
		return err
	})
	return g, err
}

func pending(t *tx, ocmw string) (g ledger.GuardState, err error) {
	var approved, stopped *int64
	err = t.row(`SELECT approved_at, stopped_at, stop_reason_nl, stop_reason_en FROM ocmw WHERE kbo = ?`,
		[]any{ocmw}, &approved, &stopped, &g.ReasonNL, &g.ReasonEN)
	if err != nil && !errors.Is(err, errNoRows) {
		return g, err
	}
	g.FirstRun, g.Stopped, g.Since = approved == nil, stopped != nil, instantOf(stopped)
	if g.Shrunk, err = shrunk(t, ocmw); err != nil {
		return g, err
	}
	err = t.row(`SELECT COUNT(DISTINCT person) FROM entry WHERE ocmw = ? AND state = 'waiting' AND approved = 0`, []any{ocmw}, &g.Changing)
	return g, err
}

// shrunk lists by name the feeds whose snapshots shrank, and in front of them what all feeds together lost before they were known apart.
func shrunk(t *tx, ocmw string) ([]ledger.FeedRows, error) {
	var all []ledger.FeedRows
	for rs, err := range t.rows(`SELECT '' AS name, rows_before, rows_after FROM ocmw WHERE kbo = ?1 AND rows_before > rows_after
		UNION ALL SELECT name, rows_before, rows_after FROM feed WHERE ocmw = ?1 AND rows_before > rows_after ORDER BY name`, ocmw) {
		if err != nil {
			return nil, err
		}
		var f ledger.FeedRows
		if err := rs.Scan(&f.Feed, &f.RowsBefore, &f.RowsAfter); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// Approve implements ledger.Operating.
func (s *Store) Approve(ctx context.Context, ocmw string, by ledger.Actor, now time.Time) error {
	return s.write(ctx, "approve", func(t *tx) error { return approve(t, ocmw, by, now) })
}

func approve(t *tx, ocmw string, by ledger.Actor, now time.Time) error {
	if err := needOCMW(t, ocmw); err != nil {
		return err
	}
	entries, err := t.exec(approveEntries, ocmw)
	if err != nil {
		return err
	}
	feeds, err := t.exec(`UPDATE feed SET rows_before = rows_after WHERE ocmw = ? AND rows_before > rows_after`, ocmw)
	if err != nil {
		return err
	}
	changed, err := t.exec(`UPDATE ocmw SET approved_at = COALESCE(approved_at, ?1), stopped_at = NULL, stop_reason_nl = '', stop_reason_en = '',
			rows_before = rows_after
		WHERE kbo = ?2 AND (approved_at IS NULL OR stopped_at IS NOT NULL OR rows_before > rows_after)`, stored(now), ocmw)
	if err != nil || entries+feeds+changed == 0 {
		return err
	}
	return t.audit(audit.Record{
		At: now, Run: t.run(), Actor: by.Name, Action: "approved", OCMW: ocmw, After: fmt.Sprintf("%d entries", entries),
	}, by.Reason)
}

// Stop implements ledger.Operating.
func (s *Store) Stop(ctx context.Context, ocmw, reasonNL, reasonEN string, now time.Time) error {
	return s.write(ctx, "stop by the guard", func(t *tx) error {
		if err := needOCMW(t, ocmw); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE ocmw SET stopped_at = COALESCE(stopped_at, ?1), stop_reason_nl = ?2, stop_reason_en = ?3
			WHERE kbo = ?4 AND (stopped_at IS NULL OR stop_reason_nl <> ?2 OR stop_reason_en <> ?3)`, stored(now), reasonNL, reasonEN, ocmw)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(audit.Record{At: now, Run: t.run(), Action: "stopped", OCMW: ocmw, Reason: "guard"}, reasonEN)
	})
}

// Request implements ledger.Operating. It is the one write that a ledger opened
// beside the daemon takes.
func (s *Store) Request(ctx context.Context, r ledger.Request) error {
	if err := wellFormed(r); err != nil {
		return fmt.Errorf("leave request: %w", err)
	}
	if s.readOnly && s.keep != nil {
		return &hinted{errors.New("leave request: no daemon has run on this state yet"), "run \"mlpsync run\" or \"mlpsync once\" first: it makes the state that orders are left in"}
	}
	return s.transact(ctx, s.writer, "leave request", func(t *tx) error {
		if r.Entry != "" && r.OCMW == "" {
			e, err := entryByID(t, r.Entry)
			if err != nil {
				return err
			}
			r.OCMW = e.OCMW
		}
		return leaveRequest(t, r)
	})
}

// aboutClient tells of the kinds of request that name a client.
func aboutClient(kind string) bool { return kind == "hold" || kind == "unhold" || kind == "decide" }

func wellFormed(r ledger.Request) error {
	switch {
	case r.Kind == "retry" && r.Entry == "": // of all reading
		if r.OCMW == "" {
			return errors.New("retry names an entry or an OCMW")
		}
	case r.Kind == "retry" || r.Kind == "discard":
		if r.Entry == "" {
			return fmt.Errorf("%s names an entry", r.Kind)
		}
	case r.Kind == "release" || aboutSending(r.Kind):
		if r.OCMW == "" {
			return fmt.Errorf("%s names an OCMW", r.Kind)
		}
		if r.Kind == "release" && r.Shown == "" {
			return errors.New("release names what was shown")
		}
	case aboutClient(r.Kind):
		if r.OCMW == "" || r.Client == "" {
			return fmt.Errorf("%s names an OCMW and a client", r.Kind)
		}
		if r.Kind == "decide" && (r.Answer.Rule == "" || r.Answer.At.IsZero()) {
			return errors.New("decide names the rule that asked, and when it was answered")
		}
	default:
		return fmt.Errorf("there is no kind %q", r.Kind)
	}
	return nil
}

func leaveRequest(t *tx, r ledger.Request) error {
	var ix, client, answer []byte
	if aboutClient(r.Kind) {
		ix = t.s.ix("client", r.OCMW, r.Client)
		client = t.s.seal("request", r.OCMW, requestPlace(r, ix), "client", []byte(r.Client))
	}
	if r.Kind == "decide" {
		payload, err := casefile.MarshalAnswer(r.Answer)
		if err != nil {
			return fmt.Errorf("encode answer: %w", err)
		}
		answer = t.s.seal("request", r.OCMW, requestPlace(r, ix), "answer", payload)
	}
	_, err := t.exec(`INSERT INTO request (kind, ocmw, entry, client_ix, client, answer, actor, reason, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Kind, r.OCMW, subject(r), ix, client, answer, r.By.Name,
		t.s.seal("request", r.OCMW, requestPlace(r, ix), "reason", []byte(r.By.Reason)), stored(r.At))
	return err
}

// requestPlace is what a request's sealed columns are bound to: its number is not known
// before it is written.
func requestPlace(r ledger.Request, clientIX []byte) string {
	return r.Kind + subject(r) + place(clientIX)
}

// subject is what stands in the column entry: the entry that the order is about, or what was shown to whom releases the guard.
func subject(r ledger.Request) string {
	if r.Kind == "release" {
		return r.Shown
	}
	return r.Entry
}

// ApplyRequests implements ledger.Operating.
func (s *Store) ApplyRequests(ctx context.Context, now time.Time) ([]ledger.Applied, error) {
	var all []ledger.Applied
	err := s.write(ctx, "apply requests", func(t *tx) error {
		all = nil
		ids, err := column[int64](t, `SELECT id FROM request WHERE applied_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		waits := map[string]bool{} // clients of whom an order waits: later ones wait behind it
		for _, id := range ids {
			r, unread, err := readRequest(t, id)
			if err != nil {
				return err
			}
			if unread != nil && !mayApply(r) {
				applied, err := setApart(t, id, r, unread, now)
				if err != nil {
					return err
				}
				all = append(all, applied)
				continue
			}
			if about := r.OCMW + " " + r.Client; r.Client != "" && waits[about] {
				continue
			}
			applied, err := applyRequest(t, id, r, now)
			if errors.Is(err, errNotYet) {
				waits[r.OCMW+" "+r.Client] = true
				continue
			}
			if err != nil {
				return err
			}
			all = append(all, applied)
		}
		return nil
	})
	return all, err
}

func applyRequest(t *tx, id int64, r ledger.Request, now time.Time) (ledger.Applied, error) {
	a := ledger.Applied{Request: r}
	var err error
	switch {
	case a.Kind == "release":
		a.Done, a.Result, err = orderRelease(t, a.Request, now)
	case a.Kind == "retry" && a.Entry == "":
		a.Done, a.Result, err = orderLookUp(t, a.Request, now)
	case aboutSending(a.Kind):
		a.Done, a.Result, err = orderSending(t, a.Request, now)
	case aboutClient(a.Kind):
		a.Done, a.Result, err = orderClient(t, a.Request, now)
	default:
		a.Done, a.Result, err = orderEntry(t, a.Request, now)
	}
	if err != nil {
		return a, err
	}
	return a, endRequest(t, id, a, now)
}

// endRequest notes what came of a request, which is not looked at again.
func endRequest(t *tx, id int64, a ledger.Applied, now time.Time) error {
	_, err := t.exec(`UPDATE request SET applied_at = ?, done = ?, result = ? WHERE id = ?`, stored(now), bit(a.Done), a.Result, id)
	return err
}

// mayApply tells that an order of which something can't be read back is carried out all the same: it stops something, and all that it
// takes for that is there. Any other could let something go that nobody ordered, or, as of a discard it may be what it names that is damaged,
// keep something back for good.
func mayApply(r ledger.Request) bool { return r.Kind == "pause" || r.Kind == "hold" && r.Client != "" }

// setApart ends an order that can't be read back, and says so where people look: who gave it thinks that it was carried out.
func setApart(t *tx, id int64, r ledger.Request, unread error, now time.Time) (ledger.Applied, error) {
	a := ledger.Applied{Request: r, Result: "it was not carried out, as it can't be read back: the store was damaged; order it again"}
	if err := endRequest(t, id, a, now); err != nil {
		return a, err
	}
	order, at := "order "+number(id)+" ("+r.Kind+")", casefile.DateOf(r.At, t.s.zone)
	t.damages = append(t.damages, ledger.Damage{OCMW: r.OCMW, Entry: r.Entry, What: order + ": " + unread.Error(), Done: "it is not carried out"})
	err := saveNote(t, toldTopic, ledger.Note{
		OCMW: r.OCMW, Key: "request/" + number(id), Level: "error",
		EN: order + " of " + r.By.Name + " on " + string(at) + " was not carried out: it can't be read back. Order it again",
		NL: "opdracht " + number(id) + " (" + r.Kind + ") van " + r.By.Name + " op " + at.Dutch() + " is niet uitgevoerd: ze kan niet gelezen worden. Geef ze opnieuw",
	}, stored(now))
	if err != nil {
		return a, err
	}
	return a, t.audit(audit.Record{
		At: now, Run: t.run(), Actor: r.By.Name, Action: "unreadable", OCMW: r.OCMW, Entry: r.Entry, Source: "order " + r.Kind,
	}, "")
}

// unreadableReason stands for a reason that is damaged.
const unreadableReason = "(the reason can't be read back)"

// readRequest reads a request. unread tells that a part is damaged, which is left out.
func readRequest(t *tx, id int64) (r ledger.Request, unread, err error) {
	var asked int64
	var ix, client, answer, reason []byte
	err = t.row(`SELECT kind, ocmw, entry, client_ix, client, answer, actor, reason, asked_at FROM request WHERE id = ?`, []any{id},
		&r.Kind, &r.OCMW, &r.Entry, &ix, &client, &answer, &r.By.Name, &reason, &asked)
	if err != nil {
		return r, nil, err
	}
	r.At = instant(asked)
	if r.Kind == "release" {
		r.Entry, r.Shown = "", r.Entry
	}
	open := func(name string, sealed []byte, take func([]byte) error) {
		if sealed == nil || err != nil {
			return
		}
		plain, failed := t.s.open("request", r.OCMW, requestPlace(r, ix), name, sealed)
		if failed == nil {
			failed = take(plain)
		}
		if failed != nil {
			unread, err = wrap("read "+name+" of request", failed), t.alone(sealed, failed)
		}
	}
	r.By.Reason = unreadableReason
	open("client", client, func(plain []byte) error { r.Client = string(plain); return nil })
	open("reason", reason, func(plain []byte) error { r.By.Reason = string(plain); return nil })
	open("answer", answer, func(plain []byte) (err error) { r.Answer, err = casefile.UnmarshalAnswer(plain); return err })
	return r, unread, err
}

// orderEntry carries out retry and discard. What the entry's state does not allow is
// said, and no error.
func orderEntry(t *tx, r ledger.Request, now time.Time) (bool, string, error) {
	e, err := entryByID(t, r.Entry)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, "there is no such entry", nil
	}
	if err != nil {
		return false, "", err
	}
	to, word := outbox.Waiting, "it goes out again"
	switch {
	case r.Kind == "discard":
		to, word = outbox.Discarded, "it is not sent"
	case e.State == outbox.Discarded:
		word = "the client is decided again, and it goes out where the export still asks for it"
	}
	l := lane{t: t, ocmw: e.OCMW, person: e.Person, now: now}
	var behind []outbox.Entry
	switch {
	case r.Kind == "retry" && e.Claim == "" && (e.State == outbox.Waiting || e.State == outbox.InDoubt):
		word = "it does not wait any longer"
		_, err = t.exec(`UPDATE entry SET not_before = 0, updated_at = ? WHERE id = ? AND claim IS NULL`, stored(now), e.ID)
	case r.Kind == "retry" && e.State != outbox.Parked && e.State != outbox.Discarded, outbox.Transition(e.State, to) != nil:
		return false, fmt.Sprintf("an entry that is %s can't take a %s", e.State, r.Kind), nil
	case to == outbox.Discarded:
		behind, err = l.discard(e)
		if len(behind) > 0 {
			word += fmt.Sprintf(", nor what says more of the same registration behind it (%d)", len(behind))
		}
	default:
		err = l.reorder(e, to)
	}
	if err != nil {
		return false, "", err
	}
	action := map[string]string{"retry": "retried", "discard": "discarded"}[r.Kind]
	for _, e := range append([]outbox.Entry{e}, behind...) {
		err := t.audit(audit.Record{
			At: now, Run: t.run(), Actor: r.By.Name, Action: action, OCMW: e.OCMW, Client: e.Pseudonym, Entry: e.ID, Rule: e.Rule,
			Before: string(e.State),
		}, r.By.Reason)
		if err != nil {
			return false, "", err
		}
	}
	return true, word, nil
}

// discard keeps an entry from being sent, and what would send it all the same, which it returns.
func (l *lane) discard(e outbox.Entry) ([]outbox.Entry, error) {
	behind, err := l.discardBehind(e)
	if err != nil {
		return nil, err
	}
	return behind, l.reorder(e, outbox.Discarded)
}

// reorder moves an entry as a person asked. One that comes back goes out approved and with all its attempts. The lane went on without
// a discarded one: the client is decided again first, which tells whether it is still asked for, and what goes before it and behind it. So is
// a client who is held: nothing else than a decision holds back what waits of one of whom something is damaged.
func (l *lane) reorder(e outbox.Entry, to outbox.State) error {
	if err := l.move(e.ID, e.State, to); err != nil {
		return err
	}
	if to == outbox.Waiting {
		if _, err := l.t.exec(`UPDATE entry SET attempts = 0, not_before = 0, approved = 1 WHERE id = ?`, e.ID); err != nil {
			return err
		}
		if _, err := l.t.exec(`UPDATE person SET dirty = 1 WHERE id = ? AND outcome = 'held'`, l.person); err != nil {
			return err
		}
	}
	if e.State == outbox.Discarded {
		if err := l.reconsider(e); err != nil {
			return err
		}
	}
	return l.relane()
}

// discardBehind discards what goes behind a discarded entry and is of the same registration: each says all that the registration holds, and
// would send what was discarded after all. It returns those entries as they were.
func (l *lane) discardBehind(e outbox.Entry) ([]outbox.Entry, error) {
	if e.Registration == "" {
		return nil, nil
	}
	ids, err := column[string](l.t, `SELECT id FROM entry WHERE person = ? AND seq > ? AND kind = ? AND registration = ?
		AND state IN ('waiting', 'suspended', 'parked') ORDER BY seq`, l.person, e.Seq, e.Kind, e.Registration)
	var behind []outbox.Entry
	for _, id := range ids {
		next, err := entryByID(l.t, id)
		if err == nil {
			err = l.move(id, next.State, outbox.Discarded)
		}
		if err != nil {
			return nil, err
		}
		behind = append(behind, next)
	}
	return behind, err
}

// reconsider has the client decided again, and an entry of theirs taken for what is asked for on the version that is known now.
func (l *lane) reconsider(e outbox.Entry) error {
	_, err := l.t.exec(`UPDATE entry SET version = (SELECT version FROM person WHERE id = ?1) WHERE id = ?2`, l.person, e.ID)
	if err != nil {
		return err
	}
	return setDirty(l.t, l.person)
}

// Meta implements ledger.Operating.
func (s *Store) Meta(ctx context.Context, key string) (string, error) {
	var value string
	err := s.read(ctx, "read fact", func(t *tx) error {
		err := t.row(`SELECT value FROM meta WHERE key = ?`, []any{"fact/" + key}, &value)
		if errors.Is(err, errNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

// SetMeta implements ledger.Operating.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	return s.write(ctx, "store fact", func(t *tx) error { return setMeta(t, "fact/"+key, value) })
}

func setMeta(t *tx, key, value string) error {
	_, err := t.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

// SaveNotes implements ledger.Operating. A note that stood already keeps its Since.
func (s *Store) SaveNotes(ctx context.Context, topic string, notes []ledger.Note) error {
	return s.write(ctx, "save notes", func(t *tx) error {
		since := map[[2]string]int64{}
		for rs, err := range t.rows(`SELECT ocmw, key, since FROM note WHERE topic = ?`, topic) {
			if err != nil {
				return err
			}
			var key [2]string
			var at int64
			if err := rs.Scan(&key[0], &key[1], &at); err != nil {
				return err
			}
			since[key] = at
		}
		if _, err := t.exec(`DELETE FROM note WHERE topic = ?`, topic); err != nil {
			return err
		}
		for _, n := range notes {
			at, stood := since[[2]string{n.OCMW, n.Key}]
			if !stood {
				at = stored(n.Since)
			}
			if err := saveNote(t, topic, n, at); err != nil {
				return err
			}
		}
		return nil
	})
}

func saveNote(t *tx, topic string, n ledger.Note, since int64) error {
	payload, err := json.Marshal([]string{n.NL, n.EN})
	if err != nil {
		return fmt.Errorf("encode note: %w", err)
	}
	_, err = t.exec(`INSERT INTO note (topic, ocmw, key, level, since, payload) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (topic, ocmw, key) DO UPDATE SET level = excluded.level, payload = excluded.payload`,
		topic, n.OCMW, n.Key, n.Level, since, t.s.seal("note", n.OCMW, topic+"/"+n.Key, "payload", payload))
	return err
}
