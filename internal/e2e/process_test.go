package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/cli"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The daemon as a process of its own, against a mock as a process of its own, is killed and
// started again: the end state is that of a run without a kill, and each effect stands
// once in the mock's list.

func TestProcesses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are killed and told to stop by signals, which Windows lacks")
	}
	bin := thePrograms(t)
	t.Run("kill", func(t *testing.T) { testKill(t, bin) })
	t.Run("stop", func(t *testing.T) { testStop(t, bin) })
	t.Run("hangup", func(t *testing.T) { testHangup(t, bin) })
	if os.Geteuid() == 0 { // else TestBadFiles has it
		t.Run("unreadable", func(t *testing.T) { testUnreadable(t, bin) })
	}
}

// binVariable names the folder for the programs that the tests build.
const binVariable = "MLPSYNC_E2E_BIN"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mlpsync-e2e-bin-")
	if err == nil {
		err = os.Setenv(binVariable, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no folder for the programs:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // a program that still runs keeps its file on Windows
	os.Exit(code)
}

// buildPrograms makes the two programs, once.
var buildPrograms = sync.OnceValues(func() (string, error) {
	dir := os.Getenv(binVariable)
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/mlpsync", "./cmd/mockmlp")
	cmd.Dir, cmd.Env = filepath.Join("..", ".."), os.Environ()
	if raced() { // its cgo is of no use to them: without, as they ship, they may be compiled already
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
})

// raced tells that the race detector watches these tests.
func raced() bool {
	built, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(built.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// thePrograms is the folder of mlpsync and mockmlp.
func thePrograms(t testing.TB) string {
	t.Helper()
	dir, err := buildPrograms()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// process is a program that runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	done   chan struct{}
	mu     sync.Mutex
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// lockedWriter lets a test read what a process has said so far.
type lockedWriter struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = lockedWriter{&p.mu, &p.stdout}, lockedWriter{&p.mu, &p.stderr}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended stands in ProcessState
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) said() (stdout, stderr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String(), p.stderr.String()
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// stop asks the process to stop, and gives its exit status; it must not take longer
// than design section 8 allows.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	const deadline = 10 * time.Second
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_, stderr := p.said()
		p.t.Fatalf("still runs %s after SIGTERM\n%s", deadline, clipped(stderr))
	}
	return p.cmd.ProcessState.ExitCode()
}

// mockProcess is mockmlp with its two addresses.
type mockProcess struct {
	*process
	api, control string
}

var addresses = regexp.MustCompile(`(?s)API (http://[^/]+)/.*control (http://[^/]+)/control/`)

func startMock(t *testing.T, bin string) mockProcess {
	t.Helper()
	scenario, err := filepath.Abs(filepath.Join("..", "..", "examples", "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, filepath.Join(bin, "mockmlp"), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--scenario", scenario, "--seed", "1", "--rate=-1")
	var found []string
	if !soon(20*time.Second, func() bool {
		stdout, _ := p.said()
		found = addresses.FindStringSubmatch(stdout)
		return found != nil || p.ended()
	}) || found == nil {
		_, stderr := p.said()
		t.Fatalf("the mock does not say where it listens\n%s", clipped(stderr))
	}
	return mockProcess{p, found[1], found[2]}
}

// ask reads from the control API.
func (m mockProcess) ask(path string, into any) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.control+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		m.t.Fatal(err)
	}
}

func (m mockProcess) effects() []mockmlp.Effect {
	var answer struct{ Items []mockmlp.Effect }
	m.ask("/control/effects", &answer)
	return answer.Items
}

func (m mockProcess) fault(body string) {
	m.t.Helper()
	resp, err := http.Post(m.control+"/control/faults", "application/json", strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(resp.Body)
		m.t.Fatalf("the mock refuses the fault: %s", text)
	}
}

// installed is a folder with the sample dropped, for a mock at url.
func installed(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	if err := examples.Install(dir, url); err != nil {
		t.Fatal(err)
	}
	files, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	if err := dropInto(filepath.Join(dir, "in"), files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// settled tells, beside the daemon, whether it has nothing left to do.
func settled(t *testing.T, dir string) bool {
	t.Helper()
	r := mlpsync(t, "status", "-c", filepath.Join(dir, "mlpsync.yaml"), "--json")
	if r.code != 0 {
		return false // the ledger isn't there yet
	}
	s := decode[app.Status](t, r)
	open := s.Entries[outbox.Waiting] + s.Entries[outbox.Claimed] + s.Entries[outbox.InDoubt]
	return open == 0 && len(s.OCMWs) == 1 && s.OCMWs[0].Clients.Decided > 300 && s.OCMWs[0].Undecided == 0
}

// quiet waits until the daemon has settled and nothing has been added for a while: VDAB's late
// 78 comes two seconds after the 90.
func quiet(t *testing.T, dir string, mock mockProcess) bool {
	t.Helper()
	const calm = 4 * time.Second
	count, since := -1, time.Now()
	return soon(90*time.Second, func() bool {
		if n := len(mock.effects()); n != count {
			count, since = n, time.Now()
		}
		return time.Since(since) > calm && settled(t, dir)
	})
}

// standing is how the installation stands, for a test that gives up.
func standing(t *testing.T, dir string) string {
	t.Helper()
	return mlpsync(t, "status", "-c", filepath.Join(dir, "mlpsync.yaml"), "--json").stdout
}

// moments are the numbers of effects after which the daemon is killed; at the first, a
// file was taken and nothing sent.
func moments() []int { return []int{0, 1, 10, 50, 150, 300, 500} }

func testKill(t *testing.T, bin string) {
	want := theReference(t)
	mock := startMock(t, bin)
	dir := installed(t, mock.api)
	config := filepath.Join(dir, "mlpsync.yaml")
	program := filepath.Join(bin, "mlpsync")
	// So that there is always something on its way when the daemon dies.
	mock.fault(`{"match": {"method": "PUT"}, "fixedDelayMilliseconds": 20}`)
	var stderr strings.Builder
	for _, n := range moments() {
		p := start(t, program, "run", "-c", config)
		if !soon(time.Minute, func() bool {
			claims, _ := filepath.Glob(filepath.Join(dir, "state", "files", "*", "claims", "*.claim"))
			return len(claims) > 0 && len(mock.effects()) >= n
		}) {
			_, said := p.said()
			t.Fatalf("%d effects after a minute, want %d\n%s%s", len(mock.effects()), n, standing(t, dir), clipped(said))
		}
		p.kill()
		_, said := p.said()
		stderr.WriteString(said)
	}
	killedAt := len(mock.effects())
	p := start(t, program, "run", "-c", config)
	calm := quiet(t, dir, mock)
	_, said := p.said()
	stderr.WriteString(said)
	if !calm {
		t.Fatalf("does not come to rest after the last kill: %d effects\n%s%s", len(mock.effects()), standing(t, dir), clipped(said))
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit status %d after SIGTERM", code)
	}
	noStackTrace(t, stderr.String())
	if killedAt >= len(want.effects) {
		t.Errorf("the last kill came after everything was sent: %d of %d effects", killedAt, len(want.effects))
	}
	if !strings.Contains(stderr.String(), "outbox.recovered") {
		t.Error("no kill hit an entry that was on its way")
	}
	compareWithReference(t, mock, want)
	once := mlpsync(t, "once", "-c", config, "--json")
	if s := decode[app.Summary](t, once); once.code != 0 || s.Entries.Settled != 0 {
		t.Errorf("once after it all: %s", clipped(once.String()))
	}
}

func compareWithReference(t *testing.T, mock mockProcess, want reference) {
	t.Helper()
	effects := mock.effects()
	for d, n := range deeds(effects) {
		if n > 1 {
			t.Errorf("%d times: %+v", n, d)
		}
	}
	if diff := cmp.Diff(deeds(want.effects), deeds(effects)); diff != "" {
		t.Errorf("effects: -without kills +with kills\n%s", clipped(diff))
	}
	var state mockmlp.State
	mock.ask("/control/state", &state)
	if len(state.InvalidAnswers) > 0 {
		t.Errorf("the mock gave answers that its own document forbids: %v", state.InvalidAnswers)
	}
	if diff := cmp.Diff(want.after.ByPerson(), state.ByPerson()); diff != "" {
		t.Errorf("state: -without kills +with kills\n%s", clipped(diff))
	}
	if len(state.Dossiers) < 200 {
		t.Errorf("only %d dossiers", len(state.Dossiers))
	}
}

// A service that is stopped while it begins has not failed.
func TestStoppedWhileItBegins(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	code := cli.Run(ctx, []string{"run", "-c", w.path("mlpsync.yaml")}, func(string) string { return "" }, strings.NewReader(""), &out, &out)
	if code != 0 {
		t.Errorf("exit status %d: %s", code, out.String())
	}
}

// testStop asks the daemon to stop in the middle of sending, and at rest with an MLP that does
// not answer.
func testStop(t *testing.T, bin string) {
	mock := startMock(t, bin)
	dir := installed(t, mock.api)
	config := filepath.Join(dir, "mlpsync.yaml")
	p := start(t, filepath.Join(bin, "mlpsync"), "run", "-c", config)
	if !soon(time.Minute, func() bool { return len(mock.effects()) >= 20 }) {
		t.Fatal("nothing is sent")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit status %d after SIGTERM, want 0", code)
	}
	_, stderr := p.said()
	noStackTrace(t, stderr)
	for _, event := range []string{"daemon.started", "file.ingested", "daemon.stopped"} {
		if !hasEvent(stderr, event) {
			t.Errorf("the log lacks event %s\n%s", event, clipped(stderr))
		}
	}
	mock.fault(`{"match": {"method": "PUT"}, "fixedDelayMilliseconds": 60000}`)
	before := len(mock.effects())
	p = start(t, filepath.Join(bin, "mlpsync"), "run", "-c", config)
	if !soon(30*time.Second, func() bool { _, log := p.said(); return hasEvent(log, "daemon.started") && inFlight(t, dir) }) {
		t.Fatal("nothing is on its way")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit status %d after SIGTERM while MLP does not answer, want 0", code)
	}
	if after := len(mock.effects()); before == 0 || after < before {
		t.Errorf("%d effects, then %d", before, after)
	}
}

// inFlight tells whether the daemon waits for answers.
func inFlight(t *testing.T, dir string) bool {
	t.Helper()
	r := mlpsync(t, "status", "-c", filepath.Join(dir, "mlpsync.yaml"), "--json")
	return r.code == 0 && decode[app.Status](t, r).Entries[outbox.Claimed] > 0
}

// hasEvent looks for an event in a JSON log.
func hasEvent(log, event string) bool {
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		var line struct{ Event string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Event == event {
			return true
		}
	}
	return false
}

// testHangup closes the terminal of a demo: it stops as told, and its folder goes.
func testHangup(t *testing.T, bin string) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	p := start(t, filepath.Join(bin, "mlpsync"), "demo")
	begun := func() bool { all, err := os.ReadDir(dir); return err == nil && len(all) > 0 }
	if !soon(time.Minute, begun) {
		t.Fatal("the demo does not begin")
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if !soon(30*time.Second, p.ended) || !p.cmd.ProcessState.Exited() {
		t.Errorf("ended: %v", p.cmd.ProcessState)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
