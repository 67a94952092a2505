package mockmlp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/mlpsync/mlpsync/mockmlp"
)

// browser starts Chromium, or skips where there is none; in CI it has to be there. What the console complains of is collected.
func browser(t *testing.T) (context.Context, *console) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" && os.Getenv("CI") == "true" {
		t.Fatal("no chromium: .ci/run machine installs it")
	}
	if path == "" {
		t.Skip("no chromium here: install it to drive the page in a browser (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	all, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(all)
	t.Cleanup(cancel)
	c := &console{}
	if err := chromedp.Listen(ctx, c.hear); err != nil {
		t.Fatal(err)
	}
	return ctx, c
}

// console is what the browser complained of.
type console struct {
	mu    sync.Mutex
	lines []string
}

func (c *console) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.lines = append(c.lines, e.ExceptionDetails.Text)
	case *log.EventEntryAdded: // what didn't load, what the policy refused
		c.lines = append(c.lines, e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			c.lines = append(c.lines, string(arg.Value))
		}
	}
}

func (c *console) expectSilence(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.lines {
		t.Errorf("console: %s", line)
	}
}

// step is what a person does.
type step = chromedp.Action[chromedp.Void]

func do(t *testing.T, ctx context.Context, steps ...step) {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(limited, steps...); err != nil {
		t.Fatal(err)
	}
}

// see waits for a text in a part of the page, without a reload of its own. It asks again and again, since a question is lost when the page changes under it.
func see(t *testing.T, ctx context.Context, selector, text string) {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	held := ""
	for {
		if now, err := chromedp.Run(limited, chromedp.Evaluate[string](`document.querySelector(`+quoted(selector)+`)?.textContent ?? ""`)); err == nil {
			held = now
		}
		if strings.Contains(held, text) {
			return
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			t.Fatalf("%s never held %q; it held:\n%s", selector, text, held)
		}
	}
}

func quoted(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }

func page(t *testing.T) (*mockmlp.Mock, string) {
	t.Helper()
	scenario, err := mockmlp.DemoScenario()
	if err != nil {
		t.Fatal(err)
	}
	mock, err := mockmlp.New(mockmlp.Options{Scenario: scenario, Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mock.Control())
	t.Cleanup(func() {
		server.CloseClientConnections() // an open stream
		server.Close()
	})
	return mock, server.URL
}

func TestBrowserEveryPage(t *testing.T) {
	ctx, said := browser(t)
	mock, base := page(t)
	api := httptest.NewServer(mock.API())
	t.Cleanup(api.Close)
	shots := os.Getenv("MOCKMLP_SCREENSHOTS")
	pages := map[string]string{
		"overview": base + "/", "dossiers": base + "/dossiers", "dossier": base + "/dossiers/" + dossierOf(t, mock, "handovers"), "handovers": base + "/handovers",
		"working": base + "/dossiers/" + dossierOf(t, mock, "evaluations"), "journal": base + "/journal", "faults": base + "/faults", "clock": base + "/clock", "scenarios": base + "/scenarios", "doc": api.URL + "/doc",
	}
	for name, address := range pages {
		do(t, ctx, chromedp.Navigate(address))
		title, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("h1")))
		if err != nil || title == "" {
			t.Errorf("%s: title %q, %v", name, title, err)
		}
		shoot := chromedp.FullScreenshot(100)
		if name == "doc" { // the whole of it is long
			shoot = chromedp.CaptureScreenshot()
		}
		picture, err := chromedp.Run(ctx, shoot)
		if err != nil || len(picture) < 5000 {
			t.Errorf("%s: a picture of %d bytes, %v", name, len(picture), err)
		}
		if shots != "" {
			if err := os.WriteFile(filepath.Join(shots, name+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	said.expectSilence(t)
}

// TestBrowserNarrow: on a telephone nothing lies beside the page, and the documentation begins on the first screen.
func TestBrowserNarrow(t *testing.T) {
	ctx, _ := browser(t)
	mock, base := page(t)
	api := httptest.NewServer(mock.API())
	t.Cleanup(api.Close)
	id := dossierOf(t, mock, "handovers")
	if _, err := mock.StartScenario(mockmlp.ScenarioStart{Name: "handover-assigned", Person: id, After: "1h"}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.EmulateViewport(360, 800))
	for _, address := range []string{base + "/", base + "/dossiers", base + "/dossiers/" + id, base + "/handovers", base + "/journal", base + "/faults", base + "/clock", base + "/scenarios", api.URL + "/doc"} {
		do(t, ctx, chromedp.Navigate(address))
		if width, err := chromedp.Run(ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); err != nil || width > 360 {
			t.Errorf("%s is %d wide, %v", address, width, err)
		}
	}
	if top, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.querySelector('h1').getBoundingClientRect().top")); err != nil || top > 800 {
		t.Errorf("the documentation's title begins at %v, %v", top, err)
	}
}

// dossierOf is the id of a dossier that has something in a collection.
func dossierOf(t *testing.T, mock *mockmlp.Mock, collection string) string {
	t.Helper()
	for _, d := range mock.State().Dossiers {
		if list, _ := d[collection].([]any); len(list) > 0 {
			return d["dossierId"].(string)
		}
	}
	t.Fatalf("no dossier has %s", collection)
	return ""
}

// TestBrowserFault: a fault that was added on the page stands in the list, and a request gets it.
func TestBrowserFault(t *testing.T) {
	ctx, said := browser(t)
	mock, base := page(t)
	do(t, ctx, chromedp.Navigate(base+"/faults"),
		chromedp.SetValue(chromedp.CSS("#ready"), "unavailable"), chromedp.SetValue(chromedp.CSS("#operationId"), "getHealth"),
		chromedp.SetValue(chromedp.CSS("#times"), "1"), chromedp.Click(chromedp.CSS("form.stack button.main")))
	see(t, ctx, "#live tbody", "operatie getHealth")
	see(t, ctx, "#live tbody", "antwoord 503")
	if status := health(t, mock); status != http.StatusServiceUnavailable {
		t.Errorf("status %d of a request with the fault", status)
	}
	see(t, ctx, "#live tbody tr td.num", "1") // it has struck, and nobody reloaded
	if status := health(t, mock); status != http.StatusOK {
		t.Errorf("status %d after the fault was spent", status)
	}
	do(t, ctx, chromedp.Navigate(base+"/journal"))
	see(t, ctx, "#live tbody", "getHealth")
	see(t, ctx, "#live tbody", "503")
	do(t, ctx, chromedp.Navigate(base+"/faults"), chromedp.Click(chromedp.CSS("#live button")))
	see(t, ctx, "#live tbody", "Geen fouten")
	said.expectSilence(t)
}

// TestBrowserClock: a day's clicks move the clock, and VDAB's 78 arrives in the dossier that another window would show.
func TestBrowserClock(t *testing.T) {
	ctx, said := browser(t)
	mock, base := page(t)
	dossier := base + "/dossiers/" + mock.PendingExits()[0].DossierID
	do(t, ctx, chromedp.Navigate(dossier))
	see(t, ctx, ".timeline .now", "05")
	do(t, ctx, chromedp.Navigate(base+"/clock"), chromedp.Click(chromedp.CSS("button[value=day]")))
	see(t, ctx, ".head", "2026-05-05")
	do(t, ctx, chromedp.Click(chromedp.CSS("button[value=pending]")))
	see(t, ctx, ".head", "2026-06-01")
	see(t, ctx, "#live", "Geen.")
	do(t, ctx, chromedp.Navigate(dossier))
	see(t, ctx, ".timeline .now", "78")
	see(t, ctx, ".timeline .now", "gezet door VDAB")
	said.expectSilence(t)
}

// TestBrowserScenario: VDAB's answers to a handover, one started in the browser and one by somebody else while its window is open.
func TestBrowserScenario(t *testing.T) {
	ctx, said := browser(t)
	mock, base := page(t)
	id := dossierOf(t, mock, "handovers")
	do(t, ctx, chromedp.Navigate(base+"/scenarios?name=handoverAnswered&dossier="+id),
		chromedp.SetValue(chromedp.CSS("[name=status]"), "received"), chromedp.Click(chromedp.CSS("form.stack button.main")))
	see(t, ctx, "#live article", "ontvangen")
	do(t, ctx, chromedp.Navigate(base+"/handovers"))
	see(t, ctx, "#live tbody", "ontvangen")
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.sameWindow = true")); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"name": {"handoverAnswered"}, "dossier": {id}, "status": {"rejected"}, "reason": {"otherTrack"}}
	resp, err := http.PostForm(base+"/scenarios", form)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	see(t, ctx, "#live tbody", "geweigerd")
	see(t, ctx, "#live tbody", "ander traject past beter")
	if same, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("window.sameWindow === true")); err != nil || !same {
		t.Errorf("the page was loaded again: %v", err)
	}
	said.expectSilence(t)
}

// TestBrowserDoc: the search shows what holds the words, and nothing else.
func TestBrowserDoc(t *testing.T) {
	ctx, said := browser(t)
	mock, _ := page(t)
	api := httptest.NewServer(mock.API())
	t.Cleanup(api.Close)
	do(t, ctx, chromedp.Navigate(api.URL+"/doc"), chromedp.SendKeys(chromedp.CSS("#search"), "putWeo"))
	see(t, ctx, "#count", "found")
	const wrong = `[...document.querySelectorAll("section.op")].filter(e => e.hidden === e.textContent.toLowerCase().includes("putweo")).map(e => e.id)`
	if ids, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](wrong)); err != nil || len(ids) > 0 {
		t.Errorf("wrongly shown or hidden: %v, %v", ids, err)
	}
	see(t, ctx, "#op-putWeo:not([hidden])", "putWeo")
	if gone, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("#op-getHealth").hidden`)); err != nil || !gone {
		t.Errorf("what doesn't hold the word is shown: %v", err)
	}
	said.expectSilence(t)
}

func health(t *testing.T, mock *mockmlp.Mock) int {
	t.Helper()
	w := httptest.NewRecorder()
	mock.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/mlp/v1/health", nil))
	return w.Code
}
