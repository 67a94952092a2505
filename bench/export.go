package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// All people are synthetic: TST numbers and made-up names, like those of examples.

// testNumber is the i-th TST number: month 61 to 72 (MAGDA), valid modulo 97.
func testNumber(i int) string {
	day, month, year, counter := i%28+1, i/28%12+61, i/336%100, i/33600%900+1
	n := year*10000000 + month*100000 + day*1000 + counter
	return fmt.Sprintf("%09d%02d", n, 97-n%97)
}

// rowsOfAClient are a client row and the jobs that it had: 1,000,000 rows are 62,500 clients, about as many as a
// service shared by all of Flanders has.
const rowsOfAClient = 16

// sheet writes one feed's file with the columns of the sample.
type sheet struct {
	w       *bufio.Writer
	f       *os.File
	columns []string
	rows    int
}

func newSheet(dir, feed, stamp string) (*sheet, error) {
	columns, err := headerOf(feed)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, feed+"_"+stamp+".csv"))
	if err != nil {
		return nil, err
	}
	s := &sheet{w: bufio.NewWriterSize(f, 1<<18), f: f, columns: columns}
	_, err = s.w.WriteString(strings.Join(columns, ";") + "\r\n")
	return s, err
}

// headerOf are the columns of the sample's file of a feed.
func headerOf(feed string) ([]string, error) {
	names, err := fs.Glob(examples.Export(), feed+"_*.csv")
	if err != nil || len(names) != 1 {
		return nil, fmt.Errorf("the sample has no one file of %s", feed)
	}
	text, err := fs.ReadFile(examples.Export(), names[0])
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(text, []byte("\r\n"))
	runes := make([]rune, len(line)) // headers are in Latin-1
	for i, c := range line {
		runes[i] = rune(c)
	}
	return strings.Split(string(runes), ";"), nil
}

func (s *sheet) row(values map[string]string) {
	s.rows++
	for i, column := range s.columns {
		if i > 0 {
			_ = s.w.WriteByte(';')
		}
		_, _ = s.w.WriteString(values[column])
	}
	_, _ = s.w.WriteString("\r\n") // close tells of errors
}

// close ends the file with the line by which one that was cut off is known.
func (s *sheet) close() error {
	_, err := fmt.Fprintf(s.w, "Totaal aantal rijen;%d\r\n", s.rows)
	return errors.Join(err, s.w.Flush(), s.f.Close())
}

func clientRow(i int, ready string) map[string]string {
	number := testNumber(i)
	row := map[string]string{
		"Cliëntnummer": clientNumber(i), "Naam": fmt.Sprintf("Testpersoon-%d", i), "Voornaam": "Robin", "Geboortedatum": "07/12/1986",
		"INSZ":              number[:2] + "." + number[2:4] + "." + number[4:6] + "-" + number[6:9] + "." + number[9:],
		"Burgerlijke staat": "gehuwd", "Straat en nummer": fmt.Sprintf("Veldstraat %d", i%300+1), "Postcode": "9999", "Gemeente": "Zonnedorp",
		"NIS-code": examples.NIS, "Contacttaal": "nl", "Maatschappelijk werker": fmt.Sprintf("mw-%03d", i%40), "Aard dossier": "Activering",
		"Klaar voor traject": "N", "Inschrijving VDAB door": "OCMW", "Werkloosheidsuitkering": "geen", "Leefloon": "geen", "Laatste contact": "06/03/2026",
	}
	if ready != "" {
		row["Klaar voor traject"], row["Klaar sinds"] = "J", ready
	}
	return row
}

func clientNumber(i int) string { return fmt.Sprintf("Z%07d", i) }

// writeJobs writes an export of n data rows in which MLP has nothing to hear of anybody: clients who are not ready, and
// the regular jobs that they had. Of one in hundred, counted from odd, a row is another than in an export of odd 0.
func writeJobs(dir, stamp string, n int, odd bool) error {
	clients, err := newSheet(dir, "clienten", stamp)
	if err != nil {
		return err
	}
	jobs, err := newSheet(dir, "contracten", stamp)
	if err != nil {
		return err
	}
	for row := range n {
		i, nth := row/rowsOfAClient, row%rowsOfAClient
		changed := odd && row%100 == 7
		if nth == 0 {
			values := clientRow(i, "")
			if changed {
				values["Straat en nummer"] = "Molenveld 1"
			}
			clients.row(values)
			continue
		}
		start := casefile.NewDate(2004+nth, time.Month(1+i%12), 1+i%20)
		end := start.AddMonths(6)
		if changed {
			end = end.AddDays(1)
		}
		jobs.row(map[string]string{
			"Cliëntnummer": clientNumber(i), "Contractnr": fmt.Sprintf("C%02d", nth), "Soort contract": "Regulier", "Begindatum": start.Dutch(), "Einddatum": end.Dutch(),
			"Regime": "Voltijds", "Regime vanaf": start.Dutch(), "Uren per week": "38,00", "KBO werkgever": "0999.999.328", "Werkgever": "Kringwinkel De Zonnewijzer vzw",
		})
	}
	return errors.Join(clients.close(), jobs.close())
}

