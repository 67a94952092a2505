package casefile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/segmentio/encoding/json"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// The stored form is for payloads that are encrypted at rest (design decision
// 22) and for nothing else: it holds the INSZ in clear. Writing and reading back
// gives an equal value. Reading refuses what it doesn't know (a kind, a field, a
// date that doesn't exist): half a record read in silence could lose a
// registration. A field that is renamed or dropped therefore takes a migration of
// what is stored; testdata/stored pins the form.
//
// Errors name the place, never a value.

// ErrUnknownKind is what a kind of record or registration that doesn't exist
// ends in.
var ErrUnknownKind = errors.New("unknown kind")

// MarshalRecord writes a record in the stored form.
func MarshalRecord(r Record) ([]byte, error) {
	switch r := r.(type) {
	case *Client:
		if r != nil {
			return write(clientWire{Client: *r, INSZ: r.INSZ.Reveal()}, "client record")
		}
	case *Track:
		return writeRecord(r)
	case *Employment:
		return writeRecord(r)
	case *Placement:
		return writeRecord(r)
	case *Training:
		return writeRecord(r)
	case *Evaluation:
		return writeRecord(r)
	case *HandoverRecord:
		return writeRecord(r)
	case *CompetenceRecord:
		return writeRecord(r)
	case *DocumentRecord:
		return writeRecord(r)
	}
	return nil, fmt.Errorf("write record: %w", ErrUnknownKind)
}

// MarshalContent writes what a record says, without where it stands in the
// export and whether it was missing from the last one: two records are equal in
// content when these bytes are. They hold personal data: whoever keeps a hash of
// them keys it.
func MarshalContent(r Record) ([]byte, error) {
	switch r := r.(type) {
	case *Client:
		return contentOf(r, func(r *Client) *Header { return &r.Header })
	case *Track:
		return contentOf(r, func(r *Track) *Header { return &r.Header })
	case *Employment:
		return contentOf(r, func(r *Employment) *Header { return &r.Header })
	case *Placement:
		return contentOf(r, func(r *Placement) *Header { return &r.Header })
	case *Training:
		return contentOf(r, func(r *Training) *Header { return &r.Header })
	case *Evaluation:
		return contentOf(r, func(r *Evaluation) *Header { return &r.Header })
	case *HandoverRecord:
		return contentOf(r, func(r *HandoverRecord) *Header { return &r.Header })
	case *CompetenceRecord:
		return contentOf(r, func(r *CompetenceRecord) *Header { return &r.Header })
	case *DocumentRecord:
		return contentOf(r, func(r *DocumentRecord) *Header { return &r.Header })
	}
	return MarshalRecord(r)
}

func contentOf[R any, P interface {
	*R
	Record
}](r P, header func(P) *Header) ([]byte, error) {
	if r == nil {
		return MarshalRecord(r)
	}
	bare := P(new(R))
	*bare = *r
	h := header(bare)
	h.Prov, h.Missing = Provenance{}, false
	return MarshalRecord(bare)
}

// MarshalChange writes a change in the stored form.
func MarshalChange(c Change) ([]byte, error) {
	return write(changeWire{Change: c, Old: newBodyWire(c.Old), New: newBodyWire(c.New)}, "change")
}

// UnmarshalChange reads a change from the stored form.
func UnmarshalChange(stored []byte) (Change, error) {
	var w changeWire
	if err := read(stored, &w, "change"); err != nil {
		return Change{}, err
	}
	w.Change.Old, w.Change.New = w.Old.body(), w.New.body()
	return w.Change, nil
}

// MarshalKnown writes in the stored form what is known of a person in MLP.
func MarshalKnown(k Known) ([]byte, error) {
	w := knownWire{Known: k, Dossier: newDossierWire(k.Dossier), Written: writtenWire{}}
	for id, b := range k.Written {
		if b != nil && reflect.DeepEqual(k.Dossier.body(id), b) {
			w.AsHeld = append(w.AsHeld, id)
		} else {
			w.Written[id] = newBodyWire(b)
		}
	}
	slices.Sort(w.AsHeld)
	return write(w, "known dossier")
}

// UnmarshalKnown reads what is known of a person in MLP from the stored form.
func UnmarshalKnown(stored []byte) (Known, error) {
	var w knownWire
	if err := read(stored, &w, "known dossier"); err != nil {
		return Known{}, err
	}
	k := w.Known
	k.Dossier, k.Written = w.Dossier.dossier(), w.Written.bodies()
	for _, id := range w.AsHeld {
		held := k.Dossier.body(id)
		if held == nil {
			return Known{}, errors.New("read stored known dossier: it holds nothing of what was written")
		}
		if k.Written == nil {
			k.Written = map[string]Body{}
		}
		k.Written[id] = held
	}
	return k, nil
}

