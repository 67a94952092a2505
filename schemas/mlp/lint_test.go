package mlp

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule is one of the Belgif REST guide (https://www.belgif.be/specification/rest/api-guide/) that the document follows, by the guide's own tag.
type rule struct {
	tag   string
	check func(doc, *faults)
	// breaks makes a fault that the check must find.
	breaks func(doc)
}

// rules are those that can be checked in the document. Not followed on purpose: oas-rdonly (a readOnly property is never required: here one schema serves
// requests and answers, as OpenAPI 3.0 lets it), gen-header (the trace header is described, as clients must send it), trc-header's demand that the answer has a
// trace id of its own (the request's comes back), id-name (ids carry their resource's name, so that one registration can refer to another), col-repres's href
// of each item (a dossier's registrations come whole), col-paging's links (the feed has a cursor that outlives a page), dec-type (hours are no money).
func rules() []rule {
	return slices.Concat(documentRules(), pathRules(), operationRules(), problemRules(), schemaRules())
}

func documentRules() []rule {
	return []rule{
		{"oas-contra", checkVersion, func(d doc) { d["openapi"] = "3.1.0" }},
		{"oas-tags", checkTags, func(d doc) { d.op("getHealth")["tags"] = []any{"elsewhere"} }},
		{"oas-comp", checkComponents, func(d doc) { d.schemas()["dossier_x"] = map[string]any{} }},
		{"oas-types", checkSchemaNames, func(d doc) { d.schemas()["DossierInfo"] = map[string]any{} }},
		{"oas-exampl", checkExamples, func(d doc) { delete(d.schema("Weo"), "example") }},
		{"sec-req", checkSecurity, func(d doc) { d["security"] = []any{map[string]any{"oauth2": []any{"mlp:everything"}}} }},
		{"doc-refdata", checkRefData, func(d doc) {
			d.paths()["/categories"] = map[string]any{"get": map[string]any{"operationId": "listCategories"}}
		}},
		{"hlth-res", checkHealth, func(d doc) { delete(obj(d.op("getHealth")["responses"]), "503") }},
	}
}

func pathRules() []rule {
	return []rule{
		{"uri-notat", checkPathNotation, func(d doc) { d.paths()["/Dossier-List/"] = map[string]any{} }},
		{"uri-extens", checkNoExtensions, func(d doc) { d.paths()["/dossiers.json"] = map[string]any{} }},
		{"col-name", checkPlural, func(d doc) { d.paths()["/dossier/{dossierId}"] = map[string]any{} }},
		{"path-param", checkPathParameters, func(d doc) { d.parameter("WeoId")["name"] = "WEO_ID" }},
		{"sens-dat", checkNothingSensitive, func(d doc) { d.parameter("DossierId")["name"] = "ssin" }},
	}
}

func operationRules() []rule {
	return []rule{
		{"openapi-opid", checkOperationIDs, func(d doc) { d.op("getWeo")["operationId"] = "getDossier" }},
		{"oas-descr", checkSummaries, func(d doc) { delete(d.op("getWeo"), "summary") }},
		{"opbody-req", checkBodiesRequired, func(d doc) { delete(obj(d.op("putWeo")["requestBody"]), "required") }},
		{"meth-http", checkMethods, func(d doc) { d.op("getWeo")["requestBody"] = map[string]any{} }},
		{"stat-codes", checkStatuses, func(d doc) { obj(d.op("getWeo")["responses"])["409"] = map[string]any{} }},
		{"evo-object", checkTopLevelObjects, func(d doc) { d.schema("Weo")["type"] = "array" }},
		{"col-repres", checkCollections, func(d doc) { delete(obj(d.schema("Partners")["properties"]), "items") }},
		{"trc-header", checkTraceHeader, func(d doc) { delete(obj(obj(d.op("listChanges")["responses"])["200"]), "headers") }},
	}
}

func problemRules() []rule {
	return []rule{
		{"err-problem", checkProblemMediaType, func(d doc) {
			obj(obj(obj(d["components"])["responses"])["NotFound"])["content"] = map[string]any{"application/json": nil}
		}},
		{"prb-type", checkProblemTypes, func(d doc) { d["x-problemTypes"] = []any{map[string]any{"type": "urn:problem-type:mlpsync:Bad Thing"}} }},
		{"prb-defaul", checkDefaultProblem, func(d doc) { delete(obj(d.op("getWeo")["responses"]), "default") }},
	}
}

func schemaRules() []rule {
	return []rule{
		{"jsn-naming", checkPropertyNames, func(d doc) { obj(d.schema("Weo")["properties"])["start_date"] = map[string]any{} }},
		{"jsn-null", checkNulls, func(d doc) { obj(obj(d.schema("Weo")["properties"])["endDate"])["nullable"] = true }},
		{"prop-req", checkRequired, func(d doc) { d.schema("Weo")["required"] = []any{"beginDate"} }},
		{"addi-prop", checkAdditionalProperties, func(d doc) { d.schema("Weo")["additionalProperties"] = false }},
		{"oas-enum", checkEnums, func(d doc) { obj(obj(d.schema("Weo")["properties"])["endReason"])["enum"] = []any{1.0} }},
		{"cod-design", checkCodes, func(d doc) { obj(obj(d.schema("Weo")["properties"])["endReason"])["enum"] = []any{"NO_JOB"} }},
		{"id-numer", checkNumericalIDs, func(d doc) { d.schema("Ssin")["type"] = "integer" }},
	}
}

func TestBelgifGuide(t *testing.T) {
	for _, r := range rules() {
		t.Run(r.tag, func(t *testing.T) {
			var found, missed faults
			r.check(readDocument(t), &found)
			for _, fault := range found {
				t.Error(fault)
			}
			broken := readDocument(t)
			r.breaks(broken)
			if r.check(broken, &missed); len(missed) == 0 {
				t.Error("the check finds nothing in a document that breaks the rule")
			}
		})
	}
}

// doc is a copy of the document as it was decoded.
type doc map[string]any

func readDocument(t *testing.T) doc {
	t.Helper()
	text, err := json.Marshal(mustLoad(t).raw)
	if err != nil {
		t.Fatal(err)
	}
	var d doc
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d doc) components(kind string) map[string]any { return obj(obj(d["components"])[kind]) }
func (d doc) schemas() map[string]any               { return d.components("schemas") }
func (d doc) schema(name string) map[string]any     { return obj(d.schemas()[name]) }
func (d doc) parameter(name string) map[string]any  { return obj(d.components("parameters")[name]) }
func (d doc) paths() map[string]any                 { return obj(d["paths"]) }

// deref follows references.
func (d doc) deref(node map[string]any) map[string]any {
	for str(node["$ref"]) != "" {
		cur := map[string]any(d)
		for _, key := range strings.Split(strings.TrimPrefix(str(node["$ref"]), "#/"), "/") {
			cur = obj(cur[key])
		}
		node = cur
	}
	return node
}

type operation struct {
	id, path, method string
	node             map[string]any
	parameters       []any
}

func (o operation) String() string { return o.id }

func (d doc) operations() []operation {
	var ops []operation
	for _, path := range slices.Sorted(maps.Keys(d.paths())) {
		item := obj(d.paths()[path])
		shared, _ := item["parameters"].([]any)
		for _, method := range []string{"get", "put", "post", "patch", "delete"} {
			if node := obj(item[method]); node != nil {
				own, _ := node["parameters"].([]any)
				ops = append(ops, operation{str(node["operationId"]), path, method, node, slices.Concat(shared, own)})
			}
		}
	}
	return ops
}

func (d doc) op(id string) map[string]any {
	for _, o := range d.operations() {
		if o.id == id {
			return o.node
		}
	}
	return nil
}

// answers calls visit for each response of each operation, references followed.
func (d doc) answers(visit func(o operation, status string, response map[string]any)) {
	for _, o := range d.operations() {
		responses := obj(o.node["responses"])
		for _, status := range slices.Sorted(maps.Keys(responses)) {
			visit(o, status, d.deref(obj(responses[status])))
		}
	}
}

// eachSchema calls visit for each schema of the components and those inside it, with where it stands.
func (d doc) eachSchema(visit func(at string, s map[string]any)) {
	var walk func(at string, s map[string]any)
	walk = func(at string, s map[string]any) {
		visit(at, s)
		properties := obj(s["properties"])
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			walk(at+"."+name, obj(properties[name]))
		}
		if items := obj(s["items"]); items != nil {
			walk(at+"[]", items)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.schemas())) {
		walk(name, d.schema(name))
	}
}

