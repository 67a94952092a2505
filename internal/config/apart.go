package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ident"
)

// validateApart refuses what would mix two OCMWs up, or mlpsync's own files with an export. Of two OCMWs with one inbox
// the first takes all files, and registers the other's clients with its own credentials.
func (c *Config) validateApart(v *checker) {
	for i, o := range c.OCMWs {
		for j, earlier := range c.OCMWs[:i] {
			o.validateBeside(v, fmt.Sprintf("ocmws[%d]", i), earlier, fmt.Sprintf("ocmws[%d]", j))
		}
	}
	c.validateNIS(v)
	c.validateInboxes(v)
}

func (o OCMW) validateBeside(v *checker, at string, earlier OCMW, other string) {
	if sameKBO(o.KBO, earlier.KBO) {
		v.add(at+".kbo", "is that of %s too: an OCMW is listed once", other)
	}
	if sameFolder(o.Inbox, earlier.Inbox) {
		v.add(at+".inbox", "is the folder of %s.inbox too: files can't be told apart, and clients would be registered by the wrong OCMW; give each OCMW its own folder", other)
	}
	if sameFolder(o.Reports, earlier.Reports) {
		v.add(at+".reports", "is the folder of %s.reports too: each worklist would overwrite the other's; give each OCMW its own folder", other)
	}
}

// sameKBO compares numbers, not how they are written; an invalid one is told as such.
func sameKBO(a, b string) bool {
	x, errX := ident.ParseKBO(a)
	y, errY := ident.ParseKBO(b)
	return errX == nil && errY == nil && x == y
}

// validateNIS refuses a municipality code that holds twice on one day. After a merger a code may go from one OCMW to
// another.
func (c *Config) validateNIS(v *checker) {
	type listed struct {
		at string
		NISPeriod
	}
	var seen []listed
	for i, o := range c.OCMWs {
		for j, p := range o.NIS {
			at := fmt.Sprintf("ocmws[%d].nis[%d].code", i, j)
			for _, s := range seen {
				if p.Code != "" && p.Code == s.Code && p.overlaps(s.NISPeriod) {
					v.add(at, "is that of %s too, for the same days: list a municipality once, or say with from and until which days are whose", s.at)
				}
			}
			seen = append(seen, listed{at, p})
		}
	}
}

// overlaps compares days as they are written: yyyy-MM-dd sorts.
func (p NISPeriod) overlaps(q NISPeriod) bool {
	return (p.Until == "" || q.From == "" || q.From <= p.Until) && (q.Until == "" || p.From == "" || p.From <= q.Until)
}

// validateInboxes keeps what mlpsync writes from being taken for an export. A drop folder's own subfolders are never
// entered, so state and reports may lie below an inbox.
func (c *Config) validateInboxes(v *checker) {
	for i, o := range c.OCMWs {
		at := fmt.Sprintf("ocmws[%d].inbox", i)
		if within(o.Inbox, c.StateDir) {
			v.add(at, "lies in stateDir, which is mlpsync's own and holds nothing else: name a folder outside it")
		}
		for j, other := range c.OCMWs {
			if sameFolder(o.Inbox, other.Reports) {
				v.add(at, "is the folder of ocmws[%d].reports too: what is written there would be taken for an export; name another folder", j)
			}
		}
	}
}

// sameFolder tells whether two names lead to one folder, as far as can be told before the folders are made.
func sameFolder(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	a, b = whereTo(a), whereTo(b)
	if a == b {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y) // in the system's own case, and through mounts
}

// within tells whether a folder is another one or lies in it.
func within(inner, outer string) bool {
	if inner == "" || outer == "" {
		return false
	}
	for inner = whereTo(inner); ; {
		if sameFolder(inner, outer) {
			return true
		}
		up := filepath.Dir(inner)
		if up == inner {
			return false
		}
		inner = up
	}
}

// whereTo follows the links of as much of a path as there is.
func whereTo(path string) string {
	path = filepath.Clean(path)
	rest := ""
	for there := path; ; {
		if real, err := filepath.EvalSymlinks(there); err == nil {
			path = filepath.Join(real, rest)
			break
		}
		up := filepath.Dir(there)
		if up == there {
			break
		}
		rest, there = filepath.Join(filepath.Base(there), rest), up
	}
	if runtime.GOOS == "windows" { // folders that are not there yet can't be compared otherwise
		return strings.ToLower(path)
	}
	return path
}
