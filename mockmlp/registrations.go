package mockmlp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ident"
)

func (m *Mock) getRegistration(c *call, k kind) answer {
	d, a, found := m.lookup(c)
	if !found {
		return a
	}
	r, there := d.find(k.name, registrationID(c, k))
	if !there {
		return m.problem("resourceNotFound", "There is no such registration in the dossier.")
	}
	return m.registrationAnswer(http.StatusOK, d, k, r)
}

// registrationID is the id in the path, in lower case: a UUID is one however it is written.
func registrationID(c *call, k kind) string { return strings.ToLower(c.params[k.idField]) }

func (m *Mock) registrationAnswer(status int, d *dossier, k kind, r registration) answer {
	body := r.render(k)
	body["dossierVersion"] = d.Version
	a := ok(status, body)
	a.header.Set("ETag", etag(d.Version))
	return a
}

// putRegistration is decision 12: equal to what is stored is 200 whatever If-Match; else the request itself is judged, then If-Match.
func (m *Mock) putRegistration(c *call, k kind) answer {
	d, a, found := m.lookup(c)
	if !found {
		return a
	}
	id, sent := registrationID(c, k), c.object()
	content := k.kept(sent)
	stored, exists := d.find(k.name, id)
	if exists && sameContent(stored.Content, content) {
		return m.registrationAnswer(http.StatusOK, d, k, stored)
	}
	if issues := append(issuesOf(k, sent), m.clientIssues(d, k, sent)...); len(issues) > 0 {
		return m.badRequest(issues...)
	}
	if nis, named := ocmwOf(content); named && !c.client.area(nis) {
		return m.problem("missingPermission", "").with("issues", []any{issue("nisCodeOutsideArea", "body", "/ocmw/nisCode")})
	}
	// VDAB's 78 can come in between the client's reading and this write.
	moved, err := m.exitsAt(d, k, content)
	if err != nil {
		return m.problem("serviceUnavailable", "")
	}
	if a, current := m.precondition(c, moved); !current {
		return a
	}
	// What the dossier holds is asked last: a client that hasn't seen it gets to read it first.
	if a, fits := m.takes(moved, k, id, content); !fits {
		return a
	}
	return m.register(c, moved, k, id, content, exists)
}

func (m *Mock) register(c *call, d *dossier, k kind, id string, content map[string]any, exists bool) answer {
	now := m.clock.now()
	r := registration{ID: id, Content: content, Added: m.added(d, k, id), RegisteredAt: now}
	next := d.edit()
	next.put(k.name, r)
	code, _ := content["code"].(string)
	e, err := m.commit(change{
		dossier: next, kind: k.name, id: id, create: !exists, code: code, content: content, cause: c, at: now,
		exits: m.exitsAfter(next, k, r, now),
	})
	if err != nil {
		return m.problem("serviceUnavailable", "")
	}
	status := http.StatusOK
	if !exists {
		status = http.StatusCreated
	}
	a := m.registrationAnswer(status, next, k, r)
	a.effects = []int64{e.Seq}
	// Mode "before": VDAB's 78 is a commit of its own, right behind this one. The answer tells of this one alone. When the 78 can't be written now, it stays due.
	_ = m.runDueExits()
	return a
}

// added are the read-only properties that a stored registration gets or keeps.
func (m *Mock) added(d *dossier, k kind, id string) map[string]any {
	switch k.name {
	case "category":
		return map[string]any{"setBy": "ocmw"}
	case "handover":
		old, exists := d.find(k.name, id)
		switch {
		case !exists:
			return map[string]any{"status": "sent", "statusSince": m.today()}
		case old.Added["status"] == "needsInformation":
			// A changed request is the answer to what VDAB asked (assumption: no source says how it is asked).
			return map[string]any{"status": "received", "statusSince": m.today()}
		}
		return maps.Clone(old.Added)
	}
	return nil
}

// decided tells that VDAB has answered a handover request for good.
func (r registration) decided() bool {
	status, _ := r.Added["status"].(string)
	return slices.Contains([]string{"accepted", "assigned", "rejected", "closed"}, status)
}

// takes asks whether the dossier takes a registration: whose it is, what it refers to, and what stands beside it.
func (m *Mock) takes(d *dossier, k kind, id string, content map[string]any) (answer, bool) {
	if d.ownerKind() == "partner" && !k.partnerAllows {
		return m.problem("dossierOwnedByPartner", ""), false
	}
	if old, exists := d.find(k.name, id); exists && old.decided() {
		return m.problem("handoverDecided", ""), false
	}
	if field, kind := d.lacks(content); field != "" {
		return m.problem("registrationMissing", "The dossier has no "+kind+" with this id.").
			with("issues", []any{issue("referencedResourceNotFound", "body", "/"+field)}), false
	}
	return m.fits(d, k, id, content)
}

