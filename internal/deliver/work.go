package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/mlp"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

func withCount(ctx context.Context, n *atomic.Int64) context.Context {
	return mlp.WithRequestCount(ctx, n)
}

// job is one entry in the hands of a worker.
type job struct {
	s      *session
	client Client
	entry  outbox.Entry
	change casefile.Change
	known  casefile.Known
}

// work takes one entry to its next state. It is not sent where others than its own lane moved the dossier a moment ago.
func (s *session) work(e outbox.Entry, known casefile.Known, alone bool) result {
	j := &job{s: s, entry: e, known: known}
	client, ok := s.d.o.Clients[e.OCMW]
	if !ok {
		return j.nobody()
	}
	j.client = client
	if !s.mayGo(e.OCMW) || !alone {
		return j.keepBack()
	}
	var err error
	if j.change, err = casefile.UnmarshalChange(e.Payload); err != nil {
		return j.park(outbox.Problem{Type: "payload", Title: "the stored change can't be read", Next: "report this with the entry's id"})
	}
	if e.State == outbox.InDoubt {
		return j.resolve()
	}
	return j.send()
}

// mayGo is asked before an entry is worked on, and again when the rate has room for it: it can have waited for minutes.
func (s *session) mayGo(ocmw string) bool {
	return s.ctx.Err() == nil && !s.brake.holds(ocmw) && s.d.o.Quiet.End(s.d.o.Now()).IsZero()
}

// nobody: the entry's OCMW is no longer configured, so that nothing of it can be said, sent or read.
func (j *job) nobody() result {
	why := outbox.Problem{Type: "ocmwUnknown", Title: "the configuration no longer has this OCMW", Next: "put it back, or discard the entry"}
	if j.entry.State == outbox.InDoubt {
		return j.stillInDoubt(mlp.AuthenticationRetry, why)
	}
	return j.giveBack(mlp.AuthenticationRetry, false, why)
}

// send sends the change, if the dossier is still the one that was decided on.
func (j *job) send() result {
	if j.stale() {
		return j.superseded(j.known.Dossier, outbox.Problem{Type: "versionMoved", Title: "the known dossier is not the one that was decided on"})
	}
	w := mlp.Write{Change: j.change, Version: j.entry.Version}
	if document, is := j.change.New.(casefile.Document); is {
		content, held := j.content(document)
		if held != nil {
			return *held
		}
		w.Content = content
	}
	if j.change.Op == casefile.OpCreate {
		body, err := mlp.Body(j.change)
		if err != nil {
			return j.park(outbox.Problem{Type: "payload", Title: "the change can't be written as a request", Next: "report this with the entry's id"})
		}
		w.IdempotencyKey = outbox.IdempotencyKey(j.entry.ID, body)
	} else {
		w.DossierID = j.known.Dossier.ID
	}
	a, err := j.client.Send(mlp.WithLeave(j.s.requests, func() bool { return j.s.mayGo(j.entry.OCMW) }), w)
	if err != nil {
		return j.refused(err)
	}
	if a.TraceID != "" {
		j.entry.TraceID = a.TraceID
	}
	return j.accepted(a)
}

// content reads a document's file; where it can't be sent, what becomes of the entry instead. The file was looked at when the
// client was decided: another one since then is another fact.
func (j *job) content(document casefile.Document) ([]byte, *result) {
	file, err := []byte(nil), ErrNoDocuments
	if j.s.d.o.Document != nil {
		file, err = j.s.d.o.Document(j.s.requests, j.entry.OCMW, document.File)
	}
	var r result
	switch sum := sha256.Sum256(file); {
	case errors.Is(err, ErrNoDocuments):
		r = j.park(outbox.Problem{
			Type: "documentsNotConfigured", Title: "the configuration names no documents folder of this OCMW",
			Next: "name the folder in the configuration, restart and retry",
		})
	case err != nil:
		r = j.unreadable()
	case hex.EncodeToString(sum[:]) != document.SHA256:
		r = j.superseded(j.known.Dossier, outbox.Problem{Type: "documentChanged", Title: "the document's file is not the one that was decided on"})
	default:
		return file, nil
	}
	return nil, &r
}

