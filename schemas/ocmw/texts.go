package ocmw

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// texts is what a caseworker reads, and beside it the log's English. Titles,
// lists and limits in them come from the schemas; never a value of the export.
type texts struct {
	// expected is what would have been accepted, in Dutch and in English; expectedEN is empty where the reason says it all.
	expected, expectedEN string
	reasonNL, reasonEN   string
	hintNL, hintEN       string
}

func unknownKind() Violation {
	return Violation{
		Rule:     RuleKind,
		ReasonNL: "Dit soort record bestaat niet.", ReasonEN: "there is no such kind of record",
		HintNL: "Laat de IT-dienst het kolomprofiel nakijken.", HintEN: "check the kinds of record in the column profile",
	}
}

func requiredTexts(title, column string, mapped bool) texts {
	t := texts{
		expected: title,
		reasonNL: fmt.Sprintf("“%s” is niet ingevuld, en is verplicht.", title),
		reasonEN: "a required field is empty",
		hintNL:   fmt.Sprintf("Vul in het bronsysteem in wat in de kolom “%s” hoort te staan.", column),
		hintEN:   "fill it in in the source system",
	}
	if !mapped {
		t.reasonNL = fmt.Sprintf("“%s” ontbreekt: geen enkele kolom van dit bestand geeft dit verplichte gegeven.", title)
		t.reasonEN = "a required field has no column"
		t.hintNL = "Laat de IT-dienst de kolom aan de export of aan het kolomprofiel toevoegen."
		t.hintEN = "add the column to the export, or map it in the column profile"
	}
	return t
}

func unknownTexts() texts {
	return texts{
		reasonNL: "Het kolomprofiel geeft dit soort record een gegeven dat het niet heeft.",
		reasonEN: "the record has a field that its kind does not have",
		hintNL:   "Laat de IT-dienst het kolomprofiel nakijken.", hintEN: "correct the field's name in the column profile",
	}
}

func typeTexts(title string, property *jsonschema.Schema) texts {
	dutch, english := "een ander soort waarde", "another type of value"
	if property != nil && len(property.Types) > 0 {
		dutch, english = typeName(property.Types[0])
	}
	return texts{
		expected: dutch, expectedEN: english,
		reasonNL: fmt.Sprintf("“%s” is niet van het verwachte soort: verwacht wordt %s.", title, dutch),
		reasonEN: "wrong type of value: expected " + english,
		hintNL:   "Verbeter de waarde in het bronsysteem, of laat de IT-dienst het type in het kolomprofiel nakijken.",
		hintEN:   "correct the value, or the field's type in the column profile",
	}
}

func typeName(schemaType string) (dutch, english string) {
	switch schemaType {
	case "boolean":
		return "ja of nee", "a boolean"
	case "number":
		return "een getal", "a number"
	case "array":
		return "een lijst", "a list of texts"
	}
	return "tekst", "text"
}

func enumTexts(title string, property *jsonschema.Schema) texts {
	const short = 12
	var codes []string
	if property != nil {
		if property.Items2020 != nil {
			property = property.Items2020
		}
		for _, v := range property.Enum {
			codes = append(codes, fmt.Sprint(v))
		}
	}
	expected := strings.Join(codes, ", ")
	expectedEN := expected
	if len(codes) > short {
		expected = property.Description
		expectedEN = fmt.Sprintf("one of %d codes, such as %s", len(codes), strings.Join(codes[:3], ", "))
	}
	return texts{
		expected: expected, expectedEN: expectedEN,
		reasonNL: fmt.Sprintf("“%s” heeft een waarde die niet in de lijst staat.", title),
		reasonEN: "the value is not in the list of codes",
		hintNL:   "Verbeter de waarde in het bronsysteem, of laat de IT-dienst ze aan de codelijst van het kolomprofiel toevoegen. Toegelaten: " + strings.TrimSuffix(expected, ".") + ".",
		hintEN:   "correct the value, or add it to the code list of the column profile",
	}
}

