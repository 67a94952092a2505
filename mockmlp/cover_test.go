package mockmlp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

// witness notes what the mock was seen to answer. Hand its see to [Options].
type witness struct {
	t   testing.TB
	api *mlp.API

	mu sync.Mutex
	// seen are "operation", "operation status", "operation problem" and "issue", as the document lists them.
	seen map[string]bool
}

func newWitness(t testing.TB) *witness {
	t.Helper()
	api, err := mlp.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &witness{t: t, api: api, seen: map[string]bool{}}
}

// see notes an answer that is as the document says; one that isn't counts for nothing.
func (r *witness) see(e Exchange) {
	op, described := r.api.Operation(e.OperationID)
	if !described {
		r.note("any " + e.Problem)
		return
	}
	if vs := op.ValidateResponseStrict(e.Status, e.Header, e.Body); len(vs) > 0 {
		r.t.Errorf("%s answered %d outside the document: %v", op.ID, e.Status, vs)
		return
	}
	listed, _ := op.ResponseStatus(e.Status)
	r.note(op.ID, fmt.Sprintf("%s %d", op.ID, listed))
	var body struct {
		Type   string
		Issues []struct{ Type string }
	}
	if e.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(e.Body, &body) != nil {
		return
	}
	r.note(op.ID + " " + body.Type)
	for _, i := range body.Issues {
		r.note(i.Type)
	}
}

func (r *witness) note(keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		r.seen[k] = true
	}
}

// promised is everything that the document says can be answered, in the same form.
func promised(api *mlp.API) map[string]bool {
	all := map[string]bool{}
	for _, op := range api.Operations() {
		all[op.ID] = true
		for _, status := range op.Statuses {
			all[fmt.Sprintf("%s %d", op.ID, status)] = true
		}
	}
	for _, t := range problemTypes() {
		if t.status == 0 {
			all[t.urn] = true
		}
		for _, op := range api.ProblemOperations(t.urn) {
			all[op+" "+t.urn] = true
		}
	}
	return all
}

// Every operation, listed status, problem type of an operation and type of issue in the document is produced, and no operation gives a problem that the document
// doesn't list for it.
func TestEverythingInTheDocumentIsProduced(t *testing.T) {
	r := newWitness(t)
	for _, produce := range []func(*testing.T, *witness){
		produceSuccesses, produceRefusals, produceRates, produceServerProblems, produceCreations, produceIssues, produceConflicts, produceTokens, produceDown,
	} {
		produce(t, r)
	}
	all := promised(r.api)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !r.seen[key] {
			t.Errorf("never produced: %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.seen)) {
		if !all[key] && !strings.HasPrefix(key, "any ") {
			t.Errorf("produced, and not in the document's lists: %s", key)
		}
	}
	for _, anywhere := range []string{"resourceNotFound", "methodNotAllowed"} {
		if !r.seen["any "+anywhere] {
			t.Errorf("never produced: %s", anywhere)
		}
	}
}

// The document's own list of problem types is the mock's.
func TestDocumentListsTheProblemTypes(t *testing.T) {
	var document struct {
		Types []map[string]any `yaml:"x-problemTypes"`
	}
	if err := yaml.Unmarshal(mlp.Document(), &document); err != nil {
		t.Fatal(err)
	}
	h := start(t, Options{Frozen: true})
	served := h.do("GET", "/refData/problemTypes", "").body["items"]
	if diff := cmp.Diff(served, copyJSON(map[string]any{"items": document.Types})["items"]); diff != "" {
		t.Error(diff)
	}
}

// goodBodies are a good body for each kind of registration, in the order in which a dossier without TWE takes them.
func goodBodies() []struct{ collection, body string } {
	return []struct{ collection, body string }{
		{"weos", weoBody}, {"employments", employmentBody}, {"placements", placementBody}, {"evaluations", evaluationBody}, {"documents", documentBody(pdf)},
		{"competences", competenceBody}, {"notes", noteBody}, {"appointments", appointmentBody}, {"categories", categoryBody},
		{"handovers", strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1)},
	}
}

