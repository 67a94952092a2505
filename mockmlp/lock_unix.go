//go:build !windows

package mockmlp

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// flock takes the file without waiting; the system lets go of it when the process
// ends, however it ends.
func flock(f *os.File) (held bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
