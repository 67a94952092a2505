package mockmlp

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	dossiersPerPage = 100
	journalOnPage   = 200
)

// dossierRow is a dossier in the list.
type dossierRow struct {
	ID, SSIN, Category, Label, Owner string
	Version                          int64
	Registrations                    int
}

// overviewBody is the first page's.
type overviewBody struct {
	Requests []journalRow
	Pending  []PendingExit
	Effects  []Effect
}

func (m *Mock) pageOverview(w http.ResponseWriter, _ *http.Request) {
	rows := m.journalRows(nil, 12)
	effects := m.lastEffects(12)
	pending := m.PendingExits()
	m.show(w, http.StatusOK, "overview", pageData{Title: "Overzicht", English: "overview", Active: "overview",
		Body: overviewBody{Requests: rows, Pending: pending[:min(len(pending), 12)], Effects: effects}})
}

// lastEffects are the newest changes, newest first.
func (m *Mock) lastEffects(n int) []Effect {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.state.Effects
	out := slices.Clone(all[max(0, len(all)-n):])
	slices.Reverse(out)
	return out
}

// dossiersBody is one page of the list.
type dossiersBody struct {
	Query            string
	Rows             []dossierRow
	Found            int
	Page, Pages      int
	Previous, Follow string
}

func (m *Mock) pageDossiers(w http.ResponseWriter, r *http.Request) {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	found, day := m.findDossiers(query)
	body := dossiersBody{Query: query, Found: len(found), Pages: max(1, (len(found)+dossiersPerPage-1)/dossiersPerPage)}
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		n = 1
	}
	body.Page = min(max(n, 1), body.Pages)
	from := (body.Page - 1) * dossiersPerPage
	for _, d := range found[from:min(from+dossiersPerPage, len(found))] {
		body.Rows = append(body.Rows, d.row(day))
	}
	if body.Page > 1 {
		body.Previous = listAddress(query, body.Page-1)
	}
	if body.Page < body.Pages {
		body.Follow = listAddress(query, body.Page+1)
	}
	m.show(w, http.StatusOK, "dossiers", pageData{Title: "Dossiers", English: "dossiers", Active: "dossiers", Body: body})
}

func listAddress(query string, page int) string {
	return "/dossiers?" + url.Values{"q": {query}, "page": {strconv.Itoa(page)}}.Encode()
}

// findDossiers lists the dossiers that a query is about, in order of their id. A committed dossier is never changed, so that the lock is needed for the copy alone.
func (m *Mock) findDossiers(query string) (found []*dossier, day string) {
	m.mu.Lock()
	found = make([]*dossier, 0, len(m.state.Dossiers))
	for _, d := range m.state.Dossiers {
		found = append(found, d)
	}
	day = m.today()
	m.mu.Unlock()
	if query != "" {
		found = slices.DeleteFunc(found, func(d *dossier) bool { return !d.about(strings.ToLower(query), day) })
	}
	slices.SortFunc(found, func(a, b *dossier) int { return strings.Compare(a.ID, b.ID) })
	return found, day
}

// about says whether a dossier is what a query asks: the beginning of its id, its category, its municipality, or part of its owner's name.
func (d *dossier) about(query, day string) bool {
	c, _ := d.currentCategory(day)
	return strings.HasPrefix(d.ID, query) || c.text("code") == query || d.NIS == query || strings.Contains(strings.ToLower(d.ownerText()), query)
}

func (d *dossier) row(day string) dossierRow {
	row := dossierRow{ID: d.ID, SSIN: maskSSIN(d.SSIN), Owner: d.ownerText(), Version: d.Version}
	if c, held := d.currentCategory(day); held {
		row.Category = c.text("code")
		row.Label = categoryLabel(row.Category)
	}
	for _, list := range d.Regs {
		row.Registrations += len(list)
	}
	return row
}

func (d *dossier) ownerText() string {
	name, _ := d.Owner["name"].(string)
	return cmp.Or(name, word(d.ownerKind()))
}

// findDossier leads from a number to the dossier. It is a POST, so that the number stands in no URL.
func (m *Mock) findDossier(w http.ResponseWriter, r *http.Request) {
	if err := parseForm(w, r); err != nil {
		m.notFoundPage(w)
		return
	}
	ssin := digitsOf(r.PostForm.Get("ssin"))
	m.mu.Lock()
	id, known := m.state.bySSIN[ssin]
	m.mu.Unlock()
	if !known {
		m.notFoundPage(w)
		return
	}
	http.Redirect(w, r, "/dossiers/"+id, http.StatusSeeOther)
}

