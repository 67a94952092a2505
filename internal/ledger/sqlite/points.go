package sqlite

import (
	"slices"
	"strings"
)

// Points are the failpoints that the store of a daemon passes: one before and one after the
// commit of each transaction that writes. Restoring a backup is no work of a daemon's.
func Points() []string {
	var points []string
	for _, what := range []string{
		"migrate", "recover claims", "start run", "store fact", "save notes", "apply requests",
		"stage set", "stage rows", "activate set", "discard staged set",
		"save look-ups", "save feed", "forget feed position",
		"commit decisions", "stop by the guard", "approve",
		"claim entries", "settle entries", "give entry back", "leave entry in doubt", "park entry",
		"decide again after conflict", "note dossier outside the area",
	} {
		before, after := pointsOf(what)
		points = append(points, before, after)
	}
	slices.Sort(points)
	return points
}

// pointsOf are the two points of a transaction that is named so.
func pointsOf(what string) (before, after string) {
	name := strings.ReplaceAll(what, " ", "-")
	return name + ".before-commit", name + ".after-commit"
}
