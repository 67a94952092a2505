package mockmlp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// maxWait bounds how long a call of the control API waits for something to happen.
const maxWait = 5 * time.Minute

var looksLikeSSIN = regexp.MustCompile(`^[0-9]{11}$`)

// listing is what a call for the journal or the effects asks for, besides a filter.
type listing struct {
	filter  Filter
	wait    time.Duration
	count   int
	countBy string
	limit   int
	lines   bool
}

func readListing(query url.Values) (listing, error) {
	l := listing{filter: filterOf(query, "wait", "count", "countBy", "limit", "format"), count: 1, countBy: query.Get("countBy"), limit: -1}
	for _, person := range l.filter["person"] {
		if looksLikeSSIN.MatchString(person) {
			return l, errors.New("person: a pseudonym or a dossierId: a social security number doesn't belong in a URL")
		}
	}
	var err error
	if text := query.Get("wait"); text != "" {
		if l.wait, err = time.ParseDuration(text); err != nil || l.wait < 0 || l.wait > maxWait {
			return l, fmt.Errorf("wait: a time such as 10s, at most %v", maxWait)
		}
	}
	for name, into := range map[string]*int{"count": &l.count, "limit": &l.limit} {
		if text := query.Get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil || *into < 0 {
				return l, fmt.Errorf("%s: a number", name)
			}
		}
	}
	switch query.Get("format") {
	case "", "json":
	case "jsonl":
		l.lines = true
	default:
		return l, errors.New("format: json or jsonl")
	}
	return l, nil
}

func (m *Mock) controlJournal(w http.ResponseWriter, r *http.Request) {
	serveList(w, r, journalFields(), m.WaitJournal, func() map[string]any {
		_, total := m.Journal()
		return map[string]any{"total": total, "kept": m.opts.JournalSize}
	})
}

func (m *Mock) controlEffects(w http.ResponseWriter, r *http.Request) {
	serveList(w, r, effectFields(), m.WaitEffects, func() map[string]any {
		return map[string]any{"total": len(m.Effects())}
	})
}

// serveList answers with the entries that pass, the newest of them where there is a limit, and how many there were. When the time to wait is over, it answers
// with what there is: reached says whether that was enough.
func serveList[T any](w http.ResponseWriter, r *http.Request, fields []filterField[T],
	find func(context.Context, Filter, int) ([]T, error), more func() map[string]any) {
	l, err := readListing(r.URL.Query())
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	need := 0
	if l.wait > 0 {
		need = l.count
	}
	ctx, cancel := context.WithTimeout(r.Context(), l.wait)
	defer cancel()
	found, err := find(ctx, l.filter, need)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		complain(w, http.StatusBadRequest, err)
		return
	}
	body := more()
	body["count"], body["reached"] = len(found), len(found) >= need
	if l.countBy != "" {
		if body["counts"], err = countBy(found, l.countBy, fields); err != nil {
			complain(w, http.StatusBadRequest, err)
			return
		}
	}
	if l.limit >= 0 && l.limit < len(found) {
		found = found[len(found)-l.limit:]
	}
	if l.lines {
		replyLines(w, found)
		return
	}
	body["items"] = found
	reply200(w, body)
}

// replyLines writes one JSON value a line.
func replyLines[T any](w http.ResponseWriter, list []T) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	for _, v := range list {
		if enc.Encode(v) != nil {
			return // the client went away
		}
	}
}
