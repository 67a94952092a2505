package mockmlp

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// What makes sense beside what the dossier holds. Which of these MLP refuses no source says: that the API does is an assumption, and the document says
// so. They are the clear cases of the rules alone; what the rules leave to a person passes.

// clientIssues are what a client may not write, and others may: a category that others set, from a day before birth, or more than a day ahead (clocks differ);
// a handover from a category that neither the reference data nor the dossier has.
func (m *Mock) clientIssues(d *dossier, k kind, content map[string]any) []map[string]any {
	switch k.name {
	case "handover":
		if code, _ := content["currentCategory"].(string); !knownCategory(code) && !d.hasCategory(code) {
			return []map[string]any{issue("unknownCategory", "body", "/currentCategory")}
		}
		return nil
	case "category":
		return m.categoryIssues(d, content)
	}
	return nil
}

func (d *dossier) hasCategory(code string) bool {
	return slices.ContainsFunc(d.Regs["category"], func(r registration) bool { return r.text("code") == code })
}

func (m *Mock) categoryIssues(d *dossier, content map[string]any) []map[string]any {
	code, _ := content["code"].(string)
	if t, known := categoryTypeOf(code); known && !slices.Contains(t.setBy, any("ocmw")) {
		return []map[string]any{issue("notSetByOcmw", "body", "/code")}
	}
	from, _ := content["validFrom"].(string)
	person, _ := d.Own["person"].(map[string]any)
	if born, known := person["birthDate"].(string); known && from < born {
		return []map[string]any{issue("invalidPeriod", "body", "/validFrom")}
	}
	if from > m.dayOf(m.clock.now().Add(24*time.Hour)) {
		return []map[string]any{issue("dateAhead", "body", "/validFrom")}
	}
	return nil
}

// fits asks whether a registration can stand beside the others of the dossier.
func (m *Mock) fits(d *dossier, k kind, id string, content map[string]any) (answer, bool) {
	switch k.name {
	case "category":
		return m.categoryFits(d, id, content)
	case "weo":
		return m.weoFits(d, id, content)
	case "employment":
		weo, _ := d.find("weo", lowerText(content, "weoId"))
		start, _ := content["startDate"].(string)
		if !covers(weo.Content, start) {
			return m.problem("outsideTwe", "").with("issues", []any{issue("invalidPeriod", "body", "/startDate")}), false
		}
	case "handover":
		stored, _ := d.find("handover", id)
		if content["kind"] == "GLOW" && stored.text("kind") != "GLOW" && d.tweRuns(m.today()) {
			return m.problem("tweRunning", ""), false
		}
	}
	return answer{}, true
}

// categoryFits: an entry of others is not an OCMW's to change, 05 never over a protected category (CAT-03), 90 and 93 as the employment's regime says (CAT-05).
func (m *Mock) categoryFits(d *dossier, id string, content map[string]any) (answer, bool) {
	if stored, exists := d.find("category", id); exists && stored.Added["setBy"] != "ocmw" {
		return m.problem("categoryRefused", "").with("issues", []any{issue("notSetByOcmw", "path", "categoryId")}), false
	}
	code, _ := content["code"].(string)
	from, _ := content["validFrom"].(string)
	held, _ := d.categoryWithout(id, from)
	if code == "05" && slices.Contains(protectedCategories(), held.text("code")) {
		return m.problem("categoryRefused", "").with("issues", []any{issue("protectedCategory", "body", "/code")}), false
	}
	employment, named := d.find("employment", lowerText(content, "employmentId"))
	wanted := map[string]string{"90": "fullTime", "93": "partTime"}[code]
	if named && wanted != "" && employment.regimeOn(from) != wanted {
		return m.problem("categoryRefused", "").with("issues", []any{issue("workRegimeMismatch", "body", "/code")}), false
	}
	return answer{}, true
}

// protectedCategories are those of TWE p.1.
func protectedCategories() []string { return []string{"00", "02", "11", "14", "80", "82"} }

// weoFits: no TWE beside GLOW (GLOW-05), and no employment of the WEO left outside of it.
func (m *Mock) weoFits(d *dossier, id string, content map[string]any) (answer, bool) {
	// One that has ended can be corrected beside GLOW, but not begin again.
	stored, exists := d.find("weo", id)
	today := m.today()
	if d.glowRuns() && (!exists || (runs(content, today) && !runs(stored.Content, today))) {
		return m.problem("glowRunning", ""), false
	}
	for _, e := range d.Regs["employment"] {
		if lowerText(e.Content, "weoId") == id && !covers(content, e.text("startDate")) {
			return m.problem("outsideTwe", "").with("issues", []any{issue("invalidPeriod", "body", "/startDate")}), false
		}
	}
	return answer{}, true
}

// tweRuns tells of a WEO that hasn't ended before the day.
func (d *dossier) tweRuns(day string) bool {
	return slices.ContainsFunc(d.Regs["weo"], func(r registration) bool { return runs(r.Content, day) })
}

// runs tells that what a content describes hasn't ended before the day.
func runs(content map[string]any, day string) bool {
	end, ended := content["endDate"].(string)
	return !ended || end >= day
}

// glowRuns tells of a GLOW request that VDAB has neither rejected nor closed.
func (d *dossier) glowRuns() bool {
	return slices.ContainsFunc(d.Regs["handover"], func(r registration) bool {
		return r.Content["kind"] == "GLOW" && r.Added["status"] != "rejected" && r.Added["status"] != "closed"
	})
}

// covers tells whether a day lies in the period of a registration.
func covers(content map[string]any, day string) bool {
	start, _ := content["startDate"].(string)
	end, ended := content["endDate"].(string)
	return start <= day && (!ended || day <= end)
}

// regimeOn is the work regime of an employment on a day; empty outside of its period.
func (r registration) regimeOn(day string) string {
	if !covers(r.Content, day) {
		return ""
	}
	regimes, _ := r.Content["workRegimes"].([]any)
	found := ""
	for _, v := range regimes {
		regime, _ := v.(map[string]any)
		if from, _ := regime["validFrom"].(string); from <= day {
			found, _ = regime["regime"].(string)
		}
	}
	return found
}

// lowerText is an id that a content refers to, as ids are stored.
func lowerText(content map[string]any, key string) string {
	s, _ := content[key].(string)
	return strings.ToLower(s)
}

// getTraining: trainings are registered by their provider (OPL), and read here.
func (m *Mock) getTraining(c *call) answer {
	d, a, found := m.lookup(c)
	if !found {
		return a
	}
	for _, v := range d.Trainings {
		training, _ := v.(map[string]any)
		if training["trainingId"] == c.params["trainingId"] {
			body := copyJSON(training)
			body["dossierVersion"] = d.Version
			a := ok(http.StatusOK, body)
			a.header.Set("ETag", etag(d.Version))
			return a
		}
	}
	return m.problem("resourceNotFound", "There is no such training in the dossier.")
}
