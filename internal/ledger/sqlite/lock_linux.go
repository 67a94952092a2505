package sqlite

import "golang.org/x/sys/unix"

func onNetwork(dir string) (bool, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return false, err
	}
	return networkType(int64(fs.Type)), nil
}

// networkType knows the numbers of statfs(2). Only the low 32 bits count: some are
// stored with their sign.
func networkType(kind int64) bool {
	switch uint32(kind) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return true
	}
	return false
}
