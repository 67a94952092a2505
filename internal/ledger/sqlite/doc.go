// Package sqlite keeps the ledger in one SQLite file (write-ahead log, synchronous
// FULL), the engine that mlpsync has by default.
//
// Guaranteed: each exported method is one transaction, so a process that is killed
// at any instant leaves all of a call or nothing of it; an entry changes state only
// from the state and under the claim that its caller held; nothing that came from an
// export or from MLP is on disk in clear but what design decision 22 lists. A file
// written by a newer program, with other keys, or on a network share is refused.
//
// Not guaranteed: that nobody put an older copy of the whole file in its place. Two
// daemons on one state are kept apart by Lock, which the caller takes, not by Open.
//
// Callers: the composition root opens it; internal/cycle, deliver, observe, report
// and the command line use it as a ledger.Store.
package sqlite
