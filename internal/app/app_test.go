package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/config"
	"github.com/mlpsync/mlpsync/internal/ledger"
)

func aPlan() PlanFile {
	return PlanFile{
		Format: planFormat, Day: "2026-03-16", Environment: "test", Version: "v1",
		People: []PlanPerson{
			{OCMW: "1", Pseudonym: "p-a", Inputs: "i1", Changes: []PlanChange{{Op: "put", Kind: "category", Rule: "CAT-02", Content: "c1"}}},
			{OCMW: "1", Pseudonym: "p-b", Inputs: "i2", Changes: []PlanChange{{Op: "put", Kind: "weo", Rule: "TWE-01", Content: "c2"}}},
		},
	}
}

func TestPlanIsRefusedWhenTheWorldMoved(t *testing.T) {
	cases := []struct {
		name   string
		move   func(*PlanFile)
		person string
	}{
		{"day", func(p *PlanFile) { p.Day = "2026-03-17" }, ""},
		{"version", func(p *PlanFile) { p.Version = "v2" }, ""},
		{"environment", func(p *PlanFile) { p.Environment = "production" }, ""},
		{"stop by the guard", func(p *PlanFile) { p.Stops = []GuardStop{{OCMW: "1", Reason: "fewer rows"}} }, ""},
		{"inputs", func(p *PlanFile) { p.People[1].Inputs = "other" }, "p-b"},
		{"what it waits for", func(p *PlanFile) { p.People[1].Waits = WaitsForRepair }, "p-b"},
		{"content", func(p *PlanFile) { p.People[0].Changes[0].Content = "other" }, "p-a"},
		{"person gone", func(p *PlanFile) { p.People = p.People[:1] }, "p-b"},
		{"person new", func(p *PlanFile) { p.People = append(p.People, PlanPerson{OCMW: "1", Pseudonym: "p-c"}) }, "p-c"},
		{"same person of another OCMW", func(p *PlanFile) { p.People[0].OCMW = "2" }, "p-a"},
	}
	if refused := comparePlans(aPlan(), aPlan()); len(refused) > 0 {
		t.Fatalf("an equal plan is refused: %v", refused)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			now := aPlan()
			c.move(&now)
			refused := comparePlans(aPlan(), now)
			if !slices.ContainsFunc(refused, func(r Refusal) bool { return r.Person == c.person && r.Reason != "" }) {
				t.Errorf("refusals %v don't name %q", refused, c.person)
			}
		})
	}
}

func TestPlanFileRoundTrip(t *testing.T) {
	text, err := json.Marshal(aPlan())
	if err != nil {
		t.Fatal(err)
	}
	back, err := ReadPlan(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aPlan(), back); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{}", "[]", `{"format":"mlpsync-plan/1","extra":1}`, strings.Replace(string(text), "plan/1", "plan/9", 1)} {
		if _, err := ReadPlan(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for a plan", bad)
		}
	}
}

func TestTestClockStartsInTheMorningInBelgium(t *testing.T) {
	for day, want := range map[string]string{
		"2026-03-16": "2026-03-16T07:00:00Z", // winter time
		"2026-03-29": "2026-03-29T06:00:00Z", // the night before, clocks went forward
		"2026-10-25": "2026-10-25T07:00:00Z", // the night before, clocks went back
	} {
		if got := firstInstant(day).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s starts at %s, want %s", day, got, want)
		}
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	c := &config.Config{
		Environment: config.Production, StateDir: filepath.Join(dir, "a", "b"), KeyFile: filepath.Join(dir, "keys"),
		OCMWs: []config.OCMW{{
			Inbox: filepath.Join(dir, "no-inbox"), Reports: dir, Profile: filepath.Join(dir, "no-profile"),
			Credentials: config.Credentials{ClientSecret: config.Secret{Env: "S"}, APIKey: config.Secret{File: filepath.Join(dir, "no-key")}},
		}},
	}
	bad := map[string]bool{}
	for _, item := range Check(c, func(string) string { return "set" }) {
		if !item.OK {
			bad[item.What] = true
		}
		if item.Text == "" {
			t.Errorf("%s says nothing", item.What)
		}
	}
	want := map[string]bool{"keyFile": true, "ocmws[0].profile": true, "ocmws[0].inbox": true, "ocmws[0].credentials.apiKey": true}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Error(diff)
	}
}

func TestKeyFileIsNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "keys")
	if err := MakeKey(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := MakeKey(path); err == nil {
		t.Error("an existing key file was taken")
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Error("the key file changed")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: others can read the keys", info.Mode(), err)
	}
}

func TestSummaryKnowsWhatIsLeft(t *testing.T) {
	cases := []struct {
		name    string
		summary Summary
		left    bool
	}{
		{"nothing", Summary{}, false},
		{"suspended for data", Summary{Entries: EntryCounts{Suspended: 3}}, false},
		{"waiting", Summary{Entries: EntryCounts{Waiting: 1}}, true},
		{"parked", Summary{Entries: EntryCounts{Parked: 1}}, true},
		{"in doubt", Summary{Entries: EntryCounts{InDoubt: 1}}, true},
		{"guard", Summary{Stops: []GuardStop{{OCMW: "1"}}}, true},
		{"clients don't add up", Summary{Clients: ClientCounts{Decided: 2, Held: 1}}, true},
		{"a file doesn't add up", Summary{Files: []ledger.FileBalance{{Rows: 2, New: 1}}}, true},
		{"a set was refused", Summary{Unbalanced: []string{"a.csv"}}, true},
		{"a drop folder can't be read", Summary{Notes: []ledger.Note{{Key: "notRead.dropfolder.folder"}}}, true},
		{"a remark", Summary{Notes: []ledger.Note{{Key: "late.clients"}}}, false},
		{"a file that is being written", Summary{Unsettled: []UnsettledFile{{Rule: adapters.RuleFileYoung}}}, false},
		{"a file that is cut off", Summary{Unsettled: []UnsettledFile{{Rule: adapters.RuleFileTruncated}}}, true},
		{"manual decisions alone", Summary{Manual: []ManualDecision{{}}}, false},
	}
	for _, c := range cases {
		if got := c.summary.Left(); got != c.left {
			t.Errorf("%s: left = %t", c.name, got)
		}
	}
}

