// Package failpoint lets a self-test end this process at a named point of its work, as a
// power cut would.
//
// The program that ships never stops here: its parts carry a function field that is nil,
// and only the child process of "mlpsync selftest crash" fills it, from the environment variable [Variable].
// A run that is not killed counts which points it passes, and the self-test kills at
// those, so that a point that is added is killed at from then on. Which ones there are (app.Points) it
// only needs to tell what never came by.
//
// internal/cli calls it; it imports nothing of this module and holds no state of its own.
package failpoint

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Variable is the environment variable that arms points: "NAME:N" for the N-th time that the
// process passes one, more of them with a comma between: the process dies at what comes first. Empty: points are counted, and
// nothing happens at them.
const Variable = "MLPSYNC_SELFTEST_FAILPOINT"

// Passed is a point and how often it was passed.
type Passed struct {
	Name  string `json:"name"`
	Times int    `json:"times"`
}

// Points are the points of one process. Any number of goroutines may pass them.
type Points struct {
	armed map[string]int // the passage that kills
	die   func(point string)

	mu     sync.Mutex
	times  map[string]int
	passed []string // in the order in which they were first passed
}

// Parse reads what Variable holds. die ends the process at the point that it is given, and does not return; nil for [Die] alone.
func Parse(spec string, die func(point string)) (*Points, error) {
	p := &Points{armed: map[string]int{}, die: die, times: map[string]int{}}
	if p.die == nil {
		p.die = func(string) { Die() }
	}
	if spec == "" {
		return p, nil
	}
	for one := range strings.SplitSeq(spec, ",") {
		name, count, ok := strings.Cut(one, ":")
		n, err := strconv.Atoi(count)
		if !ok || name == "" || err != nil || n < 1 {
			return nil, fmt.Errorf("%s is not of the form NAME:N,NAME:N", Variable)
		}
		if p.armed[name] != 0 {
			return nil, fmt.Errorf("%s arms %s twice", Variable, name)
		}
		p.armed[name] = n
	}
	return p, nil
}

// Reached is called where the process passes a point.
func (p *Points) Reached(name string) {
	p.mu.Lock()
	p.times[name]++
	n := p.times[name]
	if n == 1 {
		p.passed = append(p.passed, name)
	}
	p.mu.Unlock()
	if n == p.armed[name] {
		p.die(name)
	}
}

// Passed lists the points in the order in which they were first passed.
func (p *Points) Passed() []Passed {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Passed, 0, len(p.passed))
	for _, name := range p.passed {
		out = append(out, Passed{name, p.times[name]})
	}
	return out
}

// Die kills this process: no deferred function runs and nothing is flushed.
func Die() {
	self, err := os.FindProcess(os.Getpid())
	if err = errors.Join(err, self.Kill()); err != nil {
		os.Exit(137) // as near to it as can be had
	}
	select {} // the signal is on its way: nothing more happens here
}
