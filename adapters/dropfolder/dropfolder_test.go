package dropfolder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
	"github.com/mlpsync/mlpsync/adapters/delimited"
)

func TestConformance(t *testing.T) {
	adaptertest.Source(t, func(t *testing.T) adaptertest.Bench {
		b := newBench(t, t.TempDir(), adaptertest.ProfileYAML)
		b.files.durable = true
		return b
	})
}

func open(t *testing.T) *bench { return newBench(t, t.TempDir(), adaptertest.ProfileYAML) }

func TestSettles(t *testing.T) {
	b := open(t)
	b.Deliver("tracks.csv", []byte("half"))
	if res := b.poll(); len(res.Waiting) != 1 || len(b.names()) != 1 {
		t.Fatal("a file is taken at first sight")
	}
	b.Deliver("tracks.csv", []byte("half and more"))
	if res := b.poll(); len(res.Waiting) != 1 {
		t.Fatal("a file that grew is taken")
	}
	b.opt.MinAge = 5 * time.Minute
	b.Restart()
	b.Deliver("tracks.csv", []byte("whole"))
	for i := range 5 {
		if res := b.poll(); len(res.Waiting) != 1 {
			t.Fatalf("taken after %d minutes", i)
		}
	}
	if res := b.poll(); len(res.Waiting) != 0 || len(b.names()) != 0 {
		t.Fatal("a settled file isn't taken")
	}
}

func TestDoneCompanion(t *testing.T) {
	b := newBench(t, t.TempDir(), strings.ReplaceAll(adaptertest.ProfileYAML, "  - name: tracks\n", "  - name: tracks\n    done: true\n"))
	b.Deliver("Tracks.CSV", []byte("x"))
	for range 5 {
		if res := b.poll(); len(res.Waiting) != 1 {
			t.Fatal("taken without its .done file")
		}
	}
	b.Deliver("tracks.csv.done", nil)
	if res := b.poll(); len(res.Waiting) != 0 || len(b.names()) != 0 {
		t.Fatalf("left behind: %v", b.names())
	}
	b.Deliver("other.done", nil)
	if diff := cmp.Diff([]string{"dropfolder.done"}, keys(b.poll().Notes)); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestWhatIsNoExportIsSaidAndLeftAlone(t *testing.T) {
	b := open(t)
	b.Deliver("Brief aan Jan Peeters 67722499797.docx", []byte("x"))
	b.Deliver("~$tracks.csv", []byte("x"))
	b.Deliver("tracks.csv.part", []byte("x"))
	b.Deliver(".hidden", []byte("x"))
	if err := os.Mkdir(filepath.Join(b.opt.Folder, "clients.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(b.opt.Folder, ".hidden"), filepath.Join(b.opt.Folder, "tracks2.csv")); err != nil {
		t.Skip("no symbolic links here")
	}
	b.poll()
	res := b.poll()
	want := []string{"dropfolder.notAFile.clients.csv", "dropfolder.notAFile.tracks2.csv", "dropfolder.unmatched.*.docx", "dropfolder.temporary"}
	got := keys(res.Notes)
	if diff := cmp.Diff(len(want), len(got)); diff != "" {
		t.Fatalf("notes %v", got)
	}
	for _, key := range want {
		if !strings.Contains(strings.Join(got, " "), key) {
			t.Errorf("nothing says %s: %v", key, got)
		}
	}
	for _, n := range res.Notes {
		if strings.Contains(n.Text+n.Hint+n.Key, "Peeters") || strings.Contains(n.Text, "677") {
			t.Error("the name of a stranger's file shows")
		}
	}
	if len(b.names()) != 6 {
		t.Errorf("something was taken: %d left", len(b.names()))
	}
}

// An export under another name is named; what may hold a person's name is counted.
func TestStrangersByName(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		says  string
	}{
		"an export's words and a date": {[]string{"Clients-2024.csv"}, `1 entry *.csv in the drop folder matches no feed: left alone: "Clients-2024.csv"`},
		"a person's name":              {[]string{"clients steen.csv"}, "1 entry *.csv in the drop folder matches no feed: left alone"},
		"one of each":                  {[]string{"clients steen.csv", "clients (1).csv"}, `2 entries *.csv in the drop folder match no feed: left alone: "clients (1).csv"`},
		"a number of a person":         {[]string{"clients 67722499797.csv"}, `1 entry *.csv in the drop folder matches no feed: left alone: "clients [insz].csv"`},
		"a name where an ending is":    {[]string{"liam.steen"}, "1 entry in the drop folder matches no feed: left alone"},
		"many": {
			[]string{"clients 1.csv", "clients 2.csv", "clients 3.csv", "clients 4.csv", "clients 5.csv", "clients 6.csv"},
			`6 entries *.csv in the drop folder match no feed: left alone: "clients 1.csv", "clients 2.csv", "clients 3.csv", "clients 4.csv", "clients 5.csv", and 1 more`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			for _, file := range c.files {
				b.Deliver(file, []byte("x"))
			}
			notes := b.poll().Notes
			if len(notes) != 1 || notes[0].Text != c.says {
				t.Fatalf("%+v, want %s", notes, c.says)
			}
			if all := strings.ToLower(notes[0].Text + notes[0].Hint + notes[0].Key); strings.Contains(all, "steen") {
				t.Errorf("a person's name shows: %s", all)
			}
		})
	}
}

