package ocmw

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"golang.org/x/text/language"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
)

const today casefile.Date = "2026-03-16"

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fields lists what each kind has: a star is required.
func fields() map[string]string {
	return map[string]string{
		"client": "*clientNumber *insz *lastName *firstName birthDate street postalCode city *nisCode contactLanguage *caseworker " +
			"readiness readySince readinessWithdrawnOn registeredBy unemploymentBenefit benefitSince benefitAppliedOn benefitDecision " +
			"benefitEntitledFrom benefitDecisionOn leefloon supportEndedOn confirmed93On decidedCategory decidedOn decisionReason",
		"track": "*clientNumber *trackNumber *kind *choiceDate motivation entryNeed regularEconomyWithinTwoYears jobTarget " +
			"developmentPlanOn weoStart weoEnd weoEndReason *counsellor socialEconomyHighestOn indicationRequestedOn finalAdvice finalAdviceOn",
		"employment": "*clientNumber contractNumber *kind *start end *regime regimeFrom hoursPerWeek employerKbo socialEconomy novaPrimaReference " +
			"increasedAllowanceFrom increasedAllowanceUntil",
		"placement":  "*clientNumber trackNumber *kind *start end employerKbo internshipPlan host hoursPerMonth communityService",
		"training":   "*clientNumber *title *start end recognised regime fullTimeFrom internshipStart internshipEnd needKnownOn guidedHalfTime servesJobTarget",
		"evaluation": "*clientNumber trackNumber *date *kind competencesScored planUpdated reportUploaded evaluator",
		"handover": "*clientNumber requestNumber *kind *choiceDate motivation grounds groundOneBridgeable realisticOrientation selfInsight " +
			"needsWorkExperience readyForAction contactLanguage exclNonLabourProblems exclSocialEconomyHighest exclNeedsTraining " +
			"exclNeedsLanguageTraining exclOtherTrack exclHealthInsuranceAppeal jobTarget informedOn note trainingStart trainingEnd",
		"competence": "*clientNumber *competence *level *assessedOn",
		"document":   "*clientNumber trackNumber *kind *date *file",
	}
}

// whole is a record of the kind in which every field is filled in, well.
func whole(kind string) map[string]any {
	client := map[string]any{"clientNumber": "Z10200"}
	more := map[string]map[string]any{
		"client": {
			"insz": "67.72.24-997.97", "lastName": "Dupré", "firstName": "Zoë", "birthDate": "1967-12-24", "street": "Kerkstraat 1",
			"postalCode": "9000", "city": "Gent", "nisCode": "44021", "contactLanguage": "nl", "caseworker": "mw-014",
			"readiness": "ready", "readySince": "2025-01-01", "readinessWithdrawnOn": "2026-01-01", "registeredBy": "ocmw",
			"unemploymentBenefit": "none", "benefitSince": "2023-01-01", "benefitAppliedOn": "2026-01-02", "benefitDecision": "entitled",
			"benefitEntitledFrom": "2026-01-01", "benefitDecisionOn": "2026-02-01", "leefloon": "none", "supportEndedOn": "2026-02-02",
			"confirmed93On": "2026-01-15", "decidedCategory": "05", "decidedOn": "2026-03-01", "decisionReason": "gesprek",
		},
		"track": {
			"trackNumber": "T1", "kind": "TWE", "choiceDate": "2025-01-01", "motivation": "m", "entryNeed": "generic",
			"regularEconomyWithinTwoYears": true, "jobTarget": "kok", "developmentPlanOn": "2025-01-10", "weoStart": "2025-02-01",
			"weoEnd": "2026-01-31", "weoEndReason": "job", "counsellor": "tb-03", "socialEconomyHighestOn": "2025-11-03", "indicationRequestedOn": "2025-11-10",
			"finalAdvice": "advies", "finalAdviceOn": "2026-01-30",
		},
		"employment": {
			"contractNumber": "C1", "kind": "art60", "start": "2025-03-01", "end": "2026-02-28", "regime": "partTime",
			"regimeFrom": "2025-06-01", "hoursPerWeek": json.Number("19.50"), "employerKbo": "0212.214.917", "socialEconomy": false, "novaPrimaReference": "NP-1",
			"increasedAllowanceFrom": "2025-03-01", "increasedAllowanceUntil": "2026-02-28",
		},
		"placement": {
			"trackNumber": "T1", "kind": "WES", "start": "2025-03-01", "end": "2025-03-31", "employerKbo": "0884303369", "internshipPlan": true,
			"host": "school", "hoursPerMonth": json.Number("48.50"), "communityService": true,
		},
		"training": {
			"title": "Lassen", "start": "2025-03-01", "end": "2025-05-31", "recognised": true, "regime": "partTime", "fullTimeFrom": "2025-04-01",
			"internshipStart": "2025-05-01", "internshipEnd": "2025-05-31", "needKnownOn": "2025-01-15", "guidedHalfTime": true, "servesJobTarget": false,
		},
		"evaluation": {
			"trackNumber": "T1", "date": "2025-08-01", "kind": "interim", "competencesScored": true, "planUpdated": false, "reportUploaded": true, "evaluator": "tb-03",
		},
		"handover": {
			"requestNumber": "O1", "kind": "GLOW", "choiceDate": "2026-03-01", "motivation": "m", "grounds": []any{"2", "4"}, "groundOneBridgeable": true,
			"realisticOrientation": true, "selfInsight": true, "needsWorkExperience": true, "readyForAction": false, "contactLanguage": "fr",
			"exclNonLabourProblems": false, "exclSocialEconomyHighest": false, "exclNeedsTraining": false, "exclNeedsLanguageTraining": false,
			"exclOtherTrack": true, "exclHealthInsuranceAppeal": false, "jobTarget": "kok", "informedOn": "2026-03-02", "note": "n",
			"trainingStart": "2026-04-01", "trainingEnd": "2026-06-30",
		},
		"competence": {"competence": "op tijd komen", "level": "developing", "assessedOn": "2026-01-20"},
		"document":   {"trackNumber": "T1", "kind": "interimReport", "date": "2026-01-21", "file": "2026/verslag 12.PDF"},
	}
	maps.Copy(client, more[kind])
	return client
}

