package mockmlp

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// categoryType is a row of the reference data. Codes, labels and who sets them: domain.md section 1 (TWE p.1, 5, 8; PUB arvastat; GLOW24 1.3).
// None has an end of validity that a source names.
type categoryType struct {
	code, label string
	setBy       []any
}

func categoryTypes() []categoryType {
	other := []any{"client", "other"}
	return []categoryType{
		{"00", "uitkeringsgerechtigd werkzoekende", []any{"ocmw", "client"}},
		{"02", "werkzoekende in beroepsinschakelingstijd", other},
		// That an OCMW may set 03 too is an assumption: it is what a caseworker can answer when support ends (CAT-13).
		{"03", "vrij ingeschreven niet-werkende werkzoekende", []any{"client", "other", "ocmw"}},
		{"05", "werkzoekende ten laste van het OCMW", []any{"ocmw", "client"}},
		{"06", "werkzoekende erkend als persoon met een handicap", other},
		{"10", "werkzoekende in opzegperiode", other},
		{"11", "deeltijds lerende", other},
		{"14", "werkzoekende uitgesloten van werkloosheidsuitkering", other},
		{"78", "uitschrijving wegens werk", []any{"vdab", "ocmw"}},
		{"80", "deeltijds werkende met inkomensgarantie-uitkering", other},
		{"82", "deeltijds werkende in beroepsinschakelingstijd", other},
		{"90", "voltijds werkende vrij ingeschreven werkzoekende", []any{"ocmw"}},
		{"92", "tijdelijk werkloze", other},
		{"93", "vrij ingeschreven deeltijdse werknemer", []any{"ocmw"}},
	}
}

func categoryTypeOf(code string) (categoryType, bool) {
	list := categoryTypes()
	i := slices.IndexFunc(list, func(t categoryType) bool { return t.code == code })
	if i < 0 {
		return categoryType{}, false
	}
	return list[i], true
}

func (m *Mock) listCategories(*call) answer {
	items := []any{}
	for _, t := range categoryTypes() {
		items = append(items, map[string]any{"code": t.code, "label": map[string]any{"nl": t.label}, "setBy": t.setBy})
	}
	return ok(http.StatusOK, map[string]any{"items": items})
}

func (m *Mock) listProblemTypes(*call) answer {
	items := []any{}
	for _, t := range problemTypes() {
		items = append(items, m.renderProblemType(t))
	}
	return ok(http.StatusOK, map[string]any{"items": items})
}

func (m *Mock) renderProblemType(t problemType) map[string]any {
	item := map[string]any{"type": t.urn, "title": t.title, "description": t.description}
	if t.status != 0 {
		item["status"] = t.status
		item["operations"] = m.api.ProblemOperations(t.urn)
	}
	return item
}

func (m *Mock) getProblemType(c *call) answer {
	t := problemTypeOf(c.params["problemType"])
	if t.urn == "" {
		return m.problem("resourceNotFound", "There is no such problem type.")
	}
	a := ok(http.StatusOK, m.renderProblemType(t))
	if strings.Contains(c.r.Header.Get("Accept"), "text/html") {
		a = m.problemPage(t)
	}
	a.header.Set("Vary", "Accept")
	return a
}

// problemPage is a problem type for a person who follows the link in a browser.
func (m *Mock) problemPage(t problemType) answer {
	var page bytes.Buffer
	err := problemTemplate().Execute(&page, map[string]any{
		"Title": t.title, "Type": t.urn, "Status": t.status, "Description": t.description, "Operations": m.api.ProblemOperations(t.urn),
	})
	if err != nil {
		return m.problem("internalServerError", "")
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, raw: page.Bytes()}
}

func problemTemplate() *template.Template {
	return template.Must(template.New("problem").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head><body>
<h1>{{.Title}}</h1>
<p><code>{{.Type}}</code>{{with .Status}}, status {{.}}{{end}}</p>
<p>{{.Description}}</p>
{{with .Operations}}<h2>Operations that can give it</h2>
<ul>{{range .}}<li><code>{{.}}</code></li>{{end}}</ul>{{end}}
</body></html>
`))
}

// listInstruments: TWE 4 and 9 name the forms of placement, TWE 5 the employment under article 60 paragraph 7.
func (m *Mock) listInstruments(*call) answer {
	return ok(http.StatusOK, map[string]any{"items": []any{
		map[string]any{"code": "ART60", "label": map[string]any{"nl": "tewerkstelling artikel 60 paragraaf 7"}, "registeredAs": "employment"},
		map[string]any{
			"code": "BVS", "label": map[string]any{"nl": "beroepsverkennende stage"}, "registeredAs": "placement", "validUntil": "2022-12-31",
			"note": "Folded into WES on 1 January 2023 according to one public source, while GLOW24 1.4.2 still lists it: not enforced.",
		},
		map[string]any{"code": "WES", "label": map[string]any{"nl": "werkervaringsstage"}, "registeredAs": "placement"},
		map[string]any{"code": "IBO", "label": map[string]any{"nl": "individuele beroepsopleiding in de onderneming"}, "registeredAs": "placement"},
	}})
}

// listPartners: TIBB, TIW and WIJ are what VDAB's public TWE pages name; IBB and ZIBB stand in GLOW24 1.3; GLOW began on 1 January 2023 (foreword).
func (m *Mock) listPartners(*call) answer {
	items := []any{
		map[string]any{"program": "GLOW", "validFrom": "2023-01-01"},
		map[string]any{"program": "IBB", "note": "Named beside ZIBB where GLOW23 named TIBB; no source has a date."},
	}
	for _, program := range []string{"TIBB", "TIW", "WIJ", "ZIBB"} {
		items = append(items, map[string]any{"program": program})
	}
	return ok(http.StatusOK, map[string]any{"items": items})
}
