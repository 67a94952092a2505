package sqlite

import (
	"errors"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// errNotYet is of an order that waits: it stays open, and is tried again with the next ones.
var errNotYet = errors.New("something of the client is on its way to MLP, or in doubt")

// beginAnew has the client leave the dossier that is known, and be looked up under the number in the export. It tells what is left behind;
// no problem is what is said where the question stands no more: the number, or the dossier, is another one by now. Nothing of the old
// dossier is kept: a parked or discarded entry would keep an equal one from the new dossier. What became of what is in flight must be known first.
func (p ordered) beginAnew() (left *casefile.Left, problem string, err error) {
	people, lost, err := loadSound(p.t, []int64{p.person})
	if err != nil {
		return nil, "", err
	}
	if lost[p.person] != nil {
		return nil, "what is known of the client can't be read back: restore a backup first", nil
	}
	who := people[p.person]
	if stands, err := p.stillAsked(who); err != nil || !stands {
		return nil, "the client's number or dossier is another one by now", err
	}
	var flying bool
	if err := p.t.row(`SELECT EXISTS (SELECT 1 FROM entry WHERE person = ? AND `+inFlight+`)`, []any{p.person}, &flying); err != nil {
		return nil, "", err
	}
	if flying {
		return nil, "", errNotYet
	}
	if left, err = leaving(p.t, who); err != nil {
		return nil, "", err
	}
	l := lane{t: p.t, ocmw: p.OCMW, person: p.person, now: p.now}
	if err := l.drop(outbox.Problem{Type: "begunAnew", Title: "it was planned for a dossier that the client left", Next: "nothing: the client is decided again"}); err != nil {
		return nil, "", err
	}
	if err := who.leave(p.t); err != nil {
		return nil, "", err
	}
	who.known = casefile.Known{}
	return left, "", who.save(p.t, p.t.s.day(p.now))
}

// stillAsked tells whether the question that is answered is the one to ask of the client's number and dossier as they are.
func (p ordered) stillAsked(who *person) (bool, error) {
	if another, err := who.askedUnderAnother(p.t, nil); err != nil || !another {
		return false, err
	}
	var ix, sealed []byte
	if err := p.t.row(`SELECT client_ix, insz FROM person WHERE id = ?`, []any{p.person}, &ix, &sealed); err != nil || sealed == nil {
		return false, err
	}
	number, unread, err := p.t.numberOf(p.OCMW, p.person, place(ix), sealed)
	return err == nil && unread == nil && who.known.Dossier.AnewQuestion(number) == p.Answer.Question, err
}

// drop supersedes all of the lane that is not settled, and says why.
func (l *lane) drop(why outbox.Problem) error {
	old, err := l.queued()
	if err != nil {
		return err
	}
	for _, q := range old {
		if err := l.move(q.id, q.state, outbox.Superseded); err != nil {
			return err
		}
		problem, err := l.t.s.sealProblem(outbox.Entry{ID: q.id, OCMW: l.ocmw}, why)
		if err != nil {
			return err
		}
		if err := one(l.t.exec(`UPDATE entry SET problem = ? WHERE id = ?`, problem, q.id)); err != nil {
			return err
		}
	}
	return l.relane()
}

// leave notes up to where the lane was for the known dossier.
func (who *person) leave(t *tx) error {
	_, err := t.exec(`INSERT INTO left_dossier (person, seq, dossier_ix) SELECT person, MAX(seq), ?2 FROM entry WHERE person = ?1 GROUP BY person
		ON CONFLICT DO NOTHING`, who.id, who.dossierIX(t)) // where there is one none was for the dossier
	return err
}

func (who *person) dossierIX(t *tx) []byte {
	return t.s.ix("left dossier", number(who.id), who.known.Dossier.ID)
}

// leaving is the known dossier of a person with what stands in it by entries that settled in it. A registration that is gone from it is
// left out: somebody took it back already.
func leaving(t *tx, who *person) (*casefile.Left, error) {
	d := who.known.Dossier
	left := &casefile.Left{Dossier: d.ID}
	for rs, err := range t.rows(`SELECT kind, registration, MAX(op = '`+string(casefile.OpCreate)+`') FROM entry e
		WHERE person = ?1 AND state = 'settled' AND COALESCE(
			(SELECT l.dossier_ix FROM left_dossier l WHERE l.person = e.person AND l.seq >= e.seq ORDER BY l.seq LIMIT 1), ?2) = ?2
		GROUP BY kind, registration ORDER BY MIN(seq)`, who.id, who.dossierIX(t)) {
		if err != nil {
			return nil, err
		}
		var kind casefile.RegistrationKind
		var id string
		var created bool
		if err := rs.Scan(&kind, &id, &created); err != nil {
			return nil, err
		}
		if b, stands := behind(who.known, kind, id); stands {
			b.Changed = b.Changed && !created
			left.Behind = append(left.Behind, b)
		}
	}
	return left, nil
}

// behind tells of what was sent whether it stands in the known dossier, and what a person needs to find it there. Of the dossier's own
// data Written says so, and they stood there before us unless we made the dossier.
func behind(k casefile.Known, kind casefile.RegistrationKind, id string) (casefile.LeftBehind, bool) {
	b := casefile.LeftBehind{Kind: kind}
	if kind == casefile.RegPerson || kind == casefile.RegProfile {
		b.Changed = kind == casefile.RegPerson
		return b, k.Written[string(kind)] != nil
	}
	r, stands := k.Dossier.Find(id)
	if !stands {
		return b, false
	}
	b.From, b.To = casefile.StartOf(r.Body), casefile.EndOf(r.Body)
	if c, is := r.Body.(casefile.Category); is {
		b.Code = c.Code
	}
	for _, theirs := range k.Aliases {
		b.Changed = b.Changed || theirs == id
	}
	return b, true
}

// answerAnew carries an order to begin anew out, and keeps it as the answer.
func (p ordered) answerAnew() (bool, string, error) {
	left, problem, err := p.beginAnew()
	if err != nil || problem != "" {
		return false, problem, err
	}
	p.Answer.Left = left
	// What was answered to other rules was about the course in the dossier that is left.
	if _, err := p.t.exec(`DELETE FROM answer WHERE person = ? AND rule <> ?`, p.person, p.Answer.Rule); err != nil {
		return false, "", err
	}
	if _, err := p.keepAnswer(); err != nil {
		return false, "", err
	}
	return p.done("the client is looked up under the number in the export, and decided from the beginning", audit.Record{Action: "begunAnew", Rule: p.Answer.Rule})
}
