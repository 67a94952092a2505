package mockmlp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// liveTick is how soon a page hears that something happened. The stream looks instead of being told, because the mock has no timer of its own: a 78 that
// is due by now is only set when somebody looks.
const liveTick = 250 * time.Millisecond

// live is a stream of server-sent events: the numbers above each page, whenever one of them or the clock's second has changed.
func (m *Mock) live(w http.ResponseWriter, r *http.Request) {
	stream := http.NewResponseController(w)
	// A page may stay open for long; the server's limit is for answers that end.
	_ = stream.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	tick := time.NewTicker(liveTick)
	defer tick.Stop()
	var last pageHead
	for {
		if now := m.head(); now != last {
			b, err := json.Marshal(now)
			if err != nil {
				return
			}
			if _, err = fmt.Fprintf(w, "data: %s\n\n", b); err != nil {
				return // the page was closed
			}
			if stream.Flush() != nil {
				return
			}
			last = now
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}
