package mockmlp

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The page shows what the mock holds, and lets a person break it, move its clock and let VDAB act. It is served beside the control API and
// needs no script to be read or used: page/live.js only renews the part called "live" when the mock says that something happened.
// Social security numbers are shown masked and never stand in a URL.

//go:embed page
var pageFiles embed.FS

// contentPolicy allows what the binary carries, and nothing from anywhere else.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageTemplates are the pages by name, each with the layout around it.
var pageTemplates = sync.OnceValues(func() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Funcs(pageFuncs()).ParseFS(pageFiles, "page/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parse the page's layout: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"overview", "dossiers", "dossier", "handovers", "journal", "faults", "clock", "scenarios", "message"} {
		base, err := layout.Clone()
		if err == nil {
			pages[name], err = base.ParseFS(pageFiles, "page/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
	}
	return pages, nil
})

func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"word": word, "short": shortID, "lower": strings.ToLower,
		"list":    func(items ...string) []string { return items },
		"belgian": belgianTime,
	}
}

// controlHandler is the control API with the page around it. A browser that shows another site can't write here: cross-origin writes are refused.
func (m *Mock) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/control/", m.controlMux())
	mux.HandleFunc("GET /{$}", m.pageOverview)
	mux.HandleFunc("GET /dossiers", m.pageDossiers)
	mux.HandleFunc("GET /dossiers/{id}", m.pageDossier)
	mux.HandleFunc("POST /find", m.findDossier)
	mux.HandleFunc("GET /handovers", m.pageHandovers)
	mux.HandleFunc("GET /journal", m.pageJournal)
	mux.HandleFunc("GET /faults", m.pageFaults)
	mux.HandleFunc("POST /faults", m.addPageFault)
	mux.HandleFunc("POST /faults/remove", m.removePageFault)
	mux.HandleFunc("GET /clock", m.pageClock)
	mux.HandleFunc("POST /clock", m.movePageClock)
	mux.HandleFunc("GET /scenarios", m.pageScenarios)
	mux.HandleFunc("POST /scenarios", m.runPageScenario)
	mux.HandleFunc("GET /live", m.live)
	mux.Handle("GET /page/", embedded(pageFiles, "style.css", "live.js", "icon.svg"))
	return http.NewCrossOriginProtection().Handler(mux)
}

// embedded serves the files named, from the folder page of a file system.
func embedded(files fs.FS, names ...string) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range names {
			if r.URL.Path == "/page/"+name {
				w.Header().Set("Cache-Control", "no-cache")
				w.Header().Set("X-Content-Type-Options", "nosniff")
				server.ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	})
}

// pageData is what the layout gets; Body is the page's own.
type pageData struct {
	Title, English, Active string
	Head                   pageHead
	// Error is what is wrong with a form that was sent.
	Error string
	Body  any
}

// pageHead is what stands above each page, and what the live stream tells.
type pageHead struct {
	Clock    string `json:"clock"`
	Frozen   bool   `json:"frozen"`
	Dossiers int    `json:"dossiers"`
	Effects  int    `json:"effects"`
	Requests int64  `json:"requests"`
	Faults   int    `json:"faults"`
	// Revision changes with whatever a page shows, the running clock aside.
	Revision string `json:"revision"`
}

const pageTime = "2006-01-02 15:04:05"

// head reads the numbers; what is due at VDAB's side is done first, as before each request.
func (m *Mock) head() pageHead {
	m.mu.Lock()
	defer m.mu.Unlock()
	// When a due 78 can't be written it stays pending, and the clock's page shows it as such.
	_ = m.runDue()
	return pageHead{
		Clock: m.clock.now().In(m.brussels).Format(pageTime), Frozen: m.opts.Frozen, Dossiers: len(m.state.Dossiers),
		Effects: len(m.state.Effects), Requests: m.journal.total, Faults: len(m.faults.list),
		Revision: fmt.Sprintf("%d-%d-%d-%d-%d", m.state.Epoch, m.state.Seq, m.journal.total, m.faults.number, len(m.faults.list)),
	}
}

// belgianTime writes an instant for people; a place without time zones gets UTC.
func belgianTime(t time.Time) string {
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		return t.UTC().Format(pageTime) + " UTC"
	}
	return t.In(brussels).Format(pageTime)
}

func (m *Mock) show(w http.ResponseWriter, status int, name string, data pageData) {
	data.Head = m.head()
	pages, err := pageTemplates()
	var b bytes.Buffer
	if err == nil {
		err = pages[name].ExecuteTemplate(&b, "layout.html", data)
	}
	if err != nil {
		m.opts.Logger.Error().Str("event", "page").Str("page", name).Err(err).Send()
		http.Error(w, "the page can't be shown", http.StatusInternalServerError)
		return
	}
	sendPage(w, status, b.Bytes())
}

func sendPage(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func (m *Mock) notFoundPage(w http.ResponseWriter) {
	m.show(w, http.StatusNotFound, "message", pageData{Title: "Niet gevonden", English: "not found", Active: "dossiers",
		Body: "De mock heeft geen dossier van deze persoon. Maak het aan langs de API, of begin met een scenario dat het heeft."})
}

// parseForm reads a form that was sent, within the limit of any body.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return errors.New("het formulier kon niet gelezen worden")
	}
	return nil
}
