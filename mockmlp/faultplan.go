package mockmlp

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// faultPlan is what befalls one request: the delays of all faults that strike, and of each other kind the first.
type faultPlan struct {
	delay   time.Duration
	decides *Fault
	dribble *ChunkedDribble
	token   string
	stale   bool
	ids     []string
}

func (p faultPlan) before() *Fault {
	if p.decides != nil && p.decides.When == BeforeCommit {
		return p.decides
	}
	return nil
}

// broken is the kind of fault that breaks the answer off, or spoils it.
func (p faultPlan) broken() string {
	if p.decides == nil {
		return ""
	}
	return p.decides.Fault
}

// pause waits in real time; false when the client went away meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (m *Mock) planFaults(c *call) faultPlan {
	m.mu.Lock()
	defer m.mu.Unlock()
	var p faultPlan
	for _, f := range m.faults.list {
		decides := f.Fault != "" || f.Response.Status != 0
		if (decides && p.decides != nil) || !m.concerns(f, c) {
			continue
		}
		luck, strikes := m.strikes(f, c)
		if !strikes {
			continue
		}
		f.Struck++
		p.add(*f, luck, decides)
	}
	return p
}

func (p *faultPlan) add(f Fault, luck chance, decides bool) {
	p.ids = append(p.ids, f.ID)
	p.delay += time.Duration(f.FixedDelayMilliseconds)*time.Millisecond + f.DelayDistribution.sample(luck)
	p.stale = p.stale || f.StaleRead
	if p.token == "" {
		p.token = f.Token
	}
	if p.dribble == nil {
		p.dribble = f.ChunkedDribbleDelay
	}
	if decides {
		p.decides = &f
	}
}

func (m *Mock) strikes(f *Fault, c *call) (chance, bool) {
	f.seen++
	if (f.Match.Nth > 0 && f.seen != f.Match.Nth) || (f.Times > 0 && f.Struck >= f.Times) {
		return chance{}, false
	}
	if f.Toxicity == nil && f.DelayDistribution == nil {
		return chance{}, true
	}
	luck := m.draw(f, c)
	return luck, f.Toxicity == nil || luck.unit(0) < *f.Toxicity
}

func (m *Mock) concerns(f *Fault, c *call) bool {
	match := f.Match
	if c.op == nil || match.NotOperationID == c.op.ID {
		return false
	}
	if f.EndsAt != nil && !m.clock.now().Before(*f.EndsAt) {
		return false
	}
	if match.OperationID != "" && match.OperationID != c.op.ID {
		return false
	}
	if match.Method != "" && !strings.EqualFold(match.Method, c.op.Method) {
		return false
	}
	if match.Route != "" && !routeMatches(match.Route, c.op.Path) {
		return false
	}
	return match.Person == "" || slices.Contains(c.persons, m.known(match.Person))
}

// known is the dossier id of a person who is named by social security number or dossier id; what was given where there is no dossier.
func (m *Mock) known(person string) string {
	if id, found := m.state.bySSIN[person]; found {
		return id
	}
	return person
}

// routeMatches holds a pattern against a path template: * is one part of it, at the end all that follows.
func routeMatches(pattern, template string) bool {
	if prefix, open := strings.CutSuffix(pattern, "*"); open && !strings.Contains(prefix, "*") {
		return strings.HasPrefix(template, prefix)
	}
	want, have := strings.Split(pattern, "/"), strings.Split(template, "/")
	for i, part := range want {
		if i == len(want)-1 && part == "*" && len(have) > i {
			return true
		}
		if i >= len(have) || (part != "*" && part != have[i]) {
			return false
		}
	}
	return len(want) == len(have)
}

// chance is what was drawn for one call: three numbers from 0 to 1.
type chance [sha256.Size]byte

func (c chance) unit(i int) float64 {
	return float64(binary.BigEndian.Uint64(c[8*i:8*i+8])>>11) / (1 << 53)
}

// draw depends on the seed, the fault, the person, the operation and how often those met: not on what other persons' requests happened to come in
// between.
func (m *Mock) draw(f *Fault, c *call) chance {
	key := c.person() + "|" + c.op.ID
	f.draws[key]++
	return sha256.Sum256(fmt.Appendf(nil, "%d|%s|%s|%d", m.opts.Seed, f.ID, key, f.draws[key]))
}

// sample is a time of the distribution. The log-normal one is the median times e to the power of sigma times a normal number, which Box and Muller's
// formula makes of two even ones.
func (d *DelayDistribution) sample(luck chance) time.Duration {
	if d == nil {
		return 0
	}
	var ms float64
	switch d.Type {
	case "fixed":
		ms = d.Milliseconds
	case "uniform":
		ms = d.Lower + (d.Upper-d.Lower)*luck.unit(1)
	case "lognormal":
		normal := math.Sqrt(-2*math.Log(1-luck.unit(1))) * math.Cos(2*math.Pi*luck.unit(2))
		ms = d.Median * math.Exp(d.Sigma*normal)
		if d.MaxValue > 0 {
			ms = min(ms, d.MaxValue)
		}
	}
	return min(time.Duration(ms*float64(time.Millisecond)), maxDelay)
}
