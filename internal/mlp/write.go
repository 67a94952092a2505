package mlp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

const (
	opCreate = "createDossier"
	opPatch  = "patchDossier"
)

// Write is one change to send.
type Write struct {
	Change casefile.Change
	// DossierID and Version are those of the dossier as it is known; empty and 0 for a create.
	DossierID string
	Version   int64
	// IdempotencyKey is for a create: of the entry and of what Body gives.
	IdempotencyKey string
	// Content is a document's file.
	Content []byte
}

// Answer is what MLP said to a write that it took.
type Answer struct {
	DossierID string
	// Version is the dossier's after the write, which is one more than before unless the
	// write changed nothing or somebody else wrote too.
	Version int64
	// Dossier is the whole dossier, after a create or a patch; else nil.
	Dossier *casefile.Dossier
	// Registration is what MLP now holds of it, after a put; else nil.
	Registration *casefile.Registration
	TraceID      string
}

// collection is where a kind of registration stands below a dossier.
type collection struct{ path, operation string }

func collectionOf(kind casefile.RegistrationKind) (collection, bool) {
	for _, row := range [...]struct {
		kind casefile.RegistrationKind
		is   collection
	}{
		{casefile.RegCategory, collection{"categories", "putCategory"}},
		{casefile.RegWEO, collection{"weos", "putWeo"}},
		{casefile.RegEmployment, collection{"employments", "putEmployment"}},
		{casefile.RegPlacement, collection{"placements", "putPlacement"}},
		{casefile.RegEvaluation, collection{"evaluations", "putEvaluation"}},
		{casefile.RegDocument, collection{"documents", "putDocument"}},
		{casefile.RegCompetence, collection{"competences", "putCompetence"}},
		{casefile.RegNote, collection{"notes", "putNote"}},
		{casefile.RegHandover, collection{"handovers", "putHandover"}},
	} {
		if row.kind == kind {
			return row.is, true
		}
	}
	return collection{}, false
}

// Body is the request body of a change, byte for byte as it is sent, but for a document's file. It names the caseworker.
func Body(c casefile.Change) ([]byte, error) { return bodyWith(c, nil) }

func bodyWith(c casefile.Change, content []byte) ([]byte, error) {
	caseworker := filled(wireRef{c.Caseworker})
	var body any
	switch c.Op {
	case casefile.OpPut:
		w, err := registrationOf(c.New)
		if err != nil {
			return nil, err
		}
		w.Caseworker, w.Content = caseworker, content
		body = w
	case casefile.OpPatch, casefile.OpCreate:
		w := ownOf(c.New)
		w.Caseworker = caseworker
		if person, ok := c.New.(casefile.Person); ok && c.Op == casefile.OpCreate {
			w.SSIN = person.INSZ.Reveal()
		}
		body = w
	default:
		return nil, errors.New("unknown operation of a change")
	}
	b, err := json.Marshal(body)
	if err != nil {
		// The library's text can quote the value.
		return nil, errors.New("change can't be written as JSON")
	}
	return b, nil
}

