package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

// orderClient carries out hold, unhold and decide. What does not fit how the client
// stands is said, and no error.
func orderClient(t *tx, r ledger.Request, now time.Time) (bool, string, error) {
	p := ordered{t: t, Request: r, now: now}
	err := t.row(`SELECT id, pseudonym FROM person WHERE ocmw = ? AND client_ix = ?`,
		[]any{r.OCMW, t.s.ix("client", r.OCMW, r.Client)}, &p.person, &p.pseudonym)
	if errors.Is(err, errNoRows) {
		return false, "there is no such client", nil
	}
	if err != nil {
		return false, "", err
	}
	switch r.Kind {
	case "hold":
		return p.hold()
	case "unhold":
		return p.unhold()
	}
	if p.Answer.Anew {
		return p.answerAnew()
	}
	return p.answer()
}

// ordered is a person's order about a client that is there.
type ordered struct {
	ledger.Request
	t         *tx
	person    int64
	pseudonym string
	now       time.Time
}

// done has the client decided on what is new, and audits the order.
func (p ordered) done(result string, r audit.Record) (bool, string, error) {
	if err := setDirty(p.t, p.person); err != nil {
		return false, "", err
	}
	r.At, r.Run, r.Actor, r.OCMW, r.Client = p.now, p.t.run(), p.By.Name, p.OCMW, p.pseudonym
	return true, result, p.t.audit(r, p.By.Reason)
}

// hold counts from when it was ordered: a plan that applies the order on a copy sees
// the same client.
func (p ordered) hold() (bool, string, error) {
	n, err := p.t.exec(`INSERT INTO hold (person, since, actor, reason) VALUES (?, ?, ?, ?) ON CONFLICT (person) DO NOTHING`,
		p.person, stored(p.At), p.By.Name, p.t.s.seal("hold", p.OCMW, number(p.person), "reason", []byte(p.By.Reason)))
	if err != nil || n == 0 {
		return false, "the client is held already", err
	}
	return p.done("nothing is decided or sent of the client until it is released", audit.Record{Action: "held"})
}

func (p ordered) unhold() (bool, string, error) {
	n, err := p.t.exec(`DELETE FROM hold WHERE person = ?`, p.person)
	if err != nil || n == 0 {
		return false, "no person holds the client", err
	}
	return p.done("the client is decided again", audit.Record{Action: "released"})
}

// answer takes the place of what was answered before to the same question, and one
// with a category that of every other: two categories can't both be a person's word.
func (p ordered) answer() (bool, string, error) {
	a := p.Answer
	before, err := p.keepAnswer()
	if err != nil {
		return false, "", err
	}
	r := audit.Record{Action: "answered", Rule: a.Rule, Before: before, After: said(a)}
	if a.Category != "" {
		r.After += " from " + string(a.On)
	}
	return p.done("the client is decided with the answer", r)
}

// keepAnswer stores the answer, and tells in one word what was answered before.
func (p ordered) keepAnswer() (string, error) {
	a := p.Answer
	payload, err := casefile.MarshalAnswer(a)
	if err != nil {
		return "", fmt.Errorf("encode answer: %w", err)
	}
	ix := p.t.s.ix("question", p.OCMW, number(p.person), a.Rule, a.Question)
	const same = `person = ?1 AND (question_ix = ?2 OR (?3 <> '' AND said NOT IN ('accepted', 'adopted')))`
	before, err := column[string](p.t, `SELECT said FROM answer WHERE `+same+` ORDER BY given_at DESC, id DESC`, p.person, ix, string(a.Category))
	if err != nil {
		return "", err
	}
	if _, err := p.t.exec(`DELETE FROM answer WHERE `+same, p.person, ix, string(a.Category)); err != nil {
		return "", err
	}
	_, err = p.t.exec(`INSERT INTO answer (person, rule, said, question_ix, digest, payload, given_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.person, a.Rule, said(a), ix, p.t.s.ix("answer", p.OCMW, string(payload)),
		p.t.s.seal("answer", p.OCMW, place(ix), "payload", payload), stored(a.At))
	return strings.Join(before[:min(len(before), 1)], ""), err
}

// said is an answer in one word.
func said(a casefile.Answer) string {
	switch {
	case a.Category != "":
		return string(a.Category)
	case a.Adopt:
		return "adopted"
	}
	return "accepted"
}

func readHolds(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT h.person, h.since, h.actor, h.reason FROM json_each(?) j JOIN hold h ON h.person = j.value`, list(ids)) {
		if err != nil {
			return err
		}
		var person, since int64
		var h ledger.Hold
		var reason []byte
		if err := rs.Scan(&person, &since, &h.By, &reason); err != nil {
			return err
		}
		v := views[person]
		plain, err := t.s.open("hold", v.OCMW, number(person), "reason", reason)
		if h.Since, h.Reason = instant(since), string(plain); err != nil { // held all the same
			if err := t.spoiled(v, reason, err); err != nil {
				return err
			}
		}
		v.Hold = &h
	}
	return nil
}

func readAnswers(t *tx, ids []int64, views map[int64]*ledger.ClientView) error {
	for rs, err := range t.rows(`SELECT a.person, a.question_ix, a.payload FROM json_each(?) j JOIN answer a ON a.person = j.value
		ORDER BY a.person, a.given_at, a.id`, list(ids)) {
		if err != nil {
			return err
		}
		var person int64
		var ix, payload []byte
		if err := rs.Scan(&person, &ix, &payload); err != nil {
			return err
		}
		v := views[person]
		plain, err := t.s.open("answer", v.OCMW, place(ix), "payload", payload)
		var a casefile.Answer
		if err == nil {
			a, err = casefile.UnmarshalAnswer(plain)
			err = wrap("read answer", err)
		}
		if err != nil {
			if err := t.spoiled(v, payload, err); err != nil {
				return err
			}
			continue
		}
		v.Answers = append(v.Answers, a)
	}
	return nil
}