func TestStateIsEncrypted(t *testing.T) {
	b := open(t)
	b.Deliver("clients_20240201.csv", []byte(adaptertest.CanaryName+adaptertest.CanaryINSZ))
	adaptertest.Settle(t, b)
	seen := 0
	err := filepath.WalkDir(b.opt.State, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		seen++
		data, err := os.ReadFile(path)
		adaptertest.NoCanary(t, path, string(data))
		if strings.Contains(string(data), "clients_2024") {
			t.Error("a file name lies in clear")
		}
		return err
	})
	if err != nil || seen != 2 {
		t.Errorf("%d files in the state directory, %v", seen, err)
	}
}

func TestStructuralCheck(t *testing.T) {
	b := open(t)
	format := delimited.New(adapters.Limits{})
	b.opt.Check = func(ctx context.Context, feed *adapters.Feed, in adapters.Input) error {
		return format.Check(ctx, in, feed)
	}
	b.Restart()
	b.Deliver("clients_20240201.csv", []byte(strings.Join(adaptertest.Header(), ";")+"\nC1;"))
	b.Deliver("clients_20240202.csv", nil)
	b.Deliver("tracks.csv", []byte("Iets anders;nog iets\n1;2\n"))
	b.Deliver("tracks2.csv", make([]byte, 100_000))
	res := adaptertest.Settle(t, b)
	if len(res.Waiting) != 3 || len(res.Sets) != 0 {
		t.Fatalf("%d wait", len(res.Waiting))
	}
	rules := func(all []adapters.Quarantined) map[string]string {
		m := map[string]string{}
		for _, q := range all {
			m[q.File.Input.Name] = q.Problem.Rule
		}
		return m
	}
	if diff := cmp.Diff(map[string]string{"tracks.csv": adapters.RuleFileColumn}, rules(res.Quarantined)); diff != "" {
		t.Errorf("at once (-want +got):\n%s", diff)
	}
	b.Advance(15 * time.Minute)
	want := map[string]string{
		"clients_20240201.csv": adapters.RuleFileTruncated,
		"clients_20240202.csv": adapters.RuleFileEmpty,
		"tracks2.csv":          adapters.RuleFileBinary,
	}
	if diff := cmp.Diff(want, rules(adaptertest.Settle(t, b).Quarantined)); diff != "" {
		t.Errorf("after a while (-want +got):\n%s", diff)
	}
	kept, err := b.folder.Quarantined()
	if err != nil || len(kept) != 4 || len(b.names()) != 0 {
		t.Errorf("%d kept, %v", len(kept), err)
	}
}

func TestTwoGigabytesOfZerosAreLeftAlone(t *testing.T) {
	b := open(t)
	path := filepath.Join(b.opt.Folder, "clients.csv")
	b.Deliver("clients.csv", nil)
	if err := os.Truncate(path, 2<<30); err != nil {
		t.Skip("no sparse files here")
	}
	res := adaptertest.Settle(t, b)
	if len(res.Waiting) != 1 || res.Waiting[0].Problem.Rule != adapters.RuleFileSize {
		t.Errorf("waiting %+v", res.Waiting)
	}
}