// MarshalAnswer writes a caseworker's answer in the stored form.
func MarshalAnswer(a Answer) ([]byte, error) {
	a.At = a.At.UTC()
	return write(a, "answer")
}

// UnmarshalAnswer reads a caseworker's answer from the stored form.
func UnmarshalAnswer(stored []byte) (Answer, error) {
	var a Answer
	err := read(stored, &a, "answer")
	return a, err
}

// MarshalDecision writes a decision in the stored form.
func MarshalDecision(d Decision) ([]byte, error) {
	return write(decisionWire{Decision: d, Registrations: newRegistrationWires(d.Registrations)}, "decision")
}

// UnmarshalDecision reads a decision from the stored form.
func UnmarshalDecision(stored []byte) (Decision, error) {
	var w decisionWire
	if err := read(stored, &w, "decision"); err != nil {
		return Decision{}, err
	}
	w.Decision.Registrations = registrations(w.Registrations)
	return w.Decision, nil
}

// The wire structs embed the struct that they stand for: their own fields hide
// those below that can't be encoded, an INSZ or an interface.

type clientWire struct {
	Client
	INSZ string
}

type personWire struct {
	Person
	INSZ string
}

type changeWire struct {
	Change
	Old, New *bodyWire
}

type registrationWire struct {
	Registration
	Body *bodyWire
}

type dossierWire struct {
	Dossier
	Person        personWire
	INSZHistory   []inszWire `json:",omitempty"`
	Registrations []registrationWire
}

type knownWire struct {
	Known
	Dossier *dossierWire
	Written writtenWire `json:",omitempty"`
	AsHeld  []string    `json:",omitempty"` // ids under which Written has what the dossier's registration holds
}

// inszWire is a number in clear.
type inszWire struct{ ident.INSZ }

// MarshalJSON implements json.Marshaler.
func (w inszWire) MarshalJSON() ([]byte, error) { return json.Marshal(w.Reveal()) }

// UnmarshalJSON implements json.Unmarshaler.
func (w *inszWire) UnmarshalJSON(stored []byte) error {
	var digits string
	if err := strict(stored, &digits); err != nil {
		return err
	}
	n, err := readINSZ(digits)
	w.INSZ = n
	return err
}

type writtenWire map[string]*bodyWire

// body is what a registration holds; nil where there is none of this id.
func (d *Dossier) body(id string) Body {
	if d == nil {
		return nil
	}
	r, _ := d.Find(id)
	return r.Body
}

func (w writtenWire) bodies() map[string]Body {
	if w == nil {
		return nil
	}
	bodies := make(map[string]Body, len(w))
	for id, b := range w {
		bodies[id] = b.body()
	}
	return bodies
}

type decisionWire struct {
	Decision
	Registrations []registrationWire
}

func newPersonWire(p Person) personWire { return personWire{Person: p, INSZ: p.INSZ.Reveal()} }

func (w personWire) person() (Person, error) {
	n, err := readINSZ(w.INSZ)
	w.Person.INSZ = n
	return w.Person, err
}

// UnmarshalJSON checks the number, which makes a Person whole wherever it lies.
func (w *personWire) UnmarshalJSON(stored []byte) error {
	type plain personWire
	var p plain
	if err := strict(stored, &p); err != nil {
		return err
	}
	person, err := personWire(p).person()
	*w = personWire{Person: person, INSZ: p.INSZ}
	return err
}

func newDossierWire(d *Dossier) *dossierWire {
	if d == nil {
		return nil
	}
	w := &dossierWire{Dossier: *d, Person: newPersonWire(d.Person), Registrations: newRegistrationWires(d.Registrations)}
	for _, n := range d.INSZHistory {
		w.INSZHistory = append(w.INSZHistory, inszWire{n})
	}
	return w
}

func (w *dossierWire) dossier() *Dossier {
	if w == nil {
		return nil
	}
	d := w.Dossier
	d.Person, d.Registrations = w.Person.Person, registrations(w.Registrations)
	for _, n := range w.INSZHistory {
		d.INSZHistory = append(d.INSZHistory, n.INSZ)
	}
	return &d
}

func newRegistrationWires(rs []Registration) []registrationWire {
	if rs == nil {
		return nil
	}
	out := make([]registrationWire, len(rs))
	for i, r := range rs {
		r.RegisteredAt = r.RegisteredAt.UTC()
		out[i] = registrationWire{Registration: r, Body: newBodyWire(r.Body)}
	}
	return out
}

func registrations(ws []registrationWire) []Registration {
	if ws == nil {
		return nil
	}
	out := make([]Registration, len(ws))
	for i, w := range ws {
		out[i] = w.Registration
		out[i].Body = w.Body.body()
	}
	return out
}

