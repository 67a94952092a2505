package deliver

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/outbox"
)

// session is one Run.
type session struct {
	d   *Deliverer
	ctx context.Context
	run string
	// requests outlives ctx by the grace, record by half of it more: what was sent is waited
	// for, and what was answered is recorded.
	requests, record context.Context
	cancel           []context.CancelFunc

	sent    atomic.Int64
	report  Report
	results chan result
	out     int // entries that are being worked on
	stop    Stop
	err     error
}

// result is what became of one entry.
type result struct {
	entry   outbox.Entry
	event   event
	problem outbox.Problem
	// alive tells that MLP answered as a service that works.
	alive  bool
	signal signal
	until  time.Time
	save   func(context.Context) error // set with err: what could not be recorded
	err    error
}

type event string

const (
	settled   event = "deliver.settled"
	givenBack event = "deliver.givenBack"
	doubtful  event = "deliver.inDoubt"
	parked    event = "deliver.parked"
	conflict  event = "deliver.conflict"
	elsewhere event = "deliver.outsideArea"
)

// signal is what an entry's failure says about the whole channel.
type signal int

const (
	noSignal signal = iota
	signalBreaker
	signalThrottled
	signalAuthentication
)

func (d *Deliverer) session(ctx context.Context, run string) *session {
	s := &session{d: d, ctx: ctx, run: run, results: make(chan result, d.o.Workers)}
	requests, cancel1 := outlive(ctx, d.o.Grace)
	record, cancel2 := outlive(ctx, d.o.Grace+d.o.Grace/2)
	s.requests, s.record, s.cancel = withCount(requests, &s.sent), record, []context.CancelFunc{cancel1, cancel2}
	return s
}

// outlive is a context that ends a while after ctx does.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}

func (s *session) close() {
	for _, cancel := range s.cancel {
		cancel()
	}
}

// loop claims and hands out while it may, and takes in what comes back until all is in.
func (s *session) loop() error {
	for {
		if s.mayClaim() {
			s.claim()
		}
		if s.out == 0 {
			return s.err
		}
		s.take(<-s.results)
		for s.out > 0 && len(s.results) > 0 {
			s.take(<-s.results)
		}
	}
}

func (s *session) mayClaim() bool {
	if s.stop == "" && s.ctx.Err() != nil {
		s.stop = StopCancelled
	}
	return s.stop == ""
}

// width is how many lanes may be worked on: one until a request has succeeded.
func (s *session) width() int {
	if s.d.proven {
		return s.d.o.Workers
	}
	return 1
}

func (s *session) claim() {
	free := s.width() - s.out
	if free <= 0 {
		return
	}
	// Under the context that outlives the run's: a claim that is cut off after its commit would
	// leave entries that nobody works on.
	entries, err := s.d.o.Queue.Claim(s.record, s.d.o.NewID(), free, s.d.skip(), s.d.o.Now())
	if err != nil {
		s.fail(fmt.Errorf("claim entries: %w", err))
		return
	}
	s.out += len(entries)
	for _, e := range entries {
		go func() { s.results <- s.work(e) }()
	}
}

// fail stops the run: nothing is sent that can't be recorded.
func (s *session) fail(err error) {
	s.stop = StopStore
	if s.err == nil {
		s.err = err
	}
}

// take books a result. It runs on one goroutine: what it changes needs no lock.
func (s *session) take(r result) {
	s.out--
	if r.err != nil {
		s.fail(r.err)
		if r.save != nil {
			s.d.unsaved = append(s.d.unsaved, unsaved{save: r.save})
		}
	}
	s.count(r.event)
	s.hear(r)
	s.log(r)
}

func (s *session) count(e event) {
	switch e {
	case settled:
		s.report.Settled++
	case givenBack:
		s.report.GivenBack++
	case doubtful:
		s.report.Doubts++
	case parked:
		s.report.Parked++
	case conflict, elsewhere:
		s.report.Conflicts++
	}
}

// hear learns about the channel.
func (s *session) hear(r result) {
	d := s.d
	switch r.signal {
	case signalBreaker:
		d.proven = false
		s.shut(StopBreaker, r.until)
	case signalThrottled:
		s.shut(StopThrottled, r.until)
	case signalAuthentication:
		s.pause(r)
	default:
		if !r.alive {
			return
		}
		d.proven = true
		if p := d.paused[r.entry.OCMW]; p != nil {
			delete(d.paused, r.entry.OCMW)
			d.o.Log.Info().Str("event", "deliver.channelResumed").Str("run", s.run).Str("ocmw", r.entry.OCMW).
				Msg("MLP admits this OCMW's client again")
		}
	}
}

func (s *session) shut(why Stop, until time.Time) {
	if s.stop == "" {
		s.stop = why
	}
	if until.After(s.d.until) {
		s.d.shut, s.d.until = why, until
	}
}

// pause leaves an OCMW out until its time. It is said once, and again only after it worked.
func (s *session) pause(r result) {
	d := s.d
	p := d.paused[r.entry.OCMW]
	if p == nil {
		p = &pause{}
		d.paused[r.entry.OCMW] = p
		d.o.Log.Error().Str("event", "deliver.channelPaused").Str("run", s.run).Str("ocmw", r.entry.OCMW).
			Int("status", r.problem.Status).Str("type", r.problem.Type).Str("hint", r.problem.Next).Msg(r.problem.Title)
	}
	p.trying, p.next = false, d.o.Now().Add(authenticationRetry)
}

func (s *session) finish(err error) Report {
	s.report.Requests = s.sent.Load()
	s.report.Stopped, s.report.Until = s.stop, s.d.until
	if s.stop == "" {
		s.report.Stopped = StopIdle
		if next := s.d.pausedUntil(); !next.IsZero() {
			s.report.Stopped, s.report.Until = StopPaused, next
		}
	}
	if err != nil {
		s.report.Stopped = StopStore
	}
	return s.report
}

// log says what became of an entry. A channel that keeps failing the same way is said when it
// begins, and then at debug level.
func (s *session) log(r result) {
	if r.event == "" {
		return
	}
	level := zerolog.InfoLevel
	switch r.event {
	case settled:
		s.d.trouble = ""
	case parked, elsewhere, doubtful:
		level = zerolog.WarnLevel
	case givenBack:
		level = zerolog.WarnLevel
		if s.d.trouble == r.problem.Type {
			level = zerolog.DebugLevel
		}
		s.d.trouble = r.problem.Type
	}
	e := r.entry
	line := s.d.o.Log.WithLevel(level).Str("event", string(r.event)).Str("run", s.run).Str("ocmw", e.OCMW).Str("client", e.Pseudonym).
		Str("entry", e.ID).Str("op", e.Op).Str("kind", e.Kind).Str("rule", e.Rule)
	if e.TraceID != "" {
		line = line.Str("traceId", e.TraceID)
	}
	if r.problem == (outbox.Problem{}) {
		line.Msg("MLP has it")
		return
	}
	line.Int("status", r.problem.Status).Str("type", r.problem.Type).Str("pointer", r.problem.Pointer).
		Str("hint", r.problem.Next).Msg(r.problem.Title)
}
