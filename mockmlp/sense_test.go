package mockmlp

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func category(code, from, employment string) string {
	if employment != "" {
		employment = `"employmentId":"` + employment + `",`
	}
	return `{"code":"` + code + `","validFrom":"` + from + `",` + employment + `"caseworker":{"id":"MW-1"}}`
}

// Which category may come in the place of which: the clear cases of CAT-03 and CAT-05, the rest passes.
func TestCategoryMakesSense(t *testing.T) {
	for _, c := range []struct {
		name, held, body, problem, issue string
		status                           int
	}{
		{"05 over a protected one", "00", category("05", "2026-01-12", ""), "categoryRefused", "protectedCategory", 409},
		{"05 before it held", "00", category("05", "2024-12-31", ""), "", "", 201},
		{"05 over 03", "03", category("05", "2026-01-12", ""), "", "", 201},
		{"00 over 05", "05", category("00", "2026-01-12", ""), "", "", 201},
		{"78 over 00 is for a person to judge", "00", category("78", "2026-01-12", ""), "", "", 201},
		{"90 for a full-time contract over 14", "14", category("90", "2026-01-12", employmentID), "", "", 201},
		{"93 for a full-time contract", "05", category("93", "2026-01-12", employmentID), "categoryRefused", "workRegimeMismatch", 409},
		{"90 before the contract", "05", category("90", "2026-01-11", employmentID), "categoryRefused", "workRegimeMismatch", 409},
		{"one that others set", "05", category("06", "2026-01-12", ""), "badRequest", "notSetByOcmw", 400},
		{"tomorrow", "03", category("05", "2026-01-16", ""), "", "", 201},
		{"the day after tomorrow", "03", category("05", "2026-01-17", ""), "badRequest", "dateAhead", 400},
		{"before birth", "03", category("05", "1967-12-23", ""), "badRequest", "invalidPeriod", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := start(t, Options{Frozen: true})
			d := h.track(ssinD)
			h.want(h.do("PATCH", d, `{"caseworker":{"id":"x"},"person":{"birthDate":"1967-12-24"}}`, ifMatch(2)), 200, "")
			h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(3)), 201, "")
			if _, err := h.mock.CategorySet(ssinD, c.held, "2025-01-01", "client"); err != nil {
				t.Fatal(err)
			}
			r := h.do("PUT", d+"/categories/"+otherID, c.body, ifMatch(5))
			if r.status != c.status || r.problem() != c.problem || r.issue() != c.issue {
				t.Errorf("%d %s %s: %v", r.status, r.problem(), r.issue(), r.body)
			}
		})
	}
}

// Who hasn't seen the protected category is told to read first.
func TestStaleComesBeforeTheDossiersState(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinB)
	if _, err := h.mock.CategorySet(ssinB, "00", "2026-01-01", "client"); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("PUT", d+"/categories/"+otherID, category("05", "2026-01-12", ""), ifMatch(1)), 412, "versionConflict")
	h.want(h.do("PUT", d+"/categories/"+otherID, category("05", "2026-01-12", ""), ifMatch(2)), 409, "categoryRefused")
	h.want(h.do("PUT", d+"/employments/"+otherID, employmentBody), 428, "preconditionRequired")
	h.want(h.do("PUT", d+"/employments/"+otherID, employmentBody, ifMatch(1)), 412, "versionConflict")
	h.want(h.do("PUT", d+"/employments/"+otherID, employmentBody, ifMatch(2)), 409, "registrationMissing")
	if _, err := h.mock.OwnerChanged(ssinB, map[string]any{"kind": "partner", "name": "WIJ Gent"}); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(2)), 412, "versionConflict")
	h.want(h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(3)), 409, "dossierOwnedByPartner")
	reason := `{"caseworker":{"id":"x"},"entryReason":"x"}`
	h.want(h.do("PATCH", d, reason, ifMatch(2)), 412, "versionConflict")
	h.want(h.do("PATCH", d, reason, ifMatch(3)), 409, "dossierOwnedByPartner")
}

