package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// A sealed value that can't be opened is damaged by itself, and then it holds back what it is of and nothing else; or the key file lost
// its key, and then everything stops before anything is taken for damaged. Opening the ledger proves the keys on one value (proveKeys);
// a key file of several keys can lack another one, or hold a wrong one.

// alone is nil where what can't be read is damaged by itself, and else the error that everything stops with. unread is the error of
// opening or decoding sealed.
func (t *tx) alone(sealed []byte, unread error) error {
	t.unread = append(t.unread, unread)
	if !errors.Is(unread, seal.ErrTampered) && !errors.Is(unread, seal.ErrUnknownKey) {
		return nil // its key opened it
	}
	id, named := seal.SealedWith(sealed)
	if !named {
		return nil
	}
	tried := 0
	for _, others := range samples() {
		opened, n, err := others.open(t, id, sealed)
		if err != nil || opened {
			return err
		}
		tried += n
	}
	if tried == 0 {
		return nil // nothing else was sealed with such a key: its name is damaged too
	}
	return &hinted{fmt.Errorf("key %s of the key file does not open what was encrypted with it: %w", id, unread),
		"put back the key file that belongs to this state directory, with all its keys; until then nothing is decided or sent, and nothing is changed"}
}

// sample is where values are that tell whether a key is right.
type sample struct{ table, column, query string }

// samples are of all that is there from a client's first day on.
func samples() []sample {
	const some = ` LIMIT 20`
	of := func(column string) string { return ` WHERE substr(` + column + `, 1, ?1) = ?2` + some }
	return []sample{
		{"person", "client", `SELECT ocmw, lower(hex(client_ix)), client FROM person` + of("client")},
		{"person", "insz", `SELECT ocmw, lower(hex(client_ix)), insz FROM person` + of("insz")},
		{"decision", "payload", `SELECT p.ocmw, d.person, d.payload FROM decision d JOIN person p ON p.id = d.person` + of("d.payload")},
		{"known", "payload", `SELECT p.ocmw, k.person, k.payload FROM known k JOIN person p ON p.id = k.person` + of("k.payload")},
		{"entry", "payload", `SELECT ocmw, id, payload FROM entry` + of("payload")},
		{"record", "payload", `SELECT f.ocmw, lower(hex(r.key_ix) || hex(r.digest)), x.payload
			FROM record r JOIN row_record x ON x.id = r.source JOIN feed f ON f.id = r.feed` + of("x.payload")},
	}
}

// open tells whether one of the values under a key opens, but for the one that is doubted, and how many were tried.
func (o sample) open(t *tx, id string, doubted []byte) (opened bool, tried int, err error) {
	head := doubted[:headSize(id)]
	for rs, err := range t.rows(o.query, len(head), head) {
		if err != nil {
			return false, tried, err
		}
		var ocmw, row string
		var sealed []byte
		if err := rs.Scan(&ocmw, &row, &sealed); err != nil {
			return false, tried, err
		}
		if bytes.Equal(sealed, doubted) {
			continue
		}
		if _, err := t.s.open(o.table, ocmw, row, o.column, sealed); err == nil {
			return true, tried, nil
		}
		tried++
	}
	return false, tried, nil
}

// headSize is how long the part of a sealed value is that names its key.
func headSize(id string) int { return 2 + len(id) }

// damagedEntry is an entry whose turn it is and that can't be sent, or read, as it is damaged, or what is known of its person.
type damagedEntry struct {
	outbox.Entry
	unread error
	known  bool // what is known of its person is what can't be read
}

// setAside takes the entry out of the way of all others, and says so where people look.
func (d damagedEntry) setAside(t *tx, now time.Time) error {
	switch {
	case !d.known:
		return d.supersede(t, now)
	case d.State == outbox.Waiting:
		return setDirty(t, d.Person) // to be decided, the client is held (Subject.Damaged)
	}
	return d.leaveInDoubt(t, now)
}

