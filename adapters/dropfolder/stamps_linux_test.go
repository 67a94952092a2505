package dropfolder

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// A time of change that a claim or the ledger can't hold is no reason not to take a file.
func TestStampsBeyondTheCalendar(t *testing.T) {
	for _, year := range []int{20_000, 1601, -300} {
		root, err := os.MkdirTemp("/dev/shm", "mlpsync-")
		if err != nil {
			withoutSuchTimes(t)
		}
		t.Cleanup(func() { _ = os.RemoveAll(root) })
		b := newBench(t, root, adaptertest.ProfileYAML)
		b.Deliver("clients.csv", []byte("1"))
		b.Deliver("tracks.csv", []byte("2"))
		stamp := syscall.Timespec{Sec: time.Date(year, 5, 1, 0, 0, 0, 0, time.UTC).Unix()}
		path := filepath.Join(b.opt.Folder, "tracks.csv")
		if err := syscall.UtimesNano(path, []syscall.Timespec{stamp, stamp}); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || info.ModTime().UTC().Year() != year {
			withoutSuchTimes(t)
		}
		b.files.fail = func(op, path string) error {
			if op == "rename" && filepath.Base(path) == "tracks.csv" {
				return fs.ErrPermission
			}
			return nil
		}
		set := adaptertest.One(t, adaptertest.Settle(t, b))
		for _, f := range set.Files { // as the ledger keeps it
			if !time.Unix(0, f.Snapshot.UnixNano()).Equal(f.Snapshot) {
				t.Errorf("in the year %d: it stands for %v", year, f.Snapshot)
			}
		}
		b.Restart()
		if again := adaptertest.One(t, adaptertest.Settle(t, b)); again.ID != set.ID || len(kept(t, b)) != 2 {
			t.Errorf("in the year %d it is taken twice", year)
		}
		b.files.fail = nil
		if adaptertest.Settle(t, b); len(b.names()) != 0 {
			t.Errorf("in the year %d: left %v", year, b.names())
		}
	}
}

// withoutSuchTimes leaves the test out where no file system holds them; in CI nothing is left out.
func withoutSuchTimes(t *testing.T) {
	t.Helper()
	const why = "no file system here that holds such times"
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
