package app

// leastRoom is with how little room on the disk of the state directory writing can fail: a transaction of many clients, or what SQLite
// keeps beside it, takes that much.
const leastRoom = 1 << 20

// DiskFull tells that the disk of the state directory is full, or all but. What a full disk keeps from being written can't stand in the
// ledger, so who asks looks at the disk itself.
type DiskFull struct {
	FreeKiB uint64 `json:"freeKiB"`
}

// diskFull is nil where there is room, or the system doesn't tell.
func (a *App) diskFull() *DiskFull {
	free, known := a.room(a.config.StateDir)
	if !known || free >= leastRoom {
		return nil
	}
	return &DiskFull{FreeKiB: free / 1024}
}
