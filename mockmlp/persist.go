package mockmlp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// The state directory holds a snapshot and a log of the commits since. A commit is one line, fsynced before it is answered; the snapshot is replaced by
// rename, at each start and reset. A log line says the epoch and number of its change, so that lines older than the snapshot are passed over: a
// crash between the rename and the emptying of the log does no harm. A last line without its end was never answered, and is dropped.
const (
	snapshotName = "snapshot.json"
	logName      = "log.jsonl"
	format       = 1
)

type snapshot struct {
	Format int       `json:"format"`
	Clock  time.Time `json:"clock"`
	State  *state    `json:"state"`
}

// store is the state directory; a nil store keeps nothing.
type store struct {
	dir    string
	log    *os.File
	size   int64
	broken error
	// lock is held from the start to the end.
	lock *os.File
}

func (m *Mock) snapshot() snapshot {
	return snapshot{Format: format, Clock: m.clock.now(), State: m.state}
}

// openStore reads what a directory holds; saved is nil for a new one.
func openStore(dir string, feedSize int) (*store, *snapshot, error) {
	if dir == "" {
		return nil, nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make state directory: %w", err)
	}
	saved, err := readSnapshot(filepath.Join(dir, snapshotName), feedSize)
	if err != nil {
		return nil, nil, err
	}
	if saved != nil {
		if err := replay(filepath.Join(dir, logName), saved); err != nil {
			return nil, nil, err
		}
	}
	return &store{dir: dir}, saved, nil
}

func readSnapshot(path string, feedSize int) (*snapshot, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil || s.State == nil {
		return nil, fmt.Errorf("read snapshot %s: it is damaged; remove the directory to start over", path)
	}
	if s.Format != format {
		return nil, fmt.Errorf("read snapshot %s: format %d is not known to this version; remove the directory to start over", path, s.Format)
	}
	if !s.State.whole() {
		return nil, fmt.Errorf("read snapshot %s: it is damaged; remove the directory to start over", path)
	}
	s.State.complete(feedSize)
	return &s, nil
}

// whole tells whether everything that is answered with is there.
func (s *state) whole() bool {
	for _, d := range s.Dossiers {
		if !d.whole() {
			return false
		}
	}
	for _, f := range s.Feed {
		if !f.Dossier.whole() {
			return false
		}
	}
	for _, r := range s.Replies {
		if !r.Dossier.whole() {
			return false
		}
	}
	return true
}

func (d *dossier) whole() bool {
	if d == nil || d.ID == "" || d.Own == nil {
		return false
	}
	for _, list := range d.Regs {
		for _, r := range list {
			if r.Content == nil {
				return false
			}
		}
	}
	return true
}

// whole: a line of the clock alone has no dossier.
func (r record) whole() bool {
	return (r.Dossier == nil || r.Dossier.whole()) && (r.Reply == nil || r.Reply.Dossier.whole())
}

func replay(path string, into *snapshot) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left of a torn line was never answered
		}
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		var rec record
		if err := json.Unmarshal(bytes.TrimSpace(line), &rec); err != nil || !rec.whole() {
			return fmt.Errorf("read log %s: line %d is damaged; remove the directory to start over", path, n)
		}
		if rec.Epoch != into.State.Epoch || (rec.Effect != nil && rec.Effect.Seq <= into.State.Seq) {
			continue
		}
		if rec.Effect == nil && rec.Seq < into.State.Seq {
			rec.Steps, rec.Exits, rec.ExitRule = nil, nil, nil // older than the snapshot: only the clock
		}
		into.State.apply(rec)
		if rec.Clock.After(into.Clock) {
			into.Clock = rec.Clock
		}
	}
}

// replace writes a snapshot and starts an empty log.
func (s *store) replace(snap snapshot) error {
	if s == nil {
		return nil
	}
	b, err := json.Marshal(snap)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	if err := writeSynced(s.dir, snapshotName, b); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := s.close(); err != nil {
		return err
	}
	s.log, err = os.OpenFile(filepath.Join(s.dir, logName), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	s.size, s.broken = 0, nil
	return syncDir(s.dir)
}

func writeSynced(dir, name string, b []byte) error {
	tmp, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename durable; Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// append adds a line and waits until it is on disk. When it fails, the log is cut back to what was whole; when that fails too, nothing more is accepted.
func (s *store) append(rec record) error {
	if s == nil {
		return nil
	}
	if s.broken != nil {
		return s.broken
	}
	line, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode change: %w", err)
	}
	line = append(line, '\n')
	_, err = s.log.WriteAt(line, s.size)
	if err == nil {
		err = s.log.Sync()
	}
	if err == nil {
		s.size += int64(len(line))
		return nil
	}
	if terr := s.log.Truncate(s.size); terr != nil {
		s.broken = fmt.Errorf("the state directory can't be written: %w", terr)
	}
	return fmt.Errorf("write change: %w", err)
}

// failed says why the directory takes no more changes; nil while it does.
func (s *store) failed() error {
	if s == nil {
		return nil
	}
	return s.broken
}

func (s *store) close() error {
	if s == nil || s.log == nil {
		return nil
	}
	log := s.log
	s.log = nil
	if err := log.Close(); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}

// unlock lets another mock have the directory.
func (s *store) unlock() error {
	if s == nil || s.lock == nil {
		return nil
	}
	lock := s.lock
	s.lock = nil
	if err := lock.Close(); err != nil {
		return fmt.Errorf("unlock state directory: %w", err)
	}
	return nil
}
