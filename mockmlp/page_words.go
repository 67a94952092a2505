package mockmlp

import "strings"

// word is the Dutch for a name or code of the API, as a caseworker would say it; what has none stays as it is.
func word(name string) string {
	if w, known := pageWords[name]; known {
		return w
	}
	return name
}

var pageWords = map[string]string{
	// kinds and parts of a dossier
	"category": "categorie", "weo": "WEO", "employment": "art. 60§7", "placement": "plaatsing", "evaluation": "evaluatie", "document": "document",
	"competence": "competentie", "note": "notitie", "appointment": "afspraak", "handover": "overdracht", "training": "opleiding", "dossier": "dossier",
	"categories": "Categorieën", "weos": "Werkervaringsovereenkomsten (WEO)", "employments": "Tewerkstellingen art. 60§7", "placements": "Plaatsingen",
	"evaluations": "Evaluaties", "documents": "Documenten", "competences": "Competenties", "notes": "Notities", "appointments": "Afspraken",
	"handovers": "Overdrachten", "trainings": "Opleidingen",
	// who
	"ocmw": "OCMW", "vdab": "VDAB", "client": "cliënt", "partner": "partner", "colleague": "collega", "none": "niemand", "other": "ander",
	// properties
	"code": "code", "validFrom": "geldig vanaf", "validUntil": "geldig tot", "setBy": "gezet door", "registeredAt": "geregistreerd op",
	"startDate": "begin", "endDate": "einde", "endReason": "reden van einde", "counsellor": "trajectbegeleider", "caseworker": "maatschappelijk werker",
	"caseworker.id": "maatschappelijk werker", "counsellor.id": "trajectbegeleider", "counsellor.name": "naam trajectbegeleider",
	"employer": "werkgever", "employer.name": "werkgever", "employer.kboNumber": "KBO-nummer werkgever", "socialEconomy": "sociale economie",
	"workRegimes": "regime", "regime": "regime", "hoursPerWeek": "uren per week", "hoursPerMonth": "uren per maand", "fullTime": "voltijds", "partTime": "deeltijds",
	"kind": "soort", "date": "datum", "internshipPlan": "stageplan", "communityService": "gemeenschapsdienst", "competencesScored": "competenties gescoord",
	"planUpdated": "POP aangevuld", "reportUploaded": "verslag opgeladen", "mediaType": "bestandstype", "size": "grootte (bytes)", "description": "omschrijving",
	"level": "niveau", "assessedOn": "beoordeeld op", "text": "tekst", "choiceDate": "datum van de keuze", "motivation": "motivering", "grounds": "gronden",
	"exclusionAnswers": "uitsluitingen", "question": "vraag", "answer": "antwoord", "jobTarget": "jobdoelwit", "jobTarget.description": "jobdoelwit",
	"contactLanguage": "contacttaal", "informedOn": "geïnformeerd op", "trainingStart": "start opleiding", "ocmw.kboNumber": "KBO-nummer OCMW",
	"ocmw.nisCode": "NIS-code", "tweHistory.weoStart": "begin WEO", "tweHistory.weoEnd": "einde WEO", "tweHistory.art60Start": "begin art. 60",
	"tweHistory.art60End": "einde art. 60", "currentCategory": "categorie nu", "status": "stand", "statusSince": "stand sinds", "statusReason": "reden",
	"assignedTo": "toegewezen aan", "title": "titel", "recognized": "erkend", "provider": "aanbieder", "employmentId": "contract", "weoId": "WEO",
	"entryReason": "waarom TWE", "developmentPlan.summary": "POP", "person.lastName": "naam", "person.firstName": "voornaam", "person.birthDate": "geboren",
	"address.street": "straat", "address.postalCode": "postcode", "address.city": "gemeente", "address.nisCode": "NIS-code",
	"owner.name": "naam", "owner.program": "programma", "owner.since": "sinds", "owner.kboNumber": "KBO-nummer",
	// codes
	"sent": "verstuurd", "received": "ontvangen", "needsInformation": "vraagt informatie", "accepted": "aanvaard", "assigned": "toegewezen",
	"rejected": "geweigerd", "closed": "afgesloten", "active": "actief", "canceled": "geannuleerd", "interim": "tussentijds", "phase": "einde fase", "final": "eind",
	"developmentPlan": "POP", "interimReport": "tussentijds verslag", "finalReport": "eindverslag", "notAcquired": "niet verworven",
	"developing": "in ontwikkeling", "acquired": "verworven", "trainingReference": "verwijzing naar opleiding", "finalAdvice": "eindadvies",
	"notTargetGroup": "geen doelgroep", "otherTrack": "ander traject past beter", "clientDeclined": "cliënt wil niet", "clientUnreachable": "cliënt onbereikbaar",
	"incomplete": "onvolledig", "trackEnded": "traject afgelopen", "job": "werk", "noJob": "geen werk", "yes": "ja", "no": "nee",
	"create": "nieuw", "update": "gewijzigd", "before": "vóór", "at": "tegelijk met", "after": "ná",
	"ground1": "grond 1", "ground2": "grond 2", "ground3": "grond 3", "ground4": "grond 4", "ground5": "grond 5", "unknown": "onbekend",
	"introduction": "kennismaking", "followUp": "opvolging", "warmHandover": "warme overdracht", "office": "kantoor", "workplace": "werkplek",
	"homeVisit": "huisbezoek", "phone": "telefoon", "held": "doorgegaan", "clientAbsent": "cliënt niet gekomen",
	stepWaiting: "wacht", stepDone: "gebeurd", stepFailed: "mislukt",
}

// faultWord is the Dutch for a key of a fault. Keys of a fault are told apart from those of a dossier: "status" is another thing there.
func faultWord(key string) string {
	if w, known := faultWords[key]; known {
		return w
	}
	return key
}

var faultWords = map[string]string{
	// what is hit
	"operationId": "operatie", "notOperationId": "behalve operatie", "method": "methode", "route": "pad", "person": "persoon", "nth": "alleen oproep nr.",
	// how often and when
	"toxicity": "kans", "times": "aantal keer", "duration": "gedurende", "endsAt": "tot",
	// what happens
	"status": "antwoord", "body": "inhoud", "problem": "probleem", "retryAfter": "Retry-After (s)", "retryAfterForm": "vorm van Retry-After",
	"fault": "verbinding", "token": "token", "staleRead": "verouderde gegevens", "fixedDelayMilliseconds": "wachten (ms)",
	"type": "wachten, verdeling", "lower": "van (ms)", "upper": "tot (ms)", "median": "mediaan (ms)", "sigma": "sigma", "maxValue": "hoogstens (ms)", "milliseconds": "ms",
	"numberOfChunks": "in stukken", "totalDuration": "over (ms)",
}

// wordOrder is the order in which properties are shown; what isn't in it follows by name.
func wordOrder() []string {
	return strings.Fields(`code kind status statusSince statusReason assignedTo date validFrom startDate endDate endReason choiceDate workRegimes
		employer.name employer.kboNumber socialEconomy title provider recognized description level text motivation setBy`)
}

// categoryLabel is the label of a category's code, from the reference data; empty for one that isn't there.
func categoryLabel(code string) string {
	for _, t := range categoryTypes() {
		if t.code == code {
			return t.label
		}
	}
	return ""
}

// maskSSIN leaves the check digits, enough to tell two persons on one screen apart.
func maskSSIN(ssin string) string {
	if len(ssin) != 11 {
		return "•••"
	}
	return "•••••••••" + ssin[9:]
}

// shortID is the beginning of a UUID, for tables.
func shortID(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}
