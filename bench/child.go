package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// childWord as the first argument makes this program the process of one side.
const childWord = "child"

// task is what a child is to do, as JSON on its standard input.
type task struct {
	Config   string // of the installation
	Base     string // URL of the mock
	Requests string // file of premade requests
	Workers  int
	// Unsettled is how many answers may wait for their commit; 0 for the default.
	Unsettled int
	Clients   int // that the mock holds
	Record    string
	Profile   string // file for a CPU profile
	Drop      []dropped
	Seen      bool // what is dropped is known already
	Stop      bool // end when all stands in the ledger
}

// dropped is a file that goes into the drop folder: moved from From to To.
type dropped struct{ From, To string }

// outcome is what a child measured, as JSON on its standard output.
type outcome struct {
	Seconds      float64
	WholeSeconds float64 // with what comes after
	CPUSeconds   float64 // NaN is no JSON: negative where it can't be measured
	PeakMB       float64 // likewise
	Count        int     // changes, rows or clients, by task
	Before       float64 // seconds of what was compared with in the same process
	Addr         string
	Effects      int
	Entries      int
}

func runChild(ctx context.Context, name string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := func() error {
		in := json.NewDecoder(stdin)
		var t task
		if err := in.Decode(&t); err != nil {
			return err
		}
		tasks := map[string]func(context.Context, task, childIO) (outcome, error){
			"mock": childMock, "bare": childBare, "deliver": childDeliver, "once": childOnce, "validate": childValidate, "daemon": childDaemon,
		}
		do, is := tasks[name]
		if !is {
			return fmt.Errorf("no task %q", name)
		}
		stop, err := profile(t.Profile)
		if err != nil {
			return err
		}
		o, err := do(ctx, t, childIO{in, json.NewEncoder(stdout)})
		if err := errors.Join(err, stop()); err != nil {
			return err
		}
		o.PeakMB = peakMB()
		return json.NewEncoder(stdout).Encode(o)
	}()
	if err != nil {
		fmt.Fprintf(stderr, "bench child %s: %v\n", name, err)
		return 1
	}
	return 0
}

// childIO is how a child that serves speaks with its parent.
type childIO struct {
	in  *json.Decoder
	out *json.Encoder
}

// told waits for the parent to ask for something; false when it has closed this process's standard input, or is gone.
func (c childIO) told() bool {
	var asked string
	return c.in.Decode(&asked) == nil
}

func profile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// stopwatch measures time and time of the processor from its making on.
type stopwatch struct {
	began time.Time
	cpu   time.Duration
}

func startWatch() stopwatch { return stopwatch{time.Now(), cpuTime()} }

func (w stopwatch) read(o *outcome) {
	o.Seconds, o.CPUSeconds = time.Since(w.began).Seconds(), -1
	if w.cpu >= 0 {
		o.CPUSeconds = (cpuTime() - w.cpu).Seconds()
	}
}

// process is a child that runs.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func (b *bench) start(name string, t task) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if b.profiles != "" && t.Profile != "" {
		t.Profile = filepath.Join(b.profiles, t.Profile+".pprof")
	} else {
		t.Profile = ""
	}
	p := &process{cmd: exec.CommandContext(b.ctx, program, childWord, name)}
	p.cmd.Stderr = b.progress
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, json.NewEncoder(p.in).Encode(t)
}

// line reads what the child says next.
func (p *process) line() (outcome, error) {
	var o outcome
	if err := p.out.Decode(&o); err != nil {
		return o, errors.Join(fmt.Errorf("hear from child: %w", err), p.cmd.Wait())
	}
	return o, nil
}

// ask has a child that serves do the next thing, and hears of it.
func (p *process) ask() (outcome, error) {
	if _, err := io.WriteString(p.in, "\"next\"\n"); err != nil {
		return outcome{}, err
	}
	return p.line()
}

// end lets the child end, and gives what it says last.
func (p *process) end() (outcome, error) {
	_ = p.in.Close()
	o, err := p.line()
	if err != nil {
		return o, err
	}
	return o, p.cmd.Wait()
}

// child runs one to its end.
func (b *bench) child(name string, t task) (outcome, error) {
	p, err := b.start(name, t)
	if err != nil {
		return outcome{}, err
	}
	return p.end()
}