// digitsOf reads a number as people write it: 67.72.24-997.97.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// field is one property, for people.
type field struct{ Label, Value string }

// dossierBody is all of a dossier.
type dossierBody struct {
	dossierRow
	Full       string
	History    int
	Canceled   bool
	NIS        string
	OwnerMore  []field
	Own        []field
	Categories []categoryRow
	Kinds      []kindBody
	Handovers  []handoverRow
	Pending    []PendingExit
}

type categoryRow struct {
	Code, Label, From, SetBy, Registered string
	Now, Later                           bool
}

// kindBody is what stands in one collection.
type kindBody struct {
	Title string
	Items []itemBody
}

type itemBody struct {
	ID     string
	Fields []field
}

func (m *Mock) pageDossier(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	_ = m.runDue() // as in head
	d := m.state.Dossiers[r.PathValue("id")]
	day := m.today()
	pending := slices.DeleteFunc(m.pendingExits(), func(e PendingExit) bool { return d == nil || e.DossierID != d.ID })
	m.mu.Unlock()
	if d == nil {
		m.notFoundPage(w)
		return
	}
	body := dossierBody{
		dossierRow: d.row(day), Full: d.ID, History: len(d.History), Canceled: d.SSINCanceled, NIS: d.NIS,
		OwnerMore: fields(map[string]any{"owner": d.Owner}, "owner.name", "owner.kind"), Own: fields(d.Own),
		Categories: m.categoryRows(d, day), Kinds: d.kindBodies(), Handovers: d.handoverRows(), Pending: pending,
	}
	m.show(w, http.StatusOK, "dossier", pageData{Title: "Dossier " + shortID(d.ID), Active: "dossiers", Body: body})
}

// categoryRows is the timeline, newest first: the order in which the API decides what holds.
func (m *Mock) categoryRows(d *dossier, day string) []categoryRow {
	now, _ := d.currentCategory(day)
	var rows []categoryRow
	list := slices.Clone(d.Regs["category"])
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b registration) int { return strings.Compare(b.text("validFrom"), a.text("validFrom")) })
	for _, r := range list {
		by, _ := r.Added["setBy"].(string)
		rows = append(rows, categoryRow{
			Code: r.text("code"), Label: categoryLabel(r.text("code")), From: r.text("validFrom"), SetBy: word(by),
			Registered: r.RegisteredAt.In(m.brussels).Format(pageTime), Now: r.ID == now.ID, Later: r.text("validFrom") > day,
		})
	}
	return rows
}

// kindBodies are the collections with something in them, categories and handovers aside: those have a form of their own.
func (d *dossier) kindBodies() []kindBody {
	var out []kindBody
	for _, k := range kinds() {
		if k.name == "category" || k.name == "handover" || len(d.Regs[k.name]) == 0 {
			continue
		}
		body := kindBody{Title: word(k.collection)}
		for _, r := range d.Regs[k.name] {
			shown := r.render(k)
			delete(shown, k.idField)
			body.Items = append(body.Items, itemBody{ID: r.ID, Fields: fields(shown, "sha256", "registeredAt")})
		}
		out = append(out, body)
	}
	if len(d.Trainings) > 0 {
		body := kindBody{Title: word("trainings")}
		for _, t := range d.Trainings {
			shown, _ := t.(map[string]any)
			id, _ := shown["trainingId"].(string)
			body.Items = append(body.Items, itemBody{ID: id, Fields: fields(shown, "trainingId")})
		}
		out = append(out, body)
	}
	return out
}

// fields flattens an object, in the order of [wordOrder]; what is left out is named.
func fields(object map[string]any, without ...string) []field {
	flat := map[string]string{}
	flatten(flat, "", object)
	names := make([]string, 0, len(flat))
	for name := range flat {
		if !slices.Contains(without, name) {
			names = append(names, name)
		}
	}
	place := map[string]int{}
	for i, name := range wordOrder() {
		place[name] = i - len(wordOrder())
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(place[a], place[b]), strings.Compare(a, b))
	})
	out := make([]field, len(names))
	for i, name := range names {
		out[i] = field{Label: word(name), Value: flat[name]}
	}
	return out
}

func flatten(into map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range v {
			flatten(into, strings.TrimPrefix(at+"."+name, "."), sub)
		}
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = inline(item)
		}
		into[at] = strings.Join(parts, "; ")
	default:
		into[at] = inline(v)
	}
}

