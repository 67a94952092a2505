package dropfolder

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/adapters/adaptertest"
)

// refusing refuses each file whose content begins with "bad".
func (b *bench) refusing() *bench {
	b.opt.Check = func(_ context.Context, _ *adapters.Feed, in adapters.Input) error {
		r, err := in.Open()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		if content, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(content), "bad") {
			return err
		}
		return &adapters.FileProblem{Rule: adapters.RuleFileTruncated}
	}
	b.Restart()
	return b
}

// standing are the names of the files that people still have to look at, after these were dropped one after the other, a minute apart at
// least: each name:content.
func (b *bench) standing(files ...string) string {
	b.t.Helper()
	var res adapters.PollResult
	for _, file := range files {
		name, content, _ := strings.Cut(file, ":")
		b.Deliver(name+".csv", []byte(content))
		res = adaptertest.Settle(b.t, b)
		b.ingest(res.Sets)
	}
	var names []string
	for _, q := range res.Standing {
		names = append(names, strings.TrimSuffix(q.File.Input.Name, ".csv")+" "+q.Problem.Rule)
	}
	return strings.Join(names, ", ")
}

// What a refused delta holds no other one brings: it stands until its own content, or a file of its name, is accepted.
func TestRefusalStands(t *testing.T) {
	const snapshot, delta = "", "delivery: delta"
	for name, c := range map[string]struct {
		delivery string
		files    []string
		want     string
	}{
		"a snapshot, and a later one":           {snapshot, []string{"b_20240202:bad", "b_20240203:3"}, ""},
		"a delta, and a later one":              {delta, []string{"b_20240202:bad", "b_20240203:3"}, "b_20240202 file.truncated"},
		"put right under its name":              {delta, []string{"b_20240202:bad", "b_20240202:2", "b_20240203:3"}, ""},
		"refused again, then put right":         {delta, []string{"b_20240202:bad", "b_20240202:bad too", "b_20240202:2"}, ""},
		"a delta behind a newer one":            {delta, []string{"b_20240205:5", "b_20240204:4", "b_20240206:6"}, "b_20240204 file.older"},
		"its content under a later date":        {delta, []string{"b_20240205:5", "b_20240204:4", "b_20240206:4"}, ""},
		"put right too late, under a later one": {delta, []string{"b_20240204:bad", "b_20240205:5", "b_20240204:4", "b_20240206:4"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, t.TempDir(), bound("bind: latest", c.delivery)).refusing()
			if got := b.standing(append([]string{"a_20240201:a", "b_20240201:1"}, c.files...)...); got != c.want {
				t.Errorf("standing: %q, want %q", got, c.want)
			}
		})
	}
}

// It ends with its retention, where nobody put it right.
func TestRefusalOfADeltaEndsWithItsRetention(t *testing.T) {
	b := newBench(t, t.TempDir(), bound("bind: latest", "delivery: delta")).refusing()
	b.standing("a_20240201:a", "b_20240202:bad")
	b.Advance(31 * 24 * time.Hour)
	b.poll()
	if got := b.standing("b_20240203:3"); got != "" {
		t.Errorf("standing: %q", got)
	}
}

// Of a delta that came too late "drop the latest one" would be no help.
func TestOlderDeltaHasAHintOfItsOwn(t *testing.T) {
	hint := map[string]string{}
	for _, delivery := range []string{"", "delivery: delta"} {
		b := newBench(t, t.TempDir(), bound("bind: latest", delivery))
		b.standing("a_20240201:a", "b_20240205:5")
		b.Deliver("b_20240204.csv", []byte("4"))
		b.Advance(time.Minute)
		planned, err := b.folder.Peek(context.Background())
		taken := adaptertest.Settle(t, b)
		if err != nil || len(planned.Quarantined) != 1 || len(taken.Quarantined) != 1 {
			t.Fatalf("refused: %d in a plan (%v), %d taken", len(planned.Quarantined), err, len(taken.Quarantined))
		}
		if diff := cmp.Diff(taken.Quarantined[0].Problem, planned.Quarantined[0].Problem); diff != "" {
			t.Errorf("a plan says otherwise (-taken +planned):\n%s", diff)
		}
		hint[delivery] = taken.Quarantined[0].Problem.HintEN
	}
	if !strings.Contains(hint[""], "latest export") || strings.Contains(hint["delivery: delta"], "latest") {
		t.Errorf("hints %v", hint)
	}
}

// The clock was set back: what comes later is later all the same.
func TestAcceptedAfterTheClockWasSetBack(t *testing.T) {
	b := newBench(t, t.TempDir(), strings.ReplaceAll(bound("bind: latest", ""), "_{date:yyyymmdd}", "_")).refusing()
	if got := b.standing("a_1:a", "b_1:1", "b_1:bad"); got != "b_1 file.truncated" {
		t.Fatalf("standing: %q", got)
	}
	b.Advance(-time.Hour)
	if got := b.standing("b_1:2"); got != "" {
		t.Errorf("standing after a good file: %q", got)
	}
}
