package app

import (
	"runtime"
	"runtime/debug"
)

const (
	// collectAt is the garbage, in percent of what is in use, at which it is collected: half of Go's own 100. The daemon shares a
	// small server with other programs.
	collectAt = 50
	// headroom counts as in use, so that little is not collected again and again: half of it more may be garbage. It is
	// address space only. A limit of memory in its place would have Go collect without end where more is really in use.
	headroom = 20 << 20
)

// SaveMemory has garbage collected sooner than Go does where much is in use, unless GOGC says when. It holds for the whole process, until
// what it gives is called: main programs call it.
func SaveMemory(getenv func(string) string) (release func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(collectAt)
	untouched := make([]byte, headroom)
	return func() { runtime.KeepAlive(untouched) }
}