func input(kind string, fields map[string]any) Input {
	columns := map[string]string{}
	for field := range fields {
		columns[field] = "Kolom " + field
	}
	return Input{
		Kind: kind, Fields: fields, Key: "key", Prov: casefile.Provenance{File: "f.csv", Row: 7, Columns: columns},
		AllowTestNumbers: true, OnlyTestNumbers: true, Today: today,
	}
}

func TestEveryFieldStandsInItsSchema(t *testing.T) {
	for kind, list := range fields() {
		document, err := Document(kind)
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Schema               string `json:"$schema"`
			ID                   string `json:"$id"`
			Title, Description   string
			AdditionalProperties *bool
			Required             []string
			Properties           map[string]struct{ Title, Description string }
		}
		if err := json.Unmarshal(document, &schema); err != nil {
			t.Fatal(err)
		}
		var all, required []string
		for _, f := range strings.Fields(list) {
			name, star := strings.CutPrefix(f, "*")
			if all = append(all, name); star {
				required = append(required, name)
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(all)), slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
			t.Errorf("%s: fields (-listed +schema):\n%s", kind, diff)
		}
		if diff := cmp.Diff(required, schema.Required); diff != "" {
			t.Errorf("%s: required (-listed +schema):\n%s", kind, diff)
		}
		for name, p := range schema.Properties {
			if p.Title == "" || p.Description == "" {
				t.Errorf("%s.%s has no title or description", kind, name)
			}
		}
		if schema.AdditionalProperties == nil || *schema.AdditionalProperties || schema.ID != base+kind+".schema.json" ||
			schema.Schema != "https://json-schema.org/draft/2020-12/schema" || schema.Title == "" || schema.Description == "" {
			t.Errorf("%s: head of the document: %+v", kind, schema)
		}
	}
	if len(fields()) != len(casefile.RecordKinds()) {
		t.Error("a kind of record is not listed")
	}
}

func TestSchemasAreValid(t *testing.T) {
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range append(slices.Sorted(maps.Keys(fields())), "common") {
		document, err := Document(kind)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(document, &v); err != nil {
			t.Fatal(err)
		}
		if err := meta.Validate(v); err != nil {
			t.Errorf("%s: %#v", kind, err)
		}
	}
	if _, err := Document("../ocmw"); err == nil {
		t.Error("a document that isn't a schema was opened")
	}
}

func TestTheLanguagesExist(t *testing.T) {
	languages := newDecoder(t).kinds["client"].schema.Properties["contactLanguage"].Ref.Enum
	for _, v := range languages {
		code := fmt.Sprint(v)
		if _, err := language.ParseBase(code); err != nil || len(code) != 2 {
			t.Errorf("%s is no ISO 639-1 code: %v", code, err)
		}
	}
	for _, want := range []string{"nl", "fr", "en", "ar", "tr", "uk", "ps", "ti", "so", "ru", "pl", "ro", "bg", "fa", "ku", "es", "pt"} {
		if !slices.Contains(languages, any(want)) {
			t.Errorf("%s is not in the list", want)
		}
	}
}

func TestVersion(t *testing.T) {
	a, b := newDecoder(t).Version(), newDecoder(t).Version()
	if a != b || len(a) != 64 {
		t.Errorf("versions %q and %q", a, b)
	}
}

