package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/seal"
)

var _ ledger.Store = (*Store)(nil)

// Memory as Options.Path keeps the ledger in memory; it vanishes on Close.
const Memory = ":memory:"

// minVersion is the oldest SQLite taken: 3.51.3 has the fix of the write-ahead log
// that could lose a commit when a reset and a checkpoint met.
const minVersion = 3_051_003

// ErrReadOnly is what a change ends in beside the daemon: other processes write
// requests only (design decision 20).
var ErrReadOnly = errors.New("this ledger was opened beside the daemon: it takes requests, no other changes")

// ErrWrongKeys means that the key file is not the one that the state was written with.
var ErrWrongKeys = error(wrongKeys{})

type wrongKeys struct{}

func (wrongKeys) Error() string {
	return "the key file is not the one that this state was written with"
}

// Hint is the next step.
func (wrongKeys) Hint() string {
	return "restore the key file that belongs to this state directory; without it nothing in it can be read"
}

// ErrGone means that a ledger was made here and its database is missing, or there is none of ours in it.
var ErrGone = error(&hinted{errors.New("the state's database is gone, or empty, although one was made here; or its log (-wal), in which it stood, is"),
	`put it back, or a backup with "mlpsync state restore FILE"; to begin anew on purpose, with what MLP holds, empty the state directory`})

// madeSuffix is of the file that tells that a database was made here: without it a lost
// one would be taken for the first start.
const madeSuffix = ".made"

// Options says what to open.
type Options struct {
	// Path of the database file, or Memory. Its directory is made when it is not
	// there, with mode 0700.
	Path string
	Keys *seal.Keys
	// ReadOnly is for commands beside the daemon: they read, and write only request
	// rows. A file that does not exist reads as an empty ledger, and is not made.
	ReadOnly bool
	Now      func() time.Time // default time.Now
	// Zone is where days begin (categories hold by the day); default Europe/Brussels.
	Zone *time.Location
	// Reached is told of each point around a commit, for the self-test that kills there; nil
	// in the program that ships.
	Reached func(point string)
	// Damaged is told of each thing that was set aside as it could not be read back, once that is committed; nil for nobody.
	Damaged func(ledger.Damage)
}

// Store is a ledger.Store in SQLite. Any number of goroutines may use it.
type Store struct {
	keys     *seal.Keys
	now      func() time.Time
	zone     *time.Location
	path     string // empty: in memory
	readOnly bool
	reached  func(point string) // nil except in the self-test
	damaged  func(ledger.Damage)

	writer  *pool // one connection: writes queue here, not in SQLite
	readers *pool // the same as writer where the ledger is in memory
	keep    *pool
	scratch string // a copy's file that is still to be removed

	backfill *backfill // nil where there is no log, and beside the daemon

	recent    recent
	moves     moves
	undecided undecided
	told      once // of what is damaged
}

// Open opens the ledger, makes or migrates its schema, and checks that engine,
// settings, schema and keys are what this program needs.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Keys == nil || o.Path == "" {
		return nil, errors.New("open ledger: it takes a path and keys")
	}
	s, err := newStore(o)
	if err != nil {
		return nil, err
	}
	if o.Path != Memory {
		if o.Path, err = filepath.Abs(o.Path); err != nil {
			return nil, fmt.Errorf("open ledger: find its path: %w", err)
		}
		missing, err := prepareFile(o)
		if err != nil {
			return nil, err
		}
		if missing {
			o.Path = Memory
		} else {
			s.path = o.Path
		}
	}
	err = s.connect(o.Path)
	if err == nil {
		err = s.prove(ctx, o.Path)
	}
	if err == nil && !s.readOnly && o.Path != Memory {
		err = markMade(o.Path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", diskTrouble(err)), s.Close())
	}
	return s, nil
}

func markMade(path string) error {
	_, err := os.Stat(path + madeSuffix)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	const text = "A ledger was made here. Should its database be lost, mlpsync says so, and does not begin with an empty one.\n"
	return os.WriteFile(path+madeSuffix, []byte(text), 0o600)
}

