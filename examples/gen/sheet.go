package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A table is one file of the export.
type table struct {
	name    string
	heading []string
	rows    []*row
}

// A row is one data row. raw, where set, is written as it stands: that is how rows
// are bad in ways that correct quoting can't be.
type row struct {
	sort  string
	cells []string
	raw   string
}

// badByte marks the place of a byte that Windows-1252 lacks.
const badByte = "\uE000"

func (t *table) add(key string, cells ...string) *row {
	if len(cells) != len(t.heading) {
		panic(fmt.Sprintf("%s: %d cells under %d headings", t.name, len(cells), len(t.heading)))
	}
	r := &row{sort: key, cells: cells}
	t.rows = append(t.rows, r)
	return r
}

// set changes the cell under a heading.
func (t *table) set(r *row, heading, value string) {
	i := slices.Index(t.heading, heading)
	if i < 0 {
		panic(t.name + " has no column " + heading)
	}
	r.cells[i] = value
}

// encode writes the file as a vendor's report does: Windows-1252, semicolons, CRLF,
// quotes only where needed, and a line at the bottom that counts the rows.
func (t *table) encode() ([]byte, error) {
	slices.SortStableFunc(t.rows, func(a, b *row) int { return strings.Compare(a.sort, b.sort) })
	var b bytes.Buffer
	lines := []*row{{cells: t.heading}}
	lines = append(lines, t.rows...)
	lines = append(lines, &row{raw: "Totaal aantal rijen;" + strconv.Itoa(len(t.rows))})
	for _, r := range lines {
		line, err := r.encode()
		if err != nil {
			return nil, err
		}
		b.Write(line)
		b.WriteString("\r\n")
	}
	return b.Bytes(), nil
}

func (r row) encode() ([]byte, error) {
	text := r.raw
	if text == "" {
		quoted := make([]string, len(r.cells))
		for i, c := range r.cells {
			quoted[i] = quote(c)
		}
		text = strings.Join(quoted, ";")
	}
	parts := strings.Split(text, badByte)
	for i, p := range parts {
		encoded, err := charmap.Windows1252.NewEncoder().String(p)
		if err != nil {
			return nil, fmt.Errorf("encode a row as Windows-1252: %w", err)
		}
		parts[i] = encoded
	}
	return []byte(strings.Join(parts, "\x81")), nil
}

func quote(cell string) string {
	if !strings.ContainsAny(cell, ";\"\r\n") {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}

// tables are the files of the export.
type tables struct {
	clientTable, intakeTable, trackTable, contractTable, evaluationTable, handoverTable *table
	placementTable, trainingTable, competenceTable, documentTable                       *table
}

func (t tables) all() []*table {
	return []*table{t.clientTable, t.intakeTable, t.trackTable, t.contractTable, t.evaluationTable, t.handoverTable,
		t.placementTable, t.trainingTable, t.competenceTable, t.documentTable}
}

// The headings are what a vendor would print, with columns that nobody here needs.
func newTables() (t tables) {
	t.clientTable = &table{name: "clienten_20260315.csv", heading: []string{
		"Cliëntnummer", "Naam", "Voornaam", "Geboortedatum", "INSZ", "Burgerlijke staat", "Straat en nummer", "Postcode", "Gemeente",
		"NIS-code", "Contacttaal", "Maatschappelijk werker", "Aard dossier", "Klaar voor traject", "Klaar sinds",
		"Niet langer klaar op", "Inschrijving VDAB door", "Werkloosheidsuitkering", "Uitkering sinds", "Uitkering aangevraagd op", "Beslissing RVA",
		"Recht op uitkering vanaf", "Datum beslissing RVA", "Leefloon", "Leefloonbedrag", "Einde steun op", "93 bevestigd op",
		"Besliste categorie", "Beslist op", "Reden beslissing", "Laatste contact"}}
	t.intakeTable = &table{name: "instroom_20260315.csv", heading: []string{
		"Dossier", "Familienaam", "Roepnaam", "Rijksregisternr", "Geb. datum", "Adres", "Taal", "MW", "Aangemeld op",
		"Trajectklaar?", "Sedert", "Schrijft in", "RVA-uitkering", "Steun"}}
	t.trackTable = &table{name: "trajecten_20260315.csv", heading: []string{
		"Cliëntnummer", "Trajectnr", "Soort traject", "Datum keuze", "Motivatie", "Reden instroom", "Reguliere economie binnen 2 jaar",
		"Jobdoelwit", "POP opgemaakt op", "Start WEO", "Einde WEO", "Reden einde WEO", "Trajectbegeleider", "Subsidie per maand",
		"Sociale economie hoogst haalbaar op", "Indicering aangevraagd op", "Eindadvies", "Datum eindadvies"}}
	t.contractTable = &table{name: "contracten_20260315.csv", heading: []string{
		"Cliëntnummer", "Contractnr", "Soort contract", "Begindatum", "Einddatum", "Regime", "Regime vanaf", "Uren per week",
		"KBO werkgever", "Werkgever", "Sociale economie", "Referentie NovaPrima", "Verhoogde toelage vanaf", "Verhoogde toelage tot en met"}}
	t.evaluationTable = &table{name: "evaluaties_20260315.csv", heading: []string{
		"Cliëntnummer", "Trajectnr", "Datum evaluatie", "Soort evaluatie", "Competenties gescoord", "POP aangevuld",
		"Verslag opgeladen", "Beoordelaar", "Commentaar", "Geschrapt"}}
	t.handoverTable = &table{name: "overdrachten_20260315.csv", heading: []string{
		"Cliëntnummer", "Aanvraagnr", "Soort overdracht", "Datum keuze", "Motivatie", "Gronden", "Grond 1 overbrugbaar",
		"Realistische joboriëntatie", "Zelfinzicht", "Nood aan werkervaring", "Actieklaar", "Contacttaal",
		"Niet-arbeidsmarktgerichte problemen", "Sociale economie hoogst haalbaar", "Nood aan scholing", "Nood aan taalopleiding",
		"Ander traject meer aangewezen", "Beroep tegen mutualiteit", "Jobdoelwit", "Geïnformeerd op", "Nota",
		"Start opleiding", "Einde opleiding"}}
	t.placementTable = &table{name: "plaatsingen_20260315.csv", heading: []string{
		"Cliëntnummer", "Trajectnr", "Soort plaatsing", "Begindatum", "Einddatum", "KBO werkplek", "Werkplek", "Soort werkplek",
		"Stageplan", "Uren per maand", "Gemeenschapsdienst"}}
	t.trainingTable = &table{name: "opleidingen_20260315.csv", heading: []string{
		"Cliëntnummer", "Opleiding", "Verstrekker", "Begindatum", "Einddatum", "Erkend", "Regime", "Voltijds vanaf", "Start stage",
		"Einde stage", "Nood bekend op", "Halftijds begeleid", "Past bij jobdoelwit"}}
	t.competenceTable = &table{name: "competenties_20260315.csv", heading: []string{
		"Cliëntnummer", "Competentie", "Score", "Gescoord op", "Gescoord door"}}
	t.documentTable = &table{name: "documenten_20260315.csv", heading: []string{
		"Cliëntnummer", "Trajectnr", "Soort document", "Datum document", "Bestand"}}
	return t
}
