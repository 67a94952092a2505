package mockmlp

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// render is a dossier as the API shows it on a day.
func (d *dossier) render(day string) map[string]any {
	out := maps.Clone(d.Own)
	out["dossierId"] = d.ID
	out["version"] = d.Version
	out["ssin"] = d.SSIN
	out["ssinStatus"] = "active"
	if d.SSINCanceled {
		out["ssinStatus"] = "canceled"
	}
	if len(d.History) > 0 {
		out["ssinHistory"] = d.History
	}
	out["owner"] = d.Owner
	out["nisCode"] = d.NIS
	for _, k := range kinds() {
		list := make([]any, 0, len(d.Regs[k.name]))
		for _, r := range d.Regs[k.name] {
			list = append(list, r.render(k))
		}
		out[k.collection] = list
	}
	out["trainings"] = d.Trainings
	if d.Trainings == nil {
		out["trainings"] = []any{}
	}
	if r, held := d.currentCategory(day); held {
		out["currentCategory"] = map[string]any{"code": r.Content["code"], "categoryId": r.ID, "validFrom": r.Content["validFrom"]}
	}
	return out
}

func (r registration) render(k kind) map[string]any {
	out := maps.Clone(r.Content)
	maps.Copy(out, r.Added)
	out[k.idField] = r.ID
	out["registeredAt"] = r.RegisteredAt.UTC().Format(time.RFC3339Nano)
	return out
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

func (m *Mock) dossierAnswer(status int, d *dossier) answer {
	a := ok(status, d.render(m.today()))
	a.header.Set("ETag", etag(d.Version))
	return a
}

// area says whether a client may see dossiers of a municipality (GLOW24 1.5.1).
func (c *Client) area(nis string) bool {
	if len(c.NISCodes) == 0 {
		return true
	}
	for _, n := range c.NISCodes {
		if n == nis {
			return true
		}
	}
	return false
}

// lookup finds the dossier of the path, in the caller's area.
func (m *Mock) lookup(c *call) (*dossier, answer, bool) {
	d, known := m.state.Dossiers[c.params["dossierId"]]
	if !known {
		return nil, m.problem("resourceNotFound", "There is no such dossier."), false
	}
	if !c.client.area(d.NIS) {
		return nil, m.problem("missingPermission", "").with("issues", []any{issue("dossierOutsideArea", "path", "dossierId")}), false
	}
	return d, answer{}, true
}

func (m *Mock) queryDossiers(c *call) answer {
	asked, _ := c.object()["ssins"].([]any)
	var issues []map[string]any
	items, canceled := []any{}, []any{}
	seen := map[string]bool{}
	for i, v := range asked {
		ssin, _ := v.(string)
		if !validSSIN(ssin) {
			issues = append(issues, issue("invalidSsin", "body", "/ssins/"+strconv.Itoa(i)))
			continue
		}
		if seen[ssin] {
			continue
		}
		seen[ssin] = true
		if m.state.Canceled[ssin] {
			canceled = append(canceled, ssin)
		}
		d := m.state.Dossiers[m.state.bySSIN[ssin]]
		if d == nil || !c.client.area(d.NIS) {
			continue
		}
		item := map[string]any{"ssin": ssin, "dossier": d.render(m.today())}
		if d.SSIN != ssin {
			item["replacedBy"] = d.SSIN
		}
		items = append(items, item)
	}
	if issues != nil {
		return m.badRequest(issues...)
	}
	return ok(http.StatusOK, map[string]any{"items": items, "canceledSsins": canceled})
}

func validSSIN(s string) bool {
	_, err := ident.ParseINSZ(s)
	return err == nil && len(s) == 11
}

func (m *Mock) getDossier(c *call) answer {
	d, a, found := m.lookup(c)
	if !found {
		return a
	}
	return m.dossierAnswer(http.StatusOK, d)
}

func (m *Mock) createDossier(c *call) answer {
	body := c.object()
	key := c.client.ClientID + "|" + c.r.Header.Get("Idempotency-Key")
	hash := hashOf(body)
	if first, used := m.state.Replies[key]; used {
		if first.BodyHash != hash {
			return m.problem("idempotencyKeyReused", "")
		}
		return m.created(first.Dossier)
	}
	ssin, _ := body["ssin"].(string)
	address, _ := body["address"].(map[string]any)
	nis, _ := address["nisCode"].(string)
	if a, fine := m.mayCreate(c, ssin, nis); !fine {
		return a
	}
	d := m.newDossier(c.client, ssin, nis, body)
	e, err := m.commit(change{
		dossier: d, kind: "dossier", id: d.ID, create: true, content: body, cause: c, at: m.clock.now(),
		reply: &reply{Key: key, BodyHash: hash, Dossier: d},
	})
	if err != nil {
		return m.problem("serviceUnavailable", "")
	}
	c.persons = []string{d.ID}
	a := m.created(d)
	a.effects = []int64{e.Seq}
	return a
}

func (m *Mock) created(d *dossier) answer {
	a := m.dossierAnswer(http.StatusCreated, d)
	a.header.Set("Location", "/mlp/v1/dossiers/"+d.ID)
	return a
}

func (m *Mock) mayCreate(c *call, ssin, nis string) (answer, bool) {
	if !validSSIN(ssin) {
		return m.badRequest(issue("invalidSsin", "body", "/ssin")), false
	}
	if m.state.Canceled[ssin] {
		return m.badRequest(issue("canceledSsin", "body", "/ssin")), false
	}
	d := m.state.Dossiers[m.state.bySSIN[ssin]]
	switch {
	case d != nil && !c.client.area(d.NIS):
		return m.problem("missingPermission", "").with("issues", []any{issue("dossierOutsideArea", "body", "/ssin")}), false
	case d != nil && d.SSIN != ssin:
		i := issue("replacedSsin", "body", "/ssin")
		i["replacedBy"] = d.SSIN
		return m.badRequest(i), false
	case d != nil:
		return m.problem("dossierExists", ""), false
	case !c.client.area(nis):
		return m.problem("missingPermission", "").with("issues", []any{issue("nisCodeOutsideArea", "body", "/address/nisCode")}), false
	}
	return answer{}, true
}

func (m *Mock) newDossier(client *Client, ssin, nis string, body map[string]any) *dossier {
	owner := map[string]any{"kind": "ocmw"}
	if client.Name != "" {
		owner["name"] = client.Name
	}
	if client.KBONumber != "" {
		owner["kboNumber"] = client.KBONumber
	}
	ownData := maps.Clone(body)
	delete(ownData, "ssin")
	return &dossier{
		ID: m.derive("dossier", ssin), Version: 1, SSIN: ssin, Owner: owner, NIS: nis, Own: ownData, Regs: map[string][]registration{},
	}
}

// tweData are the dossier's own data that belong to a TWE: a partner's dossier takes no TWE line (TWE-17).
func tweData() []string { return []string{"entryReason", "developmentPlan"} }

func (m *Mock) patchDossier(c *call) answer {
	d, a, found := m.lookup(c)
	if !found {
		return a
	}
	patch := c.object()
	next := d.edit()
	next.Own, _ = mergePatch(copyJSON(d.Own), patch).(map[string]any)
	address, _ := next.Own["address"].(map[string]any)
	next.NIS, _ = address["nisCode"].(string)
	if !c.client.area(next.NIS) {
		return m.problem("missingPermission", "").with("issues", []any{issue("nisCodeOutsideArea", "body", "/address/nisCode")})
	}
	if a, current := m.precondition(c, d); !current {
		return a
	}
	if d.ownerKind() == "partner" {
		for _, name := range tweData() {
			if _, there := patch[name]; there {
				return m.problem("dossierOwnedByPartner", "")
			}
		}
	}
	if sameContent(d.Own, next.Own) {
		return m.dossierAnswer(http.StatusOK, d)
	}
	e, err := m.commit(change{dossier: next, kind: "dossier", id: d.ID, content: patch, cause: c, at: m.clock.now()})
	if err != nil {
		return m.problem("serviceUnavailable", "")
	}
	a = m.dossierAnswer(http.StatusOK, next)
	a.effects = []int64{e.Seq}
	return a
}

// precondition holds If-Match against the dossier's version.
func (m *Mock) precondition(c *call, d *dossier) (answer, bool) {
	switch c.r.Header.Get("If-Match") {
	case "":
		return m.problem("preconditionRequired", ""), false
	case etag(d.Version):
		return answer{}, true
	default:
		return m.problem("versionConflict", "").with("currentVersion", d.Version), false
	}
}

// mergePatch is RFC 7396. It may change target.
func mergePatch(target, patch any) any {
	p, isObject := patch.(map[string]any)
	if !isObject {
		return patch
	}
	t, isObject := target.(map[string]any)
	if !isObject {
		t = map[string]any{}
	}
	for name, v := range p {
		if v == nil {
			delete(t, name)
		} else {
			t[name] = mergePatch(t[name], v)
		}
	}
	return t
}

// copyJSON copies a JSON object deeply.
func copyJSON(v map[string]any) map[string]any {
	b, err := json.Marshal(v)
	if err != nil {
		return maps.Clone(v)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return maps.Clone(v)
	}
	return out
}