// Send sends one change. Its error is an *Error; after VerdictInDoubt the caller reads, and
// asks Holds.
func (c *Client) Send(ctx context.Context, w Write) (Answer, error) {
	r, err := writeRequest(w)
	if err != nil {
		e := &Error{Operation: string(w.Change.Op), Verdict: VerdictPermanent, Type: typeInvalidLocal}
		e.Title, e.Next = words(e)
		return Answer{}, e
	}
	x, err := c.call(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	a, err := readAnswer(w, x)
	if err != nil {
		// A success that can't be read is no proof of what was done.
		return Answer{}, x.unreadable()
	}
	return a, nil
}

func writeRequest(w Write) (request, error) {
	body, err := bodyWith(w.Change, w.Content)
	if err != nil {
		return request{}, err
	}
	r := request{op: operation{write: true, dossier: true}, body: body, header: http.Header{}}
	dossier := "/dossiers/" + url.PathEscape(w.DossierID)
	if w.Change.Op != casefile.OpCreate {
		r.header.Set("If-Match", strconv.Quote(strconv.FormatInt(w.Version, 10)))
	}
	switch w.Change.Op {
	case casefile.OpCreate:
		r.op.id, r.op.dossier, r.method, r.path = opCreate, false, http.MethodPost, "/dossiers"
		r.header.Set("Idempotency-Key", w.IdempotencyKey)
	case casefile.OpPatch:
		r.op.id, r.method, r.path, r.media = opPatch, http.MethodPatch, dossier, "application/merge-patch+json"
	default:
		at, ok := collectionOf(w.Change.New.Kind())
		if !ok {
			return r, errors.New("no collection of this kind")
		}
		r.op.id, r.method = at.operation, http.MethodPut
		r.path = dossier + "/" + at.path + "/" + url.PathEscape(w.Change.ID)
	}
	return r, nil
}

// readAnswer reads what a write was answered with. The version is the ETag's, which every
// answer has; a body's own must agree where it has one.
func readAnswer(w Write, x *exchange) (Answer, error) {
	a := Answer{TraceID: x.traceID, DossierID: w.DossierID}
	// A gateway that compresses answers makes the ETag a weak one (RFC 9110 section 8.8.1); the version in it is the same.
	tag, err := strconv.Unquote(strings.TrimPrefix(x.last.header.Get("ETag"), "W/"))
	if err != nil {
		return a, errors.New("answer without an ETag")
	}
	if a.Version, err = strconv.ParseInt(tag, 10, 64); err != nil || a.Version < 1 {
		return a, errors.New("ETag is no version")
	}
	if w.Change.Op != casefile.OpPut {
		a, err := a.withDossier(x.last.body)
		if err == nil && !isOf(*a.Dossier, w) {
			err = errors.New("answer is of another dossier")
		}
		return a, err
	}
	var wire wireRegistration
	if err := json.Unmarshal(x.last.body, &wire); err != nil {
		return a, errors.New("registration can't be read")
	}
	reg, err := wire.registration(w.Change.New.Kind())
	if err != nil || reg.ID != w.Change.ID || (wire.DossierVersion != 0 && wire.DossierVersion != a.Version) {
		return a, errors.New("answer is of another registration")
	}
	a.Registration = &reg
	return a, nil
}

// isOf tells that a dossier is the one that was written, or of the person for whom one was made. A cache on the way can give an
// answer that it has of another request: everything behind it would be written in that dossier.
func isOf(d casefile.Dossier, w Write) bool {
	person, is := w.Change.New.(casefile.Person)
	if w.Change.Op != casefile.OpCreate || !is {
		return d.ID == w.DossierID
	}
	return d.Person.INSZ == person.INSZ || slices.Contains(d.INSZHistory, person.INSZ)
}

func (a Answer) withDossier(body []byte) (Answer, error) {
	d, err := decodeDossier(body)
	if err != nil {
		return a, err
	}
	if d.Version != a.Version {
		return a, errors.New("ETag and version differ")
	}
	a.DossierID, a.Dossier = d.ID, &d
	return a, nil
}

func decodeDossier(body []byte) (casefile.Dossier, error) {
	var w wireDossier
	if err := json.Unmarshal(body, &w); err != nil {
		return casefile.Dossier{}, errors.New(placeOf(err))
	}
	return w.dossier()
}

// unreadable is the verdict on a success whose content is not what the document says.
func (x *exchange) unreadable() *Error {
	o := x.last
	o.form = formOther
	e := classify(o, x.at)
	e.TraceID = x.traceID
	return e
}

// Holds tells whether a dossier holds what the change asks for, judged on what a client may
// write, as MLP itself judges a repeated PUT; the caseworker and a document's file excepted. It is how a write in
// doubt is resolved (design decision 14).
func Holds(d casefile.Dossier, c casefile.Change) bool {
	if c.Op != casefile.OpPut {
		return holdsOwn(d, c.New)
	}
	held, found := d.Find(c.ID)
	if !found || held.Body.Kind() != c.New.Kind() {
		return false
	}
	is, err1 := registrationOf(held.Body)
	want, err2 := registrationOf(c.New)
	return err1 == nil && err2 == nil && sameJSON(is, want)
}

// holdsOwn: nothing of what a create or patch sends would change anything.
func holdsOwn(d casefile.Dossier, want casefile.Body) bool {
	switch want := want.(type) {
	case casefile.Person:
		return casefile.Satisfies(d.Person, want)
	case casefile.Profile:
		return casefile.Satisfies(d.Profile, want)
	}
	return false
}

func sameJSON(a, b wireRegistration) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
