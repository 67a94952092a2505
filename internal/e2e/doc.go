// Package e2e holds the tests of the whole program: files in a drop folder at one
// end, the mock's state at the other, and the command line as a person types it.
//
// It guarantees nothing to anybody: it has no code of its own. Nothing here reaches
// beyond this machine; the people in it are the sample's (TST numbers). The MLP on the other
// side is always the bundled mock: there is no public MLP API.
package e2e
