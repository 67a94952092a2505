package mlp

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// words are the title and the next step of an error, in English, for IT staff. They are this
// package's own: a text that came with an answer could hold anything.
func words(e *Error) (title, next string) {
	w, known := problemWords(shortType(e.Type))
	if !known {
		w = verdictWords(e.Verdict)
	}
	return w.title, cmp.Or(w.next, verdictWords(e.Verdict).next)
}

// Unmoved is the next step after a conflict where reading showed the dossier as it was decided on: deciding again would change nothing.
func Unmoved(e *Error) string {
	own, _ := problemWords(shortType(e.Type))
	return cmp.Or(own.next, "see what else of this client is parked or discarded, retry or correct that, and then retry this, or discard it")
}

// setClock is the next step where MLP finds a day ahead: by how much this machine's clock is ahead stands in the answer's date, where it has one.
func setClock(date string, now time.Time) string {
	const then = " is wrong; what waits then goes by itself, what is parked with \"mlpsync queue retry\""
	sent, err := http.ParseTime(date)
	ahead := now.Sub(sent).Round(time.Hour)
	switch {
	case err != nil:
		return "compare this machine's clock with MLP's and set right which" + then
	case ahead <= 0:
		return "this machine's clock is not ahead of the answer's date: compare the setting today, where there is one, with MLP's day, or report this to those who run MLP, with the trace id"
	case ahead < 48*time.Hour:
		return fmt.Sprintf("this machine's clock is %d h ahead of the answer's date: set right which of the two%s", ahead/time.Hour, then)
	}
	return fmt.Sprintf("this machine's clock is %d days ahead of the answer's date: set right which of the two%s", ahead/(24*time.Hour), then)
}

type wording struct{ title, next string }

func problemWords(short string) (wording, bool) {
	w, known := map[string]wording{
		string(failCancelled):    {"the request was given up", "nothing: it goes out again at the next start"},
		string(failBreaker):      {"MLP keeps failing, so nothing is sent for a while", "look at the failures before it; sending resumes by itself"},
		string(failToken):        {"the token endpoint does not answer as it should", "check the token URL, proxy and firewall; sending resumes by itself"},
		string(failNoConnection): {"no connection could be made", "check the base URL (scheme, host, port), DNS, proxy and firewall"},
		string(failCertificate):  {"the server's certificate is not trusted", "check the base URL, the machine's clock, and set caFile to your own authority if you use one"},
		string(failTimeout):      {"no answer came in time", ""},
		string(failReset):        {"the connection was lost", ""},
		string(failTruncated):    {"the answer broke off", ""},
		string(failTooLarge):     {"the answer is too large", "report this with the trace id"},
		"gateway":                {"the gateway in front of MLP answered in its place", ""},
		typeUnexpected:           {"the answer is not one of MLP's", "is a proxy or a login page answering? check the base URL"},
		typeInvalidLocal:         {"the request does not fit the API's document, and was not sent", "correct what the pointers name in the source, or report it"},
		typeDossierUnreadable:    {"the dossier that MLP gives can't be read", "report this to VDAB with the trace id; it is read again by itself"},
		typeForeignItem:          {"the answer has a dossier in it of which nobody was asked for", "does a proxy or cache answer in MLP's place? report this to VDAB with the trace id; it is asked again by itself"},
		"badRequest":             {"MLP finds the request invalid", "correct in the source system what the pointers name; where none is given, ask those who run MLP, with the trace id"},
		"dateAhead":              {"by MLP's clock the day of this is yet to come", ""},
		"unauthorized":           {"the client is not admitted", "check client id, secret and API key"},
		"invalidClientId":        {"the API key is not known", "check the API key (X-IBM-Client-Id)"},
		"missingScope":           {"the client lacks a scope", "ask for the scopes mlp:dossier:read and mlp:dossier:write"},
		"missingPermission":      {"MLP does not allow this for this dossier", "is the person's dossier, or address, in another municipality?"},
		"resourceNotFound":       {"MLP has no such resource", "if this holds for everything: check the base URL"},
		"dossierExists":          {"the person has a dossier already", ""},
		"dossierOwnedByPartner":  {"a partner owns the dossier", "the caseworker contacts the partner first (TWE-17)"},
		"registrationMissing":    {"another registration has to be there first", ""},
		"categoryRefused":        {"the category can't replace what the dossier holds", "the caseworker looks at the category in MLP (CAT-03, CAT-05)"},
		"outsideTwe":             {"the contract begins outside its WEO", "the caseworker compares the dates of WEO and contract (TWE-06)"},
		"tweRunning":             {"the client's TWE still runs", "the caseworker ends the TWE first, or keeps it: GLOW and TWE exclude each other (GLOW-05)"},
		"glowRunning":            {"the client is in GLOW, or asked for it", "the caseworker contacts VDAB: GLOW and TWE exclude each other (GLOW-05)"},
		"handoverDecided":        {"VDAB has decided on the handover request already", "the caseworker looks at VDAB's answer and contacts VDAB"},
		"replacedSsin":           {"MLP knows the person under another number", ""},
		"canceledSsin":           {"MLP knows the person's number as cancelled", "the caseworker checks the client's number"},
		"idempotencyKeyReused":   {"the same key was used for another request", "report this: it is a defect"},
		"cursorLost":             {"the change feed no longer reaches back to where we were", "nothing: everything is looked up again"},
		"versionConflict":        {"the dossier has changed since it was read", ""},
		"preconditionRequired":   {"the request named no version", "report this: it is a defect"},
		"tooManyRequests":        {"too many requests", ""},
		"serviceUnavailable":     {"MLP is not available", ""},
	}[short]
	return w, known
}