func madeHere(path string) bool {
	_, err := os.Stat(path + madeSuffix)
	return path != Memory && !errors.Is(err, fs.ErrNotExist)
}

// refuseLost tells a database that was lost from one that was not made yet.
func refuseLost(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 || !madeHere(path) {
		return nil
	}
	return fmt.Errorf("open ledger: %w", gone(path))
}

// gone is ErrGone; where a restore may have been cut short, it names what that kept.
func gone(path string) error {
	kept, err := fs.Glob(os.DirFS(filepath.Dir(path)), keptAside+"*")
	if err != nil || len(kept) == 0 {
		return ErrGone
	}
	return &hinted{ErrGone, fmt.Sprintf(`if "mlpsync state restore FILE" was cut short, run it again; the state of before the last one lies in %s, in the state directory: don't empty that`, slices.Max(kept))}
}

// refuseEmptied does so of a file that is there: a young ledger stands wholly in the log beside it.
func (s *Store) refuseEmptied(ctx context.Context, path string) error {
	have, err := s.userVersion(ctx)
	if err == nil && have == 0 && madeHere(path) {
		err = gone(path)
	}
	return err
}

func newStore(o Options) (*Store, error) {
	s := &Store{keys: o.Keys, now: o.Now, zone: o.Zone, readOnly: o.ReadOnly, reached: o.Reached, damaged: o.Damaged}
	first := time.Now().UnixNano() // no two ledgers count alike
	s.moves.begun.Store(first)
	s.moves.ended.Store(first)
	if s.now == nil {
		s.now = time.Now
	}
	if s.zone == nil {
		zone, err := time.LoadLocation("Europe/Brussels")
		if err != nil {
			return nil, fmt.Errorf("open ledger: load time zone: %w", err)
		}
		s.zone = zone
	}
	return s, nil
}

// prepareFile makes directory and file with modes that nobody else can read; SQLite
// gives its side files the mode of the database. Beside the daemon nothing is made.
func prepareFile(o Options) (missing bool, err error) {
	dir := filepath.Dir(o.Path)
	if err := RefuseNetworkPath(dir); err != nil {
		return false, err
	}
	if err := refuseLost(o.Path); err != nil {
		return false, err
	}
	_, err = os.Stat(o.Path)
	if o.ReadOnly {
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("make state directory: %w", err)
	}
	f, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, &hinted{fmt.Errorf("open or make the database file: %w", err),
			"look at the rights of the state directory and of the files in it: they must be those of the user that mlpsync runs as, also what somebody else made or restored"}
	}
	if err := errors.Join(f.Close(), os.Chmod(o.Path, 0o600)); err != nil {
		return false, fmt.Errorf("protect database file: %w", err)
	}
	return false, nil
}

// How transactions begin: one that can write waits for its turn then, and not when it has read what others are changing.
const (
	toWrite = "BEGIN IMMEDIATE"
	toRead  = "BEGIN"
)

// common are settings of every connection.
func common() []string {
	return []string{"foreign_keys(1)", "synchronous(2)", "trusted_schema(0)"}
}

// inMemory keeps sorting and temporary tables in memory: what reads holds little at a time, and scratch copies write nowhere.
const inMemory = "temp_store(2)"

// pageSize is that of a new ledger, and of every copy that is made of one (docs/adr/0017): in 4096 bytes, SQLite's own, one known dossier
// has room, and each page takes two writes to the log. A ledger that is there keeps what it has.
const pageSize = "page_size(8192)"

// The pages that a connection keeps, in KiB; the system keeps more of them. In memory each takes twice its size and
// more, as it is allocated with a head of its own in a slot of a power of two. What the connection that writes keeps is also how
// much it sorts at a time. Temporary tables have pages of their own, and would keep 2000 KiB of them.
const (
	readingCache   = "cache_size(-256)"
	writingCache   = "cache_size(-1000)"
	temporaryCache = "temp.cache_size(-400)" // has no effect before there is a temporary table: temporaries sets it
)

