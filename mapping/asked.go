package mapping

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
)

// A caseworker's answer is kept under the name of its question (docs/adr/0008). The name is made here, of what a release that words a
// question otherwise leaves as it is: the rule, a word for which of its questions it is, and the facts.

// asking is which question a rule asks, in a word that stays and that no other question of the rule has, and what it is about beside the
// values of its cells: whatever else the sentence names, and what MLP holds. With other facts it is another question.
type asking struct {
	word  string
	facts []any
}

func about(word string, facts ...any) asking { return asking{word, facts} }

// question is the name of what a person is asked.
func (w *work) question(rule string, a asking, cs []casefile.Cell) string {
	h := sha256.New()
	words, facts := a.named(rule)
	fmt.Fprintf(h, "%q %q %q", rule, words, facts)
	for _, r := range w.c.Records() {
		for _, c := range cs {
			if nameOf(r) == c.Of {
				fmt.Fprintf(h, " %s %s", c.Field, w.contentOf(r).field(c.Field))
			}
		}
	}
	return digest(h)
}

// named is what stands in the name for the word, and the facts that it does not hold itself.
func (a asking) named(rule string) (words string, facts []string) {
	for _, f := range a.facts {
		facts = append(facts, factText(f))
	}
	first, ok := firstAsked[rule+" "+a.word]
	if !ok {
		return a.word, facts
	}
	for len(facts) > 0 && strings.Contains(first, "%s") {
		before, after, _ := strings.Cut(first, "%s")
		words, first, facts = words+before+facts[0], after, facts[1:]
	}
	return words + first, facts
}

// factText is a fact as it stands in names; a day is written out here, so that it stays the same however caseworkers come to read it.
func factText(fact any) string {
	if d, is := fact.(casefile.Date); is && !d.IsZero() {
		return d.Time().Format("02/01/2006")
	}
	return fmt.Sprint(fact)
}

// changedInMLP is DATA-04's question: which fields somebody changed, and what MLP holds now.
func changedInMLP(held, body casefile.Body, fields []string) asking {
	called := func(name string) string {
		if first, ok := firstCalled[name]; ok {
			return first
		}
		return name
	}
	thing := called(string(body.Kind()))
	if start := casefile.StartOf(body); !start.IsZero() {
		thing += " van " + factText(start)
	}
	var all []string
	for _, f := range fields {
		all = append(all, called(f))
	}
	return about("changed in MLP", thing, strings.Join(all, ", "), fmt.Sprintf("%+v", held))
}

