package dropfolder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
	"github.com/mlpsync/mlpsync/adapters/delimited"
)

// check has the folder look at files with this, and counts the looks that are not over.
func (b *bench) check(do func(ctx context.Context, in adapters.Input) error) *atomic.Int32 {
	var running atomic.Int32
	b.opt.Check = func(ctx context.Context, _ *adapters.Feed, in adapters.Input) error {
		running.Add(1)
		defer running.Add(-1)
		return do(ctx, in)
	}
	b.Restart()
	return &running
}

// readAll reads the content as often as a format does: its head, and twice the whole.
func readAll(_ context.Context, in adapters.Input) error {
	_, err := readTwice(in)
	return err
}

func readTwice(in adapters.Input) (string, error) {
	var last []byte
	for _, most := range []int64{10, 1 << 30, 1 << 30} {
		r, err := in.Open()
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(io.LimitReader(r, most))
		if err := errors.Join(err, r.Close()); err != nil {
			return "", err
		}
		if !bytes.HasPrefix(text, last) {
			return "", errors.New("another content than before")
		}
		last = text
	}
	return string(last), nil
}

// long is content of several pieces, each as it is read and sealed.
var long = strings.Repeat("clients of Zonnedorp\n", 20_000)

func contentNames(t *testing.T, b *bench) []string {
	t.Helper()
	entries, err := os.ReadDir(contentDir(b.opt.State))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A check reads what is copied before it is all there, as the copying waits for that here; and its end beside the sync.
func TestCheckRunsBesideTheCopying(t *testing.T) {
	b := open(t)
	began, over := make(chan struct{}), make(chan struct{})
	var got string
	b.check(func(_ context.Context, in adapters.Input) (err error) {
		defer close(over)
		r, err := in.Open()
		if err != nil {
			return err
		}
		_, err = io.ReadFull(r, make([]byte, 100))
		close(began)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		got, err = readTwice(in)
		return err
	})
	written := 0
	b.files.fail = func(op, path string) error {
		switch {
		case !strings.Contains(path, contentDir(b.opt.State)):
		case op == "write":
			if written++; written == 4 { // a head and two pieces are there
				<-began
			}
		case op == "sync":
			<-over
		}
		return nil
	}
	b.Deliver("clients.csv", []byte(long))
	b.poll()
	if res := b.poll(); len(res.Notes)+len(res.Quarantined) != 0 || len(b.names()) != 0 || got != long {
		t.Errorf("notes %v, left %v, %d of %d bytes checked", res.Notes, b.names(), len(got), len(long))
	}
}

// What was begun beside the copying comes to the same end as what is done behind it, in all states of a file.
func TestStatesWithCheckBeside(t *testing.T) {
	passing := &adapters.FileProblem{Rule: adapters.RuleFileTruncated, Passing: true}
	final := &adapters.FileProblem{Rule: adapters.RuleFileColumn}
	early := func(problem *adapters.FileProblem) func(context.Context, adapters.Input) error {
		return func(context.Context, adapters.Input) error { return problem }
	}
	late := func(problem *adapters.FileProblem) func(context.Context, adapters.Input) error {
		return func(ctx context.Context, in adapters.Input) error { return errors.Join(readAll(ctx, in), problem) }
	}
	blocked := func(ctx context.Context, _ adapters.Input) error { <-ctx.Done(); return final }
	lose := func(b *bench) { // of what is in force, the copy
		b.t.Helper()
		if err := os.Remove(filepath.Join(contentDir(b.opt.State), sealedOf(b, "clients"))); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, file, content string
		before              func(b *bench)
		check               func(context.Context, adapters.Input) error
		state               state // "" where it stays in the folder
		rule                string
		seen                int
	}{
		{"whole", "clients_20240202.csv", long, nil, readAll, statePending, "", 0},
		{"empty", "clients_20240202.csv", "", nil, readAll, statePending, "", 0},
		{"refused early", "clients_20240202.csv", long, nil, early(final), stateQuarantined, final.Rule, 0},
		{"refused late", "clients_20240202.csv", long, nil, late(final), stateQuarantined, final.Rule, 0},
		{"not yet, early", "clients_20240202.csv", long, nil, early(passing), "", passing.Rule, 0},
		{"not yet, late", "clients_20240202.csv", long, nil, late(passing), "", passing.Rule, 0},
		{"older than the one in force", "clients_20240131.csv", long, nil, blocked, stateQuarantined, adapters.RuleFileOlder, 0},
		{"of a day to come", "clients_20250101.csv", long, nil, blocked, stateQuarantined, adapters.RuleFileFuture, 0},
		{"known, and its copy lost", "clients_20240202.csv", "clients 1", lose, blocked, stateSeen, "", 1},
		{"known, read otherwise now, and its copy lost", "clients_20240202.csv", "clients 1", func(b *bench) { lose(b); b.opt.Version = "v2" }, readAll, statePending, "", 0},
		{"nothing checked", "clients_20240202.csv", long, nil, nil, statePending, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := inForce(t)
			if tc.before != nil {
				tc.before(b)
			}
			running := new(atomic.Int32)
			if b.Restart(); tc.check != nil {
				running = b.check(tc.check)
			}
			b.Deliver(tc.file, []byte(tc.content))
			res := adaptertest.Settle(t, b)
			var last *claim
			for _, c := range b.folder.store.all() {
				if c.Name == tc.file {
					last = c
				}
			}
			if tc.state == "" {
				if last != nil || len(res.Waiting) != 1 || res.Waiting[0].Problem.Rule != tc.rule {
					t.Errorf("claim %+v, waiting %+v", last, res.Waiting)
				}
			} else if last == nil || last.State != tc.state || last.Problem == nil != (tc.rule == "") || last.Problem != nil && last.Problem.Rule != tc.rule {
				t.Errorf("claim %+v", last)
			}
			if len(res.Seen) != tc.seen || running.Load() != 0 || strings.Contains(strings.Join(contentNames(t, b), " "), incoming) {
				t.Errorf("%d seen, %d checks run on, kept %v", len(res.Seen), running.Load(), contentNames(t, b))
			}
		})
	}
}