// besideLedger puts them in files beside the ledger, which SQLite removes: comparing a set of a million rows takes far more
// than memory should. They hold what the ledger holds, keyed digests and sealed values. Where the temporary files go
// is a setting of the whole process, which has one ledger that it writes; should the folder be gone, SQLite takes the system's.
func besideLedger(path string) []string {
	folder := strings.ReplaceAll(filepath.Dir(path), "'", "''")
	return []string{"temp_store_directory('" + folder + "')", "temp_store(1)"}
}

func (s *Store) connect(path string) error {
	if path == Memory {
		return s.connectMemory(memoryName())
	}
	// The journal's size is cut back after a large set.
	settings := append(common(), besideLedger(path)...)
	settings = append(settings, pageSize, writingCache, "journal_mode(WAL)", logMost, "journal_size_limit(67108864)")
	var err error
	if s.writer, err = connections(fileURI(path), toWrite, 1, settings); err != nil {
		return err
	}
	if s.readers, err = connections(fileURI(path), toRead, 4, append(common(), inMemory, readingCache, "query_only(1)")); err != nil || s.readOnly {
		return err
	}
	s.backfill, err = startBackfill(fileURI(path))
	return err
}

func memoryName() string { return "file:/mlpsync-" + uuid.NewString() + "?vfs=memdb" }

// connectMemory opens a database of SQLite's memdb, which lives as long as one
// connection to it: keep is that one. All work goes through one other connection, as
// readers would block the writer there.
func (s *Store) connectMemory(name string) error {
	var err error
	if s.keep, err = connections(name, toRead, 1, nil); err != nil {
		return err
	}
	s.writer, err = connections(name, toWrite, 1, append(common(), inMemory))
	s.readers = s.writer
	return err
}

// fileURI escapes what SQLite would take for the end of a path.
func fileURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// prove checks that what was opened is what it must be.
func (s *Store) prove(ctx context.Context, path string) error {
	var version string
	if err := s.ask(ctx, `SELECT sqlite_version()`, &version); err != nil {
		return fmt.Errorf("ask SQLite's version: %w", err)
	}
	if n := versionNumber(version); n < minVersion {
		return fmt.Errorf("SQLite %s is too old: at least 3.51.3 is needed", version)
	}
	if err := s.proveSettings(ctx, path); err != nil {
		return err
	}
	if err := s.refuseEmptied(ctx, path); err != nil {
		return err
	}
	fresh := path == Memory
	if !s.readOnly || fresh {
		if err := s.migrate(ctx); err != nil {
			return err
		}
	} else if err := s.refuseOtherSchema(ctx); err != nil {
		return err
	}
	return s.proveKeys(ctx, !s.readOnly || fresh)
}

// proveSettings reads the settings back: SQLite passes over one that it can't set.
func (s *Store) proveSettings(ctx context.Context, path string) error {
	want := map[string]string{"foreign_keys": "1", "synchronous": "2"}
	if path != Memory {
		want["journal_mode"] = "wal"
	}
	for name, value := range want {
		var have string
		if err := s.ask(ctx, `PRAGMA `+name, &have); err != nil {
			return fmt.Errorf("read setting %s: %w", name, err)
		}
		if !strings.EqualFold(have, value) {
			return fmt.Errorf("SQLite's setting %s is %s, not %s; is the folder on a local disk?", name, have, value)
		}
	}
	return nil
}

// ask reads one value outside of any transaction.
func (s *Store) ask(ctx context.Context, query string, into any) error {
	return s.writer.with(ctx, func(c *conn) error { return c.row(query, nil, into) })
}

// versionNumber is SQLite's own: 3.51.3 is 3051003; 0 for what can't be read.
func versionNumber(version string) int {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return 0
	}
	return major*1_000_000 + minor*1_000 + patch
}

// Close ends all connections. A memory ledger is gone then.
func (s *Store) Close() error {
	var errs []error
	if s.readers != nil && s.readers != s.writer {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.backfill != nil { // behind the last commit
		errs = append(errs, s.backfill.Close())
	}
	if s.keep != nil {
		errs = append(errs, s.keep.Close())
	}
	if s.scratch != "" {
		errs = append(errs, removeLedger(s.scratch))
	}
	return errors.Join(errs...)
}
