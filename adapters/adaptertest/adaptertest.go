// Package adaptertest is the suite that every adapter passes: Format for what reads a
// file, Source for what brings sets. It is for tests only.
//
// It guarantees that an implementation that passes counts every row once, refuses
// what isn't a file of the feed with a rule and a hint, survives hostile content
// and never lets a cell's content into an error, a note or a report. What is
// special to a format (encodings, quotes, sheets) its own tests cover.
package adaptertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mlpsync/mlpsync/adapters"
)

// Canaries are contents that must never show outside of records and
// RowProblem.Value: a TST number and a name.
const (
	CanaryINSZ = "67722499797"
	CanaryName = "Zwartkanarie"
)

// ProfileYAML is the profile that the suite uses: a snapshot of clients with a
// totals line, and tracks without.
const ProfileYAML = `
profile: adaptertest
set: {bind: latest, wait: 2h}
feeds:
  - name: clients
    files: ["clients_{date:yyyymmdd}.*", "clients.*"]
    expectEvery: 24h
    totals: {startsWith: Totaal}
    skip: [{column: Dossier, in: [archief]}]
    deleted: {column: Verwijderd, in: [J]}
    records:
      - kind: client
        key: [clientNumber]
        fields:
          clientNumber: {column: Cliëntnr}
          insz: {column: INSZ}
          lastName: {column: Naam}
          birthDate: {column: Geboren}
          readiness: {column: Klaar, codes: {J: ready, N: notReady}}
      - kind: employment
        key: [clientNumber, start]
        when: [{column: Start art60, filled: true}]
        fields:
          clientNumber: {column: Cliëntnr}
          kind: {const: art60}
          start: {column: Start art60}
          hoursPerWeek: {column: Uren, decimal: comma}
          socialEconomy: {column: SE}
  - name: tracks
    files: ["tracks*"]
    records:
      - kind: track
        key: [clientNumber, trackNumber]
        fields:
          clientNumber: {column: Cliëntnr}
          trackNumber: {column: Traject}
          kind: {const: TWE}
`

// Profile compiles ProfileYAML.
func Profile(t testing.TB) *adapters.Profile {
	t.Helper()
	p, err := adapters.LoadProfile([]byte(ProfileYAML))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Clients is the feed of clients.
func Clients(t testing.TB) *adapters.Feed {
	t.Helper()
	feed, ok := Profile(t).Feed("clients")
	if !ok {
		t.Fatal("the profile lost its feed")
	}
	return feed
}

// Header is the header line of the clients, with a column that the profile doesn't
// know.
func Header() []string {
	return []string{"Cliëntnr", "INSZ", "Naam", "Geboren", "Klaar", "Dossier", "Verwijderd", "Start art60", "Uren", "SE", "Opmerking"}
}

// Client is a good row of the clients.
func Client(number int) []string {
	return []string{fmt.Sprintf("C%04d", number), CanaryINSZ, CanaryName, "1/2/1967", "J", "actief", "", "15/01/2024", "38,00", "nee", "vrije tekst"}
}

// Totals is a totals line.
func Totals(count int) []string { return []string{"Totaal", fmt.Sprint(count)} }

// Table is a whole file of clients.
func Table(clients int) [][]string {
	rows := [][]string{Header()}
	for i := range clients {
		rows = append(rows, Client(i+1))
	}
	return append(rows, Totals(clients))
}

// Input is a file in memory.
func Input(name string, content []byte) adapters.Input {
	return adapters.Input{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// Failing is a file that can't be opened: permissions don't stop root, so the error
// is put in.
func Failing(name string, err error) adapters.Input {
	return adapters.Input{Name: name, Size: 100, Open: func() (io.ReadCloser, error) { return nil, err }}
}

// Zeros is a file of zeros of any size that counts how much of it was read.
type Zeros struct {
	Size int64
	Read int64
}

// Input makes the file.
func (z *Zeros) Input(name string, sizeKnown bool) adapters.Input {
	in := adapters.Input{Name: name, Size: -1}
	if sizeKnown {
		in.Size = z.Size
	}
	in.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(&zeroReader{z: z, left: z.Size}), nil
	}
	return in
}

type zeroReader struct {
	z    *Zeros
	left int64
}

func (r *zeroReader) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), r.left))
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	r.left -= int64(n)
	r.z.Read += int64(n)
	return n, nil
}

// brokenReader fails after some bytes.
type brokenReader struct {
	r    io.Reader
	left int
}

var errBroken = errors.New("the share went away")

func (b *brokenReader) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errBroken
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// NoCanary fails when content shows in a text that may reach a log.
func NoCanary(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, canary := range []string{CanaryINSZ, CanaryName, "vrije tekst"} {
			if strings.Contains(text, canary) {
				t.Errorf("content shows outside of the records, in a text of %d characters", len(text))
			}
		}
	}
}
