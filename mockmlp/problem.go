package mockmlp

import (
	"net/http"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

const (
	belgif    = "urn:problem-type:belgif:"
	own       = "urn:problem-type:mlpsync:"
	inputBase = "urn:problem-type:belgif:input-validation:"
	cbssBase  = "urn:problem-type:cbss:input-validation:"
)

// problemType is a row of the reference data; a status of 0 marks the type of an issue.
type problemType struct {
	name, urn, title, description string
	status                        int
}

func problemTypes() []problemType {
	return []problemType{
		{"badRequest", belgif + "badRequest", "Bad Request", "The request is not valid; its issues say why.", 400},
		{"noAccessToken", belgif + "noAccessToken", "No Access Token", "No Bearer access token found in the Authorization header.", 401},
		{"invalidAccessToken", belgif + "invalidAccessToken", "Invalid Access Token", "The access token is not one that this server gave.", 401},
		{"expiredAccessToken", belgif + "expiredAccessToken", "Expired Access Token", "The access token has expired: get a new one.", 401},
		{"invalidClientId", own + "invalidClientId", "Invalid Client Id", "X-IBM-Client-Id is missing, unknown, or not of the token's client.", 401},
		{"missingScope", belgif + "missingScope", "Missing Scope", "The access token lacks a scope that the operation needs.", 403},
		{"missingPermission", belgif + "missingPermission", "Missing Permission", "The client may not do this: the dossier or municipality lies outside its area.", 403},
		{"resourceNotFound", belgif + "resourceNotFound", "Resource Not Found", "There is no such resource.", 404},
		{"methodNotAllowed", own + "methodNotAllowed", "Method Not Allowed", "The resource doesn't have this method; Allow names those it has.", 405},
		{"dossierExists", own + "dossierExists", "Dossier Exists", "The person has a dossier in the client's area: find it with a query.", 409},
		{"dossierOwnedByPartner", own + "dossierOwnedByPartner", "Dossier Owned By Partner", "A tender partner guides the client: contact the partner first (TWE-17).", 409},
		{"registrationMissing", own + "registrationMissing", "Registration Missing", "A registration that this one refers to is not in the dossier.", 409},
		{"categoryRefused", own + "categoryRefused", "Category Refused", "The category can't come in the place of what the dossier holds (CAT-03); its issues say why.", 409},
		{"outsideTwe", own + "outsideTwe", "Outside TWE", "An employment under article 60 paragraph 7 begins inside its WEO (TWE-06).", 409},
		{"tweRunning", own + "tweRunning", "TWE Running", "A client whose TWE runs is not handed over to GLOW (GLOW-05).", 409},
		{"glowRunning", own + "glowRunning", "GLOW Running", "A client who is in GLOW, or asked for it, gets no TWE (GLOW-05).", 409},
		{"handoverDecided", own + "handoverDecided", "Handover Decided", "VDAB has decided on the request: it can't be changed any more (HND-03).", 409},
		{"idempotencyKeyReused", own + "idempotencyKeyReused", "Idempotency Key Reused", "The Idempotency-Key was used for another request.", 409},
		{"cursorLost", own + "cursorLost", "Cursor Lost", "The server no longer knows the cursor: take a new one and look everything up.", 410},
		{"versionConflict", own + "versionConflict", "Version Conflict", "The dossier has changed since it was read.", 412},
		{"payloadTooLarge", belgif + "payloadTooLarge", "Payload Too Large", "The body is over 1 MiB; over 8 MiB for a document.", 413},
		{"unsupportedMediaType", own + "unsupportedMediaType", "Unsupported Media Type", "The operation takes another content type.", 415},
		{"preconditionRequired", own + "preconditionRequired", "Precondition Required", "The write needs If-Match with the dossier's ETag.", 428},
		{"tooManyRequests", belgif + "tooManyRequests", "Too Many Requests", "Over the limit; wait as told.", 429},
		{"internalServerError", belgif + "internalServerError", "Internal Server Error", "Something went wrong on the server.", 500},
		{"badGateway", belgif + "badGateway", "Bad Gateway", "A server behind this one failed.", 502},
		{"serviceUnavailable", belgif + "serviceUnavailable", "Service Unavailable", "The service can't be used for now.", 503},

		{"schemaViolation", inputBase + "schemaViolation", "Input isn't valid with respect to schema", "The input differs from the document.", 0},
		{"unknownInput", inputBase + "unknownInput", "Unknown input", "The document has no such property or parameter.", 0},
		{"referencedResourceNotFound", inputBase + "referencedResourceNotFound", "Referenced resource not found", "The dossier has no registration with this id.", 0},
		{"replacedSsin", cbssBase + "replacedSsin", "SSIN has been replaced", "Use the number in replacedBy.", 0},
		{"canceledSsin", cbssBase + "canceledSsin", "SSIN has been canceled", "The number stands for nobody.", 0},
		{"invalidSsin", own + "invalidSsin", "Invalid SSIN", "The number's check digits are wrong.", 0},
		{"invalidKboNumber", own + "invalidKboNumber", "Invalid enterprise number", "The number's check digits are wrong.", 0},
		{"unknownCategory", own + "unknownCategory", "Unknown category", "The category is not in the reference data.", 0},
		{"notSetByOcmw", own + "notSetByOcmw", "Not set by an OCMW", "Others set this category; see the reference data.", 0},
		{"protectedCategory", own + "protectedCategory", "Protected category", "05 never comes in the place of a protected category (TWE p.1).", 0},
		{"workRegimeMismatch", own + "workRegimeMismatch", "Work regime differs", "90 is full time and 93 part time, on a day of the employment (TWE 5).", 0},
		{"dateAhead", own + "dateAhead", "Date ahead", "A registration is made on the day from which it holds, or later.", 0},
		{"invalidPeriod", own + "invalidPeriod", "Invalid period", "The dates contradict each other.", 0},
		{"groundsMissing", own + "groundsMissing", "Grounds missing", "A GLOW request names its grounds and answers the exclusions (GLOW 1.3).", 0},
		{"exclusionApplies", own + "exclusionApplies", "Exclusion applies", "A client to whom an exclusion applies is not handed over (GLOW-04).", 0},
		{"internshipPlanMissing", own + "internshipPlanMissing", "Internship plan missing", "Each BVS needs an internship plan (TWE 4).", 0},
		{"contentMismatch", own + "contentMismatch", "Content differs", "The file is not the one that sha256 and size describe.", 0},
		{"contentNotPdf", own + "contentNotPdf", "Content is no PDF", "The file is no PDF.", 0},
		{"dossierOutsideArea", own + "dossierOutsideArea", "Dossier outside area", "The person has a dossier outside the client's area.", 0},
		{"nisCodeOutsideArea", own + "nisCodeOutsideArea", "Municipality outside area", "The municipality lies outside the client's area.", 0},
	}
}

func problemTypeOf(name string) problemType {
	for _, p := range problemTypes() {
		if p.name == name || p.urn == name {
			return p
		}
	}
	return problemType{}
}

// problemPath is where the reference data has a problem type.
const problemPath = "/mlp/v1/refData/problemTypes/"

// problem is an answer of a named type.
func (m *Mock) problem(name, detail string) answer {
	p := problemTypeOf(name)
	body := map[string]any{"type": p.urn, "title": p.title, "status": p.status, "href": problemPath + p.urn}
	if detail == "" {
		detail = p.description
	}
	body["detail"] = detail
	return answer{status: p.status, header: http.Header{"Content-Type": {"application/problem+json"}}, body: body, problem: name}
}

// with adds a member to a problem.
func (a answer) with(key string, value any) answer {
	a.body[key] = value
	return a
}

// issue is one of a problem's issues: a type by name, and where.
func issue(name, in, at string) map[string]any {
	t := problemTypeOf(name)
	i := map[string]any{"type": t.urn, "title": t.title, "detail": t.description}
	if in != "" {
		i["in"] = in
		i["name"] = at
	}
	return i
}

func (m *Mock) badRequest(issues ...map[string]any) answer {
	list := make([]any, 0, len(issues))
	for _, i := range issues {
		list = append(list, i)
	}
	return m.problem("badRequest", "").with("issues", list)
}

func (m *Mock) violations(vs []mlp.Violation) answer {
	var issues []map[string]any
	for _, v := range vs {
		name := "schemaViolation"
		if v.Keyword == mlp.KeywordUnknown {
			name = "unknownInput"
		}
		i := issue(name, v.In, v.Name)
		i["detail"] = v.Keyword + ": " + v.Message
		issues = append(issues, i)
	}
	return m.badRequest(issues...)
}