func verdictWords(v Verdict) wording {
	return map[Verdict]wording{
		VerdictPermanent:      {"MLP refuses the request", "look at type and pointers; retry after correcting, or discard"},
		VerdictAuthentication: {"MLP does not admit the client", "check client id, secret and API key; sending resumes by itself"},
		VerdictThrottled:      {"too many requests", "nothing: it waits as MLP asks"},
		VerdictTransient:      {"MLP could not do it now", "nothing: it is tried again"},
		VerdictConflict:       {"the dossier is not as it was when this was decided", "nothing: the dossier is read and the client decided again"},
		VerdictInDoubt:        {"it is not certain whether MLP took the request", "nothing: MLP is read to find out"},
		VerdictNotSent:        {"nothing was sent", "nothing: it is tried again"},
		VerdictOutsideArea:    {"the person has a dossier in another municipality's area", "the caseworker contacts that municipality or VDAB"},
		VerdictCursorLost:     {"the change feed lost its place", "nothing: everything is looked up again"},
	}[v]
}

// Row is a row of the classification: what came back, and what it means for a read and
// for a write.
type Row struct {
	Answer string
	Read   Verdict
	Write  Verdict
	// ReadRepeated and WriteRepeated tell that the request goes out again within the
	// same call, two more times at most, before the verdict stands.
	ReadRepeated, WriteRepeated bool
	Why                         string
}

