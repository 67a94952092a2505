package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/mlpsync/mlpsync/examples"
	"github.com/mlpsync/mlpsync/mockmlp"
)

// soakCmd is for those who make mlpsync ("make soak").
type soakCmd struct {
	For    time.Duration `default:"30m" placeholder:"TIME" help:"How long exports change and faults strike; at most 6 h."`
	Change time.Duration `default:"5s" placeholder:"TIME" help:"Time between two exports."`
	Kill   time.Duration `default:"2m" placeholder:"TIME" help:"Time between two kills; 0 for none."`
	Seed   uint64        `default:"1" placeholder:"S" help:"Draws the faults and who moves."`
	JSON   bool          `name:"json" help:"Print the report as JSON."`
}

// soakReport is what selftest soak found.
type soakReport struct {
	Seconds  float64 `json:"seconds"`
	Exports  int     `json:"exports"`
	Kills    int     `json:"kills"`
	Requests int64   `json:"requests"`
	Effects  int     `json:"effects"`
	Struck   int     `json:"faultsStruck"`
	Parked   int     `json:"parked"`
	Twice    int     `json:"effectsTwice"`
	// Different are the dossiers that end otherwise than where only the first and the last export came.
	Different int `json:"differentDossiers"`
	// Of the processes that ran long enough: the first reading is the median of the first third.
	Memory     trend `json:"memoryKiB"`
	Goroutines trend `json:"goroutines"`
}

// trend is a figure early and late in the soak.
type trend struct {
	Early int `json:"early"`
	Late  int `json:"late"`
	Most  int `json:"most"`
}

// trendOf compares the medians of the first and the last third.
func trendOf(all []int) trend {
	third := len(all) / 3
	if third == 0 {
		return trend{}
	}
	median := func(part []int) int { return slices.Sorted(slices.Values(part))[len(part)/2] }
	return trend{median(all[:third]), median(all[len(all)-third:]), slices.Max(all)}
}

// flat allows a quarter and a little: a garbage-collected heap breathes.
func (t trend) flat(slack int) bool { return t.Late <= t.Early+t.Early/4+slack }

func (r soakReport) clean() bool {
	return r.Twice == 0 && r.Different == 0 && r.Parked == 0 && r.Memory.flat(16*1024) && r.Goroutines.flat(10)
}

// soak is a soak that runs.
type soak struct {
	soakCmd
	bench  *bench
	kid    *child
	draw   *rand.Rand
	report soakReport
	memory []int
	gos    []int
}

// Run prints the report, and fails when something was lost or done twice, or what it takes grows.
func (c soakCmd) Run(s *session) (err error) {
	if c.For < time.Second || c.For > 6*time.Hour || c.Change < time.Second || c.Kill < 0 {
		return &usageError{errors.New("--for takes 1s to 6h, --change 1s and more")}
	}
	b, err := newBench(s.ctx, c.Seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	k := &soak{soakCmd: c, bench: b, draw: rand.New(rand.NewPCG(c.Seed, 0))}
	if err := k.run(s.ctx); err != nil {
		return err
	}
	if k.report.Different, err = k.compare(s.ctx); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(s.stdout, k.report)
	} else {
		fmt.Fprintf(s.stdout, "%+v\n", k.report)
	}
	if err == nil && !k.report.clean() {
		return errLeft
	}
	return err
}

// unreliable is an MLP on a bad day.
func unreliable(m *mockmlp.Mock) error {
	fault := func(share float64, f mockmlp.Fault) error {
		f.Toxicity = &share
		_, err := m.AddFault(f)
		return err
	}
	return errors.Join(
		fault(0.01, mockmlp.Fault{Response: mockmlp.FaultResponse{Status: http.StatusTooManyRequests, RetryAfter: 1}}),
		fault(0.01, mockmlp.Fault{Response: mockmlp.FaultResponse{Status: http.StatusServiceUnavailable}}),
		fault(0.005, mockmlp.Fault{When: mockmlp.AfterCommit, Fault: mockmlp.FaultReset}),
		fault(0.001, mockmlp.Fault{Fault: mockmlp.FaultLimitData}),
	)
}

