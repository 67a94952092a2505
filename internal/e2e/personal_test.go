package e2e_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The personal fields, each with a text of its own in it: the word in front is found by the
// canary, the rest says which field got out.
const planted = "kanarie"

// plantedColumns are those of the sample with free text or a person in them.
func plantedColumns() []string {
	return []string{
		"Naam", "Familienaam", "Voornaam", "Roepnaam", "Straat en nummer", "Adres", "Motivatie", "Nota", "Commentaar",
		"Reden beslissing", "Eindadvies", "Opleiding", "Competentie", "Jobdoelwit", "Bestand",
	}
}

// plant writes the text of its column into each personal cell that is filled in, and gives
// the social security numbers, as digits, beside the files.
func plant(t *testing.T, files map[string][]byte) (map[string][]byte, []string) {
	t.Helper()
	out, numbers := map[string][]byte{}, []string{}
	for name, content := range files {
		header, data := rows(content)
		heads := strings.Split(strings.TrimSpace(fromWindows1252(header)), ";")
		for i, row := range data {
			cells := cellsOf(t, row)
			for j, head := range heads {
				switch {
				case head == "INSZ" || head == "Rijksregisternr":
					numbers = append(numbers, strings.NewReplacer(".", "", "-", "").Replace(cells[j]))
				case head == "Bestand":
					cells[j] = planted + "/bestand.pdf"
				case cells[j] != "" && slices.Contains(plantedColumns(), head):
					cells[j] = fmt.Sprintf("%s %s %d", planted, strings.ToLower(head), i)
				}
			}
			data[i] = windows1252(strings.Join(cells, ";") + "\r\n")
		}
		out[name] = file(header, data)
	}
	return out, numbers
}

func cellsOf(t *testing.T, row []byte) []string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(fromWindows1252(row)))
	r.Comma, r.FieldsPerRecord = ';', -1
	cells, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for i := range cells {
		cells[i] = strings.NewReplacer("\n", " ", ";", ",").Replace(cells[i])
	}
	return cells
}

// envelopes are what a gateway on the way to MLP writes in its log: method, address, headers.
type envelopes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (e *envelopes) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		fmt.Fprintln(&e.text, r.Method, r.RequestURI, r.Header)
		e.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// What a caseworker reads may hold the names of organisations, and the reasons that a colleague typed; nothing
// else may.
const (
	partnerName  = planted + "-partner vzw"
	assigneeName = planted + "-toegewezen vzw"
	typedReason  = planted + " reden van een collega"
)

// Something personal in every field of an export, in what others change in MLP and in what is typed: none of it is in
// what another program or another person reads, with the daemon at trace level.
func TestNothingPersonalGetsOut(t *testing.T) {
	t.Parallel() // it often waits
	w := newWorld(t)
	p := &personal{daemon: &daemon{world: w}, persons: persons(t)}
	gateway := httptest.NewServer(p.way.around(w.mock.API()))
	defer gateway.Close()
	if err := examples.Install(w.dir, gateway.URL); err != nil {
		t.Fatal(err)
	}
	replaceIn(t, w.path("mlpsync.yaml"), "level: info", "level: trace")
	p.report("eerste versie")
	clients := append(few(), "Z10734", "Z10779", "Z10278", "Z10362")
	files, numbers := plant(t, only(t, clients...))
	p.numbers = append(numbers, p.persons["Z10905"])
	stop := p.start()
	w.drop(files)
	p.calm("", 0)
	p.provesEyesight()
	p.others()
	p.calm(`"event":"observe.changed"`, 1)
	p.orders()
	p.refusals(files)
	p.told(`"event":"deliver.parked"`, 2)
	p.everyCommand(clients)
	stop()
	p.look("the daemon's log", p.log.bytes())
	p.look("the way to MLP", p.way.text.Bytes())
	p.folder()
}

// personal looks through what the daemon and other commands leave.
type personal struct {
	*daemon
	numbers []string
	persons map[string]string
	way     envelopes
}

