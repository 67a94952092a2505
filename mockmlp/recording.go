package mockmlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"unicode/utf8"
)

// recordVariable names the directory to record into, for mocks that others make: tests, programs.
const recordVariable = "MOCKMLP_RECORD"

// recordedExchange is a request and what it was answered, as a line of a recording. mockmlp/contract holds recordings against the API's document with a validator that is
// not ours. Clients' secrets are left out; social security numbers are not: the mock holds test persons only.
type recordedExchange struct {
	OperationID string      `json:"operationId,omitempty"`
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	Header      http.Header `json:"header"`
	Body        string      `json:"body,omitempty"`
	// Garbled: a fault made or spoiled the answer, which the document needn't allow.
	Garbled        bool        `json:"garbled,omitempty"`
	Status         int         `json:"status"`
	ResponseHeader http.Header `json:"responseHeader"`
	ResponseBody   string      `json:"responseBody,omitempty"`
}

// recording appends exchanges to a file; a nil recording does nothing.
type recording struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

func openRecording(dir string) (*recording, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory for recordings: %w", err)
	}
	f, err := os.CreateTemp(dir, "exchanges-*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("begin recording: %w", err)
	}
	return &recording{file: f}, nil
}

// add writes an exchange before its answer goes out. The first error stands until close tells it.
func (r *recording) add(c *call, a answer, payload []byte) {
	if r == nil {
		return
	}
	e := recordedExchange{
		Method: c.r.Method, URL: c.r.URL.RequestURI(), Header: withoutSecrets(c.r.Header), Body: formWithoutSecret(c),
		Garbled: c.plan.decides != nil, Status: a.status, ResponseHeader: a.header, ResponseBody: textOf(payload),
	}
	if c.op != nil {
		e.OperationID = c.op.ID
	}
	line, err := json.Marshal(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		_, err = r.file.Write(append(line, '\n'))
	}
	r.err = errors.Join(r.err, err)
}

// textOf leaves out what JSON couldn't hold unchanged: a body that is no text was refused anyway.
func textOf(b []byte) string {
	if !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

func withoutSecrets(h http.Header) http.Header {
	out := h.Clone()
	if kind, _, given := strings.Cut(h.Get("Authorization"), " "); given {
		out.Set("Authorization", kind+" recorded")
	}
	if h.Get("X-IBM-Client-Id") != "" {
		out.Set("X-IBM-Client-Id", "recorded")
	}
	return out
}

// formWithoutSecret is the body, where it isn't the form in which a client sends its secret.
func formWithoutSecret(c *call) string {
	form, err := url.ParseQuery(string(c.body))
	if c.op == nil || c.op.ID != "createToken" || err != nil || !form.Has("client_secret") {
		return textOf(c.body)
	}
	form.Set("client_secret", "recorded")
	return form.Encode()
}

func (r *recording) close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := errors.Join(r.err, r.file.Close()); err != nil {
		return fmt.Errorf("record exchanges: %w", err)
	}
	return nil
}
