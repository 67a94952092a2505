package mockmlp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrStateInUse means that another mock has the state directory: two would write over each other's changes.
var ErrStateInUse = errors.New("another mockmlp uses this state directory: stop it, or choose another one")

const lockName = "mockmlp.lock"

// lockState makes this mock the one of a state directory, until the file is closed or the process ends, however it ends. The file stays: removing it could
// let two in. It is nil for a mock that keeps nothing.
func lockState(dir string) (*os.File, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	held, err := flock(f)
	if held {
		return nil, errors.Join(ErrStateInUse, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock state directory: %w", err), f.Close())
	}
	return f, nil
}
