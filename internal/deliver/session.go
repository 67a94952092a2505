package deliver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
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

	sent   atomic.Int64
	report Report
	brake  brake

	// jobs holds what was claimed for the workers, so that they go on while a commit is made, and results what came of it. Each answer that
	// is to be settled is in waiting until its commit is made: a worker who finds no room there waits with it.
	jobs          chan claimed
	results       chan *result
	waiting       chan struct{}
	crew          *crew
	busy          int            // workers who had a lane when something was last claimed
	lanes         int            // that were handed to the workers, who are not done with them
	out           int            // entries of those that are not back
	asked         bool           // the last commit has claimed what there is
	answered      []*result      // MLP took them; the commit that says so is to come
	entries       []outbox.Entry // those of a commit, and the dossiers after them: one place for all commits
	dossiers      []casefile.Dossier
	unfinished    map[int64]int  // how many of those are of stretches that go on, by person
	unfinishedSum int            // and in all
	deferred      map[int64]bool // whose answers were left out of the last commit
	failures      int            // of the store in a row, settling one by one
	ends          time.Time      // of the turn; zero: never
	stop          Stop
	err           error
}

// claimed is a stretch of a lane under a claim, with what MLP is known to hold of its person.
type claimed struct {
	entries []outbox.Entry
	known   casefile.Known
}

// brake is what a worker asks before it sends what was claimed a moment ago.
type brake struct {
	mu      sync.Mutex
	all     bool
	ocmws   map[string]bool
	answers int  // of MLP, to this run
	silent  bool // MLP answered nobody for as long as a request may take
}

func (b *brake) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = true
}

func (b *brake) bar(ocmw string, barred bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ocmws[ocmw] = barred
}

// hear is the worker's own: nobody goes on to another person through a way that is shut, though
// the session has yet to be told.
func (b *brake) hear(r result, before int) {
	switch r.signal {
	case signalBreaker, signalThrottled:
		b.stop()
	case signalAuthentication:
		b.bar(r.entry.OCMW, true)
	}
	b.listen(r, before)
}

// listen stops everything when MLP answered nobody in all the time of a request that got no answer: before the breaker opens, more
// would go out one after the other, each for its whole time, and files and decisions wait for the end of the run. The way is not
// shut by it: the next run tries again. before is what heard was when the request went out.
func (b *brake) listen(r result, before int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.alive:
		b.answers++
	case r.problem.Type == mlp.TypeTimeout && b.answers == before:
		b.all, b.silent = true, true
	}
}

// heard is how often MLP answered.
func (b *brake) heard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers
}

func (b *brake) stoppedBySilence() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.silent
}

func (b *brake) holds(ocmw string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all || b.ocmws[ocmw]
}

// result is what became of one entry, which is still to be recorded.
type result struct {
	entry   outbox.Entry
	event   event
	problem outbox.Problem
	last    bool // its worker is done with the lane
	rest    int  // entries of the stretch behind it, which were not sent and go back with it
	// alive tells that MLP answered as a service that works.
	alive  bool
	signal signal
	until  time.Time
	due    time.Time                   // when it goes on, where it waits
	known  *casefile.Dossier           // set when MLP took it: the dossier after it, to be settled
	change casefile.Change             // that MLP took
	save   func(context.Context) error // records it, where it is not settled
	err    error                       // it could not be recorded
}

type event string

