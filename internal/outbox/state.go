package outbox

import "fmt"

// State is where an entry stands. The words are stored and shown as they are.
type State string

// The states of an entry.
const (
	// Waiting: not sent, or sent and certainly not taken; NotBefore may hold it back.
	Waiting State = "waiting"
	// Claimed: a worker has it under a claim token, and may have sent it.
	Claimed State = "claimed"
	// InDoubt: sent, and nobody knows whether MLP took it. It stays in doubt, under
	// a claim, while MLP is read to find out: a crash then loses nothing.
	InDoubt State = "inDoubt"
	// Settled: MLP has it. Final.
	Settled State = "settled"
	// Parked: set aside until a person acts or the client's case asks for something
	// else. It stops its lane.
	Parked State = "parked"
	// Discarded: a person decided that it is not sent. The same change is not queued
	// again by itself, until something else was in its place.
	Discarded State = "discarded"
	// Superseded: a newer decision took its place. Final.
	Superseded State = "superseded"
	// Suspended: not sent, as the client is held for data (design decision 5) or by a person.
	Suspended State = "suspended"
)

// States lists all states, in the order in which people look at them.
func States() []State {
	return []State{Waiting, Suspended, Claimed, InDoubt, Parked, Discarded, Superseded, Settled}
}

// Valid reports whether s is one of the states.
func (s State) Valid() bool {
	for _, known := range States() {
		if s == known {
			return true
		}
	}
	return false
}

// Unsent reports the states that a new decision for the person replaces: nothing of
// the entry is at MLP, and nobody is sending it.
func (s State) Unsent() bool { return s == Waiting || s == Suspended }

// InFlight reports the states in which the person is not decided again: what MLP
// holds is not known for sure (design decision 15).
func (s State) InFlight() bool { return s == Claimed || s == InDoubt }

// Final reports the states that nothing follows.
func (s State) Final() bool { return s == Settled || s == Superseded }

// TransitionRow is a legal transition and why it happens.
type TransitionRow struct {
	From, To State
	Why      string
}

// Transitions is the whole table: what isn't in it is illegal. A state does not
// follow itself; moving NotBefore is no transition.
func Transitions() []TransitionRow {
	table := transitions()
	return table[:]
}

// transitions is an array: each change of an entry looks into it, and it makes no garbage.
func transitions() [21]TransitionRow {
	return [...]TransitionRow{
		{Waiting, Claimed, "it is the first of its lane or right behind what is claimed with it, due, released by the guard, and based on the known version"},
		{Waiting, Suspended, "a row of the client was rejected in the set in force, or a person holds the client"},
		{Waiting, Superseded, "the person was decided again, or the dossier's version moved otherwise than by this lane, or what it says can't be read back"},
		{Waiting, Discarded, "a person discards it"},
		{Suspended, Waiting, "the client is held no longer, and the decision asks for the same"},
		{Suspended, Superseded, "the client is held no longer, and the decision asks for something else"},
		{Suspended, Discarded, "a person discards it"},
		{Claimed, Settled, "MLP accepted it, or had it already"},
		{Claimed, Waiting, "it was not sent, or certainly not taken; it goes out again"},
		{Claimed, InDoubt, "no certain answer came after sending, or a restart found it claimed"},
		{Claimed, Parked, "MLP refuses it for good, or the attempts are used up"},
		{Claimed, Superseded, "MLP's state is not the one that the decision saw; the person is decided again"},
		{InDoubt, Settled, "reading shows that MLP has it"},
		{InDoubt, Waiting, "reading shows that MLP has it not, at the same version; it goes out again, the same in all"},
		{InDoubt, Superseded, "reading shows another version, or what it says can't be read back; the person is decided again"},
		{InDoubt, Parked, "MLP refuses the reading for good; a person has to look"},
		{Parked, Waiting, "a person retries it"},
		{Parked, Discarded, "a person discards it"},
		{Parked, Superseded, "the person's case asks for it no longer, or for something else"},
		{Discarded, Waiting, "a person retries it after all"},
		{Discarded, Superseded, "the person's case asks for something else in its place, or the client left the dossier that it was for"},
	}
}

// TransitionError is what an illegal transition ends in: a defect in the caller, or
// a request of a person that doesn't fit the entry's state.
type TransitionError struct{ From, To State }

// Error names both states.
func (e *TransitionError) Error() string {
	return fmt.Sprintf("an entry that is %s can't become %s", e.From, e.To)
}

// Transition returns nil when to may follow from, else a *TransitionError.
func Transition(from, to State) error {
	for _, row := range transitions() {
		if row.From == from && row.To == to {
			return nil
		}
	}
	return &TransitionError{From: from, To: to}
}