// report is what the documents folder holds under every document's path.
func (p *personal) report(text string) {
	p.t.Helper()
	if err := os.MkdirAll(p.path("documents/"+planted), 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.write("documents/"+planted+"/bestand.pdf", []byte("%PDF-1.4\n"+planted+" "+text+"\n%%EOF\n"))
}

// provesEyesight: what is looked for has arrived, in the daemon as in MLP.
func (p *personal) provesEyesight() {
	p.t.Helper()
	state, err := json.Marshal(p.mock.State())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, field := range []string{"naam", "voornaam", "straat en nummer", "eindadvies", "competentie", "motivatie", "nota", "jobdoelwit", "opleiding"} {
		if !bytes.Contains(state, []byte(planted+" "+field)) {
			p.t.Errorf("MLP holds no %s: the canary has nothing to see", field)
		}
	}
	if n := len(p.mock.State().Dossiers); n == 0 || !bytes.Contains(state, []byte(`"interimReport"`)) {
		p.t.Errorf("%d dossiers, or no document in MLP", n)
	}
	for _, line := range []string{`"level":"debug"`, `"event":"client.decided"`, `"event":"mlp.request"`} {
		if !bytes.Contains(p.log.bytes(), []byte(line)) {
			p.t.Errorf("the log at trace level has no line with %s", line)
		}
	}
}

// others change dossiers in MLP.
func (p *personal) others() {
	p.t.Helper()
	mock, newNumber := p.mock, "88650149136"
	p.numbers = append(p.numbers, newNumber)
	for name, do := range map[string]func() (mockmlp.Effect, error){
		"assigned": func() (mockmlp.Effect, error) {
			return mock.HandoverAnswered(p.persons["Z10773"], "", "assigned", "", assigneeName)
		},
		"rejected": func() (mockmlp.Effect, error) {
			return mock.HandoverAnswered(p.persons["Z10278"], "", "rejected", "other", "")
		},
		"edited": func() (mockmlp.Effect, error) {
			return mock.DossierEdited(p.persons[starter], "", "", map[string]any{
				"address": map[string]any{"street": planted + " straat in MLP"}, "jobTarget": map[string]any{"description": planted + " doel in MLP"}})
		},
		"number": func() (mockmlp.Effect, error) { return mock.SSINReplaced(p.persons["Z10905"], newNumber) },
		"owner": func() (mockmlp.Effect, error) {
			return mock.OwnerChanged(p.persons["Z10278"], map[string]any{"kind": "partner", "name": partnerName})
		},
	} {
		if _, err := do(); err != nil {
			p.t.Errorf("%s: %v", name, err)
		}
	}
}

// orders are given beside the daemon; it applies them.
func (p *personal) orders() {
	p.t.Helper()
	adopts := regexp.MustCompile(` --question \d+ --adopt`).FindString(p.said("explain", starter).stdout) // of two: the address and the plan
	for _, order := range [][]string{
		{"hold", "Z10779"}, {"decide", "Z10230", "--category", "05"}, append([]string{"decide", starter}, strings.Fields(adopts)...),
	} {
		if r := p.said(order[0], append(order[1:], "--reason", typedReason)...); r.code != 0 {
			p.t.Errorf("%v: %s", order, r)
		}
	}
	p.calm(`"event":"request.applied"`, 3)
}

// refusals are what MLP says to another final advice and another document.
func (p *personal) refusals(files map[string][]byte) {
	p.t.Helper()
	for operation, client := range map[string]string{"putNote": "Z10734", "putDocument": "Z10362"} {
		_, err := p.mock.AddFault(mockmlp.Fault{
			Match: mockmlp.FaultMatch{OperationID: operation, Person: p.persons[client]}, Response: mockmlp.FaultResponse{Status: 400},
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	p.report("tweede versie")
	changed := map[string][]byte{}
	for name, content := range files {
		content = bytes.ReplaceAll(content, []byte(planted+" eindadvies"), []byte(planted+" eindadvies, herzien"))
		changed[name] = bytes.ReplaceAll(content, []byte(planted+" motivatie"), []byte(planted+" motivatie, herzien"))
	}
	p.drop(changed)
}

// everyCommand runs what reads beside the daemon, for people and for programs.
func (p *personal) everyCommand(clients []string) {
	p.t.Helper()
	commands := [][]string{
		{"worklist"}, {"deadlines"}, {"status"}, {"queue list"}, {"plan"}, {"guard show"}, {"state check", "--deep"},
		{"rules diff", "--as-of", "2024-01-15", "--as-of", "2026-01-15"}, {"audit", "--limit", "0"}, {"audit show", "1"}, {"audit check"},
	}
	for _, client := range clients {
		commands = append(commands, []string{"explain", client})
	}
	entries := regexp.MustCompile(`"id": "([0-9a-f-]{36})"`).FindAllStringSubmatch(p.said("queue list", "--json").stdout, -1)
	for _, id := range entries {
		commands = append(commands, []string{"queue show", id[1]})
	}
	if len(entries) < 2 {
		p.t.Errorf("%d entries are parked, want the note and the document", len(entries))
	}
	for _, c := range commands {
		for _, args := range [][]string{c[1:], append(slices.Clone(c[1:]), "--json")} {
			left := 0
			if c[0] == "plan" { // a change waits behind one that is parked
				left = 1
			}
			if r := p.said(c[0], args...); r.code != left {
				p.t.Errorf("%v: %s", c, clipped(r.String()))
			}
		}
	}
	p.said("deadlines", "--ics", p.path("termijnen.ics"))
	p.said("state backup", p.path("kopie.db"))
}

// said runs a command and looks through what it says.
func (p *personal) said(command string, args ...string) result {
	p.t.Helper()
	r := p.run(command, args...)
	out := r.stdout
	if command == "explain" || command == "worklist" || command == "audit" {
		out = allowed(out)
	}
	p.look(command+" "+strings.Join(args, " "), []byte(out+r.stderr))
	return r
}

// allowed takes out what a caseworker, or who reads the audit, may read.
func allowed(text string) string {
	return strings.NewReplacer(partnerName, "", assigneeName, "", typedReason, "").Replace(text)
}

// look fails where text holds something personal.
func (p *personal) look(where string, text []byte) {
	p.t.Helper()
	lower := bytes.ToLower(text)
	if i := bytes.Index(lower, []byte(planted)); i >= 0 {
		p.t.Errorf("%s holds personal data: ...%s...", where, text[max(0, i-60):min(len(text), i+60)])
	}
	for _, number := range p.numbers {
		full := strings.Repeat("0", 11-len(number)) + number
		dotted := full[:2] + "." + full[2:4] + "." + full[4:6] + "-" + full[6:9] + "." + full[9:]
		for _, n := range []string{number, full, dotted} {
			if bytes.Contains(text, []byte(n)) {
				p.t.Errorf("%s holds the number %s", where, n)
			}
		}
	}
}

// folder looks at every name and every file of the installation, but for the municipality's own.
func (p *personal) folder() {
	p.t.Helper()
	looked := map[string]bool{}
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(p.dir, path)
		if err != nil {
			return err
		}
		if name == "in" || name == "documents" {
			return fs.SkipDir
		}
		p.look("a file name", []byte(name))
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		if strings.HasPrefix(name, "reports") {
			content = []byte(allowed(string(content)))
		}
		p.look(name, content)
		looked[strings.TrimRight(filepath.Base(path), "-0123456789.csv")] = true
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range []string{"ledger.db", "kopie.db", "werklijst", "afgekeurd", "termijnen.i"} {
		if !looked[name] {
			p.t.Errorf("never looked at %s: %v", name, looked)
		}
	}
}

func replaceIn(t *testing.T, path, old, text string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(content, []byte(old)) {
		t.Fatalf("%s does not hold %q", filepath.Base(path), old)
	}
	if err := os.WriteFile(path, bytes.Replace(content, []byte(old), []byte(text), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}
