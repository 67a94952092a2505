package outbox

// Verdict is what one request came to, decided once, where the answer is read
// (design decision 17).
type Verdict string

// The verdicts; Verdicts says what happens after each.
const (
	VerdictSettled        Verdict = "settled"
	VerdictPermanent      Verdict = "permanent"
	VerdictAuthentication Verdict = "authentication"
	VerdictThrottled      Verdict = "throttled"
	VerdictTransient      Verdict = "transient"
	VerdictConflict       Verdict = "conflict"
	VerdictInDoubt        Verdict = "inDoubt"
	VerdictNotSent        Verdict = "notSent"
)

// VerdictRow says what a verdict means and what follows from it.
type VerdictRow struct {
	Verdict Verdict
	Meaning string
	Next    string
	// To is the state of a claimed entry afterwards; transient becomes Parked at the
	// last attempt.
	To State
	// ToInDoubt is the state of an entry in doubt when *reading* MLP ended so.
	// Settled is not among them: a reading that succeeds is judged by Resolve.
	ToInDoubt State
	// Counts tells that the attempt counts towards MaxAttempts. What says nothing
	// about this entry (the channel is down, busy or locked) does not count: an
	// outage must not park a whole queue.
	Counts bool
}

// Verdicts is the whole table.
func Verdicts() []VerdictRow {
	return []VerdictRow{
		{VerdictSettled, "MLP has the registration",
			"its version becomes the known one, and the lane goes on", Settled, InDoubt, true},
		{VerdictPermanent, "MLP will never take this content",
			"parked, and shown with MLP's reason; a person corrects the source, retries or discards", Parked, Parked, true},
		{VerdictAuthentication, "MLP does not know or admit this client of the API",
			"the token is renewed once; then the channel pauses, says so, and tries one token every 5 minutes and at each start",
			Waiting, InDoubt, false},
		{VerdictThrottled, "too many requests",
			"waits as long as MLP says, at most 10 minutes", Waiting, InDoubt, false},
		{VerdictTransient, "MLP could not do it now, and certainly did not",
			"waits longer each time; parked after the last attempt", Waiting, InDoubt, true},
		{VerdictConflict, "the dossier is not as the decision saw it",
			"the dossier is read, and the person decided again; where it is still as the decision saw it, it is parked: at once, or after the last attempt where MLP said that the version is another (412) or the dossier gone (404)", Superseded, Superseded, true},
		{VerdictInDoubt, "the request went out, and no certain answer came",
			"MLP is read before anything else is sent for the person", InDoubt, InDoubt, true},
		{VerdictNotSent, "no byte of the request left",
			"given back, and sent when the connection is there again", Waiting, InDoubt, false},
	}
}

// row returns the row of v. An unknown verdict is taken for in doubt: the one after
// which nothing is sent twice.
func (v Verdict) row() VerdictRow {
	var doubt VerdictRow
	for _, r := range Verdicts() {
		if r.Verdict == v {
			return r
		}
		if r.Verdict == VerdictInDoubt {
			doubt = r
		}
	}
	return doubt
}

// Counts reports whether an attempt that ended so counts towards MaxAttempts.
func (v Verdict) Counts() bool { return v.row().Counts }

// AfterSending is the state of a claimed entry whose sending ended in v. Attempts
// counts this one, when it counts.
func AfterSending(v Verdict, attempts int) State {
	row := v.row()
	if row.Verdict == VerdictTransient && attempts >= MaxAttempts {
		return Parked
	}
	return row.To
}

// AfterReading is the state of an entry in doubt for which reading MLP ended in v,
// where v is not VerdictSettled. It stays in doubt as long as no reading answers,
// however often: parking it would not make anybody surer.
func AfterReading(v Verdict) State { return v.row().ToInDoubt }

// Resolve is the state of an entry in doubt after MLP was read (design decision 14):
// equal tells that MLP holds exactly what the entry asks for, sameVersion that the
// dossier's version is the one that the entry was sent with.
func Resolve(equal, sameVersion bool) State {
	switch {
	case equal:
		return Settled
	case sameVersion:
		return Waiting
	default:
		return Superseded
	}
}
