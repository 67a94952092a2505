package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/internal/config"
)

// twoOCMWs is a configuration in which each names its own; %[1]s to %[6]s are kbo, nis, inbox and reports of the second,
// and inbox and reports of the first.
const twoOCMWs = `environment: test
stateDir: state
keyFile: keys
mlp: {baseUrl: "http://mock:8380"}
ocmws:
  - name: OCMW Voorbeeld
    kbo: "0999.999.922"
    nis: [{code: "99991"}]
    inbox: %[5]s
    reports: %[6]s
    documents: documents
    profile: profile.yaml
    defaultCaseworker: mw-000
    credentials: {clientId: a, clientSecret: {file: secret}, apiKey: {env: KEY}}
  - name: OCMW Zonnedorp
    kbo: "%[1]s"
    nis: %[2]s
    inbox: %[3]s
    reports: %[4]s
    documents: documents
    profile: profile.yaml
    defaultCaseworker: mw-000
    credentials: {clientId: b, clientSecret: {file: secret}, apiKey: {env: KEY}}
`

func TestOCMWsAreKeptApart(t *testing.T) {
	const kbo, nis = "0999999031", `[{code: "99992"}]`
	cases := []struct {
		name   string
		values [6]string
		want   string // empty: accepted
	}{
		{"each its own, below one folder", [6]string{kbo, nis, "b/in", "b/reports", "a/in", "a/reports"}, ""},
		{"one name is the other's beginning", [6]string{kbo, nis, "in2", "reports2", "in", "reports"}, ""},
		{"reports below the inbox, which is never entered", [6]string{kbo, nis, "b", "b/reports", "a", "a/reports"}, ""},
		{"an inbox below the reports", [6]string{kbo, nis, "b/in", "b", "a/in", "a"}, ""},
		{"the state below an inbox", [6]string{kbo, nis, ".", "b", "a/in", "a"}, ""},
		{"one inbox", [6]string{kbo, nis, "in", "b", "in", "a"}, "line 18: ocmws[1].inbox: is the folder of ocmws[0].inbox too"},
		{"one inbox, otherwise written", [6]string{kbo, nis, "b/../in/", "b", "./in", "a"}, "line 18: ocmws[1].inbox: is the folder of ocmws[0].inbox too"},
		{"one inbox, through a link", [6]string{kbo, nis, "link", "b", "there", "a"}, "ocmws[1].inbox: is the folder of ocmws[0].inbox too"},
		{"one inbox that is to be made, through a link", [6]string{kbo, nis, "link/new/in", "b", "there/new/in", "a"}, "ocmws[1].inbox: is the folder of"},
		{"one reports folder", [6]string{kbo, nis, "b", "reports", "a", "reports"}, "line 19: ocmws[1].reports: is the folder of ocmws[0].reports too"},
		{"reports in the inbox", [6]string{kbo, nis, "b", "b", "a", "c"}, "line 18: ocmws[1].inbox: is the folder of ocmws[1].reports too"},
		{"reports in the other's inbox", [6]string{kbo, nis, "b", "a", "a", "c"}, "line 9: ocmws[0].inbox: is the folder of ocmws[1].reports too"},
		{"the state as inbox", [6]string{kbo, nis, "state", "b", "a", "c"}, "line 18: ocmws[1].inbox: lies in stateDir"},
		{"an inbox in the state", [6]string{kbo, nis, "state/files/in", "b", "a", "c"}, "line 18: ocmws[1].inbox: lies in stateDir"},
		{"one number, otherwise written", [6]string{"0999999922", nis, "b", "d", "a", "c"}, "line 16: ocmws[1].kbo: is that of ocmws[0] too"},
		{"one municipality", [6]string{kbo, `[{code: "99991"}]`, "b", "d", "a", "c"}, "line 17: ocmws[1].nis[0].code: is that of ocmws[0].nis[0].code too"},
		{"one municipality, twice", [6]string{kbo, `[{code: "99992", until: 2024-12-31}, {code: "99992", from: 2024-12-31}]`, "b", "d", "a", "c"}, "ocmws[1].nis[1].code: is that of ocmws[1].nis[0].code too"},
		{"one municipality, each on its days", [6]string{kbo, `[{code: "99992", until: 2024-12-31}, {code: "99992", from: 2025-01-01}]`, "b", "d", "a", "c"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			linked(t, dir)
			text := twoOCMWs
			for i, value := range c.values {
				text = strings.ReplaceAll(text, fmt.Sprintf("%%[%d]s", i+1), value)
			}
			_, err := config.Parse([]byte(text), dir)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q, got: %v", c.want, err)
			}
		})
	}
}

// linked makes a folder "there", and "link" that leads to it.
func linked(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("there", filepath.Join(dir, "link")); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip("no right to make links:", err)
		}
		t.Fatal(err)
	}
}
