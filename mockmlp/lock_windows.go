package mockmlp

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// flock takes the file without waiting; Windows lets go of it when the process ends,
// however it ends.
func flock(f *os.File) (held bool, err error) {
	const all = ^uint32(0)
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, all, all, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}
