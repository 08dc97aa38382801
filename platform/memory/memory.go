// Package memory lets the collector of garbage work less often where there is room: the heap may grow to a size that was given before
// it is collected, and once what is in use takes half of that, as often as Go does by itself.
package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// fewest is Go's own: the heap is collected when it is twice as large as what was in use.
const fewest = 100

// Roomy lets the heap grow to goal bytes between two collections, in the whole process, until stop is called. What is in use is looked
// at after each. A goal of 0 leaves all as it is.
func Roomy(goal int64) (stop func()) {
	if goal <= 0 {
		return func() {}
	}
	t := &tuner{goal: goal}
	t.before = debug.SetGCPercent(t.percent(inUse()))
	t.watch()
	return sync.OnceFunc(func() {
		t.lock.Lock()
		defer t.lock.Unlock()
		t.stopped = true
		debug.SetGCPercent(t.before)
	})
}

// tuner sets anew, after each collection, at how much growth the next one begins.
type tuner struct {
	goal   int64
	before int

	lock    sync.Mutex
	last    int // that was set
	stopped bool
}

// sentinel is what nobody holds, so that the next collection finds it; a pointer in it keeps it out of blocks that are shared.
type sentinel struct{ _ *int }

func (t *tuner) watch() { runtime.AddCleanup(new(sentinel), (*tuner).collected, t) }

func (t *tuner) collected() {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.stopped {
		return
	}
	if percent := t.percent(inUse()); percent != t.last {
		t.last = percent
		debug.SetGCPercent(percent)
	}
	t.watch()
}

// percent is the growth, in percent of what is in use, that ends at the goal; in steps of ten, as each change stops the world.
func (t *tuner) percent(live uint64) int {
	room := (float64(t.goal)/math.Max(float64(live), 1<<20) - 1) * 100
	return int(max(fewest, math.Min(room, 10_000))) / 10 * 10
}

// inUse is what the last collection left, in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
