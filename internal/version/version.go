// Package version tells from which source a program was built. It reads only what the build left in the program: no git,
// no file. Both programs call it for their command "version".
package version

import "runtime/debug"

// stamped is set by the linker (.ci/version gives the value, Makefile, Dockerfile and .ci/run pass it) where Go itself can't know it:
// an image is built from files without their history. Nothing else writes it.
var stamped string

// String is the version of this program, or "(devel)" where the build left none.
func String() string {
	info, _ := debug.ReadBuildInfo()
	return of(stamped, info)
}

// of prefers what was stamped: a person chose it. Then Go's own: of a module that was fetched or a checkout with its
// history, and else the bare revision.
func of(stamp string, info *debug.BuildInfo) string {
	const unknown = "(devel)"
	switch {
	case stamp != "":
		return stamp
	case info == nil:
		return unknown
	case info.Main.Version != "" && info.Main.Version != unknown:
		return info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && s.Value != "" {
			return s.Value
		}
	}
	return unknown
}
