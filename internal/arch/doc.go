// Package arch holds tests only: they read the source of the whole module and hold
// it to the import table and the style that the design lays down. Each check is also
// run on a small bad module, so that none of them can pass by seeing nothing.
//
// Where a test fails, its message says what to do. A rule that no longer serves is
// changed here, with its reason, in the change that breaks it.
package arch
