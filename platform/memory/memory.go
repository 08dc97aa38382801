// Package memory lets the collector of garbage work less often where there is room, and more often where there is little: the heap may grow to a
// size that was given before it is collected, and once what is in use takes most of that, by a quarter of it, where Go by itself would let
// it grow to twice as much.
package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// least is how much the heap may always grow, in percent of what is in use. Less would have the collector at work all the time.
const least = 25

// Roomy lets the heap grow to goal bytes between two collections, in the whole process, until stop is called. What is in use is looked
// at after each. A goal of 0 leaves all as it is.
func Roomy(goal int64) (stop func()) {
	if goal <= 0 {
		return func() {}
	}
	t := &tuner{goal: goal}
	t.before = debug.SetGCPercent(t.percent(found()))
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
	if percent := t.percent(found()); percent != t.last {
		t.last = percent
		debug.SetGCPercent(percent)
	}
	t.watch()
}

// use is what the last collection found, in bytes.
type use struct {
	live  float64 // of the heap
	roots float64 // stacks and globals: Go's growth is a share of these too
}

// percent is the growth that ends at the goal, in percent of what is in use; in steps of ten (of one where it is little), as each change stops
// the world.
func (t *tuner) percent(u use) int {
	room := (float64(t.goal) - u.live) / math.Max(u.live+u.roots, smallest) * 100
	if room < 2*fine {
		return max(least, int(room))
	}
	return int(math.Min(room, 10_000)) / 10 * 10
}

// smallest is what Go reckons with where less is in use: no collection begins below this times the growth.
const smallest = 4 << 20

// fine is the growth in percent below which a step of ten would be too coarse.
const fine = 50

func found() use {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(sample)
	return use{float64(sample[0].Value.Uint64()), float64(sample[1].Value.Uint64() + sample[2].Value.Uint64())}
}