// idIn is what a registration is put under, so that others find it.
func idIn(collection string) string {
	switch collection {
	case "weos":
		return weoID
	case "employments":
		return employmentID
	}
	return otherID
}

func bodyFor(op *mlp.Operation) string {
	for _, g := range goodBodies() {
		if strings.Contains(op.Path, "/"+g.collection+"/") {
			return g.body
		}
	}
	return map[string]string{
		"createDossier": creation(ssinB), "queryDossiers": `{"ssins":["` + ssinA + `"]}`,
		"patchDossier": `{"caseworker":{"id":"x"},"entryReason":"r"}`, "createToken": "grant_type=client_credentials",
	}[op.ID]
}

// call makes the request of an operation on a dossier: good, as far as the dossier allows.
func (h *harness) call(op *mlp.Operation, dossierID, query string, headers ...string) result {
	h.t.Helper()
	path := strings.TrimPrefix(op.Path, "/mlp/v1")
	for _, g := range goodBodies() {
		if before, _, found := strings.Cut(path, "/"+g.collection+"/{"); found {
			path = before + "/" + g.collection + "/" + idIn(g.collection)
		}
	}
	path = strings.NewReplacer("{dossierId}", dossierID, "{trainingId}", "OPL-1", "{problemType}", own+"versionConflict").Replace(path)
	if query != "" {
		path += "?" + query
	}
	all := []string{"Idempotency-Key: k"}
	if op.ID == "createToken" {
		all = append(all, "Content-Type: application/x-www-form-urlencoded")
	}
	body := bodyFor(op)
	for i, line := range headers {
		if text, replaced := strings.CutPrefix(line, "body: "); replaced {
			body, headers[i] = text, "X-Nothing: x"
		}
	}
	return h.do(op.Method, path, body, append(all, headers...)...)
}

// current is the If-Match for a dossier as it stands.
func (h *harness) current(dossierID string) string {
	return ifMatch(int(h.mock.state.Dossiers[dossierID].Version))
}

// full is a dossier with a registration of each kind and a training.
func (h *harness) full(ssin string) string {
	h.t.Helper()
	id := strings.TrimPrefix(h.create(ssin), "/dossiers/")
	for _, g := range goodBodies() {
		r := h.do("PUT", "/dossiers/"+id+"/"+g.collection+"/"+idIn(g.collection), g.body, h.current(id))
		h.want(r, 201, "")
	}
	if _, err := h.mock.TrainingRegistered(ssin, map[string]any{"trainingId": "OPL-1", "title": "Groenarbeider", "startDate": "2026-02-02"}); err != nil {
		h.t.Fatal(err)
	}
	return id
}

func watched(t *testing.T, r *witness) *harness {
	return start(t, Options{Frozen: true, Observe: r.see})
}

func produceSuccesses(t *testing.T, r *witness) {
	h := watched(t, r)
	id := h.full(ssinD)
	for _, op := range r.api.Operations() {
		if op.ID != "createDossier" && op.ID != "createToken" {
			if got := h.call(op, id, "", h.current(id)); got.status != 200 {
				t.Errorf("%s: %d %v", op.ID, got.status, got.body)
			}
		}
	}
}

