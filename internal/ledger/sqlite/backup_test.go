package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/internal/audit"
	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/ident"
	"github.com/mlpsync/mlpsync/internal/ledger"
	"github.com/mlpsync/mlpsync/internal/ledger/sqlite"
	"github.com/mlpsync/mlpsync/internal/outbox"
)

// hint is the next step that an error names.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func backUp(t testing.TB, s ledger.Store, file string) {
	t.Helper()
	_, err := s.Backup(t.Context(), file)
	check(t, err)
}

func TestBackupIsWholeAndPrivate(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
	s := open(t, path, keys)
	fill(t, s)
	beside, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, ReadOnly: true})
	check(t, err)
	defer beside.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "a # b?c.backup")
	head, err := beside.Backup(t.Context(), file)
	check(t, err)
	info, err := os.Stat(file)
	check(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	content, err := os.ReadFile(file)
	check(t, err)
	for _, secret := range []string{tst, name, "nummer-1234", "geheim"} {
		if strings.Contains(string(content), secret) {
			t.Errorf("it holds %q in clear", secret)
		}
	}
	if _, err := s.Backup(t.Context(), file); !errors.Is(err, sqlite.ErrBackupExists) {
		t.Errorf("over another backup: %v", err)
	}
	if _, err := s.Backup(t.Context(), filepath.Join(dir, "nowhere", "b")); err == nil {
		t.Error("into a folder that is not there")
	}
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) != 1 {
		t.Errorf("left beside it: %v", left)
	}
	copied := open(t, file, keys)
	check(t, copied.Check(t.Context()))
	people := cmp.Comparer(func(a, b ident.INSZ) bool { return a.Reveal() == b.Reveal() })
	all := readAll(t, s)
	if last := all.Audit[len(all.Audit)-1]; head.Hash.String() != last || head.Seq != int64(len(all.Audit)) {
		t.Errorf("its audit ends with %d, %s", head.Seq, head.Hash)
	}
	if diff := cmp.Diff(all, readAll(t, copied), people); diff != "" {
		t.Errorf("the copy (-original +copy):\n%s", diff)
	}
}

// Who stops a backup is not sent to look at the disk.
func TestAStoppedBackupIsNoFullDisk(t *testing.T) {
	s, dir := open(t, filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := s.Backup(ctx, filepath.Join(dir, "backup"))
	if err == nil || hint(err) != "" {
		t.Errorf("%v, hint %q", err, hint(err))
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What a process left that was killed in the midst of a backup goes with the next one in that folder, a day later.
func TestBackupClearsAway(t *testing.T) {
	s, dir := open(t, filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)), t.TempDir()
	fill(t, s)
	for name, age := range map[string]time.Duration{".mlpsync-backup-old": 25 * time.Hour, ".mlpsync-backup-new": time.Hour, "mlpsync-backup-other": 48 * time.Hour} {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte("x"), 0o600))
		check(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	backUp(t, s, filepath.Join(dir, "backup"))
	left, err := os.ReadDir(dir)
	check(t, err)
	if got := fmt.Sprint(left); got != "[- .mlpsync-backup-new - backup - mlpsync-backup-other]" {
		t.Errorf("left: %s", got)
	}
}

// What was restored says nothing of what MLP holds now, and what went before is kept.
func TestRestore(t *testing.T) {
	dir, keys := t.TempDir(), newKeys(t)
	path, file := filepath.Join(dir, "ledger.db"), filepath.Join(t.TempDir(), "backup")
	s := open(t, path, keys)
	_, e := fill(t, s)
	backUp(t, s, file)
	check(t, s.Settle(t.Context(), "run", e, casefile.Dossier{ID: "dossier-geheim", Version: 5}, noon))
	check(t, s.Close())

	o := sqlite.Options{Path: path, Keys: keys}
	done, err := sqlite.Restore(t.Context(), o, file, ledger.Actor{Name: "els", Reason: "geheime reden"})
	check(t, err)
	before := open(t, filepath.Join(done.Aside, "ledger.db"), keys)
	if kept, err := before.Entry(t.Context(), e.ID); err != nil || kept.State != outbox.Settled {
		t.Errorf("what went before is not kept: %v, %v", kept.State, err)
	}
	s = open(t, path, keys)
	check(t, s.Check(t.Context()))
	if n, err := s.Recover(t.Context(), noon); n != 1 || err != nil {
		t.Errorf("the claim of before the backup: %d, %v", n, err)
	}
	if cursor, err := s.Cursor(t.Context(), kbo); cursor != "" || err != nil {
		t.Errorf("the feed goes on from %q, %v", cursor, err)
	}
	asked, err := s.NeedLookup(t.Context(), kbo, 0, 10)
	check(t, err)
	if len(asked) != 1 {
		t.Errorf("%d clients are looked up", len(asked))
	}
	claimed, _, err := s.Claim(t.Context(), outbox.Claim{Token: "token", Limit: 10}, noon)
	check(t, err)
	if len(claimed) != 1 || claimed[0][0].State != outbox.InDoubt {
		t.Errorf("before MLP was read, more can go than what is in doubt: %d entries", len(claimed))
	}
	var last audit.Record
	check(t, s.Audit(t.Context(), "", func(r audit.Record) error { last = r; return nil }))
	if last.Action != "restored" || last.Actor != "els" || len(last.Payload) == 0 || last.Hash != done.Head.Hash {
		t.Errorf("the audit ends with %s by %s", last.Action, last.Actor)
	}
}

func TestRestoreToANewMachine(t *testing.T) {
	keys, file := newKeys(t), filepath.Join(t.TempDir(), "backup")
	s := open(t, filepath.Join(t.TempDir(), "ledger.db"), keys)
	fill(t, s)
	backUp(t, s, file)
	path := filepath.Join(t.TempDir(), "state", "ledger.db")
	done, err := sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, file, ledger.Actor{Name: "els", Reason: "x"})
	check(t, err)
	if done.Aside != "" {
		t.Errorf("kept %s although nothing was there", done.Aside)
	}
	check(t, open(t, path, keys).Check(t.Context()))
}

// A state directory that was copied whole, after its daemon was killed, is as good as a backup.
func TestRestoreOfACopiedDirectory(t *testing.T) {
	keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, keys)
	fill(t, s) // stands in the log only
	copied := copyState(t, path, 0)
	before := readAll(t, s)
	check(t, s.Close())
	_, err := sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, copied, ledger.Actor{Name: "els", Reason: "x"})
	check(t, err)
	after := readAll(t, open(t, path, keys))
	if len(after.Lane) == 0 || !slices.Equal(before.Lane, after.Lane) || len(after.Audit) != len(before.Audit)+1 {
		t.Errorf("lane %v, %d records of audit; before %v, %d", after.Lane, len(after.Audit), before.Lane, len(before.Audit))
	}
}