func dateTexts(title string) texts {
	return texts{
		expected: "een bestaande datum", expectedEN: "an existing date",
		reasonNL: fmt.Sprintf("“%s” is geen bestaande datum.", title), reasonEN: "not a day of the calendar",
		hintNL: "Verbeter de datum in het bronsysteem.", hintEN: "correct the date, or the date format in the column profile",
	}
}

func lengthTexts(title string, property *jsonschema.Schema) texts {
	limit, what, whatEN := 0, "tekens", "characters"
	if property != nil {
		limit = property.MaxLength
		if property.MaxItems > 0 {
			limit, what, whatEN = property.MaxItems, "waarden", "values"
		}
	}
	expected := fmt.Sprintf("hoogstens %d %s", limit, what)
	return texts{
		expected: expected, expectedEN: fmt.Sprintf("at most %d %s", limit, whatEN),
		reasonNL: fmt.Sprintf("“%s” is te lang: er passen %s in.", title, expected), reasonEN: "longer than allowed",
		hintNL: "Kort de waarde in het bronsysteem in.", hintEN: "shorten it in the source system",
	}
}

func doubledTexts(title string) texts {
	return texts{
		expected: "elke waarde één keer", expectedEN: "each value once",
		reasonNL: fmt.Sprintf("“%s” noemt een waarde twee keer.", title), reasonEN: "a value stands twice in the list",
		hintNL: "Laat elke waarde één keer staan in het bronsysteem.", hintEN: "keep each value once",
	}
}

func rangeTexts(title, description string, property *jsonschema.Schema) texts {
	var within []string
	if property != nil && property.ExclusiveMinimum != nil {
		within = append(within, "more than "+property.ExclusiveMinimum.RatString())
	}
	if property != nil && property.Maximum != nil {
		within = append(within, "at most "+property.Maximum.RatString())
	}
	return texts{
		expected: description, expectedEN: strings.Join(within, " and "),
		reasonNL: fmt.Sprintf("“%s” kan dit niet zijn. %s", title, description), reasonEN: "the number is out of range",
		hintNL: "Kijk het getal na in het bronsysteem; let op de komma.", hintEN: "correct the number; mind the decimal separator",
	}
}

func patternTexts(title, description string, property *jsonschema.Schema) texts {
	expectedEN := ""
	if property != nil && property.Pattern != nil {
		expectedEN = "text that matches " + property.Pattern.String()
	}
	return texts{
		expected: description, expectedEN: expectedEN,
		reasonNL: fmt.Sprintf("“%s” heeft niet de verwachte vorm. %s", title, description), reasonEN: "not of the expected form",
		hintNL: "Verbeter de waarde in het bronsysteem.", hintEN: "correct it in the source system",
	}
}

