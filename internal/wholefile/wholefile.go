// Package wholefile writes files that nobody ever sees half: aside, under a hidden name beside the place where they go, and from there
// to their own name in one step.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// forgotten is how old a file that stands aside must be to have been left by a process that was killed.
const forgotten = 24 * time.Hour

// Aside makes a file in a folder, for its owner alone, that says in its hidden name what is made in it, a word. Those of that word that
// are older than a day go first: processes have left them that were killed. Whatever comes of it, the caller removes it in the end.
func Aside(folder, word string) (*os.File, error) {
	prefix := ".mlpsync-" + word + "-"
	files, _ := os.ReadDir(folder) // one that can't be read or removed is tried next time
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), prefix) {
			continue
		}
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > forgotten {
			_ = os.Remove(filepath.Join(folder, f.Name()))
		}
	}
	return os.CreateTemp(folder, prefix+"*") // mode 0600
}

// Finish puts what was written on disk and closes the file.
func Finish(aside *os.File) error { return errors.Join(aside.Sync(), aside.Close()) }

// Name gives a finished file its name for good. The error is fs.ErrExist where another has that name: it keeps it.
func Name(aside, path string) error {
	// Unlike a renaming, a link takes no other's place.
	err := os.Link(aside, path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links
		err = reserved(aside, path)
	}
	if err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// reserved takes the name first, so that the renaming replaces nothing of others.
func reserved(aside, path string) error {
	place, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(place.Close(), os.Rename(aside, path)); err != nil {
		_ = os.Remove(path)
	}
	return err
}

// Replace gives a finished file its name for good, in the place of what had it.
func Replace(aside, path string) error {
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes names that were given in a folder last over a power cut. What the system
// says is passed over: Windows can't sync a folder, and keeps names without it.
func SyncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = dir.Sync()
	return dir.Close()
}
