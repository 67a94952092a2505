package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// documentsClient has a WEO that ended, so that documents are sent; its name is in no path of the sample.
const documentsClient = "Z10734"

// documentRows puts rows for documentsClient, one for each path, into the export's file of documents.
func documentRows(files map[string][]byte, paths []string) {
	name := "documenten" + tonight
	header, data := rows(files[name])
	for i, path := range paths {
		day := fmt.Sprintf("%02d/%02d/2025", i%28+1, i/28+1)
		data = append(data, windows1252(documentsClient+";T-2024;tussentijds verslag;"+day+";"+path+"\r\n"))
	}
	files[name] = file(header, data)
}

func (w *world) pdf(name string, size int) {
	w.t.Helper()
	const head, end = "%PDF-1.4\n", "\n%%EOF\n"
	path := w.path("documents/" + name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.write("documents/"+name, []byte(head+strings.Repeat("x", size-len(head)-len(end))+end))
}

// documents counts those that MLP took.
func (w *world) documents() int {
	n := 0
	for _, e := range w.mock.Effects() {
		if e.Kind == "document" {
			n++
		}
	}
	return n
}

// tellsNoPath runs commands and reads the reports: none says where a document lies.
func (w *world) tellsNoPath() {
	w.t.Helper()
	for _, command := range []string{"explain " + documentsClient, "explain " + documentsClient + " --json", "worklist", "worklist --json", "queue list", "plan --json", "status --json"} {
		words := strings.Fields(command)
		noPath(w.t, command, mlpsync(w.t, append(words, "-c", w.path("mlpsync.yaml"))...).String())
	}
	reports, err := filepath.Glob(w.path("reports/*"))
	if err != nil || len(reports) == 0 {
		w.t.Errorf("no reports: %v", err)
	}
	for _, report := range reports {
		content, err := os.ReadFile(report)
		if err != nil {
			w.t.Error(err)
		}
		noPath(w.t, filepath.Base(report), string(content))
	}
}

func noPath(t testing.TB, where, text string) {
	t.Helper()
	if i := strings.Index(strings.ToLower(text), planted); i >= 0 {
		t.Errorf("%s says where a document lies: ...%s...", where, text[max(0, i-60):min(len(text), i+60)])
	}
}

// What can't be a path below a folder, on any system, is a rejected row; the path itself is told nowhere.
func TestDocumentPathsThatLeadAstray(t *testing.T) {
	w := newWorld(t)
	files := only(t, documentsClient, starter)
	paths := []string{
		"../kanarie.pdf", "kanarie/../../x.pdf", "/kanarie.pdf", `C:\kanarie.pdf`, "C:kanarie.pdf", `\\kanarie\x.pdf`, `kanarie\..\x.pdf`,
		"kanarie.pdf:stroom", "kanarie.docx", "kanarie/", "./kanarie.pdf", "kanarie//x.pdf", "kanarie/" + strings.Repeat("x", 400) + ".pdf",
	}
	documentRows(files, paths)
	w.drop(files)
	r := w.run("once")
	if want := fmt.Sprintf("REJECTED ROWS   %d reasons", len(paths)); r.code != 0 || !strings.Contains(r.stdout, want) {
		t.Errorf("want %q: %s", want, clipped(r.String()))
	}
	if n := w.documents(); n != 0 {
		t.Errorf("%d documents were sent of a client with rejected rows", n)
	}
	noPath(t, "once", r.String())
	w.tellsNoPath()
}

// Many documents of one client; the largest that goes, and one byte more; what is no file; then the
// folder is away for a while.
func TestManyDocumentsAndNoFolder(t *testing.T) {
	t.Parallel() // it often waits
	w := newWorld(t)
	files := only(t, documentsClient, starter)
	w.pdf("kanarie/limit.pdf", 5<<20)
	w.pdf("kanarie/large.pdf", 5<<20+1)
	w.pdf("kanarie/map.pdf/x.pdf", 100)
	paths := []string{"kanarie/limit.pdf", "kanarie/large.pdf", "kanarie/map.pdf", "kanarie/weg.pdf"}
	const many = 100
	for i := range many {
		w.pdf(fmt.Sprintf("veel/kanarie%d.pdf", i), 1000+i)
		paths = append(paths, fmt.Sprintf("veel/kanarie%d.pdf", i))
	}
	documentRows(files, paths)
	w.drop(files)
	r := w.run("once")
	const sent = many + 2 // and the sample's own
	if n := w.documents(); r.code != 0 || n != sent {
		t.Errorf("%d documents were sent, want %d: %s", n, sent, clipped(r.String()))
	}
	noPath(t, "once", r.String())
	list := w.run("worklist").stdout
	for _, reason := range []string{"het bestand is te groot", "het bestand kon niet gelezen worden", "het bestand staat niet in de documentenmap"} {
		if !strings.Contains(strings.Join(strings.Fields(list), " "), reason) {
			t.Errorf("the worklist does not say that %s:\n%s", reason, clipped(list))
		}
	}
	w.tellsNoPath()

	// Decided again while the folder is away: what MLP has stays, and nobody takes it for changed.
	if err := os.Rename(w.path("documents"), w.path("away")); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		files[name] = bytes.ReplaceAll(content, []byte("vlotte leerder"), []byte("vlotte leerling"))
	}
	w.drop(files)
	if r := w.run("once"); r.code != 0 || w.documents() != sent {
		t.Errorf("%d documents without their folder: %s", w.documents(), clipped(r.String()))
	}
	if err := os.Rename(w.path("away"), w.path("documents")); err != nil {
		t.Fatal(err)
	}
	w.drop(only(t, documentsClient, starter))
	if r := w.run("once"); r.code != 0 || w.documents() != sent {
		t.Errorf("%d documents when the folder is back: %s", w.documents(), clipped(r.String()))
	}
}
