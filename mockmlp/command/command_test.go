package command

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, func(string) string { return "" }, &out, &errs)
	return code, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("clokc: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("dossiers: [{ssin: \"67722499797\"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"--help"}, exitOK, "no public MLP API", ""},
		{[]string{"help"}, exitOK, "mockmlp serve --help", ""},
		{[]string{"help", "serve"}, exitOK, "by default 127.0.0.1:8082", ""},
		{[]string{"version"}, exitOK, "mockmlp ", ""},
		{[]string{"--nonsense"}, exitUsage, "", "mockmlp serve --help"},
		{[]string{"--clock", "noon"}, exitUsage, "", "--clock"},
		{[]string{"--hostile", "--hostile-share", "5"}, exitUsage, "", "--hostile-share"},
		{[]string{"--scenario", bad}, exitUsage, "", "clokc"},
		{[]string{"--scenario", wrong}, exitUsage, "", "dossiers[0]"},
		{[]string{"--listen", "256.0.0.1:1"}, exitCouldNotRun, "", "listen"},
		{[]string{"health", "--url", "http://127.0.0.1:1/"}, exitNotReady, "", "not reachable"},
		{[]string{"health", "--url", "://"}, exitUsage, "", "URL"},
	}
	for _, c := range cases {
		code, stdout, stderr := run(t, c.args...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%v: %d\n%s\n%s", c.args, code, stdout, stderr)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for flag, args := range map[string][]string{
		"--listen":  {"--listen", address, "--control", "127.0.0.1:0"},
		"--control": {"--listen", "127.0.0.1:0", "--control", address},
	} {
		code, _, stderr := run(t, args...)
		if code != exitCouldNotRun || !strings.Contains(stderr, flag+" "+address) || !strings.Contains(stderr, "choose another address") {
			t.Errorf("%s: %d %s", flag, code, stderr)
		}
	}
}

func TestServeUntilTold(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int, 1)
	var logs bytes.Buffer
	go func() {
		done <- Run(ctx, []string{"--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", t.TempDir()}, os.Getenv, in, &logs)
	}()
	lines := bufio.NewScanner(out)
	lines.Scan()
	api := strings.Fields(lines.Text())[2]
	lines.Scan()
	control := strings.Fields(lines.Text())[2]
	lines.Scan()
	if !strings.Contains(lines.Text(), "no public MLP API") {
		t.Errorf("third line %q", lines.Text())
	}
	lines.Scan()
	page := strings.Fields(lines.Text())[2]
	lines.Scan()
	if !strings.Contains(lines.Text(), "mlpsync-demo") || !strings.Contains(lines.Text(), "demo-secret") {
		t.Errorf("no credentials: %q", lines.Text())
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() { // the rest of the greeting: a pipe without a reader would stop the program
		}
	}()
	if code, stdout, _ := run(t, "health", "--url", strings.TrimSuffix(api, ",")+"/health"); code != exitOK || stdout != "UP\n" {
		t.Errorf("health: %d %q", code, stdout)
	}
	resp, err := http.Get(control + "clock")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("control: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	stream, err := http.Get(page + "live") // an open page doesn't hold up the end
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	cancel()
	if code := <-done; code != exitOK {
		t.Errorf("stopped with %d: %s", code, logs.String())
	}
	_ = in.Close()
	<-drained
	http.DefaultClient.CloseIdleConnections()
	for line := range strings.Lines(logs.String()) {
		if !strings.HasPrefix(line, "{") {
			t.Errorf("log line %q is no JSON", line)
		}
	}
}