func identifierTexts(title, kind string, code ident.Code) texts {
	wrong := &ident.Error{Kind: ident.Kind(strings.ToUpper(kind)), Code: code}
	t := texts{
		reasonEN: wrong.Error(), hintEN: wrong.Hint(),
		hintNL: "Vergelijk het met het identiteitsdocument, en verbeter het in het bronsysteem.",
	}
	t.expected, t.expectedEN = identifierForm(kind)
	switch wrong.Kind {
	case ident.KindKBO:
		t.hintNL = "Zoek het ondernemingsnummer op in de Kruispuntbank van Ondernemingen, en verbeter het in het bronsysteem."
	case ident.KindNIS:
		t.hintNL = "Zoek de NIS-code van de gemeente op (een postcode is er geen), en verbeter ze in het bronsysteem of in de export."
	}
	switch code {
	case ident.CodeEmpty:
		t.reasonNL = fmt.Sprintf("“%s” is niet ingevuld.", title)
		t.hintNL = "Vul het nummer in het bronsysteem in."
	case ident.CodeDigits:
		t.reasonNL = fmt.Sprintf("“%s” bevat andere tekens dan cijfers.", title)
		t.hintNL = "Exporteer de kolom als tekst: een rekenblad kan er een formule of een getal zoals 8,5E+10 van gemaakt hebben."
	case ident.CodeLayout:
		t.reasonNL = fmt.Sprintf("“%s” heeft punten, streepjes of spaties op onverwachte plaatsen.", title)
		t.hintNL = "Schrijf het zonder scheidingstekens, of in de gewone vorm."
	case ident.CodeLength:
		t.reasonNL = fmt.Sprintf("“%s” heeft te weinig of te veel cijfers.", title)
	case ident.CodeZeros:
		t.reasonNL = fmt.Sprintf("“%s” is te kort, en de verloren nullen vooraan zijn niet met zekerheid terug te zetten.", title)
		t.hintNL = "Exporteer de kolom als tekst, zodat de nullen vooraan blijven staan."
	case ident.CodeMonth:
		t.reasonNL = fmt.Sprintf("“%s” heeft een maand die niet bestaat.", title)
	case ident.CodePrefix:
		t.reasonNL = fmt.Sprintf("“%s” begint met een cijfer waarmee zo'n nummer niet kan beginnen.", title)
	default:
		t.reasonNL = fmt.Sprintf("Het controlegetal van “%s” klopt niet.", title)
	}
	return t
}

func identifierForm(kind string) (dutch, english string) {
	switch kind {
	case "insz":
		return "een rijksregisternummer of BIS-nummer van elf cijfers", "a national register or BIS number of eleven digits"
	case "kbo":
		return "een ondernemingsnummer van tien cijfers", "an enterprise number of ten digits"
	}
	return "een NIS-code van vijf cijfers", "a NIS code of five digits"
}

func testNumberTexts(title string) texts {
	return texts{
		expected: "een nummer van een bestaande persoon", expectedEN: "a number of a real person",
		reasonNL: fmt.Sprintf("“%s” is een testnummer, en dit is geen testomgeving.", title), reasonEN: "a test number outside the test environment",
		hintNL: "Haal de testpersoon uit de export, of vul het echte nummer in.", hintEN: "take the test person out of the export",
	}
}

func realNumberTexts(title string) texts {
	return texts{
		expected: "een testnummer", expectedEN: "a test number",
		reasonNL: fmt.Sprintf("“%s” is het nummer van een bestaande persoon, en dit is een testomgeving.", title), reasonEN: "a real number in the test environment",
		hintNL: "Gebruik hier alleen testpersonen. Verwijder dit bestand als het echte gegevens bevat.",
		hintEN: "use test persons only here; delete the file if it holds real data",
	}
}

func restoredTexts(title string) texts {
	return texts{
		reasonNL: fmt.Sprintf("“%s” miste nullen vooraan; ze zijn teruggezet, want het controlegetal klopt alleen zo.", title),
		reasonEN: "leading zeros were missing, and have been put back: the check digits prove it",
		hintNL:   "Exporteer de kolom als tekst, zodat de nullen vooraan blijven staan.", hintEN: "export the column as text",
	}
}

func doubtfulTexts(title, doubt string) texts {
	dutch := map[string]string{
		ident.DoubtDay: "een dag boven 31", ident.DoubtDate: "een datum die niet bestaat", ident.DoubtCounter: "een volgnummer dat niet uitgereikt wordt",
	}[doubt]
	return texts{
		reasonNL: fmt.Sprintf("Het controlegetal van “%s” klopt, maar het nummer bevat %s.", title, dutch),
		reasonEN: "the check digits agree, but the number has a doubtful " + doubt,
		hintNL:   "Vergelijk het met het identiteitsdocument.", hintEN: "compare it with the identity document",
	}
}

