package app

import (
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
			d.Fields = changedFields(held, written)
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

// changedFields names what differs of what we wrote; fields without a name are MLP's own.
func changedFields(held, written casefile.Body) []string {
	h, w := reflect.ValueOf(held), reflect.ValueOf(written)
	if h.Type() != w.Type() {
		return nil
	}
	var names []string
	for i := range w.NumField() {
		name := fieldNL(w.Type().Field(i).Name)
		if name != "" && !w.Field(i).IsZero() && !reflect.DeepEqual(h.Field(i).Interface(), w.Field(i).Interface()) {
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