func TestDecode(t *testing.T) {
	header := casefile.Header{Client: "Z10200", RecordKey: "key"}
	number, err := ident.ParseINSZ("67722499797")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]casefile.Record{
		"client": &casefile.Client{
			Header: header, INSZ: number.INSZ, LastName: "Dupré", FirstName: "Zoë", BirthDate: "1967-12-24", Street: "Kerkstraat 1",
			PostalCode: "9000", City: "Gent", NIS: "44021", ContactLanguage: "nl", Caseworker: "mw-014",
			Readiness: casefile.Ready, ReadySince: "2025-01-01", ReadinessWithdrawnOn: "2026-01-01", RegisteredBy: casefile.PartyOCMW,
			UnemploymentBenefit: casefile.BenefitNone, BenefitSince: "2023-01-01", BenefitAppliedOn: "2026-01-02", BenefitDecision: casefile.DecisionEntitled,
			BenefitEntitledFrom: "2026-01-01", BenefitDecisionOn: "2026-02-01", Leefloon: casefile.LeefloonNone, SupportEndedOn: "2026-02-02",
			Confirmed93On: "2026-01-15", DecidedCategory: casefile.Code05, DecidedOn: "2026-03-01", DecisionReason: "gesprek",
		},
		"track": &casefile.Track{
			Header: header, TrackNumber: "T1", Track: casefile.TrackTWE, ChoiceDate: "2025-01-01", Motivation: "m", EntryNeed: "generic",
			RegularEconomyWithinTwoYears: casefile.Yes, JobTarget: "kok", DevelopmentPlanOn: "2025-01-10", WEOStart: "2025-02-01",
			WEOEnd: "2026-01-31", WEOEndReason: casefile.EndJob, Counsellor: "tb-03", SocialEconomyHighestOn: "2025-11-03",
			IndicationRequestedOn: "2025-11-10", FinalAdvice: "advies", FinalAdviceOn: "2026-01-30",
		},
		"employment": &casefile.Employment{
			Header: header, ContractNumber: "C1", Employment: casefile.Art60Job, Start: "2025-03-01", End: "2026-02-28", Regime: casefile.PartTime,
			RegimeFrom: "2025-06-01", HoursPerWeek: "19.5", EmployerKBO: "0212214917", SocialEconomy: casefile.No, NovaPrimaReference: "NP-1",
			IncreasedAllowanceFrom: "2025-03-01", IncreasedAllowanceUntil: "2026-02-28",
		},
		"placement": &casefile.Placement{
			Header: header, TrackNumber: "T1", Placement: "WES", Start: "2025-03-01", End: "2025-03-31", EmployerKBO: "0884303369", InternshipPlan: casefile.Yes,
			Host: casefile.HostSchool, HoursPerMonth: "48.5", CommunityService: casefile.Yes,
		},
		"training": &casefile.Training{
			Header: header, Title: "Lassen", Start: "2025-03-01", End: "2025-05-31", Recognised: casefile.Yes, Regime: casefile.PartTime,
			FullTimeFrom: "2025-04-01", InternshipStart: "2025-05-01", InternshipEnd: "2025-05-31", NeedKnownOn: "2025-01-15", GuidedHalfTime: casefile.Yes,
			ServesJobTarget: casefile.No,
		},
		"evaluation": &casefile.Evaluation{
			Header: header, TrackNumber: "T1", Date: "2025-08-01", Evaluation: "interim", CompetencesScored: casefile.Yes,
			PlanUpdated: casefile.No, ReportUploaded: casefile.Yes, Evaluator: "tb-03",
		},
		"handover": &casefile.HandoverRecord{
			Header: header, RequestNumber: "O1", Handover: casefile.HandoverGLOW, ChoiceDate: "2026-03-01", Motivation: "m", Grounds: []string{"2", "4"},
			GroundOneBridgeable: casefile.Yes, RealisticOrientation: casefile.Yes, SelfInsight: casefile.Yes, NeedsWorkExperience: casefile.Yes,
			ReadyForAction: casefile.No, ContactLanguage: "fr",
			Exclusions: map[casefile.Exclusion]casefile.Tri{
				casefile.ExclNonLabourProblems: casefile.No, casefile.ExclSocialEconomyHighest: casefile.No, casefile.ExclNeedsTraining: casefile.No,
				casefile.ExclNeedsLanguageTraining: casefile.No, casefile.ExclOtherTrack: casefile.Yes, casefile.ExclHealthInsuranceAppeal: casefile.No,
			},
			JobTarget: "kok", InformedOn: "2026-03-02", Note: "n", TrainingStart: "2026-04-01", TrainingEnd: "2026-06-30",
		},
		"competence": &casefile.CompetenceRecord{
			Header: header, Competence: "op tijd komen", Level: casefile.LevelDeveloping, AssessedOn: "2026-01-20",
		},
		"document": &casefile.DocumentRecord{
			Header: header, TrackNumber: "T1", Document: casefile.DocInterimReport, Date: "2026-01-21", File: "2026/verslag 12.PDF",
		},
	}
	d := newDecoder(t)
	for kind, record := range want {
		if got := len(strings.Fields(fields()[kind])); got != len(whole(kind)) {
			t.Errorf("%s: the test fills in %d of %d fields", kind, len(whole(kind)), got)
		}
		in := input(kind, whole(kind))
		in.Prov = casefile.Provenance{}
		got, warnings, violations := d.Decode(in)
		if len(warnings) > 0 || len(violations) > 0 {
			t.Errorf("%s: warnings %+v, violations %+v", kind, warnings, violations)
		}
		if diff := cmp.Diff(record, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestWhatIsEmptyIsUnknown(t *testing.T) {
	d := newDecoder(t)
	for kind, list := range fields() {
		bare := map[string]any{}
		for _, f := range strings.Fields(list) {
			if name, star := strings.CutPrefix(f, "*"); star {
				bare[name] = whole(kind)[name]
			}
		}
		got, _, violations := d.Decode(input(kind, bare))
		if len(violations) > 0 {
			t.Errorf("%s with its required fields only: %+v", kind, violations)
		}
		switch r := got.(type) {
		case *casefile.Employment:
			if r.RegimeFrom != r.Start || r.SocialEconomy != casefile.Unknown || r.HoursPerWeek != "" {
				t.Errorf("employment: %+v", r)
			}
		case *casefile.HandoverRecord:
			if r.Exclusions != nil || r.Grounds != nil || r.SelfInsight != casefile.Unknown {
				t.Errorf("handover: %+v", r)
			}
		case *casefile.Client:
			if r.Readiness != "" || r.BirthDate != "" || r.BenefitSince != "" {
				t.Errorf("client: %+v", r)
			}
		case *casefile.Placement:
			if r.Host != "" || r.HoursPerMonth != "" || r.CommunityService != casefile.Unknown || r.InternshipPlan != casefile.Unknown {
				t.Errorf("placement: %+v", r)
			}
		case *casefile.Training:
			if r.GuidedHalfTime != casefile.Unknown || r.Regime != "" || r.FullTimeFrom != "" {
				t.Errorf("training: %+v", r)
			}
		}
	}
}

func TestHeader(t *testing.T) {
	in := input("placement", whole("placement"))
	in.Deleted = true
	got, _, _ := newDecoder(t).Decode(in)
	if got == nil || !got.IsDeleted() || got.Key() != "key" || got.ClientNumber() != "Z10200" || got.Origin().Row != 7 ||
		got.Origin().Cell("start").Column != "Kolom start" {
		t.Errorf("header of %+v", got)
	}
}

func TestHours(t *testing.T) {
	d := newDecoder(t)
	for given, want := range map[any]string{
		json.Number("38"): "38", json.Number("38.00"): "38", json.Number("19.50"): "19.5", json.Number("0.5"): "0.5",
		json.Number("40"): "40", json.Number("007.60"): "7.6", json.Number("30"): "30", 22.8: "22.8", float64(20): "20", json.Number("00.25"): "0.25",
	} {
		fields := whole("employment")
		fields["hoursPerWeek"] = given
		got, _, violations := d.Decode(input("employment", fields))
		if len(violations) > 0 {
			t.Errorf("%v: %+v", given, violations)
			continue
		}
		if hours := got.(*casefile.Employment).HoursPerWeek; hours != want {
			t.Errorf("%v became %q, want %q", given, hours, want)
		}
	}
}

// set is a whole record with some fields changed; nil takes one away.
func set(kind string, pairs ...any) map[string]any {
	record := whole(kind)
	for i := 0; i < len(pairs); i += 2 {
		record[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(record, pairs[i].(string))
		}
	}
	return record
}

func TestRules(t *testing.T) {
	long := strings.Repeat("x", 5000)
	tests := map[string]struct {
		kind   string
		fields map[string]any
		want   string // field rule, several with a comma
	}{
		"a required field is missing":     {"client", set("client", "caseworker", nil), "caseworker schema.required"},
		"a field too many":                {"placement", set("placement", "hobby", "x"), "hobby schema.unknown"},
		"a list in a field too many":      {"placement", set("placement", "Verhaegen 12", []any{json.Number("2")}), " schema.unknown"},
		"a field with a name that isn't":  {"placement", set("placement", "Verhaegen 12", "x"), " schema.unknown"},
		"a number for text":               {"client", set("client", "city", json.Number("9000")), "city schema.type"},
		"a text for yes or no":            {"placement", set("placement", "internshipPlan", "ja"), "internshipPlan schema.type"},
		"a text for a number":             {"employment", set("employment", "hoursPerWeek", "38"), "hoursPerWeek schema.type"},
		"a text for a list":               {"handover", set("handover", "grounds", "2"), "grounds schema.type"},
		"a list of numbers":               {"handover", set("handover", "grounds", []any{json.Number("2")}), "grounds schema.type"},
		"a value of no known sort":        {"client", set("client", "city", struct{}{}), "city schema.type"},
		"a required value of no sort":     {"placement", set("placement", "start", struct{}{}), "start schema.type"},
		"a code not in the list":          {"track", set("track", "kind", "IBO"), "kind schema.enum"},
		"a language that isn't":           {"client", set("client", "contactLanguage", "NL"), "contactLanguage schema.enum"},
		"a ground that isn't":             {"handover", set("handover", "grounds", []any{"2", "6"}), "grounds schema.enum"},
		"two grounds that aren't":         {"handover", set("handover", "grounds", []any{"7", "6"}), "grounds schema.enum"},
		"a ground named twice":            {"handover", set("handover", "grounds", []any{"2", "2"}), "grounds schema.doubled"},
		"too many grounds":                {"handover", set("handover", "grounds", []any{"1", "2", "3", "4", "5", "1"}), "grounds schema.doubled,grounds schema.length"},
		"no day of the calendar":          {"client", set("client", "birthDate", "1988-02-31"), "birthDate schema.date"},
		"a date of another form":          {"client", set("client", "birthDate", "31/01/1988"), "birthDate schema.date"},
		"a postal code of five digits":    {"client", set("client", "postalCode", "90000"), "postalCode schema.pattern"},
		"a name for a personnel code":     {"client", set("client", "caseworker", "An Verhaegen"), "caseworker schema.pattern"},
		"nothing but blanks":              {"client", set("client", "lastName", "  "), "lastName schema.pattern"},
		"text that is too long":           {"handover", set("handover", "note", long), "note schema.length"},
		"60 hours":                        {"employment", set("employment", "hoursPerWeek", json.Number("60")), "hoursPerWeek schema.range"},
		"40.01 hours":                     {"employment", set("employment", "hoursPerWeek", json.Number("40.01")), "hoursPerWeek schema.range"},
		"0 hours":                         {"employment", set("employment", "hoursPerWeek", json.Number("0.00")), "hoursPerWeek schema.range"},
		"hours below 0":                   {"employment", set("employment", "hoursPerWeek", json.Number("-8")), "hoursPerWeek schema.range"},
		"hours with an exponent":          {"employment", set("employment", "hoursPerWeek", json.Number("1e999999999")), "hoursPerWeek schema.range"},
		"an INSZ with a slip":             {"client", set("client", "insz", "67722499798"), "insz insz.check"},
		"an INSZ of month 13":             {"client", set("client", "insz", "85133000105"), "insz insz.month"},
		"an INSZ from a spreadsheet":      {"client", set("client", "insz", "6,77E+10"), "insz insz.digits"},
		"an INSZ that is too long":        {"client", set("client", "insz", "677224997971"), "insz insz.length"},
		"an INSZ too short to be sure":    {"client", set("client", "insz", "12345678"), "insz insz.zeros"},
		"an INSZ in an odd layout":        {"client", set("client", "insz", "6.7722499797"), "insz insz.layout"},
		"separators for an INSZ":          {"client", set("client", "insz", ".-."), "insz insz.empty"},
		"a real number in test":           {"client", set("client", "insz", "85073003328"), "insz insz.realNumber"},
		"a KBO with a slip":               {"employment", set("employment", "employerKbo", "0884303370"), "employerKbo kbo.check"},
		"a KBO of the wrong length":       {"placement", set("placement", "employerKbo", "88430"), "employerKbo kbo.length"},
		"a KBO that can't begin so":       {"placement", set("placement", "employerKbo", "2884303369"), "employerKbo kbo.prefix"},
		"a NIS code with a slip":          {"client", set("client", "nisCode", "04021"), "nisCode nis.prefix"},
		"an end before its start":         {"employment", set("employment", "end", "2025-02-28", "regimeFrom", nil), "end dates.order"},
		"a WEO that ends first":           {"track", set("track", "weoEnd", "2025-01-31"), "weoEnd dates.order"},
		"a placement that ends first":     {"placement", set("placement", "end", "2025-02-28"), "end dates.order"},
		"a training that ends first":      {"training", set("training", "end", "2025-02-28", "fullTimeFrom", nil, "internshipStart", nil, "internshipEnd", nil), "end dates.order"},
		"a handover's training":           {"handover", set("handover", "trainingEnd", "2026-03-31"), "trainingEnd dates.order"},
		"withdrawn before ready":          {"client", set("client", "readinessWithdrawnOn", "2024-12-31"), "readinessWithdrawnOn dates.order"},
		"a date in 1899":                  {"evaluation", set("evaluation", "date", "1899-12-31"), "date dates.implausible"},
		"an end in 9999":                  {"employment", set("employment", "end", "9999-12-31"), "end dates.implausible"},
		"ten years and a day ahead":       {"employment", set("employment", "end", "2036-03-17"), "end dates.implausible"},
		"born tomorrow":                   {"client", set("client", "birthDate", "2026-03-17"), "birthDate dates.implausible"},
		"a regime before the contract":    {"employment", set("employment", "regimeFrom", "2025-02-28"), "regimeFrom employment.regimeOutside"},
		"a regime after the contract":     {"employment", set("employment", "regimeFrom", "2026-03-01"), "regimeFrom employment.regimeOutside"},
		"ready, but since when":           {"client", set("client", "readySince", nil), "readySince client.readySince"},
		"ready since no day":              {"client", set("client", "readySince", "2025-02-30"), "readySince schema.date"},
		"a decision without a reason":     {"client", set("client", "decisionReason", nil), "decisionReason client.decision"},
		"a reason without a decision":     {"client", set("client", "decidedOn", nil, "decidedCategory", nil), "decidedCategory client.decision,decidedOn client.decision"},
		"a decision for what isn't in it": {"client", set("client", "decidedCategory", "02"), "decidedCategory schema.enum"},
		"everything at once":              {"employment", map[string]any{"end": "x", "hoursPerWeek": "y", "employerKbo": "1"}, "clientNumber schema.required,kind schema.required,start schema.required,end schema.date,regime schema.required,hoursPerWeek schema.type,employerKbo kbo.length"},
		"an empty record":                 {"training", map[string]any{}, "clientNumber schema.required,title schema.required,start schema.required"},
		"of no kind":                      {"pet", map[string]any{"clientNumber": "1"}, " schema.kind"},
		"an allowance that ends first":    {"employment", set("employment", "increasedAllowanceUntil", "2025-02-28"), "increasedAllowanceUntil dates.order"},
		"an internship that ends first":   {"training", set("training", "internshipEnd", "2025-04-30"), "internshipEnd dates.order"},
		"an internship before":            {"training", set("training", "internshipStart", "2025-02-28"), "internshipStart training.outside"},
		"an internship after":             {"training", set("training", "internshipEnd", "2025-06-01"), "internshipEnd training.outside"},
		"full time after the training":    {"training", set("training", "fullTimeFrom", "2025-06-01"), "fullTimeFrom training.outside"},
		"full time before the training":   {"training", set("training", "fullTimeFrom", "2025-02-28"), "fullTimeFrom training.outside"},
		"200.01 hours a month":            {"placement", set("placement", "hoursPerMonth", json.Number("200.01")), "hoursPerMonth schema.range"},
		"0 hours a month":                 {"placement", set("placement", "hoursPerMonth", json.Number("0")), "hoursPerMonth schema.range"},
		"a host that isn't":               {"placement", set("placement", "host", "bakkerij"), "host schema.enum"},
		"a level that isn't":              {"competence", set("competence", "level", "goed"), "level schema.enum"},
		"a document of no kind":           {"document", set("document", "kind", "brief"), "kind schema.enum"},
		"a document without a file":       {"document", set("document", "file", nil), "file schema.required"},
		"full time on the last day":       {"training", set("training", "fullTimeFrom", "2025-05-31"), ""},
		"a need known long before":        {"training", set("training", "needKnownOn", "2020-01-01"), ""},
		"200 hours a month":               {"placement", set("placement", "hoursPerMonth", json.Number("200")), ""},
		"an allowance of one day":         {"employment", set("employment", "increasedAllowanceUntil", "2025-03-01"), ""},
		"ten years ahead to the day":      {"employment", set("employment", "end", "2036-03-16"), ""},
		"born today":                      {"client", set("client", "birthDate", string(today)), ""},
		"an end on the day of the start":  {"placement", set("placement", "end", "2025-03-01"), ""},
		"a regime on the last day":        {"employment", set("employment", "regimeFrom", "2026-02-28"), ""},
		"not ready, and since nothing":    {"client", set("client", "readiness", "notReady", "readySince", nil, "readinessWithdrawnOn", nil), ""},
		"no decision":                     {"client", set("client", "decidedCategory", nil, "decidedOn", nil, "decisionReason", nil), ""},
		"a decision for a free seeker":    {"client", set("client", "decidedCategory", "03"), ""},
		"a decision with an empty cell":   {"client", func() map[string]any { m := whole("client"); m["decidedOn"] = nil; return m }(), "decidedOn client.decision"},
		"40 hours":                        {"employment", set("employment", "hoursPerWeek", json.Number("40")), ""},
		"a list of nothing":               {"handover", set("handover", "grounds", []any{}), ""},
		"a personnel code with an accent": {"client", set("client", "caseworker", "mé.01/a_b-2"), ""},
	}
	d := newDecoder(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			record, _, violations := d.Decode(input(tc.kind, tc.fields))
			var got []string
			for _, v := range violations {
				got = append(got, v.Field+" "+v.Rule)
				checkTexts(t, v)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ",")); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
			if (record == nil) != (len(violations) > 0) {
				t.Errorf("record %v with %d violations", record, len(violations))
			}
			checkNoValues(t, tc.fields, violations)
		})
	}
}

