package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/failpoint"
)

// childCmd is the daemon in the child process of the self-test: run, with failpoints. It says on
// standard output how it stands, a line of JSON each time, and stops when its standard input ends, so
// that it outlives nobody and Windows can stop it too.
type childCmd struct {
	configFlag
}

// report is a line that the child prints.
type report struct {
	Standing *standing          `json:"standing,omitempty"`
	Points   []failpoint.Passed `json:"points,omitempty"` // at the end
	Fell     string             `json:"fell,omitempty"`   // the failpoint at which it dies now
}

// reportEvery is how often the child says how it stands.
const reportEvery = 200 * time.Millisecond

func (c childCmd) Run(s *session) error {
	points, err := failpoint.Parse(s.getenv(failpoint.Variable), func(point string) {
		_ = json.NewEncoder(s.stdout).Encode(report{Fell: point}) // one write, which a kill doesn't take back
		failpoint.Die()
	})
	if err != nil {
		return &usageError{err}
	}
	conf, err := c.load()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, s.stdin) // until the parent closes it, or is gone
		stop()
	}()
	a, err := app.Open(ctx, app.Options{Config: conf, Mode: app.Daemon, Getenv: s.getenv, Log: s.logger(conf, app.Daemon, ""), Reached: points.Reached})
	if err != nil {
		return err
	}
	lines := json.NewEncoder(s.stdout)
	var told sync.WaitGroup
	told.Go(func() { tell(ctx, a, lines) })
	err = a.Run(ctx)
	stop()
	told.Wait()
	if err = errors.Join(err, a.Close()); err != nil {
		return err
	}
	return lines.Encode(report{Points: points.Passed()})
}

// tell prints how the daemon stands until the context ends.
func tell(ctx context.Context, a *app.App, lines *json.Encoder) {
	ticks := time.NewTicker(reportEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		s, err := standingOf(ctx, a)
		if err != nil {
			continue // the daemon says itself what is wrong with its ledger
		}
		s.Goroutines, s.MemoryKiB = runtime.NumGoroutine(), residentKiB()
		_ = lines.Encode(report{Standing: &s}) // the parent is gone: so is this process soon
	}
}

// residentKiB is the memory of this process: what the system has resident for it on Linux, elsewhere what
// the Go runtime holds.
func residentKiB() int {
	var total, resident int
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		if _, err := fmt.Sscan(string(text), &total, &resident); err == nil {
			return resident * os.Getpagesize() / 1024
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int((m.Sys - m.HeapReleased) / 1024)
}

// child is a child process as the self-test sees it.
type child struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	started time.Time
	done    chan struct{} // closed when it has ended and all it said is read

	mu     sync.Mutex
	last   standing
	points []failpoint.Passed
	fell   string
	log    bytes.Buffer
}

// startChild starts the daemon on an installation; armed is what arms failpoints, empty for none.
func startChild(ctx context.Context, config, armed string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	k := &child{cmd: exec.CommandContext(ctx, program, "selftest", "child", "-c", config), done: make(chan struct{})}
	k.cmd.Env = append(os.Environ(), failpoint.Variable+"="+armed)
	if k.stdin, err = k.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := k.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	k.cmd.Stderr = lockedBuffer{&k.mu, &k.log}
	k.started = time.Now()
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	go func() {
		k.listen(stdout)
		_ = k.cmd.Wait() // how it ended stands in ProcessState
		close(k.done)
	}()
	return k, nil
}

func (k *child) listen(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var r report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // cut off by a kill
		}
		k.mu.Lock()
		if r.Standing != nil {
			k.last = *r.Standing
		}
		if r.Points != nil {
			k.points = r.Points
		}
		if k.fell == "" { // where two passed a point at once, the first
			k.fell = r.Fell
		}
		k.mu.Unlock()
	}
}

type lockedBuffer struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (b lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.to.Write(p)
}

func (k *child) standing() standing {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

// fellAt is the failpoint at which the process died, empty where it didn't.
func (k *child) fellAt() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fell
}

func (k *child) said(event string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytes.Contains(k.log.Bytes(), []byte(event))
}

func (k *child) ended() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// kill ends the process as a power cut would.
func (k *child) kill() {
	_ = k.cmd.Process.Kill() // it may have ended
	<-k.done
}

// stop asks the daemon to stop. It has its own deadline of 10 s; one that holds on is killed.
func (k *child) stop() {
	_ = k.stdin.Close()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	select {
	case <-k.done:
	case <-late.C:
		k.kill()
	}
}

// failed is an error with what the daemon said last.
func (k *child) failed(what string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	log := k.log.String()
	return fmt.Errorf("%s; it stands at %+v, and said last: %s", what, k.last, log[max(0, len(log)-1500):])
}