// unreadable: a share that is away comes back, a file that is gone does not. So it is tried as often as a write that MLP
// can't take now, and then a person looks. What it is called and where it stands is not said: a file's name can be a person's.
func (j *job) unreadable() result {
	why := outbox.Problem{
		Type: "documentUnreadable", Title: "a document's file can't be read",
		Next: "look whether the documents folder is there and may be read, and the client's documents on the worklist; then retry",
	}
	attempt := j.entry.Attempts + 1
	switch {
	case j.s.ctx.Err() != nil:
		return j.keepBack()
	case outbox.AfterSending(outbox.VerdictTransient, attempt) == outbox.Parked:
		return j.park(why)
	}
	return j.giveBack(outbox.Backoff(attempt, j.s.d.o.Rand()), true, why)
}

// stale: the ledger does not hand out such an entry; a write on an unseen version is not worth
// relying on that alone.
func (j *job) stale() bool {
	if j.change.Op == casefile.OpCreate {
		return j.known.Dossier != nil
	}
	return j.known.Dossier == nil || j.known.Dossier.Version != j.entry.Version
}

// accepted settles. When the version is not the next one, or MLP answers with another content than was sent, the answer alone doesn't say
// what the dossier holds now: it is read.
func (j *job) accepted(a mlp.Answer) result {
	switch {
	case a.Dossier != nil && j.change.Op == casefile.OpCreate && len(a.Dossier.Registrations) > 0:
		return alive(j.superseded(a.Dossier, dossierExists()))
	case a.Dossier != nil && (j.change.Op == casefile.OpCreate || j.isIn(*a.Dossier)):
		return j.taken(*a.Dossier)
	case a.Registration != nil && a.Version == j.entry.Version+1:
		if d := withRegistration(*j.known.Dossier, *a.Registration, a.Version); j.isIn(d) {
			return j.taken(d)
		}
	}
	d, err := j.client.Dossier(j.s.requests, j.known.Dossier.ID)
	switch {
	case err != nil:
		// Taken, but what the dossier is now must be read before the lane goes on.
		return j.channel(j.doubt(err), err)
	case j.entry.Alone(d.Version) && !j.isIn(d) && j.wroteBefore():
		return alive(j.park(outbox.Problem{
			Type: "keptOtherwise", Title: "MLP takes it, and again holds something else than was sent",
			Next: "compare with MLP: correct the source so that it asks for what MLP keeps, or discard it to leave that as it is",
		}))
	case d.Version == j.entry.Version && !j.isIn(d) && !j.keptAsItWas(d):
		return alive(j.notThere())
	}
	return j.taken(d)
}

// isIn tells that a dossier has what the change asks for. What MLP puts beside it, or a list in another order, is nothing to send again.
func (j *job) isIn(d casefile.Dossier) bool {
	if j.change.Op == casefile.OpPut { // nearly always, and cheap
		if held, found := d.Find(j.change.ID); found && casefile.Satisfies(held.Body, j.change.New) {
			return true
		}
	}
	return mlp.Holds(d, j.change)
}

// keptTries is how often a write that changes nothing is sent before MLP is believed to hold it in a form of its own.
const keptTries = 3

// keptAsItWas tells that MLP holds another form of what was sent, and did so before: one that writes a city in capitals takes it for
// equal, and changes nothing. The first times it could be an answer of a cache; then it is for a person (DATA-04), and the lane goes on.
func (j *job) keptAsItWas(d casefile.Dossier) bool {
	_, found := d.Find(j.change.ID)
	return j.entry.Attempts+1 >= keptTries && (found || j.change.Op == casefile.OpPatch)
}

// notThere: MLP said that it took a write, and has nothing of it: the answer was another one's, of a cache perhaps. To settle would say that
// it was written, and what MLP holds then is taken for somebody's change after us (DATA-04).
func (j *job) notThere() result {
	why := outbox.Problem{
		Type: "notThere", Title: "MLP says that it took it, and does not hold it", Next: "does a proxy answer in MLP's place? ask VDAB with the trace id; then retry or discard",
	}
	attempt := j.entry.Attempts + 1
	if outbox.AfterSending(outbox.VerdictTransient, attempt) == outbox.Parked {
		return j.park(why)
	}
	return j.giveBack(outbox.Backoff(attempt, j.s.d.o.Rand()), true, why)
}

