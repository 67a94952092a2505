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

// Write writes a file aside, and gives it its name with Name or Replace.
func Write(path, word string, content []byte, mode fs.FileMode, give func(aside, path string) error) error {
	aside, err := Aside(filepath.Dir(path), word)
	if err != nil {
		return err
	}
	defer os.Remove(aside.Name())
	_, err = aside.Write(content)
	if err := errors.Join(err, aside.Chmod(mode), Finish(aside)); err != nil {
		return err
	}
	return give(aside.Name(), path)
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
	SyncFolder(filepath.Dir(path))
	return err
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
	err := os.Rename(aside, path)
	SyncFolder(filepath.Dir(path))
	return err
}

// SyncFolder makes names that were given in a folder last over a power cut, where the system can: Windows keeps names without it, and a folder
// that may only be written to can't be opened.
func SyncFolder(path string) {
	dir, err := os.Open(path)
	if err != nil {
		return
	}
	_ = dir.Sync()
	_ = dir.Close()
}
