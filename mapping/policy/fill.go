package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/strictyaml"
)

// filler turns the maps of a script into records and registrations, and keeps what is
// wrong with them.
type filler struct {
	lines  map[string]int
	issues []strictyaml.Issue
}

func (f *filler) wrong(path, text, suggestion string) {
	f.issues = append(f.issues, strictyaml.Issue{Line: f.lineOf(path), Path: path, Text: text, Suggestion: suggestion})
}

// lineOf is the line of a key, else of the nearest one around it.
func (f *filler) lineOf(path string) int {
	for path != "" {
		if line := f.lines[path]; line > 0 {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// item refuses an item of a list that is empty: a dash with nothing behind it is no record.
func (f *filler) item(fields map[string]any, path string) {
	if fields == nil {
		f.wrong(path, "nothing stands here", "")
	}
}

// fill sets the fields of a struct by the names that the export's schema has for them.
// Keys in but are the caller's own.
func (f *filler) fill(v reflect.Value, fields map[string]any, path string, but ...string) {
	known := fieldsOf(v)
	for _, name := range sortedKeys(fields) {
		if slices.Contains(but, name) {
			continue
		}
		below := path + "." + name
		target, ok := known[name]
		if !ok {
			f.wrong(below, "unknown field", strictyaml.Nearest(name, append(sortedKeys(known), but...)))
			continue
		}
		f.set(target, fields[name], below)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// fieldsOf are the fields of a struct by their names in a policy case.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case field.Type == reflect.TypeFor[casefile.Header]():
			out["missing"], out["deleted"] = v.Field(i).FieldByName("Missing"), v.Field(i).FieldByName("Deleted")
		case field.Type == reflect.TypeFor[map[casefile.Exclusion]casefile.Tri]():
			for _, q := range exclusions() {
				out["excl"+strings.ToUpper(string(q[:1]))+string(q[1:])] = v.Field(i)
			}
		case field.Type == reflect.TypeFor[[]casefile.ExclusionAnswer](), strings.HasSuffix(field.Name, "ID"), strings.HasPrefix(field.Name, "OCMW"):
			// what only mlpsync itself writes
		default:
			out[nameOf(v.Type(), field.Name)] = v.Field(i)
		}
	}
	return out
}

func exclusions() []casefile.Exclusion {
	return []casefile.Exclusion{casefile.ExclNonLabourProblems, casefile.ExclSocialEconomyHighest, casefile.ExclNeedsTraining,
		casefile.ExclNeedsLanguageTraining, casefile.ExclOtherTrack, casefile.ExclHealthInsuranceAppeal}
}

// nameOf is the name of a field as schemas/ocmw has it.
func nameOf(owner reflect.Type, field string) string {
	for _, short := range []string{"INSZ", "WEO", "SHA"} {
		if rest, ok := strings.CutPrefix(field, short); ok {
			return strings.ToLower(short) + rest
		}
	}
	switch field {
	case "Track", "Employment", "Placement", "Evaluation", "Handover", "Document":
		return "kind"
	case "Note":
		if owner == reflect.TypeFor[casefile.Note]() {
			return "kind"
		}
	case "NIS":
		return "nisCode"
	case "EmployerKBO":
		return "employerKbo"
	}
	return strings.ToLower(field[:1]) + field[1:]
}

func (f *filler) set(target reflect.Value, value any, path string) {
	text := fmt.Sprint(value)
	if value == nil {
		text = ""
	}
	switch t := target.Addr().Interface().(type) {
	case *bool, *int64:
		if reflect.ValueOf(value).IsValid() && reflect.TypeOf(value).ConvertibleTo(target.Type()) {
			target.Set(reflect.ValueOf(value).Convert(target.Type()))
			return
		}
		f.wrong(path, "the value is not right", "")
	case *casefile.Tri:
		*t = f.tri(value, path)
	case *map[casefile.Exclusion]casefile.Tri:
		code := strings.TrimPrefix(path[strings.LastIndex(path, ".")+1:], "excl")
		(*t)[casefile.Exclusion(strings.ToLower(code[:1])+code[1:])] = f.tri(value, path)
	case *[]string:
		*t = texts(value, text)
	case *casefile.Code:
		*t = f.code(text, path)
	case *[]casefile.RegimePeriod:
		*t = f.regimes(value, path)
	case *casefile.Date:
		*t = f.date(text, path)
	case *ident.INSZ:
		*t = f.insz(text, path)
	case *ident.KBO:
		*t = ident.KBO(text)
	default:
		if target.Kind() != reflect.String {
			f.wrong(path, "this field can't be given", "")
			return
		}
		f.oneOf(target.Type(), text, path)
		target.SetString(text)
	}
}

// texts reads a list, written as one or as words with spaces between.
func texts(value any, text string) []string {
	list, ok := value.([]any)
	if !ok {
		return strings.Fields(text)
	}
	var out []string
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// code catches a category whose zero YAML took for a number's: 05 is 5 without quotes.
func (f *filler) code(text, path string) casefile.Code {
	if len(text) != 2 && text != "" {
		f.wrong(path, "expected a category of two digits, in quotes", "")
	}
	return casefile.Code(text)
}

func (f *filler) tri(value any, path string) casefile.Tri {
	switch value {
	case true, "yes", "ja":
		return casefile.Yes
	case false, "no", "nee":
		return casefile.No
	case nil, "":
		return casefile.Unknown
	}
	f.wrong(path, "expected true or false", "")
	return casefile.Unknown
}

func (f *filler) date(text, path string) casefile.Date {
	d, err := casefile.ParseDate(text)
	if err != nil {
		f.wrong(path, "expected a day such as 2026-03-16", "")
	}
	return d
}

// insz takes numbers of test persons only: a policy case is no place for a real one.
func (f *filler) insz(text, path string) ident.INSZ {
	reading, err := ident.ParseINSZ(text)
	if err != nil || !reading.INSZ.IsTest() {
		f.wrong(path, "expected the number of a test person (TST), in quotes", "")
	}
	return reading.INSZ
}

func (f *filler) regimes(value any, path string) []casefile.RegimePeriod {
	list, _ := value.([]any)
	var out []casefile.RegimePeriod
	for i, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			f.wrong(path, "expected periods such as {from: 2026-03-16, regime: fullTime}", "")
			return nil
		}
		var p casefile.RegimePeriod
		f.fill(reflect.ValueOf(&p).Elem(), fields, fmt.Sprintf("%s[%d]", path, i))
		out = append(out, p)
	}
	return out
}

// oneOf checks the values of a type that has a closed list of them.
func (f *filler) oneOf(t reflect.Type, text, path string) {
	if allowed := values(t); len(allowed) > 0 {
		f.oneOfList(allowed, text, path)
	}
}

func values(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[casefile.Readiness]():
		return listed(casefile.Ready, casefile.NotReady)
	case reflect.TypeFor[casefile.Benefit]():
		return listed(casefile.BenefitNone, casefile.BenefitFull, casefile.BenefitPartTime)
	case reflect.TypeFor[casefile.BenefitDecision]():
		return listed(casefile.DecisionPending, casefile.DecisionEntitled, casefile.DecisionNotEntitled)
	case reflect.TypeFor[casefile.Leefloon]():
		return listed(casefile.LeefloonNone, casefile.LeefloonFull, casefile.LeefloonSupplementary)
	case reflect.TypeFor[casefile.TrackKind]():
		return listed(casefile.TrackTWE, casefile.TrackGLOW)
	case reflect.TypeFor[casefile.EndReason]():
		return listed(casefile.EndJob, casefile.EndTraining, casefile.EndNoJob, casefile.EndOther)
	case reflect.TypeFor[casefile.EmploymentKind]():
		return listed(casefile.Art60Job, casefile.RegularJob)
	case reflect.TypeFor[casefile.Regime]():
		return listed(casefile.FullTime, casefile.PartTime)
	case reflect.TypeFor[casefile.HostKind]():
		return listed(casefile.HostLocalAuthority, casefile.HostNonProfit, casefile.HostSchool, casefile.HostCompany)
	}
	return mlpValues(t)
}