// What goes wrong while a file is copied and checked ends both, leaves no copy, and is told as what it is; once it is over, the
// file is taken as it then is.
func TestFailuresWithCheckBeside(t *testing.T) {
	onceAt := func(op string, nth int, do func(b *bench) error) func(*bench) func(string, string) error {
		return func(b *bench) func(string, string) error {
			var mu sync.Mutex
			count := 0
			return func(did, path string) error {
				mu.Lock()
				defer mu.Unlock()
				if did != op || !strings.Contains(path, contentDir(b.opt.State)) {
					return nil
				}
				if count++; count != nth {
					return nil
				}
				return do(b)
			}
		}
	}
	full := func(*bench) error { return syscall.ENOSPC }
	replace := func(b *bench) error {
		other := filepath.Join(b.opt.Folder, "clients.tmp")
		return errors.Join(os.WriteFile(other, []byte("new"), 0o600), os.Rename(other, filepath.Join(b.opt.Folder, "clients.csv")))
	}
	grow := func(b *bench) error {
		file, err := os.OpenFile(filepath.Join(b.opt.Folder, "clients.csv"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = file.WriteString(long)
		return errors.Join(err, file.Close())
	}
	// another export's copy, where this one's is written
	swap := func(b *bench) error {
		kept, err := os.ReadFile(filepath.Join(contentDir(b.opt.State), sealedOf(b, "clients")))
		return errors.Join(err, os.WriteFile(filepath.Join(contentDir(b.opt.State), "other"), kept, 0o600),
			os.Rename(filepath.Join(contentDir(b.opt.State), "other"), filepath.Join(contentDir(b.opt.State), "claim"+incoming)))
	}
	for _, tc := range []struct {
		name  string
		fail  func(*bench) func(string, string) error
		says  string // a note's hint; else it waits
		after string
	}{
		{"disk full at the first write", onceAt("write", 1, full), "disk of the state directory is full", long},
		{"disk full in the middle", onceAt("write", 4, full), "disk of the state directory is full", long},
		{"disk full at the sync", onceAt("sync", 1, full), "disk of the state directory is full", long},
		{"the copy can't be opened", onceAt("open", 1, func(*bench) error { return syscall.EIO }), "", long},
		{"replaced before the first write", onceAt("write", 1, replace), "", "new"},
		{"replaced in the middle", onceAt("write", 4, replace), "", "new"},
		{"replaced at the sync", onceAt("sync", 1, replace), "", "new"},
		{"grows", onceAt("write", 4, grow), "", long + long},
		{"the copy is swapped", onceAt("open", 1, swap), "", long},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := inForce(t)
			running := b.check(readAll)
			b.opt.MaxBytes = 1 << 20
			b.Deliver("clients.csv", []byte(long))
			b.poll()
			b.files.fail = tc.fail(b)
			res := b.poll()
			b.files.fail = nil
			if tc.says != "" && (len(res.Notes) != 1 || !strings.Contains(res.Notes[0].Hint, tc.says)) {
				t.Errorf("said: %+v", res.Notes)
			}
			if len(res.Sets)+len(res.Quarantined) != 0 || len(b.names()) != 1 || running.Load() != 0 || len(contentNames(t, b)) != 2 {
				t.Errorf("%d sets, %d refused, left %v, %d checks run on, kept %v", len(res.Sets), len(res.Quarantined), b.names(), running.Load(), contentNames(t, b))
			}
			set := adaptertest.One(t, adaptertest.Settle(t, b))
			if got := adaptertest.Content(t, set.Files[0]); got != tc.after {
				t.Errorf("taken: %d bytes, want %d", len(got), len(tc.after))
			}
		})
	}
}