// A path is judged alike on every system: the export may come from another one.
func TestEveryDayIsPlausible(t *testing.T) {
	d := newDecoder(t)
	for kind := range fields() {
		for field, value := range whole(kind) {
			text, _ := value.(string)
			if _, err := casefile.ParseDate(text); err != nil || text == "" {
				continue
			}
			_, _, violations := d.Decode(input(kind, set(kind, field, "1899-12-31")))
			if !slices.ContainsFunc(violations, func(v Violation) bool { return v.Field == field && v.Rule == RuleDatesImplausible }) {
				t.Errorf("%s: %s is taken for a day of 1899", kind, field)
			}
		}
	}
}

func TestDocumentFile(t *testing.T) {
	d := newDecoder(t)
	for file, good := range map[string]bool{
		"a.pdf": true, "2026/03/verslag é.Pdf": true, "a.b.PDF": true, "..a/b..pdf": true,
		"../a.pdf": false, "a/../b.pdf": false, "a/..": false, "/etc/a.pdf": false, "./a.pdf": false, "a//b.pdf": false,
		`a\b.pdf`: false, `..\a.pdf`: false, "C:/a.pdf": false, "C:a.pdf": false, "a.pdf:stream.pdf": false, "a.docx": false,
		"a.pdf/": false, "apdf": false, ".pdf": false, "map/.pdf": false, "a\x00.pdf": false, "a\n.pdf": false, "a.pdf ": false,
	} {
		_, _, violations := d.Decode(input("document", set("document", "file", file)))
		if good != (len(violations) == 0) {
			t.Errorf("%q: %+v", file, violations)
		}
		for _, v := range violations {
			if v.Field != "file" || v.Rule != RuleDocumentFile {
				t.Errorf("%q is refused by %s of %s", file, v.Rule, v.Field)
			}
			checkTexts(t, v)
		}
	}
}