// wroteBefore tells that the same was settled before, in this dossier. What MLP makes of it is news the first time, and somebody may decide
// to send it again; after that it would be sent for ever.
func (j *job) wroteBefore() bool {
	id := j.change.ID
	if j.change.Op != casefile.OpPut {
		id = string(j.change.Kind)
	} else if _, there := j.known.Dossier.Find(id); !there {
		return false // it was in another one, of which MLP has nothing any more
	}
	written := j.known.Written[id]
	return written != nil && casefile.Satisfies(written, j.change.New)
}

// taken says that MLP has the change, and what the dossier is now; the session settles it, with others. Where
// somebody else changed the dossier as well, the ledger does not carry the lane on, and has the client
// decided again (design decision 13).
func (j *job) taken(d casefile.Dossier) result {
	if d.Version < j.entry.Version {
		return alive(j.moved(d, outbox.Problem{Type: "versionWentBack", Title: "MLP has it, in a dossier of an earlier version than the known one"}))
	}
	return result{entry: j.entry, event: settled, known: &d, change: j.change, alive: true}
}

// withRegistration is the dossier after one registration.
func withRegistration(d casefile.Dossier, r casefile.Registration, version int64) casefile.Dossier {
	next := *d.Clone()
	next.Version = version
	for i := range next.Registrations {
		if next.Registrations[i].ID == r.ID {
			next.Registrations[i] = r
			return next
		}
	}
	next.Registrations = append(next.Registrations, r)
	return next
}

// refused acts on the verdict of a write.
func (j *job) refused(err error) result {
	why := j.hold(err)
	attempt := j.entry.Attempts + 1
	switch mlp.VerdictOf(err) {
	case mlp.VerdictPermanent:
		return alive(j.park(why))
	case mlp.VerdictConflict:
		return j.conflict(err)
	case mlp.VerdictOutsideArea:
		now := j.s.d.o.Now()
		e := j.entry
		return alive(j.record(elsewhere, why, func(ctx context.Context) error { return j.s.d.o.Queue.OutsideArea(ctx, e, why, now) }))
	case mlp.VerdictTransient:
		if j.exhausted(mlp.VerdictTransient, attempt) {
			return j.park(why)
		}
		return j.giveBack(outbox.Backoff(attempt, j.s.d.o.Rand()), true, why)
	case mlp.VerdictAuthentication, mlp.VerdictThrottled, mlp.VerdictNotSent:
		if errors.Is(err, context.Canceled) && j.s.ctx.Err() == nil {
			return j.keepBack() // mayGo said no
		}
		return j.channel(j.giveBack(j.wait(err), false, why), err)
	}
	return j.doubt(err)
}

// exhausted: the attempts are used up while MLP takes other writes.
func (j *job) exhausted(v mlp.Verdict, attempts int) bool {
	return outbox.AfterSending(outbox.Verdict(v), attempts) == outbox.Parked && j.s.d.takesWrites(j.s.d.o.Now())
}

// wait is how long an entry waits that did not get through for a reason of the channel's. What stops
// the whole channel holds the entry back no longer than the channel.
func (j *job) wait(err error) time.Duration {
	var e *mlp.Error
	if !errors.As(err, &e) {
		return outbox.Backoff(1, j.s.d.o.Rand())
	}
	switch {
	case errors.Is(err, mlp.ErrBreakerOpen):
		return e.RetryAfter
	case e.Verdict == mlp.VerdictAuthentication, errors.Is(err, context.Canceled):
		return 0
	}
	return outbox.ThrottleDelay(e.RetryAfter, 1, j.s.d.o.Rand())
}

// channel adds to a result what an error says about the whole channel.
func (j *job) channel(r result, err error) result {
	switch {
	case errors.Is(err, mlp.ErrBreakerOpen):
		r.signal = signalBreaker
	case mlp.VerdictOf(err) == mlp.VerdictThrottled:
		r.signal = signalThrottled
	case mlp.VerdictOf(err) == mlp.VerdictAuthentication, errors.Is(err, mlp.ErrNoToken):
		r.signal = signalAuthentication
	default:
		return r
	}
	r.until = j.s.d.o.Now().Add(j.wait(err))
	if r.signal == signalAuthentication {
		r.until = j.s.d.o.Now().Add(j.s.d.tokenRest(err))
	}
	return r
}

