package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// current tells the percentage that is set, and leaves it.
func current() int {
	percent := debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent
}

func TestTheHeapGrowsToTheGoalAndNoFurtherThanTwice(t *testing.T) {
	runtime.GC() // what other tests left
	before := current()
	stop := Roomy(256 << 20)
	roomy := current()
	if roomy < 400 {
		t.Errorf("with some MiB in use of 256 the heap may grow by only %d %%", roomy)
	}
	used := make([]byte, 200<<20) // more than half of the goal
	for range 200 {
		runtime.GC()
		if current() == fewest {
			break
		}
		time.Sleep(10 * time.Millisecond) // clean-ups run after a collection, when there is time
	}
	if got := current(); got != fewest {
		t.Errorf("with 200 MiB in use of 256 the heap may grow by %d %%, want %d", got, fewest)
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
		goal, live int64
		want       int
	}{{256 << 20, 64 << 20, 300}, {256 << 20, 128 << 20, 100}, {256 << 20, 1 << 30, 100}, {1 << 40, 1, 10_000}} {
		if got := (&tuner{goal: c.goal}).percent(uint64(c.live)); got != c.want {
			t.Errorf("%d of %d in use: %d, want %d", c.live, c.goal, got, c.want)
		}
	}
}