func checkTexts(t *testing.T, v Violation) {
	t.Helper()
	for what, text := range map[string]string{"reasonNL": v.ReasonNL, "reasonEN": v.ReasonEN, "hintNL": v.HintNL, "hintEN": v.HintEN} {
		if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "“”") && v.Field != "" {
			t.Errorf("%s %s: %s is %q", v.Field, v.Rule, what, text)
		}
	}
	// Where a field is missing the reason names it, and nothing else is to be expected.
	missing := v.Rule == RuleRequired || v.Rule == RuleReadySince || v.Rule == RuleDecision
	if (v.ExpectedEN == "") != (v.Expected == "" || missing) || v.ExpectedEN == v.Expected && v.Expected != "" && v.Rule != RuleEnum {
		t.Errorf("%s %s: expected is %q in Dutch and %q in English", v.Field, v.Rule, v.Expected, v.ExpectedEN)
	}
}

// checkNoValues looks for what the export said in what is said of it.
func checkNoValues(t *testing.T, fields map[string]any, violations []Violation) {
	t.Helper()
	for _, v := range violations {
		said := v.Field + v.Expected + v.ExpectedEN + v.ReasonNL + v.ReasonEN + v.HintNL + v.HintEN
		for _, value := range fields {
			text, isText := value.(string)
			if isText && len(text) > 5 && strings.Contains(said, text) && v.Rule != RuleEnum {
				t.Errorf("%s %s says a value of the export: %s", v.Field, v.Rule, said)
			}
		}
		if strings.Contains(said, "Verhaegen") {
			t.Errorf("%s says a name: %s", v.Rule, said)
		}
	}
}