// lacks finds the first property that refers to a registration which isn't there, and its kind.
func (d *dossier) lacks(content map[string]any) (field, kind string) {
	for _, ref := range []struct{ field, kind string }{{"weoId", "weo"}, {"employmentId", "employment"}} {
		id, given := content[ref.field].(string)
		if !given {
			continue
		}
		if _, there := d.find(ref.kind, strings.ToLower(id)); !there {
			return ref.field, ref.kind
		}
	}
	return "", ""
}

// issuesOf finds what a schema can't say.
func issuesOf(k kind, content map[string]any) []map[string]any {
	var issues []map[string]any
	add := func(name, at string) { issues = append(issues, issue(name, "body", at)) }
	text := func(key string) string { s, _ := content[key].(string); return s }
	if end := text("endDate"); end != "" && end < text("startDate") {
		add("invalidPeriod", "/endDate")
	}
	switch k.name {
	case "category":
		if !knownCategory(text("code")) {
			add("unknownCategory", "/code")
		}
	case "weo":
		if text("endReason") != "" && text("endDate") == "" {
			add("invalidPeriod", "/endReason")
		}
	case "employment":
		issues = append(issues, employmentIssues(content)...)
	case "placement":
		issues = append(issues, placementIssues(content)...)
	case "document":
		issues = append(issues, documentIssues(content)...)
	case "handover":
		issues = append(issues, handoverIssues(content)...)
	}
	return issues
}

// placementIssues: each BVS needs an internship plan (TWE 4).
func placementIssues(content map[string]any) []map[string]any {
	issues := employerIssues(content)
	if content["kind"] == "BVS" && content["internshipPlan"] != true {
		issues = append(issues, issue("internshipPlanMissing", "body", "/internshipPlan"))
	}
	return issues
}

// documentIssues holds the file against what is said of it. A document as it is stored has no file any more.
func documentIssues(content map[string]any) []map[string]any {
	text, given := content["content"].(string)
	if !given {
		return nil
	}
	file, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return []map[string]any{issue("schemaViolation", "body", "/content")}
	}
	var issues []map[string]any
	if sum := sha256.Sum256(file); content["sha256"] != hex.EncodeToString(sum[:]) {
		issues = append(issues, issue("contentMismatch", "body", "/sha256"))
	}
	if content["size"] != float64(len(file)) {
		issues = append(issues, issue("contentMismatch", "body", "/size"))
	}
	if !bytes.HasPrefix(file, []byte("%PDF-")) {
		issues = append(issues, issue("contentNotPdf", "body", "/content"))
	}
	return issues
}

func employmentIssues(content map[string]any) []map[string]any {
	var issues []map[string]any
	regimes, _ := content["workRegimes"].([]any)
	previous, _ := content["startDate"].(string)
	for i, v := range regimes {
		regime, _ := v.(map[string]any)
		from, _ := regime["validFrom"].(string)
		if (i == 0 && from != previous) || (i > 0 && from <= previous) {
			issues = append(issues, issue("invalidPeriod", "body", "/workRegimes"))
			break
		}
		previous = from
	}
	return append(issues, employerIssues(content)...)
}

func employerIssues(content map[string]any) []map[string]any {
	employer, _ := content["employer"].(map[string]any)
	if kbo, given := employer["kboNumber"].(string); given && !validKBO(kbo) {
		return []map[string]any{issue("invalidKboNumber", "body", "/employer/kboNumber")}
	}
	return nil
}

func handoverIssues(content map[string]any) []map[string]any {
	var issues []map[string]any
	ocmw, _ := content["ocmw"].(map[string]any)
	if kbo, _ := ocmw["kboNumber"].(string); !validKBO(kbo) {
		issues = append(issues, issue("invalidKboNumber", "body", "/ocmw/kboNumber"))
	}
	answers, _ := content["exclusionAnswers"].([]any)
	for _, v := range answers {
		answered, _ := v.(map[string]any)
		if answered["answer"] == "yes" {
			issues = append(issues, issue("exclusionApplies", "body", "/exclusionAnswers"))
			break
		}
	}
	if content["kind"] != "GLOW" {
		return issues
	}
	for _, name := range []string{"grounds", "exclusionAnswers"} {
		if content[name] == nil {
			issues = append(issues, issue("groundsMissing", "body", "/"+name))
		}
	}
	return issues
}

func knownCategory(code string) bool {
	_, known := categoryTypeOf(code)
	return known
}

// ocmwOf is the municipality of the OCMW that a handover names.
func ocmwOf(content map[string]any) (nis string, named bool) {
	ocmw, named := content["ocmw"].(map[string]any)
	nis, _ = ocmw["nisCode"].(string)
	return nis, named
}

func validKBO(s string) bool {
	k, err := ident.ParseKBO(s)
	return err == nil && k.String() == s
}
