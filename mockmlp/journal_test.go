package mockmlp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// control calls the control API; a body makes it a POST.
func (h *harness) control(path, body string) (int, map[string]any, string) {
	h.t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	w := httptest.NewRecorder()
	h.mock.Control().ServeHTTP(w, httptest.NewRequest(method, "/control/"+path, strings.NewReader(body)))
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out, w.Body.String()
}

func TestControlRefusesInOneForm(t *testing.T) {
	h := start(t, Options{})
	for _, path := range []string{"nowhere", "reset", ""} {
		if status, out, _ := h.control(path, ""); status != http.StatusNotFound || !strings.Contains(fmt.Sprint(out["error"]), "GET /control/"+path+" is no call") {
			t.Errorf("GET %s: %d %v", path, status, out)
		}
	}
}

// busy has a dossier, a WEO, a refusal, a fault and a read in its journal.
func busy(t *testing.T) (h *harness, dossier string) {
	h = start(t, Options{Frozen: true})
	d := h.track(ssinB)
	h.want(h.do("PUT", d+"/notes/"+otherID, noteBody, ifMatch(1), "BelGov-Trace-Id: trace-9"), 412, "versionConflict")
	h.fault(`{"times":1,"fault":"CONNECTION_RESET_BY_PEER"}`)
	if _, err := h.http.Do(h.request("GET", d, "")); err == nil {
		t.Fatal("no reset")
	}
	h.do("GET", h.seeded(ssinA), "")
	return h, strings.TrimPrefix(d, "/dossiers/")
}

func TestJournalFilters(t *testing.T) {
	h, dossier := busy(t)
	entries, _ := h.mock.Journal()
	person := entries[1].Person
	if person == "" || entries[1].OperationID != "createDossier" || entries[2].Person != person {
		t.Fatalf("one person, two pseudonyms: %+v", entries)
	}
	for query, want := range map[string]int{
		"":                                       6,
		"operationId=putWeo":                     1,
		"operationId=putWeo&operationId=putNote": 2,
		"method=get":                             2,
		"route=/mlp/v1/dossiers/{dossierId}":     2,
		"person=" + person:                       4,
		"person=" + dossier:                      4,
		"status=412":                             1,
		"status=2xx":                             4,
		"problem=versionConflict":                1,
		"effect=2":                               1,
		"traceId=trace-9":                        1,
		"clientId=gent&method=PUT":               2,
		"fault=CONNECTION_RESET_BY_PEER":         1,
		"fault=f1":                               1,
		"since=4":                                2,
	} {
		status, out, text := h.control("journal?"+query, "")
		if status != 200 || out["count"] != float64(want) || len(out["items"].([]any)) != want || out["total"] != 6.0 || out["kept"] != 10000.0 {
			t.Errorf("%s: %d %s", query, status, text)
		}
	}
	if list, err := h.mock.FindJournal(Filter{"person": {ssinB}}); err != nil || len(list) != 4 {
		t.Errorf("by number: %v %v", list, err)
	}
	_, out, _ := h.control("journal?countBy=status&limit=1", "")
	counts := out["counts"].(map[string]any)
	if counts["412"] != 1.0 || counts["2xx"] != 4.0 || len(out["items"].([]any)) != 1 || out["count"] != 6.0 {
		t.Errorf("counts %v", out)
	}
	for _, query := range []string{"operation=putWeo", "since=last", "wait=long", "wait=1h", "count=few", "format=xml", "countBy=since", "person=" + ssinB} {
		if status, out, _ := h.control("journal?"+query, ""); status != 400 || out["error"] == "" {
			t.Errorf("%s: %d %v", query, status, out)
		}
	}
}

func TestEffectsFilters(t *testing.T) {
	h, dossier := busy(t)
	for query, want := range map[string]int{
		"": 2, "kind=weo": 1, "action=create": 2, "actor=vdab": 0, "dossierId=" + dossier: 2, "entry=k-" + ssinB: 1, "since=1": 1, "clientId=gent&id=" + weoID: 1,
	} {
		if status, out, text := h.control("effects?"+query, ""); status != 200 || out["count"] != float64(want) {
			t.Errorf("%s: %d %s", query, status, text)
		}
	}
	_, out, _ := h.control("effects?countBy=kind", "")
	if counts := out["counts"].(map[string]any); counts["dossier"] != 1.0 || counts["weo"] != 1.0 {
		t.Errorf("counts %v", out)
	}
	if status, _, _ := h.control("effects?status=200", ""); status != 400 {
		t.Errorf("a journal's filter: %d", status)
	}
}

func TestExportLines(t *testing.T) {
	h, _ := busy(t)
	_, _, text := h.control("journal?format=jsonl", "")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		var e JournalEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != int64(i+1) {
			t.Errorf("line %d: %s %v", i+1, line, err)
		}
	}
	if strings.Contains(text, ssinB) {
		t.Error("the export names a person")
	}
}

// Who waits is told at once, not after a while.
func TestWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{})
		began := time.Now()
		found := make(chan int, 1)
		go func() {
			list, err := h.mock.WaitEffects(t.Context(), Filter{"kind": {"weo"}}, 1)
			if err != nil {
				t.Error(err)
			}
			found <- len(list)
		}()
		<-time.After(30 * time.Second)
		synctest.Wait()
		h.track(ssinB)
		if n := <-found; n != 1 || time.Since(began) != 30*time.Second {
			t.Errorf("%d after %v", n, time.Since(began))
		}
		status, out, _ := h.control("journal?operationId=putWeo&wait=10s&count=2", "")
		if took := time.Since(began); status != 200 || out["reached"] != false || out["count"] != 1.0 || took != 40*time.Second {
			t.Errorf("%d %v after %v", status, out, took)
		}
		if _, out, _ := h.control("journal?operationId=putWeo&wait=10s", ""); out["reached"] != true {
			t.Errorf("%v", out)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if list, err := h.mock.WaitJournal(ctx, Filter{}, 100); !errors.Is(err, context.Canceled) || len(list) != 3 {
			t.Errorf("%d %v", len(list), err)
		}
	})
}

func TestJournalIsBounded(t *testing.T) {
	h := start(t, Options{Frozen: true, JournalSize: 3})
	for range 5 {
		h.do("GET", "/health", "")
	}
	_, out, _ := h.control("journal", "")
	first := out["items"].([]any)[0].(map[string]any)
	if out["count"] != 3.0 || out["total"] != 6.0 || out["kept"] != 3.0 || first["seq"] != 4.0 {
		t.Errorf("%v", out)
	}
}