func TestDiskFullAndUnreadable(t *testing.T) {
	for _, tc := range []struct {
		name, hint string
		fail       func(op, path string) error
	}{
		{"disk full while copying", "disk of the state directory is full", func(op, path string) error {
			if op == "write" && strings.Contains(path, "content") {
				return syscall.ENOSPC
			}
			return nil
		}},
		{"disk full at the sync", "disk of the state directory is full", func(op, path string) error {
			if op == "sync" && strings.Contains(path, "content") {
				return syscall.ENOSPC
			}
			return nil
		}},
		{"disk full at the claim", "disk of the state directory is full", func(op, path string) error {
			if op == "write" && strings.Contains(path, "claims") {
				return syscall.ENOSPC
			}
			return nil
		}},
		{"unreadable", "right to read", func(op, path string) error {
			if op == "open" && strings.HasSuffix(path, "clients.csv") {
				return fs.ErrPermission
			}
			return nil
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := open(t)
			b.Deliver("clients.csv", []byte("1"))
			b.files.fail = tc.fail
			b.poll()
			first, second := b.poll(), b.poll()
			if len(first.Notes) != 1 || !first.Notes[0].Failure || !strings.Contains(first.Notes[0].Hint, tc.hint) {
				t.Fatalf("notes %v", first.Notes)
			}
			if diff := cmp.Diff(first.Notes, second.Notes); diff != "" {
				t.Errorf("the same failure is told differently (-want +got):\n%s", diff)
			}
			if strings.Contains(first.Notes[0].Text, b.opt.Folder) || strings.Contains(first.Notes[0].Text, b.opt.State) {
				t.Error("a path shows in the text")
			}
			b.files.fail = nil
			b.Deliver("tracks.csv", []byte("2"))
			if set := adaptertest.One(t, adaptertest.Settle(t, b)); len(set.Files) != 2 {
				t.Error("not mended once the cause is gone")
			}
		})
	}
}

func TestOriginalThatCantBeRemoved(t *testing.T) {
	for _, op := range []string{"rename", "remove"} {
		b := open(t)
		b.Deliver("clients.csv", []byte("1"))
		b.Deliver("tracks.csv", []byte("2"))
		b.files.fail = func(did, path string) error {
			if did == op && strings.HasPrefix(path, b.opt.Folder) && !strings.HasSuffix(path, takenPrefix) {
				return fs.ErrPermission
			}
			return nil
		}
		set := adaptertest.One(t, adaptertest.Settle(t, b))
		b.Restart()
		if again := adaptertest.One(t, adaptertest.Settle(t, b)); again.ID != set.ID {
			t.Errorf("%s: claimed twice", op)
		}
		b.Ingested(set)
		if err := b.folder.Done(context.Background(), set); err != nil {
			t.Fatal(err)
		}
		b.Restart()
		if res := adaptertest.Settle(t, b); len(res.Sets)+len(res.Seen) != 0 || len(res.Notes) != 2 {
			t.Errorf("%s: sets %d, seen %d, notes %v", op, len(res.Sets), len(res.Seen), keys(res.Notes))
		}
		b.Advance(time.Hour)
		b.Deliver("tracks2.csv", []byte("3"))
		b.done(adaptertest.One(t, adaptertest.Settle(t, b)))
		if res, err := b.folder.Peek(context.Background()); err != nil || len(res.Sets)+len(res.Seen)+len(res.Quarantined) != 0 {
			t.Errorf("%s: a plan finds what was taken: %d sets, %d seen, %d quarantined, %v", op, len(res.Sets), len(res.Seen), len(res.Quarantined), err)
		}
		b.files.fail = nil
		adaptertest.Settle(t, b)
		if left := b.names(); len(left) != 0 {
			t.Errorf("%s: left %v", op, left)
		}
	}
}

func TestFileReplacedDuringTheClaimIsNotLost(t *testing.T) {
	b := open(t)
	b.Deliver("clients.csv", []byte("1"))
	b.Deliver("tracks.csv", []byte("old"))
	replaced := false
	b.files.fail = func(op, path string) error {
		if op == "rename" && strings.HasSuffix(path, "tracks.csv") && !replaced {
			replaced = true
			b.now = b.now.Add(time.Second)
			b.Deliver("tracks.csv", []byte("new"))
		}
		return nil
	}
	var last adapters.Set
	for range 2 {
		last = adaptertest.One(t, adaptertest.Settle(t, b))
	}
	if !replaced || adaptertest.Content(t, last.Files[1]) != "new" {
		t.Error("the file that came during the claim was lost")
	}
}