// produceRefusals gives each operation what is wrong with any request of its kind.
func produceRefusals(t *testing.T, r *witness) {
	h := watched(t, r)
	id := h.full(ssinD)
	elsewhere := strings.TrimPrefix(h.seeded(ssinElsewere), "/dossiers/")
	stale, none := ifMatch(1), "If-Match: "
	scopes := map[bool]string{true: h.login("gent", scopeWrite), false: h.login("gent", scopeRead)}
	h.do("GET", "/nowhere", "")
	h.do("DELETE", "/health", "")
	for _, op := range r.api.Operations() {
		h.call(op, id, "", "body: "+strings.Repeat(" ", maxDocumentBody+1))
		h.call(op, id, "", "Content-Type: text/plain")
		if op.ID == "createToken" {
			continue
		}
		h.call(op, id, "unknown=1")
		h.call(op, "nobody", "", stale)
		if op.Secured {
			reads := slices.Contains(op.Scopes, scopeRead)
			h.call(op, id, "", "Authorization: ")
			h.call(op, id, "", "Authorization: Bearer x.y")
			h.call(op, id, "", "X-IBM-Client-Id: ")
			h.call(op, id, "", "Authorization: Bearer "+scopes[reads])
			h.call(op, elsewhere, "", stale)
		}
		// Another body than what is stored, so that If-Match counts.
		changed := "body: " + strings.ReplaceAll(bodyFor(op), "2026-01-1", "2026-01-2")
		if op.Method == http.MethodPut && op.ID != "putCategory" {
			h.call(op, id, "", none, changed)
			h.call(op, id, "", stale, changed)
		}
	}
	patch, _ := r.api.Operation("patchDossier")
	put, _ := r.api.Operation("putCategory")
	for _, match := range []string{none, stale} {
		h.call(patch, id, "", match)
		h.call(put, id, "", match, "body: "+category("78", "2026-01-13", ""))
	}
	h.do("GET", "/refData/problemTypes/"+own+"nothing", "")
	h.do("GET", "/changes?cursor=lost", "")
	h.do("PUT", "/dossiers/"+id+"/weos/"+otherID, `{`, stale)
	h.do("GET", "/dossiers/"+id+"/trainings/OPL-2", "")
	if err := h.mock.Advance(tokenLife); err != nil {
		t.Fatal(err)
	}
	for _, op := range r.api.Operations() {
		h.call(op, id, "")
	}
}

func produceRates(t *testing.T, r *witness) {
	h := start(t, Options{Frozen: true, RatePerMinute: 1, Observe: r.see})
	for _, op := range r.api.Operations() {
		for range 2 {
			h.call(op, "nobody", "")
		}
	}
}

func produceServerProblems(t *testing.T, r *witness) {
	for _, status := range []int{500, 502, 503} {
		h := watched(t, r)
		if _, err := h.mock.AddFault(Fault{Response: FaultResponse{Status: status}}); err != nil {
			t.Fatal(err)
		}
		for _, op := range r.api.Operations() {
			// A 503 of the health check is its own answer, not a problem.
			if op.ID != "getHealth" || status != 503 {
				h.call(op, "nobody", "")
			}
		}
	}
}

func produceCreations(t *testing.T, r *witness) {
	h := watched(t, r)
	h.create(ssinB)
	for _, c := range []struct{ body, key string }{
		{creation(ssinB), "k2"}, {creation(ssinC), "k-" + ssinB}, {creation(ssinOld), "k3"}, {creation(ssinCanceled), "k3"}, {creation("67722499798"), "k3"},
		{creation(ssinElsewere), "k3"}, {strings.Replace(creation(ssinC), "44021", "11002", 1), "k3"},
	} {
		h.do("POST", "/dossiers", c.body, "Idempotency-Key: "+c.key)
	}
}

// produceIssues gives bodies that the schema lets pass and the domain doesn't.
func produceIssues(t *testing.T, r *witness) {
	h := watched(t, r)
	d := h.track(ssinD)
	for _, c := range []struct{ collection, body string }{
		{"categories", category("77", "2026-01-12", "")}, {"categories", category("06", "2026-01-12", "")}, {"categories", category("05", "2026-02-12", "")},
		{"weos", strings.Replace(weoBody, `"counsellor"`, `"endDate":"2026-01-09","counsellor"`, 1)},
		{"employments", strings.Replace(employmentBody, "0212214917", "0212214918", 1)},
		{"placements", strings.Replace(placementBody, `"internshipPlan":true,`, "", 1)},
		{"documents", strings.Replace(documentBody(pdf), `"size":15`, `"size":16`, 1)}, {"documents", documentBody("PK\x03\x04")},
		{"handovers", strings.Replace(handoverBody, `"grounds":["ground2"],`, "", 1)}, {"handovers", strings.Replace(handoverBody, `"no"`, `"yes"`, 1)},
	} {
		h.want(h.do("PUT", d+"/"+c.collection+"/"+otherID, c.body, ifMatch(2)), 400, "badRequest")
	}
	h.want(h.do("POST", "/dossiers/query", `{"ssins":["67722499798"]}`), 400, "badRequest")
}