const (
	settled   event = "deliver.settled"
	givenBack event = "deliver.givenBack"
	doubtful  event = "deliver.inDoubt"
	parked    event = "deliver.parked"
	conflict  event = "deliver.conflict"
	elsewhere event = "deliver.outsideArea"
	// keptBack: claimed, and not sent as the way was shut by then.
	keptBack event = "deliver.keptBack"
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
	s := &session{
		d: d, ctx: ctx, run: run, brake: brake{ocmws: map[string]bool{}},
		jobs: make(chan claimed, d.reach()), results: make(chan *result, d.reach()), waiting: make(chan struct{}, d.o.Unsettled),
		unfinished: map[int64]int{}, crew: newCrew(d.o.Workers, max(d.o.Unsettled/(2*maxStretch), 1)),
	}
	requests, cancel1 := outlive(ctx, d.o.Grace)
	record, cancel2 := outlive(ctx, d.o.Grace+d.o.Grace/2)
	s.requests, s.record, s.cancel = withCount(requests, &s.sent), record, []context.CancelFunc{cancel1, cancel2}
	if d.o.Turn > 0 {
		s.ends = d.o.Now().Add(d.o.Turn)
	}
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

// close is called when no entry is out any more.
func (s *session) close() {
	close(s.jobs)
	s.crew.all.Wait()
	for _, cancel := range s.cancel {
		cancel()
	}
}

// loop claims while it may, takes in what comes back and settles it, until all is in.
func (s *session) loop() error {
	for {
		if (!s.asked || s.out == 0) && s.mayClaim() {
			s.claim()
		}
		if s.out == 0 {
			return s.err
		}
		s.asked = false
		s.settle(s.gather())
	}
}

func (s *session) mayClaim() bool {
	if s.ctx.Err() != nil {
		s.halt(StopCancelled)
	}
	now := s.d.o.Now()
	if end := s.d.o.Quiet.End(now); !end.IsZero() {
		s.shut(StopQuiet, end)
	}
	if !s.ends.IsZero() && !now.Before(s.ends) {
		s.endTurn(now)
	}
	return s.stop == ""
}

// endTurn lets what was claimed be sent, for as long as a turn at most.
func (s *session) endTurn(now time.Time) {
	if s.stop == "" {
		s.stop = StopTurn
	}
	if !now.Before(s.ends.Add(s.d.o.Turn)) {
		s.brake.stop()
	}
}

// halt ends the claiming, and keeps back what was claimed and not sent.
func (s *session) halt(why Stop) {
	if s.stop == "" || s.stop == StopTurn {
		s.stop = why
	}
	s.brake.stop()
}

// reach is how many entries are claimed at a time at most.
func (d *Deliverer) reach() int { return d.o.Workers + d.o.Unsettled }

// gather takes in results until a commit is worth it: there are enough, or no more may wait, or a worker who was busy has nobody left
// to go on with, or the first has waited long enough. It tells whether all answers are to be committed, or those of stretches that go on
// are left for the next commit.
func (s *session) gather() (all bool) {
	if len(s.answered) == 0 {
		s.take(<-s.results)
	}
	patience := time.NewTimer(settleWithin)
	defer patience.Stop()
	for s.out > 0 && !s.enough() && len(s.answered) < cap(s.waiting) && (len(s.results) > 0 || s.lanes >= s.busy || s.err != nil) {
		select {
		case r := <-s.results:
			s.take(r)
		case <-patience.C:
			return true
		}
	}
	return !s.enough()
}

// enough tells that answers of stretches at their end fill half of the room that those of others leave; the other half is for what comes
// while they are committed.
func (s *session) enough() bool {
	return len(s.answered)-s.unfinishedSum >= max((cap(s.waiting)-s.unfinishedSum)/2, 1)
}

// batch takes the answers to commit: all, or those of stretches at their end, so that what is written once a lane is written once. An answer
// is left for another commit once at most.
func (s *session) batch(all bool) (now []*result) {
	var later []*result
	deferred := map[int64]bool{}
	for _, r := range s.answered {
		switch person := r.entry.Person; {
		case !all && s.unfinished[person] > 0 && !s.deferred[person]:
			later, deferred[person] = append(later, r), true
		default:
			now = append(now, r)
			s.unfinishedSum -= s.unfinished[person]
			delete(s.unfinished, person)
		}
	}
	s.answered, s.deferred = later, deferred
	return now
}

// settle commits answers that came in. Where they can't go together each goes by itself: one that
// can't be settled must not keep its neighbours in doubt.
func (s *session) settle(all bool) {
	if len(s.answered) == 0 {
		return
	}
	batch, now := s.batch(all), s.d.o.Now()
	defer func() {
		for range batch {
			<-s.waiting
		}
	}()
	s.entries, s.dossiers = s.entries[:0], s.dossiers[:0]
	for _, r := range batch {
		s.entries, s.dossiers = append(s.entries, r.entry), append(s.dossiers, *r.known)
	}
	onward := s.onward()
	next, nextKnown, err := s.d.o.Queue.SettleMany(s.record, s.run, onward, s.entries, s.dossiers, now)
	if err != nil {
		s.settleApart(batch, now, err)
		return
	}
	s.failures = 0
	s.d.lastSettled.Store(now.UnixNano())
	had := len(batch) + s.unfinishedSum // by the time that the commit was begun
	s.crew.pace(len(s.waiting)-had, cap(s.waiting)-had)
	for _, r := range batch {
		s.book(r)
	}
	s.asked = onward.Token != ""
	s.give(next, nextKnown)
}

// onward is the claim in the commit that settles answers, so that lanes go on at once; empty when nothing is to be claimed any more.
func (s *session) onward() outbox.Claim {
	if !s.mayClaim() {
		return outbox.Claim{}
	}
	return s.more()
}

// settleApart settles one by one what could not be settled together, nothing of a lane behind what failed. After two failures in a row it
// is the store that fails, and a store that others hold can take long to say so: the rest is offered again later.
func (s *session) settleApart(batch []*result, now time.Time, err error) {
	failed := map[int64]error{} // by person
	for _, r := range batch {
		save := func(ctx context.Context) error { return s.d.o.Queue.Settle(ctx, s.run, r.entry, *r.known, now) }
		switch ahead := failed[r.entry.Person]; {
		case ahead != nil:
			err = ahead
		case s.failures < 2:
			if err = save(s.record); err == nil {
				s.failures = 0
				s.d.lastSettled.Store(now.UnixNano())
				s.book(r)
				continue
			}
			s.failures++
		}
		failed[r.entry.Person] = err
		r.event, r.save, r.err = "", save, fmt.Errorf("record %s: %w", settled, err)
		s.book(r)
	}
}

// width is how many lanes may be worked on: one until a request has succeeded.
func (s *session) width() int {
	if s.d.proven {
		return s.crew.width()
	}
	return 1
}

// reach is how many entries may be claimed at a time: for the workers, and for what they go on
// with while answers wait.
func (s *session) reach() int {
	if s.d.proven {
		return s.d.reach()
	}
	return 1
}

// held is how many entries are claimed: those that are not back, and those whose answers are not committed.
func (s *session) held() int { return s.out + len(s.answered) }

// more is the claim for what is within reach. No lane takes more of it than a worker's share, so that each worker has one.
func (s *session) more() outbox.Claim {
	return outbox.Claim{Token: s.d.o.NewID(), Limit: s.reach() - s.held(), Stretch: min(s.reach()/s.width(), maxStretch), Skip: s.d.skip()}
}

func (s *session) claim() {
	if s.reach() <= s.held() {
		return
	}
	// Under the context that outlives the run's: a claim that is cut off after its commit would
	// leave entries that nobody works on.
	stretches, known, err := s.d.o.Queue.Claim(s.record, s.more(), s.d.o.Now())
	if err != nil {
		s.fail(fmt.Errorf("claim entries: %w", err))
		return
	}
	s.give(stretches, known)
}

// give hands what was claimed to the workers.
func (s *session) give(stretches [][]outbox.Entry, known []casefile.Known) {
	s.lanes += len(stretches)
	s.crew.hire(min(s.width(), s.lanes), s.toil)
	for i, stretch := range stretches {
		s.out += len(stretch)
		s.jobs <- claimed{stretch, known[i]} // there is room for all that are out
	}
	s.busy = min(s.width(), s.lanes)
}

// toil is what a worker does.
func (s *session) toil() {
	for c := range s.jobs {
		s.drive(c)
		if s.crew.leaves() {
			return
		}
	}
}

// drive takes a stretch to its end, or to the first entry that MLP does not take: what is behind that one was decided on what is
// not so.
func (s *session) drive(c claimed) {
	known, alone := c.known, true
	for i, e := range c.entries {
		if i > 0 && alone {
			e.Version = known.Dossier.Version
		}
		before := s.brake.heard()
		r := s.work(e, known, alone)
		if r.known == nil {
			r.rest = len(c.entries) - i - 1
		}
		r.last = r.known == nil || i == len(c.entries)-1
		s.brake.hear(r, before)
		if r.known != nil {
			s.waiting <- struct{}{}
		}
		s.results <- &r
		if r.last {
			return
		}
		known.Dossier, alone = r.known, e.Alone(r.known.Version)
	}
}

// fail stops the run: nothing is sent that can't be recorded.
func (s *session) fail(err error) {
	s.halt(StopStore)
	if s.err == nil {
		s.err = err
	}
}

// take hears a result, and records it: at once, but behind what MLP took before it, unless it is to be settled with others. It
// runs on one goroutine: what it changes needs no lock, and what happened to a lane is recorded in its order.
func (s *session) take(r *result) {
	if r.known != nil {
		s.out--
		s.answered = append(s.answered, r)
		s.unfinished[r.entry.Person]++
		s.unfinishedSum++
	}
	if r.last {
		s.lanes--
		s.unfinishedSum -= s.unfinished[r.entry.Person]
		delete(s.unfinished, r.entry.Person)
	}
	s.hear(r)
	if r.known != nil {
		return
	}
	if s.err == nil { // a store that failed is not asked more often than it must be
		s.settle(true)
	}
	if err := r.save(s.record); err != nil {
		r.err = fmt.Errorf("record %s: %w", r.event, err)
		r.event = ""
	}
	s.out -= 1 + r.rest // not before: they are claimed until it is recorded
	s.asked = false     // there is room again, and what was given back may be due
	s.book(r)
}

// book counts and says what was recorded of an entry.
func (s *session) book(r *result) {
	if r.err != nil {
		s.fail(r.err)
		s.d.unsaved = append(s.d.unsaved, unsaved{person: r.entry.Person, save: r.save})
	}
	s.count(r)
	s.log(r)
}

func (s *session) count(r *result) {
	switch r.event {
	case settled:
		s.report.Settled++
		if r.entry.State == outbox.InDoubt {
			s.found(r)
		}
	case givenBack, keptBack:
		s.report.GivenBack++
	case doubtful:
		s.report.Doubts++
	case parked:
		s.report.Parked++
	case conflict, elsewhere:
		s.report.Conflicts++
	}
}

func (s *session) found(r *result) {
	key := [2]string{r.entry.Kind}
	if h, is := r.change.New.(casefile.Handover); is {
		key[1] = string(h.Handover)
	}
	if s.report.Found == nil {
		s.report.Found = Found{}
	}
	s.report.Found[key]++
}

// hear learns about the channel.
func (s *session) hear(r *result) {
	d := s.d
	if s.brake.stoppedBySilence() {
		s.halt(StopSilent)
	}
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
			s.brake.bar(r.entry.OCMW, false)
			d.o.Log.Info().Str("event", "deliver.channelResumed").Str("run", s.run).Str("ocmw", r.entry.OCMW).
				Msg("MLP admits this OCMW's client again")
		}
	}
}