func TestEmploymentInsideItsWeo(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD)
	early := strings.ReplaceAll(employmentBody, "2026-01-12", "2026-01-09")
	h.want(h.do("PUT", d+"/employments/"+employmentID, early, ifMatch(2)), 409, "outsideTwe")
	h.want(h.do("PUT", d+"/employments/"+employmentID, employmentBody, ifMatch(2)), 201, "")
	ends := func(day string) string {
		return strings.Replace(weoBody, `"counsellor"`, `"endDate":"`+day+`","counsellor"`, 1)
	}
	h.want(h.do("PUT", d+"/weos/"+weoID, ends("2026-01-11"), ifMatch(3)), 409, "outsideTwe")
	h.want(h.do("PUT", d+"/weos/"+weoID, ends("2026-01-12"), ifMatch(3)), 200, "")
	late := strings.ReplaceAll(employmentBody, "2026-01-12", "2026-01-13")
	h.want(h.do("PUT", d+"/employments/"+otherID, late, ifMatch(4)), 409, "outsideTwe")
}

func TestGlowAndTweExcludeEachOther(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD)
	h.want(h.do("PUT", d+"/handovers/"+otherID, handoverBody, ifMatch(2)), 409, "tweRunning")
	warm := strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1)
	h.want(h.do("PUT", d+"/handovers/"+categoryID, warm, ifMatch(2)), 201, "")
	ended := strings.Replace(weoBody, `"counsellor"`, `"endDate":"2026-01-14","endReason":"noJob","counsellor"`, 1)
	h.want(h.do("PUT", d+"/weos/"+weoID, ended, ifMatch(3)), 200, "")
	h.want(h.do("PUT", d+"/handovers/"+otherID, handoverBody, ifMatch(4)), 201, "")
	h.want(h.do("PUT", d+"/weos/"+otherID, weoBody, ifMatch(5)), 409, "glowRunning")
	// The one that is there already can still be corrected.
	h.want(h.do("PUT", d+"/weos/"+weoID, strings.Replace(ended, "noJob", "other", 1), ifMatch(5)), 200, "")
	for i, status := range []string{"accepted", "assigned"} {
		if _, err := h.mock.HandoverAnswered(ssinD, otherID, status, "", "Partner"); err != nil {
			t.Fatal(err)
		}
		h.want(h.do("PUT", d+"/weos/"+otherID, weoBody, ifMatch(7+i)), 409, "glowRunning")
	}
	if _, err := h.mock.HandoverAnswered(ssinD, otherID, "closed", "trackEnded", ""); err != nil {
		t.Fatal(err)
	}
	h.want(h.do("PUT", d+"/weos/"+otherID, weoBody, ifMatch(9)), 201, "")
}

// Nor does changing what is there bring them together.
func TestGlowAndTweExcludeEachOtherInChangesToo(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.track(ssinD)
	warm := strings.Replace(handoverBody, `"GLOW"`, `"WARM_OTHER"`, 1)
	h.want(h.do("PUT", d+"/handovers/"+otherID, warm, ifMatch(2)), 201, "")
	h.want(h.do("PUT", d+"/handovers/"+otherID, handoverBody, ifMatch(3)), 409, "tweRunning")
	ended := strings.Replace(weoBody, `"counsellor"`, `"endDate":"2026-01-14","endReason":"noJob","counsellor"`, 1)
	h.want(h.do("PUT", d+"/weos/"+weoID, ended, ifMatch(3)), 200, "")
	h.want(h.do("PUT", d+"/handovers/"+otherID, handoverBody, ifMatch(4)), 200, "")
	h.want(h.do("PUT", d+"/weos/"+weoID, weoBody, ifMatch(5)), 409, "glowRunning")
	h.want(h.do("PUT", d+"/weos/"+weoID, strings.Replace(ended, "2026-01-14", "2026-01-15", 1), ifMatch(5)), 409, "glowRunning")
	h.want(h.do("PUT", d+"/weos/"+weoID, strings.Replace(ended, "2026-01-14", "2026-01-13", 1), ifMatch(5)), 200, "")
}

// A category that the job-seeker, VDAB or a partner set can't be overwritten under its own id either (CAT-03).
func TestEntriesOfOthersStay(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinB)
	set, err := h.mock.CategorySet(ssinB, "00", "2026-01-01", "client")
	if err != nil {
		t.Fatal(err)
	}
	entry := d + "/categories/" + set.ID
	r := h.do("PUT", entry, category("05", "2026-01-12", ""), ifMatch(2))
	h.want(r, 409, "categoryRefused")
	if r.issue() != "notSetByOcmw" {
		t.Errorf("issue %s", r.issue())
	}
	h.want(h.do("PUT", entry, category("00", "2026-01-01", ""), ifMatch(1)), 200, "")
	if got := h.do("GET", entry, ""); got.text("setBy") != "client" || got.text("code") != "00" {
		t.Errorf("entry %v", got.body)
	}
}

