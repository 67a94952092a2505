// Command bench measures what mlpsync costs: delivering, taking in an export, memory, latency and scale, each
// against a target (docs/performance.md). It writes bench/report.md, report.json and scale.svg, or prints JSON.
//
// It guarantees that ratios compare what was measured in turn in the same run, and that each side runs in a process of
// its own (this program again), so that time of the processor and memory are that side's alone. It doesn't guarantee that
// times mean anything on another machine, or on one that does other things meanwhile. Tests beside it hold Go's
// benchmarks of deciding and of the mock; README.md says how to run them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // so that no child outlives it
	defer stop()
	if len(os.Args) > 2 && os.Args[1] == childWord {
		os.Exit(runChild(ctx, os.Args[2], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line.
type options struct {
	quick, json bool
	only        string
	profiles    string
	out         string
	dir         string
	rows        string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "smaller sizes, in under a minute")
	flags.BoolVar(&o.json, "json", false, "print the report as one JSON object, and write no files")
	flags.StringVar(&o.only, "only", "", "comma-separated measurements: "+strings.Join(groups(), ", "))
	flags.StringVar(&o.profiles, "profiles", "", "a `folder` for a CPU profile of each measured process")
	flags.StringVar(&o.out, "out", "bench", "the `folder` that report.md, report.json and scale.svg go to")
	flags.StringVar(&o.rows, "rows", "", "three numbers of rows for scale, with commas between, in place of its own")
	flags.StringVar(&o.dir, "dir", "", "the `folder` for states and exports; by default a temporary one")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	r, err := measure(ctx, o, stderr)
	if err == nil && o.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(r)
	} else if err == nil {
		err = write(r, o.out)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 3
	}
	return 0
}

// measure runs what was asked for.
func measure(ctx context.Context, o options, progress io.Writer) (_ *report, err error) {
	chosen, err := choose(o.only)
	if err != nil {
		return nil, err
	}
	if o.profiles != "" {
		if o.profiles, err = filepath.Abs(o.profiles); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(o.profiles, 0o755); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(o.dir, "mlpsync-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, profiles: o.profiles, progress: progress, sizes: sizesFor(o.quick), values: map[string]float64{}}
	if o.rows != "" {
		if _, err := fmt.Sscanf(o.rows, "%d,%d,%d", &b.sizes.ScaleRows[0], &b.sizes.ScaleRows[1], &b.sizes.ScaleRows[2]); err != nil {
			return nil, fmt.Errorf("read --rows: %w", err)
		}
	}
	r := &report{Quick: o.quick, Sizes: b.sizes}
	if r.Machine, err = describe(dir); err != nil {
		return nil, err
	}
	for _, g := range chosen {
		b.say("%s", g.name)
		if err := g.run(b); err != nil {
			return nil, fmt.Errorf("measure %s: %w", g.name, err)
		}
	}
	r.judge(chosen, b.values)
	r.Scale = b.scale
	return r, nil
}

// group is what --only names.
type group struct {
	name string
	run  func(*bench) error
}

func allGroups() []group {
	return []group{
		{"deliver", (*bench).measureDeliver},
		{"ingest", (*bench).measureIngest},
		{"scale", (*bench).measureScale}, // and unchanged and memory, on the same exports
		{"latency", (*bench).measureLatency},
	}
}

func groups() []string {
	var names []string
	for _, g := range allGroups() {
		names = append(names, g.name)
	}
	return names
}

// aliases are figures that another measurement yields along with its own.
func choose(only string) ([]group, error) {
	if only == "" {
		return allGroups(), nil
	}
	aliases := map[string]string{"unchanged": "scale", "memory": "scale,latency"}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		if alias, is := aliases[name]; is {
			name = alias
		}
		for part := range strings.SplitSeq(name, ",") {
			wanted[part] = true
		}
	}
	var chosen []group
	for _, g := range allGroups() {
		if wanted[g.name] {
			chosen = append(chosen, g)
		}
		delete(wanted, g.name)
	}
	for name := range wanted {
		return nil, fmt.Errorf("there is no measurement %q; there are: %s, unchanged, memory", name, strings.Join(groups(), ", "))
	}
	return chosen, nil
}

// bench is one run.
type bench struct {
	ctx      context.Context
	dir      string
	profiles string
	progress io.Writer
	sizes    sizes
	values   map[string]float64
	scale    []scalePoint
	made     int
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}

// sizes are how much is measured; --quick takes less of it.
type sizes struct {
	DeliverClients int   `json:"deliverClients"`
	DeliverRounds  int   `json:"deliverRounds"`
	IngestRows     int   `json:"ingestRows"`
	IngestRounds   int   `json:"ingestRounds"`
	ScaleRows      []int `json:"scaleRows"`
	LedgerClients  int   `json:"ledgerClients"`
	LatencyRounds  int   `json:"latencyRounds"`
}

func sizesFor(quick bool) sizes {
	if quick {
		return sizes{DeliverClients: 400, DeliverRounds: 3, IngestRows: 10_000, IngestRounds: 3, ScaleRows: []int{5000, 20_000, 100_000}, LedgerClients: 2000, LatencyRounds: 3}
	}
	return sizes{DeliverClients: 1000, DeliverRounds: 5, IngestRows: 20_000, IngestRounds: 5, ScaleRows: []int{10_000, 100_000, 1_000_000}, LedgerClients: 60_000, LatencyRounds: 9}
}