type crash struct{}

// TestCrashAnywhere stops the program at every single operation on a file, starts it
// again, and wants the same end: one set, with the content, nothing left over.
func TestCrashAnywhere(t *testing.T) {
	for at := 1; ; at++ {
		b := newBench(t, t.TempDir(), adaptertest.ProfileYAML)
		b.Deliver("clients_20240201.csv", []byte("clients 1"))
		b.Deliver("tracks.csv", []byte("tracks 1"))
		count := 0
		b.files.fail = func(string, string) error {
			if count++; count == at {
				panic(crash{})
			}
			return nil
		}
		crashed := func() (crashed bool) {
			defer func() {
				if r := recover(); r != nil {
					if _, ok := r.(crash); !ok {
						panic(r)
					}
					crashed = true
				}
			}()
			set := adaptertest.One(t, adaptertest.Settle(t, b))
			b.Ingested(set)
			_ = b.folder.Done(context.Background(), set)
			return false
		}()
		b.files.fail = nil
		ingestedBefore := len(b.history) > 0
		b.Restart()
		res := adaptertest.Settle(t, b)
		if ingestedBefore != (len(res.Sets) == 0) || len(res.Seen)+len(res.Quarantined) != 0 {
			t.Fatalf("crash at operation %d: %d sets, %d seen, %d quarantined", at, len(res.Sets), len(res.Seen), len(res.Quarantined))
		}
		if !ingestedBefore && (adaptertest.Content(t, res.Sets[0].Files[0]) != "clients 1" || adaptertest.Content(t, res.Sets[0].Files[1]) != "tracks 1") {
			t.Fatalf("crash at operation %d: other content", at)
		}
		if left := b.names(); len(left) != 0 {
			t.Fatalf("crash at operation %d: left %v", at, left)
		}
		contents, err := os.ReadDir(contentDir(b.opt.State))
		if err != nil || len(contents) != 2 {
			t.Fatalf("crash at operation %d: %d contents", at, len(contents))
		}
		if !crashed {
			if at < 20 {
				t.Fatalf("only %d operations were seen", at)
			}
			return
		}
	}
}

