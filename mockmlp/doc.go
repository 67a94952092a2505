package mockmlp

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/mlpsync/mlpsync/schemas/mlp"
)

// The API's documentation stands on the API's own address, without a token: a page made of the document, and the document itself as YAML and JSON.
// It needs nothing from the internet.

// docPages are what is served under /doc, by path: made once, since the document never changes.
var docPages = sync.OnceValues(func() (map[string]docFile, error) {
	text := mlp.Document()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("convert the document: %w", err)
	}
	page, err := renderDoc(text)
	if err != nil {
		return nil, err
	}
	pages := map[string]docFile{
		"/doc":              {"text/html; charset=utf-8", page},
		"/doc/openapi.yaml": {"application/yaml; charset=utf-8", text},
		"/doc/openapi.json": {"application/json", asJSON},
	}
	for name, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "doc.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		b, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		pages["/doc/"+name] = docFile{kind, b}
	}
	return pages, nil
})

type docFile struct {
	contentType string
	body        []byte
}

// withDoc puts the documentation beside the API. All other paths, and all other methods, are the API's.
func withDoc(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/doc") || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			api.ServeHTTP(w, r)
			return
		}
		pages, err := docPages()
		if err != nil {
			http.Error(w, "the documentation can't be shown: "+err.Error(), http.StatusInternalServerError)
			return
		}
		file, there := pages[strings.TrimSuffix(r.URL.Path, "/")]
		if !there {
			api.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", file.contentType)
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(file.body)
	})
}

func renderDoc(text []byte) ([]byte, error) {
	var root node
	if err := yaml.UnmarshalWithOptions(text, &root, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("parse the document: %w", err)
	}
	t, err := template.New("doc.html").Funcs(template.FuncMap{"prose": prose, "name": refName}).ParseFS(pageFiles, "page/doc.html")
	if err != nil {
		return nil, fmt.Errorf("parse the documentation's page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newDocument(root)); err != nil {
		return nil, fmt.Errorf("make the documentation's page: %w", err)
	}
	return b.Bytes(), nil
}

// prose writes the little of Markdown that the document uses: paragraphs, lists, `code` and **stress**. All text is escaped first.
func prose(text string) template.HTML {
	var b strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		items := strings.Split("\n"+block, "\n- ")
		if lead := strings.TrimSpace(items[0]); lead != "" {
			b.WriteString("<p>" + inlineProse(lead) + "</p>")
		}
		if len(items) > 1 {
			b.WriteString("<ul>")
			for _, item := range items[1:] {
				b.WriteString("<li>" + inlineProse(item) + "</li>")
			}
			b.WriteString("</ul>")
		}
	}
	return template.HTML(b.String())
}

// inlineProse marks every second part between the marks. Stress goes on over code; a mark within code is code.
func inlineProse(text string) string {
	var b strings.Builder
	stress := false
	for i, part := range strings.Split(template.HTMLEscapeString(text), "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + part + "</code>")
			continue
		}
		for j, piece := range strings.Split(part, "**") {
			if j > 0 {
				stress = !stress
				b.WriteString(map[bool]string{true: "<strong>", false: "</strong>"}[stress])
			}
			b.WriteString(piece)
		}
	}
	if stress { // an end mark is missing
		b.WriteString("</strong>")
	}
	return b.String()
}