func mlpValues(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[casefile.Party]():
		return listed(casefile.PartyOCMW, casefile.PartyVDAB, casefile.PartyClient, casefile.PartyPartner, casefile.PartyOther, casefile.PartyNone)
	case reflect.TypeFor[casefile.HandoverKind]():
		return listed(casefile.HandoverGLOW, casefile.HandoverWarmTraining, casefile.HandoverWarmOther)
	case reflect.TypeFor[casefile.HandoverStatus]():
		return listed(casefile.HandoverDraft, casefile.HandoverSent, casefile.HandoverReceived, casefile.HandoverNeedsInformation,
			casefile.HandoverAccepted, casefile.HandoverAssigned, casefile.HandoverRejected, casefile.HandoverClosed)
	case reflect.TypeFor[casefile.HandoverReason]():
		return listed(casefile.ReasonNotTargetGroup, casefile.ReasonOtherTrack, casefile.ReasonClientDeclined, casefile.ReasonClientUnreachable,
			casefile.ReasonIncomplete, casefile.ReasonTrackEnded, casefile.ReasonOther)
	case reflect.TypeFor[casefile.DocumentKind]():
		return listed(casefile.DocDevelopmentPlan, casefile.DocInternshipPlan, casefile.DocInterimReport, casefile.DocFinalReport)
	case reflect.TypeFor[casefile.NoteKind]():
		return listed(casefile.NoteTraining, casefile.NoteFinalAdvice)
	case reflect.TypeFor[casefile.FileProblem]():
		return listed(casefile.FileMissing, casefile.FileTooLarge, casefile.FileNotPDF, casefile.FileOutside, casefile.FileUnread,
			casefile.FilesNowhere, casefile.FilesUnlooked)
	}
	return nil
}

func listed[T ~string](all ...T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

func (f *filler) oneOfList(allowed []string, text, path string) {
	if text != "" && !slices.Contains(allowed, text) {
		f.wrong(path, "expected one of "+strings.Join(allowed, ", "), strictyaml.Nearest(text, allowed))
	}
}
