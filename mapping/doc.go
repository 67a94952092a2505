// Package mapping decides, for one client on one day, which VDAB categories hold
// from when, what MLP is to hold, what must happen by when, and what a person has
// to decide. The rules are those of the Dutch documents that each Rule cites.
//
// It guarantees that deciding is total (no input makes it fail), deterministic,
// independent of the order of records, and pure: no clock, no log, no memory.
// Between Day and the day before NextReview the same facts give the same outcome.
// Whatever the sources don't settle becomes a Manual, never a guess.
//
// It does not guarantee that MLP accepts a registration, and it never withdraws or
// ends one by itself. There is no public MLP API: what MLP is known to hold comes
// in as a casefile.Known of the project's own MLP-compatible API.
//
// What a Manual blocks depends on where it arises. One about the course of
// categories blocks categories, everything of TWE, and handovers; one about what
// follows after art. 60§7 blocks only that category (and, where VDAB must know it,
// the handover); one about TWE blocks the TWE lines; one about a handover blocks
// that handover. CAT-13, a missing client, and a dossier elsewhere block all.
//
// internal/cycle calls Decide; internal/cli prints the Catalogue.
package mapping