func TestRestoreOfAnOlderSchema(t *testing.T) {
	keys, path := newKeys(t), filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, path, keys)
	fill(t, s)
	check(t, s.Close())
	_, err := sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, firstVersion(t, path), ledger.Actor{Name: "els", Reason: "x"})
	check(t, err)
	check(t, open(t, path, keys).Check(t.Context()))
}

// A restore that is refused leaves the present state as it was.
func TestRestoreRefuses(t *testing.T) {
	dir, keys := t.TempDir(), newKeys(t)
	path, good := filepath.Join(dir, "ledger.db"), filepath.Join(t.TempDir(), "good")
	s := open(t, path, keys)
	fill(t, s)
	backUp(t, s, good)
	check(t, s.Close())
	present, err := os.ReadFile(path)
	check(t, err)
	for what, tt := range map[string]struct {
		spoil func(file string)
		next  string
	}{
		"another's keys": {func(file string) {
			other := open(t, filepath.Join(t.TempDir(), "ledger.db"), newKeys(t))
			check(t, os.Remove(file))
			backUp(t, other, file)
		}, "key file"},
		"a newer schema":    {func(file string) { raw(t, file, `PRAGMA user_version = 99`) }, "install that version"},
		"another database":  {func(file string) { raw(t, file, `PRAGMA user_version = 0`) }, "mlpsync state backup"},
		"no database":       {func(file string) { check(t, os.WriteFile(file, []byte(strings.Repeat("geen databank ", 1000)), 0o600)) }, "another backup"},
		"cut short":         {func(file string) { check(t, os.Truncate(file, 40_000)) }, "another backup"},
		"empty":             {func(file string) { check(t, os.Truncate(file, 0)) }, "another backup"},
		"not there":         {func(file string) { check(t, os.Remove(file)) }, "check its path"},
		"a changed record":  {func(file string) { raw(t, file, `UPDATE audit SET after = '00' WHERE action = 'decided'`) }, "another backup"},
		"a page of rubbish": {func(file string) { scribble(t, file, 3) }, "another backup"},
	} {
		file := filepath.Join(t.TempDir(), "backup")
		content, err := os.ReadFile(good)
		check(t, errors.Join(err, os.WriteFile(file, content, 0o600)))
		tt.spoil(file)
		_, err = sqlite.Restore(t.Context(), sqlite.Options{Path: path, Keys: keys}, file, ledger.Actor{Name: "els", Reason: "x"})
		if !strings.Contains(hint(err), tt.next) {
			t.Errorf("%s: %v, hint %q", what, err, hint(err))
		}
	}
	after, err := os.ReadFile(path)
	check(t, err)
	left, err := filepath.Glob(filepath.Join(dir, "*restor*"))
	if !slices.Equal(present, after) || err != nil || len(left) > 0 {
		t.Errorf("the present state was touched; left: %v, %v", left, err)
	}
}

