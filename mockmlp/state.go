package mockmlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"
)

// kind is a collection of registrations below a dossier.
type kind struct {
	// name stands in effects and faults; resource in operationIds.
	name, resource, collection, idField string
	// partnerAllows is true where a dossier owned by a tender partner takes it (TWE-17).
	partnerAllows bool
	// notKept is the property that is judged and thrown away: a document's file.
	notKept string
}

// kept is what is stored of what a client sent.
func (k kind) kept(sent map[string]any) map[string]any {
	if k.notKept == "" {
		return sent
	}
	content := maps.Clone(sent)
	delete(content, k.notKept)
	return content
}

func kindOf(name string) (kind, bool) {
	list := kinds()
	i := slices.IndexFunc(list, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return list[i], true
}

func kinds() []kind {
	return []kind{
		{name: "category", resource: "Category", collection: "categories", idField: "categoryId", partnerAllows: true},
		{name: "weo", resource: "Weo", collection: "weos", idField: "weoId"},
		{name: "employment", resource: "Employment", collection: "employments", idField: "employmentId"},
		{name: "placement", resource: "Placement", collection: "placements", idField: "placementId"},
		{name: "evaluation", resource: "Evaluation", collection: "evaluations", idField: "evaluationId"},
		{name: "document", resource: "Document", collection: "documents", idField: "documentId", notKept: "content"},
		{name: "competence", resource: "Competence", collection: "competences", idField: "competenceId", partnerAllows: true},
		{name: "note", resource: "Note", collection: "notes", idField: "noteId"},
		{name: "appointment", resource: "Appointment", collection: "appointments", idField: "appointmentId"},
		{name: "handover", resource: "Handover", collection: "handovers", idField: "handoverId"},
	}
}

// dossier is one version of a person's dossier. It is never changed after it was committed: a change makes a new one, which may share parts.
type dossier struct {
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	SSIN    string   `json:"ssin"`
	History []string `json:"history,omitempty"`
	// SSINCanceled: the number stands for nobody.
	SSINCanceled bool                      `json:"ssinCanceled,omitempty"`
	Owner        map[string]any            `json:"owner"`
	NIS          string                    `json:"nis"`
	Own          map[string]any            `json:"own"`
	Regs         map[string][]registration `json:"regs"`
	// Trainings are registered by their provider (OPL, "Hoe opleidingsacties registreren"): read only here.
	Trainings []any `json:"trainings,omitempty"`
}

// registration is what a client registered, and what MLP adds to it.
type registration struct {
	ID      string         `json:"id"`
	Content map[string]any `json:"content"`
	// Added are the read-only properties beside id and instant: setBy, and a handover's status with what belongs to it.
	Added        map[string]any `json:"added,omitempty"`
	RegisteredAt time.Time      `json:"registeredAt"`
}

func (r registration) text(key string) string {
	s, _ := r.Content[key].(string)
	return s
}

// edit copies what a change may touch; contents of registrations are replaced, never edited.
func (d *dossier) edit() *dossier {
	next := *d
	next.Version++
	next.Own = maps.Clone(d.Own)
	next.Regs = maps.Clone(d.Regs)
	return &next
}

func (d *dossier) find(kind, id string) (registration, bool) {
	for _, r := range d.Regs[kind] {
		if r.ID == id {
			return r, true
		}
	}
	return registration{}, false
}

// put replaces or appends. A category that is written again counts as registered last, which decides between equal dates; others keep their place.
func (d *dossier) put(kind string, r registration) {
	list := slices.Clone(d.Regs[kind])
	i := slices.IndexFunc(list, func(x registration) bool { return x.ID == r.ID })
	switch {
	case i < 0:
		list = append(list, r)
	case kind == "category":
		list = append(slices.Delete(list, i, i+1), r)
	default:
		list[i] = r
	}
	d.Regs[kind] = list
}

// currentCategory is the entry with the latest validFrom not after the day, among equal ones the one registered last.
func (d *dossier) currentCategory(day string) (registration, bool) { return d.categoryWithout("", day) }

// categoryWithout is the entry that would hold on the day if the one with the id weren't there.
func (d *dossier) categoryWithout(id, day string) (registration, bool) {
	var best registration
	found := false
	for _, r := range d.Regs["category"] {
		from := r.text("validFrom")
		if r.ID != id && from <= day && (!found || from >= best.text("validFrom")) {
			best, found = r, true
		}
	}
	return best, found
}

func (d *dossier) ownerKind() string {
	s, _ := d.Owner["kind"].(string)
	return s
}

// Actors, beside the client: who else changes a dossier.
const (
	actorVDAB      = "vdab"
	actorPartner   = "partner"
	actorColleague = "colleague"
)

// Effect is one change that was committed.
type Effect struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	DossierID string    `json:"dossierId"`
	// Kind is dossier, training, or a kind of registration: category, weo, employment, placement, evaluation, document, competence,
	// note, appointment or handover.
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Action is create or update.
	Action string `json:"action"`
	// Actor is client, or else who it was: vdab, partner or colleague.
	Actor string `json:"actor"`
	// Happening names what happened, for what was told to happen at VDAB's side.
	Happening string `json:"happening,omitempty"`
	// Code is the category's code, for a category.
	Code string `json:"code,omitempty"`
	// Version is the dossier's version after the change.
	Version int64 `json:"version"`
	// ContentHash is the SHA-256 of what was written.
	ContentHash string `json:"contentHash"`
	ClientID    string `json:"clientId,omitempty"`
	TraceID     string `json:"traceId,omitempty"`
	// Entry is the Idempotency-Key, where the request had one.
	Entry string `json:"entry,omitempty"`
}

