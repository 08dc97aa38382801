package memory

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// current tells the percentage that is set, and leaves it.
func current() int {
	percent := debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent
}

func TestTheHeapGrowsToTheGoalAndByAQuarterBeyond(t *testing.T) {
	runtime.GC() // what other tests left
	before := current()
	stop := Roomy(256 << 20)
	roomy := current()
	if roomy < 400 {
		t.Errorf("with some MiB in use of 256 the heap may grow by only %d %%", roomy)
	}
	used := make([]byte, 250<<20) // nearly all of the goal
	for range 200 {
		runtime.GC()
		if current() == least {
			break
		}
		time.Sleep(10 * time.Millisecond) // clean-ups run after a collection, when there is time
	}
	if got := current(); got != least {
		t.Errorf("with 250 MiB in use of 256 the heap may grow by %d %%, want %d", got, least)
	}
	runtime.KeepAlive(used)
	stop()
	stop()
	if got := current(); got != before {
		t.Errorf("afterwards it is %d, and was %d", got, before)
	}
}

func TestNoGoalChangesNothing(t *testing.T) {
	before := current()
	Roomy(0)()
	if got := current(); got != before {
		t.Errorf("%d, and was %d", got, before)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		goal, live, roots, want int
	}{
		{256 << 20, 64 << 20, 0, 300}, {256 << 20, 128 << 20, 0, 100}, {256 << 20, 192 << 20, 0, 33}, {256 << 20, 240 << 20, 0, least}, {256 << 20, 1 << 30, 0, least},
		{256 << 20, 32 << 20, 32 << 20, 350}, {256 << 20, 1 << 20, 0, 6370}, {1 << 40, 1, 0, 10_000},
	} {
		if got := (&tuner{goal: int64(c.goal)}).percent(use{float64(c.live), float64(c.roots)}); got != c.want {
			t.Errorf("%d and roots of %d of %d in use: %d, want %d", c.live, c.roots, c.goal, got, c.want)
		}
	}
}

// A heap with nearly nothing in it is collected at the goal too: Go lets the smallest heap grow as far as one of 4 MiB.
func TestTheFirstCollectionsAreAtTheGoal(t *testing.T) {
	runtime.GC()
	defer Roomy(64 << 20)()
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(sample)
	if got := sample[0].Value.Uint64() >> 20; got < 48 || got > 72 {
		t.Errorf("the next collection begins at %d MiB, want some 64", got)
	}
}