func TestColumns(t *testing.T) {
	d := newDecoder(t)
	in := input("client", set("client", "caseworker", nil, "insz", "67722499798"))
	in.Prov.Columns["caseworker"] = "Maatschappelijk werker"
	_, _, violations := d.Decode(in)
	if len(violations) != 2 || violations[0].Column != "Kolom insz" || violations[1].Column != "Maatschappelijk werker" {
		t.Fatalf("violations %+v", violations)
	}
	if !strings.Contains(violations[1].HintNL, "“Maatschappelijk werker”") {
		t.Errorf("the hint doesn't name the column: %q", violations[1].HintNL)
	}
	delete(in.Prov.Columns, "caseworker")
	_, _, violations = d.Decode(in)
	if v := violations[1]; v.Column != "caseworker" || !strings.Contains(v.ReasonNL, "geen enkele kolom") {
		t.Errorf("a field without a column: %+v", v)
	}
}

func TestNumbersOfTheEnvironment(t *testing.T) {
	const real, test = "85073003328", "67722499797"
	tests := []struct {
		number      string
		allow, only bool
		want        string
	}{
		{real, false, false, ""}, {test, false, false, RuleTestNumber},
		{real, true, false, ""}, {test, true, false, ""},
		{real, true, true, RuleRealNumber}, {test, true, true, ""},
	}
	d := newDecoder(t)
	for _, tc := range tests {
		in := input("client", set("client", "insz", tc.number))
		in.AllowTestNumbers, in.OnlyTestNumbers = tc.allow, tc.only
		_, _, violations := d.Decode(in)
		got := ""
		for _, v := range violations {
			got += v.Rule
		}
		if got != tc.want {
			t.Errorf("allow %v, only %v: %q, want %q", tc.allow, tc.only, got, tc.want)
		}
	}
}

