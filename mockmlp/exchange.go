package mockmlp

import "net/http"

// Exchange is one request to the API and its answer, as they went over the wire: what tests hold against the document.
type Exchange struct {
	// OperationID is empty for a path or method that the document doesn't have.
	OperationID string
	// Method and URL are the request's; the URL is what came, path and query.
	Method, URL   string
	RequestHeader http.Header
	RequestBody   []byte
	Status        int
	Header        http.Header
	Body          []byte
	// Problem is the name of the problem's type, the last part of its URN; empty where there is none. Of a token error it is the error's code.
	Problem string
	// Faulted is true where a fault decided the answer, which may then be outside the document.
	Faulted bool
}

func (m *Mock) observe(c *call, a answer, payload []byte, faulted bool) {
	if m.opts.Observe == nil || a.status == 0 {
		return
	}
	e := Exchange{
		Method: c.r.Method, URL: c.r.URL.RequestURI(), RequestHeader: c.r.Header.Clone(), RequestBody: c.body,
		Status: a.status, Header: a.header.Clone(), Body: payload, Problem: a.problem, Faulted: faulted,
	}
	if c.op != nil {
		e.OperationID = c.op.ID
	}
	m.opts.Observe(e)
}
