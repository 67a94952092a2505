package mockmlp

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
)

// Transport calls a handler in process, as if over a connection: for tests inside a synctest bubble, where sockets have no place. A handler
// that breaks the answer off gives an error before its header, and a body that ends with io.ErrUnexpectedEOF after it.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	defer body.Close()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.Body, in.RequestURI, in.RemoteAddr = body, req.URL.RequestURI(), "in-process"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	x := &exchange{header: http.Header{}}
	aborted := x.serve(t.handler, in)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return x.response(req, aborted)
}

// exchange collects what a handler writes.
type exchange struct {
	header http.Header
	sent   http.Header
	status int
	body   bytes.Buffer
	// broken is the error instead of an answer, ending the one after what there is of a body.
	broken, ending error
}

func (x *exchange) Header() http.Header { return x.header }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status, x.sent = status, x.header.Clone()
	}
}

func (x *exchange) Write(b []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	return x.body.Write(b)
}

// serve runs the handler; aborted says that it broke the answer off, which net/http spells as a panic with ErrAbortHandler.
func (x *exchange) serve(h http.Handler, r *http.Request) (aborted bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, isErr := p.(error); !isErr || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			aborted = true
		}
	}()
	h.ServeHTTP(x, r)
	return false
}

func (x *exchange) response(req *http.Request, aborted bool) (*http.Response, error) {
	if x.broken != nil {
		return nil, x.broken
	}
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	var body io.Reader = bytes.NewReader(x.body.Bytes())
	if aborted {
		body = io.MultiReader(body, brokenOff{cmp.Or[error](x.ending, io.ErrUnexpectedEOF)})
	}
	return &http.Response{
		Status: http.StatusText(x.status), StatusCode: x.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.sent, Body: io.NopCloser(body), ContentLength: int64(x.body.Len()), Request: req,
	}, nil
}

type brokenOff struct{ err error }

func (b brokenOff) Read([]byte) (int, error) { return 0, b.err }
