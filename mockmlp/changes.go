package mockmlp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const defaultLimit = 100

// cursor names a place in the feed: the epoch tells it from places before a reset.
func (m *Mock) cursor(seq int64) string { return fmt.Sprintf("e%d-%d", m.state.Epoch, seq) }

// place reads a cursor; ok is false when the feed no longer has what follows it.
func (m *Mock) place(cursor string) (seq int64, ok bool) {
	epoch, number, found := strings.Cut(strings.TrimPrefix(cursor, "e"), "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || epoch != strconv.FormatInt(m.state.Epoch, 10) {
		return 0, false
	}
	oldest := m.state.Seq
	if len(m.state.Feed) > 0 {
		oldest = m.state.Feed[0].Effect.Seq - 1
	}
	return seq, seq >= oldest && seq <= m.state.Seq
}

func (m *Mock) listChanges(c *call) answer {
	query := c.r.URL.Query()
	if !query.Has("cursor") {
		return ok(http.StatusOK, map[string]any{"items": []any{}, "nextCursor": m.cursor(m.state.Seq), "hasMore": false})
	}
	seq, known := m.place(query.Get("cursor"))
	if !known {
		return m.problem("cursorLost", "")
	}
	limit := defaultLimit
	if n, err := strconv.ParseFloat(query.Get("limit"), 64); err == nil {
		limit = int(n)
	}
	items, next, more := m.changesAfter(c.client, seq, limit)
	return ok(http.StatusOK, map[string]any{"items": items, "nextCursor": m.cursor(next), "hasMore": more})
}

// changesAfter lists changes in the client's area. A change that takes a dossier out of the area is not told: the feed's client sees it at its next read.
func (m *Mock) changesAfter(client *Client, seq int64, limit int) (items []any, next int64, more bool) {
	items, next = []any{}, seq
	if len(m.state.Feed) == 0 {
		return items, next, false
	}
	day := m.today()
	for _, f := range m.state.Feed[seq-m.state.Feed[0].Effect.Seq+1:] {
		if !client.area(f.Dossier.NIS) {
			if len(items) < limit {
				next = f.Effect.Seq
			}
			continue
		}
		if len(items) == limit {
			return items, next, true
		}
		items, next = append(items, m.changeItem(f, day)), f.Effect.Seq
	}
	return items, next, false
}

func (m *Mock) changeItem(f feedItem, day string) map[string]any {
	item := map[string]any{
		"sequence": f.Effect.Seq, "cursor": m.cursor(f.Effect.Seq),
		"changedAt": f.Effect.At.UTC().Format(time.RFC3339Nano), "dossier": f.Dossier.render(day),
	}
	if f.Effect.ClientID != "" {
		item["clientId"], item["traceId"] = f.Effect.ClientID, f.Effect.TraceID
	}
	return item
}