func TestHandoverNamesWhatThereIs(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinD)
	elsewhere := h.do("PUT", d+"/handovers/"+otherID, strings.Replace(handoverBody, "44021", "11002", 1), ifMatch(1))
	h.want(elsewhere, 403, "missingPermission")
	unknown := h.do("PUT", d+"/handovers/"+otherID, strings.Replace(handoverBody, `"currentCategory":"05"`, `"currentCategory":"77"`, 1), ifMatch(1))
	h.want(unknown, 400, "badRequest")
	if elsewhere.issue() != "nisCodeOutsideArea" || unknown.issue() != "unknownCategory" {
		t.Errorf("issues %s, %s", elsewhere.issue(), unknown.issue())
	}
	if _, err := h.mock.CategorySet(ssinD, "77", "2026-01-12", "client"); err != nil {
		t.Fatal(err)
	}
	held := strings.Replace(handoverBody, `"currentCategory":"05"`, `"currentCategory":"77"`, 1)
	h.want(h.do("PUT", d+"/handovers/"+otherID, held, ifMatch(2)), 201, "")
}

// A problem leads to its description, with the operations that can give it.
func TestReferenceData(t *testing.T) {
	h := start(t, Options{Frozen: true})
	lost := h.do("GET", "/changes?cursor=x", "")
	h.want(lost, 410, "cursorLost")
	req := h.request("GET", "", "")
	req.URL.Path = lost.text("href")
	described := h.send(req)
	if described.status != 200 || described.body["type"] != lost.body["type"] || described.body["status"] != 410.0 {
		t.Errorf("described %d %v", described.status, described.body)
	}
	if ops, _ := described.body["operations"].([]any); len(ops) != 1 || ops[0] != "listChanges" {
		t.Errorf("operations %v", described.body["operations"])
	}
	page := h.page(lost.text("href"))
	if !strings.Contains(page, "<h1>Cursor Lost</h1>") || !strings.Contains(page, "listChanges") {
		t.Errorf("page %s", page)
	}
	h.want(h.do("GET", "/refData/problemTypes/urn:problem-type:mlpsync:nothing", ""), 404, "resourceNotFound")
	h.want(h.do("GET", "/refData/problemTypes/nothing", ""), 400, "badRequest")
	for _, list := range []string{"categories", "instruments", "partners", "problemTypes"} {
		r := h.do("GET", "/refData/"+list, "")
		if items, _ := r.body["items"].([]any); r.status != http.StatusOK || len(items) == 0 {
			t.Errorf("%s: %d %v", list, r.status, r.body)
		}
		h.want(h.do("GET", "/refData/"+list+"?validOn=2026-01-01", ""), 400, "badRequest")
	}
}

// page is what a browser gets, which has no token.
func (h *harness) page(path string) string {
	h.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://mlp"+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	resp, err := h.http.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		h.t.Fatalf("%d %s: %v", resp.StatusCode, resp.Header.Get("Content-Type"), err)
	}
	return string(b)
}

func TestTrainingIsRead(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinB)
	training := map[string]any{"trainingId": "OPL-1", "title": "Groenarbeider", "startDate": "2026-02-02"}
	if _, err := h.mock.TrainingRegistered(ssinB, training); err != nil {
		t.Fatal(err)
	}
	r := h.do("GET", d+"/trainings/OPL-1", "")
	h.want(r, 200, "")
	if r.body["title"] != "Groenarbeider" || r.header.Get("ETag") != `"2"` || r.body["dossierVersion"] != 2.0 {
		t.Errorf("training %v %v", r.header, r.body)
	}
	h.want(h.do("GET", d+"/trainings/OPL-2", ""), 404, "resourceNotFound")
	h.want(h.do("PUT", d+"/trainings/OPL-1", `{}`), 405, "methodNotAllowed")
}

// A colleague who works in MLP by hand corrects what others set.
func TestOthersSetOtherCategories(t *testing.T) {
	h := start(t, Options{Frozen: true})
	d := h.create(ssinB)
	e, err := h.mock.CategorySet(ssinB, "03", "2026-01-01", "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.mock.DossierEdited(ssinB, "category", e.ID, map[string]any{"validFrom": "2025-12-01"}); err != nil {
		t.Fatal(err)
	}
	h.wantHeld(d, "03 2025-12-01 other")
}
