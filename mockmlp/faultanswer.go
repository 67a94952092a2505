package mockmlp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// faultAnswer is the answer that a fault gives in place of the mock's own.
func (m *Mock) faultAnswer(f *Fault, c *call) answer {
	r := f.Response
	a := answer{status: r.Status, header: http.Header{}, raw: []byte{}}
	switch r.Body {
	case "html":
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		a.raw = fmt.Appendf(nil, "<!DOCTYPE html><html><head><title>%d %s</title></head><body><h1>%s</h1></body></html>\n", r.Status, http.StatusText(r.Status), http.StatusText(r.Status))
	case "gateway":
		a.header.Set("Content-Type", "application/json")
		a.raw, _ = json.Marshal(map[string]string{"httpCode": strconv.Itoa(r.Status), "httpMessage": http.StatusText(r.Status), "moreInformation": "fault injected by the mock"})
	case "empty":
	default:
		m.faultProblem(&a, r, c)
	}
	if r.RetryAfter > 0 {
		switch r.RetryAfterForm {
		case "date":
			// HTTP dates are real time: the client's clock is not the mock's.
			a.header.Set("Retry-After", m.opts.Now().UTC().Add(time.Duration(r.RetryAfter)*time.Second).Format(http.TimeFormat))
		case "body":
		default:
			a.header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
		}
	}
	return a
}

func (m *Mock) faultProblem(a *answer, r FaultResponse, c *call) {
	t := problemTypeOf(r.Problem)
	for _, p := range problemTypes() {
		if t.status == 0 && p.status == r.Status {
			t = p
		}
	}
	if t.status == 0 {
		t = problemType{name: "about:blank", urn: "about:blank", title: http.StatusText(r.Status)}
	}
	body := map[string]any{
		"type": t.urn, "title": t.title, "status": r.Status, "detail": "fault injected by the mock", "instance": m.instance(c),
	}
	if t.status != 0 {
		body["href"] = problemPath + t.urn
	}
	if r.RetryAfter > 0 {
		body["retryAfterSec"] = r.RetryAfter
	}
	a.problem = t.name
	a.header.Set("Content-Type", "application/problem+json")
	a.raw, _ = json.Marshal(body)
}

// spoiledToken is the answer to a request whose token a fault makes bad.
func (m *Mock) spoiledToken(c *call) (answer, bool) {
	switch {
	case !c.op.Secured:
		return answer{}, false
	case c.plan.token == TokenExpired:
		return m.unauthorized("expiredAccessToken"), true
	case c.plan.token == TokenWrong:
		return m.unauthorized("invalidAccessToken"), true
	}
	return answer{}, false
}

// spoilToken makes the token bad that an answer hands out. What expires_in says of it stays: a client can't know.
func (m *Mock) spoilToken(c *call, a answer) answer {
	token, given := a.body["access_token"].(string)
	g, genuine := m.verify(token)
	if !given || !genuine {
		return a
	}
	switch c.plan.token {
	case TokenExpired:
		g.Expires = m.clock.now().UnixMilli()
		a.body["access_token"] = m.sign(g)
	case TokenWrong:
		a.body["access_token"] = m.derive("wrong token", token)
	}
	return a
}

// rewind puts back, for one read, what the last change to the dossiers that it is about made of them, and the last place of the feed. The
// function that it returns undoes it. It is called with the lock held.
func (m *Mock) rewind(c *call) (restore func()) {
	s := m.state
	feed, seq := s.Feed, s.Seq
	present := map[string]*dossier{}
	for _, id := range c.persons {
		now, there := s.Dossiers[m.known(id)]
		if !there {
			continue
		}
		before, changed := s.previous[now.ID]
		switch {
		case before != nil:
			s.Dossiers[now.ID] = before
		case changed:
			delete(s.Dossiers, now.ID) // the change made it
		default:
			continue
		}
		present[now.ID] = now
	}
	if at, known := m.place(c.r.URL.Query().Get("cursor")); len(feed) > 0 && (!known || at < seq) {
		s.Feed, s.Seq = feed[:len(feed)-1], seq-1
	}
	return func() {
		for id, d := range present {
			s.Dossiers[id] = d
		}
		s.Feed, s.Seq = feed, seq
	}
}

// send puts an answer on the wire, or breaks the connection as the fault says.
func send(ctx context.Context, w http.ResponseWriter, a answer, payload []byte, p faultPlan) {
	kind := p.broken()
	switch kind {
	case FaultReset, FaultEmpty, FaultChunk, FaultRandom:
		cut(w, kind)
	case FaultMalformedBody:
		payload = payload[:len(payload)/2]
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	if kind == FaultLimitData {
		payload = payload[:len(payload)/2]
	}
	w.WriteHeader(a.status)
	if !dribble(ctx, w, payload, p.dribble) || kind == FaultLimitData {
		flush(w)
		panic(http.ErrAbortHandler)
	}
}

func flush(w http.ResponseWriter) {
	if f, can := w.(http.Flusher); can {
		f.Flush()
	}
}

// dribble writes a body, in pieces with pauses where a fault asks for it; false when the client went away.
func dribble(ctx context.Context, w http.ResponseWriter, body []byte, d *ChunkedDribble) bool {
	if d == nil {
		_, _ = w.Write(body)
		return true
	}
	each := time.Duration(d.TotalDuration) * time.Millisecond / time.Duration(d.NumberOfChunks)
	for i := range d.NumberOfChunks {
		if !pause(ctx, each) {
			return false
		}
		_, _ = w.Write(body[len(body)*i/d.NumberOfChunks : len(body)*(i+1)/d.NumberOfChunks])
		flush(w)
	}
	return true
}

const chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

// cut ends the connection without a whole answer. It never returns: ErrAbortHandler is how net/http is told that no answer follows. The garbage is always the
// same: nothing that a client does should depend on it.
func cut(w http.ResponseWriter, kind string) {
	const garbage = "zz these bytes are no HTTP zz\r\n"
	if t, inProcess := w.(*exchange); inProcess {
		t.breakOff(kind)
		panic(http.ErrAbortHandler)
	}
	h, can := w.(http.Hijacker)
	if !can {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch kind {
	case FaultReset:
		if tcp, isTCP := conn.(*net.TCPConn); isTCP {
			_ = tcp.SetLinger(0)
		}
	case FaultChunk:
		_, _ = io.WriteString(conn, chunkedHead+garbage)
	case FaultRandom:
		_, _ = io.WriteString(conn, garbage)
	}
	_ = conn.Close()
	panic(http.ErrAbortHandler)
}

// breakOff is what net/http's client makes of such an end.
func (x *exchange) breakOff(kind string) {
	switch kind {
	case FaultReset:
		x.broken = syscall.ECONNRESET
	case FaultChunk:
		x.header.Set("Content-Type", "application/json")
		x.WriteHeader(http.StatusOK)
		x.ending = errors.New("invalid byte in chunk length")
	case FaultRandom:
		x.broken = errors.New("net/http: HTTP/1.x transport connection broken: malformed HTTP response")
	default:
		x.broken = io.EOF
	}
}
