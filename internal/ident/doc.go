// Package ident reads the public identifiers of persons, enterprises and
// municipalities: INSZ (national register, BIS and TST test numbers), KBO and NIS,
// and derives the ids under which registrations are written.
//
// Guaranteed: an INSZ that exists has passed modulo 97 and its month; it can be
// compared and used as a map key; it never shows its digits through fmt, JSON or
// text encoding, nor when it lies in an unexported field of a printed struct.
// No error of this package holds the value that was read.
//
// Not guaranteed: that a number was ever issued, or is still in force (a number can
// be replaced or cancelled). Nothing here derives sex or birth date for use
// elsewhere: a person has an internal id and a history of numbers.
//
// Callers: decoders of exports, the MLP client, the ledger, the configuration, the
// mock. It imports nothing of this project.
package ident