// A poll that is ended while it copies, or while only the check is left, waits for the check and keeps nothing.
func TestPollEndedWithCheckBeside(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		t.Run(op, func(t *testing.T) {
			b := inForce(t)
			began := make(chan struct{})
			running := b.check(func(ctx context.Context, in adapters.Input) error {
				close(began)
				<-ctx.Done()
				return context.Cause(ctx)
			})
			b.Deliver("clients_20240202.csv", []byte(long))
			b.poll()
			ctx, end := context.WithCancel(t.Context())
			b.files.fail = func(did, path string) error {
				if did == op && strings.Contains(path, contentDir(b.opt.State)) {
					<-began
					end()
				}
				return nil
			}
			res, err := b.folder.Poll(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if len(res.Notes)+len(res.Quarantined)+len(res.Sets) != 0 || running.Load() != 0 || len(contentNames(t, b)) != 2 || len(b.names()) != 1 {
				t.Errorf("%+v, %d checks run on, kept %v", res, running.Load(), contentNames(t, b))
			}
		})
	}
}

// A defect of a check is the poll's, whose caller has a word for it, and ends no process from a goroutine.
func TestCheckThatPanics(t *testing.T) {
	b := inForce(t)
	b.check(func(context.Context, adapters.Input) error { panic("defect") })
	b.Deliver("clients_20240202.csv", []byte(long))
	b.poll()
	defer func() {
		if got := recover(); got != "defect" {
			t.Errorf("recovered %v", got)
		}
	}()
	b.poll()
}

// TestCrashAnywhereWithCheckBeside stops the program at every operation on a file while one is checked beside its copying.
func TestCrashAnywhereWithCheckBeside(t *testing.T) {
	for at := 1; ; at++ {
		b := inForce(t)
		running := b.check(readAll)
		b.Deliver("clients_20240202.csv", []byte(long))
		crashed := b.crashAt(at, func() { b.poll(); b.poll() })
		if running.Load() != 0 {
			t.Fatalf("crash at operation %d: a check runs on", at)
		}
		b.Restart()
		set := adaptertest.One(t, adaptertest.Settle(t, b))
		if got := adaptertest.Content(t, set.Files[0]); got != long || len(b.names()) != 0 || len(contentNames(t, b)) != 3 {
			t.Fatalf("crash at operation %d: %d bytes, left %v, kept %v", at, len(got), b.names(), contentNames(t, b))
		}
		if !crashed {
			return
		}
	}
}

// BenchmarkTake takes a file of new content, as far as the claim, on a disk that is waited for.
func BenchmarkTake(b *testing.B) {
	format := delimited.New(adapters.Limits{})
	for _, rows := range []int{1000, 20_000, 400_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			var content bytes.Buffer
			for _, row := range adaptertest.Table(rows) {
				content.WriteString(strings.Join(row, ";") + "\n")
			}
			b.SetBytes(int64(content.Len()))
			for b.Loop() {
				b.StopTimer()
				f := newBench(b, b.TempDir(), adaptertest.ProfileYAML)
				f.files.durable = true
				feed, _ := f.opt.Profile.Feed("clients")
				f.check(func(ctx context.Context, in adapters.Input) error { return format.Check(ctx, in, feed) })
				f.Deliver("clients.csv", content.Bytes())
				f.poll()
				b.StartTimer()
				f.poll()
				if len(f.names()) != 0 {
					b.Fatal("not taken")
				}
			}
		})
	}
}