// conflict reads what the dossier is now, and has the client decided again on it.
func (j *job) conflict(err error) result {
	why := problemOf(err)
	missing := errors.Is(err, mlp.ErrNotFound)
	switch {
	case j.change.Op == casefile.OpCreate && missing:
		return alive(j.park(why)) // there is nothing yet that could have gone
	case errors.Is(err, mlp.ErrNumberChanged):
		return alive(j.superseded(nil, why)) // the person is looked up again
	case j.change.Op == casefile.OpCreate:
		return j.exists(why)
	}
	d, readErr := j.client.Dossier(j.s.requests, j.known.Dossier.ID)
	switch {
	case missing && errors.Is(readErr, mlp.ErrNotFound):
		return alive(j.superseded(nil, why)) // gone indeed: the person is looked up again
	case readErr != nil:
		return j.channel(j.superseded(nil, why), readErr)
	case d.Version != j.entry.Version:
		return alive(j.moved(d, why))
	case (missing || why.Status == 412) && outbox.AfterSending(outbox.VerdictTransient, j.entry.Attempts+1) != outbox.Parked:
		// A version refused that still is the present one, or a dossier said to be gone and there as it was: one of the two lags behind.
		return alive(j.giveBack(outbox.Backoff(j.entry.Attempts+1, j.s.d.o.Rand()), true, why))
	}
	// Nothing moved: deciding again would ask for the same again, for ever.
	var e *mlp.Error
	if errors.As(err, &e) {
		why.Next = mlp.Unmoved(e)
	}
	return alive(j.park(why))
}

// moved: the dossier is not at the version that was decided on. One at an earlier version (MLP was put back to a backup) is never put over
// the known one, so that the client would be decided again on what is not so any more, for ever: the person is looked up again, which does.
func (j *job) moved(d casefile.Dossier, why outbox.Problem) result {
	if d.Version < j.entry.Version {
		return j.superseded(nil, why)
	}
	return j.superseded(&d, why)
}

// exists: MLP refused a create because the person has a dossier.
func (j *job) exists(why outbox.Problem) result {
	d, found, err := j.find()
	switch {
	case err != nil:
		return j.channel(j.superseded(nil, why), err)
	case found:
		return alive(j.superseded(&d, why))
	}
	why.Next = "MLP says that the person has a dossier, and shows none: ask VDAB with the trace id"
	return alive(j.park(why))
}

// find looks the person up by INSZ.
func (j *job) find() (casefile.Dossier, bool, error) {
	person, ok := j.change.New.(casefile.Person)
	if !ok {
		return casefile.Dossier{}, false, errors.New("a create without a person")
	}
	found, err := j.client.Query(j.s.requests, []mlp.Lookup{{Person: j.entry.Person, INSZ: person.INSZ}})
	if err == nil {
		err = found.Unread[j.entry.Person]
	}
	if err != nil {
		return casefile.Dossier{}, false, err
	}
	d, ok := found.Dossiers[j.entry.Person]
	return d, ok, nil
}

// resolve finds out whether MLP took an entry that is in doubt (design decision 14). The
// whole dossier is read, not the registration alone: one answer then tells both whether it is there
// and at which version.
func (j *job) resolve() result {
	if j.change.Op == casefile.OpCreate {
		return j.resolveCreate()
	}
	switch {
	case j.known.Dossier == nil && j.entry.Version == 0:
		// It was claimed behind the create, which MLP was just read not to have: there was nothing to send it to.
		return j.again()
	case j.known.Dossier == nil:
		return j.superseded(nil, outbox.Problem{Type: "dossierUnknown", Title: "no dossier of the person is known any more"})
	}
	d, err := j.client.Dossier(j.s.requests, j.known.Dossier.ID)
	if err != nil {
		return j.unread(err)
	}
	switch outbox.Resolve(mlp.Holds(d, j.change), d.Version == j.entry.Version) {
	case outbox.Settled:
		return j.taken(d)
	case outbox.Waiting:
		return alive(j.again())
	}
	return alive(j.moved(d, outbox.Problem{Type: "versionMoved", Title: "the dossier changed while this was in doubt"}))
}

// resolveCreate: a dossier that is there and holds nothing but what the create asks for is
// its doing. Any other is a fact that nobody decided on.
func (j *job) resolveCreate() result {
	d, found, err := j.find()
	switch {
	case err != nil:
		return j.unread(err)
	case !found:
		return alive(j.again())
	case mlp.Holds(d, j.change) && len(d.Registrations) == 0:
		return j.taken(d)
	}
	return alive(j.superseded(&d, dossierExists()))
}

