package app

import "runtime/debug"

// collectAt is the garbage, in percent of what is in use, at which it is collected: half of Go's own 100. The daemon shares a
// small server with other programs, and what it saves is worth more there than the few percent of its time that it costs.
const collectAt = 50

// SaveMemory has garbage collected sooner, unless GOGC says when. It holds for the whole process: main programs call it.
func SaveMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
