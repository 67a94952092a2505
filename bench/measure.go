package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// middle is the median.
func middle(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// mock starts the mock's process.
func (b *bench) mock(clients int, record string) (*process, string, error) {
	p, err := b.start("mock", task{Clients: clients, Record: record})
	if err != nil {
		return nil, "", err
	}
	o, err := p.line()
	return p, o.Addr, err
}

// with runs work beside a mock and ends the mock: what it says last comes back.
func (b *bench) with(clients int, record string, work func(mock string) error) (outcome, error) {
	p, addr, err := b.mock(clients, record)
	if err != nil {
		return outcome{}, err
	}
	err = work(addr)
	o, ended := p.end()
	return o, errors.Join(err, ended)
}

// measureDeliver compares delivering with sending the same requests. Each side begins on the same state of the mock, in
// rounds that take turns.
func (b *bench) measureDeliver() error {
	planned, requests, changes, err := b.planned(b.sizes.DeliverClients)
	if err != nil {
		return err
	}
	figures := map[string][]float64{}
	for round := range b.sizes.DeliverRounds {
		for _, workers := range []int{8, 64} {
			bare, err := b.bareRound(requests, workers)
			if err != nil {
				return err
			}
			for _, side := range []struct {
				name      string
				unsettled int // 0: as many as the configuration says where it says nothing
			}{{fmt.Sprint(workers), 0}, {fmt.Sprint(workers, "Wide"), wideUnsettled}} {
				ours, err := b.deliverRound(planned, task{Workers: workers, Unsettled: side.unsettled, Profile: "deliver-" + side.name}, changes)
				if err != nil {
					return err
				}
				b.noteDelivery(figures, side.name, changes, ours, bare)
				b.say("deliver, round %d, %s workers: %.0f changes a second, bare %.0f; processor %.0f µs a change, bare %.0f", round+1, side.name,
					float64(changes)/ours.Seconds, float64(changes)/bare.Seconds, ours.CPUSeconds/float64(changes)*1e6, bare.CPUSeconds/float64(changes)*1e6)
			}
		}
	}
	for name, all := range figures {
		b.values[name] = middle(all)
	}
	return nil
}

// wideUnsettled is how many answers may wait, where that is set high.
const wideUnsettled = 256

// noteDelivery keeps what a round came to beside the bare client's.
func (b *bench) noteDelivery(figures map[string][]float64, side string, changes int, ours, bare outcome) {
	note := func(name string, value float64) {
		name = "deliver." + name + side
		figures[name] = append(figures[name], value)
	}
	rate, bareRate := float64(changes)/ours.Seconds, float64(changes)/bare.Seconds
	note("rateRatio", rate/bareRate)
	note("rate", rate)
	note("bareRate", bareRate)
	if ours.CPUSeconds >= 0 {
		note("cpuRatio", ours.CPUSeconds/bare.CPUSeconds)
		note("cpuMicroseconds", ours.CPUSeconds/float64(changes)*1e6)
		note("bareCpuMicroseconds", bare.CPUSeconds/float64(changes)*1e6)
	}
}

// planned makes a state in which everything is decided and nothing was sent, and the requests that sending it takes.
func (b *bench) planned(clients int) (at installation, requests string, changes int, err error) {
	requests = filepath.Join(b.dir, "requests.json")
	_, err = b.with(clients, "", func(mock string) error {
		if at, err = b.install(mock, false, "clients", "tracks", "evaluations"); err != nil {
			return err
		}
		from, err := b.folder("export")
		if err != nil {
			return err
		}
		if err := writeTracks(from, "20260315", clients, clients, 0); err != nil {
			return err
		}
		drop, err := at.drop(from)
		if err != nil {
			return err
		}
		o, err := b.child("once", task{Config: at.config(), Drop: drop})
		changes = o.Entries
		return err
	})
	if err == nil && changes == 0 {
		err = errors.New("nothing was planned")
	}
	if err != nil {
		return at, "", 0, err
	}
	b.say("%d clients, %d changes to deliver", clients, changes)
	_, err = b.deliverRound(at, task{Workers: 8, Record: requests}, changes)
	return at, requests, changes, err
}

func (b *bench) bareRound(requests string, workers int) (o outcome, err error) {
	_, err = b.with(b.sizes.DeliverClients, "", func(mock string) error {
		o, err = b.child("bare", task{Base: mock, Requests: requests, Workers: workers})
		return err
	})
	return o, err
}

// deliverRound delivers from a copy of a state, as a task says; its Record is the file that the requests go to.
func (b *bench) deliverRound(planned installation, t task, changes int) (o outcome, err error) {
	dir, err := b.folder("copy")
	if err != nil {
		return o, err
	}
	defer os.RemoveAll(dir)
	if err := copyFolder(dir, planned.dir); err != nil {
		return o, err
	}
	_, err = b.with(b.sizes.DeliverClients, t.Record, func(mock string) error {
		t.Config, t.Base = installation{dir}.config(), mock
		o, err = b.child("deliver", t)
		return err
	})
	if err == nil && o.Count != changes {
		err = fmt.Errorf("%d of %d changes were delivered", o.Count, changes)
	}
	return o, err
}

func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, inside), 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, inside), content, 0o600)
	})
}

