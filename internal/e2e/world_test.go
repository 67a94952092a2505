package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/text/encoding/charmap"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/internal/cli"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// The sample's names for its files, and those of the night after.
const (
	tonight  = "_20260315.csv"
	tomorrow = "_20260316.csv"
)

// sampleScenario is read once: it takes as long as a command, and no mock changes what it was given.
var sampleScenario = sync.OnceValues(func() (*mockmlp.Scenario, error) { return mockmlp.ParseScenario(examples.Scenario()) })

// newMock starts a mock with the sample's scenario, on the sample's day.
func newMock() (*mockmlp.Mock, error) {
	scenario, err := sampleScenario()
	if err != nil {
		return nil, err
	}
	return mockOf(scenario)
}

func mockOf(scenario *mockmlp.Scenario) (*mockmlp.Mock, error) {
	return mockmlp.New(mockmlp.Options{Clock: examples.Start(), Seed: 1, Scenario: scenario, RatePerMinute: -1, Logger: zerolog.Nop()})
}

// world is an installation, and the mock that it talks to over a socket.
type world struct {
	t      testing.TB
	dir    string
	mock   *mockmlp.Mock
	server *httptest.Server
}

func newWorld(t testing.TB) *world {
	t.Helper()
	mock, err := newMock()
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(t, mock)
}

func worldOf(t testing.TB, mock *mockmlp.Mock) *world {
	t.Helper()
	server := httptest.NewServer(mock.API())
	w := &world{t: t, dir: t.TempDir(), mock: mock, server: server}
	t.Cleanup(func() {
		server.Close()
		if bad := mock.InvalidAnswers(); len(bad) > 0 {
			t.Errorf("the mock gave answers that its own document forbids: %v", bad)
		}
		if err := mock.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := examples.Install(w.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	return w
}

// configure puts something else in the configuration's place of a text that it has.
func (w *world) configure(old, new string) {
	w.t.Helper()
	conf, err := os.ReadFile(w.path("mlpsync.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	if !bytes.Contains(conf, []byte(old)) {
		w.t.Fatalf("the configuration has no %q", old)
	}
	w.write("mlpsync.yaml", bytes.Replace(conf, []byte(old), []byte(new), 1))
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// write puts a file into the installation.
func (w *world) write(name string, content []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), content, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// drop puts files into the drop folder, each in one step.
func (w *world) drop(files map[string][]byte) {
	w.t.Helper()
	if err := dropInto(w.path("in"), files); err != nil {
		w.t.Fatal(err)
	}
}

func dropInto(folder string, files map[string][]byte) error {
	for name, content := range files {
		tmp := filepath.Join(folder, name+".tmp")
		if err := os.WriteFile(tmp, content, 0o600); err != nil {
			return err
		}
		if err := os.Rename(tmp, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit status %d\nstdout:\n%s\nstderr:\n%s", r.code, r.stdout, r.stderr)
}

// commandTime bounds one command; none needs a tenth of it on an idle machine.
const commandTime = 2 * time.Minute

// mlpsync runs a command line in this process.
func mlpsync(t testing.TB, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	var mu sync.Mutex // the log is written to by many at once, as a file can be
	code := cli.Run(ctx, args, func(string) string { return "" }, strings.NewReader(""), lockedWriter{&mu, &stdout}, lockedWriter{&mu, &stderr})
	r := result{code, stdout.String(), stderr.String()}
	if ctx.Err() != nil {
		t.Fatalf("mlpsync %s did not end within %s\n%s", strings.Join(args, " "), commandTime, clipped(r.String()))
	}
	noStackTrace(t, r.stdout+r.stderr)
	return r
}

// run runs a command on the world's configuration: the flag goes behind the words that name
// the command.
func (w *world) run(command string, args ...string) result {
	w.t.Helper()
	words := append(strings.Fields(command), "-c", w.path("mlpsync.yaml"))
	return mlpsync(w.t, append(words, args...)...)
}

func noStackTrace(t testing.TB, text string) {
	t.Helper()
	for _, sign := range []string{"goroutine ", "panic", "this should not happen", "runtime error"} {
		if strings.Contains(text, sign) {
			t.Errorf("what a person sees holds %q:\n%s", sign, clipped(text))
		}
	}
}

func clipped(text string) string {
	const most = 6000
	if len(text) <= most {
		return text
	}
	return text[:most/2] + "\n[...]\n" + text[len(text)-most/2:]
}

// sample is the bundled export, by file name.
func sample() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(examples.Export(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(examples.Export(), name)
		return err
	})
	return files, err
}

// rowStart is how a row of the sample begins: lines that begin otherwise go on with a
// quoted cell.
var rowStart = regexp.MustCompile(`^(Z\d{5}|Totaal aantal rijen)?;`)

// rows splits a file of the sample into its header, its data rows and its totals line,
// each with its line end.
func rows(content []byte) (header []byte, data [][]byte) {
	for i, line := range bytes.SplitAfter(content, []byte("\r\n")) {
		switch {
		case i == 0:
			header = line
		case bytes.HasPrefix(line, []byte("Totaal aantal rijen")) || len(line) == 0:
		case rowStart.Match(line):
			data = append(data, bytes.Clone(line))
		case len(data) > 0:
			data[len(data)-1] = append(data[len(data)-1], line...)
		}
	}
	return header, data
}

// file puts a file together again, with the totals line that fits.
func file(header []byte, data [][]byte) []byte {
	out := append(bytes.Clone(header), bytes.Join(data, nil)...)
	return fmt.Appendf(out, "Totaal aantal rijen;%d\r\n", len(data))
}

// only cuts the sample down to some clients; every file stays.
func only(t testing.TB, clients ...string) map[string][]byte {
	t.Helper()
	small, err := cutDown(clients)
	if err != nil {
		t.Fatal(err)
	}
	return small
}

func cutDown(clients []string) (map[string][]byte, error) {
	all, err := sample()
	if err != nil {
		return nil, err
	}
	small, found := map[string][]byte{}, map[string]bool{}
	for name, content := range all {
		header, data := rows(content)
		var kept [][]byte
		for _, row := range data {
			for _, c := range clients {
				if bytes.HasPrefix(row, []byte(c+";")) {
					kept, found[c] = append(kept, row), true
				}
			}
		}
		small[name] = file(header, kept)
	}
	for _, c := range clients {
		if !found[c] {
			return nil, fmt.Errorf("the sample has no client %s", c)
		}
	}
	return small, nil
}

// windows1252 is how the sample writes a text.
func windows1252(text string) []byte {
	out, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		return []byte(text)
	}
	return []byte(out)
}

func fromWindows1252(content []byte) string {
	out, err := io.ReadAll(charmap.Windows1252.NewDecoder().Reader(bytes.NewReader(content)))
	if err != nil {
		return string(content)
	}
	return string(out)
}

// soon waits until ok, looking again at each tick; false when it took longer than most.
func soon(most time.Duration, ok func() bool) bool {
	const tick = 50 * time.Millisecond
	late := time.NewTimer(most)
	defer late.Stop()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for !ok() {
		select {
		case <-late.C:
			return ok()
		case <-ticks.C:
		}
	}
	return true
}
