package sqlite

import "testing"

func TestNetworkFileSystems(t *testing.T) {
	for kind, want := range map[int64]bool{
		0x6969: true, 0x517b: true, 0xff534d42: true, -0xacb2be: true, 0xfe534d42: true, // NFS, SMB, CIFS (also with its sign), SMB2
		0xef53: false, 0x9123683e: false, 0x01021994: false, 0x794c7630: false, // ext4, btrfs, tmpfs, overlay
	} {
		if networkType(kind) != want {
			t.Errorf("file system %#x: network is %v", kind, !want)
		}
	}
}