// record is one line of the log: everything that one commit changed. A record without a dossier changes none.
type record struct {
	Epoch   int64     `json:"epoch"`
	Clock   time.Time `json:"clock"`
	Dossier *dossier  `json:"dossier,omitempty"`
	Effect  *Effect   `json:"effect,omitempty"`
	Reply   *reply    `json:"reply,omitempty"`
	Exits   []exit    `json:"exits,omitempty"`
	Steps   []Step    `json:"steps,omitempty"`
	// ExitRule has the dossier's id where there is one.
	ExitRule *PersonExit `json:"exitRule,omitempty"`
	// Seq is that of the effect before it, for a record without one.
	Seq int64 `json:"seq,omitempty"`
}

// reply is a first answer that a repeated Idempotency-Key gets again.
type reply struct {
	// Key is client and key.
	Key      string   `json:"key"`
	BodyHash string   `json:"bodyHash"`
	Dossier  *dossier `json:"dossier"`
}

// feedItem is one change as the feed tells it.
type feedItem struct {
	Effect  Effect   `json:"effect"`
	Dossier *dossier `json:"dossier"`
}

// state is everything that survives a restart, the clock aside.
type state struct {
	// Epoch goes up with each reset, so that old cursors and log lines are told from new ones.
	Epoch int64 `json:"epoch"`
	// Starts counts how often a mock was made of this state: it keeps trace ids of one start from those of another.
	Starts   int64               `json:"starts"`
	Seq      int64               `json:"seq"`
	Dossiers map[string]*dossier `json:"dossiers"`
	Feed     []feedItem          `json:"feed"`
	Effects  []Effect            `json:"effects"`
	Replies  map[string]reply    `json:"replies"`
	Exits    map[string]exit     `json:"exits"`
	Canceled map[string]bool     `json:"canceled"`
	// Steps are numbered by their place.
	Steps []Step `json:"steps,omitempty"`
	// ExitRules are told while the mock runs, by dossier id or, before there is one, by number.
	ExitRules map[string]PersonExit `json:"exitRules,omitempty"`

	bySSIN map[string]string
	// previous are the dossiers as they were before their last change, nil for those that it created: what a stale read shows. They aren't kept over a restart.
	previous map[string]*dossier
	// open are the exits still to come: each request looks through them.
	open     map[string]exit
	feedSize int
}

func newState(epoch int64, feedSize int) *state {
	s := &state{Epoch: epoch}
	s.complete(feedSize)
	return s
}

// complete fills what JSON leaves out.
func (s *state) complete(feedSize int) {
	s.feedSize = feedSize
	if s.Dossiers == nil {
		s.Dossiers = map[string]*dossier{}
	}
	if s.Replies == nil {
		s.Replies = map[string]reply{}
	}
	if s.Exits == nil {
		s.Exits = map[string]exit{}
	}
	if s.Canceled == nil {
		s.Canceled = map[string]bool{}
	}
	if s.ExitRules == nil {
		s.ExitRules = map[string]PersonExit{}
	}
	s.bySSIN = map[string]string{}
	s.previous = map[string]*dossier{}
	for _, d := range s.Dossiers {
		s.index(d)
	}
	s.open = map[string]exit{}
	saved := s.Exits
	s.Exits = map[string]exit{}
	for _, e := range saved {
		s.setExit(e)
	}
}

