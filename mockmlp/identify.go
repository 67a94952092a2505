package mockmlp

import (
	"hash/fnv"
	"io"
	"strconv"
	"strings"
)

// identify numbers a request, and names it where the client didn't. Numbers count per client, operation and person, so that what a person's requests get
// doesn't depend on what others' came in between.
func (m *Mock) identify(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what := c.r.Method + " " + c.r.URL.EscapedPath()
	if c.op != nil {
		what = c.op.ID
	}
	client := c.r.Header.Get("X-IBM-Client-Id")
	if user, _, basic := c.r.BasicAuth(); basic {
		client = user
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, client+"|"+what+"|"+strings.Join(c.persons, ","))
	key := h.Sum64()
	m.numbers[key]++
	c.number = strconv.FormatInt(m.state.Starts, 10) + "-" + strconv.FormatUint(key, 36) + "-" + strconv.FormatUint(m.numbers[key], 10)
	c.traceID = c.r.Header.Get("BelGov-Trace-Id")
	if !plainTraceID.MatchString(c.traceID) {
		c.traceID = m.derive("trace", c.number)
	}
}

// instance names one occurrence of a problem.
func (m *Mock) instance(c *call) string { return "urn:uuid:" + m.derive("instance", c.number) }

// stamp gives a problem its instance.
func (m *Mock) stamp(c *call, a *answer) {
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		a.body["instance"] = m.instance(c)
	}
}