// faults collects what a check finds.
type faults []string

func (f *faults) unless(fine bool, format string, args ...any) {
	if !fine {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

func lowerCamel(s string) bool { return regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`).MatchString(s) }
func upperCamel(s string) bool { return regexp.MustCompile(`^([A-Z][a-z0-9]+)+$`).MatchString(s) }

// oauth marks what RFC 6749 names, in its own way.
func oauth(at string) bool {
	return at == "/oauth2/token" || strings.HasPrefix(at, "Token")
}

func checkVersion(d doc, f *faults) {
	f.unless(str(d["openapi"]) == "3.0.3", "openapi is %v, not 3.0.3", d["openapi"])
}

func checkTags(d doc, f *faults) {
	declared := map[string]bool{}
	list, _ := d["tags"].([]any)
	for _, v := range list {
		name := str(obj(v)["name"])
		declared[name] = true
		f.unless(regexp.MustCompile(`^[A-Z][a-z]*( [A-Za-z]+)*$`).MatchString(name), "tag %q is not styled as a title", name)
	}
	for _, o := range d.operations() {
		tags, _ := o.node["tags"].([]any)
		f.unless(len(tags) == 1 && declared[str(tags[0])], "%s: tags %v: one, and a declared one", o, tags)
	}
}

func checkComponents(d doc, f *faults) {
	for _, kind := range []string{"schemas", "parameters", "responses", "headers"} {
		for _, name := range slices.Sorted(maps.Keys(d.components(kind))) {
			header := kind == "headers" && regexp.MustCompile(`^[A-Z][A-Za-z]*$`).MatchString(name) // HTTP's own names, such as ETag
			f.unless(upperCamel(name) || header, "components/%s/%s is not UpperCamelCase", kind, name)
		}
	}
	d.eachSchema(func(at string, s map[string]any) {
		if ref := str(s["$ref"]); ref != "" {
			f.unless(strings.HasPrefix(ref, "#/components/schemas/"), "%s refers to %s, which is no schema", at, ref)
		}
	})
}

func checkSchemaNames(d doc, f *faults) {
	for _, name := range slices.Sorted(maps.Keys(d.schemas())) {
		f.unless(!regexp.MustCompile(`(Info|Information|Data|Enumeration)$`).MatchString(name), "schema name %s says nothing", name)
	}
}

// checkExamples wants an example in what travels as a body, or in each thing that it is made of; that they validate is TestExamples'.
func checkExamples(d doc, f *faults) {
	bodies := func(at string, content map[string]any) {
		for mediaType, v := range content {
			s := d.deref(obj(obj(v)["schema"]))
			f.unless(mediaType == "text/html" || s["example"] != nil, "%s: the body's schema has no example", at)
		}
	}
	for _, o := range d.operations() {
		bodies(o.id, obj(obj(o.node["requestBody"])["content"]))
	}
	d.answers(func(o operation, status string, r map[string]any) { bodies(o.id+" "+status, obj(r["content"])) })
}

func checkSecurity(d doc, f *faults) {
	schemes := d.components("securitySchemes")
	check := func(at string, list any) {
		requirements, _ := list.([]any)
		for _, r := range requirements {
			for name, scopes := range obj(r) {
				known := obj(obj(obj(obj(schemes[name])["flows"])["clientCredentials"])["scopes"])
				f.unless(schemes[name] != nil, "%s: security scheme %s is not defined", at, name)
				asked, _ := scopes.([]any)
				for _, s := range asked {
					f.unless(known[str(s)] != nil, "%s: scope %v is not defined", at, s)
				}
			}
		}
	}
	check("security", d["security"])
	for _, o := range d.operations() {
		check(o.id, o.node["security"])
	}
}

func checkRefData(d doc, f *faults) {
	for _, o := range d.operations() {
		isList := strings.HasPrefix(o.id, "list") && o.id != "listChanges"
		f.unless(isList == (strings.HasPrefix(o.path, "/refData/") && !strings.HasSuffix(o.path, "}")), "%s: code lists stand under /refData, and nothing else does", o)
	}
}

func checkHealth(d doc, f *faults) {
	responses := obj(d.op("getHealth")["responses"])
	for _, status := range []string{"200", "503"} {
		f.unless(responses[status] != nil, "GET /health has no %s", status)
	}
	f.unless(obj(d.paths()["/health"])["get"] != nil, "there is no GET /health")
}

func checkPathNotation(d doc, f *faults) {
	for _, path := range slices.Sorted(maps.Keys(d.paths())) {
		for _, segment := range strings.Split(path, "/")[1:] {
			_, isParam := pathParam(segment)
			f.unless(isParam || lowerCamel(segment) || oauth(path), "path %s: %q is not lowerCamelCase", path, segment)
		}
	}
	for _, o := range d.operations() {
		for _, v := range o.parameters {
			p := d.deref(obj(v))
			f.unless(p["in"] != "query" || lowerCamel(str(p["name"])), "%s: query parameter %v is not lowerCamelCase", o, p["name"])
		}
	}
}

func checkNoExtensions(d doc, f *faults) {
	for _, path := range slices.Sorted(maps.Keys(d.paths())) {
		f.unless(!strings.Contains(path, "."), "path %s has an extension", path)
	}
}

// checkPlural: what stands before an id is a collection.
func checkPlural(d doc, f *faults) {
	for _, path := range slices.Sorted(maps.Keys(d.paths())) {
		segments := strings.Split(path, "/")
		for i, s := range segments[1:] {
			if _, isParam := pathParam(s); isParam {
				f.unless(strings.HasSuffix(segments[i], "s"), "path %s: %q is not a plural", path, segments[i])
			}
		}
	}
}

func checkPathParameters(d doc, f *faults) {
	for _, o := range d.operations() {
		described := map[string]bool{}
		for _, v := range o.parameters {
			p := d.deref(obj(v))
			if p["in"] == "path" {
				described[str(p["name"])] = true
				f.unless(lowerCamel(str(p["name"])) && p["required"] == true, "%s: path parameter %v", o, p["name"])
			}
		}
		for _, s := range strings.Split(o.path, "/") {
			name, isParam := pathParam(s)
			f.unless(!isParam || described[name], "%s: path parameter %s is not described", o, name)
		}
	}
}

// checkNothingSensitive: numbers, names and other data of a person never stand where a log would keep them.
func checkNothingSensitive(d doc, f *faults) {
	sensitive := regexp.MustCompile(`(?i)ssin|insz|name$|birth|address|person`)
	for _, o := range d.operations() {
		for _, v := range o.parameters {
			p := d.deref(obj(v))
			f.unless(!sensitive.MatchString(str(p["name"])), "%s: personal data in %v parameter %v", o, p["in"], p["name"])
		}
	}
}

func checkOperationIDs(d doc, f *faults) {
	seen := map[string]bool{}
	for _, o := range d.operations() {
		f.unless(lowerCamel(o.id) && !seen[o.id], "%s %s: operationId %q", o.method, o.path, o.id)
		seen[o.id] = true
	}
}

func checkSummaries(d doc, f *faults) {
	for _, o := range d.operations() {
		f.unless(str(o.node["summary"]) != "", "%s has no summary", o)
	}
	d.eachSchema(func(at string, s map[string]any) {
		f.unless(s["title"] == nil, "%s has a title, which hides its name", at)
	})
}

func checkBodiesRequired(d doc, f *faults) {
	for _, o := range d.operations() {
		if body := obj(o.node["requestBody"]); body != nil {
			f.unless(body["required"] == true, "%s: the body is not said to be required", o)
		}
	}
}

// checkMethods: GET and DELETE have no body; PUT and PATCH are of one document, POST is of a collection or an action.
func checkMethods(d doc, f *faults) {
	for _, o := range d.operations() {
		hasBody := o.node["requestBody"] != nil
		ofOne := strings.HasSuffix(o.path, "}")
		switch o.method {
		case "get", "delete":
			f.unless(!hasBody, "%s has a body", o)
		case "put", "patch":
			f.unless(hasBody && ofOne, "%s is not of one document, or has no body", o)
		case "post":
			f.unless(hasBody && !ofOne, "%s is of one document, or has no body", o)
		}
	}
}

// checkStatuses holds the combinations that the guide's table excludes.
func checkStatuses(d doc, f *faults) {
	excluded := map[string][]string{"get": {"201", "202", "204", "409", "412", "413"}, "put": {"202", "304"}, "post": {"304"}, "patch": {"201", "202", "304"}}
	d.answers(func(o operation, status string, _ map[string]any) {
		f.unless(!slices.Contains(excluded[o.method], status), "%s answers %s to a %s", o, status, o.method)
	})
}

func checkTopLevelObjects(d doc, f *faults) {
	check := func(at string, content map[string]any) {
		for mediaType, v := range content {
			if mediaType == "text/html" {
				continue
			}
			s := d.deref(obj(obj(v)["schema"]))
			f.unless(str(s["type"]) == "object", "%s: the body is %v at the top", at, s["type"])
		}
	}
	for _, o := range d.operations() {
		check(o.id, obj(obj(o.node["requestBody"])["content"]))
	}
	d.answers(func(o operation, status string, r map[string]any) { check(o.id+" "+status, obj(r["content"])) })
}

func checkCollections(d doc, f *faults) {
	d.answers(func(o operation, status string, r map[string]any) {
		if !strings.HasPrefix(o.id, "list") || status != "200" {
			return
		}
		s := d.deref(obj(obj(obj(r["content"])["application/json"])["schema"]))
		items := obj(obj(s["properties"])["items"])
		required, _ := s["required"].([]any)
		f.unless(str(items["type"]) == "array" && slices.Contains(required, any("items")), "%s has no items", o)
		f.unless(str(d.deref(obj(items["items"]))["type"]) == "object", "%s: its items are no objects", o)
	})
}

func checkTraceHeader(d doc, f *faults) {
	for _, o := range d.operations() {
		taken := slices.ContainsFunc(o.parameters, func(v any) bool { return str(d.deref(obj(v))["name"]) == "BelGov-Trace-Id" })
		f.unless(taken, "%s takes no BelGov-Trace-Id", o)
	}
	d.answers(func(o operation, status string, r map[string]any) {
		f.unless(obj(r["headers"])["BelGov-Trace-Id"] != nil, "%s %s gives no BelGov-Trace-Id", o, status)
	})
}

func checkProblemMediaType(d doc, f *faults) {
	d.answers(func(o operation, status string, r map[string]any) {
		// The token endpoint's errors are RFC 6749's, and a health check that fails is no problem.
		own := oauth(o.path) || o.id == "getHealth"
		if status < "400" || own && status != "default" {
			return
		}
		content := obj(r["content"])
		s := d.deref(obj(obj(content["application/problem+json"])["schema"]))
		f.unless(len(content) == 1 && obj(s["properties"])["type"] != nil, "%s %s is no problem", o, status)
	})
}

func checkProblemTypes(d doc, f *faults) {
	urn := regexp.MustCompile(`^urn:problem-type:[a-z]+(:[a-zA-Z-]+)?:[a-z][A-Za-z]*$`)
	list, _ := d["x-problemTypes"].([]any)
	f.unless(len(list) > 0, "no problem types are listed")
	for _, v := range list {
		t := obj(v)
		f.unless(urn.MatchString(str(t["type"])) && str(t["title"]) != "", "problem type %v", t["type"])
		operations, _ := t["operations"].([]any)
		for _, id := range operations {
			f.unless(d.op(str(id)) != nil, "%v names operation %v, which is not there", t["type"], id)
		}
	}
}

func checkDefaultProblem(d doc, f *faults) {
	for _, o := range d.operations() {
		f.unless(str(obj(obj(o.node["responses"])["default"])["$ref"]) == "#/components/responses/Problem", "%s has no default problem", o)
	}
}

func checkPropertyNames(d doc, f *faults) {
	d.eachSchema(func(at string, s map[string]any) {
		for _, name := range slices.Sorted(maps.Keys(obj(s["properties"]))) {
			f.unless(lowerCamel(name) || oauth(at), "%s.%s is not lowerCamelCase", at, name)
		}
	})
}

// checkNulls: null stands in a merge-patch alone.
func checkNulls(d doc, f *faults) {
	d.eachSchema(func(at string, s map[string]any) {
		f.unless(s["nullable"] == nil || strings.HasPrefix(at, "DossierPatch."), "%s may be null", at)
	})
}

func checkRequired(d doc, f *faults) {
	d.eachSchema(func(at string, s map[string]any) {
		list, _ := s["required"].([]any)
		for _, name := range list {
			f.unless(obj(s["properties"])[str(name)] != nil, "%s requires %v, which it doesn't declare", at, name)
		}
	})
}

// checkAdditionalProperties: RFC 6749 wants unknown parameters of a token request ignored.
func checkAdditionalProperties(d doc, f *faults) {
	d.eachSchema(func(at string, s map[string]any) {
		f.unless(s["additionalProperties"] == nil || at == "TokenRequest", "%s restricts or opens its properties", at)
	})
}

func checkEnums(d doc, f *faults) {
	d.eachSchema(func(at string, s map[string]any) {
		values, _ := s["enum"].([]any)
		for _, v := range values {
			_, isText := v.(string)
			f.unless(str(s["type"]) == "string" && isText, "%s: %v is no %v", at, v, s["type"])
		}
	})
}

// checkCodes: new codes are in lowerCamelCase; others are what the sources, the guide (health) and standards call them.
func checkCodes(d doc, f *faults) {
	existing := []string{"BVS", "WES", "IBO", "ART60", "GLOW", "WARM_TRAINING", "WARM_OTHER", "UP", "DEGRADED", "DOWN", "application/pdf"}
	d.eachSchema(func(at string, s map[string]any) {
		values, _ := s["enum"].([]any)
		for _, v := range values {
			f.unless(lowerCamel(str(v)) || oauth(at) || slices.Contains(existing, str(v)), "%s: code %v is not in lowerCamelCase", at, v)
		}
	})
}

// checkNumericalIDs: numbers with leading zeros are text, with a pattern.
func checkNumericalIDs(d doc, f *faults) {
	for _, name := range []string{"Ssin", "KboNumber", "NisCode", "CategoryCode"} {
		s := d.schema(name)
		f.unless(str(s["type"]) == "string" && str(s["pattern"]) != "", "%s is not text with a pattern", name)
	}
}
