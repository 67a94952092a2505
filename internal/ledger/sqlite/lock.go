package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/mlpsync/mlpsync/internal/ledger"
)

// ErrNetworkPath means that the state lies on a share, where SQLite's locks and its
// shared memory can't be trusted.
var ErrNetworkPath = errors.New("the state directory is on a network share; choose a folder on a local disk")

// Lock makes this process the one daemon of a state directory (design decision 20)
// until release is called or the process ends. ledger.ErrInUse when another has it.
// The lock file stays: removing it could let two in.
func Lock(dir string) (release func() error, err error) {
	if err := RefuseNetworkPath(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "mlpsync.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	held, err := flock(f)
	if held {
		return nil, errors.Join(ledger.ErrInUse, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock state directory: %w", err), f.Close())
	}
	return f.Close, nil
}

// RefuseNetworkPath returns ErrNetworkPath for a UNC path, and on Linux for a folder
// on NFS, SMB or CIFS. A folder that does not exist yet is judged by its nearest
// parent that does. A mapped drive letter on Windows is not seen through.
func RefuseNetworkPath(dir string) error {
	if strings.HasPrefix(dir, `\\`) || runtime.GOOS == "windows" && strings.HasPrefix(dir, "//") {
		return ErrNetworkPath
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find state directory: %w", err)
	}
	for {
		if _, err := os.Stat(abs); err == nil {
			break
		}
		parent := filepath.Dir(abs)
		if parent == abs {
			break
		}
		abs = parent
	}
	remote, err := onNetwork(abs)
	if err != nil {
		return fmt.Errorf("look at the state directory's file system: %w", err)
	}
	if remote {
		return ErrNetworkPath
	}
	return nil
}