// Classification is the whole table, for the documentation; tests hold classify to it.
// VerdictCursorLost and VerdictOutsideArea are rows of the feed and of a create alone.
func Classification() []Row {
	return []Row{
		{"no connection made (DNS, refused, proxy)", VerdictNotSent, VerdictNotSent, true, true, "no byte left"},
		{"certificate not trusted", VerdictNotSent, VerdictNotSent, false, false, "no byte left; repeating changes nothing"},
		{"breaker open", VerdictNotSent, VerdictNotSent, false, false, "no byte left"},
		{"token endpoint fails (429, 5xx, HTML, network)", VerdictNotSent, VerdictNotSent, false, false, "no byte left"},
		{"token endpoint refuses the client (400, 401, 403)", VerdictAuthentication, VerdictAuthentication, false, false, "holds for every request"},
		{"connection lost after sending", VerdictTransient, VerdictInDoubt, true, false, "MLP may have carried it out"},
		{"time-out after sending", VerdictTransient, VerdictInDoubt, true, false, "MLP may have carried it out"},
		{"answer breaks off", VerdictTransient, VerdictInDoubt, true, false, "a success that can't be read is no proof"},
		{"answer over 8 MiB", VerdictTransient, VerdictInDoubt, true, false, "as one that breaks off"},
		{"empty answer", VerdictTransient, VerdictInDoubt, true, false, "not MLP's"},
		{"200 with HTML", VerdictTransient, VerdictInDoubt, true, false, "a proxy or login page"},
		{"502 with HTML", VerdictTransient, VerdictInDoubt, true, false, "the gateway lost MLP halfway, perhaps"},
		{"redirect", VerdictTransient, VerdictInDoubt, true, false, "never followed: the token would go along"},
		{"gateway JSON (httpCode 500)", VerdictTransient, VerdictInDoubt, true, false, "the gateway stands before or behind the one that carries it out"},
		{"gateway JSON (httpCode 429)", VerdictThrottled, VerdictInDoubt, true, false, "no problem document"},
		{"400 badRequest", VerdictPermanent, VerdictPermanent, false, false, "pointers name the fault"},
		{"400 dateAhead", VerdictPermanent, VerdictTransient, false, false, "a clock is wrong, not the content"},
		{"400 replacedSsin or canceledSsin, of a create", VerdictPermanent, VerdictConflict, false, false, "the person is looked up again: MLP knows more of the number"},
		{"401 once", "", "", false, false, "the token is renewed once"},
		{"401 again, in any form", VerdictAuthentication, VerdictAuthentication, false, false, "who is not admitted was not served"},
		{"403 missingScope", VerdictAuthentication, VerdictAuthentication, false, false, "the client's registration, not the request"},
		{"403 missingPermission", VerdictPermanent, VerdictPermanent, false, false, "the dossier left the area"},
		{"404 of a dossier", VerdictConflict, VerdictConflict, false, false, "the client is looked up again"},
		{"404 resourceNotFound, of a create", VerdictConflict, VerdictTransient, false, false, "no dossier is named: the base URL is wrong"},
		{"405 methodNotAllowed", VerdictPermanent, VerdictPermanent, false, false, "a defect, or another API"},
		{"408 problem", VerdictTransient, VerdictInDoubt, true, false, "who gave up waiting is not known"},
		{"409 dossierExists, of a create", VerdictConflict, VerdictConflict, false, false, "the person is looked up again"},
		{"409 dossierOwnedByPartner", VerdictConflict, VerdictConflict, false, false, "the dossier is read, and the client decided again"},
		{"409 handoverDecided", VerdictConflict, VerdictConflict, false, false, "VDAB's answer is read, and the client decided again"},
		{"409 registrationMissing", VerdictConflict, VerdictConflict, false, false, "what it refers to is not in the dossier, which is read"},
		{"409 categoryRefused", VerdictConflict, VerdictConflict, false, false, "the dossier may hold another category by now, and is read"},
		{"409 outsideTwe", VerdictConflict, VerdictConflict, false, false, "the dossier may hold another WEO by now, and is read"},
		{"409 tweRunning", VerdictConflict, VerdictConflict, false, false, "the dossier may hold another WEO by now, and is read"},
		{"409 glowRunning", VerdictConflict, VerdictConflict, false, false, "the dossier may hold another handover by now, and is read"},
		{"409 idempotencyKeyReused", VerdictPermanent, VerdictPermanent, false, false, "a defect"},
		{"412 versionConflict", VerdictConflict, VerdictConflict, false, false, "somebody changed the dossier"},
		{"413 payloadTooLarge", VerdictPermanent, VerdictPermanent, false, false, "the same would be as large again"},
		{"415 unsupportedMediaType", VerdictPermanent, VerdictPermanent, false, false, "a defect"},
		{"428 preconditionRequired", VerdictPermanent, VerdictPermanent, false, false, "a defect"},
		{"429 problem", VerdictThrottled, VerdictThrottled, true, true, "refused before it was carried out"},
		{"500 problem", VerdictTransient, VerdictInDoubt, true, false, "it may have failed after the commit"},
		{"502 problem", VerdictTransient, VerdictInDoubt, true, false, "the one behind may have carried it out"},
		{"503 problem", VerdictTransient, VerdictTransient, true, true, "refused before it was carried out"},
		{"503 without a problem document", VerdictTransient, VerdictInDoubt, true, false, "who says so is not known"},
		{"504 problem", VerdictTransient, VerdictInDoubt, true, false, "the one behind may still carry it out"},
		{"the request does not fit the document", VerdictPermanent, VerdictPermanent, false, false, "never sent; the pointers name the fault"},
	}
}