// supersede has the client decided again: what the entry was to send follows from the export and from what MLP holds. Where nobody
// knows whether MLP took it, that is read first. The audit and the entry's problem tell of it, and its place in the store is whole again.
func (d damagedEntry) supersede(t *tx, now time.Time) error {
	if err := outbox.Transition(d.State, outbox.Superseded); err != nil {
		return err
	}
	problem, err := t.s.sealProblem(d.Entry, outbox.Problem{
		Type: "unreadable", Title: "what it was to send can't be read back: the store was damaged",
		Next: "nothing for the client, who is decided again; look at the disk, and run \"mlpsync state check\"",
	})
	if err != nil {
		return err
	}
	l := lane{t: t, ocmw: d.OCMW, person: d.Person, now: now}
	err = one(t.exec(`UPDATE entry SET state = 'superseded', head = 0, not_before = 0, doubt_since = NULL, payload = ?, problem = ?, updated_at = ?
		WHERE id = ? AND state = ? AND claim IS NULL`, l.sealed(d.ID, outbox.Entry{}), problem, stored(now), d.ID, string(d.State)))
	if err != nil {
		return err
	}
	if d.State == outbox.InDoubt {
		if _, err := t.exec(`UPDATE person SET looked_up = 0 WHERE id = ?`, d.Person); err != nil {
			return err
		}
	}
	if err := l.abandon(); err != nil {
		return err
	}
	if err := d.tell(t, now, "its client is decided again", "over de cliënt wordt opnieuw beslist"); err != nil {
		return err
	}
	return t.auditEntry(d.Entry, audit.Record{At: now, Run: t.run(), Action: "unreadable", Before: string(d.State)})
}

// leaveInDoubt: without the dossier that is known MLP can't be read for the entry. It comes up again after the longest wait.
func (d damagedEntry) leaveInDoubt(t *tx, now time.Time) error {
	problem, err := t.s.sealProblem(d.Entry, outbox.Problem{
		Type: "unreadable", Title: "what was known of its client's dossier can't be read back: the store was damaged", Next: nextRestore,
	})
	if err != nil {
		return err
	}
	if err := d.tell(t, now, "it stays in doubt, and nothing is sent of its client", "ze blijft onzeker, en van de cliënt wordt niets verstuurd"); err != nil {
		return err
	}
	return one(t.exec(`UPDATE entry SET not_before = ?, problem = ?, updated_at = ? WHERE id = ? AND state = 'inDoubt' AND claim IS NULL`,
		stored(now.Add(outbox.MaxDelay)), problem, stored(now), d.ID))
}

// StateTopic is the topic of the notes about damage that whoever looks at the database whole finds: each look replaces them.
const StateTopic = "state"

// toldTopic is the topic of the notes about what was set aside as it could not be read back. They go after toldFor; those about a client who
// can't be looked up for it, when it was.
const toldTopic, unaskedKey = "told", "number/"

const toldFor = 7 * 24 * time.Hour

func forgetTold(t *tx, now time.Time) error {
	_, err := t.exec(`DELETE FROM note WHERE topic = ?1 AND CASE WHEN key GLOB ?2 || '*'
		THEN NOT EXISTS (SELECT 1 FROM person p WHERE p.ocmw = note.ocmw AND p.pseudonym = substr(note.key, 1 + length(?2)) AND p.looked_up = 0)
		ELSE since < ?3 END`, toldTopic, unaskedKey, stored(now.Add(-toldFor)))
	return err
}

// tell says what was done, in the log and in status.
func (d damagedEntry) tell(t *tx, now time.Time, done, doneNL string) error {
	t.damages = append(t.damages, ledger.Damage{OCMW: d.OCMW, Pseudonym: d.Pseudonym, Entry: d.ID, What: d.unread.Error(), Done: done, Again: !d.known})
	return saveNote(t, toldTopic, ledger.Note{
		OCMW: d.OCMW, Key: "entry/" + d.ID, Level: "warn",
		EN: "entry " + d.ID + " of " + d.Pseudonym + " can't be read back (" + d.unread.Error() + "); " + done + ". Look at the disk, and run \"mlpsync state check\"",
		NL: "registratie " + d.ID + " van " + d.Pseudonym + " kan niet gelezen worden; " + doneNL + ". Laat IT de schijf nakijken (\"mlpsync state check\")",
	}, stored(now))
}

