package e2e_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/mlpsync/mlpsync/internal/app"
	"github.com/mlpsync/mlpsync/internal/cli"
	"github.com/mlpsync/mlpsync/internal/outbox"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// sharedLog is written by the daemon and read by the test.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *sharedLog) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text.Bytes())
}

// daemon is mlpsync run in this process, so that its log can be read and nothing has to be built.
type daemon struct {
	*world
	log sharedLog
}

// start runs it until the function that it gives is called.
func (d *daemon) start() (stop func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"run", "-c", d.path("mlpsync.yaml")}, func(string) string { return "" }, strings.NewReader(""), &d.log, &d.log)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if code := <-ended; code != 0 {
			d.t.Errorf("the daemon ended with %d: %s", code, clipped(string(d.log.bytes())))
		}
	})
	d.t.Cleanup(stop) // also of a test that gives up
	return stop
}

// calm waits until the daemon said a line so often, and for some cycles after that has nothing left to do: what somebody
// else did in MLP makes it begin again. A cycle shows by its looks at MLP's feed, as the state says of each step of one that it was the last.
func (d *daemon) calm(line string, times int) {
	d.t.Helper()
	d.told(line, times)
	const looks = 6 // two a cycle: before deciding, and behind delivering
	effects, since := -1, 0
	if !soon(2*time.Minute, func() bool {
		done, n := d.done(), len(d.mock.Effects())
		looked, err := d.mock.FindJournal(mockmlp.Filter{"operationId": {"listChanges"}})
		if err != nil {
			d.t.Fatal(err)
		}
		if !done || n != effects || pendingOf(d.mock)() > 0 {
			effects, since = n, len(looked)
			return false
		}
		return len(looked) >= since+looks
	}) {
		d.t.Fatalf("not done after two minutes:\n%s", clipped(string(d.log.bytes())))
	}
}

// done tells whether the daemon is well and left nothing.
func (d *daemon) done() bool {
	d.t.Helper()
	if mlpsync(d.t, "health", "-c", d.path("mlpsync.yaml")).code != 0 {
		return false
	}
	s := decode[app.Status](d.t, d.run("status", "--json"))
	open := s.Entries[outbox.Waiting] + s.Entries[outbox.Claimed] + s.Entries[outbox.InDoubt]
	return open == 0 && len(s.OCMWs) == 1 && s.OCMWs[0].Clients.Decided > 0 && s.OCMWs[0].Undecided == 0
}

// told waits until the daemon said a line so often.
func (d *daemon) told(line string, times int) {
	d.t.Helper()
	if !soon(time.Minute, func() bool { return bytes.Count(d.log.bytes(), []byte(line)) >= times }) {
		d.t.Fatalf("after a minute not %d times %q:\n%s", times, line, clipped(string(d.log.bytes())))
	}
}
