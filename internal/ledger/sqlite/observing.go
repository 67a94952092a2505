package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// NeedLookup implements ledger.Observing.
func (s *Store) NeedLookup(ctx context.Context, ocmw string, after int64, limit int) ([]ledger.Lookup, error) {
	var all []ledger.Lookup
	told := map[int64]ledger.Note{} // by person
	err := s.read(ctx, "list clients to look up", func(t *tx) error {
		all = nil
		// No LIMIT: those whose number is damaged don't count.
		for rs, err := range t.rows(`SELECT id, insz, client_ix, pseudonym FROM person
			WHERE ocmw = ? AND id > ? AND looked_up = 0 AND insz_ix IS NOT NULL ORDER BY id`, ocmw, after) {
			if err != nil {
				return err
			}
			var l ledger.Lookup
			var sealed, ix []byte
			var pseudonym string
			if err := rs.Scan(&l.Person, &sealed, &ix, &pseudonym); err != nil {
				return err
			}
			var unread error
			l.INSZ, unread, err = t.numberOf(ocmw, l.Person, place(ix), sealed)
			switch {
			case err != nil:
				return err
			case unread != nil:
				if t.s.told.first("number/" + number(l.Person)) {
					told[l.Person] = t.tellUnasked(ocmw, pseudonym, unread)
				}
				continue
			}
			if all = append(all, l); len(all) == limit {
				break
			}
		}
		return nil
	})
	if err != nil || len(told) == 0 || s.readOnly {
		return all, err
	}
	return all, s.write(ctx, "save notes", func(t *tx) error {
		for person, n := range told {
			if err := readAnew(t, person); err != nil {
				return err
			}
			if err := saveNote(t, toldTopic, n, stored(s.now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// numberOf opens a person's INSZ. Where that is damaged it is read from where it was copied, the client's row in the export, if that has the
// same number. unread is why neither can be read.
func (t *tx) numberOf(ocmw string, person int64, row string, sealed []byte) (number string, unread, err error) {
	plain, unread := t.s.open("person", ocmw, row, "insz", sealed)
	if unread == nil {
		return string(plain), nil, nil
	}
	if err := t.alone(sealed, unread); err != nil {
		return "", nil, err
	}
	copies, err := column[[]byte](t, `SELECT x.insz FROM person p JOIN record r ON r.person = p.id JOIN row_record x ON x.id = r.source
		WHERE p.id = ? AND r.kind = 'client' AND x.insz_ix = p.insz_ix`, person)
	if err != nil {
		return "", nil, err
	}
	for _, copied := range copies {
		if plain, err := t.s.open("person", ocmw, row, "insz", copied); err == nil {
			return string(plain), nil, nil
		}
	}
	return "", unread, nil
}

// tellUnasked says that nobody can be asked about a client: it stays to be looked up, so nothing is decided or sent of it.
func (t *tx) tellUnasked(ocmw, pseudonym string, unread error) ledger.Note {
	t.damages = append(t.damages, ledger.Damage{
		OCMW: ocmw, Pseudonym: pseudonym, What: unread.Error(), Done: "the client can't be looked up in MLP, and nothing is decided or sent of it",
	})
	return ledger.Note{
		OCMW: ocmw, Key: unaskedKey + pseudonym, Level: "error",
		EN: "client " + pseudonym + " can't be looked up in MLP: its number can't be read back (" + unread.Error() + "). Nothing is decided or sent of it. " + NextOfClient,
		NL: "cliënt " + pseudonym + " kan niet opgezocht worden in MLP: het nummer kan niet gelezen worden. Er wordt niets beslist of verstuurd. Laat IT de schijf nakijken en exporteer opnieuw",
	}
}

// SaveLookups implements ledger.Observing.
func (s *Store) SaveLookups(ctx context.Context, run, ocmw string, results []ledger.LookupResult, now time.Time) error {
	ids := make([]int64, len(results))
	for i, r := range results {
		ids[i] = r.Person
	}
	return s.write(ctx, "save look-ups", func(t *tx) error {
		people, lost, err := loadSound(t, ids)
		if err != nil {
			return err
		}
		all := newSaving(t)
		changed, err := holdLost(t, lost)
		if err != nil {
			return err
		}
		for _, r := range results {
			if lost[r.Person] != nil {
				continue
			}
			p := people[r.Person]
			if p == nil || p.ocmw != ocmw {
				return ledger.ErrNotFound
			}
			news, err := p.saveLookup(all, r, s.day(now))
			if err != nil {
				return err
			}
			if news {
				changed = append(changed, r.Person)
			}
		}
		if err := all.run(); err != nil {
			return err
		}
		return setDirty(t, changed...)
	})
}

// holdLost lets those be decided, and held, of whom what is known is damaged: what MLP holds alone does not tell what was sent.
func holdLost(t *tx, lost map[int64]error) ([]int64, error) {
	persons := slices.Sorted(maps.Keys(lost))
	if len(persons) == 0 {
		return nil, nil
	}
	_, err := t.exec(`UPDATE person SET looked_up = 1, contacted = 1 WHERE id IN (SELECT value FROM json_each(?))`, list(persons))
	return persons, err
}

// saveLookup tells whether it brought news: having been asked again is none.
func (p *person) saveLookup(into *saving, r ledger.LookupResult, day casefile.Date) (news bool, err error) {
	p.known.LookedUp = true
	another, err := p.askedUnderAnother(into.t, r.Dossier)
	switch {
	case err != nil:
		return false, err
	case another: // what was sent stands in the known one, so a person is asked
	case r.Dossier != nil:
		learnDossier(&p.known, r.Dossier)
	default:
		p.known.Dossier, p.known.INSZCanceled = nil, r.Canceled
	}
	outside, digest := p.was.outside, p.digest
	if err := into.add(p, day); err != nil {
		return false, err
	}
	return p.was.outside != outside || !bytes.Equal(p.digest, digest), nil
}

// askedUnderAnother tells that the person was looked up under a number that the known dossier never had, so that what was found, another
// dossier or none, says nothing of it: the number was corrected in the export, or became wrong there.
func (p *person) askedUnderAnother(t *tx, found *casefile.Dossier) (bool, error) {
	d := p.known.Dossier
	if d == nil || found != nil && found.ID == d.ID {
		return false, nil
	}
	var asked []byte
	if err := t.row(`SELECT insz_ix FROM person WHERE id = ?`, []any{p.id}, &asked); err != nil {
		return false, err
	}
	for _, own := range append(slices.Clone(d.INSZHistory), d.Person.INSZ) {
		if own.IsZero() || bytes.Equal(asked, t.s.ix("insz", p.ocmw, own.Reveal())) {
			return false, nil
		}
	}
	return true, nil
}

// learnDossier takes in a dossier that MLP holds. What was written in another one says
// nothing of it; while MLP holds none it is kept, as the same can come back.
func learnDossier(k *casefile.Known, d *casefile.Dossier) {
	if k.Dossier != nil && k.Dossier.ID != d.ID {
		k.Written = nil
	}
	k.Dossier, k.OutsideArea, k.INSZCanceled = d, false, false
}

// isOld tells that a dossier is of before the one that is known: the feed was ahead of it.
func isOld(k casefile.Known, d casefile.Dossier) bool {
	return k.Dossier != nil && k.Dossier.ID == d.ID && d.Version < k.Dossier.Version
}

// setDirty has people decided again.
func setDirty(t *tx, persons ...int64) error {
	if len(persons) == 0 {
		return nil
	}
	_, err := t.exec(`UPDATE person SET dirty = 1 WHERE dirty = 0 AND id IN (SELECT value FROM json_each(?))`, list(persons))
	return err
}

// day is the civil day of an instant.
func (s *Store) day(now time.Time) casefile.Date { return casefile.DateOf(now, s.zone) }

// loadKnown reads what is known of a person.
func loadKnown(t *tx, id int64) (casefile.Known, error) {
	p, err := loadPerson(t, id)
	if err != nil {
		return casefile.Known{}, err
	}
	return p.known, nil
}

// person is one as far as MLP is concerned.
type person struct {
	id                   int64
	ocmw                 string
	category, categoryTo string // what holds, and the day on which the next takes over
	known                casefile.Known
	digest               []byte // of known as it is stored
	was                  *stood // nil: not read
}

// stood is how a person stood in clear when it was read. The columns in clear are right where they and the payload could differ.
type stood struct {
	lookedUp, outside    bool
	dossier              []byte
	category, categoryTo string
}

const (
	knownColumns = `, p.version, p.looked_up, p.outside_area, p.dossier_ix, p.category, p.category_next, k.digest, k.payload`
	knownTable   = `LEFT JOIN known k ON k.person = p.id `
)

// knownScan takes a row's knownColumns.
type knownScan struct {
	version         int64
	stood           stood
	digest, payload []byte
}

func (k *knownScan) into() []any {
	return []any{&k.version, &k.stood.lookedUp, &k.stood.outside, &k.stood.dossier, &k.stood.category, &k.stood.categoryTo, &k.digest, &k.payload}
}

// errKnownGone: a row that is lost is damage as one that can't be read is. Without it a client with a dossier would be taken for one without,
// who is to have one made, which the version in clear contradicts at each claim.
var errKnownGone = errors.New("what was known of its dossier is gone")

func (k *knownScan) person(s *Store, ocmw string, id int64) (*person, error) {
	p := &person{id: id, ocmw: ocmw, category: k.stood.category, categoryTo: k.stood.categoryTo, digest: k.digest, was: &k.stood}
	if k.payload == nil && k.stood.dossier != nil {
		return nil, errKnownGone
	}
	if k.payload != nil {
		var err error
		if p.known, err = s.recall(ocmw, id, k.digest, k.payload); err != nil {
			return nil, err
		}
	}
	p.known.LookedUp, p.known.OutsideArea = k.stood.lookedUp, k.stood.outside
	return p, nil
}

// loadPerson reads a person.
func loadPerson(t *tx, id int64) (*person, error) {
	people, err := loadPeople(t, []int64{id})
	if err == nil && people[id] == nil {
		err = ledger.ErrNotFound
	}
	return people[id], err
}

// loadPeople reads those that are there.
func loadPeople(t *tx, ids []int64) (map[int64]*person, error) {
	people, lost, err := loadSound(t, ids)
	for _, id := range ids {
		if err == nil && lost[id] != nil {
			err = lost[id]
		}
	}
	return people, err
}

// loadSound reads those that are there, and tells of whom what is known is damaged.
func loadSound(t *tx, ids []int64) (people map[int64]*person, lost map[int64]error, err error) {
	people, lost = make(map[int64]*person, len(ids)), map[int64]error{}
	for rs, err := range t.rows(`SELECT p.id, p.ocmw`+knownColumns+` FROM json_each(?) j JOIN person p ON p.id = j.value `+knownTable, list(ids)) {
		if err != nil {
			return nil, nil, err
		}
		var id int64
		var ocmw string
		var k knownScan
		if err := rs.Scan(append([]any{&id, &ocmw}, k.into()...)...); err != nil {
			return nil, nil, err
		}
		p, unread := k.person(t.s, ocmw, id)
		if unread == nil {
			people[id] = p
			continue
		}
		if err := t.alone(k.payload, unread); err != nil {
			return nil, nil, err
		}
		lost[id] = unread
	}
	return people, lost, nil
}

// recall opens what is known, unless it was opened lately.
func (s *Store) recall(ocmw string, person int64, digest, payload []byte) (casefile.Known, error) {
	key := recentKey{person, string(digest)}
	if k, ok := s.recent.get(key); ok {
		return k, nil
	}
	k, err := s.openKnown(ocmw, person, payload)
	if err == nil {
		s.recent.put(key, k)
	}
	return k, err
}

func (s *Store) openKnown(ocmw string, person int64, sealed []byte) (casefile.Known, error) {
	plain, err := s.open("known", ocmw, number(person), "payload", sealed)
	if err != nil {
		return casefile.Known{}, err
	}
	k, err := casefile.UnmarshalKnown(plain)
	return k, wrap("read known dossier", err)
}

// saveKnown writes what is known of a person.
func saveKnown(t *tx, id int64, k casefile.Known, day casefile.Date) error {
	p := person{id: id, known: k}
	err := t.row(`SELECT ocmw, category, category_next FROM person WHERE id = ?`, []any{id}, &p.ocmw, &p.category, &p.categoryTo)
	if err != nil {
		return found(err)
	}
	return p.save(t, day)
}

// save writes what is known of the person.
func (p *person) save(t *tx, day casefile.Date) error {
	all := newSaving(t)
	if err := all.add(p, day); err != nil {
		return err
	}
	return all.run()
}

// saving writes what is known of people, each once, with what the tables show of it in clear.
type saving struct {
	t     *tx
	known *bulk
}

func newSaving(t *tx) *saving {
	return &saving{t: t, known: newInsertion("known", `person, digest, payload`,
		` ON CONFLICT (person) DO UPDATE SET digest = excluded.digest, payload = excluded.payload`)}
}

// add takes a person. A zero day leaves the category as it stands. Whoever was never looked up before gets the category as that of before
// the run.
func (s *saving) add(p *person, day casefile.Date) error {
	t, k := s.t, p.known
	k.LookedUp, k.OutsideArea = true, false // the columns say it; the payload stays the same
	payload, err := casefile.MarshalKnown(k)
	if err != nil {
		return fmt.Errorf("encode known dossier: %w", err)
	}
	p.digest = t.s.ix("known", string(payload))
	s.known.add(p.id, p.digest, t.s.seal("known", p.ocmw, number(p.id), "payload", payload))
	t.s.recent.put(recentKey{p.id, string(p.digest)}, k)
	var version int64
	var dossier []byte
	if k.Dossier != nil {
		version, dossier = k.Dossier.Version, t.s.ix("dossier", p.ocmw, k.Dossier.ID)
	}
	if !day.IsZero() {
		p.category, p.categoryTo = categoryOn(k.Dossier, day)
	}
	now, was := stood{p.known.LookedUp, p.known.OutsideArea, dossier, p.category, p.categoryTo}, p.was
	p.was = &now
	switch { // no index is touched for what stays
	case was != nil && now.same(*was):
		_, err = t.exec(`UPDATE person SET version = ? WHERE id = ?`, version, p.id)
	case was != nil && now.sameDossier(*was):
		_, err = t.exec(`UPDATE person SET version = ?, category = ?, category_next = ? WHERE id = ?`, version, now.category, now.categoryTo, p.id)
	default:
		_, err = t.exec(`UPDATE person SET looked_up = ?1, outside_area = ?2, version = ?3, dossier_ix = ?4, category = ?5, category_next = ?6,
			before_category = IIF(contacted = 0 AND ?1 = 1, ?5, before_category), contacted = MAX(contacted, ?1) WHERE id = ?7`,
			bit(now.lookedUp), bit(now.outside), version, dossier, now.category, now.categoryTo, p.id)
	}
	return err
}

func (s *saving) run() error { return s.known.run(s.t) }

func (s stood) same(o stood) bool {
	return s.sameDossier(o) && s.category == o.category && s.categoryTo == o.categoryTo
}

func (s stood) sameDossier(o stood) bool {
	return s.lookedUp == o.lookedUp && s.outside == o.outside && bytes.Equal(s.dossier, o.dossier)
}

// categoryOn is the category that holds, and the day on which a later one that the
// dossier holds already takes over; empty where there is none.
func categoryOn(d *casefile.Dossier, day casefile.Date) (code, next string) {
	held, _ := d.CategoryOn(day)
	for _, c := range d.Categories() {
		if c.From > day && (next == "" || string(c.From) < next) {
			next = string(c.From)
		}
	}
	return string(held.Code), next
}

// Cursor implements ledger.Observing. One that is damaged is lost, as when the feed says so.
func (s *Store) Cursor(ctx context.Context, ocmw string) (string, error) {
	var cursor string
	var unread error
	err := s.read(ctx, "read feed position", func(t *tx) (err error) {
		var sealed []byte
		if cursor, sealed, unread, err = feedPosition(t, ocmw); unread != nil {
			return t.alone(sealed, unread)
		}
		return err
	})
	if err != nil || unread == nil {
		return cursor, err
	}
	if s.readOnly {
		return "", wrap("read feed position", unread)
	}
	return "", s.write(ctx, "forget feed position", func(t *tx) error {
		t.damages = append(t.damages, ledger.Damage{
			OCMW: ocmw, What: unread.Error(), Done: "the position in MLP's feed is lost, and everybody is looked up again",
		})
		_, err := forgetCursor(t, ocmw)
		return err
	})
}

// feedPosition opens the position in the feed; empty where there is none. unread is why that can't be.
func feedPosition(t *tx, ocmw string) (cursor string, sealed []byte, unread, err error) {
	err = t.row(`SELECT cursor FROM ocmw WHERE kbo = ?`, []any{ocmw}, &sealed)
	if errors.Is(err, errNoRows) || err == nil && sealed == nil {
		return "", nil, nil, nil
	}
	if err != nil {
		return "", nil, nil, err
	}
	plain, unread := t.s.open("ocmw", ocmw, ocmw, "cursor", sealed)
	return string(plain), sealed, unread, nil
}

// SaveFeed implements ledger.Observing.
func (s *Store) SaveFeed(ctx context.Context, ocmw, cursor string, dossiers []casefile.Dossier, now time.Time) (changed int, err error) {
	err = s.write(ctx, "save feed", func(t *tx) error {
		changed = 0
		for i := range dossiers {
			persons, err := personsOf(t, ocmw, dossiers[i])
			if err != nil {
				return err
			}
			news := false
			for _, person := range persons {
				n, err := saveObserved(t, person, dossiers[i], s.day(now))
				if err != nil {
					return err
				}
				news = news || n
			}
			changed += bit(news)
		}
		if err := needOCMW(t, ocmw); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE ocmw SET cursor = ? WHERE kbo = ?`, s.seal("ocmw", ocmw, ocmw, "cursor", []byte(cursor)), ocmw)
		return err
	})
	return changed, err
}

// LookUpAgain implements ledger.Observing.
func (s *Store) LookUpAgain(ctx context.Context, ocmw string, unread []ledger.Unread) (people, lost int, err error) {
	err = s.write(ctx, "save feed", func(t *tx) error {
		people, lost = 0, 0
		for _, u := range unread {
			persons, known, err := personsOfUnread(t, ocmw, u)
			if err != nil {
				return err
			}
			lost += bit(!known)
			done, err := t.exec(`UPDATE person SET looked_up = 0 WHERE looked_up = 1 AND id IN (SELECT value FROM json_each(?))`, list(persons))
			if err != nil {
				return err
			}
			people += int(done)
		}
		return nil
	})
	return people, lost, err
}

// personsOfUnread finds whom a dossier is about that could not be read, but for those of whom its version is known, and tells whether it can
// be known who that is. A number alone can be a new one of anybody, an id alone that of anybody's new dossier.
func personsOfUnread(t *tx, ocmw string, u ledger.Unread) (persons []int64, known bool, err error) {
	dossier, insz := t.s.ix("dossier", ocmw, u.Dossier), t.s.ix("insz", ocmw, u.INSZ)
	all, err := column[int64](t, `SELECT id FROM person INDEXED BY person_dossier WHERE ocmw = ?1 AND dossier_ix = ?2
		UNION SELECT id FROM person INDEXED BY person_insz WHERE ocmw = ?1 AND insz_ix = ?3`, ocmw, dossier, insz)
	if err != nil {
		return nil, false, err
	}
	people, _, err := loadSound(t, all) // where what is known is damaged, no version is
	for _, person := range all {
		var d *casefile.Dossier
		if p := people[person]; p != nil {
			d = p.known.Dossier
		}
		if d == nil || d.ID != u.Dossier || u.Version == 0 || u.Version > d.Version {
			persons = append(persons, person)
		}
	}
	return persons, len(all) > 0 || u.Dossier != "" && u.INSZ != "", err
}

const personsQuery = `SELECT id FROM person INDEXED BY person_dossier WHERE ocmw = ?1 AND dossier_ix = ?2 AND looked_up = 1
	UNION SELECT id FROM person INDEXED BY person_insz WHERE ocmw = ?1 AND insz_ix = ?3 AND looked_up = 1`

// personsOf finds the clients that a dossier is about: by the dossier's id, as an INSZ
// can be replaced, and by INSZ. Those never looked up are left: the look-up brings
// more than the feed.
func personsOf(t *tx, ocmw string, d casefile.Dossier) ([]int64, error) {
	return column[int64](t, personsQuery, ocmw, t.s.ix("dossier", ocmw, d.ID), t.s.ix("insz", ocmw, d.Person.INSZ.Reveal()))
}

// saveObserved stores a dossier that somebody changed. A version that is known
// already is our own write, or an old item of the feed.
func saveObserved(t *tx, person int64, d casefile.Dossier, day casefile.Date) (bool, error) {
	people, lost, err := loadSound(t, []int64{person})
	if err != nil {
		return false, err
	}
	if lost[person] != nil {
		return true, setDirty(t, person) // to be held
	}
	k := people[person].known
	if k.Dossier != nil && k.Dossier.ID == d.ID && d.Version <= k.Dossier.Version {
		return false, nil
	}
	if k.Dossier != nil && k.Dossier.ID != d.ID {
		return false, nil // found by a corrected INSZ: what was sent stands in the known one, so a person is asked
	}
	learnDossier(&k, &d)
	if err := saveKnown(t, person, k, day); err != nil {
		return false, err
	}
	return true, setDirty(t, person)
}

// ForgetCursor implements ledger.Observing.
func (s *Store) ForgetCursor(ctx context.Context, ocmw string) error {
	return s.write(ctx, "forget feed position", func(t *tx) error {
		_, err := forgetCursor(t, ocmw)
		return err
	})
}

// forgetCursor has everybody of an OCMW looked up again, from a new position of the feed on, and says how many people that are.
func forgetCursor(t *tx, ocmw string) (int64, error) {
	if _, err := t.exec(`UPDATE ocmw SET cursor = NULL WHERE kbo = ?`, ocmw); err != nil {
		return 0, err
	}
	return t.exec(`UPDATE person SET looked_up = 0 WHERE ocmw = ? AND looked_up = 1`, ocmw)
}

// LookedUp implements ledger.Reading.
func (s *Store) LookedUp(ctx context.Context, ocmw string) (n int, err error) {
	err = s.read(ctx, "count who was looked up", func(t *tx) error {
		return t.row(`SELECT COUNT(*) FROM person WHERE ocmw = ? AND looked_up = 1 AND insz_ix IS NOT NULL`, []any{ocmw}, &n)
	})
	return n, err
}

// orderLookUp carries out that everybody of an OCMW is looked up again.
func orderLookUp(t *tx, r ledger.Request, now time.Time) (bool, string, error) {
	people, err := forgetCursor(t, r.OCMW)
	switch {
	case err != nil:
		return false, "", err
	case people == 0:
		return false, "everybody of this OCMW is to be looked up already", nil
	}
	record := audit.Record{At: now, Run: t.run(), Actor: r.By.Name, Action: "lookUpOrdered", OCMW: r.OCMW, After: fmt.Sprintf("%d people", people)}
	return true, "everybody of this OCMW is looked up again", t.audit(record, r.By.Reason)
}
