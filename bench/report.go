package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// report is what a run found.
type report struct {
	Machine machine           `json:"machine"`
	Quick   bool              `json:"quick"`
	Sizes   sizes             `json:"sizes"`
	Figures map[string]figure `json:"figures"`
	Scale   []scalePoint      `json:"scale"`
}

// figure is one number, with what was asked of it.
type figure struct {
	What    string   `json:"what"`
	Value   *float64 `json:"value"` // null: not measured here
	Unit    string   `json:"unit"`
	Target  string   `json:"target,omitempty"`
	Verdict string   `json:"verdict,omitempty"` // met or missed
	Commit  string   `json:"commit,omitempty"`  // at which it was measured
}

// target is a bound; the zero value is none.
type bound struct {
	atLeast, atMost float64
}

func (b bound) String() string {
	switch {
	case b.atLeast > 0:
		return fmt.Sprintf("at least %g", b.atLeast)
	case b.atMost > 0:
		return fmt.Sprintf("at most %g", b.atMost)
	}
	return ""
}

func (b bound) verdict(value float64) string {
	switch {
	case b == bound{}:
		return ""
	case value < b.atLeast, b.atMost > 0 && value > b.atMost:
		return "missed"
	}
	return "met"
}

// asked is a figure that a run yields: group, name, unit, bound and what it is.
type asked struct {
	group, name, unit string
	bound             bound
	what              string
}

func allFigures() []asked {
	return []asked{
		{"deliver", "deliver.rateRatio8", "x", bound{atLeast: 0.6}, "rate of delivering, of that of a bare client; 8 workers"},
		{"deliver", "deliver.rateRatio64", "x", bound{atLeast: 0.5}, "the same with 64 workers"},
		{"deliver", "deliver.cpuRatio8", "x", bound{atMost: 2.5}, "time of the processor, of that of a bare client; 8 workers"},
		{"deliver", "deliver.cpuRatio64", "x", bound{atMost: 2.5}, "the same with 64 workers"},
		{"deliver", "deliver.rate8", "changes/s", bound{}, "changes delivered; 8 workers"},
		{"deliver", "deliver.bareRate8", "changes/s", bound{}, "the bare client's; 8 workers"},
		{"deliver", "deliver.rate64", "changes/s", bound{}, "changes delivered; 64 workers"},
		{"deliver", "deliver.bareRate64", "changes/s", bound{}, "the bare client's; 64 workers"},
		{"deliver", "deliver.cpuMicroseconds8", "µs", bound{}, "time of the processor a change; 8 workers"},
		{"deliver", "deliver.bareCpuMicroseconds8", "µs", bound{}, "the bare client's; 8 workers"},
		{"deliver", "deliver.cpuMicroseconds64", "µs", bound{}, "time of the processor a change; 64 workers"},
		{"deliver", "deliver.bareCpuMicroseconds64", "µs", bound{}, "the bare client's; 64 workers"},
		{"deliver", "deliver.rateRatio8Wide", "x", bound{}, "rate of delivering, of that of a bare client, with `mlp.unsettled: 256`; 8 workers"},
		{"deliver", "deliver.rateRatio64Wide", "x", bound{}, "the same with 64 workers"},
		{"deliver", "deliver.cpuRatio8Wide", "x", bound{}, "time of the processor, of that of a bare client, with `mlp.unsettled: 256`; 8 workers"},
		{"deliver", "deliver.cpuRatio64Wide", "x", bound{}, "the same with 64 workers"},
		{"ingest", "ingest.ratio", "x", bound{atLeast: 0.333}, "rows a second of a first run, of those that jsonschema/v5 alone validates"},
		{"ingest", "ingest.rowsPerSecond", "rows/s", bound{}, "a first run over an export"},
		{"ingest", "ingest.validatedRowsPerSecond", "rows/s", bound{}, "jsonschema/v5 alone"},
		{"scale", "unchanged.hashRatio", "x", bound{atMost: 2}, "the same content again: time, of reading and hashing its bytes once"},
		{"scale", "unchanged.sameSeconds", "s", bound{}, "the same content again"},
		{"scale", "unchanged.speedup", "x", bound{atLeast: 5}, "the same rows with 1 % changed: how many times faster than the first time"},
		{"scale", "unchanged.changedSeconds", "s", bound{}, "the same rows with 1 % changed"},
		{"scale", "memory.csvMB", "MiB", bound{atMost: 64}, "most memory resident for the largest export"},
		{"scale", "memory.growthPercent", "%", bound{atMost: 20}, "more memory for the largest export than for the smallest"},
		{"latency", "memory.deliveringMB", "MiB", bound{atMost: 96}, "most memory resident while delivering, with many clients in the ledger"},
		{"latency", "latency.tenChangesMs", "ms", bound{atMost: 300}, "from a file with ten changes in the folder to the last one settled, the endpoint's own time taken off"},
		{"latency", "latency.endpointMs", "ms", bound{}, "the endpoint's own time of it"},
		{"latency", "latency.startMs", "ms", bound{atMost: 200}, "from the start of a daemon until it is ready, with many clients in the ledger"},
		{"scale", "scale.smallSeconds", "s", bound{}, "the smallest export, for the first time"},
		{"scale", "scale.mediumSeconds", "s", bound{}, "the middle one"},
		{"scale", "scale.largeSeconds", "s", bound{}, "the largest"},
		{"scale", "scale.smallMB", "MiB", bound{}, "most memory resident for the smallest"},
		{"scale", "scale.mediumMB", "MiB", bound{}, "for the middle one"},
		{"scale", "scale.largeMB", "MiB", bound{}, "for the largest"},
		{"scale", "scale.lineRatio", "x", bound{atMost: 1.25}, "time a row of the largest export, of that of the smallest: a straight line is 1"},
	}
}

