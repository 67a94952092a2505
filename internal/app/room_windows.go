package app

import "golang.org/x/sys/windows"

// freeRoom is how many bytes this user may still write on the disk of a folder.
func freeRoom(folder string) (free uint64, known bool) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil || windows.GetDiskFreeSpaceEx(name, &free, nil, nil) != nil {
		return 0, false
	}
	return free, true
}