func implausibleTexts(title string, birth bool) texts {
	t := texts{
		expected: "een datum vanaf 1900 en hoogstens tien jaar vooruit", expectedEN: "a date from 1900 on, at most ten years ahead",
		reasonNL: fmt.Sprintf("“%s” kan niet kloppen: de datum ligt voor 1900, of meer dan tien jaar vooruit.", title),
		reasonEN: "the date lies before 1900 or more than ten years ahead",
		hintNL:   "Verbeter de datum in het bronsysteem. Is er geen einddatum, laat ze dan leeg.",
		hintEN:   "correct the date; leave it empty where there is no end",
	}
	if birth {
		t.expected, t.expectedEN = "een datum vanaf 1900 en niet in de toekomst", "a date from 1900 on, not in the future"
		t.reasonNL = fmt.Sprintf("“%s” kan niet kloppen: de datum ligt voor 1900, of in de toekomst.", title)
		t.reasonEN = "the birth date lies before 1900 or in the future"
		t.hintNL, t.hintEN = "Verbeter de datum in het bronsysteem.", "correct the date"
	}
	return t
}

func orderTexts(end, start, startColumn string) texts {
	return texts{
		expected: fmt.Sprintf("een datum op of na “%s”", start), expectedEN: fmt.Sprintf("a date on or after that of column %q", startColumn),
		reasonNL: fmt.Sprintf("“%s” ligt voor “%s”.", end, start), reasonEN: "the end lies before the start",
		hintNL: fmt.Sprintf("Vergelijk met de kolom “%s”, en verbeter in het bronsysteem de datum die verkeerd is.", startColumn),
		hintEN: "correct the date that is wrong",
	}
}

func regimeTexts(title string) texts {
	return texts{
		expected: "een dag binnen het contract", expectedEN: "a day within the contract",
		reasonNL: fmt.Sprintf("“%s” valt buiten het contract.", title), reasonEN: "the regime begins outside the contract",
		hintNL: "Kijk in het bronsysteem de begindatum en de einddatum van het contract na, en de dag waarop dit regime begint.",
		hintEN: "correct the regime's first day, or the contract's dates",
	}
}

func trainingTexts(title string) texts {
	return texts{
		expected: "een dag binnen de opleiding", expectedEN: "a day within the training",
		reasonNL: fmt.Sprintf("“%s” valt buiten de opleiding.", title), reasonEN: "the day lies outside the training",
		hintNL: "Kijk in het bronsysteem de begindatum en de einddatum van de opleiding na, en verbeter de datum die verkeerd is.",
		hintEN: "correct the day, or the training's dates",
	}
}

func documentFileTexts(title string) texts {
	return texts{
		expected: "het pad van een PDF in de documentenmap, zoals 2026/verslag-0012.pdf", expectedEN: "such as 2026/verslag-0012.pdf",
		reasonNL: fmt.Sprintf("“%s” is geen pad van een PDF in de documentenmap.", title), reasonEN: "not the path of a PDF below the documents folder",
		hintNL: "Geef het pad vanaf de documentenmap, met schuine strepen (/) en .pdf op het einde: geen schijfletter, geen \\ en geen “..”.",
		hintEN: "give a path relative to the documents folder, with forward slashes, that ends in .pdf",
	}
}

func readySinceTexts() texts {
	return texts{
		expected: "Klaar sinds",
		reasonNL: "De cliënt staat als klaar voor een traject, maar “Klaar sinds” is niet ingevuld.", reasonEN: "ready, but not since when",
		hintNL: "Vul in het bronsysteem in sinds welke dag de cliënt klaar is: vanaf die dag geldt categorie 05.",
		hintEN: "fill in since when the client is ready",
	}
}

func decisionTexts(title string) texts {
	return texts{
		expected: title,
		reasonNL: fmt.Sprintf("Een beslissing over de categorie is maar voor een deel ingevuld: “%s” ontbreekt.", title),
		reasonEN: "a decision about the category is not complete",
		hintNL:   "Vul de besliste categorie, de datum en de reden alle drie in, of laat ze alle drie leeg.",
		hintEN:   "fill in category, date and reason, or none of them",
	}
}