// writeTracks writes an export of which the first clients, the active ones, have something to be sent: a TWE that began, with
// its evaluations; of more of them there is one more evaluation. MLP holds their dossiers. The others are not ready.
func writeTracks(dir, stamp string, clients, active, more int) error {
	people, err := newSheet(dir, "clienten", stamp)
	if err != nil {
		return err
	}
	tracks, err := newSheet(dir, "trajecten", stamp)
	if err != nil {
		return err
	}
	evaluations, err := newSheet(dir, "evaluaties", stamp)
	if err != nil {
		return err
	}
	for i := range clients {
		if i >= active {
			people.row(clientRow(i, ""))
			continue
		}
		people.row(clientRow(i, "14/06/2025"))
		tracks.row(map[string]string{
			"Cliëntnummer": clientNumber(i), "Trajectnr": "T-2025", "Soort traject": "TWE", "Datum keuze": "18/07/2025", "Motivatie": "Nood aan recente werkervaring.",
			"Reden instroom": "generiek", "Reguliere economie binnen 2 jaar": "J", "Jobdoelwit": "Schoonmaker", "POP opgemaakt op": "25/07/2025",
			"Start WEO": "25/07/2025", "Trajectbegeleider": "tb-03",
		})
		days := []string{"25/11/2025", "28/01/2026"}
		if i < more {
			days = append(days, "02/03/2026")
		}
		for _, day := range days {
			evaluations.row(map[string]string{
				"Cliëntnummer": clientNumber(i), "Trajectnr": "T-2025", "Datum evaluatie": day, "Soort evaluatie": "tussentijds",
				"Competenties gescoord": "J", "POP aangevuld": "J", "Verslag opgeladen": "N", "Beoordelaar": "tb-03",
			})
		}
	}
	return errors.Join(people.close(), tracks.close(), evaluations.close())
}

// scenario is what MLP holds before: the clients' dossiers, without anything in them.
func scenario(clients int) (*mockmlp.Scenario, error) {
	s, err := mockmlp.ParseScenario(examples.Scenario())
	if err != nil {
		return nil, err
	}
	s.Dossiers, s.CanceledSSINs, s.Exits, s.Script = nil, nil, mockmlp.Exits{}, nil
	for i := range clients {
		s.Dossiers = append(s.Dossiers, mockmlp.SeedDossier{
			SSIN: testNumber(i), NISCode: examples.NIS, ContactLanguage: "nl",
			Owner:   map[string]any{"kind": "ocmw", "name": examples.Name, "kboNumber": examples.KBO},
			Person:  map[string]any{"lastName": fmt.Sprintf("Testpersoon-%d", i), "firstName": "Robin", "birthDate": "1986-12-07"},
			Address: map[string]any{"street": fmt.Sprintf("Veldstraat %d", i%300+1), "postalCode": "9999", "city": "Zonnedorp", "nisCode": examples.NIS},
		})
	}
	return s, nil
}

// profileOf is the sample's column profile with only some of its feeds.
func profileOf(feeds ...string) []byte {
	const mark = "\n  - name: "
	parts := strings.Split(string(examples.Profile()), mark)
	text := parts[0]
	for _, part := range parts[1:] {
		for _, feed := range feeds {
			if strings.HasPrefix(part, feed+"\n") {
				text += mark + part
			}
		}
	}
	return []byte(text)
}

// installation is a folder with a configuration, a drop folder and a state.
type installation struct{ dir string }

func (i installation) config() string { return filepath.Join(i.dir, "mlpsync.yaml") }

// install makes one, with some of the sample's feeds, that looks for files all the time. Without release the guard stops what it wants to send.
func (b *bench) install(mock string, release bool, feeds ...string) (installation, error) {
	b.made++
	i := installation{filepath.Join(b.dir, fmt.Sprint("installation-", b.made))}
	if err := errors.Join(os.MkdirAll(i.dir, 0o700), examples.Install(i.dir, mock)); err != nil {
		return i, err
	}
	text, err := os.ReadFile(i.config())
	if err != nil {
		return i, err
	}
	own := strings.NewReplacer("poll: 200ms", "poll: 10ms", "release: true", fmt.Sprint("release: ", release)).Replace(string(text))
	return i, errors.Join(
		os.WriteFile(i.config(), []byte(own), 0o600),
		os.WriteFile(filepath.Join(i.dir, "profile.yaml"), profileOf(feeds...), 0o600),
	)
}

// drop lists the files of a folder as what is to go into the drop folder.
func (i installation) drop(from string) ([]dropped, error) {
	entries, err := os.ReadDir(from)
	var all []dropped
	for _, e := range entries {
		all = append(all, dropped{filepath.Join(from, e.Name()), filepath.Join(i.dir, "in", e.Name())})
	}
	return all, err
}

// folder makes an empty one.
func (b *bench) folder(name string) (string, error) {
	b.made++
	dir := filepath.Join(b.dir, fmt.Sprint(name, "-", b.made))
	return dir, os.MkdirAll(dir, 0o700)
}
