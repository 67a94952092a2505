// Package examples is the sample: the export of a fictional OCMW, the documents that it
// names, its column profile, the day on which it is read, and what the mock of MLP holds
// before. It is built into the binary, so that `mlpsync demo` needs no other file.
//
// It guarantees that all people in it are synthetic (TST numbers). It doesn't hold
// what is expected of the sample: that is for tests only (expected.csv).
//
// The demo and the tests use it; go run ./examples/gen makes its files.
package examples

import (
	"embed"
	"io/fs"
	"strings"
	"time"
)

//go:embed export/*.csv
var export embed.FS

//go:embed documents
var documents embed.FS

//go:embed today
var today string

//go:embed profile.yaml
var profile string

//go:embed scenario.yaml
var scenario string

// The sample's OCMW. Name, KBO number and NIS code are fictional; the number passes
// modulo 97.
const (
	Name = "OCMW Zonnedorp"
	KBO  = "0999999031"
	NIS  = "99991"
)

// Export is the drop: one file a feed, at the top of the file system.
func Export() fs.FS {
	sub, err := fs.Sub(export, "export")
	if err != nil { // fs.Sub fails on a malformed path only
		return export
	}
	return sub
}

// Documents is the OCMW's documents folder: PDFs by the path that the export gives.
func Documents() fs.FS {
	sub, err := fs.Sub(documents, "documents")
	if err != nil { // as above
		return documents
	}
	return sub
}

// Today is the sample's own day, yyyy-MM-dd, on which demo and mock begin.
func Today() string { return strings.TrimSpace(today) }

// Start is the instant at which the clocks of demo and mock begin: 8:00 in Belgium on
// Today, as in the scenario.
func Start() time.Time {
	t, err := time.Parse(time.RFC3339, Today()+"T08:00:00+01:00")
	if err != nil { // a test reads it
		return time.Time{}
	}
	return t
}

// Profile is the column profile (package adapters).
func Profile() []byte { return []byte(profile) }

// Scenario is the seed of the mock (package mockmlp).
func Scenario() []byte { return []byte(scenario) }