func (s *state) index(d *dossier) {
	s.bySSIN[d.SSIN] = d.ID
	if d.SSINCanceled {
		s.Canceled[d.SSIN] = true
	}
	for _, old := range d.History {
		s.bySSIN[old] = d.ID
		delete(s.Canceled, old) // replaced, which says more
	}
}

// apply is the one way in which a commit reaches the state, live and on replay.
func (s *state) apply(r record) {
	for _, step := range r.Steps {
		s.setStep(step)
	}
	if r.ExitRule != nil {
		s.ExitRules[r.ExitRule.SSIN] = *r.ExitRule
	}
	for _, e := range r.Exits {
		s.setExit(e)
	}
	if r.Dossier == nil || r.Effect == nil {
		return
	}
	s.Seq = r.Effect.Seq
	s.previous[r.Dossier.ID] = s.Dossiers[r.Dossier.ID]
	s.Dossiers[r.Dossier.ID] = r.Dossier
	s.index(r.Dossier)
	s.Effects = append(s.Effects, *r.Effect)
	s.Feed = append(s.Feed, feedItem{Effect: *r.Effect, Dossier: r.Dossier})
	// Cut in large steps: cutting at each change would copy the feed each time.
	if len(s.Feed) > s.feedSize+s.feedSize/4+1 {
		s.Feed = slices.Clone(s.Feed[len(s.Feed)-s.feedSize:])
	}
	if r.Reply != nil {
		s.Replies[r.Reply.Key] = *r.Reply
	}
}

func (s *state) setStep(step Step) {
	i := slices.IndexFunc(s.Steps, func(x Step) bool { return x.ID == step.ID })
	if i < 0 {
		s.Steps = append(s.Steps, step)
		return
	}
	s.Steps[i] = step
}

func (s *state) setExit(e exit) {
	// By dossier too: an id that a client chose for one says nothing of another's.
	key := e.key()
	s.Exits[key] = e
	if e.Done {
		delete(s.open, key)
	} else {
		s.open[key] = e
	}
}

// change is a commit to be: what a handler decided.
type change struct {
	dossier  *dossier
	kind, id string
	create   bool
	code     string
	content  any
	exits    []exit
	steps    []Step
	reply    *reply
	// cause is nil when the change doesn't come through the API; actor then says whose it is, VDAB's when empty.
	cause            *call
	actor, happening string
	at               time.Time
}

// commit writes a change to disk and then to memory. It is called with the lock held.
func (m *Mock) commit(c change) (Effect, error) {
	e := Effect{
		Seq: m.state.Seq + 1, At: c.at, DossierID: c.dossier.ID, Kind: c.kind, ID: c.id, Action: "update", Actor: cmp.Or(c.actor, actorVDAB),
		Happening: c.happening, Code: c.code, Version: c.dossier.Version, ContentHash: hashOf(c.content),
	}
	if c.create {
		e.Action = "create"
	}
	if c.cause != nil {
		e.Actor, e.ClientID, e.TraceID, e.Entry = "client", c.cause.client.ClientID, c.cause.traceID, c.cause.r.Header.Get("Idempotency-Key")
	}
	rec := record{Epoch: m.state.Epoch, Clock: m.clock.now(), Dossier: c.dossier, Effect: &e, Reply: c.reply, Exits: c.exits, Steps: append(c.steps, m.triggered(c, c.at)...)}
	if err := m.store.append(rec); err != nil {
		return Effect{}, err
	}
	m.state.apply(rec)
	m.news.tell()
	return e, nil
}

// hashOf is the SHA-256 of the canonical JSON: encoding/json sorts the keys of maps.
func hashOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// sameContent compares what clients write. The caseworker is left out: another one repeating a registration changes nothing.
func sameContent(a, b map[string]any) bool {
	return reflect.DeepEqual(withoutCaseworker(a), withoutCaseworker(b))
}

func withoutCaseworker(m map[string]any) map[string]any {
	c := maps.Clone(m)
	delete(c, "caseworker")
	return c
}
