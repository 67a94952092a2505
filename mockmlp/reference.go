package mockmlp

import "net/http"

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
		{"03", "vrij ingeschreven niet-werkende werkzoekende", other},
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
		item := map[string]any{"type": t.urn, "title": t.title, "description": t.description}
		if t.status != 0 {
			item["status"] = t.status
		}
		items = append(items, item)
	}
	return ok(http.StatusOK, map[string]any{"items": items})
}
