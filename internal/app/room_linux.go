package app

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeRoom is how many bytes this user may still write on the disk of a folder.
func freeRoom(folder string) (free uint64, known bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil || disk.Blocks == 0 { // a share that doesn't tell
		return 0, false
	}
	blocks := disk.Bavail
	if os.Geteuid() == 0 {
		blocks = disk.Bfree // some are kept for root
	}
	return blocks * uint64(disk.Bsize), true
}