func (s *session) shut(why Stop, until time.Time) {
	s.halt(why)
	if until.After(s.d.until) {
		s.d.shut, s.d.until = why, until
	}
}

// pause leaves an OCMW out until its time. It is said once, and again only after it worked.
func (s *session) pause(r *result) {
	d := s.d
	p := d.paused[r.entry.OCMW]
	if p == nil {
		p = &pause{}
		d.paused[r.entry.OCMW] = p
		d.o.Log.Error().Str("event", "deliver.channelPaused").Str("run", s.run).Str("ocmw", r.entry.OCMW).
			Int("status", r.problem.Status).Str("type", r.problem.Type).Str("hint", r.problem.Next).Msg(r.problem.Title)
	}
	p.trying, p.next = false, r.until
	s.brake.bar(r.entry.OCMW, true)
}

func (s *session) finish(err error) Report {
	s.report.Requests = s.sent.Load()
	s.report.Stopped, s.report.Until, s.report.Paused = s.stop, s.d.until, s.d.skip()
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
func (s *session) log(r *result) {
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
	case keptBack:
		level = zerolog.DebugLevel
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
	if cell, ok := s.cell(r); ok {
		line = line.Str("file", cell.File).Int("row", cell.Row).Str("column", cell.Column)
	}
	if !r.due.IsZero() {
		line = line.Time("until", r.due)
	}
	line.Int("status", r.problem.Status).Str("type", r.problem.Type).Str("pointer", r.problem.Pointer).
		Str("hint", r.problem.Next).Msg(r.problem.Title)
}

// cell leads from what MLP refused for good to the export, where that can be told.
func (s *session) cell(r *result) (casefile.Cell, bool) {
	if r.event != parked || r.problem.Pointer == "" || s.d.o.Cell == nil {
		return casefile.Cell{}, false
	}
	e := r.entry
	e.Problem = r.problem
	return s.d.o.Cell(s.record, e)
}