// run is the bad time, and then the way to rest, with an MLP that works again.
func (k *soak) run(ctx context.Context) (err error) {
	if err := unreliable(k.bench.mock); err != nil {
		return err
	}
	began := time.Now()
	if k.kid, err = startChild(ctx, k.bench.config(), ""); err != nil {
		return err
	}
	defer func() { k.kid.kill() }()
	if err := k.badTime(ctx); err != nil {
		return err
	}
	for _, f := range k.bench.mock.Faults() {
		k.report.Struck += f.Struck
	}
	k.bench.mock.RemoveFault("")
	k.kid.stop()
	if k.kid, err = startChild(ctx, k.bench.config(), ""); err != nil {
		return err
	}
	if _, _, err := await(ctx, k.kid, k.bench, nil); err != nil {
		return err
	}
	k.sum(time.Since(began))
	return nil
}

func (k *soak) sum(took time.Duration) {
	_, k.report.Requests = k.bench.mock.Journal()
	k.report.Seconds, k.report.Parked = took.Seconds(), k.kid.standing().Parked
	k.report.Memory, k.report.Goroutines = trendOf(k.memory), trendOf(k.gos)
	got := outcomeOf(k.bench.mock)
	k.report.Effects = len(got.effects)
	for _, n := range tally(got) {
		k.report.Twice += n - 1
	}
}

// badTime changes exports, kills, and reads what the daemon takes, until the time is over.
func (k *soak) badTime(ctx context.Context) error {
	changes, over := time.NewTicker(k.Change), time.NewTimer(k.For)
	defer changes.Stop()
	defer over.Stop()
	lastKill := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-k.kid.done:
			return k.kid.failed("the daemon ended by itself")
		case <-over.C:
			return nil
		case <-changes.C:
		}
		k.report.Exports++
		if err := dropMoved(k.bench, k.report.Exports, k.draw.Uint32()); err != nil {
			return fmt.Errorf("change the export: %w", err)
		}
		if k.Kill > 0 && time.Since(lastKill) > k.Kill {
			k.kid.kill()
			k.report.Kills++
			lastKill = time.Now()
			var err error
			if k.kid, err = startChild(ctx, k.bench.config(), ""); err != nil {
				return err
			}
		}
		if now := k.kid.standing(); now.MemoryKiB > 0 && time.Since(k.kid.started) > min(k.For, time.Minute)/4 {
			k.memory, k.gos = append(k.memory, now.MemoryKiB), append(k.gos, now.Goroutines)
		}
	}
}

const clientsFile = "clienten_20260315.csv"

// house is the house number in a row of the sample.
var house = regexp.MustCompile(`(;[^;\d]+ )\d+(;9999;)`)

// moved is the sample's clients after some moved to another house: its number is that of the export, so
// that no change is made twice.
func moved(content []byte, export int, who uint32) []byte {
	lines := bytes.SplitAfter(content, []byte("\n"))
	for i, line := range lines {
		number, _, _ := bytes.Cut(line, []byte(";"))
		h := fnv.New32a()
		_, _ = h.Write(number)
		if (h.Sum32()^who)%16 == 0 {
			lines[i] = house.ReplaceAll(line, fmt.Appendf(nil, "${1}%d${2}", 1000+export))
		}
	}
	return bytes.Join(lines, nil)
}

// dropMoved lets some clients move, on top of what moved before.
func dropMoved(b *bench, export int, who uint32) error {
	kept := filepath.Join(b.dir, clientsFile)
	content, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = fs.ReadFile(examples.Export(), clientsFile)
	}
	if err != nil {
		return err
	}
	content = moved(content, export, who)
	return errors.Join(os.WriteFile(kept, content, 0o600), b.drop(clientsFile, content))
}

// compare counts the dossiers that differ from those of an installation that took the first and the
// last export and nothing in between, undisturbed.
func (k *soak) compare(ctx context.Context) (n int, err error) {
	b, err := newBench(ctx, k.Seed)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	kid, err := startChild(ctx, b.config(), "")
	if err != nil {
		return 0, err
	}
	defer kid.kill()
	if _, _, err := await(ctx, kid, b, nil); err != nil {
		return 0, err
	}
	last, err := os.ReadFile(filepath.Join(k.bench.dir, clientsFile))
	if err != nil {
		return 0, err
	}
	if err := b.drop(clientsFile, last); err != nil {
		return 0, err
	}
	if _, _, err := await(ctx, kid, b, nil); err != nil {
		return 0, err
	}
	return different(outcomeOf(b.mock).state, outcomeOf(k.bench.mock).state), nil
}