// firstAsked are the words for the questions that were there before they had one: the sentence of that time, in which %s is a fact. Answers
// are kept under them wherever this runs, so nothing here changes, whatever caseworkers read now: what they read stands where the rule
// asks it. A question that is new needs no line; a line goes when everybody who answered its question is to be asked again.
var firstAsked = map[string]string{
	"CAT-02 benefit unknown":   "Niet bekend is of de cliënt een werkloosheidsuitkering krijgt.",
	"CAT-02 registrar unknown": "Niet bekend is wie de cliënt bij VDAB inschrijft.",
	"CAT-03 after GLOW":        "Er is een contract art. 60§7 terwijl voor GLOW gekozen is.",
	"CAT-03 no contract":       "In MLP staat %s, maar dit OCMW heeft geen contract art. 60§7 voor de cliënt.",
	"CAT-03 no category":       "De gegevens vragen categorie %s vanaf %s, maar nu heeft het dossier geen categorie.",
	"CAT-03 another category":  "De gegevens vragen categorie %s vanaf %s, maar nu staat in MLP %s (vanaf %s).",
	"CAT-06 too often":         "De %s is voor dit contract al zo vaak opnieuw gezet als toegelaten, en toch staat er weer %s.",
	"CAT-07 day unknown":       "De RVA kende de uitkering toe, maar de ingangsdatum ontbreekt.",
	"CAT-07 before the end":    "Het recht op een werkloosheidsuitkering gaat in voor het einde van art. 60§7.",
	"CAT-07 ready again":       "Het recht op een werkloosheidsuitkering gaat in op %s, maar daarna werd de cliënt opnieuw klaar voor een traject (05).",
	"CAT-07 leefloon unknown":  "Niet bekend is of de cliënt na art. 60§7 nog leefloon krijgt.",
	"CAT-07 leefloon goes on":  "De cliënt heeft recht op een werkloosheidsuitkering maar krijgt nog leefloon.",
	"CAT-08 refused":           "De RVA weigerde de werkloosheidsuitkering na art. 60§7.",
	"CAT-09 during art. 60":    "De cliënt begon in een gewone job terwijl een contract art. 60§7 loopt.",
	"CAT-09 no TWE":            "De cliënt begon in een gewone job zonder dat er een TWE was.",
	"CAT-09 now part time":     "De gewone job van de cliënt werd deeltijds op %s.",
	"CAT-09 part time":         "De cliënt begon in een deeltijdse gewone job.",
	"CAT-09 TWE goes on":       "De cliënt begon in een gewone job terwijl het TWE nog niet beëindigd is.",
	"CAT-10 another category":  "De gegevens vragen categorie %s vanaf %s, maar nu staat in MLP %s (vanaf %s).",
	"CAT-10 changed after us":  "In MLP is de categorie na onze registratie veranderd in %s (vanaf %s); de gegevens vragen %s.",
	"CAT-13 supportEnded":      "De steun stopte op %s, maar in MLP staat nog %s.",
	"CAT-13 withdrawn":         "De cliënt is niet meer klaar sinds %s, maar in MLP staat nog %s.",
	"CAT-13 notReady":          "De cliënt is niet klaar voor een traject, maar in MLP staat nog %s.",
	"DATA-03 other names":      "Naam, voornaam en geboortedatum in MLP zijn alle drie anders dan in de export: het INSZ is wellicht van iemand anders.",
	"DATA-04 changed in MLP":   "In MLP veranderde iemand na ons: %s (%s). Die wijziging blijft staan.",
	"DATA-06 moved":            "De cliënt woont volgens de export in een andere gemeente.",
	"GLOW-03 language":         "De contacttaal is geen Nederlands, Frans of Engels.",
	"GLOW-05 TWE first":        "Eerst is voor TWE gekozen en daarna voor GLOW; die gaan niet samen en de keuze blijft.",
	"GLOW-05 same day":         "Op dezelfde dag is voor TWE en voor GLOW gekozen; die gaan niet samen.",
	"GLOW-05 GLOW first":       "Eerst is voor GLOW gekozen en daarna voor TWE; die gaan niet samen en de keuze blijft.",
	"GLOW-05 preliminary":      "Eerst is voor GLOW gekozen en daarna voor TWE; die gaan niet samen en GLOW is geen voortraject voor TWE.",
	"GLOW-09 neither":          "Een opleiding tijdens GLOW (vanaf %s) duurt langer dan %s maanden en korter dan %s maanden: of ze past, beslist een mens.",
	"HND-01 contract runs":     "De andere warme overdracht volgt op art. 60§7, maar er loopt nog een contract.",
	"HND-01 ended with a job":  "Het TWE eindigde met een job; een warme overdracht hoort daar niet bij.",
	"HND-01 short training":    "De opleiding van de warme overdracht is kort en past in het TWE; een warme overdracht is er voor een lange.",
	"TWE-01 awaits 05":         "De WEO is gestart, maar de cliënt heeft zich nog niet als 05 ingeschreven.",
	"TWE-04 no instrument":     "Een %s die op %s begint: volgens één bron bestaat die dan niet meer (ze is opgegaan in de WES), een andere noemt ze nog.",
	"TWE-04 before the end":    "Een %s is een instrument voor na art. 60§7, maar begint op %s ervoor of tijdens het contract.",
	"TWE-05 no end":            "In MLP is het contract art. 60§7 beëindigd op %s, maar de export heeft geen einddatum.",
	"TWE-05 later end":         "In MLP is het contract art. 60§7 beëindigd op %s, maar de export heeft einddatum %s.",
	"TWE-08 technical":         "De cliënt heeft vooral een technische opleiding nodig; die gaat voor op TWE.",
	"TWE-08 out of reach":      "De gewone economie is voor de cliënt niet haalbaar binnen 2 jaar; dan is er geen TWE.",
	"TWE-10 need unknown":      "Een opleiding (vanaf %s) duurt voltijds langer dan %s maanden, en de gegevens zeggen niet dat de nood eraan tijdens art. 60§7 bleek.",
	"TWE-10 full time during":  "Een opleiding (vanaf %s) duurt voltijds langer dan %s maanden, en begint voltijds terwijl art. 60§7 loopt.",
	"TWE-10 not joining":       "Een opleiding (vanaf %s) duurt voltijds langer dan %s maanden, en gaat niet aansluitend op art. 60§7 voltijds verder.",
	"TWE-11 outside art. 60":   "Een deeltijdse opleiding (vanaf %s) begon niet tijdens art. 60§7 en duurt langer dan %s maanden: de bronnen zeggen niet of dat kan.",
	"TWE-13 no end":            "In MLP is de WEO beëindigd op %s, maar de export heeft geen einddatum.",
	"TWE-13 later end":         "In MLP is de WEO beëindigd op %s, maar de export heeft einddatum %s.",
	"TWE-16 before the start":  "Voor de start van het TWE was sociale economie al het hoogst haalbare; dan is er geen TWE.",
}

// firstCalled are the names in DATA-04's questions of registrations and their fields, which stay as they are for the same reason.
var firstCalled = map[string]string{
	"dossier": "de gegevens van de persoon", "profile": "jobdoelwit en POP", "weo": "de WEO", "employment": "het contract art. 60§7",
	"evaluation": "de evaluatie", "handover": "de overdracht", "placement": "de stage of IBO", "document": "het document",
	"competence": "de competentie", "note": "de nota",

	"LastName": "naam", "FirstName": "voornaam", "BirthDate": "geboortedatum", "Street": "straat", "PostalCode": "postcode", "City": "gemeente",
	"NIS": "NIS-code", "ContactLanguage": "contacttaal", "JobTarget": "jobdoelwit", "EntryNeed": "reden van instroom", "DevelopmentPlanOn": "datum van het POP",
	"Start": "begin", "End": "einde", "EndReason": "reden van het einde", "Counsellor": "trajectbegeleider", "Regimes": "arbeidsregime",
	"EmployerKBO": "werkgever", "SocialEconomy": "sociale economie", "WEOID": "koppeling met de WEO", "Date": "datum", "Evaluation": "soort",
	"CompetencesScored": "competenties gescoord", "PlanUpdated": "POP aangevuld", "ReportUploaded": "verslag opgeladen", "Handover": "soort",
	"ChoiceDate": "datum van de keuze", "Motivation": "motivering", "Grounds": "gronden", "Exclusions": "uitsluitingen", "InformedOn": "ingelicht op",
	"Note": "nota", "TrainingStart": "begin van de opleiding", "OCMWKBO": "OCMW", "OCMWNIS": "gemeente", "Placement": "soort", "InternshipPlan": "stageplan",
	"HoursPerMonth": "uren per maand", "CommunityService": "gemeenschapsdienst", "Document": "soort", "SHA256": "inhoud", "Size": "grootte",
	"Competence": "naam", "Level": "score", "AssessedOn": "gescoord op", "Text": "tekst",
}