// A kill must not set a test clock back: what waits until an instant would wait longer.
func TestTestClockGoesOnAfterAKill(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	if err := MakeKey(keys); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte(`environment: test
today: 2026-03-16
stateDir: `+dir+`/state
keyFile: `+keys+`
mlp: {baseUrl: "http://127.0.0.1:1"}
ocmws:
  - name: OCMW Voorbeeld
    kbo: "0999999922"
    nis: [{code: "99991"}]
    inbox: `+dir+`/in
    reports: `+dir+`/reports
    profile: `+filepath.Join("..", "..", "examples", "profile.yaml")+`
    defaultCaseworker: mw-000
    credentials: {clientId: a, clientSecret: {env: S}, apiKey: {env: K}}
`), ".")
	if err != nil {
		t.Fatal(err)
	}
	open := func() *App {
		a, err := Open(t.Context(), Options{Config: c, Mode: Daemon, Getenv: os.Getenv, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := open()
	if got := first.now(); got.Before(firstInstant("2026-03-16")) {
		t.Errorf("the clock starts at %v", got)
	}
	// As a process that ran until then and was killed left it.
	later := first.now().Add(90 * time.Minute)
	stopClock := first.cleanups[2] // behind the lock and the ledger
	if err := errors.Join(stopClock(), first.store.SetMeta(t.Context(), metaClock, later.UTC().Format(time.RFC3339Nano)), first.Close()); err != nil {
		t.Fatal(err)
	}
	second := open()
	defer second.Close()
	if got := second.now(); got.Before(later) {
		t.Errorf("after the kill the clock is at %v, it was at %v", got, later)
	}
}

// The daemon and a command beside it may both find no key file in environment test: the
// first makes it, and nobody reads half of it.
func TestKeysAreMadeOnce(t *testing.T) {
	c := &config.Config{Environment: config.Test, KeyFile: filepath.Join(t.TempDir(), "keys")}
	const processes = 16
	var begin, done sync.WaitGroup
	begin.Add(1)
	errs := make([]error, processes)
	for i := range processes {
		done.Go(func() {
			begin.Wait()
			_, errs[i] = loadKeys(c)
		})
	}
	begin.Done()
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	files, err := os.ReadDir(filepath.Dir(c.KeyFile))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files in the folder of the key file (%v)", len(files), err)
	}
}

// A key that is lost is never made anew beside the state that needs it, and whoever has to find it is told where it was
// looked for, and why it can't be read.
func TestAnUnreadKeyFileIsNamed(t *testing.T) {
	cases := []struct {
		name        string
		environment config.Environment
		prepare     func(t *testing.T, c *config.Config)
		want        []string
		not         string
	}{
		{"none yet, in production", config.Production, func(*testing.T, *config.Config) {}, []string{"is not there", "config key FILE"}, "the state"},
		{"lost beside a state", config.Test, func(t *testing.T, c *config.Config) { touch(t, ledgerPath(c)) }, []string{"is not there", "the state in", "restore it from your secrets"}, ""},
		{"lost beside what a lost ledger left", config.Test, func(t *testing.T, c *config.Config) { touch(t, ledgerPath(c)+"-wal") }, []string{"is not there", "the state in"}, ""},
		{"a folder", config.Test, func(t *testing.T, c *config.Config) { touch(t, filepath.Join(c.KeyFile, "x")) }, []string{"can't be read: is a directory"}, "config key"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			c := &config.Config{Environment: tc.environment, KeyFile: filepath.Join(dir, "keys"), StateDir: filepath.Join(dir, "state")}
			tc.prepare(t, c)
			_, err := loadKeys(c)
			var hinted *Hinted
			if !errors.As(err, &hinted) {
				t.Fatalf("error is %v", err)
			}
			said := err.Error() + "; " + hinted.Next
			for _, want := range append(tc.want, c.KeyFile) {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in: %s", want, said)
				}
			}
			if tc.not != "" && strings.Contains(said, tc.not) {
				t.Errorf("%q is in: %s", tc.not, said)
			}
			if info, err := os.Stat(c.KeyFile); err == nil && !info.IsDir() {
				t.Error("a key file was made")
			}
		})
	}
}

// touch makes a file, and the folders above it.
func touch(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// What was in doubt, and MLP was read to have, is not told as sent: it was sent before.
func TestWhatWasFoundIsNotToldAsSent(t *testing.T) {
	s := Summary{
		Entries: EntryCounts{Settled: 7}, Sent: map[string]int{"category": 4, "weo": 1},
		Handovers: map[casefile.HandoverKind]int{casefile.HandoverGLOW: 2},
	}
	s.setFoundApart(map[[2]string]int{{"category"}: 3, {"weo"}: 1, {"handover", string(casefile.HandoverGLOW)}: 1})
	want := Summary{
		Entries: EntryCounts{Settled: 2, Found: 5}, Sent: map[string]int{"category": 1},
		Handovers: map[casefile.HandoverKind]int{casefile.HandoverGLOW: 1},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}
