// Package outbox holds the rules of the queue of things to send: the states of an
// entry and which may follow which, what an answer of MLP makes of an entry, how long
// to wait, and the keys that make sending twice the same as sending once.
//
// Guaranteed: everything here is a function of its arguments; no clock, no logging,
// no storage. The tables are complete: every state, every verdict.
//
// Not guaranteed: that a transition happens once; the ledger sees to that with one
// UPDATE that names the old state and the claim (design decision 18).
//
// Callers: the ledger (states), deliver (verdicts, delays, keys), cycle (entries),
// dashboard and documentation (the tables). It imports nothing of this project.
package outbox