// produceConflicts meets dossiers that a good request doesn't fit.
func produceConflicts(t *testing.T, r *witness) {
	h := watched(t, r)
	partner, empty := h.seeded(ssinPartner), h.create(ssinB)
	for _, g := range goodBodies() {
		if g.collection != "categories" && g.collection != "competences" {
			h.want(h.do("PUT", partner+"/"+g.collection+"/"+otherID, g.body, ifMatch(1)), 409, "dossierOwnedByPartner")
		}
		if strings.Contains(g.body, `"weoId"`) || g.collection == "categories" {
			h.want(h.do("PUT", empty+"/"+g.collection+"/"+otherID, g.body, ifMatch(1)), 409, "registrationMissing")
		}
	}
	h.want(h.do("PATCH", partner, `{"caseworker":{"id":"x"},"entryReason":"r"}`, ifMatch(1)), 409, "dossierOwnedByPartner")
	h.want(h.do("PATCH", empty, `{"caseworker":{"id":"x"},"address":{"nisCode":"11002"}}`, ifMatch(1)), 403, "missingPermission")
	h.want(h.do("PUT", h.seeded(ssinA)+"/categories/"+otherID, category("05", "2026-01-12", ""), ifMatch(1)), 409, "categoryRefused")

	id := "/dossiers/" + h.full(ssinD)
	current := h.current(strings.TrimPrefix(id, "/dossiers/"))
	h.want(h.do("PUT", id+"/categories/"+weoID, category("93", "2026-01-12", employmentID), current), 409, "categoryRefused")
	h.want(h.do("PUT", id+"/employments/"+otherID, strings.ReplaceAll(employmentBody, "2026-01-12", "2026-01-02"), current), 409, "outsideTwe")
	h.want(h.do("PUT", id+"/weos/"+weoID, strings.Replace(weoBody, "2026-01-10", "2026-01-13", 1), current), 409, "outsideTwe")
	h.want(h.do("PUT", id+"/handovers/"+weoID, handoverBody, current), 409, "tweRunning")

	glow := h.handed(ssinC)
	h.want(h.do("PUT", glow+"/weos/"+weoID, weoBody, ifMatch(2)), 409, "glowRunning")
	if _, err := h.mock.HandoverAnswered(ssinC, "", "accepted", "", ""); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("PUT", glow+"/handovers/"+otherID, strings.Replace(handoverBody, "01-14", "01-13", 1), ifMatch(3)), 409, "handoverDecided")
}

func produceTokens(t *testing.T, r *witness) {
	h := watched(t, r)
	for form, status := range map[string]int{"grant_type=password&client_id=gent&client_secret=s3cret": 400, "grant_type=client_credentials": 401} {
		if got := h.do("POST", "/oauth2/token", form, "Content-Type: application/x-www-form-urlencoded", "Authorization: "); got.status != status {
			t.Errorf("token: %d, want %d", got.status, status)
		}
	}
}

// produceDown has a state directory that can't be written any more.
func produceDown(t *testing.T, r *witness) {
	h := start(t, Options{Frozen: true, StateDir: t.TempDir(), Observe: r.see})
	if err := h.mock.store.log.Close(); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("POST", "/dossiers", creation(ssinB), "Idempotency-Key: k"), 503, "serviceUnavailable")
	if got := h.do("GET", "/health", ""); got.status != 503 || got.text("status") != "DOWN" {
		t.Errorf("health %d %v", got.status, got.body)
	}
}