// scribble overwrites most of a page.
func scribble(t testing.TB, file string, page int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("rommel!", 1000)), page*8192)
	check(t, errors.Join(err, f.Close()))
}

// TestDamagedIsSaid: a database that is damaged, emptied or gone is never taken for the
// first start, and stays as it is.
func TestDamagedIsSaid(t *testing.T) {
	for what, spoil := range map[string]func(path string){
		"cut short": func(path string) { check(t, os.Truncate(path, 40_000)) },
		"emptied":   func(path string) { check(t, os.Truncate(path, 0)) },
		"gone":      func(path string) { check(t, os.Remove(path)) },
		"zeros":     func(path string) { check(t, os.WriteFile(path, make([]byte, 100_000), 0o600)) },
		"no header": func(path string) { scribble(t, path, 0) },
	} {
		path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
		s := open(t, path, keys)
		fill(t, s)
		check(t, s.Close())
		spoil(path)
		before, _ := os.ReadFile(path)
		for _, readOnly := range []bool{true, false} {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, ReadOnly: readOnly})
			if err == nil {
				_ = s.Close()
			}
			if !strings.Contains(hint(err), "mlpsync state restore FILE") {
				t.Errorf("%s, read-only %t: %v, hint %q", what, readOnly, err, hint(err))
			}
		}
		after, err := os.ReadFile(path)
		if !slices.Equal(before, after) || (what == "gone") != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the file was touched: %d bytes became %d, %v", what, len(before), len(after), err)
		}
	}
}

func TestInspectTellsWhatWhereAndNext(t *testing.T) {
	for what, tt := range map[string]struct{ check, where, statement string }{
		"an index":          {"file", "", `PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'entry_state'`},
		"a lost row":        {"references", "table ", `PRAGMA foreign_keys = 0; DELETE FROM row_record`},
		"a lane":            {"lanes", "entry entry-", `PRAGMA ignore_check_constraints = 1; UPDATE entry SET head = 0`},
		"two claims":        {"lanes", "entry entry-1", `UPDATE entry SET state = 'claimed', approved = 1, claim = 'another' WHERE id = 'entry-1'`},
		"a sum":             {"balance", "file a.csv", `UPDATE export_file SET new = new + 1`},
		"a row of a file":   {"balance", "file a.csv", `DELETE FROM export_row WHERE number = 3`},
		"a client's data":   {"sealed", "client p-", `UPDATE known SET payload = x'0102'`},
		"an entry":          {"sealed", "entry entry-1", `UPDATE entry SET payload = x'0102' WHERE id = 'entry-1'`},
		"a rejected row":    {"sealed", "rejected rows of OCMW " + kbo, `UPDATE row_rejection SET payload = x'01'`},
		"a note":            {"sealed", "notes", `UPDATE note SET payload = x'01'`},
		"the audit's order": {"audit", "", `DELETE FROM audit WHERE seq = 2`},
	} {
		path, keys := filepath.Join(t.TempDir(), "ledger.db"), newKeys(t)
		s := open(t, path, keys)
		fill(t, s)
		looked, err := s.Inspect(t.Context())
		check(t, err)
		for _, i := range looked {
			if i.Looked == "" || len(i.Findings) > 0 {
				t.Errorf("before: %+v", i)
			}
		}
		check(t, s.Close())
		raw(t, path, tt.statement)
		looked, err = open(t, path, keys).Inspect(t.Context())
		check(t, err)
		at := slices.IndexFunc(looked, func(i ledger.Inspected) bool { return i.Check == tt.check })
		if !slices.ContainsFunc(looked[at].Findings, func(f ledger.Finding) bool {
			return strings.HasPrefix(f.Where, tt.where) && f.What != "" && f.Next != ""
		}) {
			t.Errorf("%s was not found: %+v", what, looked)
		}
	}
}
