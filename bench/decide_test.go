package main

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/mapping"
	"github.com/mlpsync/mlpsync/schemas/ocmw"
)

// flanders is how many clients a service shared by all of Flanders has (domain.md
// section 5); batch is how many the cycle decides in one transaction.
const (
	flanders = 60_000
	batch    = 200
)

func BenchmarkDecideTypical(b *testing.B) { decideOne(b, typical(b)) }

func BenchmarkDecideTenYears(b *testing.B) { decideOne(b, tenYears(b)) }

func decideOne(b *testing.B, p person) {
	rules, decoder := mapping.New(), newDecoder(b)
	b.ReportAllocs()
	for b.Loop() {
		rules.Decide(p.c, p.k, p.day)
	}
	b.ReportMetric(float64(len(p.inputs)), "records")
	reportRatio(b, rounds(101, func() { rules.Decide(p.c, p.k, p.day) }, func() { validate(decoder, p.inputs) }))
}

// BenchmarkDecide60000 is one run over all: the clients of the sample again and again,
// batch by batch as the cycle does it, of which the decisions of one batch are held.
func BenchmarkDecide60000(b *testing.B) {
	people, rules, decoder := sample(b), mapping.New(), newDecoder(b)
	var all pair
	var peak uint64
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	decided, allocated := 0, uint64(0)
	for b.Loop() {
		for first := 0; first < flanders; first += batch {
			began := time.Now()
			held := decideBatch(rules, people, first)
			all.decide = append(all.decide, time.Since(began))
			decided += len(held)
			peak = max(peak, heap())
			runtime.KeepAlive(held)
			b.StopTimer()
			runtime.ReadMemStats(&after)
			allocated += after.TotalAlloc - before.TotalAlloc
			began = time.Now()
			for i := range batch {
				validate(decoder, people[(first+i)%len(people)].inputs)
			}
			all.validate = append(all.validate, time.Since(began))
			runtime.ReadMemStats(&before)
			b.StartTimer()
		}
	}
	runs := float64(decided) / flanders
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(decided), "ns/client")
	b.ReportMetric(float64(allocated)/runs/(1<<20), "MB-allocated/run")
	b.ReportMetric(float64(peak)/(1<<20), "MB-peak-heap")
	reportRatio(b, all)
}

func decideBatch(rules *mapping.Rules, people []person, first int) []casefile.Decision {
	held := make([]casefile.Decision, 0, batch)
	for i := range batch {
		p := people[(first+i)%len(people)]
		held = append(held, rules.Decide(p.c, p.k, p.day))
	}
	return held
}

// heap is what objects take up, garbage that isn't collected yet included.
func heap() uint64 {
	read := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(read)
	return read[0].Value.Uint64()
}

// validate is what a run does with records before it decides: jsonschema/v5 over each, the
// checks that no schema can express, and the typed record.
func validate(d *ocmw.Decoder, inputs []ocmw.Input) {
	for _, in := range inputs {
		d.Decode(in)
	}
}

// pair holds the durations of two things that were measured in turn.
type pair struct{ decide, validate []time.Duration }

// rounds measures both in turn, so that what else the machine does hits both alike.
func rounds(n int, decide, validate func()) pair {
	var p pair
	for range n {
		p.decide = append(p.decide, took(decide))
		p.validate = append(p.validate, took(validate))
	}
	return p
}

// took is the mean of a few, as the clock is coarse beside one.
func took(f func()) time.Duration {
	const times = 20
	began := time.Now()
	for range times {
		f()
	}
	return time.Since(began) / times
}

func (p pair) ratio() float64 {
	return float64(median(p.decide)) / float64(median(p.validate))
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// reportRatio says how many times as long as validating the same records deciding takes.
func reportRatio(b *testing.B, p pair) { b.ReportMetric(p.ratio(), "decide/validate") }

// The clients are what they are said to be; else the numbers would be of something else.
func TestTheClientsAreDecided(t *testing.T) {
	for name, p := range map[string]person{"typical": typical(t), "ten years": tenYears(t)} {
		d := mapping.New().Decide(p.c, p.k, p.day)
		if len(d.Manual) > 0 || len(d.Registrations) < len(p.inputs) || len(d.Deadlines) == 0 {
			t.Errorf("%s: %d registrations of %d records, asked %+v", name, len(d.Registrations), len(p.inputs), d.Manual)
		}
	}
	people, decided, asked := sample(t), 0, 0
	for _, p := range people {
		d := mapping.New().Decide(p.c, p.k, p.day)
		if len(d.Registrations) > 0 {
			decided++
		}
		if len(d.Manual) > 0 {
			asked++
		}
	}
	if len(people) < 300 || decided < len(people)/2 || asked == 0 || asked > len(people)/2 {
		t.Errorf("sample: %d clients, %d with registrations, %d asked about", len(people), decided, asked)
	}
}

func TestTheMedianOfRounds(t *testing.T) {
	p := pair{decide: []time.Duration{9, 2, 4}, validate: []time.Duration{1, 8, 2}}
	if got := p.ratio(); got != 2 {
		t.Errorf("ratio of the medians 4 and 2 is %v", got)
	}
}