// dossierExists: a dossier that is made holds no registrations yet, so one that does was there before, and nobody decided on what is in it.
func dossierExists() outbox.Problem {
	return outbox.Problem{Type: "dossierExists", Title: "the person has a dossier already"}
}

// unread: the reading itself failed. It stays in doubt however often: not knowing is no ground
// to park (outbox.AfterReading).
func (j *job) unread(err error) result {
	why := j.hold(err)
	switch outbox.AfterReading(outbox.Verdict(mlp.VerdictOf(err))) {
	case outbox.Parked:
		return alive(j.park(why))
	case outbox.Superseded:
		return alive(j.superseded(nil, why))
	}
	wait := outbox.Backoff(max(j.entry.Attempts, 1), j.s.d.o.Rand())
	if errors.Is(err, mlp.ErrItem) { // a good answer, which will be the same a moment later
		wait = outbox.MaxDelay
	}
	if j.channel(result{}, err).signal != noSignal {
		wait = j.wait(err)
	}
	return j.channel(j.stillInDoubt(wait, why), err)
}

// again: MLP has it not. The same goes out again, unless that was tried often enough while other
// writes get through.
func (j *job) again() result {
	why := outbox.Problem{Type: "notTaken", Title: "MLP did not take it; it goes out again"}
	if j.exhausted(mlp.VerdictTransient, j.entry.Attempts) {
		why = outbox.Problem{Type: "notTaken", Title: "MLP fails on this change again and again", Next: "ask VDAB with the trace id; then retry or discard"}
		return j.park(why)
	}
	return j.giveBack(0, false, why)
}

// ---- Recording

// hold keeps the trace id of a request that failed with the entry.
func (j *job) hold(err error) outbox.Problem {
	var e *mlp.Error
	if errors.As(err, &e) && e.TraceID != "" {
		j.entry.TraceID = e.TraceID
	}
	return problemOf(err)
}

func (j *job) doubt(err error) result {
	return j.stillInDoubt(outbox.Backoff(j.entry.Attempts+1, j.s.d.o.Rand()), j.hold(err))
}

func (j *job) stillInDoubt(wait time.Duration, why outbox.Problem) result {
	now, e := j.s.d.o.Now(), j.entry
	r := j.record(doubtful, why, func(ctx context.Context) error { return j.s.d.o.Queue.Doubt(ctx, e, now.Add(wait), why, now) })
	r.due = now.Add(wait)
	return r
}

func (j *job) giveBack(wait time.Duration, counted bool, why outbox.Problem) result {
	now, e := j.s.d.o.Now(), j.entry
	r := j.record(givenBack, why, func(ctx context.Context) error {
		return j.s.d.o.Queue.GiveBack(ctx, e, now.Add(wait), counted, why, now)
	})
	r.due = now.Add(wait)
	return r
}

// keepBack returns what was claimed and not sent, or not read, as it was: with the problem that it had.
func (j *job) keepBack() result {
	now, e := j.s.d.o.Now(), j.entry
	return j.record(keptBack, outbox.Problem{Type: "cancelled", Title: "stopped before it was sent"}, func(ctx context.Context) error {
		if e.State == outbox.InDoubt {
			return j.s.d.o.Queue.Doubt(ctx, e, now, e.Problem, now)
		}
		return j.s.d.o.Queue.GiveBack(ctx, e, now, false, e.Problem, now)
	})
}

func (j *job) park(why outbox.Problem) result {
	now, e := j.s.d.o.Now(), j.entry
	return j.record(parked, why, func(ctx context.Context) error { return j.s.d.o.Queue.Park(ctx, e, why, now) })
}

func (j *job) superseded(known *casefile.Dossier, why outbox.Problem) result {
	now, e := j.s.d.o.Now(), j.entry
	return j.record(conflict, why, func(ctx context.Context) error { return j.s.d.o.Queue.Conflict(ctx, e, known, why, now) })
}

// record says what became of the entry, and how to write it down.
func (j *job) record(ev event, why outbox.Problem, save func(context.Context) error) result {
	return result{entry: j.entry, event: ev, problem: why, save: save}
}

func alive(r result) result {
	r.alive = true
	return r
}
