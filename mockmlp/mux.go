package mockmlp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

const (
	maxBody         = 1 << 20
	maxDocumentBody = 8 << 20
)

// bodyLimit is as the document says: a document of a dossier carries a file.
func bodyLimit(op *mlp.Operation) int64 {
	if op.ID == "putDocument" {
		return maxDocumentBody
	}
	return maxBody
}

var plainTraceID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// call is one API request on its way through the mock.
type call struct {
	r       *http.Request
	op      *mlp.Operation // nil for a path or method that the document doesn't have
	params  map[string]string
	body    []byte
	value   any // the decoded body
	traceID string
	client  *Client
	persons []string // dossier ids that the request is about
	// number tells the request from others about the same persons.
	number string
	plan   faultPlan
	// refusal, when set, is the answer to a request that can't be understood.
	refusal func() answer
}

func (c *call) clientID() string {
	if c.client == nil {
		return ""
	}
	return c.client.ClientID
}

func (c *call) object() map[string]any {
	v, _ := c.value.(map[string]any)
	return v
}

// person is the one person that the request is about; empty for none or many.
func (c *call) person() string {
	if len(c.persons) == 1 {
		return c.persons[0]
	}
	return ""
}

// answer is what a handler decided; mux.go writes it.
type answer struct {
	// status is 0 when a fault leaves no answer to be sent.
	status int
	header http.Header
	body   map[string]any
	// raw is a page or a fault's body, which is not judged.
	raw     []byte
	problem string
	effects []int64
}

func ok(status int, body map[string]any) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

// operations maps each operationId of the document to what answers it.
func (m *Mock) operations() map[string]func(*call) answer {
	ops := map[string]func(*call) answer{
		"createToken":      m.createToken,
		"getHealth":        m.getHealth,
		"queryDossiers":    m.queryDossiers,
		"createDossier":    m.createDossier,
		"getDossier":       m.getDossier,
		"patchDossier":     m.patchDossier,
		"listChanges":      m.listChanges,
		"getTraining":      m.getTraining,
		"listCategories":   m.listCategories,
		"listInstruments":  m.listInstruments,
		"listPartners":     m.listPartners,
		"listProblemTypes": m.listProblemTypes,
		"getProblemType":   m.getProblemType,
	}
	for _, k := range kinds() {
		ops["get"+k.resource] = func(c *call) answer { return m.getRegistration(c, k) }
		ops["put"+k.resource] = func(c *call) answer { return m.putRegistration(c, k) }
	}
	return ops
}

func (m *Mock) serveAPI(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r}
	m.read(c, w)
	c.plan = m.planFaults(c)
	if !pause(r.Context(), c.plan.delay) {
		return // the client went away
	}
	a := answer{header: http.Header{}}
	if c.plan.before() == nil {
		a = m.handle(c)
	}
	if f := c.plan.decides; f != nil && f.Response.Status != 0 {
		effects := a.effects
		a = m.faultAnswer(f, c)
		a.effects = effects
	}
	payload := m.encode(c, &a)
	a.header.Set("BelGov-Trace-Id", c.traceID)
	m.record(c, a)
	m.observe(c, a, payload, c.plan.decides != nil)
	m.recording.add(c, a, payload)
	send(r.Context(), w, a, payload, c.plan)
}

// read takes the request in. A request that can't be understood gets a refusal, which handle gives after it has seen who asks.
func (m *Mock) read(c *call, w http.ResponseWriter) {
	defer m.identify(c)
	path := c.r.URL.EscapedPath()
	var found bool
	if c.op, c.params, found = m.api.Match(c.r.Method, path); !found {
		c.refusal = m.noSuchOperation(path)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.r.Body, bodyLimit(c.op)))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		c.refusal = func() answer { return m.problem("payloadTooLarge", "") }
	case err != nil:
		c.refusal = func() answer { return m.badRequest(issue("schemaViolation", "body", "")) }
	default:
		c.body = body
		c.refusal = m.decode(c)
	}
	m.findPersons(c)
}

func (m *Mock) noSuchOperation(path string) func() answer {
	methods := m.api.Methods(path)
	if len(methods) == 0 {
		return func() answer {
			return m.problem("resourceNotFound", "There is no such resource. What there is stands under /mlp/v1, and /doc documents it.")
		}
	}
	return func() answer {
		a := m.problem("methodNotAllowed", "")
		a.header.Set("Allow", strings.Join(methods, ", "))
		return a
	}
}

// decode turns the body into a value; it returns a refusal where there is none to be had.
func (m *Mock) decode(c *call) func() answer {
	want := c.op.RequestContentType
	if want == "" {
		return nil
	}
	got, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || got != want || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return func() answer { return m.problem("unsupportedMediaType", "expected "+want) }
	}
	if encoding := c.r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return func() answer { return m.problem("unsupportedMediaType", "expected a body without Content-Encoding") }
	}
	if want == "application/x-www-form-urlencoded" {
		return m.decodeForm(c)
	}
	v, err := mlp.DecodeJSON(c.body)
	if err == nil && !utf8.Valid(c.body) {
		err = errors.New("not in UTF-8") // Go would put U+FFFD in a name
	}
	if err != nil {
		i := issue("schemaViolation", "body", "")
		i["detail"] = err.Error()
		return func() answer { return m.badRequest(i) }
	}
	c.value = v
	return nil
}

