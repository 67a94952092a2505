package mockmlp

import (
	"context"
	"strconv"
	"time"

	"github.com/rs/zerolog"
)

// JournalEntry is one request as the mock saw it. It holds nothing personal: the person is a pseudonym.
type JournalEntry struct {
	Seq         int64     `json:"seq"`
	At          time.Time `json:"at"`
	Method      string    `json:"method"`
	Route       string    `json:"route,omitempty"`
	OperationID string    `json:"operationId,omitempty"`
	// Status is what was answered, or would have been had Broken not cut it off; 0 where the request wasn't carried out at all.
	Status   int      `json:"status"`
	Problem  string   `json:"problem,omitempty"`
	Person   string   `json:"person,omitempty"`
	ClientID string   `json:"clientId,omitempty"`
	TraceID  string   `json:"traceId"`
	Effects  []int64  `json:"effects,omitempty"`
	Faults   []string `json:"faults,omitempty"`
	// Broken is the kind of fault that broke the answer off, or spoiled it.
	Broken string `json:"broken,omitempty"`
}

// journal is a ring of the last requests.
type journal struct {
	entries []JournalEntry
	size    int
	total   int64
}

func newJournal(size int) *journal { return &journal{size: size} }

func (j *journal) add(e JournalEntry) {
	j.total++
	e.Seq = j.total
	if len(j.entries) < j.size {
		j.entries = append(j.entries, e)
		return
	}
	j.entries[(j.total-1)%int64(j.size)] = e
}

// list is the entries in order.
func (j *journal) list() []JournalEntry {
	out := make([]JournalEntry, 0, len(j.entries))
	if len(j.entries) < j.size {
		return append(out, j.entries...)
	}
	oldest := int(j.total % int64(j.size))
	out = append(out, j.entries[oldest:]...)
	return append(out, j.entries[:oldest]...)
}

// Journal lists the last requests, and counts all since the start or the last reset.
func (m *Mock) Journal() (entries []JournalEntry, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.journal.list(), m.journal.total
}

// FindJournal lists the requests of the journal that a filter lets through; see [JournalFilters].
func (m *Mock) FindJournal(f Filter) ([]JournalEntry, error) {
	if err := checkFilter(f, JournalFilters()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return choose(m.journal.list(), m.named(f), journalFields()), nil
}

// WaitJournal waits until at least count requests in the journal pass the filter, and lists them; with the context's error it lists those that there are.
func (m *Mock) WaitJournal(ctx context.Context, f Filter, count int) ([]JournalEntry, error) {
	return waitFor(ctx, m, count, func() ([]JournalEntry, error) { return m.FindJournal(f) })
}

// FindEffects lists the effects that a filter lets through; see [EffectFilters].
func (m *Mock) FindEffects(f Filter) ([]Effect, error) {
	if err := checkFilter(f, EffectFilters()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return choose(m.state.Effects, f, effectFields()), nil
}

// WaitEffects waits until at least count effects pass the filter, and lists them; with the context's error it lists those that there are.
func (m *Mock) WaitEffects(ctx context.Context, f Filter, count int) ([]Effect, error) {
	return waitFor(ctx, m, count, func() ([]Effect, error) { return m.FindEffects(f) })
}

func journalFields() []filterField[JournalEntry] {
	return []filterField[JournalEntry]{
		{"since", func(e JournalEntry) []string { return []string{strconv.FormatInt(e.Seq, 10)} }},
		{"method", func(e JournalEntry) []string { return []string{e.Method} }},
		{"route", func(e JournalEntry) []string { return []string{e.Route} }},
		{"operationId", func(e JournalEntry) []string { return []string{e.OperationID} }},
		{"status", func(e JournalEntry) []string {
			return []string{strconv.Itoa(e.Status), strconv.Itoa(e.Status/100) + "xx"}
		}},
		{"problem", func(e JournalEntry) []string { return []string{e.Problem} }},
		{"person", func(e JournalEntry) []string { return []string{e.Person} }},
		{"clientId", func(e JournalEntry) []string { return []string{e.ClientID} }},
		{"traceId", func(e JournalEntry) []string { return []string{e.TraceID} }},
		{"effect", func(e JournalEntry) []string {
			return texts(e.Effects, func(n int64) string { return strconv.FormatInt(n, 10) })
		}},
		{"fault", func(e JournalEntry) []string {
			return append(texts(e.Faults, func(s string) string { return s }), e.Broken)
		}},
	}
}

func effectFields() []filterField[Effect] {
	return []filterField[Effect]{
		{"since", func(e Effect) []string { return []string{strconv.FormatInt(e.Seq, 10)} }},
		{"dossierId", func(e Effect) []string { return []string{e.DossierID} }},
		{"kind", func(e Effect) []string { return []string{e.Kind} }},
		{"id", func(e Effect) []string { return []string{e.ID} }},
		{"action", func(e Effect) []string { return []string{e.Action} }},
		{"actor", func(e Effect) []string { return []string{e.Actor} }},
		{"happening", func(e Effect) []string { return []string{e.Happening} }},
		{"code", func(e Effect) []string { return []string{e.Code} }},
		{"clientId", func(e Effect) []string { return []string{e.ClientID} }},
		{"traceId", func(e Effect) []string { return []string{e.TraceID} }},
		{"entry", func(e Effect) []string { return []string{e.Entry} }},
	}
}

// record journals and logs a request, before its answer is written: who has the answer finds it there.
func (m *Mock) record(c *call, a answer) {
	e := JournalEntry{
		Method: c.r.Method, Status: a.status, Problem: a.problem, ClientID: c.clientID(), TraceID: c.traceID,
		Effects: a.effects, Faults: c.plan.ids, Broken: c.plan.broken(),
	}
	if c.op != nil {
		e.Route, e.OperationID = c.op.Path, c.op.ID
	}
	m.mu.Lock()
	// A dossier that the request made is known by now: its person has one pseudonym from the first request on.
	e.At, e.Person = m.clock.now(), m.pseudonym(m.known(c.person()))
	m.journal.add(e)
	m.news.tell()
	m.mu.Unlock()
	level := zerolog.DebugLevel // reads and health checks come every few seconds
	if len(e.Effects) > 0 || e.Status >= 400 || len(e.Faults) > 0 {
		level = zerolog.InfoLevel
	}
	m.opts.Logger.WithLevel(level).Str("event", "request").Str("method", e.Method).Str("route", e.Route).Int("status", e.Status).
		Str("problem", e.Problem).Str("person", e.Person).Str("traceId", e.TraceID).Ints64("effects", e.Effects).Strs("faults", e.Faults).Str("broken", e.Broken).Send()
}
