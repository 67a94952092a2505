package app

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// ExplainedDrift is something that a person changed in MLP after our last write: it stays, and
// is told by the names of its fields.
type ExplainedDrift struct {
	Kind   casefile.RegistrationKind `json:"kind"`
	From   casefile.Date             `json:"from,omitempty"`
	What   string                    `json:"what"` // Dutch
	Gone   bool                      `json:"gone,omitempty"`
	Fields []string                  `json:"fields,omitempty"` // Dutch
}

// explainDrift compares what MLP holds with what it held after our last write. Categories are
// entries of their own, so that a changed one is a finding of CAT-10.
func explainDrift(known casefile.Known) []ExplainedDrift {
	if known.Dossier == nil {
		return nil
	}
	var out []ExplainedDrift
	for _, id := range slices.Sorted(maps.Keys(known.Written)) {
		written := known.Written[id]
		if written == nil {
			continue
		}
		d := ExplainedDrift{Kind: written.Kind(), From: casefile.StartOf(written), What: bodyNL(written)}
		held := heldBody(known.Dossier, id)
		switch {
		case held == nil:
			d.Gone = true
		case casefile.Satisfies(held, written):
			continue
		default:
			d.Fields = fieldsNL(changedFields(held, written))
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b ExplainedDrift) int { return strings.Compare(string(a.From), string(b.From)) })
	return out
}

func heldBody(d *casefile.Dossier, id string) casefile.Body {
	switch id {
	case string(casefile.RegPerson):
		return d.Person
	case string(casefile.RegProfile):
		return d.Profile
	}
	if r, found := d.Find(id); found {
		return r.Body
	}
	return nil
}

// drift says of a registration in MLP what somebody changed of it after us, of the fields that
// count: their names, and days. DATA-04 reports it. Empty where nobody did.
func (c *course) drift(id string, counts func(field string) bool) string {
	known := c.view.Known
	written := known.Written[id]
	if written == nil || known.Dossier == nil {
		return ""
	}
	held := heldBody(known.Dossier, id)
	if held == nil || casefile.Satisfies(held, written) {
		return ""
	}
	var parts []string
	for _, field := range changedFields(held, written) {
		if !counts(field) {
			continue
		}
		part := fieldNL(field)
		if day, is := reflect.ValueOf(held).FieldByName(field).Interface().(casefile.Date); is {
			part += " " + cmp.Or(day.Dutch(), "leeg")
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ""
	}
	return "anders in MLP: " + strings.Join(parts, ", ") + ", zie DATA-04"
}

// The fields that count: all, those of an end, or all but those.
func anyField(string) bool     { return true }
func isEnd(field string) bool  { return field == "End" || field == "EndReason" }
func notEnd(field string) bool { return !isEnd(field) }

func fieldsNL(fields []string) []string {
	var names []string
	for _, field := range fields {
		names = append(names, fieldNL(field))
	}
	return names
}

// changedFields are what differs of what we wrote, by Go's name; fields without a Dutch one are MLP's own.
func changedFields(held, written casefile.Body) []string {
	h, w := reflect.ValueOf(held), reflect.ValueOf(written)
	if h.Type() != w.Type() {
		return nil
	}
	var names []string
	for i := range w.NumField() {
		name := w.Type().Field(i).Name
		if fieldNL(name) != "" && !w.Field(i).IsZero() && !reflect.DeepEqual(h.Field(i).Interface(), w.Field(i).Interface()) {
			names = append(names, name)
		}
	}
	return names
}

func fieldNL(field string) string {
	return map[string]string{
		"LastName": "naam", "FirstName": "voornaam", "BirthDate": "geboortedatum", "Street": "straat", "PostalCode": "postcode",
		"City": "gemeente", "NIS": "NIS-code", "ContactLanguage": "contacttaal", "JobTarget": "jobdoelwit", "EntryNeed": "reden van instroom",
		"DevelopmentPlanOn": "POP", "Start": "begin", "End": "einde", "EndReason": "reden van het einde", "Counsellor": "trajectbegeleider",
		"Regimes": "regime", "EmployerKBO": "werkgever", "SocialEconomy": "sociale economie", "Date": "datum", "Evaluation": "soort evaluatie",
		"CompetencesScored": "competenties gescoord", "PlanUpdated": "POP aangevuld", "ReportUploaded": "verslag opgeladen",
		"Placement": "soort plaatsing", "InternshipPlan": "stageplan", "HoursPerMonth": "uren per maand", "CommunityService": "gemeenschapsdienst",
		"Document": "soort document", "SHA256": "inhoud", "Size": "grootte", "Competence": "competentie", "Level": "niveau", "AssessedOn": "datum van de score",
		"Note": "nota", "Text": "tekst", "Handover": "soort overdracht", "ChoiceDate": "datum van de keuze", "Motivation": "motivatie",
		"Grounds": "gronden", "Exclusions": "uitsluitingsvragen", "InformedOn": "datum ingelicht", "TrainingStart": "begin van de opleiding",
	}[field]
}