// measureIngest compares a first run over an export with validating its records and nothing else.
func (b *bench) measureIngest() error {
	var ratios, rates, alone []float64
	_, err := b.with(0, "", func(mock string) error {
		for round := range b.sizes.IngestRounds {
			at, drop, err := b.jobs(mock, b.sizes.IngestRows)
			if err != nil {
				return err
			}
			validated, err := b.child("validate", task{Config: at.config(), Drop: drop})
			if err != nil {
				return err
			}
			ours, err := b.child("once", task{Config: at.config(), Drop: drop, Profile: "ingest"})
			if err != nil {
				return err
			}
			if ours.Count != b.sizes.IngestRows || validated.Count != ours.Count || ours.Entries > 0 {
				return fmt.Errorf("%d rows of %d, %d validated, %d entries", ours.Count, b.sizes.IngestRows, validated.Count, ours.Entries)
			}
			rate, bare := float64(ours.Count)/ours.Seconds, float64(ours.Count)/validated.Seconds
			b.say("ingest, round %d: %.0f rows a second, jsonschema/v5 alone %.0f; processor %.1f µs a row", round+1, rate, bare, ours.CPUSeconds/float64(ours.Count)*1e6)
			ratios, rates, alone = append(ratios, rate/bare), append(rates, rate), append(alone, bare)
			if err := os.RemoveAll(at.dir); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.values["ingest.ratio"], b.values["ingest.rowsPerSecond"], b.values["ingest.validatedRowsPerSecond"] = middle(ratios), middle(rates), middle(alone)
	return nil
}

// jobs makes an installation and an export for it of n rows.
func (b *bench) jobs(mock string, n int) (at installation, drop []dropped, err error) {
	if at, err = b.install(mock, false, "clients", "contracts"); err != nil {
		return at, nil, err
	}
	from := filepath.Join(at.dir, "export")
	if err := os.Mkdir(from, 0o700); err != nil {
		return at, nil, err
	}
	if err := writeJobs(from, "20260313", n, false); err != nil {
		return at, nil, err
	}
	drop, err = at.drop(from)
	return at, drop, err
}

// scalePoint is what an export of so many rows costs.
type scalePoint struct {
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"`
	// Whole is with the caseworkers' files and the summary, which come after all stands in the ledger.
	Whole  float64 `json:"wholeSeconds"`
	PeakMB float64 `json:"peakMB"`
}

// measureScale takes in larger and larger exports; the largest comes again, as it was and with some rows changed.
func (b *bench) measureScale() error {
	_, err := b.with(0, "", func(mock string) error {
		for i, rows := range b.sizes.ScaleRows {
			at, drop, err := b.jobs(mock, rows)
			if err != nil {
				return err
			}
			o, err := b.child("once", task{Config: at.config(), Drop: drop, Profile: fmt.Sprint("scale-", rows)})
			if err != nil {
				return err
			}
			if o.Count != rows {
				return fmt.Errorf("%d rows of %d", o.Count, rows)
			}
			b.say("scale: %d rows in %.2f s (%.2f with reports), %.0f MB", rows, o.Seconds, o.WholeSeconds, o.PeakMB)
			b.scale = append(b.scale, scalePoint{rows, o.Seconds, o.WholeSeconds, o.PeakMB})
			if i == len(b.sizes.ScaleRows)-1 {
				if err := b.again(at, rows, o); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(at.dir); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	first, last := b.scale[0], b.scale[len(b.scale)-1]
	b.values["scale.lineRatio"] = (last.Seconds / float64(last.Rows)) / (first.Seconds / float64(first.Rows))
	for i, name := range []string{"small", "medium", "large"} {
		b.values["scale."+name+"Seconds"] = b.scale[i].Seconds
	}
	if first.PeakMB > 0 {
		b.values["memory.csvMB"], b.values["memory.growthPercent"] = last.PeakMB, (last.PeakMB/first.PeakMB-1)*100
		for i, name := range []string{"small", "medium", "large"} {
			b.values["scale."+name+"MB"] = b.scale[i].PeakMB
		}
	}
	return nil
}

// again drops the same content under another day's name, and then with 1 % of the rows changed.
func (b *bench) again(at installation, rows int, first outcome) error {
	for _, step := range []struct {
		stamp string
		odd   bool
	}{{"20260314", false}, {"20260315", true}} {
		from := filepath.Join(at.dir, "export")
		if err := writeJobs(from, step.stamp, rows, step.odd); err != nil {
			return err
		}
		drop, err := at.drop(from)
		if err != nil {
			return err
		}
		name := "same"
		if step.odd {
			name = "changed"
		}
		o, err := b.child("once", task{Config: at.config(), Drop: drop, Seen: !step.odd, Stop: true, Profile: name})
		if err != nil {
			return err
		}
		b.say("the same rows, changed: %t: %.2f s, %.0f MB; hashing alone %.3f s", step.odd, o.Seconds, o.PeakMB, o.Before)
		if step.odd {
			b.values["unchanged.speedup"], b.values["unchanged.changedSeconds"] = first.Seconds/o.Seconds, o.Seconds
			continue
		}
		b.values["unchanged.hashRatio"], b.values["unchanged.sameSeconds"] = o.Seconds/o.Before, o.Seconds
	}
	return nil
}
