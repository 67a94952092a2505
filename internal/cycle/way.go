package cycle

import "errors"

// way is how reading found the way to MLP. A question that gets no answer costs its time, and so would the next one: a pass asks
// one such question, whatever the number of OCMWs, and leaves the others to the next pass.
type way struct {
	silent bool // from a question without an answer in time until a pass in which all could be read
	missed bool // that was in this pass
	failed bool // something could not be read in this pass
}

func (w *way) begin() { w.missed, w.failed = false, false }

// hear takes why MLP could not be read.
func (w *way) hear(err error) {
	w.failed = true
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		w.silent, w.missed = true, true
	}
}

// end is called when everything was asked that a pass asks before it sends.
func (w *way) end() {
	if !w.failed {
		w.silent = false
	}
}