// No identity document has the number of a municipality or an enterprise.
func TestWhereANumberIsLookedUp(t *testing.T) {
	for _, tc := range []struct{ kind, field, value, where string }{
		{"client", "insz", "67722499798", "identiteitsdocument"},
		{"client", "nisCode", "9990", "NIS-code van de gemeente"},
		{"employment", "employerKbo", "0212214918", "Kruispuntbank"},
	} {
		_, _, violations := newDecoder(t).Decode(input(tc.kind, set(tc.kind, tc.field, tc.value)))
		if len(violations) != 1 || !strings.Contains(violations[0].HintNL, tc.where) {
			t.Errorf("%s: %+v", tc.field, violations)
		}
	}
}

func TestWarnings(t *testing.T) {
	tests := map[string]struct {
		kind   string
		fields map[string]any
		want   string
	}{
		"zeros put back":           {"client", set("client", "insz", "683042157"), "insz insz.restoredZeros"},
		"an INSZ of day 35":        {"client", set("client", "insz", "85073500107"), "insz insz.doubtful"},
		"29 February 1981":         {"client", set("client", "insz", "81022903534"), "insz insz.doubtful"},
		"counter 000":              {"client", set("client", "insz", "47060200096"), "insz insz.doubtful"},
		"a KBO without its zero":   {"employment", set("employment", "employerKbo", "212214917"), "employerKbo kbo.restoredZero"},
		"a KBO as people write it": {"employment", set("employment", "employerKbo", "BE 0212.214.917"), ""},
	}
	d := newDecoder(t)
	for name, tc := range tests {
		in := input(tc.kind, tc.fields)
		in.OnlyTestNumbers = false
		record, warnings, violations := d.Decode(in)
		var got []string
		for _, w := range warnings {
			got = append(got, w.Field+" "+w.Rule)
			checkTexts(t, w)
			if w.Column != "Kolom "+w.Field {
				t.Errorf("%s: column %q", name, w.Column)
			}
		}
		if record == nil || len(violations) > 0 || strings.Join(got, ",") != tc.want {
			t.Errorf("%s: warnings %q, violations %+v", name, got, violations)
		}
		checkNoValues(t, tc.fields, warnings)
	}
}

