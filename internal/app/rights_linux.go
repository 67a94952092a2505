package app

import (
	"fmt"
	"os"
	"syscall"
)

// mayFill tells whether this user may list, make and rename files in a folder, without trying: a check changes nothing.
func mayFill(folder string) error {
	const readWriteEnter = 4 | 2 | 1 // access(2)
	if err := syscall.Access(folder, readWriteEnter); err != nil {
		return fmt.Errorf("the user that runs this can't make or rename files in %s (%w): check its rights, or run this as the user that mlpsync runs as", folder, err)
	}
	return nil
}

// openToOthers tells whether any user of this machine may read a file. Its group is left out: a service is often given
// its secrets by its group.
func openToOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o004 != 0
}
