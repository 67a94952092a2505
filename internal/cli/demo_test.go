package cli

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/app"
)

// While the demo runs, the mock can be looked into and told what to do, on this machine only.
func TestDemoNamesTheMocksControlAPI(t *testing.T) {
	var out strings.Builder
	d := &demo{demoCmd: demoCmd{Dir: t.TempDir()}, stdout: &out, log: zerolog.Nop()}
	for _, step := range []func() error{d.makeFolder, func() error { return d.startMock(t.Context()) }, func() error { return d.report(app.Summary{}) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(d.control, "http://127.0.0.1:") || d.control == d.url || !strings.Contains(out.String(), d.control+"/control/state") {
		t.Errorf("the control API is at %s, the mock at %s:\n%s", d.control, d.url, &out)
	}
	for url, want := range map[string]int{d.control + "/control/state": http.StatusOK, d.url + "/control/state": http.StatusNotFound} {
		if got := status(t, url); got != want {
			t.Errorf("%s: %d", url, got)
		}
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
