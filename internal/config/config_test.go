package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ident"
)

const minimal = `environment: test
today: 2026-03-16
stateDir: state
keyFile: keys
mlp: {baseUrl: "http://mock:8380"}
ocmws:
  - name: OCMW Voorbeeld
    kbo: "0999.999.922"
    nis: [{code: "99991", until: 2024-12-31}, {code: "99992", from: 2025-01-01}]
    inbox: in
    reports: reports
    documents: documents
    profile: profile.yaml
    defaultCaseworker: mw-000
    credentials: {clientId: a, clientSecret: {file: secret}, apiKey: {env: KEY}}
`

func TestParseFillsInDefaultsAndPaths(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Parse([]byte(minimal), dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"poll": c.Poll.Std().String(), "state": c.StateDir, "token": c.MLP.TokenURL, "share": c.Guard.SharePercent,
		"inbox": c.OCMWs[0].Inbox, "secret": c.OCMWs[0].Credentials.ClientSecret.File, "kbo": string(c.OCMWs[0].KBONumber()),
		"documents": c.OCMWs[0].Documents, "document limit": c.Files.MaxDocumentMiB, "area": c.OCMWs[0].Area(),
		"nis before": string(c.OCMWs[0].NISOn("2024-12-31")), "nis after": string(c.OCMWs[0].NISOn("2025-01-01")),
	}
	want := map[string]any{
		"poll": "30s", "state": filepath.Join(dir, "state"), "token": "http://mock:8380/oauth2/token", "share": 25,
		"inbox": filepath.Join(dir, "in"), "secret": filepath.Join(dir, "secret"), "kbo": "0999999922",
		"documents": filepath.Join(dir, "documents"), "document limit": 5, "area": []ident.NIS{"99991", "99992"},
		"nis before": "99991", "nis after": "99992",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExampleIsValid(t *testing.T) {
	if _, err := config.Parse(config.Example(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
}

// A zero that is written is no default: limits of zero stop at everything. An empty key is one that is not there.
func TestZeroIsTakenWhereItMeansSomething(t *testing.T) {
	zeros := config.Guard{}
	standard := config.Guard{SharePercent: 25, Clients: 20, ShrinkPercent: 10, ShrinkRows: 20}
	for text, want := range map[string]config.Guard{
		"guard: {sharePercent: 0, clients: 0, shrinkPercent: 0, shrinkRows: 0}\n": zeros,
		"guard: {clients: 0}\n":     {SharePercent: 25, ShrinkPercent: 10, ShrinkRows: 20},
		"guard: {sharePercent: }\n": standard,
		"guard:\n":                  standard,
		"guard: {}\n":               standard,
		"":                          standard,
	} {
		c, err := config.Parse([]byte(minimal+text), t.TempDir())
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, c.Guard); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	c, err := config.Parse([]byte(minimal+"files: {minimumAge: 0s}\n"), t.TempDir())
	if err != nil || c.Files.MinimumAge != 0 || c.Files.KeepDays != 30 {
		t.Errorf("minimumAge of zero: %+v, %v", c, err)
	}
}

func TestNumbersOutOfRangeAreRefused(t *testing.T) {
	cases := map[string]string{
		"poll: 0s":                     "line 16: poll: must be longer than 0s; leave it out for the default of 30s",
		"shutdown: 0s":                 "line 16: shutdown: must be longer than 0s; leave it out for the default of 10s",
		"files: {keepDays: 0}":         "line 16: files.keepDays: must lie between 1 and 3650",
		"files: {keepDays: -1}":        "files.keepDays: must lie between 1 and 3650",
		"files: {maxDocumentMiB: 0}":   "files.maxDocumentMiB: must lie between 1 and 5",
		"guard: {sharePercent: -1}":    "line 16: guard.sharePercent: must lie between 0 and 100",
		"guard: {sharePercent: 101}":   "guard.sharePercent: must lie between 0 and 100",
		"guard: {clients: -1}":         "guard.clients: must be 0 or more",
		"guard: {shrinkPercent: 1000}": "guard.shrinkPercent: must lie between 0 and 100",
		"guard: {shrinkRows: -20}":     "guard.shrinkRows: must be 0 or more",
		"log: {level: \"\"}":           "log.level: must be one of",
	}
	for _, key := range []string{"workers", "unsettled", "ratePerMinute"} {
		cases["mlp: "+key+": 0"] = "line 5: mlp." + key + ": must lie between 1 and"
	}
	cases["mlp: timeout: 0s"] = "line 5: mlp.timeout: must be longer than 0s; leave it out for the default of 30s"
	for text, want := range cases {
		whole := minimal + text + "\n"
		if key, inside := strings.CutPrefix(text, "mlp: "); inside {
			whole = strings.Replace(minimal, `mock:8380"`, `mock:8380", `+key, 1)
		}
		if _, err := config.Parse([]byte(whole), t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got: %v", text, want, err)
		}
	}
}

func TestQuietHoursAreRead(t *testing.T) {
	text := strings.Replace(minimal, `mock:8380"`, `mock:8380", quietHours: {from: "22:30", until: "6:05"}`, 1)
	c, err := config.Parse([]byte(text), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if from, until := c.MLP.QuietHours.Minutes(); from != 22*60+30 || until != 6*60+5 {
		t.Errorf("from %d until %d", from, until)
	}
}

func TestProblemsAreAllNamed(t *testing.T) {
	cases := []struct {
		name, text string
		want       []string
	}{
		{"unknown keys, all of them", minimal + "pol: 3s\nlogs: {}\n", []string{`line 16: pol: unknown key (did you mean "poll"?)`, "line 17: logs: unknown key"}},
		{"duration", minimal + "poll: soon\n", []string{"line 16: poll: expected a duration such as 30s"}},
		{"duration without a unit", minimal + "poll: 2\n", []string{"line 16: poll: expected a duration such as 30s"}},
		{"a secret that stands there", strings.Replace(minimal, "{file: secret}", "hunter2", 1), []string{"line 15: ocmws[0].credentials.clientSecret: expected keys below it: file, env"}},
		{"several values", strings.NewReplacer("0999.999.922", "0999.999.923", "environment: test", "environment: tset", "{file: secret}", "{file: secret, env: S}").Replace(minimal),
			[]string{`environment: must be one of test, acceptance, production (did you mean "test"?)`, "ocmws[0].kbo: is not a valid enterprise number", "clientSecret: name exactly one"}},
		{"test only settings", strings.Replace(minimal, "environment: test", "environment: production", 1) + "guard: {release: true}\n",
			[]string{"today: is for environment test only", "guard.release: is for environment test only", "mlp.baseUrl: must start with https://"}},
		{"documents too large", minimal + "files: {maxDocumentMiB: 6}\n", []string{"line 16: files.maxDocumentMiB: must lie between 1 and 5"}},
		{"quiet hours", strings.Replace(minimal, `mock:8380"`, `mock:8380", quietHours: {from: "22h", until: "24:10"}`, 1),
			[]string{"mlp.quietHours.from: must be a time of the day such as 22:00", "mlp.quietHours.until: must be"}},
		{"quiet hours without an end", strings.Replace(minimal, `mock:8380"`, `mock:8380", quietHours: {from: "22:00"}`, 1), []string{"mlp.quietHours.until: must be"}},
		{"quiet all day", strings.Replace(minimal, `mock:8380"`, `mock:8380", quietHours: {from: "22:00", until: "22:00"}`, 1), []string{"mlp.quietHours: must not begin when it ends"}},
		{"empty", "", []string{"empty"}},
		{"no OCMW", "environment: test\nstateDir: a\nkeyFile: b\nmlp: {baseUrl: \"https://a\"}\n", []string{"at least one OCMW"}},
		{"password in the URL", strings.Replace(minimal, "http://mock:8380", "http://u:hunter2@mock:8380", 1), []string{"no user, password"}},
		{"the API's own path in the URL", strings.Replace(minimal, `mock:8380"`, `mock:8380/mlp/v1/"`, 1), []string{"line 5: mlp.baseUrl: must end before /mlp/v1"}},
		{"not YAML", "\t{", []string{"configuration refused"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse([]byte(c.text), t.TempDir())
			var refused *config.Error
			if !errors.As(err, &refused) {
				t.Fatalf("error is %v, not a *config.Error", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a secret")
			}
		})
	}
}

func TestSecretIsReadWhereItStands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(" s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"SET": "from env"}[name] }
	cases := []struct {
		secret config.Secret
		want   string
		fails  bool
	}{
		{config.Secret{File: file}, "s3cret", false},
		{config.Secret{Env: "SET"}, "from env", false},
		{config.Secret{Env: "UNSET"}, "", true},
		{config.Secret{File: file + "x"}, "", true},
	}
	for _, c := range cases {
		got, err := c.secret.Read(env)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%+v: %q, %v", c.secret, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add(config.Example())
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(data, "/x")
		if err == nil && len(c.Validate()) > 0 {
			t.Error("an accepted configuration has problems")
		}
	})
}