// unreadableTopic is the topic of the notes about clients who are held as something of them is damaged. Their keys are pseudonyms.
const unreadableTopic = "unreadable"

func (d *decisions) damage(g *ground, s ledger.Subject) {
	if s.Damaged == "" {
		d.sound = append(d.sound, g.pseudonym)
		return
	}
	s.OCMW, s.Pseudonym = g.ocmw, g.pseudonym
	d.damaged = append(d.damaged, s)
}

// tellDamage says in status who is held for damage, and no longer who is not. The next file of a feed has the rows of those who are read
// anew, whatever they were: what is damaged of a record is replaced with them.
func (d *decisions) tellDamage() error {
	var noted bool
	if err := d.t.row(`SELECT EXISTS (SELECT 1 FROM note WHERE topic = '`+unreadableTopic+`')`, nil, &noted); err != nil {
		return err
	}
	if noted {
		if _, err := d.t.exec(`DELETE FROM note WHERE topic = '`+unreadableTopic+`' AND key IN (SELECT value FROM json_each(?))`, list(d.sound)); err != nil {
			return err
		}
	}
	for _, s := range d.damaged {
		if err := readAnew(d.t, s.Person); err != nil {
			return err
		}
		err := saveNote(d.t, unreadableTopic, ledger.Note{
			OCMW: s.OCMW, Key: s.Pseudonym, Level: "error",
			EN: "client " + s.Pseudonym + " is held: something kept of it can't be read back (" + s.Damaged + "). " + NextOfClient,
			NL: "cliënt " + s.Pseudonym + " wordt tegengehouden: iets wat over de cliënt bewaard is, kan niet meer gelezen worden. Laat IT de schijf nakijken, exporteer opnieuw, en helpt dat niet: zet een back-up terug",
		}, stored(d.now))
		if err != nil {
			return err
		}
	}
	return nil
}

// readAnew has the next file of each feed read a client's rows, though they did not change.
func readAnew(t *tx, person int64) error {
	_, err := t.exec(`UPDATE export_row SET line = NULL WHERE id IN (SELECT x.row FROM record r JOIN row_record x ON x.id = r.source
		WHERE r.person = ?)`, person)
	return err
}

// heldForDamage has those decided again who are held as something of them was damaged: it may have been read anew.
const heldForDamage = `INSERT INTO concerned SELECT p.id FROM note n JOIN person p ON p.pseudonym = n.key AND p.ocmw = n.ocmw
	WHERE n.topic = '` + unreadableTopic + `' AND n.ocmw = ? AND p.outcome = 'held' ON CONFLICT DO NOTHING`

// NextOfClient is what a person does about a client of whom something is damaged.
const NextOfClient = "Look at the disk, run \"mlpsync state check\", and export again: rows are read anew. Where the client is still held then, what is known of MLP, or an answer, is damaged: put back the last backup with \"mlpsync state restore FILE\""

// undecided are persons whose last decision was found damaged when it was to be shown. The next run has them decided again.
type undecided struct {
	mu      sync.Mutex
	persons []int64
}

func (u *undecided) add(persons []int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.persons = append(u.persons, persons...)
}

// take gives them, once.
func (u *undecided) take() []int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.persons
	u.persons = nil
	return taken
}

// once remembers what was told, so that it is not told at each poll.
type once struct {
	mu   sync.Mutex
	told map[string]bool
}

func (o *once) first(what string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told[what] {
		return false
	}
	if o.told == nil {
		o.told = map[string]bool{}
	}
	o.told[what] = true
	return true
}

// nextRestore is what a person does where nothing but a backup has what is damaged.
const nextRestore = "look at the disk, run \"mlpsync state check\", and put back the last backup with \"mlpsync state restore FILE\""