// bodyWire is a Body under the name of its kind; nil is no body. It is written as it stands, without a MarshalJSON, whose text would be
// read again by the encoder.
type bodyWire struct {
	Kind RegistrationKind `json:"kind"`
	Body any              `json:"body"`
}

type taggedBody struct {
	Kind RegistrationKind `json:"kind"`
	Body json.RawMessage  `json:"body"`
}

func newBodyWire(b Body) *bodyWire {
	switch b := b.(type) {
	case nil:
		return nil
	case Person:
		return &bodyWire{b.Kind(), newPersonWire(b)}
	case Profile, Category, WEO, Art60, WorkPlacement, EvaluationDone, Document, Competence, Note, Handover:
		return &bodyWire{b.Kind(), b}
	}
	return &bodyWire{Body: unknownBody{}}
}

// unknownBody can't be written.
type unknownBody struct{}

// MarshalJSON implements json.Marshaler.
func (unknownBody) MarshalJSON() ([]byte, error) { return nil, ErrUnknownKind }

// body is what was read.
func (w *bodyWire) body() Body {
	if w == nil {
		return nil
	}
	b, _ := w.Body.(Body)
	return b
}

// UnmarshalJSON implements json.Unmarshaler; the decoder keeps null from it.
func (w *bodyWire) UnmarshalJSON(stored []byte) error {
	var tagged taggedBody
	if err := strict(stored, &tagged); err != nil {
		return err
	}
	body, err := readBody(tagged)
	w.Body = body
	return err
}

func readBody(tagged taggedBody) (Body, error) {
	switch tagged.Kind {
	case RegPerson:
		var w personWire
		err := strict(tagged.Body, &w)
		return w.Person, err
	case RegProfile:
		return bodyOf[Profile](tagged.Body)
	case RegCategory:
		return bodyOf[Category](tagged.Body)
	case RegWEO:
		return bodyOf[WEO](tagged.Body)
	case RegEmployment:
		return bodyOf[Art60](tagged.Body)
	case RegEvaluation:
		return bodyOf[EvaluationDone](tagged.Body)
	case RegHandover:
		return bodyOf[Handover](tagged.Body)
	case RegPlacement:
		return bodyOf[WorkPlacement](tagged.Body)
	case RegDocument:
		return bodyOf[Document](tagged.Body)
	case RegCompetence:
		return bodyOf[Competence](tagged.Body)
	case RegNote:
		return bodyOf[Note](tagged.Body)
	}
	return nil, ErrUnknownKind
}

func bodyOf[B Body](stored []byte) (Body, error) {
	var b B
	err := strict(stored, &b)
	return b, err
}

// UnmarshalText implements encoding.TextUnmarshaler, so that no decoder makes a
// Date that is not a day.
func (d *Date) UnmarshalText(text []byte) error {
	read, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = read
	return nil
}

func writeRecord[R any, P interface {
	*R
	Record
}](r P) ([]byte, error) {
	if r == nil {
		return nil, fmt.Errorf("write record: %w", ErrUnknownKind)
	}
	return write(r, string(r.Kind())+" record")
}

func readINSZ(digits string) (ident.INSZ, error) {
	if digits == "" {
		return ident.INSZ{}, nil
	}
	reading, err := ident.ParseINSZ(digits)
	return reading.INSZ, err
}

func write(v any, what string) ([]byte, error) {
	stored, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", what, withoutValue(err))
	}
	return stored, nil
}

func read(stored []byte, into any, what string) error {
	if err := strict(stored, into); err != nil {
		return fmt.Errorf("read stored %s: %w", what, withoutValue(err))
	}
	return nil
}

var (
	errNothing  = errors.New("nothing is stored")
	errTrailing = errors.New("something follows its end")
)

func strict(stored []byte, into any) error {
	if bytes.Equal(bytes.TrimSpace(stored), []byte("null")) {
		return errNothing
	}
	rest, err := json.Parse(stored, into, json.DisallowUnknownFields)
	if err != nil {
		return err
	}
	if len(bytes.Trim(rest, " \t\r\n")) > 0 { // JSON's own spaces, which are fewer than Unicode's
		return errTrailing
	}
	return nil
}

// withoutValue keeps of a decoding error what can't hold a value of the payload:
// decoders quote numbers, characters and unknown keys.
func withoutValue(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var insz *ident.Error
	switch {
	case errors.As(err, &syntax):
		return errors.New("not JSON")
	case errors.As(err, &kind):
		return errors.New("a value of the wrong type")
	case errors.As(err, &insz), errors.Is(err, errTrailing), errors.Is(err, errNothing):
		return err
	case errors.Is(err, ErrUnknownKind):
		return ErrUnknownKind
	}
	return errors.New("not the form that this version writes")
}