// judge holds what was measured against what was asked.
func (r *report) judge(chosen []group, values map[string]float64) {
	r.Figures = map[string]figure{}
	for _, a := range allFigures() {
		measured := false
		for _, g := range chosen {
			measured = measured || g.name == a.group
		}
		if !measured {
			continue
		}
		f := figure{What: a.what, Unit: a.unit, Target: a.bound.String(), Commit: r.Machine.Commit}
		if value, ok := values[a.name]; ok {
			f.Value, f.Verdict = &value, a.bound.verdict(value)
		}
		r.Figures[a.name] = f
	}
}

// keep takes over what an earlier report says of measurements that were not made now: each figure names its commit.
func (r *report) keep(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var before report
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("read the earlier report: %w", err)
	}
	for name, f := range before.Figures {
		if _, measured := r.Figures[name]; !measured {
			r.Figures[name] = f
		}
	}
	if len(r.Scale) == 0 {
		r.Scale = before.Scale
	}
	return nil
}

// write writes the report's files.
func write(r *report, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := r.keep(filepath.Join(dir, "report.json")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "report.json"), append(text, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "report.md"), []byte(r.markdown()), 0o644),
	)
	if len(r.Scale) > 0 {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "scale.svg"), []byte(plot(r.Scale)), 0o644))
	}
	return err
}

func (r *report) markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "# What mlpsync costs\n\nWritten by `go run ./bench`; [docs/performance.md](../docs/performance.md) says what it means.\n\n")
	fmt.Fprintf(&b, "Measured on %s: %s, kernel %s, %s, %d cores, %d MiB, %s, commit %s; states on %s, where keeping a page takes %.2f ms.\n\n",
		m.Day, m.OS, or(m.Kernel), or(m.CPU), m.Cores, m.MemoryMB, m.Go, or(m.Commit), or(m.FileSystem), m.FsyncMs)
	s := r.Sizes
	fmt.Fprintf(&b, "Sizes: %d clients delivered in %d rounds; %d rows taken in, in %d rounds; exports of %v rows; %d clients in the ledger; %d rounds for latencies, ten changes in the export of %d clients.\n\n",
		s.DeliverClients, s.DeliverRounds, s.IngestRows, s.IngestRounds, s.ScaleRows, s.LedgerClients, s.LatencyRounds, latencyClients)
	b.WriteString("| figure | measured | target | | what it is | commit |\n|---|--:|---|---|---|---|\n")
	for _, a := range allFigures() {
		f, has := r.Figures[a.name]
		if !has {
			continue
		}
		value := "not measured here"
		if f.Value != nil {
			value = short(*f.Value) + " " + f.Unit
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", a.name, value, f.Target, f.Verdict, f.What, f.Commit)
	}
	if len(r.Scale) > 0 {
		b.WriteString("\n| rows | seconds | µs a row | seconds with reports | most memory, MiB |\n|--:|--:|--:|--:|--:|\n")
		for _, p := range r.Scale {
			fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", p.Rows, short(p.Seconds), short(p.Seconds/float64(p.Rows)*1e6), short(p.Whole), short(p.PeakMB))
		}
		b.WriteString("\n![seconds by rows](scale.svg)\n")
	}
	return b.String()
}

func or(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}

// short is a number with three digits that count.
func short(value float64) string {
	switch {
	case value >= 100 || value <= -100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10 || value <= -10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.3f", value)
}
