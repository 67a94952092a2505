package mockmlp

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Happenings are what others do to a dossier, at VDAB's side and not through the API: VDAB itself, a partner, a colleague who works in MLP by hand. Each
// is one commit: it stands in the effects and in the change feed. The person is named by dossier id or social security number. What the document wouldn't allow is refused
// and changes nothing. That such things happen is in the sources (TWE-17, GLOW-08, HND-03); how they look in the API is an assumption.

// ErrNobody is what a happening returns where the mock has no dossier of the person.
var ErrNobody = errors.New("the mock has no dossier of this person: create or seed it first")

// side is VDAB's side of a mock: whoever lets something happen there.
type side struct {
	*Mock
	// locked: the caller holds the mock's lock, and steps of a script are settled by what happens.
	locked bool
	steps  []Step
}

// happen commits what do makes of the next version of a person's dossier.
func (m side) happen(name, person string, do func(next *dossier) (change, error)) (Effect, error) {
	if !m.locked {
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	e, err := m.happenLocked(name, person, do)
	if err != nil {
		return Effect{}, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}

func (m side) happenLocked(name, person string, do func(next *dossier) (change, error)) (Effect, error) {
	// A step of a script comes in its turn: what is due before it has been done.
	if !m.locked {
		if err := m.runDue(); err != nil {
			return Effect{}, err
		}
	}
	d := m.state.Dossiers[m.known(person)]
	if d == nil {
		return Effect{}, ErrNobody
	}
	next := d.edit()
	c, err := do(next)
	if err != nil {
		return Effect{}, err
	}
	if err := m.judgeDossier(next); err != nil {
		return Effect{}, fmt.Errorf("the document refuses the dossier that comes of it: %w", err)
	}
	c.dossier, c.happening, c.at, c.steps = next, name, m.clock.now(), m.steps
	e, err := m.commit(c)
	if err != nil {
		return Effect{}, err
	}
	// What follows from it at once; when it can't be written now, it stays due.
	_ = m.runDueExits()
	return e, nil
}

// newID is the id of something that others register: the same for the same sequence.
func (m *Mock) newID(what string) string {
	return m.derive(what, strconv.FormatInt(m.state.Epoch, 10), strconv.FormatInt(m.state.Seq+1, 10))
}

// OwnerChanged gives the dossier another owner, as in the API's Owner; since is today unless it says otherwise.
func (m *Mock) OwnerChanged(person string, owner map[string]any) (Effect, error) {
	return side{Mock: m}.ownerChanged(person, owner)
}

func (m side) ownerChanged(person string, owner map[string]any) (Effect, error) {
	return m.happen("ownerChanged", person, func(next *dossier) (change, error) {
		next.Owner = map[string]any{"since": m.today()}
		maps.Copy(next.Owner, normalized(owner))
		c := change{kind: "dossier", id: next.ID, content: next.Owner}
		if next.ownerKind() == "partner" {
			c.actor = actorPartner
		}
		return c, nil
	})
}

// HandoverAnswered moves a handover request on (HND-03): to received, needsInformation, accepted, assigned (to an organisation), rejected (with a
// reason) or closed. Without an id it is the one registered last.
func (m *Mock) HandoverAnswered(person, handoverID, status, reason, assignedTo string) (Effect, error) {
	return side{Mock: m}.handoverAnswered(person, handoverID, status, reason, assignedTo)
}

func (m side) handoverAnswered(person, handoverID, status, reason, assignedTo string) (Effect, error) {
	return m.happen("handoverAnswered", person, func(next *dossier) (change, error) {
		r, err := next.answerable(handoverID)
		switch {
		case err != nil:
			return change{}, err
		case status == "rejected" && reason == "":
			return change{}, errors.New("a request is rejected with a reason")
		case status == "assigned" && assignedTo == "":
			return change{}, errors.New("assigned to whom: assignedTo names an organisation")
		case status == "sent":
			return change{}, errors.New("sent is what a request is before VDAB does anything")
		}
		added := map[string]any{"status": status, "statusSince": m.today()}
		for name, value := range map[string]string{"statusReason": reason, "assignedTo": assignedTo} {
			if value != "" {
				added[name] = value
			}
		}
		if old, there := r.Added["assignedTo"]; there && assignedTo == "" && status == "closed" {
			added["assignedTo"] = old
		}
		r.Added = added
		next.put("handover", r)
		return change{kind: "handover", id: r.ID, content: added}, nil
	})
}

func (d *dossier) answerable(handoverID string) (registration, error) {
	list := d.Regs["handover"]
	if handoverID == "" && len(list) > 0 {
		return slices.MaxFunc(list, func(a, b registration) int { return a.RegisteredAt.Compare(b.RegisteredAt) }), nil
	}
	r, there := d.find("handover", strings.ToLower(handoverID))
	if !there {
		return r, errors.New("the dossier has no such handover request")
	}
	return r, nil
}

// SSINReplaced gives the person another number, a free test number where none is given; the present one goes into the history.
func (m *Mock) SSINReplaced(person, newSSIN string) (Effect, error) {
	return side{Mock: m}.ssinReplaced(person, newSSIN)
}

func (m side) ssinReplaced(person, newSSIN string) (Effect, error) {
	return m.happen("ssinReplaced", person, func(next *dossier) (change, error) {
		if newSSIN == "" {
			newSSIN = m.freeSSIN(next.ID)
		}
		_, taken := m.state.bySSIN[newSSIN]
		if !validSSIN(newSSIN) || taken || m.state.Canceled[newSSIN] {
			return change{}, errors.New("newSsin: a valid number that nobody has or had")
		}
		next.History = append(slices.Clone(next.History), next.SSIN)
		next.SSIN, next.SSINCanceled = newSSIN, false
		return change{kind: "dossier", id: next.ID, content: map[string]any{"ssin": newSSIN, "ssinHistory": next.History}}, nil
	})
}

// SSINCanceled cancels the person's number: it stands for nobody any more.
func (m *Mock) SSINCanceled(person string) (Effect, error) {
	return side{Mock: m}.ssinCanceled(person)
}

func (m side) ssinCanceled(person string) (Effect, error) {
	return m.happen("ssinCanceled", person, func(next *dossier) (change, error) {
		next.SSINCanceled = true
		return change{kind: "dossier", id: next.ID, content: map[string]any{"ssinStatus": "canceled"}}, nil
	})
}

// DossierEdited is a colleague's change by hand: a merge-patch of the dossier's own data, or of one registration by kind and id. Kind dossier, or none,
// is the dossier's own data.
func (m *Mock) DossierEdited(person, kindName, id string, patch map[string]any) (Effect, error) {
	return side{Mock: m}.dossierEdited(person, kindName, id, patch)
}

func (m side) dossierEdited(person, kindName, id string, patch map[string]any) (Effect, error) {
	return m.happen("dossierEdited", person, func(next *dossier) (change, error) {
		if kindName == "" || kindName == "dossier" {
			return m.editOwn(next, normalized(patch))
		}
		k, known := kindOf(kindName)
		if !known {
			return change{}, errors.New("kind: dossier, or a kind of registration as in the effects")
		}
		return m.editRegistration(next, k, strings.ToLower(id), normalized(patch))
	})
}

func (m *Mock) editOwn(next *dossier, patch map[string]any) (change, error) {
	if patch["caseworker"] == nil {
		patch["caseworker"] = map[string]any{"id": actorColleague}
	}
	op, _ := m.api.Operation("patchDossier")
	vs := op.ValidateRequest(map[string]string{"dossierId": next.ID}, nil, http.Header{"If-Match": {etag(next.Version)}}, patch)
	if len(vs) > 0 {
		return change{}, fmt.Errorf("patch%s: %s", vs[0].Name, vs[0].Message)
	}
	next.Own, _ = mergePatch(copyJSON(next.Own), patch).(map[string]any)
	address, _ := next.Own["address"].(map[string]any)
	next.NIS, _ = address["nisCode"].(string)
	return change{kind: "dossier", id: next.ID, content: patch, actor: actorColleague}, nil
}

func (m *Mock) editRegistration(next *dossier, k kind, id string, patch map[string]any) (change, error) {
	r, there := next.find(k.name, id)
	if !there {
		return change{}, errors.New("the dossier has no registration of this kind and id")
	}
	for name := range patch {
		if _, readOnly := r.Added[name]; readOnly || slices.Contains([]string{k.idField, k.notKept, "registeredAt", "dossierVersion"}, name) {
			return change{}, fmt.Errorf("patch/%s: not a property that can be edited", name)
		}
	}
	r.Content, _ = mergePatch(copyJSON(r.Content), patch).(map[string]any)
	if issues := issuesOf(k, r.Content); len(issues) > 0 {
		return change{}, fmt.Errorf("patch%s: %s", issues[0]["name"], issues[0]["title"])
	}
	if field, kind := next.lacks(r.Content); field != "" {
		return change{}, fmt.Errorf("patch/%s: the dossier has no %s with this id", field, kind)
	}
	now := m.clock.now()
	r.RegisteredAt = now
	next.put(k.name, r)
	c := change{kind: k.name, id: id, content: r.Content, actor: actorColleague}
	c.code, _ = r.Content["code"].(string)
	if k.name == "employment" {
		c.exits = m.exitsAfter(next, k, r, now)
	}
	return c, nil
}

// CategorySet is a category that somebody else sets, valid from a day on; by is as in setBy. What the job-seeker sets comes in through VDAB, and has VDAB as its
// actor; ocmw is a colleague by hand.
func (m *Mock) CategorySet(person, code, from, by string) (Effect, error) {
	return side{Mock: m}.categorySet(person, code, from, by)
}

func (m side) categorySet(person, code, from, by string) (Effect, error) {
	return m.happen("categorySet", person, func(next *dossier) (change, error) {
		r := registration{
			ID: m.newID("category"), Content: map[string]any{"code": code, "validFrom": from},
			Added: map[string]any{"setBy": by}, RegisteredAt: m.clock.now(),
		}
		next.put("category", r)
		actor := map[string]string{"ocmw": actorColleague, "partner": actorPartner}[by]
		return change{kind: "category", id: r.ID, create: true, code: code, content: r.Content, actor: actor}, nil
	})
}

// TrainingRegistered is a training that its provider registers, as in the API's Training, or changes: that with the same trainingId. Without a
// trainingId it gets one.
func (m *Mock) TrainingRegistered(person string, training map[string]any) (Effect, error) {
	return side{Mock: m}.trainingRegistered(person, training)
}

func (m side) trainingRegistered(person string, training map[string]any) (Effect, error) {
	return m.happen("trainingRegistered", person, func(next *dossier) (change, error) {
		t := normalized(training)
		id, given := t["trainingId"].(string)
		if !given {
			id = m.newID("training")
			t["trainingId"] = id
		}
		next.Trainings = slices.Clone(next.Trainings)
		i := slices.IndexFunc(next.Trainings, func(x any) bool {
			old, _ := x.(map[string]any)
			return old["trainingId"] == id
		})
		if i < 0 {
			next.Trainings = append(next.Trainings, t)
		} else {
			next.Trainings[i] = t
		}
		return change{kind: "training", id: id, create: i < 0, content: t, actor: actorPartner}, nil
	})
}

// whom is the person of a happening as the control API has it.
type whom struct {
	Name      string `json:"name"`
	SSIN      string `json:"ssin"`
	DossierID string `json:"dossierId"`
}

func (w whom) person() (string, error) {
	if (w.SSIN == "") == (w.DossierID == "") {
		return "", errors.New("name the person: give one of ssin and dossierId")
	}
	return w.SSIN + w.DossierID, nil
}

// happening reads a happening's own properties, strictly.
func happening[T interface{ person() (string, error) }](do func(m side, person string, in T) (Effect, error)) happeningReader {
	return func(body []byte) (func(side) (Effect, error), error) {
		var in T
		if err := readStrict(bytes.NewReader(body), &in); err != nil {
			return nil, err
		}
		person, err := in.person()
		if err != nil {
			return nil, err
		}
		return func(m side) (Effect, error) { return do(m, person, in) }, nil
	}
}

// happeningReader makes of a happening's own properties what carries it out.
type happeningReader func(body []byte) (func(side) (Effect, error), error)

type ownerIn struct {
	whom
	Owner map[string]any `json:"owner"`
}

type answerIn struct {
	whom
	HandoverID string `json:"handoverId"`
	Status     string `json:"status"`
	Reason     string `json:"reason"`
	AssignedTo string `json:"assignedTo"`
}

type replaceIn struct {
	whom
	NewSSIN string `json:"newSsin"`
}

type editIn struct {
	whom
	Kind  string         `json:"kind"`
	ID    string         `json:"id"`
	Patch map[string]any `json:"patch"`
}

type categoryIn struct {
	whom
	Code string `json:"code"`
	From string `json:"from"`
	By   string `json:"by"`
}

type trainingIn struct {
	whom
	Training map[string]any `json:"training"`
}

// exitIn says how the person's next 78 comes: see [Exits].
type exitIn struct {
	whom
	Mode  string `json:"mode"`
	Delay string `json:"delay"`
}