// inline writes a value in a line.
func inline(v any) string {
	switch v := v.(type) {
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, f := range fields(v) {
			parts = append(parts, f.Label+" "+f.Value)
		}
		return strings.Join(parts, ", ")
	case bool:
		return map[bool]string{true: "ja", false: "nee"}[v]
	case string:
		return word(v)
	default:
		return fmt.Sprint(v)
	}
}

// handoverRow is one request for a handover.
type handoverRow struct {
	ID, Dossier, Kind, Status, StatusWord, Since, Reason, AssignedTo, Chosen string
	Fields                                                                   []field
}

func (d *dossier) handoverRows() []handoverRow {
	var out []handoverRow
	for _, r := range d.Regs["handover"] {
		added := func(name string) string { s, _ := r.Added[name].(string); return s }
		out = append(out, handoverRow{
			ID: r.ID, Dossier: d.ID, Kind: r.text("kind"), Status: added("status"), StatusWord: word(added("status")), Since: added("statusSince"),
			Reason: word(added("statusReason")), AssignedTo: added("assignedTo"), Chosen: r.text("choiceDate"), Fields: fields(r.Content),
		})
	}
	return out
}

// handoversBody is the list of requests, those that changed last first.
type handoversBody struct {
	Status   string
	Statuses []string
	Rows     []handoverRow
}

func handoverStatuses() []string {
	return []string{"sent", "received", "needsInformation", "accepted", "assigned", "rejected", "closed"}
}

func (m *Mock) pageHandovers(w http.ResponseWriter, r *http.Request) {
	body := handoversBody{Status: r.URL.Query().Get("status"), Statuses: handoverStatuses()}
	found, _ := m.findDossiers("")
	for _, d := range found {
		for _, row := range d.handoverRows() {
			if body.Status == "" || row.Status == body.Status {
				body.Rows = append(body.Rows, row)
			}
		}
	}
	slices.SortStableFunc(body.Rows, func(a, b handoverRow) int { return strings.Compare(b.Since, a.Since) })
	m.show(w, http.StatusOK, "handovers", pageData{Title: "Overdrachten", English: "handovers", Active: "handovers", Body: body})
}

// journalRow is a request of the journal, for people.
type journalRow struct {
	JournalEntry
	Time string
}

// Class is the colour of the status: 2 for well, 4 and 5 for refused and failed, 0 for none.
func (j journalRow) Class() int { return j.Status / 100 }

// journalBody is the newest requests that a filter lets through.
type journalBody struct {
	Filter     journalQuery
	Operations []string
	Rows       []journalRow
}

// journalQuery is what a person looks for; empty properties let everything through.
type journalQuery struct{ Operation, Status, Person, Problem, Struck string }

// lets says whether an entry is looked for. A status may be one digit: 4 stands for 400 to 499.
func (q journalQuery) lets(e JournalEntry) bool {
	return (q.Operation == "" || e.OperationID == q.Operation) &&
		strings.HasPrefix(strconv.Itoa(e.Status), q.Status) &&
		(q.Person == "" || e.Person == q.Person) &&
		(q.Problem == "" || strings.Contains(strings.ToLower(e.Problem), strings.ToLower(q.Problem))) &&
		(q.Struck == "" || len(e.Faults) > 0)
}

func (m *Mock) pageJournal(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	q := journalQuery{Operation: get("operation"), Status: get("status"), Person: get("person"), Problem: get("problem"), Struck: get("faults")}
	body := journalBody{Filter: q, Operations: m.operationIDs(), Rows: m.journalRows(q.lets, journalOnPage)}
	m.show(w, http.StatusOK, "journal", pageData{Title: "Journaal", English: "journal", Active: "journal", Body: body})
}

// journalRows are the newest entries, newest first.
func (m *Mock) journalRows(lets func(JournalEntry) bool, limit int) []journalRow {
	entries, _ := m.Journal()
	var rows []journalRow
	for _, e := range slices.Backward(entries) {
		if lets != nil && !lets(e) {
			continue
		}
		rows = append(rows, journalRow{e, e.At.In(m.brussels).Format(pageTime)})
		if len(rows) == limit {
			break
		}
	}
	return rows
}

func (m *Mock) operationIDs() []string {
	var ids []string
	for _, op := range m.api.Operations() {
		ids = append(ids, op.ID)
	}
	slices.Sort(ids)
	return ids
}
