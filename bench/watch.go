package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/app"
)

// events hears from a daemon's log when something was settled.
type events struct {
	mu      sync.Mutex
	settled int
	heard   chan int
}

// Write implements io.Writer; zerolog writes a line at a time.
func (e *events) Write(line []byte) (int, error) {
	if !bytes.Contains(line, []byte(`"deliver.settled"`)) {
		return len(line), nil
	}
	e.mu.Lock()
	e.settled++
	n := e.settled
	e.mu.Unlock()
	e.heard <- n
	return len(line), nil
}

// reach waits until n changes were settled.
func (e *events) reach(ctx context.Context, n int) error {
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		select {
		case got := <-e.heard:
			if got >= n {
				return nil
			}
		case <-late.C:
			return errors.New("the changes were not delivered within a minute")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heartbeatPoint is passed when the first heartbeat stands in the ledger, which is what health looks for.
const heartbeatPoint = "store-fact.after-commit"

// childDaemon is mlpsync run. It says how long it took until it was ready; then it drops a file each time that the
// parent says so, and says how long it took until the changes in it were settled.
func childDaemon(ctx context.Context, t task, io childIO) (outcome, error) {
	began := time.Now()
	var o outcome
	defer app.SaveMemory(os.Getenv)()
	conf, err := lifted(t.Config, t.Workers)
	if err != nil {
		return o, err
	}
	log := events{heard: make(chan int, 1024)}
	ready := make(chan time.Duration, 1)
	var once sync.Once
	reached := func(point string) {
		if point == heartbeatPoint {
			once.Do(func() { ready <- time.Since(began) })
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a, err := app.Open(ctx, app.Options{Config: conf, Mode: app.Daemon, Getenv: os.Getenv, Log: zerolog.New(&log).Level(zerolog.InfoLevel), Reached: reached})
	if err != nil {
		return o, err
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select {
	case took := <-ready:
		err = io.out.Encode(outcome{Seconds: took.Seconds()})
	case err = <-ended:
		err = errors.Join(errors.New("the daemon ended"), err)
		ended <- nil
	}
	for i := 0; err == nil && io.told(); i++ {
		var took outcome
		if took.Seconds, err = changed(ctx, t, i, &log); err == nil {
			err = io.out.Encode(took)
		}
	}
	stop()
	return o, errors.Join(err, <-ended, a.Close())
}

// changed drops the next file, and gives the seconds until the changes in it were settled.
func changed(ctx context.Context, t task, i int, log *events) (float64, error) {
	began := time.Now()
	if err := os.Rename(t.Drop[i].From, t.Drop[i].To); err != nil {
		return 0, err
	}
	err := log.reach(ctx, (i+1)*t.Clients)
	return time.Since(began).Seconds(), err
}
