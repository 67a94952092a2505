package deliver

import (
	"sync"
	"sync/atomic"
)

// crew are the workers: as many as had lanes to take, and no more than are wanted.
type crew struct {
	most, fewest  int
	there, wanted atomic.Int64
	all           sync.WaitGroup
}

// atFirst is how many lanes are taken at a time at first. Where commits are what takes the time, many would each be taken a little of, which makes
// commits of many lanes; an endpoint that is slow has all workers busy after a few commits.
const atFirst = 8

func newCrew(most, fewest int) *crew {
	c := &crew{most: most, fewest: min(most, fewest)}
	c.wanted.Store(int64(min(most, max(2*fewest, atFirst))))
	return c
}

func (c *crew) width() int { return int(c.wanted.Load()) }

// hire makes it n workers, where there are fewer. Only one goroutine hires.
func (c *crew) hire(n int, work func()) {
	for c.there.Load() < int64(n) {
		c.there.Add(1)
		c.all.Go(work)
	}
}

// pace follows how many answers had come when a commit was made, of so many that may wait meanwhile. Where no more may,
// more requests at a time would be of no use: half as many lanes are taken at a time, each further, which makes commits of fewer lanes.
// There are more again when commits keep up.
func (c *crew) pace(waiting, room int) {
	wanted := c.width()
	switch {
	case room > 0 && waiting >= room:
		wanted = max(wanted/2, c.fewest)
	case 4*waiting < room:
		wanted = min(wanted*2, c.most)
	}
	c.wanted.Store(int64(wanted))
}

// leaves tells a worker, who is counted no more, that fewer are wanted.
func (c *crew) leaves() bool {
	for there := c.there.Load(); there > c.wanted.Load(); there = c.there.Load() {
		if c.there.CompareAndSwap(there, there-1) {
			return true
		}
	}
	return false
}