func TestVersionOffersTheSetAgain(t *testing.T) {
	b := open(t)
	b.Deliver("clients.csv", []byte("1"))
	b.Deliver("tracks.csv", []byte("2"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	b.Ingested(set)
	if err := b.folder.Done(context.Background(), set); err != nil {
		t.Fatal(err)
	}
	b.opt.Version = "v2"
	b.Restart()
	again := adaptertest.One(t, adaptertest.Settle(t, b))
	if again.ID == set.ID || len(again.New) != 0 || len(again.Files) != 2 {
		t.Errorf("with another version: %d files, new %v", len(again.Files), again.New)
	}
	if err := b.folder.Quarantine(context.Background(), again.Files[0], adapters.FileProblem{}); !errors.Is(err, adapters.ErrInForce) {
		t.Errorf("a file in force can be quarantined: %v", err)
	}
	b.Ingested(again)
	if res := adaptertest.Settle(t, b); len(res.Sets) != 0 {
		t.Error("offered although it was ingested with this version")
	}
}

func TestPurgeKeepsWhatIsNeeded(t *testing.T) {
	b := open(t)
	for _, day := range []string{"20240201", "20240202"} {
		b.Deliver("clients_"+day+".csv", []byte("clients "+day))
		b.Deliver("tracks.csv", []byte("tracks "+day))
		set := adaptertest.One(t, adaptertest.Settle(t, b))
		b.Ingested(set)
		if err := b.folder.Done(context.Background(), set); err != nil {
			t.Fatal(err)
		}
	}
	b.Advance(29 * 24 * time.Hour)
	if res := b.poll(); res.Purged != 0 {
		t.Errorf("purged %d too early", res.Purged)
	}
	b.Advance(24 * time.Hour)
	if res := b.poll(); res.Purged != 2 {
		t.Errorf("purged %d, want the two files of the first day", res.Purged)
	}
	contents, err := os.ReadDir(contentDir(b.opt.State))
	if err != nil || len(contents) != 2 {
		t.Errorf("%d contents left, %v", len(contents), err)
	}
	b.Deliver("clients_20240302.csv", []byte("clients 3"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	if adaptertest.Content(t, set.Files[1]) != "tracks 20240202" {
		t.Error("the file in force was purged")
	}
}

// What was seen is needed with its delivery, which may lack a file for long, and no longer than that.
func TestPurgeOfWhatWasSeen(t *testing.T) {
	b := newBench(t, t.TempDir(), bound("bind: date", ""))
	b.ingest(b.drop("a_01", "b_01").Sets)
	b.Deliver("a_20240202.csv", []byte("a_01"))
	adaptertest.Settle(t, b)
	b.Advance(31 * 24 * time.Hour)
	if res := b.poll(); res.Purged != 0 {
		t.Errorf("purged %d of what the day in force and the next one need", res.Purged)
	}
	b.ingest(b.drop("b_02").Sets)
	b.ingest(b.drop("a_03", "b_03").Sets)
	b.Advance(31 * 24 * time.Hour)
	b.poll()
	if kept := contentNames(t, b); len(kept) != 2 || b.ingested() != "a_03 b_03" {
		t.Errorf("kept %v, in force %s", kept, b.ingested())
	}
}

// People know a file by its number: it names no other one later, when the claim is purged and the daemon was started again.
func TestNumberIsNotGivenAgain(t *testing.T) {
	b := newBench(t, t.TempDir(), bound("bind: latest", "optional: true"))
	for _, want := range []int{1, 2, 3} {
		b.Deliver("a_20240228.csv", []byte("ahead"))
		adaptertest.Settle(t, b)
		kept, _, err := b.folder.Kept()
		if err != nil || len(kept) != 1 || kept[0].Number != want {
			t.Fatalf("kept %+v, %v, want number %d", kept, err, want)
		}
		b.Restart()
		b.Advance(31 * 24 * time.Hour)
		if res := b.poll(); res.Purged != 1 {
			t.Fatalf("purged %d", res.Purged)
		}
		b.Restart()
		b.now = time.Date(2024, 2, 10, 6, 0, 0, 0, time.UTC)
	}
	if err := os.WriteFile(filepath.Join(claimsDir(b.opt.State), highestName), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Restart()
	if diff := cmp.Diff([]string{"dropfolder.highest"}, keys(b.poll().Notes)); diff != "" {
		t.Errorf("notes of a damaged number (-want +got):\n%s", diff)
	}
}

func TestTamperedContentFails(t *testing.T) {
	b := open(t)
	b.Deliver("clients.csv", []byte("1"))
	b.Deliver("tracks.csv", []byte("2"))
	set := adaptertest.One(t, adaptertest.Settle(t, b))
	one, other := contentPath(b.opt.State, set.Files[0].Hash), contentPath(b.opt.State, set.Files[1].Hash)
	if err := errors.Join(os.Rename(one, one+"x"), os.Rename(other, one), os.Rename(one+"x", other)); err != nil {
		t.Fatal(err)
	}
	r, err := set.Files[0].Input.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Read(make([]byte, 10)); err == nil {
		_, err = r.Read(make([]byte, 10))
	}
	if err == nil || strings.Contains(err.Error(), "EOF") {
		t.Errorf("content that was swapped reads as %v", err)
	}
}

func TestWrongKeyIsSaid(t *testing.T) {
	b := open(t)
	b.Deliver("clients.csv", []byte("1"))
	adaptertest.Settle(t, b)
	other := newBench(t, t.TempDir(), adaptertest.ProfileYAML)
	b.opt.Keys = other.opt.Keys
	b.Restart()
	res := b.poll()
	if len(res.Notes) != 1 || !strings.Contains(res.Notes[0].Hint, "key file") {
		t.Errorf("notes %v", res.Notes)
	}
	contents, err := os.ReadDir(contentDir(b.opt.State))
	if err != nil || len(contents) != 1 {
		t.Error("content was cleared away that a damaged claim may need")
	}
}

func TestNewRefuses(t *testing.T) {
	b := open(t)
	relative := b.opt
	relative.Folder = "in"
	for _, opt := range []Options{{}, relative} {
		if _, err := New(opt); err == nil {
			t.Error("accepted")
		}
	}
}