func TestDecodeWritesInNothing(t *testing.T) {
	fields := set("employment", "hoursPerWeek", 19.5, "hobby", "x")
	before := maps.Clone(fields)
	newDecoder(t).Decode(input("employment", fields))
	if diff := cmp.Diff(before, fields); diff != "" {
		t.Errorf("Decode changed its input:\n%s", diff)
	}
}

// FuzzDecode: any row gives a record or violations, never a panic, and never says
// what stood in it.
func FuzzDecode(f *testing.F) {
	for kind := range fields() {
		encoded, err := json.Marshal(whole(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, string(encoded))
	}
	f.Add("client", `{"insz":"６７７２","birthDate":"0000-00-00","caseworker":"\u0000","hoursPerWeek":1e400,"grounds":[[]]}`)
	d := newDecoder(f)
	f.Fuzz(func(t *testing.T, kind, row string) {
		dec := json.NewDecoder(strings.NewReader(row))
		dec.UseNumber()
		var fields map[string]any
		if dec.Decode(&fields) != nil {
			return
		}
		record, _, violations := d.Decode(input(kind, fields))
		if (record == nil) != (len(violations) > 0) {
			t.Fatalf("record %v with %d violations", record == nil, len(violations))
		}
		for _, v := range violations {
			checkTexts(t, v)
		}
		if record == nil {
			return
		}
		stored, err := casefile.MarshalRecord(record)
		if err != nil {
			t.Fatalf("a decoded record can't be stored: %v", err)
		}
		if _, err := casefile.UnmarshalRecord(record.Kind(), stored); err != nil {
			t.Fatalf("a stored record can't be read: %v", err)
		}
	})
}

func BenchmarkDecodeClient(b *testing.B) {
	d := newDecoder(b)
	in := input("client", whole("client"))
	for b.Loop() {
		d.Decode(in)
	}
}
