package main

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	tableBegin = "<!-- archetypes: written by go run ./examples/gen -->\n"
	tableEnd   = "<!-- end of archetypes -->\n"
)

// withTable replaces the README's table of archetypes.
func withTable(readme []byte) ([]byte, error) {
	before, rest, ok := bytes.Cut(readme, []byte(tableBegin))
	_, after, closed := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !closed {
		return nil, fmt.Errorf("the README has lost the markers of its table of archetypes")
	}
	return bytes.Join([][]byte{before, []byte(tableBegin), archetypeTable(), []byte(tableEnd), after}, nil), nil
}

func archetypeTable() []byte {
	var b strings.Builder
	b.WriteString("| archetype | clients | rules | what it is |\n|---|---:|---|---|\n")
	total := 0
	for _, a := range archetypes() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", a.name, a.count, a.rules, a.about)
		total += a.count
	}
	fmt.Fprintf(&b, "| all | %d | | |\n", total)
	return []byte(b.String())
}