func (m *Mock) decodeForm(c *call) func() answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return func() answer { return tokenError(http.StatusBadRequest, "invalid_request") }
	}
	value := map[string]any{}
	for name, vs := range form {
		if len(vs) > 1 {
			return func() answer { return tokenError(http.StatusBadRequest, "invalid_request") }
		}
		value[name] = vs[0]
	}
	c.value = value
	return nil
}

// findPersons says whom a request is about, for faults and the journal: by dossier id where there is one.
func (m *Mock) findPersons(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id, given := c.params["dossierId"]; given {
		c.persons = []string{id}
		return
	}
	add := func(ssin string) {
		if id, known := m.state.bySSIN[ssin]; known {
			ssin = id
		}
		c.persons = append(c.persons, ssin)
	}
	if s, isText := c.object()["ssin"].(string); isText {
		add(s)
	}
	list, _ := c.object()["ssins"].([]any)
	for _, v := range list {
		if s, isText := v.(string); isText {
			add(s)
		}
	}
}

// handle answers a request that was read: who, how often, whether it is valid, and then the operation itself.
func (m *Mock) handle(c *call) answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.op == nil {
		return c.refusal()
	}
	if err := m.runDue(); err != nil {
		return m.problem("serviceUnavailable", "")
	}
	if a, spoiled := m.spoiledToken(c); spoiled {
		return a
	}
	if c.op.Secured {
		if a, in := m.authenticate(c); !in {
			return a
		}
	}
	if wait, over := m.overRate(c); over {
		a := m.problem("tooManyRequests", "").with("retryAfterSec", int64(wait))
		a.header.Set("Retry-After", strconv.Itoa(wait))
		return a
	}
	if c.refusal != nil {
		return c.refusal()
	}
	if a, valid := m.validate(c); !valid {
		return a
	}
	a := m.carryOut(c)
	// What a script does at once; when it can't be written now, it stays due.
	_ = m.runDue()
	return a
}

// carryOut runs the operation, on what a fault lets it see.
func (m *Mock) carryOut(c *call) answer {
	if c.plan.stale && (c.op.Method == http.MethodGet || c.op.ID == "queryDossiers") {
		defer m.rewind(c)()
	}
	a := m.handlers[c.op.ID](c)
	if c.plan.token != "" {
		a = m.spoilToken(c, a)
	}
	return a
}

// validate judges the request by the document. The absence of If-Match is judged later: it has a status of its own, and a PUT equal to
// what is stored goes without.
func (m *Mock) validate(c *call) (answer, bool) {
	if c.op.ID == "createToken" {
		return answer{}, true // OAuth2 has its own error answers
	}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return m.badRequest(issue("schemaViolation", "query", "")), false
	}
	var vs []mlp.Violation
	for _, v := range c.op.ValidateRequest(c.params, query, c.r.Header, c.value) {
		if v.Name != "If-Match" || v.Keyword != mlp.KeywordRequired {
			vs = append(vs, v)
		}
	}
	if len(vs) > 0 {
		return m.violations(vs), false
	}
	return answer{}, true
}

// encode makes the body, and holds it against the document: an answer that fails is a defect of the mock, and is not sent.
func (m *Mock) encode(c *call, a *answer) []byte {
	if a.raw != nil || a.status == 0 {
		return a.raw
	}
	m.stamp(c, a)
	payload, err := json.Marshal(a.body)
	if err != nil || c.op == nil {
		return payload
	}
	header := a.header.Clone()
	header.Set("BelGov-Trace-Id", c.traceID)
	vs := judgeAnswer(c.op, a, header, payload)
	if len(vs) == 0 {
		return payload
	}
	wrong := InvalidAnswer{OperationID: c.op.ID, Status: a.status}
	for _, v := range vs {
		wrong.Violations = append(wrong.Violations, v.String())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invalid = append(m.invalid, wrong)
	effects := a.effects
	*a = m.problem("internalServerError", "The mock made an answer that its document forbids; see the control API.")
	a.effects = effects
	m.stamp(c, a)
	if payload, err = json.Marshal(a.body); err != nil {
		return nil
	}
	return payload
}

// judgeAnswer holds an answer against the document: as the value it was made of where JSON changes nothing in it, else as the bytes.
func judgeAnswer(op *mlp.Operation, a *answer, header http.Header, payload []byte) []mlp.Violation {
	if mlp.Plain(a.body) {
		return op.ValidateValueStrict(a.status, header, a.body)
	}
	return op.ValidateResponseStrict(a.status, header, payload)
}

func (m *Mock) getHealth(*call) answer {
	if m.store.failed() != nil {
		return ok(http.StatusServiceUnavailable, map[string]any{"status": "DOWN"})
	}
	return ok(http.StatusOK, map[string]any{"status": "UP"})
}
