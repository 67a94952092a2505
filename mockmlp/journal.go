package mockmlp

import (
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
	// Broken is the kind of fault that broke the answer off.
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

// record journals and logs a request, before its answer is written: who has the answer finds it there.
func (m *Mock) record(c *call, a answer, p faultPlan) {
	e := JournalEntry{
		Method: c.r.Method, Status: a.status, Problem: a.problem, Person: m.pseudonym(c.person()),
		ClientID: c.clientID(), TraceID: c.traceID, Effects: a.effects, Faults: p.ids,
	}
	if c.op != nil {
		e.Route, e.OperationID = c.op.Path, c.op.ID
	}
	if p.decides != nil {
		e.Broken = p.decides.Fault
	}
	m.mu.Lock()
	e.At = m.clock.now()
	m.journal.add(e)
	m.mu.Unlock()
	level := zerolog.DebugLevel // reads and health checks come every few seconds
	if len(e.Effects) > 0 || e.Status >= 400 || len(e.Faults) > 0 || e.Broken != "" {
		level = zerolog.InfoLevel
	}
	m.opts.Logger.WithLevel(level).Str("event", "request").Str("method", e.Method).Str("route", e.Route).Int("status", e.Status).
		Str("problem", e.Problem).Str("person", e.Person).Str("traceId", e.TraceID).Ints64("effects", e.Effects).Strs("faults", e.Faults).Str("broken", e.Broken).Send()
}
