package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// mounted puts a small disk of its own under the state directory.
func (w *world) mounted(size string) (grow func(size string)) {
	w.t.Helper()
	state := w.path("state")
	if err := os.Mkdir(state, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", state, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		skip(w.t.(*testing.T), "a small disk takes the right to mount one: %v", err)
	}
	w.t.Cleanup(func() {
		if err := unix.Unmount(state, unix.MNT_DETACH); err != nil {
			w.t.Error(err)
		}
	})
	return func(size string) {
		if err := unix.Mount("tmpfs", state, "tmpfs", unix.MS_REMOUNT, "mode=0700,size="+size); err != nil {
			w.t.Fatal(err)
		}
	}
}

// The disk of the state directory is full, at the start or in the middle of a delivery: it is said with the next step,
// and once there is room everything goes on; nothing is lost and nothing sent twice.
func TestFullDisk(t *testing.T) {
	want := theSmallReference(t)
	for _, size := range []string{"64k", "400k", "700k", "1m", "1400k"} {
		t.Run(size, func(t *testing.T) {
			w := newWorld(t)
			grow := w.mounted(size)
			w.drop(only(t, few()...))
			r := w.run("once", "--wait", "2s")
			if !strings.Contains(r.stderr+r.stdout, "make room") {
				t.Errorf("a full disk is not said, or not what to do: %s", clipped(r.String()))
			}
			grow("64m")
			if r := w.run("once"); r.code != 0 {
				t.Fatalf("with room again: %s", clipped(r.String()))
			}
			if diff := cmp.Diff(want.deeds, deedsByDossier(w.mock.Effects())); diff != "" {
				t.Errorf("effects: -on a large disk +on a small one\n%s", diff)
			}
			if r := w.run("state check", "--deep"); r.code != 0 {
				t.Error(clipped(r.String()))
			}
			w.backUpOnAFullDisk()
		})
	}
}

// backUpOnAFullDisk fills the disk, and asks how things stand, and for a backup on it: half a one is never left.
func (w *world) backUpOnAFullDisk() {
	w.t.Helper()
	file := filepath.Join("state", "backup")
	filler := make([]byte, 64<<20)
	if err := os.WriteFile(w.path("state/filler"), filler, 0o600); !errors.Is(err, unix.ENOSPC) {
		w.t.Fatalf("the disk is not full: %v", err)
	}
	if r := w.run("state backup", w.path(file)); r.code != 3 || !strings.Contains(r.stderr, "room") {
		w.t.Errorf("a backup on a full disk: %s", r)
	}
	left, err := filepath.Glob(w.path("state/*backup*"))
	if err != nil || len(left) > 0 {
		w.t.Errorf("half a backup is left: %v, %v", left, err)
	}
	info, err := os.Stat(w.path("state/filler"))
	if err == nil {
		err = os.Truncate(w.path("state/filler"), info.Size()-256<<10) // what it takes to open the ledger where no daemon has it open
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if r := w.run("status"); r.code != 0 || !strings.Contains(r.stdout, "THE DISK OF THE STATE DIRECTORY IS FULL: ") {
		w.t.Errorf("status on a full disk: %s", r)
	}
}
