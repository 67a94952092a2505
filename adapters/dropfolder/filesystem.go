package dropfolder

import (
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// FileSystem is what the folder needs of one. Tests put failures in between: a
// full disk, a file that can't be read.
type FileSystem interface {
	ReadDir(path string) ([]fs.DirEntry, error)
	Lstat(path string) (fs.FileInfo, error)
	// Open waits for nobody: what may be no file any more is looked at once it is open.
	Open(path string) (fs.File, error)
	// Create makes an empty file that only its owner can read.
	Create(path string) (SyncWriter, error)
	Rename(from, to string) error
	Remove(path string) error
	// MkdirAll makes a folder that only its owner can enter.
	MkdirAll(path string) error
	// SyncDir makes renames in the folder durable, where the system can.
	SyncDir(path string) error
}

// SyncWriter is a file being written.
type SyncWriter interface {
	io.WriteCloser
	Sync() error
}

// OS is the operating system's file system.
func OS() FileSystem { return osFiles{} }

type osFiles struct{}

func (osFiles) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }
func (osFiles) Lstat(path string) (fs.FileInfo, error)     { return os.Lstat(path) }
func (osFiles) Rename(from, to string) error               { return os.Rename(from, to) }
func (osFiles) Remove(path string) error                   { return os.Remove(path) }
func (osFiles) MkdirAll(path string) error                 { return os.MkdirAll(path, 0o700) }

func (osFiles) Open(path string) (fs.File, error) {
	if runtime.GOOS == "windows" {
		return os.Open(path)
	}
	// A pipe of that name would hold who opens it until somebody writes to it, and no context ends that.
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (osFiles) Create(path string) (SyncWriter, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}

// SyncDir ignores what the system says: Windows can't sync a folder, and makes
// renames durable by itself.
func (osFiles) SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = dir.Sync()
	return dir.Close()
}
